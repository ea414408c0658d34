//! A queue as a backlog.

use std::collections::VecDeque;

use serde::Serialize;

use super::backlog::{Backlog, BacklogError, Letter};
use crate::queue::{Batch, Damage, DeadLetter, Drain, Limits, Token};
use crate::record;

/// Of how many of the latest batches a part may be confirmed. No more are under
/// way at once, so of older ones only the end is kept: what is through but not
/// confirmed yet takes no room.
const DIVISIBLE: usize = 32;

/// Drains a queue: reads ahead of what is confirmed, and turns counts of
/// records into the queue's tokens.
#[derive(Debug)]
pub struct QueueBacklog {
    drain: Box<dyn Drain>,
    /// What was handed out and is not confirmed, without the lines.
    handed_out: VecDeque<HandedOut>,
    /// How many records of the first of these are confirmed.
    confirmed: usize,
    end: Option<Token>,
    damage: PassedOver,
}

/// What stood between records and is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// How many lines were no record as they stood.
    pub damaged: u64,
    /// How many whole records could be read out of these all the same.
    pub salvaged: u64,
}

impl PassedOver {
    /// Adds a stretch of damage.
    pub fn add(&mut self, damage: &Damage) {
        self.damaged += 1;
        self.salvaged += damage.salvaged as u64;
    }
}

#[derive(Debug)]
struct HandedOut {
    records: usize,
    end: Token,
    /// Where its records stand; `None` for an old one.
    batch: Option<Batch>,
}

impl QueueBacklog {
    /// A backlog of everything that the drainer has not confirmed.
    pub fn new(drain: Box<dyn Drain>) -> QueueBacklog {
        QueueBacklog {
            drain,
            handed_out: VecDeque::new(),
            confirmed: 0,
            end: None,
            damage: PassedOver::default(),
        }
    }

    /// What stood between the records that were handed out. What stands behind
    /// the last of them is not in it: that is looked at again when more come.
    pub fn passed_over(&self) -> PassedOver {
        self.damage
    }
}

impl Backlog for QueueBacklog {
    fn next(&mut self, records: usize, bytes: usize) -> Result<Vec<Vec<u8>>, BacklogError> {
        let limits = Limits { records, bytes };
        let mut batch = match &self.end {
            Some(end) => self.drain.batch_after(end, limits)?,
            None => self.drain.batch(limits)?,
        };
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        batch
            .damage
            .iter()
            .for_each(|damage| self.damage.add(damage));
        let lines = batch
            .records
            .iter_mut()
            .map(|record| std::mem::take(&mut record.line))
            .collect();
        let end = batch.token();
        self.end = Some(end);
        self.handed_out.push_back(HandedOut {
            records: batch.records.len(),
            end,
            batch: Some(batch),
        });
        if let Some(index) = self.handed_out.len().checked_sub(DIVISIBLE + 1) {
            self.handed_out[index].batch = None;
        }
        Ok(lines)
    }

    fn confirm(&mut self, records: usize) -> Result<(), BacklogError> {
        let mut token = None;
        let mut whole = 0;
        let mut left = self.confirmed + records;
        for batch in &self.handed_out {
            if left < batch.records {
                let lines = batch.batch.as_ref().filter(|_| left > 0);
                token = lines.map(|lines| lines.token_after(left)).or(token);
                break;
            }
            left -= batch.records;
            token = Some(batch.end);
            whole += 1;
        }
        if let Some(token) = token {
            // A token that no longer holds leaves the records in the queue:
            // they are sent again, which their ids make harmless.
            self.drain.confirm(&token)?;
        }
        // Only now: what failed is asked for again, with the same count.
        self.handed_out.drain(..whole);
        self.confirmed = left;
        Ok(())
    }

