//! `soliplex metrics`

use serde_json::Value;

use crate::support::{Home, Ran, Server};

/// A hundred frames of 1 to 100 ms, and a cold start in each of two sessions.
fn measurements() -> String {
    let record = |n: usize, name: &str, ms: usize| {
        format!(
            r#"{{"timestamp":"2026-02-06T12:00:{:02}.000Z","level":"info","logger":"Rum","message":"measured","sessionId":"session-{}","installId":"install-1","attributes":{{"metric":"{name}","ms":{ms}}}}}"#,
            n % 60,
            n % 2
        )
    };
    let frames = (1..=100).map(|ms| record(ms, "frame", ms));
    let starts = [(0, 900), (1, 6_100)].map(|(n, ms)| record(n, "cold_start", ms));
    frames.chain(starts).collect::<Vec<_>>().join("\n") + "\n"
}

fn find<'v>(rows: &'v [Value], name: &str) -> &'v Value {
    let row = rows.iter().find(|row| row["name"] == name);
    row.unwrap_or_else(|| panic!("no {name} in {rows:?}"))
}

#[test]
fn every_source_has_the_same_percentiles() {
    let home = Home::new();
    home.file("a.jsonl", measurements());
    home.file("queue/log_queue.jsonl", measurements());
    let server = Server::start(&home, &["--no-auth"]);
    let endpoint = server.endpoint();
    home.run(&["upload", "a.jsonl", "--replay", "--endpoint", &endpoint])
        .succeeds();
    for source in ["a.jsonl", "queue", "-", &server.url] {
        let flags = ["metrics", source, "--format", "jsonl"];
        let rows = home
            .run_with_stdin(&flags, measurements())
            .succeeds()
            .json_lines();
        let frame = find(&rows, "frame");
        assert_eq!(frame["count"], 100, "{source}");
        assert_eq!(frame["overLimit"], 84);
        for (key, expected) in [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("max", 100.0)] {
            let value = frame[key].as_f64().unwrap();
            assert!((value - expected).abs() <= 0.01 * expected, "{key} {value}");
        }
        assert_eq!(find(&rows, "cold_start")["overLimit"], 1);
    }
}

#[test]
fn a_metric_can_be_picked_and_split() {
    let home = Home::new();
    home.file("a.jsonl", measurements());
    let flags = [
        "metrics",
        "a.jsonl",
        "--metric",
        "cold_start",
        "--by",
        "session",
    ];
    let shown = home.run(&flags).succeeds().stdout_text();
    assert_eq!(shown.lines().count(), 3, "{shown}");
    assert!(
        shown.contains("1 over 5000") && shown.contains('█'),
        "{shown}"
    );
    assert!(
        shown.contains("session-1") && !shown.contains("frame"),
        "{shown}"
    );
    for (by, group) in [("install", "install-1"), ("logger", "Rum")] {
        let flags = ["metrics", "a.jsonl", "--by", by, "--format", "jsonl"];
        let rows = home.run(&flags).succeeds().json_lines();
        let groups: Vec<_> = rows.iter().map(|row| &row["group"]).collect();
        assert_eq!(groups, [group, group]);
    }
    home.file("none.jsonl", "");
    home.run(&["metrics", "none.jsonl"])
        .succeeds()
        .says_in_one_line(&["no record holds a measurement"]);
}

#[test]
fn what_cannot_be_read_is_told_in_one_line() {
    let home = Home::new();
    home.run(&["metrics", "none.jsonl"])
        .exits(1)
        .says_in_one_line(&["cannot open none.jsonl"]);
    home.run(&["metrics", "http://127.0.0.1:9"])
        .exits(7)
        .says_in_one_line(&["cannot reach"]);
    home.run(&["metrics", "--by", "moon"]).exits(2);
}

#[test]
fn the_help_says_what_a_measurement_is_and_how_to_make_one() {
    let home = Home::new();
    let help = home.run(&["metrics", "--help"]).succeeds().stdout_text();
    let example = help.lines().find(|line| line.contains("emit")).unwrap();
    assert_eq!(
        example.trim(),
        "soliplex emit 'started' --attr metric=cold_start --attr ms=812"
    );
    let emit = [
        "emit",
        "started",
        "--attr",
        "metric=cold_start",
        "--attr",
        "ms=812",
    ];
    home.run(&emit).succeeds();
    let rows = home
        .run(&["metrics", "--format", "jsonl"])
        .succeeds()
        .json_lines();
    assert_eq!(find(&rows, "cold_start")["max"], 812.0);
}

#[test]
fn where_a_metric_is_not_there_those_that_are_are_named() {
    let home = Home::new();
    home.file("a.jsonl", measurements());
    home.run(&["metrics", "a.jsonl", "--metric", "nope"])
        .succeeds()
        .says_in_one_line(&["named nope; those there are: cold_start, frame"]);
    home.run(&["metrics", "a.jsonl", "--level", "fatal", "--metric", "nope"])
        .succeeds()
        .says_in_one_line(&["no record holds a measurement"]);
}
