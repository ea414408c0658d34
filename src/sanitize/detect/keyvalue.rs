//! Keys and values in text: `key=value`, `Key: value`, `"key": "value"` at any depth of quoting,
//! `--key value`, `<key>value</key>`, headers and cookies.

use crate::sanitize::builtin::{AUTHORIZATION, COOKIE, SECRET};
use crate::sanitize::chars::{after_escape, is_one_of, is_word, run_end, run_start};
use crate::sanitize::keys::KeyKind;
use crate::sanitize::text::{Fix, Scanner};
use crate::sanitize::value;

/// The longest key and the most spaces and backslashes that are read.
const MAX_KEY: usize = 64;
const MAX_GAP: usize = 16;
/// How far before a short flag its command is looked for.
const MAX_COMMAND: usize = 160;
/// The longest unquoted value that is read to its end.
const MAX_VALUE: usize = 1 << 20;

/// A key before a separator.
struct Key<'t> {
    start: usize,
    name: &'t [u8],
    /// The quote around the key, and the backslashes before it.
    quote: Option<(u8, usize)>,
    kind: KeyKind,
}

/// How key and value are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
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
    if at == 0 || matches!(text[at - 1], b'=' | b'!' | b'<' | b'>') || text.get(at + 1) == Some(&b'=') {
        return at + 1;
    }
    let key_end = if text[at - 1] == b':' || text[at - 1] == b'+' { at - 1 } else { at };
    let Some(key) = key_before(scanner, key_end) else { return at + 1 };
    let mut from = at + 1;
    if text.get(from) == Some(&b'>') {
        from += 1;
    }
    let spaced = text.get(from) == Some(&b' ');
    from = run_end(text, from, MAX_GAP, |b| matches!(b, b' ' | b'\t'));
    if spaced && text[at - 1] != b' ' && text[at + 1] != b'>' && key.quote.is_none() && !is_quote(text, from) {
        // `password= user=bob`: the value is empty.
        return at + 1;
    }
    value(scanner, &key, Link::Equals, from, at + 1)
}

/// `:` at `at`.
pub(crate) fn at_colon(scanner: &mut Scanner<'_>, at: usize) -> usize {
    let text = scanner.text;
    if at == 0 || text.get(at + 1) == Some(&b':') || text[at - 1] == b':' || text.get(at + 1) == Some(&b'=') {
        return at + 1;
    }
    let from = run_end(text, at + 1, MAX_GAP, |b| matches!(b, b' ' | b'\t'));
    let Some(key) = key_before(scanner, at) else { return at + 1 };
    let link = if from > at + 1 || key.quote.is_some() || is_quote(text, from) { Link::Colon } else { Link::TightColon };
    value(scanner, &key, link, from, at + 1)
}

/// `--password value` and `-password value`: `at` is the first hyphen.
pub(crate) fn at_flag(scanner: &mut Scanner<'_>, at: usize) -> usize {
    let text = scanner.text;
    if at > 0 && (is_word(text[at - 1]) || matches!(text[at - 1], b'-' | b'/' | b'.')) {
        return at + 1;
    }
    let from = run_end(text, at, 2, |b| b == b'-');
    let end = run_end(text, from, MAX_KEY, |b| is_word(b) || matches!(b, b'-' | b'.'));
    if from == end || !text[from].is_ascii_alphabetic() {
        return at + 1;
    }
    if !matches!(text.get(end), Some(b' ' | b'\t')) {
        return short_flag(scanner, at, from, end).unwrap_or(at + 1);
    }
    let name = &text[from..end];
    let kind = scanner.key_kind(name);
    let next = run_end(text, end, MAX_GAP, |b| matches!(b, b' ' | b'\t'));
    if !kind.is_secret() || from - at == 1 && name.len() < 3 || text.get(next) == Some(&b'-') {
        return short_flag(scanner, at, from, end).unwrap_or(at + 1);
    }
    let key = Key { start: from, name, quote: None, kind };
    value(scanner, &key, Link::Flag, next, end)
}

