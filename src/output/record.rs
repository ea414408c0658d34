//! A record as text: for a person's eye, as JSON, or as logfmt.
//!
//! Whatever a record holds, no character comes out that a terminal would act
//! on: for a person it is shown as an escape, in JSON and logfmt it is written
//! as `\uXXXX`, which means the same to whoever reads them.

use std::borrow::Cow;
use std::fmt::Write as _;

use chrono::{DateTime, Local, Utc};
use serde_json::Value;

use super::safe;
use super::style::Palette;
use super::wrap::{self, Wrapped};
use crate::record::{Category, LogRecord, keys};

/// How far the text of an error is indented.
const INDENT: &str = "    ";

/// How wide the names of loggers are made, so that messages line up.
const LOGGER_WIDTH: usize = 16;

/// How many lines of a stack trace are shown.
const STACK_LINES: usize = 5;

/// How many columns the line of breadcrumbs may take where there is no
/// terminal.
const BREADCRUMBS_WIDTH: usize = 100;

/// How wide a time is: `2026-02-06 12:00:00.000`, and a `Z` in UTC.
const TIME_WIDTH: usize = 23;

/// How records are shown to a person.
#[derive(Clone, Copy, Debug)]
pub struct Pretty {
    /// The colours.
    pub palette: Palette,
    /// Times in UTC and not in the local time of this machine.
    pub is_utc: bool,
    /// The columns there are; `None` for as many as it takes.
    pub width: Option<usize>,
    /// Whether times have their date.
    pub has_date: bool,
    /// Whether what a record is about stands before its logger.
    pub has_category: bool,
}

impl Pretty {
    /// Records with the date, in as many columns as it takes.
    pub fn new(palette: Palette, is_utc: bool) -> Pretty {
        Pretty {
            palette,
            is_utc,
            width: None,
            has_date: true,
            has_category: false,
        }
    }

    /// The record as one line, and under it, indented, its error, the first
    /// lines of its stack and its breadcrumbs. Ends without a newline.
    pub fn format(&self, record: &LogRecord) -> String {
        let mut text = self.head(record);
        if let Some(error) = record.error() {
            let style = self.palette.error();
            for line in error.lines() {
                let line = format!("{INDENT}{}", safe::escape(line));
                let line = wrap::wrap(&line, self.width, INDENT);
                push(&mut text, format_args!("\n{style}{line}{style:#}"));
            }
        }
        if let Some(stack) = record.stack_trace() {
            self.push_stack(&mut text, stack);
        }
        if let Some(Value::Array(crumbs)) = record.get(keys::BREADCRUMBS)
            && !crumbs.is_empty()
        {
            self.push_breadcrumbs(&mut text, crumbs);
        }
        text
    }

    /// Time, level, logger, message and attributes, on one line, or on more
    /// where the terminal is too narrow.
    pub fn head(&self, record: &LogRecord) -> String {
        let faint = self.palette.faint();
        let mut line = Wrapped::new(self.width, INDENT);
        let time = self.time_of(record);
        line.piece(
            time.chars().count() + 1,
            format_args!("{faint}{time}{faint:#} "),
        );
        match record.level() {
            Some(level) => {
                let style = self.palette.level(level);
                let word = level.severity_text();
                line.piece(6, format_args!("{style}{word:<5}{style:#} "));
            }
            None => line.piece(6, format_args!("?     ")),
        }
        if self.has_category {
            let category = Category::of(record).as_str();
            line.piece(8, format_args!("{faint}{category:<7}{faint:#} "));
        }
        let name = self.palette.name();
        let logger = safe::escape(record.logger());
        let columns = logger.chars().count().max(LOGGER_WIDTH);
        line.piece(
            columns,
            format_args!("{name}{logger:<LOGGER_WIDTH$}{name:#}"),
        );
        let message = record.message();
        let message = safe::escape(&message);
        let first = message.split(' ').next().unwrap_or_default();
        line.space(first.chars().count());
        line.words(&message);
        // What says nothing in words is told by what else it says.
        let has_no_message = record.get(keys::MESSAGE).is_none();
        let is_known = |key: &str| keys::ALL.contains(&key) || key == keys::SERVER_RECEIVED_AT;
        let mut pair = |key: &str, value: &str| {
            let columns = key.chars().count() + 1 + value.chars().count();
            line.space(columns);
            line.piece(columns, format_args!("{faint}{key}={faint:#}{value}"));
        };
        let others = record.fields().iter().filter(|_| has_no_message);
        for (key, value) in others.filter(|(key, _)| !is_known(key)) {
            pair(&safe::escape(key), &bare_or_quoted(value));
        }
        for (key, value) in record.attributes() {
            pair(&safe::escape(key), &bare_or_quoted(value));
        }
        if let Some(id) = record.text(keys::SCREENSHOT_ID) {
            pair("screenshot", &safe::escape(id));
        }
        line.into_text()
    }

