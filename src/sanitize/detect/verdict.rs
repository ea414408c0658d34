//! Whether the value of a key must go: what the key says, how the two are linked, and how the value
//! reads.

use crate::sanitize::chars::{is_one_of, is_word, previous_word};
use crate::sanitize::detect::extent::{is_object, is_pair, is_template};
use crate::sanitize::detect::keyvalue::{Key, Link, MAX_KEY, in_query};
use crate::sanitize::keys::KeyKind;
use crate::sanitize::text::Scanner;
use crate::sanitize::value;

/// Whether a value in quotes must go.
pub(super) fn quoted_goes(
    scanner: &Scanner<'_>,
    key: &Key<'_>,
    link: Link,
    content: &[u8],
) -> bool {
    let json = key.quote.is_some() || link == Link::Equals;
    if value::is_message(content) || names_file(key, content) {
        return false;
    }
    match key.kind {
        KeyKind::Code => content.len() >= 3 && content.iter().any(u8::is_ascii_digit),
        KeyKind::Signature => content.len() >= 20 && !content.contains(&b' '),
        KeyKind::Pass => !value::is_prose(content) && content.iter().any(|b| !b.is_ascii_digit()),
        // `auth="Container"`.
        KeyKind::Auth if key.quote.is_none() => !value::is_prose(content),
        _ if json => true,
        // `token: 'expired'` in prose.
        _ => {
            !value::is_prose(content)
                && (!content.contains(&b' ')
                    || value::is_secretish(content)
                    || scanner.kind == KeyKind::Secret
                    || key.kind == KeyKind::Phrase
                    || key.kind == KeyKind::Secret)
        }
    }
}

