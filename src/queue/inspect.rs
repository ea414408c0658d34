//! What is in a queue and what is wrong with it.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::QueueError;
use super::batch::Damage;
use super::check::{is_oversized, is_placeholder, lacks_run_id, rejection};
use super::error::io_error;
use super::folder::{Folder, names};
use super::fs::{Disk, FileSystem};
use super::items::{Item, Items};
use super::line::DamageKind;
use super::meta::{Dropped, hash};
use super::pending::{Parts, Stretch};
use super::state::Source;
use crate::record::{Level, LogRecord, keys, parse_timestamp};

/// How many stretches of damage are listed; the rest is counted.
const LISTED_DAMAGE: usize = 1000;

/// How many loggers, sessions and reasons are told apart; the rest is counted
/// under `(others)`.
const TOLD_APART: usize = 10_000;

/// Confirmed bytes at the head of the deployed client's file that are worth a
/// word, since it reads them again at every drain.
const LONG_HEAD: u64 = 64 * 1024;

/// How thoroughly to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InspectOptions {
    /// Read every byte, confirmed records too, instead of what is pending.
    pub verify: bool,
}

/// What is in a queue and what is wrong with it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The folder.
    pub path: PathBuf,
    /// The size of each file of the queue that is there.
    pub files: BTreeMap<&'static str, u64>,
    /// Whether every byte was read.
    pub verified: bool,
    /// Records in the queue file that are delivered and still there.
    pub confirmed: u64,
    /// Records that are not delivered yet, in all files.
    pub pending: u64,
    /// Their bytes, newlines not counted.
    pub pending_bytes: u64,
    /// The earliest and latest timestamp of pending records, as they stand.
    pub oldest: Option<String>,
    /// See [`Report::oldest`].
    pub newest: Option<String>,
    /// Pending records by level.
    pub levels: BTreeMap<String, u64>,
    /// Pending records by logger.
    pub loggers: BTreeMap<String, u64>,
    /// Pending records by session.
    pub sessions: BTreeMap<String, u64>,
    /// What was lost, ever.
    pub dropped: Dropped,
    /// Records the server would not take.
    pub dead_letters: u64,
    /// Why it would not: the status and what it said, and how many that was.
    pub dead_letter_reasons: BTreeMap<String, u64>,
    /// Why the deployed backend would reject pending records, and how many.
    pub rejections: BTreeMap<String, u64>,
    /// Stretches that hold no record: the first thousand.
    pub damage: Vec<Damage>,
    /// How many stretches there are in all.
    pub damaged: u64,
    /// What is wrong with the meta, if anything.
    pub meta_problem: Option<String>,
    /// Faults of the deployed client that the files show, in words.
    pub faults: Vec<String>,
}

impl Report {
    /// Whether anything could not be read as what it should be.
    pub fn is_damaged(&self) -> bool {
        self.damaged > 0 || self.meta_problem.is_some()
    }
}

/// Looks at a queue. Nothing is written, not even a lock file; so it works on
/// a folder that may only be read and on a copy.
///
/// # Errors
///
/// If there is no queue, or a file of it cannot be read.
pub fn inspect(folder: &Path, options: InspectOptions) -> Result<Report, QueueError> {
    let report = inspect_in(Arc::new(Disk), folder, options)?;
    if report.files.is_empty() && holds_other_things(folder) {
        return Err(QueueError::NotAQueue(folder.to_owned()));
    }
    Ok(report)
}

