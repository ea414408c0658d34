//! The log levels of servers that share a store: a change in the file of any
//! of them is told to all.

use std::sync::Arc;
use std::time::Duration;

use super::App;
use super::remote_level::RemoteLevel;
use super::store::{Store, StoreError};

/// The name under which the store keeps them.
const NAME: &str = "log_levels";

/// How often a server looks at its own file and at what others told.
const INTERVAL: Duration = Duration::from_secs(2);

/// Tells and takes over changes until the server is told to stop.
pub(super) async fn run(app: Arc<App>) {
    let mut agreed = None;
    loop {
        let of_step = Arc::clone(&app);
        let before = agreed.clone();
        let step = tokio::task::spawn_blocking(move || match &of_step.remote_level {
            Some(levels) => step(&*of_step.store, levels, before),
            None => Ok(None),
        });
        match step.await {
            Ok(Ok(now)) => agreed = now,
            Ok(Err(error)) => tracing::debug!(%error, "log levels not shared"),
            Err(_) => return,
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = app.shutdown.cancelled() => return,
        }
    }
}

/// Tells a change in the server's own file, or takes over what another one has
/// told; gives back what then holds. At first what others told outranks the
/// file: it may be older than their change.
fn step(
    store: &dyn Store,
    levels: &RemoteLevel,
    agreed: Option<String>,
) -> Result<Option<String>, StoreError> {
    let (own, told) = (levels.text(), store.shared_text(NAME)?);
    let has_changed = agreed.is_some() && own != agreed;
    match (own, told) {
        (Some(own), told) if has_changed || told.is_none() => {
            store.share_text(NAME, &own)?;
            Ok(Some(own))
        }
        (own, Some(told)) if own.as_ref() != Some(&told) => {
            levels.take(told.clone());
            // What made no sense is not taken for a change of one's own.
            Ok(levels.text().or(Some(told)))
        }
        (own, _) => Ok(own),
    }
}
