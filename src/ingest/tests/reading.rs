//! What readers are shown.

use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{TestServer, record};

async fn filled(count: usize) -> TestServer {
    let server = TestServer::open().await;
    for batch in (0..count).collect::<Vec<_>>().chunks(7) {
        let records: Vec<_> = batch
            .iter()
            .map(|n| {
                let mut record = record(&n.to_string());
                record["sessionId"] = json!(format!("s{}", n % 3));
                record["level"] = json!(if n % 10 == 9 { "error" } else { "info" });
                record
            })
            .collect();
        server.post(&records).await;
    }
    server
}

fn numbers(range: impl Iterator<Item = usize>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

#[tokio::test]
async fn filters_and_counts_select_the_last_ones_oldest_first() {
    let server = filled(100).await;
    assert_eq!(server.messages("?n=3").await, ["97", "98", "99"]);
    assert_eq!(server.messages("?session=s1&n=2").await, ["94", "97"]);
    assert_eq!(server.messages("?level=error&n=2").await, ["89", "99"]);
    assert_eq!(server.messages("?grep=%5E1.%24&level=error").await, ["19"]);
    assert_eq!(server.messages("?session=nobody").await.len(), 0);
    assert_eq!(
        server.messages("?since=2030-01-01T00:00:00Z").await.len(),
        0
    );
}

#[tokio::test]
async fn pages_cover_everything_once_in_both_directions() {
    let server = filled(100).await;
    for (filter, expected) in [
        ("", numbers(0..100)),
        ("&session=s2", numbers((2..100).step_by(3))),
    ] {
        let (mut found, mut after) = (Vec::new(), json!(0));
        loop {
            let (_, page) = server
                .get(&format!("/api/v1/logs?n=9&after={after}{filter}"))
                .await;
            let records = page["records"].as_array().unwrap().iter();
            found.extend(records.map(|record| record["message"].as_str().unwrap().to_owned()));
            after = page["after"].clone();
            if page["more"] == false {
                break;
            }
        }
        assert_eq!(found, expected);

        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let (_, page) = server
                .get(&format!("/api/v1/logs?n=9{cursor}{filter}"))
                .await;
            let records = page["records"].as_array().unwrap().iter().rev();
            found.extend(records.map(|record| record["message"].as_str().unwrap().to_owned()));
            if page["before"].is_null() {
                break;
            }
            cursor = format!("&before={}", page["before"]);
        }
        found.reverse();
        assert_eq!(found, expected);
    }
}

/// Reads events of a stream until there are so many records.
async fn events(response: reqwest::Response, count: usize) -> String {
    let mut text = String::new();
    let mut stream = response.bytes_stream();
    while text.matches("event: record").count() < count || !text.ends_with("\n\n") {
        let piece = stream.next().await.expect("the stream goes on").unwrap();
        text.push_str(std::str::from_utf8(&piece).unwrap());
    }
    text
}

