//! Sanitizes records and hands them to the sinks.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::entry::Logger;
use super::levels::{self, Levels, Rules};
use super::sink::{Inside, LogSink};
use crate::record::{Level, LogRecord};
use crate::sanitize::Sanitizer;

/// Is told, in one line, what went wrong in a sink.
type OnError = Box<dyn Fn(&str) + Send + Sync>;

/// Shared by all loggers of a program. Cheap to clone.
#[derive(Clone)]
pub struct LogManager {
    shared: Arc<Shared>,
}

struct Shared {
    sanitizer: Sanitizer,
    levels: Levels,
    sinks: Vec<Arc<dyn LogSink>>,
    on_error: Option<OnError>,
}

impl LogManager {
    /// A manager to be set up: everything sanitized by the built-in rules, no
    /// level left out, no sink.
    pub fn builder() -> Builder {
        Builder {
            sanitizer: Sanitizer::default(),
            rules: Rules {
                min: Level::Trace,
                overrides: HashMap::new(),
            },
            sinks: Vec::new(),
            on_error: None,
        }
    }

    /// The logger of a name.
    pub fn logger(&self, name: &str) -> Logger {
        let threshold = self.shared.levels.of(name);
        Logger::new(self.clone(), name, threshold)
    }

    /// Changes which levels are wanted, for loggers that exist too: a least
    /// level, and others for loggers by their name.
    pub fn set_levels(&self, min: Level, overrides: &HashMap<String, Level>) {
        let overrides = overrides
            .iter()
            .map(|(name, level)| (levels::normal(name), *level));
        self.shared.levels.set(Rules {
            min,
            overrides: overrides.collect(),
        });
    }

    /// Has the levels of a server outrank those of the program, until `None`
    /// gives these back; for loggers that exist too.
    pub fn obey(&self, remote: Option<&Rules>) {
        self.shared.levels.set_remote(remote.cloned());
    }

    /// Sanitizes a record and hands it to every sink, whatever its level.
    pub fn emit(&self, record: LogRecord) {
        let Some(_inside) = Inside::enter() else {
            return;
        };
        let record = Arc::new(self.sanitized(record));
        for sink in &self.shared.sinks {
            match catch_unwind(AssertUnwindSafe(|| sink.write(&record))) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.tell(&format!("a log sink failed: {error}")),
                Err(_) => self.tell("a log sink panicked"),
            }
        }
    }

    /// Asks every sink to hand on what it holds back.
    pub fn flush(&self) {
        self.for_each_sink(|sink| sink.flush());
    }

    /// Closes every sink, each within `deadline`.
    pub fn close(&self, deadline: Duration) {
        self.for_each_sink(|sink| sink.close(deadline));
    }

    fn for_each_sink(&self, act: impl Fn(&dyn LogSink)) {
        for sink in &self.shared.sinks {
            if catch_unwind(AssertUnwindSafe(|| act(&**sink))).is_err() {
                self.tell("a log sink panicked");
            }
        }
    }

    /// A record that cannot be sanitized is not let through: what stays says
    /// that there was one.
    fn sanitized(&self, mut record: LogRecord) -> LogRecord {
        let level = record.level().unwrap_or(Level::Info);
        let clean = AssertUnwindSafe(|| {
            self.shared.sanitizer.sanitize_record(&mut record);
            record
        });
        catch_unwind(clean).unwrap_or_else(|_| {
            self.tell("a record could not be sanitized and was left out");
            LogRecord::new(level, "soliplex.logger", "[REDACTED]")
        })
    }

    fn tell(&self, problem: &str) {
        if let Some(on_error) = &self.shared.on_error {
            // There is nobody left to tell that telling failed.
            let _ = catch_unwind(AssertUnwindSafe(|| on_error(problem)));
        }
    }
}

impl fmt::Debug for LogManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogManager")
            .field("levels", &self.shared.levels)
            .field("sinks", &self.shared.sinks.len())
            .finish_non_exhaustive()
    }
}

/// Sets up a [`LogManager`].
#[must_use]
pub struct Builder {
    sanitizer: Sanitizer,
    rules: Rules,
    sinks: Vec<Arc<dyn LogSink>>,
    on_error: Option<OnError>,
}

impl Builder {
    /// Sanitizes by these rules instead of the built-in ones.
    pub fn sanitizer(mut self, sanitizer: Sanitizer) -> Builder {
        self.sanitizer = sanitizer;
        self
    }

    /// The least level that is wanted.
    pub fn min_level(mut self, level: Level) -> Builder {
        self.rules.min = level;
        self
    }

    /// The least level that is wanted of loggers of this name, as `http` for
    /// `Http`, `soliplex.http` and `http.client`.
    pub fn level_of(mut self, logger: &str, level: Level) -> Builder {
        self.rules.overrides.insert(levels::normal(logger), level);
        self
    }

    /// Adds a sink.
    pub fn sink(mut self, sink: Arc<dyn LogSink>) -> Builder {
        self.sinks.push(sink);
        self
    }

    /// Is told what goes wrong in sinks. What it logs itself is ignored.
    pub fn on_error(mut self, on_error: impl Fn(&str) + Send + Sync + 'static) -> Builder {
        self.on_error = Some(Box::new(on_error));
        self
    }

