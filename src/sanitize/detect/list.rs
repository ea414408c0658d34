//! Brackets: the elements of a list or an object that is the value of a key, and pairs of a name
//! and a value in tuples and flat lists (`[('password', 'x')]`, Node's `rawHeaders`).

use crate::sanitize::builtin::{COOKIE, SECRET};
use crate::sanitize::chars::{count_work, is_one_of, is_word, run_end, run_start, word_before};
use crate::sanitize::detect::extent::closing_quote;
use crate::sanitize::detect::header;
use crate::sanitize::detect::keyvalue::{Key, Link, MAX_GAP, MAX_KEY};
use crate::sanitize::detect::{later, login, sql};
use crate::sanitize::finding::RuleId;
use crate::sanitize::keys::KeyKind;
use crate::sanitize::text::{Fix, Scanner};
use crate::sanitize::value;

/// The longest list behind a key without quotes, and the longest string in a list.
const MAX_LIST: usize = 1024;
/// The most strings of a list that are looked at.
const MAX_STRINGS: usize = 256;
/// How many lines an open container may have.
const MAX_LINES: u16 = 128;

/// How many of the lists that begin within [`MAX_LIST`] bytes may be that long, and how long the
/// others may be: to read the inner ones of `password: [password: [password: [` to their ends would
/// cost thirty times as much as another text of that length.
const MAX_LONG_LISTS: u8 = 4;
const MAX_INNER_LIST: usize = 128;

/// The lists behind keys that begin close to each other.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    end: usize,
    count: u8,
}

impl Neighbours {
    /// How long the list at `from` may be.
    pub(super) fn limit(&mut self, from: usize) -> usize {
        if from >= self.end {
            self.end = from + MAX_LIST;
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        match self.count {
            ..=MAX_LONG_LISTS => MAX_LIST,
            _ => MAX_INNER_LIST,
        }
    }
}

/// `password=[a, b]`, `Cookie=[sid=a; b=c]`, `password=(a b)`, `token={"a": "b"}`: the list at
/// `from`, behind a key without quotes. None when what stands there is no list of secrets.
pub(super) fn bracketed(
    scanner: &mut Scanner<'_>,
    key: &Key<'_>,
    link: Link,
    from: usize,
    next: usize,
) -> Option<usize> {
    let text = scanner.text;
    let limit = scanner.lists.limit(from);
    let close = closing_bracket(text, from, limit)?;
    let inner = &text[from + 1..close];
    if value::is_nothing(&scanner.engine.placeholders, &text[from..=close]) {
        return Some(next);
    }
    let start = from + 1 + inner.len() - inner.trim_ascii_start().len();
    if inner.starts_with(b"ConvertTo-SecureString ") {
        return Some(next);
    }
    match key.kind {
        // `cookies={'sid': 'abc'}` is an object, not a header.
        KeyKind::Cookie if matches!(text[start], b'"' | b'\'') && !inner.contains(&b'=') => {
            return Some(elements(scanner, key, from, next));
        }
        KeyKind::Cookie => return Some(header::cookie(scanner, start, close, next)),
        KeyKind::Authorization => return Some(header::authorization(scanner, start, close, next)),
        _ => {}
    }
    let mut words = inner
        .split(|b| b.is_ascii_whitespace() || matches!(b, b',' | b';' | b'"' | b'\''))
        .filter(|word| !word.is_empty())
        .peekable();
    words.peek()?;
    let placeholders = &scanner.engine.placeholders;
    let number = |word: &[u8]| word.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    let goes = words.any(|word| {
        let says_nothing = value::is_prose(word) || value::is_nothing(placeholders, word);
        !says_nothing
            && match key.kind {
                KeyKind::Code => word.len() >= 4 && word.iter().any(u8::is_ascii_digit),
                KeyKind::Tokens | KeyKind::Pass | KeyKind::Signature => {
                    !number(word) && value::is_secretish(word)
                }
                _ => {
                    matches!(link, Link::Equals | Link::Flag)
                        || (value::is_secretish(word) && !is_date(word))
                }
            }
    });
    match goes {
        true => Some(elements(scanner, key, from, next)),
        false => Some(next),
    }
}

/// `"credentials": {…}` within a text: the whole container goes.
pub(super) fn container(
    scanner: &mut Scanner<'_>,
    key: &Key<'_>,
    from: usize,
    next: usize,
) -> usize {
    let text = scanner.text;
    if matches!(key.kind, KeyKind::Pass | KeyKind::Signature) {
        return next;
    }
    if key.kind == KeyKind::Code || from < scanner.context {
        return elements(scanner, key, from, next);
    }
    let mut depth = 0usize;
    let mut at = from;
    let mut strings = false;
    while at < text.len() {
        match text[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            b'"' => {
                let slashes = at - run_start(text, at, MAX_GAP, |b| b == b'\\');
                let (end, closed) = closing_quote(text, at + 1, b'"', slashes);
                at = if closed {
                    let behind = run_end(text, end, MAX_GAP, |b| b == b'\\');
                    strings |= !is_name(text, behind + 1);
                    behind
                } else {
                    text.len()
                };
            }
            _ => {}
        }
        at += 1;
    }
    if at >= text.len() {
        return elements(scanner, key, from, next);
    }
    let end = text.len().min(at + 1);
    let inner = text[from + 1..end]
        .strip_suffix(b"}")
        .or(text[from + 1..end].strip_suffix(b"]"))
        .unwrap_or(&text[from + 1..end]);
    if inner.trim_ascii().is_empty() || (key.kind == KeyKind::Tokens && !strings) {
        return next;
    }
    if strings && says_only_messages(&text[from..end]) {
        return next;
    }
    let (quote, slashes) = key.quote.unwrap_or((b'"', 0));
    if scanner.push(
        SECRET,
        from,
        end,
        Fix::Quote {
            quote,
            slashes: slashes as u8,
        },
    ) {
        end
    } else {
        next
    }
}

/// `{"password": ["is too short"]}`, `{"password": {"type": "string"}}`: the errors of a form and the
/// schema of a field.
fn says_only_messages(container: &[u8]) -> bool {
    let mut at = 0;
    while at < container.len() {
        count_work(1);
        match container[at] {
            b'"' => {
                let slashes = at - run_start(container, at, MAX_GAP, |b| b == b'\\');
                let (end, closed) = closing_quote(container, at + 1, b'"', slashes);
                let behind = run_end(container, end, MAX_GAP + 1, |b| b == b'\\');
                let content = &container[(at + 1).min(end)..end];
                let plain = value::is_message(content) || value::is_type(content);
                if !closed || !is_name(container, behind + 1) && !plain {
                    return false;
                }
                at = behind;
            }
            b'0'..=b'9' => return false,
            _ => {}
        }
        at += 1;
    }
    true
}

/// `2026-02-06` and `12:00:00`.
fn is_date(word: &[u8]) -> bool {
    word.iter()
        .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b':' | b'.' | b'/'))
}

