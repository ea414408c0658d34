//! `soliplex emit`: records into the queue, sanitized.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context as _, bail};
use chrono::Utc;

use super::{Context, queue_folder, sanitizer::sanitizer};
use crate::cli::emit::EmitArgs;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::output::{Printer, counted};
use crate::queue::{LogQueue, Options, Queue, SyncPolicy, read_recent};
use crate::record::{
    Defaults, EncodedRecord, Envelope, Identity, Level, LogRecord, MAX_BREADCRUMBS, RecordError,
    Trail, keys,
};
use crate::remote_level::RemoteLevel;
use crate::sanitize::{Sanitizer, StreamSanitizer};
use crate::screenshot::{self, Folder};

/// How many bytes of records are appended in one go.
const CHUNK_BYTES: usize = 1 << 20;

/// How many bad lines are told one by one.
const MAX_COMPLAINTS: usize = 5;

/// No line of input is held further than this; a record keeps 64 KiB of it.
const MAX_LINE_BYTES: usize = 16 << 20;

pub(super) fn run(args: EmitArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let sanitizer = sanitizer(&context.config)?;
    let defaults = defaults(&args, &context.config, &sanitizer)?;
    let mut template = template(&args)?;
    let mut emitter = Emitter {
        queue: open_queue(&args, &context.config)?,
        sanitizer,
        defaults,
        remote_level: RemoteLevel::cached(&context.config.state_dir.value, Utc::now()),
        trail: None,
        chunk: Vec::new(),
        chunk_bytes: 0,
        is_print: args.print,
    };
    let printer = &mut context.printer;
    if let Some(message) = &args.message {
        let screenshot = args
            .screenshot
            .as_ref()
            .map(|path| (screenshot::new_id(), path));
        if let Some((id, _)) = &screenshot {
            template.set(keys::SCREENSHOT_ID, id.as_str());
        }
        emitter.take(&encode(&template, message)?, printer)?;
        emitter.append(printer)?;
        // The record waits for no picture, and is there without one.
        if let Some((id, path)) = screenshot
            && let Err(error) = keep_screenshot(&id, path, &args, &context.config)
        {
            printer.warn(format_args!("no screenshot: {error:#}"));
        }
        return Ok(Exit::Done);
    }
    let mut counts = Counts::default();
    // A private key goes over several lines, which only a stream can see.
    let mut stream = StreamSanitizer::new(&emitter.sanitizer);
    let mut input = Lines::new(io::stdin().lock());
    loop {
        let line = match input.next() {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) => {
                // What came before it is stored all the same.
                emitter.append(printer)?;
                return Err(error).context("cannot read stdin to its end");
            }
        };
        counts.lines += 1;
        let line = line.trim_ascii_end();
        if line.is_empty() {
            continue;
        }
        let taken = if args.jsonl {
            emitter.take(line, printer)
        } else {
            let mut clean = Vec::with_capacity(line.len());
            stream.line(line, &mut clean, &mut |_| {});
            emitter.take(
                &encode(&template, &String::from_utf8_lossy(&clean))?,
                printer,
            )
        };
        match taken {
            Ok(Taken::Queued) => counts.queued += 1,
            Ok(Taken::Unwanted) => counts.unwanted += 1,
            Err(EmitError::Record(error)) => counts.refuse(&error, printer),
            Err(EmitError::Other(error)) => return Err(error),
        }
        // A slow writer's records are stored as they come.
        if !input.has_more() {
            emitter.append(printer)?;
        }
    }
    emitter.append(printer)?;
    counts.report(printer)
}

/// Opens the queue, unless it is one in memory, which shows only what it is
/// made to print.
fn open_queue(args: &EmitArgs, config: &Config) -> anyhow::Result<Option<Queue>> {
    let Some(folder) = config.queue.value.folder() else {
        if !args.print || args.screenshot.is_some() {
            bail!(Error::usage(
                "a memory queue ends with the process: print the records with --print, or name a folder with --queue"
            ));
        }
        return Ok(None);
    };
    let options = Options {
        sync: if args.sync {
            SyncPolicy::Always
        } else {
            SyncPolicy::Never
        },
        ..Options::default()
    };
    Ok(Some(Queue::open(folder, options)?))
}

