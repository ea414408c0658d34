//! The queue in a folder: appending.

use std::mem;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::QueueError;
use super::appended::Appended;
use super::batch::{Drain, LogQueue};
use super::drain::{Drainer, settle_count};
use super::folder::{Folder, Held, LockFile, OpenFile, names};
use super::fs::{Disk, FileId, FileSystem};
use super::rotate::{goal, make_room};
use crate::record::{EncodedRecord, Level};

/// How a queue behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How large the queue file may grow, in bytes; the fatal file too. At
    /// least one record is kept however small this is.
    pub max_bytes: u64,
    /// When appended records are made to outlive a loss of power.
    pub sync: SyncPolicy,
    /// How long to wait for another process that is changing the queue.
    pub lock_timeout: Duration,
    /// How many confirmed bytes may stay in the file before they are taken
    /// out.
    pub compact_bytes: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            max_bytes: 10_000_000,
            sync: SyncPolicy::Never,
            lock_timeout: Duration::from_secs(5),
            compact_bytes: 1_000_000,
        }
    }
}

/// When appended records are made to outlive a loss of power. Fatal records
/// always are before their append returns, and everything survives the death
/// of the process whatever is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPolicy {
    /// When the system sees fit, or [`LogQueue::sync`] is called.
    Never,
    /// Before an append returns.
    Always,
    /// At the first append after so long, and when the queue is dropped. Who
    /// wants the last records of a burst to be in time calls
    /// [`LogQueue::sync`] from a timer.
    Every(Duration),
}

/// How long a second drainer waits for the first to go.
const DRAINER_PATIENCE: Duration = Duration::from_millis(500);

/// A queue that is full again so soon is being flooded.
const FLOOD: Duration = Duration::from_secs(1);

/// How many bytes are written at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// A queue in a folder of its own; see the [module](super) for the format.
///
/// Any number of handles, threads and processes may append to one folder.
#[derive(Debug)]
pub struct Queue {
    folder: Folder,
    options: Options,
    writer: Mutex<Writer>,
}

impl Queue {
    /// Opens the queue in a folder, making the folder (for its owner only) if
    /// it is missing. Reads nothing, whatever the size of the queue.
    ///
    /// # Errors
    ///
    /// If the path is no folder, a link to one, or cannot be made.
    pub fn open(path: &Path, options: Options) -> Result<Queue, QueueError> {
        Queue::open_in(Arc::new(Disk), path, options)
    }

    pub(super) fn open_in(
        fs: Arc<dyn FileSystem>,
        path: &Path,
        options: Options,
    ) -> Result<Queue, QueueError> {
        Ok(Queue {
            folder: Folder::create(fs, path)?,
            options,
            writer: Mutex::default(),
        })
    }

