//! `soliplex upload --replay`

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::bail;
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::{Context, dry_run, finish, prepare, settings};
use crate::cli::upload::{RestampArg, UploadArgs};
use crate::command::sanitizer::sanitizer;
use crate::command::sources;
use crate::config::Config;
use crate::error::{Error, Exit, in_one_line};
use crate::output::counted;
use crate::source::{self, Event, Location, Notice};
use crate::upload::{
    BacklogError, End, Endpoint, PassedOver, Records, Replay, ReplayOptions, Restamp, Speed,
    StopCause,
};

pub(super) fn run(args: &UploadArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let locations = locations(args)?;
    let options = ReplayOptions {
        restamp: restamp(args, &locations, &context.config)?,
        speed: args.speed,
        is_new_session: args.new_session,
    };
    let odd_lines = OddLines::default();
    let replay = Replay::new(records(&locations, &odd_lines, &context.config)?, options);
    if args.dry_run {
        dry_run::of_backlog(args, replay, |_| odd_lines.passed_over(), context)?;
        odd_lines.tell(context);
        return Ok(odd_lines.exit(Exit::Done));
    }
    let endpoint = settings::endpoint(args.endpoint.as_deref(), &context.config)?;
    refuse_production(args, &endpoint, &context.config.production_hosts)?;
    let sanitizer = sanitizer(&context.config)?;
    let (mut uploader, mut teller) = prepare(args, replay, None, &sanitizer, context)?;
    let cancel = CancellationToken::new();
    let sending = async {
        loop {
            let end = uploader.drain(&cancel).await.map_err(settings::as_error)?;
            let due = uploader.backlog().next_due().filter(|_| end == End::Empty);
            let Some(due) = due else {
                return Ok(end);
            };
            tokio::select! {
                () = cancel.cancelled() => return Ok(End::Cancelled),
                () = tokio::time::sleep_until(due) => {}
            }
        }
    };
    let end =
        settings::runtime()?.block_on(teller.while_telling(&mut context.printer, &cancel, sending));
    let is_answered = matches!(
        end,
        Ok(End::Empty
            | End::Stopped {
                cause: StopCause::RefusesAll { .. },
                ..
            })
    );
    odd_lines.tell(context);
    let accepted = uploader.receipt().accepted;
    let exit = finish(
        args,
        end,
        uploader.receipt(),
        odd_lines.passed_over(),
        context,
    );
    match args.expect {
        Some(expected) if is_answered && expected.get() != accepted => {
            if let Err(error) = exit {
                context.printer.warn(in_one_line(&error));
            }
            context.printer.warn(format_args!(
                "expected {expected} accepted records, found {accepted}"
            ));
            Ok(Exit::Partial)
        }
        _ => exit.map(|exit| odd_lines.exit(exit)),
    }
}

/// Whether this host may be replayed to.
fn refuse_production(
    args: &UploadArgs,
    endpoint: &Endpoint,
    hosts: &[String],
) -> anyhow::Result<()> {
    let is_production = hosts
        .iter()
        .any(|host| host.eq_ignore_ascii_case(endpoint.host()));
    if is_production && !args.allow_production {
        bail!(Error::usage(format!(
            "{} is marked as production in the configuration: replay elsewhere, or add --allow-production",
            endpoint.host()
        )));
    }
    Ok(())
}

fn locations(args: &UploadArgs) -> anyhow::Result<Vec<Location>> {
    let locations: Vec<Location> = args
        .sources
        .iter()
        .map(|source| {
            let Ok(location) = source.parse();
            location
        })
        .collect();
    if locations.is_empty() {
        bail!(Error::usage(
            "nothing to replay: name a queue folder or a JSONL file"
        ));
    }
    Ok(locations)
}

/// How far to move timestamps: with a speed the first record is now, else the
/// last, so that none lies in the future.
fn restamp(args: &UploadArgs, locations: &[Location], config: &Config) -> anyhow::Result<Restamp> {
    match args.restamp {
        RestampArg::Keep => return Ok(Restamp::Keep),
        RestampArg::Now => return Ok(Restamp::Now),
        RestampArg::Shift => {}
    }
    if locations.contains(&Location::Stdin) {
        bail!(Error::usage(
            "--restamp shift reads the sources twice, which stdin does not allow"
        ));
    }
    let mut times: Option<(DateTime<Utc>, DateTime<Utc>)> = None;
    for record in records(locations, &OddLines::default(), config)? {
        if let Some(time) = record.map_err(anyhow::Error::from_boxed)?.timestamp() {
            let (first, last) = times.unwrap_or((time, time));
            times = Some((first.min(time), last.max(time)));
        }
    }
    let anchor = times.map(|(first, last)| match args.speed {
        Speed::Max => last,
        Speed::Times(_) => first,
    });
    Ok(anchor.map_or(Restamp::Keep, |anchor| Restamp::Shift(Utc::now() - anchor)))
}

/// Lines of the sources that are no records: how many, and what is wrong with
/// the first of them.
#[derive(Clone, Debug, Default)]
struct OddLines(Arc<Mutex<(u64, String)>>);

impl OddLines {
    fn add(&self, notice: &Notice) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.0 == 0 {
            lines.1 = notice.to_string();
        }
        lines.0 += 1;
    }

    /// How many there were. What could be read of them all the same came as
    /// records, which nobody counted apart.
    fn passed_over(&self) -> PassedOver {
        PassedOver {
            damaged: self.0.lock().unwrap_or_else(PoisonError::into_inner).0,
            salvaged: 0,
        }
    }

    /// How a replay ends that left some of its lines behind: a fixture that
    /// holds less than one thinks must not pass for one that was sent.
    fn exit(&self, exit: Exit) -> Exit {
        match exit {
            Exit::Done if self.passed_over().damaged > 0 => Exit::Damage,
            exit => exit,
        }
    }

    /// A fixture that holds less than one thinks is worth a warning.
    fn tell(&self, context: &mut Context) {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, first) = &*lines;
        if *count > 0 {
            let count = counted(*count, "line");
            context.printer.warn(format_args!(
                "{count} held no record and went nowhere; the first: {first}"
            ));
        }
    }
}

/// The records of the sources; lines that are none are passed over.
fn records(
    locations: &[Location],
    odd_lines: &OddLines,
    config: &Config,
) -> anyhow::Result<Records> {
    let options = source::Options {
        token: sources::token(config)?,
        access: sources::access(),
        ..source::Options::default()
    };
    let items = source::open(locations, options).map_err(sources::failed)?;
    let odd_lines = odd_lines.clone();
    Ok(Box::new(items.filter_map(move |item| match item {
        Ok(item) => match item.event {
            Event::Record(record) => Some(Ok(record)),
            Event::Notice(notice) => {
                odd_lines.add(&notice);
                None
            }
        },
        Err(error) => Some(Err(BacklogError::from(sources::failed(error)))),
    })))
}
