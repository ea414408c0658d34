//! Screenshots of errors, from `emit` and `run` to the server.

use std::fs;
use std::path::PathBuf;

use crate::fault_server::{Fault, FaultServer};
use crate::support::{Home, Ran, Server, wait_until};

/// A PNG of one colour, and of this size.
fn png(home: &Home, width: u32, height: u32) -> PathBuf {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let pixels = vec![200; (width * height * 3) as usize];
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&pixels)
        .unwrap();
    home.file("screen.png", file)
}

/// The ids of the screenshots that wait.
fn waiting(home: &Home) -> Vec<String> {
    let Ok(entries) = fs::read_dir(home.queue().join("screenshots")) else {
        return Vec::new();
    };
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    entries
        .map(|entry| name(entry.unwrap()).trim_end_matches(".png").to_owned())
        .collect()
}

fn size_of(home: &Home, id: &str) -> (u32, u32) {
    let file = fs::File::open(home.queue().join("screenshots").join(format!("{id}.png"))).unwrap();
    let reader = png::Decoder::new(std::io::BufReader::new(file))
        .read_info()
        .unwrap();
    reader.info().size()
}

#[test]
fn emit_keeps_a_small_screenshot_that_the_record_names() {
    let home = Home::new();
    let screen = png(&home, 960, 540);
    let screen = screen.to_str().unwrap();
    home.run(&["emit", "down", "--level", "error", "--screenshot", screen])
        .succeeds();
    let id = waiting(&home).remove(0);
    assert_eq!(home.queued()[0]["screenshotId"], id);
    assert_eq!(size_of(&home, &id), (853, 480));
    let home = Home::new();
    let screen = png(&home, 700, 600);
    let screen = screen.to_str().unwrap();
    let full = [
        "emit",
        "m",
        "--screenshot",
        screen,
        "--screenshot-size",
        "full",
        "--screenshot-mask",
        "0,0,9,9",
    ];
    home.run(&full).succeeds();
    assert_eq!(size_of(&home, &waiting(&home)[0]), (700, 600));
}

#[test]
fn a_screenshot_that_fails_costs_a_warning_and_not_the_record() {
    let home = Home::new();
    let text = home.file("text.png", "no picture");
    for file in [text.to_str().unwrap(), "missing.png"] {
        let ran = home.run(&["emit", "down", "--screenshot", file]).succeeds();
        assert!(
            ran.stderr_text().contains("no screenshot: "),
            "{}",
            ran.stderr_text()
        );
    }
    assert_eq!(home.queued().len(), 2);
    assert!(waiting(&home).is_empty());
    let run = [
        "run",
        "--screenshot-command",
        "exit 3",
        "--",
        "sh",
        "-c",
        "exit 1",
    ];
    let ran = home.run(&run).exits(1);
    assert!(
        ran.stderr_text().contains("no screenshot: "),
        "{}",
        ran.stderr_text()
    );
}

#[cfg(unix)]
#[test]
fn run_takes_one_screenshot_of_a_storm_of_errors() {
    let home = Home::new();
    let screen = png(&home, 800, 600);
    let command = format!("cat {}", screen.display());
    let script = "echo fine; echo 'ERROR: a'; echo 'ERROR: b'; exit 1";
    home.run(&[
        "run",
        "--screenshot-command",
        &command,
        "--",
        "sh",
        "-c",
        script,
    ])
    .exits(1);
    let records = home.queued();
    let named: Vec<_> = records
        .iter()
        .filter(|record| !record["screenshotId"].is_null())
        .collect();
    assert_eq!(named.len(), 1);
    assert_eq!(named[0]["message"], "ERROR: a");
    assert_eq!(waiting(&home), [named[0]["screenshotId"].as_str().unwrap()]);

    // A crash without a word is an error as well, and its picture is there
    // before the command ends.
    let home = Home::new();
    let screen = png(&home, 80, 60);
    let command = format!("cat {}", screen.display());
    let crash = ["--", "sh", "-c", "kill -SEGV $$"];
    let mut args = vec!["run", "--screenshot-command", &command];
    args.extend(crash);
    home.run(&args).exits(139);
    let records = home.queued();
    let fatal = records.iter().find(|record| record["level"] == "fatal");
    let id = fatal.unwrap()["screenshotId"].as_str().unwrap();
    assert_eq!(waiting(&home), [id]);
}

