//! `soliplex upload`, against a server that misbehaves.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use assert_cmd::assert::Assert;
use serde_json::{Value, json};

use crate::fault_server::{Fault, FaultServer, Request};
use crate::support::{Home, Ran, Server, json_lines, record_line, wait_until};

/// A home whose queue holds so many records.
pub(crate) fn home_with(records: usize) -> Home {
    let home = Home::new();
    enqueue(&home, 0..records);
    home
}

pub(crate) fn enqueue(home: &Home, numbers: impl Iterator<Item = usize>) {
    let lines: Vec<String> = numbers.map(record_line).collect();
    home.run_with_stdin(&["emit", "--jsonl"], lines.join("\n"))
        .succeeds();
}

pub(crate) fn upload(home: &Home, server: &FaultServer, flags: &[&str]) -> Assert {
    let url = server.url();
    let mut args = vec!["upload", "--endpoint", &url];
    args.extend(flags);
    home.run(&args)
}

/// How many records would still be sent.
pub(crate) fn pending(home: &Home) -> u64 {
    let ran = home
        .run(&["upload", "--dry-run", "--format", "json"])
        .succeeds();
    let plan: Value = serde_json::from_str(&ran.stdout_text()).unwrap();
    let requests = plan["requests"].as_array().unwrap();
    requests
        .iter()
        .map(|request| request["records"].as_u64().unwrap())
        .sum()
}

pub(crate) fn dead_letters(home: &Home) -> Vec<Value> {
    let path = home.queue().join("dead_letter.jsonl");
    json_lines(&fs::read_to_string(path).unwrap_or_default())
}

/// How many records a server was sent, each counted once.
fn server_took(server: &FaultServer) -> usize {
    let messages: BTreeSet<String> = server.messages().into_iter().collect();
    messages
        .iter()
        .filter(|message| *message != "record 7")
        .count()
}

fn receipt(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The deployed backend: snake_case, and 422 for the whole batch.
fn fastapi(request: &Request) -> Fault {
    let mut detail = Vec::new();
    for (index, log) in request.logs().iter().enumerate() {
        for key in [
            "timestamp",
            "level",
            "logger",
            "message",
            "install_id",
            "session_id",
        ] {
            let loc = json!(["body", "logs", index, key]);
            match log.get(key) {
                None => detail.push(json!({"type": "missing", "loc": loc, "msg": "Field required"})),
                Some(value) if !value.is_string() => detail.push(
                    json!({"type": "string_type", "loc": loc, "msg": "Input should be a valid string"}),
                ),
                Some(_) => {}
            }
        }
    }
    if detail.is_empty() {
        Fault::accept(request)
    } else {
        Fault::Answer(422, json!({ "detail": detail }).to_string())
    }
}

#[test]
fn a_queue_is_shipped_in_batches_and_empty_afterwards() {
    let home = home_with(250);
    let server = FaultServer::accepting();
    let path = home.path("receipt.json");
    let ran = upload(&home, &server, &["--receipt", path.to_str().unwrap()]).succeeds();
    assert!(
        ran.stdout_text()
            .starts_with("250 records accepted in 3 requests ("),
        "{}",
        ran.stdout_text()
    );
    let expected: Vec<String> = (0..250).map(|n| format!("record {n}")).collect();
    assert_eq!(server.messages(), expected);
    assert_eq!(pending(&home), 0);
    let receipt = receipt(&path);
    assert_eq!(receipt["accepted"], 250);
    assert_eq!(receipt["requests"].as_array().unwrap().len(), 3);
    assert_eq!(receipt["requests"][2]["status"], 200);
    assert_eq!(receipt["requests"][2]["records"], 50);
    for key in ["latency_ms_p50", "latency_ms_p99"] {
        assert!(receipt[key].as_f64().unwrap() > 0.0, "{key}");
    }
    for (key, value) in [("sent", 250), ("duplicates", 0), ("rejected", 0)] {
        assert_eq!(receipt[key], value, "{key}");
    }
    for (key, value) in [("dead_lettered", 0), ("batches", 3), ("attempts", 3)] {
        assert_eq!(receipt[key], value, "{key}");
    }
    let request = &server.requests()[0];
    assert!(request.head.starts_with("POST /api/v1/logs "));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("authorization"), None);
    upload(&home, &server, &[]).succeeds();
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn what_was_sent_is_accounted_for_although_the_token_goes_away_meanwhile() {
    let home = home_with(150);
    let token = home.file("token", "file-token-value\n");
    let server = FaultServer::start(move |request| {
        let _ = fs::remove_file(&token);
        Fault::accept(request)
    });
    let path = home.path("receipt.json");
    let flags = ["--token-file", "token", "--receipt", path.to_str().unwrap()];
    let ran = upload(&home, &server, &flags).exits(2);
    assert!(ran.stdout_text().starts_with("100 records accepted"));
    assert_eq!(receipt(&path)["accepted"], 100);
    assert_eq!(pending(&home), 50);
    let shipped = fs::read_to_string(home.path("state/shipped.json")).unwrap();
    let shipped: Value = serde_json::from_str(&shipped).unwrap();
    assert!(shipped["last_upload"].is_string() && shipped["last_error"].is_string());
}

#[test]
fn an_upload_of_nothing_is_no_last_upload() {
    let home = home_with(0);
    let server = FaultServer::accepting();
    upload(&home, &server, &[]).succeeds();
    let path = home.path("state/shipped.json");
    assert!(!path.exists());
    enqueue(&home, 0..1);
    let refusing = FaultServer::start(|_| Fault::status(404));
    upload(&home, &refusing, &[]).exits(7);
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.contains("\"last_upload\":null") && text.contains("404"),
        "{text}"
    );
    upload(&home, &server, &[]).succeeds();
    assert!(!fs::read_to_string(&path).unwrap().contains("null"));
}