/// `curl -u user:password`, `mysql -pPassword`, `sshpass -p password`, `redis-cli -a password`.
fn short_flag(scanner: &mut Scanner<'_>, at: usize, from: usize, end: usize) -> Option<usize> {
    let text = scanner.text;
    let name = &text[from..end];
    if !matches!(name[0], b'u' | b'p' | b'a') {
        return None;
    }
    let line = &text[run_start(text, at, MAX_COMMAND, |b| b != b'\n')..at];
    let runs = |command: &[u8]| memchr::memmem::find(line, command).is_some();
    let spaced = text.get(end) == Some(&b' ');
    let value_at = |from: usize| {
        let quote = text.get(from).copied().filter(|b| matches!(b, b'"' | b'\''));
        match quote {
            Some(quote) => {
                let length = text[from + 1..].iter().take(256).position(|b| *b == quote)?;
                Some((from + 1, from + 1 + length))
            }
            None => {
                let to = run_end(text, from, 256, |b| !b.is_ascii_whitespace() && !matches!(b, b'"' | b'\'' | b'\\' | b'|' | b';'));
                Some((from, to))
            }
        }
    };
    let (start, stop) = if (name == b"u" || name == b"user" || name == b"proxy-user") && spaced && (runs(b"curl") || runs(b"wget") || runs(b"http")) {
        let (start, stop) = value_at(end + 1)?;
        let colon = text[start..stop].iter().position(|b| *b == b':')?;
        (start + colon + 1, stop)
    } else if spaced
        && ((name == b"p" && (runs(b"sshpass") || runs(b"docker login") || runs(b"mongo") || runs(b"az login")))
            || (name == b"a" && runs(b"redis-cli")))
    {
        value_at(end + 1)?
    } else if name.len() > 2 && name[0] == b'p' && from - at == 1 && (runs(b"mysql") || runs(b"mariadb") || runs(b"sshpass")) {
        value_at(from + 1)?
    } else {
        return None;
    };
    if value::is_nothing(&scanner.engine.placeholders, &text[start..stop]) {
        return None;
    }
    scanner.push(SECRET, start, stop, Fix::Mask).then_some(stop)
}

/// `<password>value</password>`: `at` is the `<`.
pub(crate) fn at_tag(scanner: &mut Scanner<'_>, at: usize) -> usize {
    let text = scanner.text;
    let end = run_end(text, at + 1, MAX_KEY, |b| is_word(b) || matches!(b, b'-' | b'.' | b':'));
    if end == at + 1 || text.get(end) != Some(&b'>') {
        return at + 1;
    }
    let local = text[at + 1..end].iter().rposition(|b| *b == b':').map_or(at + 1, |colon| at + 2 + colon);
    if !scanner.key_kind(&text[local..end]).is_secret() {
        return at + 1;
    }
    let stop = end + 1 + text[end + 1..].iter().take(4096).position(|b| *b == b'<').unwrap_or(0);
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
        let open = text[end.saturating_sub(MAX_KEY)..end].iter().rposition(|b| *b == b'[');
        let open = open.map_or(end, |open| end.saturating_sub(MAX_KEY) + open);
        if scanner.engine.placeholders.length(&text[open..]) > 0 {
            return None;
        }
        end = run_start(text, end - 1, 1, |b| matches!(b, b'"' | b'\''));
    }
    let bare = run_start(text, end, MAX_KEY, |b| is_word(b) || matches!(b, b'-' | b'.'));
    let mut start = after_escape(text, bare, end);
    if let Some((mark, _)) = quote {
        // A quoted key may hold spaces.
        let from = end.saturating_sub(MAX_KEY);
        let open = text[from..end].iter().rposition(|b| *b == mark).map_or(start, |open| from + open + 1);
        if open <= start && text[open..end].iter().all(|b| *b == b' ' || is_word(*b) || matches!(b, b'-' | b'.' | b'/')) {
            start = open;
        }
    }
    while start < end && matches!(text[start], b'-' | b'.') {
        start += 1;
    }
    if start == end {
        return None;
    }
    if quote.is_none() && is_one_of(&text[start..end], &["is", "was"]) && start > 1 && text[start - 1] == b' ' {
        // `The password is: …`.
        end = start - 1;
        start = run_start(text, end, MAX_KEY, |b| is_word(b) || matches!(b, b'-' | b'.'));
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
            let word = run_start(text, wide - 1, 24, |b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            if word == wide - 1 {
                break;
            }
            wide = word;
        }
        let wider = &text[wide..end];
        if kind == KeyKind::Plain || kind == KeyKind::Name {
            let spoken = scanner.key_kind(wider);
            if matches!(spoken, KeyKind::Secret | KeyKind::Ssn | KeyKind::Phrase | KeyKind::Code | KeyKind::Token) && ends_as_key(name) {
                kind = spoken;
                name = wider;
            }
        } else if kind == KeyKind::Token && is_parser_talk(wider) {
            return None;
        }
    }
    if quote.is_none() && start > 0 && matches!(text[start - 1], b'/' | b'\\') && text.get(at) == Some(&b':') {
        // `/etc/passwd: permission denied` is a path.
        return None;
    }
    (kind.is_secret()).then_some(Key { start, name, quote, kind })
}

