//! Credentials that follow a word: `Bearer …`, `Basic …`, `password …`, `token is …`.

use crate::sanitize::builtin::{AUTHORIZATION, COOKIE, SECRET};
use crate::sanitize::chars::{
    is_one_of, is_word, previous_word, previous_word_range, run_end, run_start, word_before,
};
use crate::sanitize::detect::extent::is_pair;
use crate::sanitize::detect::keyvalue::MAX_KEY;
use crate::sanitize::detect::protocol;
use crate::sanitize::keys::KeyKind;
use crate::sanitize::text::{Fix, Scanner};
use crate::sanitize::value;

/// The longest credential that is read to its end.
const MAX_CREDENTIAL: usize = 16 * 1024;

/// The first two letters of the words that [`at`] and [`protocol::at`] know.
pub(super) const STARTS: [&[u8; 2]; 26] = [
    b"is", b"wa", b"be", b"ba", b"di", b"ne", b"nt", b"pa", b"pi", b"pw", b"to", b"se", b"ss",
    b"ot", b"cr", b"ke", b"co", b"id", b"cv", b"au", b"lo", b"re", b"ma", b"en", b"ps", b"sq",
];

/// What follows the word from `start` to `end`. Returns where to go on when it must go.
pub(crate) fn at(scanner: &mut Scanner<'_>, start: usize, end: usize) -> Option<usize> {
    let text = scanner.text;
    let word = &text[start..end];
    if is_one_of(word, &["is", "was"]) {
        return spelled_key(scanner, start, end).or_else(|| code_before(scanner, start, end));
    }
    if !matches!(word.len(), 3..=12) || !matches!(text.get(end), Some(b' ' | b'\t' | b'"')) {
        return None;
    }
    if text[end] == b'"' {
        // A monitor quotes every part of a command: `"AUTH" "password"`.
        return protocol::at(scanner, start, end);
    }
    match word[0] | 0x20 {
        b'b' if is_one_of(word, &["bearer", "basic"]) => scheme(scanner, start, end),
        b'd' if word.eq_ignore_ascii_case(b"digest") => scheme(scanner, start, end),
        b'n' if is_one_of(word, &["negotiate", "ntlm"]) => scheme(scanner, start, end),
        b'p' if is_one_of(
            word,
            &[
                "password",
                "passwd",
                "passphrase",
                "passcode",
                "pin",
                "pwd",
                "psk",
            ],
        ) =>
        {
            said(scanner, start, end)
        }
        b't' if word.eq_ignore_ascii_case(b"token") => said(scanner, start, end),
        b's' if word == b"SSWS" => scheme(scanner, start, end),
        b's' if is_one_of(word, &["secret", "ssn"]) => said(scanner, start, end),
        b'o' if is_one_of(word, &["otp"]) => said(scanner, start, end),
        b'c' if is_one_of(word, &["credential", "credentials"]) => said(scanner, start, end),
        b'k' if word.eq_ignore_ascii_case(b"key") && is_spaced_key(text, start) => {
            said(scanner, start, end)
        }
        b'k' if word.eq_ignore_ascii_case(b"key") => {
            bare_key(scanner, start, end).or_else(|| protocol::at(scanner, start, end))
        }
        b'c' if word.eq_ignore_ascii_case(b"code") && is_code_name(text, start) => {
            said(scanner, start, end)
        }
        b'c' if word.eq_ignore_ascii_case(b"cookie") => said_cookie(scanner, end),
        b'i' if word.eq_ignore_ascii_case(b"identified") => identified_by(scanner, end),
        b'c' if is_one_of(word, &["cvc", "cvv"]) => said(scanner, start, end),
        _ => protocol::at(scanner, start, end),
    }
}

/// `aws_secret_access_key wJalrXUt…`: a key in the spelling of code, and behind it what no word is.
pub(crate) fn named(scanner: &mut Scanner<'_>, start: usize, end: usize) -> Option<usize> {
    const SHORTEST: usize = 16;
    let text = scanner.text;
    let from = end + 1;
    let to = run_end(text, from, MAX_CREDENTIAL, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+' | b'/' | b'=')
    });
    let found = &text[from..to];
    let digits = found.windows(2);
    let runs = digits.filter(|pair| pair[0].is_ascii_digit() && !pair[1].is_ascii_digit());
    let alone = text
        .get(to)
        .is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b',' | b';' | b')'));
    (found.len() >= SHORTEST
        && alone
        && runs.count() >= 2
        && matches!(
            scanner.key_kind(&text[start..end]),
            KeyKind::Secret | KeyKind::Token
        )
        && scanner.push(SECRET, from, to, Fix::Mask))
    .then_some(to)
}

