//! What holds of every command that reads: any source will do, memory stays
//! flat, and times are those that were asked for.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use serde_json::{Value, json};

use crate::fault_server::{Fault, FaultServer};
use crate::support::{Home, Ran, Server, record_line};

/// A session with a start marker, a measurement and an error.
fn records() -> String {
    let start = json!({"app_version": "2.4.1", "os_name": "Android", "device_model": "Pixel 8"});
    let measured = json!({"metric": "frame", "ms": 40});
    let records = [
        ("info", "session_start", start),
        ("info", "measured", measured),
        ("error", "request failed", json!({})),
    ];
    let lines = records.into_iter().enumerate().map(|(at, (level, message, attributes))| {
        let mut record = json!({
            "timestamp": format!("2026-02-06T12:00:0{at}.000Z"), "level": level, "logger": "App",
            "message": message, "attributes": attributes, "installId": "install-1",
            "sessionId": "session-1", "userId": "user-1", "recordId": format!("r-{at}"),
        });
        if level == "error" {
            record["error"] = json!("SocketException: refused");
        }
        format!("{record}\n")
    });
    lines.collect()
}

/// Each command with what it says of the records that does not depend on when
/// and where they were received.
const COMMANDS: [(&[&str], &str); 5] = [
    (&["tail", "--no-follow", "--output", "json"], "message"),
    (&["session", "list", "--format", "jsonl"], "records"),
    (
        &["session", "show", "session-1", "--format", "jsonl"],
        "kind",
    ),
    (&["metrics", "--format", "jsonl"], "max"),
    (&["fingerprint", "--annotate"], "fingerprint"),
];

#[test]
fn a_queue_a_file_a_pattern_stdin_and_a_server_read_alike() {
    let home = Home::new();
    home.file("a.jsonl", records());
    home.file("logs/app.log", records());
    home.file("queue/log_queue.jsonl", records());
    let server = Server::start(&home, &["--no-auth"]);
    let endpoint = server.endpoint();
    home.run(&["upload", "a.jsonl", "--replay", "--endpoint", &endpoint])
        .succeeds();
    for (command, key) in COMMANDS {
        let said = |source: &str| -> Vec<Value> {
            let args = [command, &[source]].concat();
            let ran = home.run_with_stdin(&args, records()).succeeds();
            let lines = ran.json_lines();
            lines.iter().map(|line| line[key].clone()).collect()
        };
        let expected = said("a.jsonl");
        assert!(!expected.is_empty() && expected.iter().any(|value| !value.is_null()));
        for source in ["logs/*.log", "queue", "-", &server.url] {
            assert_eq!(said(source), expected, "{command:?} of {source}");
        }
        // All of them together tell each record once.
        let sources = ["logs/*.log", "queue", "-", &server.url, "a.jsonl"];
        let args = [command, &sources].concat();
        let ran = home.run_with_stdin(&args, records()).succeeds();
        let told: Vec<Value> = ran
            .json_lines()
            .iter()
            .map(|line| line[key].clone())
            .collect();
        assert_eq!(told, expected, "{command:?} of all");
    }
}

