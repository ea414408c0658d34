//! What a fleet keeps beside records: errors, names, screenshots, and what was
//! forwarded.

use serde_json::json;

use super::{forwarded, messages_of, serve, serve_forwarding};
use crate::fault_server::{Fault, FaultServer};
use crate::ingest::{answer, batch, block_on, get, post};
use crate::support::nats::{Nats, has_nats};
use crate::support::{Home, record_line, wait_until};

fn error(session: &str, n: usize) -> String {
    record_line(n)
        .replace(
            "\"level\":\"info\"",
            "\"level\":\"error\",\"error\":\"IoException: short read\"",
        )
        .replace("session-1", session)
}

#[test]
fn errors_are_counted_once_and_told_once_by_the_whole_fleet() {
    if !has_nats("errors_are_counted_once_and_told_once_by_the_whole_fleet") {
        return;
    }
    let webhook = FaultServer::start(|_| Fault::Answer(200, String::new()));
    let url = webhook.url();
    let flags = ["--alert-webhook", &url, "--alert-threshold", "5"];
    let nats = Nats::start(1);
    let home = Home::new();
    let servers = [
        serve(&home, &nats.url(), &flags),
        serve(&home, &nats.url(), &flags),
    ];
    for n in 0..6 {
        let session = format!("session-{}", n % 3);
        let body = batch(&[&error(&session, n), &record_line(n)]);
        for server in &servers {
            assert_eq!(post(server, None, &*body).0, 200);
        }
    }
    for server in &servers {
        let group = wait_until("the errors were counted", || {
            let (_, told) = get(server, "/api/v1/fingerprints", None);
            (told["total"] == 6).then(|| told["fingerprints"][0].clone())
        });
        assert_eq!(group["exceptionType"], "IoException");
        assert_eq!(
            (&group["count"], &group["sessions"]),
            (&json!(6), &json!(3))
        );
        assert_eq!(group["installs"], 1);
    }
    wait_until("the alert was told", || {
        (!webhook.requests().is_empty()).then_some(())
    });
    // One more error, counted and looked at: it was told already.
    assert_eq!(
        post(&servers[0], None, batch(&[&error("session-9", 9)])).0,
        200
    );
    wait_until("it was counted", || {
        let (_, told) = get(&servers[1], "/api/v1/fingerprints", None);
        (told["total"] == 7).then_some(())
    });
    assert_eq!(webhook.requests().len(), 1);
}

#[test]
fn names_and_screenshots_are_known_to_every_server() {
    if !has_nats("names_and_screenshots_are_known_to_every_server") {
        return;
    }
    let nats = Nats::start(1);
    let home = Home::new();
    let [one, other] = [(); 2].map(|()| serve(&home, &nats.url(), &[]));
    let body = format!(
        r#"{{"logs":[{}],"resource":{{"device.alias":"Calm-Falcon-Ridge"}}}}"#,
        record_line(1)
    );
    assert_eq!(post(&one, None, body).0, 200);
    wait_until("the installation is found by its name", || {
        let path = "/api/v1/logs?install=calm-falcon-ridge";
        let (_, page) = get(&other, path, None);
        (messages_of(&page) == ["record 1"]).then_some(())
    });
    let (_, list) = get(&other, "/api/v1/sessions?install=calm-falcon-ridge", None);
    let session = &list["sessions"][0];
    assert_eq!(session["alias"], "calm-falcon-ridge");
    assert_eq!(session["resource"]["device.alias"], "Calm-Falcon-Ridge");

    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, 8, 600);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&[7; 8 * 600]).expect("a picture");
    drop(writer);
    let request = reqwest::Client::new()
        .post(format!("{}/api/v1/screenshots", one.url))
        .header("Content-Type", "image/png")
        .body(picture.clone());
    let (status, reply) = answer(request);
    assert_eq!(status, 201, "{reply}");
    let id = reply["id"].as_str().expect("an id");
    let fetch = |query: &str| {
        let url = format!("{}/api/v1/screenshots/{id}{query}", other.url);
        block_on(async {
            let reply = reqwest::get(url).await.expect("an answer");
            reply.bytes().await.expect("a picture").to_vec()
        })
    };
    assert_eq!(fetch(""), picture);
    assert!(fetch("?thumbnail").starts_with(b"\x89PNG") && fetch("?thumbnail") != picture);
    assert_eq!(get(&other, "/api/v1/screenshots/nothing", None).0, 404);
}

#[test]
fn each_batch_is_forwarded_by_one_server_and_what_one_held_by_another() {
    if !has_nats("each_batch_is_forwarded_by_one_server_and_what_one_held_by_another") {
        return;
    }
    let collector = FaultServer::start(|_| Fault::Answer(200, "{}".to_owned()));
    // Answers a byte at a time: what is sent there stays under way.
    let stuck = FaultServer::start(|_| Fault::Drip);
    let nats = Nats::start(1);
    let home = Home::new();
    let holding = serve_forwarding(&home, &nats.url(), &stuck.url());
    assert_eq!(post(&holding, None, batch(&[&record_line(0)])).0, 200);
    wait_until("one server is forwarding", || {
        (!stuck.requests().is_empty()).then_some(())
    });
    let [one, other] = [(); 2].map(|()| serve_forwarding(&home, &nats.url(), &collector.url()));
    drop(holding);
    for n in 1..40 {
        let server = if n % 2 == 0 { &one } else { &other };
        assert_eq!(post(server, None, batch(&[&record_line(n)])).0, 200);
    }
    let mut bodies = wait_until("everything is forwarded", || {
        let bodies = forwarded(&collector);
        (bodies.len() >= 40).then_some(bodies)
    });
    bodies.sort_unstable();
    let mut expected: Vec<String> = (0..40).map(|n| format!("record {n}")).collect();
    expected.sort_unstable();
    assert_eq!(bodies, expected);
}

#[test]
fn log_levels_that_change_in_one_servers_file_hold_for_all() {
    if !has_nats("log_levels_that_change_in_one_servers_file_hold_for_all") {
        return;
    }
    let nats = Nats::start(1);
    let home = Home::new();
    let file = home.file("levels.toml", "min_level = \"debug\"");
    let path = file.to_str().expect("a path");
    let plain = serve(&home, &nats.url(), &[]);
    let (status, _) = get(&plain, "/api/v1/config/logging", None);
    assert_eq!(status, 404);
    let with_file = serve(&home, &nats.url(), &["--logging-config", path]);
    let tells = |server: &_, level: &str| {
        wait_until("the level is told", || {
            let (_, told) = get(server, "/api/v1/config/logging", None);
            (told["min_level"] == level).then_some(())
        });
    };
    tells(&with_file, "debug");
    tells(&plain, "debug");
    std::fs::write(&file, "min_level = \"error\"  # for all").expect("file written");
    tells(&plain, "error");
    // A server that comes with an older file takes what holds.
    let old = home.file("old.toml", "min_level = \"trace\"");
    let late = serve(
        &home,
        &nats.url(),
        &["--logging-config", old.to_str().expect("a path")],
    );
    tells(&late, "error");
    tells(&plain, "error");
}
