//! Errors counted by fingerprint, hour by hour.

use std::collections::HashMap;

use rusqlite::{Connection, Transaction, params};
use sha2::{Digest, Sha256};

use super::{Alert, AlertRule, Batch, ErrorGroup, Occurrence, Origin, StoreError, Top, TopQuery};

/// An hour in milliseconds.
const HOUR: i64 = 3_600_000;

/// How many different fingerprints are counted apart in one hour. A client
/// that makes them up can neither fill the store nor push others out.
const MAX_GROUPS: usize = 10_000;

/// How many sessions, and how many installs, are told apart per fingerprint
/// and hour.
const MAX_HITS: i64 = 1000;

/// The hash under which everything beyond [`MAX_GROUPS`] is counted.
const OTHERS: [u8; 0] = [];

/// What the writer remembers from one batch to the next.
pub(super) struct Counter {
    alerts: Option<AlertRule>,
    /// How many fingerprints there are in the hours last written to.
    groups: HashMap<i64, usize>,
}

impl Counter {
    pub(super) fn new(alerts: Option<AlertRule>) -> Counter {
        Counter {
            alerts,
            groups: HashMap::new(),
        }
    }

    /// Forgets what a transaction that failed may have made untrue.
    pub(super) fn forget(&mut self) {
        self.groups.clear();
    }

    /// Counts the errors of a batch.
    pub(super) fn count(
        &mut self,
        transaction: &Transaction<'_>,
        batch: &Batch,
    ) -> Result<(), StoreError> {
        for record in &batch.records {
            if let Some(occurrence) = &record.occurrence {
                let origin = &batch.origins[record.origin];
                self.count_one(transaction, occurrence, origin, batch.received_at)?;
            }
        }
        Ok(())
    }

    fn count_one(
        &mut self,
        transaction: &Transaction<'_>,
        occurrence: &Occurrence,
        origin: &Origin,
        now: i64,
    ) -> Result<(), StoreError> {
        let hour = now - now.rem_euclid(HOUR);
        let hash = unhex(&occurrence.fingerprint.hash);
        let known = transaction
            .prepare_cached("SELECT 1 FROM errors WHERE hour = ?1 AND hash = ?2")?
            .exists(params![hour, hash])?;
        if known || self.take_place(transaction, hour)? {
            record(transaction, hour, &hash, occurrence, now)?;
            for (kind, id) in [(0, &origin.session), (1, &origin.install)] {
                hit(transaction, hour, &hash, kind, id)?;
            }
        } else {
            record(transaction, hour, &OTHERS, occurrence, now)?;
            return Ok(());
        }
        if let Some(rule) = self.alerts {
            transaction
                .prepare_cached(
                    "INSERT INTO alerts (window, hash, count) VALUES (?1, ?2, 1)
                     ON CONFLICT (window, hash) DO UPDATE SET count = count + 1",
                )?
                .execute(params![now - now.rem_euclid(rule.window), hash])?;
        }
        Ok(())
    }

    /// Whether there is room for one more fingerprint in an hour.
    fn take_place(&mut self, transaction: &Transaction<'_>, hour: i64) -> Result<bool, StoreError> {
        if !self.groups.contains_key(&hour) {
            // Only the hour that it is now is ever written to.
            self.groups.clear();
            let groups = transaction.query_row(
                "SELECT count(*) FROM errors WHERE hour = ?1",
                [hour],
                |row| row.get(0),
            )?;
            self.groups.insert(hour, groups);
        }
        let groups = self.groups.entry(hour).or_default();
        let has_room = *groups < MAX_GROUPS;
        *groups += usize::from(has_room);
        Ok(has_room)
    }
}

fn record(
    transaction: &Transaction<'_>,
    hour: i64,
    hash: &[u8],
    occurrence: &Occurrence,
    now: i64,
) -> Result<(), StoreError> {
    let others = hash.is_empty();
    let (details, exemplar) = match others {
        true => (String::new(), ""),
        false => (occurrence.details(), occurrence.exemplar.as_str()),
    };
    transaction
        .prepare_cached(
            "INSERT INTO errors
             (hour, hash, count, first_seen, last_seen, sessions, installs, details, exemplar)
             VALUES (?1, ?2, 1, ?3, ?3, 0, 0, ?4, ?5)
             ON CONFLICT (hour, hash) DO UPDATE SET
              count = count + 1, last_seen = max(last_seen, ?3)",
        )?
        .execute(params![hour, hash, now, details, exemplar])?;
    Ok(())
}

