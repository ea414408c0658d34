//! What an attacker would send.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::tokens;
use super::{TestServer, record, token};
use crate::ingest::store::SqliteStore;
use crate::ingest::{App, Settings, app};
use crate::sanitize::Sanitizer;

/// Sends bytes as they are, and reads the answer to its end.
async fn raw(server: &TestServer, request: &[u8]) -> String {
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let read = socket.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(20), read).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn post(headers: &str, body: &str) -> Vec<u8> {
    let head = "POST /api/v1/logs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    format!("{head}{headers}\r\n\r\n{body}").into_bytes()
}

#[tokio::test]
async fn without_a_token_no_body_is_read() {
    let server = TestServer::with_tokens().await;
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket
        .write_all(&post("Content-Length: 67108864", ""))
        .await
        .unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
}

#[tokio::test]
async fn without_a_token_the_body_is_not_even_asked_for() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::body::{Body, Bytes};
    use axum::http::Request;
    use tower::Service;

    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db"), None).unwrap();
    let settings = Settings::new(tokens(), Sanitizer::default());
    let mut routes = app(Arc::new(App::new(Arc::new(store), settings)));
    for (path, kind) in [
        ("/api/v1/logs", "application/json"),
        ("/api/v1/screenshots", "image/png"),
    ] {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let body = futures_util::stream::repeat_with(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 1024]))
        });
        let request = Request::post(path)
            .header("content-type", kind)
            .body(Body::from_stream(body))
            .unwrap();
        let answer = routes.call(request).await.unwrap();
        assert_eq!(answer.status(), 401, "{path}");
        assert_eq!(asked.load(Ordering::Relaxed), 0, "{path}");
    }
}

#[tokio::test]
async fn a_length_that_lies_or_is_given_twice_is_refused() {
    let server = TestServer::open().await;
    let body = json!({ "logs": [record("a")] }).to_string();
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let length = body.len();
    for (headers, body, status) in [
        (
            format!("Content-Length: {length}\r\nTransfer-Encoding: chunked"),
            chunked.as_str(),
            400,
        ),
        (
            format!("Transfer-Encoding: chunked\r\nContent-Length: {length}"),
            &chunked,
            400,
        ),
        (
            format!("Content-Length: {length}\r\nContent-Length: 5"),
            &body,
            400,
        ),
        ("Content-Length: -1".to_owned(), &body, 400),
        ("Content-Length: 99999999999".to_owned(), &body, 413),
        ("Transfer-Encoding: chunked".to_owned(), &chunked, 200),
    ] {
        let answer = raw(&server, &post(&headers, body)).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{headers}\n{answer}"
        );
    }
}

#[tokio::test]
async fn a_chunked_body_over_the_limit_is_cut_off() {
    let server = TestServer::open().await;
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket
        .write_all(&post("Transfer-Encoding: chunked", ""))
        .await
        .unwrap();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let mut sent = 0;
    // Far more than fits into the buffers of both sides.
    while sent < 64 << 20 && socket.write_all(chunk.as_bytes()).await.is_ok() {
        sent += chunk.len();
    }
    assert!(sent < 64 << 20, "the server took it all");
}

#[tokio::test]
async fn hostile_json_is_refused_or_kept_as_it_is() {
    let server = TestServer::open().await;
    let of = |value: &str| {
        let start =
            r#"{"timestamp":"2026-02-06T12:00:00Z","level":"info","logger":"l","message":"m""#;
        format!(r#"{{"logs":[{start},"attributes":{{"x":{value}}}}}]}}"#)
    };
    let deep = |depth: usize| of(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
    let digits = "1".repeat(100_000);
    for (case, body, statuses) in [
        ("deep", deep(100_000), &[400, 422][..]),
        ("65 deep", deep(65), &[422]),
        ("60 deep", deep(60), &[200]),
        ("deep payload", "[".repeat(100_000), &[400, 422]),
        ("digits", of(&digits), &[200]),
        ("1e999", of("1e999"), &[200]),
        ("NUL escaped", of(r#""\u0000""#), &[200]),
        ("NUL raw", of("\"\0\""), &[400]),
        ("lone surrogate", of(r#""\ud800""#), &[200, 400, 422]),
        ("NaN", of("NaN"), &[400]),
        ("keys twice", of(r#"{"a":1,"a":2}"#), &[200]),
        ("logs twice", r#"{"logs":[],"logs":[]}"#.to_owned(), &[200]),
        ("no logs", "{}".to_owned(), &[422]),
        ("empty", String::new(), &[400]),
        ("null", "null".to_owned(), &[422]),
    ] {
        let (status, answer) = server.post_body(None, body).await;
        assert!(statuses.contains(&status), "{case}: {status} {answer}");
    }
    let bad_utf8 = b"{\"logs\":[{\"message\":\"\xff\xfe\"}]}".to_vec();
    assert_eq!(server.post_body(None, bad_utf8).await.0, 400);
    assert_eq!(server.get("/api/v1/logs").await.0, 200);
}

#[tokio::test]
async fn control_characters_sql_and_html_are_just_text() {
    let server = TestServer::open().await;
    for text in [
        "\u{1b}[31mred\u{7}",
        "{} {0} %s",
        "'; DROP TABLE batches; --",
        "<script>alert(1)</script>",
        "line\nbreak\r\ndata: x\n\nevent: fake",
    ] {
        let mut record = record(text);
        record["sessionId"] = json!(text);
        assert_eq!(server.post(&[record]).await.0, 200);
        let query = form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        assert_eq!(server.messages(&format!("?session={query}")).await, [text]);
    }
    let url = format!("{}/api/v1/logs/stream?after=0", server.url);
    let mut stream = server.http.get(url).send().await.unwrap();
    let mut text = String::new();
    while text.matches("\nid: ").count() < 5 {
        text.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(!text.contains("\nevent: fake"));
}

#[tokio::test]
async fn pages_of_other_sites_are_not_let_in_where_no_token_is_asked_for() {
    let server =
        TestServer::with(|settings| settings.origins = vec!["https://app.example".to_owned()])
            .await;
    let url = format!("{}/api/v1/logs", server.url);
    let from = async |origin: &str| {
        let response = server
            .http
            .get(&url)
            .header("origin", origin)
            .send()
            .await
            .unwrap();
        let allowed = response
            .headers()
            .contains_key("access-control-allow-origin");
        (response.status().as_u16(), allowed)
    };
    assert_eq!(from("https://evil.example").await, (403, false));
    assert_eq!(from("null").await, (403, false));
    assert_eq!(from("https://app.example").await, (200, true));
}

#[tokio::test]
async fn a_token_shows_in_no_answer() {
    let server = TestServer::with_tokens().await;
    let secret = token("u").replace('.', "-made-up-");
    let (_, answer) = server.post_body(Some(&secret), "{}").await;
    assert_eq!(answer, json!({ "error": "invalid" }));
    let (_, metrics) = server.get("/metrics").await;
    assert!(!metrics.to_string().contains("made-up"));
}
