//! Java, Kotlin and the other languages of the JVM and Android, also shrunk by
//! ProGuard or R8.

use super::text::{base_name, is_hex, is_number};
use super::{Cleaned, Frame, Line, RawFrame, Role};
use crate::fingerprint::exception;

/// `at com.example.Foo.bar(Foo.java:12)`.
pub(super) fn read(line: &str) -> Line<'_> {
    if let Some(rest) = line.strip_prefix("at ") {
        return frame(rest).map_or(Line::Other, Line::Frame);
    }
    for words in ["Caused by: ", "Suppressed: ", "Wrapped by: "] {
        if let Some(rest) = line.strip_prefix(words) {
            return Line::Begin(exception::lead(rest));
        }
    }
    Line::Other
}

fn frame(rest: &str) -> Option<RawFrame<'_>> {
    let (function, rest) = rest.split_once('(')?;
    if !function.contains('.') || function.contains(' ') {
        return None;
    }
    let (source, _) = rest.split_once(')')?;
    let file = if is_source(source) {
        source
    } else {
        // A script's name may have spaces and parentheses.
        let (source, _) = rest.rsplit_once(')')?;
        let (name, line) = source.rsplit_once(':')?;
        (is_number(line) && is_script(name)).then_some(source)?
    };
    Some(RawFrame { function, file })
}

fn is_script(name: &str) -> bool {
    [".kts", ".groovy", ".gradle", ".clj"]
        .iter()
        .any(|extension| name.ends_with(extension))
}

/// What stands in the parentheses: a file and a line, or a word for none.
fn is_source(source: &str) -> bool {
    if matches!(
        source,
        "Native Method" | "Unknown Source" | "SourceFile" | "<generated>" | "NO_SOURCE_FILE"
    ) || source.starts_with("LambdaForm$")
    {
        return true;
    }
    if let Some((file, line)) = source.rsplit_once(':') {
        return is_number(line)
            && (!file.contains(' ') || file == "Unknown Source")
            && !file.contains(':');
    }
    [".java", ".kt", ".kts", ".scala", ".groovy", ".clj"]
        .iter()
        .any(|extension| source.ends_with(extension))
}

/// The packages of the platform and of its decoders.
const PLATFORM: [&str; 16] = [
    "java.",
    "javax.",
    "jdk.",
    "sun.",
    "com.sun.",
    "kotlin.",
    "kotlinx.",
    "scala.",
    "android.",
    "androidx.",
    "com.android.",
    "dalvik.",
    "libcore.",
    "org.json.",
    "com.google.gson.",
    "com.fasterxml.jackson.",
];

pub(super) fn role(frame: &RawFrame<'_>) -> Role {
    let name = without_module(frame.function);
    if PLATFORM.iter().any(|package| name.starts_with(package)) {
        Role::Machinery
    } else {
        Role::Code
    }
}

pub(super) fn clean(frame: &RawFrame<'_>) -> Cleaned {
    let function = function(without_module(frame.function));
    let mut parts = function.rsplit('.');
    let method = parts.next().unwrap_or_default();
    let class = parts.next().unwrap_or_default();
    let symbolicated = method.len() > 2 || class.len() > 2;
    let file = match frame.file.rsplit_once(':') {
        Some((file, line)) if is_number(line) => file,
        _ => frame.file,
    };
    // Shrinkers leave one of several words, or the id of their map, for a
    // file that they took away.
    let is_file = !matches!(
        file,
        "Unknown Source" | "SourceFile" | "PG" | "<generated>" | "D8$$SyntheticClass"
    ) && !file.starts_with("r8-map-id");
    let file = if is_file { base_name(file) } else { "" };
    Cleaned {
        frame: Frame {
            function,
            file: file.to_owned(),
        },
        symbolicated,
    }
}

/// The name without class loader and module: `app//`, `java.base@17.0.1/`.
fn without_module(name: &str) -> &str {
    if !name.contains('/') {
        return name;
    }
    // A hidden class has a slash and a number behind its name, where no module
    // ends.
    let is_module_end =
        |slash: &usize| !name[slash + 1..].starts_with(|c: char| c.is_ascii_digit());
    let slashes = memchr::memrchr_iter(b'/', name.as_bytes());
    match { slashes }.find(is_module_end) {
        Some(slash) => &name[slash + 1..],
        None => name,
    }
}

/// The name without the numbers that the runtime and the compiler hand out.
fn function(name: &str) -> String {
    let mut clean = String::with_capacity(name.len());
    for (at, segment) in name.split('.').enumerate() {
        if at > 0 {
            clean.push('.');
        }
        push_segment(&mut clean, segment);
    }
    clean
}

fn push_segment(clean: &mut String, segment: &str) {
    let is_plain = !segment.bytes().any(|b| b == b'$' || b.is_ascii_digit());
    if is_plain {
        clean.push_str(segment);
        return;
    }
    // `$$Lambda$14/0x0000000800c03000` and `$$Lambda/0x…`: a hidden class.
    let segment = segment.split_once('/').map_or(segment, |(name, _)| name);
    // `-$$Lambda$Foo$<hash of its body>`: Android's desugaring.
    if let Some(rest) = segment.strip_prefix("-$$Lambda$") {
        clean.push_str("-$$Lambda$");
        clean.push_str(rest.split('$').next().unwrap_or(rest));
        return;
    }
    for generated in [
        "GeneratedMethodAccessor",
        "GeneratedConstructorAccessor",
        "GeneratedSerializationConstructorAccessor",
    ] {
        if segment.strip_prefix(generated).is_some_and(is_number) {
            clean.push_str(generated);
            return;
        }
    }
    for marker in ["$HibernateProxy$", "$ByteBuddy$", "$MockitoMock$"] {
        if let Some(at) = segment.find(marker) {
            clean.push_str(&segment[..at + marker.len()]);
            return;
        }
    }
    if is_proxy_package(segment) {
        clean.push_str("proxy");
        return;
    }
    if let Some(at) = segment.find("$$Lambda") {
        clean.push_str(&segment[..at + "$$Lambda".len()]);
        return;
    }
    let is_proxy = ["CGLIB$$", "$$EnhancerBy", "$$FastClassBy"]
        .iter()
        .any(|marker| segment.contains(marker));
    let mut before = segment;
    for (at, part) in segment.split('$').enumerate() {
        if at > 0 {
            clean.push('$');
        }
        if !(is_proxy && before.is_empty() && is_hex(part)) {
            clean.push_str(if at == 0 {
                part
            } else {
                part_without_number(part)
            });
        }
        before = part;
    }
}

/// `proxy2` of `jdk.proxy2.$Proxy45`, numbered per class loader.
fn is_proxy_package(segment: &str) -> bool {
    segment.strip_prefix("proxy").is_some_and(is_number)
}

/// One part of a name between dollar signs: nothing of a number or of the hash
/// of a generated class, and nothing of the number behind a generated word.
fn part_without_number(part: &str) -> &str {
    if is_number(part)
        || (part.len() >= 6 && is_hex(part) && part.bytes().any(|b| b.is_ascii_digit()))
    {
        return "";
    }
    let bare = part.trim_end_matches(|c: char| c.is_ascii_digit());
    match bare {
        "Proxy"
        | "ExternalSyntheticLambda"
        | "InternalSyntheticLambda"
        | "_closure"
        | "lambda-" => bare,
        _ => part,
    }
}
