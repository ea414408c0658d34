//! Ending what reads, cleanly, on Ctrl-C.

use std::io;
#[cfg(unix)]
use std::task::Poll;
use std::thread;

use anyhow::Context as _;

#[cfg(unix)]
use crate::capture::is_ignored;
use crate::source::Stop;

/// Lets the items end at the first SIGINT, SIGTERM or SIGHUP. A second one ends the
/// process at once.
pub(super) fn on_signal(stop: Stop) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot wait for signals")?;
    // They are caught from here on, not from when the thread gets its turn.
    let mut signals = {
        let _context = runtime.enter();
        Signals::new().context("cannot wait for signals")?
    };
    thread::spawn(move || {
        runtime.block_on(async {
            signals.next().await;
            stop.stop();
            signals.next().await;
            end_at_once()
        })
    });
    Ok(())
}

/// Lets the items end as soon as nobody reads stdout any more: while nothing
/// comes nothing is written, and no write can find out.
#[cfg(unix)]
pub(super) fn on_closed_stdout(stop: Stop) {
    use rustix::event::{PollFd, PollFlags, poll};
    thread::spawn(move || {
        let stdout = io::stdout();
        // Errors and hang-ups are reported without being asked for.
        let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
        while poll(&mut watched, None) == Err(rustix::io::Errno::INTR) {}
        if !watched[0].revents().is_empty() {
            stop.stop();
        }
    });
}

/// Nothing to wait for: the next write finds out.
#[cfg(not(unix))]
pub(super) fn on_closed_stdout(_: Stop) {}

/// Ends the process even if it hangs in writing to a reader that does not
/// read.
#[cfg(unix)]
fn end_at_once() -> io::Result<()> {
    use rustix::process::{Signal, getpid, kill_process};
    Ok(kill_process(getpid(), Signal::KILL)?)
}

#[cfg(not(unix))]
fn end_at_once() -> io::Result<()> {
    std::process::abort()
}

/// The signals that ask to stop.
#[cfg(unix)]
pub(super) struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    /// From here on they end nothing by themselves. A hang-up that is to be
    /// ignored, as under nohup, stays so.
    pub(super) fn new() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        if !is_ignored(SignalKind::hangup().as_raw_value()) {
            kinds.push(SignalKind::hangup());
        }
        kinds
            .into_iter()
            .map(signal)
            .collect::<Result<_, _>>()
            .map(Signals)
    }

    /// Waits for one of them.
    pub(super) async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let mut signals = self.0.iter_mut();
            match signals.any(|signal| signal.poll_recv(context).is_ready()) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn new() -> io::Result<Signals> {
        Ok(Signals)
    }

    pub(super) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
