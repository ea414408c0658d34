//! `soliplex session`

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use super::filter::FilterArgs;
use super::{Format, complete, value};
use crate::source::Location;

/// Open, list and tell sessions.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// Open a session for a script: prints what to `eval`
    Start(StartArgs),
    /// Close the session that the environment names
    End(EndArgs),
    /// List sessions, the one heard of last first
    List(ListArgs),
    /// Tell what happened in a session, in order
    Show(Box<ShowArgs>),
}

/// How to open a session.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  eval \"$(soliplex session start --app backup --app-version 3.1)\"
  soliplex emit 'copying'
  soliplex session end --status $?")]
pub struct StartArgs {
    /// What the script is called
    #[arg(long, value_name = "NAME", default_value = "script")]
    pub app: String,
    /// Its version
    #[arg(long, visible_alias = "version", value_name = "VERSION")]
    pub app_version: Option<String>,
    /// The number of its build
    #[arg(long, value_name = "NUMBER")]
    pub build_number: Option<String>,
    /// The signed-in user
    #[arg(long, value_name = "ID", env = "SOLIPLEX_USER")]
    pub user: Option<String>,
}

/// How a session ended.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  soliplex session end --status $?")]
pub struct EndArgs {
    /// The session
    #[arg(long, value_name = "ID", env = crate::config::SESSION_VARIABLE, add = complete::sessions())]
    pub session: Option<String>,
    /// What the script ends with; anything but 0 is recorded as fatal
    #[arg(long, value_name = "CODE", default_value_t = 0)]
    pub status: i32,
    /// The signed-in user
    #[arg(long, value_name = "ID", env = "SOLIPLEX_USER")]
    pub user: Option<String>,
}

/// Which sessions to list.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  soliplex session list --user u-1842
  soliplex session list device-queue/ --level error
  soliplex session list --since 2026-02-06T12:00:00Z

RECORDS and ERRORS count the matching records; the other columns describe the whole session.
The list is in UTC, while --since and --until take local times unless they end in Z.")]
pub struct ListArgs {
    /// A queue folder, a JSONL file or a pattern for some, - for stdin, the URL of a server, or nats://HOST of a fleet [default: the configured server, else the queue]
    #[arg(value_name = "SOURCE", value_hint = clap::ValueHint::AnyPath)]
    pub sources: Vec<Location>,
    /// List at most this many
    #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 50)]
    pub lines: usize,
    /// How to print
    #[arg(long, alias = "output", value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// Which sessions: those with a record that matches
    #[command(flatten)]
    pub filter: FilterArgs,
}

/// Which session to tell, and how.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  soliplex session show 0193f0aa
  soliplex session show --user u-1842 --at 2026-02-06T12:00:00Z --around 10m
  soliplex session show 0193f0aa device-queue/ https://logs.example.org --html story.html")]
pub struct ShowArgs {
    /// The session's id, or the start of it; `(none)` is what names no session
    #[arg(value_name = "ID", required_unless_present_any = ["user", "install", "at"], value_parser = NonEmptyStringValueParser::new(), add = complete::sessions())]
    pub id: Option<String>,
    /// Where to look for it, as for `list`; several are put together
    #[arg(value_name = "SOURCE", value_hint = clap::ValueHint::AnyPath)]
    pub sources: Vec<Location>,
    /// The session of this user (a prefix of the id)
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new(), add = complete::users())]
    pub user: Option<String>,
    /// The session of this installation (a prefix of its id, or the device's alias)
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new(), add = complete::installs())]
    pub install: Option<String>,
    /// Of those, or of all, the one that was going on at this instant, as for --since of `list`
    #[arg(long, value_name = "TIME", value_parser = value::instant)]
    pub at: Option<DateTime<Utc>>,
    /// How far from that instant to look
    #[arg(long, value_name = "DURATION", value_parser = value::duration, default_value = "10m", requires = "at")]
    pub around: Duration,
    /// Write the story into this file, as a page to attach to a ticket
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// How to print
    #[arg(long, alias = "output", value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// Show times in UTC, not in local time
    #[arg(long)]
    pub utc: bool,
}

impl ShowArgs {
    /// Whether the session is to be found by whose it is, and not named by its
    /// id.
    pub fn is_searched(&self) -> bool {
        self.user.is_some() || self.install.is_some()
    }
}
