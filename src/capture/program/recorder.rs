//! From what a program printed to records on the disk.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::logger::LevelRules;
use crate::queue::{LogQueue, QueueError};
use crate::record::{Defaults, EncodedRecord, Level, LogRecord, RecordError, Trail, keys};
use crate::sanitize::Sanitizer;

/// How many bytes of records are kept for another try when the queue does not
/// take them, as on a full disk.
const MAX_UNSTORED_BYTES: usize = 4 << 20;

/// How long a record may be in the system's cache alone.
const SYNC_AFTER: Duration = Duration::from_secs(1);

/// Sanitizes records, gives errors their breadcrumbs and appends all of it to
/// a queue. Shared by the threads that read a program's streams.
#[derive(Debug)]
pub struct Recorder {
    queue: Arc<dyn LogQueue>,
    sanitizer: Sanitizer,
    defaults: Defaults,
    on_urgent: OnUrgent,
    screenshot: Screenshot,
    /// Which levels are wanted; all of them if nobody says.
    levels: RwLock<Option<LevelRules>>,
    state: Mutex<State>,
}

/// Starts to take a screenshot, and says by which id it will be known.
struct Screenshot(Box<dyn Fn() -> Option<String> + Send + Sync>);

impl fmt::Debug for Screenshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Screenshot")
    }
}

/// Is told when an error was stored.
struct OnUrgent(Box<dyn Fn() + Send + Sync>);

impl fmt::Debug for OnUrgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnUrgent")
    }
}

#[derive(Debug, Default)]
struct State {
    trail: Trail,
    /// What the queue did not take yet.
    unstored: Vec<EncodedRecord>,
    unstored_bytes: usize,
    /// When the first record was appended that may not be on the disk yet.
    unsynced_since: Option<Instant>,
    trouble: Trouble,
}

/// What went wrong while recording; the program itself never notices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// How many records are not in the queue.
    pub lost: usize,
    /// Why the queue did not take them, as it last said.
    pub reason: Option<String>,
    /// Why something that the program printed was not passed on, and which of
    /// its streams that was; the first time that it happened.
    pub unwritten: Option<String>,
}

impl Recorder {
    /// A recorder whose records get these defaults where they say nothing
    /// themselves. The defaults are sanitized here: they go into each record
    /// after the record itself was.
    pub fn new(queue: Arc<dyn LogQueue>, sanitizer: Sanitizer, defaults: Defaults) -> Recorder {
        let defaults = sanitized(&sanitizer, defaults);
        let on_urgent = OnUrgent(Box::new(|| ()));
        Recorder {
            queue,
            sanitizer,
            defaults,
            on_urgent,
            screenshot: Screenshot(Box::new(|| None)),
            levels: RwLock::default(),
            state: Mutex::default(),
        }
    }

    /// Has this called when an error or worse was stored, such as to ship it
    /// at once. It must not block.
    #[must_use]
    pub fn on_urgent(mut self, urgent: impl Fn() + Send + Sync + 'static) -> Recorder {
        self.on_urgent = OnUrgent(Box::new(urgent));
        self
    }

    /// What records get that do not say so themselves.
    pub fn defaults(&self) -> &Defaults {
        &self.defaults
    }

    /// Has this called for each error or worse before it is stored. It starts
    /// to take a screenshot and returns the id to name it by, or `None`; it
    /// must not block.
    #[must_use]
    pub fn on_error(
        mut self,
        shoot: impl Fn() -> Option<String> + Send + Sync + 'static,
    ) -> Recorder {
        self.screenshot = Screenshot(Box::new(shoot));
        self
    }

    /// Sets which of the lines to come are recorded; `None` for all of them.
    /// What is recorded of the program itself always is.
    pub fn set_levels(&self, levels: Option<&LevelRules>) {
        *self.levels.write().unwrap_or_else(PoisonError::into_inner) = levels.cloned();
    }

    /// Whether a line of this level is wanted.
    pub(super) fn admits(&self, level: Level, logger: &str) -> bool {
        let levels = self.levels.read().unwrap_or_else(PoisonError::into_inner);
        levels
            .as_ref()
            .is_none_or(|levels| level >= levels.of(logger))
    }

    /// Records this now. What the queue does not take is tried again with the
    /// next record; see [`finish`](Recorder::finish).
    pub fn record(&self, record: LogRecord) {
        if let Ok(encoded) = self.encode(record) {
            self.store(&mut vec![encoded]);
        }
    }