    fn bury(&mut self, letters: &[Letter]) -> Result<(), BacklogError> {
        let time = record::now();
        let letters: Vec<DeadLetter<'_>> = letters
            .iter()
            .map(|letter| DeadLetter {
                line: &letter.line,
                status: letter.status,
                reason: &letter.reason,
                time: &time,
            })
            .collect();
        Ok(self.drain.dead_letter(&letters)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::{
        Confirmed, Dropped, LogQueue, MemoryQueue, Options, Queue, QueueError, RecordRef,
    };
    use crate::record::{EncodedRecord, Level, LogRecord};

    fn append(queue: &dyn LogQueue, numbers: std::ops::Range<usize>) {
        for n in numbers {
            let record = LogRecord::new(Level::Info, "Test", &n.to_string());
            queue.append(&EncodedRecord::new(record).unwrap()).unwrap();
        }
    }

    fn messages(lines: &[Vec<u8>]) -> Vec<String> {
        let records = lines.iter().map(|line| LogRecord::parse(line).unwrap());
        records
            .map(|record| record.message().into_owned())
            .collect()
    }

    /// Reads three batches ahead, confirms across their borders, and has the
    /// next drainer find what is left.
    fn confirms_by_count(queue: &dyn LogQueue) {
        append(queue, 0..10);
        let mut backlog = QueueBacklog::new(queue.drainer().unwrap());
        let mut next = || messages(&backlog.next(4, 1 << 20).unwrap());
        assert_eq!(next(), ["0", "1", "2", "3"]);
        assert_eq!(next(), ["4", "5", "6", "7"]);
        assert_eq!(next(), ["8", "9"]);
        assert!(next().is_empty());
        backlog.confirm(3).unwrap();
        backlog.confirm(2).unwrap();
        let letter = Letter {
            line: br#"{"n":5}"#.to_vec(),
            status: Some(422),
            reason: "no".to_owned(),
        };
        backlog.bury(&[letter]).unwrap();
        backlog.confirm(1).unwrap();
        append(queue, 10..11);
        assert_eq!(messages(&backlog.next(4, 1 << 20).unwrap()), ["10"]);
        drop(backlog);
        let mut backlog = QueueBacklog::new(queue.drainer().unwrap());
        let left = messages(&backlog.next(100, 1 << 20).unwrap());
        assert_eq!(left, ["6", "7", "8", "9", "10"]);
    }

    /// A drain that cannot confirm the first time, as on a full disk.
    #[derive(Debug)]
    struct FullOnce(Box<dyn Drain>, bool);

    impl Drain for FullOnce {
        fn batch(&mut self, limits: Limits) -> Result<Batch, QueueError> {
            self.0.batch(limits)
        }

        fn batch_after(&mut self, token: &Token, limits: Limits) -> Result<Batch, QueueError> {
            self.0.batch_after(token, limits)
        }

        fn confirm(&mut self, token: &Token) -> Result<Confirmed, QueueError> {
            if std::mem::replace(&mut self.1, false) {
                return Err(QueueError::Missing("full".into()));
            }
            self.0.confirm(token)
        }

        fn confirm_some(
            &mut self,
            until: &Token,
            taken: &[RecordRef],
        ) -> Result<Confirmed, QueueError> {
            self.0.confirm_some(until, taken)
        }

        fn dead_letter(&mut self, letters: &[DeadLetter<'_>]) -> Result<(), QueueError> {
            self.0.dead_letter(letters)
        }

        fn dropped(&mut self) -> Result<Dropped, QueueError> {
            self.0.dropped()
        }
    }

    #[test]
    fn a_confirmation_that_failed_confirms_no_more_the_second_time() {
        let queue = MemoryQueue::new(1 << 20);
        append(&queue, 0..10);
        let mut backlog = QueueBacklog::new(Box::new(FullOnce(queue.drainer().unwrap(), true)));
        for _ in 0..3 {
            backlog.next(3, 1 << 20).unwrap();
        }
        backlog.confirm(4).unwrap_err();
        backlog.confirm(4).unwrap();
        drop(backlog);
        let mut backlog = QueueBacklog::new(queue.drainer().unwrap());
        let left = messages(&backlog.next(100, 1 << 20).unwrap());
        assert_eq!(left, ["4", "5", "6", "7", "8", "9"]);
    }

    #[test]
    fn counts_become_tokens_on_disk_and_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        confirms_by_count(&Queue::open(folder.path(), Options::default()).unwrap());
        let letters = std::fs::read_to_string(folder.path().join("dead_letter.jsonl")).unwrap();
        assert!(
            letters.starts_with(r#"{"record":{"n":5},"status":422,"reason":"no""#),
            "{letters}"
        );
        confirms_by_count(&MemoryQueue::new(1 << 20));
    }
}
