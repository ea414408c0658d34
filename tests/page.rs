//! The operator's page, in a real browser.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::ingest::{batch, block_on, get, in_an_hour, jwt, post};
use crate::support::browser::{Browser, skip};
use crate::support::{Home, Server, json_lines, wait_until};

const TOKEN: &str = "operator-token-of-the-page-test";
const SESSIONS: usize = 100;

/// The records of a hundred sessions, the same each time: their number decides
/// what happens in them.
fn sessions() -> Vec<String> {
    let started = chrono::Utc::now().timestamp_millis() - 3_600_000;
    (0..SESSIONS)
        .map(|n| {
            let mut at = started + n as i64 * 30_000;
            let mut record = |level: &str, logger: &str, message: &str, more: Value| {
                at += 1_500;
                let time = chrono::DateTime::from_timestamp_millis(at).expect("a time");
                let mut record = json!({
                    "timestamp": time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
                    "level": level, "logger": logger, "message": message,
                    "installId": format!("install-{n:03}"), "sessionId": format!("session-{n:03}"),
                });
                let more = more.as_object().expect("keys").clone();
                record.as_object_mut().expect("an object").extend(more);
                record
            };
            let mut records = vec![
                record("info", "App", "session_start", json!({ "attributes": {
                    "app_version": "2.4.1", "os_name": "Android", "os_version": "14", "device_model": "Pixel 8" } })),
                record("info", "Connectivity", "network_changed", json!({ "attributes": { "type": "wifi", "online": true } })),
                record("debug", "Router", "opened /rooms", json!({})),
            ];
            if n % 3 == 0 {
                let offline = json!({ "attributes": { "type": "none", "online": false } });
                records.push(record("info", "Connectivity", "network_changed", offline));
                records.push(record("error", "Http", "request failed", json!({
                    "error": "SocketException: Connection refused",
                    "stackTrace": "#0      Rooms.fetch (package:app/rooms.dart:10:3)\n#1      main (package:app/main.dart:4:1)",
                    "breadcrumbs": [{ "timestamp": "2026-02-06T12:00:00.000Z", "level": "info", "logger": "Router", "message": "opened /rooms", "category": "ui" }],
                    "attributes": { "status": 502, "big": 12345678901234567890_u64 },
                })));
            }
            if n % 10 == 0 {
                records.push(record("fatal", "App", "the app fell over", json!({ "error": "StateError: No element" })));
            }
            json!({ "logs": records, "resource": { "device.alias": format!("calm-falcon-{n:03}") } }).to_string()
        })
        .collect()
}

/// A server that asks for tokens, with a hundred sessions.
fn server_with_tokens(home: &Home) -> Server {
    let server = Server::with_tokens(home, TOKEN);
    let device = jwt(&json!({ "sub": "u-1842", "exp": in_an_hour() }));
    let http = reqwest::Client::new();
    block_on(async {
        for session in sessions() {
            let request = http.post(server.endpoint()).bearer_auth(&device);
            let request = request.header("Content-Type", "application/json");
            let reply = request.body(session).send().await.expect("an answer");
            assert_eq!(reply.status(), 200);
        }
    });
    server
}

/// Goes to a view by its address, and waits until it has been read.
fn open(browser: &Browser, view: &str) {
    browser.run(&format!("location.hash = {view:?}; return null;"));
    browser.waits_for(&format!("location.hash === {view:?} && document.querySelector('h1') && !document.querySelector('[aria-busy]')"));
}

fn texts(browser: &Browser, selector: &str) -> Vec<String> {
    let script =
        format!("[...document.querySelectorAll({selector:?})].map((one) => one.textContent)");
    let texts = browser.value(&script);
    let texts = texts.as_array().expect("texts").iter();
    texts
        .map(|text| text.as_str().expect("a text").to_owned())
        .collect()
}

/// The rules of accessibility, if they are installed.
fn axe() -> Option<String> {
    let installed = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("target/axe/node_modules/axe-core/axe.min.js");
    let path = std::env::var_os("AXE_CORE").map_or(installed, PathBuf::from);
    let script = std::fs::read_to_string(path).ok();
    if script.is_none() {
        skip("there is no axe-core; `npm install --prefix target/axe axe-core` brings it");
    }
    script
}

