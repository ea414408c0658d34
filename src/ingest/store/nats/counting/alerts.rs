//! Errors that came up too often.

use super::super::engine::Engine;
use super::entry::{self, Entry};
use crate::ingest::store::{Alert, AlertRule, StoreError};

/// How many alerts are told at a time.
const AT_ONCE: usize = 100;

/// Errors that passed the threshold and were not told yet.
pub(in super::super) async fn due_alerts(
    engine: &Engine,
    rule: AlertRule,
) -> Result<Vec<Alert>, StoreError> {
    let entries = entry::since(&engine.alerts, 0).await?;
    let due = entries
        .into_iter()
        .filter(|(_, _, entry)| !entry.is_told && entry.count >= rule.threshold);
    let alerts = due.map(|(window, hash, entry)| Alert {
        window,
        hash,
        count: entry.count,
        details: entry.details,
        exemplar: entry.exemplar,
    });
    Ok(alerts.take(AT_ONCE).collect())
}

/// Notes that alerts were told.
pub(in super::super) async fn alerts_told(
    engine: &Engine,
    alerts: &[Alert],
) -> Result<(), StoreError> {
    for alert in alerts {
        let key = format!("{}.{}", alert.window, alert.hash);
        Entry::change(&engine.alerts, &key, |entry| entry.is_told = true).await?;
    }
    Ok(())
}
