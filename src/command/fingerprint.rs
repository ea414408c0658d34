//! `soliplex fingerprint`: errors in groups, the most frequent first.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use super::sources::{failed, locations, token};
use super::{Context, sanitizer::sanitizer};
use crate::cli::Format;
use crate::cli::fingerprint::FingerprintArgs;
use crate::error::Exit;
use crate::filter::Filter;
use crate::fingerprint::{Fingerprint, Frame, Group, Groups, fingerprint};
use crate::output::{Printer, safe, table};
use crate::record::{Level, LogRecord};
use crate::source::{self, Event, Options};

/// How much of a hash is shown to people.
const SHORT_HASH: usize = 12;

pub(super) fn run(args: FingerprintArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let mut filter = Filter::from(args.filter.clone());
    if let Some(window) = args.window {
        filter.since = Utc::now().checked_sub_signed(chrono::Duration::from_std(window)?);
    }
    let sanitizer = sanitizer(&context.config)?;
    let options = Options {
        filter,
        token: token(&context.config)?,
        ..Options::default()
    };
    let sources = locations(args.sources.clone(), &context.config);
    let mut groups = Groups::new();
    for item in source::open(&sources, options).map_err(failed)? {
        let mut record = match item.map_err(failed)?.event {
            Event::Record(record) => record,
            Event::Notice(notice) => {
                context.printer.warn(notice);
                continue;
            }
        };
        sanitizer.sanitize_record(&mut record);
        if args.annotate {
            annotate(&mut record);
            context.printer.json(&record)?;
        } else if is_error(&record) {
            groups.add(&record);
        }
    }
    if !args.annotate {
        print(&args, &groups, &mut context.printer)?;
    }
    Ok(Exit::Done)
}

fn is_error(record: &LogRecord) -> bool {
    record.level().is_some_and(|level| level >= Level::Error)
}

fn annotate(record: &mut LogRecord) {
    if is_error(record) {
        let hash = fingerprint(record).hash;
        record.set("fingerprint", hash);
    }
}

fn print(args: &FingerprintArgs, groups: &Groups, printer: &mut Printer) -> anyhow::Result<()> {
    let top = groups.top(args.top);
    match args.format {
        Format::Json => {
            let top: Vec<_> = top.iter().map(|group| as_json(group, groups)).collect();
            let all = json!({"errors": groups.records(), "groups": groups.len(), "top": top});
            printer.json(&all)?;
        }
        Format::Jsonl => {
            for group in top {
                printer.json(&as_json(group, groups))?;
            }
        }
        Format::Table if top.is_empty() => printer.line("no errors")?,
        Format::Table => {
            print_table(&top, groups, printer)?;
            if args.explain {
                for group in top {
                    explain(&group.fingerprint, printer)?;
                }
            }
        }
    }
    Ok(())
}

fn print_table(top: &[&Group], groups: &Groups, printer: &mut Printer) -> anyhow::Result<()> {
    let rows = top.iter().map(|group| {
        let frame = group.top_frame().map(place).unwrap_or_default();
        vec![
            group.count.to_string(),
            format!("{:.0} %", groups.share(group) * 100.0),
            group.title().to_owned(),
            frame,
            shorten(&group.exemplar),
            group.sessions.count().to_string(),
            group.installs.count().to_string(),
            time(group.first_seen),
            time(group.last_seen),
            group.fingerprint.hash[..SHORT_HASH].to_owned(),
        ]
    });
    let headings = [
        "count", "share", "type", "top frame", "message", "sessions", "installs", "first seen",
        "last seen", "fingerprint",
    ];
    let width = printer.width();
    printer.line(table::render(&headings, rows, &[0, 1, 5, 6], width))?;
    printer.line(format_args!(
        "\n{} errors in {} groups",
        groups.records(),
        groups.len()
    ))?;
    Ok(())
}

fn explain(fingerprint: &Fingerprint, printer: &mut Printer) -> anyhow::Result<()> {
    let hash = &fingerprint.hash[..SHORT_HASH];
    let style = printer.palette().strong();
    let kind = safe::escape(&fingerprint.exception_type);
    printer.line(format_args!("\n{style}{hash}{style:#} {kind}"))?;
    for frame in &fingerprint.frames {
        printer.line(format_args!("  at {}", safe::escape(&place(frame))))?;
    }
    Ok(())
}

fn place(frame: &Frame) -> String {
    match frame.file.as_str() {
        "" => frame.function.clone(),
        file => format!("{} ({file})", frame.function),
    }
}

/// A message cut to what a column can hold.
fn shorten(message: &str) -> String {
    const MOST: usize = 60;
    let mut characters = message.chars();
    let mut short: String = characters.by_ref().take(MOST).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

fn time(instant: Option<DateTime<Utc>>) -> String {
    instant.map_or_else(String::new, |instant| {
        instant.to_rfc3339_opts(SecondsFormat::Secs, true)
    })
}

fn as_json(group: &Group, groups: &Groups) -> serde_json::Value {
    json!({
        "fingerprint": group.fingerprint.hash,
        "version": group.fingerprint.version,
        "exceptionType": group.fingerprint.exception_type,
        "frames": group.fingerprint.frames,
        "symbolicated": group.fingerprint.symbolicated,
        "basis": group.fingerprint.basis,
        "count": group.count,
        "share": groups.share(group),
        "firstSeen": group.first_seen.map(crate::record::format_timestamp),
        "lastSeen": group.last_seen.map(crate::record::format_timestamp),
        "sessions": group.sessions.count(),
        "installs": group.installs.count(),
        "message": group.exemplar,
    })
}
