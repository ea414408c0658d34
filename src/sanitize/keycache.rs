//! What keys say, remembered: the same few keys come in every line, and mostly in the same order.
//! With it a line costs a third of what it costs when every key is cut into words.

use super::chars::is_equal;
use super::engine::Engine;
use super::keys::KeyKind;

const SLOTS: usize = 256;
/// In how many places a key may stand: with two, three keys of one message can keep driving each
/// other out.
const WAYS: u8 = 4;
/// Longer keys are rare and looked at every time.
const MAX_KEY: usize = TOKEN - 3;
/// A key in its quotes, with the colon behind it.
const TOKEN: usize = 32;

/// The place of a key in the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place(u8);

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// `"key":`, the rest zero.
    token: [u8; TOKEN],
    /// Ones where the token is.
    mask: [u8; TOKEN],
    /// The length of the key; 0 in a slot that is free.
    length: u8,
    kind: KeyKind,
    /// Where the two keys stand that came next last.
    next: [Place; 2],
}

const FREE: Slot = Slot {
    token: [0; TOKEN],
    mask: [0; TOKEN],
    length: 0,
    kind: KeyKind::Plain,
    next: [Place(0); 2],
};

/// A small table of the keys that were seen last; each has one of a few places.
#[derive(Debug, Default)]
pub(crate) struct KeyCache {
    /// Empty until the first key comes.
    slots: Vec<Slot>,
}

impl KeyCache {
    /// What `key` says about its value.
    pub(crate) fn kind(&mut self, engine: &Engine, key: &[u8]) -> KeyKind {
        if let Some((_, kind)) = self.get(key) {
            return kind;
        }
        let kind = engine.key_kind(key);
        self.put(key, kind);
        kind
    }

    /// What was last put in for `key`, if it is still there.
    pub(crate) fn get(&self, key: &[u8]) -> Option<(Place, KeyKind)> {
        if key.is_empty() || key.len() > MAX_KEY {
            return None;
        }
        let first = place(key);
        for way in 0..WAYS {
            let place = first ^ way;
            let slot = self.slots.get(usize::from(place))?;
            if usize::from(slot.length) == key.len() && is_equal(&slot.token[1..=key.len()], key) {
                return Some((Place(place), slot.kind));
            }
        }
        None
    }

    /// Remembers a key; those before it in its places move on by one. None for a key that is too
    /// long to remember.
    pub(crate) fn put(&mut self, key: &[u8], kind: KeyKind) -> Option<Place> {
        if key.is_empty() || key.len() > MAX_KEY {
            return None;
        }
        if self.slots.is_empty() {
            self.slots = vec![FREE; SLOTS];
        }
        let place = place(key);
        for way in (1..WAYS).rev() {
            self.slots[usize::from(place ^ way)] = self.slots[usize::from(place ^ (way - 1))];
        }
        let slot = &mut self.slots[usize::from(place)];
        *slot = FREE;
        slot.token[0] = b'"';
        slot.token[1..=key.len()].copy_from_slice(key);
        slot.token[key.len() + 1..key.len() + 3].copy_from_slice(b"\":");
        slot.mask[..key.len() + 3].fill(0xFF);
        slot.length = key.len() as u8;
        slot.kind = kind;
        Some(Place(place))
    }

    /// Takes note that the key at `next` came behind the one at `before`.
    pub(crate) fn follow(&mut self, before: Place, next: Place) {
        if let Some(slot) = self.slots.get_mut(usize::from(before.0)) {
            slot.next = [next, slot.next[0]];
        }
    }

    /// The key that came last, or the one before that, behind the one at `before`, if `text`
    /// begins with it in its quotes and a colon: its place, the length of all three and what it
    /// says. To guess a key costs a quarter of what it costs to find its end and to look it up.
    pub(crate) fn guess(&self, before: Place, text: &[u8]) -> Option<(Place, usize, KeyKind)> {
        let head: &[u8; TOKEN] = text.first_chunk()?;
        let next = self.slots.get(usize::from(before.0))?.next;
        next.into_iter().find_map(|next| {
            let slot = self.slots.get(usize::from(next.0))?;
            let bytes = head.iter().zip(&slot.token).zip(&slot.mask);
            let differs = bytes.fold(0, |differs, ((a, b), mask)| differs | ((a ^ b) & mask));
            (differs == 0 && slot.length > 0).then_some((
                next,
                usize::from(slot.length) + 3,
                slot.kind,
            ))
        })
    }
}

/// Where a key belongs, by its length and its first and last bytes.
fn place(key: &[u8]) -> u8 {
    let (first, last) = ends(key);
    let mixed = first ^ last.rotate_left(29) ^ key.len() as u64;
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
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

const _: () = assert!(SLOTS == 1 << 8, "a place is a byte");
