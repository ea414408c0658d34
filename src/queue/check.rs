//! What the deployed client gets wrong in a record, and what the deployed
//! backend therefore rejects.

use serde_json::Value;

use crate::record::{Envelope, LogRecord, MAX_RECORD_BYTES, keys};

/// Why the deployed backend would answer 422 to a batch that holds this
/// record, if it would.
pub(super) fn rejection(line: &[u8]) -> Option<String> {
    let envelope = match Envelope::parse(line) {
        Ok(envelope) => envelope,
        Err(error) => return Some(error.to_string()),
    };
    if let Err(error) = envelope.check() {
        return Some(error.to_string());
    }
    for key in [keys::INSTALL_ID, keys::SESSION_ID] {
        if envelope.json(key).is_none() {
            return Some(format!("`{key}` is missing"));
        }
    }
    let run = envelope.json(keys::ACTIVE_RUN)?;
    let run: Value = serde_json::from_str(run).ok()?;
    ["thread_id", "run_id"]
        .into_iter()
        .find(|key| !run.get(key).is_some_and(Value::is_string))
        .map(|key| format!("`activeRun.{key}` should be a text"))
}

/// Whether the deployed client put this in the place of a record that it could
/// not cut to size.
pub(super) fn is_placeholder(record: &LogRecord) -> bool {
    let message = record.message();
    message.starts_with("[record exceeded") && message.ends_with("after truncation]")
}

/// Whether a line is larger than any record may be.
pub(super) fn is_oversized(line: &[u8]) -> bool {
    line.len() > MAX_RECORD_BYTES
}

/// Who made the records of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ids {
    install: Option<String>,
    session: Option<String>,
}

impl Ids {
    /// Takes what a record says of itself.
    pub(super) fn learn(&mut self, record: &LogRecord) {
        self.install = record
            .install_id()
            .map(str::to_owned)
            .or(self.install.take());
        self.session = record
            .session_id()
            .map(str::to_owned)
            .or(self.session.take());
    }

    /// Whether nothing is left to learn.
    pub(super) fn is_complete(&self) -> bool {
        self.install.is_some() && self.session.is_some()
    }
}

/// Gives a placeholder the ids it lacks. Whether it lacked any.
pub(super) fn mend(record: &mut LogRecord, ids: &Ids) -> bool {
    if !is_placeholder(record) {
        return false;
    }
    let mut mended = false;
    for (key, id) in [
        (keys::INSTALL_ID, &ids.install),
        (keys::SESSION_ID, &ids.session),
    ] {
        if let (None, Some(id)) = (record.get(key), id) {
            record.set(key, id.as_str());
            mended = true;
        }
    }
    mended
}
