//! Lines of a stream, read in large blocks and of bounded length.

use std::io::{self, ErrorKind, Read};
use std::ops::Range;

use memchr::{memchr, memrchr};

use super::needle::{Hits, Needle};

/// The longest line that is read, in bytes. A record is at most 64 KiB; the
/// rest is room for files that others wrote.
pub const MAX_LINE_BYTES: usize = 1024 * 1024;

/// How much is read at once: fits the second-level cache, so that searching a
/// block costs no second trip to memory.
const BLOCK: usize = 256 * 1024;

/// One line of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// A line without its newline.
    Whole {
        /// Its bytes.
        bytes: &'a [u8],
        /// Where it starts in the stream.
        offset: u64,
    },
    /// A line over [`MAX_LINE_BYTES`], which was skipped.
    TooLong {
        /// Where it starts in the stream.
        offset: u64,
        /// How long it is.
        bytes: u64,
    },
}

/// Splits a stream into lines.
///
/// The end of the stream is not final: after [`next`](Lines::next) has said
/// `None` it may be asked again, and a line that was begun is handed out once
/// it has ended. [`rest`](Lines::rest) gives up waiting for that.
pub(super) struct Lines<R> {
    input: R,
    needle: Option<Needle>,
    hits: Hits,
    buffer: Vec<u8>,
    /// What is buffered and was not handed out yet.
    start: usize,
    end: usize,
    /// The end of the last whole line in the buffer.
    whole: usize,
    /// Where the first byte of the buffer stands in the stream.
    offset: u64,
    /// The line that is being skipped: where it starts, and its length so far.
    skipped: Option<(u64, u64)>,
}

/// Where a line stands in the buffer.
enum Located {
    Whole(Range<usize>),
    TooLong { offset: u64, bytes: u64 },
}

impl<R: Read> Lines<R> {
    /// Lines of `input`, whose first byte stands at `offset`. With a needle,
    /// lines that cannot match are passed over without being looked at.
    pub(super) fn new(input: R, offset: u64, needle: Option<Needle>) -> Lines<R> {
        Lines {
            input,
            needle,
            hits: Hits::default(),
            buffer: Vec::new(),
            start: 0,
            end: 0,
            whole: 0,
            offset,
            skipped: None,
        }
    }

    /// The stream itself.
    pub(super) fn input(&self) -> &R {
        &self.input
    }

    /// The stream itself, to change what can be read of it.
    pub(super) fn input_mut(&mut self) -> &mut R {
        &mut self.input
    }

    /// The next whole line; `None` at the end of what is there by now.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            if let Some(located) = self.locate() {
                return Ok(Some(self.line(located)));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Gives the buffer back if nothing is left in it, so that many files
    /// can be followed at once.
    pub(super) fn release(&mut self) {
        if self.start == self.end {
            self.offset += self.start as u64;
            (self.start, self.end, self.whole) = (0, 0, 0);
            self.hits = Hits::default();
            self.buffer = Vec::new();
        }
    }

