//! Values of flags, read while the command line is parsed; no I/O.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use chrono::{
    DateTime, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc,
};
use clap::builder::{OsStringValueParser, TypedValueParser};
use regex::Regex;
use serde_json::Value;

use crate::filter::{AttributeTest, LoggerGlob};
use crate::ingest::auth::Secret;
use crate::record::{Level, parse_timestamp};

/// A path, or nothing: where a variable may name it, one that is empty does not.
pub fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// A duration such as `500ms`, `30s`, `10m`, `24h` or `7d`.
pub fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| "a duration looks like 500ms, 30s, 10m, 24h or 7d".to_owned())
}

/// A number of bytes such as `900KB` or `1MiB`.
pub fn size(text: &str) -> Result<u64, String> {
    text.parse::<ByteSize>()
        .map(|size| size.as_u64())
        .map_err(|_| "a size looks like 900KB or 1MiB".to_owned())
}

/// A number of bytes that something has room in.
pub fn some_size(text: &str) -> Result<u64, String> {
    match size(text)? {
        0 => Err("nothing would fit into it".to_owned()),
        size => Ok(size),
    }
}

/// A duration in which something can happen.
pub fn some_time(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("nothing could happen in no time".to_owned()),
        duration => Ok(duration),
    }
}

/// How long something is kept. Nothing at all is not what anybody means by it.
pub fn retention(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it would delete everything; leave it out to keep all".to_owned()),
        kept => Ok(kept),
    }
}

/// How much is kept: room for a record at the least.
pub fn store_size(text: &str) -> Result<u64, String> {
    match size(text)? {
        0..65_536 => Err("it would delete everything; leave it out to keep all".to_owned()),
        kept => Ok(kept),
    }
}

/// A number of things, at least one.
pub fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("a whole number of at least 1".to_owned()),
    }
}

/// A level's name.
pub fn level(text: &str) -> Result<Level, String> {
    text.parse().map_err(|error| format!("{error}"))
}

/// A pattern for names of loggers.
pub fn logger_glob(text: &str) -> Result<LoggerGlob, String> {
    LoggerGlob::new(text).map_err(|error| error.to_string())
}

/// A regular expression.
pub fn regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| one_line(&error.to_string()))
}

/// An instant: RFC 3339, a date or a time without a zone, which is local, or a
/// duration ago.
pub fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let ago = || {
        let ago = chrono::Duration::from_std(duration(text).ok()?).ok()?;
        Utc::now().checked_sub_signed(ago)
    };
    let on_wall = || first_instant(wall_time(text)?, &Local);
    let instant = parse_timestamp(text).or_else(on_wall).or_else(ago);
    instant.ok_or_else(|| {
        "an instant is RFC 3339 (2026-02-06T12:00:00Z), a local date or time (2026-02-06, \"2026-02-06 12:00\") or a duration ago (10m)".to_owned()
    })
}

/// A date, which is its first moment, or a date and a time, as the clock on the
/// wall shows it. A year has four digits: with two it would be one of the first
/// century.
fn wall_time(text: &str) -> Option<NaiveDateTime> {
    const FORMS: [&str; 4] = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
    ];
    let year = text.split('-').next()?;
    if year.len() != 4 || !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let date = || Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN));
    FORMS
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .or_else(date)
}

/// When the clock on the wall shows this time for the first time, or where it
/// never does, since it is put forward over it, when it is put forward.
fn first_instant<Z: TimeZone>(time: NaiveDateTime, zone: &Z) -> Option<DateTime<Utc>> {
    /// No clock is put forward by more than a day, as Samoa's was once.
    const LONGEST_GAP_MINUTES: i64 = 25 * 60;
    const MINUTE: TimeDelta = TimeDelta::minutes(1);

    if let Some(instant) = zone.from_local_datetime(&time).earliest() {
        return Some(instant.to_utc());
    }
    // Clocks are put forward at full minutes.
    let minute = time.with_second(0)?.with_nanosecond(0)?;
    (1..=LONGEST_GAP_MINUTES)
        .find_map(|count| {
            zone.from_local_datetime(&(minute + MINUTE * i32::try_from(count).ok()?))
                .earliest()
        })
        .map(|instant| instant.to_utc())
}

/// How a session's id begins.
pub fn session_prefix(text: &str) -> Result<String, String> {
    match text {
        "(none)" => Err(
            "no id begins so; `soliplex session show '(none)'` tells what names no session"
                .to_owned(),
        ),
        prefix => Ok(prefix.to_owned()),
    }
}

/// `KEY` or `KEY=VALUE`, a test on an attribute.
pub fn attribute_test(text: &str) -> Result<AttributeTest, String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    if name.is_empty() {
        return Err("an attribute test is KEY or KEY=VALUE".to_owned());
    }
    let name = name.to_owned();
    Ok(AttributeTest { name, value })
}

/// `KEY=VALUE`, an attribute to set. A value that is JSON is taken as that; anything else is a text.
pub fn attribute(text: &str) -> Result<(String, Value), String> {
    let (name, value) = key_value(text)?;
    let json = serde_json::from_str(&value).ok();
    Ok((name, json.unwrap_or(Value::String(value))))
}

/// `KEY=VALUE`, both texts.
pub fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// The id of a trace.
pub fn trace_id(text: &str) -> Result<String, String> {
    hex_id(text, 32).ok_or_else(|| "the id of a trace is 32 hexadecimal digits".to_owned())
}

