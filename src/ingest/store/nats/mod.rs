//! The store on NATS JetStream, for any number of servers: see
//! [`crate::fleet`] for what is kept where.
//!
//! A server keeps nothing of its own beyond what it may forget: the latest
//! batches for live readers, and the last message of the sessions it heard of
//! lately. Whatever it must know exactly it asks the stream's leader for.
//!
//! The number of a record is its message's number times a fixed width, and its
//! place in the message. Numbers grow as records are stored, on every server
//! alike, but not without gaps.

mod append;
mod buckets;
mod counting;
mod engine;
mod forward;
mod known;
mod part;
mod reading;
mod ring;
mod scan;
mod screenshots;
mod sessions;
mod tail;

use std::future::Future;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::codec::Codec;
use super::{
    Alert, AlertRule, AppendFuture, Batch, Claims, ErrorGroup, Portion, Retention, Scan, Scanned,
    Seq, Session, SessionQuery, Store, StoreError, StoredScreenshot, Top, TopQuery,
};
use crate::fleet::{Access, ConnectError, FleetUrl, WIDTH, token};
use engine::{Engine, StartError};
use known::KnownSessions;
use ring::Ring;

/// How a server stands on a fleet's JetStream. All servers of a fleet should
/// be given the same.
#[derive(Clone, Debug)]
pub struct NatsOptions {
    /// Where JetStream is.
    pub url: FleetUrl,
    /// Who one is there, and whom to trust.
    pub access: Access,
    /// How many of JetStream's servers keep each batch, from 1 to 5.
    pub replicas: usize,
    /// How much is kept.
    pub retention: Retention,
    /// When an error is worth telling.
    pub alerts: Option<AlertRule>,
}

/// A [`Store`] on NATS JetStream.
pub struct NatsStore {
    shared: Arc<Shared>,
    runtime: Handle,
}

