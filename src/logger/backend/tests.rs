//! The sink against servers in memory that answer as they are told.

use std::time::Instant;

use serde_json::Value;

use super::*;
use crate::logger::LogManager;
use crate::queue::{MemoryQueue, Options, Queue};
use crate::upload::{Reply, Token, TransportError};

/// How long a test waits for what must happen.
const DEADLINE: Duration = Duration::from_secs(20);

/// A server that answers with one status and keeps what it was sent.
#[derive(Clone)]
struct Server {
    status: Arc<Mutex<u16>>,
    bodies: Arc<Mutex<Vec<Value>>>,
}

impl Server {
    fn answering(status: u16) -> Server {
        Server {
            status: Arc::new(Mutex::new(status)),
            bodies: Arc::default(),
        }
    }

    fn bodies(&self) -> Vec<Value> {
        self.bodies.lock().unwrap().clone()
    }

    fn records(&self) -> Vec<Value> {
        let bodies = self.bodies();
        bodies
            .iter()
            .flat_map(|body| body["logs"].as_array().unwrap().clone())
            .collect()
    }
}

impl Transport for Server {
    async fn post(&self, body: bytes::Bytes, _: Option<&Token>) -> Result<Reply, TransportError> {
        self.bodies
            .lock()
            .unwrap()
            .push(serde_json::from_slice(&body).unwrap());
        Ok(Reply::empty(*self.status.lock().unwrap()))
    }
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < DEADLINE, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

fn identity() -> Identity {
    Identity {
        install_id: "install".to_owned(),
        session_id: "session".to_owned(),
        user_id: None,
    }
}

fn memory_queue() -> Arc<MemoryQueue> {
    Arc::new(MemoryQueue::new(10_000_000))
}

fn options() -> BackendOptions {
    BackendOptions {
        is_enabled: true,
        identity: identity(),
        flush_interval: Duration::from_secs(3_600),
        ..BackendOptions::default()
    }
}

#[test]
fn an_error_goes_out_at_once_with_ids_resource_and_breadcrumbs_and_clean() {
    let server = Server::answering(200);
    let memory = Arc::new(MemorySink::default());
    let mut options = BackendOptions {
        memory: Some(memory.clone()),
        ..options()
    };
    options
        .upload
        .resource
        .insert("service.name".to_owned(), "app".to_owned());
    let sink = Arc::new(BackendSink::start(memory_queue(), server.clone(), options).unwrap());
    let manager = LogManager::builder()
        .sink(memory)
        .sink(sink.clone())
        .build();
    sink.set_user(Some("u-1"));
    for n in 0..30 {
        manager
            .logger("soliplex.Router")
            .info(&format!("screen {n}"))
            .log();
    }
    manager
        .logger("Auth")
        .error("cannot tell bob@example.com")
        .log();
    wait_until("the error is sent", || {
        server.records().iter().any(|r| r["level"] == "error")
    });
    let records = server.records();
    assert_eq!(records.len(), 31);
    let error = &records[30];
    assert!(!error["message"].as_str().unwrap().contains("bob@"));
    assert_eq!(error["installId"], "install");
    assert_eq!(error["sessionId"], "session");
    assert_eq!(error["userId"], "u-1");
    let crumbs = error["breadcrumbs"].as_array().unwrap();
    assert_eq!(crumbs.len(), 20);
    assert_eq!(crumbs[19]["message"], "screen 29");
    assert_eq!(crumbs[19]["category"], "ui");
    assert!(records[0].get("breadcrumbs").is_none());
    assert_eq!(server.bodies()[0]["resource"]["service.name"], "app");
}

#[test]
fn closing_ships_what_is_left() {
    let server = Server::answering(200);
    let sink = Arc::new(BackendSink::start(memory_queue(), server.clone(), options()).unwrap());
    let manager = LogManager::builder().sink(sink).build();
    for n in 0..250 {
        manager.logger("Test").info(&n.to_string()).log();
    }
    manager.close(DEADLINE);
    assert_eq!(server.records().len(), 250);
}

#[test]
fn what_waits_is_shipped_in_whole_batches() {
    let server = Server::answering(200);
    let queue = memory_queue();
    for n in 0..250 {
        let record = LogRecord::new(Level::Info, "Test", &n.to_string());
        queue.append(&EncodedRecord::new(record).unwrap()).unwrap();
    }
    let sink = Arc::new(BackendSink::start(queue, server.clone(), options()).unwrap());
    LogManager::builder().sink(sink).build().close(DEADLINE);
    let bodies = server.bodies();
    let sizes: Vec<usize> = bodies
        .iter()
        .map(|body| body["logs"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
}

/// Hears about each request, and never answers.
struct Deaf(std::sync::mpsc::Sender<()>);

impl Transport for Deaf {
    async fn post(&self, _: bytes::Bytes, _: Option<&Token>) -> Result<Reply, TransportError> {
        let _ = self.0.send(());
        std::future::pending().await
    }
}

#[test]
fn closing_waits_no_longer_than_it_may() {
    let (asked, hears) = channel();
    let queue = memory_queue();
    let sink = BackendSink::start(queue.clone(), Deaf(asked), options()).unwrap();
    let manager = LogManager::builder().sink(Arc::new(sink)).build();
    manager.logger("Test").error("one").log();
    hears.recv_timeout(DEADLINE).unwrap();
    manager.close(Duration::from_millis(20));
    assert_eq!(queue.pending(), 1);
}

/// Logs about its requests, as a library that it uses might.
struct Chatty {
    server: Server,
    manager: Arc<std::sync::OnceLock<LogManager>>,
}

impl Transport for Chatty {
    async fn post(
        &self,
        body: bytes::Bytes,
        token: Option<&Token>,
    ) -> Result<Reply, TransportError> {
        let manager = self.manager.get().unwrap();
        manager.logger("Http").error("posting").log();
        self.server.post(body, token).await
    }
}

#[test]
fn its_own_uploads_are_not_logged() {
    let server = Server::answering(200);
    let manager = Arc::new(std::sync::OnceLock::new());
    let transport = Chatty {
        server: server.clone(),
        manager: Arc::clone(&manager),
    };
    let memory = Arc::new(MemorySink::default());
    let sink = BackendSink::start(memory_queue(), transport, options()).unwrap();
    let built = LogManager::builder()
        .sink(memory.clone())
        .sink(Arc::new(sink))
        .build();
    let _ = manager.set(built.clone());
    built.logger("Test").error("one").log();
    wait_until("it is sent", || server.records().len() == 1);
    built.close(DEADLINE);
    assert_eq!(server.records().len(), 1);
    assert_eq!(memory.snapshot().len(), 1);
}

#[test]
fn by_default_it_works_as_planned() {
    let BackendOptions {
        is_enabled,
        flush_interval,
        upload,
        ..
    } = BackendOptions::default();
    assert!(!is_enabled);
    assert_eq!(flush_interval, Duration::from_secs(30));
    assert_eq!(upload.batch_records, 100);
    assert_eq!(upload.max_body_bytes, 900_000);
}

#[test]
fn what_is_not_serious_goes_out_after_the_interval() {
    let server = Server::answering(200);
    let options = BackendOptions {
        flush_interval: Duration::from_millis(20),
        ..options()
    };
    let sink = Arc::new(BackendSink::start(memory_queue(), server.clone(), options).unwrap());
    let manager = LogManager::builder().sink(sink).build();
    manager.logger("Test").info("one").log();
    wait_until("it is sent", || server.records().len() == 1);
    manager.logger("Test").info("two").log();
    wait_until("it is sent too", || server.records().len() == 2);
}

#[test]
fn what_the_server_does_not_take_is_told() {
    let problems = |status: u16| {
        let server = Server::answering(status);
        let problems = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&problems);
        let mut options = BackendOptions {
            on_error: Some(Arc::new(move |problem: &Problem| {
                told.lock().unwrap().push(problem.clone())
            })),
            ..options()
        };
        options.upload.max_refused_at_first = None;
        let queue = memory_queue();
        let sink = BackendSink::start(queue.clone(), server.clone(), options).unwrap();
        let manager = LogManager::builder().sink(Arc::new(sink)).build();
        manager.logger("Test").error("one").log();
        wait_until("it is told", || !problems.lock().unwrap().is_empty());
        manager.close(DEADLINE);
        let problem = problems.lock().unwrap().remove(0);
        (problem, queue.dead_letters().len())
    };
    assert!(matches!(
        problems(404),
        (Problem::NoEndpoint { status: 404, .. }, 0)
    ));
    assert!(matches!(problems(422), (Problem::DeadLetter { .. }, 1)));
}

#[test]
fn records_of_a_run_that_crashed_are_shipped_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let queue = || Arc::new(Queue::open(folder.path(), Options::default()).unwrap());
    let mut offline = options();
    offline.upload.may_send = Some(Box::new(|| false));
    let server = Server::answering(200);
    let sink = Arc::new(BackendSink::start(queue(), server.clone(), offline).unwrap());
    let manager = LogManager::builder().sink(sink).build();
    manager.logger("Test").fatal("the end").log();
    manager.close(DEADLINE);
    assert!(server.records().is_empty());
    let sink = Arc::new(BackendSink::start(queue(), server.clone(), options()).unwrap());
    sink.flush();
    wait_until("it is sent", || !server.records().is_empty());
    assert_eq!(server.records()[0]["message"], "the end");
}

#[test]
fn nothing_is_sent_before_telemetry_is_on_and_that_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let queue = Arc::new(Queue::open(folder.path(), Options::default()).unwrap());
    let server = Server::answering(200);
    let problems = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&problems);
    let options = BackendOptions {
        on_error: Some(Arc::new(move |problem: &Problem| {
            told.lock().unwrap().push(problem.clone())
        })),
        ..BackendOptions::default()
    };
    let sink = Arc::new(BackendSink::start(queue, server.clone(), options).unwrap());
    let manager = LogManager::builder().sink(sink.clone()).build();
    manager.logger("Test").error("one").log();
    manager.logger("Test").error("two").log();
    let on_disk = crate::queue::read_pending(folder.path()).unwrap();
    assert_eq!(on_disk.count(), 2);
    sink.enable(true);
    wait_until("both are sent", || sink.delivered() == 2);
    assert_eq!(server.records().len(), 2);
    sink.enable(false);
    manager.logger("Test").error("three").log();
    manager.close(DEADLINE);
    assert_eq!(server.records().len(), 2);
    assert_eq!(*problems.lock().unwrap(), [Problem::Off]);
}

