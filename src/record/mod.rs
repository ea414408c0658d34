//! The schema of a log record, pure: no clock but the one asked for, no I/O.
//!
//! A record is one JSON object on one line. [`LogRecord`] holds it as it was
//! read: unknown keys, the order of keys and the digits of numbers all survive
//! a round trip. Keys that exist in two spellings are read in both and written
//! in camelCase ([`keys`]). [`EncodedRecord`] is the form that may be stored
//! and sent: one line of at most [`MAX_RECORD_BYTES`], with a `recordId`.
//! [`Envelope`] reads the few keys that routing needs without building a tree.

mod breadcrumb;
mod encode;
mod envelope;
mod guard;
pub mod keys;
mod level;
mod schema;
mod stamp;
pub mod structured;
mod text;
mod trail;

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

pub use breadcrumb::{Category, MAX_BREADCRUMBS, breadcrumb};
pub use encode::{Defaults, EncodedRecord, Identity};
pub use envelope::Envelope;
pub use guard::{MAX_RECORD_BYTES, TRUNCATION_MARK};
pub use level::{Level, UnknownLevel};
use schema::Kind;
pub use stamp::push_stamped;
pub use text::is_invisible;
pub use trail::Trail;

/// One log record: a JSON object with the keys of [`keys`].
///
/// Reading is lenient: any JSON object is a record, and an accessor answers
/// `None` (or an empty text) for a key that is missing or has another type.
/// [`check`](LogRecord::check) says whether it is one that may be stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct LogRecord {
    fields: Map<String, Value>,
}

/// Why a line is not a record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The line is not JSON; says where.
    #[error("not JSON: {}", within_line(.0))]
    NotJson(String),
    /// The line is JSON, but an array, a text, a number, true, false or null.
    #[error("not a JSON object but {0}")]
    NotAnObject(&'static str),
    /// A key is one that no record may have.
    #[error("a key starts with `$serde_json::private::`, which is reserved")]
    ReservedKey,
    /// A key that every record has is not there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A key of the schema holds a value of another type.
    #[error("`{key}` should be {expected}, not {found}")]
    WrongType {
        /// The key, in camelCase.
        key: &'static str,
        /// What the schema wants, such as `a text`.
        expected: &'static str,
        /// What stands there, such as `a number`.
        found: &'static str,
    },
    /// The `timestamp` is no RFC 3339 instant.
    #[error("`timestamp` should be an RFC 3339 instant such as 2026-02-06T12:00:00.000Z")]
    BadTimestamp,
    /// The `level` names no level.
    #[error("`level` should be one of trace, debug, info, warning, error, fatal")]
    BadLevel,
    /// What is never cut, the ids, is over the size limit.
    #[error("too large: {0} bytes remain after all but the ids was cut")]
    TooLarge(usize),
}

/// What is wrong in a line, which has no number among others.
fn within_line(reason: &str) -> String {
    reason.replace(" at line 1 column ", " at column ")
}

impl LogRecord {
    /// A record of this instant with the four keys that every record has.
    pub fn new(level: Level, logger: &str, message: &str) -> LogRecord {
        LogRecord::default()
            .with(keys::TIMESTAMP, now())
            .with(keys::LEVEL, level.as_str())
            .with(keys::LOGGER, logger)
            .with(keys::MESSAGE, message)
    }

    /// Reads a record from one line of JSON, in either spelling of the keys.
    ///
    /// Of a key that stands twice the last one wins. White space, a byte order
    /// mark and a carriage return around the object are ignored.
    ///
    /// # Errors
    ///
    /// [`RecordError::NotJson`] and [`RecordError::NotAnObject`]; the latter
    /// only for whole, valid JSON.
    pub fn parse(line: &[u8]) -> Result<LogRecord, RecordError> {
        // A tree would take an object with such a key for a number or for more
        // JSON, and so alter it.
        if memchr::memmem::find(line, b"$serde_json::private::").is_some() {
            return Err(RecordError::ReservedKey);
        }
        match serde_json::from_slice(trim(line)) {
            Ok(Value::Object(fields)) => Ok(LogRecord::from_fields(fields)),
            Ok(other) => Err(RecordError::NotAnObject(Kind::of(&other).in_words())),
            Err(error) => Err(RecordError::NotJson(error.to_string())),
        }
    }

