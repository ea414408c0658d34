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

#[cfg(unix)]
#[test]
fn a_small_file_that_has_no_end_is_read_up_to_its_limit() {
    let home = Home::new();
    home.file("a.jsonl", record_line(1));
    home.file("settings.toml", "operator_token_file = \"/dev/zero\"\n");
    let secret = home.file("secret", crate::support::SECRET);
    let serve = ["ingest", "serve", "--listen", "127.0.0.1:0"];
    let serving = |flags: &[&'static str]| [&serve, flags].concat();
    for args in [
        vec!["emit", "m", "--config", "/dev/zero"],
        vec!["emit", "m", "--stack-trace", "@/dev/zero"],
        vec!["sanitize", "a.jsonl", "--rules", "/dev/zero"],
        vec!["sanitize", "a.jsonl", "--pseudonymize", "/dev/zero"],
        vec!["fingerprint", "a.jsonl", "--baseline", "/dev/zero"],
        vec!["tail", "a.jsonl", "--config", "settings.toml"],
        serving(&["--jwt-secret-file", "/dev/zero"]),
        serving(&["--jwt-public-key", "/dev/zero"]),
        serving(&["--no-auth", "--logging-config", "/dev/zero"]),
        serving(&[
            "--no-auth",
            "--tls-cert",
            "/dev/zero",
            "--tls-key",
            "a.jsonl",
        ]),
        serving(&["--no-auth", "--otlp-header", "x=@/dev/zero"]),
        [
            &serve[..],
            &["--jwt-secret-file", secret.to_str().expect("UTF-8")],
            &["--operator-token-file", "/dev/zero"],
        ]
        .concat(),
    ] {
        let ran = home.run(&args);
        assert_ne!(ran.get_output().status.code(), Some(0), "{args:?}");
        ran.says_in_one_line(&["/dev/zero", "larger than", "name the right one"]);
    }
}
