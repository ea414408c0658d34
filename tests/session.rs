//! `soliplex session list` and `show`, on a hundred sessions whose stories are
//! known.

use std::fs;

use serde_json::{Value, json};

use crate::ingest::{batch, post};
use crate::support::{Home, Ran, Server};

/// What happens in a session.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Plot {
    /// Nothing of note.
    Quiet,
    /// The network goes away, and the app falls over.
    FatalOffline,
    /// One kind of error, again and again.
    Refused,
    /// The app takes long to start.
    SlowStart,
    /// The device's queue was full, and the beginning is not there.
    Gaps,
}

const PLOTS: [Plot; 5] = [
    Plot::Quiet,
    Plot::FatalOffline,
    Plot::Refused,
    Plot::SlowStart,
    Plot::Gaps,
];

const SESSIONS: usize = 100;

/// One session: its number decides its plot and its time, and nothing else
/// does.
struct Session(usize);

impl Session {
    fn plot(&self) -> Plot {
        PLOTS[self.0 % PLOTS.len()]
    }

    fn id(&self) -> String {
        format!("session-{:03}", self.0)
    }

    /// The records, each with the seconds since the session's start.
    fn records(&self) -> Vec<Value> {
        let start = self.record(0, "info", "App", "session_start", json!({
            "app_version": "2.4.1", "os_name": "Android", "os_version": "14", "device_model": "Pixel 8",
        }));
        let view = |at| self.record(at, "info", "Router", "opened /rooms", json!({}));
        let network = |at, kind: &str| {
            let attributes = json!({"type": kind, "online": kind != "none"});
            self.record(at, "info", "Connectivity", "network_changed", attributes)
        };
        match self.plot() {
            Plot::Quiet => vec![start, view(2), view(9)],
            Plot::FatalOffline => vec![
                start,
                network(1, "wifi"),
                network(10, "none"),
                view(12),
                self.failure(15, "fatal", "StateError"),
            ],
            Plot::Refused => {
                let mut records = vec![start, view(1)];
                records.extend((2..6).map(|at| self.failure(at, "error", "SocketException")));
                records.push(view(20));
                records
            }
            Plot::SlowStart => {
                let attributes = json!({"metric": "cold_start", "ms": 6200});
                vec![start, self.record(7, "info", "Rum", "measured", attributes)]
            }
            Plot::Gaps => vec![
                view(0),
                self.record(
                    1,
                    "warning",
                    "soliplex.queue",
                    "12 records dropped",
                    json!({"dropped": 12}),
                ),
            ],
        }
    }

    fn record(
        &self,
        at: usize,
        level: &str,
        logger: &str,
        message: &str,
        attributes: Value,
    ) -> Value {
        let minute = self.0 % 60;
        let hour = 10 + self.0 / 60;
        json!({
            "timestamp": format!("2026-02-06T{hour}:{minute:02}:{at:02}.000Z"),
            "level": level,
            "logger": logger,
            "message": message,
            "attributes": attributes,
            "installId": format!("install-{}", self.0 % 7),
            "sessionId": self.id(),
            "userId": format!("user-{:02}", self.0),
            "recordId": format!("r-{}-{at}", self.0),
        })
    }

    fn failure(&self, at: usize, level: &str, kind: &str) -> Value {
        let mut record = self.record(at, level, "Http", "request failed", json!({}));
        record["error"] = json!(format!("{kind}: refused"));
        record["stackTrace"] = json!(
            "#0      fetch (package:app/net.dart:10:3)\n#1      load (package:app/room.dart:4:1)\n"
        );
        record
    }

