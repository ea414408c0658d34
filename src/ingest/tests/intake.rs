//! What becomes of records that are sent.

use serde_json::{Value, json};

use super::{SECRET, TestServer, record, token};
use crate::ingest::Rate;

/// A record with one key changed.
fn record_with(message: &str, key: &str, value: Value) -> Value {
    let mut record = record(message);
    record[key] = value;
    record
}

#[tokio::test]
async fn a_record_is_kept_as_it_is_with_the_servers_clock_behind_it() {
    let server = TestServer::open().await;
    let sent = r#"{"zeta":1.10,"timestamp":"2026-02-06T12:00:00.000Z","level":"info","logger":"L","message":"m","big":123456789012345678901234567890,"attributes":{"b":1,"a":[1e5]}}"#;
    let (status, verdict) = server
        .post_body(None, format!(r#"{{"logs":[{sent}]}}"#))
        .await;
    assert_eq!(
        (status, &verdict),
        (200, &json!({"accepted":1,"duplicates":0,"rejected":[]}))
    );
    let url = format!("{}/api/v1/logs", server.url);
    let text = server
        .http
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let start = format!(
        r#"{{"records":[{},"server_received_at":""#,
        sent.strip_suffix('}').unwrap()
    );
    assert!(text.starts_with(&start), "{text}");
}

#[tokio::test]
async fn a_record_sent_twice_is_stored_once() {
    let server = TestServer::open().await;
    let with_id = record("a");
    let mut without_id = record("b");
    without_id.as_object_mut().unwrap().remove("recordId");
    let uuid = record_with(
        "c",
        "recordId",
        json!("0193e0a0-0000-7000-8000-000000000001"),
    );
    let batch = [with_id.clone(), without_id, uuid, with_id];
    assert_eq!(server.post(&batch).await.1["accepted"], 3);
    let (_, verdict) = server.post(&batch).await;
    assert_eq!(verdict, json!({"accepted":0,"duplicates":4,"rejected":[]}));
    // Also beside records that are new, and when the rest of it has changed.
    let again = record_with("changed", "recordId", json!("r-a"));
    assert_eq!(server.post(&[again, record("d")]).await.1["accepted"], 1);
    assert_eq!(server.messages("").await, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn one_bad_record_costs_no_other() {
    let server = TestServer::open().await;
    let batch = [
        record("good"),
        json!(42),
        record_with("x", "level", json!("loud")),
        record_with("x", "timestamp", json!("noon")),
        record_with("x", "attributes", json!([])),
        record("too"),
    ];
    let (status, verdict) = server.post(&batch).await;
    assert_eq!(status, 200);
    assert_eq!(verdict["accepted"], 2);
    let indices: Vec<&Value> = verdict["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rejected| &rejected["index"])
        .collect();
    assert_eq!(indices, [1, 2, 3, 4]);
    assert_eq!(server.messages("").await, ["good", "too"]);
    let (status, verdict) = server.post(&batch[1..3]).await;
    assert_eq!((status, &verdict["accepted"]), (422, &json!(0)));
}

#[tokio::test]
async fn what_is_said_of_a_body_of_another_shape_quotes_nothing_of_it() {
    let server = TestServer::open().await;
    let secret = "hunter2-made-up";
    for body in [json!({ "logs": secret }), json!(secret), json!([secret])] {
        let (status, answer) = server.post_body(None, body.to_string()).await;
        let said = answer["error"].as_str().unwrap();
        assert_eq!(status, 422, "{said}");
        assert!(
            said.contains("an array in `logs`") && !said.contains("hunter2"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn both_spellings_come_in_and_camel_case_comes_out() {
    let server = TestServer::open().await;
    let body = r#"{"logs":[{"timestamp":"2026-02-06T12:00:00Z","level":"WARN","logger":"L",
        "message":"m","install_id":"i9","session_id":"s9","user_id":null,"stack_trace":"st",
        "active_run":null,"userId":"u9"}]}"#;
    assert_eq!(server.post_body(None, body).await.0, 200);
    let records = server
        .records("?install=i9&session=s9&user=u9&level=warning")
        .await;
    assert_eq!(records[0]["stackTrace"], "st");
    assert_eq!(records[0].get("stack_trace"), None);
}

#[tokio::test]
async fn a_client_speaks_for_its_own_user_and_not_for_the_server() {
    let server = TestServer::with_tokens().await;
    let lies = [
        record_with("absent", "x", json!(1)),
        record_with("null", "userId", Value::Null),
        record_with("other", "user_id", json!("someone")),
        record_with("time", "server_received_at", json!("1999-01-01T00:00:00Z")),
        record_with("own", "userId", json!("alice")),
    ];
    let body = json!({ "logs": lies }).to_string();
    assert_eq!(
        server
            .post_body(Some(&token("alice")), body.clone())
            .await
            .1["accepted"],
        5
    );
    for record in server.records("").await {
        assert_eq!(record["userId"], "alice", "{record}");
        assert!(record["server_received_at"].as_str().unwrap() > "2026-01-01");
    }
    // Another user's records with the same ids are records of their own.
    assert_eq!(
        server.post_body(Some(&token("mallory")), body).await.1["accepted"],
        5
    );
    assert_eq!(server.messages("?user=mallory").await.len(), 5);
    assert_eq!(server.messages("?user=someone").await.len(), 0);
}

#[tokio::test]
async fn nothing_is_stored_that_the_sanitizer_would_redact() {
    let server = TestServer::open().await;
    let secret = "hunter2-made-up";
    let batch = [
        record_with("a", "attributes", json!({ "password": secret })),
        record_with("b", "message", json!("mail to somebody@example.org failed")),
    ];
    let body = json!({ "logs": batch, "resource": { "token": secret } }).to_string();
    assert_eq!(server.post_body(None, body).await.0, 200);
    let folder = server.stop().await;
    let server = TestServer::over(folder, None, |_| {}).await;
    let text = server
        .records("")
        .await
        .iter()
        .map(Value::to_string)
        .collect::<String>()
        + &server.get("/api/v1/sessions").await.1.to_string();
    assert!(
        !text.contains(secret) && !text.contains("somebody@"),
        "{text}"
    );
}

#[tokio::test]
async fn a_large_record_is_cut_to_size() {
    let server = TestServer::open().await;
    let large = record_with(&"x".repeat(100_000), "recordId", json!("large"));
    assert_eq!(server.post(&[large]).await.0, 200);
    let message = &server.messages("").await[0];
    assert!(message.ends_with("…[truncated]") && message.len() < 65_536);
}

#[tokio::test]
async fn records_survive_a_restart() {
    let server = TestServer::open().await;
    server.post(&[record("a"), record("b")]).await;
    let folder = server.stop().await;
    let server = TestServer::over(folder, None, |_| {}).await;
    assert_eq!(
        server.post(&[record("b"), record("c")]).await.1["accepted"],
        1
    );
    assert_eq!(server.messages("").await, ["a", "b", "c"]);
}

#[tokio::test]
async fn whoever_sends_too_much_is_told_to_wait() {
    let server = TestServer::with(|settings| {
        settings.limits.session_rate = Rate::new(2.0);
    })
    .await;
    assert_eq!(
        server
            .post(&[record("1"), record("2"), record("3")])
            .await
            .0,
        200
    );
    let body = json!({ "logs": [record("4")] }).to_string();
    let url = format!("{}/api/v1/logs", server.url);
    let refused = server.http.post(url).body(body).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=2).contains(&wait));
    let other = record_with("5", "sessionId", json!("another"));
    assert_eq!(server.post(&[other]).await.0, 200);
    assert_eq!(server.messages("").await.len(), 4);
}

#[tokio::test]
async fn writing_takes_a_devices_token_and_reading_an_operators() {
    let server = TestServer::with_tokens().await;
    let body = json!({ "logs": [record("a")] }).to_string();
    let statuses = async |token: Option<&str>| server.post_body(token, body.clone()).await.0;
    assert_eq!(statuses(None).await, 401);
    assert_eq!(statuses(Some(SECRET)).await, 401);
    assert_eq!(statuses(Some(&token("u"))).await, 200);
    for path in [
        "logs",
        "logs/stream",
        "sessions",
        "fingerprints",
        "screenshots/x",
    ] {
        let url = format!("{}/api/v1/{path}", server.url);
        let without = server.http.get(&url).send().await.unwrap();
        assert_eq!(without.status(), 401, "{path}");
        let device = server
            .http
            .get(&url)
            .bearer_auth(token("u"))
            .send()
            .await
            .unwrap();
        assert_eq!(device.status(), 403, "{path}");
    }
    assert_eq!(server.messages("").await, ["a"]);
}
