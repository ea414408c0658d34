//! A server's records: pages of what is there, then the stream of what comes.
//!
//! `GET /api/v1/logs` answers with pages, oldest record first, and with the
//! number that the store has given to the last one. The event stream goes on
//! behind that number, and after a broken connection behind the last one that
//! arrived (`Last-Event-ID`), so that nothing is missed and nothing repeated.

use std::cell::Cell;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use eventsource_stream::Eventsource;
use futures_util::StreamExt;
use regex::Regex;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::runtime::{self, Runtime};
use tokio_util::sync::CancellationToken;

use super::SourceError;
use super::event::{Event, Notice};
use super::files::Events;
use super::lines::{Line, MAX_LINE_BYTES};
use super::matcher::Matcher;
use super::screenshots::MAX_SCREENSHOT_BYTES;
use crate::filter::Filter;
use crate::http_client::http_client;

/// Where a server's records are, and where the stream of them is.
const LOGS: &str = "/api/v1/logs";
const STREAM: &str = "/api/v1/logs/stream";

/// Where a server has counted its errors.
const FINGERPRINTS: &str = "/api/v1/fingerprints";

/// Where a server's screenshots are, each behind its id.
const SCREENSHOTS: &str = "/api/v1/screenshots";

/// How many records are asked for at once.
const PAGE: usize = 500;

/// The most bytes of a page that are read: more than the largest page has.
const MAX_PAGE_BYTES: usize = PAGE * 96 * 1024;

/// The most bytes of one event of the stream that are read.
const MAX_EVENT_BYTES: usize = 2 * MAX_LINE_BYTES;

/// The most bytes of an answer that are read to learn what is wrong, and the
/// most characters of it that are told.
const MAX_PROBLEM_BYTES: usize = 64 * 1024;
const MAX_SAID_CHARS: usize = 300;

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a server may be silent; a living stream says something every 15 s.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(45);

/// How long to wait before a broken stream is tried again: at first, and
/// after many times in vain.
const SHORTEST_RETRY: Duration = Duration::from_millis(250);
const LONGEST_RETRY: Duration = Duration::from_secs(15);

/// What a server wants to see before it lets one read. Never shown.
#[derive(Clone)]
pub struct Token(HeaderValue);

impl Token {
    /// A bearer token; `None` if it holds what no header may.
    pub fn new(text: &str) -> Option<Token> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", text.trim())).ok()?;
        value.set_sensitive(true);
        Some(Token(value))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(redacted)")
    }
}

/// A server that is asked for records.
pub(super) struct Server {
    client: Client,
    url: Url,
    token: Option<Token>,
    query: Vec<(&'static str, String)>,
    /// Tells what is a record.
    matcher: Matcher,
    /// The number, in the server's store, of the last record that arrived.
    cursor: Arc<AtomicU64>,
}

/// What a server answers when it is asked for the most frequent errors of so
/// long: `GET /api/v1/fingerprints`, which looks at no record.
///
/// # Errors
///
/// A server that cannot be asked, or that answers with something else.
pub fn fingerprints<T: DeserializeOwned>(
    url: &str,
    token: Option<Token>,
    window: Duration,
    top: usize,
) -> Result<T, SourceError> {
    Server::new(url, token, &Filter::default())?.fingerprints(window, top)
}

/// One answer of the server.
#[derive(Deserialize)]
struct Page {
    records: Vec<Box<RawValue>>,
    before: Option<u64>,
    after: Option<u64>,
    more: bool,
}

impl Server {
    pub(super) fn new(
        url: &str,
        token: Option<Token>,
        filter: &Filter,
    ) -> Result<Server, SourceError> {
        let bad = |reason: String| SourceError::BadUrl {
            url: url.to_owned(),
            reason,
        };
        let base = url.trim_end_matches('/').trim_end_matches(LOGS);
        let mut base = Url::parse(base).map_err(|error| bad(error.to_string()))?;
        if !base.username().is_empty() || base.password().is_some() {
            // A URL without a host cannot have had a user either.
            let _ = base.set_username("");
            let _ = base.set_password(None);
            return Err(SourceError::BadUrl {
                url: base.to_string(),
                reason: "a user name or a password does not belong into it; use an operator token"
                    .to_owned(),
            });
        }
        let client = http_client(base.as_str(), |builder| {
            builder
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(SILENCE_TIMEOUT)
        })
        .map_err(|error| bad(in_words(error)))?;
        Ok(Server {
            client,
            url: base,
            token,
            query: query(filter),
            // The server decides what matches: it knows the alias of an
            // installation, which its records do not hold.
            matcher: Matcher::new(Filter::default()),
            cursor: Arc::new(AtomicU64::new(0)),
        })
    }

