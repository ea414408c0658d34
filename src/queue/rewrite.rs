//! Putting a rewritten queue file in the place of the old one.

use std::ops::Range;

use super::QueueError;
use super::error::io_error;
use super::folder::{Folder, Held, OpenFile, names};
use super::items::count_records;
use super::meta::{Dropped, Meta, Next, Position, State, window};
use super::state::Loaded;

/// Bytes copied at once.
const BLOCK_BYTES: u64 = 1024 * 1024;

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

/// A file that is to take the queue file's place, as far as it is written.
#[derive(Debug)]
pub(super) struct Draft {
    name: &'static str,
    temp: OpenFile,
    /// Bytes that stand before the old file's rest.
    head_len: u64,
    /// How far the old file is copied.
    copied: u64,
}

impl Draft {
    /// Copies what stays in a compaction, up to `len`, and syncs it.
    ///
    /// What lies below a length that was seen under the lock does not change
    /// any more. So this takes no lock, and writers need not wait until a large
    /// backlog is copied.
    pub(super) fn of_compaction(
        folder: &Folder,
        old: &OpenFile,
        state: &State,
        len: u64,
    ) -> Result<Draft, QueueError> {
        let temp = folder.create_file(names::DRAFT)?;
        copy(old, state.offset()..len, &temp)?;
        temp.sync()?;
        Ok(Draft {
            name: names::DRAFT,
            temp,
            head_len: 0,
            copied: len,
        })
    }

    fn of_plan(
        held: &Held<'_>,
        old: &OpenFile,
        plan: &Rewrite,
        rest: u64,
    ) -> Result<Draft, QueueError> {
        let temp = held.folder.create_file(names::QUEUE_TEMP)?;
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
        Ok(Draft {
            name: names::QUEUE_TEMP,
            head_len: temp.len()?,
            temp,
            copied: rest,
        })
    }
}

/// Writes the new file and puts it in place.
pub(super) fn rewrite(
    held: &Held<'_>,
    old: &OpenFile,
    loaded: &Loaded,
    plan: &Rewrite,
) -> Result<(), QueueError> {
    let rest = loaded.state.offset_of(plan.rest.bytes);
    let rest = rest.map_or_else(|| old.len(), Ok)?;
    let written = Draft::of_plan(held, old, plan, rest)
        .and_then(|draft| install(held, old, loaded, plan.rest, plan.dropped, draft));
    if written.is_err() {
        // On a full disk it would take the space that records need.
        let _ = held.folder.remove(names::QUEUE_TEMP);
    }
    written
}

/// Ends a compaction that was drafted without the lock.
pub(super) fn compact(
    held: &Held<'_>,
    old: &OpenFile,
    loaded: &Loaded,
    draft: Draft,
) -> Result<(), QueueError> {
    let state = &loaded.state;
    install(held, old, loaded, state.cursor, state.dropped, draft)
}

/// Ends the new file, announces it in the meta, and puts it in place.
///
/// Until the rename the meta's first state fits the file, from then on its
/// second one; `confirmed` is zero and so true of both.
fn install(
    held: &Held<'_>,
    old: &OpenFile,
    loaded: &Loaded,
    rest: Position,
    dropped: Dropped,
    draft: Draft,
) -> Result<(), QueueError> {
    let Draft {
        name,
        temp,
        head_len,
        copied,
    } = draft;
    let state = &loaded.state;
    let old_len = old.len()?;
    copy(old, copied..old_len, &temp)?;
    temp.sync()?;

    let failed = |error| io_error("read", &temp.path)(error);
    let head_records = count_records(&*temp.file, 0, head_len).map_err(failed)?;
    let base = Position {
        bytes: rest.bytes - head_len,
        records: rest.records - head_records,
        damaged: rest.damaged,
    };
    let changes_records = head_len > 0 || rest != state.cursor;
    let next = State {
        generation: state.generation + u64::from(changes_records),
        floor: match changes_records {
            true => rest.bytes.max(state.floor),
            false => state.floor,
        },
        base,
        cursor: base,
        window: String::new(),
        dropped,
    };
    let len = temp.len()?;
    let old_window = window(&*old.file, old_len).map_err(io_error("read", &old.path))?;
    let announced = Meta {
        confirmed: 0,
        next: Some(Next {
            state: next.clone(),
            len,
            window: window(&*temp.file, len)
                .map_err(failed)?
                .unwrap_or_default(),
            old_len,
            old_window: old_window.unwrap_or_default(),
        }),
        ..loaded.to_meta()
    };
    held.write_meta(&announced)?;
    held.replace(name, names::QUEUE)?;
    let meta = Loaded {
        state: next,
        ..loaded.clone()
    };
    // What was announced already says the same of the new file.
    let _ = held.write_meta(&meta.to_meta());
    Ok(())
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
