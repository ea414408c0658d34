//! Notices serious records as they are appended to a queue by others.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use memchr::memmem;

use crate::queue::names;

/// How much of what was appended is looked at. More than this is a flood, and
/// reason enough to send.
const MAX_SCAN: u64 = 1 << 20;

/// Looks at a queue's files now and then. Cheap: two `stat` calls when nothing
/// was appended.
#[derive(Debug)]
pub struct QueueWatch {
    queue: PathBuf,
    fatal: PathBuf,
    seen: u64,
    seen_fatal: u64,
}

impl QueueWatch {
    /// A watch that knows what is there now.
    pub fn new(folder: &Path) -> QueueWatch {
        let queue = folder.join(names::QUEUE);
        let fatal = folder.join(names::FATAL);
        QueueWatch {
            seen: length(&queue),
            seen_fatal: length(&fatal),
            queue,
            fatal,
        }
    }

    /// Whether an error or fatal record was appended since the last call. May
    /// be wrong in saying yes; a file that cannot be read says no.
    pub fn has_urgent(&mut self) -> bool {
        let fatal = length(&self.fatal);
        let is_fatal = fatal > self.seen_fatal;
        self.seen_fatal = fatal;
        let now = length(&self.queue);
        let from = if now < self.seen { 0 } else { self.seen };
        self.seen = now;
        let is_error = match now - from {
            0 => false,
            appended if appended > MAX_SCAN => true,
            appended => holds_error(&self.queue, from, appended),
        };
        is_fatal || is_error
    }
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn holds_error(path: &Path, from: u64, length: u64) -> bool {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(from))?;
        file.take(length).read_to_end(&mut bytes)
    });
    let is_level = |level: &[u8]| memmem::find(&bytes, level).is_some();
    read.is_ok() && (is_level(b"\"level\":\"error\"") || is_level(b"\"level\":\"fatal\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn only_new_serious_records_are_urgent() {
        let folder = tempfile::tempdir().unwrap();
        let append = |name: &str, level: &str| {
            let path = folder.path().join(name);
            let mut file = File::options()
                .create(true)
                .append(true)
                .open(path)
                .unwrap();
            writeln!(file, r#"{{"level":"{level}"}}"#).unwrap();
        };
        append("log_queue.jsonl", "error");
        let mut watch = QueueWatch::new(folder.path());
        assert!(!watch.has_urgent());
        append("log_queue.jsonl", "info");
        assert!(!watch.has_urgent());
        append("log_queue.jsonl", "error");
        assert!(watch.has_urgent());
        assert!(!watch.has_urgent());
        append("log_queue_fatal.jsonl", "fatal");
        assert!(watch.has_urgent());
        // The fatal file is merged, the queue file compacted.
        fs::remove_file(folder.path().join("log_queue_fatal.jsonl")).unwrap();
        fs::write(folder.path().join("log_queue.jsonl"), "").unwrap();
        assert!(!watch.has_urgent());
        append("log_queue_fatal.jsonl", "fatal");
        assert!(watch.has_urgent());
    }
}
