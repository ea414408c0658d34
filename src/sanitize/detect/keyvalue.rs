//! Keys and values in text: `key=value`, `Key: value`, `"key": "value"` at any depth of quoting,
//! and `<key>value</key>`.

use crate::sanitize::builtin::SECRET;
use crate::sanitize::chars::{after_escape, is_one_of, is_word, previous_word, run_end, run_start};
use crate::sanitize::detect::auth::is_public_code;
use crate::sanitize::detect::extent::{
    bare_end, closing_quote, inside, is_wrapper, typed, wrapped,
};
use crate::sanitize::detect::verdict::{goes, quoted_goes};
use crate::sanitize::detect::{form, header, later, ldap, list, login};
use crate::sanitize::keys::{KeyKind, is_foreign};
use crate::sanitize::text::{Fix, Open, Scanner};
use crate::sanitize::value;

/// The longest key and the most spaces and backslashes that are read.
pub(crate) const MAX_KEY: usize = 64;
pub(crate) const MAX_GAP: usize = 16;
const MAX_PADDING: usize = 32;
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

impl Key<'_> {
    /// True for an identifier of several words, which no sentence has before a colon.
    pub(crate) fn is_compound(&self) -> bool {
        !self.name.contains(&b' ')
            && (self.name.iter().any(|b| matches!(b, b'_' | b'-' | b'.'))
                || self
                    .name
                    .windows(2)
                    .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()))
    }
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
    /// `key -> value`.
    Arrow,
}

