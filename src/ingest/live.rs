//! Records as they come in: a stream of server-sent events.
//!
//! A stream is a cursor into the store, moved on as fast as its reader takes
//! what it is given. Nothing is queued for a reader, so a slow one costs no
//! memory; one that fell too far behind, or whose next records were removed as too old,
//! is told how much it missed.

use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use tokio::sync::watch;

use super::store::{Portion, Scan, Scanned, Seq, Start, StoreError};
use super::{App, reading};
use crate::filter::Filter;
use crate::record::push_stamped;

/// How much is looked at for one piece of the stream: all that a reader which
/// takes nothing costs.
const PORTION: Portion = Portion {
    batches: 16,
    bytes: 256 << 10,
};

/// How often in a row the store may fail before a stream ends, and how long to
/// wait in between: together longer than a cluster takes to elect a leader.
const MAX_FAILURES: u32 = 40;
const FAILURE_PAUSE: Duration = Duration::from_millis(500);

/// How long a stream is silent before it shows that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// One reader's place in the stream.
pub(super) struct Live {
    app: Arc<App>,
    filter: Arc<Filter>,
    head: watch::Receiver<Seq>,
    cursor: Seq,
    has_kept_up: bool,
    /// How often in a row the store could not be read.
    failures: u32,
    first: Option<String>,
}

impl Live {
    /// A stream of what comes behind a record, after some lines of its own.
    pub(super) fn new(app: Arc<App>, filter: Filter, cursor: Seq, first: String) -> Live {
        app.metrics.streams.fetch_add(1, Ordering::Relaxed);
        Live {
            head: app.store.head(),
            app,
            filter: Arc::new(filter),
            cursor,
            has_kept_up: false,
            failures: 0,
            first: Some(first),
        }
    }

    /// The stream as an answer.
    pub(super) fn into_response(self) -> Response {
        let mut response = Body::from_stream(self.into_stream()).into_response();
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "text/event-stream"),
            (header::CACHE_CONTROL, "no-store"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }

    fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(self, async |mut live| {
            let piece = live.next().await?;
            Some((Ok(Bytes::from(piece)), live))
        })
    }

    /// The next piece of the stream; `None` at its end.
    async fn next(&mut self) -> Option<String> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            let head = *self.head.borrow_and_update();
            let behind = self.app.store.distance(self.cursor, head);
            if self.has_kept_up && behind > self.app.limits.stream_lag {
                return Some(self.skip_to(head, behind));
            }
            self.has_kept_up |= self.cursor >= head;
            if self.cursor < head {
                let read = self.read(head).await;
                if read.is_ok() {
                    self.failures = 0;
                }
                match read {
                    Ok(piece) if piece.is_empty() => {}
                    Ok(piece) => return Some(piece),
                    Err(error) if self.failures < MAX_FAILURES => {
                        tracing::debug!(%error, "a live stream waits");
                        self.failures += 1;
                        tokio::time::sleep(FAILURE_PAUSE).await;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "live stream ended");
                        return None;
                    }
                }
                continue;
            }
            tokio::select! {
                changed = self.head.changed() => changed.ok()?,
                () = self.app.shutdown.cancelled() => return None,
                () = tokio::time::sleep(HEARTBEAT) => return Some(": alive\n\n".to_owned()),
            }
        }
    }

    fn skip_to(&mut self, last: Seq, skipped: u64) -> String {
        self.cursor = last;
        format!("event: gap\nid: {last}\ndata: {{\"skipped\":{skipped}}}\n\n")
    }

    /// The events of the next few batches; empty if no record matches.
    async fn read(&mut self, head: Seq) -> Result<String, StoreError> {
        let scanned = match self.app.store.recent(self.cursor, PORTION) {
            Some(scanned) => scanned,
            None => self.scan().await?,
        };
        if let Some(last) = scanned.removed {
            let skipped = self.app.store.distance(self.cursor, last);
            return Ok(self.skip_to(last, skipped));
        }
        let mut piece = String::new();
        for batch in &scanned.batches {
            for (seq, line) in batch.records() {
                if seq > self.cursor && reading::matches(&self.filter, line) {
                    push_event(&mut piece, seq, line, batch.received_at);
                }
            }
            self.cursor = self.cursor.max(batch.last());
        }
        if scanned.at_end {
            // What was skipped as unable to match need not be looked at again.
            self.cursor = self.cursor.max(head);
        }
        Ok(piece)
    }

    async fn scan(&self) -> Result<Scanned, StoreError> {
        let (store, filter) = (Arc::clone(&self.app.store), Arc::clone(&self.filter));
        let cursor = self.cursor;
        let scanned = tokio::task::spawn_blocking(move || {
            store.scan(&Scan {
                from: Start::After(cursor),
                filter: &filter,
                portion: PORTION,
            })
        });
        scanned.await.unwrap_or(Err(StoreError::Closed))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.app.metrics.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Writes a record as an event.
pub(super) fn push_event(piece: &mut String, seq: Seq, line: &str, received_at: i64) {
    let _ = write!(piece, "event: record\nid: {seq}\ndata: ");
    push_stamped(piece, line, received_at);
    piece.push_str("\n\n");
}
