//! A line that is too long to hold: it is cleaned as text, piece by piece. A piece ends where no
//! finding is, so that nothing is split; a finding longer than a piece is dropped to its end.

use memchr::memchr;

use super::MAX_LINE;
use crate::sanitize::engine::{Cleaner, Source};

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
                let end = rest.iter().position(|b| ends_secret(quote, *b));
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
                piece.len()
            } else {
                self.cut(cleaner, piece)
            };
            if cut == 0 {
                // The piece is one secret from its start.
                self.dropping = Some(opening_quote(&line[..taken]));
                self.changed = true;
                cleaner.replace_key(b"", out);
                continue;
            }
            let piece = &piece[..cut];
            if cleaner.clean_text(b"", Source::plain(piece), 0, out, None) {
                self.changed = true;
            } else {
                out.extend_from_slice(piece);
            }
            taken += cut;
        }
        match newline {
            Some(newline) if taken == line.len() => {
                out.push(b'\n');
                (newline + 1, true)
            }
            _ => (taken, whole && taken == line.len()),
        }
    }

    /// Where to cut a piece: behind a separator and in no finding. 0 when a finding covers the
    /// whole piece.
    fn cut(&self, cleaner: &mut Cleaner<'_>, piece: &[u8]) -> usize {
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
                cut = if range.end == piece.len() {
                    range.start
                } else {
                    range.end
                };
            }
        }
        cut
    }
}

fn ends_secret(quote: u8, b: u8) -> bool {
    if quote == 0 {
        b.is_ascii_whitespace() || b == b'"'
    } else {
        b == quote
    }
}

fn opening_quote(before: &[u8]) -> u8 {
    match before.last() {
        Some(quote @ (b'"' | b'\'' | b'`')) => *quote,
        _ => 0,
    }
}
