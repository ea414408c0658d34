//! The log level that the server asks for, as a client of
//! `GET /api/v1/config/logging`.
//!
//! It is fetched when a program starts and every ten minutes, and kept in the
//! state folder, so that it holds where there is no network, and for programs
//! that run too briefly to ask. It expires: a level that was turned up for one
//! investigation must not stay up for ever on a device that is never online
//! again. When it has expired, or was never there, the local level holds.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::{StatusCode, Url};
use serde::{Deserialize, Serialize};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::http_client::http_client;
use crate::logger::{LevelRules, LogManager};
use crate::record::{Level, format_timestamp, parse_timestamp};
use crate::upload::Endpoint;

/// How often the server is asked.
pub const POLL_INTERVAL: Duration = Duration::from_secs(600);

/// How long an answer holds after it was last confirmed.
pub const HOLDS_FOR: TimeDelta = TimeDelta::hours(24);

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of an answer.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// The name of the file in the state folder.
const FILE: &str = "log_level.json";

/// What the server asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteLevel {
    rules: LevelRules,
    etag: Option<String>,
    confirmed_at: DateTime<Utc>,
}

/// The answer as it comes, and as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    min_level: String,
    #[serde(default)]
    modules: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confirmed_at: Option<String>,
}

/// Why the server's level is not known.
#[derive(Debug, thiserror::Error)]
pub enum RemoteLevelError {
    /// It cannot be reached.
    #[error("cannot ask {url} for the log level: {reason}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// It says something else.
    #[error("{url} answered {answer}, which is no log level")]
    NoLevel {
        /// What was asked.
        url: String,
        /// The status, or what is wrong with the answer.
        answer: String,
    },
}

impl RemoteLevel {
    /// What was last fetched, if it still holds. A file that is torn counts as
    /// none.
    pub fn cached(state_dir: &Path, now: DateTime<Utc>) -> Option<RemoteLevel> {
        let level = RemoteLevel::load(state_dir)?;
        level.holds(now).then_some(level)
    }

    /// The least level, and those of loggers by their names.
    pub fn rules(&self) -> &LevelRules {
        &self.rules
    }

    /// A clock that was set back does not make an answer hold for longer.
    fn holds(&self, now: DateTime<Utc>) -> bool {
        (now - self.confirmed_at).abs() <= HOLDS_FOR
    }

    fn load(state_dir: &Path) -> Option<RemoteLevel> {
        let bytes = crate::small_file::read(&state_dir.join(FILE)).ok()?;
        let answer: Answer = serde_json::from_slice(&bytes).ok()?;
        let confirmed_at = parse_timestamp(answer.confirmed_at.as_deref()?)?;
        RemoteLevel::of(answer, confirmed_at)
    }

    fn of(answer: Answer, confirmed_at: DateTime<Utc>) -> Option<RemoteLevel> {
        let modules = answer.modules.iter();
        let overrides: Option<Vec<(&str, Level)>> = modules
            .map(|(name, level)| Some((name.as_str(), level.parse().ok()?)))
            .collect();
        Some(RemoteLevel {
            rules: LevelRules::new(answer.min_level.parse().ok()?, overrides?),
            etag: answer.etag,
            confirmed_at,
        })
    }

    fn save(&self, state_dir: &Path) -> io::Result<()> {
        let overrides = self.rules.overrides.iter();
        let answer = Answer {
            min_level: self.rules.min.as_str().to_owned(),
            modules: overrides
                .map(|(name, level)| (name.clone(), level.as_str().to_owned()))
                .collect(),
            etag: self.etag.clone(),
            confirmed_at: Some(format_timestamp(self.confirmed_at)),
        };
        fs::create_dir_all(state_dir)?;
        let mut file = tempfile::NamedTempFile::new_in(state_dir)?;
        file.write_all(&serde_json::to_vec(&answer)?)?;
        file.persist(state_dir.join(FILE))
            .map_err(|error| error.error)?;
        Ok(())
    }
}

/// Asks the server over and over, in the background, until it is dropped.
#[derive(Debug)]
pub struct Poller {
    _stop: DropGuard,
}

