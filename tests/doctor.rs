//! `soliplex doctor`

use serde_json::Value;

use crate::fault_server::{Fault, FaultServer};
use crate::support::{Home, Ran, record_line};

fn findings(home: &Home, flags: &[&str], code: i32) -> Vec<Value> {
    let mut args = vec!["doctor", "--format", "json"];
    args.extend(flags);
    let ran = home.run(&args).exits(code);
    let report: Value = serde_json::from_str(&ran.stdout_text()).unwrap();
    report["findings"].as_array().unwrap().clone()
}

fn verdict<'f>(findings: &'f [Value], check: &str, says: &str) -> &'f str {
    let finding = findings.iter().find(|finding| {
        finding["check"] == check && finding["says"].as_str().unwrap().contains(says)
    });
    finding.unwrap_or_else(|| panic!("no {check} {says}: {findings:#?}"))["verdict"]
        .as_str()
        .unwrap()
}

#[test]
fn where_all_is_well_it_says_so() {
    let home = Home::new();
    home.run_with_stdin(&["emit", "--jsonl"], record_line(1))
        .succeeds();
    let server = FaultServer::start(|_| Fault::status(200));
    let found = findings(&home, &["--endpoint", &server.url()], 0);
    assert_eq!(verdict(&found, "queue", "1 record in"), "ok");
    assert_eq!(verdict(&found, "endpoint", "200"), "ok");
    assert_eq!(verdict(&found, "token", "none"), "ok");
    assert_eq!(verdict(&found, "route", "/healthz answers 200"), "ok");
    assert_eq!(verdict(&found, "route", "/api/v1/config/logging"), "ok");
    let text = home
        .run(&["doctor", "--endpoint", &server.url()])
        .succeeds()
        .stdout_text();
    assert!(text.contains("ok"), "{text}");
}

#[test]
fn what_is_in_the_way_is_a_problem_with_a_next_step() {
    let home = Home::new();
    let found = findings(&home, &[], 1);
    assert_eq!(verdict(&found, "endpoint", "--endpoint"), "problem");
    for finding in found {
        let is_ok = finding["verdict"] == "ok";
        assert!(is_ok || finding["next"].is_string(), "{finding}");
    }
    let refusing = FaultServer::start(|_| Fault::status(401));
    let found = findings(&home, &["--endpoint", &refusing.url()], 1);
    assert_eq!(verdict(&found, "endpoint", "401"), "problem");
    home.file("token", "a\nb");
    let found = findings(
        &home,
        &["--endpoint", &refusing.url(), "--token-file", "token"],
        1,
    );
    assert_eq!(verdict(&found, "token", "line end"), "problem");
}

#[test]
fn the_clock_is_compared_with_the_server_and_the_token_judged_by_its_time() {
    let home = Home::new();
    let server = FaultServer::start(|_| Fault::With(200, "date: Fri, 06 Feb 2026 12:00:00 GMT"));
    // {"exp":1770379500}, which is 2026-02-06T12:05:00Z; there is no signature.
    home.file("token", "eyJhbGciOiJub25lIn0.eyJleHAiOjE3NzAzNzk1MDB9.x");
    let found = findings(
        &home,
        &["--endpoint", &server.url(), "--token-file", "token"],
        0,
    );
    assert_eq!(verdict(&found, "clock", "from ours"), "warning");
    assert_eq!(verdict(&found, "token", "exp"), "warning");
}

