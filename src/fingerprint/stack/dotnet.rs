//! .NET: the runtimes of Microsoft and Mono, with and without symbol files.

use super::text::{base_name, is_number, split};
use super::{CAUSE, Cleaned, Frame, Line, RawFrame, Role};

/// The word before a frame, in the languages the framework is translated to.
const AT: [&str; 6] = ["at ", "bei ", "à ", "в ", "en ", "em "];

/// `at Shop.Cart.Add(Item item) in C:\src\Cart.cs:line 12`.
pub(super) fn read(line: &str) -> Line<'_> {
    if line.starts_with("--- End of inner exception stack trace") {
        return Line::Close;
    }
    if let Some(rest) = AT.iter().find_map(|at| line.strip_prefix(at)) {
        return frame(rest).map_or(Line::Other, Line::Frame);
    }
    match split(line, CAUSE) {
        Some((_, causes)) => Line::Open(without_index(causes)),
        None => unity(line).map_or(Line::Other, Line::Frame),
    }
}

/// `Shop.Cart.Add (Shop.Item item) (at Assets/Cart.cs:12)`, from Unity's log.
fn unity(line: &str) -> Option<RawFrame<'_>> {
    let (call, path) = split(line.strip_suffix(')')?, ") (at ")?;
    let (function, _) = call.split_once('(')?;
    let function = function.trim_end();
    let (path, line) = path.rsplit_once(':')?;
    (is_number(line) && !function.is_empty() && !function.contains(' ')).then_some(RawFrame {
        function,
        file: path,
    })
}

/// The cause without the `(Inner Exception #0) ` of an aggregate.
fn without_index(cause: &str) -> &str {
    cause
        .strip_prefix("(Inner Exception #")
        .and_then(|rest| rest.split_once(") "))
        .map_or(cause, |(_, rest)| rest)
}

fn frame(rest: &str) -> Option<RawFrame<'_>> {
    let rest = rest.strip_suffix("<---").unwrap_or(rest);
    let rest = match rest.strip_prefix("(wrapper ") {
        Some(inside) => inside.split_once(") ")?.1,
        None => rest,
    };
    let open = rest.find('(')?;
    let close = open + rest[open..].find(')')?;
    let function = rest[..open].trim_end();
    let after = &rest[close + 1..];
    // Mono puts a space before the parameters, as JavaScript does before a
    // location, but always says where it is.
    let is_mono = function.len() < open;
    let is_frame = !function.is_empty()
        && !function.contains(' ')
        && (function.contains('.') || function.starts_with("lambda_method"))
        && if is_mono {
            after.starts_with(" [0x") || after.starts_with(" in ")
        } else {
            is_parameters(&rest[open + 1..close])
        };
    is_frame.then_some(RawFrame {
        function,
        file: source(after),
    })
}

/// Whether the text may list parameters; `Foo.java:12` may not.
fn is_parameters(text: &str) -> bool {
    !text.contains(':')
}

/// The path in ` in C:\src\Cart.cs:line 12`; empty for the hash of a module.
fn source(after: &str) -> &str {
    let Some((_, path)) = [" in ", " dans ", " в ", " en ", " em "]
        .iter()
        .find_map(|word| split(after, word))
    else {
        return "";
    };
    let path = match path.rsplit_once(':') {
        Some((path, line)) if line.bytes().any(|b| b.is_ascii_digit()) => path,
        _ => path,
    };
    if path.starts_with('<') { "" } else { path }
}

/// The framework and its decoders.
const FRAMEWORK: [&str; 9] = [
    "System.",
    "Microsoft.AspNetCore.",
    "Microsoft.EntityFrameworkCore.",
    "Microsoft.Extensions.",
    "Microsoft.Data.",
    "Microsoft.CSharp.",
    "Newtonsoft.Json.",
    "Interop.",
    "Internal.",
];

pub(super) fn role(frame: &RawFrame<'_>) -> Role {
    if FRAMEWORK
        .iter()
        .any(|start| frame.function.starts_with(start))
    {
        Role::Machinery
    } else {
        Role::Code
    }
}

pub(super) fn clean(frame: &RawFrame<'_>) -> Cleaned {
    Cleaned {
        frame: Frame {
            function: function(frame.function),
            file: base_name(frame.file).to_owned(),
        },
        symbolicated: true,
    }
}

/// The method that was written, out of the names that the compiler makes for
/// async methods, iterators, lambdas and local functions.
fn function(name: &str) -> String {
    let mut clean = String::with_capacity(name.len());
    let mut depth = 0_usize;
    for c in name.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            // What separates a nested class.
            '+' => clean.push('.'),
            _ => clean.push(c),
        }
    }
    if let Some(method) = state_machine(&clean) {
        clean = method;
    }
    let without_display = without_closure_class(&clean);
    without_numbers(&without_display)
}

/// `Shop.Cart.Add` of `Shop.Cart.<Add>d__12.MoveNext`.
fn state_machine(name: &str) -> Option<String> {
    let class = name.strip_suffix(".MoveNext")?;
    let (outer, rest) = class
        .rsplit_once(".<")
        .or_else(|| class.strip_prefix('<').map(|rest| ("", rest)))?;
    let (method, number) = rest.rsplit_once(">d")?;
    if !number
        .trim_start_matches('_')
        .bytes()
        .all(|b| b.is_ascii_digit() || b == b'`')
    {
        return None;
    }
    Some(if outer.is_empty() {
        method.to_owned()
    } else {
        format!("{outer}.{method}")
    })
}

/// The name without the classes that hold what a lambda captured: `<>c.` and
/// `<>c__DisplayClass12_0.`.
fn without_closure_class(name: &str) -> String {
    let mut clean = String::with_capacity(name.len());
    for segment in name.split_inclusive('.') {
        if !segment.starts_with("<>c") {
            clean.push_str(segment);
        }
    }
    clean
}

/// The name without the numbers behind `__` and `|`, behind the name of a
/// method that was compiled at run time, and without the line that F# puts
/// behind a closure's name: `find@14-2`.
fn without_numbers(name: &str) -> String {
    if name.strip_prefix("lambda_method").is_some_and(is_number) {
        return "lambda_method".to_owned();
    }
    let mut clean = String::with_capacity(name.len());
    let mut is_count = false;
    let mut in_line = false;
    for c in name.chars() {
        if is_count && (c.is_ascii_digit() || c == '_') {
            continue;
        }
        if in_line && (c.is_ascii_digit() || c == '-') {
            continue;
        }
        in_line = c == '@';
        // What numbers a local function stands behind a bar.
        is_count = c == '|';
        if !is_count && !in_line {
            clean.push(c);
            is_count = clean.ends_with("__");
        }
    }
    clean
}