#[test]
fn a_filter_means_the_same_in_every_command_and_for_every_source() {
    let home = Home::new();
    let other = records()
        .replace("session-1", "other-1")
        .replace("user-1", "somebody")
        .replace("install-1", "device-1")
        .replace("\"r-", "\"q-")
        .replace("\"App\"", "\"Net.Http\"")
        .replace("T12:", "T13:");
    home.file("a.jsonl", records() + &other);
    let server = Server::start(&home, &["--no-auth"]);
    let endpoint = server.endpoint();
    home.run(&["upload", "a.jsonl", "--replay", "--endpoint", &endpoint])
        .succeeds();
    for (filter, expected) in [
        (&["--session", "other"][..], 3),
        (&["--install", "dev"], 3),
        (&["--user", "some"], 3),
        (&["--level", "error"], 2),
        (&["--logger", "net.*"], 3),
        (&["--grep", "SocketExc.*refused$"], 2),
        (&["--attr", "metric"], 2),
        (&["--attr", "device_model=Pixel 8", "--user", "some"], 1),
        (&["--since", "2026-02-06T13:00:01Z"], 2),
        (&["--until", "2026-02-06T12:00:01Z"], 2),
    ] {
        for source in ["a.jsonl", &server.url] {
            let run = |command: &[&str]| {
                let args = [command, &[source], filter].concat();
                home.run(&args).succeeds().json_lines()
            };
            let shown = run(&["tail", "--no-follow", "--output", "json"]);
            assert_eq!(shown.len(), expected, "{filter:?} of {source}");
            let annotated = run(&["fingerprint", "--annotate"]);
            assert_eq!(annotated.len(), expected, "{filter:?} of {source}");
            let sessions = run(&["session", "list", "--format", "jsonl"]);
            let listed = sessions
                .iter()
                .map(|session| session["records"].as_u64().unwrap());
            assert_eq!(
                listed.sum::<u64>(),
                expected as u64,
                "{filter:?} of {source}"
            );
            let is_measured = |record: &&Value| record["attributes"]["metric"].is_string();
            let measured = shown.iter().filter(is_measured).count();
            let rows = run(&["metrics", "--format", "jsonl"]);
            let counted = rows.iter().map(|row| row["count"].as_u64().unwrap());
            assert_eq!(
                counted.sum::<u64>(),
                measured as u64,
                "{filter:?} of {source}"
            );
        }
    }
}

#[test]
fn several_sources_are_told_by_time() {
    let home = Home::new();
    for (name, remainder) in [("a.jsonl", 0), ("b.jsonl", 1), ("queue/log_queue.jsonl", 2)] {
        let lines = (0..30).filter(|n| n % 3 == remainder).map(record_line);
        home.file(name, lines.collect::<Vec<_>>().join("\n") + "\n");
    }
    let args = [
        "tail",
        "queue",
        "b.jsonl",
        "a.jsonl",
        "--no-follow",
        "--output",
        "json",
    ];
    let messages: Vec<_> = home
        .run(&args)
        .succeeds()
        .json_lines()
        .iter()
        .map(|record| record["message"].as_str().unwrap().to_owned())
        .collect();
    let expected: Vec<_> = (0..30).map(|n| format!("record {n}")).collect();
    assert_eq!(messages, expected);
}

/// A file of the size of a large disk, with nothing in it but its last lines.
/// Who reads it from its start does not get there.
#[test]
fn the_last_lines_of_a_huge_file_are_read_from_its_end() {
    let home = Home::new();
    let path = home.file("huge.jsonl", "");
    let mut file = File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(1 << 40)).unwrap();
    let lines: Vec<_> = (0..2_000).map(record_line).collect();
    write!(file, "\n{}\n", lines.join("\n")).unwrap();
    for follow in [&["--no-follow"][..], &["--until-match", "record 1999"]] {
        let args = [
            &["tail", "huge.jsonl", "-n", "100", "--output", "json"],
            follow,
        ]
        .concat();
        let shown = home.run(&args).succeeds().json_lines();
        assert_eq!(shown.len(), 100);
        assert_eq!(shown[0]["message"], "record 1900");
    }
    // What matches may stand further up.
    let args = [
        "tail",
        "huge.jsonl",
        "--no-follow",
        "-n",
        "1",
        "--grep",
        "^record 7$",
    ];
    let shown = home.run(&args).succeeds().stdout_text();
    assert!(shown.contains("record 7"), "{shown}");
}

