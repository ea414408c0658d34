//! Command lines: `--password value`, and the short flags of commands that take a password.

use crate::sanitize::builtin::SECRET;
use crate::sanitize::chars::{is_word, run_end, run_start};
use crate::sanitize::detect::keyvalue::{self, Key, Link, MAX_GAP, MAX_KEY};
use crate::sanitize::text::{Fix, Scanner};
use crate::sanitize::value;

/// How far before a short flag its command is looked for.
const MAX_COMMAND: usize = 160;

/// `--password value` and `-password value`: `at` is the first hyphen.
pub(crate) fn at(scanner: &mut Scanner<'_>, at: usize) -> usize {
    let text = scanner.text;
    if at > 0 && (is_word(text[at - 1]) || matches!(text[at - 1], b'-' | b'/' | b'.')) {
        return at + 1;
    }
    let from = run_end(text, at, 2, |b| b == b'-');
    let end = run_end(text, from, MAX_KEY, |b| {
        is_word(b) || matches!(b, b'-' | b'.')
    });
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
    let key = Key {
        start: from,
        name,
        quote: None,
        kind,
    };
    keyvalue::value(scanner, &key, Link::Flag, next, end)
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
        let quote = text
            .get(from)
            .copied()
            .filter(|b| matches!(b, b'"' | b'\''));
        match quote {
            Some(quote) => {
                let length = text[from + 1..]
                    .iter()
                    .take(256)
                    .position(|b| *b == quote)?;
                Some((from + 1, from + 1 + length))
            }
            None => {
                let to = run_end(text, from, 256, |b| {
                    !b.is_ascii_whitespace() && !matches!(b, b'"' | b'\'' | b'\\' | b'|' | b';')
                });
                Some((from, to))
            }
        }
    };
    let (start, stop) = if (name == b"u" || name == b"user" || name == b"proxy-user")
        && spaced
        && (runs(b"curl") || runs(b"wget") || runs(b"http"))
    {
        let (start, stop) = value_at(end + 1)?;
        let colon = text[start..stop].iter().position(|b| *b == b':')?;
        (start + colon + 1, stop)
    } else if spaced
        && ((name == b"p"
            && (runs(b"sshpass") || runs(b"docker login") || runs(b"mongo") || runs(b"az login")))
            || (name == b"a" && runs(b"redis-cli")))
    {
        value_at(end + 1)?
    } else if name.len() > 2
        && name[0] == b'p'
        && from - at == 1
        && (runs(b"mysql") || runs(b"mariadb") || runs(b"sshpass"))
    {
        value_at(from + 1)?
    } else {
        return None;
    };
    if value::is_nothing(&scanner.engine.placeholders, &text[start..stop]) {
        return None;
    }
    scanner.push(SECRET, start, stop, Fix::Mask).then_some(stop)
}
