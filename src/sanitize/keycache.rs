//! What keys say, remembered: the same few keys come in every line. With it a line costs a third
//! of what it costs when every key is cut into words.

use super::engine::Engine;
use super::keys::KeyKind;

const SLOTS: usize = 256;
/// Longer keys are rare and looked at every time.
const MAX_KEY: usize = 30;

#[derive(Debug, Clone, Copy)]
struct Slot {
    key: [u8; MAX_KEY],
    length: u8,
    kind: KeyKind,
}

/// A small table of the keys that were seen last; each has one place.
#[derive(Debug, Default)]
pub(crate) struct KeyCache {
    slots: Vec<Slot>,
}

impl KeyCache {
    /// What `key` says about its value.
    pub(crate) fn kind(&mut self, engine: &Engine, key: &[u8]) -> KeyKind {
        if key.is_empty() || key.len() > MAX_KEY {
            return engine.key_kind(key);
        }
        if self.slots.is_empty() {
            self.slots = vec![
                Slot {
                    key: [0; MAX_KEY],
                    length: 0,
                    kind: KeyKind::Plain
                };
                SLOTS
            ];
        }
        let slot = &mut self.slots[place(key)];
        if usize::from(slot.length) == key.len() && slot.key[..key.len()] == *key {
            return slot.kind;
        }
        let kind = engine.key_kind(key);
        slot.key[..key.len()].copy_from_slice(key);
        slot.length = key.len() as u8;
        slot.kind = kind;
        kind
    }
}

/// The place of a key, from its length and its first and last eight or four bytes.
fn place(key: &[u8]) -> usize {
    let ends = match (key.first_chunk(), key.last_chunk()) {
        (Some(first), Some(last)) => {
            u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29)
        }
        _ => match (key.first_chunk(), key.last_chunk()) {
            (Some(first), Some(last)) => {
                u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
            }
            _ => key.iter().fold(0, |word, b| word << 8 | u64::from(*b)),
        },
    };
    let mixed = ends ^ key.len() as u64;
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - SLOTS.trailing_zeros())) as usize
}
