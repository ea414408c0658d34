//! THE DISK QUEUE: a folder of records on their way to a server.
//!
//! Any number of handles, threads and processes append; one drains. What an
//! append returned for is delivered, kept as a dead letter, or counted as
//! dropped, whatever process dies at whatever instant. Everything here is
//! synchronous and knows no network.
//!
//! # Constraints
//!
//! - The folder is one that the deployed client wrote, or may write next: the
//!   names and formats of its files are given, and what the meta tells it must
//!   be true at every instant.
//! - Nothing is altered. A record comes out byte for byte as it went in; only
//!   white space and a byte order mark around it are left out, and bytes that
//!   are no UTF-8 become U+FFFD, because what is sent must be UTF-8.
//! - No operation on the head of the queue costs more for a longer backlog.
//! - Whatever the files hold, opening does not fail over their content.
//!
//! # Files
//!
//! | file | holds |
//! | --- | --- |
//! | `log_queue.jsonl` | records, one JSON object a line; only ever appended to, or replaced whole |
//! | `log_queue_fatal.jsonl` | fatal records until the next drain |
//! | `.queue_meta` | one JSON object: how far the queue is delivered; only ever replaced whole |
//! | `dead_letter.jsonl` | `{"record", "status", "reason", "time"}` a line |
//! | `.queue_lock` | nothing; locked for the time of one change |
//! | `.drain_lock` | nothing; locked as long as a drainer lives |
//! | `.queue_meta.tmp`, `.queue_meta_draft.tmp`, `.log_queue_rewrite.tmp`, `.log_queue_draft.tmp` | what is to take another file's place; without meaning after a crash |
//! | `.fatal_processing.tmp`, `.log_queue_compact.tmp` | left by the deployed client when it died: records, some of which may be in the queue too |
//!
//! The folder is made with mode 0700 and files with 0600. A symbolic link, a
//! pipe, or a file with a second name is refused and not touched. Both locks
//! are the system's and free as soon as their holder is gone.
//!
//! ## Lines
//!
//! A line ends in `\n`. One that holds a JSON object is a record; an empty one
//! is nothing; any other is damage, and whole records in it are read all the
//! same (the `line` module says which). A line without its end at the end of
//! the file is a write that was cut short: the next append starts with a
//! newline and so closes it. Lines over 16 MiB are damage and never in memory.
//!
//! ## Meta
//!
//! ```json
//! {"confirmed":2,"version":1,"state":{"generation":…,"floor":…,"base":…,"cursor":…,
//!  "window":"…","dropped":…},"next":…,"merge":…,"check":"…"}
//! ```
//!
//! `confirmed` is the deployed client's: so many objects at the head of the
//! file are delivered. The rest is ours, and that client drops it when it
//! writes. `check` is the head of the SHA-256 of all text before it.
//!
//! A position counts bytes and records since the queue began. `base` is that
//! of the file's first byte and `cursor` that of the first record which is not
//! delivered, so a position holds while the file is compacted under it.
//! `generation` rises when records are taken out from the middle, and `floor`
//! says from where on older positions still hold; others are refused. `window`
//! is a hash of the last 4 KiB before the cursor: if it fits, the cursor was
//! taken in this file. Only these few bytes are read to open a queue of any
//! size.
//!
//! Without our keys the objects are counted. If ours are there and do not fit,
//! or the count is more than the file holds, everything is pending: records may
//! be sent twice then, and none is lost. A newer `version` is read, and not
//! written.
//!
//! # Operations
//!
//! Each holds `.queue_lock` where it changes what others read, and orders its
//! writes like this. *Sync* means file content, *sync folder* names. A drainer
//! writes and syncs under names of its own without the lock, which it takes for
//! the renames; if a writer has rewritten the queue meanwhile, it starts anew.
//! So an append never waits for a drainer's copying.
//!
//! - **Append**: one write of whole lines at the end. If it fails, the file is
//!   cut back. By policy: sync, and for a new file sync folder.
//! - **Append fatal**: the same to the fatal file, then always sync and sync
//!   folder.
//! - **Replace meta** (*M*): write the temporary file, sync, rename, sync
//!   folder.
//! - **Confirm**: sync the queue file, *M* with the new cursor; the lock is held
//!   only for the rename.
//! - **Merge**: *M* with `merge` (which bytes go where), append them, sync,
//!   sync folder, remove the fatal file, sync folder.
//! - **Rotate** (by a writer, under the lock): write the new file, sync, *M* with
//!   `confirmed` 0 and `next` (what holds of the new file), rename it over the
//!   old one, write and sync the meta that has `next` as its state, rename that
//!   too, sync folder. A merge that was begun is ended first.
//! - **Compact**, **take out** (by a drainer): write the new file up to where the
//!   old one ends, sync, and again while much was appended meanwhile; *M* with
//!   `next`; write and sync the meta that has `next` as its state; then, under
//!   the lock, copy what was appended since, sync, and rename both; sync folder.
//! - **Dead letter**: append, sync, sync folder; the caller confirms afterwards.
//!
//! | crash after | found at the next open | what happens |
//! | --- | --- | --- |
//! | a part of an append | a torn line | the next append closes it; it is passed over as damage; that append had not returned |
//! | an append, before its sync | the record, unless power was lost | delivered |
//! | writing a temporary file | a file without meaning | it is overwritten; the next drainer removes a draft |
//! | the rename of *M*, before the folder's sync | either meta, whole | the old one: what was confirmed comes again |
//! | *M* with `merge` | the fatal file, nothing in the queue where `merge` says | merged |
//! | a part of the merge's append | some whole lines stand there | the rest is merged |
//! | the merge's append | all of it stands there | synced, and the fatal file removed: nothing comes twice |
//! | *M* with `next` | the old file: its last bytes say so | its state holds; the rewrite is done again when it is due |
//! | the rename of a rewrite | another file | `next` holds, its drops counted |
//! | confirm, before or in a compaction's draft | confirmed records at the head | passed over by the cursor; taken out after a later confirmation |
//! | dead letter, before confirming | the record in both | sent, and put there, again |
//!
//! When a file operation fails instead, the state is the same as after a crash
//! there; the error is reported, and the next operation goes on from what it
//! finds. A sync that failed is not tried again on its descriptor.
//!
//! # A full queue
//!
//! When an append would make the file larger than [`Options::max_bytes`], what
//! is confirmed is taken out; if that is not enough, the oldest records go
//! that are not fatal, then the oldest fatal ones, until a quarter is free, or
//! a half if the same writer had to make room less than a second ago.
//! [`Dropped`] counts them, and one record in their place (logger
//! `soliplex.queue`, attribute `dropped`) tells how many they were.
//!
//! # Durability
//!
//! Against the death of a process: every append that returned. Against a loss
//! of power: fatal records, and all others once synced ([`SyncPolicy`]). A
//! confirmation is durable when it returns.

mod appended;
mod batch;
mod check;
mod disk;
mod drain;
mod error;
mod folder;
mod fs;
mod inspect;
mod items;
mod line;
mod memory;
mod merge;
mod meta;
mod pending;
mod recent;
mod repair;
mod rewrite;
mod rotate;
mod scan;
mod state;

#[cfg(test)]
mod tests;

pub use batch::{
    Batch, Confirmed, Damage, DeadLetter, Drain, Limits, LogQueue, QueuedRecord, RecordRef, Token,
};
pub use check::rejection;
pub use disk::{Options, Queue, SyncPolicy};
pub use error::QueueError;
pub use folder::names;
pub use inspect::{InspectOptions, Report, inspect};
pub use line::{DamageKind, records_in};
pub use memory::MemoryQueue;
pub use meta::Dropped;
pub use pending::{Entries, Entry, read_all, read_dead_letters, read_pending};
pub use recent::read_recent;
pub use repair::{RepairReport, repair};
