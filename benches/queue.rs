//! What the disk queue costs, and that it costs the same whatever the backlog:
//! appending with one writer and with eight, opening, draining and confirming
//! at 1 MB, 100 MB and 1 GB, and how long a writer waits while a large queue
//! is compacted.
//!
//! `cargo bench --bench queue` prints medians; `SOLIPLEX_BENCH_BYTES` caps the
//! largest backlog (1 GB unless it says otherwise).
//!
//! On two busy virtual cores with a virtual disk, built with `opt-level = 1`:
//!
//! | backlog | open | drain 100 | confirm |
//! | --- | --- | --- | --- |
//! | 1 MB | 0.13 to 0.16 ms | 0.14 to 0.24 ms | 1 to 32 ms |
//! | 100 MB | 0.14 to 0.15 ms | 0.20 to 0.23 ms | 6 to 31 ms |
//!
//! One writer appends 18,000 records a second, one at a time, eight append
//! 27,000 to 52,000. Confirming waits for three syncs, whose time is the
//! disk's. While 200 MB are compacted, which took 2 s, no append took longer
//! than 38 ms: one sync of what came in meanwhile.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use soliplex::queue::{Drain, Limits, LogQueue, Options, Queue};
use soliplex::record::{EncodedRecord, Level, LogRecord, keys};

type Outcome<T> = Result<T, Box<dyn Error>>;

const BACKLOGS: [u64; 3] = [1_000_000, 100_000_000, 1_000_000_000];

/// What one request holds.
const BATCH: Limits = Limits {
    records: 100,
    bytes: 900_000,
};

/// How many batches are drained and confirmed at each backlog.
const BATCHES: usize = 20;

fn main() -> Outcome<()> {
    let largest = match std::env::var("SOLIPLEX_BENCH_BYTES") {
        Ok(text) => text.parse()?,
        Err(_) => u64::MAX,
    };
    let mut out = io::stdout().lock();
    for writers in [1, 8] {
        let rate = append(writers)?;
        writeln!(
            out,
            "append, {writers} writers      {rate:>9.0} records/s, one at a time"
        )?;
    }
    writeln!(
        out,
        "\nbacklog       open     drain 100   confirm, first   confirm"
    )?;
    for backlog in BACKLOGS.into_iter().filter(|bytes| *bytes <= largest) {
        let cost = drain(backlog)?;
        writeln!(
            out,
            "{:>7} MB {:>7.2?} {:>9.2?} {:>14.2?} {:>9.2?}",
            backlog / 1_000_000,
            cost.open,
            cost.drain,
            cost.first,
            cost.confirm
        )?;
    }
    let (took, longest) = compact(largest.min(200_000_000))?;
    writeln!(
        out,
        "\ncompaction {took:.0?}, longest append meanwhile {longest:.1?}"
    )?;
    Ok(())
}

/// A queue that is never full, nor compacted unless that is asked for.
fn unbounded() -> Options {
    Options {
        max_bytes: u64::MAX,
        compact_bytes: u64::MAX,
        ..Options::default()
    }
}

fn record(number: u64) -> Outcome<EncodedRecord> {
    let message = format!("GET /api/v1/rooms/{} answered", number % 977);
    let record = LogRecord::new(Level::Info, "http", &message)
        .with_attribute("durationMs", number % 4_000)
        .with_attribute("status", 200)
        .with(keys::INSTALL_ID, "0197f0a1-0000-7000-8000-000000000001")
        .with(keys::SESSION_ID, "0197f0a1-0000-7000-8000-000000000002");
    Ok(EncodedRecord::new(record)?)
}

/// Records a second of so many writers, each with a handle of its own.
fn append(writers: usize) -> Outcome<f64> {
    const EACH: usize = 20_000;
    let folder = tempfile::tempdir()?;
    let record = record(1)?;
    let started = Instant::now();
    thread::scope(|scope| {
        let one = || -> Result<(), soliplex::queue::QueueError> {
            let queue = Queue::open(folder.path(), unbounded())?;
            (0..EACH).try_for_each(|_| queue.append(&record))
        };
        let threads: Vec<_> = (0..writers).map(|_| scope.spawn(one)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().expect("a writer does not panic"))
    })?;
    Ok((writers * EACH) as f64 / started.elapsed().as_secs_f64())
}

/// Fills a queue with about so many bytes.
fn fill(folder: &Path, bytes: u64) -> Outcome<()> {
    let file = File::create(folder.join("log_queue.jsonl"))?;
    let mut file = BufWriter::new(file);
    let mut written = 0;
    for number in 0.. {
        if written >= bytes {
            break;
        }
        let record = record(number)?;
        file.write_all(record.as_bytes())?;
        file.write_all(b"\n")?;
        written += record.as_bytes().len() as u64 + 1;
    }
    file.into_inner()?.sync_all()?;
    Ok(())
}

struct Cost {
    open: Duration,
    drain: Duration,
    first: Duration,
    confirm: Duration,
}

fn drain(backlog: u64) -> Outcome<Cost> {
    let folder = tempfile::tempdir()?;
    fill(folder.path(), backlog)?;
    // The first drainer writes the meta; what is measured finds a sound one.
    confirm_one(&mut *Queue::open(folder.path(), unbounded())?.drainer()?)?;
    let started = Instant::now();
    let mut drainer = Queue::open(folder.path(), unbounded())?.drainer()?;
    let open = started.elapsed();
    let (_, first) = confirm_one(&mut *drainer)?;
    let (mut drains, mut confirms) = (Vec::new(), Vec::new());
    for _ in 0..BATCHES {
        let (drain, confirm) = confirm_one(&mut *drainer)?;
        drains.push(drain);
        confirms.push(confirm);
    }
    Ok(Cost {
        open,
        drain: median(drains),
        first,
        confirm: median(confirms),
    })
}

/// How long reading a batch takes, and how long confirming it.
fn confirm_one(drainer: &mut dyn Drain) -> Outcome<(Duration, Duration)> {
    let started = Instant::now();
    let batch = drainer.batch(BATCH)?;
    let drained = started.elapsed();
    drainer.confirm(&batch.token())?;
    Ok((drained, started.elapsed() - drained))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// How long the confirmation takes that compacts a queue of so many bytes,
/// half of which stay, and how long an append takes at most meanwhile.
fn compact(bytes: u64) -> Outcome<(Duration, Duration)> {
    let folder = tempfile::tempdir()?;
    fill(folder.path(), bytes)?;
    let options = Options {
        compact_bytes: 1,
        ..unbounded()
    };
    let queue = Queue::open(folder.path(), options)?;
    let mut drainer = queue.drainer()?;
    let half = Limits {
        records: usize::MAX,
        bytes: (bytes / 2) as usize + 100_000,
    };
    let until = drainer.batch(half)?.token();
    let record = record(1)?;
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| -> Result<Duration, soliplex::queue::QueueError> {
            let mut longest = Duration::ZERO;
            while !done.load(Ordering::Relaxed) {
                let started = Instant::now();
                queue.append(&record)?;
                longest = longest.max(started.elapsed());
                thread::sleep(Duration::from_micros(500));
            }
            Ok(longest)
        });
        thread::sleep(Duration::from_millis(20));
        let started = Instant::now();
        let confirmed = drainer.confirm(&until);
        let took = started.elapsed();
        done.store(true, Ordering::Relaxed);
        let longest = writer.join().expect("a writer does not panic")?;
        confirmed?;
        Ok((took, longest))
    })
}
