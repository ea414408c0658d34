//! The time axis: how much was recorded and how serious it was, and the
//! network, from the start of the session to its end.

use std::fmt::{self, Write};

use chrono::TimeDelta;

use super::escape::Escaped;
use crate::record::Level;
use crate::session::{Network, Story, count_of, in_words};

/// The size of the drawing, and where its bands are.
const WIDTH: usize = 1000;
const HEIGHT: usize = 90;
const LEVELS: (usize, usize) = (0, 70);
const NETWORK: (usize, usize) = (76, 14);

/// Into how many columns the session is divided.
const COLUMNS: usize = 200;

/// Draws the axis.
pub(super) fn write(page: &mut String, story: &Story) -> fmt::Result {
    writeln!(
        page,
        "<figure><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"Records by level and the network over time\">"
    )?;
    let (y, height) = LEVELS;
    writeln!(
        page,
        "<rect class=\"empty\" x=\"0\" y=\"{y}\" width=\"{WIDTH}\" height=\"{height}\"/>"
    )?;
    write_levels(page, story)?;
    write_network(page, story)?;
    let middle = in_words(story.length() / 2);
    let end = in_words(story.length());
    write!(
        page,
        "</svg>\n<p class=\"scale\"><span>0</span><span>{middle}</span><span>{end}</span></p>\n\
         <figcaption>Above, how much was recorded, in the colour of the most serious; below, the \
         network: green is online, red offline, grey unknown.</figcaption></figure>\n",
    )
}

/// One bar for each column: as high as there are records, on a scale that
/// keeps single ones visible, and in the colour of the most serious.
fn write_levels(page: &mut String, story: &Story) -> fmt::Result {
    let mut columns: Vec<(u64, Option<Level>)> = vec![(0, None); COLUMNS];
    for moment in &story.timeline {
        let column = place(story, moment.offset, COLUMNS).min(COLUMNS - 1);
        if let Some((count, level)) = columns.get_mut(column) {
            *count += 1;
            *level = (*level).max(moment.record.level());
        }
    }
    let height_of = |count: u64| (count as f64 + 1.0).log2();
    let most = columns.iter().map(|(count, _)| *count).max().unwrap_or(0);
    let (top, room) = LEVELS;
    for (column, (count, level)) in columns.into_iter().enumerate() {
        if count == 0 {
            continue;
        }
        let height = height_of(count) / height_of(most) * room as f64;
        let y = (top + room) as f64 - height;
        let x = column * WIDTH / COLUMNS;
        let width = WIDTH / COLUMNS - 1;
        let level = level.unwrap_or(Level::Trace);
        writeln!(
            page,
            "<rect class=\"l-{level}\" x=\"{x}\" y=\"{y:.1}\" width=\"{width}\" \
             height=\"{height:.1}\"><title>{}, at most {level}</title></rect>",
            count_of(count, "record")
        )?;
    }
    Ok(())
}

/// One bar for each stretch in which the network stayed the same.
fn write_network(page: &mut String, story: &Story) -> fmt::Result {
    let mut stretches: Vec<(usize, &Network)> = Vec::new();
    for moment in &story.timeline {
        if stretches
            .last()
            .is_none_or(|(_, network)| **network != moment.network)
        {
            stretches.push((place(story, moment.offset, WIDTH), &moment.network));
        }
    }
    let ends = stretches
        .iter()
        .skip(1)
        .map(|(start, _)| *start)
        .chain([WIDTH]);
    let ends: Vec<_> = ends.collect();
    let (y, height) = NETWORK;
    for ((start, network), end) in stretches.into_iter().zip(ends) {
        let class = match network {
            Network::Unknown => "unknown",
            Network::Offline => "offline",
            Network::Online(_) => "online",
        };
        let width = end.saturating_sub(start).max(1);
        let words = network.in_words();
        writeln!(
            page,
            "<rect class=\"n-{class}\" x=\"{start}\" y=\"{y}\" width=\"{width}\" \
             height=\"{height}\"><title>{}</title></rect>",
            Escaped(&words)
        )?;
    }
    Ok(())
}

/// Where a moment stands on a scale from 0 to `size`.
fn place(story: &Story, offset: TimeDelta, size: usize) -> usize {
    let length = story.length().num_milliseconds().max(1) as f64;
    let share = offset.num_milliseconds() as f64 / length;
    (share.clamp(0.0, 1.0) * size as f64) as usize
}
