//! What the server took in over the last hour, step by step, so that whoever
//! looks at it sees what led up to now.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;
use serde::Serialize;

use super::App;

/// How far two samples are apart.
pub(super) const STEP: Duration = Duration::from_secs(10);

/// How many samples are kept: those of an hour, and the one it begins with.
const CAPACITY: usize = 361;

/// Samples, oldest first.
#[derive(Debug, Default)]
pub(super) struct History(Mutex<VecDeque<Sample>>);

/// The counters since the start of the process, as they were at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sample {
    /// The server's clock, in milliseconds since 1970.
    pub(super) at: i64,
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    pub(super) rejected: u64,
    pub(super) rate_limited: u64,
    /// How many records wait to be forwarded; `None` without forwarding.
    pub(super) backlog: Option<u64>,
}

impl Sample {
    /// The counters as they are now.
    pub(super) fn of(app: &App) -> Sample {
        let metrics = &app.metrics;
        let forward = app.forward.as_ref();
        Sample {
            at: Utc::now().timestamp_millis(),
            accepted: metrics.accepted.load(Ordering::Relaxed),
            duplicates: metrics.duplicates.load(Ordering::Relaxed),
            rejected: metrics.rejected.load(Ordering::Relaxed),
            rate_limited: metrics.rate_limited.load(Ordering::Relaxed),
            backlog: forward.map(|forward| forward.backlog(&*app.store)),
        }
    }
}

impl History {
    /// What was sampled in the last hour.
    pub(super) fn samples(&self) -> Vec<Sample> {
        let samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        samples.iter().copied().collect()
    }

    fn push(&self, sample: Sample) {
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.len() == CAPACITY {
            samples.pop_front();
        }
        samples.push_back(sample);
    }
}

/// Takes a sample every so often, until the server is told to stop.
pub(super) async fn run(app: Arc<App>) {
    loop {
        app.history.push(Sample::of(&app));
        tokio::select! {
            () = tokio::time::sleep(STEP) => {}
            () = app.shutdown.cancelled() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_kept_and_no_more() {
        let history = History::default();
        for at in 0..1000 {
            history.push(Sample {
                at,
                ..Sample::default()
            });
        }
        let samples = history.samples();
        assert_eq!(samples.len(), 361);
        assert_eq!((samples[0].at, samples[360].at), (639, 999));
    }
}
