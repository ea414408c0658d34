//! How far a value in text reaches, and what only looks like one.

use crate::sanitize::chars::{count_work, is_one_of, is_word, run_end, run_start};
use crate::sanitize::detect::keyvalue::{Key, Link, MAX_KEY, MAX_VALUE};
use crate::sanitize::keys::KeyKind;
use crate::sanitize::text::Scanner;
use crate::sanitize::value;

/// Names of types that may stand before a value in quotes.
const TYPES: &[&str] = &["just", "some", "nsstring"];

/// What may be around a value in print.
const WRAPPERS: &[&str] = &["some", "just", "optional", "int", "integer", "long"];

/// The place of the quote that closes a value, and whether there is one: the first that is
/// escaped no deeper than the opening quote.
pub(crate) fn closing_quote(text: &[u8], start: usize, mark: u8, slashes: usize) -> (usize, bool) {
    let mut at = start;
    while let Some(offset) = memchr::memchr(mark, &text[at..]) {
        let found = at + offset;
        count_work(offset);
        let escapes = found - run_start(text, found, 64.min(found - start), |b| b == b'\\');
        if (slashes == 0 && escapes.is_multiple_of(2)) || (slashes > 0 && escapes <= slashes) {
            // An escaped quote closes before its backslashes.
            return (if slashes > 0 { found - escapes } else { found }, true);
        }
        at = found + 1;
    }
    (text.len(), false)
}

/// True when a string in quotes begins at `at` that is a key: a colon follows it.
pub(crate) fn is_quoted_name(text: &[u8], at: usize) -> bool {
    let Some(&mark @ (b'"' | b'\'')) = text.get(at) else {
        return false;
    };
    let end = run_end(text, at + 1, MAX_KEY, |b| b != mark);
    let behind = run_end(text, end + 1, 2, |b| b == b' ');
    text.get(behind) == Some(&b':')
}

/// The end of a value without quotes.
pub(crate) fn bare_end(scanner: &Scanner<'_>, key: &Key<'_>, link: Link, from: usize) -> usize {
    let text = scanner.text;
    let skip = scanner.engine.placeholders.length(&text[from..]);
    let mut end = from + skip;
    let stop = text.len().min(from + MAX_VALUE);
    let phrase = key.kind == KeyKind::Phrase;
    let query =
        link == Link::Equals && key.start > 0 && matches!(text[key.start - 1], b'?' | b'&' | b';');
    while end < stop {
        match text[end] {
            b'"' | b'<' | b'>' | b'`' => break,
            b'\'' if !text.get(end + 1).is_some_and(|b| is_word(*b)) => break,
            // A closing quote of print.
            0xC2 | 0xE2 if is_print_quote(&text[end..]) => break,
            b'&' | b'#' if query => break,
            b'&' if text.get(end + 1).is_some_and(|b| is_word(*b)) && is_pair(text, end + 1) => {
                break;
            }
            b'\\'
                if matches!(
                    text.get(end + 1),
                    Some(b'"' | b'\'' | b'n' | b'r' | b't' | b'\\')
                ) =>
            {
                break;
            }
            // `Stripe-Signature: t=…,v1=…`.
            b',' if key.kind == KeyKind::Signature && link == Link::Colon => {}
            b',' | b';' | b'|'
                if !text.get(end + 1).is_some_and(|b| {
                    is_word(*b) || matches!(b, b'!' | b'@' | b'$' | b'%' | b'*')
                }) || is_pair(text, end + 1) =>
            {
                break;
            }
            b'}' | b')' | b']'
                if !text.get(end + 1).is_some_and(|b| is_word(*b))
                    && !balanced(&text[from + skip..end], text[end]) =>
            {
                break;
            }
            // `ssn=219 09 9999`.
            b' ' if key.kind == KeyKind::Ssn
                && end - from <= 6
                && text[end - 1].is_ascii_digit()
                && text.get(end + 1).is_some_and(u8::is_ascii_digit) => {}
            b' ' if phrase
                && text.get(end + 1).is_some_and(u8::is_ascii_lowercase)
                && end > from
                && !is_pair(text, end + 1) => {}
            b if b.is_ascii_whitespace() => break,
            _ => {}
        }
        end += 1;
    }
    while end > from + skip && matches!(text[end - 1], b'.' | b':' | b',') && link != Link::Equals {
        end -= 1;
    }
    end
}

fn is_print_quote(text: &[u8]) -> bool {
    ["”", "“", "’", "»"]
        .iter()
        .any(|quote| text.starts_with(quote.as_bytes()))
}

/// True when a value has opened the bracket that would close here.
fn balanced(value: &[u8], close: u8) -> bool {
    let open = match close {
        b')' => b'(',
        b']' => b'[',
        _ => b'{',
    };
    value.contains(&open)
}

