//! `soliplex emit`

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde_json::Value;

use super::screenshot::ScreenshotArgs;
use super::{complete, value};
use crate::record::Level;

/// What to write, and what to say about it.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("input").required(true).args(["message", "stdin", "jsonl"]),
    after_long_help = "\
Examples:
  soliplex emit 'backup finished' --logger Backup --attr files=1204
  soliplex emit 'cannot reach the server' --level error --error 'SocketException: refused'
  some-app 2>&1 | soliplex emit --stdin --logger some-app
  soliplex emit --jsonl < records.jsonl

The queue holds 10 MB: when it is full, its oldest records make room, and a warning says how
many they were. `soliplex upload` empties it; `soliplex upload --replay FILE` sends a file of
any size without it."
)]
pub struct EmitArgs {
    /// The message of the one record to write
    pub message: Option<String>,
    /// Write one record for each line of stdin
    #[arg(long)]
    pub stdin: bool,
    /// Write the records on stdin, one JSON object a line
    #[arg(long)]
    pub jsonl: bool,
    /// How serious it is (with --jsonl: for records that do not say)
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = value::level)]
    pub level: Level,
    /// The name of the logger (with --jsonl: for records that do not say)
    #[arg(long, value_name = "NAME", default_value = "emit", add = complete::loggers())]
    pub logger: String,
    /// An attribute; a number, true, false, or JSON keeps its type (may be repeated)
    #[arg(long = "attr", value_name = "KEY=VALUE", value_parser = value::attribute, conflicts_with = "jsonl")]
    pub attributes: Vec<(String, Value)>,
    /// The error as text, its type first
    #[arg(long, value_name = "TEXT", conflicts_with = "jsonl")]
    pub error: Option<String>,
    /// The stack trace, or @FILE with it
    #[arg(long, value_name = "TEXT|@FILE", conflicts_with = "jsonl")]
    pub stack_trace: Option<String>,
    /// The session [default: a new one]
    #[arg(long, value_name = "ID", env = crate::config::SESSION_VARIABLE, add = complete::sessions())]
    pub session: Option<String>,
    /// The signed-in user
    #[arg(long, value_name = "ID", env = "SOLIPLEX_USER", add = complete::users())]
    pub user: Option<String>,
    /// The trace, 32 hex digits
    #[arg(long, value_name = "HEX", conflicts_with = "jsonl", value_parser = value::trace_id)]
    pub trace_id: Option<String>,
    /// The span, 16 hex digits
    #[arg(long, value_name = "HEX", conflicts_with = "jsonl", value_parser = value::span_id)]
    pub span_id: Option<String>,
    /// A screenshot that goes with the record, as PNG
    #[arg(long, value_name = "PNG", conflicts_with_all = ["stdin", "jsonl"])]
    pub screenshot: Option<PathBuf>,
    /// What becomes of the screenshot.
    #[command(flatten)]
    pub screenshots: ScreenshotArgs,
    /// Have the records on the disk, not just in the system's cache, before returning
    #[arg(long)]
    pub sync: bool,
    /// Print each record as it was queued
    #[arg(long)]
    pub print: bool,
}
