//! The most frequent errors of a time.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use super::super::engine::Engine;
use super::entry::{self, Entry};
use super::{HOUR, OTHERS};
use crate::ingest::store::{ErrorGroup, StoreError, Top, TopQuery};

/// The most frequent errors between two instants.
pub(in super::super) async fn top(engine: &Engine, query: &TopQuery) -> Result<Top, StoreError> {
    // An entry is written to in its own hour at the earliest.
    let since = query.since - query.since.rem_euclid(HOUR);
    let entries = entry::since(&engine.errors, since).await?;
    let is_wanted = |hour: i64| (since..=query.until).contains(&(hour * HOUR));
    let mut groups: HashMap<String, Group> = HashMap::new();
    for (hour, name, entry) in entries {
        if is_wanted(hour) {
            groups.entry(name).or_default().add(hour * HOUR, entry);
        }
    }
    let total = groups.values().map(|group| group.told.count).sum();
    let mut groups: Vec<(String, Group)> = groups.into_iter().collect();
    groups.sort_unstable_by(|(a, one), (b, other)| {
        (Reverse(one.told.count), a).cmp(&(Reverse(other.told.count), b))
    });
    groups.truncate(query.limit);
    let groups = groups.into_iter().map(|(name, group)| group.told(name));
    Ok(Top {
        total,
        groups: groups.collect(),
    })
}

/// All that is kept of the errors with one hash.
pub(in super::super) async fn group(
    engine: &Engine,
    hash: &str,
) -> Result<Option<ErrorGroup>, StoreError> {
    let mut group = Group::default();
    for (hour, entry) in entry::of(&engine.errors, hash).await? {
        group.add(hour * HOUR, entry);
    }
    Ok((group.told.count > 0).then(|| group.told(hash.to_owned())))
}

/// The entries of one fingerprint, put together.
#[derive(Default)]
struct Group {
    told: ErrorGroup,
    sessions: BTreeSet<u64>,
    installs: BTreeSet<u64>,
}

impl Group {
    fn add(&mut self, hour: i64, entry: Entry) {
        let told = &mut self.told;
        if told.count == 0 {
            (told.first_seen, told.last_seen) = entry.seen;
            told.details = entry.details;
            told.exemplar = entry.exemplar;
        }
        told.count += entry.count;
        told.first_seen = told.first_seen.min(entry.seen.0);
        told.last_seen = told.last_seen.max(entry.seen.1);
        told.hours.push((hour, entry.count));
        self.sessions.extend(entry.sessions);
        self.installs.extend(entry.installs);
    }

    fn told(mut self, name: String) -> ErrorGroup {
        self.told.hours.sort_unstable();
        ErrorGroup {
            sessions: self.sessions.len() as u64,
            installs: self.installs.len() as u64,
            hash: (name != OTHERS).then_some(name),
            ..self.told
        }
    }
}