/// The bracket that closes the one at `from`, in the same line.
fn closing_bracket(text: &[u8], from: usize, limit: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (i, b) in text[from..].iter().take(limit).enumerate() {
        count_work(1);
        match b {
            b'[' | b'(' | b'{' => depth += 1,
            b']' | b')' | b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(from + i);
                }
            }
            b'\n' => return None,
            _ => {}
        }
    }
    None
}

/// Redacts every scalar between the bracket at `from` and the one that closes it, however deep; the
/// names in it stay. What is not closed is noted as open.
pub(super) fn elements(
    scanner: &mut Scanner<'_>,
    key: &Key<'_>,
    from: usize,
    next: usize,
) -> usize {
    let text = scanner.text;
    let mut stack = Vec::new();
    let mut go_on = next;
    let mut at = from;
    while at < text.len() {
        let skip = scanner.engine.placeholders.length(&text[at..]);
        if skip > 0 {
            at += skip;
            continue;
        }
        match text[at] {
            b'{' | b'[' | b'(' => {
                stack.push(text[at]);
                at += 1;
            }
            b'}' | b']' | b')' => {
                stack.pop();
                at += 1;
                if stack.is_empty() {
                    return go_on.max(at);
                }
            }
            b'"' | b'\'' => {
                let slashes = at - run_start(text, at, MAX_GAP, |b| b == b'\\');
                let (end, closed) = closing_quote(text, at + 1, text[at], slashes);
                let behind = run_end(text, end, MAX_GAP + 1, |b| b == b'\\');
                if !is_name(text, behind + 1) && scalar_goes(scanner, key, &text[at + 1..end]) {
                    scanner.push(SECRET, at + 1, end, Fix::Mask);
                    go_on = end;
                }
                at = if closed { behind + 1 } else { text.len() };
            }
            b if b.is_ascii_whitespace()
                || matches!(b, b',' | b';' | b':' | b'=' | b'>' | b'\\') =>
            {
                at += 1;
            }
            _ => {
                let end = run_end(text, at, usize::MAX, |b| {
                    let is_name_end = b == b':' && stack.last() == Some(&b'{');
                    let is_end = matches!(b, b',' | b';' | b']' | b'}' | b')' | b'"' | b'\\');
                    !(is_name_end || is_end || b.is_ascii_whitespace())
                });
                // Without quotes around the names this may be code.
                let sure = key.quote.is_some()
                    || stack.first() != Some(&b'{')
                    || value::is_secretish(&text[at..end]);
                if sure && !is_name(text, end) && scalar_goes(scanner, key, &text[at..end]) {
                    let fix = match key.quote {
                        Some((quote, slashes)) => Fix::Quote {
                            quote,
                            slashes: slashes as u8,
                        },
                        None => Fix::Mask,
                    };
                    scanner.push(SECRET, at, end, fix);
                    go_on = end;
                }
                at = end.max(at + 1);
            }
        }
    }
    later::open(scanner, key, from, &stack, MAX_LINES);
    // All of it has been looked at: to do so again for every key in it would take forever.
    text.len()
}

