//! A program from its start to its end, with everything in between.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Instant;

use regex::Regex;
use rustix::process::Pid;
use serde_json::Value;
use signal_hook::consts::signal;

use super::child::{self, SpawnError, Spawned};
use super::cold_start::ColdStart;
use super::network::Network;
use super::recorder::Recorder;
use super::relay::{self, StreamEnd};
use super::terminal::RawMode;
use super::transcript::{LastWords, Parse, Transcript};
use super::watcher::{Signals, Watcher};
use crate::capture::session_end;
use crate::record::{Level, LogRecord, keys};

/// What to run and how to read it.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// What it gets into its environment.
    pub environment: Vec<(&'static str, String)>,
    /// How its lines are read.
    pub parse: Parse,
    /// The line that says it is ready; without one its first line does.
    pub ready: Option<Regex>,
}

impl Program {
    /// The program's name without its folder.
    pub fn name(&self) -> String {
        let path = Path::new(
            self.command
                .first()
                .map_or("".as_ref(), OsString::as_os_str),
        );
        let name = path.file_name().unwrap_or(path.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited with this code.
    Exited(i32),
    /// This signal ended it.
    Killed(i32),
}

impl Ending {
    /// The code that a shell gives for it: the program's own, or 128 and the
    /// number of the signal.
    pub fn exit_code(self) -> u8 {
        match self {
            Ending::Exited(code) => u8::try_from(code).unwrap_or(u8::MAX),
            Ending::Killed(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        }
    }
}

/// Something that happened to the program as a whole, at which what was
/// recorded had better be shipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// It is about to be stopped.
    Stopping,
    /// It goes on.
    Continued,
    /// It was told to end.
    Ending,
}

/// Is told what happens while a program runs. Whatever it does holds signals
/// up, so it should take no longer than a person waits.
pub trait Hooks: Sync {
    /// The program's life took a turn.
    fn lifecycle(&self, _: Lifecycle) {}

    /// The device is on this network, when the program starts and at every
    /// change.
    fn network(&self, _: Network) {}
}

impl Hooks for () {}

/// Why a program could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// It was not started.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// The system did not give what watching a program takes.
    #[error("cannot watch the program: {0}")]
    Watch(#[from] io::Error),
}

/// Runs a program to its end and records it: first `start`, which says on what
/// it runs, then a record for each line, a fatal one if it crashes, and last
/// one that says how it ended.
///
/// A program that ends by the signal that this process was sent and passed on
/// was asked to end, and has not crashed; neither has one that ends because
/// nobody reads what it prints any more, as in `run -- CMD | head`.
///
/// # Errors
///
/// A program that does not start, which is recorded too.
pub fn run(
    program: &Program,
    recorder: &Recorder,
    start: LogRecord,
    hooks: &dyn Hooks,
) -> Result<Ending, CaptureError> {
    recorder.record(start);
    let started = Instant::now();
    // The signals are caught before there is a child to miss them.
    let signals = Signals::catch()?;
    let spawned = match child::spawn(&program.command, &program.environment) {
        Ok(spawned) => spawned,
        Err(error) => {
            let message = error.to_string();
            recorder.record(crash(program, &message).with(keys::ERROR, message));
            recorder.record(end(started, 0).with_attribute("exit_code", error.exit_code()));
            return Err(error.into());
        }
    };
    let transcribed = transcribe(program, recorder, spawned, signals, hooks)?;
    let ending = transcribed.ending;
    if ending != Ending::Exited(0) && !transcribed.has_reason {
        recorder.record(crash_of(program, ending, transcribed.last_words));
    }
    let end = end(started, transcribed.lines);
    recorder.record(match ending {
        Ending::Exited(code) => end.with_attribute("exit_code", code),
        Ending::Killed(signal) => end.with_attribute("signal", signal_name(signal)),
    });
    Ok(ending)
}

/// What came of a program that was started.
struct Transcribed {
    ending: Ending,
    /// Whether it was asked to end, or ended since nobody reads it any more.
    has_reason: bool,
    lines: u64,
    last_words: Option<LastWords>,
}

fn transcribe(
    program: &Program,
    recorder: &Recorder,
    spawned: Spawned,
    mut signals: Signals,
    hooks: &dyn Hooks,
) -> io::Result<Transcribed> {
    let cold_start = ColdStart::new(program.ready.clone());
    let (stop, stopped) = UnixStream::pair()?;
    let raw_mode = match &spawned.terminal {
        Some(terminal) if spawned.reads_keys => {
            pass_keys_on(terminal, Pid::from_child(&spawned.child)).ok()
        }
        _ => None,
    };
    let mut watcher = Watcher::new(&spawned.child, spawned.terminal, raw_mode, recorder, hooks);
    thread::scope(|scope| {
        let reader = |stream: child::Stream| {
            let mut transcript = Transcript::new(recorder, &cold_start, stream.name, program.parse);
            let end = relay::relay(stream, stopped.as_fd(), &mut transcript, recorder);
            (transcript.lines, transcript.last_words(), end)
        };
        let readers: Vec<_> = spawned
            .streams
            .into_iter()
            .map(|stream| (stream.name, scope.spawn(move || reader(stream))))
            .collect();
        let ending = watcher.watch(&mut signals);
        // What the program left in its pipes is still read. What a daemon that
        // it leaves behind may print later is not waited for.
        drop(stop);
        let mut lines = 0;
        let mut last_words = None;
        let mut is_unread = false;
        for (name, reader) in readers {
            let Ok((count, words, end)) = reader.join() else {
                continue;
            };
            lines += count;
            is_unread |= end == StreamEnd::Unread;
            if name != "stdout" {
                last_words = words;
            }
        }
        let ending = ending?;
        let has_reason = watcher.was_asked_for(ending) || is_unread && is_broken_pipe(ending);
        Ok(Transcribed {
            ending,
            has_reason,
            lines,
            last_words,
        })
    })
}

/// Has the keys of our terminal go to the program's, for as long as the value
/// lives that is returned. The thread ends with the process: it waits for a
/// key that may never come.
fn pass_keys_on(terminal: &OwnedFd, program: Pid) -> io::Result<RawMode> {
    let keys = io::stdin().as_fd().try_clone_to_owned()?;
    let raw_mode = RawMode::enter(keys.try_clone()?)?;
    let terminal = terminal.try_clone()?;
    thread::spawn(move || relay::copy_keys(&keys, &terminal, program));
    Ok(raw_mode)
}

/// Whether a program ended as one does that nobody reads any more, or as the
/// shell says it that ran one.
fn is_broken_pipe(ending: Ending) -> bool {
    ending.exit_code() == Ending::Killed(signal::SIGPIPE).exit_code()
}

fn crash_of(program: &Program, ending: Ending, last_words: Option<LastWords>) -> LogRecord {
    let name = program.name();
    let (message, key, value) = match ending {
        Ending::Exited(code) => (
            format!("{name} exited with {code}"),
            "exit_code",
            code.into(),
        ),
        Ending::Killed(signal) => {
            let signal = signal_name(signal);
            (
                format!("{name} was killed by {signal}"),
                "signal",
                Value::from(signal),
            )
        }
    };
    let record = crash(program, &message).with_attribute(key, value);
    match last_words {
        Some(words) => {
            let record = record.with(keys::ERROR, words.error);
            match words.stack {
                Some(stack) => record.with(keys::STACK_TRACE, stack),
                None => record,
            }
        }
        None => record.with(keys::ERROR, message),
    }
}

fn crash(program: &Program, message: &str) -> LogRecord {
    LogRecord::new(Level::Fatal, &program.name(), message)
}

/// The last record of a session.
fn end(started: Instant, lines: u64) -> LogRecord {
    session_end(started.elapsed()).with_attribute("lines", lines)
}

/// A signal's name, such as `SIGKILL`, or its number.
fn signal_name(signal: i32) -> String {
    let name = signal_hook::low_level::signal_name(signal);
    name.map_or_else(|| signal.to_string(), str::to_owned)
}
