//! `soliplex upload`: ships a queue, fixtures or dead letters to a server.

mod dry_run;
mod follow;
mod metrics;
mod replay;
pub(super) mod settings;
mod telling;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tokio_util::sync::CancellationToken;

use super::{Context, queue_folder, sanitizer::sanitizer, screenshots, shipped, target};
use crate::cli::upload::{ResultFormat, UploadArgs};
use crate::config::Config;
use crate::error::{Error, Exit, in_one_line};
use crate::output::{Printer, counted, shell};
use crate::queue::{self, LogQueue, Queue, QueueError, read_pending};
use crate::sanitize::Sanitizer;
use crate::source::Location;
use crate::upload::{
    Backlog, DeadLetters, End, PassedOver, QueueBacklog, Receipt, StopCause, Uploader,
    export_dead_letters, holds_dead_letters,
};
use metrics::RequestTimes;
use telling::{Account, Teller};

/// What `--export` writes.
const LETTERS: target::Kind = target::Kind {
    flag: "--export",
    name: "copy of dead letters",
    example: "letters.jsonl",
    is_one: holds_dead_letters,
};

pub(super) fn run(args: UploadArgs, context: &mut Context) -> anyhow::Result<Exit> {
    if args.replay {
        return replay::run(&args, context);
    }
    let folder = folder(&args, context)?;
    if args.dry_run {
        return dry_run::of_queue(&args, &folder, context);
    }
    if let Some(target) = &args.export {
        target::check(target, &LETTERS, &[Location::path(&folder)])?;
        let count = export_dead_letters(&folder, target).map_err(anyhow::Error::from_boxed)?;
        context
            .printer
            .note(format_args!("{count} dead letters in {}", target.display()));
        return Ok(Exit::Done);
    }
    if args.follow {
        return follow::run(&args, &folder, context);
    }
    if args.dead_letter {
        return resend(&args, &folder, context);
    }
    let queue = open(&folder)?;
    let backlog = QueueBacklog::new(queue.drainer()?);
    let times = args.metrics.then(RequestTimes::default);
    let sanitizer = sanitizer(&context.config)?;
    let (mut uploader, mut teller) = prepare(&args, backlog, times.clone(), &sanitizer, context)?;
    teller.expect(|| pending(&folder));
    let end = drain(&mut uploader, &mut teller, context);
    if matches!(end, Ok(End::Empty)) {
        let endpoint = settings::endpoint(args.endpoint.as_deref(), &context.config)?;
        let transport = settings::transport(endpoint, args.timeout, &sanitizer)?;
        let credential =
            settings::credential(&args.token_env, args.token_file.as_ref(), &context.config);
        screenshots::send(&folder, &transport, credential, &mut context.printer);
    }
    keep_times(times, &queue, context);
    let damage = passed_over(uploader.backlog().passed_over(), &end, &folder);
    let exit = finish(&args, end, uploader.receipt(), damage, context);
    hint_at_damage(damage, &folder, &mut context.printer);
    exit
}

/// What was passed over between the records of a queue, and behind the last of
/// them once all are sent.
fn passed_over(between: PassedOver, end: &anyhow::Result<End>, folder: &Path) -> PassedOver {
    let mut damage = between;
    if matches!(end, Ok(End::Empty))
        && let Ok(entries) = read_pending(folder)
    {
        for entry in entries.map_while(Result::ok) {
            if let queue::Entry::Damage(stretch) = entry {
                damage.add(&stretch);
            }
        }
    }
    damage
}

/// Says how to see what of a queue is no record, and what to do about it.
fn hint_at_damage(damage: PassedOver, folder: &Path, printer: &mut Printer) {
    if damage.damaged > 0 {
        let folder = folder.to_string_lossy();
        let folder = shell::quoted(&folder);
        printer.warn(format_args!(
            "the queue is damaged: `soliplex queue inspect {folder} --verify` shows where, `soliplex queue repair {folder} --out DIR` saves what can be read"
        ));
    }
}

