//! What holds when nothing goes wrong.

use std::path::Path;

use crate::queue::*;
use crate::record::{EncodedRecord, Level, LogRecord, keys};

pub(super) fn record(level: Level, message: &str) -> EncodedRecord {
    let record = LogRecord::new(level, "test", message)
        .with(keys::INSTALL_ID, "install")
        .with(keys::SESSION_ID, "session");
    EncodedRecord::new(record).unwrap()
}

const ALL: Limits = Limits {
    records: usize::MAX,
    bytes: usize::MAX,
};

fn some(records: usize) -> Limits {
    Limits { records, ..ALL }
}

fn messages(batch: &Batch) -> Vec<String> {
    let message = |record: &QueuedRecord| {
        LogRecord::parse(&record.line)
            .unwrap()
            .message()
            .into_owned()
    };
    batch.records.iter().map(message).collect()
}

fn open(path: &Path) -> Queue {
    Queue::open(path, Options::default()).unwrap()
}

fn info(queue: &Queue, messages: &[&str]) {
    for message in messages {
        queue.append(&record(Level::Info, message)).unwrap();
    }
}

#[test]
fn what_is_appended_comes_out_in_order_until_it_is_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(folder.path());
    info(&queue, &["a", "b", "c"]);
    let mut drainer = queue.drainer().unwrap();
    let batch = drainer.batch(some(2)).unwrap();
    assert_eq!(messages(&batch), ["a", "b"]);
    let ahead = drainer.batch_after(&batch.token(), ALL).unwrap();
    assert_eq!(messages(&ahead), ["c"]);
    assert_eq!(messages(&drainer.batch(ALL).unwrap()), ["a", "b", "c"]);
    assert_eq!(
        drainer.confirm(&batch.token_after(1)).unwrap(),
        Confirmed::Done
    );
    assert_eq!(messages(&drainer.batch(ALL).unwrap()), ["b", "c"]);
    drop(drainer);
    let mut drainer = open(folder.path()).drainer().unwrap();
    assert_eq!(messages(&drainer.batch(ALL).unwrap()), ["b", "c"]);
    assert_eq!(drainer.confirm(&ahead.token()).unwrap(), Confirmed::Done);
    assert!(drainer.batch(ALL).unwrap().is_empty());
    let meta = std::fs::read_to_string(folder.path().join(".queue_meta")).unwrap();
    assert!(meta.starts_with("{\"confirmed\":3,"), "{meta}");
}

#[test]
fn fatal_records_are_merged_once() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(folder.path());
    info(&queue, &["a"]);
    queue.append(&record(Level::Fatal, "f")).unwrap();
    info(&queue, &["b"]);
    assert!(folder.path().join("log_queue_fatal.jsonl").exists());
    let mut drainer = queue.drainer().unwrap();
    let batch = drainer.batch(ALL).unwrap();
    assert_eq!(messages(&batch), ["a", "b", "f"]);
    assert!(!folder.path().join("log_queue_fatal.jsonl").exists());
    queue.append(&record(Level::Fatal, "g")).unwrap();
    drainer.confirm(&batch.token()).unwrap();
    assert_eq!(messages(&drainer.batch(ALL).unwrap()), ["g"]);
}

#[test]
fn a_second_drainer_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(folder.path());
    let drainer = queue.drainer().unwrap();
    let error = open(folder.path()).drainer().unwrap_err();
    assert!(matches!(error, QueueError::Busy { .. }));
    assert!(error.to_string().contains(".drain_lock"));
    drop(drainer);
    queue.drainer().unwrap();
}

#[test]
fn a_full_queue_drops_the_oldest_that_are_not_fatal_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        max_bytes: 20_000,
        ..Options::default()
    };
    let queue = Queue::open(folder.path(), options).unwrap();
    queue.append(&record(Level::Fatal, "fatal")).unwrap();
    queue.drainer().unwrap().batch(ALL).unwrap();
    for number in 0..1000 {
        info(&queue, &[&number.to_string()]);
        let len = std::fs::metadata(folder.path().join("log_queue.jsonl"))
            .unwrap()
            .len();
        assert!(len <= 20_000, "{len}");
    }
    let mut drainer = queue.drainer().unwrap();
    let batch = drainer.batch(ALL).unwrap();
    let messages = messages(&batch);
    assert!(messages[0].ends_with("records dropped: the queue was full"));
    assert_eq!(messages[1], "fatal");
    assert_eq!(messages.last().unwrap(), "999");
    let dropped = drainer.dropped().unwrap();
    assert_eq!(dropped.records as usize + messages.len() - 2, 1000);
    let notice = LogRecord::parse(&batch.records[0].line).unwrap();
    assert_eq!(
        notice.attribute("dropped").unwrap().as_u64(),
        Some(dropped.records)
    );
    assert_eq!(notice.session_id(), Some("session"));
}

