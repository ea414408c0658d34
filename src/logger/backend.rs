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
mod tests;
