//! Batches in which a record may match.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::engine::Engine;
use super::ring::stored;
use super::{Shared, failed, reading};
use crate::filter::Filter;
use crate::fleet::{self, Message, Meta, WIDTH, end_of, position};
use crate::ingest::store::{Scan, Scanned, Start, StoreError, StoredBatch};
use crate::record::Level;

/// How many sessions are looked up one by one; for more, all batches are
/// scanned.
const MAX_SUBJECTS: usize = 500;

/// How far a device's clock may be ahead for its records to be found by time.
const CLOCK_ALLOWANCE: TimeDelta = TimeDelta::days(1);

/// How many questions are asked at a time.
const AT_ONCE: usize = 16;

/// How long, and how often, a new leader is waited for.
const CATCHING_UP: (Duration, usize) = (Duration::from_millis(50), 40);

/// A portion of the batches in which a record may match.
pub(super) async fn scan(shared: &Shared, scan: &Scan<'_>) -> Result<Scanned, StoreError> {
    let engine = shared.engine()?;
    let (first, last) = bounds(shared, &engine).await?;
    let reach = Reach::of(&engine, scan.filter).await?;
    let mut from = scan.from;
    let limit = scan.portion.batches;
    let removed = match from {
        Start::After(after) => {
            let next = ((after + 1) / WIDTH).max(1);
            (first > next).then(|| end_of(first - 1))
        }
        Start::Before(_) => None,
    };
    if let (Start::After(after), Some(since)) = (from, scan.filter.since)
        && after < position(first)
        && let Some(start) = since.checked_sub_signed(CLOCK_ALLOWANCE)
    {
        let first = reading::first_since(&engine.logs, start).await?;
        from = Start::After(after.max(end_of(first.unwrap_or(last + 1) - 1)));
    }
    loop {
        let found = match from {
            Start::After(after) => {
                let from = ((after + 1) / WIDTH).max(first);
                reach.forwards(&engine, from, last, limit + 1).await?
            }
            Start::Before(before) => {
                let end = before.div_ceil(WIDTH).min(last + 1);
                reach.backwards(&engine, first, end, limit + 1).await?
            }
        };
        let lengths = found.iter().map(|(_, content)| content.meta.length);
        let count = scan.portion.of(lengths);
        let at_end = count == found.len();
        let found = &found[..count];
        let furthest = found.last().map(|(message, _)| *message);
        let batches: Vec<Arc<StoredBatch>> = found
            .iter()
            // The last one is returned even if it holds no match: it says how
            // far this has come.
            .filter(|(message, content)| {
                Some(*message) == furthest || can_match(scan.filter, &content.meta)
            })
            .filter_map(|(message, content)| stored(*message, content))
            .collect();
        match (furthest, from) {
            // Nothing of it can be read.
            (Some(message), Start::After(_)) if batches.is_empty() && !at_end => {
                from = Start::After(end_of(message));
            }
            (Some(message), Start::Before(_)) if batches.is_empty() && !at_end => {
                from = Start::Before(position(message));
            }
            _ => {
                return Ok(Scanned {
                    batches,
                    at_end,
                    removed,
                });
            }
        }
    }
}

/// The numbers of the first and the last message. A leader that was elected a
/// moment ago may not have come as far yet as what was confirmed before; what
/// it lacks must not be taken for what there is not.
async fn bounds(shared: &Shared, engine: &Engine) -> Result<(u64, u64), StoreError> {
    let head = *shared.head.borrow() / WIDTH;
    for _ in 0..CATCHING_UP.1 {
        let (first, last) = engine.bounds().await?;
        if last >= head {
            return Ok((first, last));
        }
        tokio::time::sleep(CATCHING_UP.0).await;
    }
    let message = "JetStream has less than it had; restart the server if that was meant";
    Err(StoreError::Failed(message.to_owned()))
}

fn can_match(filter: &Filter, meta: &Meta) -> bool {
    filter.level.map_or(0, Level::number) <= meta.level
        && filter
            .since
            .is_none_or(|since| since.timestamp_millis() <= meta.times.1)
        && filter
            .until
            .is_none_or(|until| until.timestamp_millis() >= meta.times.0)
}

/// The subjects on which a record may match.
enum Reach {
    /// Any.
    All,
    /// Some, with a wildcard or more than one of them.
    Of(Vec<String>),
}

/// Messages with their numbers.
type Found = Vec<(u64, Message)>;

impl Reach {
    /// A whole id, which a UUID is, is one token of a subject. For the
    /// beginning of one, all subjects are listed.
    async fn of(engine: &Engine, filter: &Filter) -> Result<Reach, StoreError> {
        let (install, session) = (filter.install.as_deref(), filter.session.as_deref());
        if install.is_none() && session.is_none() {
            return Ok(Reach::All);
        }
        let whole = |id: Option<&str>| id.is_none_or(|id| Uuid::try_parse(id).is_ok());
        let subjects = fleet::subjects(
            install.filter(|id| whole(Some(id))),
            session.filter(|id| whole(Some(id))),
        );
        if whole(install) && whole(session) {
            return Ok(Reach::Of(vec![subjects]));
        }
        let listed = engine.logs.info_with_subjects(&subjects).await;
        let mut listed = listed.map_err(|error| failed("JetStream", &error))?;
        let mut found = Vec::new();
        while let Some(subject) = listed.next().await {
            let (subject, _) = subject.map_err(|error| failed("JetStream", &error))?;
            if fits(&subject, install, session) {
                found.push(subject);
            }
            if found.len() > MAX_SUBJECTS {
                return Ok(Reach::All);
            }
        }
        Ok(Reach::Of(found))
    }

