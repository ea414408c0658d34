//! `soliplex fingerprint`

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::filter::FilterArgs;
use super::{Format, value};
use crate::source::Location;

/// Which errors to group, and what to show.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  soliplex fingerprint app.jsonl
  soliplex fingerprint https://logs.example.org --window 24h --top 10
  soliplex fingerprint --annotate app.jsonl | jq .fingerprint
  soliplex fingerprint test-run.jsonl --write-baseline known.json
  soliplex fingerprint test-run.jsonl --baseline known.json   exit code 3: a new group")]
pub struct FingerprintArgs {
    /// A queue folder, a JSONL file, - for stdin, the URL of a server, or nats://HOST of a fleet [default: the configured server, else the queue]
    #[arg(value_name = "SOURCE", value_hint = clap::ValueHint::AnyPath)]
    pub sources: Vec<Location>,
    /// Show this many groups, the most frequent first
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub top: usize,
    /// Only errors of the last so much time
    #[arg(long, value_name = "DURATION", value_parser = value::duration, conflicts_with = "since")]
    pub window: Option<Duration>,
    /// Show the type and the frames that were hashed
    #[arg(long)]
    pub explain: bool,
    /// Print every record as JSONL with `fingerprint` added to errors
    #[arg(long, conflicts_with_all = ["baseline", "write_baseline", "explain"])]
    pub annotate: bool,
    /// Show only the groups that are not in this file; the exit code is 3 if there is one
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write all groups, and those of --baseline, into this file
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// How to print
    #[arg(long, alias = "output", value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// Which records.
    #[command(flatten)]
    pub filter: FilterArgs,
}