/// `API key`, `security number`, `seed phrase`, `PIN code`: the last word alone says nothing.
fn ends_as_key(name: &[u8]) -> bool {
    is_one_of(name, &["key", "number", "phrase", "code", "keys"])
}

/// `Unexpected token: }`.
fn is_parser_talk(words: &[u8]) -> bool {
    let lower = words.to_ascii_lowercase();
    [&b"unexpected"[..], b"expected", b"illegal", b"unrecognized", b"next", b"lexer", b"parser"]
        .iter()
        .any(|word| memchr::memmem::find(&lower, word).is_some())
}

/// Reads the value at `from` and redacts it when it must go. Returns where to go on.
fn value(scanner: &mut Scanner<'_>, key: &Key<'_>, link: Link, from: usize, next: usize) -> usize {
    let text = scanner.text;
    let Some(&first) = text.get(from) else { return next };
    if matches!(first, b'\n' | b'\r') {
        return next;
    }
    let slashes_end = run_end(text, from, MAX_GAP, |b| b == b'\\');
    if let Some(&mark @ (b'"' | b'\'' | b'`')) = text.get(slashes_end) {
        return quoted(scanner, key, link, from, slashes_end, mark, next);
    }
    if matches!(first, b'{' | b'[') && key.quote.is_some() && scanner.engine.placeholders.length(&text[from..]) == 0 {
        return container(scanner, key, from, next);
    }
    match key.kind {
        KeyKind::Cookie => return cookie(scanner, from, text.len(), next),
        KeyKind::Authorization => {
            let stop = match link {
                Link::Equals => run_end(text, from, MAX_VALUE, |b| b != b'&'),
                _ => text.len(),
            };
            return authorization(scanner, from, stop, next);
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
        Some((quote, slashes)) if link == Link::Colon => Fix::Quote { quote, slashes: slashes as u8 },
        _ => Fix::Mask,
    };
    if scanner.push(SECRET, from, end, fix) { end } else { next }
}

/// `Some("…")`, `Secret('…')`, `String("…")`, `b'…'`: the place of the quote.
fn wrapped(text: &[u8], from: usize) -> Option<usize> {
    let name = run_end(text, from, 24, is_word);
    let open = if text.get(name) == Some(&b'(') { name + 1 } else if name == from + 1 { name } else { return None };
    (name > from && matches!(text.get(open), Some(b'"' | b'\''))).then_some(open)
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
        KeyKind::Authorization if content.contains(&b' ') && key.quote.is_none() => return authorization(scanner, start, end, next),
        KeyKind::Cookie if key.quote.is_none() => return cookie(scanner, start, end, next),
        _ => {}
    }
    if value::is_nothing(&scanner.engine.placeholders, content) || !quoted_goes(scanner, key, link, content) {
        return next;
    }
    if scanner.push(SECRET, start, end, Fix::Mask) { end } else { next }
}