/// A `name: API_KEY`, which says what the `value` behind it is.
pub(crate) struct Named {
    pub(super) kind: KeyKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// How far behind a name its value may stand, and how many lines.
const MAX_BETWEEN: usize = 200;
pub(super) const MAX_LINES_BETWEEN: u16 = 3;

/// The longest passphrase of several words.
const MAX_PASSPHRASE: usize = 120;

/// The longest value in single quotes that holds doubled ones.
const MAX_DOUBLED: usize = 256;

/// The longest value in quotes that goes on in other lines, in lines.
const MAX_QUOTED_LINES: u16 = 8;

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
        return header::bare_cookie(scanner, at).unwrap_or(at + 1);
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
    if text[..at].ends_with(b"jdbc:oracle:thin") {
        return login::oracle(scanner, at);
    }
    if text.get(at + 1) == Some(&b':') && text.get(at + 2) == Some(&b' ') {
        return ldap::base64(scanner, at);
    }
    if at == 0
        || text.get(at + 1) == Some(&b':')
        || text[at - 1] == b':'
        || text.get(at + 1) == Some(&b'=')
    {
        return at + 1;
    }
    let from = run_end(text, at + 1, MAX_GAP, |b| matches!(b, b' ' | b'\t'));
    if let Some(next) = serialized(scanner, at) {
        return next;
    }
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

/// PHP: `s:8:"password";s:8:"hunter2x";`, with the last colon at `at`.
fn serialized(scanner: &mut Scanner<'_>, at: usize) -> Option<usize> {
    let text = scanner.text;
    if text.get(at + 1) != Some(&b'"') {
        return None;
    }
    let length = run_start(text, at, 6, |b| b.is_ascii_digit());
    let before = text[..length].strip_suffix(b"\";s:")?;
    if length == at {
        return None;
    }
    let start = run_start(before, before.len(), MAX_KEY, |b| {
        is_word(b) || matches!(b, b'-' | b'.')
    });
    let name = &before[start..];
    let kind = match before[..start].last() {
        Some(b'"') => scanner.key_kind(name),
        _ => KeyKind::Plain,
    };
    let key = Key {
        start,
        name,
        quote: Some((b'"', 0)),
        kind,
    };
    kind.is_secret()
        .then(|| value(scanner, &key, Link::Colon, at + 1, at + 1))
}

/// `->` at `at`.
pub(crate) fn at_arrow(scanner: &mut Scanner<'_>, at: usize) -> usize {
    let Some(key) = key_before(scanner, at) else {
        return at + 2;
    };
    let from = run_end(scanner.text, at + 2, MAX_GAP, |b| matches!(b, b' ' | b'\t'));
    value(scanner, &key, Link::Arrow, from, at + 2)
}

fn is_quote(text: &[u8], at: usize) -> bool {
    let at = run_end(text, at, MAX_GAP, |b| b == b'\\');
    matches!(text.get(at), Some(b'"' | b'\'' | b'`'))
}

/// The key that ends before the separator at `at`, when it says that its value matters.
pub(super) fn key_before<'t>(scanner: &mut Scanner<'t>, at: usize) -> Option<Key<'t>> {
    let text = scanner.text;
    // A table pads its keys: `Password        : x`.
    let mut end = run_start(text, at, MAX_PADDING, |b| matches!(b, b' ' | b'\t'));
    let mut quote = None;
    if end > 0 && matches!(text[end - 1], b'"' | b'\'' | b'`') {
        let mark = text[end - 1];
        let slashes_from = run_start(text, end - 1, MAX_GAP, |b| b == b'\\');
        quote = Some((mark, end - 1 - slashes_from));
        end = slashes_from;
    } else if end > 1
        && text[at] == b'='
        && text[end - 1] == b')'
        && matches!(text[end - 2], b'"' | b'\'')
    {
        // `getHeader("X-Auth-Token") = …`.
        end -= 2;
    } else if end > 0 && text[end - 1] == b']' {
        // `credentials[password]=…` and `$_POST['password'] = …`.
        let open = text[end.saturating_sub(MAX_KEY)..end]
            .iter()
            .rposition(|b| *b == b'[');
        let open = open.map_or(end, |open| end.saturating_sub(MAX_KEY) + open);
        if scanner.engine.placeholders.length(&text[open..]) > 0 {
            return None;
        }
        // `password[]=…`, one value of several: the name stands before the brackets.
        end = match open + 2 == end {
            true => open,
            false => run_start(text, end - 1, 1, |b| matches!(b, b'"' | b'\'')),
        };
    }
    let bare = run_start(text, end, MAX_KEY, |b| {
        is_word(b) || matches!(b, b'-' | b'.')
    });
    let mut start = after_escape(text, bare, end);
    if quote.is_none() && (start == end || start > 0 && text[start - 1] >= 0x80) {
        start = foreign(text, start, end);
    }
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
        let yours = name.eq_ignore_ascii_case(b"code")
            && wider.len() > 5
            && wider[..5].eq_ignore_ascii_case(b"your ")
            && !is_public_code(previous_word(text, start));
        if wider == b"Key Content" {
            // `netsh wlan show profile key=clear`.
            kind = KeyKind::Secret;
        } else if yours {
            // `Your Shop code: 482913`.
            kind = KeyKind::Code;
        } else if kind == KeyKind::Plain || kind == KeyKind::Name {
            let spoken = scanner.key_kind(wider);
            if matches!(
                spoken,
                KeyKind::Secret | KeyKind::Ssn | KeyKind::Phrase | KeyKind::Code | KeyKind::Token
            ) && ends_as_key(name)
            {
                kind = spoken;
                name = wider;
                start = wide;
            }
        } else if kind == KeyKind::Token && is_parser_talk(wider) {
            return None;
        }
    }
    // `cmdkey /user:ann /pass:secret`.
    let option = start > 1
        && text[start - 2] == b' '
        && text.get(at + 1).is_some_and(|b| !b.is_ascii_whitespace());
    if quote.is_none()
        && start > 0
        && matches!(text[start - 1], b'/' | b'\\')
        && text.get(at) == Some(&b':')
        && !option
    {
        // `/etc/passwd: permission denied` is a path.
        return None;
    }
    if matches!(kind, KeyKind::Plain | KeyKind::Name)
        && text[..start].ends_with(b"\".\"")
        && text[at] == b'='
    {
        // SQL: `"authtoken_token"."key" = '…'`.
        let table = run_start(text, start - 3, MAX_KEY, is_word);
        kind = scanner.key_kind(&text[table..end]);
    }
    let content = kind == KeyKind::Plain && name == b"content" && scanner.named.is_some();
    if kind == KeyKind::Value && is_new_password(text, start) {
        kind = KeyKind::Secret;
    }
    match kind {
        KeyKind::Plain if content => {
            // `<meta name="csrf-token" content="…">`.
            kind = scanner.named.take().map_or(kind, |named| named.kind);
        }
        KeyKind::Name => note_name(scanner, start, at),
        KeyKind::Value => {
            if let Some(named) = scanner.named.take()
                && start.saturating_sub(named.end) <= MAX_BETWEEN
                && !text[named.end..start].contains(&b'}')
            {
                kind = named.kind;
            }
        }
        _ => {}
    }
    if !kind.is_secret()
        && text[at] == b'='
        && (in_query(text, start) || text[start..end].starts_with(b"SAMLRe"))
        && is_grant(&text[start..end], text, at)
    {
        kind = KeyKind::Secret;
    }
    (kind.is_secret()).then_some(Key {
        start,
        name,
        quote,
        kind,
    })
}

