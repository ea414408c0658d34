//! A line that is too long to hold: it is cleaned as text, piece by piece. A piece ends where no
//! finding is, so that nothing is split; a finding that reaches beyond a piece is dropped to its end.

use memchr::memchr;

use super::MAX_LINE;
use crate::sanitize::cleaner::{Cleaner, Source};

/// How much is looked at behind a cut, so that what crosses it is found.
const LOOK_AHEAD: usize = 32 * 1024;

/// How far back from the end of a piece a place to cut is searched.
const CUT_SEARCH: usize = 4 * 1024;

/// A long line on its way.
#[derive(Debug, Default)]
pub(super) struct LongLine {
    /// What ends the secret that is being dropped: a quote, or white space for 0.
    dropping: Option<u8>,
    /// Something was redacted.
    pub(super) changed: bool,
}

impl LongLine {
    /// Cleans as much of `pending` as can be; returns how much was taken, and whether the line
    /// ended, with its newline.
    pub(super) fn clean(
        &mut self,
        cleaner: &mut Cleaner<'_>,
        pending: &[u8],
        at_end: bool,
        out: &mut Vec<u8>,
    ) -> (usize, bool) {
        let newline = memchr(b'\n', pending);
        let line = &pending[..newline.unwrap_or(pending.len())];
        let whole = newline.is_some() || at_end;
        let mut taken = 0;
        while taken < line.len() {
            let rest = &line[taken..];
            if let Some(quote) = self.dropping {
                let end = secret_end(rest, quote);
                taken += end.unwrap_or(rest.len());
                if end.is_some() {
                    self.dropping = None;
                }
                continue;
            }
            if !whole && rest.len() <= MAX_LINE / 2 {
                break;
            }
            let piece = &rest[..rest.len().min(MAX_LINE)];
            let last = whole && piece.len() == rest.len();
            let cut = if last {
                Cut::At(piece.len())
            } else {
                self.cut(cleaner, piece)
            };
            let (Cut::At(end) | Cut::Into(end)) = cut;
            let piece = &piece[..end];
            if cleaner.clean_text(b"", Source::plain(piece), 0, out, None) {
                self.changed = true;
            } else {
                out.extend_from_slice(piece);
            }
            taken += end;
            if let Cut::Into(_) = cut {
                self.dropping = Some(opening_quote(&line[..taken]));
                self.changed = true;
                cleaner.replace_key(b"", out);
            }
        }
        match newline {
            Some(newline) if taken == line.len() => {
                out.push(b'\n');
                (newline + 1, true)
            }
            _ => (taken, whole && taken == line.len()),
        }
    }

    /// Where to cut a piece: behind a separator and in no finding.
    fn cut(&self, cleaner: &mut Cleaner<'_>, piece: &[u8]) -> Cut {
        let wanted = piece.len().saturating_sub(LOOK_AHEAD).max(1);
        let from = wanted.saturating_sub(CUT_SEARCH);
        let separator = |separators: &[u8]| {
            piece[from..wanted]
                .iter()
                .rposition(|b| separators.contains(b))
                .map(|at| from + at + 1)
        };
        let mut cut = separator(b",;}\n")
            .or_else(|| separator(b" \t\0"))
            .unwrap_or(wanted);
        for range in cleaner.findings_in(piece) {
            if range.start < cut && cut < range.end {
                if range.end == piece.len() {
                    return Cut::Into(range.start);
                }
                cut = range.end;
            }
        }
        Cut::At(cut)
    }
}

/// Where a piece ends.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// Where no finding is.
    At(usize),
    /// Before a finding that does not end in the piece.
    Into(usize),
}

/// The end of a secret that began before `rest`.
fn secret_end(rest: &[u8], quote: u8) -> Option<usize> {
    rest.iter().enumerate().position(|(i, b)| {
        if quote == 0 {
            b.is_ascii_whitespace() || *b == b'"'
        } else {
            *b == quote && (i == 0 || rest[i - 1] != b'\\')
        }
    })
}

fn opening_quote(before: &[u8]) -> u8 {
    match before.last() {
        Some(quote @ (b'"' | b'\'' | b'`')) => *quote,
        _ => 0,
    }
}
