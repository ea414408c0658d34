//! Batches into the stream, each record once.
//!
//! A part is published on the condition that its session's last message is
//! still the one that is known here. If another server was faster, the stream
//! says no, and everything is decided anew. Records whose keys are above all
//! keys of the session so far are new, which is what nearly all are; the others
//! are looked for in the session's messages that can hold them.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use futures_util::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};

use super::engine::{Engine, is_full};
use super::known::Known;
use super::part::{Part, hex, within};
use super::{Shared, buckets, failed, reading};
use crate::fleet::{self, Message, Meta, end_of};
use crate::ingest::store::{Appended, Batch, RecordKey, Seq, StoreError};

/// How many bytes of records may wait for JetStream before more are turned
/// away.
const MAX_WAITING_BYTES: usize = 32 << 20;

/// How long a batch may take altogether. Whoever sent it is answered within a
/// second, whatever happens.
const TIME_LIMIT: Duration = Duration::from_millis(900);

/// How long to wait for a batch to come round to live readers here.
const ROUND_TRIP: Duration = Duration::from_millis(100);

/// How many sessions of one batch are written at a time.
const PARTS_AT_ONCE: usize = 16;

/// How often to begin anew because another server was faster.
const ATTEMPTS: usize = 8;

/// What a message takes beyond its text and keys, for sure.
const HEADER_BYTES: usize = 8 << 10;

/// Appends what is new of a batch.
pub(super) async fn append(shared: Arc<Shared>, batch: Batch) -> Result<Appended, StoreError> {
    let engine = shared.engine()?;
    let _waiting = Waiting::new(&shared, batch.text.len())?;
    let appended = tokio::time::timeout(TIME_LIMIT, append_all(&shared, &engine, batch)).await;
    let (appended, last) = appended
        .map_err(|_| StoreError::Failed("JetStream did not answer in time".to_owned()))??;
    // Whoever reads here next finds what was written here.
    let mut head = shared.head.subscribe();
    let _ = tokio::time::timeout(ROUND_TRIP, head.wait_for(|head| *head >= last)).await;
    shared.raise_head(last);
    Ok(appended)
}

/// Bytes that wait.
struct Waiting<'a> {
    shared: &'a Shared,
    bytes: usize,
}