/// What axe-core finds that is serious or worse.
fn serious(browser: &Browser) -> Value {
    // Colours fade from one scheme to the other.
    browser.waits_for("document.getAnimations().length === 0");
    browser.run_until_done(
        "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => done(violations
             .filter(({ impact }) => impact === 'serious' || impact === 'critical')
             .map(({ id, nodes }) => [id, nodes.slice(0, 3).map((node) => node.html + ' ' + node.failureSummary)])),
           (error) => done(String(error)));",
    )
}

#[test]
fn an_operator_signs_in_and_every_view_tells_its_part() {
    let home = Home::new();
    let Some(browser) = Browser::start() else {
        return;
    };
    let server = server_with_tokens(&home);

    browser.open(&format!("{}/#/sessions?user=u-18", server.url));
    browser.type_into("#token", "not-the-token\n");
    assert_eq!(
        browser.text("[role=alert]"),
        "The server does not take this token."
    );
    let refused = browser.complaints();
    assert!(
        refused.iter().all(|said| said.contains("401")),
        "{refused:#?}"
    );
    browser.run("document.getElementById('token').value = ''; return null;");
    browser.type_into("#token", &format!("{TOKEN}\n"));
    // It is the view that the address had named.
    browser.waits_for("document.querySelectorAll('table.sessions tbody tr').length === 100");
    let kept = browser.value("[location.href, document.cookie, document.documentElement.outerHTML, Object.values(localStorage), Object.values(sessionStorage)].join(' ')");
    assert!(!kept.as_str().expect("a text").contains(TOKEN));

    open(&browser, "#/errors?window=1h");
    assert_eq!(
        texts(&browser, ".errors .kind"),
        ["SocketException", "StateError"]
    );
    assert_eq!(texts(&browser, ".errors td.num strong"), ["34", "10"]);
    assert!(browser.text(".summary").starts_with("44 errors in 1 hour"));
    open(&browser, "#/errors?new=1&since=2126-01-01T00:00:00Z");
    assert_eq!(texts(&browser, ".errors .kind").len(), 0);
    assert_eq!(
        browser.text(".command code"),
        format!("soliplex fingerprint {} --window 24h --top 20", server.url)
    );

    open(&browser, "#/sessions?install=calm-falcon-042");
    assert_eq!(texts(&browser, ".sessions .what"), ["session-042"]);
    open(&browser, "#/sessions?since=10m&session=session-01");
    browser.waits_for("document.querySelector('.foot').textContent.includes('No session fits')");
    // What is filled in becomes the address.
    open(&browser, "#/sessions");
    browser.type_into("#in-session", "session-09\n");
    browser.waits_for("location.hash === '#/sessions?session=session-09' && document.querySelectorAll('table.sessions tbody tr').length === 10");
    browser.run("history.back(); return null;");
    browser.waits_for("document.querySelectorAll('table.sessions tbody tr').length === 100");

    browser.press(".copy");
    browser.waits_for("document.querySelector('.copy').textContent === 'Copied'");

    story_is_the_one_of_the_command_line(&home, &browser, &server);

    open(&browser, "#/status");
    let cards = texts(&browser, ".card").join("\n");
    assert!(
        cards.contains("Storeready") && cards.contains("To forwardoff"),
        "{cards}"
    );
    open(&browser, "#/tail?level=error&session=session-030");
    browser.waits_for("document.querySelectorAll('.row').length === 2");
    assert_eq!(
        browser.text(".command code"),
        format!(
            "soliplex tail {} --session session-030 --level error",
            server.url
        )
    );
    browser.press(".row.l-error");
    let digits = texts(&browser, ".record .attributes dd");
    assert!(
        digits.contains(&"12345678901234567890".to_owned()),
        "{digits:?}"
    );

    nothing_keeps_anybody_out(&browser);
    assert_eq!(browser.complaints(), [""; 0]);
    let elsewhere = browser.requests();
    assert!(elsewhere.len() > 20);
    for url in elsewhere {
        let is_own = ["data:", "blob:", "chrome:", &server.url]
            .iter()
            .any(|own| url.starts_with(own));
        assert!(is_own, "{url}");
        assert!(!url.contains(TOKEN));
    }
}

