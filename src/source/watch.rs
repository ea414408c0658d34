//! Waking up when something happens in a folder.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// How long to sleep at the most: the system's word is not always to be had,
/// as on a network drive or when it has run out of watches.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);

/// How long to sleep where nothing can be watched at all.
const POLLING_INTERVAL: Duration = Duration::from_millis(50);

/// Folders that are watched.
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    folders: BTreeSet<PathBuf>,
    changes: Receiver<()>,
    /// Keeps the channel open where there is no watcher to do so.
    _sender: SyncSender<()>,
}

impl Watch {
    /// Watches nothing yet.
    pub(super) fn new() -> Watch {
        // One place is enough: a change that comes while another is still
        // waiting to be looked at will be seen by the same look.
        let (sender, changes) = sync_channel(1);
        let waker = sender.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let is_reading = event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_)));
            if !is_reading {
                let _ = waker.try_send(());
            }
        });
        if let Err(error) = &watcher {
            tracing::warn!(%error, "cannot watch files, looking at them now and then instead");
        }
        Watch {
            watcher: watcher.ok(),
            folders: BTreeSet::new(),
            changes,
            _sender: sender,
        }
    }

    /// Watches these folders from now on, and a folder that was made anew
    /// under its former name.
    pub(super) fn set_folders(&mut self, folders: impl IntoIterator<Item = PathBuf>) {
        let folders: BTreeSet<_> = folders.into_iter().collect();
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        if folders == self.folders {
            return;
        }
        for folder in self.folders.difference(&folders) {
            let _ = watcher.unwatch(folder);
        }
        let watched = folders
            .into_iter()
            .filter(|folder| {
                let is_new = !self.folders.contains(folder);
                !is_new || watcher.watch(folder, RecursiveMode::NonRecursive).is_ok()
            })
            .collect();
        self.folders = watched;
    }

    /// Sleeps until something has happened or may have happened.
    pub(super) fn wait(&self) {
        let longest = match self.folders.is_empty() {
            true => POLLING_INTERVAL,
            false => LONGEST_SLEEP,
        };
        match self.changes.recv_timeout(longest) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(longest),
        }
    }
}
