//! Records out of the store that pass a filter.

use std::time::{Duration, Instant};

use super::store::{Portion, Scan, Scanned, Seq, Start, Store, StoreError, StoredBatch};
use crate::filter::Filter;
use crate::record::{LogRecord, format_timestamp, push_stamped};

/// How much is fetched at a time.
const PORTION: Portion = Portion {
    batches: 32,
    bytes: 1 << 20,
};

/// How long one page may be looked for. What was not found by then is for the
/// next page, so that no query holds a reader for long.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// How many bytes of records a page has at the most, one record beside.
const MAX_PAGE_BYTES: usize = 8 << 20;

/// A page of records, in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Each record's number and line.
    pub(super) records: Vec<(Seq, String)>,
    /// Where the next page starts, in the direction of this one.
    pub(super) next: Seq,
    /// Whether there may be more in that direction.
    pub(super) more: bool,
}

/// Reads up to `count` matching records. Blocks.
pub(super) fn page(
    store: &dyn Store,
    filter: &Filter,
    from: Start,
    count: usize,
) -> Result<Page, StoreError> {
    let started = Instant::now();
    let mut page = Page::default();
    let (Start::After(mut next) | Start::Before(mut next)) = from;
    let mut bytes = 0;
    'scan: loop {
        let from = match from {
            Start::After(_) => Start::After(next),
            Start::Before(_) => Start::Before(next),
        };
        let scan = Scan {
            from,
            filter,
            portion: PORTION,
        };
        let Scanned {
            batches, at_end, ..
        } = store.scan(&scan)?;
        for batch in &batches {
            for (seq, line) in in_direction(batch, from) {
                if page.records.len() == count || bytes > MAX_PAGE_BYTES {
                    page.more = true;
                    break 'scan;
                }
                next = seq;
                if matches(filter, line) {
                    bytes += line.len();
                    page.records.push((seq, stamped(line, batch.received_at)));
                }
            }
        }
        if at_end {
            break;
        }
        if started.elapsed() > TIME_LIMIT {
            page.more = true;
            break;
        }
    }
    if let Start::Before(_) = from {
        page.records.reverse();
    }
    page.next = next;
    Ok(page)
}

fn in_direction(batch: &StoredBatch, from: Start) -> Box<dyn Iterator<Item = (Seq, &str)> + '_> {
    match from {
        Start::After(after) => Box::new(batch.records().filter(move |(seq, _)| *seq > after)),
        Start::Before(before) => {
            Box::new(batch.records().rev().filter(move |(seq, _)| *seq < before))
        }
    }
}

/// Whether a line is of a record that passes the filter.
pub(super) fn matches(filter: &Filter, line: &str) -> bool {
    filter.is_empty()
        || filter.may_match(line.as_bytes())
            && LogRecord::parse(line.as_bytes()).is_ok_and(|record| filter.matches(&record))
}

/// A line with the server's clock as its last member.
pub(super) fn stamped(line: &str, received_at: i64) -> String {
    let mut stamped = String::with_capacity(line.len() + 52);
    push_stamped(&mut stamped, line, received_at);
    stamped
}

/// Milliseconds since 1970 as a record's timestamp.
pub(super) fn rfc3339(milliseconds: i64) -> String {
    chrono::DateTime::from_timestamp_millis(milliseconds).map_or_else(String::new, format_timestamp)
}
