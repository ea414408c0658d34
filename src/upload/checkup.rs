//! What may keep an upload from working, found before it is tried.
//!
//! The findings are pure functions of what was read; nothing of a token ever
//! stands in them but its times and the names it was made out to.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;

use super::reply::{self, Outcome, interpret};
use super::token::Token;
use super::transport::{Reply, TransportError};

/// The deployed backend checks the times in a token without any leeway, so
/// that a clock that is off by this much may already cost an opaque 401.
const NO_LEEWAY: TimeDelta = TimeDelta::seconds(1);

/// A clock that is off by more than this misleads whoever reads timestamps.
const MISLEADING: TimeDelta = TimeDelta::seconds(60);

/// A token that ends sooner than this deserves a warning.
const SOON: TimeDelta = TimeDelta::minutes(5);

/// What was looked at, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, in one or two words.
    pub check: &'static str,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found.
    pub says: String,
    /// What to do about it; empty if nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next: String,
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing to do.
    Ok,
    /// It works, but may not for long, or not as one would think.
    Warning,
    /// An upload would not work.
    Problem,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Problem => "problem",
        })
    }
}

impl Finding {
    /// Nothing to do.
    pub fn ok(check: &'static str, says: impl Into<String>) -> Finding {
        Finding::new(check, Verdict::Ok, says, "")
    }

    /// Worth knowing, and what to do.
    pub fn warning(check: &'static str, says: impl Into<String>, next: &str) -> Finding {
        Finding::new(check, Verdict::Warning, says, next)
    }

    /// In the way, and what to do.
    pub fn problem(check: &'static str, says: impl Into<String>, next: &str) -> Finding {
        Finding::new(check, Verdict::Problem, says, next)
    }

    fn new(check: &'static str, verdict: Verdict, says: impl Into<String>, next: &str) -> Finding {
        Finding {
            check,
            verdict,
            says: says.into(),
            next: next.to_owned(),
        }
    }
}

/// Whom the server expects a token to be from and for, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The `iss` claim.
    pub issuer: Option<String>,
    /// One of the `aud` claim.
    pub audience: Option<String>,
}

/// What a token says about itself, as of the server's clock, beside what the
/// server expects.
pub fn check_token(token: &Token, expected: &Expected, now: DateTime<Utc>) -> Vec<Finding> {
    let Some(claims) = claims(token) else {
        return vec![Finding::warning(
            "token",
            "it is no JSON web token, so nothing can be said about it",
            "make sure that the server takes tokens of this kind",
        )];
    };
    let mut findings = vec![expiry(&claims, now)];
    if let Some(start) = instant(&claims["nbf"]).filter(|start| *start > now) {
        findings.push(Finding::problem(
            "token",
            format!("`nbf`: it is not valid before {start}"),
            "wait, or set the clock right",
        ));
    }
    if let Some(made) = instant(&claims["iat"]).filter(|made| *made > now + NO_LEEWAY) {
        findings.push(Finding::warning(
            "token",
            format!("`iat`: it was made at {made}, which is in the future"),
            "set the clock right; a backend without leeway answers 401",
        ));
    }
    for (claim, what, expected) in [
        ("iss", "issuer", expected.issuer.as_deref()),
        ("aud", "audience", expected.audience.as_deref()),
        ("sub", "subject", None),
    ] {
        findings.extend(name(&claims, claim, what, expected));
    }
    findings
}

/// Whom a token is from or for, and whether that is who it should be.
fn name(claims: &Value, claim: &str, what: &str, expected: Option<&str>) -> Option<Finding> {
    let value = &claims[claim];
    let says = match value {
        Value::Null => format!("`{claim}`: it names no {what}"),
        Value::String(text) => format!("`{claim}`: the {what} is {text}"),
        other => format!("`{claim}`: the {what} is {other}"),
    };
    let names: Vec<&str> = match value {
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    match expected {
        Some(expected) if !names.contains(&expected) => Some(Finding::warning(
            "token",
            format!("{says}; the server expects {expected}"),
            "get a token that was made for this server, or correct what is expected",
        )),
        None if value.is_null() => None,
        _ => Some(Finding::ok("token", says)),
    }
}

fn expiry(claims: &Value, now: DateTime<Utc>) -> Finding {
    let renew = "sign in again, or have the token renewed";
    match instant(&claims["exp"]) {
        Some(end) if end <= now => {
            Finding::problem("token", format!("`exp`: it expired at {end}"), renew)
        }
        Some(end) if end - now < SOON => {
            Finding::warning("token", format!("`exp`: it expires at {end}"), renew)
        }
        Some(end) => Finding::ok("token", format!("`exp`: it is valid until {end}")),
        None => Finding::problem(
            "token",
            "`exp`: it says nothing usable about its end",
            renew,
        ),
    }
}

/// The payload of a JSON web token, unverified.
fn claims(token: &Token) -> Option<Value> {
    let mut parts = token.expose().split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let json = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&json).ok().filter(Value::is_object)
}

