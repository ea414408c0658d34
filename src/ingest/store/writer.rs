//! The one thread that writes: whatever is waiting becomes one transaction.
//!
//! A commit costs one sync of the disk however much is in it, so under load
//! the groups grow by themselves and the sync is shared. Nothing is answered
//! before its commit.

use std::collections::HashMap;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, atomic::Ordering};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::groups::Counter;
use super::sqlite::{Shared, open};
use super::{AlertRule, Appended, Batch, Entry, Origin, Seq, StoreError, StoredBatch, seen};
use crate::ingest::OPERATOR;
use crate::record::Level;

/// How much text one transaction takes in at the most. Larger groups make the
/// wait longer and the sync no cheaper.
const MAX_GROUP_BYTES: usize = 16 << 20;

/// How much room beside a batch's own its transaction may take, in bytes.
const MARGIN_BYTES: usize = 64 << 10;

/// How many resources the writer knows the numbers of without asking.
const MAX_RESOURCES: usize = 1024;

/// A batch on its way to the disk.
pub(super) struct Job {
    pub(super) batch: Batch,
    pub(super) packed: Vec<u8>,
    pub(super) reply: oneshot::Sender<Result<Appended, StoreError>>,
}

/// What the writer is told.
pub(super) enum Message {
    Append(Job),
    Update(Update),
    Close,
}

/// A change that is no batch, in a transaction of its own.
pub(super) struct Update {
    /// How many bytes it writes, if that is what it is for.
    pub(super) bytes: usize,
    pub(super) apply: Change,
    pub(super) reply: std::sync::mpsc::Sender<Result<(), StoreError>>,
}

/// What an update does.
pub(super) type Change = Box<dyn FnOnce(&Transaction<'_>) -> Result<(), StoreError> + Send>;

/// The state of the writing thread.
pub(super) struct Writer {
    shared: Arc<Shared>,
    /// `None` after a failure: what a failed sync left behind is not known,
    /// so the next group opens the file anew.
    connection: Option<Connection>,
    resources: HashMap<[u8; 32], i64>,
    errors: Counter,
}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        connection: Connection,
        alerts: Option<AlertRule>,
    ) -> Writer {
        Writer {
            errors: Counter::new(alerts),
            shared,
            connection: Some(connection),
            resources: HashMap::new(),
        }
    }

    /// Writes until told to close, or until nobody is left to tell.
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        let mut next = messages.recv().ok();
        while let Some(message) = next {
            next = match message {
                Message::Append(first) => {
                    let (group, next) = gather(first, messages);
                    self.write(group);
                    next
                }
                Message::Update(update) => {
                    let result = self.update(update.apply);
                    self.note(result.as_ref().err(), update.bytes);
                    if result.is_err() {
                        self.connection = None;
                    }
                    let _ = update.reply.send(result);
                    None
                }
                Message::Close => break,
            }
            .or_else(|| messages.recv().ok());
        }
        if let Some(connection) = self.connection.take() {
            // Folds the log into the file, so that a copy of it is whole.
            let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        }
    }

    fn write(&mut self, mut group: Vec<Job>) {
        let bytes: usize = group.iter().map(|job| job.batch.text.len()).sum();
        // Packed, and once more for what is counted and indexed.
        let largest = group.iter().map(|job| job.packed.len()).max();
        let needed = 2 * largest.unwrap_or(0) + MARGIN_BYTES;
        let result = self.commit(&mut group);
        self.note(result.as_ref().err(), needed);
        self.shared.waiting.fetch_sub(bytes, Ordering::AcqRel);
        match result {
            Ok(done) => {
                let stored = group.iter_mut().zip(&done).filter_map(|(job, done)| {
                    let first = done.first?;
                    Some(StoredBatch {
                        first,
                        received_at: job.batch.received_at,
                        resource: job.batch.resource.as_deref().map(Arc::from),
                        text: std::mem::take(&mut job.batch.text),
                    })
                });
                self.shared.publish(stored);
                for (job, done) in group.into_iter().zip(done) {
                    let _ = job.reply.send(Ok(done.appended));
                }
            }
            Err(error) => {
                tracing::error!(%error, "records not stored");
                self.connection = None;
                self.resources.clear();
                self.errors.forget();
                for job in group {
                    let _ = job.reply.send(Err(error.clone()));
                }
            }
        }
    }

    /// Notes whether so many bytes could be written, and says so where that
    /// changes. That a little can be written does not mean that records can,
    /// once there was no room for them.
    fn note(&self, error: Option<&StoreError>, bytes: usize) {
        let shared = &self.shared;
        let path = shared.path.display();
        if let Some(error) = error {
            if let StoreError::Full(_) = error {
                let needed = bytes.max(MARGIN_BYTES);
                shared.needed.fetch_max(needed, Ordering::AcqRel);
            }
            if !shared.is_failing.swap(true, Ordering::AcqRel) {
                let next_step = match error {
                    StoreError::Full(_) => {
                        "make room, or keep less with --retention or --max-store"
                    }
                    _ => "see what holds it up",
                };
                tracing::error!(
                    target: OPERATOR,
                    "{path}: {error}; records are refused with 503 until it can be written: {next_step}"
                );
            }
        } else if bytes >= shared.needed.load(Ordering::Acquire) {
            shared.needed.store(0, Ordering::Release);
            if shared.is_failing.swap(false, Ordering::AcqRel) {
                tracing::warn!(target: OPERATOR, "{path}: can be written again");
            }
        }
    }

    fn update(
        &mut self,
        apply: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let transaction = begin(&mut self.connection, &self.shared)?;
        apply(&transaction)?;
        transaction.commit()?;
        Ok(())
    }

    fn commit(&mut self, group: &mut [Job]) -> Result<Vec<Done>, StoreError> {
        let transaction = begin(&mut self.connection, &self.shared)?;
        let mut next = next_seq(&transaction)?;
        let mut done = Vec::with_capacity(group.len());
        for job in group.iter_mut() {
            let mut step = Step {
                transaction: &transaction,
                shared: &self.shared,
                resources: &mut self.resources,
            };
            let appended = step.append(job, next)?;
            if appended.accepted > 0 {
                self.errors.count(&transaction, &job.batch)?;
            }
            done.push(Done {
                first: (appended.accepted > 0).then_some(next),
                appended,
            });
            next += appended.accepted as Seq;
        }
        set_next_seq(&transaction, next)?;
        transaction.commit()?;
        Ok(done)
    }
}

