//! `soliplex metrics`: what was measured, summed up.

use std::collections::BTreeSet;

use super::bars::bars;
use super::{Context, sanitizer::sanitizer, sources, stop};
use crate::cli::Format;
use crate::cli::metrics::{Grouping, MetricsArgs};
use crate::error::Exit;
use crate::filter::Filter;
use crate::output::{Printer, safe, table};
use crate::session::{By, Measurement, Metric, Metrics};
use crate::source::{self, Event, Notice, Options};

/// How many steps the small histograms have, and in a terminal of less than
/// so many columns.
const STEPS: usize = 16;
const FEWER_STEPS: usize = 8;
const NARROW: usize = 100;

/// How many metrics are named where none of those asked for is there.
const MOST_NAMED: usize = 20;

pub(super) fn run(args: MetricsArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let options = Options {
        filter: Filter::from(args.filter),
        token: sources::token(&context.config)?,
        access: sources::access(),
        ..Options::default()
    };
    let locations = sources::locations(args.sources, &context.config)?;
    let sanitizer = sanitizer(&context.config)?;
    let progress = sources::ReadingProgress::start(&context.printer, &locations, &options);
    let items = source::open(&locations, options).map_err(sources::failed)?;
    stop::on_signal(items.stop())?;
    let mut metrics = Metrics::new(match args.by {
        None => By::All,
        Some(Grouping::Session) => By::Session,
        Some(Grouping::Install) => By::Install,
        Some(Grouping::Logger) => By::Logger,
    });
    let mut others = BTreeSet::new();
    let mut odd_lines = 0;
    for item in items {
        let mut record = match item.map_err(sources::failed)?.event {
            Event::Record(record) => record,
            Event::Notice(Notice::NotARecord { .. } | Notice::TooLong { .. }) => {
                odd_lines += 1;
                continue;
            }
            Event::Notice(notice) => {
                context.printer.warn(notice);
                continue;
            }
        };
        let name = Measurement::of(&record).map(|one| one.name);
        let is_wanted = args.metrics.is_empty()
            || name
                .as_ref()
                .is_some_and(|name| args.metrics.contains(name));
        if is_wanted {
            sanitizer.sanitize_record(&mut record);
            metrics.add(&record);
        } else if others.len() <= MOST_NAMED && name.is_some() {
            sanitizer.sanitize_record(&mut record);
            others.extend(Measurement::of(&record).map(|one| one.name));
        }
    }
    drop(progress);
    let printer = &mut context.printer;
    let is_narrow = printer.known_width().is_some_and(|width| width < NARROW);
    let summary = metrics.summary(match args.format {
        Format::Table if is_narrow => FEWER_STEPS,
        _ => STEPS,
    });
    match args.format {
        Format::Table if summary.is_empty() => {
            printer.note(nothing_measured(&args.metrics, &others))
        }
        Format::Table => print_table(&summary, args.by, printer)?,
        Format::Json => printer.json(&summary)?,
        Format::Jsonl => {
            for metric in &summary {
                printer.json(metric)?;
            }
        }
    }
    sources::warn_of_odd_lines(odd_lines, printer);
    if metrics.left_out() > 0 {
        printer.warn(format_args!(
            "{} measurements are in no row, there would be too many; narrow them down with --metric or a filter",
            metrics.left_out()
        ));
    }
    Ok(Exit::Done)
}

/// Says that nothing was measured, and of what was asked for by name what else
/// there is.
fn nothing_measured(wanted: &[String], others: &BTreeSet<String>) -> String {
    if others.is_empty() {
        return "no record holds a measurement".to_owned();
    }
    let mut named: Vec<&str> = others.iter().take(MOST_NAMED).map(String::as_str).collect();
    if others.len() > MOST_NAMED {
        named.push("…");
    }
    let text = format!(
        "no record holds a measurement named {}; those there are: {}",
        wanted.join(" or "),
        named.join(", ")
    );
    safe::escape(&text).into_owned()
}

fn print_table(
    summary: &[Metric],
    by: Option<Grouping>,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let is_split = by.is_some();
    let mut headings = vec![
        "METRIC", "UNIT", "COUNT", "P50", "P90", "P99", "MAX", "TOO SLOW", "0…MAX",
    ];
    if is_split {
        headings.insert(0, "OF");
    }
    let first = usize::from(is_split);
    let right: Vec<_> = (first + 2..first + 8).collect();
    let rows = summary.iter().map(|metric| {
        let over = match metric.limit {
            Some(limit) if metric.over_limit > 0 => {
                format!("{} over {}", metric.over_limit, number(limit))
            }
            _ => String::new(),
        };
        let group = metric.group.clone().filter(|_| is_split);
        let values = [metric.p50, metric.p90, metric.p99, metric.max].map(number);
        group
            .into_iter()
            .chain([
                metric.name.clone(),
                metric.unit.to_owned(),
                metric.count.to_string(),
            ])
            .chain(values)
            .chain([over, bars(&metric.histogram)])
            .collect()
    });
    let rows: Vec<_> = rows.collect();
    // The histogram, P90, P50, what was too slow, P99, how many.
    let spare: Vec<_> = [8, 4, 3, 7, 5, 2].map(|column| first + column).into();
    let width = printer.known_width();
    printer.fitted(&table::fitted(&headings, &rows, &right, &spare, width))?;
    Ok(())
}

/// A number with as many decimals as matter.
fn number(value: f64) -> String {
    match value {
        value if value >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_decimals_that_matter() {
        let numbers = [1200.4, 16.0, 16.25, 1.234].map(number);
        assert_eq!(numbers, ["1200", "16", "16.2", "1.23"]);
    }
}
