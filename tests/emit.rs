//! `soliplex emit`

use std::fs;

use serde_json::Value;

use crate::support::{Home, Ran, json_lines, record_line};

#[test]
fn a_message_becomes_a_whole_record() {
    let home = Home::new();
    home.run(&[
        "emit",
        "sign-in failed",
        "--level",
        "warning",
        "--logger",
        "Auth",
        "--attr",
        "status=401",
        "--attr",
        "view=home",
        "--attr",
        "cause=null",
        "--error",
        "AuthException: no",
        "--session",
        "session-1",
        "--user",
        "u-1",
    ])
    .succeeds();
    let records = home.queued();
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!(record["message"], "sign-in failed");
    assert_eq!(record["level"], "warning");
    assert_eq!(record["logger"], "Auth");
    assert_eq!(record["attributes"]["status"], 401);
    assert_eq!(record["attributes"]["view"], "home");
    assert_eq!(record["attributes"].get("cause"), Some(&Value::Null));
    assert_eq!(record["error"], "AuthException: no");
    assert_eq!(record["sessionId"], "session-1");
    assert_eq!(record["userId"], "u-1");
    let install_id = fs::read_to_string(home.path("state/install_id")).unwrap();
    assert_eq!(record["installId"], install_id.trim());
    assert_eq!(record["recordId"].as_str().unwrap().len(), 36);
}

#[test]
fn nothing_unsanitized_reaches_the_disk_or_the_terminal() {
    let home = Home::new();
    let secrets = ["bob@example.com", "hunter2-hunter2", "eyJhbGciOi"];
    let ran = home
        .run(&[
            "emit",
            "mail bob@example.com",
            "--print",
            "--attr",
            "password=hunter2-hunter2",
            "--stack-trace",
            "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.abcdefghijk",
            "--user",
            "bob@example.com",
            "--session",
            "s",
        ])
        .succeeds();
    let disk = fs::read_to_string(home.queue().join("log_queue.jsonl")).unwrap();
    for secret in secrets {
        assert!(!disk.contains(secret), "{secret} in {disk}");
        assert!(!ran.stdout_text().contains(secret), "{secret} in stdout");
    }
    assert_eq!(ran.stdout_text(), disk);
}

#[test]
fn each_line_of_stdin_becomes_a_record() {
    let home = Home::new();
    let ran = home
        .run_with_stdin(
            &["emit", "--stdin", "--logger", "app", "--session", "s"],
            "one\n\ntwo \u{1f642}\r\nlast without newline",
        )
        .succeeds();
    assert_eq!(ran.stderr_text(), "3 records queued\n");
    let messages: Vec<Value> = home
        .queued()
        .iter()
        .map(|record| record["message"].clone())
        .collect();
    assert_eq!(messages, ["one", "two \u{1f642}", "last without newline"]);
}

#[test]
fn records_of_jsonl_keep_what_they_say() {
    let home = Home::new();
    let line = r#"{"zeta":1.10,"timestamp":"2026-02-06T12:00:00.000Z","level":"info","logger":"A","message":"m","install_id":"i","recordId":"r-1","attributes":{"big":123456789012345678901234567890}}"#;
    home.run_with_stdin(&["emit", "--jsonl", "--session", "s"], line)
        .succeeds();
    let disk = fs::read_to_string(home.queue().join("log_queue.jsonl")).unwrap();
    let expected = line.replace("install_id", "installId");
    let expected = expected.strip_suffix('}').unwrap();
    assert_eq!(disk, format!("{expected},\"sessionId\":\"s\"}}\n"));
}

#[test]
fn a_fatal_record_goes_to_its_own_file() {
    let home = Home::new();
    home.run(&["emit", "down", "--level", "fatal"]).succeeds();
    let fatal = fs::read_to_string(home.queue().join("log_queue_fatal.jsonl")).unwrap();
    assert_eq!(json_lines(&fatal)[0]["level"], "fatal");
}

