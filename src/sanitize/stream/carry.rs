//! What one line says about the next: a private key that begins in one goes on in those below, and
//! so may a value, or what stands between a key and its value.

use std::ops::Range;

use memchr::{memchr, memmem, memrchr};

use super::record::begins_record;
use crate::sanitize::chars::run_start;
use crate::sanitize::cleaner::{Cleaner, Report};
use crate::sanitize::detect::pem;
use crate::sanitize::text::Open;

use crate::sanitize::detect::pem::BEGIN;

/// The most lines that a key may have; an RSA key of 16,384 bits has 200.
const MAX_LINES: usize = 512;

/// The shortest run of base64 that is taken for a key's body in a line with other text; PEM
/// wraps at 64 or 76 characters.
const MIN_RUN: usize = 40;

/// How many lines at the end of a block are looked at for what it leaves open. What is open ends
/// after fewer lines.
const MAX_BACK: usize = 256;

/// Where a private key begins first. Looking for it once per block, not once per line, keeps it off
/// the cost of every line.
pub(super) fn first_key(block: &[u8]) -> Option<usize> {
    memmem::find(block, BEGIN)
}

/// What is open: a private key, with the place of its body in the line, or a value.
#[derive(Debug, Clone, Default)]
pub(super) struct Carry {
    /// How many lines the key may still have.
    left: usize,
    /// Where the body stood in the last line: the length of what a logger puts before it.
    column: Option<usize>,
    /// What a line before left open, and for how many lines it has been.
    open: Option<Open>,
    age: u16,
}

impl Carry {
    pub(super) fn is_open(&self) -> bool {
        self.in_key() || self.open.is_some()
    }

    fn in_key(&self) -> bool {
        self.left > 0
    }

    /// Cleans one line, with regard to those before it.
    pub(super) fn clean(
        &mut self,
        cleaner: &mut Cleaner<'_>,
        line: &[u8],
        out: &mut Vec<u8>,
        mut report: Report<'_>,
    ) -> bool {
        let Some(body) = self.body(line) else {
            return self.clean_value(cleaner, line, out, report);
        };
        cleaner.found_key(body.clone(), &mut report);
        let mut masked = Vec::with_capacity(line.len());
        masked.extend_from_slice(&line[..body.start]);
        cleaner.replace_key(&line[body.clone()], &mut masked);
        masked.extend_from_slice(&line[body.end..]);
        if !self.clean_value(cleaner, &masked, out, None) {
            out.extend_from_slice(&masked);
        }
        true
    }

    /// Cleans one line, which may hold what a key above it names.
    fn clean_value(
        &mut self,
        cleaner: &mut Cleaner<'_>,
        line: &[u8],
        out: &mut Vec<u8>,
        report: Report<'_>,
    ) -> bool {
        let changed = match self.open.take() {
            Some(open) if !begins_record(line) => cleaner.clean_behind(&open, line, out, report),
            _ => cleaner.clean(line, out, report),
        };
        self.note(cleaner);
        changed
    }

    /// Takes note of what the line that was just cleaned leaves open.
    pub(super) fn note(&mut self, cleaner: &mut Cleaner<'_>) {
        if let Some(open) = cleaner.take_open() {
            self.age = if open.goes_on { self.age + 1 } else { 0 };
            self.open = (self.age < open.lines).then_some(open);
        }
    }

    /// Takes note of a line. Returns what of it belongs to a key that began in a line before.
    fn body(&mut self, line: &[u8]) -> Option<Range<usize>> {
        let open = self.in_key();
        if pem::is_open(line) {
            self.left = MAX_LINES;
            self.column = None;
            return None;
        }
        if !open {
            return None;
        }
        if let Some(end) = pem::end_line(line) {
            self.left = 0;
            return Some(end);
        }
        let found = self.body_of(line);
        if found.is_some() || is_header(line) {
            self.left -= 1;
        } else {
            self.left = 0;
        }
        found
    }

