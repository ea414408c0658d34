//! What the first record of a session says: the program and the device.

use std::env::{self, consts};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::record::{Level, LogRecord};

/// The message by which the first record of a session is known.
pub const SESSION_STARTED: &str = "session started";

/// The message by which the last record of a session is known.
pub const SESSION_ENDED: &str = "session ended";

/// How much of a script is looked at for the name of what runs it.
const MAX_FIRST_LINE: u64 = 256;

/// The program that a session is of.
#[derive(Clone, Debug, Default)]
pub struct App {
    /// What it is called.
    pub name: String,
    /// Its version, if known.
    pub version: Option<String>,
    /// The number of its build, if known.
    pub build: Option<String>,
    /// What it runs on, such as `python 3.13` or a shell's name.
    pub runtime: Option<String>,
}

/// What runs a program that is a script: the name on its first line, such as
/// `python3`. The program is a path, or a name to be found on the `PATH`.
pub fn interpreter(program: &OsStr) -> Option<String> {
    let mut head = Vec::new();
    let mut file = File::open(on_path(Path::new(program))?).ok()?;
    file.by_ref()
        .take(MAX_FIRST_LINE)
        .read_to_end(&mut head)
        .ok()?;
    interpreter_of(&head)
}

/// Where a shell would find a program.
fn on_path(program: &Path) -> Option<PathBuf> {
    // Whatever is no plain file may have no end, or nothing to read.
    let is_file = |path: &PathBuf| path.is_file();
    if program.components().count() > 1 {
        return Some(program.to_owned()).filter(is_file);
    }
    let folders = env::var_os("PATH")?;
    let mut paths = env::split_paths(&folders).map(|folder| folder.join(program));
    paths.find(is_file)
}

fn interpreter_of(head: &[u8]) -> Option<String> {
    let line = head
        .strip_prefix(b"#!")?
        .split(|byte| *byte == b'\n')
        .next()?;
    let line = str::from_utf8(line).ok()?;
    let mut words = line.split_whitespace().map(name_of);
    let is_option = |word: &str| word.starts_with('-') || word.contains('=');
    match words.next()? {
        "env" => words.find(|word| !is_option(word)),
        name => Some(name),
    }
    .map(str::to_owned)
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The name of the program that started this one, which for a script is its
/// shell. Not where the system does not say.
pub fn parent() -> Option<String> {
    let status = read("/proc/self/status")?;
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    read(&format!("/proc/{}/comm", parent.trim()))
}

/// The first record of a session: the plan's `app_version build_number
/// os_name os_version device_model`, and the runtime. A value that is not
/// known is not there.
pub fn session_start(app: &App) -> LogRecord {
    let mut record = LogRecord::new(Level::Info, "App", SESSION_STARTED);
    for (name, value) in [
        (
            "app",
            Some(app.name.clone()).filter(|name| !name.is_empty()),
        ),
        ("app_version", app.version.clone()),
        ("build_number", app.build.clone()),
        ("os_name", Some(os_name())),
        ("os_version", os_version()),
        ("device_model", device_model()),
        ("arch", Some(consts::ARCH.to_owned())),
        ("runtime", app.runtime.clone()),
    ] {
        if let Some(value) = value {
            record.set_attribute(name, value);
        }
    }
    record
}

/// The last record of a session, which lasted this long.
pub fn session_end(duration: Duration) -> LogRecord {
    LogRecord::new(Level::Info, "App", SESSION_ENDED)
        .with_attribute("duration_ms", duration.as_millis() as u64)
}

/// The distribution where there is one (`debian`), else the system (`linux`).
fn os_name() -> String {
    os_release("ID").unwrap_or_else(|| consts::OS.to_owned())
}

/// The distribution's version, or the kernel's.
fn os_version() -> Option<String> {
    let kernel = || read("/proc/sys/kernel/osrelease");
    os_release("VERSION_ID").or_else(kernel)
}

/// A value of os-release(5).
fn os_release(key: &str) -> Option<String> {
    let text = fs::read_to_string("/etc/os-release")
        .or_else(|_| fs::read_to_string("/usr/lib/os-release"))
        .ok()?;
    value_of(&text, key)
}

fn value_of(text: &str, key: &str) -> Option<String> {
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
    let value = value.trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

/// The device's model as its firmware or device tree names it.
fn device_model() -> Option<String> {
    ["/sys/class/dmi/id/product_name", "/proc/device-tree/model"]
        .into_iter()
        .find_map(read)
}

fn read(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_record_says_what_runs_on_what() {
        let app = App {
            name: "backup".to_owned(),
            version: Some("3.1".to_owned()),
            ..App::default()
        };
        let record = session_start(&app);
        assert_eq!(record.message(), SESSION_STARTED);
        assert_eq!(record.attribute("app_version").unwrap(), "3.1");
        assert!(record.attribute("os_name").is_some());
        assert!(record.attribute("build_number").is_none());
    }

    #[test]
    fn what_runs_a_script_is_on_its_first_line() {
        for (head, runtime) in [
            ("#!/bin/sh\necho", Some("sh")),
            ("#! /usr/bin/python3 -u\n", Some("python3")),
            ("#!/usr/bin/env node\n", Some("node")),
            ("#!/usr/bin/env -S A=1 deno run\n", Some("deno")),
            ("#!\n", None),
            ("echo", None),
            ("\u{7f}ELF", None),
        ] {
            assert_eq!(
                interpreter_of(head.as_bytes()).as_deref(),
                runtime,
                "{head}"
            );
        }
        assert_eq!(interpreter("/dev/zero".as_ref()), None);
        assert_eq!(interpreter("no-such-program".as_ref()), None);
    }

    #[test]
    fn os_release_is_read_with_and_without_quotes() {
        let text = "NAME=\"Debian\"\nID=debian\nVERSION_ID=\"13\"\nEMPTY=\n";
        assert_eq!(value_of(text, "ID").as_deref(), Some("debian"));
        assert_eq!(value_of(text, "VERSION_ID").as_deref(), Some("13"));
        assert_eq!(value_of(text, "EMPTY"), None);
        assert_eq!(value_of(text, "MISSING"), None);
    }
}
