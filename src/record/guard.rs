//! The size guard: no stored record is larger than [`MAX_RECORD_BYTES`].

use serde_json::{Map, Value};

use super::{LogRecord, RecordError, keys};

/// The most bytes a record may have as one line of JSON, without its newline.
pub const MAX_RECORD_BYTES: usize = 64 * 1024;

/// What a text that was cut ends in.
pub const TRUNCATION_MARK: &str = "…[truncated]";

impl LogRecord {
    /// Cuts the record until its JSON has at most `max_bytes` bytes.
    ///
    /// What is cut, in this order, and only as far as needed: `message`,
    /// `attributes` (long values first; then, if that is enough, whole ones
    /// from the last), `stackTrace`, `error`, breadcrumbs from the oldest, the
    /// attributes that are left, the logger's name, and keys that are not of
    /// the schema. Texts are cut between
    /// characters and end in [`TRUNCATION_MARK`]. Ids are never cut.
    ///
    /// Returns by how many bytes it became shorter.
    ///
    /// # Errors
    ///
    /// [`RecordError::TooLarge`] if ids alone are over the limit.
    pub fn truncate(&mut self, max_bytes: usize) -> Result<usize, RecordError> {
        let whole = json_len(self.fields());
        let mut excess = whole.saturating_sub(max_bytes);
        if excess == 0 {
            return Ok(0);
        }
        let steps: [fn(&mut LogRecord, usize); 8] = [
            |record, excess| cut_key(record, keys::MESSAGE, excess),
            cut_attributes,
            |record, excess| cut_key(record, keys::STACK_TRACE, excess),
            |record, excess| cut_key(record, keys::ERROR, excess),
            drop_breadcrumbs,
            drop_attributes,
            |record, excess| cut_key(record, keys::LOGGER, excess),
            drop_unknown,
        ];
        for step in steps {
            step(self, excess);
            let left = json_len(self.fields());
            if left <= max_bytes {
                return Ok(whole.saturating_sub(left));
            }
            excess = left - max_bytes;
        }
        Err(RecordError::TooLarge(max_bytes + excess))
    }
}

fn cut_key(record: &mut LogRecord, key: &str, excess: usize) {
    if let Some(value) = record.fields_mut().get_mut(key) {
        cut_value(value, excess);
    }
}

/// Cuts a value by `excess` bytes of JSON, or as far as it goes. What is
/// neither text nor small becomes the mark.
fn cut_value(value: &mut Value, excess: usize) {
    match value {
        Value::String(text) => cut_text(text, excess),
        other if json_len(other) > TRUNCATION_MARK.len() + 2 => *other = TRUNCATION_MARK.into(),
        _ => {}
    }
}

/// Cuts a text so that its JSON is `excess` bytes shorter, mark included.
fn cut_text(text: &mut String, excess: usize) {
    let length: usize = text.chars().map(escaped_len).sum();
    if length <= TRUNCATION_MARK.len() {
        return;
    }
    let keep = length.saturating_sub(excess + TRUNCATION_MARK.len());
    let mut used = 0;
    let end = text
        .char_indices()
        .find(|(_, character)| {
            used += escaped_len(*character);
            used > keep
        })
        .map_or(text.len(), |(index, _)| index);
    text.truncate(end);
    text.push_str(TRUNCATION_MARK);
}

/// How many bytes a character takes in a JSON text as serde_json writes it.
fn escaped_len(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        other => other.len_utf8(),
    }
}

/// Cuts the texts among the attributes, the largest first, then drops whole
/// attributes from the last one.
fn cut_attributes(record: &mut LogRecord, excess: usize) {
    let Some(Value::Object(attributes)) = record.fields_mut().get_mut(keys::ATTRIBUTES) else {
        return cut_key(record, keys::ATTRIBUTES, excess);
    };
    let before = json_len(attributes);
    let goal = before.saturating_sub(excess);
    let mut length = before;
    let mut largest: Vec<(usize, &mut Value)> = attributes
        .values_mut()
        .map(|value| (json_len(value), value))
        .collect();
    largest.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    for (size, value) in largest {
        if length <= goal {
            return;
        }
        cut_value(value, length - goal);
        length = length - size + json_len(value);
    }
    // Small values are only worth dropping if that is enough by itself.
    if length > goal && NOTE_BYTES < goal {
        drop_last_attributes(attributes, length, goal);
    }
}

/// How many bytes the note about dropped attributes may take.
const NOTE_BYTES: usize = TRUNCATION_MARK.len() + 16;

/// Drops attributes from the last one and, if there is room, says how many.
fn drop_last_attributes(attributes: &mut Map<String, Value>, mut length: usize, goal: usize) {
    let mut dropped = 0_u64;
    while length + NOTE_BYTES > goal
        && let Some(name) = attributes.keys().next_back().cloned()
    {
        let value = attributes.remove(&name);
        length = length.saturating_sub(json_len(&name) + json_len(&value) + 2);
        dropped += 1;
    }
    if length + NOTE_BYTES <= goal {
        attributes.insert(TRUNCATION_MARK.to_owned(), dropped.into());
    }
}

fn drop_attributes(record: &mut LogRecord, excess: usize) {
    if let Some(Value::Object(attributes)) = record.fields_mut().get_mut(keys::ATTRIBUTES) {
        let length = json_len(attributes);
        drop_last_attributes(attributes, length, length.saturating_sub(excess));
    }
}

fn drop_breadcrumbs(record: &mut LogRecord, excess: usize) {
    let Some(Value::Array(crumbs)) = record.fields_mut().get_mut(keys::BREADCRUMBS) else {
        return cut_key(record, keys::BREADCRUMBS, excess);
    };
    let mut freed = 0;
    let oldest = crumbs
        .iter()
        .take_while(|crumb| {
            let more = freed < excess;
            freed += json_len(crumb) + 1;
            more
        })
        .count();
    crumbs.drain(..oldest);
}

