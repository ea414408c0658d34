//! Answers a shell that completes, or parses the command line, starts diagnostics, runs one command, and is the
//! only place that chooses the exit status.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use soliplex::cli::{self, Command};
use soliplex::command::{self, Context};
use soliplex::config::{Config, ConfigError};
use soliplex::error::{self, Error, Exit};
use soliplex::ingest::OPERATOR;
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
    start_diagnostics(&invocation.cli.command);
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

/// Our own diagnostics, on stderr and never in our own queue: what whoever runs
/// a server must see, and for those who work on this program what `SOLIPLEX_LOG`
/// names by a filter such as `debug`.
fn start_diagnostics(command: &Command) {
    let filter = match std::env::var("SOLIPLEX_LOG") {
        Ok(filter) => format!("{OPERATOR}=info,{filter}"),
        Err(_) if matches!(command, Command::Ingest(_)) => format!("{OPERATOR}=info"),
        Err(_) => return,
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
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
