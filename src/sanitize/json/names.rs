//! What is known of a JSON value before it is read: from its key, from a name beside it, and from the
//! element before it in an array.

use std::ops::Range;

use super::{NotJson, Walk, may_hold_secrets};
use crate::sanitize::chars::union;
use crate::sanitize::detect::flag;
use crate::sanitize::keys::KeyKind;
use crate::sanitize::value;

impl Walk<'_, '_, '_> {
    /// Reads a key and its colon. Returns what it says.
    #[inline]
    pub(super) fn key(&mut self) -> Result<KeyKind, NotJson> {
        let keys = &self.cleaner.scratch.known_keys;
        match keys.guess(self.last_key, &self.line[self.at..]) {
            Some((place, length, kind)) => {
                self.last_key = place;
                self.at += length;
                Ok(kind)
            }
            None => self.spelled_key(),
        }
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
        self.step(b':')?;
        Ok(kind)
    }

    /// What the name beside a value says about it.
    #[cold]
    pub(super) fn named(&mut self) -> KeyKind {
        match self.frames.last() {
            Some(frame) if frame.named.is_secret() => frame.named,
            _ => self.name_behind(),
        }
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
        if self.muted.is_none()
            && may_hold_secrets(classes)
            && self.text(range, KeyKind::Plain, classes)
        {
            self.cleaner.scratch.unsettled = true;
        }
        kind
    }

    /// What of the string at `range` is a password for a command: `["mysql", "-pPassword"]`,
    /// `["curl", "-u", "user:password"]`.
    pub(super) fn flag_argument(&mut self, range: &Range<usize>) -> Option<Range<usize>> {
        let announced = self.argument.take();
        let within = |found: &Range<usize>| found.start >= range.start && found.end <= range.end;
        let found = if self.line[range.start] == b'-' {
            // The command is looked for in what stands before, which may be redacted.
            self.cleaner.scratch.unsettled |= self.changed;
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
    pub(super) fn element_kind(&mut self, kind: KeyKind, content: &[u8]) -> KeyKind {
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
}
