//! What apps in the field and those who watch them get from `ingest serve`:
//! log levels, errors by frequency, alerts, screenshots.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::fault_server::{Fault, FaultServer};
use crate::ingest::{answer, batch, block_on, get, post, serve};
use crate::support::{Home, Ran, Server, record_line, wait_until};

/// An error that is the same as others of this type.
fn error(n: usize, kind: &str, session: &str) -> String {
    let record = json!({
        "timestamp": "2026-02-06T12:00:00.000Z", "level": "error", "logger": "Test",
        "message": format!("failed {n}"), "error": format!("{kind}: failed"),
        "stackTrace": format!("#0 {kind}.run (package:app/{kind}.dart:10:5)"),
        "installId": "install-1", "sessionId": session, "recordId": format!("{kind}-{n}"),
    });
    record.to_string()
}

fn errors(range: std::ops::Range<usize>, kind: &str) -> String {
    let lines: Vec<String> = range
        .map(|n| error(n, kind, &format!("session-{n}")))
        .collect();
    batch(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn levels_follow_their_file_and_a_broken_edit_changes_nothing() {
    let home = Home::new();
    let file = home.file("levels.toml", "min_level = \"info\"\n");
    let flags = ["--no-auth", "--logging-config", file.to_str().unwrap()];
    let server = serve(&home, &flags, &[("SOLIPLEX_LOG", "info")]);
    let level = |query: &str| get(&server, &format!("/api/v1/config/logging{query}"), None).1;
    assert_eq!(level("")["min_level"], "info");

    fs::write(
        &file,
        "min_level = \"debug\"\nmodules = { http = \"trace\" }\n\
         [[overrides]]\ninstall = \"install-1\"\nuntil = \"2999-01-01T00:00:00Z\"\nmin_level = \"trace\"\n",
    )
    .unwrap();
    let expected = json!({"min_level": "debug", "modules": {"http": "trace"}});
    wait_until("it is read again", || (level("") == expected).then_some(()));
    assert_eq!(level("?install=install-1")["min_level"], "trace");

    fs::write(&file, "min_level = \"loud\"").unwrap();
    assert_eq!(level(""), expected);
    let said = server.running.says("the last good ones stay");
    assert!(said.contains("levels.toml"), "{said}");
    fs::remove_file(&file).unwrap();
    assert_eq!(level(""), expected);
}

#[test]
fn a_known_level_is_not_told_again() {
    let home = Home::new();
    let file = home.file("levels.json", r#"{"min_level": "warning"}"#);
    let server = Server::start(
        &home,
        &["--no-auth", "--logging-config", file.to_str().unwrap()],
    );
    let url = format!("{}/api/v1/config/logging", server.url);
    let tag = block_on(async {
        let reply = reqwest::get(&url).await.expect("an answer");
        reply.headers()["etag"].clone()
    });
    let again = reqwest::Client::new()
        .get(&url)
        .header("If-None-Match", tag);
    assert_eq!(answer(again).0, 304);

    home.run(&[
        "ingest",
        "serve",
        "--no-auth",
        "--logging-config",
        "missing.toml",
    ])
    .exits(2)
    .says_in_one_line(&["--logging-config", "missing.toml"]);
}

#[test]
fn errors_are_told_by_frequency_within_the_window() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    assert_eq!(post(&server, None, errors(0..3, "Often")).0, 200);
    assert_eq!(post(&server, None, errors(0..1, "Seldom")).0, 200);
    // A second delivery is not a second error.
    assert_eq!(post(&server, None, errors(0..3, "Often")).0, 200);
    let (status, reply) = get(&server, "/api/v1/fingerprints?top=1&window=2h", None);
    assert_eq!((status, &reply["total"]), (200, &json!(4)), "{reply}");
    let groups = reply["fingerprints"].as_array().expect("groups");
    assert_eq!(groups.len(), 1);
    let often = &groups[0];
    assert_eq!(
        (&often["count"], &often["share"]),
        (&json!(3), &json!(0.75))
    );
    assert_eq!(
        (&often["sessions"], &often["installs"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(often["exceptionType"], "Often");
    let (_, reply) = get(&server, "/api/v1/fingerprints", None);
    assert_eq!(reply["fingerprints"].as_array().expect("groups").len(), 2);
}

#[test]
fn an_alert_is_told_once_in_its_window_and_survives_an_outage_of_its_webhook() {
    let webhook = FaultServer::start(|request| match request.number {
        0 => Fault::status(500),
        _ => Fault::status(204),
    });
    let home = Home::new();
    // Such URLs carry a token, which does not belong on a command line.
    let url = home.file("hook", format!("{}/hook\n", webhook.url()));
    let url = format!("@{}", url.display());
    let flags = [
        "--no-auth",
        "--alert-webhook",
        &url,
        "--alert-threshold",
        "3",
        // One window from 1970 on, so that no test runs across its end.
        "--alert-window",
        "100y",
    ];
    let server = Server::start(&home, &flags);
    assert_eq!(post(&server, None, errors(0..2, "Quiet")).0, 200);
    assert_eq!(post(&server, None, errors(0..3, "Loud")).0, 200);
    wait_until("it is told again", || {
        (webhook.requests().len() >= 2).then_some(())
    });
    assert_eq!(post(&server, None, errors(3..9, "Loud")).0, 200);
    // What comes later of another error shows that nothing is under way.
    assert_eq!(post(&server, None, errors(2..4, "Quiet")).0, 200);
    let told = wait_until("the other is told", || {
        let bodies = webhook.requests().into_iter().skip(1);
        let told: Vec<Value> = bodies
            .map(|request| serde_json::from_slice(&request.body).expect("JSON"))
            .collect();
        (told.len() >= 2).then_some(told)
    });
    let kinds: Vec<&Value> = told.iter().map(|alert| &alert["exceptionType"]).collect();
    assert_eq!(kinds, ["Loud", "Quiet"]);
    assert_eq!(
        (&told[0]["count"], &told[0]["threshold"]),
        (&json!(3), &json!(3))
    );
    assert!(
        told[0]["fingerprint"]
            .as_str()
            .is_some_and(|hash| hash.len() == 64)
    );
}

/// The status for a picture of which only the length was sent so far: one that
/// is too large is turned away before any of it is read.
fn status_of_announced(server: &Server, length: usize) -> u16 {
    let address = server.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    let head = format!(
        "POST /api/v1/screenshots HTTP/1.1\r\nhost: localhost\r\ncontent-type: image/png\r\n\
         content-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("read");
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    status.expect("a status")
}

/// A small picture.
fn picture() -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 4, 4);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[120; 48]).unwrap();
    writer.finish().unwrap();
    file
}

#[test]
fn a_screenshot_is_served_as_nothing_but_a_picture() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let url = format!("{}/api/v1/screenshots", server.url);
    let send = |kind: &str, body: Vec<u8>| {
        let request = reqwest::Client::new().post(&url);
        answer(request.header("Content-Type", kind).body(body))
    };
    let (status, reply) = send("image/png", picture());
    assert_eq!(status, 201, "{reply}");
    let id = reply["id"].as_str().expect("an id");
    block_on(async {
        for query in ["", "?thumbnail"] {
            let served = reqwest::get(format!("{url}/{id}{query}")).await.unwrap();
            assert_eq!(served.status().as_u16(), 200);
            let headers = served.headers().clone();
            assert_eq!(headers["content-type"], "image/png");
            assert_eq!(headers["x-content-type-options"], "nosniff");
            let csp = headers["content-security-policy"].to_str().unwrap();
            assert!(csp.contains("default-src 'none'"), "{csp}");
            assert!(served.bytes().await.unwrap().starts_with(b"\x89PNG"));
        }
    });
    assert_eq!(send("image/png", b"<html>".to_vec()).0, 422);
    assert_eq!(send("text/html", picture()).0, 415);
    assert_eq!(status_of_announced(&server, (5 << 20) + 1), 413);
    assert_eq!(
        get(&server, "/api/v1/screenshots/..%2F..%2Fetc%2Fpasswd", None).0,
        404
    );
    // The server is none the worse for it.
    assert_eq!(post(&server, None, batch(&[&record_line(1)])).0, 200);
}
