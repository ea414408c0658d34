//! Whether a value under a key looks like a secret or like prose.

use std::ops::Range;

use super::replace::Placeholders;

/// Values that say that there is no secret, whatever the key.
const NOTHING: &[&str] = &[
    "true",
    "false",
    "null",
    "nil",
    "none",
    "undefined",
    "empty",
    "n/a",
    "na",
    "nan",
    "(null)",
    "<nil>",
    "<none>",
    "<null>",
    "<empty>",
    "unset",
    "yes",
    "no",
];

/// Words that follow a key in prose and in status fields: they are no secrets.
const PROSE: &[&str] = &[
    "a",
    "accepted",
    "active",
    "added",
    "again",
    "all",
    "already",
    "an",
    "and",
    "anonymous",
    "any",
    "apikey",
    "are",
    "as",
    "at",
    "attached",
    "await",
    "auth",
    "available",
    "bad",
    "basic",
    "be",
    "bearer",
    "been",
    "begin",
    "blank",
    "bool",
    "boolean",
    "by",
    "bytes",
    "can",
    "cannot",
    "challenge",
    "change",
    "changed",
    "char",
    "check",
    "checked",
    "checking",
    "chauthtok",
    "cleared",
    "complete",
    "completed",
    "configured",
    "container",
    "confirmed",
    "contains",
    "could",
    "created",
    "decoded",
    "deleted",
    "denied",
    "did",
    "digest",
    "disabled",
    "do",
    "does",
    "done",
    "enabled",
    "end",
    "entered",
    "error",
    "error:",
    "exists",
    "expected",
    "expired",
    "expires",
    "expiring",
    "external",
    "fail",
    "failed",
    "failing",
    "failure",
    "for",
    "forbidden",
    "format",
    "found",
    "from",
    "generated",
    "get",
    "got",
    "granted",
    "had",
    "has",
    "have",
    "hidden",
    "if",
    "ignored",
    "in",
    "incorrect",
    "inherit",
    "initialized",
    "int",
    "integer",
    "internal",
    "invalid",
    "is",
    "issue",
    "issued",
    "it",
    "jwt",
    "kerberos",
    "ldap",
    "loaded",
    "local",
    "locked",
    "login",
    "logged",
    "logout",
    "malformed",
    "manual",
    "masked",
    "may",
    "method",
    "mismatch",
    "missing",
    "mtls",
    "must",
    "need",
    "needed",
    "needs",
    "negotiate",
    "new",
    "not",
    "ntlm",
    "nvarchar",
    "oauth",
    "oauth2",
    "object",
    "of",
    "off",
    "ok",
    "on",
    "only",
    "option",
    "optional",
    "or",
    "parse",
    "parsed",
    "parsing",
    "password",
    "passed",
    "pending",
    "plain",
    "policy",
    "present",
    "provided",
    "received",
    "redacted",
    "refresh",
    "refreshed",
    "refreshing",
    "rejected",
    "removed",
    "renewed",
    "request",
    "requested",
    "required",
    "reset",
    "response",
    "retry",
    "revoked",
    "rotated",
    "rotation",
    "saml",
    "saved",
    "secret",
    "secure",
    "sent",
    "server",
    "service",
    "session",
    "set",
    "should",
    "signature",
    "skipped",
    "skipping",
    "sso",
    "started",
    "starting",
    "state",
    "status",
    "still",
    "stored",
    "str",
    "string",
    "strong",
    "success",
    "successful",
    "successfully",
    "succeeded",
    "text",
    "the",
    "their",
    "this",
    "timeout",
    "to",
    "token",
    "too",
    "type",
    "unauthorized",
    "unavailable",
    "unchanged",
    "unexpected",
    "unknown",
    "unsupported",
    "unverified",
    "update",
    "updated",
    "use",
    "used",
    "user",
    "using",
    "valid",
    "validated",
    "validation",
    "value",
    "varchar",
    "verified",
    "verifying",
    "via",
    "was",
    "weak",
    "were",
    "when",
    "which",
    "will",
    "with",
    "without",
    "would",
    "wrong",
    "you",
    "your",
];

/// Names of algorithms and formats, which hold digits but are no secrets.
const ALGORITHMS: &[&str] = &[
    "2fa",
    "aes-256",
    "aes256",
    "argon2",
    "argon2id",
    "base64",
    "bcrypt",
    "cram-md5",
    "ed25519",
    "es256",
    "hmac-sha256",
    "hs256",
    "i32",
    "i64",
    "md5",
    "mfa",
    "oauth2",
    "oauth2.0",
    "oidc",
    "pbkdf2",
    "pkcs8",
    "rs256",
    "rsa2048",
    "scram-sha-256",
    "scrypt",
    "sha-1",
    "sha-256",
    "sha-512",
    "sha1",
    "sha256",
    "sha512",
    "totp",
    "u128",
    "u16",
    "u32",
    "u64",
    "u8",
    "usize",
    "utf-8",
    "utf8",
    "v1",
    "v2",
    "v3",
    "x509",
];

