//! `queue inspect` names each fault of the deployed client that a folder
//! shows, and `queue repair` salvages what can be read.

use std::fs;

use serde_json::Value;

use super::{content, home_with, messages, names};
use crate::support::{Home, Ran, copy_folder, fixture, record_line};

/// A case, the kind of damage in it if there is any, what is said of it, and
/// the records that a repair finds.
struct Case {
    name: &'static str,
    damage: Option<&'static str>,
    exit: i32,
    says: &'static str,
    records: u64,
}

const fn case(
    name: &'static str,
    damage: Option<&'static str>,
    exit: i32,
    says: &'static str,
    records: u64,
) -> Case {
    Case {
        name,
        damage,
        exit,
        says,
        records,
    }
}

const CASES: [Case; 15] = [
    case("torn-tail", Some("torn"), 4, "ends inside a record", 2),
    case(
        "glued",
        Some("glued"),
        4,
        "two records stand in one line",
        3,
    ),
    case(
        "zeroed-queue",
        Some("zeros"),
        4,
        "log_queue.jsonl holds zero bytes",
        2,
    ),
    case(
        "zeroed-meta",
        None,
        4,
        ".queue_meta was replaced without a sync",
        2,
    ),
    case(
        "empty-meta",
        None,
        4,
        ".queue_meta was replaced without a sync",
        2,
    ),
    case("stale-count", None, 4, ".queue_meta is stale", 2),
    case(
        "shifted-count",
        Some("not_json"),
        4,
        "shifts the client's count",
        3,
    ),
    case("two-merges", None, 0, "next merge overwrites the first", 3),
    case(
        "leftover",
        None,
        0,
        ".log_queue_compact.tmp was left by a crash",
        3,
    ),
    case("fatal-not-utf8", None, 0, "bytes that are no UTF-8", 2),
    case("fatal-twice", None, 0, "a fatal record stands twice", 3),
    case(
        "two-processes",
        None,
        0,
        "two processes wrote to this folder",
        4,
    ),
    case("placeholder", None, 0, "reject its whole batch", 3),
    case("null-run-id", None, 0, "an active run has no `run_id`", 2),
    case(
        "not-a-number",
        Some("not_a_number"),
        4,
        "a record holds NaN",
        2,
    ),
];

fn path(case: &Case) -> String {
    fixture("queues").join(case.name).display().to_string()
}

fn inspect(home: &Home, folder: &str, exit: i32) -> Value {
    let args = ["queue", "inspect", folder, "--verify", "--format", "json"];
    let ran = home.run(&args).exits(exit);
    serde_json::from_str(&ran.stdout_text()).expect("JSON")
}

#[test]
fn each_fault_is_named_in_a_table() {
    let home = Home::new();
    for case in &CASES {
        let before = content(&fixture("queues").join(case.name));
        let ran = home.run(&["queue", "inspect", &path(case), "--verify"]);
        let text = ran.exits(case.exit).stdout_text();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(case.says), "{}: {text}", case.name);
        assert!(
            text.contains(case.damage.unwrap_or("")),
            "{}: {text}",
            case.name
        );
        assert_eq!(before, content(&fixture("queues").join(case.name)));
    }
}

#[test]
fn each_fault_is_named_in_json() {
    let home = Home::new();
    for case in &CASES {
        let report = inspect(&home, &path(case), case.exit);
        let faults = report["faults"].to_string();
        assert!(faults.contains(case.says), "{}: {report:#}", case.name);
        let kinds = report["damage"].as_array().expect("an array");
        let kinds = kinds.iter().map(|damage| damage["kind"].as_str());
        assert_eq!(kinds.flatten().next(), case.damage, "{}", case.name);
    }
}

#[test]
fn sessions_that_alternate_are_no_fault_of_ours() {
    let home = Home::new();
    for session in ["s-1", "s-2", "s-1", "s-2"] {
        home.run(&["emit", "hello", "--session", session])
            .succeeds();
    }
    let text = home.run(&["queue", "inspect"]).succeeds().stdout_text();
    assert!(
        text.contains("4 records") && !text.contains("fault"),
        "{text}"
    );
}

