//! The page of `session show --html` in a real browser.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::Command;

use serde_json::json;

use crate::support::browser::{Browser, skip};
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

/// A session with everything a page shows, and the page of it.
fn full_page(home: &Home) -> String {
    let path = "/api/v1/rooms/".to_owned() + &"0123456789".repeat(9);
    let mut lines = String::new();
    for at in 0..30 {
        let mut record = json!({
            "timestamp": format!("2026-02-06T12:00:{at:02}.000Z"), "logger": "soliplex.http",
            "message": format!("GET {path}"), "attributes": {"status": 200, "path": path, "attempt": at},
            "installId": "install-1", "sessionId": "session-1", "userId": "user-1", "recordId": format!("r-{at}"),
        });
        let levels = ["trace", "debug", "info", "warning"];
        record["level"] = json!(levels[at % 4]);
        if at % 10 == 9 {
            record["level"] = json!(if at == 9 { "fatal" } else { "error" });
            record["error"] = json!(format!(
                "SocketException: Connection refused, address = {path}"
            ));
            record["stackTrace"] =
                json!(format!("#0      Api.get (package:app/{path}.dart:52:22)\n"));
            record["breadcrumbs"] =
                json!([{"message": path, "category": "network", "logger": "Http"}]);
            record["screenshotId"] = json!("0193f0aa-53a4-7b0e-9d5c-0a4bb77be001");
        }
        lines.push_str(&format!("{record}\n"));
    }
    home.file("queue/log_queue.jsonl", lines);
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 480, 1000);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[90; 480 * 1000]).unwrap();
    writer.finish().unwrap();
    let shot = "queue/screenshots/0193f0aa-53a4-7b0e-9d5c-0a4bb77be001.png";
    home.file(shot, png);
    let html = ["--html", "story.html"];
    home.run(&["session", "show", "session-1", "queue", html[0], html[1]])
        .succeeds();
    format!("file://{}", home.path("story.html").display())
}

#[test]
fn a_page_reads_well_on_a_phone_in_the_dark_and_on_paper() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let home = Home::new();
    let url = full_page(&home);
    // The contrast of a text to what is behind it, as WCAG 2 counts it.
    let contrast = "
        const light = c => c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
            .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
        const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
            if (c !== 'rgba(0, 0, 0, 0)') return c; } return 'rgb(255, 255, 255)'; };
        const least = s => Math.min(...[...document.querySelectorAll(s)].map(e => {
            const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
            return (a + .05) / (b + .05); }));
        return least('p, li, dt, dd, time, small, .level, .logger, summary, nav a, figcaption, footer');";
    for scheme in ["light", "dark"] {
        browser.prefers(scheme);
        browser.open(&url);
        let least = browser.run(contrast).as_f64().unwrap();
        assert!(least >= 4.5, "a contrast of {least} in {scheme}");
    }
    let dark = browser.value("getComputedStyle(document.body).backgroundColor");
    assert_eq!(dark, "rgb(21, 24, 27)");
    assert_eq!(browser.value("document.images[0].naturalHeight"), 1000);
    // A link to an error leads there.
    browser.press("nav a:nth-of-type(2)");
    browser.waits_for("document.querySelector('.moment:target .error')");
    browser.is_a_phone();
    browser.open(&url);
    browser.run("document.querySelectorAll('details').forEach(one => one.open = true)");
    assert_eq!(browser.value("innerWidth"), 390);
    assert_eq!(browser.value("document.documentElement.scrollWidth"), 390);
    browser.is_paper();
    browser.open(&url);
    let height =
        "[...document.querySelectorAll('details pre')].every(one => one.offsetHeight > 10)";
    assert_eq!(
        browser.value(height),
        true,
        "a stack that is folded on paper"
    );
    let paper = browser.value("getComputedStyle(document.body).backgroundColor");
    assert_eq!(paper, "rgb(255, 255, 255)", "ink for a dark page");
    assert_eq!(browser.complaints(), Vec::<String>::new());
    // What the browser shows before it is told what to is its own.
    let is_elsewhere = |asked: &String| {
        !["data:", "chrome:", &url]
            .iter()
            .any(|ours| asked.starts_with(ours))
    };
    let elsewhere: Vec<_> = browser
        .requests()
        .into_iter()
        .filter(is_elsewhere)
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}
