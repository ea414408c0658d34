//! A process that is killed at any of its system calls, by strace.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use soliplex::queue::{Limits, LogQueue, Options, Queue};
use soliplex::record::{EncodedRecord, Level, LogRecord};

use super::{message, pending};
use crate::support::browser::skip;
use crate::support::{Home, copy_folder, record_line};

/// The calls that change a file or a folder, by which a queue can be left half
/// way.
const CHANGING: [&str; 6] = [
    "write",
    "fdatasync",
    "fsync",
    "rename",
    "unlink",
    "ftruncate",
];

/// The others that working on a queue makes.
const LOOKING: [&str; 7] = [
    "openat", "flock", "statx", "pread64", "mkdir", "close", "read",
];

/// Something that is done to a queue.
struct Operation {
    args: &'static [&'static str],
    stdin: String,
    /// Makes the queue that it is done to.
    prepare: fn(&Path),
}

fn fill(folder: &Path, from: usize, to: usize, padding: usize) {
    fs::create_dir_all(folder).expect("a folder");
    let record = |n: usize| {
        record_line(n).replace(
            "\"message\":\"",
            &format!("\"pad\":\"{}\",\"message\":\"", "x".repeat(padding)),
        )
    };
    let text: String = (from..to).map(|n| record(n) + "\n").collect();
    fs::write(folder.join("log_queue.jsonl"), text).expect("written");
}

fn add_fatals(folder: &Path) {
    let fatal = |n: usize| record_line(n).replace("\"info\"", "\"fatal\"") + "\n";
    fs::write(
        folder.join("log_queue_fatal.jsonl"),
        fatal(900) + &fatal(901),
    )
    .expect("written");
    fs::write(folder.join(".fatal_processing.tmp"), fatal(902)).expect("written");
}

fn append() -> Operation {
    Operation {
        args: &["emit", "--jsonl"],
        stdin: (500..505).map(|n| record_line(n) + "\n").collect(),
        prepare: |folder| {
            fill(folder, 0, 5, 0);
            let mut file = fs::OpenOptions::new()
                .append(true)
                .open(folder.join("log_queue.jsonl"))
                .expect("open");
            file.write_all(b"{\"torn").expect("written");
        },
    }
}

fn append_fatal() -> Operation {
    Operation {
        args: &["emit", "record 500", "--level", "fatal"],
        stdin: String::new(),
        prepare: |folder| {
            fill(folder, 0, 5, 0);
            add_fatals(folder);
        },
    }
}

fn drain() -> Operation {
    Operation {
        args: &["queue", "drain"],
        stdin: String::new(),
        prepare: |folder| {
            fill(folder, 0, 5, 0);
            add_fatals(folder);
        },
    }
}

fn take_out() -> Operation {
    Operation {
        args: &["queue", "drain", "--grep", "record [13]"],
        ..drain()
    }
}

fn compact() -> Operation {
    Operation {
        args: &["queue", "drain", "-n", "12"],
        stdin: String::new(),
        prepare: |folder| fill(folder, 0, 20, 100_000),
    }
}

fn rotate() -> Operation {
    Operation {
        prepare: |folder| fill(folder, 0, 100, 99_800),
        ..append()
    }
}

/// Kills the operation at each `stride`th of these calls, and checks every time
/// that nothing is lost.
fn kill_at(operation: &Operation, calls: &[&str], stride: usize) {
    if Command::new("strace").arg("-V").output().is_err() {
        return skip("there is no strace to kill a process at a system call");
    }
    let home = Home::new();
    let template = home.path("template");
    fs::create_dir(&template).expect("a folder");
    (operation.prepare)(&template);
    for call in calls {
        for when in (1..).step_by(stride) {
            let _ = fs::remove_dir_all(home.queue());
            copy_folder(&template, &home.queue());
            let owed = pending(&home.queue());
            let output = strace(&home, operation, call, when);
            let killed = output.status.signal() == Some(9);
            assert!(
                killed || output.status.success(),
                "{call} {when}: {output:?}"
            );
            check(
                &home.queue(),
                owed,
                &output.stdout,
                &format!("killed at {call} {when}"),
            );
            if !killed {
                break;
            }
        }
    }
}

