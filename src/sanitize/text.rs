//! One pass over a text: words and marks lead to the detectors.

use super::builtin;
use super::chars::{CLASS, DIGIT, LOWER, MARK, UPPER, WORD, count_work, word_before};
use super::detect::{
    auth, crypt, email, flag, iban, ip, keyvalue, list, number, path, pem, start, tag, token, url,
};
use super::engine::Engine;
use super::finding::RuleId;
use super::keycache::KeyCache;
use super::keys::KeyKind;

/// What must go from a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) rule: RuleId,
    pub(crate) fix: Fix,
}

/// What stands in place of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fix {
    /// The placeholder.
    Mask,
    /// The placeholder in quotes, each after so many backslashes: a JSON value within a text.
    Quote { quote: u8, slashes: u8 },
    /// Nothing.
    Cut,
}

/// What a text leaves open: a key whose value stands below, or a value that goes on there.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    /// What stands for it before the next line.
    pub(crate) text: Vec<u8>,
    /// How many lines it may last.
    pub(crate) lines: u16,
    /// It was open before the text began.
    pub(crate) goes_on: bool,
}

/// The pass over one text.
pub(crate) struct Scanner<'s> {
    pub(crate) engine: &'s Engine,
    keys: &'s mut KeyCache,
    pub(crate) text: &'s [u8],
    /// What the key of the text says about it.
    pub(crate) kind: KeyKind,
    spans: &'s mut Vec<Span>,
    /// The end of the last span: nothing before it is looked at again.
    pub(crate) floor: usize,
    /// The end of the last run of hex digits and colons that was tried.
    hex_end: usize,
    /// The end of the last dotted number that was a version.
    pub(crate) version_end: usize,
    /// The end of the last run of digit groups that was tried.
    pub(crate) groups_end: usize,
    /// The lists behind keys that were read last.
    pub(crate) lists: list::Neighbours,
    /// How much of the text was written in lines before.
    pub(crate) context: usize,
    /// What is open at the end of the text.
    pub(crate) open: Option<Open>,
    /// The last `name: API_KEY`, for the `value` behind it.
    pub(crate) named: Option<keyvalue::Named>,
    /// The last dot of the text, once it was asked for.
    last_dot: Option<usize>,
}

