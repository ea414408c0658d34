//! The signals between us, the program and whoever started us.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Child;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, kill_process_group, waitpid,
};
use signal_hook::consts::signal;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::origin::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};

use super::network::{Monitor, network_changed};
use super::recorder::Recorder;
use super::run::{Ending, Hooks, Lifecycle};
use super::terminal::{self, RawMode};

/// The signals that the program is to have too.
const FORWARDED: [i32; 8] = [
    signal::SIGHUP,
    signal::SIGINT,
    signal::SIGQUIT,
    signal::SIGTERM,
    signal::SIGUSR1,
    signal::SIGUSR2,
    signal::SIGTSTP,
    signal::SIGCONT,
];

/// The signals of this process, from now on caught.
pub(super) struct Signals(SignalDelivery<UnixStream, WithOrigin>);

impl Signals {
    /// Catches the signals that are of use here, but for those that are
    /// ignored: the program has to ignore them too, as under nohup.
    pub(super) fn catch() -> io::Result<Signals> {
        let caught = FORWARDED
            .into_iter()
            .filter(|signal| !is_ignored(*signal))
            .chain([signal::SIGCHLD, signal::SIGWINCH]);
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        let delivery = SignalDelivery::with_pipe(read, write, WithOrigin::default(), caught)?;
        Ok(Signals(delivery))
    }

    /// Waits for signals, or for the network to change.
    fn wait(&mut self, monitor: Option<&Monitor>) -> io::Result<Vec<Origin>> {
        let mut fds = vec![PollFd::new(self.0.get_read(), PollFlags::IN)];
        if let Some(monitor) = monitor {
            fds.push(PollFd::from_borrowed_fd(monitor.socket(), PollFlags::IN));
        }
        match poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => Ok(self.0.pending().collect()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether this process was started to ignore a signal, as nohup starts it. Not
/// where the system does not say.
pub fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // Of the bits the first is signal 1.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|ignored| ignored & (1 << (signal - 1)) != 0)
}

/// Watches over a program until it ends.
pub(super) struct Watcher<'a> {
    program: Pid,
    /// The program's own terminal, if it has one.
    terminal: Option<OwnedFd>,
    raw_mode: Option<RawMode>,
    is_stop_asked: bool,
    asked_to_end: Option<i32>,
    monitor: Option<Monitor>,
    recorder: &'a Recorder,
    hooks: &'a dyn Hooks,
}

impl<'a> Watcher<'a> {
    pub(super) fn new(
        child: &Child,
        terminal: Option<OwnedFd>,
        raw_mode: Option<RawMode>,
        recorder: &'a Recorder,
        hooks: &'a dyn Hooks,
    ) -> Watcher<'a> {
        let monitor = Monitor::start();
        if let Some(monitor) = &monitor {
            hooks.network(monitor.network());
        }
        Watcher {
            program: Pid::from_child(child),
            terminal,
            raw_mode,
            is_stop_asked: false,
            asked_to_end: None,
            monitor,
            recorder,
            hooks,
        }
    }

    /// Hands signals on until the program has ended.
    pub(super) fn watch(&mut self, signals: &mut Signals) -> io::Result<Ending> {
        loop {
            for origin in signals.wait(self.monitor.as_ref())? {
                match origin.signal {
                    signal::SIGCHLD => {
                        if let Some(ending) = self.reap()? {
                            return Ok(ending);
                        }
                    }
                    signal::SIGWINCH => self.resize(),
                    signal => self.forward(signal, origin.cause),
                }
            }
            if let Some(network) = self.monitor.as_mut().and_then(Monitor::change) {
                self.recorder.record(network_changed(network));
                self.hooks.network(network);
            }
        }
    }

    /// Whether the program ended by a signal that was meant to end it.
    pub(super) fn was_asked_for(&self, ending: Ending) -> bool {
        matches!(ending, Ending::Killed(signal) if self.asked_to_end == Some(signal))
    }

    /// Takes note of what the program has come to.
    fn reap(&mut self) -> io::Result<Option<Ending>> {
        let options = WaitOptions::NOHANG | WaitOptions::UNTRACED;
        loop {
            match waitpid(Some(self.program), options) {
                Ok(None) => return Ok(None),
                Ok(Some((_, status))) => match ending(status) {
                    Some(ending) => return Ok(Some(ending)),
                    None => self.stop_with(status.stopping_signal()),
                },
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A signal that a terminal sent has reached the program already, if it
    /// runs on the same terminal as we do.
    fn forward(&mut self, signal: i32, cause: Cause) {
        let has_it = cause == Cause::Kernel && self.terminal.is_none();
        match signal {
            signal::SIGHUP | signal::SIGINT | signal::SIGQUIT | signal::SIGTERM => {
                self.asked_to_end = Some(signal);
                self.hooks.lifecycle(Lifecycle::Ending);
            }
            signal::SIGTSTP => {
                self.is_stop_asked = true;
                // What leads a session of its own cannot be stopped gently. It goes
                // first: a child between its fork and its exec that stopped
                // before would keep it from ever stopping.
                if self.terminal.is_some() {
                    let _ = kill_process(self.program, Signal::STOP);
                    return;
                }
            }
            signal::SIGCONT => return self.send_to_all(Signal::CONT),
            _ => {}
        }
        if !has_it && let Some(signal) = Signal::from_named_raw(signal) {
            // It may have ended in the meantime; that is seen next.
            let _ = kill_process(self.program, signal);
        }
    }

    /// The program was stopped. If that was asked of us, or if the terminal
    /// did it, whoever started us is to see us stopped, and will continue us.
    fn stop_with(&mut self, signal: Option<i32>) {
        let is_terminal = matches!(signal, Some(signal::SIGTTIN | signal::SIGTTOU));
        if !std::mem::take(&mut self.is_stop_asked) && !is_terminal {
            return;
        }
        self.send_to_all(Signal::STOP);
        self.hooks.lifecycle(Lifecycle::Stopping);
        if let Some(raw_mode) = &self.raw_mode {
            raw_mode.pause();
        }
        let _ = kill_process(getpid(), Signal::STOP);
        if let Some(raw_mode) = &self.raw_mode {
            // If the terminal is gone, a signal says so.
            let _ = raw_mode.resume();
        }
        self.resize();
        self.send_to_all(Signal::CONT);
        self.hooks.lifecycle(Lifecycle::Continued);
    }

    /// The program's group, if it has one of its own, else the program.
    fn send_to_all(&self, signal: Signal) {
        // It may have ended in the meantime; that is seen next.
        let _ = match self.terminal {
            Some(_) => kill_process_group(self.program, signal),
            None => kill_process(self.program, signal),
        };
    }

    fn resize(&self) {
        if let Some(terminal) = &self.terminal {
            terminal::copy_size(io::stdout(), terminal);
        }
    }
}

fn ending(status: WaitStatus) -> Option<Ending> {
    let killed = status.terminating_signal().map(Ending::Killed);
    status.exit_status().map(Ending::Exited).or(killed)
}