/// Takes records in, cleans them and appends them in chunks.
struct Emitter {
    /// None if the records are only printed.
    queue: Option<Queue>,
    sanitizer: Sanitizer,
    defaults: Defaults,
    /// Which levels the server asked for.
    remote_level: Option<RemoteLevel>,
    /// What led up to the next error, once there was one.
    trail: Option<Trail>,
    chunk: Vec<EncodedRecord>,
    chunk_bytes: usize,
    is_print: bool,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// It is on its way into the queue.
    Queued,
    /// The server asked for more serious ones only.
    Unwanted,
}

/// Why a line was not taken.
#[derive(Debug, thiserror::Error)]
enum EmitError {
    /// It is no record; the ones around it are unharmed.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It could not be stored.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl Emitter {
    fn take(&mut self, line: &[u8], printer: &mut Printer) -> Result<Taken, EmitError> {
        let clean = self.sanitizer.sanitize_line(line);
        let record = EncodedRecord::from_json(&clean, &self.defaults)?;
        if !self.is_wanted(&record) {
            return Ok(Taken::Unwanted);
        }
        let record = self.with_breadcrumbs(record, printer)?;
        self.chunk_bytes += record.as_bytes().len();
        self.chunk.push(record);
        if self.chunk_bytes >= CHUNK_BYTES {
            self.append(printer)?;
        }
        Ok(Taken::Queued)
    }

    /// Whether the server, as it last said, wants a record of this level.
    fn is_wanted(&self, record: &EncodedRecord) -> bool {
        let Some(level) = &self.remote_level else {
            return true;
        };
        let envelope = Envelope::parse(record.as_bytes());
        let logger = envelope
            .ok()
            .and_then(|envelope| envelope.text(keys::LOGGER));
        record.level() >= level.rules().of(&logger.unwrap_or_default())
    }

    /// Gives an error what led up to it: what the queue holds of the session,
    /// and from then on what is emitted here.
    fn with_breadcrumbs(
        &mut self,
        record: EncodedRecord,
        printer: &mut Printer,
    ) -> Result<EncodedRecord, EmitError> {
        let record = match (record.level() >= Level::Error, &mut self.trail) {
            (false, _) => record,
            (true, Some(trail)) => trail.lead_to_encoded(record)?,
            (true, None) => {
                self.append(printer)?;
                let session = &self.defaults.identity.session_id;
                // An error is worth more than what led up to it.
                let folder = self.queue.as_ref().map(Queue::path);
                let recent = folder.map(|folder| read_recent(folder, session, MAX_BREADCRUMBS));
                let recent = recent
                    .transpose()
                    .inspect_err(|error| printer.warn(format_args!("no breadcrumbs: {error}")))
                    .unwrap_or_default()
                    .unwrap_or_default();
                let trail = self.trail.insert(Trail::default());
                recent.iter().for_each(|line| trail.push(line));
                trail.lead_to_encoded(record)?
            }
        };
        if let Some(trail) = &mut self.trail {
            trail.push(record.as_bytes());
        }
        Ok(record)
    }

    fn append(&mut self, printer: &mut Printer) -> anyhow::Result<()> {
        if let Some(queue) = &self.queue {
            queue.append_all(&self.chunk)?;
        }
        if self.is_print {
            for record in &self.chunk {
                printer.line(String::from_utf8_lossy(record.as_bytes()))?;
            }
            printer.flush()?;
        }
        self.chunk.clear();
        self.chunk_bytes = 0;
        Ok(())
    }
}

/// Makes a picture fit to be sent and keeps it beside the queue.
fn keep_screenshot(id: &str, path: &Path, args: &EmitArgs, config: &Config) -> anyhow::Result<()> {
    let file = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let options = &args.screenshots;
    let png = screenshot::prepare(&file, options.screenshot_size, &options.screenshot_masks)
        .with_context(|| path.display().to_string())?;
    Ok(Folder::of_queue(queue_folder(config)?).put(id, &png)?)
}

/// What became of the lines of stdin.
#[derive(Default)]
struct Counts {
    lines: usize,
    queued: usize,
    unwanted: usize,
    refused: usize,
}

