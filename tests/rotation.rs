//! `soliplex tail` through rotation by the real logrotate.

use std::path::PathBuf;
use std::process::Command;

use crate::support::browser::skip;
use crate::support::{Home, append_line, record_line};

fn logrotate() -> Option<PathBuf> {
    [
        "/usr/sbin/logrotate",
        "/sbin/logrotate",
        "/usr/local/sbin/logrotate",
    ]
    .into_iter()
    .map(PathBuf::from)
    .find(|path| path.exists())
}

/// Follows a log that is rotated thrice so, and expects each record once.
fn follows_through(mode: &str) {
    let Some(logrotate) = logrotate() else {
        skip("there is no logrotate (Debian's package of that name)");
        return;
    };
    let home = Home::new();
    let log = home.file("logs/app.log", "");
    let config = home.file(
        "rotate.conf",
        format!("{} {{\n rotate 5\n {mode}\n}}\n", log.display()),
    );
    let flags = ["tail", log.to_str().unwrap(), "--output", "json", "-v"];
    let tail = home.start(&flags);
    append_line(&log, &record_line(0));
    let mut shown = vec![tail.prints("record 0")];
    for round in 1..4 {
        let ran = Command::new(&logrotate)
            .args(["-f", "-s"])
            .arg(home.path("state"))
            .arg(&config)
            .output()
            .unwrap();
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
        for n in 0..5 {
            append_line(&log, &record_line(round * 10 + n));
        }
        // What is cut away before it was read is in no file that is followed.
        for n in 0..5 {
            shown.push(tail.prints(&format!("record {}\"", round * 10 + n)));
        }
    }
    assert_eq!(tail.printed(), Vec::<String>::new(), "told twice");
    assert_eq!(shown.len(), 16);
}

#[test]
fn a_log_that_is_renamed_and_made_anew() {
    follows_through("create");
}

#[test]
fn a_log_that_is_copied_and_cut() {
    follows_through("copytruncate");
}

#[test]
fn a_log_whose_former_files_are_compressed() {
    follows_through("create\n compress");
    follows_through("create\n compress\n delaycompress");
}
