//! Salvaging a queue into a new folder.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::QueueError;
use super::batch::Damage;
use super::check::{Ids, mend};
use super::error::io_error;
use super::folder::{Folder, Held, LockFile, OpenFile, names};
use super::fs::Disk;
use super::items::{Item, Items};
use super::meta::{Meta, Position, State, hash, window};
use super::pending::{Parts, Stretch};
use crate::record::LogRecord;

/// Bytes gathered before they are written.
const CHUNK_BYTES: usize = 256 * 1024;

/// What a repair did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RepairReport {
    /// Records in the new queue.
    pub records: u64,
    /// How many of them are confirmed already.
    pub confirmed: u64,
    /// How many came out of damaged lines.
    pub salvaged: u64,
    /// How many got the ids they lacked from their neighbours.
    pub mended: u64,
    /// How many stood in a crash's leftovers and in the queue alike.
    pub duplicates: u64,
    /// Dead letters copied.
    pub dead_letters: u64,
    /// What was wrong, whether or not records came out of it.
    pub damage: Vec<Damage>,
    /// What was wrong with the meta, if anything.
    pub meta_problem: Option<String>,
}

impl RepairReport {
    /// Whether anything could not be read as what it should be.
    pub fn is_damaged(&self) -> bool {
        !self.damage.is_empty() || self.meta_problem.is_some()
    }
}

/// Copies everything that can be read in a queue into a new one. The source is
/// not touched.
///
/// Records come in the order of draining, each on a line of its own; what was
/// confirmed stays confirmed. Placeholders of the deployed client get the ids
/// of the record before them in the same file, or the first one after them.
///
/// # Errors
///
/// If the source cannot be read, or `out` exists and is not an empty folder.
pub fn repair(folder: &Path, out: &Path) -> Result<RepairReport, QueueError> {
    let source = Folder::existing(Arc::new(Disk), folder)?;
    let target = empty_folder(out)?;
    let lock = LockFile::open(&target, names::LOCK, "writer")?;
    let held = Held::take(&target, &lock, Duration::from_secs(1))?;
    let mut salvage = Salvage::new(target.open_to_append(names::QUEUE)?);
    let parts = Parts::open(&source)?;
    let mut state = State::fresh();
    state.dropped = parts.loaded.state.dropped;
    if let Some(queue) = &parts.queue {
        let confirmed = parts.confirmed();
        let ids = first_ids(&source, queue)?;
        let ids = salvage.copy(&source, queue, 0..confirmed, ids)?;
        salvage.flush()?;
        salvage.report.confirmed = salvage.report.records;
        state.cursor = Position {
            bytes: state.base.bytes + salvage.queue.len()?,
            records: state.base.records + salvage.report.records,
            damaged: 0,
        };
        salvage.copy(&source, queue, confirmed..queue.end, ids)?;
    }
    for stretch in &parts.others {
        let ids = first_ids(&source, stretch)?;
        salvage.only_new = names::LEFTOVERS.contains(&stretch.name);
        salvage.copy(&source, stretch, stretch.start..stretch.end, ids)?;
    }
    salvage.flush()?;
    salvage.queue.sync()?;
    let failed = io_error("read", &salvage.queue.path);
    let read = window(&*salvage.queue.file, state.offset()).map_err(failed)?;
    state.window = read.unwrap_or_default();
    held.write_meta(&Meta::of(state))?;
    let mut report = salvage.report;
    report.meta_problem = parts.loaded.source.problem();
    if let Some(letters) = Stretch::open(&source, names::DEAD_LETTER)? {
        let mut copy = Salvage::new(target.open_to_append(names::DEAD_LETTER)?);
        copy.copy(&source, &letters, 0..letters.end, Ids::default())?;
        copy.flush()?;
        copy.queue.sync()?;
        report.dead_letters = copy.report.records;
        report.damage.extend(copy.report.damage);
    }
    target.sync()?;
    Ok(report)
}

/// The folder at a path, which must be new or empty.
fn empty_folder(path: &Path) -> Result<Folder, QueueError> {
    let folder = Folder::create(Arc::new(Disk), path)?;
    let mut entries = std::fs::read_dir(path).map_err(io_error("list", path))?;
    match entries.next() {
        None => Ok(folder),
        Some(_) => Err(QueueError::Refused {
            path: path.to_owned(),
            found: "a folder with something in it",
            expected: "a new or empty folder",
        }),
    }
}

/// The first ids that a file's records tell.
fn first_ids(folder: &Folder, stretch: &Stretch) -> Result<Ids, QueueError> {
    let path = folder.path_of(stretch.name);
    let mut items = Items::new(stretch.name, &*stretch.file, 0, stretch.end);
    let mut ids = Ids::default();
    while let Some(item) = items.next().map_err(io_error("read", &path))? {
        if let Item::Record { line, .. } = item {
            ids.learn(&LogRecord::parse(&line).unwrap_or_default());
        }
        if ids.is_complete() {
            break;
        }
    }
    Ok(ids)
}

/// What copies records and says what it could not copy.
#[derive(Debug)]
struct Salvage {
    queue: OpenFile,
    chunk: Vec<u8>,
    /// The records copied so far.
    known: HashSet<String>,
    /// Leave out what is copied already.
    only_new: bool,
    report: RepairReport,
}

impl Salvage {
    fn new(queue: OpenFile) -> Salvage {
        Salvage {
            queue,
            chunk: Vec::new(),
            known: HashSet::new(),
            only_new: false,
            report: RepairReport::default(),
        }
    }

    fn copy(
        &mut self,
        folder: &Folder,
        stretch: &Stretch,
        range: std::ops::Range<u64>,
        mut ids: Ids,
    ) -> Result<Ids, QueueError> {
        let path = folder.path_of(stretch.name);
        let mut items = Items::new(stretch.name, &*stretch.file, range.start, range.end);
        while let Some(item) = items.next().map_err(io_error("read", &path))? {
            match item {
                Item::Record { line, counts, .. } => {
                    if !self.known.insert(hash(&line)) && self.only_new {
                        self.report.duplicates += 1;
                        continue;
                    }
                    self.report.salvaged += u64::from(!counts);
                    self.add(line, &mut ids)?;
                }
                Item::Damage { damage, .. } => self.report.damage.push(damage),
            }
        }
        Ok(ids)
    }

    fn add(&mut self, line: Vec<u8>, ids: &mut Ids) -> Result<(), QueueError> {
        let mut record = LogRecord::parse(&line).unwrap_or_default();
        let mended = mend(&mut record, ids);
        match mended.then(|| serde_json::to_vec(&record)) {
            Some(Ok(line)) => self.chunk.extend_from_slice(&line),
            _ => self.chunk.extend_from_slice(&line),
        }
        self.chunk.push(b'\n');
        ids.learn(&record);
        self.report.mended += u64::from(mended);
        self.report.records += 1;
        match self.chunk.len() >= CHUNK_BYTES {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), QueueError> {
        let chunk = std::mem::take(&mut self.chunk);
        match chunk.is_empty() {
            true => Ok(()),
            false => self.queue.append(&chunk),
        }
    }
}
