//! Drives a queue through actions and faults, keeping count of what it owes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::sim::{Fault, Sim};
use crate::queue::folder::Folder;
use crate::queue::line::{Line, read_line};
use crate::queue::pending::Entries;
use crate::queue::rotate::notice_count;
use crate::queue::*;
use crate::record::{EncodedRecord, Level, LogRecord, keys};

/// Everything there is.
pub(super) const ALL: Limits = Limits {
    records: usize::MAX,
    bytes: usize::MAX,
};

/// One step of a history.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// One of two writers appends so many records with so much padding.
    Append {
        writer: usize,
        count: usize,
        padding: usize,
    },
    /// One of two writers appends a fatal record.
    Fatal { writer: usize },
    /// Reads a batch of at most so many records.
    Batch(usize),
    /// Reads a batch behind the last one read.
    Ahead(usize),
    /// Confirms the first records of a batch that was read: which one, and how
    /// many of it.
    Confirm(usize, usize),
    /// Takes every other record out of the newest batch.
    TakeOut,
    /// One of two writers syncs.
    Sync { writer: usize },
    /// The drainer goes; the next action that needs one opens it anew.
    CloseDrainer,
    /// Both writers go and come back.
    Reopen,
    /// The deployed client rewrites the meta: its count alone stays.
    ForeignMeta,
    /// The deployed client dies while it appends.
    ForeignTail,
    /// Power is lost; what reached the disk is up to luck.
    LosePower(u64),
}

/// A record that was given to the queue.
#[derive(Clone, Debug)]
struct Given {
    line: Vec<u8>,
    writer: usize,
    /// Which of the writer's handles it was given to.
    handle: usize,
    fatal: bool,
    /// Its append returned OK.
    stored: bool,
    /// It is promised to outlive a loss of power.
    durable: bool,
}

/// A batch that was read, and every record before its end since the cursor.
#[derive(Clone, Debug)]
struct Held {
    batch: Batch,
    before: Vec<u64>,
    own: Vec<u64>,
}

/// A queue, and what is known of it from outside.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) sim: Sim,
    options: Options,
    writers: [Option<Queue>; 2],
    /// How often the writers were closed.
    handle: usize,
    drainer: Option<Box<dyn Drain>>,
    given: BTreeMap<u64, Given>,
    held: Vec<Held>,
    confirmed: BTreeSet<u64>,
    /// Their confirmation failed half way.
    uncertain: BTreeSet<u64>,
    next: u64,
    /// Tokens are brought up to the newest generation before they are used,
    /// as if there were none.
    pub(super) ignore_generations: bool,
    power_lost: bool,
    /// The deployed client's count is one of lines instead of records.
    pub(super) count_lines: bool,
}

impl Run {
    pub(super) fn new(options: Options) -> Run {
        Run {
            sim: Sim::default(),
            options,
            writers: [None, None],
            handle: 0,
            drainer: None,
            given: BTreeMap::new(),
            held: Vec::new(),
            confirmed: BTreeSet::new(),
            uncertain: BTreeSet::new(),
            next: 0,
            ignore_generations: false,
            power_lost: false,
            count_lines: false,
        }
    }

