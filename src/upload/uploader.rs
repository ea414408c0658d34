//! Sends a backlog, batch by batch, until it is empty or something stops it.

use std::future::Future;
use std::ops::DerefMut;
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backlog::{Backlog, BacklogError, Letter};
use super::body::{BodyBuilder, Resource};
use super::observer::{Event, Observer, Silent};
use super::plan::{Parcel, Plan, Task, Trouble};
use super::receipt::{Attempt, Receipt, milliseconds};
use super::reply::{self, Outcome};
use super::retry::{self, Decision, Facts, StopCause};
use super::supply::{Load, Supply};
use super::token::{Credential, TokenError, TokenSource};
use super::transport::{Transport, TransportError};
use super::wire::{Spelling, Wire};
use crate::record::MAX_RECORD_BYTES;

/// How long a request that is under way may take once sending is cancelled.
const CANCEL_GRACE: Duration = Duration::from_secs(2);

/// How long records that are through may at least stay unconfirmed while more
/// are being sent; what a crash leaves unconfirmed is sent again.
const CONFIRM_INTERVAL: Duration = Duration::from_millis(200);

/// A disk takes 15 to 70 ms for a confirmation. The next one waits so many
/// times as long, so that they take a twentieth of the time.
const CONFIRM_SHARE: u32 = 20;

/// How many records a server may refuse before it has taken a single one.
const MAX_REFUSED_AT_FIRST: usize = 200;

/// How an upload is done.
pub struct Options {
    /// The most records in a request.
    pub batch_records: usize,
    /// The most bytes in a request's body.
    pub max_body_bytes: usize,
    /// The spelling of keys.
    pub wire: Wire,
    /// What the payload says about the app and the device.
    pub resource: Resource,
    /// How many requests in a row may fail before the upload gives up; `None`
    /// for as many as it takes.
    pub max_failures: Option<u32>,
    /// How many records the server may refuse before it has taken the first:
    /// then it is rather the server that is wrong than all the records, and
    /// they stay where they are. So they do if it has refused all there were.
    /// `None` buries them all.
    pub max_refused_at_first: Option<usize>,
    /// Asked before each request: `false` leaves the records for later.
    pub may_send: Option<MaySend>,
    /// Applied to lines before they are sent, such as a sanitizer.
    pub line_hook: Option<LineHook>,
    /// Is told what happens.
    pub observer: Box<dyn Observer>,
}

/// Says whether anything may be sent just now.
pub type MaySend = Box<dyn Fn() -> bool + Send + Sync>;

/// Turns record lines into the lines that are sent in their places. It gets many at once, and may
/// be called on several threads.
pub type LineHook = Box<dyn Fn(&mut [Vec<u8>]) + Send + Sync>;

impl Default for Options {
    fn default() -> Options {
        Options {
            batch_records: 100,
            max_body_bytes: 900_000,
            wire: Wire::Auto,
            resource: Resource::new(),
            max_failures: None,
            max_refused_at_first: Some(MAX_REFUSED_AT_FIRST),
            may_send: None,
            line_hook: None,
            observer: Box::new(Silent),
        }
    }
}

/// Why [`Uploader::drain`] returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything is through.
    Empty,
    /// It was cancelled.
    Cancelled,
    /// There is no token yet.
    NoToken,
    /// [`Options::may_send`] says no.
    Held,
    /// The server refuses, and will until something changes.
    Stopped {
        /// What has to change.
        cause: StopCause,
        /// The status of the answer.
        status: u16,
        /// What the server says.
        reason: String,
    },
    /// Too many requests in a row failed.
    GaveUp {
        /// The status of the last answer, if there was one.
        status: Option<u16>,
        /// What was wrong with the last one.
        reason: String,
    },
}

/// Why an upload cannot go on, apart from what a server says.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The token cannot be used.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The backlog cannot be read or written; its text names the file.
    #[error("{0}")]
    Backlog(BacklogError),
}

/// Sends the records of one backlog to one endpoint.
///
/// Records are confirmed only after a complete, well-formed 2xx for exactly
/// these, soon and at the latest when [`Uploader::drain`] returns. What cannot
/// be delivered is buried in the backlog with the reason; nothing is ever
/// discarded.
pub struct Uploader<T, B> {
    transport: T,
    supply: Supply<B>,
    tokens: TokenSource,
    options: Options,
    bodies: BodyBuilder,
    plan: Plan,
    spelling: Spelling,
    respellings: u8,
    failures: u32,
    refused: Option<(Credential, End)>,
    /// What is to be buried before anything is confirmed.
    letters: Vec<Letter>,
    /// Whether the server has taken a record, or a request but for records
    /// that it names: it is the right one.
    has_accepted: bool,
    /// How many records are through but not confirmed yet.
    unconfirmed: usize,
    confirm_due: Instant,
    receipt: Receipt,
}

