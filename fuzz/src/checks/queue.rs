//! A queue's folder with anything in its files.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use soliplex::queue::{self, Drain, Entry, InspectOptions, Limits, LogQueue, Options, Queue};
use soliplex::record::{EncodedRecord, Level, LogRecord};

use super::parts;

const FILES: [&str; 6] = [
    "log_queue.jsonl",
    ".queue_meta",
    "log_queue_fatal.jsonl",
    "dead_letter.jsonl",
    ".fatal_processing.tmp",
    ".log_queue_compact.tmp",
];

/// Whatever the files hold, the queue opens; what reading shows as pending is
/// what a drainer gets; an append is read afterwards; what is confirmed does
/// not come again; and a repair makes a sound queue of it.
pub fn queue(data: &[u8]) {
    let home = tempfile::tempdir().expect("a temporary folder");
    let folder = home.path().join("queue");
    fs::create_dir(&folder).expect("folder made");
    for (name, content) in FILES.iter().zip(parts::<6>(data)) {
        if !content.is_empty() {
            fs::write(folder.join(name), content).expect("file written");
        }
    }
    let verify = InspectOptions { verify: true };
    queue::inspect(&folder, verify).expect("any queue can be looked at");
    let out = home.path().join("repaired");
    queue::repair(&folder, &out).expect("any queue can be repaired");
    let repaired = queue::inspect(&out, verify).expect("a repaired queue can be looked at");
    assert!(!repaired.is_damaged(), "damaged after repair: {repaired:?}");

    let pending = pending(&folder);
    let queue = Queue::open(&folder, Options::default()).expect("any queue opens");
    let last = record("the last one");
    queue.append(&last).expect("anything can be appended to");
    let mut drainer = queue.drainer().expect("the only drainer");
    let drained = drain(&mut *drainer);
    assert!(drained.contains(last.as_bytes()), "the append is not read");
    for line in &pending {
        assert!(drained.contains(line), "lost: {}", line.escape_ascii());
    }
    for line in drained.iter().filter(|line| *line != last.as_bytes()) {
        assert!(pending.contains(line), "unseen: {}", line.escape_ascii());
    }
    drop(drainer);
    let left = self::pending(&folder);
    assert!(left.is_empty(), "confirmed, and pending: {left:?}");
}

fn pending(folder: &Path) -> BTreeSet<Vec<u8>> {
    let entries = queue::read_pending(folder).expect("any queue can be read");
    entries
        .filter_map(|entry| match entry.expect("it can be read to its end") {
            Entry::Record(line) => Some(line),
            Entry::Damage(_) => None,
        })
        .collect()
}

/// Takes everything out, a few records at a time.
fn drain(drainer: &mut dyn Drain) -> BTreeSet<Vec<u8>> {
    let limits = Limits {
        records: 3,
        bytes: 10_000,
    };
    let mut drained = BTreeSet::new();
    loop {
        let batch = drainer.batch(limits).expect("a batch");
        if batch.is_empty() {
            return drained;
        }
        drainer.confirm(&batch.token()).expect("confirmed");
        for record in batch.records {
            let text = std::str::from_utf8(&record.line).expect("what is sent is UTF-8");
            let object: serde_json::Value = serde_json::from_str(text).expect("and JSON");
            assert!(object.is_object(), "no record: {text}");
            drained.insert(record.line);
        }
    }
}

fn record(message: &str) -> EncodedRecord {
    EncodedRecord::new(LogRecord::new(Level::Info, "fuzz", message)).expect("a sound record")
}