/// Seconds since 1970, with or without a fraction.
fn instant(claim: &Value) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(claim.as_f64()? as i64, 0)
}

/// How far the server's clock is ahead of ours, from the `Date` of an answer
/// that came at `now`. To the second, as that is how `Date` is written.
pub fn clock_skew(reply: &Reply, now: DateTime<Utc>) -> Option<TimeDelta> {
    let date = DateTime::parse_from_rfc2822(reply.date.as_deref()?).ok()?;
    Some(date.with_timezone(&Utc) - now)
}

/// What a difference between the clocks means.
pub fn check_clock(skew: Option<TimeDelta>) -> Finding {
    let Some(skew) = skew else {
        return Finding::warning(
            "clock",
            "the server does not tell its time",
            "compare the clocks by hand if a token is refused",
        );
    };
    let seconds = skew.num_seconds();
    let says = format!("the server's clock is {seconds:+} s from ours");
    if skew.abs() > MISLEADING {
        Finding::warning(
            "clock",
            says,
            "set the clock right; timestamps will mislead",
        )
    } else if skew.abs() > NO_LEEWAY + TimeDelta::seconds(1) {
        Finding::warning(
            "clock",
            says,
            "set the clock right; a backend without leeway answers 401",
        )
    } else {
        Finding::ok("clock", says)
    }
}

/// What the answer to a request without records means.
pub fn check_endpoint(result: &Result<Reply, TransportError>) -> Finding {
    const PATH: &str = "check the path; it should be like /api/v1/logs";
    let reply = match result {
        Ok(reply) => reply,
        Err(error) => {
            return Finding::problem(
                "endpoint",
                error.to_string(),
                "check the address, the network and the certificate",
            );
        }
    };
    let status = reply.status;
    // An upload would take an answer of this kind for none.
    if let (200..300, Outcome::Unclear { reason, .. }) = (status, interpret(result.clone(), 0)) {
        return Finding::problem(
            "endpoint",
            format!("it answers {status}, but {reason}"),
            PATH,
        );
    }
    let mut says = format!("it answers {status} to a request without records");
    let reason = reply::words(reply);
    if !(200..300).contains(&status) && !reason.is_empty() {
        says.push_str(&format!(" ({reason})"));
    }
    match status {
        200..=299 | 400 | 413 | 422 => Finding::ok("endpoint", says),
        300..=399 => Finding::problem(
            "endpoint",
            format!(
                "it redirects to {}",
                reply.location.as_deref().unwrap_or("nowhere")
            ),
            "name the endpoint itself; redirects are not followed",
        ),
        401 | 403 => Finding::problem(
            "endpoint",
            says,
            "it wants another token; see below what is said of the token",
        ),
        429 | 500.. => Finding::warning("endpoint", says, "uploads wait until it recovers"),
        _ => Finding::problem("endpoint", says, PATH),
    }
}

