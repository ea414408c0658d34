//! What other loggers write: JSON objects under keys of their own, and logfmt.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{Level, LogRecord, format_timestamp, keys, parse_timestamp};

/// What loggers call the things that a record has keys for; the first one that
/// holds a value of the right kind is taken, the others stay attributes.
const TIMESTAMP: [&str; 6] = ["timestamp", "time", "@timestamp", "ts", "datetime", "t"];
const LEVEL: [&str; 7] = [
    "level",
    "severity",
    "lvl",
    "levelname",
    "log.level",
    "loglevel",
    "@l",
];
const MESSAGE: [&str; 6] = ["message", "msg", "event", "@m", "short_message", "text"];
const LOGGER: [&str; 6] = [
    "logger",
    "target",
    "logger_name",
    "name",
    "component",
    "module",
];
const ERROR: [&str; 4] = ["error", "err", "exception", "exc"];
const STACK: [&str; 6] = [
    "stackTrace",
    "stack_trace",
    "stacktrace",
    "stack",
    "exc_info",
    "exc_text",
];
const TRACE: [&str; 3] = ["traceId", "trace_id", "trace.id"];
const SPAN: [&str; 3] = ["spanId", "span_id", "span.id"];

/// Reads a line that is a JSON object with a message in it.
///
/// One in the shape of a record is taken as it is; of any other the well-known
/// keys are mapped and the rest become attributes.
pub fn from_json(line: &str) -> Option<LogRecord> {
    if !line.trim_start().starts_with('{') {
        return None;
    }
    let record = LogRecord::parse(line.as_bytes()).ok()?;
    if record.check().is_ok() {
        return Some(record);
    }
    let Ok(Value::Object(fields)) = serde_json::from_str(line) else {
        return None;
    };
    from_fields(fields)
}

/// Reads a line that is logfmt from end to end and names a level or a message.
pub fn from_logfmt(line: &str) -> Option<LogRecord> {
    let fields = logfmt(line)?;
    let is_log = |key: &str| LEVEL.contains(&key) || MESSAGE.contains(&key);
    if fields.len() < 2 || !fields.keys().any(|key| is_log(key)) {
        return None;
    }
    from_fields(fields)
}

/// The keys that no other logger means something else by: they stay where they
/// are.
const OWN: [&str; 8] = [
    keys::INSTALL_ID,
    keys::SESSION_ID,
    keys::USER_ID,
    keys::ACTIVE_RUN,
    keys::BREADCRUMBS,
    keys::SCREENSHOT_ID,
    keys::RECORD_ID,
    keys::SERVER_RECEIVED_AT,
];

/// What a record says that another logger has written: its time, level,
/// message, error and the like under the keys that a record has for them, and
/// all else as attributes. `None` for a record that needs no translation, and
/// for what tells of nothing that is known.
pub fn translated(record: &LogRecord) -> Option<LogRecord> {
    let is_ours = record.text(keys::MESSAGE).is_some()
        && record.level().is_some()
        && record.text(keys::TIMESTAMP).is_some();
    if is_ours || !is_foreign(record) {
        return None;
    }
    let mut fields = record.fields().clone();
    let own = OWN.map(|key| (key, fields.shift_remove(key)));
    let mut record = from_fields(fields)?;
    for (key, value) in own {
        if let Some(value) = value {
            record.set(key, value);
        }
    }
    Some(record)
}

/// Whether something that a record should have is missing and stands there in
/// the words of another logger.
fn is_foreign(record: &LogRecord) -> bool {
    let is_there = |names: &[&str], is_one: fn(&Value) -> bool| {
        names
            .iter()
            .any(|name| record.fields().get(*name).is_some_and(is_one))
    };
    let is_nested = |fields: &Value| MESSAGE.iter().any(|name| fields[*name].is_string());
    let message = record.get(keys::MESSAGE).is_none()
        && (is_there(&MESSAGE, Value::is_string)
            || record.fields().get("fields").is_some_and(is_nested));
    let level = record.level().is_none() && is_there(&LEVEL, |value| level_of(value).is_some());
    let timestamp =
        record.timestamp().is_none() && is_there(&TIMESTAMP, |value| instant(value).is_some());
    message || level || timestamp
}

