//! The work on one line: search, redact, search again.

use std::ops::Range;

use memchr::memchr;

use super::builtin::{PRIVATE_KEY, SECRET};
use super::chars::{self, VEIL};
use super::engine::Engine;
use super::finding::{Finding, Findings, RuleId};
use super::json;
use super::keycache::{KeyCache, Place};
use super::keys::KeyKind;
use super::rules::Replacement;
use super::text::{Fix, Open, Scanner, Span};
use super::textcache::TextCache;
use super::value;
use super::view::View;

/// How often what is redacted is searched again before it goes whole.
const ROUNDS: usize = 3;

/// Who is told about findings, if anyone.
pub(crate) type Report<'r> = Option<&'r mut (dyn FnMut(Finding) + 'r)>;

/// Cleans lines, with buffers that are kept from line to line.
pub(crate) struct Cleaner<'e> {
    pub(crate) engine: &'e Engine,
    pub(crate) scratch: Scratch,
}

/// What the work on one line leaves for the next: buffers, and what is known about keys.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    spans: Vec<Span>,
    veiled_spans: Vec<Span>,
    json_view: View,
    plain_view: View,
    drafts: [Vec<u8>; 2],
    /// The rules of the findings since they were last taken.
    pub(crate) found: Vec<RuleId>,
    keys: KeyCache,
    /// Keys of JSON objects that hold no secret themselves.
    pub(crate) known_keys: KeyCache,
    /// The one of them that came last.
    pub(crate) last_key: Place,
    /// JSON strings under keys that say nothing, in which nothing was found.
    pub(crate) clean_texts: TextCache,
    pub(crate) frames: Vec<json::Frame>,
    /// What was redacted in a line of JSON may change what is said about its neighbours.
    pub(crate) unsettled: bool,
    /// What the text that was cleaned last leaves open.
    open: Option<Open>,
}

impl<'e> Cleaner<'e> {
    /// A cleaner with the scratch of one that is done.
    pub(crate) fn new(engine: &'e Engine) -> Cleaner<'e> {
        Cleaner {
            engine,
            scratch: engine.take_scratch(),
        }
    }

    /// Appends the clean line to `out` and returns true; when nothing changes, leaves `out` as it
    /// was and returns false.
    pub(crate) fn clean(&mut self, line: &[u8], out: &mut Vec<u8>, mut report: Report<'_>) -> bool {
        self.scratch.open = None;
        let mark = out.len();
        let may_be_json = json::looks_like_json(line);
        if may_be_json {
            self.scratch.unsettled = false;
            let counted = self.scratch.found.len();
            let mut pending = Vec::new();
            let mut collect = |finding: Finding| pending.push(finding);
            let collector: Report<'_> = if report.is_some() {
                Some(&mut collect)
            } else {
                None
            };
            match json::clean(self, line, out, collector) {
                Ok(changed) => {
                    if changed && self.scratch.unsettled {
                        self.settle(mark, out);
                    }
                    self.scratch.open = None;
                    if let Some(report) = &mut report {
                        pending.into_iter().for_each(report);
                    }
                    return changed;
                }
                Err(json::NotJson) => {
                    out.truncate(mark);
                    self.scratch.found.truncate(counted);
                    self.scratch.open = None;
                }
            }
        }
        let changed = self.clean_text(b"", Source::plain(line), 0, out, report);
        // A placeholder in quotes may have made JSON of it.
        if may_be_json && changed && self.settle(mark, out) {
            self.scratch.open = None;
        }
        changed
    }

    /// Cleans the line behind `mark` again as JSON until nothing changes; one in which something
    /// always does goes whole. Returns false when it is none.
    fn settle(&mut self, mark: usize, out: &mut Vec<u8>) -> bool {
        let open = self.scratch.open.take();
        for _ in 0..ROUNDS {
            let line = out.split_off(mark);
            let counted = self.scratch.found.len();
            let changed = json::clean(self, &line, out, None);
            if !matches!(changed, Ok(true)) {
                self.scratch.found.truncate(counted);
                out.truncate(mark);
                out.extend_from_slice(&line);
                self.scratch.open = open;
                return changed.is_ok();
            }
        }
        let line = out.split_off(mark);
        self.replace_value(SECRET, &line, out);
        true
    }

