//! `soliplex sanitize`

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::support::{Home, Ran};

/// A record with an address and a token, a line of text with a password, and a safe line.
const MIXED: &str = concat!(
    r#"{"message":"mail bob@example.com","attributes":{"token":"tk-12345","status":200}}"#,
    "\n",
    "retry with password=hunter2-hunter2 in 4 s\n",
    "opened room 12 in 35 ms\n",
);

const MIXED_CLEAN: &str = concat!(
    r#"{"message":"mail [REDACTED]","attributes":{"token":"[REDACTED]","status":200}}"#,
    "\n",
    "retry with password=[REDACTED] in 4 s\n",
    "opened room 12 in 35 ms\n",
);

/// What `sanitize` with these flags makes of a text on stdin.
#[track_caller]
fn sanitized(flags: &[&str], input: impl AsRef<[u8]>) -> String {
    let mut args = vec!["sanitize"];
    args.extend(flags);
    Home::new()
        .run_with_stdin(&args, input)
        .succeeds()
        .stdout_text()
}

fn pem_lines() -> Vec<String> {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ";
    let kind = "PRIVATE KEY";
    let mut lines = vec![format!("-----BEGIN {kind}-----")];
    lines.extend((0..4).map(|n| format!("{body}{n}{n}ABCDEFGHIJ")));
    lines.push("c2hvcnQ=".to_owned());
    lines.push(format!("-----END {kind}-----"));
    lines
}

#[test]
fn records_and_text_are_cleaned_line_by_line() {
    assert_eq!(sanitized(&[], MIXED), MIXED_CLEAN);
    assert_eq!(sanitized(&[], MIXED_CLEAN), MIXED_CLEAN);
}

#[test]
fn files_are_read_in_their_order_whatever_their_packing() {
    let home = Home::new();
    home.file("a.log", "from a: 10.0.0.1\n");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(b"from b: 10.0.0.2\n").unwrap();
    home.file("b.log.gz", gz.finish().unwrap());
    let zst = zstd::encode_all(&b"from c: 10.0.0.3\n"[..], 1).unwrap();
    home.file("c.log.zst", &zst);
    let ran = home.run_with_stdin(
        &["sanitize", "a.log", "b.log.gz", "-", "c.log.zst"],
        "from stdin: 10.0.0.4\n",
    );
    assert_eq!(
        ran.succeeds().stdout_text(),
        "from a: [REDACTED]\nfrom b: [REDACTED]\nfrom stdin: [REDACTED]\nfrom c: [REDACTED]\n"
    );
    assert_eq!(sanitized(&[], &zst), "from c: [REDACTED]\n");
}

#[test]
fn line_ends_and_a_missing_last_newline_stay() {
    assert_eq!(
        sanitized(&[], "a 10.0.0.1\r\n\r\nb 10.0.0.2"),
        "a [REDACTED]\r\n\r\nb [REDACTED]"
    );
    assert_eq!(sanitized(&[], ""), "");
}

#[test]
fn keys_and_patterns_of_the_command_line_are_added() {
    let flags = ["--key", "badge_number", "--pattern", "ticket=TCK-[0-9]{6}"];
    assert_eq!(
        sanitized(&flags, "{\"badgeNumber\":17,\"m\":\"see TCK-123456\"}\n"),
        "{\"badgeNumber\":\"[REDACTED]\",\"m\":\"see [REDACTED]\"}\n"
    );
}

#[test]
fn rules_of_a_file_apply_and_flags_come_on_top() {
    let home = Home::new();
    home.file(
        "rules.toml",
        r#"
keys = ["badge"]
safe_keys = ["page_token"]
disable = ["phone"]
allow = ["support@example.com"]
paths = "keep"
typed = true

[[pattern]]
name = "ticket"
regex = 'TCK-\d+'
"#,
    );
    let line = concat!(
        "badge=b-17 page_token=p-1 TCK-9 +1 415-555-0123 support@example.com bob@example.com\n",
        "{\"stackTrace\":\"at /home/ann/app/lib/main.dart:3\"}\n"
    );
    let ran = home.run_with_stdin(&["sanitize", "--rules", "rules.toml"], line);
    assert_eq!(
        ran.succeeds().stdout_text(),
        concat!(
            "badge=[REDACTED:secret] page_token=p-1 [REDACTED:ticket] +1 415-555-0123 ",
            "support@example.com [REDACTED:email]\n",
            "{\"stackTrace\":\"at /home/ann/app/lib/main.dart:3\"}\n"
        )
    );
    let flags = ["sanitize", "--rules", "rules.toml", "--disable", "email"];
    let ran = home.run_with_stdin(&[&flags[..], &["--paths", "relative"]].concat(), line);
    let text = ran.succeeds().stdout_text();
    assert!(text.contains("bob@example.com"), "{text}");
    assert!(!text.contains("/home/ann"), "{text}");
}

