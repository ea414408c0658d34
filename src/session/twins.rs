//! Records without an id of their own, met again in another source.

use std::collections::HashMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::record::{LogRecord, keys};

/// What a record says that neither a server nor a move changes.
const SAID: [&str; 6] = [
    keys::TIMESTAMP,
    keys::LEVEL,
    keys::LOGGER,
    keys::MESSAGE,
    keys::ERROR,
    keys::STACK_TRACE,
];

/// How often each record came from each source.
///
/// A source may well hold the same record twice, as where something happened
/// twice within a millisecond. So the second one of a source is the same as
/// the second one of another, and not as the first.
#[derive(Debug, Default)]
pub(super) struct Twins {
    seen: HashMap<[u8; 16], Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Where the first, the second … of them stands.
    places: Vec<usize>,
    /// How many each source has had.
    counts: Vec<(usize, usize)>,
}

impl Twins {
    /// Where the same record stands that came from another source. If there is
    /// none, this one stands at `place` from now on.
    pub(super) fn of(&mut self, record: &LogRecord, source: usize, place: usize) -> Option<usize> {
        let seen = self.seen.entry(digest(record)).or_default();
        let of_source = seen.counts.iter().position(|(known, _)| *known == source);
        let of_source = of_source.unwrap_or_else(|| {
            seen.counts.push((source, 0));
            seen.counts.len() - 1
        });
        let (_, count) = &mut seen.counts[of_source];
        *count += 1;
        let known = seen.places.get(*count - 1).copied();
        if known.is_none() {
            seen.places.push(place);
        }
        known
    }
}

fn digest(record: &LogRecord) -> [u8; 16] {
    let mut hasher = Sha256::new();
    let mut add = |value: Option<&Value>| {
        // JSON text has no zero byte, so that what follows starts anew.
        hasher.update(value.map(Value::to_string).unwrap_or_default());
        hasher.update([0]);
    };
    for key in SAID {
        add(record.get(key));
    }
    for (name, value) in record.attributes() {
        hasher.update(name);
        hasher.update([0]);
        hasher.update(value.to_string());
        hasher.update([0]);
    }
    let mut start = [0; 16];
    start.copy_from_slice(&hasher.finalize()[..16]);
    start
}