fn story_is_the_one_of_the_command_line(home: &Home, browser: &Browser, server: &Server) {
    open(browser, "#/session/session-030");
    browser.waits_for("document.querySelectorAll('.moment').length === 6");
    let told = std::process::Command::output(
        home.soliplex()
            .args([
                "session",
                "show",
                "session-030",
                &server.url,
                "--format",
                "json",
            ])
            .env("SOLIPLEX_OPERATOR_TOKEN", TOKEN),
    );
    let told = String::from_utf8(told.expect("it runs").stdout).expect("UTF-8");
    let story = &json_lines(&told)[0];
    let sentences: Vec<&str> = story["verdict"]
        .as_array()
        .expect("sentences")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(texts(browser, ".verdict li"), sentences);
    assert_eq!(
        texts(browser, ".moment .text").len(),
        story["timeline"].as_array().expect("moments").len()
    );
    let notes = texts(browser, ".note");
    assert_eq!(
        notes,
        ["online (wifi) from here on", "offline from here on"]
    );
    assert!(texts(browser, ".moment pre")[0].contains("Rooms.fetch"));
    assert_eq!(texts(browser, ".crumbs li").len(), 1);
    let axis = browser.value("document.querySelector('.axis svg').getAttribute('aria-label')");
    assert!(
        axis.as_str()
            .expect("a label")
            .starts_with("Records by level and the network")
    );
    browser.run("document.querySelector('.axis svg').dispatchEvent(new MouseEvent('click', { clientX: 1250 })); return null;");
    browser.waits_for(
        "document.querySelector('.moment[aria-current] .level').textContent === 'fatal'",
    );
    open(browser, "#/session/session-030?level=error");
    browser.waits_for("document.querySelectorAll('.moment').length === 2");
    open(browser, "#/session/session-9999");
    assert_eq!(browser.text("[role=alert]"), "no such session");
    assert!(browser.complaints().iter().all(|said| said.contains("404")));
}

/// No view has a serious fault by the rules of axe-core, light or dark, large
/// or small.
fn nothing_keeps_anybody_out(browser: &Browser) {
    let Some(axe) = axe() else { return };
    browser.run(&axe);
    for (view, scheme) in [
        ("#/errors", "light"),
        ("#/sessions?session=session-01", "dark"),
        ("#/session/session-030", "dark"),
        ("#/session/session-060", "light"),
        ("#/status", "light"),
        ("#/tail", "dark"),
    ] {
        browser.prefers(scheme);
        open(browser, view);
        browser.waits_for("document.querySelector('td, .card, .row, .moment')");
        assert_eq!(serious(browser), json!([]), "{view}, {scheme}");
    }
    browser.is_a_phone();
    open(browser, "#/errors?window=6h");
    assert_eq!(serious(browser), json!([]), "on a phone");
    for view in [
        "#/errors",
        "#/sessions",
        "#/session/session-030",
        "#/status",
        "#/tail",
    ] {
        open(browser, view);
        let is_wide = browser.value("document.documentElement.scrollWidth > innerWidth");
        assert_eq!(is_wide, false, "{view} is wider than a phone");
    }
}