/// The id of a span.
pub fn span_id(text: &str) -> Result<String, String> {
    hex_id(text, 16).ok_or_else(|| "the id of a span is 16 hexadecimal digits".to_owned())
}

fn hex_id(text: &str, digits: usize) -> Option<String> {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hex && text.len() == digits).then(|| text.to_owned())
}

/// `NAME=VALUE`, a header whose value may be a secret.
pub fn header(text: &str) -> Result<(String, Secret), String> {
    let (name, value) = key_value(text)?;
    Ok((name, Secret::new(&value)))
}

/// A text that is not to be shown.
pub fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

/// The last line of a message, which is where regex says what is wrong.
fn one_line(text: &str) -> String {
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use chrono::{FixedOffset, MappedLocalTime};

    use super::*;

    #[test]
    fn sizes_are_decimal_or_binary_as_written() {
        assert_eq!(size("900KB"), Ok(900_000));
        assert_eq!(size("1MiB"), Ok(1_048_576));
        assert_eq!(size("64"), Ok(64));
        assert!(size("many").is_err());
    }

    #[test]
    fn nothing_is_kept_for_no_time_and_in_no_room() {
        assert_eq!(retention("7d"), duration("7d"));
        assert!(retention("0s").unwrap_err().contains("delete everything"));
        assert_eq!(store_size("1MB"), Ok(1_000_000));
        assert!(store_size("1B").unwrap_err().contains("delete everything"));
    }

    #[test]
    fn attributes_keep_their_types() {
        let value = |text: &str| attribute(text).unwrap().1;
        assert_eq!(value("n=502").to_string(), "502");
        assert_eq!(value("n=1.50").to_string(), "1.50");
        assert_eq!(value("ok=true"), Value::Bool(true));
        assert_eq!(value("n=null"), Value::Null);
        assert_eq!(value("s=plain text"), Value::from("plain text"));
        assert_eq!(value("s=a=b"), Value::from("a=b"));
        assert_eq!(value("s=\"7\""), Value::from("7"));
        assert!(attribute("novalue").is_err());
        assert!(attribute("=v").is_err());
    }

    #[test]
    fn the_ids_of_traces_and_spans_are_hex_of_their_lengths() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(trace).as_deref(), Ok(trace));
        assert!(span_id("00f067aa0ba902b7").is_ok());
        for bad in ["", "00f067aa0ba902b", "00f067aa0ba902bg", trace] {
            assert!(span_id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn instants_are_absolute_or_ago() {
        assert!(instant("2026-02-06T12:00:00Z").is_ok());
        assert!(instant("10m").unwrap() < Utc::now());
        let noon = instant("2026-02-06T12:00:00").unwrap();
        for same in [
            "2026-02-06 12:00",
            "2026-02-06T12:00",
            "2026-02-06 12:00:00.000",
        ] {
            assert_eq!(instant(same), Ok(noon), "{same}");
        }
        assert!(instant("2026-02-06").unwrap() < noon);
        for bad in [
            "2026-02-30",
            "2026-02-06 25:00",
            "2026-02",
            "12:00",
            "06-02-26",
            "26-02-06 12:00",
            "+2026-02-06",
            "-2026-02-06",
        ] {
            assert!(instant(bad).is_err(), "{bad}");
        }
        assert!(instant("yesterday").is_err());
    }

    /// A zone whose clock is put forward over an hour at noon.
    #[derive(Clone)]
    struct Forward;

    const AFTER: &str = "2026-03-29T13:00:00";

    impl TimeZone for Forward {
        type Offset = FixedOffset;

        fn from_offset(_: &FixedOffset) -> Forward {
            Forward
        }

        fn offset_from_local_date(&self, _: &NaiveDate) -> MappedLocalTime<FixedOffset> {
            MappedLocalTime::None
        }

        fn offset_from_local_datetime(&self, time: &NaiveDateTime) -> MappedLocalTime<FixedOffset> {
            let after: NaiveDateTime = AFTER.parse().unwrap();
            let hours = match *time {
                time if time >= after => 1,
                time if time < after - TimeDelta::hours(1) => 0,
                _ => return MappedLocalTime::None,
            };
            MappedLocalTime::Single(FixedOffset::east_opt(hours * 3600).unwrap())
        }

        fn offset_from_utc_date(&self, _: &NaiveDate) -> FixedOffset {
            FixedOffset::east_opt(0).unwrap()
        }

        fn offset_from_utc_datetime(&self, _: &NaiveDateTime) -> FixedOffset {
            FixedOffset::east_opt(0).unwrap()
        }
    }

    #[test]
    fn a_time_that_the_clock_skips_is_the_moment_of_the_skip() {
        let instant = |text: &str| first_instant(text.parse().unwrap(), &Forward).unwrap();
        let noon = instant("2026-03-29T11:59:59") + TimeDelta::seconds(1);
        for skipped in ["2026-03-29T12:00:00", "2026-03-29T12:34:56.7", AFTER] {
            assert_eq!(instant(skipped), noon, "{skipped}");
        }
        assert_eq!(instant("2026-03-29T13:00:01"), noon + TimeDelta::seconds(1));
    }

    #[test]
    fn a_bad_regex_says_why_in_one_line() {
        let error = regex("a(").unwrap_err();
        assert_eq!(error, "unclosed group");
    }
}