    /// Like [`clean`](Cleaner::clean), for a line that goes on with what a line before left open.
    pub(crate) fn clean_behind(
        &mut self,
        open: &Open,
        line: &[u8],
        out: &mut Vec<u8>,
        report: Report<'_>,
    ) -> bool {
        self.scratch.open = None;
        let joined = [&open.text[..], b"\n", line].concat();
        let source = Source {
            context: open.text.len() + 1,
            ..Source::plain(&joined)
        };
        self.clean_text(b"", source, 0, out, report)
    }

    /// What the line that was cleaned last leaves open.
    pub(crate) fn take_open(&mut self) -> Option<Open> {
        self.scratch.open.take()
    }

    /// Cleans one text, or the content of one JSON string; `base` is its place in the line. When
    /// something changes, `prefix` is written before it.
    pub(crate) fn clean_text(
        &mut self,
        prefix: &[u8],
        source: Source<'_>,
        base: usize,
        out: &mut Vec<u8>,
        mut report: Report<'_>,
    ) -> bool {
        self.find(source);
        if self.scratch.spans.is_empty() {
            return false;
        }
        for span in &self.scratch.spans {
            self.scratch.found.push(span.rule);
            if let Some(report) = &mut report {
                report(Finding {
                    rule: span.rule,
                    range: base + span.start - source.context..base + span.end - source.context,
                });
            }
        }
        let first_rule = self.scratch.spans[0].rule;
        let [mut draft, mut next] = std::mem::take(&mut self.scratch.drafts);
        draft.clear();
        self.apply(source, &mut draft);
        // The proof: what comes out is searched again, until there is nothing left to find.
        let mut clean = false;
        let opened = self.scratch.open.take();
        for _ in 0..ROUNDS {
            let again = source.with(&draft);
            self.scratch.open = None;
            self.find(again);
            if self.scratch.spans.is_empty() {
                clean = true;
                break;
            }
            next.clear();
            self.apply(again, &mut next);
            std::mem::swap(&mut draft, &mut next);
        }
        if !clean {
            draft.truncate(source.context);
            let text = &source.text[source.context..];
            self.replace(first_rule, text, source.form, &mut draft);
            self.scratch.open = None;
            self.find(source.with(&draft));
        }
        // What the clean text leaves open counts first: it is what there is to see when it is
        // sanitized again.
        self.scratch.open = self.scratch.open.take().or(opened);
        out.extend_from_slice(prefix);
        out.extend_from_slice(&draft[source.context..]);
        self.scratch.drafts = [draft, next];
        true
    }

    /// Fills `spans` with what must go from `source`, in order and without overlaps.
    fn find(&mut self, source: Source<'_>) {
        self.scratch.spans.clear();
        let Source {
            text,
            kind,
            form,
            classes,
            context,
        } = source;
        let veiled = classes & VEIL != 0;
        if form == Form::JsonString && veiled && memchr(b'\\', text).is_some() {
            let mut view = std::mem::take(&mut self.scratch.json_view);
            view.unescape_json(text);
            self.find_in(&view.text, kind, chars::union(&view.text) & VEIL != 0, 0);
            for span in &mut self.scratch.spans {
                let range = view.source(&(span.start..span.end));
                (span.start, span.end) = (range.start, range.end);
            }
            self.scratch.json_view = view;
        } else {
            self.find_in(text, kind, veiled, context);
        }
        if context > 0 {
            keep_behind(context, text, &mut self.scratch.spans);
        }
    }

    /// Searches a text as it stands, and again with its disguises off.
    fn find_in(&mut self, text: &[u8], kind: KeyKind, veiled: bool, context: usize) {
        let engine = self.engine;
        if engine.placeholders.is_whole(text) {
            return;
        }
        self.scan(text, kind, context);
        if veiled && self.scratch.plain_view.unveil(text) {
            let mut view = std::mem::take(&mut self.scratch.plain_view);
            let mut found = std::mem::take(&mut self.scratch.veiled_spans);
            std::mem::swap(&mut self.scratch.spans, &mut found);
            self.scratch.spans.clear();
            self.scan(&view.text, kind, view.place(context));
            for span in &mut self.scratch.spans {
                let range = view.source(&(span.start..span.end));
                (span.start, span.end) = (range.start, range.end);
            }
            self.scratch.spans.append(&mut found);
            self.scratch.veiled_spans = found;
            std::mem::swap(&mut self.scratch.plain_view, &mut view);
        }
        if self.scratch.spans.len() > 1 {
            merge(&mut self.scratch.spans);
        }
    }