    /// The manager.
    #[must_use]
    pub fn build(self) -> LogManager {
        LogManager {
            shared: Arc::new(Shared {
                sanitizer: self.sanitizer,
                levels: Levels::new(self.rules),
                sinks: self.sinks,
                on_error: self.on_error,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logger::{MemorySink, SinkError};
    use std::sync::Mutex;

    struct Failing;

    impl LogSink for Failing {
        fn write(&self, record: &Arc<LogRecord>) -> Result<(), SinkError> {
            assert!(record.message() != "panic", "on purpose");
            Err("disk full".into())
        }
    }

    /// A sink that logs about what it does.
    struct Chatty(Mutex<Option<Logger>>);

    impl LogSink for Chatty {
        fn write(&self, _: &Arc<LogRecord>) -> Result<(), SinkError> {
            if let Some(logger) = &*self.0.lock().unwrap() {
                logger.info("wrote a record").log();
            }
            Ok(())
        }
    }

    #[test]
    fn everything_a_call_carries_reaches_the_sinks_sanitized() {
        let memory = Arc::new(MemorySink::default());
        let manager = LogManager::builder().sink(memory.clone()).build();
        let cause = std::io::Error::other("mailbox bob@example.com is gone");
        manager
            .logger("Auth")
            .error("cannot tell bob@example.com")
            .attribute("password", "hunter2")
            .attribute("count", 3)
            .error(&cause)
            .stack_trace("at f (/home/bob/app/lib/a.dart:1)")
            .trace_id("0af7651916cd43dd8448eb211c80319c")
            .span_id("b7ad6b7169203331")
            .log();
        let record = &memory.snapshot()[0];
        let text = serde_json::to_string(&**record).unwrap();
        assert!(
            !text.contains("bob@example.com") && !text.contains("hunter2"),
            "{text}"
        );
        assert_eq!(record.attribute("count").unwrap(), 3);
        assert_eq!(record.text("spanId"), Some("b7ad6b7169203331"));
        assert!(record.error().unwrap().starts_with("mailbox"));
    }

    #[test]
    fn a_failing_sink_harms_neither_the_caller_nor_the_others() {
        let memory = Arc::new(MemorySink::default());
        let problems = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&problems);
        let manager = LogManager::builder()
            .sink(Arc::new(Failing))
            .sink(memory.clone())
            .on_error(move |problem| told.lock().unwrap().push(problem.to_owned()))
            .build();
        let logger = manager.logger("Test");
        logger.info("error").log();
        logger.info("panic").log();
        assert_eq!(memory.snapshot().len(), 2);
        let problems = problems.lock().unwrap();
        assert_eq!(
            *problems,
            ["a log sink failed: disk full", "a log sink panicked"]
        );
    }

    #[test]
    fn what_a_sink_logs_does_not_come_back_to_it() {
        let chatty = Arc::new(Chatty(Mutex::new(None)));
        let memory = Arc::new(MemorySink::default());
        let manager = LogManager::builder()
            .sink(chatty.clone())
            .sink(memory.clone())
            .build();
        let logger = manager.logger("Test");
        *chatty.0.lock().unwrap() = Some(logger.clone());
        logger.info("one").log();
        logger.info("two").log();
        assert_eq!(memory.snapshot().len(), 2);
    }

    #[test]
    fn levels_that_are_not_wanted_make_no_record() {
        let memory = Arc::new(MemorySink::default());
        let manager = LogManager::builder()
            .min_level(Level::Warning)
            .level_of("http", Level::Debug)
            .sink(memory.clone())
            .build();
        manager.logger("Auth").info("no").attribute("a", 1).log();
        manager.logger("soliplex.HTTP").debug("yes").log();
        assert_eq!(memory.snapshot().len(), 1);
        manager.set_levels(Level::Info, &HashMap::new());
        assert!(manager.logger("Auth").is_enabled(Level::Info));
    }

    #[test]
    fn a_duration_becomes_a_metric_record() {
        let memory = Arc::new(MemorySink::default());
        let manager = LogManager::builder().sink(memory.clone()).build();
        manager
            .logger("Ui")
            .metric("frame", Duration::from_micros(16_700));
        let record = &memory.snapshot()[0];
        assert_eq!(record.attribute("metric").unwrap(), "frame");
        assert_eq!(record.attribute("ms").unwrap().to_string(), "16.7");
    }

    #[test]
    fn rules_of_the_programs_own_are_obeyed_besides_the_built_in_ones() {
        let memory = Arc::new(MemorySink::default());
        let mut rules = crate::sanitize::Rules::default();
        rules.add_pattern("ticket", "TCK-[0-9]{6}");
        let manager = LogManager::builder()
            .sanitizer(Sanitizer::new(rules).unwrap())
            .sink(memory.clone())
            .build();
        manager
            .logger("Desk")
            .info("bob@example.com closed TCK-201842")
            .log();
        let record = &memory.snapshot()[0];
        assert_eq!(record.message(), "[REDACTED] closed [REDACTED]");
    }

    /// A sink that keeps records back until it is flushed.
    #[derive(Default)]
    struct Buffered {
        waiting: Mutex<usize>,
        written: Mutex<usize>,
    }

    impl LogSink for Buffered {
        fn write(&self, _: &Arc<LogRecord>) -> Result<(), SinkError> {
            *self.waiting.lock().unwrap() += 1;
            Ok(())
        }

        fn flush(&self) {
            *self.written.lock().unwrap() += std::mem::take(&mut *self.waiting.lock().unwrap());
        }
    }

    #[test]
    fn a_flush_reaches_every_sink() {
        let sinks = [Arc::new(Buffered::default()), Arc::new(Buffered::default())];
        let manager = LogManager::builder()
            .sink(sinks[0].clone())
            .sink(sinks[1].clone())
            .build();
        manager.logger("Test").info("one").log();
        assert_eq!(
            sinks.each_ref().map(|sink| *sink.written.lock().unwrap()),
            [0, 0]
        );
        manager.flush();
        assert_eq!(
            sinks.each_ref().map(|sink| *sink.written.lock().unwrap()),
            [1, 1]
        );
    }
}
