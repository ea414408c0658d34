//! URLs that carry a user and a password.

use std::ops::Range;

use crate::sanitize::chars::{is_one_of, run_end, run_start};
use crate::sanitize::value;

/// The longest authority that is looked at.
const MAX_AUTHORITY: usize = 512;
/// The longest user and password of a SIP address.
const MAX_LOGIN: usize = 128;

/// The user-info of the URL whose authority begins at `from`, behind `://`.
pub(crate) fn credentials(text: &[u8], from: usize) -> Option<Range<usize>> {
    let stop = text.len().min(from + MAX_AUTHORITY);
    let mut at_sign = None;
    let mut colon = None;
    let mut end = from;
    while end < stop {
        match text[end] {
            b'@' => at_sign = Some(end),
            b':' if colon.is_none() => colon = Some(end),
            b'/' | b'?' | b'#' if at_sign.is_some() || !is_unescaped_password(text, colon, end) => {
                break;
            }
            b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b'|' => break,
            b if b.is_ascii_whitespace() => break,
            _ => {}
        }
        end += 1;
    }
    let at_sign = at_sign?;
    // `ssh://git@host` names no one.
    let found = &text[from..at_sign];
    // Neither does `https://{user}:{password}@host`.
    let template = found
        .split(|b| *b == b':')
        .all(|part| part.is_empty() || value::is_variable(part));
    (at_sign > from && found != b"git" && !template).then_some(from..at_sign)
}

/// The user and the password of `sip:user:password@host`, with the first colon at `at`.
pub(crate) fn sip_credentials(text: &[u8], at: usize) -> Option<Range<usize>> {
    // Most colons stand behind another letter.
    if at < 3 || !matches!(text[at - 1] | 0x20, b'p' | b's') {
        return None;
    }
    let scheme = run_start(text, at, 5, |b| b.is_ascii_alphabetic());
    if !is_one_of(&text[scheme..at], &["sip", "sips"]) {
        return None;
    }
    let from = at + 1;
    let end = run_end(text, from, MAX_LOGIN, |b| {
        b.is_ascii_graphic() && !matches!(b, b'@' | b'"' | b'\'' | b'<' | b'>' | b'[' | b']' | b'/')
    });
    let colon = text[from..end].iter().position(|b| *b == b':')?;
    let login = colon > 0 && from + colon + 1 < end && text.get(end) == Some(&b'@');
    login.then_some(from..end)
}

/// True when what follows the colon is no port, so that the `/` at `end` belongs to a password
/// that was not encoded.
fn is_unescaped_password(text: &[u8], colon: Option<usize>, end: usize) -> bool {
    colon.is_some_and(|colon| {
        end > colon + 1 && !text[colon + 1..end].iter().all(u8::is_ascii_digit)
    }) && !text[..end].ends_with(b"]")
}
