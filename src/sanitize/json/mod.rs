//! JSON lines, worked on as text: the tokens are found in one pass over the bytes, strings are
//! cleaned in place, and everything between them is copied as it is. Depth costs memory, not stack.

mod edit;
mod names;

use std::ops::Range;

use wide::u8x16;

use super::builtin::{CARD, PHONE, SECRET};
use super::chars::{DIGIT, MARK, UPPER, VEIL, run_end, union};
use super::cleaner::{Cleaner, Report};
use super::detect::number;
use super::keycache::Place;
use super::keys::KeyKind;
use super::{text, value};

/// The line is not a JSON object, array or string; it is text.
#[derive(Debug)]
pub(crate) struct NotJson;

/// An open object or array.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    object: bool,
    /// Nothing has been read in it yet.
    empty: bool,
    /// What the key of an array says about every element.
    kind: KeyKind,
    /// What a `name` beside a `value` says, or the element before in an array.
    named: KeyKind,
    /// How many strings of an array have been read, and whether the last was a flag.
    strings: u32,
    flag: bool,
}

/// True when the line may be a JSON object, array or string.
pub(crate) fn looks_like_json(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    matches!(line, [b'{', .., b'}'] | [b'[', .., b']'] | [b'"', .., b'"'])
}

/// Appends the clean line to `out` and returns true, or returns false when nothing changed.
pub(crate) fn clean(
    cleaner: &mut Cleaner<'_>,
    line: &[u8],
    out: &mut Vec<u8>,
    report: Report<'_>,
) -> Result<bool, NotJson> {
    let mut frames = std::mem::take(&mut cleaner.scratch.frames);
    frames.clear();
    let last_key = cleaner.scratch.last_key;
    let mut walk = Walk {
        cleaner,
        line,
        out,
        report,
        at: 0,
        copied: 0,
        changed: false,
        frames,
        last_key,
        muted: None,
        kept: 0,
        argument: None,
    };
    let done = walk.run();
    let Walk {
        frames,
        last_key,
        copied,
        changed,
        ..
    } = walk;
    cleaner.scratch.frames = frames;
    cleaner.scratch.last_key = last_key;
    done?;
    if changed {
        out.extend_from_slice(&line[copied..]);
    }
    Ok(changed)
}

/// A container that goes whole, once its end is found.
#[derive(Debug, Clone, Copy)]
struct Muted {
    start: usize,
    depth: usize,
    kind: KeyKind,
    has_string: bool,
    /// All that it holds are sentences, such as `is too short`.
    messages: bool,
}

struct Walk<'w, 'e, 'r> {
    cleaner: &'w mut Cleaner<'e>,
    line: &'w [u8],
    out: &'w mut Vec<u8>,
    report: Report<'r>,
    at: usize,
    /// Up to here the line has been written to `out`.
    copied: usize,
    changed: bool,
    frames: Vec<Frame>,
    /// The last known key, of this line or of the one before it.
    last_key: Place,
    muted: Option<Muted>,
    /// The end of the last container that stays although its key is a secret's: up to here none
    /// goes whole, and what is in it is looked at by itself.
    kept: usize,
    /// What of the next string of an array is the argument of a command's flag.
    argument: Option<Range<usize>>,
}

