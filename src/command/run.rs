//! `soliplex run`: runs a program and records it.

mod shipping;

use std::sync::Arc;

use chrono::Utc;

use super::sanitizer::sanitizer;
use super::{Context, dropped_to_make_room, install_id, queue_folder};
use crate::capture::{self, App, CaptureError, Ending, Hooks, Program, Recorder, Trouble};
use crate::cli::run::RunArgs;
use crate::config::{Config, QueuePlace, SESSION_VARIABLE};
use crate::error::{Error, Exit};
use crate::output::{Printer, counted};
use crate::queue::{LogQueue, MemoryQueue, Options, Queue};
use crate::record::{Defaults, Identity, Level};
use crate::remote_level::RemoteLevel;
use crate::screenshot::{Camera, CameraOptions, Folder};

pub(super) fn run(args: RunArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let session_id = uuid::Uuid::now_v7().to_string();
    let memory = memory_queue(&args, &context.config)?;
    let install_id = install_id(&context.config, &mut context.printer);
    let place = Place::open(memory, context)?;
    let program = Program {
        command: args.command,
        environment: vec![(SESSION_VARIABLE, session_id.clone())],
        parse: args.parse,
        ready: args.ready,
    };
    let config = &context.config;
    let defaults = Defaults {
        identity: Identity {
            install_id,
            session_id: session_id.clone(),
            user_id: config.user_or(args.user),
        },
        level: Level::Info,
        logger: args.logger.unwrap_or_else(|| program.name()),
    };
    let queue = place.queue();
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
    let camera = match args.screenshot_command {
        Some(command) => {
            let options = CameraOptions {
                command,
                size: args.screenshots.screenshot_size,
                masks: args.screenshots.screenshot_masks,
            };
            let folder = Folder::of_queue(queue_folder(config)?);
            Some(Arc::new(Camera::new(options, folder)))
        }
        None => None,
    };
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
        runtime: program
            .command
            .first()
            .and_then(|name| capture::interpreter(name)),
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
    let trouble = recorder.finish();
    tell_trouble(&trouble, &mut context.printer);
    if let Some(shipper) = shipper {
        shipper.finish(context);
    }
    place.tell_loss(&mut context.printer);
    match result {
        // Who reads the output must not take what is missing for the end.
        Ok(Ending::Exited(0)) if trouble.unwritten.is_some() => Ok(Exit::Failed),
        Ok(ending) => Ok(Exit::Program(ending.exit_code())),
        Err(CaptureError::Spawn(error)) => {
            Err(Error::new(Exit::Program(error.exit_code()), error.to_string()).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The queue for a place without a disk, if that is asked for. Without shipping
/// nothing would ever come out of it.
fn memory_queue(args: &RunArgs, config: &Config) -> Result<Option<MemoryQueue>, Error> {
    if config.queue.value != QueuePlace::Memory {
        return Ok(None);
    }
    if !args.upload {
        return Err(Error::usage(
            "a memory queue ends with the process: add --upload, or name a folder with --queue",
        ));
    }
    if args.screenshot_command.is_some() {
        return Err(Error::usage(
            "a memory queue ends with the process and keeps no pictures: name a folder with --queue, or leave out --screenshot-command",
        ));
    }
    Ok(Some(in_memory()))
}

/// Where the records of a run wait.
enum Place {
    Disk(Arc<Queue>),
    Memory(MemoryQueue),
}

impl Place {
    /// Opens the queue on the disk, unless the one in memory is asked for. A
    /// folder that cannot be used is no reason for the program not to run: its
    /// records then are in memory, from where they still may be shipped.
    fn open(memory: Option<MemoryQueue>, context: &mut Context) -> anyhow::Result<Place> {
        if let Some(memory) = memory {
            return Ok(Place::Memory(memory));
        }
        let folder = queue_folder(&context.config)?;
        Ok(match Queue::open(folder, Options::default()) {
            Ok(queue) => Place::Disk(Arc::new(queue)),
            Err(error) => {
                context.printer.warn(format_args!(
                    "{error}; the records of this run are kept in memory only; --queue or SOLIPLEX_QUEUE names another folder"
                ));
                Place::Memory(in_memory())
            }
        })
    }

    fn queue(&self) -> Arc<dyn LogQueue> {
        match self {
            Place::Disk(queue) => queue.clone(),
            Place::Memory(queue) => Arc::new(queue.clone()),
        }
    }

    /// Tells which records are gone.
    fn tell_loss(&self, printer: &mut Printer) {
        match self {
            Place::Memory(queue) => tell_loss(queue, printer),
            Place::Disk(queue) => {
                let dropped = queue.dropped();
                if dropped > 0 {
                    let next_step = "send them meanwhile with `soliplex run --upload`, or with `soliplex upload --follow` beside it";
                    printer.warn(dropped_to_make_room(dropped, "record", next_step));
                }
            }
        }
    }
}

fn in_memory() -> MemoryQueue {
    let bytes = usize::try_from(Options::default().max_bytes).unwrap_or(usize::MAX);
    MemoryQueue::new(bytes)
}

/// What ends with a memory queue.
fn tell_loss(queue: &MemoryQueue, printer: &mut Printer) {
    for (count, what) in [
        (
            queue.pending() as u64,
            "not sent: a memory queue ends with the process",
        ),
        (
            queue.dropped().records,
            "dropped: the memory queue was full",
        ),
        (queue.dead_letters().len() as u64, "refused by the server"),
    ] {
        if count > 0 {
            printer.warn(format_args!("{} {what}", counted(count, "record")));
        }
    }
}

/// What was not recorded is told at the end: until then the program's own
/// output has the terminal.
fn tell_trouble(trouble: &Trouble, printer: &mut Printer) {
    if let Some(unwritten) = &trouble.unwritten {
        let recorded = match trouble.lost {
            0 => "; it was recorded all the same",
            _ => "",
        };
        printer.warn(format_args!(
            "some of the program's output could not be written ({unwritten}){recorded}"
        ));
    }
    let Some(reason) = &trouble.reason else {
        return;
    };
    match trouble.lost {
        0 => printer.warn(format_args!("recorded with delay: {reason}")),
        lost => {
            let lost = counted(lost as u64, "record");
            printer.warn(format_args!("{lost} not stored: {reason}"));
        }
    }
}
