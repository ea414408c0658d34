//! `soliplex upload --follow`: what wakes it, what it survives, how it ends.

use std::time::{Duration, Instant};

use crate::fault_server::{Fault, FaultServer};
use crate::support::{Home, Ran, Running, in_shell, wait_until};
use crate::upload::{home_with, pending};

/// Follows with an interval so long that only what wakes it makes it ship.
fn follow(home: &Home, server: &FaultServer, flags: &[&str]) -> Running {
    let url = server.url();
    let mut args = vec![
        "upload",
        "--follow",
        "--endpoint",
        &url,
        "--flush-interval",
        "1h",
    ];
    args.extend(flags);
    home.start(&args)
}

fn wait_for_messages(server: &FaultServer, count: usize) {
    wait_until("the records are shipped", || {
        (server.messages().len() >= count).then_some(())
    });
}

#[test]
fn following_ships_errors_at_once_and_the_rest_when_told_to_stop() {
    let home = home_with(3);
    let server = FaultServer::accepting();
    let mut running = follow(&home, &server, &[]);
    wait_until("the backlog is shipped", || {
        (server.messages().len() == 3).then_some(())
    });
    home.run(&["emit", "an error", "--level", "error"])
        .succeeds();
    wait_until("the error is shipped", || {
        (server.messages().len() == 4).then_some(())
    });
    home.run(&["emit", "no error"]).succeeds();
    let start = Instant::now();
    running.signal("TERM");
    assert!(running.ends().success());
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(server.messages().last().unwrap(), "no error");
}

#[test]
fn following_goes_on_when_the_token_file_changes() {
    let home = home_with(3);
    home.file("token", "old-value\n");
    let server = FaultServer::start(|request| match request.header("authorization") {
        Some("Bearer new-value-2") => Fault::accept(request),
        _ => Fault::status(401),
    });
    let mut running = follow(&home, &server, &["--token-file", "token"]);
    wait_until("the token is refused", || {
        (server.requests().len() == 1).then_some(())
    });
    home.file("token", "new-value-2\n");
    wait_until("it goes on", || {
        (server.requests().len() == 2).then_some(())
    });
    running.signal("INT");
    assert!(running.ends().success());
    assert_eq!(pending(&home), 0);
}

#[test]
fn request_times_are_kept_as_it_goes_and_the_servers_level_is_asked_for() {
    let home = home_with(1);
    let server = FaultServer::accepting();
    let url = server.url();
    let running = home.start(&[
        "upload",
        "--follow",
        "--metrics",
        "--endpoint",
        &url,
        "--flush-interval",
        "200ms",
    ]);
    wait_for_messages(&server, 2);
    let metric = &server.requests()[1].logs()[0];
    assert_eq!(metric["attributes"]["metric"], "http_request");
    assert!(metric["attributes"]["ms"].is_number());
    wait_until("the level is asked for", || {
        server
            .was_asked_for("GET /api/v1/config/logging?install=")
            .then_some(())
    });
    drop(running);
}

#[test]
fn a_hang_up_ships_what_is_left() {
    let home = home_with(1);
    let server = FaultServer::accepting();
    let mut running = follow(&home, &server, &[]);
    wait_for_messages(&server, 1);
    home.run(&["emit", "last words"]).succeeds();
    running.signal("HUP");
    assert!(running.ends().success());
    assert_eq!(server.messages()[1], "last words");
    assert_eq!(pending(&home), 0);
}

#[test]
fn a_hang_up_that_it_was_started_to_ignore_ends_nothing() {
    let home = home_with(1);
    let server = FaultServer::accepting();
    let script = format!(
        "trap '' HUP; exec {} upload --follow --flush-interval 1h --endpoint {}",
        env!("CARGO_BIN_EXE_soliplex"),
        server.url()
    );
    let mut running = Running::of(&mut in_shell(&home, &script));
    wait_for_messages(&server, 1);
    running.signal("HUP");
    // The first might still go with the last flush of one that ends.
    for count in [2, 3] {
        home.run(&["emit", "after it", "--level", "error"])
            .succeeds();
        wait_for_messages(&server, count);
    }
    assert!(!running.has_ended());
    running.signal("TERM");
    assert!(running.ends().success());
}

#[test]
fn what_is_queued_is_shipped_before_the_process_is_suspended() {
    let home = home_with(1);
    let server = FaultServer::accepting();
    let mut running = follow(&home, &server, &[]);
    wait_for_messages(&server, 1);
    home.run(&["emit", "before the pause"]).succeeds();
    running.signal("TSTP");
    wait_for_messages(&server, 2);
    // It may stop itself at any time from now on.
    running.signal("TERM");
    wait_until("it goes on and ends", || {
        running.signal("CONT");
        running.has_ended().then_some(())
    });
    assert!(running.ends().success());
    assert_eq!(server.messages(), ["record 0", "before the pause"]);
}
