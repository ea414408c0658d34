//! JavaScript as V8 (Chrome, Node, Hermes), Firefox and Safari print it, and
//! WebAssembly inside it.

use super::text::{
    base_name, find, has_position, is_hex, is_number, split, without_hash, without_position,
};
use super::{Cleaned, Frame, Line, RawFrame, Role};
use crate::fingerprint::exception;

/// `at Foo.bar (https://example.org/app.js:10:5)` and
/// `bar@https://example.org/app.js:10:5`.
pub(super) fn read(line: &str) -> Line<'_> {
    let line = line.strip_suffix(" {").unwrap_or(line);
    let frame = match line.strip_prefix("at ") {
        Some(rest) => v8(rest),
        None => gecko(line),
    };
    if let Some(frame) = frame {
        return Line::Frame(frame);
    }
    for words in ["[cause]: ", "[errors]: ", "Caused by: "] {
        if let Some(rest) = line.strip_prefix(words) {
            return Line::Begin(exception::lead(rest));
        }
    }
    Line::Other
}

fn v8(rest: &str) -> Option<RawFrame<'_>> {
    let rest = rest.strip_prefix("async ").unwrap_or(rest);
    if let Some((function, location)) = split(rest, " (")
        && let Some(location) = location.strip_suffix(')')
    {
        // Kotlin's native frames have columns before such a location.
        let is_frame = is_location(location) && find(function, "  ").is_none();
        return is_frame.then(|| RawFrame {
            function,
            file: file(location),
        });
    }
    // A path may have spaces, but words with a time of day are no path.
    let is_path = !rest.contains(' ')
        || rest.starts_with(['/', '\\'])
        || rest.get(1..3) == Some(":\\")
        || find(rest, "://").is_some();
    let is_bare = (has_position(rest) && is_path)
        || is_native(rest)
        || find(rest, "wasm-function[").is_some();
    is_bare.then(|| RawFrame {
        function: "",
        file: file(rest),
    })
}

fn is_location(location: &str) -> bool {
    has_position(location)
        || is_native(location)
        || location.starts_with("eval at ")
        || location.starts_with("address at ")
        || find(location, "wasm-function[").is_some()
        || location
            .rsplit_once(":0x")
            .is_some_and(|(_, offset)| is_hex(offset))
        || [".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx"]
            .iter()
            .any(|end| location.ends_with(end))
}

/// What stands for the file of a function of the engine.
fn is_native(location: &str) -> bool {
    matches!(
        location,
        "<anonymous>" | "native" | "[native code]" | "native code"
    ) || location.strip_prefix("index ").is_some_and(is_number)
}

fn gecko(line: &str) -> Option<RawFrame<'_>> {
    if line == "[native code]" {
        return Some(RawFrame {
            function: "",
            file: line,
        });
    }
    let at = memchr::memchr(b'@', line.as_bytes())?;
    let (function, location) = (&line[..at], &line[at + 1..]);
    // `async*`, `promise callback*`, `setTimeout handler*`: how it was called.
    let function = function.rsplit_once('*').map_or(function, |(_, name)| name);
    let is_name = !function.contains([' ', '"'])
        && (!function.contains(':') || !function.replace("::", "").contains(':'));
    let is_function = is_name || function.ends_with(" code");
    let is_url = location.contains('/')
        || find(location, ".js:").is_some()
        || find(location, ".bundle:").is_some()
        || location.starts_with("self-hosted:")
        || location.starts_with("debugger eval code:");
    let is_place = (has_position(location) && (is_url || is_bare_position(location)))
        || is_native(location)
        || find(location, "wasm-function[").is_some();
    (is_function && is_place).then(|| RawFrame {
        function,
        file: file(location),
    })
}

/// `12:1917`, as older React Native has it: the bundle's name is left out.
fn is_bare_position(location: &str) -> bool {
    location
        .split_once(':')
        .is_some_and(|(line, column)| is_number(line) && is_number(column))
}

/// The URL or path in a location, without a position.
fn file(location: &str) -> &str {
    let location = location.strip_prefix("address at ").unwrap_or(location);
    if is_native(location) || is_bare_position(location) {
        return "";
    }
    if let Some(rest) = location.strip_prefix("eval at ") {
        // Where the evaluated text has a name of its own, that is the file;
        // else it is the file that called eval.
        return match rest.rsplit_once("), ") {
            Some((_, inner)) if !inner.starts_with("<anonymous>") => file_of_url(inner),
            Some((outer, _)) => file_of_url(
                outer
                    .rsplit('(')
                    .next()
                    .unwrap_or(outer)
                    .trim_end_matches(')'),
            ),
            None => "",
        };
    }
    if let Some((url, _)) = split(location, " line ")
        && location.contains(" > ")
    {
        return url;
    }
    if let Some(at) = find(location, ":wasm-function[") {
        return &location[..at];
    }
    if location.starts_with("wasm-function[") {
        return "";
    }
    if let Some((url, offset)) = location.rsplit_once(":0x")
        && is_hex(offset)
    {
        return url;
    }
    file_of_url(location)
}

fn file_of_url(url: &str) -> &str {
    without_position(url)
}

pub(super) fn role(frame: &RawFrame<'_>) -> Role {
    let is_own = frame.file.is_empty()
        || frame.file.starts_with("node:")
        || frame.file.starts_with("self-hosted")
        || is_dart_runtime(frame);
    if is_own { Role::Machinery } else { Role::Code }
}

