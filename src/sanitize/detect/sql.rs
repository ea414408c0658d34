//! SQL that names its columns before their values: `INSERT INTO users (name, password) VALUES ('ann', 'x')`.

use crate::sanitize::builtin::SECRET;
use crate::sanitize::chars::{count_work, run_end, run_start};
use crate::sanitize::detect::keyvalue::MAX_GAP;
use crate::sanitize::keys::KeyKind;
use crate::sanitize::text::{Fix, Scanner};
use crate::sanitize::value;

/// The longest list of columns.
const MAX_COLUMNS: usize = 1024;
/// The most columns that are told apart.
const MAX_COUNT: usize = 64;

/// Redacts the strings of the columns that a key list would redact, when the bracket at `at` opens the
/// values of columns.
pub(super) fn values(scanner: &mut Scanner<'_>, at: usize) {
    let text = scanner.text;
    let is_gap = |b: u8| b.is_ascii_whitespace();
    let word = run_start(text, at, 2, is_gap);
    let Some(begin) = word.checked_sub(b"values".len()) else {
        return;
    };
    if !text[begin..word].eq_ignore_ascii_case(b"values") {
        return;
    }
    let close = run_start(text, begin, MAX_GAP, is_gap);
    if close == 0 || text[close - 1] != b')' {
        return;
    }
    let from = (close - 1).saturating_sub(MAX_COLUMNS);
    let Some(open) = text[from..close - 1].iter().rposition(|b| *b == b'(') else {
        return;
    };
    count_work(close - from - open);
    let columns: Vec<KeyKind> = text[from + open + 1..close - 1]
        .split(|b| *b == b',')
        .take(MAX_COUNT)
        .map(|name| scanner.key_kind(bare(name)))
        .collect();
    if !columns.iter().any(|kind| kind.is_secret()) {
        return;
    }
    let stop = text.len().min(at + scanner.lists.limit(at));
    let mut tuple = Some(at);
    while let Some(at) = tuple {
        let end = row(scanner, at + 1, stop, &columns);
        let next = run_end(text, end, MAX_GAP, |b| b == b',' || b.is_ascii_whitespace());
        tuple = (end < stop && text.get(next) == Some(&b'(')).then_some(next);
    }
}

/// The name of a column without its quotes.
fn bare(name: &[u8]) -> &[u8] {
    let is_mark =
        |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'`' | b'[' | b']' | b'\\');
    let start = name.iter().position(|b| !is_mark(b)).unwrap_or(name.len());
    let end = name
        .iter()
        .rposition(|b| !is_mark(b))
        .map_or(start, |last| last + 1);
    &name[start..end.max(start)]
}

/// The values from `from`. Returns the place behind their closing bracket, or `stop`.
fn row(scanner: &mut Scanner<'_>, from: usize, stop: usize, columns: &[KeyKind]) -> usize {
    let text = scanner.text;
    let mut at = from;
    let mut column = 0;
    let mut depth = 0usize;
    while at < stop {
        count_work(1);
        match text[at] {
            b'(' => depth += 1,
            b')' if depth == 0 => return at + 1,
            b')' => depth -= 1,
            b',' if depth == 0 => column += 1,
            mark @ (b'\'' | b'"') => {
                let end = string_end(text, at + 1, stop, mark);
                let kind = columns.get(column).copied().unwrap_or(KeyKind::Plain);
                if depth == 0 && goes(scanner, kind, &text[at + 1..end]) {
                    scanner.push(SECRET, at + 1, end, Fix::Mask);
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    stop
}

/// Where the string ends that begins at `from`; two marks in it stand for one.
fn string_end(text: &[u8], from: usize, stop: usize, mark: u8) -> usize {
    let mut at = from;
    loop {
        at = run_end(text, at, stop - at.min(stop), |b| b != mark && b != b'\\');
        let escaped = text.get(at) == Some(&b'\\') && text.get(at + 1) != Some(&mark);
        if at >= stop || !(escaped || text[at + 1..].first() == Some(&mark)) {
            return at.min(stop);
        }
        at += 2;
    }
}

fn goes(scanner: &Scanner<'_>, kind: KeyKind, found: &[u8]) -> bool {
    let counts = matches!(kind, KeyKind::Tokens | KeyKind::Pass | KeyKind::Signature)
        && !value::is_secretish(found);
    kind.is_secret() && !counts && !value::is_nothing(&scanner.engine.placeholders, found)
}
