//! Connecting to a fleet's JetStream.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::ConnectOptions;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::{self};

use super::FleetUrl;
use crate::small_file;

/// How long a server may take to be connected to.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How often a silent connection is tried; one that does not answer twice is
/// given up, which is how a cut network shows.
const PING_INTERVAL: Duration = Duration::from_secs(2);

/// How long JetStream may take to confirm a batch. Whoever waits is told within
/// a second.
const CONFIRM_TIMEOUT: Duration = Duration::from_millis(800);

/// How long it may take to answer any other question.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// How many commands may wait for a connection, which bounds what an outage
/// that was not noticed yet can pile up.
const WAITING_COMMANDS: usize = 256;

/// The longest wait before a lost connection is tried again.
const MAX_RECONNECT_DELAY: Duration = Duration::from_millis(500);

/// Who one is, and whom to trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// A file with credentials: as `nsc` writes them (`.creds`), or one line
    /// of `USER:PASSWORD`, or a token.
    pub credentials: Option<PathBuf>,
    /// The authority's certificates in PEM; the connection then must speak TLS.
    pub ca: Option<PathBuf>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A file cannot be used.
    #[error("cannot read {}: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The servers know nobody of these credentials.
    #[error("{url} refused the credentials; name a file with --nats-credentials")]
    Refused {
        /// Where.
        url: String,
    },
    /// No server could be reached.
    #[error("cannot reach {url}: {reason}")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
}

/// Connects to any of the servers. Once made, the connection goes over to
/// another one whenever it breaks.
///
/// # Errors
///
/// No server could be reached, or the credentials are not theirs.
pub async fn connect(url: &FleetUrl, access: &Access) -> Result<jetstream::Context, ConnectError> {
    let mut options = ConnectOptions::new()
        .name(env!("CARGO_PKG_NAME"))
        .connection_timeout(CONNECT_TIMEOUT)
        .ping_interval(PING_INTERVAL)
        .request_timeout(Some(ANSWER_TIMEOUT))
        .client_capacity(WAITING_COMMANDS)
        .reconnect_delay_callback(|attempts| {
            let delay = Duration::from_millis(20 << attempts.min(6));
            delay.min(MAX_RECONNECT_DELAY)
        });
    if let Some(path) = &access.credentials {
        let failed = |reason: String| ConnectError::File {
            path: path.clone(),
            reason,
        };
        let text = read(path).await.and_then(small_file::text);
        let text = text.map_err(|error| failed(error.to_string()))?;
        options = identified(options, text.trim()).map_err(failed)?;
    }
    if let Some(path) = &access.ca {
        // Looked at here because the error of connecting would not name it.
        read(path).await.map_err(|error| ConnectError::File {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        options = options
            .add_root_certificates(path.clone())
            .require_tls(true);
    }
    let servers: Vec<String> = url.servers().collect();
    let client = options.connect(servers).await.map_err(|error| {
        use async_nats::ConnectErrorKind::{Authentication, AuthorizationViolation};
        let url = url.to_string();
        match error.kind() {
            Authentication | AuthorizationViolation => ConnectError::Refused { url },
            _ => ConnectError::Unreachable {
                url,
                reason: error.to_string(),
            },
        }
    })?;
    Ok(ContextBuilder::new()
        .timeout(ANSWER_TIMEOUT)
        .ack_timeout(CONFIRM_TIMEOUT)
        .build(client))
}

/// The bytes of a small file.
async fn read(path: &Path) -> io::Result<Vec<u8>> {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || small_file::read(&path)).await;
    read.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Who one is, as a file says it.
fn identified(options: ConnectOptions, text: &str) -> Result<ConnectOptions, String> {
    if text.contains("-----BEGIN") {
        return options
            .credentials(text)
            .map_err(|_| "no credentials as nsc writes them".to_owned());
    }
    match text.split_once(':') {
        _ if text.is_empty() || text.contains('\n') => Err(
            "it should hold credentials as nsc writes them, USER:PASSWORD or a token".to_owned(),
        ),
        Some((user, password)) => Ok(options.user_and_password(user.into(), password.into())),
        None => Ok(options.token(text.to_owned())),
    }
}
