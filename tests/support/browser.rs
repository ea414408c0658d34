//! A real browser, as a person has it: Chromium, driven over WebDriver (W3C)
//! by its chromedriver.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::{DEADLINE, wait_until};

/// How Chromium is started: in no window, without what it asks its maker.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
];

/// The key under which WebDriver gives an element's id.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window; it is closed when the test is over.
pub(crate) struct Browser {
    driver: Child,
    session: String,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one. `None`, and the reason on stderr, where there is none.
    pub(crate) fn start() -> Option<Browser> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(driver) = driver else {
            skip("there is no chromedriver to drive a browser with");
            return None;
        };
        let profile = tempfile::tempdir().expect("a temporary folder");
        let mut browser = Browser {
            driver,
            session: format!("http://127.0.0.1:{port}"),
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(DEADLINE)
                .build()
                .expect("a client"),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            _profile: profile,
        };
        wait_until("chromedriver is ready", || {
            let status = browser.try_call(reqwest::Method::GET, "/status", &Value::Null)?;
            (status["ready"] == true).then_some(())
        });
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).to_vec();
        let profile = browser._profile.path().display();
        flags.push(format!("--user-data-dir={profile}"));
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": flags },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "timeouts": { "script": DEADLINE.as_millis() as u64 },
        }}});
        let started = browser.try_call(reqwest::Method::POST, "/session", &capabilities);
        let started = started.expect("an answer of chromedriver");
        let message = started["message"].as_str().unwrap_or_default();
        if message.contains("binary") && message.contains("find") {
            skip("there is a chromedriver, but no Chromium");
            return None;
        }
        let id = started["sessionId"].as_str();
        let id = id.unwrap_or_else(|| panic!("no browser: {message}"));
        browser.session = format!("{}/session/{id}", browser.session);
        Some(browser)
    }

    /// Goes to an address, as if typed in.
    pub(crate) fn open(&self, url: &str) {
        self.call("/url", &json!({ "url": url }));
    }

    /// Runs a script in the page; what it returns comes back.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.call("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The value of an expression in the page.
    pub(crate) fn value(&self, expression: &str) -> Value {
        self.run(&format!("return {expression};"))
    }

    /// Runs a script that calls `done` with what is to come back.
    pub(crate) fn run_until_done(&self, script: &str) -> Value {
        let script = format!("const done = arguments[arguments.length - 1];\n{script}");
        self.call("/execute/async", &json!({ "script": script, "args": [] }))
    }

    /// Waits until an expression in the page is true, or something.
    #[track_caller]
    pub(crate) fn waits_for(&self, expression: &str) -> Value {
        let script = format!("return ({expression}) || null;");
        wait_until(expression, || {
            let value = self.run(&script);
            if value.is_null() {
                std::thread::sleep(Duration::from_millis(20));
            }
            (!value.is_null()).then_some(value)
        })
    }

    /// The text of the first element that a selector of CSS finds.
    #[track_caller]
    pub(crate) fn text(&self, selector: &str) -> String {
        let text = self.waits_for(&format!("document.querySelector({selector:?})?.innerText"));
        text.as_str().expect("a text").to_owned()
    }

    /// Presses an element with the mouse.
    #[track_caller]
    pub(crate) fn press(&self, selector: &str) {
        let element = self.element(selector);
        self.call(&format!("/element/{element}/click"), &json!({}));
    }

    /// Types into an element.
    #[track_caller]
    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.call(
            &format!("/element/{element}/value"),
            &json!({ "text": text }),
        );
    }

    /// Asks for dark or light, as a system's settings do.
    pub(crate) fn prefers(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.devtools(
            "Emulation.setEmulatedMedia",
            &json!({ "features": [feature] }),
        );
    }

    /// Makes the window as large as a phone's.
    pub(crate) fn is_a_phone(&self) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true }),
        );
    }

    /// Shows pages as they are printed.
    pub(crate) fn is_paper(&self) {
        self.devtools("Emulation.clearDeviceMetricsOverride", &json!({}));
        self.devtools("Emulation.setEmulatedMedia", &json!({ "media": "print" }));
    }

    /// What the page has said on its console since it was last asked, of
    /// warnings and errors.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let entries = self.call("/se/log", &json!({ "type": "browser" }));
        let entries = entries.as_array().expect("entries").iter();
        entries
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Every address that the page has asked for.
    pub(crate) fn requests(&self) -> Vec<String> {
        let entries = self.call("/se/log", &json!({ "type": "performance" }));
        let entries = entries.as_array().expect("entries").iter();
        entries
            .filter_map(|entry| {
                let event: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
                let event = &event["message"];
                let is_request = event["method"] == "Network.requestWillBeSent";
                let url = event["params"]["request"]["url"].as_str()?;
                is_request.then(|| url.to_owned())
            })
            .collect()
    }

    fn devtools(&self, command: &str, parameters: &Value) {
        let body = json!({ "cmd": command, "params": parameters });
        self.call("/goog/cdp/execute", &body);
    }

    #[track_caller]
    fn element(&self, selector: &str) -> String {
        let by = json!({ "using": "css selector", "value": selector });
        wait_until(selector, || {
            let found = self.try_call(reqwest::Method::POST, "/element", &by)?;
            found[ELEMENT].as_str().map(str::to_owned)
        })
    }

    #[track_caller]
    fn call(&self, path: &str, body: &Value) -> Value {
        let value = self.try_call(reqwest::Method::POST, path, body);
        let value = value.unwrap_or_else(|| panic!("no answer to {path}"));
        assert!(value["error"].is_null(), "{path}: {value}");
        value
    }

    fn try_call(&self, method: reqwest::Method, path: &str, body: &Value) -> Option<Value> {
        let request = self.http.request(method, format!("{}{path}", self.session));
        let request = match body {
            Value::Null => request,
            body => request.body(body.to_string()),
        };
        let reply = self.runtime.block_on(async {
            let reply = request.send().await.ok()?;
            reply.bytes().await.ok()
        })?;
        let mut reply: Value = serde_json::from_slice(&reply).ok()?;
        Some(reply["value"].take())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium ends with its session, and would go on without its driver.
        let _ = self.try_call(reqwest::Method::DELETE, "", &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Says why a test did not run.
pub(crate) fn skip(reason: &str) {
    // Not captured, as what is printed with a macro would be.
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
}