    /// Makes a record of a JSON object, in either spelling of the keys.
    pub fn from_fields(fields: Map<String, Value>) -> LogRecord {
        if fields.keys().all(|key| keys::camel_case(key) == key) {
            return LogRecord { fields };
        }
        let mut renamed = Map::with_capacity(fields.len());
        for (key, value) in fields {
            renamed.insert(keys::camel_case(&key).to_owned(), value);
        }
        LogRecord { fields: renamed }
    }

    /// The whole object, in the order in which it was read.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// The whole object, to change in place.
    pub fn fields_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.fields
    }

    /// The value of a key, null counting as absent.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.fields.get(key).filter(|value| !value.is_null())
    }

    /// Sets a key, in place if it is there and at the end if not.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.fields.insert(key.to_owned(), value.into());
    }

    /// Sets a key and hands the record on.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> LogRecord {
        self.set(key, value);
        self
    }

    /// Sets one attribute and hands the record on.
    #[must_use]
    pub fn with_attribute(mut self, name: &str, value: impl Into<Value>) -> LogRecord {
        self.set_attribute(name, value);
        self
    }

    /// Sets one attribute. Attributes that are not an object are replaced.
    pub fn set_attribute(&mut self, name: &str, value: impl Into<Value>) {
        let attributes = self
            .fields
            .entry(keys::ATTRIBUTES)
            .or_insert_with(|| Value::Object(Map::new()));
        if !attributes.is_object() {
            *attributes = Value::Object(Map::new());
        }
        if let Value::Object(map) = attributes {
            map.insert(name.to_owned(), value.into());
        }
    }

    /// The client's clock when the record was made.
    pub fn timestamp(&self) -> Option<DateTime<Utc>> {
        parse_timestamp(self.text(keys::TIMESTAMP)?)
    }

    /// The level, from its name or its number.
    pub fn level(&self) -> Option<Level> {
        self.get(keys::LEVEL).and_then(Level::from_json)
    }

    /// The logger's name; empty if there is none.
    pub fn logger(&self) -> &str {
        self.text(keys::LOGGER).unwrap_or_default()
    }

    /// The message; a value that is no text as its JSON, and empty if absent.
    pub fn message(&self) -> Cow<'_, str> {
        match self.get(keys::MESSAGE) {
            Some(Value::String(text)) => Cow::Borrowed(text),
            Some(other) => Cow::Owned(other.to_string()),
            None => Cow::Borrowed(""),
        }
    }

    /// The attributes, in order.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.get(keys::ATTRIBUTES)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// One attribute, null counting as absent.
    pub fn attribute(&self, name: &str) -> Option<&Value> {
        self.get(keys::ATTRIBUTES)?
            .get(name)
            .filter(|value| !value.is_null())
    }

    /// The error, as text.
    pub fn error(&self) -> Option<&str> {
        self.text(keys::ERROR)
    }

    /// The stack trace, as text.
    pub fn stack_trace(&self) -> Option<&str> {
        self.text(keys::STACK_TRACE)
    }

    /// The id of the run of the app.
    pub fn session_id(&self) -> Option<&str> {
        self.text(keys::SESSION_ID)
    }

    /// The id of the installation.
    pub fn install_id(&self) -> Option<&str> {
        self.text(keys::INSTALL_ID)
    }

    /// The id of the signed-in user.
    pub fn user_id(&self) -> Option<&str> {
        self.text(keys::USER_ID)
    }

    /// The record's own id.
    pub fn record_id(&self) -> Option<&str> {
        self.text(keys::RECORD_ID)
    }

    /// The server's clock when it took the record in.
    pub fn server_received_at(&self) -> Option<DateTime<Utc>> {
        parse_timestamp(self.text(keys::SERVER_RECEIVED_AT)?)
    }

    /// The value of a key that holds a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key)?.as_str()
    }

    /// Checks the keys of the schema: the four that every record has, and the
    /// type of each that is there. Null is allowed where a key is optional.
    ///
    /// # Errors
    ///
    /// The first key, in the schema's order, that is missing or wrong.
    pub fn check(&self) -> Result<(), RecordError> {
        schema::check(|key| self.fields.get(key).map(Kind::of))?;
        self.timestamp().ok_or(RecordError::BadTimestamp)?;
        self.level().ok_or(RecordError::BadLevel)?;
        Ok(())
    }
}