impl Walk<'_, '_, '_> {
    fn run(&mut self) -> Result<(), NotJson> {
        self.white_space();
        match self.peek()? {
            open @ (b'{' | b'[') => self.open(open, KeyKind::Plain),
            b'"' => {
                let start = self.at;
                let range = self.string_behind_quote()?;
                self.string_value(start, range, KeyKind::Plain, false);
            }
            _ => return Err(NotJson),
        }
        while let Some(frame) = self.frames.last_mut() {
            let Frame { object, kind, .. } = *frame;
            let first = std::mem::replace(&mut frame.empty, false);
            if !first && self.line.get(self.at) == Some(&b',') {
                self.at += 1;
            } else {
                self.white_space();
                let byte = self.peek()?;
                if byte == if object { b'}' } else { b']' } {
                    self.close();
                    continue;
                }
                if !first {
                    self.step(b',')?;
                }
            }
            self.white_space();
            let kind = if object { self.key()? } else { kind };
            let kind = match kind {
                KeyKind::Value => self.named(),
                kind => kind,
            };
            self.white_space();
            self.value(kind, !object)?;
        }
        self.white_space();
        if self.at == self.line.len() {
            Ok(())
        } else {
            Err(NotJson)
        }
    }

    fn peek(&self) -> Result<u8, NotJson> {
        self.line.get(self.at).copied().ok_or(NotJson)
    }

    fn white_space(&mut self) {
        // What stands next is hardly ever white space: one comparison says so.
        while let Some(&byte) = self.line.get(self.at)
            && byte <= b' '
            && matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
        {
            self.at += 1;
        }
    }

    fn open(&mut self, byte: u8, kind: KeyKind) {
        self.at += 1;
        self.frames.push(Frame {
            object: byte == b'{',
            empty: true,
            kind,
            named: KeyKind::Plain,
            strings: 0,
            flag: false,
        });
    }

    fn close(&mut self) {
        self.at += 1;
        self.frames.pop();
        if let Some(muted) = self.muted
            && self.frames.len() == muted.depth
        {
            self.muted = None;
            let keeps = muted.kind == KeyKind::Tokens && !muted.has_string
                || muted.has_string && muted.messages;
            let inner = &self.line[muted.start + 1..self.at - 1];
            if inner.trim_ascii().is_empty() {
                return;
            }
            if keeps {
                // Once more from its start.
                self.kept = self.at;
                self.at = muted.start;
                self.open(self.line[muted.start], KeyKind::Plain);
            } else {
                self.redact(muted.start, self.at, SECRET);
            }
        }
    }

    /// Steps over the string that starts at `at`. Returns the range of its content.
    fn string(&mut self) -> Result<Range<usize>, NotJson> {
        match self.peek()? {
            b'"' => self.string_behind_quote(),
            _ => Err(NotJson),
        }
    }

    /// Steps over the string whose quote is at `at`. Returns the range of its content.
    #[inline]
    fn string_behind_quote(&mut self) -> Result<Range<usize>, NotJson> {
        let start = self.at + 1;
        let mut at = start;
        loop {
            at = string_stop(self.line, at).ok_or(NotJson)?;
            if self.line[at] == b'"' {
                self.at = at + 1;
                return Ok(start..at);
            }
            at += 2;
        }
    }

    /// Steps over a mark and the white space around it.
    fn step(&mut self, mark: u8) -> Result<(), NotJson> {
        self.white_space();
        if self.peek()? != mark {
            return Err(NotJson);
        }
        self.at += 1;
        self.white_space();
        Ok(())
    }

    /// Reads a value, which may be an element of an array.
    fn value(&mut self, kind: KeyKind, element: bool) -> Result<(), NotJson> {
        match self.peek()? {
            b'"' => {
                let start = self.at;
                let range = self.string_behind_quote()?;
                if kind == KeyKind::Id && self.muted.is_none() {
                    return Ok(());
                }
                self.string_value(start, range, kind, element);
                Ok(())
            }
            open @ (b'{' | b'[') => {
                let section = kind == KeyKind::Jwt && open == b'{';
                let goes_whole = kind.is_secret()
                    && !section
                    && !matches!(kind, KeyKind::Code | KeyKind::Signature | KeyKind::Pass);
                let may_go = self.muted.is_none() && self.at >= self.kept;
                if goes_whole && may_go && self.cleaner.secret_enabled() {
                    self.muted = Some(Muted {
                        start: self.at,
                        depth: self.frames.len(),
                        kind,
                        has_string: false,
                        messages: true,
                    });
                }
                let inherited = match kind {
                    KeyKind::Stack
                    | KeyKind::Version
                    | KeyKind::Phone
                    | KeyKind::Card
                    | KeyKind::Code
                        if open == b'[' =>
                    {
                        kind
                    }
                    _ => KeyKind::Plain,
                };
                self.open(open, inherited);
                Ok(())
            }
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => self.number(kind),
        }
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), NotJson> {
        if !self.line[self.at..].starts_with(word) {
            return Err(NotJson);
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self, kind: KeyKind) -> Result<(), NotJson> {
        let start = self.at;
        while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') = self.line.get(self.at) {
            self.at += 1;
        }
        let digits = &self.line[start..self.at];
        if !is_number(digits) {
            return Err(NotJson);
        }
        if let Some(muted) = &mut self.muted {
            muted.messages = false;
            return Ok(());
        }
        // 0 and 1 say whether there is a secret, as false and true do.
        if matches!(digits, b"0" | b"1") {
            return Ok(());
        }
        let whole = || digits.iter().all(u8::is_ascii_digit);
        let rule = match kind {
            KeyKind::Secret
            | KeyKind::Token
            | KeyKind::Jwt
            | KeyKind::Auth
            | KeyKind::Authorization
            | KeyKind::Phrase
            | KeyKind::Ssn => Some(SECRET),
            KeyKind::Code if (3..=10).contains(&digits.len()) && whole() => Some(SECRET),
            KeyKind::Phone if (10..=15).contains(&digits.len()) && whole() => Some(PHONE),
            _ if digits.len() >= 15 && whole() && number::is_card_number(digits) => Some(CARD),
            _ => None,
        };
        if let Some(rule) = rule {
            self.redact(start, self.at, rule);
        }
        Ok(())
    }

    /// Cleans the string that starts at `start` and whose content is at `range`.
    fn string_value(&mut self, start: usize, range: Range<usize>, kind: KeyKind, element: bool) {
        if let Some(muted) = &mut self.muted {
            muted.has_string = true;
            let content = &self.line[range];
            muted.messages &= value::is_message(content) || value::is_type(content);
            return;
        }
        let line = self.line;
        let content = &line[range.clone()];
        let kind = if element {
            if let Some(argument) = self.flag_argument(&range) {
                self.mask(argument, SECRET);
                return;
            }
            self.element_kind(kind, content)
        } else {
            kind
        };
        match kind {
            KeyKind::Name => {
                let named = self.cleaner.veiled_key_kind(content);
                if let Some(frame) = self.frames.last_mut() {
                    frame.named = named;
                }
            }
            _ if kind.is_secret() && self.secret_goes(kind, content) => {
                self.redact(start, self.at, SECRET);
                return;
            }
            _ => {}
        }
        if text::is_id_or_time(content) && !self.cleaner.engine.has_patterns() {
            return;
        }
        let may_be_known = kind == KeyKind::Plain && content.len() >= 8;
        if may_be_known && self.cleaner.scratch.clean_texts.has(content) {
            return;
        }
        let classes = union(content);
        // Credentials in base64 may be letters alone; they are long and not all lower case.
        let long = classes & UPPER != 0 && content.len() >= 16;
        let searched = may_hold_secrets(classes) || long || self.cleaner.engine.has_patterns();
        if !searched {
            return;
        }
        if !self.text(range, kind, classes) && may_be_known {
            self.cleaner.scratch.clean_texts.add(content);
        }
    }

    fn secret_goes(&self, kind: KeyKind, content: &[u8]) -> bool {
        let placeholders = &self.cleaner.engine.placeholders;
        if !self.cleaner.secret_enabled()
            || content.is_empty()
            || placeholders.is_whole(content)
            || self.cleaner.is_allowed(content)
        {
            return false;
        }
        match kind {
            KeyKind::Code => content.len() >= 3 && content.iter().any(u8::is_ascii_digit),
            KeyKind::Pass => !value::is_nothing(placeholders, content) && !value::is_prose(content),
            KeyKind::Signature => content.len() >= 20 && !content.contains(&b' '),
            KeyKind::Cookie => !value::is_prose(content),
            KeyKind::Secret | KeyKind::Auth => {
                !(value::is_fetch_mode(content)
                    || value::is_header(content)
                    || value::is_message(content))
            }
            _ => true,
        }
    }
}