    /// The queue's folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// How many records were dropped to make room for what was appended with
    /// this handle, whoever had appended them.
    pub fn dropped(&self) -> u64 {
        let Files { queue, fatal } = &self.writer().files;
        queue.dropped + fatal.dropped
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // A panic of another thread leaves nothing half done that the next
        // append does not look at again.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogQueue for Queue {
    fn append_all(&self, records: &[EncodedRecord]) -> Result<(), QueueError> {
        if records.is_empty() {
            return Ok(());
        }
        let mut guard = self.writer();
        let Writer { lock, files } = &mut *guard;
        let lock = match lock {
            Some(lock) => lock,
            None => lock.insert(LockFile::open(&self.folder, names::LOCK, "writer")?),
        };
        let held = Held::take(&self.folder, lock, self.options.lock_timeout)?;
        let mut stored = 0;
        for run in records.chunk_by(|a, b| is_fatal(a) == is_fatal(b)) {
            files
                .append_run(&held, &self.options, run, &mut stored)
                .map_err(|source| match stored {
                    0 => source,
                    _ => QueueError::Partial {
                        stored,
                        source: Box::new(source),
                    },
                })?;
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), QueueError> {
        let mut writer = self.writer();
        writer.files.fatal.sync(&self.folder)?;
        writer.files.queue.sync(&self.folder)
    }

    fn drainer(&self) -> Result<Box<dyn Drain>, QueueError> {
        let folder = self.folder.clone();
        let drainer = Drainer::new(folder, self.options, DRAINER_PATIENCE)?;
        Ok(Box::new(drainer))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if matches!(self.options.sync, SyncPolicy::Every(_)) {
            let _ = self.sync();
        }
    }
}

/// What appending keeps open.
#[derive(Debug, Default)]
struct Writer {
    lock: Option<LockFile>,
    files: Files,
}

#[derive(Debug)]
struct Files {
    queue: Log,
    fatal: Log,
}

impl Default for Files {
    fn default() -> Files {
        Files {
            queue: Log::new(names::QUEUE),
            fatal: Log::new(names::FATAL),
        }
    }
}

impl Files {
    /// Appends records that are all fatal or all not.
    fn append_run(
        &mut self,
        held: &Held<'_>,
        options: &Options,
        run: &[EncodedRecord],
        stored: &mut usize,
    ) -> Result<(), QueueError> {
        let fatal = run.first().is_some_and(is_fatal);
        let log = match fatal {
            true => &mut self.fatal,
            false => &mut self.queue,
        };
        let mut rest = run;
        while !rest.is_empty() {
            let (chunk, count) = chunk_of(rest, options.max_bytes);
            log.append(held, options, &chunk, count)?;
            if fatal {
                log.sync(held.folder)?;
            }
            *stored += count;
            rest = &rest[count..];
        }
        match fatal {
            true => Ok(()),
            false => log.sync_by(options.sync, held.folder),
        }
    }
}

/// The first records as lines behind a newline that is there if it is needed,
/// and how many they are.
fn chunk_of(records: &[EncodedRecord], max_bytes: u64) -> (Vec<u8>, usize) {
    let limit = CHUNK_BYTES.min(usize::try_from(max_bytes / 8).unwrap_or(CHUNK_BYTES));
    let mut chunk = vec![b'\n'];
    let mut count = 0;
    for record in records {
        let line = record.as_bytes();
        if count > 0 && chunk.len() + line.len() > limit {
            break;
        }
        chunk.extend_from_slice(line);
        chunk.push(b'\n');
        count += 1;
    }
    (chunk, count)
}

fn is_fatal(record: &EncodedRecord) -> bool {
    record.level() == Level::Fatal
}

/// A file that is appended to.
#[derive(Debug)]
struct Log {
    name: &'static str,
    file: Option<OpenFile>,
    /// How long the file was after our last append, which ended in a newline.
    end: u64,
    /// The file whose name in the folder is known to be durable.
    named: Option<FileId>,
    /// Since when something is not synced.
    unsynced: Option<Instant>,
    /// When room was last made in it.
    made_room: Option<Instant>,
    /// How many records were dropped for it.
    dropped: u64,
    /// What is known of the queue file.
    appended: Appended,
}

impl Log {
    fn new(name: &'static str) -> Log {
        Log {
            name,
            file: None,
            end: 0,
            named: None,
            unsynced: None,
            made_room: None,
            dropped: 0,
            appended: Appended::default(),
        }
    }

    /// Appends a chunk in one write. After an error none of it is there, or,
    /// if even that fails, a torn line that the next append closes.
    fn append(
        &mut self,
        held: &Held<'_>,
        options: &Options,
        chunk: &[u8],
        records: usize,
    ) -> Result<(), QueueError> {
        let added = chunk.len() as u64 - 1;
        let mut len = self.open(held)?;
        if len > 0 && len.saturating_add(added) > options.max_bytes {
            self.make_room(held, options, added)?;
            // What is known of the new file is of no use if it does not open.
            len = self.open(held).inspect_err(|_| self.appended.clear())?;
        }
        let Some(file) = &self.file else {
            return Ok(());
        };
        let torn = len != self.end && file.is_torn(len)?;
        let bytes = &chunk[usize::from(!torn)..];
        if let Err(error) = file.append(bytes) {
            let _ = file.file.set_len(len);
            self.close();
            return Err(error);
        }
        self.end = len + bytes.len() as u64;
        if self.name == names::QUEUE {
            let lines = &chunk[1..];
            self.appended
                .push(self.end - lines.len() as u64, lines, records);
        }
        self.unsynced.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Opens the file that has the name now, and returns its length.
    fn open(&mut self, held: &Held<'_>) -> Result<u64, QueueError> {
        let stat = held.folder.stat(self.name)?;
        if let (Some(file), Some(stat)) = (&self.file, stat)
            && file.stat.id == stat.id
        {
            return Ok(stat.len);
        }
        if self.file.is_some() {
            self.close();
        }
        let file = held.folder.open_to_append(self.name)?;
        let len = file.stat.len;
        if self.name == names::QUEUE {
            settle_count(held, &file)?;
        }
        self.file = Some(file);
        Ok(len)
    }

    fn close(&mut self) {
        self.file = None;
        self.end = 0;
        // The next file may be given the same number.
        self.named = None;
        self.appended.clear();
    }

    fn make_room(
        &mut self,
        held: &Held<'_>,
        options: &Options,
        needed: u64,
    ) -> Result<(), QueueError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        match self.name {
            names::QUEUE => {
                let in_flood = self.made_room.is_some_and(|last| last.elapsed() < FLOOD);
                let goal = goal(options.max_bytes, needed, in_flood);
                let mut appended = mem::take(&mut self.appended);
                self.dropped += make_room(held, file, goal, &mut appended)?;
                self.close();
                // The next to be opened is the one that was made here.
                self.appended = appended;
                self.made_room = Some(Instant::now());
                return Ok(());
            }
            _ => {
                self.dropped +=
                    super::rotate::make_room_for_fatal(held, options.max_bytes, needed)?;
            }
        }
        self.close();
        Ok(())
    }

    /// Syncs as the policy asks after an append.
    fn sync_by(&mut self, policy: SyncPolicy, folder: &Folder) -> Result<(), QueueError> {
        match (policy, self.unsynced) {
            (SyncPolicy::Always, _) => self.sync(folder),
            (SyncPolicy::Every(interval), Some(since)) if since.elapsed() >= interval => {
                self.sync(folder)
            }
            _ => Ok(()),
        }
    }

    /// Syncs the file and, once for each file, its name. A descriptor whose
    /// sync failed is not used again, since a second try on it may succeed
    /// without having written anything.
    fn sync(&mut self, folder: &Folder) -> Result<(), QueueError> {
        if self.unsynced.is_none() {
            return Ok(());
        }
        let file = match self.file.take() {
            Some(file) => file,
            // Closed by an error since; what was appended before is in it, or
            // in the file that took its place and was synced.
            None => folder.open_to_append(self.name)?,
        };
        let id = file.stat.id;
        let synced = file.sync().and_then(|()| match self.named == Some(id) {
            true => Ok(()),
            false => folder.sync(),
        });
        match synced {
            Ok(()) => {
                self.unsynced = None;
                self.named = Some(id);
                self.file = Some(file);
            }
            Err(_) => self.close(),
        }
        synced
    }
}