/// `received cookie sid=abc123`, `<Cookie sid=abc123 for …`.
fn said_cookie(scanner: &mut Scanner<'_>, end: usize) -> Option<usize> {
    let text = scanner.text;
    let name = run_end(text, end + 1, MAX_KEY, |b| {
        is_word(b) || matches!(b, b'-' | b'.')
    });
    let stop = run_end(text, name, MAX_CREDENTIAL, |b| {
        !b.is_ascii_whitespace() && !matches!(b, b'"' | b'\'' | b';' | b',' | b'<' | b'>' | b')')
    });
    let found = text.get(name + 1..stop)?;
    let pair = name > end + 1 && text.get(name) == Some(&b'=');
    (pair
        && value::is_random(found, 8)
        && scanner.engine.placeholders.length(found) == 0
        && scanner.push(COOKIE, name + 1, stop, Fix::Mask))
    .then_some(stop)
}

/// `482913 is your Shop code`, as text messages say it.
fn code_before(scanner: &mut Scanner<'_>, start: usize, end: usize) -> Option<usize> {
    const LONGEST: usize = 64;
    let text = scanner.text;
    let code = start.checked_sub(1)?;
    let from = run_start(text, code, 8, |b| b.is_ascii_digit());
    let rest = &text[end..text.len().min(end + LONGEST)];
    if !matches!(code - from, 4..=8)
        || text[code] != b' '
        || word_before(text, from)
        || !rest.starts_with(b" your ")
    {
        return None;
    }
    let named = rest
        .split(|b| !b.is_ascii_alphanumeric())
        .any(|word| is_one_of(word, &["code", "otp", "pin", "passcode", "password"]));
    (named && from >= scanner.floor && scanner.push(SECRET, from, code, Fix::Mask)).then_some(end)
}