#[test]
fn a_small_queue_that_a_wrong_server_refuses_is_not_buried_unless_asked() {
    let home = home_with(3);
    let server = FaultServer::start(|_| Fault::status(422));
    upload(&home, &server, &[])
        .exits(1)
        .says_in_one_line(&["refused 3 records with 422", "--bury-all"]);
    assert_eq!(pending(&home), 3);
    assert!(dead_letters(&home).is_empty());
    upload(&home, &server, &["--bury-all"]).exits(5);
    assert_eq!(pending(&home), 0);
    assert_eq!(dead_letters(&home).len(), 3);
}

#[test]
fn a_refused_token_is_one_request_and_exit_6() {
    for status in [401, 403] {
        let home = home_with(150);
        let server = FaultServer::start(move |_| Fault::status(status));
        upload(&home, &server, &[])
            .exits(6)
            .says_in_one_line(&[&status.to_string(), "token"]);
        assert_eq!(server.requests().len(), 1);
        assert_eq!(pending(&home), 150);
    }
}

#[test]
fn a_missing_endpoint_is_one_request_and_exit_7() {
    let home = home_with(3);
    let server = FaultServer::start(|_| Fault::status(404));
    upload(&home, &server, &[])
        .exits(7)
        .says_in_one_line(&["404", "endpoint"]);
    assert_eq!(server.requests().len(), 1);
    assert_eq!(pending(&home), 3);
}

#[test]
fn a_server_that_is_not_there_is_exit_7_and_costs_nothing() {
    let home = home_with(3);
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}");
    let ran = home
        .run(&["upload", "--endpoint", &url, "--attempts", "1"])
        .exits(7)
        .says_in_one_line(&["cannot connect", "nothing is lost"]);
    // Nothing has left the machine, which is what is said.
    assert_eq!(
        ran.stdout_text(),
        "0 records accepted; 1 attempt to connect failed\n"
    );
    let flags = ["--attempts", "1", "--format", "json"];
    let ran = home.run(&[&["upload", "--endpoint", &url][..], &flags].concat());
    let result = &ran.exits(7).json_lines()[0];
    for (key, value) in [("attempts", 1), ("unconnected", 1), ("bytes", 0)] {
        assert_eq!(result[key], value, "{key}");
    }
    assert_eq!(pending(&home), 3);
}

#[test]
fn unclear_answers_confirm_nothing() {
    type Faulty = fn(&Request) -> Fault;
    let faults: [(Faulty, &str); 5] = [
        (|_| Fault::Html, "web page"),
        (|_| Fault::Bomb, "not JSON"),
        (|_| Fault::Reset, "the connection failed"),
        (|_| Fault::Cut, "cut off"),
        (
            |_| Fault::Answer(200, "{\"accepted\":".to_owned()),
            "not JSON",
        ),
    ];
    for (fault, says) in faults {
        let home = home_with(3);
        let server = FaultServer::start(fault);
        upload(&home, &server, &["--attempts", "1"])
            .exits(7)
            .says_in_one_line(&[says]);
        assert_eq!(pending(&home), 3);
    }
}

#[test]
fn what_failed_is_sent_again_unchanged_after_a_pause() {
    let home = home_with(3);
    let server = FaultServer::start(|request| match request.number {
        0 => Fault::With(503, "retry-after: 1"),
        _ => Fault::accept(request),
    });
    upload(&home, &server, &[]).succeeds();
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].body, requests[1].body);
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(1));
}

