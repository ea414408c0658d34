//! Records from anywhere as a backlog: fixtures sent as if an app had made
//! them just now, or long ago.

use std::collections::HashMap;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::backlog::{Backlog, BacklogError, Letter};
use crate::record::{self, LogRecord, keys};

/// What becomes of a record's timestamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restamp {
    /// It stays.
    #[default]
    Keep,
    /// It is the instant of sending.
    Now,
    /// It moves by this much, so that distances stay.
    Shift(TimeDelta),
}

/// How fast records follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Speed {
    /// As fast as they are taken in.
    #[default]
    Max,
    /// So many times as fast as they were made.
    Times(f64),
}

impl FromStr for Speed {
    type Err = String;

    /// Reads `max`, `original`, or a factor such as `10x`.
    fn from_str(text: &str) -> Result<Speed, String> {
        let factor = match text {
            "max" => return Ok(Speed::Max),
            "original" => 1.0,
            _ => text
                .strip_suffix('x')
                .and_then(|factor| factor.parse().ok())
                .unwrap_or(0.0),
        };
        if factor > 0.0 && f64::is_finite(factor) {
            Ok(Speed::Times(factor))
        } else {
            Err("a speed is max, original, or a factor such as 10x".to_owned())
        }
    }
}

/// How fixtures are replayed.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplayOptions {
    /// What becomes of timestamps.
    pub restamp: Restamp,
    /// How fast they go.
    pub speed: Speed,
    /// Whether each session gets a new id, and with it each record, so that
    /// the server takes them for new ones.
    pub is_new_session: bool,
}

/// Where replayed records come from.
pub type Records = Box<dyn Iterator<Item = Result<LogRecord, BacklogError>> + Send>;

/// Records as a backlog. What they come from is left untouched: nothing is
/// confirmed, and what the server refuses is only kept in memory.
pub struct Replay {
    records: Records,
    options: ReplayOptions,
    waiting: Option<LogRecord>,
    sessions: HashMap<String, String>,
    start: Option<(DateTime<Utc>, Instant)>,
    letters: Vec<Letter>,
}

impl Replay {
    /// A backlog of these records.
    pub fn new(records: Records, options: ReplayOptions) -> Replay {
        Replay {
            records,
            options,
            waiting: None,
            sessions: HashMap::new(),
            start: None,
            letters: Vec::new(),
        }
    }

    /// What the server refused.
    pub fn letters(&self) -> &[Letter] {
        &self.letters
    }

    /// When the next record is due; `None` if there is none. Only meaningful
    /// once the backlog was found empty.
    pub fn next_due(&mut self) -> Option<Instant> {
        let record = self.waiting.take()?;
        let due = self.due(&record);
        self.waiting = Some(record);
        Some(due)
    }

    fn due(&mut self, record: &LogRecord) -> Instant {
        let now = Instant::now();
        let (Speed::Times(factor), Some(time)) = (self.options.speed, record.timestamp()) else {
            return now;
        };
        let (first, start) = *self.start.get_or_insert((time, now));
        let distance = (time - first).to_std().unwrap_or_default().as_secs_f64() / factor;
        let distance = Duration::try_from_secs_f64(distance).unwrap_or(Duration::MAX);
        start.checked_add(distance).unwrap_or(now)
    }

    fn prepare(&mut self, mut record: LogRecord) -> Result<Vec<u8>, BacklogError> {
        match self.options.restamp {
            Restamp::Keep => {}
            Restamp::Now => record.set(keys::TIMESTAMP, record::now()),
            Restamp::Shift(by) => {
                if let Some(moved) = record
                    .timestamp()
                    .and_then(|time| time.checked_add_signed(by))
                {
                    record.set(keys::TIMESTAMP, record::format_timestamp(moved));
                }
            }
        }
        if self.options.is_new_session {
            let old = record.session_id().unwrap_or_default().to_owned();
            let new = self
                .sessions
                .entry(old)
                .or_insert_with(|| uuid::Uuid::new_v4().to_string());
            record.set(keys::SESSION_ID, new.as_str());
            record.set(keys::RECORD_ID, record::new_record_id());
        }
        Ok(serde_json::to_vec(&record)?)
    }
}

