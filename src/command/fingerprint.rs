//! `soliplex fingerprint`: errors in groups, the most frequent first.

mod baseline;
mod report;
mod table;

use std::time::Duration;

use chrono::Utc;

use super::sources::{ReadingProgress, access, failed, locations, token, warn_of_odd_lines};
use super::{Context, sanitizer::sanitizer, target};
use crate::cli::fingerprint::FingerprintArgs;
use crate::error::Exit;
use crate::filter::Filter;
use crate::fingerprint::{Groups, Occurrence, fingerprint};
use crate::output::{Printer, safe};
use crate::record::{Envelope, Level, LogRecord};
use crate::sanitize::Sanitizer;
use crate::source::{self, Event, Location, Notice, Options, SourceError, Token};
use baseline::Baseline;
use report::Report;

/// How many groups a server is asked for at the most.
const MOST_GROUPS: usize = 10_000;

/// How far back a server is asked when no window is given: further than any
/// store reaches.
const ALL_TIME: Duration = Duration::from_secs(20 * 366 * 24 * 3600);

pub(super) fn run(args: FingerprintArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let filter = Filter::from(args.filter.clone());
    let sources = locations(args.sources.clone(), &context.config)?;
    let sanitizer = sanitizer(&context.config)?;
    let token = token(&context.config)?;
    if args.annotate {
        let options = Options {
            filter: within(filter, args.window)?,
            token,
            access: access(),
            ..Options::default()
        };
        annotate(&sources, options, &sanitizer, &mut context.printer)?;
        return Ok(Exit::Done);
    }
    if let Some(file) = &args.write_baseline {
        target::check(file, &baseline::KIND, &sources)?;
    }
    let known = args.baseline.as_deref().map(Baseline::read).transpose()?;
    let counted = match sources.as_slice() {
        [Location::Server(url)] if filter.is_empty() => counted_by(url, token.clone(), &args)?,
        _ => None,
    };
    let mut report = match counted {
        Some(report) => report,
        None => {
            let options = Options {
                filter: within(filter, args.window)?,
                token,
                access: access(),
                ..Options::default()
            };
            Report::of(&count(&sources, options, &sanitizer, &mut context.printer)?)
        }
    };
    report.sanitize(&sanitizer);
    if let Some(file) = &args.write_baseline {
        let mut all = known.clone().unwrap_or_default();
        all.add(&report);
        all.write(file)?;
        let wrote = format!("wrote {} groups to {}", all.len(), file.display());
        context.printer.note(safe::escape(&wrote));
    }
    let exit = match &known {
        None => {
            report.groups.truncate(args.top);
            Exit::Done
        }
        Some(known) => {
            report.keep_new(known);
            match report.groups.is_empty() {
                true => Exit::Done,
                false => Exit::Findings,
            }
        }
    };
    report.print(args.format, args.explain, &mut context.printer)?;
    Ok(exit)
}

/// The filter with the window as its beginning.
fn within(mut filter: Filter, window: Option<Duration>) -> anyhow::Result<Filter> {
    if let Some(window) = window {
        filter.since = Utc::now().checked_sub_signed(chrono::Duration::from_std(window)?);
    }
    Ok(filter)
}

/// What a server has counted itself; `None` if it does not offer that.
fn counted_by(
    url: &str,
    token: Option<Token>,
    args: &FingerprintArgs,
) -> anyhow::Result<Option<Report>> {
    let is_top_enough = args.baseline.is_none() && args.write_baseline.is_none();
    let top = if is_top_enough { args.top } else { MOST_GROUPS };
    let window = args.window.unwrap_or(ALL_TIME);
    match source::fingerprints(url, token, window, top.clamp(1, MOST_GROUPS)) {
        Ok(answer) => Ok(Some(Report::of_server(answer))),
        Err(SourceError::BadAnswer { .. }) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Groups the errors of the sources.
fn count(
    sources: &[Location],
    mut options: Options,
    sanitizer: &Sanitizer,
    printer: &mut Printer,
) -> anyhow::Result<Groups> {
    options.filter.level = options.filter.level.max(Some(Level::Error));
    if let [Location::Path(path)] = sources {
        let take = |groups: &mut Groups, envelope: &Envelope<'_>| {
            match Occurrence::of_envelope(envelope) {
                Some(occurrence) => add(groups, occurrence, sanitizer),
                // Its line has been read already, so that it is a record.
                None => {
                    if let Ok(record) = envelope.to_record() {
                        add(groups, Occurrence::of(&record), sanitizer);
                    }
                }
            }
        };
        let _progress = ReadingProgress::start(printer, sources, &options);
        let scan = source::scan(path, &options, Groups::new, take).map_err(failed)?;
        if let Some(scan) = scan {
            warn_of_odd_lines(scan.odd_lines, printer);
            let mut groups = Groups::new();
            scan.parts.into_iter().for_each(|part| groups.merge(part));
            return Ok(groups);
        }
    }
    let mut groups = Groups::new();
    read(sources, options, printer, |record, _| {
        add(&mut groups, Occurrence::of(&record), sanitizer);
        Ok(())
    })?;
    Ok(groups)
}

/// Adds an error to its group. Texts that go into a fingerprint by themselves
/// are sanitized first, as a server does, so that both come to the same one;
/// the names in a stack are no secrets.
fn add(groups: &mut Groups, mut occurrence: Occurrence<'_>, sanitizer: &Sanitizer) {
    let has_stack = occurrence
        .stack_trace
        .as_deref()
        .is_some_and(|stack| !stack.trim().is_empty());
    if !has_stack {
        if let Some(error) = &mut occurrence.error {
            *error = report::sanitized(error, sanitizer).into_owned().into();
        }
        occurrence.message = report::sanitized(&occurrence.message, sanitizer)
            .into_owned()
            .into();
    }
    groups.add_occurrence(&occurrence);
}

/// Prints every record, errors with their fingerprints.
fn annotate(
    sources: &[Location],
    options: Options,
    sanitizer: &Sanitizer,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    read(sources, options, printer, |mut record, printer| {
        sanitizer.sanitize_record(&mut record);
        if record.level().is_some_and(|level| level >= Level::Error) {
            let hash = fingerprint(&record).hash;
            record.set("fingerprint", hash);
        }
        printer.json(&record)?;
        Ok(())
    })
}

/// Reads all records that match, in order.
fn read(
    sources: &[Location],
    options: Options,
    printer: &mut Printer,
    mut take: impl FnMut(LogRecord, &mut Printer) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut odd_lines = 0;
    let _progress = ReadingProgress::start(printer, sources, &options);
    for item in source::open(sources, options).map_err(failed)? {
        match item.map_err(failed)?.event {
            Event::Record(record) => take(record, printer)?,
            Event::Notice(Notice::NotARecord { .. } | Notice::TooLong { .. }) => odd_lines += 1,
            Event::Notice(notice) => printer.warn(notice),
        }
    }
    warn_of_odd_lines(odd_lines, printer);
    Ok(())
}
