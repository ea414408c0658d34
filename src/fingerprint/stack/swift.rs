//! Swift and Objective-C: Apple's crash reports and call stack symbols, the
//! backtraces that Swift itself prints on a crash, and those of LLDB.

use super::text::{base_name, find, is_number, leading_number, split, without_position};
use super::{Cleaned, Frame, Line, RawFrame, Role};

/// `3   MyApp   0x0000000100abcdef Cart.add(_:) + 123 (Cart.swift:12)`,
/// `3 [ra] 0x0000000100abcdef Cart.add(_:) + 28 in MyApp at /src/Cart.swift:12:5`,
/// ``frame #3: 0x0000000100abcdef MyApp`Cart.add(item=1) + 12 at Cart.swift:12:5``.
pub(super) fn read(line: &str) -> Line<'_> {
    if let Some(thread) = line.strip_prefix("Thread ")
        && thread.starts_with(|c: char| c.is_ascii_digit())
    {
        // The name of the thread's queue may follow.
        if find(thread, "rashed:").is_some() {
            return Line::Crashed;
        }
        if thread.ends_with(':') {
            return Line::Begin("");
        }
    }
    if line == "Last Exception Backtrace:" {
        return Line::Crashed;
    }
    let frame = match line
        .strip_prefix("* ")
        .unwrap_or(line)
        .strip_prefix("frame #")
    {
        Some(rest) => lldb(rest),
        None => numbered(line.strip_prefix("at ").unwrap_or(line)),
    };
    frame.map_or(Line::Other, Line::Frame)
}

fn lldb(rest: &str) -> Option<RawFrame<'_>> {
    let (_, rest) = leading_number(rest)?;
    let (image, rest) = rest.split_once('`')?;
    let (symbol, file) = match rest.rsplit_once(" at ") {
        Some((symbol, location)) => (symbol, without_position(location)),
        None => (rest, image.rsplit(' ').next().unwrap_or(image)),
    };
    Some(RawFrame {
        function: symbol,
        file,
    })
}

fn numbered(line: &str) -> Option<RawFrame<'_>> {
    let (_, rest) = leading_number(line)?;
    let body = rest.trim_start();
    if body.len() == rest.len() {
        return None;
    }
    if body.starts_with(['[', '0']) {
        return printed_by_swift(body);
    }
    // The image may have spaces in its name, and a tab or spaces behind it.
    let at = find(body, "0x").filter(|at| body[..*at].ends_with([' ', '\t']))?;
    let image = body[..at].trim_end();
    let symbol = after_address(&body[at..])?;
    let (symbol, file) = match parenthesized_file(symbol) {
        Some((symbol, file)) => (symbol, file),
        None => (symbol, image),
    };
    let symbol = split(symbol, " (in ").map_or(symbol, |(symbol, _)| symbol);
    Some(RawFrame {
        function: symbol,
        file,
    })
}

fn printed_by_swift(body: &str) -> Option<RawFrame<'_>> {
    let mut rest = body;
    while let Some((_, after)) = rest
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
    {
        rest = after.trim_start();
    }
    let symbol = if rest.starts_with("0x") {
        after_address(rest)?
    } else {
        rest
    };
    let (symbol, file) = match symbol.rsplit_once(" at ") {
        Some((symbol, location)) => (symbol, without_position(location)),
        None => (symbol, ""),
    };
    let (symbol, image) = symbol.rsplit_once(" in ").unwrap_or((symbol, ""));
    Some(RawFrame {
        function: symbol,
        file: if file.is_empty() { image } else { file },
    })
}

/// What follows `0x0000000100abcdef `.
fn after_address(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("0x")?;
    let symbol = digits.trim_start_matches(|c: char| c.is_ascii_hexdigit());
    let is_address = digits.len() - symbol.len() >= 4;
    let symbol = symbol.trim_start();
    (is_address && !symbol.is_empty()).then_some(symbol)
}

/// The symbol and the file of `symbol (Cart.swift:12)`.
fn parenthesized_file(text: &str) -> Option<(&str, &str)> {
    let (symbol, location) = text.strip_suffix(')')?.rsplit_once(" (")?;
    let file = without_position(location);
    (file.len() < location.len() && file.contains('.')).then_some((symbol, file))
}

/// The images of the platform.
const PLATFORM: [&str; 11] = [
    "libswift",
    "libobjc",
    "libsystem_",
    "libdispatch",
    "libc.so",
    "CoreFoundation",
    "Foundation",
    "UIKit",
    "QuartzCore",
    "GraphicsServices",
    "dyld",
];

pub(super) fn role(frame: &RawFrame<'_>) -> Role {
    let is_platform = PLATFORM.iter().any(|image| frame.file.starts_with(image));
    let is_trap = [
        "_assertionFailure(",
        "_fatalErrorMessage(",
        "fatalError(",
        "swift_",
        "_swift_runtime_on_report",
        "__pthread_kill",
        "abort",
    ]
    .iter()
    .any(|start| frame.function.starts_with(start));
    if is_platform || is_trap {
        Role::Machinery
    } else {
        Role::Code
    }
}

pub(super) fn clean(frame: &RawFrame<'_>) -> Cleaned {
    let file = base_name(frame.file).to_owned();
    let (symbol, offset) = match frame.function.rsplit_once(" + ") {
        Some((symbol, offset)) if is_number(offset) => (symbol, offset),
        _ => (frame.function, ""),
    };
    // Without symbols the offset from the image's start is the frame's only
    // identity, and the same in every run of a build.
    if !offset.is_empty() && (symbol.starts_with("0x") || symbol == frame.file) {
        let function = format!("+{offset}");
        return Cleaned {
            frame: Frame { function, file },
            symbolicated: false,
        };
    }
    Cleaned {
        frame: Frame {
            function: function(symbol),
            file,
        },
        symbolicated: true,
    }
}

/// The symbol without what the optimizer and the concurrency runtime put
/// before it, and without its closures' numbers.
fn function(symbol: &str) -> String {
    let mut clean = String::new();
    let mut name = symbol.trim();
    loop {
        if let Some(bare) = without_qualifier(name) {
            name = bare;
        } else if let Some(rest) = name.strip_prefix("closure #")
            && let Some((_, within)) = rest.split_once(" in ")
        {
            clean.push_str("closure in ");
            name = within;
        } else {
            break;
        }
    }
    // A debugger prints the arguments' values.
    if let Some((before, arguments)) = name.split_once('(')
        && arguments.contains('=')
    {
        name = before;
    }
    for effect in [") async", ") throws", ") -> "] {
        if let Some(end) = find(name, effect) {
            name = &name[..=end];
        }
    }
    clean.push_str(name);
    clean
}

fn without_qualifier(name: &str) -> Option<&str> {
    for word in [
        "specialized ",
        "merged ",
        "partial apply for ",
        "partial apply forwarder for ",
        "@objc ",
        "generic specialization of ",
    ] {
        if let Some(rest) = name.strip_prefix(word) {
            return Some(rest);
        }
    }
    // `(1) await resume partial function for `: a part of an async function.
    let (number, rest) = name.strip_prefix('(')?.split_once(") ")?;
    let (part, rest) = rest.split_once(" partial function for ")?;
    (is_number(number) && matches!(part, "await resume" | "suspend resume")).then_some(rest)
}
