//! `soliplex upload --follow`

use std::path::Path;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::metrics::{self, RequestTimes};
use super::telling::Teller;
use super::{Context, finish, hint_at_damage, open, passed_over, prepare, settings};
use crate::cli::upload::UploadArgs;
use crate::command::sanitizer::sanitizer;
use crate::error::Exit;
use crate::queue::LogQueue;
use crate::record::Identity;
use crate::remote_level::{self, Poller};
use crate::sanitize::Sanitizer;
use crate::screenshot::{Folder, Sender};
use crate::upload::{End, QueueBacklog, QueueWatch, follow};

/// How often the queue is looked at for something serious.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);

pub(super) fn run(args: &UploadArgs, folder: &Path, context: &mut Context) -> anyhow::Result<Exit> {
    let queue = open(folder)?;
    let backlog = QueueBacklog::new(queue.drainer()?);
    let times = args.metrics.then(RequestTimes::default);
    let sanitizer = sanitizer(&context.config)?;
    let (mut uploader, mut teller) = prepare(args, backlog, times.clone(), &sanitizer, context)?;
    let identity = metrics::identity(&context.config)?;
    let _poller = poll_level(args, &identity, context)?;
    let screenshots = send_screenshots(args, folder, &teller, &sanitizer, context)?;
    let cancel = CancellationToken::new();
    let wake = Notify::new();
    let result = settings::runtime()?.block_on(async {
        let following = async {
            let following = follow(&mut uploader, args.flush_interval, &wake, &cancel);
            tokio::select! {
                result = following => result.map_err(settings::as_error),
                () = watch(folder, &wake) => Ok(()),
                () = flush_when_stopped(&wake) => Ok(()),
                () = stop_with(&cancel, &screenshots) => Ok(()),
                () = keep_times(times.as_ref(), &queue, &identity, args.flush_interval) => Ok(()),
            }
        };
        teller
            .while_telling(&mut context.printer, &cancel, following)
            .await
    });
    screenshots.finish();
    teller.tell_rest(&mut context.printer);
    super::keep_times(times, &queue, context);
    // To be told to stop is how following ends well.
    let end = result.map(|()| End::Empty);
    let damage = passed_over(uploader.backlog().passed_over(), &end, folder);
    let exit = finish(args, end, uploader.receipt(), damage, context);
    hint_at_damage(damage, folder, &mut context.printer);
    exit
}

/// Keeps the level that the server asks for in the state folder, where `emit`
/// finds it.
fn poll_level(args: &UploadArgs, identity: &Identity, context: &Context) -> anyhow::Result<Poller> {
    let endpoint = settings::endpoint(args.endpoint.as_deref(), &context.config)?;
    let url = remote_level::url(&endpoint, &identity.install_id, &identity.session_id);
    Ok(Poller::start(url, &context.config.state_dir.value, |_| {})?)
}

/// Sends screenshots apart from the records, which wait for none.
fn send_screenshots(
    args: &UploadArgs,
    folder: &Path,
    teller: &Teller,
    sanitizer: &Sanitizer,
    context: &Context,
) -> anyhow::Result<Sender> {
    let endpoint = settings::endpoint(args.endpoint.as_deref(), &context.config)?;
    Ok(Sender::start(
        Folder::of_queue(folder),
        settings::transport(endpoint, args.timeout, sanitizer)?,
        settings::tokens(args, &context.config)?,
        Box::new(|| true),
        teller.screenshots(),
    )?)
}

/// Has the last screenshots sent beside the last records; never ends.
async fn stop_with(cancel: &CancellationToken, screenshots: &Sender) {
    cancel.cancelled().await;
    screenshots.stop();
    std::future::pending().await
}

/// Queues the times of requests at intervals; never ends, since a full disk is
/// no reason to stop shipping. As each is sent in a request that takes time
/// too, one a request would never come to an end.
async fn keep_times(
    times: Option<&RequestTimes>,
    queue: &dyn LogQueue,
    identity: &Identity,
    interval: Duration,
) {
    let Some(times) = times else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(interval).await;
        if let Err(error) = times.queue(queue, identity) {
            tracing::warn!(%error, "request times were not kept");
        }
    }
}

/// Wakes the uploader when an error or fatal record was appended; never ends.
async fn watch(folder: &Path, wake: &Notify) {
    let mut watch = QueueWatch::new(folder);
    let mut interval = tokio::time::interval(WATCH_INTERVAL);
    loop {
        interval.tick().await;
        if watch.has_urgent() {
            wake.notify_one();
        }
    }
}

/// Sends what is there before Ctrl-Z stops the process; never ends.
#[cfg(unix)]
async fn flush_when_stopped(wake: &Notify) {
    use rustix::process::{Signal, getpid, kill_process};
    use tokio::signal::unix::{SignalKind, signal};
    /// How long the flush may take before the process stops.
    const FLUSH: Duration = Duration::from_secs(1);

    let Ok(mut stop) = signal(SignalKind::from_raw(Signal::TSTP.as_raw())) else {
        return std::future::pending().await;
    };
    while stop.recv().await.is_some() {
        wake.notify_one();
        tokio::time::sleep(FLUSH).await;
        // If the process cannot stop itself, it goes on, which harms nobody.
        let _ = kill_process(getpid(), Signal::STOP);
    }
}

#[cfg(not(unix))]
async fn flush_when_stopped(_: &Notify) {
    std::future::pending().await
}
