//! What a shell completes: flags and names from the types of the command line,
//! and session ids, loggers and the like from the local queue.
//!
//! The scripts that `soliplex completions` prints call this program again, with
//! [`VARIABLE`] set to the name of the shell and the words typed so far as
//! arguments, so what they offer is always up to date.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::CommandFactory;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::CompleteEnv;

use super::Cli;
use crate::config::{Config, Origin, Overrides, Setting};
use crate::record::LogRecord;
use crate::source::{self, Event, Location, Options};

/// The environment variable that asks for completions.
pub const VARIABLE: &str = "SOLIPLEX_COMPLETE";

/// How many of the queue's last records are looked at: a key was pressed, and
/// somebody waits.
const RECENT: usize = 2_000;

/// Answers a shell that asks for completions; false if none has asked.
///
/// # Errors
///
/// The shell is not known, or has hung up.
pub fn answer() -> Result<bool, clap::Error> {
    let folder = std::env::current_dir().ok();
    CompleteEnv::with_factory(Cli::command)
        .var(VARIABLE)
        .try_complete(std::env::args_os(), folder.as_deref())
}

/// The sessions in the queue.
pub(super) fn sessions() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(LogRecord::session_id))
}

/// The installations in the queue.
pub(super) fn installs() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(LogRecord::install_id))
}

/// The users in the queue.
pub(super) fn users() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(LogRecord::user_id))
}

/// The loggers in the queue.
pub(super) fn loggers() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(|record| Some(record.logger())))
}

/// What is known of one value.
#[derive(Default)]
struct Seen {
    records: usize,
    last: Option<DateTime<Utc>>,
}

/// The values that the last records have, the latest first. A queue that
/// cannot be read offers nothing: this is no place to complain.
fn candidates(value_of: impl Fn(&LogRecord) -> Option<&str>) -> Vec<CompletionCandidate> {
    let options = Options {
        last: Some(RECENT),
        ..Options::default()
    };
    let items = queue().and_then(|queue| source::open(&[Location::path(queue)], options).ok());
    let mut seen: HashMap<String, Seen> = HashMap::new();
    for item in items.into_iter().flatten().map_while(Result::ok) {
        let Event::Record(record) = item.event else {
            continue;
        };
        let Some(value) = value_of(&record).filter(|value| is_plain(value)) else {
            continue;
        };
        let seen = seen.entry(value.to_owned()).or_default();
        seen.records += 1;
        seen.last = seen.last.max(record.timestamp());
    }
    let mut seen: Vec<(String, Seen)> = seen.into_iter().collect();
    seen.sort_by(|(a, left), (b, right)| right.last.cmp(&left.last).then_with(|| a.cmp(b)));
    let candidate = |(place, (value, seen)): (usize, (String, Seen))| {
        CompletionCandidate::new(value)
            .help(Some(in_words(&seen).into()))
            .display_order(Some(place))
    };
    seen.into_iter().enumerate().map(candidate).collect()
}

/// Whether a shell takes a value as it is. Anybody may have written the
/// record, and what is completed gets executed.
fn is_plain(value: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !value.is_empty() && !value.starts_with('-') && value.bytes().all(is_plain)
}

fn in_words(seen: &Seen) -> String {
    let records = match seen.records {
        1 => "1 record".to_owned(),
        count => format!("{count} records"),
    };
    match seen.last {
        Some(last) => {
            let last = last.to_rfc3339_opts(SecondsFormat::Secs, true);
            format!("{records}, the last at {last}")
        }
        None => records,
    }
}

/// The queue that the command which is being typed would use.
fn queue() -> Option<PathBuf> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let setting = |flag: &'static str, variable: &'static str| {
        let value = word_after(&words, flag).or_else(|| std::env::var_os(variable))?;
        Some(PathBuf::from(value))
    };
    let set = |value| Setting {
        value,
        origin: Origin::Default,
    };
    let overrides = Overrides {
        file: setting("--config", "SOLIPLEX_CONFIG"),
        state_dir: setting("--state-dir", "SOLIPLEX_STATE_DIR").map(set),
        queue: setting("--queue", "SOLIPLEX_QUEUE").map(set),
    };
    let config = Config::load(overrides).ok()?;
    config.queue.value.folder().map(Path::to_path_buf)
}

fn word_after(words: &[OsString], flag: &str) -> Option<OsString> {
    let place = words.iter().position(|word| word == flag)?;
    words.get(place + 1).cloned()
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn what_a_shell_would_read_otherwise_is_not_offered() {
        for value in ["0197f0a1-0000-7000", "App.Sync", "http_2"] {
            assert!(is_plain(value), "{value}");
        }
        for value in [
            "", "-rf", "$(id)", "a b", "a;b", "`id`", "a\nb", "é", "~", "a:b",
        ] {
            assert!(!is_plain(value), "{value}");
        }
    }
}
