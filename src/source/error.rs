//! Why a source cannot be read.

use std::io;
use std::path::PathBuf;

/// Why a source cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A path names something that is no file.
    #[error("cannot read {}: it is {kind}; give a file or a queue folder, or feed it to `-`", path.display())]
    NotAFile {
        /// Which.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// A folder is no queue.
    #[error("cannot read {}: the folder holds no queue (no log_queue.jsonl); name a file in it", path.display())]
    NotAQueue {
        /// Which.
        path: PathBuf,
    },
    /// A pattern makes no sense.
    #[error("{} is no pattern for file names: {reason}", pattern.display())]
    BadPattern {
        /// Which pattern.
        pattern: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No file matches a pattern.
    #[error("no file matches {}", pattern.display())]
    NoMatch {
        /// Which pattern.
        pattern: PathBuf,
    },
    /// Reading failed on the way; what came before was read.
    #[error("cannot read {place} any further")]
    Read {
        /// The file or stream.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// The address is no URL that can be asked, or no client can be made.
    #[error("cannot ask {url}: {reason}")]
    BadUrl {
        /// Which.
        url: String,
        /// Why.
        reason: String,
    },
    /// The server wants a token, or another one: 401 or 403.
    #[error("{url} {}: {status}{}", match is_anonymous { true => "wants a token", false => "refused the token" }, in_brackets(said))]
    Refused {
        /// Which.
        url: String,
        /// The status, or what was wrong.
        status: String,
        /// Whether it was given no token at all.
        is_anonymous: bool,
        /// What the server says of it; see [`SourceError::with_said`].
        said: String,
    },
    /// The server does not serve such a request and says why: another status
    /// of 4xx.
    #[error("{url} answers {status}: {said}")]
    Declined {
        /// Which.
        url: String,
        /// The status.
        status: String,
        /// What the server says of it; see [`SourceError::with_said`].
        said: String,
    },
    /// The servers of a fleet know nobody of these credentials.
    #[error("{url} refused the credentials")]
    RefusedCredentials {
        /// Which.
        url: String,
    },
    /// The server cannot be reached or does not answer.
    #[error("cannot reach {url}: {reason}")]
    Unreachable {
        /// Which.
        url: String,
        /// Why.
        reason: String,
    },
    /// The server answered with something else than was asked for.
    #[error("{url} did not answer as a log server does: {reason}; is it the address of one?")]
    BadAnswer {
        /// Which.
        url: String,
        /// What it was.
        reason: String,
    },
}

impl SourceError {
    /// The error with its cause, on one line.
    pub fn in_words(&self) -> String {
        match self {
            SourceError::Open { source, .. } | SourceError::Read { source, .. } => {
                format!("{self}: {source}")
            }
            _ => self.to_string(),
        }
    }

    /// The error after what the server says in it went through this, as to
    /// sanitize it: it may be anything.
    #[must_use]
    pub fn with_said(mut self, clean: impl FnOnce(&str) -> String) -> SourceError {
        if let SourceError::Refused { said, .. } | SourceError::Declined { said, .. } = &mut self {
            *said = clean(said);
        }
        self
    }
}

/// A text in brackets behind another one; nothing if it is empty.
fn in_brackets(text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!(" ({text})"),
    }
}
