//! A session's story as one file to attach to a ticket.
//!
//! The page needs nothing but itself: no script, no request, and a policy
//! that forbids both. Every text of a record is escaped. It is up to the
//! caller to have sanitized the records.

mod axis;
mod escape;

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Kind, Met, Moment, Network, Story, count_of, in_words};
use crate::record::{Level, keys};
use escape::Escaped;

const STYLE: &str = include_str!("style.css");

/// How every page begins, which tells it from other files.
pub const START: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta name=\"generator\" content=\"soliplex session show\">\n";

/// Up to so many moments a page shows all of them; of a longer session it
/// leaves out what is neither serious nor close before an error.
const MAX_MOMENTS: usize = 5_000;

/// How many errors are linked to from the head of the page.
const MAX_LINKS: usize = 30;

/// How many moments before an error are always shown.
const CLOSE: usize = 20;

/// What is known of a screenshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thumbnail {
    /// A small PNG image of it.
    Picture(Vec<u8>),
    /// There is none, and why.
    Missing(String),
}

/// The page. `thumbnails` are by the id of the screenshot.
pub fn page(story: &Story, thumbnails: &BTreeMap<String, Thumbnail>) -> String {
    let mut page = String::new();
    // Writing to a String cannot fail.
    let _ = write_page(&mut page, story, thumbnails);
    page
}

fn write_page(
    page: &mut String,
    story: &Story,
    thumbnails: &BTreeMap<String, Thumbnail>,
) -> fmt::Result {
    let style_hash = BASE64.encode(Sha256::digest(STYLE));
    let id = story.session_id.as_deref().unwrap_or("without an id");
    write!(
        page,
        "{START}\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'sha256-{style_hash}'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>Session {id}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>Session <code>{id}</code></h1>\n",
        id = Escaped(id)
    )?;
    let failed = if story.failures().next().is_some() {
        " failed"
    } else {
        ""
    };
    writeln!(page, "<ul class=\"verdict{failed}\">")?;
    for sentence in &story.verdict {
        writeln!(page, "<li>{}</li>", Escaped(sentence))?;
    }
    page.write_str("</ul>\n")?;
    write_errors(page, story)?;
    write_facts(page, story)?;
    axis::write(page, story)?;
    page.write_str("<h2>What happened</h2>\n<ol class=\"timeline\">\n")?;
    let mut left_out = 0_u64;
    let mut network = &Network::Unknown;
    let mut day = story.start.map(|start| start.date_naive());
    for ((place, moment), is_shown) in story.timeline.iter().enumerate().zip(shown(story)) {
        if !is_shown {
            left_out += 1;
            continue;
        }
        write_left_out(page, &mut left_out)?;
        write_pause(page, moment)?;
        let today = moment.time.map(|time| time.date_naive());
        if let Some(today) = today.filter(|_| today != day) {
            day = Some(today);
            writeln!(page, "<li class=\"note\">{today}</li>")?;
        }
        if *network != moment.network {
            network = &moment.network;
            let words = network.in_words();
            writeln!(
                page,
                "<li class=\"note\">{} from here on</li>",
                Escaped(&words)
            )?;
        }
        write_moment(page, place, moment, thumbnails)?;
    }
    write_left_out(page, &mut left_out)?;
    page.write_str(
        "</ol>\n<footer>Times are the device's own, in UTC, and behind them how long after the \
         start it was. This file holds all it shows and asks the network for nothing; secrets \
         were redacted when it was written, by soliplex.</footer>\n</main>\n</body>\n</html>\n",
    )
}

/// Where each error stands, if there are several.
fn write_errors(page: &mut String, story: &Story) -> fmt::Result {
    let errors: Vec<_> = story.failures().collect();
    if errors.len() < 2 {
        return Ok(());
    }
    page.write_str("<nav>Errors:")?;
    for (place, moment, _) in errors.iter().take(MAX_LINKS) {
        let class = moment.record.level().map_or("error", Level::as_str);
        let time = moment.time.map(clock).unwrap_or_default();
        let title = moment.record.error().unwrap_or_default();
        let title = title.lines().next().unwrap_or_default();
        write!(
            page,
            " <a class=\"l-{class}\" href=\"#m{place}\" title=\"{}\">{time}</a>",
            Escaped(title)
        )?;
    }
    let more = errors.len().saturating_sub(MAX_LINKS);
    if more > 0 {
        write!(page, " and {more} more")?;
    }
    page.write_str("</nav>\n")
}

