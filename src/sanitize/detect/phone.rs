//! Phone numbers: E.164 with its separators, the North American plan, and other countries' groups.

use std::ops::Range;

use crate::sanitize::builtin::PHONE;
use crate::sanitize::chars::{
    is_one_of, is_word, previous_word_range, run_end, run_start, word_at, word_before,
};
use crate::sanitize::detect::number::Groups;
use crate::sanitize::keys::KeyKind;
use crate::sanitize::qualifiers;
use crate::sanitize::text::{Fix, Scanner};

const PHONE_WORDS: &[&str] = &[
    "phone",
    "phones",
    "tel",
    "telephone",
    "mobile",
    "cell",
    "call",
    "called",
    "calling",
    "callback",
    "fax",
    "sms",
    "whatsapp",
    "dial",
    "dialed",
    "dialing",
    "dialling",
    "msisdn",
    "handy",
    "telefon",
    "texted",
    "text",
    "ring",
    "hotline",
    "contact",
    "caller",
    "callee",
    "number",
    "landline",
    "phonenumber",
    "at",
    "reach",
];

/// Phone words with letters beyond ASCII, which [`previous_word_range`] does not read.
const SPELLED_OTHERWISE: &[&str] = &[
    "tél",
    "Tél",
    "電話",
    "電話番号",
    "携帯",
    "电话",
    "手机",
    "전화",
    "телефон",
    "Телефон",
];

/// Words before groups of digits that are some other number.
const OTHER_WORDS: &[&str] = &[
    "order",
    "ticket",
    "invoice",
    "sku",
    "part",
    "serial",
    "tracking",
    "ref",
    "reference",
    "case",
    "isbn",
    "build",
    "id",
    "no",
    "version",
    "model",
    "req",
    "request",
    "job",
    "issue",
    "pid",
    "tid",
    "code",
    "codes",
    "status",
    "line",
    "lines",
    "row",
    "rows",
    "offset",
    "size",
    "port",
    "ports",
    "counts",
    "count",
    "range",
    "item",
    "rgb",
    "batch",
    "account",
    "acct",
    "policy",
    "claim",
    "po",
    "key",
    "seq",
    "sequence",
    "hash",
    "commit",
    "rev",
    "revision",
    "bytes",
    "ms",
    "v",
    "lot",
    "doc",
    "document",
    "product",
    "article",
    "frames",
    "frame",
];

/// Units behind a number that make it an amount.
const UNITS: &[&str] = &[
    "ms", "us", "ns", "bytes", "rows", "kb", "mb", "gb", "records", "items", "lines", "ticks",
    "cycles", "points", "events", "requests", "ops", "files", "users", "px",
];

/// The longest number that is read: fifteen digits with their separators.
const MAX_LENGTH: usize = 32;

/// The number at a `+` or `(`.
pub(crate) fn at(text: &[u8], at: usize) -> Option<Range<usize>> {
    if at > 0 && (is_word(text[at - 1]) || matches!(text[at - 1], b'+' | b')' | b'.' | b'-')) {
        return None;
    }
    match text[at] {
        b'+' => international(text, at, at + 1),
        _ => bracketed(text, at),
    }
}

