//! Taking off what a console, a log collector or a device log puts around a
//! line: colours, carriage returns, indentation, tags, times and process ids.

use std::borrow::Cow;

/// A text without ANSI escape sequences, its lines apart; borrowed where both
/// is so already.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    let text = without_colours(text);
    match unescape(&text) {
        Some(lines) => Cow::Owned(lines),
        None => text,
    }
}

/// The lines of a trace that a JSON log carried in one, with the line feeds
/// still escaped. A Windows path such as `C:\\new` has no line feed: only one
/// before what lines of a trace begin with is taken for one.
fn unescape(text: &str) -> Option<String> {
    let is_break = |at: usize| {
        let after = &text[at + 2..];
        [" ", "#", "\\t", "\\r", "\\n", "at ", "package:"]
            .iter()
            .any(|start| after.starts_with(start))
            || is_numbered(after)
    };
    let is_one_line = memchr::memchr(b'\n', text.trim_end().as_bytes()).is_none();
    let is_escaped = is_one_line && memchr::memmem::find_iter(text.as_bytes(), r"\n").any(is_break);
    is_escaped.then(|| {
        text.replace(r"\r", "")
            .replace(r"\n", "\n")
            .replace(r"\t", "\t")
            .replace("\\\"", "\"")
    })
}

/// `3   MyApp   0x…`: how a frame of Apple's begins.
fn is_numbered(line: &str) -> bool {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < line.len() && rest.starts_with("  ")
}

fn without_colours(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(ESCAPE, text.as_bytes()) else {
        return Cow::Borrowed(text);
    };
    let mut clean = String::with_capacity(text.len());
    clean.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(at) = memchr::memchr(ESCAPE, rest.as_bytes()) {
        clean.push_str(&rest[..at]);
        rest = &rest[at + escape_len(&rest[at..])..];
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

const ESCAPE: u8 = 0x1b;

/// The longest operating system command that is looked for, in bytes.
const MAX_COMMAND: usize = 1024;

/// The length of the escape sequence at the start of the text: a control
/// sequence (`ESC [ … letter`), an operating system command (`ESC ] … BEL`),
/// or the escape character alone.
fn escape_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    match bytes.get(1) {
        Some(b'[') => {
            let end = bytes[2..].iter().position(|b| !(0x20..=0x3f).contains(b));
            match end {
                Some(end) if bytes[2 + end].is_ascii() => 3 + end,
                Some(end) => 2 + end,
                None => bytes.len(),
            }
        }
        Some(b']') => {
            let window = &bytes[..bytes.len().min(MAX_COMMAND)];
            memchr::memchr2(0x07, b'\n', window).map_or(1, |end| end + 1)
        }
        _ => 1,
    }
}

/// A line without indentation and without the prefixes of transports. Several
/// may stand before one another: `docker` before `I/flutter (12): `.
pub(super) fn strip(line: &str) -> &str {
    let mut line = line.trim();
    // Four layers are more than any real chain of collectors has.
    for _ in 0..4 {
        let Some(&first) = line.as_bytes().first() else {
            break;
        };
        let stripped = match first {
            b'0'..=b'9' => timestamp(line).map(|rest| origin(rest.trim_start())),
            b'[' => bracketed(line),
            b'<' => line.strip_prefix("<Notice>: ").or_else(|| severity(line)),
            b'A'..=b'Z' => logcat_brief(line)
                .or_else(|| logcat_tag(line))
                .or_else(|| syslog(line))
                .or_else(|| python_logging(line)),
            b'a'..=b'z' => line.strip_prefix("flutter: ").or_else(|| compose(line)),
            // The frame that loggers draw around what they print.
            0xe2 => line.strip_prefix("│ "),
            _ => None,
        };
        match stripped {
            Some(rest) => line = rest.trim(),
            None => break,
        }
    }
    // What is left of a bare tag on an otherwise empty line.
    if line == "flutter:" { "" } else { line }
}

/// `I/flutter (12345): rest`, with the space outside or inside the parentheses
/// as different versions of logcat have it, and without them.
fn logcat_brief(line: &str) -> Option<&str> {
    let bytes = line.as_bytes();
    if bytes.get(1) != Some(&b'/') || !is_priority(bytes[0]) {
        return None;
    }
    let open = line.find(['(', ':'])?;
    if let Some(rest) = line[open..].strip_prefix(": ") {
        return is_logger(&line[2..open]).then_some(rest);
    }
    let (pid, rest) = line[open + 1..].split_once(')')?;
    is_number(pid.trim()).then(|| rest.strip_prefix(':').unwrap_or(rest))
}

/// `I flutter : rest`, which is what is left of logcat's threadtime format
/// where a viewer took time and ids off: the tag is padded.
fn logcat_tag(line: &str) -> Option<&str> {
    let bytes = line.as_bytes();
    if bytes.get(1) != Some(&b' ') || !is_priority(bytes[0]) {
        return None;
    }
    let (tag, rest) = line[2..].split_once(':')?;
    let is_padded = tag.ends_with(' ') || tag == "AndroidRuntime";
    (is_padded && is_logger(tag.trim_end())).then_some(rest)
}

fn is_priority(byte: u8) -> bool {
    matches!(byte, b'V' | b'D' | b'I' | b'W' | b'E' | b'F' | b'A')
}

/// `<3>rest`: how serious it is, as the system's log has it.
fn severity(line: &str) -> Option<&str> {
    let (number, rest) = line[1..].split_once('>')?;
    is_number(number).then_some(rest)
}

/// `[ERROR:flutter/runtime/dart_vm_initializer.cc(41)] rest`, `[VERBOSE-2:…] rest`,
/// `[  +12 ms] rest`, `[2026-02-06 12:00:00] rest`, `[pod/shop-1/shop] rest`,
/// `[2026-02-06 12:00:00,123: ERROR/main] rest` and `[12] [ERROR] rest`.
fn bracketed(line: &str) -> Option<&str> {
    let (inside, rest) = line[1..].split_once(']')?;
    let is_prefix = inside.contains(".cc(")
        || (inside.ends_with(" ms") && inside.trim_start().starts_with('+'))
        || inside.starts_with("pod/")
        || is_level(inside)
        || (is_number(inside) && rest.starts_with(" ["))
        || timestamp(inside).is_some_and(|rest| rest.is_empty() || rest.starts_with(": "));
    is_prefix.then_some(rest)
}

/// `Feb  6 12:00:00 host tag[123]: rest`.
fn syslog(line: &str) -> Option<&str> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (month, rest) = line.split_once(' ')?;
    if !MONTHS.contains(&month) {
        return None;
    }
    let (day, rest) = rest.trim_start().split_once(' ')?;
    let rest = clock(rest)?;
    is_number(day).then(|| origin(rest.trim_start()))
}