/// True for a number of JSON. `[10.0.0.1]` and `[219-09-9999]` are text.
fn is_number(bytes: &[u8]) -> bool {
    let digits = |from: usize| run_end(bytes, from, usize::MAX, |b| b.is_ascii_digit());
    let start = usize::from(bytes.first() == Some(&b'-'));
    let mut end = digits(start);
    if end == start {
        return false;
    }
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        end += 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        end = digits(end);
    }
    end == bytes.len()
}

/// False for strings of letters, spaces and light punctuation, in which no detector can hit.
fn may_hold_secrets(classes: u8) -> bool {
    classes & (DIGIT | MARK | VEIL) != 0
}

/// The place of the next `"` or `\` from `at`. Most strings of a record end within a few times 16
/// bytes: a call to `memchr2` for each of them made the whole line 5 % dearer.
fn string_stop(line: &[u8], mut at: usize) -> Option<usize> {
    while let Some(chunk) = line.get(at..)?.first_chunk() {
        let stops = stops(chunk);
        if stops != 0 {
            return Some(at + stops.trailing_zeros() as usize);
        }
        at += chunk.len();
    }
    let rest = line.get(at..)?;
    match line.last_chunk::<16>() {
        Some(chunk) => {
            let stops = stops(chunk) >> (chunk.len() - rest.len());
            (stops != 0).then(|| at + stops.trailing_zeros() as usize)
        }
        None => rest
            .iter()
            .position(|b| matches!(b, b'"' | b'\\'))
            .map(|stop| at + stop),
    }
}

