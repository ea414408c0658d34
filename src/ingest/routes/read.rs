//! The routes by which an operator reads.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::Utc;
use serde_json::{Value, json};

use super::{blocking, json as answer};
use crate::ingest::App;
use crate::ingest::live::Live;
use crate::ingest::problem::Problem;
use crate::ingest::query::ReadQuery;
use crate::ingest::reading::{self, Page, rfc3339};
use crate::ingest::store::{
    ErrorGroup, Session, SessionQuery, Start, Store, StoreError, Top, TopQuery,
};

/// The header with which a reader of a stream says what it saw last.
const LAST_EVENT_ID: &str = "last-event-id";

/// `GET /api/v1/logs`: the records behind `after`, or the last ones before
/// `before` (without either, of all), oldest first.
pub(super) async fn logs(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.auth.operator(&headers).await?;
    let query = parse(&app, query.as_deref()).await?;
    let head = *app.store.head().borrow();
    let from = match (query.after, query.before) {
        (Some(_), Some(_)) => {
            return Err(Problem::bad_request("give `after` or `before`, not both"));
        }
        (Some(after), None) => Start::After(after),
        (None, before) => Start::Before(before.map_or(head + 1, i64::cast_unsigned)),
    };
    let store = Arc::clone(&app.store);
    let count = query.count();
    let page = blocking(move || reading::page(&*store, &query.filter, from, count)).await?;
    Ok(answer(StatusCode::OK, page_json(&page, from)))
}

/// Reads a query, and puts the installation's id where it has its alias.
async fn parse(app: &Arc<App>, query: Option<&str>) -> Result<ReadQuery, Problem> {
    let mut query = ReadQuery::parse(query)?;
    if let Some(alias) = query.filter.install.clone() {
        let store = Arc::clone(&app.store);
        let install = blocking(move || store.install_by_alias(&alias)).await?;
        query.filter.install = install.or(query.filter.install);
    }
    Ok(query)
}

/// The records as they are, in an array, and the cursors: what to ask for as
/// `before` for older records (null if there are none), as `after` for newer.
fn page_json(page: &Page, from: Start) -> String {
    let mut body = String::from("{\"records\":[");
    for (index, (_, line)) in page.records.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str(line);
    }
    let (before, after) = match from {
        Start::After(after) => (Some(after + 1), page.next),
        Start::Before(before) => (page.more.then_some(page.next), before.saturating_sub(1)),
    };
    let before = before.map_or_else(|| "null".to_owned(), |seq| seq.to_string());
    let more = page.more;
    let _ = write!(
        body,
        "],\"before\":{before},\"after\":{after},\"more\":{more}}}"
    );
    body
}

/// `GET /api/v1/logs/stream`: records as they come in, behind `after` or the
/// `Last-Event-ID`, or after the last `n`.
pub(super) async fn stream(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.auth.operator(&headers).await?;
    let query = parse(&app, query.as_deref()).await?;
    let last_seen = match headers.get(LAST_EVENT_ID) {
        None => query.after,
        Some(id) => {
            let id = id.to_str().ok().and_then(|id| id.trim().parse().ok());
            Some(id.ok_or_else(|| Problem::bad_request("`Last-Event-ID` should be a number"))?)
        }
    };
    let head = *app.store.head().borrow();
    let mut first = String::from(": stream\n\n");
    if let (None, Some(count)) = (last_seen, query.count) {
        let (store, filter) = (Arc::clone(&app.store), query.filter.clone());
        let from = Start::Before(head + 1);
        let page = blocking(move || reading::page(&*store, &filter, from, count)).await?;
        for (seq, line) in &page.records {
            let _ = write!(first, "event: record\nid: {seq}\ndata: {line}\n\n");
        }
    }
    let cursor = last_seen.unwrap_or(head).min(head);
    Ok(Live::new(app, query.filter, cursor, first).into_response())
}

/// `GET /api/v1/sessions`: runs of the app, the one last heard of first.
pub(super) async fn sessions(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.auth.operator(&headers).await?;
    let query = parse(&app, query.as_deref()).await?;
    let store = Arc::clone(&app.store);
    let limit = query.count();
    let sessions = blocking(move || {
        store.sessions(&SessionQuery {
            filter: &query.filter,
            before: query.before,
            limit: limit + 1,
        })
    })
    .await?;
    let more = sessions.len() > limit;
    let shown = &sessions[..sessions.len().min(limit)];
    let next = more.then(|| shown.last().map(|session| session.last_received));
    let list: Vec<Value> = shown.iter().map(session_json).collect();
    let body = json!({ "sessions": list, "before": next, "more": more });
    Ok(answer(StatusCode::OK, body.to_string()))
}