impl<T: Transport, B: Backlog> Uploader<T, B> {
    /// An uploader that has sent nothing yet.
    pub fn new(
        transport: T,
        backlog: B,
        tokens: TokenSource,
        mut options: Options,
    ) -> Uploader<T, B> {
        let bodies = BodyBuilder::new(&options.resource);
        let spelling = match options.wire {
            Wire::Auto | Wire::Camel => Spelling::Camel,
            Wire::Snake => Spelling::Snake,
        };
        Uploader {
            transport,
            supply: Supply::new(
                backlog,
                bodies.clone(),
                options.line_hook.take(),
                (options.batch_records, options.max_body_bytes),
                spelling,
            ),
            tokens,
            bodies,
            spelling,
            options,
            plan: Plan::default(),
            respellings: 0,
            failures: 0,
            refused: None,
            letters: Vec::new(),
            has_accepted: false,
            unconfirmed: 0,
            confirm_due: Instant::now(),
            receipt: Receipt::default(),
        }
    }

    /// The account of everything up to now.
    pub fn receipt(&mut self) -> &Receipt {
        self.receipt.finish();
        &self.receipt
    }

    /// The backlog.
    pub fn backlog(&mut self) -> impl DerefMut<Target = B> {
        self.supply.backlog()
    }

    /// The spelling of keys that the endpoint is spoken to in.
    pub fn spelling(&self) -> Spelling {
        self.spelling
    }

    /// Sends until the backlog is empty, something stops it, or `cancel` is
    /// called; a request under way then has two more seconds.
    ///
    /// May be called again after any end. After a 401 or 403 it returns at
    /// once until the token is another one.
    ///
    /// # Errors
    ///
    /// A token that no header can carry, and a backlog that fails.
    pub async fn drain(&mut self, cancel: &CancellationToken) -> Result<End, UploadError> {
        let end = self.send_all(cancel).await;
        if matches!(end, Ok(End::Empty)) {
            self.settle_up()?;
        } else {
            self.write_down()?;
        }
        end
    }

    async fn send_all(&mut self, cancel: &CancellationToken) -> Result<End, UploadError> {
        let mut may_hold_more = true;
        self.failures = 0;
        loop {
            if cancel.is_cancelled() {
                return Ok(End::Cancelled);
            }
            let credential = self.tokens.credential()?;
            if let Some((refused, end)) = &self.refused
                && *refused == credential
            {
                return Ok(end.clone());
            }
            let task = self.plan.next(may_hold_more);
            match task {
                Task::Nothing => return Ok(self.refused_everything(1).unwrap_or(End::Empty)),
                Task::Fetch => {
                    let max = self.options.max_refused_at_first.unwrap_or(usize::MAX);
                    if let Some(end) = self.refused_everything(max) {
                        return Ok(end);
                    }
                    may_hold_more = self.fetch()?;
                    continue;
                }
                Task::Send(_) | Task::SendCopy => {}
            }
            if self.options.may_send.as_ref().is_some_and(|may| !may()) {
                return Ok(End::Held);
            }
            if credential == Credential::Pending {
                return Ok(End::NoToken);
            }
            let parcel = match &task {
                Task::Send(parcel) => Some(parcel),
                _ => None,
            };
            let Some(outcome) = self.attempt(parcel, &credential, cancel).await else {
                return Ok(End::Cancelled);
            };
            match self.settle(parcel, &outcome, &credential)? {
                Next::Continue => {}
                Next::End(end) => return Ok(end),
                Next::Wait(pause) => {
                    self.write_down()?;
                    tokio::select! {
                        () = cancel.cancelled() => return Ok(End::Cancelled),
                        () = tokio::time::sleep(pause) => {}
                    }
                }
            }
        }
    }

    /// Takes the next batch into the plan. `false` if there is none.
    fn fetch(&mut self) -> Result<bool, UploadError> {
        match self.supply.take().map_err(UploadError::Backlog)? {
            Some(Load::Batch(ready)) => self.plan.add(ready),
            Some(Load::Oversized(line)) => {
                let reason = format!("{} bytes fit into no request", line.len());
                self.letters.push(self.plan.add_buried(&line, reason));
                self.unconfirmed += self.plan.take_finished();
            }
            None => return Ok(false),
        }
        Ok(true)
    }

