//! What a source yields.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::lines::MAX_LINE_BYTES;
use crate::record::LogRecord;

/// One thing that a source yields, and which source it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The place of the source among the locations that were opened.
    pub source: usize,
    /// What it yields.
    pub event: Event,
}

/// A record, or something worth knowing about where records come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A record that the filter lets through.
    Record(LogRecord),
    /// What happened to the source itself.
    Notice(Notice),
}

/// Something that happened to a source. Shown, it is one sentence; texts from
/// a file in it are as they were read and must be made safe for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A line that is no record.
    NotARecord {
        /// The file; `None` for a stream.
        path: Option<PathBuf>,
        /// Where the line starts.
        offset: u64,
        /// The line, at most its first 8 KiB.
        text: String,
        /// Why it is none.
        reason: String,
    },
    /// A line over [`MAX_LINE_BYTES`] was skipped.
    TooLong {
        /// The file; `None` for a stream.
        path: Option<PathBuf>,
        /// Where the line starts.
        offset: u64,
        /// How long it is.
        bytes: u64,
    },
    /// A file or folder is not there yet, or no longer.
    Waiting {
        /// Which.
        path: PathBuf,
    },
    /// A file has appeared and is read from its start.
    Appeared {
        /// Which.
        path: PathBuf,
    },
    /// Another file stands at the path; the former was read to its end.
    Rotated {
        /// Which.
        path: PathBuf,
    },
    /// The file was cut or overwritten in place and is read from its start;
    /// what was written just before that may have been missed.
    Truncated {
        /// Which.
        path: PathBuf,
    },
    /// A file cannot be read for now.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The connection to a server broke; it is tried again.
    Disconnected {
        /// Why.
        reason: String,
        /// When it is tried again.
        retry_in: Duration,
    },
    /// The connection to a server stands again.
    Reconnected,
    /// A server could not go on where the connection broke.
    Gap {
        /// What is missing, as far as the server says.
        reason: String,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |path: &Option<PathBuf>| match path {
            Some(path) => format!("{}, ", path.display()),
            None => String::new(),
        };
        match self {
            Notice::NotARecord {
                path,
                offset,
                reason,
                ..
            } => write!(f, "{}byte {offset}: {reason}", place(path)),
            Notice::TooLong {
                path,
                offset,
                bytes,
            } => write!(
                f,
                "{}byte {offset}: skipped a line of {bytes} bytes, the limit is {MAX_LINE_BYTES}",
                place(path)
            ),
            Notice::Waiting { path } => write!(f, "{}: not there, waiting for it", path.display()),
            Notice::Appeared { path } => write!(f, "{}: has appeared", path.display()),
            Notice::Rotated { path } => {
                write!(f, "{}: rotated, following the new file", path.display())
            }
            Notice::Truncated { path } => write!(
                f,
                "{}: cut or overwritten, reading it from its start; lines may be missing",
                path.display()
            ),
            Notice::Unreadable { path, reason } => {
                write!(f, "{}: cannot be read: {reason}", path.display())
            }
            Notice::Disconnected { reason, retry_in } => write!(
                f,
                "connection lost: {reason}; trying again in {:.1} s",
                retry_in.as_secs_f64()
            ),
            Notice::Reconnected => f.write_str("connected again, nothing was missed"),
            Notice::Gap { reason } => write!(f, "records are missing: {reason}"),
        }
    }
}
