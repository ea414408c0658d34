//! One stream of a program's output: which of its bytes make which records,
//! and which may be passed on.

use std::collections::VecDeque;
use std::time::Duration;

use super::cold_start::ColdStart;
use super::recorder::Recorder;
use super::trace::Kind;
use super::{level, text, trace};
use crate::record::{
    Defaults, EncodedRecord, Level, LogRecord, keys, new_record_id, now, structured,
};

/// How long the lines of a trace that may go on are held back, at the most
/// after the last of them.
pub(super) const HOLD: Duration = Duration::from_millis(50);

/// Of a longer line only this much is recorded; it is passed on whole. A
/// record keeps 64 KiB; the rest is for what the sanitizer takes out.
const MAX_LINE_BYTES: usize = 256 << 10;

/// A trace that is longer is recorded in parts.
const MAX_GROUP_BYTES: usize = 48 << 10;

/// How many groups of lines are remembered for the record of a crash.
const MAX_RECENT: usize = 20;

/// How lines are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Parse {
    /// JSON and logfmt by their look, anything else as text.
    #[default]
    Auto,
    /// JSON, and as text what is none.
    Json,
    /// Text, whatever it looks like.
    Text,
}

/// Turns one stream into records.
///
/// The bytes of a line are passed on only once its record is stored, so that
/// nothing that was seen can be missing from the queue. The beginning of a
/// line whose end has not come is passed on at once: it may be a prompt.
pub(super) struct Transcript<'a> {
    recorder: &'a Recorder,
    cold_start: &'a ColdStart,
    stream: &'static str,
    parse: Parse,
    /// What came in and was not passed on yet.
    pending: Vec<u8>,
    /// The current line, as far as it has come.
    line: Vec<u8>,
    /// Where in `pending` the current line starts.
    line_start: usize,
    /// Whether the rest of the current line is too much.
    is_skipping: bool,
    group: Option<Group>,
    binary_bytes: usize,
    records: Vec<EncodedRecord>,
    recent: VecDeque<Vec<String>>,
    json: Vec<u8>,
    now: String,
    /// How many lines have come.
    pub(super) lines: u64,
}

/// What a program said last.
pub(super) struct LastWords {
    /// The error.
    pub(super) error: String,
    /// The stack trace, or what else came before, if that says any more.
    pub(super) stack: Option<String>,
}

/// Lines that make one record.
struct Group {
    kind: Kind,
    lines: Vec<String>,
    bytes: usize,
    /// Where in `pending` it starts.
    start: usize,
}

