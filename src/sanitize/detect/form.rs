//! Fields of a form in several parts: `form-data; name="password"`, a blank line, and the value in the
//! lines below. The ends of the lines may be kept as `\\r\\n`.

use crate::sanitize::builtin::SECRET;
use crate::sanitize::chars::{count_work, is_word, run_end};
use crate::sanitize::detect::keyvalue::{MAX_GAP, MAX_KEY, Named};
use crate::sanitize::keys::KeyKind;
use crate::sanitize::text::{Fix, Open, Scanner};
use crate::sanitize::value;

/// The most header lines of a part, and the longest of them.
const MAX_HEADERS: usize = 3;
const MAX_HEADER: usize = 120;
/// The longest value of several lines.
const MAX_VALUE: usize = 256;

/// The end of the name at `from`, such as `API_KEY` or `user[password]`.
pub(super) fn name_end(text: &[u8], from: usize) -> usize {
    let is_name = |b: u8| is_word(b) || matches!(b, b'-' | b'.' | b'/');
    let end = run_end(text, from, MAX_KEY, is_name);
    if end == from || text.get(end) != Some(&b'[') {
        return end;
    }
    match run_end(text, end + 1, MAX_KEY, is_name) {
        close if text.get(close) == Some(&b']') => close + 1,
        _ => end,
    }
}

/// The value of the field that was named last. Nothing is found twice: what is redacted lies behind
/// all that was looked at.
pub(super) fn field(scanner: &mut Scanner<'_>) {
    let text = scanner.text;
    let Some(&Named { kind, start, end }) = scanner.named.as_ref() else {
        return;
    };
    let Some(begin) = text[..start].strip_suffix(b"form-data; ").map(<[u8]>::len) else {
        return;
    };
    let slashes = run_end(text, end, MAX_GAP, |b| b == b'\\');
    let quote = run_end(text, slashes, 1, |b| b == b'"');
    if text[quote..].trim_ascii().is_empty() && !text[quote..].contains(&b'\n') {
        return open(scanner, begin, quote);
    }
    let Some(mut at) = line_break(text, quote) else {
        return;
    };
    let mut headers = 0;
    while line_break(text, at).is_none() {
        let header = (at..text.len().min(at + MAX_HEADER)).find_map(|i| line_break(text, i));
        let Some(next) = header.filter(|_| headers < MAX_HEADERS) else {
            return open(scanner, begin, at);
        };
        headers += 1;
        at = next;
    }
    let from = line_break(text, at).unwrap_or(at);
    if from == text.len() {
        return open(scanner, begin, from);
    }
    let until = value_end(text, from);
    let found = text[from..until].trim_ascii();
    let number = found.iter().all(u8::is_ascii_digit);
    let counts = matches!(kind, KeyKind::Tokens | KeyKind::Pass) && number;
    if !counts && !value::is_nothing(&scanner.engine.placeholders, found) {
        scanner.push(SECRET, from, until, Fix::Mask);
    }
}

/// Notes that the value stands in a line below.
fn open(scanner: &mut Scanner<'_>, begin: usize, until: usize) {
    let text = scanner.text;
    let rest = &text[until..];
    let short = text.len() - begin <= MAX_HEADER * (MAX_HEADERS + 2);
    if short && rest.len() <= MAX_HEADER && !rest.contains(&b'\n') {
        scanner.open = Some(Open {
            text: text[begin..].to_vec(),
            lines: 2 + MAX_HEADERS as u16,
            goes_on: begin < scanner.context,
        });
    }
}

/// The place behind the end of a line at `at`: a newline, or its escape.
fn line_break(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'\n' => Some(at + 1),
        b'\r' if text.get(at + 1) == Some(&b'\n') => Some(at + 2),
        b'\\' => {
            let letter = |from: usize, letter: u8| {
                let end = run_end(text, from, MAX_GAP, |b| b == b'\\');
                (end > from && text.get(end) == Some(&letter)).then_some(end + 1)
            };
            let from = letter(at, b'r').unwrap_or(at);
            letter(from, b'n')
        }
        _ => None,
    }
}

/// Where the value at `from` ends: before the boundary's line, when that is near, or with its own.
fn value_end(text: &[u8], from: usize) -> usize {
    let mut first = None;
    for at in from..text.len() {
        count_work(1);
        if first.is_some() && at > from + MAX_VALUE {
            break;
        }
        if let Some(next) = line_break(text, at) {
            if text[next..].starts_with(b"--") {
                return at;
            }
            first = first.or(Some(at));
        }
    }
    first.unwrap_or(text.len())
}