/// Under a limit of the system's that what is read does not fit under: who
/// kept its lines, let alone its records, would not get through.
#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_what_is_read() {
    const LINES: usize = 8_000;
    const LIMIT_KIB: usize = 10 * 1024;
    let home = Home::new();
    let padding = "x".repeat(1_200);
    let mut file = std::io::BufWriter::new(File::create(home.path("a.jsonl")).unwrap());
    for n in 0..LINES {
        let level = if n % 10 == 0 { "error" } else { "info" };
        let session = format!("session-{}", n % 100);
        let line = record_line(n)
            .replace("info", level)
            .replace("session-1", &session);
        let rest = line.strip_suffix('}').unwrap();
        let attributes = json!({"metric": "frame", "ms": n % 50, "padding": padding});
        writeln!(file, "{rest},\"attributes\":{attributes}}}").unwrap();
    }
    let length = file.into_inner().unwrap().metadata().unwrap().len();
    assert!(length > LIMIT_KIB as u64 * 1024);
    for command in [
        "tail a.jsonl --no-follow --output json",
        "tail a.jsonl --no-follow --context 1",
        "tail - --no-follow --output logfmt <a.jsonl",
        "session list a.jsonl",
        "session show session-0 a.jsonl",
        "session show session a.jsonl",
        "metrics a.jsonl --by session",
        "fingerprint a.jsonl",
        "fingerprint --annotate - <a.jsonl",
    ] {
        let script = format!("ulimit -d {LIMIT_KIB}; exec soliplex {command} >out.txt");
        let output = crate::support::in_shell(&home, &script).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        // Who means too many sessions is told so.
        let is_told = said.starts_with("error: several sessions start with session:");
        assert!(output.status.success() || is_told, "{command}: {said}");
    }
}