    /// What `session show` is to conclude.
    fn verdict(&self) -> Vec<String> {
        let hour = 10 + self.0 / 60;
        let minute = self.0 % 60;
        let sentences: Vec<String> = match self.plot() {
            Plot::Quiet => vec!["3 records in 9 s, and no error or warning among them.".into()],
            Plot::FatalOffline => vec![
                "5 records in 15 s: 1 fatal error.".into(),
                format!(
                    "The fatal error: StateError: refused, in fetch, at {hour}:{minute:02}:15 UTC, \
                     15 s after the start, while offline; it is the last record."
                ),
                "19 other sessions have that error too, on 7 installations in all.".into(),
                "Right before it: Router “opened /rooms”.".into(),
                "The device was offline once, for 5 s, and still at the end.".into(),
            ],
            Plot::Refused => vec![
                "7 records in 20 s: 4 errors.".into(),
                format!(
                    "The first error: SocketException: refused, in fetch, at {hour}:{minute:02}:02 UTC, \
                     2 s after the start."
                ),
                "19 other sessions have that error too, on 7 installations in all.".into(),
                "Right before it: Router “opened /rooms”.".into(),
                "All 4 errors are of one kind.".into(),
            ],
            Plot::SlowStart => vec![
                "2 records in 7 s, and no error or warning among them.".into(),
                "Out of line: cold_start 6200 ms, over 5000 ms.".into(),
            ],
            Plot::Gaps => vec![
                "2 records in 1 s: 1 warning.".into(),
                "Missing: there is no session start marker: the beginning may be missing; \
                 the device's queue was full and dropped 12 records."
                    .into(),
            ],
        };
        let nothing = (self.plot() != Plot::Gaps).then(|| "Nothing shows as missing.".to_owned());
        sentences.into_iter().chain(nothing).collect()
    }
}

/// The records of the session with the number 1.
fn one_session() -> String {
    let lines = Session(1).records();
    lines.iter().map(|record| format!("{record}\n")).collect()
}

/// All sessions, their records mixed as a server receives them.
fn all_sessions() -> String {
    let mut records: Vec<Value> = (0..SESSIONS).flat_map(|n| Session(n).records()).collect();
    records.sort_by_key(|record| {
        let place = record["recordId"].as_str().unwrap_or_default();
        place
            .bytes()
            .fold(7_u32, |hash, byte| hash.wrapping_mul(31) ^ u32::from(byte))
    });
    records.iter().map(|record| format!("{record}\n")).collect()
}

#[test]
fn each_of_a_hundred_sessions_is_listed_with_what_it_holds() {
    let home = Home::new();
    home.file("a.jsonl", all_sessions());
    let list = [
        "session", "list", "a.jsonl", "-n", "1000", "--format", "jsonl",
    ];
    let rows = home.run(&list).succeeds().json_lines();
    assert_eq!(rows.len(), SESSIONS);
    for row in rows {
        let id = row["sessionId"].as_str().unwrap();
        let session = Session(id.trim_start_matches("session-").parse().unwrap());
        let records = session.records();
        let at_level = |level: &str| records.iter().filter(|one| one["level"] == level).count();
        assert_eq!(row["records"], records.len(), "{id}");
        assert_eq!(row["errors"], at_level("error"), "{id}");
        assert_eq!(row["fatals"], at_level("fatal"), "{id}");
        assert_eq!(row["start"], records[0]["timestamp"], "{id}");
        assert_eq!(
            row["lastSeen"],
            records[records.len() - 1]["timestamp"],
            "{id}"
        );
    }
    let shown = home
        .run(&["session", "list", "a.jsonl", "--session", "session-001"])
        .succeeds()
        .stdout_text();
    assert!(
        shown.contains("LAST SEEN UTC") && shown.contains("Pixel 8"),
        "{shown}"
    );
    assert_eq!(shown.lines().count(), 2, "{shown}");
}

#[test]
fn each_plot_is_told_with_its_verdict_and_nothing_else() {
    let home = Home::new();
    home.file("a.jsonl", all_sessions());
    for n in [0, 1, 2, 3, 4, 61, 97] {
        let session = Session(n);
        let flags = [
            "session",
            "show",
            &session.id(),
            "a.jsonl",
            "--format",
            "json",
        ];
        let text = home.run(&flags).succeeds().stdout_text();
        let story: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            story["verdict"],
            json!(session.verdict()),
            "{:?}",
            session.plot()
        );
    }
}

