//! Values that stand in a line below their key, in a text of several lines: pretty-printed JSON,
//! YAML with its lists and block scalars, header dumps. Where the text ends before the value does,
//! the scanner is told what is open, so that a stream can go on with it in its next line.

use crate::sanitize::builtin::SECRET;
use crate::sanitize::chars::{is_word, run_end, run_start};
use crate::sanitize::detect::extent::is_quoted_name;
use crate::sanitize::detect::header;
use crate::sanitize::detect::keyvalue::{self, Key, Link, MAX_GAP, MAX_KEY};
use crate::sanitize::keys::KeyKind;
use crate::sanitize::text::{Fix, Open, Scanner};
use crate::sanitize::value;

/// The most lines of a block scalar, a list or a container.
const MAX_LINES: u16 = 128;
/// The most lines between a key and its value.
const MAX_BLANK: u16 = 2;
/// The deepest indentation that is told from another.
const MAX_INDENT: usize = 64;
/// The longest text that stands for what is open.
const MAX_OPEN: usize = 256;

/// Notes that what begins with `key` and reaches to `until` goes on behind the text, with `more`
/// behind it, for at most `lines` lines.
pub(super) fn open(
    scanner: &mut Scanner<'_>,
    key: &Key<'_>,
    until: usize,
    more: &[u8],
    lines: u16,
) {
    let begin = match key.quote {
        Some((_, slashes)) => key.start.saturating_sub(slashes + 1),
        None => key.start,
    };
    if until < begin || until - begin + more.len() > MAX_OPEN {
        return;
    }
    let mut text = vec![b' '; column(scanner.text, begin).min(MAX_INDENT)];
    text.extend_from_slice(&scanner.text[begin..until]);
    text.extend_from_slice(more);
    scanner.open = Some(Open {
        text,
        lines,
        goes_on: begin < scanner.context,
    });
}

/// The place of `at` in its line.
fn column(text: &[u8], at: usize) -> usize {
    at - run_start(text, at, MAX_INDENT, |b| b != b'\n')
}

/// True when only indentation and a list's mark stand before the key.
fn begins_line(text: &[u8], key: &Key<'_>) -> bool {
    let dashes = run_start(text, key.start, 2, |b| b == b'-');
    let from = run_start(text, dashes, MAX_INDENT, |b| {
        matches!(b, b' ' | b'\t' | b'-')
    });
    from == 0 || text[from - 1] == b'\n'
}

/// The end of the line that holds `at`, without the white space before its newline.
fn line_end(text: &[u8], at: usize) -> usize {
    let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |newline| at + newline);
    at + text[at..end].trim_ascii_end().len()
}

/// The value of a key whose line ends at `end`. Returns where to go on.
pub(super) fn below(
    scanner: &mut Scanner<'_>,
    key: &Key<'_>,
    link: Link,
    end: usize,
    next: usize,
) -> usize {
    let text = scanner.text;
    if key.quote.is_none()
        && (matches!(link, Link::Equals | Link::Arrow) || !begins_line(text, key))
    {
        return next;
    }
    let at = run_end(text, end, MAX_INDENT, |b| b.is_ascii_whitespace());
    if at == text.len() {
        open(scanner, key, end, b"", MAX_BLANK);
        return next;
    }
    if text[at].is_ascii_whitespace() {
        return next;
    }
    if key.quote.is_some() {
        let begins_value = matches!(
            text[at],
            b'"' | b'\'' | b'[' | b'{' | b'-' | b'\\' | b'0'..=b'9'
        );
        return match begins_value && !is_quoted_name(text, at) {
            true => keyvalue::value(scanner, key, Link::Colon, at, next),
            false => next,
        };
    }
    let stop = line_end(text, at);
    if text[at..stop].starts_with(b"- ") {
        return items(scanner, key, end, next);
    }
    let line = &text[at..stop];
    if key.kind == KeyKind::Authorization {
        return header::authorization(scanner, at, stop, next);
    }
    if matches!(line[0], b'"' | b'\'') {
        return keyvalue::value(scanner, key, Link::Colon, at, next);
    }
    let deeper = column(text, at) > column(text, key.start);
    if !is_alone(line) || !(deeper && line.len() >= 4 || value::is_random(line, 6)) {
        return next;
    }
    redact(scanner, at, stop, next)
}

/// A value and nothing else: one word that is no pair, no prose and no placeholder.
fn is_alone(line: &[u8]) -> bool {
    let name = run_end(line, 0, MAX_KEY, |b| is_word(b) || matches!(b, b'-' | b'.'));
    let separated = matches!(line.get(name), Some(b':' | b'='));
    let pair = separated && !line[name..].iter().all(|b| *b == b'=');
    !pair && !line.iter().any(u8::is_ascii_whitespace) && !value::is_prose(line)
}

fn redact(scanner: &mut Scanner<'_>, start: usize, end: usize, next: usize) -> usize {
    if value::is_nothing(&scanner.engine.placeholders, &scanner.text[start..end])
        || !scanner.push(SECRET, start, end, Fix::Mask)
    {
        return next;
    }
    end
}

/// YAML: the items of a list below its key.
fn items(scanner: &mut Scanner<'_>, key: &Key<'_>, end: usize, next: usize) -> usize {
    let text = scanner.text;
    let mut go_on = next;
    let mut at = end;
    loop {
        let dash = run_end(text, at, MAX_INDENT, |b| b.is_ascii_whitespace());
        if dash == text.len() {
            open(scanner, key, end, b"", MAX_LINES);
            return go_on;
        }
        let deep = column(text, dash) >= column(text, key.start);
        if !deep || !text[dash..].starts_with(b"- ") {
            return go_on;
        }
        let start = run_end(text, dash + 1, MAX_GAP, |b| b == b' ');
        at = line_end(text, start);
        let item = &text[start..at];
        let bare = match item {
            [quote @ (b'"' | b'\''), inner @ .., last] if quote == last => inner,
            other => other,
        };
        let inset = usize::from(bare.len() < item.len());
        if is_alone(bare) {
            go_on = redact(scanner, start + inset, at - inset, go_on);
        }
    }
}

/// The place behind `|` or `>-`, with a tag before it, when a block scalar begins at `from`.
pub(super) fn block_begin(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    if text.get(at) == Some(&b'!') {
        at = run_end(text, at, MAX_KEY, |b| !b.is_ascii_whitespace());
        at = run_end(text, at, MAX_GAP, |b| b == b' ');
    }
    if !matches!(text.get(at), Some(b'|' | b'>')) {
        return None;
    }
    let end = run_end(text, at + 1, 3, |b| matches!(b, b'+' | b'-' | b'1'..=b'9'));
    let rest = run_end(text, end, MAX_GAP, |b| matches!(b, b' ' | b'\r'));
    matches!(text.get(rest), None | Some(b'\n')).then_some(end)
}

/// YAML: the lines of a block scalar, all deeper than its key.
pub(super) fn block(scanner: &mut Scanner<'_>, key: &Key<'_>, end: usize, next: usize) -> usize {
    let text = scanner.text;
    let mut go_on = next;
    let mut at = end;
    loop {
        let start = run_end(text, at, usize::MAX, |b| b.is_ascii_whitespace());
        if start == text.len() {
            open(scanner, key, end, b"", MAX_LINES);
            return go_on;
        }
        if column(text, start) <= column(text, key.start) {
            return go_on;
        }
        at = line_end(text, start);
        go_on = redact(scanner, start, at, go_on);
    }
}
