//! Where records are kept, behind one small interface.
//!
//! A [`Store`] is an append-only sequence of records. Each record has a
//! number in that sequence, above those of all records that were stored before
//! it; that number is the cursor for reading, for live streams and for
//! forwarding. [`SqliteStore`] keeps everything in one file and numbers
//! records without a gap; [`NatsStore`] is shared by any number of servers, and
//! its numbers have gaps.

mod codec;
mod groups;
mod nats;
mod query;
mod retention;
mod schema;
mod seen;
mod sqlite;
mod writer;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use tokio::sync::watch;

use crate::filter::Filter;
use crate::fingerprint::{Fingerprint, fingerprint};
use crate::fleet::{BadFleetUrl, FleetUrl};
use crate::record::{Level, LogRecord};

pub use nats::{NatsOptions, NatsStore};
pub use sqlite::SqliteStore;

/// The number of a record in its store, from 1 up.
pub type Seq = u64;

/// What a server needs of the place where its records are kept.
///
/// `append` resolves once the records are durable. The other methods block
/// and belong on a thread that may.
pub trait Store: Send + Sync + 'static {
    /// Appends those records of a batch that are not there yet, and resolves
    /// when they would survive a loss of power.
    fn append(&self, batch: Batch) -> AppendFuture;

    /// A number that no record stored so far is above, updated after each
    /// commit.
    fn head(&self) -> watch::Receiver<Seq>;

    /// How many records lie behind one number up to another; about how many
    /// where numbers have gaps.
    fn distance(&self, from: Seq, to: Seq) -> u64;

    /// A portion of the batches in which a record may match.
    fn scan(&self, scan: &Scan<'_>) -> Result<Scanned, StoreError>;

    /// What follows a record, if that is at hand without waiting for a disk.
    fn recent(&self, after: Seq, portion: Portion) -> Option<Scanned>;

    /// The sessions in which a record may match, the latest first.
    fn sessions(&self, query: &SessionQuery<'_>) -> Result<Vec<Session>, StoreError>;

    /// The installation that goes by a three-word name.
    fn install_by_alias(&self, alias: &str) -> Result<Option<String>, StoreError>;

    /// The most frequent errors between two instants.
    fn top(&self, query: &TopQuery) -> Result<Top, StoreError>;

    /// The errors that share a fingerprint's hash, over all the time that is
    /// kept; `None` if there are none.
    fn group(&self, hash: &str) -> Result<Option<ErrorGroup>, StoreError>;

    /// Errors that passed the alert's threshold and were not told yet.
    fn due_alerts(&self) -> Result<Vec<Alert>, StoreError>;

    /// Notes that alerts were told.
    fn alerts_told(&self, alerts: &[Alert]) -> Result<(), StoreError>;

    /// Keeps a screenshot under an id.
    fn put_screenshot(&self, screenshot: StoredScreenshot) -> Result<(), StoreError>;

    /// A screenshot, or its thumbnail if it has one.
    fn screenshot(&self, id: &str, thumbnail: bool) -> Result<Option<Vec<u8>>, StoreError>;

    /// A fact that was noted, such as how far records were forwarded.
    fn fact(&self, name: &str) -> Result<Option<i64>, StoreError>;

    /// Notes a fact durably.
    fn set_fact(&self, name: &str, value: i64) -> Result<(), StoreError>;

    /// What a server that shares the store told the others under a name, such
    /// as the log levels; `None` if the store is one server's own.
    fn shared_text(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Tells the servers that share the store something.
    fn share_text(&self, name: &str, text: &str) -> Result<(), StoreError>;

    /// Where batches to be forwarded come from if the store itself hands each
    /// out once, to one of the servers that share it. Without, whoever forwards
    /// goes through all of them with a cursor of its own.
    fn claims(&self) -> Option<Box<dyn Claims>>;

    /// Removes the oldest records until the rest is as young and as little as
    /// it should be. Done in small steps, between which records come in.
    fn expire(&self, retention: &Retention) -> Result<(), StoreError>;

    /// Whether records can be written now.
    fn check(&self) -> Result<(), StoreError>;

    /// Stops taking in records, writes what is waiting and closes.
    fn close(&self) -> Result<(), StoreError>;
}

/// Resolves when a batch is durable.
pub type AppendFuture = Pin<Box<dyn Future<Output = Result<Appended, StoreError>> + Send>>;

/// Batches handed out to be forwarded. What a server has claimed and says
/// nothing of for some seconds is handed to another one.
#[async_trait]
pub trait Claims: Send {
    /// Takes up to so many batches, and gives up what was taken before. Waits a
    /// moment if there are none.
    async fn claim(&mut self, batches: usize) -> Result<Vec<Arc<StoredBatch>>, StoreError>;

    /// Says that what was taken is still being forwarded; to be called every
    /// other second.
    async fn keep(&mut self) -> Result<(), StoreError>;

    /// Says that what was taken was forwarded.
    async fn confirm(&mut self) -> Result<(), StoreError>;

    /// Hands back what was taken, for any server to try again.
    async fn release(&mut self) -> Result<(), StoreError>;

    /// Up to which record all were forwarded, by whichever server.
    async fn confirmed(&mut self) -> Result<Seq, StoreError>;
}

/// The records of one request, checked, clean and ready to be kept.
#[derive(Debug, Default)]
pub struct Batch {
    /// The server's clock when the request came, in milliseconds since 1970.
    pub received_at: i64,
    /// The resource of the request as JSON, if it had one.
    pub resource: Option<String>,
    /// The three-word name that the device goes by, if it says one.
    pub alias: Option<String>,
    /// Every record's line, each with a newline behind it.
    pub text: String,
    /// What is known of each record, in the order of the lines.
    pub records: Vec<Entry>,
    /// Who the records are from.
    pub origins: Vec<Origin>,
}

/// What a store needs to know of one record.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where the record's line ends in the text, behind its newline.
    pub end: usize,
    /// What makes a second delivery of the record known.
    pub key: RecordKey,
    /// The client's clock, in milliseconds since 1970.
    pub timestamp: i64,
    /// How serious it is.
    pub level: Level,
    /// Which of the batch's origins it is from.
    pub origin: usize,
    /// What makes it the same error as others, if it is an error.
    pub occurrence: Option<Box<Occurrence>>,
}

/// An error, as it is counted.
#[derive(Clone, Debug)]
pub struct Occurrence {
    /// What makes it the same as others.
    pub fingerprint: Fingerprint,
    /// What to show as an example.
    pub exemplar: String,
}

impl Occurrence {
    /// The most characters of a message that are kept as an example.
    const MAX_EXEMPLAR: usize = 300;

    /// The error that a record tells of.
    pub fn of(record: &LogRecord) -> Occurrence {
        Occurrence {
            fingerprint: fingerprint(record),
            exemplar: record.message().chars().take(Self::MAX_EXEMPLAR).collect(),
        }
    }

    /// The fingerprint as JSON: `version exceptionType frames basis symbolicated`.
    fn details(&self) -> String {
        let fingerprint = &self.fingerprint;
        json!({
            "version": fingerprint.version,
            "exceptionType": fingerprint.exception_type,
            "frames": fingerprint.frames,
            "basis": fingerprint.basis,
            "symbolicated": fingerprint.symbolicated,
        })
        .to_string()
    }
}

/// When enough of one error is worth telling somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertRule {
    /// How many times within a window.
    pub threshold: u64,
    /// How long a window is, in milliseconds. Windows follow each other from
    /// 1970 on.
    pub window: i64,
}

