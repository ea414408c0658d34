//! The files behind a location: one, those of a queue folder, or all that
//! match a pattern.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use globset::{Glob, GlobMatcher};

use super::backward;
use super::event::Event;
use super::input::{self, Input};
use super::lines::Lines;
use super::matcher::Matcher;
use super::tail::{Succession, Tail};
use super::window::Window;
use super::{Location, SourceError};
use crate::queue::names;

/// The files of a queue folder that may hold records. The last two are what
/// a crash may leave; records in them that also stand elsewhere are told by
/// their ids.
const QUEUE_FILES: [&str; 4] = [
    names::QUEUE,
    names::FATAL,
    names::LEFTOVERS[0],
    names::LEFTOVERS[1],
];

/// What is read and what is then followed of one file.
pub(super) type Events = Box<dyn Iterator<Item = Result<Event, SourceError>> + Send>;

/// What a path or pattern stands for.
#[derive(Clone, Debug)]
pub(super) enum Selection {
    /// One file, or a queue folder, whichever is there or will be.
    Path(PathBuf),
    /// All files in a folder whose names match.
    Glob {
        pattern: PathBuf,
        matcher: GlobMatcher,
    },
}

impl Selection {
    /// The selection of a pattern for the names of files in one folder.
    ///
    /// A file of that very name is meant itself.
    pub(super) fn glob(pattern: &Path) -> Result<Selection, SourceError> {
        if pattern.exists() {
            return Ok(Selection::Path(pattern.to_owned()));
        }
        let name = pattern.file_name().unwrap_or_default().to_string_lossy();
        let glob = Glob::new(&name).map_err(|error| SourceError::BadPattern {
            pattern: pattern.to_owned(),
            reason: error.kind().to_string(),
        })?;
        Ok(Selection::Glob {
            pattern: pattern.to_owned(),
            matcher: glob.compile_matcher(),
        })
    }

    /// The files that are there now, and what is to be done when another
    /// takes the place of one.
    pub(super) fn paths(&self) -> io::Result<Vec<(PathBuf, Succession)>> {
        match self {
            Selection::Path(path) if !fs::metadata(path)?.is_dir() => {
                Ok(vec![(path.clone(), Succession::NewFile)])
            }
            Selection::Path(folder) => Ok(QUEUE_FILES
                .into_iter()
                .map(|name| folder.join(name))
                .filter(|path| path.is_file())
                .map(|path| (path, Succession::Rewritten))
                .collect()),
            Selection::Glob { pattern, matcher } => {
                let mut paths: Vec<_> = fs::read_dir(super::folder_of(pattern))?
                    .flatten()
                    .filter(|entry| is_meant(matcher, &entry.file_name()))
                    .map(|entry| entry.path())
                    .filter(|path| path.is_file())
                    .map(|path| (path, Succession::NewFile))
                    .collect();
                paths.sort_by(|(one, _), (other, _)| one.cmp(other));
                Ok(paths)
            }
        }
    }

    /// What was selected, to be named in a notice.
    pub(super) fn name(&self) -> PathBuf {
        match self {
            Selection::Path(path) => path.clone(),
            Selection::Glob { pattern, .. } => pattern.clone(),
        }
    }

    /// The error that there is nothing to read.
    pub(super) fn nothing_there(&self) -> SourceError {
        match self {
            Selection::Path(path) => SourceError::NotAQueue { path: path.clone() },
            Selection::Glob { .. } => SourceError::NoMatch {
                pattern: self.name(),
            },
        }
    }

    /// The folders in which something happens when the files change.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        match self {
            Selection::Glob { pattern, .. } => vec![super::folder_of(pattern).to_owned()],
            Selection::Path(path) => {
                let mut folders = vec![super::folder_of(path).to_owned()];
                // A link's target changes where it is, not where the link is.
                if let Ok(target) = fs::canonicalize(path) {
                    folders.push(super::folder_of(&target).to_owned());
                    folders.push(target);
                }
                folders.retain(|folder| folder.is_dir());
                folders
            }
        }
    }
}

/// Whether a pattern means a file of this name: a hidden one only where it
/// says so.
fn is_meant(matcher: &GlobMatcher, name: &OsStr) -> bool {
    let starts_with_dot = |text: &str| text.starts_with('.');
    let is_hidden = starts_with_dot(&name.to_string_lossy());
    (!is_hidden || starts_with_dot(matcher.glob().glob())) && matcher.is_match(name)
}

/// How many bytes the plain files of these locations have in all; what is no
/// file counts nothing.
pub fn total_bytes(locations: &[Location]) -> u64 {
    let selections = locations.iter().filter_map(|location| match location {
        Location::Path(path) => Some(Selection::Path(path.clone())),
        Location::Glob(pattern) => Selection::glob(pattern).ok(),
        Location::Stdin | Location::Server(_) | Location::Fleet(_) => None,
    });
    selections
        .flat_map(|selection| selection.paths().unwrap_or_default())
        .filter_map(|(path, _)| fs::metadata(path).ok())
        .map(|metadata| metadata.len())
        .sum()
}

