//! Answers a shell that completes, or parses the command line, starts diagnostics, runs one command, and is the
//! only place that chooses the exit status.

use std::io;
use std::process::ExitCode;

use soliplex::cli;
use soliplex::command::{self, Context};
use soliplex::config::{Config, ConfigError};
use soliplex::error::{self, Error, Exit};
use soliplex::output::{self, Printer};

fn main() -> ExitCode {
    match cli::complete::answer() {
        Ok(true) => return Exit::Done.into(),
        Ok(false) => {}
        Err(error) => return usage(&error),
    }
    let invocation = match cli::parse() {
        Ok(invocation) => invocation,
        Err(error) => return usage(&error),
    };
    start_diagnostics();
    let global = &invocation.cli.global;
    let mut printer = Printer::new(global.color(), global.quiet, global.verbose);
    let config = match Config::load(invocation.overrides) {
        Ok(config) => config,
        Err(error) => {
            printer.error(&error);
            return exit_of_config(&error).into();
        }
    };
    let mut context = Context { config, printer };
    let result = command::run(invocation.cli.command, &mut context)
        .and_then(|exit| Ok(context.printer.flush().map(|()| exit)?));
    match result {
        Ok(exit) => exit.into(),
        Err(error) if error.chain().any(output::is_closed) => Exit::Done.into(),
        Err(error) => {
            context.printer.error(error::in_one_line(&error));
            exit_of(&error).into()
        }
    }
}

/// Prints what clap found: help and version to stdout, the rest to stderr.
fn usage(error: &clap::Error) -> ExitCode {
    // A closed pipe leaves nobody to tell.
    let _ = error.print();
    match error.use_stderr() {
        true => Exit::Usage.into(),
        false => Exit::Done.into(),
    }
}

/// Our own diagnostics, for those who work on this program: off unless
/// `SOLIPLEX_LOG` holds a filter such as `debug`. They go to stderr and never
/// into our own queue.
fn start_diagnostics() {
    let Ok(filter) = std::env::var("SOLIPLEX_LOG") else {
        return;
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
}

fn exit_of(error: &anyhow::Error) -> Exit {
    error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Error>())
        .map_or(Exit::Failed, Error::exit)
}

fn exit_of_config(error: &ConfigError) -> Exit {
    match error {
        ConfigError::Parse { .. } | ConfigError::NoHome | ConfigError::Policy(_) => Exit::Usage,
        ConfigError::Read { .. } | ConfigError::InstallId { .. } => Exit::Failed,
    }
}