/// True when `key=` or `key:` begins at `at`.
pub(crate) fn is_pair(text: &[u8], at: usize) -> bool {
    let start = run_end(text, at, 2, |b| matches!(b, b' ' | b'"' | b'\''));
    let end = run_end(text, start, MAX_KEY, |b| {
        is_word(b) || matches!(b, b'-' | b'.')
    });
    end > start
        && matches!(
            text.get(run_end(text, end, 1, |b| matches!(b, b'"' | b'\''))),
            Some(b'=' | b':')
        )
}

/// `Some("…")`, `Secret('…')`, `String("…")`, `b'…'`: the place of the quote.
pub(crate) fn wrapped(text: &[u8], from: usize) -> Option<usize> {
    let name = run_end(text, from, 24, is_word);
    let open = if text.get(name) == Some(&b'(') {
        name + 1
    } else if name == from + 1 {
        name
    } else {
        return None;
    };
    (name > from && matches!(text.get(open), Some(b'"' | b'\''))).then_some(open)
}

/// A value with its type before it: `string(32) "…"`, `(string) (len=8) "…"`, `Just "…"`, `@"…"`. The
/// place of the quote.
pub(crate) fn typed(text: &[u8], from: usize) -> Option<usize> {
    let is_mark = |at: usize| matches!(text.get(at), Some(b'"' | b'\''));
    let gap = |at: usize| run_end(text, at, 1, |b| b == b' ');
    let bracket = |at: usize| {
        let close = run_end(text, at + 1, 24, |b| {
            is_word(b) || matches!(b, b'=' | b' ' | b'*' | b'.')
        });
        (text.get(at) == Some(&b'(') && text.get(close) == Some(&b')')).then_some(close + 1)
    };
    if text[from] == b'@' {
        return is_mark(from + 1).then_some(from + 1);
    }
    let name = run_end(text, from, 24, is_word);
    let known = is_one_of(&text[from..name], TYPES);
    let mut at = name;
    let mut brackets = 0;
    while brackets < 3
        && let Some(next) = bracket(at)
    {
        brackets += 1;
        at = gap(next);
    }
    if brackets == 0 {
        at = gap(at);
    }
    (is_mark(at) && at > name && (known || brackets > 0)).then_some(at)
}

/// `Some(hunter2)`, `Optional(hunter2)`: the place of what is wrapped without quotes.
pub(crate) fn inside(text: &[u8], from: usize) -> usize {
    let name = run_end(text, from, 24, is_word);
    if text.get(name) != Some(&b'(') || !is_one_of(&text[from..name], WRAPPERS) {
        return from;
    }
    let end = run_end(text, name + 1, MAX_KEY, |b| b != b')');
    let found = &text[name + 1..end];
    let quoted = found.first().is_some_and(|b| matches!(b, b'"' | b'\''));
    // `Some(lt_token)` and `Some(Mode::Omit)` are code.
    let bare = !quoted && !found.contains(&b':') && value::is_secretish(found);
    if bare { name + 1 } else { from }
}

/// What is called with a value that it only wraps: a type, or a prefix of a string. What
/// `input("Password: ")` and `getenv("DB_PASSWORD")` are called with is none.
pub(crate) fn is_wrapper(text: &[u8], from: usize) -> bool {
    let name = &text[from..run_end(text, from, 24, is_word)];
    name.len() <= 2
        || name[0].is_ascii_uppercase()
        || is_one_of(
            name,
            &[
                "str", "string", "bytes", "secret", "unicode", "quote", "optional",
            ],
        )
}

/// `{{ .Values.password }}`, `${{ secrets.X }}`, `<%= … %>`, `$(…)`: a template's variable with spaces.
pub(crate) fn is_template(text: &[u8]) -> bool {
    [&b"{{ "[..], b"${{", b"<%", b"$("]
        .iter()
        .any(|open| text.starts_with(open))
}

/// `Token{a64f992 …`, `Token(…`, `com.example.Token@1b2c3d`, `[B@1b2c3d`: a printed object.
pub(crate) fn is_object(text: &[u8], from: usize, end: usize) -> bool {
    let name = run_end(text, from, MAX_KEY, |b| {
        is_word(b) || matches!(b, b'.' | b'$')
    });
    let named = name > from && (text[from].is_ascii_alphabetic() || text[from] == b'_');
    match text.get(name) {
        Some(b'{' | b'(') => named && name < end,
        Some(b'@') => {
            named
                && name < end
                && text[name + 1..end].iter().all(u8::is_ascii_hexdigit)
                && end > name + 1
        }
        _ => false,
    }
}
