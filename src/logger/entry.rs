//! What a program logs with.

use std::error::Error;
use std::time::Duration;

use serde_json::Value;

use super::LogManager;
use super::levels::Threshold;
use crate::record::{Level, LogRecord, keys};

/// Makes records of one name. Cheap to clone and to ask for.
#[derive(Clone, Debug)]
pub struct Logger {
    manager: LogManager,
    name: String,
    threshold: Threshold,
}

impl Logger {
    pub(super) fn new(manager: LogManager, name: &str, threshold: Threshold) -> Logger {
        Logger {
            manager,
            name: name.to_owned(),
            threshold,
        }
    }

    /// The logger's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a record of this level would be made. One load from memory.
    pub fn is_enabled(&self, level: Level) -> bool {
        self.threshold.admits(level)
    }

    /// Starts a record; nothing is made if its level is not wanted.
    pub fn entry(&self, level: Level, message: &str) -> Entry<'_> {
        let record = self
            .is_enabled(level)
            .then(|| LogRecord::new(level, &self.name, message));
        Entry {
            manager: &self.manager,
            record,
        }
    }

    /// Starts a record of the finest detail.
    pub fn trace(&self, message: &str) -> Entry<'_> {
        self.entry(Level::Trace, message)
    }

    /// Starts a record of detail for a developer.
    pub fn debug(&self, message: &str) -> Entry<'_> {
        self.entry(Level::Debug, message)
    }

    /// Starts a record of the normal course of events.
    pub fn info(&self, message: &str) -> Entry<'_> {
        self.entry(Level::Info, message)
    }

    /// Starts a record of something unexpected, but handled.
    pub fn warning(&self, message: &str) -> Entry<'_> {
        self.entry(Level::Warning, message)
    }

    /// Starts a record of an operation that failed.
    pub fn error(&self, message: &str) -> Entry<'_> {
        self.entry(Level::Error, message)
    }

    /// Starts a record of a program that cannot go on.
    pub fn fatal(&self, message: &str) -> Entry<'_> {
        self.entry(Level::Fatal, message)
    }

    /// Logs how long something took, such as a frame, a route or a request:
    /// an info record with the attributes `metric` and `ms`.
    pub fn metric(&self, name: &str, took: Duration) {
        let ms = took.as_micros() as f64 / 1_000.0;
        self.info(name)
            .attribute("metric", name)
            .attribute("ms", ms)
            .log();
    }
}

/// A record in the making. It goes nowhere until [`Entry::log`] is called.
#[derive(Debug)]
#[must_use = "a record goes nowhere until `log` is called"]
pub struct Entry<'l> {
    manager: &'l LogManager,
    record: Option<LogRecord>,
}

impl Entry<'_> {
    /// Adds an attribute; its type survives.
    pub fn attribute(self, name: &str, value: impl Into<Value>) -> Self {
        self.change(|record| record.set_attribute(name, value))
    }

    /// Sets the error as text, its type first.
    pub fn error_text(self, text: &str) -> Self {
        self.change(|record| record.set(keys::ERROR, text))
    }

    /// Sets the error: what it says and what caused it.
    pub fn error(self, error: &(dyn Error + 'static)) -> Self {
        self.change(|record| {
            let causes = std::iter::successors(Some(error), |&error| error.source());
            let texts: Vec<String> = causes.map(ToString::to_string).collect();
            record.set(keys::ERROR, texts.join(": "));
        })
    }

    /// Sets the stack trace as text.
    pub fn stack_trace(self, text: &str) -> Self {
        self.change(|record| record.set(keys::STACK_TRACE, text))
    }

    /// Sets the trace that the record belongs to, 32 hex digits.
    pub fn trace_id(self, id: &str) -> Self {
        self.change(|record| record.set(keys::TRACE_ID, id))
    }

    /// Sets the span that the record belongs to, 16 hex digits.
    pub fn span_id(self, id: &str) -> Self {
        self.change(|record| record.set(keys::SPAN_ID, id))
    }

    /// Hands the record to the sinks.
    pub fn log(self) {
        if let Some(record) = self.record {
            self.manager.emit(record);
        }
    }

    fn change(mut self, change: impl FnOnce(&mut LogRecord)) -> Self {
        self.record.as_mut().map(change);
        self
    }
}
