//! What whoever runs the server asks of it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{blocking, json};
use crate::ingest::metrics::Gauges;
use crate::ingest::problem::Problem;
use crate::ingest::{App, openapi};

/// `GET /healthz`: the process is alive.
pub(super) async fn healthz() -> Response {
    json(StatusCode::OK, r#"{"status":"ok"}"#.to_owned())
}

/// `GET /readyz`: records can be stored now, and the tokens checked that come
/// with them.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let store = Arc::clone(&app.store);
    blocking(move || store.check()).await?;
    app.auth.check()?;
    Ok(json(StatusCode::OK, r#"{"status":"ready"}"#.to_owned()))
}

/// `GET /metrics`, in the text format of Prometheus.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let gauges = Gauges {
        head: *app.store.head().borrow(),
        forwarded: app.forward.as_ref().map(|forward| {
            let progress = *forward.progress.borrow();
            (progress.cursor, progress.failures)
        }),
    };
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.render(gauges)).into_response()
}

/// `GET /openapi.json`: this interface, for programs.
pub(super) async fn openapi() -> Response {
    json(StatusCode::OK, openapi::document().to_string())
}
