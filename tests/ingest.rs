//! `soliplex ingest serve`, as a device and an operator see it.

use std::fs;

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::support::{Home, Ran, SECRET, Server, record_line};

/// Posts a body and gives back the status and the answer.
pub(crate) fn post(server: &Server, token: Option<&str>, body: impl Into<String>) -> (u16, Value) {
    let body = body.into();
    let request = reqwest::Client::new()
        .post(server.endpoint())
        .header("Content-Type", "application/json")
        .body(body);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    answer(request)
}

pub(crate) fn get(server: &Server, path: &str, token: Option<&str>) -> (u16, Value) {
    let request = reqwest::Client::new().get(format!("{}{path}", server.url));
    match token {
        Some(token) => answer(request.bearer_auth(token)),
        None => answer(request),
    }
}

/// Starts a server with flags and variables of the test's choice.
pub(crate) fn serve(home: &Home, flags: &[&str], variables: &[(&str, &str)]) -> Server {
    let store = format!("sqlite:{}", home.path("ingest.db").display());
    let mut command = home.soliplex();
    command
        .args([
            "ingest",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--store",
            &store,
        ])
        .args(flags)
        .envs(variables.iter().copied());
    Server::of(&mut command)
}

/// The messages of all records that a server has, oldest first.
pub(crate) fn messages(server: &Server) -> Vec<String> {
    let mut messages = Vec::new();
    let mut after = 0;
    loop {
        let path = format!("/api/v1/logs?n=10000&after={after}");
        let (status, page) = get(server, &path, None);
        assert_eq!(status, 200, "{page}");
        let records = page["records"].as_array().expect("records");
        let message = |record: &Value| record["message"].as_str().unwrap_or_default().to_owned();
        messages.extend(records.iter().map(message));
        if page["more"] == false {
            return messages;
        }
        after = page["after"].as_u64().expect("a cursor");
    }
}

/// So many messages that no other client or round has, and a body with a record
/// for each.
pub(crate) fn batch_of(client: usize, round: usize, count: usize) -> (Vec<String>, String) {
    let messages: Vec<String> = (0..count)
        .map(|n| format!("record of {client} in {round}: {n}"))
        .collect();
    let lines: Vec<String> = messages
        .iter()
        .map(|message| record_line(0).replace("record 0", message))
        .collect();
    let body = batch(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    (messages, body)
}

/// Runs to its end what takes a runtime.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(work)
}

pub(crate) fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    block_on(async {
        let reply = request.send().await.expect("an answer");
        let status = reply.status().as_u16();
        let body = reply.bytes().await.expect("a whole answer");
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    })
}

pub(crate) fn batch(records: &[&str]) -> String {
    format!(r#"{{"logs":[{}],"resource":{{}}}}"#, records.join(","))
}

pub(crate) fn jwt(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    encode(&Header::default(), claims, &key).expect("a token")
}

pub(crate) fn in_an_hour() -> i64 {
    chrono::Utc::now().timestamp() + 3_600
}

#[test]
fn records_are_stamped_in_either_spelling_and_stored_once() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let camel = record_line(1).replace(
        '}',
        r#","recordId":"r-1","server_received_at":"1999-01-01T00:00:00Z"}"#,
    );
    let snake = record_line(2)
        .replace("installId", "install_id")
        .replace("sessionId", "session_id");
    let (status, reply) = post(&server, None, batch(&[&camel, &snake]));
    assert_eq!((status, &reply["accepted"]), (200, &json!(2)), "{reply}");
    let (status, reply) = post(&server, None, batch(&[&camel, &snake]));
    assert_eq!((status, &reply["accepted"]), (200, &json!(0)), "{reply}");
    assert_eq!(reply["duplicates"], 2);

    let (status, page) = get(&server, "/api/v1/logs?session=session-1", None);
    assert_eq!(status, 200);
    let records = page["records"].as_array().expect("records");
    assert_eq!(records.len(), 2);
    for record in records {
        assert_eq!(record["installId"], "install-1");
        let received = record["server_received_at"].as_str().expect("a stamp");
        assert!(
            received.starts_with("20") && !received.starts_with("1999"),
            "{record}"
        );
    }
}

