//! MAC addresses, in pairs with one separator, as network devices print them, and without separators
//! where a word says so.

use std::ops::Range;

use crate::sanitize::builtin::MAC;
use crate::sanitize::chars::{
    is_one_of, is_word, previous_word_range, run_start, word_at, word_before,
};
use crate::sanitize::finding::RuleId;
use crate::sanitize::keys::KeyKind;
use crate::sanitize::text::Scanner;

/// Whether a run of hex digits with 5, 7 or 13 colons is an address; None when it is none.
pub(super) fn with_colons(text: &[u8], start: usize, run: &[u8]) -> Option<bool> {
    if is_mac(run, b':') {
        return Some(!is_everyone(run));
    }
    let found = is_longer_mac(run) || is_announced_eui(text, start, run) || is_short_mac(run);
    found.then_some(true)
}

/// The addresses of no one and of everyone, which name nobody.
fn is_everyone(mac: &[u8]) -> bool {
    mac.eq_ignore_ascii_case(b"ff:ff:ff:ff:ff:ff") || mac == b"00:00:00:00:00:00"
}

/// Six pairs of hex digits with one separator.
fn is_mac(run: &[u8], separator: u8) -> bool {
    run.len() == 17 && is_pairs(run, separator)
}

/// Pairs of hex digits with one separator.
fn is_pairs(run: &[u8], separator: u8) -> bool {
    run.len() % 3 == 2
        && run.iter().enumerate().all(|(i, b)| {
            if i % 3 == 2 {
                *b == separator
            } else {
                b.is_ascii_hexdigit()
            }
        })
}

/// An EUI-64 made from a MAC address, which has `ff:fe` in its middle, or the header of an Ethernet
/// frame as netfilter logs it: two addresses and the type of what is inside.
fn is_longer_mac(run: &[u8]) -> bool {
    const TYPES: [&[u8]; 4] = [b"08:00", b"08:06", b"81:00", b"86:dd"];
    let extended = run.len() == 23 && run[9..14].eq_ignore_ascii_case(b"ff:fe");
    let frame = run.len() == 41
        && TYPES
            .iter()
            .any(|kind| run[36..].eq_ignore_ascii_case(kind));
    (extended || frame) && is_pairs(run, b':')
}

/// `8c:ad:9e:74:a4:84:12:55` where a word before says that it is an address: eight bytes are a
/// fingerprint or a dump elsewhere.
fn is_announced_eui(text: &[u8], start: usize, run: &[u8]) -> bool {
    if run.len() != 23 || !is_pairs(run, b':') {
        return false;
    }
    let mut end = start;
    (0..3).any(|_| {
        let word = previous_word_range(text, end);
        end = word.start;
        is_mac_name(&text[word.clone()])
            || is_one_of(
                &text[word],
                &[
                    "eui", "eui64", "ieee", "zigbee", "thread", "matter", "wwn", "wwpn", "wwnn",
                    "guid",
                ],
            )
    })
}

/// `0:1b:a:84:4d:ee`, as BSD prints a MAC address: no zeros before a digit.
fn is_short_mac(run: &[u8]) -> bool {
    let groups = || run.split(|b| *b == b':');
    (14..=16).contains(&run.len())
        && groups()
            .all(|group| matches!(group.len(), 1 | 2) && group.iter().all(u8::is_ascii_hexdigit))
        && groups().all(|group| group.len() == 1 || group[0] != b'0')
        && run.iter().any(u8::is_ascii_digit)
        && run.iter().any(u8::is_ascii_alphabetic)
}

/// A MAC address with hyphens that starts at `start`; six two-digit numbers that can be a date
/// and a time are one.
fn with_hyphens(text: &[u8], start: usize) -> Option<Range<usize>> {
    let run = text.get(start..start + 17)?;
    let free = !(start > 0 && (is_word(text[start - 1]) || text[start - 1] == b'-'))
        && !word_at(text, start + 17)
        && text.get(start + 17) != Some(&b'-');
    if !free || !is_mac(run, b'-') || is_date_and_time(run) {
        return None;
    }
    Some(start..start + 17)
}

