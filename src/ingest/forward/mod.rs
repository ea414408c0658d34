//! Forwarding to a collector of OpenTelemetry over OTLP.
//!
//! One task follows the store with a cursor that is kept in the store, so
//! that a restart goes on where the last run stopped. The cursor moves only
//! behind what the collector took: what was under way when the process died
//! is sent again.
//!
//! A store that many servers share hands out batches by itself instead, each
//! to one of them ([`Claims`]); what one could not forward or was forwarding
//! when it died goes to any other.

mod client;
mod mapping;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_otlp::{LogExporter, Protocol, RetryPolicy, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::logs::{LogBatch, LogExporter as _};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::auth::Secret;
use super::reading::rfc3339;
use super::store::{Claims, Portion, Scan, Scanned, Seq, Start, Store, StoreError, StoredBatch};
use crate::filter::Filter;
use crate::http_client::http_client;
use crate::record::LogRecord;
use client::{Client, Said};
use mapping::Mapper;

/// The name under which the store keeps how far records were forwarded.
const CURSOR: &str = "forwarded";

/// How much is looked at together, to send what is of one device in one
/// request.
const PORTION: Portion = Portion {
    batches: 64,
    bytes: 4 << 20,
};

/// How many records go into one request.
const MAX_RECORDS: usize = 512;

/// How many bytes of records go into one request, one record beside.
const MAX_BYTES: usize = 1 << 20;

/// How often a shared store is told that what it handed out is being
/// forwarded.
const KEEP_INTERVAL: Duration = Duration::from_secs(2);

/// The longest wait between two attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(60);

/// Where and how to forward.
#[derive(Clone, Debug)]
pub struct ForwardOptions {
    /// The collector's base URL, to which `/v1/logs` is added; `None` takes
    /// it from `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT` or
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub endpoint: Option<String>,
    /// Headers to send, such as a write token in `authorization`.
    pub headers: Vec<(String, Secret)>,
    /// Whether to send JSON instead of protobuf.
    pub json: bool,
    /// Whether a request is answered only once its records were forwarded.
    pub sync: bool,
    /// How many records may wait before more are turned away.
    pub max_backlog: u64,
    /// How long the collector may take for one request.
    pub timeout: Duration,
}

impl Default for ForwardOptions {
    fn default() -> ForwardOptions {
        ForwardOptions {
            endpoint: None,
            headers: Vec::new(),
            json: false,
            sync: false,
            max_backlog: 1_000_000,
            timeout: Duration::from_secs(10),
        }
    }
}

/// Why forwarding cannot start.
#[derive(Debug, thiserror::Error)]
#[error("cannot forward: {0}")]
pub struct ForwardError(String);

/// How far forwarding is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The last record that the collector took.
    pub(super) cursor: Seq,
    /// How many attempts failed since the start.
    pub(super) failures: u64,
    /// Whether the last attempt failed.
    pub(super) is_failing: bool,
}

impl Progress {
    fn reach(&mut self, cursor: Seq) {
        self.cursor = cursor;
        self.is_failing = false;
    }
}

/// What requests see of forwarding.
#[derive(Debug)]
pub(super) struct Forward {
    pub(super) options: ForwardOptions,
    pub(super) progress: watch::Sender<Progress>,
}

impl Forward {
    pub(super) fn new(options: ForwardOptions) -> Forward {
        Forward {
            options,
            progress: watch::Sender::default(),
        }
    }

    /// How many records wait.
    pub(super) fn backlog(&self, store: &dyn Store) -> u64 {
        let (cursor, head) = (self.progress.borrow().cursor, *store.head().borrow());
        store.distance(cursor, head)
    }

    /// Whether more records wait than may.
    pub(super) fn is_over(&self, store: &dyn Store) -> bool {
        self.backlog(store) > self.options.max_backlog
    }

    /// Waits until a record was forwarded. `false` if it took too long, or if
    /// the last attempt failed, so that an outage is told at once.
    pub(super) async fn reached(&self, seq: Seq, timeout: Duration) -> bool {
        let mut progress = self.progress.subscribe();
        let done = |progress: &Progress| progress.cursor >= seq || progress.is_failing;
        let reached = tokio::time::timeout(timeout, progress.wait_for(done)).await;
        matches!(reached, Ok(Ok(progress)) if progress.cursor >= seq)
    }
}

/// The task that forwards.
pub(super) struct Forwarder {
    store: Arc<dyn Store>,
    progress: watch::Sender<Progress>,
    exporter: LogExporter,
    client: Client,
    mapper: Mapper,
    shutdown: CancellationToken,
}

