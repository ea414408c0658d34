//! How many records a second `ingest serve` stores durably, how long a request
//! waits, and how much memory that takes: on an empty store, with many records
//! stored, and while 100 readers follow.
//!
//! Bodies of 100 records go over 8 connections to the binary on loopback, for
//! some seconds each time; every record has an id of its own, so none is a
//! duplicate. Clients and server share the machine. With `wrk` on the `PATH`,
//! it sends the same once more, with less work of its own.
//!
//! `cargo bench --bench ingest [-- SECONDS [STORED]]`, 5 seconds and 1,000,000
//! records unless it says otherwise; with 10000000 the store grows to 4 GB or so
//! before it is asked for.

mod load;

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::runtime::Runtime;

/// How many connections send at a time.
const CONNECTIONS: usize = 8;

/// How many readers follow, and how many bodies a second are sent to them.
const READERS: usize = 100;
const BODIES_A_SECOND: u64 = 20;

/// After how long without a record a reader takes it that all have come.
const SILENCE: Duration = Duration::from_secs(4);

fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().filter_map(|arg| arg.parse::<u64>().ok());
    let time = Duration::from_secs(numbers.next().unwrap_or(5));
    let stored = numbers.next().unwrap_or(1_000_000);
    let folder = tempfile::tempdir()?;
    let mut server = Server::start(&folder.path().join("ingest.db"))?;
    let runtime = Runtime::new()?;

    server.measure(&runtime, time, "empty store")?;
    for mark in [stored / 10, stored] {
        while server.records < mark {
            server.send(&runtime, Duration::from_secs(1))?;
        }
        let name = format!("{} stored", server.records);
        server.measure(&runtime, time, &name)?;
    }
    server.measure_with_wrk(time)?;
    server.measure_readers(&runtime, time)?;
    Ok(())
}

/// The server under load; it is killed in the end.
struct Server {
    process: Child,
    url: String,
    store: std::path::PathBuf,
    /// How many records were sent so far.
    records: u64,
}