/// Whether a value without quotes must go.
pub(super) fn goes(
    scanner: &Scanner<'_>,
    key: &Key<'_>,
    link: Link,
    found: &[u8],
    from: usize,
    end: usize,
) -> bool {
    let placeholders = &scanner.engine.placeholders;
    if found.is_empty()
        || value::is_nothing(placeholders, found)
        || is_template(&scanner.text[from..])
        || value::is_header(found)
        || is_parameter(scanner, key, found)
        || is_type(scanner.text, key, found)
        || is_code(scanner.text, found, end)
        || is_declared(scanner.text, key, found, end)
        || is_reference(key, link, found)
        || is_ordinal(link, found)
        || is_usage(scanner.text, key, link, found)
        || is_tag(found, scanner.text.get(end))
        || names_file(key, found)
        || (link == Link::TightColon && is_coordinate(found))
        || is_object(scanner.text, from, end)
    {
        return false;
    }
    let digits = found.iter().all(u8::is_ascii_digit);
    if link == Link::Arrow {
        return value::is_secretish(found) && found.len() >= 6;
    }
    let ends_line = {
        let rest = &scanner.text[end..];
        rest.trim_ascii().is_empty()
            || matches!(
                rest[0],
                b',' | b';' | b')' | b']' | b'}' | b'|' | b'\\' | b'"' | b'\'' | b'\n'
            )
            || is_pair(scanner.text, (end + 1).min(scanner.text.len()))
    };
    match key.kind {
        // The shell's working folder.
        KeyKind::Secret
            if key.name.eq_ignore_ascii_case(b"pwd") && matches!(found[0], b'/' | b'~') =>
        {
            false
        }
        KeyKind::Tokens
            if digits
                || found.iter().all(|b| {
                    b.is_ascii_digit() || matches!(b, b'.' | b',' | b'/' | b'k' | b'K')
                }) =>
        {
            false
        }
        KeyKind::Code => {
            found.len() >= if link == Link::Equals { 3 } else { 4 }
                && found.len() <= 12
                && found.iter().filter(|b| b.is_ascii_digit()).count() >= 3
        }
        KeyKind::Pass => {
            let named = key.is_compound() && names_value(found, ends_line, true);
            !digits
                && !value::is_prose(found)
                && (link != Link::Colon || named || value::is_secretish(found))
        }
        KeyKind::Signature => {
            let shortest = if in_query(scanner.text, key.start) {
                8
            } else {
                20
            };
            found.len() >= shortest && found.iter().any(u8::is_ascii_digit)
        }
        KeyKind::Ssn if found.iter().filter(|b| b.is_ascii_digit()).count() >= 4 => true,
        KeyKind::Phrase => !value::is_prose(found.split(|b| *b == b' ').next().unwrap_or(found)),
        KeyKind::Auth | KeyKind::Authorization | KeyKind::Token | KeyKind::Jwt
            if link == Link::Colon && key.is_compound() =>
        {
            names_value(found, ends_line, true)
        }
        KeyKind::Auth | KeyKind::Authorization | KeyKind::Token | KeyKind::Jwt
            if link == Link::TightColon && key.is_compound() =>
        {
            !starts_path(scanner.text, key.start)
                && (value::is_secretish(found)
                    || ends_line && found.len() >= 5 && !value::is_prose(found))
        }
        KeyKind::Authorization if !found.iter().any(|b| is_word(*b)) => false,
        KeyKind::Auth | KeyKind::Authorization => match link {
            Link::Equals | Link::Flag => !value::is_prose(found) && (!digits || found.len() >= 4),
            Link::Colon | Link::Arrow => value::is_secretish(found),
            Link::TightColon => value::is_random(found, 8),
        },
        KeyKind::Token | KeyKind::Jwt | KeyKind::Tokens => match link {
            Link::Equals | Link::Flag => !value::is_prose(found) && (!digits || found.len() >= 4),
            Link::Colon if key.quote.is_some() => !value::is_prose(found),
            Link::Colon | Link::Arrow => {
                value::is_secretish(found) && (!digits || found.len() >= 4)
            }
            Link::TightColon => value::is_random(found, 6),
        },
        _ => match link {
            Link::Equals | Link::Flag => true,
            // `"db-secret" : secret "db"`: no value of JSON is a word without quotes.
            Link::Colon if key.quote.is_some() => !value::is_prose(found),
            Link::Colon if found.contains(&b' ') => true,
            Link::Colon | Link::Arrow => names_value(found, ends_line, key.is_compound()),
            Link::TightColon => {
                (value::is_secretish(found) && !names_resource(scanner.text, key.start))
                    || (ends_line
                        && found.len() >= 5
                        && !value::is_prose(found)
                        && !starts_path(scanner.text, key.start))
            }
        },
    }
}

/// Whether what stands behind `password: ` is its value and not a word about it. A `compound` key is
/// code, behind which a short word is a value too.
fn names_value(found: &[u8], ends_line: bool, compound: bool) -> bool {
    let digits = found.len() >= 3 && found.iter().all(u8::is_ascii_digit);
    value::is_secretish(found)
        || (ends_line && (digits || !value::is_prose(found) && (compound || !ends_sentence(found))))
}

/// `$1`, `:password`, `@token`: a parameter of a statement.
fn is_parameter(scanner: &Scanner<'_>, key: &Key<'_>, found: &[u8]) -> bool {
    let [b'$' | b':' | b'@', name @ ..] = found else {
        return false;
    };
    let number = matches!(name.len(), 1 | 2) && name.iter().all(u8::is_ascii_digit);
    let named = name.iter().all(|b| b.is_ascii_alphabetic() || *b == b'_')
        && (name.eq_ignore_ascii_case(key.name) || scanner.engine.key_kind(name).is_secret());
    number || named
}

/// GraphQL: `$password: String!`.
fn is_type(text: &[u8], key: &Key<'_>, found: &[u8]) -> bool {
    key.start > 0
        && text[key.start - 1] == b'$'
        && found
            .iter()
            .all(|b| b.is_ascii_alphabetic() || matches!(b, b'!' | b'[' | b']'))
}

