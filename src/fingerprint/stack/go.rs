//! Go: goroutine dumps, two lines a frame, and the traces that error packages
//! print in the same shape without arguments.

use super::text::{base_name, is_number, split, without_position};
use super::{Cleaned, Frame, Line, RawFrame, Role};

/// `main.(*T).method(0xc000010000, 0x5)` with
/// `/src/app/main.go:12 +0x1d` on the next line.
pub(super) fn read(line: &str) -> Line<'_> {
    if line.starts_with("goroutine ") && line.ends_with(':') {
        return Line::Begin("");
    }
    if let Some(file) = location(line) {
        return Line::Location(file);
    }
    match without_arguments(line) {
        Some(function) => Line::Function(function),
        None => Line::Other,
    }
}

fn location(line: &str) -> Option<&str> {
    let path = split(line, " +0x").map_or(line, |(path, _)| path);
    let file = without_position(path);
    let is_source = [".go", ".s", ".c"]
        .iter()
        .any(|extension| file.ends_with(extension));
    let is_path = file.contains(['/', '\\']) || file.ends_with(".go");
    (file.len() < path.len() && is_source && is_path).then_some(file)
}

/// The function's name, if the line is a call or a bare qualified name.
fn without_arguments(line: &str) -> Option<&str> {
    let name = match line.strip_suffix(')') {
        Some(inside) => &line[..open_parenthesis(inside)?],
        None => line,
    };
    let is_name = !name.contains([' ', '"', '@'])
        && (name.contains('.') || name == "panic")
        && !name.ends_with([':', '.', ',']);
    is_name.then_some(name)
}

/// Where the parenthesis opens that the end of the text would close.
fn open_parenthesis(inside: &str) -> Option<usize> {
    let mut depth = 1;
    for (at, byte) in inside.bytes().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The first path elements of the standard library's packages.
const STANDARD: [&str; 40] = [
    "archive",
    "bufio",
    "bytes",
    "compress",
    "container",
    "context",
    "crypto",
    "database",
    "debug",
    "embed",
    "encoding",
    "errors",
    "expvar",
    "flag",
    "fmt",
    "go",
    "hash",
    "html",
    "image",
    "internal",
    "io",
    "iter",
    "log",
    "maps",
    "math",
    "mime",
    "net",
    "os",
    "path",
    "reflect",
    "regexp",
    "runtime",
    "slices",
    "sort",
    "strconv",
    "strings",
    "sync",
    "syscall",
    "testing",
    "time",
];

pub(super) fn role(frame: &RawFrame<'_>) -> Role {
    let name = frame.function;
    if name == "panic"
        || [
            "runtime.gopanic",
            "runtime.panic",
            "runtime.goPanic",
            "runtime.sigpanic",
        ]
        .iter()
        .any(|start| name.starts_with(start))
    {
        return Role::Unwinder;
    }
    if matches!(
        name,
        "runtime/debug.Stack" | "runtime/debug.PrintStack" | "runtime.Stack"
    ) {
        return Role::Capture;
    }
    let first = name.split(['/', '.']).next().unwrap_or(name);
    if STANDARD.contains(&first) {
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

/// The name without type arguments, vendoring and numbers of closures.
fn function(name: &str) -> String {
    let name = name.rsplit_once("/vendor/").map_or(name, |(_, name)| name);
    let name = name.strip_suffix("-fm").unwrap_or(name);
    let mut clean = String::with_capacity(name.len());
    let mut depth = 0_usize;
    let mut in_closure = false;
    for segment in name.split_inclusive('.') {
        let (word, dot) = segment
            .strip_suffix('.')
            .map_or((segment, ""), |word| (word, "."));
        let is_count = depth == 0 && in_closure && is_number(word);
        if !is_count {
            let bare = if depth == 0 { closure(word) } else { None };
            in_closure = bare.is_some() || (in_closure && is_number(word));
            push_outside_brackets(&mut clean, bare.unwrap_or(word), &mut depth);
            if depth == 0 {
                clean.push_str(dot);
            }
        }
    }
    clean.truncate(clean.trim_end_matches('.').len());
    clean
}

/// `func` of `func2`: what the compiler numbers inside a function.
fn closure(word: &str) -> Option<&str> {
    let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_closure = bare.len() < word.len()
        && (matches!(bare, "func" | "gowrap" | "deferwrap") || bare.ends_with("-range"));
    (is_closure || word == "init" || word == "glob").then_some(bare)
}

fn push_outside_brackets(clean: &mut String, text: &str, depth: &mut usize) {
    for c in text.chars() {
        match c {
            '[' => *depth += 1,
            ']' => *depth = depth.saturating_sub(1),
            _ if *depth == 0 => clean.push(c),
            _ => {}
        }
    }
}
