//! One session, from its records.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Serialize, Serializer};

use super::metrics::{FAR_FROM_USUAL, Measurement};
use super::twins::Twins;
use super::verdict;
use super::{Device, Missing, Network, Skew, serialize_span, serialize_time};
use crate::fingerprint::{Fingerprint, fingerprint};
use crate::record::{Category, Level, LogRecord, keys};

/// A pause is told if it is at least this long …
const SHORTEST_PAUSE: TimeDelta = TimeDelta::seconds(60);

/// … and this many times as long as the usual one, which is the median.
const PAUSE_FACTOR: i32 = 10;

/// How many measurements of a metric it takes to know what is usual.
const ENOUGH_FOR_USUAL: usize = 5;

/// A session, told in order.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Story {
    /// Its id; `None` if no record names one.
    pub session_id: Option<String>,
    /// The installation.
    pub install_id: Option<String>,
    /// The user, the last one if it changed.
    pub user_id: Option<String>,
    /// The app and the device.
    pub device: Device,
    /// The time of the first record.
    #[serde(serialize_with = "serialize_time")]
    pub start: Option<DateTime<Utc>>,
    /// The time of the last one.
    #[serde(serialize_with = "serialize_time")]
    pub end: Option<DateTime<Utc>>,
    /// How many records came twice and are told once.
    pub duplicates: u64,
    /// How far the device's clock is from the server's.
    pub skew: Option<Skew>,
    /// What is missing.
    pub missing: Missing,
    /// What happened, in order.
    pub timeline: Vec<Moment>,
    /// What all that comes to: a few sentences, each a fact.
    pub verdict: Vec<String>,
}

/// One record in its place.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    /// When, by the client's clock; a record that does not say happened when
    /// the one before it did.
    #[serde(serialize_with = "serialize_time")]
    pub time: Option<DateTime<Utc>>,
    /// How long after the start of the session, in milliseconds where
    /// serialized.
    #[serde(rename = "offsetMs", serialize_with = "serialize_span")]
    pub offset: TimeDelta,
    /// How long nothing had been recorded, if that is worth telling.
    #[serde(rename = "pauseMs", serialize_with = "serialize_pause")]
    pub pause: Option<TimeDelta>,
    /// What it is about.
    #[serde(serialize_with = "serialize_category")]
    pub category: Category,
    /// The network at that moment.
    pub network: Network,
    /// What kind of moment it is.
    #[serde(flatten)]
    pub kind: Kind,
    /// The record itself.
    pub record: LogRecord,
}

/// What kind of moment a record is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Kind {
    /// The marker with which a session starts.
    Start,
    /// The network changed.
    NetworkChanged,
    /// Something was measured.
    Measured {
        /// What and how much.
        measurement: Measurement,
        /// Whether it is over the limit, or far from the usual.
        #[serde(rename = "outOfLine")]
        is_out_of_line: bool,
    },
    /// An error or worse.
    Failed(Box<Met>),
    /// The queue had to drop records.
    Dropped {
        /// How many.
        records: u64,
    },
    /// Anything else.
    Other,
}

/// An error and whom else it met.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Met {
    /// What makes it the same as others.
    pub fingerprint: Fingerprint,
    /// How many other sessions met it, as far as was looked.
    pub other_sessions: Option<u64>,
    /// How many installations met it, this one included.
    pub installs: Option<u64>,
}

/// How many met an error, the session that is told among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Sessions.
    pub sessions: u64,
    /// Installations.
    pub installs: u64,
}

/// Takes the records of one session, in any order.
#[derive(Debug, Default)]
pub struct StoryBuilder {
    records: Vec<LogRecord>,
    by_id: HashMap<String, usize>,
    twins: Twins,
    duplicates: u64,
    damaged_lines: u64,
}

impl StoryBuilder {
    /// Adds a record, where all of them come from one source.
    pub fn add(&mut self, record: LogRecord) {
        self.add_from(record, 0);
    }

