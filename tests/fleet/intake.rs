//! Records in and out, on one server of NATS.

use std::collections::BTreeSet;

use serde_json::json;

use super::{messages_of, record, serve};
use crate::ingest::{batch, get, messages, post};
use crate::support::nats::{Nats, has_nats};
use crate::support::{Home, Ran, wait_until};

fn records(session: &str, numbers: std::ops::Range<usize>) -> String {
    let records: Vec<String> = numbers.map(|n| record(session, n)).collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    batch(&records)
}

#[test]
fn records_are_stored_once_and_found_on_any_server_and_after_a_restart() {
    if !has_nats("records_are_stored_once_and_found_on_any_server_and_after_a_restart") {
        return;
    }
    let nats = Nats::start(1);
    let home = Home::new();
    let one = serve(&home, &nats.url(), &[]);
    let other = serve(&home, &nats.url(), &[]);

    let (status, reply) = post(&one, None, records("a", 0..100));
    assert_eq!((status, &reply["accepted"]), (200, &json!(100)), "{reply}");
    // Sent again as it was, and cut in another way, to either server.
    for (server, numbers, accepted) in [
        (&other, 0..100, 0),
        (&one, 50..150, 50),
        (&other, 0..160, 10),
        (&other, 200..210, 10),
        (&one, 150..220, 50),
    ] {
        let total = numbers.len();
        let (status, reply) = post(server, None, records("a", numbers));
        assert_eq!(status, 200, "{reply}");
        assert_eq!(reply["accepted"], accepted, "{reply}");
        assert_eq!(reply["duplicates"], total - accepted, "{reply}");
    }
    let both = format!("{},{}", record("b", 1), record("c", 1));
    assert_eq!(post(&other, None, format!("{{\"logs\":[{both}]}}")).0, 200);

    let of_a: BTreeSet<String> = (0..220).map(|n| format!("a {n}")).collect();
    let check = |server: &_| {
        let all = messages(server);
        assert_eq!(all.len(), 222);
        let (_, page) = get(server, "/api/v1/logs?session=a&n=1000", None);
        let found = messages_of(&page);
        assert_eq!(found.len(), 220);
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), of_a);
        let (_, page) = get(server, "/api/v1/logs?session=b&install=inst", None);
        assert_eq!(messages_of(&page), ["b 1"]);
        let path = "/api/v1/logs?session=b&after=0&since=2026-02-06T12:00:00Z";
        assert_eq!(messages_of(&get(server, path, None).1), ["b 1"]);
        let path = "/api/v1/logs?after=0&since=2999-01-01T00:00:00Z";
        assert_eq!(get(server, path, None).1["records"], json!([]));
        let (_, list) = get(server, "/api/v1/sessions", None);
        let list = list["sessions"].as_array().expect("sessions").clone();
        let counts: Vec<_> = list
            .iter()
            .map(|s| (s["sessionId"].clone(), s["records"].clone()))
            .collect();
        assert_eq!(counts.len(), 3, "{list:?}");
        assert!(counts.contains(&(json!("a"), json!(220))), "{list:?}");
    };
    check(&one);
    drop(one);
    let restarted = serve(&home, &nats.url(), &[]);
    check(&restarted);
    check(&other);
}

#[test]
fn pages_go_back_through_a_session_among_many() {
    if !has_nats("pages_go_back_through_a_session_among_many") {
        return;
    }
    let nats = Nats::start(1);
    let home = Home::new();
    let server = serve(&home, &nats.url(), &[]);
    // A session whose messages lie far apart, then close together.
    for n in 0..30 {
        assert_eq!(
            post(&server, None, records("rare", 2 * n..2 * n + 2)).0,
            200
        );
        let others = if n < 6 { 8 } else { 0 };
        for other in 0..others {
            let session = format!("other-{n}-{other}");
            assert_eq!(post(&server, None, records(&session, 0..1)).0, 200);
        }
    }
    let mut found = Vec::new();
    let mut before = String::new();
    loop {
        let path = format!("/api/v1/logs?session=rare&n=17{before}");
        let (status, page) = get(&server, &path, None);
        assert_eq!(status, 200, "{page}");
        let mut older = messages_of(&page);
        older.append(&mut found);
        found = older;
        let Some(next) = page["before"].as_u64() else {
            break;
        };
        before = format!("&before={next}");
    }
    let expected: Vec<String> = (0..60).map(|n| format!("rare {n}")).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_live_stream_shows_what_any_server_takes_in() {
    if !has_nats("a_live_stream_shows_what_any_server_takes_in") {
        return;
    }
    let nats = Nats::start(1);
    let home = Home::new();
    let one = serve(&home, &nats.url(), &[]);
    let other = serve(&home, &nats.url(), &[]);
    assert_eq!(post(&one, None, records("s", 0..3)).0, 200);
    let args = [
        "tail",
        &other.url,
        "-n",
        "10",
        "--output",
        "json",
        "--session",
        "s",
    ];
    let tail = home.start(&args);
    tail.prints("\"s 2\"");
    assert_eq!(post(&one, None, records("s", 3..5)).0, 200);
    assert_eq!(post(&other, None, records("t", 0..1)).0, 200);
    assert_eq!(post(&other, None, records("s", 5..6)).0, 200);
    tail.prints("\"s 3\"");
    tail.prints("\"s 4\"");
    let last = tail.prints("\"s ");
    assert!(
        last.contains("\"s 5\"") && last.contains("server_received_at"),
        "{last}"
    );
    let shown = home.run(&["session", "show", "s", &one.url, "--format", "json"]);
    shown.succeeds();
}

#[test]
fn without_an_engine_records_are_refused_until_it_is_back() {
    if !has_nats("without_an_engine_records_are_refused_until_it_is_back") {
        return;
    }
    let mut nats = Nats::start(1);
    let home = Home::new();
    let server = serve(&home, &nats.url(), &[]);
    assert_eq!(post(&server, None, records("s", 0..1)).0, 200);
    nats.kill_node(0);
    wait_until("records are refused", || {
        let (status, _) = post(&server, None, records("s", 1..2));
        (status == 503).then_some(())
    });
    assert_eq!(get(&server, "/readyz", None).0, 503);
    assert_eq!(get(&server, "/healthz", None).0, 200);
    // One that is started now waits for it too.
    let late = super::serve_at_once(&home, &nats.url(), &[]);
    assert_eq!(post(&late, None, records("s", 2..3)).0, 503);
    nats.start_node(0);
    for server in [&server, &late] {
        wait_until("records are taken in again", || {
            (post(server, None, records("s", 0..5)).0 == 200).then_some(())
        });
    }
    assert_eq!(messages(&server), ["s 0", "s 1", "s 2", "s 3", "s 4"]);
}
