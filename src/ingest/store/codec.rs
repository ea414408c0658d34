//! How the text of a batch is packed.
//!
//! Lines of one device repeat each other: at its fastest level zstd makes
//! them about a sixth of their size, which costs less than writing the rest
//! twice (to the log and to the file) would.

use std::sync::{Mutex, PoisonError};

use zstd::bulk::{Compressor, Decompressor};

use super::StoreError;

/// The level of zstd: the fastest that still finds what lines have in common.
const LEVEL: i32 = 1;

/// Contexts of zstd, kept because making one costs more than using it.
#[derive(Default)]
pub(super) struct Codec {
    packers: Pool<Compressor<'static>>,
    unpackers: Pool<Decompressor<'static>>,
}

impl Codec {
    pub(super) fn pack(&self, text: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut packer = self.packers.take_or(|| Compressor::new(LEVEL))?;
        let packed = packer.compress(text).map_err(failed)?;
        self.packers.put(packer);
        Ok(packed)
    }

    /// Unpacks a text whose length is known.
    pub(super) fn unpack(&self, packed: &[u8], length: usize) -> Result<String, StoreError> {
        let mut unpacker = self.unpackers.take_or(Decompressor::new)?;
        let text = unpacker.decompress(packed, length).map_err(failed)?;
        self.unpackers.put(unpacker);
        String::from_utf8(text).map_err(|error| StoreError::Failed(error.to_string()))
    }
}

struct Pool<T>(Mutex<Vec<T>>);

impl<T> Pool<T> {
    fn take_or(&self, make: impl FnOnce() -> std::io::Result<T>) -> Result<T, StoreError> {
        let idle = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| make().map_err(failed), Ok)
    }

    fn put(&self, context: T) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(context);
    }
}

impl<T> Default for Pool<T> {
    fn default() -> Pool<T> {
        Pool(Mutex::new(Vec::new()))
    }
}

fn failed(error: std::io::Error) -> StoreError {
    StoreError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_as_it_was() {
        let codec = Codec::default();
        for text in ["", "x", &"{\"level\":\"info\"}\n".repeat(1000)] {
            let packed = codec.pack(text.as_bytes()).unwrap();
            assert_eq!(codec.unpack(&packed, text.len()).unwrap(), text);
        }
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        let codec = Codec::default();
        assert!(codec.unpack(b"no zstd", 100).is_err());
        let packed = codec.pack(&[b'x'; 1000]).unwrap();
        assert!(codec.unpack(&packed, 10).is_err());
    }
}
