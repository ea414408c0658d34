//! One function for each place where bytes from outside come in. It panics
//! where what is promised there does not hold.
//!
//! This file is compiled into the main crate's test suite too.

mod fingerprint;
mod ingest;
mod queue;
mod record;
mod sanitize;
mod source;

/// Panics where what is promised does not hold of these bytes.
pub type Check = fn(&[u8]);

/// The checks by the names of their targets and of their folders of seeds.
pub const ALL: [(&str, Check); 7] = [
    ("record", record),
    ("sanitize", sanitize),
    ("stream", stream),
    ("fingerprint", fingerprint),
    ("queue", queue),
    ("source", source),
    ("ingest", ingest),
];

pub use fingerprint::fingerprint;
pub use ingest::ingest;
pub use queue::queue;
pub use record::record;
pub use sanitize::{sanitize, stream};
pub use source::source;

/// Cuts an input into its parts, which lines of `%%` separate. Parts that are
/// not there are empty.
fn parts<const N: usize>(mut data: &[u8]) -> [&[u8]; N] {
    const SEPARATOR: &[u8] = b"\n%%\n";
    let mut parts = [&data[..0]; N];
    for part in &mut parts {
        let end = data
            .windows(SEPARATOR.len())
            .position(|window| window == SEPARATOR);
        let end = end.unwrap_or(data.len());
        *part = &data[..end];
        data = data.get(end + SEPARATOR.len()..).unwrap_or_default();
    }
    parts
}
