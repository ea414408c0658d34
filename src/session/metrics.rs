//! Measurements among the records: `{"metric": NAME, "ms": N}` attributes.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::record::LogRecord;

/// The units of a measurement, as the name of the attribute that holds it.
const UNITS: [&str; 6] = ["ms", "us", "s", "bytes", "percent", "count"];

/// How finely values are told apart in a histogram: parts of a unit.
const RESOLUTION: f64 = 1000.0;

/// The largest value a histogram tells from others, in such parts: some
/// thirty years in milliseconds. A larger one counts as that.
const MOST_STEPS: f64 = 1e15;

/// How many rows are kept; measurements of further ones are only counted.
const MAX_ROWS: usize = 10_000;

/// A frame that takes longer than this misses the next refresh at 60 Hz.
const SLOW_FRAME_MS: f64 = 16.0;

/// A cold start that takes longer is excessive by the measure of Android's
/// vitals.
const SLOW_START_MS: f64 = 5_000.0;

/// Where there is no such measure, a value is out of line at so many times the
/// median.
pub(super) const FAR_FROM_USUAL: f64 = 3.0;

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measurement {
    /// What was measured, such as `cold_start`.
    pub name: String,
    /// The unit, such as `ms`.
    pub unit: &'static str,
    /// How much it was.
    pub value: f64,
}

impl Measurement {
    /// The measurement that a record holds, if it holds one.
    pub fn of(record: &LogRecord) -> Option<Measurement> {
        let name = record.attribute("metric")?.as_str()?.to_owned();
        UNITS.into_iter().find_map(|unit| {
            let value = record.attribute(unit)?.as_f64()?;
            let name = name.clone();
            (value.is_finite() && value >= 0.0).then_some(Measurement { name, unit, value })
        })
    }

    /// What the value should not be over, where there is a common measure.
    pub fn limit(&self) -> Option<f64> {
        limit(&self.name, self.unit)
    }

    /// What a value that is out of line is over.
    pub fn excess_in_words(&self) -> String {
        match self.limit() {
            Some(limit) => format!("over {limit} {}", self.unit),
            None => format!("over {FAR_FROM_USUAL} times the median"),
        }
    }
}

/// The common measures: 16 ms for a frame, 5 s for a cold start.
fn limit(name: &str, unit: &str) -> Option<f64> {
    match unit {
        "ms" if name.contains("frame") => Some(SLOW_FRAME_MS),
        "ms" if name.contains("cold_start") => Some(SLOW_START_MS),
        _ => None,
    }
}

/// What the rows of a summary are, besides the metric and its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// One row for all.
    #[default]
    All,
    /// One for each session.
    Session,
    /// One for each installation.
    Install,
    /// One for each logger.
    Logger,
}

/// Measurements summed up, in memory that does not grow with their number.
#[derive(Debug, Default)]
pub struct Metrics {
    by: By,
    rows: BTreeMap<(String, &'static str, Option<String>), Row>,
    measurements: u64,
    left_out: u64,
}

#[derive(Debug)]
struct Row {
    histogram: Histogram<u64>,
    max: f64,
    over_limit: u64,
}

/// A summary of one metric.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    /// What was measured.
    pub name: String,
    /// The unit.
    pub unit: &'static str,
    /// The session, installation or logger, if there is a row for each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// How many measurements.
    pub count: u64,
    /// What half of them did not exceed, to within 1 %; as are the next two.
    pub p50: f64,
    /// What nine of ten did not exceed.
    pub p90: f64,
    /// What 99 of 100 did not exceed.
    pub p99: f64,
    /// The largest, exactly.
    pub max: f64,
    /// The common limit for this metric: a frame's 16 ms, a cold start's 5 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// How many were over that limit.
    pub over_limit: u64,
    /// How many there were in each of equal steps between 0 and the largest.
    pub histogram: Vec<u64>,
}

impl Metrics {
    /// No measurements yet.
    pub fn new(by: By) -> Metrics {
        Metrics {
            by,
            ..Metrics::default()
        }
    }

    /// Adds the measurement of a record, if it holds one.
    pub fn add(&mut self, record: &LogRecord) {
        let Some(measurement) = Measurement::of(record) else {
            return;
        };
        self.measurements += 1;
        let group = match self.by {
            By::All => None,
            By::Session => Some(record.session_id()),
            By::Install => Some(record.install_id()),
            By::Logger => Some(Some(record.logger())),
        };
        let group = group.map(|group| group.unwrap_or("(none)").to_owned());
        let limit = measurement.limit();
        let Measurement { name, unit, value } = measurement;
        let key = (name, unit, group);
        if !self.rows.contains_key(&key) && self.rows.len() >= MAX_ROWS {
            self.left_out += 1;
            return;
        }
        let Some(row) = self.row(key) else {
            self.left_out += 1;
            return;
        };
        let steps = (value * RESOLUTION).min(MOST_STEPS).round() as u64;
        // Fails for what is out of range alone, and nothing is.
        let _ = row.histogram.record(steps);
        row.max = row.max.max(value);
        row.over_limit += u64::from(limit.is_some_and(|limit| value > limit));
    }

    fn row(&mut self, key: (String, &'static str, Option<String>)) -> Option<&mut Row> {
        use std::collections::btree_map::Entry;
        match self.rows.entry(key) {
            Entry::Occupied(row) => Some(row.into_mut()),
            Entry::Vacant(place) => {
                // Two digits are within 1 % and take some 20 KiB at the most.
                let mut histogram = Histogram::new(2).ok()?;
                histogram.auto(true);
                Some(place.insert(Row {
                    histogram,
                    max: 0.0,
                    over_limit: 0,
                }))
            }
        }
    }

    /// How many measurements were added.
    pub fn measurements(&self) -> u64 {
        self.measurements
    }

    /// How many are in no row, for there were too many rows.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The rows by name, unit and group, each with a histogram of so many
    /// steps.
    pub fn summary(&self, steps: usize) -> Vec<Metric> {
        self.rows
            .iter()
            .map(|((name, unit, group), row)| {
                let at = |quantile| {
                    let value = row.histogram.value_at_quantile(quantile) as f64 / RESOLUTION;
                    // The largest is known exactly; an estimate is not above it.
                    value.min(row.max)
                };
                Metric {
                    name: name.clone(),
                    unit,
                    group: group.clone(),
                    count: row.histogram.len(),
                    p50: at(0.5),
                    p90: at(0.9),
                    p99: at(0.99),
                    max: row.max,
                    limit: limit(name, unit),
                    over_limit: row.over_limit,
                    histogram: row.steps(steps),
                }
            })
            .collect()
    }
}

impl Row {
    fn steps(&self, steps: usize) -> Vec<u64> {
        let mut counts = vec![0; steps];
        let width = self.histogram.max() as f64 / steps as f64;
        for value in self.histogram.iter_recorded() {
            let step = (value.value_iterated_to() as f64 / width.max(1.0)) as usize;
            if let Some(count) = counts.get_mut(step.min(steps.saturating_sub(1))) {
                *count += value.count_at_value();
            }
        }
        counts
    }
}