#[test]
fn bad_lines_are_named_and_cost_the_good_ones_nothing() {
    let home = Home::new();
    let input = format!(
        "{}\nnot json\n[1]\n{{\"message\":7}}\n{}\n",
        record_line(1),
        record_line(2)
    );
    let ran = home.run_with_stdin(&["emit", "--jsonl"], input).exits(1);
    for complaint in [
        "line 2: not JSON",
        "line 3: not a JSON object but an array",
        "line 4: `message` should be a text, not a number",
        "3 of 5 lines are no records",
    ] {
        let stderr = ran.stderr_text();
        assert!(stderr.contains(complaint), "{complaint} is not in {stderr}");
    }
    assert_eq!(home.queued().len(), 2);
}

#[test]
fn a_record_over_64_kib_is_cut_and_stays_valid() {
    let home = Home::new();
    let long = "é".repeat(100_000);
    let ran = home
        .run_with_stdin(&["emit", "--stdin", "--session", "s"], long)
        .succeeds();
    let said = ran.stderr_text();
    assert!(said.contains("1 record over 64 KiB: 13"), "{said}");
    assert!(said.contains("1 record queued"), "{said}");
    let disk = fs::read(home.queue().join("log_queue.jsonl")).unwrap();
    assert!(disk.len() <= 65_537, "{}", disk.len());
    let record = &home.queued()[0];
    assert!(
        record["message"]
            .as_str()
            .unwrap()
            .ends_with("…[truncated]")
    );
    assert_eq!(record["sessionId"], "s");
}

#[test]
fn a_million_bytes_of_records_keep_their_order_on_every_core() {
    let home = Home::new();
    let lines: String = (0..10_000).map(|n| record_line(n) + "\n").collect();
    home.run_with_stdin(&["emit", "--jsonl"], lines.as_str())
        .succeeds();
    let records = home.queued();
    assert_eq!(records.len(), 10_000);
    for (n, record) in records.iter().enumerate() {
        assert_eq!(record["message"], format!("record {n}"));
    }
}

#[test]
fn records_on_a_pipe_that_stays_open_are_stored_as_they_come() {
    use std::io::Write;
    let home = Home::new();
    let mut emit = home.soliplex();
    emit.args(["emit", "--jsonl"])
        .stdin(std::process::Stdio::piped());
    let mut emit = emit.spawn().unwrap();
    let mut stdin = emit.stdin.take().unwrap();
    for n in 0..3 {
        stdin.write_all((record_line(n) + "\n").as_bytes()).unwrap();
        crate::support::wait_until("the record is stored", || {
            (home.queued().len() == n + 1).then_some(())
        });
    }
    drop(stdin);
    assert!(emit.wait().unwrap().success());
}

#[test]
fn a_key_that_a_reader_of_json_keeps_for_itself_alters_nothing() {
    let home = Home::new();
    let odd = r#""x":{"$serde_json::private::Number":"1"}}"#;
    let whole = record_line(1).replacen('}', &format!(",{odd}"), 1);
    home.run_with_stdin(&["emit", "--jsonl"], whole.as_str())
        .succeeds();
    let disk = fs::read_to_string(home.queue().join("log_queue.jsonl")).unwrap();
    assert!(disk.contains(odd.trim_end_matches('}')), "{disk}");
    // Without its keys a record has to be taken apart.
    let ran = home.run_with_stdin(&["emit", "--jsonl"], format!("{{\"message\":\"m\",{odd}"));
    let said = ran.exits(1).stderr_text();
    assert!(said.contains("line 1: a key starts with"), "{said}");
}

#[test]
fn a_queue_that_is_a_file_is_told_in_one_line() {
    let home = Home::new();
    let file = home.file("not-a-folder", "keep me");
    home.run(&["emit", "m", "--queue", file.to_str().unwrap()])
        .exits(1)
        .says_in_one_line(&["not-a-folder"]);
    assert_eq!(fs::read_to_string(file).unwrap(), "keep me");
}

