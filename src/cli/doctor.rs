//! `soliplex doctor`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::upload::ResultFormat;
use super::value;

/// What to look at.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Exits with 1 if an upload would not work.

Examples:
  soliplex doctor
  soliplex doctor --endpoint https://logs.example.org --token-file token --format json")]
pub struct DoctorArgs {
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
    /// The environment variable with the token; it outranks a file
    #[arg(long, value_name = "NAME")]
    pub token_env: Option<String>,
    /// The issuer that the server expects in the token [default: the configured one]
    #[arg(long, value_name = "NAME")]
    pub issuer: Option<String>,
    /// The audience that the server expects in the token [default: the configured one]
    #[arg(long, value_name = "NAME")]
    pub audience: Option<String>,
    /// How long to wait for the server
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = value::some_time)]
    pub timeout: Duration,
    /// How to print the findings
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: ResultFormat,
}