#[test]
fn what_a_server_says_is_shown_with_its_status_and_without_secrets() {
    let home = home_with(1);
    let busy = r#"{"error":"no room for bob@example.com, sent by 203.0.113.7"}"#;
    let server = FaultServer::start(move |request| match request.number {
        0 => Fault::Answer(503, busy.to_owned()),
        _ => Fault::Answer(422, busy.replace("no room for", "bad record of")),
    });
    let flags = ["--attempts", "3", "--bury-all", "--receipt", "receipt.json"];
    let ran = upload(&home, &server, &flags).exits(5);
    let said = ran.stderr_text();
    let retried = "the server answered 503 (no room for [REDACTED], sent by [REDACTED]); trying";
    assert!(said.contains(retried), "{said}");
    assert!(said.contains("422 bad record of [REDACTED]"), "{said}");
    let kept =
        format!("{:?}", dead_letters(&home)) + &receipt(&home.path("receipt.json")).to_string();
    assert!(
        kept.contains("bad record of") && !kept.contains("example.com"),
        "{kept}"
    );
    enqueue(&home, 0..1);
    let server = FaultServer::start(move |_| Fault::Answer(403, busy.to_owned()));
    upload(&home, &server, &[])
        .exits(6)
        .says_in_one_line(&["403 (no room for [REDACTED]"]);
    let doctor = home.run(&["doctor", "--endpoint", &server.url()]).exits(1);
    let found = doctor.stdout_text();
    assert!(
        found.contains("[REDACTED]") && !found.contains("bob@"),
        "{found}"
    );
}

#[test]
fn a_redirect_is_not_followed_and_takes_no_token_elsewhere() {
    let home = home_with(3);
    home.file("token", "secret-of-ours\n");
    let elsewhere = FaultServer::accepting();
    let location = format!("location: {}/secret-of-ours", elsewhere.url());
    let location: &'static str = location.leak();
    let server = FaultServer::start(move |_| Fault::With(307, location));
    let flags = ["--attempts", "1", "--token-file", "token"];
    let ran = upload(&home, &server, &flags)
        .exits(7)
        .says_in_one_line(&["redirects to"]);
    assert!(!ran.stderr_text().contains("secret-of-ours"));
    assert!(elsewhere.requests().is_empty());
    assert_eq!(pending(&home), 3);
}

#[test]
fn an_answer_without_end_is_read_no_further_than_64_kib() {
    let home = home_with(3);
    let server = FaultServer::start(|_| Fault::Endless);
    upload(&home, &server, &["--attempts", "1"]).exits(7);
    // What the sockets between them hold comes on top.
    assert!(server.written() < 8 << 20, "{} bytes", server.written());
    assert_eq!(pending(&home), 3);
}

#[test]
fn an_answer_that_takes_for_ever_ends_at_the_timeout() {
    let home = home_with(3);
    let server = FaultServer::start(|_| Fault::Drip);
    upload(&home, &server, &["--attempts", "1", "--timeout", "1s"]).exits(7);
    assert_eq!(pending(&home), 3);
}

#[test]
fn the_deployed_backend_gets_snake_case_and_loses_only_the_bad_record() {
    let home = home_with(99);
    let bad = r#"{"timestamp":"2026-02-06T12:00:00.000Z","level":"error","logger":"Old","message":"placeholder","installId":null,"sessionId":null}"#;
    let queue = home.queue().join("log_queue.jsonl");
    let text = fs::read_to_string(&queue).unwrap() + bad + "\n";
    fs::write(&queue, text).unwrap();
    let server = FaultServer::start(fastapi);
    let ran = upload(&home, &server, &[]).exits(5);
    assert!(
        ran.stdout_text().contains("99 records accepted"),
        "{}",
        ran.stdout_text()
    );
    assert_eq!(server.requests().len(), 3);
    let letters = dead_letters(&home);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["record"]["message"], "placeholder");
    assert_eq!(letters[0]["status"], 422);
    assert!(
        letters[0]["reason"]
            .as_str()
            .unwrap()
            .contains("install_id")
    );
    assert_eq!(pending(&home), 0);
}

#[test]
fn the_wire_can_be_fixed() {
    let home = home_with(1);
    let server = FaultServer::accepting();
    upload(&home, &server, &["--wire", "snake"]).succeeds();
    let log = &server.requests()[0].logs()[0];
    assert_eq!(log["install_id"], "install-1");
    assert!(log.get("installId").is_none());
}

