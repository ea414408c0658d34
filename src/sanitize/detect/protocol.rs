//! Passwords in the commands of text protocols: SMTP and IMAP `AUTH PLAIN …`, IMAP `LOGIN user
//! password`, POP and FTP `PASS password`, Redis `AUTH [user] password` and `requirepass password`.

use std::ops::Range;

use crate::sanitize::builtin::SECRET;
use crate::sanitize::chars::{is_one_of, run_end, run_start, word_before};
use crate::sanitize::detect::auth::{decode_base64, is_base64};
use crate::sanitize::detect::command;
use crate::sanitize::text::{Fix, Scanner};
use crate::sanitize::value;

/// The longest argument that is read to its end.
const MAX_ARGUMENT: usize = 4096;

/// The command that the word from `start` to `end` is. Returns where to go on when its password
/// must go.
pub(super) fn at(scanner: &mut Scanner<'_>, start: usize, end: usize) -> Option<usize> {
    let text = scanner.text;
    let found = match &text[start..end] {
        word if is_one_of(word, &["auth", "authenticate"]) => {
            mechanism(text, end).or_else(|| redis_auth(text, start, end))
        }
        b"LOGIN" => login(text, start, end),
        b"login" => command::login(text, start, end),
        b"PASS" => pass(text, start, end),
        word if is_one_of(word, &["requirepass", "masterauth"]) => argument(text, end),
        word if is_one_of(word, &["env", "setenv", "setx"]) => variable(scanner, end),
        word if word.eq_ignore_ascii_case(b"net") => command::net(text, end),
        word if word.eq_ignore_ascii_case(b"securestring") => {
            command::secure_string(text, start, end)
        }
        b"community" => command::community(text, start, end),
        b"sqlplus" => command::sqlplus(text, end),
        b"key" => command::device_key(text, start, end),
        _ => None,
    }?;
    let word = &text[found.clone()];
    if value::is_nothing(&scanner.engine.placeholders, word) || value::is_prose(word) {
        return None;
    }
    scanner
        .push(SECRET, found.start, found.end, Fix::Mask)
        .then_some(found.end)
}

/// The next argument, without its quotes.
pub(super) fn argument(text: &[u8], from: usize) -> Option<Range<usize>> {
    let is_gap = |b: u8| matches!(b, b' ' | b'\t' | b'"' | b'\'' | b'\\');
    let start = run_end(text, from, 8, is_gap);
    let end = run_end(text, start, MAX_ARGUMENT, |b| {
        !is_gap(b) && !matches!(b, b'\r' | b'\n' | b',' | b';' | b'(' | b')')
    });
    (end > start).then_some(start..end)
}

/// True when no further argument follows.
fn is_last(text: &[u8], argument: &Range<usize>) -> bool {
    let end = run_end(text, argument.end, 4, |b| matches!(b, b'"' | b'\'' | b'\\'));
    text[end..].trim_ascii().is_empty()
        || matches!(text[end], b'\r' | b'\n' | b',' | b';' | b')')
        || matches!(text[end - 1], b'\\') && matches!(text[end], b'r' | b'n')
}

/// True when a command can begin at `start`: first in its line, behind a prompt, or in quotes.
fn is_command(text: &[u8], start: usize) -> bool {
    let begin = run_start(text, start, text.len(), |b| {
        matches!(b, b' ' | b'\t' | b'\r')
    });
    let before = &text[..begin];
    if [&b"\\n"[..], b"\\r"]
        .iter()
        .any(|end| before.ends_with(end))
    {
        return true;
    }
    match before.last() {
        None | Some(b'\n') => true,
        Some(b) => matches!(b, b'>' | b':' | b'"' | b'\'' | b']' | b'|'),
    }
}

/// True behind the tag of an IMAP command, such as `a001`.
fn is_tagged(text: &[u8], start: usize) -> bool {
    let before = text[..start].trim_ascii_end();
    let tag = before
        .rsplit(|b| !b.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default();
    matches!(tag.len(), 2..=8)
        && tag[0].is_ascii_alphabetic()
        && tag[1..].iter().all(u8::is_ascii_digit)
}

/// `AUTH PLAIN AGJvYgBodW50ZXIy`, `AUTHENTICATE XOAUTH2 …`: base64 of readable text.
fn mechanism(text: &[u8], end: usize) -> Option<Range<usize>> {
    let name = argument(text, end)?;
    if !is_one_of(
        &text[name.clone()],
        &["plain", "login", "xoauth2", "oauthbearer"],
    ) {
        return None;
    }
    let found = argument(text, name.end)?;
    let response = &text[found.clone()];
    let readable = |b: &u8| matches!(b, 0 | 1 | 0x20..0x7F) || *b >= 0x80;
    let has = |test: fn(&u8) -> bool| response.iter().any(test);
    // What was cut short or changed decodes to nothing readable, and no word mixes so much.
    let mixed = response.len() >= 20
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase);
    (response.len() >= 8
        && is_base64(response)
        && (mixed || decode_base64(response).iter().all(readable)))
    .then_some(found)
}

/// `ENV API_TOKEN …` of a container file, and the C shell's `setenv API_TOKEN …`.
fn variable(scanner: &mut Scanner<'_>, end: usize) -> Option<Range<usize>> {
    let text = scanner.text;
    let name = argument(text, end)?;
    let spelled = &text[name.clone()];
    let upper = spelled
        .iter()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
    (upper && spelled.contains(&b'_') && scanner.key_kind(spelled).is_secret())
        .then(|| argument(text, name.end))
        .flatten()
}

/// Redis: `AUTH password`, `AUTH user password`.
fn redis_auth(text: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    let within = || {
        let line = &text[run_start(text, start, 80, |b| b != b'\n')..start];
        [&b"HELLO "[..], b"MIGRATE "]
            .iter()
            .any(|command| memchr::memmem::find(line, command).is_some())
    };
    if &text[start..end] != b"AUTH" || !(is_command(text, start) || within()) {
        return None;
    }
    let first = argument(text, end)?;
    let password = if is_last(text, &first) {
        first
    } else {
        argument(text, first.end)?
    };
    (is_last(text, &password)
        && password.len() >= 6
        && (within() || value::is_secretish(&text[password.clone()])))
    .then_some(password)
}

/// IMAP: `a001 LOGIN user password`.
fn login(text: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    let tagged = is_tagged(text, start);
    if !tagged && !is_command(text, start) || word_before(text, start) {
        return None;
    }
    let user = argument(text, end)?;
    let password = argument(text, user.end)?;
    let found = &text[password.clone()];
    (is_last(text, &password) && (tagged || value::is_secretish(found))).then_some(password)
}

/// POP and FTP: `PASS password`.
fn pass(text: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    let password = argument(text, end)?;
    let found = &text[password.clone()];
    // The report of a test runner names a file or a function: `PASS src/app.test.js`.
    let names_a_test = found
        .iter()
        .any(|b| matches!(b, b'/' | b'_' | b'.' | b':' | b'['));
    (is_command(text, start)
        && is_last(text, &password)
        && !names_a_test
        && found.len() >= 4
        && value::is_secretish(found))
    .then_some(password)
}
