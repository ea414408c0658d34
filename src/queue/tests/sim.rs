//! A file system in memory that can fail, stop or lose power at any operation.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::queue::fs::{Access, FileSystem, Kind, QueueFile, Stat};

/// What is to go wrong, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The operation with this number fails; an append first writes so many
    /// sixteenths of its bytes.
    Fail(u64, io::ErrorKind, u8),
    /// The process dies at the operation with this number; an append first
    /// writes so many sixteenths of its bytes.
    Kill(u64, u8),
}

/// A bug put in on purpose, below the code under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lie {
    /// Every file seems to end in a newline.
    TailIsWhole,
    /// Giving a new queue file the old one's place does nothing and says it
    /// did.
    RenameDoesNothing,
    /// A write that fails in the middle says it worked.
    AppendNeverFails,
    /// A meta that announces the next queue file is not put in place.
    NothingIsAnnounced,
    /// Syncing a file does nothing.
    SyncDoesNothing,
}

/// The file system; a clone is the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Sim(Arc<Mutex<World>>);

#[derive(Debug, Default)]
struct World {
    folders: BTreeSet<PathBuf>,
    names: BTreeMap<PathBuf, u64>,
    /// The names as they are after a loss of power, and the changes that may
    /// or may not have reached the disk, in order.
    durable_names: BTreeMap<PathBuf, u64>,
    changes: Vec<(PathBuf, Option<u64>)>,
    files: HashMap<u64, Content>,
    locks: HashMap<u64, u64>,
    next_id: u64,
    operations: u64,
    fault: Option<Fault>,
    fired: bool,
    dead: bool,
    lie: Option<Lie>,
}

#[derive(Clone, Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    durable: Vec<u8>,
}

impl Sim {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets something go wrong, counting operations from here.
    pub(super) fn plan(&self, fault: Fault) {
        let mut world = self.world();
        world.operations = 0;
        world.fired = false;
        world.fault = Some(fault);
    }

    pub(super) fn lie(&self, lie: Lie) {
        self.world().lie = Some(lie);
    }

    /// Ends the fault, and tells whether it came to be.
    pub(super) fn heal(&self) -> bool {
        let mut world = self.world();
        world.fault = None;
        if std::mem::take(&mut world.dead) {
            world.locks.clear();
        }
        std::mem::take(&mut world.fired)
    }

    /// The process is dead: no operation works until [`Sim::heal`].
    pub(super) fn is_dead(&self) -> bool {
        self.world().dead
    }

    /// Loses what was not synced, or a part of it as `luck` will have it.
    pub(super) fn lose_power(&self, mut luck: u64) {
        let mut draw = |limit: u64| {
            luck = luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (luck >> 33) % (limit + 1)
        };
        let mut world = self.world();
        let survivors = draw(world.changes.len() as u64) as usize;
        let mut names = world.durable_names.clone();
        for (path, id) in world.changes.drain(..).take(survivors) {
            match id {
                Some(id) => names.insert(path, id),
                None => names.remove(&path),
            };
        }
        world.names = names.clone();
        world.durable_names = names;
        for content in world.files.values_mut() {
            let synced = content.durable.len();
            if !content.bytes.starts_with(&content.durable) {
                content.bytes = content.durable.clone();
            }
            let extra = draw((content.bytes.len() - synced) as u64) as usize;
            content.bytes.truncate(synced + extra);
            if draw(2) == 0 {
                content.bytes[synced..].fill(0);
            }
            content.durable = content.bytes.clone();
        }
        world.locks.clear();
    }

    /// A file's content.
    pub(super) fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let world = self.world();
        let id = world.names.get(path)?;
        Some(world.files[id].bytes.clone())
    }

    /// Gives a file this content, durably.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) {
        let mut world = self.world();
        world.next_id += 1;
        let id = world.next_id;
        let content = Content {
            bytes: bytes.to_vec(),
            durable: bytes.to_vec(),
        };
        world.files.insert(id, content);
        world.names.insert(path.to_owned(), id);
        world.durable_names.insert(path.to_owned(), id);
    }

    /// Writes to the end of a file, durably, if it is there.
    pub(super) fn extend(&self, path: &Path, bytes: &[u8]) {
        let mut world = self.world();
        let id = world.names.get(path).copied();
        if let Some(content) = id.and_then(|id| world.files.get_mut(&id)) {
            content.bytes.extend_from_slice(bytes);
            content.durable = content.bytes.clone();
        }
    }

    /// A second file system with the same content.
    pub(super) fn copy(&self) -> Sim {
        let world = self.world();
        Sim(Arc::new(Mutex::new(World {
            folders: world.folders.clone(),
            names: world.names.clone(),
            durable_names: world.durable_names.clone(),
            files: world.files.clone(),
            next_id: world.next_id,
            ..World::default()
        })))
    }
}

