//! Reading one plain file with all processors at once.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use super::backward;
use super::files::{Counted, Place};
use super::input::{self, Input};
use super::lines::{Line, Lines};
use super::matcher::Matcher;
use super::window::Window;
use super::{Options, SourceError};
use crate::queue::records_in;
use crate::record::{Envelope, RecordError, keys, structured, trim};

/// The smallest part of a file that is worth a thread, in bytes.
const SMALLEST_PART: u64 = 1024 * 1024;

/// What came of scanning a file.
#[derive(Debug)]
pub struct Scan<T> {
    /// What each thread has made of its part, in the order of the file.
    pub parts: Vec<T>,
    /// How many lines were no records, or too long to be any.
    pub odd_lines: u64,
}

/// Hands every record of a file that passes the options' filter to `take`:
/// each thread its own part of the file, with what `make` has made for it.
/// The other options, but for the count of bytes, are those of reading in
/// order and do not count here.
///
/// `None` for what is no plain file, and so can only be read in order by
/// [`open`](super::open): a folder, a pipe, a compressed file.
///
/// # Errors
///
/// A file that cannot be opened or read.
pub fn scan<T: Send>(
    path: &Path,
    Options {
        filter, bytes_read, ..
    }: &Options,
    make: impl Fn() -> T + Sync,
    take: impl Fn(&mut T, &Envelope<'_>) + Sync,
) -> Result<Option<Scan<T>>, SourceError> {
    if path.is_dir() {
        return Ok(None);
    }
    let Input::File(file) = input::open(path)? else {
        return Ok(None);
    };
    let failed = |source| Place::Path(path.to_owned()).failed(source);
    let length = file.metadata().map_err(failed)?.len();
    if length == 0 {
        // A file of the kernel's has no length, but may well have lines.
        return Ok(None);
    }
    let whole = Window::new(Arc::clone(&file), 0, length);
    let windows = split(&whole, threads(length)).map_err(failed)?;
    let matcher = Matcher::new(filter.clone());
    let work = |window: Window| {
        let mut part = make();
        let start = window.position();
        let counted = Counted::new(window, Arc::clone(bytes_read));
        let lines = Lines::new(counted, start, matcher.needle().cloned());
        read(lines, &matcher, &mut |envelope| take(&mut part, envelope))
            .map(|odd_lines| (part, odd_lines))
    };
    let work = &work;
    let done = thread::scope(|scope| {
        // A thread that cannot be had is an error, as a file that cannot be read.
        let start = |window| thread::Builder::new().spawn_scoped(scope, move || work(window));
        let running: Vec<_> = windows.into_iter().map(start).collect::<Result<_, _>>()?;
        let end = |thread: thread::ScopedJoinHandle<'_, _>| {
            let ended = thread.join();
            ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        Ok(running.into_iter().map(end).collect::<Vec<_>>())
    });
    let done = done.map_err(failed)?;
    let mut scan = Scan {
        parts: Vec::new(),
        odd_lines: 0,
    };
    for part in done {
        let (part, odd_lines) = part.map_err(failed)?;
        scan.parts.push(part);
        scan.odd_lines += odd_lines;
    }
    Ok(Some(scan))
}

fn threads(length: u64) -> u64 {
    let processors = thread::available_parallelism().map_or(1, |count| count.get() as u64);
    processors.min(length / SMALLEST_PART).max(1)
}

/// Cuts a window into parts of about the same size, each of whole lines.
fn split(whole: &Window, parts: u64) -> std::io::Result<Vec<Window>> {
    let mut windows = Vec::new();
    let mut start = 0;
    for part in 1..=parts {
        let end = match part == parts {
            true => whole.end(),
            false => {
                let about = whole.end() / parts * part;
                backward::end_of_whole_lines(&whole.part(start, about))?
            }
        };
        let window = whole.part(start, end);
        start = window.end();
        windows.push(window);
    }
    Ok(windows)
}

/// Reads the lines of a part and says how many were no records.
fn read(
    mut lines: Lines<Counted<Window>>,
    matcher: &Matcher,
    take: &mut impl FnMut(&Envelope<'_>),
) -> std::io::Result<u64> {
    let mut odd_lines = 0;
    let mut judge = |line: Line<'_>| {
        let bytes = match line {
            Line::Whole { bytes, .. } => trim(bytes),
            Line::TooLong { .. } => {
                odd_lines += 1;
                return;
            }
        };
        if bytes.is_empty() {
            return;
        }
        if judge_record(bytes, matcher, take).is_err() {
            // Of a damaged line its whole records count.
            let records = records_in(bytes);
            let mut is_odd = true;
            for record in records {
                is_odd &= judge_record(&record, matcher, take).is_err();
            }
            odd_lines += u64::from(is_odd);
        }
    };
    while let Some(line) = lines.next()? {
        judge(line);
    }
    if let Some(rest) = lines.rest() {
        judge(rest);
    }
    Ok(odd_lines)
}

/// Takes a record if it is asked for.
fn judge_record(
    line: &[u8],
    matcher: &Matcher,
    take: &mut impl FnMut(&Envelope<'_>),
) -> Result<(), RecordError> {
    let envelope = Envelope::parse(line)?;
    let is_ours = envelope.json(keys::MESSAGE).is_some()
        && envelope.level().is_some()
        && envelope.text(keys::TIMESTAMP).is_some();
    let foreign = match is_ours {
        true => None,
        false => envelope.to_record().ok(),
    };
    if let Some(record) = foreign.as_ref().and_then(structured::translated) {
        // It is rare, so that it may take a second reading.
        let line = serde_json::to_vec(&record).unwrap_or_default();
        let envelope = Envelope::parse(&line)?;
        if matcher.wants_envelope(&envelope)? {
            take(&envelope);
        }
        return Ok(());
    }
    if matcher.wants_envelope(&envelope)? {
        take(&envelope);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::fs::File;
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::filter::Filter;
    use crate::record::Level;

    fn file_of(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn every_line_is_in_one_part_however_the_file_is_cut() {
        let text = "a\n\nbb\nlong line\nc\nwithout an end";
        let (_folder, path) = file_of(text);
        let file = Arc::new(File::open(path).unwrap());
        for parts in 1..40 {
            let whole = Window::new(Arc::clone(&file), 0, text.len() as u64);
            let mut read = Vec::new();
            for window in split(&whole, parts).unwrap() {
                let mut lines = Lines::new(window, 0, None);
                while let Some(Line::Whole { bytes, .. }) = lines.next().unwrap() {
                    read.push(bytes.to_vec());
                }
                if let Some(Line::Whole { bytes, .. }) = lines.rest() {
                    read.push(bytes.to_vec());
                }
            }
            let expected: Vec<_> = text
                .split('\n')
                .map(|line| line.as_bytes().to_vec())
                .collect();
            assert_eq!(read, expected, "{parts} parts");
        }
    }

    #[test]
    fn what_passes_the_filter_is_taken_once_and_in_order() {
        let mut text = String::new();
        for n in 0..30_000 {
            let level = if n % 3 == 0 { "error" } else { "info" };
            let _ = writeln!(
                text,
                r#"{{"level":"{level}","message":"{n}","sessionId":"s{}","padding":"{:0100}"}}"#,
                n % 2,
                0
            );
        }
        text.push_str("no record\n\n");
        let (_folder, path) = file_of(&text);
        let options = Options {
            filter: Filter {
                level: Some(Level::Error),
                session: Some("s1".to_owned()),
                ..Filter::default()
            },
            ..Options::default()
        };
        let take = |found: &mut Vec<String>, envelope: &Envelope<'_>| {
            found.extend(envelope.text(keys::MESSAGE).map(|text| text.into_owned()));
        };
        let scanned = scan(&path, &options, Vec::new, take).unwrap().unwrap();
        let expected: Vec<_> = (0..30_000)
            .filter(|n| n % 6 == 3)
            .map(|n| n.to_string())
            .collect();
        assert_eq!(scanned.parts.concat(), expected);
        let bytes_read = options.bytes_read.load(Ordering::Relaxed);
        assert_eq!(bytes_read, text.len() as u64);
        let all = scan(&path, &Options::default(), Vec::new, take)
            .unwrap()
            .unwrap();
        assert_eq!((all.parts.concat().len(), all.odd_lines), (30_000, 1));
    }

    #[test]
    fn what_is_no_plain_file_is_left_to_be_read_in_order() {
        let (folder, path) = file_of("");
        for path in [folder.path(), &path] {
            let scanned = scan(path, &Options::default(), || (), |(), _| {}).unwrap();
            assert!(scanned.is_none());
        }
        let missing = folder.path().join("missing");
        assert!(scan(&missing, &Options::default(), || (), |(), _| {}).is_err());
    }
}