/// Drops keys that are not of the schema, the largest first.
fn drop_unknown(record: &mut LogRecord, excess: usize) {
    let mut unknown: Vec<(usize, String)> = record
        .fields()
        .iter()
        .filter(|(key, _)| !is_of_the_schema(key))
        .map(|(key, value)| (json_len(value), key.clone()))
        .collect();
    unknown.sort_unstable_by(|a, b| b.cmp(a));
    let mut freed = 0;
    for (size, key) in unknown {
        if freed >= excess {
            return;
        }
        record.fields_mut().shift_remove(&key);
        freed += size;
    }
}

fn is_of_the_schema(key: &str) -> bool {
    const CUT_ELSEWHERE: [&str; 9] = [
        keys::TIMESTAMP,
        keys::LEVEL,
        keys::LOGGER,
        keys::MESSAGE,
        keys::ATTRIBUTES,
        keys::ERROR,
        keys::STACK_TRACE,
        keys::BREADCRUMBS,
        keys::SCREENSHOT_ID,
    ];
    keys::IDS.contains(&key) || CUT_ELSEWHERE.contains(&key)
}

/// How many bytes a value takes as JSON.
fn json_len(value: &impl serde::Serialize) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting cannot fail: neither the writer nor a JSON value has errors.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Level;
    use proptest::prelude::*;

    fn record() -> LogRecord {
        LogRecord::new(Level::Error, "Db", "m")
            .with(keys::INSTALL_ID, "install")
            .with(keys::SESSION_ID, "session")
            .with(keys::RECORD_ID, "record")
    }

    fn truncated(mut record: LogRecord) -> LogRecord {
        record.truncate(MAX_RECORD_BYTES).unwrap();
        assert!(serde_json::to_string(&record).unwrap().len() <= MAX_RECORD_BYTES);
        record
    }

    #[test]
    fn a_record_within_the_limit_is_left_alone() {
        let small = record().with_attribute("a", 1);
        assert_eq!(truncated(small.clone()), small);
    }

    #[test]
    fn the_message_goes_first_and_no_further_than_needed() {
        let long = record()
            .with(keys::MESSAGE, "é\"".repeat(40_000))
            .with(keys::STACK_TRACE, "s".repeat(10_000));
        let cut = truncated(long);
        assert!(cut.message().ends_with(TRUNCATION_MARK));
        assert_eq!(cut.stack_trace().unwrap().len(), 10_000);
        let size = serde_json::to_string(&cut).unwrap().len();
        assert!(size > MAX_RECORD_BYTES - 8, "cut too far: {size}");
    }

    #[test]
    fn attributes_go_before_the_stack_and_the_stack_before_the_error() {
        let long = record()
            .with_attribute("big", "x".repeat(70_000))
            .with_attribute("count", 7)
            .with(keys::STACK_TRACE, "s".repeat(70_000))
            .with(keys::ERROR, "e".repeat(60_000));
        let cut = truncated(long);
        assert_eq!(cut.attribute("big").unwrap(), TRUNCATION_MARK);
        assert_eq!(cut.attribute("count").unwrap(), 7);
        assert!(cut.stack_trace().unwrap().ends_with(TRUNCATION_MARK));
        assert_eq!(cut.error().unwrap().len(), 60_000);
    }

    #[test]
    fn the_oldest_breadcrumbs_go_last_of_all() {
        let crumbs: Vec<Value> = (0..20).map(|n| format!("{n:05000}").into()).collect();
        let cut = truncated(record().with(keys::BREADCRUMBS, crumbs));
        let left = cut.get(keys::BREADCRUMBS).unwrap().as_array().unwrap();
        assert_eq!(left.last().unwrap(), &Value::from(format!("{:05000}", 19)));
        assert!(left.len() < 20 && !left.is_empty());
    }

    #[test]
    fn many_small_attributes_are_dropped_from_the_end_and_counted() {
        let mut many = record();
        for n in 0..20_000 {
            many.set_attribute(&format!("k{n}"), n);
        }
        let cut = truncated(many);
        let left = cut.attributes().count() as u64 - 1;
        assert_eq!(cut.attribute("k0").unwrap(), 0);
        assert_eq!(cut.attribute(TRUNCATION_MARK).unwrap(), 20_000 - left);
    }

    #[test]
    fn ids_alone_over_the_limit_are_refused_not_cut() {
        let mut record = record().with(keys::SESSION_ID, "s".repeat(MAX_RECORD_BYTES));
        assert!(matches!(
            record.truncate(MAX_RECORD_BYTES),
            Err(RecordError::TooLarge(_))
        ));
    }

    proptest! {
        #[test]
        fn any_record_fits_is_whole_and_keeps_its_ids(
            message in "\\PC{0,300}",
            attributes in proptest::collection::vec(("[a-z]{1,8}", "\\PC{0,200}"), 0..8),
            stack in "\\PC{0,300}",
            max in 220_usize..1_500,
        ) {
            let mut record = record().with(keys::MESSAGE, message).with(keys::STACK_TRACE, stack);
            for (name, value) in attributes {
                record.set_attribute(&name, value);
            }
            record.truncate(max).unwrap();
            let json = serde_json::to_string(&record).unwrap();
            prop_assert!(json.len() <= max, "{} > {max}", json.len());
            let again = LogRecord::parse(json.as_bytes()).unwrap();
            prop_assert_eq!(again.session_id(), Some("session"));
            prop_assert_eq!(again.record_id(), Some("record"));
        }
    }
}
