//! Which records a person asked for.

use chrono::{DateTime, Utc};
use memchr::memmem;
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::record::{Level, LogRecord, keys};

/// A conjunction of tests on a record; the default one matches every record.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// What `sessionId` starts with.
    pub session: Option<String>,
    /// What `installId` starts with.
    pub install: Option<String>,
    /// What `userId` starts with.
    pub user: Option<String>,
    /// The least serious level wanted.
    pub level: Option<Level>,
    /// Which loggers.
    pub logger: Option<LoggerGlob>,
    /// What stands in the message, the error or the stack trace.
    pub grep: Option<Regex>,
    /// Which attributes, all of them.
    pub attributes: Vec<AttributeTest>,
    /// The first instant wanted, by the client's clock.
    pub since: Option<DateTime<Utc>>,
    /// The last instant wanted, by the client's clock.
    pub until: Option<DateTime<Utc>>,
}

impl Filter {
    /// Whether this filter lets every record through.
    pub fn is_empty(&self) -> bool {
        let Filter {
            session,
            install,
            user,
            level,
            logger,
            grep,
            attributes,
            since,
            until,
        } = self;
        session.is_none()
            && install.is_none()
            && user.is_none()
            && level.is_none()
            && logger.is_none()
            && grep.is_none()
            && attributes.is_empty()
            && since.is_none()
            && until.is_none()
    }

    /// Whether a record passes every test.
    pub fn matches(&self, record: &LogRecord) -> bool {
        has_prefix(record, keys::SESSION_ID, self.session.as_deref())
            && has_prefix(record, keys::INSTALL_ID, self.install.as_deref())
            && has_prefix(record, keys::USER_ID, self.user.as_deref())
            && self
                .level
                .is_none_or(|least| record.level().is_some_and(|level| level >= least))
            && self
                .logger
                .as_ref()
                .is_none_or(|glob| glob.matches(record.logger()))
            && self.is_in_time(record)
            && self.attributes.iter().all(|test| test.matches(record))
            && self.greps(record)
    }

    /// Whether a line of JSON can hold a matching record at all.
    ///
    /// Much cheaper than parsing: it only looks for the ids asked for. `true`
    /// promises nothing; `false` is final.
    pub fn may_match(&self, line: &[u8]) -> bool {
        let wanted = [&self.session, &self.install, &self.user];
        wanted.into_iter().flatten().all(|id| {
            // An id may also be written with escapes, which is rare enough
            // for such a line to be parsed instead.
            memmem::find(line, id.as_bytes()).is_some() || memmem::find(line, b"\\").is_some()
        })
    }

    fn is_in_time(&self, record: &LogRecord) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        record.timestamp().is_some_and(|time| {
            self.since.is_none_or(|since| time >= since)
                && self.until.is_none_or(|until| time <= until)
        })
    }

    fn greps(&self, record: &LogRecord) -> bool {
        self.grep.as_ref().is_none_or(|regex| {
            regex.is_match(&record.message())
                || record.error().is_some_and(|error| regex.is_match(error))
                || record
                    .stack_trace()
                    .is_some_and(|stack| regex.is_match(stack))
        })
    }
}

/// A pattern for names of loggers: `*` is any text and `?` any character.
///
/// Letter case and a leading `soliplex.` make no difference on either side,
/// since deployed clients name one logger `HTTP`, `Http` and `soliplex.http`.
#[derive(Clone, Debug)]
pub struct LoggerGlob {
    glob: String,
    regex: Regex,
}

impl LoggerGlob {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// A pattern too large to compile.
    pub fn new(glob: &str) -> Result<LoggerGlob, regex::Error> {
        let mut pattern = String::from("^");
        for character in without_prefix(glob).chars() {
            match character {
                '*' => pattern.push_str(".*"),
                '?' => pattern.push('.'),
                other => pattern.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
            }
        }
        pattern.push('$');
        let regex = RegexBuilder::new(&pattern)
            .case_insensitive(true)
            .dot_matches_new_line(true)
            .build()?;
        let glob = glob.to_owned();
        Ok(LoggerGlob { glob, regex })
    }

    /// The pattern as it was given.
    pub fn as_str(&self) -> &str {
        &self.glob
    }

    /// Whether the pattern covers the whole name.
    pub fn matches(&self, logger: &str) -> bool {
        self.regex.is_match(without_prefix(logger))
    }
}

/// A test on one attribute: that it is there, or that it has a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeTest {
    /// The attribute's name.
    pub name: String,
    /// Its value as text; for what is no text, as JSON.
    pub value: Option<String>,
}

