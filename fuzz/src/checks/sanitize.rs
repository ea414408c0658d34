//! The sanitizer, for one line and for a stream.

use std::io::{self, Read};
use std::sync::LazyLock;

use serde_json::value::RawValue;
use soliplex::record::LogRecord;
use soliplex::sanitize::{Sanitizer, StreamOptions, StreamSanitizer, sanitize_stream};

static SANITIZER: LazyLock<Sanitizer> = LazyLock::new(Sanitizer::default);

/// A clean line stays as it is, valid JSON stays valid, and a record is
/// cleaned like its line.
pub fn sanitize(data: &[u8]) {
    let line = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let clean = SANITIZER.sanitize_line(line);
    let again = SANITIZER.sanitize_line(&clean);
    assert_same(&again, &clean, "cleaned again, a line changes");
    if is_json(line) {
        assert!(is_json(&clean), "JSON no more: {}", clean.escape_ascii());
    }
    let Ok(mut record) = LogRecord::parse(line) else {
        return;
    };
    SANITIZER.sanitize_record(&mut record);
    let kept = record.clone();
    SANITIZER.sanitize_record(&mut record);
    assert_eq!(record, kept, "cleaned again, a record changes");
}

/// A stream keeps its lines, comes out the same however it comes in, and is
/// what a loop over its lines makes.
pub fn stream(data: &[u8]) {
    let whole = cleaned(data);
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(lines(&whole), lines(data), "lines came or went");
    let step = data.first().map_or(1, |byte| usize::from(*byte) + 1);
    let in_steps = cleaned(InSteps { rest: data, step });
    assert_same(&in_steps, &whole, "read in steps, it is another");
    let mut loops = StreamSanitizer::new(&SANITIZER);
    let mut looped = Vec::new();
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        loops.line(text, &mut looped, &mut |_| {});
        looped.extend_from_slice(&line[text.len()..]);
    }
    assert_same(&looped, &whole, "line by line, it is another");
    assert_same(&cleaned(&whole[..]), &whole, "cleaned again, it changes");
}

fn cleaned(input: impl Read) -> Vec<u8> {
    let mut out = Vec::new();
    sanitize_stream(&SANITIZER, input, &mut out, &StreamOptions::default())
        .expect("memory is read and written without errors");
    out
}

/// Hands out so many bytes at a time, as a slow pipe does.
struct InSteps<'a> {
    rest: &'a [u8],
    step: usize,
}

impl Read for InSteps<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.step.min(buffer.len()).min(self.rest.len());
        let (now, rest) = self.rest.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.rest = rest;
        Ok(count)
    }
}

fn is_json(line: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(line).is_ok()
}

fn assert_same(left: &[u8], right: &[u8], what: &str) {
    assert!(
        left == right,
        "{what}:\n  {}\n  {}",
        left.escape_ascii(),
        right.escape_ascii()
    );
}