impl<'a> Transcript<'a> {
    pub(super) fn new(
        recorder: &'a Recorder,
        cold_start: &'a ColdStart,
        stream: &'static str,
        parse: Parse,
    ) -> Transcript<'a> {
        Transcript {
            recorder,
            cold_start,
            stream,
            parse,
            pending: Vec::new(),
            line: Vec::new(),
            line_start: 0,
            is_skipping: false,
            group: None,
            binary_bytes: 0,
            records: Vec::new(),
            recent: VecDeque::new(),
            json: Vec::new(),
            now: String::new(),
            lines: 0,
        }
    }

    /// Takes what was read, and stores a record for each line that is complete.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.now = now();
        let mut base = self.pending.len();
        self.pending.extend_from_slice(bytes);
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.add(&rest[..end]);
            self.end_line();
            base += end + 1;
            self.line_start = base;
            rest = &rest[end + 1..];
        }
        self.add(rest);
        if !self.is_holding() {
            self.close();
        }
        self.store();
    }

    /// What may be passed on now.
    pub(super) fn ready(&self) -> &[u8] {
        match &self.group {
            Some(group) => &self.pending[..group.start],
            None => &self.pending,
        }
    }

    /// Says that all of [`ready`](Transcript::ready) was passed on.
    pub(super) fn passed_on(&mut self) {
        let count = self.ready().len();
        self.pending.drain(..count);
        self.line_start = self.line_start.saturating_sub(count);
        if let Some(group) = &mut self.group {
            group.start -= count;
        }
    }

    /// Whether lines are held back since more of their trace may come.
    pub(super) fn is_holding(&self) -> bool {
        self.group
            .as_ref()
            .is_some_and(|group| group.kind.is_open())
    }

    /// Stores what is held back: nothing more of it has come.
    pub(super) fn release(&mut self) {
        self.close();
        self.store();
    }

    /// Stores everything, a line without an end included.
    pub(super) fn finish(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.release();
    }

    /// The error and the stack that the last lines tell of.
    pub(super) fn last_words(&self) -> Option<LastWords> {
        if let Some(lines) = self.recent.iter().rev().find(|lines| lines.len() > 1) {
            let error = trace::error_of(lines)?;
            return Some(LastWords {
                error: error.to_owned(),
                stack: Some(lines.join("\n")),
            });
        }
        let is_said = |lines: &&Vec<String>| lines.iter().any(|line| !line.trim().is_empty());
        let error = self.recent.iter().rev().find(is_said)?.join("\n");
        let lines: Vec<&str> = self.recent.iter().flatten().map(String::as_str).collect();
        let stack = Some(lines.join("\n")).filter(|stack| *stack != error);
        Some(LastWords { error, stack })
    }

    fn add(&mut self, part: &[u8]) {
        if self.is_skipping {
            return;
        }
        let room = MAX_LINE_BYTES - self.line.len();
        self.line.extend_from_slice(&part[..part.len().min(room)]);
        if part.len() > room {
            self.is_skipping = true;
            self.record_line();
        }
    }

    fn end_line(&mut self) {
        self.lines += 1;
        if !self.is_skipping {
            self.record_line();
        }
        self.is_skipping = false;
    }

    /// Adds the line to the lines that it belongs to.
    fn record_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        match text::plain(&line) {
            None => {
                self.close_group();
                self.binary_bytes += line.len() + 1;
            }
            Some(text) => {
                self.close_binary();
                self.group_line(&text);
            }
        }
        self.line = line;
        self.line.clear();
    }

    fn group_line(&mut self, text: &str) {
        self.cold_start.line(text, self.recorder);
        if let Some(group) = &mut self.group
            && group.bytes + text.len() < MAX_GROUP_BYTES
            && let Some(kind) = group.kind.with(text)
        {
            group.kind = kind;
            group.bytes += text.len() + 1;
            group.lines.push(text.to_owned());
            return;
        }
        self.close_group();
        if text.trim().is_empty() {
            return;
        }
        self.group = Some(Group {
            kind: Kind::of_head(text),
            lines: vec![text.to_owned()],
            bytes: text.len(),
            start: self.line_start,
        });
    }

    fn close(&mut self) {
        self.close_group();
        self.close_binary();
    }

    fn close_group(&mut self) {
        let Some(mut group) = self.group.take() else {
            return;
        };
        while group
            .lines
            .last()
            .is_some_and(|line| line.trim().is_empty())
        {
            group.lines.pop();
        }
        let encoded = match &group.lines[..] {
            [] => return,
            [line] => self.encode_line(line),
            lines => self.encode_trace(lines),
        };
        self.records.extend(encoded);
        if self.recent.len() == MAX_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(group.lines);
    }

    fn close_binary(&mut self) {
        let bytes = std::mem::take(&mut self.binary_bytes);
        if bytes == 0 {
            return;
        }
        let record = self
            .entry(Level::Debug, &format!("{bytes} bytes that are no text"))
            .with_attribute("bytes", bytes);
        let encoded = self.encode(record);
        self.records.extend(encoded);
    }

    /// A record of a line that stands alone.
    fn encode_line(&mut self, line: &str) -> Option<EncodedRecord> {
        if let Some(record) = self.structured(line) {
            return self.encode(record);
        }
        let level = level::of_text(line).unwrap_or(Level::Info);
        if level >= Level::Error {
            return self.encode(self.entry(level, line));
        }
        if !self
            .recorder
            .admits(level, &self.recorder.defaults().logger)
        {
            return None;
        }
        self.write_entry(level, line);
        self.recorder.encode_clean(&self.json).ok()
    }

    /// A record of the lines of a trace.
    fn encode_trace(&self, lines: &[String]) -> Option<EncodedRecord> {
        let level = level::of_text(&lines[0]);
        if Kind::of_head(&lines[0]) == Kind::Pem {
            let record = self.entry(level.unwrap_or(Level::Info), &lines.join("\n"));
            return self.encode(record);
        }
        let level = level.unwrap_or(Level::Error);
        let head = self.structured(&lines[0]);
        let mut record = head.unwrap_or_else(|| self.entry(level, &lines[0]));
        let error = trace::error_of(lines).unwrap_or_default();
        if record.error().is_none() {
            record.set(keys::ERROR, error);
        }
        record.set(keys::STACK_TRACE, lines.join("\n"));
        self.encode(record)
    }

    /// Encodes a record, if one of its level is wanted.
    fn encode(&self, record: LogRecord) -> Option<EncodedRecord> {
        let defaults = self.recorder.defaults();
        let level = record.level().unwrap_or(defaults.level);
        let logger = record.text(keys::LOGGER).unwrap_or(&defaults.logger);
        let is_wanted = self.recorder.admits(level, logger);
        is_wanted
            .then(|| self.recorder.encode(record).ok())
            .flatten()
    }

    fn structured(&self, line: &str) -> Option<LogRecord> {
        if self.parse == Parse::Text {
            return None;
        }
        let json = structured::from_json(line);
        let mut record = match self.parse {
            Parse::Auto => json.or_else(|| structured::from_logfmt(line)),
            _ => json,
        }?;
        // Read at the same moment as the lines around it, not when it is stored.
        if record.get(keys::TIMESTAMP).is_none() {
            record.set(keys::TIMESTAMP, self.now.as_str());
        }
        // What the program says of itself stands.
        if record.attribute("stream").is_none() {
            record.set_attribute("stream", self.stream);
        }
        Some(record)
    }

    fn entry(&self, level: Level, message: &str) -> LogRecord {
        LogRecord::default()
            .with(keys::TIMESTAMP, self.now.as_str())
            .with(keys::LEVEL, level.as_str())
            .with(keys::LOGGER, self.recorder.defaults().logger.as_str())
            .with(keys::MESSAGE, message)
            .with_attribute("stream", self.stream)
    }

    /// Writes the same record as JSON, clean and with its ids, which takes a
    /// third of the time that the way through a tree does.
    fn write_entry(&mut self, level: Level, message: &str) {
        let Defaults {
            identity, logger, ..
        } = self.recorder.defaults();
        let message = self.recorder.clean(message);
        let json = &mut self.json;
        json.clear();
        json.push(b'{');
        for (key, value) in [
            (keys::TIMESTAMP, self.now.as_str()),
            (keys::LEVEL, level.as_str()),
            (keys::LOGGER, logger),
            (keys::MESSAGE, &message),
        ] {
            write_member(json, key, value);
            json.push(b',');
        }
        json.extend_from_slice(b"\"attributes\":{");
        write_member(json, "stream", self.stream);
        json.push(b'}');
        for (key, value) in identity.ids().chain([(keys::RECORD_ID, &*new_record_id())]) {
            json.push(b',');
            write_member(json, key, value);
        }
        json.push(b'}');
    }

    fn store(&mut self) {
        self.recorder.store(&mut self.records);
    }
}