/// A one for each `"` and each `\` of 16 bytes, the first one lowest.
#[inline]
fn stops(chunk: &[u8; 16]) -> u32 {
    let bytes = u8x16::new(*chunk);
    (bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\'))).to_bitmask()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::string_stop;
    use crate::sanitize::Sanitizer;

    #[test]
    fn what_stays_under_a_secret_key_is_looked_at_by_itself() {
        let sanitizer = Sanitizer::default();
        for (line, clean) in [
            (
                r#"{"password":{"bob@example.com":"is too short"}}"#,
                r#"{"password":{"[REDACTED]":"is too short"}}"#,
            ),
            (
                r#"{"errors":{"password":[{"10.0.27.3":"is invalid"}]}}"#,
                r#"{"errors":{"password":[{"[REDACTED]":"is invalid"}]}}"#,
            ),
            (
                r#"{"tokens":{"AKIAIOSFODNN7EXAMPLE":12,"used":{"tokens":7}}}"#,
                r#"{"tokens":{"[REDACTED]":12,"used":{"tokens":7}}}"#,
            ),
            (
                r#"{"tokens":{"password":123456}}"#,
                r#"{"tokens":{"password":"[REDACTED]"}}"#,
            ),
            (
                r#"{"password":"password correcthorse is wrong","a":{"b":[1]}}"#,
                r#"{"password":"[REDACTED]","a":{"b":[1]}}"#,
            ),
        ] {
            let found = sanitizer.sanitize_line(line.as_bytes());
            assert_eq!(String::from_utf8_lossy(&found), clean);
        }
    }

    proptest! {
        #[test]
        fn the_end_of_a_string_is_the_first_quote_or_backslash(
            line in vec(prop_oneof![8 => Just(b'x'), 1 => Just(b'"'), 1 => Just(b'\\')], 0..70),
            at in 0usize..80,
        ) {
            let stop = (at..line.len()).find(|i| matches!(line[*i], b'"' | b'\\'));
            prop_assert_eq!(string_stop(&line, at), stop);
        }
    }
}
