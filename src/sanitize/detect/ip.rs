//! IP addresses. Dotted quads that are versions, object ids or section numbers stay.

use std::net::Ipv6Addr;
use std::ops::Range;

use crate::sanitize::builtin::{IPV4, IPV6, MAC};
use crate::sanitize::chars::{
    is_one_of, is_word, previous_word, previous_word_range, run_end, run_start, word_at,
};
use crate::sanitize::detect::{mac, phone};
use crate::sanitize::finding::RuleId;
use crate::sanitize::keys::KeyKind;
use crate::sanitize::text::{Fix, Scanner};

/// Words before a dotted quad that make it a version, an object id or a place in a document.
const VERSION_WORDS: &[&str] = &[
    "version",
    "versions",
    "ver",
    "v",
    "build",
    "builds",
    "release",
    "released",
    "rev",
    "revision",
    "firmware",
    "fw",
    "sdk",
    "driver",
    "schema",
    "assembly",
    "upgrade",
    "upgraded",
    "upgrading",
    "update",
    "updated",
    "downgrade",
    "downgraded",
    "patch",
    "patched",
    "hotfix",
    "bios",
    "agent",
    "plugin",
    "engine",
    "runtime",
    "oid",
    "section",
    "sec",
    "chapter",
    "chap",
    "fig",
    "step",
    "figure",
    "table",
    "clause",
    "paragraph",
    "appendix",
    "rule",
    "item",
    "article",
    "semver",
    "tag",
    "tagged",
    "installed",
    "chrome",
    "chromium",
    "electron",
    "webview",
    "edge",
    "opera",
    "app",
    "dll",
    "jdk",
    "sp",
    "spec",
    "requirement",
    "test",
    "snmp",
    "mib",
    "newer",
    "older",
    "since",
    "requires",
    "appversion",
    "fileversion",
    "productversion",
    "assemblyversion",
];

/// Those of them that may be a host as well, which a private address tells.
const HOST_WORDS: &[&str] = &[
    "agent",
    "app",
    "edge",
    "engine",
    "installed",
    "item",
    "plugin",
    "rule",
    "runtime",
    "step",
    "table",
    "tag",
    "test",
    "update",
    "updated",
];

/// Those of them with which versions stand seldom.
const HOSTS: &[&str] = &["agent", "edge", "item", "rule", "step", "table", "test"];

/// What is no host and has versions of four parts.
const SOFTWARE: &[&str] = &[
    "android",
    "clang",
    "cmake",
    "curl",
    "dart",
    "dotnet",
    "firefox",
    "flutter",
    "gcc",
    "glibc",
    "gradle",
    "ios",
    "java",
    "jre",
    "jvm",
    "kernel",
    "kotlin",
    "macos",
    "maven",
    "npm",
    "openssl",
    "perl",
    "php",
    "pip",
    "powershell",
    "python",
    "ruby",
    "safari",
    "swift",
    "xcode",
];

/// Words before a slash that are no names of programs.
const NETWORK_WORDS: &[&str] = &[
    "host",
    "server",
    "client",
    "peer",
    "addr",
    "address",
    "ip",
    "node",
    "remote",
    "local",
    "http",
    "https",
    "tcp",
    "udp",
    "from",
    "to",
    "via",
    "proxy",
    "gateway",
    "inet",
    "ipv4",
    "localhost",
    "endpoint",
    "source",
    "destination",
    "src",
    "dst",
    "origin",
];

/// File endings behind a dotted quad: the quad is a version.
const FILE_ENDINGS: &[&str] = &[
    "jar", "zip", "tar", "gz", "tgz", "deb", "rpm", "whl", "apk", "aab", "ipa", "exe", "dll", "so",
    "msi", "dmg", "pkg", "war", "aar", "nupkg", "vsix", "js", "dylib", "pom",
];

