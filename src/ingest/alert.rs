//! Telling somebody that an error comes up too often.
//!
//! Each fingerprint that passes the threshold within a window is told once,
//! by a POST of one JSON object:
//!
//! ```json
//! {"fingerprint": "…", "version": "v1", "exceptionType": "SocketException",
//!  "frames": [{"function": "…", "file": "…"}], "basis": "stack",
//!  "symbolicated": true, "count": 50, "threshold": 50,
//!  "window": {"since": "2026-02-06T12:00:00.000Z", "until": "2026-02-06T13:00:00.000Z"},
//!  "exemplar": "cannot reach the server"}
//! ```
//!
//! Whatever is not answered with 2xx is sent again, with growing pauses, also
//! after a restart; so it may arrive twice, but is never lost.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::auth::Secret;
use super::reading::rfc3339;
use super::store::{Alert, AlertRule, Store, StoreError};
use crate::http_client::http_client;

/// How long an attempt may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How soon after records came in they are looked at, so that a flood of them
/// is looked at once.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause between two attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(60);

/// Where to tell alerts, and when.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The URL to POST to; many carry a token in their path.
    pub url: Secret,
    /// When an error is one.
    pub rule: AlertRule,
}

/// Tells alerts until told to stop.
pub(super) async fn run(store: Arc<dyn Store>, webhook: Webhook, shutdown: CancellationToken) {
    tokio::select! {
        () = follow(store, &webhook) => {}
        () = shutdown.cancelled() => {}
    }
}

async fn follow(store: Arc<dyn Store>, webhook: &Webhook) {
    let http = http_client(webhook.url.expose(), |builder| builder.timeout(TIMEOUT));
    let Ok(http) = http.inspect_err(|error| tracing::error!(%error, "no alerts can be told"))
    else {
        return;
    };
    let mut head = store.head();
    let mut backoff = PAUSE;
    loop {
        match tell_all(&store, webhook, &http).await {
            Ok(()) => {
                backoff = PAUSE;
                if head.changed().await.is_err() {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
            Err(reason) => {
                tracing::warn!(%reason, "alert not told; it will be");
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(MAX_BACKOFF);
            }
        }
    }
}

async fn tell_all(
    store: &Arc<dyn Store>,
    webhook: &Webhook,
    http: &reqwest::Client,
) -> Result<(), String> {
    let of_store = Arc::clone(store);
    let due = blocking(move || of_store.due_alerts()).await?;
    for alert in due {
        let body = body(&alert, webhook.rule).to_string();
        let request = http.post(webhook.url.expose()).body(body);
        let request = request.header(reqwest::header::CONTENT_TYPE, "application/json");
        let answer = request
            .send()
            .await
            .map_err(|e| e.without_url().to_string())?;
        if !answer.status().is_success() {
            return Err(format!("the webhook answered {}", answer.status().as_u16()));
        }
        let of_store = Arc::clone(store);
        blocking(move || of_store.alerts_told(&[alert])).await?;
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, String> {
    let result = tokio::task::spawn_blocking(work).await;
    result
        .unwrap_or(Err(StoreError::Closed))
        .map_err(|error| error.to_string())
}

fn body(alert: &Alert, rule: AlertRule) -> Value {
    let mut body = Map::new();
    body.insert("fingerprint".to_owned(), alert.hash.clone().into());
    if let Ok(Value::Object(details)) = serde_json::from_str(&alert.details) {
        body.extend(details);
    }
    let rest = json!({
        "count": alert.count,
        "threshold": rule.threshold,
        "window": { "since": rfc3339(alert.window), "until": rfc3339(alert.window + rule.window) },
        "exemplar": alert.exemplar,
    });
    if let Value::Object(rest) = rest {
        body.extend(rest);
    }
    Value::Object(body)
}
