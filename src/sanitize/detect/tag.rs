//! XML elements: `<password>value</password>`, `<property name="db.password">value</property>`.

use crate::sanitize::builtin::SECRET;
use crate::sanitize::chars::{is_one_of, is_word, run_end};
use crate::sanitize::detect::keyvalue::{MAX_GAP, MAX_KEY, MAX_LINES_BETWEEN};
use crate::sanitize::keys::KeyKind;
use crate::sanitize::text::{Fix, Open, Scanner};
use crate::sanitize::value;

/// The longest tag of XML, with its attributes.
const MAX_TAG: usize = 256;

/// `<password>value</password>`: `at` is the `<`.
pub(crate) fn at(scanner: &mut Scanner<'_>, at: usize) -> usize {
    let text = scanner.text;
    let end = run_end(text, at + 1, MAX_KEY, |b| {
        is_word(b) || matches!(b, b'-' | b'.' | b':')
    });
    let close = match text.get(end) {
        Some(b'>') => end,
        Some(b' ') => run_end(text, end, MAX_TAG, |b| !matches!(b, b'<' | b'>' | b'\n')),
        _ => return at + 1,
    };
    if end == at + 1 || text.get(close) != Some(&b'>') || text[close - 1] == b'/' {
        return at + 1;
    }
    let local = text[at + 1..end]
        .iter()
        .rposition(|b| *b == b':')
        .map_or(at + 1, |colon| at + 2 + colon);
    if is_one_of(&text[local..end], &["key", "name"]) {
        return named(scanner, at, close + 1);
    }
    let secret =
        scanner.key_kind(&text[local..end]).is_secret() || names_secret(scanner, &text[end..close]);
    if !secret {
        return at + 1;
    }
    content(scanner, at, close, at + 1)
}

/// `<key>authToken</key><string>…</string>` of a property list, `<name>db.password</name><value>…`:
/// `from` is where the name begins.
fn named(scanner: &mut Scanner<'_>, at: usize, from: usize) -> usize {
    let text = scanner.text;
    let end = run_end(text, from, MAX_KEY, |b| {
        is_word(b) || matches!(b, b'-' | b'.' | b' ')
    });
    let kind = match text[end..].starts_with(b"</") {
        true => scanner.key_kind(&text[from..end]),
        false => KeyKind::Plain,
    };
    let mut close = run_end(text, end, MAX_KEY, |b| b != b'>');
    if !kind.is_secret() || text.get(close) != Some(&b'>') {
        return at + 1;
    }
    // XML-RPC has a type within the value.
    for depth in 0..2 {
        let open = run_end(text, close + 1, MAX_GAP * 2, |b| b.is_ascii_whitespace());
        let name = run_end(text, open + 1, 8, |b| b.is_ascii_alphabetic());
        let holds_value = text.get(open) == Some(&b'<')
            && text.get(name) == Some(&b'>')
            && is_one_of(
                &text[open + 1..name],
                &["string", "data", "value", "integer"],
            );
        if !holds_value {
            if depth == 0 && open < text.len() {
                return at + 1;
            }
            break;
        }
        close = name;
    }
    let number = text.get(close + 1).is_some_and(u8::is_ascii_digit);
    if matches!(kind, KeyKind::Tokens | KeyKind::Pass) && number {
        return at + 1;
    }
    content(scanner, at, close, at + 1)
}

/// Redacts what stands behind the tag that closes at `close`; the element begins at `at`.
fn content(scanner: &mut Scanner<'_>, at: usize, close: usize, next: usize) -> usize {
    let text = scanner.text;
    let start = run_end(text, close + 1, MAX_GAP, |b| b.is_ascii_whitespace());
    let start = behind_types(text, start);
    if start == text.len() {
        scanner.open = Some(Open {
            text: text[at..=close].to_vec(),
            lines: MAX_LINES_BETWEEN,
            goes_on: at < scanner.context,
        });
        return next;
    }
    let stop = run_end(text, start, 4096, |b| b != b'<');
    let inner = text[start..stop].trim_ascii_end();
    let closed = text[stop..].starts_with(b"</") || (stop == text.len() && scanner.context > at);
    if inner.is_empty()
        || !closed
        || value::is_nothing(&scanner.engine.placeholders, inner)
        || !scanner.push(SECRET, start, start + inner.len(), Fix::Mask)
    {
        return next;
    }
    stop
}

/// XML-RPC: `<value><string>x`: where the text begins behind the types of a value.
fn behind_types(text: &[u8], from: usize) -> usize {
    let mut at = from;
    for _ in 0..2 {
        let end = run_end(text, (at + 1).min(text.len()), 8, |b| {
            b.is_ascii_lowercase()
        });
        let name = text.get(at + 1..end).unwrap_or_default();
        let known = is_one_of(name, &["value", "string"]);
        if text.get(at) != Some(&b'<') || text.get(end) != Some(&b'>') || !known {
            break;
        }
        at = end + 1;
    }
    at
}

/// ` name="db.password"` among the attributes of a tag.
fn names_secret(scanner: &mut Scanner<'_>, attributes: &[u8]) -> bool {
    [&b" name="[..], b" key="].iter().any(|attribute| {
        let Some(at) = memchr::memmem::find(attributes, attribute) else {
            return false;
        };
        let start = (at + attribute.len() + 1).min(attributes.len());
        let end = run_end(attributes, start, MAX_KEY, |b| !matches!(b, b'"' | b'\''));
        start < end && scanner.key_kind(&attributes[start..end]).is_secret()
    })
}