/// `Password for the [elastic] user successfully reset. New value: …`, with `value` at `start`.
fn is_new_password(text: &[u8], start: usize) -> bool {
    const FURTHEST: usize = 80;
    let before = &text[start.saturating_sub(FURTHEST)..start];
    before.ends_with(b"New ") && memchr::memmem::find(before, b"assword ").is_some()
}

/// Where a key with letters beyond ASCII begins, such as `contraseña` and `пароль`; `start` when what
/// ends at `end` is none.
fn foreign(text: &[u8], start: usize, end: usize) -> usize {
    let wide = run_start(text, end, MAX_KEY / 2, |b| {
        b >= 0x80 || b.is_ascii_alphabetic()
    });
    match is_foreign(&text[wide..end]) {
        true => wide,
        false => start,
    }
}

/// `name: API_KEY`, `"name": "Authorization"`, `key="ApiKey"`: remembers what is named at `at`.
fn note_name(scanner: &mut Scanner<'_>, start: usize, at: usize) {
    let text = scanner.text;
    let is_gap = |b: u8| matches!(b, b' ' | b'\t' | b'"' | b'\'' | b'\\');
    let from = run_end(text, at + 1, MAX_GAP, is_gap);
    let end = form::name_end(text, from);
    let kind = match from > at + 1 {
        true => scanner.key_kind(&text[from..end]),
        false => KeyKind::Plain,
    };
    scanner.named = kind.is_secret().then_some(Named { kind, start, end });
    form::field(scanner);
}

/// Notes at the end of the text that the value of a name may stand below.
pub(crate) fn open_name(scanner: &mut Scanner<'_>) {
    let text = scanner.text;
    let Some(named) = &scanner.named else { return };
    let begin = named.start - usize::from(named.start > 0 && is_quote(text, named.start - 1));
    let until = (named.end + 2).min(text.len());
    if scanner.open.is_some()
        || text.len() - named.end > MAX_BETWEEN
        || text[named.end..].contains(&b'}')
    {
        return;
    }
    scanner.open = Some(Open {
        text: text[begin..until].to_vec(),
        lines: MAX_LINES_BETWEEN,
        goes_on: begin < scanner.context,
    });
}

/// True for a parameter of a URL's query or of a form.
pub(super) fn in_query(text: &[u8], start: usize) -> bool {
    start > 0 && matches!(text[start - 1], b'?' | b'&')
}

/// `code=SplxlOBeZQQYbYS6WxSbIA`: an authorization code (RFC 6749), or a key that reads like one.
fn is_grant(name: &[u8], text: &[u8], at: usize) -> bool {
    let end = run_end(text, at + 1, MAX_KEY * 4, |b| {
        is_word(b) || matches!(b, b'-' | b'.' | b'/' | b'~' | b'%')
    });
    let found = &text[at + 1..end];
    let has = |test: fn(&u8) -> bool| found.iter().any(test);
    let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase);
    match name {
        b"code" if mixed && found.len() >= 12 => true,
        b"code" => {
            let shaped = has(u8::is_ascii_digit) || mixed_case(found);
            shaped && found.len() >= 6 && is_callback(text, at)
        }
        b"key" => mixed && has(u8::is_ascii_uppercase) && found.len() >= 16,
        b"ticket" => found.starts_with(b"ST-") || found.starts_with(b"TGT-"),
        b"SAMLResponse" | b"SAMLRequest" => found.len() >= 16,
        _ => false,
    }
}

fn mixed_case(found: &[u8]) -> bool {
    found.iter().any(u8::is_ascii_uppercase) && found.iter().any(u8::is_ascii_lowercase)
}

/// True for a URL to which a login comes back: `/oauth/callback?code=4f8a2c&state=xyz`.
fn is_callback(text: &[u8], at: usize) -> bool {
    let in_url = |b: u8| !b.is_ascii_whitespace() && !matches!(b, b'"' | b'\'' | b'<' | b'>');
    let url = run_start(text, at, MAX_BETWEEN, in_url)..run_end(text, at, MAX_BETWEEN, in_url);
    let url = &text[url];
    [
        &b"oauth"[..],
        b"callback",
        b"&state=",
        b"?state=",
        b"redirect_uri=",
    ]
    .iter()
    .any(|part| memchr::memmem::find(url, part).is_some())
}

