//! `soliplex session`: open one for a script, list them, tell one.

mod choosing;
mod lifecycle;
mod telling;
mod thumbnails;

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use chrono::{DateTime, Datelike, TimeDelta, Utc};

use super::sanitizer::sanitizer;
use super::{Context, sources, target};
use crate::cli::Format;
use crate::cli::session::{ListArgs, SessionCommand, ShowArgs};
use crate::error::{Error, Exit};
use crate::filter::Filter;
use crate::fingerprint::Groups;
use crate::output::{Printer, counted, safe, shell, table};
use crate::record::{Level, LogRecord};
use crate::session::html::Thumbnail;
use crate::session::{Reach, SessionSummary, Stories, StoryBuilder, html, in_words};
use crate::source::{self, Event, Item, Location, Notice, Options};
use choosing::choose;
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
    let chosen = choose(&locations, Filter::from(args.filter), args.lines, context)?;
    let list = &chosen.list[..];
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
    if chosen.more > 0 {
        printer.note(format_args!("{} more; -n shows more of them", chosen.more));
    }
    if chosen.forgotten > 0 {
        printer.warn(format_args!(
            "{} heard of longer ago left out: there is room for 100,000 at a time; choose fewer with a filter such as --since",
            counted(chosen.forgotten, "session")
        ));
    }
    sources::warn_of_odd_lines(chosen.odd_lines, printer);
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

/// Which of them are left out first where there is no room.
const SPARE: [usize; 7] = [2, 1, 5, 4, 3, 6, 7];

/// What stands for the records that name no session.
const NO_SESSION: &str = "(none)";

fn print_list(list: &[SessionSummary], printer: &mut Printer) -> anyhow::Result<()> {
    let rows: Vec<_> = list.iter().map(row).collect();
    let width = printer.known_width();
    printer.fitted(&table::fitted(&HEADINGS, &rows, &[6, 7], &SPARE, width))?;
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
    vec![
        id_of(session).to_owned(),
        session.user_id.clone().unwrap_or_default(),
        session.device.name().unwrap_or_default().to_owned(),
        minute(session.start),
        in_words(session.length()),
        minute(session.last_seen),
        session.records.to_string(),
        (session.errors + session.fatals).to_string(),
    ]
}

/// What a session is called.
fn id_of(session: &SessionSummary) -> &str {
    match session.session_id.as_str() {
        "" => NO_SESSION,
        id => id,
    }
}

/// What `--html` writes.
const PAGE: target::Kind = target::Kind {
    flag: "--html",
    name: "page of a session",
    example: "story.html",
    is_one: |path| {
        let mut start = Vec::new();
        let read = |file: File| file.take(html::START.len() as u64).read_to_end(&mut start);
        File::open(path).and_then(read).is_ok() && start == html::START.as_bytes()
    },
};

/// How many sessions a person is asked to choose from at the most.
const MOST_ASKED: usize = 20;

/// Lets the person at the terminal choose one of the rows by its number.
/// `None` where there is no such person, or none was chosen.
fn ask(
    headings: &[&str],
    spare: &[usize],
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
    let numbered: Vec<_> = numbered.collect();
    let spare: Vec<_> = spare.iter().map(|at| at + 1).collect();
    let width = printer.known_width();
    printer.fitted(&table::fitted(
        &headings,
        &numbered,
        &[0, 7, 8],
        &spare,
        width,
    ))?;
    let answer = printer.ask(format_args!("which one? (1 to {count}) "))?;
    let chosen = answer.trim().parse().unwrap_or(0);
    Ok((1..=count).contains(&chosen).then(|| chosen - 1))
}

