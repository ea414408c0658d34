//! Files that were cut, overwritten, or written by the deployed client.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::harness::{ALL, Run};
use super::sim::Sim;
use crate::queue::*;
use crate::record::{EncodedRecord, Level, LogRecord, keys};

fn open(sim: &Sim) -> Queue {
    Queue::open_in(Arc::new(sim.clone()), Run::folder(), Options::default()).unwrap()
}

fn record(message: &str) -> EncodedRecord {
    let record = LogRecord::new(Level::Info, "test", message).with(keys::SESSION_ID, "s");
    EncodedRecord::new(record).unwrap()
}

fn drained(sim: &Sim) -> Vec<Vec<u8>> {
    let mut drainer = open(sim).drainer().unwrap();
    let batch = drainer.batch(ALL).unwrap();
    batch
        .records
        .into_iter()
        .map(|record| record.line)
        .collect()
}

/// A queue of about 4 KB of which the first records are confirmed, and the
/// lines that are not.
fn queue() -> (Sim, Vec<Vec<u8>>) {
    let sim = Sim::default();
    let queue = open(&sim);
    let records: Vec<_> = (0..24).map(|number| record(&number.to_string())).collect();
    queue.append_all(&records).unwrap();
    let mut drainer = queue.drainer().unwrap();
    let batch = drainer.batch(ALL).unwrap();
    drainer.confirm(&batch.token_after(10)).unwrap();
    let unsent = records[10..]
        .iter()
        .map(|record| record.as_bytes().to_vec());
    (sim, unsent.collect())
}

/// Every unsent record that still stands whole in the file comes out, and so
/// does what is appended then.
fn check(sim: &Sim, unsent: &[Vec<u8>], what: &str) {
    let bytes = sim.read(&Run::path("log_queue.jsonl")).unwrap_or_default();
    let whole = |line: &Vec<u8>| memchr::memmem::find(&bytes, line).is_some();
    open(sim).append(&record("next")).unwrap();
    let drained: BTreeSet<Vec<u8>> = drained(sim).into_iter().collect();
    for line in unsent.iter().filter(|line| whole(line)) {
        assert!(drained.contains(line), "{what}: {}", line.escape_ascii());
    }
    let next = drained
        .iter()
        .any(|line| LogRecord::parse(line).unwrap().message() == "next");
    assert!(next, "{what}: the next append is not read");
}

fn alter(name: &str, alterations: impl Fn(&[u8]) -> Vec<(String, Vec<u8>)>) {
    let (sim, unsent) = queue();
    let path = Run::path(name);
    for (what, bytes) in alterations(&sim.read(&path).unwrap()) {
        let sim = sim.copy();
        sim.write(&path, &bytes);
        check(&sim, &unsent, &format!("{name}: {what}"));
    }
}

const FILES: [&str; 2] = ["log_queue.jsonl", ".queue_meta"];

fn cut_at_every(stride: usize) {
    for name in FILES {
        alter(name, |bytes| {
            let cut = |len: usize| (format!("cut at {len}"), bytes[..len].to_vec());
            (0..bytes.len()).step_by(stride).map(cut).collect()
        });
    }
}

fn flip_every(stride: usize) {
    for name in FILES {
        alter(name, |bytes| {
            let flip = |bit: usize| {
                let mut bytes = bytes.to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                (format!("bit {bit} flipped"), bytes)
            };
            (0..bytes.len() * 8).step_by(stride).map(flip).collect()
        });
    }
}

#[test]
fn a_file_may_be_cut_at_some_bytes() {
    cut_at_every(23);
}

#[test]
fn some_bits_may_flip() {
    flip_every(211);
}

#[test]
#[ignore = "takes a minute; run with --ignored"]
fn a_file_may_be_cut_at_any_byte() {
    cut_at_every(1);
}

#[test]
#[ignore = "takes minutes; run with --ignored"]
fn any_bit_may_flip() {
    flip_every(1);
}

#[test]
fn any_sector_may_be_zeroed() {
    for name in FILES {
        alter(name, |bytes| {
            let zero = |start: usize| {
                let mut bytes = bytes.to_vec();
                let end = bytes.len().min(start + 512);
                bytes[start..end].fill(0);
                (format!("zeroed at {start}"), bytes)
            };
            (0..bytes.len()).step_by(512).map(zero).collect()
        });
    }
}

#[test]
fn the_deployed_clients_count_is_understood() {
    let sim = Sim::default();
    drop(open(&sim));
    let lines =
        "\u{feff}{\"message\":\"a\"}\r\n\r\n[1]\nrubbish\n{\"message\":\"b\"}\n{\"message\":\"c\"}";
    sim.write(&Run::path("log_queue.jsonl"), lines.as_bytes());
    sim.write(&Run::path(".queue_meta"), b"{\"confirmed\": 2}");
    assert_eq!(drained(&sim), [b"{\"message\":\"c\"}"]);
}

#[test]
fn a_count_larger_than_the_file_confirms_nothing() {
    let sim = Sim::default();
    drop(open(&sim));
    sim.write(&Run::path("log_queue.jsonl"), b"{\"message\":\"a\"}\n");
    sim.write(&Run::path(".queue_meta"), b"{\"confirmed\": 2}");
    assert_eq!(drained(&sim), [b"{\"message\":\"a\"}"]);
}

