//! Tells a person what an upload does while it runs.

use std::future::Future;

use anyhow::bail;
use bytesize::ByteSize;
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

use super::metrics::RequestTimes;
use crate::command::stop::Signals;
use crate::output::progress::{Progress, Unit};
use crate::output::{Printer, counted, safe};
use crate::screenshot;
use crate::upload::{Event, Observer, PassedOver, Receipt, Spelling};

/// What the uploader's observer passes on.
enum Told {
    Delivered(u64),
    Answered { ms: f64, bytes: u64 },
    Detail(String),
    Note(String),
    Warning(String),
}

/// Receives what the uploader tells, and prints it.
pub(super) struct Teller {
    sender: UnboundedSender<Told>,
    receiver: UnboundedReceiver<Told>,
    progress: Progress,
    shows_progress: bool,
    delivered: u64,
    bytes: u64,
    warnings: usize,
    times: Option<RequestTimes>,
}

/// How many refused records are told one by one.
const MAX_WARNINGS: usize = 5;

impl Teller {
    pub(super) fn new(printer: &Printer, times: Option<RequestTimes>) -> Teller {
        let (sender, receiver) = unbounded_channel();
        Teller {
            sender,
            receiver,
            progress: Progress::new(printer, 0, "uploading", Unit::Records),
            shows_progress: printer.shows_progress(),
            delivered: 0,
            bytes: 0,
            warnings: 0,
            times,
        }
    }

    /// Says how many records there are, if someone looks at the progress:
    /// counting them takes a while.
    pub(super) fn expect(&mut self, count: impl FnOnce() -> Option<u64>) {
        if self.shows_progress
            && let Some(total) = count()
        {
            self.progress.set_total(total);
        }
    }

    pub(super) fn observer(&self) -> Box<dyn Observer> {
        let sender = self.sender.clone();
        Box::new(move |event: &Event<'_>| {
            // Nobody listens any more once the upload is over.
            let _ = sender.send(told(event));
        })
    }

    /// What is told of the screenshots.
    pub(super) fn screenshots(&self) -> impl Fn(screenshot::Event<'_>) + Send + use<> {
        let sender = self.sender.clone();
        move |event| {
            let told = match event {
                screenshot::Event::Sent => Told::Detail("a screenshot was sent".to_owned()),
                screenshot::Event::Refused { reason } => {
                    Told::Warning(format!("a screenshot was given up: {reason}"))
                }
                screenshot::Event::Failed(error) => Told::Warning(error.to_string()),
            };
            // Nobody listens any more once the upload is over.
            let _ = sender.send(told);
        }
    }

    /// Runs `sending` to its end and prints what is told meanwhile. The first
    /// signal to stop cancels, a second one ends it at once.
    pub(super) async fn while_telling<O>(
        &mut self,
        printer: &mut Printer,
        cancel: &CancellationToken,
        sending: impl Future<Output = anyhow::Result<O>>,
    ) -> anyhow::Result<O> {
        let mut stop = Signals::new()?;
        let mut sending = std::pin::pin!(sending);
        loop {
            tokio::select! {
                output = &mut sending => {
                    self.tell_rest(printer);
                    return output;
                }
                Some(told) = self.receiver.recv() => self.print(told, printer),
                () = stop.next() => {
                    if cancel.is_cancelled() {
                        bail!("interrupted; not all was sent");
                    }
                    cancel.cancel();
                }
            }
        }
    }

    /// Prints what is told and not printed yet.
    pub(super) fn tell_rest(&mut self, printer: &mut Printer) {
        while let Ok(told) = self.receiver.try_recv() {
            self.print(told, printer);
        }
    }

    fn print(&mut self, told: Told, printer: &mut Printer) {
        match told {
            Told::Delivered(records) => {
                self.delivered += records;
                self.progress.set(self.delivered);
            }
            Told::Answered { ms, bytes } => {
                self.bytes += bytes;
                self.progress.set_bytes(self.bytes);
                if let Some(times) = &self.times {
                    times.push(ms);
                }
            }
            Told::Detail(text) => self.progress.aside(|| printer.detail(safe::escape(&text))),
            Told::Note(text) => self.progress.aside(|| printer.note(safe::escape(&text))),
            Told::Warning(text) => {
                self.warnings += 1;
                let is_shown = self.warnings <= MAX_WARNINGS;
                self.progress.aside(|| match is_shown {
                    true => printer.warn(text),
                    false => printer.detail(safe::escape(&text)),
                });
            }
        }
    }
}

