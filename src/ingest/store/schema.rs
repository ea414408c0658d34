//! The tables of the SQLite store, and how a file becomes the current version.
//!
//! | table | one row per | read by |
//! | --- | --- | --- |
//! | `batches` | request: number of its first record, times, highest level | every scan; small, so that skipping is cheap |
//! | `bodies` | request: its lines, packed | what was not skipped |
//! | `origins` | install, session and user that records came from | lists of sessions; ids to numbers |
//! | `origin_batches` | origin and request that has records of it | records of one session, install or user |
//! | `runs` | sender and request: the records' keys side by side | telling a second delivery from a first |
//! | `seen` | record whose key falls into a run of others | the same |
//! | `resources` | distinct resource | batches and origins |
//! | `installs` | install: its alias | lists; `install=` by alias |
//! | `errors` | hour and fingerprint: count, first, last, exemplar | the most frequent errors |
//! | `error_hits` | hour, fingerprint and session or install, capped | how many were hit |
//! | `alerts` | window and fingerprint: count, and whether it was told | alerts |
//! | `screenshots` | screenshot: the picture and its thumbnail | one at a time |
//! | `facts` | name: value | the next number, the forwarding cursor |

use rusqlite::Connection;

use super::StoreError;

/// The version that this program writes, kept in the file's `user_version`.
const VERSION: i64 = MIGRATIONS.len() as i64;

/// The steps from each version to the next, from an empty file on.
const MIGRATIONS: [&str; 2] = [
    "
    CREATE TABLE batches (
        seq INTEGER PRIMARY KEY,
        records INTEGER NOT NULL,
        received_at INTEGER NOT NULL,
        first_at INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        max_level INTEGER NOT NULL,
        resource INTEGER,
        length INTEGER NOT NULL
    );
    CREATE INDEX batches_with_errors ON batches (seq) WHERE max_level >= 400;
    CREATE TABLE bodies (seq INTEGER PRIMARY KEY, packed BLOB NOT NULL);
    CREATE TABLE origins (
        id INTEGER PRIMARY KEY,
        install TEXT NOT NULL,
        session TEXT NOT NULL,
        user TEXT NOT NULL,
        first_received INTEGER NOT NULL,
        last_received INTEGER NOT NULL,
        first_at INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        records INTEGER NOT NULL,
        errors INTEGER NOT NULL,
        fatals INTEGER NOT NULL,
        resource INTEGER,
        UNIQUE (session, install, user)
    );
    CREATE INDEX origins_by_install ON origins (install);
    CREATE INDEX origins_by_user ON origins (user) WHERE user != '';
    CREATE INDEX origins_by_time ON origins (last_received);
    CREATE TABLE origin_batches (
        origin INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (origin, seq)
    ) WITHOUT ROWID;
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        low BLOB NOT NULL,
        high BLOB NOT NULL,
        seq INTEGER NOT NULL,
        keys BLOB NOT NULL
    );
    CREATE UNIQUE INDEX runs_by_key ON runs (high, low);
    CREATE TABLE seen (
        key BLOB PRIMARY KEY,
        seq INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE resources (
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,
        json TEXT NOT NULL
    );
    CREATE TABLE installs (install TEXT PRIMARY KEY, alias TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX installs_by_alias ON installs (alias);
    CREATE TABLE errors (
        hour INTEGER NOT NULL,
        hash BLOB NOT NULL,
        count INTEGER NOT NULL,
        first_seen INTEGER NOT NULL,
        last_seen INTEGER NOT NULL,
        sessions INTEGER NOT NULL,
        installs INTEGER NOT NULL,
        details TEXT NOT NULL,
        exemplar TEXT NOT NULL,
        PRIMARY KEY (hour, hash)
    ) WITHOUT ROWID;
    CREATE TABLE error_hits (
        hour INTEGER NOT NULL,
        hash BLOB NOT NULL,
        kind INTEGER NOT NULL,
        id BLOB NOT NULL,
        PRIMARY KEY (hour, hash, kind, id)
    ) WITHOUT ROWID;
    CREATE TABLE alerts (
        window INTEGER NOT NULL,
        hash BLOB NOT NULL,
        count INTEGER NOT NULL,
        is_told INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (window, hash)
    ) WITHOUT ROWID;
    CREATE TABLE screenshots (
        id TEXT PRIMARY KEY,
        received_at INTEGER NOT NULL,
        user TEXT NOT NULL,
        png BLOB NOT NULL,
        thumbnail BLOB
    );
    CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
",
    "
    CREATE INDEX errors_by_hash ON errors (hash);
",
];

/// Brings a file to the current version, all or nothing.
pub(super) fn migrate(connection: &mut Connection, path: &str) -> Result<(), StoreError> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > VERSION {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known: VERSION,
        });
    }
    for step in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

impl std::convert::From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full(error.to_string()),
            _ => StoreError::Failed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_an_earlier_version_is_brought_up_with_what_it_holds() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection
            .execute_batch("INSERT INTO facts VALUES ('forwarded', 7); PRAGMA user_version = 1;")
            .unwrap();
        migrate(&mut connection, "x").unwrap();
        let fact = connection.query_row("SELECT value FROM facts", [], |row| row.get(0));
        assert_eq!(fact, Ok(7));
        let version = connection.pragma_query_value(None, "user_version", |row| row.get(0));
        assert_eq!(version, Ok(VERSION));
    }

    #[test]
    fn a_file_is_brought_up_once_and_a_newer_one_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, "x").unwrap();
        migrate(&mut connection, "x").unwrap();
        connection
            .pragma_update(None, "user_version", VERSION + 1)
            .unwrap();
        let error = migrate(&mut connection, "x").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("x was written by a newer version"),
            "{error}"
        );
    }
}