fn is_in(value: &[u8], words: &[&str]) -> bool {
    words
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
}

/// True when a value is a placeholder, a variable, a mask of one character or says "nothing".
pub(crate) fn is_nothing(placeholders: &Placeholders, value: &[u8]) -> bool {
    value.is_empty()
        || placeholders.is_whole(value)
        || is_in(value, NOTHING)
        || is_fetch_mode(value)
        || is_variable(value)
        || is_mask(value)
}

/// `credentials: include`: whether a browser's `fetch` sends them.
pub(crate) fn is_fetch_mode(value: &[u8]) -> bool {
    is_in(value, &["include", "same-origin", "omit"])
}

/// `must be at least 8 characters`, `This field is required`: a sentence about a secret, as the errors
/// of forms have them. Every word of it is one of those that such sentences are made of: any other
/// may be the secret.
pub(crate) fn is_message(value: &[u8]) -> bool {
    const LONGEST: usize = 200;
    let words = || value.split(|b| *b == b' ').map(bare_word);
    let is_number = |word: &[u8]| word.len() <= 3 && word.iter().all(u8::is_ascii_digit);
    value.len() <= LONGEST
        && words().next().is_some_and(|word| is_in(word, FIRST_WORDS))
        && words().any(|word| is_in(word, FAULTS))
        && words().all(|word| {
            is_number(word)
                || is_in(word, FIRST_WORDS)
                || is_in(word, FAULTS)
                || is_in(word, FORM_WORDS)
        })
}

/// What a message about a secret begins with.
#[rustfmt::skip]
const FIRST_WORDS: &[&str] = &[
    "is", "must", "can't", "cannot", "should", "has", "may", "does", "doesn't", "do", "needs", "was",
    "isn't", "this", "the", "your", "please", "ensure", "enter", "password", "passwords", "too", "field",
    "not", "invalid", "incorrect", "wrong", "missing", "required", "blank",
];

/// What a message about a secret finds fault with.
#[rustfmt::skip]
const FAULTS: &[&str] = &[
    "blank", "least", "characters", "required", "match", "matches", "contain", "contains", "empty",
    "invalid", "incorrect", "weak", "wrong", "expired", "missing", "digit", "digits", "uppercase",
    "lowercase", "null", "provided", "too",
];

/// What else there is in a message about a secret.
#[rustfmt::skip]
const FORM_WORDS: &[&str] = &[
    "", "a", "again", "all", "already", "an", "and", "any", "are", "as", "ascii", "at", "be", "been",
    "before", "between", "both", "but", "by", "case", "change", "changed", "character", "choose",
    "common", "commonly", "confirm", "confirmation", "current", "different", "don't", "either", "email",
    "entirely", "exceed", "exceeds", "fewer", "fields", "for", "from", "given", "have", "in", "include",
    "incorrectly", "it", "its", "length", "less", "letter", "letters", "long", "longer",
    "lower", "maximum", "minimum", "mixed", "more", "most", "name", "new", "no", "non-empty", "number",
    "numbers", "numeric", "of", "old", "one", "only", "or", "other", "personal", "previous",
    "previously", "provide", "recently", "reset", "same", "set", "short", "shorter", "similar", "space",
    "spaces", "special", "specified", "string", "strong", "stronger", "supplied", "symbol", "symbols",
    "text", "than", "that", "to", "token", "try", "two", "type", "upper", "use", "used", "user",
    "username", "valid", "value", "were", "whitespace", "with", "you",
];

/// `{"password": {"type": "string"}}`: the type that a schema gives a field.
pub(crate) fn is_type(value: &[u8]) -> bool {
    is_in(
        value,
        &["string", "boolean", "number", "integer", "object", "array"],
    )
}

/// A word of a sentence without its punctuation.
fn bare_word(word: &[u8]) -> &[u8] {
    let word = word.strip_prefix(b"(").unwrap_or(word);
    let end = word
        .iter()
        .rposition(|b| !matches!(b, b'.' | b',' | b')' | b'!' | b';' | b':'));
    end.map_or(&word[..0], |last| &word[..=last])
}

/// `/etc/app/key.json`, `~/.aws/credentials`, `C:\\keys\\app.json`.
pub(crate) fn is_path(value: &[u8]) -> bool {
    let begins = matches!(
        value,
        [b'/', ..] | [b'~' | b'.', b'/', ..] | [b'.', b'.', b'/', ..]
    ) || matches!(value, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    begins
        && value
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"/\\._-~: ".contains(b))
}

