//! Screenshots of errors, from `emit` and `run` to the server.

use std::fs;
use std::path::PathBuf;

use crate::support::{Home, Ran, Server};

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
        ran.stderr_text().contains("1 screenshots sent"),
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
