//! What stands behind `Authorization:`, `Cookie:` and `Set-Cookie:` in text.

use crate::sanitize::builtin::{AUTHORIZATION, COOKIE};
use crate::sanitize::chars::{is_one_of, is_word, run_end, run_start};
use crate::sanitize::detect::extent::is_pair;
use crate::sanitize::detect::keyvalue::{MAX_GAP, MAX_VALUE};
use crate::sanitize::text::{Fix, Open, Scanner};
use crate::sanitize::value;

/// `Authorization: Bearer …`, `Authorization: Digest username=…`, `Authorization=abc`.
pub(crate) fn authorization(
    scanner: &mut Scanner<'_>,
    from: usize,
    stop: usize,
    next: usize,
) -> usize {
    let text = &scanner.text[..stop];
    let word = run_end(text, from, 32, |b| b.is_ascii_alphanumeric() || b == b'-');
    let schemes = [
        "bearer",
        "basic",
        "digest",
        "token",
        "negotiate",
        "ntlm",
        "apikey",
        "api-key",
        "bot",
        "key",
        "aws4-hmac-sha256",
        "hawk",
        "oauth",
        "signature",
        "jwt",
        "splunk",
        "genie-key",
        "geniekey",
        "ssws",
        "dpop",
    ];
    let scheme = is_one_of(&text[from..word], &schemes);
    let named = scheme && text.get(word) == Some(&b' ');
    if scheme && scanner.text[word..].trim_ascii().is_empty() {
        return below_scheme(scanner, from, word, next);
    }
    if scheme && matches!(scanner.text.get(word), Some(b'\n' | b'\r')) {
        let at = run_end(scanner.text, word, 64, |b| b.is_ascii_whitespace());
        return credential_line(scanner, at, next);
    }
    if named
        && is_one_of(
            &text[from..word],
            &["digest", "aws4-hmac-sha256", "hawk", "oauth", "signature"],
        )
    {
        // The credentials are a list of parameters: all of it goes.
        let end = run_end(text, word, MAX_VALUE, |b| {
            !matches!(b, b'\n' | b'\r' | b'\\' | b'|' | b';')
        });
        let quote = text[word..end].iter().filter(|b| **b == b'"').count();
        let end = if quote % 2 == 1 {
            text[..end].iter().rposition(|b| *b == b'"').unwrap_or(end)
        } else {
            end
        };
        let start = word + 1;
        let content = text[start..end].trim_ascii_end();
        if value::is_nothing(&scanner.engine.placeholders, content) || !content.contains(&b'=') {
            return next;
        }
        return if scanner.push(AUTHORIZATION, start, start + content.len(), Fix::Mask) {
            start + content.len()
        } else {
            next
        };
    }
    let start = if named || is_scheme(text, from, word) {
        run_end(text, word, 4, |b| b == b' ')
    } else {
        from
    };
    let skip = scanner.engine.placeholders.length(&text[start..]);
    let mut end = run_end(text, start + skip, MAX_VALUE, |b| {
        !b.is_ascii_whitespace()
            && !matches!(b, b'"' | b'\'' | b',' | b';' | b'\\' | b'}' | b')' | b'<')
    });
    while end > start && matches!(text[end - 1], b'.' | b':') {
        end -= 1;
    }
    let found = &text[start..end];
    if value::is_nothing(&scanner.engine.placeholders, found) || value::is_prose(found) {
        return next;
    }
    let equals = scanner.text[..from].ends_with(b"=");
    let hex = found.len() >= 16 && found.iter().all(u8::is_ascii_hexdigit);
    let shaped = value::is_secretish(found)
        || hex
        || (found.len() >= 6 && equals)
        || (named && found.len() >= 8);
    if shaped && scanner.push(AUTHORIZATION, start, end, Fix::Mask) {
        end
    } else {
        next
    }
}

/// `SharedKey account:abc123`: a scheme that is not known, before what cannot be a word.
fn is_scheme(text: &[u8], from: usize, word: usize) -> bool {
    let end = run_end(text, word + 1, MAX_VALUE, |b| !b.is_ascii_whitespace());
    let name = &text[from..word];
    text.get(word) == Some(&b' ')
        && name.iter().all(u8::is_ascii_alphabetic)
        && !value::is_prose(name)
        && value::is_random(&text[word + 1..end.max(word + 1)], 12)
}

