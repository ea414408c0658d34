//! Progress on long work: on stderr, on a terminal, after half a second.

use std::time::{Duration, Instant};

use bytesize::ByteSize;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Printer;

/// Work that takes less time than this shows no progress.
const DELAY: Duration = Duration::from_millis(500);

/// A progress bar that appears only where and when it helps.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    is_wanted: bool,
}

impl Progress {
    /// A bar for so many bytes or records.
    pub fn new(printer: &Printer, total: u64, what: &'static str, unit: Unit) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        let template = match unit {
            Unit::Bytes => "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
            Unit::Records => {
                "{msg} {wide_bar} {human_pos}/{human_len} records, {prefix}, {per_sec}, {eta} left"
            }
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        Progress {
            bar,
            started: Instant::now(),
            is_wanted: printer.shows_progress(),
        }
    }

    /// Says how much has been done in all.
    pub fn set(&self, done: u64) {
        self.bar.set_position(done);
        self.show_if_late();
    }

    /// Says how many bytes that was, where the bar counts records.
    pub fn set_bytes(&self, bytes: u64) {
        self.bar
            .set_prefix(ByteSize(bytes).display().si().to_string());
    }

    /// Says how much there is in all, where that is learnt on the way.
    pub fn set_total(&self, total: u64) {
        self.bar.set_length(total);
    }

    fn show_if_late(&self) {
        if self.is_wanted && self.bar.is_hidden() && self.started.elapsed() > DELAY {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// What a bar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Records, with their bytes beside them.
    Records,
}
