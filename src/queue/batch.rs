//! What every queue offers, on disk or in memory, and what comes out of one.

use std::fmt::Debug;

use serde::{Serialize, Serializer};

use super::line::DamageKind;
use super::{Dropped, QueueError};
use crate::record::EncodedRecord;

/// A queue of records: many append, one drains.
pub trait LogQueue: Debug + Send + Sync {
    /// Appends one record.
    ///
    /// When this returns, the record outlives the death of this process; a
    /// fatal record outlives a loss of power too.
    ///
    /// # Errors
    ///
    /// The record is not stored, unless [`QueueError::stored`] says that it is
    /// and only making it durable failed.
    fn append(&self, record: &EncodedRecord) -> Result<(), QueueError> {
        self.append_all(std::slice::from_ref(record))
    }

    /// Appends records in order, at the price of a few writes.
    ///
    /// # Errors
    ///
    /// The first [`QueueError::stored`] records are stored, the rest is not.
    fn append_all(&self, records: &[EncodedRecord]) -> Result<(), QueueError>;

    /// Makes everything this handle has appended outlive a loss of power.
    ///
    /// # Errors
    ///
    /// The records are stored, but may not outlive a loss of power.
    fn sync(&self) -> Result<(), QueueError>;

    /// Starts draining. There is one drainer at a time.
    ///
    /// # Errors
    ///
    /// [`QueueError::Busy`] within a second if there is another one.
    fn drainer(&self) -> Result<Box<dyn Drain>, QueueError>;
}

/// The one that takes records out of a queue.
///
/// Reading and confirming are apart: a record is taken out when it is
/// confirmed and comes again until then.
pub trait Drain: Debug + Send {
    /// The oldest records that are not confirmed.
    ///
    /// # Errors
    ///
    /// Nothing is taken out.
    fn batch(&mut self, limits: Limits) -> Result<Batch, QueueError>;

    /// The records behind a token, whether or not those before it are
    /// confirmed. From the oldest one if the token no longer holds.
    ///
    /// # Errors
    ///
    /// Nothing is taken out.
    fn batch_after(&mut self, token: &Token, limits: Limits) -> Result<Batch, QueueError>;

    /// Takes out every record before a token, durably. Confirming what is
    /// already confirmed does nothing.
    ///
    /// # Errors
    ///
    /// The records come again.
    fn confirm(&mut self, token: &Token) -> Result<Confirmed, QueueError>;

    /// Takes out the records in `taken`, which come before `until` and are in
    /// the order in which they were read, and leaves the others as they stand.
    /// This rewrites the queue, so do it once rather than for each batch.
    ///
    /// # Errors
    ///
    /// The records come again.
    fn confirm_some(&mut self, until: &Token, taken: &[RecordRef])
    -> Result<Confirmed, QueueError>;

    /// Keeps records that the server will never take, durably. Confirm them
    /// afterwards.
    ///
    /// # Errors
    ///
    /// None of them is kept.
    fn dead_letter(&mut self, letters: &[DeadLetter<'_>]) -> Result<(), QueueError>;

    /// What the queue has lost since it began.
    ///
    /// # Errors
    ///
    /// The queue's state cannot be read.
    fn dropped(&mut self) -> Result<Dropped, QueueError>;
}

/// How much a batch may hold. There is always one record in it, if there is
/// one in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most records.
    pub records: usize,
    /// The most bytes of records, newlines not counted.
    pub bytes: usize,
}

impl Limits {
    /// Whether a batch of so many records and bytes has room for one more.
    pub(super) fn admit(self, records: usize, bytes: usize, next: usize) -> bool {
        records == 0 || (records < self.records && bytes.saturating_add(next) <= self.bytes)
    }
}

/// Records in the order in which they were appended.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The records; empty at the end of the queue.
    pub records: Vec<QueuedRecord>,
    /// What stood between them and could not be read as a record.
    pub damage: Vec<Damage>,
    pub(super) start: Token,
    pub(super) end: Token,
}

impl Batch {
    /// Stands for all of it.
    pub fn token(&self) -> Token {
        self.end
    }

    /// Stands for the first `count` records.
    pub fn token_after(&self, count: usize) -> Token {
        match count {
            0 => self.start,
            _ if count >= self.records.len() => self.end,
            _ => self.records[count - 1].end,
        }
    }

    /// Whether there was no record left.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

/// One record as it comes out of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedRecord {
    /// One JSON object in UTF-8, without a newline, as it was appended.
    pub line: Vec<u8>,
    pub(super) reference: RecordRef,
    pub(super) end: Token,
}

impl QueuedRecord {
    /// What names this record to [`Drain::confirm_some`].
    pub fn reference(&self) -> RecordRef {
        self.reference
    }
}

/// One record's place in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRef {
    pub(super) generation: u64,
    /// The positions of its first byte and of the first one behind it.
    pub(super) start: u64,
    pub(super) end: u64,
}

/// A position in a queue: all before it. It holds when the file is rotated or
/// rewritten, or else is refused; it never stands for records that came later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub(super) generation: u64,
    pub(super) position: super::meta::Position,
}

/// What became of a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The records are taken out.
    Done,
    /// The file has changed so that the token no longer says which records are
    /// meant. Those that are still there come again.
    Stale,
}

/// A stretch of a file that holds no record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// The file's name in the queue's folder.
    pub file: &'static str,
    /// Where in the file it starts, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub len: u64,
    /// What is wrong with it.
    pub kind: DamageKind,
    /// Whole records that could be read out of it all the same.
    pub salvaged: usize,
    /// Its first bytes, at most 64, as they are; as JSON they are the text of
    /// [`head_text`](Damage::head_text).
    #[serde(serialize_with = "escaped")]
    pub head: Vec<u8>,
}

impl Damage {
    /// Its first bytes, safe to show: printable ASCII as it stands, so that it
    /// can be copied, and all else escaped.
    pub fn head_text(&self) -> String {
        shown(&self.head)
    }
}

fn shown(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        match byte {
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => text.extend(byte.escape_ascii().map(char::from)),
        }
        text
    })
}

fn escaped<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown(bytes))
}

/// A record that the server will never take, and why.
#[derive(Clone, Debug)]
pub struct DeadLetter<'r> {
    /// The record: one JSON object.
    pub line: &'r [u8],
    /// The server's answer, if there was one.
    pub status: Option<u16>,
    /// Why, in words.
    pub reason: &'r str,
    /// When, as a record's timestamp.
    pub time: &'r str,
}
