//! Redaction of secrets and personal data in log lines: `line → (clean line, findings)`.
//!
//! A line that is a JSON object or array is cut into its tokens; every string in it is searched
//! with its escapes decoded, and what stands under a secret key goes whole. Any other line is
//! searched as text. Everything around what is redacted stays byte for byte.
//!
//! ```text
//!  line ─ json ─┐                      ┌ detect::*  (hand-written matchers with validators)
//!               ├→ cleaner → scanner ──┼ keys       (what a key says about its value)
//!  line ─ text ─┘     │       twice:   └ patterns   (the user's, linear time)
//!                     │       as it stands, and with its disguises off (view)
//!                     └→ replace → searched again: what is left goes whole
//! ```
//!
//! What stands under a secret key goes whole, whatever its type: a number becomes the text
//! `[REDACTED]` too, because a PIN is a number, and that the type of one member changes is a smaller
//! harm than a leak. `true`, `false`, `null`, `0`, `1` and the empty string stay: they say whether
//! there is a secret, not which. Counts of tokens stay.
//!
//! A stream remembers what a line leaves open, such as `"password": [`, `password: |` or
//! `Authorization:`, as a short text that is searched together with the next line. A line is written
//! when it is whole all the same; what is open ends after some lines, or where a record begins.
//!
//! A rule has no way to fail once it is compiled: the detectors are functions of bytes to places
//! without errors, and patterns run on an automaton whose size was limited when it was built. What
//! could go wrong around them lets nothing out: a text in which something is found after three
//! rounds of redaction goes whole, a record that is no record after redaction becomes an empty
//! one, and a thread that stops before its lines are clean ends the stream with an error in place
//! of those lines.
//!
//! What always holds: the result of [`Sanitizer::sanitize_line`] is not changed by sanitizing it
//! again; valid JSON stays valid with its keys, their order and the spelling of its numbers; any
//! bytes are accepted; the time is linear in the length of the line.

mod builtin;
mod chars;
mod cleaner;
#[cfg(test)]
mod corpus;
mod detect;
mod engine;
mod finding;
mod json;
mod keycache;
mod keys;
#[cfg(test)]
mod linear;
#[cfg(test)]
mod properties;
mod qualifiers;
mod replace;
mod rules;
pub mod stream;
mod text;
mod textcache;
mod value;
mod view;
mod words;

use std::borrow::Cow;
use std::sync::Arc;

use crate::record::LogRecord;

pub use builtin::{BUILTIN_RULES, BuiltinRule};
use cleaner::Cleaner;
use engine::Engine;
pub use finding::{Finding, Findings, RuleId};
pub use replace::Key;
pub use rules::{DEFAULT_REPLACEMENT, Paths, Replacement, RuleError, Rules};
pub use stream::{
    LineFinding, Stats, StreamOptions, StreamSanitizer, sanitize_stream, sanitize_stream_with,
};

/// Finds and redacts. Cheap to clone and to share between threads.
#[derive(Debug, Clone)]
pub struct Sanitizer {
    engine: Arc<Engine>,
}

impl Default for Sanitizer {
    /// All built-in rules, `[REDACTED]`.
    fn default() -> Sanitizer {
        Sanitizer {
            engine: Arc::new(Engine::builtin()),
        }
    }
}

impl Sanitizer {
    /// Compiles rules.
    ///
    /// # Errors
    ///
    /// A [`RuleError`] says which rule cannot be used and why.
    pub fn new(rules: Rules) -> Result<Sanitizer, RuleError> {
        Ok(Sanitizer {
            engine: Arc::new(Engine::new(rules)?),
        })
    }

    /// Sanitizes one line without its newline: a JSON object or array, or plain text. Borrowed
    /// when nothing changed.
    pub fn sanitize_line<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let mut out = Vec::new();
        if Cleaner::new(&self.engine).clean(line, &mut out, None) {
            Cow::Owned(out)
        } else {
            Cow::Borrowed(line)
        }
    }

    /// For many lines, each on its own: what is learned from one makes the next cheaper.
    pub fn lines(&self) -> LineSanitizer<'_> {
        LineSanitizer {
            cleaner: Cleaner::new(&self.engine),
            out: Vec::new(),
        }
    }

    /// Like [`sanitize_line`](Sanitizer::sanitize_line), and hands every finding to `report`, in
    /// the order of the line.
    pub fn sanitize_line_with<'a>(
        &self,
        line: &'a [u8],
        report: &mut dyn FnMut(Finding),
    ) -> Cow<'a, [u8]> {
        let mut out = Vec::new();
        if Cleaner::new(&self.engine).clean(line, &mut out, Some(report)) {
            Cow::Owned(out)
        } else {
            Cow::Borrowed(line)
        }
    }

    /// Sanitizes a record in place, as its JSON line would be.
    pub fn sanitize_record(&self, record: &mut LogRecord) -> Findings {
        let mut findings = Findings::default();
        let Ok(line) = serde_json::to_vec(record) else {
            // A map of JSON values always serializes; if it did not, nothing of it may get out.
            *record = LogRecord::default();
            return findings;
        };
        if let Cow::Owned(clean) =
            self.sanitize_line_with(&line, &mut |finding| findings.add(finding.rule))
        {
            *record = LogRecord::parse(&clean).unwrap_or_default();
        }
        findings
    }

    /// The name of a rule, as in [`BUILTIN_RULES`] or as the pattern was added.
    pub fn rule_name(&self, rule: RuleId) -> &str {
        self.engine.rule_name(rule)
    }

    /// The number of rules, patterns included; every [`RuleId::index`] is below it.
    pub fn rule_count(&self) -> usize {
        self.engine.rule_count()
    }
}

/// Sanitizes line after line, as [`Sanitizer::sanitize_line`] does, with buffers of its own.
pub struct LineSanitizer<'s> {
    cleaner: Cleaner<'s>,
    out: Vec<u8>,
}

impl LineSanitizer<'_> {
    /// The clean line: the line itself when nothing in it changes.
    pub fn clean<'a>(&'a mut self, line: &'a [u8]) -> &'a [u8] {
        self.out.clear();
        let changed = self.cleaner.clean(line, &mut self.out, None);
        // Nobody asks this one what it found.
        self.cleaner.scratch.found.clear();
        if changed { &self.out } else { line }
    }

    /// Makes a line clean where it is.
    pub fn clean_in_place(&mut self, line: &mut Vec<u8>) {
        self.out.clear();
        if self.cleaner.clean(line, &mut self.out, None) {
            line.clear();
            line.extend_from_slice(&self.out);
        }
        self.cleaner.scratch.found.clear();
    }
}
