//! Keys cut into words, whatever their spelling.

use super::chars::{CLASS, DIGIT, LOWER, UPPER};

/// The longest key that is looked at; of a longer one, its end.
const MAX_KEY: usize = 96;
/// The most words of a key that are looked at; of more, the last.
const MAX_WORDS: usize = 12;

/// A key cut into lower-case words: `userPassword2` is `user`, `password`.
pub(crate) struct Words {
    buffer: [u8; MAX_KEY],
    ends: [(u8, u8); MAX_WORDS],
    pub(crate) count: usize,
}

impl Words {
    /// Cuts a key at its separators and at its changes of case, and drops digits at a word's end.
    pub(crate) fn of(key: &[u8]) -> Words {
        Words::cut(key, true)
    }

    /// Cuts a key at its separators alone: `PaSsWoRd` is one word.
    pub(crate) fn in_any_case(key: &[u8]) -> Words {
        Words::cut(key, false)
    }

    fn cut(key: &[u8], at_case: bool) -> Words {
        let key = &key[key.len().saturating_sub(MAX_KEY)..];
        let mut words = Words {
            buffer: [0; MAX_KEY],
            ends: [(0, 0); MAX_WORDS],
            count: 0,
        };
        let mut start = 0;
        let mut previous = 0u8;
        for (i, &b) in key.iter().enumerate() {
            let class = CLASS[b as usize];
            let letter = class & (UPPER | LOWER) != 0 || b >= 0x80;
            let next_is_lower = key.get(i + 1).is_some_and(u8::is_ascii_lowercase);
            let begins = at_case
                && class & UPPER != 0
                && (previous & (LOWER | DIGIT) != 0 || (previous & UPPER != 0 && next_is_lower));
            if begins || !(letter || class & DIGIT != 0) {
                words.close(start, i);
                start = if letter || class & DIGIT != 0 {
                    i
                } else {
                    i + 1
                };
            }
            words.buffer[i] = b.to_ascii_lowercase();
            previous = class;
        }
        words.close(start, key.len());
        words
    }

    fn close(&mut self, start: usize, end: usize) {
        let mut end = end;
        while end > start && self.buffer[end - 1].is_ascii_digit() {
            end -= 1;
        }
        if end <= start {
            return;
        }
        if self.count == MAX_WORDS {
            self.ends.copy_within(1.., 0);
            self.count -= 1;
        }
        self.ends[self.count] = (start as u8, end as u8);
        self.count += 1;
    }

    /// The word `back` places before the last one; empty when there is none.
    pub(crate) fn back(&self, back: usize) -> &[u8] {
        if back >= self.count {
            return b"";
        }
        let (start, end) = self.ends[self.count - 1 - back];
        &self.buffer[usize::from(start)..usize::from(end)]
    }

    pub(crate) fn any(&self, test: impl Fn(&[u8]) -> bool) -> bool {
        (0..self.count).any(|back| test(self.back(back)))
    }

    /// The words glued together, for keys that a user added.
    pub(crate) fn joined(&self) -> String {
        let mut joined = String::new();
        for back in (0..self.count).rev() {
            joined.push_str(&String::from_utf8_lossy(self.back(back)));
        }
        joined
    }
}