impl Backlog for Replay {
    fn next(&mut self, records: usize, bytes: usize) -> Result<Vec<Vec<u8>>, BacklogError> {
        let mut lines = Vec::new();
        let mut used = 0;
        while lines.len() < records && used < bytes {
            let record = match self.waiting.take() {
                Some(record) => record,
                None => match self.records.next() {
                    Some(record) => record?,
                    None => break,
                },
            };
            if self.due(&record) > Instant::now() {
                self.waiting = Some(record);
                break;
            }
            let line = self.prepare(record)?;
            used += line.len();
            lines.push(line);
        }
        Ok(lines)
    }

    fn confirm(&mut self, _: usize) -> Result<(), BacklogError> {
        Ok(())
    }

    fn bury(&mut self, letters: &[Letter]) -> Result<(), BacklogError> {
        self.letters.extend_from_slice(letters);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Level;

    fn record(second: u32) -> LogRecord {
        LogRecord::new(Level::Info, "Test", "m")
            .with(
                keys::TIMESTAMP,
                format!("2020-01-01T00:00:{second:02}.000Z"),
            )
            .with(keys::SESSION_ID, "old")
            .with(keys::RECORD_ID, "r")
    }

    fn replay(seconds: &'static [u32], options: ReplayOptions) -> Replay {
        Replay::new(
            Box::new(seconds.iter().map(|&second| Ok(record(second)))),
            options,
        )
    }

    fn all(replay: &mut Replay) -> Vec<LogRecord> {
        let lines = replay.next(100, 1 << 20).unwrap();
        lines
            .iter()
            .map(|line| LogRecord::parse(line).unwrap())
            .collect()
    }

    #[test]
    fn by_default_nothing_is_changed() {
        let sent = all(&mut replay(&[0, 7], ReplayOptions::default()));
        assert_eq!(sent, [record(0), record(7)]);
    }

    #[test]
    fn shifting_keeps_distances() {
        let options = ReplayOptions {
            restamp: Restamp::Shift(TimeDelta::days(1)),
            ..ReplayOptions::default()
        };
        let sent = all(&mut replay(&[0, 7], options));
        let times: Vec<_> = sent
            .iter()
            .map(|r| r.text(keys::TIMESTAMP).unwrap())
            .collect();
        assert_eq!(
            times,
            ["2020-01-02T00:00:00.000Z", "2020-01-02T00:00:07.000Z"]
        );
    }

    #[test]
    fn a_new_session_is_one_for_all_its_records_and_each_record_is_new() {
        let options = ReplayOptions {
            is_new_session: true,
            ..ReplayOptions::default()
        };
        let sent = all(&mut replay(&[0, 7], options));
        assert_ne!(sent[0].session_id(), Some("old"));
        assert_eq!(sent[0].session_id(), sent[1].session_id());
        assert_ne!(sent[0].record_id(), sent[1].record_id());
    }

    #[tokio::test(start_paused = true)]
    async fn at_its_own_speed_a_record_waits_for_its_time() {
        let options = ReplayOptions {
            speed: Speed::Times(2.0),
            ..ReplayOptions::default()
        };
        let mut replay = replay(&[0, 0, 10], options);
        let start = Instant::now();
        assert_eq!(all(&mut replay).len(), 2);
        let due = replay.next_due().unwrap();
        assert_eq!(due - start, Duration::from_secs(5));
        tokio::time::sleep_until(due).await;
        assert_eq!(all(&mut replay).len(), 1);
        assert_eq!(replay.next_due(), None);
    }

    #[test]
    fn speeds_are_words_or_factors() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("original".parse(), Ok(Speed::Times(1.0)));
        assert_eq!("0.5x".parse(), Ok(Speed::Times(0.5)));
        for bad in ["", "x", "10", "0x", "-1x", "infx", "NaNx"] {
            assert!(bad.parse::<Speed>().is_err(), "{bad}");
        }
    }
}
