//! How long a program takes until it is of use.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use regex::Regex;

use super::recorder::Recorder;
use crate::record::{Level, LogRecord};

/// Measures the time to the first line, or to the first that says the program
/// is ready, once.
pub(super) struct ColdStart {
    ready: Option<Regex>,
    started: Instant,
    is_done: AtomicBool,
}

impl ColdStart {
    /// Starts the clock.
    pub(super) fn new(ready: Option<Regex>) -> ColdStart {
        ColdStart {
            ready,
            started: Instant::now(),
            is_done: AtomicBool::new(false),
        }
    }

    /// Measures nothing.
    #[cfg(test)]
    pub(super) fn none() -> ColdStart {
        ColdStart {
            is_done: AtomicBool::new(true),
            ..ColdStart::new(None)
        }
    }

    /// Looks at a line, and records `{"metric":"cold_start","ms":…}` if it is
    /// the one.
    pub(super) fn line(&self, line: &str, recorder: &Recorder) {
        if self.is_done.load(Ordering::Relaxed) {
            return;
        }
        let is_ready = self.ready.as_ref().is_none_or(|ready| ready.is_match(line));
        if is_ready && !self.is_done.swap(true, Ordering::Relaxed) {
            let ms = self.started.elapsed().as_millis() as u64;
            recorder.record(
                LogRecord::new(Level::Info, "App", "cold_start")
                    .with_attribute("metric", "cold_start")
                    .with_attribute("ms", ms),
            );
        }
    }
}