    pub(super) fn folder() -> &'static Path {
        Path::new("/queue")
    }

    /// Does one action; a fault may strike in it.
    pub(super) fn act(&mut self, action: &Action, fault: Option<Fault>) -> Result<bool, String> {
        if let Some(fault) = fault {
            self.sim.plan(fault);
        }
        let outcome = self.perform(action);
        let died = self.sim.is_dead();
        let fired = self.sim.heal();
        if died {
            self.close();
        }
        match outcome {
            Err(error) if !fired => return Err(format!("{action:?} failed by itself: {error}")),
            _ => {}
        }
        self.check_files()?;
        Ok(fired)
    }

    fn close(&mut self) {
        self.close_writers();
        self.drainer = None;
        self.held.clear();
    }

    fn close_writers(&mut self) {
        self.writers = [None, None];
        self.handle += 1;
    }

    fn perform(&mut self, action: &Action) -> Result<(), QueueError> {
        match *action {
            Action::Append {
                writer,
                count,
                padding,
            } => self.append(writer, Level::Info, count, padding),
            Action::Fatal { writer } => self.append(writer, Level::Fatal, 1, 10),
            Action::Batch(records) => self.read(None, records),
            Action::Ahead(records) => {
                let last = self.held.last().cloned();
                self.read(last, records)
            }
            Action::Confirm(which, count) => self.confirm(which, count),
            Action::TakeOut => self.take_out(),
            Action::Sync { writer } => {
                self.writer(writer)?.sync()?;
                let by_it = (writer, self.handle);
                for given in self.given.values_mut() {
                    given.durable |= given.stored && (given.writer, given.handle) == by_it;
                }
                Ok(())
            }
            Action::CloseDrainer => {
                self.drainer = None;
                Ok(())
            }
            Action::Reopen => {
                self.close_writers();
                Ok(())
            }
            Action::ForeignMeta => {
                let path = Run::folder().join(".queue_meta");
                let count = self.sim.read(&path).and_then(|bytes| count_in(&bytes));
                if let Some(mut count) = count {
                    if self.count_lines {
                        count += self.damaged_before(count);
                    }
                    let text = format!("{{\"confirmed\":{count}}}");
                    self.sim.write(&path, text.as_bytes());
                }
                Ok(())
            }
            Action::ForeignTail => {
                self.sim.extend(&Run::path("log_queue.jsonl"), b"{\"torn");
                Ok(())
            }
            Action::LosePower(luck) => {
                self.close();
                self.sim.lose_power(luck);
                self.power_lost = true;
                for given in self.given.values_mut() {
                    given.stored &= given.durable;
                }
                Ok(())
            }
        }
    }

    fn writer(&mut self, index: usize) -> Result<&Queue, QueueError> {
        let slot = &mut self.writers[index];
        match slot {
            Some(queue) => Ok(queue),
            None => {
                let fs = Arc::new(self.sim.clone());
                Ok(slot.insert(Queue::open_in(fs, Run::folder(), self.options)?))
            }
        }
    }

    fn append(
        &mut self,
        writer: usize,
        level: Level,
        count: usize,
        padding: usize,
    ) -> Result<(), QueueError> {
        let fatal = level == Level::Fatal;
        let mut records = Vec::new();
        let first = self.next;
        for _ in 0..count {
            let id = self.next;
            self.next += 1;
            let record = LogRecord::new(level, "test", &id.to_string())
                .with_attribute("padding", "x".repeat(padding))
                .with(keys::SESSION_ID, "session");
            let record = EncodedRecord::new(record).unwrap();
            let given = Given {
                line: record.as_bytes().to_vec(),
                writer,
                handle: self.handle,
                fatal,
                stored: false,
                durable: false,
            };
            self.given.insert(id, given);
            records.push(record);
        }
        let outcome = self.writer(writer)?.append_all(&records);
        let stored = match &outcome {
            Ok(()) => count,
            Err(error) => error.stored(),
        };
        let always = self.options.sync == SyncPolicy::Always;
        for id in first..first + stored as u64 {
            if let Some(given) = self.given.get_mut(&id) {
                given.stored = true;
                given.durable = fatal || (always && outcome.is_ok());
            }
        }
        outcome
    }

    fn drainer(&mut self) -> Result<&mut Box<dyn Drain>, QueueError> {
        if self.drainer.is_none() {
            let drainer = self.writer(0)?.drainer()?;
            self.drainer = Some(drainer);
        }
        Ok(self.drainer.as_mut().unwrap())
    }

    fn read(&mut self, after: Option<Held>, records: usize) -> Result<(), QueueError> {
        let limits = Limits { records, ..ALL };
        let drainer = self.drainer()?;
        let batch = match &after {
            Some(held) => drainer.batch_after(&held.batch.token(), limits)?,
            None => drainer.batch(limits)?,
        };
        let own = batch.records.iter().map(|record| id_of(&record.line));
        // A batch behind one that no longer holds starts from the cursor.
        let continues = after.filter(|held| held.batch.end.position == batch.start.position);
        let before = continues.map_or(Vec::new(), |held| [held.before, held.own].concat());
        self.held.push(Held {
            before,
            own: own.collect(),
            batch,
        });
        Ok(())
    }

    fn confirm(&mut self, which: usize, count: usize) -> Result<(), QueueError> {
        if self.held.is_empty() {
            return Ok(());
        }
        let held = self.held[which % self.held.len()].clone();
        let count = count.min(held.own.len());
        let mut token = held.batch.token_after(count);
        if self.ignore_generations
            && let Some(newest) = self.held.last()
        {
            token.generation = newest.batch.start.generation;
        }
        let covered = held.before.iter().chain(&held.own[..count]).copied();
        match self.drainer()?.confirm(&token) {
            Ok(Confirmed::Done) => self.confirmed.extend(covered),
            Ok(Confirmed::Stale) => {}
            Err(error) => {
                self.uncertain.extend(covered);
                return Err(error);
            }
        }
        Ok(())
    }

    fn take_out(&mut self) -> Result<(), QueueError> {
        let Some(held) = self.held.last().cloned() else {
            return Ok(());
        };
        let taken = held.batch.records.iter().zip(&held.own).step_by(2);
        let (references, ids): (Vec<_>, Vec<_>) =
            taken.map(|(record, id)| (record.reference(), *id)).unzip();
        let token = held.batch.token();
        match self.drainer()?.confirm_some(&token, &references) {
            Ok(Confirmed::Done) => self.confirmed.extend(ids),
            Ok(Confirmed::Stale) => {}
            Err(error) => {
                self.uncertain.extend(ids);
                return Err(error);
            }
        }
        Ok(())
    }

    /// No two records share a line, and what the meta tells the deployed client
    /// is true of the file.
    fn check_files(&self) -> Result<(), String> {
        let meta = self.sim.read(&Run::folder().join(".queue_meta"));
        let queue = self.sim.read(&Run::folder().join("log_queue.jsonl"));
        let count = meta.and_then(|bytes| count_in(&bytes)).unwrap_or(0);
        let queue = queue.unwrap_or_default();
        for line in queue.split(|byte| *byte == b'\n') {
            if let Line::Damaged(kind, pieces) = read_line(line)
                && kind != DamageKind::Zeros
                && !pieces.is_empty()
            {
                return Err(format!("glued: {}", line.escape_ascii()));
            }
        }
        let records = queue.split(|byte| *byte == b'\n').filter_map(|line| {
            LogRecord::parse(line).ok()?;
            Some(id_of(line))
        });
        let mut seen = 0;
        for id in records.take(count as usize) {
            seen += 1;
            if !self.confirmed.contains(&id) && !self.uncertain.contains(&id) && id < NOTICE {
                return Err(format!("`confirmed: {count}` covers {id}, which is not"));
            }
        }
        match seen == count {
            true => Ok(()),
            false => Err(format!("`confirmed: {count}` is more than the file holds")),
        }
    }

    /// How many damaged lines stand among the first so many records.
    fn damaged_before(&self, count: u64) -> u64 {
        let queue = self.sim.read(&Run::path("log_queue.jsonl"));
        let queue = queue.unwrap_or_default();
        let (mut records, mut damaged) = (0, 0);
        for line in queue.split(|byte| *byte == b'\n') {
            match read_line(line) {
                Line::Record(_) if records == count => break,
                Line::Record(_) => records += 1,
                Line::Damaged(..) => damaged += 1,
                Line::Blank => {}
            }
        }
        damaged
    }

    /// Opens everything anew, drains it, and checks what is owed.
    pub(super) fn finish(mut self) -> Result<(), String> {
        self.close();
        let text = |error: QueueError| format!("after the faults: {error}");
        self.act(
            &Action::Append {
                writer: 0,
                count: 1,
                padding: 0,
            },
            None,
        )?;
        let folder = Folder::existing(Arc::new(self.sim.clone()), Run::folder()).map_err(text)?;
        let mut pending = BTreeSet::new();
        for entry in Entries::of_folder(&folder, true).map_err(text)? {
            if let Entry::Record(line) = entry.map_err(text)? {
                pending.insert(id_of(&line));
            }
        }
        let drainer = self.drainer().map_err(text)?;
        let batch = drainer.batch(ALL).map_err(text)?;
        let dropped = drainer.dropped().map_err(text)?.records;
        let drained: Vec<u64> = batch
            .records
            .iter()
            .map(|record| id_of(&record.line))
            .collect();

        let mut seen = BTreeSet::new();
        let mut last = [None, None];
        for (id, record) in drained.iter().zip(&batch.records) {
            if *id == NOTICE {
                let count = notice_count(&LogRecord::parse(&record.line).unwrap());
                if count.is_none_or(|count| count > dropped) {
                    return Err(format!("a notice tells of {count:?}, not of {dropped}"));
                }
                continue;
            }
            let Some(given) = self.given.get(id) else {
                return Err(format!("{id} was never given"));
            };
            if given.line != record.line {
                return Err(format!("{id} was altered"));
            }
            if self.confirmed.contains(id) {
                return Err(format!("{id} was confirmed and comes again"));
            }
            if !seen.insert(*id) {
                return Err(format!("{id} comes twice"));
            }
            if !given.fatal {
                let last = &mut last[given.writer];
                if last.is_some_and(|last| last > *id) {
                    return Err(format!("{id} comes after {last:?}"));
                }
                *last = Some(*id);
            }
        }
        seen.extend(drained.iter().copied());
        if seen != pending {
            return Err(format!("a reader saw {pending:?} and the drainer {seen:?}"));
        }
        let lost: Vec<u64> = self
            .given
            .iter()
            .filter(|(id, given)| {
                given.stored
                    && ![&seen, &self.confirmed, &self.uncertain]
                        .iter()
                        .any(|set| set.contains(id))
            })
            .map(|(id, _)| *id)
            .collect();
        if lost.len() as u64 > dropped {
            return Err(format!(
                "{lost:?} are lost and {dropped} counted as dropped"
            ));
        }
        let kept = seen.iter().filter(|id| **id != NOTICE).count() as u64;
        if dropped + kept > self.given.len() as u64 {
            return Err(format!(
                "{dropped} dropped and {kept} kept are more than were given"
            ));
        }
        let token = batch.token();
        self.drainer()
            .and_then(|drainer| drainer.confirm(&token))
            .map_err(text)?;
        match self
            .drainer()
            .and_then(|drainer| drainer.batch(ALL))
            .map_err(text)?
            .is_empty()
        {
            true => Ok(()),
            false => Err("confirmed records come again".to_owned()),
        }
    }

    /// Where the files are, for tests that alter them.
    pub(super) fn path(name: &str) -> PathBuf {
        Run::folder().join(name)
    }
}

/// The number of a notice.
const NOTICE: u64 = u64::MAX;

fn id_of(line: &[u8]) -> u64 {
    let record = LogRecord::parse(line).unwrap();
    match notice_count(&record) {
        Some(_) => NOTICE,
        None => record.message().parse().unwrap(),
    }
}

/// What the deployed client reads out of a meta file.
fn count_in(bytes: &[u8]) -> Option<u64> {
    let meta: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    meta.get("confirmed")?.as_u64()
}
