//! What the deployed client gets wrong in a record, and what the deployed
//! backend therefore rejects.

use serde_json::Value;

use crate::record::{Envelope, LogRecord, MAX_RECORD_BYTES, keys};

/// Why the deployed backend would refuse a record line; `None` if it would
/// take it.
///
/// It validates a whole request at once and answers 422, upon which the
/// deployed client discards the batch: one record that it would refuse costs
/// the up to 99 beside it. It reads snake_case keys, wants the four keys that
/// every record has and the ids of install and session, and ignores keys that
/// it does not know.
pub fn rejection(line: &[u8]) -> Option<String> {
    let envelope = match Envelope::parse(line) {
        Ok(envelope) => envelope,
        Err(error) => return Some(error.to_string()),
    };
    let required = [
        keys::TIMESTAMP,
        keys::LEVEL,
        keys::LOGGER,
        keys::MESSAGE,
        keys::INSTALL_ID,
        keys::SESSION_ID,
    ];
    for key in required {
        let spelled = keys::snake_case(key);
        match envelope.json(key) {
            None => return Some(format!("`{spelled}` is missing or null")),
            Some(json) if !json.starts_with('"') => {
                return Some(format!("`{spelled}` should be a text"));
            }
            Some(_) => {}
        }
    }
    let optional_texts = [
        keys::ERROR,
        keys::STACK_TRACE,
        keys::SPAN_ID,
        keys::TRACE_ID,
        keys::USER_ID,
    ];
    for key in optional_texts {
        if envelope
            .json(key)
            .is_some_and(|json| !json.starts_with('"'))
        {
            return Some(format!(
                "`{}` should be a text or null",
                keys::snake_case(key)
            ));
        }
    }
    if envelope
        .json(keys::ATTRIBUTES)
        .is_some_and(|json| !json.starts_with('{'))
    {
        return Some("`attributes` should be an object".to_owned());
    }
    active_run_rejection(envelope.json(keys::ACTIVE_RUN)?)
}

/// `active_run` is null, or has both ids as texts.
fn active_run_rejection(json: &str) -> Option<String> {
    let run: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    ["thread_id", "run_id"]
        .into_iter()
        .find(|key| !run[*key].is_string())
        .map(|key| format!("`active_run.{key}` should be a text"))
}

/// Whether a record says in which thread it ran and not in which run.
pub(super) fn lacks_run_id(record: &LogRecord) -> bool {
    let run = record.get(keys::ACTIVE_RUN).and_then(Value::as_object);
    run.is_some_and(|run| !run.get("run_id").is_some_and(Value::is_string))
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

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"timestamp":"t","level":"info","logger":"l","message":"m","installId":"i","session_id":"s"}"#;

    fn rejection_with(from: &str, to: &str) -> Option<String> {
        assert!(GOOD.contains(from));
        rejection(GOOD.replace(from, to).as_bytes())
    }

    #[test]
    fn a_whole_record_in_either_spelling_is_taken() {
        assert_eq!(rejection(GOOD.as_bytes()), None);
        assert_eq!(
            rejection_with("}", r#","userId":null,"x":{},"active_run":null}"#),
            None
        );
        let run = r#","active_run":{"thread_id":"t","run_id":"r"}}"#;
        assert_eq!(rejection_with("}", run), None);
    }

    #[test]
    fn what_it_refuses_is_named_in_its_spelling() {
        let cases = [
            (
                r#""installId":"i""#,
                r#""installId":null"#,
                "`install_id` is missing or null",
            ),
            (
                r#","session_id":"s""#,
                "",
                "`session_id` is missing or null",
            ),
            (r#""info""#, "200", "`level` should be a text"),
            (
                "}",
                r#","stackTrace":7}"#,
                "`stack_trace` should be a text or null",
            ),
            (
                "}",
                r#","attributes":[]}"#,
                "`attributes` should be an object",
            ),
            (
                "}",
                r#","activeRun":{"thread_id":"t","run_id":null}}"#,
                "`active_run.run_id` should be a text",
            ),
        ];
        for (from, to, expected) in cases {
            assert_eq!(rejection_with(from, to).as_deref(), Some(expected));
        }
        assert!(rejection(b"{").is_some());
    }
}
