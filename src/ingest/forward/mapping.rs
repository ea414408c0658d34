//! A record in the log data model of OpenTelemetry.

use std::time::{Duration, SystemTime};

use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry::{
    InstrumentationScope, Key, KeyValue, SpanId, TraceFlags, TraceId, Value as OtelValue,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{SdkLogRecord, SdkLogger, SdkLoggerProvider};
use serde_json::{Map, Value};

use crate::fingerprint::fingerprint;
use crate::record::{Level, LogRecord, keys};

/// Attributes that only we set: a client's attribute of the same name is sent
/// as `attributes.NAME` beside it.
const OURS: [&str; 15] = [
    "server_received_at",
    "install.id",
    "session.id",
    "user.id",
    "log.record.uid",
    "screenshot.id",
    "active_run.thread_id",
    "active_run.run_id",
    "breadcrumbs",
    "exception.type",
    "exception.message",
    "exception.stacktrace",
    "error.fingerprint",
    "error.fingerprint.version",
    "message",
];

/// Makes records of OpenTelemetry.
pub(super) struct Mapper {
    /// The SDK gives out records through a logger only.
    logger: SdkLogger,
}

impl Mapper {
    pub(super) fn new() -> Mapper {
        Mapper {
            logger: SdkLoggerProvider::builder().build().logger("soliplex"),
        }
    }

    /// A record and the scope it belongs to.
    pub(super) fn map(
        &self,
        record: &LogRecord,
        received_at: &str,
    ) -> (SdkLogRecord, InstrumentationScope) {
        let mut mapped = self.logger.create_log_record();
        let level = record.level().unwrap_or(Level::Info);
        mapped.set_severity_number(severity(level));
        mapped.set_severity_text(level.severity_text());
        mapped.set_body(AnyValue::from(record.message().into_owned()));
        // The plan wants the client's clock in both; the exporter panics on a
        // record without an observed timestamp, so there is always one.
        let timestamp = record.timestamp().map_or(SystemTime::UNIX_EPOCH, |time| {
            let nanos = time.timestamp_nanos_opt().unwrap_or(0).max(0);
            SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos.unsigned_abs())
        });
        mapped.set_timestamp(timestamp);
        mapped.set_observed_timestamp(timestamp);
        set_trace(&mut mapped, record);
        for (name, value) in attributes(record, received_at) {
            mapped.add_attribute(name, value);
        }
        let scope = InstrumentationScope::builder(record.logger().to_owned()).build();
        (mapped, scope)
    }
}

/// What a client says about itself, as a resource of OpenTelemetry.
pub(super) fn resource(json: Option<&str>) -> Resource {
    let members: Map<String, Value> = json
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    let attributes = members.into_iter().filter_map(|(name, value)| {
        let value = match value {
            Value::Null => return None,
            Value::Bool(flag) => OtelValue::Bool(flag),
            Value::String(text) => OtelValue::String(text.into()),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => OtelValue::I64(integer),
                (None, Some(double)) => OtelValue::F64(double),
                _ => OtelValue::String(number.to_string().into()),
            },
            other => OtelValue::String(other.to_string().into()),
        };
        Some(KeyValue::new(name, value))
    });
    Resource::builder_empty()
        .with_attributes(attributes)
        .build()
}

fn severity(level: Level) -> Severity {
    match level {
        Level::Trace => Severity::Trace,
        Level::Debug => Severity::Debug,
        Level::Info => Severity::Info,
        Level::Warning => Severity::Warn,
        Level::Error => Severity::Error,
        Level::Fatal => Severity::Fatal,
    }
}

fn set_trace(mapped: &mut SdkLogRecord, record: &LogRecord) {
    let trace = record.text(keys::TRACE_ID);
    let trace = trace.and_then(|id| TraceId::from_hex(id).ok());
    let span = record.text(keys::SPAN_ID);
    let span = span.and_then(|id| SpanId::from_hex(id).ok());
    if let Some(trace) = trace.filter(|id| *id != TraceId::INVALID) {
        let span = span.unwrap_or(SpanId::INVALID);
        mapped.set_trace_context(trace, span, Some(TraceFlags::default()));
    }
}

fn attributes(record: &LogRecord, received_at: &str) -> Vec<(Key, AnyValue)> {
    let mut attributes = Vec::new();
    let mut add = |name: &str, value: Option<AnyValue>| {
        if let Some(value) = value {
            attributes.push((Key::from(name.to_owned()), value));
        }
    };
    let text = |text: &str| Some(AnyValue::from(text.to_owned()));
    for (name, value) in record.attributes() {
        match OURS.contains(&name) {
            true => add(&format!("attributes.{name}"), any_value(value)),
            false => add(name, any_value(value)),
        }
    }
    for (name, value) in record.fields() {
        if !is_mapped(name) && !OURS.contains(&name.as_str()) {
            add(name, any_value(value));
        }
    }
    add("server_received_at", text(received_at));
    for (name, key) in [
        ("install.id", keys::INSTALL_ID),
        ("session.id", keys::SESSION_ID),
        ("user.id", keys::USER_ID),
        ("log.record.uid", keys::RECORD_ID),
        ("screenshot.id", keys::SCREENSHOT_ID),
    ] {
        add(name, record.text(key).and_then(text));
    }
    if let Some(run) = record.get(keys::ACTIVE_RUN) {
        add(
            "active_run.thread_id",
            run.get("thread_id").and_then(any_value),
        );
        add("active_run.run_id", run.get("run_id").and_then(any_value));
    }
    add(
        "breadcrumbs",
        record.get(keys::BREADCRUMBS).and_then(any_value),
    );
    if record.level() >= Some(Level::Error) {
        let fingerprint = fingerprint(record);
        if let Some(error) = record.error() {
            let kind = fingerprint.exception_type.as_str();
            let message = error.strip_prefix(kind).unwrap_or(error);
            let message = message.strip_prefix(": ").unwrap_or(error);
            add("exception.message", text(message));
            if !kind.is_empty() {
                add("exception.type", text(kind));
            }
        }
        add("error.fingerprint", text(&fingerprint.hash));
        add("error.fingerprint.version", text(fingerprint.version));
    } else {
        add("exception.message", record.error().and_then(text));
    }
    add("exception.stacktrace", record.stack_trace().and_then(text));
    attributes
}