/// True when a colon or an arrow follows: what ends at `end` is a name.
fn is_name(text: &[u8], end: usize) -> bool {
    let at = run_end(text, end, 4, |b| b == b' ');
    text.get(at) == Some(&b':') || text[at.min(text.len())..].starts_with(b"=>")
}

fn scalar_goes(scanner: &Scanner<'_>, key: &Key<'_>, scalar: &[u8]) -> bool {
    if value::is_message(scalar)
        || value::is_nothing(&scanner.engine.placeholders, scalar)
        || scalar.trim_ascii().is_empty()
    {
        return false;
    }
    match key.kind {
        KeyKind::Code => scalar.len() >= 4 && scalar.iter().any(u8::is_ascii_digit),
        KeyKind::Tokens => !scalar.iter().all(u8::is_ascii_digit),
        _ => true,
    }
}

/// A string in a list.
struct Text {
    start: usize,
    end: usize,
    /// Behind its closing quote.
    next: usize,
}

/// The string at `from`: `'x'`, `b'x'`, `<<"x">>`.
fn string(text: &[u8], from: usize) -> Option<Text> {
    let quote = run_end(text, from, 2, |b| {
        matches!(b, b'b' | b'u' | b'r' | b'<' | b':')
    });
    let mark = *text.get(quote).filter(|b| matches!(b, b'"' | b'\''))?;
    let limit = text.len().min(quote + 1 + MAX_LIST);
    let (end, closed) = closing_quote(&text[..limit], quote + 1, mark, 0);
    let next = run_end(text, end + 1, 2, |b| b == b'>');
    closed.then_some(Text {
        start: quote + 1,
        end,
        next,
    })
}

/// The strings of the list at `at`, of which one may name the next. Returns where to go on.
pub(crate) fn at(scanner: &mut Scanner<'_>, at: usize) -> usize {
    let text = scanner.text;
    let gap = |from: usize| run_end(text, from, MAX_GAP, |b| b.is_ascii_whitespace());
    let call = text[at] == b'(' && word_before(text, at);
    if call && ends_in_password(text, at) {
        return password_function(scanner, at);
    }
    if call {
        login::mysql(scanner, at);
    }
    if text[at] == b'(' && at > 6 && text[at - 1 - usize::from(!call)] | 0x20 == b's' {
        sql::values(scanner, at);
    }
    if call && let Some(next) = named_argument(scanner, at) {
        return next;
    }
    let mut from = gap(at + 1);
    if text.get(from) == Some(&b'{') {
        // Erlang and Elixir: a list of tuples.
        return tuples(scanner, from, at + 1);
    }
    let mut place = 0;
    let mut before = None;
    while place < MAX_STRINGS
        && let Some(found) = string(text, from)
    {
        let content = &text[found.start..found.end];
        let comma = text.get(gap(found.next)) == Some(&b',');
        if place == 0 && call && comma {
            stored(scanner, &found);
        }
        let secret = place > 0 && call && place == password_place(text, at);
        if secret && value::is_secretish(content) && !content.contains(&b' ') {
            pair(scanner, KeyKind::Secret, &found, true);
        } else if let Some(kind) = before {
            let only = place == 1 && !comma;
            pair(scanner, kind, &found, only && !call);
            before = None;
        } else if comma && content.len() <= MAX_KEY && (place % 2 == 0 || content.starts_with(b"-"))
        {
            before = Some(scanner.key_kind(content)).filter(|kind| kind.is_secret());
        }
        if !comma {
            break;
        }
        from = gap(gap(found.next) + 1);
        place += 1;
    }
    at + 1
}

/// `{"authorization", "Bearer x"}, {"accept", "*/*"}` from the first brace.
fn tuples(scanner: &mut Scanner<'_>, from: usize, next: usize) -> usize {
    let text = scanner.text;
    let gap = |from: usize| run_end(text, from, MAX_GAP, |b| matches!(b, b' ' | b',' | b'\n'));
    let mut from = from;
    while text.get(from) == Some(&b'{') {
        let Some(name) = string(text, from + 1) else {
            break;
        };
        let Some(found) = string(text, gap(name.next)) else {
            break;
        };
        let content = &text[name.start..name.end];
        if gap(name.next) > name.next && content.len() <= MAX_KEY {
            let kind = scanner.key_kind(content);
            if kind.is_secret() {
                pair(scanner, kind, &found, true);
            }
        }
        from = gap(run_end(text, found.next, 1, |b| b == b'}'));
    }
    next
}

