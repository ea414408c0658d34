//! The few sessions that were heard of last.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

/// How many sessions are kept.
const KEPT: usize = 3;

/// The longest id that is kept, in bytes: an id is some 36, and what is far
/// longer is none that could be typed.
const LONGEST: usize = 256;

/// The ids of the sessions that were heard of last, at most three: whatever the
/// order in which they are added.
#[derive(Clone, Debug, Default)]
pub struct Latest {
    /// The newest first; among equals by id.
    sessions: Vec<(Option<DateTime<Utc>>, String)>,
}

impl Latest {
    /// Takes note that a session was heard of at that time.
    pub fn add(&mut self, session: &str, time: Option<DateTime<Utc>>) {
        if session.is_empty() || session.len() > LONGEST {
            return;
        }
        match self.sessions.iter_mut().find(|(_, id)| id == session) {
            Some((last, _)) if *last >= time => return,
            Some((last, _)) => *last = time,
            None => {
                let oldest = self
                    .sessions
                    .last()
                    .map(|(time, id)| (Reverse(*time), &**id));
                let is_late = oldest.is_none_or(|oldest| (Reverse(time), session) < oldest);
                if self.sessions.len() == KEPT {
                    if !is_late {
                        return;
                    }
                    self.sessions.pop();
                }
                self.sessions.push((time, session.to_owned()));
            }
        }
        self.sessions
            .sort_unstable_by(|(one, id), (other, other_id)| (other, id).cmp(&(one, other_id)));
    }

    /// Takes note of what another one has.
    pub fn merge(&mut self, other: &Latest) {
        for (time, session) in &other.sessions {
            self.add(session, *time);
        }
    }

    /// The ids, the one heard of last first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.sessions.iter().map(|(_, id)| id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_in_whatever_order_they_come() {
        let heard = [
            ("a", 5),
            ("b", 9),
            ("c", 1),
            ("d", 7),
            ("a", 8),
            ("e", 8),
            ("b", 2),
        ];
        let add = |latest: &mut Latest, (session, second): &(&str, i64)| {
            latest.add(session, DateTime::from_timestamp(*second, 0));
        };
        let (mut one, mut other, mut merged) =
            (Latest::default(), Latest::default(), Latest::default());
        heard.iter().for_each(|heard| add(&mut one, heard));
        heard.iter().rev().for_each(|heard| add(&mut other, heard));
        heard[..3].iter().for_each(|heard| add(&mut merged, heard));
        let mut rest = Latest::default();
        heard[3..].iter().for_each(|heard| add(&mut rest, heard));
        merged.merge(&rest);
        for latest in [one, other, merged] {
            assert_eq!(latest.ids().collect::<Vec<_>>(), ["b", "a", "e"]);
        }
    }

    #[test]
    fn what_has_no_time_comes_last_and_what_is_no_id_not_at_all() {
        let mut latest = Latest::default();
        latest.add("timeless", None);
        latest.add("", None);
        latest.add(&"x".repeat(LONGEST + 1), None);
        latest.add("a", DateTime::from_timestamp(1, 0));
        assert_eq!(latest.ids().collect::<Vec<_>>(), ["a", "timeless"]);
    }
}
