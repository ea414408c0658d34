//! Numbers: cards, social security numbers and phone numbers, in one run or in groups.

use crate::sanitize::builtin::{CARD, PHONE, SSN, VENDOR_TOKEN};
use crate::sanitize::chars::{
    is_one_of, is_word, previous_word, previous_word_range, run_end, run_start, word_at,
};
use crate::sanitize::detect::{ip, mac, phone, token};
use crate::sanitize::keys::KeyKind;
use crate::sanitize::text::{Fix, Scanner};

/// Groups of digits with single separators between them.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    pub(crate) lengths: [usize; MAX_GROUPS],
    pub(crate) separators: [u8; MAX_GROUPS],
    ends: [usize; MAX_GROUPS],
    pub(crate) count: usize,
    digits: [u8; MAX_DIGITS],
    total: usize,
}

const MAX_GROUPS: usize = 8;
const MAX_DIGITS: usize = 24;

impl Groups {
    /// Reads the groups that begin at `start`. None when there are more than fit.
    pub(crate) fn read(text: &[u8], start: usize) -> Option<Groups> {
        let mut groups = Groups::default();
        let mut at = start;
        loop {
            let end = run_end(text, at, MAX_DIGITS + 1, |b| b.is_ascii_digit());
            if groups.count == MAX_GROUPS || groups.total + end - at > MAX_DIGITS {
                return None;
            }
            groups.digits[groups.total..groups.total + end - at].copy_from_slice(&text[at..end]);
            groups.total += end - at;
            groups.lengths[groups.count] = end - at;
            groups.ends[groups.count] = end;
            groups.count += 1;
            let separator = match text.get(end) {
                Some(b @ (b' ' | b'-' | b'.')) => *b,
                _ => return Some(groups),
            };
            if !text.get(end + 1).is_some_and(u8::is_ascii_digit) {
                return Some(groups);
            }
            groups.separators[groups.count - 1] = separator;
            at = end + 1;
        }
    }

    pub(crate) fn end(&self) -> usize {
        self.ends[self.count.max(1) - 1]
    }

    pub(crate) fn lengths(&self) -> &[usize] {
        &self.lengths[..self.count]
    }

    pub(crate) fn digits(&self) -> &[u8] {
        &self.digits[..self.total]
    }

    /// The first `count` groups alone.
    fn first(&self, count: usize) -> (usize, &[u8]) {
        let total = self.lengths[..count].iter().sum();
        (self.ends[count - 1], &self.digits[..total])
    }

    /// True when all separators are `separator`.
    pub(crate) fn separated_by(&self, separator: u8) -> bool {
        self.separators[..self.count.max(1) - 1]
            .iter()
            .all(|b| *b == separator)
    }
}

/// What the word of digits from `start` to `end` is the beginning of. Returns where to go on.
pub(crate) fn at(scanner: &mut Scanner<'_>, start: usize, end: usize) -> usize {
    let text = scanner.text;
    if let Some((rule, range)) = mac::at(scanner, start, end)
        && scanner.push(rule, range.start, range.end, Fix::Mask)
    {
        return range.end;
    }
    if let Some(next) = ip::dotted(scanner, start, end) {
        return next;
    }
    if let Some(range) = token::telegram(text, start, end)
        && scanner.push(VENDOR_TOKEN, range.start, range.end, Fix::Mask)
    {
        return range.end;
    }
    if start < scanner.groups_end || !starts_free(text, start, end) {
        return end;
    }
    let next = text.get(end).copied().unwrap_or(0);
    let alone = !(matches!(next, b' ' | b'-' | b'.' | b'/')
        && text.get(end + 1).is_some_and(|b| b.is_ascii_digit()));
    if alone {
        return lone(scanner, start, end);
    }
    // `4111111111111111 12/27`: the number is whole, and another follows.
    let in_path = next == b'/' && start > 0 && text[start - 1] == b'/';
    if matches!(next, b' ' | b'/')
        && !in_path
        && is_card_number(&text[start..end])
        && scanner.push(CARD, start, end, Fix::Mask)
    {
        return end;
    }
    if next == b'/' {
        return phone::with_slash(scanner, start, end).unwrap_or(end);
    }
    let Some(groups) = Groups::read(text, start) else {
        return end;
    };
    if let Some(next) = card(scanner, start, &groups) {
        return next;
    }
    let stop = groups.end();
    // `/219-09-9999/` is a part of a path.
    let goes_on = match text.get(stop) {
        Some(b'/') => start == 0 || text[start - 1] != b'/',
        other => other == Some(&b'-'),
    };
    let free = !word_at(text, stop) && !goes_on;
    if groups.lengths() == [3, 2, 4] && free && is_ssn(groups.digits()) {
        let mut said = previous_word_range(text, start);
        while is_one_of(&text[said.clone()], &["is", "was", "number", "no"]) {
            said = previous_word_range(text, said.start);
        }
        let spoken = &text[said.clone()];
        let hinted = scanner.kind == KeyKind::Ssn || is_one_of(spoken, &["ssn", "security"]);
        let other = is_one_of(
            spoken,
            &[
                "part", "ticket", "order", "invoice", "sku", "serial", "lot", "room", "item", "n",
            ],
        );
        if ((groups.separated_by(b'-') && !other) || (hinted && groups.separated_by(b' ')))
            && scanner.push(SSN, start, stop, Fix::Mask)
        {
            return stop;
        }
    }
    if let Some(next) = phone::grouped(scanner, start, &groups) {
        return next;
    }
    end
}