    fn body_of(&mut self, line: &[u8]) -> Option<Range<usize>> {
        let whole = line.trim_ascii();
        if !whole.is_empty() && whole.len() <= 128 && whole.iter().all(|b| is_base64(*b)) {
            let start = line.len() - line.trim_ascii_start().len();
            return Some(start..start + whole.len());
        }
        // The last line of a body is short: it is known by its place.
        if let Some(column) = self.column
            && column < line.len()
        {
            let end = column + line[column..].iter().take_while(|b| is_base64(**b)).count();
            if end > column && (column == 0 || !is_base64(line[column - 1])) {
                return Some(column..end);
            }
        }
        let run = longest_run(line);
        if run.len() < MIN_RUN {
            return None;
        }
        self.column = Some(run.start);
        Some(run)
    }

    /// What holds after a block of whole lines, without cleaning them. `key` is where a private
    /// key begins in it first.
    pub(super) fn after(
        &self,
        cleaner: &mut Cleaner<'_>,
        block: &[u8],
        key: Option<usize>,
    ) -> Carry {
        let mut after = self.value_after(cleaner, block);
        after.left = self.left;
        after.column = self.column;
        after.key_after(block, key)
    }

    /// The value that is open after a block: its last lines tell, from where a record begins.
    fn value_after(&self, cleaner: &mut Cleaner<'_>, block: &[u8]) -> Carry {
        let mut from = block.len() - usize::from(block.ends_with(b"\n"));
        let mut carry = Carry::default();
        for _ in 0..MAX_BACK {
            let start = memrchr(b'\n', &block[..from]).map_or(0, |newline| newline + 1);
            let line = &block[start..];
            let end = memchr(b'\n', line).unwrap_or(line.len());
            from = start;
            if begins_record(&line[..end]) {
                break;
            }
            if start == 0 {
                carry.open.clone_from(&self.open);
                carry.age = self.age;
                break;
            }
            from -= 1;
        }
        let rest = block[from..].strip_prefix(b"\n").unwrap_or(&block[from..]);
        let mut scratch = Vec::new();
        for line in rest
            .strip_suffix(b"\n")
            .unwrap_or(rest)
            .split(|b| *b == b'\n')
        {
            scratch.clear();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            carry.clean_value(cleaner, line, &mut scratch, None);
        }
        // The findings count when the block is cleaned.
        cleaner.take_findings();
        carry
    }

    fn key_after(mut self, block: &[u8], key: Option<usize>) -> Carry {
        let last = key.and_then(|first| memmem::rfind(&block[first..], BEGIN).map(|at| first + at));
        let from = match last {
            Some(last) => {
                self.left = 0;
                self.column = None;
                run_start(block, last, usize::MAX, |b| b != b'\n')
            }
            None if self.in_key() => 0,
            None => return self,
        };
        let lines = &block[from..];
        let lines = lines.strip_suffix(b"\n").unwrap_or(lines);
        for line in lines.split(|b| *b == b'\n') {
            if from > 0
                && !self.in_key()
                && !line.windows(BEGIN.len()).any(|window| window == BEGIN)
            {
                break;
            }
            self.body(line.strip_suffix(b"\r").unwrap_or(line));
            if !self.in_key() {
                break;
            }
        }
        self
    }
}

fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')
}

fn longest_run(line: &[u8]) -> Range<usize> {
    let mut best = 0..0;
    let mut start = 0;
    for (i, b) in line.iter().enumerate() {
        if is_base64(*b) {
            if i + 1 - start > best.len() {
                best = start..i + 1;
            }
        } else {
            start = i + 1;
        }
    }
    best
}

/// Blank lines and the headers of encrypted keys.
fn is_header(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.is_empty()
        || [&b"Proc-Type:"[..], b"DEK-Info:", b"Version:", b"Comment:"]
            .iter()
            .any(|name| line.starts_with(name))
}