#[test]
fn one_bad_record_in_a_hundred_costs_at_most_14_requests() {
    let home = home_with(100);
    let server = FaultServer::start(|request| {
        let is_bad = request
            .logs()
            .iter()
            .any(|log| log["message"] == "record 37");
        if is_bad {
            Fault::status(400)
        } else {
            Fault::accept(request)
        }
    });
    upload(&home, &server, &[]).exits(5);
    assert!(
        server.requests().len() <= 14,
        "{} requests",
        server.requests().len()
    );
    assert_eq!(dead_letters(&home)[0]["record"]["message"], "record 37");
    assert_eq!(pending(&home), 0);
}

#[test]
fn dead_letters_can_be_exported_and_sent_again() {
    let home = home_with(10);
    let strict = FaultServer::start(|request| {
        let rejected: Vec<Value> = request
            .logs()
            .iter()
            .enumerate()
            .filter(|(_, log)| ["record 3", "record 4"].contains(&log["message"].as_str().unwrap()))
            .map(|(index, _)| json!({"index": index, "reason": "not today"}))
            .collect();
        Fault::Answer(
            200,
            json!({"accepted": request.logs().len() - rejected.len(), "rejected": rejected})
                .to_string(),
        )
    });
    upload(&home, &strict, &[]).exits(5);
    let inspected = home.run(&["queue", "inspect"]).succeeds().stdout_text();
    assert!(
        inspected.contains("2 dead letters: 200 not today"),
        "{inspected}"
    );
    let json = ["queue", "inspect", "--format", "json"];
    let report = home.run(&json).succeeds().json_lines().remove(0);
    assert_eq!(report["dead_letter_reasons"]["200 not today"], 2);
    let target = home.path("letters.jsonl");
    upload(&home, &strict, &["--export", target.to_str().unwrap()]).succeeds();
    assert_eq!(json_lines(&fs::read_to_string(&target).unwrap()).len(), 2);
    upload(&home, &strict, &["--dead-letter"]).exits(5);
    assert_eq!(dead_letters(&home).len(), 2);
    let kind = FaultServer::accepting();
    upload(&home, &kind, &["--dead-letter"]).succeeds();
    assert_eq!(kind.messages(), ["record 3", "record 4"]);
    assert!(dead_letters(&home).is_empty());
}

#[test]
fn what_a_weaker_client_queued_is_sanitized_before_it_is_sent() {
    let home = home_with(1);
    let queue = home.queue().join("log_queue.jsonl");
    let raw = record_line(7).replace("record 7", "mail to bob@example.com");
    let text = fs::read_to_string(&queue).unwrap() + &raw + "\n";
    fs::write(&queue, text).unwrap();
    let server = FaultServer::accepting();
    upload(&home, &server, &[]).succeeds();
    let sent = server.messages();
    assert_eq!(sent.len(), 2);
    assert!(!sent[1].contains("bob@example.com"), "{sent:?}");
}

#[test]
fn a_dry_run_shows_the_batches_and_what_the_deployed_backend_would_reject() {
    let home = home_with(150);
    let queue = home.queue().join("log_queue.jsonl");
    let bad = record_line(7).replace("\"session-1\"", "null");
    let text = fs::read_to_string(&queue).unwrap() + &bad + "\n";
    fs::write(&queue, text).unwrap();
    let before = fs::read(&queue).unwrap();
    let shown = home.run(&["upload", "--dry-run"]).succeeds().stdout_text();
    assert!(
        shown.contains("151 records would go in 2 requests"),
        "{shown}"
    );
    assert!(shown.contains("`session_id` is missing"), "{shown}");
    assert_eq!(fs::read(&queue).unwrap(), before);
}

