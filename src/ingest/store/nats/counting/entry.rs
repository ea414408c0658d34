//! A count in a bucket.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use async_nats::jetstream::kv::Store;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::{buckets, reading};
use super::{ATTEMPTS, ids};
use crate::fleet::{SessionSums, token};
use crate::ingest::store::{Occurrence, StoreError};

/// How many sessions, and how many installations, are told apart in an entry.
const MAX_IDS: usize = 1000;

/// How often one error came up within an hour or a window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The last message that is counted in.
    through: u64,
    pub(super) count: u64,
    /// The server's clock at the first and at the last.
    pub(super) seen: (i64, i64),
    /// The sessions and the installations that had it, as hashes.
    pub(super) sessions: BTreeSet<u64>,
    pub(super) installs: BTreeSet<u64>,
    /// The fingerprint as JSON.
    pub(super) details: String,
    pub(super) exemplar: String,
    /// Whether somebody was told.
    #[serde(default)]
    pub(super) is_told: bool,
}

/// What one error adds to an entry.
#[derive(Clone, Debug)]
pub(super) struct Share {
    message: u64,
    at: i64,
    session: Option<u64>,
    install: Option<u64>,
    details: String,
    exemplar: String,
}

impl Share {
    pub(super) fn new(
        message: u64,
        at: i64,
        occurrence: &Occurrence,
        session: &SessionSums,
    ) -> Share {
        let [session, install] = ids(session).map(hash);
        Share {
            message,
            at,
            session,
            install,
            details: occurrence.details(),
            exemplar: occurrence.exemplar.clone(),
        }
    }
}

impl Entry {
    /// Adds what is not counted in yet.
    fn add(&mut self, shares: &[Share]) {
        let through = self.through;
        for share in shares.iter().filter(|share| share.message > through) {
            if self.count == 0 {
                self.seen = (share.at, share.at);
                self.details.clone_from(&share.details);
                self.exemplar.clone_from(&share.exemplar);
            }
            self.count += 1;
            self.seen = (self.seen.0.min(share.at), self.seen.1.max(share.at));
            for (ids, id) in [
                (&mut self.sessions, share.session),
                (&mut self.installs, share.install),
            ] {
                if ids.len() < MAX_IDS {
                    ids.extend(id);
                }
            }
            self.through = self.through.max(share.message);
        }
    }

    /// Raises the entry of a key by shares, in the order of their messages.
    pub(super) async fn raise(
        bucket: &Store,
        key: &str,
        shares: &[Share],
    ) -> Result<(), StoreError> {
        Entry::change(bucket, key, |entry| entry.add(shares)).await
    }

    /// Changes the entry of a key by compare-and-set.
    pub(super) async fn change(
        bucket: &Store,
        key: &str,
        change: impl Fn(&mut Entry),
    ) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let (value, revision) = buckets::entry(bucket, key).await?;
            let before = value
                .and_then(|value| Entry::read(&value))
                .unwrap_or_default();
            let mut entry = before.clone();
            change(&mut entry);
            if entry == before {
                return Ok(());
            }
            let json = serde_json::to_vec(&entry);
            let json = json.map_err(|error| StoreError::Failed(error.to_string()))?;
            if buckets::swap(bucket, key, json.into(), revision).await? {
                return Ok(());
            }
        }
        Err(StoreError::Busy)
    }

    fn read(value: &[u8]) -> Option<Entry> {
        serde_json::from_slice(value).ok()
    }
}

/// The entries of a bucket that were written since an instant, in milliseconds
/// since 1970, each with the two parts of its key.
pub(super) async fn since(
    bucket: &Store,
    since: i64,
) -> Result<Vec<(i64, String, Entry)>, StoreError> {
    let start_time = chrono::DateTime::from_timestamp_millis(since).unwrap_or_default();
    let config = OrderedConfig {
        deliver_policy: DeliverPolicy::ByStartTime { start_time },
        ..OrderedConfig::default()
    };
    let mut entries = Vec::new();
    reading::each(&bucket.stream, config, |_, message| {
        if let Some((hour, name)) = parts(&message.subject)
            && let Some(entry) = Entry::read(&message.payload)
        {
            entries.push((hour, name.to_owned(), entry));
        }
        ControlFlow::Continue(())
    })
    .await?;
    Ok(entries)
}

/// The entries of a name, with their hours.
pub(super) async fn of(bucket: &Store, name: &str) -> Result<Vec<(i64, Entry)>, StoreError> {
    let config = OrderedConfig {
        filter_subject: format!("{}*.{}", bucket.prefix, token(name)),
        ..OrderedConfig::default()
    };
    let mut entries = Vec::new();
    reading::each(&bucket.stream, config, |_, message| {
        if let Some((hour, _)) = parts(&message.subject) {
            entries.extend(Entry::read(&message.payload).map(|entry| (hour, entry)));
        }
        ControlFlow::Continue(())
    })
    .await?;
    Ok(entries)
}

/// The names of the entries of an hour.
pub(super) async fn keys(bucket: &Store, hour: &str) -> Result<Vec<String>, StoreError> {
    let config = OrderedConfig {
        filter_subject: format!("{}{hour}.*", bucket.prefix),
        headers_only: true,
        ..OrderedConfig::default()
    };
    let mut names = Vec::new();
    reading::each(&bucket.stream, config, |_, message| {
        names.extend(parts(&message.subject).map(|(_, name)| name.to_owned()));
        ControlFlow::Continue(())
    })
    .await?;
    Ok(names)
}

/// The hour or window, and the name, that a key is of.
fn parts(subject: &str) -> Option<(i64, &str)> {
    let mut tokens = subject.rsplitn(3, '.');
    let name = tokens.next()?;
    Some((tokens.next()?.parse().ok()?, name))
}

/// Stands for an id in an entry.
fn hash(id: &str) -> Option<u64> {
    let hash = Sha256::digest(id.as_bytes());
    let first = hash.first_chunk().copied().map(u64::from_be_bytes);
    first.filter(|_| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(message: u64, session: u64) -> Share {
        Share {
            message,
            at: message as i64 * 10,
            session: Some(session),
            install: None,
            details: "{}".to_owned(),
            exemplar: format!("from {message}"),
        }
    }

    #[test]
    fn a_message_that_is_looked_at_twice_is_counted_once() {
        let shares: Vec<Share> = [(1, 7), (1, 7), (3, 8)].map(|(m, s)| share(m, s)).into();
        let mut entry = Entry::default();
        entry.add(&shares);
        let once = entry.clone();
        assert_eq!(
            (once.count, once.seen, once.sessions.len()),
            (3, (10, 30), 2)
        );
        assert_eq!(once.exemplar, "from 1");
        entry.add(&shares);
        assert_eq!(entry, once);
        entry.add(&[share(3, 9), share(4, 9)]);
        assert_eq!((entry.count, entry.sessions.len()), (4, 3));
    }

    #[test]
    fn memory_is_bounded() {
        let mut entry = Entry::default();
        let shares: Vec<Share> = (1..3000).map(|n| share(n, n)).collect();
        entry.add(&shares);
        assert_eq!((entry.count, entry.sessions.len()), (2999, MAX_IDS));
        assert_eq!(
            parts("$KV.soliplex_errors.495123.ab12"),
            Some((495_123, "ab12"))
        );
    }
}
