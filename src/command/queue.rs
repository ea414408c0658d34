//! `soliplex queue`: look at a queue, drain it, repair it.

mod report;

use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Context, folder_of, sanitizer::sanitizer};
use crate::cli::Format;
use crate::cli::queue::{DrainArgs, InspectArgs, QueueCommand, RepairArgs};
use crate::config::QueuePlace;
use crate::error::{Error, Exit};
use crate::filter::Filter;
use crate::output::record::Pretty;
use crate::output::{Printer, safe};
use crate::queue::{
    Confirmed, Damage, Drain, Entry, InspectOptions, Limits, LogQueue, Options, Queue,
    QueuedRecord, RecordRef, Token, inspect, read_pending, repair,
};
use crate::record::LogRecord;
use crate::sanitize::Sanitizer;

/// How much is drained, printed and confirmed at a time.
const DRAIN_LIMITS: Limits = Limits {
    records: 1_000,
    bytes: 4 << 20,
};

pub(super) fn run(command: QueueCommand, context: &mut Context) -> anyhow::Result<Exit> {
    match command {
        QueueCommand::Inspect(args) if args.records => print_records(args, context),
        QueueCommand::Inspect(args) => inspect_queue(&args, context),
        QueueCommand::Drain(args) => drain(args, context),
        QueueCommand::Repair(args) => repair_queue(&args, context),
    }
}

fn folder(named: Option<PathBuf>, context: &Context) -> Result<PathBuf, Error> {
    let place = named.map(QueuePlace::from);
    let place = place.as_ref().unwrap_or(&context.config.queue.value);
    folder_of(place).map(Path::to_owned)
}

fn inspect_queue(args: &InspectArgs, context: &mut Context) -> anyhow::Result<Exit> {
    if !Filter::from(args.filter.clone()).is_empty() {
        return Err(Error::usage(
            "`queue inspect` counts all that is in the queue, and filters choose records: add --records to print those that match",
        )
        .into());
    }
    let folder = folder(args.dir.clone(), context)?;
    let verify = args.verify;
    let mut found = inspect(&folder, InspectOptions { verify })?;
    let sanitizer = sanitizer(&context.config)?;
    found
        .damage
        .iter_mut()
        .for_each(|damage| clean_head(damage, &sanitizer));
    let printer = &mut context.printer;
    match args.format {
        Format::Table => {
            report::print(&found, printer)?;
            if !found.verified && found.confirmed > 0 {
                printer.note("the confirmed records were not read; --verify looks at these too");
            }
        }
        Format::Json | Format::Jsonl => printer.json(&found)?,
    }
    Ok(exit_of(found.is_damaged()))
}

fn print_records(args: InspectArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let folder = folder(args.dir, context)?;
    let sanitizer = sanitizer(&context.config)?;
    let filter = Filter::from(args.filter);
    let printer = &mut context.printer;
    let pretty = Pretty {
        width: printer.known_width(),
        ..Pretty::new(printer.palette(), true)
    };
    let mut is_damaged = false;
    for entry in read_pending(&folder)? {
        let line = match entry? {
            Entry::Record(line) => line,
            Entry::Damage(mut damage) => {
                is_damaged = true;
                clean_head(&mut damage, &sanitizer);
                printer.warn(report::sentence(&damage));
                continue;
            }
        };
        let clean = sanitizer.sanitize_line(&line);
        let Some(record) = matching(&clean, &filter) else {
            continue;
        };
        match args.format {
            Format::Table => printer.line(pretty.format(&record))?,
            Format::Json | Format::Jsonl => {
                printer.line(safe::escape_json(&String::from_utf8_lossy(&clean)))?;
            }
        }
    }
    Ok(exit_of(is_damaged))
}

/// Takes out of what is shown of damage what nobody should see.
fn clean_head(damage: &mut Damage, sanitizer: &Sanitizer) {
    damage.head = sanitizer.sanitize_line(&damage.head).into_owned();
}

/// How a command ends that has told of all damage it saw.
fn exit_of(is_damaged: bool) -> Exit {
    match is_damaged {
        true => Exit::Damage,
        false => Exit::Done,
    }
}

