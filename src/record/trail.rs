//! The records that lead up to an error.

use std::collections::VecDeque;

use memchr::memmem::Finder;
use serde_json::Value;

use super::{EncodedRecord, Envelope, LogRecord, MAX_BREADCRUMBS, RecordError, breadcrumb, keys};

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

/// Whose a record is, and what it looks like among another's breadcrumbs, as
/// JSON; `None` if it is none.
type Crumb = Option<(Option<String>, String)>;

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
        let crumbs = self.crumbs_of(record.session_id());
        if let Some(crumbs) = crumbs.and_then(|json| serde_json::from_str::<Value>(&json).ok()) {
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
        let envelope = Envelope::parse(record.as_bytes())?;
        if envelope.json(keys::BREADCRUMBS).is_some() {
            return Ok(record);
        }
        let Some(crumbs) = self.crumbs_of(envelope.text(keys::SESSION_ID).as_deref()) else {
            return Ok(record);
        };
        // To copy the line takes a tenth of a round trip through a tree.
        match record.with_member(keys::BREADCRUMBS, &crumbs) {
            Some(record) => Ok(record),
            None => {
                let mut tree = LogRecord::parse(record.as_bytes())?;
                self.lead_to(&mut tree);
                EncodedRecord::new(tree)
            }
        }
    }

    /// What of a session is remembered, as a JSON array; `None` if nothing is.
    fn crumbs_of(&mut self, session: Option<&str>) -> Option<String> {
        // An id without anything to escape stands in a line as it is; whoever
        // escapes it all the same goes without breadcrumbs.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let plain = session.filter(|id| id.bytes().all(is_plain));
        let finder = plain.map(Finder::new);
        let mut array = String::new();
        for step in &mut self.steps {
            let finder = finder.as_ref();
            let may_be_of = finder.is_none_or(|finder| finder.find(&step.line).is_some());
            if let Some(crumb) = may_be_of.then(|| step.crumb_of(session)).flatten() {
                array.push(if array.is_empty() { '[' } else { ',' });
                array.push_str(crumb);
            }
        }
        (!array.is_empty()).then(|| array + "]")
    }
}

impl Step {
    /// The breadcrumb, if the record is one of this session.
    fn crumb_of(&mut self, session: Option<&str>) -> Option<&str> {
        let crumb = self.crumb.get_or_insert_with(|| {
            let record = LogRecord::parse(&self.line).ok()?;
            let session = record.session_id().map(str::to_owned);
            Some((session, breadcrumb(&record).to_string()))
        });
        let (own, crumb) = crumb.as_ref()?;
        (own.as_deref() == session).then_some(crumb)
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
    fn an_encoded_record_gets_the_same_as_one_that_is_not() {
        let mut trail = Trail::default();
        for n in 0..MAX_BREADCRUMBS {
            let mut text = n.to_string();
            // Twenty of these are more than a record may hold.
            text.push_str(&"\"".repeat(if n % 2 == 0 { 4_000 } else { 1 }));
            let record = record(Level::Info, ["own", "other"][n % 2], &text);
            trail.push(&serde_json::to_vec(&record).unwrap());
        }
        for session in ["own", "other", "third"] {
            for crumbs in [None, Some(Value::Null), Some(vec![1].into())] {
                let mut plain = record(Level::Error, session, "failed").with(keys::RECORD_ID, "r");
                if let Some(crumbs) = crumbs {
                    plain.set(keys::BREADCRUMBS, crumbs);
                }
                let encoded = EncodedRecord::new(plain.clone()).unwrap();
                trail.lead_to(&mut plain);
                assert_eq!(
                    trail.lead_to_encoded(encoded).unwrap().as_bytes(),
                    EncodedRecord::new(plain).unwrap().as_bytes()
                );
            }
        }
    }

    #[test]
    fn breadcrumbs_that_are_there_stay() {
        let mut trail = Trail::default();
        trail.push(br#"{"message":"m","sessionId":"own"}"#);
        let own = record(Level::Error, "own", "failed").with(keys::BREADCRUMBS, vec![1]);
        assert_eq!(crumbs_of(&mut trail, own), [1]);
    }
}