#[test]
fn what_records_hold_is_shown_and_does_nothing() {
    let home = Home::new();
    let Some(browser) = Browser::start() else {
        return;
    };
    let server = Server::start(&home, &["--no-auth"]);
    let evil = "<img src=x onerror=window.pwned=1><script>window.pwned=1</script>\u{1b}[31mred\u{202e}desrever\u{0}";
    let long = "x".repeat(1_000_000);
    let mut records = Vec::new();
    for (level, message) in [("error", evil), ("fatal", &long)] {
        records.push(json!({
            "timestamp": "2026-02-06T12:00:00.000Z", "level": level, "logger": evil, "message": message,
            "error": evil, "stackTrace": evil, "attributes": { evil: evil, "list": [evil], "__proto__": { "x": 1 } },
            "installId": evil, "sessionId": "javascript:window.pwned=1//<b>", "userId": evil,
            "screenshotId": "../../etc/passwd", "breadcrumbs": [{ "message": evil, "level": evil, "logger": 7 }, null, "x"],
        }));
    }
    let resource = json!({ "device.alias": evil, "os.name": evil });
    for record in &records {
        let body = json!({ "logs": [record], "resource": resource }).to_string();
        let (status, reply) = post(&server, None, body);
        assert_eq!((status, &reply["accepted"]), (200, &json!(1)), "{reply}");
    }
    let stored = records.len();

    browser.open(&format!("{}/#/tail", server.url));
    browser.waits_for(&format!(
        "document.querySelectorAll('.row').length === {stored}"
    ));
    browser.press(".row.l-error");
    let message = browser.text(".record .message");
    assert_eq!(
        message,
        "<img src=x onerror=window.pwned=1><script>window.pwned=1</script>\\x1b[31mred\\u{202e}desrever\\x00"
    );
    browser.waits_for("document.querySelector('.shot').textContent.includes('is not here')");
    browser.press(".row.l-fatal");
    browser.press(".record .more");
    browser.waits_for("document.querySelector('.record .message').textContent.length > 15000");
    for view in [
        "#/errors",
        "#/sessions",
        "#/status",
        "#/session/javascript%3Awindow.pwned%3D1%2F%2F%3Cb%3E",
        "#/nonsense/%ff?%=x",
    ] {
        open(&browser, view);
        browser.waits_for("document.querySelector('h1')");
        let strange = browser.value("document.querySelectorAll('main script, main img, main b, iframe, [onerror], a[href^=javascript]').length");
        assert_eq!(strange, 0, "{view}");
        browser.run("document.querySelectorAll('main details').forEach((one) => { one.open = true; }); return null;");
    }
    assert_eq!(browser.value("window.pwned ?? null"), Value::Null);
    // A text cannot become markup even if the page were to try.
    let refused = browser.run("try { document.body.innerHTML = '<b>'; return 'taken'; } catch (error) { return error.name; }");
    assert_eq!(refused, "TypeError");
    let complaints = browser.complaints();
    let is_expected = |said: &String| said.contains("404") || said.contains("TrustedHTML");
    assert!(complaints.iter().all(is_expected), "{complaints:#?}");
    // What is copied for a shell is one word, without what a terminal acts on.
    browser.run("location.hash = '#/tail?grep=' + encodeURIComponent(\"it's\\u001b[201~\\n$(id)\"); return null;");
    let command = browser.waits_for("document.querySelector('.command code').textContent.includes('--grep') && document.querySelector('.command code').textContent");
    let command = command.as_str().expect("a text");
    assert!(
        command.ends_with(r"--grep $'it\'s\x1b[201~\x0a$(id)'"),
        "{command}"
    );
    let (_, word) = command.split_once("--grep ").expect("a flag");
    let printed = std::process::Command::new("bash")
        .args(["-c", &format!("printf %s {word}")])
        .output();
    let printed = printed.expect("a shell").stdout;
    assert_eq!(printed, b"it's\x1b[201~\n$(id)");
}

