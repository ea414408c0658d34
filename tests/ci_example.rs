//! The steps of `docs/ci.yml` pass and fail when they should.

use std::fs;
use std::process::Output;

use crate::support::{Home, Server, copy_folder, fixture, in_shell};

const JOBS: &str = include_str!("../docs/ci.yml");

/// The commands of the steps that run this program, each on one line.
fn steps() -> Vec<String> {
    let folded = JOBS.split("run: >-\n").skip(1);
    folded
        .map(|rest| {
            let lines = rest
                .lines()
                .take_while(|line| line.starts_with("          "));
            lines.map(str::trim).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

fn run(home: &Home, staging: &str, step: &str) -> Output {
    in_shell(home, step)
        .env("STAGING", staging)
        .env("STAGING_TOKEN", "an-obviously-made-up-token")
        .output()
        .expect("a shell")
}

#[test]
fn the_replay_fails_when_a_record_is_refused() {
    let [replay, _] = &steps()[..] else {
        panic!("two steps: {:?}", steps());
    };
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let staging = home.path("fixtures/queues/staging");
    copy_folder(&fixture("queues/staging"), &staging);
    let output = run(&home, &server.url, replay);
    assert!(output.status.success(), "{output:?}");
    assert!(home.path("receipt.json").exists());

    let queue = staging.join("log_queue.jsonl");
    let refused = fs::read_to_string(&queue)
        .unwrap()
        .replacen("\"info\"", "\"loud\"", 1);
    fs::write(&queue, refused).unwrap();
    let output = run(&home, &server.url, replay);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
}

#[test]
fn the_check_fails_when_a_secret_was_printed() {
    let [_, leaks] = &steps()[..] else {
        panic!("two steps: {:?}", steps());
    };
    let home = Home::new();
    home.file(
        "build-logs/test.log",
        "test login ... ok\n14 passed in 3.21 s\n",
    );
    let output = run(&home, "", leaks);
    assert!(output.status.success(), "{output:?}");
    home.file(
        "build-logs/more.log",
        "using password=hunter2 for ada@example.com\n",
    );
    let output = run(&home, "", leaks);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        told.contains("more.log") && !told.contains("hunter2"),
        "{told}"
    );
}