impl Poller {
    /// Starts with the level that was last fetched, then asks at once and every
    /// ten minutes. `apply` is told each time what holds, and `None` when the
    /// local level does.
    ///
    /// `url` names whose level is asked for: see [`url`].
    ///
    /// # Errors
    ///
    /// If the system has no thread to spare.
    pub fn start(
        url: Url,
        state_dir: &Path,
        apply: impl Fn(Option<&LevelRules>) + Send + 'static,
    ) -> io::Result<Poller> {
        let state_dir = state_dir.to_owned();
        let cancel = CancellationToken::new();
        let stop = cancel.clone().drop_guard();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let poll = async move {
            let mut level = RemoteLevel::load(&state_dir);
            loop {
                let held = level.as_ref().filter(|level| level.holds(Utc::now()));
                apply(held.map(RemoteLevel::rules));
                // A server that cannot be reached leaves what holds in place.
                if let Ok(fetched) = fetch(&url, level.as_ref()).await {
                    // What cannot be kept still holds for this process.
                    let _ = fetched.save(&state_dir);
                    apply(Some(fetched.rules()));
                    level = Some(fetched);
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        thread::Builder::new()
            .name("soliplex-level".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = poll => {}
                        () = cancel.cancelled() => {}
                    }
                });
            })?;
        Ok(Poller { _stop: stop })
    }
}

impl Poller {
    /// Has all loggers of a program obey the server, as [`Poller::start`] asks
    /// it; without a level of its own, those of the program hold.
    ///
    /// # Errors
    ///
    /// If the system has no thread to spare.
    pub fn obeyed_by(manager: &LogManager, url: Url, state_dir: &Path) -> io::Result<Poller> {
        let manager = manager.clone();
        Poller::start(url, state_dir, move |remote| manager.obey(remote))
    }
}

/// Where to ask, given where records are posted to, and for whom.
pub fn url(endpoint: &Endpoint, install_id: &str, session_id: &str) -> Url {
    let mut url = endpoint.beside("config/logging");
    url.query_pairs_mut()
        .append_pair("install", install_id)
        .append_pair("session", session_id);
    url
}