/// Notes that a session or an install was hit.
fn hit(
    transaction: &Transaction<'_>,
    hour: i64,
    hash: &[u8],
    kind: i64,
    id: &str,
) -> Result<(), StoreError> {
    if id.is_empty() {
        return Ok(());
    }
    let column = if kind == 0 { "sessions" } else { "installs" };
    let id = &Sha256::digest(id.as_bytes())[..8];
    let is_new = transaction
        .prepare_cached(&format!(
            "INSERT OR IGNORE INTO error_hits (hour, hash, kind, id)
             SELECT ?1, ?2, ?3, ?4 FROM errors
             WHERE hour = ?1 AND hash = ?2 AND {column} < {MAX_HITS}"
        ))?
        .execute(params![hour, hash, kind, id])?;
    if is_new == 1 {
        transaction
            .prepare_cached(&format!(
                "UPDATE errors SET {column} = {column} + 1 WHERE hour = ?1 AND hash = ?2"
            ))?
            .execute(params![hour, hash])?;
    }
    Ok(())
}

/// The most frequent errors of a time.
pub(super) fn top(connection: &Connection, query: &TopQuery) -> Result<Top, StoreError> {
    let since = query.since - query.since.rem_euclid(HOUR);
    let total = connection
        .prepare_cached("SELECT coalesce(sum(count), 0) FROM errors WHERE hour BETWEEN ?1 AND ?2")?
        .query_row([since, query.until], |row| row.get(0))?;
    let mut groups = connection.prepare_cached(
        "SELECT hash, sum(count) AS n, min(first_seen), max(last_seen), details, exemplar
         FROM errors WHERE hour BETWEEN ?1 AND ?2
         GROUP BY hash ORDER BY n DESC, hash LIMIT ?3",
    )?;
    let groups = groups.query_map(params![since, query.until, query.limit], |row| {
        let group = ErrorGroup {
            count: row.get(1)?,
            first_seen: row.get(2)?,
            last_seen: row.get(3)?,
            details: row.get(4)?,
            exemplar: row.get(5)?,
            ..ErrorGroup::default()
        };
        Ok((row.get::<_, Vec<u8>>(0)?, group))
    })?;
    let mut top = Top {
        total,
        groups: Vec::new(),
    };
    for group in groups {
        let (hash, mut group) = group?;
        let hits = |kind: i64| {
            connection
                .prepare_cached(
                    "SELECT count(DISTINCT id) FROM error_hits
                     WHERE hour BETWEEN ?1 AND ?2 AND hash = ?3 AND kind = ?4",
                )?
                .query_row(params![since, query.until, hash, kind], |row| row.get(0))
        };
        group.sessions = hits(0)?;
        group.installs = hits(1)?;
        group.hours = connection
            .prepare_cached(
                "SELECT hour, count FROM errors
                 WHERE hour BETWEEN ?1 AND ?2 AND hash = ?3 ORDER BY hour",
            )?
            .query_map(params![since, query.until, hash], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect::<Result<_, _>>()?;
        group.hash = (!hash.is_empty()).then(|| hex(&hash));
        top.groups.push(group);
    }
    Ok(top)
}

/// All that is kept of the errors with one hash.
pub(super) fn group(connection: &Connection, hash: &str) -> Result<Option<ErrorGroup>, StoreError> {
    let bytes = unhex(hash);
    let mut hours = connection.prepare_cached(
        "SELECT hour, count, first_seen, last_seen, details, exemplar
         FROM errors WHERE hash = ?1 ORDER BY hour",
    )?;
    let mut rows = hours.query([&bytes])?;
    let mut found: Option<ErrorGroup> = None;
    while let Some(row) = rows.next()? {
        let (hour, count, last_seen) = (row.get(0)?, row.get(1)?, row.get(3)?);
        if found.is_none() {
            found = Some(ErrorGroup {
                hash: Some(hash.to_owned()),
                details: row.get(4)?,
                first_seen: row.get(2)?,
                exemplar: row.get(5)?,
                ..ErrorGroup::default()
            });
        }
        if let Some(group) = &mut found {
            group.count += count;
            group.last_seen = last_seen;
            group.hours.push((hour, count));
        }
    }
    if let Some(group) = &mut found {
        let hits = |kind: i64| {
            connection
                .prepare_cached(
                    "SELECT count(DISTINCT id) FROM errors JOIN error_hits USING (hour, hash)
                     WHERE hash = ?1 AND kind = ?2",
                )?
                .query_row(params![bytes, kind], |row| row.get(0))
        };
        group.sessions = hits(0)?;
        group.installs = hits(1)?;
    }
    Ok(found)
}

pub(super) fn due_alerts(
    connection: &Connection,
    rule: AlertRule,
) -> Result<Vec<Alert>, StoreError> {
    let mut due = connection.prepare_cached(
        "SELECT window, alerts.hash, alerts.count, details, exemplar
         FROM alerts JOIN errors ON errors.hash = alerts.hash
         WHERE NOT is_told AND alerts.count >= ?1
         GROUP BY window, alerts.hash LIMIT 100",
    )?;
    let due = due.query_map(params![rule.threshold], |row| {
        Ok(Alert {
            window: row.get(0)?,
            hash: hex(&row.get::<_, Vec<u8>>(1)?),
            count: row.get(2)?,
            details: row.get(3)?,
            exemplar: row.get(4)?,
        })
    })?;
    Ok(due.collect::<Result<_, _>>()?)
}

pub(super) fn alerts_told(
    transaction: &Transaction<'_>,
    alerts: &[Alert],
) -> Result<(), StoreError> {
    let mut tell = transaction
        .prepare_cached("UPDATE alerts SET is_told = 1 WHERE window = ?1 AND hash = ?2")?;
    for alert in alerts {
        tell.execute(params![alert.window, unhex(&alert.hash)])?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a fingerprint's hash.
fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_fingerprints_are_counted_together_and_push_no_other_out() {
        let mut connection = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&mut connection, "x").unwrap();
        let transaction = connection.transaction().unwrap();
        let origin = Origin {
            install: "i".to_owned(),
            session: "s".to_owned(),
            user: String::new(),
        };
        let line =
            br#"{"timestamp":"2026-02-06T12:00:00Z","level":"error","logger":"L","message":"m"}"#;
        let record = crate::record::LogRecord::parse(line).unwrap();
        let mut occurrence = Occurrence::of(&record);
        let mut counter = Counter::new(None);
        let mut count = |number: usize| {
            occurrence.fingerprint.hash = format!("{number:064x}");
            counter
                .count_one(&transaction, &occurrence, &origin, 1)
                .unwrap();
        };
        (1..=MAX_GROUPS + 50).for_each(&mut count);
        // One that has its place keeps it.
        count(1);
        let rows = transaction.query_row("SELECT count(*) FROM errors", [], |row| row.get(0));
        assert_eq!(rows, Ok(MAX_GROUPS + 1));
        let query = TopQuery {
            since: 0,
            until: HOUR,
            limit: 2,
        };
        let top = top(&transaction, &query).unwrap();
        let counts = top
            .groups
            .iter()
            .map(|group| (group.hash.is_some(), group.count));
        assert_eq!(counts.collect::<Vec<_>>(), [(false, 50), (true, 2)]);
    }

    #[test]
    fn a_group_is_told_over_all_hours_and_hits_count_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&mut connection, "x").unwrap();
        connection
            .execute_batch(
                "INSERT INTO errors VALUES
                 (7200000, x'abcd', 3, 7200001, 7200009, 2, 1, '{}', 'late'),
                 (0, x'abcd', 2, 5, 9, 1, 1, '{}', 'early'),
                 (0, x'ef', 9, 1, 2, 1, 1, '{}', 'other');
                 INSERT INTO error_hits VALUES
                 (0, x'abcd', 0, x'01'), (7200000, x'abcd', 0, x'01'), (7200000, x'abcd', 0, x'02'),
                 (0, x'abcd', 1, x'01'), (7200000, x'abcd', 1, x'01'), (0, x'ef', 0, x'03');",
            )
            .unwrap();
        let found = group(&connection, "abcd").unwrap().unwrap();
        assert_eq!(
            (found.count, found.first_seen, found.last_seen),
            (5, 5, 7_200_009)
        );
        assert_eq!((found.sessions, found.installs), (2, 1));
        assert_eq!(found.hours, [(0, 2), (7_200_000, 3)]);
        assert!(group(&connection, "0123").unwrap().is_none());
    }
}