/// `ERROR:root:rest`, the default format of Python's `logging.basicConfig`.
fn python_logging(line: &str) -> Option<&str> {
    let (level, rest) = line.split_once(':')?;
    if !is_level(level) {
        return None;
    }
    let (logger, rest) = rest.split_once(':')?;
    (is_logger(logger) && !rest.starts_with(':')).then_some(rest)
}

/// `web-1  | rest`, as `docker compose logs` prints it.
fn compose(line: &str) -> Option<&str> {
    let (service, rest) = line.split_once(' ')?;
    let rest = rest.trim_start().strip_prefix("| ")?;
    service
        .ends_with(|c: char| c.is_ascii_digit())
        .then_some(rest)
}

/// What follows a time at the start of the text: an ISO 8601 date and time, or
/// logcat's `02-06 12:00:00.000`.
fn timestamp(text: &str) -> Option<&str> {
    let date = if shaped(text, b"0000-00-00") || shaped(text, b"0000/00/00") {
        10
    } else if shaped(text, b"00-00") {
        5
    } else {
        return None;
    };
    let separator = *text.as_bytes().get(date)?;
    if separator != b'T' && separator != b' ' {
        return None;
    }
    clock(&text[date + 1..])
}

/// What follows a time of day with its fraction and offset.
fn clock(text: &str) -> Option<&str> {
    if !shaped(text, b"00:00:00") {
        return None;
    }
    let rest = &text[8..];
    let rest = rest.strip_prefix(['.', ',']).map_or(rest, |fraction| {
        fraction.trim_start_matches(|c: char| c.is_ascii_digit())
    });
    if let Some(rest) = rest.strip_prefix('Z') {
        return Some(rest);
    }
    let zone = rest.strip_prefix(' ').unwrap_or(rest);
    for shape in [&b"00:00"[..], b"0000"] {
        if let Some(offset) = zone.strip_prefix(['+', '-'])
            && shaped(offset, shape)
        {
            return Some(&offset[shape.len()..]);
        }
    }
    Some(rest)
}

/// Whether the text begins like the shape, in which `0` stands for any digit.
fn shaped(text: &str, shape: &[u8]) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= shape.len()
        && shape.iter().zip(bytes).all(|(shape, byte)| match shape {
            b'0' => byte.is_ascii_digit(),
            _ => shape == byte,
        })
}

/// Takes off what says where a line comes from, as it stands after a time.
fn origin(rest: &str) -> &str {
    container(rest)
        .or_else(|| thread_time(rest))
        .or_else(|| studio(rest))
        .or_else(|| dashed(rest))
        .or_else(|| leveled(rest))
        .or_else(|| process(rest))
        .unwrap_or(rest)
}