/// Queues the times of requests. That they cannot be kept is worth a warning:
/// what was sent is sent.
fn keep_times(times: Option<RequestTimes>, queue: &Queue, context: &mut Context) {
    let Some(times) = times else {
        return;
    };
    let kept = metrics::identity(&context.config)
        .map_err(anyhow::Error::from)
        .and_then(|identity| times.queue(queue, &identity));
    if let Err(error) = kept {
        context.printer.warn(format_args!(
            "request times were not kept: {}",
            in_one_line(&error)
        ));
    }
}

/// The one queue that is meant.
fn folder(args: &UploadArgs, context: &Context) -> anyhow::Result<PathBuf> {
    match args.sources.as_slice() {
        [] => Ok(queue_folder(&context.config)?.to_owned()),
        [source] => {
            let folder = PathBuf::from(source);
            if folder.is_file() {
                bail!(Error::usage(format!(
                    "{source} is a file, not a queue: send what is in it with --replay"
                )));
            }
            if !folder.is_dir() {
                bail!(QueueError::Missing(folder));
            }
            Ok(folder)
        }
        _ => bail!(Error::usage(
            "one queue at a time; --replay takes several sources"
        )),
    }
}

fn open(folder: &Path) -> Result<Queue, QueueError> {
    Queue::open(folder, queue::Options::default())
}

/// How many records wait in a queue, as far as that can be told.
fn pending(folder: &Path) -> Option<u64> {
    let entries = read_pending(folder).ok()?;
    Some(
        entries
            .filter(|entry| matches!(entry, Ok(queue::Entry::Record(_))))
            .count() as u64,
    )
}

/// An uploader over HTTP of what the flags and the configuration say.
type HttpUploader<B> = Uploader<crate::upload::HttpTransport, B>;

fn prepare<B: Backlog>(
    args: &UploadArgs,
    backlog: B,
    times: Option<RequestTimes>,
    sanitizer: &Sanitizer,
    context: &Context,
) -> anyhow::Result<(HttpUploader<B>, Teller)> {
    let endpoint = settings::endpoint(args.endpoint.as_deref(), &context.config)?;
    if let Some(path) = &args.receipt {
        // Better no upload than one that nobody can account for.
        let mut options = fs::OpenOptions::new();
        let opened = options.append(true).create(true).open(path);
        opened.with_context(|| format!("cannot write the receipt {}", path.display()))?;
    }
    let teller = Teller::new(&context.printer, times);
    let options = settings::options(args, &context.config, sanitizer, teller.observer())?;
    let transport = settings::transport(endpoint, args.timeout, sanitizer)?;
    let tokens = settings::tokens(args, &context.config)?;
    Ok((Uploader::new(transport, backlog, tokens, options), teller))
}

/// Sends everything, telling what happens; a signal ends it early.
fn drain<B: Backlog>(
    uploader: &mut HttpUploader<B>,
    teller: &mut Teller,
    context: &mut Context,
) -> anyhow::Result<End> {
    let cancel = CancellationToken::new();
    let sending = async {
        let end = uploader.drain(&cancel).await;
        end.map_err(settings::as_error)
    };
    settings::runtime()?.block_on(teller.while_telling(&mut context.printer, &cancel, sending))
}

/// Sends the dead letters again.
fn resend(args: &UploadArgs, folder: &Path, context: &mut Context) -> anyhow::Result<Exit> {
    let queue = open(folder)?;
    let letters = DeadLetters::open(folder, queue.drainer()?).map_err(anyhow::Error::from_boxed)?;
    let sanitizer = sanitizer(&context.config)?;
    let (mut uploader, mut teller) = prepare(args, letters, None, &sanitizer, context)?;
    let mut end = drain(&mut uploader, &mut teller, context);
    // What went through before an error is through all the same.
    if let Err(error) = uploader.backlog().finish() {
        end = end.and(Err(anyhow::Error::from_boxed(error)));
    }
    let unreadable = uploader.backlog().unreadable();
    if unreadable > 0 {
        context.printer.warn(format_args!(
            "{unreadable} lines are no dead letters: left where they are"
        ));
    }
    finish(
        args,
        end,
        uploader.receipt(),
        PassedOver::default(),
        context,
    )
}

