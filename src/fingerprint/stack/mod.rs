//! Reading the innermost frames of a printed stack trace, whatever runtime
//! printed it.
//!
//! Each language has a file with three pure functions over text: what a line
//! is ([`Line`]), how a frame's names are freed of what varies, and which
//! frames are the runtime's own. This file finds the language, walks the lines
//! once and picks the three frames. Only as many lines are read as are needed;
//! no line is read more than a fixed number of times.

mod dart;
mod dotnet;
mod go;
mod java;
mod javascript;
mod python;
mod rust;
mod swift;
pub(super) mod text;

use super::exception;
use super::{Frame, MAX_NAME, transport};

/// How many frames are hashed.
const HASHED: usize = 3;

/// How many frames are looked at below a first one that recorded the stack.
const LOOKAHEAD: usize = 32;

/// How many frames of one exception are kept at most.
const MAX_KEPT: usize = 256;

/// The frames of a trace that count, innermost first.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Trace {
    pub(super) frames: Vec<Frame>,
    /// Whether some frame's name is not the source's: minified or an offset.
    pub(super) obfuscated: bool,
}

/// A language, as far as its stack traces go.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Language {
    Dart,
    Python,
    Java,
    DotNet,
    JavaScript,
    Rust,
    Swift,
    Go,
}

