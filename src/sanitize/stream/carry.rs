//! What one line says about the next: a private key that begins in one goes on in those below.

use std::ops::Range;

use crate::sanitize::chars::run_start;
use crate::sanitize::detect::pem;

pub(super) use crate::sanitize::detect::pem::BEGIN;

/// The most lines that a key may have; an RSA key of 16,384 bits has 200.
const MAX_LINES: usize = 512;

/// The shortest run of base64 that is taken for a key's body in a line with other text; PEM
/// wraps at 64 or 76 characters.
const MIN_RUN: usize = 40;

/// Whether a private key is open, and where its body stands in the line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Carry {
    /// How many lines the key may still have.
    left: usize,
    /// Where the body stood in the last line: the length of what a logger puts before it.
    column: Option<usize>,
}

impl Carry {
    pub(super) fn is_open(self) -> bool {
        self.left > 0
    }

    /// Takes note of a line. Returns what of it belongs to a key that began in a line before.
    pub(super) fn body(&mut self, line: &[u8]) -> Option<Range<usize>> {
        let open = self.is_open();
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

    /// What holds after a block of whole lines, without cleaning them.
    pub(super) fn after(mut self, block: &[u8]) -> Carry {
        let from = match memchr::memmem::rfind(block, BEGIN) {
            Some(last) => {
                self = Carry::default();
                run_start(block, last, usize::MAX, |b| b != b'\n')
            }
            None if self.is_open() => 0,
            None => return self,
        };
        for line in block[from..].split(|b| *b == b'\n') {
            if from > 0
                && !self.is_open()
                && !line.windows(BEGIN.len()).any(|window| window == BEGIN)
            {
                break;
            }
            self.body(line.strip_suffix(b"\r").unwrap_or(line));
            if !self.is_open() {
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
