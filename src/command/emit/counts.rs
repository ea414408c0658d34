//! What became of the lines of stdin, and how it is told.

use crate::error::Exit;
use crate::output::{Printer, counted};
use crate::record::RecordError;

/// How many bad lines are told one by one.
const MAX_COMPLAINTS: usize = 5;

/// What became of the lines of stdin.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) lines: usize,
    pub(super) queued: usize,
    pub(super) unwanted: usize,
    refused: usize,
    /// Records that were cut to fit, and by how many bytes in all.
    cut: usize,
    cut_bytes: usize,
}

impl Counts {
    pub(super) fn refuse(&mut self, error: &RecordError, printer: &mut Printer) {
        self.refused += 1;
        if self.refused <= MAX_COMPLAINTS {
            printer.warn(format_args!("line {}: {error}", self.lines));
        }
    }

    pub(super) fn cut(&mut self, bytes: usize) {
        self.cut += usize::from(bytes > 0);
        self.cut_bytes += bytes;
    }

    /// Says what was not stored of records that are too large.
    pub(super) fn tell_cuts(&self, printer: &mut Printer) {
        if self.cut > 0 {
            let records = counted(self.cut as u64, "record");
            let bytes = counted(self.cut_bytes as u64, "byte");
            printer.warn(format_args!("{records} over 64 KiB: {bytes} cut"));
        }
    }

    /// Tells what became of the lines, and of the records that they drove out
    /// of the queue.
    pub(super) fn report(
        &self,
        drops: Option<String>,
        printer: &mut Printer,
    ) -> anyhow::Result<Exit> {
        self.tell_cuts(printer);
        let queued = counted(self.queued as u64, "record");
        let mut outcome = format!("{queued} queued");
        if self.unwanted > 0 {
            outcome += &format!(
                "; {} below the level that the server asked for",
                self.unwanted
            );
        }
        match drops {
            Some(drops) => printer.warn(format_args!("{outcome}; {drops}")),
            None if self.refused == 0 => printer.note(outcome),
            None => {}
        }
        if self.refused > 0 {
            anyhow::bail!(
                "{} of {} lines are no records and were not queued; {queued} queued",
                self.refused,
                self.lines
            );
        }
        Ok(Exit::Done)
    }
}
