//! A server that misbehaves on request, on a loopback port.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What the server does about a request.
pub(crate) enum Fault {
    /// Answers with a status and a body.
    Answer(u16, String),
    /// Answers with a status, header lines and no body.
    With(u16, &'static str),
    /// Answers 200 with an HTML page.
    Html,
    /// Answers 200 with 64 MiB of nothing, compressed to 64 KB.
    Bomb,
    /// Closes the connection without an answer.
    Reset,
    /// Promises more of an answer than it sends.
    Cut,
    /// Answers 200 and never stops sending.
    Endless,
    /// Answers 200, one byte at a time.
    Drip,
}

impl Fault {
    /// What the contract's server answers.
    pub(crate) fn accept(request: &Request) -> Fault {
        if !request.is_post() {
            return Fault::status(404);
        }
        Fault::Answer(200, format!("{{\"accepted\":{}}}", request.logs().len()))
    }

    /// Answers 503 with the time to try again at.
    pub(crate) fn retry_at(time: chrono::DateTime<chrono::Utc>) -> Fault {
        let header = format!("retry-after: {}", time.format("%a, %d %b %Y %H:%M:%S GMT"));
        Fault::With(503, header.leak())
    }

    pub(crate) fn status(status: u16) -> Fault {
        Fault::Answer(status, String::new())
    }
}

/// A request as it came.
#[derive(Clone)]
pub(crate) struct Request {
    /// Its number, from 0.
    pub(crate) number: usize,
    pub(crate) at: Instant,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Whether it brings records.
    pub(crate) fn is_post(&self) -> bool {
        self.head.starts_with("POST ")
    }

    /// The records in it.
    pub(crate) fn logs(&self) -> Vec<Value> {
        let body: Value = serde_json::from_slice(&self.body).expect("JSON");
        body["logs"].as_array().expect("an array").clone()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A running server; it runs until the test is over.
pub(crate) struct FaultServer {
    scheme: &'static str,
    address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Request>>,
    /// The heads of requests that asked for something.
    asked: Mutex<Vec<String>>,
    written: Mutex<usize>,
}

impl FaultServer {
    pub(crate) fn start(
        behaviour: impl Fn(&Request) -> Fault + Send + Sync + 'static,
    ) -> FaultServer {
        FaultServer::listen("http", behaviour, Some)
    }

    /// A server that takes everything in, over TLS.
    pub(crate) fn start_tls(config: ServerConfig) -> FaultServer {
        let config = Arc::new(config);
        FaultServer::listen("https", Fault::accept, move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).ok()?;
            Some(StreamOwned::new(connection, stream))
        })
    }

    fn listen<S: Read + Write>(
        scheme: &'static str,
        behaviour: impl Fn(&Request) -> Fault + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> Option<S> + Send + Sync + 'static,
    ) -> FaultServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Seen::default());
        let does = Arc::new((behaviour, wrap));
        thread::spawn({
            let seen = Arc::clone(&seen);
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    let (seen, does) = (Arc::clone(&seen), Arc::clone(&does));
                    thread::spawn(move || {
                        let (behaviour, wrap) = &*does;
                        if let Some(stream) = wrap(stream) {
                            serve(stream, &seen, behaviour);
                        }
                    });
                }
            }
        });
        FaultServer {
            scheme,
            address,
            seen,
        }
    }

    /// A server that takes everything in.
    pub(crate) fn accepting() -> FaultServer {
        FaultServer::start(Fault::accept)
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The requests that brought records.
    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.seen.requests).clone()
    }

    /// Whether a route was asked for.
    pub(crate) fn was_asked_for(&self, path: &str) -> bool {
        let asked = lock(&self.seen.asked);
        asked.iter().any(|head| head.contains(path))
    }

    /// The messages of all records that came, in order.
    pub(crate) fn messages(&self) -> Vec<String> {
        let requests = self.requests();
        let logs = requests.iter().flat_map(Request::logs);
        logs.map(|log| log["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// How many bytes of endless answers were taken off its hands.
    pub(crate) fn written(&self) -> usize {
        *lock(&self.seen.written)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test thread panicked")
}

fn serve(stream: impl Read + Write, seen: &Seen, behaviour: impl Fn(&Request) -> Fault) {
    let mut reader = BufReader::new(stream);
    while let Some((head, body)) = read_request(&mut reader) {
        let request = {
            let mut requests = lock(&seen.requests);
            let number = requests.len();
            let at = Instant::now();
            let request = Request {
                number,
                at,
                head,
                body,
            };
            if request.is_post() {
                requests.push(request.clone());
            } else {
                lock(&seen.asked).push(request.head.clone());
            }
            request
        };
        if !misbehave(reader.get_mut(), behaviour(&request), seen) {
            return;
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    loop {
        let start = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if head[start..].trim().is_empty() {
            break;
        }
    }
    let length = head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// Does it; whether the connection goes on.
fn misbehave(stream: &mut impl Write, fault: Fault, seen: &Seen) -> bool {
    let answer = |status: u16, headers: &str, body: &str| {
        format!(
            "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let json = "content-type: application/json\r\n";
    match fault {
        Fault::Answer(status, body) => stream
            .write_all(answer(status, json, &body).as_bytes())
            .is_ok(),
        Fault::With(status, headers) => stream
            .write_all(answer(status, &format!("{headers}\r\n"), "").as_bytes())
            .is_ok(),
        Fault::Html => {
            let page = "<!doctype html><title>Sign in</title>";
            stream
                .write_all(answer(200, "content-type: text/html\r\n", page).as_bytes())
                .is_ok()
        }
        Fault::Bomb => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            let nothing = vec![b' '; 1 << 20];
            for _ in 0..64 {
                encoder.write_all(&nothing).expect("memory");
            }
            let bomb = encoder.finish().expect("memory");
            let head = format!(
                "HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
                bomb.len()
            );
            stream.write_all(head.as_bytes()).is_ok() && stream.write_all(&bomb).is_ok()
        }
        Fault::Reset => false,
        Fault::Cut => {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n{\"acc");
            false
        }
        Fault::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n");
            let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
            while stream.write_all(chunk.as_bytes()).is_ok() {
                *lock(&seen.written) += 0x1000;
            }
            false
        }
        Fault::Drip => {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 1000\r\n\r\n");
            while stream.write_all(b" ").is_ok() {
                thread::sleep(Duration::from_millis(100));
            }
            false
        }
    }
}
