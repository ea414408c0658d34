//! One file, followed as it grows, is renamed, cut and made anew.
//!
//! | what happens | how it shows | what is done |
//! | --- | --- | --- |
//! | lines are added | the file is longer | they are read; one that was begun waits for its end |
//! | renamed, another made | another identity at the path | the former is read to its end, and for a while longer, since its writer may still hold it; the new one from its start |
//! | renamed twice between two looks | files beside it that were not there before | these are read in between, oldest first |
//! | deleted | nothing at the path | the open file is read on until another appears |
//! | cut in place (`copytruncate`) | shorter than what was read | read from its start |
//! | cut, and already longer again | other bytes before the place reached | read from its start |
//! | rewritten by a queue | another identity, its old lines gone | read on behind the last line that was seen |

use std::collections::HashSet;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::event::{Event, Notice};
use super::identity::{FileId, generations};
use super::input;
use super::lines::{Line, Lines};
use super::matcher::Matcher;
use super::window::Window;
use super::{SourceError, backward};

/// How long a file that was renamed away is still read.
const RETIRED_FOR: Duration = Duration::from_secs(10);

/// How long nothing may stand at the path before that is told: rotation
/// leaves a moment between taking a file away and making the next.
const MISSED_AFTER: Duration = Duration::from_millis(500);

/// Takes what a file yields; breaks off when nobody listens any more.
pub(super) type Emit<'e> = dyn FnMut(Event) -> ControlFlow<()> + 'e;

/// What is done with a file that takes the place of the one followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Succession {
    /// It is another file, as after rotation of a log.
    NewFile,
    /// It is the same file rewritten without its oldest lines, as a queue
    /// does; that is its own affair and not worth a notice.
    Rewritten,
}

/// A path that is followed.
pub(super) struct Tail {
    path: PathBuf,
    succession: Succession,
    current: Option<Followed>,
    retired: Vec<(Followed, Instant)>,
    /// The rotated files beside it that have been read or were there before.
    known: HashSet<FileId>,
    /// Since when nothing has stood at the path.
    missing_since: Option<Instant>,
    /// What was last said about the path, so that it is said once.
    told: Option<Notice>,
}

impl Tail {
    /// Follows a path at which nothing was opened yet. What appears there is
    /// read from its start.
    pub(super) fn new(path: &Path, succession: Succession) -> Tail {
        Tail {
            path: path.to_owned(),
            succession,
            current: None,
            retired: Vec::new(),
            known: generations(path).into_iter().map(|(id, _)| id).collect(),
            missing_since: None,
            told: None,
        }
    }

    /// Follows an open file from a place in it.
    pub(super) fn resume(
        path: &Path,
        succession: Succession,
        file: Arc<std::fs::File>,
        position: u64,
    ) -> io::Result<Tail> {
        let mut tail = Tail::new(path, succession);
        let mut current = Followed::new(Arc::clone(&file), position)?;
        if succession == Succession::Rewritten {
            let read = Window::new(file, 0, position);
            let last = backward::last(&read, 1, None, |line| match line {
                Line::Whole { bytes, .. } => Some(bytes.to_vec()),
                Line::TooLong { .. } => None,
            });
            current.last_line = last?.pop().unwrap_or_default();
        }
        tail.current = Some(current);
        Ok(tail)
    }

    /// The identity of the file that is followed now.
    pub(super) fn id(&self) -> Option<FileId> {
        self.current.as_ref().map(|file| file.id)
    }

    /// Whether a file is, or was until lately, the one at this path.
    pub(super) fn has_read(&self, metadata: &std::fs::Metadata) -> bool {
        let id = FileId::of(metadata);
        self.id() == Some(id) || self.known.contains(&id)
    }