/// `+49 171 1234567`, `+1 (415) 555-0123`, `+14155550123`.
fn international(text: &[u8], start: usize, from: usize) -> Option<Range<usize>> {
    let first = *text.get(from)?;
    if !matches!(first, b'1'..=b'9' | b'(') {
        return None;
    }
    let mut digits = 0;
    let mut separators = 0;
    let mut at = from;
    let mut last = from;
    let stop = text.len().min(from + MAX_LENGTH);
    let mut open = false;
    while at < stop {
        match text[at] {
            b'0'..=b'9' => {
                if digits == 15 {
                    return None;
                }
                digits += 1;
                last = at + 1;
            }
            b' ' | b'-' | b'/' | b'.' if is_complete(&text[from..at], digits, separators) => break,
            b'(' if !open => {
                // `(2 parts)` is no area code.
                let close = run_end(text, at + 1, 6, |b| b.is_ascii_digit());
                if text.get(close) != Some(&b')') {
                    break;
                }
                open = true;
                separators += 1;
            }
            b')' if open => {
                open = false;
            }
            b' ' | b'-' | b'.' | b'/' => {
                // ` - `, and ` / ` behind an area code, are one separator.
                let wide = match (text[at - 1], text[at]) {
                    (b' ', b'-') => true,
                    (b' ', b'/') | (b'/', b' ') => digits < 8,
                    _ => false,
                };
                let doubled = matches!(text[at - 1], b' ' | b'-' | b'.' | b'/') && !wide;
                // A second number after a space, such as a time or an address, is not the phone's.
                if doubled
                    || !text.get(at + 1).is_some_and(|b| {
                        b.is_ascii_digit() || matches!(b, b'(' | b'-' | b' ' | b'/')
                    })
                {
                    break;
                }
                let group = run_end(text, at + 1, 16, |b| b.is_ascii_digit());
                if text[at] == b' '
                    && group > at + 1
                    && (text.get(group) == Some(&b':') && word_at(text, group + 1)
                        || digits + (group - at - 1) > 15)
                {
                    break;
                }
                separators += 1;
            }
            _ => break,
        }
        at += 1;
    }
    let shortest = if separators > 0 { 8 } else { 10 };
    let decimals =
        text.get(last) == Some(&b'.') && text.get(last + 1).is_some_and(u8::is_ascii_digit);
    let extension =
        text.get(last) == Some(&b'x') && text.get(last + 1).is_some_and(u8::is_ascii_digit);
    let ends = (!word_at(text, last) || extension) && !decimals;
    if digits < shortest || !ends || is_amount(text, last) || is_long_year(&text[from..last]) {
        return None;
    }
    Some(start..last)
}

/// `+12345-03-04`: a date whose year has more digits than usual (ISO 8601).
fn is_long_year(number: &[u8]) -> bool {
    let year = run_end(number, 0, 7, |b| b.is_ascii_digit());
    let two = |at: usize| match number.get(at..at + 2) {
        Some([tens @ b'0'..=b'9', ones @ b'0'..=b'9']) => (tens - b'0') * 10 + ones - b'0',
        _ => 0,
    };
    let ends = matches!(number.get(year + 6), None | Some(b' '));
    (4..=6).contains(&year)
        && number.get(year) == Some(&b'-')
        && number.get(year + 3) == Some(&b'-')
        && matches!(two(year + 1), 1..=12)
        && matches!(two(year + 4), 1..=31)
        && ends
}

/// True when the number that was read can have no more digits: `+14155552671`, `+1 415-555-2671`.
fn is_complete(read: &[u8], digits: usize, separators: usize) -> bool {
    (separators == 0 && digits >= 10) || (digits == 11 && read[0] == b'1')
}

fn is_amount(text: &[u8], end: usize) -> bool {
    let word = run_end(text, end, 1, |b| b == b' ');
    let stop = run_end(text, word, 12, |b| b.is_ascii_alphabetic());
    is_one_of(&text[word..stop], UNITS)
}

/// `(415) 555-0123`, `(030) 901820`, `(0)171 1234567`.
fn bracketed(text: &[u8], start: usize) -> Option<Range<usize>> {
    let close = run_end(text, start + 1, 6, |b| b.is_ascii_digit());
    let area = &text[start + 1..close];
    if !matches!(area.len(), 1..=5) || text.get(close) != Some(&b')') {
        return None;
    }
    let from = run_end(text, close + 1, 1, |b| matches!(b, b' ' | b'-' | b'.'));
    if !text.get(from).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let groups = Groups::read(text, from)?;
    let end = groups.end();
    let goes_on = match text.get(end) {
        Some(b':') => word_at(text, end + 1),
        other => other == Some(&b'/'),
    };
    let free = !word_at(text, end) && !goes_on;
    let american = area.len() == 3
        && matches!(area[0], b'2'..=b'9')
        && (groups.lengths() == [3, 4] || groups.lengths() == [7]);
    // `8 (495) 123-45-67`.
    let pairs = area.len() == 3 && groups.lengths() == [3, 2, 2] && !groups.separated_by(b' ');
    // `(11) 91234-5678`.
    let pairs = pairs || area.len() == 2 && groups.lengths() == [5, 4] && groups.separated_by(b'-');
    let digits = groups.digits().len();
    let trunk = match area {
        // The zero that is not dialled from abroad, and no separator behind it.
        b"0" => from == close + 1 && (9..=11).contains(&digits) && (2..=4).contains(&groups.count),
        _ => area[0] == b'0' && (6..=9).contains(&digits) && groups.count <= 4,
    };
    (free && (american || trunk || pairs)).then_some(start..end)
}