fn is_date_and_time(run: &[u8]) -> bool {
    let mut parts = [0u32; 6];
    for (i, part) in run.split(|b| *b == b'-').enumerate() {
        if !part.iter().all(u8::is_ascii_digit) {
            return false;
        }
        parts[i] = part.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
    }
    let [_, month, day, hour, minute, second] = parts;
    (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61
}

/// `001b.4411.3ab7`, as network devices print it.
fn with_dots(text: &[u8], start: usize) -> Option<Range<usize>> {
    let run = text.get(start..start + 14)?;
    let shape = run.iter().enumerate().all(|(i, b)| {
        if i % 5 == 4 {
            *b == b'.'
        } else {
            b.is_ascii_hexdigit()
        }
    });
    let free = !(start > 0 && (is_word(text[start - 1]) || text[start - 1] == b'.'))
        && !word_at(text, start + 14)
        && !(text.get(start + 14) == Some(&b'.') && word_at(text, start + 15));
    let letter = run.iter().any(u8::is_ascii_alphabetic);
    let digit = run.iter().any(u8::is_ascii_digit);
    (shape && free && letter && digit).then_some(start..start + 14)
}

/// The MAC address that begins with a word of 2, 4, 6 or 12 hex digits.
pub(crate) fn at(
    scanner: &Scanner<'_>,
    start: usize,
    end: usize,
) -> Option<(RuleId, Range<usize>)> {
    let text = scanner.text;
    let found = match (end - start, text.get(end)) {
        (2, Some(b'-')) => with_hyphens(text, start),
        (4, Some(b'.')) => with_dots(text, start),
        (4 | 6, Some(b'-')) | (12, _) => announced(scanner, start, end),
        _ => None,
    };
    found.map(|range| (MAC, range))
}

/// `00a7081e330e`, `006d-7d74-f60f` and `8c3ca2-882a12`: only where the word before says so.
fn announced(scanner: &Scanner<'_>, start: usize, end: usize) -> Option<Range<usize>> {
    let text = scanner.text;
    let length = end - start;
    let stop = start + 12 + (12 / length - 1);
    let run = text.get(start..stop)?;
    let shape = run.iter().enumerate().all(|(i, b)| {
        if i % (length + 1) == length {
            *b == b'-'
        } else {
            b.is_ascii_hexdigit()
        }
    });
    let goes_on = text.get(stop) == Some(&b'-') && word_at(text, stop + 1);
    let free = !(word_before(text, start) || word_at(text, stop) || goes_on);
    let digit = run.iter().any(u8::is_ascii_digit);
    (shape && free && digit && (scanner.kind == KeyKind::Mac || says_mac(text, start)))
        .then_some(start..stop)
}

/// `mac=`, `MAC address: `, `hwaddr `, `mac-address `: the words before `start`.
fn says_mac(text: &[u8], start: usize) -> bool {
    let word = previous_word_range(text, start);
    let name = &text[word.clone()];
    if is_mac_name(name) {
        return true;
    }
    if !is_one_of(name, &["address", "addr", "is", "was", "id"]) {
        return false;
    }
    let joint = run_start(text, word.start, 1, |b| matches!(b, b'-' | b'_'));
    let before = previous_word_range(text, joint);
    is_one_of(
        &text[before],
        &[
            "mac",
            "hw",
            "hardware",
            "physical",
            "ethernet",
            "bluetooth",
            "address",
        ],
    )
}

fn is_mac_name(word: &[u8]) -> bool {
    is_one_of(
        word,
        &[
            "mac",
            "macs",
            "macaddress",
            "macaddr",
            "hwaddr",
            "hwaddress",
            "bssid",
            "lladdr",
            "ether",
        ],
    )
}
