//! `soliplex session`: open one for a script, list them, tell one.

mod lifecycle;
mod telling;
mod thumbnails;

use std::fs;

use anyhow::Context as _;
use chrono::{DateTime, Datelike, TimeDelta, Utc};

use super::sanitizer::sanitizer;
use super::{Context, sources};
use crate::cli::Format;
use crate::cli::session::{ListArgs, SessionCommand, ShowArgs};
use crate::error::{Error, Exit};
use crate::filter::Filter;
use crate::fingerprint::Groups;
use crate::output::{Printer, safe, table};
use crate::record::{Level, LogRecord};
use crate::session::html::Thumbnail;
use crate::session::{Reach, SessionSummary, Sessions, Stories, StoryBuilder, html, in_words};
use crate::source::{self, Event, Item, Location, Notice, Options};
use thumbnails::Thumbnails;

pub(super) fn run(command: SessionCommand, context: &mut Context) -> anyhow::Result<Exit> {
    match command {
        SessionCommand::Start(args) => lifecycle::start(args, context),
        SessionCommand::End(args) => lifecycle::end(args, context),
        SessionCommand::List(args) => list(args, context),
        SessionCommand::Show(args) => show(*args, context),
    }
}

fn list(args: ListArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let locations = sources::locations(args.sources, &context.config)?;
    let mut sessions = Sessions::default();
    let filter = Filter::from(args.filter);
    let odd_lines = read_records(&locations, filter, context, |record| sessions.add(&record))?;
    let forgotten = sessions.forgotten();
    let list = sessions.into_list();
    let more = list.len().saturating_sub(args.lines) as u64 + forgotten;
    let list = &list[..list.len().min(args.lines)];
    let printer = &mut context.printer;
    match args.format {
        Format::Table if list.is_empty() => printer.note("no record matches"),
        Format::Table => print_list(list, printer)?,
        Format::Json => printer.json(&list)?,
        Format::Jsonl => {
            for session in list {
                printer.json(session)?;
            }
        }
    }
    if more > 0 {
        printer.note(format_args!("{more} more; -n shows more of them"));
    }
    sources::warn_of_odd_lines(odd_lines, printer);
    Ok(Exit::Done)
}

/// The columns of a list of sessions.
const HEADINGS: [&str; 8] = [
    "SESSION",
    "USER",
    "DEVICE",
    "START UTC",
    "LENGTH",
    "LAST SEEN UTC",
    "RECORDS",
    "ERRORS",
];

fn print_list(list: &[SessionSummary], printer: &mut Printer) -> anyhow::Result<()> {
    let rows: Vec<_> = list.iter().map(row).collect();
    let text = table::with_ids(&HEADINGS, rows, &[6, 7], printer.known_width());
    printer.line(text)?;
    Ok(())
}

fn row(session: &SessionSummary) -> Vec<String> {
    let minute = |time: Option<DateTime<Utc>>| {
        time.map_or_else(String::new, |time| {
            let this_year = time.year() == Utc::now().year();
            let form = if this_year {
                "%m-%d %H:%M"
            } else {
                "%Y-%m-%d %H:%M"
            };
            time.format(form).to_string()
        })
    };
    let id = match session.session_id.as_str() {
        "" => "(none)",
        id => id,
    };
    vec![
        id.to_owned(),
        session.user_id.clone().unwrap_or_default(),
        session.device.name().unwrap_or_default().to_owned(),
        minute(session.start),
        in_words(session.length()),
        minute(session.last_seen),
        session.records.to_string(),
        (session.errors + session.fatals).to_string(),
    ]
}

/// How many sessions a person is asked to choose from at the most.
const MOST_ASKED: usize = 20;

/// Lets the person at the terminal choose one of the rows by its number.
/// `None` where there is no such person, or none was chosen.
fn ask(
    headings: &[&str],
    rows: Vec<Vec<String>>,
    context: &mut Context,
) -> anyhow::Result<Option<usize>> {
    let printer = &mut context.printer;
    if !printer.can_ask() {
        return Ok(None);
    }
    let count = rows.len();
    let headings: Vec<_> = std::iter::once("")
        .chain(headings.iter().copied())
        .collect();
    let numbered = rows.into_iter().enumerate().map(|(at, mut row)| {
        row.insert(0, (at + 1).to_string());
        row
    });
    printer.line(table::render(
        &headings,
        numbered,
        &[0, 7, 8],
        printer.width(),
    ))?;
    let answer = printer.ask(format_args!("which one? (1 to {count}) "))?;
    let chosen = answer.trim().parse().unwrap_or(0);
    Ok((1..=count).contains(&chosen).then(|| chosen - 1))
}

