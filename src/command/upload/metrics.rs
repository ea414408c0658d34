//! `soliplex upload --metrics`: how long requests took, as records.

use std::sync::{Arc, Mutex, PoisonError};

use crate::config::{Config, ConfigError, SESSION_VARIABLE};
use crate::queue::LogQueue;
use crate::record::{EncodedRecord, Identity, Level, LogRecord, keys};

/// The logger of these records.
const LOGGER: &str = "soliplex.http";

/// How long requests took that are in no record yet, in milliseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestTimes(Arc<Mutex<Vec<f64>>>);

impl RequestTimes {
    pub(super) fn push(&self, ms: f64) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(ms);
    }

    /// Queues them, as metric records.
    pub(super) fn queue(&self, queue: &dyn LogQueue, identity: &Identity) -> anyhow::Result<()> {
        let times = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let records: Result<Vec<EncodedRecord>, _> = times
            .into_iter()
            .map(|ms| {
                let record = LogRecord::new(Level::Info, LOGGER, "http_request")
                    .with_attribute("metric", "http_request")
                    .with_attribute("ms", ms)
                    .with(keys::INSTALL_ID, identity.install_id.as_str())
                    .with(keys::SESSION_ID, identity.session_id.as_str());
                EncodedRecord::new(record)
            })
            .collect();
        Ok(queue.append_all(&records?)?)
    }
}

/// Whose records these are: this installation's, in the session of the script
/// that runs this or in one of their own.
pub(super) fn identity(config: &Config) -> Result<Identity, ConfigError> {
    Ok(Identity {
        install_id: config.install_id()?,
        session_id: std::env::var(SESSION_VARIABLE)
            .ok()
            .filter(|session| !session.is_empty())
            .unwrap_or_else(|| uuid::Uuid::now_v7().to_string()),
        ..Identity::default()
    })
}
