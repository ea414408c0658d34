//! `soliplex emit`: records into the queue, sanitized.

mod counts;
mod lines;
mod workers;

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bytes::BytesMut;
use chrono::Utc;

use super::{Context, dropped_to_make_room, install_id, queue_folder, sanitizer::sanitizer};
use crate::cli::emit::EmitArgs;
use crate::config::Config;
use crate::error::{Error, Exit, in_one_line};
use crate::output::Printer;
use crate::queue::{LogQueue, Options, Queue, SyncPolicy, read_recent};
use crate::record::{
    Defaults, EncodedRecord, Envelope, Identity, Level, LogRecord, MAX_BREADCRUMBS, RecordError,
    Trail, keys,
};
use crate::remote_level::RemoteLevel;
use crate::sanitize::{Sanitizer, StreamSanitizer};
use crate::screenshot::{self, Folder};
use crate::small_file;
use counts::Counts;
use lines::{Block, Lines};
use workers::in_order;

/// How many bytes of records are appended in one go.
const CHUNK_BYTES: usize = 1 << 20;

/// How large a stack trace in a file may be; a record keeps 64 KiB of it.
const MAX_TEXT_BYTES: u64 = 16 << 20;

/// How large a picture may be before it is made small.
const MAX_PICTURE_BYTES: u64 = 64 << 20;

pub(super) fn run(args: EmitArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let sanitizer = sanitizer(&context.config)?;
    let queue = open_queue(&args, &context.config)?;
    let defaults = defaults(&args, context, &sanitizer);
    let mut emitter = Emitter {
        queue,
        maker: Arc::new(Maker {
            sanitizer,
            defaults,
            remote_level: RemoteLevel::cached(&context.config.state_dir.value, Utc::now()),
        }),
        trail: None,
        chunk: Vec::new(),
        chunk_bytes: 0,
        counts: Counts::default(),
        is_print: args.print,
    };
    match &args.message {
        Some(message) => emit_one(&args, message, &mut emitter, context),
        None if args.jsonl => emit_records(&mut emitter, &mut context.printer),
        None => emit_lines(&args, &mut emitter, &mut context.printer),
    }
}

/// Writes the one record of a message.
fn emit_one(
    args: &EmitArgs,
    message: &str,
    emitter: &mut Emitter,
    context: &mut Context,
) -> anyhow::Result<Exit> {
    let screenshot = args
        .screenshot
        .as_ref()
        .map(|path| (screenshot::new_id(), path));
    let mut template = template(args)?;
    if let Some((id, _)) = &screenshot {
        template.set(keys::SCREENSHOT_ID, id.as_str());
    }
    let printer = &mut context.printer;
    match emitter.maker.make(&encode(&template, message)?) {
        Made::Refused(error) => return Err(error.into()),
        made => emitter.take(made, printer)?,
    }
    emitter.append(printer)?;
    emitter.counts.tell_cuts(printer);
    if let Some(drops) = emitter.drops() {
        printer.warn(format_args!("1 record queued; {drops}"));
    }
    // The record waits for no picture, and is there without one.
    if let Some((id, path)) = screenshot
        && let Err(error) = keep_screenshot(&id, path, args, &context.config)
    {
        let error = in_one_line(&error);
        printer.warn(format_args!("no screenshot: {error}"));
    }
    Ok(Exit::Done)
}

/// Writes one record for each line of stdin.
fn emit_lines(
    args: &EmitArgs,
    emitter: &mut Emitter,
    printer: &mut Printer,
) -> anyhow::Result<Exit> {
    let template = template(args)?;
    let maker = Arc::clone(&emitter.maker);
    // A private key goes over several lines, which only a stream can see.
    let mut stream = StreamSanitizer::new(&maker.sanitizer);
    let mut input = Lines::new(io::stdin().lock());
    let mut clean = Vec::new();
    loop {
        let line = match input.next() {
            Ok(Some(line)) => line.trim_ascii_end(),
            Ok(None) => break,
            Err(error) => return emitter.end_at(error, printer),
        };
        emitter.counts.lines += 1;
        if !line.is_empty() {
            clean.clear();
            stream.line(line, &mut clean, &mut |_| {});
            let record = encode(&template, &String::from_utf8_lossy(&clean))?;
            emitter.take(maker.make(&record), printer)?;
        }
        // A slow writer's records are stored as they come.
        if !input.has_more() {
            emitter.append(printer)?;
        }
    }
    emitter.append(printer)?;
    emitter.report(printer)
}