impl Forwarder {
    pub(super) fn new(
        store: Arc<dyn Store>,
        forward: &Forward,
        shutdown: CancellationToken,
    ) -> Result<Forwarder, ForwardError> {
        let failed = |error: &dyn std::fmt::Display| ForwardError(error.to_string());
        let options = &forward.options;
        let url = options.endpoint.as_deref().unwrap_or_default();
        let http = http_client(url, |builder| builder.timeout(options.timeout))
            .map_err(|error| failed(&error))?;
        let client = Client::new(http);
        let headers = options.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.expose().to_owned()));
        let mut builder = LogExporter::builder()
            .with_http()
            .with_http_client(client.clone())
            .with_headers(headers.collect::<HashMap<_, _>>())
            // Failures are ours to handle: the exporter would retry without
            // our seeing why.
            .with_retry_policy(RetryPolicy::disabled());
        if let Some(endpoint) = &options.endpoint {
            let base = endpoint.trim_end_matches('/');
            let url = match base.ends_with("/v1/logs") {
                true => base.to_owned(),
                false => format!("{base}/v1/logs"),
            };
            builder = builder.with_endpoint(url);
        }
        builder = builder.with_protocol(match options.json {
            true => Protocol::HttpJson,
            false => Protocol::HttpBinary,
        });
        Ok(Forwarder {
            store,
            progress: forward.progress.clone(),
            exporter: builder.build().map_err(|error| failed(&error))?,
            client,
            mapper: Mapper::new(),
            shutdown,
        })
    }

    /// Forwards until told to stop.
    pub(super) async fn run(mut self) {
        let shutdown = self.shutdown.clone();
        tokio::select! {
            () = self.follow() => {}
            () = shutdown.cancelled() => {}
        }
    }

    async fn follow(&mut self) {
        match self.store.claims() {
            Some(claims) => self.follow_claims(claims).await,
            None => self.follow_cursor().await,
        }
    }

    /// Forwards what the store hands out.
    async fn follow_claims(&mut self, mut claims: Box<dyn Claims>) {
        let mut attempt = 0;
        loop {
            match self.forward_claimed(&mut *claims).await {
                Ok(()) => attempt = 0,
                Err(reason) => {
                    // What fails with the connection is handed out again too.
                    let _ = claims.release().await;
                    self.fail(&reason, &mut attempt).await;
                }
            }
        }
    }

    async fn forward_claimed(&mut self, claims: &mut dyn Claims) -> Result<(), String> {
        let in_words = |error: StoreError| error.to_string();
        let cursor = claims.confirmed().await.map_err(in_words)?;
        self.progress
            .send_modify(|progress| progress.cursor = cursor);
        let batches = claims.claim(PORTION.batches).await.map_err(in_words)?;
        if batches.is_empty() {
            return Ok(());
        }
        {
            let mut sending = std::pin::pin!(self.send_batches(&batches, 0));
            loop {
                tokio::select! {
                    sent = &mut sending => break sent?,
                    () = tokio::time::sleep(KEEP_INTERVAL) => claims.keep().await.map_err(in_words)?,
                }
            }
        }
        claims.confirm().await.map_err(in_words)?;
        self.progress
            .send_modify(|progress| progress.is_failing = false);
        Ok(())
    }

    /// Forwards what follows the cursor.
    async fn follow_cursor(&mut self) {
        let mut head = self.store.head();
        let mut attempt = 0;
        while let Err(error) = self.load_cursor().await {
            self.fail(&error.to_string(), &mut attempt).await;
        }
        loop {
            let cursor = self.progress.borrow().cursor;
            if cursor >= *head.borrow_and_update() {
                if head.changed().await.is_err() {
                    return;
                }
                continue;
            }
            match self.forward_window(cursor).await {
                Ok(()) => attempt = 0,
                Err(reason) => self.fail(&reason, &mut attempt).await,
            }
        }
    }

    async fn load_cursor(&self) -> Result<(), StoreError> {
        let store = Arc::clone(&self.store);
        let cursor = tokio::task::spawn_blocking(move || store.fact(CURSOR)).await;
        let cursor = cursor.unwrap_or(Err(StoreError::Closed))?.unwrap_or(0);
        let cursor = cursor.cast_unsigned();
        self.progress
            .send_modify(|progress| progress.cursor = cursor);
        Ok(())
    }

    /// Notes a failure and waits before the next attempt.
    async fn fail(&self, reason: &str, attempt: &mut u32) {
        self.progress.send_modify(|progress| {
            progress.failures += 1;
            progress.is_failing = true;
        });
        let asked = self.client.said().retry_after;
        let backoff = Duration::from_secs(1 << (*attempt).min(6)).min(MAX_BACKOFF);
        let wait = asked.unwrap_or(backoff).min(MAX_BACKOFF);
        *attempt += 1;
        tracing::warn!(reason, wait = wait.as_secs(), "records not forwarded");
        tokio::time::sleep(wait).await;
    }

    /// Forwards the next few batches and moves the cursor behind them.
    async fn forward_window(&mut self, cursor: Seq) -> Result<(), String> {
        let in_words = |error: StoreError| error.to_string();
        let scanned = self.scan(cursor).await.map_err(in_words)?;
        if let Some(last) = scanned.removed {
            let records = self.store.distance(cursor, last);
            tracing::warn!(records, "records removed before they were forwarded");
        }
        let Some(last) = scanned.batches.last().map(|batch| batch.last()) else {
            // Retention took what was left to forward.
            let head = *self.store.head().borrow();
            self.progress.send_modify(|progress| progress.reach(head));
            return Ok(());
        };
        self.send_batches(&scanned.batches, cursor).await?;
        let store = Arc::clone(&self.store);
        let noted =
            tokio::task::spawn_blocking(move || store.set_fact(CURSOR, last.cast_signed())).await;
        noted.unwrap_or(Err(StoreError::Closed)).map_err(in_words)?;
        self.progress.send_modify(|progress| progress.reach(last));
        Ok(())
    }

    /// Sends the records of some batches behind a number, one request per
    /// resource.
    async fn send_batches(
        &mut self,
        batches: &[Arc<StoredBatch>],
        behind: Seq,
    ) -> Result<(), String> {
        // In the order in which devices first come up, for the same requests
        // in the same order whenever this is repeated.
        let mut devices: Vec<Option<Arc<str>>> = Vec::new();
        let mut lines: HashMap<Option<Arc<str>>, Vec<Line<'_>>> = HashMap::new();
        for batch in batches {
            for (_, json) in batch.records().filter(|(seq, _)| *seq > behind) {
                let of_device = lines.entry(batch.resource.clone()).or_insert_with(|| {
                    devices.push(batch.resource.clone());
                    Vec::new()
                });
                let received_at = batch.received_at;
                of_device.push(Line { json, received_at });
            }
        }
        for device in devices {
            self.exporter
                .set_resource(&mapping::resource(device.as_deref()));
            let lines = lines.remove(&device).unwrap_or_default();
            for chunk in chunks(&lines) {
                self.send(chunk).await?;
            }
        }
        Ok(())
    }

    async fn scan(&self, cursor: Seq) -> Result<Scanned, StoreError> {
        if let Some(scanned) = self.store.recent(cursor, PORTION) {
            return Ok(scanned);
        }
        let store = Arc::clone(&self.store);
        let scanned = tokio::task::spawn_blocking(move || {
            store.scan(&Scan {
                from: Start::After(cursor),
                filter: &Filter::default(),
                portion: PORTION,
            })
        });
        scanned.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Sends records. Those that the collector calls bad are left out after
    /// halving down to each of them; for any other failure all are sent again.
    async fn send(&self, records: &[Line<'_>]) -> Result<(), String> {
        let mut parts = vec![records];
        while let Some(part) = parts.pop() {
            let Err(reason) = self.export(part).await else {
                continue;
            };
            let said = self.client.said();
            if !is_refusal(said) {
                return Err(reason);
            }
            if part.len() > 1 {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            } else {
                tracing::error!(status = said.status, "one record refused by the collector");
            }
        }
        Ok(())
    }

    async fn export(&self, records: &[Line<'_>]) -> Result<(), String> {
        let mapped: Vec<_> = records
            .iter()
            .filter_map(|line| {
                let record = LogRecord::parse(line.json.as_bytes()).ok()?;
                Some(self.mapper.map(&record, &rfc3339(line.received_at)))
            })
            .collect();
        if mapped.is_empty() {
            return Ok(());
        }
        let batch: Vec<_> = mapped
            .iter()
            .map(|(record, scope)| (record, scope))
            .collect();
        let started = Instant::now();
        let result = self.exporter.export(LogBatch::new(&batch)).await;
        tracing::debug!(records = mapped.len(), took = ?started.elapsed(), "forwarded");
        result.map_err(|_| match self.client.said().status {
            Some(status) => format!("the collector answered {status}"),
            None => "the collector cannot be reached".to_owned(),
        })
    }
}

/// Whether the collector will never take these records as they are.
fn is_refusal(said: Said) -> bool {
    matches!(said.status, Some(400 | 413 | 422))
}

/// A record as it is stored, and when it came in.
struct Line<'a> {
    json: &'a str,
    received_at: i64,
}

/// Cuts records into requests.
fn chunks<'l, 'a>(lines: &'l [Line<'a>]) -> Vec<&'l [Line<'a>]> {
    let mut chunks = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, line) in lines.iter().enumerate() {
        let size = line.json.len();
        if index > start && (bytes + size > MAX_BYTES || index - start >= MAX_RECORDS) {
            chunks.push(&lines[start..index]);
            (start, bytes) = (index, 0);
        }
        bytes += size;
    }
    chunks.push(&lines[start..]);
    chunks
}
