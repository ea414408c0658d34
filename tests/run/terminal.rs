//! `soliplex run` on a terminal: what it shows and which keys do what.

use std::io::{Read, Write};
use std::process::Command;

use rustix::event::{PollFd, PollFlags, poll};

use super::{child_of, foreground_of, messages, printed, state};
use crate::support::{DEADLINE, Home, wait_until};

/// A terminal with `soliplex run` on it.
struct Terminal {
    ours: pty_process::blocking::Pty,
    child: std::process::Child,
    seen: String,
}

impl Terminal {
    fn run(home: &Home, command: &[&str]) -> Terminal {
        let (ours, theirs) = pty_process::blocking::open().unwrap();
        ours.resize(pty_process::Size::new(33, 77)).unwrap();
        let child = pty_process::blocking::Command::new(env!("CARGO_BIN_EXE_soliplex"))
            .args(["run", "-q", "--"])
            .args(command)
            .env("HOME", home.path(""))
            .env("SOLIPLEX_STATE_DIR", home.path("state"))
            .env("PS1", "$ ")
            .spawn(theirs)
            .unwrap();
        Terminal {
            ours,
            child,
            seen: String::new(),
        }
    }

    /// Reads until this was shown.
    fn shows(&mut self, text: &str) {
        let mut buffer = [0; 4096];
        while !self.seen.contains(text) {
            let mut fds = [PollFd::new(&self.ours, PollFlags::IN)];
            let deadline = DEADLINE.try_into().unwrap();
            poll(&mut fds, Some(&deadline)).unwrap();
            assert!(
                !fds[0].revents().is_empty(),
                "{text:?} was not shown in {:?}",
                self.seen
            );
            let count = self.ours.read(&mut buffer).unwrap_or(0);
            assert!(count > 0, "{text:?} was not shown in {:?}", self.seen);
            self.seen
                .push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    }

    fn types(&mut self, keys: &str) {
        self.ours.write_all(keys.as_bytes()).unwrap();
    }

    fn exits(mut self) -> Option<i32> {
        wait_until("the program ends", || self.child.try_wait().unwrap()).code()
    }
}

#[test]
fn on_a_terminal_the_program_has_one_too() {
    let home = Home::new();
    let script = "test -t 0 && test -t 1 && test -t 2 && echo all three; stty size; printf 'name? '; read name; echo \"hello $name\"; exit 4";
    let mut terminal = Terminal::run(&home, &["sh", "-c", script]);
    terminal.shows("33 77");
    terminal.shows("name? ");
    terminal.types("bob\r");
    terminal.shows("hello bob");
    assert!(terminal.seen.contains("all three"), "{}", terminal.seen);
    assert_eq!(terminal.exits(), Some(4));
    let records = printed(&home);
    assert_eq!(
        messages(&records),
        ["all three", "33 77", "name? bob", "hello bob"]
    );
    assert_eq!(records[0]["attributes"]["stream"], "terminal");
}

#[test]
fn keys_that_interrupt_do_so_once() {
    let home = Home::new();
    let script = "trap 'echo interrupted; sleep 0.3; echo bye; exit 9' INT; echo up; while :; do sleep 0.05; done";
    let mut terminal = Terminal::run(&home, &["sh", "-c", script]);
    terminal.shows("up");
    terminal.types("\u{3}");
    terminal.shows("bye");
    assert_eq!(terminal.seen.matches("interrupted").count(), 1);
    assert_eq!(terminal.exits(), Some(9));
}

#[test]
fn a_terminal_that_changes_its_size_tells_the_program() {
    let home = Home::new();
    let script = "trap 'stty size; exit 0' WINCH; echo up; while :; do sleep 0.05; done";
    let mut terminal = Terminal::run(&home, &["sh", "-c", script]);
    terminal.shows("up");
    terminal
        .ours
        .resize(pty_process::Size::new(50, 120))
        .unwrap();
    terminal.shows("50 120");
    assert_eq!(terminal.exits(), Some(0));
}

#[test]
fn the_key_that_stops_stops_it_and_the_program() {
    let home = Home::new();
    let script = "echo up; while ! test -e go; do sleep 0.05; done; echo done";
    let mut terminal = Terminal::run(
        &home,
        &[
            "sh",
            "-c",
            &format!("cd {}; {script}", home.path("").display()),
        ],
    );
    terminal.shows("up");
    let run = terminal.child.id();
    let program = child_of(run);
    // The program's group is there before its terminal is its own.
    wait_until("the program has the terminal", || {
        (foreground_of(program) == Some(program)).then_some(())
    });
    terminal.types("\u{1a}");
    wait_until("both are stopped", || {
        (state(run) == Some('T') && state(program) == Some('T')).then_some(())
    });
    home.file("go", "");
    Command::new("kill")
        .args(["-CONT", &run.to_string()])
        .status()
        .unwrap();
    terminal.shows("done");
    assert_eq!(terminal.exits(), Some(0));
}

#[test]
fn a_shell_with_jobs_works_inside() {
    let home = Home::new();
    let mut terminal = Terminal::run(&home, &["bash", "--norc", "-i"]);
    terminal.shows("$ ");
    terminal.types("sleep 60\r");
    terminal.shows("sleep 60");
    let shell = child_of(terminal.child.id());
    let job = child_of(shell);
    // Until it is `sleep`, it ignores the key as its shell does.
    wait_until("the job has the terminal", || {
        let name = std::fs::read_to_string(format!("/proc/{job}/comm")).ok()?;
        (foreground_of(shell) == Some(job) && name == "sleep\n").then_some(())
    });
    terminal.types("\u{1a}");
    terminal.shows("Stopped");
    // The first `exit` may only warn that there are stopped jobs.
    terminal.types("kill -KILL %1\rexit 6\rexit 6\r");
    assert_eq!(terminal.exits(), Some(6));
}