    /// The first messages from a number on.
    async fn forwards(
        &self,
        engine: &Engine,
        from: u64,
        last: u64,
        limit: usize,
    ) -> Result<Found, StoreError> {
        match self {
            Reach::All => {
                let (mut found, mut at) = (Vec::new(), from);
                while found.len() < limit && at <= last {
                    let to = last.min(at + (limit - found.len()) as u64 - 1);
                    found.extend(each_of(engine, at..=to).await?);
                    at = to + 1;
                }
                Ok(found)
            }
            Reach::Of(subjects) => {
                let walks = subjects
                    .iter()
                    .map(|subject| walk(engine, subject, from, last, limit));
                let mut found = gather(walks).await?;
                found.truncate(limit);
                Ok(found)
            }
        }
    }

    /// The last messages before a number, the latest first.
    async fn backwards(
        &self,
        engine: &Engine,
        first: u64,
        end: u64,
        limit: usize,
    ) -> Result<Found, StoreError> {
        match self {
            Reach::All => {
                let (mut found, mut end) = (Vec::new(), end);
                while found.len() < limit && end > first {
                    let from = end.saturating_sub((limit - found.len()) as u64).max(first);
                    found.extend(each_of(engine, from..=end - 1).await?.into_iter().rev());
                    end = from;
                }
                Ok(found)
            }
            Reach::Of(subjects) => {
                let walks = subjects
                    .iter()
                    .map(|subject| walk_back(engine, subject, first, end, limit));
                let mut found = gather(walks).await?;
                found.reverse();
                found.truncate(limit);
                Ok(found)
            }
        }
    }
}

/// Whether a subject is of an installation and a session that begin like this.
fn fits(subject: &str, install: Option<&str>, session: Option<&str>) -> bool {
    let mut tokens = subject.rsplitn(3, '.');
    let mut begins = |wanted: Option<&str>| {
        let id = tokens.next().and_then(fleet::untoken).unwrap_or_default();
        wanted.is_none_or(|wanted| !id.is_empty() && id.starts_with(wanted))
    };
    begins(session) & begins(install)
}

/// The results of several walks in the order of their numbers.
async fn gather(
    walks: impl Iterator<Item = impl Future<Output = Result<Found, StoreError>>>,
) -> Result<Found, StoreError> {
    let found: Vec<Found> = stream::iter(walks)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let mut found: Found = found.into_iter().flatten().collect();
    found.sort_unstable_by_key(|(message, _)| *message);
    found.dedup_by_key(|(message, _)| *message);
    Ok(found)
}

/// Messages by their numbers, without those that are gone.
async fn each_of(
    engine: &Engine,
    numbers: std::ops::RangeInclusive<u64>,
) -> Result<Found, StoreError> {
    let gets = numbers.map(|message| async move {
        let content = reading::get(&engine.logs, message).await?;
        Ok(content.map(|content| (message, content)))
    });
    stream::iter(gets)
        .buffered(AT_ONCE)
        .try_filter_map(async |found| Ok(found))
        .try_collect()
        .await
}

/// The first messages of some subjects from a number on.
async fn walk(
    engine: &Engine,
    subjects: &str,
    from: u64,
    last: u64,
    limit: usize,
) -> Result<Found, StoreError> {
    let mut found = Vec::new();
    let mut at = from;
    while found.len() < limit
        && at <= last
        && let Some((message, content)) = reading::next_of(&engine.logs, subjects, at).await?
    {
        found.extend(content.map(|content| (message, content)));
        at = message + 1;
    }
    Ok(found)
}

/// The last messages of some subjects before a number, oldest first.
///
/// JetStream only looks forwards. So stretches before the end are walked, each
/// twice as long as the one behind it; one that turns out to hold more than is
/// asked for is given up for its latter half.
async fn walk_back(
    engine: &Engine,
    subjects: &str,
    first: u64,
    end: u64,
    limit: usize,
) -> Result<Found, StoreError> {
    let mut found: VecDeque<(u64, Message)> = VecDeque::new();
    let (mut end, mut length) = (end, limit.max(64) as u64);
    while found.len() < limit && end > first {
        let mut start = end.saturating_sub(length).max(first);
        let mut stretch = Vec::new();
        let mut at = start;
        while at < end
            && let Some((message, content)) = reading::next_of(&engine.logs, subjects, at).await?
            && message < end
        {
            stretch.extend(content.map(|content| (message, content)));
            at = message + 1;
            if stretch.len() > 2 * limit && end - at > 2 * limit as u64 {
                start = at + (end - at) / 2;
                at = start;
                stretch.clear();
            }
        }
        for one in stretch.into_iter().rev() {
            found.push_front(one);
        }
        end = start;
        length *= 2;
    }
    Ok(found.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_fits_the_beginnings_of_its_ids() {
        let subject = fleet::subject("install.1", "session-1");
        assert!(fits(&subject, Some("install."), None));
        assert!(fits(&subject, Some("install.1"), Some("session")));
        assert!(!fits(&subject, Some("session"), None));
        assert!(!fits(&fleet::subject("", "s"), Some(""), None));
    }
}
