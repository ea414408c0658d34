//! `soliplex fingerprint`

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::support::{Home, Ran, Server};

/// An error of one kind, in one function, with its own message and line.
fn error(kind: &str, n: usize) -> String {
    let session = n % 3;
    format!(
        r##"{{"timestamp":"2026-02-06T12:{:02}:00.000Z","level":"error","logger":"Http","message":"request failed","error":"{kind}: attempt {n} was refused","stackTrace":"#0      fetch{kind} (package:app/net.dart:{n}:3)\n#1      load (package:app/room.dart:4:1)\n#2      main (package:app/main.dart:9:5)","sessionId":"session-{session}","installId":"install-1","attributes":{{"ratio":1.50,"n":12345678901234567890}}}}"##,
        n % 60
    )
}

/// Ten errors of one kind, five of another, one fatal one, and what is no error.
fn errors() -> String {
    let mut lines = String::new();
    for n in 0..10 {
        let _ = writeln!(lines, "{}", error("SocketException", n));
    }
    for n in 0..5 {
        let _ = writeln!(lines, "{}", error("TimeoutException", n));
    }
    let fatal = error("StateError", 59).replace(r#""error","logger""#, r#""fatal","logger""#);
    let calm = error("Calm", 1).replace(r#""error","logger""#, r#""warning","logger""#);
    let _ = writeln!(lines, "{fatal}\n{calm}\nno record at all");
    lines
}

fn report(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// What is the same wherever errors were counted.
fn groups(report: &Value) -> Vec<(String, u64, u64, u64)> {
    let groups = report["top"].as_array().expect("groups").iter();
    groups
        .map(|group| {
            let number = |key: &str| group[key].as_u64().expect("a number");
            let hash = group["fingerprint"].as_str().expect("a hash").to_owned();
            (
                hash,
                number("count"),
                number("sessions"),
                number("installs"),
            )
        })
        .collect()
}

#[test]
fn errors_are_grouped_by_bug_the_most_frequent_first() {
    let home = Home::new();
    home.file("a.jsonl", errors());
    let ran = home
        .run(&["fingerprint", "a.jsonl", "--format", "json"])
        .succeeds();
    assert!(ran.stderr_text().contains("1 line is no record"));
    let report = report(&ran.stdout_text());
    assert_eq!(
        (&report["errors"], &report["groups"]),
        (&16.into(), &3.into())
    );
    let top = &report["top"][0];
    assert_eq!(top["exceptionType"], "SocketException");
    assert_eq!(top["frames"][0]["function"], "fetchSocketException");
    assert_eq!(top["exemplar"], "SocketException: attempt 0 was refused");
    assert_eq!(top["firstSeen"], "2026-02-06T12:00:00.000Z");
    assert_eq!(top["lastSeen"], "2026-02-06T12:09:00.000Z");
    assert_eq!((&top["sessions"], &top["installs"]), (&3.into(), &1.into()));
    assert_eq!((&top["share"], &top["count"]), (&0.625.into(), &10.into()));
    let counts = top["counts"].as_array().unwrap().iter();
    assert_eq!(counts.map(|count| count.as_u64().unwrap()).sum::<u64>(), 10);
    let top_one = ["fingerprint", "a.jsonl", "--top", "1", "--format", "jsonl"];
    assert_eq!(home.run(&top_one).succeeds().json_lines().len(), 1);
}

#[test]
fn a_file_a_pipe_a_queue_and_a_server_have_the_same_groups() {
    let home = Home::new();
    let errors = errors().replace("no record at all\n", "");
    home.file("a.jsonl", &errors);
    let of = |source: &str, stdin: &str| {
        let flags = ["fingerprint", source, "--format", "json"];
        groups(&report(
            &home.run_with_stdin(&flags, stdin).succeeds().stdout_text(),
        ))
    };
    let expected = of("a.jsonl", "");
    assert_eq!(expected.len(), 3);
    assert_eq!(of("-", &errors), expected);
    home.file("queue/log_queue.jsonl", &errors);
    assert_eq!(of("queue", ""), expected);
    let server = Server::start(&home, &["--no-auth"]);
    let endpoint = server.endpoint();
    home.run(&["upload", "a.jsonl", "--replay", "--endpoint", &endpoint])
        .succeeds();
    assert_eq!(of(&server.url, ""), expected);
    // A question that only the records answer.
    let flags = [
        "fingerprint",
        &server.url,
        "--session",
        "session-1",
        "--format",
        "json",
    ];
    let of_one = report(&home.run(&flags).succeeds().stdout_text());
    assert_eq!(of_one["errors"], 5);
}

#[test]
fn the_table_fits_its_terminal_and_shows_nothing_raw() {
    let home = Home::new();
    let long = error("VeryLongNamedConnectionFailedException", 1)
        .replace(
            "fetch",
            r"\u001b[2Jaltogether_too_long_a_name_for_any_table_",
        )
        .replace(
            "attempt",
            "attempt after attempt after attempt after attempt",
        );
    home.file("a.jsonl", errors() + &long);
    for width in [40, 80, 120] {
        let mut command = home.soliplex();
        command
            .env("COLUMNS", width.to_string())
            .args(["fingerprint", "a.jsonl", "--explain"]);
        let shown = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert!(!shown.contains('\u{1b}'), "{shown}");
        let groups = shown
            .lines()
            .take_while(|line| !line.contains(" errors in "));
        let longest = groups.map(|line| line.chars().count()).max();
        assert!(longest <= Some(width), "{longest:?} of {width}:\n{shown}");
        for needle in [
            "10 × SocketException in",
            "at load (room.dart)",
            "17 errors in 4 groups",
            "█",
        ] {
            assert!(shown.contains(needle), "{needle} at {width}:\n{shown}");
        }
    }
}

#[test]
fn annotating_keeps_every_record_as_it_is_and_adds_the_fingerprint_to_errors() {
    let home = Home::new();
    home.file("a.jsonl", errors());
    let ran = home
        .run(&["fingerprint", "--annotate", "a.jsonl"])
        .succeeds();
    let text = ran.stdout_text();
    assert_eq!(text.lines().count(), 17);
    for (annotated, original) in text.lines().zip(errors().lines()) {
        let is_error = !original.contains(r#""level":"warning""#);
        assert_eq!(annotated.contains("\"fingerprint\""), is_error);
        // What was there is there as before, to the digit.
        let rest = original.strip_suffix('}').unwrap();
        assert!(annotated.starts_with(rest), "{annotated}\n{original}");
    }
    let hashes: Vec<_> = ran.json_lines();
    assert_eq!(hashes[0]["fingerprint"], hashes[9]["fingerprint"]);
    assert_ne!(hashes[0]["fingerprint"], hashes[10]["fingerprint"]);
    let again = home.run_with_stdin(&["fingerprint", "--annotate", "-"], &text);
    assert_eq!(again.succeeds().stdout_text(), text);
}

#[test]
fn a_group_names_the_sessions_in_which_it_happened_last() {
    let home = Home::new();
    let ids =
        ["a", "b", "c", "d", "e"].map(|end| format!("0193f0aa-0000-7000-8000-00000000000{end}"));
    let lines: Vec<_> = [2, 0, 4, 1, 3, 4, 1]
        .into_iter()
        .map(|at: usize| {
            error("StateError", at)
                .replace(&format!("session-{}\"", at % 3), &format!("{}\"", ids[at]))
        })
        .collect();
    home.file("a.jsonl", lines.join("\n"));
    let last = [&ids[4], &ids[3], &ids[2]];
    for source in ["a.jsonl", "-"] {
        let json = ["fingerprint", source, "--format", "jsonl"];
        let ran = home.run_with_stdin(&json, lines.join("\n")).succeeds();
        assert_eq!(ran.json_lines()[0]["lastSessions"], serde_json::json!(last));
    }
    let shown = home
        .run(&["fingerprint", "a.jsonl"])
        .succeeds()
        .stdout_text();
    // As many as fit into a line of 100 columns, each of them whole.
    let line = format!("  last in {}, {}\n", last[0], last[1]);
    assert!(shown.contains(&line), "{shown}");
    let mut narrow = home.soliplex();
    narrow.env("COLUMNS", "20").args(["fingerprint", "a.jsonl"]);
    let shown = narrow.output().unwrap().stdout;
    let shown = String::from_utf8(shown).unwrap();
    assert!(
        shown.contains(&format!("  last in {}\n", last[0])),
        "{shown}"
    );
}

#[test]
fn a_group_that_is_not_in_the_baseline_is_a_finding() {
    let home = Home::new();
    home.file("a.jsonl", errors());
    home.run(&["fingerprint", "a.jsonl", "--write-baseline", "known.json"])
        .succeeds();
    let against = ["fingerprint", "a.jsonl", "--baseline", "known.json"];
    let ran = home.run(&against).succeeds();
    assert!(ran.stdout_text().contains("none is new against the 3"));

    home.file("a.jsonl", errors() + &error("FormatException", 7));
    let ran = home.run(&against).exits(3);
    assert!(ran.stdout_text().contains("FormatException in"));
    assert!(!ran.stdout_text().contains("SocketException"));
    let accept = [
        &against[..],
        &["--write-baseline", "known.json", "--format", "json"],
    ]
    .concat();
    let ran = home.run(&accept).exits(3);
    assert_eq!(
        report(&ran.stdout_text())["new"].as_array().unwrap().len(),
        1
    );
    home.run(&against).succeeds();
    // Known groups stay known although they are not met.
    home.file("a.jsonl", error("FormatException", 8));
    home.run(&accept).succeeds();
    let known = fs::read_to_string(home.path("known.json")).unwrap();
    assert!(known.contains("SocketException in fetchSocketException (net.dart)"));

    let shown = home.run(&["fingerprint", "a.jsonl", "--format", "json"]);
    home.file("report.json", shown.stdout_text());
    home.run(&["fingerprint", "a.jsonl", "--baseline", "report.json"])
        .exits(2)
        .says_in_one_line(&[
            "report.json is no baseline",
            "only the groups at the top",
            "--write-baseline",
        ]);
}

#[test]
fn secrets_in_what_is_shown_are_redacted() {
    let home = Home::new();
    let email = "jane.doe@example.com";
    let with_stack = error("SocketException", 1).replace("attempt 1", email);
    let without = r#"{"level":"error","logger":"A","message":"no mail to MAIL"}"#;
    let lines = [with_stack, without.replace("MAIL", email)].join("\n");
    for flags in [&["--format", "json"][..], &["--explain"], &["--annotate"]] {
        let flags = [&["fingerprint", "-"], flags].concat();
        let shown = home.run_with_stdin(&flags, &lines).succeeds().stdout_text();
        assert!(!shown.contains(email), "{shown}");
    }
}

#[test]
fn what_cannot_be_read_is_told_in_one_line() {
    let home = Home::new();
    home.run(&["fingerprint", "none.jsonl"])
        .exits(1)
        .says_in_one_line(&["cannot open none.jsonl", "No such file"]);
    home.run(&["fingerprint", "http://127.0.0.1:9"])
        .exits(7)
        .says_in_one_line(&["cannot reach http://127.0.0.1:9"]);
    home.file("a.jsonl", errors().replace("no record at all\n", ""));
    home.run(&["fingerprint", "a.jsonl", "--baseline", "none.json"])
        .exits(1)
        .says_in_one_line(&["none.json", "--write-baseline"]);
    home.file("old.json", r#"{"version":"v0","fingerprints":{}}"#);
    home.run(&["fingerprint", "a.jsonl", "--baseline", "old.json"])
        .exits(2)
        .says_in_one_line(&["old.json", "v0", "v1"]);
    home.file("bad.json", "[");
    home.run(&["fingerprint", "a.jsonl", "--baseline", "bad.json"])
        .exits(1)
        .says_in_one_line(&["bad.json is no baseline"]);
    let server = Server::with_tokens(&home, "operator-token-of-the-test\n");
    for command in [
        &["fingerprint"][..],
        &["metrics"],
        &["session", "list"],
        &["tail"],
    ] {
        let flags = [command, &[&server.url]].concat();
        home.run(&flags).exits(6).says_in_one_line(&[
            "wants a token: 401 Unauthorized",
            "SOLIPLEX_OPERATOR_TOKEN",
            "`operator_token_file`",
        ]);
    }
    // It outranks the one that the configuration names.
    let other = home.file("other-token", "the-token-of-another-server\n");
    let settings = format!("operator_token_file = {other:?}");
    let settings = home.file("config.toml", settings);
    let mut command = home.soliplex();
    command
        .env("SOLIPLEX_OPERATOR_TOKEN", "operator-token-of-the-test")
        .env("SOLIPLEX_CONFIG", settings)
        .args(["fingerprint", &server.url]);
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "no errors\n");
}
