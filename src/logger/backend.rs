//! Ships records to a backend: through the disk, so that neither a crash nor
//! an outage loses any.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::memory::MemorySink;
use super::sink::{Inside, LogSink, SinkError};
use crate::queue::LogQueue;
use crate::record::{EncodedRecord, Identity, Level, LogRecord, MAX_BREADCRUMBS, breadcrumb, keys};
use crate::upload::{
    self, Event, QueueBacklog, StopCause, TokenSource, Transport, Uploader, follow,
};

/// How a [`BackendSink`] works.
pub struct BackendOptions {
    /// Whether anything is shipped before [`BackendSink::enable`] says so: the
    /// user's choice, as `soliplex telemetry` keeps it. Records are queued
    /// either way.
    pub is_enabled: bool,
    /// Whose records these are; what a record says itself outranks it.
    pub identity: Identity,
    /// Where the breadcrumbs of an error come from.
    pub memory: Option<Arc<MemorySink>>,
    /// Where the token comes from.
    pub tokens: TokenSource,
    /// How often records are shipped. Errors are shipped at once.
    pub flush_interval: Duration,
    /// Is told what went wrong. What it logs is ignored.
    pub on_error: Option<OnProblem>,
    /// How requests are made; its observer is replaced. Its `may_send` is the
    /// place for a look at the network.
    pub upload: upload::Options,
}

/// Is told about a problem, on the thread that ships.
pub type OnProblem = Arc<dyn Fn(&Problem) + Send + Sync>;

impl Default for BackendOptions {
    /// Anonymous, every 30 seconds, once it is enabled.
    fn default() -> BackendOptions {
        BackendOptions {
            is_enabled: false,
            identity: Identity::default(),
            memory: None,
            tokens: TokenSource::Anonymous,
            flush_interval: Duration::from_secs(30),
            on_error: None,
            upload: upload::Options::default(),
        }
    }
}

/// What a program may want to know about the shipping of its logs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Nothing is shipped: nobody has switched it on. Told once.
    #[error("telemetry is off, nothing is sent; records stay in the queue")]
    Off,
    /// Nothing is shipped until there is another token.
    #[error("the server refused the token with {status} {reason}")]
    Unauthorized {
        /// 401 or 403.
        status: u16,
        /// What the server says.
        reason: String,
    },
    /// Nothing is shipped for ten minutes.
    #[error("the endpoint answered {status} {reason}")]
    NoEndpoint {
        /// 404 or the like.
        status: u16,
        /// What the server says.
        reason: String,
    },
    /// Nothing is shipped for a while; what is refused stays in the queue.
    #[error("the server refuses all of {records} records: {status} {reason}")]
    RefusesAll {
        /// How many.
        records: usize,
        /// 400 or the like.
        status: u16,
        /// What the server says.
        reason: String,
    },
    /// A record went to the dead letters.
    #[error("a record went to the dead letters: {reason}")]
    DeadLetter {
        /// Why.
        reason: String,
    },
    /// Something failed on this side; it is tried again.
    #[error("{0}")]
    Other(String),
}

/// Appends records to a queue and ships the queue from a thread of its own.
///
/// Never logs about its own uploads.
pub struct BackendSink {
    queue: Arc<dyn LogQueue>,
    identity: Mutex<Identity>,
    memory: Option<Arc<MemorySink>>,
    wake: Arc<Notify>,
    is_enabled: Arc<AtomicBool>,
    delivered: Arc<AtomicU64>,
    cancel: CancellationToken,
    /// Hears when the thread has ended.
    ended: Mutex<Receiver<()>>,
}

