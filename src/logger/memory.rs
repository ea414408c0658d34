//! The latest records, in memory.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::sink::{LogSink, SinkError};
use crate::record::LogRecord;

/// How many records are kept unless said otherwise.
const DEFAULT_CAPACITY: usize = 2_000;

/// How many records may wait for a slow subscriber.
const SUBSCRIPTION_CAPACITY: usize = 1_024;

/// Keeps the latest records, for a screen in the app and for breadcrumbs.
#[derive(Debug)]
pub struct MemorySink {
    capacity: usize,
    ring: Mutex<Ring>,
}

/// New records as they come. A subscriber that falls behind by 1,024 records
/// misses those that come then.
pub type Subscription = Receiver<Arc<LogRecord>>;

#[derive(Debug, Default)]
struct Ring {
    records: VecDeque<Arc<LogRecord>>,
    subscribers: Vec<SyncSender<Arc<LogRecord>>>,
}

impl Default for MemorySink {
    /// Keeps 2,000 records.
    fn default() -> MemorySink {
        MemorySink::new(DEFAULT_CAPACITY)
    }
}

impl MemorySink {
    /// Keeps `capacity` records.
    pub fn new(capacity: usize) -> MemorySink {
        MemorySink {
            capacity,
            ring: Mutex::default(),
        }
    }

    /// The records, oldest first.
    pub fn snapshot(&self) -> Vec<Arc<LogRecord>> {
        self.last(usize::MAX)
    }

    /// The latest `count` records, oldest first.
    pub fn last(&self, count: usize) -> Vec<Arc<LogRecord>> {
        let ring = self.lock();
        let skipped = ring.records.len().saturating_sub(count);
        ring.records.iter().skip(skipped).cloned().collect()
    }

    /// The records from now on, until the subscription is dropped.
    pub fn subscribe(&self) -> Subscription {
        let (sender, receiver) = sync_channel(SUBSCRIPTION_CAPACITY);
        self.lock().subscribers.push(sender);
        receiver
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogSink for MemorySink {
    fn write(&self, record: &Arc<LogRecord>) -> Result<(), SinkError> {
        let mut ring = self.lock();
        ring.subscribers.retain(|subscriber| {
            !matches!(
                subscriber.try_send(Arc::clone(record)),
                Err(TrySendError::Disconnected(_))
            )
        });
        ring.records.push_back(Arc::clone(record));
        if ring.records.len() > self.capacity {
            ring.records.pop_front();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Level;

    fn write(sink: &MemorySink, n: usize) {
        let record = LogRecord::new(Level::Info, "Test", &n.to_string());
        sink.write(&Arc::new(record)).unwrap();
    }

    #[test]
    fn the_oldest_records_make_room() {
        let sink = MemorySink::new(3);
        (0..5).for_each(|n| write(&sink, n));
        let messages: Vec<String> = sink
            .snapshot()
            .iter()
            .map(|record| record.message().into_owned())
            .collect();
        assert_eq!(messages, ["2", "3", "4"]);
        assert_eq!(sink.last(1)[0].message(), "4");
    }

    #[test]
    fn a_subscriber_sees_what_comes_and_may_be_slow_or_gone() {
        let sink = MemorySink::new(3);
        write(&sink, 0);
        let subscription = sink.subscribe();
        drop(sink.subscribe());
        (1..=SUBSCRIPTION_CAPACITY + 5).for_each(|n| write(&sink, n));
        assert_eq!(subscription.recv().unwrap().message(), "1");
        assert_eq!(subscription.try_iter().count(), SUBSCRIPTION_CAPACITY - 1);
        assert_eq!(sink.lock().subscribers.len(), 1);
    }
}