fn write_facts(page: &mut String, story: &Story) -> fmt::Result {
    let time = |time: Option<DateTime<Utc>>| {
        time.map(|time| time.format("%Y-%m-%d %H:%M:%S%.3f UTC").to_string())
    };
    let duplicates = (story.duplicates > 0).then(|| count_of(story.duplicates, "record"));
    let facts = [
        ("User", story.user_id.clone()),
        ("Installation", story.install_id.clone()),
        ("Device", story.device.in_words()),
        ("Start", time(story.start)),
        ("End", time(story.end)),
        ("Length", Some(in_words(story.length()))),
        ("Clock", story.skew.map(|skew| skew.in_words())),
        ("Came twice", duplicates),
    ];
    page.write_str("<dl class=\"facts\">\n")?;
    for (name, value) in facts {
        if let Some(value) = value {
            writeln!(
                page,
                "<div><dt>{name}</dt><dd>{}</dd></div>",
                Escaped(&value)
            )?;
        }
    }
    page.write_str("</dl>\n")
}

/// Which moments are shown.
fn shown(story: &Story) -> Vec<bool> {
    let timeline = &story.timeline;
    if timeline.len() <= MAX_MOMENTS {
        return vec![true; timeline.len()];
    }
    let mut until_error = usize::MAX;
    let mut shown: Vec<_> = timeline
        .iter()
        .rev()
        .map(|moment| {
            until_error = match moment.kind {
                Kind::Failed(_) => 0,
                _ => until_error.saturating_add(1),
            };
            let is_routine = match &moment.kind {
                Kind::Other => moment.record.level() < Some(Level::Warning),
                Kind::Measured { is_out_of_line, .. } => !is_out_of_line,
                _ => false,
            };
            let is_pictured = moment.record.text(keys::SCREENSHOT_ID).is_some();
            !is_routine || is_pictured || until_error <= CLOSE || moment.pause.is_some()
        })
        .collect();
    shown.reverse();
    shown
}

fn write_left_out(page: &mut String, left_out: &mut u64) -> fmt::Result {
    match std::mem::take(left_out) {
        0 => Ok(()),
        count => writeln!(
            page,
            "<li class=\"note\">{} of less weight left out</li>",
            count_of(count, "record")
        ),
    }
}

fn write_pause(page: &mut String, moment: &Moment) -> fmt::Result {
    match moment.pause {
        Some(pause) => writeln!(
            page,
            "<li class=\"note\">nothing was recorded for {}</li>",
            in_words(pause)
        ),
        None => Ok(()),
    }
}

fn write_moment(
    page: &mut String,
    place: usize,
    moment: &Moment,
    thumbnails: &BTreeMap<String, Thumbnail>,
) -> fmt::Result {
    let record = &moment.record;
    let level = record.level();
    let class = level.map_or("trace", Level::as_str);
    let failed = if matches!(moment.kind, Kind::Failed(_)) {
        " failed"
    } else {
        ""
    };
    write!(
        page,
        "<li class=\"moment l-{class}{failed}\" id=\"m{place}\"><time>{} <small>{}</small></time>\
         <span class=\"level\">{}</span><span class=\"logger\">{} <small>{}</small></span>\n\
         <div class=\"what\"><p class=\"message\">{}</p>\n",
        moment.time.map(clock).unwrap_or_default(),
        offset(moment.offset),
        level.map_or("?", Level::severity_text),
        Escaped(record.logger()),
        moment.category.as_str(),
        Escaped(&record.message()),
    )?;
    write_attributes(page, moment)?;
    if let Kind::Measured {
        is_out_of_line: true,
        measurement,
    } = &moment.kind
    {
        let excess = measurement.excess_in_words();
        writeln!(page, "<span class=\"mark\">out of line: {excess}</span>")?;
    }
    if let Some(error) = record.error() {
        writeln!(page, "<p class=\"error\">{}</p>", Escaped(error))?;
    }
    if let Kind::Failed(met) = &moment.kind {
        write_met(page, met)?;
    }
    if let Some(stack) = record.stack_trace() {
        let lines = count_of(stack.lines().count() as u64, "line");
        let stack = Escaped(stack);
        writeln!(
            page,
            "<details><summary>Stack trace, {lines}</summary><pre>{stack}</pre></details>"
        )?;
    }
    write_breadcrumbs(page, moment)?;
    if let Some(id) = record.text(keys::SCREENSHOT_ID) {
        write_screenshot(page, id, thumbnails)?;
    }
    page.write_str("</div></li>\n")
}

