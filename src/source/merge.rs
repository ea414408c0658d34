//! Several sources told as one: by time, and nothing twice.

use std::cmp::Reverse;
use std::collections::hash_map::{Entry, RandomState};
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::hash::{BuildHasher, Hash, Hasher};

use chrono::{DateTime, Utc};

use super::SourceError;
use super::event::{Event, Item};
use super::files::Events;
use crate::record::{LogRecord, keys};

/// One of all the files and streams that items come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    /// The place of the source among the locations.
    pub(super) source: usize,
    /// The place of the file among those of the source.
    pub(super) file: usize,
}

/// An item and where it came from.
#[derive(Debug)]
pub(super) struct Sequenced {
    pub(super) part: Part,
    pub(super) item: Item,
}

/// Streams that each are in order of time, or nearly so, merged into one.
///
/// Within a stream nothing is moved: an item that is older than the one
/// before it comes right behind that.
pub(super) struct Merge {
    streams: Vec<(Part, Events)>,
    heads: BinaryHeap<Reverse<Head>>,
    is_started: bool,
}

/// The next item of a stream, ordered by its time.
struct Head {
    time: Option<DateTime<Utc>>,
    stream: usize,
    event: Result<Event, SourceError>,
}

impl Merge {
    /// Merges streams, each with where it comes from.
    pub(super) fn new(streams: Vec<(Part, Events)>) -> Merge {
        Merge {
            streams,
            heads: BinaryHeap::new(),
            is_started: false,
        }
    }

    /// Puts the next item of a stream among the heads, at a time that is not
    /// before that of the one it follows.
    fn advance(&mut self, stream: usize, before: Option<DateTime<Utc>>) {
        let Some((_, events)) = self.streams.get_mut(stream) else {
            return;
        };
        if let Some(event) = events.next() {
            let time = match &event {
                Ok(Event::Record(record)) => record.timestamp(),
                _ => None,
            };
            let time = time.max(before);
            self.heads.push(Reverse(Head {
                time,
                stream,
                event,
            }));
        }
    }
}

impl Iterator for Merge {
    type Item = Result<Sequenced, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        // The one stream that most people read needs no merging.
        if let [(part, events)] = self.streams.as_mut_slice() {
            let event = events.next()?;
            return Some(event.map(|event| Sequenced::new(*part, event)));
        }
        if !self.is_started {
            self.is_started = true;
            for stream in 0..self.streams.len() {
                self.advance(stream, None);
            }
        }
        let Reverse(head) = self.heads.pop()?;
        self.advance(head.stream, head.time);
        let (part, _) = self.streams.get(head.stream)?;
        Some(head.event.map(|event| Sequenced::new(*part, event)))
    }
}

impl Sequenced {
    pub(super) fn new(part: Part, event: Event) -> Sequenced {
        let source = part.source;
        let item = Item { source, event };
        Sequenced { part, item }
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Head) -> bool {
        (self.time, self.stream) == (other.time, other.stream)
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Head) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Head) -> std::cmp::Ordering {
        (self.time, self.stream).cmp(&(other.time, other.stream))
    }
}

/// The records seen of late, to know one that comes again.
///
/// A record with a `recordId` is the same wherever it stands. One without is
/// only taken for the same if it comes from another file: in one file it may
/// well have been logged twice.
#[derive(Default)]
pub(super) struct Recent {
    /// The part that a record, as a hash no sender can foresee, came from.
    seen: HashMap<u64, Part>,
    hashing: RandomState,
    order: VecDeque<u64>,
}

impl Recent {
    /// How many records are remembered, about 4 MB of them.
    const CAPACITY: usize = 100_000;

    /// Remembers a record; `false` if it was seen before.
    pub(super) fn insert(&mut self, record: &LogRecord, part: Part) -> bool {
        let mut hasher = self.hashing.build_hasher();
        let id = record.record_id();
        match id {
            Some(id) => (record.install_id(), id).hash(&mut hasher),
            None => {
                for key in [
                    keys::TIMESTAMP,
                    keys::LOGGER,
                    keys::MESSAGE,
                    keys::ERROR,
                    keys::SESSION_ID,
                    keys::INSTALL_ID,
                ] {
                    record.text(key).hash(&mut hasher);
                }
            }
        }
        let hash = hasher.finish();
        match self.seen.entry(hash) {
            Entry::Occupied(first) => id.is_none() && *first.get() == part,
            Entry::Vacant(place) => {
                place.insert(part);
                self.order.push_back(hash);
                if self.order.len() > Self::CAPACITY
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.seen.remove(&oldest);
                }
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Level;

    fn record(time: &str, message: &str) -> LogRecord {
        LogRecord::new(Level::Info, "Test", message).with(keys::TIMESTAMP, time)
    }

    fn stream(records: &[(&str, &str)]) -> Events {
        let records: Vec<_> = records
            .iter()
            .map(|(second, message)| {
                let time = format!("2026-02-06T12:00:{second}.000Z");
                Ok(Event::Record(record(&time, message)))
            })
            .collect();
        Box::new(records.into_iter())
    }

    const ONE: Part = Part { source: 0, file: 0 };
    const OTHER: Part = Part { source: 1, file: 0 };

    fn merged(one: Events, other: Events) -> Merge {
        Merge::new(vec![(ONE, one), (OTHER, other)])
    }

    fn messages(merge: Merge) -> String {
        merge
            .map(|item| match item.unwrap().item.event {
                Event::Record(record) => record.message().into_owned(),
                Event::Notice(notice) => notice.to_string(),
            })
            .collect()
    }

    #[test]
    fn streams_are_merged_by_time_and_none_is_reordered() {
        let one = stream(&[("01", "a"), ("05", "d"), ("02", "e")]);
        let other = stream(&[("02", "b"), ("03", "c"), ("09", "f")]);
        assert_eq!(messages(merged(one, other)), "abcdef");
    }

    #[test]
    fn of_the_same_time_the_first_source_comes_first() {
        let one = stream(&[("01", "a"), ("01", "b")]);
        let other = stream(&[("01", "c")]);
        assert_eq!(messages(merged(one, other)), "abc");
    }

    #[test]
    fn a_record_with_an_id_is_told_once_and_a_line_that_repeats_every_time() {
        let mut recent = Recent::default();
        let plain = record("2026-02-06T12:00:00.000Z", "m");
        let with_id = plain.clone().with(keys::RECORD_ID, "r");
        assert!(recent.insert(&with_id, ONE));
        assert!(!recent.insert(&with_id, ONE));
        assert!(!recent.insert(&with_id, OTHER));
        assert!(recent.insert(&plain, ONE));
        assert!(recent.insert(&plain, ONE));
        assert!(!recent.insert(&plain, OTHER));
    }

    #[test]
    fn only_so_many_records_are_remembered() {
        let mut recent = Recent::default();
        for n in 0..Recent::CAPACITY + 10 {
            recent.insert(&record("", &n.to_string()), ONE);
        }
        assert_eq!(recent.seen.len(), Recent::CAPACITY);
    }
}
