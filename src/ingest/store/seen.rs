//! Which records were stored before.
//!
//! The keys of one sender grow with time, so those of a request are kept side
//! by side as a run, with its first and last key beside them. The runs of a
//! sender never overlap. A request whose keys lie behind every run is new at
//! the cost of one look, which is what nearly every request is; sent again,
//! it falls into one run. A row per record takes the writer four times as long.
//!
//! Keys that would fall into a run (of a clock that was set back, of two
//! uploads at a time) are kept in a row each: slower, but no slower the more
//! there are.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{Entry, RecordKey, Seq, StoreError};

/// How many keys a run has at the most, so that looking one up is cheap.
const MAX_RUN: usize = 256;

/// How many bytes of a key stand for its sender.
const SENDER: usize = 8;

/// Notes the keys of a request's records, and says which of them are new.
/// `first` is the number under which the first of them will be stored.
pub(super) fn mark(
    transaction: &Transaction<'_>,
    records: &[Entry],
    first: Seq,
) -> Result<Vec<bool>, StoreError> {
    let mut is_fresh = vec![true; records.len()];
    let mut sorted: Vec<(RecordKey, usize)> =
        records.iter().map(|record| record.key).zip(0..).collect();
    sorted.sort_unstable();
    for window in sorted.windows(2) {
        if window[0].0 == window[1].0 {
            is_fresh[window[1].1] = false;
        }
    }
    for keys in sorted.chunk_by(|a, b| a.0.0[..SENDER] == b.0.0[..SENDER]) {
        find_in_runs(transaction, keys, &mut is_fresh)?;
        find_in_rows(transaction, keys, &mut is_fresh)?;
        let fresh = keys.iter().filter(|(_, index)| is_fresh[*index]);
        let fresh: Vec<RecordKey> = fresh.map(|(key, _)| *key).collect();
        insert(transaction, &fresh, first)?;
    }
    Ok(is_fresh)
}

/// A stretch of keys of one sender.
struct Run {
    low: RecordKey,
    high: RecordKey,
    id: i64,
}

impl Run {
    /// The first run that ends at a key or behind it. Of all runs of the
    /// sender it is the only one that can hold the key.
    fn at(connection: &Connection, key: &RecordKey) -> Result<Option<Run>, StoreError> {
        let mut end = [0xff; 24];
        end[..SENDER].copy_from_slice(&key.0[..SENDER]);
        let run = connection
            .prepare_cached(
                "SELECT low, high, id FROM runs
                 WHERE high BETWEEN ?1 AND ?2 ORDER BY high LIMIT 1",
            )?
            .query_row(params![&key.0[..], &end[..]], |row| {
                Ok(Run {
                    low: RecordKey(row.get(0)?),
                    high: RecordKey(row.get(1)?),
                    id: row.get(2)?,
                })
            })
            .optional()?;
        Ok(run)
    }

    /// Its keys without the sender, in order.
    fn keys(&self, connection: &Connection) -> Result<Vec<u8>, StoreError> {
        let mut query = connection.prepare_cached("SELECT keys FROM runs WHERE id = ?1")?;
        Ok(query.query_row([self.id], |row| row.get(0))?)
    }
}

/// Notes which keys are in a run.
fn find_in_runs(
    connection: &Connection,
    keys: &[(RecordKey, usize)],
    is_fresh: &mut [bool],
) -> Result<(), StoreError> {
    let mut rest = keys;
    while let Some((key, _)) = rest.first() {
        let Some(run) = Run::at(connection, key)? else {
            return Ok(());
        };
        let (within, behind) = rest.split_at(rest.partition_point(|(key, _)| *key <= run.high));
        rest = behind;
        let overlapping = &within[within.partition_point(|(key, _)| *key < run.low)..];
        if overlapping.is_empty() {
            continue;
        }
        let known = run.keys(connection)?;
        let known: Vec<&[u8]> = known.chunks_exact(24 - SENDER).collect();
        for (key, index) in overlapping {
            if known.binary_search(&&key.0[SENDER..]).is_ok() {
                is_fresh[*index] = false;
            }
        }
    }
    Ok(())
}

