//! How fast `soliplex sanitize` is, beside ripgrep with four patterns and on the same file.
//!
//! ```text
//! cargo bench --bench sanitize                    # 1,000,000 records
//! cargo bench --bench sanitize -- --records 50000
//! cargo bench --bench sanitize -- --long          # also one line of 1 GB
//! cargo bench --bench sanitize -- --write FILE    # only writes the corpus
//! ```
//!
//! Measured on a quiet machine with two cores, 2026-11-28, median of five: 0.26 s for the sanitizer,
//! spread over both cores, and 0.83 s for ripgrep on one. That is a ratio of 0.31; the goal is 0.33.
#![allow(clippy::print_stdout)] // A benchmark prints what it measured.

mod corpus;

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const SEED: u64 = 4;
const RUNS: usize = 5;

/// What the plan for the app redacts by pattern: email, SSN, bearer token, IPv4.
const FOUR_PATTERNS: &str = concat!(
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
    r"|\b\d{3}-\d{2}-\d{4}\b",
    r"|Bearer\s+[A-Za-z0-9._~+/-]+=*",
    r"|\b(?:\d{1,3}\.){3}\d{1,3}\b",
);

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        let at = args.iter().position(|arg| arg == name)?;
        args.get(at + 1)
    };
    let records: u32 = value("--records").map_or(Ok(1_000_000), |text| text.parse())?;
    if let Some(path) = value("--write") {
        return Ok(write(Path::new(path), records, 3)?);
    }
    let folder = tempfile::tempdir()?;
    for (name, every) in [("a third redacted", 3), ("every line redacted", 1)] {
        let file = folder.path().join("corpus.jsonl");
        write(&file, records, every)?;
        let size = fs::metadata(&file)?.len();
        println!("{name}: {records} records, {} MB", size / 1_000_000);
        let ours = measure("soliplex sanitize", size, records, || sanitize(&file))?;
        if Command::new("rg").arg("--version").output().is_err() {
            println!("  rg is not installed: nothing to compare with");
            continue;
        }
        let theirs = measure("rg, four patterns", size, records, || ripgrep(&file))?;
        println!("  ratio {:.2}", ours.as_secs_f64() / theirs.as_secs_f64());
    }
    if args.iter().any(|arg| arg == "--long") {
        long_line()?;
    }
    Ok(())
}

fn write(path: &Path, records: u32, every: u32) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    corpus::write(&mut out, SEED, records, every)?;
    out.flush()
}

fn sanitize(file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_soliplex"));
    command.arg("sanitize").arg(file);
    command
}

fn ripgrep(file: &Path) -> Command {
    let mut command = Command::new("rg");
    command
        .args([
            "--no-config",
            "--passthru",
            "-N",
            "-r",
            "[REDACTED]",
            FOUR_PATTERNS,
        ])
        .arg(file);
    command
}

/// Runs a command a few times, with its output thrown away, and says the median.
fn measure(
    name: &str,
    size: u64,
    records: u32,
    command: impl Fn() -> Command,
) -> io::Result<Duration> {
    let mut times = Vec::with_capacity(RUNS);
    let mut peak = 0;
    for _ in 0..RUNS {
        let start = Instant::now();
        let mut child = command().stdout(Stdio::null()).spawn()?;
        peak = peak.max(wait(&mut child)?);
        times.push(start.elapsed());
    }
    times.sort();
    let median = times[RUNS / 2];
    let seconds = median.as_secs_f64();
    println!(
        "  {name:<18} {seconds:6.2} s  {:5.0} MB/s  {:9.0} lines/s  {:4} MB of memory  (best {:.2} s)",
        size as f64 / 1e6 / seconds,
        f64::from(records) / seconds,
        peak / 1024,
        times[0].as_secs_f64(),
    );
    Ok(median)
}

/// Waits for a command. Returns its peak of memory in KiB.
fn wait(child: &mut Child) -> io::Result<u64> {
    let mut peak = 0;
    loop {
        peak = peak_memory(child.id()).max(peak);
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(peak),
            Some(status) => {
                return Err(io::Error::other(format!("the command ended with {status}")));
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// The peak of a process's memory in KiB, where the system tells; 0 elsewhere.
fn peak_memory(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// One line of 1 GB through a pipe.
fn long_line() -> Result<(), Box<dyn Error>> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_soliplex"))
        .arg("sanitize")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or("no pipe")?;
    let writer = thread::spawn(move || -> io::Result<()> {
        let piece = b"a word, a mail to bob@example.com, a number 42; ".repeat(1 << 14);
        for _ in 0..(1 << 30) / piece.len() {
            stdin.write_all(&piece)?;
        }
        Ok(())
    });
    let start = Instant::now();
    let peak = wait(&mut child)?;
    writer.join().map_err(|_| "the writer panicked")??;
    println!(
        "one line of 1 GB: {:.2} s, {} MB of memory",
        start.elapsed().as_secs_f64(),
        peak / 1024
    );
    Ok(())
}