/// True when the text's key or the word before says that a phone number follows.
pub(crate) fn is_hinted(scanner: &Scanner<'_>, start: usize) -> bool {
    if scanner.kind == KeyKind::Phone {
        return true;
    }
    let text = scanner.text;
    let mut place = previous_word_range(text, start);
    if text[..place.start].ends_with(b"_") && is_one_of(&text[place.clone()], &["number", "no"]) {
        // `from_number=`.
        let owner = run_start(text, place.start - 1, 16, |b| b.is_ascii_alphanumeric());
        return is_phone_of(&text[owner..place.start - 1]);
    }
    for _ in 0..3 {
        if !is_one_of(
            &text[place.clone()],
            &[
                "number", "no", "is", "nr", "to", "from", "me", "us", "at", "on",
            ],
        ) {
            break;
        }
        place = previous_word_range(text, place.start);
    }
    let said = &text[..place.end];
    let named = place.start > 0 && text[place.start - 1] == b'_';
    let word = &text[place];
    // `USE_RING = 2147483648` is no call.
    if named
        && is_one_of(
            word,
            &["ring", "reach", "contact", "dial", "caller", "texted"],
        )
    {
        return false;
    }
    is_one_of(word, PHONE_WORDS)
        && !is_one_of(word, &["at", "number", "text", "call", "called", "calling"])
        || ends_in_phone(word)
        || matches!(word, b"" | b"l")
            && SPELLED_OTHERWISE
                .iter()
                .any(|word| said.ends_with(word.as_bytes()))
}

/// Who or what has a phone number, before the word `number`.
fn is_phone_of(word: &[u8]) -> bool {
    let lower = word.to_ascii_lowercase();
    is_one_of(word, PHONE_WORDS) || qualifiers::has_phone_number(&lower)
}

fn ends_in_phone(word: &[u8]) -> bool {
    let lower = word.to_ascii_lowercase();
    lower.len() > 5
        && (lower.ends_with(b"phone") || lower.ends_with(b"mobile") || lower.ends_with(b"msisdn"))
}

/// True for a number without separators that a key or a word has announced.
pub(crate) fn is_bare(digits: &[u8], keyed: bool) -> bool {
    let epoch = (digits.len() == 10 || digits.len() == 13)
        && digits[0] == b'1'
        && matches!(digits[1], b'5'..=b'8');
    (10..=15).contains(&digits.len()) && (keyed || !epoch || digits.len() == 10)
        || (keyed && digits.len() >= 7)
        || digits.len() == 7 && keyed
}