/// A stream whose bytes are counted as they are read.
pub(super) struct Counted<R> {
    inner: R,
    bytes: Arc<AtomicU64>,
}

impl<R> Counted<R> {
    pub(super) fn new(inner: R, bytes: Arc<AtomicU64>) -> Counted<R> {
        Counted { inner, bytes }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// What there is of one file so far.
pub(super) struct Backlog {
    /// Its records.
    pub(super) events: Events,
    /// The file itself, at the place where the backlog ends; `None` if it
    /// cannot be followed, as when it is compressed.
    pub(super) tail: Option<Tail>,
}

/// Opens one file: all of it, or only its `last` matching lines. With
/// `follow`, a line that has not ended yet is left for later.
pub(super) fn open(
    path: &Path,
    succession: Succession,
    matcher: &Arc<Matcher>,
    last: Option<usize>,
    follow: bool,
    bytes_read: &Arc<AtomicU64>,
) -> Result<Backlog, SourceError> {
    let file = match input::open(path)? {
        Input::File(file) => file,
        Input::Stream(stream) => {
            let place = Place::Path(path.to_owned());
            let events = read_stream(stream, place, Arc::clone(matcher), last)?;
            return Ok(Backlog { events, tail: None });
        }
    };
    let failed = |source| SourceError::Read {
        place: path.display().to_string(),
        source,
    };
    let length = file.metadata().map_err(failed)?.len();
    let mut window = Window::new(Arc::clone(&file), 0, length);
    if follow {
        let end = backward::end_of_whole_lines(&window).map_err(failed)?;
        window = window.part(0, end);
    } else if length == 0 {
        // A file of the kernel's has no length, but may well have lines.
        window = window.part(0, u64::MAX);
    }
    let tail = follow
        .then(|| Tail::resume(path, succession, file, window.end()))
        .transpose()
        .map_err(failed)?;
    let place = Place::Path(path.to_owned());
    let events = match last {
        Some(wanted) if length > 0 => {
            let found = backward::last(&window, wanted, matcher.needle(), |line| {
                matcher.events(line, place.path())
            });
            Box::new(found.map_err(failed)?.into_iter().map(Ok))
        }
        last => {
            let counted = Counted::new(window, Arc::clone(bytes_read));
            read_stream(counted, place, Arc::clone(matcher), last)?
        }
    };
    Ok(Backlog { events, tail })
}

/// Where a stream comes from.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Path(PathBuf),
    Stdin,
}

impl Place {
    fn path(&self) -> Option<&PathBuf> {
        match self {
            Place::Path(path) => Some(path),
            Place::Stdin => None,
        }
    }

    pub(super) fn failed(&self, source: io::Error) -> SourceError {
        SourceError::Read {
            place: match self {
                Place::Path(path) => path.display().to_string(),
                Place::Stdin => "standard input".to_owned(),
            },
            source,
        }
    }
}

/// The events of a stream that is read forwards: all, or the last ones.
pub(super) fn read_stream(
    stream: impl Read + Send + 'static,
    place: Place,
    matcher: Arc<Matcher>,
    last: Option<usize>,
) -> Result<Events, SourceError> {
    let mut events = Forward {
        lines: Lines::new(stream, 0, matcher.needle().cloned()),
        matcher,
        place,
        ended: false,
        ready: VecDeque::new(),
    };
    let Some(wanted) = last else {
        return Ok(Box::new(events));
    };
    let mut kept = VecDeque::new();
    for event in &mut events {
        if kept.len() == wanted {
            kept.pop_front();
        }
        if wanted > 0 {
            kept.push_back(event);
        }
    }
    Ok(Box::new(kept.into_iter()))
}

/// Reads a stream forwards, once.
struct Forward<R> {
    lines: Lines<R>,
    matcher: Arc<Matcher>,
    place: Place,
    ended: bool,
    /// What the last line made and was not handed out yet.
    ready: VecDeque<Event>,
}

impl<R: Read> Iterator for Forward<R> {
    type Item = Result<Event, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if self.ended {
                return None;
            }
            match self.lines.next() {
                Ok(Some(line)) => {
                    self.ready
                        .extend(self.matcher.events(line, self.place.path()));
                }
                Ok(None) => {
                    self.ended = true;
                    let rest = self.lines.rest();
                    let events = rest.map(|rest| self.matcher.events(rest, self.place.path()));
                    self.ready.extend(events.into_iter().flatten());
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(self.place.failed(error)));
                }
            }
        }
    }
}