/// `api_key_header=X-Api-Key`: where a secret is sent, and none itself.
pub(crate) fn is_header(value: &[u8]) -> bool {
    const HEADERS: &[&str] = &[
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "x-auth-token",
        "x-csrf-token",
        "x-xsrf-token",
        "x-access-token",
        "private-token",
    ];
    is_in(value, HEADERS)
}

/// `${NAME}`, `$NAME`, `{{ name }}`, `<token>`, `%s`, `{}`, `%(name)s`.
pub(crate) fn is_variable(value: &[u8]) -> bool {
    let named = |name: &[u8]| {
        !name.is_empty()
            && name.len() <= 40
            && name
                .iter()
                .all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'.' | b' ' | b':'))
    };
    // `YOUR_API_KEY`, as documentation and templates have it.
    if value.len() > 5
        && is_in(&value[..5], &["your_", "your-"])
        && value
            .iter()
            .all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-'))
    {
        return true;
    }
    match value {
        b"%s" | b"%d" | b"%v" | b"%q" | b"{}" | b"{:?}" | b"?" | b"[]" => true,
        [b'$', b'{', inner @ .., b'}']
        | [b'{', b'{', inner @ .., b'}', b'}']
        | [b'<', inner @ .., b'>'] => named(inner),
        [b'{', inner @ .., b'}'] => named(inner),
        [b'$', name @ ..] => {
            named(name) && name.iter().all(|b| b.is_ascii_uppercase() || *b == b'_')
        }
        [b'%', b'(', inner @ .., b')', _] => named(inner),
        [b'%', inner @ .., b'%'] => named(inner) && !inner.contains(&b' '),
        _ => false,
    }
}

/// What programs write in brackets in place of a secret.
const SHOWN_AS: &[&str] = &[
    "secret",
    "sensitive",
    "sensitive value",
    "known after apply",
    "not shown",
    "not set",
    "unchanged",
    "encrypted",
];

/// `****`, `xxxx`, `....`, `••••`, `[hidden]`, `<redacted>`.
fn is_mask(value: &[u8]) -> bool {
    let stars = value.len() >= 3
        && value
            .iter()
            .all(|b| matches!(b, b'*' | b'.' | b'-' | b'_' | b'#'));
    let crosses = value.len() >= 3 && value.iter().all(|b| matches!(b, b'x' | b'X'));
    let dots = value.len() >= 9
        && value.len().is_multiple_of(3)
        && value.chunks(3).all(|c| c == "•".as_bytes());
    let inner: &[u8] = match value {
        [b'[', inner @ .., b']'] | [b'<', inner @ .., b'>'] | [b'(', inner @ .., b')'] => inner,
        other => other,
    };
    let bracketed = inner.len() < value.len();
    stars
        || crosses
        || dots
        || (bracketed && is_in(inner, SHOWN_AS))
        || is_in(
            inner,
            &[
                "redacted",
                "filtered",
                "hidden",
                "masked",
                "removed",
                "scrubbed",
                "omitted",
                "sanitized",
                "protected",
            ],
        )
}

/// Words in groups by their first byte, so that few need be compared: a walk over all of
/// [`PROSE`] would take longer than all else that a value costs.
pub(crate) struct WordList {
    words: &'static [&'static str],
    /// Where the words with each first byte begin; the last entry is their end.
    from: [u16; 129],
}

impl WordList {
    /// Takes words in lower case that stand in the order of their first bytes.
    pub(crate) const fn new(words: &'static [&'static str]) -> WordList {
        let mut from = [0; 129];
        let mut byte = 0;
        let mut at = 0;
        while byte < 128 {
            from[byte] = at as u16;
            while at < words.len() && words[at].as_bytes()[0] as usize == byte {
                at += 1;
            }
            byte += 1;
        }
        from[128] = at as u16;
        assert!(at == words.len(), "the words are not in order");
        WordList { words, from }
    }

    /// Whether a value is one of the words, in any case of its letters.
    pub(crate) fn has(&self, value: &[u8]) -> bool {
        let Some(first @ 0..128) = value.first().map(|b| usize::from(b.to_ascii_lowercase()))
        else {
            return false;
        };
        let group = usize::from(self.from[first])..usize::from(self.from[first + 1]);
        is_in(value, &self.words[group])
    }
}

static PROSE_LIST: WordList = WordList::new(PROSE);
static ALGORITHM_LIST: WordList = WordList::new(ALGORITHMS);

/// True for a word that follows a key in prose, such as `password: required`.
pub(crate) fn is_prose(value: &[u8]) -> bool {
    let value = value.strip_suffix(b".").unwrap_or(value);
    let value = value.strip_suffix(b"!").unwrap_or(value);
    let value = value.strip_suffix(b"?").unwrap_or(value);
    PROSE_LIST.has(value) || ALGORITHM_LIST.has(value)
}