/// Writes the records on stdin: made on every core, stored in order.
fn emit_records(emitter: &mut Emitter, printer: &mut Printer) -> anyhow::Result<Exit> {
    let mut input = Lines::new(io::stdin());
    let maker = Arc::clone(&emitter.maker);
    let blocks = in_order(
        move || input.block().transpose(),
        move |block| block.map(|block| maker.make_all(&block)),
    );
    for block in blocks {
        let made: Vec<Made> = match block {
            Ok(made) => made,
            Err(error) => return emitter.end_at(error, printer),
        };
        for made in made {
            emitter.counts.lines += 1;
            emitter.take(made, printer)?;
        }
        // A slow writer's records are stored as they come.
        emitter.append(printer)?;
    }
    emitter.append(printer)?;
    emitter.report(printer)
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

/// Makes records of lines: what can be done on any core.
struct Maker {
    sanitizer: Sanitizer,
    defaults: Defaults,
    /// Which levels the server asked for.
    remote_level: Option<RemoteLevel>,
}

/// What a line turns out to be.
enum Made {
    /// A record, clean and whole.
    Record(EncodedRecord),
    /// Nothing.
    Blank,
    /// A record, but the server asked for more serious ones only.
    Unwanted,
    /// No record; the ones around it are unharmed.
    Refused(RecordError),
}

impl Maker {
    /// Makes records of JSON lines.
    fn make_all(&self, block: &Block) -> Vec<Made> {
        let mut sanitizer = self.sanitizer.lines();
        let mut buffer = BytesMut::new();
        block
            .lines()
            .map(|line| self.make_in(&mut buffer, sanitizer.clean(line)))
            .collect()
    }

    /// Makes a record of one JSON line.
    fn make(&self, line: &[u8]) -> Made {
        let clean = self.sanitizer.sanitize_line(line);
        self.make_in(&mut BytesMut::new(), &clean)
    }

    fn make_in(&self, buffer: &mut BytesMut, clean: &[u8]) -> Made {
        if clean.is_empty() {
            return Made::Blank;
        }
        match EncodedRecord::from_json_in(buffer, clean, &self.defaults) {
            Ok(record) if self.is_wanted(&record) => Made::Record(record),
            Ok(_) => Made::Unwanted,
            Err(error) => Made::Refused(error),
        }
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
}

/// Takes records in order and appends them in chunks.
struct Emitter {
    /// None if the records are only printed.
    queue: Option<Queue>,
    maker: Arc<Maker>,
    /// What led up to the next error, once there was one.
    trail: Option<Trail>,
    chunk: Vec<EncodedRecord>,
    chunk_bytes: usize,
    counts: Counts,
    is_print: bool,
}

impl Emitter {
    fn take(&mut self, made: Made, printer: &mut Printer) -> anyhow::Result<()> {
        let record = match made {
            Made::Record(record) => record,
            Made::Blank => return Ok(()),
            Made::Unwanted => {
                self.counts.unwanted += 1;
                return Ok(());
            }
            Made::Refused(error) => {
                self.counts.refuse(&error, printer);
                return Ok(());
            }
        };
        self.counts.queued += 1;
        self.counts.cut(record.cut());
        let record = self.with_breadcrumbs(record, printer)?;
        self.chunk_bytes += record.as_bytes().len();
        self.chunk.push(record);
        if self.chunk_bytes >= CHUNK_BYTES {
            self.append(printer)?;
        }
        Ok(())
    }

    /// Ends with an error of the input. What came before it is stored all the
    /// same.
    fn end_at(&mut self, error: io::Error, printer: &mut Printer) -> anyhow::Result<Exit> {
        self.append(printer)?;
        Err(error).context("cannot read stdin to its end")
    }

    /// Gives an error what led up to it: what the queue holds of the session,
    /// and from then on what is emitted here.
    fn with_breadcrumbs(
        &mut self,
        record: EncodedRecord,
        printer: &mut Printer,
    ) -> anyhow::Result<EncodedRecord> {
        let record = match (record.level() >= Level::Error, &mut self.trail) {
            (false, _) => record,
            (true, Some(trail)) => trail.lead_to_encoded(record)?,
            (true, None) => {
                // What came before it is looked for in the queue.
                self.append(printer)?;
                let session = &self.maker.defaults.identity.session_id;
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

    /// What to say of the records that these here drove out of the queue.
    fn drops(&self) -> Option<String> {
        let dropped = self.queue.as_ref().map_or(0, Queue::dropped);
        let next_step = "send them meanwhile with `soliplex upload`, or a whole file with `soliplex upload --replay FILE`";
        (dropped > 0).then(|| dropped_to_make_room(dropped, "one", next_step))
    }

    /// Ends with what became of all lines.
    fn report(&self, printer: &mut Printer) -> anyhow::Result<Exit> {
        self.counts.report(self.drops(), printer)
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
    let file = small_file::read_up_to(path, MAX_PICTURE_BYTES)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let options = &args.screenshots;
    let png = screenshot::prepare(&file, options.screenshot_size, &options.screenshot_masks)
        .with_context(|| path.display().to_string())?;
    Ok(Folder::of_queue(queue_folder(config)?).put(id, &png)?)
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
    let bytes = small_file::read_up_to(path.as_ref(), MAX_TEXT_BYTES)
        .with_context(|| format!("cannot read the stack trace in {path}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What records get that do not say so themselves: sanitized, since it goes
/// into each of them after the record itself was.
fn defaults(args: &EmitArgs, context: &mut Context, sanitizer: &Sanitizer) -> Defaults {
    let Context { config, printer } = context;
    let mut record = LogRecord::new(args.level, &args.logger, "")
        .with(keys::INSTALL_ID, install_id(config, printer))
        .with(
            keys::SESSION_ID,
            args.session
                .clone()
                .filter(|session| !session.is_empty())
                .unwrap_or_else(new_session_id),
        );
    if let Some(user) = config.user_or(args.user.clone()) {
        record.set(keys::USER_ID, user);
    }
    sanitizer.sanitize_record(&mut record);
    let text = |key| record.text(key).map(str::to_owned);
    Defaults {
        identity: Identity {
            install_id: text(keys::INSTALL_ID).unwrap_or_default(),
            session_id: text(keys::SESSION_ID).unwrap_or_default(),
            user_id: text(keys::USER_ID),
        },
        level: args.level,
        logger: text(keys::LOGGER).unwrap_or_default(),
    }
}

fn new_session_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
