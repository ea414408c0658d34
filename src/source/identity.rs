//! Telling one file from another, whatever it is called.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::SystemTime;

/// What stays the same while a file is renamed and grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
    /// Tells a file from an earlier one whose inode it was given.
    created: Option<SystemTime>,
}

impl FileId {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> FileId {
        use std::os::unix::fs::MetadataExt;
        FileId {
            device: metadata.dev(),
            inode: metadata.ino(),
            created: metadata.created().ok(),
        }
    }

    #[cfg(not(unix))]
    pub(super) fn of(metadata: &Metadata) -> FileId {
        FileId {
            device: 0,
            inode: 0,
            created: metadata.created().ok(),
        }
    }
}

/// The files beside `path` that bear its name with something added, as
/// rotation leaves them: `app.log.1`, `app.log-20260206`, `app-1.log`.
/// Compressed ones are left out. Oldest first, by when they were last written.
pub(super) fn generations(path: &Path) -> Vec<(FileId, std::path::PathBuf)> {
    let Some(name) = path.file_name().map(|name| name.to_string_lossy()) else {
        return Vec::new();
    };
    let folder = super::folder_of(path);
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<_> = entries
        .flatten()
        .filter(|entry| is_generation(&name, &entry.file_name().to_string_lossy()))
        .filter_map(|entry| {
            let metadata = entry.metadata().ok().filter(Metadata::is_file)?;
            let written = metadata.modified().ok()?;
            Some((written, FileId::of(&metadata), entry.path()))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, id, path)| (id, path)).collect()
}

/// Whether `other` is what rotation makes of `name`.
fn is_generation(name: &str, other: &str) -> bool {
    const COMPRESSED: [&str; 4] = [".gz", ".zst", ".xz", ".bz2"];
    let (stem, extension) = match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    };
    let is_added = |rest: &str| rest.starts_with(['.', '-', '_']);
    let added_at_end = other.strip_prefix(name).is_some_and(is_added);
    let added_within = other != name
        && other
            .strip_prefix(stem)
            .and_then(|rest| rest.strip_suffix(extension))
            .is_some_and(is_added);
    (added_at_end || added_within) && !COMPRESSED.iter().any(|end| other.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotated_names_are_known() {
        for other in [
            "app.log.1",
            "app.log-20260206",
            "app-1.log",
            "app.1.log",
            "app.log_old",
        ] {
            assert!(is_generation("app.log", other), "{other}");
        }
        for other in [
            "app.log",
            "app.logs",
            "app.log.2.gz",
            "application.log",
            "other.log.1",
        ] {
            assert!(!is_generation("app.log", other), "{other}");
        }
        assert!(is_generation("log", "log.1"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_identity_through_growth_and_renaming() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("a"), folder.path().join("a.1"));
        fs::write(&old, "x").unwrap();
        let before = FileId::of(&fs::metadata(&old).unwrap());
        fs::rename(&old, &new).unwrap();
        fs::write(&new, "longer").unwrap();
        assert_eq!(FileId::of(&fs::metadata(&new).unwrap()), before);
        fs::write(&old, "x").unwrap();
        assert_ne!(FileId::of(&fs::metadata(&old).unwrap()), before);
        assert_eq!(generations(&old), [(before, new)]);
    }
}
