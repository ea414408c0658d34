//! What a server's answer means.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::transport::{Body, Reply, TransportError};
use super::wire::Spelling;
use crate::record::keys;

/// The longest text of a server that is kept as a reason.
const MAX_REASON_CHARS: usize = 300;

/// What came of one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A complete, well-formed 2xx; of the records sent these were refused.
    Accepted {
        /// The status, 200 to 299.
        status: u16,
        /// The records that the server names as refused.
        rejected: Vec<Rejection>,
        /// How many the server says it had already, if it says so.
        duplicates: u64,
    },
    /// An answer with another status.
    Refused {
        /// The status.
        status: u16,
        /// What the server says, in short.
        reason: String,
        /// When it wants to be asked again.
        retry_after: Option<RetryAfter>,
        /// The records that it names as the cause.
        named: Vec<Rejection>,
        /// The spelling of keys that it misses.
        misses: Option<Spelling>,
    },
    /// Whether the records arrived cannot be told: no connection, a timeout, a
    /// cut reply, or a 2xx that is not JSON.
    Unclear {
        /// The status, if there was one.
        status: Option<u16>,
        /// What happened.
        reason: String,
    },
}

impl Outcome {
    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Outcome::Accepted { status, .. } | Outcome::Refused { status, .. } => Some(*status),
            Outcome::Unclear { status, .. } => *status,
        }
    }

    /// What was wrong; empty if nothing was.
    pub fn reason(&self) -> &str {
        match self {
            Outcome::Accepted { .. } => "",
            Outcome::Refused { reason, .. } | Outcome::Unclear { reason, .. } => reason,
        }
    }
}

/// One record that the server refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// Which record of the request, from 0.
    pub index: usize,
    /// Why, in the server's words.
    pub reason: String,
}

/// The value of a `Retry-After` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// A time to wait.
    Delay(Duration),
    /// An instant to wait for.
    At(DateTime<Utc>),
}

impl RetryAfter {
    /// Reads seconds or an HTTP date; `None` for anything else.
    pub fn parse(text: &str) -> Option<RetryAfter> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // Digits that overflow are a very long time, which is capped later.
            let seconds = text.parse().unwrap_or(u64::from(u32::MAX));
            return Some(RetryAfter::Delay(Duration::from_secs(seconds)));
        }
        let instant = DateTime::parse_from_rfc2822(text).ok()?;
        Some(RetryAfter::At(instant.with_timezone(&Utc)))
    }

    /// How long to wait from `now` on; zero for an instant that has passed.
    pub fn delay(self, now: DateTime<Utc>) -> Duration {
        match self {
            RetryAfter::Delay(delay) => delay,
            RetryAfter::At(instant) => (instant - now).to_std().unwrap_or_default(),
        }
    }
}

/// Reads the result of a request that carried `sent` records.
pub fn interpret(result: Result<Reply, TransportError>, sent: usize) -> Outcome {
    let reply = match result {
        Ok(reply) => reply,
        Err(error) => {
            return Outcome::Unclear {
                status: None,
                reason: error.to_string(),
            };
        }
    };
    match reply.status {
        200..=299 => accepted(&reply, sent),
        300..=399 => Outcome::Unclear {
            status: Some(reply.status),
            reason: redirect(&reply),
        },
        _ => refused(&reply, sent),
    }
}

fn accepted(reply: &Reply, sent: usize) -> Outcome {
    let unclear = |reason: &str| Outcome::Unclear {
        status: Some(reply.status),
        reason: reason.to_owned(),
    };
    let body = match &reply.body {
        Body::Whole(body) => body.trim_ascii(),
        Body::Cut(reason) => return unclear(reason),
    };
    if body.is_empty() {
        return Outcome::Accepted {
            status: reply.status,
            rejected: Vec::new(),
            duplicates: 0,
        };
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(json) if !accounts_for(&json, sent) => {
            unclear("the answer does not account for every record that was sent")
        }
        Ok(json) => Outcome::Accepted {
            status: reply.status,
            rejected: rejections(&json, sent),
            duplicates: json["duplicates"].as_u64().unwrap_or(0),
        },
        Err(_) if body.starts_with(b"<") => {
            unclear("the answer is a web page, not JSON; is this the right endpoint?")
        }
        Err(error) => unclear(&format!("the answer is not JSON: {error}")),
    }
}

/// Whether an answer is about exactly the records that were sent. One that
/// says nothing of them is taken at its status.
fn accounts_for(json: &Value, sent: usize) -> bool {
    let Value::Object(answer) = json else {
        return json.is_null();
    };
    match answer.get("accepted") {
        None => !answer.contains_key("error"),
        Some(accepted) => accepted.as_u64().is_some_and(|accepted| {
            let duplicates = json["duplicates"].as_u64().unwrap_or(0);
            let rejected = json["rejected"].as_array().map_or(0, Vec::len) as u64;
            accepted.saturating_add(duplicates).saturating_add(rejected) == sent as u64
        }),
    }
}