impl Server {
    fn start(store: &Path) -> Result<Server, Box<dyn Error>> {
        let mut process = Command::new(env!("CARGO_BIN_EXE_soliplex"))
            .args(["ingest", "serve", "--no-auth", "--listen", "127.0.0.1:0"])
            .args(["--store", &format!("sqlite:{}", store.display())])
            .stderr(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stderr = process.stderr.take().ok_or("no stderr")?;
        let mut stderr = BufReader::new(stderr);
        stderr.read_line(&mut line)?;
        // Whatever else it says must not block it.
        std::thread::spawn(move || stderr.lines().for_each(drop));
        let url = line.trim().rsplit(' ').next().unwrap_or_default();
        Ok(Server {
            url: url.to_owned(),
            process,
            store: store.to_owned(),
            records: 0,
        })
    }

    fn endpoint(&self) -> String {
        format!("{}/api/v1/logs", self.url)
    }

    /// Sends for some time; says how long each request took, in microseconds.
    fn send(
        &mut self,
        runtime: &Runtime,
        time: Duration,
    ) -> Result<Histogram<u64>, Box<dyn Error>> {
        let endpoints = [self.endpoint()];
        let sent = load::send_to(&endpoints, CONNECTIONS, time);
        let waits = runtime.block_on(sent);
        self.records += waits.len() * load::RECORDS as u64;
        Ok(waits)
    }

    fn measure(
        &mut self,
        runtime: &Runtime,
        time: Duration,
        name: &str,
    ) -> Result<(), Box<dyn Error>> {
        self.forget_peak();
        let started = Instant::now();
        let waits = self.send(runtime, time)?;
        let took = started.elapsed();
        let records = waits.len() * load::RECORDS as u64;
        let rate = records as f64 / took.as_secs_f64();
        self.tell(
            name,
            &format!("{rate:.0} records/s, {}", percentiles(&waits)),
        )
    }

    fn measure_with_wrk(&mut self, time: Duration) -> Result<(), Box<dyn Error>> {
        self.forget_peak();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/load/post.lua");
        let ran = Command::new("wrk")
            .args(["-t", "2", "-c", &CONNECTIONS.to_string()])
            .args(["-d", &format!("{}s", time.as_secs()), "-s"])
            .arg(script)
            .arg(self.endpoint())
            .output();
        let Ok(ran) = ran else {
            writeln!(
                std::io::stdout(),
                "{:24} there is no wrk to send with",
                "wrk"
            )?;
            return Ok(());
        };
        let text = String::from_utf8_lossy(&ran.stdout);
        let result = text.lines().last().unwrap_or_default().to_owned();
        self.tell("wrk", &result)
    }

    /// Sends at a steady pace while readers follow, and says how far behind
    /// they are: from the server's clock on a record to its arrival.
    fn measure_readers(&mut self, runtime: &Runtime, time: Duration) -> Result<(), Box<dyn Error>> {
        self.forget_peak();
        let url = format!("{}/stream", self.endpoint());
        let (waits, heard) = runtime.block_on(async {
            let http = reqwest::Client::new();
            let mut readers = Vec::new();
            for _ in 0..READERS {
                let reply = http.get(&url).send().await?;
                readers.push(tokio::spawn(follow(reply)));
            }
            let waits = load::send_steadily(&self.endpoint(), BODIES_A_SECOND, time).await;
            let mut heard = Heard::default();
            for reader in readers {
                heard.add(&reader.await.expect("no reader panics"));
            }
            Ok::<_, reqwest::Error>((waits, heard))
        })?;
        let sent = waits.len() * (load::RECORDS * READERS) as u64;
        let name = format!("{READERS} readers");
        let result = format!(
            "{} records/s to each, {} events, {} missed, {} gaps, behind by p50 {} ms, p99 {} ms; sent: {}",
            BODIES_A_SECOND * load::RECORDS as u64,
            heard.events,
            sent.saturating_sub(heard.events),
            heard.gaps,
            heard.lags.value_at_quantile(0.5),
            heard.lags.value_at_quantile(0.99),
            percentiles(&waits),
        );
        self.tell(&name, &result)
    }

    fn tell(&self, name: &str, result: &str) -> Result<(), Box<dyn Error>> {
        let memory = peak_memory(self.process.id());
        let size = std::fs::metadata(&self.store)?.len() / 1_000_000;
        writeln!(
            std::io::stdout(),
            "{name:24} {result}, peak memory {memory}, store {size} MB"
        )?;
        Ok(())
    }

    /// Has the peak of memory counted from now on.
    fn forget_peak(&self) {
        // Where that is not so, it is the peak of all so far.
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.process.id()), "5");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a reader has heard.
struct Heard {
    events: u64,
    gaps: u64,
    /// How far behind the server's clock it was, in milliseconds.
    lags: Histogram<u64>,
}

impl Default for Heard {
    fn default() -> Heard {
        Heard {
            events: 0,
            gaps: 0,
            lags: Histogram::new(3).expect("three digits are allowed"),
        }
    }
}

impl Heard {
    fn add(&mut self, other: &Heard) {
        self.events += other.events;
        self.gaps += other.gaps;
        self.lags += &other.lags;
    }
}

/// Reads a stream until nothing has come for some seconds.
async fn follow(mut stream: reqwest::Response) -> Heard {
    let mut heard = Heard::default();
    let mut text = Vec::new();
    while let Ok(Ok(Some(chunk))) = tokio::time::timeout(SILENCE, stream.chunk()).await {
        text.extend_from_slice(&chunk);
        let Some(end) = memchr::memmem::rfind(&text, b"\n\n") else {
            continue;
        };
        let whole = &text[..end];
        let count = |needle: &[u8]| memchr::memmem::find_iter(whole, needle).count() as u64;
        heard.events += count(b"event: record\n");
        heard.gaps += count(b"event: gap\n");
        if let Some(lag) = lag(whole) {
            heard.lags.saturating_record(lag);
        }
        text.drain(..end);
    }
    heard
}

/// How long ago the last record of a text came in.
fn lag(text: &[u8]) -> Option<u64> {
    const KEY: &[u8] = b"\"server_received_at\":\"";
    let start = memchr::memmem::rfind(text, KEY)? + KEY.len();
    let time = std::str::from_utf8(text.get(start..start + 24)?).ok()?;
    let time = chrono::DateTime::parse_from_rfc3339(time).ok()?;
    let lag = chrono::Utc::now().signed_duration_since(time);
    u64::try_from(lag.num_milliseconds().max(0)).ok()
}

fn percentiles(waits: &Histogram<u64>) -> String {
    let milliseconds = |quantile| waits.value_at_quantile(quantile) as f64 / 1000.0;
    format!(
        "p50 {:.1} ms, p99 {:.1} ms",
        milliseconds(0.5),
        milliseconds(0.99)
    )
}

/// The most memory that a process has had, as Linux tells it.
fn peak_memory(process: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |size| size.trim().to_owned())
}
