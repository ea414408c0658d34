//! Keys and values in text: `key=value`, `Key: value`, `"key": "value"` at any depth of quoting,
//! and `<key>value</key>`.

use crate::sanitize::builtin::SECRET;
use crate::sanitize::chars::{after_escape, is_one_of, is_word, run_end, run_start};
use crate::sanitize::detect::extent::{
    bare_end, closing_quote, is_object, is_pair, is_template, wrapped,
};
use crate::sanitize::detect::header;
use crate::sanitize::keys::KeyKind;
use crate::sanitize::text::{Fix, Scanner};
use crate::sanitize::value;

/// The longest key and the most spaces and backslashes that are read.
pub(crate) const MAX_KEY: usize = 64;
pub(crate) const MAX_GAP: usize = 16;
/// The longest unquoted value that is read to its end.
pub(crate) const MAX_VALUE: usize = 1 << 20;

/// A key before a separator.
pub(crate) struct Key<'t> {
    pub(crate) start: usize,
    pub(crate) name: &'t [u8],
    /// The quote around the key, and the backslashes before it.
    pub(crate) quote: Option<(u8, usize)>,
    pub(crate) kind: KeyKind,
}

/// How key and value are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// `key=value`.
    Equals,
    /// `key: value`.
    Colon,
    /// `key:value`.
    TightColon,
    /// `--key value`.
    Flag,
}

/// `=` at `at`.
pub(crate) fn at_equals(scanner: &mut Scanner<'_>, at: usize) -> usize {
    let text = scanner.text;
    if at == 0
        || matches!(text[at - 1], b'=' | b'!' | b'<' | b'>')
        || text.get(at + 1) == Some(&b'=')
    {
        return at + 1;
    }
    let key_end = if text[at - 1] == b':' || text[at - 1] == b'+' {
        at - 1
    } else {
        at
    };
    let Some(key) = key_before(scanner, key_end) else {
        return at + 1;
    };
    let mut from = at + 1;
    if text.get(from) == Some(&b'>') {
        from += 1;
    }
    let spaced = text.get(from) == Some(&b' ');
    from = run_end(text, from, MAX_GAP, |b| matches!(b, b' ' | b'\t'));
    if spaced
        && text[at - 1] != b' '
        && text[at + 1] != b'>'
        && key.quote.is_none()
        && !is_quote(text, from)
    {
        // `password= user=bob`: the value is empty.
        return at + 1;
    }
    value(scanner, &key, Link::Equals, from, at + 1)
}

/// `:` at `at`.
pub(crate) fn at_colon(scanner: &mut Scanner<'_>, at: usize) -> usize {
    let text = scanner.text;
    if at == 0
        || text.get(at + 1) == Some(&b':')
        || text[at - 1] == b':'
        || text.get(at + 1) == Some(&b'=')
    {
        return at + 1;
    }
    let from = run_end(text, at + 1, MAX_GAP, |b| matches!(b, b' ' | b'\t'));
    let Some(key) = key_before(scanner, at) else {
        return at + 1;
    };
    let link = if from > at + 1 || key.quote.is_some() || is_quote(text, from) {
        Link::Colon
    } else {
        Link::TightColon
    };
    value(scanner, &key, link, from, at + 1)
}

/// `<password>value</password>`: `at` is the `<`.
pub(crate) fn at_tag(scanner: &mut Scanner<'_>, at: usize) -> usize {
    let text = scanner.text;
    let end = run_end(text, at + 1, MAX_KEY, |b| {
        is_word(b) || matches!(b, b'-' | b'.' | b':')
    });
    if end == at + 1 || text.get(end) != Some(&b'>') {
        return at + 1;
    }
    let local = text[at + 1..end]
        .iter()
        .rposition(|b| *b == b':')
        .map_or(at + 1, |colon| at + 2 + colon);
    if !scanner.key_kind(&text[local..end]).is_secret() {
        return at + 1;
    }
    let stop = end
        + 1
        + text[end + 1..]
            .iter()
            .take(4096)
            .position(|b| *b == b'<')
            .unwrap_or(0);
    let inner = &text[end + 1..stop];
    if inner.is_empty()
        || text.get(stop + 1) != Some(&b'/')
        || value::is_nothing(&scanner.engine.placeholders, inner.trim_ascii())
        || !scanner.push(SECRET, end + 1, stop, Fix::Mask)
    {
        return at + 1;
    }
    stop
}

fn is_quote(text: &[u8], at: usize) -> bool {
    let at = run_end(text, at, MAX_GAP, |b| b == b'\\');
    matches!(text.get(at), Some(b'"' | b'\'' | b'`'))
}

