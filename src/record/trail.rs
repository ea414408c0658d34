//! The records that lead up to an error.

use std::collections::VecDeque;

use serde_json::Value;

use super::{EncodedRecord, LogRecord, MAX_BREADCRUMBS, RecordError, breadcrumb, keys};

/// The last [`MAX_BREADCRUMBS`] records, as the lines they were stored as.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    lines: VecDeque<Vec<u8>>,
}

impl Trail {
    /// Remembers a record, and forgets the oldest if there are too many.
    pub fn push(&mut self, record: &[u8]) {
        // Its room is used again: this is done for every record.
        let mut line = match self.lines.len() {
            MAX_BREADCRUMBS.. => self.lines.pop_front().unwrap_or_default(),
            _ => Vec::new(),
        };
        line.clear();
        line.extend_from_slice(record);
        self.lines.push_back(line);
    }

    /// Gives a record what of its own session led up to it, unless it has
    /// breadcrumbs already.
    pub fn lead_to(&self, record: &mut LogRecord) {
        if record.get(keys::BREADCRUMBS).is_some() {
            return;
        }
        let session = record.session_id();
        let crumbs: Vec<Value> = self
            .lines
            .iter()
            .flat_map(|line| LogRecord::parse(line))
            .filter(|earlier| earlier.session_id() == session)
            .map(|earlier| breadcrumb(&earlier))
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
    pub fn lead_to_encoded(&self, record: EncodedRecord) -> Result<EncodedRecord, RecordError> {
        if self.lines.is_empty() {
            return Ok(record);
        }
        let mut tree = LogRecord::parse(record.as_bytes())?;
        self.lead_to(&mut tree);
        EncodedRecord::new(tree)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Level;

    fn record(level: Level, session: &str, message: &str) -> LogRecord {
        LogRecord::new(level, "Http", message).with(keys::SESSION_ID, session)
    }

    fn crumbs_of(trail: &Trail, mut record: LogRecord) -> Vec<Value> {
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
        let crumbs = crumbs_of(&trail, record(Level::Error, "own", "failed"));
        assert_eq!(crumbs.len(), MAX_BREADCRUMBS - 1);
        assert_eq!(crumbs[0]["message"], "10");
        assert_eq!(crumbs[18]["message"], "29");
        assert_eq!(crumbs[18]["category"], "network");
        assert!(crumbs_of(&trail, record(Level::Error, "third", "failed")).is_empty());
    }

    #[test]
    fn breadcrumbs_that_are_there_stay() {
        let mut trail = Trail::default();
        trail.push(br#"{"message":"m","sessionId":"own"}"#);
        let own = record(Level::Error, "own", "failed").with(keys::BREADCRUMBS, vec![1]);
        assert_eq!(crumbs_of(&trail, own), [1]);
    }
}
