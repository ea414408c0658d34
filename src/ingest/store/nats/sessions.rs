//! Runs of the app, told by the last message of each.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::pull::OrderedConfig;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::engine::Engine;
use super::{Shared, reading};
use crate::filter::Filter;
use crate::fleet::{Message, Meta, SUBJECTS};
use crate::ingest::store::{Origin, Session, SessionQuery, StoreError};

/// How many messages are looked at together.
const STRETCH: u64 = 4096;

/// How long the list may be made. What was not found by then is older.
const TIME_LIMIT: Duration = Duration::from_secs(3);

/// How many questions are asked at a time.
const AT_ONCE: usize = 16;

/// The sessions that a query asks for, the one last heard of first.
///
/// The stream is walked from its end: the first message that comes up of a
/// subject is its last, and tells all of the session but its resource.
pub(super) async fn sessions(
    shared: &Shared,
    query: &SessionQuery<'_>,
) -> Result<Vec<Session>, StoreError> {
    let engine = shared.engine()?;
    let (first, last) = engine.bounds().await?;
    let started = Instant::now();
    let mut seen: HashSet<(String, String)> = HashSet::new();
    let mut found: Vec<(u64, Meta)> = Vec::new();
    let mut end = last + 1;
    while end > first && found.len() < query.limit && started.elapsed() < TIME_LIMIT {
        let start = end.saturating_sub(STRETCH).max(first);
        for (message, meta) in stretch(&engine, start, end).await?.into_iter().rev() {
            let sums = &meta.session;
            if seen.insert((sums.install.clone(), sums.session.clone())) && wants(query, &meta) {
                found.push((message, meta));
            }
        }
        end = start;
    }
    found.truncate(query.limit);
    // A device's requests may be stored in another order than they came in.
    found.sort_by_key(|(_, meta)| std::cmp::Reverse(meta.received_at));
    let told = found
        .into_iter()
        .map(|(message, meta)| session(&engine, message, meta));
    stream::iter(told).buffered(AT_ONCE).try_collect().await
}

/// What the headers of some messages say.
async fn stretch(engine: &Engine, start: u64, end: u64) -> Result<Vec<(u64, Meta)>, StoreError> {
    let config = OrderedConfig {
        deliver_policy: reading::from(start),
        filter_subject: format!("{SUBJECTS}.>"),
        headers_only: true,
        ..OrderedConfig::default()
    };
    let mut headers = Vec::new();
    reading::each(&engine.logs, config, |message, content| {
        if message >= end {
            return ControlFlow::Break(());
        }
        if let Ok(content) = Message::read(content.headers.as_ref(), &content.payload) {
            headers.push((message, content.meta));
        }
        ControlFlow::Continue(())
    })
    .await?;
    Ok(headers)
}

fn wants(query: &SessionQuery<'_>, meta: &Meta) -> bool {
    let Filter {
        session,
        install,
        user,
        since,
        until,
        ..
    } = query.filter;
    let sums = &meta.session;
    let begins = |id: &str, wanted: &Option<String>| {
        let wanted = wanted.as_deref();
        wanted.is_none_or(|wanted| !id.is_empty() && id.starts_with(wanted))
    };
    begins(&sums.session, session)
        && begins(&sums.install, install)
        && begins(&sums.user, user)
        && query.before.is_none_or(|before| meta.received_at < before)
        && since.is_none_or(|since| since.timestamp_millis() <= sums.times.1)
        && until.is_none_or(|until| until.timestamp_millis() >= sums.times.0)
}

async fn session(engine: &Arc<Engine>, message: u64, meta: Meta) -> Result<Session, StoreError> {
    let sums = meta.session;
    let resource = match sums.resource_at {
        None => None,
        Some(0) => resource(engine, message).await?,
        Some(earlier) => resource(engine, earlier).await?,
    };
    Ok(Session {
        origin: Origin {
            install: sums.install,
            session: sums.session,
            user: sums.user,
        },
        alias: sums.alias,
        first_received: sums.first_received,
        last_received: meta.received_at,
        first_timestamp: sums.times.0,
        last_timestamp: sums.times.1,
        records: sums.records,
        errors: sums.errors,
        fatals: sums.fatals,
        resource,
    })
}

async fn resource(engine: &Engine, message: u64) -> Result<Option<String>, StoreError> {
    let content = reading::get(&engine.logs, message).await?;
    let unpacked = content.and_then(|content| content.unpack().ok());
    Ok(unpacked.and_then(|(resource, _)| Some(resource?.to_string())))
}
