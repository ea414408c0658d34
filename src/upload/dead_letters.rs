//! Dead letters as a backlog: they are sent again, and those that go through
//! leave the file.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::backlog::{Backlog, BacklogError, Letter};
use crate::queue::{Drain, names};
use crate::record;

/// The file in a queue's folder.
const FILE_NAME: &str = names::DEAD_LETTER;

/// The dead letters of a queue folder.
///
/// The file changes only in [`DeadLetters::finish`], and then at once, so that
/// a crash leaves all of them where they were.
#[derive(Debug)]
pub struct DeadLetters {
    folder: PathBuf,
    path: PathBuf,
    lines: Option<BufReader<File>>,
    /// Lines read so far that are no letter; they stay in the file.
    unreadable: Vec<Vec<u8>>,
    /// How many letters are through or refused again.
    settled: usize,
    refused: Vec<Letter>,
    /// Keeps everyone else from adding letters meanwhile.
    _drain: Box<dyn Drain>,
}

/// The part of a letter that is sent.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    record: &'a RawValue,
}

impl DeadLetters {
    /// The dead letters of the queue in `folder`, which `drain` drains.
    ///
    /// # Errors
    ///
    /// A file that is there but cannot be read.
    pub fn open(folder: &Path, drain: Box<dyn Drain>) -> Result<DeadLetters, BacklogError> {
        let path = folder.join(FILE_NAME);
        let lines = match File::open(&path) {
            Ok(file) => Some(BufReader::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(at(&path, &error)),
        };
        Ok(DeadLetters {
            folder: folder.to_owned(),
            path,
            lines,
            unreadable: Vec::new(),
            settled: 0,
            refused: Vec::new(),
            _drain: drain,
        })
    }

    /// Takes what is settled out of the file; what was refused again stays,
    /// with the new reason.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or written; then it is as it was.
    pub fn finish(&mut self) -> Result<(), BacklogError> {
        if self.settled == 0 {
            return Ok(());
        }
        self.rewrite().map_err(|error| at(&self.path, &error))
    }

    fn rewrite(&self) -> io::Result<()> {
        let mut new = tempfile::NamedTempFile::new_in(&self.folder)?;
        let mut writer = BufWriter::new(new.as_file_mut());
        let mut settled = self.settled;
        for line in BufReader::new(File::open(&self.path)?).split(b'\n') {
            let line = line?;
            if record_of(&line).is_some() && settled > 0 {
                settled -= 1;
            } else if !line.is_empty() {
                write_line(&mut writer, &line)?;
            }
        }
        let time = record::now();
        for letter in &self.refused {
            write_line(&mut writer, &to_line(letter, &time))?;
        }
        writer.flush()?;
        drop(writer);
        new.as_file().sync_all()?;
        new.persist(&self.path)?;
        File::open(&self.folder)?.sync_all()
    }

    /// The next letter's record.
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(lines) = &mut self.lines else {
            return Ok(None);
        };
        loop {
            let mut line = Vec::new();
            if lines.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            match record_of(&line) {
                Some(record) => return Ok(Some(record.as_bytes().to_vec())),
                None if line.trim_ascii().is_empty() => {}
                None => self.unreadable.push(line),
            }
        }
    }

    /// How many lines of the file are no letter.
    pub fn unreadable(&self) -> usize {
        self.unreadable.len()
    }
}

impl Backlog for DeadLetters {
    fn next(&mut self, records: usize, bytes: usize) -> Result<Vec<Vec<u8>>, BacklogError> {
        let mut lines = Vec::new();
        let mut used = 0;
        while lines.len() < records && used < bytes {
            match self.read().map_err(|error| at(&self.path, &error))? {
                Some(line) => {
                    used += line.len();
                    lines.push(line);
                }
                None => break,
            }
        }
        Ok(lines)
    }

    fn confirm(&mut self, records: usize) -> Result<(), BacklogError> {
        self.settled += records;
        Ok(())
    }

    fn bury(&mut self, letters: &[Letter]) -> Result<(), BacklogError> {
        self.refused.extend_from_slice(letters);
        Ok(())
    }
}

/// The record in a line of the file.
fn record_of(line: &[u8]) -> Option<&str> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    Some(line.record.get()).filter(|record| record.starts_with('{'))
}

/// A letter as a line of the file.
fn to_line(letter: &Letter, time: &str) -> Vec<u8> {
    let rest = serde_json::json!({
        "status": letter.status,
        "reason": letter.reason,
        "time": time,
    });
    let mut line = b"{\"record\":".to_vec();
    line.extend_from_slice(&letter.line);
    line.push(b',');
    line.extend_from_slice(&rest.to_string().as_bytes()[1..]);
    line
}

fn write_line(writer: &mut impl Write, line: &[u8]) -> io::Result<()> {
    writer.write_all(line)?;
    writer.write_all(b"\n")
}

fn at(path: &Path, error: &io::Error) -> BacklogError {
    format!("cannot read or write {}: {error}", path.display()).into()
}

/// Copies the dead letters of a queue to another file, one JSON object a line;
/// says how many.
///
/// # Errors
///
/// A file that cannot be read, and a target that cannot be written.
pub fn export_dead_letters(folder: &Path, target: &Path) -> Result<usize, BacklogError> {
    let path = folder.join(FILE_NAME);
    let content = match fs::read(&path) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(at(&path, &error)),
    };
    let lines: Vec<&[u8]> = content
        .split(|byte| *byte == b'\n')
        .filter(|line| record_of(line).is_some())
        .collect();
    let mut out = lines.join(&b'\n');
    if !out.is_empty() {
        out.push(b'\n');
    }
    fs::write(target, out).map_err(|error| at(target, &error))?;
    Ok(lines.len())
}

/// Whether a file is what [`export_dead_letters`] writes: each of its lines is
/// a dead letter. `false` for what cannot be read.
pub fn holds_dead_letters(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    let is_letter = |line: io::Result<Vec<u8>>| line.is_ok_and(|line| record_of(&line).is_some());
    BufReader::new(file).split(b'\n').all(is_letter)
}