fn numbered(range: std::ops::Range<usize>) -> String {
    let lines: Vec<String> = range
        .map(|n| {
            let record = crate::support::record_line(n);
            record.replace("session-1", &format!("session-{}", n % 7))
        })
        .collect();
    batch(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn records_arrive_live_and_a_restart_costs_none() {
    let home = Home::new();
    let Some(browser) = Browser::start() else {
        return;
    };
    let mut server = Server::start(&home, &["--no-auth"]);
    let address = server.url.trim_start_matches("http://").to_owned();
    assert_eq!(post(&server, None, numbered(0..5)).0, 200);
    browser.open(&format!("{}/#/tail", server.url));
    browser.waits_for("document.querySelectorAll('.row').length === 5");
    assert_eq!(post(&server, None, numbered(5..8)).0, 200);
    browser.waits_for("document.querySelectorAll('.row').length === 8");

    browser.press("#pause");
    assert_eq!(post(&server, None, numbered(8..10)).0, 200);
    browser.waits_for(
        "document.querySelector('.bar').textContent.includes('10 records, 2 held back')",
    );
    browser.press("#pause");
    browser.waits_for("document.querySelectorAll('.row').length === 10");

    server.running.signal("TERM");
    server.running.ends();
    browser.waits_for("document.querySelector('.state').dataset.state === 'waiting'");
    let server = wait_until("the address is free", || {
        let is_free = std::net::TcpListener::bind(&address).is_ok();
        is_free.then(|| Server::start_on(&home, &address, &["--no-auth"]))
    });
    assert_eq!(post(&server, None, numbered(10..13)).0, 200);
    browser.waits_for("document.querySelectorAll('.row').length >= 13");
    let expected: Vec<String> = (0..13).map(|n| format!("record {n}")).collect();
    assert_eq!(texts(&browser, ".row .text"), expected);

    // Ten thousand stay at hand, and what is drawn is what can be seen.
    for thousand in 0..11 {
        let start = 13 + thousand * 1000;
        assert_eq!(post(&server, None, numbered(start..start + 1000)).0, 200);
    }
    browser.waits_for("document.querySelector('.bar').textContent.includes('11,013 records, the last 10,000 here')");
    browser.waits_for(
        "[...document.querySelectorAll('.row .text')].at(-1)?.textContent === 'record 11012'",
    );
    let drawn = browser.value("document.querySelectorAll('.row').length");
    assert!(drawn.as_u64().expect("a number") < 100, "{drawn}");
    browser.run("document.querySelector('.list').focus(); return null;");
    browser.type_into(".list", "\u{e011}");
    browser.waits_for(
        "document.querySelector('.row[aria-selected=true] .text')?.textContent === 'record 1013'",
    );
    // Whoever reads further up stays there.
    assert_eq!(post(&server, None, numbered(11_013..11_014)).0, 200);
    browser.waits_for("document.querySelector('.bar').textContent.includes('11,014 records')");
    browser.waits_for("!document.getElementById('newest').hidden && document.querySelector('.list').scrollTop < 100");
    browser.press("#newest");
    browser.waits_for(
        "[...document.querySelectorAll('.row .text')].at(-1)?.textContent === 'record 11013'",
    );
    browser.waits_for("document.activeElement === document.querySelector('.list')");
    // However often a reader looks elsewhere, there is one stream.
    for view in ["#/errors", "#/tail?level=info", "#/status", "#/tail?grep=5"] {
        open(&browser, view);
    }
    browser.waits_for("document.querySelector('.state')?.dataset.state === 'live'");
    wait_until("one stream is open", || {
        let (_, status) = get(&server, "/api/v1/status", None);
        (status["streams"] == 1).then_some(())
    });
    // What the server had to leave out is told in its place.
    browser.run(
        "window.fetch = async () => new Response('event: gap\\nid: 7\\ndata: {\"skipped\":1234}\\n\\n');
         location.hash = '#/tail?level=trace'; return null;",
    );
    browser.waits_for(
        "document.querySelector('.row.gap')?.textContent.startsWith('1,234 records not shown')",
    );
    let complaints = browser.complaints();
    let is_expected = |said: &String| said.contains("ERR_CONNECTION_REFUSED");
    assert!(complaints.iter().all(is_expected), "{complaints:#?}");
}

#[test]
fn the_page_is_small_is_its_own_and_is_asked_for_once() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let said = server.running.says("the page for operators is at ");
    assert!(said.contains(&format!("{}/", server.url)), "{said}");
    let http = reqwest::Client::new();
    let mut bytes = 0;
    let mut ask = |path: &str| {
        block_on(async {
            let url = format!("{}{path}", server.url);
            let reply = http.get(&url).send().await.expect("an answer");
            assert_eq!(reply.status(), 200, "{path}");
            let headers = reply.headers().clone();
            assert_eq!(headers["cache-control"], "no-cache");
            let policy = headers["content-security-policy"].to_str().expect("a text");
            assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
            assert!(!policy.contains("unsafe"));
            let again = http
                .get(&url)
                .header("If-None-Match", &headers["etag"])
                .send()
                .await;
            assert_eq!(again.expect("an answer").status(), 304);
            let text = reply.text().await.expect("a text");
            bytes += text.len();
            text
        })
    };
    let document = ask("/");
    let parts = document
        .split(['"', '\''])
        .filter(|part| part.starts_with("/assets/"));
    for path in parts {
        let text = ask(path);
        assert!(!text.contains("https://"), "{path} names another place");
    }
    assert!(!document.contains("://"));
    assert!((40_000..150_000).contains(&bytes), "{bytes} bytes");
}