    /// Makes sure that everything is on the disk, and says what is not.
    pub fn finish(&self) -> Trouble {
        self.store(&mut Vec::new());
        self.sync();
        let mut state = self.lock();
        state.trouble.lost += state.unstored.len();
        state.unstored.clear();
        state.trouble.clone()
    }

    /// Notes that something that the program printed could not be passed on.
    pub(super) fn note_unwritten(&self, stream: &str, error: &io::Error) {
        let unwritten = &mut self.lock().trouble.unwritten;
        unwritten.get_or_insert_with(|| format!("{stream}: {error}"));
    }

    #[cfg(test)]
    pub(super) fn unwritten(&self) -> Option<String> {
        self.lock().trouble.unwritten.clone()
    }

    /// When [`sync`](Recorder::sync) should be called, if nothing else comes.
    pub(super) fn sync_due(&self) -> Option<Instant> {
        self.lock().unsynced_since.map(|since| since + SYNC_AFTER)
    }

    /// Puts what was appended on the disk itself, where a power cut leaves it.
    pub(super) fn sync(&self) {
        self.lock().unsynced_since = None;
        if let Err(error) = self.queue.sync() {
            self.lock().trouble.reason = Some(error.to_string());
        }
    }

    /// Makes a record ready to be stored: clean, complete, and if it is an
    /// error with what led up to it.
    ///
    /// # Errors
    ///
    /// A record that cannot be cut to size or has a key of the wrong type.
    pub(super) fn encode(&self, mut record: LogRecord) -> Result<EncodedRecord, RecordError> {
        self.sanitizer.sanitize_record(&mut record);
        self.defaults.fill(&mut record);
        let is_error = record.level().is_some_and(|level| level >= Level::Error);
        if is_error {
            self.lock().trail.lead_to(&mut record);
            if let Some(id) = (self.screenshot.0)() {
                record.set(keys::SCREENSHOT_ID, id);
            }
        }
        let encoded = EncodedRecord::new(record)?;
        self.lock().trail.push(encoded.as_bytes());
        Ok(encoded)
    }

    /// A text without what must not be stored.
    pub(super) fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.sanitizer.sanitize_line(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(clean) => Cow::Owned(String::from_utf8_lossy(&clean).into_owned()),
        }
    }

    /// Makes a line of JSON ready to be stored whose texts are [clean
    /// ](Recorder::clean) already, and that is no error.
    pub(super) fn encode_clean(&self, line: &[u8]) -> Result<EncodedRecord, RecordError> {
        let encoded = EncodedRecord::from_json(line, &self.defaults)?;
        self.lock().trail.push(encoded.as_bytes());
        Ok(encoded)
    }

    /// Appends records, those first that the queue did not take before.
    pub(super) fn store(&self, records: &mut Vec<EncodedRecord>) {
        let mut state = self.lock();
        if !state.unstored.is_empty() {
            let mut waiting = std::mem::take(&mut state.unstored);
            state.unstored_bytes = 0;
            waiting.append(records);
            *records = waiting;
        }
        if records.is_empty() {
            return;
        }
        state.unsynced_since.get_or_insert_with(Instant::now);
        if let Err(error) = self.queue.append_all(records) {
            state.keep(records.drain(error.stored()..), &error);
        }
        drop(state);
        if records.iter().any(|record| record.level() >= Level::Error) {
            (self.on_urgent.0)();
        }
        records.clear();
    }

    /// A thread that panicked has left the state whole: it is only ever
    /// changed by calls that do not panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Keeps what the queue did not take, as far as there is room.
    fn keep(&mut self, records: impl Iterator<Item = EncodedRecord>, error: &QueueError) {
        self.trouble.reason = Some(error.to_string());
        for record in records {
            let size = record.as_bytes().len();
            if self.unstored_bytes + size > MAX_UNSTORED_BYTES {
                self.trouble.lost += 1;
                continue;
            }
            self.unstored_bytes += size;
            self.unstored.push(record);
        }
    }
}