    /// The end, if the server has refused so many records at least and taken
    /// none. These are put back, to be sent again by the next drain.
    fn refused_everything(&mut self, least: usize) -> Option<End> {
        let mut refused = self.letters.iter().filter(|letter| letter.status.is_some());
        let records = refused.clone().count();
        if !self.is_in_doubt() || !self.plan.is_idle() || records < least {
            return None;
        }
        let last = refused.next_back()?;
        let (status, reason) = (last.status.unwrap_or_default(), last.reason.clone());
        let lines = std::mem::take(&mut self.letters).into_iter();
        self.supply.put_back(lines.map(|letter| letter.line.into()));
        self.unconfirmed = 0;
        let cause = StopCause::RefusesAll { records };
        self.tell(&Event::Stopped {
            cause,
            status,
            reason: &reason,
        });
        Some(End::Stopped {
            cause,
            status,
            reason,
        })
    }

    /// Sends a parcel, or the copy. `None` if it was cancelled.
    async fn attempt(
        &mut self,
        parcel: Option<&Parcel>,
        credential: &Credential,
        cancel: &CancellationToken,
    ) -> Option<Outcome> {
        let (body, records) = match parcel {
            Some(parcel) => (self.body(parcel), parcel.len()),
            None => (self.bodies.build(self.plan.copy(), self.spelling), 1),
        };
        let token = match credential {
            Credential::Bearer(token) => Some(token),
            Credential::Anonymous | Credential::Pending => None,
        };
        let bytes = body.len();
        let start = Instant::now();
        let result = with_grace(self.transport.post(body, token), cancel).await?;
        let connected = !matches!(result, Err(TransportError::Connect(_)));
        let outcome = reply::interpret(result, records);
        let attempt = Attempt {
            records,
            bytes,
            status: outcome.status(),
            connected,
            ms: milliseconds(start.elapsed()),
            trouble: outcome.reason().to_owned(),
        };
        self.tell(&Event::Attempted(&attempt));
        self.receipt.record(attempt);
        Some(outcome)
    }

    fn body(&self, parcel: &Parcel) -> Bytes {
        self.plan
            .body(parcel, self.spelling)
            .unwrap_or_else(|| self.bodies.build(self.plan.lines(parcel), self.spelling))
    }

    /// Does what the outcome asks for.
    fn settle(
        &mut self,
        parcel: Option<&Parcel>,
        outcome: &Outcome,
        credential: &Credential,
    ) -> Result<Next, UploadError> {
        let is_accepted = matches!(outcome, Outcome::Accepted { .. });
        self.failures = if is_accepted {
            0
        } else {
            self.failures.saturating_add(1)
        };
        let decision = retry::decide(outcome, &self.facts());
        let trouble = Trouble {
            status: outcome.status(),
            reason: outcome.reason().to_owned(),
        };
        let letters = match (&decision, parcel) {
            (Decision::Confirm(rejected), Some(parcel)) => {
                self.count_delivered(parcel.len(), rejected.len(), outcome);
                self.plan.delivered(parcel, rejected, outcome.status())
            }
            (Decision::Confirm(_), None) => self.plan.copy_delivered(),
            (
                Decision::Retry {
                    is_suspect: true, ..
                },
                Some(parcel),
            ) => {
                self.plan.failed(parcel, trouble);
                Vec::new()
            }
            (Decision::Halve, Some(parcel)) => {
                self.learn_size(parcel, outcome);
                self.plan.halve(parcel, trouble)
            }
            (Decision::SetAside(bad), Some(parcel)) => {
                self.plan.set_aside(parcel, bad, outcome.status())
            }
            (
                Decision::Retry {
                    is_suspect: true, ..
                }
                | Decision::Halve
                | Decision::SetAside(_),
                None,
            ) => {
                self.plan.copy_failed();
                Vec::new()
            }
            (Decision::Retry { .. } | Decision::Respell(_) | Decision::Stop(_), _) => Vec::new(),
        };
        self.letters.extend(letters);
        self.unconfirmed += self.plan.take_finished();
        if !self.letters.is_empty() || Instant::now() >= self.confirm_due {
            self.write_down()?;
        }
        Ok(self.next(decision, outcome, credential))
    }