/// Groups that begin at `start`. Returns where to go on when they are a phone number.
pub(crate) fn grouped(scanner: &mut Scanner<'_>, start: usize, groups: &Groups) -> Option<usize> {
    let text = scanner.text;
    let end = groups.end();
    let extension =
        text.get(end) == Some(&b'x') && text.get(end + 1).is_some_and(u8::is_ascii_digit);
    if word_at(text, end) && !(extension && groups.count >= 3)
        || matches!(text.get(end), Some(b'/' | b'%'))
        || (text.get(end) == Some(&b':') && word_at(text, end + 1))
        || (text.get(end) == Some(&b'-') && word_at(text, end + 1))
    {
        return None;
    }
    let before = if start > 0 { text[start - 1] } else { 0 };
    let hinted = is_hinted(scanner, start);
    let mut said = previous_word_range(text, start);
    if is_one_of(&text[said.clone()], &["number", "nr", "num"]) {
        said = previous_word_range(text, said.start);
    }
    let other = before == b'#' || is_one_of(&text[said], OTHER_WORDS);
    if other && !hinted {
        return None;
    }
    let digits = groups.digits();
    let lengths = groups.lengths();
    let spaces = groups.separated_by(b' ');
    let dashes = groups.separated_by(b'-');
    let dots = groups.separated_by(b'.');
    // No area and no exchange begins with 0 or 1 or ends in 11.
    let american = |digits: &[u8]| {
        matches!(digits[0], b'2'..=b'9')
            && matches!(digits[3], b'2'..=b'9')
            && &digits[1..3] != b"11"
            && &digits[4..6] != b"11"
    };
    // Three counts in a row end in zeros more often than phone numbers do.
    let rounded =
        |digits: &[u8]| (digits[1..3] == *b"00" && digits[0] != b'8') || digits[7..] == *b"000";
    let found = match lengths {
        // North America.
        [3, 3, 4] => {
            american(digits)
                && (hinted || !spaces || (is_lonely(text, start, end) && !rounded(digits)))
                && (hinted || !dashes || !rounded(digits))
        }
        [1, 3, 3, 4] => digits[0] == b'1' && american(&digits[1..]),
        [3, 4] => hinted && (dashes || dots || spaces),
        // France and others: five pairs.
        [2, 2, 2, 2, 2] => {
            digits[0] == b'0'
                && digits[1] != b'0'
                && (spaces || (hinted && (dashes || dots)))
                && (hinted || is_lonely(text, start, end) && !is_in_dump(text, start, end))
        }
        // Tokyo and Osaka.
        [2, 4, 4] if dashes && matches!(digits[..2], [b'0', b'3' | b'6']) => true,
        // Russia.
        [1, 3, 3, 2, 2] => digits[0] == b'8' && dashes,
        // `MA 02110-1301` is a postal code.
        [5, 4] if dashes && !hinted => false,
        // A trunk zero and two or three groups: Britain, Germany, Australia and others.
        [first, ..] if digits[0] == b'0' && digits[1] != b'0' && (3..=5).contains(first) => {
            let total = (9..=12).contains(&digits.len());
            let shape = lengths.len() <= 4
                && lengths[1..].iter().all(|length| *length >= 2)
                && lengths[lengths.len() - 1] >= 3;
            total
                && shape
                && !dots
                && (hinted || dashes && lengths[lengths.len() - 1] >= 4 || spaces)
        }
        // 00 and a country.
        [4 | 5, ..] if digits.starts_with(b"00") && digits[2] != b'0' => {
            (11..=16).contains(&digits.len())
        }
        _ => {
            hinted
                && lengths.len() <= 5
                && (8..=15).contains(&digits.len())
                && !is_date(digits, lengths)
                && !dots
        }
    };
    if found && scanner.push(PHONE, start, end, Fix::Mask) {
        Some(end)
    } else {
        None
    }
}

/// True when no other number stands beside the groups.
fn is_lonely(text: &[u8], start: usize, end: usize) -> bool {
    let before = text[..start].iter().rev().take(2).any(u8::is_ascii_digit);
    let after = text[end..].iter().take(2).any(u8::is_ascii_digit);
    !before && !after
}

/// True when a byte in hex stands before or behind: `a0 06 84 04 2a 03`.
fn is_in_dump(text: &[u8], start: usize, end: usize) -> bool {
    let before = run_start(text, start, 2, |b| b == b' ');
    let first = run_start(text, before, 3, |b| b.is_ascii_hexdigit());
    let after = run_end(text, end, 2, |b| b == b' ');
    let last = run_end(text, after, 3, |b| b.is_ascii_hexdigit());
    let pair = |from: usize, to: usize| to - from == 2;
    (before < start && pair(first, before) && !word_before(text, first))
        || (after > end && pair(after, last) && !word_at(text, last))
}

fn is_date(digits: &[u8], lengths: &[usize]) -> bool {
    lengths[0] == 4
        && lengths.len() >= 3
        && lengths[1] == 2
        && (digits.starts_with(b"19") || digits.starts_with(b"20"))
}

/// `030/901820`, where a word says that it is a phone number.
pub(crate) fn with_slash(scanner: &mut Scanner<'_>, start: usize, end: usize) -> Option<usize> {
    let text = scanner.text;
    let stop = run_end(text, end + 1, 16, |b| b.is_ascii_digit() || b == b' ');
    let stop = if text[..stop].ends_with(b" ") {
        stop - 1
    } else {
        stop
    };
    let digits = text[start..stop]
        .iter()
        .filter(|b| b.is_ascii_digit())
        .count();
    let found = text[start] == b'0'
        && (8..=13).contains(&digits)
        && !word_at(text, stop)
        && is_hinted(scanner, start);
    if found && scanner.push(PHONE, start, stop, Fix::Mask) {
        Some(stop)
    } else {
        None
    }
}
