//! Errors counted by fingerprint, hour by hour, on one server at a time.
//!
//! Whoever holds the [`lease`] follows the stream from where the last one
//! stopped, some messages at a time. Each counted entry says up to which
//! message it is complete, and is written by compare-and-set. So a message
//! that is looked at twice, after a server died or while two take themselves
//! for the one that counts, is counted once.

mod alerts;
mod entry;
mod lease;
mod top;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::pull::{Ordered, OrderedConfig};
use futures_util::StreamExt;

use super::engine::Engine;
use super::{Shared, buckets, failed, reading};
use crate::fleet::{Message, SessionSums};
use crate::ingest::store::{Occurrence, StoreError};
use crate::record::{Envelope, Level, LogRecord};
use entry::{Entry, Share};
use lease::Lease;

pub(super) use alerts::{alerts_told, due_alerts};
pub(super) use top::{group, top};

/// An hour in milliseconds.
const HOUR: i64 = 3_600_000;

/// How many different fingerprints are counted apart in one hour. A client
/// that makes them up can neither fill the store nor push others out.
const MAX_GROUPS: usize = 10_000;

/// The name under which everything beyond [`MAX_GROUPS`] is counted.
const OTHERS: &str = "others";

/// The fact that says up to which message errors were counted.
const CURSOR: &str = "counted";

/// How many messages are counted together.
const CHUNK: usize = 256;

/// How long to wait for more messages to count together.
const GATHER: Duration = Duration::from_millis(50);

/// How long to wait for the first of them.
const IDLE: Duration = Duration::from_secs(1);

/// How often a compare-and-set is tried.
const ATTEMPTS: usize = 8;

/// Counts whenever it falls to this server.
pub(super) async fn run(shared: Arc<Shared>, engine: Arc<Engine>) {
    let mut lease = Lease::new();
    loop {
        if lease.hold(&engine).await {
            shared.counts.send_replace(true);
            if let Err(error) = count(&shared, &engine, &mut lease).await {
                tracing::debug!(%error, "counting errors anew");
            }
            shared.counts.send_replace(false);
        }
        tokio::time::sleep(lease::RENEWAL).await;
    }
}

/// Counts for as long as the lease is held and nothing breaks.
async fn count(shared: &Shared, engine: &Engine, lease: &mut Lease) -> Result<(), StoreError> {
    let cursor = buckets::get(&engine.state, CURSOR).await?;
    let cursor = cursor.and_then(|bytes| std::str::from_utf8(&bytes).ok()?.parse().ok());
    let mut cursor: u64 = cursor.unwrap_or(0);
    let mut counter = Counter {
        shared,
        engine,
        hour: 0,
        groups: HashSet::new(),
    };
    let config = OrderedConfig {
        deliver_policy: reading::from(cursor + 1),
        ..OrderedConfig::default()
    };
    let consumer = engine.logs.create_consumer(config).await;
    let consumer = consumer.map_err(|error| failed("JetStream", &error))?;
    let messages = consumer.messages().await;
    let mut messages = messages.map_err(|error| failed("JetStream", &error))?;
    let mut expected = 0;
    while lease.hold(engine).await {
        let chunk = gather(&mut messages, cursor).await?;
        let Some((last, _)) = chunk.last() else {
            if expected > cursor {
                return Err(StoreError::Failed("a consumer fell silent".to_owned()));
            }
            (_, expected) = engine.bounds().await?;
            continue;
        };
        cursor = *last;
        counter.count(&chunk).await?;
        buckets::put(&engine.state, CURSOR, cursor.to_string().into()).await?;
    }
    Ok(())
}