/// What the store's tasks have in common.
struct Shared {
    options: NatsOptions,
    engine: watch::Sender<Option<Arc<Engine>>>,
    head: watch::Sender<Seq>,
    ring: Mutex<Ring>,
    known: Mutex<KnownSessions>,
    waiting: AtomicUsize,
    codec: Codec,
    /// Whether this server is the one that counts errors now.
    counts: watch::Sender<bool>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl NatsStore {
    /// A store that connects by itself, and again whenever it must; until it
    /// has, nothing can be stored or read. Takes a runtime to live on.
    ///
    /// # Errors
    ///
    /// The first attempt found what no later one would mend: a file that
    /// cannot be read, or credentials that are not known.
    pub async fn open(
        options: NatsOptions,
    ) -> Result<(NatsStore, Option<StoreError>), ConnectError> {
        let shared = Arc::new(Shared {
            options,
            engine: watch::Sender::default(),
            head: watch::Sender::default(),
            ring: Mutex::default(),
            known: Mutex::default(),
            waiting: AtomicUsize::new(0),
            codec: Codec::default(),
            counts: watch::Sender::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        let problem = match engine::start(&shared).await {
            Ok(()) => None,
            Err(StartError::Connect(
                error @ (ConnectError::File { .. } | ConnectError::Refused { .. }),
            )) => return Err(error),
            Err(error) => {
                engine::start_later(&shared);
                Some(StoreError::Failed(error.to_string()))
            }
        };
        let store = NatsStore {
            shared,
            runtime: Handle::current(),
        };
        Ok((store, problem))
    }

    /// Waits for an answer of JetStream on a thread that may wait.
    fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.runtime.block_on(answer)
    }
}

impl Store for NatsStore {
    fn append(&self, batch: Batch) -> AppendFuture {
        Box::pin(append::append(Arc::clone(&self.shared), batch))
    }

    fn head(&self) -> watch::Receiver<Seq> {
        self.shared.head.subscribe()
    }

    fn distance(&self, from: Seq, to: Seq) -> u64 {
        let messages = (to / WIDTH).saturating_sub(from / WIDTH);
        self.shared.ring().records_in(messages)
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Scanned, StoreError> {
        self.wait(async { scan::scan(&self.shared, scan).await })
    }

    fn recent(&self, after: Seq, portion: Portion) -> Option<Scanned> {
        let head = *self.shared.head.borrow();
        self.shared.ring().after(after, head, portion)
    }

    fn sessions(&self, query: &SessionQuery<'_>) -> Result<Vec<Session>, StoreError> {
        self.wait(async { sessions::sessions(&self.shared, query).await })
    }

    fn install_by_alias(&self, alias: &str) -> Result<Option<String>, StoreError> {
        let key = token(&alias.to_lowercase());
        self.wait(async {
            let engine = self.shared.engine()?;
            let install = buckets::get(&engine.aliases, &key).await?;
            Ok(install.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()))
        })
    }

    fn top(&self, query: &TopQuery) -> Result<Top, StoreError> {
        self.wait(async { counting::top(&*self.shared.engine()?, query).await })
    }

    fn group(&self, hash: &str) -> Result<Option<ErrorGroup>, StoreError> {
        self.wait(async { counting::group(&*self.shared.engine()?, hash).await })
    }

    fn due_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        let Some(rule) = self.shared.options.alerts else {
            return Ok(Vec::new());
        };
        // Only one server tells, so that nobody is told twice.
        if !*self.shared.counts.borrow() {
            return Ok(Vec::new());
        }
        self.wait(async { counting::due_alerts(&*self.shared.engine()?, rule).await })
    }

    fn alerts_told(&self, alerts: &[Alert]) -> Result<(), StoreError> {
        self.wait(async { counting::alerts_told(&*self.shared.engine()?, alerts).await })
    }

    fn put_screenshot(&self, screenshot: StoredScreenshot) -> Result<(), StoreError> {
        self.wait(async { screenshots::put(&*self.shared.engine()?, &screenshot).await })
    }

    fn screenshot(&self, id: &str, thumbnail: bool) -> Result<Option<Vec<u8>>, StoreError> {
        self.wait(async { screenshots::get(&*self.shared.engine()?, id, thumbnail).await })
    }

    fn fact(&self, name: &str) -> Result<Option<i64>, StoreError> {
        self.wait(async {
            let fact = buckets::get(&self.shared.engine()?.state, &token(name)).await?;
            Ok(fact.and_then(|bytes| std::str::from_utf8(&bytes).ok()?.parse().ok()))
        })
    }

    fn set_fact(&self, name: &str, value: i64) -> Result<(), StoreError> {
        self.wait(async {
            let engine = self.shared.engine()?;
            buckets::put(&engine.state, &token(name), value.to_string().into()).await
        })
    }

    fn shared_text(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.wait(async {
            let text = buckets::get(&self.shared.engine()?.state, &token(name)).await?;
            Ok(text.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()))
        })
    }

    fn share_text(&self, name: &str, text: &str) -> Result<(), StoreError> {
        self.wait(async {
            let engine = self.shared.engine()?;
            buckets::put(&engine.state, &token(name), text.to_owned().into()).await
        })
    }

    fn claims(&self) -> Option<Box<dyn Claims>> {
        Some(Box::new(forward::NatsClaims::new(Arc::clone(&self.shared))))
    }

    /// JetStream removes what is old or too much by itself.
    fn expire(&self, _: &Retention) -> Result<(), StoreError> {
        Ok(())
    }

    fn check(&self) -> Result<(), StoreError> {
        self.wait(async { self.shared.engine()?.check().await })
    }

    fn close(&self) -> Result<(), StoreError> {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.wait(async {
            self.shared.tasks.wait().await;
            Ok(())
        })
    }
}

impl Drop for NatsStore {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

impl Shared {
    /// JetStream, if there is a connection to it now.
    fn engine(&self) -> Result<Arc<Engine>, StoreError> {
        if self.stop.is_cancelled() {
            return Err(StoreError::Closed);
        }
        let engine = self.engine.borrow().clone();
        engine
            .filter(|engine| engine.is_connected())
            .ok_or_else(|| StoreError::Failed("no connection to JetStream".to_owned()))
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, KnownSessions> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that everything up to a number is stored.
    fn raise_head(&self, seq: Seq) {
        self.head.send_if_modified(|head| {
            let is_higher = seq > *head;
            *head = seq.max(*head);
            is_higher
        });
    }
}

/// An error of JetStream in words.
fn failed(what: &str, error: &impl std::fmt::Display) -> StoreError {
    StoreError::Failed(format!("{what}: {error}"))
}