/// `sessionToken is abc123`, `api_key was abc123`: a key in the spelling of code before the verb.
fn spelled_key(scanner: &mut Scanner<'_>, start: usize, end: usize) -> Option<usize> {
    let text = scanner.text;
    if start < 2 || text[start - 1] != b' ' || text.get(end) != Some(&b' ') {
        return None;
    }
    let from = run_start(text, start - 1, MAX_KEY, |b| is_word(b) || b == b'-');
    let name = &text[from..start - 1];
    let in_code = name.windows(2).any(|pair| {
        matches!(pair[0], b'_' | b'-')
            || (pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
    });
    if !in_code || !scanner.key_kind(name).is_secret() {
        return None;
    }
    let found = protocol::argument(text, end)?;
    let value = text[found.clone()].trim_ascii_end();
    let value = value.strip_suffix(b".").unwrap_or(value);
    (value::is_random(value, 6)
        && value.iter().filter(|b| b.is_ascii_digit()).count() >= 2
        && scanner.push(SECRET, found.start, found.start + value.len(), Fix::Mask))
    .then_some(found.end)
}

/// `error code`, `zip code`: what a code is of that everyone may see.
pub(super) fn is_public_code(word: &[u8]) -> bool {
    is_one_of(
        word,
        &[
            "error", "exit", "status", "return", "response", "result", "zip", "postal", "post",
            "country", "area", "region", "language", "currency", "product", "item", "source",
            "promo", "discount", "coupon", "voucher", "tax", "tracking", "order", "color", "dial",
        ],
    )
}

/// `verification code 482913`, `your Shop code 482913`, with the word `code` at `start`.
fn is_code_name(text: &[u8], start: usize) -> bool {
    let before = previous_word_range(text, start);
    if is_one_of(previous_word(text, before.start), &["your"]) {
        return !is_public_code(&text[before]);
    }
    is_one_of(
        &text[before],
        &[
            "verification",
            "otp",
            "security",
            "2fa",
            "mfa",
            "pin",
            "sms",
            "login",
            "use",
            "enter",
            "your",
        ],
    )
}

/// SQL: `IDENTIFIED BY 'password'`, `IDENTIFIED WITH plugin BY 'password'`.
fn identified_by(scanner: &mut Scanner<'_>, end: usize) -> Option<usize> {
    let text = scanner.text;
    let mut end = end;
    let with = is_one_of(text.get(end..end + 6)?, &[" with "]);
    if with {
        end = run_end(text, end + 6, MAX_KEY, |b| {
            is_word(b) || matches!(b, b'\'' | b'"')
        });
    }
    let by = text.get(end..end + 4)?;
    let quote = *text.get(end + 4).filter(|b| matches!(b, b'"' | b'\''))?;
    let start = end + 5;
    let stop = start + text[start..].iter().take(256).position(|b| *b == quote)?;
    let found = (by.eq_ignore_ascii_case(b" by ") || with && by.eq_ignore_ascii_case(b" as "))
        && !value::is_nothing(&scanner.engine.placeholders, &text[start..stop]);
    (found && scanner.push(SECRET, start, stop, Fix::Mask)).then_some(stop)
}

fn is_spaced_key(text: &[u8], start: usize) -> bool {
    start > 0
        && matches!(text[start - 1], b' ' | b'-')
        && is_one_of(
            previous_word(text, start - 1 + usize::from(text[start - 1] == b' ')),
            &[
                "api",
                "access",
                "secret",
                "private",
                "auth",
                "encryption",
                "signing",
                "account",
                "master",
                "shared",
            ],
        )
}

/// `rejected key aB3dE5…`: a key that does not say what it is for, and a value that no name has.
fn bare_key(scanner: &mut Scanner<'_>, start: usize, end: usize) -> Option<usize> {
    const SHORTEST: usize = 24;
    const LONGEST: usize = 128;
    const OPEN: &[&str] = &[
        "public",
        "pub",
        "publishable",
        "host",
        "ssh",
        "peer",
        "cache",
        "object",
        "idempotency",
        "site",
        "primary",
        "partition",
        "sort",
        "lock",
        "row",
        "message",
        "routing",
    ];
    let text = scanner.text;
    let from = end + 1;
    let to = run_end(text, from, LONGEST, |b| b.is_ascii_alphanumeric());
    let found = &text[from..to];
    let has = |test: fn(&u8) -> bool| found.iter().any(test);
    let pairs = found.windows(2);
    let numbers = pairs.filter(|pair| pair[0].is_ascii_digit() && !pair[1].is_ascii_digit());
    let whole = text.get(to).is_none_or(|b| {
        b.is_ascii_whitespace() || matches!(b, b',' | b';' | b'.' | b':' | b')' | b'"' | b'\'')
    });
    (found.len() >= SHORTEST
        && whole
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && numbers.count() >= 3
        && !is_one_of(previous_word(text, start), OPEN)
        && scanner.push(SECRET, from, to, Fix::Mask))
    .then_some(to)
}

fn is_credential(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(
            b,
            b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'|' | b':' | b'%'
        )
}

/// The credential behind a scheme, when it is one.
fn scheme(scanner: &mut Scanner<'_>, start: usize, end: usize) -> Option<usize> {
    let text = scanner.text;
    if word_before(text, start) {
        return None;
    }
    let (from, to) = credential(text, end)?;
    let found = &text[from..to];
    let bearer = text[start] | 0x20 == b'b' && text[start + 1] | 0x20 == b'e';
    let is_secret = match text[start] | 0x20 {
        b'b' if bearer => is_bearer_token(found, text.get(to)),
        b'b' => is_basic(found),
        b'd' => false,
        _ => found.len() >= 16 && is_base64(found),
    };
    if is_secret && scanner.push(AUTHORIZATION, from, to, Fix::Mask) {
        Some(to)
    } else {
        None
    }
}

/// The run of credential bytes behind the spaces at `end`.
fn credential(text: &[u8], end: usize) -> Option<(usize, usize)> {
    let from = run_end(text, end, 4, |b| {
        matches!(b, b' ' | b'\t' | b':' | b'"' | b'\'')
    });
    let mut to = run_end(text, from, MAX_CREDENTIAL, is_credential);
    while to > from && matches!(text[to - 1], b'.' | b':' | b'|') {
        to -= 1;
    }
    // What follows the padding of base64 is the next field.
    if let Some(end) = memchr::memmem::find(&text[from..to], b"=|") {
        to = from + end + 1;
    }
    (to > from).then_some((from, to))
}

fn is_bearer_token(found: &[u8], next: Option<&u8>) -> bool {
    let core = found
        .iter()
        .rposition(|b| *b != b'=')
        .map_or(found, |last| &found[..=last]);
    // `Bearer realm="…"` and `Bearer error=…` are a server's challenge.
    if core.contains(&b'=')
        || (core.len() < found.len()
            && matches!(next, Some(b'"'))
            && core.iter().all(|b| b.is_ascii_lowercase() || *b == b'_'))
        || value::is_prose(core)
    {
        return false;
    }
    let digit = core.iter().any(u8::is_ascii_digit);
    let mark = core
        .iter()
        .any(|b| matches!(b, b'.' | b'_' | b'~' | b'+' | b'/'));
    let turn = core
        .windows(2)
        .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    let sentence = core.len() < 16
        && !digit
        && !turn
        && core
            .iter()
            .all(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'.' | b'_'));
    core.len() >= 4 && (digit || turn || (mark && !sentence) || core.len() >= 24)
}

