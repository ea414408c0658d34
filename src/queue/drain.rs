//! The queue in a folder: draining.

use std::time::Duration;

use super::QueueError;
use super::batch::{Batch, Confirmed, DeadLetter, Drain, Limits, QueuedRecord, RecordRef, Token};
use super::disk::Options;
use super::error::io_error;
use super::folder::{Folder, Held, LockFile, OpenFile, names};
use super::items::{Item, Items};
use super::merge::{append_lines, finish_merge, is_due, merge_fatal, recover_leftovers};
use super::meta::{Dropped, Found, State, window};
use super::rewrite::{Rewrite, replace_meta_aside, rewrite_aside};
use super::state::{Loaded, Source, load_to_write};

/// How many generations back a position may still be understood. What is
/// further off comes from a meta that was lost.
const KNOWN_GENERATIONS: u64 = 1 << 20;

/// How often a change is planned anew because a writer has rewritten the queue
/// in the middle of it. It does so once in millions of bytes.
const ATTEMPTS: usize = 5;

/// Takes records out of a folder. Only one exists for a folder at a time.
#[derive(Debug)]
pub(super) struct Drainer {
    folder: Folder,
    options: Options,
    /// Held as long as this lives.
    _drain_lock: LockFile,
    lock: LockFile,
    view: Option<View>,
}

/// The queue file as it was last seen.
#[derive(Debug)]
struct View {
    file: OpenFile,
    state: State,
}

impl Drainer {
    pub(super) fn new(
        folder: Folder,
        options: Options,
        patience: Duration,
    ) -> Result<Drainer, QueueError> {
        let drain_lock = folder.lock(names::DRAIN_LOCK, "drainer", patience)?;
        let lock = LockFile::open(&folder, names::LOCK, "writer")?;
        let mut drainer = Drainer {
            folder,
            options,
            _drain_lock: drain_lock,
            lock,
            view: None,
        };
        drainer.recover()?;
        Ok(drainer)
    }

    /// Writes down where the queue stands if its meta does not say so, so that
    /// positions given out now are understood later.
    fn recover(&mut self) -> Result<(), QueueError> {
        let held = Held::take(&self.folder, &self.lock, self.options.lock_timeout)?;
        held.folder.remove(names::DRAFT)?;
        held.folder.remove(names::META_DRAFT)?;
        let file = held.folder.open_to_append(names::QUEUE)?;
        let loaded = load_to_write(&held, &file)?;
        set_down(&held, loaded)?;
        Ok(())
    }

    /// Brings the view up to date and returns how long the file is. What lies
    /// below that no longer changes, so that it is read without the lock.
    fn look(&mut self) -> Result<(u64, Option<QueueError>), QueueError> {
        let held = Held::take(&self.folder, &self.lock, self.options.lock_timeout)?;
        // A full disk must not keep what is in the queue from being drained.
        let merged = match is_due(&held) {
            Ok(false) => Ok(()),
            Ok(true) => recover_leftovers(&held).and_then(|()| merge_fatal(&held)),
            Err(error) => Err(error),
        };
        let stat = held.folder.stat(names::QUEUE)?;
        let len = match (&self.view, stat) {
            (Some(view), Some(stat)) if view.file.stat.id == stat.id => stat.len,
            _ => {
                let file = held.folder.open_to_append(names::QUEUE)?;
                let loaded = load_to_write(&held, &file)?;
                let loaded = set_down(&held, loaded)?;
                let len = file.len()?;
                self.view = Some(View {
                    file,
                    state: loaded.state,
                });
                len
            }
        };
        Ok((len, merged.err()))
    }

    fn read(&mut self, after: Option<&Token>, limits: Limits) -> Result<Batch, QueueError> {
        let (len, unmerged) = self.look()?;
        let Some(View { file, state }) = &self.view else {
            return Err(QueueError::Missing(self.folder.path_of(names::QUEUE)));
        };
        let position = after
            .filter(|token| holds(state, token) && token.position.bytes > state.cursor.bytes)
            .map_or(state.cursor, |token| token.position);
        let batch = read_batch(file, state, position, len, limits)?;
        match unmerged {
            Some(error) if batch.is_empty() => Err(error),
            _ => Ok(batch),
        }
    }

    /// The queue file and its state, both as the lock shows them.
    fn load(&self) -> Result<(OpenFile, Loaded), QueueError> {
        let held = Held::take(&self.folder, &self.lock, self.options.lock_timeout)?;
        let file = held.folder.open_to_append(names::QUEUE)?;
        let loaded = load_to_write(&held, &file)?;
        let loaded = set_down(&held, loaded)?;
        Ok((file, loaded))
    }

