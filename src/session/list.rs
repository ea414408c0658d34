//! Many sessions, one line each.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Device, serialize_time};
use crate::record::{Level, LogRecord};

/// How many sessions are kept at a time.
const CAPACITY: usize = 100_000;

/// One session in short.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionSummary {
    /// Its id; empty for the records that name none.
    pub session_id: String,
    /// The installation.
    pub install_id: Option<String>,
    /// The user, the last one if it changed.
    pub user_id: Option<String>,
    /// The app and the device.
    pub device: Device,
    /// When its first record was made, by the client's clock.
    #[serde(serialize_with = "serialize_time")]
    pub start: Option<DateTime<Utc>>,
    /// When its last record was made, by the client's clock.
    #[serde(serialize_with = "serialize_time")]
    pub end: Option<DateTime<Utc>>,
    /// When it was last heard of, by the server's clock if it was there.
    #[serde(serialize_with = "serialize_time")]
    pub last_seen: Option<DateTime<Utc>>,
    /// How many of its records were asked for.
    pub records: u64,
    /// How many of them are errors.
    pub errors: u64,
    /// How many of them are fatal.
    pub fatals: u64,
}

impl SessionSummary {
    /// From the first record to the last.
    pub fn length(&self) -> TimeDelta {
        match (self.start, self.end) {
            (Some(start), Some(end)) => end - start,
            _ => TimeDelta::zero(),
        }
    }

    fn count(&mut self, record: &LogRecord) {
        self.records += 1;
        match record.level() {
            Some(Level::Error) => self.errors += 1,
            Some(Level::Fatal) => self.fatals += 1,
            _ => {}
        }
    }
}

/// What is known of a session so far.
#[derive(Debug, Default)]
struct Sum {
    summary: SessionSummary,
    /// When the records were made that named the installation and the user.
    install_named: Option<DateTime<Utc>>,
    user_named: Option<DateTime<Utc>>,
}

impl Sum {
    /// Learns what a record tells of its session.
    fn learn(&mut self, record: &LogRecord) {
        let time = record.timestamp();
        let keep =
            |known: &mut Option<String>, named: &mut Option<DateTime<Utc>>, new: Option<&str>| {
                let Some(new) = new.filter(|_| time >= *named) else {
                    return;
                };
                *named = time;
                if known.as_deref() != Some(new) {
                    *known = Some(new.to_owned());
                }
            };
        let summary = &mut self.summary;
        keep(
            &mut summary.install_id,
            &mut self.install_named,
            record.install_id(),
        );
        keep(&mut summary.user_id, &mut self.user_named, record.user_id());
        if Device::is_start(record) {
            summary.device = Device::of_marker(record);
        }
        summary.start = summary.start.into_iter().chain(time).min();
        summary.end = summary.end.max(time);
        summary.last_seen = summary.last_seen.max(record.server_received_at().or(time));
    }
}

/// Sums up sessions from records in any order, in memory that grows with the
/// number of sessions, up to 100,000 of them.
#[derive(Debug, Default)]
pub struct Sessions {
    sessions: HashMap<String, Sum>,
    forgotten: u64,
}

impl Sessions {
    /// Adds a record to its session. One that was not asked for tells of the
    /// session as the others do, but does not count, and alone lists none.
    pub fn add(&mut self, record: &LogRecord, is_asked_for: bool) {
        let id = record.session_id().unwrap_or_default();
        if !self.sessions.contains_key(id) {
            if self.sessions.len() >= CAPACITY {
                self.forget_oldest();
            }
            let summary = SessionSummary {
                session_id: id.to_owned(),
                ..SessionSummary::default()
            };
            let sum = Sum {
                summary,
                ..Sum::default()
            };
            self.sessions.insert(id.to_owned(), sum);
        }
        if let Some(session) = self.sessions.get_mut(id) {
            session.learn(record);
            if is_asked_for {
                session.summary.count(record);
            }
        }
    }

    /// Forgets a tenth of the sessions, so that making room is rare: those first
    /// of which nothing was asked for so far, then those that were heard of
    /// longest ago.
    fn forget_oldest(&mut self) {
        let worth = |one: &Sum| (one.summary.records > 0, one.summary.last_seen);
        let mut worths: Vec<_> = self.sessions.values().map(worth).collect();
        let tenth = worths.len() / 10;
        let (_, limit, _) = worths.select_nth_unstable(tenth);
        let limit = *limit;
        let mut room = tenth + 1;
        let forgotten = &mut self.forgotten;
        self.sessions.retain(|_, session| {
            let stays = worth(session) > limit || room == 0;
            room -= usize::from(!stays);
            *forgotten += u64::from(!stays && session.summary.records > 0);
            stays
        });
    }

    /// How many sessions that were asked for were forgotten for want of room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The sessions, the one heard of last first.
    pub fn into_list(self) -> Vec<SessionSummary> {
        let sessions = self.sessions.into_values().map(|sum| sum.summary);
        let mut list: Vec<_> = sessions.filter(|session| session.records > 0).collect();
        list.sort_unstable_by(|one, other| {
            let latest_first = other.last_seen.cmp(&one.last_seen);
            latest_first.then_with(|| one.session_id.cmp(&other.session_id))
        });
        list
    }
}