    /// Adds a record that came from the source of this number. One that was
    /// added before is counted; of the two the one that a server has stamped
    /// is kept. It is the same if its `recordId` is, or, where it has none, if
    /// all it says came from another source as often.
    pub fn add_from(&mut self, record: LogRecord, source: usize) {
        let place = self.records.len();
        let known = match record.record_id() {
            Some(id) => match self.by_id.entry(id.to_owned()) {
                Entry::Occupied(known) => Some(*known.get()),
                Entry::Vacant(free) => {
                    free.insert(place);
                    None
                }
            },
            None => self.twins.of(&record, source, place),
        };
        match known.and_then(|known| self.records.get_mut(known)) {
            Some(known) => {
                self.duplicates += 1;
                if known.server_received_at().is_none() {
                    *known = record;
                }
            }
            None => self.records.push(record),
        }
    }

    /// Counts a line that names the session and can be read as no record.
    pub fn add_damaged_line(&mut self) {
        self.damaged_lines += 1;
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Tells the story. `reach` says of an error, by the hash of its
    /// fingerprint, how many met it; `None` where nobody has looked.
    pub fn tell(self, mut reach: impl FnMut(&str) -> Option<Reach>) -> Story {
        let without_time = |record: &&LogRecord| record.timestamp().is_none();
        let mut missing = Missing {
            without_time: self.records.iter().filter(without_time).count() as u64,
            damaged_lines: self.damaged_lines,
            ..Missing::default()
        };
        let records = in_order(self.records);
        let start = records.iter().find_map(|(time, _)| *time);
        let end = records.iter().rev().find_map(|(time, _)| *time);
        let least_pause = least_pause(&records);
        let usual = usual_measurements(&records);
        let mut device = Device::default();
        let mut network = Network::default();
        let mut before = None;
        let mut timeline = Vec::with_capacity(records.len());
        let skew = Skew::of(records.iter().map(|(_, record)| record));
        let last_text = |key| {
            let mut texts = records
                .iter()
                .rev()
                .filter_map(|(_, record)| record.text(key));
            texts.next().map(str::to_owned)
        };
        let session_id = last_text(keys::SESSION_ID);
        let install_id = last_text(keys::INSTALL_ID);
        let user_id = last_text(keys::USER_ID);
        missing.start = !records.iter().any(|(_, record)| Device::is_start(record));
        for (time, record) in records {
            if let Some(now) = Network::of(&record) {
                network = now;
            }
            if Device::is_start(&record) {
                device = Device::of_marker(&record);
            }
            let pause = time.zip(before).map(|(time, before)| time - before);
            let pause = pause.filter(|pause| *pause >= least_pause);
            if let Some(pause) = pause {
                missing.pauses += 1;
                missing.longest_pause = missing.longest_pause.max(pause);
            }
            missing.dropped += Missing::dropped_by(&record).unwrap_or(0);
            missing.truncated += u64::from(Missing::is_truncated(&record));
            before = time.or(before);
            timeline.push(Moment {
                time,
                offset: time
                    .zip(start)
                    .map_or(TimeDelta::zero(), |(time, start)| time - start),
                pause,
                category: Category::of(&record),
                network: network.clone(),
                kind: Kind::of(&record, &mut reach, &usual),
                record,
            });
        }
        let mut story = Story {
            session_id,
            install_id,
            user_id,
            device,
            start,
            end,
            duplicates: self.duplicates,
            skew,
            missing,
            timeline,
            verdict: Vec::new(),
        };
        story.verdict = story.verdict_by(|time| time.format("%H:%M:%S UTC").to_string());
        story
    }
}

impl Story {
    /// The verdict with its times as `clock` shows them.
    pub fn verdict_by(&self, clock: impl Fn(DateTime<Utc>) -> String) -> Vec<String> {
        verdict::of(self, &clock)
    }

    /// The ids of the screenshots that it names, each once, those of errors
    /// first.
    pub fn screenshots(&self) -> Vec<&str> {
        let of = |are_errors: bool| {
            self.timeline
                .iter()
                .filter(move |moment| matches!(moment.kind, Kind::Failed(_)) == are_errors)
                .filter_map(|moment| moment.record.text(keys::SCREENSHOT_ID))
        };
        let mut seen = HashSet::new();
        of(true)
            .chain(of(false))
            .filter(|id| seen.insert(*id))
            .collect()
    }

    /// From the first record to the last.
    pub fn length(&self) -> TimeDelta {
        match (self.start, self.end) {
            (Some(start), Some(end)) => end - start,
            _ => TimeDelta::zero(),
        }
    }

