//! How fast a queue is shipped to a server that only answers 200, beside `wrk`
//! (where it is installed) and a bare HTTP/1.1 poster, which send the same
//! bodies on one connection but neither read nor sanitize them.
//!
//! `cargo bench --bench upload` prints records a second of each and what
//! the upload holds in memory at the most, also with a tenth of the records:
//! that must be about the same. `SOLIPLEX_BENCH_RECORDS` sets
//! how many records there are (a million unless it says otherwise).

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const DEFAULT_RECORDS: usize = 1_000_000;

/// How many records go in a request.
const BATCH: usize = 100;

/// How many bodies `wrk` goes round; it holds them all in memory.
const WRK_BODIES: usize = 2_000;

/// How long `wrk` posts in each round.
const WRK_TIME: &str = "3s";

/// How often each is measured; the median counts.
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let records = match std::env::var("SOLIPLEX_BENCH_RECORDS") {
        Ok(text) => text.parse()?,
        Err(_) => DEFAULT_RECORDS,
    };
    let folder = tempfile::tempdir()?;
    let fixture = folder.path().join("queue.jsonl");
    write_queue(&fixture, records)?;
    let server = start_server()?;
    let tenth = folder.path().join("tenth.jsonl");
    write_queue(&tenth, records / 10)?;
    let script = folder.path().join("post.lua");
    fs::write(&script, wrk_script(&fixture))?;
    let (mut ours, mut poster, mut wrk) = (Vec::new(), Vec::new(), Vec::new());
    let mut peak = 0;
    for _ in 0..ROUNDS {
        let posted = post_bodies(server, &fixture)?;
        poster.push(records as f64 / posted.as_secs_f64());
        wrk.extend(run_wrk(server, &script));
        let (took, memory) = upload(server, folder.path(), &fixture)?;
        ours.push(records as f64 / took.as_secs_f64());
        peak = peak.max(memory);
    }
    let (_, tenth_peak) = upload(server, folder.path(), &tenth)?;
    let (ours, poster) = (median(ours), median(poster));
    let mut out = io::stdout().lock();
    writeln!(out, "records            {records}")?;
    writeln!(out, "bare poster        {poster:.0} records/s")?;
    let peer = if wrk.is_empty() {
        writeln!(out, "wrk                is not installed")?;
        poster
    } else {
        let wrk = median(wrk);
        writeln!(out, "wrk                {wrk:.0} records/s")?;
        wrk
    };
    writeln!(out, "soliplex upload    {ours:.0} records/s")?;
    writeln!(out, "share              {:.0} %", 100.0 * ours / peer)?;
    writeln!(out, "peak memory        {peak} KiB")?;
    writeln!(out, "with a tenth       {tenth_peak} KiB")?;
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A script that has `wrk` post the bodies that an upload would.
fn wrk_script(fixture: &Path) -> String {
    format!(
        r#"local requests, next = {{}}, 0
function init(args)
  local headers = {{ ["Content-Type"] = "application/json" }}
  local lines = {{}}
  for line in io.lines("{}") do
    lines[#lines + 1] = line
    if #lines == {BATCH} then
      local body = '{{"logs":[' .. table.concat(lines, ",") .. '],"resource":{{}}}}'
      requests[#requests + 1] = wrk.format("POST", "/api/v1/logs", headers, body)
      lines = {{}}
      if #requests == {WRK_BODIES} then break end
    end
  end
end
function request()
  next = next % #requests + 1
  return requests[next]
end
"#,
        fixture.display()
    )
}

/// Records a second that `wrk` posts on one connection, if it is installed.
fn run_wrk(server: SocketAddr, script: &Path) -> Option<f64> {
    let output = Command::new("wrk")
        .args(["-t1", "-c1", "-d", WRK_TIME, "-s"])
        .arg(script)
        .arg(format!("http://{server}"))
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rate = text
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"))?;
    Some(rate.trim().parse::<f64>().ok()? * BATCH as f64)
}

/// A queue of realistic records, a third of which hold something to redact.
fn write_queue(path: &Path, records: usize) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for n in 0..records {
        let message = match n % 3 {
            0 => format!(
                "request {n} from 10.1.{}.{} took long",
                n % 256,
                n / 7 % 256
            ),
            1 => format!("opened the screen of room {}", n % 977),
            _ => format!("synchronised {} items with the server", n % 4_096),
        };
        writeln!(
            file,
            concat!(
                r#"{{"timestamp":"2026-02-06T12:{:02}:{:02}.{:03}Z","level":"info","logger":"App.Sync","#,
                r#""message":"{}","attributes":{{"durationMs":{},"path":"/api/v1/rooms/{}","retry":false}},"#,
                r#""installId":"0197f0a1-0000-7000-8000-000000000001","sessionId":"0197f0a1-0000-7000-8000-00000000{:04x}","#,
                r#""userId":null,"recordId":"0197f0a1-0000-7000-8000-{:012x}"}}"#
            ),
            n / 60_000 % 60,
            n / 1_000 % 60,
            n % 1_000,
            message,
            n % 10_000,
            n % 977,
            n / 5_000 % 65_536,
            n
        )?;
    }
    file.flush()
}

/// A server that reads requests and answers 200, as cheaply as it can.
fn start_server() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || answer_all(stream));
        }
    });
    Ok(address)
}

fn answer_all(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::with_capacity(1 << 20, stream);
    let mut line = String::new();
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            if line == "\r\n" {
                break;
            }
        }
        io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
        writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")?;
    }
}

/// Sends the bodies that an upload would send, made beforehand, one after the
/// other on one connection.
fn post_bodies(server: SocketAddr, fixture: &Path) -> io::Result<Duration> {
    let text = fs::read_to_string(fixture)?;
    let lines: Vec<&str> = text.lines().collect();
    let requests: Vec<Vec<u8>> = lines.chunks(BATCH).map(request).collect();
    let mut stream = TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    let start = Instant::now();
    let mut answer = [0; 1024];
    for request in &requests {
        stream.write_all(request)?;
        if stream.read(&mut answer)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(start.elapsed())
}

fn request(lines: &[&str]) -> Vec<u8> {
    let body = format!("{{\"logs\":[{}],\"resource\":{{}}}}", lines.join(","));
    let head = "POST /api/v1/logs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Ships a copy of the queue with the binary, sanitizer and confirmations
/// included. Its time, and its peak of resident memory in KiB.
fn upload(
    server: SocketAddr,
    folder: &Path,
    fixture: &Path,
) -> Result<(Duration, u64), Box<dyn Error>> {
    let queue = folder.join("queue");
    if queue.exists() {
        fs::remove_dir_all(&queue)?;
    }
    fs::create_dir(&queue)?;
    let copy = queue.join("log_queue.jsonl");
    fs::copy(fixture, &copy)?;
    // The copy's way to the disk is no part of the upload.
    File::open(&copy)?.sync_all()?;
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_soliplex"))
        .args(["upload", "--endpoint", &format!("http://{server}")])
        .arg(&queue)
        .env("SOLIPLEX_STATE_DIR", folder.join("state"))
        .stdout(Stdio::null())
        .spawn()?;
    let mut peak = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak = peak.max(resident_peak(child.id()));
        thread::sleep(Duration::from_millis(5));
    };
    let took = start.elapsed();
    if !status.success() {
        return Err(format!("the upload ended with {status}").into());
    }
    Ok((took, peak))
}

/// The peak of a process's resident memory in KiB, where the system tells it.
fn resident_peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|text| text.trim().trim_end_matches("kB").trim().parse().ok())
        .unwrap_or(0)
}
