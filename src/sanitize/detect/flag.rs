//! Command lines: `--password value`, and the short flags of commands that take a password.

use std::ops::Range;

use crate::sanitize::builtin::SECRET;
use crate::sanitize::chars::{is_one_of, is_word, run_end, run_start};
use crate::sanitize::detect::extent::is_quoted_name;
use crate::sanitize::detect::header;
use crate::sanitize::detect::keyvalue::{self, Key, Link, MAX_GAP, MAX_KEY};
use crate::sanitize::detect::protocol;
use crate::sanitize::text::{Fix, Open, Scanner};
use crate::sanitize::value;

/// How far before a short flag its command is looked for.
const MAX_COMMAND: usize = 160;

/// Flags that announce a password, and the commands that have them.
const PASSWORD_FLAGS: &[(&[u8], &[&[u8]])] = &[
    (
        b"p",
        &[
            b"sshpass",
            b"docker login",
            b"podman login",
            b"registry login",
            b"mongo",
            b"az login",
            b"psexec",
            b"cqlsh",
            b"rdesktop",
            b"useradd",
            b"usermod",
            b"evil-winrm",
        ],
    ),
    (
        b"P",
        &[
            b"zip ",
            b"sqlcmd",
            b"bcp ",
            b"ipmitool",
            b"ssh-keygen",
            b"mosquitto_",
        ],
    ),
    (b"a", &[b"redis-cli"]),
    (
        b"w",
        &[
            b"ldapsearch",
            b"ldapmodify",
            b"ldapadd",
            b"ldapdelete",
            b"ldapwhoami",
            b"ldappasswd",
        ],
    ),
    (b"k", &[b"openssl enc"]),
    (b"K", &[b"openssl enc"]),
    (b"pw", &[b"plink", b"pscp", b"psftp"]),
    (b"c", &[b"snmpget", b"snmpwalk", b"snmpset", b"snmpbulk"]),
    (b"A", &[b"snmpget", b"snmpwalk", b"snmpset", b"snmpbulk"]),
    (b"X", &[b"snmpget", b"snmpwalk", b"snmpset", b"snmpbulk"]),
    (b"N", &[b"ssh-keygen"]),
];

/// Commands of Samba, whose login is `user%password`.
const SAMBA: &[&[u8]] = &[b"smbclient", b"rpcclient", b"smbget", b"winexe", b"net rpc"];

/// The longest argument of a short flag.
const MAX_ARGUMENT: usize = 256;

/// `--password value` and `-password value`: `at` is the first hyphen.
pub(crate) fn at(scanner: &mut Scanner<'_>, at: usize) -> usize {
    let text = scanner.text;
    if at > 0 && (is_word(text[at - 1]) || matches!(text[at - 1], b'-' | b'/' | b'.')) {
        return at + 1;
    }
    let from = run_end(text, at, 2, |b| b == b'-');
    let end = run_end(text, from, MAX_KEY, |b| {
        is_word(b) || matches!(b, b'-' | b'.')
    });
    if from == end || !text[from].is_ascii_alphabetic() {
        return at + 1;
    }
    if matches!(text.get(end), Some(b'=' | b':')) {
        return short_flag(scanner, at, from, end).unwrap_or(at + 1);
    }
    let name = &text[from..end];
    if is_one_of(name, &["password-stdin", "stdin", "with-token", "s"]) {
        piped(scanner, at, name);
        return at + 1;
    }
    let kind = scanner.key_kind(name);
    if from - at == 1
        && kind.is_secret()
        && name[0] == b'p'
        && let Some(next) = short_flag(scanner, at, from, end)
    {
        // `mysql -pMySecret shop`.
        return next;
    }
    let long = kind.is_secret() && !(from - at == 1 && name.len() < 3);
    if long && ends_list_line(text, at, end) {
        scanner.open = Some(Open {
            text: text[run_start(text, at, 1, |b| b != b'\n')..].to_vec(),
            lines: 2,
            goes_on: at < scanner.context,
        });
        return at + 1;
    }
    let next = next_argument(text, end).map(|next| match text[next - 1] {
        b'"' | b'\'' => next - 1,
        _ => next,
    });
    let is_value = |next: &usize| text.get(*next) != Some(&b'-') && !is_quoted_name(text, *next);
    let Some(next) = next.filter(|next| long && is_value(next)) else {
        return short_flag(scanner, at, from, end).unwrap_or(at + 1);
    };
    let key = Key {
        start: from,
        name,
        quote: None,
        kind,
    };
    let next = behind_name(scanner, next).unwrap_or(next);
    keyvalue::value(scanner, &key, Link::Flag, next, end)
}