/// `stdout F rest`, the container runtime interface's format.
fn container(rest: &str) -> Option<&str> {
    let rest = rest
        .strip_prefix("stdout ")
        .or_else(|| rest.strip_prefix("stderr "))?;
    match rest.as_bytes() {
        [b'F' | b'P'] => Some(""),
        [b'F' | b'P', b' ', ..] => Some(&rest[2..]),
        _ => None,
    }
}

/// `1234  1250 E AndroidRuntime: rest`, logcat's threadtime format, which the
/// user may stand before.
fn thread_time(rest: &str) -> Option<&str> {
    let after_user = || process_and_tag(rest.split_once(' ')?.1.trim_start());
    process_and_tag(rest).or_else(after_user)
}

fn process_and_tag(rest: &str) -> Option<&str> {
    let (pid, rest) = rest.split_once(' ')?;
    let (tid, rest) = rest.trim_start().split_once(' ')?;
    let (priority, rest) = rest.trim_start().split_once(' ')?;
    let is_match = is_number(pid)
        && is_number(tid)
        && priority.len() == 1
        && is_priority(priority.as_bytes()[0]);
    let (_, rest) = rest.split_once(':').filter(|_| is_match)?;
    Some(rest)
}

/// `1234-1250  AndroidRuntime  org.example.app  E  rest` and, older,
/// `1234-1250/org.example.app E/AndroidRuntime: rest`: Android Studio's formats.
fn studio(rest: &str) -> Option<&str> {
    let (process, rest) = rest.split_once(' ')?;
    let (ids, app) = process.split_once('/').unwrap_or((process, ""));
    let (pid, tid) = ids.split_once('-')?;
    if !is_number(pid) || !is_number(tid) {
        return None;
    }
    if !app.is_empty() {
        let (tag, rest) = rest.split_once(": ")?;
        return (tag.len() > 2 && tag.as_bytes()[1] == b'/').then_some(rest);
    }
    let mut rest = rest.trim_start();
    for _ in 0..3 {
        let (word, after) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        rest = after.trim_start();
        if word.len() == 1 && is_priority(word.as_bytes()[0]) {
            return Some(rest);
        }
    }
    None
}

/// `- app.module - ERROR - rest`, the format in Python's logging cookbook.
fn dashed(rest: &str) -> Option<&str> {
    let mut parts = rest.strip_prefix("- ")?.splitn(3, " - ");
    let (one, other, rest) = (parts.next()?, parts.next()?, parts.next()?);
    (is_level(one) || is_level(other)).then_some(rest)
}

/// `ERROR app.module: rest`, `ERROR app.module rest`, `ERROR:app:rest`,
/// `[ERROR] app.module: rest`, `app.module ERROR rest`, `ERROR rest`.
fn leveled(rest: &str) -> Option<&str> {
    if let Some(rest) = python_logging(rest) {
        return Some(rest);
    }
    let (first, after) = rest.split_once(' ')?;
    if is_level(first.trim_matches(['[', ']', ':'])) {
        let after = after.trim_start();
        let after = after.strip_prefix("- ").unwrap_or(after);
        return Some(match after.split_once(' ') {
            Some((logger, rest))
                if logger.ends_with([':', ']'])
                    && is_logger(logger.trim_matches(['[', ']', ':']))
                    && !is_frame_number(logger) =>
            {
                rest
            }
            Some((logger, rest))
                if logger.contains('.') && is_logger(logger) && !is_position(rest) =>
            {
                rest
            }
            _ => after,
        });
    }
    let (second, after) = after.trim_start().split_once(' ')?;
    let is_match =
        is_logger(first.trim_matches(['[', ']'])) && is_level(second.trim_matches(['[', ']', ':']));
    is_match.then_some(after)
}

/// Whether the text begins with `12:5`, before which a file stands.
fn is_position(text: &str) -> bool {
    let word = text.trim_start().split(' ').next().unwrap_or_default();
    word.split_once(':')
        .is_some_and(|(line, column)| is_number(line) && is_number(column))
}

/// `3:`, which numbers a Rust frame and names no logger.
fn is_frame_number(word: &str) -> bool {
    word.strip_suffix(':').is_some_and(is_number)
}

/// `host tag[123]: rest`, `tag[123:4567] rest` and `host kernel: rest`.
fn process(rest: &str) -> Option<&str> {
    let mut after = rest;
    for _ in 0..2 {
        let (word, rest) = after.split_once(' ').unwrap_or((after, ""));
        let bare = word.strip_suffix(':').unwrap_or(word);
        if let Some((_, pid)) = bare
            .strip_suffix(']')
            .and_then(|word| word.rsplit_once('['))
            && !pid.is_empty()
            && pid.bytes().all(|b| b.is_ascii_hexdigit() || b == b':')
        {
            return Some(rest);
        }
        if !is_logger(bare) {
            return None;
        }
        after = rest;
    }
    None
}

