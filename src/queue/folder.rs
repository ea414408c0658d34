//! The queue's folder: the names in it, how its files are opened, and the lock
//! under which they change.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::QueueError;
use super::error::io_error;
use super::fs::{Access, FileSystem, Kind, QueueFile, Stat};
use super::meta::{self, Found, Meta};

/// The names of a queue's files.
pub mod names {
    /// The records.
    pub const QUEUE: &str = "log_queue.jsonl";
    /// Fatal records until they are merged.
    pub const FATAL: &str = "log_queue_fatal.jsonl";
    /// How far the queue has been delivered.
    pub(in crate::queue) const META: &str = ".queue_meta";
    /// What the server would not take.
    pub const DEAD_LETTER: &str = "dead_letter.jsonl";
    /// Locked for the time of one change.
    pub(in crate::queue) const LOCK: &str = ".queue_lock";
    /// Locked for the life of a drainer.
    pub(in crate::queue) const DRAIN_LOCK: &str = ".drain_lock";
    /// The next meta, before it takes the old one's place.
    pub(in crate::queue) const META_TEMP: &str = ".queue_meta.tmp";
    /// The next queue file, before it takes the old one's place.
    pub(in crate::queue) const QUEUE_TEMP: &str = ".log_queue_rewrite.tmp";
    /// The next queue file while a drainer copies what stays, without the
    /// lock; a writer that makes room meanwhile uses a name of its own.
    pub(in crate::queue) const DRAFT: &str = ".log_queue_draft.tmp";
    /// The next meta while a drainer writes it, without the lock.
    pub(in crate::queue) const META_DRAFT: &str = ".queue_meta_draft.tmp";
    /// What the deployed client leaves behind when it dies while merging
    /// fatal records or compacting.
    pub const LEFTOVERS: [&str; 2] = [".fatal_processing.tmp", ".log_queue_compact.tmp"];
}

/// The largest meta that is read; ours has a few hundred bytes.
const MAX_META_BYTES: u64 = 64 * 1024;

/// A queue's folder.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    fs: Arc<dyn FileSystem>,
    path: PathBuf,
}

