//! What is known of a queue file: its meta, checked against the file itself.

use super::QueueError;
use super::error::io_error;
use super::folder::{Folder, Held, OpenFile, names};
use super::fs::QueueFile;
use super::items::end_of_records;
use super::meta::{self, Found, Merge, Meta, Position, State, VERSION};

/// A queue's state as the files tell it.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) state: State,
    pub(super) merge: Option<Merge>,
    pub(super) source: Source,
    /// The format of a meta that is newer than this program.
    pub(super) newer: Option<u64>,
}

/// What a state is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// There is no meta: nothing is confirmed.
    Nothing,
    /// Our meta, and it fits the file.
    Meta,
    /// The count in the deployed client's meta.
    Count(u64),
    /// What is there cannot be trusted, so that everything counts as not
    /// confirmed; says why.
    Reset(&'static str),
}

impl Source {
    /// What is wrong with the meta, if anything.
    pub(super) fn problem(self) -> Option<String> {
        match self {
            Source::Reset(why) => Some(format!(
                "{} is not used: {why}; every record counts as pending",
                names::META
            )),
            Source::Nothing | Source::Meta | Source::Count(_) => None,
        }
    }
}

/// Reads the state of a queue file of this length; `None` if it is missing.
///
/// What fits is used. What does not makes the whole file pending: then records
/// may be sent twice, and none is lost.
pub(super) fn load(
    folder: &Folder,
    file: Option<&(dyn QueueFile + 'static)>,
    len: u64,
) -> Result<Loaded, QueueError> {
    let (found, version) = folder.read_meta()?;
    let failed = |error| io_error("read", &folder.path_of(names::QUEUE))(error);
    let mut loaded = Loaded {
        state: State::fresh(),
        merge: None,
        source: Source::Nothing,
        newer: version.filter(|version| *version > VERSION),
    };
    match found {
        Found::Nothing => {}
        Found::Damaged(why) => loaded.source = Source::Reset(why),
        Found::Count(0) => loaded.source = Source::Count(0),
        Found::Count(count) => {
            let end = file.map_or(Ok(None), |file| end_of_records(file, len, count));
            match end.map_err(failed)? {
                Some(bytes) => {
                    let window = file.map_or(Ok(None), |file| meta::window(file, bytes));
                    loaded.state.window = window.map_err(failed)?.unwrap_or_default();
                    let base = loaded.state.base;
                    loaded.source = Source::Count(count);
                    loaded.state.cursor = Position {
                        bytes: base.bytes + bytes,
                        records: base.records + count,
                        ..base
                    };
                }
                None => loaded.source = Source::Reset("it confirms more than the queue holds"),
            }
        }
        Found::Ours(meta) => {
            let known = match file {
                Some(file) => meta::match_file(&meta, file).map_err(failed)?,
                None => {
                    (meta.state.offset() == 0 && meta.next.is_none()).then(|| meta.state.clone())
                }
            };
            match known {
                Some(state) => {
                    loaded.state = state;
                    loaded.source = Source::Meta;
                    loaded.merge = meta.merge;
                }
                None => {
                    let state = meta.next.map_or(meta.state, |next| next.state);
                    loaded.state.dropped = state.dropped;
                    loaded.source = Source::Reset("it does not fit the queue file");
                }
            }
        }
    }
    Ok(loaded)
}

/// As [`load`], under the lock, to change the queue afterwards.
pub(super) fn load_to_write(held: &Held<'_>, file: &OpenFile) -> Result<Loaded, QueueError> {
    let loaded = load(held.folder, Some(&*file.file), file.len()?)?;
    match loaded.newer {
        Some(found) => Err(QueueError::Newer {
            path: held.folder.path_of(names::META),
            found,
            known: VERSION,
        }),
        None => Ok(loaded),
    }
}

impl Loaded {
    /// As this, with another state.
    pub(super) fn with(&self, state: State) -> Loaded {
        Loaded {
            state,
            ..self.clone()
        }
    }

    /// The meta that says this.
    pub(super) fn to_meta(&self) -> Meta {
        Meta {
            merge: self.merge.clone(),
            ..Meta::of(self.state.clone())
        }
    }
}
