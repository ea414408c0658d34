//! Lines of input, one by one or in blocks.

use std::io::{self, BufRead, BufReader, Read};
use std::{iter, mem};

/// How many bytes are read at once.
const BUFFER_BYTES: usize = 256 << 10;

/// No line of input is held further than this; a record keeps 64 KiB of it.
const MAX_LINE_BYTES: usize = 16 << 20;

/// Lines of input, each at most [`MAX_LINE_BYTES`] long; what a longer one has
/// beyond that is passed over.
pub(super) struct Lines<R: Read> {
    reader: BufReader<R>,
    line: Vec<u8>,
}

/// Some lines in a row.
#[derive(Debug)]
pub(super) struct Block(Vec<u8>);

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R) -> Lines<R> {
        Lines {
            reader: BufReader::with_capacity(BUFFER_BYTES, input),
            line: Vec::new(),
        }
    }

    /// The next line without its end, or `None` at the end of the input.
    pub(super) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let mut is_input = false;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(is_input.then_some(&self.line));
            }
            is_input = true;
            let end = memchr::memchr(b'\n', buffer);
            let part = &buffer[..end.unwrap_or(buffer.len())];
            let used = part.len() + usize::from(end.is_some());
            extend_bounded(&mut self.line, part);
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some(&self.line));
            }
        }
    }

    /// Whether a further whole line is there without waiting for input.
    pub(super) fn has_more(&self) -> bool {
        memchr::memchr(b'\n', self.reader.buffer()).is_some()
    }

    /// The whole lines that are there; waits for one if there is none. `None`
    /// at the end of the input. Not to be mixed with [`next`](Lines::next).
    pub(super) fn block(&mut self) -> io::Result<Option<Block>> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let used = buffer.len();
            if used == 0 {
                let rest = mem::take(&mut self.line);
                return Ok((!rest.is_empty()).then_some(Block(rest)));
            }
            let Some(first) = memchr::memchr(b'\n', buffer) else {
                extend_bounded(&mut self.line, buffer);
                self.reader.consume(used);
                continue;
            };
            extend_bounded(&mut self.line, &buffer[..first]);
            let last = memchr::memrchr(b'\n', buffer).unwrap_or(first);
            let mut lines = Vec::with_capacity(self.line.len() + last - first);
            lines.append(&mut self.line);
            lines.extend_from_slice(&buffer[first..last]);
            self.line.extend_from_slice(&buffer[last + 1..]);
            self.reader.consume(used);
            return Ok(Some(Block(lines)));
        }
    }
}

impl Block {
    /// The lines, in order, without white space at their ends.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = Some(&self.0[..]);
        iter::from_fn(move || {
            let lines = rest?;
            let end = memchr::memchr(b'\n', lines);
            rest = end.map(|end| &lines[end + 1..]);
            Some(lines[..end.unwrap_or(lines.len())].trim_ascii_end())
        })
    }
}

/// Adds to a line what it may still hold.
fn extend_bounded(line: &mut Vec<u8>, part: &[u8]) {
    let room = MAX_LINE_BYTES.saturating_sub(line.len());
    line.extend_from_slice(&part[..part.len().min(room)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Input that comes a few bytes at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn lines_come_the_same_one_by_one_and_in_blocks_however_they_are_read() {
        for text in ["", "\n", "a\n\nbc\r\n d ", "a\nb\n", "no end"] {
            let expected: Vec<&str> = text.lines().map(str::trim_ascii_end).collect();
            for step in 1..6 {
                let mut blocks = Lines::new(Drip(text.as_bytes(), step));
                let mut found = Vec::new();
                while let Some(block) = blocks.block().unwrap() {
                    found.extend(block.lines().map(<[u8]>::to_vec));
                }
                let mut single = Lines::new(Drip(text.as_bytes(), step));
                let mut one_by_one = Vec::new();
                while let Some(line) = single.next().unwrap() {
                    one_by_one.push(line.trim_ascii_end().to_vec());
                }
                assert_eq!(found, one_by_one, "{text:?}");
                let found: Vec<_> = found
                    .iter()
                    .map(|line| str::from_utf8(line).unwrap())
                    .collect();
                assert_eq!(found, expected, "{text:?}");
            }
        }
    }

    #[test]
    fn of_an_endless_line_no_more_is_held_than_a_record_may_need() {
        let text = vec![b'x'; MAX_LINE_BYTES + 1000];
        let mut lines = Lines::new(&text[..]);
        let block = lines.block().unwrap().unwrap();
        assert_eq!(block.lines().next().unwrap().len(), MAX_LINE_BYTES);
        assert!(lines.block().unwrap().is_none());
    }
}