#[test]
fn a_rule_can_be_off_and_a_value_allowed() {
    let line = "10.0.0.1 bob@example.com ann@example.com\n";
    assert_eq!(
        sanitized(&["--disable", "ipv4", "--allow", "Bob@Example.com"], line),
        "10.0.0.1 bob@example.com [REDACTED]\n"
    );
}

#[test]
fn the_replacement_can_be_chosen_or_say_the_rule() {
    let line = "{\"m\":\"10.0.0.1\",\"pin\":1234,\"password\":null}\n";
    assert_eq!(
        sanitized(&["--replacement", "<\"gone\">"], line),
        "{\"m\":\"<\\\"gone\\\">\",\"pin\":\"<\\\"gone\\\">\",\"password\":null}\n"
    );
    assert_eq!(
        sanitized(&["--typed"], line),
        "{\"m\":\"[REDACTED:ipv4]\",\"pin\":\"[REDACTED:secret]\",\"password\":null}\n"
    );
}

#[test]
fn a_pseudonym_is_the_same_for_the_same_person_and_key() {
    let home = Home::new();
    let (key, other) = ("the-first-made-up-key", "the-second-made-up-key");
    home.file("a.key", key);
    home.file("a-newline.key", format!("{key}\n"));
    home.file("b.key", other);
    let with = |key: &str, input: &str| {
        home.run_with_stdin(&["sanitize", "--pseudonymize", key], input)
            .succeeds()
    };
    let first = with("a.key", "from bob@example.com\n").stdout_text();
    let token = first.trim().strip_prefix("from ").unwrap().to_owned();
    assert!(
        token.starts_with("[email:") && token.ends_with(']'),
        "{token}"
    );
    for input in [
        "{\"user\":\"Bob@Example.com\"}\n",
        "{\"user\":\"bob\\u0040example.com\"}\n",
        "to=bob%40example.com&x=1\n",
    ] {
        let text = with("a-newline.key", input).stdout_text();
        assert!(text.contains(&token), "{input} became {text}");
    }
    let someone_else = with("a.key", "from ann@example.com\n").stdout_text();
    assert!(!someone_else.contains(&token));
    let other_key = with("b.key", "from bob@example.com\n");
    assert!(!other_key.stdout_text().contains(&token));
    assert_eq!(with("a.key", &first).stdout_text(), first);
    for ran in [with("a.key", "from bob@example.com\n"), other_key] {
        let shown = ran.stdout_text() + &ran.stderr_text();
        assert!(!shown.contains(key) && !shown.contains(other), "{shown}");
    }
}

#[test]
fn check_says_where_and_never_what() {
    let home = Home::new();
    home.file("app.log", MIXED);
    let ran = home.run(&["sanitize", "--check", "app.log"]).exits(3);
    assert_eq!(
        ran.stdout_text(),
        "app.log:1:18: email\napp.log:1:57: secret\napp.log:2:21: secret\n"
    );
    home.file("clean.log", MIXED_CLEAN);
    let ran = home.run(&["sanitize", "--check", "clean.log"]).succeeds();
    assert_eq!(ran.stdout_text() + &ran.stderr_text(), "");
    let ran = home.run_with_stdin(&["sanitize", "--check"], "Grüße an 10.0.0.1\n");
    assert_eq!(ran.exits(3).stdout_text(), "-:1:10: ipv4\n");
}

