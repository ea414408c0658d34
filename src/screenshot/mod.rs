//! Screenshots of errors: taken, made small, kept on the disk and sent apart
//! from the records that name them.
//!
//! # Format
//!
//! A folder, `screenshots` beside the files of the queue, mode 0700. Each
//! screenshot that is to be sent is a file `ID.png` in it, mode 0600, where
//! `ID` is a UUIDv7: the `screenshotId` of the record, made before the record
//! is stored. Ids sort by time, so the oldest file has the first name. Any
//! other file is left over from a write that did not end, or not ours.
//!
//! - *Put*: write `.ID.tmp`, sync it, rename it to `ID.png`, sync the folder.
//!   If there are more than [`MAX_FILES`] then, the oldest are removed.
//! - *Send*: `POST …/api/v1/screenshots?id=ID`, then remove the file. One that
//!   the server will never take (413, 422) is removed too.
//!
//! | killed | is left | next |
//! | --- | --- | --- |
//! | before the record is stored | nothing | |
//! | between record and put | a record that names a screenshot that never comes | shown as missing |
//! | while the file is written | `.ID.tmp` | removed an hour later by the next put |
//! | after the rename | `ID.png` | sent |
//! | between the answer and the removal | `ID.png` | sent again; the server has the id and keeps one |

mod folder;
mod picture;
mod send;
#[cfg(unix)]
mod take;

pub use folder::{Folder, FolderError, MAX_FILES};
pub use picture::{Mask, Size, prepare};
pub use send::{Event, SendError, Sender, send_all};
#[cfg(unix)]
pub use take::{Camera, CameraOptions, TakeError};

pub use crate::picture::PictureError;

/// A new screenshot's id.
pub fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