    /// How many records of a level there are.
    pub fn count(&self, level: Level) -> u64 {
        let records = self.timeline.iter().map(|moment| &moment.record);
        records
            .filter(|record| record.level() == Some(level))
            .count() as u64
    }

    /// The errors, each with the place of its moment in the timeline.
    pub fn failures(&self) -> impl DoubleEndedIterator<Item = (usize, &Moment, &Met)> {
        self.timeline
            .iter()
            .enumerate()
            .filter_map(|(place, moment)| match &moment.kind {
                Kind::Failed(met) => Some((place, moment, met.as_ref())),
                _ => None,
            })
    }
}

impl Kind {
    fn of(
        record: &LogRecord,
        reach: &mut impl FnMut(&str) -> Option<Reach>,
        usual: &Usual,
    ) -> Kind {
        if record.level() >= Some(Level::Error) {
            return Kind::Failed(Box::new(Met::of(record, reach)));
        }
        if let Some(records) = Missing::dropped_by(record) {
            return Kind::Dropped { records };
        }
        if Device::is_start(record) {
            return Kind::Start;
        }
        if Network::of(record).is_some() {
            return Kind::NetworkChanged;
        }
        match Measurement::of(record) {
            Some(measurement) => Kind::Measured {
                is_out_of_line: is_out_of_line(&measurement, usual),
                measurement,
            },
            None => Kind::Other,
        }
    }
}

impl Met {
    fn of(record: &LogRecord, reach: &mut impl FnMut(&str) -> Option<Reach>) -> Met {
        let fingerprint = fingerprint(record);
        let reach = reach(&fingerprint.hash);
        Met {
            other_sessions: reach.map(|reach| reach.sessions.saturating_sub(1)),
            installs: reach.map(|reach| reach.installs),
            fingerprint,
        }
    }
}

/// Records by the client's clock. One without a time stays behind the one it
/// came after and takes its time; among equals the order is that of arrival.
fn in_order(records: Vec<LogRecord>) -> Vec<(Option<DateTime<Utc>>, LogRecord)> {
    let mut last = None;
    let mut timed: Vec<_> = records
        .into_iter()
        .map(|record| {
            last = record.timestamp().or(last);
            (last, record)
        })
        .collect();
    timed.sort_by_key(|(time, _)| *time);
    timed
}

/// How long a pause must be to be told, by the pauses there are.
fn least_pause(records: &[(Option<DateTime<Utc>>, LogRecord)]) -> TimeDelta {
    let times = records.iter().filter_map(|(time, _)| *time);
    let mut pauses: Vec<_> = times
        .clone()
        .zip(times.skip(1))
        .map(|(one, next)| next - one)
        .collect();
    pauses.sort_unstable();
    let usual = pauses.get(pauses.len() / 2).copied().unwrap_or_default();
    SHORTEST_PAUSE.max(usual * PAUSE_FACTOR)
}

/// The median of each metric of which there are enough measurements.
type Usual = HashMap<(String, &'static str), f64>;

fn usual_measurements(records: &[(Option<DateTime<Utc>>, LogRecord)]) -> Usual {
    let mut values: HashMap<(String, &'static str), Vec<f64>> = HashMap::new();
    for measurement in records
        .iter()
        .filter_map(|(_, record)| Measurement::of(record))
    {
        let key = (measurement.name, measurement.unit);
        values.entry(key).or_default().push(measurement.value);
    }
    values.retain(|_, values| values.len() >= ENOUGH_FOR_USUAL);
    values
        .into_iter()
        .map(|(key, mut values)| {
            values.sort_unstable_by(f64::total_cmp);
            (key, values[values.len() / 2])
        })
        .collect()
}

fn is_out_of_line(measurement: &Measurement, usual: &Usual) -> bool {
    match measurement.limit() {
        Some(limit) => measurement.value > limit,
        None => usual
            .get(&(measurement.name.clone(), measurement.unit))
            .is_some_and(|usual| measurement.value > usual * FAR_FROM_USUAL),
    }
}

fn serialize_pause<S: Serializer>(
    pause: &Option<TimeDelta>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match pause {
        Some(pause) => serialize_span(pause, serializer),
        None => serializer.serialize_none(),
    }
}

fn serialize_category<S: Serializer>(
    category: &Category,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(category.as_str())
}
