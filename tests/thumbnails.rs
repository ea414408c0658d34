//! The screenshots in the page of `soliplex session show --html`.

use std::fs;

use serde_json::json;

use crate::fault_server::{Fault, FaultServer};
use crate::support::{Home, Ran, Server};

const SESSION: &str = "session-1";

/// A picture whose size in bytes is near that of its pixels.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut state = 7_u32;
    let noise = (0..width * height * 3).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    let mut writer = encoder.write_header().unwrap();
    writer
        .write_image_data(&noise.collect::<Vec<u8>>())
        .unwrap();
    writer.finish().unwrap();
    file
}

fn id(n: usize) -> String {
    format!("0193f0aa-53a4-7b0e-9d5c-0a4bb77b{n:04}")
}

/// Records of one session, each of which names a screenshot.
fn records(level: &str, ids: impl IntoIterator<Item = String>) -> String {
    let lines = ids.into_iter().map(|id| {
        let record = json!({
            "timestamp": "2026-02-06T12:00:00.000Z", "level": level, "logger": "App", "message": "down",
            "installId": "install-1", "sessionId": SESSION, "screenshotId": id,
        });
        format!("{record}\n")
    });
    lines.collect()
}

/// The page that is written, and what was said.
fn page(home: &Home, sources: &[&str]) -> (String, String) {
    let html = ["--html", "story.html"];
    let args = [&["session", "show", SESSION], sources, &html].concat();
    let ran = home.run(&args).succeeds();
    let page = fs::read_to_string(home.path("story.html")).unwrap();
    (page, ran.stderr_text())
}

#[test]
fn a_page_holds_the_screenshots_that_a_server_keeps() {
    let home = Home::new();
    let screen = home.file("screen.png", png(700, 900));
    let emit = [
        "emit",
        "down",
        "--level",
        "error",
        "--session",
        SESSION,
        "--screenshot",
        screen.to_str().unwrap(),
    ];
    home.run(&emit).succeeds();
    let kept = home.queued()[0]["screenshotId"]
        .as_str()
        .unwrap()
        .to_owned();
    let server = Server::start(&home, &["--no-auth"]);
    home.run(&["upload", "--endpoint", &server.endpoint()])
        .succeeds();
    let gone = records("error", [id(1)]);
    home.file("gone.jsonl", gone);
    let replay = ["upload", "gone.jsonl", "--replay", "--endpoint"];
    home.run(&[&replay[..], &[&server.endpoint()]].concat())
        .succeeds();

    let (page, said) = page(&home, &[&server.url]);
    assert_eq!(page.matches("<img").count(), 1);
    let alt = format!("<img alt=\"Screenshot {kept}\" src=\"data:image/png;base64,");
    assert!(page.contains(&alt), "{said}");
    let placeholder = format!("Screenshot <code>{}</code><br>not shown: ", id(1));
    assert!(page.contains(&placeholder), "{page}");
    assert!(said.contains("1 of 2 screenshots left out: "), "{said}");
}

#[test]
fn only_an_operator_gets_screenshots() {
    let home = Home::new();
    let server = Server::with_tokens(&home, "operator-token-of-the-test\n");
    home.file("a.jsonl", records("error", [id(1)]));
    // The records are at hand, and their server lets nobody in.
    let (page, said) = page(&home, &["a.jsonl"]);
    assert!(
        page.contains("not shown: it is not where the records were read from"),
        "{said}"
    );
    let args = [
        "session",
        "show",
        SESSION,
        "a.jsonl",
        &server.url,
        "--html",
        "b.html",
    ];
    home.run(&args)
        .exits(6)
        .says_in_one_line(&["wants a token"]);
}

#[test]
fn a_page_is_written_whatever_a_server_answers_for_a_screenshot() {
    let home = Home::new();
    let line = records("error", [id(1)]);
    for (fault, reason) in [
        ("html", "not a PNG picture"),
        ("endless", "it goes on for more than 5242880 bytes"),
        ("reset", "cannot reach"),
        ("cut", "cannot reach"),
        ("500", "it answers 500"),
        ("redirect", "it answers 302"),
        ("404", "it is not where the records were read from"),
    ] {
        let record = line.trim().to_owned();
        let server = FaultServer::start(move |request| {
            if request.head.starts_with("GET /api/v1/logs") {
                let page =
                    format!("{{\"records\":[{record}],\"before\":1,\"after\":1,\"more\":false}}");
                return Fault::Answer(200, page);
            }
            match fault {
                "html" => Fault::Html,
                "endless" => Fault::Endless,
                "reset" => Fault::Reset,
                "cut" => Fault::Cut,
                "500" => Fault::status(500),
                "redirect" => Fault::With(302, "location: /elsewhere"),
                _ => Fault::status(404),
            }
        });
        let (page, said) = page(&home, &[&server.url()]);
        assert!(!page.contains("<img"), "{fault}");
        assert!(page.contains("not shown: "), "{fault}: {said}");
        let address = server.url().replace("http://", "");
        assert!(
            !page.contains(&address),
            "{fault}: who it was is in the page"
        );
        assert!(said.contains(reason), "{fault}: {said}");
        let route = format!("/api/v1/screenshots/{}?thumbnail", id(1));
        assert!(server.was_asked_for(&route));
        assert!(!server.was_asked_for("/elsewhere"));
    }
}

#[test]
fn a_page_takes_so_many_screenshots_and_so_many_bytes_those_of_errors_first() {
    let home = Home::new();
    let all = records("info", (0..15).map(id)) + &records("error", (15..30).map(id));
    home.file("queue/log_queue.jsonl", all);
    for n in 0..30 {
        home.file(&format!("queue/screenshots/{}.png", id(n)), png(20, 20));
    }
    let (many, said) = page(&home, &["queue"]);
    assert_eq!(many.matches("<img").count(), 20);
    assert_eq!(many.matches("class=\"placeholder\"").count(), 10);
    assert!(said.contains("10 of 30 screenshots left out"), "{said}");
    for n in 15..30 {
        assert!(many.contains(&format!("<img alt=\"Screenshot {}\"", id(n))));
    }
    // A file of the queue is as good as its folder.
    let (same, _) = page(&home, &["queue/log_queue.jsonl"]);
    assert_eq!(same, many);

    // Some 1.5 MB each.
    let big = png(480, 1000);
    for n in 15..20 {
        home.file(&format!("queue/screenshots/{}.png", id(n)), &big);
    }
    let (large, _) = page(&home, &["queue"]);
    assert!(large.len() < 9 * 1024 * 1024, "{}", large.len());
    assert!(large.contains("not shown: the page would become too large"));
}

#[test]
#[cfg(unix)]
fn what_only_bears_the_name_of_a_screenshot_is_not_opened() {
    let home = Home::new();
    let hostile = ["../../secret".to_owned(), id(1), id(2), id(3)];
    home.file("queue/log_queue.jsonl", records("error", hostile));
    home.file("secret.png", png(20, 20));
    let folder = home.path("queue/screenshots");
    fs::create_dir(&folder).unwrap();
    let named = |n| folder.join(format!("{}.png", id(n)));
    std::os::unix::fs::symlink("/dev/zero", named(1)).unwrap();
    std::os::unix::fs::symlink(home.path("secret.png"), named(2)).unwrap();
    let made = std::process::Command::new("mkfifo").arg(named(3)).status();
    assert!(made.unwrap().success());
    let (page, _) = page(&home, &["queue"]);
    assert!(!page.contains("<img"));
    assert_eq!(page.matches("class=\"placeholder\"").count(), 4);
}