#[test]
fn check_says_the_places_of_values_below_their_keys() {
    let input = b"\"password\": [\n  \"aa11bb\",\n  \"cc22dd\"\n],\nsecret:\n  hunter2z\n\
        \xff\xfe kai@example.com\nAuthorization: Bearer\n  abc123DEF456ghi\n";
    let home = Home::new();
    home.file("app.log", input);
    let ran = home.run(&["sanitize", "--check", "app.log"]).exits(3);
    assert_eq!(
        ran.stdout_text(),
        "app.log:2:4: secret\napp.log:3:4: secret\napp.log:6:3: secret\n\
         app.log:7:4: email\napp.log:9:3: authorization\n"
    );
}

#[test]
fn stats_count_per_rule_on_stderr() {
    let home = Home::new();
    let ran = home
        .run_with_stdin(&["sanitize", "--stats"], MIXED)
        .succeeds();
    assert_eq!(ran.stdout_text(), MIXED_CLEAN);
    let stats = ran.stderr_text();
    for row in [["secret", "2"], ["email", "1"]] {
        assert!(
            stats.lines().any(|line| line.split_whitespace().eq(row)),
            "{row:?} in {stats}"
        );
    }
    assert!(!stats.contains("hunter2") && !stats.contains("example.com"));
}

#[test]
fn explain_says_which_rule_hit_what_masked() {
    let home = Home::new();
    let ran = home
        .run_with_stdin(&["sanitize", "--explain"], MIXED)
        .succeeds();
    assert_eq!(ran.stdout_text(), MIXED_CLEAN);
    let said = ran.stderr_text();
    assert!(said.contains("1:18: email: b…m (15 characters)"), "{said}");
    assert!(
        !said.contains("hunter2") && !said.contains("bob@"),
        "{said}"
    );
}

#[test]
fn explain_names_the_file_where_there_are_several() {
    let home = Home::new();
    home.file("a.log", "at 10.0.0.1\n");
    home.file("b.log", "nothing\nat 10.0.0.2\n");
    let ran = home.run(&["sanitize", "--explain", "a.log", "b.log"]);
    let said = ran.succeeds().stderr_text();
    let places: Vec<_> = said
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(places, ["a.log:1:4:", "b.log:2:4:"]);
}

#[test]
fn list_shows_every_rule() {
    let list = Home::new()
        .run(&["sanitize", "--list"])
        .succeeds()
        .stdout_text();
    for rule in soliplex::sanitize::BUILTIN_RULES {
        assert!(list.contains(rule.name), "{} in {list}", rule.name);
    }
}

#[test]
fn paths_in_stacks_lose_their_folders_unless_kept() {
    let line = "{\"stackTrace\":\"#0 main (/home/ann/work/app/lib/src/main.dart:10:5)\"}\n";
    assert_eq!(
        sanitized(&[], line),
        "{\"stackTrace\":\"#0 main (lib/src/main.dart:10:5)\"}\n"
    );
    assert_eq!(sanitized(&["--paths", "keep"], line), line);
}

#[test]
fn a_line_from_a_live_program_is_not_held_back() {
    let home = Home::new();
    for flags in [&[][..], &["--explain"], &["--check"]] {
        let mut child = home
            .soliplex()
            .arg("sanitize")
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        for n in 1..4 {
            writeln!(stdin, "peer 10.0.0.{n} is back").unwrap();
            stdin.flush().unwrap();
            // Stdin is still open: only a line that was not held back can be read here.
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            let wanted = match flags {
                ["--check"] => format!("-:{n}:6: ipv4\n"),
                _ => "peer [REDACTED] is back\n".to_owned(),
            };
            assert_eq!(line, wanted);
        }
        drop(stdin);
        child.wait().unwrap();
    }
}

#[test]
fn a_live_line_is_not_held_back_after_a_flood() {
    let home = Home::new();
    let mut child = home
        .soliplex()
        .arg("sanitize")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (sender, lines) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            if line.starts_with("mark") && sender.send(line).is_err() {
                return;
            }
        }
    });
    let flood = "nothing to see in this line of text\n".repeat(40_000);
    for n in 0..3 {
        stdin.write_all(flood.as_bytes()).unwrap();
        writeln!(stdin, "mark {n} 10.0.0.1").unwrap();
        let line = lines.recv_timeout(crate::support::DEADLINE).unwrap();
        assert_eq!(line, format!("mark {n} [REDACTED]"));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
    reader.join().unwrap();
}