impl BackendSink {
    /// Starts shipping `queue` over `transport`, what earlier runs left in it
    /// included.
    ///
    /// # Errors
    ///
    /// If the system has no thread to spare.
    pub fn start<T: Transport + 'static>(
        queue: Arc<dyn LogQueue>,
        transport: T,
        options: BackendOptions,
    ) -> std::io::Result<BackendSink> {
        let (end, ended) = channel();
        let sink = BackendSink {
            queue: Arc::clone(&queue),
            identity: Mutex::new(options.identity),
            memory: options.memory,
            wake: Arc::default(),
            is_enabled: Arc::new(AtomicBool::new(options.is_enabled)),
            delivered: Arc::default(),
            cancel: CancellationToken::new(),
            ended: Mutex::new(ended),
        };
        let on_error = options.on_error;
        let mut upload = options.upload;
        upload.observer = Box::new({
            let on_error = Option::clone(&on_error);
            let delivered = Arc::clone(&sink.delivered);
            move |event: &Event<'_>| {
                if let Event::Delivered { records } = event {
                    delivered.fetch_add(*records as u64, Ordering::Relaxed);
                }
                tell(&on_error, event);
            }
        });
        upload.may_send = Some(Box::new({
            let is_enabled = Arc::clone(&sink.is_enabled);
            let may_send = upload.may_send.take();
            move || is_enabled.load(Ordering::Relaxed) && may_send.as_ref().is_none_or(|may| may())
        }));
        let shipping = Shipping {
            queue,
            wake: Arc::clone(&sink.wake),
            cancel: sink.cancel.clone(),
            interval: options.flush_interval,
            on_error,
        };
        if !options.is_enabled {
            shipping.tell(&Problem::Off);
        }
        let tokens = options.tokens;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        thread::Builder::new()
            .name("soliplex-upload".to_owned())
            .spawn(move || {
                // Whatever a library logs on this thread is about our own uploads.
                let _inside = Inside::enter();
                runtime.block_on(shipping.run(transport, tokens, upload));
                // Nobody may be waiting for it.
                let _ = end.send(());
            })?;
        Ok(sink)
    }

    /// Starts or stops shipping, as the user wishes. What is stopped is
    /// stopped before the next request.
    pub fn enable(&self, is_enabled: bool) {
        self.is_enabled.store(is_enabled, Ordering::Relaxed);
        self.wake.notify_one();
    }

    /// How many records the server has taken up to now.
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// Sets the signed-in user for the records to come.
    pub fn set_user(&self, user: Option<&str>) {
        self.identity().user_id = user.map(str::to_owned);
    }

    fn identity(&self) -> MutexGuard<'_, Identity> {
        self.identity.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The record with whose it is and, for an error, what led up to it.
    fn complete(&self, original: &Arc<LogRecord>, level: Level) -> LogRecord {
        let mut record = LogRecord::clone(original);
        let Identity {
            install_id,
            session_id,
            user_id,
        } = self.identity().clone();
        let ids = [
            (keys::INSTALL_ID, Some(install_id)),
            (keys::SESSION_ID, Some(session_id)),
            (keys::USER_ID, user_id),
        ];
        for (key, id) in ids {
            if let Some(id) = id.filter(|id| !id.is_empty() && record.get(key).is_none()) {
                record.set(key, id);
            }
        }
        if level >= Level::Error
            && record.get(keys::BREADCRUMBS).is_none()
            && let Some(memory) = &self.memory
        {
            let before = memory.last(MAX_BREADCRUMBS + 1);
            let mut before: Vec<_> = before
                .iter()
                .filter(|record| !Arc::ptr_eq(record, original))
                .collect();
            before.drain(..before.len().saturating_sub(MAX_BREADCRUMBS));
            let crumbs: Vec<_> = before
                .into_iter()
                .map(|record| breadcrumb(record))
                .collect();
            record.set(keys::BREADCRUMBS, crumbs);
        }
        record
    }
}

impl LogSink for BackendSink {
    /// Queues the record. It is on the disk when this returns; a fatal one so
    /// that it outlives a loss of power.
    fn write(&self, record: &Arc<LogRecord>) -> Result<(), SinkError> {
        let level = record.level().unwrap_or(Level::Info);
        let encoded = EncodedRecord::new(self.complete(record, level))?;
        self.queue.append(&encoded)?;
        if level >= Level::Error {
            self.wake.notify_one();
        }
        Ok(())
    }

    fn flush(&self) {
        self.wake.notify_one();
    }

    /// Ships what is queued, for at most four seconds or `deadline` if that is
    /// sooner. Records that are written later wait for the next run.
    fn close(&self, deadline: Duration) {
        self.cancel.cancel();
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        // If it takes longer, the records are shipped by the next run.
        let _ = ended.recv_timeout(deadline);
    }
}

impl Drop for BackendSink {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl fmt::Debug for BackendSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackendSink")
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

/// What the thread needs.
struct Shipping {
    queue: Arc<dyn LogQueue>,
    wake: Arc<Notify>,
    cancel: CancellationToken,
    interval: Duration,
    on_error: Option<OnProblem>,
}

impl Shipping {
    async fn run<T: Transport>(self, transport: T, tokens: TokenSource, options: upload::Options) {
        // Another process may be shipping this queue just now.
        let drain = loop {
            match self.queue.drainer() {
                Ok(drain) => break drain,
                Err(error) => self.tell(&Problem::Other(error.to_string())),
            }
            tokio::select! {
                () = self.cancel.cancelled() => return,
                () = tokio::time::sleep(self.interval) => {}
            }
        };
        let backlog = QueueBacklog::new(drain);
        let mut uploader = Uploader::new(transport, backlog, tokens, options);
        let result = follow(&mut uploader, self.interval, &self.wake, &self.cancel).await;
        if let Err(error) = result {
            self.tell(&Problem::Other(error.to_string()));
        }
    }

    fn tell(&self, problem: &Problem) {
        if let Some(on_error) = &self.on_error {
            on_error(problem);
        }
    }
}

fn tell(on_error: &Option<OnProblem>, event: &Event<'_>) {
    let Some(on_error) = on_error else {
        return;
    };
    let problem = match event {
        Event::Stopped {
            cause,
            status,
            reason,
        } => {
            let (status, reason) = (*status, (*reason).to_owned());
            match cause {
                StopCause::Unauthorized => Problem::Unauthorized { status, reason },
                StopCause::NoEndpoint => Problem::NoEndpoint { status, reason },
                StopCause::RefusesAll { records } => Problem::RefusesAll {
                    records: *records,
                    status,
                    reason,
                },
            }
        }
        Event::Buried { reason, .. } => Problem::DeadLetter {
            reason: (*reason).to_owned(),
        },
        Event::Trouble { reason } => Problem::Other((*reason).to_owned()),
        Event::Attempted(_)
        | Event::Delivered { .. }
        | Event::Waiting { .. }
        | Event::Respelled(_) => return,
    };
    on_error(&problem);
}

#[cfg(test)]
mod tests {
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
        async fn post(
            &self,
            body: bytes::Bytes,
            _: Option<&Token>,
        ) -> Result<Reply, TransportError> {
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
        let sizes: Vec<usize> = server
            .bodies()
            .iter()
            .map(|body| body["logs"].as_array().unwrap().len())
            .collect();
        assert_eq!(sizes, [100, 100, 50]);
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
}