/// Base64 of `user:password`.
fn is_basic(found: &[u8]) -> bool {
    if found.len() < 6 || !is_base64(found) {
        return false;
    }
    let decoded = decode_base64(found);
    let readable = decoded
        .iter()
        .all(|b| (0x20..0x7F).contains(b) || *b >= 0x80);
    (readable && decoded.contains(&b':'))
        || (found.ends_with(b"=")
            && found.len() >= 8
            && found.iter().any(|b| b.is_ascii_uppercase()))
}

pub(super) fn is_base64(found: &[u8]) -> bool {
    let core = found
        .iter()
        .rposition(|b| *b != b'=')
        .map_or(&found[..0], |last| &found[..=last]);
    found.len() - core.len() <= 2
        && !core.is_empty()
        && core
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_'))
}

/// Decodes what is complete; the input has passed [`is_base64`].
pub(super) fn decode_base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);
    for &b in text.iter().take(512) {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => break,
        };
        bits = (bits << 6 | u32::from(value)) & 0xFF_FFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

/// OpenVPN's management: `password "Auth" "…"`, `password "Private Key" "…"`. Where the second string
/// begins, when the one at `from` says what the password is for.
fn behind_realm(text: &[u8], from: usize) -> usize {
    let Some(&quote @ (b'"' | b'\'')) = text.get(from) else {
        return from;
    };
    let end = run_end(text, from + 1, 24, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-' | b'_')
    });
    let realms = [
        "auth",
        "private key",
        "http proxy",
        "http-proxy",
        "socks proxy",
    ];
    let second = text.get(end) == Some(&quote)
        && text.get(end + 1) == Some(&b' ')
        && text.get(end + 2) == Some(&quote);
    match second && is_one_of(&text[from + 1..end], &realms) {
        true => end + 2,
        false => from,
    }
}

/// `db01.example.com`.
fn is_host(found: &[u8]) -> bool {
    let dot = found.iter().rposition(|b| *b == b'.');
    dot.is_some_and(|dot| {
        found.len() > dot + 2 && found[dot + 1..].iter().all(u8::is_ascii_lowercase)
    }) && found
        .iter()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
}

