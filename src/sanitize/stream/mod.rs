//! Streams of lines: order kept, memory bounded, output as soon as a line is whole.
//!
//! Input is read in blocks. While it comes slowly, each block's whole lines are cleaned and
//! written at once, on the calling thread. When a block is filled in one read, there is more to
//! do than one core can: from then on the blocks go to one thread per core, of eight at most, and
//! are written in their order. Nothing grows with the input: a line longer than [`MAX_LINE`] is cleaned as
//! text in pieces that are cut where no finding is.

mod carry;
mod long;
mod order;
mod pool;
mod record;
mod utf16;

use std::io::{self, Read, Write};
use std::ops::Range;

use memchr::{memchr, memrchr};

use super::Sanitizer;
use super::cleaner::{Cleaner, Report};
use super::finding::{Finding, Findings};
use carry::Carry;
use long::LongLine;
use utf16::Decoded;

/// The longest line, in bytes, that is cleaned in one piece; a record has at most 64 KiB.
pub const MAX_LINE: usize = 512 * 1024;

/// How much is read at once.
const BLOCK: usize = 256 * 1024;

/// A read that brings this much says that the input is faster than one core.
const BUSY_READ: usize = 32 * 1024;

/// What to do besides writing clean lines.
#[derive(Debug, Clone, Default)]
pub struct StreamOptions {
    /// Threads that sanitize; 0 means one per core.
    pub threads: usize,
}

/// What went through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Lines read; the end of a file without a newline counts as one.
    pub lines: u64,
    /// Lines that changed.
    pub changed: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Findings per rule.
    pub findings: Findings,
}

impl Stats {
    fn merge(&mut self, other: &Stats) {
        self.lines += other.lines;
        self.changed += other.changed;
        self.bytes += other.bytes;
        self.findings.merge(&other.findings);
    }
}

/// A finding and the line it stands in, for `--check` and `--explain`.
#[derive(Debug)]
pub struct LineFinding<'l> {
    /// The number of the line, from 1.
    pub line: u64,
    /// The rule and the byte range in the line.
    pub finding: Finding,
    source: &'l [u8],
}

impl LineFinding<'_> {
    /// The column of the first character, from 1, in characters.
    pub fn column(&self) -> usize {
        let before = &self.source[..self.finding.range.start.min(self.source.len())];
        String::from_utf8_lossy(before).chars().count() + 1
    }

    /// What was found, masked: see [`Finding::masked`].
    pub fn masked(&self) -> String {
        self.finding.masked(self.source)
    }
}

/// Sanitizes one line after the other, for callers with a loop of their own. It remembers what a
/// line leaves open for the next: a private key, or a key whose value stands below.
#[derive(Debug)]
pub struct StreamSanitizer {
    sanitizer: Sanitizer,
    carry: Carry,
}

impl StreamSanitizer {
    /// Starts a stream.
    pub fn new(sanitizer: &Sanitizer) -> StreamSanitizer {
        StreamSanitizer {
            sanitizer: sanitizer.clone(),
            carry: Carry::default(),
        }
    }

    /// Appends the clean line, without a newline, to `out`. Returns true when it changed. A
    /// carriage return at its end is part of the line's end, and stays.
    pub fn line(
        &mut self,
        line: &[u8],
        out: &mut Vec<u8>,
        report: &mut dyn FnMut(Finding),
    ) -> bool {
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        let mut cleaner = Cleaner::new(&self.sanitizer.engine);
        let changed = self.carry.clean(&mut cleaner, text, out, Some(report));
        if !changed {
            out.extend_from_slice(text);
        }
        out.extend_from_slice(&line[text.len()..]);
        changed
    }
}

/// Reads lines and writes clean lines, on as many threads as `options` says. What begins as UTF-16
/// does, such as a file that Windows PowerShell wrote, is read as that and comes out as UTF-8.
///
/// # Errors
///
/// Those of the reader and of the writer.
pub fn sanitize_stream<R: Read, W: Write + Send>(
    sanitizer: &Sanitizer,
    reader: R,
    mut writer: W,
    options: &StreamOptions,
) -> io::Result<Stats> {
    let mut reader = Decoded::new(reader);
    let threads = match options.threads {
        0 => std::thread::available_parallelism()
            .map_or(1, usize::from)
            .min(8),
        set => set.min(64),
    };
    let mut source = Source::new();
    let mut inline = Inline::new(sanitizer);
    loop {
        let read = source.fill(&mut reader)?;
        if read == 0 {
            return inline.finish(source, &mut writer);
        }
        if read >= BUSY_READ && threads > 1 {
            break;
        }
        inline.clean(&mut source, &mut writer, None)?;
        writer.flush()?;
    }
    pool::run(inline, source, reader, writer, threads)
}

