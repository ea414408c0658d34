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

#[test]
fn a_file_may_be_cut_at_any_byte() {
    for name in FILES {
        alter(name, |bytes| {
            let cuts = (0..bytes.len()).map(|len| (format!("cut at {len}"), bytes[..len].to_vec()));
            cuts.collect()
        });
    }
}

#[test]
fn any_bit_may_flip() {
    for name in FILES {
        alter(name, |bytes| {
            let flip = |bit: usize| {
                let mut bytes = bytes.to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                (format!("bit {bit} flipped"), bytes)
            };
            (0..bytes.len() * 8).map(flip).collect()
        });
    }
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