/// The record of a line, if the filter lets it through.
fn matching(line: &[u8], filter: &Filter) -> Option<LogRecord> {
    if !filter.may_match(line) {
        return None;
    }
    let record = LogRecord::parse(line).ok()?;
    filter.matches(&record).then_some(record)
}

fn drain(args: DrainArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let folder = folder(args.dir, context)?;
    // A queue that is not there is a mistake in its name, and no empty queue.
    read_pending(&folder)?;
    let queue = Queue::open(&folder, Options::default())?;
    let mut draining = Draining {
        drainer: queue.drainer()?,
        sanitizer: sanitizer(&context.config)?,
        filter: Filter::from(args.filter),
        left: args.records.unwrap_or(usize::MAX),
        taken: Vec::new(),
        is_damaged: false,
    };
    let printed = draining.print(&mut context.printer, args.dry_run);
    // What the reader of stdout has taken is confirmed, also if it has gone.
    if let Some(until) = draining.taken.last().copied()
        && !args.dry_run
    {
        let references: Vec<RecordRef> = draining.taken.iter().map(|(one, _)| *one).collect();
        let confirmed = draining.drainer.confirm_some(&until.1, &references)?;
        if confirmed == Confirmed::Stale {
            context.printer.warn(
                "the queue was rotated meanwhile: of what was printed, what is still there stays",
            );
        }
    }
    printed.map(|()| exit_of(draining.is_damaged))
}

/// Prints records and keeps track of those that are to be confirmed.
struct Draining {
    drainer: Box<dyn Drain>,
    sanitizer: Sanitizer,
    filter: Filter,
    left: usize,
    /// Printed and not confirmed yet: picked from among others that stay, so
    /// that they are confirmed in one go at the end.
    taken: Vec<(RecordRef, Token)>,
    is_damaged: bool,
}

impl Draining {
    fn print(&mut self, printer: &mut Printer, is_dry_run: bool) -> anyhow::Result<()> {
        let mut batch = self.drainer.batch(DRAIN_LIMITS)?;
        while self.left > 0 {
            self.is_damaged |= !batch.damage.is_empty();
            for damage in &batch.damage {
                let mut damage = damage.clone();
                clean_head(&mut damage, &self.sanitizer);
                printer.warn(report::sentence(&damage));
            }
            if batch.is_empty() {
                break;
            }
            let wanted: Vec<usize> = (0..batch.records.len())
                .filter(|index| is_wanted(&batch.records[*index], &self.filter))
                .take(self.left)
                .collect();
            for index in &wanted {
                write_line(printer.out(), &batch.records[*index].line, &self.sanitizer)?;
            }
            printer.flush()?;
            self.left -= wanted.len();
            if self.filter.is_empty() && !is_dry_run {
                self.drainer.confirm(&batch.token_after(wanted.len()))?;
            } else {
                let token = batch.token();
                let references = wanted.iter().map(|index| batch.records[*index].reference());
                self.taken
                    .extend(references.map(|reference| (reference, token)));
            }
            batch = self.drainer.batch_after(&batch.token(), DRAIN_LIMITS)?;
        }
        Ok(())
    }
}

fn is_wanted(record: &QueuedRecord, filter: &Filter) -> bool {
    filter.is_empty() || matching(&record.line, filter).is_some()
}

fn write_line(out: &mut impl Write, line: &[u8], sanitizer: &Sanitizer) -> std::io::Result<()> {
    let clean = sanitizer.sanitize_line(line);
    let text = String::from_utf8_lossy(&clean);
    out.write_all(safe::escape_json(&text).as_bytes())?;
    out.write_all(b"\n")
}

fn repair_queue(args: &RepairArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let mut done = repair(&args.dir, &args.out)?;
    let sanitizer = sanitizer(&context.config)?;
    done.damage
        .iter_mut()
        .for_each(|damage| clean_head(damage, &sanitizer));
    let printer = &mut context.printer;
    match args.format {
        Format::Table => report::print_repair(&done, &args.out, printer)?,
        Format::Json | Format::Jsonl => printer.json(&done)?,
    }
    Ok(exit_of(done.is_damaged()))
}
