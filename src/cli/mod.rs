//! The command line as types: what may be typed, and nothing else.
//!
//! One file per subcommand. Args hold what was typed; each command turns them
//! into what it works with once, at its start.

pub mod complete;
pub mod demo;
pub mod doctor;
pub mod emit;
pub mod filter;
pub mod fingerprint;
pub mod generate;
pub mod ingest;
pub mod metrics;
pub mod queue;
mod reference;
#[cfg(unix)]
pub mod run;
pub mod sanitize;
pub mod screenshot;
pub mod session;
pub mod tail;
pub mod telemetry;
pub mod upload;
pub mod value;

use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{
    ArgAction, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueHint,
};

use self::reference::{ENVIRONMENT, FILES, POLICY, SETTINGS};
use crate::config::{Origin, Overrides, Setting};
use crate::error::Exit;
use crate::output::ColorChoice;

/// Capture, sanitize, queue, ship and read the structured logs of an app in the field.
#[derive(Debug, Parser)]
#[command(
    name = "soliplex",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = after_help()
)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Read settings from this file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "SOLIPLEX_CONFIG",
        value_parser = value::path(),
        value_hint = ValueHint::AnyPath
    )]
    pub config: Option<PathBuf>,
    /// Keep the install id and the default queue here
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "SOLIPLEX_STATE_DIR",
        value_parser = value::path(),
        value_hint = ValueHint::AnyPath
    )]
    pub state_dir: Option<PathBuf>,
    /// Use the queue in this folder, or memory: for one that ends with the process
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "SOLIPLEX_QUEUE",
        value_parser = value::path(),
        value_hint = ValueHint::AnyPath
    )]
    pub queue: Option<PathBuf>,
    /// When to colour (NO_COLOR is honoured)
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        value_parser = ["auto", "always", "never"],
        hide_possible_values = false
    )]
    pub color: String,
    /// Say only what went wrong
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true, action = ArgAction::SetTrue)]
    pub verbose: bool,
}

/// The subcommands, in the order of the pipeline.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write records into the queue, sanitized
    Emit(emit::EmitArgs),
    /// Run a program and record it
    #[cfg(unix)]
    Run(run::RunArgs),
    /// Follow records live, through rotation and reconnects
    Tail(tail::TailArgs),
    /// Redact a stream: stdin to stdout, JSONL and plain text
    Sanitize(sanitize::SanitizeArgs),
    /// Look at a queue, drain it, repair it
    #[command(subcommand)]
    Queue(queue::QueueCommand),
    /// Ship a queue to a server, replay fixtures, send dead letters again
    Upload(Box<upload::UploadArgs>),
    /// The backend endpoint, with an embedded store
    #[command(subcommand)]
    Ingest(ingest::IngestCommand),
    /// Group errors: Top 5, exemplar, first and last seen, sessions hit
    Fingerprint(fingerprint::FingerprintArgs),
    /// Open a session for a script, list sessions, tell one as a story
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// Sum up measurements: count, percentiles, a small histogram
    Metrics(metrics::MetricsArgs),
    /// The switch for shipping without being asked, off by default
    #[command(subcommand)]
    Telemetry(telemetry::TelemetryCommand),
    /// Look for what may keep an upload from working
    Doctor(doctor::DoctorArgs),
    /// Show the whole pipeline on this machine in one go, step by step
    Demo(demo::DemoArgs),
    /// Print the completions for a shell
    Completions(generate::CompletionsArgs),
    /// Write the manual pages into a folder
    Man(generate::ManArgs),
}

/// How to print a result. What is for scripts is asked for: a pipe alone
/// changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// One JSON value
    Json,
    /// One JSON value a line
    Jsonl,
}

/// A parsed command line.
#[derive(Debug)]
pub struct Invocation {
    /// The args.
    pub cli: Cli,
    /// The args that outrank the configuration file.
    pub overrides: Overrides,
}

