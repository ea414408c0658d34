//! Where records wait until they are delivered.

use std::fmt;
use std::path::{Path, PathBuf};

/// What is written in place of a folder for a queue without a disk.
const MEMORY: &str = "memory:";

/// Where records wait until they are delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueuePlace {
    /// In a folder; they outlive the process.
    Folder(PathBuf),
    /// In the memory of the process that makes them; they end with it.
    Memory,
}

impl QueuePlace {
    /// The queue's folder, if it has one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            QueuePlace::Folder(path) => Some(path),
            QueuePlace::Memory => None,
        }
    }
}

/// Reads what was typed: `memory:`, or else a folder.
impl From<PathBuf> for QueuePlace {
    fn from(path: PathBuf) -> QueuePlace {
        match path.as_os_str() == MEMORY {
            true => QueuePlace::Memory,
            false => QueuePlace::Folder(path),
        }
    }
}

impl fmt::Display for QueuePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QueuePlace::Folder(path) => path.display().fmt(f),
            QueuePlace::Memory => f.write_str(MEMORY),
        }
    }
}
