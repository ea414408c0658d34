//! How many records a second one, two and three servers of a fleet store, each
//! on three of NATS' servers with three replicas, against one server on SQLite
//! in the same run.
//!
//! Everything runs on this machine, on loopback: clients, servers and NATS
//! share its processors and its disk, so that more servers show what sharing
//! the store costs, and not what more machines would bring. The rounds take
//! turns, and the best of each counts. Takes `nats-server` on the `PATH`.
//!
//! `cargo bench --bench fleet [-- SECONDS]`

mod load;

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hdrhistogram::Histogram;

/// How many connections send at a time.
const CONNECTIONS: usize = 12;

/// How often each is measured.
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().find_map(|arg| arg.parse().ok());
    let time = Duration::from_secs(seconds.unwrap_or(4));
    if Command::new("nats-server")
        .arg("--version")
        .output()
        .is_err()
    {
        writeln!(std::io::stdout(), "there is no nats-server to measure with")?;
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let (store, _nats) = nats(folder.path())?;
    let sqlite = format!("sqlite:{}", folder.path().join("ingest.db").display());
    let mut contenders = vec![Contender::new("1 server on SQLite", &sqlite, 1)?];
    for servers in 1..=3 {
        let name = format!("{servers} on NATS, 3 replicas");
        contenders.push(Contender::new(&name, &store, servers)?);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    for _ in 0..ROUNDS {
        for contender in &mut contenders {
            let waits = runtime.block_on(load::send_to(&contender.endpoints, CONNECTIONS, time));
            if waits.len() > contender.waits.len() {
                contender.waits = waits;
            }
        }
    }
    for contender in &contenders {
        let waits = &contender.waits;
        let records = waits.len() as f64 * load::RECORDS as f64;
        let milliseconds = |quantile| waits.value_at_quantile(quantile) as f64 / 1000.0;
        writeln!(
            std::io::stdout(),
            "{:24} {:7.0} records/s, p50 {:.1} ms, p99 {:.1} ms",
            contender.name,
            records / time.as_secs_f64(),
            milliseconds(0.5),
            milliseconds(0.99),
        )?;
    }
    Ok(())
}

/// Some servers on one store.
struct Contender {
    name: String,
    endpoints: Vec<String>,
    waits: Histogram<u64>,
    _servers: Vec<Process>,
}

impl Contender {
    fn new(name: &str, store: &str, servers: usize) -> Result<Contender, Box<dyn Error>> {
        let mut contender = Contender {
            name: name.to_owned(),
            endpoints: Vec::new(),
            waits: Histogram::new(3)?,
            _servers: Vec::new(),
        };
        for _ in 0..servers {
            let mut server = Command::new(env!("CARGO_BIN_EXE_soliplex"));
            server.args(["ingest", "serve", "--no-auth", "--listen", "127.0.0.1:0"]);
            server.args(["--store", store]);
            let (process, line) = Process::start(&mut server, "listening on ")?;
            let url = line.trim().rsplit(' ').next().unwrap_or_default();
            contender.endpoints.push(format!("{url}/api/v1/logs"));
            contender._servers.push(process);
        }
        Ok(contender)
    }
}

/// Three of NATS' servers as one cluster, and where they are.
fn nats(folder: &Path) -> Result<(String, Vec<Process>), Box<dyn Error>> {
    let listeners: Vec<TcpListener> = (0..6)
        .map(|_| TcpListener::bind("127.0.0.1:0"))
        .collect::<Result<_, _>>()?;
    let ports: Vec<u16> = listeners
        .iter()
        .map(|listener| Ok(listener.local_addr()?.port()))
        .collect::<std::io::Result<_>>()?;
    drop(listeners);
    let (clients, routes) = ports.split_at(3);
    let route_urls: Vec<String> = routes
        .iter()
        .map(|port| format!("nats://127.0.0.1:{port}"))
        .collect();
    let mut processes = Vec::new();
    for node in 0..3 {
        let mut server = Command::new("nats-server");
        server.args(["-js", "-a", "127.0.0.1", "--cluster_name", "bench"]);
        server.args(["-p", &clients[node].to_string(), "-n", &format!("n{node}")]);
        server.arg("-sd").arg(folder.join(format!("n{node}")));
        server.args([
            "--cluster",
            &route_urls[node],
            "--routes",
            &route_urls.join(","),
        ]);
        processes.push(Process::start(&mut server, "Server is ready")?.0);
    }
    // They elect a leader first.
    std::thread::sleep(Duration::from_secs(5));
    let hosts: Vec<String> = clients
        .iter()
        .map(|port| format!("127.0.0.1:{port}"))
        .collect();
    Ok((format!("nats://{}", hosts.join(",")), processes))
}

/// A process that ends with this.
struct Process(Child);

impl Process {
    /// Starts a program, and waits for a line of its stderr.
    fn start(command: &mut Command, needle: &str) -> Result<(Process, String), Box<dyn Error>> {
        let mut process = Process(command.stderr(Stdio::piped()).spawn()?);
        let stderr = process.0.stderr.take().ok_or("no stderr")?;
        let mut lines = BufReader::new(stderr).lines();
        let found = lines
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.contains(needle));
        let found = found.ok_or("it did not start")?;
        // Whatever else it says must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        Ok((process, found))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
