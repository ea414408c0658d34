//! `soliplex metrics`

use clap::{Args, ValueEnum};

use super::Format;
use super::filter::FilterArgs;
use crate::source::Location;

/// Which measurements to sum up, and how.
#[derive(Args, Debug)]
#[command(after_long_help = "\
A measurement is a record with two attributes: `metric` is its name, and one of
ms, us, s, bytes, percent or count holds the value. This makes one:
  soliplex emit 'started' --attr metric=cold_start --attr ms=812

Examples:
  soliplex metrics
  soliplex metrics app.jsonl --metric slow_frame --by session
  soliplex metrics https://logs.example.org --since 24h --format json")]
pub struct MetricsArgs {
    /// A queue folder, a JSONL file or a pattern for some, - for stdin, the URL of a server, or nats://HOST of a fleet [default: the configured server, else the queue]
    #[arg(value_name = "SOURCE", value_hint = clap::ValueHint::AnyPath)]
    pub sources: Vec<Location>,
    /// Only this metric (may be repeated)
    #[arg(long = "metric", value_name = "NAME")]
    pub metrics: Vec<String>,
    /// One row for each session, installation or logger
    #[arg(long, value_name = "WHAT")]
    pub by: Option<Grouping>,
    /// How to print
    #[arg(long, alias = "output", value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// Which records.
    #[command(flatten)]
    pub filter: FilterArgs,
}

/// What rows are split by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Grouping {
    /// A row for each session
    Session,
    /// A row for each installation
    Install,
    /// A row for each logger
    Logger,
}