impl<'a> Waiting<'a> {
    fn new(shared: &'a Shared, bytes: usize) -> Result<Waiting<'a>, StoreError> {
        let before = shared.waiting.fetch_add(bytes, Ordering::AcqRel);
        let waiting = Waiting { shared, bytes };
        match before + bytes > MAX_WAITING_BYTES {
            true => Err(StoreError::Busy),
            false => Ok(waiting),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.shared.waiting.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

/// Appends every part, and says how far the stream goes with the last of them.
async fn append_all(
    shared: &Arc<Shared>,
    engine: &Arc<Engine>,
    mut batch: Batch,
) -> Result<(Appended, Seq), StoreError> {
    let parts = Part::all(&mut batch);
    let batch = &batch;
    let appends = parts
        .into_iter()
        .map(|part| append_part(shared, engine, batch, part));
    stream::iter(appends)
        .buffer_unordered(PARTS_AT_ONCE)
        .try_fold(
            (Appended::default(), 0),
            async |(sum, last), (one, message)| {
                let sum = Appended {
                    accepted: sum.accepted + one.accepted,
                    duplicates: sum.duplicates + one.duplicates,
                };
                Ok((sum, last.max(end_of(message))))
            },
        )
        .await
}

/// Appends what is new of a part, and says in which message the session's
/// records end now.
async fn append_part(
    shared: &Arc<Shared>,
    engine: &Arc<Engine>,
    batch: &Batch,
    part: Part,
) -> Result<(Appended, u64), StoreError> {
    let subject = fleet::subject(&part.install, &part.session);
    let mut sum = Appended::default();
    let mut last = 0;
    let mut parts = vec![part];
    while let Some(part) = parts.pop() {
        match append_one(shared, engine, batch, &subject, part).await? {
            Outcome::Done(appended, message) => {
                sum.accepted += appended.accepted;
                sum.duplicates += appended.duplicates;
                last = message;
            }
            Outcome::TooLarge(part) => {
                let [first, second] = part.halves();
                parts.extend([second, first]);
            }
        }
    }
    Ok((sum, last))
}

enum Outcome {
    Done(Appended, u64),
    TooLarge(Part),
}

async fn append_one(
    shared: &Arc<Shared>,
    engine: &Arc<Engine>,
    batch: &Batch,
    subject: &str,
    mut part: Part,
) -> Result<Outcome, StoreError> {
    let total = part.records.len();
    part.drop_repeated();
    for _ in 0..ATTEMPTS {
        let remembered = shared.known().take(subject);
        let known = match remembered {
            Some(known) => known,
            None => look_up(engine, subject).await?,
        };
        drop_stored(engine, subject, &known, &mut part).await?;
        let accepted = part.records.len();
        let appended = Appended {
            accepted,
            duplicates: total - accepted,
        };
        if accepted == 0 {
            let message = known.message;
            shared.known().put(subject.to_owned(), known);
            return Ok(Outcome::Done(appended, message));
        }
        let text = [
            batch.resource.as_deref().unwrap_or_default(),
            "\n",
            &part.text,
        ]
        .concat();
        let packed = shared.codec.pack(text.as_bytes())?;
        let keys = part.keys();
        let room = engine
            .context
            .client()
            .max_payload()
            .saturating_sub(HEADER_BYTES);
        if packed.len() + keys.as_flattened().len() > room && accepted > 1 {
            return Ok(Outcome::TooLarge(part));
        }
        let meta = part.meta(batch, &known, text.len());
        match publish(engine, subject, &meta, &packed, &keys, known.message).await? {
            Published::Stored(message) => {
                let sums = meta.session;
                if let Some(alias) = &sums.alias
                    && known.sums.alias.as_ref() != Some(alias)
                    && !sums.install.is_empty()
                {
                    note_alias(shared, engine, &sums.install, alias);
                }
                let known = Known { message, sums };
                shared.known().put(subject.to_owned(), known);
                return Ok(Outcome::Done(appended, message));
            }
            Published::OutOfDate => {}
        }
    }
    Err(StoreError::Busy)
}

/// The last message of a session, as the stream's leader knows it.
async fn look_up(engine: &Engine, subject: &str) -> Result<Known, StoreError> {
    let last = reading::last_of(&engine.logs, subject).await?;
    Ok(
        last.map_or_else(Known::default, |(message, content)| Known {
            message,
            sums: content.meta.session,
        }),
    )
}

/// Drops the records of a part that the session has.
async fn drop_stored(
    engine: &Engine,
    subject: &str,
    known: &Known,
    part: &mut Part,
) -> Result<(), StoreError> {
    let is_old = |key: &RecordKey| hex(&within(key)) <= known.sums.high;
    let old: HashSet<[u8; 16]> = part
        .records
        .iter()
        .filter(|record| known.message > 0 && is_old(&record.key))
        .map(|record| within(&record.key))
        .collect();
    if old.is_empty() {
        return Ok(());
    }
    let sender = part.sender();
    let mut stored = HashSet::new();
    // What is sent again is nearly always what was sent last.
    if let Some(last) = reading::get(&engine.logs, known.message).await?
        && last.meta.sender == sender
    {
        stored.extend(last.keys().filter(|key| old.contains(key)));
    }
    if stored.len() < old.len() {
        let low = old.iter().min().map(hex).unwrap_or_default();
        let high = old.iter().max().map(hex).unwrap_or_default();
        let can_hold =
            |meta: &Meta| meta.sender == sender && meta.keys.0 <= high && meta.keys.1 >= low;
        for (message, meta) in reading::headers(&engine.logs, subject).await? {
            if can_hold(&meta)
                && let Some(content) = reading::get(&engine.logs, message).await?
            {
                stored.extend(content.keys().filter(|key| old.contains(key)));
            }
        }
    }
    if !stored.is_empty() {
        part.retain(|key| !stored.contains(&within(key)));
    }
    Ok(())
}

enum Published {
    Stored(u64),
    /// The session's last message is another one than was thought.
    OutOfDate,
}

async fn publish(
    engine: &Engine,
    subject: &str,
    meta: &Meta,
    packed: &[u8],
    keys: &fleet::Keys,
    behind: u64,
) -> Result<Published, StoreError> {
    let (headers, body) =
        Message::write(meta, packed, keys).map_err(|error| failed("a batch", &error))?;
    let message = PublishMessage::build()
        .headers(headers)
        .payload(body)
        .message_id(message_id(subject, meta.sender, keys))
        .expected_last_subject_sequence(behind);
    let sent = engine
        .context
        .send_publish(subject.to_owned(), message)
        .await;
    let answer = match sent {
        Ok(ack) => ack.await,
        Err(error) => Err(error),
    };
    match answer {
        // It was stored before, by a request whose answer got lost.
        Ok(ack) if ack.duplicate => Ok(Published::OutOfDate),
        Ok(ack) => Ok(Published::Stored(ack.sequence)),
        Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => {
            Ok(Published::OutOfDate)
        }
        Err(error) => {
            use std::error::Error;
            let said = error
                .source()
                .and_then(|source| source.downcast_ref::<async_nats::jetstream::Error>());
            Err(match said {
                Some(said) if is_full(said.error_code()) => StoreError::Full(said.to_string()),
                _ => failed("JetStream did not store a batch", &error),
            })
        }
    }
}

/// What JetStream knows a batch by that it was sent twice.
fn message_id(subject: &str, sender: u64, keys: &fleet::Keys) -> String {
    let hash = Sha256::new()
        .chain_update(subject)
        .chain_update(sender.to_be_bytes())
        .chain_update(keys.as_flattened())
        .finalize();
    hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Notes the three-word name of an installation in the background: it is worth
/// no wait, and the next session brings it again.
fn note_alias(shared: &Arc<Shared>, engine: &Arc<Engine>, install: &str, alias: &str) {
    let (key, install) = (fleet::token(alias), install.to_owned());
    let engine = Arc::clone(engine);
    shared.tasks.spawn(async move {
        if let Err(error) = buckets::put(&engine.aliases, &key, install.into()).await {
            tracing::warn!(%error, "the name of an installation was not noted");
        }
    });
}