    /// Appends what the detectors and patterns find in `text` to `spans`.
    fn scan(&mut self, text: &[u8], kind: KeyKind, context: usize) {
        let engine = self.engine;
        let mut scanner = Scanner::new(
            engine,
            &mut self.scratch.keys,
            text,
            kind,
            &mut self.scratch.spans,
        );
        scanner.context = context;
        if let Some(open) = scanner.run() {
            self.scratch.open.get_or_insert(open);
        }
        for (rule, regex) in &engine.patterns {
            if !engine.enabled[rule.index()] {
                continue;
            }
            for found in regex.find_iter(text) {
                if !found.is_empty()
                    && !value::inside_placeholder(&engine.placeholders, text, found.range())
                {
                    self.scratch.spans.push(Span {
                        start: found.start(),
                        end: found.end(),
                        rule: *rule,
                        fix: Fix::Mask,
                    });
                }
            }
        }
        if engine.allows_values() {
            self.scratch
                .spans
                .retain(|span| !engine.is_allowed(&text[span.start..span.end]));
        }
    }

    /// Writes `source` with the spans replaced.
    fn apply(&mut self, source: Source<'_>, out: &mut Vec<u8>) {
        let Source {
            text: source, form, ..
        } = source;
        let spans = std::mem::take(&mut self.scratch.spans);
        let mut copied = 0;
        for span in &spans {
            out.extend_from_slice(&source[copied..span.start]);
            copied = span.end;
            match span.fix {
                Fix::Cut => {}
                Fix::Mask => self.replace(span.rule, &source[span.start..span.end], form, out),
                Fix::Quote { quote, slashes } => {
                    let mut mark = vec![b'\\'; usize::from(slashes)];
                    mark.push(quote);
                    write(form, &mark, out);
                    self.replace(span.rule, &source[span.start..span.end], form, out);
                    write(form, &mark, out);
                }
            }
        }
        out.extend_from_slice(&source[copied..]);
        self.scratch.spans = spans;
    }

    /// Writes what stands in place of `secret`.
    pub(crate) fn replace(&mut self, rule: RuleId, secret: &[u8], form: Form, out: &mut Vec<u8>) {
        let engine = self.engine;
        let mut text = Vec::with_capacity(24);
        let name = engine.rule_name(rule);
        if matches!(engine.replacement, Replacement::Pseudonym(_)) {
            // One value has one pseudonym, however it was written.
            let mut decoded = View::default();
            let mut view = View::default();
            let secret = if form == Form::JsonString {
                decoded.unescape_json(secret);
                &decoded.text[..]
            } else {
                secret
            };
            let plain = match view.unveil(secret) {
                true => &view.text[..],
                false => secret,
            };
            engine.replacement.write(name, plain, &mut text);
        } else {
            engine.replacement.write(name, secret, &mut text);
        }
        write(form, &text, out);
    }

    /// Writes a JSON string that stands in place of the whole value `raw`.
    pub(crate) fn replace_value(&mut self, rule: RuleId, raw: &[u8], out: &mut Vec<u8>) {
        let content = match raw {
            [b'"', content @ .., b'"'] => content,
            other => other,
        };
        out.push(b'"');
        self.replace(rule, content, Form::JsonString, out);
        out.push(b'"');
    }

    /// What a key says that may be written with escapes or other disguises.
    pub(crate) fn veiled_key_kind(&mut self, key: &[u8]) -> KeyKind {
        if chars::union(key) & VEIL == 0 {
            return self.key_kind(key);
        }
        self.scratch.json_view.unescape_json(key);
        if self.scratch.plain_view.unveil(&self.scratch.json_view.text) {
            self.engine.key_kind(&self.scratch.plain_view.text)
        } else {
            self.engine.key_kind(&self.scratch.json_view.text)
        }
    }

    /// What a key says that is written as it is.
    pub(crate) fn key_kind(&mut self, key: &[u8]) -> KeyKind {
        self.scratch.keys.kind(self.engine, key)
    }

    /// The findings since the last call.
    pub(crate) fn take_findings(&mut self) -> Findings {
        let mut findings = Findings::default();
        self.scratch
            .found
            .drain(..)
            .for_each(|rule| findings.add(rule));
        findings
    }

