//! Blocks of lines on several threads, written in their order.

use std::io::{self, Read, Write};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;

use super::carry::{Carry, first_key};
use super::{Block, Inline, MAX_LINE, Source, Stats, clean_block};
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

    fn put(&self, buffer: Vec<u8>) {
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
struct Job {
    block: Block,
    /// Where a private key begins first.
    key: Option<usize>,
    carry: Carry,
    reply: SyncSender<Done>,
}

/// Lines that are clean.
struct Done {
    out: Vec<u8>,
    stats: Stats,
}

/// Goes on with a stream that one thread has begun.
pub(super) fn run<R: Read, W: Write + Send>(
    mut inline: Inline<'_>,
    mut source: Source,
    mut reader: R,
    writer: W,
    threads: usize,
) -> io::Result<Stats> {
    let pools = Pools::default();
    let sanitizer = inline.sanitizer;
    let (jobs, job_queue) = sync_channel::<Job>(threads);
    let job_queue = Mutex::new(job_queue);
    let (results, result_queue) = sync_channel::<Receiver<Done>>(threads * 2);
    inline.out.clear();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut cleaner = Cleaner::new(&sanitizer.engine);
                while let Some(job) = next(&job_queue) {
                    work(&mut cleaner, &pools, job);
                }
            });
        }
        let written = scope.spawn(|| write_in_order(result_queue, writer, &pools.written));
        let read = (|| {
            // What a block leaves open is found before it is clean, so that the next need not wait.
            let mut ahead = Cleaner::new(&sanitizer.engine);
            let mut send = |source: &mut Source, length: usize, carry: &mut Carry| -> bool {
                let lines = &source.pending()[..length];
                let key = first_key(lines);
                let before = carry.clone();
                *carry = before.after(&mut ahead, lines, key);
                let block = source.take_buffer(length, pools.read.get());
                let (reply, result) = sync_channel(1);
                jobs.send(Job {
                    block,
                    key,
                    carry: before,
                    reply,
                })
                .is_ok()
                    && results.send(result).is_ok()
            };
            loop {
                inline.long_line(&mut source, false);
                if !ready(&mut inline, &pools.written, &results) {
                    return Ok(());
                }
                let length = source.whole_lines();
                if length > 0 && !send(&mut source, length, &mut inline.carry) {
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
            if ready(&mut inline, &pools.written, &results) {
                let rest = source.pending().len();
                if rest > 0 {
                    send(&mut source, rest, &mut inline.carry);
                }
            }
            Ok(())
        })();
        drop(jobs);
        drop(results);
        let written = written
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the writer thread panicked")));
        let mut stats = inline.stats;
        stats.findings.merge(&inline.cleaner.take_findings());
        // What could not be written is the reason why reading stopped.
        stats.merge(&written?);
        read.map(|()| stats)
    })
}

fn next(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    jobs.lock().ok()?.recv().ok()
}

fn work(cleaner: &mut Cleaner<'_>, pools: &Pools, job: Job) {
    let Job {
        block: Block { buffer, range },
        key,
        mut carry,
        reply,
    } = job;
    let mut out = pools.written.get();
    out.clear();
    let stats = clean_block(cleaner, &mut carry, &buffer[range], key, 0, &mut out, None);
    pools.read.put(buffer);
    // A writer that has failed takes no more results.
    let _ = reply.send(Done { out, stats });
}

/// Puts what the calling thread has cleaned in its place among the results.
fn ready(inline: &mut Inline<'_>, pool: &Pool, results: &SyncSender<Receiver<Done>>) -> bool {
    if inline.out.is_empty() {
        return true;
    }
    let (reply, result) = sync_channel(1);
    let mut spare = pool.get();
    spare.clear();
    let out = std::mem::replace(&mut inline.out, spare);
    reply
        .send(Done {
            out,
            stats: Stats::default(),
        })
        .is_ok()
        && results.send(result).is_ok()
}

/// Writes results in the order of their blocks, and flushes when there is nothing to write.
fn write_in_order<W: Write>(
    results: Receiver<Receiver<Done>>,
    mut writer: W,
    pool: &Pool,
) -> io::Result<Stats> {
    let mut stats = Stats::default();
    loop {
        let result = match results.try_recv() {
            Ok(result) => result,
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {
                writer.flush()?;
                match results.recv() {
                    Ok(result) => result,
                    Err(_) => break,
                }
            }
        };
        let Ok(done) = result.recv() else {
            return Err(io::Error::other(
                "a sanitizing thread stopped before its lines were clean",
            ));
        };
        stats.merge(&done.stats);
        writer.write_all(&done.out)?;
        pool.put(done.out);
    }
    writer.flush()?;
    Ok(stats)
}