#[test]
fn a_closed_pipe_ends_it_with_0() {
    let home = Home::new();
    home.file("app.log", MIXED.repeat(40_000));
    for flags in [&[][..], &["--explain"], &["--check"]] {
        let mut child = home
            .soliplex()
            .arg("sanitize")
            .args(flags)
            .arg("app.log")
            .stdout(Stdio::piped())
            .stderr(match flags {
                ["--explain"] => Stdio::null(),
                _ => Stdio::piped(),
            })
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(!line.is_empty());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{flags:?}");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    }
}

#[test]
fn what_cannot_be_done_is_said_in_one_line() {
    let home = Home::new();
    home.file("bad.toml", "keys = [\n\nnonsense");
    home.file("unknown.toml", "colour = \"red\"\n");
    home.file("regex.toml", "[[pattern]]\nname = \"x\"\nregex = '(a'\n");
    home.file("rule.toml", "disable = [\"emial\"]\n");
    home.file("empty.key", " \n");
    home.file("short.key", "fifteen-bytes--\n");
    fs::create_dir(home.path("folder")).unwrap();
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&["missing.log"], 1, &["missing.log"]),
        (&["folder"], 1, &["folder"]),
        (&["--rules", "missing.toml"], 1, &["missing.toml"]),
        (&["--rules", "bad.toml"], 2, &["bad.toml"]),
        (&["--rules", "unknown.toml"], 2, &["unknown.toml", "colour"]),
        (&["--rules", "regex.toml"], 2, &["`x`", "unclosed group"]),
        (&["--rules", "rule.toml"], 2, &["emial", "--list"]),
        (&["--pattern", "x=(a"], 2, &["`x`", "unclosed group"]),
        (&["--pattern", "x=a{1,99999}{99}"], 2, &["`x`"]),
        (&["--pattern", "e="], 2, &["`e`", "empty string"]),
        (&["--pattern", "stars=a*"], 2, &["`stars`", "empty"]),
        (&["--pattern", "edge=\\b"], 2, &["`edge`", "empty"]),
        (&["--pattern", "email=a"], 2, &["`email`"]),
        (&["--disable", "emial"], 2, &["emial", "--list"]),
        (&["--key", "--"], 2, &["--"]),
        (&["--replacement", "a\nb"], 2, &["one line"]),
        (&["--replacement", "10.0.0.1"], 2, &["10.0.0.1"]),
        (&["--pseudonymize", "missing.key"], 1, &["missing.key"]),
        (&["--pseudonymize", "empty.key"], 2, &["empty.key", "empty"]),
        (
            &["--pseudonymize", "short.key"],
            2,
            &[
                "short.key",
                "has 15 bytes",
                "head -c 32 /dev/urandom > KEYFILE",
            ],
        ),
    ];
    for (flags, code, needles) in cases {
        let mut args = vec!["sanitize"];
        args.extend(*flags);
        if *flags == ["--key", "--"] {
            args = vec!["sanitize", "--key=--"];
        }
        let ran = home.run_with_stdin(&args, "a line\n");
        assert_eq!(ran.stdout_text(), "", "{flags:?}");
        ran.exits(*code).says_in_one_line(needles);
    }
}

#[cfg(unix)]
#[test]
fn a_key_that_others_may_read_is_worth_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let key = home.file("a.key", "the-first-made-up-key");
    let said = |mode: u32| {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        home.run_with_stdin(&["sanitize", "--pseudonymize", "a.key"], "a line\n")
            .succeeds()
            .stderr_text()
    };
    assert_eq!(said(0o600), "");
    for mode in [0o640, 0o604] {
        let said = said(mode);
        assert!(said.contains("chmod 600 a.key"), "{said}");
    }
    std::fs::rename(&key, home.path("my key")).unwrap();
    let ran = home.run_with_stdin(&["sanitize", "--pseudonymize", "my key"], "a line\n");
    ran.says_in_one_line(&["chmod 600 'my key'"]);
}

#[test]
fn the_files_before_a_missing_one_are_written() {
    let home = Home::new();
    home.file("a.log", "at 10.0.0.1\n");
    let ran = home.run(&["sanitize", "a.log", "missing.log"]).exits(1);
    assert_eq!(ran.stdout_text(), "at [REDACTED]\n");
}

