//! Messages out of the stream, as its leader has them.
//!
//! Only the leader is asked: another of JetStream's servers may not know yet
//! what was confirmed a moment ago.

use std::ops::ControlFlow;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{RawMessageError, RawMessageErrorKind, Stream};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;

use super::failed;
use crate::fleet::{Message, Meta};
use crate::ingest::store::StoreError;

/// How long the next message of a consumer may take.
const NEXT_TIMEOUT: Duration = Duration::from_secs(2);

/// A message by its number; `None` if it was removed or is no batch.
pub(super) async fn get(stream: &Stream, message: u64) -> Result<Option<Message>, StoreError> {
    let found = found(stream.get_raw_message(message).await)?;
    Ok(found.and_then(|found| content(&found)))
}

/// The last message of a subject, and its number.
pub(super) async fn last_of(
    stream: &Stream,
    subject: &str,
) -> Result<Option<(u64, Message)>, StoreError> {
    let last = stream.get_last_raw_message_by_subject(subject).await;
    let last = found(last)?;
    Ok(last.and_then(|found| Some((found.sequence, content(&found)?))))
}

/// The next message of some subjects from a number on, and its number.
pub(super) async fn next_of(
    stream: &Stream,
    subjects: &str,
    from: u64,
) -> Result<Option<(u64, Option<Message>)>, StoreError> {
    let next = stream
        .raw_message_builder()
        .sequence(from.max(1))
        .next_by_subject(subjects)
        .send()
        .await;
    Ok(found(next)?.map(|found| (found.sequence, content(&found))))
}

/// The numbers of all messages of a subject, and what their headers say.
pub(super) async fn headers(
    stream: &Stream,
    subject: &str,
) -> Result<Vec<(u64, Meta)>, StoreError> {
    let mut headers = Vec::new();
    let config = OrderedConfig {
        filter_subject: subject.to_owned(),
        headers_only: true,
        ..OrderedConfig::default()
    };
    each(stream, config, |sequence, message| {
        if let Ok(content) = Message::read(message.headers.as_ref(), &message.payload) {
            headers.push((sequence, content.meta));
        }
        ControlFlow::Continue(())
    })
    .await?;
    Ok(headers)
}

/// Visits every message that a consumer would be given and that is there now.
pub(super) async fn each(
    stream: &Stream,
    config: OrderedConfig,
    mut visit: impl FnMut(u64, jetstream::Message) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let failed = |error: &dyn std::fmt::Display| failed("JetStream", &error);
    let consumer = stream.create_consumer(config).await;
    let consumer = consumer.map_err(|error| failed(&error))?;
    if consumer.cached_info().num_pending == 0 {
        return Ok(());
    }
    let mut messages = consumer.messages().await.map_err(|error| failed(&error))?;
    loop {
        let next = tokio::time::timeout(NEXT_TIMEOUT, messages.next()).await;
        let Some(message) = next.map_err(|error| failed(&error))? else {
            return Ok(());
        };
        let message = message.map_err(|error| failed(&error))?;
        let info = message.info().map_err(|error| failed(&error))?;
        let (sequence, pending) = (info.stream_sequence, info.pending);
        if visit(sequence, message).is_break() || pending == 0 {
            return Ok(());
        }
    }
}

/// The first message that was stored at an instant or later; `None` if there
/// is none yet.
pub(super) async fn first_since(
    stream: &Stream,
    start_time: DateTime<Utc>,
) -> Result<Option<u64>, StoreError> {
    let config = OrderedConfig {
        deliver_policy: DeliverPolicy::ByStartTime { start_time },
        headers_only: true,
        ..OrderedConfig::default()
    };
    let mut first = None;
    each(stream, config, |message, _| {
        first = Some(message);
        ControlFlow::Break(())
    })
    .await?;
    Ok(first)
}

/// From where on a consumer is given messages.
pub(super) fn from(message: u64) -> DeliverPolicy {
    DeliverPolicy::ByStartSequence {
        start_sequence: message.max(1),
    }
}

fn found(
    answer: Result<StreamMessage, RawMessageError>,
) -> Result<Option<StreamMessage>, StoreError> {
    match answer {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(failed("JetStream", &error)),
    }
}

fn content(message: &StreamMessage) -> Option<Message> {
    let content = Message::read(Some(&message.headers), &message.payload);
    content
        .inspect_err(|error| tracing::warn!(%error, message = message.sequence, "passed over"))
        .ok()
}