/// `--secret dbPassword value`: where the value begins behind a name in the spelling of code.
fn behind_name(scanner: &mut Scanner<'_>, from: usize) -> Option<usize> {
    let text = scanner.text;
    let end = run_end(text, from, MAX_KEY, |b| {
        b.is_ascii_alphabetic() || b == b'_'
    });
    let name = &text[from..end];
    let key = Key {
        start: from,
        name,
        quote: None,
        kind: scanner.key_kind(name),
    };
    let next = next_argument(text, end)?;
    let spelled = name.iter().any(u8::is_ascii_lowercase);
    (spelled
        && key.kind.is_secret()
        && key.is_compound()
        && text[end] == b' '
        && text[next] != b'-')
        .then_some(next)
}

/// `echo "password" | docker login --password-stdin`: what goes through the pipe to the flag at `at`.
fn piped(scanner: &mut Scanner<'_>, at: usize, flag: &[u8]) {
    let text = scanner.text;
    let reads = match flag {
        b"password-stdin" | b"with-token" => true,
        b"stdin" => runs(text, at, b"passwd"),
        b"S" => runs(text, at, b"sudo"),
        _ => false,
    };
    let line = run_start(text, at, MAX_COMMAND, |b| b != b'\n');
    let Some(pipe) = memchr::memmem::rfind(&text[line..at], b" | ") else {
        return;
    };
    let Some(echo) = memchr::memmem::rfind(&text[line..line + pipe], b"echo ") else {
        return;
    };
    let mut found = protocol::argument(text, line + echo + b"echo".len());
    while let Some(word) = &found
        && is_one_of(&text[word.clone()], &["-n", "-e"])
    {
        found = protocol::argument(text, word.end);
    }
    let Some(word) = found.filter(|word| reads && word.start >= scanner.floor) else {
        return;
    };
    let nothing = value::is_nothing(&scanner.engine.placeholders, &text[word.clone()])
        || text[word.start] == b'$';
    if word.end <= line + pipe && !nothing {
        scanner.push(SECRET, word.start, word.end, Fix::Mask);
    }
}

/// True when one of the flags of Windows may begin at `at` that [`slash`] knows.
pub(crate) fn may_be_slash(text: &[u8], at: usize) -> bool {
    at > 0
        && text[at - 1] == b' '
        && matches!(text.get(at + 1), Some(b'p' | b'r'))
        && matches!(text.get(at + 2), Some(b':' | b'p'))
}

/// `xfreerdp /p:password`, `schtasks /rp password`: `at` is the slash.
pub(crate) fn slash(scanner: &mut Scanner<'_>, at: usize) -> Option<usize> {
    let text = scanner.text;
    let from = match &text[at..] {
        [_, b'p', b':', ..] if runs(text, at, b"freerdp") => at + 3,
        [_, b'r', b'p', b' ', ..] if runs(text, at, b"schtasks") => at + 4,
        _ => return None,
    };
    let found = protocol::argument(text, from)?;
    (!value::is_nothing(&scanner.engine.placeholders, &text[found.clone()])
        && scanner.push(SECRET, found.start, found.end, Fix::Mask))
    .then_some(found.end)
}

/// `curl -u user:password`, `mysql -pPassword`, `sshpass -p password`, `redis-cli -a password`.
fn short_flag(scanner: &mut Scanner<'_>, at: usize, from: usize, end: usize) -> Option<usize> {
    if let Some(next) = cookie_flag(scanner, at, end) {
        return Some(next);
    }
    let found = short_argument(scanner.text, at, from, end)?;
    if value::is_nothing(&scanner.engine.placeholders, &scanner.text[found.clone()]) {
        return None;
    }
    let stop = found.end;
    scanner
        .push(SECRET, found.start, stop, Fix::Mask)
        .then_some(stop)
}

/// `curl -b 'sid=abc; theme=dark'`: `at` is the hyphen.
fn cookie_flag(scanner: &mut Scanner<'_>, at: usize, end: usize) -> Option<usize> {
    let text = scanner.text;
    if &text[at..end] != b"-b" || !runs(text, at, b"curl") {
        return None;
    }
    let start = next_argument(text, end)?;
    let stop = match text[start - 1] {
        quote @ (b'"' | b'\'') => run_end(text, start, MAX_ARGUMENT * 8, |b| b != quote),
        _ => run_end(text, start, MAX_ARGUMENT * 8, |b| !b.is_ascii_whitespace()),
    };
    if !text[start..stop].contains(&b'=') {
        return None;
    }
    Some(header::cookie(scanner, start, stop, end))
}

/// True when `command` stands in the line before `at`.
fn runs(text: &[u8], at: usize, command: &[u8]) -> bool {
    let line = &text[run_start(text, at, MAX_COMMAND, |b| b != b'\n')..at];
    memchr::memmem::find(line, command).is_some()
}

/// The secret that the short flag at `at` carries or announces, in a command line or a list of
/// arguments.
pub(crate) fn argument(text: &[u8], at: usize) -> Option<Range<usize>> {
    let from = run_end(text, at, 2, |b| b == b'-');
    let end = run_end(text, from, MAX_KEY, |b| {
        is_word(b) || matches!(b, b'-' | b'.')
    });
    (from < end).then(|| short_argument(text, at, from, end))?
}