/// Accounts for what was sent, however sending ended, and says how the command
/// ends: keeps and prints the result and writes the receipt.
fn finish(
    args: &UploadArgs,
    end: anyhow::Result<End>,
    receipt: &Receipt,
    damage: PassedOver,
    context: &mut Context,
) -> anyhow::Result<Exit> {
    let endpoint = settings::endpoint(args.endpoint.as_deref(), &context.config)?;
    let exit = end
        .and_then(|end| Ok(exit_of(args, &end, receipt, &context.config)?))
        .with_context(|| format!("upload to {}", endpoint.url()));
    if !args.replay {
        let problem = exit
            .as_ref()
            .err()
            .map(|error| error.root_cause().to_string());
        let delivered = receipt.accepted + receipt.duplicates;
        shipped::remember(
            delivered,
            problem.as_deref(),
            &context.config,
            &mut context.printer,
        );
    }
    let account = Account { receipt, damage };
    let written = write_receipt(args, &account);
    match args.format {
        ResultFormat::Json => context.printer.json(&account)?,
        ResultFormat::Table => context.printer.line(telling::summary(&account))?,
    }
    exit.and_then(|exit| written.map(|()| exit))
}

fn write_receipt(args: &UploadArgs, account: &Account<'_>) -> anyhow::Result<()> {
    let Some(path) = &args.receipt else {
        return Ok(());
    };
    let json = serde_json::to_string_pretty(account)? + "\n";
    fs::write(path, json).with_context(|| format!("cannot write the receipt {}", path.display()))
}

/// Whether requests carry a token.
fn has_token(args: &UploadArgs, config: &Config) -> bool {
    let file = settings::chosen_token_file(args.token_file.as_deref(), config);
    args.token_env.is_some() || file.is_some()
}

fn exit_of(
    args: &UploadArgs,
    end: &End,
    receipt: &Receipt,
    config: &Config,
) -> Result<Exit, Error> {
    match end {
        End::Empty if receipt.dead_lettered > 0 => Ok(Exit::Partial),
        End::Empty => Ok(Exit::Done),
        End::Cancelled => Err(Error::new(
            Exit::Failed,
            match args.replay {
                true => "interrupted; not all was sent",
                false => "interrupted; what is not sent yet stays in the queue",
            },
        )),
        End::Held => Err(Error::new(
            Exit::Failed,
            "nothing may be sent now; it stays in the queue",
        )),
        End::NoToken => Err(Error::new(Exit::Refused, "there is no token yet")),
        End::Stopped {
            cause: StopCause::Unauthorized,
            status,
            reason,
        } => Err(Error::new(
            Exit::Refused,
            match has_token(args, config) {
                true => format!(
                    "the server refused the token with {status}{}; nothing is lost, try again with another token",
                    quoted(reason)
                ),
                false => format!(
                    "the server wants a token, {status}{}; nothing is lost, give one with --token-file or --token-env",
                    quoted(reason)
                ),
            },
        )),
        End::Stopped {
            cause: StopCause::NoEndpoint,
            status,
            reason,
        } => Err(Error::new(
            Exit::Unreachable,
            format!(
                "the server answered {status}{}; nothing is lost, check the endpoint",
                quoted(reason)
            ),
        )),
        End::Stopped {
            cause: StopCause::RefusesAll { records },
            status,
            reason,
        } => Err(Error::new(
            Exit::Failed,
            format!(
                "the server refused {} with {status}{} and has taken none; nothing is lost, check the endpoint and --wire, or set them aside with --bury-all",
                counted(*records as u64, "record"),
                quoted(reason)
            ),
        )),
        End::GaveUp { status, reason } => Err(Error::new(
            Exit::Unreachable,
            format!(
                "gave up: {}; nothing is lost, try again later or see what `soliplex doctor` finds",
                telling::trouble(*status, reason)
            ),
        )),
    }
}

/// What a server says, if it says anything.
fn quoted(reason: &str) -> String {
    if reason.is_empty() {
        String::new()
    } else {
        format!(" ({reason})")
    }
}