/// A scheme ends the text: its credentials stand in the next line.
fn below_scheme(scanner: &mut Scanner<'_>, from: usize, word: usize, next: usize) -> usize {
    scanner.open = Some(Open {
        text: [b"Authorization: ", &scanner.text[from..word]].concat(),
        lines: 2,
        goes_on: from < scanner.context,
    });
    next
}

/// Credentials alone in the line at `at`.
fn credential_line(scanner: &mut Scanner<'_>, at: usize, next: usize) -> usize {
    let text = scanner.text;
    let end = run_end(text, at, MAX_VALUE, |b| !b.is_ascii_whitespace());
    let found = &text[at..end];
    let alone = matches!(text.get(end), None | Some(b'\n' | b'\r'));
    if found.ends_with(b":")
        || !alone
        || found.len() < 6
        || value::is_nothing(&scanner.engine.placeholders, found)
        || !value::is_secretish(found)
        || !scanner.push(AUTHORIZATION, at, end, Fix::Mask)
    {
        return next;
    }
    end
}

/// `sid=8Fk29sLq; Path=/; HttpOnly`: a cookie that its first attribute tells, whose `=` is at `at`.
pub(super) fn bare_cookie(scanner: &mut Scanner<'_>, at: usize) -> Option<usize> {
    const ATTRIBUTES: &[&str] = &["path", "domain", "expires", "max-age", "samesite"];
    const LONGEST: usize = 512;
    let text = scanner.text;
    let name = run_start(text, at, 9, |b| b.is_ascii_alphabetic() || b == b'-');
    if !text[..name].ends_with(b"; ") || !is_one_of(&text[name..at], ATTRIBUTES) {
        return None;
    }
    let end = name - b"; ".len();
    let start = run_start(text, end, LONGEST, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'%' | b'+' | b'/' | b'~')
    });
    let found = &text[start..end];
    let pair = start > 1 && text[start - 1] == b'=' && is_word(text[start - 2]);
    (pair
        && start >= scanner.floor
        && value::is_random(found, 12)
        && scanner.push(COOKIE, start, end, Fix::Mask))
    .then_some(at + 1)
}

/// `Cookie: sid=abc; theme=dark`: the values go, the names and a cookie's attributes stay.
pub(crate) fn cookie(scanner: &mut Scanner<'_>, from: usize, stop: usize, next: usize) -> usize {
    const ATTRIBUTES: &[&str] = &[
        "path",
        "domain",
        "expires",
        "max-age",
        "samesite",
        "secure",
        "httponly",
        "priority",
        "version",
        "partitioned",
    ];
    let text = &scanner.text[..stop];
    let mut at = from;
    let mut go_on = next;
    loop {
        at = run_end(text, at, MAX_GAP, |b| b == b' ');
        let name_end = run_end(text, at, 256, |b| {
            b.is_ascii_alphanumeric()
                || matches!(
                    b,
                    b'_' | b'-' | b'.' | b'%' | b'$' | b'*' | b'!' | b'~' | b'+'
                )
        });
        let is_value = |b: u8| {
            !b.is_ascii_whitespace() && !matches!(b, b';' | b'"' | b'\'' | b'\\' | b'<' | b'>')
        };
        if text.get(name_end) != Some(&b'=') {
            // `Cookie: abcdef0123` without a name.
            let end = run_end(text, at, MAX_VALUE, is_value);
            if at == from
                && scanner.engine.placeholders.length(&text[at..]) == 0
                && value::is_random(&text[at..end], 8)
                && scanner.push(COOKIE, at, end, Fix::Mask)
            {
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
        let skip = scanner.engine.placeholders.length(&text[start + quote..]);
        let mut end = run_end(text, start + quote + skip, MAX_VALUE, is_value);
        // `sid=abc, theme=dark`: a list of them.
        if quote == 0
            && let Some(comma) = text[start + skip..end].iter().position(|b| *b == b',')
            && (start + skip + comma + 1 == end || is_pair(text, start + skip + comma + 1))
        {
            end = start + skip + comma;
        }
        let name = &text[at..name_end];
        if is_one_of(name, ATTRIBUTES) {
            end = run_end(text, start, 64, |b| !matches!(b, b';' | b'"' | b'\n'));
        } else if !value::is_nothing(&scanner.engine.placeholders, &text[start + quote..end])
            && scanner.push(COOKIE, start + quote, end, Fix::Mask)
        {
            go_on = end;
        }
        at = end + quote;
        if !matches!(text.get(at), Some(b';' | b',')) {
            return go_on;
        }
        at += 1;
    }
}
