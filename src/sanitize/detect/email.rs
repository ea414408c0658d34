//! Email addresses: a local part, `@`, and a domain that ends in something like a top-level domain.

use std::ops::Range;

use crate::sanitize::chars::{after_escape, is_one_of, run_end, run_start, word_at};
use crate::sanitize::value::WordList;

/// The longest local part (RFC 5321) and domain that are looked at.
const MAX_LOCAL: usize = 64;
const MAX_DOMAIN: usize = 253;

/// File and unit names after the last dot, which are no top-level domains: `icon@2x.png`,
/// `getty@tty1.service`, `f@main.js`.
#[rustfmt::skip]
const FILE_ENDING_WORDS: &[&str] = &[
    "bmp", "cfg", "cjs", "class", "conf", "cpp", "crt", "css", "dart", "device", "dll", "exe",
    "gif", "go", "gz", "hpp", "htm", "html", "ico", "ini", "jar", "java", "jpeg", "jpg", "js",
    "json", "jsx", "kt", "local_only", "lock", "log", "mjs", "mount", "path", "pdf", "pem", "png",
    "proto", "scope", "scss", "service", "slice", "socket", "sql", "svg", "swift", "tar", "target",
    "tgz", "timer", "toml", "ts", "tsx", "txt", "vue", "war", "webp", "whl", "xml", "yaml", "yml",
];

static FILE_ENDINGS: WordList = WordList::new(FILE_ENDING_WORDS);

/// The address around the `@` at `at`.
pub(crate) fn at(text: &[u8], at: usize, floor: usize) -> Option<Range<usize>> {
    let end = domain_end(text, at + 1)?;
    let start = local_start(text, at, floor)?;
    let local = &text[start..at];
    // `git@github.com:owner/repo` names a repository, not a person.
    if local == b"git" && matches!(text.get(end), Some(b':' | b'/')) {
        return None;
    }
    // `aes256-gcm@openssh.com` names an algorithm of SSH.
    if is_one_of(
        &text[at + 1..end],
        &["openssh.com", "libssh.org", "lysator.liu.se"],
    ) {
        return None;
    }
    Some(start..end)
}

/// `bob (at) example.com`, `bob [at] example (dot) com`: the address around the bracket at `at`.
pub(crate) fn spelled(text: &[u8], at: usize, floor: usize) -> Option<Range<usize>> {
    let word = spelled_mark(text, at, b"at")?;
    let gap = |from: usize| run_end(text, from, 1, |b| b == b' ');
    let label = |from: usize| {
        run_end(text, from, MAX_LOCAL, |b| {
            b.is_ascii_alphanumeric() || b == b'-'
        })
    };
    let local_end = run_start(text, at, 1, |b| b == b' ');
    let start = local_start(text, local_end, floor)?;
    let from = gap(word);
    if let Some(end) = domain_end(text, from) {
        return Some(start..end);
    }
    let mut end = label(from);
    let mut last = from..from;
    while let Some(dot) = spelled_mark(text, gap(end), b"dot") {
        last = gap(dot)..label(gap(dot));
        end = last.end;
    }
    (is_top_level(&text[last]) && !word_at(text, end)).then_some(start..end)
}

/// The end of `(word)` or `[word]` at `at`.
fn spelled_mark(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let close = match text.get(at)? {
        b'(' => b')',
        b'[' => b']',
        _ => return None,
    };
    let end = at + 1 + word.len();
    let same = text.get(at + 1..end)?.eq_ignore_ascii_case(word);
    (same && text.get(end) == Some(&close)).then_some(end + 1)
}