/// What the answer of a route means that a server may offer besides.
pub fn check_route(path: &str, result: &Result<Reply, TransportError>) -> Finding {
    let says = |what: String| format!("{path} {what}");
    match result.as_ref().map(|reply| reply.status) {
        Ok(status @ 200..=299) => Finding::ok("route", says(format!("answers {status}"))),
        Ok(404) => Finding::ok(
            "route",
            says("is not offered, which harms nothing".to_owned()),
        ),
        Ok(405) => Finding::ok(
            "route",
            says("is there, for another method than GET".to_owned()),
        ),
        Ok(status @ (401 | 403)) => Finding::warning(
            "route",
            says(format!("answers {status}")),
            "it wants another token; uploads go on without it",
        ),
        Ok(status) => Finding::warning(
            "route",
            says(format!("answers {status}")),
            "look at the server's log",
        ),
        Err(error) => Finding::warning(
            "route",
            says(format!("fails: {error}")),
            "look at the server's log",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::Body;

    fn now() -> DateTime<Utc> {
        "2026-02-06T12:00:00Z".parse().unwrap()
    }

    /// A token with these claims; its signature is none.
    fn token(claims: &str) -> Token {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        Token::parse(&format!(
            "{}.{}.x",
            part(r#"{"alg":"RS256"}"#),
            part(claims)
        ))
        .unwrap()
    }

    fn verdicts(claims: &str) -> Vec<Verdict> {
        check_token(&token(claims), &Expected::default(), now())
            .iter()
            .map(|finding| finding.verdict)
            .collect()
    }

    #[test]
    fn a_token_is_judged_by_its_times() {
        let now = now().timestamp();
        assert_eq!(
            verdicts(&format!(r#"{{"exp":{}}}"#, now + 3_600)),
            [Verdict::Ok]
        );
        assert_eq!(
            verdicts(&format!(r#"{{"exp":{}.5}}"#, now + 60)),
            [Verdict::Warning]
        );
        assert_eq!(verdicts(&format!(r#"{{"exp":{now}}}"#)), [Verdict::Problem]);
        assert_eq!(verdicts("{}"), [Verdict::Problem]);
        assert_eq!(verdicts(r#"{"exp":"tomorrow"}"#), [Verdict::Problem]);
        let early = format!(
            r#"{{"exp":{},"nbf":{},"iat":{}}}"#,
            now + 3_600,
            now + 9,
            now + 9
        );
        assert_eq!(
            verdicts(&early),
            [Verdict::Ok, Verdict::Problem, Verdict::Warning]
        );
    }

    #[test]
    fn what_a_token_is_made_out_to_is_told_and_the_token_is_not() {
        let token = token(r#"{"exp":99999999999,"iss":"https://id.example","aud":["logs"]}"#);
        let text = format!("{:?}", check_token(&token, &Expected::default(), now()));
        assert!(text.contains("https://id.example") && text.contains("logs"));
        assert!(!text.contains(token.expose()));
    }

    #[test]
    fn a_token_for_another_server_or_from_another_issuer_is_worth_a_warning() {
        let found = |claims: &str| {
            let expected = Expected {
                issuer: Some("https://id.example".to_owned()),
                audience: Some("logs".to_owned()),
            };
            check_token(&token(claims), &expected, now())[1..].to_vec()
        };
        let good = r#"{"exp":99999999999,"iss":"https://id.example","aud":["app","logs"]}"#;
        assert!(found(good).iter().all(|found| found.verdict == Verdict::Ok));
        let other = found(r#"{"exp":99999999999,"iss":"https://id.example/","aud":"logs2"}"#);
        assert_eq!(other.len(), 2);
        for (found, says) in other.iter().zip(["https://id.example", "logs"]) {
            assert_eq!(found.verdict, Verdict::Warning);
            assert!(found.says.ends_with(&format!("expects {says}")) && !found.next.is_empty());
        }
        let none = found(r#"{"exp":99999999999}"#);
        assert!(none[1].says.contains("names no audience"), "{none:?}");
    }

    #[test]
    fn an_opaque_token_is_only_worth_a_warning() {
        let opaque = Token::parse("opaque-value").unwrap();
        assert_eq!(
            check_token(&opaque, &Expected::default(), now())[0].verdict,
            Verdict::Warning
        );
    }

    #[test]
    fn the_clock_is_measured_by_the_date_of_an_answer() {
        let reply = |date: &str| Reply {
            date: Some(date.to_owned()),
            ..Reply::empty(200)
        };
        let skew = |date: &str| clock_skew(&reply(date), now());
        let verdict = |date: &str| check_clock(skew(date)).verdict;
        assert_eq!(
            skew("Fri, 06 Feb 2026 12:00:20 GMT").unwrap().num_seconds(),
            20
        );
        assert_eq!(verdict("Fri, 06 Feb 2026 12:00:01 GMT"), Verdict::Ok);
        assert_eq!(verdict("Fri, 06 Feb 2026 11:59:40 GMT"), Verdict::Warning);
        assert_eq!(verdict("junk"), Verdict::Warning);
    }

    #[test]
    fn a_route_that_is_not_offered_is_no_fault() {
        let verdict = |status| check_route("/healthz", &Ok(Reply::empty(status))).verdict;
        assert_eq!([200, 204, 404].map(verdict), [Verdict::Ok; 3]);
        assert_eq!([302, 401, 503].map(verdict), [Verdict::Warning; 3]);
    }

    #[test]
    fn an_answer_to_nothing_tells_whether_the_endpoint_is_there() {
        let verdict = |status| check_endpoint(&Ok(Reply::empty(status))).verdict;
        let good = [200, 204, 400, 422].map(verdict);
        assert!(good.iter().all(|verdict| *verdict == Verdict::Ok));
        let bad = [301, 401, 403, 404, 405].map(verdict);
        assert!(bad.iter().all(|verdict| *verdict == Verdict::Problem));
        assert_eq!(verdict(503), Verdict::Warning);
        for page in ["<html>Sign in</html>", "{\"accepted\":1}", "{\"accepted\""] {
            let reply = Reply {
                body: Body::Whole(page.into()),
                ..Reply::empty(200)
            };
            let found = check_endpoint(&Ok(reply));
            assert_eq!(found.verdict, Verdict::Problem, "{page}");
        }
        let unreachable = Err(TransportError::Connect("refused".to_owned()));
        assert_eq!(check_endpoint(&unreachable).verdict, Verdict::Problem);
    }
}
