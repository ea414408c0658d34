//! The file operations the queue is made of, behind a trait, so that tests can
//! fail or cut any one of them and simulate a loss of power.

use std::fmt::Debug;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Reading what is there.
    Read,
    /// Reading anywhere and writing at the end; made if it is missing.
    Append,
    /// Writing a file that must not exist yet.
    Create,
}

/// What stands at a path, symbolic links not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    /// What kind of thing it is.
    pub(super) kind: Kind,
    /// Its length in bytes.
    pub(super) len: u64,
    /// How many names it has.
    pub(super) links: u64,
    /// Which file it is, for as long as it exists.
    pub(super) id: FileId,
}

/// Device and inode, or what comes closest.
pub(super) type FileId = (u64, u64);

/// The kinds of things a path can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    Link,
    Other,
}

/// Operations on paths.
pub(super) trait FileSystem: Debug + Send + Sync {
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn QueueFile>>;
    fn stat(&self, path: &Path) -> io::Result<Stat>;
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes names made, changed and removed in a folder survive a power loss.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// Operations on an open file.
pub(super) trait QueueFile: Debug + Send + Sync {
    fn stat(&self) -> io::Result<Stat>;
    /// Reads at most `buffer.len()` bytes; fewer only at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `bytes` at the end. After an error part of them may stand
    /// there.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Makes content and length survive a power loss.
    fn sync(&self) -> io::Result<()>;
    /// Takes the exclusive lock if it is free.
    fn try_lock(&self) -> io::Result<bool>;
    fn unlock(&self) -> io::Result<()>;
}

/// The file system of this machine.
#[derive(Debug)]
pub(super) struct Disk;

impl FileSystem for Disk {
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn QueueFile>> {
        let mut options = OpenOptions::new();
        match access {
            Access::Read => options.read(true),
            Access::Append => options.read(true).append(true).create(true),
            Access::Create => options.read(true).append(true).create_new(true),
        };
        platform::harden(&mut options);
        Ok(Box::new(DiskFile(options.open(path)?)))
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        std::fs::symlink_metadata(path).map(|metadata| platform::stat(&metadata))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        platform::private_folder(&mut builder);
        builder.create(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        platform::sync_folder(path)
    }
}

/// An open file of this machine's file system.
#[derive(Debug)]
struct DiskFile(File);

impl QueueFile for DiskFile {
    fn stat(&self) -> io::Result<Stat> {
        self.0.metadata().map(|metadata| platform::stat(&metadata))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut read = 0;
        while read < buffer.len() {
            match platform::read_at(&self.0, &mut buffer[read..], offset + read as u64) {
                Ok(0) => break,
                Ok(count) => read += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        platform::check_size_limit(&self.0, bytes.len())?;
        io::Write::write_all(&mut &self.0, bytes)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn try_lock(&self) -> io::Result<bool> {
        match self.0.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn unlock(&self) -> io::Result<()> {
        self.0.unlock()
    }
}

#[cfg(unix)]
mod platform {
    use std::fs::{DirBuilder, File, Metadata, OpenOptions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
    use std::path::Path;

    use rustix::fs::OFlags;
    use rustix::process::{Resource, getrlimit};

    use super::Stat;

    /// A link is not followed, a pipe not waited for, a new file is private.
    pub(super) fn harden(options: &mut OpenOptions) {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits() as i32);
    }

    pub(super) fn private_folder(builder: &mut DirBuilder) {
        builder.mode(0o700);
    }

    pub(super) fn stat(metadata: &Metadata) -> Stat {
        Stat {
            kind: super::kind(metadata),
            len: metadata.len(),
            links: metadata.nlink(),
            id: (metadata.dev(), metadata.ino()),
        }
    }

    pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        file.read_at(buffer, offset)
    }

    pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    /// Going over `ulimit -f` would end the process by a signal; this makes it
    /// the error that a full disk is.
    pub(super) fn check_size_limit(file: &File, added: usize) -> io::Result<()> {
        let Some(limit) = getrlimit(Resource::Fsize).current else {
            return Ok(());
        };
        match file.metadata()?.len().saturating_add(added as u64) > limit {
            true => Err(io::Error::from(io::ErrorKind::FileTooLarge)),
            false => Ok(()),
        }
    }
}

#[cfg(not(unix))]
mod platform {
    use std::fs::{DirBuilder, File, Metadata, OpenOptions};
    use std::io::{self, Read, Seek, SeekFrom};
    use std::path::Path;
    use std::time::UNIX_EPOCH;

    use super::Stat;

    pub(super) fn harden(_options: &mut OpenOptions) {}

    pub(super) fn private_folder(_builder: &mut DirBuilder) {}

    /// Without inodes a file is told from its successor by when it was made.
    pub(super) fn stat(metadata: &Metadata) -> Stat {
        let made = metadata.created().ok();
        let made = made.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Stat {
            kind: super::kind(metadata),
            len: metadata.len(),
            links: 1,
            id: (0, made.map_or(0, |time| time.as_nanos() as u64)),
        }
    }

    pub(super) fn read_at(mut file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        file.seek(SeekFrom::Start(offset))?;
        file.read(buffer)
    }

    /// Names are durable with the file here.
    pub(super) fn sync_folder(_path: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn check_size_limit(_file: &File, _added: usize) -> io::Result<()> {
        Ok(())
    }
}

fn kind(metadata: &std::fs::Metadata) -> Kind {
    match metadata.file_type() {
        kind if kind.is_symlink() => Kind::Link,
        kind if kind.is_dir() => Kind::Folder,
        kind if kind.is_file() => Kind::File,
        _ => Kind::Other,
    }
}