    /// What the store holds: all of it, page by page, or the last matching
    /// records. The stream goes on behind it.
    pub(super) fn backlog(self: &Arc<Self>, last: Option<usize>) -> Result<Events, SourceError> {
        let runtime = self.runtime()?;
        let Some(wanted) = last else {
            let first = runtime.block_on(self.page(&[("after", 0), ("n", PAGE as u64)]))?;
            let mut pages = Pages {
                server: Arc::clone(self),
                runtime,
                events: VecDeque::new(),
                more: None,
            };
            pages.turn_to(&first);
            return Ok(Box::new(pages));
        };
        let events = runtime.block_on(self.last(wanted))?;
        Ok(Box::new(events.into_iter().map(Ok)))
    }

    /// The last matching records, oldest first.
    async fn last(&self, wanted: usize) -> Result<Vec<Event>, SourceError> {
        let n = wanted.clamp(1, PAGE) as u64;
        let mut page = self.page(&[("n", n)]).await?;
        self.cursor
            .store(page.after.unwrap_or(0), Ordering::Relaxed);
        let mut pages = vec![self.events(&page)];
        let mut found = pages.iter().map(Vec::len).sum::<usize>();
        while found < wanted
            && page.more
            && let Some(before) = page.before
        {
            page = self.page(&[("n", n), ("before", before)]).await?;
            let older = self.events(&page);
            found += older.len();
            pages.push(older);
        }
        let mut events: Vec<_> = pages.into_iter().rev().flatten().collect();
        events.drain(..events.len().saturating_sub(wanted));
        Ok(events)
    }

    /// The events of a page.
    fn events(&self, page: &Page) -> Vec<Event> {
        let records = page.records.iter();
        records
            .filter_map(|record| self.event(record.get()))
            .collect()
    }

    fn event(&self, record: &str) -> Option<Event> {
        let bytes = record.as_bytes();
        self.matcher.event(Line::Whole { bytes, offset: 0 }, None)
    }

    async fn page(&self, place: &[(&str, u64)]) -> Result<Page, SourceError> {
        self.json(self.get(LOGS, place)).await
    }

    /// The most frequent errors of so long, by the server's own count.
    fn fingerprints<T: DeserializeOwned>(
        &self,
        window: Duration,
        top: usize,
    ) -> Result<T, SourceError> {
        let request = self.get(FINGERPRINTS, &[("top", top as u64)]);
        let window = format!("{}s", window.as_secs());
        let request = request.query(&[("window", window)]);
        self.runtime()?.block_on(self.json(request))
    }

