//! How many records a second `ingest serve` stores durably, how long a request
//! waits, and how much memory that takes.
//!
//! Bodies of 100 records go over 8 connections to the release build of the
//! binary on loopback, for some seconds; every record has an id of its own, so
//! none is a duplicate. Client and server share the machine.
//!
//! `cargo bench --bench ingest [-- SECONDS]`

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// How many records a body has.
const RECORDS: usize = 100;

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
    let waits = runtime.block_on(async {
        let senders = (0..CONNECTIONS).map(|_| tokio::spawn(send(endpoint.clone(), time)));
        let mut waits = Histogram::<u64>::new(3).expect("three digits are allowed");
        for sender in futures_util::future::join_all(senders).await {
            waits += sender.expect("a sender does not panic");
        }
        waits
    });
    let took = started.elapsed();
    let memory = peak_memory(server.id());
    server.kill()?;
    server.wait()?;

    let records = waits.len() * RECORDS as u64;
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

/// Sends one body after another over one connection, and gives back how long
/// each took, in microseconds.
async fn send(endpoint: String, time: Duration) -> Histogram<u64> {
    let http = reqwest::Client::new();
    let mut waits = Histogram::new(3).expect("three digits are allowed");
    let install = uuid::Uuid::new_v4();
    let session = uuid::Uuid::new_v4();
    let started = Instant::now();
    while started.elapsed() < time {
        let body = body(install, session);
        let sent = Instant::now();
        let reply = http.post(&endpoint).body(body).send().await;
        let reply = reply.expect("the server answers");
        assert_eq!(reply.status().as_u16(), 200);
        let answer = reply.text().await.expect("a whole answer");
        assert!(answer.starts_with("{\"accepted\":100,"), "{answer}");
        waits.saturating_record(sent.elapsed().as_micros() as u64);
    }
    waits
}

/// A hundred records of some 300 bytes, as an app writes them.
fn body(install: uuid::Uuid, session: uuid::Uuid) -> String {
    let mut body = String::from("{\"logs\":[");
    for n in 0..RECORDS {
        if n > 0 {
            body.push(',');
        }
        let id = uuid::Uuid::now_v7();
        body.push_str(&format!(
            "{{\"timestamp\":\"2026-02-06T12:00:00.{n:03}Z\",\"level\":\"info\",\"logger\":\"HTTP\",\
             \"message\":\"GET /api/rooms/42 200 in {n} ms\",\"attributes\":{{\"status\":200,\"ms\":{n}}},\
             \"installId\":\"{install}\",\"sessionId\":\"{session}\",\"recordId\":\"{id}\"}}"
        ));
    }
    body.push_str("],\"resource\":{\"service.name\":\"bench\",\"service.version\":\"1.0.0\"}}");
    body
}

/// The most memory that a process has had, as Linux tells it.
fn peak_memory(process: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |size| size.trim().to_owned())
}
