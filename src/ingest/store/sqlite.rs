//! The store in one SQLite file.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::Utc;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use tokio::sync::{oneshot, watch};

use super::codec::Codec;
use super::writer::{Job, Message, Update, Writer, next_seq};
use super::{
    Alert, AlertRule, AppendFuture, Batch, Claims, ErrorGroup, Portion, Retention, Scan, Scanned,
    Seq, Session, SessionQuery, Start, Store, StoreError, StoredBatch, StoredScreenshot, Top,
    TopQuery, groups, query, retention, schema,
};

/// How many bytes of records may wait for the disk before more are turned away.
const MAX_WAITING_BYTES: usize = 32 << 20;

/// How many bytes of the latest batches stay unpacked for live readers.
const MAX_RECENT_BYTES: usize = 8 << 20;

/// The fact that is noted to see whether the file can be written, and the
/// number of the body that is, for a moment, to see whether there is room.
const PROBE: &str = "probe";
const PROBE_SEQ: i64 = -1;

/// How long to wait for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);

/// A [`Store`] in one SQLite file: a thread that writes, and readers beside it.
pub struct SqliteStore {
    shared: Arc<Shared>,
    messages: Sender<Message>,
    writer: Mutex<Option<JoinHandle<()>>>,
    readers: Mutex<Vec<Connection>>,
    alerts: Option<AlertRule>,
}

/// What the writer and the readers have in common.
pub(super) struct Shared {
    pub(super) path: PathBuf,
    pub(super) codec: Codec,
    pub(super) waiting: AtomicUsize,
    /// Whether what was written last could not be.
    pub(super) is_failing: AtomicBool,
    /// How many bytes there was no room for; zero as long as there was.
    pub(super) needed: AtomicUsize,
    head: watch::Sender<Seq>,
    recent: Mutex<Recent>,
}

/// The latest batches, oldest first.
#[derive(Default)]
struct Recent {
    batches: VecDeque<Arc<StoredBatch>>,
    bytes: usize,
}

impl SqliteStore {
    /// Opens a file, creating it (for its owner alone) if it is not there and
    /// bringing an older one up to date. Errors are counted towards alerts if
    /// there is a rule for them.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, is no store, or is of a newer version.
    pub fn open(path: &Path, alerts: Option<AlertRule>) -> Result<SqliteStore, StoreError> {
        create(path)?;
        let mut connection = open(path)?;
        schema::migrate(&mut connection, &path.display().to_string())?;
        let head = next_seq(&connection)? - 1;
        let shared = Arc::new(Shared {
            path: path.to_owned(),
            codec: Codec::default(),
            waiting: AtomicUsize::new(0),
            is_failing: AtomicBool::new(false),
            needed: AtomicUsize::new(0),
            head: watch::Sender::new(head),
            recent: Mutex::default(),
        });
        let (messages, inbox) = channel();
        let writer = Writer::new(Arc::clone(&shared), connection, alerts);
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(&inbox))
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(SqliteStore {
            shared,
            messages,
            writer: Mutex::new(Some(writer)),
            readers: Mutex::default(),
            alerts,
        })
    }

    /// Has the writer make a change, and waits until it is durable.
    pub(super) fn update(
        &self,
        apply: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.update_by(0, apply)
    }

    /// The same for a change that is there to write so many bytes.
    fn update_by(
        &self,
        bytes: usize,
        apply: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let (reply, done) = channel();
        let apply = Box::new(apply);
        let update = Update {
            bytes,
            apply,
            reply,
        };
        let sent = self.messages.send(Message::Update(update));
        sent.map_err(|_| StoreError::Closed)?;
        done.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Runs a query on a reader of its own.
    pub(super) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = lock(&self.readers).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open_for_reading(&self.shared.path)?,
        };
        let result = query(&connection);
        if result.is_ok() {
            lock(&self.readers).push(connection);
        }
        result
    }
}

impl Store for SqliteStore {
    fn append(&self, batch: Batch) -> AppendFuture {
        let sent = self.send(batch);
        Box::pin(async move { sent?.await.unwrap_or(Err(StoreError::Closed)) })
    }

    fn head(&self) -> watch::Receiver<Seq> {
        self.shared.head.subscribe()
    }

    fn distance(&self, from: Seq, to: Seq) -> u64 {
        to.saturating_sub(from)
    }

