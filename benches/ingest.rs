//! How many records a second `ingest serve` stores durably, how long a request
//! waits, and how much memory that takes.
//!
//! Bodies of 100 records go over 8 connections to the release build of the
//! binary on loopback, for some seconds; every record has an id of its own, so
//! none is a duplicate. Client and server share the machine.
//!
//! `cargo bench --bench ingest [-- SECONDS]`

mod load;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How many connections send at a time.
const CONNECTIONS: usize = 8;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds = std::env::args().find_map(|arg| arg.parse().ok());
    let time = Duration::from_secs(seconds.unwrap_or(5));
    let folder = tempfile::tempdir()?;
    let store = format!("sqlite:{}", folder.path().join("ingest.db").display());
    let mut server = Command::new(env!("CARGO_BIN_EXE_soliplex"))
        .args(["ingest", "serve", "--no-auth", "--listen", "127.0.0.1:0"])
        .args(["--store", &store])
        .stderr(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let stderr = server.stderr.take().ok_or("no stderr")?;
    BufReader::new(stderr).read_line(&mut line)?;
    let url = line.trim().rsplit(' ').next().unwrap_or_default();
    let endpoint = format!("{url}/api/v1/logs");

    let started = Instant::now();
    let runtime = tokio::runtime::Runtime::new()?;
    let waits = runtime.block_on(load::send_to(&[endpoint], CONNECTIONS, time));
    let took = started.elapsed();
    let memory = peak_memory(server.id());
    server.kill()?;
    server.wait()?;

    let records = waits.len() * load::RECORDS as u64;
    let milliseconds = |quantile| waits.value_at_quantile(quantile) as f64 / 1000.0;
    writeln!(
        std::io::stdout(),
        "{:.0} records/s, p50 {:.1} ms, p99 {:.1} ms, peak memory {memory}, {records} records in {:.1} s",
        records as f64 / took.as_secs_f64(),
        milliseconds(0.5),
        milliseconds(0.99),
        took.as_secs_f64(),
    )?;
    Ok(())
}

/// The most memory that a process has had, as Linux tells it.
fn peak_memory(process: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |size| size.trim().to_owned())
}
