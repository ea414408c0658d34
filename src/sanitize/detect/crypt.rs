//! Hashes of passwords as crypt(3) and its relatives write them, with their kind before them:
//! `$6$salt$hash`, `$2b$12$…`, `$argon2id$v=19$…`, `pbkdf2_sha256$600000$salt$hash`.

use std::ops::Range;

use crate::sanitize::chars::{is_one_of, is_word, run_end, run_start};

/// The kinds that stand between the first two `$`.
const KINDS: &[&str] = &[
    "1",
    "5",
    "6",
    "7",
    "8",
    "9",
    "14",
    "2a",
    "2b",
    "2x",
    "2y",
    "y",
    "gy",
    "p",
    "h",
    "apr1",
    "sha1",
    "md5",
    "scrypt",
    "bcrypt-sha256",
    "argon2i",
    "argon2d",
    "argon2id",
    "pbkdf2",
    "pbkdf2-sha1",
    "pbkdf2-sha256",
    "pbkdf2-sha512",
];

/// The kinds of frameworks, which stand before the first `$`.
const NAMES: &[&str] = &[
    "pbkdf2_sha1",
    "pbkdf2_sha256",
    "bcrypt_sha256",
    "bcrypt",
    "argon2",
    "scrypt",
];

const MAX_KIND: usize = 16;
/// The longest hash with its salt and parameters, and the shortest.
const MAX_HASH: usize = 512;
const MIN_HASH: usize = 22;

/// The hash whose first `$` is at `at`.
pub(crate) fn at(text: &[u8], at: usize) -> Option<Range<usize>> {
    let name = run_start(text, at, MAX_KIND, is_word);
    let kind = run_end(text, at + 1, MAX_KIND, |b| {
        b.is_ascii_alphanumeric() || b == b'-'
    });
    let start = if is_one_of(&text[name..at], NAMES) {
        name
    } else {
        at
    };
    let closed = text.get(kind) == Some(&b'$');
    if !closed || start == at && !is_one_of(&text[at + 1..kind], KINDS) {
        return None;
    }
    let end = run_end(text, kind + 1, MAX_HASH, |b| {
        is_word(b) || matches!(b, b'.' | b'/' | b'+' | b'=' | b',' | b'$' | b'-')
    });
    let found = &text[kind + 1..end];
    let last = found.rsplit(|b| *b == b'$').next().unwrap_or_default();
    let mixed = last.iter().any(u8::is_ascii_digit) || last.iter().any(u8::is_ascii_uppercase);
    (found.len() >= MIN_HASH && last.len() >= MIN_HASH / 2 && mixed).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_found_and_prices_are_not() {
        for hash in [
            "$6$kQzXn1LrpBqt0abc$hq3Vd0kqLwYc1XrQmZp9eU7fTn2sBjRgWiKoDx4yMv6aHtCl8bPzNuSeFgJ5",
            "$2b$12$hvW3eqyLWL7EK1KfrBTgyqHieM6bqduJr6xzkv1YN5k7kfHBTrnv9",
            "$apr1$juIlO0oY$PvD2RdUTfa07mMzb1Rcz3c",
            "$P$B9kQzXn1LrpBqt0abchq3Vd0kqLwYc1",
            "$argon2id$v=19$m=65536,t=3,p=4$R59TGhRZ6wf0udMstgOyxP$PyJHLnn5Y+7JbDYmaJKL3M21OjkT08coGR9NHQ8juS3",
            "pbkdf2_sha256$600000$zWxiNg4J11xn$lGYCBdeWI1B+7ljfMtXvbIuDj76dM9e18ifdtEBiJHq=",
        ] {
            let dollar = hash.find('$').expect("a hash has one");
            let line = format!("root:{hash}:19400");
            assert_eq!(
                at(line.as_bytes(), dollar + 5),
                Some(5..5 + hash.len()),
                "{hash}"
            );
        }
        for text in [
            "$1$2$3",
            "$5$ off, was $7$",
            "$HOME$PATH",
            "a$b$c",
            "$6$salt$",
        ] {
            let dollar = text.find('$').expect("a text has one");
            assert_eq!(at(text.as_bytes(), dollar), None, "{text}");
        }
    }
}