    /// Counts a finding that no detector made.
    pub(crate) fn count(&mut self, rule: RuleId) {
        self.scratch.found.push(rule);
    }

    /// Reports a stretch of a private key that began in a line before.
    pub(crate) fn found_key(&mut self, range: Range<usize>, report: &mut Report<'_>) {
        self.scratch.found.push(PRIVATE_KEY);
        if let Some(report) = report {
            report(Finding {
                rule: PRIVATE_KEY,
                range,
            });
        }
    }

    /// Writes what stands in place of a stretch of a private key.
    pub(crate) fn replace_key(&mut self, secret: &[u8], out: &mut Vec<u8>) {
        self.replace(PRIVATE_KEY, secret, Form::Text, out);
    }

    /// Where findings are in a text.
    pub(crate) fn findings_in(&mut self, text: &[u8]) -> Vec<Range<usize>> {
        self.find(Source::plain(text));
        self.scratch
            .spans
            .iter()
            .map(|span| span.start..span.end)
            .collect()
    }

    pub(crate) fn is_allowed(&self, value: &[u8]) -> bool {
        self.engine.is_allowed(value)
    }

    pub(crate) fn secret_enabled(&self) -> bool {
        self.engine.enabled[SECRET.index()]
    }
}

impl Drop for Cleaner<'_> {
    /// Leaves the scratch to the next cleaner.
    fn drop(&mut self) {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.found.clear();
        self.engine.keep_scratch(scratch);
    }
}

impl Scratch {
    /// The memory that grows with the length of the lines.
    pub(crate) fn bytes(&self) -> usize {
        let drafts: usize = self.drafts.iter().map(Vec::capacity).sum();
        let spans = self.spans.capacity() + self.veiled_spans.capacity();
        drafts
            + spans * size_of::<Span>()
            + self.frames.capacity() * size_of::<json::Frame>()
            + self.found.capacity() * size_of::<RuleId>()
            + self.json_view.bytes()
            + self.plain_view.bytes()
    }
}

/// A text to clean.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'t> {
    pub(crate) text: &'t [u8],
    /// What its key says about it.
    pub(crate) kind: KeyKind,
    pub(crate) form: Form,
    /// The class bits of all its bytes.
    pub(crate) classes: u8,
    /// How much of the text was written before: it is searched, and nothing in it changes.
    pub(crate) context: usize,
}

impl<'t> Source<'t> {
    /// A text as it is.
    pub(crate) fn plain(text: &'t [u8]) -> Source<'t> {
        Source {
            text,
            kind: KeyKind::Plain,
            form: Form::Text,
            classes: chars::union(text),
            context: 0,
        }
    }

    /// The same place with another text.
    fn with<'d>(self, text: &'d [u8]) -> Source<'d> {
        Source {
            text,
            classes: chars::union(text),
            kind: self.kind,
            form: self.form,
            context: self.context,
        }
    }
}

/// How a text is written in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is.
    Text,
    /// As the content of a JSON string.
    JsonString,
}

/// Writes text in the form of its surroundings.
fn write(form: Form, text: &[u8], out: &mut Vec<u8>) {
    for &b in text {
        if form == Form::JsonString && (b == b'"' || b == b'\\') {
            out.push(b'\\');
        }
        out.push(b);
    }
}

/// Leaves of the spans what lies behind `context`, without the white space that begins the line.
fn keep_behind(context: usize, text: &[u8], spans: &mut Vec<Span>) {
    spans.retain_mut(|span| {
        if span.start < context {
            let line = &text[context..];
            span.start = context + line.len() - line.trim_ascii_start().len();
        }
        span.start < span.end
    });
}

/// Sorts spans and joins those that overlap, under the rule of the longest.
fn merge(spans: &mut Vec<Span>) {
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut kept: usize = 0;
    for i in 1..spans.len() {
        let next = spans[i];
        let last = &mut spans[kept];
        if next.start >= last.end {
            kept += 1;
            spans[kept] = next;
        } else if next.end > last.end {
            if next.end - next.start > last.end - last.start {
                last.rule = next.rule;
            }
            last.end = next.end;
            last.fix = Fix::Mask;
        }
    }
    spans.truncate(kept + 1);
}
