//! What makes two errors the same: a hash over the exception's type and the
//! three innermost stack frames, so that one group is one bug across devices,
//! users and builds.
//!
//! # The rules
//!
//! 1. The type counts, not the message.
//! 2. The type is the text of the error before the first `:`, `(`, ` [` or
//!    ` after `; the whole text, masked, if there is none of these. Where the
//!    text begins with no type the call site's name for it is taken, before
//!    anything that a trace may only happen to begin with.
//! 3. Three frames count, or as many as there are.
//! 4. They are the innermost: the first ones, but the last ones in Python.
//! 5. A frame counts as its function and the base name of its file; lines and
//!    columns do not.
//! 6. Folders, drives, hosts and queries do not count.
//! 7. Nor do addresses, arguments and the ids of processes, threads, builds
//!    and symbols.
//! 8. The offset in an obfuscated Dart build, or in an Apple image without
//!    symbols, does: nothing else tells its frames apart.
//! 9. Lines that are no frames do not count.
//! 10. What carried the lines does not count: colours, carriage returns,
//!     indentation, the prefixes of consoles and log collectors, line feeds
//!     that a JSON log escaped.
//! 11. `<anonymous closure>` is `<fn>`.
//! 12. Names generated at run time count without their ids.
//! 13. Closures count without their numbers or lines, private names without
//!     the keys of their libraries.
//! 14. A bundle's file counts without the hash of its content.
//! 15. Two notations of one runtime's frames are read alike, as far as both
//!     name the functions alike.
//! 16. Where all three innermost frames are the runtime's own machinery, such
//!     as what a Rust panic unwinds through or the insides of a JSON decoder,
//!     they would merge unrelated bugs: the three are counted from the first
//!     frame below it. Of a panic's frames those that only report it never
//!     count, since short traces leave them out.
//! 17. Of chained exceptions the one counts that the error names; else the one
//!     printed first, but the last one in Python.
//! 18. Without frames the type alone counts; without a type the logger and the
//!     message, with numbers, ids and quoted text masked.
//!
//! # What is hashed
//!
//! SHA-256 over UTF-8 text, each line ended by one line feed (U+000A), with a
//! tab (U+0009) between the two fields of a frame. No field holds either.
//!
//! ```text
//! soliplex-fingerprint v1
//! stack | type | message          what the rest was read from
//! TYPE                            or the logger, where the basis is message
//! FUNCTION <tab> FILE             per frame, innermost first, at most three
//! MASKED MESSAGE                  only where the basis is message
//! ```
//!
//! [`VERSION`] is part of the text: better parsing comes as a new version and
//! never regroups silently what was stored.

#[cfg(test)]
mod corpus;
mod distinct;
mod exception;
mod groups;
mod headline;
mod latest;
mod mask;
mod memo;
mod occurrence;
#[cfg(test)]
mod rules;
mod series;
mod stack;
#[cfg(test)]
mod tests;
mod transport;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::record::LogRecord;
pub use distinct::Distinct;
pub use groups::{Group, Groups};
pub use latest::Latest;
pub use occurrence::Occurrence;
pub use series::Series;

/// The version of the rules; stored and shown beside every hash.
pub const VERSION: &str = "v1";

/// The identity of an error, and what it was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fingerprint {
    /// SHA-256 as 64 lowercase hexadecimal digits.
    pub hash: String,
    /// The version of the rules that made the hash: [`VERSION`].
    pub version: &'static str,
    /// The exception's type as hashed; empty where none is known.
    pub exception_type: String,
    /// The frames as hashed, innermost first, at most three.
    pub frames: Vec<Frame>,
    /// What the hash was made from.
    pub basis: Basis,
    /// False where names are obfuscated, minified or bare offsets, so that
    /// the hash can only hold for one build.
    pub symbolicated: bool,
}

/// One call of a stack as it is hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The function's qualified name, as far as the runtime prints it,
    /// without arguments, addresses and generated numbers.
    pub function: String,
    /// The base name of the file; for Apple's traces without one, the image.
    /// Empty where the runtime prints neither.
    pub file: String,
}