/// Looks at the dotted number whose first part is the word from `start` to `end`. Returns where
/// to go on when there is one.
pub(crate) fn dotted(scanner: &mut Scanner<'_>, start: usize, end: usize) -> Option<usize> {
    let text = scanner.text;
    if text.get(end) != Some(&b'.') || !text.get(end + 1).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let mut parts = 1;
    let mut sound = octet(&text[start..end]);
    let mut at = end;
    while text.get(at) == Some(&b'.') && text.get(at + 1).is_some_and(u8::is_ascii_digit) {
        let next = run_end(text, at + 1, usize::MAX, |b| b.is_ascii_digit());
        parts += 1;
        // A fifth part may be a port.
        sound &= parts > 4 || octet(&text[at + 1..next]);
        at = next;
    }
    let is_address = parts == 4 && sound && !is_version(scanner, start, at);
    if is_address && scanner.push(IPV4, start, at, Fix::Mask) {
        return Some(at);
    }
    if parts == 5
        && sound
        && let Some(end) = captured(text, start, at)
        && scanner.push(IPV4, start, end, Fix::Mask)
    {
        return Some(at);
    }
    if parts == 4 {
        scanner.version_end = at;
    }
    if parts_are_number(scanner, parts, start, at) {
        return None;
    }
    Some(at)
}

/// `203.0.113.9.52344 > 198.51.100.1.443`, as packet captures print an address and a port: where the
/// address ends.
fn captured(text: &[u8], start: usize, end: usize) -> Option<usize> {
    let ahead =
        text[end..].starts_with(b" > ") && text.get(end + 3).is_some_and(u8::is_ascii_digit);
    let behind = text[..start].ends_with(b" > ")
        && start > 3
        && text[start - 4].is_ascii_digit()
        && matches!(text.get(end), None | Some(b':'));
    let dot = text[start..end].iter().rposition(|b| *b == b'.')?;
    let port = end - start - dot > 2;
    (port && (ahead || behind)).then_some(start + dot)
}

/// `415.555.0132`, `4111.1111.1111.1111`, and `01.23.45.67.89` where a word says that it is a phone
/// number.
fn parts_are_number(scanner: &Scanner<'_>, parts: usize, start: usize, end: usize) -> bool {
    let number = &scanner.text[start..end];
    match parts {
        3 => {
            number.len() == 12 && number[3] == b'.' && number[7] == b'.'
                || number.len() == 17 && number[4] == b'.' && number[11] == b'.'
        }
        4 if number.len() == 14 => {
            number.starts_with(b"1.") && number[5] == b'.' && number[9] == b'.'
        }
        4 => number.len() == 19 && number.split(|b| *b == b'.').all(|part| part.len() == 4),
        5 => number.len() == 14 && number[0] == b'0' && phone::is_hinted(scanner, start),
        _ => false,
    }
}

fn octet(digits: &[u8]) -> bool {
    matches!(digits.len(), 1..=3)
        && digits
            .iter()
            .fold(0u32, |n, b| n * 10 + u32::from(b - b'0'))
            <= 255
}

/// True when the surroundings say that the dotted quad is no address.
fn is_version(scanner: &Scanner<'_>, start: usize, end: usize) -> bool {
    let text = scanner.text;
    let before = if start > 0 { text[start - 1] } else { 0 };
    let after = text.get(end).copied().unwrap_or(0);
    if is_word(before)
        || (before == b'.' && start > 1 && is_word(text[start - 2]))
        || word_at(text, end)
    {
        return true;
    }
    let port = after == b':' && text.get(end + 1).is_some_and(u8::is_ascii_digit);
    let mask = after == b'/' && text.get(end + 1).is_some_and(u8::is_ascii_digit);
    if after == b'-' && text.get(end + 1).is_some_and(u8::is_ascii_alphabetic) {
        return true;
    }
    if after == b'+' && word_at(text, end + 1) {
        return true;
    }
    if after == b'.' && text.get(end + 1).is_some_and(u8::is_ascii_alphabetic) {
        let word = run_end(text, end + 1, 12, |b| b.is_ascii_alphanumeric());
        return is_one_of(&text[end + 1..word], FILE_ENDINGS);
    }
    match before {
        b'-' => {
            // `10.0.0.1-10.0.0.9` is a range, `lib-1.2.3.4` a version.
            let digits = start > 1
                && (text[start - 2].is_ascii_digit()
                    || matches!(text[start - 2], b']' | b' ' | b'>' | b'-'));
            let word = previous_word(text, start - 1);
            return !(digits || is_one_of(word, NETWORK_WORDS)) && start > 1;
        }
        b'^' | b'~' => return true,
        b'=' if start > 1 && matches!(text[start - 2], b'=' | b'>' | b'<' | b'~' | b'!') => {
            return start > 2 && (is_word(text[start - 3]) || text[start - 2] != b'=');
        }
        b'/' if !port => return is_product(text, start),
        _ => {}
    }
    if port || mask {
        return false;
    }
    if scanner.kind == KeyKind::Version {
        return true;
    }
    if scanner.version_end < start && is_list_gap(&text[scanner.version_end..start]) {
        return true;
    }
    let word = previous_word(text, start);
    // `app 10.2.3.4` may be a version, `app 192.168.2.4` not.
    let ten = text[start..].starts_with(b"10.") && !is_one_of(word, HOSTS);
    if is_one_of(word, HOST_WORDS) && is_private(&text[start..]) && !ten {
        return false;
    }
    is_one_of(word, VERSION_WORDS) && !word.is_empty()
        || ((is_one_of(word, SOFTWARE) || word.starts_with(b"lib")) && !is_private(&text[start..]))
        || (word.len() > 7 && word.to_ascii_lowercase().ends_with(b"version"))
        || has_version_before(text, start)
}