    /// A screenshot, small if the server has it so; `None` if it has none of
    /// that id.
    pub(super) async fn screenshot(&self, id: &str) -> Result<Option<Vec<u8>>, SourceError> {
        let request = self.get(&format!("{SCREENSHOTS}/{id}"), &[]);
        let response = self.send(request.query(&[("thumbnail", "")])).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let response = self.accepted(response).await?;
        self.body(response, MAX_SCREENSHOT_BYTES).await.map(Some)
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, SourceError> {
        let response = self.answer(request).await?;
        let body = self.body(response, MAX_PAGE_BYTES).await?;
        serde_json::from_slice(&body).map_err(|error| self.bad_answer(error.to_string()))
    }

    /// A response to its end, which must come before so many bytes.
    async fn body(&self, response: Response, most: usize) -> Result<Vec<u8>, SourceError> {
        let mut chunks = response.bytes_stream();
        let mut body = Vec::new();
        while let Some(chunk) = chunks.next().await {
            body.extend_from_slice(&chunk.map_err(|error| self.unreachable(in_words(error)))?);
            if body.len() > most {
                return Err(self.bad_answer(format!("it goes on for more than {most} bytes")));
            }
        }
        Ok(body)
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
        let mut retry_in = SHORTEST_RETRY;
        let mut was_connected = true;
        loop {
            let before = self.cursor.load(Ordering::Relaxed);
            let reason = match self.connect().await {
                Ok(response) => {
                    if !was_connected {
                        emit(Ok(Event::Notice(Notice::Reconnected)))?;
                    }
                    was_connected = true;
                    self.listen(response, emit).await?
                }
                Err(
                    error @ (SourceError::Refused { .. }
                    | SourceError::Declined { .. }
                    | SourceError::BadAnswer { .. }),
                ) => return emit(Err(error)),
                Err(SourceError::Unreachable { reason, .. }) => reason,
                Err(error) => error.to_string(),
            };
            if self.cursor.load(Ordering::Relaxed) != before {
                retry_in = SHORTEST_RETRY;
            }
            if was_connected {
                emit(Ok(Event::Notice(Notice::Disconnected { reason, retry_in })))?;
            }
            was_connected = false;
            tokio::time::sleep(retry_in).await;
            retry_in = (retry_in * 2).min(LONGEST_RETRY);
        }
    }

    async fn connect(&self) -> Result<Response, SourceError> {
        let cursor = self.cursor.load(Ordering::Relaxed);
        let request = self
            .get(STREAM, &[])
            .header("accept", "text/event-stream")
            .header("last-event-id", cursor);
        self.answer(request).await
    }

    /// Passes on what arrives until the stream breaks; says why it did.
    async fn listen(
        &self,
        response: Response,
        emit: &mut dyn FnMut(Result<Event, SourceError>) -> ControlFlow<()>,
    ) -> ControlFlow<(), String> {
        let unread = Cell::new(0);
        let bytes = response.bytes_stream().map(|chunk| {
            let chunk = chunk.map_err(in_words)?;
            unread.set(unread.get() + chunk.len());
            match unread.get() > MAX_EVENT_BYTES {
                true => Err("an event that is too large".to_owned()),
                false => Ok(chunk),
            }
        });
        let mut events = std::pin::pin!(bytes.eventsource());
        while let Some(event) = events.next().await {
            unread.set(0);
            let event = match event {
                Ok(event) => event,
                Err(error) => return ControlFlow::Continue(error.to_string()),
            };
            match event.event.as_str() {
                "record" => {
                    if let Some(record) = self.event(&event.data) {
                        emit(Ok(record))?;
                    }
                }
                "gap" => {
                    let reason = gap_in_words(&event.data);
                    emit(Ok(Event::Notice(Notice::Gap { reason })))?;
                }
                _ => {}
            }
            if let Ok(number) = event.id.parse() {
                self.cursor.store(number, Ordering::Relaxed);
            }
        }
        ControlFlow::Continue("the server has ended the stream".to_owned())
    }

    fn get(&self, route: &str, place: &[(&str, u64)]) -> RequestBuilder {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{route}", url.path().trim_end_matches('/')));
        url.query_pairs_mut()
            .extend_pairs(&self.query)
            .extend_pairs(place.iter().map(|(name, n)| (name, n.to_string())));
        let request = self.client.get(url);
        match &self.token {
            Some(Token(value)) => request.header(AUTHORIZATION, value.clone()),
            None => request,
        }
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Response, SourceError> {
        let response = self.send(request).await?;
        self.accepted(response).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, SourceError> {
        let sent = request.send().await;
        sent.map_err(|error| self.unreachable(in_words(error)))
    }

    /// The response, if it is what was asked for.
    async fn accepted(&self, response: Response) -> Result<Response, SourceError> {
        let status = response.status();
        let url = self.url.to_string();
        match status {
            StatusCode::OK => Ok(response),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(SourceError::Refused {
                url,
                status: status.to_string(),
                is_anonymous: self.token.is_none(),
                said: self.said(response).await,
            }),
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                Err(self.bad_answer(format!("it answers {status}")))
            }
            _ if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                match self.said(response).await {
                    said if said.is_empty() => Err(self.bad_answer(format!("it answers {status}"))),
                    said => Err(SourceError::Declined {
                        url,
                        status: status.to_string(),
                        said,
                    }),
                }
            }
            _ if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(self.unreachable(format!("it answers {status}")))
            }
            _ => Err(self.bad_answer(format!("it answers {status}"))),
        }
    }

