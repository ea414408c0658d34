//! The queue for places without a disk.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::QueueError;
use super::batch::{
    Batch, Confirmed, DeadLetter, Drain, Limits, LogQueue, QueuedRecord, RecordRef, Token,
};
use super::meta::{Dropped, Position};
use super::rotate::{Drops, is_fatal};
use crate::record::EncodedRecord;

/// A queue in memory: the same interface, gone with the process.
///
/// It holds at most so many bytes of records. When it is full, the oldest
/// records that are not fatal are dropped, then the oldest fatal ones; they are
/// counted, and one record tells how many they were.
#[derive(Clone, Debug)]
pub struct MemoryQueue {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    max_bytes: usize,
    records: VecDeque<Held>,
    bytes: usize,
    /// The number of the next record.
    next: u64,
    dropped: Dropped,
    dead_letters: Vec<Vec<u8>>,
    has_drainer: bool,
}

/// A record and its number, by which it is confirmed.
#[derive(Debug)]
struct Held {
    number: u64,
    line: Vec<u8>,
}

impl MemoryQueue {
    /// An empty queue that holds at most `max_bytes` of records.
    pub fn new(max_bytes: usize) -> MemoryQueue {
        let shared = Shared {
            max_bytes,
            records: VecDeque::new(),
            bytes: 0,
            next: 1,
            dropped: Dropped::default(),
            dead_letters: Vec::new(),
            has_drainer: false,
        };
        MemoryQueue {
            shared: Arc::new(Mutex::new(shared)),
        }
    }

    /// How many records wait.
    pub fn pending(&self) -> usize {
        lock(&self.shared).records.len()
    }

    /// What was lost for want of room.
    pub fn dropped(&self) -> Dropped {
        lock(&self.shared).dropped
    }

    /// The lines that were moved aside as dead letters, oldest first.
    pub fn dead_letters(&self) -> Vec<Vec<u8>> {
        lock(&self.shared).dead_letters.clone()
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LogQueue for MemoryQueue {
    fn append_all(&self, records: &[EncodedRecord]) -> Result<(), QueueError> {
        let mut shared = lock(&self.shared);
        for record in records {
            shared.push(record.as_bytes().to_vec())?;
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), QueueError> {
        Ok(())
    }

    fn drainer(&self) -> Result<Box<dyn Drain>, QueueError> {
        let mut shared = lock(&self.shared);
        if shared.has_drainer {
            return Err(QueueError::Busy {
                path: PathBuf::from("memory:"),
                holder: "drainer",
                waited: Duration::ZERO,
            });
        }
        shared.has_drainer = true;
        Ok(Box::new(MemoryDrainer(self.shared.clone())))
    }
}

impl Shared {
    fn push(&mut self, line: Vec<u8>) -> Result<(), QueueError> {
        if !self.records.is_empty() && self.bytes + line.len() > self.max_bytes {
            self.make_room(line.len())?;
        }
        self.bytes += line.len();
        let number = self.next;
        self.next += 1;
        self.records.push_back(Held { number, line });
        Ok(())
    }

    /// Drops until a quarter more than is needed is free, and leaves a notice
    /// in front, under the number of a record it stands for.
    fn make_room(&mut self, needed: usize) -> Result<(), QueueError> {
        let goal = (self.max_bytes - self.max_bytes / 4).saturating_sub(needed);
        let mut drops = Drops::default();
        let mut number = 0;
        let mut fatal = VecDeque::new();
        while self.bytes > goal {
            let (held, is_last_resort) = match self.records.pop_front() {
                Some(held) => (held, false),
                None => match fatal.pop_front() {
                    Some(held) => (held, true),
                    None => break,
                },
            };
            if !is_last_resort && is_fatal(&held.line) {
                fatal.push_back(held);
                continue;
            }
            self.bytes -= held.line.len();
            self.dropped.fatal += u64::from(is_last_resort);
            let bytes = held.line.len() as u64;
            drops.add(held.line, bytes);
            number = held.number.max(number);
        }
        let dropped = drops.dropped();
        self.dropped.records += dropped.records;
        self.dropped.bytes += dropped.bytes;
        // In order of their numbers, so that a token means the same as before.
        for held in fatal.into_iter().rev() {
            self.records.push_front(held);
        }
        let mut line = drops.notice()?;
        if line.pop().is_some() {
            self.bytes += line.len();
            let at = self.records.partition_point(|held| held.number < number);
            self.records.insert(at, Held { number, line });
        }
        Ok(())
    }
}

/// Takes records out of a [`MemoryQueue`].
#[derive(Debug)]
struct MemoryDrainer(Arc<Mutex<Shared>>);

impl Drop for MemoryDrainer {
    fn drop(&mut self) {
        lock(&self.0).has_drainer = false;
    }
}

impl Drain for MemoryDrainer {
    fn batch(&mut self, limits: Limits) -> Result<Batch, QueueError> {
        self.batch_after(&token(0), limits)
    }

    fn batch_after(&mut self, after: &Token, limits: Limits) -> Result<Batch, QueueError> {
        let shared = lock(&self.0);
        let mut batch = Batch {
            records: Vec::new(),
            damage: Vec::new(),
            start: *after,
            end: *after,
        };
        let mut bytes = 0;
        let pending = shared.records.iter();
        for held in pending.filter(|held| held.number > after.position.records) {
            if !limits.admit(batch.records.len(), bytes, held.line.len()) {
                break;
            }
            bytes += held.line.len();
            batch.end = token(held.number);
            batch.records.push(QueuedRecord {
                line: held.line.clone(),
                reference: RecordRef {
                    generation: 0,
                    start: held.number,
                    end: held.number,
                },
                end: batch.end,
            });
        }
        Ok(batch)
    }

    fn confirm(&mut self, token: &Token) -> Result<Confirmed, QueueError> {
        let mut shared = lock(&self.0);
        shared.retain(|number| number > token.position.records);
        Ok(Confirmed::Done)
    }

    fn confirm_some(
        &mut self,
        until: &Token,
        taken: &[RecordRef],
    ) -> Result<Confirmed, QueueError> {
        let mut shared = lock(&self.0);
        shared.retain(|number| {
            number > until.position.records
                || taken
                    .binary_search_by_key(&number, |record| record.start)
                    .is_err()
        });
        Ok(Confirmed::Done)
    }

    fn dead_letter(&mut self, letters: &[DeadLetter<'_>]) -> Result<(), QueueError> {
        let lines = letters.iter().map(DeadLetter::to_line);
        lock(&self.0).dead_letters.extend(lines);
        Ok(())
    }

    fn dropped(&mut self) -> Result<Dropped, QueueError> {
        Ok(lock(&self.0).dropped)
    }
}

impl Shared {
    fn retain(&mut self, stays: impl Fn(u64) -> bool) {
        self.records.retain(|held| stays(held.number));
        self.bytes = self.records.iter().map(|held| held.line.len()).sum();
    }
}

fn token(number: u64) -> Token {
    Token {
        generation: 0,
        position: Position {
            bytes: number,
            records: number,
            damaged: 0,
        },
    }
}
