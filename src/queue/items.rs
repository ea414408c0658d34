//! The records and the damage in a stretch of a queue file, in order.

use std::collections::VecDeque;
use std::io;
use std::ops::{Deref, Range};

use super::batch::Damage;
use super::fs::QueueFile;
use super::line::{DamageKind, Line, read_line};
use super::scan::{Lines, RawLine};

/// How much of a stretch of damage is kept to show.
const HEAD_BYTES: usize = 64;

/// One thing that stands in a queue file.
#[derive(Debug)]
pub(super) enum Item {
    Record {
        line: Vec<u8>,
        /// Where it stands, its newline included.
        span: Range<u64>,
        /// Whether it is a line of its own, which is what the deployed client
        /// counts.
        counts: bool,
    },
    Damage {
        damage: Damage,
        /// Where reading goes on.
        end: u64,
        /// Whether a newline ends it. Without one it may still be completed.
        terminated: bool,
    },
}

/// The items of a stretch of a file.
#[derive(Debug)]
pub(super) struct Items<F> {
    name: &'static str,
    lines: Lines<F>,
    ready: VecDeque<Item>,
}

impl<F: Deref<Target = dyn QueueFile + 'static>> Items<F> {
    /// The items from `start` to `end`; `name` is the file's, for reports.
    pub(super) fn new(name: &'static str, file: F, start: u64, end: u64) -> Items<F> {
        Items {
            name,
            lines: Lines::new(file, start, end),
            ready: VecDeque::new(),
        }
    }

    /// The next item.
    pub(super) fn next(&mut self) -> io::Result<Option<Item>> {
        while self.ready.is_empty() {
            match self.lines.next()? {
                Some(raw) => read_items(self.name, &raw, &mut self.ready),
                None => return Ok(None),
            }
        }
        Ok(self.ready.pop_front())
    }
}

fn read_items(name: &'static str, raw: &RawLine<'_>, items: &mut VecDeque<Item>) {
    let damage = |kind, salvaged| Item::Damage {
        damage: Damage {
            file: name,
            offset: raw.start,
            len: raw.end - raw.start,
            kind,
            salvaged,
            head: raw.bytes.map_or_else(Vec::new, |bytes| {
                bytes[..bytes.len().min(HEAD_BYTES)].to_vec()
            }),
        },
        end: raw.end,
        terminated: raw.terminated,
    };
    let Some(bytes) = raw.bytes else {
        items.push_back(damage(DamageKind::TooLong, 0));
        return;
    };
    match read_line(bytes) {
        Line::Blank => {}
        Line::Record(record) => items.push_back(Item::Record {
            line: record.into_owned(),
            span: raw.start..raw.end,
            counts: true,
        }),
        Line::Damaged(kind, pieces) => {
            let salvaged = pieces.len();
            items.extend(pieces.into_iter().map(|piece| Item::Record {
                line: piece.record.into_owned(),
                span: raw.start + piece.range.start as u64..raw.start + piece.range.end as u64,
                counts: false,
            }));
            // A torn end that holds nothing else is still reported, and so is
            // what stood around the records of a line.
            items.push_back(damage(kind, salvaged));
        }
    }
}

/// How many lines of a stretch are a JSON object each.
pub(super) fn count_records(
    file: &(dyn QueueFile + 'static),
    start: u64,
    end: u64,
) -> io::Result<u64> {
    let mut lines = Lines::new(file, start, end);
    let mut count = 0;
    while let Some(raw) = lines.next()? {
        count += u64::from(is_record(&raw));
    }
    Ok(count)
}

/// Where the first `count` lines that are a JSON object end, if there are so
/// many.
pub(super) fn end_of_records(
    file: &(dyn QueueFile + 'static),
    end: u64,
    mut count: u64,
) -> io::Result<Option<u64>> {
    let mut lines = Lines::new(file, 0, end);
    let mut at = 0;
    while count > 0 {
        let Some(raw) = lines.next()? else {
            return Ok(None);
        };
        if is_record(&raw) {
            count -= 1;
            at = raw.end;
        }
    }
    Ok(Some(at))
}

fn is_record(raw: &RawLine<'_>) -> bool {
    raw.bytes
        .is_some_and(|bytes| matches!(read_line(bytes), Line::Record(_)))
}
