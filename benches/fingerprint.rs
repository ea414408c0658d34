//! How fast errors in a file are grouped, by all processors at once.
//!
//! `cargo bench --bench fingerprint` prints error records a second and what
//! part of them a single thread would reach; `SOLIPLEX_BENCH_RECORDS` sets how
//! many records there are (half a million unless it says otherwise).
//!
//! On a virtual machine with two cores (AMD EPYC, 2.4 GHz) that others were
//! using, 2026-11-23: one core reads and groups 385,000 of these records in a
//! second of its own time, at 25,000 instructions each; both together were not
//! measured undisturbed.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use soliplex::filter::Filter;
use soliplex::fingerprint::{Groups, Occurrence};
use soliplex::record::{Envelope, Level};
use soliplex::source::{self, Event, Location, Options};

const DEFAULT_RECORDS: usize = 500_000;

/// How often each is measured; the median counts.
const ROUNDS: usize = 5;

/// How many different bugs the errors come from.
const BUGS: usize = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let records = match std::env::var("SOLIPLEX_BENCH_RECORDS") {
        Ok(text) => text.parse()?,
        Err(_) => DEFAULT_RECORDS,
    };
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("errors.jsonl");
    let bytes = write_errors(&path, records)?;
    let at_once = median(|| scanned(&path))?;
    let in_order = median(|| read(&path))?;
    let mut out = io::stdout().lock();
    let rate = |took: Duration| records as f64 / took.as_secs_f64();
    writeln!(out, "records            {records} ({bytes} bytes)")?;
    writeln!(out, "at once            {:.0} records/s", rate(at_once))?;
    writeln!(out, "in order, one by one  {:.0} records/s", rate(in_order))?;
    Ok(())
}

fn median(
    mut run: impl FnMut() -> Result<Groups, Box<dyn Error>>,
) -> Result<Duration, Box<dyn Error>> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let groups = run()?;
        times.push(start.elapsed());
        if groups.len() != BUGS {
            return Err(format!("{} groups", groups.len()).into());
        }
    }
    times.sort_unstable();
    Ok(times[ROUNDS / 2])
}

/// As `soliplex fingerprint FILE` does it.
fn scanned(path: &Path) -> Result<Groups, Box<dyn Error>> {
    let take = |groups: &mut Groups, envelope: &Envelope<'_>| {
        if let Some(occurrence) = Occurrence::of_envelope(envelope) {
            groups.add_occurrence(&occurrence);
        }
    };
    let scan = source::scan(path, &errors(), Groups::new, take)?.ok_or("no plain file")?;
    let mut groups = Groups::new();
    scan.parts.into_iter().for_each(|part| groups.merge(part));
    Ok(groups)
}

/// As any other source is read.
fn read(path: &Path) -> Result<Groups, Box<dyn Error>> {
    let mut groups = Groups::new();
    for item in source::open(&[Location::path(path)], errors())? {
        if let Event::Record(record) = item?.event {
            groups.add(&record);
        }
    }
    Ok(groups)
}

fn errors() -> Options {
    Options {
        filter: Filter {
            level: Some(Level::Error),
            ..Filter::default()
        },
        ..Options::default()
    }
}

/// Errors as an app's crashes look: a message of its own each, and a stack of
/// a dozen frames that others have too.
fn write_errors(path: &Path, records: usize) -> io::Result<u64> {
    let mut file = BufWriter::new(File::create(path)?);
    for n in 0..records {
        let bug = n * 7 % BUGS;
        let mut stack = String::new();
        for frame in 0..12 {
            stack.push_str(&format!(
                r"#{frame:<6} Room{bug}.load{frame} (package:app/rooms/room_{bug}.dart:{}:{})\n",
                frame * 17 + bug,
                frame + 3
            ));
        }
        writeln!(
            file,
            r#"{{"timestamp":"2026-02-06T{:02}:{:02}:{:02}.{:03}Z","level":"error","logger":"soliplex.http","message":"request {n} failed","attributes":{{"status":502,"attempt":{}}},"error":"SocketException: Connection refused, address = 10.0.0.{}, port = {}","stackTrace":"{stack}","installId":"install-{}","sessionId":"session-{}"}}"#,
            n / 100_000 % 24,
            n / 1_000 % 60,
            n / 20 % 60,
            n % 1_000,
            n % 4,
            n % 250,
            1_024 + n % 60_000,
            n % 300,
            n % 2_000,
        )?;
    }
    file.into_inner()?.metadata().map(|file| file.len())
}