/// A value with its type; `None` for null. A number that fits neither type
/// keeps its digits as text.
fn any_value(value: &Value) -> Option<AnyValue> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => AnyValue::Boolean(*flag),
        Value::String(text) => AnyValue::from(text.clone()),
        Value::Number(number) => {
            let digits = number.to_string();
            let is_integer = digits.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => AnyValue::Int(integer),
                (None, Some(double)) if !is_integer && double.is_finite() => {
                    AnyValue::Double(double)
                }
                _ => AnyValue::from(digits),
            }
        }
        Value::Array(items) => {
            AnyValue::ListAny(Box::new(items.iter().filter_map(any_value).collect()))
        }
        Value::Object(members) => AnyValue::Map(Box::new(
            members
                .iter()
                .filter_map(|(name, value)| Some((Key::from(name.clone()), any_value(value)?)))
                .collect(),
        )),
    })
}

/// Whether a key is mapped by its meaning; any other becomes an attribute.
fn is_mapped(key: &str) -> bool {
    key == keys::SERVER_RECEIVED_AT || keys::ALL.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(line: &str) -> (SdkLogRecord, InstrumentationScope) {
        let record = LogRecord::parse(line.as_bytes()).unwrap();
        Mapper::new().map(&record, "2026-02-06T12:00:05.000Z")
    }

    fn attribute(record: &SdkLogRecord, name: &str) -> Option<AnyValue> {
        let found = record
            .attributes_iter()
            .find(|(key, _)| key.as_str() == name);
        found.map(|(_, value)| value.clone())
    }

    #[test]
    fn a_record_maps_as_the_contract_says() {
        let (record, scope) = map(
            r#"{"timestamp":"2026-02-06T12:00:00.001Z","level":"error","logger":"Http","message":"m",
            "attributes":{"n":7,"d":1.5,"b":true,"s":"x","l":[1,"a",null],"m":{"k":2},"none":null,
            "big":123456789012345678901234567890,"session.id":"lie"},
            "error":"SocketException: refused","stackTrace":"s","installId":"i","sessionId":"s1",
            "userId":"u","recordId":"r","traceId":"0af7651916cd43dd8448eb211c80319c",
            "spanId":"b7ad6b7169203331","custom":1}"#,
        );
        assert_eq!(scope.name(), "Http");
        assert_eq!(record.severity_text(), Some("ERROR"));
        assert_eq!(record.severity_number(), Some(Severity::Error));
        assert_eq!(record.timestamp(), record.observed_timestamp());
        assert_eq!(record.body(), Some(&AnyValue::from("m")));
        let is = |name: &str, value: AnyValue| {
            assert_eq!(attribute(&record, name), Some(value), "{name}");
        };
        is("n", AnyValue::Int(7));
        is("d", AnyValue::Double(1.5));
        is("b", AnyValue::Boolean(true));
        is(
            "l",
            AnyValue::ListAny(Box::new(vec![AnyValue::Int(1), AnyValue::from("a")])),
        );
        is("big", AnyValue::from("123456789012345678901234567890"));
        is("session.id", AnyValue::from("s1"));
        is("attributes.session.id", AnyValue::from("lie"));
        is("install.id", AnyValue::from("i"));
        is("user.id", AnyValue::from("u"));
        is("exception.type", AnyValue::from("SocketException"));
        is("exception.message", AnyValue::from("refused"));
        is("exception.stacktrace", AnyValue::from("s"));
        is(
            "server_received_at",
            AnyValue::from("2026-02-06T12:00:05.000Z"),
        );
        is("custom", AnyValue::Int(1));
        assert_eq!(attribute(&record, "none"), None);
        assert!(attribute(&record, "error.fingerprint").is_some());
        let trace = record.trace_context().unwrap();
        assert_eq!(trace.span_id.to_string(), "b7ad6b7169203331");
    }

    #[test]
    fn ids_that_are_no_ids_are_never_made_up() {
        let (record, _) = map(
            r#"{"timestamp":"1899-01-01T00:00:00Z","level":"info","logger":"","message":"m","traceId":"zz","spanId":"1"}"#,
        );
        assert!(record.trace_context().is_none());
        assert_eq!(record.observed_timestamp(), Some(SystemTime::UNIX_EPOCH));
    }

    #[test]
    fn a_resource_is_what_the_client_said_and_nothing_else() {
        let resource = resource(Some(r#"{"service.name":"app","n":1,"x":null,"o":{"a":1}}"#));
        assert_eq!(resource.len(), 3);
        assert_eq!(
            resource.get(&Key::from("service.name")),
            Some(OtelValue::from("app"))
        );
        assert!(super::resource(None).is_empty());
    }
}