#[test]
fn a_token_for_another_server_is_a_warning_with_what_to_do_and_is_not_shown() {
    let home = Home::new();
    let server = FaultServer::start(|_| Fault::status(200));
    // {"exp":4102444800,"iss":"https://id.example","aud":"other"}
    let token = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDAsImlzcyI6Imh0dHBzOi8vaWQuZXhhbXBsZSIsImF1ZCI6Im90aGVyIn0.x";
    home.file("token", token);
    home.file(
        "c.toml",
        "issuer = \"https://id.example\"\naudience = \"logs\"\n",
    );
    let url = server.url();
    let ran = home
        .run(&[
            "--config",
            "c.toml",
            "doctor",
            "--endpoint",
            &url,
            "--token-file",
            "token",
            "--format",
            "json",
        ])
        .succeeds();
    let text = ran.stdout_text();
    let report: Value = serde_json::from_str(&text).unwrap();
    let found = report["findings"].as_array().unwrap();
    assert_eq!(
        verdict(found, "token", "the issuer is https://id.example"),
        "ok"
    );
    assert_eq!(
        verdict(
            found,
            "token",
            "the audience is other; the server expects logs"
        ),
        "warning"
    );
    assert!(!text.contains(token));
    let flags = [
        "--endpoint",
        &url,
        "--token-file",
        "token",
        "--audience",
        "other",
    ];
    let found = findings(&home, &flags, 0);
    assert_eq!(verdict(&found, "token", "the audience is other"), "ok");
}

#[test]
fn other_routes_are_asked_for_beside_the_endpoint() {
    let home = Home::new();
    let server = FaultServer::start(|_| Fault::status(200));
    let url = format!("{}/base/api/v1/logs", server.url());
    let found = findings(&home, &["--endpoint", &url], 0);
    for path in [
        "/base/healthz",
        "/base/api/v1/config/logging",
        "/base/api/v1/screenshots",
    ] {
        assert_eq!(verdict(&found, "route", path), "ok");
        assert!(server.was_asked_for(path), "{path}");
    }
}

#[test]
fn records_that_the_deployed_backend_would_refuse_are_named() {
    let home = Home::new();
    home.run_with_stdin(&["emit", "--jsonl"], record_line(1))
        .succeeds();
    let queue = home.queue().join("log_queue.jsonl");
    let bad = record_line(2).replace("\"install-1\"", "null");
    let text = std::fs::read_to_string(&queue).unwrap() + &bad + "\n";
    std::fs::write(&queue, text).unwrap();
    let found = findings(&home, &[], 1);
    assert_eq!(
        verdict(&found, "records", "`install_id` is missing"),
        "warning"
    );
}

#[test]
fn each_setting_is_shown_with_where_it_comes_from() {
    let home = Home::new();
    let server = FaultServer::accepting();
    home.file("token", "some-value");
    let config = home.file(
        "c.toml",
        format!(
            "endpoint = \"{}\"\naudience = \"logs\"\ntoken_file = \"token\"\n",
            server.url()
        ),
    );
    let config = config.to_str().unwrap();
    let found = findings(&home, &["--config", config], 0);
    for says in [
        format!("endpoint {} ({config})", server.url()),
        format!("token file token ({config})"),
        format!("audience logs ({config})"),
        format!(
            "state folder {} (SOLIPLEX_STATE_DIR)",
            home.path("state").display()
        ),
        format!("queue {} (default)", home.queue().display()),
        "telemetry off (default)".to_owned(),
    ] {
        assert_eq!(verdict(&found, "config", &says), "ok");
    }
    let mut command = home.soliplex();
    let args = [
        "--config",
        config,
        "doctor",
        "--queue",
        "q",
        "--token-file",
        "token",
    ];
    command.args(args).env("SOLIPLEX_ENDPOINT", server.url());
    let said = assert_cmd::Command::from_std(command)
        .assert()
        .succeeds()
        .stdout_text();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for says in [
        "(SOLIPLEX_ENDPOINT)",
        "queue q (--queue)",
        "token (--token-file)",
    ] {
        assert!(said.contains(says), "{says}: {said}");
    }
}

#[test]
fn an_endpoint_that_answers_with_a_web_page_is_the_wrong_one() {
    let home = Home::new();
    let server = FaultServer::start(|_| Fault::Html);
    let found = findings(&home, &["--endpoint", &server.url()], 1);
    assert_eq!(verdict(&found, "endpoint", "web page"), "problem");
}