    /// An instant as it is shown for a record.
    pub fn time(&self, time: DateTime<Utc>) -> String {
        let form = match self.has_date {
            true => "%Y-%m-%d %H:%M:%S%.3f",
            false => "%H:%M:%S%.3f",
        };
        match self.is_utc {
            true => format!("{}Z", time.format(form)),
            false => time.with_timezone(&Local).format(form).to_string(),
        }
    }

    /// What to add to an instant where it should be told of which zone it is.
    pub fn zone(&self, time: DateTime<Utc>) -> String {
        match self.is_utc {
            true => String::new(),
            false => time.with_timezone(&Local).format(" (%:z)").to_string(),
        }
    }

    /// The record's time; what is no time is shown as it stands.
    fn time_of(&self, record: &LogRecord) -> String {
        match (record.timestamp(), record.text(keys::TIMESTAMP)) {
            (Some(time), _) => self.time(time),
            (None, text) => {
                let text = text
                    .unwrap_or("-")
                    .chars()
                    .take(TIME_WIDTH)
                    .collect::<String>();
                format!("{:<TIME_WIDTH$}", safe::escape(&text))
            }
        }
    }

    fn push_stack(&self, text: &mut String, stack: &str) {
        let faint = self.palette.faint();
        let is_told = |line: &&str| line.trim() != "<asynchronous suspension>";
        let room = self.width.map(|width| width.saturating_sub(INDENT.len()));
        for line in stack.lines().filter(is_told).take(STACK_LINES) {
            let line = wrap::cut(&safe::escape(line.trim_end()), room);
            push(text, format_args!("\n{INDENT}{faint}{line}{faint:#}"));
        }
        let more = stack.lines().filter(is_told).skip(STACK_LINES).count();
        if more > 0 {
            push(
                text,
                format_args!("\n{INDENT}{faint}… {more} more lines{faint:#}"),
            );
        }
    }

    /// How many there are, and as many of the last ones as fit on the line.
    fn push_breadcrumbs(&self, text: &mut String, crumbs: &[Value]) {
        let count = crumbs.len();
        let intro = match count {
            1 => format!("{INDENT}1 breadcrumb: "),
            _ => format!("{INDENT}{count} breadcrumbs: "),
        };
        let width = self.width.unwrap_or(BREADCRUMBS_WIDTH);
        // The mark of those that are left out takes a column.
        let mut room = width.saturating_sub(intro.chars().count() + 1);
        let mut shown: Vec<String> = Vec::new();
        for crumb in crumbs.iter().rev() {
            let crumb = breadcrumb(crumb);
            let length = crumb.chars().count() + SEPARATOR.chars().count();
            if length > room && !shown.is_empty() {
                shown.push("…".to_owned());
                break;
            }
            room = room.saturating_sub(length);
            shown.push(crumb);
        }
        shown.reverse();
        let faint = self.palette.faint();
        let line = intro + &shown.join(SEPARATOR);
        let line = wrap::cut(&line, self.width);
        push(text, format_args!("\n{faint}{line}{faint:#}"));
    }
}

/// What stands between two breadcrumbs.
const SEPARATOR: &str = " › ";

/// A breadcrumb in short: its category and the start of its message.
fn breadcrumb(crumb: &Value) -> String {
    const LONGEST: usize = 40;
    let text = |key: &str| crumb.get(key).and_then(Value::as_str).unwrap_or("?");
    let message = text(keys::MESSAGE);
    let start: String = message.chars().take(LONGEST).collect();
    let cut = if start.len() < message.len() {
        "…"
    } else {
        ""
    };
    let category = safe::escape(text("category"));
    format!("{category} {}{cut}", safe::escape(&start))
}

/// The record as one line of JSON, without a newline.
pub fn json(record: &LogRecord) -> String {
    // A map of JSON values always has a text.
    let json = serde_json::to_string(record).unwrap_or_default();
    match safe::escape_json(&json) {
        Cow::Borrowed(_) => json,
        Cow::Owned(safe) => safe,
    }
}