/// True for what does not read like a word of prose: digits among letters, symbols, changing case.
pub(crate) fn is_secretish(value: &[u8]) -> bool {
    if is_prose(value) {
        return false;
    }
    let (mut digits, mut upper, mut lower, mut symbols) = (0, 0, 0, 0);
    let mut turns = 0;
    let mut before = 0u8;
    for &b in value {
        match b {
            b'0'..=b'9' => digits += 1,
            b'A'..=b'Z' => {
                upper += 1;
                turns += usize::from(before.is_ascii_lowercase());
            }
            b'a'..=b'z' => lower += 1,
            b'!' | b'#' | b'$' | b'%' | b'^' | b'*' | b'=' | b'~' | b'+' | b'?' => symbols += 1,
            _ => {}
        }
        before = b;
    }
    let inner_symbols = match value {
        [.., b'!' | b'?'] => symbols > 1,
        _ => symbols > 0,
    };
    if upper + lower == 0 {
        return digits >= 4;
    }
    (digits > 0 && value.len() >= 4)
        || inner_symbols
        || (turns >= 2 && value.len() >= 8)
        || (value.len() >= 24 && turns >= 1)
}

/// `correct horse battery staple`: several plain words, none of which a sentence about a password has.
pub(crate) fn is_passphrase(text: &[u8]) -> bool {
    let mut count = 0;
    for word in text.split(|b| *b == b' ') {
        let plain = matches!(word.len(), 3..=12) && word.iter().all(u8::is_ascii_lowercase);
        if !plain || is_prose(word) || is_about_passwords(word) {
            return false;
        }
        count += 1;
    }
    matches!(count, 3..=10)
}

/// Words that messages about passwords are made of, besides those of [`PROSE`].
fn is_about_passwords(word: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 10] = [
        b"ed", b"ing", b"ion", b"ment", b"ly", b"able", b"ible", b"ers", b"ords", b"ity",
    ];
    const WORDS: &[&str] = &[
        "account", "admin", "after", "alphabet", "and", "attempt", "attempts", "auth", "before",
        "being", "both", "browser", "but", "cache", "caps", "case", "client", "config", "common",
        "confirm", "contact", "contain", "current", "data", "database", "date", "day", "days",
        "default", "differs", "digit", "digits", "does", "doesn", "dont", "due", "each", "eight",
        "either", "email", "empty", "enter", "every", "exactly", "field", "fields", "file",
        "first", "fix", "flow", "form", "four", "give", "goes", "hash", "hashes", "help", "here",
        "hint", "host", "hour", "hours", "http", "how", "input", "into", "its", "job", "keep",
        "key", "later", "least", "length", "less", "letter", "letters", "like", "limit", "link",
        "list", "log", "lock", "long", "look", "lost", "make", "manager", "many", "match",
        "matches", "max", "maximum", "min", "minimum", "minute", "minutes", "mode", "more", "most",
        "name", "never", "next", "none", "now", "number", "old", "once", "one", "other", "our",
        "page", "pair", "path", "per", "phrase", "please", "problem", "process", "prompt", "read",
        "reason", "record", "recover", "remember", "remote", "renew", "repeat", "result", "rule",
        "rules", "same", "screen", "second", "seconds", "see", "send", "settings", "short", "show",
        "since", "six", "some", "source", "special", "step", "store", "submit", "supply",
        "support", "symbol", "symbols", "system", "task", "than", "that", "them", "then", "there",
        "they", "three", "time", "times", "try", "twelve", "twice", "two", "types", "under",
        "until", "upper", "verify", "very", "view", "want", "what", "where", "who", "why", "word",
        "write", "yet",
    ];
    ENDINGS.iter().any(|end| word.ends_with(end)) || is_in(word, WORDS)
}

/// `address1`, `line_2`: a name with a number, as lists of fields hold them.
pub(crate) fn is_field_name(value: &[u8]) -> bool {
    let letters = value
        .iter()
        .take_while(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'-'))
        .count();
    letters > 0 && value.len() - letters <= 2 && value[letters..].iter().all(u8::is_ascii_digit)
}

/// True when digits and letters are mixed the way generated secrets mix them.
pub(crate) fn is_random(value: &[u8], shortest: usize) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    value.len() >= shortest && digits >= 1 && letters >= 1 && !is_prose(value)
}

/// True when a match lies within a placeholder.
pub(crate) fn inside_placeholder(
    placeholders: &Placeholders,
    text: &[u8],
    found: Range<usize>,
) -> bool {
    (found.start.saturating_sub(64)..=found.start).any(|at| {
        let length = placeholders.length(&text[at..]);
        length > 0 && at + length >= found.end
    })
}
