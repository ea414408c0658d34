//! The latest batches, for live readers.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use crate::fleet::{Message, end_of, position};
use crate::ingest::store::{Portion, Scanned, Seq, StoredBatch};

/// How many bytes of the latest batches are at hand, unpacked or not.
const MAX_BYTES: usize = 8 << 20;

/// The latest batches without a gap between them, oldest first. They stay
/// packed until somebody reads them.
#[derive(Default)]
pub(super) struct Ring {
    slots: VecDeque<Slot>,
    bytes: usize,
    /// The message behind which all are here.
    start: u64,
    /// The last message that was looked at.
    last: u64,
    /// How many messages and records have come through.
    seen: (u64, u64),
}

struct Slot {
    message: u64,
    content: Message,
    batch: OnceLock<Option<Arc<StoredBatch>>>,
}

impl Ring {
    /// Starts behind a message.
    pub(super) fn start_behind(&mut self, message: u64) {
        let seen = self.seen;
        *self = Ring {
            start: message,
            last: message,
            seen,
            ..Ring::default()
        };
    }

    /// The last message that was looked at.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Takes in the next message; one that is no batch only counts as seen.
    pub(super) fn push(&mut self, message: u64, content: Option<Message>) {
        self.last = message;
        let Some(content) = content else {
            return;
        };
        self.seen.0 += 1;
        self.seen.1 += content.meta.records as u64;
        self.bytes += content.meta.length;
        self.slots.push_back(Slot {
            message,
            content,
            batch: OnceLock::new(),
        });
        while self.bytes > MAX_BYTES
            && let Some(oldest) = self.slots.pop_front()
        {
            self.bytes -= oldest.content.meta.length;
            self.start = oldest.message;
        }
    }

    /// What follows a record, if all of it up to the head is here.
    pub(super) fn after(&self, after: Seq, head: Seq, portion: Portion) -> Option<Scanned> {
        let is_whole = after >= position(self.start) && end_of(self.last) >= head;
        if !is_whole || self.last == 0 {
            return None;
        }
        let start = self.slots.partition_point(|slot| slot.last() <= after);
        let rest = self.slots.range(start..);
        let count = portion.of(rest.clone().map(|slot| slot.content.meta.length));
        let at_end = count == rest.len();
        let batches = rest.take(count).map(Slot::batch);
        Some(Scanned {
            batches: batches.collect::<Option<_>>()?,
            at_end,
            removed: None,
        })
    }

    /// About how many records there are in so many messages.
    pub(super) fn records_in(&self, messages: u64) -> u64 {
        match self.seen {
            (0, _) => messages,
            (seen, records) => {
                let product = u128::from(messages) * u128::from(records) / u128::from(seen);
                u64::try_from(product).unwrap_or(u64::MAX)
            }
        }
    }
}

impl Slot {
    fn last(&self) -> Seq {
        position(self.message) + (self.content.meta.records as u64).saturating_sub(1)
    }

    fn batch(&self) -> Option<Arc<StoredBatch>> {
        let batch = self
            .batch
            .get_or_init(|| stored(self.message, &self.content));
        batch.clone()
    }
}

/// A message as a batch; `None` if it is damaged.
pub(super) fn stored(message: u64, content: &Message) -> Option<Arc<StoredBatch>> {
    let unpacked = content.unpack();
    let (resource, text) = unpacked
        .inspect_err(|error| tracing::warn!(%error, message, "passed over"))
        .ok()?;
    Some(Arc::new(StoredBatch {
        first: position(message),
        received_at: content.meta.received_at,
        resource,
        text,
    }))
}
