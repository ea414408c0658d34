//! Logins in connection strings that are no URLs.

use crate::sanitize::builtin::SECRET;
use crate::sanitize::chars::{is_word, run_end, run_start};
use crate::sanitize::detect::keyvalue::MAX_KEY;
use crate::sanitize::text::{Fix, Scanner};
use crate::sanitize::value;

/// `jdbc:oracle:thin:scott/tiger@//host`: `at` is the last colon.
pub(super) fn oracle(scanner: &mut Scanner<'_>, at: usize) -> usize {
    let text = scanner.text;
    let slash = run_end(text, at + 1, MAX_KEY, |b| {
        is_word(b) || matches!(b, b'$' | b'#')
    });
    let end = run_end(text, slash, MAX_KEY * 2, |b| {
        b != b'@' && !b.is_ascii_whitespace()
    });
    let login = slash > at + 1 && text.get(slash) == Some(&b'/') && text.get(end) == Some(&b'@');
    let found = &text[(slash + 1).min(end)..end];
    if login
        && !value::is_nothing(&scanner.engine.placeholders, found)
        && scanner.push(SECRET, slash + 1, end, Fix::Mask)
    {
        return end;
    }
    at + 1
}

/// Go: `user:password@tcp(host:3306)/name`, with the bracket at `at`.
pub(super) fn mysql(scanner: &mut Scanner<'_>, at: usize) {
    let text = scanner.text;
    let before = &text[..at];
    let Some(login) = [&b"@tcp"[..], b"@unix"]
        .iter()
        .find_map(|net| before.strip_suffix(*net))
    else {
        return;
    };
    let start = run_start(text, login.len(), MAX_KEY * 2, |b| {
        !b.is_ascii_whitespace() && !matches!(b, b'"' | b'\'' | b'=' | b'/' | b'`' | b']')
    });
    let Some(colon) = login[start..].iter().position(|b| *b == b':') else {
        return;
    };
    let found = start + colon + 1..login.len();
    if !value::is_nothing(&scanner.engine.placeholders, &login[found.clone()]) {
        scanner.push(SECRET, found.start, found.end, Fix::Mask);
    }
}