/// Notes which keys have a row of their own.
fn find_in_rows(
    connection: &Connection,
    keys: &[(RecordKey, usize)],
    is_fresh: &mut [bool],
) -> Result<(), StoreError> {
    let (Some((low, _)), Some((high, _))) = (keys.first(), keys.last()) else {
        return Ok(());
    };
    let has_rows = connection
        .prepare_cached("SELECT 1 FROM seen WHERE key BETWEEN ?1 AND ?2 LIMIT 1")?
        .exists(params![&low.0[..], &high.0[..]])?;
    if !has_rows {
        return Ok(());
    }
    let mut query = connection.prepare_cached("SELECT 1 FROM seen WHERE key = ?1")?;
    for (key, index) in keys {
        if is_fresh[*index] && query.exists([&key.0[..]])? {
            is_fresh[*index] = false;
        }
    }
    Ok(())
}

/// Keeps new keys of one sender, in order: as runs if they overlap none.
fn insert(
    transaction: &Transaction<'_>,
    fresh: &[RecordKey],
    first: Seq,
) -> Result<(), StoreError> {
    let (Some(low), Some(high)) = (fresh.first(), fresh.last()) else {
        return Ok(());
    };
    let overlaps = Run::at(transaction, low)?.is_some_and(|run| run.low <= *high);
    if overlaps {
        let mut insert =
            transaction.prepare_cached("INSERT INTO seen (key, seq) VALUES (?1, ?2)")?;
        for key in fresh {
            insert.execute(params![&key.0[..], first.cast_signed()])?;
        }
        return Ok(());
    }
    let mut insert = transaction
        .prepare_cached("INSERT INTO runs (low, high, seq, keys) VALUES (?1, ?2, ?3, ?4)")?;
    for run in fresh.chunks(MAX_RUN) {
        let keys: Vec<u8> = run
            .iter()
            .flat_map(|key| &key.0[SENDER..])
            .copied()
            .collect();
        let (low, high) = (&run[0].0[..], &run[run.len() - 1].0[..]);
        insert.execute(params![low, high, first.cast_signed(), keys])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::ingest::store::schema;
    use crate::record::Level;

    fn entry((sender, number): (u8, u16)) -> Entry {
        let mut key = [0; 24];
        key[0] = sender;
        key[SENDER..SENDER + 2].copy_from_slice(&number.to_be_bytes());
        Entry {
            end: 0,
            key: RecordKey(key),
            timestamp: 0,
            level: Level::Info,
            origin: 0,
            occurrence: None,
        }
    }

    fn database() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection, "memory").unwrap();
        connection
    }

    fn count(connection: &Connection, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn keys_that_grow_become_runs_and_others_rows() {
        let mut connection = database();
        let transaction = connection.transaction().unwrap();
        let request = |numbers: std::ops::Range<u16>| {
            let records: Vec<Entry> = numbers.map(|number| entry((1, number * 2))).collect();
            let fresh = mark(&transaction, &records, 1).unwrap();
            fresh.into_iter().filter(|fresh| *fresh).count()
        };
        assert_eq!(request(0..100), 100);
        assert_eq!(request(100..200), 100);
        assert_eq!(request(100..200), 0);
        assert_eq!(request(150..250), 50);
        assert_eq!(count(&transaction, "runs"), 3);
        assert_eq!(count(&transaction, "seen"), 0);
        let between: Vec<Entry> = (0..10).map(|number| entry((1, number * 2 + 1))).collect();
        assert_eq!(mark(&transaction, &between, 1).unwrap(), [true; 10]);
        assert_eq!(mark(&transaction, &between, 1).unwrap(), [false; 10]);
        assert_eq!(count(&transaction, "seen"), 10);
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_set(requests in vec(vec((0..3_u8, 0..400_u16), 0..600), 1..12)) {
            let mut connection = database();
            let transaction = connection.transaction().unwrap();
            let mut model = HashSet::new();
            for request in requests {
                let records: Vec<Entry> = request.iter().copied().map(entry).collect();
                let expected: Vec<bool> = request.iter().map(|key| model.insert(*key)).collect();
                prop_assert_eq!(mark(&transaction, &records, 1).unwrap(), expected);
            }
        }
    }
}