/// The next messages behind one, as many as come at once; none if none come
/// for a while.
async fn gather(
    messages: &mut Ordered,
    mut cursor: u64,
) -> Result<Vec<(u64, Option<Message>)>, StoreError> {
    let mut chunk = Vec::new();
    let mut wait = IDLE;
    while chunk.len() < CHUNK {
        let Ok(next) = tokio::time::timeout(wait, messages.next()).await else {
            break;
        };
        let message = next.ok_or(StoreError::Closed)?;
        let message = message.map_err(|error| failed("JetStream", &error))?;
        let info = message
            .info()
            .map_err(|error| failed("JetStream", &error))?;
        let content = Message::read(message.headers.as_ref(), &message.payload);
        if info.stream_sequence > cursor {
            cursor = info.stream_sequence;
            chunk.push((cursor, content.ok()));
        }
        wait = GATHER;
    }
    Ok(chunk)
}

/// What is remembered from one chunk to the next.
struct Counter<'a> {
    shared: &'a Shared,
    engine: &'a Engine,
    /// The hour last written to, and the fingerprints that it has.
    hour: i64,
    groups: HashSet<String>,
}

/// What one key of a bucket is to be raised by, message by message.
type Shares = BTreeMap<String, Vec<Share>>;

impl Counter<'_> {
    /// Counts the errors of some messages.
    async fn count(&mut self, chunk: &[(u64, Option<Message>)]) -> Result<(), StoreError> {
        let mut by_hour = Shares::new();
        let mut by_window = Shares::new();
        let least = Level::Error.number();
        let with_errors = chunk
            .iter()
            .filter_map(|(number, content)| Some((*number, content.as_ref()?)))
            .filter(|(_, content)| content.meta.level >= least);
        for (number, content) in with_errors {
            let Ok((_, text)) = content.unpack() else {
                continue;
            };
            for line in text.lines() {
                let Some(occurrence) = occurrence(line) else {
                    continue;
                };
                let now = content.meta.received_at;
                let share = Share::new(number, now, &occurrence, &content.meta.session);
                let hash = occurrence.fingerprint.hash.as_str();
                let is_apart = self.takes_place(now, hash).await?;
                if is_apart && let Some(rule) = self.shared.options.alerts {
                    let window = now - now.rem_euclid(rule.window);
                    let key = format!("{window}.{hash}");
                    by_window.entry(key).or_default().push(share.clone());
                }
                let name = if is_apart { hash } else { OTHERS };
                let key = format!("{}.{name}", now.div_euclid(HOUR));
                by_hour.entry(key).or_default().push(share);
            }
        }
        for (key, shares) in by_hour {
            Entry::raise(&self.engine.errors, &key, &shares).await?;
        }
        let has_alerts = !by_window.is_empty();
        for (key, shares) in by_window {
            Entry::raise(&self.engine.alerts, &key, &shares).await?;
        }
        if has_alerts {
            // Whoever tells alerts looks when the head moves.
            self.shared.head.send_modify(|_| {});
        }
        Ok(())
    }

    /// Whether a fingerprint is counted apart from others in its hour.
    async fn takes_place(&mut self, now: i64, hash: &str) -> Result<bool, StoreError> {
        let hour = now.div_euclid(HOUR);
        if hour != self.hour {
            let keys = entry::keys(&self.engine.errors, &hour.to_string()).await?;
            self.groups = keys.into_iter().collect();
            self.hour = hour;
        }
        if self.groups.contains(hash) {
            return Ok(true);
        }
        let has_room = self.groups.len() < MAX_GROUPS;
        if has_room {
            self.groups.insert(hash.to_owned());
        }
        Ok(has_room)
    }
}

/// The error that a line tells of, if it does.
fn occurrence(line: &str) -> Option<Occurrence> {
    let level = Envelope::parse(line.as_bytes()).ok()?.level()?;
    if level < Level::Error {
        return None;
    }
    let record = LogRecord::parse(line.as_bytes()).ok()?;
    Some(Occurrence::of(&record))
}

/// The ids that are told apart of a session.
fn ids(session: &SessionSums) -> [&str; 2] {
    [&session.session, &session.install]
}
