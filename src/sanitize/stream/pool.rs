//! Blocks of lines on several threads, written in their order.

use std::io::{self, Read, Write};
use std::sync::Mutex;
use std::thread;

use super::carry::{Carry, first_key};
use super::order::{Done, Order};
use super::{Block, Inline, MAX_LINE, Source, Stats, clean_block};
use crate::sanitize::Sanitizer;
use crate::sanitize::cleaner::Cleaner;

/// Buffers that were used and can be used again.
#[derive(Debug, Default)]
pub(super) struct Pool {
    buffers: Mutex<Vec<Vec<u8>>>,
}

impl Pool {
    fn get(&self) -> Vec<u8> {
        self.buffers
            .lock()
            .ok()
            .and_then(|mut buffers| buffers.pop())
            .unwrap_or_default()
    }

    pub(super) fn put(&self, buffer: Vec<u8>) {
        if let Ok(mut buffers) = self.buffers.lock() {
            buffers.push(buffer);
        }
    }
}

/// The buffers of a stream. Those that are read into keep their length, so that nothing has to be
/// filled with zeros before it is overwritten.
#[derive(Debug, Default)]
struct Pools {
    read: Pool,
    written: Pool,
}

/// Lines to clean.
pub(super) struct Job {
    block: Block,
    /// Where a private key begins first.
    key: Option<usize>,
    carry: Carry,
}

/// Goes on with a stream that one thread has begun.
pub(super) fn run<R: Read, W: Write + Send>(
    mut inline: Inline<'_>,
    source: Source,
    reader: R,
    writer: W,
    threads: usize,
) -> io::Result<Stats> {
    let pools = Pools::default();
    let order = Order::new(writer, 2 * threads + 6);
    let sanitizer = inline.sanitizer;
    inline.out.clear();
    let read = thread::scope(|scope| {
        let _unfinished = Unfinished(&order);
        let mut cleaning = Vec::new();
        for _ in 0..threads {
            let clean = || clean_blocks(sanitizer, &order, &pools);
            match thread::Builder::new().spawn_scoped(scope, clean) {
                Ok(thread) => cleaning.push(thread),
                Err(error) if cleaning.is_empty() => return Err(error),
                // Fewer do it too.
                Err(_) => break,
            }
        }
        let read = read_blocks(&mut inline, source, reader, &order, &pools);
        order.close();
        for thread in cleaning {
            // Whoever panicked has ended the stream with an error.
            let _ = thread.join();
        }
        read
    });
    // What could not be written is the reason why reading stopped.
    let written = order.finish()?;
    let mut stats = inline.stats;
    stats.findings.merge(&inline.cleaner.take_findings());
    stats.merge(&written);
    read.map(|()| stats)
}

/// Reads until the end of the input, or until the stream has failed.
fn read_blocks<R: Read, W: Write>(
    inline: &mut Inline<'_>,
    mut source: Source,
    mut reader: R,
    order: &Order<W>,
    pools: &Pools,
) -> io::Result<()> {
    // What a block leaves open is found before it is clean, so that the next need not wait.
    let mut ahead = Cleaner::new(&inline.sanitizer.engine);
    let mut submit = |source: &mut Source, length: usize, carry: &mut Carry| -> bool {
        let lines = &source.pending()[..length];
        let key = first_key(lines);
        let before = carry.clone();
        *carry = before.after(&mut ahead, lines, key);
        order.submit(Job {
            block: source.take_buffer(length, pools.read.get()),
            key,
            carry: before,
        })
    };
    loop {
        inline.long_line(&mut source, false);
        if !pass(inline, order, pools) {
            return Ok(());
        }
        let length = source.whole_lines();
        if length > 0 && !submit(&mut source, length, &mut inline.carry) {
            return Ok(());
        }
        if source.pending().len() > MAX_LINE {
            continue;
        }
        if source.fill(&mut reader)? == 0 {
            break;
        }
    }
    inline.long_line(&mut source, true);
    if pass(inline, order, pools) {
        let rest = source.pending().len();
        if rest > 0 {
            submit(&mut source, rest, &mut inline.carry);
        }
    }
    Ok(())
}

/// Puts what the calling thread has cleaned in its place among the blocks.
fn pass<W: Write>(inline: &mut Inline<'_>, order: &Order<W>, pools: &Pools) -> bool {
    if inline.out.is_empty() {
        return true;
    }
    let mut spare = pools.written.get();
    spare.clear();
    let done = Done {
        out: std::mem::replace(&mut inline.out, spare),
        stats: Stats::default(),
    };
    order.pass(done, &pools.written)
}

/// Cleans blocks until there are no more.
fn clean_blocks<W: Write>(sanitizer: &Sanitizer, order: &Order<W>, pools: &Pools) {
    let _unfinished = Unfinished(order);
    let mut cleaner = Cleaner::new(&sanitizer.engine);
    while let Some((number, job)) = order.next() {
        let Job {
            block: Block { buffer, range },
            key,
            mut carry,
        } = job;
        let mut out = pools.written.get();
        out.clear();
        let block = &buffer[range];
        let stats = clean_block(&mut cleaner, &mut carry, block, key, 0, &mut out, None);
        pools.read.put(buffer);
        order.deliver(number, Done { out, stats }, &pools.written);
    }
}