    fn recent(&self, after: Seq, portion: Portion) -> Option<Scanned> {
        lock(&self.shared.recent).after(after, portion)
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Scanned, StoreError> {
        self.read(|connection| {
            // One snapshot, so that what is removed meanwhile is either
            // returned or counted.
            let snapshot = connection.unchecked_transaction()?;
            let (candidates, is_all) = query::candidates(&snapshot, scan)?;
            let lengths = candidates.iter().map(|(_, length)| *length);
            let count = scan.portion.of(lengths);
            let at_end = is_all && count == candidates.len();
            let mut batches = Vec::with_capacity(count);
            for (seq, _) in &candidates[..count] {
                batches.extend(self.load(&snapshot, *seq)?);
            }
            let removed = match scan.from {
                Start::After(after) => {
                    let first = query::first_kept(&snapshot)?;
                    (first > after + 1).then(|| first - 1)
                }
                Start::Before(_) => None,
            };
            Ok(Scanned {
                batches,
                at_end,
                removed,
            })
        })
    }

    fn sessions(&self, query: &SessionQuery<'_>) -> Result<Vec<Session>, StoreError> {
        self.read(|connection| query::sessions(connection, query))
    }

    fn install_by_alias(&self, alias: &str) -> Result<Option<String>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT install FROM installs WHERE alias = ?1 LIMIT 1";
            let mut query = connection.prepare_cached(sql)?;
            Ok(query
                .query_row([alias.to_lowercase()], |row| row.get(0))
                .optional()?)
        })
    }

    fn top(&self, query: &TopQuery) -> Result<Top, StoreError> {
        self.read(|connection| groups::top(connection, query))
    }

    fn group(&self, hash: &str) -> Result<Option<ErrorGroup>, StoreError> {
        self.read(|connection| groups::group(connection, hash))
    }

    fn due_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        match self.alerts {
            Some(rule) => self.read(|connection| groups::due_alerts(connection, rule)),
            None => Ok(Vec::new()),
        }
    }

    fn alerts_told(&self, alerts: &[Alert]) -> Result<(), StoreError> {
        let alerts = alerts.to_vec();
        self.update(move |transaction| groups::alerts_told(transaction, &alerts))
    }

    fn put_screenshot(&self, screenshot: StoredScreenshot) -> Result<(), StoreError> {
        self.update(move |transaction| {
            transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO screenshots (id, received_at, user, png, thumbnail)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    screenshot.id,
                    screenshot.received_at,
                    screenshot.user,
                    screenshot.png,
                    screenshot.thumbnail,
                ])?;
            Ok(())
        })
    }

    fn screenshot(&self, id: &str, thumbnail: bool) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|connection| {
            let column = if thumbnail {
                "coalesce(thumbnail, png)"
            } else {
                "png"
            };
            let sql = format!("SELECT {column} FROM screenshots WHERE id = ?1");
            let mut query = connection.prepare_cached(&sql)?;
            Ok(query.query_row([id], |row| row.get(0)).optional()?)
        })
    }

    fn fact(&self, name: &str) -> Result<Option<i64>, StoreError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached("SELECT value FROM facts WHERE name = ?1")?;
            Ok(query.query_row([name], |row| row.get(0)).optional()?)
        })
    }

    fn set_fact(&self, name: &str, value: i64) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.update(move |transaction| {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO facts (name, value) VALUES (?1, ?2)")?
                .execute(params![name, value])?;
            Ok(())
        })
    }

    fn shared_text(&self, _: &str) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    fn share_text(&self, _: &str, _: &str) -> Result<(), StoreError> {
        Ok(())
    }

    fn claims(&self) -> Option<Box<dyn Claims>> {
        None
    }

    fn expire(&self, retention: &Retention) -> Result<(), StoreError> {
        retention::expire(self, retention)
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.shared.waiting.load(Ordering::Acquire) >= MAX_WAITING_BYTES {
            return Err(StoreError::Busy);
        }
        if self.shared.is_failing.load(Ordering::Acquire) {
            // Whether it can be written again is told by writing. That costs a
            // sync, which nobody may cause as long as all is well.
            return self.probe();
        }
        self.read(|connection| next_seq(connection).map(drop))
    }

    fn close(&self) -> Result<(), StoreError> {
        let _ = self.messages.send(Message::Close);
        let writer = lock(&self.writer).take();
        match writer.map(JoinHandle::join) {
            Some(Err(_)) => Err(StoreError::Failed("the writer panicked".to_owned())),
            _ => Ok(()),
        }
    }
}

type Reply = oneshot::Receiver<Result<super::Appended, StoreError>>;

