//! The records that were appended last, sent or not.

use std::path::Path;
use std::sync::Arc;

use super::error::{QueueError, io_error};
use super::folder::{Folder, names};
use super::fs::Disk;
use crate::record::Envelope;
use crate::record::keys::SESSION_ID;

/// How far back records are looked for.
const MAX_BYTES: u64 = 256 << 10;

/// The last records of a session in the queue's main file, at most `count`,
/// the oldest first. Reads the file's end and nothing else; what is damaged is
/// passed over, and no queue at all is an empty one.
///
/// # Errors
///
/// A file that cannot be read, or is a link.
pub fn read_recent(dir: &Path, session: &str, count: usize) -> Result<Vec<Vec<u8>>, QueueError> {
    let folder = match Folder::existing(Arc::new(Disk), dir) {
        Err(QueueError::Missing(_)) => return Ok(Vec::new()),
        folder => folder?,
    };
    let Some(file) = folder.open_to_read(names::QUEUE)? else {
        return Ok(Vec::new());
    };
    let failed = |error| io_error("read", &folder.path_of(names::QUEUE))(error);
    let len = file.stat().map_err(failed)?.len;
    let mut bytes = vec![0; len.min(MAX_BYTES) as usize];
    let read = file.read_at(&mut bytes, len.saturating_sub(MAX_BYTES));
    bytes.truncate(read.map_err(failed)?);
    let is_own = |line: &&[u8]| {
        Envelope::parse(line)
            .is_ok_and(|record| record.text(SESSION_ID).as_deref() == Some(session))
    };
    let mut lines: Vec<Vec<u8>> = bytes
        .rsplit(|byte| *byte == b'\n')
        .filter(is_own)
        .take(count)
        .map(<[u8]>::to_vec)
        .collect();
    lines.reverse();
    Ok(lines)
}

#[cfg(test)]
mod recent_tests {
    use super::*;

    #[test]
    fn the_last_of_a_session_are_found_among_others_and_damage() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read_recent(folder.path(), "a", 5).unwrap().is_empty());
        let mut text = String::from("torn\n");
        for n in 0..10 {
            for session in ["a", "b"] {
                text.push_str(&format!("{{\"sessionId\":\"{session}\",\"n\":{n}}}\n"));
            }
        }
        text.push_str("{\"sessionId\":\"a\",");
        std::fs::write(folder.path().join("log_queue.jsonl"), text).unwrap();
        let lines = read_recent(folder.path(), "a", 2).unwrap();
        let lines: Vec<_> = lines
            .iter()
            .map(|line| String::from_utf8_lossy(line))
            .collect();
        assert_eq!(
            lines,
            [r#"{"sessionId":"a","n":8}"#, r#"{"sessionId":"a","n":9}"#]
        );
    }
}