#[test]
fn a_repaired_queue_is_sound_and_its_source_untouched() {
    let home = Home::new();
    for case in &CASES {
        let before = content(&fixture("queues").join(case.name));
        let out = home.path(case.name).display().to_string();
        let args = [
            "queue",
            "repair",
            &path(case),
            "--out",
            &out,
            "--format",
            "json",
        ];
        let ran = home.run(&args).exits(case.exit);
        let done: Value = serde_json::from_str(&ran.stdout_text()).expect("JSON");
        assert_eq!(done["records"], case.records, "{}: {done:#}", case.name);
        assert_eq!(before, content(&fixture("queues").join(case.name)));
        let report = inspect(&home, &out, 0);
        assert_eq!(report["damaged"], 0, "{}", case.name);
        home.run(&args)
            .exits(1)
            .says_in_one_line(&[&out, "empty folder"]);
    }
}

#[test]
fn repair_mends_placeholders_and_parts_glued_lines() {
    let home = Home::new();
    let repair = |name: &str| {
        let from = fixture("queues").join(name).display().to_string();
        let out = home.path(name).display().to_string();
        let ran = home.run(&["queue", "repair", &from, "--out", &out, "--format", "json"]);
        let done: Value = serde_json::from_str(&ran.stdout_text()).expect("JSON");
        (done, out)
    };
    let (done, out) = repair("placeholder");
    assert_eq!(done["mended"], 1);
    assert_eq!(inspect(&home, &out, 0)["rejections"], serde_json::json!({}));
    let (done, out) = repair("glued");
    assert_eq!(done["salvaged"], 2);
    let ran = home.run(&["queue", "drain", &out]).succeeds();
    assert_eq!(messages(&ran.stdout_text()), names(1..4));
}

#[test]
fn a_folder_that_may_only_be_read_is_inspected_and_left_alone() {
    let home = home_with(3);
    let copy = home.path("copy");
    copy_folder(&home.queue(), &copy);
    let read_only = |is: bool| {
        let mut permissions = fs::metadata(&copy).expect("a folder").permissions();
        permissions.set_readonly(is);
        fs::set_permissions(&copy, permissions).expect("changed");
    };
    read_only(true);
    let before = content(&copy);
    let report = inspect(&home, &copy.display().to_string(), 0);
    assert_eq!(report["pending"], 3);
    assert_eq!(before, content(&copy));
    read_only(false);
}

#[test]
fn what_is_confirmed_is_counted_and_only_read_to_verify() {
    let home = home_with(4);
    home.run(&["queue", "drain", "-n", "3"]).succeeds();
    let queue = home.queue().display().to_string();
    let report = inspect(&home, &queue, 0);
    assert_eq!(
        (&report["confirmed"], &report["pending"]),
        (&3.into(), &1.into())
    );
    let ran = home.run(&["queue", "inspect", "--records", "--format", "jsonl"]);
    assert_eq!(messages(&ran.succeeds().stdout_text()), names([3]));
}

#[test]
fn an_oversized_record_in_a_long_confirmed_head_is_named() {
    let home = Home::new();
    let big = crate::support::record_line(0).replace("record 0", &"x".repeat(70_000));
    home.file(
        "q/log_queue.jsonl",
        format!("{big}\n{}\n", crate::support::record_line(1)),
    );
    home.file("q/.queue_meta", "{\"confirmed\":1}");
    let queue = home.path("q").display().to_string();
    let faults = inspect(&home, &queue, 0)["faults"].to_string();
    for fault in ["larger than 64 KiB", "reads them again at every drain"] {
        assert!(faults.contains(fault), "{faults}");
    }
}

#[test]
fn what_a_full_queue_drops_is_counted_and_told_by_a_record() {
    let home = Home::new();
    let big = |n| crate::support::record_line(n).replace("record ", &"x".repeat(99_800)) + "\n";
    let text: String = (0..100).map(big).collect();
    home.file("state/queue/log_queue.jsonl", text);
    let new = super::lines(100);
    home.run_with_stdin(&["emit", "--jsonl"], new).succeeds();
    let queue = home.queue();
    let len = fs::metadata(queue.join("log_queue.jsonl"))
        .expect("a file")
        .len();
    assert!(len <= 10_000_000, "{len}");
    let report = inspect(&home, &queue.display().to_string(), 0);
    let dropped = report["dropped"]["records"].as_u64().expect("a number");
    assert!(dropped > 0);
    // One record stands for those that went.
    assert_eq!(report["pending"], 200 - dropped + 1);
    let said = format!("{dropped} records dropped: the queue was full");
    assert_eq!(super::pending(&queue)[0], said);
    let table = home.run(&["queue", "inspect"]).succeeds().stdout_text();
    assert!(
        table.contains(&format!("{dropped} records (0 fatal)")),
        "{table}"
    );
}

