//! Key sets that the issuer publishes (RFC 7517), by URL or in a file.
//!
//! A set is fetched again when a token names a key that is not in it, and
//! every ten minutes; at most once a minute in all, whatever tokens name. The
//! last good set is kept while the issuer cannot be reached.

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, JwkSet};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::keys::Key;
use crate::http_client::http_client;
use crate::ingest::OPERATOR;
use crate::small_file;

/// How soon a set may be fetched again.
const MIN_AGE: Duration = Duration::from_secs(60);

/// How long a set is used without looking again, so that a key that was
/// withdrawn is soon worth nothing.
const MAX_AGE: Duration = Duration::from_secs(600);

/// How long fetching a set may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The most bytes of a set.
const MAX_BYTES: usize = 1 << 20;

/// The most keys of a set.
const MAX_KEYS: usize = 100;

/// A set of keys that is kept up to date.
#[derive(Debug)]
pub struct Jwks {
    source: Source,
    client: reqwest::Client,
    keys: RwLock<Vec<Key>>,
    /// When the set was last asked for, with or without success; locked while
    /// it is.
    asked: Mutex<Option<Instant>>,
}

/// Where a set of keys is.
#[derive(Clone, Debug)]
pub enum Source {
    /// At a URL.
    Url(String),
    /// In a file.
    File(PathBuf),
}

/// Why there is no set of keys.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the keys of {place}: {reason}")]
pub struct JwksError {
    place: String,
    reason: String,
}

impl Jwks {
    /// A set that is fetched when it is first needed, if not before.
    ///
    /// # Errors
    ///
    /// The system's certificates cannot be read.
    pub fn new(source: Source) -> Result<Jwks, JwksError> {
        let url = match &source {
            Source::Url(url) => url,
            // Nothing is fetched.
            Source::File(_) => "http:",
        };
        let client = http_client(url, |builder| builder.timeout(TIMEOUT))
            .map_err(|error| source.error(error))?;
        Ok(Jwks {
            source,
            client,
            keys: RwLock::default(),
            asked: Mutex::default(),
        })
    }

    /// Fetches the set now. Who needs a key of it meanwhile waits.
    ///
    /// # Errors
    ///
    /// It cannot be reached, or is no set of keys.
    pub async fn fetch(&self) -> Result<(), JwksError> {
        let mut asked = self.asked.lock().await;
        *asked = Some(Instant::now());
        self.replace().await
    }

    /// Fetches the set when the server starts, and until that has worked once
    /// every minute: whoever runs it is told that it does not, and that it does.
    pub(in crate::ingest) async fn fetch_at_start(&self) {
        let Err(error) = self.fetch().await else {
            return;
        };
        tracing::error!(
            target: OPERATOR,
            "{error}; tokens signed with them are refused until they can be fetched, which is tried every minute"
        );
        while self.is_empty() {
            tokio::time::sleep(MIN_AGE).await;
            self.candidates(None).await;
        }
        let place = self.source.place();
        tracing::warn!(target: OPERATOR, "the keys of {place} are there now");
    }

    /// Whether the set was never there.
    pub(super) fn is_empty(&self) -> bool {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.is_empty()
    }

    /// Where the set is.
    pub(super) fn place(&self) -> String {
        self.source.place()
    }

    /// The keys that a token with this `kid` may be signed with.
    pub(super) async fn candidates(&self, kid: Option<&str>) -> Vec<Key> {
        let found = self.find(kid);
        let is_missing = found.is_empty();
        // Whoever has a key does not wait for a set that is being fetched.
        let asked = match is_missing {
            true => Some(self.asked.lock().await),
            false => self.asked.try_lock().ok(),
        };
        if let Some(mut asked) = asked {
            let least = if is_missing { MIN_AGE } else { MAX_AGE };
            if asked.is_none_or(|asked| asked.elapsed() >= least) {
                *asked = Some(Instant::now());
                if let Err(error) = self.replace().await {
                    tracing::warn!(%error, "key set not fetched; the last one stays");
                }
            }
        }
        match is_missing {
            true => self.find(kid),
            false => found,
        }
    }

    fn find(&self, kid: Option<&str>) -> Vec<Key> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let is_named = |key: &&Key| kid.is_none() || key.kid().is_none() || key.kid() == kid;
        keys.iter().filter(is_named).cloned().collect()
    }

    async fn replace(&self) -> Result<(), JwksError> {
        let text = self.read().await?;
        let keys = parse(&text).map_err(|reason| self.source.error(reason))?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    async fn read(&self) -> Result<Vec<u8>, JwksError> {
        let url = match &self.source {
            Source::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || small_file::read(&path)).await;
                let read = read.map_err(|error| self.source.error(error))?;
                return read.map_err(|error| self.source.error(error));
            }
            Source::Url(url) => url,
        };
        let sent = self.client.get(url).send().await;
        let answer = sent.and_then(reqwest::Response::error_for_status);
        let mut answer =
            answer.map_err(|error| self.source.error(innermost(&error.without_url())))?;
        let mut text = Vec::new();
        loop {
            let chunk = answer.chunk().await;
            let chunk =
                chunk.map_err(|error| self.source.error(innermost(&error.without_url())))?;
            let Some(chunk) = chunk else {
                return Ok(text);
            };
            text.extend_from_slice(&chunk);
            if text.len() > MAX_BYTES {
                return Err(self.source.error("it is too large"));
            }
        }
    }
}

impl Source {
    fn place(&self) -> String {
        match self {
            Source::Url(url) => url.clone(),
            Source::File(path) => path.display().to_string(),
        }
    }

    fn error(&self, reason: impl ToString) -> JwksError {
        let place = self.place();
        let reason = reason.to_string();
        JwksError { place, reason }
    }
}

/// The cause at the bottom of an error, which is the part that says something.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// The keys of a set that can verify tokens; the others are passed over.
fn parse(text: &[u8]) -> Result<Vec<Key>, String> {
    let set: JwkSet = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let usable = set.keys.iter().filter_map(|jwk: &Jwk| Key::from_jwk(jwk));
    let keys: Vec<Key> = usable.take(MAX_KEYS).collect();
    match keys.is_empty() {
        true => Err("no key in it can verify a token".to_owned()),
        false => Ok(keys),
    }
}
