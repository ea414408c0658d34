//! A program, what it prints, and what becomes of it.

mod child;
mod cold_start;
mod level;
mod network;
mod recorder;
mod relay;
mod run;
mod terminal;
mod text;
mod trace;
mod transcript;
mod watcher;

pub use child::SpawnError;
pub use network::{Network, network_changed};
pub use recorder::{Recorder, Trouble};
pub use run::{CaptureError, Ending, Hooks, Lifecycle, Program, run};
pub use transcript::Parse;
pub use watcher::is_ignored;
