//! Where records go.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use crate::record::LogRecord;

/// Takes sanitized records. Shared between threads.
pub trait LogSink: Send + Sync {
    /// Takes one record. Called on the thread that logs, so it should be quick.
    ///
    /// # Errors
    ///
    /// Why the record was not taken; it is told to the manager's `on_error`.
    fn write(&self, record: &Arc<LogRecord>) -> Result<(), SinkError>;

    /// Hands on what is held back, without waiting for it to arrive.
    fn flush(&self) {}

    /// Hands on what is held back and waits for that, but no longer than
    /// `deadline`. Nothing is written afterwards.
    fn close(&self, deadline: Duration) {
        let _ = deadline;
        self.flush();
    }
}

/// Why a sink did not take a record; one line.
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;

thread_local! {
    /// Whether this thread is at work for a sink, so that what it logs would
    /// be logged about logging.
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// While this lives, what the thread logs is ignored.
#[derive(Debug)]
pub(super) struct Inside(());

impl Inside {
    /// Marks the thread; `None` if it is marked already.
    pub(super) fn enter() -> Option<Inside> {
        let was_inside = IS_INSIDE.replace(true);
        (!was_inside).then_some(Inside(()))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        IS_INSIDE.set(false);
    }
}
