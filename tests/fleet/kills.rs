//! Three servers on three of NATS, some of which die.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{messages_of, record, serve_forwarding};
use crate::fault_server::{Fault, FaultServer};
use crate::ingest::{answer, batch, get};
use crate::support::nats::{Nats, has_nats};
use crate::support::{Home, Server};

/// How many records go into one request.
const RECORDS: usize = 100;

/// How long a client tries to get rid of one batch, and how long nothing at
/// all may happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where clients may send to; a place is empty while its server is dead.
pub(super) type Servers = Arc<Mutex<Vec<Option<String>>>>;

#[test]
fn nothing_is_lost_or_doubled_when_nodes_are_killed() {
    if has_nats("nothing_is_lost_or_doubled_when_nodes_are_killed") {
        upload_through_kills(3, 6);
    }
}

#[test]
#[ignore = "takes minutes; cargo nextest run --run-ignored only -E 'test(/200_000/)'"]
fn of_200_000_records_nothing_is_lost_or_doubled_when_nodes_are_killed() {
    if has_nats("of_200_000_records_nothing_is_lost_or_doubled_when_nodes_are_killed") {
        upload_through_kills(10, 200);
    }
}

fn upload_through_kills(clients: usize, batches: usize) {
    let collector = FaultServer::start(|_| Fault::Answer(200, "{}".to_owned()));
    let mut nats = Nats::start(3);
    let home = Home::new();
    let store = nats.url();
    let start = || serve_forwarding(&home, &store, &collector.url());
    let mut nodes: Vec<Option<Server>> = (0..3).map(|_| Some(start())).collect();
    let urls = nodes.iter().map(|node| node.as_ref().map(Server::endpoint));
    let servers: Servers = Arc::new(Mutex::new(urls.collect()));
    // The last one lives on, and is watched all along.
    let watched = nodes[2].as_ref().expect("a server").url.clone();
    let lines = (clients * batches * RECORDS).to_string();
    let mut tail = home.start(&["tail", &watched, "-n", &lines, "--output", "json"]);

    let uploads: Vec<_> = (0..clients)
        .map(|client| {
            let servers = Arc::clone(&servers);
            thread::spawn(move || upload(client, batches, &servers))
        })
        .collect();

    wait_until_stored(&nodes, clients * batches * RECORDS / 5);
    nats.kill_node(0);
    wait_until_stored(&nodes, clients * batches * RECORDS * 2 / 5);
    servers.lock().expect("a list")[0] = None;
    nodes[0] = None;
    nats.start_node(0);
    wait_until_stored(&nodes, clients * batches * RECORDS * 3 / 5);
    let restarted = serve_forwarding(&home, &store, &collector.url());
    {
        let mut servers = servers.lock().expect("a list");
        servers[0] = Some(restarted.endpoint());
        servers[1] = None;
    }
    nodes[0] = Some(restarted);
    nodes[1] = None;
    for upload in uploads {
        upload.join().expect("a client got rid of its records");
    }

    let expected: BTreeSet<String> = (0..clients)
        .flat_map(|client| (0..batches * RECORDS).map(move |n| format!("{} {n}", session(client))))
        .collect();
    for node in nodes.iter().flatten() {
        let mut found = Vec::new();
        for client in 0..clients {
            found.extend(messages_of_session(node, &session(client)));
        }
        assert_eq!(found.len(), expected.len(), "a record is lost or doubled");
        assert!(found.into_iter().collect::<BTreeSet<_>>() == expected);
    }
    let mut shown = Vec::new();
    wait_for("all records were shown", expected.len(), || {
        shown.extend(tail.printed());
        assert!(!tail.has_ended(), "{:#?}", tail.said());
        shown.len()
    });
    let message = |line: &String| -> String {
        let record: Value = serde_json::from_str(line).expect("a record");
        record["message"].as_str().expect("a message").to_owned()
    };
    let distinct: BTreeSet<String> = shown.iter().map(message).collect();
    assert_eq!(shown.len(), distinct.len(), "a record was shown twice");
    assert!(distinct == expected, "a record was not shown");
    let mut bodies = BTreeSet::new();
    wait_for("all records were forwarded", expected.len(), || {
        bodies.extend(super::forwarded(&collector));
        bodies.len()
    });
    assert!(bodies == expected, "a record was not forwarded");
}

pub(super) fn session(client: usize) -> String {
    format!("0197f0a1-0000-7000-8000-{client:012}")
}

/// Sends batch after batch, each to one server after another until one says
/// that it is stored.
pub(super) fn upload(client: usize, batches: usize, servers: &Servers) {
    for number in 0..batches {
        let records: Vec<String> = (number * RECORDS..(number + 1) * RECORDS)
            .map(|n| record(&session(client), n))
            .collect();
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        let body = batch(&records);
        let started = Instant::now();
        let mut attempt = client;
        while !is_stored(servers, attempt, &body) {
            assert!(started.elapsed() < PATIENCE, "nobody takes a batch");
            attempt += 1;
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn is_stored(servers: &Servers, attempt: usize, body: &str) -> bool {
    let endpoint = {
        let servers = servers.lock().expect("a list");
        servers[attempt % servers.len()].clone()
    };
    let Some(endpoint) = endpoint else {
        return false;
    };
    let request = reqwest::Client::new()
        .post(endpoint)
        .timeout(Duration::from_secs(5))
        .header("Content-Type", "application/json")
        .body(body.to_owned());
    let sent = crate::ingest::block_on(async { request.send().await });
    sent.is_ok_and(|reply| reply.status() == 200)
}

/// Waits until so many records are stored, by the count of the sessions.
fn wait_until_stored(nodes: &[Option<Server>], records: usize) {
    let server = nodes.iter().flatten().last().expect("one lives");
    wait_for("enough is stored", records, || {
        let request = reqwest::Client::new().get(format!("{}/api/v1/sessions", server.url));
        let (_, list) = answer(request);
        let sessions = list["sessions"].as_array().cloned().unwrap_or_default();
        let stored: u64 = sessions.iter().filter_map(|s| s["records"].as_u64()).sum();
        stored as usize
    });
}

/// Waits until a count is high enough, for as long as it grows.
fn wait_for(what: &str, wanted: usize, mut count: impl FnMut() -> usize) {
    let (mut seen, mut grew) = (0, Instant::now());
    while seen < wanted {
        let now = count();
        if now > seen {
            (seen, grew) = (now, Instant::now());
        }
        assert!(
            grew.elapsed() < PATIENCE,
            "waited in vain until {what}: {seen} of {wanted}"
        );
        thread::sleep(Duration::from_millis(20));
    }
}

pub(super) fn messages_of_session(server: &Server, session: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let path = format!("/api/v1/logs?n=10000&session={session}&after={after}");
        let (status, page) = get(server, &path, None);
        assert_eq!(status, 200, "{page}");
        found.extend(messages_of(&page));
        if page["more"] == false {
            return found;
        }
        after = page["after"].as_u64().expect("a cursor");
    }
}