fn quoted_goes(scanner: &Scanner<'_>, key: &Key<'_>, link: Link, content: &[u8]) -> bool {
    let json = key.quote.is_some() || link == Link::Equals;
    match key.kind {
        KeyKind::Code => content.len() >= 3 && content.iter().any(u8::is_ascii_digit),
        KeyKind::Signature => content.len() >= 20 && !content.contains(&b' '),
        KeyKind::Pass => !value::is_prose(content) && content.iter().any(|b| !b.is_ascii_digit()),
        _ if json => true,
        // `token: 'expired'` in prose.
        _ => !value::is_prose(content) && (!content.contains(&b' ') || value::is_secretish(content) || scanner.kind == KeyKind::Secret || key.kind == KeyKind::Phrase || key.kind == KeyKind::Secret),
    }
}

/// The place of the quote that closes a value, and whether there is one: the first that is
/// escaped no deeper than the opening quote.
fn closing_quote(text: &[u8], start: usize, mark: u8, slashes: usize) -> (usize, bool) {
    let mut at = start;
    while let Some(offset) = memchr::memchr(mark, &text[at..]) {
        let found = at + offset;
        let escapes = found - run_start(text, found, 64.min(found - start), |b| b == b'\\');
        if (slashes == 0 && escapes.is_multiple_of(2)) || (slashes > 0 && escapes <= slashes) {
            // An escaped quote closes before its backslashes.
            return (if slashes > 0 { found - escapes } else { found }, true);
        }
        at = found + 1;
    }
    (text.len(), false)
}

/// The end of a value without quotes.
fn bare_end(scanner: &Scanner<'_>, key: &Key<'_>, link: Link, from: usize) -> usize {
    let text = scanner.text;
    let skip = scanner.engine.placeholders.length(&text[from..]);
    let mut end = from + skip;
    let stop = text.len().min(from + MAX_VALUE);
    let phrase = key.kind == KeyKind::Phrase;
    let query = link == Link::Equals && key.start > 0 && matches!(text[key.start - 1], b'?' | b'&' | b';');
    while end < stop {
        match text[end] {
            b'"' | b'<' | b'>' | b'`' => break,
            b'\'' if !text.get(end + 1).is_some_and(|b| is_word(*b)) => break,
            b'&' | b'#' if query => break,
            b'&' if text.get(end + 1).is_some_and(|b| is_word(*b)) && is_pair(text, end + 1) => break,
            b'\\' if matches!(text.get(end + 1), Some(b'"' | b'\'' | b'n' | b'r' | b't' | b'\\')) => break,
            b',' | b';' | b'|' if !text.get(end + 1).is_some_and(|b| is_word(*b) || matches!(b, b'!' | b'@' | b'$' | b'%' | b'*')) || is_pair(text, end + 1) => break,
            b'}' | b')' | b']' if !text.get(end + 1).is_some_and(|b| is_word(*b)) && !balanced(&text[from + skip..end], text[end]) => break,
            b' ' if phrase && text.get(end + 1).is_some_and(u8::is_ascii_lowercase) && end > from && !is_pair(text, end + 1) => {}
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
fn is_pair(text: &[u8], at: usize) -> bool {
    let start = run_end(text, at, 2, |b| matches!(b, b' ' | b'"' | b'\''));
    let end = run_end(text, start, MAX_KEY, |b| is_word(b) || matches!(b, b'-' | b'.'));
    end > start && matches!(text.get(run_end(text, end, 1, |b| matches!(b, b'"' | b'\''))), Some(b'=' | b':'))
}

/// Whether a value without quotes must go.
fn goes(scanner: &Scanner<'_>, key: &Key<'_>, link: Link, found: &[u8], from: usize, end: usize) -> bool {
    let placeholders = &scanner.engine.placeholders;
    if found.is_empty() || value::is_nothing(placeholders, found) || is_template(&scanner.text[from..]) || is_object(scanner.text, from, end) {
        return false;
    }
    let digits = found.iter().all(u8::is_ascii_digit);
    let ends_line = {
        let rest = &scanner.text[end..];
        rest.trim_ascii().is_empty() || matches!(rest[0], b',' | b';' | b')' | b']' | b'}' | b'|' | b'\\' | b'"' | b'\'' | b'\n') || is_pair(scanner.text, (end + 1).min(scanner.text.len()))
    };
    match key.kind {
        // The shell's working folder.
        KeyKind::Secret if key.name.eq_ignore_ascii_case(b"pwd") && matches!(found[0], b'/' | b'~') => false,
        KeyKind::Tokens if digits || found.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'/' | b'k' | b'K')) => false,
        KeyKind::Code => found.len() >= 4 && found.len() <= 12 && found.iter().filter(|b| b.is_ascii_digit()).count() >= 3,
        KeyKind::Pass => !digits && !value::is_prose(found) && (link != Link::Colon || value::is_secretish(found)),
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
            Link::Colon => value::is_secretish(found) || (ends_line && !value::is_prose(found) && !ends_sentence(found)),
            Link::TightColon => value::is_secretish(found) || (ends_line && found.len() >= 5 && !value::is_prose(found) && !starts_path(scanner.text, key.start)),
        },
    }
}

