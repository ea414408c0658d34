//! JSON lines, worked on as text: the tokens are found in one pass over the bytes, strings are
//! cleaned in place, and everything between them is copied as it is. Depth costs memory, not stack.

use std::ops::Range;

use memchr::memchr2;

use super::builtin::{CARD, PHONE, SECRET};
use super::chars::{DIGIT, MARK, UPPER, VEIL, union};
use super::detect::{flag, number};
use super::engine::{Cleaner, Form, Report, Source};
use super::finding::{Finding, RuleId};
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
    /// What the key says about the value to come; in an array, about every element.
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
    /// What of the next string of an array is the argument of a command's flag.
    argument: Option<Range<usize>>,
}

impl Walk<'_, '_, '_> {
    fn run(&mut self) -> Result<(), NotJson> {
        self.white_space();
        match self.peek()? {
            open @ (b'{' | b'[') => self.open(open, KeyKind::Plain),
            b'"' => self.string_value(KeyKind::Plain)?,
            _ => return Err(NotJson),
        }
        while let Some(frame) = self.frames.last_mut() {
            let Frame { object, .. } = *frame;
            let first = std::mem::replace(&mut frame.empty, false);
            self.white_space();
            let byte = self.peek()?;
            if byte == if object { b'}' } else { b']' } {
                self.close();
                continue;
            }
            if !first {
                if byte != b',' {
                    return Err(NotJson);
                }
                self.at += 1;
                self.white_space();
            }
            if object {
                self.key()?;
            }
            self.value()?;
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
            let keeps = muted.kind == KeyKind::Tokens && !muted.has_string;
            let inner = &self.line[muted.start + 1..self.at - 1];
            if !keeps && !inner.trim_ascii().is_empty() {
                self.redact(muted.start, self.at, SECRET);
            }
        }
    }

    /// Steps over the string that starts at `at`. Returns the range of its content.
    fn string(&mut self) -> Result<Range<usize>, NotJson> {
        if self.peek()? != b'"' {
            return Err(NotJson);
        }
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

    fn key(&mut self) -> Result<(), NotJson> {
        if self.peek()? != b'"' {
            return Err(NotJson);
        }
        let keys = &self.cleaner.scratch.known_keys;
        let mut kind = match keys.guess(self.last_key, &self.line[self.at + 1..]) {
            Some((place, length, kind)) => {
                self.last_key = place;
                self.at += length + br#""":"#.len();
                kind
            }
            None => self.spelled_key()?,
        };
        if kind == KeyKind::Value {
            kind = match self.frames.last() {
                Some(frame) if frame.named.is_secret() => frame.named,
                _ => self.name_behind(),
            };
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.kind = kind;
        }
        self.white_space();
        Ok(())
    }

    /// Reads a key that did not come where it came last, and the colon behind it.
    fn spelled_key(&mut self) -> Result<KeyKind, NotJson> {
        let range = self.string()?;
        let raw = &self.line[range.clone()];
        let keys = &mut self.cleaner.scratch.known_keys;
        let kind = match keys.get(raw) {
            Some((place, kind)) => {
                keys.follow(self.last_key, place);
                self.last_key = place;
                kind
            }
            None => self.new_key(range),
        };
        self.white_space();
        if self.peek()? != b':' {
            return Err(NotJson);
        }
        self.at += 1;
        Ok(kind)
    }

    /// `{"Value": "…", "Key": "password"}`: what the name behind a string says about it.
    fn name_behind(&mut self) -> KeyKind {
        let start = self.at;
        let kind = self.read_name_behind().unwrap_or(KeyKind::Plain);
        self.at = start;
        kind
    }

    fn read_name_behind(&mut self) -> Result<KeyKind, NotJson> {
        self.white_space();
        self.string()?;
        self.step(b',')?;
        let key = self.string()?;
        let line = self.line;
        if self.cleaner.key_kind(&line[key]) != KeyKind::Name {
            return Ok(KeyKind::Plain);
        }
        self.step(b':')?;
        let name = self.string()?;
        let kind = self.cleaner.veiled_key_kind(&line[name]);
        Ok(if kind.is_secret() {
            kind
        } else {
            KeyKind::Plain
        })
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

    /// What a key says that has not been seen, or that may hold a secret itself.
    fn new_key(&mut self, range: Range<usize>) -> KeyKind {
        let line = self.line;
        let raw = &line[range.clone()];
        let classes = union(raw);
        let placeholders = &self.cleaner.engine.placeholders;
        if !may_hold_secrets(classes) && !placeholders.are_custom() {
            let kind = self.cleaner.engine.key_kind(raw);
            let keys = &mut self.cleaner.scratch.known_keys;
            if let Some(place) = keys.put(raw, kind) {
                keys.follow(self.last_key, place);
                self.last_key = place;
            }
            return kind;
        }
        let kind = if placeholders.is_in(raw) {
            // `[REDACTED:ssn]` is what a key was, not what it says.
            KeyKind::Plain
        } else {
            self.cleaner.veiled_key_kind(raw)
        };
        if self.muted.is_none() && may_hold_secrets(classes) {
            self.text(range, KeyKind::Plain, classes);
        }
        kind
    }

    fn value(&mut self) -> Result<(), NotJson> {
        let kind = self
            .frames
            .last()
            .map_or(KeyKind::Plain, |frame| frame.kind);
        match self.peek()? {
            b'"' => self.string_value(kind),
            open @ (b'{' | b'[') => {
                let goes_whole = kind.is_secret()
                    && !matches!(kind, KeyKind::Code | KeyKind::Signature | KeyKind::Pass);
                if goes_whole && self.muted.is_none() && self.cleaner.secret_enabled() {
                    self.muted = Some(Muted {
                        start: self.at,
                        depth: self.frames.len(),
                        kind,
                        has_string: false,
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
                    KeyKind::Stack => kind,
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
        if !digits.iter().any(u8::is_ascii_digit) {
            return Err(NotJson);
        }
        if self.muted.is_some() {
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

    fn string_value(&mut self, kind: KeyKind) -> Result<(), NotJson> {
        let start = self.at;
        let range = self.string()?;
        if let Some(muted) = &mut self.muted {
            muted.has_string = true;
            return Ok(());
        }
        let line = self.line;
        let content = &line[range.clone()];
        let array = self.frames.last().is_some_and(|frame| !frame.object);
        let kind = if array {
            if let Some(argument) = self.flag_argument(&range) {
                self.mask(argument, SECRET);
                return Ok(());
            }
            self.element_kind(kind, content)
        } else {
            kind
        };
        match kind {
            KeyKind::Id => return Ok(()),
            KeyKind::Name => {
                let named = self.cleaner.veiled_key_kind(content);
                if let Some(frame) = self.frames.last_mut() {
                    frame.named = named;
                }
            }
            _ if kind.is_secret() && self.secret_goes(kind, content) => {
                self.redact(start, self.at, SECRET);
                return Ok(());
            }
            _ => {}
        }
        if text::is_id_or_time(content) && !self.cleaner.engine.has_patterns() {
            return Ok(());
        }
        let classes = union(content);
        // Credentials in base64 may be letters alone; they are long and not all lower case.
        let long = classes & UPPER != 0 && content.len() >= 16;
        let searched = may_hold_secrets(classes) || long || self.cleaner.engine.has_patterns();
        if !searched {
            return Ok(());
        }
        if kind != KeyKind::Plain {
            self.text(range, kind, classes);
        } else if !self.cleaner.scratch.clean_texts.has(content) && !self.text(range, kind, classes)
        {
            self.cleaner.scratch.clean_texts.add(content);
        }
        Ok(())
    }

    /// What of the string at `range` is a password for a command: `["mysql", "-pPassword"]`,
    /// `["curl", "-u", "user:password"]`.
    fn flag_argument(&mut self, range: &Range<usize>) -> Option<Range<usize>> {
        let announced = self.argument.take();
        let within = |found: &Range<usize>| found.start >= range.start && found.end <= range.end;
        let found = if self.line[range.start] == b'-' {
            flag::argument(self.line, range.start)
        } else {
            announced
        }?;
        if !within(&found) {
            self.argument = Some(found);
            return None;
        }
        let placeholders = &self.cleaner.engine.placeholders;
        (self.cleaner.secret_enabled()
            && !value::is_nothing(placeholders, &self.line[found.clone()]))
        .then_some(found)
    }

    /// `["Authorization", "Basic …"]`, `["--password", "…"]`, `[["X-Api-Key", "…"]]`: an element may
    /// be the key of the next.
    fn element_kind(&mut self, kind: KeyKind, content: &[u8]) -> KeyKind {
        let flag = content.starts_with(b"-") && content.len() > 2 && !content.contains(&b'=');
        let name = matches!(content.len(), 3..=64) && !content.contains(&b' ');
        let says = if flag || name {
            self.cleaner.veiled_key_kind(content)
        } else {
            KeyKind::Plain
        };
        let in_array = self
            .frames
            .len()
            .checked_sub(2)
            .is_some_and(|parent| !self.frames[parent].object);
        let last = self.line[self.at..].trim_ascii_start().first() == Some(&b']');
        let Some(frame) = self.frames.last_mut() else {
            return kind;
        };
        let place = frame.strings;
        frame.strings += 1;
        let named = match says {
            KeyKind::Authorization | KeyKind::Cookie => says,
            _ if says.is_secret() && (flag || (place % 2 == 0 && !last)) => says,
            _ => KeyKind::Plain,
        };
        let before = std::mem::replace(&mut frame.named, named);
        let after_flag = std::mem::replace(&mut frame.flag, flag);
        if !before.is_secret() || content.starts_with(b"-") {
            return kind;
        }
        let header = matches!(before, KeyKind::Authorization | KeyKind::Cookie);
        let pair = in_array && place == 1 && last && !value::is_prose(content);
        let shaped = value::is_secretish(content)
            && !value::is_field_name(content)
            && !content.contains(&b' ');
        if header && named == KeyKind::Plain || after_flag || pair || shaped {
            frame.named = KeyKind::Plain;
            before
        } else {
            kind
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
            _ => true,
        }
    }

    /// Cleans the content of a string. Returns true when it changed.
    fn text(&mut self, range: Range<usize>, kind: KeyKind, classes: u8) -> bool {
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
            self.changed = true;
        }
        changed
    }

    /// Puts the placeholder in place of a part of a string.
    fn mask(&mut self, range: Range<usize>, rule: RuleId) {
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
        self.changed = true;
    }

    /// Puts a JSON string in place of a whole value.
    fn redact(&mut self, from: usize, to: usize, rule: RuleId) {
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
        self.changed = true;
    }
}

/// False for strings of letters, spaces and light punctuation, in which no detector can hit.
fn may_hold_secrets(classes: u8) -> bool {
    classes & (DIGIT | MARK | VEIL) != 0
}

/// The place of the next `"` or `\` from `at`. The first bytes are compared eight at a time in a
/// register: most strings of a record end there, before a call to `memchr2` would pay off.
fn string_stop(line: &[u8], at: usize) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let mut at = at;
    for _ in 0..6 {
        let Some(bytes) = line.get(at..)?.first_chunk() else {
            break;
        };
        let word = u64::from_le_bytes(*bytes);
        let stops = has_zero(word ^ (ONES * b'"' as u64)) | has_zero(word ^ (ONES * b'\\' as u64));
        if stops != 0 {
            // Only the lowest mark is exact, and that is the one that is asked for.
            return Some(at + stops.trailing_zeros() as usize / 8);
        }
        at += bytes.len();
    }
    memchr2(b'"', b'\\', line.get(at..)?).map(|offset| at + offset)
}