#[test]
fn a_session_is_found_by_its_user_and_time_and_several_are_asked_about() {
    let home = Home::new();
    home.file("a.jsonl", all_sessions());
    let of_user = [
        "session",
        "show",
        "a.jsonl",
        "--user",
        "user-01",
        "--at",
        "2026-02-06T10:01:05Z",
    ];
    let shown = home.run(&of_user).succeeds().stdout_text();
    assert!(shown.contains("Session session-001"), "{shown}");
    assert!(shown.contains(&Session(1).verdict()[2]), "{shown}");
    // Of a queue that was pulled off a device one knows the time alone.
    home.file("one.jsonl", one_session());
    let at = ["--at", "2026-02-06T10:01:05Z"];
    for source in [&["one.jsonl"][..], &[]] {
        let show = [&["session", "show"], source, &at].concat();
        let ran = home.run(&[&["--queue", "one.jsonl"], &show[..]].concat());
        let shown = ran.succeeds().stdout_text();
        assert!(shown.contains("Session session-001"), "{shown}");
    }
    let of_many = [
        "session",
        "show",
        "a.jsonl",
        "--user",
        "user-1",
        "--at",
        "2026-02-06T10:15:00Z",
    ];
    let ran = home.run(&of_many).exits(2);
    assert!(ran.stdout_text().contains("session-015"));
    home.run(&["session", "show", "session-00", "a.jsonl"])
        .exits(2)
        .says_in_one_line(&["several sessions start with session-00"]);
}

#[test]
fn a_session_is_found_by_its_installation_or_what_the_device_calls_itself() {
    let home = Home::new();
    let records: Vec<String> = Session(1).records().iter().map(Value::to_string).collect();
    home.file("a.jsonl", records.join("\n"));
    let server = Server::start(&home, &["--no-auth"]);
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let resource = r#""resource":{"device.alias":"calm-falcon-ridge"}"#;
    let body = batch(&records).replace(r#""resource":{}"#, resource);
    assert_eq!(post(&server, None, body).0, 200);
    let show =
        |source: &str, install: &str| home.run(&["session", "show", source, "--install", install]);
    // Only a server knows what a device calls itself.
    for (source, install) in [
        ("a.jsonl", "inst"),
        (&server.url, "inst"),
        (&server.url, "Calm-Falcon-Ridge"),
    ] {
        let shown = show(source, install).succeeds().stdout_text();
        assert!(shown.contains("Session session-001"), "{shown}");
    }
    show("a.jsonl", "elsewhere")
        .exits(1)
        .says_in_one_line(&["no such session", "session list"]);
}

#[test]
fn a_filter_chooses_sessions_which_are_then_told_whole() {
    let home = Home::new();
    let records: Vec<String> = Session(1).records().iter().map(Value::to_string).collect();
    home.file("a.jsonl", records.join("\n"));
    let server = Server::start(&home, &["--no-auth"]);
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    assert_eq!(post(&server, None, batch(&records)).0, 200);
    for source in ["a.jsonl", &server.url] {
        let row = |filter: &[&str]| {
            let list = ["session", "list", source, "--format", "jsonl"];
            let mut rows = home.run(&[&list, filter].concat()).succeeds().json_lines();
            assert_eq!(rows.len(), 1, "{filter:?} of {source}");
            rows.remove(0)
        };
        let (all, chosen) = (row(&[]), row(&["--level", "error"]));
        for key in ["userId", "device", "start", "end", "lastSeen"] {
            assert!(!all[key].is_null());
            assert_eq!(chosen[key], all[key], "{key} of {source}");
        }
        assert!(chosen["records"].as_u64() < all["records"].as_u64());
        assert_eq!(chosen["errors"], all["errors"]);
    }
}

#[test]
fn many_sessions_that_a_filter_chooses_are_told_whole_as_few_are() {
    let home = Home::new();
    home.file("a.jsonl", all_sessions());
    let list = |flags: &[&str]| {
        let list = ["session", "list", "a.jsonl", "--format", "jsonl"];
        home.run(&[&list, flags].concat()).succeeds().json_lines()
    };
    let with_errors = list(&["--level", "error", "-n", "100"]);
    assert!(with_errors.len() > 30, "{} sessions", with_errors.len());
    for session in with_errors {
        let id = session["sessionId"].as_str().unwrap();
        let alone = list(&["--level", "error", "--session", id]);
        assert_eq!(alone.len(), 1);
        assert_eq!(alone[0], session);
        let start = &list(&["--session", id])[0]["start"];
        assert_eq!(&session["start"], start);
    }
}

#[test]
fn a_session_is_found_in_capitals_and_so_is_what_names_none() {
    let home = Home::new();
    let lines = [json!("0193F0AA-B"), json!("0193f0bb-c"), Value::Null].map(|id| {
        let mut record = Session(0).records().remove(0);
        record["sessionId"] = id;
        record.to_string() + "\n"
    });
    home.file("a.jsonl", lines.concat());
    for (id, found) in [
        ("0193f0aa", "0193F0AA-B"),
        ("0193F0BB", "0193f0bb-c"),
        ("(none)", ""),
    ] {
        let flags = ["session", "show", id, "a.jsonl", "--format", "json"];
        let text = home.run(&flags).succeeds().stdout_text();
        let story: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            story["sessionId"].as_str().unwrap_or_default(),
            found,
            "{id}"
        );
    }
}

