//! Progress on long work: on stderr, on a terminal, after half a second.

use std::fmt;
use std::time::{Duration, Instant};

use bytesize::ByteSize;
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::Printer;

/// Work that takes less time than this shows no progress.
const DELAY: Duration = Duration::from_millis(500);

/// How a bar for a known number of records looks.
const RECORDS: &str =
    "{msg} {wide_bar} {human_pos}/{human_len} records, {prefix}, {rate}/s, {eta} left";

/// A progress bar that appears only where and when it helps.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    is_wanted: bool,
}

impl Progress {
    /// A bar for so many bytes or records. Without a number of records it
    /// counts them and shows no end.
    pub fn new(printer: &Printer, total: u64, what: &'static str, unit: Unit) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        set_style(
            &bar,
            match (unit, total) {
                (Unit::Bytes, _) => {
                    "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left"
                }
                (Unit::Records, 0) => "{msg} {human_pos} records, {prefix}, {rate}/s",
                (Unit::Records, _) => RECORDS,
            },
        );
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

    /// Says how many records there are in all, where that is learnt on the way.
    pub fn set_total(&self, total: u64) {
        self.bar.set_length(total);
        set_style(&self.bar, RECORDS);
    }

    /// Prints something on stderr with the bar out of its way.
    pub fn aside(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    fn show_if_late(&self) {
        if self.is_wanted && self.bar.is_hidden() && self.started.elapsed() > DELAY {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

fn set_style(bar: &ProgressBar, template: &str) {
    let whole = |state: &ProgressState, to: &mut dyn fmt::Write| {
        // A rate that cannot be written is not shown.
        let _ = write!(to, "{}", HumanCount(state.per_sec() as u64));
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.with_key("rate", whole));
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
