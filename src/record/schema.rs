//! Which keys a record has and what type each holds.

use serde_json::Value;

use super::{RecordError, keys};

/// The type of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Number,
    Text,
    Array,
    Object,
}

impl Kind {
    pub(super) fn of(value: &Value) -> Kind {
        match value {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Number(_) => Kind::Number,
            Value::String(_) => Kind::Text,
            Value::Array(_) => Kind::Array,
            Value::Object(_) => Kind::Object,
        }
    }

    /// The type of valid JSON text, told by its first character.
    pub(super) fn of_json(json: &str) -> Kind {
        match json.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::Text,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// The type in words for an error.
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Bool => "true or false",
            Kind::Number => "a number",
            Kind::Text => "a text",
            Kind::Array => "an array",
            Kind::Object => "an object",
        }
    }
}

/// The keys that every record has. A level may also be a number, which is
/// checked where its value is read.
const REQUIRED: [(&str, Option<Kind>); 4] = [
    (keys::TIMESTAMP, Some(Kind::Text)),
    (keys::LEVEL, None),
    (keys::LOGGER, Some(Kind::Text)),
    (keys::MESSAGE, Some(Kind::Text)),
];

/// The keys that may be missing or null.
const OPTIONAL: [(&str, Kind); 12] = [
    (keys::ATTRIBUTES, Kind::Object),
    (keys::ERROR, Kind::Text),
    (keys::STACK_TRACE, Kind::Text),
    (keys::SPAN_ID, Kind::Text),
    (keys::TRACE_ID, Kind::Text),
    (keys::INSTALL_ID, Kind::Text),
    (keys::SESSION_ID, Kind::Text),
    (keys::USER_ID, Kind::Text),
    (keys::ACTIVE_RUN, Kind::Object),
    (keys::BREADCRUMBS, Kind::Array),
    (keys::SCREENSHOT_ID, Kind::Text),
    (keys::RECORD_ID, Kind::Text),
];

/// Checks presence and type of every key of the schema, given a way to look
/// up the type of a key's value.
pub(super) fn check(kind_of: impl Fn(&str) -> Option<Kind>) -> Result<(), RecordError> {
    let present = |key| kind_of(key).filter(|kind| *kind != Kind::Null);
    for (key, expected) in REQUIRED {
        let found = present(key).ok_or(RecordError::Missing(key))?;
        if let Some(expected) = expected {
            expect(key, expected, found)?;
        }
    }
    for (key, expected) in OPTIONAL {
        if let Some(found) = present(key) {
            expect(key, expected, found)?;
        }
    }
    Ok(())
}

fn expect(key: &'static str, expected: Kind, found: Kind) -> Result<(), RecordError> {
    if found == expected {
        return Ok(());
    }
    Err(RecordError::WrongType {
        key,
        expected: expected.in_words(),
        found: found.in_words(),
    })
}