#[test]
fn one_bad_record_costs_the_others_nothing() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let (status, reply) = post(
        &server,
        None,
        batch(&[&record_line(1), r#"{"message":7}"#, &record_line(2)]),
    );
    assert_eq!((status, &reply["accepted"]), (200, &json!(2)), "{reply}");
    assert_eq!(reply["rejected"][0]["index"], 1);
    let (status, _) = post(&server, None, batch(&[r#"{"message":7}"#]));
    assert_eq!(status, 422);
}

#[test]
fn what_is_no_json_is_400_and_what_is_too_large_is_413() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    assert_eq!(post(&server, None, "not json").0, 400);
    let large = format!(r#"{{"logs":["{}"]}}"#, "x".repeat(1 << 20));
    assert_eq!(post(&server, None, large).0, 413);
    // The server is none the worse for it.
    assert_eq!(post(&server, None, batch(&[&record_line(1)])).0, 200);
}

#[test]
fn only_a_valid_token_may_write_and_only_an_operator_may_read() {
    let home = Home::new();
    let server = Server::with_tokens(&home, "operator-token-of-the-test\n");
    let body = batch(&[&record_line(1)]);
    assert_eq!(post(&server, None, &*body).0, 401);
    assert_eq!(post(&server, Some("x.y.z"), &*body).0, 401);
    let expired = jwt(&json!({"sub": "u-1", "exp": 1_000_000_000}));
    assert_eq!(post(&server, Some(&expired), &*body).0, 401);
    let endless = jwt(&json!({"sub": "u-1"}));
    assert_eq!(post(&server, Some(&endless), &*body).0, 401);
    let device = jwt(&json!({"sub": "u-1", "exp": in_an_hour()}));
    assert_eq!(post(&server, Some(&device), &*body).0, 200);

    assert_eq!(get(&server, "/api/v1/logs", None).0, 401);
    assert_eq!(get(&server, "/api/v1/logs", Some(&device)).0, 403);
    let (status, page) = get(&server, "/api/v1/logs", Some("operator-token-of-the-test"));
    assert_eq!(status, 200);
    // Who wrote it is who the token says.
    assert_eq!(page["records"][0]["userId"], "u-1");
}

#[test]
fn kill_9_costs_no_acknowledged_record() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    for n in 0..20 {
        assert_eq!(post(&server, None, batch(&[&record_line(n)])).0, 200);
    }
    drop(server);
    let server = Server::start(&home, &["--no-auth"]);
    let (_, page) = get(&server, "/api/v1/logs?n=1000", None);
    assert_eq!(page["records"].as_array().expect("records").len(), 20);
}

#[test]
fn what_cannot_be_served_is_told_in_one_line() {
    let home = Home::new();
    home.run(&["ingest", "serve", "--listen", "127.0.0.1:0"])
        .exits(2)
        .says_in_one_line(&["--jwt-secret-file", "--no-auth"]);
    home.run(&["ingest", "serve", "--jwt-secret-file", "missing"])
        .exits(1)
        .says_in_one_line(&["missing"]);
    let short = home.file("short", "too short");
    home.run(&[
        "ingest",
        "serve",
        "--jwt-secret-file",
        short.to_str().unwrap(),
    ])
    .exits(2)
    .says_in_one_line(&["short", "32"]);
    let store = home.file("store.db", "this is no database, and it must stay as it is");
    let url = format!("sqlite:{}", store.display());
    home.run(&[
        "ingest",
        "serve",
        "--no-auth",
        "--listen",
        "127.0.0.1:0",
        "--store",
        &url,
    ])
    .exits(1)
    .says_in_one_line(&["store.db"]);
    assert!(fs::read_to_string(store).unwrap().starts_with("this is no"));
}