fn show(args: ShowArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let mut named = args.sources.clone();
    let mut id = args.id.clone();
    let is_only_a_time = args.at.is_some() && id.as_deref().is_none_or(names_a_source);
    if args.is_searched() || is_only_a_time {
        // The session is looked for, so what stands first is a source.
        let first = id.take().map(|first| first.parse());
        named.splice(..0, first.into_iter().flatten());
    }
    let locations = sources::locations(named, &context.config)?;
    if let Some(file) = &args.html {
        target::check(file, &PAGE, &locations)?;
    }
    let id = match id {
        Some(id) => id,
        None => find(&args, &locations, context)?,
    };
    let builder = named_so(&id, &locations, args.format, context).map_err(|error| {
        match error.downcast_ref::<Error>() {
            // Several sessions begin so: it was taken for an id, and is one.
            Some(told) if told.exit() == Exit::Usage => error,
            _ => source_for_id(&args).map_or(error, Into::into),
        }
    })?;
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
        Location::Path(path) if path.is_dir() => Some(path.to_string_lossy()),
        _ => None,
    });
    if let Some(queue) = queue.filter(|_| damaged_lines > 0) {
        let queue = shell::quoted(&queue);
        printer.note(format_args!(
            "`soliplex queue repair {queue} --out DIR` saves what can be read of the damaged lines"
        ));
    }
}

/// Why nothing was found, if that is that a source stands where the id should.
fn source_for_id(args: &ShowArgs) -> Option<Error> {
    let id = args.id.as_deref().filter(|_| !args.is_searched())?;
    let is_there = |source: &Location| match source {
        Location::Path(path) => path.exists(),
        _ => true,
    };
    if !names_a_source(id) || args.sources.iter().any(is_there) {
        return None;
    }
    let wanted = args.sources.first().map(Location::to_string);
    let wanted = wanted.as_deref().map_or("ID".into(), shell::quoted);
    let source = shell::quoted(id);
    Some(Error::usage(format!(
        "{id} is a source, and the id comes first: `soliplex session show {wanted} {source}`; `soliplex session list {source}` shows the ids",
    )))
}

fn names_a_source(text: &str) -> bool {
    text.contains("://") || Path::new(text).exists()
}

/// The one session whose id begins so, as it was typed or else in the other
/// case: ids are hexadecimal digits, which some tools show in capitals.
fn named_so(
    id: &str,
    locations: &[Location],
    format: Format,
    context: &mut Context,
) -> anyhow::Result<StoryBuilder> {
    let mut spellings = vec![id.to_owned()];
    for spelling in [id.to_lowercase(), id.to_uppercase()] {
        if !spellings.contains(&spelling) {
            spellings.push(spelling);
        }
    }
    if locations.contains(&Location::Stdin) || id == NO_SESSION {
        spellings.truncate(1);
    }
    for spelling in &spellings {
        if let Some(builder) = only_one(spelling, locations, format, context)? {
            return Ok(builder);
        }
    }
    let places: Vec<_> = locations.iter().map(Location::to_string).collect();
    let text = format!(
        "no session {id} in {}; {} shows which there are",
        places.join(", "),
        sources::listing(locations)
    );
    Err(Error::new(Exit::Failed, text).into())
}

/// The one session whose id begins so; if there are several, the one that is
/// chosen.
fn only_one(
    id: &str,
    locations: &[Location],
    format: Format,
    context: &mut Context,
) -> anyhow::Result<Option<StoryBuilder>> {
    let is_none = id == NO_SESSION;
    let filter = Filter {
        session: (!is_none).then(|| id.to_owned()),
        ..Filter::default()
    };
    let mut stories = Stories::new(if is_none { "" } else { id });
    read(locations, filter, context, |item| match item.event {
        Event::Record(record)
            if is_none && record.session_id().is_some_and(|id| !id.is_empty()) => {}
        Event::Record(record) => stories.add(record, item.source),
        Event::Notice(_) if is_none => {}
        Event::Notice(Notice::NotARecord { text, .. }) => stories.add_damaged_line(&text),
        Event::Notice(_) => {}
    })?;
    let ids = stories.ids();
    let chosen = match ids.as_slice() {
        [] => None,
        [only] => Some(only),
        several => {
            let rows = several.iter().map(|id| vec![id.clone()]).collect();
            let asked = match format {
                Format::Table if !stories.has_more() => ask(&["SESSION"], &[], rows, context)?,
                _ => None,
            };
            let Some(chosen) = asked else {
                let shown = first_few(several);
                let text =
                    format!("several sessions start with {id}: {shown}; give more of the id");
                return Err(Error::usage(text).into());
            };
            Some(&several[chosen])
        }
    };
    Ok(chosen.and_then(|chosen| stories.take(chosen)))
}

