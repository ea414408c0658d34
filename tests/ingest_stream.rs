//! `GET /api/v1/logs/stream`, as a reader sees it.

use serde_json::{Value, json};

use crate::ingest::{batch, block_on, messages, post, serve};
use crate::support::{DEADLINE, Home, Server, record_line, wait_until};

/// One event of a stream.
#[derive(Debug)]
struct Event {
    kind: String,
    id: u64,
    data: Value,
}

/// The first events of a stream.
fn events(server: &Server, query: &str, last_seen: Option<u64>, count: usize) -> Vec<Event> {
    let url = format!("{}/api/v1/logs/stream{query}", server.url);
    let mut request = reqwest::Client::new().get(url);
    if let Some(id) = last_seen {
        request = request.header("Last-Event-ID", id);
    }
    block_on(async {
        let mut reply = request.send().await.expect("an answer");
        assert_eq!(reply.headers()["content-type"], "text/event-stream");
        let mut text = String::new();
        let read = async {
            while whole(&text).count() < count {
                let chunk = reply.chunk().await.expect("a chunk").expect("no end yet");
                text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
            }
        };
        tokio::time::timeout(DEADLINE, read)
            .await
            .expect("events in time");
        whole(&text).take(count).map(event).collect()
    })
}

/// The events of a text that are whole, without comments.
fn whole(text: &str) -> impl Iterator<Item = &str> {
    let end = text.rfind("\n\n").map_or(0, |end| end + 2);
    let blocks = text[..end].split("\n\n");
    blocks.filter(|block| block.starts_with("event:"))
}

fn event(text: &str) -> Event {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.expect("a field").trim()
    };
    Event {
        kind: field("event:").to_owned(),
        id: field("id:").parse().expect("a number"),
        data: serde_json::from_str(field("data:")).expect("JSON"),
    }
}

fn numbered(range: std::ops::Range<usize>) -> String {
    let lines: Vec<String> = range.map(record_line).collect();
    batch(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_stream_goes_on_behind_the_last_event_that_its_reader_saw() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    assert_eq!(post(&server, None, numbered(0..5)).0, 200);
    let first = events(&server, "?after=0", None, 2);
    assert_eq!(
        (&first[0].kind[..], first[0].id, &first[0].data["message"]),
        ("record", 1, &json!("record 0"))
    );
    assert!(first[0].data["server_received_at"].is_string());
    // What was seen outranks what the address says.
    let rest = events(&server, "?after=0", Some(first[1].id), 3);
    let ids: Vec<u64> = rest.iter().map(|event| event.id).collect();
    assert_eq!(ids, [3, 4, 5]);
}

#[test]
fn a_stream_shows_what_its_filters_let_through() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let error = record_line(1).replace("\"info\"", "\"error\"");
    let other = record_line(2)
        .replace("\"info\"", "\"error\"")
        .replace("session-1", "other-1");
    let body = batch(&[&record_line(0), &error, &other, &record_line(3)]);
    assert_eq!(post(&server, None, body).0, 200);
    let seen = events(&server, "?after=0&level=error&session=session", None, 1);
    assert_eq!(seen[0].data["message"], "record 1");
    let seen = events(&server, "?n=1&level=error", None, 1);
    assert_eq!(seen[0].data["message"], "record 2");
}

#[test]
fn a_stream_tells_how_many_records_retention_took_from_its_reader() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    assert_eq!(post(&server, None, numbered(0..3)).0, 200);
    drop(server);
    let server = serve(&home, &["--no-auth", "--retention", "1ms"], &[]);
    wait_until("they are removed", || {
        messages(&server).is_empty().then_some(())
    });
    assert_eq!(post(&server, None, numbered(3..4)).0, 200);
    let seen = events(&server, "?after=1", None, 2);
    assert_eq!(
        (&seen[0].kind[..], seen[0].id, &seen[0].data),
        ("gap", 3, &json!({"skipped": 2}))
    );
    assert_eq!((&seen[1].kind[..], seen[1].id), ("record", 4));
    // With a filter that no removed record can have passed, they count too:
    // nobody knows any more what they were.
    let seen = events(&server, "?after=0&session=session-1", None, 2);
    assert_eq!(seen[0].data, json!({"skipped": 3}));
    assert_eq!(seen[1].data["message"], "record 3");
}
