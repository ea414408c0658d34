//! What was found: which rule, where, and never the secret itself.

use std::ops::Range;

/// The number of a rule in a [`Sanitizer`](super::Sanitizer); its name is
/// [`Sanitizer::rule_name`](super::Sanitizer::rule_name).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId(pub(crate) u16);

impl RuleId {
    /// The rule's place in the table, for counting per rule.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// One thing that was redacted. It holds a place in the input, not what stood there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that hit.
    pub rule: RuleId,
    /// The byte range in the input line, before redaction.
    pub range: Range<usize>,
}

impl Finding {
    /// Shows what was found without giving it away: its first and last character when it is long
    /// enough that these tell nothing, and its length.
    pub fn masked(&self, line: &[u8]) -> String {
        let bytes = line.get(self.range.clone()).unwrap_or_default();
        let text = String::from_utf8_lossy(bytes);
        let count = text.chars().count();
        let (first, last) = (text.chars().next(), text.chars().next_back());
        match (first, last) {
            (Some(first), Some(last))
                if count >= 12 && !first.is_control() && !last.is_control() =>
            {
                format!("{first}…{last} ({count} characters)")
            }
            _ => format!("… ({count} characters)"),
        }
    }
}

/// How often each rule hit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    counts: Vec<u64>,
}

impl Findings {
    /// Counts one finding.
    pub fn add(&mut self, rule: RuleId) {
        if self.counts.len() <= rule.index() {
            self.counts.resize(rule.index() + 1, 0);
        }
        self.counts[rule.index()] += 1;
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Findings) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
    }

    /// All findings together.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// True when nothing was found.
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// The rules that hit, with their counts, in the order of the rule table.
    pub fn iter(&self) -> impl Iterator<Item = (RuleId, u64)> + '_ {
        self.counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(|(index, count)| (RuleId(index as u16), *count))
    }
}
