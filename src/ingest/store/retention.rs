//! Removing what is old, or too much.
//!
//! Everything is done in small steps, each a transaction of the writer's own,
//! so that records that come in wait a few milliseconds at the most.

use chrono::Utc;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::sqlite::SqliteStore;
use super::{Retention, StoreError};

/// How many requests' records, or sessions, are removed in one step.
const STEP: i64 = 500;

/// How many keys are looked at in one step.
const KEYS: i64 = 5_000;

/// What share of the store is removed at a time when it is too large.
const SHARE: i64 = 50;

/// Removes what is older than it may be, then the oldest of what is left until
/// that is no more than it may be.
pub(super) fn expire(store: &SqliteStore, retention: &Retention) -> Result<(), StoreError> {
    if let Some(age) = retention.age {
        let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        remove_before(store, Utc::now().timestamp_millis().saturating_sub(age))?;
    }
    let Some(most) = retention.bytes else {
        return Ok(());
    };
    while let Some(cutoff) = store.read(|connection| cutoff_for_size(connection, most))? {
        remove_before(store, cutoff)?;
    }
    Ok(())
}

/// Removes what came before an instant of the server's clock.
fn remove_before(store: &SqliteStore, cutoff: i64) -> Result<(), StoreError> {
    let first_kept: Option<i64> = store.read(|connection| {
        let sql = "SELECT min(seq) FROM batches WHERE received_at >= ?1";
        Ok(connection.query_row(sql, [cutoff], |row| row.get(0))?)
    })?;
    let first_kept = first_kept.unwrap_or(i64::MAX);
    let is_old = store.read(|connection| {
        let sql = "SELECT 1 FROM batches WHERE seq < ?1";
        Ok(connection.prepare(sql)?.exists([first_kept])?)
    })?;
    if !is_old {
        return remove_beside(store, cutoff);
    }
    for table in ["bodies", "batches"] {
        let sql = format!(
            "DELETE FROM {table} WHERE seq IN
             (SELECT seq FROM {table} WHERE seq < ?1 ORDER BY seq LIMIT {STEP})"
        );
        repeat(store, move |transaction| {
            Ok(transaction.execute(&sql, [first_kept])?)
        })?;
    }
    remove_origins(store, cutoff, first_kept)?;
    remove_keys(store, first_kept)?;
    remove_beside(store, cutoff)
}

/// Removes sessions that are wholly gone, and for the others which requests
/// had records of them.
fn remove_origins(store: &SqliteStore, cutoff: i64, first_kept: i64) -> Result<(), StoreError> {
    let old: Vec<(i64, bool)> = store.read(|connection| {
        let sql = "SELECT id, last_received < ?1 FROM origins WHERE first_received < ?1";
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([cutoff], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    })?;
    for chunk in old.chunks(STEP as usize) {
        let chunk = chunk.to_vec();
        store.update(move |transaction| {
            for (id, is_gone) in chunk {
                transaction
                    .prepare_cached("DELETE FROM origin_batches WHERE origin = ?1 AND seq < ?2")?
                    .execute([id, first_kept])?;
                if is_gone {
                    // Unless records came in between looking and doing.
                    transaction
                        .prepare_cached("DELETE FROM origins WHERE id = ?1 AND last_received < ?2")?
                        .execute([id, cutoff])?;
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Forgets the keys of records that are gone. Runs were added in the order of
/// the records; the rows are walked in the order of the keys.
fn remove_keys(store: &SqliteStore, first_kept: i64) -> Result<(), StoreError> {
    repeat(store, move |transaction| {
        let sql = format!(
            "DELETE FROM runs WHERE seq < ?1 AND id IN
             (SELECT id FROM runs ORDER BY id LIMIT {STEP})"
        );
        Ok(transaction.execute(&sql, [first_kept])?)
    })?;
    let mut from: Vec<u8> = Vec::new();
    loop {
        let to: Option<Vec<u8>> = store.read(|connection| {
            let sql =
                format!("SELECT key FROM seen WHERE key > ?1 ORDER BY key LIMIT 1 OFFSET {KEYS}");
            Ok(connection
                .query_row(&sql, [&from], |row| row.get(0))
                .optional()?)
        })?;
        let end = to.clone().unwrap_or_else(|| vec![0xff; 25]);
        store.update(move |transaction| {
            let sql = "DELETE FROM seen WHERE key > ?1 AND key <= ?2 AND seq < ?3";
            transaction.execute(sql, params![from, end, first_kept])?;
            Ok(())
        })?;
        match to {
            Some(to) => from = to,
            None => return Ok(()),
        }
    }
}

/// Removes counted errors, alerts and screenshots.
fn remove_beside(store: &SqliteStore, cutoff: i64) -> Result<(), StoreError> {
    for (table, column) in [
        ("errors", "hour"),
        ("error_hits", "hour"),
        ("alerts", "window"),
        ("screenshots", "received_at"),
    ] {
        // An hour is kept until all of it is old.
        let cutoff = match column {
            "received_at" => cutoff,
            _ => cutoff.saturating_sub(3_600_000),
        };
        store.update(move |transaction| {
            transaction.execute(
                &format!("DELETE FROM {table} WHERE {column} < ?1"),
                [cutoff],
            )?;
            Ok(())
        })?;
    }
    Ok(())
}

/// Makes a change again and again until it finds nothing more to do.
fn repeat(
    store: &SqliteStore,
    change: impl Fn(&Transaction<'_>) -> Result<usize, StoreError> + Send + Clone + 'static,
) -> Result<(), StoreError> {
    loop {
        let (count, counted) = std::sync::mpsc::channel();
        let change = change.clone();
        store.update(move |transaction| {
            let _ = count.send(change(transaction)?);
            Ok(())
        })?;
        if counted.recv().unwrap_or(0) == 0 {
            return Ok(());
        }
    }
}

/// Before when to remove records for the store to get smaller, if it is larger
/// than it may be. Pages that are free do not count, since they are used next.
fn cutoff_for_size(connection: &Connection, most: u64) -> Result<Option<i64>, StoreError> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    let used = (pragma("page_count")? - pragma("freelist_count")?) * pragma("page_size")?;
    if used <= most {
        return Ok(None);
    }
    let sql = format!(
        "SELECT received_at + 1 FROM batches ORDER BY seq
         LIMIT 1 OFFSET (SELECT count(*) / {SHARE} FROM batches)"
    );
    Ok(connection
        .query_row(&sql, [], |row| row.get(0))
        .optional()?)
}