#[test]
fn lines_that_are_no_record_are_in_the_account_with_what_to_do() {
    let home = Home::new();
    let nan = record_line(1).replace("\"record 1\"", "NaN");
    let glued = record_line(2) + &record_line(3);
    let torn = &record_line(5)[..60];
    let lines = [record_line(0), nan, glued, record_line(4), torn.to_owned()];
    home.file("state/queue/log_queue.jsonl", lines.join("\n"));
    let flags = ["--format", "json", "--receipt", "receipt.json"];
    let dry = home.run(&["upload", "--dry-run", "--format", "json"]);
    let plan: Value = serde_json::from_str(&dry.succeeds().stdout_text()).unwrap();
    assert_eq!(
        (&plan["damaged"], &plan["salvaged"]),
        (&json!(3), &json!(2))
    );
    let server = FaultServer::accepting();
    let ran = upload(&home, &server, &flags)
        .succeeds()
        .says_in_one_line(&["queue inspect", "--verify", "queue repair"]);
    let account: Value = serde_json::from_str(&ran.stdout_text()).unwrap();
    assert_eq!(account["accepted"], 4);
    assert_eq!(
        (&account["damaged"], &account["salvaged"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(receipt(&home.path("receipt.json")), account);
    // What is torn at the end may still become whole, and is told until then.
    let again = upload(&home, &server, &[]).succeeds();
    let said = again.stdout_text();
    assert!(said.contains(", 1 damaged line passed over\n"), "{said}");
    let sound = home_with(2);
    let ran = upload(&sound, &server, &[]).succeeds();
    assert_eq!(ran.stderr_text(), "");
    assert!(!ran.stdout_text().contains("damaged"));
}

#[test]
fn stopping_in_the_middle_of_a_hanging_request_is_quick_and_loses_nothing() {
    let home = home_with(3);
    let server = FaultServer::start(|_| Fault::Drip);
    let url = server.url();
    let mut running = home.start(&["upload", "--endpoint", &url]);
    wait_until("the request is under way", || {
        (server.requests().len() == 1).then_some(())
    });
    let start = Instant::now();
    running.signal("TERM");
    assert_eq!(running.ends().code(), Some(1));
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(pending(&home), 3);
}

#[test]
fn being_killed_in_the_middle_loses_nothing() {
    let home = home_with(500);
    let server = FaultServer::start(|request| {
        std::thread::sleep(Duration::from_millis(5));
        Fault::accept(request)
    });
    let url = server.url();
    let mut running = home.start(&["upload", "--endpoint", &url, "--batch-size", "10"]);
    wait_until("some are sent", || {
        (server.requests().len() > 10).then_some(())
    });
    running.signal("KILL");
    running.ends();
    upload(&home, &server, &[]).succeeds();
    let mut sent = server.messages();
    sent.sort_unstable();
    sent.dedup();
    assert_eq!(sent.len(), 500);
}

#[test]
#[ignore = "takes a quarter of a minute of real pauses; the virtual clock tells the same always"]
fn a_record_that_the_server_fails_on_is_found_while_others_go_through() {
    let home = home_with(20);
    let server = FaultServer::start(|request| {
        let is_bad = request
            .logs()
            .iter()
            .any(|log| log["message"] == "record 7");
        match is_bad {
            true => Fault::status(500),
            false => Fault::accept(request),
        }
    });
    upload(&home, &server, &["--batch-size", "4", "--attempts", "50"]).exits(5);
    assert_eq!(pending(&home), 0);
    let letters = dead_letters(&home);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["record"]["message"], "record 7");
    assert_eq!(letters[0]["status"], 500);
    assert_eq!(server_took(&server), 19);
}

/// The server says when to try again, so that this takes no longer.
#[test]
fn a_record_that_the_server_fails_on_is_set_aside_once_others_went_through() {
    let home = home_with(2);
    let server = FaultServer::start(|request| {
        let mut logs = request.logs().into_iter();
        match logs.any(|log| log["message"] == "record 0") {
            true => Fault::retry_at(chrono::Utc::now() + chrono::TimeDelta::seconds(1)),
            false => Fault::accept(request),
        }
    });
    upload(&home, &server, &["--batch-size", "1"]).exits(5);
    assert_eq!(pending(&home), 0);
    let letters = dead_letters(&home);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["record"]["message"], "record 0");
    assert_eq!(letters[0]["status"], 503);
    // Four times in vain, each but the first after another one went through.
    assert!(server.requests().len() <= 8);
}

#[test]
fn request_times_can_be_kept_as_metrics() {
    let home = home_with(3);
    let server = FaultServer::accepting();
    upload(&home, &server, &["--metrics"]).succeeds();
    upload(&home, &server, &[]).succeeds();
    let requests = server.requests();
    let record = &requests[1].logs()[0];
    assert_eq!(record["attributes"]["metric"], "http_request");
    assert!(record["attributes"]["ms"].is_number());
}

#[test]
fn nothing_is_sent_that_the_receipt_has_no_place_for() {
    let home = Home::new();
    home.run(&["emit", "m"]).succeeds();
    let server = Server::start(&home, &["--no-auth"]);
    let receipt = ["--receipt", "no/such/folder/receipt.json"];
    let endpoint = server.endpoint();
    home.run(&["upload", "--endpoint", &endpoint, receipt[0], receipt[1]])
        .exits(1)
        .says_in_one_line(&["no/such/folder/receipt.json"]);
    assert_eq!(home.queued().len(), 1);
    home.run(&["upload", "--endpoint", &endpoint]).succeeds();
}
