//! `soliplex queue inspect`, `drain` and `repair`, and what holds for a queue
//! whatever happens to the processes that use it.

mod disk;
mod inspect;
#[cfg(target_os = "linux")]
mod kills;
mod memory;
mod processes;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use soliplex::queue::{Entry, read_pending};

use crate::support::{Home, Ran, json_lines, record_line};

/// A folder's files and what is in them.
fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder");
    let file = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, fs::read(entry.path()).expect("a file"))
    };
    entries.map(file).collect()
}

/// The messages of the records that wait in a queue.
fn pending(folder: &Path) -> Vec<String> {
    let entries = read_pending(folder).expect("a queue");
    let records = entries.filter_map(|entry| match entry.expect("read") {
        Entry::Record(line) => Some(line),
        Entry::Damage(_) => None,
    });
    records.map(|line| message(&line)).collect()
}

fn message(line: &[u8]) -> String {
    let record: Value = serde_json::from_slice(line).expect("JSON");
    record["message"].as_str().expect("a text").to_owned()
}

fn messages(text: &str) -> Vec<String> {
    text.lines().map(|line| message(line.as_bytes())).collect()
}

/// Records 0 up to `count`, one a line.
fn lines(count: usize) -> String {
    (0..count).map(|n| record_line(n) + "\n").collect()
}

fn names(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|n| format!("record {n}")).collect()
}

fn home_with(count: usize) -> Home {
    let home = Home::new();
    home.run_with_stdin(&["emit", "--jsonl"], lines(count))
        .succeeds();
    home
}

#[test]
fn drain_prints_and_confirms_as_many_as_asked_for() {
    let home = home_with(5);
    let ran = home.run(&["queue", "drain", "-n", "2"]).succeeds();
    assert_eq!(messages(&ran.stdout_text()), names(0..2));
    assert_eq!(pending(&home.queue()), names(2..5));
    let ran = home.run(&["queue", "drain", "-n", "0"]).succeeds();
    assert_eq!(ran.stdout_text(), "");
    let ran = home.run(&["queue", "drain"]).succeeds();
    assert_eq!(messages(&ran.stdout_text()), names(2..5));
    let ran = home.run(&["queue", "drain"]).succeeds();
    assert_eq!(ran.stdout_text(), "");
}

#[test]
fn what_a_filter_does_not_match_stays() {
    let home = home_with(6);
    let args = ["queue", "drain", "--grep", "record [135]", "-n", "2"];
    let ran = home.run(&args).succeeds();
    assert_eq!(messages(&ran.stdout_text()), names([1, 3]));
    assert_eq!(pending(&home.queue()), names([0, 2, 4, 5]));
}

#[test]
fn a_dry_run_prints_and_changes_nothing() {
    let home = home_with(3);
    for args in [
        &["queue", "drain", "--dry-run"] as &[&str],
        &["queue", "drain", "--dry-run", "--grep", "record"],
    ] {
        let ran = home.run(args).succeeds();
        assert_eq!(messages(&ran.stdout_text()), names(0..3));
        assert_eq!(pending(&home.queue()), names(0..3));
    }
}

#[test]
fn a_pipe_that_closes_confirms_nothing_that_was_not_written() {
    let home = home_with(1_500);
    let mut drain = home.soliplex();
    drain.args(["queue", "drain"]).stdout(Stdio::piped());
    let mut drain = drain.spawn().expect("it starts");
    // Less than one batch, more than nothing; the pipe itself holds 64 KiB.
    let mut read = [0; 1000];
    let mut stdout = drain.stdout.take().expect("a pipe");
    stdout.read_exact(&mut read).expect("records");
    drop(stdout);
    assert!(drain.wait().expect("it ends").success());
    assert_eq!(pending(&home.queue()), names(0..1_500));
}

#[test]
fn drained_records_are_sanitized() {
    let home = Home::new();
    let line = record_line(1).replace("record 1", "mail bob@example.com");
    home.file("state/queue/log_queue.jsonl", line + "\n");
    let ran = home.run(&["queue", "drain"]).succeeds();
    assert!(!ran.stdout_text().contains("bob@example.com"));
    assert_eq!(json_lines(&ran.stdout_text()).len(), 1);
}

#[test]
fn a_wrong_path_is_told_in_one_line() {
    let home = Home::new();
    let file = home.file("file", "keep me").display().to_string();
    let missing = home.path("missing").display().to_string();
    let out = home.path("out").display().to_string();
    for command in ["inspect", "drain"] {
        for path in [&file, &missing] {
            let ran = home.run(&["queue", command, path]).exits(1);
            ran.says_in_one_line(&[path]);
        }
    }
    for path in [&file, &missing] {
        let ran = home.run(&["queue", "repair", path, "--out", &out]).exits(1);
        ran.says_in_one_line(&[path]);
    }
    assert!(!home.path("missing").exists());
    assert_eq!(fs::read_to_string(file).expect("the file"), "keep me");
}
