//! `soliplex telemetry`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::{Format, value};

/// The switch for shipping without being asked.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Off by default: records are kept on the disk, and `run --upload` sends nothing.
`emit` and `upload` are asked for, and always work unless a policy forbids it.")]
pub enum TelemetryCommand {
    /// Show the switch, where records go, and whether they could
    Status(StatusArgs),
    /// Let records be shipped without being asked
    #[command(after_long_help = "\
Example:
  soliplex telemetry enable")]
    Enable,
    /// Keep records on this device
    #[command(after_long_help = "\
Example:
  soliplex telemetry disable")]
    Disable,
    /// Set where records go
    Endpoint(EndpointArgs),
}

/// How to show it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  soliplex telemetry status --offline")]
pub struct StatusArgs {
    /// The endpoint to try [default: the configured one]
    #[arg(long, value_name = "URL", env = "SOLIPLEX_ENDPOINT")]
    pub endpoint: Option<String>,
    /// The file with the token
    #[arg(
        long,
        value_name = "FILE",
        env = "SOLIPLEX_TOKEN_FILE",
        value_parser = value::path(),
        value_hint = ValueHint::AnyPath
    )]
    pub token_file: Option<PathBuf>,
    /// Do not try the connection
    #[arg(long)]
    pub offline: bool,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
}

/// Where records go.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  soliplex telemetry endpoint https://logs.example.org")]
pub struct EndpointArgs {
    /// The URL to post to; without a path, /api/v1/logs is added
    pub url: String,
}