/// An error that passed the threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// When the window began, in milliseconds since 1970.
    pub window: i64,
    /// The fingerprint's hash.
    pub hash: String,
    /// How many times it was seen in the window so far.
    pub count: u64,
    /// The fingerprint as JSON: `version exceptionType frames basis symbolicated`.
    pub details: String,
    /// A message of one of them.
    pub exemplar: String,
}

/// Which errors to count.
#[derive(Clone, Copy, Debug)]
pub struct TopQuery {
    /// The server's clock at the start, in milliseconds since 1970; counted
    /// from the start of its hour.
    pub since: i64,
    /// And at the end.
    pub until: i64,
    /// How many groups to return.
    pub limit: usize,
}

/// The most frequent errors of a time.
#[derive(Debug, Default)]
pub struct Top {
    /// How many errors there were in all.
    pub total: u64,
    /// Groups, the largest first.
    pub groups: Vec<ErrorGroup>,
}

/// Errors that share a fingerprint.
#[derive(Debug, Default)]
pub struct ErrorGroup {
    /// The fingerprint's hash; `None` for what was counted without one when
    /// there were too many different ones.
    pub hash: Option<String>,
    /// The fingerprint as JSON: `version exceptionType frames basis symbolicated`.
    pub details: String,
    /// How many there were.
    pub count: u64,
    /// The server's clock at the first, in milliseconds since 1970.
    pub first_seen: i64,
    /// The server's clock at the last.
    pub last_seen: i64,
    /// How many sessions had it, counted up to a thousand in each hour.
    pub sessions: u64,
    /// How many installations had it, counted likewise.
    pub installs: u64,
    /// A message of one of them.
    pub exemplar: String,
    /// When each hour began, and how many there were in it.
    pub hours: Vec<(i64, u64)>,
}