/// The record as one line of logfmt, without a newline: `key=value` pairs,
/// first what every record has, then the attributes, then the rest.
///
/// An attribute with the name of one of the other keys has `attributes.`
/// before it, and characters that no key may have become `_`.
pub fn logfmt(record: &LogRecord) -> String {
    const FIRST: [(&str, &str); 4] = [
        ("time", keys::TIMESTAMP),
        ("level", keys::LEVEL),
        ("logger", keys::LOGGER),
        ("msg", keys::MESSAGE),
    ];
    const LAST: [(&str, &str); 9] = [
        ("error", keys::ERROR),
        ("stack", keys::STACK_TRACE),
        ("session", keys::SESSION_ID),
        ("install", keys::INSTALL_ID),
        ("user", keys::USER_ID),
        ("trace", keys::TRACE_ID),
        ("span", keys::SPAN_ID),
        ("screenshot", keys::SCREENSHOT_ID),
        ("record", keys::RECORD_ID),
    ];
    let mut line = String::new();
    let mut pair = |name: &str, value: &Value| {
        let space = if line.is_empty() { "" } else { " " };
        push(
            &mut line,
            format_args!("{space}{name}={}", bare_or_quoted(value)),
        );
    };
    for (name, key) in FIRST {
        if let Some(value) = record.get(key) {
            pair(name, value);
        }
    }
    for (key, value) in record.attributes() {
        let is_taken = FIRST.iter().chain(&LAST).any(|(name, _)| *name == key);
        let prefix = if is_taken { "attributes." } else { "" };
        pair(&format!("{prefix}{}", logfmt_key(key)), value);
    }
    for (name, key) in LAST {
        if let Some(value) = record.get(key) {
            pair(name, value);
        }
    }
    line
}

fn logfmt_key(key: &str) -> String {
    let is_allowed = |character: char| {
        let plain = character > ' ' && !matches!(character, '=' | '"');
        plain
            && matches!(
                safe::escape(character.encode_utf8(&mut [0; 4])),
                Cow::Borrowed(_)
            )
    };
    match key {
        "" => "_".to_owned(),
        _ => key
            .chars()
            .map(|character| {
                if is_allowed(character) {
                    character
                } else {
                    '_'
                }
            })
            .collect(),
    }
}

/// A value as it stands if it is one plain word, and as JSON text if not.
fn bare_or_quoted(value: &Value) -> Cow<'_, str> {
    let needs_quotes = |text: &str| {
        text.is_empty()
            || text
                .chars()
                .any(|character| character <= ' ' || matches!(character, '"' | '=' | '\\'))
            || matches!(safe::escape(text), Cow::Owned(_))
    };
    match value {
        Value::String(text) if !needs_quotes(text) => Cow::Borrowed(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Cow::Owned(safe::escape_json(&value.to_string()).into_owned())
        }
        // A list or an object is one value, however many quotes are in it.
        Value::Array(_) | Value::Object(_) => {
            let json = value.to_string();
            let quoted = match needs_quotes(&json) {
                true => Value::from(json).to_string(),
                false => json,
            };
            Cow::Owned(safe::escape_json(&quoted).into_owned())
        }
    }
}