#[test]
fn upload_sends_the_screenshot_to_where_the_records_id_finds_it() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let screen = png(&home, 640, 480);
    home.run(&[
        "emit",
        "down",
        "--level",
        "error",
        "--screenshot",
        screen.to_str().unwrap(),
    ])
    .succeeds();
    let id = waiting(&home).remove(0);
    // The server is not there: the screenshot waits, as the record does.
    home.upload_to_nobody().exits(7);
    assert_eq!(waiting(&home).len(), 1);
    let ran = home.run(&["upload", "--endpoint", &server.url]).succeeds();
    assert!(
        ran.stderr_text().contains("1 screenshot sent"),
        "{}",
        ran.stderr_text()
    );
    assert!(waiting(&home).is_empty());
    let address = format!("{}/api/v1/screenshots/{id}", server.url);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (status, bytes) = runtime.block_on(async {
        let response = reqwest::get(address).await.unwrap();
        (response.status(), response.bytes().await.unwrap())
    });
    assert!(status.is_success(), "{status}");
    assert!(bytes.starts_with(b"\x89PNG"));
}

/// Emits an error with a picture, and says by which id it is known.
fn emit_with_screenshot(home: &Home, message: &str) -> String {
    let screen = png(home, 64, 48);
    let screen = screen.to_str().unwrap();
    home.run(&["emit", message, "--level", "error", "--screenshot", screen])
        .succeeds();
    let records = home.queued();
    let record = records.iter().find(|record| record["message"] == message);
    record.unwrap()["screenshotId"].as_str().unwrap().to_owned()
}

/// A server whose route for pictures does what it is told.
fn server_with(pictures: impl Fn(&str) -> Fault + Send + Sync + 'static) -> FaultServer {
    FaultServer::start(
        move |request| match request.head.split_once("/screenshots?id=") {
            Some((_, rest)) => pictures(&rest[..36]),
            None => Fault::accept(request),
        },
    )
}

fn pictures_of(server: &FaultServer) -> usize {
    let requests = server.requests();
    let pictures = requests.iter();
    pictures
        .filter(|request| request.head.contains("/screenshots?id="))
        .count()
}

fn records_of(server: &FaultServer) -> usize {
    server.requests().len() - pictures_of(server)
}

#[test]
fn following_sends_screenshots_too_and_no_record_waits_for_them() {
    let home = Home::new();
    // The first request for a picture is never answered.
    let server = server_with(|_| Fault::Drip);
    let url = server.url();
    emit_with_screenshot(&home, "first");
    let mut running = home.start(&["upload", "--follow", "--endpoint", &url]);
    wait_until("a picture is on its way", || {
        (pictures_of(&server) == 1).then_some(())
    });
    for number in 0..3 {
        home.run(&["emit", &format!("error {number}"), "--level", "error"])
            .succeeds();
        wait_until("the record is shipped", || {
            (records_of(&server) > number + 1).then_some(())
        });
    }
    assert_eq!(pictures_of(&server), 1);
    assert_eq!(waiting(&home).len(), 1);
    let start = std::time::Instant::now();
    running.signal("TERM");
    assert!(running.ends().success());
    assert!(start.elapsed() < std::time::Duration::from_secs(5));
    // What was not answered is kept.
    assert_eq!(waiting(&home).len(), 1);
}

#[test]
fn the_last_records_and_the_last_screenshots_are_sent_at_the_same_time() {
    let home = Home::new();
    let server = FaultServer::start(|request| match request.is_post() {
        true => Fault::Drip,
        false => Fault::status(404),
    });
    let url = server.url();
    emit_with_screenshot(&home, "down");
    let mut running = home.start(&["upload", "--follow", "--endpoint", &url]);
    wait_until("both are on their way", || {
        (server.requests().len() == 2).then_some(())
    });
    let start = std::time::Instant::now();
    running.signal("TERM");
    running.ends();
    assert!(start.elapsed() < std::time::Duration::from_secs(5));
    assert_eq!(waiting(&home).len(), 1);
}