#[test]
fn a_private_key_goes_whether_its_lines_are_lines_or_escapes() {
    let lines = pem_lines();
    let body = &lines[2];
    let plain = format!("before\n{}\nafter 1\n", lines.join("\n"));
    let text = sanitized(&[], &plain);
    assert!(
        text.starts_with("before\n") && text.ends_with("\nafter 1\n"),
        "{text}"
    );
    assert_eq!(text.lines().count(), plain.lines().count());
    for line in &lines[1..6] {
        assert!(!text.contains(line.as_str()), "{line} in {text}");
    }

    let prefix = "2026-02-06 12:00:00 INFO boot | ";
    let logged: String = lines
        .iter()
        .map(|line| format!("{prefix}{line}\n"))
        .collect();
    let text = sanitized(&[], format!("{logged}{prefix}started\n"));
    assert!(
        !text.contains(body.as_str()) && !text.contains(&lines[5]),
        "{text}"
    );
    assert!(text.lines().all(|line| line.starts_with(prefix)), "{text}");
    assert!(text.ends_with(&format!("{prefix}started\n")), "{text}");

    let record = serde_json::json!({ "message": format!("key:\n{}\ndone", lines.join("\n")) });
    let text = sanitized(&[], format!("{record}\n"));
    assert_eq!(text, "{\"message\":\"key:\\n[REDACTED]\\ndone\"}\n");
}

#[test]
fn bytes_that_are_no_utf8_pass_through() {
    let input = b"\xff\xfe caf\xe9 from 10.0.0.1 \x00\x80 end\n{\"m\":\"\xff bob@example.com\"}\n";
    let ran = Home::new().run_with_stdin(&["sanitize"], input).succeeds();
    assert_eq!(
        ran.get_output().stdout,
        b"\xff\xfe caf\xe9 from [REDACTED] \x00\x80 end\n{\"m\":\"\xff [REDACTED]\"}\n"
    );
}

#[test]
fn utf16_comes_out_as_clean_utf8() {
    let text = "\u{FEFF}{\"password\":\"hunter2x\"}\r\nj\u{e4}ger from 10.0.0.1\r\n";
    let clean = "{\"password\":\"[REDACTED]\"}\r\nj\u{e4}ger from [REDACTED]\r\n";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for input in [little, big] {
        let ran = Home::new().run_with_stdin(&["sanitize"], &input).succeeds();
        assert_eq!(String::from_utf8_lossy(&ran.get_output().stdout), clean);
    }
}

#[test]
fn a_line_longer_than_the_buffers_is_cleaned_whole() {
    let piece = "opened room twelve and wrote to bob@example.com from 10.0.0.1; ";
    let clean = "opened room twelve and wrote to [REDACTED] from [REDACTED]; ";
    let times = 2 * soliplex::sanitize::stream::MAX_LINE / piece.len();
    let input = format!("{}\nnext 10.0.0.2\n", piece.repeat(times));
    let text = sanitized(&[], &input);
    let (long, next) = text.split_once('\n').unwrap();
    assert_eq!(next, "next [REDACTED]\n");
    assert!(long == clean.repeat(times), "the long line differs");
    let long_secret = format!(
        "{{\"password\":\"{}\",\"n\":1}}\nok\n",
        "s3cr".repeat(180_000)
    );
    let text = sanitized(&[], long_secret);
    assert!(!text.contains("s3cr"), "{} bytes are left", text.len());
    assert!(text.ends_with("\"n\":1}\nok\n"), "{text}");
}

