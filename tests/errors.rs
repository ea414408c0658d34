//! Errors are one line that names each thing once.

use std::fs;

use crate::support::{Home, Ran, record_line};

#[test]
fn no_cause_is_told_twice() {
    let home = Home::new();
    let folder = home.path("folder").display().to_string();
    fs::create_dir(&folder).expect("a folder");
    let file = home.file("file", "x").display().to_string();
    home.file("q/log_queue.jsonl/x", "");
    let queue = home.path("q").display().to_string();
    home.file("pictures/screenshots", "");
    let pictures = home.path("pictures").display().to_string();
    let endpoint = ["--endpoint", "http://127.0.0.1:9"];
    for args in [
        &["emit", "m", "--config", &folder] as &[&str],
        &["emit", "m", "--config", &file],
        &["emit", "m", "--state-dir", &file],
        &["emit", "m", "--queue", &file],
        &["emit", "m", "--queue", &queue],
        &["emit", "m", "--stack-trace", &format!("@{folder}")],
        &["emit", "m", "--queue", &pictures, "--screenshot", &folder],
        &["queue", "inspect", &queue],
        &["queue", "drain", &queue],
        &["queue", "repair", &queue, "--out", &file],
        &["run", "--", &folder],
        &["upload", endpoint[0], endpoint[1], "--token-file", &folder],
        &["sanitize", &folder],
        &["tail", &folder, "--no-follow"],
        &["fingerprint", &file, "--baseline", &folder],
    ] {
        let said = home.run(args).stderr_text();
        assert!(!said.is_empty(), "{args:?}");
        for line in said.lines() {
            let mut parts: Vec<&str> = line.split(": ").collect();
            let count = parts.len();
            parts.sort_unstable();
            parts.dedup();
            assert_eq!(parts.len(), count, "{args:?}: {line}");
            assert!(line.matches("os error").count() < 2, "{args:?}: {line}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_stdout_is_named() {
    let home = Home::new();
    home.run_with_stdin(&["emit", "--jsonl"], record_line(1))
        .succeeds();
    let full = fs::File::create("/dev/full").expect("it is there");
    let mut drain = home.soliplex();
    let output = drain.args(["queue", "drain"]).stdout(full).output();
    let output = output.expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cannot write to stdout"), "{said}");
    // What was not printed was not taken out.
    let ran = home.run(&["queue", "drain"]).succeeds();
    assert_eq!(ran.json_lines().len(), 1);
}
