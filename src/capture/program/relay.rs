//! Passing streams on, byte for byte.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpid, kill_process};

use super::child::Stream;
use super::recorder::Recorder;
use super::terminal;
use super::transcript::{HOLD, Transcript};

/// How much is read at once; as much as a pipe holds.
const BUFFER_BYTES: usize = 64 << 10;

/// Reads a stream to its end, or until `stop` is closed and nothing more is
/// there, has each line recorded and then passes it on.
///
/// If nobody reads what is passed on any more, the stream is closed, which is
/// how the program would have learned of it without us. What cannot be written
/// for another reason, as to a full disk, is lost there but recorded; what comes
/// later is written again as soon as it can be.
pub(super) fn relay(
    stream: Stream,
    stop: BorrowedFd<'_>,
    transcript: &mut Transcript<'_>,
    recorder: &Recorder,
) -> StreamEnd {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut held_until: Option<Instant> = None;
    // Whether the terminal is there on which the program's output is shown.
    let mut is_shown = true;
    loop {
        let sync_due = recorder.sync_due();
        if sync_due.is_some_and(|due| due <= Instant::now()) {
            recorder.sync();
        }
        let until = held_until.into_iter().chain(sync_due).min();
        match wait(stream.source.as_fd(), stop, until) {
            Ready::Input => match rustix::io::read(&stream.source, &mut buffer[..]) {
                Ok(0) => break,
                Ok(count) => {
                    transcript.take(&buffer[..count]);
                    held_until = transcript.is_holding().then(|| Instant::now() + HOLD);
                }
                Err(Errno::INTR | Errno::AGAIN) => continue,
                // How a terminal tells that nobody has it open any more.
                Err(_) => break,
            },
            Ready::Nothing => {
                if held_until.is_some_and(|until| until <= Instant::now()) {
                    transcript.release();
                    held_until = None;
                }
            }
            Ready::Stop => break,
        }
        if is_shown && let Err(error) = write_all(&stream.target, transcript.ready()) {
            if stream.is_terminal {
                // A signal follows that tells the program.
                is_shown = false;
            } else if error.kind() == io::ErrorKind::BrokenPipe {
                transcript.finish();
                return StreamEnd::Unread;
            } else {
                recorder.note_unwritten(stream.name, &error);
            }
        }
        transcript.passed_on();
    }
    transcript.finish();
    if is_shown
        && let Err(error) = write_all(&stream.target, transcript.ready())
        // Whoever read it is gone, and so is the program.
        && !stream.is_terminal
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        recorder.note_unwritten(stream.name, &error);
    }
    StreamEnd::Read
}

/// Whether a stream was read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamEnd {
    /// Everything was passed on, as far as anybody can tell.
    Read,
    /// Whoever read what was passed on went away before.
    Unread,
}

/// Copies keys to the program's terminal until there are no more.
///
/// The key that stops a program has no effect on one that leads a session of
/// its own, as ours does. It is a wish to stop all the same: this process is
/// sent what the key would have sent.
pub(super) fn copy_keys(from: &OwnedFd, to: &OwnedFd, program: Pid) {
    let mut buffer = [0; 4096];
    loop {
        match rustix::io::read(from, &mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                // Asked before: the key also makes a shell take the terminal back
                // from the job that it stops.
                let is_stop_key = terminal::is_stop_key(to, &buffer[..count], program);
                if write_all(to, &buffer[..count]).is_err() {
                    return;
                }
                if is_stop_key {
                    let _ = kill_process(getpid(), Signal::TSTP);
                }
            }
            Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

enum Ready {
    Input,
    Nothing,
    Stop,
}

/// Waits for input, for the end of holding back, or for `stop`, which counts
/// only when there is no input.
fn wait(source: BorrowedFd<'_>, stop: BorrowedFd<'_>, until: Option<Instant>) -> Ready {
    loop {
        let mut fds = [
            PollFd::from_borrowed_fd(source, PollFlags::IN),
            PollFd::from_borrowed_fd(stop, PollFlags::IN),
        ];
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let count = match poll(&mut fds, left.and_then(timespec).as_ref()) {
            Ok(count) => count,
            Err(Errno::INTR) => continue,
            Err(_) => return Ready::Stop,
        };
        return match (count, fds[0].revents().is_empty()) {
            (0, _) => Ready::Nothing,
            (_, false) => Ready::Input,
            (_, true) => Ready::Stop,
        };
    }
}

pub(super) fn timespec(duration: Duration) -> Option<Timespec> {
    Timespec::try_from(duration).ok()
}

/// Writes all of it, also to a descriptor that somebody made non-blocking.
fn write_all(target: &OwnedFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(target, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let mut fds = [PollFd::new(target, PollFlags::OUT)];
                let _ = poll(&mut fds, None);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixDatagram, UnixStream};
    use std::sync::Arc;
    use std::thread;

    use super::super::cold_start::ColdStart;
    use super::super::transcript::Parse;
    use super::*;
    use crate::queue::MemoryQueue;
    use crate::record::{Defaults, Identity, Level};
    use crate::sanitize::Sanitizer;

    /// How long to wait for what should come at once.
    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn what_comes_once_there_is_room_again_is_written() {
        let queue = Arc::new(MemoryQueue::new(1 << 20));
        let defaults = Defaults {
            identity: Identity::default(),
            level: Level::Info,
            logger: "app".to_owned(),
        };
        let recorder = Recorder::new(queue.clone(), Sanitizer::default(), defaults);
        let cold_start = ColdStart::none();
        let mut transcript = Transcript::new(&recorder, &cold_start, "stdout", Parse::Text);
        let (program, source) = UnixStream::pair().unwrap();
        let (_running, stop) = UnixStream::pair().unwrap();
        // Nothing can be written to it until it is connected.
        let folder = tempfile::tempdir().unwrap();
        let target = UnixDatagram::unbound().unwrap();
        let reader = UnixDatagram::bind(folder.path().join("reader")).unwrap();
        reader.set_read_timeout(Some(PATIENCE)).unwrap();
        let stream = Stream {
            name: "stdout",
            source: source.into(),
            target: target.try_clone().unwrap().into(),
            is_terminal: false,
        };
        let say = |text: &str| rustix::io::write(&program, text.as_bytes()).unwrap();
        let end = thread::scope(|scope| {
            let relaying = scope.spawn(|| relay(stream, stop.as_fd(), &mut transcript, &recorder));
            say("lost\n");
            let deadline = Instant::now() + PATIENCE;
            while recorder.unwritten().is_none() && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(1));
            }
            target.connect(folder.path().join("reader")).unwrap();
            say("kept\n");
            let mut read = [0; 100];
            let received = reader.recv(&mut read);
            // Only now: what panics before would wait for the relay for ever.
            program.shutdown(std::net::Shutdown::Both).unwrap();
            let end = relaying.join().unwrap();
            assert_eq!(&read[..received.unwrap()], b"kept\n");
            end
        });
        assert_eq!(end, StreamEnd::Read);
        assert_eq!(queue.pending(), 2);
        assert!(recorder.finish().unwritten.is_some());
    }
}