fn local_start(text: &[u8], at: usize, floor: usize) -> Option<usize> {
    if at > floor && text[at - 1] == b'"' {
        return quoted_local(text, at, floor);
    }
    let limit = MAX_LOCAL.min(at - floor.min(at));
    let mut start = run_start(text, at, limit, |b| {
        b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'.' | b'_' | b'%' | b'+' | b'-' | b'\'' | b'!' | b'#' | b'$' | b'*' | b'~' | b'^'
            )
            || b >= 0x80
    });
    start = after_escape(text, start, at);
    // What stands before the first letter or digit is punctuation around the address.
    while start < at
        && !(text[start].is_ascii_alphanumeric() || text[start] == b'_' || text[start] >= 0x80)
    {
        start += 1;
    }
    while start < at && text[start] >= 0x80 && is_punctuation(&text[start..]) {
        start += 3;
    }
    (start < at && text[at - 1] != b'.').then_some(start)
}

/// Typographic quotes and dashes (U+2000 to U+206F) are no part of an address.
fn is_punctuation(text: &[u8]) -> bool {
    text.len() >= 3 && text[0] == 0xE2 && matches!(text[1], 0x80 | 0x81)
}

/// `"john doe"@example.com`.
fn quoted_local(text: &[u8], at: usize, floor: usize) -> Option<usize> {
    let from = floor.max(at.saturating_sub(MAX_LOCAL));
    let open = text[from..at - 1].iter().rposition(|b| *b == b'"')? + from;
    (open + 2 < at).then_some(open)
}

fn domain_end(text: &[u8], from: usize) -> Option<usize> {
    if text.get(from) == Some(&b'[') {
        let close = text[from..].iter().take(48).position(|b| *b == b']')? + from;
        let inner = text[from + 1..close]
            .strip_prefix(b"IPv6:")
            .unwrap_or(&text[from + 1..close]);
        let address = std::str::from_utf8(inner).ok()?.parse::<std::net::IpAddr>();
        return address.is_ok().then_some(close + 1);
    }
    let mut end = run_end(text, from, MAX_DOMAIN, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-') || b >= 0x80
    });
    while end > from && matches!(text[end - 1], b'.' | b'-') {
        end -= 1;
    }
    // A closing typographic quote or another script's punctuation is not the domain's.
    while end >= from + 3 && is_punctuation(&text[end - 3..end]) {
        end -= 3;
    }
    loop {
        let domain = &text[from..end];
        let dot = domain.iter().rposition(|b| *b == b'.')?;
        if dot == 0 {
            return None;
        }
        if is_top_level(&domain[dot + 1..]) && are_labels(&domain[..dot]) && !word_at(text, end) {
            return Some(end);
        }
        // `bob@example.com.Next` and `bob@example.com-2`: try without the last label.
        end = from + dot;
        if from + dot == from || end < from + 3 {
            return None;
        }
        if !domain[..dot].contains(&b'.') {
            return None;
        }
    }
}

fn is_top_level(label: &[u8]) -> bool {
    let international = label.iter().any(|b| *b >= 0x80)
        || label
            .first_chunk::<4>()
            .is_some_and(|start| start.eq_ignore_ascii_case(b"xn--"));
    if international {
        return label.len() >= 3;
    }
    let letters =
        label.len() >= 2 && label.len() <= 18 && label.iter().all(u8::is_ascii_alphabetic);
    // `this@MainActivity.lifecycleScope` is code.
    let camel = label
        .windows(2)
        .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    letters && !camel && !FILE_ENDINGS.has(label)
}

fn are_labels(domain: &[u8]) -> bool {
    let mut labels = domain.split(|b| *b == b'.');
    let sound = labels
        .clone()
        .all(|label| !label.is_empty() && label[0] != b'-');
    // `left-pad@1.2.3.final` is a version; `bob@163.com` is not.
    let numbers = labels
        .clone()
        .filter(|label| label.iter().all(u8::is_ascii_digit))
        .count();
    let count = labels.clone().count();
    let version = labels.next().is_some_and(|label| {
        label.len() > 1
            && matches!(label[0], b'v' | b'^' | b'~')
            && label[1..].iter().all(u8::is_ascii_digit)
    });
    sound
        && numbers < 2
        && !(version && count > 1)
        && !(numbers == 1
            && count > 1
            && domain[0].is_ascii_digit()
            && domain.iter().take_while(|b| **b != b'.').count() <= 2)
}