/// `token = self.token`, `password=config.password`, `api_key=api_key`: a name of code, as source lines
/// in a stack trace have it.
fn is_reference(key: &Key<'_>, link: Link, found: &[u8]) -> bool {
    const ROOTS: &[&str] = &[
        "self",
        "this",
        "cls",
        "config",
        "cfg",
        "conf",
        "settings",
        "args",
        "kwargs",
        "options",
        "opts",
        "params",
        "request",
        "req",
        "response",
        "resp",
        "res",
        "user",
        "ctx",
        "context",
        "app",
        "env",
        "os",
        "process",
        "props",
        "state",
        "data",
        "body",
        "form",
        "input",
        "credentials",
        "creds",
        "session",
        "client",
        "secrets",
        "input",
        "auth",
        "obj",
        "event",
    ];
    let last = |name: &[u8]| {
        name.iter()
            .rposition(|b| *b == b'.')
            .map_or(0, |dot| dot + 1)
    };
    let own = &key.name[last(key.name)..];
    if (key.is_compound() || own == b"credentials") && found == own {
        return true;
    }
    // `fn_token: node.fn_token`, `credentials: Credentials, what to send`.
    let dotted = last(found) > 0
        && found
            .iter()
            .all(|b| b.is_ascii_alphabetic() || b"_.".contains(b));
    if dotted && &found[last(found)..] == own
        || link == Link::Colon && found.eq_ignore_ascii_case(own)
    {
        return true;
    }
    // `let secret = secret;`
    if found.strip_suffix(b";").unwrap_or(found) == b"secret" && key.name.ends_with(b"secret") {
        return true;
    }
    let Some(dot) = found.iter().position(|b| *b == b'.') else {
        return false;
    };
    is_one_of(&found[..dot], ROOTS)
        && found
            .iter()
            .all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'.'))
}

/// `credentials=/etc/app/key.json`: the place of credentials, and none themselves.
fn names_file(key: &Key<'_>, found: &[u8]) -> bool {
    let name = key.name.to_ascii_lowercase();
    name.ends_with(b"credentials") && value::is_path(found)
}

/// `com.auth0:java-jwt:4.4.0`: the coordinates of a package, with its name and version here.
fn is_coordinate(found: &[u8]) -> bool {
    let Some(colon) = found.iter().rposition(|b| *b == b':') else {
        return false;
    };
    let (name, version) = (&found[..colon], &found[colon + 1..]);
    let named = |b: &u8| is_word(*b) || matches!(b, b'-' | b'.');
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(named)
        && version.first().is_some_and(u8::is_ascii_digit)
        && version.contains(&b'.')
        && version.iter().all(named)
}

/// `password = await prompt()`, `token = new Token()`, `password=os.environ["DB_PASSWORD"]`.
fn is_code(text: &[u8], found: &[u8], end: usize) -> bool {
    if let [name @ .., b'[' | b'('] = found
        && matches!(text.get(end), Some(b'"' | b'\''))
    {
        return (name.contains(&b'.') || name.starts_with(b"$"))
            && name.iter().all(|b| is_word(*b) || matches!(b, b'.' | b'$'))
            || name.iter().all(u8::is_ascii_alphabetic);
    }
    if is_one_of(found, CMDLETS) {
        return true;
    }
    // `$_POST['password']`, `request.form['password']`.
    // A longer one is none: it would be read again behind each of its keys.
    if found.len() <= 2 * MAX_KEY
        && let Some(open) = memchr::memmem::find(found, b"['")
    {
        let name = &found[..open];
        return !name.is_empty() && name.iter().all(|b| is_word(*b) || matches!(b, b'.' | b'$'));
    }
    matches!(
        found,
        b"await"
            | b"match"
            | b"if"
            | b"lambda"
            | b"new"
            | b"function"
            | b"async"
            | b"yield"
            | b"typeof"
    ) && text.get(end) == Some(&b' ')
        && text.get(end + 1).is_some_and(u8::is_ascii_alphabetic)
}

