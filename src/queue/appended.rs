//! What a writer knows of the queue file because it wrote it.
//!
//! In a flood records are dropped soon after they were appended. Reading each
//! of them again, only to count it, took a third of the time.

use std::collections::VecDeque;
use std::ops::Range;

/// How many stretches are remembered. Of older ones the records are read.
const MAX_STRETCHES: usize = 4096;

/// Whole records in a row, none of them fatal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Where they stand in the file.
    pub(super) range: Range<u64>,
    /// How many they are.
    pub(super) records: u64,
    /// Where the last of them starts.
    pub(super) last: u64,
}

/// The stretches of one file that one writer appended, in order.
#[derive(Debug, Default)]
pub(super) struct Appended(VecDeque<Stretch>);

impl Appended {
    /// Remembers some lines that were appended at `start`.
    pub(super) fn push(&mut self, start: u64, lines: &[u8], records: usize) {
        let before_last = lines.strip_suffix(b"\n").unwrap_or(lines);
        let last = memchr::memrchr(b'\n', before_last).map_or(0, |newline| newline + 1);
        self.0.push_back(Stretch {
            range: start..start + lines.len() as u64,
            records: records as u64,
            last: start + last as u64,
        });
        if self.0.len() > MAX_STRETCHES {
            self.0.pop_front();
        }
    }

    /// The stretch that begins exactly here, if one does.
    pub(super) fn at(&mut self, offset: u64) -> Option<&Stretch> {
        while self.0.front()?.range.start < offset {
            self.0.pop_front();
        }
        self.0.front().filter(|next| next.range.start == offset)
    }

    /// Follows what stays of the file from `from` on to its new place.
    pub(super) fn move_to(&mut self, from: u64, to: u64) {
        self.0.retain_mut(|stretch| {
            let Some(ahead) = stretch.range.start.checked_sub(from) else {
                return false;
            };
            let length = stretch.range.end - stretch.range.start;
            stretch.last = to + (stretch.last - from);
            stretch.range = to + ahead..to + ahead + length;
            true
        });
    }

    /// Forgets everything: another file has the name now.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_move_with_what_stays_of_their_file() {
        let mut appended = Appended::default();
        appended.push(10, b"{1}\n{2}\n", 2);
        appended.push(18, b"{3}\n", 1);
        appended.push(22, b"{4}\n{5}\n", 2);
        let second = appended.at(18).cloned();
        assert_eq!(second.unwrap().last, 18);
        assert_eq!(appended.at(19), None);
        appended.move_to(22, 5);
        assert_eq!(
            appended.at(5),
            Some(&Stretch {
                range: 5..13,
                records: 2,
                last: 9
            })
        );
        appended.move_to(6, 0);
        assert_eq!(appended.at(0), None);
    }
}
