//! Lines of input, one by one or in blocks.

use std::io::{self, BufRead, BufReader, Read};

/// How many bytes are read at once.
const BUFFER_BYTES: usize = 1 << 20;

/// No line of input is held further than this; a record keeps 64 KiB of it.
const MAX_LINE_BYTES: usize = 16 << 20;

/// Lines of input, each at most [`MAX_LINE_BYTES`] long; what a longer one has
/// beyond that is passed over.
pub(super) struct Lines<R: Read> {
    reader: BufReader<R>,
    line: Vec<u8>,
}

/// Some lines in a row.
#[derive(Debug, Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

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
            let room = MAX_LINE_BYTES - self.line.len();
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            let used = part.len() + usize::from(end.is_some());
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

    /// The lines that are there, up to about so many bytes of them; waits for
    /// the first one only. `None` at the end of the input.
    pub(super) fn block(&mut self, bytes: usize) -> io::Result<Option<Block>> {
        let mut block = Block::default();
        while let Some(line) = self.next()? {
            block.bytes.extend_from_slice(line.trim_ascii_end());
            block.ends.push(block.bytes.len());
            if block.bytes.len() >= bytes || !self.has_more() {
                break;
            }
        }
        Ok((!block.ends.is_empty()).then_some(block))
    }
}

impl Block {
    /// The lines, in order, without white space at their ends.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let line = &self.bytes[start..*end];
            start = *end;
            line
        })
    }
}
