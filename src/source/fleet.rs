//! A fleet's records, straight from its stream on NATS JetStream.
//!
//! A session is a subject, so whoever asks for a whole id is sent nothing
//! else. An instant to start at is a place in the stream, with a day's
//! allowance for clocks that are ahead. The last records are looked for in
//! stretches from the end, each twice as long as the one behind it.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::{Ordered, OrderedConfig};
use async_nats::jetstream::object_store::{GetErrorKind, ObjectStore};
use async_nats::jetstream::stream::Stream;
use chrono::TimeDelta;
use futures_util::StreamExt;
use tokio::io::AsyncReadExt;
use tokio::runtime::{self, Runtime};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::SourceError;
use super::event::{Event, Notice};
use super::files::Events;
use super::lines::Line;
use super::matcher::Matcher;
use super::screenshots::MAX_SCREENSHOT_BYTES;
use crate::filter::Filter;
use crate::fleet::{self, Access, ConnectError, FleetUrl, Message};
use crate::record::push_stamped;

/// How far a device's clock may be ahead for its records to be found by time.
const CLOCK_ALLOWANCE: TimeDelta = TimeDelta::days(1);

/// How many messages the first stretch from the end has.
const FIRST_STRETCH: u64 = 256;

/// How long JetStream may take to send the next message that it has.
const NEXT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the stream may be silent before it is asked whether it is.
const SILENCE: Duration = Duration::from_secs(2);

/// How long to wait before a broken connection is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// A fleet that is asked for records.
pub(super) struct Fleet {
    url: FleetUrl,
    access: Access,
    filter: Filter,
    matcher: Matcher,
    /// The last message that was looked at.
    cursor: AtomicU64,
}

/// A connection to the stream.
struct Connection {
    context: Context,
    stream: Stream,
    first: u64,
    last: u64,
}

impl Fleet {
    pub(super) fn new(url: &str, access: &Access, filter: &Filter) -> Result<Fleet, SourceError> {
        let url: FleetUrl = url.parse().map_err(|error| SourceError::BadUrl {
            // The text may hold a password.
            url: "the address".to_owned(),
            reason: format!("{error}"),
        })?;
        let mut fleet = Fleet {
            url,
            access: access.clone(),
            filter: filter.clone(),
            matcher: Matcher::new(filter.clone()),
            cursor: AtomicU64::new(0),
        };
        if let Some(alias) = &filter.install {
            let install = fleet.runtime()?.block_on(fleet.install_of(alias))?;
            if install.is_some() {
                fleet.filter.install = install;
                fleet.matcher = Matcher::new(fleet.filter.clone());
            }
        }
        Ok(fleet)
    }

