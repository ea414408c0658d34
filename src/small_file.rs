//! Files that are read whole: settings, rules, keys and tokens.
//!
//! What a path names may be far larger than any such file, or have no end, as
//! `/dev/zero` has none. So each is read up to a limit.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bytesize::ByteSize;

/// The most bytes that a file has which a person or a tool writes for us.
const LIMIT: u64 = 1 << 20;

/// The bytes of a file of at most 1 MiB.
///
/// # Errors
///
/// A file that cannot be read or is larger; the text does not name it.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_up_to(path, LIMIT)
}

/// As [`read`], for a file of text.
///
/// # Errors
///
/// As [`read`], and a file that is no UTF-8.
pub(crate) fn read_to_string(path: &Path) -> io::Result<String> {
    text(read(path)?)
}

/// As [`read`], for a file of at most `limit` bytes.
///
/// # Errors
///
/// As [`read`].
pub(crate) fn read_up_to(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = File::open(path)?.take(limit.saturating_add(1));
    file.read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let reason = format!(
            "it is larger than {}, the most that is read of such a file; name the right one, or make it smaller",
            ByteSize(limit)
        );
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(bytes)
}

/// Whether others than its owner may read a file; always `false` where files
/// have no such bits, and for what is no plain file.
#[cfg(unix)]
pub(crate) fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    const OTHERS: u32 = 0o044;
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.mode() & OTHERS != 0)
}

#[cfg(not(unix))]
pub(crate) fn others_may_read(_: &Path) -> bool {
    false
}

/// Bytes that should be text.
///
/// # Errors
///
/// Bytes that are no UTF-8.
pub(crate) fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not valid UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit_and_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read_up_to(&path, 5).unwrap(), b"12345");
        let error = read_up_to(&path, 4).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(
            error.to_string().starts_with("it is larger than 4 B"),
            "{error}"
        );
        std::fs::write(&path, b"\xff").unwrap();
        assert!(read_to_string(&path).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_has_no_end_is_no_file_of_ours() {
        let error = read(Path::new("/dev/zero")).unwrap_err();
        assert!(error.to_string().contains("1.0 MiB"), "{error}");
    }
}
