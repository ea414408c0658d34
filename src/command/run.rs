//! `soliplex run`: runs a program and records it.

mod shipping;

use std::sync::Arc;

use chrono::Utc;

use super::Context;
use super::sanitizer::sanitizer;
use crate::capture::{self, App, CaptureError, Hooks, Program, Recorder, Trouble};
use crate::cli::run::RunArgs;
use crate::config::SESSION_VARIABLE;
use crate::error::{Error, Exit};
use crate::output::Printer;
use crate::queue::{Options, Queue};
use crate::record::{Defaults, Identity, Level};
use crate::remote_level::RemoteLevel;
use crate::screenshot::{Camera, CameraOptions, Folder};

pub(super) fn run(args: RunArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let session_id = uuid::Uuid::now_v7().to_string();
    let program = Program {
        command: args.command,
        environment: vec![(SESSION_VARIABLE, session_id.clone())],
        parse: args.parse,
        ready: args.ready,
    };
    let config = &context.config;
    let defaults = Defaults {
        identity: Identity {
            install_id: config.install_id()?,
            session_id: session_id.clone(),
            user_id: args.user.or_else(|| config.user.clone()),
        },
        level: Level::Info,
        logger: args.logger.unwrap_or_else(|| program.name()),
    };
    let queue = Arc::new(Queue::open(&config.queue.value, Options::default())?);
    let shipper = match args.upload {
        true => shipping::start(
            args.endpoint.as_deref(),
            args.token_file.as_ref(),
            queue.clone(),
            context,
        )?,
        false => None,
    };
    let config = &context.config;
    let mut recorder = Recorder::new(queue, sanitizer(config)?, defaults);
    if let Some(shipper) = &shipper {
        recorder = recorder.on_urgent(shipper.flush_on_call());
    }
    let camera = args.screenshot_command.map(|command| {
        let options = CameraOptions {
            command,
            size: args.screenshots.screenshot_size,
            masks: args.screenshots.screenshot_masks,
        };
        Arc::new(Camera::new(options, Folder::of_queue(&config.queue.value)))
    });
    if let Some(camera) = camera.clone() {
        recorder = recorder.on_error(move || camera.shoot());
    }
    let recorder = Arc::new(recorder);
    let cached = RemoteLevel::cached(&config.state_dir.value, Utc::now());
    recorder.set_levels(cached.as_ref().map(RemoteLevel::rules));
    let poller = shipper
        .as_ref()
        .and_then(|shipper| shipper.poll_level(&recorder, config));
    let app = App {
        name: program.name(),
        version: args
            .app_version
            .or_else(|| config.resource.get("service.version").cloned()),
        build: args.build_number,
        runtime: None,
    };
    context.printer.note(format_args!("session {session_id}"));
    let hooks: &dyn Hooks = match &shipper {
        Some(shipper) => shipper,
        None => &(),
    };
    let result = capture::run(&program, &recorder, capture::session_start(&app), hooks);
    drop(poller);
    for error in camera.iter().flat_map(|camera| camera.finish()) {
        context.printer.warn(format_args!("no screenshot: {error}"));
    }
    tell_trouble(&recorder.finish(), &mut context.printer);
    if let Some(shipper) = shipper {
        shipper.finish(context);
    }
    match result {
        Ok(ending) => Ok(Exit::Program(ending.exit_code())),
        Err(CaptureError::Spawn(error)) => {
            Err(Error::new(Exit::Program(error.exit_code()), error.to_string()).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// What was not recorded is told at the end: until then the program's own
/// output has the terminal.
fn tell_trouble(trouble: &Trouble, printer: &mut Printer) {
    let Some(reason) = &trouble.reason else {
        return;
    };
    match trouble.lost {
        0 => printer.warn(format_args!("recorded with delay: {reason}")),
        lost => printer.warn(format_args!("{lost} records were not stored: {reason}")),
    }
}
