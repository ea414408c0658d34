//! A session's story, for a terminal.

use crate::output::record::Pretty;
use crate::output::{Printer, safe, wrap};
use crate::session::{Kind, Met, Moment, Network, Story, count_of, in_words};

/// Prints who and on what, what happened in order, and the verdict.
pub(super) fn print(story: &Story, is_utc: bool, printer: &mut Printer) -> anyhow::Result<()> {
    let palette = printer.palette();
    let width = printer.known_width();
    let days = [story.start, story.end].map(|time| time.map(|time| time.date_naive()));
    let pretty = Pretty {
        width,
        // The facts name the day.
        has_date: days[0] != days[1],
        has_category: true,
        ..Pretty::new(palette, is_utc)
    };
    let strong = palette.strong();
    let id = safe::escape(story.session_id.as_deref().unwrap_or("without an id"));
    printer.line(format_args!("{strong}Session {id}{strong:#}"))?;
    let dated = Pretty {
        has_date: true,
        ..pretty
    };
    for (name, value) in facts(story, &dated) {
        let faint = palette.faint();
        let value = safe::escape(&value);
        printer.line(format_args!("  {faint}{name:<12}{faint:#} {value}"))?;
    }
    printer.line("")?;
    let mut network = &Network::Unknown;
    for moment in &story.timeline {
        print_moment(moment, network, &pretty, printer)?;
        network = &moment.network;
    }
    printer.line("")?;
    for sentence in story.verdict_by(|time| pretty.time(time)) {
        printer.line(wrap::wrap(&safe::escape(&sentence), width, "  "))?;
    }
    Ok(())
}

fn facts(story: &Story, pretty: &Pretty) -> Vec<(&'static str, String)> {
    let start = story.start.map(|start| {
        let length = in_words(story.length());
        format!("{}{}, for {length}", pretty.time(start), pretty.zone(start))
    });
    [
        ("user", story.user_id.clone()),
        ("installation", story.install_id.clone()),
        ("device", story.device.in_words()),
        ("start", start),
        ("clock", story.skew.map(|skew| skew.in_words())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

/// One record, and before it what is to be known of the time until then.
fn print_moment(
    moment: &Moment,
    network: &Network,
    pretty: &Pretty,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let faint = pretty.palette.faint();
    if let Some(pause) = moment.pause {
        let pause = in_words(pause);
        printer.line(format_args!(
            "    {faint}… nothing was recorded for {pause}{faint:#}"
        ))?;
    }
    if *network != moment.network {
        let now = moment.network.in_words();
        let now = safe::escape(&now);
        printer.line(format_args!("    {faint}— {now} from here on{faint:#}"))?;
    }
    printer.line(pretty.format(&moment.record))?;
    match &moment.kind {
        Kind::Failed(met) => {
            let met = format!("    {}", met_in_words(met));
            let met = wrap::wrap(&met, pretty.width, "    ");
            printer.line(format_args!("{faint}{met}{faint:#}"))?
        }
        Kind::Measured {
            is_out_of_line: true,
            measurement,
        } => {
            let warning = pretty.palette.warning();
            let excess = measurement.excess_in_words();
            printer.line(format_args!(
                "    {warning}out of line: {excess}{warning:#}"
            ))?;
        }
        _ => {}
    }
    Ok(())
}

/// The fingerprint, and whom else it met.
fn met_in_words(met: &Met) -> String {
    let start: String = met.fingerprint.hash.chars().take(12).collect();
    let others = match (met.other_sessions, met.installs) {
        (Some(0), _) => ", in no other session that was read".to_owned(),
        (Some(sessions), Some(installs)) => {
            let sessions = count_of(sessions, "other session");
            let installs = count_of(installs, "installation");
            format!(", also in {sessions}, on {installs} in all")
        }
        _ => String::new(),
    };
    format!("fingerprint {start}{others}")
}
