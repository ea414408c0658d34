//! Making room in a full queue: what is confirmed goes first, then the oldest
//! records that are not fatal, then the oldest fatal ones.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::QueueError;
use super::appended::{Appended, Stretch};
use super::error::io_error;
use super::folder::{Held, OpenFile, names};
use super::items::{Item, Items};
use super::merge::{finish_merge, merge_fatal};
use super::meta::Dropped;
use super::rewrite::{Rewrite, rewrite};
use super::scan::Lines;
use super::state::{Loaded, load_to_write};
use crate::record::{EncodedRecord, Envelope, Level, LogRecord, keys, now};

/// The logger of the record that stands for dropped ones.
pub(super) const NOTICE_LOGGER: &str = "soliplex.queue";

/// The attribute that says how many it stands for.
pub(super) const NOTICE_ATTRIBUTE: &str = "dropped";

/// What a full queue file may hold once room was made.
///
/// A quarter more than is needed is freed: each rewrite syncs what stays, which
/// a full queue cannot afford for every record. In a flood it is a half: to
/// store 390 MB so takes half as many rewrites, each of which copies less.
pub(super) fn goal(max_bytes: u64, needed: u64, in_flood: bool) -> u64 {
    let free = max_bytes / if in_flood { 2 } else { 4 };
    (max_bytes - free).saturating_sub(needed)
}

/// Makes room in a full queue file, so that at most `goal` bytes are left.
/// `appended` is what is known of the file, and afterwards of the new one.
/// Returns how many records were dropped.
pub(super) fn make_room(
    held: &Held<'_>,
    file: &OpenFile,
    goal: u64,
    appended: &mut Appended,
) -> Result<u64, QueueError> {
    let loaded = load_to_write(held, file)?;
    let loaded = finish_merge(held, file, loaded)?;
    let len = file.len()?;
    let plan = match len - loaded.state.offset().min(len) <= goal {
        true => Rewrite::compaction(&loaded.state),
        false => plan_drops(file, &loaded, len, goal, appended)?,
    };
    let head_len = rewrite(held, file, &loaded, &plan)?;
    let rest = loaded.state.offset_of(plan.rest.bytes).unwrap_or(len);
    appended.move_to(rest, head_len);
    Ok(plan.dropped.records - loaded.state.dropped.records)
}

/// Makes room in the fatal file when nobody drains: what is in it goes into
/// the queue file, which drops its oldest in turn. Returns how many.
pub(super) fn make_room_for_fatal(
    held: &Held<'_>,
    max_bytes: u64,
    needed: u64,
) -> Result<u64, QueueError> {
    merge_fatal(held)?;
    let queue = held.folder.open_to_append(names::QUEUE)?;
    match queue.len()?.saturating_add(needed) > max_bytes {
        true => {
            let goal = goal(max_bytes, needed, false);
            make_room(held, &queue, goal, &mut Appended::default())
        }
        false => Ok(0),
    }
}

/// Chooses what to drop until at most `goal` bytes are left.
fn plan_drops(
    file: &OpenFile,
    loaded: &Loaded,
    len: u64,
    goal: u64,
    appended: &mut Appended,
) -> Result<Rewrite, QueueError> {
    let state = &loaded.state;
    let offset = state.offset();
    let mut items = None;
    let mut drops = Drops::default();
    let mut kept: VecDeque<(Range<u64>, Vec<u8>)> = VecDeque::new();
    let mut kept_bytes = 0;
    let mut rest = state.cursor;
    let mut rest_offset = offset;
    while (len - rest_offset) + kept_bytes > goal {
        if let Some(stretch) = appended.at(rest_offset)
            && (len - stretch.range.end) + kept_bytes >= goal
        {
            drops.add_stretch(file, stretch)?;
            rest_offset = stretch.range.end;
            rest.records += stretch.records;
            items = None;
            continue;
        }
        let items =
            items.get_or_insert_with(|| Items::new(names::QUEUE, &*file.file, rest_offset, len));
        let item = items.next().map_err(io_error("read", &file.path))?;
        match item {
            Some(Item::Record { line, span, counts }) => {
                rest_offset = span.end;
                rest.records += u64::from(counts);
                match is_fatal(&line) {
                    true => {
                        kept_bytes += span.end - span.start;
                        kept.push_back((span, line));
                    }
                    false => drops.add(line, span.end - span.start),
                }
            }
            Some(Item::Damage { damage, end, .. }) => {
                rest_offset = end;
                rest.damaged += 1;
                if damage.salvaged == 0 {
                    drops.bytes += damage.len;
                }
            }
            // Only fatal records are left.
            None => match kept.pop_front() {
                Some((span, line)) => {
                    rest_offset = len;
                    kept_bytes -= span.end - span.start;
                    drops.fatal += 1;
                    drops.add(line, span.end - span.start);
                }
                None => break,
            },
        }
    }
    rest.bytes = state.base.bytes + rest_offset;
    let mut dropped = state.dropped;
    dropped.records += drops.records;
    dropped.fatal += drops.fatal;
    dropped.bytes += drops.bytes;
    dropped.damaged += rest.damaged - state.cursor.damaged;
    Ok(Rewrite {
        first: drops.notice()?,
        keep: kept.into_iter().map(|(span, _)| span).collect(),
        rest,
        dropped,
    })
}

/// Whether a record is fatal.
pub(super) fn is_fatal(line: &[u8]) -> bool {
    !is_plainly_not_fatal(line)
        && Envelope::parse(line).is_ok_and(|envelope| envelope.level() == Some(Level::Fatal))
}