    /// What the server says is wrong, in one short line; empty if it says
    /// nothing that it would say in JSON. The token is not repeated.
    async fn said(&self, response: Response) -> String {
        let body = self.body(response, MAX_PROBLEM_BYTES).await;
        let problem: Value = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default();
        let said = ["detail", "error", "message", "reason", "title"]
            .into_iter()
            .find_map(|key| problem[key].as_str())
            .unwrap_or_default();
        let token = self.token.as_ref().and_then(|Token(value)| {
            let value = value.to_str().ok()?;
            value
                .strip_prefix("Bearer ")
                .filter(|token| !token.is_empty())
        });
        let said = match token {
            Some(token) => said.replace(token, "(redacted)"),
            None => said.to_owned(),
        };
        one_short_line(&said)
    }

    fn unreachable(&self, reason: String) -> SourceError {
        let url = self.url.to_string();
        SourceError::Unreachable { url, reason }
    }

    fn bad_answer(&self, reason: String) -> SourceError {
        let url = self.url.to_string();
        SourceError::BadAnswer { url, reason }
    }

    /// A runtime for one caller, which waits for what it does.
    fn runtime(&self) -> Result<Runtime, SourceError> {
        runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| self.unreachable(error.to_string()))
    }
}

/// Everything in a store, page by page, from the oldest record on.
struct Pages {
    server: Arc<Server>,
    runtime: Runtime,
    events: VecDeque<Event>,
    /// Where the next page starts, if there is one.
    more: Option<u64>,
}

impl Iterator for Pages {
    type Item = Result<Event, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(Ok(event));
            }
            let after = self.more.take()?;
            let place = [("after", after), ("n", PAGE as u64)];
            match self.runtime.block_on(self.server.page(&place)) {
                Ok(page) => self.turn_to(&page),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Pages {
    fn turn_to(&mut self, page: &Page) {
        self.events = self.server.events(page).into();
        if let Some(after) = page.after {
            self.server.cursor.store(after, Ordering::Relaxed);
        }
        self.more = page.after.filter(|_| page.more);
    }
}

/// A filter as the server's query parameters.
fn query(filter: &Filter) -> Vec<(&'static str, String)> {
    let instant = |time: &DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let texts = [
        ("session", filter.session.clone()),
        ("install", filter.install.clone()),
        ("user", filter.user.clone()),
        ("level", filter.level.map(|level| level.to_string())),
        (
            "logger",
            filter.logger.as_ref().map(|glob| glob.as_str().to_owned()),
        ),
        ("grep", filter.grep.as_ref().map(Regex::to_string)),
        ("since", filter.since.as_ref().map(instant)),
        ("until", filter.until.as_ref().map(instant)),
    ];
    let attributes = filter.attributes.iter().map(|test| match &test.value {
        Some(value) => ("attr", format!("{}={value}", test.name)),
        None => ("attr", test.name.clone()),
    });
    texts
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .chain(attributes)
        .collect()
}

/// A text without line ends and what else a terminal would act on, cut.
fn one_short_line(text: &str) -> String {
    let mut characters = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = characters.by_ref().take(MAX_SAID_CHARS).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

/// An error with its causes, on one line and without the URL, which the
/// caller names.
fn in_words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

/// What the server says of a gap.
fn gap_in_words(data: &str) -> String {
    #[derive(Deserialize)]
    struct Gap {
        skipped: u64,
    }
    match serde_json::from_str(data) {
        Ok(Gap { skipped }) => format!("the server passed over {skipped} of them"),
        Err(_) => "the server does not say how many".to_owned(),
    }
}