#[test]
fn a_refused_token_is_told_once_and_another_one_goes_on() {
    let server = Server::answering(401);
    let problems = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&problems);
    let has_new_token = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&has_new_token);
    let options = BackendOptions {
        tokens: TokenSource::Provider(Box::new(move || {
            let token = if asked.load(Ordering::Relaxed) {
                "second"
            } else {
                "first"
            };
            Some(token.to_owned())
        })),
        on_error: Some(Arc::new(move |problem: &Problem| {
            told.lock().unwrap().push(problem.clone())
        })),
        ..options()
    };
    let sink = Arc::new(BackendSink::start(memory_queue(), server.clone(), options).unwrap());
    let manager = LogManager::builder().sink(sink).build();
    manager.logger("Test").error("one").log();
    wait_until("the token is refused", || {
        !problems.lock().unwrap().is_empty()
    });
    manager.logger("Test").error("two").log();
    *server.status.lock().unwrap() = 200;
    has_new_token.store(true, Ordering::Relaxed);
    wait_until("it goes on", || server.records().len() == 3);
    let messages: Vec<_> = server
        .records()
        .iter()
        .map(|r| r["message"].clone())
        .collect();
    assert_eq!(messages, ["one", "one", "two"]);
    let problems = problems.lock().unwrap();
    assert!(matches!(
        problems[..],
        [Problem::Unauthorized { status: 401, .. }]
    ));
}
