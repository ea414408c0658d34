//! What is missing from a session, as far as its records show it.

use serde::Serialize;
use serde_json::Value;

use super::{count_of, in_words};
use crate::record::{LogRecord, TRUNCATION_MARK, keys};
use chrono::TimeDelta;

/// What is missing from a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Missing {
    /// Records that a queue had to drop for want of room.
    pub dropped: u64,
    /// Records of which something was cut off.
    pub truncated: u64,
    /// Lines that name the session and can be read as no record.
    pub damaged_lines: u64,
    /// Records without a time of their own, which stand where they arrived.
    pub without_time: u64,
    /// Long pauses: how many, and the longest, in milliseconds where serialized.
    pub pauses: u64,
    /// The longest pause.
    #[serde(rename = "longestPauseMs", serialize_with = "super::serialize_span")]
    pub longest_pause: TimeDelta,
    /// Whether there is no start marker: the beginning may be missing.
    pub start: bool,
}

impl Missing {
    /// How many records a queue says it has dropped, if that is what a record
    /// says.
    pub(super) fn dropped_by(record: &LogRecord) -> Option<u64> {
        let is_queue = record.logger().eq_ignore_ascii_case("soliplex.queue");
        let dropped = record.attribute("dropped").and_then(Value::as_u64);
        dropped.filter(|_| is_queue)
    }

    /// Whether something was cut off a record to make it fit.
    pub(super) fn is_truncated(record: &LogRecord) -> bool {
        let is_cut = |value: &Value| {
            value
                .as_str()
                .is_some_and(|text| text.ends_with(TRUNCATION_MARK))
        };
        let texts = [
            keys::MESSAGE,
            keys::ERROR,
            keys::STACK_TRACE,
            keys::ATTRIBUTES,
        ];
        texts
            .into_iter()
            .filter_map(|key| record.get(key))
            .any(is_cut)
            || record
                .attributes()
                .any(|(name, value)| name == TRUNCATION_MARK || is_cut(value))
    }

    /// Each thing that is missing, in words.
    pub fn in_words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.start {
            words.push("there is no session start marker: the beginning may be missing".to_owned());
        }
        if self.dropped > 0 {
            let records = count_of(self.dropped, "record");
            words.push(format!("the device's queue was full and dropped {records}"));
        }
        if self.truncated > 0 {
            let records = count_of(self.truncated, "record");
            words.push(format!("{records} had to be cut to fit"));
        }
        match self.damaged_lines {
            0 => {}
            1 => words.push("1 line that names the session is damaged".to_owned()),
            lines => words.push(format!("{lines} lines that name the session are damaged")),
        }
        if self.without_time > 0 {
            words.push(match self.without_time {
                1 => "1 record had no time of its own".to_owned(),
                records => format!("{records} records had no time of their own"),
            });
        }
        words
    }

    /// The pauses in words, if there are any. Whether something is missing
    /// there or nothing happened is more than the records tell.
    pub fn pauses_in_words(&self) -> Option<String> {
        let longest = in_words(self.longest_pause);
        match self.pauses {
            0 => None,
            1 => Some(format!("nothing was recorded for {longest}")),
            pauses => Some(format!(
                "nothing was recorded in {pauses} pauses, the longest {longest}"
            )),
        }
    }
}