    fn next(&mut self, decision: Decision, outcome: &Outcome, credential: &Credential) -> Next {
        match decision {
            Decision::Confirm(_) => Next::Continue,
            Decision::Halve | Decision::SetAside(_) => {
                // The server is there and has an opinion: this is no outage.
                self.failures = 0;
                Next::Continue
            }
            Decision::Respell(spelling) => {
                self.spelling = spelling;
                self.supply.spell(spelling);
                self.respellings += 1;
                self.tell(&Event::Respelled(spelling));
                Next::Continue
            }
            Decision::Stop(cause) => {
                let status = outcome.status().unwrap_or_default();
                let reason = outcome.reason();
                self.tell(&Event::Stopped {
                    cause,
                    status,
                    reason,
                });
                let end = End::Stopped {
                    cause,
                    status,
                    reason: reason.to_owned(),
                };
                if cause == StopCause::Unauthorized {
                    self.refused = Some((credential.clone(), end.clone()));
                }
                Next::End(end)
            }
            Decision::Retry { after, .. } => {
                let reason = outcome.reason();
                if self
                    .options
                    .max_failures
                    .is_some_and(|max| self.failures >= max)
                {
                    return Next::End(End::GaveUp {
                        status: outcome.status(),
                        reason: reason.to_owned(),
                    });
                }
                self.tell(&Event::Waiting {
                    pause: after,
                    status: outcome.status(),
                    reason,
                });
                Next::Wait(after)
            }
        }
    }

    /// After a 413 for several records, what is still to come goes in smaller
    /// bodies, but never so small that a record might not fit.
    fn learn_size(&mut self, parcel: &Parcel, outcome: &Outcome) {
        if outcome.status() != Some(413) || parcel.len() == 1 {
            return;
        }
        let lines = self.plan.lines(parcel);
        let size: usize = lines.map(|line| BodyBuilder::cost(line)).sum();
        let floor = self.bodies.overhead() + 2 * MAX_RECORD_BYTES;
        let learnt = (size / 2).max(floor);
        self.supply.limit(learnt);
    }

    fn facts(&self) -> Facts {
        // Once each way; an endpoint that wants neither would never end.
        let may_respell = self.options.wire == Wire::Auto && self.respellings < 2;
        Facts {
            failures: self.failures,
            now: Utc::now(),
            jitter: retry::jitter(),
            may_respell_from: may_respell.then_some(self.spelling),
        }
    }

    fn count_delivered(&mut self, records: usize, rejected: usize, outcome: &Outcome) {
        let good = records.saturating_sub(rejected);
        self.has_accepted = true;
        let duplicates = match outcome {
            Outcome::Accepted { duplicates, .. } => (*duplicates).min(good as u64),
            _ => 0,
        };
        self.receipt.batches += 1;
        self.receipt.sent += records as u64;
        self.receipt.rejected += rejected as u64;
        self.receipt.duplicates += duplicates;
        self.receipt.accepted += good as u64 - duplicates;
        self.tell(&Event::Delivered { records: good });
    }

    /// Buries what cannot be delivered, then confirms what is through. What
    /// fails is tried again the next time.
    ///
    /// As long as the server has taken nothing, what it refuses is not written
    /// down: it may be the server that is wrong.
    pub(super) fn write_down(&mut self) -> Result<(), UploadError> {
        if self.is_in_doubt() && !self.letters.is_empty() {
            return Ok(());
        }
        self.settle_up()
    }

    /// Whether it may be the server that is wrong rather than the records.
    fn is_in_doubt(&self) -> bool {
        !self.has_accepted && self.options.max_refused_at_first.is_some()
    }

    fn settle_up(&mut self) -> Result<(), UploadError> {
        if !self.letters.is_empty() {
            self.supply
                .backlog()
                .bury(&self.letters)
                .map_err(UploadError::Backlog)?;
            self.receipt.dead_lettered += self.letters.len() as u64;
            for letter in std::mem::take(&mut self.letters) {
                self.tell(&Event::Buried {
                    status: letter.status,
                    reason: &letter.reason,
                });
            }
        }
        let start = Instant::now();
        if self.unconfirmed > 0 {
            self.supply
                .backlog()
                .confirm(self.unconfirmed)
                .map_err(UploadError::Backlog)?;
            self.unconfirmed = 0;
        }
        let took = start.elapsed();
        self.confirm_due = start + took + CONFIRM_INTERVAL.max(took * CONFIRM_SHARE);
        Ok(())
    }

    pub(super) fn tell(&self, event: &Event<'_>) {
        self.options.observer.notice(event);
    }
}

enum Next {
    Continue,
    Wait(Duration),
    End(End),
}

/// Awaits a request; once cancelled, only a little longer.
async fn with_grace<O>(request: impl Future<Output = O>, cancel: &CancellationToken) -> Option<O> {
    tokio::select! {
        output = request => Some(output),
        () = async {
            cancel.cancelled().await;
            tokio::time::sleep(CANCEL_GRACE).await;
        } => None,
    }
}
