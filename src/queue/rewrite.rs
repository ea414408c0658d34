//! Putting a rewritten queue file in the place of the old one.

use std::ops::Range;
use std::time::Duration;

use super::QueueError;
use super::error::io_error;
use super::folder::{Folder, Held, LockFile, OpenFile, names};
use super::items::count_records;
use super::meta::{Dropped, Found, Meta, Next, Position, State, window};
use super::state::{Loaded, Source, load_to_write};

/// Bytes copied at once.
const BLOCK_BYTES: u64 = 1024 * 1024;

/// How much may have been appended while a draft was written that is left to
/// be copied under the lock, and how often a larger rest is caught up with
/// before that.
const TAIL_BYTES: u64 = 256 * 1024;
const CATCH_UPS: usize = 8;

/// What a rewritten file holds, in this order.
#[derive(Debug)]
pub(super) struct Rewrite {
    /// A line that was not there before, with its newline; or nothing.
    pub(super) first: Vec<u8>,
    /// Stretches of the old file that stay.
    pub(super) keep: Vec<Range<u64>>,
    /// Where the rest of the old file starts, all of which stays.
    pub(super) rest: Position,
    /// What is lost once this is done.
    pub(super) dropped: Dropped,
}

impl Rewrite {
    /// Takes out what is confirmed and nothing else.
    pub(super) fn compaction(state: &State) -> Rewrite {
        Rewrite {
            first: Vec::new(),
            keep: Vec::new(),
            rest: state.cursor,
            dropped: state.dropped,
        }
    }
}

/// Rewrites the queue file under the lock: for a writer, which has to wait for
/// the room anyway. Returns where in the new file the rest of the old one starts.
pub(super) fn rewrite(
    held: &Held<'_>,
    old: &OpenFile,
    loaded: &Loaded,
    plan: &Rewrite,
) -> Result<u64, QueueError> {
    let replaced = || {
        let len = old.len()?;
        let draft = Draft::write(held.folder, names::QUEUE_TEMP, old, loaded, plan, len)?;
        draft.temp.sync()?;
        let next = draft.next(loaded, plan)?;
        held.write_meta(&draft.announcement(old, loaded, &next)?)?;
        held.place(names::QUEUE_TEMP, names::QUEUE)?;
        // What was announced already says the same of the new file, so that one
        // sync of the folder is enough for both names.
        let _ = held
            .draft_meta(&loaded.with(next).to_meta())
            .and_then(|()| held.place(names::META_TEMP, names::META));
        held.folder.sync()?;
        Ok(draft.head_len)
    };
    let replaced = replaced();
    if replaced.is_err() {
        // On a full disk it would take the space that records need.
        let _ = held.folder.remove(names::QUEUE_TEMP);
    }
    replaced
}

/// Rewrites the queue file for a drainer, which holds the lock only for two
/// renames and for what is appended meanwhile: writers wait for one sync of a
/// few bytes, however long the file is.
///
/// What lies below a length that was seen under the lock does not change any
/// more, so that it is copied without the lock. `false` if a writer has changed
/// the queue meanwhile, so that the plan no longer holds; nothing is done then.
pub(super) fn rewrite_aside(
    folder: &Folder,
    lock: &LockFile,
    timeout: Duration,
    old: &OpenFile,
    loaded: &Loaded,
    plan: &Rewrite,
) -> Result<bool, QueueError> {
    let replaced = || {
        let len = old.len()?;
        let mut draft = Draft::write(folder, names::DRAFT, old, loaded, plan, len)?;
        draft.temp.sync()?;
        for _ in 0..CATCH_UPS {
            if old.len()? <= draft.copied + TAIL_BYTES {
                break;
            }
            draft.catch_up(old)?;
            draft.temp.sync()?;
        }
        let next = draft.next(loaded, plan)?;
        let announced = draft.announcement(old, loaded, &next)?;
        folder.draft_meta(&announced)?;
        {
            let held = Held::take(folder, lock, timeout)?;
            if !is_unchanged(&held, old, loaded)? {
                return Ok(false);
            }
            held.place(names::META_DRAFT, names::META)?;
        }
        folder.sync()?;
        folder.draft_meta(&loaded.with(next).to_meta())?;
        {
            let held = Held::take(folder, lock, timeout)?;
            let is_announced = folder.read_meta()?.0 == Found::Ours(Box::new(announced));
            if !is_announced || !is_unchanged(&held, old, loaded)? {
                return Ok(false);
            }
            draft.catch_up(old)?;
            draft.temp.sync()?;
            held.place(names::DRAFT, names::QUEUE)?;
            // What was announced already says the same of the new file.
            let _ = held.place(names::META_DRAFT, names::META);
        }
        folder.sync()?;
        Ok(true)
    };
    let replaced = replaced();
    if !matches!(replaced, Ok(true)) {
        let _ = folder.remove(names::DRAFT);
        let _ = folder.remove(names::META_DRAFT);
    }
    replaced
}

