//! `GET /api/v1/config/logging`: the level that apps are told to log at.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::Utc;

use super::{blocking, json, knows};
use crate::ingest::App;
use crate::ingest::problem::Problem;
use crate::ingest::query::ReadQuery;
use crate::ingest::remote_level::{Answer, Asker};

/// Anyone may ask. `install`, `session` and `user` say for whom.
pub(super) async fn logging(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let filter = ReadQuery::parse(query.as_deref())?.filter;
    let asker = Asker {
        install: filter.install,
        session: filter.session,
        user: filter.user,
    };
    let of_app = Arc::clone(&app);
    let answer = blocking(move || {
        let levels = of_app.remote_level.as_ref();
        Ok(levels.and_then(|levels| levels.answer(&asker, Utc::now())))
    })
    .await?;
    let Some(Answer { json: body, etag }) = answer else {
        return Ok(
            Problem::new(StatusCode::NOT_FOUND, "this server tells no log levels").into_response(),
        );
    };
    let mut response = match knows(&headers, &etag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => json(StatusCode::OK, body),
    };
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    Ok(response)
}