impl Folder {
    /// The folder at a path, if it is one and no link to one.
    pub(super) fn existing(fs: Arc<dyn FileSystem>, path: &Path) -> Result<Folder, QueueError> {
        // Without this, a slash at the end would make a link look like what it
        // points to.
        let path: PathBuf = path.components().collect();
        let folder = Folder { fs, path };
        match folder.fs.stat(&folder.path) {
            Ok(stat) if stat.kind == Kind::Folder => Ok(folder),
            Ok(stat) => Err(QueueError::Refused {
                found: in_words(stat.kind),
                expected: "a folder",
                path: folder.path,
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(QueueError::Missing(folder.path))
            }
            Err(error) => Err(io_error("look at", &folder.path)(error)),
        }
    }

    /// The folder at a path, made if it is missing, for its owner only.
    pub(super) fn create(fs: Arc<dyn FileSystem>, path: &Path) -> Result<Folder, QueueError> {
        match Folder::existing(fs.clone(), path) {
            Err(QueueError::Missing(path)) => {
                fs.create_folder(&path)
                    .map_err(io_error("make the folder", &path))?;
                let parent = path
                    .parent()
                    .filter(|parent| !parent.as_os_str().is_empty());
                let parent = parent.unwrap_or(Path::new("."));
                // The folder's own name must last as long as what is in it. A
                // parent that may not be opened is no reason to store nothing.
                let _ = fs.sync_folder(parent);
                Folder::existing(fs, &path)
            }
            other => other,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What stands at a name, if anything.
    pub(super) fn stat(&self, name: &str) -> Result<Option<Stat>, QueueError> {
        let path = self.path_of(name);
        absent_as_none(self.fs.stat(&path)).map_err(io_error("look at", &path))
    }

    /// Opens a file for reading, if it is there.
    pub(super) fn open_to_read(
        &self,
        name: &str,
    ) -> Result<Option<Box<dyn QueueFile>>, QueueError> {
        let path = self.path_of(name);
        let Some(file) = absent_as_none(self.fs.open(&path, Access::Read))
            .map_err(|error| self.open_error(name, error))?
        else {
            return Ok(None);
        };
        let stat = file.stat().map_err(io_error("look at", &path))?;
        refuse_unless_file(&path, stat)?;
        Ok(Some(file))
    }

    /// Opens a file for writing at its end, making it if it is missing. A file
    /// that has a second name somewhere is not ours alone and refused.
    pub(super) fn open_to_append(&self, name: &str) -> Result<OpenFile, QueueError> {
        let path = self.path_of(name);
        let file = self
            .fs
            .open(&path, Access::Append)
            .map_err(|error| self.open_error(name, error))?;
        let stat = file.stat().map_err(io_error("look at", &path))?;
        refuse_unless_file(&path, stat)?;
        if stat.links > 1 {
            return Err(QueueError::Refused {
                path,
                found: "a file with a second name (a hard link)",
                expected: "a file of the queue's own",
            });
        }
        Ok(OpenFile { path, file, stat })
    }

    /// Makes a new file, in place of one that a crash has left.
    pub(super) fn create_file(&self, name: &str) -> Result<OpenFile, QueueError> {
        self.remove(name)?;
        let path = self.path_of(name);
        let file = self
            .fs
            .open(&path, Access::Create)
            .map_err(io_error("make", &path))?;
        let stat = file.stat().map_err(io_error("look at", &path))?;
        Ok(OpenFile { path, file, stat })
    }

    /// Says what stands in the way if a file could not be opened because it is
    /// none.
    fn open_error(&self, name: &str, error: io::Error) -> QueueError {
        let path = self.path_of(name);
        match self
            .fs
            .stat(&path)
            .map(|stat| refuse_unless_file(&path, stat))
        {
            Ok(Err(refused)) => refused,
            _ => io_error("open", &path)(error),
        }
    }

    /// Removes a file if it is there.
    pub(super) fn remove(&self, name: &str) -> Result<(), QueueError> {
        let path = self.path_of(name);
        absent_as_none(self.fs.remove(&path))
            .map(|_| ())
            .map_err(io_error("remove", &path))
    }

    /// Makes changes of names durable.
    pub(super) fn sync(&self) -> Result<(), QueueError> {
        self.fs
            .sync_folder(&self.path)
            .map_err(io_error("sync the folder", &self.path))
    }

    /// Reads the meta file; the second value is its format, if it says.
    pub(super) fn read_meta(&self) -> Result<(Found, Option<u64>), QueueError> {
        let Some(file) = self.open_to_read(names::META)? else {
            return Ok((Found::Nothing, None));
        };
        let path = self.path_of(names::META);
        let stat = file.stat().map_err(io_error("look at", &path))?;
        if stat.len > MAX_META_BYTES {
            return Ok((Found::Damaged("it is too large"), None));
        }
        let mut bytes = vec![0; stat.len as usize];
        let read = file.read_at(&mut bytes, 0);
        let read = read.map_err(io_error("read", &path))?;
        Ok(meta::read(&bytes[..read]))
    }

    /// Writes a meta that is to take the place of the one that holds, and syncs
    /// it. Takes no lock, so that writers need not wait for the disk.
    pub(super) fn draft_meta(&self, meta: &Meta) -> Result<(), QueueError> {
        self.write_draft(names::META_DRAFT, meta)
    }

    fn write_draft(&self, name: &str, meta: &Meta) -> Result<(), QueueError> {
        let draft = self.create_file(name)?;
        draft.append(&meta.encode())?;
        draft.sync()
    }

    /// Takes a lock, waiting for it at most so long.
    pub(super) fn lock(
        &self,
        name: &'static str,
        holder: &'static str,
        timeout: Duration,
    ) -> Result<LockFile, QueueError> {
        let lock = LockFile::open(self, name, holder)?;
        lock.take(timeout)?;
        Ok(lock)
    }
}

/// A file of the queue, open.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) path: PathBuf,
    pub(super) file: Box<dyn QueueFile>,
    /// As it was when it was opened.
    pub(super) stat: Stat,
}

impl OpenFile {
    pub(super) fn append(&self, bytes: &[u8]) -> Result<(), QueueError> {
        self.file
            .append(bytes)
            .map_err(io_error("write to", &self.path))
    }

    pub(super) fn sync(&self) -> Result<(), QueueError> {
        self.file.sync().map_err(io_error("sync", &self.path))
    }

    pub(super) fn len(&self) -> Result<u64, QueueError> {
        let stat = self.file.stat().map_err(io_error("look at", &self.path))?;
        Ok(stat.len)
    }

    pub(super) fn read(&self, offset: u64, len: u64) -> Result<Vec<u8>, QueueError> {
        let mut bytes = vec![0; len as usize];
        let read = self.file.read_at(&mut bytes, offset);
        let read = read.map_err(io_error("read", &self.path))?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Whether the file ends inside a line: a write that was cut short.
    pub(super) fn is_torn(&self, len: u64) -> Result<bool, QueueError> {
        Ok(len > 0 && self.read(len - 1, 1)? != b"\n")
    }
}

/// A lock file, open; the lock is free as soon as its process has gone.
#[derive(Debug)]
pub(super) struct LockFile {
    path: PathBuf,
    file: Box<dyn QueueFile>,
    holder: &'static str,
}

impl LockFile {
    pub(super) fn open(
        folder: &Folder,
        name: &'static str,
        holder: &'static str,
    ) -> Result<LockFile, QueueError> {
        let OpenFile { path, file, .. } = folder.open_to_append(name)?;
        Ok(LockFile { path, file, holder })
    }

    /// Takes the lock, waiting for it at most so long.
    pub(super) fn take(&self, timeout: Duration) -> Result<(), QueueError> {
        let started = Instant::now();
        let mut pause = Duration::from_micros(20);
        while !self.file.try_lock().map_err(io_error("lock", &self.path))? {
            if started.elapsed() >= timeout {
                return Err(QueueError::Busy {
                    path: self.path.clone(),
                    holder: self.holder,
                    waited: timeout,
                });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Gives the lock back. It is given back anyhow when the file is closed.
    pub(super) fn release(&self) {
        let _ = self.file.unlock();
    }
}

/// Proof that the writer lock is held: what changes files asks for it.
#[derive(Debug)]
pub(super) struct Held<'l> {
    pub(super) folder: &'l Folder,
    lock: &'l LockFile,
}

impl<'l> Held<'l> {
    pub(super) fn take(
        folder: &'l Folder,
        lock: &'l LockFile,
        timeout: Duration,
    ) -> Result<Held<'l>, QueueError> {
        lock.take(timeout)?;
        Ok(Held { folder, lock })
    }

    /// Replaces the meta file; after any crash either the old one or the new
    /// one is there, whole.
    pub(super) fn write_meta(&self, meta: &Meta) -> Result<(), QueueError> {
        self.draft_meta(meta)?;
        self.replace(names::META_TEMP, names::META)
    }

    /// Writes and syncs a meta that is to take the place of the one that holds.
    pub(super) fn draft_meta(&self, meta: &Meta) -> Result<(), QueueError> {
        self.folder.write_draft(names::META_TEMP, meta)
    }

    /// Gives a file that was synced the place of another, durably.
    pub(super) fn replace(&self, from: &str, to: &str) -> Result<(), QueueError> {
        self.place(from, to)?;
        self.folder.sync()
    }

    /// Gives a file that was synced the place of another. The folder is still
    /// to be synced, which takes no lock.
    pub(super) fn place(&self, from: &str, to: &str) -> Result<(), QueueError> {
        let (from, to) = (self.folder.path_of(from), self.folder.path_of(to));
        self.folder
            .fs
            .rename(&from, &to)
            .map_err(io_error("replace", &to))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.lock.release();
    }
}

fn absent_as_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn refuse_unless_file(path: &Path, stat: Stat) -> Result<(), QueueError> {
    match stat.kind {
        Kind::File => Ok(()),
        kind => Err(QueueError::Refused {
            path: path.to_owned(),
            found: in_words(kind),
            expected: "a plain file",
        }),
    }
}

fn in_words(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "a file",
        Kind::Folder => "a folder",
        Kind::Link => "a symbolic link",
        Kind::Other => "a pipe, socket or device",
    }
}