/// Some of many ids.
fn first_few(ids: &[impl AsRef<str>]) -> String {
    const MOST_NAMED: usize = 5;
    let few: Vec<&str> = ids.iter().take(MOST_NAMED).map(AsRef::as_ref).collect();
    let more = if ids.len() > MOST_NAMED { ", …" } else { "" };
    few.join(", ") + more
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

/// The one session of a user or an installation, or of anyone, at a time.
fn find(args: &ShowArgs, locations: &[Location], context: &mut Context) -> anyhow::Result<String> {
    if locations.contains(&Location::Stdin) {
        return Err(Error::usage(
            "a session is first looked for and then told, and standard input can be read only once: name a file, or the session's id",
        )
        .into());
    }
    let around = TimeDelta::from_std(args.around).unwrap_or(TimeDelta::MAX);
    let filter = Filter {
        user: args.user.clone(),
        install: args.install.clone(),
        since: args.at.and_then(|at| at.checked_sub_signed(around)),
        until: args.at.and_then(|at| at.checked_add_signed(around)),
        ..Filter::default()
    };
    let chosen = choose(locations, filter, MOST_ASKED, context)?;
    let fit = chosen.list.len() as u64 + chosen.more + chosen.forgotten;
    match chosen.list.as_slice() {
        [] => Err(Error::new(
            Exit::Failed,
            match args.at {
                Some(_) => "no such session at that time; try a longer --around".to_owned(),
                None => format!(
                    "no such session; {} shows which there are",
                    sources::listing(locations)
                ),
            },
        )
        .into()),
        [session] => Ok(id_of(session).to_owned()),
        several if args.format != Format::Table => {
            let ids: Vec<_> = several.iter().map(id_of).collect();
            let text = format!(
                "{fit} sessions fit: {}; give the id of one, or --at and a short --around",
                first_few(&ids)
            );
            Err(Error::usage(text).into())
        }
        several => {
            let rows = several.iter().map(row).collect();
            if let Some(chosen) = ask(&HEADINGS, &SPARE, rows, context)? {
                return Ok(id_of(&several[chosen]).to_owned());
            }
            print_list(several, &mut context.printer)?;
            let text =
                format!("{fit} sessions fit; give the id of one, or --at and a short --around");
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
    let all = Filter::default();
    read_judged(locations, filter, &all, context, |item, _| take(item))
}

/// As [`read`], and says of each record whether another filter lets it through.
fn read_judged(
    locations: &[Location],
    filter: Filter,
    judge: &Filter,
    context: &mut Context,
    mut take: impl FnMut(Item, bool),
) -> anyhow::Result<u64> {
    let options = options(filter, context)?;
    let sanitizer = sanitizer(&context.config)?;
    let _progress = sources::ReadingProgress::start(&context.printer, locations, &options);
    let mut odd_lines = 0;
    for item in source::open(locations, options).map_err(sources::failed)? {
        let mut item = item.map_err(sources::failed)?;
        let mut is_wanted = false;
        match &mut item.event {
            Event::Record(record) => {
                is_wanted = judge.matches(record);
                sanitizer.sanitize_record(record);
            }
            Event::Notice(notice) => {
                let is_odd = matches!(notice, Notice::NotARecord { .. } | Notice::TooLong { .. });
                odd_lines += u64::from(is_odd);
                context.printer.detail(safe::escape(&notice.to_string()));
            }
        }
        take(item, is_wanted);
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