impl SqliteStore {
    /// Writes as much as there was no room for, and takes it out again.
    fn probe(&self) -> Result<(), StoreError> {
        let bytes = self.shared.needed.load(Ordering::Acquire);
        if bytes > 0 {
            self.update_by(bytes, move |transaction| {
                let sql = "INSERT OR REPLACE INTO bodies (seq, packed) VALUES (?1, zeroblob(?2))";
                transaction.execute(sql, params![PROBE_SEQ, bytes])?;
                Ok(())
            })?;
            self.update(|transaction| {
                transaction.execute("DELETE FROM bodies WHERE seq = ?1", [PROBE_SEQ])?;
                Ok(())
            })?;
        }
        self.set_fact(PROBE, Utc::now().timestamp_millis())
    }

    /// Packs a batch on the caller's thread, of which there are several, and
    /// hands it to the writer, of which there is one.
    fn send(&self, batch: Batch) -> Result<Reply, StoreError> {
        let bytes = batch.text.len();
        let waiting = self.shared.waiting.fetch_add(bytes, Ordering::AcqRel);
        let sent = if waiting + bytes > MAX_WAITING_BYTES {
            Err(StoreError::Busy)
        } else {
            self.shared
                .codec
                .pack(batch.text.as_bytes())
                .and_then(|packed| {
                    let (reply, receiver) = oneshot::channel();
                    let job = Job {
                        batch,
                        packed,
                        reply,
                    };
                    let sent = self.messages.send(Message::Append(job));
                    sent.map(|()| receiver).map_err(|_| StoreError::Closed)
                })
        };
        if sent.is_err() {
            self.shared.waiting.fetch_sub(bytes, Ordering::AcqRel);
        }
        sent
    }

    fn load(
        &self,
        connection: &Connection,
        seq: i64,
    ) -> Result<Option<Arc<StoredBatch>>, StoreError> {
        let row = connection
            .prepare_cached(
                "SELECT received_at, length, packed, json FROM batches
                 JOIN bodies USING (seq)
                 LEFT JOIN resources ON resources.id = batches.resource WHERE seq = ?1",
            )?
            .query_row([seq], |row| {
                let packed: Vec<u8> = row.get(2)?;
                let json: Option<String> = row.get(3)?;
                Ok((row.get(0)?, row.get(1)?, packed, json))
            })
            .optional()?;
        let Some((received_at, length, packed, resource)) = row else {
            return Ok(None);
        };
        Ok(Some(Arc::new(StoredBatch {
            first: seq.cast_unsigned(),
            received_at,
            resource: resource.map(Arc::from),
            text: self.shared.codec.unpack(&packed, length)?,
        })))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        let _ = self.close();
    }
}

impl Shared {
    /// Makes committed batches known to those who wait for them.
    pub(super) fn publish(&self, batches: impl Iterator<Item = StoredBatch>) {
        let mut head = None;
        let mut recent = lock(&self.recent);
        for batch in batches {
            head = Some(batch.last());
            recent.push(batch);
        }
        drop(recent);
        if let Some(head) = head {
            self.head.send_replace(head);
        }
    }
}

impl Recent {
    fn push(&mut self, batch: StoredBatch) {
        self.bytes += batch.text.len();
        self.batches.push_back(Arc::new(batch));
        while self.bytes > MAX_RECENT_BYTES
            && let Some(oldest) = self.batches.pop_front()
        {
            self.bytes -= oldest.text.len();
        }
    }

    /// What follows a record, if all of it is still here.
    fn after(&self, after: Seq, portion: Portion) -> Option<Scanned> {
        if self.batches.front()?.first > after + 1 {
            return None;
        }
        let start = self.batches.partition_point(|batch| batch.last() <= after);
        let rest = self.batches.range(start..);
        let count = portion.of(rest.clone().map(|batch| batch.text.len()));
        Some(Scanned {
            at_end: count == rest.len(),
            removed: None,
            batches: rest.take(count).cloned().collect(),
        })
    }
}

/// Makes the file readable for its owner alone before SQLite opens it, which
/// gives the log beside it the same mode.
fn create(path: &Path) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| StoreError::Failed(format!("{}: {error}", path.display()));
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o600);
    options.open(path).map_err(failed)?;
    Ok(())
}

/// Opens a file for writing.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(|error| named(path, &error))?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    // A log of up to 16 MB before it is folded into the file: pages that many
    // requests share are then written to the file once for all of these.
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY;
             PRAGMA wal_autocheckpoint = 4000;",
        )
        .map_err(|error| named(path, &error))?;
    Ok(connection)
}

fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| named(path, &error))?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

fn named(path: &Path, error: &rusqlite::Error) -> StoreError {
    StoreError::Failed(format!("cannot open {}: {error}", path.display()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
