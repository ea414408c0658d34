//! The sources that a command reads from, and how it ends when one fails.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context as _;

use super::queue_folder;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::fleet::Access;
use crate::output::Printer;
use crate::output::progress::{Progress, Unit};
use crate::sanitize::Sanitizer;
use crate::small_file;
use crate::source::{self, Location, MeantAs, Options, SourceError, Token};

/// How often progress is looked at.
const DRAWN_EVERY: Duration = Duration::from_millis(100);

/// The environment variable with the operator's token.
const TOKEN_VARIABLE: &str = "SOLIPLEX_OPERATOR_TOKEN";

/// What was named, or else the configured server, or else the local queue.
pub(super) fn locations(named: Vec<Location>, config: &Config) -> anyhow::Result<Vec<Location>> {
    if !named.is_empty() {
        named.iter().try_for_each(refuse_address)?;
        return Ok(named);
    }
    Ok(vec![match &config.server {
        Some(server) => Location::Server(server.value.trim_end_matches('/').to_owned()),
        None => Location::path(queue_folder(config)?),
    }])
}

/// Refuses what has the form of an address and would be waited for as a file.
fn refuse_address(location: &Location) -> Result<(), Error> {
    let Some(meant) = location.meant_as_address() else {
        return Ok(());
    };
    Err(Error::usage(match meant {
        MeantAs::Server(url) => {
            format!("there is no file {location}; a server is named by its URL: {url}")
        }
        MeantAs::File(path) => format!("a file is named by its path alone: {path}"),
        MeantAs::OtherScheme(scheme) => format!(
            "{scheme}:// is no scheme of a source: name a file, a queue folder, a server as http://HOST:PORT or https://HOST, or a fleet as nats://HOST"
        ),
    }))
}

/// The command that lists the sessions of these sources.
pub(super) fn listing(locations: &[Location]) -> String {
    let named = locations.iter().map(|location| match location {
        Location::Stdin => "-".to_owned(),
        other => other.to_string(),
    });
    let named: Vec<_> = named.collect();
    format!("`soliplex session list {}`", named.join(" "))
}

/// The operator's token, from the environment or else the configured file.
pub(super) fn token(config: &Config) -> anyhow::Result<Option<Token>> {
    let given = std::env::var(TOKEN_VARIABLE).unwrap_or_default();
    let text = match &config.operator_token_file {
        Some(file) if given.trim().is_empty() => small_file::read_to_string(&file.value)
            .with_context(|| format!("cannot read the token {}", file.value.display()))?,
        _ => given,
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let token = Token::new(text);
    token.map(Some).ok_or_else(|| {
        Error::usage(
            "the operator's token holds a line end or another character that no header takes",
        )
        .into()
    })
}

/// Who one is on NATS and whom to trust there, from the environment: the same
/// variables that `ingest serve` takes.
pub(super) fn access() -> Access {
    let file = |name: &str| std::env::var_os(name).filter(|file| !file.is_empty());
    Access {
        credentials: file("SOLIPLEX_NATS_CREDENTIALS").map(Into::into),
        ca: file("SOLIPLEX_NATS_CA").map(Into::into),
    }
}

/// An error of a source with the exit code that it means.
pub(super) fn failed(error: SourceError) -> anyhow::Error {
    let error = error.with_said(|said| {
        let clean = Sanitizer::default();
        String::from_utf8_lossy(&clean.sanitize_line(said.as_bytes())).into_owned()
    });
    let exit = match &error {
        SourceError::Refused { .. } | SourceError::RefusedCredentials { .. } => Exit::Refused,
        SourceError::Unreachable { .. }
        | SourceError::Declined { .. }
        | SourceError::BadAnswer { .. } => Exit::Unreachable,
        _ => return error.into(),
    };
    let text = match &error {
        SourceError::Refused { .. } => format!(
            "{error}; give an operator's token in {TOKEN_VARIABLE}, or name the file that holds it as `operator_token_file` in the settings"
        ),
        SourceError::RefusedCredentials { .. } => {
            format!("{error}; name a file with others in SOLIPLEX_NATS_CREDENTIALS")
        }
        _ => error.to_string(),
    };
    Error::new(exit, text).into()
}

/// Says how many lines were passed over because they are no records.
pub(super) fn warn_of_odd_lines(count: u64, printer: &mut Printer) {
    match count {
        0 => {}
        1 => printer.warn("1 line is no record and was passed over"),
        count => printer.warn(format_args!(
            "{count} lines are no records and were passed over"
        )),
    }
}

/// How far the reading of plain files has come, drawn while it is held.
pub(super) struct ReadingProgress {
    /// Hung up to end the drawing.
    ending: Option<Sender<()>>,
    drawing: Option<JoinHandle<()>>,
}

impl ReadingProgress {
    /// Draws what the options count until dropped. The reading itself goes on
    /// for long without coming by, as where no line matches, so that a thread
    /// of its own looks at the count.
    pub(super) fn start(printer: &Printer, sources: &[Location], options: &Options) -> Self {
        let total = source::total_bytes(sources);
        if total == 0 || !printer.shows_progress() {
            return ReadingProgress {
                ending: None,
                drawing: None,
            };
        }
        let progress = Progress::new(printer, total, "reading", Unit::Bytes);
        let bytes_read = Arc::clone(&options.bytes_read);
        let (ending, ended) = mpsc::channel();
        let drawing = thread::spawn(move || {
            while ended.recv_timeout(DRAWN_EVERY) == Err(RecvTimeoutError::Timeout) {
                progress.set(bytes_read.load(Ordering::Relaxed));
            }
        });
        ReadingProgress {
            ending: Some(ending),
            drawing: Some(drawing),
        }
    }
}

impl Drop for ReadingProgress {
    /// Waits until the line is clear again for what is printed next.
    fn drop(&mut self) {
        self.ending.take();
        if let Some(drawing) = self.drawing.take() {
            // It only draws: had it panicked, nothing else would be amiss.
            let _ = drawing.join();
        }
    }
}