fn show(args: ShowArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let mut named = args.sources.clone();
    let mut id = args.id.clone();
    if args.is_searched() {
        // The session is looked for, so what stands first is a source.
        let first = id.take().map(|first| first.parse());
        named.splice(..0, first.into_iter().flatten());
    }
    let locations = sources::locations(named, &context.config)?;
    let id = match id {
        Some(id) => id,
        None => find(&args, &locations, context)?,
    };
    let builder = only_one(&id, &locations, context)?;
    let others = others(&locations, context)?;
    let story = builder.tell(|hash| {
        let group = others.as_ref()?.get(hash)?;
        Some(Reach {
            sessions: group.sessions.count(),
            installs: group.installs.count(),
        })
    });
    if let Some(file) = &args.html {
        let options = options(Filter::default(), context)?;
        let thumbnails = thumbnails::collect(&story, &locations, &options);
        let page = html::page(&story, &thumbnails.by_id);
        fs::write(file, page).with_context(|| format!("cannot write {}", file.display()))?;
        tell_missing(&thumbnails, &mut context.printer);
        context
            .printer
            .note(format_args!("wrote {}", file.display()));
        return Ok(Exit::Done);
    }
    match args.format {
        Format::Table => {
            telling::print(&story, args.utc, &mut context.printer)?;
            hint_at_repair(
                story.missing.damaged_lines,
                &locations,
                &mut context.printer,
            );
        }
        Format::Json => context.printer.json(&story)?,
        Format::Jsonl => {
            for moment in &story.timeline {
                context.printer.json(moment)?;
            }
        }
    }
    Ok(Exit::Done)
}

/// Says how to get at what damaged lines of a queue still hold.
fn hint_at_repair(damaged_lines: u64, locations: &[Location], printer: &mut Printer) {
    let queue = locations.iter().find_map(|location| match location {
        Location::Path(path) if path.is_dir() => Some(path.display()),
        _ => None,
    });
    if let Some(queue) = queue.filter(|_| damaged_lines > 0) {
        printer.note(format_args!(
            "`soliplex queue repair {queue} --out DIR` saves what can be read of the damaged lines"
        ));
    }
}

/// The one session whose id begins so; if there are several, the one that is
/// chosen.
fn only_one(
    id: &str,
    locations: &[Location],
    context: &mut Context,
) -> anyhow::Result<StoryBuilder> {
    let filter = Filter {
        session: Some(id.to_owned()),
        ..Filter::default()
    };
    let mut stories = Stories::new(id);
    read(locations, filter, context, |item| match item.event {
        Event::Record(record) => stories.add(record, item.source),
        Event::Notice(Notice::NotARecord { text, .. }) => stories.add_damaged_line(&text),
        Event::Notice(_) => {}
    })?;
    let ids = stories.ids();
    let chosen = match ids.as_slice() {
        [] => None,
        [only] => Some(only),
        several => {
            let rows = several.iter().map(|id| vec![id.clone()]).collect();
            let asked = match stories.has_more() {
                true => None,
                false => ask(&["SESSION"], rows, context)?,
            };
            let Some(chosen) = asked else {
                let shown = several[..several.len().min(5)].join(", ");
                let more = if several.len() > 5 { ", …" } else { "" };
                let text =
                    format!("several sessions start with {id}: {shown}{more}; give more of the id");
                return Err(Error::usage(text).into());
            };
            Some(&several[chosen])
        }
    };
    let builder = chosen.and_then(|chosen| stories.take(chosen));
    builder.ok_or_else(|| {
        let places: Vec<_> = locations.iter().map(Location::to_string).collect();
        let text = format!(
            "no session {id} in {}; `soliplex session list` shows which there are",
            places.join(", ")
        );
        Error::new(Exit::Failed, text).into()
    })
}