#[test]
fn damage_is_the_exit_code_of_all_that_saw_it() {
    let home = Home::new();
    let damaged = fixture("queues").join("glued").display().to_string();
    for flags in [&[] as &[&str], &["--records"], &["--format", "json"]] {
        let args = [&["queue", "inspect", &damaged], flags].concat();
        home.run(&args).exits(4);
    }
    let copy = home.path("copy");
    copy_folder(&fixture("queues").join("glued"), &copy);
    let copy = copy.display().to_string();
    let args = ["queue", "drain", &copy, "--dry-run"];
    assert_eq!(messages(&home.run(&args).exits(4).stdout_text()).len(), 3);
    let args = ["queue", "drain", &copy];
    assert_eq!(messages(&home.run(&args).exits(4).stdout_text()).len(), 3);
    // What was passed over is not there any more.
    home.run(&args).succeeds();
}

#[test]
fn a_line_over_16_mib_is_named_and_what_stands_behind_it_is_read() {
    let home = home_with(2);
    let queue = home.queue().join("log_queue.jsonl");
    let mut bytes = fs::read(&queue).unwrap();
    bytes.extend(vec![b'x'; 17 << 20]);
    bytes.extend(format!("\n{}\n", record_line(2)).into_bytes());
    fs::write(&queue, bytes).unwrap();
    let folder = home.queue();
    let report = inspect(&home, folder.to_str().unwrap(), 4);
    let damage = report["damage"].as_array().unwrap();
    assert_eq!(damage.len(), 1, "{damage:?}");
    assert_eq!(damage[0]["kind"], "too_long");
    assert_eq!(damage[0]["len"], (17 << 20) + 1);
    let drained = home.run(&["queue", "drain"]).exits(4);
    assert_eq!(messages(&drained.stdout_text()), names(0..3));
}

#[test]
fn what_is_shown_of_damage_is_sanitized() {
    let home = Home::new();
    let line = "broken {\"password\":\"hunter2x\", ada@example.com\n";
    home.file("q/log_queue.jsonl", line);
    for command in [
        &["queue", "inspect", "q"][..],
        &["queue", "inspect", "q", "--format", "json"],
        &["queue", "inspect", "q", "--records"],
        &["queue", "repair", "q", "--out", "fixed"],
        &["queue", "drain", "q"],
    ] {
        let ran = home.run(command).exits(4);
        let told = ran.stdout_text() + &ran.stderr_text();
        assert!(told.contains("REDACTED"), "{told}");
        for secret in ["hunter2x", "ada@example.com"] {
            assert!(!told.contains(secret), "{command:?}: {told}");
        }
    }
}

#[test]
fn that_only_a_part_was_looked_at_is_said_once() {
    let (home, queue) = (Home::new(), "state/queue");
    let lines: Vec<String> = (0..5).map(record_line).collect();
    home.run_with_stdin(&["emit", "--jsonl"], lines.join("\n"))
        .succeeds();
    let said = |flags: &[&str]| {
        let args = [&["queue", "inspect", queue], flags].concat();
        home.run(&args).succeeds().stderr_text()
    };
    assert_eq!(said(&[]), "");
    home.run(&["queue", "drain", queue, "-n", "3"]).succeeds();
    assert_eq!(said(&[]).matches("--verify").count(), 1);
    assert_eq!(said(&["--verify"]), "");
    assert_eq!(said(&["--format", "json"]), "");
}

#[test]
fn a_filter_that_would_not_count_is_refused() {
    let home = home_with(2);
    let inspect = ["queue", "inspect", "--level", "error"];
    home.run(&inspect).exits(2).says_in_one_line(&["--records"]);
    home.run(&[&inspect[..], &["--records"]].concat())
        .succeeds();
}
