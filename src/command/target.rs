//! The files that a command writes a result into. What stands in one already
//! gives way only to its like: a name typed wrong costs nobody a log.

use std::fs;
use std::path::Path;

use crate::error::Error;
use crate::output::safe;
use crate::source::Location;

/// A kind of file that a command writes.
pub(super) struct Kind {
    /// The flag that names the file.
    pub(super) flag: &'static str,
    /// What is in it, as in `it is no …`.
    pub(super) name: &'static str,
    /// A name that such a file may have.
    pub(super) example: &'static str,
    /// Whether a file is one.
    pub(super) is_one: fn(&Path) -> bool,
}

/// Refuses a file that must not be written over: one that is read or stands in
/// a queue that is, and any that is neither empty nor of the kind. What is no
/// plain file, such as a pipe, can be written to.
pub(super) fn check(target: &Path, kind: &Kind, sources: &[Location]) -> Result<(), Error> {
    let Kind {
        flag,
        name,
        example,
        ..
    } = kind;
    if target.as_os_str() == "-" {
        return Err(Error::usage(format!(
            "{flag} takes the name of a file and writes nothing to stdout: name one, such as {example}"
        )));
    }
    let is_in_the_way = fs::metadata(target).is_ok_and(|found| found.is_file() && found.len() > 0);
    if !is_in_the_way {
        return Ok(());
    }
    let shown = target.display().to_string();
    let shown = safe::escape(&shown);
    if sources.iter().any(|source| reads(source, target)) {
        return Err(Error::usage(format!(
            "{flag} {shown} would replace what is read: name another file, such as {example}"
        )));
    }
    if !(kind.is_one)(target) {
        return Err(Error::usage(format!(
            "{flag} {shown} would replace a file that is no {name}: name another one, such as {example}, or remove it first"
        )));
    }
    Ok(())
}

/// Whether a file is a source, or in the folder that is one.
fn reads(source: &Location, target: &Path) -> bool {
    let (Location::Path(path), Ok(target)) = (source, target.canonicalize()) else {
        return false;
    };
    path.canonicalize()
        .is_ok_and(|path| target == path || target.parent() == Some(&path))
}
