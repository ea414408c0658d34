//! What a user feels of a program's speed, as `info` records with the
//! attributes `metric` and `ms`: cold start, slow frames, routes, requests.
//!
//! ```no_run
//! use std::time::Duration;
//! use soliplex::logger::LogManager;
//! use soliplex::rum::{ColdStart, FrameTimer, Routes};
//!
//! let cold_start = ColdStart::begin();
//! let manager = LogManager::builder().build();
//! let logger = manager.logger("Rum");
//! // … the first frame is on the screen …
//! cold_start.finish(&logger);
//! let mut frames = FrameTimer::new(&logger);
//! frames.frame(Duration::from_millis(40));
//! let mut routes = Routes::new(&logger);
//! routes.push("/rooms/7").shown();
//! routes.pop();
//! ```

use std::time::{Duration, Instant};

use crate::logger::Logger;

/// How long a frame may take at 60 frames a second: 16 ms.
pub const SLOW_FRAME: Duration = Duration::from_millis(16);

/// The time from the start of a program to its first frame.
#[derive(Clone, Copy, Debug)]
pub struct ColdStart(Instant);

impl ColdStart {
    /// Starts the clock; call it first thing in `main`.
    pub fn begin() -> ColdStart {
        ColdStart(Instant::now())
    }

    /// Logs `cold_start`.
    pub fn finish(self, logger: &Logger) {
        logger.metric("cold_start", self.0.elapsed());
    }
}

/// Logs the frames that took too long, and counts all of them.
#[derive(Debug)]
pub struct FrameTimer<'a> {
    logger: &'a Logger,
    threshold: Duration,
    frames: u64,
    slow: u64,
}

impl<'a> FrameTimer<'a> {
    /// A timer for frames of at most [`SLOW_FRAME`].
    pub fn new(logger: &'a Logger) -> FrameTimer<'a> {
        FrameTimer::with_threshold(logger, SLOW_FRAME)
    }

    /// A timer for frames of another length, as on a display of 120 Hz.
    pub fn with_threshold(logger: &'a Logger, threshold: Duration) -> FrameTimer<'a> {
        FrameTimer {
            logger,
            threshold,
            frames: 0,
            slow: 0,
        }
    }

    /// Takes note of how long a frame took; logs `slow_frame` if that is over
    /// the threshold, with the numbers of frames and of slow ones so far.
    pub fn frame(&mut self, took: Duration) {
        self.frames += 1;
        if took <= self.threshold {
            return;
        }
        self.slow += 1;
        self.logger
            .info("slow_frame")
            .attribute("metric", "slow_frame")
            .attribute("ms", milliseconds(took))
            .attribute("frames", self.frames)
            .attribute("slow", self.slow)
            .log();
    }
}

/// Logs the way of a user through the screens of a program.
#[derive(Debug)]
pub struct Routes<'a> {
    logger: &'a Logger,
    stack: Vec<(String, Instant)>,
}

impl<'a> Routes<'a> {
    /// A program that shows nothing yet.
    pub fn new(logger: &'a Logger) -> Routes<'a> {
        Routes {
            logger,
            stack: Vec::new(),
        }
    }

    /// Goes to a screen. What comes back logs how long that took, as
    /// `route_push`, when the screen is [shown](Transition::shown).
    pub fn push(&mut self, route: &str) -> Transition<'a> {
        let started = Instant::now();
        self.stack.push((route.to_owned(), started));
        Transition {
            logger: self.logger,
            route: route.to_owned(),
            started,
        }
    }

    /// Goes back. Logs how long the user was on the screen, as `route_pop`.
    pub fn pop(&mut self) {
        if let Some((route, since)) = self.stack.pop() {
            log_route(self.logger, "route_pop", &route, since.elapsed());
        }
    }

    /// The screen that the user is on.
    pub fn current(&self) -> Option<&str> {
        self.stack.last().map(|(route, _)| route.as_str())
    }
}

/// A screen that is on its way.
#[derive(Debug)]
#[must_use = "the transition is logged when the screen is shown"]
pub struct Transition<'a> {
    logger: &'a Logger,
    route: String,
    started: Instant,
}

