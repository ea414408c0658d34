//! What `ingest serve` has promised to keep, it keeps: signals, locks, age.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::ingest::{batch, batch_of, block_on, messages, post, serve};
#[cfg(target_os = "linux")]
use crate::support::SmallDisk;
#[cfg(target_os = "linux")]
use crate::support::browser::skip;
use crate::support::{Home, Server, record_line, wait_until};

/// How many clients send at a time.
const CLIENTS: usize = 4;

/// Sends batches until the server is gone, which `end` sees to, and gives back
/// the messages of all records that were acknowledged.
fn acknowledged_until(server: &Server, end: impl FnOnce(&Server)) -> BTreeSet<String> {
    let endpoint = server.endpoint();
    let sender = std::thread::spawn(move || {
        block_on(async {
            let clients = (0..CLIENTS).map(|client| send(endpoint.clone(), client));
            let sent = futures_util::future::join_all(clients).await;
            sent.into_iter().flatten().collect()
        })
    });
    wait_until("some are stored", || {
        (messages(server).len() > 200).then_some(())
    });
    end(server);
    sender.join().expect("no client panicked")
}

async fn send(endpoint: String, client: usize) -> Vec<String> {
    let http = reqwest::Client::new();
    let mut acknowledged = Vec::new();
    for round in 0.. {
        let (messages, body) = batch_of(client, round, 10);
        let Ok(reply) = http.post(&endpoint).body(body).send().await else {
            break;
        };
        if reply.status() != 200 || reply.bytes().await.is_err() {
            break;
        }
        acknowledged.extend(messages);
    }
    acknowledged
}

fn assert_all_there(home: &Home, acknowledged: &BTreeSet<String>) {
    let server = Server::start(home, &["--no-auth"]);
    let stored: Vec<String> = messages(&server);
    let distinct: BTreeSet<String> = stored.iter().cloned().collect();
    assert_eq!(distinct.len(), stored.len(), "some are stored twice");
    let missing: Vec<_> = acknowledged.difference(&distinct).collect();
    assert!(missing.is_empty(), "acknowledged and missing: {missing:?}");
}

#[test]
fn kill_9_under_load_costs_no_acknowledged_record() {
    let home = Home::new();
    let mut server = Server::start(&home, &["--no-auth"]);
    let acknowledged = acknowledged_until(&server, |server| server.running.signal("KILL"));
    server.running.ends();
    assert_all_there(&home, &acknowledged);
}

#[test]
fn sigterm_under_load_ends_well_and_costs_no_acknowledged_record() {
    let home = Home::new();
    let mut server = Server::start(&home, &["--no-auth"]);
    let acknowledged = acknowledged_until(&server, |server| server.running.signal("TERM"));
    assert!(server.running.ends().success());
    assert_all_there(&home, &acknowledged);
}

#[test]
fn a_store_that_another_process_holds_is_503_until_it_is_free() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let body = batch(&[&record_line(1)]);
    let other = rusqlite::Connection::open(home.path("ingest.db")).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("held");
    let request = reqwest::Client::new()
        .post(server.endpoint())
        .body(body.clone());
    block_on(async {
        let reply = request.send().await.expect("an answer");
        assert_eq!(reply.status().as_u16(), 503);
        assert!(reply.headers().contains_key("retry-after"));
    });
    let ready = || crate::ingest::get(&server, "/readyz", None).0;
    assert_eq!(ready(), 503);
    other.execute_batch("ROLLBACK").expect("free");
    // By itself, without a record that says so.
    assert_eq!(ready(), 200);
    let (status, reply) = post(&server, None, body);
    assert_eq!((status, &reply["accepted"]), (200, &json!(1)));
    assert_eq!(messages(&server).len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_once_and_makes_the_server_unready_until_there_is_room() {
    let home = Home::new();
    let Some(disk) = SmallDisk::mount(home.path("disk"), "2m") else {
        return skip("a small disk needs the right to mount one");
    };
    let store = format!("sqlite:{}", disk.path.join("ingest.db").display());
    let mut command = home.soliplex();
    command.args(["ingest", "serve", "--no-auth", "--listen", "127.0.0.1:0"]);
    let mut server = Server::of(command.args(["--store", &store]));
    let ready = || crate::ingest::get(&server, "/readyz", None).0;
    assert_eq!(ready(), 200);
    let filler = disk.path.join("filler");
    let _ = std::fs::write(&filler, vec![b'x'; 2 << 20]);
    let lines: Vec<String> = (0..1000).map(record_line).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let body = batch(&lines);
    let send = || post(&server, None, &*body).0;
    for _ in 0..5 {
        assert_eq!(send(), 503);
        assert_eq!(ready(), 503);
    }
    server.running.says("ingest.db: store is full: ");
    std::fs::remove_file(filler).expect("removed");
    // By itself, without a record that says so.
    assert_eq!(ready(), 200);
    server.running.says("ingest.db: can be written again");
    assert_eq!(send(), 200);
    assert_eq!(messages(&server).len(), 1000);
    server.running.signal("TERM");
    assert!(server.running.ends().success());
    let said = server.running.said();
    assert!(
        !said.iter().any(|line| line.contains("ingest.db")),
        "{said:?}"
    );
}

#[test]
fn what_is_older_than_the_retention_goes_and_a_second_delivery_is_new_again() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let body = batch(&[&record_line(1), &record_line(2)]);
    assert_eq!(post(&server, None, &*body).0, 200);
    drop(server);
    // Kept long enough, nothing goes.
    let server = serve(&home, &["--no-auth", "--retention", "1h"], &[]);
    assert_eq!(messages(&server).len(), 2);
    drop(server);
    let server = serve(&home, &["--no-auth", "--retention", "1ms"], &[]);
    wait_until("they are removed", || {
        messages(&server).is_empty().then_some(())
    });
    let (_, sessions) = crate::ingest::get(&server, "/api/v1/sessions", None);
    let is_empty = sessions["sessions"].as_array().is_some_and(Vec::is_empty);
    assert!(is_empty, "{sessions}");
    drop(server);
    let server = Server::start(&home, &["--no-auth"]);
    let (status, reply) = post(&server, None, &*body);
    assert_eq!((status, &reply["accepted"]), (200, &json!(2)), "{reply}");
}

#[test]
fn a_store_over_its_size_loses_the_oldest_first() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    for n in 0..40 {
        // Hardly compressible, so that size on disk follows.
        let noise: String = (0..800)
            .map(|_| uuid::Uuid::new_v4().simple().to_string())
            .collect();
        let line =
            record_line(n).replace(&format!("record {n}\""), &format!("record {n} {noise}\""));
        assert_eq!(post(&server, None, batch(&[&line])).0, 200);
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(server);
    let server = serve(&home, &["--no-auth", "--max-store", "400KB"], &[]);
    let left = wait_until("some are removed", || {
        let left = messages(&server);
        (left.len() < 30).then_some(left)
    });
    assert!(!left.is_empty(), "all were removed");
    assert!(
        left.last().unwrap().starts_with("record 39 "),
        "the newest went"
    );
}