#[test]
fn a_secret_at_the_edge_of_any_read_is_found() {
    let home = Home::new();
    let mut input = String::new();
    // Blocks are 256 KiB: a thousand lines of growing length put an address on every edge.
    for n in 0..3000 {
        input.push_str(&"-".repeat(n % 97));
        input.push_str(" bob@example.com 10.0.0.1 password=hunter2-hunter2\n");
        input.push_str(&"word ".repeat(n % 131));
        input.push('\n');
    }
    home.file("edge.log", &input);
    let text = home.run(&["sanitize", "edge.log"]).succeeds().stdout_text();
    assert_eq!(text.lines().count(), input.lines().count());
    for secret in ["bob", "example", "10.0", "hunter2"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn a_folder_is_checked_with_every_file_below_it() {
    let home = Home::new();
    home.file("logs/a.log", "mail ann@example.com\n");
    home.file("logs/deep/b.log", "safe\nip 10.20.30.40\n");
    home.file("logs/deep/c.log", "safe\n");
    let ran = home.run(&["sanitize", "--check", "logs"]).exits(3);
    assert_eq!(
        ran.stdout_text(),
        "logs/a.log:1:6: email\nlogs/deep/b.log:2:4: ipv4\n"
    );
    home.run(&["sanitize", "logs"])
        .exits(1)
        .says_in_one_line(&["logs", "folder"]);
}

#[test]
fn a_value_below_its_key_goes() {
    let pretty = "{\n  \"password\": [\n    \"x1-y2\",\n    7\n  ],\n  \"secret\":\n    \"z3\",\n  \"n\": 1.50\n}\n";
    assert_eq!(
        sanitized(&[], pretty),
        "{\n  \"password\": [\n    \"[REDACTED]\",\n    \"[REDACTED]\"\n  ],\n  \"secret\":\n    \"[REDACTED]\",\n  \"n\": 1.50\n}\n"
    );
    let yaml = "env:\n  - name: API_TOKEN\n    value: x1-y2\n  - name: MODE\n    value: fast\npassword: |\n  line one\n  line two\nport: 80\n";
    assert_eq!(
        sanitized(&[], yaml),
        "env:\n  - name: API_TOKEN\n    value: [REDACTED]\n  - name: MODE\n    value: fast\npassword: |\n  [REDACTED]\n  [REDACTED]\nport: 80\n"
    );
    let header = "Authorization:\nBearer\nx1y2z3a4\nAccept: text/html\n";
    assert_eq!(
        sanitized(&[], header),
        "Authorization:\nBearer\n[REDACTED]\nAccept: text/html\n"
    );
    // What a record leaves open ends where the next one begins.
    let log =
        "2026-02-06 12:00:00 cannot read token='x1y2z3a4\n2026-02-06 12:00:01 opened room 12\n";
    assert_eq!(
        sanitized(&[], log),
        "2026-02-06 12:00:00 cannot read token='[REDACTED]\n2026-02-06 12:00:01 opened room 12\n"
    );
}

#[test]
fn a_value_below_its_key_is_found_across_any_read() {
    let home = Home::new();
    let mut input = String::new();
    // Blocks are 256 KiB: objects of growing size put every line of one on an edge.
    for n in 0..6000 {
        let padding = "word ".repeat(n % 23);
        input.push_str(&format!(
            "{{\n  \"message\": \"{padding}\",\n  \"credentials\": [\n    \"x1y2-{n}\",\n    [\n      \"x1y2-{n}\"\n    ]\n  ],\n  \"n\": {n}\n}}\n"
        ));
    }
    home.file("pretty.log", &input);
    let text = home
        .run(&["sanitize", "pretty.log"])
        .succeeds()
        .stdout_text();
    assert_eq!(text.lines().count(), input.lines().count());
    assert!(!text.contains("x1y2"), "a credential is left");
    assert_eq!(text.matches("[REDACTED]").count(), 12_000);
    assert!(text.contains("\"n\": 5999\n"));
}

#[cfg(unix)]
#[test]
fn a_check_looks_behind_links_and_past_what_cannot_be_read() {
    let home = Home::new();
    let secret = home.file("real.log", "password=hunter2x\n");
    home.file("logs/broken.gz", "no gzip at all, password=hunter2x\n");
    std::os::unix::fs::symlink(&secret, home.path("logs/linked.log")).unwrap();
    std::os::unix::fs::symlink("..", home.path("logs/up")).unwrap();
    let ran = home
        .run(&["sanitize", "--check", "missing", "logs"])
        .exits(3);
    let stdout = ran.stdout_text();
    assert!(stdout.contains("linked.log:1:10: secret"), "{stdout}");
    let stderr = ran.stderr_text();
    assert!(stderr.contains("missing"), "{stderr}");
    home.file("clean/a.log", "all is well\n");
    home.run(&["sanitize", "--check", "clean", "missing"])
        .exits(1);
    home.run(&["sanitize", "--check", "clean"]).succeeds();
}
