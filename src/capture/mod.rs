//! Runs a program and records it, for programs that do not link the library.
//!
//! ```text
//!  stdin ──→ child ─→ stdout ─┐
//!                 └─→ stderr ─┤→ transcript → recorder → queue
//!                             │  (lines, levels,  (sanitizer,
//!                             │   stack traces)    breadcrumbs)
//!                             └──────── then passed on, unchanged ──→ stdout, stderr
//! ```
//!
//! What always holds:
//!
//! - The bytes of a program's streams come out as they went in, in order.
//! - A line is passed on only when its record is stored: whoever saw it printed
//!   finds it in the queue, also if this process is killed the moment after.
//!   (A line without an end yet is passed on at once and recorded when it is
//!   complete. The lines of a stack trace are held back for at most 50 ms while
//!   more of it may come.)
//! - Recording never stops the program: what the queue does not take is kept,
//!   tried again, and in the end counted.

mod device;
#[cfg(unix)]
mod program;

pub use device::{
    App, SESSION_ENDED, SESSION_STARTED, interpreter, parent, session_end, session_start,
};
#[cfg(unix)]
pub use program::{
    CaptureError, Ending, Hooks, Lifecycle, Network, Parse, Program, Recorder, SpawnError, Trouble,
    is_ignored, network_changed, run,
};
