//! What can go wrong with a queue.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::record::RecordError;

/// Why an operation on a queue failed. Each text is one line that names the
/// path, the cause and, where there is one, the next step.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// A file operation failed.
    #[error("cannot {action} {}: {source}{}", path.display(), advice(source))]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What should be a plain file or a folder is something else.
    #[error("{} is {found}, not {expected}: refused, nothing was changed", path.display())]
    Refused {
        /// The file or folder.
        path: PathBuf,
        /// What it is.
        found: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// There is no queue at the path.
    #[error("there is no queue at {}", .0.display())]
    Missing(PathBuf),
    /// The folder holds things, but none of a queue's files.
    #[error("{} is no queue: none of its files is one of a queue's; name another folder", .0.display())]
    NotAQueue(PathBuf),
    /// Another process holds the lock.
    #[error("{} is locked by another {holder} (waited {}): stop it or wait for it", path.display(), seconds(*waited))]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// Who holds it: a drainer or a writer.
        holder: &'static str,
        /// For how long it was waited for.
        waited: Duration,
    },
    /// The queue was written by a newer version of this program.
    #[error("{} is in format {found} and this program writes format {known}: use a newer program to change this queue", path.display())]
    Newer {
        /// The meta file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest format known here.
        known: u64,
    },
    /// Some of the records were stored, then a file operation failed.
    #[error("stored {stored} of the records, then: {source}")]
    Partial {
        /// How many, from the first, are stored.
        stored: usize,
        /// What happened then.
        #[source]
        source: Box<QueueError>,
    },
    /// A record that the queue makes itself could not be encoded.
    #[error("cannot encode a record of the queue's own: {0}")]
    Record(#[from] RecordError),
}

impl QueueError {
    /// How many records of a failed [`append_all`](super::LogQueue::append_all)
    /// are stored all the same; they are the first ones.
    pub fn stored(&self) -> usize {
        match self {
            QueueError::Partial { stored, .. } => *stored,
            _ => 0,
        }
    }
}

/// Turns an [`io::Error`] into a [`QueueError`] that says what was tried.
pub(super) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> QueueError {
    move |source| QueueError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ": free some space and try again"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ": name a folder that may be written, or change its permissions"
        }
        _ => "",
    }
}

fn seconds(waited: Duration) -> String {
    format!("{:.1} s", waited.as_secs_f64())
}
