//! Many processes on one folder, and processes that are killed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{lines, message};
use crate::support::{Home, Ran, json_lines, wait_until};

const WRITERS: usize = 8;

/// A record of one of many writers. Most are small, one in eight has up to
/// 60,000 bytes.
fn record_of(writer: usize, number: usize) -> String {
    let padding = match number % 8 {
        0 => (1 << (number / 8 % 17)).min(60_000),
        rest => rest * 20,
    };
    format!(
        r#"{{"timestamp":"2026-02-06T12:00:00.000Z","level":"info","logger":"Test","message":"{writer} {number} {}","installId":"i","sessionId":"s"}}"#,
        "x".repeat(padding)
    ) + "\n"
}

/// Starts `emit --jsonl` and gives it these lines.
fn emit(home: &Home, input: String) -> Child {
    let mut command = home.soliplex();
    command
        .args(["emit", "--jsonl"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A process that is killed does not read all of it.
    thread::spawn(move || stdin.write_all(input.as_bytes()));
    child
}

fn write_at_once(rounds: usize) {
    let home = Home::new();
    for _ in 0..rounds {
        let writers: Vec<Child> = (0..WRITERS)
            .map(|writer| {
                emit(
                    &home,
                    (0..500).map(|number| record_of(writer, number)).collect(),
                )
            })
            .collect();
        for mut writer in writers {
            assert!(writer.wait().expect("it ends").success());
        }
        let stdout = home.run(&["queue", "drain"]).succeeds().stdout_text();
        let mut next = [0; WRITERS];
        for line in stdout.lines() {
            let text = message(line.as_bytes());
            let mut words = text.split(' ').map(|word| word.parse::<usize>());
            let (writer, number) = (
                words.next().unwrap().unwrap(),
                words.next().unwrap().unwrap(),
            );
            assert_eq!(next[writer], number, "writer {writer}");
            assert_eq!(
                line.len() + 1,
                line_len(writer, number),
                "{writer} {number}"
            );
            next[writer] += 1;
        }
        assert_eq!(next, [500; WRITERS]);
    }
}

/// The length of a record with the id that it is given.
fn line_len(writer: usize, number: usize) -> usize {
    let id = r#","recordId":"00000000-0000-7000-8000-000000000000""#;
    record_of(writer, number).len() + id.len()
}

#[test]
fn eight_writers_do_not_mix_their_lines() {
    write_at_once(1);
}

#[test]
#[ignore = "80,000 records take a minute; run with --ignored"]
fn eight_writers_do_not_mix_80_000_lines() {
    write_at_once(20);
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

/// Lets a process live for a moment and kills it. Whether it had come to its
/// end before.
fn kill_after(mut child: Child, pause: u64) -> bool {
    thread::sleep(Duration::from_millis(pause));
    let _ = child.kill();
    child.wait().expect("it ends").success()
}

/// Writes in rounds, each of which is killed at some moment, and returns what
/// was given with whether its process came to its end.
fn write_and_be_killed(home: &Home, writer: usize, rounds: usize) -> Vec<(String, bool)> {
    const ROUND: usize = 50;
    let mut dice = Dice(writer as u64 + 1);
    let mut given = Vec::new();
    for round in 0..rounds {
        let numbers = (round * ROUND..(round + 1) * ROUND).map(|number| (writer, number));
        let input = numbers
            .clone()
            .map(|(writer, number)| record_of(writer, number))
            .collect();
        let ended = kill_after(emit(home, input), 5 + dice.below(120));
        given.extend(numbers.map(|(writer, number)| (format!("{writer} {number}"), ended)));
    }
    given
}

/// Drains in rounds, each of which may be killed, until told to stop; returns
/// what was printed and how often it was killed.
fn drain_and_be_killed(home: &Home, out: &Path, stop: &AtomicBool) -> (Vec<String>, usize) {
    let mut dice = Dice(99);
    let (mut printed, mut kills) = (Vec::new(), 0);
    while !stop.load(Ordering::Relaxed) {
        let mut command = home.soliplex();
        command.args(["queue", "drain"]).stderr(Stdio::null());
        command.stdout(File::create(out).expect("a file"));
        let drainer = command.spawn().expect("it starts");
        kills += usize::from(!kill_after(drainer, 5 + dice.below(150)));
        printed.extend(whole_ids(&fs::read_to_string(out).expect("UTF-8")));
    }
    (printed, kills)
}

/// What the whole lines of a text are: the writer and the number of each.
fn whole_ids(text: &str) -> Vec<String> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let id = |line: &str| {
        message(line.as_bytes())
            .rsplit_once(' ')
            .map(|(id, _)| id.to_owned())
    };
    whole.lines().filter_map(id).collect()
}

fn kill_loop(rounds: usize) {
    const BATCH: usize = 1_000;
    let home = Home::new();
    let stop = AtomicBool::new(false);
    let out = home.path("drained");
    let (given, (mut printed, kills)) = thread::scope(|scope| {
        let home = &home;
        let drainer = scope.spawn(|| drain_and_be_killed(home, &out, &stop));
        let writers: Vec<_> = (0..4)
            .map(|writer| scope.spawn(move || write_and_be_killed(home, writer, rounds)))
            .collect();
        let given = writers
            .into_iter()
            .flat_map(|writer| writer.join().expect("no panic"));
        let given: BTreeMap<String, bool> = given.collect();
        stop.store(true, Ordering::Relaxed);
        (given, drainer.join().expect("no panic"))
    });
    printed.extend(whole_ids(
        &home.run(&["queue", "drain"]).succeeds().stdout_text(),
    ));
    let mut times: HashMap<&str, usize> = HashMap::new();
    for id in &printed {
        assert!(given.contains_key(id), "{id} was never given");
        *times.entry(id).or_default() += 1;
    }
    let stored = given.iter().filter(|(_, ended)| **ended).map(|(id, _)| id);
    let lost: BTreeSet<_> = stored
        .filter(|id| !times.contains_key(id.as_str()))
        .collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    let repeated = printed.len() - times.len();
    assert!(
        repeated <= BATCH * kills,
        "{repeated} repeated after {kills} kills"
    );
}

#[test]
fn writers_and_a_drainer_that_are_killed_lose_nothing() {
    kill_loop(5);
}

#[test]
#[ignore = "takes minutes; run with --ignored"]
fn writers_and_a_drainer_that_are_killed_hundreds_of_times_lose_nothing() {
    kill_loop(200);
}

#[test]
fn a_second_drainer_is_refused_and_the_lock_of_a_killed_one_is_free() {
    let home = Home::new();
    home.run_with_stdin(&["emit", "--jsonl"], lines(1_500))
        .succeeds();
    // It waits for a reader of its output, since a pipe holds 64 KiB.
    let mut first = home.soliplex();
    first.args(["queue", "drain"]).stdout(Stdio::piped());
    let mut first = first.spawn().expect("it starts");
    wait_until("the first drainer has the lock", || {
        let second = home.run(&["queue", "drain", "-n", "0"]);
        (second.get_output().status.code() == Some(1)).then(|| {
            second.says_in_one_line(&[".drain_lock", "another drainer"]);
        })
    });
    first.kill().expect("killed");
    first.wait().expect("it ends");
    let ran = home.run(&["queue", "drain", "-n", "1"]).succeeds();
    let records: Vec<Value> = json_lines(&ran.stdout_text());
    assert_eq!(records[0]["message"], "record 0");
}
