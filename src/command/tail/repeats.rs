//! Records that say the same again and again.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::record::{LogRecord, keys};

/// What makes two records the same to a person's eye: everything that is
/// shown but the time.
const SHOWN: [&str; 7] = [
    keys::LEVEL,
    keys::LOGGER,
    keys::MESSAGE,
    keys::ATTRIBUTES,
    keys::ERROR,
    keys::STACK_TRACE,
    keys::SCREENSHOT_ID,
];

/// Counts records that are the same as the one before.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    shown: Option<[Option<Value>; SHOWN.len()]>,
    pending: Option<Told>,
}

/// What became of a record.
#[derive(Debug, PartialEq)]
pub(super) enum Seen {
    /// It is to be shown, after what is to be told of those before it.
    New(Option<Told>),
    /// It was counted.
    Again,
}

/// So many times a record came again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Told {
    pub(super) times: u64,
    pub(super) last: Option<DateTime<Utc>>,
}

impl Repeats {
    /// Compares a record with the one before it.
    pub(super) fn take(&mut self, record: &LogRecord) -> Seen {
        let is_same = self.shown.as_ref().is_some_and(|shown| {
            let now = SHOWN.iter().map(|key| record.get(key));
            shown.iter().map(Option::as_ref).eq(now)
        });
        if !is_same {
            self.shown = Some(SHOWN.map(|key| record.get(key).cloned()));
            return Seen::New(self.pending.take());
        }
        let times = self.pending.map_or(0, |told| told.times) + 1;
        let last = record.timestamp();
        self.pending = Some(Told { times, last });
        Seen::Again
    }

    /// Whether there is something to tell.
    pub(super) fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// What is to be told by now.
    pub(super) fn end(&mut self) -> Option<Told> {
        self.pending.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Level;

    #[test]
    fn records_that_look_the_same_are_counted_until_another_comes() {
        let mut repeats = Repeats::default();
        let record = |message: &str| LogRecord::new(Level::Info, "App", message);
        assert_eq!(repeats.take(&record("a")), Seen::New(None));
        assert_eq!(repeats.take(&record("a")), Seen::Again);
        let last = record("a").with(keys::TIMESTAMP, "2026-02-06T12:00:00Z");
        assert_eq!(repeats.take(&last), Seen::Again);
        let told = Told {
            times: 2,
            last: last.timestamp(),
        };
        assert_eq!(repeats.take(&record("b")), Seen::New(Some(told)));
        assert_eq!(
            repeats.take(&record("b").with_attribute("n", 1)),
            Seen::New(None)
        );
        assert_eq!(repeats.end(), None);
    }
}
