//! The page of `session show --html` in a real browser.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::Command;

use serde_json::json;

use crate::support::browser::skip;
use crate::support::{Home, Ran};

/// A browser that runs without a screen.
fn chromium() -> Option<Command> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .flat_map(|folder| {
            ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
        })
        .find(|path| path.exists())
        .map(Command::new)
}

#[test]
fn a_browser_shows_it_runs_nothing_and_asks_for_nothing() {
    let Some(mut browser) = chromium() else {
        skip("there is no chromium (Debian's package of that name)");
        return;
    };
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    let hostile = format!(
        "</pre><script>document.title='ran';fetch('{url}')</script><img src='{url}' onerror=\"document.title='ran'\">\
         <style>@import '{url}'</style><link rel=stylesheet href='{url}'><iframe src='{url}'></iframe>"
    );
    let record = json!({
        "timestamp": "2026-02-06T12:00:00.000Z", "level": "fatal", "logger": hostile, "message": hostile,
        "attributes": {"a": hostile, (hostile.as_str()): 1}, "error": hostile, "stackTrace": hostile,
        "breadcrumbs": [{"message": hostile, "category": hostile}], "sessionId": "session-1", "userId": hostile,
        "screenshotId": hostile,
    });
    home.file("a.jsonl", format!("{record}\n"));
    home.run(&[
        "session",
        "show",
        "session-1",
        "a.jsonl",
        "--html",
        "story.html",
    ])
    .succeeds();
    let ran = browser
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--enable-logging=stderr",
            "--virtual-time-budget=500",
        ])
        .arg(format!(
            "--user-data-dir={}",
            home.path("browser").display()
        ))
        .arg("--dump-dom")
        .arg(format!("file://{}", home.path("story.html").display()))
        .env("HOME", home.path(""))
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&ran.stdout);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(
        shown.contains("<title>Session session-1</title>"),
        "{shown}\n{said}"
    );
    assert!(shown.contains("&lt;script&gt;"), "{shown}");
    for tag in ["<script", "<iframe", "<img", "<link rel=\"stylesheet"] {
        assert!(!shown.contains(tag), "{tag} in {shown}");
    }
    // A policy that was broken, or an error, would be told in the console.
    assert!(!said.contains("CONSOLE"), "{said}");
    assert_eq!(
        listener.accept().unwrap_err().kind(),
        ErrorKind::WouldBlock,
        "it asked the network"
    );
}
