//! The commands that read, on a terminal: colours, its width, a question.

use std::io::{Read, Write};

use serde_json::json;

use crate::fault_server::{Fault, FaultServer};
use crate::support::Home;

/// Runs the binary on a terminal of so many columns, with these keys typed,
/// and says what was shown and how it ended.
fn on_terminal(home: &Home, columns: u16, keys: &str, args: &[&str]) -> (String, Option<i32>) {
    let (mut ours, theirs) = pty_process::blocking::open().unwrap();
    ours.resize(pty_process::Size::new(50, columns)).unwrap();
    let mut child = pty_process::blocking::Command::new(env!("CARGO_BIN_EXE_soliplex"))
        .args(args)
        .env("HOME", home.path(""))
        .env("SOLIPLEX_STATE_DIR", home.path("state"))
        .env("TERM", "xterm")
        .env_remove("COLUMNS")
        .env_remove("NO_COLOR")
        .current_dir(home.path(""))
        .spawn(theirs)
        .unwrap();
    ours.write_all(keys.as_bytes()).unwrap();
    let mut shown = Vec::new();
    let mut buffer = [0; 4096];
    // A terminal whose last program has gone answers with an error.
    while let Ok(count @ 1..) = ours.read(&mut buffer) {
        shown.extend_from_slice(&buffer[..count]);
    }
    let code = child.wait().unwrap().code();
    (String::from_utf8_lossy(&shown).into_owned(), code)
}

/// A line as it is seen: without the sequences that colour it.
fn seen(line: &str) -> String {
    let mut parts = line.trim_end().split("\u{1b}[");
    let mut seen = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        seen.push_str(part.split_once('m').map_or("", |(_, text)| text));
    }
    seen
}

/// Two sessions of one user, with an error and measurements.
fn records() -> String {
    let mut lines = String::new();
    for session in [
        "0193f0aa-0000-7000-8000-000000000001",
        "0193f0bb-0000-7000-8000-000000000002",
    ] {
        for (at, message) in [
            "opened the list of rooms",
            "slow frame",
            "rooms could not be loaded",
        ]
        .into_iter()
        .enumerate()
        {
            let mut record = json!({
                "timestamp": format!("2026-02-06T12:00:0{at}.000Z"),
                "level": (["info", "info", "error"][at]),
                "logger": "soliplex.http",
                "message": message,
                "attributes": {"metric": "frame", "ms": 40, "path": "/api/v1/rooms", "attempt": at},
                "installId": "install-1",
                "sessionId": session,
                "userId": "user-1",
                "recordId": format!("{session}-{at}"),
            });
            if at == 2 {
                record["error"] = json!(
                    "SocketException: Connection refused, address = api.example.org, port = 443"
                );
                record["stackTrace"] = json!(
                    "#0      RoomRepository._fetch (package:lodge/rooms/a_rather_long_folder/repository.dart:52:22)\n"
                );
            }
            lines.push_str(&format!("{record}\n"));
        }
    }
    lines
}

const COMMANDS: [&[&str]; 6] = [
    &["tail", "a.jsonl", "--no-follow"],
    &["tail", "a.jsonl", "--no-follow", "--utc", "--context", "1"],
    &["session", "list", "a.jsonl"],
    &["session", "show", "0193f0aa", "a.jsonl"],
    &["fingerprint", "a.jsonl", "--explain"],
    &["metrics", "a.jsonl"],
];

#[test]
fn no_line_is_wider_than_the_terminal() {
    let home = Home::new();
    home.file("a.jsonl", records());
    for columns in [80, 140] {
        for command in COMMANDS {
            let (shown, code) = on_terminal(&home, columns, "", command);
            assert_eq!(code, Some(0), "{shown}");
            for line in shown.lines().map(seen) {
                let width = line.chars().count();
                assert!(
                    width <= usize::from(columns),
                    "{command:?}: {width} in {line:?}\n{shown}"
                );
            }
        }
    }
}

