//! Disks that are full, and files that are not what they should be.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use assert_cmd::assert::Assert;

use super::{lines, pending};
#[cfg(target_os = "linux")]
use crate::support::SmallDisk;
#[cfg(target_os = "linux")]
use crate::support::browser::skip;
use crate::support::{DEADLINE, Home, Ran};

/// Runs the binary in a shell that first says something of its own.
#[cfg(unix)]
fn run_in_shell(home: &Home, first: &str, args: &[&str], stdin: &str) -> Assert {
    let soliplex = home.soliplex();
    let mut shell = Command::new("sh");
    shell.env_clear();
    for (key, value) in soliplex.get_envs() {
        value.map(|value| shell.env(key, value));
    }
    // What `tests/coverage` wants written is no part of what is limited here.
    shell.env("LLVM_PROFILE_FILE", "/dev/null");
    shell.args(["-c", &format!("{first}; exec \"$0\" \"$@\"")]);
    shell.arg(soliplex.get_program()).args(args);
    assert_cmd::Command::from_std(shell)
        .write_stdin(stdin)
        .timeout(DEADLINE)
        .assert()
}

/// Every line of the queue file but a torn last one is a record.
fn assert_not_glued(queue: &Path) {
    let text = fs::read_to_string(queue.join("log_queue.jsonl")).expect("UTF-8");
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for line in whole.lines() {
        assert!(
            serde_json::from_str::<serde_json::Value>(line).is_ok(),
            "{line}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_limit_on_file_sizes_is_an_error_and_not_the_end() {
    let home = Home::new();
    let args = ["emit", "--jsonl"];
    // 16 blocks of 512 or 1024 bytes, as the shell counts.
    let ran = run_in_shell(&home, "ulimit -f 16", &args, &lines(500));
    ran.exits(1)
        .says_in_one_line(&["log_queue.jsonl", "too large"]);
    home.run_with_stdin(&args, lines(3)).succeeds();
    assert_not_glued(&home.queue());
    assert!(pending(&home.queue()).ends_with(&super::names(0..3)));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_nothing_and_work_goes_on_when_there_is_room() {
    let home = Home::new();
    let Some(disk) = SmallDisk::mount(home.path("disk"), "64k") else {
        return skip("a small disk needs the right to mount one");
    };
    let queue = disk.path.join("queue");
    let args = ["emit", "--jsonl", "--queue", queue.to_str().expect("UTF-8")];
    home.run_with_stdin(&args, lines(50)).succeeds();
    let filler = disk.path.join("filler");
    let _ = fs::write(&filler, vec![b'x'; 64 * 1024]);
    for _ in 0..3 {
        let ran = home.run_with_stdin(&args, lines(500)).exits(1);
        ran.says_in_one_line(&["log_queue.jsonl", "No space left", "free some space"]);
        assert_not_glued(&queue);
    }
    assert!(pending(&queue).starts_with(&super::names(0..50)));
    fs::remove_file(filler).expect("removed");
    home.run_with_stdin(&args, lines(3)).succeeds();
    assert_not_glued(&queue);
    let drain = ["queue", "drain", queue.to_str().expect("UTF-8")];
    let drained = super::messages(&home.run(&drain).succeeds().stdout_text());
    assert!(drained.starts_with(&super::names(0..50)));
    assert!(drained.ends_with(&super::names(0..3)));
    assert!(pending(&queue).is_empty());
}

#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_refused_and_its_target_untouched() {
    let home = Home::new();
    let target = home.file("target", "precious");
    let queue = home.path("q");
    for name in ["log_queue.jsonl", ".queue_lock", ".queue_meta"] {
        for kind in ["link", "hard link", "pipe"] {
            // The meta is never written through its name, only replaced.
            if name == ".queue_meta" && kind == "hard link" {
                continue;
            }
            let _ = fs::remove_dir_all(&queue);
            fs::create_dir(&queue).expect("a folder");
            let file = queue.join(name);
            match kind {
                "link" => symlink(&target, &file).expect("a link"),
                "hard link" => fs::hard_link(&target, &file).expect("a link"),
                _ => assert!(
                    Command::new("mkfifo")
                        .arg(&file)
                        .status()
                        .expect("runs")
                        .success()
                ),
            }
            let at = queue.to_str().expect("UTF-8");
            let command = match name {
                ".queue_meta" => vec!["queue", "drain", at],
                _ => vec!["emit", "m", "--queue", at],
            };
            home.run(&command)
                .exits(1)
                .says_in_one_line(&[name, kind, "refused"]);
        }
    }
    assert_eq!(
        fs::read_to_string(&target).expect("it is there"),
        "precious"
    );
}

#[cfg(unix)]
#[test]
fn a_linked_folder_is_refused() {
    let home = Home::new();
    let target = home.path("target");
    fs::create_dir(&target).expect("a folder");
    symlink(&target, home.path("q")).expect("a link");
    for at in ["q", "q/"] {
        let ran = home.run(&["emit", "m", "--queue", at]).exits(1);
        ran.says_in_one_line(&["q", "a symbolic link", "refused"]);
    }
    assert_eq!(fs::read_dir(target).expect("a folder").count(), 0);
}

#[cfg(unix)]
#[test]
fn files_are_private_whatever_the_umask_is() {
    let home = Home::new();
    let queue = home.path("q");
    let at = queue.to_str().expect("UTF-8");
    for args in [
        &["emit", "m", "--queue", at] as &[&str],
        &["emit", "m", "--queue", at, "--level", "fatal"],
        &["queue", "drain", at, "-n", "1"],
        &["emit", "m", "--queue", at, "--level", "fatal"],
        &["queue", "drain", at, "--grep", "m", "-n", "1"],
    ] {
        run_in_shell(&home, "umask 000", args, "").succeeds();
    }
    let mode = |path: &Path| {
        fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(&queue), 0o700);
    for entry in fs::read_dir(&queue).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
