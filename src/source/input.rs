//! Opening what is to be read.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::SourceError;
use super::window::Window;

/// Something that was opened for reading.
pub(super) enum Input {
    /// A plain file, which can be read from any place and may grow.
    File(Arc<File>),
    /// What can only be read once and forwards: a pipe or a compressed file.
    Stream(Box<dyn Read + Send>),
}

/// Opens a file, plain or compressed with gzip or Zstandard, which its first
/// bytes tell.
///
/// # Errors
///
/// What is no file is refused at once: a named pipe would hang and a device
/// has no end. The pipes a shell makes of `<(command)` are read.
pub(super) fn open(path: &Path) -> Result<Input, SourceError> {
    let failed = |source| SourceError::Open {
        path: path.to_owned(),
        source,
    };
    let file = open_without_waiting(path).map_err(failed)?;
    let kind = file.metadata().map_err(failed)?.file_type();
    if is_pipe(&kind) && is_descriptor(path) {
        let pipe = File::open(path).map_err(failed)?;
        return Ok(Input::Stream(decoded(pipe).map_err(failed)?));
    }
    if !kind.is_file() {
        return Err(SourceError::NotAFile {
            path: path.to_owned(),
            kind: match () {
                () if kind.is_dir() => "a folder",
                () if is_pipe(&kind) => "a named pipe",
                () => "a device or a socket",
            },
        });
    }
    let file = Arc::new(file);
    let mut window = Window::new(Arc::clone(&file), 0, u64::MAX);
    let mut magic = [0; 4];
    let length = read_up_to(&mut window, &mut magic).map_err(failed)?;
    match Compression::of(&magic[..length]) {
        Compression::None => Ok(Input::File(file)),
        compression => {
            let window = Window::new(file, 0, u64::MAX);
            let stream = decode(window, compression).map_err(failed)?;
            Ok(Input::Stream(stream))
        }
    }
}

/// The bytes of a file, decompressed if it is compressed with gzip or
/// Zstandard.
///
/// # Errors
///
/// A file that cannot be opened, or that is none: a named pipe, a folder.
pub fn open_bytes(path: &Path) -> Result<Box<dyn Read + Send>, SourceError> {
    match open(path)? {
        Input::File(file) => Ok(Box::new(Window::new(file, 0, u64::MAX))),
        Input::Stream(stream) => Ok(stream),
    }
}

/// Opens a plain file that is to be followed, refusing what [`open`] does.
pub(super) fn open_plain(path: &Path) -> Result<Arc<File>, SourceError> {
    match open(path)? {
        Input::File(file) => Ok(file),
        Input::Stream(_) => Err(SourceError::NotAFile {
            path: path.to_owned(),
            kind: "compressed or a pipe",
        }),
    }
}

/// The bytes of a stream, decompressed if it is compressed.
///
/// # Errors
///
/// What reading the first bytes meets.
pub fn decoded(mut input: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut magic = [0; 4];
    // A stream that is not compressed is told by its first byte, so that a
    // short first line does not have to wait for more.
    let mut length = input.read(&mut magic[..1])?;
    if length == 1 && Compression::may_start_with(magic[0]) {
        length += read_up_to(&mut input, &mut magic[1..])?;
    }
    let compression = Compression::of(&magic[..length]);
    decode(
        io::Cursor::new(magic).take(length as u64).chain(input),
        compression,
    )
}

#[derive(Clone, Copy)]
enum Compression {
    None,
    Gzip,
    Zstandard,
}

impl Compression {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    const ZSTANDARD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

    fn may_start_with(byte: u8) -> bool {
        byte == Self::GZIP[0] || byte == Self::ZSTANDARD[0]
    }

    fn of(magic: &[u8]) -> Compression {
        if magic.starts_with(&Self::GZIP) {
            Compression::Gzip
        } else if magic.starts_with(&Self::ZSTANDARD) {
            Compression::Zstandard
        } else {
            Compression::None
        }
    }
}

fn decode(
    input: impl Read + Send + 'static,
    compression: Compression,
) -> io::Result<Box<dyn Read + Send>> {
    Ok(match compression {
        Compression::None => Box::new(input),
        Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(input)),
        Compression::Zstandard => Box::new(zstd::Decoder::new(input)?),
    })
}

fn read_up_to(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match input.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

#[cfg(unix)]
fn open_without_waiting(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // Opening a named pipe without this flag waits for a writer.
    let flag = rustix::fs::OFlags::NONBLOCK.bits();
    OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flag).unwrap_or_default())
        .open(path)
}

#[cfg(not(unix))]
fn open_without_waiting(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
fn is_pipe(kind: &std::fs::FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(kind)
}

#[cfg(not(unix))]
fn is_pipe(_kind: &std::fs::FileType) -> bool {
    false
}

/// Whether a path names an open descriptor of this very process.
fn is_descriptor(path: &Path) -> bool {
    path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn text(input: Input) -> String {
        let mut text = String::new();
        match input {
            Input::File(file) => Window::new(file, 0, u64::MAX).read_to_string(&mut text),
            Input::Stream(mut stream) => stream.read_to_string(&mut text),
        }
        .unwrap();
        text
    }

    #[test]
    fn compression_is_told_by_the_first_bytes_and_members_are_joined() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odd-name");
        let gzip = |text: &str| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        };
        let zstandard = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
        for bytes in [
            b"one two".to_vec(),
            [gzip("one "), gzip("two")].concat(),
            [zstandard("one "), zstandard("two")].concat(),
        ] {
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(text(open(&path).unwrap()), "one two");
            let stream = decoded(io::Cursor::new(bytes)).unwrap();
            assert_eq!(text(Input::Stream(stream)), "one two");
        }
        std::fs::write(&path, "").unwrap();
        assert_eq!(text(open(&path).unwrap()), "");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).unwrap();
        let error = |path: &Path| open(path).err().unwrap().in_words();
        assert!(error(&pipe).contains("is a named pipe"), "{}", error(&pipe));
        assert!(error(folder.path()).contains("is a folder"));
        assert!(error(Path::new("/dev/zero")).contains("is a device"));
        assert!(error(&folder.path().join("none")).contains("No such file"));
    }
}
