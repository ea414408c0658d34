//! The query of a reading route: filters, and where to start.
//!
//! The names are those of the command line's flags.

use std::time::Duration;

use chrono::{DateTime, Utc};
use regex::RegexBuilder;

use super::problem::Problem;
use super::store::Seq;
use crate::filter::{AttributeTest, Filter, LoggerGlob};
use crate::record::parse_timestamp;

/// How many records or rows come when the query does not say.
const DEFAULT_COUNT: usize = 100;

/// How many records or rows come at the most.
const MAX_COUNT: usize = 10_000;

/// The largest number that a record can have with one behind it.
const MAX_SEQ: Seq = i64::MAX.cast_unsigned() - 1;

/// How large a compiled pattern may be, so that no query costs much memory.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// What a reading route is asked for.
#[derive(Debug, Default)]
pub(super) struct ReadQuery {
    pub(super) filter: Filter,
    /// `n`: how many.
    pub(super) count: Option<usize>,
    /// `after`: only what comes behind this number.
    pub(super) after: Option<Seq>,
    /// `before`: only what comes before this number.
    pub(super) before: Option<i64>,
    /// `top`: how many groups.
    pub(super) top: Option<usize>,
    /// `window`: how far back.
    pub(super) window: Option<Duration>,
}

impl ReadQuery {
    /// Reads a query string.
    ///
    /// # Errors
    ///
    /// A parameter that is not known, or a value that makes no sense.
    pub(super) fn parse(query: Option<&str>) -> Result<ReadQuery, Problem> {
        let mut parsed = ReadQuery::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            parsed.set(&name, &value).map_err(Problem::bad_request)?;
        }
        Ok(parsed)
    }

    /// How many records or rows to return.
    pub(super) fn count(&self) -> usize {
        self.count.unwrap_or(DEFAULT_COUNT)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let bad = |expected: &str| format!("`{name}` should be {expected}");
        let filter = &mut self.filter;
        let text = || Some(value.to_owned());
        match name {
            "session" => filter.session = text(),
            "install" => filter.install = text(),
            "user" => filter.user = text(),
            "level" => filter.level = Some(value.parse().map_err(|_| bad("a level"))?),
            "logger" => {
                let glob = LoggerGlob::new(value).map_err(|_| bad("a pattern with * and ?"))?;
                filter.logger = Some(glob);
            }
            "grep" => {
                let regex = RegexBuilder::new(value)
                    .size_limit(MAX_PATTERN_BYTES)
                    .build();
                filter.grep = Some(regex.map_err(|_| bad("a regular expression"))?);
            }
            "attr" => filter.attributes.push(attribute_test(value)),
            "since" => filter.since = Some(instant(value).ok_or_else(|| bad(AN_INSTANT))?),
            "until" => filter.until = Some(instant(value).ok_or_else(|| bad(AN_INSTANT))?),
            "n" => self.count = Some(count(value).ok_or_else(|| bad(A_COUNT))?),
            "top" => self.top = Some(count(value).ok_or_else(|| bad(A_COUNT))?),
            "after" => {
                let after: Seq = value.parse().map_err(|_| bad("a number"))?;
                // No store holds more, and the next number must be one too.
                self.after = Some(after.min(MAX_SEQ));
            }
            "before" => {
                let before: u64 = value.parse().map_err(|_| bad("a number"))?;
                self.before = Some(i64::try_from(before).unwrap_or(i64::MAX));
            }
            "window" => {
                self.window = Some(duration(value).ok_or_else(|| bad("a duration such as 24h"))?);
            }
            _ => return Err(format!("`{name}` is no parameter of this route")),
        }
        Ok(())
    }
}

const AN_INSTANT: &str = "an RFC 3339 instant, or a duration ago such as 10m";
const A_COUNT: &str = "a number from 1 to 10000";

fn attribute_test(text: &str) -> AttributeTest {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    AttributeTest {
        name: name.to_owned(),
        value,
    }
}

fn count(text: &str) -> Option<usize> {
    text.parse().ok().filter(|n| (1..=MAX_COUNT).contains(n))
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    parse_timestamp(text).or_else(|| {
        let ago = chrono::Duration::from_std(duration(text)?).ok()?;
        Utc::now().checked_sub_signed(ago)
    })
}

fn duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Level;

    #[test]
    fn the_flags_of_the_command_line_are_the_parameters() {
        let query = "session=s%201&install=i&user=u&level=warn&logger=http*&grep=a%2Bb\
                     &attr=status=502&attr=view&since=2026-02-06T12:00:00Z&until=10m&n=5&after=7";
        let query = ReadQuery::parse(Some(query)).unwrap();
        assert_eq!(query.filter.session.as_deref(), Some("s 1"));
        assert_eq!(query.filter.level, Some(Level::Warning));
        assert_eq!(query.filter.grep.unwrap().as_str(), "a+b");
        assert_eq!(query.filter.attributes[0].value.as_deref(), Some("502"));
        assert_eq!(query.filter.attributes[1].value, None);
        assert!(query.filter.until.unwrap() < Utc::now());
        assert_eq!((query.count, query.after), (Some(5), Some(7)));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for query in [
            "level=loud",
            "grep=(",
            "n=0",
            "n=10001",
            "since=noon",
            "after=-1",
            "before=-1",
            "window=x",
            "nonsense=1",
            "grep=%5Cw%7B1000%7D%7B1000%7D",
        ] {
            assert!(ReadQuery::parse(Some(query)).is_err(), "{query}");
        }
    }
}