/// Redacts the value of a pair; `sure` when nothing else stands with it.
fn pair(scanner: &mut Scanner<'_>, kind: KeyKind, found: &Text, sure: bool) {
    let content = &scanner.text[found.start..found.end];
    if value::is_nothing(&scanner.engine.placeholders, content) || value::is_prose(content) {
        return;
    }
    let (rule, start): (RuleId, usize) = match kind {
        KeyKind::Authorization => {
            header::authorization(scanner, found.start, found.end, found.start);
            return;
        }
        KeyKind::Cookie if content.contains(&b'=') => {
            header::cookie(scanner, found.start, found.end, found.start);
            return;
        }
        KeyKind::Cookie => (COOKIE, found.start),
        KeyKind::Code | KeyKind::Pass | KeyKind::Signature | KeyKind::Tokens => return,
        _ => (SECRET, found.start),
    };
    let plain = content.iter().all(|b| is_word(*b) || *b == b'-');
    let shaped =
        value::is_secretish(content) && !value::is_field_name(content) && !content.contains(&b' ');
    if (sure && !content.contains(&b' ')) || (shaped && plain) || (shaped && content.len() >= 8) {
        scanner.push(rule, start, found.end, Fix::Mask);
    }
}

/// Swift: `keychain.set("x", forKey: "password")`, with the first string in `found`.
fn stored(scanner: &mut Scanner<'_>, found: &Text) {
    let text = scanner.text;
    let Some(rest) = text[found.next..].strip_prefix(b", forKey: \"") else {
        return;
    };
    let name = &rest[..run_end(rest, 0, MAX_KEY, |b| b != b'"')];
    let kind = scanner.key_kind(name);
    if kind.is_secret() {
        pair(scanner, KeyKind::Secret, found, true);
    }
}

/// Which string in the call at `at` is a password: `basic_auth("ann", "x")`, `mysqli_connect(host, user, x)`.
fn password_place(text: &[u8], at: usize) -> usize {
    const LOGINS: &[&str] = &[
        "auth",
        "basicauth",
        "basic_auth",
        "setbasicauth",
        "httpbasicauth",
        "authenticate",
        "login",
        "signin",
        "sign_in",
        "signinwithemailandpassword",
        "networkcredential",
        "usernamepasswordcredentials",
        "usernamepasswordauthenticationtoken",
        "passwordauthentication",
        "pscredential",
    ];
    const CONNECTS: &[&str] = &["mysqli_connect", "mysql_connect", "mysqli", "pdo"];
    let name = &text[run_start(text, at, MAX_KEY, is_word)..at];
    match name {
        name if is_one_of(name, LOGINS) => 1,
        name if is_one_of(name, CONNECTS) => 2,
        _ => usize::MAX,
    }
}

/// `setString(auth_token, 8Fk2…)`: a name in the spelling of code and a value that no code has.
fn named_argument(scanner: &mut Scanner<'_>, at: usize) -> Option<usize> {
    const SHORTEST: usize = 16;
    let text = scanner.text;
    let quote = run_end(text, at + 1, 1, |b| matches!(b, b'"' | b'\''));
    let name = run_end(text, quote, MAX_KEY, |b| {
        is_word(b) || matches!(b, b'-' | b'.')
    });
    let comma = run_end(text, name, 1, |b| matches!(b, b'"' | b'\''));
    if text.get(comma) != Some(&b',') {
        return None;
    }
    let from = run_end(text, comma + 1, 2, |b| b == b' ');
    let end = run_end(text, from, MAX_LIST, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'/' | b'=')
    });
    let found = &text[from..end];
    let random = found.len() >= SHORTEST
        && found
            .windows(2)
            .filter(|pair| pair[0].is_ascii_digit() && !pair[1].is_ascii_digit())
            .count()
            >= 2
        && found.iter().any(u8::is_ascii_lowercase)
        && found.iter().any(u8::is_ascii_uppercase);
    let whole = matches!(text.get(end), Some(b')' | b','));
    (random
        && whole
        && scanner.key_kind(&text[quote..name]).is_secret()
        && scanner.push(SECRET, from, end, Fix::Mask))
    .then_some(end)
}

fn ends_in_password(text: &[u8], at: usize) -> bool {
    let name = run_start(text, at, 8, |b| b.is_ascii_alphabetic());
    text[name..at].eq_ignore_ascii_case(b"password")
}

/// SQL: `PASSWORD('x')`.
fn password_function(scanner: &mut Scanner<'_>, at: usize) -> usize {
    let text = scanner.text;
    if let Some(found) = string(text, at + 1)
        && text.get(found.next) == Some(&b')')
        && !text[found.start..found.end].contains(&b' ')
    {
        pair(scanner, KeyKind::Secret, &found, true);
    }
    at + 1
}