/// Ends the stream when a thread panics, so that nobody waits for what it would have done.
struct Unfinished<'o, W: Write>(&'o Order<W>);

impl<W: Write> Drop for Unfinished<'_, W> {
    fn drop(&mut self) {
        if thread::panicking() {
            let reason = "a sanitizing thread stopped before its lines were clean";
            self.0.fail(io::Error::other(reason));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Write};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread;
    use std::time::Duration;

    use super::{Order, Unfinished};
    use crate::sanitize::{Sanitizer, StreamOptions, sanitize_stream};

    const OPTIONS: StreamOptions = StreamOptions { threads: 4 };

    /// Lines that take the threads unequally long: every block has another share of findings.
    fn lines(count: usize) -> Vec<u8> {
        let mut lines = Vec::new();
        for i in 0..count {
            let filler = "x".repeat(i * 7 % 90);
            let line = match i / 1500 % 3 {
                0 => format!("{i} a line without anything {filler}\n"),
                1 => {
                    format!("{{\"n\":{i},\"message\":\"mail to user{i}@example.com {filler}\"}}\n")
                }
                _ => format!(
                    "{i} password=hunter-{i} from 10.0.27.{} {filler}\n",
                    i % 256
                ),
            };
            lines.extend_from_slice(line.as_bytes());
        }
        lines
    }

    fn cleaned(lines: &[u8]) -> Vec<u8> {
        let sanitizer = Sanitizer::default();
        let mut out = Vec::new();
        for line in lines.split_inclusive(|b| *b == b'\n') {
            let (newline, line) = line.split_last().expect("it has a newline");
            out.extend_from_slice(&sanitizer.sanitize_line(line));
            out.push(*newline);
        }
        out
    }

    #[test]
    fn what_many_threads_clean_comes_out_in_the_order_of_the_input() {
        let lines = lines(60_000);
        let mut out = Vec::new();
        let stats = sanitize_stream(&Sanitizer::default(), &lines[..], &mut out, &OPTIONS);
        assert_eq!(stats.expect("memory can be read and written").lines, 60_000);
        assert!(
            out == cleaned(&lines),
            "the lines differ or are out of order"
        );
    }

    /// Gives what it has, then waits for a word before it says that this was all.
    struct Pausing<'l>(&'l [u8], Receiver<()>);

    impl Read for Pausing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                self.1
                    .recv_timeout(Duration::from_secs(60))
                    .map_err(io::Error::other)?;
            }
            self.0.read(buffer)
        }
    }

    /// Says the word when it was flushed with everything in it.
    struct Watched(usize, Sender<()>);

    impl Write for Watched {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 -= bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            if self.0 == 0 {
                // Nobody listens any more when it was said before.
                let _ = self.1.send(());
            }
            Ok(())
        }
    }

    #[test]
    fn clean_lines_are_not_held_back_while_the_input_pauses() {
        let lines = lines(20_000);
        let (say, hear) = channel();
        let writer = Watched(cleaned(&lines).len(), say);
        sanitize_stream(
            &Sanitizer::default(),
            Pausing(&lines, hear),
            writer,
            &OPTIONS,
        )
        .expect("everything is written before the input ends");
    }

    /// Takes so many bytes and no more.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_cannot_be_written_ends_an_endless_stream() {
        let input = io::repeat(b'\n');
        let error = sanitize_stream(&Sanitizer::default(), input, Full(4_000_000), &OPTIONS)
            .expect_err("the writer is full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    /// Gives so many bytes, then has a bug.
    struct Panicking<'l>(&'l [u8]);

    impl Read for Panicking<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert!(!self.0.is_empty(), "a bug in a reader");
            self.0.read(buffer)
        }
    }

    #[test]
    fn a_reader_that_panics_leaves_no_thread_waiting() {
        let lines = lines(20_000);
        let read = || {
            let sanitizer = Sanitizer::default();
            sanitize_stream(&sanitizer, Panicking(&lines), io::sink(), &OPTIONS)
        };
        assert!(thread::scope(|scope| scope.spawn(read).join()).is_err());
    }

    #[test]
    fn a_thread_that_panics_ends_the_stream_with_an_error() {
        let order = Order::new(Vec::new(), 2);
        thread::scope(|scope| {
            let panics = scope.spawn(|| {
                let _unfinished = Unfinished(&order);
                panic!("a bug in a detector");
            });
            assert!(panics.join().is_err());
        });
        assert!(order.next().is_none(), "no thread goes on");
        let error = order.finish().expect_err("the stream has failed");
        assert!(error.to_string().contains("a sanitizing thread stopped"));
    }
}