/// The key that ends before the separator at `at`, when it says that its value matters.
fn key_before<'t>(scanner: &mut Scanner<'t>, at: usize) -> Option<Key<'t>> {
    let text = scanner.text;
    let mut end = run_start(text, at, 2, |b| matches!(b, b' ' | b'\t'));
    let mut quote = None;
    if end > 0 && matches!(text[end - 1], b'"' | b'\'' | b'`') {
        let mark = text[end - 1];
        let slashes_from = run_start(text, end - 1, MAX_GAP, |b| b == b'\\');
        quote = Some((mark, end - 1 - slashes_from));
        end = slashes_from;
    } else if end > 0 && text[end - 1] == b']' {
        // `credentials[password]=…` and `$_POST['password'] = …`.
        let open = text[end.saturating_sub(MAX_KEY)..end]
            .iter()
            .rposition(|b| *b == b'[');
        let open = open.map_or(end, |open| end.saturating_sub(MAX_KEY) + open);
        if scanner.engine.placeholders.length(&text[open..]) > 0 {
            return None;
        }
        end = run_start(text, end - 1, 1, |b| matches!(b, b'"' | b'\''));
    }
    let bare = run_start(text, end, MAX_KEY, |b| {
        is_word(b) || matches!(b, b'-' | b'.')
    });
    let mut start = after_escape(text, bare, end);
    if let Some((mark, _)) = quote {
        // A quoted key may hold spaces.
        let from = end.saturating_sub(MAX_KEY);
        let open = text[from..end]
            .iter()
            .rposition(|b| *b == mark)
            .map_or(start, |open| from + open + 1);
        if open <= start
            && text[open..end]
                .iter()
                .all(|b| *b == b' ' || is_word(*b) || matches!(b, b'-' | b'.' | b'/'))
        {
            start = open;
        }
    }
    while start < end && matches!(text[start], b'-' | b'.') {
        start += 1;
    }
    if start == end {
        return None;
    }
    if quote.is_none()
        && is_one_of(&text[start..end], &["is", "was"])
        && start > 1
        && text[start - 1] == b' '
    {
        // `The password is: …`.
        end = start - 1;
        start = run_start(text, end, MAX_KEY, |b| {
            is_word(b) || matches!(b, b'-' | b'.')
        });
    }
    if start == end {
        return None;
    }
    let mut name = &text[start..end];
    let mut kind = scanner.key_kind(name);
    if quote.is_none() && start > 1 && text[start - 1] == b' ' {
        // `API key: …`, `social security number: …`: the words before belong to the key.
        let mut wide = start;
        for _ in 0..2 {
            if wide < 2 || text[wide - 1] != b' ' {
                break;
            }
            let word = run_start(text, wide - 1, 24, |b| {
                b.is_ascii_alphanumeric() || b == b'-' || b == b'_'
            });
            if word == wide - 1 {
                break;
            }
            wide = word;
        }
        let wider = &text[wide..end];
        if kind == KeyKind::Plain || kind == KeyKind::Name {
            let spoken = scanner.key_kind(wider);
            if matches!(
                spoken,
                KeyKind::Secret | KeyKind::Ssn | KeyKind::Phrase | KeyKind::Code | KeyKind::Token
            ) && ends_as_key(name)
            {
                kind = spoken;
                name = wider;
            }
        } else if kind == KeyKind::Token && is_parser_talk(wider) {
            return None;
        }
    }
    if quote.is_none()
        && start > 0
        && matches!(text[start - 1], b'/' | b'\\')
        && text.get(at) == Some(&b':')
    {
        // `/etc/passwd: permission denied` is a path.
        return None;
    }
    if kind == KeyKind::Value && text.get(at) == Some(&b'=') {
        kind = attribute_before(scanner, start);
    }
    (kind.is_secret()).then_some(Key {
        start,
        name,
        quote,
        kind,
    })
}

/// `<add key="ApiKey" value="…"/>`: what the attribute before the one at `start` says about it.
fn attribute_before(scanner: &mut Scanner<'_>, start: usize) -> KeyKind {
    let text = scanner.text;
    let end = run_start(text, start, 2, |b| b == b' ');
    let Some(mark @ (b'"' | b'\'')) = text[..end].last().copied() else {
        return KeyKind::Plain;
    };
    let open = run_start(text, end - 1, MAX_KEY, |b| b != mark);
    let name_end = open.saturating_sub(2);
    let name = run_start(text, name_end, 12, is_word);
    let names = text[name_end..].starts_with(b"=")
        && is_one_of(
            &text[name..name_end],
            &["key", "name", "header", "property"],
        );
    match names {
        true => scanner.key_kind(&text[open..end - 1]),
        false => KeyKind::Plain,
    }
}

