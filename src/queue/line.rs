//! What a line of a queue file holds: one record, several that were glued
//! together, or damage.

use std::borrow::Cow;
use std::ops::Range;

use serde::Serialize;
use serde::de::IgnoredAny;

use crate::record::{Envelope, keys, trim};

/// The longest line that is read as a record, in bytes. The deployed client
/// has stored records as large as its whole queue; what is longer is damage.
pub(super) const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

/// What stands in one line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Nothing but white space.
    Blank,
    /// One JSON object: what the deployed client counts as a record.
    Record(Cow<'a, [u8]>),
    /// Anything else, with the whole records that can be read out of it.
    Damaged(DamageKind, Vec<Piece<'a>>),
}

/// A whole record in a damaged line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// Where in the line it stands.
    pub(super) range: Range<usize>,
    /// The record as valid UTF-8.
    pub(super) record: Cow<'a, [u8]>,
}

/// What is wrong with a stretch of a queue file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DamageKind {
    /// A line that breaks off: a write that was cut short.
    Torn,
    /// Two or more records in one line: the first lost its newline.
    Glued,
    /// Zero bytes: a block that was never written before power went.
    Zeros,
    /// Valid JSON, but no object.
    NotAnObject,
    /// No JSON at all.
    NotJson,
    /// An object with `NaN` or `Infinity` in it, which JSON does not know.
    NotANumber,
    /// Longer than any record may be.
    TooLong,
}

impl DamageKind {
    /// The name in reports: `torn glued zeros not_an_object not_json
    /// not_a_number too_long`.
    pub const fn as_str(self) -> &'static str {
        match self {
            DamageKind::Torn => "torn",
            DamageKind::Glued => "glued",
            DamageKind::Zeros => "zeros",
            DamageKind::NotAnObject => "not_an_object",
            DamageKind::NotJson => "not_json",
            DamageKind::NotANumber => "not_a_number",
            DamageKind::TooLong => "too_long",
        }
    }
}

/// Reads one line, given without its newline.
///
/// A record comes out as it stands, without the white space and byte order
/// mark around it; bytes that are no UTF-8 become U+FFFD, since what is sent
/// must be UTF-8.
pub(super) fn read_line(line: &[u8]) -> Line<'_> {
    let body = trim(line);
    if body.is_empty() {
        return Line::Blank;
    }
    // Checking first takes a tenth of what the lossy conversion takes alone.
    let text =
        std::str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed);
    match parse_object(text.as_bytes()) {
        Parsed::Object(end) if end == text.len() => return Line::Record(bytes_of(text)),
        _ => {}
    }
    if serde_json::from_str::<IgnoredAny>(&text).is_ok() {
        return Line::Damaged(DamageKind::NotAnObject, Vec::new());
    }
    let pieces = salvage(line);
    Line::Damaged(kind_of(line, &pieces), pieces)
}

/// The whole records in a line that is no record as it stands: bytes that are
/// no UTF-8, several that were glued together, or what a torn one stands
/// behind.
pub fn records_in(line: &[u8]) -> Vec<Vec<u8>> {
    match read_line(line) {
        Line::Blank => Vec::new(),
        Line::Record(record) => vec![record.into_owned()],
        Line::Damaged(_, pieces) => pieces
            .into_iter()
            .map(|piece| piece.record.into_owned())
            .collect(),
    }
}

fn bytes_of(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

fn kind_of(line: &[u8], pieces: &[Piece<'_>]) -> DamageKind {
    if memchr::memchr(0, line).is_some() {
        return DamageKind::Zeros;
    }
    match (pieces, trim(line).first()) {
        ([_, ..], _) => DamageKind::Glued,
        ([], Some(b'{')) if holds_no_number(trim(line)) => DamageKind::NotANumber,
        ([], Some(b'{')) => DamageKind::Torn,
        ([], _) => DamageKind::NotJson,
    }
}

/// Whether a value in an object that is whole, as far as its ends show, is
/// spelled `NaN` or `Infinity`.
fn holds_no_number(object: &[u8]) -> bool {
    let is_value = |at: usize| {
        let before = &object[..at];
        let before = before.strip_suffix(b"-").unwrap_or(before);
        matches!(before.trim_ascii_end().last(), Some(b':' | b',' | b'['))
    };
    object.ends_with(b"}")
        && ["NaN", "Infinity"]
            .iter()
            .any(|name| memchr::memmem::find_iter(object, name).any(is_value))
}

/// How reading an object from the start of some bytes went.
enum Parsed {
    /// It is whole and ends here.
    Object(usize),
    /// It is not; so many bytes were looked at to know.
    Not(usize),
}

fn parse_object(bytes: &[u8]) -> Parsed {
    if bytes.first() != Some(&b'{') {
        return Parsed::Not(1);
    }
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(IgnoredAny)) => Parsed::Object(values.byte_offset()),
        Some(Err(error)) => Parsed::Not(error.column().max(1)),
        None => Parsed::Not(1),
    }
}

