//! Dart: the VM's numbered frames, obfuscated ahead-of-time builds, what
//! `package:stack_trace` and the web compilers print, and the native frames of
//! Android's tombstones, which look alike and appear in the same logs.

use super::text::{base_name, is_number, leading_number, split, without_position};
use super::{Cleaned, Frame, Line, RawFrame, Role, javascript};

/// `#0      Foo.bar (package:app/x.dart:10:5)` and
/// `package:app/x.dart 10:5  Foo.bar`.
pub(super) fn read(line: &str) -> Line<'_> {
    // package:stack_trace marks frames that it could not read itself.
    let line = line.strip_prefix("unparsed").map_or(line, str::trim_start);
    let frame = match line.strip_prefix('#') {
        Some(rest) => numbered(rest),
        None => listed(line),
    };
    frame.map_or(Line::Other, Line::Frame)
}

fn numbered(rest: &str) -> Option<RawFrame<'_>> {
    let (_, rest) = leading_number(rest)?;
    let body = rest.trim_start();
    if body.len() == rest.len() {
        return None;
    }
    if body.starts_with("abs ") || body.starts_with("virt ") {
        return ahead_of_time(body);
    }
    if let Some(rest) = body.strip_prefix("pc ") {
        return tombstone(rest);
    }
    // No function has parentheses in its name, but a folder may.
    let (function, location) = split(body.strip_suffix(')')?, " (")?;
    let file = without_position(location);
    let is_file = file.contains([':', '/']) || file.ends_with(".dart") || file == "<optimized out>";
    is_file.then_some(RawFrame {
        function: function.trim_end(),
        file,
    })
}

/// `abs 00007f1234567890 virt 0000000000123456 _kDartIsolateSnapshotInstructions+0x1b2c`.
///
/// The symbol with its offset is all that tells one frame from another, and it
/// is the same in every run of a build; the absolute address is not.
fn ahead_of_time(body: &str) -> Option<RawFrame<'_>> {
    let symbol = body
        .split_ascii_whitespace()
        .find(|word| word.contains("+0x"));
    let by_offset = || body.split_once("virt ")?.1.split_ascii_whitespace().next();
    let function = symbol.or_else(by_offset)?;
    Some(RawFrame { function, file: "" })
}

/// `0000000000012345  /system/lib64/libc.so (abort+164) (BuildId: 01ab)`: the
/// function, or the offset in the library where it has no symbol.
fn tombstone(rest: &str) -> Option<RawFrame<'_>> {
    let (pc, rest) = rest.split_once(' ')?;
    let rest = rest.trim_start();
    let (file, rest) = rest.split_once(" (").unwrap_or((rest, ""));
    let symbol = rest.split_once("+").map(|(symbol, _)| symbol);
    let function = match symbol {
        Some(symbol) if !symbol.starts_with("BuildId") => symbol,
        _ => pc,
    };
    Some(RawFrame { function, file })
}

/// The location and the member in columns, two spaces or more apart. Folded
/// frames of the core libraries have no line.
fn listed(line: &str) -> Option<RawFrame<'_>> {
    let (location, member) = split(line, "  ")?;
    let member = member.trim_start();
    let file = match location.rsplit_once(' ') {
        Some((file, position)) if position.split(':').all(is_number) => file,
        Some(_) => return None,
        None => location,
    };
    let is_file = file.ends_with(".dart")
        || file.starts_with("dart:")
        || file.starts_with("package:")
        || is_javascript(file);
    let is_frame = is_file && !member.is_empty() && !member.contains("  ");
    is_frame.then_some(RawFrame {
        function: member,
        file,
    })
}

/// The core libraries' own frames: `dart:` names them wherever they lie.
pub(super) fn role(frame: &RawFrame<'_>) -> Role {
    if is_javascript(frame.file) {
        return javascript::role(frame);
    }
    let is_core = frame.file.starts_with("dart:")
        || frame.file.starts_with("org-dartlang-sdk:")
        || frame.file.starts_with("dart-sdk/lib/")
        || frame.file.ends_with("/libc.so");
    if is_core { Role::Machinery } else { Role::Code }
}

pub(super) fn clean(frame: &RawFrame<'_>) -> Cleaned {
    if is_javascript(frame.file) {
        return javascript::clean(frame);
    }
    let is_offset = frame.file.is_empty() || frame.function.bytes().all(|b| b.is_ascii_hexdigit());
    Cleaned {
        frame: Frame {
            function: function(frame.function),
            file: base_name(frame.file).to_owned(),
        },
        symbolicated: !is_offset,
    }
}

fn is_javascript(file: &str) -> bool {
    file.ends_with(".js") || file.ends_with(".mjs") || file.ends_with(".wasm")
}

/// The member with one spelling for closures and without the keys that make a
/// private name unique to its library (`_Foo@418042017`).
fn function(name: &str) -> String {
    let mut clean = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find(['@', '<']) {
        let (before, special) = rest.split_at(at);
        clean.push_str(before);
        if let Some(after) = special.strip_prefix("<anonymous closure>") {
            clean.push_str("<fn>");
            rest = after;
        } else if let Some((_, after)) = special.strip_prefix('@').and_then(leading_number) {
            rest = after;
        } else {
            clean.push_str(&special[..1]);
            rest = &special[1..];
        }
    }
    clean.push_str(rest);
    clean
}