impl AttributeTest {
    fn matches(&self, record: &LogRecord) -> bool {
        let Some(found) = record.attribute(&self.name) else {
            return false;
        };
        let Some(wanted) = &self.value else {
            return true;
        };
        match found {
            Value::String(text) => text == wanted,
            other => serde_json::to_string(other).is_ok_and(|json| json == *wanted),
        }
    }
}

fn has_prefix(record: &LogRecord, key: &str, prefix: Option<&str>) -> bool {
    prefix.is_none_or(|prefix| record.text(key).is_some_and(|id| id.starts_with(prefix)))
}

fn without_prefix(logger: &str) -> &str {
    const PREFIX: &str = "soliplex.";
    match logger.get(..PREFIX.len()) {
        Some(start) if start.eq_ignore_ascii_case(PREFIX) => &logger[PREFIX.len()..],
        _ => logger,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> LogRecord {
        LogRecord::new(Level::Error, "soliplex.Http.Client", "GET /x failed")
            .with(keys::TIMESTAMP, "2026-02-06T12:00:00.000Z")
            .with(keys::SESSION_ID, "0193-abc")
            .with(keys::ERROR, "SocketException: refused")
            .with_attribute("status", 502)
            .with_attribute("view", "home")
    }

    fn instant(text: &str) -> DateTime<Utc> {
        crate::record::parse_timestamp(text).unwrap()
    }

    fn attribute(name: &str, value: Option<&str>) -> Vec<AttributeTest> {
        vec![AttributeTest {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        }]
    }

    #[test]
    fn the_empty_filter_matches_everything() {
        assert!(Filter::default().is_empty());
        assert!(Filter::default().matches(&LogRecord::default()));
    }

    #[test]
    fn ids_match_by_prefix_and_a_missing_id_matches_none() {
        let session = |id: &str| Filter {
            session: Some(id.to_owned()),
            ..Filter::default()
        };
        assert!(session("0193").matches(&record()));
        assert!(!session("0194").matches(&record()));
        assert!(!session("").matches(&LogRecord::default()));
        let user = Filter {
            user: Some("u".to_owned()),
            ..Filter::default()
        };
        assert!(!user.matches(&record()));
    }

    #[test]
    fn levels_match_from_the_least_serious_up() {
        let level = |level| Filter {
            level: Some(level),
            ..Filter::default()
        };
        assert!(level(Level::Warning).matches(&record()));
        assert!(level(Level::Error).matches(&record()));
        assert!(!level(Level::Fatal).matches(&record()));
    }

    #[test]
    fn loggers_match_in_any_case_and_without_the_common_prefix() {
        let matches = |glob: &str, logger: &str| LoggerGlob::new(glob).unwrap().matches(logger);
        assert!(matches("http*", "soliplex.HTTP.client"));
        assert!(matches("Soliplex.Http", "http"));
        assert!(matches("h?tp", "HTTP"));
        assert!(!matches("http", "http.client"));
        assert!(!matches("a.c", "abc"));
    }

    #[test]
    fn grep_looks_at_message_error_and_stack() {
        let grep = |pattern: &str| Filter {
            grep: Some(Regex::new(pattern).unwrap()),
            ..Filter::default()
        };
        assert!(grep("^GET").matches(&record()));
        assert!(grep("refused").matches(&record()));
        assert!(!grep("home").matches(&record()));
    }

    #[test]
    fn attributes_match_by_name_or_by_value_as_text() {
        let with = |attributes| Filter {
            attributes,
            ..Filter::default()
        };
        assert!(with(attribute("status", None)).matches(&record()));
        assert!(with(attribute("status", Some("502"))).matches(&record()));
        assert!(with(attribute("view", Some("home"))).matches(&record()));
        assert!(!with(attribute("view", Some("settings"))).matches(&record()));
        assert!(!with(attribute("missing", None)).matches(&record()));
    }

    #[test]
    fn times_are_inclusive_and_a_record_without_one_is_outside() {
        let filter = Filter {
            since: Some(instant("2026-02-06T12:00:00Z")),
            until: Some(instant("2026-02-06T14:00:00+02:00")),
            ..Filter::default()
        };
        assert!(filter.matches(&record()));
        assert!(!filter.matches(&record().with(keys::TIMESTAMP, "2026-02-06T12:00:00.001Z")));
        assert!(!filter.matches(&record().with(keys::TIMESTAMP, "noon")));
    }

    #[test]
    fn a_line_that_may_match_is_never_ruled_out() {
        let filter = Filter {
            session: Some("0193".to_owned()),
            ..Filter::default()
        };
        assert!(filter.may_match(br#"{"sessionId":"0193-abc"}"#));
        assert!(filter.may_match(br#"{"sessionId":"\u0030193"}"#));
        assert!(!filter.may_match(br#"{"sessionId":"0194"}"#));
    }
}
