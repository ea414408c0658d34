//! The main job, end to end: emit → queue → upload → ingest → tail.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;

use serde_json::Value;

use crate::support::{Home, Ran, Running, Server, copy_folder, fixture, record_line};

/// What the server has stored, oldest first.
fn stored(home: &Home, server: &Server) -> Vec<Value> {
    home.run(&[
        "tail",
        &server.url,
        "--no-follow",
        "-n",
        "1000000",
        "--output",
        "json",
    ])
    .succeeds()
    .json_lines()
}

fn messages(records: &[Value]) -> Vec<String> {
    let message = |record: &Value| record["message"].as_str().expect("a message").to_owned();
    records.iter().map(message).collect()
}

#[test]
fn eight_processes_emit_at_once_and_every_record_arrives_once() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let mut child = home
                .soliplex()
                .args(["emit", "--stdin", "--session", &format!("session-{writer}")])
                .stdin(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("emit starts");
            let mut stdin = child.stdin.take().expect("a pipe");
            thread::spawn(move || {
                for n in 0..1_000 {
                    writeln!(stdin, "writer {writer} record {n}").expect("emit reads");
                }
                drop(stdin);
                assert!(child.wait().expect("emit ends").success());
            })
        })
        .collect();
    for writer in writers {
        writer.join().expect("a writer");
    }
    home.run(&["upload", "--endpoint", &server.endpoint()])
        .succeeds();
    let records = stored(&home, &server);
    assert_eq!(records.len(), 8_000);
    let distinct: BTreeSet<String> = messages(&records).into_iter().collect();
    assert_eq!(distinct.len(), 8_000);
    for writer in 0..8 {
        let own = format!("writer {writer} ");
        let order: Vec<String> = messages(&records)
            .into_iter()
            .filter(|message| message.starts_with(&own))
            .collect();
        let expected: Vec<String> = (0..1_000).map(|n| format!("{own}record {n}")).collect();
        assert_eq!(order, expected);
    }
}

#[test]
fn an_upload_killed_between_post_and_confirm_is_sent_again_and_stored_once() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let lines: Vec<String> = (0..50).map(record_line).collect();
    home.run_with_stdin(&["emit", "--jsonl"], lines.join("\n"))
        .succeeds();

    // A man in the middle hands the request on, and when the server has
    // answered, keeps the answer to itself.
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = proxy.local_addr().expect("an address");
    let upstream = server.url.trim_start_matches("http://").to_owned();
    let upload = home.start(&[
        "upload",
        "--endpoint",
        &format!("http://{address}/api/v1/logs"),
    ]);
    let (mut client, _) = proxy.accept().expect("the uploader connects");
    forward_one_request(&mut client, &upstream);
    assert_eq!(stored(&home, &server).len(), 50);
    upload.signal("KILL");
    drop(upload);

    let receipt = home.path("receipt.json");
    home.run(&[
        "upload",
        "--endpoint",
        &server.endpoint(),
        "--receipt",
        receipt.to_str().unwrap(),
    ])
    .succeeds();
    let receipt: Value = serde_json::from_slice(&fs::read(receipt).unwrap()).unwrap();
    assert_eq!(receipt["sent"], 50);
    assert_eq!(receipt["duplicates"], 50);
    assert_eq!(stored(&home, &server).len(), 50);
}

/// Copies one request with a Content-Length to the upstream server and waits
/// for the answer's status line.
fn forward_one_request(client: &mut TcpStream, upstream: &str) {
    let mut request = Vec::new();
    let mut buffer = [0; 16 * 1024];
    let whole = loop {
        let head_end = request.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(head_end) = head_end {
            let head = String::from_utf8_lossy(&request[..head_end]).to_lowercase();
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|value| value.trim().parse().ok())
                .expect("a Content-Length");
            break head_end + 4 + length;
        }
        let read = client.read(&mut buffer).expect("the request");
        request.extend_from_slice(&buffer[..read]);
    };
    while request.len() < whole {
        let read = client.read(&mut buffer).expect("the request");
        request.extend_from_slice(&buffer[..read]);
    }
    let mut server = TcpStream::connect(upstream).expect("the server");
    server.write_all(&request).expect("the request goes on");
    let read = server.read(&mut buffer).expect("an answer");
    assert!(buffer[..read].starts_with(b"HTTP/1.1 200"));
}

#[test]
fn a_queue_of_the_deployed_client_uploads_exactly_what_is_pending() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let queue = home.path("pulled");
    copy_folder(&fixture("queues/deployed-client"), &queue);
    let queue = queue.to_str().unwrap();
    home.run(&["upload", queue, "--endpoint", &server.endpoint()])
        .succeeds();
    let mut sent = messages(&stored(&home, &server));
    sent.sort();
    assert_eq!(
        sent,
        ["fatal 8", "record 3", "record 4", "record 5", "record 6"]
    );

    // What is left still opens for the deployed client: its count is right.
    home.run(&["upload", queue, "--endpoint", &server.endpoint()])
        .succeeds();
    assert_eq!(stored(&home, &server).len(), 5);
    home.run(&["emit", "after the repair", "--queue", queue])
        .succeeds();
    home.run(&["upload", queue, "--endpoint", &server.endpoint()])
        .succeeds();
    assert_eq!(stored(&home, &server).len(), 6);
}

#[test]
fn tail_on_a_live_server_prints_what_an_upload_brings() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let tail = home.start(&["tail", &server.url, "--session", "session-live"]);
    for n in 0..3 {
        let message = format!("live record {n}");
        home.run(&["emit", &message, "--session", "session-live"])
            .succeeds();
        home.run(&["emit", "of another session", "--session", "other"])
            .succeeds();
        home.run(&["upload", "--endpoint", &server.endpoint()])
            .succeeds();
        let line = tail.prints(&message);
        assert!(!line.contains("another session"));
    }
}

