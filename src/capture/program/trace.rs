//! Which lines belong together: a stack trace of several lines is one record.

/// What the lines so far are, which decides what may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An ordinary line; a frame right behind it makes it the head of a trace.
    Line,
    /// A line that looks like the head of a trace, or a trace with frames.
    Frames,
    /// A Python traceback before the line that names the exception.
    Python,
    /// A Python traceback that is complete unless another is chained to it.
    PythonEnd,
    /// A panic of Rust whose message comes on the next line, or the exception
    /// of Dart that does.
    MessageNext,
    /// A panic of Go, in which blank lines separate goroutines.
    Go,
    /// A PEM block, kept whole so that the sanitizer sees it whole.
    Pem,
}

impl Kind {
    /// What a line starts.
    pub(super) fn of_head(line: &str) -> Kind {
        if line.starts_with("Traceback (most recent call last)") {
            Kind::Python
        } else if line.contains("-----BEGIN ") {
            Kind::Pem
        } else if line.starts_with("panic: ") || line.starts_with("fatal error: ") {
            Kind::Go
        } else if line.contains("' panicked at ") || line.contains(") panicked at ") {
            // Before Rust 1.73 the message stood on this line, in quotes.
            if line.ends_with(':') {
                Kind::MessageNext
            } else {
                Kind::Frames
            }
        } else if line.trim_end() == "Unhandled exception:" {
            Kind::MessageNext
        } else if names_exception(line) {
            Kind::Frames
        } else {
            Kind::Line
        }
    }

    /// Whether more of the same trace may be on its way.
    pub(super) fn is_open(self) -> bool {
        self != Kind::Line
    }

    /// What the lines are with this one, or `None` if it starts something new.
    pub(super) fn with(self, line: &str) -> Option<Kind> {
        let is_indented = line.starts_with([' ', '\t']);
        match self {
            Kind::Line => is_frame(line).then_some(Kind::Frames),
            Kind::Frames => {
                (is_frame(line) || is_indented || is_note(line) || names_exception(line))
                    .then_some(Kind::Frames)
            }
            Kind::Python if is_indented || line.is_empty() => Some(Kind::Python),
            Kind::Python => Some(Kind::PythonEnd),
            Kind::PythonEnd if line.is_empty() => Some(Kind::PythonEnd),
            Kind::PythonEnd if line.starts_with("Traceback (most") => Some(Kind::Python),
            Kind::PythonEnd => is_note(line).then_some(Kind::PythonEnd),
            Kind::MessageNext => Some(Kind::Frames),
            Kind::Go => {
                let is_call = line.ends_with(')') || line.starts_with("created by ");
                let is_head = line.starts_with("goroutine ") || line.starts_with("[signal ");
                (line.is_empty() || is_indented || is_call || is_head).then_some(Kind::Go)
            }
            Kind::Pem if line.contains("-----END ") => Some(Kind::Line),
            Kind::Pem => Some(Kind::Pem),
        }
    }
}

/// `Name: text`, `a.b.NameException`, `Exception in thread …`: a type's name
/// that ends as those of exceptions do, alone or before a colon.
pub(super) fn names_exception(line: &str) -> bool {
    let line = line.strip_prefix("Uncaught ").unwrap_or(line);
    if line.starts_with("Exception in thread ") || line.starts_with("Unhandled exception") {
        return true;
    }
    let end = line
        .find(|c: char| !(c.is_alphanumeric() || "._$:".contains(c)))
        .unwrap_or(line.len());
    let name = line[..end].trim_end_matches(':');
    let is_type = name.ends_with("Exception") || name.ends_with("Error");
    is_type && (end == line.len() || line[..end].ends_with(':'))
}

/// A stack frame, in the notation of any of the common languages.
pub(super) fn is_frame(line: &str) -> bool {
    let text = line.trim_start();
    let is_indented = text.len() < line.len();
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    if let Some(call) = text.strip_prefix("at ") {
        return is_indented || call.ends_with(')');
    }
    if let Some(rest) = text.strip_prefix('#') {
        let count = digits(rest);
        return count > 0 && rest[count..].starts_with([' ', '\t']);
    }
    if text.starts_with("File \"") {
        return is_indented;
    }
    if let Some(rest) = text.strip_prefix("... ") {
        let count = digits(rest);
        return count > 0 && matches!(&rest[count..], " more" | " common frames omitted");
    }
    let count = digits(text);
    is_indented && count > 0 && text[count..].starts_with(": ")
}

/// A line of a trace that is no frame.
fn is_note(line: &str) -> bool {
    [
        "Caused by:",
        "Suppressed:",
        "stack backtrace:",
        "note: ",
        "<asynchronous suspension>",
        "===== asynchronous gap",
        "--- End of ",
        "During handling of the above exception",
        "The above exception was the direct cause",
    ]
    .iter()
    .any(|start| line.starts_with(start))
}

