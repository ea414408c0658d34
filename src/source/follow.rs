//! Following the files of a location, on a thread of their own.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::event::{Event, Notice};
use super::files::Selection;
use super::matcher::Matcher;
use super::tail::{Succession, Tail};
use super::watch::Watch;

/// Takes what one of the files yields, by its place among them; breaks off
/// when nobody listens any more.
pub(super) type EmitFrom<'e> = dyn FnMut(usize, Event) -> ControlFlow<()> + 'e;

/// The files of a location, each at the place up to which it was read.
pub(super) struct Follower {
    selection: Selection,
    matcher: Arc<Matcher>,
    tails: Vec<(PathBuf, Option<Tail>)>,
    is_waiting: bool,
}

impl Follower {
    /// Goes on behind what was read already. A path without a tail cannot be
    /// followed and is done with.
    pub(super) fn new(
        selection: Selection,
        matcher: Arc<Matcher>,
        tails: Vec<(PathBuf, Option<Tail>)>,
    ) -> Follower {
        Follower {
            selection,
            matcher,
            tails,
            is_waiting: false,
        }
    }

    /// Follows the files until told to stop or nobody listens any more.
    pub(super) fn run(mut self, stop: &CancellationToken, emit: &mut EmitFrom<'_>) {
        let mut watch = Watch::new();
        while !stop.is_cancelled() {
            watch.set_folders(self.selection.folders());
            if self.poll(emit).is_break() {
                return;
            }
            watch.wait();
        }
    }

    /// Reads whatever is new in any of the files.
    fn poll(&mut self, emit: &mut EmitFrom<'_>) -> ControlFlow<()> {
        self.find_new(emit)?;
        // A pattern may cover the names that rotation gives to a file.
        let taken: HashSet<_> = self.open_tails().filter_map(Tail::id).collect();
        for (file, (_, tail)) in self.tails.iter_mut().enumerate() {
            if let Some(tail) = tail {
                tail.poll(&self.matcher, &taken, &mut |event| emit(file, event))?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Starts to follow the files that have appeared.
    fn find_new(&mut self, emit: &mut EmitFrom<'_>) -> ControlFlow<()> {
        let is_settled = matches!(&self.selection, Selection::Path(path)
            if self.tails.iter().any(|(known, _)| known == path));
        if is_settled {
            return ControlFlow::Continue(());
        }
        let paths = self.selection.paths().unwrap_or_default();
        if paths.is_empty() && self.tails.is_empty() && !self.is_waiting {
            self.is_waiting = true;
            let path = self.selection.name();
            emit(0, Event::Notice(Notice::Waiting { path }))?;
        }
        for (path, succession) in paths {
            if self.tails.iter().any(|(known, _)| *known == path) {
                continue;
            }
            let tail = Tail::new(&path, succession);
            // A rotated file may match the pattern under its new name.
            let is_known = std::fs::metadata(&path)
                .is_ok_and(|metadata| self.open_tails().any(|tail| tail.has_read(&metadata)));
            if is_known {
                continue;
            }
            if succession == Succession::NewFile {
                let path = path.clone();
                emit(self.tails.len(), Event::Notice(Notice::Appeared { path }))?;
            }
            self.tails.push((path, Some(tail)));
        }
        ControlFlow::Continue(())
    }

    fn open_tails(&self) -> impl Iterator<Item = &Tail> {
        self.tails.iter().filter_map(|(_, tail)| tail.as_ref())
    }
}
