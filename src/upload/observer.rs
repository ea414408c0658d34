//! What an upload tells while it runs.

use std::time::Duration;

use super::receipt::Attempt;
use super::retry::StopCause;
use super::wire::Spelling;

/// Is told what happens, as it happens; must not block.
pub trait Observer: Send + Sync {
    /// One thing that happened.
    fn notice(&self, event: &Event<'_>);
}

/// What can happen.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A request ended, well or not.
    Attempted(&'a Attempt),
    /// So many records are through: taken in, or had already.
    Delivered {
        /// How many records.
        records: usize,
    },
    /// A record was moved to the dead letters.
    Buried {
        /// The status of the answer that refused it, if there was one.
        status: Option<u16>,
        /// Why.
        reason: &'a str,
    },
    /// The next attempt waits.
    Waiting {
        /// How long.
        pause: Duration,
        /// The status of the answer, if there was one.
        status: Option<u16>,
        /// Why.
        reason: &'a str,
    },
    /// The endpoint asked for another spelling of keys.
    Respelled(Spelling),
    /// Something on this side failed; it is tried again.
    Trouble {
        /// What.
        reason: &'a str,
    },
    /// Nothing more is sent until something changes.
    Stopped {
        /// Why.
        cause: StopCause,
        /// The status of the answer.
        status: u16,
        /// What the server says.
        reason: &'a str,
    },
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn notice(&self, _: &Event<'_>) {}
}

impl<F: Fn(&Event<'_>) + Send + Sync> Observer for F {
    fn notice(&self, event: &Event<'_>) {
        self(event);
    }
}
