//! Counting errors by fingerprint, in memory that does not grow with the
//! number of records.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::memo::Memo;
use super::{Basis, Distinct, Fingerprint, Latest, Occurrence, Series};
use crate::record::LogRecord;

/// How many groups are kept unless [`Groups::with_capacity`] says otherwise.
const CAPACITY: usize = 10_000;

/// How much of an exemplar's message is kept, in bytes.
const MAX_EXEMPLAR: usize = 512;

/// Errors counted by fingerprint.
///
/// At most twice the capacity of groups is held at any time; one takes some
/// 4 KiB at most. When there are more, those with the fewest records give way
/// and are only counted in [`evicted_records`](Groups::evicted_records), so
/// the groups at the top are right unless errors of more than the capacity's
/// number of kinds are equally frequent.
#[derive(Clone, Debug)]
pub struct Groups {
    groups: HashMap<String, Group>,
    capacity: usize,
    records: u64,
    evicted_records: u64,
    memo: Memo,
}

/// What is known of the errors that share a fingerprint.
#[derive(Clone, Debug)]
pub struct Group {
    /// The fingerprint they share.
    pub fingerprint: Fingerprint,
    /// How many there were.
    pub count: u64,
    /// When the first one happened; `None` if no record said when.
    pub first_seen: Option<DateTime<Utc>>,
    /// When the last one happened.
    pub last_seen: Option<DateTime<Utc>>,
    /// The sessions they happened in.
    pub sessions: Distinct,
    /// The installations they happened on.
    pub installs: Distinct,
    /// The sessions in which they happened last.
    pub last_sessions: Latest,
    /// The error of the first one that was added, and its message if it had no
    /// error: one line, cut after 512 bytes.
    pub exemplar: String,
    /// The logger of that one.
    pub logger: String,
    /// How many happened when.
    pub series: Series,
}

impl Default for Groups {
    fn default() -> Groups {
        Groups::with_capacity(CAPACITY)
    }
}

impl Groups {
    /// No groups yet, and room for 10,000.
    pub fn new() -> Groups {
        Groups::default()
    }

    /// No groups yet, and room for this many.
    pub fn with_capacity(capacity: usize) -> Groups {
        Groups {
            groups: HashMap::new(),
            capacity: capacity.max(1),
            records: 0,
            evicted_records: 0,
            memo: Memo::default(),
        }
    }

    /// Adds a record to its group and returns its fingerprint. Which records
    /// are errors is for the caller to say.
    pub fn add(&mut self, record: &LogRecord) -> Arc<Fingerprint> {
        self.add_occurrence(&Occurrence::of(record))
    }

    /// Adds what counts of a record, as [`add`](Groups::add) does.
    pub fn add_occurrence(&mut self, occurrence: &Occurrence<'_>) -> Arc<Fingerprint> {
        let fingerprint = self.memo.fingerprint(occurrence);
        self.records += 1;
        match self.groups.get_mut(&fingerprint.hash) {
            Some(group) => group.count(occurrence),
            None => {
                let mut group = Group::new(occurrence, &fingerprint);
                group.count(occurrence);
                self.groups.insert(fingerprint.hash.clone(), group);
                self.shrink();
            }
        }
        fingerprint
    }

    /// Adds all that another aggregation counted.
    pub fn merge(&mut self, other: Groups) {
        self.records += other.records;
        self.evicted_records += other.evicted_records;
        for (hash, group) in other.groups {
            match self.groups.get_mut(&hash) {
                Some(known) => known.merge(&group),
                None => {
                    self.groups.insert(hash, group);
                }
            }
        }
        self.shrink();
    }

    /// The groups with the most records, most first; among equals the one seen
    /// last, then by hash, so that the order is always the same.
    pub fn top(&self, n: usize) -> Vec<&Group> {
        let mut top: Vec<&Group> = self.groups.values().collect();
        top.sort_unstable_by_key(|group| group.rank());
        top.truncate(n);
        top
    }

    /// The group with this hash.
    pub fn get(&self, hash: &str) -> Option<&Group> {
        self.groups.get(hash)
    }

    /// All groups, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// How many groups are held.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether nothing was added yet.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// How many records were added, those of evicted groups included.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// How many records belonged to groups that had to give way.
    pub fn evicted_records(&self) -> u64 {
        self.evicted_records
    }

    /// The part of all records that a group has, from 0 to 1.
    pub fn share(&self, group: &Group) -> f64 {
        group.count as f64 / self.records.max(1) as f64
    }

    /// The times of the first and the last record of all groups: the span for
    /// sparklines that can be compared.
    pub fn span(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let first = self
            .groups
            .values()
            .filter_map(|group| group.first_seen)
            .min()?;
        let last = self
            .groups
            .values()
            .filter_map(|group| group.last_seen)
            .max()?;
        Some((first, last))
    }

    /// Drops the rarest groups when there are twice as many as there is room
    /// for: rarely enough to cost nothing per record.
    fn shrink(&mut self) {
        if self.groups.len() < self.capacity.saturating_mul(2) {
            return;
        }
        let mut ranks: Vec<_> = self
            .groups
            .values()
            .map(|group| owned(group.rank()))
            .collect();
        let (_, cut, _) = ranks.select_nth_unstable(self.capacity);
        let cut = cut.clone();
        let mut evicted = 0;
        self.groups.retain(|_, group| {
            let stays = owned(group.rank()) < cut;
            if !stays {
                evicted += group.count;
            }
            stays
        });
        self.evicted_records += evicted;
    }
}

/// Sorts the most frequent first, then the one seen last, then by hash.
type Rank<'a> = (Reverse<u64>, Reverse<Option<DateTime<Utc>>>, &'a str);

