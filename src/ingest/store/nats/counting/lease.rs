//! Which server counts: one that says so every few seconds.
//!
//! It only saves work. Two that take themselves for the one that counts do so
//! in vain, and not wrongly.

use std::time::{Duration, Instant};

use chrono::Utc;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::buckets;
use super::super::engine::Engine;
use crate::ingest::store::StoreError;

/// The key under which the one that counts says so.
const KEY: &str = "counter";

/// For how long it says so, in milliseconds.
const TERM: i64 = 5_000;

/// How often it says so again.
pub(super) const RENEWAL: Duration = Duration::from_secs(1);

/// A server that counts, or would.
pub(super) struct Lease {
    server: String,
    renewed: Option<Instant>,
}

#[derive(Serialize, Deserialize)]
struct Holder {
    server: String,
    /// When it says nothing any more, in milliseconds since 1970.
    until: i64,
}

impl Lease {
    pub(super) fn new() -> Lease {
        Lease {
            server: Uuid::new_v4().to_string(),
            renewed: None,
        }
    }

    /// Whether it falls to this server now.
    pub(super) async fn hold(&mut self, engine: &Engine) -> bool {
        if self
            .renewed
            .is_some_and(|renewed| renewed.elapsed() < RENEWAL)
        {
            return true;
        }
        let held = self.renew(engine).await.unwrap_or(false);
        self.renewed = held.then(Instant::now);
        held
    }

    async fn renew(&self, engine: &Engine) -> Result<bool, StoreError> {
        let (value, revision) = buckets::entry(&engine.state, KEY).await?;
        let holder = value.and_then(|value| serde_json::from_slice::<Holder>(&value).ok());
        let now = Utc::now().timestamp_millis();
        if holder.is_some_and(|holder| holder.server != self.server && holder.until > now) {
            return Ok(false);
        }
        let holder = Holder {
            server: self.server.clone(),
            until: now + TERM,
        };
        let json = serde_json::to_vec(&holder);
        let json = json.map_err(|error| StoreError::Failed(error.to_string()))?;
        buckets::swap(&engine.state, KEY, json.into(), revision).await
    }
}
