//! `soliplex upload --dry-run`

use std::path::Path;

use bytesize::ByteSize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Context, hint_at_damage, sanitizer, settings, telling};
use crate::cli::upload::{ResultFormat, UploadArgs};
use crate::error::Exit;
use crate::output::counted;
use crate::output::{Printer, table};
use crate::queue::{Entries, Entry, QueueError, read_pending};
use crate::upload::{
    Backlog, BacklogError, Letter, PassedOver, Rehearsal, RehearsedRequest, Silent, TokenSource,
    Uploader,
};

/// Shows what is in a queue as requests. Changes nothing in it.
pub(super) fn of_queue(
    args: &UploadArgs,
    folder: &Path,
    context: &mut Context,
) -> anyhow::Result<Exit> {
    let entries = match read_pending(folder) {
        Ok(entries) => Some(entries),
        Err(QueueError::Missing(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let pending = Pending {
        entries,
        damage: PassedOver::default(),
    };
    let damage = of_backlog(args, pending, |pending| pending.damage, context)?;
    hint_at_damage(damage, folder, &mut context.printer);
    Ok(Exit::Done)
}

/// Shows what is in a backlog as requests, and says what of it is in none.
pub(super) fn of_backlog<B: Backlog>(
    args: &UploadArgs,
    backlog: B,
    passed_over: impl FnOnce(&B) -> PassedOver,
    context: &mut Context,
) -> anyhow::Result<PassedOver> {
    let sanitizer = sanitizer(&context.config)?;
    let options = settings::options(args, &context.config, &sanitizer, Box::new(Silent))?;
    let rehearsal = Rehearsal::default();
    let mut uploader = Uploader::new(rehearsal.clone(), backlog, TokenSource::Anonymous, options);
    settings::runtime()?
        .block_on(uploader.drain(&CancellationToken::new()))
        .map_err(settings::as_error)?;
    let requests = rehearsal.requests();
    let damage = passed_over(&uploader.backlog());
    match args.format {
        ResultFormat::Json => context.printer.json(&json!({
            "requests": requests,
            "damaged": damage.damaged,
            "salvaged": damage.salvaged,
        }))?,
        ResultFormat::Table => print(&requests, damage, &mut context.printer)?,
    }
    Ok(damage)
}

fn print(
    requests: &[RehearsedRequest],
    damage: PassedOver,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let records: usize = requests.iter().map(|request| request.records).sum();
    let bytes: usize = requests.iter().map(|request| request.bytes).sum();
    printer.line(format_args!(
        "{} would go in {} ({}){}",
        counted(records as u64, "record"),
        counted(requests.len() as u64, "request"),
        ByteSize(bytes as u64).display().si(),
        telling::damage(damage, false),
    ))?;
    let rows = requests.iter().enumerate().map(|(index, request)| {
        let verdict = match request.complaints.first() {
            None => "takes it".to_owned(),
            Some(first) => format!(
                "rejects all of it for {}; record {}: {}",
                counted(request.complaints.len() as u64, "record"),
                first.index + 1,
                first.reason
            ),
        };
        vec![
            (index + 1).to_string(),
            request.records.to_string(),
            ByteSize(request.bytes as u64).display().si().to_string(),
            verdict,
        ]
    });
    let headings = ["request", "records", "size", "the deployed backend"];
    let text = table::render(&headings, rows, &[0, 1, 2], printer.width());
    if !requests.is_empty() {
        printer.line(text)?;
    }
    Ok(())
}

/// What waits in a queue, read without its lock.
struct Pending {
    entries: Option<Entries>,
    damage: PassedOver,
}

impl Backlog for Pending {
    fn next(&mut self, records: usize, bytes: usize) -> Result<Vec<Vec<u8>>, BacklogError> {
        let mut lines = Vec::new();
        let mut used = 0;
        while lines.len() < records && used < bytes {
            match self.entries.as_mut().and_then(Iterator::next) {
                Some(Ok(Entry::Record(line))) => {
                    used += line.len();
                    lines.push(line);
                }
                Some(Ok(Entry::Damage(damage))) => self.damage.add(&damage),
                Some(Err(error)) => return Err(error.into()),
                None => break,
            }
        }
        Ok(lines)
    }

    fn confirm(&mut self, _: usize) -> Result<(), BacklogError> {
        Ok(())
    }

    fn bury(&mut self, _: &[Letter]) -> Result<(), BacklogError> {
        Ok(())
    }
}