fn owned((count, seen, hash): Rank<'_>) -> (Reverse<u64>, Reverse<Option<DateTime<Utc>>>, String) {
    (count, seen, hash.to_owned())
}

impl Group {
    fn new(occurrence: &Occurrence<'_>, fingerprint: &Fingerprint) -> Group {
        let text = occurrence
            .error
            .as_deref()
            .map(str::trim)
            .filter(|error| !error.is_empty())
            .unwrap_or(&occurrence.message);
        let line = text.trim().lines().next().unwrap_or_default();
        Group {
            fingerprint: fingerprint.clone(),
            count: 0,
            first_seen: None,
            last_seen: None,
            sessions: Distinct::default(),
            installs: Distinct::default(),
            last_sessions: Latest::default(),
            exemplar: line[..line.floor_char_boundary(MAX_EXEMPLAR)].to_owned(),
            logger: occurrence.logger.to_string(),
            series: Series::default(),
        }
    }

    /// What the errors have in common in the words of their runtime: the
    /// exception's type, or what stands in for it.
    pub fn title(&self) -> &str {
        match self.fingerprint.basis {
            Basis::Message => &self.exemplar,
            Basis::Stack | Basis::Type => &self.fingerprint.exception_type,
        }
    }

    fn count(&mut self, occurrence: &Occurrence<'_>) {
        self.count += 1;
        if let Some(time) = occurrence.time {
            self.first_seen = Some(self.first_seen.map_or(time, |first| first.min(time)));
            self.last_seen = self.last_seen.max(Some(time));
            self.series.add(time.timestamp());
        }
        if let Some(session) = &occurrence.session {
            self.sessions.add(session);
            self.last_sessions.add(session, occurrence.time);
        }
        if let Some(install) = &occurrence.install {
            self.installs.add(install);
        }
    }

    fn merge(&mut self, other: &Group) {
        self.count += other.count;
        self.first_seen = match (self.first_seen, other.first_seen) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.last_seen = self.last_seen.max(other.last_seen);
        self.sessions.merge(&other.sessions);
        self.installs.merge(&other.installs);
        self.last_sessions.merge(&other.last_sessions);
        self.series.merge(&other.series);
    }

    fn rank(&self) -> Rank<'_> {
        (
            Reverse(self.count),
            Reverse(self.last_seen),
            &self.fingerprint.hash,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Groups;
    use crate::record::{Level, LogRecord, keys};

    fn record(kind: usize, session: usize, second: usize) -> LogRecord {
        LogRecord::new(Level::Error, "app", "it failed")
            .with(
                keys::TIMESTAMP,
                format!("2026-02-06T12:00:{second:02}.000Z"),
            )
            .with(keys::ERROR, format!("Kind{kind}Exception: no {second}"))
            .with(keys::SESSION_ID, format!("session-{session}"))
            .with(keys::INSTALL_ID, "install")
    }

    #[test]
    fn a_group_knows_when_where_and_how_often() {
        let mut groups = Groups::new();
        for (kind, session, second) in [(1, 1, 30), (1, 2, 10), (1, 2, 59), (2, 1, 5)] {
            groups.add(&record(kind, session, second));
        }
        let top = groups.top(5);
        assert_eq!(top.len(), 2);
        let group = top[0];
        assert_eq!(group.count, 3);
        assert_eq!(group.title(), "Kind1Exception");
        assert_eq!(group.exemplar, "Kind1Exception: no 30");
        assert_eq!((group.sessions.count(), group.installs.count()), (2, 1));
        assert_eq!(group.first_seen.unwrap().timestamp() % 60, 10);
        assert_eq!(group.last_seen.unwrap().timestamp() % 60, 59);
        assert_eq!(groups.share(group), 0.75);
        let (first, last) = groups.span().unwrap();
        assert_eq!((last - first).num_seconds(), 54);
    }

    #[test]
    fn the_servers_clock_comes_before_the_devices() {
        let mut groups = Groups::new();
        groups.add(&record(1, 1, 0).with(keys::SERVER_RECEIVED_AT, "2027-01-01T00:00:00.000Z"));
        assert_eq!(
            groups.top(1)[0].first_seen.unwrap().to_rfc3339(),
            "2027-01-01T00:00:00+00:00"
        );
    }

    #[test]
    fn frequent_groups_outlive_a_flood_of_rare_ones() {
        let mut groups = Groups::with_capacity(10);
        for n in 0..1_000 {
            groups.add(&record(0, n, 0));
            groups.add(&record(n + 1, n, 0));
            assert!(groups.len() < 20);
        }
        assert_eq!(groups.top(1)[0].count, 1_000);
        assert_eq!(groups.records(), 2_000);
        let held: u64 = groups.iter().map(|group| group.count).sum();
        assert_eq!(held + groups.evicted_records(), 2_000);
    }

    #[test]
    fn merging_counts_what_one_would_have() {
        let mut whole = Groups::new();
        let (mut one, mut other) = (Groups::new(), Groups::new());
        for n in 0..200 {
            let record = record(n % 3, n, n % 60);
            whole.add(&record);
            if n % 2 == 0 {
                one.add(&record)
            } else {
                other.add(&record)
            };
        }
        one.merge(other);
        for (merged, expected) in one.top(3).into_iter().zip(whole.top(3)) {
            assert_eq!(merged.fingerprint, expected.fingerprint);
            assert_eq!(merged.count, expected.count);
            assert_eq!(merged.sessions.count(), expected.sessions.count());
            assert_eq!(
                (merged.first_seen, merged.last_seen),
                (expected.first_seen, expected.last_seen)
            );
        }
    }
}