/// `temporary password is generated for root@localhost: …`, `Password for the [elastic] user successfully
/// reset. New value: …`: one word that looks like a secret ends the line.
fn announced(scanner: &mut Scanner<'_>, start: usize, end: usize) -> Option<usize> {
    const LONGEST: usize = 120;
    let text = scanner.text;
    let said = [
        &b" for "[..],
        b" is generated for ",
        b" generated for ",
        b" was generated for ",
    ];
    if text[start] | 0x20 != b'p' || !said.iter().any(|verb| text[end..].starts_with(verb)) {
        return None;
    }
    let line = run_end(text, end, 2 * LONGEST, |b| b != b'\n');
    if text.get(line).is_some_and(|b| *b != b'\n') {
        return None;
    }
    let window = text[..line].trim_ascii_end();
    let from = window.iter().rposition(|b| *b == b' ')? + 1;
    let found = &window[from..];
    let colon = window[..from].ends_with(b": ");
    (colon
        && from - end <= LONGEST
        && found.len() >= 6
        && value::is_secretish(found)
        && !is_host(found)
        && !value::is_nothing(&scanner.engine.placeholders, found)
        && scanner.push(SECRET, from, window.len(), Fix::Mask))
    .then_some(window.len())
}

/// `password 7 0822455D0A16`, `key ascii-text "…"`: where the value begins behind the number or the word
/// by which a network device says how it is written.
fn behind_kind(text: &[u8], from: usize) -> usize {
    let end = run_end(text, from, 12, |b| b.is_ascii_alphanumeric() || b == b'-');
    let kind = &text[from..end];
    let known = matches!(kind, [b'0'..=b'9'])
        || is_one_of(kind, &["ascii-text", "hexadecimal", "encrypted"]);
    match known && text.get(end) == Some(&b' ') {
        true => end + 1,
        false => from,
    }
}

/// `password changed from X to Y`: redacts the old one at `from`. Returns where the new one begins.
fn old_value(scanner: &mut Scanner<'_>, from: usize) -> Option<usize> {
    let text = scanner.text;
    let old = protocol::argument(text, from)?;
    let behind = run_end(text, old.end, 1, |b| matches!(b, b'"' | b'\''));
    let quoted = behind > old.end;
    let found = &text[old.clone()];
    if !text[behind..].starts_with(b" to ") || !(quoted || value::is_secretish(found)) {
        return None;
    }
    if !value::is_nothing(&scanner.engine.placeholders, found) {
        scanner.push(SECRET, old.start, old.end, Fix::Mask);
    }
    Some(behind + b" to ".len())
}

