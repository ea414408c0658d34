//! `GET /api/v1/status`: how the server is doing, for an operator's eye.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::{blocking, json as answer};
use crate::ingest::App;
use crate::ingest::history::{STEP, Sample};
use crate::ingest::problem::Problem;
use crate::ingest::reading::rfc3339;

/// Counters since the start, the last hour of them, forwarding, and what
/// requests were answered.
pub(super) async fn status(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.auth.operator(&headers).await?;
    let store = Arc::clone(&app.store);
    let is_stored = blocking(move || store.check()).await.is_ok();
    let is_ready = is_stored && app.auth.check().is_ok();
    let now = Sample::of(&app);
    let forward = app.forward.as_ref().map(|forward| {
        let progress = *forward.progress.borrow();
        json!({
            "cursor": progress.cursor,
            "failures": progress.failures,
            "backlog": now.backlog,
            "maxBacklog": forward.options.max_backlog,
        })
    });
    let body = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "startedAt": rfc3339(app.started_at),
        "now": rfc3339(now.at),
        "ready": is_ready,
        "head": *app.store.head().borrow(),
        "streams": app.metrics.streams.load(Ordering::Relaxed),
        "counters": now,
        "forward": forward,
        "requests": app.metrics.requests(),
        "history": { "stepMs": STEP.as_millis() as u64, "samples": app.history.samples() },
    });
    Ok(answer(StatusCode::OK, body.to_string()))
}
