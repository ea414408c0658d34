//! What stands around the records that were asked for.

use std::collections::VecDeque;

use crate::filter::Filter;
use crate::record::LogRecord;

/// Picks out what matches and so many records before and after each.
#[derive(Debug)]
pub(super) struct Around {
    wanted: Filter,
    records: usize,
    before: VecDeque<LogRecord>,
    /// How many more are shown because of a match before them.
    after: usize,
    /// Whether records were passed over since the last one that was shown.
    has_passed_over: bool,
    has_shown: bool,
}

impl Around {
    /// Shows so many records around each that is wanted.
    pub(super) fn new(wanted: Filter, records: usize) -> Around {
        Around {
            wanted,
            records,
            before: VecDeque::new(),
            after: 0,
            has_passed_over: false,
            has_shown: false,
        }
    }

    /// What is to be shown now, and whether it stands apart from what was
    /// shown before.
    pub(super) fn take(&mut self, record: LogRecord) -> (bool, Vec<LogRecord>) {
        if self.wanted.matches(&record) {
            let is_apart = self.has_passed_over && self.has_shown;
            let mut shown: Vec<_> = self.before.drain(..).collect();
            shown.push(record);
            self.after = self.records;
            self.has_passed_over = false;
            self.has_shown = true;
            return (is_apart, shown);
        }
        if self.after > 0 {
            self.after -= 1;
            return (false, vec![record]);
        }
        self.before.push_back(record);
        if self.before.len() > self.records {
            self.before.pop_front();
            self.has_passed_over = true;
        }
        (false, Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Level;

    #[test]
    fn so_many_records_are_shown_before_and_after_each_match() {
        let wanted = Filter {
            level: Some(Level::Error),
            ..Filter::default()
        };
        let mut around = Around::new(wanted, 2);
        let mut shown = String::new();
        for (place, kind) in "....E..E.......E.".chars().enumerate() {
            let level = if kind == 'E' {
                Level::Error
            } else {
                Level::Info
            };
            let (is_apart, records) = around.take(LogRecord::new(level, "App", &place.to_string()));
            if is_apart {
                shown.push_str("| ");
            }
            for record in records {
                shown.push_str(&format!("{} ", record.message()));
            }
        }
        assert_eq!(shown, "2 3 4 5 6 7 8 9 | 13 14 15 16 ");
    }
}
