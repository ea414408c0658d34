//! `soliplex run`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use regex::Regex;

use super::screenshot::ScreenshotArgs;
use super::value;
use crate::capture::Parse;

/// What to run, and how to read what it prints.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  soliplex run -- ./backup --full
  soliplex run --logger worker --ready 'listening on' -- python3 worker.py
  soliplex run --app-version 3.1 --parse json -- node server.js

The program's output and exit code pass through unchanged; a signal that ends it gives
128 and its number, and 0 becomes 1 if some of its output could not be written. Its
environment gets SOLIPLEX_SESSION_ID, so that `soliplex emit` joins the session from
within.

The queue holds 10 MB: when it is full, its oldest records make room, and a warning says how
many they were. --upload, or `soliplex upload --follow` beside it, empties it meanwhile.")]
pub struct RunArgs {
    /// The program and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    pub command: Vec<OsString>,
    /// The name of the logger [default: the program's name]
    #[arg(long, value_name = "NAME")]
    pub logger: Option<String>,
    /// How to read lines: by their look, as JSON, or as text
    #[arg(long, value_name = "HOW", default_value = "auto", value_parser = parse)]
    pub parse: Parse,
    /// The line that says that the program is ready, which ends its cold start [default: the first line]
    #[arg(long, value_name = "REGEX", value_parser = value::regex)]
    pub ready: Option<Regex>,
    /// The program's version, for the first record
    #[arg(long, value_name = "VERSION")]
    pub app_version: Option<String>,
    /// The number of the program's build, for the first record
    #[arg(long, value_name = "NUMBER")]
    pub build_number: Option<String>,
    /// A shell command that prints a PNG, such as `grim -`: run on an error, at most every 10 s
    #[arg(long, value_name = "COMMAND")]
    pub screenshot_command: Option<String>,
    /// What becomes of a screenshot.
    #[command(flatten)]
    pub screenshots: ScreenshotArgs,
    /// Ship the records while the program runs, if telemetry is on
    #[arg(long)]
    pub upload: bool,
    /// Where to post to; without a path, /api/v1/logs is added
    #[arg(long, value_name = "URL", env = "SOLIPLEX_ENDPOINT")]
    pub endpoint: Option<String>,
    /// The file with the token; read again when it changes
    #[arg(
        long,
        value_name = "FILE",
        env = "SOLIPLEX_TOKEN_FILE",
        value_parser = value::path(),
        value_hint = ValueHint::AnyPath
    )]
    pub token_file: Option<PathBuf>,
    /// The signed-in user
    #[arg(long, value_name = "ID", env = "SOLIPLEX_USER")]
    pub user: Option<String>,
}

fn parse(text: &str) -> Result<Parse, String> {
    match text {
        "auto" => Ok(Parse::Auto),
        "json" => Ok(Parse::Json),
        "text" => Ok(Parse::Text),
        _ => Err("lines are read as auto, json or text".to_owned()),
    }
}