    /// What stands behind the last newline, as a line.
    pub(super) fn rest(&mut self) -> Option<Line<'_>> {
        if let Some((offset, bytes)) = self.skipped.take() {
            return Some(Line::TooLong { offset, bytes });
        }
        let range = self.start..self.end;
        self.start = self.end;
        self.whole = self.end;
        (!range.is_empty()).then(|| self.line(Located::Whole(range)))
    }

    fn line(&self, located: Located) -> Line<'_> {
        match located {
            Located::Whole(range) => Line::Whole {
                offset: self.offset + range.start as u64,
                bytes: &self.buffer[range],
            },
            Located::TooLong { offset, bytes } => Line::TooLong { offset, bytes },
        }
    }

    /// Finds the next line in the buffer and steps over it.
    fn locate(&mut self) -> Option<Located> {
        if let Some((offset, bytes)) = self.skipped {
            let end = memchr(b'\n', &self.buffer[self.start..self.end])?;
            self.skipped = None;
            self.start += end + 1;
            let bytes = bytes + end as u64;
            return Some(Located::TooLong { offset, bytes });
        }
        let mut start = self.start;
        let whole = &self.buffer[..self.whole];
        if let Some(needle) = &self.needle {
            let Some(hit) = self.hits.next(needle, whole, start) else {
                self.start = self.start.max(self.whole);
                return None;
            };
            start += memrchr(b'\n', &whole[start..hit]).map_or(0, |newline| newline + 1);
        }
        let end = start + memchr(b'\n', whole.get(start..)?)?;
        self.start = end + 1;
        Some(Located::Whole(start..end))
    }

    /// Reads one more block behind what is left; `false` at the end.
    fn fill(&mut self) -> io::Result<bool> {
        self.make_room();
        let read = loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(read) => break read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        let new = self.end..self.end + read;
        self.end = new.end;
        if let Some(newline) = memrchr(b'\n', &self.buffer[new.clone()]) {
            self.whole = new.start + newline + 1;
        }
        Ok(read > 0)
    }

    /// Moves what is left to the front, dropping what is too long to keep.
    fn make_room(&mut self) {
        let left = self.end - self.start;
        let too_long = left > MAX_LINE_BYTES;
        if self.skipped.is_some() || too_long {
            let start = self.offset + self.start as u64;
            let (_, length) = self.skipped.get_or_insert((start, 0));
            *length += left as u64;
            self.start = self.end;
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.offset += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        self.whole = 0;
        self.hits = Hits::default();
        if self.buffer.len() < self.end + BLOCK {
            self.buffer.resize(self.end + BLOCK, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hands out the given pieces one read at a time, with an end of file
    /// after each.
    struct Pieces(Vec<Vec<u8>>, bool);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if !self.1 || self.0.is_empty() {
                return Ok(0);
            }
            let piece = self.0.remove(0);
            buffer[..piece.len()].copy_from_slice(&piece);
            Ok(piece.len())
        }
    }

    fn all<R: Read>(mut lines: Lines<R>) -> Vec<(u64, Vec<u8>)> {
        let mut found = Vec::new();
        let mut ends = 0;
        while ends < 50 {
            match lines.next().unwrap() {
                Some(Line::Whole { bytes, offset }) => found.push((offset, bytes.to_vec())),
                Some(Line::TooLong { offset, bytes }) => {
                    found.push((offset, format!("<{bytes}>").into_bytes()));
                }
                None => ends += 1,
            }
        }
        match lines.rest() {
            Some(Line::Whole { bytes, offset }) => found.push((offset, bytes.to_vec())),
            Some(Line::TooLong { offset, bytes }) => {
                found.push((offset, format!("<{bytes}>").into_bytes()));
            }
            None => {}
        }
        found
    }

    #[test]
    fn a_line_begun_is_handed_out_once_and_whole() {
        let pieces = ["a\nb", "c", "\n\nd"].map(|piece| piece.as_bytes().to_vec());
        let mut lines = Lines::new(Pieces(pieces.to_vec(), false), 7, None);
        let whole = |bytes: &'static str, offset| Line::Whole {
            bytes: bytes.as_bytes(),
            offset,
        };
        assert_eq!(lines.next().unwrap(), Some(whole("a", 7)));
        assert_eq!(lines.next().unwrap(), None);
        assert_eq!(lines.next().unwrap(), None);
        assert_eq!(lines.next().unwrap(), Some(whole("bc", 9)));
        assert_eq!(lines.next().unwrap(), Some(whole("", 12)));
        assert_eq!(lines.next().unwrap(), None);
        assert_eq!(lines.rest(), Some(whole("d", 13)));
        assert_eq!(lines.rest(), None);
    }

    #[test]
    fn a_line_over_the_limit_is_skipped_counted_and_not_kept() {
        let long = 5 * MAX_LINE_BYTES + 3;
        let text = [b"a\n".to_vec(), vec![b'x'; long], b"\nb\n".to_vec()].concat();
        let mut lines = Lines::new(&text[..], 0, None);
        assert!(matches!(lines.next(), Ok(Some(Line::Whole { .. }))));
        let bytes = long as u64;
        assert_eq!(
            lines.next().unwrap(),
            Some(Line::TooLong { offset: 2, bytes })
        );
        assert!(lines.buffer.len() <= MAX_LINE_BYTES + 2 * BLOCK);
        let offset = 3 + bytes;
        assert_eq!(
            lines.next().unwrap(),
            Some(Line::Whole {
                bytes: b"b",
                offset
            })
        );
        assert_eq!(lines.next().unwrap(), None);
        assert_eq!(lines.rest(), None);
    }

    #[test]
    fn an_endless_line_ends_up_as_its_length_alone() {
        let length = 3 * MAX_LINE_BYTES as u64;
        let mut lines = Lines::new(io::repeat(0).take(length), 0, None);
        assert_eq!(lines.next().unwrap(), None);
        assert_eq!(
            lines.rest(),
            Some(Line::TooLong {
                offset: 0,
                bytes: length
            })
        );
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_whole_text_however_it_is_cut(
            pieces in proptest::collection::vec("[ab\n]{1,12}", 0..12),
        ) {
            let text = pieces.concat();
            let cut = pieces.into_iter().map(String::into_bytes).collect();
            let mut expected = Vec::new();
            let mut offset = 0;
            for line in text.split_inclusive('\n') {
                expected.push((offset, line.trim_end_matches('\n').as_bytes().to_vec()));
                offset += line.len() as u64;
            }
            prop_assert_eq!(all(Lines::new(Pieces(cut, false), 0, None)), expected);
        }

        #[test]
        fn a_needle_leaves_exactly_the_lines_that_hold_it(
            lines in proptest::collection::vec("(ab|b|\\\\u00|c){0,6}", 0..12),
        ) {
            let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            let found = all(Lines::new(text.as_bytes(), 0, Needle::new("abc")));
            let expected: Vec<_> = lines
                .iter()
                .filter(|line| line.contains("abc") || line.contains("\\u00"))
                .map(|line| line.as_bytes().to_vec())
                .collect();
            let found: Vec<_> = found.into_iter().map(|(_, line)| line).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
