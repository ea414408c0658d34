//! What `ingest serve` does when more comes than it can take: slow clients,
//! full disks, too many at once.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use crate::ingest::{batch, batch_of, block_on, messages, post};
use crate::support::{DEADLINE, Home, Server, record_line, wait_until};

/// Opens connections that send a request a byte at a time and never end it.
fn slow_connections(server: &Server, count: usize) -> Vec<TcpStream> {
    let address = server.url.trim_start_matches("http://");
    let slow = |_| {
        let mut stream = TcpStream::connect(address).expect("connected");
        stream
            .write_all(b"POST /api/v1/logs HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            .expect("sent");
        stream
    };
    (0..count).map(slow).collect()
}

#[test]
fn slow_connections_do_not_keep_others_from_being_served() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let mut slow = slow_connections(&server, 300);
    for n in 0..20 {
        for stream in &mut slow {
            stream.write_all(b"a").expect("still open");
        }
        let (status, reply) = post(&server, None, batch(&[&record_line(n)]));
        assert_eq!(status, 200, "{reply}");
    }
    assert_eq!(messages(&server).len(), 20);
}

#[test]
#[ignore = "waits half a minute for the server's patience to end: cargo test -- --ignored slow"]
fn a_thousand_slow_connections_are_closed_within_half_a_minute() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    for mut stream in slow_connections(&server, 1_000) {
        stream
            .set_read_timeout(Some(Duration::from_secs(31)))
            .expect("set");
        // An answer or none: what counts is that there is an end.
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("closed in time");
    }
}

/// Sends a head and the start of a body, and gives back the status line that
/// follows; empty if the connection was closed without one.
fn status_after(server: &Server, start: &str) -> String {
    let address = server.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(DEADLINE)).expect("set");
    // It may have been answered and closed before the last byte.
    let _ = stream.write_all(start.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn every_limit_is_a_flag() {
    let home = Home::new();
    let flags = "--no-auth --max-body 2KB --max-records 2 --max-depth 3 --max-head 8KiB \
                 --max-screenshot 1KB --head-timeout 300ms --body-timeout 300ms";
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let server = Server::start(&home, &flags);
    let line = record_line(1);
    assert_eq!(post(&server, None, batch(&[&line, &line])).0, 200);
    assert_eq!(post(&server, None, batch(&[&line, &line, &line])).0, 413);
    let long = line.replace("record 1", &"x".repeat(2_000));
    assert_eq!(post(&server, None, batch(&[&long])).0, 413);
    let deep = line.replace('}', r#","attributes":{"a":[[1]]}}"#);
    let (status, reply) = post(&server, None, batch(&[&deep]));
    assert_eq!(
        (status, &reply["rejected"][0]["reason"]),
        (422, &"nested deeper than 3".into())
    );
    let head = "POST /api/v1/logs HTTP/1.1\r\nhost: localhost\r\n";
    let large = format!("{head}x: {}\r\n\r\n", "x".repeat(20_000));
    for (start, status) in [
        (large.as_str(), "HTTP/1.1 431"),
        (
            &format!("{head}content-length: 9\r\n\r\n{{"),
            "HTTP/1.1 408",
        ),
        // Nothing is said to a head that does not end.
        (head, ""),
    ] {
        let said = status_after(&server, start);
        assert!(said.starts_with(status), "{said} instead of {status}");
    }
    let picture = "POST /api/v1/screenshots HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                   content-type: image/png\r\ncontent-length: 1001\r\n\r\n";
    let said = status_after(&server, picture);
    assert!(said.starts_with("HTTP/1.1 413"), "{said}");
}

/// Starts a server none of whose files may grow over so many KiB, until
/// [`lift`] is called.
fn serve_on_little_disk(home: &Home, kilobytes: u32) -> Server {
    let store = home.path("ingest.db");
    let script = format!(
        "trap '' XFSZ; ulimit -S -f {blocks}; exec {soliplex} ingest serve --no-auth --listen 127.0.0.1:0 --store sqlite:{store}",
        blocks = kilobytes * 2,
        soliplex = env!("CARGO_BIN_EXE_soliplex"),
        store = store.display(),
    );
    let mut command = Command::new("sh");
    command
        .args(["-c", &script])
        .env("HOME", home.path(""))
        .env("SOLIPLEX_STATE_DIR", home.path("state"));
    Server::of(&mut command)
}

/// Gives the server as much disk as it wants.
fn lift(server: &Server) {
    let pid = server.running.id().to_string();
    let lifted = Command::new("prlimit")
        .args(["--fsize=unlimited:", "--pid", &pid])
        .status();
    assert!(lifted.expect("util-linux is there").success());
}

#[test]
fn a_full_disk_is_told_and_forgotten_once_there_is_room() {
    let home = Home::new();
    let server = serve_on_little_disk(&home, 512);
    let noise = || -> String {
        let noise = (0..400).map(|_| uuid::Uuid::new_v4().simple().to_string());
        noise.collect()
    };
    let mut acknowledged = BTreeSet::new();
    let mut refused = 0;
    for n in 0..200 {
        let message = format!("record {n} {}", noise());
        let line = record_line(n).replace(&format!("record {n}\""), &format!("{message}\""));
        match post(&server, None, batch(&[&line])).0 {
            200 => {
                acknowledged.insert(message);
            }
            status => {
                assert_eq!(status, 503);
                refused += 1;
            }
        }
        if refused == 3 {
            break;
        }
    }
    assert_eq!(refused, 3, "the disk was never full");
    lift(&server);
    wait_until("it stores again", || {
        (post(&server, None, batch(&[&record_line(999)])).0 == 200).then_some(())
    });
    let stored: BTreeSet<String> = messages(&server).into_iter().collect();
    let missing = acknowledged.difference(&stored).count();
    assert_eq!(missing, 0, "acknowledged and missing");
}

#[test]
fn of_too_many_at_once_what_is_acknowledged_is_there() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let endpoint = server.endpoint();
    let client = |client: usize| {
        let endpoint = endpoint.clone();
        async move {
            let http = reqwest::Client::new();
            let mut acknowledged = Vec::new();
            for round in 0..3 {
                let (messages, body) = batch_of(client, round, 20);
                let sent = http.post(&endpoint).body(body).send();
                // A connection that was idle for too long may have been closed.
                let Ok(reply) = sent.await else {
                    continue;
                };
                match reply.status().as_u16() {
                    200 => acknowledged.extend(messages),
                    status => assert!([429, 503].contains(&status), "{status}"),
                }
            }
            acknowledged
        }
    };
    let acknowledged = block_on(futures_util::future::join_all((0..64).map(client)));
    let acknowledged: BTreeSet<String> = acknowledged.into_iter().flatten().collect();
    let stored = messages(&server);
    let distinct: BTreeSet<String> = stored.iter().cloned().collect();
    assert_eq!(distinct.len(), stored.len(), "some are stored twice");
    assert_eq!(acknowledged.difference(&distinct).count(), 0);
}