/// Writes to a text, which cannot fail.
fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Level;
    use proptest::prelude::*;

    const PLAIN: Pretty = Pretty {
        palette: Palette::new(false),
        is_utc: true,
        width: None,
        has_date: true,
        has_category: false,
    };

    fn record() -> LogRecord {
        LogRecord::new(Level::Error, "Http", "GET /rooms failed")
            .with(keys::TIMESTAMP, "2026-02-06T12:00:00.5Z")
            .with_attribute("status", 502)
            .with_attribute("host", "a b")
    }

    #[test]
    fn a_record_is_a_line_with_its_error_and_stack_under_it() {
        let crumb = |message: &str| serde_json::json!({"message": message, "category": "ui"});
        let long = "far away ".repeat(10);
        let record = record()
            .with(keys::ERROR, "SocketException: refused")
            .with(
                keys::STACK_TRACE,
                "#0 a\n#1 b\n#2 c\n#3 d\n#4 e\n#5 f\n#6 g\n",
            )
            .with(
                keys::BREADCRUMBS,
                vec![crumb(&long), crumb(&long), crumb("rooms")],
            );
        assert_eq!(
            PLAIN.format(&record),
            format!(
                "2026-02-06 12:00:00.500Z ERROR Http             GET /rooms failed status=502 host=\"a b\"\n    \
                 SocketException: refused\n    \
                 #0 a\n    #1 b\n    #2 c\n    #3 d\n    #4 e\n    … 2 more lines\n    \
                 3 breadcrumbs: … › ui {}… › ui rooms",
                &long[..40]
            )
        );
    }

    #[test]
    fn on_a_narrow_terminal_no_line_is_wider_than_it() {
        let narrow = Pretty {
            width: Some(60),
            has_date: false,
            ..PLAIN
        };
        let record = record()
            .with(
                keys::ERROR,
                "SocketException: ".to_owned() + &"refused again ".repeat(9),
            )
            .with(keys::STACK_TRACE, "#0 a ".repeat(30));
        for width in 20..120 {
            let crumb = |n| serde_json::json!({"message": "m".repeat(n), "category": "ui"});
            let crumbs: Vec<_> = [90, 5, 9, 30, 7].map(crumb).into();
            let narrow = Pretty {
                width: Some(width),
                ..narrow
            };
            let text = narrow.format(&record.clone().with(keys::BREADCRUMBS, crumbs));
            let last = text.lines().last().unwrap_or_default();
            assert!(
                last.contains("crumbs") && last.chars().count() <= width,
                "{last}"
            );
        }
        let text = narrow.format(&record);
        assert!(
            text.lines().all(|line| line.chars().count() <= 60),
            "{text}"
        );
        assert!(
            text.starts_with(
                "12:00:00.500Z ERROR Http             GET /rooms failed\n    status=502 host=\"a b\"\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn colours_come_from_the_palette_alone() {
        let colored = Pretty {
            palette: Palette::new(true),
            ..PLAIN
        };
        assert!(
            colored
                .format(&record())
                .contains("\u{1b}[31mERROR\u{1b}[0m")
        );
        assert!(!PLAIN.format(&record()).contains('\u{1b}'));
    }

    #[test]
    fn a_record_without_the_usual_keys_is_shown_all_the_same() {
        let text = PLAIN.format(&LogRecord::default().with(keys::MESSAGE, 7));
        assert_eq!(
            text,
            format!("-{}?     {}7", " ".repeat(23), " ".repeat(17))
        );
        let bad = PLAIN.head(&LogRecord::default().with(keys::TIMESTAMP, "noon\u{1b}[2J"));
        assert!(bad.starts_with("noon\\x1b[2J"), "{bad}");
    }

    #[test]
    fn of_what_has_no_message_the_other_keys_are_shown() {
        let odd = LogRecord::default().with("a", "b c").with("n", 1);
        let text = PLAIN.head(&odd);
        assert!(text.ends_with(r#" a="b c" n=1"#), "{text}");
        let text = PLAIN.head(&odd.with(keys::MESSAGE, "m"));
        assert!(text.ends_with(" m"), "{text}");
    }

    #[test]
    fn logfmt_keeps_values_whole_and_attributes_apart() {
        let record = record()
            .with_attribute("level", "high")
            .with_attribute("odd key=", "say \"hi\"\n")
            .with_attribute("list", serde_json::json!([1, 2]))
            .with_attribute("map", serde_json::json!({"a": "b"}))
            .with(keys::SESSION_ID, "s-1");
        assert_eq!(
            logfmt(&record),
            "time=2026-02-06T12:00:00.5Z level=error logger=Http msg=\"GET /rooms failed\" \
             status=502 host=\"a b\" attributes.level=high odd_key_=\"say \\\"hi\\\"\\n\" \
             list=[1,2] map=\"{\\\"a\\\":\\\"b\\\"}\" session=s-1"
        );
    }

    #[test]
    fn json_means_the_same_with_what_a_terminal_acts_on_escaped() {
        let hostile = record().with(keys::MESSAGE, "\u{9b}2J \u{202e}x \u{e0041} \u{1b}]8;;");
        let text = json(&hostile);
        assert!(
            text.contains("\\u009b2J \\u202ex \\udb40\\udc41 \\u001b]8;;"),
            "{text}"
        );
        assert_eq!(LogRecord::parse(text.as_bytes()).unwrap(), hostile);
    }

    proptest! {
        #[test]
        fn nothing_that_a_terminal_acts_on_comes_out(
            texts in proptest::collection::vec(".{0,12}|[\u{0}-\u{1f}\u{7f}-\u{9f}\u{202a}-\u{202e}\u{2066}]{1,4}", 8),
        ) {
            let text = |n: usize| texts[n].clone();
            let record = LogRecord::new(Level::Info, &text(0), &text(1))
                .with(keys::TIMESTAMP, text(2))
                .with(keys::ERROR, text(3))
                .with(keys::STACK_TRACE, text(4))
                .with_attribute(&text(5), text(6))
                .with(keys::SCREENSHOT_ID, text(6))
                .with(keys::BREADCRUMBS, vec![serde_json::json!({"message": text(7), "category": text(6)})]);
            for shown in [PLAIN.format(&record), json(&record), logfmt(&record)] {
                for line in shown.lines() {
                    prop_assert!(matches!(safe::escape(line), Cow::Borrowed(_)), "{line:?}");
                }
            }
            prop_assert_eq!(LogRecord::parse(json(&record).as_bytes()).unwrap(), record);
        }
    }
}