#[test]
fn what_is_asked_in_the_wrong_order_or_of_several_is_told_without_a_table() {
    let home = Home::new();
    home.file("a.jsonl", all_sessions());
    for args in [&["a.jsonl", "session-001"][..], &["a.jsonl"]] {
        home.run(&[&["session", "show"], args].concat())
            .exits(2)
            .says_in_one_line(&[
                "a.jsonl is a source",
                "session show",
                "session list a.jsonl",
            ]);
    }
    let several = [
        "session", "show", "a.jsonl", "--user", "user-1", "--format", "json",
    ];
    let ran = home.run(&several).exits(2);
    assert_eq!(ran.stdout_text(), "");
    ran.says_in_one_line(&["sessions fit: session-"]);
}

#[test]
fn an_id_that_a_file_has_for_its_name_is_an_id() {
    let home = Home::new();
    home.file("a.jsonl", all_sessions());
    home.run_with_stdin(&["emit", "--jsonl"], all_sessions())
        .succeeds();
    home.file("session-001", "");
    let told = home.run(&["session", "show", "session-001"]).succeeds();
    assert!(told.stdout_text().contains("Session session-001"));
    // A file that names no session stands where the id should.
    home.run(&["session", "show", "a.jsonl"])
        .exits(2)
        .says_in_one_line(&["a.jsonl is a source"]);
}

#[test]
fn what_can_be_read_only_once_is_not_searched_first() {
    let home = Home::new();
    home.run_with_stdin(
        &["session", "show", "--user", "user-1", "-"],
        all_sessions(),
    )
    .exits(2)
    .says_in_one_line(&["read only once", "the session's id"]);
}

#[test]
fn what_names_no_session_has_no_prefix_to_filter_by() {
    let ran = Home::new().run(&["session", "list", "--session", "(none)"]);
    let said = ran.exits(2).stderr_text();
    assert!(said.contains("session show '(none)'"), "{said}");
}

#[test]
fn a_file_beside_a_server_does_not_hide_what_either_says() {
    let home = Home::new();
    let records: Vec<String> = Session(1).records().iter().map(Value::to_string).collect();
    let (first, second) = records.split_at(records.len() / 2);
    home.file("a.jsonl", first.join("\n"));
    let server = Server::start(&home, &["--no-auth"]);
    let second: Vec<&str> = second.iter().map(String::as_str).collect();
    assert_eq!(post(&server, None, batch(&second)).0, 200);
    home.file("all.jsonl", records.join("\n"));
    let row = |sources: &[&str], filter: &[&str]| {
        let list = ["session", "list", "--format", "jsonl"];
        let args = [&list, sources, filter].concat();
        home.run(&args).succeeds().json_lines().remove(0)
    };
    let filter = ["--level", "error"];
    let mixed = row(&["a.jsonl", &server.url], &filter);
    let whole = row(&["all.jsonl"], &[]);
    for key in ["sessionId", "userId", "installId", "device", "start", "end"] {
        assert!(!whole[key].is_null(), "{key}");
        assert_eq!(mixed[key], whole[key], "{key}");
    }
}

