//! The terminal that a program is run on, if there is one.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::process::Pid;
use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};

/// The terminal on stdin in raw mode: each key goes to the program's own
/// terminal, which then does what a terminal does. Given back when dropped.
pub(super) struct RawMode {
    terminal: OwnedFd,
    before: Termios,
}

impl RawMode {
    /// Switches the terminal to raw mode.
    pub(super) fn enter(terminal: OwnedFd) -> io::Result<RawMode> {
        let before = termios::tcgetattr(&terminal)?;
        let mode = RawMode { terminal, before };
        mode.resume()?;
        Ok(mode)
    }

    /// Switches to raw mode again after a pause.
    pub(super) fn resume(&self) -> io::Result<()> {
        let mut raw = self.before.clone();
        raw.make_raw();
        Ok(termios::tcsetattr(
            &self.terminal,
            OptionalActions::Now,
            &raw,
        )?)
    }

    /// Gives the terminal back as it was. A terminal that is gone needs none.
    pub(super) fn pause(&self) {
        let _ = termios::tcsetattr(&self.terminal, OptionalActions::Drain, &self.before);
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        self.pause();
    }
}

/// Whether keys have one among them that asks the program itself, and none
/// that it started in the foreground, to stop.
pub(super) fn is_stop_key(terminal: &OwnedFd, keys: &[u8], program: Pid) -> bool {
    let Ok(settings) = termios::tcgetattr(terminal) else {
        return false;
    };
    let key = settings.special_codes[SpecialCodeIndex::VSUSP];
    settings.local_modes.contains(LocalModes::ISIG)
        && key != 0
        && keys.contains(&key)
        && termios::tcgetpgrp(terminal).is_ok_and(|group| group == program)
}

/// Gives a terminal the size of another. One without a size leaves it as it is.
pub(super) fn copy_size(from: impl AsFd, to: impl AsFd) {
    if let Ok(size) = termios::tcgetwinsize(from) {
        let _ = termios::tcsetwinsize(to, size);
    }
}

/// Gives a terminal the settings of another, such as which key erases.
pub(super) fn copy_settings(from: impl AsFd, to: impl AsFd) {
    if let Ok(settings) = termios::tcgetattr(from) {
        let _ = termios::tcsetattr(to, OptionalActions::Now, &settings);
    }
}