/// A number without separators.
fn lone(scanner: &mut Scanner<'_>, start: usize, end: usize) -> usize {
    let text = scanner.text;
    let digits = &text[start..end];
    let next = text.get(end).copied().unwrap_or(0);
    let continues = next == b'-' && word_at(text, end + 1);
    if continues {
        return end;
    }
    let rule = match digits.len() {
        13..=19 if is_card_number(digits) => CARD,
        9 if is_ssn(digits)
            && (scanner.kind == KeyKind::Ssn
                || is_one_of(previous_word(text, start), &["ssn"])) =>
        {
            SSN
        }
        7..=15
            if phone::is_hinted(scanner, start)
                && phone::is_bare(digits, scanner.kind == KeyKind::Phone) =>
        {
            PHONE
        }
        _ => return end,
    };
    scanner.push(rule, start, end, Fix::Mask);
    end
}

/// True when nothing before `start` makes the number part of something longer.
fn starts_free(text: &[u8], start: usize, end: usize) -> bool {
    if start == 0 {
        return true;
    }
    let before = text[start - 1];
    if is_word(before) || before == b'$' {
        return false;
    }
    let grouped = text.get(end) == Some(&b'-');
    if before == b',' && (end - start >= 3 || grouped) && is_field(text, start, end) {
        return true;
    }
    // `4-111`, `1.5`, `a-1`: the number goes on to the left.
    !(matches!(before, b'-' | b'.' | b',') && start > 1 && is_word(text[start - 2]))
}

/// True for a field of CSV behind a comma, but not for the digits behind a decimal comma or in a
/// number such as `1,234,567`.
fn is_field(text: &[u8], start: usize, end: usize) -> bool {
    let digits = run_start(text, start - 1, 4, |b| b.is_ascii_digit());
    let long = end - start >= 9;
    let before = digits.checked_sub(1).map(|at| text[at]);
    start > 1
        && (digits == start - 1
            || long
                && (start - 1 - digits > 3
                    || text.get(end) == Some(&b',')
                    || before.is_some_and(|b| b == b',' || b == b'-' || b == b':' || is_word(b))))
}

/// The card number in groups that begins at `start`.
fn card(scanner: &mut Scanner<'_>, start: usize, groups: &Groups) -> Option<usize> {
    // A longer shape stands before one with which it begins.
    let shapes: [&[usize]; 7] = [
        &[4, 4, 4, 4, 3],
        &[4, 4, 4, 4],
        &[4, 6, 5],
        &[4, 6, 4],
        &[4, 4, 4, 2],
        &[4, 4, 4, 1],
        &[4, 4, 5],
    ];
    for shape in shapes {
        if groups.count < shape.len() || groups.lengths[..shape.len()] != *shape {
            continue;
        }
        let (end, digits) = groups.first(shape.len());
        let free = !word_at(scanner.text, end);
        if free && is_card_number(digits) && scanner.push(CARD, start, end, Fix::Mask) {
            return Some(end);
        }
    }
    None
}

/// True for an issuer's prefix, a length that it issues, and a valid Luhn check digit.
pub(crate) fn is_card_number(digits: &[u8]) -> bool {
    if !(13..=19).contains(&digits.len()) {
        return false;
    }
    let head = |n: usize| {
        digits[..n]
            .iter()
            .fold(0u32, |number, b| number * 10 + u32::from(b - b'0'))
    };
    let (two, three, four) = (head(2), head(3), head(4));
    let length = digits.len();
    let issued = match digits[0] {
        b'4' => matches!(length, 13 | 16 | 19),
        b'5' => {
            length == 16 && (51..=55).contains(&two)
                || (matches!(two, 50 | 56..=58) && (16..=19).contains(&length))
        }
        b'2' => length == 16 && ((2221..=2720).contains(&four) || (2200..=2204).contains(&four)),
        b'3' => {
            (length == 15 && matches!(two, 34 | 37))
                || (matches!(two, 36 | 38 | 39) && matches!(length, 14 | 16..=19))
                || ((300..=305).contains(&three) && length == 14)
                || ((3528..=3589).contains(&four) && length >= 16)
        }
        b'6' => {
            (length >= 16)
                && (four == 6011
                    || two == 65
                    || (644..=649).contains(&three)
                    || two == 62
                    || two == 60
                    || two == 63
                    || two == 67
                    || two == 81)
        }
        _ => false,
    };
    issued && luhn(digits) && digits.iter().any(|b| *b != digits[0])
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, b)| {
            let digit = u32::from(b - b'0');
            if i % 2 == 0 {
                digit
            } else if digit > 4 {
                digit * 2 - 9
            } else {
                digit * 2
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// True for an area, a group and a serial that the Social Security Administration gives out.
pub(crate) fn is_ssn(digits: &[u8]) -> bool {
    digits.len() == 9
        && &digits[..3] != b"000"
        && &digits[..3] != b"666"
        && digits[0] != b'9'
        && &digits[3..5] != b"00"
        && &digits[5..] != b"0000"
}

/// `+1 415…` and `(415) 555-0123`.
pub(crate) fn phone_at(scanner: &mut Scanner<'_>, at: usize) -> usize {
    match phone::at(scanner.text, at) {
        Some(range) if scanner.push(PHONE, range.start, range.end, Fix::Mask) => range.end,
        _ => at + 1,
    }
}

/// True for a word of hex digits with which a MAC address may begin.
pub(crate) fn is_mixed_start(text: &[u8], start: usize, end: usize) -> bool {
    matches!(
        (end - start, text.get(end)),
        (2 | 4 | 6, Some(b'-')) | (4, Some(b'.')) | (12, _)
    )
}

/// A MAC address that begins with the word from `start` to `end`.
pub(crate) fn cisco_mac(scanner: &mut Scanner<'_>, start: usize, end: usize) -> usize {
    match mac::at(scanner, start, end) {
        Some((rule, range)) if scanner.push(rule, range.start, range.end, Fix::Mask) => range.end,
        _ => end,
    }
}