#[test]
fn a_whole_id_is_enough_though_others_begin_with_it() {
    let home = Home::new();
    let lines = ["s-10", "s-1", "s-11"].map(|id| {
        let mut record = Session(0).records().remove(0);
        record["sessionId"] = json!(id);
        record.to_string() + "\n"
    });
    home.file("a.jsonl", lines.concat());
    let shown = home.run(&["session", "show", "s-1", "a.jsonl"]).succeeds();
    assert!(shown.stdout_text().starts_with("Session s-1\n"));
}

#[test]
fn a_story_on_a_terminal_has_all_that_is_known_in_order() {
    let home = Home::new();
    let mut records = Session(1).records();
    records[4]["screenshotId"] = json!("shot-1");
    records[4]["breadcrumbs"] = json!([{"message": "opened /rooms", "category": "ui"}]);
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    home.file(
        "a.jsonl",
        lines.join("\n") + "\n{\"sessionId\":\"session-001\",\"mess",
    );
    let shown = home
        .run(&["session", "show", "session-001", "a.jsonl", "--utc"])
        .succeeds();
    let expected = "\
Session session-001
  user         user-01
  installation install-1
  device       Pixel 8, Android 14, app 2.4.1
  start        2026-02-06 10:01:00.000Z, for 15 s

10:01:00.000Z INFO  system  App              session_start app_version=2.4.1 os_name=Android os_version=14 device_model=\"Pixel 8\"
    — online (wifi) from here on
10:01:01.000Z INFO  network Connectivity     network_changed type=wifi online=true
    — offline from here on
10:01:10.000Z INFO  network Connectivity     network_changed type=none online=false
10:01:12.000Z INFO  ui      Router           opened /rooms
10:01:15.000Z FATAL network Http             request failed screenshot=shot-1
    StateError: refused
    #0      fetch (package:app/net.dart:10:3)
    #1      load (package:app/room.dart:4:1)
    1 breadcrumb: ui opened /rooms
    fingerprint FINGERPRINT, in no other session that was read

5 records in 15 s: 1 fatal error.
The fatal error: StateError: refused, in fetch, at 10:01:15.000Z, 15 s after the start, while offline; it is the last record.
No other session that was read has that error.
Right before it: Router “opened /rooms”.
The device was offline once, for 5 s, and still at the end.
Missing: 1 line that names the session is damaged.
";
    let shown = shown.stdout_text();
    let fingerprint = shown
        .split_once("    fingerprint ")
        .and_then(|(_, rest)| rest.get(..12))
        .unwrap_or("none");
    assert_eq!(shown.replace(fingerprint, "FINGERPRINT"), expected);
}

#[test]
fn records_of_the_deployed_client_are_told_once_though_they_have_no_ids() {
    let home = Home::new();
    let queue = crate::support::fixture("queues/deployed-client");
    let queue = queue.to_str().unwrap();
    let server = Server::start(&home, &["--no-auth"]);
    let endpoint = server.endpoint();
    let upload = [
        "upload",
        queue,
        "--replay",
        "--wire",
        "snake",
        "--endpoint",
        &endpoint,
    ];
    // Three of its lines are damaged.
    home.run(&upload).exits(4);
    for sources in [&[queue][..], &[queue, &server.url], &[&server.url, queue]] {
        let flags = [&["session", "show", "5e55", "--format", "jsonl"], sources].concat();
        let moments = home.run(&flags).succeeds().json_lines();
        let message = |moment: &Value| moment["record"]["message"].as_str().unwrap().to_owned();
        let told: Vec<String> = moments.iter().map(message).collect();
        let mut expected: Vec<_> = (1..=6).map(|n| format!("record {n}")).collect();
        expected.push("fatal 8".to_owned());
        assert_eq!(told, expected);
    }
}