#[test]
fn a_token_that_cannot_be_used_does_not_keep_the_server_from_being_looked_at() {
    let home = Home::new();
    let server = FaultServer::start(|_| Fault::With(401, "date: Fri, 06 Feb 2026 12:00:00 GMT"));
    let flags = ["--endpoint", &server.url(), "--token-file", "missing"];
    let found = findings(&home, &flags, 1);
    assert_eq!(
        verdict(&found, "token", "cannot read the token file missing"),
        "problem"
    );
    assert_eq!(verdict(&found, "endpoint", "401"), "problem");
    assert_eq!(verdict(&found, "clock", "from ours"), "warning");
}

#[test]
fn a_backend_like_the_deployed_one_is_fine_and_its_refusal_of_a_record_is_foreseen() {
    let home = Home::new();
    let server = FaultServer::start(|request| match request.is_post() {
        true => Fault::Answer(200, "{\"accepted\":0}".to_owned()),
        false => Fault::Answer(404, "{\"detail\":\"Not Found\"}".to_owned()),
    });
    let found = findings(&home, &["--endpoint", &server.url()], 0);
    assert_eq!(verdict(&found, "endpoint", "answers 200"), "ok");
    assert_eq!(verdict(&found, "route", "screenshots is not offered"), "ok");
}

#[cfg(target_os = "linux")]
#[test]
fn a_state_folder_that_cannot_be_written_is_a_problem_and_looking_leaves_nothing() {
    let home = Home::new();
    let server = FaultServer::start(|_| Fault::status(200));
    let endpoint = ["--endpoint", &server.url()];
    let found = findings(&home, &endpoint, 0);
    assert_eq!(verdict(&found, "state", "can be written to"), "ok");
    // It was not even made.
    assert_eq!(std::fs::read_dir(home.path("")).unwrap().count(), 0);
    let flags = [&endpoint[..], &["--state-dir", "/proc/self/state"]].concat();
    let found = findings(&home, &flags, 1);
    assert_eq!(
        verdict(&found, "state", "/proc/self/state cannot be written"),
        "problem"
    );
    let flags = [&endpoint[..], &["--queue", "/proc/self/queue"]].concat();
    let found = findings(&home, &flags, 1);
    assert_eq!(
        verdict(&found, "queue", "/proc/self/queue cannot be written"),
        "problem"
    );
}

#[test]
fn rules_that_cannot_be_read_are_found_and_all_else_is_looked_at() {
    let home = Home::new();
    home.file("settings.toml", "[sanitize]\nrules = \"/nonexistent\"\n");
    let server = FaultServer::start(|_| Fault::status(200));
    let flags = ["--config", "settings.toml", "--endpoint", &server.url()];
    let found = findings(&home, &flags, 1);
    let rules = "cannot read the rules /nonexistent";
    assert_eq!(verdict(&found, "sanitizer", rules), "problem");
    assert_eq!(verdict(&found, "endpoint", "200"), "ok");
    let status = ["telemetry", "status"];
    let ran = home.run(&[&status[..], &flags].concat()).succeeds();
    assert!(ran.stdout_text().contains("200"), "{}", ran.stdout_text());
    assert!(ran.stderr_text().contains(rules), "{}", ran.stderr_text());
}

#[cfg(target_os = "linux")]
#[test]
fn the_queue_in_the_state_folder_is_looked_at_too() {
    let home = Home::new();
    let state = home.path("state");
    std::fs::create_dir(&state).unwrap();
    std::os::unix::fs::symlink("/proc/self", state.join("queue")).unwrap();
    let found = findings(&home, &["--state-dir", "state"], 1);
    assert_eq!(verdict(&found, "state", "can be written to"), "ok");
    assert_eq!(verdict(&found, "queue", "cannot be written to"), "problem");
}

#[test]
fn a_file_for_a_queue_is_one_problem() {
    let home = Home::new();
    home.file("a.jsonl", record_line(1));
    let found = findings(&home, &["--queue", "a.jsonl"], 1);
    let is_problem =
        |finding: &&Value| finding["check"] == "queue" && finding["verdict"] == "problem";
    assert_eq!(found.iter().filter(is_problem).count(), 1, "{found:#?}");
}