fn short_argument(text: &[u8], at: usize, from: usize, end: usize) -> Option<Range<usize>> {
    let name = &text[from..end];
    if from - at == 1 && name.len() <= 4 && name.contains(&b'b') && runs(text, at, b"htpasswd") {
        return htpasswd(text, name, end);
    }
    if !matches!(
        name[0],
        b'u' | b'p' | b'a' | b'b' | b'P' | b'U' | b'w' | b'k' | b'K' | b'c' | b'A' | b'X' | b'N'
    ) {
        return None;
    }
    let line = &text[run_start(text, at, MAX_COMMAND, |b| b != b'\n')..at];
    let runs = |command: &[u8]| memchr::memmem::find(line, command).is_some();
    let word = |from: usize| {
        let quoted = from > 0 && matches!(text[from - 1], b'"' | b'\'');
        let to = run_end(text, from, MAX_ARGUMENT, |b| match quoted {
            true => b != text[from - 1] && b != b'\\',
            false => !b.is_ascii_whitespace() && !matches!(b, b'"' | b'\'' | b'\\' | b'|' | b';'),
        });
        (from < to).then_some(from..to)
    };
    let login = is_one_of(name, &["u", "user", "proxy-user"]);
    if login && (runs(b"curl") || runs(b"wget") || runs(b"http")) {
        let found = word(next_argument(text, end)?)?;
        let colon = text[found.clone()].iter().position(|b| *b == b':')?;
        return Some(found.start + colon + 1..found.end);
    }
    if name[0] == b'u' && name.len() > 1 && from - at == 1 && text.get(end) == Some(&b':') {
        // `curl -ubob:hunter2`.
        return runs(b"curl").then(|| word(end + 1))?;
    }
    if name == b"b" && runs(b"curl") {
        let found = word(next_argument(text, end)?)?;
        let equals = text[found.clone()].iter().position(|b| *b == b'=')?;
        return Some(found.start + equals + 1..found.end);
    }
    if name == b"U" && SAMBA.iter().any(|command| runs(command)) {
        // `smbclient -U ann%password`.
        let found = word(next_argument(text, end)?)?;
        let percent = text[found.clone()].iter().position(|b| *b == b'%')?;
        return Some(found.start + percent + 1..found.end);
    }
    let takes_password = PASSWORD_FLAGS
        .iter()
        .any(|(flag, commands)| name == *flag && commands.iter().any(|command| runs(command)));
    if takes_password {
        return word(next_argument(text, end)?);
    }
    if name == b"p"
        && from - at == 1
        && matches!(text.get(end), Some(b'"' | b'\''))
        && (runs(b"mysql") || runs(b"mariadb"))
    {
        // `mysql -p'password'`.
        return word(end + 1);
    }
    let glued = name.len() > 1 && name[0] == b'p' && from - at == 1;
    if glued && (runs(b"mysql") || runs(b"mariadb") || runs(b"sshpass")) {
        let quote = usize::from(matches!(text.get(from + 1), Some(b'"' | b'\'')));
        return word(from + 1 + quote);
    }
    None
}

/// `htpasswd -bc file user password`, and with `n` no file: `htpasswd -nb user password`.
fn htpasswd(text: &[u8], flags: &[u8], end: usize) -> Option<Range<usize>> {
    let mut found = end..end;
    let mut left = if flags.contains(&b'n') { 2 } else { 3 };
    while left > 0 {
        found = protocol::argument(text, found.end)?;
        let word = &text[found.clone()];
        let cost = flags.contains(&b'C') && word.iter().all(u8::is_ascii_digit);
        left -= usize::from(!cost && word[0] != b'-');
    }
    Some(found)
}

/// Where the argument behind the flag that ends at `end` begins: after spaces, or as the next
/// element of a list (`"-p", "x"`, and YAML's `- -p` above `- x`).
fn next_argument(text: &[u8], end: usize) -> Option<usize> {
    let quote = usize::from(matches!(text.get(end), Some(b'"' | b'\'')));
    let comma = usize::from(text.get(end + quote) == Some(&b','));
    if quote != comma {
        return None;
    }
    let from = end + quote + comma;
    let mut at = run_end(text, from, MAX_GAP * 2, |b| b.is_ascii_whitespace());
    if text[from..at].contains(&b'\n') && text[at..].starts_with(b"- ") {
        at += 2;
    }
    if at == end || at == text.len() {
        return None;
    }
    Some(at + usize::from(matches!(text[at], b'"' | b'\'')))
}

/// True when the flag that ends at `end` is the last thing in its line of a list, so that its
/// argument stands in the line below.
fn ends_list_line(text: &[u8], at: usize, end: usize) -> bool {
    let line = run_start(text, at, MAX_GAP * 4, |b| b != b'\n');
    let before = text[line..at].trim_ascii();
    matches!(before, b"-" | b"\"" | b"'" | b"- \"" | b"- '")
        && matches!(
            text[end..].trim_ascii(),
            b"" | b"\"," | b"'," | b"\"" | b"'"
        )
}
