//! `soliplex queue inspect`, `drain` and `repair`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Format;
use super::filter::FilterArgs;

/// A queue's folder: look at it, empty it, mend it.
#[derive(Debug, Subcommand)]
pub enum QueueCommand {
    /// Say what is in a queue and what is wrong with it; never writes
    Inspect(InspectArgs),
    /// Print records as JSONL, and confirm them once they are written
    Drain(DrainArgs),
    /// Salvage all that can be read into a clean queue
    Repair(RepairArgs),
}

/// What to look at.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  soliplex queue inspect
  soliplex queue inspect pulled-from-device --verify
  soliplex queue inspect DIR --records --format jsonl --level error")]
pub struct InspectArgs {
    /// The queue's folder [default: the configured one]
    pub dir: Option<PathBuf>,
    /// Read every byte, that of confirmed records too
    #[arg(long)]
    pub verify: bool,
    /// Print the pending records instead
    #[arg(long)]
    pub records: bool,
    /// How to print
    #[arg(long, alias = "output", value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// Which records, with --records.
    #[command(flatten)]
    pub filter: FilterArgs,
}

/// What to drain.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  soliplex queue drain -n 30 > batch.jsonl
  soliplex queue drain pulled-from-device --level error --dry-run")]
pub struct DrainArgs {
    /// The queue's folder [default: the configured one]
    pub dir: Option<PathBuf>,
    /// At most this many records
    #[arg(short = 'n', long, value_name = "N")]
    pub records: Option<usize>,
    /// How to print: it is JSONL, whatever is asked for
    #[arg(long, alias = "output", hide = true, value_parser = ["json", "jsonl"])]
    pub format: Option<String>,
    /// Print, but confirm nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Which records; the others stay in the queue.
    #[command(flatten)]
    pub filter: FilterArgs,
}

/// What to mend, and where to.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  soliplex queue repair pulled-from-device --out mended")]
pub struct RepairArgs {
    /// The damaged queue's folder; it is not touched
    pub dir: PathBuf,
    /// The folder for the new queue: a new or an empty one
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How to print what was done
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
}