#[test]
fn an_id_and_a_heading_are_never_broken() {
    let home = Home::new();
    home.file("a.jsonl", records());
    home.file("queue/log_queue.jsonl", records());
    let ids = [
        "0193f0aa-0000-7000-8000-000000000001",
        "0193f0bb-0000-7000-8000-000000000002",
    ];
    for columns in [20, 40, 80, 100, 140] {
        for command in [
            &["session", "list", "a.jsonl"][..],
            &["metrics", "a.jsonl", "--by", "session"],
            &["queue", "inspect", "queue"],
        ] {
            let (shown, _) = on_terminal(&home, columns, "", command);
            for id in ids {
                assert!(shown.contains(id), "{columns} {command:?}: {shown}");
            }
        }
        let (shown, _) = on_terminal(&home, columns, "", &["session", "list", "a.jsonl"]);
        let table = shown.lines().take(3).map(str::to_owned).collect::<Vec<_>>();
        assert!(table[0].starts_with("SESSION"), "{shown}");
        assert!(table[1].starts_with("0193f0"), "{shown}");
        // Who is short of room is told what is missing.
        let is_whole = table[0].contains("DEVICE");
        assert_eq!(
            is_whole,
            !shown.replace("\r\n", " ").contains("left out"),
            "{shown}"
        );
        assert!(is_whole || columns < 140, "{shown}");
        assert!(!is_whole || columns > 80, "{shown}");
    }
    let (shown, _) = on_terminal(&home, 40, "", &["metrics", "a.jsonl"]);
    assert!(shown.starts_with("METRIC  UNIT"), "{shown}");
}

#[test]
fn colours_are_for_terminals_and_can_be_switched_off() {
    let home = Home::new();
    home.file("a.jsonl", records());
    let tail = ["tail", "a.jsonl", "--no-follow"];
    let (shown, _) = on_terminal(&home, 100, "", &tail);
    assert!(shown.contains("\u{1b}[31mERROR"), "{shown:?}");
    let plain = [&tail[..], &["--color", "never"]].concat();
    let (shown, _) = on_terminal(&home, 100, "", &plain);
    assert!(
        !shown.contains('\u{1b}') && shown.contains("ERROR"),
        "{shown:?}"
    );
    let piped = home.run(&tail).get_output().stdout.clone();
    assert!(!piped.contains(&0x1b));
}

#[test]
fn where_several_sessions_fit_the_person_is_asked() {
    let home = Home::new();
    home.file("a.jsonl", records());
    for ask in [
        ["session", "show", "a.jsonl", "--user", "user-1"],
        ["session", "show", "0193f0", "a.jsonl", "--utc"],
    ] {
        let (shown, code) = on_terminal(&home, 140, "2\n", &ask);
        assert!(shown.contains("which one? (1 to 2)"), "{shown}");
        assert!(
            seen(&shown.replace('\n', " ")).contains("Session 0193f0"),
            "{shown}"
        );
        assert_eq!(code, Some(0), "{shown}");
        let (shown, code) = on_terminal(&home, 140, "\n", &ask);
        assert_eq!(code, Some(2), "{shown}");
    }
}

#[test]
fn an_upload_that_takes_a_while_shows_how_far_it_is() {
    let home = crate::upload::home_with(300);
    // Its pause is what makes it last.
    let server = FaultServer::start(|request| match request.number {
        1 => Fault::With(503, "retry-after: 1"),
        _ => Fault::accept(request),
    });
    let url = server.url();
    let (shown, code) = on_terminal(&home, 100, "", &["upload", "--endpoint", &url]);
    assert_eq!(code, Some(0), "{shown}");
    for part in ["uploading", "/300 records", "kB", "/s", "left"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let lines: Vec<&str> = shown.split(['\r', '\n']).collect();
    assert!(
        lines
            .iter()
            .any(|line| line.ends_with("trying again in 1.0 s")),
        "{shown:?}"
    );
    assert!(
        shown.contains("300 records accepted in 4 requests"),
        "{shown}"
    );
}
