//! What is told of the groups, wherever they were counted.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::baseline::Baseline;
use super::table;
use crate::cli::Format;
use crate::fingerprint::{Basis, Frame, Group, Groups};
use crate::output::Printer;
use crate::record::format_timestamp;
use crate::sanitize::Sanitizer;

/// How many steps a sparkline has.
const STEPS: usize = 24;

/// Groups of errors, the most frequent first.
#[derive(Debug)]
pub(super) struct Report {
    /// How many errors there are in all.
    pub(super) errors: u64,
    /// In how many groups; `None` if that was not counted.
    pub(super) group_count: Option<usize>,
    /// How many of the errors are in no group for want of room.
    pub(super) left_out: u64,
    /// The groups that are told of.
    pub(super) groups: Vec<Row>,
    /// The baseline's groups, if the report is of what is new against one.
    pub(super) known: Option<usize>,
}

/// One group.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Row {
    pub(super) fingerprint: String,
    pub(super) version: String,
    pub(super) exception_type: String,
    pub(super) frames: Vec<Frame>,
    pub(super) symbolicated: bool,
    pub(super) basis: Option<Basis>,
    pub(super) count: u64,
    pub(super) share: f64,
    pub(super) first_seen: Option<String>,
    pub(super) last_seen: Option<String>,
    pub(super) sessions: u64,
    pub(super) installs: u64,
    /// Those in which it happened last, the newest first; a server does not
    /// say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) last_sessions: Vec<String>,
    pub(super) exemplar: String,
    /// How many there were in each of equal steps of the whole time.
    pub(super) counts: Vec<u64>,
}

/// What a server answers.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    total: u64,
    fingerprints: Vec<Row>,
}

impl Report {
    /// The groups that were counted here.
    pub(super) fn of(groups: &Groups) -> Report {
        let span = groups.span();
        let top = groups.top(usize::MAX);
        Report {
            errors: groups.records(),
            group_count: Some(groups.len()),
            left_out: groups.evicted_records(),
            groups: top
                .into_iter()
                .map(|group| row(group, groups.share(group), span))
                .collect(),
            known: None,
        }
    }

    /// The groups that a server has counted.
    pub(super) fn of_server(answer: Answer) -> Report {
        let mut groups = answer.fingerprints;
        // What a server could not tell apart is no group.
        let left_out = groups
            .iter()
            .filter(|group| group.fingerprint.is_empty())
            .map(|group| group.count)
            .sum();
        groups.retain(|group| !group.fingerprint.is_empty());
        let counted = |at: &usize| groups.iter().any(|group| group.counts.get(*at) > Some(&0));
        let hours = groups.iter().map(|group| group.counts.len()).max();
        let hours = 0..hours.unwrap_or(0);
        let first = hours.clone().find(counted).unwrap_or(0);
        let last = hours.rev().find(counted).unwrap_or(0);
        for group in &mut groups {
            let counts = group.counts.get(first..=last).unwrap_or_default();
            group.counts = resample(counts, STEPS);
        }
        Report {
            errors: answer.total,
            group_count: None,
            left_out,
            groups,
            known: None,
        }
    }

    /// Leaves only the groups that a baseline does not have.
    pub(super) fn keep_new(&mut self, known: &Baseline) {
        self.groups.retain(|group| !known.has(&group.fingerprint));
        self.known = Some(known.len());
    }

    /// Takes out of the texts what nobody should see.
    pub(super) fn sanitize(&mut self, sanitizer: &Sanitizer) {
        for group in &mut self.groups {
            for text in [&mut group.exemplar, &mut group.exception_type] {
                if let Cow::Owned(clean) = sanitized(text, sanitizer) {
                    *text = clean;
                }
            }
        }
    }

    pub(super) fn print(
        &self,
        format: Format,
        explain: bool,
        printer: &mut Printer,
    ) -> anyhow::Result<()> {
        match format {
            Format::Table => table::print(self, explain, printer)?,
            Format::Jsonl => {
                for group in &self.groups {
                    printer.json(group)?;
                }
            }
            Format::Json => {
                let key = if self.known.is_some() { "new" } else { "top" };
                printer.json(&json!({
                    "errors": self.errors,
                    "groups": self.group_count,
                    "leftOut": self.left_out,
                    key: self.groups,
                }))?;
            }
        }
        Ok(())
    }
}

impl Row {
    /// The innermost frame that was hashed, in words.
    pub(super) fn place(&self) -> Option<String> {
        self.frames.first().map(frame_in_words)
    }
}

/// A frame as `function (file)`.
pub(super) fn frame_in_words(frame: &Frame) -> String {
    match frame.file.as_str() {
        "" => frame.function.clone(),
        file => format!("{} ({file})", frame.function),
    }
}

/// A text without what nobody should see.
pub(super) fn sanitized<'t>(text: &'t str, sanitizer: &Sanitizer) -> Cow<'t, str> {
    match sanitizer.sanitize_line(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

fn row(group: &Group, share: f64, span: Option<(DateTime<Utc>, DateTime<Utc>)>) -> Row {
    let fingerprint = &group.fingerprint;
    let counts = span.map(|(first, last)| {
        let (first, last) = (first.timestamp(), last.timestamp());
        group.series.resample(first, last, STEPS)
    });
    Row {
        fingerprint: fingerprint.hash.clone(),
        version: fingerprint.version.to_owned(),
        exception_type: fingerprint.exception_type.clone(),
        frames: fingerprint.frames.clone(),
        symbolicated: fingerprint.symbolicated,
        basis: Some(fingerprint.basis),
        count: group.count,
        share,
        first_seen: group.first_seen.map(format_timestamp),
        last_seen: group.last_seen.map(format_timestamp),
        sessions: group.sessions.count(),
        installs: group.installs.count(),
        last_sessions: group.last_sessions.ids().map(str::to_owned).collect(),
        exemplar: group.exemplar.clone(),
        counts: counts.unwrap_or_default(),
    }
}

/// Counts in so many steps instead, each count in the step in which it begins.
fn resample(counts: &[u64], steps: usize) -> Vec<u64> {
    let mut resampled = vec![0; steps.min(counts.len())];
    let steps = resampled.len();
    for (place, count) in counts.iter().enumerate() {
        resampled[place * steps / counts.len()] += count;
    }
    resampled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_hours_are_told_from_the_first_error_to_the_last() {
        let answer = r#"{"total": 12, "window": {}, "fingerprints": [
            {"fingerprint": "a", "count": 6, "counts": [0, 0, 1, 0, 5, 0]},
            {"fingerprint": "b", "count": 3, "counts": [0, 0, 0, 3, 0, 0]},
            {"fingerprint": "", "count": 3, "counts": [3, 0, 0, 0, 0, 0]}]}"#;
        let report = Report::of_server(serde_json::from_str(answer).unwrap());
        let counts: Vec<_> = report.groups.iter().map(|group| &group.counts).collect();
        assert_eq!(counts, [&vec![1, 0, 5], &vec![0, 3, 0]]);
        assert_eq!((report.errors, report.left_out), (12, 3));
        let empty =
            Report::of_server(serde_json::from_str(r#"{"total":0,"fingerprints":[]}"#).unwrap());
        assert!(empty.groups.is_empty());
    }

    #[test]
    fn no_count_is_lost_in_longer_steps() {
        assert_eq!(resample(&[1; 100], 24).iter().sum::<u64>(), 100);
        assert_eq!(resample(&[1, 2], 24), [1, 2]);
        assert!(resample(&[], 24).is_empty());
    }
}