#[test]
fn times_are_local_unless_utc_is_asked_for() {
    let home = Home::new();
    home.file("a.jsonl", records());
    let shown = |args: &[&str]| {
        let output = home
            .soliplex()
            .env("TZ", "XXX5")
            .args(args)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let tail = ["tail", "a.jsonl", "--no-follow"];
    assert!(shown(&tail).starts_with("2026-02-06 07:00:00.000 INFO"));
    let utc = [&tail[..], &["--utc"]].concat();
    assert!(shown(&utc).starts_with("2026-02-06 12:00:00.000Z INFO"));
    // A time without a zone is as local as the times that are shown.
    for (since, count) in [
        ("2026-02-06 07:00:02", 1),
        ("2026-02-06T07:00:02", 1),
        ("2026-02-06T12:00:02Z", 1),
        ("2026-02-06 07:00", 3),
        ("2026-02-06", 3),
        ("2026-02-07", 0),
        ("2026-02-06 12:00", 0),
    ] {
        let from = [&tail[..], &["--since", since]].concat();
        let found = shown(&from).matches("2026-02-06 07:00").count();
        assert_eq!(found, count, "{since}");
    }
    // The verdict has the times of the story it sums up.
    let show = ["session", "show", "session-1", "a.jsonl"];
    let story = shown(&show);
    assert!(
        story.contains(" 2026-02-06 07:00:00.000 (-05:00), for ")
            && story.contains("\n07:00:02.000 ERROR")
            && story.contains(", at 07:00:02.000, 2 s after"),
        "{story}"
    );
    let story = shown(&[&show[..], &["--utc"]].concat());
    assert!(story.contains(", at 12:00:02.000Z, 2 s after"), "{story}");
}

#[test]
fn whole_records_in_damaged_lines_are_read_as_the_queue_reads_them() {
    let home = Home::new();
    let queue = |case: &str| format!("{}/fixtures/queues/{case}", env!("CARGO_MANIFEST_DIR"));
    let crash = queue("fatal-not-utf8");
    let flags = ["--no-follow", "--level", "fatal"];
    let shown = home
        .run(&["tail", &crash, flags[0], flags[1], flags[2]])
        .succeeds();
    assert!(
        shown.stdout_text().contains("FATAL"),
        "{}",
        shown.stdout_text()
    );
    let groups = home
        .run(&["fingerprint", &crash, "--format", "json"])
        .succeeds();
    assert_eq!(groups.json_lines()[0]["errors"], 1);
    let glued = queue("glued");
    for shown in [
        home.run(&["tail", &glued, "--no-follow", "--output", "json"]),
        home.run(&["tail", &glued, "--no-follow", "-n", "9", "--output", "json"]),
    ] {
        let shown = shown.succeeds();
        let messages: Vec<_> = shown
            .json_lines()
            .iter()
            .map(|record| record["message"].clone())
            .collect();
        assert_eq!(messages, ["record 1", "record 2", "record 3"]);
    }
}

#[test]
fn what_a_server_says_of_a_request_that_it_declines_is_told() {
    let home = Home::new();
    let told = |status: u16, body: Value, token: &str| {
        let server = FaultServer::start(move |_| Fault::Answer(status, body.to_string()));
        let mut command = home.soliplex();
        command
            .env("SOLIPLEX_OPERATOR_TOKEN", token)
            .args(["tail", "--no-follow", &server.url()]);
        assert_cmd::Command::from_std(command).assert()
    };
    let detail =
        json!({"detail": "ask for localhost,\u{1b}[31m mail bob@example.com not-a-secret"});
    let said = told(421, detail, "not-a-secret")
        .exits(7)
        .says_in_one_line(&["421 Misdirected Request: ask for localhost,"])
        .stderr_text();
    for (unwanted, why) in [
        ("is it the address", "it is that of a log server"),
        ("\u{1b}", "nothing acts on the terminal"),
        ("bob@", "what it says is sanitized"),
        ("not-a-secret", "the token is not shown"),
    ] {
        assert!(!said.contains(unwanted), "{why}: {said}");
    }
    let long = json!({"error": "x".repeat(5_000)});
    let said = told(400, long, "").exits(7).stderr_text();
    assert!(said.len() < 500 && said.contains('…'), "{said}");
    let expired = || json!({"error": "expired"});
    told(401, expired(), "not-a-secret")
        .exits(6)
        .says_in_one_line(&["refused the token: 401 Unauthorized (expired); "]);
    told(401, expired(), "")
        .exits(6)
        .says_in_one_line(&["wants a token: 401 Unauthorized (expired); "]);
    told(404, json!({"detail": "Not Found"}), "")
        .exits(7)
        .says_in_one_line(&["is it the address of one?"]);
}

#[test]
fn what_other_loggers_wrote_is_read_by_every_reader() {
    let home = Home::new();
    let lines = [
        r#"{"level":"error","msg":"m2","err":"BadThing: x","time":"2026-02-06T12:00:00Z","session_id":"s-1","room":7}"#,
        r#"{"level":50,"time":1770379201000,"msg":"pino","session_id":"s-1"}"#,
        r#"{"level":30,"time":1770379202000,"msg":"calm"}"#,
        r#"{"timestamp":"2026-02-06T12:00:03Z","level":"error","message":null,"msg":"beside null"}"#,
        r#"{"neither":"level nor message"}"#,
    ];
    home.file("a.jsonl", lines.join("\n"));
    let tail = ["tail", "a.jsonl", "--no-follow", "--utc"];
    let shown = home.run(&tail).succeeds().stdout_text();
    for part in [
        "2026-02-06 12:00:00.000Z ERROR                  m2 room=7\n    BadThing: x",
        "2026-02-06 12:00:01.000Z ERROR                  pino",
        "2026-02-06 12:00:02.000Z INFO                   calm",
        "neither=\"level nor message\"",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let errors = [&tail[..], &["--level", "error", "--output", "json"]].concat();
    assert_eq!(home.run(&errors).succeeds().json_lines().len(), 3);
    for source in ["a.jsonl", "-"] {
        let groups = ["fingerprint", source, "--format", "json"];
        let ran = home.run_with_stdin(&groups, lines.join("\n")).succeeds();
        let report = ran.json_lines().remove(0);
        let groups = report["top"].as_array().unwrap().iter();
        let mut exemplars: Vec<_> = groups.map(|group| group["exemplar"].clone()).collect();
        exemplars.sort_by_key(Value::to_string);
        assert_eq!(
            exemplars,
            ["BadThing: x", "beside null", "pino"],
            "{source}"
        );
    }
    let list = [
        "session",
        "list",
        "a.jsonl",
        "--session",
        "s-1",
        "--format",
        "jsonl",
    ];
    let session = home.run(&list).succeeds().json_lines().remove(0);
    assert_eq!(
        (&session["records"], &session["errors"]),
        (&2.into(), &2.into())
    );
}