/// `API key`, `security number`, `seed phrase`, `PIN code`: the last word alone says nothing.
fn ends_as_key(name: &[u8]) -> bool {
    is_one_of(name, &["key", "number", "phrase", "code", "keys"])
}

/// `Unexpected token: }`.
fn is_parser_talk(words: &[u8]) -> bool {
    let lower = words.to_ascii_lowercase();
    [
        &b"unexpected"[..],
        b"expected",
        b"illegal",
        b"unrecognized",
        b"next",
        b"lexer",
        b"parser",
    ]
    .iter()
    .any(|word| memchr::memmem::find(&lower, word).is_some())
}

/// Reads the value at `from` and redacts it when it must go. Returns where to go on.
pub(crate) fn value(
    scanner: &mut Scanner<'_>,
    key: &Key<'_>,
    link: Link,
    from: usize,
    next: usize,
) -> usize {
    let text = scanner.text;
    let Some(&first) = text.get(from) else {
        return next;
    };
    if matches!(first, b'\n' | b'\r') {
        return next;
    }
    let slashes_end = run_end(text, from, MAX_GAP, |b| b == b'\\');
    if let Some(&mark @ (b'"' | b'\'' | b'`')) = text.get(slashes_end) {
        return quoted(scanner, key, link, from, slashes_end, mark, next);
    }
    if matches!(first, b'{' | b'[')
        && key.quote.is_some()
        && scanner.engine.placeholders.length(&text[from..]) == 0
    {
        return container(scanner, key, from, next);
    }
    match key.kind {
        KeyKind::Cookie => return header::cookie(scanner, from, text.len(), next),
        KeyKind::Authorization => {
            let stop = match link {
                Link::Equals => run_end(text, from, MAX_VALUE, |b| b != b'&'),
                _ => text.len(),
            };
            return header::authorization(scanner, from, stop, next);
        }
        _ => {}
    }
    if let Some(inner) = wrapped(text, from) {
        return quoted(scanner, key, link, inner, inner, text[inner], next);
    }
    let end = bare_end(scanner, key, link, from);
    let found = &text[from..end];
    if !goes(scanner, key, link, found, from, end) {
        return next;
    }
    let fix = match key.quote {
        // A number or a word of a JSON text: what takes its place is a JSON string.
        Some((quote, slashes)) if link == Link::Colon => Fix::Quote {
            quote,
            slashes: slashes as u8,
        },
        _ => Fix::Mask,
    };
    if scanner.push(SECRET, from, end, fix) {
        end
    } else {
        next
    }
}

/// A value in quotes that open at `mark_at`, after the backslashes from `from`.
fn quoted(
    scanner: &mut Scanner<'_>,
    key: &Key<'_>,
    link: Link,
    from: usize,
    mark_at: usize,
    mark: u8,
    next: usize,
) -> usize {
    let text = scanner.text;
    let slashes = mark_at - from;
    let start = mark_at + 1;
    let (end, _) = closing_quote(text, start, mark, slashes);
    let content = &text[start..end];
    match key.kind {
        KeyKind::Authorization if content.contains(&b' ') && key.quote.is_none() => {
            return header::authorization(scanner, start, end, next);
        }
        KeyKind::Cookie if key.quote.is_none() => return header::cookie(scanner, start, end, next),
        _ => {}
    }
    if value::is_nothing(&scanner.engine.placeholders, content)
        || !quoted_goes(scanner, key, link, content)
    {
        return next;
    }
    if scanner.push(SECRET, start, end, Fix::Mask) {
        end
    } else {
        next
    }
}

fn quoted_goes(scanner: &Scanner<'_>, key: &Key<'_>, link: Link, content: &[u8]) -> bool {
    let json = key.quote.is_some() || link == Link::Equals;
    match key.kind {
        KeyKind::Code => content.len() >= 3 && content.iter().any(u8::is_ascii_digit),
        KeyKind::Signature => content.len() >= 20 && !content.contains(&b' '),
        KeyKind::Pass => !value::is_prose(content) && content.iter().any(|b| !b.is_ascii_digit()),
        _ if json => true,
        // `token: 'expired'` in prose.
        _ => {
            !value::is_prose(content)
                && (!content.contains(&b' ')
                    || value::is_secretish(content)
                    || scanner.kind == KeyKind::Secret
                    || key.kind == KeyKind::Phrase
                    || key.kind == KeyKind::Secret)
        }
    }
}

