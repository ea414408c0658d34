//! Python: tracebacks with the most recent call last, chained exceptions,
//! exception groups, and `faulthandler`'s dumps, most recent call first.

use std::collections::VecDeque;

use super::text::{base_name, find, split};
use super::{Block, Cleaned, Frame, Language, Line, RawFrame, Role, is_same_type, lines};
use crate::fingerprint::exception;

/// How many of the last frames of a traceback are kept.
const KEPT: usize = 64;

/// `File "/app/x.py", line 3, in f`. A syntax error's location has no function.
pub(super) fn read(line: &str) -> Line<'_> {
    let line = ungrouped(line);
    let Some((file, rest)) = line
        .strip_prefix("File \"")
        .and_then(|rest| rest.split_once('"'))
    else {
        return Line::Other;
    };
    let Some(rest) = rest.strip_prefix(", line ") else {
        return Line::Other;
    };
    let function = match split(rest, " in ") {
        Some((_, function)) => function.trim(),
        None => "<syntax>",
    };
    Line::Frame(RawFrame { function, file })
}

/// The line without the margin that exception groups are drawn in.
fn ungrouped(line: &str) -> &str {
    if line.starts_with(['|', '+']) {
        line.trim_start_matches(['|', '+', ' '])
    } else {
        line
    }
}

/// One traceback of a text that may hold several.
#[derive(Default)]
struct Traceback<'a> {
    name: &'a str,
    /// In the order in which they are printed.
    frames: VecDeque<RawFrame<'a>>,
    innermost_first: bool,
    /// Whether it belongs to an exception inside a group.
    inside_group: bool,
}

/// Walks the lines and returns the frames of the exception of the wanted type,
/// else of the one raised last, innermost first.
pub(super) fn collect<'a>(stack: &'a str, wanted: &str) -> Block<'a> {
    let mut tracebacks: Vec<Traceback<'a>> = vec![Traceback::default()];
    let mut inside_group = false;
    for line in lines(stack) {
        let last = tracebacks.len() - 1;
        let current = &mut tracebacks[last];
        if let Line::Frame(frame) = read(line) {
            // What looked like the exception was a line of source.
            current.name = "";
            if current.innermost_first && current.frames.len() >= KEPT {
                continue;
            }
            if current.frames.len() >= KEPT {
                current.frames.pop_front();
            }
            current.frames.push_back(frame);
            continue;
        }
        inside_group = (inside_group || line.starts_with("+-+")) && line.starts_with(['|', '+']);
        let text = ungrouped(line);
        let begins = text.starts_with("Traceback (most recent call")
            || text.starts_with("Exception Group Traceback")
            || find(text, "(most recent call first)").is_some();
        if begins {
            let traceback = Traceback {
                innermost_first: find(text, "call first").is_some(),
                inside_group,
                ..Traceback::default()
            };
            if current.frames.is_empty() {
                *current = traceback;
            } else {
                tracebacks.push(traceback);
            }
        } else if !current.frames.is_empty() && current.name.is_empty() {
            current.name = exception::name_in(text);
        }
    }
    let picked = tracebacks
        .iter()
        .rposition(|t| !wanted.is_empty() && !t.frames.is_empty() && is_same_type(t.name, wanted))
        .or_else(|| {
            tracebacks
                .iter()
                .rposition(|t| !t.inside_group && !t.frames.is_empty())
        })
        .or_else(|| tracebacks.iter().rposition(|t| !t.frames.is_empty()))
        .unwrap_or(0);
    let traceback = tracebacks.swap_remove(picked);
    let mut block = Block::named(traceback.name);
    let frames = traceback.frames.into_iter();
    if traceback.innermost_first {
        frames.for_each(|frame| block.push(Language::Python, frame));
    } else {
        frames
            .rev()
            .for_each(|frame| block.push(Language::Python, frame));
    }
    block
}

/// The insides of the standard library's decoders, by function and file: the
/// folder a library lies in says nothing.
pub(super) fn role(frame: &RawFrame<'_>) -> Role {
    let is_json = matches!(
        (frame.function, base_name(frame.file)),
        ("loads" | "load" | "dumps" | "dump", "__init__.py")
            | (
                "decode" | "raw_decode" | "JSONObject" | "JSONArray" | "py_scanstring",
                "decoder.py"
            )
            | ("scan_once" | "_scan_once", "scanner.py")
            | (
                "default"
                    | "encode"
                    | "iterencode"
                    | "_iterencode"
                    | "_iterencode_dict"
                    | "_iterencode_list",
                "encoder.py"
            )
    );
    if is_json || frame.file.starts_with("<frozen ") {
        Role::Machinery
    } else {
        Role::Code
    }
}

pub(super) fn clean(frame: &RawFrame<'_>) -> Cleaned {
    Cleaned {
        frame: Frame {
            function: frame.function.to_owned(),
            file: base_name(frame.file).to_owned(),
        },
        symbolicated: true,
    }
}
