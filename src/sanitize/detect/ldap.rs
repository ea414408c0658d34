//! LDAP and LDIF: `userPassword: {SSHA}…` and, in base64, `userPassword:: …`.

use crate::sanitize::builtin::SECRET;
use crate::sanitize::chars::{run_end, word_before};
use crate::sanitize::detect::auth::is_base64;
use crate::sanitize::detect::keyvalue::key_before;
use crate::sanitize::text::{Fix, Scanner};
use crate::sanitize::value;

/// How the names of the schemes begin that stand in braces before a password or its hash (RFC 2307;
/// Spring Security has more).
const SCHEMES: [&[u8]; 14] = [
    b"ssha",
    b"sha",
    b"smd5",
    b"md5",
    b"crypt",
    b"bcrypt",
    b"scrypt",
    b"pbkdf2",
    b"argon2",
    b"cleartext",
    b"plain",
    b"noop",
    b"base64",
    b"aes",
];

/// The longest name of a scheme, and the longest value that is read.
const MAX_SCHEME: usize = 24;
const MAX_VALUE: usize = 4096;

/// True for `{SSHA}…`, a hash behind the name of its scheme.
pub(super) fn names_hash(text: &[u8], at: usize) -> bool {
    if text.get(at) != Some(&b'{') {
        return false;
    }
    let end = run_end(text, at + 1, MAX_SCHEME, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')
    });
    let name = text[at + 1..end].to_ascii_lowercase();
    text.get(end) == Some(&b'}')
        && text.get(end + 1).is_some_and(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'$' | b'/' | b'+' | b'.' | b'_')
        })
        && SCHEMES.iter().any(|scheme| name.starts_with(scheme))
}

/// `userPassword:: c2VjcmV0`, with the first colon at `at`. Returns where to go on.
pub(super) fn base64(scanner: &mut Scanner<'_>, at: usize) -> usize {
    let text = scanner.text;
    let from = run_end(text, at + 2, 2, |b| b == b' ');
    let end = run_end(text, from, MAX_VALUE, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')
    });
    let found = &text[from..end];
    let goes = word_before(text, at)
        && found.len() >= 8
        && found.len().is_multiple_of(4)
        && is_base64(found)
        && value::is_secretish(found)
        && key_before(scanner, at).is_some();
    match goes && scanner.push(SECRET, from, end, Fix::Mask) {
        true => end,
        false => at + 1,
    }
}
