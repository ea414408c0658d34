//! Reading a queue file line by line, in blocks and with bounded memory.

use std::io;
use std::ops::Deref;

use super::fs::QueueFile;
use super::line::MAX_LINE_BYTES;

/// Bytes read at once.
const BLOCK_BYTES: usize = 256 * 1024;

/// The lines of a stretch of a file.
#[derive(Debug)]
pub(super) struct Lines<F> {
    file: F,
    /// Where in the file the buffer starts.
    at: u64,
    end: u64,
    buffer: Vec<u8>,
    /// How much of the buffer is used up.
    used: usize,
    /// How much of the buffer holds no newline for sure.
    searched: usize,
}

/// One line, without its newline.
#[derive(Debug)]
pub(super) struct RawLine<'l> {
    /// Where in the file it starts.
    pub(super) start: u64,
    /// Where the next one starts.
    pub(super) end: u64,
    /// What it holds; `None` if it is too long to be read.
    pub(super) bytes: Option<&'l [u8]>,
    /// Whether a newline ends it.
    pub(super) terminated: bool,
}

impl<F: Deref<Target = dyn QueueFile>> Lines<F> {
    /// The lines from `start` to `end`, which should not be behind the end of
    /// the file.
    pub(super) fn new(file: F, start: u64, end: u64) -> Lines<F> {
        Lines {
            file,
            at: start,
            end,
            buffer: Vec::new(),
            used: 0,
            searched: 0,
        }
    }

    /// The next line.
    pub(super) fn next(&mut self) -> io::Result<Option<RawLine<'_>>> {
        loop {
            let unsearched = &self.buffer[self.used + self.searched..];
            if let Some(found) = memchr::memchr(b'\n', unsearched) {
                return Ok(Some(self.take(self.searched + found, true)));
            }
            self.searched = self.buffer.len() - self.used;
            if self.searched > MAX_LINE_BYTES {
                return self.skip_line().map(Some);
            }
            if !self.fill()? {
                return Ok(match self.searched {
                    0 => None,
                    length => Some(self.take(length, false)),
                });
            }
        }
    }

    fn take(&mut self, length: usize, terminated: bool) -> RawLine<'_> {
        let from = self.used;
        let start = self.at + from as u64;
        self.used += length + usize::from(terminated);
        self.searched = 0;
        RawLine {
            start,
            end: self.at + self.used as u64,
            bytes: Some(&self.buffer[from..from + length]),
            terminated,
        }
    }

    /// Reads one more block. `false` at the end.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.used);
        self.at += self.used as u64;
        self.used = 0;
        let filled = self.buffer.len();
        let offset = self.at + filled as u64;
        let want = self.end.saturating_sub(offset).min(BLOCK_BYTES as u64) as usize;
        self.buffer.resize(filled + want, 0);
        let read = self.file.read_at(&mut self.buffer[filled..], offset);
        self.buffer.truncate(filled + *read.as_ref().unwrap_or(&0));
        Ok(read? > 0)
    }

    /// Passes over a line that is too long, block by block.
    fn skip_line(&mut self) -> io::Result<RawLine<'_>> {
        let start = self.at + self.used as u64;
        loop {
            self.used = self.buffer.len();
            if !self.fill()? {
                break;
            }
            if let Some(found) = memchr::memchr(b'\n', &self.buffer) {
                self.used = found + 1;
                self.searched = 0;
                return Ok(self.too_long(start, true));
            }
        }
        self.searched = 0;
        Ok(self.too_long(start, false))
    }

    fn too_long(&self, start: u64, terminated: bool) -> RawLine<'_> {
        RawLine {
            start,
            end: self.at + self.used as u64,
            bytes: None,
            terminated,
        }
    }
}
