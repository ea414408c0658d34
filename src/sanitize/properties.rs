//! What must hold for any input, checked on bytes at random and on mutated lines.

use std::borrow::Cow;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Pieces of which lines are made: secrets, near misses, disguises and structure.
const PIECES: &[&str] = &[
    "password",
    "token",
    "auth",
    "Authorization",
    "secret",
    "=",
    ":",
    ": ",
    " ",
    "\"",
    "'",
    "\\\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ";",
    "&",
    "?",
    "Bearer ",
    "Basic ",
    "abc123DEF",
    "bob@example.com",
    "@",
    ".",
    "10.0.0.1",
    "1.2.3.4.5",
    "::1",
    "fe80::",
    "::",
    "-",
    "--",
    "+",
    "(",
    ")",
    "4111 1111 1111 1111",
    "4111",
    "+1 415-555-0123",
    "219-09-9999",
    "DE89370400440532013000",
    "00:1b:44:11:3a:b7",
    "%40",
    "%",
    "\\u0040",
    "\\n",
    "\u{200b}",
    "\u{ff20}",
    "é",
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    "MIIEvQIBADANBgkq",
    "eyJhbGciOiJIUzI1NiJ9",
    "https://",
    "user:pass@host",
    "/home/ann/app/lib/main.dart:10:5",
    "C:\\a\\src\\x.rs:1:2",
    "[REDACTED]",
    "[REDACTED",
    "[REDACTED:email]",
    "[email:7f3a9c]",
    "cookie",
    "Set-Cookie: ",
    "sid=abc123",
    "true",
    "null",
    "512",
    "tokens",
    "version ",
    "<password>",
    "</",
    "&#64;",
    "is ",
    "--password ",
    "curl -u ",
    "passphrase: correct horse",
    "{{",
    "Some(\"",
    "\t",
    "\r",
];

fn line() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec(select(PIECES), 0..24).prop_map(|pieces| pieces.concat().into_bytes());
    let json = vec((select(PIECES), select(PIECES), any::<u8>()), 0..6).prop_map(|members| {
        let mut object = serde_json::Map::new();
        for (key, value, shape) in members {
            let value = match shape % 6 {
                0 => serde_json::json!(value),
                1 => serde_json::json!([value, "Authorization", value]),
                2 => serde_json::json!({ "password": value, "n": shape }),
                3 => serde_json::json!(shape),
                4 => serde_json::json!(format!("{{\"{key}\":\"{value}\"}}")),
                _ => serde_json::json!(null),
            };
            object.insert(key.to_owned(), value);
        }
        serde_json::to_vec(&object).unwrap_or_default()
    });
    let noisy =
        (vec(select(PIECES), 0..12), vec(any::<u8>(), 0..12)).prop_map(|(pieces, noise)| {
            let mut line = pieces.concat().into_bytes();
            for (i, byte) in noise.into_iter().enumerate() {
                let place = (i * 31 + usize::from(byte)) % (line.len() + 1);
                line.insert(place, byte);
            }
            line.retain(|b| *b != b'\n');
            line
        });
    prop_oneof![pieces, json, noisy]
}

fn modes() -> Vec<Sanitizer> {
    let key = Key::new(b"not a real key");
    let replacements = [
        Some(Replacement::Redacted),
        Some(Replacement::Typed),
        Some(Replacement::Text("<gone>".to_owned())),
        key.map(Replacement::Pseudonym),
    ];
    let mut modes = Vec::new();
    for replacement in replacements.into_iter().flatten() {
        let mut rules = Rules::default();
        rules
            .replace_with(replacement)
            .add_pattern("word", "abc[0-9]+")
            .add_key("fe80");
        modes.push(Sanitizer::new(rules).expect("the rules of this test are valid"));
    }
    modes.push(Sanitizer::default());
    modes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sanitizing_twice_changes_nothing(line in line()) {
        for sanitizer in modes() {
            let once = sanitizer.sanitize_line(&line).into_owned();
            let twice = sanitizer.sanitize_line(&once);
            prop_assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice));
        }
    }

    #[test]
    fn valid_json_stays_valid_with_the_same_shape(line in line()) {
        let Ok(before) = serde_json::from_slice::<serde_json::Value>(&line) else { return Ok(()) };
        prop_assume!(before.is_object() || before.is_array() || before.is_string());
        let clean = Sanitizer::default().sanitize_line(&line).into_owned();
        let after = serde_json::from_slice::<serde_json::Value>(&clean);
        prop_assert!(after.is_ok(), "{}", String::from_utf8_lossy(&clean));
        if let (Some(before), Some(after)) = (before.as_object(), after.ok().as_ref().and_then(|value| value.as_object())) {
            prop_assert!(after.len() <= before.len());
        }
    }

    #[test]
    fn any_bytes_are_accepted(line in vec(any::<u8>(), 0..300)) {
        let clean = Sanitizer::default().sanitize_line(&line).into_owned();
        prop_assert_eq!(&*Sanitizer::default().sanitize_line(&clean), &clean[..]);
    }

    #[test]
    fn findings_lie_in_the_line_and_say_when_it_changes(line in line()) {
        let mut ranges = Vec::new();
        let sanitizer = Sanitizer::default();
        let clean = sanitizer.sanitize_line_with(&line, &mut |finding| ranges.push(finding.range));
        prop_assert_eq!(ranges.is_empty(), matches!(clean, Cow::Borrowed(_)));
        prop_assert!(ranges.iter().all(|range| range.start < range.end && range.end <= line.len()));
        prop_assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start), "{ranges:?}");
    }

    #[test]
    fn a_stream_gives_what_its_lines_give(lines in vec(line(), 0..12), step in 1usize..40, threads in 1usize..3) {
        let sanitizer = Sanitizer::default();
        let mut input = Vec::new();
        let mut expected = Vec::new();
        let mut stream = StreamSanitizer::new(&sanitizer);
        for line in &lines {
            let line: Vec<u8> = line.iter().copied().filter(|b| *b != b'\n' && *b != b'\r').collect();
            input.extend_from_slice(&line);
            input.push(b'\n');
            stream.line(&line, &mut expected, &mut |_| ());
            expected.push(b'\n');
        }
        let mut out = Vec::new();
        let reader = Slow { rest: &input, step };
        let stats = sanitize_stream(&sanitizer, reader, &mut out, &StreamOptions { threads }).expect("memory can be read and written");
        prop_assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&expected));
        prop_assert_eq!((stats.lines, stats.bytes), (lines.len() as u64, input.len() as u64));
    }
}

/// A reader that gives a few bytes at a time.
struct Slow<'r> {
    rest: &'r [u8],
    step: usize,
}

impl std::io::Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.step.min(self.rest.len()).min(buffer.len());
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest = &self.rest[count..];
        Ok(count)
    }
}