/// `LEVEL logger: message {attributes}`, then the error: for a person's eye.
///
/// Control characters come out as they are in the record; what prints to a
/// terminal makes them safe there.
impl fmt::Display for LogRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = self.level().map_or("?", Level::severity_text);
        write!(f, "{level} {}: {}", self.logger(), self.message())?;
        if let Some(attributes) = self.get(keys::ATTRIBUTES)
            && attributes.as_object().is_none_or(|map| !map.is_empty())
        {
            write!(f, " {attributes}")?;
        }
        match self.error() {
            Some(error) => write!(f, " ({error})"),
            None => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for LogRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LogRecord, D::Error> {
        Map::deserialize(deserializer).map(LogRecord::from_fields)
    }
}

/// This instant as a record's `timestamp`.
pub fn now() -> String {
    format_timestamp(Utc::now())
}

/// An instant as a record's `timestamp`: RFC 3339, UTC, milliseconds.
pub fn format_timestamp(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads a record's `timestamp`; any RFC 3339 offset is understood.
pub fn parse_timestamp(text: &str) -> Option<DateTime<Utc>> {
    let instant = DateTime::parse_from_rfc3339(text).ok()?;
    Some(instant.with_timezone(&Utc))
}

/// A new record id: UUIDv7, so that ids sort by the time they were made.
pub fn new_record_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// A line without the byte order mark, white space and line end around it.
pub fn trim(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(line)
        .trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> LogRecord {
        LogRecord::parse(line.as_bytes()).expect("a record")
    }

    #[test]
    fn unknown_keys_order_and_digits_survive_a_round_trip() {
        let line = r#"{"zeta":1.10,"level":"info","attributes":{"big":123456789012345678901234567890,"e":1E400,"neg":-0.0},"message":"m","alpha":[null,{"b":1,"a":2}]}"#;
        assert_eq!(
            serde_json::to_string(&parse(line)).unwrap(),
            line.replace("1E400", "1e+400")
        );
    }

    #[test]
    fn both_spellings_are_read_in_place_and_camel_case_is_written() {
        let record = parse(
            r#"{"a":1,"install_id":"i","b":2,"stack_trace":"s","attributes":{"session_id":"inner"}}"#,
        );
        assert_eq!(record.install_id(), Some("i"));
        assert_eq!(record.stack_trace(), Some("s"));
        assert_eq!(record.session_id(), None);
        let written = serde_json::to_string(&record).unwrap();
        assert_eq!(
            written,
            r#"{"a":1,"installId":"i","b":2,"stackTrace":"s","attributes":{"session_id":"inner"}}"#
        );
    }

    #[test]
    fn the_last_of_a_repeated_key_wins() {
        assert_eq!(parse(r#"{"message":"a","message":"b"}"#).message(), "b");
        let both = parse(r#"{"user_id":"a","userId":"b"}"#);
        assert_eq!(both.user_id(), Some("b"));
        assert_eq!(both.fields().len(), 1);
    }

    #[test]
    fn byte_order_mark_and_carriage_return_are_no_part_of_a_record() {
        assert_eq!(parse("\u{feff}{\"message\":\"m\"} \r\n").message(), "m");
    }

    #[test]
    fn what_is_no_object_says_what_it_is() {
        let error = |line: &str| LogRecord::parse(line.as_bytes()).unwrap_err().to_string();
        assert_eq!(error("[1]"), "not a JSON object but an array");
        assert!(error("{\"a\":").starts_with("not JSON: EOF"));
        assert!(error("").starts_with("not JSON: "));
    }

    #[test]
    fn check_names_the_key_that_is_wrong() {
        let good = LogRecord::new(Level::Info, "Auth", "m");
        assert!(good.check().is_ok());
        let error = |record: LogRecord| record.check().unwrap_err().to_string();
        assert_eq!(error(LogRecord::default()), "`timestamp` is missing");
        assert_eq!(
            error(good.clone().with(keys::MESSAGE, 7)),
            "`message` should be a text, not a number"
        );
        assert_eq!(
            error(good.clone().with(keys::ATTRIBUTES, "x")),
            "`attributes` should be an object, not a text"
        );
        assert!(error(good.clone().with(keys::LEVEL, "loud")).starts_with("`level`"));
        assert!(error(good.with(keys::TIMESTAMP, "noon")).starts_with("`timestamp`"));
    }

    #[test]
    fn display_shows_attributes_and_the_error() {
        let record = LogRecord::new(Level::Warning, "Http", "slow")
            .with_attribute("ms", 1200)
            .with(keys::ERROR, "TimeoutException");
        assert_eq!(
            record.to_string(),
            r#"WARN Http: slow {"ms":1200} (TimeoutException)"#
        );
    }
}
