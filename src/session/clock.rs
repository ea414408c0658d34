//! How far a device's clock is from the server's.

use chrono::TimeDelta;
use serde::Serialize;

use super::{in_words, serialize_span};
use crate::record::LogRecord;

/// The least difference worth a word.
const WORTH_TELLING: TimeDelta = TimeDelta::seconds(5);

/// Server's clock less device's clock, over the records that have both.
///
/// A record reaches the server after it was made, by however long it waited
/// to be sent. So the least difference is the best guess at the skew: it is
/// the skew plus the shortest delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Skew {
    /// The least difference, in milliseconds where serialized.
    #[serde(rename = "leastMs", serialize_with = "serialize_span")]
    pub least: TimeDelta,
    /// The largest one.
    #[serde(rename = "mostMs", serialize_with = "serialize_span")]
    pub most: TimeDelta,
    /// How many records tell.
    pub records: u64,
}

impl Skew {
    /// The skew that records show; `None` if the server has seen none of them.
    pub(super) fn of<'r>(records: impl Iterator<Item = &'r LogRecord>) -> Option<Skew> {
        let differences =
            records.filter_map(|record| Some(record.server_received_at()? - record.timestamp()?));
        differences.fold(None, |skew: Option<Skew>, difference| {
            let skew = skew.unwrap_or(Skew {
                least: difference,
                most: difference,
                records: 0,
            });
            Some(Skew {
                least: skew.least.min(difference),
                most: skew.most.max(difference),
                records: skew.records + 1,
            })
        })
    }

    /// What that says about the device's clock, and no more than that.
    pub fn in_words(&self) -> String {
        if self.least < -WORTH_TELLING {
            let ahead = in_words(self.least);
            return format!("the device's clock is at least {ahead} ahead of the server's");
        }
        if self.least > WORTH_TELLING {
            let behind = in_words(self.least);
            return format!(
                "every record reached the server {behind} or more after its own time: \
                 it was sent late, or the device's clock is behind"
            );
        }
        "the device's clock and the server's agree to within seconds".to_owned()
    }

    /// Whether the device's clock shows as wrong, or may be.
    pub fn is_notable(&self) -> bool {
        self.least.abs() > WORTH_TELLING
    }
}