impl Counts {
    fn refuse(&mut self, error: &RecordError, printer: &mut Printer) {
        self.refused += 1;
        if self.refused <= MAX_COMPLAINTS {
            printer.warn(format_args!("line {}: {error}", self.lines));
        }
    }

    fn report(&self, printer: &mut Printer) -> anyhow::Result<Exit> {
        let queued = counted(self.queued as u64, "record");
        if self.refused > 0 {
            anyhow::bail!(
                "{} of {} lines are no records and were not queued; {queued} queued",
                self.refused,
                self.lines
            );
        }
        match self.unwanted {
            0 => printer.note(format_args!("{queued} queued")),
            unwanted => printer.note(format_args!(
                "{queued} queued; {unwanted} below the level that the server asked for"
            )),
        }
        Ok(Exit::Done)
    }
}

/// The parts that all records of one call share, but for the message.
fn template(args: &EmitArgs) -> anyhow::Result<LogRecord> {
    let mut record = LogRecord::new(args.level, &args.logger, "");
    for (name, value) in &args.attributes {
        record.set_attribute(name, value.clone());
    }
    let stack_trace = args.stack_trace.as_deref().map(text_or_file).transpose()?;
    for (key, text) in [
        (keys::ERROR, args.error.clone()),
        (keys::STACK_TRACE, stack_trace),
        (keys::TRACE_ID, args.trace_id.clone()),
        (keys::SPAN_ID, args.span_id.clone()),
    ] {
        if let Some(text) = text {
            record.set(key, text);
        }
    }
    Ok(record)
}

/// A record made from the template, of this instant.
fn encode(template: &LogRecord, message: &str) -> anyhow::Result<Vec<u8>> {
    let record = template
        .clone()
        .with(keys::TIMESTAMP, crate::record::now())
        .with(keys::MESSAGE, message);
    Ok(serde_json::to_vec(&record)?)
}

/// Reads `@FILE`, or takes the text as it is.
fn text_or_file(text: &str) -> anyhow::Result<String> {
    let Some(path) = text.strip_prefix('@') else {
        return Ok(text.to_owned());
    };
    let bytes = fs::read(path).with_context(|| format!("cannot read the stack trace in {path}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What records get that do not say so themselves: sanitized, since it goes
/// into each of them after the record itself was.
fn defaults(args: &EmitArgs, config: &Config, sanitizer: &Sanitizer) -> anyhow::Result<Defaults> {
    let mut record = LogRecord::new(args.level, &args.logger, "")
        .with(keys::INSTALL_ID, config.install_id()?)
        .with(
            keys::SESSION_ID,
            args.session.clone().unwrap_or_else(new_session_id),
        );
    if let Some(user) = args.user.clone().or_else(|| config.user.clone()) {
        record.set(keys::USER_ID, user);
    }
    sanitizer.sanitize_record(&mut record);
    let text = |key| record.text(key).map(str::to_owned);
    Ok(Defaults {
        identity: Identity {
            install_id: text(keys::INSTALL_ID).unwrap_or_default(),
            session_id: text(keys::SESSION_ID).unwrap_or_default(),
            user_id: text(keys::USER_ID),
        },
        level: args.level,
        logger: text(keys::LOGGER).unwrap_or_default(),
    })
}

fn new_session_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Lines of input, each at most [`MAX_LINE_BYTES`] long; what a longer one has
/// beyond that is passed over.
struct Lines<R: Read> {
    reader: BufReader<R>,
    line: Vec<u8>,
}

impl<R: Read> Lines<R> {
    fn new(input: R) -> Lines<R> {
        Lines {
            reader: BufReader::with_capacity(CHUNK_BYTES, input),
            line: Vec::new(),
        }
    }

    /// The next line without its end, or `None` at the end of the input.
    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let mut is_input = false;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(is_input.then_some(&self.line));
            }
            is_input = true;
            let end = memchr::memchr(b'\n', buffer);
            let part = &buffer[..end.unwrap_or(buffer.len())];
            let room = MAX_LINE_BYTES - self.line.len();
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some(&self.line));
            }
        }
    }

    /// Whether a further whole line is there without waiting for input.
    fn has_more(&self) -> bool {
        memchr::memchr(b'\n', self.reader.buffer()).is_some()
    }
}
