//! Shipping what is recorded while the program runs.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use crate::capture::{Hooks, Lifecycle, Network, Recorder};
use crate::command::Context;
use crate::command::sanitizer::sanitizer;
use crate::command::screenshots::Tally;
use crate::command::shipped;
use crate::command::upload::settings;
use crate::config::Config;
use crate::logger::{BackendOptions, BackendSink, LevelRules, LogSink};
use crate::queue::LogQueue;
use crate::record::Identity;
use crate::remote_level::{self, Poller};
use crate::screenshot::{Folder, Sender};
use crate::upload::{self, Endpoint};

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long the program's end or stop waits for what is still to be sent. What
/// is not sent then stays in the queue.
const END_FLUSH: Duration = Duration::from_secs(4);
const STOP_FLUSH: Duration = Duration::from_secs(1);

/// Ships in the background.
pub(super) struct Shipper {
    endpoint: Endpoint,
    sink: Arc<BackendSink>,
    is_online: Arc<AtomicBool>,
    problem: Arc<Mutex<Option<String>>>,
    /// Sends the screenshots, if there is a folder for any.
    screenshots: Option<(Sender, Tally)>,
}

/// Starts to ship, if telemetry is on; says so if it is off.
pub(super) fn start(
    endpoint: Option<&str>,
    token_file: Option<&PathBuf>,
    queue: Arc<dyn LogQueue>,
    context: &mut Context,
) -> anyhow::Result<Option<Shipper>> {
    let config = &context.config;
    if !config.is_telemetry_on() {
        if let Err(error) = config.policy.check_shipping() {
            context.printer.warn(error);
            return Ok(None);
        }
        context.printer.warn(
            "telemetry is off, nothing is sent: turn it on with `soliplex telemetry enable`, or send by hand with `soliplex upload`",
        );
        return Ok(None);
    }
    let endpoint = settings::endpoint(endpoint, config)?;
    let sanitizer = sanitizer(config)?;
    let transport = settings::transport(endpoint.clone(), TIMEOUT, &sanitizer)?;
    let is_online = Arc::new(AtomicBool::new(true));
    let problem = Arc::new(Mutex::new(None));
    let screenshots = config.queue.value.folder().map(|queue| {
        let tally = Tally::default();
        let sender = Sender::start(
            Folder::of_queue(queue),
            transport.clone(),
            settings::token_source(&None, token_file, config)?,
            Box::new({
                let is_online = Arc::clone(&is_online);
                move || is_online.load(Ordering::Relaxed)
            }),
            {
                let tally = tally.clone();
                move |event| tally.count(&event)
            },
        )?;
        anyhow::Ok((sender, tally))
    });
    let options = BackendOptions {
        is_enabled: true,
        tokens: settings::token_source(&None, token_file, config)?,
        on_error: Some(Arc::new({
            let problem = Arc::clone(&problem);
            move |found| {
                let mut last = problem.lock().unwrap_or_else(PoisonError::into_inner);
                *last = Some(found.to_string());
            }
        })),
        upload: upload::Options {
            resource: config.resource.clone(),
            may_send: Some(Box::new({
                let is_online = Arc::clone(&is_online);
                move || is_online.load(Ordering::Relaxed)
            })),
            line_hook: Some(settings::sanitizing(sanitizer)),
            ..upload::Options::default()
        },
        ..BackendOptions::default()
    };
    let sink = BackendSink::start(queue, transport, options).context("cannot start to ship")?;
    Ok(Some(Shipper {
        endpoint,
        screenshots: screenshots.transpose()?,
        sink: Arc::new(sink),
        is_online,
        problem,
    }))
}

impl Shipper {
    /// What ships at once when it is called.
    pub(super) fn flush_on_call(&self) -> impl Fn() + Send + Sync + use<> {
        let sink = Arc::clone(&self.sink);
        move || sink.flush()
    }

    /// Has the level that the server asks for obeyed. A program is run all the
    /// same if that cannot be.
    pub(super) fn poll_level(&self, recorder: &Arc<Recorder>, config: &Config) -> Option<Poller> {
        let Identity {
            install_id,
            session_id,
            ..
        } = &recorder.defaults().identity;
        let url = remote_level::url(&self.endpoint, install_id, session_id);
        let recorder = Arc::clone(recorder);
        let apply = move |levels: Option<&LevelRules>| recorder.set_levels(levels);
        Poller::start(url, &config.state_dir.value, apply).ok()
    }

    /// Ships what is left, and keeps how it went.
    pub(super) fn finish(self, context: &mut Context) {
        if let Some((sender, _)) = &self.screenshots {
            sender.stop();
        }
        self.sink.close(END_FLUSH);
        if let Some((sender, tally)) = self.screenshots {
            sender.finish();
            tally.tell(&mut context.printer);
        }
        let problem = self
            .problem
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(problem) = &problem {
            let printer = &mut context.printer;
            printer.warn(format_args!("not everything was sent: {problem}"));
        }
        let delivered = self.sink.delivered();
        shipped::remember(
            delivered,
            problem.as_deref(),
            &context.config,
            &mut context.printer,
        );
    }
}

impl Hooks for Shipper {
    fn lifecycle(&self, turn: Lifecycle) {
        self.sink.flush();
        if turn == Lifecycle::Stopping && self.is_online.load(Ordering::Relaxed) {
            thread::sleep(STOP_FLUSH);
        }
    }

    fn network(&self, network: Network) {
        self.is_online.store(network.is_online(), Ordering::Relaxed);
        if network.is_online() {
            self.sink.flush();
        }
    }
}