#[test]
fn a_secret_is_seen_neither_on_disk_nor_on_the_wire_nor_in_the_store() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let secret = "carol@example.com";
    // A folder whose writer had a weaker sanitizer.
    let line = record_line(1).replace("record 1", &format!("mail to {secret}"));
    let queue = home.path("foreign");
    home.file("foreign/log_queue.jsonl", format!("{line}\n"));
    home.run(&[
        "upload",
        queue.to_str().unwrap(),
        "--endpoint",
        &server.endpoint(),
    ])
    .succeeds();
    let records = stored(&home, &server);
    assert_eq!(records.len(), 1);
    assert!(!records[0].to_string().contains(secret));
    for entry in fs::read_dir(home.path("")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("ingest.db") {
            let bytes = fs::read(&path).unwrap();
            let found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{name}");
        }
    }
}

#[test]
fn bad_input_costs_one_line_the_right_code_and_nothing_else() {
    let home = Home::new();
    home.run(&["emit", "keep me"]).succeeds();
    let before = fs::read(home.queue().join("log_queue.jsonl")).unwrap();

    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let endpoint = format!("http://{closed}/api/v1/logs");
    home.run(&["upload", "--endpoint", &endpoint, "--attempts", "1"])
        .exits(7)
        .says_in_one_line(&[&endpoint]);
    home.run(&[
        "upload",
        "--endpoint",
        &endpoint,
        "--token-file",
        "missing.jwt",
    ])
    .exits(2)
    .says_in_one_line(&["missing.jwt"]);
    home.run(&["upload", "no-such-queue", "--endpoint", &endpoint])
        .exits(1)
        .says_in_one_line(&["no-such-queue"]);
    let folder = home.file("not-a-queue/holiday.png", "png");
    let folder = folder.parent().unwrap().to_str().unwrap();
    home.run(&["queue", "inspect", folder])
        .exits(1)
        .says_in_one_line(&["not-a-queue"]);
    assert_eq!(
        fs::read(home.queue().join("log_queue.jsonl")).unwrap(),
        before
    );

    let server = Server::start(&home, &["--no-auth"]);
    let address = server.url.trim_start_matches("http://");
    home.run(&[
        "ingest",
        "serve",
        "--listen",
        address,
        "--no-auth",
        "--store",
        "sqlite:other.db",
    ])
    .exits(1)
    .says_in_one_line(&[address]);
}

#[test]
fn a_refused_token_stops_the_upload_and_loses_nothing() {
    let home = Home::new();
    let secret = home.file("secret", "0123456789abcdef0123456789abcdef");
    let server = Server::start(&home, &["--jwt-secret-file", secret.to_str().unwrap()]);
    home.file("bad.jwt", "not-a-jwt");
    home.run(&["emit", "keep me"]).succeeds();
    home.run(&[
        "upload",
        "--endpoint",
        &server.endpoint(),
        "--token-file",
        "bad.jwt",
    ])
    .exits(6)
    .says_in_one_line(&["401"]);
    let left = home
        .run(&["queue", "inspect", "--records", "--format", "jsonl"])
        .succeeds()
        .json_lines();
    assert_eq!(messages(&left), ["keep me"]);
}

#[test]
fn a_replay_leaves_its_source_untouched() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let source = home.path("source");
    copy_folder(&fixture("queues/deployed-client"), &source);
    let read = |name: &str| fs::read(source.join(name)).unwrap();
    let names = ["log_queue.jsonl", ".queue_meta", "log_queue_fatal.jsonl"];
    let before: Vec<_> = names.into_iter().map(read).collect();
    home.run(&[
        "upload",
        "--replay",
        source.to_str().unwrap(),
        "--endpoint",
        &server.endpoint(),
    ])
    // Three of its lines are damaged.
    .exits(4);
    let after: Vec<_> = names.into_iter().map(read).collect();
    assert_eq!(before, after);
    assert_eq!(fs::read_dir(&source).unwrap().count(), 3);
    assert!(!stored(&home, &server).is_empty());
}

#[test]
fn the_demo_shows_every_step_and_leaves_nothing_behind() {
    let home = Home::new();
    let temporary = home.path("tmp");
    fs::create_dir(&temporary).unwrap();
    let mut demo = home.soliplex();
    demo.arg("demo").env("TMPDIR", &temporary);
    let shown = assert_cmd::Command::from_std(demo)
        .assert()
        .succeeds()
        .stdout_text();
    for step in [
        "$ soliplex ingest serve",
        "$ soliplex emit 'signed in as ada@example.com'",
        "$ soliplex queue inspect",
        "$ soliplex upload --endpoint http://127.0.0.1:",
        "$ soliplex tail http://127.0.0.1:",
        "$ soliplex session show 0197demo-",
        "$ soliplex fingerprint http://127.0.0.1:",
        "signed in as [REDACTED]",
        "SocketException",
        "StateError",
    ] {
        assert!(shown.contains(step), "{step} is not in {shown}");
    }
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
    assert!(!home.path("state").exists());
}

#[test]
fn a_server_that_is_stopped_and_started_again_has_what_it_acknowledged() {
    let home = Home::new();
    home.run(&["emit", "before the restart", "--session", "s"])
        .succeeds();
    let mut server = Server::start(&home, &["--no-auth"]);
    home.run(&["upload", "--endpoint", &server.endpoint()])
        .succeeds();
    server.running.signal("TERM");
    assert!(Running::ends(&mut server.running).success());
    let server = Server::start(&home, &["--no-auth"]);
    assert_eq!(messages(&stored(&home, &server)), ["before the restart"]);
}
