//! What was found in a queue, for people.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use bytesize::ByteSize;

use crate::output::{Printer, counted, safe, table};
use crate::queue::{Damage, RepairReport, Report};
use crate::record::parse_timestamp;

/// How many loggers, sessions and stretches of damage are listed.
const LISTED: usize = 10;

pub(super) fn print(report: &Report, printer: &mut Printer) -> io::Result<()> {
    let strong = printer.palette().strong();
    let path = report.path.display().to_string();
    printer.line(format_args!(
        "{strong}queue {}{strong:#}",
        safe::escape(&path)
    ))?;
    let mut rows = vec![
        (
            "pending",
            format!(
                "{}, {}",
                counted(report.pending, "record"),
                size(report.pending_bytes)
            ),
        ),
        (
            "confirmed",
            format!("{}, still in the file", counted(report.confirmed, "record")),
        ),
    ];
    if let (Some(oldest), Some(newest)) = (&report.oldest, &report.newest) {
        rows.push(("oldest", format!("{oldest}{}", age(oldest))));
        rows.push(("newest", newest.clone()));
    }
    for (name, counts) in [
        ("levels", &report.levels),
        ("loggers", &report.loggers),
        ("sessions", &report.sessions),
    ] {
        if !counts.is_empty() {
            rows.push((name, listed(counts)));
        }
    }
    let dropped = &report.dropped;
    if dropped.records > 0 {
        let fatal = dropped.fatal;
        let bytes = size(dropped.bytes);
        rows.push((
            "dropped",
            format!(
                "{} ({fatal} fatal), {bytes}",
                counted(dropped.records, "record")
            ),
        ));
    }
    if report.dead_letters > 0 {
        rows.push(("dead letters", report.dead_letters.to_string()));
    }
    let files: Vec<String> = report
        .files
        .iter()
        .map(|(name, bytes)| format!("{name} {}", size(*bytes)))
        .collect();
    rows.push(("files", files.join(", ")));
    let width = printer.width();
    printer.line(table::facts(&rows, width))?;
    print_problems(report, printer)
}

fn print_problems(report: &Report, printer: &mut Printer) -> io::Result<()> {
    let style = printer.palette().warning();
    for (reason, count) in &report.rejections {
        let reason = safe::escape(reason);
        printer.line(format_args!(
            "{style}the deployed backend would reject {count}{style:#}: {reason}"
        ))?;
    }
    print_dead_letters(&report.dead_letter_reasons, printer)?;
    for problem in report.meta_problem.iter().chain(&report.faults) {
        printer.line(format_args!(
            "{style}fault{style:#}: {}",
            safe::escape(problem)
        ))?;
    }
    print_damage(&report.damage, report.damaged, printer)
}

/// The dead letters by reason, the most frequent first.
fn print_dead_letters(reasons: &BTreeMap<String, u64>, printer: &mut Printer) -> io::Result<()> {
    let style = printer.palette().warning();
    let mut reasons: Vec<_> = reasons.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (reason, count) in reasons.iter().take(LISTED) {
        let count = counted(**count, "dead letter");
        let reason = safe::escape(reason);
        printer.line(format_args!("{style}{count}{style:#}: {reason}"))?;
    }
    match reasons.len().saturating_sub(LISTED) {
        0 => Ok(()),
        more => printer.line(format_args!("… and {more} more; --format json lists them")),
    }
}

fn print_damage(damage: &[Damage], total: u64, printer: &mut Printer) -> io::Result<()> {
    let style = printer.palette().error();
    for one in damage.iter().take(LISTED) {
        printer.line(format_args!("{style}damage{style:#}: {}", sentence(one)))?;
    }
    match total.saturating_sub(LISTED as u64) {
        0 => Ok(()),
        more => printer.line(format_args!("… and {more} more; --format json lists them")),
    }
}

pub(super) fn print_repair(
    report: &RepairReport,
    out: &Path,
    printer: &mut Printer,
) -> io::Result<()> {
    let strong = printer.palette().strong();
    let out = out.display().to_string();
    printer.line(format_args!(
        "{strong}repaired into {}{strong:#}",
        safe::escape(&out)
    ))?;
    let rows = [
        ("records", report.records),
        ("of them confirmed", report.confirmed),
        ("salvaged from damage", report.salvaged),
        ("mended ids", report.mended),
        ("duplicates left out", report.duplicates),
        ("dead letters", report.dead_letters),
    ];
    let rows = rows.map(|(name, count)| vec![format!("  {name}"), count.to_string()]);
    let width = printer.width();
    printer.line(table::render(&[], rows, &[1], width))?;
    if let Some(problem) = &report.meta_problem {
        let style = printer.palette().warning();
        printer.line(format_args!(
            "{style}fault{style:#}: {}",
            safe::escape(problem)
        ))?;
    }
    print_damage(&report.damage, report.damage.len() as u64, printer)
}

/// A stretch of damage in one sentence.
pub(super) fn sentence(damage: &Damage) -> String {
    let Damage {
        file, offset, len, ..
    } = damage;
    let kind = damage.kind.as_str();
    let salvaged = match damage.salvaged {
        0 => String::new(),
        count => format!(", {} salvaged", counted(count as u64, "record")),
    };
    format!(
        "{file} at byte {offset}: {}, {kind}{salvaged}: {}",
        counted(*len, "byte"),
        damage.head_text()
    )
}

/// Counts by name, the largest first.
fn listed(counts: &BTreeMap<String, u64>) -> String {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let mut parts: Vec<String> = counts
        .iter()
        .take(LISTED)
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    if counts.len() > LISTED {
        parts.push(format!("{} more", counts.len() - LISTED));
    }
    parts.join(", ")
}

fn size(bytes: u64) -> String {
    ByteSize(bytes).display().si().to_string()
}

fn age(timestamp: &str) -> String {
    let age = parse_timestamp(timestamp)
        .and_then(|time| (chrono::Utc::now() - time).to_std().ok())
        .map(|age| std::time::Duration::from_secs(age.as_secs()));
    age.map_or_else(String::new, |age| {
        let age = humantime::format_duration(age).to_string();
        let coarse: Vec<String> = age.split(' ').take(2).map(apart).collect();
        format!(" ({} ago)", coarse.join(" "))
    })
}

/// `9months` as `9 months`; `5s` stays.
fn apart(part: &str) -> String {
    let unit = part.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = &part[..part.len() - unit.len()];
    let space = if unit.len() > 2 { " " } else { "" };
    format!("{number}{space}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_units_stand_apart_from_their_numbers() {
        assert_eq!(apart("9months"), "9 months");
        assert_eq!(apart("1day"), "1 day");
        assert_eq!(apart("2h"), "2h");
        assert_eq!(apart("40ms"), "40ms");
    }
}
