//! What takes the place of JSON values, and of parts of strings.

use std::ops::Range;

use super::Walk;
use crate::sanitize::cleaner::{Form, Report, Source};
use crate::sanitize::finding::{Finding, RuleId};
use crate::sanitize::keys::KeyKind;

impl Walk<'_, '_, '_> {
    /// Cleans the content of a string. Returns true when it changed.
    pub(super) fn text(&mut self, range: Range<usize>, kind: KeyKind, classes: u8) -> bool {
        let prefix = &self.line[self.copied..range.start];
        let source = Source {
            text: &self.line[range.clone()],
            kind,
            form: Form::JsonString,
            classes,
            context: 0,
        };
        let report: Report<'_> = match &mut self.report {
            Some(report) => Some(&mut **report),
            None => None,
        };
        let changed = self
            .cleaner
            .clean_text(prefix, source, range.start, self.out, report);
        if changed {
            self.copied = range.end;
            self.changed(kind);
        }
        changed
    }

    /// Puts the placeholder in place of a part of a string.
    pub(super) fn mask(&mut self, range: Range<usize>, rule: RuleId) {
        self.cleaner.count(rule);
        if let Some(report) = &mut self.report {
            report(Finding {
                rule,
                range: range.clone(),
            });
        }
        self.out
            .extend_from_slice(&self.line[self.copied..range.start]);
        let secret = &self.line[range.clone()];
        self.cleaner
            .replace(rule, secret, Form::JsonString, self.out);
        self.copied = range.end;
        self.changed(KeyKind::Plain);
    }

    /// Puts a JSON string in place of a whole value.
    pub(super) fn redact(&mut self, from: usize, to: usize, rule: RuleId) {
        self.cleaner.count(rule);
        if let Some(report) = &mut self.report {
            report(Finding {
                rule,
                range: from..to,
            });
        }
        self.out.extend_from_slice(&self.line[self.copied..from]);
        self.cleaner
            .replace_value(rule, &self.line[from..to], self.out);
        self.copied = to;
        self.changed(KeyKind::Plain);
    }

    /// Notes that something was redacted. An element of an array speaks for the next, and what is
    /// left of a value counts for what its key says about it.
    fn changed(&mut self, kind: KeyKind) {
        let in_array = self.frames.last().is_some_and(|frame| !frame.object);
        let says = kind.is_secret() || kind == KeyKind::Name;
        self.cleaner.scratch.unsettled |= in_array || says;
        self.changed = true;
    }
}