fn begin<'c>(
    connection: &'c mut Option<Connection>,
    shared: &Shared,
) -> Result<Transaction<'c>, StoreError> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(open(&shared.path)?),
    };
    Ok(connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

/// What became of one batch of a group.
struct Done {
    first: Option<Seq>,
    appended: Appended,
}

/// Takes whatever other batches are waiting, and the message after them if
/// it was taken too.
fn gather(first: Job, messages: &Receiver<Message>) -> (Vec<Job>, Option<Message>) {
    let mut bytes = first.batch.text.len();
    let mut group = vec![first];
    while bytes < MAX_GROUP_BYTES {
        match messages.try_recv() {
            Ok(Message::Append(job)) => {
                bytes += job.batch.text.len();
                group.push(job);
            }
            Ok(other) => return (group, Some(other)),
            Err(_) => break,
        }
    }
    (group, None)
}

pub(super) fn next_seq(connection: &Connection) -> Result<Seq, StoreError> {
    let next = connection
        .prepare_cached("SELECT value FROM facts WHERE name = 'next'")?
        .query_row([], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(next.map_or(1, i64::cast_unsigned))
}

fn set_next_seq(transaction: &Transaction<'_>, next: Seq) -> Result<(), StoreError> {
    transaction
        .prepare_cached("INSERT OR REPLACE INTO facts (name, value) VALUES ('next', ?1)")?
        .execute([next.cast_signed()])?;
    Ok(())
}

/// One batch within the transaction of its group.
struct Step<'a> {
    transaction: &'a Transaction<'a>,
    shared: &'a Shared,
    resources: &'a mut HashMap<[u8; 32], i64>,
}

impl Step<'_> {
    fn append(&mut self, job: &mut Job, first: Seq) -> Result<Appended, StoreError> {
        let total = job.batch.records.len();
        let is_fresh = seen::mark(self.transaction, &job.batch.records, first)?;
        let accepted = is_fresh.iter().filter(|fresh| **fresh).count();
        let appended = Appended {
            accepted,
            duplicates: total - accepted,
        };
        if accepted == 0 {
            return Ok(appended);
        }
        if accepted < total {
            retain(&mut job.batch, &is_fresh);
            job.packed = self.shared.codec.pack(job.batch.text.as_bytes())?;
        }
        let resource = match job.batch.resource.as_deref() {
            Some(json) => Some(self.resource(json)?),
            None => None,
        };
        self.insert(job, first, resource)?;
        self.count_origins(&job.batch, first, resource)?;
        Ok(appended)
    }

    fn resource(&mut self, json: &str) -> Result<i64, StoreError> {
        let hash: [u8; 32] = Sha256::digest(json.as_bytes()).into();
        if let Some(id) = self.resources.get(&hash) {
            return Ok(*id);
        }
        let id = self
            .transaction
            .prepare_cached(
                "INSERT INTO resources (hash, json) VALUES (?1, ?2)
                 ON CONFLICT (hash) DO UPDATE SET hash = hash RETURNING id",
            )?
            .query_row(params![&hash[..], json], |row| row.get(0))?;
        if self.resources.len() >= MAX_RESOURCES {
            self.resources.clear();
        }
        self.resources.insert(hash, id);
        Ok(id)
    }

    fn insert(&self, job: &Job, first: Seq, resource: Option<i64>) -> Result<(), StoreError> {
        let times = || job.batch.records.iter().map(|record| record.timestamp);
        let levels = job.batch.records.iter().map(|record| record.level);
        self.transaction
            .prepare_cached(
                "INSERT INTO batches
                 (seq, records, received_at, first_at, last_at, max_level, resource, length)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                first.cast_signed(),
                job.batch.records.len(),
                job.batch.received_at,
                times().min(),
                times().max(),
                levels.max().map(Level::number),
                resource,
                job.batch.text.len(),
            ])?;
        self.transaction
            .prepare_cached("INSERT INTO bodies (seq, packed) VALUES (?1, ?2)")?
            .execute(params![first.cast_signed(), job.packed])?;
        Ok(())
    }

    fn count_origins(
        &self,
        batch: &Batch,
        first: Seq,
        resource: Option<i64>,
    ) -> Result<(), StoreError> {
        let mut tallies = vec![Tally::default(); batch.origins.len()];
        for record in &batch.records {
            tallies[record.origin].add(record);
        }
        for (origin, tally) in batch.origins.iter().zip(&tallies) {
            if tally.records == 0 {
                continue;
            }
            let id = self.count_origin(origin, tally, batch.received_at, resource)?;
            self.transaction
                .prepare_cached("INSERT INTO origin_batches (origin, seq) VALUES (?1, ?2)")?
                .execute([id, first.cast_signed()])?;
            if let Some(alias) = &batch.alias
                && !origin.install.is_empty()
            {
                self.transaction
                    .prepare_cached(
                        "INSERT INTO installs (install, alias) VALUES (?1, ?2)
                         ON CONFLICT (install) DO UPDATE SET alias = ?2 WHERE alias != ?2",
                    )?
                    .execute([&origin.install, &alias.to_lowercase()])?;
            }
        }
        Ok(())
    }

    fn count_origin(
        &self,
        origin: &Origin,
        tally: &Tally,
        received_at: i64,
        resource: Option<i64>,
    ) -> Result<i64, StoreError> {
        let id = self
            .transaction
            .prepare_cached(
                "INSERT INTO origins
                 (session, install, user, first_received, last_received, first_at, last_at,
                  records, errors, fatals, resource)
                 VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (session, install, user) DO UPDATE SET
                  last_received = max(last_received, ?4),
                  first_at = min(first_at, ?5), last_at = max(last_at, ?6),
                  records = records + ?7, errors = errors + ?8, fatals = fatals + ?9,
                  resource = coalesce(?10, resource)
                 RETURNING id",
            )?
            .query_row(
                params![
                    origin.session,
                    origin.install,
                    origin.user,
                    received_at,
                    tally.first_at,
                    tally.last_at,
                    tally.records,
                    tally.errors,
                    tally.fatals,
                    resource,
                ],
                |row| row.get(0),
            )?;
        Ok(id)
    }
}

/// What the records of one origin in a batch add up to.
#[derive(Clone, Debug)]
struct Tally {
    records: i64,
    errors: i64,
    fatals: i64,
    first_at: i64,
    last_at: i64,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            records: 0,
            errors: 0,
            fatals: 0,
            first_at: i64::MAX,
            last_at: i64::MIN,
        }
    }
}

impl Tally {
    fn add(&mut self, record: &Entry) {
        self.records += 1;
        self.errors += i64::from(record.level == Level::Error);
        self.fatals += i64::from(record.level == Level::Fatal);
        self.first_at = self.first_at.min(record.timestamp);
        self.last_at = self.last_at.max(record.timestamp);
    }
}

/// Drops the records of a batch that are not to be kept.
fn retain(batch: &mut Batch, keep: &[bool]) {
    let mut text = String::with_capacity(batch.text.len());
    let mut records = Vec::with_capacity(batch.records.len());
    let mut start = 0;
    for (mut record, keep) in std::mem::take(&mut batch.records).into_iter().zip(keep) {
        let line = start..record.end;
        start = record.end;
        if *keep {
            text.push_str(&batch.text[line]);
            record.end = text.len();
            records.push(record);
        }
    }
    batch.text = text;
    batch.records = records;
}
