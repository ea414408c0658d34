//! Records that were made to harm whoever reads them, in every command that
//! reads.

use serde_json::json;

use crate::support::{Home, Ran};

/// Clears the screen, sets the title, writes the clipboard, reorders what
/// stands around it, hides, rings.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;own\u{7}\u{1b}]52;c;YQ==\u{7}\u{9b}31m\u{202e}abc\u{2066}\u{200b}\u{feff}\r\n\u{8}\u{0}\u{7f}\u{e0041}";

const COMMANDS: [&[&str]; 15] = [
    &["tail", "a.jsonl", "--no-follow"],
    &["tail", "a.jsonl", "--no-follow", "--output", "json"],
    &["tail", "a.jsonl", "--no-follow", "--output", "logfmt"],
    &["tail", "a.jsonl", "--no-follow", "--context", "1"],
    &["fingerprint", "a.jsonl"],
    &["fingerprint", "a.jsonl", "--explain"],
    &["fingerprint", "a.jsonl", "--format", "json"],
    &["fingerprint", "a.jsonl", "--annotate"],
    &["metrics", "a.jsonl"],
    &["metrics", "a.jsonl", "--by", "logger", "--format", "jsonl"],
    &["session", "list", "a.jsonl"],
    &["session", "list", "a.jsonl", "--format", "json"],
    &["session", "show", "s", "a.jsonl"],
    &["session", "show", "s", "a.jsonl", "--format", "jsonl"],
    &["session", "show", "s", "a.jsonl", "-v"],
];

#[test]
fn nothing_of_a_record_reaches_a_terminal_raw() {
    let home = Home::new();
    let mut lines = String::new();
    for (at, level) in ["info", "error", "fatal", HOSTILE].into_iter().enumerate() {
        let record = json!({
            "timestamp": format!("2026-02-06T12:00:0{at}.000Z"), "level": level, "logger": HOSTILE, "message": HOSTILE,
            "attributes": {"metric": HOSTILE, "ms": 7, (HOSTILE): HOSTILE, "device_model": HOSTILE, "failure": HOSTILE},
            "error": HOSTILE, "stackTrace": format!("#0      {HOSTILE} (package:app/{HOSTILE}.dart:1:2)"),
            "breadcrumbs": [{"message": HOSTILE, "category": HOSTILE}], "sessionId": format!("s{HOSTILE}"),
            "installId": HOSTILE, "userId": HOSTILE, "recordId": format!("r-{at}"), "screenshotId": HOSTILE,
        });
        lines.push_str(&format!("{record}\n"));
    }
    lines.push_str(&format!(
        "no record {}\n",
        HOSTILE.replace(['\r', '\n'], "")
    ));
    home.file("a.jsonl", lines);
    for command in COMMANDS {
        let args = [command, &["--color", "never"]].concat();
        let ran = home.run(&args).succeeds();
        let shown = ran.stdout_text() + &ran.stderr_text();
        let raw: Vec<_> = shown
            .chars()
            .filter(|c| {
                c.is_control() && *c != '\n'
                    || "\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}".contains(*c)
            })
            .collect();
        assert!(raw.is_empty(), "{command:?}: {raw:?}\n{shown}");
    }
}
