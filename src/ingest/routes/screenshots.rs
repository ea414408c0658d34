//! Screenshots: taken in from devices, shown to operators.

use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use tokio::sync::Semaphore;

use super::{Name, blocking, json};
use crate::ingest::problem::Problem;
use crate::ingest::screenshot::{PngError, Screenshot};
use crate::ingest::store::StoredScreenshot;
use crate::ingest::{App, body};

/// How many screenshots are decoded at a time: each takes up to a few hundred
/// milliseconds and a few megabytes.
static DECODING: Semaphore = Semaphore::const_new(2);

/// The `id=UUID` of a query, if there is one. A UUID it must be: it becomes
/// part of an address.
fn client_id(query: &str) -> Result<Option<uuid::Uuid>, Problem> {
    let id = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "id");
    let id = id.map(|(_, id)| uuid::Uuid::try_parse(&id)).transpose();
    id.map_err(|_| Problem::bad_request("`id` should be a UUID"))
}

/// Whether a body says that it is a PNG.
fn is_png(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("image/png")
}

/// `POST /api/v1/screenshots`: 201 with the id that records name it by.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let device = app.auth.device(&head.headers).await?;
    super::post_logs::check_rates(&app, &device, &head.extensions, 1)?;
    // The device may have named it already, in the record that it goes with.
    let id = client_id(head.uri.query().unwrap_or_default())?;
    if !is_png(&head.headers) {
        let message = "the content type should be image/png";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let sender = device.subject.as_deref();
    let limit = app.limits.screenshot_bytes;
    let read = body::read(&head.headers, body, limit, &app.bodies, sender);
    let file = tokio::time::timeout(app.limits.body_timeout, read)
        .await
        .map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long"))??;
    let _permit = DECODING.acquire().await;
    let store = Arc::clone(&app.store);
    let stored = blocking(move || {
        let screenshot = match Screenshot::new(&file.bytes) {
            Ok(screenshot) => screenshot,
            Err(error) => return Ok(Err(error)),
        };
        let id = id.unwrap_or_else(uuid::Uuid::now_v7).to_string();
        store.put_screenshot(StoredScreenshot {
            id: id.clone(),
            received_at: Utc::now().timestamp_millis(),
            user: device.subject.unwrap_or_default(),
            png: screenshot.png,
            thumbnail: screenshot.thumbnail,
        })?;
        Ok(Ok(id))
    });
    match stored.await? {
        Ok(id) => Ok(json(
            StatusCode::CREATED,
            serde_json::json!({ "id": id }).to_string(),
        )),
        Err(error @ PngError::TooLarge) => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            error.to_string(),
        )),
        Err(error) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            error.to_string(),
        )),
    }
}

/// `GET /api/v1/screenshots/{id}`; with `?thumbnail`, at 480p.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Name(id): Name,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.auth.operator(&headers).await?;
    let store = Arc::clone(&app.store);
    // However a record spells it, it is kept in lower case.
    let id = id.to_ascii_lowercase();
    let query = query.unwrap_or_default();
    let is_thumbnail =
        form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "thumbnail");
    let png = blocking(move || store.screenshot(&id, is_thumbnail)).await?;
    let png = png.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "no such screenshot"))?;
    let headers = [
        (header::CONTENT_TYPE, "image/png"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
        (header::CACHE_CONTROL, "private, max-age=3600"),
    ];
    Ok((headers, png).into_response())
}
