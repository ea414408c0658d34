//! A store that is full, and servers that are exchanged one by one.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;

use super::kills::{Servers, messages_of_session, session, upload};
use super::{record, serve};
use crate::ingest::{batch, get, messages, post};
use crate::support::Home;
use crate::support::nats::{Nats, has_nats};

#[test]
fn a_full_stream_is_503_and_what_was_confirmed_stays() {
    if !has_nats("a_full_stream_is_503_and_what_was_confirmed_stays") {
        return;
    }
    let nats = Nats::start_with_room(1, "256KB");
    let home = Home::new();
    let server = serve(&home, &nats.url(), &[]);
    let mut stored = Vec::new();
    let mut refused = 0;
    for n in 0..100 {
        // Text that hardly packs.
        let noise: String = (0..300).map(|_| uuid::Uuid::new_v4().to_string()).collect();
        let line =
            record("s", n).replace("\"logger\":\"Test\"", &format!("\"logger\":\"{noise}\""));
        let (status, reply) = post(&server, None, batch(&[&line]));
        match status {
            200 => stored.push(format!("s {n}")),
            503 => refused += 1,
            _ => panic!("{status}: {reply}"),
        }
        if refused == 3 {
            break;
        }
    }
    assert_eq!(refused, 3, "{} were stored", stored.len());
    assert_eq!(messages(&server), stored);
    assert_eq!(get(&server, "/healthz", None).0, 200);
}

#[test]
fn servers_can_be_exchanged_one_by_one_under_load() {
    if !has_nats("servers_can_be_exchanged_one_by_one_under_load") {
        return;
    }
    let nats = Nats::start(1);
    let home = Home::new();
    let store = nats.url();
    let mut nodes: Vec<_> = (0..2).map(|_| serve(&home, &store, &[])).collect();
    let urls = nodes.iter().map(|node| Some(node.endpoint()));
    let servers: Servers = Arc::new(Mutex::new(urls.collect()));
    let uploads: Vec<_> = (0..2)
        .map(|client| {
            let servers = Arc::clone(&servers);
            thread::spawn(move || upload(client, 10, &servers))
        })
        .collect();
    for (place, node) in nodes.iter_mut().enumerate() {
        let next = serve(&home, &store, &[]);
        servers.lock().expect("a list")[place] = Some(next.endpoint());
        let mut former = std::mem::replace(node, next);
        former.running.signal("TERM");
        assert!(former.running.ends().success());
    }
    for upload in uploads {
        upload.join().expect("a client got rid of its records");
    }
    for client in 0..2 {
        let found = messages_of_session(&nodes[0], &session(client));
        assert_eq!(found.len(), 1000);
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>().len(), 1000);
    }
}

#[test]
fn retention_is_the_streams_and_follows_the_flags() {
    if !has_nats("retention_is_the_streams_and_follows_the_flags") {
        return;
    }
    let nats = Nats::start(1);
    let home = Home::new();
    let server = serve(&home, &nats.url(), &[]);
    assert_eq!(post(&server, None, batch(&[&record("s", 1)])).0, 200);
    let brief = serve(&home, &nats.url(), &["--retention", "1s"]);
    crate::support::wait_until("what is old is gone", || {
        messages(&brief).is_empty().then_some(())
    });
    assert_eq!(post(&server, None, batch(&[&record("s", 2)])).0, 200);
    assert_eq!(messages(&server), ["s 2"]);
}
