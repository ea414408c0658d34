//! What holds when nothing goes wrong.

use std::path::Path;
use std::sync::Arc;

use super::harness::Run;
use super::sim::Sim;
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

/// A queue in memory that thinks it is on a disk, without the wait for syncs.
fn simulated(options: Options) -> (Sim, Queue) {
    let sim = Sim::default();
    let queue = Queue::open_in(Arc::new(sim.clone()), Run::folder(), options).unwrap();
    (sim, queue)
}

fn len(sim: &Sim) -> usize {
    sim.read(&Run::path("log_queue.jsonl")).unwrap().len()
}

fn info(queue: &dyn LogQueue, messages: &[&str]) {
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
    let options = Options {
        max_bytes: 20_000,
        ..Options::default()
    };
    let (sim, queue) = simulated(options);
    queue.append(&record(Level::Fatal, "fatal")).unwrap();
    queue.drainer().unwrap().batch(ALL).unwrap();
    for number in 0..1000 {
        info(&queue, &[&number.to_string()]);
        assert!(len(&sim) <= 20_000);
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
    rotate_in_flight(100);
}

#[test]
#[ignore = "takes a minute; run with --ignored"]
fn a_thousand_rotations_in_flight_confirm_only_what_was_sent() {
    rotate_in_flight(1000);
}

fn rotate_in_flight(rounds: usize) {
    let options = Options {
        max_bytes: 10_000,
        ..Options::default()
    };
    let (_, queue) = simulated(options);
    let mut drainer = queue.drainer().unwrap();
    let mut delivered = 0;
    let mut number = 0;
    for round in 0..rounds {
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
    let options = Options {
        compact_bytes: 2000,
        ..Options::default()
    };
    let (sim, queue) = simulated(options);
    let mut drainer = queue.drainer().unwrap();
    for round in 0..100 {
        info(&queue, &[&format!("{round}a"), &format!("{round}b")]);
        let batch = drainer.batch(some(2)).unwrap();
        assert_eq!(messages(&batch)[0], format!("{round}a"));
        drainer.confirm(&batch.token()).unwrap();
    }
    assert!(len(&sim) < 4000);
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

#[test]
fn a_queue_in_memory_keeps_the_same_promises() {
    let queue = MemoryQueue::new(4_000);
    queue.append(&record(Level::Fatal, "fatal")).unwrap();
    for number in 0..100 {
        info(&queue, &[&number.to_string()]);
    }
    let mut drainer = queue.drainer().unwrap();
    assert!(queue.drainer().is_err(), "there is one drainer at a time");
    let batch = drainer.batch(ALL).unwrap();
    let texts = messages(&batch);
    assert_eq!(texts[0], "fatal");
    let notice = LogRecord::parse(&batch.records[1].line).unwrap();
    let dropped = drainer.dropped().unwrap();
    assert_eq!(
        notice.attribute("dropped").unwrap().as_u64(),
        Some(dropped.records)
    );
    assert_eq!(dropped.records as usize + texts.len() - 2, 100);
    assert_eq!(texts.last().unwrap(), "99");

    let taken = [batch.records[0].reference()];
    drainer.confirm_some(&batch.token(), &taken).unwrap();
    drainer.confirm(&batch.token_after(3)).unwrap();
    info(&queue, &["new"]);
    let rest = drainer.batch_after(&batch.token(), ALL).unwrap();
    assert_eq!(messages(&rest), ["new"]);
    assert_eq!(messages(&drainer.batch(ALL).unwrap())[0], texts[3]);
}

#[test]
fn writers_in_many_threads_never_mix_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let path = folder.path();
            scope.spawn(move || {
                let options = Options {
                    max_bytes: 100_000_000,
                    ..Options::default()
                };
                let queue = Queue::open(path, options).unwrap();
                for number in 0..500 {
                    let padding = "x".repeat(number * 131 % 9000);
                    info(&queue, &[&format!("{writer} {number} {padding}")]);
                }
            });
        }
    });
    let mut next = [0; 8];
    for entry in read_pending(folder.path()).unwrap() {
        let Entry::Record(line) = entry.unwrap() else {
            panic!("damage");
        };
        let message = LogRecord::parse(&line).unwrap().message().into_owned();
        let mut words = message.split(' ');
        let mut number = || words.next().unwrap().parse::<usize>().unwrap();
        let (writer, number) = (number(), number());
        assert_eq!(next[writer], number);
        next[writer] += 1;
    }
    let dropped = open(folder.path()).drainer().unwrap().dropped().unwrap();
    assert_eq!(dropped.records, 0);
    assert_eq!(next, [500; 8]);
}
