//! Where records are forwarded to, and who is shown which token.

use std::time::Duration;

use anyhow::Context as _;

use super::in_file_or_here;
use crate::cli::ingest::{ForwardWhen, ServeArgs};
use crate::error::Error;
use crate::ingest::ForwardOptions;
use crate::ingest::auth::Secret;
use crate::output::Printer;

/// The variables that name a collector, the first outranks the second.
const OTLP_VARIABLES: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];

/// The variables that say how to speak to it, the first outranks the second.
const OTLP_PROTOCOL_VARIABLES: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
];

/// The variables that say how many milliseconds it may take, the first outranks
/// the second.
const OTLP_TIMEOUT_VARIABLES: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
];

/// The variable with Logfire's write token, and the one that says where a
/// Logfire of one's own is.
const LOGFIRE_TOKEN: &str = "LOGFIRE_TOKEN";
const LOGFIRE_BASE_URL: &str = "LOGFIRE_BASE_URL";

/// The domain of Logfire's hosts.
const LOGFIRE_DOMAIN: &str = "pydantic.dev";

/// Where to forward to: what the flags say, else what the variables of
/// OpenTelemetry say, else Logfire if there is a token for it.
///
/// The token is sent to Logfire, to a Logfire of one's own, and to a collector
/// on this machine; to no other host, since whoever has it may write.
pub(super) fn options(
    args: &ServeArgs,
    printer: &mut Printer,
) -> anyhow::Result<Option<ForwardOptions>> {
    let mut headers = Vec::new();
    for (name, value) in &args.otlp_headers {
        headers.push((name.to_ascii_lowercase(), in_file_or_here(value)?));
    }
    let of_variable = OTLP_VARIABLES.into_iter().find_map(variable);
    let mut endpoint = args.otlp_endpoint.clone();
    if let Some(token) = variable(LOGFIRE_TOKEN) {
        let own = variable(LOGFIRE_BASE_URL);
        let named = endpoint.clone().or(of_variable.clone());
        let place = named.unwrap_or_else(|| own.clone().unwrap_or_else(|| region(&token)));
        let is_needed = !headers.iter().any(|(name, _)| name == "authorization");
        match is_trusted(&place, own.as_deref())? {
            true if is_needed => headers.push(("authorization".to_owned(), Secret::new(&token))),
            false if is_needed => printer.warn(format_args!(
                "{LOGFIRE_TOKEN} is not sent to {}, which is not Logfire's; for a Logfire of your own set {LOGFIRE_BASE_URL}, else use --otlp-header authorization=@FILE",
                host(&place)?
            )),
            _ => {}
        }
        if endpoint.is_none() && of_variable.is_none() {
            endpoint = Some(place);
        }
    }
    if endpoint.is_none() && of_variable.is_none() {
        return Ok(None);
    }
    Ok(Some(ForwardOptions {
        endpoint,
        headers,
        json: is_json()?,
        sync: args.forward == ForwardWhen::Sync,
        max_backlog: args.max_backlog,
        timeout: timeout()?,
    }))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether the token for Logfire may be sent to a collector.
fn is_trusted(collector: &str, own: Option<&str>) -> anyhow::Result<bool> {
    let host = host(collector)?;
    let is_loopback = host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    let is_logfire = host
        .strip_suffix(LOGFIRE_DOMAIN)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let is_own = match own {
        Some(own) => self::host(own)? == host,
        None => false,
    };
    Ok(is_loopback || is_logfire || is_own)
}

/// The host of a URL, in lower case.
fn host(url: &str) -> anyhow::Result<String> {
    let parsed = reqwest::Url::parse(url).with_context(|| {
        format!("{url} is no URL of a collector, such as http://localhost:4318")
    })?;
    Ok(parsed.host_str().unwrap_or_default().to_owned())
}

/// The region of Logfire that a write token names: `pylf_v1_REGION_…`.
fn region(token: &str) -> String {
    let region = token
        .split('_')
        .nth(2)
        .filter(|_| token.starts_with("pylf_v"));
    match region {
        Some("eu") => format!("https://logfire-eu.{LOGFIRE_DOMAIN}"),
        _ => format!("https://logfire-us.{LOGFIRE_DOMAIN}"),
    }
}

/// Whether OpenTelemetry's variables ask for JSON instead of protobuf.
fn is_json() -> anyhow::Result<bool> {
    for name in OTLP_PROTOCOL_VARIABLES {
        return match variable(name).as_deref() {
            None => continue,
            Some("http/json") => Ok(true),
            Some("http/protobuf") => Ok(false),
            Some(other) => Err(Error::usage(format!(
                "{name} is {other}; only http/protobuf and http/json are spoken"
            ))
            .into()),
        };
    }
    Ok(false)
}

/// How long the collector may take, by OpenTelemetry's variables or its default.
fn timeout() -> anyhow::Result<Duration> {
    for name in OTLP_TIMEOUT_VARIABLES {
        let Some(value) = variable(name) else {
            continue;
        };
        let milliseconds = value.parse().ok().filter(|milliseconds| *milliseconds > 0);
        return milliseconds.map(Duration::from_millis).ok_or_else(|| {
            let message = format!("{name} is {value}; it should be a number of milliseconds");
            Error::usage(message).into()
        });
    }
    Ok(ForwardOptions::default().timeout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_logfire_this_machine_and_where_it_was_said_to() {
        let own = Some("https://logs.example.org/x");
        for trusted in [
            &*region("pylf_v1_eu_x"),
            "https://api.pydantic.dev",
            "http://127.0.0.1:4318",
            "http://LOCALHOST:4318/v1",
            "http://[::1]:4318",
            "https://logs.example.org",
        ] {
            assert!(is_trusted(trusted, own).unwrap(), "{trusted}");
        }
        for other in [
            "https://collector.example.org",
            "https://pydantic.dev.example.org",
            "https://notpydantic.dev",
            "https://pydantic.dev@example.org",
            "http://10.0.0.1:4318",
        ] {
            assert!(!is_trusted(other, own).unwrap(), "{other}");
        }
        assert!(is_trusted("nonsense", None).is_err());
    }
}
