//! Following the stream: what live readers are shown, and how far it goes.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::pull::OrderedConfig;
use futures_util::StreamExt;

use super::engine::Engine;
use super::{Shared, failed, reading};
use crate::fleet::{Message, end_of};
use crate::ingest::store::StoreError;

/// How long the stream may be silent before it is asked whether it is, which
/// also is how soon a consumer that died is noticed.
const SILENCE: Duration = Duration::from_secs(1);

/// How long to wait before a broken consumer is made anew.
const PAUSE: Duration = Duration::from_millis(100);

/// Learns how far the stream goes, before anything is read of it.
pub(super) async fn find_head(shared: &Shared, engine: &Engine) -> Result<(), StoreError> {
    let (_, last) = engine.bounds().await?;
    shared.ring().start_behind(last);
    shared.raise_head(end_of(last));
    Ok(())
}

/// Follows the stream for good.
pub(super) async fn follow(shared: Arc<Shared>, engine: Arc<Engine>) {
    loop {
        if let Err(error) = follow_once(&shared, &engine).await {
            tracing::debug!(%error, "following the stream anew");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Follows the stream until something breaks.
async fn follow_once(shared: &Shared, engine: &Engine) -> Result<(), StoreError> {
    let failed = |error: &dyn std::fmt::Display| failed("JetStream", &error);
    let next = shared.ring().last() + 1;
    let config = OrderedConfig {
        deliver_policy: reading::from(next),
        ..OrderedConfig::default()
    };
    let consumer = engine.logs.create_consumer(config).await;
    let consumer = consumer.map_err(|error| failed(&error))?;
    let mut messages = consumer.messages().await.map_err(|error| failed(&error))?;
    let mut expected = 0;
    loop {
        let Ok(next) = tokio::time::timeout(SILENCE, messages.next()).await else {
            let (_, last) = engine.bounds().await?;
            let seen = shared.ring().last();
            if expected > seen {
                return Err(StoreError::Failed("a consumer fell silent".to_owned()));
            }
            expected = last;
            continue;
        };
        let Some(message) = next else {
            return Ok(());
        };
        let message = message.map_err(|error| failed(&error))?;
        let sequence = message
            .info()
            .map_err(|error| failed(&error))?
            .stream_sequence;
        if sequence <= shared.ring().last() {
            // A consumer that was made anew may begin earlier than it should.
            continue;
        }
        let content = Message::read(message.headers.as_ref(), &message.payload);
        let content = content
            .inspect_err(|error| tracing::warn!(%error, message = sequence, "passed over"))
            .ok();
        shared.ring().push(sequence, content);
        shared.raise_head(end_of(sequence));
    }
}