/// Finds the whole records in a line that is no record as a whole.
///
/// From the start of the line, and right behind another record, any object is
/// one. Behind damage only what has the keys of a record and an id of its own
/// is: the objects nested in a record that was torn must not come out as
/// records, and breadcrumbs have every key of a record but the ids.
///
/// Looking is bounded by a multiple of the line's length, so that hostile
/// nesting cannot make it quadratic.
fn salvage(line: &[u8]) -> Vec<Piece<'_>> {
    const PASSES: usize = 32;
    let mut budget = line.len().saturating_mul(PASSES);
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut behind_damage = false;
    while let Some(found) = memchr::memchr(b'{', &line[at..]) {
        let start = at + found;
        behind_damage |= !trim(&line[at..start]).is_empty();
        at = match parse_object(&line[start..]) {
            Parsed::Object(len) => {
                let record = String::from_utf8_lossy(&line[start..start + len]);
                budget = budget.saturating_sub(len);
                if !behind_damage || is_record(record.as_bytes()) {
                    pieces.push(Piece {
                        range: start..start + len,
                        record: bytes_of(record),
                    });
                    behind_damage = false;
                    start + len
                } else {
                    start + 1
                }
            }
            Parsed::Not(looked_at) => {
                behind_damage = true;
                budget = budget.saturating_sub(looked_at);
                start + 1
            }
        };
        if budget == 0 {
            break;
        }
    }
    pieces
}

/// Whether an object has what every record has, and an id that a nested object
/// has not.
fn is_record(object: &[u8]) -> bool {
    const REQUIRED: [&str; 4] = [keys::TIMESTAMP, keys::LEVEL, keys::LOGGER, keys::MESSAGE];
    const IDS: [&str; 3] = [keys::RECORD_ID, keys::INSTALL_ID, keys::SESSION_ID];
    Envelope::parse(object).is_ok_and(|envelope| {
        REQUIRED.iter().all(|key| envelope.has(key)) && IDS.iter().any(|key| envelope.has(key))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str =
        r#"{"timestamp":"t","level":"info","logger":"l","message":"m","recordId":"r"}"#;

    fn pieces(line: &[u8]) -> (DamageKind, Vec<String>) {
        match read_line(line) {
            Line::Damaged(kind, pieces) => {
                let texts = pieces
                    .iter()
                    .map(|piece| String::from_utf8(piece.record.to_vec()).unwrap());
                (kind, texts.collect())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_record_comes_out_as_it_stands() {
        let record = |line: &[u8]| match read_line(line) {
            Line::Record(bytes) => String::from_utf8(bytes.into_owned()).unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(record(b"\xEF\xBB\xBF {\"a\" : 1}\r"), "{\"a\" : 1}");
        assert_eq!(record(b"{\"a\":\"\xFF\"}"), "{\"a\":\"\u{FFFD}\"}");
        assert_eq!(read_line(b" \r"), Line::Blank);
    }

    #[test]
    fn glued_records_are_told_apart() {
        assert_eq!(
            pieces(br#"{"a":1}{"b":2}"#),
            (
                DamageKind::Glued,
                vec![r#"{"a":1}"#.to_owned(), r#"{"b":2}"#.to_owned()]
            )
        );
        for torn in [
            "{\"message\":\"he",
            "{\"a\":",
            "{\"a\":1,",
            "{\"a\":[",
            "}*",
        ] {
            let line = format!("{torn}{WHOLE}");
            assert_eq!(
                pieces(line.as_bytes()),
                (DamageKind::Glued, vec![WHOLE.to_owned()]),
                "{torn}"
            );
        }
    }

    #[test]
    fn what_is_nested_in_a_torn_record_does_not_come_out_as_one() {
        let crumb =
            r#"{"timestamp":"t","level":"info","logger":"l","message":"m","category":"ui"}"#;
        let line = format!(r#"{{"attributes":{{"a":{{"b":1}}}},"breadcrumbs":[{crumb},{crumb}"#);
        assert_eq!(pieces(line.as_bytes()), (DamageKind::Torn, vec![]));
    }

    #[test]
    fn zeros_around_a_record_do_not_hide_it() {
        let line = format!("{{\"a\":\0\0\0{WHOLE}\0\0");
        assert_eq!(
            pieces(line.as_bytes()),
            (DamageKind::Zeros, vec![WHOLE.to_owned()])
        );
    }

    #[test]
    fn other_json_and_other_bytes_are_damage() {
        assert_eq!(pieces(b"[1,2]").0, DamageKind::NotAnObject);
        assert_eq!(pieces(b"NaN").0, DamageKind::NotJson);
        assert_eq!(pieces(b"{\"a\": -Infinity}").0, DamageKind::NotANumber);
    }

    #[test]
    fn hostile_nesting_is_looked_at_a_bounded_number_of_times() {
        let line = "{\"a\":".repeat(50_000);
        assert_eq!(pieces(line.as_bytes()), (DamageKind::Torn, vec![]));
    }
}
