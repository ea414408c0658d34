//! Screenshots that are to be sent, on the disk.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

/// The most screenshots that wait; older ones make room.
pub const MAX_FILES: usize = 50;

/// The largest picture that is read.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// A file that is still being written after this long never will be.
const ABANDONED: Duration = Duration::from_secs(3600);

/// The folder of screenshots of a queue.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// Why a screenshot cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {source}", path = .path.display())]
pub struct FolderError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl Folder {
    /// The folder of a queue; made when the first screenshot comes.
    pub fn of_queue(queue: &Path) -> Folder {
        Folder {
            path: queue.join("screenshots"),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps a picture under its id, synced when this returns.
    ///
    /// # Errors
    ///
    /// A folder that cannot be made or a file that cannot be written.
    pub fn put(&self, id: &str, png: &[u8]) -> Result<(), FolderError> {
        self.make().map_err(fault("make", &self.path))?;
        let temporary = self.path.join(format!(".{id}.tmp"));
        let target = self.path.join(format!("{id}.png"));
        let write = || {
            let mut file = private(&temporary)?;
            file.write_all(png)?;
            file.sync_all()?;
            fs::rename(&temporary, &target)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(fault("write", &target))?;
        self.tidy();
        Ok(())
    }

    /// The screenshots that wait, the oldest first, as their ids. No folder is
    /// an empty one.
    ///
    /// # Errors
    ///
    /// A folder that cannot be read.
    pub fn pending(&self) -> Result<Vec<String>, FolderError> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(fault("read", &self.path)(error)),
        };
        let mut ids: Vec<String> = entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let id = name.strip_suffix(".png")?;
                Uuid::parse_str(id).is_ok().then(|| id.to_owned())
            })
            .collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// Reads a picture; `None` if it is gone.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or is none: what a folder from elsewhere has
    /// under that name may be a link or a pipe.
    pub fn read(&self, id: &str) -> Result<Option<Vec<u8>>, FolderError> {
        let path = self.file(id);
        let read = || match fs::symlink_metadata(&path)? {
            file if !file.is_file() => Err(io::Error::other("it is no file")),
            file if file.len() > MAX_BYTES => Err(io::Error::other("it is too large")),
            _ => fs::read(&path),
        };
        match read() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some).map_err(fault("read", &path)),
        }
    }

    /// Removes a picture that was sent.
    ///
    /// # Errors
    ///
    /// A file that cannot be removed; one that is gone is no error.
    pub fn remove(&self, id: &str) -> Result<(), FolderError> {
        let path = self.file(id);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(fault("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }

    fn file(&self, id: &str) -> PathBuf {
        self.path.join(format!("{id}.png"))
    }

    fn make(&self) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            builder.mode(0o700);
        }
        builder.create(&self.path)
    }

    /// Makes room and sweeps up. What cannot be removed now is met again.
    fn tidy(&self) {
        if let Ok(ids) = self.pending() {
            for id in ids.iter().take(ids.len().saturating_sub(MAX_FILES)) {
                let _ = self.remove(id);
            }
        }
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_temporary = name
                .to_str()
                .is_some_and(|name| name.starts_with('.') && name.ends_with(".tmp"));
            let age = |metadata: fs::Metadata| {
                SystemTime::now()
                    .duration_since(metadata.modified().ok()?)
                    .ok()
            };
            let age = entry.metadata().ok().and_then(age);
            if is_temporary && age.is_some_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// A new file that only its owner can read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

fn fault(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    move |source| FolderError {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screenshot::new_id;

    #[test]
    fn what_is_put_waits_in_order_until_it_is_removed() {
        let queue = tempfile::tempdir().unwrap();
        let folder = Folder::of_queue(queue.path());
        assert!(folder.pending().unwrap().is_empty());
        let ids = [new_id(), new_id()];
        for id in &ids {
            folder.put(id, id.as_bytes()).unwrap();
        }
        fs::write(queue.path().join("screenshots/not-ours.png"), "x").unwrap();
        assert_eq!(folder.pending().unwrap(), ids);
        assert_eq!(folder.read(&ids[0]).unwrap().unwrap(), ids[0].as_bytes());
        folder.remove(&ids[0]).unwrap();
        assert_eq!(folder.read(&ids[0]).unwrap(), None);
        folder.remove(&ids[0]).unwrap();
        assert_eq!(folder.pending().unwrap(), ids[1..]);
    }

    #[test]
    fn the_oldest_make_room() {
        let queue = tempfile::tempdir().unwrap();
        let folder = Folder::of_queue(queue.path());
        let ids: Vec<String> = (0..MAX_FILES + 3).map(|_| new_id()).collect();
        for id in &ids {
            folder.put(id, b"png").unwrap();
        }
        assert_eq!(folder.pending().unwrap(), ids[3..]);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_look() {
        use std::os::unix::fs::PermissionsExt;
        let queue = tempfile::tempdir().unwrap();
        let folder = Folder::of_queue(queue.path());
        let id = new_id();
        folder.put(&id, b"png").unwrap();
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.path.clone()), 0o700);
        assert_eq!(mode(folder.file(&id)), 0o600);
    }
}
