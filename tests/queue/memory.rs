//! `--queue memory:`: for places without a disk.

use serde_json::Value;

use crate::support::{Home, Ran, Server, json_lines};

/// What `run` did that prints a line and ends.
fn run(home: &Home, url: &str) -> String {
    let script = ["sh", "-c", "echo 'all is well'"];
    let flags = ["run", "--queue", "memory:", "--upload", "--endpoint", url];
    let args = [&flags as &[&str], &["--"], &script].concat();
    home.run(&args).succeeds().stderr_text()
}

#[test]
fn a_run_ships_out_of_memory_and_leaves_no_folder() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    home.run(&["telemetry", "enable"]).succeeds();
    let said = run(&home, &server.url);
    assert!(!said.contains("not sent"), "{said}");
    let args = ["tail", &server.url, "--no-follow", "--output", "json"];
    let stored = json_lines(&home.run(&args).succeeds().stdout_text());
    let is_printed = |record: &Value| record["message"] == "all is well";
    assert!(stored.iter().any(is_printed), "{stored:?}");
    assert!(!home.queue().exists());
}

#[test]
fn what_was_not_sent_is_told_when_it_ends() {
    let home = Home::new();
    home.run(&["telemetry", "enable"]).succeeds();
    // A port that nothing listens on: one that was just given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    let said = run(&home, &url);
    assert!(
        said.contains("records not sent: a memory queue ends with the process"),
        "{said}"
    );
}

#[test]
fn emit_prints_what_it_would_have_queued() {
    let home = Home::new();
    let args = [
        "emit",
        "mail bob@example.com",
        "--queue",
        "memory:",
        "--print",
    ];
    let printed = json_lines(&home.run(&args).succeeds().stdout_text());
    assert_eq!(printed.len(), 1);
    assert!(printed[0]["recordId"].is_string());
    assert!(!printed[0].to_string().contains("bob@example.com"));
    assert!(!home.queue().exists());
    assert!(!std::path::Path::new("memory:").exists());
}

#[test]
fn where_nobody_could_read_it_a_memory_queue_is_a_usage_error() {
    let home = Home::new();
    for command in [
        &["emit", "m"] as &[&str],
        &["emit", "m", "--print", "--screenshot", "s.png"],
        &["run", "--", "true"],
        &[
            "run",
            "--upload",
            "--screenshot-command",
            "true",
            "--",
            "true",
        ],
        &["upload"],
        &["queue", "inspect"],
        &["queue", "inspect", "memory:"],
        &["queue", "drain"],
        &["session", "start"],
        &["tail", "--no-follow"],
        &["fingerprint"],
        &["metrics"],
    ] {
        let args = [
            command.split_at(1).0,
            &["--queue", "memory:"],
            command.split_at(1).1,
        ]
        .concat();
        home.run(&args)
            .exits(2)
            .says_in_one_line(&["a memory queue ends with the process", "name a folder"]);
    }
    for command in [&["doctor"] as &[&str], &["telemetry", "status"]] {
        let ran = home.run(&[command, &["--queue", "memory:"]].concat());
        assert!(ran.get_output().status.code() != Some(2));
    }
}
