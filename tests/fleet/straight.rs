//! Reading a fleet's records straight from NATS.

use serde_json::Value;

use super::{record, serve};
use crate::ingest::{batch, post};
use crate::support::nats::{Nats, has_nats};
use crate::support::{Home, Ran};

#[test]
fn readers_take_nats_as_a_source() {
    if !has_nats("readers_take_nats_as_a_source") {
        return;
    }
    let nats = Nats::start(1);
    let home = Home::new();
    let server = serve(&home, &nats.url(), &[]);
    let send = |session: &str, numbers: std::ops::Range<usize>| {
        let records: Vec<String> = numbers.map(|n| record(session, n)).collect();
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        let body = batch(&records).replace(
            "\"resource\":{}",
            "\"resource\":{\"device.alias\":\"calm-falcon-ridge\"}",
        );
        assert_eq!(post(&server, None, body).0, 200);
    };
    let whole = "0197f0a1-0000-7000-8000-000000000001";
    for n in 0..10 {
        send("s", 3 * n..3 * n + 3);
        send(whole, n..n + 1);
    }
    let url = nats.url();
    let read = |flags: &[&str]| -> Vec<String> {
        let mut args = vec!["tail", &url, "--no-follow", "--output", "json"];
        args.extend(flags);
        let lines = home.run(&args).succeeds().json_lines();
        let message = |line: &Value| line["message"].as_str().expect("a message").to_owned();
        lines.iter().map(message).collect()
    };
    assert_eq!(read(&[]).len(), 40);
    let of_s: Vec<String> = (0..30).map(|n| format!("s {n}")).collect();
    assert_eq!(read(&["--session", "s"]), of_s);
    assert_eq!(read(&["--session", "s", "-n", "4"]), of_s[26..]);
    let of_whole: Vec<String> = (0..10).map(|n| format!("{whole} {n}")).collect();
    assert_eq!(read(&["--session", whole]), of_whole);
    assert_eq!(read(&["--session", whole, "-n", "2"]), of_whole[8..]);
    assert_eq!(read(&["--install", "calm-falcon-ridge"]).len(), 40);
    assert_eq!(read(&["--install", "somebody"]).len(), 0);
    assert_eq!(
        read(&["--since", "2026-02-06T12:00:00.028Z", "--session", "s"]),
        of_s[28..]
    );
    assert_eq!(read(&["--level", "error"]).len(), 0);

    let tail = home.start(&[
        "tail",
        &url,
        "-n",
        "1",
        "--session",
        "s",
        "--output",
        "json",
    ]);
    tail.prints("\"s 29\"");
    send("t", 0..1);
    send("s", 30..31);
    let line = tail.prints("\"message\"");
    assert!(
        line.contains("\"s 30\"") && line.contains("server_received_at"),
        "{line}"
    );

    let told = home
        .run(&["session", "show", whole, &url])
        .succeeds()
        .stdout_text();
    assert!(told.contains("10 records"), "{told}");
    home.run(&["fingerprint", &url]).succeeds();
    let nobody = home.run(&["tail", "nats://127.0.0.1:9", "--no-follow"]);
    nobody
        .exits(7)
        .says_in_one_line(&["cannot reach nats://127.0.0.1:9"]);
    home.run(&["tail", "nats://me:secret@127.0.0.1:9", "--no-follow"])
        .exits(1)
        .says_in_one_line(&["--nats-credentials"]);
}

#[test]
fn a_page_holds_the_screenshots_that_the_fleet_keeps() {
    if !has_nats("a_page_holds_the_screenshots_that_the_fleet_keeps") {
        return;
    }
    let nats = Nats::start(1);
    let home = Home::new();
    let server = serve(&home, &nats.url(), &[]);
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 40, 600);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&[7; 40 * 600]).expect("pixels");
    writer.finish().expect("an end");
    let screen = home.file("screen.png", png);
    for screenshot in [&["--screenshot", screen.to_str().expect("UTF-8")][..], &[]] {
        let emit = ["emit", "down", "--level", "error", "--session", "s"];
        home.run(&[&emit, screenshot].concat()).succeeds();
    }
    let id = home.queued()[0]["screenshotId"].clone();
    let upload = ["upload", "--endpoint", &server.endpoint()];
    home.run(&upload).succeeds();
    // Its server is not asked.
    drop(server);
    let show = ["session", "show", "s", &nats.url(), "--html", "story.html"];
    home.run(&show).succeeds();
    let page = std::fs::read_to_string(home.path("story.html")).expect("a page");
    let id = id.as_str().expect("an id");
    let image = format!("<img alt=\"Screenshot {id}\" src=\"data:image/png;base64,");
    assert!(page.contains(&image), "{page}");
    assert!(!page.contains("class=\"placeholder\""));
}