/// `password hunter-2`, `token is abc123`, `password was "…"`: the value must look like a secret.
fn said(scanner: &mut Scanner<'_>, start: usize, end: usize) -> Option<usize> {
    let text = scanner.text;
    if start > 0 && matches!(text[start - 1], b'/' | b'.' | b'\\' | b'<') {
        return None;
    }
    let mut from = run_end(text, end, 3, |b| matches!(b, b' ' | b'\t'));
    let mut linked = false;
    if let Some(next) = announced(scanner, start, end) {
        return Some(next);
    }
    let mut prompted = false;
    if is_one_of(&text[from..text.len().min(from + 4)], &["for "]) {
        // `password for ann is "…"`, `passphrase for key 'id_rsa': …`, SQL: `SET PASSWORD FOR
        // 'ann'@'%' = '…'`.
        let word_end = |from: usize| run_end(text, from, MAX_KEY, |b| !b.is_ascii_whitespace());
        let mut whom = word_end(from + 4);
        if is_one_of(&text[from + 4..whom], &["user", "key", "account", "role"]) {
            whom = word_end((whom + 1).min(text.len()));
        }
        prompted = text[whom - 1] == b':';
        from = run_end(text, whom, 1, |b| b == b' ');
        let verbs = [
            &b"is "[..],
            b"was ",
            b"set to ",
            b"changed to ",
            b"reset to ",
        ];
        if text[from..].starts_with(b"= '") {
            from += 2;
        } else if !prompted && !verbs.iter().any(|verb| text[from..].starts_with(verb)) {
            return None;
        }
    }
    if text[from..].starts_with(b"has been ") {
        from += b"has been ".len();
    }
    if text[from..].starts_with(b"changed from ") {
        from = old_value(scanner, from + b"changed from ".len())?;
        linked = true;
    }
    // `password attempt "x"`.
    for tried in [
        &b"attempt "[..],
        b"attempted ",
        b"tried ",
        b"entered ",
        b"guess ",
    ] {
        let quote = from + tried.len();
        if text[from..].starts_with(tried) && matches!(text.get(quote), Some(b'"' | b'\'')) {
            from = quote;
        }
    }
    for did in [&b"changed to "[..], b"reset to ", b"updated to "] {
        if text[from..].starts_with(did) {
            from += did.len() - b"to ".len();
        }
    }
    let copula = run_end(text, from, 6, |b| b.is_ascii_alphabetic());
    if is_one_of(&text[from..copula], &["is", "was", "to", "of", "set"])
        && text.get(copula) == Some(&b' ')
    {
        linked = !text[from..copula].eq_ignore_ascii_case(b"of");
        from = run_end(text, copula, 2, |b| b == b' ');
        if text[from..].starts_with(b"set to ") {
            from += 7;
        } else if text[from..].starts_with(b"to ") {
            from += 3;
        }
    }
    from = behind_realm(text, from);
    let kind_end = behind_kind(text, from);
    let coded = kind_end > from;
    from = kind_end;
    // `password [hunter2]`: the bracket stays.
    let bracket = matches!(text.get(from), Some(b'[' | b'('))
        && scanner.engine.placeholders.length(&text[from..]) == 0;
    from += usize::from(bracket);
    let quote = text
        .get(from)
        .copied()
        .filter(|b| matches!(b, b'"' | b'\'' | b'`'));
    let (from, to) = if let Some(quote) = quote {
        let length = text[from + 1..]
            .iter()
            .take(256)
            .position(|b| *b == quote)?;
        (from + 1, from + 1 + length)
    } else {
        let to = run_end(text, from, MAX_CREDENTIAL, |b| {
            !b.is_ascii_whitespace()
                && !matches!(
                    b,
                    b'"' | b'\'' | b'`' | b',' | b';' | b')' | b'(' | b'<' | b'>' | b'\\'
                )
        });
        let mut to = to;
        while to > from && matches!(text[to - 1], b'.' | b':' | b'!' | b'?' | b']' | b'}') {
            to -= 1;
        }
        // `ssn 219-09-9999&state=TX`: the next parameter of a form.
        if let Some(and) = text[from..to].iter().position(|b| *b == b'&')
            && is_pair(text, from + and + 1)
        {
            to = from + and;
        }
        (from, to)
    };
    let found = &text[from..to];
    if found.is_empty()
        || value::is_nothing(&scanner.engine.placeholders, found)
        || value::is_prose(found)
    {
        return None;
    }
    let word = &text[start..end];
    let is_secret = match word[0] | 0x20 {
        _ if prompted && quote.is_none() => {
            value::is_secretish(found)
                && !is_host(found)
                && found.len() >= 6
                && text[to..].trim_ascii().is_empty()
        }
        b'p' | b's' | b'k' if coded => found.len() >= 4 && value::is_random(found, 4),
        _ if quote.is_some() => {
            !found.contains(&b' ')
                && found.len() >= 4
                && (linked || value::is_secretish(found) || word[0] | 0x20 == b'p')
        }
        b's' if word.len() == 3 => found.iter().filter(|b| b.is_ascii_digit()).count() >= 9,
        b'p' if word.len() == 3 && word[1] | 0x20 == b'i' => {
            matches!(found.len(), 4..=8) && found.iter().all(u8::is_ascii_digit)
        }
        b'c' if word.len() == 3 => {
            matches!(found.len(), 3..=4) && found.iter().all(u8::is_ascii_digit)
        }
        b'o' | b'c' if word.len() <= 4 => {
            let security = is_one_of(previous_word(text, start), &["security"]);
            let shortest = if security { 3 } else { 4 };
            (shortest..=8).contains(&found.len()) && found.iter().all(u8::is_ascii_digit)
        }
        b't' | b's' | b'k' | b'c' => {
            (linked
                && found.len() >= 6
                && value::is_random(found, 6)
                && found.iter().filter(|b| b.is_ascii_digit()).count() >= 2)
                || (value::is_random(found, 16) && !found.contains(&b'=') && !found.contains(&b':'))
        }
        _ => {
            let mixed = value::is_random(found, 6)
                && !found.contains(&b'=')
                && !found.contains(&b':')
                && !found.contains(&b'/');
            mixed || (linked && value::is_secretish(found))
        }
    };
    if is_secret && scanner.push(SECRET, from, to, Fix::Mask) {
        Some(to)
    } else {
        None
    }
}
