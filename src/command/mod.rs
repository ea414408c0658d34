//! What each subcommand does: it composes the library and holds no logic.

mod bars;
mod demo;
mod doctor;
mod emit;
mod fingerprint;
mod generate;
mod ingest;
mod metrics;
mod queue;
#[cfg(unix)]
mod run;
mod sanitize;
mod sanitizer;
mod screenshots;
mod session;
mod shipped;
mod sources;
mod stop;
mod tail;
mod target;
mod telemetry;
mod upload;

use std::path::Path;

use crate::cli::Command;
use crate::config::{Config, QueuePlace};
use crate::error::{Error, Exit};
use crate::output::{Printer, counted};
use crate::queue::Options;

/// What every command is handed.
pub struct Context {
    /// The settings.
    pub config: Config,
    /// The one way to print.
    pub printer: Printer,
}

/// Runs a subcommand and says how it ended.
///
/// # Errors
///
/// Whatever ended it early; [`crate::error::Error`] in its chain names an exit
/// code other than 1.
pub fn run(command: Command, context: &mut Context) -> anyhow::Result<Exit> {
    match command {
        Command::Emit(args) => emit::run(args, context),
        #[cfg(unix)]
        Command::Run(args) => run::run(args, context),
        Command::Tail(args) => tail::run(args, context),
        Command::Sanitize(args) => sanitize::run(args, context),
        Command::Queue(command) => queue::run(command, context),
        Command::Upload(args) => upload::run(*args, context),
        Command::Ingest(command) => ingest::run(command, context),
        Command::Fingerprint(args) => fingerprint::run(args, context),
        Command::Session(command) => session::run(command, context),
        Command::Metrics(args) => metrics::run(args, context),
        Command::Telemetry(command) => telemetry::run(command, context),
        Command::Doctor(args) => doctor::run(args, context),
        Command::Demo(_) => demo::run(context),
        Command::Completions(args) => generate::completions(&args, context),
        Command::Man(args) => generate::man(&args, context),
    }
}

/// The id of this installation. Where none can be kept, records get one for
/// this run only, and a warning says so: they are worth more than the id.
fn install_id(config: &Config, printer: &mut Printer) -> String {
    config.install_id().unwrap_or_else(|error| {
        printer.warn(format_args!(
            "{error}; the records of this run get one of their own: name a folder that can be written with --state-dir or SOLIPLEX_STATE_DIR"
        ));
        Config::new_install_id()
    })
}

/// What to say of things that were dropped to make room for others, and of how
/// not to lose the next ones.
fn dropped_to_make_room(dropped: u64, thing: &str, next_step: &str) -> String {
    let things = counted(dropped, &format!("older {thing}"));
    let were = if dropped == 1 { "was" } else { "were" };
    let megabytes = Options::default().max_bytes / 1_000_000;
    format!("{things} {were} dropped: the queue holds {megabytes} MB; {next_step}")
}

/// The folder of the configured queue, for what works on what others wrote or
/// will read.
fn queue_folder(config: &Config) -> Result<&Path, Error> {
    folder_of(&config.queue.value)
}

fn folder_of(place: &QueuePlace) -> Result<&Path, Error> {
    place.folder().ok_or_else(|| {
        Error::usage(
            "a memory queue ends with the process, so that nobody else can read it: name a folder with --queue",
        )
    })
}