    /// As [`Drainer::load`], with no merge half done: what comes next moves
    /// bytes.
    fn load_to_rewrite(&self) -> Result<(OpenFile, Loaded), QueueError> {
        let held = Held::take(&self.folder, &self.lock, self.options.lock_timeout)?;
        let file = held.folder.open_to_append(names::QUEUE)?;
        let loaded = load_to_write(&held, &file)?;
        let loaded = set_down(&held, finish_merge(&held, &file, loaded)?)?;
        Ok((file, loaded))
    }

    /// Tries so often, until no writer comes between.
    fn attempt(
        &mut self,
        mut change: impl FnMut(&mut Drainer) -> Result<Option<Confirmed>, QueueError>,
    ) -> Result<Confirmed, QueueError> {
        for _ in 0..ATTEMPTS {
            if let Some(confirmed) = change(self)? {
                return Ok(confirmed);
            }
        }
        Ok(Confirmed::Stale)
    }

    /// Confirms, unless the token does not hold, or a writer has changed the
    /// queue meanwhile: then nothing is done and it is worth another try.
    fn confirm_to(&mut self, token: &Token) -> Result<Option<Confirmed>, QueueError> {
        let (file, loaded) = self.load()?;
        let offset = loaded.state.offset_of(token.position.bytes);
        let (true, Some(offset)) = (holds(&loaded.state, token), offset) else {
            return Ok(Some(Confirmed::Stale));
        };
        if offset > file.len()? {
            return Ok(Some(Confirmed::Stale));
        }
        if token.position.bytes <= loaded.state.cursor.bytes {
            return self.already_confirmed();
        }
        // What is confirmed must not be behind the end of the file after a
        // loss of power.
        file.sync()?;
        let mut state = loaded.state.clone();
        state.dropped.damaged += token.position.damaged.saturating_sub(state.cursor.damaged);
        state.cursor = token.position;
        let read = window(&*file.file, offset).map_err(io_error("read", &file.path))?;
        state.window = read.unwrap_or_default();
        let confirmed = loaded.with(state);
        let timeout = self.options.lock_timeout;
        let meta = confirmed.to_meta();
        if !replace_meta_aside(&self.folder, &self.lock, timeout, &file, &loaded, &meta)? {
            return Ok(None);
        }
        if offset >= self.options.compact_bytes && offset >= file.len()? / 2 {
            // The records are confirmed whether or not this works, and the
            // next confirmation tries again.
            let _ = self.compact();
            self.view = None;
        } else {
            self.view = Some(View {
                file,
                state: confirmed.state,
            });
        }
        Ok(Some(Confirmed::Done))
    }

    /// Takes what is confirmed out of the file.
    fn compact(&self) -> Result<bool, QueueError> {
        let (file, loaded) = self.load_to_rewrite()?;
        let plan = Rewrite::compaction(&loaded.state);
        let timeout = self.options.lock_timeout;
        rewrite_aside(&self.folder, &self.lock, timeout, &file, &loaded, &plan)
    }

    /// As [`Drainer::confirm_to`], for some of the records before `until`.
    fn take_out(
        &mut self,
        until: &Token,
        taken: &[RecordRef],
    ) -> Result<Option<Confirmed>, QueueError> {
        let (file, loaded) = self.load_to_rewrite()?;
        let state = &loaded.state;
        let same = |generation: u64| generation == state.generation;
        let end = until.position.bytes;
        if !same(until.generation) || taken.iter().any(|record| !same(record.generation)) {
            return Ok(Some(Confirmed::Stale));
        }
        if end <= state.cursor.bytes {
            return self.already_confirmed();
        }
        let mut keep = Vec::new();
        let mut at = state.cursor.bytes;
        for record in taken.iter().filter(|record| record.end <= end) {
            if record.start >= at {
                keep.push(at..record.start);
                at = record.end;
            }
        }
        keep.push(at..end.max(at));
        let base = state.base.bytes;
        let plan = Rewrite {
            first: Vec::new(),
            keep: keep
                .into_iter()
                .filter(|range| !range.is_empty())
                .map(|range| range.start - base..range.end - base)
                .collect(),
            rest: until.position,
            dropped: state.dropped,
        };
        file.sync()?;
        let timeout = self.options.lock_timeout;
        let done = rewrite_aside(&self.folder, &self.lock, timeout, &file, &loaded, &plan)?;
        Ok(done.then_some(Confirmed::Done))
    }

    /// What was confirmed before may have been confirmed by an attempt that
    /// failed in its last step, making the new meta's name durable.
    fn already_confirmed(&self) -> Result<Option<Confirmed>, QueueError> {
        self.folder.sync()?;
        Ok(Some(Confirmed::Done))
    }
}

impl Drain for Drainer {
    fn batch(&mut self, limits: Limits) -> Result<Batch, QueueError> {
        self.read(None, limits)
    }

