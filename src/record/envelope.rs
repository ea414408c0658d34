//! The few keys of a record that routing needs, without building a tree.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::schema::{self, Kind};
use super::{Level, LogRecord, RecordError, keys, parse_timestamp, trim};

/// A borrowed view of one record line: where the value of each key of the
/// schema stands in it.
///
/// Reading one validates the whole line as JSON, copies nothing and does not
/// recurse, so that it holds for hot paths and for hostile input of any depth.
#[derive(Clone, Debug)]
pub struct Envelope<'a> {
    line: &'a str,
    values: [Option<&'a str>; keys::ALL.len()],
    is_canonical: bool,
}

impl<'a> Envelope<'a> {
    /// Reads the keys of one line, in either spelling; of a key that stands
    /// twice the last one wins.
    ///
    /// # Errors
    ///
    /// [`RecordError::NotJson`] (bad UTF-8 included) and
    /// [`RecordError::NotAnObject`].
    pub fn parse(line: &'a [u8]) -> Result<Envelope<'a>, RecordError> {
        let line = std::str::from_utf8(trim(line))
            .map_err(|error| RecordError::NotJson(error.to_string()))?;
        if !line.starts_with('{') {
            return Err(not_an_object(line));
        }
        let mut envelope = Envelope {
            line,
            values: [None; keys::ALL.len()],
            is_canonical: true,
        };
        let mut deserializer = serde_json::Deserializer::from_str(line);
        deserializer
            .deserialize_map(Slots(&mut envelope))
            .and_then(|()| deserializer.end())
            .map_err(|error| RecordError::NotJson(error.to_string()))?;
        Ok(envelope)
    }

    /// The JSON object itself, without what stood around it.
    pub fn line(&self) -> &'a str {
        self.line
    }

    /// Whether every key of the schema stands once and in camelCase, so that
    /// the line can be stored as it is.
    pub fn is_canonical(&self) -> bool {
        self.is_canonical
    }

    /// The JSON text of a key's value, null counting as absent.
    pub fn json(&self, key: &str) -> Option<&'a str> {
        let slot = keys::ALL.iter().position(|known| *known == key)?;
        self.values[slot].filter(|json| *json != "null")
    }

    /// Whether the key stands in the line, be it as null.
    pub fn has(&self, key: &str) -> bool {
        let slot = keys::ALL.iter().position(|known| *known == key);
        slot.is_some_and(|slot| self.values[slot].is_some())
    }

    /// The value of a key that holds a text.
    pub fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        let json = self.json(key)?;
        let inner = json.strip_prefix('"')?.strip_suffix('"')?;
        if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
            return Some(Cow::Borrowed(inner));
        }
        let text = unescape(inner).or_else(|| serde_json::from_str(json).ok());
        text.map(Cow::Owned)
    }

    /// The level, from its name or its number.
    pub fn level(&self) -> Option<Level> {
        match self.text(keys::LEVEL) {
            Some(name) => name.parse().ok(),
            None => Level::from_number(self.json(keys::LEVEL)?.parse().ok()?),
        }
    }

    /// The whole record.
    ///
    /// # Errors
    ///
    /// [`RecordError::NotJson`] for a line nested deeper than a tree may be.
    pub fn to_record(&self) -> Result<LogRecord, RecordError> {
        LogRecord::parse(self.line.as_bytes())
    }

    /// As [`LogRecord::check`].
    ///
    /// # Errors
    ///
    /// The first key, in the schema's order, that is missing or wrong.
    pub fn check(&self) -> Result<(), RecordError> {
        schema::check(|key| self.json(key).map(Kind::of_json))?;
        self.text(keys::TIMESTAMP)
            .and_then(|text| parse_timestamp(&text))
            .ok_or(RecordError::BadTimestamp)?;
        self.level().ok_or(RecordError::BadLevel)?;
        Ok(())
    }
}

/// What the inside of a JSON string stands for, if it takes only the escapes
/// of one letter: a stack trace with its line feeds, in half the time that a
/// parser takes which has to check it once more.
fn unescape(inner: &str) -> Option<String> {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        text.push(match rest.as_bytes().get(at + 1)? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            plain @ (b'"' | b'\\' | b'/') => char::from(*plain),
            _ => return None,
        });
        rest = &rest[at + 2..];
    }
    text.push_str(rest);
    Some(text)
}

