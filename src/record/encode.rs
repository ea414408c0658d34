//! A record in the form in which it is stored and sent.

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::Value;

use super::{Envelope, Level, LogRecord, MAX_RECORD_BYTES, RecordError, keys, new_record_id, now};

/// One line of valid JSON with a `recordId`, checked against the schema and
/// of at most [`MAX_RECORD_BYTES`] bytes.
///
/// Only what has passed through here is appended to a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedRecord {
    line: Bytes,
    level: Level,
    cut: usize,
}

impl EncodedRecord {
    /// Encodes a record, giving it a `recordId` if it has none and cutting it
    /// to size.
    ///
    /// # Errors
    ///
    /// What [`LogRecord::check`] and [`LogRecord::truncate`] find.
    pub fn new(mut record: LogRecord) -> Result<EncodedRecord, RecordError> {
        record.check()?;
        if record.record_id().is_none() {
            record.set(keys::RECORD_ID, new_record_id());
        }
        let cut = record.truncate(MAX_RECORD_BYTES)?;
        let level = record.level().ok_or(RecordError::BadLevel)?;
        let line =
            serde_json::to_vec(&record).map_err(|error| RecordError::NotJson(error.to_string()))?;
        Ok(EncodedRecord {
            line: line.into(),
            level,
            cut,
        })
    }

    /// Encodes one line of JSON, giving it what it lacks of `defaults` and a
    /// `recordId`.
    ///
    /// A line that is already in shape is copied with its missing ids at the
    /// end, which takes a fraction of a round trip through a tree.
    ///
    /// # Errors
    ///
    /// As [`LogRecord::parse`] and [`EncodedRecord::new`].
    pub fn from_json(line: &[u8], defaults: &Defaults) -> Result<EncodedRecord, RecordError> {
        EncodedRecord::from_json_in(&mut BytesMut::new(), line, defaults)
    }

    /// Like [`from_json`](EncodedRecord::from_json), for many lines in a row:
    /// the records share the memory that is split off `buffer`.
    ///
    /// # Errors
    ///
    /// As [`EncodedRecord::from_json`].
    pub fn from_json_in(
        buffer: &mut BytesMut,
        line: &[u8],
        defaults: &Defaults,
    ) -> Result<EncodedRecord, RecordError> {
        let envelope = Envelope::parse(line)?;
        match splice(buffer, &envelope, &defaults.identity) {
            Some(encoded) => Ok(encoded),
            None => {
                let mut record = envelope.to_record()?;
                defaults.fill(&mut record);
                EncodedRecord::new(record)
            }
        }
    }

    /// The line, without a newline.
    pub fn as_bytes(&self) -> &[u8] {
        &self.line
    }

    /// This record with one member more at its end, whose value is given as
    /// JSON; `None` if the key stands in it already, be it as null, or if it
    /// would be too large.
    pub(super) fn with_member(&self, key: &str, json: &str) -> Option<EncodedRecord> {
        let envelope = Envelope::parse(&self.line).ok()?;
        let len = self.line.len() + key.len() + json.len() + 4;
        if envelope.has(key) || !envelope.is_canonical() || len > MAX_RECORD_BYTES {
            return None;
        }
        let mut line = Vec::with_capacity(len);
        line.extend_from_slice(self.line.strip_suffix(b"}")?);
        push_member(&mut line, key, json);
        line.push(b'}');
        Some(EncodedRecord {
            line: line.into(),
            ..*self
        })
    }

    /// How many bytes were cut so that it fits.
    pub fn cut(&self) -> usize {
        self.cut
    }

    /// The record's level.
    pub fn level(&self) -> Level {
        self.level
    }
}

/// What a record gets where it does not say so itself.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Who made it.
    pub identity: Identity,
    /// How serious it is.
    pub level: Level,
    /// Which logger made it.
    pub logger: String,
}

impl Defaults {
    /// Gives a record the `timestamp`, `level`, `logger` and ids that it lacks.
    pub fn fill(&self, record: &mut LogRecord) {
        fill(record, keys::TIMESTAMP, now);
        fill(record, keys::LEVEL, || self.level.as_str().to_owned());
        fill(record, keys::LOGGER, || self.logger.clone());
        for (key, id) in self.identity.ids() {
            fill(record, key, || id.to_owned());
        }
    }
}

/// Who made a record: the ids that every record of one run shares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The installation.
    pub install_id: String,
    /// The run of the app.
    pub session_id: String,
    /// The signed-in user, if any.
    pub user_id: Option<String>,
}

impl Identity {
    /// The ids that are known, with their keys.
    pub fn ids(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            (keys::INSTALL_ID, Some(self.install_id.as_str())),
            (keys::SESSION_ID, Some(self.session_id.as_str())),
            (keys::USER_ID, self.user_id.as_deref()),
        ]
        .into_iter()
        .filter_map(|(key, id)| Some((key, id?)))
    }
}

fn fill(record: &mut LogRecord, key: &str, value: impl FnOnce() -> String) {
    if record.get(key).is_none() {
        record.set(key, value());
    }
}