/// True for a line with one `level` in it, which says that it is less than
/// fatal: wherever that stands, the record's own level is nothing else. To see
/// that takes a fifth of reading the keys, and in a flood all lines are asked.
fn is_plainly_not_fatal(line: &[u8]) -> bool {
    const LESS: [&[u8]; 5] = [
        b"level\":\"info\"",
        b"level\":\"debug\"",
        b"level\":\"warning\"",
        b"level\":\"error\"",
        b"level\":\"trace\"",
    ];
    static LEVEL: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("level"));
    static ESCAPE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\\u"));
    let mut found = LEVEL.find_iter(line);
    let (Some(at), None) = (found.next(), found.next()) else {
        return false;
    };
    // Letters that are escaped may spell a second one.
    LESS.iter().any(|less| line[at..].starts_with(less)) && ESCAPE.find(line).is_none()
}

/// What is being dropped, summed up.
#[derive(Debug, Default)]
pub(super) struct Drops {
    /// Records dropped now.
    records: u64,
    fatal: u64,
    bytes: u64,
    /// Records dropped before, told by a notice that is dropped now.
    earlier: u64,
    /// The first and last record dropped, or what an earlier notice says.
    from: Option<String>,
    last: Vec<u8>,
}

impl Drops {
    /// Adds a record that takes so many bytes with its newline.
    pub(super) fn add(&mut self, line: Vec<u8>, bytes: u64) {
        self.last = line;
        // Of the many that are dropped at once only notices and the first
        // record are worth a tree.
        let is_notice = || memchr::memmem::find(&self.last, NOTICE_LOGGER.as_bytes()).is_some();
        if self.from.is_some() && !is_notice() {
            self.records += 1;
            self.bytes += bytes;
            return;
        }
        let record = LogRecord::parse(&self.last).unwrap_or_default();
        match notice_count(&record) {
            Some(count) => {
                self.earlier += count;
                let from = record.attribute("from").and_then(|from| from.as_str());
                self.from = self.from.take().or(from.map(str::to_owned));
            }
            None => {
                self.records += 1;
                self.bytes += bytes;
            }
        }
        let timestamp = record.text(keys::TIMESTAMP).map(str::to_owned);
        self.from = self.from.take().or(timestamp);
    }

    /// Adds what is known to be records.
    fn add_stretch(&mut self, file: &OpenFile, stretch: &Stretch) -> Result<(), QueueError> {
        let Range { start, end } = stretch.range;
        if self.from.is_none() {
            let mut first = Lines::new(&*file.file, start, end);
            let first = first.next().map_err(io_error("read", &file.path))?;
            let first = first.and_then(|line| LogRecord::parse(line.bytes?).ok());
            let timestamp = first.as_ref().and_then(|first| first.text(keys::TIMESTAMP));
            self.from = timestamp.map(str::to_owned);
        }
        self.last = file.read(stretch.last, end - stretch.last)?;
        self.records += stretch.records;
        self.bytes += end - start;
        Ok(())
    }

    /// The sums of what was dropped now.
    pub(super) fn dropped(&self) -> Dropped {
        Dropped {
            records: self.records,
            fatal: self.fatal,
            bytes: self.bytes,
            damaged: 0,
        }
    }

    /// The one record that stands for all that was dropped, as a line; empty
    /// if nothing was.
    ///
    /// It says when and by whom the records were made, so that a reader sees
    /// the gap where it is.
    pub(super) fn notice(&self) -> Result<Vec<u8>, QueueError> {
        let count = self.records + self.earlier;
        if count == 0 {
            return Ok(Vec::new());
        }
        let last = LogRecord::parse(&self.last).unwrap_or_default();
        let records = if count == 1 { "record" } else { "records" };
        let message = format!("{count} {records} dropped: the queue was full");
        let until = last.timestamp().and(last.text(keys::TIMESTAMP));
        let until = until.map_or_else(now, str::to_owned);
        let from = self.from.clone().unwrap_or_else(|| until.clone());
        let mut record = LogRecord::new(Level::Warning, NOTICE_LOGGER, &message)
            .with(keys::TIMESTAMP, until.clone())
            .with_attribute(NOTICE_ATTRIBUTE, count)
            .with_attribute("from", from)
            .with_attribute("until", until);
        for key in [keys::INSTALL_ID, keys::SESSION_ID, keys::USER_ID] {
            if let Some(id) = last.text(key) {
                record.set(key, id);
            }
        }
        let mut line = EncodedRecord::new(record)?.as_bytes().to_vec();
        line.push(b'\n');
        Ok(line)
    }
}

/// How many records a record stands for, if it is one of the queue's notices.
pub(super) fn notice_count(record: &LogRecord) -> Option<u64> {
    if record.logger() != NOTICE_LOGGER {
        return None;
    }
    record.attribute(NOTICE_ATTRIBUTE)?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fatal_record_is_seen_however_it_says_so() {
        for (line, expected) in [
            (r#"{"level":"fatal"}"#, true),
            (r#"{"level":"info","level":"fatal"}"#, true),
            (r#"{"level":"info","l\u0065vel":"fatal"}"#, true),
            (r#"{"level":"\u0066atal"}"#, true),
            (r#"{"level":500}"#, true),
            (r#"{"level" : "Critical"}"#, true),
            (r#"{"attributes":{"level":"info"},"level":"FATAL"}"#, true),
            (r#"{"level":"fatal","message":"level\":\"info\""}"#, true),
            (r#"{"level":"info"}"#, false),
            (r#"{"level":"error","message":"level 5, fatal"}"#, false),
            (r#"{"attributes":{"level":"fatal"},"level":"info"}"#, false),
            (r#"{"message":"fatal"}"#, false),
        ] {
            assert_eq!(is_fatal(line.as_bytes()), expected, "{line}");
        }
    }
}