/// What one line of a stack trace is.
#[derive(Debug, PartialEq)]
enum Line<'a> {
    /// A whole frame.
    Frame(RawFrame<'a>),
    /// A function that is a frame only if a [`Line::Location`] follows.
    Function(&'a str),
    /// The file of the function before it.
    Location(&'a str),
    /// What stood before it only looked like frames.
    Restart,
    /// The trace of another exception or thread begins.
    Begin(&'a str),
    /// The trace of the thread that crashed begins.
    Crashed,
    /// The trace of a cause begins inside another exception's trace; several
    /// causes are separated by [`CAUSE`].
    Open(&'a str),
    /// The trace of the cause ends, and that of the exception around it begins.
    Close,
    /// Anything that is no frame.
    Other,
}

/// What .NET writes between an exception and its cause.
const CAUSE: &str = "---> ";

/// A frame as it was printed: the names, cut out but not yet cleaned.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct RawFrame<'a> {
    function: &'a str,
    /// The path or URL of the file, without line and column.
    file: &'a str,
}

/// A cleaned frame, and whether its names are the source's names.
struct Cleaned {
    frame: Frame,
    symbolicated: bool,
}

/// How far a frame is the runtime's own.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    /// The app's or a library's.
    Code,
    /// The runtime's or the standard library's.
    Machinery,
    /// Machinery that records the stack for a handler of a panic.
    Capture,
    /// Machinery that runs a panic. Between it and what records the stack
    /// stand the handlers that it called.
    Unwinder,
    /// The first of what runs a panic. What is called by it reports the panic,
    /// which short traces leave out and full ones show.
    Entry,
}

/// Parses a stack trace. `wanted` is the type of the exception whose frames
/// are asked for, in case the trace holds several; empty if unknown.
pub(super) fn parse(stack: &str, wanted: &str) -> Trace {
    let Some(language) = Language::detect(stack) else {
        return Trace::default();
    };
    let block = match language {
        Language::Python => python::collect(stack, wanted),
        _ => collect(language, stack, wanted),
    };
    let cleaned = block.hashed().iter().map(|raw| language.clean(raw));
    let mut trace = Trace {
        frames: Vec::with_capacity(HASHED),
        obfuscated: false,
    };
    for cleaned in cleaned {
        trace.obfuscated |= !cleaned.symbolicated;
        let Frame { function, file } = cleaned.frame;
        let frame = Frame {
            function: cut(function),
            file: cut(file),
        };
        trace.frames.push(frame);
    }
    trace
}

/// Whether a line is a frame, or the first of a frame's two lines.
pub(super) fn is_frame(line: &str, next: &str) -> bool {
    Language::ALL
        .iter()
        .any(|language| match language.read(line) {
            Line::Frame(_) => true,
            Line::Function(_) => matches!(language.read(next), Line::Location(_)),
            _ => false,
        })
}

/// A name, cut where it is longer than is kept.
fn cut(mut name: String) -> String {
    name.truncate(name.floor_char_boundary(MAX_NAME));
    name
}

impl Language {
    const ALL: [Language; 8] = [
        Language::Dart,
        Language::Python,
        Language::Java,
        Language::DotNet,
        Language::JavaScript,
        Language::Rust,
        Language::Swift,
        Language::Go,
    ];

    /// The language of the first line that is certainly a frame.
    fn detect(stack: &str) -> Option<Language> {
        let mut function_before = [false; Language::ALL.len()];
        for line in lines(stack) {
            for (language, function_before) in Language::ALL.into_iter().zip(&mut function_before) {
                match language.read(line) {
                    Line::Frame(_) => return Some(language),
                    Line::Location(_) if *function_before => return Some(language),
                    Line::Function(_) => *function_before = true,
                    _ => *function_before = false,
                }
            }
        }
        None
    }

    fn read(self, line: &str) -> Line<'_> {
        match self {
            Language::Dart => dart::read(line),
            Language::Python => python::read(line),
            Language::Java => java::read(line),
            Language::DotNet => dotnet::read(line),
            Language::JavaScript => javascript::read(line),
            Language::Rust => rust::read(line),
            Language::Swift => swift::read(line),
            Language::Go => go::read(line),
        }
    }

    fn role(self, frame: &RawFrame<'_>) -> Role {
        match self {
            Language::Dart => dart::role(frame),
            Language::Python => python::role(frame),
            Language::Java => java::role(frame),
            Language::DotNet => dotnet::role(frame),
            Language::JavaScript => javascript::role(frame),
            Language::Rust => rust::role(frame),
            Language::Swift => swift::role(frame),
            Language::Go => go::role(frame),
        }
    }

    fn clean(self, frame: &RawFrame<'_>) -> Cleaned {
        match self {
            Language::Dart => dart::clean(frame),
            Language::Python => python::clean(frame),
            Language::Java => java::clean(frame),
            Language::DotNet => dotnet::clean(frame),
            Language::JavaScript => javascript::clean(frame),
            Language::Rust => rust::clean(frame),
            Language::Swift => swift::clean(frame),
            Language::Go => go::clean(frame),
        }
    }
}

/// The lines of a trace without what transports put around them.
fn lines(stack: &str) -> impl Iterator<Item = &str> {
    let mut rest = stack;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (line, after) = match memchr::memchr(b'\n', rest.as_bytes()) {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, ""),
        };
        rest = after;
        Some(transport::strip(line))
    })
}

/// The frames of one exception or thread, innermost first.
#[derive(Debug, Default)]
struct Block<'a> {
    /// The exception's type as the trace gives it; empty if it does not.
    name: &'a str,
    frames: Vec<RawFrame<'a>>,
    /// How many of the first frames are machinery without a gap.
    machinery: usize,
    /// Which of them a short trace of the same panic begins with.
    entry: usize,
    /// Whether the first frame is what recorded the stack.
    captured: bool,
    /// Whether this is the thread that crashed.
    crashed: bool,
}

