//! The questions that readers ask of the SQLite store.

use rusqlite::{Connection, Row, params};

use super::writer::next_seq;
use super::{Origin, Scan, Seq, Session, SessionQuery, Start, StoreError};
use crate::filter::Filter;

/// How many origins are looked up one by one; for more, batches are scanned.
const MAX_ORIGINS: usize = 500;

/// The numbers of the batches in which a record may match and how many bytes
/// each has, and whether these are all up to the end.
pub(super) fn candidates(
    connection: &Connection,
    scan: &Scan<'_>,
) -> Result<(Vec<Candidate>, bool), StoreError> {
    let (low, high, order) = match scan.from {
        Start::After(after) => (holder(connection, after + 1)?, i64::MAX, "ASC"),
        Start::Before(before) => (0, clamp(before.saturating_sub(1)), "DESC"),
    };
    let mut found = match origins(connection, scan.filter)? {
        Some(origins) => {
            let sql = format!(
                "SELECT seq, length FROM origin_batches JOIN batches USING (seq)
                 WHERE origin = ?1 AND seq BETWEEN ?2 AND ?3
                 AND max_level >= ?4 AND last_at >= ?5 AND first_at <= ?6
                 ORDER BY seq {order} LIMIT ?7"
            );
            let mut found = Vec::new();
            for origin in origins {
                select(
                    connection,
                    &sql,
                    Some(origin),
                    (low, high),
                    scan,
                    &mut found,
                )?;
            }
            found.sort_unstable();
            found.dedup();
            if order == "DESC" {
                found.reverse();
            }
            found
        }
        None => {
            let sql = format!(
                "SELECT seq, length FROM batches
                 WHERE ?1 IS NULL AND seq BETWEEN ?2 AND ?3
                 AND max_level >= ?4 AND last_at >= ?5 AND first_at <= ?6
                 ORDER BY seq {order} LIMIT ?7"
            );
            let mut found = Vec::new();
            select(connection, &sql, None, (low, high), scan, &mut found)?;
            found
        }
    };
    let is_all = found.len() <= scan.portion.batches;
    found.truncate(scan.portion.batches);
    Ok((found, is_all))
}

/// A batch's number, and how many bytes of records it has.
type Candidate = (i64, usize);

fn select(
    connection: &Connection,
    sql: &str,
    origin: Option<i64>,
    (low, high): (i64, i64),
    scan: &Scan<'_>,
    found: &mut Vec<Candidate>,
) -> Result<(), StoreError> {
    let filter = scan.filter;
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(
        params![
            origin,
            low,
            high,
            filter.level.map_or(0, crate::record::Level::number),
            filter
                .since
                .map_or(i64::MIN, |time| time.timestamp_millis()),
            filter
                .until
                .map_or(i64::MAX, |time| time.timestamp_millis()),
            scan.portion.batches + 1,
        ],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    for candidate in rows {
        found.push(candidate?);
    }
    Ok(())
}

/// The number of the batch that holds a record, or would.
fn holder(connection: &Connection, seq: Seq) -> Result<i64, StoreError> {
    let first: Option<i64> = connection
        .prepare_cached("SELECT max(seq) FROM batches WHERE seq <= ?1")?
        .query_row([clamp(seq)], |row| row.get(0))?;
    Ok(first.unwrap_or(0))
}

/// The origins that a filter on ids asks for; `None` if it asks for none, or
/// for more than are worth looking up one by one.
fn origins(connection: &Connection, filter: &Filter) -> Result<Option<Vec<i64>>, StoreError> {
    let Some((sql, ids)) = origin_condition(filter) else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT o.id FROM origins o WHERE {sql} LIMIT {}",
        MAX_ORIGINS + 1
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let origins: Vec<i64> = statement
        .query_map(rusqlite::params_from_iter(ids), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok((origins.len() <= MAX_ORIGINS).then_some(origins))
}

/// The condition on `origins` for the ids in a filter, each a prefix.
fn origin_condition(filter: &Filter) -> Option<(String, Vec<&str>)> {
    let wanted = [
        ("o.session", &filter.session),
        ("o.install", &filter.install),
        ("o.user", &filter.user),
    ];
    let (conditions, ids): (Vec<String>, Vec<&str>) = wanted
        .into_iter()
        .filter_map(|(column, id)| Some((column, id.as_deref()?)))
        .enumerate()
        .map(|(index, (column, id))| {
            let n = index + 1;
            // The last code point of Unicode sorts behind every id.
            let condition =
                format!("{column} != '' AND {column} >= ?{n} AND {column} < ?{n} || char(1114111)");
            (condition, id)
        })
        .unzip();
    (!ids.is_empty()).then(|| (conditions.join(" AND "), ids))
}

/// The sessions that a query asks for, the one last heard of first.
pub(super) fn sessions(
    connection: &Connection,
    query: &SessionQuery<'_>,
) -> Result<Vec<Session>, StoreError> {
    let (ids_sql, ids) = origin_condition(query.filter).unwrap_or(("1".to_owned(), Vec::new()));
    let n = ids.len();
    // Of bare columns beside max(), SQLite takes the row of the maximum: the
    // user and the resource are those last known.
    let sql = format!(
        "SELECT o.install, o.session, o.user, alias, min(o.first_received),
                max(o.last_received) AS heard, min(o.first_at), max(o.last_at),
                sum(o.records), sum(o.errors), sum(o.fatals), json
         FROM origins o
         LEFT JOIN resources ON resources.id = o.resource
         LEFT JOIN installs ON installs.install = o.install
         WHERE {ids_sql}
         GROUP BY o.session, o.install
         HAVING heard < ?{before}
         AND max(o.last_at) >= ?{since} AND min(o.first_at) <= ?{until}
         ORDER BY heard DESC LIMIT ?{limit}",
        before = n + 1,
        since = n + 2,
        until = n + 3,
        limit = n + 4,
    );
    let filter = query.filter;
    let numbers = [
        query.before.unwrap_or(i64::MAX),
        filter
            .since
            .map_or(i64::MIN, |time| time.timestamp_millis()),
        filter
            .until
            .map_or(i64::MAX, |time| time.timestamp_millis()),
        i64::try_from(query.limit).unwrap_or(i64::MAX),
    ];
    let mut values: Vec<&dyn rusqlite::ToSql> = Vec::new();
    values.extend(ids.iter().map(|id| id as &dyn rusqlite::ToSql));
    values.extend(numbers.iter().map(|number| number as &dyn rusqlite::ToSql));
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(&values[..], session_from)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn session_from(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        origin: Origin {
            install: row.get(0)?,
            session: row.get(1)?,
            user: row.get(2)?,
        },
        alias: row.get(3)?,
        first_received: row.get(4)?,
        last_received: row.get(5)?,
        first_timestamp: row.get(6)?,
        last_timestamp: row.get(7)?,
        records: row.get(8)?,
        errors: row.get(9)?,
        fatals: row.get(10)?,
        resource: row.get(11)?,
    })
}

/// The number of the oldest record that is kept, or of the next one if none is.
pub(super) fn first_kept(connection: &Connection) -> Result<Seq, StoreError> {
    let mut query = connection.prepare_cached("SELECT min(seq) FROM bodies")?;
    match query.query_row([], |row| row.get(0))? {
        Some(first) => Ok(first),
        None => next_seq(connection),
    }
}

fn clamp(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