/// What a server says in an answer, in short; empty if that is nothing.
pub(super) fn words(reply: &Reply) -> String {
    let Body::Whole(body) = &reply.body else {
        return String::new();
    };
    reason(&serde_json::from_slice(body).unwrap_or_default(), body)
}

fn redirect(reply: &Reply) -> String {
    match &reply.location {
        Some(location) => format!(
            "the server redirects to {}, which is not followed; name that endpoint if it is right",
            shorten(location)
        ),
        None => "the server redirects without saying where".to_owned(),
    }
}

fn refused(reply: &Reply, sent: usize) -> Outcome {
    let body: &[u8] = match &reply.body {
        Body::Whole(body) => body,
        Body::Cut(_) => &[],
    };
    let json = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let mut named = rejections(&json, sent);
    named.extend(validation_errors(&json, sent));
    named.sort_by_key(|rejection| rejection.index);
    named.dedup_by_key(|rejection| rejection.index);
    Outcome::Refused {
        status: reply.status,
        reason: reason(&json, body),
        retry_after: reply.retry_after.as_deref().and_then(RetryAfter::parse),
        named,
        misses: missing_spelling(&json),
    }
}

/// The `rejected` list of the contract: `[{"index": 3, "reason": "…"}]`.
fn rejections(json: &Value, sent: usize) -> Vec<Rejection> {
    let list = json["rejected"].as_array().map(Vec::as_slice);
    list.unwrap_or_default()
        .iter()
        .filter_map(|entry| {
            Some(Rejection {
                index: index_below(&entry["index"], sent)?,
                reason: shorten(entry["reason"].as_str().unwrap_or("no reason given")),
            })
        })
        .collect()
}

/// The entries of a FastAPI error: `{"detail": [{"loc": ["body", "logs", 3,
/// "install_id"], "type": "missing", "msg": "…"}]}`.
fn validation_errors(json: &Value, sent: usize) -> Vec<Rejection> {
    details(json)
        .filter_map(|(loc, entry)| {
            let index = index_below(loc.get(2)?, sent)?;
            let place: Vec<&str> = loc[3..].iter().filter_map(Value::as_str).collect();
            let message = entry["msg"].as_str().unwrap_or("refused");
            Some(Rejection {
                index,
                reason: shorten(&match place.as_slice() {
                    [] => message.to_owned(),
                    place => format!("{}: {message}", place.join(".")),
                }),
            })
        })
        .collect()
}

/// The spelling of an id that the server says is missing.
fn missing_spelling(json: &Value) -> Option<Spelling> {
    details(json).find_map(|(loc, entry)| {
        let is_missing = entry["type"].as_str()?.contains("missing");
        let key = loc
            .get(3)?
            .as_str()
            .filter(|_| is_missing && loc.len() == 4)?;
        let (camel, _) = keys::SPELLINGS
            .into_iter()
            .find(|(camel, snake)| key == *camel || key == *snake)?;
        Some(if key == camel {
            Spelling::Camel
        } else {
            Spelling::Snake
        })
    })
}

/// The entries of `detail` that are about a record.
fn details(json: &Value) -> impl Iterator<Item = (&[Value], &Value)> {
    let list = json["detail"].as_array().map(Vec::as_slice);
    list.unwrap_or_default().iter().filter_map(|entry| {
        let loc = entry["loc"].as_array()?.as_slice();
        let is_record = loc.len() > 2 && loc[0] == "body" && loc[1] == "logs";
        is_record.then_some((loc, entry))
    })
}

fn index_below(value: &Value, limit: usize) -> Option<usize> {
    let index = usize::try_from(value.as_u64()?).ok()?;
    (index < limit).then_some(index)
}

/// What the server says in words: the usual keys of JSON errors, else the text.
fn reason(json: &Value, body: &[u8]) -> String {
    let said = ["detail", "error", "message", "reason", "title"]
        .into_iter()
        .find_map(|key| json[key].as_str())
        .or_else(|| json["detail"][0]["msg"].as_str());
    match said {
        Some(text) => shorten(text),
        None if body.trim_ascii_start().starts_with(b"<") => "a web page".to_owned(),
        None => shorten(&String::from_utf8_lossy(body)),
    }
}

