//! The records that lead up to an error.

use std::collections::VecDeque;

use memchr::memmem::Finder;
use serde_json::Value;

use super::{EncodedRecord, LogRecord, MAX_BREADCRUMBS, RecordError, breadcrumb, keys};

/// The last [`MAX_BREADCRUMBS`] records, as the lines they were stored as.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    steps: VecDeque<Step>,
}

/// One record, read once an error needs it: most records lead up to none, and
/// some to twenty.
#[derive(Clone, Debug, Default)]
struct Step {
    line: Vec<u8>,
    crumb: Option<Crumb>,
}

/// What a record looks like among others' breadcrumbs; `None` if it is none.
type Crumb = Option<(Option<String>, Value)>;

impl Trail {
    /// Remembers a record, and forgets the oldest if there are too many.
    pub fn push(&mut self, record: &[u8]) {
        // Its room is used again: this is done for every record.
        let mut step = match self.steps.len() {
            MAX_BREADCRUMBS.. => self.steps.pop_front().unwrap_or_default(),
            _ => Step::default(),
        };
        step.line.clear();
        step.line.extend_from_slice(record);
        step.crumb = None;
        self.steps.push_back(step);
    }

    /// Gives a record what of its own session led up to it, unless it has
    /// breadcrumbs already.
    pub fn lead_to(&mut self, record: &mut LogRecord) {
        if record.get(keys::BREADCRUMBS).is_some() {
            return;
        }
        let session = record.session_id();
        // An id without anything to escape stands in a line as it is; whoever
        // escapes it all the same goes without breadcrumbs.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let plain = session.filter(|id| id.bytes().all(is_plain));
        let finder = plain.map(Finder::new);
        let may_be_of = |line: &[u8]| {
            let finder = finder.as_ref();
            finder.is_none_or(|finder| finder.find(line).is_some())
        };
        let crumbs: Vec<Value> = self
            .steps
            .iter_mut()
            .filter(|step| may_be_of(&step.line))
            .filter_map(|step| step.crumb_of(session))
            .collect();
        if !crumbs.is_empty() {
            record.set(keys::BREADCRUMBS, crumbs);
        }
    }

    /// The same for a record that is encoded already.
    ///
    /// # Errors
    ///
    /// As [`EncodedRecord::new`].
    pub fn lead_to_encoded(&mut self, record: EncodedRecord) -> Result<EncodedRecord, RecordError> {
        if self.steps.is_empty() {
            return Ok(record);
        }
        let mut tree = LogRecord::parse(record.as_bytes())?;
        self.lead_to(&mut tree);
        EncodedRecord::new(tree)
    }
}

impl Step {
    /// The breadcrumb, if the record is one of this session.
    fn crumb_of(&mut self, session: Option<&str>) -> Option<Value> {
        let crumb = self.crumb.get_or_insert_with(|| {
            let record = LogRecord::parse(&self.line).ok()?;
            let session = record.session_id().map(str::to_owned);
            Some((session, breadcrumb(&record)))
        });
        let (own, crumb) = crumb.as_ref()?;
        (own.as_deref() == session).then(|| crumb.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Level;

    fn record(level: Level, session: &str, message: &str) -> LogRecord {
        LogRecord::new(level, "Http", message).with(keys::SESSION_ID, session)
    }

    fn crumbs_of(trail: &mut Trail, mut record: LogRecord) -> Vec<Value> {
        trail.lead_to(&mut record);
        let crumbs = record.get(keys::BREADCRUMBS).and_then(Value::as_array);
        crumbs.cloned().unwrap_or_default()
    }

    #[test]
    fn the_last_twenty_of_the_same_session_lead_up_to_an_error() {
        let mut trail = Trail::default();
        for n in 0..30 {
            let session = if n == 15 { "other" } else { "own" };
            let record = record(Level::Info, session, &n.to_string());
            trail.push(&serde_json::to_vec(&record).unwrap());
        }
        let crumbs = crumbs_of(&mut trail, record(Level::Error, "own", "failed"));
        assert_eq!(crumbs.len(), MAX_BREADCRUMBS - 1);
        assert_eq!(crumbs[0]["message"], "10");
        assert_eq!(crumbs[18]["message"], "29");
        assert_eq!(crumbs[18]["category"], "network");
        assert!(crumbs_of(&mut trail, record(Level::Error, "third", "failed")).is_empty());
    }

    #[test]
    fn breadcrumbs_that_are_there_stay() {
        let mut trail = Trail::default();
        trail.push(br#"{"message":"m","sessionId":"own"}"#);
        let own = record(Level::Error, "own", "failed").with(keys::BREADCRUMBS, vec![1]);
        assert_eq!(crumbs_of(&mut trail, own), [1]);
    }
}