fn strace(home: &Home, operation: &Operation, call: &str, when: usize) -> Output {
    let soliplex = home.soliplex();
    let mut strace = Command::new("strace");
    strace.env_clear();
    for (key, value) in soliplex.get_envs() {
        value.map(|value| strace.env(key, value));
    }
    let inject = format!("inject={call}:signal=KILL:when={when}");
    strace.args(["-f", "-o", "/dev/null", "-e", &inject]);
    strace.arg(soliplex.get_program()).args(operation.args);
    strace
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = strace.spawn().expect("strace starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = operation.stdin.clone();
    thread::spawn(move || stdin.write_all(input.as_bytes()));
    child.wait_with_output().expect("it ends")
}

/// The queue takes a record, and gives out what it held and has not printed,
/// or counts it as dropped; nothing comes twice or altered.
fn check(folder: &Path, owed: Vec<String>, stdout: &[u8], what: &str) {
    let whole = stdout
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(&[][..], |end| &stdout[..end]);
    let lines = whole
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let printed: BTreeSet<String> = lines.map(message).collect();
    let queue = Queue::open(folder, Options::default()).expect(what);
    let next = LogRecord::new(Level::Info, "Test", "next").with("sessionId", "s");
    queue
        .append(&EncodedRecord::new(next).expect("a record"))
        .expect(what);
    let mut drainer = queue.drainer().expect(what);
    let all = Limits {
        records: usize::MAX,
        bytes: usize::MAX,
    };
    let batch = drainer.batch(all).expect(what);
    let held: Vec<String> = batch
        .records
        .iter()
        .map(|record| message(&record.line))
        .collect();
    let distinct: BTreeSet<&String> = held.iter().collect();
    assert_eq!(
        distinct.len(),
        held.len(),
        "{what}: something comes twice: {held:?}"
    );
    assert!(distinct.contains(&"next".to_owned()), "{what}: {held:?}");
    let lost = owed
        .iter()
        .filter(|one| !distinct.contains(one) && !printed.contains(*one));
    let dropped = drainer.dropped().expect(what).records;
    assert!(
        lost.clone().count() as u64 <= dropped,
        "{what}: lost {:?}",
        lost.collect::<Vec<_>>()
    );
    for one in &held {
        let known =
            one == "next" || one.starts_with("record ") || one.ends_with("the queue was full");
        assert!(known, "{what}: {one}");
    }
    let left = folder.join(".fatal_processing.tmp");
    assert!(!left.exists(), "{what}: {}", left.display());
}

#[test]
fn an_append_may_be_killed_at_a_call() {
    kill_at(&append(), &CHANGING, 2);
    kill_at(&append_fatal(), &CHANGING, 2);
}

#[test]
fn draining_may_be_killed_at_a_call() {
    kill_at(&drain(), &CHANGING, 4);
}

#[test]
fn a_rewrite_may_be_killed_at_a_call() {
    kill_at(&take_out(), &["rename", "unlink"], 4);
    kill_at(&compact(), &["rename"], 2);
}

#[test]
#[ignore = "takes minutes; run with --ignored"]
fn appending_may_be_killed_at_every_call() {
    for operation in [append(), append_fatal(), rotate()] {
        kill_at(&operation, &CHANGING, 1);
        kill_at(&operation, &LOOKING, 1);
    }
}

#[test]
#[ignore = "takes minutes; run with --ignored"]
fn draining_may_be_killed_at_every_call() {
    for operation in [drain(), take_out(), compact()] {
        kill_at(&operation, &CHANGING, 1);
        kill_at(&operation, &LOOKING, 1);
    }
}
