//! `soliplex upload`

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum, ValueHint};

use super::value;
use crate::upload::{Speed, Wire};

/// What to send, where, and how.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("mode").args(["follow", "replay", "dead_letter", "export"]),
    after_long_help = "\
Examples:
  soliplex upload --endpoint https://logs.example.org --token-file token
  soliplex upload --follow --flush-interval 30s
  soliplex upload --dry-run
  soliplex upload --replay fixtures/queues/staging --endpoint http://127.0.0.1:8080 --new-session --expect 8
  soliplex upload --dead-letter"
)]
pub struct UploadArgs {
    /// The queue's folder [default: the configured queue]; with --replay any SOURCES: queue folders, JSONL files (plain, .gz, .zst), - for stdin
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<String>,
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
    /// The environment variable with the token; it outranks a file
    #[arg(long, value_name = "NAME")]
    pub token_env: Option<String>,
    /// The most records in a request
    #[arg(long, value_name = "N", default_value = "100", value_parser = value::count)]
    pub batch_size: usize,
    /// The most bytes in a request
    #[arg(long, value_name = "SIZE", default_value = "900KB", value_parser = value::size)]
    pub max_batch_bytes: u64,
    /// How long a request may take, to the end of its answer
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = value::some_time)]
    pub timeout: Duration,
    /// The spelling of keys; auto starts with camel and changes if the server asks for it
    #[arg(long, value_name = "SPELLING", default_value = "auto", value_parser = wire)]
    pub wire: Wire,
    /// How many requests in a row may fail before giving up (with --follow: never)
    #[arg(long, value_name = "N", default_value = "5", value_parser = value::count)]
    pub attempts: usize,
    /// Set refused records aside as dead letters even if the server has taken none; otherwise it stops after the first 200 of them
    #[arg(long)]
    pub bury_all: bool,
    /// Keep shipping: at intervals, at once on an error or fatal record, and once more at the end
    #[arg(long)]
    pub follow: bool,
    /// How often to ship with --follow
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = value::some_time, requires = "follow")]
    pub flush_interval: Duration,
    /// Queue the time of each request as a record with the attributes metric and ms
    #[arg(long, conflicts_with_all = ["replay", "dead_letter", "export", "dry_run"])]
    pub metrics: bool,
    /// Show the batches, and what the deployed backend would reject; send nothing
    #[arg(long, conflicts_with_all = ["follow", "dead_letter", "export"])]
    pub dry_run: bool,
    /// Write an account of the upload to this file, as JSON
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub receipt: Option<PathBuf>,
    /// Send the records of SOURCES and leave these untouched
    #[arg(long)]
    pub replay: bool,
    /// What becomes of timestamps: they stay, are the instant of sending, or are moved to end now
    #[arg(long, value_name = "HOW", default_value = "keep", requires = "replay")]
    pub restamp: RestampArg,
    /// How fast to replay: max, original, or a factor such as 10x
    #[arg(long, value_name = "SPEED", default_value = "max", value_parser = speed, requires = "replay")]
    pub speed: Speed,
    /// Give each replayed session, and each of its records, a new id
    #[arg(long, requires = "replay")]
    pub new_session: bool,
    /// Exit with 5 unless the server took in exactly so many new records
    #[arg(long, value_name = "N", requires = "replay")]
    pub expect: Option<NonZeroU64>,
    /// Replay to a host that the configuration marks as production
    #[arg(long, requires = "replay")]
    pub allow_production: bool,
    /// Send the dead letters again; those that go through leave the file
    #[arg(long)]
    pub dead_letter: bool,
    /// Copy the dead letters to this file; send nothing
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: ResultFormat,
}

/// What becomes of the timestamps of replayed records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RestampArg {
    /// They stay.
    Keep,
    /// They are the instant of sending.
    Now,
    /// They move together: the last to now, or the first if they are replayed
    /// at a speed.
    Shift,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    /// For people.
    Table,
    /// One JSON object.
    Json,
}

fn wire(text: &str) -> Result<Wire, String> {
    match text {
        "auto" => Ok(Wire::Auto),
        "camel" => Ok(Wire::Camel),
        "snake" => Ok(Wire::Snake),
        _ => Err("a spelling is auto, camel or snake".to_owned()),
    }
}

fn speed(text: &str) -> Result<Speed, String> {
    text.parse()
}