/// `API key`, `security number`, `seed phrase`, `PIN code`: the last word alone says nothing.
fn ends_as_key(name: &[u8]) -> bool {
    is_one_of(
        name,
        &["key", "number", "phrase", "code", "codes", "keys", "passe"],
    )
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
    let Some(&first) = text.get(from).filter(|b| !matches!(b, b'\n' | b'\r')) else {
        return later::below(scanner, key, link, from, next);
    };
    if key.quote.is_none()
        && link == Link::Colon
        && let Some(end) = later::block_begin(text, from)
    {
        return later::block(scanner, key, end, next);
    }
    let slashes_end = run_end(text, from, MAX_GAP, |b| b == b'\\');
    if let Some(&mark @ (b'"' | b'\'' | b'`')) = text.get(slashes_end) {
        return quoted(scanner, key, link, from, slashes_end, mark, next);
    }
    if let Some(inner) = typed(text, from) {
        return quoted(scanner, key, link, inner, inner, text[inner], next);
    }
    if key.kind == KeyKind::Jwt && first == b'{' {
        // A section of settings: its own keys say what is secret.
        return next;
    }
    if text[from..].starts_with(b"!!") {
        // YAML: `password: !!str x`.
        let tag = run_end(text, from + 2, MAX_GAP, |b| b.is_ascii_alphabetic());
        if tag > from + 2 && text.get(tag) == Some(&b' ') {
            return value(scanner, key, link, tag + 1, next);
        }
    }
    if text[from..].starts_with(b"<<\"") {
        // Erlang: `password => <<"x">>`.
        return quoted(scanner, key, link, from + 2, from + 2, b'"', next);
    }
    let from = inside(text, from);
    let hashed = ldap::names_hash(text, from);
    if matches!(first, b'{' | b'[')
        && !hashed
        && key.quote.is_some()
        && scanner.engine.placeholders.length(&text[from..]) == 0
    {
        return list::container(scanner, key, from, next);
    }
    if matches!(first, b'{' | b'[' | b'(')
        && matches!(
            key.kind,
            KeyKind::Secret | KeyKind::Token | KeyKind::Jwt | KeyKind::Tokens
        )
        && ends_line(text, from + 1)
    {
        return list::elements(scanner, key, from, next);
    }
    if matches!(first, b'[' | b'(' | b'{')
        && !hashed
        && scanner.engine.placeholders.length(&text[from..]) == 0
        && let Some(next) = list::bracketed(scanner, key, link, from, next)
    {
        return next;
    }
    // A container that is not closed here: its quoted names and values, not its bracket, go.
    if matches!(first, b'[' | b'{') && matches!(text.get(from + 1), Some(b'"' | b'\'')) {
        return list::elements(scanner, key, from, next);
    }
    let number = key.quote.is_some() && matches!(first, b'0'..=b'9' | b'-');
    match key.kind {
        _ if number => {}
        KeyKind::Cookie => return header::cookie(scanner, from, text.len(), next),
        KeyKind::Authorization => {
            let stop = match link {
                Link::Equals => run_end(text, from, MAX_VALUE, |b| b != b'&'),
                _ => text.len(),
            };
            let end = header::authorization(scanner, from, stop, next);
            let named = matches!(link, Link::Equals | Link::Flag);
            if end != next || !(named || key.is_compound()) {
                return end;
            }
        }
        _ => {}
    }
    if key.kind == KeyKind::Code && key.name.to_ascii_lowercase().ends_with(b"codes") {
        return codes(scanner, from, next);
    }
    if let Some(inner) = wrapped(text, from) {
        let end = closing_quote(text, inner + 1, text[inner], 0).0;
        if !is_wrapper(text, from) && !value::is_secretish(&text[inner + 1..end]) {
            return next;
        }
        return quoted(scanner, key, link, inner, inner, text[inner], next);
    }
    let end = passphrase_end(scanner, key, link, from)
        .unwrap_or_else(|| bare_end(scanner, key, link, from));
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

/// True for keys that name one password, in print: `credentials` and `secret` begin sentences too.
fn is_password(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    [&b"password"[..], b"passwd", b"passcode", b"passphrase"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// `password: correct horse battery staple`: where the line ends whose rest is several plain words.
fn passphrase_end(scanner: &Scanner<'_>, key: &Key<'_>, link: Link, from: usize) -> Option<usize> {
    let text = scanner.text;
    let named = key.kind == KeyKind::Secret
        && key.quote.is_none()
        && matches!(link, Link::Colon | Link::Equals)
        && is_password(key.name);
    if !named {
        return None;
    }
    let end = run_end(text, from, MAX_PASSPHRASE, |b| {
        b.is_ascii_lowercase() || b == b' '
    });
    let found = text[from..end].trim_ascii_end();
    let alone = ends_line(text, end) || text[end..].starts_with(b"\\n");
    (alone && value::is_passphrase(found)).then_some(from + found.len())
}

/// True when nothing but white space stands before the end of the line.
fn ends_line(text: &[u8], at: usize) -> bool {
    let end = run_end(text, at, MAX_GAP, |b| matches!(b, b' ' | b'\t' | b'\r'));
    matches!(text.get(end), None | Some(b'\n'))
}

/// `recovery codes: 8f3a-91bc 77de-12aa, c0ff-ee12`: every one goes.
fn codes(scanner: &mut Scanner<'_>, from: usize, next: usize) -> usize {
    let text = scanner.text;
    let mut go_on = next;
    let mut at = from;
    loop {
        let skip = scanner.engine.placeholders.length(&text[at..]);
        let end = match skip {
            0 => run_end(text, at, 32, |b| b.is_ascii_alphanumeric() || b == b'-'),
            _ => at + skip,
        };
        let code = &text[at..end];
        let digits = code.iter().filter(|b| b.is_ascii_digit()).count();
        if skip == 0 && (digits < 2 || !(4..=24).contains(&code.len())) {
            return go_on;
        }
        if skip == 0 && scanner.push(SECRET, at, end, Fix::Mask) {
            go_on = end;
        }
        let gap = run_end(text, end, 3, |b| matches!(b, b' ' | b',' | b';' | b'/'));
        if gap == end {
            return go_on;
        }
        at = gap;
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
    let mut start = mark_at + 1;
    let (mut end, mut closed) = closing_quote(text, start, mark, slashes);
    if mark == b'\'' && slashes == 0 && closed {
        end = behind_doubled(text, start, end);
    }
    if end == start && text.get(end + 1) == Some(&mark) {
        // Three quotes hold a text of several lines.
        start += 2;
        let found = memchr::memmem::find(&text[start..], &[mark; 3]);
        (end, closed) = found.map_or((text.len(), false), |length| (start + length, true));
    }
    if !closed && !is_behind_quote(&text[start..]) {
        later::open(scanner, key, start, b"", MAX_QUOTED_LINES);
    }
    let (start, end) = trimmed(text, start, end);
    let content = &text[start..end];
    if key.quote.is_none() && is_behind_quote(content) {
        return next;
    }
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
    if !scanner.push(SECRET, start, end, Fix::Mask) {
        return next;
    }
    changed_to(scanner, end, mark).unwrap_or(end)
}

/// A plan of changes: `password = "old" -> "new"`, with the old one's quote at `end`.
fn changed_to(scanner: &mut Scanner<'_>, end: usize, mark: u8) -> Option<usize> {
    const ARROW: &[u8] = b" -> ";
    let text = scanner.text;
    let from = end + 1 + ARROW.len();
    if !text.get(end + 1..)?.starts_with(ARROW) || text.get(from) != Some(&mark) {
        return None;
    }
    let (to, closed) = closing_quote(text, from + 1, mark, 0);
    let found = &text[from + 1..to];
    (closed
        && !value::is_nothing(&scanner.engine.placeholders, found)
        && scanner.push(SECRET, from + 1, to, Fix::Mask))
    .then_some(to)
}

/// YAML and SQL: `'it''s'`. Where the string ends in which a doubled quote stands at `end`.
fn behind_doubled(text: &[u8], start: usize, end: usize) -> usize {
    let mut at = end;
    while at > start
        && text[at..].starts_with(b"''")
        && text.get(at + 2).is_some_and(u8::is_ascii_alphanumeric)
    {
        let further = run_end(text, at + 2, MAX_DOUBLED, |b| !matches!(b, b'\'' | b'\n'));
        if text.get(further) != Some(&b'\'') || further - start > MAX_DOUBLED {
            return end;
        }
        at = further;
    }
    at
}

/// `getPassword('Enter password: ')`: what follows a quote that closes and does not open.
fn is_behind_quote(content: &[u8]) -> bool {
    let rest = content
        .iter()
        .position(|b| !matches!(b, b')' | b']' | b'}'))
        .map_or(&content[..0], |at| &content[at..]);
    let closes = rest.len() < content.len();
    match rest {
        [] => closes,
        [b',' | b';'] => true,
        [b',' | b';', b' ', ..] => true,
        [b' ' | b'\n', ..] => closes,
        _ => false,
    }
}

/// The range without the white space around newlines at its ends.
fn trimmed(text: &[u8], start: usize, end: usize) -> (usize, usize) {
    let content = &text[start..end];
    if !content.contains(&b'\n') {
        return (start, end);
    }
    let from = start + content.len() - content.trim_ascii_start().len();
    (from, from + content.trim_ascii().len())
}