fn session_json(session: &Session) -> Value {
    let known = |id: &str| (!id.is_empty()).then(|| id.to_owned());
    let resource = session.resource.as_deref();
    json!({
        "sessionId": known(&session.origin.session),
        "installId": known(&session.origin.install),
        "userId": known(&session.origin.user),
        "alias": session.alias,
        "firstReceivedAt": rfc3339(session.first_received),
        "lastReceivedAt": rfc3339(session.last_received),
        "firstTimestamp": rfc3339(session.first_timestamp),
        "lastTimestamp": rfc3339(session.last_timestamp),
        "records": session.records,
        "errors": session.errors,
        "fatals": session.fatals,
        "resource": resource.and_then(|json| serde_json::from_str::<Value>(json).ok()),
    })
}

/// `GET /api/v1/fingerprints`: the most frequent errors of a window.
pub(super) async fn fingerprints(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.auth.operator(&headers).await?;
    let query = ReadQuery::parse(query.as_deref())?;
    let window = query.window.unwrap_or(DEFAULT_WINDOW);
    let until = Utc::now().timestamp_millis();
    let top_query = TopQuery {
        since: until
            .saturating_sub(i64::try_from(window.as_millis()).unwrap_or(i64::MAX))
            .max(0),
        until,
        limit: query.top.unwrap_or(DEFAULT_TOP),
    };
    let store = Arc::clone(&app.store);
    let (top, known_since) = blocking(move || {
        let top = store.top(&top_query)?;
        let known_since = known_since(&*store, &top)?;
        Ok((top, known_since))
    })
    .await?;
    let groups: Vec<Value> = top
        .groups
        .iter()
        .zip(known_since)
        .map(|(group, known_since)| {
            let mut json = group_json(group, top.total, &top_query);
            json["knownSince"] = rfc3339(known_since).into();
            json
        })
        .collect();
    let body = json!({
        "window": { "since": rfc3339(top_query.since), "until": rfc3339(until) },
        "total": top.total,
        "fingerprints": groups,
    });
    Ok(answer(StatusCode::OK, body.to_string()))
}

/// When each group came up first, be it before the window.
fn known_since(store: &dyn Store, top: &Top) -> Result<Vec<i64>, StoreError> {
    let first_seen = |group: &ErrorGroup| {
        let whole = match &group.hash {
            Some(hash) => store.group(hash)?,
            None => None,
        };
        Ok(whole.map_or(group.first_seen, |whole| whole.first_seen))
    };
    top.groups.iter().map(first_seen).collect()
}

/// The window and the number of groups when the query does not say.
const DEFAULT_WINDOW: Duration = Duration::from_secs(24 * 3600);
const DEFAULT_TOP: usize = 5;

/// How many hours are counted apart at the most.
const MAX_HOURS: i64 = 24 * 31;

fn group_json(group: &ErrorGroup, total: u64, query: &TopQuery) -> Value {
    const HOUR: i64 = 3_600_000;
    let last = query.until.div_euclid(HOUR);
    let first = query.since.div_euclid(HOUR).max(last - MAX_HOURS);
    let counts: Vec<u64> = (first..=last)
        .map(|hour| {
            let counted = group.hours.iter().find(|(start, _)| *start == hour * HOUR);
            counted.map_or(0, |(_, count)| *count)
        })
        .collect();
    let mut json = json!({ "fingerprint": group.hash });
    if let (Value::Object(json), Ok(Value::Object(details))) =
        (&mut json, serde_json::from_str(&group.details))
    {
        json.extend(details);
    }
    let numbers = json!({
        "count": group.count,
        "share": group.count as f64 / total.max(1) as f64,
        "firstSeen": rfc3339(group.first_seen),
        "lastSeen": rfc3339(group.last_seen),
        "sessions": group.sessions,
        "installs": group.installs,
        "exemplar": group.exemplar,
        "counts": counts,
    });
    if let (Value::Object(json), Value::Object(numbers)) = (&mut json, numbers) {
        json.extend(numbers);
    }
    json
}