/// `{{ .Values.password }}`, `${{ secrets.X }}`, `<%= … %>`, `$(…)`: a template's variable with spaces.
fn is_template(text: &[u8]) -> bool {
    [&b"{{ "[..], b"${{", b"<%", b"$("].iter().any(|open| text.starts_with(open))
}

fn starts_path(text: &[u8], start: usize) -> bool {
    start > 0 && matches!(text[start - 1], b':' | b'/' | b'.')
}

fn ends_sentence(found: &[u8]) -> bool {
    found.len() < 4
}

/// `Token{a64f992 …`, `Token(…`, `com.example.Token@1b2c3d`, `[B@1b2c3d`: a printed object.
fn is_object(text: &[u8], from: usize, end: usize) -> bool {
    let name = run_end(text, from, MAX_KEY, |b| is_word(b) || matches!(b, b'.' | b'$'));
    let named = name > from && text[from].is_ascii_alphabetic();
    match text.get(name) {
        Some(b'{' | b'(') => named && name < end,
        Some(b'@') => named && name < end && text[name + 1..end].iter().all(u8::is_ascii_hexdigit) && end > name + 1,
        _ => false,
    }
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
                at = if closed { run_end(text, end, MAX_GAP, |b| b == b'\\') } else { text.len() };
            }
            _ => {}
        }
        at += 1;
    }
    let end = text.len().min(at + 1);
    let inner = text[from + 1..end].strip_suffix(b"}").or(text[from + 1..end].strip_suffix(b"]")).unwrap_or(&text[from + 1..end]);
    if inner.trim_ascii().is_empty() || (key.kind == KeyKind::Tokens && !strings) {
        return next;
    }
    let (quote, slashes) = key.quote.unwrap_or((b'"', 0));
    if scanner.push(SECRET, from, end, Fix::Quote { quote, slashes: slashes as u8 }) { end } else { next }
}