fn from_fields(mut fields: Map<String, Value>) -> Option<LogRecord> {
    // The JSON layer of Rust's tracing nests what was logged.
    if let Some(Value::Object(_)) = fields.get("fields")
        && let Some(Value::Object(inner)) = fields.shift_remove("fields")
    {
        fields.extend(inner);
    }
    let level = take(&mut fields, &LEVEL, level_of);
    let message = take(&mut fields, &MESSAGE, |value| {
        value.as_str().map(str::to_owned)
    });
    if level.is_none() && message.is_none() {
        return None;
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let logger = take(&mut fields, &LOGGER, text);
    let timestamp = take(&mut fields, &TIMESTAMP, instant);
    let error = take(&mut fields, &ERROR, error_text);
    let stack =
        take(&mut fields, &STACK, text).or(error.as_ref().and_then(|(_, stack)| stack.clone()));
    let trace = take(&mut fields, &TRACE, |value| hex(value, 32));
    let span = take(&mut fields, &SPAN, |value| hex(value, 16));
    let mut record = LogRecord::default();
    if let Some(instant) = timestamp {
        record.set(keys::TIMESTAMP, format_timestamp(instant));
    }
    if let Some(level) = level {
        record.set(keys::LEVEL, level.as_str());
    }
    let error = error.map(|(text, _)| text);
    let message = message.or_else(|| error.clone()).unwrap_or_default();
    for (key, value) in [
        (keys::LOGGER, logger),
        (keys::MESSAGE, Some(message)),
        (keys::ERROR, error),
        (keys::STACK_TRACE, stack),
        (keys::TRACE_ID, trace),
        (keys::SPAN_ID, span),
    ] {
        if let Some(value) = value {
            record.set(key, value);
        }
    }
    // A logger that nests them, as records do, means the same as one that does
    // not. They are looked at last: what is among them is no message or level.
    if let Some(Value::Object(_)) = fields.get(keys::ATTRIBUTES)
        && let Some(Value::Object(inner)) = fields.shift_remove(keys::ATTRIBUTES)
    {
        fields.extend(inner);
    }
    record.set(keys::ATTRIBUTES, fields);
    Some(record)
}

/// Takes the first of these keys whose value can be read.
fn take<T>(
    fields: &mut Map<String, Value>,
    names: &[&str],
    read: impl Fn(&Value) -> Option<T>,
) -> Option<T> {
    names.iter().find_map(|name| {
        let value = read(fields.get(*name)?)?;
        fields.shift_remove(*name);
        Some(value)
    })
}

/// A name, the deployed clients' number, or the number that pino and bunyan
/// write: 10, 20, … 60.
fn level_of(value: &Value) -> Option<Level> {
    let tens = || {
        let number = value.as_u64().filter(|number| number % 10 == 0)?;
        let at = usize::try_from(number / 10).ok()?.checked_sub(1)?;
        Level::ALL.get(at).copied()
    };
    Level::from_json(value).or_else(tens)
}

/// RFC 3339, or the time since 1970 in seconds or milliseconds.
fn instant(value: &Value) -> Option<DateTime<Utc>> {
    const YEAR_2001_IN_SECONDS: f64 = 1e9;
    const YEAR_2001_IN_MS: f64 = 1e12;
    if let Some(text) = value.as_str() {
        return parse_timestamp(text);
    }
    let number = value.as_f64()?;
    let ms = match number {
        _ if (YEAR_2001_IN_MS..1e13).contains(&number) => number,
        _ if (YEAR_2001_IN_SECONDS..1e10).contains(&number) => number * 1000.0,
        _ => return None,
    };
    DateTime::from_timestamp_millis(ms as i64)
}

/// An error as text, and the stack that may come with it: pino writes
/// `{"type", "message", "stack"}`.
fn error_text(value: &Value) -> Option<(String, Option<String>)> {
    if let Some(text) = value.as_str() {
        return Some((text.to_owned(), None));
    }
    let part = |name: &str| value.get(name).and_then(Value::as_str);
    let message = part("message")?;
    let text = match part("type").or_else(|| part("name")) {
        Some(kind) => format!("{kind}: {message}"),
        None => message.to_owned(),
    };
    Some((text, part("stack").map(str::to_owned)))
}

fn hex(value: &Value, digits: usize) -> Option<String> {
    let text = value.as_str()?;
    let is_hex = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| text.to_owned())
}

