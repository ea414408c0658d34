//! The routes, one file per group.

mod config;
mod observe;
mod ops;
mod post_logs;
mod read;
mod screenshots;
mod status;
mod story;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::App;
use super::page;
use super::problem::Problem;
use super::store::StoreError;

/// The whole HTTP interface over an application's state.
pub fn app(state: Arc<App>) -> Router {
    Router::new()
        .route("/", get(page::document))
        .route("/assets/{name}", get(page::asset))
        .route("/api/v1/logs", post(post_logs::post_logs).get(read::logs))
        .route("/api/v1/logs/stream", get(read::stream))
        .route("/api/v1/sessions", get(read::sessions))
        .route("/api/v1/sessions/{id}", get(story::story))
        .route("/api/v1/fingerprints", get(read::fingerprints))
        .route("/api/v1/status", get(status::status))
        .route("/api/v1/config/logging", get(config::logging))
        .route("/api/v1/screenshots", post(screenshots::post))
        .route("/api/v1/screenshots/{id}", get(screenshots::get))
        .route("/healthz", get(ops::healthz))
        .route("/readyz", get(ops::readyz))
        .route("/metrics", get(ops::metrics))
        .route("/openapi.json", get(ops::openapi))
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "no such route"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "no such method here")
        })
        .layer(middleware::from_fn_with_state(
            Arc::clone(&state),
            observe::observe,
        ))
        .with_state(state)
}

/// The name that the path ends in.
pub(super) struct Name(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Name, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(name) = path.map_err(|_| Problem::bad_request("the path is not UTF-8"))?;
        Ok(Name(name))
    }
}

/// An answer of JSON text.
fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Whether who asks has what this tag stands for already.
pub(super) fn knows(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|tags| tags.to_str().ok())
        .flat_map(|tags| tags.split(','))
        .any(|tag| tag.trim().trim_start_matches("W/") == etag || tag.trim() == "*")
}

/// Runs what waits for a disk on a thread that may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let result = tokio::task::spawn_blocking(work).await;
    Ok(result.unwrap_or(Err(StoreError::Closed))?)
}
