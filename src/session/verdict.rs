//! What a session comes to, in a few sentences, each of which is a fact.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::story::{Kind, Met, Moment, Story};
use super::{Measurement, Network, count_of, in_words};
use crate::record::{Level, LogRecord};

/// How much of a text is quoted, in characters.
const QUOTED: usize = 120;

/// The sentences, most important first.
pub(super) fn of(story: &Story, clock: &dyn Fn(DateTime<Utc>) -> String) -> Vec<String> {
    let mut sentences = vec![summary(story)];
    if let Some((place, moment, met)) = worst(story) {
        sentences.push(failure(story, place, moment, met, clock));
        sentences.extend(others(met));
        sentences.extend(before(story, place));
        sentences.extend(kinds(story));
    }
    sentences.extend(offline(story));
    sentences.extend(measurements(story));
    if let Some(pauses) = story.missing.pauses_in_words() {
        sentences.push(format!("Pauses: {pauses}."));
    }
    let missing = story.missing.in_words();
    match missing.is_empty() {
        true => sentences.push("Nothing shows as missing.".to_owned()),
        false => sentences.push(format!("Missing: {}.", missing.join("; "))),
    }
    if let Some(skew) = story.skew.filter(|skew| skew.is_notable()) {
        sentences.push(format!("Clocks: {}.", skew.in_words()));
    }
    sentences
}

fn summary(story: &Story) -> String {
    let records = count_of(story.timeline.len() as u64, "record");
    let length = in_words(story.length());
    let counts: Vec<_> = [
        (Level::Fatal, "fatal error"),
        (Level::Error, "error"),
        (Level::Warning, "warning"),
    ]
    .into_iter()
    .map(|(level, name)| (story.count(level), name))
    .filter(|(count, _)| *count > 0)
    .map(|(count, name)| count_of(count, name))
    .collect();
    match counts.is_empty() {
        true => format!("{records} in {length}, and no error or warning among them."),
        false => format!("{records} in {length}: {}.", counts.join(", ")),
    }
}

/// The last fatal error, or else the first error.
fn worst(story: &Story) -> Option<(usize, &Moment, &Met)> {
    let is_fatal = |moment: &Moment| moment.record.level() == Some(Level::Fatal);
    story
        .failures()
        .rfind(|(_, moment, _)| is_fatal(moment))
        .or_else(|| story.failures().next())
}

fn failure(
    story: &Story,
    place: usize,
    moment: &Moment,
    met: &Met,
    clock: &dyn Fn(DateTime<Utc>) -> String,
) -> String {
    let name = match moment.record.level() {
        Some(Level::Fatal) => "The fatal error",
        _ => "The first error",
    };
    let title = title(&moment.record);
    // A sentence of its own would end in the middle of this one.
    let mut sentence = format!("{name}: {}", title.trim_end_matches(['.', ',', ';', ' ']));
    if let Some(frame) = met.fingerprint.frames.first() {
        sentence = format!("{sentence}, in {}", frame.function);
    }
    if let Some(time) = moment.time {
        let (at, after) = (clock(time), in_words(moment.offset));
        sentence = format!("{sentence}, at {at}, {after} after the start");
    }
    if moment.network != Network::Unknown {
        sentence = format!("{sentence}, while {}", moment.network.in_words());
    }
    match place + 1 == story.timeline.len() {
        true => format!("{sentence}; it is the last record."),
        false => format!("{sentence}."),
    }
}

/// What was recorded right before the failure.
fn before(story: &Story, place: usize) -> Option<String> {
    let mut earlier = story.timeline.get(..place)?.iter().rev();
    let moment = earlier.find(|moment| !matches!(moment.kind, Kind::Measured { .. }))?;
    if moment.kind == Kind::NetworkChanged {
        let network = moment.network.in_words();
        return Some(format!("Right before it the network changed: {network}."));
    }
    let message = moment.record.message();
    let (logger, message) = (moment.record.logger(), quoted(&message));
    Some(format!("Right before it: {logger} “{message}”."))
}

