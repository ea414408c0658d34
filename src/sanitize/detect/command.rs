//! Commands that take a password in a fixed place: `net user`, `net use`, `sqlplus user/password`,
//! `ConvertTo-SecureString`, and those of network devices.

use std::ops::Range;

use crate::sanitize::chars::{is_one_of, run_end, run_start};
use crate::sanitize::detect::protocol::argument;
use crate::sanitize::value;

/// How far before a word its command may begin.
const MAX_COMMAND: usize = 80;
/// The most arguments that are looked at, and the longest.
const MAX_ARGUMENTS: usize = 6;
const MAX_ARGUMENT: usize = 256;

/// The next word of a command line.
fn word(text: &[u8], from: usize) -> Option<Range<usize>> {
    let start = run_end(text, from, 8, |b| matches!(b, b' ' | b'\t'));
    let end = run_end(text, start, MAX_ARGUMENT, |b| {
        !b.is_ascii_whitespace() && !matches!(b, b'"' | b'\'' | b'|' | b'&' | b';' | b',' | b')')
    });
    (start > from && end > start).then_some(start..end)
}

/// Windows: `net user ann password /add`, `net use Z: \\nas\share password /user:ann`.
pub(super) fn net(text: &[u8], end: usize) -> Option<Range<usize>> {
    let verb = word(text, end)?;
    let words = || {
        std::iter::successors(word(text, verb.end), |before| word(text, before.end))
            .take(MAX_ARGUMENTS)
    };
    let option = |range: &Range<usize>| text[range.start] == b'/';
    match &text[verb.clone()] {
        name if name.eq_ignore_ascii_case(b"user") => {
            let password = words().nth(1)?;
            let found = &text[password.clone()];
            let with_option = words().nth(2).is_some_and(|next| option(&next));
            let shaped = value::is_secretish(found) && word(text, password.end).is_none();
            (!option(&password) && found[0] != b'*' && (with_option || shaped)).then_some(password)
        }
        name if name.eq_ignore_ascii_case(b"use") => {
            let is_place = |found: &[u8]| {
                matches!(found[0], b'/' | b'*') || found.contains(&b'\\') || found.ends_with(b":")
            };
            let with_user = words().any(|range| {
                text[range.start..].len() > 6
                    && text[range.start..range.start + 6].eq_ignore_ascii_case(b"/user:")
            });
            let password = words().find(|range| !is_place(&text[range.clone()]))?;
            with_user.then_some(password)
        }
        _ => None,
    }
}

/// `cargo login …`, `vault login …`: a token.
pub(super) fn login(text: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    const SHORTEST: usize = 16;
    let command = &text[run_start(text, start, 16, |b| b != b'\n')..start];
    let known = [
        &b"cargo "[..],
        b"vault ",
        b"wandb ",
        b"huggingface-cli ",
        b"doppler ",
    ]
    .iter()
    .any(|name| command.ends_with(name));
    let found = word(text, end)?;
    (known && value::is_random(&text[found.clone()], SHORTEST)).then_some(found)
}

/// Oracle: `sqlplus ann/password@db`.
pub(super) fn sqlplus(text: &[u8], end: usize) -> Option<Range<usize>> {
    let login = std::iter::successors(word(text, end), |before| word(text, before.end))
        .take(MAX_ARGUMENTS)
        .find(|range| text[range.start] != b'-')?;
    let found = &text[login.clone()];
    let slash = found.iter().position(|b| *b == b'/').filter(|at| *at > 0)?;
    let at_sign = found.iter().position(|b| *b == b'@').unwrap_or(found.len());
    (slash + 1 < at_sign).then_some(login.start + slash + 1..login.start + at_sign)
}

/// PowerShell: `ConvertTo-SecureString 'password' -AsPlainText`; the word ends at `end`.
pub(super) fn secure_string(text: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    let verb = text[..start].last_chunk::<10>()?;
    if !verb.eq_ignore_ascii_case(b"ConvertTo-") {
        return None;
    }
    let mut found = argument(text, end)?;
    if is_one_of(&text[found.clone()], &["-string"]) {
        found = argument(text, found.end)?;
    }
    (!matches!(text[found.start], b'-' | b'$')).then_some(found)
}

/// Network devices: `snmp-server community word RO`.
pub(super) fn community(text: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    let server = text[..start].ends_with(b"snmp-server ");
    let found = argument(text, end)?;
    (server && !is_one_of(&text[found.clone()], &["public"])).then_some(found)
}

/// Network devices: `radius-server key word`, `crypto isakmp key word address …`.
pub(super) fn device_key(text: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    let line = run_start(text, start, MAX_COMMAND, |b| b != b'\n');
    let command = &text[line..start];
    let known = [
        &b"radius-server "[..],
        b"tacacs-server ",
        b"radius server ",
        b"isakmp ",
    ]
    .iter()
    .any(|name| memchr::memmem::find(command, name).is_some());
    if !known {
        return None;
    }
    let found = argument(text, end)?;
    match found.len() {
        1 if text[found.start].is_ascii_digit() => argument(text, found.end),
        _ => Some(found),
    }
}
