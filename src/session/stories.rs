//! The sessions that one id may mean.

use std::collections::BTreeMap;

use super::story::StoryBuilder;
use crate::record::LogRecord;

/// How many sessions are kept; who means one of more has to say more of it.
const CAPACITY: usize = 20;

/// The most damaged sessions that are counted.
const MAX_DAMAGED: usize = 1_000;

/// What stands before a session's id in a record, in both spellings.
const KEYS: [&str; 2] = ["\"sessionId\"", "\"session_id\""];

/// The records of all sessions whose id begins with a text. As soon as the
/// session with that very id turns up, there is no other.
#[derive(Debug)]
pub struct Stories {
    wanted: String,
    sessions: BTreeMap<String, StoryBuilder>,
    /// Lines that are no records, by the session that they name.
    damaged: BTreeMap<String, u64>,
    has_more: bool,
}

impl Stories {
    /// None yet.
    pub fn new(wanted: impl Into<String>) -> Stories {
        Stories {
            wanted: wanted.into(),
            sessions: BTreeMap::new(),
            damaged: BTreeMap::new(),
            has_more: false,
        }
    }

    /// Adds a record, from the source of this number, to its session.
    pub fn add(&mut self, record: LogRecord, source: usize) {
        let id = record.session_id().unwrap_or_default();
        let is_wanted = id == self.wanted;
        let is_known = self.sessions.contains_key(id);
        if is_wanted && !is_known {
            self.sessions.clear();
            self.has_more = false;
        } else if !is_wanted && (self.has_more || self.sessions.contains_key(&self.wanted)) {
            return;
        } else if !is_known && self.sessions.len() == CAPACITY {
            self.has_more = true;
            // None of them will be told, so none need be kept.
            let sessions = self.sessions.values_mut();
            sessions.for_each(|session| *session = StoryBuilder::default());
            return;
        }
        let session = self.sessions.entry(id.to_owned()).or_default();
        session.add_from(record, source);
    }

    /// Adds a line that is no record, to each session that it names.
    pub fn add_damaged_line(&mut self, line: &str) {
        let mut ids: Vec<_> = KEYS.iter().flat_map(|key| values(line, key)).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let is_known = self.damaged.contains_key(id);
            if id.starts_with(&self.wanted) && (is_known || self.damaged.len() < MAX_DAMAGED) {
                *self.damaged.entry(id.to_owned()).or_default() += 1;
            }
        }
    }

    /// The ids of the sessions, in order.
    pub fn ids(&self) -> Vec<String> {
        self.sessions.keys().cloned().collect()
    }

    /// Whether there are more sessions than can be kept; then none is.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// One of the sessions, ready to be told.
    pub fn take(mut self, id: &str) -> Option<StoryBuilder> {
        let mut session = self.sessions.remove(id)?;
        for _ in 0..self.damaged.remove(id).unwrap_or(0) {
            session.add_damaged_line();
        }
        Some(session)
    }
}

/// The texts that stand behind a key in what may be a broken piece of JSON.
fn values<'l>(line: &'l str, key: &'l str) -> impl Iterator<Item = &'l str> {
    line.match_indices(key).filter_map(move |(at, _)| {
        let rest = line.get(at + key.len()..)?.trim_start();
        let text = rest.strip_prefix(':')?.trim_start().strip_prefix('"')?;
        text.split_once('"').map(|(text, _)| text)
    })
}