fn told(event: &Event<'_>) -> Told {
    match event {
        Event::Attempted(attempt) if attempt.status.is_some() => Told::Answered {
            ms: attempt.ms,
            bytes: attempt.bytes as u64,
        },
        Event::Attempted(attempt) => Told::Detail(attempt.trouble.clone()),
        Event::Delivered { records } => Told::Delivered(*records as u64),
        Event::Buried { status, reason } => {
            let status = status.map_or_else(String::new, |status| format!("{status} "));
            Told::Warning(format!(
                "a record went to the dead letters: {status}{reason}"
            ))
        }
        Event::Waiting {
            pause,
            status,
            reason,
        } => Told::Note(format!(
            "{}; trying again in {:.1} s",
            trouble(*status, reason),
            pause.as_secs_f64()
        )),
        Event::Respelled(Spelling::Snake) => {
            Told::Detail("the server wants snake_case keys: it gets them".to_owned())
        }
        Event::Respelled(Spelling::Camel) => {
            Told::Detail("the server wants camelCase keys: it gets them".to_owned())
        }
        Event::Trouble { reason } => Told::Warning((*reason).to_owned()),
        Event::Stopped { status, reason, .. } => {
            Told::Detail(format!("stopped by {status} {reason}"))
        }
    }
}

/// What is wrong with an answer, or why there is none.
pub(super) fn trouble(status: Option<u16>, reason: &str) -> String {
    match (status, reason) {
        (None, reason) => reason.to_owned(),
        (Some(status), "") => format!("the server answered {status}"),
        (Some(status), reason) => format!("the server answered {status} ({reason})"),
    }
}

/// What an upload came to: what was sent, and what could not be.
#[derive(Serialize)]
pub(super) struct Account<'a> {
    #[serde(flatten)]
    pub(super) receipt: &'a Receipt,
    #[serde(flatten)]
    pub(super) damage: PassedOver,
}

/// The result in a sentence.
pub(super) fn summary(account: &Account<'_>) -> String {
    let receipt = account.receipt;
    let mut text = format!("{} accepted", counted(receipt.accepted, "record"));
    let requests = receipt.attempts - receipt.unconnected;
    if requests > 0 || receipt.attempts == 0 {
        let bytes = ByteSize(receipt.bytes).display().si();
        text += &format!(" in {} ({bytes})", counted(requests, "request"));
    }
    for (number, what) in [
        (receipt.duplicates, "had been sent before"),
        (receipt.rejected, "rejected"),
        (receipt.dead_lettered, "in the dead letters"),
    ] {
        if number > 0 {
            text.push_str(&format!(", {number} {what}"));
        }
    }
    text += &damage(account.damage, true);
    if receipt.unconnected > 0 {
        let attempts = counted(receipt.unconnected, "attempt");
        text += &format!("; {attempts} to connect failed");
    }
    text
}

/// The end of a sentence on what was passed over; empty if nothing was.
/// `is_sent` says whether the rest was sent, or would be.
pub(super) fn damage(damage: PassedOver, is_sent: bool) -> String {
    if damage.damaged == 0 {
        return String::new();
    }
    let lines = counted(damage.damaged, "damaged line");
    match damage.salvaged {
        0 => format!(", {lines} passed over"),
        count => {
            let fate = match (is_sent, count) {
                (false, _) => "would go",
                (true, 1) => "was sent",
                (true, _) => "were sent",
            };
            let records = counted(count, "whole record");
            format!("; {lines}; {records} in them {fate}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_of_damaged_lines_is_no_part_of_what_was_not() {
        let told = |damaged, salvaged, is_sent| damage(PassedOver { damaged, salvaged }, is_sent);
        assert_eq!(told(0, 0, true), "");
        assert_eq!(told(1, 0, true), ", 1 damaged line passed over");
        assert_eq!(
            told(5, 2, true),
            "; 5 damaged lines; 2 whole records in them were sent"
        );
        assert_eq!(
            told(2, 1, true),
            "; 2 damaged lines; 1 whole record in them was sent"
        );
        assert_eq!(
            told(2, 1, false),
            "; 2 damaged lines; 1 whole record in them would go"
        );
    }
}