fn sanitized(sanitizer: &Sanitizer, mut defaults: Defaults) -> Defaults {
    let mut record = LogRecord::new(defaults.level, &defaults.logger, "");
    if let Some(user) = defaults.identity.user_id.take() {
        record.set(keys::USER_ID, user);
    }
    sanitizer.sanitize_record(&mut record);
    defaults.logger = record.logger().to_owned();
    defaults.identity.user_id = record.user_id().map(str::to_owned);
    defaults
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::queue::{Drain, Limits, MemoryQueue};
    use crate::record::{Identity, MAX_BREADCRUMBS};

    fn recorder() -> (Recorder, Arc<MemoryQueue>) {
        let queue = Arc::new(MemoryQueue::new(1 << 20));
        let identity = Identity {
            install_id: "install-1".to_owned(),
            session_id: "session-1".to_owned(),
            user_id: Some("bob@example.com".to_owned()),
        };
        let defaults = Defaults {
            identity,
            level: Level::Info,
            logger: "app".to_owned(),
        };
        (
            Recorder::new(queue.clone(), Sanitizer::default(), defaults),
            queue,
        )
    }

    fn stored(queue: &MemoryQueue) -> Vec<LogRecord> {
        let mut drainer = queue.drainer().unwrap();
        let batch = drainer
            .batch(Limits {
                records: 1000,
                bytes: 1 << 20,
            })
            .unwrap();
        let records = batch.records.iter();
        records
            .map(|record| LogRecord::parse(&record.line).unwrap())
            .collect()
    }

    #[test]
    fn an_error_carries_the_twenty_records_before_it() {
        let (recorder, queue) = recorder();
        for n in 0..30 {
            recorder.record(LogRecord::new(Level::Info, "Http", &format!("request {n}")));
        }
        recorder.record(LogRecord::new(Level::Error, "Http", "failed"));
        let records = stored(&queue);
        let crumbs = records[30]
            .get(keys::BREADCRUMBS)
            .unwrap()
            .as_array()
            .unwrap();
        assert_eq!(crumbs.len(), MAX_BREADCRUMBS);
        assert_eq!(crumbs[0]["message"], "request 10");
        assert_eq!(crumbs[19]["message"], "request 29");
        assert_eq!(crumbs[19]["category"], "network");
        assert!(records[29].get(keys::BREADCRUMBS).is_none());
    }

    #[test]
    fn nothing_unsanitized_gets_through_not_even_by_the_defaults() {
        let (recorder, queue) = recorder();
        recorder.record(LogRecord::new(Level::Info, "a", "mail to bob@example.com"));
        recorder.record(LogRecord::new(
            Level::Error,
            "a",
            "password=hunter2-hunter2",
        ));
        for record in stored(&queue) {
            let line = serde_json::to_string(&record).unwrap();
            assert!(
                !line.contains("bob@") && !line.contains("hunter2"),
                "{line}"
            );
            assert_eq!(record.session_id(), Some("session-1"));
        }
    }

    #[test]
    fn a_recorder_that_lost_nothing_says_so() {
        let (recorder, _) = recorder();
        recorder.record(LogRecord::new(Level::Info, "a", "m"));
        assert_eq!(recorder.finish(), Trouble::default());
    }

    /// A queue on a disk that is full for a while.
    #[derive(Debug)]
    struct Full {
        queue: Arc<MemoryQueue>,
        is_full: AtomicBool,
    }

    impl LogQueue for Full {
        fn append_all(&self, records: &[EncodedRecord]) -> Result<(), QueueError> {
            if self.is_full.load(Ordering::Relaxed) {
                return Err(QueueError::Io {
                    action: "append to",
                    path: "log_queue.jsonl".into(),
                    source: ErrorKind::StorageFull.into(),
                });
            }
            self.queue.append_all(records)
        }

        fn sync(&self) -> Result<(), QueueError> {
            self.queue.sync()
        }

        fn drainer(&self) -> Result<Box<dyn Drain>, QueueError> {
            self.queue.drainer()
        }
    }

    #[test]
    fn what_the_queue_does_not_take_goes_before_the_next_record_or_is_counted() {
        let (plain, memory) = recorder();
        let queue = Arc::new(Full {
            queue: memory,
            is_full: AtomicBool::new(true),
        });
        let recorder = Recorder {
            queue: queue.clone(),
            ..plain
        };
        let say = |text: &str| recorder.record(LogRecord::new(Level::Info, "a", text));
        say("one");
        say("two");
        assert!(stored(&queue.queue).is_empty());
        queue.is_full.store(false, Ordering::Relaxed);
        say("three");
        let records = stored(&queue.queue);
        let messages: Vec<_> = records.iter().map(LogRecord::message).collect();
        assert_eq!(messages, ["one", "two", "three"]);
        assert_eq!(recorder.finish().lost, 0);
        queue.is_full.store(true, Ordering::Relaxed);
        say("four");
        say("five");
        let trouble = recorder.finish();
        assert_eq!(trouble.lost, 2);
        let reason = trouble.reason.unwrap();
        assert!(reason.starts_with("cannot append to"), "{reason}");
    }
}
