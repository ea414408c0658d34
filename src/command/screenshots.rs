//! Sending the screenshots that wait beside a queue.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::bail;

use super::stop::Signals;
use super::upload::settings;
use crate::error::in_one_line;
use crate::output::{Printer, counted};
use crate::screenshot::{Event, Folder, send_all};
use crate::upload::{Credential, HttpTransport};

/// What became of the screenshots, to be told when there is room for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    sent: u64,
    refused: u64,
    /// What the server said to the last one that it refused.
    refusal: String,
    /// Why the last ones were not sent.
    failure: Option<String>,
}

impl Tally {
    /// Counts what happens.
    pub(super) fn count(&self, event: &Event<'_>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Sent => {
                counts.sent += 1;
                counts.failure = None;
            }
            Event::Refused { reason } => {
                counts.refused += 1;
                counts.refusal = (*reason).to_owned();
            }
            Event::Failed(error) => counts.failure = Some(error.to_string()),
        }
    }

    /// Tells it. What cannot be sent now is worth a warning: it is tried again
    /// with the next upload, and the records are through.
    pub(super) fn tell(&self, printer: &mut Printer) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.sent > 0 {
            printer.note(format_args!("{} sent", counted(counts.sent, "screenshot")));
        }
        if counts.refused > 0 {
            let refused = counted(counts.refused, "screenshot");
            printer.warn(format_args!("{refused} given up: {}", counts.refusal));
        }
        if let Some(failure) = &counts.failure {
            printer.warn(failure);
        }
    }
}

/// Sends what waits, once. A signal to stop ends it at once: what waits is on
/// the disk.
pub(super) fn send(
    queue: &Path,
    transport: &HttpTransport,
    credential: anyhow::Result<Credential>,
    printer: &mut Printer,
) {
    let tally = Tally::default();
    let folder = Folder::of_queue(queue);
    let result = credential.and_then(|credential| {
        settings::runtime()?.block_on(async {
            let mut stop = Signals::new()?;
            let sending = send_all(&folder, transport, &credential, |event| tally.count(&event));
            tokio::select! {
                result = sending => Ok(result?),
                () = stop.next() => bail!(
                    "interrupted; screenshots that are not sent yet wait in {} for a later upload",
                    folder.path().display()
                ),
            }
        })
    });
    tally.tell(printer);
    if let Err(error) = result {
        printer.warn(in_one_line(&error));
    }
}
