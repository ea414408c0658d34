//! `soliplex sanitize`

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::reference::RULES;
use super::value;

/// What to redact, and what to write.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  some-app 2>&1 | soliplex sanitize
  soliplex sanitize --typed app.log > clean.log
  soliplex sanitize --check build/logs
  soliplex sanitize --pattern 'ticket=TCK-[0-9]{{6}}' --key badge_number < app.jsonl

{RULES}"))]
pub struct SanitizeArgs {
    /// The files to read, plain, .gz or .zst, UTF-8 or UTF-16; - is stdin; with --check also folders [default: stdin]
    pub files: Vec<PathBuf>,
    /// Redact the values of this key too (may be repeated)
    #[arg(long = "key", value_name = "NAME")]
    pub keys: Vec<String>,
    /// Redact what this regular expression matches too (may be repeated)
    #[arg(long = "pattern", value_name = "NAME=REGEX", value_parser = pattern)]
    pub patterns: Vec<(String, String)>,
    /// Read rules from this TOML file, instead of the one the configuration names
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Turn a rule off; --list names them (may be repeated)
    #[arg(long = "disable", value_name = "RULE")]
    pub disabled: Vec<String>,
    /// Keep this value wherever it stands (may be repeated)
    #[arg(long = "allow", value_name = "VALUE")]
    pub allowed: Vec<String>,
    /// Write this in place of what is redacted
    #[arg(long, value_name = "TEXT", group = "mode")]
    pub replacement: Option<String>,
    /// Say what was redacted: `[REDACTED:email]`
    #[arg(long, group = "mode")]
    pub typed: bool,
    /// Write a token that is the same for the same value: `[email:7f3a9c]`; the key in
    /// this file makes the tokens, and nobody can reverse them without it. Of 10,000
    /// values about three share a token with another
    #[arg(long, value_name = "KEYFILE", group = "mode")]
    pub pseudonymize: Option<PathBuf>,
    /// What to do with absolute paths in stack traces [default: relative]
    #[arg(long, value_name = "HOW")]
    pub paths: Option<PathsArg>,
    /// Write no line, only where something was found, and exit with 3 if anything was
    #[arg(long, group = "report")]
    pub check: bool,
    /// Say on stderr which rule hit what, masked
    #[arg(long, group = "report")]
    pub explain: bool,
    /// Say on stderr how often each rule hit
    #[arg(long)]
    pub stats: bool,
    /// Print the rules and exit
    #[arg(long, conflicts_with_all = ["files", "report", "stats"])]
    pub list: bool,
}

/// What to do with absolute paths in stack traces.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PathsArg {
    /// Leave them
    Keep,
    /// Trim the folders above the project
    Relative,
}

fn pattern(text: &str) -> Result<(String, String), String> {
    value::key_value(text).map_err(|_| "expected NAME=REGEX, such as ticket=TCK-[0-9]+".to_owned())
}
