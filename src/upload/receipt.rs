//! What an upload came to, in numbers.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;

/// How many of the latest requests a receipt lists; the sums cover all.
const MAX_LISTED: usize = 10_000;

/// The account of an upload.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Receipt {
    /// Records that went out in a request that was answered with 2xx, each
    /// counted once.
    pub sent: u64,
    /// Of these, the records that the server took in.
    pub accepted: u64,
    /// Of these, the records that the server says it had already.
    pub duplicates: u64,
    /// Records that the server named as refused.
    pub rejected: u64,
    /// Records that were moved to the dead letters, the rejected included.
    pub dead_lettered: u64,
    /// Requests that were answered with 2xx.
    pub batches: u64,
    /// All requests, also those that got no connection.
    pub attempts: u64,
    /// Of these, those that got none: nothing has left this machine.
    pub unconnected: u64,
    /// Bytes of the bodies of all requests that got a connection.
    pub bytes: u64,
    /// How long answered requests took, over those that are listed.
    #[serde(flatten)]
    pub latency: Latency,
    /// The latest requests, oldest first; at most 10,000.
    pub requests: VecDeque<Attempt>,
}

/// How long requests took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Half of them were at most this long.
    pub latency_ms_p50: f64,
    /// 99 of 100 were at most this long.
    pub latency_ms_p99: f64,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attempt {
    /// How many records it carried.
    pub records: usize,
    /// The size of its body.
    pub bytes: usize,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// Whether it got a connection; without one it has not left this machine.
    pub connected: bool,
    /// How long it took to the end of the answer, in milliseconds.
    pub ms: f64,
    /// What was wrong; empty if nothing was.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trouble: String,
}

impl Receipt {
    /// Adds a request to the sums and the list.
    pub(super) fn record(&mut self, attempt: Attempt) {
        self.attempts += 1;
        match attempt.connected {
            true => self.bytes += attempt.bytes as u64,
            false => self.unconnected += 1,
        }
        if self.requests.len() == MAX_LISTED {
            self.requests.pop_front();
        }
        self.requests.push_back(attempt);
    }

    /// Works out what is derived from the list.
    pub(super) fn finish(&mut self) {
        let answered = self
            .requests
            .iter()
            .filter(|attempt| attempt.status.is_some());
        let mut times: Vec<f64> = answered.map(|attempt| attempt.ms).collect();
        times.sort_by(f64::total_cmp);
        self.latency = Latency {
            latency_ms_p50: percentile(&times, 50),
            latency_ms_p99: percentile(&times, 99),
        };
    }
}

/// The nearest-rank percentile of sorted values; 0 of none.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// A duration in milliseconds, to the microsecond.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(percentile(&values, 50), 100.0);
        assert_eq!(percentile(&values, 99), 198.0);
        assert_eq!(percentile(&values[..1], 99), 1.0);
        assert_eq!(percentile(&[], 50), 0.0);
    }

    #[test]
    fn the_list_is_bounded_and_the_sums_are_not() {
        let mut receipt = Receipt::default();
        for _ in 0..MAX_LISTED + 5 {
            receipt.record(Attempt {
                records: 1,
                bytes: 2,
                status: Some(200),
                connected: true,
                ms: 3.0,
                trouble: String::new(),
            });
        }
        receipt.finish();
        assert_eq!(receipt.requests.len(), MAX_LISTED);
        assert_eq!(receipt.bytes, 2 * (MAX_LISTED as u64 + 5));
        assert_eq!(receipt.latency.latency_ms_p99, 3.0);
    }
}