#[test]
fn sending_screenshots_ends_when_it_is_told_to() {
    let home = Home::new();
    let server = server_with(|_| Fault::Drip);
    let url = server.url();
    emit_with_screenshot(&home, "down");
    let mut running = home.start(&["upload", "--endpoint", &url]);
    wait_until("a picture is on its way", || {
        (pictures_of(&server) == 1).then_some(())
    });
    running.signal("TERM");
    assert!(running.ends().success());
    let said = running.said();
    assert!(
        said.iter().any(|line| line.contains("interrupted")),
        "{said:?}"
    );
    assert_eq!(waiting(&home).len(), 1);
}

#[test]
fn a_screenshot_that_fails_while_following_is_tried_again_and_told_once() {
    let home = Home::new();
    let failed = std::sync::atomic::AtomicBool::new(false);
    let server =
        server_with(
            move |_| match failed.swap(true, std::sync::atomic::Ordering::Relaxed) {
                false => Fault::status(503),
                true => Fault::Answer(201, "{}".to_owned()),
            },
        );
    let url = server.url();
    let mut running = home.start(&["upload", "--follow", "--endpoint", &url]);
    emit_with_screenshot(&home, "down");
    let says = running.says("cannot send screenshots");
    assert!(says.contains(&url) && says.contains("503"), "{says}");
    wait_until("the picture is there", || {
        waiting(&home).is_empty().then_some(())
    });
    assert_eq!(pictures_of(&server), 2);
    running.signal("TERM");
    assert!(running.ends().success());
    assert!(
        !running
            .said()
            .iter()
            .any(|line| line.contains("screenshot"))
    );
}

#[test]
fn a_picture_that_is_there_when_following_ends_is_sent_then() {
    let home = Home::new();
    let server = server_with(|_| Fault::Answer(201, "{}".to_owned()));
    let url = server.url();
    let mut running = home.start(&["upload", "--follow", "--endpoint", &url]);
    wait_until("it runs", || {
        server.was_asked_for("/config/logging").then_some(())
    });
    emit_with_screenshot(&home, "last");
    running.signal("TERM");
    assert!(running.ends().success());
    assert!(waiting(&home).is_empty());
    assert_eq!(pictures_of(&server), 1);
}

#[test]
fn a_picture_that_the_server_refuses_for_good_is_told() {
    let home = Home::new();
    let server = server_with(|_| Fault::Answer(422, r#"{"detail":"no picture"}"#.to_owned()));
    emit_with_screenshot(&home, "down");
    let ran = home
        .run(&["upload", "--endpoint", &server.url()])
        .succeeds();
    let said = ran.stderr_text();
    assert!(
        said.contains("1 screenshot given up: the server answered 422 (no picture)"),
        "{said}"
    );
    assert!(waiting(&home).is_empty());
}

#[test]
fn a_server_without_screenshots_is_told_of_and_they_wait() {
    let home = Home::new();
    let server = server_with(|_| Fault::status(404));
    emit_with_screenshot(&home, "down");
    let ran = home
        .run(&["upload", "--endpoint", &server.url()])
        .succeeds();
    let said = ran.stderr_text();
    let place = home.queue().join("screenshots");
    let place = place.to_str().unwrap();
    for needle in ["/api/v1/screenshots: the server answered 404", place] {
        assert!(said.contains(needle), "{said}");
    }
    assert_eq!(waiting(&home).len(), 1);
}

#[cfg(unix)]
#[test]
fn run_ships_a_screenshot_while_the_program_goes_on() {
    let home = Home::new();
    let server = server_with(|_| Fault::Answer(201, "{}".to_owned()));
    let url = server.url();
    home.run(&["telemetry", "enable"]).succeeds();
    let screen = png(&home, 64, 48);
    let command = format!("cat {}", screen.display());
    let mut running = home.start(&[
        "run",
        "--upload",
        "--endpoint",
        &url,
        "--screenshot-command",
        &command,
        "--",
        "sh",
        "-c",
        "echo 'ERROR: down'; exec sleep 60",
    ]);
    wait_until("the picture is there", || {
        (pictures_of(&server) == 1 && waiting(&home).is_empty()).then_some(())
    });
    running.signal("TERM");
    running.ends();
}