fn is_level(word: &str) -> bool {
    matches!(
        word,
        "TRACE"
            | "DEBUG"
            | "INFO"
            | "NOTICE"
            | "WARN"
            | "WARNING"
            | "ERROR"
            | "SEVERE"
            | "FATAL"
            | "CRITICAL"
            | "error"
            | "warn"
            | "info"
            | "debug"
            | "fatal"
    )
}

fn is_logger(word: &str) -> bool {
    !word.is_empty()
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{clean, strip};

    #[test]
    fn prefixes_of_transports_are_taken_off() {
        const FRAME: &str = "#0      Foo.bar (package:app/x.dart:10:5)";
        for prefix in [
            "flutter: ",
            "I/flutter (12345): ",
            "I/flutter ( 1234): ",
            "E/flutter ( 1234): ",
            "E/flutter: ",
            "I flutter : ",
            "E AndroidRuntime: \t",
            "2026-02-06 12:00:00.123 1234-1250/org.example.shop E/flutter: ",
            "2026-02-06 12:00:00.123  1234-1250  flutter   org.example.shop   E  \t",
            "02-06 12:00:00.123  1234  5678 I flutter : ",
            "02-06 12:00:00.123 1234 5678 E AndroidRuntime: \t",
            "2026-02-06 12:00:00.123  1234  5678 E AndroidRuntime: ",
            "2026-02-06T12:00:00.123456789Z ",
            "2026-02-06T12:00:00.123456789Z stderr F     ",
            "2026-02-06T12:00:00.1+01:00 stdout P ",
            "Feb  6 12:00:00 host app[123]: ",
            "Feb 16 12:00:00 iPhone Runner(Flutter)[123] <Notice>: flutter: ",
            "2026-02-06 12:00:00.123456+0100 Runner[123:4567] flutter: ",
            "2026-02-06T12:00:00+0000 host app[1]: ",
            "2026-02-06 12:00:00,123 ERROR app.module: ",
            "2026-02-06 12:00:00,123 ERROR app.module ",
            "2026-02-06 12:00:00,123 - app - ERROR - ",
            "2026-02-06 12:00:00,123 app.module ERROR ",
            "2026-02-06 12:00:00,123 [ERROR] app.module: ",
            "ERROR:root:",
            "web-1  | ",
            "[  +12 ms] ",
            "<3>Feb  6 12:00:00 host app[123]: ",
            "2026/02/06 12:00:00 ",
            "2026/02/06 12:00:00.123456 ",
            "02-06 12:00:00.123 +0100  1234  5678 I flutter : ",
            "02-06 12:00:00.123 u0_a12  1234  5678 I flutter : ",
            "[pod/shop-7d9f8/shop] ",
            "[2026-02-06 12:00:00 +0000] [12] [ERROR] ",
            "[2026-02-06 12:00:00,123: ERROR/main] ",
            "flutter: │ ",
            "[ERROR:flutter/runtime/dart_vm_initializer.cc(41)] ",
            "web-1  | 2026-02-06T12:00:00Z I/flutter (1): ",
            "\t\t",
        ] {
            assert_eq!(strip(&format!("{prefix}{FRAME}\r")), FRAME, "{prefix:?}");
        }
    }

    #[test]
    fn frames_are_not_taken_for_prefixes() {
        for line in [
            "3: app::run",
            "10: core::ops::function::FnOnce::call_once",
            "3   MyApp  0x0000000100abcdef main + 12",
            "main.handle(0xc000010000, 0x5)",
            "ValueError: ERROR: no",
            "at Foo.bar (app.js:1:2)",
            "foo@https://example.org/app.js:1:2",
            "[native code]",
            "| File \"x.py\", line 1, in f",
        ] {
            assert_eq!(strip(line), line);
        }
    }

    #[test]
    fn lines_that_were_escaped_are_set_apart_and_paths_are_not() {
        let lines = r"Error: x\n    at f (a.js:1:2)\n    at g (a.js:3:4)";
        assert_eq!(clean(lines).lines().count(), 3);
        assert_eq!(clean(r"main.f()\n\t/a.go:1").lines().count(), 2);
        for path in [r"at f (C:\new\node.js:1:2)", "x\n  at C:\\n at\n"] {
            assert_eq!(clean(path), path);
        }
    }

    #[test]
    fn colours_are_taken_off() {
        assert_eq!(clean("\u{1b}[31mred\u{1b}[0m"), "red");
        assert_eq!(clean("\u{1b}]8;;x\u{7}link"), "link");
        assert_eq!(clean("cut \u{1b}["), "cut ");
        assert_eq!(clean("\u{1b}[ä"), "ä");
        assert_eq!(clean("\u{1b}\u{1b}[1mx\u{1b}"), "x");
    }
}
