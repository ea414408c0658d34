//! The access log: lines that no request waits for.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::time::Duration;

use anyhow::Context as _;

use crate::ingest::AccessLog;

/// How many lines may wait for a slow disk; more are lost, and counted.
const MAX_WAITING: usize = 10_000;

/// How long the end of the server waits for the lines that are left.
const END_TIME: Duration = Duration::from_secs(1);

/// Writes lines on a thread of its own.
///
/// A line that cannot be written does not stop the log: those after it are
/// tried again, and the first that is written comes behind one that says
/// `{"lost_lines": N}`.
pub(super) struct AccessLogWriter {
    entries: SyncSender<Entry>,
    lost: Arc<AtomicU64>,
}

enum Entry {
    Line(String),
    /// Everything before this is written: drop it to say so.
    End(#[expect(dead_code, reason = "its end is the message")] SyncSender<()>),
}

impl AccessLogWriter {
    /// Opens the file, `-` being stderr.
    ///
    /// # Errors
    ///
    /// A file that cannot be appended to.
    pub(super) fn start(path: &Path) -> anyhow::Result<AccessLogWriter> {
        let output: Box<dyn Write + Send> =
            match path.to_str() {
                Some("-") => Box::new(io::stderr()),
                _ => {
                    let mut options = OpenOptions::new();
                    options.create(true).append(true);
                    let file = options.open(path);
                    Box::new(file.with_context(|| {
                        format!("cannot write the access log {}", path.display())
                    })?)
                }
            };
        let (entries, written) = mpsc::sync_channel(MAX_WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let losses = Arc::clone(&lost);
        std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || write(output, &written, &losses))?;
        Ok(AccessLogWriter { entries, lost })
    }

    /// What takes lines in, and never blocks.
    pub(super) fn log(&self) -> AccessLog {
        let entries = self.entries.clone();
        let lost = Arc::clone(&self.lost);
        Box::new(move |line| {
            if entries.try_send(Entry::Line(line)).is_err() {
                lost.fetch_add(1, Ordering::Relaxed);
            }
        })
    }

    /// Waits until every line that came in is written, but not for a disk that
    /// does not answer.
    pub(super) fn finish(self) {
        let (end, is_written) = mpsc::sync_channel(0);
        if self.entries.try_send(Entry::End(end)).is_ok() {
            let _ = is_written.recv_timeout(END_TIME);
        }
    }
}

fn write(mut output: impl Write, entries: &Receiver<Entry>, lost: &AtomicU64) {
    while let Ok(entry) = entries.recv() {
        let Entry::Line(line) = entry else {
            continue;
        };
        let missing = lost.swap(0, Ordering::Relaxed);
        let text = match missing {
            0 => format!("{line}\n"),
            _ => format!("{{\"lost_lines\":{missing}}}\n{line}\n"),
        };
        if output.write_all(text.as_bytes()).is_err() {
            lost.fetch_add(missing + 1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes nothing the first two times, as a full disk does.
    struct Full<'a>(u32, &'a mut Vec<u8>);

    impl Write for Full<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                ..=2 => Err(io::ErrorKind::StorageFull.into()),
                _ => self.1.write(bytes),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_costs_only_the_lines_that_it_did_not_take() {
        let (entries, written) = mpsc::sync_channel(8);
        for n in 1..=4 {
            entries.send(Entry::Line(format!("line {n}"))).unwrap();
        }
        drop(entries);
        let mut log = Vec::new();
        write(Full(0, &mut log), &written, &AtomicU64::new(3));
        let log = String::from_utf8(log).unwrap();
        assert_eq!(log, "{\"lost_lines\":5}\nline 3\nline 4\n");
    }
}