    /// The installation that goes by a three-word name.
    async fn install_of(&self, alias: &str) -> Result<Option<String>, SourceError> {
        let connection = self.connect().await?;
        let bucket = connection.context.get_key_value(fleet::ALIASES).await;
        let bucket = bucket.map_err(|error| self.unreachable(&error))?;
        let install = bucket.get(fleet::token(&alias.to_lowercase())).await;
        let install = install.map_err(|error| self.unreachable(&error))?;
        Ok(install.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()))
    }

    /// Where the fleet's screenshots are.
    pub(super) async fn screenshots(&self) -> Result<ObjectStore, SourceError> {
        let connection = self.connect().await?;
        let store = connection
            .context
            .get_object_store(fleet::SCREENSHOTS)
            .await;
        store.map_err(|error| self.unreachable(&error))
    }

    /// A screenshot, small if it is kept so; `None` if there is none of that id.
    pub(super) async fn screenshot(
        &self,
        store: &ObjectStore,
        id: &str,
    ) -> Result<Option<Vec<u8>>, SourceError> {
        for name in [fleet::thumbnail(id), id.to_owned()] {
            let object = match store.get(name).await {
                Ok(object) => object,
                Err(error) if error.kind() == GetErrorKind::NotFound => continue,
                Err(error) => return Err(self.unreachable(&error)),
            };
            let mut picture = Vec::new();
            let mut start = object.take(MAX_SCREENSHOT_BYTES as u64);
            let read = start.read_to_end(&mut picture).await;
            read.map_err(|error| self.unreachable(&error))?;
            return Ok(Some(picture));
        }
        Ok(None)
    }

    /// What the stream holds: all of it, or the last matching records.
    pub(super) fn backlog(self: &Arc<Self>, last: Option<usize>) -> Result<Events, SourceError> {
        let runtime = self.runtime()?;
        let connection = runtime.block_on(self.connect())?;
        let end = connection.last + 1;
        self.cursor.store(connection.last, Ordering::Relaxed);
        if let Some(wanted) = last {
            let events = runtime.block_on(self.last(&connection, end, wanted))?;
            return Ok(Box::new(events.into_iter().map(Ok)));
        }
        let from = self.start(&connection);
        let messages = runtime.block_on(self.messages(&connection, from))?;
        Ok(Box::new(Backlog {
            fleet: Arc::clone(self),
            messages: messages.filter(|_| end > connection.first),
            end,
            events: VecDeque::new(),
            runtime,
        }))
    }

    /// Where to start reading what there is.
    fn start(&self, connection: &Connection) -> DeliverPolicy {
        let since = self.filter.since;
        let start = since.and_then(|since| since.checked_sub_signed(CLOCK_ALLOWANCE));
        match start {
            Some(start_time) => DeliverPolicy::ByStartTime { start_time },
            None => from(connection.first),
        }
    }

    /// The last matching records before a message, oldest first.
    async fn last(
        &self,
        connection: &Connection,
        end: u64,
        wanted: usize,
    ) -> Result<Vec<Event>, SourceError> {
        let mut found: VecDeque<Event> = VecDeque::new();
        let (mut end, mut length) = (end, FIRST_STRETCH);
        while found.len() < wanted && end > connection.first {
            let start = end.saturating_sub(length).max(connection.first);
            let mut stretch = Vec::new();
            if let Some(mut messages) = self.messages(connection, from(start)).await? {
                while let Some((number, content, pending)) = self.next(&mut messages).await? {
                    if number >= end {
                        break;
                    }
                    stretch.extend(content.iter().flat_map(|content| self.events(content)));
                    if pending == 0 {
                        break;
                    }
                }
            }
            for event in stretch.into_iter().rev() {
                found.push_front(event);
            }
            end = start;
            length *= 2;
        }
        found.drain(..found.len().saturating_sub(wanted));
        Ok(found.into())
    }

    /// Messages on the subjects that matter; `None` if there are none yet.
    async fn messages(
        &self,
        connection: &Connection,
        deliver_policy: DeliverPolicy,
    ) -> Result<Option<Ordered>, SourceError> {
        let whole = |id: &Option<String>| id.clone().filter(|id| Uuid::try_parse(id).is_ok());
        let (install, session) = (whole(&self.filter.install), whole(&self.filter.session));
        let config = OrderedConfig {
            deliver_policy,
            filter_subject: fleet::subjects(install.as_deref(), session.as_deref()),
            ..OrderedConfig::default()
        };
        let consumer = connection.stream.create_consumer(config).await;
        let consumer = consumer.map_err(|error| self.unreachable(&error))?;
        let is_empty = consumer.cached_info().num_pending == 0;
        let messages = consumer.messages().await;
        let messages = messages.map_err(|error| self.unreachable(&error))?;
        Ok((!is_empty).then_some(messages))
    }

    /// The next message with its number, and how many more there are; a
    /// message that is no batch comes without content.
    async fn next(
        &self,
        messages: &mut Ordered,
    ) -> Result<Option<(u64, Option<Message>, u64)>, SourceError> {
        let next = tokio::time::timeout(NEXT_TIMEOUT, messages.next()).await;
        match next.map_err(|error| self.unreachable(&error))? {
            Some(message) => self.taken_apart(message).map(Some),
            None => Ok(None),
        }
    }

    fn taken_apart(
        &self,
        message: Result<async_nats::jetstream::Message, impl std::fmt::Display>,
    ) -> Result<(u64, Option<Message>, u64), SourceError> {
        let message = message.map_err(|error| self.unreachable(&error))?;
        let info = message.info().map_err(|error| self.unreachable(&error))?;
        let content = Message::read(message.headers.as_ref(), &message.payload);
        Ok((info.stream_sequence, content.ok(), info.pending))
    }

    /// The events of a batch.
    fn events(&self, content: &Message) -> Vec<Event> {
        let sums = &content.meta.session;
        let begins = |id: &str, wanted: &Option<String>| {
            wanted
                .as_ref()
                .is_none_or(|wanted| id.starts_with(wanted.as_str()))
        };
        let least = self.filter.level.map_or(0, crate::record::Level::number);
        if content.meta.level < least
            || !begins(&sums.session, &self.filter.session)
            || !begins(&sums.install, &self.filter.install)
        {
            return Vec::new();
        }
        let Ok((_, text)) = content.unpack() else {
            return Vec::new();
        };
        let lines = text.lines().filter_map(|line| {
            let mut stamped = String::with_capacity(line.len() + 52);
            push_stamped(&mut stamped, line, content.meta.received_at);
            let bytes = stamped.as_bytes();
            self.matcher.event(Line::Whole { bytes, offset: 0 }, None)
        });
        lines.collect()
    }

    /// Follows the stream until told to stop or nobody listens any more.
    pub(super) fn follow(
        &self,
        stop: &CancellationToken,
        emit: &mut dyn FnMut(Result<Event, SourceError>) -> ControlFlow<()>,
    ) {
        match self.runtime() {
            Ok(runtime) => runtime.block_on(async {
                tokio::select! {
                    () = stop.cancelled() => {}
                    _ = self.stay_connected(emit) => {}
                }
            }),
            Err(error) => {
                let _ = emit(Err(error));
            }
        }
    }

    async fn stay_connected(
        &self,
        emit: &mut dyn FnMut(Result<Event, SourceError>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut was_connected = true;
        loop {
            let reason = match self.connect().await {
                Ok(connection) => {
                    if !was_connected {
                        emit(Ok(Event::Notice(Notice::Reconnected)))?;
                    }
                    was_connected = true;
                    self.listen(&connection, emit).await?
                }
                Err(error @ SourceError::RefusedCredentials { .. }) => return emit(Err(error)),
                Err(error) => error,
            };
            if was_connected {
                let reason = match reason {
                    SourceError::Unreachable { reason, .. } => reason,
                    other => other.to_string(),
                };
                let retry_in = RETRY;
                emit(Ok(Event::Notice(Notice::Disconnected { reason, retry_in })))?;
            }
            was_connected = false;
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Passes on what comes until something breaks; says what did.
    async fn listen(
        &self,
        connection: &Connection,
        emit: &mut dyn FnMut(Result<Event, SourceError>) -> ControlFlow<()>,
    ) -> ControlFlow<(), SourceError> {
        match self.listen_to(connection, emit).await {
            Ok(()) => ControlFlow::Break(()),
            Err(error) => ControlFlow::Continue(error),
        }
    }

    /// As [`Fleet::listen`]; ends well only if nobody listens any more.
    async fn listen_to(
        &self,
        connection: &Connection,
        emit: &mut dyn FnMut(Result<Event, SourceError>) -> ControlFlow<()>,
    ) -> Result<(), SourceError> {
        let cursor = self.cursor.load(Ordering::Relaxed);
        // All subjects: how far the stream is must be seen of every message.
        let config = OrderedConfig {
            deliver_policy: from(cursor + 1),
            ..OrderedConfig::default()
        };
        let consumer = connection.stream.create_consumer(config).await;
        let consumer = consumer.map_err(|error| self.unreachable(&error))?;
        let messages = consumer.messages().await;
        let mut messages = messages.map_err(|error| self.unreachable(&error))?;
        let mut expected = 0;
        loop {
            let Ok(next) = tokio::time::timeout(SILENCE, messages.next()).await else {
                let info = connection.stream.get_info().await;
                let info = info.map_err(|error| self.unreachable(&error))?;
                if expected > self.cursor.load(Ordering::Relaxed) {
                    return Err(self.unreachable(&"the stream fell silent"));
                }
                expected = info.state.last_sequence;
                continue;
            };
            let message = next.ok_or_else(|| self.unreachable(&"the stream ended"))?;
            let (number, content, _) = self.taken_apart(message)?;
            if number <= self.cursor.load(Ordering::Relaxed) {
                continue;
            }
            for event in content.iter().flat_map(|content| self.events(content)) {
                if emit(Ok(event)).is_break() {
                    return Ok(());
                }
            }
            self.cursor.store(number, Ordering::Relaxed);
        }
    }

    async fn connect(&self) -> Result<Connection, SourceError> {
        let connected = fleet::connect(&self.url, &self.access).await;
        let context = connected.map_err(|error| match error {
            ConnectError::Refused { url } => SourceError::RefusedCredentials { url },
            ConnectError::Unreachable { url, reason } => SourceError::Unreachable { url, reason },
            ConnectError::File { .. } => SourceError::BadUrl {
                url: self.url.to_string(),
                reason: error.to_string(),
            },
        })?;
        let stream = context.get_stream(fleet::STREAM).await;
        let stream = stream.map_err(|error| SourceError::BadAnswer {
            url: self.url.to_string(),
            reason: error.to_string(),
        })?;
        let state = &stream.cached_info().state;
        Ok(Connection {
            first: state.first_sequence.max(1),
            last: state.last_sequence,
            stream,
            context,
        })
    }

    fn unreachable(&self, reason: &dyn std::fmt::Display) -> SourceError {
        SourceError::Unreachable {
            url: self.url.to_string(),
            reason: reason.to_string(),
        }
    }

    /// A runtime for one caller, which waits for what it does.
    fn runtime(&self) -> Result<Runtime, SourceError> {
        runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| self.unreachable(&error))
    }
}

fn from(message: u64) -> DeliverPolicy {
    DeliverPolicy::ByStartSequence {
        start_sequence: message.max(1),
    }
}

/// Everything in a stream up to a message, from the oldest record on.
struct Backlog {
    fleet: Arc<Fleet>,
    /// `None` when there is no more.
    messages: Option<Ordered>,
    end: u64,
    events: VecDeque<Event>,
    /// Dropped last: the messages live on it.
    runtime: Runtime,
}

impl Iterator for Backlog {
    type Item = Result<Event, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(Ok(event));
            }
            let mut messages = self.messages.take()?;
            match self.runtime.block_on(self.fleet.next(&mut messages)) {
                Ok(Some((number, content, pending))) if number < self.end => {
                    let events = content
                        .iter()
                        .flat_map(|content| self.fleet.events(content));
                    self.events.extend(events);
                    if pending > 0 && number + 1 < self.end {
                        self.messages = Some(messages);
                    }
                }
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