#[test]
fn a_device_and_a_server_together_tell_each_record_once() {
    let home = Home::new();
    let session = Session(1);
    let lines: Vec<String> = session.records().iter().map(Value::to_string).collect();
    home.file("sent.jsonl", lines[..3].join("\n"));
    home.file("queue/log_queue.jsonl", lines[2..].join("\n") + "\n");
    let server = Server::start(&home, &["--no-auth"]);
    let endpoint = server.endpoint();
    home.run(&["upload", "sent.jsonl", "--replay", "--endpoint", &endpoint])
        .succeeds();
    let flags = [
        "session",
        "show",
        &session.id(),
        "queue",
        &server.url,
        "--format",
        "json",
    ];
    let text = home.run(&flags).succeeds().stdout_text();
    let story: Value = serde_json::from_str(&text).unwrap();
    let told = story["timeline"].as_array().unwrap().iter();
    let told: Vec<_> = told.map(|moment| &moment["record"]["recordId"]).collect();
    assert_eq!(told, ["r-1-0", "r-1-1", "r-1-10", "r-1-12", "r-1-15"]);
}

#[test]
fn a_page_holds_the_story_and_nothing_that_runs_or_loads() {
    let home = Home::new();
    let mut records = Session(1).records();
    records[3]["message"] = json!("<script>alert(1)</script><img src=x onerror=alert(2)>");
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    home.file("a.jsonl", lines.join("\n"));
    home.run(&[
        "session",
        "show",
        "session-001",
        "a.jsonl",
        "--html",
        "story.html",
    ])
    .succeeds();
    let page = fs::read_to_string(home.path("story.html")).unwrap();
    assert!(page.contains("StateError: refused") && page.contains("Content-Security-Policy"));
    for forbidden in ["<script", "<img src=x", "http://", "https://", "url("] {
        let found = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!found.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn what_cannot_be_told_is_said_in_one_line() {
    let home = Home::new();
    home.file("a.jsonl", all_sessions());
    home.run(&["session", "show", "nobody", "a.jsonl"])
        .exits(1)
        .says_in_one_line(&[
            "no session nobody in a.jsonl",
            "`soliplex session list a.jsonl` shows",
        ]);
    home.run(&["session", "show", "--user", "nobody", "a.jsonl"])
        .exits(1)
        .says_in_one_line(&["`soliplex session list a.jsonl` shows"]);
    home.run(&["session", "show", "", "a.jsonl"]).exits(2);
    home.run(&["session", "show", "--user", ""]).exits(2);
    home.run(&["session", "show", "s", "none.jsonl"])
        .exits(1)
        .says_in_one_line(&["cannot open none.jsonl"]);
    home.run(&["session", "list", "http://127.0.0.1:9"])
        .exits(7)
        .says_in_one_line(&["cannot reach"]);
}

#[test]
fn a_page_holds_the_screenshots_that_lie_beside_the_queue() {
    let home = Home::new();
    let id = "0193f0aa-53a4-7b0e-9d5c-0a4bb77be001";
    let mut record = Session(1).failure(15, "fatal", "StateError");
    record["screenshotId"] = json!(id);
    let mut other = Session(1).failure(16, "error", "StateError");
    other["screenshotId"] = json!("../screenshots/other");
    home.file("queue/log_queue.jsonl", format!("{record}\n{other}\n"));
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 2, 2);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[0; 4]).unwrap();
    writer.finish().unwrap();
    home.file(&format!("queue/screenshots/{id}.png"), &png);
    home.file("queue/screenshots/other.png", &png);
    let show = [
        "session",
        "show",
        "session-001",
        "queue",
        "--html",
        "story.html",
    ];
    home.run(&show).succeeds();
    let page = fs::read_to_string(home.path("story.html")).unwrap();
    assert_eq!(page.matches("<img").count(), 1);
    assert!(page.contains("src=\"data:image/png;base64,"));
}