/// Identifies a record within a store: 8 bytes that stand for who sent it,
/// and 16 that stand for which of theirs it is.
///
/// Who sent it comes first so that nobody can suppress another's records by
/// guessing their ids. The 16 begin with the time, so that the keys of one
/// device grow, and looking them up costs the same however many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey(pub [u8; 24]);

/// Who a record is from; a text that is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The installation.
    pub install: String,
    /// The run of the app.
    pub session: String,
    /// The signed-in user.
    pub user: String,
}

/// A screenshot as it is kept.
#[derive(Clone, Debug)]
pub struct StoredScreenshot {
    /// Its name: a UUID, made by the server unless the device made it.
    pub id: String,
    /// The server's clock when it came, in milliseconds since 1970.
    pub received_at: i64,
    /// Who sent it; empty if that is not known.
    pub user: String,
    /// The picture.
    pub png: Vec<u8>,
    /// The picture, smaller.
    pub thumbnail: Option<Vec<u8>>,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// For how long.
    pub age: Option<Duration>,
    /// How many bytes in all.
    pub bytes: Option<u64>,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// How many records were not there before.
    pub accepted: usize,
    /// How many were.
    pub duplicates: usize,
}

/// Which batches to look at.
#[derive(Clone, Copy, Debug)]
pub struct Scan<'a> {
    /// Where to start, and which way to go.
    pub from: Start,
    /// What is looked for. A store may skip batches that cannot hold a match.
    pub filter: &'a Filter,
    /// How much to return.
    pub portion: Portion,
}

/// How much is returned at a time.
#[derive(Clone, Copy, Debug)]
pub struct Portion {
    /// How many batches, at the most.
    pub batches: usize,
    /// How many bytes of records, at the most, one batch beside.
    pub bytes: usize,
}

impl Portion {
    /// How many of the batches with these lengths belong to it, from the first
    /// on, which always does.
    fn of(&self, lengths: impl Iterator<Item = usize>) -> usize {
        let mut bytes = 0;
        let fits = lengths.take(self.batches).take_while(|length| {
            let fits = bytes < self.bytes;
            bytes += length;
            fits
        });
        fits.count()
    }
}

/// Where a scan starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Behind this record, towards the newest.
    After(Seq),
    /// Before this record, towards the oldest.
    Before(Seq),
}