#[test]
fn rotation_while_a_batch_is_in_flight_confirms_only_what_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        max_bytes: 10_000,
        ..Options::default()
    };
    let queue = Queue::open(folder.path(), options).unwrap();
    let mut drainer = queue.drainer().unwrap();
    let mut delivered = 0;
    let mut number = 0;
    for round in 0..1000 {
        info(&queue, &[&number.to_string()]);
        number += 1;
        let batch = drainer.batch(some(1 + round % 17)).unwrap();
        for _ in 0..round % 60 {
            info(&queue, &[&number.to_string()]);
            number += 1;
        }
        if drainer.confirm(&batch.token()).unwrap() == Confirmed::Done {
            for message in messages(&batch) {
                if let Ok(sent) = message.parse::<i32>() {
                    delivered = delivered.max(sent + 1);
                }
            }
        }
        let next = drainer.batch(some(2)).unwrap();
        let next = messages(&next)
            .iter()
            .find_map(|message| message.parse::<i32>().ok());
        assert!(
            next.is_none_or(|next| next >= delivered),
            "{next:?} {delivered}"
        );
    }
    let dropped = drainer.dropped().unwrap();
    assert!(dropped.records > 0);
}

#[test]
fn some_records_can_be_taken_out_of_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(folder.path());
    info(&queue, &["a", "b", "c", "d", "e"]);
    let mut drainer = queue.drainer().unwrap();
    let batch = drainer.batch(some(4)).unwrap();
    let taken = [1, 3].map(|index: usize| batch.records[index].reference());
    assert_eq!(
        drainer.confirm_some(&batch.token(), &taken).unwrap(),
        Confirmed::Done
    );
    let rest = drainer.batch(ALL).unwrap();
    assert_eq!(messages(&rest), ["a", "c", "e"]);
    assert_eq!(drainer.confirm(&batch.token()).unwrap(), Confirmed::Done);
    assert_eq!(messages(&drainer.batch(ALL).unwrap()), ["e"]);
}

#[test]
fn confirmed_records_are_taken_out_of_the_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        compact_bytes: 2000,
        ..Options::default()
    };
    let queue = Queue::open(folder.path(), options).unwrap();
    let mut drainer = queue.drainer().unwrap();
    for round in 0..100 {
        info(&queue, &[&format!("{round}a"), &format!("{round}b")]);
        let batch = drainer.batch(some(2)).unwrap();
        assert_eq!(messages(&batch)[0], format!("{round}a"));
        drainer.confirm(&batch.token()).unwrap();
    }
    let len = std::fs::metadata(folder.path().join("log_queue.jsonl"))
        .unwrap()
        .len();
    assert!(len < 4000, "{len}");
}

#[test]
fn reading_without_a_lock_sees_what_a_drainer_would() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(folder.path());
    info(&queue, &["a", "b"]);
    queue.append(&record(Level::Fatal, "f")).unwrap();
    let mut drainer = queue.drainer().unwrap();
    let batch = drainer.batch(some(1)).unwrap();
    drainer.confirm(&batch.token()).unwrap();
    queue.append(&record(Level::Fatal, "g")).unwrap();
    let texts = |entries: Entries| {
        let text = |entry| match entry {
            Ok(Entry::Record(line)) => LogRecord::parse(&line).unwrap().message().into_owned(),
            other => panic!("{other:?}"),
        };
        entries.map(text).collect::<Vec<_>>()
    };
    assert_eq!(texts(read_pending(folder.path()).unwrap()), ["b", "f", "g"]);
    assert_eq!(
        texts(read_all(folder.path()).unwrap()),
        ["a", "b", "f", "g"]
    );
}
