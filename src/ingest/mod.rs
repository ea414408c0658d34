//! The server: takes records in, keeps them, shows and forwards them.
//!
//! ```text
//! POST /api/v1/logs → auth → body → payload ─────→ store ─────→ 200
//!                     (before (counted (checked,    (one writer,
//!                      a byte  after    sanitized,   one commit
//!                      is      decoding) spliced)    for all that
//!                      read)                         wait)
//!                                                      │ cursor
//!                          GET logs · stream · forwarding · alerts
//! ```
//!
//! What always holds: 200 means that the records would survive a loss of
//! power; a record sent twice is stored once; nothing reaches the store that
//! did not pass the sanitizer here; and whatever a client sends costs a
//! bounded amount of memory.
//!
//! `page` is an operator's view of all that in a browser. A session's story is
//! told here as it is on the command line, by [`session`](crate::session),
//! which knows of records alone; that is all that this module uses of what
//! reads records.

mod alert;
pub mod auth;
mod body;
mod forward;
mod guard;
mod history;
mod level_sharing;
mod live;
mod metrics;
mod openapi;
mod page;
mod payload;
mod problem;
mod query;
mod rate;
mod reading;
mod remote_level;
mod routes;
mod screenshot;
mod server;
pub mod store;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::sanitize::Sanitizer;
use auth::Auth;
use body::Budget;
use forward::Forward;
use history::History;
use metrics::Metrics;
use rate::Limiter;
use store::{Retention, Store};

pub use alert::Webhook;
pub use forward::{ForwardError, ForwardOptions};
pub use rate::{BadRate, Rate};
pub use remote_level::{RemoteLevel, RemoteLevelError};
pub use routes::app;
pub use server::{Listener, TlsError, tls};

/// A server's parts and its state.
pub struct App {
    store: Arc<dyn Store>,
    auth: Auth,
    sanitizer: Sanitizer,
    limits: Limits,
    bodies: Budget,
    by_user: Limiter,
    by_session: Limiter,
    by_address: Limiter,
    remote_level: Option<RemoteLevel>,
    webhook: Option<Webhook>,
    forward: Option<Forward>,
    origins: Vec<String>,
    retention: Retention,
    access_log: Option<AccessLog>,
    metrics: Metrics,
    history: History,
    /// The server's clock at the start, in milliseconds since 1970.
    started_at: i64,
    shutdown: CancellationToken,
}

/// Takes one line of JSON for each request that was answered; must not block.
pub type AccessLog = Box<dyn Fn(String) + Send + Sync>;

/// The target of the few events that whoever runs a server must see: that it
/// cannot do its work, and that it can again.
pub const OPERATOR: &str = "soliplex::operator";

/// How a server behaves.
pub struct Settings {
    /// Who may write and read.
    pub auth: Auth,
    /// What every record passes through before it is stored.
    pub sanitizer: Sanitizer,
    /// How much one client may cost.
    pub limits: Limits,
    /// The level that apps are told to log at.
    pub remote_level: Option<RemoteLevel>,
    /// Where to tell that an error comes up too often.
    pub webhook: Option<Webhook>,
    /// Where to forward records to.
    pub forward: Option<ForwardOptions>,
    /// The origins of web pages that may call the server from a browser.
    pub origins: Vec<String>,
    /// How much is kept.
    pub retention: Retention,
    /// Where to write what was answered.
    pub access_log: Option<AccessLog>,
}

impl Settings {
    /// A server for anyone, that does nothing beyond storing and showing.
    pub fn new(auth: Auth, sanitizer: Sanitizer) -> Settings {
        Settings {
            auth,
            sanitizer,
            limits: Limits::default(),
            remote_level: None,
            webhook: None,
            forward: None,
            origins: Vec::new(),
            retention: Retention::default(),
            access_log: None,
        }
    }
}

impl App {
    /// Puts a server together over its store.
    pub fn new(store: Arc<dyn Store>, settings: Settings) -> App {
        App {
            store,
            auth: settings.auth,
            sanitizer: settings.sanitizer,
            bodies: Budget::new(settings.limits.all_bodies()),
            by_user: Limiter::new(settings.limits.user_rate),
            by_session: Limiter::new(settings.limits.session_rate),
            by_address: Limiter::new(settings.limits.address_rate),
            limits: settings.limits,
            remote_level: settings.remote_level,
            webhook: settings.webhook,
            forward: settings.forward.map(Forward::new),
            origins: settings.origins,
            retention: settings.retention,
            access_log: settings.access_log,
            metrics: Metrics::default(),
            history: History::default(),
            started_at: chrono::Utc::now().timestamp_millis(),
            shutdown: CancellationToken::new(),
        }
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("auth", &self.auth)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// How much one client may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a body, after decoding.
    pub body_bytes: usize,
    /// Bytes of all bodies that are being read at a time, though always room for
    /// a few of the largest; an eighth of it for one user. Whoever sends more is
    /// told to wait.
    pub bodies_bytes: usize,
    /// Records in a request.
    pub records: usize,
    /// How deep a record may be nested; deeper than 100 it cannot be read.
    pub depth: usize,
    /// Bytes of a request's head, at least 8 KiB.
    pub head_bytes: usize,
    /// Bytes of a screenshot.
    pub screenshot_bytes: usize,
    /// Open connections.
    pub connections: usize,
    /// Records of one user; without tokens there are no users.
    pub user_rate: Rate,
    /// Records of one session.
    pub session_rate: Rate,
    /// Records from one address (for IPv6: from one /64).
    pub address_rate: Rate,
    /// How long the head of a request may take, and how long a connection may
    /// be idle.
    pub header_timeout: Duration,
    /// How long the body of a request may take.
    pub body_timeout: Duration,
    /// How many records a live reader that once kept up may fall behind before
    /// it is told of a gap.
    pub stream_lag: u64,
}

impl Limits {
    fn all_bodies(&self) -> usize {
        let largest = self.body_bytes.max(self.screenshot_bytes);
        self.bodies_bytes.max(largest.saturating_mul(16))
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body_bytes: 1 << 20,
            bodies_bytes: 64 << 20,
            records: 10_000,
            depth: 64,
            head_bytes: 64 << 10,
            screenshot_bytes: 5 << 20,
            connections: 4096,
            user_rate: Rate::default(),
            session_rate: Rate::default(),
            address_rate: Rate::default(),
            header_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(20),
            stream_lag: 100_000,
        }
    }
}

/// Serves on bound listeners until told to stop; then requests under way
/// finish, live streams end and the store is closed, all within ten seconds.
///
/// # Errors
///
/// Forwarding is asked for and cannot start.
pub async fn serve(
    listeners: Vec<Listener>,
    app: Arc<App>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ForwardError> {
    server::serve(listeners, app, shutdown).await
}