/// The error that a trace is about, in words.
pub(super) fn error_of(lines: &[String]) -> Option<&str> {
    let first = lines.first()?;
    let second = || lines.get(1).map(String::as_str);
    if lines.iter().any(|line| line.starts_with("Traceback (most")) {
        let is_error =
            |line: &&String| !line.starts_with([' ', '\t']) && !line.is_empty() && !is_note(line);
        return lines.iter().rev().find(is_error).map(String::as_str);
    }
    if first.contains(" panicked at ") || first.trim_end() == "Unhandled exception:" {
        return second().filter(|line| !is_note(line)).or(Some(first));
    }
    let head = lines.iter().take_while(|line| !is_frame(line));
    let named = head
        .filter(|line| names_exception(line))
        .last()
        .unwrap_or(first);
    Some(match named.strip_prefix("Exception in thread ") {
        Some(rest) => rest.split_once("\" ").map_or(rest, |(_, error)| error),
        None => named.strip_prefix("Uncaught ").unwrap_or(named),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The groups that lines fall into, each as its number of lines.
    fn groups(text: &str) -> Vec<usize> {
        let mut groups = Vec::new();
        let mut kind: Option<Kind> = None;
        for line in text.lines() {
            match kind.and_then(|kind| kind.with(line)) {
                Some(next) => {
                    kind = Some(next);
                    *groups.last_mut().unwrap() += 1;
                }
                None => {
                    kind = Some(Kind::of_head(line));
                    groups.push(1);
                }
            }
        }
        groups
    }

    fn error(text: &str) -> String {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        error_of(&lines).unwrap().to_owned()
    }

    const PYTHON: &str = "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    f()\nKeyError: 'x'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\", line 3, in <module>\n    g()\nValueError: no\nnext line";
    const JAVA: &str = "before\nException in thread \"main\" java.lang.IllegalStateException: no\n\tat a.B.c(B.java:1)\nCaused by: java.io.IOException: disk\n\tat a.B.d(B.java:2)\n\t... 1 more\nafter";
    const RUST: &str = "thread 'main' panicked at src/main.rs:2:5:\nindex out of bounds\nstack backtrace:\n   0: core::panicking::panic\n             at /rustc/x.rs:1\nnote: Some details are omitted\nafter";
    const GO: &str = "panic: no\n\ngoroutine 1 [running]:\nmain.f(...)\n\t/src/a.go:3 +0x1\nmain.main()\n\t/src/a.go:9 +0x1\nexit status 2";
    const DART: &str = "Unhandled exception:\nBad state: no\n#0      main (file:///a.dart:1:2)\n<asynchronous suspension>\nafter";
    const NODE: &str =
        "TypeError: x is undefined\n    at f (/a.js:1:2)\n    at g (/a.js:3:4)\nNode.js v20";

    #[test]
    fn traces_are_one_group_in_every_language() {
        assert_eq!(groups(PYTHON), [11, 1]);
        assert_eq!(groups(JAVA), [1, 5, 1]);
        assert_eq!(groups(RUST), [6, 1]);
        assert_eq!(groups(GO), [7, 1]);
        assert_eq!(groups(DART), [4, 1]);
        assert_eq!(groups(NODE), [3, 1]);
        assert_eq!(
            groups("ERROR failed\njava.io.IOException: x\n\tat a.b(C.java:1)"),
            [1, 2]
        );
    }

    #[test]
    fn ordinary_lines_stay_apart() {
        assert_eq!(groups("usage:\n  a\n  b\nat 5 pm\n12: x\n#1"), [1; 6]);
        assert_eq!(groups("ErrorCount: 7\n  detail"), [1, 1]);
    }

    #[test]
    fn a_key_in_pem_is_one_group() {
        assert_eq!(
            groups("-----BEGIN X KEY-----\nabc\ndef\n-----END X KEY-----\nafter"),
            [4, 1]
        );
    }

    #[test]
    fn the_error_is_the_line_that_names_it() {
        assert_eq!(error(&PYTHON.replace("\nnext line", "")), "ValueError: no");
        assert_eq!(
            error(
                JAVA.trim_start_matches("before\n")
                    .trim_end_matches("\nafter")
            ),
            "java.lang.IllegalStateException: no"
        );
        assert_eq!(
            error(RUST.trim_end_matches("\nafter")),
            "index out of bounds"
        );
        assert_eq!(error(DART), "Bad state: no");
        assert_eq!(error(NODE), "TypeError: x is undefined");
        assert_eq!(error(GO), "panic: no");
    }
}