/// Asks once. An answer that is the one we have confirms it.
async fn fetch(url: &Url, last: Option<&RemoteLevel>) -> Result<RemoteLevel, RemoteLevelError> {
    let unreachable = |error: reqwest::Error| RemoteLevelError::Unreachable {
        url: url.to_string(),
        reason: error.without_url().to_string(),
    };
    let no_level = |answer: String| RemoteLevelError::NoLevel {
        url: url.to_string(),
        answer,
    };
    let client =
        http_client(url.as_str(), |builder| builder.timeout(TIMEOUT)).map_err(unreachable)?;
    let mut request = client.get(url.clone());
    if let Some(etag) = last.and_then(|last| last.etag.as_ref()) {
        request = request.header(IF_NONE_MATCH, etag);
    }
    let mut response = request.send().await.map_err(unreachable)?;
    let now = Utc::now();
    if let (StatusCode::NOT_MODIFIED, Some(last)) = (response.status(), last) {
        return Ok(RemoteLevel {
            confirmed_at: now,
            ..last.clone()
        });
    }
    if response.status() != StatusCode::OK {
        return Err(no_level(response.status().to_string()));
    }
    let etag = response
        .headers()
        .get(ETAG)
        .and_then(|etag| etag.to_str().ok());
    let etag = etag.map(str::to_owned);
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_ANSWER_BYTES {
            return Err(no_level("too much".to_owned()));
        }
    }
    let mut answer: Answer =
        serde_json::from_slice(&bytes).map_err(|error| no_level(error.to_string()))?;
    answer.etag = etag;
    RemoteLevel::of(answer, now).ok_or_else(|| no_level("an unknown level".to_owned()))
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::{header, method, query_param};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    fn level(confirmed_at: DateTime<Utc>) -> RemoteLevel {
        RemoteLevel {
            rules: LevelRules::new(Level::Warning, [("http", Level::Trace)]),
            etag: Some("\"1\"".to_owned()),
            confirmed_at,
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        parse_timestamp(text).unwrap()
    }

    #[test]
    fn what_was_fetched_holds_for_a_day_whichever_way_the_clock_goes() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(RemoteLevel::cached(folder.path(), Utc::now()), None);
        let level = level(at("2026-02-06T12:00:00Z"));
        level.save(folder.path()).unwrap();
        let cached = |now| RemoteLevel::cached(folder.path(), at(now));
        assert_eq!(cached("2026-02-07T11:59:00Z"), Some(level));
        assert_eq!(cached("2026-02-07T12:01:00Z"), None);
        assert_eq!(cached("2016-02-06T12:00:00Z"), None);
        fs::write(folder.path().join(FILE), "{\"min_le").unwrap();
        assert_eq!(cached("2026-02-06T12:00:00Z"), None);
    }

    #[test]
    fn where_the_server_is_not_there_the_last_good_level_holds_until_it_expires() {
        let endpoint = Endpoint::parse("http://127.0.0.1:9").unwrap();
        for (confirmed, holds) in [
            (Utc::now(), true),
            (Utc::now() - HOLDS_FOR - HOLDS_FOR, false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            level(confirmed).save(folder.path()).unwrap();
            let (told, hears) = std::sync::mpsc::channel();
            let apply = move |level: Option<&LevelRules>| {
                // The test may have heard enough.
                let _ = told.send(level.is_some());
            };
            let _poller = Poller::start(url(&endpoint, "i", "s"), folder.path(), apply).unwrap();
            assert_eq!(hears.recv_timeout(Duration::from_secs(20)), Ok(holds));
        }
    }

    #[test]
    fn the_address_is_beside_that_of_the_records() {
        let endpoint = Endpoint::parse("https://logs.example.org/base/api/v1/logs").unwrap();
        let url = url(&endpoint, "i-1", "s-1");
        assert_eq!(
            url.as_str(),
            "https://logs.example.org/base/api/v1/config/logging?install=i-1&session=s-1"
        );
    }

    #[tokio::test]
    async fn a_programs_loggers_obey_the_server() {
        let server = MockServer::start().await;
        let answer = r#"{"min_level":"error","modules":{"http":"debug"}}"#;
        Mock::given(method("GET"))
            .respond_with(ResponseTemplate::new(200).set_body_string(answer))
            .mount(&server)
            .await;
        let state = tempfile::tempdir().unwrap();
        let manager = LogManager::builder().min_level(Level::Info).build();
        let (auth, http) = (manager.logger("Auth"), manager.logger("soliplex.Http"));
        assert!(auth.is_enabled(Level::Info) && !http.is_enabled(Level::Debug));
        let endpoint = Endpoint::parse(&server.uri()).unwrap();
        let url = url(&endpoint, "i", "s");
        let _poller = Poller::obeyed_by(&manager, url, state.path()).unwrap();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while auth.is_enabled(Level::Info) {
            assert!(tokio::time::Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert!(auth.is_enabled(Level::Error) && http.is_enabled(Level::Debug));
    }

    #[tokio::test]
    async fn an_unchanged_answer_confirms_the_one_we_have() {
        let server = MockServer::start().await;
        Mock::given(method("GET"))
            .and(query_param("session", "s"))
            .and(header("if-none-match", "\"1\""))
            .respond_with(ResponseTemplate::new(304))
            .expect(1)
            .mount(&server)
            .await;
        let endpoint = Endpoint::parse(&server.uri()).unwrap();
        let old = level(at("2026-02-06T12:00:00Z"));
        let fetched = fetch(&url(&endpoint, "i", "s"), Some(&old)).await.unwrap();
        assert_eq!(fetched.rules, old.rules);
        assert!(fetched.holds(Utc::now()));
    }

    #[tokio::test]
    async fn an_answer_that_is_no_level_changes_nothing() {
        for body in [
            ResponseTemplate::new(404),
            ResponseTemplate::new(200).set_body_string("<html>"),
            ResponseTemplate::new(200).set_body_string(r#"{"min_level":"loud"}"#),
            ResponseTemplate::new(200).set_body_string("x".repeat(100_000)),
            ResponseTemplate::new(302).insert_header("location", "/"),
        ] {
            let server = MockServer::start().await;
            Mock::given(method("GET"))
                .respond_with(body)
                .mount(&server)
                .await;
            let url = Url::parse(&server.uri()).unwrap();
            assert!(matches!(
                fetch(&url, None).await,
                Err(RemoteLevelError::NoLevel { .. })
            ));
        }
    }
}