impl World {
    /// Counts an operation and lets it fail if its time has come. The value of
    /// an error is how many sixteenths of an append are written all the same.
    fn step(&mut self) -> Result<(), (io::Error, u8)> {
        if self.dead {
            return Err((io::Error::other("the process is dead"), 0));
        }
        self.operations += 1;
        match self.fault {
            Some(Fault::Fail(at, kind, part)) if at == self.operations => {
                self.fired = true;
                Err((io::Error::from(kind), part))
            }
            Some(Fault::Kill(at, part)) if at == self.operations => {
                self.fired = true;
                self.dead = true;
                Err((io::Error::other("the process is killed"), part))
            }
            _ => Ok(()),
        }
    }

    fn try_step(&mut self) -> io::Result<()> {
        self.step().map_err(|(error, _)| error)
    }

    fn rename(&mut self, path: PathBuf, id: Option<u64>) {
        match id {
            Some(id) => self.names.insert(path.clone(), id),
            None => self.names.remove(&path),
        };
        self.changes.push((path, id));
    }
}

impl FileSystem for Sim {
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn QueueFile>> {
        let mut world = self.world();
        world.try_step()?;
        let id = match (world.names.get(path).copied(), access) {
            (Some(_), Access::Create) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Some(id), _) => id,
            (None, Access::Read) => return Err(io::ErrorKind::NotFound.into()),
            (None, _) => {
                world.next_id += 1;
                let id = world.next_id;
                world.files.insert(id, Content::default());
                world.rename(path.to_owned(), Some(id));
                id
            }
        };
        world.next_id += 1;
        Ok(Box::new(SimFile {
            sim: self.clone(),
            id,
            handle: world.next_id,
        }))
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let mut world = self.world();
        world.try_step()?;
        if world.folders.contains(path) {
            return Ok(Stat {
                kind: Kind::Folder,
                len: 0,
                links: 2,
                id: (1, 0),
            });
        }
        let id = *world.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(world.stat(id))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.try_step()?;
        world.folders.insert(path.to_owned());
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.try_step()?;
        if world.lie == Some(Lie::RenameDoesNothing) && to.ends_with("log_queue.jsonl") {
            return Ok(());
        }
        let id = *world.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        if world.lie == Some(Lie::NothingIsAnnounced)
            && memchr::memmem::find(&world.files[&id].bytes, b"\"next\"").is_some()
            && to.ends_with(".queue_meta")
        {
            world.names.remove(from);
            return Ok(());
        }
        // One step: after a loss of power either both have happened or none.
        world.names.remove(from);
        world.rename(to.to_owned(), Some(id));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.try_step()?;
        world.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        world.rename(path.to_owned(), None);
        Ok(())
    }

    fn sync_folder(&self, _path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.try_step()?;
        world.durable_names = world.names.clone();
        world.changes.clear();
        Ok(())
    }
}

impl World {
    fn stat(&self, id: u64) -> Stat {
        Stat {
            kind: Kind::File,
            len: self.files[&id].bytes.len() as u64,
            links: 1,
            id: (1, id),
        }
    }
}

#[derive(Debug)]
struct SimFile {
    sim: Sim,
    id: u64,
    handle: u64,
}

impl QueueFile for SimFile {
    fn stat(&self) -> io::Result<Stat> {
        let mut world = self.sim.world();
        world.try_step()?;
        Ok(world.stat(self.id))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut world = self.sim.world();
        world.try_step()?;
        let lie = world.lie;
        let bytes = &world.files[&self.id].bytes;
        let start = bytes.len().min(offset as usize);
        let read = buffer.len().min(bytes.len() - start);
        buffer[..read].copy_from_slice(&bytes[start..start + read]);
        if lie == Some(Lie::TailIsWhole) && buffer.len() == 1 {
            buffer[..read].fill(b'\n');
        }
        Ok(read)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut world = self.sim.world();
        let step = world.step();
        let lie = world.lie == Some(Lie::AppendNeverFails) && !world.dead;
        let content = world.files.entry(self.id).or_default();
        match step {
            Ok(()) => {
                content.bytes.extend_from_slice(bytes);
                Ok(())
            }
            Err((error, part)) => {
                let part = bytes.len() * usize::from(part) / 16;
                content.bytes.extend_from_slice(&bytes[..part]);
                if lie { Ok(()) } else { Err(error) }
            }
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut world = self.sim.world();
        world.try_step()?;
        let content = world.files.entry(self.id).or_default();
        content.bytes.resize(len as usize, 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.sim.world();
        world.try_step()?;
        if world.lie != Some(Lie::SyncDoesNothing) {
            let content = world.files.entry(self.id).or_default();
            content.durable = content.bytes.clone();
        }
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        let mut world = self.sim.world();
        world.try_step()?;
        let handle = self.handle;
        Ok(*world.locks.entry(self.id).or_insert(handle) == handle)
    }

    fn unlock(&self) -> io::Result<()> {
        let mut world = self.sim.world();
        if world.locks.get(&self.id) == Some(&self.handle) {
            world.locks.remove(&self.id);
        }
        world.try_step()
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        let mut world = self.sim.world();
        if world.locks.get(&self.id) == Some(&self.handle) {
            world.locks.remove(&self.id);
        }
    }
}