impl<'a> Block<'a> {
    fn named(name: &'a str) -> Block<'a> {
        Block {
            name,
            ..Block::default()
        }
    }

    fn push(&mut self, language: Language, frame: RawFrame<'a>) {
        if self.frames.len() >= MAX_KEPT {
            return;
        }
        let at = self.frames.len();
        self.frames.push(frame);
        let role = language.role(&frame);
        self.captured |= at == 0 && role == Role::Capture;
        let is_next = role != Role::Code && self.machinery == at;
        let is_unwinder = matches!(role, Role::Unwinder | Role::Entry);
        let is_above = is_unwinder && self.captured && at < LOOKAHEAD;
        if is_next || is_above {
            self.machinery = at + 1;
            if role == Role::Entry {
                self.entry = at;
            }
        }
    }

    /// Where the frames that count begin: where a short trace does, or below
    /// the machinery if it is all that the first three frames show, and if
    /// there is anything below.
    fn start(&self) -> usize {
        let shown = self.machinery - self.entry;
        if shown >= HASHED && self.machinery < self.frames.len() {
            self.machinery
        } else {
            self.entry
        }
    }

    fn hashed(&self) -> &[RawFrame<'a>] {
        let end = (self.start() + HASHED).min(self.frames.len());
        &self.frames[self.start()..end]
    }

    /// Whether no further line can change what [`hashed`](Block::hashed) says.
    /// One frame more than is hashed tells that the last one has its location.
    fn is_full(&self) -> bool {
        let len = self.frames.len();
        let settled = self.machinery < len && (!self.captured || len > LOOKAHEAD);
        len >= MAX_KEPT || (settled && len > self.start() + HASHED)
    }

    fn is(&self, wanted: &str) -> bool {
        is_same_type(self.name, wanted)
    }
}

/// Whether two spellings name one type: equal, or one is qualified and the
/// other is not.
fn is_same_type(one: &str, other: &str) -> bool {
    let (long, short) = if one.len() < other.len() {
        (other, one)
    } else {
        (one, other)
    };
    long == short
        || (!short.is_empty()
            && long
                .strip_suffix(short)
                .is_some_and(|rest| rest.ends_with(['.', ':'])))
}

/// Walks the lines and returns the frames of the wanted exception; of the
/// thread that crashed, if nothing has the wanted name; else of the first
/// exception that has frames.
fn collect<'a>(language: Language, stack: &'a str, wanted: &str) -> Block<'a> {
    let mut blocks = vec![Block::default()];
    let mut current = 0;
    let mut parents: Vec<usize> = Vec::new();
    let mut function = None;
    for line in lines(stack) {
        let pending = function.take();
        match language.read(line) {
            Line::Frame(frame) => blocks[current].push(language, frame),
            Line::Function(name) => function = Some(name),
            Line::Location(file) => match pending {
                Some(function) => blocks[current].push(language, RawFrame { function, file }),
                None => {
                    if let Some(last) = blocks[current].frames.last_mut()
                        && last.file.is_empty()
                    {
                        last.file = file;
                    }
                }
            },
            Line::Restart => blocks[current] = Block::named(blocks[current].name),
            Line::Begin(name) => {
                current = blocks.len();
                blocks.push(Block::named(name));
            }
            Line::Crashed => {
                current = blocks.len();
                blocks.push(Block {
                    crashed: true,
                    ..Block::default()
                });
            }
            Line::Open(causes) => {
                for cause in causes.split(CAUSE) {
                    parents.push(current);
                    current = blocks.len();
                    blocks.push(Block::named(exception::lead(cause.trim())));
                }
            }
            Line::Close => current = parents.pop().unwrap_or(current),
            Line::Other => {
                if current == 0 && blocks[0].frames.is_empty() && blocks[0].name.is_empty() {
                    blocks[0].name = exception::name_in(line);
                }
            }
        }
        let block = &blocks[current];
        let is_wanted =
            block.crashed || wanted.is_empty() || block.name.is_empty() || block.is(wanted);
        if is_wanted && block.is_full() && parents.is_empty() {
            break;
        }
    }
    let pick = |test: &dyn Fn(&Block<'_>) -> bool| {
        blocks
            .iter()
            .position(|block| !block.frames.is_empty() && test(block))
    };
    let picked = pick(&|block| !wanted.is_empty() && block.is(wanted))
        .or_else(|| pick(&|block| block.crashed))
        .or_else(|| pick(&|_| true))
        .unwrap_or(0);
    blocks.swap_remove(picked)
}