fn write_attributes(page: &mut String, moment: &Moment) -> fmt::Result {
    if moment.record.attributes().next().is_none() {
        return Ok(());
    }
    page.write_str("<p class=\"attributes\">")?;
    for (name, value) in moment.record.attributes() {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let (name, value) = (Escaped(name), Escaped(&value));
        write!(page, "<code><i>{name}</i>={value}</code> ")?;
    }
    page.write_str("</p>\n")
}

/// Whom else an error met.
fn write_met(page: &mut String, met: &Met) -> fmt::Result {
    let start: String = met.fingerprint.hash.chars().take(12).collect();
    write!(page, "<p class=\"met\">Fingerprint <code>{start}</code>")?;
    match (met.other_sessions, met.installs) {
        (Some(0), _) => page.write_str(", met by no other session that was read")?,
        (Some(sessions), Some(installs)) => {
            let sessions = count_of(sessions, "other session");
            let installs = count_of(installs, "installation");
            write!(page, ", met by {sessions} on {installs} in all")?;
        }
        _ => {}
    }
    page.write_str("</p>\n")
}

fn write_breadcrumbs(page: &mut String, moment: &Moment) -> fmt::Result {
    let crumbs = moment
        .record
        .get(keys::BREADCRUMBS)
        .and_then(Value::as_array);
    let Some(crumbs) = crumbs.filter(|crumbs| !crumbs.is_empty()) else {
        return Ok(());
    };
    let count = count_of(crumbs.len() as u64, "breadcrumb");
    write!(page, "<details><summary>{count}</summary><pre>")?;
    for crumb in crumbs {
        let text = |key: &str| crumb.get(key).and_then(Value::as_str).unwrap_or("?");
        writeln!(
            page,
            "{} {:<7} {} {}: {}",
            Escaped(text(keys::TIMESTAMP)),
            Escaped(text("category")).to_string(),
            Escaped(text(keys::LEVEL)),
            Escaped(text(keys::LOGGER)),
            Escaped(text(keys::MESSAGE)),
        )?;
    }
    page.write_str("</pre></details>\n")
}

fn write_screenshot(
    page: &mut String,
    id: &str,
    thumbnails: &BTreeMap<String, Thumbnail>,
) -> fmt::Result {
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
    let name = Escaped(id);
    let reason = match thumbnails.get(id) {
        Some(Thumbnail::Picture(image)) if image.starts_with(PNG) => {
            return writeln!(
                page,
                "<p><img alt=\"Screenshot {name}\" src=\"data:image/png;base64,{}\"></p>",
                BASE64.encode(image)
            );
        }
        Some(Thumbnail::Missing(reason)) => reason,
        Some(Thumbnail::Picture(_)) => "it is no picture",
        None => "it was not looked for",
    };
    writeln!(
        page,
        "<p class=\"placeholder\">Screenshot <code>{name}</code><br>not shown: {}</p>",
        Escaped(reason)
    )
}

fn clock(time: DateTime<Utc>) -> String {
    time.format("%H:%M:%S%.3f").to_string()
}

/// Time since the start: `+3:04` and, once there are any, hours before it.
fn offset(offset: TimeDelta) -> String {
    let seconds = offset.num_seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.unsigned_abs();
    match seconds / 3600 {
        0 => format!("{sign}{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{sign}{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}
