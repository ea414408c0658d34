//! Events of `tracing` as records.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::LogManager;
use crate::record::{Level, LogRecord, keys};

/// Turns the events of a program that uses `tracing` into records: the target
/// is the logger, the fields are attributes, those of the spans around it
/// included (the innermost wins), and `error` is the error.
#[derive(Debug)]
pub struct TracingLayer {
    manager: LogManager,
}

impl TracingLayer {
    /// A layer that logs through `manager`.
    pub fn new(manager: LogManager) -> TracingLayer {
        TracingLayer { manager }
    }
}

/// The fields of a span, kept with it.
struct SpanFields(Map<String, Value>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for TracingLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(SpanFields(fields.0));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(SpanFields(known)) = span.extensions_mut().get_mut::<SpanFields>()
        {
            let mut fields = Fields::default();
            values.record(&mut fields);
            known.extend(fields.0);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let level = level_of(*metadata.level());
        if !self.manager.logger(metadata.target()).is_enabled(level) {
            return;
        }
        let mut attributes = Map::new();
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(SpanFields(fields)) = span.extensions().get::<SpanFields>() {
                attributes.extend(fields.clone());
            }
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        attributes.extend(fields.0);
        self.manager
            .emit(record(level, metadata.target(), attributes));
    }
}

fn record(level: Level, logger: &str, mut attributes: Map<String, Value>) -> LogRecord {
    let message = attributes
        .shift_remove("message")
        .map(into_text)
        .unwrap_or_default();
    let error = attributes.shift_remove("error").map(into_text);
    let mut record = LogRecord::new(level, logger, &message);
    if !attributes.is_empty() {
        record.set(keys::ATTRIBUTES, attributes);
    }
    if let Some(error) = error {
        record.set(keys::ERROR, error);
    }
    record
}

fn into_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn level_of(level: tracing::Level) -> Level {
    match level {
        tracing::Level::TRACE => Level::Trace,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::INFO => Level::Info,
        tracing::Level::WARN => Level::Warning,
        tracing::Level::ERROR => Level::Error,
    }
}

/// Collects fields with their types.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, value.to_string());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::logger::MemorySink;

    #[test]
    fn an_event_becomes_a_record_with_the_fields_of_its_spans() {
        let memory = Arc::new(MemorySink::default());
        let manager = LogManager::builder()
            .min_level(Level::Info)
            .sink(memory.clone())
            .build();
        let subscriber = tracing_subscriber::registry().with(TracingLayer::new(manager));
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("request", id = 7, path = "/a");
            let _entered = span.enter();
            tracing::warn!(target: "app::http", path = "/b", slow = true, error = "timeout", "took {} s", 3);
            tracing::debug!("not wanted");
        });
        let records = memory.snapshot();
        assert_eq!(records.len(), 1);
        let record = &records[0];
        assert_eq!(record.message(), "took 3 s");
        assert_eq!(record.level(), Some(Level::Warning));
        assert_eq!(record.logger(), "app::http");
        assert_eq!(record.error(), Some("timeout"));
        let attributes: Vec<_> = record
            .attributes()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        assert_eq!(attributes, ["id=7", "path=\"/b\"", "slow=true"]);
    }

    #[test]
    fn what_a_span_learns_later_and_every_type_of_field_come_along() {
        let memory = Arc::new(MemorySink::default());
        let manager = LogManager::builder().sink(memory.clone()).build();
        let subscriber = tracing_subscriber::registry().with(TracingLayer::new(manager));
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("request", user = "u-1", status = tracing::field::Empty);
            let _entered = span.enter();
            span.record("status", 503);
            let cause = std::io::Error::other("reset by peer");
            let cause: &dyn std::error::Error = &cause;
            tracing::error!(error = cause, bytes = u64::MAX, ratio = 0.25, "broke off");
        });
        let record = &memory.snapshot()[0];
        assert_eq!(record.level(), Some(Level::Error));
        assert_eq!(record.error(), Some("reset by peer"));
        let attributes: Vec<_> = record
            .attributes()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        let max = format!("bytes={}", u64::MAX);
        assert_eq!(
            attributes,
            ["user=\"u-1\"", "status=503", &max, "ratio=0.25"]
        );
    }

    #[test]
    fn each_level_keeps_its_place() {
        let memory = Arc::new(MemorySink::default());
        let manager = LogManager::builder().sink(memory.clone()).build();
        let subscriber = tracing_subscriber::registry().with(TracingLayer::new(manager));
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!("0");
            tracing::debug!("1");
            tracing::info!("2");
            tracing::warn!("3");
            tracing::error!("4");
        });
        let levels: Vec<_> = memory.snapshot().iter().map(|one| one.level()).collect();
        let expected = &Level::ALL[..5];
        assert_eq!(
            levels,
            expected.iter().copied().map(Some).collect::<Vec<_>>()
        );
    }
}