/// `Authorization: Bearer …`, `Authorization: Digest username=…`, `Authorization=abc`.
fn authorization(scanner: &mut Scanner<'_>, from: usize, stop: usize, next: usize) -> usize {
    let text = &scanner.text[..stop];
    let word = run_end(text, from, 32, |b| b.is_ascii_alphanumeric() || b == b'-');
    let schemes = ["bearer", "basic", "digest", "token", "negotiate", "ntlm", "apikey", "api-key", "bot", "key", "aws4-hmac-sha256", "hawk", "oauth", "signature", "jwt", "splunk", "genie-key", "dpop"];
    let named = text.get(word) == Some(&b' ') && is_one_of(&text[from..word], &schemes);
    if named && is_one_of(&text[from..word], &["digest", "aws4-hmac-sha256", "hawk", "oauth", "signature"]) {
        // The credentials are a list of parameters: all of it goes.
        let end = run_end(text, word, MAX_VALUE, |b| !matches!(b, b'\n' | b'\r' | b'\\' | b'|' | b';'));
        let quote = text[word..end].iter().filter(|b| **b == b'"').count();
        let end = if quote % 2 == 1 { text[..end].iter().rposition(|b| *b == b'"').unwrap_or(end) } else { end };
        let start = word + 1;
        let content = text[start..end].trim_ascii_end();
        if value::is_nothing(&scanner.engine.placeholders, content) || !content.contains(&b'=') {
            return next;
        }
        return if scanner.push(AUTHORIZATION, start, start + content.len(), Fix::Mask) { start + content.len() } else { next };
    }
    let start = if named { run_end(text, word, 4, |b| b == b' ') } else { from };
    let skip = scanner.engine.placeholders.length(&text[start..]);
    let mut end = run_end(text, start + skip, MAX_VALUE, |b| !b.is_ascii_whitespace() && !matches!(b, b'"' | b'\'' | b',' | b';' | b'\\' | b'}' | b')' | b'<'));
    while end > start && matches!(text[end - 1], b'.' | b':') {
        end -= 1;
    }
    let found = &text[start..end];
    if value::is_nothing(&scanner.engine.placeholders, found) || value::is_prose(found) {
        return next;
    }
    let equals = scanner.text[..from].ends_with(b"=");
    let shaped = value::is_secretish(found) || (found.len() >= 6 && equals) || (named && found.len() >= 8);
    if shaped && scanner.push(AUTHORIZATION, start, end, Fix::Mask) { end } else { next }
}

/// `Cookie: sid=abc; theme=dark`: the values go, the names and a cookie's attributes stay.
fn cookie(scanner: &mut Scanner<'_>, from: usize, stop: usize, next: usize) -> usize {
    const ATTRIBUTES: &[&str] = &["path", "domain", "expires", "max-age", "samesite", "secure", "httponly", "priority", "version", "partitioned"];
    let text = &scanner.text[..stop];
    let mut at = from;
    let mut go_on = next;
    loop {
        at = run_end(text, at, MAX_GAP, |b| b == b' ');
        let name_end = run_end(text, at, 256, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'%' | b'$' | b'*' | b'!' | b'~' | b'+'));
        let is_value = |b: u8| !b.is_ascii_whitespace() && !matches!(b, b';' | b'"' | b'\'' | b'\\' | b'<' | b'>');
        if text.get(name_end) != Some(&b'=') {
            // `Cookie: abcdef0123` without a name.
            let end = run_end(text, at, MAX_VALUE, is_value);
            if at == from && value::is_random(&text[at..end], 8) && scanner.push(COOKIE, at, end, Fix::Mask) {
                go_on = end;
            }
            let name = &text[at..name_end];
            if is_one_of(name, ATTRIBUTES) && text.get(name_end) == Some(&b';') {
                at = name_end + 1;
                continue;
            }
            return go_on;
        }
        let start = name_end + 1;
        let quote = usize::from(text.get(start) == Some(&b'"'));
        let skip = scanner.engine.placeholders.length(&text[start..]);
        let mut end = run_end(text, start + quote + skip, MAX_VALUE, is_value);
        let name = &text[at..name_end];
        if is_one_of(name, ATTRIBUTES) {
            end = run_end(text, start, 64, |b| !matches!(b, b';' | b'"' | b'\n'));
        } else if !value::is_nothing(&scanner.engine.placeholders, &text[start + quote..end])
            && scanner.push(COOKIE, start + quote, end, Fix::Mask)
        {
            go_on = end;
        }
        at = end + quote;
        if text.get(at) != Some(&b';') {
            return go_on;
        }
        at += 1;
    }
}
