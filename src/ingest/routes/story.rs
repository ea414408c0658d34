//! `GET /api/v1/sessions/{id}`: what happened in a session, told in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::{Name, blocking, json as answer};
use crate::filter::Filter;
use crate::ingest::App;
use crate::ingest::problem::Problem;
use crate::ingest::reading;
use crate::ingest::store::{Start, Store, StoreError};
use crate::record::LogRecord;
use crate::session::{Reach, Story, StoryBuilder};

/// How many records of a session are told at the most: the last ones.
const MAX_RECORDS: usize = 10_000;

/// The story of the session with an id, or the one session whose id starts
/// with it. `cut` says that there are earlier records, too many to tell.
pub(super) async fn story(
    State(app): State<Arc<App>>,
    Name(id): Name,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    app.auth.operator(&headers).await?;
    let head = *app.store.head().borrow();
    let store = Arc::clone(&app.store);
    let found = blocking(move || find(&*store, id, Start::Before(head + 1))).await?;
    match found {
        Found::One { story, is_cut } => {
            let body = json!({ "story": *story, "cut": is_cut });
            Ok(answer(StatusCode::OK, body.to_string()))
        }
        Found::None => Err(Problem::new(StatusCode::NOT_FOUND, "no such session")),
        Found::Several(ids) => Err(Problem::new(
            StatusCode::CONFLICT,
            format!("several sessions start with that: {}", ids.join(", ")),
        )),
    }
}

/// The sessions whose ids start with a text.
enum Found {
    None,
    One { story: Box<Story>, is_cut: bool },
    Several(Vec<String>),
}

fn find(store: &dyn Store, id: String, from: Start) -> Result<Found, StoreError> {
    let filter = Filter {
        session: Some(id.clone()),
        ..Filter::default()
    };
    let page = reading::page(store, &filter, from, MAX_RECORDS)?;
    let mut stories: BTreeMap<String, StoryBuilder> = BTreeMap::new();
    for (_, line) in &page.records {
        if let Ok(record) = LogRecord::parse(line.as_bytes()) {
            let session = record.session_id().unwrap_or_default().to_owned();
            stories.entry(session).or_default().add(record);
        }
    }
    // A whole id means that session, though others start with it too.
    let builder = match stories.remove(&id) {
        Some(builder) => builder,
        None if stories.len() > 1 => {
            return Ok(Found::Several(stories.into_keys().take(5).collect()));
        }
        None => match stories.pop_first() {
            Some((_, builder)) => builder,
            None => return Ok(Found::None),
        },
    };
    let mut known: BTreeMap<String, Option<Reach>> = BTreeMap::new();
    let story = builder.tell(|hash| {
        if let Some(reach) = known.get(hash) {
            return *reach;
        }
        // A story without these numbers is better than none.
        let group = store.group(hash).ok().flatten();
        let reach = group.map(|group| Reach {
            sessions: group.sessions,
            installs: group.installs,
        });
        known.insert(hash.to_owned(), reach);
        reach
    });
    Ok(Found::One {
        story: Box::new(story),
        is_cut: page.more,
    })
}
