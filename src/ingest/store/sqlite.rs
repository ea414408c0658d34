//! The store in one SQLite file.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use tokio::sync::{oneshot, watch};

use super::codec::Codec;
use super::writer::{Job, Message, Update, Writer, next_seq};
use super::{
    Alert, AlertRule, AppendFuture, Batch, Retention, Origin, Scan, Scanned, Seq, Session, SessionQuery, Start, Store,
    StoreError, StoredBatch,
    StoredScreenshot, Top, TopQuery, groups, retention, schema,
};
use crate::filter::Filter;

/// How many bytes of records may wait for the disk before more are turned away.
const MAX_WAITING_BYTES: usize = 32 << 20;

/// How many bytes of the latest batches stay unpacked for live readers.
const MAX_RECENT_BYTES: usize = 8 << 20;

/// How long to wait for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_millis(500);

/// How many origins are looked up one by one; for more, batches are scanned.
const MAX_ORIGINS: usize = 500;

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
        let (reply, done) = channel();
        let apply = Box::new(apply);
        let sent = self.messages.send(Message::Update(Update { apply, reply }));
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

    fn recent(&self, after: Seq, batches: usize) -> Option<Scanned> {
        lock(&self.shared.recent).after(after, batches)
    }

    fn scan(&self, scan: &Scan<'_>) -> Result<Scanned, StoreError> {
        self.read(|connection| {
            let (candidates, at_end) = candidates(connection, scan)?;
            let mut batches = Vec::with_capacity(candidates.len());
            for seq in candidates {
                batches.extend(self.load(connection, seq)?);
            }
            Ok(Scanned { batches, at_end })
        })
    }

    fn sessions(&self, query: &SessionQuery<'_>) -> Result<Vec<Session>, StoreError> {
        self.read(|connection| sessions(connection, query))
    }

    fn install_by_alias(&self, alias: &str) -> Result<Option<String>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT install FROM installs WHERE alias = ?1 LIMIT 1";
            let mut query = connection.prepare_cached(sql)?;
            Ok(query.query_row([alias.to_lowercase()], |row| row.get(0)).optional()?)
        })
    }

    fn top(&self, query: &TopQuery) -> Result<Top, StoreError> {
        self.read(|connection| groups::top(connection, query))
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
                    "INSERT INTO screenshots (id, received_at, user, png, thumbnail)
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
            let column = if thumbnail { "coalesce(thumbnail, png)" } else { "png" };
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

    fn expire(&self, retention: &Retention) -> Result<(), StoreError> {
        retention::expire(self, retention)
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.shared.waiting.load(Ordering::Acquire) >= MAX_WAITING_BYTES {
            return Err(StoreError::Busy);
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
    /// Packs a batch on the caller's thread, of which there are several, and
    /// hands it to the writer, of which there is one.
    fn send(&self, batch: Batch) -> Result<Reply, StoreError> {
        let bytes = batch.text.len();
        let waiting = self.shared.waiting.fetch_add(bytes, Ordering::AcqRel);
        let sent = if waiting + bytes > MAX_WAITING_BYTES {
            Err(StoreError::Busy)
        } else {
            self.shared.codec.pack(batch.text.as_bytes()).and_then(|packed| {
                let (reply, receiver) = oneshot::channel();
                let job = Job { batch, packed, reply };
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
    fn after(&self, after: Seq, limit: usize) -> Option<Scanned> {
        if self.batches.front()?.first > after + 1 {
            return None;
        }
        let start = self.batches.partition_point(|batch| batch.last() <= after);
        let rest = self.batches.range(start..);
        Some(Scanned {
            at_end: rest.len() <= limit,
            batches: rest.take(limit).cloned().collect(),
        })
    }
}

/// The numbers of the batches in which a record may match, and whether these
/// are all up to the end.
fn candidates(
    connection: &Connection,
    scan: &Scan<'_>,
) -> Result<(Vec<i64>, bool), StoreError> {
    let (low, high, order) = match scan.from {
        Start::After(after) => (holder(connection, after + 1)?, i64::MAX, "ASC"),
        Start::Before(before) => (0, clamp(before.saturating_sub(1)), "DESC"),
    };
    let mut found = match origins(connection, scan.filter)? {
        Some(origins) => {
            let sql = format!(
                "SELECT seq FROM origin_batches JOIN batches USING (seq)
                 WHERE origin = ?1 AND seq BETWEEN ?2 AND ?3
                 AND max_level >= ?4 AND last_at >= ?5 AND first_at <= ?6
                 ORDER BY seq {order} LIMIT ?7"
            );
            let mut found = Vec::new();
            for origin in origins {
                select(connection, &sql, Some(origin), (low, high), scan, &mut found)?;
            }
            found.sort_unstable();
            found.dedup();
            if order == "DESC" {
                found.reverse();
            }
            found
        }
        None => {
            let sql = format!(
                "SELECT seq FROM batches
                 WHERE ?1 IS NULL AND seq BETWEEN ?2 AND ?3
                 AND max_level >= ?4 AND last_at >= ?5 AND first_at <= ?6
                 ORDER BY seq {order} LIMIT ?7"
            );
            let mut found = Vec::new();
            select(connection, &sql, None, (low, high), scan, &mut found)?;
            found
        }
    };
    let at_end = found.len() <= scan.batches;
    found.truncate(scan.batches);
    Ok((found, at_end))
}

fn select(
    connection: &Connection,
    sql: &str,
    origin: Option<i64>,
    (low, high): (i64, i64),
    scan: &Scan<'_>,
    found: &mut Vec<i64>,
) -> Result<(), StoreError> {
    let filter = scan.filter;
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(
        params![
            origin,
            low,
            high,
            filter.level.map_or(0, crate::record::Level::number),
            filter.since.map_or(i64::MIN, |time| time.timestamp_millis()),
            filter.until.map_or(i64::MAX, |time| time.timestamp_millis()),
            scan.batches + 1,
        ],
        |row| row.get(0),
    )?;
    for seq in rows {
        found.push(seq?);
    }
    Ok(())
}

/// The number of the batch that holds a record, or would.
fn holder(connection: &Connection, seq: Seq) -> Result<i64, StoreError> {
    let first: Option<i64> = connection
        .prepare_cached("SELECT max(seq) FROM batches WHERE seq <= ?1")?
        .query_row([clamp(seq)], |row| row.get(0))?;
    Ok(first.unwrap_or(0))
}

/// The origins that a filter on ids asks for; `None` if it asks for none, or
/// for more than are worth looking up one by one.
fn origins(connection: &Connection, filter: &Filter) -> Result<Option<Vec<i64>>, StoreError> {
    let Some((sql, ids)) = origin_condition(filter) else {
        return Ok(None);
    };
    let sql = format!("SELECT o.id FROM origins o WHERE {sql} LIMIT {}", MAX_ORIGINS + 1);
    let mut statement = connection.prepare_cached(&sql)?;
    let origins: Vec<i64> = statement
        .query_map(rusqlite::params_from_iter(ids), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok((origins.len() <= MAX_ORIGINS).then_some(origins))
}

/// The condition on `origins` for the ids in a filter, each a prefix.
fn origin_condition(filter: &Filter) -> Option<(String, Vec<&str>)> {
    let wanted = [
        ("o.session", &filter.session),
        ("o.install", &filter.install),
        ("o.user", &filter.user),
    ];
    let (conditions, ids): (Vec<String>, Vec<&str>) = wanted
        .into_iter()
        .filter_map(|(column, id)| Some((column, id.as_deref()?)))
        .enumerate()
        .map(|(index, (column, id))| {
            let n = index + 1;
            // The last code point of Unicode sorts behind every id.
            let condition =
                format!("{column} != '' AND {column} >= ?{n} AND {column} < ?{n} || char(1114111)");
            (condition, id)
        })
        .unzip();
    (!ids.is_empty()).then(|| (conditions.join(" AND "), ids))
}

fn sessions(
    connection: &Connection,
    query: &SessionQuery<'_>,
) -> Result<Vec<Session>, StoreError> {
    let (ids_sql, ids) = origin_condition(query.filter).unwrap_or(("1".to_owned(), Vec::new()));
    let n = ids.len();
    // Of bare columns beside max(), SQLite takes the row of the maximum: the
    // user and the resource are those last known.
    let sql = format!(
        "SELECT o.install, o.session, o.user, alias, min(o.first_received),
                max(o.last_received) AS heard, min(o.first_at), max(o.last_at),
                sum(o.records), sum(o.errors), sum(o.fatals), json
         FROM origins o
         LEFT JOIN resources ON resources.id = o.resource
         LEFT JOIN installs ON installs.install = o.install
         WHERE {ids_sql}
         GROUP BY o.session, o.install
         HAVING heard < ?{before}
         AND max(o.last_at) >= ?{since} AND min(o.first_at) <= ?{until}
         ORDER BY heard DESC LIMIT ?{limit}",
        before = n + 1,
        since = n + 2,
        until = n + 3,
        limit = n + 4,
    );
    let filter = query.filter;
    let numbers = [
        query.before.unwrap_or(i64::MAX),
        filter.since.map_or(i64::MIN, |time| time.timestamp_millis()),
        filter.until.map_or(i64::MAX, |time| time.timestamp_millis()),
        i64::try_from(query.limit).unwrap_or(i64::MAX),
    ];
    let mut values: Vec<&dyn rusqlite::ToSql> = Vec::new();
    values.extend(ids.iter().map(|id| id as &dyn rusqlite::ToSql));
    values.extend(numbers.iter().map(|number| number as &dyn rusqlite::ToSql));
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(&values[..], session_from)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn session_from(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        origin: Origin {
            install: row.get(0)?,
            session: row.get(1)?,
            user: row.get(2)?,
        },
        alias: row.get(3)?,
        first_received: row.get(4)?,
        last_received: row.get(5)?,
        first_timestamp: row.get(6)?,
        last_timestamp: row.get(7)?,
        records: row.get(8)?,
        errors: row.get(9)?,
        fatals: row.get(10)?,
        resource: row.get(11)?,
    })
}

fn clamp(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// Makes the file readable for its owner alone before SQLite opens it, which
/// gives the log beside it the same mode.
fn create(path: &Path) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| StoreError::Failed(format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
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
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY;",
        )
        .map_err(|error| named(path, &error))?;
    Ok(connection)
}

fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| named(path, &error))?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

fn named(path: &Path, error: &rusqlite::Error) -> StoreError {
    StoreError::Failed(format!("cannot open {}: {error}", path.display()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