/// What a fingerprint was made from, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// At least one stack frame, and the exception's type if it is known.
    Stack,
    /// The exception's type alone.
    Type,
    /// The logger and the message with numbers, ids and quoted text masked.
    Message,
}

/// The fingerprint of a record, from its `error`, `stackTrace`, the attribute
/// `failure`, `logger` and `message`. Total: any record has one.
pub fn fingerprint(record: &LogRecord) -> Fingerprint {
    of(&Occurrence::of(record))
}

/// The fingerprint of what counts of a record; what [`fingerprint`] calls.
pub fn of(occurrence: &Occurrence<'_>) -> Fingerprint {
    of_named(occurrence, &named(occurrence)).0
}

/// The exception's type; empty if nothing names one.
fn named(occurrence: &Occurrence<'_>) -> String {
    let error = present(&occurrence.error).map(transport::clean);
    let stack = present(&occurrence.stack_trace).map(transport::clean);
    let failure = present(&occurrence.failure);
    exception::of(error.as_deref(), failure, stack.as_deref()).into_owned()
}

/// The fingerprint of an error whose type is known, and whether it was made
/// of that type and the stack trace alone.
fn of_named(occurrence: &Occurrence<'_>, named: &str) -> (Fingerprint, bool) {
    // Some call sites put the whole printed trace into the error.
    let mut traces = [&occurrence.stack_trace, &occurrence.error]
        .into_iter()
        .map(|text| present(text).map(transport::clean))
        .map(|text| text.map(|text| stack::parse(&text, named)))
        .map(Option::unwrap_or_default)
        .enumerate();
    let (place, trace) = traces
        .find(|(_, trace)| !trace.frames.is_empty())
        .unwrap_or_default();
    let is_of_stack = place == 0 && !trace.frames.is_empty();

    let symbolicated = !trace.obfuscated && !exception::is_minified(named);
    let exception_type = cut(named).to_owned();
    let (basis, preimage) = if !trace.frames.is_empty() {
        (
            Basis::Stack,
            preimage("stack", &exception_type, &trace.frames, None),
        )
    } else if !exception_type.is_empty() {
        (Basis::Type, preimage("type", &exception_type, &[], None))
    } else {
        let masked = mask::message(&occurrence.message);
        let logger = occurrence.logger.trim();
        (
            Basis::Message,
            preimage("message", logger, &[], Some(&masked)),
        )
    };
    let fingerprint = Fingerprint {
        hash: hex(&Sha256::digest(preimage.as_bytes())),
        version: VERSION,
        exception_type,
        frames: trace.frames,
        basis,
        symbolicated,
    };
    (fingerprint, is_of_stack)
}

/// The text that is hashed; its form is the module's documentation.
fn preimage(basis: &str, subject: &str, frames: &[Frame], message: Option<&str>) -> String {
    let mut text = String::with_capacity(256);
    for line in ["soliplex-fingerprint ", VERSION, "\n", basis, "\n"] {
        text.push_str(line);
    }
    push_field(&mut text, subject);
    text.push('\n');
    for frame in frames {
        push_field(&mut text, &frame.function);
        text.push('\t');
        push_field(&mut text, &frame.file);
        text.push('\n');
    }
    if let Some(message) = message {
        push_field(&mut text, message);
        text.push('\n');
    }
    text
}

/// Appends a field, its line feeds and tabs turned to spaces so that no field
/// can pass for two.
fn push_field(text: &mut String, field: &str) {
    if memchr::memchr2(b'\n', b'\t', field.as_bytes()).is_some() {
        text.push_str(&field.replace(['\n', '\t'], " "));
    } else {
        text.push_str(field);
    }
}

/// The longest name that is hashed and kept, in bytes.
const MAX_NAME: usize = 512;

/// A name, cut where it is longer than any that a person wrote.
fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(MAX_NAME)]
}

/// The text if it says anything: blank and a printed `null` do not.
fn present<'t>(text: &'t Option<Cow<'_, str>>) -> Option<&'t str> {
    let text = text.as_deref();
    text.filter(|text| !matches!(text.trim(), "" | "null" | "None" | "undefined"))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}
