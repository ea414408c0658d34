//! Rust: panics and captured backtraces, short and full, and what
//! error-reporting crates print.

use super::text::{base_name, find, leading_number, split, without_hash, without_position};
use super::{Cleaned, Frame, Line, RawFrame, Role};

/// `3: app::run` with `at ./src/main.rs:12:5` on the next line, and
/// `3:     0x55d0c0ffee00 - app::run::h0123456789abcdef`.
pub(super) fn read(line: &str) -> Line<'_> {
    if let Some(path) = line.strip_prefix("at ") {
        let file = without_position(path);
        return if file.len() < path.len() {
            Line::Location(file)
        } else {
            Line::Other
        };
    }
    if line.eq_ignore_ascii_case("stack backtrace:") {
        // What an error's causes are numbered like.
        return Line::Restart;
    }
    let Some((_, rest)) = leading_number(line) else {
        return Line::Other;
    };
    let Some(rest) = rest.strip_prefix(": ") else {
        return Line::Other;
    };
    let mut symbol = rest.trim();
    if symbol.starts_with("0x") {
        let Some((_, name)) = split(symbol, " - ") else {
            return Line::Other;
        };
        symbol = name.trim();
    }
    if !is_symbol(symbol) {
        return Line::Other;
    }
    if find(symbol, "::").is_some()
        || symbol.starts_with(['_', '<'])
        || symbol == "rust_begin_unwind"
    {
        Line::Frame(RawFrame {
            function: symbol,
            file: "",
        })
    } else {
        // A word alone may be a cause, such as `0: timeout`.
        Line::Function(symbol)
    }
}

/// Whether a text has spaces only inside angle brackets and parentheses.
fn is_symbol(text: &str) -> bool {
    let mut depth = 0_i32;
    let mut before = b' ';
    for byte in text.bytes() {
        match byte {
            b'<' | b'(' | b'[' | b'{' => depth += 1,
            b'>' if before == b'-' => {}
            b'>' | b')' | b']' | b'}' => depth -= 1,
            b' ' if depth <= 0 => return false,
            _ => {}
        }
        before = byte;
    }
    !text.is_empty()
}

pub(super) fn role(frame: &RawFrame<'_>) -> Role {
    let name = frame
        .function
        .strip_prefix("__rustc")
        .map_or(frame.function, after_crate);
    let is_entry = name.starts_with("rust_begin_unwind")
        || in_crate(name, "std").is_some_and(|path| {
            path.starts_with("panicking::begin_panic") && find(path, "closure").is_none()
        });
    if is_entry {
        return Role::Entry;
    }
    let is_unwinder = in_crate(name, "core").is_some_and(|path| {
        [
            "panicking::",
            "option::unwrap_failed",
            "option::expect_failed",
            "result::unwrap_failed",
        ]
        .iter()
        .any(|start| path.starts_with(start))
    }) || in_crate(name, "std").is_some_and(|path| {
        [
            "panicking::begin_panic",
            "panicking::rust_panic",
            "panicking::panic",
        ]
        .iter()
        .any(|start| path.starts_with(start))
    });
    let is_capture = in_crate(name, "backtrace").is_some()
        || in_crate(name, "std").is_some_and(|path| path.starts_with("backtrace"));
    if is_unwinder {
        Role::Unwinder
    } else if is_capture {
        Role::Capture
    } else if is_machinery(name) {
        Role::Machinery
    } else {
        Role::Code
    }
}

/// The rest of a path that begins in the named crate, whose name may carry a
/// disambiguator: `std::`, `std[e28293b1aa0f68bd]::`.
fn in_crate<'a>(path: &'a str, name: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(name)?;
    let rest = match rest.strip_prefix('[') {
        Some(hash) => hash.split_once(']')?.1,
        None => rest,
    };
    rest.strip_prefix("::")
}

fn after_crate(rest: &str) -> &str {
    rest.split_once("::").map_or(rest, |(_, path)| path)
}

fn is_machinery(name: &str) -> bool {
    const CRATES: [&str; 9] = [
        "std",
        "core",
        "alloc",
        "backtrace",
        "anyhow",
        "eyre",
        "color_eyre",
        "serde",
        "serde_json",
    ];
    let in_any = |path: &str| {
        CRATES
            .iter()
            .any(|crate_name| in_crate(path, crate_name).is_some())
    };
    let Some(inside) = name.strip_prefix('<') else {
        return in_any(name) || name.starts_with("__rust_") || name.starts_with("_rust_");
    };
    let inside = inside.trim_start_matches(['<', '&']);
    let inside = inside.strip_prefix("dyn ").unwrap_or(inside);
    match split(inside, " as ") {
        // A type of the standard library, a primitive type or a parameter.
        Some((of, of_trait)) => (in_any(of) || !of.contains("::")) && in_any(of_trait),
        None => in_any(inside),
    }
}

pub(super) fn clean(frame: &RawFrame<'_>) -> Cleaned {
    let function = function(frame.function);
    let symbolicated = function != "<unknown>";
    Cleaned {
        frame: Frame {
            function,
            file: base_name(frame.file).to_owned(),
        },
        symbolicated,
    }
}

/// The symbol without hashes, disambiguators, generic arguments and numbers of
/// closures, and with one spelling for closures.
fn function(symbol: &str) -> String {
    let symbol = without_hash(symbol);
    let mut clean = String::with_capacity(symbol.len());
    let mut rest = symbol;
    while let Some(at) = rest.find(['[', '{', ':']) {
        let (before, special) = rest.split_at(at);
        clean.push_str(before);
        if let Some(after) = disambiguator(special)
            && clean.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        {
            rest = after;
        } else if let Some(after) = special.strip_prefix("{{closure}}") {
            clean.push_str("{closure}");
            rest = after;
        } else if let Some((name, after)) = numbered(special) {
            clean.push_str(name);
            clean.push('}');
            rest = after;
        } else if let Some(generic) = special.strip_prefix("::<")
            && !generic.starts_with("impl ")
        {
            rest = after_brackets(generic);
        } else {
            let len = if special.starts_with("::") { 2 } else { 1 };
            clean.push_str(&special[..len]);
            rest = &special[len..];
        }
    }
    clean.push_str(rest);
    if let Some(bare) = clean.strip_prefix("__rustc::") {
        return bare.to_owned();
    }
    clean
}

/// The digits of a crate's disambiguator at most.
const MAX_HASH: usize = 16;

/// What follows `[e28293b1aa0f68bd]`.
fn disambiguator(text: &str) -> Option<&str> {
    let hash = text.strip_prefix('[')?;
    let len = hash
        .bytes()
        .take(MAX_HASH + 1)
        .position(|b| !b.is_ascii_hexdigit())?;
    let after = hash[len..].strip_prefix(']')?;
    (len >= 8).then_some(after)
}

/// `{closure` of `{closure#0}`, and what follows it.
fn numbered(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('{')?;
    let name = inside
        .bytes()
        .position(|b| !b.is_ascii_lowercase() && b != b'_')?;
    let (_, after) = leading_number(inside[name..].strip_prefix('#')?)?;
    Some((&text[..=name], after.strip_prefix('}')?))
}

/// What follows the bracket that closes one already open; nothing if none does.
fn after_brackets(text: &str) -> &str {
    let mut depth = 1;
    let mut before = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' if before != b'-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + 1..];
        }
        before = byte;
    }
    ""
}
