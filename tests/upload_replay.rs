//! `soliplex upload --replay`: fixtures sent as if an app had made them.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::fault_server::FaultServer;
use crate::support::{Home, Ran, Server, record_line, wait_until};
use crate::upload::upload;

/// A token that lets a reader in.
const OPERATOR: &str = "operator-token-of-the-test";

#[test]
fn a_fixture_is_replayed_in_order_and_left_untouched() {
    let home = Home::new();
    let lines: Vec<String> = (0..30).map(record_line).collect();
    let fixture = home.file("fixture.jsonl", lines.join("\n") + "\n");
    let before = fs::read(&fixture).unwrap();
    let server = FaultServer::accepting();
    let fixture = fixture.to_str().unwrap();
    upload(
        &home,
        &server,
        &["--replay", fixture, "--expect", "30", "--batch-size", "7"],
    )
    .succeeds();
    let expected: Vec<String> = (0..30).map(|n| format!("record {n}")).collect();
    assert_eq!(server.messages(), expected);
    upload(&home, &server, &["--replay", fixture, "--expect", "31"]).exits(5);
    assert_eq!(fs::read(fixture).unwrap(), before);
    upload(&home, &server, &["--replay", "none.jsonl"])
        .exits(1)
        .says_in_one_line(&["none.jsonl"]);
    upload(&home, &server, &["--replay"]).exits(2);
}

#[test]
fn a_server_with_tokens_is_replayed_from_with_one() {
    let home = Home::new();
    let from = Server::with_tokens(&home, OPERATOR);
    let to = FaultServer::accepting();
    for restamp in ["keep", "shift"] {
        let replay = ["--replay", &from.url, "--restamp", restamp];
        upload(&home, &to, &replay)
            .exits(6)
            .says_in_one_line(&["wants a token", "SOLIPLEX_OPERATOR_TOKEN"]);
        home.file("operator-token", OPERATOR);
        home.file("config.toml", "operator_token_file = \"operator-token\"\n");
        let replay = [&replay[..], &["--config", "config.toml"]].concat();
        upload(&home, &to, &replay).succeeds();
    }
}

#[test]
fn compressed_fixtures_are_replayed_too() {
    let home = Home::new();
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    writeln!(gz, "{}", record_line(1)).unwrap();
    let gz = home.file("a.jsonl.gz", gz.finish().unwrap());
    let zst = home.file(
        "b.jsonl.zst",
        zstd::encode_all(record_line(2).as_bytes(), 1).unwrap(),
    );
    let server = FaultServer::accepting();
    let (gz, zst) = (gz.to_str().unwrap(), zst.to_str().unwrap());
    let replay = ["--replay", gz, zst, "--expect", "2"];
    upload(&home, &server, &replay).succeeds();
    assert_eq!(server.messages(), ["record 1", "record 2"]);
}

#[test]
fn lines_of_a_fixture_that_are_no_records_are_told() {
    let home = Home::new();
    let glued = record_line(2) + &record_line(3);
    let fixture = home.file(
        "fixture.jsonl",
        format!("{}\nno record\n[1]\n{glued}\n", record_line(1)),
    );
    let server = FaultServer::accepting();
    let fixture = fixture.to_str().unwrap();
    let ran = upload(&home, &server, &["--replay", fixture])
        .exits(4)
        .says_in_one_line(&["2 lines held no record", fixture, "not JSON"]);
    let said = ran.stdout_text();
    assert!(said.contains(", 2 damaged lines passed over\n"), "{said}");
    assert_eq!(server.messages(), ["record 1", "record 2", "record 3"]);
    home.run(&["upload", "--replay", fixture, "--dry-run"])
        .exits(4)
        .says_in_one_line(&["2 lines held no record"]);
    // What the server refuses is worse than what never was a record.
    let flags = ["--replay", fixture, "--expect", "4"];
    upload(&home, &server, &flags).exits(5);
}

#[test]
fn a_fixture_without_any_record_is_not_taken_for_one_that_was_sent() {
    let home = Home::new();
    home.file("fixture.jsonl", "no record\n".repeat(2_000));
    home.file("empty.jsonl", "");
    let server = FaultServer::accepting();
    let ran = upload(&home, &server, &["--replay", "fixture.jsonl"])
        .exits(4)
        .says_in_one_line(&["2000 lines held no record"]);
    assert!(ran.stdout_text().starts_with("0 records accepted"));
    upload(&home, &server, &["--replay", "empty.jsonl"]).succeeds();
    assert!(server.requests().is_empty());
}

#[test]
fn a_replay_that_is_interrupted_speaks_of_no_queue() {
    let home = Home::new();
    home.file(
        "fixture.jsonl",
        [record_line(0), record_line(500_000)].join("\n"),
    );
    let server = FaultServer::accepting();
    let endpoint = format!("{}/api/v1/logs", server.url());
    let flags = ["--speed", "original", "--endpoint", &endpoint];
    let mut replay = home.start(&[&["upload", "--replay", "fixture.jsonl"][..], &flags].concat());
    wait_until("the first is sent", || {
        (!server.messages().is_empty()).then_some(())
    });
    replay.signal("INT");
    assert_eq!(replay.ends().code(), Some(1));
    let said = replay.said().join("\n");
    assert!(said.contains("interrupted; not all was sent"), "{said}");
    assert!(!said.contains("queue"), "{said}");
}

#[test]
fn a_replay_can_look_like_a_session_of_just_now() {
    let home = Home::new();
    let lines = [record_line(0), record_line(5_000)];
    home.file("fixture.jsonl", lines.join("\n"));
    let server = FaultServer::accepting();
    upload(
        &home,
        &server,
        &[
            "--replay",
            "fixture.jsonl",
            "--restamp",
            "shift",
            "--new-session",
        ],
    )
    .succeeds();
    let logs = server.requests()[0].logs();
    let time = |n: usize| {
        chrono::DateTime::parse_from_rfc3339(logs[n]["timestamp"].as_str().unwrap()).unwrap()
    };
    assert_eq!((time(1) - time(0)).num_seconds(), 5);
    assert!((chrono::Utc::now() - time(1).to_utc()).num_minutes() < 5);
    assert_ne!(logs[0]["sessionId"], "session-1");
    assert_eq!(logs[0]["sessionId"], logs[1]["sessionId"]);
}

#[test]
fn production_is_not_replayed_to_by_accident() {
    let home = Home::new();
    home.file("fixture.jsonl", record_line(0));
    let config = home.file("config.toml", "production_hosts = [\"127.0.0.1\"]\n");
    let server = FaultServer::accepting();
    let flags = [
        "--config",
        config.to_str().unwrap(),
        "--replay",
        "fixture.jsonl",
    ];
    upload(&home, &server, &flags)
        .exits(2)
        .says_in_one_line(&["127.0.0.1", "--allow-production"]);
    assert!(server.requests().is_empty());
    let flags = [&flags[..], &["--allow-production"]].concat();
    upload(&home, &server, &flags).succeeds();
}