/// Whether a folder without any file of a queue holds something else. A new
/// queue has its locks and nothing more.
fn holds_other_things(folder: &Path) -> bool {
    let Ok(mut entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries.any(|entry| {
        entry.is_ok_and(|entry| {
            entry.file_name() != names::LOCK && entry.file_name() != names::DRAIN_LOCK
        })
    })
}

pub(super) fn inspect_in(
    fs: Arc<dyn FileSystem>,
    path: &Path,
    options: InspectOptions,
) -> Result<Report, QueueError> {
    let folder = Folder::existing(fs, path)?;
    let mut inspection = Inspection {
        report: Report {
            path: folder.path().to_owned(),
            verified: options.verify,
            ..Report::default()
        },
        ..Inspection::default()
    };
    let parts = Parts::open(&folder)?;
    inspection.is_deployed = parts.loaded.source != Source::Meta;
    inspection.look_at_queue(&folder, &parts, options)?;
    for stretch in &parts.others {
        let name = stretch.name;
        inspection.report.files.insert(name, stretch.end);
        inspection.read(&folder, stretch, stretch.start..stretch.end, true)?;
        if names::LEFTOVERS.contains(&name) {
            inspection.fault(format!(
                "{name} was left by a crash of the client; its records are read"
            ));
        }
    }
    let has = |name| inspection.report.files.contains_key(name);
    if has(names::LEFTOVERS[0]) && has(names::FATAL) {
        inspection.fault(format!(
            "{} and {} are both there: the client's next merge overwrites the first",
            names::LEFTOVERS[0],
            names::FATAL
        ));
    }
    if let Some(letters) = Stretch::open(&folder, names::DEAD_LETTER)? {
        inspection.report.files.insert(letters.name, letters.end);
        inspection.count_letters(&folder, &letters)?;
    }
    Ok(inspection.report)
}

#[derive(Debug, Default)]
struct Inspection {
    report: Report,
    fatals: HashSet<String>,
    faults: HashSet<String>,
    /// The meta is not ours, so that one process should have written it all.
    is_deployed: bool,
    /// The session of the last record, and those before it.
    session: Option<String>,
    earlier_sessions: HashSet<String>,
}

impl Inspection {
    fn look_at_queue(
        &mut self,
        folder: &Folder,
        parts: &Parts,
        options: InspectOptions,
    ) -> Result<(), QueueError> {
        let loaded = &parts.loaded;
        if let Some(stat) = folder.stat(names::META)? {
            self.report.files.insert(names::META, stat.len);
        }
        let state = &loaded.state;
        self.report.dropped = state.dropped;
        self.report.confirmed = state.cursor.records - state.base.records;
        self.report.meta_problem = loaded.source.problem();
        if let Source::Reset(why) = loaded.source {
            match why {
                "it is empty" | "it is all zero bytes" => self.fault(format!(
                    "{} was replaced without a sync before power went",
                    names::META
                )),
                "it confirms more than the queue holds" => self.fault(format!(
                    "{} is stale: it belongs to a queue file that was replaced",
                    names::META
                )),
                _ => {}
            }
        }
        let Some(queue) = &parts.queue else {
            return Ok(());
        };
        self.report.files.insert(names::QUEUE, queue.end);
        let confirmed = parts.confirmed();
        if self.is_deployed && confirmed >= LONG_HEAD {
            self.fault(format!(
                "{confirmed} confirmed bytes stand before what is pending: \
                 the client reads them again at every drain"
            ));
        }
        if options.verify {
            self.read(folder, queue, 0..confirmed, false)?;
        }
        self.read(folder, queue, confirmed..queue.end, true)
    }

    fn read(
        &mut self,
        folder: &Folder,
        stretch: &Stretch,
        range: std::ops::Range<u64>,
        pending: bool,
    ) -> Result<(), QueueError> {
        let path = folder.path_of(stretch.name);
        let mut items = Items::new(stretch.name, &*stretch.file, range.start, range.end);
        while let Some(item) = items.next().map_err(io_error("read", &path))? {
            match item {
                Item::Record { line, .. } => self.see_record(stretch.name, &line, pending),
                Item::Damage {
                    damage, terminated, ..
                } => {
                    if !pending {
                        self.fault(
                            "a damaged line among the confirmed ones shifts the client's count"
                                .to_owned(),
                        );
                    }
                    self.see_damage(damage, terminated);
                }
            }
        }
        Ok(())
    }

    fn see_record(&mut self, name: &'static str, line: &[u8], pending: bool) {
        let record = LogRecord::parse(line).unwrap_or_default();
        if is_oversized(line) {
            self.fault("a record is larger than 64 KiB".to_owned());
        }
        if is_placeholder(&record) {
            self.fault(
                "a placeholder stands for a record that could not be cut to size; \
                 without ids it makes the backend reject its whole batch"
                    .to_owned(),
            );
        }
        if lacks_run_id(&record) {
            self.fault(
                "an active run has no `run_id`, which makes the backend reject the whole batch"
                    .to_owned(),
            );
        }
        match record.level() {
            Some(Level::Fatal) if !self.fatals.insert(hash(line)) => self
                .fault("a fatal record stands twice: a crash between merge and delete".to_owned()),
            // Fatal records are merged late, also those of a session before.
            Some(Level::Fatal) => {}
            _ if name == names::QUEUE && self.is_deployed => self.follow_session(&record),
            _ => {}
        }
        if name == names::FATAL && line.windows(3).any(|bytes| bytes == "\u{FFFD}".as_bytes()) {
            self.fault(format!(
                "{name} holds bytes that are no UTF-8, which blocks the client for good"
            ));
        }
        if !pending {
            return;
        }
        let report = &mut self.report;
        report.pending += 1;
        report.pending_bytes += line.len() as u64;
        let level = record.level().map_or("(none)", |level| level.as_str());
        count(&mut report.levels, level);
        count(&mut report.loggers, record.logger());
        count(
            &mut report.sessions,
            record.session_id().unwrap_or("(none)"),
        );
        if let Some(reason) = rejection(line) {
            count(&mut report.rejections, &reason);
        }
        if let Some(time) = record.text(keys::TIMESTAMP) {
            keep_first(&mut report.oldest, time, |new, old| new < old);
            keep_first(&mut report.newest, time, |new, old| new > old);
        }
    }

    /// One process of the client writes one session after the other. Records with
    /// an id are ours, and any number of processes may have written them.
    fn follow_session(&mut self, record: &LogRecord) {
        let Some(session) = record.session_id() else {
            return;
        };
        if record.record_id().is_some() {
            return;
        }
        if self.session.as_deref() == Some(session) {
            return;
        }
        if self.earlier_sessions.contains(session) {
            self.fault(
                "the records of two sessions alternate: two processes wrote to this folder"
                    .to_owned(),
            );
        }
        if let Some(ended) = self.session.replace(session.to_owned())
            && self.earlier_sessions.len() < TOLD_APART
        {
            self.earlier_sessions.insert(ended);
        }
    }

    fn see_damage(&mut self, damage: Damage, terminated: bool) {
        match damage.kind {
            DamageKind::Glued => self.fault(
                "two records stand in one line: the first lost its newline in a crash".to_owned(),
            ),
            DamageKind::Zeros => self.fault(format!(
                "{} holds zero bytes: it was not synced before power went",
                damage.file
            )),
            DamageKind::NotANumber => self.fault(
                "a record holds NaN or Infinity: it is no JSON and was never sent".to_owned(),
            ),
            _ if !terminated => self.fault(format!(
                "{} ends inside a record: the client would glue the next one to it",
                damage.file
            )),
            _ => {}
        }
        self.report.damaged += 1;
        if self.report.damage.len() < LISTED_DAMAGE {
            self.report.damage.push(damage);
        }
    }

    fn count_letters(&mut self, folder: &Folder, letters: &Stretch) -> Result<(), QueueError> {
        let path = folder.path_of(letters.name);
        let mut items = Items::new(letters.name, &*letters.file, 0, letters.end);
        while let Some(item) = items.next().map_err(io_error("read", &path))? {
            match item {
                Item::Record { line, .. } => {
                    self.report.dead_letters += 1;
                    count(&mut self.report.dead_letter_reasons, &reason_of(&line));
                }
                Item::Damage {
                    damage, terminated, ..
                } => self.see_damage(damage, terminated),
            }
        }
        Ok(())
    }

    /// Names a fault, once.
    fn fault(&mut self, fault: String) {
        if self.faults.insert(fault.clone()) {
            self.report.faults.push(fault);
        }
    }
}

/// Why a dead letter is one.
fn reason_of(line: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Letter {
        status: Option<u16>,
        reason: Option<String>,
    }
    let letter = serde_json::from_slice::<Letter>(line).ok();
    let (status, reason) = letter.map_or((None, None), |letter| (letter.status, letter.reason));
    match (status, reason.filter(|reason| !reason.is_empty())) {
        (Some(status), Some(reason)) => format!("{status} {reason}"),
        (Some(status), None) => status.to_string(),
        (None, Some(reason)) => reason,
        (None, None) => "no reason is given".to_owned(),
    }
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    let known = counts.contains_key(name) || counts.len() < TOLD_APART;
    let name = if known { name } else { "(others)" };
    *counts.entry(name.to_owned()).or_default() += 1;
}

fn keep_first(
    kept: &mut Option<String>,
    time: &str,
    is_before: fn(&chrono::DateTime<chrono::Utc>, &chrono::DateTime<chrono::Utc>) -> bool,
) {
    let Some(instant) = parse_timestamp(time) else {
        return;
    };
    let known = kept.as_deref().and_then(parse_timestamp);
    if known.is_none_or(|known| is_before(&instant, &known)) {
        *kept = Some(time.to_owned());
    }
}