/// Says why a line that does not start as an object is no record.
fn not_an_object(line: &str) -> RecordError {
    match serde_json::from_str::<IgnoredAny>(line) {
        Ok(IgnoredAny) => RecordError::NotAnObject(Kind::of_json(line).in_words()),
        Err(error) => RecordError::NotJson(error.to_string()),
    }
}

/// Fills the slots of an envelope from the keys of a map.
struct Slots<'e, 'a>(&'e mut Envelope<'a>);

impl<'a> Visitor<'a> for Slots<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        let envelope = self.0;
        while let Some((slot, is_camel)) = map.next_key_seed(SlotOfKey)? {
            let Some(slot) = slot else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            envelope.is_canonical &= is_camel && envelope.values[slot].is_none();
            envelope.values[slot] = Some(map.next_value::<&RawValue>()?.get());
        }
        Ok(())
    }
}

/// Finds the slot of a key and whether it is spelled in camelCase.
struct SlotOfKey;

impl<'de> DeserializeSeed<'de> for SlotOfKey {
    type Value = (Option<usize>, bool);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for SlotOfKey {
    type Value = (Option<usize>, bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let camel = keys::camel_case(key);
        let slot = keys::ALL.iter().position(|known| *known == camel);
        Ok((slot, std::ptr::eq(camel, key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_in_both_spellings_and_unescaped() {
        let line = br#" {"install_id":"i","sessionId":"s\u0041","level":300,"x":{"userId":"no"}} "#;
        let envelope = Envelope::parse(line).unwrap();
        assert_eq!(envelope.text(keys::INSTALL_ID).unwrap(), "i");
        assert_eq!(envelope.text(keys::SESSION_ID).unwrap(), "sA");
        assert_eq!(envelope.level(), Some(Level::Warning));
        assert_eq!(envelope.text(keys::USER_ID), None);
        assert!(!envelope.is_canonical());
    }

    #[test]
    fn every_escape_is_read_as_a_parser_reads_it() {
        for text in [
            r"\n\t\r\b\f\/",
            r#"\" \\n"#,
            r"a\nü\u00e9 \ud83d\ude00",
            "",
            r"\\",
        ] {
            let line = format!(r#"{{"message":"{text}"}}"#);
            let expected: String = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            let envelope = Envelope::parse(line.as_bytes()).unwrap();
            assert_eq!(envelope.text(keys::MESSAGE).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_line_is_canonical_when_keys_stand_once_and_in_camel_case() {
        let canonical = |line: &str| Envelope::parse(line.as_bytes()).unwrap().is_canonical();
        assert!(canonical(r#"{"installId":"i","other":1,"other":2}"#));
        assert!(!canonical(r#"{"install_id":"i"}"#));
        assert!(!canonical(r#"{"message":"a","message":"b"}"#));
    }

    #[test]
    fn any_depth_is_read_without_recursion() {
        let deep = format!(
            r#"{{"x":{}{},"level":"info"}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert_eq!(
            Envelope::parse(deep.as_bytes()).unwrap().level(),
            Some(Level::Info)
        );
    }

    #[test]
    fn what_follows_the_object_makes_the_line_bad() {
        for line in ["{}{}", "{\"a\":1", "[]", "", "\"x\"", "{\"a\":\"\u{1}\"}"] {
            assert!(Envelope::parse(line.as_bytes()).is_err(), "{line}");
        }
        assert!(Envelope::parse(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn envelope_and_record_agree_on_what_is_wrong() {
        for line in [
            r#"{"timestamp":"2026-02-06T12:00:00Z","level":"info","logger":"a","message":"m"}"#,
            r#"{"timestamp":"2026-02-06T12:00:00Z","level":"info","logger":"a","message":7}"#,
            r#"{"timestamp":"noon","level":"info","logger":"a","message":"m"}"#,
            r#"{"timestamp":"2026-02-06T12:00:00Z","level":9,"logger":"a","message":"m"}"#,
            r#"{"timestamp":"2026-02-06T12:00:00Z","level":0,"logger":"a","message":"m","user_id":4}"#,
            "{}",
        ] {
            let envelope = Envelope::parse(line.as_bytes()).unwrap().check();
            let record = LogRecord::parse(line.as_bytes()).unwrap().check();
            assert_eq!(
                envelope.map_err(|e| e.to_string()),
                record.map_err(|e| e.to_string()),
                "{line}"
            );
        }
    }
}
