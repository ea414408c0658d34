//! The spelling of keys on the wire.
//!
//! The plan writes camelCase, the deployed backend reads snake_case, and both
//! are spoken here. Only keys of the schema at the top of a record are
//! renamed, in the text, so that everything else stays byte for byte.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memchr2;
use memchr::memmem::Finder;

use crate::record::keys;

/// Which spelling an endpoint is spoken to in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wire {
    /// camelCase first; snake_case once the endpoint has asked for it.
    #[default]
    Auto,
    /// camelCase, as in the plan.
    Camel,
    /// snake_case, as the deployed backend reads.
    Snake,
}

/// A spelling of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// `installId`
    Camel,
    /// `install_id`
    Snake,
}

impl Spelling {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Spelling {
        match self {
            Spelling::Camel => Spelling::Snake,
            Spelling::Snake => Spelling::Camel,
        }
    }

    /// This spelling of a record's key.
    pub fn of(self, key: &str) -> &str {
        match self {
            Spelling::Camel => keys::camel_case(key),
            Spelling::Snake => keys::snake_case(key),
        }
    }
}

/// How many bytes a record may grow by when its keys are respelled.
pub(super) const MAX_GROWTH: usize = keys::SPELLINGS.len();

/// A record line with the keys of the schema in this spelling.
///
/// Expects one valid JSON object; of anything else it changes nothing that
/// matters, as only quoted keys at the top are looked at.
pub fn respell(line: &[u8], spelling: Spelling) -> Cow<'_, [u8]> {
    if spelling == Spelling::Camel && !may_hold_snake_case(line) {
        return Cow::Borrowed(line);
    }
    let mut out = Vec::new();
    let mut copied = 0;
    for key in TopKeys::of(line) {
        let Ok(name) = std::str::from_utf8(&line[key.start..key.end]) else {
            continue;
        };
        let respelled = spelling.of(name);
        if respelled != name {
            out.extend_from_slice(&line[copied..key.start]);
            out.extend_from_slice(respelled.as_bytes());
            copied = key.end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(line);
    }
    out.extend_from_slice(&line[copied..]);
    Cow::Owned(out)
}

/// Whether any snake_case key of the schema may stand in the line; wrong only
/// in saying yes.
fn may_hold_snake_case(line: &[u8]) -> bool {
    // Made once: that takes longer than to search a record.
    static ENDS: LazyLock<[Finder<'_>; 3]> =
        LazyLock::new(|| ["_id\"", "_trace\"", "_run\""].map(Finder::new));
    ENDS.iter().any(|end| end.find(line).is_some())
}

/// Finds where the keys of an object stand, without their quotes.
struct TopKeys<'a> {
    line: &'a [u8],
    at: usize,
    depth: usize,
    expects_key: bool,
}

impl<'a> TopKeys<'a> {
    fn of(line: &'a [u8]) -> TopKeys<'a> {
        TopKeys {
            line,
            at: 0,
            depth: 0,
            expects_key: false,
        }
    }

    /// The place of the quote that ends the string beginning after `start`.
    fn end_of_string(&self, start: usize) -> usize {
        let mut at = start;
        while let Some(found) = self
            .line
            .get(at..)
            .and_then(|rest| memchr2(b'"', b'\\', rest))
        {
            at += found;
            if self.line[at] == b'"' {
                return at;
            }
            at += 2;
        }
        self.line.len()
    }
}

impl Iterator for TopKeys<'_> {
    type Item = std::ops::Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(&byte) = self.line.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => {
                    let start = self.at;
                    let end = self.end_of_string(start);
                    self.at = end + 1;
                    if std::mem::take(&mut self.expects_key) {
                        return Some(start..end);
                    }
                }
                b'{' | b'[' => {
                    self.depth += 1;
                    self.expects_key = self.depth == 1;
                }
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                b',' => self.expects_key = self.depth == 1,
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::LogRecord;
    use proptest::prelude::*;

    fn text(line: &str, spelling: Spelling) -> String {
        String::from_utf8(respell(line.as_bytes(), spelling).into_owned()).unwrap()
    }

    #[test]
    fn only_keys_of_the_schema_at_the_top_are_respelled() {
        let line = r#"{"installId" : "installId","attributes":{"sessionId":[{"userId":1}]}, "stackTrace":"a\",\"traceId\":\\","x":["spanId"],"recordId":1}"#;
        assert_eq!(
            text(line, Spelling::Snake),
            r#"{"install_id" : "installId","attributes":{"sessionId":[{"userId":1}]}, "stack_trace":"a\",\"traceId\":\\","x":["spanId"],"record_id":1}"#
        );
    }

    #[test]
    fn camel_case_lines_are_not_copied() {
        let line = br#"{"installId":"i","message":"m","attributes":{"user_id":7}}"#;
        assert!(matches!(respell(line, Spelling::Camel), Cow::Borrowed(_)));
    }

    #[test]
    fn snake_case_lines_become_camel_case() {
        assert_eq!(
            text(
                r#"{"install_id":"i","active_run":{"run_id":1},"user_id":null}"#,
                Spelling::Camel
            ),
            r#"{"installId":"i","activeRun":{"run_id":1},"userId":null}"#
        );
    }

    #[test]
    fn every_spelling_of_the_schema_is_caught_by_the_quick_test() {
        for (_, snake) in keys::SPELLINGS {
            assert!(
                may_hold_snake_case(format!("{{\"{snake}\":1}}").as_bytes()),
                "{snake}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_record_survives_both_ways(
            fields in proptest::collection::vec(("(installId|stackTrace|user_id|x|\\PC{0,6})", "\\PC{0,12}"), 0..8),
        ) {
            let mut record = LogRecord::default();
            for (key, value) in fields {
                record.set(keys::camel_case(&key), value);
            }
            let line = serde_json::to_vec(&record).unwrap();
            let snake = respell(&line, Spelling::Snake).into_owned();
            prop_assert_eq!(LogRecord::parse(&snake).unwrap(), record);
            let camel = respell(&snake, Spelling::Camel);
            prop_assert_eq!(&camel[..], &line[..]);
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            respell(&bytes, Spelling::Snake);
            respell(&bytes, Spelling::Camel);
        }
    }
}
