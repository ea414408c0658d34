//! The files that a command writes: a name typed wrong costs nobody a log.

use std::fs;

use crate::support::{Home, Ran};

const LOG: &str = r#"{"timestamp":"2026-02-06T12:00:00.000Z","level":"error","logger":"A","message":"m","error":"E: x","sessionId":"s-1"}
"#;

/// A home with a log, a note of a person's, and a queue.
fn home() -> Home {
    let home = Home::new();
    home.file("a.jsonl", LOG);
    home.file("other.jsonl", LOG);
    home.file("queue/log_queue.jsonl", LOG);
    home.file("notes.txt", "call Jane\n");
    home
}

#[test]
fn a_file_that_is_read_or_of_another_kind_is_not_written_over() {
    let home = home();
    let before = |name: &str| fs::read(home.path(name)).unwrap();
    let [log, notes] = ["a.jsonl", "notes.txt"].map(before);
    let letters = r#"{"record":{"message":"m"},"status":422,"reason":"r","time":"t"}"#;
    home.file("queue/dead_letter.jsonl", letters);
    for (command, flag) in [
        (&["fingerprint", "a.jsonl"][..], "--write-baseline"),
        (&["session", "show", "s-1", "a.jsonl"], "--html"),
        (&["upload", "queue"], "--export"),
    ] {
        let run = |target: &str| home.run(&[command, &[flag, target]].concat());
        for target in [
            "./a.jsonl",
            "other.jsonl",
            "notes.txt",
            "queue/log_queue.jsonl",
        ] {
            run(target)
                .exits(2)
                .says_in_one_line(&[flag, target, "would replace", "such as"]);
        }
        run("-").exits(2).says_in_one_line(&[flag, "stdout"]);
        assert!(!home.path("-").exists());
        // What is there of the same kind gives way, and so does an empty file.
        home.file("empty", "");
        run("empty").succeeds();
        run("empty").succeeds();
        assert!(fs::metadata(home.path("empty")).unwrap().len() > 0);
    }
    let queue = ["upload", "queue", "--export", "queue/dead_letter.jsonl"];
    home.run(&queue)
        .exits(2)
        .says_in_one_line(&["would replace what is read"]);
    assert_eq!(["a.jsonl", "notes.txt"].map(before), [log, notes]);
    assert_eq!(before("queue/log_queue.jsonl"), LOG.as_bytes());
}

#[test]
fn what_is_no_baseline_is_never_named_as_the_place_for_one() {
    let home = home();
    home.file("baseline.json", "[");
    for (named, offered) in [
        (
            "other.jsonl",
            "`soliplex fingerprint other.jsonl --write-baseline baseline.json`",
        ),
        (
            "notes.txt",
            "`soliplex fingerprint SOURCE --write-baseline baseline.json`",
        ),
        ("baseline.json", "--write-baseline new-baseline.json`"),
    ] {
        home.run(&["fingerprint", "a.jsonl", "--baseline", named])
            .exits(1)
            .says_in_one_line(&[named, "is no baseline", offered]);
    }
    home.run(&["fingerprint", "a.jsonl", "--baseline", "other.jsonl"])
        .exits(1)
        .says_in_one_line(&["looks like a log"]);
}