#[tokio::test]
async fn a_stream_goes_on_where_its_reader_stopped() {
    let server = filled(10).await;
    let url = format!("{}/api/v1/logs/stream", server.url);
    let open = server
        .http
        .get(&url)
        .header("last-event-id", "7")
        .send()
        .await
        .unwrap();
    assert_eq!(open.headers()["content-type"], "text/event-stream");
    server.post(&[record("new")]).await;
    let text = events(open, 4).await;
    let ids: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("id: "))
        .collect();
    assert_eq!(ids, ["8", "9", "10", "11"]);
    let data = text
        .lines()
        .rfind(|line| line.starts_with("data: "))
        .unwrap();
    assert!(data.contains(r#""message":"new""#) && data.contains("server_received_at"));
}

#[tokio::test]
async fn a_stream_filters_and_starts_with_the_last_few() {
    let server = filled(30).await;
    let url = format!("{}/api/v1/logs/stream?level=error&n=2", server.url);
    let open = server.http.get(url).send().await.unwrap();
    let mut error = record("late");
    error["level"] = json!("fatal");
    server.post(&[record("dull"), error]).await;
    let text = events(open, 3).await;
    let ids: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("id: "))
        .collect();
    assert_eq!(ids, ["20", "30", "32"]);
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_told_what_it_missed_and_costs_little() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let server = TestServer::with(|settings| settings.limits.stream_lag = 100).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let address = server.address().parse().unwrap();
    let mut slow = socket.connect(address).await.unwrap();
    slow.write_all(b"GET /api/v1/logs/stream HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut text = vec![0; 1000];
    let start = slow.read(&mut text).await.unwrap();
    assert!(text[..start].starts_with(b"HTTP/1.1 200"));
    // More than fits into the buffers of both sides.
    let large = "x".repeat(60_000);
    for n in 0..40 {
        let batch: Vec<_> = (0..15)
            .map(|m| {
                let mut record = record(&format!("{n}-{m}"));
                record["attributes"] = json!({ "large": large });
                record
            })
            .collect();
        assert_eq!(server.post(&batch).await.0, 200);
    }
    let mut text = Vec::new();
    let mut piece = vec![0; 1 << 20];
    while !text.ends_with(b"}\n\n\r\n") || memchr::memmem::find(&text, b"event: gap").is_none() {
        let length = slow.read(&mut piece).await.unwrap();
        assert_ne!(length, 0, "no gap was told");
        text.extend_from_slice(&piece[..length]);
    }
    let text = String::from_utf8(text).unwrap();
    let (before, gap) = text.split_once("event: gap\nid: 600\ndata: ").unwrap();
    let seen = before.matches("event: record").count();
    let skipped: Value = serde_json::from_str(gap.lines().next().unwrap()).unwrap();
    assert_eq!(skipped["skipped"], 600 - seen);
    // What it was sent came in order and without a gap of its own.
    let ids: Vec<usize> = before
        .lines()
        .filter_map(|line| line.strip_prefix("id: ")?.parse().ok())
        .collect();
    assert_eq!(ids, (1..=seen).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_name_that_is_no_text_is_told_in_json() {
    let server = TestServer::open().await;
    for path in [
        "/api/v1/sessions/%ff",
        "/api/v1/screenshots/%ff",
        "/assets/%ff",
    ] {
        let (status, body) = server.get(path).await;
        assert_eq!(
            (status, &body),
            (400, &json!({ "error": "the path is not UTF-8" }))
        );
    }
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let server = TestServer::open().await;
    let url = format!("{}/api/v1/logs/stream", server.url);
    let open = server.http.get(url).send().await.unwrap();
    let ended = tokio::spawn(async move { open.bytes().await });
    server.stop().await;
    ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn sessions_are_told_with_their_device() {
    let server = TestServer::open().await;
    let mut error = record("b");
    error["level"] = json!("error");
    error["userId"] = json!("u1");
    error["timestamp"] = json!("2026-02-06T12:00:09Z");
    let resource = json!({ "device.alias": "calm-falcon-ridge", "os.name": "android" });
    let body = json!({ "logs": [record("a"), error], "resource": resource });
    server.post_body(None, body.to_string()).await;
    let (_, body) = server.get("/api/v1/sessions").await;
    let session = &body["sessions"][0];
    assert_eq!(session["sessionId"], "s1");
    assert_eq!(session["alias"], "calm-falcon-ridge");
    assert_eq!(session["userId"], "u1");
    assert_eq!(
        (&session["records"], &session["errors"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(session["lastTimestamp"], "2026-02-06T12:00:09.000Z");
    assert_eq!(session["resource"]["os.name"], "android");
    let by_alias = server
        .get("/api/v1/sessions?install=calm-falcon-ridge")
        .await
        .1;
    assert_eq!(by_alias["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(server.messages("?install=calm-falcon-ridge").await.len(), 2);
    assert_eq!(server.messages("?install=calm").await.len(), 0);
}

#[tokio::test]
async fn errors_are_grouped_and_counted() {
    let server = TestServer::open().await;
    let error = |n: usize, kind: &str| {
        let mut record = record(&n.to_string());
        record["level"] = json!("error");
        record["error"] = json!(format!("{kind}: number {n}"));
        record["sessionId"] = json!(format!("s{}", n % 2));
        record
    };
    let batch: Vec<_> = (0..10)
        .map(|n| error(n, if n < 7 { "StateError" } else { "RangeError" }))
        .collect();
    server.post(&batch).await;
    server.post(&batch).await;
    let (_, body) = server.get("/api/v1/fingerprints?top=1&window=1h").await;
    assert_eq!(body["total"], 10);
    let groups = body["fingerprints"].as_array().unwrap();
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0]["exceptionType"], "StateError");
    assert_eq!(
        (&groups[0]["count"], &groups[0]["share"]),
        (&json!(7), &json!(0.7))
    );
    assert_eq!(
        (&groups[0]["sessions"], &groups[0]["installs"]),
        (&json!(2), &json!(1))
    );
    let counts = groups[0]["counts"].as_array().unwrap();
    assert_eq!(counts.iter().map(|n| n.as_u64().unwrap()).sum::<u64>(), 7);
}

#[tokio::test]
async fn a_story_says_how_many_others_met_its_errors() {
    let server = TestServer::open().await;
    for session in ["s1", "s10", "t1"] {
        let mut error = record(session);
        error["level"] = json!("error");
        error["error"] = json!("StateError: bad");
        error["sessionId"] = json!(session);
        server.post(&[error]).await;
    }
    let (status, body) = server.get("/api/v1/sessions/t").await;
    assert_eq!((status, &body["cut"]), (200, &json!(false)), "{body}");
    let moment = &body["story"]["timeline"][0];
    assert_eq!(moment["record"]["sessionId"], "t1");
    assert_eq!(moment["otherSessions"], 2, "{moment}");
    assert!(body["story"]["verdict"].as_array().unwrap().len() > 1);
    // A whole id means that session; the start of two is no session's.
    let (status, body) = server.get("/api/v1/sessions/s1").await;
    assert_eq!((status, &body["story"]["sessionId"]), (200, &json!("s1")));
    assert_eq!(server.get("/api/v1/sessions/s").await.0, 409);
    assert_eq!(server.get("/api/v1/sessions/nobody").await.0, 404);
}

#[tokio::test]
async fn a_group_is_known_since_it_came_up_first_of_all() {
    let server = TestServer::open().await;
    let mut error = record("a");
    error["level"] = json!("error");
    server.post(&[error]).await;
    let (_, body) = server.get("/api/v1/fingerprints").await;
    let group = &body["fingerprints"][0];
    assert!(group["knownSince"].is_string(), "{group}");
    assert_eq!(group["knownSince"], group["firstSeen"]);
}

#[tokio::test]
async fn the_status_is_for_operators_and_counts() {
    let server = TestServer::with_tokens().await;
    let url = format!("{}/api/v1/status", server.url);
    let refused = server.http.get(url).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let (_, status) = server.get("/api/v1/status").await;
    assert_eq!(
        (&status["ready"], &status["counters"]["accepted"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(status["requests"][0]["status"], 401);
    assert_eq!(status["forward"], Value::Null);
}
