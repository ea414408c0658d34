//! What the server counts, in the text format of Prometheus.
//!
//! Names follow the conventions of Prometheus; the duration of requests is
//! named as in OpenTelemetry's conventions for HTTP servers.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

/// The upper bounds of the histogram of durations, in seconds.
const BOUNDS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// Counters since the start of the process.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    pub(super) accepted: AtomicU64,
    pub(super) duplicates: AtomicU64,
    pub(super) rejected: AtomicU64,
    pub(super) rate_limited: AtomicU64,
    pub(super) streams: AtomicU64,
    requests: Mutex<BTreeMap<(&'static str, u16), Durations>>,
}

/// The requests of one route with one status.
#[derive(Clone, Debug, Default)]
struct Durations {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    seconds: f64,
}

/// What is not counted but asked for when it is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gauges {
    pub(super) head: u64,
    pub(super) forwarded: Option<(u64, u64)>,
}

impl Durations {
    /// The bound in seconds that this share of them did not exceed; `None` if
    /// it is beyond the last one.
    fn percentile(&self, share: f64) -> Option<f64> {
        let mut below = 0;
        let reaches = |bucket: &u64| {
            below += bucket;
            below as f64 >= self.count as f64 * share
        };
        let place = self.buckets.iter().position(reaches)?;
        BOUNDS.get(place).copied()
    }
}

impl Metrics {
    /// Counts a request that was answered.
    pub(super) fn request(&self, route: &'static str, status: u16, took: Duration) {
        let seconds = took.as_secs_f64();
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let durations = requests.entry((route, status)).or_default();
        durations.count += 1;
        durations.seconds += seconds;
        if let Some(bucket) = BOUNDS.iter().position(|bound| seconds <= *bound) {
            durations.buckets[bucket] += 1;
        }
    }

    /// What was answered: each route and status, how often, and how long it
    /// took on average and at the 95th percentile, to within a bucket.
    pub(super) fn requests(&self) -> Vec<Value> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let row = |((route, status), durations): (&(&str, u16), &Durations)| {
            let mean = durations.seconds / durations.count.max(1) as f64;
            json!({
                "route": route,
                "status": status,
                "count": durations.count,
                "meanMs": (mean * 1e6).round() / 1e3,
                "p95Ms": durations.percentile(0.95).map(|seconds| seconds * 1e3),
            })
        };
        requests.iter().map(row).collect()
    }

    /// Everything, as Prometheus reads it.
    pub(super) fn render(&self, gauges: Gauges) -> String {
        let mut text = String::new();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        family(
            &mut text,
            "soliplex_ingest_records_total",
            "counter",
            "Records by what became of them",
        );
        for (result, counter) in [
            ("accepted", &self.accepted),
            ("duplicate", &self.duplicates),
            ("rejected", &self.rejected),
        ] {
            let value = read(counter);
            let _ = writeln!(
                text,
                "soliplex_ingest_records_total{{result=\"{result}\"}} {value}"
            );
        }
        let limited = read(&self.rate_limited);
        single(
            &mut text,
            "soliplex_ingest_rate_limited_total",
            "counter",
            "Requests turned away for their rate",
            limited,
        );
        single(
            &mut text,
            "soliplex_ingest_streams",
            "gauge",
            "Live streams that are open",
            read(&self.streams),
        );
        single(
            &mut text,
            "soliplex_store_head",
            "gauge",
            "The number of the last record stored",
            gauges.head,
        );
        if let Some((cursor, failures)) = gauges.forwarded {
            single(
                &mut text,
                "soliplex_forward_cursor",
                "gauge",
                "The number of the last record forwarded",
                cursor,
            );
            single(
                &mut text,
                "soliplex_forward_failures_total",
                "counter",
                "Attempts to forward that failed",
                failures,
            );
        }
        self.render_requests(&mut text);
        text
    }

    fn render_requests(&self, text: &mut String) {
        const NAME: &str = "http_server_request_duration_seconds";
        family(text, NAME, "histogram", "How long requests took");
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        for ((route, status), durations) in requests.iter() {
            let labels = format!("http_route=\"{route}\",http_response_status_code=\"{status}\"");
            let mut below = 0;
            for (bound, bucket) in BOUNDS.iter().zip(durations.buckets) {
                below += bucket;
                let _ = writeln!(text, "{NAME}_bucket{{{labels},le=\"{bound}\"}} {below}");
            }
            let Durations { count, seconds, .. } = durations;
            let _ = writeln!(text, "{NAME}_bucket{{{labels},le=\"+Inf\"}} {count}");
            let _ = writeln!(text, "{NAME}_sum{{{labels}}} {seconds}");
            let _ = writeln!(text, "{NAME}_count{{{labels}}} {count}");
        }
    }
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}");
}

fn single(text: &mut String, name: &str, kind: &str, help: &str, value: u64) {
    family(text, name, kind, help);
    let _ = writeln!(text, "{name} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_buckets_add_up() {
        let metrics = Metrics::default();
        metrics.accepted.fetch_add(3, Ordering::Relaxed);
        for ms in [1, 3, 30, 60_000] {
            metrics.request("/api/v1/logs", 200, Duration::from_millis(ms));
        }
        let text = metrics.render(Gauges::default());
        for line in [
            "soliplex_ingest_records_total{result=\"accepted\"} 3",
            "http_server_request_duration_seconds_bucket{http_route=\"/api/v1/logs\",http_response_status_code=\"200\",le=\"0.001\"} 1",
            "http_server_request_duration_seconds_bucket{http_route=\"/api/v1/logs\",http_response_status_code=\"200\",le=\"0.05\"} 3",
            "http_server_request_duration_seconds_bucket{http_route=\"/api/v1/logs\",http_response_status_code=\"200\",le=\"+Inf\"} 4",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