#[test]
fn leftovers_of_the_deployed_client_come_once() {
    let sim = Sim::default();
    drop(open(&sim));
    sim.write(
        &Run::path("log_queue.jsonl"),
        b"{\"m\":\"a\"}\n{\"m\":\"f\"}\n",
    );
    sim.write(
        &Run::path(".fatal_processing.tmp"),
        b"{\"m\":\"f\"}\n{\"m\":\"g\"}\n",
    );
    sim.write(
        &Run::path(".log_queue_compact.tmp"),
        b"{\"m\":\"a\"}\n{\"m\":\"h",
    );
    sim.write(&Run::path("log_queue_fatal.jsonl"), b"{\"m\":\"i\xff\"}\n");
    let lines = drained(&sim);
    let texts: Vec<_> = lines
        .iter()
        .map(|line| String::from_utf8_lossy(line))
        .collect();
    assert_eq!(
        texts,
        [
            "{\"m\":\"a\"}",
            "{\"m\":\"f\"}",
            "{\"m\":\"g\"}",
            "{\"m\":\"i\u{fffd}\"}"
        ]
    );
}

#[test]
fn a_newer_format_is_read_but_not_written() {
    let (sim, unsent) = queue();
    let path = Run::path(".queue_meta");
    let text = String::from_utf8(sim.read(&path).unwrap()).unwrap();
    let (body, _) = text.split_once(",\"check\"").unwrap();
    let body = body.replace("\"version\":1", "\"version\":2,\"new\":[]");
    let sum = crate::queue::meta::hash(body.as_bytes());
    sim.write(&path, format!("{body},\"check\":\"{sum}\"}}\n").as_bytes());
    let error = open(&sim).drainer().unwrap_err();
    assert!(
        matches!(error, QueueError::Newer { found: 2, .. }),
        "{error}"
    );
    let report = inspect::inspect_in(Arc::new(sim), Run::folder(), InspectOptions::default());
    assert_eq!(report.unwrap().pending, unsent.len() as u64);
}

#[test]
fn inspect_names_what_a_file_shows_and_repair_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::create_dir(&from).unwrap();
    let good = |message: &str| {
        format!(
            r#"{{"timestamp":"2026-02-06T12:00:00.000Z","level":"info","logger":"Auth","message":"{message}","install_id":"i","session_id":"s"}}"#
        )
    };
    let placeholder = r#"{"timestamp":"2026-02-06T12:00:00.000Z","level":"error","logger":"Big","message":"[record exceeded 65536 bytes after truncation]","installId":null,"sessionId":null}"#;
    let lines = format!(
        "{}\n{}{}\n{placeholder}\n{{\"torn",
        good("a"),
        good("b"),
        good("c")
    );
    std::fs::write(from.join("log_queue.jsonl"), lines).unwrap();
    std::fs::write(from.join(".queue_meta"), "\0\0\0\0").unwrap();
    std::fs::write(from.join("log_queue_fatal.jsonl"), good("f")).unwrap();
    let report = inspect(&from, InspectOptions { verify: true }).unwrap();
    assert_eq!((report.pending, report.damaged), (5, 2));
    assert_eq!(report.levels["info"], 4);
    assert_eq!(report.rejections["`install_id` is missing or null"], 1);
    assert!(report.meta_problem.is_some());
    assert_eq!(report.faults.len(), 4, "{:?}", report.faults);

    let repaired = repair(&from, &to).unwrap();
    assert_eq!(
        (repaired.records, repaired.salvaged, repaired.mended),
        (5, 2, 1)
    );
    let report = inspect(&to, InspectOptions { verify: true }).unwrap();
    assert!(!report.is_damaged());
    assert_eq!((report.pending, report.rejections.len()), (5, 0));
    assert!(
        repair(&from, &to).is_err(),
        "a folder in use is not written to"
    );
}

#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_refused_and_not_touched() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("target");
    std::fs::write(&target, "precious").unwrap();
    let append = |path: &std::path::Path| {
        let queue = Queue::open(path, Options::default())?;
        queue.append(&record("x"))
    };
    for (name, link) in [("a", true), ("b", false)] {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        let file = path.join("log_queue.jsonl");
        match link {
            true => symlink(&target, file).unwrap(),
            false => std::fs::hard_link(&target, file).unwrap(),
        }
        let error = append(&path).unwrap_err();
        assert!(matches!(error, QueueError::Refused { .. }), "{error}");
    }
    symlink(folder.path().join("a"), folder.path().join("c")).unwrap();
    assert!(matches!(
        append(&folder.path().join("c")),
        Err(QueueError::Refused { .. })
    ));
    assert!(matches!(append(&target), Err(QueueError::Refused { .. })));
    assert_eq!(std::fs::read(&target).unwrap(), b"precious");
    append(&folder.path().join("new")).unwrap();
    let mode = |path: &str| {
        let metadata = std::fs::metadata(folder.path().join(path)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!((mode("new"), mode("new/log_queue.jsonl")), (0o700, 0o600));
}

/// A count of the deployed client that is more than the file holds confirms
/// nothing, be it of what was there or of what is appended then.
#[test]
fn a_stale_count_does_not_confirm_what_is_appended() {
    let sim = Sim::default();
    let kept = record("kept");
    sim.write(
        &Run::path("log_queue.jsonl"),
        &[kept.as_bytes(), b"\n"].concat(),
    );
    sim.write(&Run::path(".queue_meta"), br#"{"confirmed":3}"#);
    let queue = open(&sim);
    let appended = ["one", "two", "three"].map(record);
    queue.append_all(&appended).unwrap();
    let expected: Vec<Vec<u8>> = std::iter::once(&kept)
        .chain(&appended)
        .map(|record| record.as_bytes().to_vec())
        .collect();
    assert_eq!(drained(&sim), expected);
}
