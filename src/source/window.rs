//! A stretch of an open file, read without moving the file's own cursor.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

/// The bytes of a file from one place to another, as a stream.
///
/// Several windows on one open file do not disturb each other, and the file
/// stays the one that was opened, whatever is renamed to its path meanwhile.
#[derive(Clone, Debug)]
pub(super) struct Window {
    file: Arc<File>,
    position: u64,
    end: u64,
}

impl Window {
    /// The bytes of `file` from `position` up to `end` or to the end of the
    /// file, whichever comes first.
    pub(super) fn new(file: Arc<File>, position: u64, end: u64) -> Window {
        Window {
            file,
            position,
            end,
        }
    }

    /// The file itself.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Where the next read starts.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Where the window ends.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// A part of the same file.
    pub(super) fn part(&self, position: u64, end: u64) -> Window {
        Window::new(Arc::clone(&self.file), position, end)
    }
}

impl Read for Window {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_sub(self.position);
        let length = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = read_at(&self.file, &mut buffer[..length], self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, position)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, position)
}
