//! What keys say, remembered: the same few keys come in every line. With it a line costs a third
//! of what it costs when every key is cut into words.

use super::engine::Engine;
use super::keys::KeyKind;

const SLOTS: usize = 256;
/// Longer keys are rare and looked at every time.
const MAX_KEY: usize = 30;
/// The most bytes of a key that its first and last eight do not cover.
const MAX_MIDDLE: usize = MAX_KEY - 16;

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// The first and the last bytes, which are the whole of a key of up to sixteen: two words are
    /// compared faster than a call to compare slices takes.
    ends: (u64, u64),
    middle: [u8; MAX_MIDDLE],
    length: u8,
    kind: KeyKind,
}

/// A small table of the keys that were seen last; each has one of two places.
#[derive(Debug, Default)]
pub(crate) struct KeyCache {
    slots: Vec<Slot>,
}

impl KeyCache {
    /// What `key` says about its value.
    pub(crate) fn kind(&mut self, engine: &Engine, key: &[u8]) -> KeyKind {
        self.get(key).unwrap_or_else(|| {
            let kind = engine.key_kind(key);
            self.put(key, kind);
            kind
        })
    }

    /// What was last put in for `key`, if it is still there.
    pub(crate) fn get(&self, key: &[u8]) -> Option<KeyKind> {
        if key.is_empty() || key.len() > MAX_KEY {
            return None;
        }
        let ends = ends(key);
        let holds = |slot: &&Slot| {
            usize::from(slot.length) == key.len()
                && slot.ends == ends
                && (key.len() <= 16 || slot.middle[..key.len() - 16] == key[8..key.len() - 8])
        };
        let place = place(ends, key.len());
        let pair = [self.slots.get(place)?, self.slots.get(place ^ 1)?];
        pair.into_iter().find(holds).map(|slot| slot.kind)
    }

    /// Remembers a key; the one before it in its place moves to the place beside.
    pub(crate) fn put(&mut self, key: &[u8], kind: KeyKind) {
        if key.is_empty() || key.len() > MAX_KEY {
            return;
        }
        if self.slots.is_empty() {
            self.slots = vec![
                Slot {
                    ends: (0, 0),
                    middle: [0; MAX_MIDDLE],
                    length: 0,
                    kind: KeyKind::Plain
                };
                SLOTS
            ];
        }
        let ends = ends(key);
        let place = place(ends, key.len());
        self.slots[place ^ 1] = self.slots[place];
        let slot = &mut self.slots[place];
        slot.ends = ends;
        if key.len() > 16 {
            slot.middle[..key.len() - 16].copy_from_slice(&key[8..key.len() - 8]);
        }
        slot.length = key.len() as u8;
        slot.kind = kind;
    }
}

/// The first and the last eight bytes of a key, or four when it is shorter than eight.
fn ends(key: &[u8]) -> (u64, u64) {
    if let (Some(first), Some(last)) = (key.first_chunk(), key.last_chunk()) {
        return (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (key.first_chunk(), key.last_chunk()) {
        let word = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
        return (word(first), word(last));
    }
    (key.iter().fold(0, |word, b| word << 8 | u64::from(*b)), 0)
}

fn place((first, last): (u64, u64), length: usize) -> usize {
    let mixed = first ^ last.rotate_left(29) ^ length as u64;
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - SLOTS.trailing_zeros())) as usize
}