/// What Dart's compiler puts beside the app into one file: what throws, and
/// the classes that stand for JavaScript's own values.
fn is_dart_runtime(frame: &RawFrame<'_>) -> bool {
    let file = base_name(frame.file);
    if file == "dart_sdk.js" {
        return true;
    }
    let name = frame.function;
    let name = name.strip_prefix("Object.").unwrap_or(name);
    let is_runtime = matches!(
        name,
        "wrapException" | "throwExpression" | "throwExpressionWithWrapper"
    ) || ["JSArray.", "JSString.", "JSInt.", "JSNumber."]
        .iter()
        .any(|class| name.starts_with(class));
    is_runtime && file.ends_with(".dart.js")
}

pub(super) fn clean(frame: &RawFrame<'_>) -> Cleaned {
    let file = file_name(frame.file);
    let function = function(frame.function, frame.file.is_empty());
    let is_bundle = file.ends_with(".dart.js")
        || file.ends_with(".min.js")
        || file.contains("bundle")
        || file.contains("chunk")
        || file != base_name(frame.file);
    // A minifier's names have two letters, Dart's also a dollar sign.
    let last = function.rsplit('.').next().unwrap_or(&function);
    let symbolicated = !(is_bundle && last.trim_start_matches('$').len() <= 2);
    Cleaned {
        frame: Frame { function, file },
        symbolicated,
    }
}

/// The base name without the hash of its content: `main.4f3a9c1b.js` is
/// `main.js`, and `wasm://wasm/app-0012abcd` is `app`.
fn file_name(url: &str) -> String {
    let name = base_name(url);
    if let Some(module) = url.strip_prefix("wasm://wasm/") {
        let name = match module.rsplit_once('-') {
            Some((name, hash)) if is_hex(hash) => name,
            _ if is_hex(module) => "",
            _ => module,
        };
        return name.to_owned();
    }
    let Some((stem, extension)) = split_extension(name) else {
        return name.to_owned();
    };
    let mut clean = String::with_capacity(name.len());
    let mut rest = stem;
    let mut first = true;
    while !rest.is_empty() {
        let end = rest[1..]
            .find(['.', '-', '~'])
            .map_or(rest.len(), |end| end + 1);
        let (part, after) = rest.split_at(end);
        if first || !is_content_hash(part, after.is_empty()) {
            clean.push_str(part);
        }
        first = false;
        rest = after;
    }
    clean.push_str(extension);
    clean
}

fn split_extension(name: &str) -> Option<(&str, &str)> {
    let end = [
        ".chunk.js",
        ".bundle.js",
        ".min.js",
        ".js",
        ".mjs",
        ".cjs",
        ".wasm",
    ]
    .iter()
    .find(|end| name.ends_with(**end))?;
    let stem = &name[..name.len() - end.len()];
    (!stem.is_empty() && stem.is_ascii()).then(|| name.split_at(stem.len()))
}

/// Whether `.4f3a9c1b` or `-DkX3fa9b` is a hash that a bundler put into a name.
fn is_content_hash(part: &str, is_last: bool) -> bool {
    let (separator, hash) = part.split_at(1);
    let has_digit = hash.bytes().any(|b| b.is_ascii_digit());
    if hash.len() >= 8 && is_hex(hash) {
        return has_digit || hash.len() >= 16;
    }
    // Vite and esbuild write eight characters of base 64 or base 32.
    let is_mixed = has_digit || hash.bytes().skip(1).any(|b| b.is_ascii_uppercase());
    is_last
        && separator != "~"
        && hash.len() == 8
        && is_mixed
        && hash.bytes().any(|b| b.is_ascii_uppercase())
        && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// One spelling for what the engines name differently. The class before a
/// method stays: other engines leave it out, but it tells methods apart.
fn function(name: &str, is_native: bool) -> String {
    let name = split(name, " [as ").map_or(name, |(name, _)| name);
    let mut name = name.trim();
    for keyword in ["async ", "new ", "get ", "set "] {
        name = name.strip_prefix(keyword).unwrap_or(name);
    }
    name = without_hash(name);
    // Firefox: `outer/inner` is `inner` inside `outer`, and `outer/<` is
    // nameless inside it.
    if !name.starts_with('.')
        && let Some((_, inner)) = name.rsplit_once('/')
    {
        name = if inner.starts_with('<') {
            ""
        } else {
            inner.strip_prefix("this.").unwrap_or(inner)
        };
    }
    for receiver in [
        "Object.",
        "Function.",
        "Module.",
        "Window.",
        "window.",
        "global.",
        "globalThis.",
        "exports.",
    ] {
        if let Some(bare) = name.strip_prefix(receiver)
            && !bare.is_empty()
        {
            name = bare;
            break;
        }
    }
    if is_native {
        name = name.rsplit('.').next().unwrap_or(name);
    }
    if find(name, "wasm-function[").is_some()
        || matches!(
            name,
            "" | "<anonymous>"
                | "anonymous"
                | "?"
                | "eval"
                | "eval code"
                | "global code"
                | "module code"
                | "Anonymous function"
                | "<"
        )
    {
        return "<fn>".to_owned();
    }
    if !name.contains('<') && find(name, ".prototype.").is_none() {
        return name.to_owned();
    }
    name.replace("<anonymous>", "<fn>")
        .replace(".prototype.", ".")
}