/// The pairs of a logfmt line; `None` if anything in it is no pair.
fn logfmt(line: &str) -> Option<Map<String, Value>> {
    let mut fields = Map::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let end = rest.find(['=', ' ', '"'])?;
        let (key, after) = rest.split_at(end);
        let after = after.strip_prefix('=')?;
        if key.is_empty() {
            return None;
        }
        let (value, after) = match after.starts_with('"') {
            true => quoted(after)?,
            false => {
                let end = after.find([' ', '"']).unwrap_or(after.len());
                (typed(&after[..end]), &after[end..])
            }
        };
        if !after.is_empty() && !after.starts_with(' ') {
            return None;
        }
        fields.insert(key.to_owned(), value);
        rest = after.trim_start();
    }
    Some(fields)
}

/// A value in quotes, with the escapes of JSON as Go's `%q` writes them.
fn quoted(text: &str) -> Option<(Value, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next()?.ok()?;
    Some((value, &text[values.byte_offset()..]))
}

/// A bare value: a number, true or false keep their type.
fn typed(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(line: &str) -> LogRecord {
        from_json(line).expect("structured")
    }

    #[test]
    fn a_record_is_taken_as_it_is() {
        let line = r#"{"timestamp":"2026-02-06T12:00:00.000Z","level":"info","logger":"A","message":"m","zeta":1.10,"userId":"u"}"#;
        assert_eq!(serde_json::to_string(&json(line)).unwrap(), line);
    }

    #[test]
    fn the_loggers_of_the_world_are_understood() {
        let pino = json(
            r#"{"level":50,"time":1770379200123,"pid":7,"msg":"no","err":{"type":"TypeError","message":"x","stack":"TypeError: x\n    at f (a.js:1:1)"}}"#,
        );
        assert_eq!(pino.level(), Some(Level::Error));
        assert_eq!(pino.text(keys::TIMESTAMP), Some("2026-02-06T12:00:00.123Z"));
        assert_eq!(pino.error(), Some("TypeError: x"));
        assert!(pino.stack_trace().unwrap().contains("at f"));
        assert_eq!(pino.attribute("pid"), Some(&Value::from(7)));
        let tracing = json(
            r#"{"timestamp":"2026-02-06T12:00:00.5Z","level":"WARN","fields":{"message":"slow","ms":12},"target":"app::db"}"#,
        );
        assert_eq!(tracing.message(), "slow");
        assert_eq!(tracing.logger(), "app::db");
        assert_eq!(tracing.attribute("ms"), Some(&Value::from(12)));
        let zap = json(
            r#"{"level":"error","ts":1770379200.5,"msg":"no","error":"dial tcp","stacktrace":"main.f"}"#,
        );
        assert_eq!(zap.error(), Some("dial tcp"));
        assert_eq!(zap.stack_trace(), Some("main.f"));
        assert_eq!(zap.text(keys::TIMESTAMP), Some("2026-02-06T12:00:00.500Z"));
    }

    #[test]
    fn a_value_of_another_kind_stays_an_attribute() {
        let record = json(r#"{"msg":"m","name":7,"time":"noon","level":"loud","trace_id":"abc"}"#);
        assert_eq!(record.level(), None);
        for name in ["name", "time", "level", "trace_id"] {
            assert!(record.attribute(name).is_some(), "{name}");
        }
    }

    #[test]
    fn attributes_of_a_line_are_those_of_its_record() {
        let record = json(
            r#"{"level":"info","message":"m","pid":7,"attributes":{"metric":"slow","ms":21,"name":"n"}}"#,
        );
        for (name, value) in [
            ("pid", Value::from(7)),
            ("metric", Value::from("slow")),
            ("ms", Value::from(21)),
            ("name", Value::from("n")),
        ] {
            assert_eq!(record.attribute(name), Some(&value), "{name}");
        }
        let record = json(r#"{"message":"m","attributes":"none"}"#);
        assert_eq!(record.attribute("attributes"), Some(&Value::from("none")));
    }

    #[test]
    fn what_another_logger_wrote_is_translated_and_a_record_is_left_alone() {
        let read = |line: &str| translated(&LogRecord::parse(line.as_bytes()).unwrap());
        let pino = read(
            r#"{"level":30,"time":1700000000000,"msg":"pino","session_id":"s","n":1,"attributes":{"m":2}}"#,
        )
        .unwrap();
        assert_eq!(pino.level(), Some(Level::Info));
        assert_eq!(pino.text(keys::TIMESTAMP), Some("2023-11-14T22:13:20.000Z"));
        assert_eq!((&*pino.message(), pino.session_id()), ("pino", Some("s")));
        let attributes: Vec<_> = pino.attributes().map(|(name, _)| name).collect();
        assert_eq!(attributes, ["n", "m"]);
        let logrus = read(r#"{"level":"error","msg":"m2","err":"BadThing: x","time":"2026-02-06T12:00:00+01:00"}"#).unwrap();
        assert_eq!(logrus.error(), Some("BadThing: x"));
        assert!(logrus.timestamp().is_some());
        let zerolog = read(r#"{"level":"warn","time":1700000000,"message":"m"}"#).unwrap();
        assert!(zerolog.timestamp().is_some());
        let tracing =
            read(r#"{"timestamp":"2026-02-06T12:00:00Z","level":"INFO","fields":{"message":"m"}}"#);
        assert_eq!(tracing.unwrap().message(), "m");
        for line in [
            r#"{"level":"error","logger":"A","message":"m","zeta":1}"#,
            r#"{"timestamp":"2026-02-06T12:00:00Z","level":"error","error":"E: x"}"#,
            r#"{"a":1,"fields":"none"}"#,
            "{}",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn data_that_is_no_log_is_left_alone() {
        assert!(from_json(r#"{"a":1}"#).is_none());
        assert!(from_json("[1]").is_none());
        assert!(from_json(r#"{"msg":"cut"#).is_none());
    }

    #[test]
    fn logfmt_is_read_from_end_to_end_or_not_at_all() {
        let record = from_logfmt(
            r#"ts=2026-02-06T12:00:00Z level=warn msg="a \"b\" c" n=7 ok=true path=/x=y"#,
        )
        .expect("logfmt");
        assert_eq!(record.level(), Some(Level::Warning));
        assert_eq!(record.message(), "a \"b\" c");
        assert_eq!(record.attribute("n"), Some(&Value::from(7)));
        assert_eq!(record.attribute("ok"), Some(&Value::Bool(true)));
        assert_eq!(record.attribute("path"), Some(&Value::from("/x=y")));
        for line in [
            "level=info and more",
            "a=1 b=2",
            "level=info",
            "msg=\"open level=1",
            "=x level=1",
        ] {
            assert!(from_logfmt(line).is_none(), "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_read(line: String) {
            from_json(&line);
            from_logfmt(&line);
        }
    }
}