/// Writes `"key":"value"`. Writing into memory does not fail.
fn write_member(json: &mut Vec<u8>, key: &str, value: &str) {
    json.push(b'"');
    json.extend_from_slice(key.as_bytes());
    json.extend_from_slice(b"\":");
    let _ = serde_json::to_writer(json, value);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::queue::{Limits, LogQueue, MemoryQueue};
    use crate::record::Identity;
    use crate::sanitize::Sanitizer;

    /// A transcript's records and what it passed on.
    fn transcribe(parse: Parse, chunks: &[&[u8]]) -> (Vec<LogRecord>, Vec<u8>) {
        let queue = Arc::new(MemoryQueue::new(64 << 20));
        let defaults = Defaults {
            identity: Identity::default(),
            level: Level::Info,
            logger: "app".to_owned(),
        };
        let recorder = Recorder::new(queue.clone(), Sanitizer::default(), defaults);
        let cold_start = ColdStart::none();
        let mut transcript = Transcript::new(&recorder, &cold_start, "stdout", parse);
        let mut passed = Vec::new();
        for chunk in chunks {
            transcript.take(chunk);
            passed.extend_from_slice(transcript.ready());
            transcript.passed_on();
        }
        transcript.finish();
        passed.extend_from_slice(transcript.ready());
        let mut drainer = queue.drainer().unwrap();
        let batch = drainer
            .batch(Limits {
                records: 100_000,
                bytes: 64 << 20,
            })
            .unwrap();
        let records = batch.records.iter();
        let records = records.map(|record| LogRecord::parse(&record.line).unwrap());
        (records.collect(), passed)
    }

    fn messages(chunks: &[&[u8]]) -> Vec<String> {
        let (records, _) = transcribe(Parse::Auto, chunks);
        records
            .iter()
            .map(|record| record.message().into_owned())
            .collect()
    }

    #[test]
    fn each_line_is_a_record_wherever_the_reads_cut_it() {
        let chunks: [&[u8]; 3] = [b"one\nt", b"wo\r\n\n", b"three"];
        assert_eq!(messages(&chunks), ["one", "two", "three"]);
        let (records, passed) = transcribe(Parse::Auto, &chunks);
        assert_eq!(passed, b"one\ntwo\r\n\nthree");
        assert_eq!(records[0].logger(), "app");
        assert_eq!(records[0].attribute("stream").unwrap(), "stdout");
    }

    #[test]
    fn levels_and_structure_are_read_unless_text_is_asked_for() {
        let line: &[u8] =
            b"{\"level\":\"warn\",\"msg\":\"m\",\"n\":1}\nlevel=error msg=x\nERROR y\n";
        let levels = |parse| {
            let (records, _) = transcribe(parse, &[line]);
            records
                .iter()
                .map(|record| record.level().unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            levels(Parse::Auto),
            [Level::Warning, Level::Error, Level::Error]
        );
        assert_eq!(
            levels(Parse::Json),
            [Level::Warning, Level::Info, Level::Error]
        );
        assert_eq!(
            levels(Parse::Text),
            [Level::Info, Level::Info, Level::Error]
        );
    }

    #[test]
    fn a_trace_is_one_record_also_when_it_comes_in_pieces() {
        let chunks: [&[u8]; 3] = [
            b"start\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\n",
            b"    g()\nValueError: no",
            b"\nnext\n",
        ];
        let (records, passed) = transcribe(Parse::Auto, &chunks);
        assert_eq!(records.len(), 3);
        assert_eq!(records[1].level(), Some(Level::Error));
        assert_eq!(records[1].error(), Some("ValueError: no"));
        assert!(records[1].stack_trace().unwrap().contains("g()"));
        assert_eq!(passed, chunks.concat());
    }

    #[test]
    fn lines_that_may_go_on_are_held_back_and_a_prompt_is_not() {
        let queue = Arc::new(MemoryQueue::new(1 << 20));
        let defaults = Defaults {
            identity: Identity::default(),
            level: Level::Info,
            logger: "app".to_owned(),
        };
        let recorder = Recorder::new(queue, Sanitizer::default(), defaults);
        let cold_start = ColdStart::none();
        let mut transcript = Transcript::new(&recorder, &cold_start, "stdout", Parse::Auto);
        transcript.take(b"name? ");
        assert_eq!(transcript.ready(), b"name? ");
        transcript.passed_on();
        transcript.take(b"bob\nTypeError: x\n  par");
        assert!(transcript.is_holding());
        assert_eq!(transcript.ready(), b"bob\n");
        transcript.passed_on();
        transcript.release();
        assert_eq!(transcript.ready(), b"TypeError: x\n  par");
    }

    #[test]
    fn binary_output_is_counted_and_huge_lines_are_cut() {
        assert_eq!(
            messages(&[b"\0\x01\n\0\n", b"text\n"]),
            ["5 bytes that are no text", "text"]
        );
        let line = vec![b'x'; 3 << 20];
        let (records, passed) = transcribe(Parse::Auto, &[&line, b"\nnext\n"]);
        assert_eq!(records.len(), 2);
        assert!(records[0].message().ends_with("[truncated]"));
        assert_eq!(records[1].message(), "next");
        assert_eq!(passed.len(), line.len() + 6);
    }

    #[test]
    fn a_private_key_over_several_lines_does_not_get_through() {
        let key = [
            "-----BEGIN ",
            "PRIVATE KEY-----\nMIIBOgIBAAJBAKj34Gkx\n-----END PRIVATE KEY-----\n",
        ]
        .concat();
        let (records, passed) = transcribe(Parse::Auto, &[key.as_bytes()]);
        let line = serde_json::to_string(&records).unwrap();
        assert!(!line.contains("MIIBOg"), "{line}");
        assert_eq!(passed, key.as_bytes());
    }

    proptest::proptest! {
        #[test]
        fn what_is_passed_on_is_what_came_in(chunks in proptest::collection::vec("[ -~\\n\\r\\x00]{0,40}|Traceback \\(most recent call last\\):\\n|  at f\\(\\)\\n", 0..12)) {
            let chunks: Vec<&[u8]> = chunks.iter().map(String::as_bytes).collect();
            let (_, passed) = transcribe(Parse::Auto, &chunks);
            proptest::prop_assert_eq!(passed, chunks.concat());
        }
    }
}