/// `version is 1.2.3.4`, `version: "1.2.3.4"`, `from version 1.2.3.4 to 1.2.3.5`.
fn has_version_before(text: &[u8], start: usize) -> bool {
    let word = previous_word_range(text, start);
    if !is_one_of(
        &text[word.clone()],
        &["is", "to", "was", "from", "number", "than", "at", "of"],
    ) {
        return false;
    }
    let further = previous_word(text, word.start);
    is_one_of(
        further,
        &[
            "version",
            "versions",
            "release",
            "build",
            "upgraded",
            "upgrading",
            "updated",
            "updating",
            "update",
            "upgrade",
            "downgraded",
            "downgrading",
            "migrating",
            "migrated",
            "bump",
            "bumped",
            "bumping",
            "rollback",
            "newer",
            "older",
            "firmware",
        ],
    )
}

/// What may stand between two versions of a list.
fn is_list_gap(gap: &[u8]) -> bool {
    gap.len() <= 8
        && matches!(
            gap.trim_ascii(),
            b"," | b"and"
                | b", and"
                | b"or"
                | b", or"
                | b"->"
                | b"=>"
                | b"to"
                | b".."
                | b"-"
                | b"\xE2\x86\x92"
                | b";"
                | b"|"
        )
}

/// `Chrome/120.0.0.0`, but not `/10.0.0.1` and not `node7/10.0.0.1`.
fn is_product(text: &[u8], start: usize) -> bool {
    let name_end = start - 1;
    let name_start = run_start(text, name_end, 40, |b| {
        is_word(b) || matches!(b, b'-' | b'.')
    });
    let name = &text[name_start..name_end];
    if name.is_empty() || !name[0].is_ascii_alphabetic() || is_one_of(name, NETWORK_WORDS) {
        return false;
    }
    if is_private(&text[start..]) && !name[0].is_ascii_uppercase() {
        return false;
    }
    // A path or a host before the slash: `//host/…`, `node-7/…`.
    let in_path = name_start > 0 && matches!(text[name_start - 1], b'/' | b'@' | b':');
    let host = name.iter().any(|b| matches!(b, b'.' | b'-')) && name.iter().any(u8::is_ascii_digit);
    !host && !in_path
}

/// True when a number begins as private and loopback addresses do.
fn is_private(number: &[u8]) -> bool {
    let private = [
        &b"10."[..],
        b"192.168.",
        b"127.",
        b"172.1",
        b"172.2",
        b"172.3",
        b"169.254.",
    ];
    private.iter().any(|net| number.starts_with(net))
}

/// The run of hex digits, colons and dots around the colon at `at`, if it may be an address.
pub(crate) fn hex_run(text: &[u8], at: usize) -> Option<Range<usize>> {
    let in_run = |b: u8| b.is_ascii_hexdigit() || b == b':' || b == b'.';
    let before = at > 0 && in_run(text[at - 1]);
    let after = text.get(at + 1).is_some_and(|b| in_run(*b));
    let doubled = text.get(at + 1) == Some(&b':');
    if !(after && (before || doubled)) {
        return None;
    }
    // Longer runs are no addresses, but must be known to their end.
    let end = run_end(text, at, usize::MAX, in_run);
    let start = run_start(text, at, 64, in_run);
    Some(start..end)
}