#[test]
fn usage_errors_exit_with_2() {
    let home = Home::new();
    home.run(&["emit"]).exits(2);
    home.run(&["emit", "m", "--level", "loud"]).exits(2);
    home.run(&["emit", "m", "--attr", "novalue"]).exits(2);
    home.run(&["emit", "m", "--stack-trace", "@missing.txt"])
        .exits(1)
        .says_in_one_line(&["missing.txt"]);
}

#[test]
fn ids_of_traces_are_checked_and_files_without_end_are_not_read() {
    let home = Home::new();
    for (flag, value, says) in [
        ("--trace-id", "zzz", "32 hexadecimal digits"),
        (
            "--span-id",
            "4bf92f3577b34da6a3ce929d0e0e4736",
            "16 hexadecimal digits",
        ),
    ] {
        let ran = home.run(&["emit", "m", flag, value]).exits(2);
        assert!(ran.stderr_text().contains(says), "{}", ran.stderr_text());
    }
    home.run(&["emit", "m", "--stack-trace", "@/dev/zero"])
        .exits(1)
        .says_in_one_line(&["/dev/zero", "larger than"]);
    home.run(&["emit", "m", "--screenshot", "/dev/zero"])
        .succeeds()
        .says_in_one_line(&["no screenshot", "/dev/zero", "larger than"]);
    home.run_with_stdin(&["emit", "--jsonl"], "\n{\n").exits(1);
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_its_owners_alone_whatever_the_mask() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let soliplex = env!("CARGO_BIN_EXE_soliplex");
    let script = format!("umask 000; {soliplex} emit hello");
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", &script])
        .env("HOME", home.path(""))
        .env("SOLIPLEX_STATE_DIR", home.path("state"));
    assert!(command.status().unwrap().success());
    let mode = |path: &str| fs::metadata(home.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("state"), 0o700);
    for entry in fs::read_dir(home.path("state")).unwrap().flatten() {
        let expected = if entry.path().is_dir() { 0o700 } else { 0o600 };
        let found = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(found, expected, "{:?}", entry.path());
    }
}

#[test]
fn records_that_drive_older_ones_out_of_the_queue_are_told() {
    let home = Home::new();
    let text = "x".repeat(1_000);
    let lines: Vec<String> = (0..12_000)
        .map(|n| format!(r#"{{"message":"{n} {text}"}}"#))
        .collect();
    let ran = home
        .run_with_stdin(&["emit", "--jsonl"], lines.join("\n"))
        .succeeds()
        .says_in_one_line(&[
            "warning: 12000 records queued; ",
            " older ones were dropped: the queue holds 10 MB; ",
            "`soliplex upload --replay FILE`",
        ]);
    let said = ran.stderr_text();
    let dropped = said.split("; ").nth(1).unwrap();
    let dropped: usize = dropped.split(' ').next().unwrap().parse().unwrap();
    // One record stands for those that were dropped.
    assert_eq!(home.queued().len(), 12_000 - dropped + 1);
    // They were dropped before, and by others.
    let ran = home.run_with_stdin(&["emit", "--jsonl"], r#"{"message":"m"}"#);
    assert_eq!(ran.succeeds().stderr_text(), "1 record queued\n");
}

#[test]
fn a_record_is_worth_more_than_the_id_of_its_installation() {
    let home = Home::new();
    home.file("state", "no folder");
    home.run(&["--queue", "q", "emit", "m"])
        .succeeds()
        .says_in_one_line(&["warning", "install id", "--state-dir", "SOLIPLEX_STATE_DIR"]);
    let records = json_lines(&fs::read_to_string(home.path("q/log_queue.jsonl")).unwrap());
    assert_eq!(records[0]["installId"].as_str().unwrap().len(), 36);
}