/// Says which screenshots are not in the page.
fn tell_missing(thumbnails: &Thumbnails, printer: &mut Printer) {
    for failure in &thumbnails.failures {
        printer.warn(failure);
    }
    let reasons: Vec<_> = thumbnails
        .by_id
        .values()
        .filter_map(|thumbnail| match thumbnail {
            Thumbnail::Missing(reason) => Some(reason),
            Thumbnail::Picture(_) => None,
        })
        .collect();
    if let Some(reason) = reasons.first() {
        printer.warn(format_args!(
            "{} of {} screenshots left out: {reason}",
            reasons.len(),
            thumbnails.by_id.len()
        ));
    }
}

/// The one session of a user or an installation at a time.
fn find(args: &ShowArgs, locations: &[Location], context: &mut Context) -> anyhow::Result<String> {
    let around = TimeDelta::from_std(args.around).unwrap_or(TimeDelta::MAX);
    let filter = Filter {
        user: args.user.clone(),
        install: args.install.clone(),
        since: args.at.and_then(|at| at.checked_sub_signed(around)),
        until: args.at.and_then(|at| at.checked_add_signed(around)),
        ..Filter::default()
    };
    let mut sessions = Sessions::default();
    read_records(locations, filter, context, |record| sessions.add(&record))?;
    let list = sessions.into_list();
    match list.as_slice() {
        [] => Err(Error::new(
            Exit::Failed,
            match args.at {
                Some(_) => "no such session at that time; try a longer --around",
                None => "no such session; `soliplex session list` shows which there are",
            },
        )
        .into()),
        [session] => Ok(session.session_id.clone()),
        several => {
            let asked = &several[..several.len().min(MOST_ASKED)];
            let rows = asked.iter().map(row).collect();
            if let Some(chosen) = ask(&HEADINGS, rows, context)? {
                return Ok(asked[chosen].session_id.clone());
            }
            print_list(several, &mut context.printer)?;
            let text = format!(
                "{} sessions fit; give the id of one, or --at and a short --around",
                several.len()
            );
            Err(Error::usage(text).into())
        }
    }
}

/// The errors of all sessions; `None` if a source can be read only once.
fn others(locations: &[Location], context: &mut Context) -> anyhow::Result<Option<Groups>> {
    if locations.contains(&Location::Stdin) {
        return Ok(None);
    }
    let mut groups = Groups::new();
    let filter = Filter {
        level: Some(Level::Error),
        ..Filter::default()
    };
    read_records(locations, filter, context, |record| {
        groups.add(&record);
    })?;
    Ok(Some(groups))
}

/// What to read of the sources.
fn options(filter: Filter, context: &Context) -> anyhow::Result<Options> {
    Ok(Options {
        filter,
        token: sources::token(&context.config)?,
        access: sources::access(),
        ..Options::default()
    })
}

/// Reads all records that match, once. Says how many lines are no records.
fn read(
    locations: &[Location],
    filter: Filter,
    context: &mut Context,
    mut take: impl FnMut(Item),
) -> anyhow::Result<u64> {
    let options = options(filter, context)?;
    let sanitizer = sanitizer(&context.config)?;
    let _progress = sources::ReadingProgress::start(&context.printer, locations, &options);
    let mut odd_lines = 0;
    for item in source::open(locations, options).map_err(sources::failed)? {
        let mut item = item.map_err(sources::failed)?;
        match &mut item.event {
            Event::Record(record) => {
                sanitizer.sanitize_record(record);
            }
            Event::Notice(notice) => {
                let is_odd = matches!(notice, Notice::NotARecord { .. } | Notice::TooLong { .. });
                odd_lines += u64::from(is_odd);
                context.printer.detail(safe::escape(&notice.to_string()));
            }
        }
        take(item);
    }
    Ok(odd_lines)
}

/// As [`read`], for who wants nothing but the records.
fn read_records(
    locations: &[Location],
    filter: Filter,
    context: &mut Context,
    mut take: impl FnMut(LogRecord),
) -> anyhow::Result<u64> {
    read(locations, filter, context, |item| {
        if let Event::Record(record) = item.event {
            take(record);
        }
    })
}
