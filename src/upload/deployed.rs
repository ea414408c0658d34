//! What the deployed backend would refuse, told beforehand.
//!
//! It validates a whole request at once and answers 422, upon which the
//! deployed client discards the batch: one record that it would refuse costs
//! the up to 99 beside it. It reads snake_case keys, wants the four keys that
//! every record has and the ids of install and session, and ignores keys that
//! it does not know.

use crate::record::{Envelope, keys};

/// Why the deployed backend would refuse a record line; `None` if it would
/// take it.
pub fn complaint(line: &[u8]) -> Option<String> {
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
    active_run_complaint(envelope.json(keys::ACTIVE_RUN)?)
}

/// `active_run` is null, or has both ids as texts.
fn active_run_complaint(json: &str) -> Option<String> {
    let run: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    ["thread_id", "run_id"]
        .into_iter()
        .find(|key| !run[*key].is_string())
        .map(|key| format!("`active_run.{key}` should be a text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"timestamp":"t","level":"info","logger":"l","message":"m","installId":"i","session_id":"s"}"#;

    fn complaint_about(from: &str, to: &str) -> Option<String> {
        assert!(GOOD.contains(from));
        complaint(GOOD.replace(from, to).as_bytes())
    }

    #[test]
    fn a_whole_record_in_either_spelling_is_taken() {
        assert_eq!(complaint(GOOD.as_bytes()), None);
        assert_eq!(
            complaint_about("}", r#","userId":null,"x":{},"active_run":null}"#),
            None
        );
        let run = r#","active_run":{"thread_id":"t","run_id":"r"}}"#;
        assert_eq!(complaint_about("}", run), None);
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
            assert_eq!(complaint_about(from, to).as_deref(), Some(expected));
        }
        assert!(complaint(b"{").is_some());
    }
}
