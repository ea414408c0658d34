//! What happened in a session, told in order and made only of facts.
//!
//! [`StoryBuilder`] takes the records of one session, from as many sources as
//! there are, and tells them as a [`Story`]: who and on what device, a
//! timeline in the order of the client's clock with the network as it was at
//! each moment, pauses, measurements out of line and errors with how many
//! others met them, what is missing, and a verdict in plain words.
//! [`Stories`] takes those of several sessions, for an id that is cut short.
//! [`html::page`] makes one file of it to attach to a ticket. [`Sessions`]
//! lists many sessions, [`Metrics`] sums up measurements.
//!
//! Everything here is a function of records: no files, no clock, no terminal.
//! Texts of records come out as they went in; whoever prints them makes them
//! safe for where they go. Only [`html`] knows where that is, and escapes.

mod clock;
mod device;
pub mod html;
mod list;
mod metrics;
mod missing;
mod network;
mod stories;
mod story;
mod twins;
mod verdict;

#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serializer;

pub use clock::Skew;
pub use device::Device;
pub use list::{SessionSummary, Sessions};
pub use metrics::{By, Measurement, Metric, Metrics};
pub use missing::Missing;
pub use network::Network;
pub use stories::Stories;
pub use story::{Kind, Met, Moment, Reach, Story, StoryBuilder};

use crate::record::format_timestamp;

/// A span of time in the one or two largest units that matter: `34 s`,
/// `3 min 4 s`, `2 h 5 min`, `3 d 1 h`, `250 ms`.
pub fn in_words(span: TimeDelta) -> String {
    let milliseconds = span.num_milliseconds().unsigned_abs();
    let seconds = milliseconds / 1000;
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {small} {small_unit}"),
    };
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..=9 if milliseconds % 1000 >= 100 => {
            format!("{seconds}.{} s", milliseconds % 1000 / 100)
        }
        1..=59 => format!("{seconds} s"),
        60..=3_599 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..=86_399 => two(seconds / 3_600, "h", seconds / 60 % 60, "min"),
        _ => two(seconds / 86_400, "d", seconds / 3_600 % 24, "h"),
    }
}

/// A number of things: `1 error`, `2 errors`.
pub fn count_of(count: impl Into<u64>, thing: &str) -> String {
    match count.into() {
        1 => format!("1 {thing}"),
        count => format!("{count} {thing}s"),
    }
}

/// Writes a time as a record's `timestamp` has it.
fn serialize_time<S: Serializer>(
    time: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.serialize_some(&format_timestamp(*time)),
        None => serializer.serialize_none(),
    }
}

/// Writes a span of time in milliseconds.
fn serialize_span<S: Serializer>(span: &TimeDelta, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(span.num_milliseconds())
}