    /// Reads whatever is new. Files that are `taken` are followed under
    /// another name and not read once more under this one.
    pub(super) fn poll(
        &mut self,
        matcher: &Matcher,
        taken: &HashSet<FileId>,
        emit: &mut Emit<'_>,
    ) -> ControlFlow<()> {
        self.read_current(matcher, emit)?;
        match std::fs::metadata(&self.path).map(|metadata| FileId::of(&metadata)) {
            Ok(id) if Some(id) == self.id() => {
                self.told = None;
                self.missing_since = None;
            }
            Ok(id) if taken.contains(&id) => {}
            Ok(_) => self.succeed(matcher, emit)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let since = *self.missing_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= MISSED_AFTER {
                    let path = self.path.clone();
                    self.tell(Notice::Waiting { path }, emit)?;
                }
            }
            Err(error) => self.tell_unreadable(error.to_string(), emit)?,
        }
        self.read_retired(matcher, emit)
    }

    fn read_current(&mut self, matcher: &Matcher, emit: &mut Emit<'_>) -> ControlFlow<()> {
        let Some(current) = &mut self.current else {
            return ControlFlow::Continue(());
        };
        let failed = match current.change() {
            Ok(Change::None) => return ControlFlow::Continue(()),
            Ok(Change::Grown) => current.read(&self.path, matcher, emit)?,
            Ok(Change::Overwritten) => {
                current.restart();
                self.known
                    .extend(generations(&self.path).into_iter().map(|(id, _)| id));
                let path = self.path.clone();
                emit(Event::Notice(Notice::Truncated { path }))?;
                current.read(&self.path, matcher, emit)?
            }
            Err(error) => Some(error),
        };
        match failed {
            Some(error) => self.tell_unreadable(error.to_string(), emit),
            None => ControlFlow::Continue(()),
        }
    }

    /// Goes over to the file that now stands at the path.
    fn succeed(&mut self, matcher: &Matcher, emit: &mut Emit<'_>) -> ControlFlow<()> {
        let opened = input::open_plain(&self.path).and_then(|file| {
            Followed::new(file, 0).map_err(|source| SourceError::Open {
                path: self.path.clone(),
                source,
            })
        });
        let mut next = match opened {
            Ok(next) => next,
            Err(error) => return self.tell_unreadable(error.in_words(), emit),
        };
        // What was written to the former file up to the moment it was renamed.
        self.read_current(matcher, emit)?;
        let path = self.path.clone();
        let former = self.current.take();
        match (&former, self.succession) {
            (None, Succession::NewFile) if self.told.is_some() => {
                emit(Event::Notice(Notice::Appeared { path }))?;
            }
            (Some(former), Succession::NewFile) => {
                self.read_missed(former, &next, matcher, emit)?;
                emit(Event::Notice(Notice::Rotated { path }))?;
            }
            (Some(former), Succession::Rewritten) => {
                if let Err(error) = next.skip_what_was_seen(&former.last_line) {
                    self.tell_unreadable(error.to_string(), emit)?;
                }
            }
            (None, _) => {}
        }
        self.told = None;
        self.missing_since = None;
        if let Some(former) = former {
            self.known.insert(former.id);
            self.retired.push((former, Instant::now() + RETIRED_FOR));
        }
        self.current = Some(next);
        self.read_current(matcher, emit)
    }

    /// Reads the files that stood at the path and were renamed away between
    /// two looks at it.
    fn read_missed(
        &mut self,
        former: &Followed,
        next: &Followed,
        matcher: &Matcher,
        emit: &mut Emit<'_>,
    ) -> ControlFlow<()> {
        for (id, path) in generations(&self.path) {
            if id == former.id || id == next.id || !self.known.insert(id) {
                continue;
            }
            let file = input::open_plain(&path).and_then(|file| {
                Followed::new(file, 0).map_err(|source| SourceError::Open {
                    path: path.clone(),
                    source,
                })
            });
            match file {
                // A copy someone made of the log is not a part of it.
                Ok(missed) if missed.starts_like(former) || missed.starts_like(next) => {}
                Ok(missed) => {
                    self.retired.push((missed, Instant::now() + RETIRED_FOR));
                    self.read_retired(matcher, emit)?;
                }
                Err(error) => self.tell_unreadable(error.in_words(), emit)?,
            }
        }
        ControlFlow::Continue(())
    }

    fn read_retired(&mut self, matcher: &Matcher, emit: &mut Emit<'_>) -> ControlFlow<()> {
        for (file, until) in &mut self.retired {
            if matches!(file.change(), Ok(Change::Grown)) {
                // A file that is on its way out is not worth an error.
                let _ = file.read(&self.path, matcher, emit)?;
            }
            if *until <= Instant::now()
                && let Some(line) = file.lines.rest()
            {
                for event in matcher.events(line, Some(&self.path)) {
                    emit(event)?;
                }
            }
        }
        self.retired.retain(|(_, until)| *until > Instant::now());
        ControlFlow::Continue(())
    }

    fn tell_unreadable(&mut self, reason: String, emit: &mut Emit<'_>) -> ControlFlow<()> {
        let path = self.path.clone();
        self.tell(Notice::Unreadable { path, reason }, emit)
    }

    /// Says something about the path, unless it was the last thing said.
    fn tell(&mut self, notice: Notice, emit: &mut Emit<'_>) -> ControlFlow<()> {
        let is_routine = matches!(notice, Notice::Waiting { .. });
        if self.told.as_ref() == Some(&notice) {
            return ControlFlow::Continue(());
        }
        self.told = Some(notice.clone());
        match self.succession {
            Succession::Rewritten if is_routine => ControlFlow::Continue(()),
            _ => emit(Event::Notice(notice)),
        }
    }
}

