//! The groups for a person's eye: a few lines for each.

use chrono::{DateTime, Utc};

use super::report::{Report, Row, frame_in_words};
use crate::command::bars::bars;
use crate::fingerprint::Basis;
use crate::output::{Printer, counted, safe};
use crate::record::parse_timestamp;

/// How much of a hash is shown to people.
const SHORT_HASH: usize = 12;

/// How far the second and the third line of a group are indented.
const INDENT: usize = 2;

pub(super) fn print(report: &Report, explain: bool, printer: &mut Printer) -> anyhow::Result<()> {
    for group in &report.groups {
        print_group(group, printer)?;
        if explain {
            print_basis(group, printer)?;
        }
        printer.line("")?;
    }
    printer.line(summary(report))?;
    Ok(())
}

/// What, where and when; an example; whom it met.
fn print_group(group: &Row, printer: &mut Printer) -> anyhow::Result<()> {
    let palette = printer.palette();
    let (strong, faint, error) = (palette.strong(), palette.faint(), palette.error());
    let width = printer.width();

    let count = format!("{} × ", group.count);
    let share = format!("  {:.0} %", group.share * 100.0);
    let spark = bars(&group.counts);
    let spark = if spark.is_empty() {
        spark
    } else {
        format!("  {spark}")
    };
    let taken = length(&count) + length(&share) + length(&spark);
    let title = clip(&title(group), width.saturating_sub(taken));
    printer.line(format_args!(
        "{strong}{count}{strong:#}{error}{title}{error:#}{faint}{share}{faint:#}{spark}"
    ))?;

    let room = width.saturating_sub(INDENT);
    let exemplar = clip(&group.exemplar, room);
    if !exemplar.is_empty() {
        printer.line(format_args!("{:INDENT$}{exemplar}", ""))?;
    }
    let hash: String = group.fingerprint.chars().take(SHORT_HASH).collect();
    let facts = format!(
        "{hash}  {}{}, {}",
        times(group),
        counted(group.sessions, "session"),
        counted(group.installs, "install"),
    );
    let facts = clip(&facts, room);
    printer.line(format_args!("{:INDENT$}{faint}{facts}{faint:#}", ""))?;
    let sessions = last_sessions(group, room);
    if !sessions.is_empty() {
        printer.line(format_args!("{:INDENT$}{faint}{sessions}{faint:#}", ""))?;
    }
    Ok(())
}

/// Where to look for more: as many of the last sessions as fit, and one at
/// least, each with its whole id.
fn last_sessions(group: &Row, room: usize) -> String {
    let mut text = String::new();
    for id in &group.last_sessions {
        let id = safe::escape(id);
        let more = match text.is_empty() {
            true => format!("last in {id}"),
            false => format!(", {id}"),
        };
        if !text.is_empty() && length(&text) + length(&more) > room {
            break;
        }
        text.push_str(&more);
    }
    text
}

/// What was hashed.
fn print_basis(group: &Row, printer: &mut Printer) -> anyhow::Result<()> {
    let faint = printer.palette().faint();
    let room = printer.width().saturating_sub(2 * INDENT);
    let basis = match group.basis {
        Some(Basis::Stack) => "the type and these frames",
        Some(Basis::Type) => "the type alone, as there are no frames",
        Some(Basis::Message) | None => "the logger and the message, as there is no type",
    };
    let mut lines = vec![format!("hashed ({}): {basis}", group.version)];
    if group.basis != Some(Basis::Message) {
        lines.push(format!("type {}", group.exception_type));
    }
    let frames = group.frames.iter().map(frame_in_words);
    lines.extend(frames.map(|frame| format!("at {frame}")));
    if !group.symbolicated {
        lines.push("names are obfuscated: it can only hold for one build".to_owned());
    }
    for line in lines {
        let line = clip(&line, room);
        printer.line(format_args!("{:1$}{faint}{line}{faint:#}", "", 2 * INDENT))?;
    }
    Ok(())
}

fn title(group: &Row) -> String {
    let name = match group.basis {
        Some(Basis::Message) | None => "message without a type",
        Some(Basis::Stack | Basis::Type) if group.exception_type.is_empty() => "unknown type",
        Some(Basis::Stack | Basis::Type) => &group.exception_type,
    };
    match group.place() {
        Some(place) => format!("{name} in {place}"),
        None => name.to_owned(),
    }
}

/// When it was first and last seen: of one day, that day once.
fn times(group: &Row) -> String {
    let read = |text: &Option<String>| text.as_deref().and_then(parse_timestamp);
    let (Some(first), Some(last)) = (read(&group.first_seen), read(&group.last_seen)) else {
        return String::new();
    };
    let long = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M").to_string();
    let last = match first.date_naive() == last.date_naive() {
        true => last.format("%H:%M").to_string(),
        false => long(last),
    };
    match last == first.format("%H:%M").to_string() {
        true => format!("{}  ", long(first)),
        false => format!("{} – {last}  ", long(first)),
    }
}

fn summary(report: &Report) -> String {
    let errors = counted(report.errors, "error");
    let groups = match report.group_count {
        Some(groups) => format!(" in {}", counted(groups as u64, "group")),
        None => " in all".to_owned(),
    };
    let left_out = match report.left_out {
        0 => String::new(),
        errors => format!(", {errors} of them in groups too rare to keep"),
    };
    let new = match (report.known, report.groups.len() as u64) {
        (None, _) => String::new(),
        (Some(known), 0) => format!("; none is new against the {known} of the baseline"),
        (Some(known), 1) => format!("; 1 is new against the {known} of the baseline"),
        (Some(known), new) => format!("; {new} are new against the {known} of the baseline"),
    };
    match report.errors {
        0 => "no errors".to_owned(),
        _ => format!("{errors}{groups}{left_out}{new}; times are UTC"),
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// A text made safe for a terminal and cut to so many columns.
fn clip(text: &str, width: usize) -> String {
    let text = safe::escape(text);
    if length(&text) <= width {
        return text.into_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}
