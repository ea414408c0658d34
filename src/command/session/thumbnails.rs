//! The screenshots that a story names, small enough to go into its page.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::screenshot::{self, Folder, Size};
use crate::session::Story;
use crate::session::html::Thumbnail;
use crate::source::{Location, Options, Screenshots, SourceError};

/// How many go into a page at the most, and how many bytes all of them have,
/// so that it can be mailed.
const MOST: usize = 20;
const MOST_BYTES: usize = 6 * 1024 * 1024;

/// How long a page waits for all of them together.
const PATIENCE: Duration = Duration::from_secs(30);

/// What could be had.
pub(super) struct Thumbnails {
    /// The pictures by the ids of the screenshots. What is not to be had is
    /// there with the reason.
    pub(super) by_id: BTreeMap<String, Thumbnail>,
    /// What went wrong, in words for whoever has asked. It names servers,
    /// which are nobody's business where the page goes.
    pub(super) failures: Vec<String>,
}

/// The pictures from beside the queues and from the servers that were read,
/// those of errors first.
pub(super) fn collect(story: &Story, locations: &[Location], options: &Options) -> Thumbnails {
    let ids = story.screenshots();
    let mut sources: Vec<_> = match ids.is_empty() {
        true => Vec::new(),
        false => locations.iter().map(|at| Source::of(at, options)).collect(),
    };
    let deadline = Instant::now() + PATIENCE;
    let mut by_id = BTreeMap::new();
    let (mut count, mut bytes) = (0, 0);
    for id in ids {
        if count == MOST {
            by_id.insert(id.to_owned(), missing("the page has as many as it takes"));
            continue;
        }
        let thumbnail = match small(id, &mut sources, deadline) {
            Ok(picture) if bytes + picture.len() > MOST_BYTES => {
                missing("the page would become too large")
            }
            Ok(picture) => {
                count += 1;
                bytes += picture.len();
                Thumbnail::Picture(picture)
            }
            Err(reason) => Thumbnail::Missing(reason),
        };
        by_id.insert(id.to_owned(), thumbnail);
    }
    let failures = sources.into_iter().filter_map(|source| match source {
        Source::Failed(failure) => Some(failure),
        _ => None,
    });
    Thumbnails {
        by_id,
        failures: failures.collect(),
    }
}

fn missing(reason: &str) -> Thumbnail {
    Thumbnail::Missing(reason.to_owned())
}

/// Where screenshots may be.
enum Source {
    Folder(Folder),
    Server(Box<Screenshots>),
    /// It failed, and is not asked again.
    Failed(String),
    Nothing,
}

impl Source {
    fn of(location: &Location, options: &Options) -> Source {
        match location {
            Location::Path(path) if path.is_dir() => Source::Folder(Folder::of_queue(path)),
            // A file may be one of a queue's.
            Location::Path(path) | Location::Glob(path) => match path.parent() {
                Some(folder) => Source::Folder(Folder::of_queue(folder)),
                None => Source::Nothing,
            },
            Location::Stdin => Source::Nothing,
            Location::Server(_) | Location::Fleet(_) => match Screenshots::of(location, options) {
                Ok(Some(screenshots)) => Source::Server(Box::new(screenshots)),
                Ok(None) => Source::Nothing,
                Err(error) => Source::Failed(error.in_words()),
            },
        }
    }

    fn get(&self, id: &str) -> Result<Option<Vec<u8>>, SourceError> {
        match self {
            Source::Folder(folder) => Ok(folder.read(id).ok().flatten()),
            Source::Server(screenshots) => screenshots.get(id),
            Source::Failed(_) | Source::Nothing => Ok(None),
        }
    }
}

/// A screenshot from the first source that has it, as a small picture of our
/// own making, or the reason why there is none.
fn small(id: &str, sources: &mut [Source], deadline: Instant) -> Result<Vec<u8>, String> {
    // An id that is none could name a file or a route elsewhere.
    if uuid::Uuid::try_parse(id).is_err() {
        return Err("that is no id of a screenshot".to_owned());
    }
    for source in &mut *sources {
        if deadline <= Instant::now() {
            return Err("fetching the others took too long".to_owned());
        }
        match source.get(id) {
            Ok(Some(png)) => {
                let small = screenshot::prepare(&png, Size::P480, &[]);
                return small.map_err(|error| error.to_string());
            }
            Ok(None) => {}
            Err(error) => *source = Source::Failed(error.in_words()),
        }
    }
    let has_failed = |source: &Source| matches!(source, Source::Failed(_));
    let reason = match sources.iter().any(has_failed) {
        true => "the server did not give it",
        false => "it is not where the records were read from",
    };
    Err(reason.to_owned())
}
