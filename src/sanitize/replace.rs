//! What is written in place of a secret, and how it is known again.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::rules::{DEFAULT_REPLACEMENT, Replacement};

/// The number of hex digits of a pseudonym.
const PSEUDONYM_DIGITS: usize = 6;

/// The key of pseudonyms. It never shows what it holds.
#[derive(Clone)]
pub struct Key(Box<[u8]>);

impl Key {
    /// Takes the key's bytes; white space around them, such as a file's last newline, is dropped.
    /// None when nothing remains.
    pub fn new(bytes: &[u8]) -> Option<Key> {
        let bytes = bytes.trim_ascii();
        (!bytes.is_empty()).then(|| Key(bytes.into()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

impl Replacement {
    /// Writes what stands in place of `secret`, found by the rule `rule`.
    pub(crate) fn write(&self, rule: &str, secret: &[u8], out: &mut Vec<u8>) {
        match self {
            Replacement::Redacted => out.extend_from_slice(DEFAULT_REPLACEMENT.as_bytes()),
            Replacement::Text(text) => out.extend_from_slice(text.as_bytes()),
            Replacement::Typed => {
                out.extend_from_slice(b"[REDACTED:");
                out.extend_from_slice(rule.as_bytes());
                out.push(b']');
            }
            Replacement::Pseudonym(key) => {
                out.push(b'[');
                out.extend_from_slice(rule.as_bytes());
                out.push(b':');
                out.extend_from_slice(&pseudonym(key, rule, secret));
                out.push(b']');
            }
        }
    }
}

/// HMAC-SHA-256 over the rule's name, a zero byte and the value without its spelling: letters in
/// lower case, and of numbers (cards, phones, accounts) only letters and digits.
fn pseudonym(key: &Key, rule: &str, secret: &[u8]) -> [u8; PSEUDONYM_DIGITS] {
    // An HMAC takes a key of any length, so that this cannot fail; an empty digest would be the answer.
    let mut digits = [b'0'; PSEUDONYM_DIGITS];
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key.0) else {
        return digits;
    };
    mac.update(rule.as_bytes());
    mac.update(&[0]);
    match rule {
        "email" | "ipv6" => mac.update(&secret.to_ascii_lowercase()),
        "card" | "phone" | "iban" | "ssn" | "mac" => {
            let plain: Vec<u8> = secret
                .iter()
                .filter(|b| b.is_ascii_alphanumeric())
                .map(u8::to_ascii_lowercase)
                .collect();
            mac.update(&plain);
        }
        _ => mac.update(secret),
    }
    let digest = mac.finalize().into_bytes();
    for (i, digit) in digits.iter_mut().enumerate() {
        let nibble = if i % 2 == 0 {
            digest[i / 2] >> 4
        } else {
            digest[i / 2] & 15
        };
        *digit = b"0123456789abcdef"[usize::from(nibble)];
    }
    digits
}

/// Knows the placeholders that a mode writes, so that what is redacted is not redacted again.
#[derive(Debug)]
pub(crate) struct Placeholders {
    custom: Option<Box<[u8]>>,
    pseudonyms: bool,
}

impl Placeholders {
    pub(crate) fn of(replacement: &Replacement) -> Placeholders {
        Placeholders {
            custom: match replacement {
                Replacement::Text(text) if !text.is_empty() => Some(text.as_bytes().into()),
                _ => None,
            },
            pseudonyms: matches!(replacement, Replacement::Pseudonym(_)),
        }
    }

    /// The length of the placeholder at the start of `text`, or 0: `[REDACTED]`,
    /// `[REDACTED:rule]`, `[rule:7f3a9c]` where these are written, and the user's own text.
    pub(crate) fn length(&self, text: &[u8]) -> usize {
        if let Some(custom) = &self.custom
            && text.starts_with(custom)
        {
            return custom.len();
        }
        if text.first() != Some(&b'[') {
            return 0;
        }
        if text.starts_with(DEFAULT_REPLACEMENT.as_bytes()) {
            return DEFAULT_REPLACEMENT.len();
        }
        let Some(end) = text.iter().take(64).position(|b| *b == b']') else {
            return 0;
        };
        let Some(colon) = text[..end].iter().position(|b| *b == b':') else {
            return 0;
        };
        let is_name = |name: &[u8]| {
            !name.is_empty()
                && name
                    .iter()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
        };
        let (name, rest) = (&text[1..colon], &text[colon + 1..end]);
        let hex = |b: &u8| b.is_ascii_digit() || (b'a'..=b'f').contains(b);
        let typed = name == b"REDACTED" && is_name(rest);
        let pseudonym = self.pseudonyms
            && is_name(name)
            && rest.len() == PSEUDONYM_DIGITS
            && rest.iter().all(hex);
        if typed || pseudonym { end + 1 } else { 0 }
    }

    /// True when the user chose the text, which may be made of any characters.
    pub(crate) fn are_custom(&self) -> bool {
        self.custom.is_some()
    }

    /// True when a placeholder stands in `text`.
    pub(crate) fn is_in(&self, text: &[u8]) -> bool {
        let custom = self
            .custom
            .as_ref()
            .is_some_and(|custom| memchr::memmem::find(text, custom).is_some());
        custom || memchr::memchr_iter(b'[', text).any(|at| self.length(&text[at..]) > 0)
    }

    /// True when `text` ends in a placeholder.
    pub(crate) fn ends(&self, text: &[u8]) -> bool {
        let custom = self.custom.as_ref().is_some_and(|c| text.ends_with(c));
        custom
            || text.ends_with(b"]")
                && memchr::memrchr(b'[', text).is_some_and(|at| self.is_whole(&text[at..]))
    }

    /// True when `text` is one placeholder and nothing else.
    pub(crate) fn is_whole(&self, text: &[u8]) -> bool {
        !text.is_empty() && self.length(text) == text.len()
    }
}