/// How many kinds of errors there are, if there is more than one error.
fn kinds(story: &Story) -> Option<String> {
    let mut counts: HashMap<&str, (u64, &LogRecord)> = HashMap::new();
    for (_, moment, met) in story.failures() {
        let entry = counts.entry(&met.fingerprint.hash);
        entry.or_insert((0, &moment.record)).0 += 1;
    }
    let errors: u64 = counts.values().map(|(count, _)| count).sum();
    let (most, record) = counts
        .values()
        .max_by_key(|(count, record)| (*count, std::cmp::Reverse(record.timestamp())))?;
    match counts.len() {
        _ if errors < 2 => None,
        1 => Some(format!("All {errors} errors are of one kind.")),
        _ if *most == 1 => Some(format!("The {errors} errors are of different kinds.")),
        kinds => Some(format!(
            "The {errors} errors are of {kinds} kinds; the most frequent, {}, came {}.",
            title(record),
            match most {
                2 => "twice".to_owned(),
                most => format!("{most} times"),
            }
        )),
    }
}

fn others(met: &Met) -> Option<String> {
    match met.other_sessions? {
        0 => Some("No other session that was read has that error.".to_owned()),
        others => {
            let sessions = count_of(others, "other session");
            let installs = count_of(met.installs?, "installation");
            let have = if others == 1 { "has" } else { "have" };
            Some(format!(
                "{sessions} {have} that error too, on {installs} in all."
            ))
        }
    }
}

/// How often the device was offline, and how long in all.
fn offline(story: &Story) -> Option<String> {
    let mut times = 0_u64;
    let mut total = TimeDelta::zero();
    let mut since: Option<DateTime<Utc>> = None;
    for moment in &story.timeline {
        match (&moment.network, since) {
            (Network::Offline, None) => {
                times += 1;
                since = moment.time;
            }
            (Network::Offline, Some(_)) => {}
            (_, Some(start)) => {
                total += moment.time.map_or(TimeDelta::zero(), |time| time - start);
                since = None;
            }
            (_, None) => {}
        }
    }
    let is_still = since.is_some();
    if let (Some(start), Some(end)) = (since, story.end) {
        total += end - start;
    }
    let still = if is_still {
        ", and still at the end"
    } else {
        ""
    };
    let total = in_words(total);
    match times {
        0 => None,
        1 => Some(format!("The device was offline once, for {total}{still}.")),
        _ => Some(format!(
            "The device was offline {times} times, for {total} in all{still}."
        )),
    }
}

/// Which measurements were out of line.
fn measurements(story: &Story) -> Option<String> {
    let mut worst: Vec<(&Measurement, u64)> = Vec::new();
    for moment in &story.timeline {
        let Kind::Measured {
            measurement,
            is_out_of_line: true,
        } = &moment.kind
        else {
            continue;
        };
        let known = worst
            .iter_mut()
            .find(|(one, _)| one.name == measurement.name && one.unit == measurement.unit);
        match known {
            Some((most, count)) => {
                *count += 1;
                if measurement.value > most.value {
                    *most = measurement;
                }
            }
            None => worst.push((measurement, 1)),
        }
    }
    let words: Vec<_> = worst
        .into_iter()
        .map(|(most, count)| {
            let Measurement { name, unit, value } = most;
            let excess = most.excess_in_words();
            match count {
                1 => format!("{name} {value} {unit}, {excess}"),
                _ => format!("{name} {count} times, up to {value} {unit}, {excess}"),
            }
        })
        .collect();
    (!words.is_empty()).then(|| format!("Out of line: {}.", words.join("; ")))
}

/// What an error says of itself: its error, or else its message.
fn title(record: &LogRecord) -> String {
    match record.error() {
        Some(error) if !error.trim().is_empty() => quoted(error),
        _ => quoted(&record.message()),
    }
}

/// The first line of a text, cut if it is long.
fn quoted(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let mut start: String = line.chars().take(QUOTED).collect();
    if start.len() < line.len() {
        start.push('…');
    }
    start
}