/// Parses the process's own command line.
///
/// # Errors
///
/// What clap found, help and version included; it knows how to print itself.
pub fn parse() -> Result<Invocation, clap::Error> {
    let matches = match matches_of_emit() {
        Some(matches) => matches,
        None => Cli::command()
            .try_get_matches()
            .map_err(with_number_of_lines)?,
    };
    let cli = Cli::from_arg_matches(&matches)?;
    let setting = |value: &Option<PathBuf>, id, flag, variable| {
        let value = value.clone().filter(|path| is_set(path))?;
        let origin = origin(&matches, id, flag, variable);
        Some(Setting { value, origin })
    };
    let global = &cli.global;
    let overrides = Overrides {
        file: global.config.clone().filter(|path| is_set(path)),
        state_dir: setting(
            &global.state_dir,
            "state_dir",
            "--state-dir",
            "SOLIPLEX_STATE_DIR",
        ),
        queue: setting(&global.queue, "queue", "--queue", "SOLIPLEX_QUEUE"),
    };
    Ok(Invocation { cli, overrides })
}

/// The error with what to type instead of `-20`, as `tail` takes it elsewhere.
fn with_number_of_lines(mut error: clap::Error) -> clap::Error {
    const TAKE_LINES: [&str; 3] = ["tail", "list", "drain"];
    let args: Vec<String> = std::env::args_os()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = args
        .iter()
        .find_map(|arg| arg.strip_prefix('-').filter(is_number));
    let is_meant = args.iter().any(|arg| TAKE_LINES.contains(&arg.as_str()));
    if let (ErrorKind::UnknownArgument, Some(number), true) = (error.kind(), number, is_meant) {
        let tip = format!("the number of lines is given as '-n {number}'");
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![tip.into()]),
        );
    }
    error
}

/// What stands behind `emit`, if that is the command and nothing is wrong.
///
/// Scripts start it for every record, and to build the flags of all commands
/// takes half as long as the rest of such a process. Errors and help come from
/// the whole program.
fn matches_of_emit() -> Option<ArgMatches> {
    let args: Vec<_> = std::env::args_os().collect();
    if !args.iter().any(|arg| arg == "emit") {
        return None;
    }
    let emit = emit::EmitArgs::augment_args(clap::Command::new("emit"));
    let mut program = GlobalArgs::augment_args(clap::Command::new("soliplex")).subcommand(emit);
    let matches = program.try_get_matches_from_mut(args).ok();
    // To take it apart takes as long as to parse, and the process ends soon.
    std::mem::forget(program);
    matches.filter(|matches| matches.subcommand().is_some())
}

/// Whether a path is one: a variable that is empty stands for none.
fn is_set(path: &Path) -> bool {
    !path.as_os_str().is_empty()
}

/// Who set a global flag: it may stand before or after the subcommand.
fn origin(matches: &ArgMatches, id: &str, flag: &'static str, variable: &'static str) -> Origin {
    let mut level = Some(matches);
    while let Some(matches) = level {
        if matches.value_source(id) == Some(ValueSource::CommandLine) {
            return Origin::Flag(flag);
        }
        level = matches.subcommand().map(|(_, matches)| matches);
    }
    Origin::Environment(variable)
}

impl GlobalArgs {
    /// When to colour.
    pub fn color(&self) -> ColorChoice {
        match self.color.as_str() {
            "always" => ColorChoice::Always,
            "never" => ColorChoice::Never,
            _ => ColorChoice::Auto,
        }
    }
}

/// What the files and variables mean and the exit codes, for the end of `--help`
/// and of the manual.
fn after_help() -> String {
    let codes: Vec<String> = Exit::ALL
        .into_iter()
        .map(|exit| format!("  {}  {}", exit.code(), exit.meaning()))
        .collect();
    let codes = format!("Exit codes:\n{}", codes.join("\n"));
    let files = [SETTINGS, POLICY, ENVIRONMENT, FILES];
    [&files[..], &[&codes]].concat().join("\n\n")
}
