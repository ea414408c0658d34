//! `soliplex tail`

use std::time::Duration;

use clap::{Args, ValueEnum};
use regex::Regex;

use super::filter::FilterArgs;
use super::value;
use crate::source::Location;

/// What to follow, and how to show it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  soliplex tail                                   follow the server, or the queue
  soliplex tail app.log -n 100 --level warning
  soliplex tail 'logs/*.jsonl' --session 0193f0aa --no-follow
  some-app | soliplex tail - --output logfmt
  soliplex tail app.log --until-match 'server ready' --timeout 30s")]
pub struct TailArgs {
    /// A queue folder, a JSONL file or a pattern for some, - for stdin, the URL of a server, or nats://HOST of a fleet [default: the configured server, else the queue]
    #[arg(value_name = "SOURCE", value_hint = clap::ValueHint::AnyPath)]
    pub sources: Vec<Location>,
    /// Show this many of the records that are there; of stdin the last ones, at its end [default: 10, or all with --no-follow]
    #[arg(short = 'n', long = "lines", value_name = "N")]
    pub lines: Option<usize>,
    /// Go on with what comes, as is the default: for fingers that type it
    #[arg(short, long, hide = true, conflicts_with = "no_follow")]
    pub follow: bool,
    /// End when everything that is there was shown
    #[arg(long)]
    pub no_follow: bool,
    /// Show this many records around each that matches (without a filter: around each error)
    #[arg(long, value_name = "N")]
    pub context: Option<usize>,
    /// End with success as soon as a record's message, error or stack trace matches
    #[arg(long, value_name = "REGEX", value_parser = value::regex)]
    pub until_match: Option<Regex>,
    /// Give up after this long; the exit code is then 8
    #[arg(long, value_name = "DURATION", value_parser = value::duration, requires = "until_match")]
    pub timeout: Option<Duration>,
    /// How to print
    #[arg(long, alias = "format", value_name = "FORM", default_value = "pretty")]
    pub output: Form,
    /// Show times in UTC, not in local time
    #[arg(long)]
    pub utc: bool,
    /// Which records.
    #[command(flatten)]
    pub filter: FilterArgs,
}

/// How records are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For a person's eye
    #[value(alias = "table")]
    Pretty,
    /// One JSON object a line
    #[value(alias = "jsonl")]
    Json,
    /// key=value pairs
    Logfmt,
}