/// The address in a run of hex digits, colons and dots.
pub(crate) fn in_run(text: &[u8], run: Range<usize>) -> Option<(RuleId, Range<usize>)> {
    let Range { mut start, mut end } = run;
    while end > start
        && (text[end - 1] == b'.' || (text[end - 1] == b':' && !text[..end].ends_with(b"::")))
    {
        end -= 1;
    }
    while start < end && text[start] == b'.' {
        start += 1;
    }
    if start >= end {
        return None;
    }
    if text[start..end].starts_with(b":") && !text[start..end].starts_with(b"::") {
        start += 1;
    } else if start > 0 && is_word(text[start - 1]) && !text[start..end].starts_with(b"::") {
        // `addr:2001:db8::1`: the letters before the first colon belong to the word `addr`.
        let colon = text[start..end].iter().position(|b| *b == b':')?;
        start += colon + 1;
        if text[start..end].starts_with(b":") {
            return None;
        }
    }
    let run = &text[start..end];
    if run.len() < 2 || run.len() > 64 {
        return None;
    }
    let colons = run.iter().filter(|b| **b == b':').count();
    if word_at(text, end)
        || (start > 0
            && (is_word(text[start - 1])
                || (run.starts_with(b"::") && matches!(text[start - 1], b')' | b'>'))))
    {
        return None;
    }
    if matches!(colons, 5 | 7 | 13)
        && let Some(is_address) = mac::with_colons(text, start, run)
    {
        return is_address.then_some((MAC, start..end));
    }
    let doubled = run.windows(2).any(|pair| pair == b"::");
    if colons < 2 || (colons < 6 && !doubled) {
        return None;
    }
    for cut in [run.len(), run.iter().position(|b| *b == b'.').unwrap_or(0)] {
        let candidate = &run[..cut];
        let parsed = std::str::from_utf8(candidate)
            .ok()
            .and_then(|text| text.parse::<Ipv6Addr>().ok());
        if parsed.is_some() && is_address(text, start, candidate, colons) {
            let mut end = start + cut;
            if text.get(end) == Some(&b'%') && word_at(text, end + 1) {
                end = run_end(text, end + 1, 24, |b| is_word(b) || b == b'-' || b == b'.');
            }
            return Some((IPV6, start..end));
        }
    }
    // `key:2001:db8:…` with a key of hex letters, and a port without brackets.
    let last = run.iter().rposition(|b| *b == b':')?;
    let shorter = std::str::from_utf8(&run[..last]).ok()?.parse::<Ipv6Addr>();
    // Nine bytes are a serial number.
    let bytes = run.split(|b| *b == b':').all(|group| group.len() == 2);
    (shorter.is_ok() && !bytes && colons >= 7 && run[last + 1..].iter().all(u8::is_ascii_digit))
        .then_some((IPV6, start..start + last))
}

/// `a::b` in code parses as an address; an address has a digit, or many groups.
fn is_address(text: &[u8], start: usize, candidate: &[u8], colons: usize) -> bool {
    if candidate == b"::" {
        // Only a bound socket, `[::]:8080`, is meant as an address.
        return start > 0 && text[start - 1] == b'[' && text[start + 2..].starts_with(b"]:");
    }
    if candidate.ends_with(b"::") && names_user(text, start, candidate) {
        return false;
    }
    // `items[::2]` is a slice.
    let slice = start > 1
        && text[start - 1] == b'['
        && (is_word(text[start - 2]) || text[start - 2] == b']');
    let digits = candidate.iter().any(u8::is_ascii_digit);
    let groups = candidate
        .split(|b| *b == b':')
        .filter(|group| !group.is_empty())
        .count();
    // `12:34:56:78:9a:bc:de:f0` are eight bytes.
    let bytes = candidate.len() == 23
        && candidate
            .split(|b| *b == b':')
            .all(|group| group.len() == 2);
    !slice
        && !bytes
        && (digits || colons >= 4)
        && (groups > 1 || candidate == b"::1" || candidate.len() >= 4)
}

/// `1000:1000::/home/ann` and `1000:1000:1000::` are the numbers of a user and of groups.
fn names_user(text: &[u8], start: usize, candidate: &[u8]) -> bool {
    let behind = start + candidate.len();
    let numbers = candidate.iter().all(|b| b.is_ascii_digit() || *b == b':');
    let home = text.get(behind) == Some(&b'/')
        && text.get(behind + 1).is_some_and(|b| !b.is_ascii_digit());
    let first = candidate.split(|b| *b == b':').next().unwrap_or_default();
    // Addresses of the internet begin with 2000 and more.
    let small = first.len() < 4 || first[0] < b'2';
    let net = text.get(behind) == Some(&b'/') && !home;
    numbers && !first.is_empty() && (home || small && !net)
}