/// Whether a value without quotes must go.
fn goes(
    scanner: &Scanner<'_>,
    key: &Key<'_>,
    link: Link,
    found: &[u8],
    from: usize,
    end: usize,
) -> bool {
    let placeholders = &scanner.engine.placeholders;
    if found.is_empty()
        || value::is_nothing(placeholders, found)
        || is_template(&scanner.text[from..])
        || is_object(scanner.text, from, end)
    {
        return false;
    }
    let digits = found.iter().all(u8::is_ascii_digit);
    let ends_line = {
        let rest = &scanner.text[end..];
        rest.trim_ascii().is_empty()
            || matches!(
                rest[0],
                b',' | b';' | b')' | b']' | b'}' | b'|' | b'\\' | b'"' | b'\'' | b'\n'
            )
            || is_pair(scanner.text, (end + 1).min(scanner.text.len()))
    };
    match key.kind {
        // The shell's working folder.
        KeyKind::Secret
            if key.name.eq_ignore_ascii_case(b"pwd") && matches!(found[0], b'/' | b'~') =>
        {
            false
        }
        KeyKind::Tokens
            if digits
                || found.iter().all(|b| {
                    b.is_ascii_digit() || matches!(b, b'.' | b',' | b'/' | b'k' | b'K')
                }) =>
        {
            false
        }
        KeyKind::Code => {
            found.len() >= if link == Link::Equals { 3 } else { 4 }
                && found.len() <= 12
                && found.iter().filter(|b| b.is_ascii_digit()).count() >= 3
        }
        KeyKind::Pass => {
            !digits
                && !value::is_prose(found)
                && (link != Link::Colon || value::is_secretish(found))
        }
        KeyKind::Signature => found.len() >= 20 && found.iter().any(u8::is_ascii_digit),
        KeyKind::Ssn => found.iter().filter(|b| b.is_ascii_digit()).count() >= 4,
        KeyKind::Phrase => !value::is_prose(found.split(|b| *b == b' ').next().unwrap_or(found)),
        KeyKind::Auth | KeyKind::Authorization => match link {
            Link::Equals | Link::Flag => !value::is_prose(found) && (!digits || found.len() >= 4),
            Link::Colon => value::is_secretish(found),
            Link::TightColon => value::is_random(found, 8),
        },
        KeyKind::Token | KeyKind::Tokens => match link {
            Link::Equals | Link::Flag => !value::is_prose(found) && (!digits || found.len() >= 4),
            Link::Colon if key.quote.is_some() => true,
            Link::Colon => value::is_secretish(found) && (!digits || found.len() >= 4),
            Link::TightColon => value::is_random(found, 6),
        },
        _ => match link {
            Link::Equals | Link::Flag => true,
            Link::Colon if key.quote.is_some() => true,
            Link::Colon => {
                value::is_secretish(found)
                    || (ends_line && !value::is_prose(found) && !ends_sentence(found))
                    || (ends_line && digits && found.len() >= 3)
            }
            Link::TightColon => {
                value::is_secretish(found)
                    || (ends_line
                        && found.len() >= 5
                        && !value::is_prose(found)
                        && !starts_path(scanner.text, key.start))
            }
        },
    }
}

fn starts_path(text: &[u8], start: usize) -> bool {
    start > 0 && matches!(text[start - 1], b':' | b'/' | b'.')
}

fn ends_sentence(found: &[u8]) -> bool {
    found.len() < 4
}

/// `"credentials": {…}` within a text: the whole container goes.
fn container(scanner: &mut Scanner<'_>, key: &Key<'_>, from: usize, next: usize) -> usize {
    let text = scanner.text;
    if matches!(key.kind, KeyKind::Code | KeyKind::Pass | KeyKind::Signature) {
        return next;
    }
    let mut depth = 0usize;
    let mut at = from;
    let mut strings = false;
    while at < text.len() {
        match text[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            b'"' => {
                strings = true;
                let slashes = at - run_start(text, at, MAX_GAP, |b| b == b'\\');
                let (end, closed) = closing_quote(text, at + 1, b'"', slashes);
                at = if closed {
                    run_end(text, end, MAX_GAP, |b| b == b'\\')
                } else {
                    text.len()
                };
            }
            _ => {}
        }
        at += 1;
    }
    let end = text.len().min(at + 1);
    let inner = text[from + 1..end]
        .strip_suffix(b"}")
        .or(text[from + 1..end].strip_suffix(b"]"))
        .unwrap_or(&text[from + 1..end]);
    if inner.trim_ascii().is_empty() || (key.kind == KeyKind::Tokens && !strings) {
        return next;
    }
    let (quote, slashes) = key.quote.unwrap_or((b'"', 0));
    if scanner.push(
        SECRET,
        from,
        end,
        Fix::Quote {
            quote,
            slashes: slashes as u8,
        },
    ) {
        end
    } else {
        next
    }
}
