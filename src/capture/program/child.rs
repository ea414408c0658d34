//! Starting the program with its streams in our hands.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};

use super::terminal;

/// Why a program was not started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {program}: {source}; {next}", next = next_step(.source))]
pub struct SpawnError {
    /// The program.
    pub program: String,
    /// What the system said.
    pub source: io::Error,
}

/// What somebody whose program was not started should look at.
fn next_step(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "is it installed, and on the PATH or named with its folder?",
        io::ErrorKind::PermissionDenied => "is it a program, and may it be run (chmod +x)?",
        _ => "is it a program for this machine, or a script that begins with #! and its shell?",
    }
}

impl SpawnError {
    /// The exit code that shells give: 127 for a program that is not there,
    /// 126 for one that is there and cannot be run.
    pub fn exit_code(&self) -> u8 {
        match self.source.kind() {
            io::ErrorKind::NotFound => 127,
            _ => 126,
        }
    }
}

/// A program that runs, and what it prints to.
pub(super) struct Spawned {
    pub(super) child: Child,
    pub(super) streams: Vec<Stream>,
    /// The program's terminal, if it was given one.
    pub(super) terminal: Option<OwnedFd>,
    /// Whether our own terminal's keys go to the program's.
    pub(super) reads_keys: bool,
}

/// What a program prints to one of its streams.
pub(super) struct Stream {
    /// What it is called in records.
    pub(super) name: &'static str,
    pub(super) source: OwnedFd,
    pub(super) target: OwnedFd,
    /// Whether the program sees a terminal here.
    pub(super) is_terminal: bool,
}

/// Starts a program.
///
/// If our stdout is a terminal the program gets one of its own, so that it
/// prints and reads keys as it would without us. Streams of ours that are no
/// terminal stay as they are: stdin is inherited, stdout and stderr are pipes.
pub(super) fn spawn(
    command: &[OsString],
    environment: &[(&'static str, String)],
) -> Result<Spawned, SpawnError> {
    let program = command.first().cloned().unwrap_or_default();
    let start = || match io::stdout().is_terminal() {
        true => on_terminal(command, environment),
        false => on_pipes(command, environment),
    };
    start().map_err(|source| SpawnError {
        program: program.to_string_lossy().into_owned(),
        source,
    })
}

fn on_pipes(command: &[OsString], environment: &[(&'static str, String)]) -> io::Result<Spawned> {
    let (program, args) = command.split_first().ok_or(io::ErrorKind::NotFound)?;
    let mut child = Command::new(program)
        .args(args)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::inherit())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut streams = Vec::new();
    if let Some(pipe) = child.stdout.take() {
        streams.push(stream("stdout", pipe.into(), io::stdout())?);
    }
    if let Some(pipe) = child.stderr.take() {
        streams.push(stream("stderr", pipe.into(), io::stderr())?);
    }
    Ok(Spawned {
        child,
        streams,
        terminal: None,
        reads_keys: false,
    })
}

fn on_terminal(
    command: &[OsString],
    environment: &[(&'static str, String)],
) -> io::Result<Spawned> {
    let (program, args) = command.split_first().ok_or(io::ErrorKind::NotFound)?;
    let (ours, theirs) = pty_process::blocking::open().map_err(into_io)?;
    let ours: OwnedFd = ours.into();
    let reads_keys = io::stdin().is_terminal();
    terminal::copy_settings(io::stdout(), &ours);
    terminal::copy_size(io::stdout(), &ours);
    let mut command = pty_process::blocking::Command::new(program)
        .args(args)
        .envs(environment.iter().map(|(name, value)| (name, value)));
    if !reads_keys {
        command = command.stdin(Stdio::inherit());
    }
    let has_pipe = !io::stderr().is_terminal();
    if has_pipe {
        command = command.stderr(Stdio::piped());
    }
    let mut child = command.spawn(theirs).map_err(into_io)?;
    let mut streams = vec![stream("terminal", ours.try_clone()?, io::stdout())?];
    if let Some(pipe) = child.stderr.take() {
        streams.push(stream("stderr", pipe.into(), io::stderr())?);
    }
    Ok(Spawned {
        child,
        streams,
        terminal: Some(ours),
        reads_keys,
    })
}

fn stream(name: &'static str, source: OwnedFd, target: impl AsFd) -> io::Result<Stream> {
    let target = target.as_fd().try_clone_to_owned()?;
    Ok(Stream {
        name,
        source,
        target,
        is_terminal: name == "terminal",
    })
}

fn into_io(error: pty_process::Error) -> io::Error {
    match error {
        pty_process::Error::Io(error) => error,
        pty_process::Error::Rustix(error) => error.into(),
    }
}
