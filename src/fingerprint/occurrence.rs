//! What counts of one error.

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::Value;

use crate::record::{Envelope, LogRecord, keys, parse_timestamp};

/// The attribute in which newer call sites put the type of the error.
const FAILURE_ATTRIBUTE: &str = "failure";

/// The keys under which a server says when it received a record. A search is
/// prepared once: that takes as long as searching a short record.
static RECEIVED_AT: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| ["server_received_at", "serverReceivedAt"].map(Finder::new));

/// The parts of a record that say which error it tells of, where and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Occurrence<'a> {
    /// The error as text.
    pub error: Option<Cow<'a, str>>,
    /// The stack trace as text.
    pub stack_trace: Option<Cow<'a, str>>,
    /// The error's type as the call site names it.
    pub failure: Option<Cow<'a, str>>,
    /// The logger.
    pub logger: Cow<'a, str>,
    /// The message.
    pub message: Cow<'a, str>,
    /// When: by the server's clock if it has received the record, since
    /// devices' clocks differ by up to years, else by the device's.
    pub time: Option<DateTime<Utc>>,
    /// The session.
    pub session: Option<Cow<'a, str>>,
    /// The installation.
    pub install: Option<Cow<'a, str>>,
}

impl<'a> Occurrence<'a> {
    /// What counts of a record.
    pub fn of(record: &'a LogRecord) -> Occurrence<'a> {
        let failure = record.attribute(FAILURE_ATTRIBUTE).and_then(Value::as_str);
        Occurrence {
            error: record.error().map(Cow::Borrowed),
            stack_trace: record.stack_trace().map(Cow::Borrowed),
            failure: failure.map(Cow::Borrowed),
            logger: record.logger().into(),
            message: record.message(),
            time: record.server_received_at().or_else(|| record.timestamp()),
            session: record.session_id().map(Cow::Borrowed),
            install: record.install_id().map(Cow::Borrowed),
        }
    }

    /// What counts of a record's line, without building a tree of it; `None`
    /// for a record that was stored by a server, whose time an envelope does
    /// not hold: see [`Occurrence::of`].
    pub fn of_envelope(envelope: &Envelope<'a>) -> Option<Occurrence<'a>> {
        let line = envelope.line().as_bytes();
        if RECEIVED_AT.iter().any(|key| key.find(line).is_some()) {
            return None;
        }
        let timestamp = envelope.text(keys::TIMESTAMP);
        Some(Occurrence {
            error: envelope.text(keys::ERROR),
            stack_trace: envelope.text(keys::STACK_TRACE),
            failure: envelope.json(keys::ATTRIBUTES).and_then(failure),
            logger: envelope.text(keys::LOGGER).unwrap_or_default(),
            message: envelope.text(keys::MESSAGE).unwrap_or_default(),
            time: timestamp.and_then(|text| parse_timestamp(&text)),
            session: envelope.text(keys::SESSION_ID),
            install: envelope.text(keys::INSTALL_ID),
        })
    }
}

/// The call site's name for the error in the JSON of a record's attributes.
fn failure(attributes: &str) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Attributes {
        failure: Value,
    }
    static FAILURE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(FAILURE_ATTRIBUTE));
    FAILURE.find(attributes.as_bytes())?;
    match serde_json::from_str::<Attributes>(attributes).ok()?.failure {
        Value::String(name) => Some(name.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_and_its_record_tell_of_the_same_occurrence() {
        for line in [
            r##"{"timestamp":"2026-02-06T12:00:00.000Z","level":"error","logger":"A","message":"m\n","error":"E: x","stackTrace":"at a\n","sessionId":"s","installId":"i","attributes":{"failure":"T","n":1.50}}"##,
            r#"{"level":"error","stack_trace":null,"session_id":"s","attributes":{"failure":7}}"#,
            r#"{"level":"error","attributes":{"other":"failure"}}"#,
        ] {
            let record = LogRecord::parse(line.as_bytes()).unwrap();
            let envelope = Envelope::parse(line.as_bytes()).unwrap();
            let of_envelope = Occurrence::of_envelope(&envelope);
            assert_eq!(of_envelope, Some(Occurrence::of(&record)), "{line}");
        }
        let stored = br#"{"server_received_at":"2026-02-06T12:00:00Z"}"#;
        let envelope = Envelope::parse(stored).unwrap();
        assert_eq!(Occurrence::of_envelope(&envelope), None);
    }
}