/// Puts a meta in place that was made of what was loaded before, holding the
/// lock only for the rename. `false` if a writer has changed the queue
/// meanwhile.
pub(super) fn replace_meta_aside(
    folder: &Folder,
    lock: &LockFile,
    timeout: Duration,
    file: &OpenFile,
    loaded: &Loaded,
    meta: &Meta,
) -> Result<bool, QueueError> {
    folder.draft_meta(meta)?;
    {
        let held = Held::take(folder, lock, timeout)?;
        if !is_unchanged(&held, file, loaded)? {
            return Ok(false);
        }
        held.place(names::META_DRAFT, names::META)?;
    }
    folder.sync()?;
    Ok(true)
}

/// Whether the file and what is known of it are still what they were.
fn is_unchanged(held: &Held<'_>, file: &OpenFile, loaded: &Loaded) -> Result<bool, QueueError> {
    let stat = held.folder.stat(names::QUEUE)?;
    if stat.map(|stat| stat.id) != Some(file.stat.id) {
        return Ok(false);
    }
    let now = load_to_write(held, file)?;
    Ok(now.source == Source::Meta && now.state == loaded.state && now.merge == loaded.merge)
}

/// A file that is to take the queue file's place, as far as it is written.
#[derive(Debug)]
struct Draft {
    temp: OpenFile,
    /// Bytes that stand before the old file's rest.
    head_len: u64,
    /// How far the old file is copied.
    copied: u64,
}

impl Draft {
    /// Writes what stays, up to `len` bytes of the old file.
    fn write(
        folder: &Folder,
        name: &'static str,
        old: &OpenFile,
        loaded: &Loaded,
        plan: &Rewrite,
        len: u64,
    ) -> Result<Draft, QueueError> {
        let temp = folder.create_file(name)?;
        if !plan.first.is_empty() {
            temp.append(&plan.first)?;
        }
        for range in &plan.keep {
            copy(old, range.clone(), &temp)?;
            // A record out of a damaged line, or at the end of the file, has none.
            if temp.is_torn(temp.len()?)? {
                temp.append(b"\n")?;
            }
        }
        let head_len = temp.len()?;
        let rest = loaded.state.offset_of(plan.rest.bytes).unwrap_or(len);
        copy(old, rest..len, &temp)?;
        Ok(Draft {
            temp,
            head_len,
            copied: len.max(rest),
        })
    }

    /// Copies what was appended to the old file since.
    fn catch_up(&mut self, old: &OpenFile) -> Result<(), QueueError> {
        let len = old.len()?;
        copy(old, self.copied..len, &self.temp)?;
        self.copied = self.copied.max(len);
        Ok(())
    }

    /// What holds of the new file.
    fn next(&self, loaded: &Loaded, plan: &Rewrite) -> Result<State, QueueError> {
        let (state, rest) = (&loaded.state, plan.rest);
        let head_records = count_records(&*self.temp.file, 0, self.head_len)
            .map_err(io_error("read", &self.temp.path))?;
        let base = Position {
            bytes: rest.bytes - self.head_len,
            records: rest.records - head_records,
            damaged: rest.damaged,
        };
        let changes_records = self.head_len > 0 || rest != state.cursor;
        Ok(State {
            generation: state.generation + u64::from(changes_records),
            floor: match changes_records {
                true => rest.bytes.max(state.floor),
                false => state.floor,
            },
            base,
            cursor: base,
            window: String::new(),
            dropped: plan.dropped,
        })
    }

    /// The meta that is true of the old file and of the new one.
    ///
    /// Until the rename its first state fits the file, from then on its second
    /// one; `confirmed` is zero and so true of both. Both files are told by
    /// bytes that stay where they are whatever is appended.
    fn announcement(
        &self,
        old: &OpenFile,
        loaded: &Loaded,
        next: &State,
    ) -> Result<Meta, QueueError> {
        let len = self.temp.len()?;
        let window_of = |file: &OpenFile, end| {
            let window = window(&*file.file, end).map_err(io_error("read", &file.path))?;
            Ok::<_, QueueError>(window.unwrap_or_default())
        };
        Ok(Meta {
            confirmed: 0,
            next: Some(Next {
                state: next.clone(),
                len,
                window: window_of(&self.temp, len)?,
                old_len: self.copied,
                old_window: window_of(old, self.copied)?,
            }),
            ..loaded.to_meta()
        })
    }
}

fn copy(from: &OpenFile, range: Range<u64>, to: &OpenFile) -> Result<(), QueueError> {
    let mut at = range.start;
    while at < range.end {
        let block = from.read(at, (range.end - at).min(BLOCK_BYTES))?;
        if block.is_empty() {
            break;
        }
        to.append(&block)?;
        at += block.len() as u64;
    }
    Ok(())
}
