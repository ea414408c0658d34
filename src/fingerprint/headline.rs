//! The line of a printed error or trace that says what was thrown.

use super::exception::{lead, names_type};
use super::stack::text::{find, split};
use super::transport;

/// How many lines at the start of a text are searched for the one that names
/// the exception.
const MAX_BANNER_LINES: usize = 16;

/// What runtimes write before the exception when nobody caught it.
const ANNOUNCEMENTS: [&str; 14] = [
    "Uncaught (in promise): ",
    "Uncaught (in promise) ",
    "Uncaught exception: ",
    "Uncaught ",
    "Unhandled exception. ",
    "Unhandled exception: ",
    "Unhandled Exception: ",
    "Unhandled Promise Rejection: ",
    "Unhandled Rejection: ",
    "Unhandled rejection ",
    "UnhandledPromiseRejectionWarning: ",
    "Fatal Exception: ",
    "Error: Uncaught (in promise): ",
    "Caused by: ",
];

/// How many lines of a crash report are searched for what it calls the crash.
const MAX_REPORT_LINES: usize = 48;

/// The line of a text that says what was thrown.
#[derive(Clone, Copy, Default)]
pub(super) struct Headline<'a> {
    pub(super) text: &'a str,
    /// The line after it, which tells some frames from text.
    pub(super) next: &'a str,
    /// Whether it followed words that only ever stand before an exception.
    pub(super) announced: bool,
}

/// Finds the headline of a text: the whole of it is one in the common case.
pub(super) fn headline(text: &str) -> Headline<'_> {
    let mut lines = text
        .lines()
        .map(transport::strip)
        .filter(|line| !line.is_empty());
    let mut banners = 0;
    let mut announced = false;
    let mut first = "";
    while let Some(line) = lines.next() {
        let announcing = |text| Headline {
            text,
            next: "",
            announced: true,
        };
        if line.starts_with("Traceback (most recent call")
            || line.starts_with("+ Exception Group Traceback")
        {
            return announcing(last_of_traceback(text));
        }
        if is_report(line) {
            let text = { lines }.take(MAX_REPORT_LINES).find_map(crash);
            return Headline {
                text: text.unwrap_or_default(),
                ..Headline::default()
            };
        }
        if let Some((_, place)) = split(line, "panicked at ") {
            let quoted = place
                .strip_prefix('\'')
                .and_then(|rest| Some(rest.rsplit_once("', ")?.0));
            return announcing(quoted.or_else(|| lines.next()).unwrap_or(line));
        }
        if let Some(name) = thrown(line) {
            return announcing(name);
        }
        if is_header(line) && banners < MAX_BANNER_LINES {
            banners += 1;
            continue;
        }
        if first.is_empty() {
            first = line;
        }
        if !is_banner(line) || banners == MAX_BANNER_LINES {
            let (text, stripped) = without_announcement(line);
            return Headline {
                text,
                next: lines.next().unwrap_or_default(),
                announced: announced || stripped,
            };
        }
        banners += 1;
        announced = true;
    }
    Headline {
        text: first,
        next: "",
        announced,
    }
}

/// What the Dart VM prints before the frames of an obfuscated build: it tells
/// of the process and the build, and nothing of what was thrown.
fn is_header(line: &str) -> bool {
    match line.as_bytes().first() {
        Some(b'*') => line.starts_with("*** *** ***"),
        Some(b'W') => line.starts_with("Warning: This VM has been configured to "),
        Some(b'p') => line.starts_with("pid: ") && find(line, ", tid: ").is_some(),
        Some(b'o') => line.starts_with("os: ") && find(line, " arch: ").is_some(),
        Some(b'b') => line.starts_with("build_id: "),
        Some(b'i') => {
            line.starts_with("isolate_dso_base: ") || line.starts_with("isolate_instructions: ")
        }
        _ => false,
    }
}

/// The first lines of the crash reports of Apple's systems and of Android.
fn is_report(line: &str) -> bool {
    line.starts_with("Incident Identifier: ")
        || line.starts_with("Process:  ")
        || line.starts_with("Build fingerprint: ")
}

/// What a crash report calls the crash: `Exception Type:  EXC_CRASH (SIGABRT)`
/// or `signal 11 (SIGSEGV), code 1 (SEGV_MAPERR)`.
fn crash(line: &str) -> Option<&str> {
    if let Some(kind) = line.strip_prefix("Exception Type:") {
        return Some(kind.trim());
    }
    let (_, rest) = line.strip_prefix("signal ")?.split_once(" (")?;
    Some(rest.split_once(')')?.0)
}

/// Lines that stand before the one that names the exception.
fn is_banner(line: &str) -> bool {
    matches!(
        line,
        "Unhandled exception:" | "Unhandled Exception:" | "Uncaught exception:"
    ) || line.starts_with("FATAL EXCEPTION:")
        || line.starts_with("Process: ")
        || line.starts_with("--------- beginning of")
        || find(line, "EXCEPTION CAUGHT BY ").is_some()
        || line.starts_with("The following ")
}

/// `The following _TypeError was thrown building X:` and `The following Foo
/// object was thrown …`, from Flutter's reports.
fn thrown(line: &str) -> Option<&str> {
    let (name, _) = line
        .strip_prefix("The following ")?
        .split_once(" was thrown")?;
    let name = name.trim_start_matches('_');
    let name = name.strip_suffix(" object").unwrap_or(name);
    names_type(name).then_some(name)
}

/// The line with the words before the exception taken off, and whether there
/// were any.
pub(super) fn without_announcement(line: &str) -> (&str, bool) {
    let mut rest = line;
    while let Some(stripped) = announcement(rest) {
        rest = stripped;
    }
    if rest.is_empty() {
        (line, false)
    } else {
        (rest, rest.len() != line.len())
    }
}

fn announcement(line: &str) -> Option<&str> {
    if let Some(rest) = ANNOUNCEMENTS
        .iter()
        .find_map(|words| line.strip_prefix(words))
    {
        return Some(rest);
    }
    if let Some(rest) = line.strip_prefix("Exception in thread \"") {
        return Some(rest.split_once("\" ")?.1);
    }
    if let Some(rest) = line.strip_prefix("(node:") {
        return Some(rest.split_once(") ")?.1);
    }
    if let Some(rest) = line.strip_prefix("Thread ") {
        let (number, rest) = rest.split_once(": ")?;
        return number.bytes().all(|b| b.is_ascii_digit()).then_some(rest);
    }
    // Go prints an error's text after `panic: `, which is all the type there
    // is unless the text begins with one.
    let rest = line.strip_prefix("panic: ")?;
    let name = lead(rest);
    (name.len() < rest.len() && (names_type(name) || name == "runtime error")).then_some(rest)
}

/// The last line of a Python traceback that is neither indented nor a note:
/// the exception that was raised last, or the group around it.
fn last_of_traceback(text: &str) -> &str {
    let mut last = "";
    let mut in_frames = false;
    let mut inside_group = false;
    for raw in text.lines() {
        let line = transport::strip(raw);
        inside_group = (inside_group || line.starts_with("+-+")) && line.starts_with(['|', '+']);
        if inside_group {
            continue;
        }
        let line = line.trim_start_matches(['|', '+']).trim();
        if line.starts_with("Traceback (most recent") || line.starts_with("File \"") {
            in_frames = true;
        } else if in_frames && names_type(lead(line)) {
            last = line;
            in_frames = false;
        }
    }
    last
}
