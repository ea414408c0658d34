//! Putting a rewritten queue file in the place of the old one.

use std::ops::Range;

use super::QueueError;
use super::error::io_error;
use super::folder::{Held, OpenFile, names};
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

/// Writes the new file, announces it in the meta, and puts it in place.
///
/// Until the rename the meta's first state fits the file, from then on its
/// second one; `confirmed` is zero and so true of both.
pub(super) fn rewrite(
    held: &Held<'_>,
    old: &OpenFile,
    loaded: &Loaded,
    plan: &Rewrite,
) -> Result<(), QueueError> {
    let temp = held.create_queue_temp()?;
    let old_len = old.len()?;
    let state = &loaded.state;
    let rest = state.offset_of(plan.rest.bytes).unwrap_or(old_len);
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
    copy(old, rest..old_len, &temp)?;
    temp.sync()?;

    let failed = |error| io_error("read", &temp.path)(error);
    let head_records = count_records(&*temp.file, 0, head_len).map_err(failed)?;
    let base = Position {
        bytes: plan.rest.bytes - head_len,
        records: plan.rest.records - head_records,
        damaged: plan.rest.damaged,
    };
    let changes_records = head_len > 0 || plan.rest != state.cursor;
    let next = State {
        generation: state.generation + u64::from(changes_records),
        floor: match changes_records {
            true => plan.rest.bytes.max(state.floor),
            false => state.floor,
        },
        base,
        cursor: base,
        window: String::new(),
        dropped: plan.dropped,
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
    held.replace(names::QUEUE_TEMP, names::QUEUE)?;
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