/// An open file and the place reached in it.
struct Followed {
    id: FileId,
    lines: Lines<Growing>,
    /// The last line that was read, to find the place again in a copy.
    last_line: Vec<u8>,
}

impl Followed {
    fn new(file: Arc<std::fs::File>, position: u64) -> io::Result<Followed> {
        let id = FileId::of(&file.metadata()?);
        let growing = Growing::at(&Window::new(file, 0, 0), position)?;
        Ok(Followed {
            id,
            lines: Lines::new(growing, position, None),
            last_line: Vec::new(),
        })
    }

    /// What became of the file since it was last read.
    fn change(&mut self) -> io::Result<Change> {
        self.lines.input_mut().change()
    }

    /// Reads to where the file ended when its change was looked at; the error,
    /// if there is one, says why no further.
    fn read(
        &mut self,
        path: &PathBuf,
        matcher: &Matcher,
        emit: &mut Emit<'_>,
    ) -> ControlFlow<(), Option<io::Error>> {
        loop {
            let line = match self.lines.next() {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) => return ControlFlow::Continue(Some(error)),
            };
            if let Line::Whole { bytes, .. } = line {
                self.last_line.clear();
                self.last_line.extend_from_slice(bytes);
            }
            for event in matcher.events(line, Some(path)) {
                emit(event)?;
            }
        }
        self.lines.release();
        ControlFlow::Continue(None)
    }

    /// Goes on from the start of the file.
    fn restart(&mut self) {
        let growing = self.lines.input().restarted();
        self.lines = Lines::new(growing, 0, None);
    }

    /// Goes on behind `last_line`, if that stands in the file.
    fn skip_what_was_seen(&mut self, last_line: &[u8]) -> io::Result<()> {
        self.change()?;
        let growing = self.lines.input();
        let mut lines = Lines::new(growing.restarted(), 0, None);
        while let Some(line) = lines.next()? {
            if let Line::Whole { bytes, offset } = line
                && bytes == last_line
            {
                let position = offset + bytes.len() as u64 + 1;
                let growing = Growing::at(&growing.window, position)?;
                self.lines = Lines::new(growing, position, None);
                self.last_line = last_line.to_owned();
                break;
            }
        }
        Ok(())
    }

    /// Whether two files begin with the same bytes, and enough of them.
    fn starts_like(&self, other: &Followed) -> bool {
        let head = |file: &Followed| file.lines.input().head();
        match (head(self), head(other)) {
            (Ok(one), Ok(other)) => one == other && !one.is_empty(),
            _ => false,
        }
    }
}

/// What became of a file since it was last read.
enum Change {
    None,
    Grown,
    Overwritten,
}

/// A file that grows, as a stream that remembers what it read last.
struct Growing {
    window: Window,
    /// The last bytes before the place reached.
    behind: Vec<u8>,
}

impl Growing {
    /// How many bytes are enough to tell that a file was overwritten.
    const REMEMBERED: usize = 64;

    /// The file of a window, from a place in it.
    fn at(window: &Window, position: u64) -> io::Result<Growing> {
        let mut behind = Vec::new();
        let start = position.saturating_sub(Self::REMEMBERED as u64);
        window.part(start, position).read_to_end(&mut behind)?;
        let window = window.part(position, position);
        Ok(Growing { window, behind })
    }

    /// Looks at the file. What can be read ends where it ends now, so that
    /// the next look comes before anything written later is read: it may
    /// have been written into another file than it seems.
    fn change(&mut self) -> io::Result<Change> {
        let position = self.window.position();
        let length = self.window.file().metadata()?.len();
        self.window = self.window.part(position, length);
        if length < position {
            return Ok(Change::Overwritten);
        }
        let mut behind = Vec::new();
        let start = position - self.behind.len() as u64;
        self.window.part(start, position).read_to_end(&mut behind)?;
        if behind != self.behind {
            // It may have been cut only after its length was looked at, and
            // reading on to that would take in what is written next unseen.
            let length = self.window.file().metadata()?.len();
            self.window = self.window.part(position, length);
            return Ok(Change::Overwritten);
        }
        Ok(match length == position {
            true => Change::None,
            false => Change::Grown,
        })
    }

    fn head(&self) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.window.part(0, 256).read_to_end(&mut head)?;
        Ok(head)
    }

    fn restarted(&self) -> Growing {
        Growing {
            window: self.window.part(0, self.window.end()),
            behind: Vec::new(),
        }
    }
}

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.window.read(buffer)?;
        let new = &buffer[..read];
        self.behind
            .extend_from_slice(&new[read.saturating_sub(Self::REMEMBERED)..]);
        let excess = self.behind.len().saturating_sub(Self::REMEMBERED);
        self.behind.drain(..excess);
        Ok(read)
    }
}
