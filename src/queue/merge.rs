//! Bringing fatal records and the leftovers of a crash into the queue file.

use std::collections::HashSet;
use std::io;

use super::QueueError;
use super::error::io_error;
use super::folder::{Held, OpenFile, names};
use super::fs::QueueFile;
use super::items::{Item, Items};
use super::line::MAX_LINE_BYTES;
use super::meta::{Merge, hash};
use super::state::{Loaded, load_to_write};

/// How much of the fatal file is copied at once.
const BLOCK_BYTES: u64 = MAX_LINE_BYTES as u64 + 1;

/// How much of a leftover is appended at once, give or take a record.
const LEFTOVER_BYTES: usize = 256 * 1024;

/// Whether there is anything to merge.
pub(super) fn is_due(held: &Held<'_>) -> Result<bool, QueueError> {
    if held
        .folder
        .stat(names::FATAL)?
        .is_some_and(|stat| stat.len > 0)
    {
        return Ok(true);
    }
    for name in names::LEFTOVERS {
        if held.folder.stat(name)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Brings in what the deployed client left behind when it died: the records of
/// a leftover that are not in the queue file, byte for byte.
pub(super) fn recover_leftovers(held: &Held<'_>) -> Result<(), QueueError> {
    for name in names::LEFTOVERS {
        let Some(leftover) = held.folder.open_to_read(name)? else {
            continue;
        };
        let queue = held.folder.open_to_append(names::QUEUE)?;
        let len = queue.len()?;
        let mut known = HashSet::new();
        let mut items = Items::new(names::QUEUE, &*queue.file, 0, len);
        while let Some(item) = items.next().map_err(io_error("read", &queue.path))? {
            if let Item::Record { line, .. } = item {
                known.insert(hash(&line));
            }
        }
        let path = held.folder.path_of(name);
        let end = leftover.stat().map_err(io_error("look at", &path))?.len;
        let mut items = Items::new(name, &*leftover, 0, end);
        let mut missing = Vec::new();
        while let Some(item) = items.next().map_err(io_error("read", &path))? {
            if let Item::Record { line, .. } = item
                && !known.contains(&hash(&line))
            {
                missing.extend_from_slice(&line);
                missing.push(b'\n');
            }
            // A crash between two blocks costs nothing: what is in the queue
            // file is not missing any more.
            if missing.len() >= LEFTOVER_BYTES {
                append_lines(&queue, &missing)?;
                missing.clear();
            }
        }
        if !missing.is_empty() {
            append_lines(&queue, &missing)?;
        }
        queue.sync()?;
        held.folder.sync()?;
        held.folder.remove(name)?;
        held.folder.sync()?;
    }
    Ok(())
}

/// Moves the fatal file's records to the end of the queue file.
///
/// The meta first says which bytes go where; so a crash between copying and
/// removing is recognised by the bytes themselves and nothing comes twice.
pub(super) fn merge_fatal(held: &Held<'_>) -> Result<(), QueueError> {
    let Some(stat) = held.folder.stat(names::FATAL)? else {
        return Ok(());
    };
    if stat.len == 0 {
        return Ok(());
    }
    let fatal = held.folder.open_to_append(names::FATAL)?;
    let queue = held.folder.open_to_append(names::QUEUE)?;
    let mut loaded = load_to_write(held, &queue)?;
    let merged = merged_so_far(&*fatal.file, &*queue.file, &loaded);
    let mut from = merged.map_err(io_error("read", &fatal.path))?;
    let end = fatal.len()?;
    while from < end {
        let block = whole_lines(fatal.read(from, (end - from).min(BLOCK_BYTES))?);
        // A torn end is not announced: the next fatal file may start with the
        // very same bytes. Whole lines that are the same are the same records.
        if block.ends_with(b"\n") {
            let len = queue.len()?;
            let at = len + u64::from(queue.is_torn(len)?);
            loaded.merge = Some(Merge {
                from,
                to: from + block.len() as u64,
                at: loaded.state.base.bytes + at,
                hash: hash(&block),
            });
            held.write_meta(&loaded.to_meta())?;
        }
        append_lines(&queue, &block)?;
        from += block.len() as u64;
    }
    // Also when an attempt that was killed has copied everything: it may have
    // died before this.
    queue.sync()?;
    held.folder.sync()?;
    held.folder.remove(names::FATAL)?;
    held.folder.sync()
}

/// Ends a merge that was begun, and reads the state anew. What a crash has left
/// half merged is recognised by where it stands, so this comes before anything
/// moves.
pub(super) fn finish_merge(
    held: &Held<'_>,
    queue: &OpenFile,
    loaded: Loaded,
) -> Result<Loaded, QueueError> {
    if loaded.merge.is_none() || held.folder.stat(names::FATAL)?.is_none() {
        return Ok(loaded);
    }
    merge_fatal(held)?;
    load_to_write(held, queue)
}

/// How far the fatal file is already in the queue file, in bytes.
pub(super) fn merged_so_far(
    fatal: &dyn QueueFile,
    queue: &dyn QueueFile,
    loaded: &Loaded,
) -> io::Result<u64> {
    let Some(merge) = &loaded.merge else {
        return Ok(0);
    };
    let at = loaded.state.offset_of(merge.at);
    let (Some(at), true) = (at, merge.to <= fatal.stat()?.len) else {
        return Ok(0);
    };
    let read = |file: &dyn QueueFile, offset| -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; merge.to.saturating_sub(merge.from) as usize];
        let read = file.read_at(&mut bytes, offset)?;
        bytes.truncate(read);
        Ok(bytes)
    };
    let (block, copy) = (read(fatal, merge.from)?, read(queue, at)?);
    if hash(&block) != merge.hash {
        return Ok(0);
    }
    // The copy may break off in the middle; its whole lines count.
    let same = block.iter().zip(&copy).take_while(|(a, b)| a == b).count();
    let lines = memchr::memrchr(b'\n', &block[..same]).map_or(0, |last| last + 1);
    Ok(merge.from + lines as u64)
}

/// A block up to its last newline; all of it if it has none.
fn whole_lines(mut block: Vec<u8>) -> Vec<u8> {
    if let Some(last) = memchr::memrchr(b'\n', &block) {
        block.truncate(last + 1);
    }
    block
}

/// Appends lines behind whatever stands there. After an error the file is as
/// it was, or ends in a line that the next one to append will close.
pub(super) fn append_lines(file: &OpenFile, lines: &[u8]) -> Result<(), QueueError> {
    let len = file.len()?;
    let mut bytes = Vec::with_capacity(lines.len() + 2);
    if file.is_torn(len)? {
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(lines);
    if lines.last() != Some(&b'\n') {
        bytes.push(b'\n');
    }
    file.append(&bytes).inspect_err(|_| {
        let _ = file.file.set_len(len);
    })
}