/// `--password PASSWORD`, `--token string`: what a flag takes, as its help says it.
fn is_usage(text: &[u8], key: &Key<'_>, link: Link, found: &[u8]) -> bool {
    if link != Link::Flag && !text[..key.start].ends_with(b"--") {
        return false;
    }
    let ends = key
        .name
        .len()
        .checked_sub(found.len())
        .map(|from| &key.name[from..]);
    let same = |(b, k): (&u8, &u8)| b.to_ascii_lowercase() == *k || (*b == b'_' && *k == b'-');
    let variable = found.iter().all(|b| b.is_ascii_uppercase() || *b == b'_')
        && ends.is_some_and(|name| found.iter().zip(name).all(same));
    variable || is_one_of(found, &["string", "name", "value", "text", "str", "arg"])
}

/// YAML: `password: !secret db_password`, `password: !Ref DbPassword`: a reference to a value.
fn is_tag(found: &[u8], next: Option<&u8>) -> bool {
    matches!(found, [b'!', name @ ..] if name.len() > 2 && name.iter().all(u8::is_ascii_alphabetic))
        && next == Some(&b' ')
}

/// `API_KEY = 2`: a number in a list of constants.
fn is_ordinal(link: Link, found: &[u8]) -> bool {
    matches!(link, Link::Equals | Link::Colon)
        && found.len() <= 2
        && found.iter().all(u8::is_ascii_digit)
}

/// `let tokens = …`, `pub semi_token: Token![;]`, `key: &[u8]`, `key: Vec<u8>`, `token: syn::Token`: source
/// code, as compilers and stack traces print it.
fn is_declared(text: &[u8], key: &Key<'_>, found: &[u8], end: usize) -> bool {
    const KEYWORDS: &[&str] = &[
        "let", "mut", "pub", "const", "static", "var", "val", "final",
    ];
    const GENERIC: &[&str] = &[
        "vec",
        "option",
        "arc",
        "box",
        "rc",
        "cow",
        "result",
        "list",
        "map",
        "set",
        "optional",
        "array",
        "promise",
        "future",
        "secret",
        "zeroizing",
        "hashmap",
        "mutex",
        "cell",
        "refcell",
    ];
    if key.quote.is_some() {
        return false;
    }
    let declared = key.start > 1
        && text[key.start - 1] == b' '
        && is_one_of(previous_word(text, key.start), KEYWORDS);
    let name = found.iter().take_while(|b| is_word(**b)).count();
    let behind = &found[name..];
    let named = name > 0 && !found[0].is_ascii_digit();
    let is_macro = named && matches!(behind, [b'!', b'[' | b'(' | b'{', ..]);
    let generic = is_one_of(found, GENERIC) && text.get(end) == Some(&b'<')
        || is_one_of(&found[..name], GENERIC) && behind.first() == Some(&b'[');
    let pointer = is_one_of(found, &["*const", "*mut"]);
    let borrowed = matches!(found, [b'&', rest @ ..] if !rest.is_empty()
        && rest.iter().all(|b| is_word(*b) || matches!(b, b'[' | b']' | b'\'' | b':')));
    let path = named
        && behind.starts_with(b"::")
        && found
            .strip_suffix(b"()")
            .unwrap_or(found)
            .iter()
            .all(|b| b.is_ascii_alphabetic() || matches!(b, b':' | b'_'));
    declared || pointer || is_macro || generic || borrowed || path
}

/// What PowerShell's variables are often set from.
const CMDLETS: &[&str] = &[
    "new-object",
    "get-credential",
    "get-content",
    "get-secret",
    "get-azkeyvaultsecret",
    "convertto-securestring",
    "convertfrom-securestring",
    "read-host",
    "import-clixml",
];

/// `arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db`: the key is a part of a name.
fn names_resource(text: &[u8], start: usize) -> bool {
    start > 1 && text[start - 1] == b':' && is_word(text[start - 2])
}

fn starts_path(text: &[u8], start: usize) -> bool {
    start > 0 && matches!(text[start - 1], b':' | b'/' | b'.')
}

fn ends_sentence(found: &[u8]) -> bool {
    found.len() < 4
}