impl Transition<'_> {
    /// The screen is there.
    pub fn shown(self) {
        log_route(
            self.logger,
            "route_push",
            &self.route,
            self.started.elapsed(),
        );
    }
}

/// Logs how long a request took, as `http_request`. `target` is the path; what
/// is secret in it is redacted like everywhere else. `status` is `None` for a
/// request that got no answer.
pub fn http_request(
    logger: &Logger,
    method: &str,
    target: &str,
    status: Option<u16>,
    took: Duration,
) {
    let entry = logger
        .info(&format!("{method} {target}"))
        .attribute("metric", "http_request")
        .attribute("ms", milliseconds(took))
        .attribute("method", method)
        .attribute("path", target);
    match status {
        Some(status) => entry.attribute("status", status).log(),
        None => entry.log(),
    }
}

fn log_route(logger: &Logger, metric: &str, route: &str, took: Duration) {
    logger
        .info(&format!("{metric} {route}"))
        .attribute("metric", metric)
        .attribute("ms", milliseconds(took))
        .attribute("route", route)
        .attribute("breadcrumb_category", "ui")
        .log();
}

fn milliseconds(took: Duration) -> f64 {
    took.as_micros() as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::logger::{LogManager, MemorySink};
    use crate::record::{Level, LogRecord};

    fn logged(act: impl FnOnce(&Logger)) -> Vec<LogRecord> {
        let memory = Arc::new(MemorySink::default());
        let manager = LogManager::builder().sink(memory.clone()).build();
        act(&manager.logger("Rum"));
        memory
            .last(100)
            .iter()
            .map(|record| LogRecord::clone(record))
            .collect()
    }

    fn metric(record: &LogRecord) -> (&str, f64) {
        let text = record.attribute("metric").and_then(|value| value.as_str());
        let ms = record.attribute("ms").and_then(|value| value.as_f64());
        (text.unwrap(), ms.unwrap())
    }

    #[test]
    fn only_frames_over_sixteen_milliseconds_are_logged() {
        let records = logged(|logger| {
            let mut frames = FrameTimer::new(logger);
            for ms in [5, 16, 17, 40] {
                frames.frame(Duration::from_millis(ms));
            }
        });
        assert_eq!(records.len(), 2);
        assert_eq!(metric(&records[0]), ("slow_frame", 17.0));
        assert_eq!(records[1].attribute("slow").unwrap(), 2);
        assert_eq!(records[1].attribute("frames").unwrap(), 4);
        assert_eq!(records[0].level(), Some(Level::Info));
    }

    #[test]
    fn routes_are_logged_on_the_way_there_and_back() {
        let records = logged(|logger| {
            let mut routes = Routes::new(logger);
            routes.push("/").shown();
            routes.push("/rooms").shown();
            assert_eq!(routes.current(), Some("/rooms"));
            routes.pop();
            routes.pop();
            routes.pop();
        });
        let said: Vec<_> = records
            .iter()
            .map(|record| record.message().into_owned())
            .collect();
        assert_eq!(
            said,
            [
                "route_push /",
                "route_push /rooms",
                "route_pop /rooms",
                "route_pop /"
            ]
        );
        assert_eq!(records[2].attribute("route").unwrap(), "/rooms");
    }

    #[test]
    fn a_cold_start_and_a_request_have_the_plans_shape() {
        let records = logged(|logger| {
            ColdStart::begin().finish(logger);
            http_request(
                logger,
                "GET",
                "/rooms",
                Some(200),
                Duration::from_millis(84),
            );
            http_request(logger, "GET", "/rooms", None, Duration::from_secs(30));
        });
        assert_eq!(metric(&records[0]).0, "cold_start");
        assert_eq!(metric(&records[1]), ("http_request", 84.0));
        assert_eq!(records[1].attribute("status").unwrap(), 200);
        assert!(records[2].attribute("status").is_none());
    }
}