/// Copies a line that is in shape, with the ids it lacks before its last
/// brace. `None` if it takes more than that: then a tree is built.
fn splice(
    buffer: &mut BytesMut,
    envelope: &Envelope<'_>,
    identity: &Identity,
) -> Option<EncodedRecord> {
    let body = envelope.line();
    let has_line_end = memchr::memchr2(b'\n', b'\r', body.as_bytes()).is_some();
    if !envelope.is_canonical() || has_line_end || envelope.check().is_err() {
        return None;
    }
    let has_record_id = envelope.json(keys::RECORD_ID).is_some();
    let lacks = |(key, _): &(&str, &str)| envelope.json(key).is_none();
    let is_null = |key: &str| envelope.has(key) && envelope.json(key).is_none();
    // A null in the way of an id is replaced in place.
    let mut missing = identity.ids().filter(lacks);
    if missing.any(|(key, _)| is_null(key)) || is_null(keys::RECORD_ID) {
        return None;
    }
    let level = envelope.level()?;
    buffer.clear();
    buffer.reserve(body.len() + 256);
    buffer.put_slice(body.strip_suffix('}')?.as_bytes());
    for (key, id) in identity.ids().filter(lacks) {
        push_member(buffer, key, &Value::from(id).to_string());
    }
    if !has_record_id {
        push_member(buffer, keys::RECORD_ID, &format!("\"{}\"", new_record_id()));
    }
    buffer.put_u8(b'}');
    (buffer.len() <= MAX_RECORD_BYTES).then(|| EncodedRecord {
        line: buffer.split().freeze(),
        level,
        cut: 0,
    })
}

fn push_member(line: &mut impl BufMut, key: &str, json: &str) {
    line.put_slice(b",\"");
    line.put_slice(key.as_bytes());
    line.put_slice(b"\":");
    line.put_slice(json.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults() -> Defaults {
        Defaults {
            identity: Identity {
                install_id: "inst\"all".to_owned(),
                session_id: "session".to_owned(),
                user_id: None,
            },
            level: Level::Info,
            logger: "emit".to_owned(),
        }
    }

    fn encode(line: &str) -> LogRecord {
        let encoded = EncodedRecord::from_json(line.as_bytes(), &defaults()).unwrap();
        LogRecord::parse(encoded.as_bytes()).unwrap()
    }

    const WHOLE: &str = r#"{"timestamp":"2026-02-06T12:00:00.000Z","level":"info","logger":"A","message":"m","x":1.0}"#;

    #[test]
    fn a_line_in_shape_is_copied_byte_for_byte_with_its_ids_at_the_end() {
        let encoded = EncodedRecord::from_json(WHOLE.as_bytes(), &defaults()).unwrap();
        let text = std::str::from_utf8(encoded.as_bytes()).unwrap();
        assert!(text.starts_with(&WHOLE[..WHOLE.len() - 1]));
        let record = LogRecord::parse(encoded.as_bytes()).unwrap();
        assert_eq!(record.install_id(), Some("inst\"all"));
        assert_eq!(record.record_id().unwrap().len(), 36);
        assert_eq!(record.get(keys::USER_ID), None);
    }

    #[test]
    fn ids_that_are_there_are_never_altered() {
        let line = WHOLE.replace(
            "\"x\":1.0",
            r#""sessionId":"own","recordId":"r1","install_id":"i""#,
        );
        let record = encode(&line);
        assert_eq!(record.session_id(), Some("own"));
        assert_eq!(record.record_id(), Some("r1"));
        assert_eq!(record.install_id(), Some("i"));
    }

    #[test]
    fn nulls_in_the_way_of_ids_are_replaced_in_place() {
        let record = encode(&WHOLE.replace("\"x\":1.0", r#""sessionId":null"#));
        assert_eq!(record.session_id(), Some("session"));
        assert_eq!(
            record
                .fields()
                .keys()
                .filter(|key| *key == keys::SESSION_ID)
                .count(),
            1
        );
    }

    #[test]
    fn a_bare_message_becomes_a_whole_record() {
        let record = encode(r#"{"message":"hello"}"#);
        assert!(record.check().is_ok());
        assert_eq!(record.logger(), "emit");
    }

    #[test]
    fn white_space_over_lines_becomes_one_line() {
        let pretty = WHOLE.replace(',', ",\r\n");
        let encoded = EncodedRecord::from_json(pretty.as_bytes(), &defaults()).unwrap();
        assert!(!encoded.as_bytes().contains(&b'\n'));
    }

    #[test]
    fn a_large_line_is_cut_with_its_ids_counted_in() {
        let line = WHOLE.replace(
            "\"m\"",
            &format!("\"{}\"", "x".repeat(MAX_RECORD_BYTES - 130)),
        );
        let encoded = EncodedRecord::from_json(line.as_bytes(), &defaults()).unwrap();
        assert!(encoded.as_bytes().len() <= MAX_RECORD_BYTES);
        assert_eq!(encode(&line).session_id(), Some("session"));
    }

    #[test]
    fn wrong_types_are_refused() {
        let error = EncodedRecord::from_json(br#"{"message":7}"#, &defaults()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`message` should be a text, not a number"
        );
    }
}
