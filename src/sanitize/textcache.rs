//! Short texts in which nothing was found, remembered: names, routes and ids come again and again,
//! and to know one again takes a tenth of what it takes to search it.

use super::chars::is_equal;

const SLOTS: usize = 4096;
/// A text with its length before it, in one line of the processor's cache.
const SLOT: usize = 32;

#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
struct Slot([u8; SLOT]);

/// A table of clean texts; each has one place, from which it drives the one before it.
#[derive(Debug, Default)]
pub(crate) struct TextCache {
    /// Empty until the first text comes.
    slots: Vec<Slot>,
}

impl TextCache {
    /// True when `text` was added and is still there.
    pub(crate) fn has(&self, text: &[u8]) -> bool {
        let length = text.len();
        length < SLOT
            && self.slots.get(place(text)).is_some_and(|Slot(slot)| {
                usize::from(slot[0]) == length && is_equal(&slot[1..=length], text)
            })
    }

    /// Remembers a text unless it is empty or long.
    pub(crate) fn add(&mut self, text: &[u8]) {
        let length = text.len();
        if length == 0 || length >= SLOT {
            return;
        }
        if self.slots.is_empty() {
            self.slots = vec![Slot([0; SLOT]); SLOTS];
        }
        let Slot(slot) = &mut self.slots[place(text)];
        slot[0] = length as u8;
        slot[1..=length].copy_from_slice(text);
    }
}

/// Where a text belongs, by its length and its first and last bytes.
fn place(text: &[u8]) -> usize {
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let (first, last) = match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => (word(first), word(last)),
        _ => (text.iter().fold(0, |word, b| word << 8 | u64::from(*b)), 0),
    };
    let mixed = first ^ last.rotate_left(29) ^ text.len() as u64;
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - SLOTS.trailing_zeros())) as usize
}
