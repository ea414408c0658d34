//! From a line to an event.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::event::{Event, Notice};
use super::lines::Line;
use super::needle::Needle;
use crate::filter::Filter;
use crate::queue::records_in;
use crate::record::{Envelope, LogRecord, RecordError, keys, parse_timestamp, structured, trim};

/// How much of a line that is no record is kept to be shown.
const SHOWN_BYTES: usize = 8 * 1024;

/// Decides what a line is worth.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    filter: Filter,
    /// Whether the filter asks for something that only a record has.
    asks_for_records: bool,
    /// Whether it asks for more than a level and a time.
    asks_for_more: bool,
    /// How the session's id begins in a line, if it and a text is all that is
    /// asked for.
    session_alone: Option<String>,
    needle: Option<Needle>,
    passed_over: Arc<AtomicU64>,
}

/// What a line turns out to be, and the event it makes.
enum Judged {
    Sound(Option<Event>),
    /// It is no record as it stands.
    Odd(Option<Event>),
}

impl Matcher {
    /// A matcher for what a person asked for.
    pub(super) fn new(filter: Filter) -> Matcher {
        let needle = Needle::of(&filter);
        let asks_for_records = !Filter {
            grep: None,
            ..filter.clone()
        }
        .is_empty();
        let asks_for_more = !Filter {
            level: None,
            since: None,
            until: None,
            ..filter.clone()
        }
        .is_empty();
        let asks_for_session = Filter {
            grep: None,
            session: None,
            ..filter.clone()
        }
        .is_empty();
        let session = filter.session.as_ref().filter(|_| asks_for_session);
        Matcher {
            session_alone: session.map(|id| format!("\"{id}")),
            filter,
            asks_for_records,
            asks_for_more,
            needle,
            passed_over: Arc::default(),
        }
    }

    /// Has the lines counted that are no records and were not asked for.
    pub(super) fn counting(mut self, passed_over: &Arc<AtomicU64>) -> Matcher {
        self.passed_over = Arc::clone(passed_over);
        self
    }

    /// What every matching line holds, if that is known.
    pub(super) fn needle(&self) -> Option<&Needle> {
        self.needle.as_ref()
    }

    /// Whether a record is asked for.
    pub(super) fn wants(&self, record: &LogRecord) -> bool {
        self.filter.matches(record)
    }

    /// The events that a line makes: nothing for a blank line and for a record
    /// that was not asked for, and several for one that is damaged.
    pub(super) fn events(
        &self,
        line: Line<'_>,
        path: Option<&PathBuf>,
    ) -> impl Iterator<Item = Event> + use<> {
        let (records, told) = match (self.judge(line, path), line) {
            (Judged::Odd(told), Line::Whole { bytes, .. }) => {
                let records = records_in(bytes);
                // All that is wrong with some lines is a byte of a text, or that
                // a newline is missing.
                let held: usize = records.iter().map(|record| record.len() + 1).sum();
                (records, told.filter(|_| held <= trim(bytes).len()))
            }
            (Judged::Odd(told) | Judged::Sound(told), _) => (Vec::new(), told),
        };
        let records = records
            .iter()
            .filter_map(|line| LogRecord::parse(line).ok());
        let wanted = records.filter(|record| self.wants(record));
        let wanted: Vec<_> = wanted.map(Event::Record).collect();
        wanted.into_iter().chain(told)
    }

    /// The event of a line that was never in a file that may be damaged.
    pub(super) fn event(&self, line: Line<'_>, path: Option<&PathBuf>) -> Option<Event> {
        let (Judged::Sound(event) | Judged::Odd(event)) = self.judge(line, path);
        event
    }

    fn judge(&self, line: Line<'_>, path: Option<&PathBuf>) -> Judged {
        let (bytes, offset) = match line {
            Line::Whole { bytes, offset } => (trim(bytes), offset),
            Line::TooLong { offset, bytes } => {
                let path = path.cloned();
                return Judged::Sound(Some(Event::Notice(Notice::TooLong {
                    path,
                    offset,
                    bytes,
                })));
            }
        };
        if bytes.is_empty() || self.is_less_serious(bytes) {
            return Judged::Sound(None);
        }
        match LogRecord::parse(bytes) {
            Ok(record) => {
                let record = structured::translated(&record).unwrap_or(record);
                Judged::Sound(self.wants(&record).then_some(Event::Record(record)))
            }
            Err(error) => {
                let shown = &bytes[..bytes.len().min(SHOWN_BYTES)];
                let text = String::from_utf8_lossy(shown).into_owned();
                if !self.wants_text(&text) {
                    self.passed_over.fetch_add(1, Ordering::Relaxed);
                    return Judged::Odd(None);
                }
                Judged::Odd(Some(Event::Notice(Notice::NotARecord {
                    path: path.cloned(),
                    offset,
                    text,
                    reason: error.to_string(),
                })))
            }
        }
    }

