//! `POST /api/v1/logs`: records come in.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{Extensions, StatusCode};
use axum::response::Response;
use chrono::Utc;
use serde::Serialize;

use super::json;
use crate::ingest::auth::Device;
use crate::ingest::payload::{Intake, Rejected, Taken, take_in};
use crate::ingest::problem::Problem;
use crate::ingest::server::Peer;
use crate::ingest::store::Batch;
use crate::ingest::{App, body, rate};

/// How long a request waits for its records to be forwarded.
const FORWARD_TIMEOUT: Duration = Duration::from_secs(15);

/// The answer: how many records were stored, how many were there already, and
/// which cannot be stored and why.
#[derive(Serialize)]
struct Verdict<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    accepted: usize,
    duplicates: usize,
    rejected: &'a [Rejected],
}

/// The token is checked before the first byte of the body is read, and the
/// answer follows the commit.
pub(super) async fn post_logs(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let device = app.auth.device(&head.headers).await?;
    check_rates(&app, &device, &head.extensions, 0)?;
    let forward = app.forward.as_ref();
    if forward.is_some_and(|forward| forward.is_over(&*app.store)) {
        let message = "too many records are waiting for the collector";
        return Err(Problem::new(StatusCode::BAD_GATEWAY, message).retry_after(30));
    }
    let sender = device.subject.as_deref();
    let limit = app.limits.body_bytes;
    let read = body::read(&head.headers, body, limit, &app.bodies, sender);
    let body = tokio::time::timeout(app.limits.body_timeout, read)
        .await
        .map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long"))??;
    // Runs on the thread that read the body: a body is at most a few
    // milliseconds of work, and handing it to another thread costs more under
    // load than the wait it saves.
    let taken = take_in(
        &body.bytes,
        &Intake {
            sanitizer: &app.sanitizer,
            subject: device.subject.as_deref(),
            received_at: Utc::now().timestamp_millis(),
            max_records: app.limits.records,
            max_depth: app.limits.depth,
        },
    )?;
    drop(body);
    let Taken { batch, rejected } = taken;
    app.metrics
        .rejected
        .fetch_add(rejected.len() as u64, Ordering::Relaxed);
    if batch.records.is_empty() && !rejected.is_empty() {
        let verdict = Verdict {
            error: Some("no record is usable"),
            accepted: 0,
            duplicates: 0,
            rejected: &rejected,
        };
        return answer(StatusCode::UNPROCESSABLE_ENTITY, &verdict);
    }
    check_sessions(&app, &device, &batch)?;
    check_rates(&app, &device, &head.extensions, batch.records.len())?;
    let appended = app.store.append(batch).await?;
    let counted = |counter: &std::sync::atomic::AtomicU64, count: usize| {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    };
    counted(&app.metrics.accepted, appended.accepted);
    counted(&app.metrics.duplicates, appended.duplicates);
    if let Some(forward) = app.forward.as_ref().filter(|forward| forward.options.sync) {
        // What was stored before counts too: a record sent again must not be
        // taken for forwarded because it is a duplicate.
        let seq = *app.store.head().borrow();
        if !forward.reached(seq, FORWARD_TIMEOUT).await {
            let message = "stored, but not forwarded yet; it will be";
            return Err(Problem::new(StatusCode::BAD_GATEWAY, message).retry_after(5));
        }
    }
    let verdict = Verdict {
        error: None,
        accepted: appended.accepted,
        duplicates: appended.duplicates,
        rejected: &rejected,
    };
    answer(StatusCode::OK, &verdict)
}

/// Charges the user and the address; with no records it only asks.
pub(super) fn check_rates(
    app: &App,
    device: &Device,
    extensions: &Extensions,
    records: usize,
) -> Result<(), Problem> {
    let peer = extensions.get::<Peer>().and_then(|peer| peer.0);
    let by_address = match peer {
        Some(address) => app.by_address.charge(rate::network(address.ip()), records),
        None => Ok(()),
    };
    let by_user = match &device.subject {
        Some(subject) => app.by_user.charge(subject, records),
        None => Ok(()),
    };
    by_address.and(by_user).map_err(|wait| too_fast(app, wait))
}

/// Charges each session of a batch. A session is one of a user's, so that
/// nobody can use up another's rate.
fn check_sessions(app: &App, device: &Device, batch: &Batch) -> Result<(), Problem> {
    let mut counts = vec![0; batch.origins.len()];
    for record in &batch.records {
        counts[record.origin] += 1;
    }
    for (origin, count) in batch.origins.iter().zip(counts) {
        let session = origin.session.to_ascii_lowercase();
        let sender = (&device.subject, &origin.install, session);
        let charged = app.by_session.charge(sender, count);
        charged.map_err(|wait| too_fast(app, wait))?;
    }
    Ok(())
}

fn too_fast(app: &App, wait: u64) -> Problem {
    app.metrics.rate_limited.fetch_add(1, Ordering::Relaxed);
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many records").retry_after(wait)
}

fn answer(status: StatusCode, verdict: &Verdict<'_>) -> Result<Response, Problem> {
    let body = serde_json::to_string(verdict)
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(json(status, body))
}
