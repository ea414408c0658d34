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
    "/home/a b/lib/x.dart:3",
    "file:///",
    "ghp_0123456789abcdefghij",
    "redis-cli -a ",
    "curl -b ",
    "code",
    "pin",
    "&sig=",
    "name",
    "value",
    "root@tcp(",
    "mac 00a7081e330e",
    "s:8:\"password\";s:3:",
    "\\\\host\\share\\a.cs:3",
    "form-data; name=\"",
    "\\r\\n\\r\\n",
    "<key>password</key>",
    "<string>",
    "sip:4401:",
    "{SSHA}Zm9v1q",
    ":: ",
    " pc 0a1b /data/app/a/lib/b.so",
    "password \"Auth\" \"",
    "-----BEGIN+PRIVATE+KEY-----",
    "-----END+PRIVATE+KEY-----",
    "4111111111111111 12/27",
    "/bot123456789:AAHk3vX8wZ2mN5uJ7dPq2LsT9xVb4nQeRy1",
];

fn line() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec(select(PIECES), 0..24).prop_map(|pieces| pieces.concat().into_bytes());
    let json = vec((select(PIECES), select(PIECES), any::<u8>()), 0..6).prop_map(|members| {
        let mut object = serde_json::Map::new();
        for (key, value, shape) in members {
            let value = match shape % 7 {
                0 => serde_json::json!(value),
                1 => serde_json::json!([value, "Authorization", value]),
                2 => serde_json::json!({ "password": value, "n": shape }),
                3 => serde_json::json!(shape),
                6 => serde_json::json!([key, value, [value, key], key]),
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
        Some(Replacement::Text("removed by us".to_owned())),
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

/// Lines of JSON in which what was redacted changed what was said about its neighbour, and text that
/// became JSON.
const NEIGHBOURS: &[&str] = &[
    r#"{"list":["ghp_0123456789abcdefghij0123456789","4111"]}"#,
    r#"{"list":["&sig=","::1","secret","/home/a b/lib/x.dart:3"]}"#,
    r#"{"m":["mysql","/home/a/b/c/d/e/f/lib/x.dart:3","-pfe80::1","secret","bob@example.com","4711"]}"#,
    r#"{"&sig=":"&sig=::1"}"#,
    r#"{"pin":"user:pass@host.example"}"#,
    r#"{"otp ":"sshpass -p x"}"#,
    r#"{"Set-Cookie: eyJhbGciOiJIUzI1NiJ9 version":"2.0.0.1"}"#,
    r#"{"a":{"password":hunter2},"list":["secret","bob@example.com","4711"]}"#,
    r#"{"pwd":["ar",et2],"n":1}"#,
];

#[test]
fn what_is_redacted_says_nothing_new_of_its_neighbours() {
    for line in NEIGHBOURS {
        for sanitizer in modes() {
            let once = sanitizer.sanitize_line(line.as_bytes()).into_owned();
            let twice = sanitizer.sanitize_line(&once);
            assert_eq!(
                String::from_utf8_lossy(&once),
                String::from_utf8_lossy(&twice)
            );
        }
    }
}

#[test]
fn what_follows_a_value_that_was_read_ahead_is_accepted() {
    for line in [
        "[('password', 'file:///home/ann/lib/x.dart:3')]",
        "PASSWORD('file:///a/b.rs:1') C:\\a\\src\\x.rs:1:2",
        "Cookie: sid=\"",
        "('cookie', 'sid=\"')",
    ] {
        for sanitizer in modes() {
            let once = sanitizer.sanitize_line(line.as_bytes()).into_owned();
            assert_eq!(&*sanitizer.sanitize_line(&once), &once[..]);
        }
    }
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
    fn what_was_cleaned_before_changes_nothing(lines in vec(line(), 1..12)) {
        // What is remembered of keys and texts only saves time.
        let experienced = Sanitizer::default();
        for line in lines.iter().chain(&lines) {
            let expected = Sanitizer::default().sanitize_line(line).into_owned();
            let clean = experienced.sanitize_line(line);
            prop_assert_eq!(
                String::from_utf8_lossy(&clean),
                String::from_utf8_lossy(&expected)
            );
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

/// Lines of which texts are made whose values stand below their keys.
const LINES: &[&str] = &[
    "password:",
    "  password: |",
    "    secret text",
    "  - hunter2x",
    "- name: API_TOKEN",
    "  value: tk-551-xy",
    "\"password\": [",
    "\"credentials\": {",
    "  \"a\": \"b1c2d3\",",
    "  [ 4711, true,",
    "]",
    "}",
    "],",
    "\"secret\":",
    "  \"x1y2z3\"",
    "\"--password\",",
    "- --password",
    "Authorization:",
    "Authorization: Bearer",
    "  Bearer",
    "abc123DEF456",
    "password = \"\"\"open 1",
    "close\"\"\" x=1",
    "token='open 2",
    "it's",
    "",
    "  ",
    "<password>",
    "</password>",
    "rawHeaders: [ 'X-Api-Key', 'kk9-alpha-22' ]",
    "Content-Disposition: form-data; name=\"password\"",
    "Content-Type: text/plain",
    "<key>password</key>",
    "<string>a1b2c3</string>",
    "[('password', 'hunter2x'), (",
    "[REDACTED]",
    "2026-02-06 12:00:00 INFO m",
    "{\"message\":\"password:\"}",
];

/// What a stream makes of a text on one thread.
fn streamed(sanitizer: &Sanitizer, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let options = StreamOptions { threads: 1 };
    sanitize_stream(sanitizer, text, &mut out, &options).expect("memory can be read and written");
    out
}

/// JSON with secret and plain keys at any depth, and numbers in several spellings.
fn tree() -> impl Strategy<Value = serde_json::Value> {
    const KEYS: &[&str] = &[
        "password",
        "name",
        "value",
        "tokens",
        "credentials",
        "n",
        "list",
        "Authorization",
    ];
    const SCALARS: &[&str] = &[
        "\"x1y2z3\"",
        "\"\"",
        "1.50",
        "1e2",
        "-7",
        "0",
        "true",
        "null",
        "\"two words\"",
    ];
    let leaf = select(SCALARS).prop_map(|text| serde_json::from_str(text).unwrap_or_default());
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            vec((select(KEYS), inner), 0..4).prop_map(|members| {
                members
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }),
        ]
    })
}

/// The keys of a tree in their order, and how its plain numbers are spelled.
fn outline(value: &serde_json::Value, out: &mut Vec<String>) {
    match value {
        serde_json::Value::Array(elements) => elements.iter().for_each(|e| outline(e, out)),
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                out.push(key.clone());
                if keys::classify(key.as_bytes()) == keys::KeyKind::Plain {
                    match value {
                        serde_json::Value::Number(number) => out.push(number.to_string()),
                        other => outline(other, out),
                    }
                }
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_sanitized_twice_is_the_same(lines in vec(prop_oneof![select(LINES), select(PIECES)], 0..12)) {
        let text = lines.join("\n");
        for sanitizer in modes().into_iter().skip(3) {
            let once = streamed(&sanitizer, text.as_bytes());
            let twice = streamed(&sanitizer, &once);
            prop_assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice), "{}", text);
            prop_assert_eq!(once.split(|b| *b == b'\n').count(), lines.len().max(1));
        }
    }

    #[test]
    fn pretty_json_stays_json_with_its_keys_and_numbers(tree in tree()) {
        let pretty = serde_json::to_string_pretty(&tree).unwrap_or_default();
        let clean = streamed(&Sanitizer::default(), pretty.as_bytes());
        let after = serde_json::from_slice::<serde_json::Value>(&clean);
        prop_assert!(after.is_ok(), "{}\n{}", pretty, String::from_utf8_lossy(&clean));
        let (mut before_keys, mut after_keys) = (Vec::new(), Vec::new());
        outline(&tree, &mut before_keys);
        outline(&after.unwrap_or_default(), &mut after_keys);
        prop_assert_eq!(before_keys, after_keys);
    }

    #[test]
    fn lines_without_a_key_or_a_mark_stay(words in vec("[a-z]{1,9}", 0..12), lines in 1usize..4) {
        let text = vec![words.join(" "); lines].join("\n");
        prop_assert_eq!(streamed(&Sanitizer::default(), text.as_bytes()), text.as_bytes());
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