    /// Whether a line that is a record is asked for, without building a tree
    /// of it unless the question takes one.
    ///
    /// # Errors
    ///
    /// Why the line is no record.
    pub(super) fn wants_envelope(&self, envelope: &Envelope<'_>) -> Result<bool, RecordError> {
        let Filter {
            level,
            since,
            until,
            ..
        } = &self.filter;
        if level.is_some_and(|least| envelope.level().is_none_or(|level| level < least)) {
            return Ok(false);
        }
        if since.is_some() || until.is_some() {
            let text = envelope.text(keys::TIMESTAMP);
            let time = text.and_then(|text| parse_timestamp(&text));
            let is_in_time = time.is_some_and(|time| {
                since.is_none_or(|since| time >= since) && until.is_none_or(|until| time <= until)
            });
            if !is_in_time {
                return Ok(false);
            }
        }
        if !self.asks_for_more {
            return Ok(true);
        }
        Ok(self.wants(&envelope.to_record()?))
    }

    /// Whether a line is a record below the level asked for, which shows
    /// without building a tree of it.
    fn is_less_serious(&self, line: &[u8]) -> bool {
        self.filter.level.is_some_and(|least| {
            Envelope::parse(line)
                .ok()
                .and_then(|envelope| envelope.level())
                .is_some_and(|level| level < least)
        })
    }

    /// Whether a line that is no record is asked for: all that can be asked
    /// of it is its text, and whether it is a broken piece of the session.
    fn wants_text(&self, text: &str) -> bool {
        let grep = self.filter.grep.as_ref();
        let is_of_session = || {
            let session = self.session_alone.as_ref();
            session.is_some_and(|quoted| text.contains(quoted.as_str()))
        };
        (!self.asks_for_records || is_of_session()) && grep.is_none_or(|regex| regex.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Level;
    use regex::Regex;

    fn event(filter: &Filter, line: &str) -> Option<Event> {
        let bytes = line.as_bytes();
        Matcher::new(filter.clone()).event(Line::Whole { bytes, offset: 0 }, None)
    }

    #[test]
    fn a_line_that_is_no_record_is_told_unless_records_are_asked_for() {
        let mut filter = Filter::default();
        assert!(matches!(event(&filter, "oops"), Some(Event::Notice(_))));
        assert_eq!(event(&filter, " \r"), None);
        filter.grep = Some(Regex::new("oo").unwrap());
        assert!(event(&filter, "oops").is_some());
        assert!(event(&filter, "{\"message\":").is_none());
        filter.session = Some("s".to_owned());
        assert_eq!(event(&filter, "oops"), None);
        filter.grep = None;
        assert_eq!(event(&filter, "oops s"), None);
        // A broken piece of the session is not passed over in silence.
        let broken = r#"{"sessionId":"s-1","message":"oo"#;
        assert!(event(&filter, broken).is_some());
        filter.level = Some(Level::Info);
        assert_eq!(event(&filter, broken), None);
    }

    #[test]
    fn a_level_is_asked_for_with_the_same_answer_however_it_is_found() {
        let filter = Filter {
            level: Some(Level::Error),
            ..Filter::default()
        };
        for (line, is_wanted) in [
            (r#"{"level":"info"}"#, false),
            (r#"{"level":"info","level":"fatal"}"#, true),
            (r#"{"level":"\u0065rror"}"#, true),
            (r#"{"level":400}"#, true),
            (r#"{"level":200}"#, false),
            (r#"{"level":null}"#, false),
            (r#"{"message":"m"}"#, false),
        ] {
            assert_eq!(event(&filter, line).is_some(), is_wanted, "{line}");
        }
    }
}
