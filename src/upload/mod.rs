//! The uploader: ships a backlog of records to an ingest endpoint.
//!
//! [`Uploader::drain`] takes batches from a [`Backlog`], posts them through a
//! [`Transport`] and confirms them after a complete, well-formed 2xx. What an
//! answer means is read in one place, what to do about it is decided in one
//! pure function ([`decide`]), and which records go next is kept in one state
//! machine without I/O, so that each can be tested alone.
//!
//! Invariants:
//!
//! - A record is confirmed only when it was answered with 2xx or when it is
//!   safe among the dead letters with the reason.
//! - An outage never costs a record: a batch is blamed only if another one
//!   goes through while it keeps failing, and a single record only if that
//!   happens three times.
//! - A server that refuses all there is, or a few hundred records, before it
//!   has taken one is taken for the wrong server: nothing is buried, and
//!   sending stops.
//! - No body is over the limit, ever; the token goes to no other origin.

mod backlog;
mod body;
mod checkup;
mod dead_letters;
mod follow;
mod observer;
mod plan;
mod queued;
mod receipt;
mod rehearsal;
mod replay;
mod reply;
mod retry;
mod supply;
mod token;
mod transport;
mod uploader;
mod watch;
mod wire;

#[cfg(test)]
mod scenarios;

pub use backlog::{Backlog, BacklogError, Letter};
pub use body::Resource;
pub use checkup::{
    Expected, Finding, Verdict, check_clock, check_endpoint, check_route, check_token, clock_skew,
};
pub use dead_letters::{DeadLetters, export_dead_letters, holds_dead_letters};
pub use follow::{ENDPOINT_INTERVAL, follow};
pub use observer::{Event, Observer, Silent};
pub use queued::{PassedOver, QueueBacklog};
pub use receipt::{Attempt, Latency, Receipt};
pub use rehearsal::{Rehearsal, RehearsedRequest};
pub use replay::{Records, Replay, ReplayOptions, Restamp, Speed};
pub use reply::{Outcome, Rejection, RetryAfter, interpret};
pub use retry::{
    Decision, Facts, MAX_DELAY, POISON_FAILURES, StopCause, Suspicion, backoff, decide, jitter,
};
pub use token::{Credential, MAX_TOKEN_BYTES, Token, TokenError, TokenFile, TokenSource};
pub use transport::{
    Body, EMPTY_BODY, Endpoint, EndpointError, HttpTransport, Reply, ReplyHook, Transport,
    TransportError,
};
pub use uploader::{End, LineHook, MaySend, Options, UploadError, Uploader};
pub use watch::QueueWatch;
pub use wire::{Spelling, Wire, respell};