impl<'s> Scanner<'s> {
    pub(crate) fn new(
        engine: &'s Engine,
        keys: &'s mut KeyCache,
        text: &'s [u8],
        kind: KeyKind,
        spans: &'s mut Vec<Span>,
    ) -> Scanner<'s> {
        Scanner {
            engine,
            keys,
            text,
            kind,
            spans,
            floor: 0,
            hex_end: 0,
            version_end: usize::MAX,
            groups_end: 0,
            lists: list::Neighbours::default(),
            context: 0,
            open: None,
            named: None,
            last_dot: None,
        }
    }

    /// Looks at every word and every mark once. Returns what is open at the end.
    pub(crate) fn run(mut self) -> Option<Open> {
        let text = self.text;
        if is_id_or_time(text) {
            return None;
        }
        let mut at = 0;
        while at < text.len() {
            count_work(1);
            let class = CLASS[text[at] as usize];
            if class & WORD != 0 {
                let start = at;
                let mut kinds = class;
                at += 1;
                for b in &text[at..] {
                    let class = CLASS[*b as usize];
                    if class & WORD == 0 {
                        break;
                    }
                    kinds |= class;
                    at += 1;
                }
                at = self.word(start, at, kinds).max(at);
            } else if class & MARK != 0 {
                at = self.mark(at).max(at + 1);
            } else {
                at += 1;
            }
        }
        keyvalue::open_name(&mut self);
        self.open
    }

    /// Adds a span unless its rule is off. Returns true when the span was added.
    pub(crate) fn push(&mut self, rule: RuleId, start: usize, end: usize, fix: Fix) -> bool {
        if start >= end || !self.engine.enabled[rule.index()] {
            return false;
        }
        self.spans.push(Span {
            start,
            end,
            rule,
            fix,
        });
        self.floor = self.floor.max(end);
        true
    }

    /// What a key in the text says about its value.
    pub(crate) fn key_kind(&mut self, key: &[u8]) -> KeyKind {
        // A number is no key, and there are more of them than could be remembered.
        if key.iter().all(|b| b.is_ascii_digit() || *b == b'.') {
            return KeyKind::Plain;
        }
        self.keys.kind(self.engine, key)
    }

    /// True when a dot stands behind `at`.
    pub(crate) fn has_dot_behind(&mut self, at: usize) -> bool {
        let text = self.text;
        let last = *self
            .last_dot
            .get_or_insert_with(|| memchr::memrchr(b'.', text).unwrap_or(0));
        last > at
    }

    /// Adds a span and returns where to go on: behind it, or at `next` when the rule is off.
    fn hit(&mut self, rule: RuleId, range: std::ops::Range<usize>, next: usize) -> usize {
        if self.push(rule, range.start, range.end, Fix::Mask) {
            range.end
        } else {
            next
        }
    }

    fn word(&mut self, start: usize, end: usize, kinds: u8) -> usize {
        let text = self.text;
        if kinds & WORD == DIGIT {
            return number::at(self, start, end);
        }
        if kinds & (UPPER | LOWER) != 0 && end - start >= 2 {
            let may_be = start::of(text[start], text[start + 1]);
            if may_be & start::TOKEN != 0 || token::may_be_bot(text, start, end) {
                if let Some(found) = token::at(text, start, end) {
                    return self.hit(found.rule, found.range, end);
                }
            } else {
                debug_assert!(token::at(text, start, end).is_none());
            }
            if kinds & DIGIT != 0
                && let Some(range) = iban::at(text, start, end)
            {
                return self.hit(builtin::IBAN, range, end);
            }
            if kinds & super::chars::UNDERSCORE != 0 && text.get(end) == Some(&b' ') {
                if let Some(next) = auth::named(self, start, end) {
                    return next;
                }
            } else if kinds & (DIGIT | super::chars::UNDERSCORE) == 0 {
                if may_be & start::SPOKEN == 0 {
                    debug_assert!(auth::at(self, start, end).is_none());
                } else if let Some(next) = auth::at(self, start, end) {
                    return next;
                }
            }
        }
        if number::is_mixed_start(text, start, end) {
            return number::cisco_mac(self, start, end);
        }
        end
    }

    fn mark(&mut self, at: usize) -> usize {
        let text = self.text;
        match text[at] {
            b'@' => match email::at(text, at, self.floor) {
                Some(range) => self.hit(builtin::EMAIL, range, at + 1),
                None => at + 1,
            },
            b'=' => keyvalue::at_equals(self, at),
            b':' => self.colon(at),
            b'+' => number::phone_at(self, at),
            b'(' => match email::spelled(text, at, self.floor) {
                Some(range) => self.hit(builtin::EMAIL, range, at + 1),
                None => match number::phone_at(self, at) {
                    next if next == at + 1 => list::at(self, at),
                    next => next,
                },
            },
            b'-' if text.get(at + 1) == Some(&b'>') => keyvalue::at_arrow(self, at),
            b'-' => {
                if let Some(range) = pem::at(text, at) {
                    return self.hit(builtin::PRIVATE_KEY, range, at + 1);
                }
                flag::at(self, at)
            }
            b'[' => match email::spelled(text, at, self.floor) {
                Some(range) => self.hit(builtin::EMAIL, range, at + 1),
                None => match self.engine.placeholders.length(&text[at..]) {
                    0 => list::at(self, at),
                    length => at + length,
                },
            },
            b'<' => tag::at(self, at),
            b'$' => match crypt::at(text, at) {
                Some(range) => self.hit(builtin::SECRET, range, at + 1),
                None => at + 1,
            },
            b'/' if flag::may_be_slash(text, at) => flag::slash(self, at)
                .or_else(|| path::at(self, at))
                .unwrap_or(at + 1),
            // No absolute path begins behind a letter.
            b'/' if word_before(text, at) => at + 1,
            b'/' | b'\\' => {
                if text[at] == b'\\'
                    && text
                        .get(at + 1)
                        .is_some_and(|b| matches!(b, b'n' | b'r' | b't' | b'\\' | b'"'))
                {
                    if let Some(next) = path::at(self, at) {
                        return next;
                    }
                    // An escape kept in the text: its letter is no part of the next word.
                    return at + 2;
                }
                path::at(self, at).unwrap_or(at + 1)
            }
            _ => at + 1,
        }
    }

    fn colon(&mut self, at: usize) -> usize {
        let text = self.text;
        if text[at + 1..].starts_with(b"//") {
            if let Some(range) = url::credentials(text, at + 3)
                .filter(|range| !self.engine.placeholders.is_whole(&text[range.clone()]))
            {
                return self.hit(builtin::URL_CREDENTIALS, range, at + 3);
            }
            return match path::at(self, at) {
                Some(next) => next,
                None => at + 3,
            };
        }
        if let Some(next) = path::at(self, at) {
            return next;
        }
        if let Some(range) = url::sip_credentials(text, at)
            .filter(|range| !self.engine.placeholders.is_whole(&text[range.clone()]))
        {
            return self.hit(builtin::URL_CREDENTIALS, range, at + 1);
        }
        if at >= self.hex_end
            && let Some(run) = ip::hex_run(text, at)
        {
            self.hex_end = run.end;
            if let Some((rule, range)) = ip::in_run(text, run) {
                return self.hit(rule, range, at + 1);
            }
        }
        keyvalue::at_colon(self, at)
    }
}

/// A timestamp or a UUID and nothing else, in which there is nothing to find.
pub(crate) fn is_id_or_time(text: &[u8]) -> bool {
    matches!(text.len(), 19..=36) && (is_timestamp(text) || is_uuid(text))
}

/// `2026-02-06T12:00:00.000Z` and the like, alone.
fn is_timestamp(text: &[u8]) -> bool {
    matches!(text.len(), 19..=35)
        && text[4] == b'-'
        && text[7] == b'-'
        && matches!(text[10], b'T' | b' ')
        && text[13] == b':'
        && text[16] == b':'
        && text
            .iter()
            .fold(true, |all, b| all & IN_TIME[usize::from(*b)])
}

/// The bytes that a timestamp is made of.
static IN_TIME: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 128 {
        table[b] = matches!(
            b as u8,
            b'0'..=b'9' | b'-' | b'T' | b' ' | b':' | b'.' | b'Z' | b'+'
        );
        b += 1;
    }
    table
};

/// A UUID, alone.
fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}