    fn batch_after(&mut self, token: &Token, limits: Limits) -> Result<Batch, QueueError> {
        self.read(Some(token), limits)
    }

    fn confirm(&mut self, token: &Token) -> Result<Confirmed, QueueError> {
        let confirmed = self.attempt(|drainer| drainer.confirm_to(token));
        if !matches!(confirmed, Ok(Confirmed::Done)) {
            self.view = None;
        }
        confirmed
    }

    fn confirm_some(
        &mut self,
        until: &Token,
        taken: &[RecordRef],
    ) -> Result<Confirmed, QueueError> {
        if taken.is_empty() {
            return Ok(Confirmed::Done);
        }
        let confirmed = self.attempt(|drainer| drainer.take_out(until, taken));
        self.view = None;
        confirmed
    }

    fn dead_letter(&mut self, letters: &[DeadLetter<'_>]) -> Result<(), QueueError> {
        let mut lines = Vec::new();
        for letter in letters {
            lines.extend_from_slice(&letter.to_line());
            lines.push(b'\n');
        }
        if lines.is_empty() {
            return Ok(());
        }
        let held = Held::take(&self.folder, &self.lock, self.options.lock_timeout)?;
        let file = held.folder.open_to_append(names::DEAD_LETTER)?;
        append_lines(&file, &lines)?;
        drop(held);
        file.sync()?;
        self.folder.sync()
    }

    fn dropped(&mut self) -> Result<Dropped, QueueError> {
        let held = Held::take(&self.folder, &self.lock, self.options.lock_timeout)?;
        let file = held.folder.open_to_append(names::QUEUE)?;
        Ok(load_to_write(&held, &file)?.state.dropped)
    }
}

/// Replaces the deployed client's count by a place in the file, before more is
/// appended: a count that is more than the file holds confirms nothing, but
/// would confirm the records that come.
pub(super) fn settle_count(held: &Held<'_>, file: &OpenFile) -> Result<(), QueueError> {
    if let (Found::Count(1..), _) = held.folder.read_meta()? {
        set_down(held, load_to_write(held, file)?)?;
    }
    Ok(())
}

/// Writes a state down if the meta does not already say it.
fn set_down(held: &Held<'_>, mut loaded: Loaded) -> Result<Loaded, QueueError> {
    if loaded.source != Source::Meta {
        held.write_meta(&loaded.to_meta())?;
        loaded.source = Source::Meta;
    }
    Ok(loaded)
}

/// Whether a token still says which records are meant.
fn holds(state: &State, token: &Token) -> bool {
    match state.generation.checked_sub(token.generation) {
        Some(0) => true,
        Some(behind) => behind < KNOWN_GENERATIONS && token.position.bytes >= state.floor,
        None => false,
    }
}

fn read_batch(
    file: &OpenFile,
    state: &State,
    start: super::meta::Position,
    len: u64,
    limits: Limits,
) -> Result<Batch, QueueError> {
    let generation = state.generation;
    let base = state.base.bytes;
    let token = |position| Token {
        generation,
        position,
    };
    let mut batch = Batch {
        records: Vec::new(),
        damage: Vec::new(),
        start: token(start),
        end: token(start),
    };
    let mut at = start;
    let mut bytes = 0;
    let offset = state.offset_of(start.bytes).unwrap_or(0);
    let mut items = Items::new(names::QUEUE, &*file.file, offset, len);
    while let Some(item) = items.next().map_err(io_error("read", &file.path))? {
        match item {
            Item::Record { line, span, counts } => {
                if !limits.admit(batch.records.len(), bytes, line.len()) {
                    break;
                }
                bytes += line.len();
                at.bytes = base + span.end;
                at.records += u64::from(counts);
                batch.end = token(at);
                batch.records.push(QueuedRecord {
                    line,
                    reference: RecordRef {
                        generation,
                        start: base + span.start,
                        end: base + span.end,
                    },
                    end: batch.end,
                });
            }
            // A line without an end may still be whole once it has one.
            Item::Damage {
                terminated: false, ..
            } => break,
            Item::Damage { damage, end, .. } => {
                at.bytes = base + end;
                at.damaged += 1;
                batch.end = token(at);
                batch.damage.push(damage);
            }
        }
    }
    Ok(batch)
}

impl DeadLetter<'_> {
    /// One JSON object: the record as it stood, status, reason and time.
    pub(super) fn to_line(&self) -> Vec<u8> {
        let status = serde_json::Value::from(self.status);
        let reason = serde_json::Value::from(self.reason);
        let time = serde_json::Value::from(self.time);
        let mut line = b"{\"record\":".to_vec();
        line.extend_from_slice(self.line);
        line.extend_from_slice(
            format!(",\"status\":{status},\"reason\":{reason},\"time\":{time}}}").as_bytes(),
        );
        line
    }
}
