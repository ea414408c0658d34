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
            self.slots = vec![Slot { key: [0; MAX_KEY], length: 0, kind: KeyKind::Plain }; SLOTS];
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

/// The place of a key, from its length and its first and last eight bytes.
fn place(key: &[u8]) -> usize {
    let word = |bytes: &[u8]| match <[u8; 8]>::try_from(bytes) {
        Ok(bytes) => u64::from_le_bytes(bytes),
        Err(_) => bytes.iter().fold(0, |word, b| word << 8 | u64::from(*b)),
    };
    let n = key.len().min(8);
    let mixed = word(&key[..n]) ^ word(&key[key.len() - n..]).rotate_left(29) ^ key.len() as u64;
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - SLOTS.trailing_zeros())) as usize
}