/// Like [`sanitize_stream`] on one thread, and hands every finding to `report`. With
/// [`std::io::sink`] as the writer this only checks. In a line longer than [`MAX_LINE`] places
/// count from the start of its piece.
///
/// # Errors
///
/// Those of the reader and of the writer.
pub fn sanitize_stream_with<R: Read, W: Write>(
    sanitizer: &Sanitizer,
    reader: R,
    mut writer: W,
    report: &mut dyn FnMut(LineFinding<'_>),
) -> io::Result<Stats> {
    let mut reader = Decoded::new(reader);
    let mut source = Source::new();
    let mut inline = Inline::new(sanitizer);
    loop {
        if source.fill(&mut reader)? == 0 {
            return inline.finish_with(source, &mut writer, Some(report));
        }
        inline.clean(&mut source, &mut writer, Some(report))?;
        writer.flush()?;
    }
}

/// Bytes that were read and not yet cleaned: whole lines, and the beginning of one.
struct Source {
    buffer: Vec<u8>,
    start: usize,
    filled: usize,
}

impl Source {
    fn new() -> Source {
        Source {
            buffer: vec![0; BLOCK],
            start: 0,
            filled: 0,
        }
    }

    /// Reads once, behind what is there. Returns 0 at the end.
    fn fill(&mut self, reader: &mut impl Read) -> io::Result<usize> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < self.filled + BLOCK {
            self.buffer.resize(self.filled + BLOCK, 0);
        }
        loop {
            match reader.read(&mut self.buffer[self.filled..]) {
                Ok(read) => {
                    self.filled += read;
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What has not been taken yet.
    fn pending(&self) -> &[u8] {
        &self.buffer[self.start..self.filled]
    }

    /// The length of the whole lines that are there.
    fn whole_lines(&self) -> usize {
        memrchr(b'\n', self.pending()).map_or(0, |newline| newline + 1)
    }

    fn take(&mut self, length: usize) {
        self.start += length;
    }

    /// Takes as much of what is there together with the buffer that it was read into. What is
    /// left moves to `spare`, from where reading goes on.
    fn take_buffer(&mut self, length: usize, mut spare: Vec<u8>) -> Block {
        let range = self.start..self.start + length;
        let left = &self.buffer[range.end..self.filled];
        if spare.len() < left.len() + BLOCK {
            spare.resize(left.len() + BLOCK, 0);
        }
        spare[..left.len()].copy_from_slice(left);
        self.filled = left.len();
        self.start = 0;
        let buffer = std::mem::replace(&mut self.buffer, spare);
        Block { buffer, range }
    }
}

/// Lines in the buffer that they were read into.
struct Block {
    buffer: Vec<u8>,
    range: Range<usize>,
}

/// Work on the calling thread.
struct Inline<'s> {
    sanitizer: &'s Sanitizer,
    cleaner: Cleaner<'s>,
    carry: Carry,
    long: Option<LongLine>,
    out: Vec<u8>,
    stats: Stats,
}

type LineReport<'r> = Option<&'r mut dyn FnMut(LineFinding<'_>)>;

impl<'s> Inline<'s> {
    fn new(sanitizer: &'s Sanitizer) -> Inline<'s> {
        Inline {
            sanitizer,
            cleaner: Cleaner::new(&sanitizer.engine),
            carry: Carry::default(),
            long: None,
            out: Vec::new(),
            stats: Stats::default(),
        }
    }

    /// Cleans and writes what is whole.
    fn clean(
        &mut self,
        source: &mut Source,
        writer: &mut impl Write,
        report: LineReport<'_>,
    ) -> io::Result<()> {
        self.out.clear();
        self.long_line(source, false);
        let length = source.whole_lines();
        let block = &source.pending()[..length];
        let stats = clean_block(
            &mut self.cleaner,
            &mut self.carry,
            block,
            carry::first_key(block),
            self.stats.lines,
            &mut self.out,
            report,
        );
        self.stats.merge(&stats);
        source.take(length);
        if source.pending().len() > MAX_LINE {
            self.long_line(source, false);
        }
        writer.write_all(&self.out)
    }

    /// Goes on with a line that is too long, or begins one.
    fn long_line(&mut self, source: &mut Source, at_end: bool) {
        if self.long.is_none() {
            let line_is_whole = memchr(b'\n', source.pending()).is_some();
            if line_is_whole || source.pending().len() <= MAX_LINE {
                return;
            }
            self.long = Some(LongLine::default());
        }
        let Some(long) = &mut self.long else { return };
        let (taken, done) = long.clean(&mut self.cleaner, source.pending(), at_end, &mut self.out);
        self.stats.bytes += taken as u64;
        self.stats.findings.merge(&self.cleaner.take_findings());
        source.take(taken);
        if done {
            self.stats.lines += 1;
            self.stats.changed += u64::from(long.changed);
            self.long = None;
            self.carry = Carry::default();
        }
    }

    fn finish(self, source: Source, writer: &mut impl Write) -> io::Result<Stats> {
        self.finish_with(source, writer, None)
    }

    /// Cleans what is left without a newline, at the end.
    fn finish_with(
        mut self,
        mut source: Source,
        writer: &mut impl Write,
        report: LineReport<'_>,
    ) -> io::Result<Stats> {
        self.out.clear();
        self.long_line(&mut source, true);
        let rest = source.pending();
        if !rest.is_empty() {
            let stats = clean_block(
                &mut self.cleaner,
                &mut self.carry,
                rest,
                carry::first_key(rest),
                self.stats.lines,
                &mut self.out,
                report,
            );
            self.stats.merge(&stats);
        }
        self.stats.findings.merge(&self.cleaner.take_findings());
        writer.write_all(&self.out)?;
        writer.flush()?;
        Ok(self.stats)
    }
}

/// Cleans lines, each with its newline; the last may lack it. `key` is where a private key begins
/// first, and `first` the number of lines before them.
fn clean_block(
    cleaner: &mut Cleaner<'_>,
    carry: &mut Carry,
    block: &[u8],
    key: Option<usize>,
    first: u64,
    out: &mut Vec<u8>,
    mut report: LineReport<'_>,
) -> Stats {
    let mut stats = Stats {
        bytes: block.len() as u64,
        ..Stats::default()
    };
    out.reserve(block.len() + block.len() / 8);
    let mut key = key;
    let mut start = 0;
    while start < block.len() {
        let newline = memchr(b'\n', &block[start..]).map(|offset| start + offset);
        let end = newline.unwrap_or(block.len());
        let line = &block[start..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        stats.lines += 1;
        let number = first + stats.lines;
        let mut reporting;
        let reporter: Report<'_> = match &mut report {
            Some(report) => {
                reporting = |finding| {
                    report(LineFinding {
                        line: number,
                        finding,
                        source: line,
                    })
                };
                Some(&mut reporting)
            }
            None => None,
        };
        let holds_key = key.is_some_and(|at| at < end);
        let changed = if holds_key || carry.is_open() {
            let changed = carry.clean(cleaner, line, out, reporter);
            if holds_key {
                key = carry::first_key(&block[end..]).map(|offset| end + offset);
            }
            changed
        } else {
            let changed = cleaner.clean(line, out, reporter);
            carry.note(cleaner);
            changed
        };
        let next = newline.map_or(end, |newline| newline + 1);
        if changed {
            stats.changed += 1;
            out.extend_from_slice(&block[start + line.len()..next]);
        } else {
            out.extend_from_slice(&block[start..next]);
        }
        start = next;
    }
    stats.findings = cleaner.take_findings();
    stats
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_long_line_does_not_grow_with_its_findings() {
        let sanitizer = Sanitizer::default();
        let line = b"mail bob@example.com ".repeat(4 * MAX_LINE / 20);
        let mut reader = &line[..];
        let mut source = Source::new();
        let mut inline = Inline::new(&sanitizer);
        while source.fill(&mut reader).expect("memory can be read") > 0 {
            inline
                .clean(&mut source, &mut io::sink(), None)
                .expect("nothing is written");
            assert!(inline.cleaner.scratch.found.is_empty());
        }
        assert!(inline.stats.findings.total() > 50_000);
    }
}
