//! Handing out batches to be forwarded: JetStream's durable consumer gives
//! each to one server of the fleet, and to another one if that one falls
//! silent.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::{self, AckKind};
use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::future::try_join_all;

use super::engine::Engine;
use super::ring::stored;
use super::{Shared, failed};
use crate::fleet::{self, Message, end_of};
use crate::ingest::store::{Claims, Seq, StoreError, StoredBatch};

/// How long a server may say nothing of a batch before another one gets it.
const ACK_WAIT: Duration = Duration::from_secs(6);

/// How many batches may be on their way at a time, on all servers together.
const MAX_ACK_PENDING: i64 = 4096;

/// How long to wait for a batch when there is none.
const IDLE: Duration = Duration::from_millis(500);

/// How long JetStream may take to note that batches were forwarded.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(2);

/// One server's share of the batches to be forwarded.
pub(super) struct NatsClaims {
    shared: Arc<Shared>,
    held: Vec<jetstream::Message>,
}

impl NatsClaims {
    pub(super) fn new(shared: Arc<Shared>) -> NatsClaims {
        NatsClaims {
            shared,
            held: Vec::new(),
        }
    }

    async fn answer_all(&mut self, kind: AckKind) -> Result<(), StoreError> {
        for message in &self.held {
            let answered = message.ack_with(kind).await;
            answered.map_err(|error| failed("JetStream", &error))?;
        }
        Ok(())
    }
}

#[async_trait]
impl Claims for NatsClaims {
    async fn claim(&mut self, batches: usize) -> Result<Vec<Arc<StoredBatch>>, StoreError> {
        self.held.clear();
        let mut head = self.shared.head.subscribe();
        head.mark_unchanged();
        let consumer = consumer(&*self.shared.engine()?).await?;
        let fetched = consumer.fetch().max_messages(batches).messages().await;
        let mut fetched = fetched.map_err(|error| failed("JetStream", &error))?;
        let mut claimed = Vec::new();
        while let Some(message) = fetched.next().await {
            let message = message.map_err(|error| failed("JetStream", &error))?;
            let number = message.info().map(|info| info.stream_sequence);
            let content = Message::read(message.headers.as_ref(), &message.payload);
            if let (Ok(number), Ok(content)) = (number, content) {
                claimed.extend(stored(number, &content));
            }
            self.held.push(message);
        }
        if self.held.is_empty() {
            let _ = tokio::time::timeout(IDLE, head.changed()).await;
        } else if claimed.is_empty() {
            // Nothing of them can be read, now or later.
            self.confirm().await?;
        }
        Ok(claimed)
    }

    async fn keep(&mut self) -> Result<(), StoreError> {
        self.answer_all(AckKind::Progress).await
    }

    async fn confirm(&mut self) -> Result<(), StoreError> {
        let confirmed = self.held.iter().map(jetstream::Message::double_ack);
        let confirmed = tokio::time::timeout(CONFIRM_TIMEOUT, try_join_all(confirmed)).await;
        self.held.clear();
        confirmed
            .map_err(|error| failed("JetStream", &error))?
            .map(drop)
            .map_err(|error| failed("JetStream", &error))
    }

    async fn release(&mut self) -> Result<(), StoreError> {
        let released = self.answer_all(AckKind::Nak(None)).await;
        self.held.clear();
        released
    }

    async fn confirmed(&mut self) -> Result<Seq, StoreError> {
        let engine = self.shared.engine()?;
        let info = consumer(&engine).await?.get_info().await;
        let info = info.map_err(|error| failed("JetStream", &error))?;
        Ok(match (info.num_pending, info.num_ack_pending) {
            // What retention took is not waited for.
            (0, 0) => {
                end_of(info.ack_floor.stream_sequence).max(end_of(info.delivered.stream_sequence))
            }
            _ => end_of(info.ack_floor.stream_sequence),
        })
    }
}

/// The consumer that all servers share.
async fn consumer(engine: &Engine) -> Result<PullConsumer, StoreError> {
    let config = pull::Config {
        durable_name: Some(fleet::FORWARD.to_owned()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_ack_pending: MAX_ACK_PENDING,
        ..pull::Config::default()
    };
    let consumer = engine
        .logs
        .get_or_create_consumer(fleet::FORWARD, config)
        .await;
    consumer.map_err(|error| failed("JetStream", &error))
}