/// One line of bounded length, with nothing that a terminal would act on.
fn shorten(text: &str) -> String {
    let one_line = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = one_line.clone().take(MAX_REASON_CHARS).collect();
    if one_line.count() > MAX_REASON_CHARS {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            body: Body::Whole(body.as_bytes().to_vec()),
            ..Reply::empty(status)
        }
    }

    fn outcome(status: u16, body: &str) -> Outcome {
        interpret(Ok(reply(status, body)), 100)
    }

    fn rejection(index: usize, reason: &str) -> Rejection {
        Rejection {
            index,
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn a_2xx_counts_when_it_is_empty_or_json() {
        for body in ["", " \n", r#"{"accepted":100}"#, "{}", "null"] {
            let rejected = Vec::new();
            let expected = Outcome::Accepted {
                status: 200,
                rejected,
                duplicates: 0,
            };
            assert_eq!(outcome(200, body), expected, "{body}");
        }
    }

    #[test]
    fn a_2xx_that_is_html_text_or_cut_json_is_unclear() {
        for body in [
            "<html>sign in</html>",
            "hello",
            r#"{"accepted":1"#,
            r#"{"accepted":0}"#,
            r#"{"accepted":"100"}"#,
            r#"{"accepted":99,"rejected":[{"index":1},{"index":2}]}"#,
            r#"{"error":"x"}"#,
            "[]",
        ] {
            assert!(
                matches!(outcome(200, body), Outcome::Unclear { .. }),
                "{body}"
            );
        }
        let cut = Reply {
            body: Body::Cut("over 64 KiB"),
            ..Reply::empty(200)
        };
        assert!(matches!(interpret(Ok(cut), 1), Outcome::Unclear { .. }));
    }

    #[test]
    fn rejections_in_a_200_name_records_that_were_sent() {
        let body = r#"{"accepted":93,"duplicates":3,"rejected":[{"index":3,"reason":"too\nlarge"},{"index":100},{"index":-1},{"index":7}]}"#;
        assert_eq!(
            outcome(200, body),
            Outcome::Accepted {
                status: 200,
                rejected: vec![rejection(3, "too large"), rejection(7, "no reason given")],
                duplicates: 3,
            }
        );
    }

    #[test]
    fn a_fastapi_422_names_records_and_the_spelling_it_misses() {
        let body = r#"{"detail":[
            {"loc":["body","logs",3,"install_id"],"type":"missing","msg":"Field required"},
            {"loc":["body","logs",3,"session_id"],"type":"missing","msg":"Field required"},
            {"loc":["body","logs",5,"active_run","run_id"],"type":"string_type","msg":"Input should be a valid string"},
            {"loc":["body","resource","x"],"type":"string_type","msg":"no"}]}"#;
        let Outcome::Refused {
            named,
            misses,
            reason,
            ..
        } = outcome(422, body)
        else {
            panic!("not refused");
        };
        assert_eq!(
            named,
            [
                rejection(3, "install_id: Field required"),
                rejection(5, "active_run.run_id: Input should be a valid string"),
            ]
        );
        assert_eq!(misses, Some(Spelling::Snake));
        assert_eq!(reason, "Field required");
    }

    #[test]
    fn a_missing_key_that_has_one_spelling_says_nothing_about_spelling() {
        let body = r#"{"detail":[{"loc":["body","logs",0,"message"],"type":"missing"},
            {"loc":["body","logs",0,"active_run","run_id"],"type":"missing"},
            {"loc":["body","logs",0,"user_id"],"type":"string_type"}]}"#;
        assert!(matches!(
            outcome(422, body),
            Outcome::Refused { misses: None, .. }
        ));
    }

    #[test]
    fn a_redirect_is_unclear_and_says_where_it_leads() {
        let reply = Reply {
            location: Some("https://elsewhere.example/".to_owned()),
            ..Reply::empty(308)
        };
        let Outcome::Unclear { reason, .. } = interpret(Ok(reply), 1) else {
            panic!("not unclear");
        };
        assert!(reason.contains("https://elsewhere.example/"));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let seconds = |n| Some(RetryAfter::Delay(Duration::from_secs(n)));
        assert_eq!(RetryAfter::parse(" 7 "), seconds(7));
        assert_eq!(
            RetryAfter::parse("99999999999999999999999"),
            seconds(u64::from(u32::MAX))
        );
        for junk in ["", "-1", "soon", "1.5", "Wed, 99 Foo 2026"] {
            assert_eq!(RetryAfter::parse(junk), None, "{junk}");
        }
        let date = RetryAfter::parse("Wed, 21 Oct 2026 07:28:00 GMT").unwrap();
        let at = |text: &str| date.delay(text.parse().unwrap());
        assert_eq!(at("2026-10-21T07:27:30Z"), Duration::from_secs(30));
        assert_eq!(at("2026-10-21T08:00:00Z"), Duration::ZERO);
    }

    #[test]
    fn a_reason_is_one_short_line() {
        let Outcome::Refused { reason, .. } =
            outcome(500, &format!("a\u{1b}[31m\n{}", "x".repeat(5_000)))
        else {
            panic!("not refused");
        };
        assert!(reason.chars().count() <= MAX_REASON_CHARS + 1);
        assert!(!reason.contains(char::is_control));
    }
}