/// What a scan found.
#[derive(Debug)]
pub struct Scanned {
    /// Batches, in the direction of the scan.
    pub batches: Vec<Arc<StoredBatch>>,
    /// Whether the end of the store was reached, as it stood then.
    pub at_end: bool,
    /// The last of the records right behind the start of a scan towards the
    /// newest that were removed since, if any were.
    pub removed: Option<Seq>,
}

/// A batch as it is kept.
#[derive(Debug)]
pub struct StoredBatch {
    /// The number of its first record.
    pub first: Seq,
    /// The server's clock when it came, in milliseconds since 1970.
    pub received_at: i64,
    /// The resource of its request, as JSON.
    pub resource: Option<Arc<str>>,
    /// The records' lines.
    pub text: String,
}

impl StoredBatch {
    /// The records' lines with their numbers.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = (Seq, &str)> {
        // The position of a line from the back takes the number of lines.
        let lines: Vec<&str> = self.text.lines().collect();
        let numbered = lines.into_iter().enumerate();
        numbered.map(|(index, line)| (self.first + index as Seq, line))
    }

    /// The number of its last record.
    pub fn last(&self) -> Seq {
        self.first + memchr::memchr_iter(b'\n', self.text.as_bytes()).count() as u64 - 1
    }
}

/// Which sessions to list.
#[derive(Clone, Copy, Debug)]
pub struct SessionQuery<'a> {
    /// What is looked for; only ids and times count.
    pub filter: &'a Filter,
    /// Only sessions last heard of before this instant, in milliseconds.
    pub before: Option<i64>,
    /// How many to return at the most.
    pub limit: usize,
}

/// A run of an app, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who it is; the user is the last one known.
    pub origin: Origin,
    /// The three-word name of the device, if it has one.
    pub alias: Option<String>,
    /// The server's clock at the first record, in milliseconds since 1970.
    pub first_received: i64,
    /// The server's clock at the last record.
    pub last_received: i64,
    /// The earliest instant by the client's clock.
    pub first_timestamp: i64,
    /// The latest instant by the client's clock.
    pub last_timestamp: i64,
    /// How many records there are.
    pub records: u64,
    /// How many of them are errors.
    pub errors: u64,
    /// How many of them are fatal.
    pub fatals: u64,
    /// What the client last said about itself, as JSON.
    pub resource: Option<String>,
}

/// Why a store cannot do what it is asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no room left, on the disk or under the store's own limit.
    #[error("store is full: {0}")]
    Full(String),
    /// More is waiting to be written than may wait.
    #[error("store is busy: too many records are waiting to be written")]
    Busy,
    /// The store was closed.
    #[error("store is closed")]
    Closed,
    /// The file is of a later version of this program.
    #[error(
        "{path} was written by a newer version (schema {found}, this one knows {known}); update soliplex, or name another file with --store"
    )]
    Newer {
        /// The file.
        path: String,
        /// The version of the file.
        found: i64,
        /// The version that this program writes.
        known: i64,
    },
    /// Anything else that the file or the disk said.
    #[error("store failed: {0}")]
    Failed(String),
}

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file of SQLite: `sqlite:PATH`.
    Sqlite(std::path::PathBuf),
    /// A cluster of NATS with JetStream: `nats://HOST[,HOST…]`.
    Nats(FleetUrl),
}

/// The text names no store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStoreUrl {
    /// It is of no kind that is known.
    #[error("`{0}` is no store; write sqlite:PATH or nats://HOST[,HOST…]")]
    Unknown(String),
    /// It is no cluster of NATS.
    #[error(transparent)]
    Nats(#[from] BadFleetUrl),
}

impl std::str::FromStr for StoreUrl {
    type Err = BadStoreUrl;

    fn from_str(text: &str) -> Result<StoreUrl, BadStoreUrl> {
        if FleetUrl::is_one(text) {
            return Ok(StoreUrl::Nats(text.parse()?));
        }
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(StoreUrl::Sqlite(path.into())),
            _ => Err(BadStoreUrl::Unknown(text.to_owned())),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreUrl::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            StoreUrl::Nats(url) => url.fmt(f),
        }
    }
}
