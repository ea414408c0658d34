//! Reading a queue without a lock and without changing anything.

use std::path::Path;
use std::sync::Arc;

use super::QueueError;
use super::batch::Damage;
use super::error::io_error;
use super::folder::{Folder, names};
use super::fs::{Disk, QueueFile};
use super::items::{Item, Items};
use super::merge::merged_so_far;
use super::state::{Loaded, load};

/// What stands in a queue's files: a record, or a stretch that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// One JSON object in UTF-8, without a newline.
    Record(Vec<u8>),
    /// What could not be read as a record.
    Damage(Damage),
}

/// The records that are not confirmed: those of the queue file, then those of
/// the fatal file and of a crash's leftovers, which a drainer would merge.
///
/// Works on a folder that may only be read, and on a copy. Records that are
/// appended or confirmed meanwhile may or may not be seen.
///
/// # Errors
///
/// If there is no queue, or a file of it cannot be opened. An error while
/// reading ends the iterator.
pub fn read_pending(folder: &Path) -> Result<Entries, QueueError> {
    let folder = Folder::existing(Arc::new(Disk), folder)?;
    Entries::of_folder(&folder, true)
}

/// As [`read_pending`], from the start of the files: confirmed records that
/// are still there come too.
///
/// # Errors
///
/// As [`read_pending`].
pub fn read_all(folder: &Path) -> Result<Entries, QueueError> {
    let folder = Folder::existing(Arc::new(Disk), folder)?;
    Entries::of_folder(&folder, false)
}

/// The dead letters of a queue: objects with `record`, `status`, `reason` and
/// `time`.
///
/// # Errors
///
/// As [`read_pending`].
pub fn read_dead_letters(folder: &Path) -> Result<Entries, QueueError> {
    let folder = Folder::existing(Arc::new(Disk), folder)?;
    let letters = Stretch::open(&folder, names::DEAD_LETTER)?;
    Ok(Entries::new(folder, letters.into_iter().collect()))
}

/// Records and damage of a queue's files, in the order in which a drainer
/// would see them.
#[derive(Debug)]
pub struct Entries {
    folder: Folder,
    stretches: std::vec::IntoIter<Stretch>,
    current: Option<(&'static str, Items<Box<dyn QueueFile>>)>,
    failed: bool,
}

/// A part of a file that is to be read.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) name: &'static str,
    pub(super) file: Box<dyn QueueFile>,
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Stretch {
    /// All of a file, if it is there.
    pub(super) fn open(folder: &Folder, name: &'static str) -> Result<Option<Stretch>, QueueError> {
        let Some(file) = folder.open_to_read(name)? else {
            return Ok(None);
        };
        let stat = file.stat();
        let end = stat
            .map_err(io_error("look at", &folder.path_of(name)))?
            .len;
        Ok(Some(Stretch {
            name,
            file,
            start: 0,
            end,
        }))
    }
}

/// The parts of a queue's files that hold records, and the state they are in.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) loaded: Loaded,
    /// All of the queue file.
    pub(super) queue: Option<Stretch>,
    /// What a drainer would merge: the leftovers of a crash, and of the fatal
    /// file what is not in the queue file yet.
    pub(super) others: Vec<Stretch>,
}

impl Parts {
    pub(super) fn open(folder: &Folder) -> Result<Parts, QueueError> {
        // Without the lock the queue file may be replaced between looking at it
        // and at its meta.
        const ATTEMPTS: usize = 5;
        let mut parts = Parts::open_once(folder)?;
        for _ in 1..ATTEMPTS {
            if parts.are_current(folder)? {
                break;
            }
            parts = Parts::open_once(folder)?;
        }
        Ok(parts)
    }

    fn are_current(&self, folder: &Folder) -> Result<bool, QueueError> {
        let opened = match &self.queue {
            Some(queue) => Some(
                queue
                    .file
                    .stat()
                    .map_err(io_error("look at", folder.path()))?
                    .id,
            ),
            None => None,
        };
        Ok(folder.stat(names::QUEUE)?.map(|stat| stat.id) == opened)
    }

    fn open_once(folder: &Folder) -> Result<Parts, QueueError> {
        let queue = Stretch::open(folder, names::QUEUE)?;
        let end = queue.as_ref().map_or(0, |queue| queue.end);
        let loaded = load(folder, queue.as_ref().map(|queue| &*queue.file), end)?;
        let mut others = Vec::new();
        for name in names::LEFTOVERS {
            others.extend(Stretch::open(folder, name)?);
        }
        if let Some(mut fatal) = Stretch::open(folder, names::FATAL)? {
            if let Some(queue) = &queue {
                let merged = merged_so_far(&*fatal.file, &*queue.file, &loaded);
                fatal.start = merged.map_err(io_error("read", &folder.path_of(names::FATAL)))?;
            }
            others.push(fatal);
        }
        Ok(Parts {
            loaded,
            queue,
            others,
        })
    }

    /// How far the queue file is confirmed, as an offset into it.
    pub(super) fn confirmed(&self) -> u64 {
        let end = self.queue.as_ref().map_or(0, |queue| queue.end);
        self.loaded.state.offset().min(end)
    }
}

impl Entries {
    pub(super) fn of_folder(folder: &Folder, pending_only: bool) -> Result<Entries, QueueError> {
        let parts = Parts::open(folder)?;
        let confirmed = parts.confirmed();
        let mut stretches = Vec::new();
        if let Some(mut queue) = parts.queue {
            if pending_only {
                queue.start = confirmed;
            }
            stretches.push(queue);
        }
        stretches.extend(parts.others);
        Ok(Entries::new(folder.clone(), stretches))
    }

    fn new(folder: Folder, stretches: Vec<Stretch>) -> Entries {
        Entries {
            folder,
            stretches: stretches.into_iter(),
            current: None,
            failed: false,
        }
    }

    fn read(&mut self) -> Result<Option<Entry>, QueueError> {
        loop {
            if let Some((name, items)) = &mut self.current {
                let path = self.folder.path_of(name);
                match items.next().map_err(io_error("read", &path))? {
                    Some(Item::Record { line, .. }) => return Ok(Some(Entry::Record(line))),
                    Some(Item::Damage { damage, .. }) => return Ok(Some(Entry::Damage(damage))),
                    None => self.current = None,
                }
            }
            let Some(stretch) = self.stretches.next() else {
                return Ok(None);
            };
            let Stretch {
                name,
                file,
                start,
                end,
            } = stretch;
            self.current = Some((name, Items::new(name, file, start, end)));
        }
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, QueueError>;

    fn next(&mut self) -> Option<Result<Entry, QueueError>> {
        if self.failed {
            return None;
        }
        let entry = self.read();
        self.failed = entry.is_err();
        entry.transpose()
    }
}
