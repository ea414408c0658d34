//! The type of an exception, from what the runtime or the call site wrote.

use std::borrow::Cow;

use super::headline::{Headline, headline, without_announcement};
use super::stack::text::split;
use super::{mask, stack, transport};

/// Texts of Dart's core errors, which print a phrase and not their type.
const PHRASES: [&str; 9] = [
    "Bad state",
    "Concurrent modification during iteration",
    "Invalid argument",
    "Null check operator used on a null value",
    "Out of Memory",
    "Script error.",
    "Stack Overflow",
    "Unexpected null value.",
    "Unsupported operation",
];

/// The exception's type; empty if nothing names one.
///
/// The error's text comes first. Where it begins with no type, the trace that
/// repeats it after its type is asked, then the call site, and then the
/// beginning of the text stands in for the type, masked. Without an error the
/// trace is asked for an exception, then the call site, and then what the
/// trace begins with stands in.
pub(super) fn of<'a>(
    error: Option<&'a str>,
    failure: Option<&'a str>,
    stack: Option<&'a str>,
) -> Cow<'a, str> {
    let from_failure = || {
        let name = failure.map(|text| lead(text.trim()).trim_start_matches('_'));
        name.filter(|name| !name.is_empty())
    };
    let Some(error) = error else {
        let headline = stack.map(headline).unwrap_or_default();
        let is_text = || !stack::is_frame(headline.text, headline.next);
        return exception_in(headline)
            .filter(|_| is_text())
            .or_else(from_failure)
            .or_else(|| stack.and_then(exception_before_frames))
            .map(Cow::Borrowed)
            .or_else(|| stand_in(headline).filter(|_| is_text()))
            .unwrap_or_default();
    };
    let Headline { text, next, .. } = headline(error);
    let lead = lead(text);
    if names_type(lead) || PHRASES.contains(&lead) || is_plugin_code(lead) {
        return Cow::Borrowed(lead);
    }
    if let Some(name) = stack
        .and_then(|stack| named_beside(stack, text))
        .or_else(from_failure)
    {
        return Cow::Borrowed(name);
    }
    if stack::is_frame(text, next) {
        return Cow::default();
    }
    masked(lead, text)
}

/// The type at the start of a line, by the separators that follow types.
pub(super) fn lead(line: &str) -> &str {
    let line = without_location(line);
    if let Some(name) = well_known(line) {
        return name;
    }
    let bytes = line.as_bytes();
    let mut end = line.len();
    let mut at = 0;
    let mut braced = false;
    while at < bytes.len() {
        let is_separator = match bytes[at] {
            b':' if bytes.get(at + 1) == Some(&b':') => {
                at += 2;
                continue;
            }
            b':' | b'(' => true,
            b' ' => line[at..].starts_with(" [") || line[at..].starts_with(" after "),
            // The fields of a value that was printed for debugging; only the
            // first brace can follow its name.
            b'{' if !braced => {
                braced = true;
                is_name(line[..at].trim_end())
            }
            _ => false,
        };
        if is_separator {
            end = at;
            break;
        }
        at += 1;
    }
    let lead = line[..end].trim();
    if lead.is_empty() { line } else { lead }
}

/// The type that a line begins with, such as `ValueError: no` has; empty if it
/// begins with none.
pub(super) fn name_in(line: &str) -> &str {
    let (line, _) = without_announcement(line);
    let name = lead(line);
    let is_start = line
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(':') || rest.starts_with(" ["));
    if is_start && names_type(name) {
        name
    } else {
        ""
    }
}

/// Whether a type's name is a compiler's short stand-in for it.
pub(super) fn is_minified(name: &str) -> bool {
    name.starts_with("minified:") || (!name.is_empty() && name.len() <= 2)
}

/// Texts whose type does not stand at their beginning.
fn well_known(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix("Instance of '") {
        return rest.split('\'').next();
    }
    if let Some(rest) = line.strip_prefix("minified:") {
        let len = rest.find([':', ' ', '(']).unwrap_or(rest.len());
        return Some(&line[..line.len() - rest.len() + len]);
    }
    // Dart prints a failed cast and a failed assertion without their types.
    if line.starts_with("type '") && line.contains("' is not a subtype of ") {
        return Some("TypeError");
    }
    if line.starts_with("Assertion failed")
        || (line.starts_with('\'') && line.contains("Failed assertion:"))
    {
        return Some("AssertionError");
    }
    if let Some(rest) = line.strip_prefix("Error Domain=") {
        return rest.split(' ').next();
    }
    if let Some(rest) = line.strip_prefix("*** Terminating app due to uncaught exception '") {
        return rest.split('\'').next();
    }
    if let Some(rest) = line.strip_prefix('[') {
        let (inside, _) = rest.split_once(']')?;
        if is_plugin_code(&line[..inside.len() + 2]) {
            return Some(&line[..inside.len() + 2]);
        }
        // Node prints an error that has no stack in brackets.
        let name = inside.split(':').next()?;
        return names_type(name).then_some(name);
    }
    None
}

/// `[firebase_auth/user-not-found]`, which Firebase's plugins print for a type.
fn is_plugin_code(text: &str) -> bool {
    text.strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .and_then(|text| text.split_once('/'))
        .is_some_and(|(plugin, code)| is_code(plugin) && is_code(code))
}

fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// The line without the `File.swift:12: ` that Swift writes before an error.
fn without_location(line: &str) -> &str {
    let Some((path, rest)) = split(line, ".swift:") else {
        return line;
    };
    let Some((number, rest)) = rest.split_once(": ") else {
        return line;
    };
    let is_location =
        !path.contains(' ') && number.bytes().all(|b| b.is_ascii_digit() || b == b':');
    if is_location { rest } else { line }
}

/// Whether a word is written like a type: `TypeError`, `java.lang.Error`,
/// `std::io::Error`, `Foo<Bar>`, `requests.exceptions.Timeout`.
pub(super) fn names_type(word: &str) -> bool {
    if !is_name(word) {
        return false;
    }
    let plain = word.split(['<', '`', '[']).next().unwrap_or(word);
    let last = plain.rsplit(['.', ':']).next().unwrap_or(plain);
    let last = last.trim_start_matches(['_', '*', '&']);
    (last.len() > 2 && last.starts_with(|c: char| c.is_uppercase()))
        || word.starts_with("minified:")
        || last.ends_with("error") && last.len() > 5
        || last.ends_with("Error")
        || last.ends_with("Exception")
}

/// Whether a word can be a type's name at all.
fn is_name(word: &str) -> bool {
    let mut depth = 0_u32;
    !word.is_empty()
        && word.chars().all(|c| {
            match c {
                '<' | '[' => depth += 1,
                '>' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c.is_alphanumeric()
                || matches!(
                    c,
                    '_' | '.'
                        | '$'
                        | ':'
                        | '<'
                        | '>'
                        | ','
                        | '`'
                        | '+'
                        | '*'
                        | '&'
                        | '['
                        | ']'
                        | '-'
                )
                || (c == ' ' && depth > 0)
        })
}

/// A beginning that is no type, with what varies in it masked.
fn masked<'a>(lead: &'a str, headline: &str) -> Cow<'a, str> {
    // Without a space it is a name in some notation, and digits belong to it.
    if lead.contains(' ') || lead == headline {
        let masked = mask::message(lead);
        if masked != lead {
            return Cow::Owned(masked);
        }
    }
    Cow::Borrowed(lead)
}

/// The exception that a trace itself begins with. A word that may be any is
/// none, nor is a signal, nor the `Error` that JavaScript prints where one was
/// only made to record the stack.
fn exception_in(headline: Headline<'_>) -> Option<&str> {
    let name = lead(headline.text);
    let is_exception = headline.announced
        || name.ends_with("Error")
        || name.ends_with("Exception")
        || name.contains(['.', ':']);
    let is_certain = PHRASES.contains(&name) || (names_type(name) && is_exception);
    (is_certain && headline.text != "Error").then_some(name)
}

/// How many lines before the frames are searched for an exception.
const MAX_LINES_BEFORE: usize = 16;

/// The exception that is named between other text and the frames, such as what
/// was logged or the source around the place.
fn exception_before_frames(stack: &str) -> Option<&str> {
    let is_traceback = |line: &str| line.starts_with("Traceback (most recent call");
    let mut rest = stack;
    for _ in 0..MAX_LINES_BEFORE {
        let (line, after) = rest.split_once('\n')?;
        let line = transport::strip(line);
        if is_traceback(line) {
            return exception_in(headline(rest));
        }
        let name = name_in(line);
        if name.ends_with("Error") || name.ends_with("Exception") {
            return Some(name);
        }
        if stack::is_frame(line, transport::strip(after.lines().next()?)) {
            return None;
        }
        rest = after;
    }
    None
}

/// What stands in for the type where only the beginning of a trace is left.
fn stand_in(headline: Headline<'_>) -> Option<Cow<'_, str>> {
    let lead = lead(headline.text);
    if names_type(lead) || lead == "panic" || lead == "Fatal error" {
        return Some(Cow::Borrowed(lead));
    }
    (headline.announced && !lead.is_empty()).then(|| masked(lead, headline.text))
}

/// The type that a trace writes before the very text of the error.
fn named_beside<'a>(stack: &'a str, headline_of_error: &str) -> Option<&'a str> {
    let headline = headline(stack).text;
    let name = lead(headline);
    let message = headline.strip_prefix(name)?.strip_prefix(": ")?;
    (names_type(name) && message == headline_of_error).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::of;

    fn type_of(error: &str) -> String {
        of(Some(error), None, None).into_owned()
    }

    #[test]
    fn the_type_ends_at_the_first_separator() {
        for (error, name) in [
            (
                "FormatException: Unexpected character (at character 1)",
                "FormatException",
            ),
            (
                "TimeoutException after 0:00:30.000000: Future not completed",
                "TimeoutException",
            ),
            (
                "SqliteException(14): while opening the database",
                "SqliteException",
            ),
            (
                "DioException [connection timeout]: The request took longer",
                "DioException",
            ),
            ("Bad state: No element", "Bad state"),
            (
                "java.lang.NullPointerException",
                "java.lang.NullPointerException",
            ),
            (
                "java.lang.IllegalStateException: bad 12",
                "java.lang.IllegalStateException",
            ),
            (
                "RangeError (index): Invalid value: Not in range 0..2: 5",
                "RangeError",
            ),
            ("Invalid argument(s): x", "Invalid argument"),
            ("KeyError('user_12')", "KeyError"),
            (
                "PlatformException(sign_in_failed, com.example.ApiException: 10: , null, null)",
                "PlatformException",
            ),
            ("std::io::Error: not found", "std::io::Error"),
            ("ParseIntError { kind: InvalidDigit }", "ParseIntError"),
            ("Error [ERR_HTTP_HEADERS_SENT]: Cannot set headers", "Error"),
            (
                "System.Collections.Generic.KeyNotFoundException: x",
                "System.Collections.Generic.KeyNotFoundException",
            ),
            (
                "MyApp.ApiException`1[System.String]: x",
                "MyApp.ApiException`1[System.String]",
            ),
            ("Exception", "Exception"),
            (
                "runtime error: index out of range [5] with length 3",
                "runtime error",
            ),
        ] {
            assert_eq!(type_of(error), name, "{error}");
        }
    }

    #[test]
    fn texts_without_a_type_prefix_have_a_stable_type() {
        for (error, name) in [
            (
                "type 'Null' is not a subtype of type 'String' in type cast",
                "TypeError",
            ),
            (
                "type 'Null' is not a subtype of type 'Map<String, dynamic>'",
                "TypeError",
            ),
            (
                "'package:app/x.dart': Failed assertion: line 12 pos 5: 'x != null': is not true.",
                "AssertionError",
            ),
            ("Assertion failed: \"no\"", "AssertionError"),
            ("Instance of 'ApiException'", "ApiException"),
            ("Instance of 'minified:aB'", "minified:aB"),
            ("minified:aB: no", "minified:aB"),
            (
                "Null check operator used on a null value",
                "Null check operator used on a null value",
            ),
            (
                "[firebase_auth/user-not-found] There is no user: x",
                "[firebase_auth/user-not-found]",
            ),
            (
                "Error Domain=NSURLErrorDomain Code=-1009 \"offline\" UserInfo={a=(b)}",
                "NSURLErrorDomain",
            ),
            (
                "App/Cart.swift:12: Fatal error: Index out of range",
                "Fatal error",
            ),
            ("user 12 not found", "user <n> not found"),
            (
                "dial tcp 10.0.0.1:8080: connect: connection refused",
                "dial tcp <n>",
            ),
        ] {
            assert_eq!(type_of(error), name, "{error}");
        }
    }

    #[test]
    fn words_before_an_exception_are_no_part_of_it() {
        for (error, name) in [
            ("Uncaught (in promise) TypeError: x", "TypeError"),
            ("Error: Uncaught (in promise): TypeError: x", "TypeError"),
            (
                "Uncaught ReferenceError: x is not defined",
                "ReferenceError",
            ),
            (
                "Unhandled exception. System.InvalidOperationException: x",
                "System.InvalidOperationException",
            ),
            (
                "Exception in thread \"main\" java.lang.Error: x",
                "java.lang.Error",
            ),
            ("Unhandled exception:\nBad state: No element", "Bad state"),
            (
                "panic: runtime error: invalid memory address [recovered]",
                "runtime error",
            ),
            ("panic: something odd", "panic"),
            (
                "thread 'main' (12) panicked at src/main.rs:4:5:\nindex out of bounds: the len is 3",
                "index out of bounds",
            ),
            (
                "thread 'main' panicked at 'index out of bounds: the len is 3', src/main.rs:4:5",
                "index out of bounds",
            ),
            (
                "E/flutter ( 123): [ERROR:flutter/x.cc(41)] Unhandled Exception: SocketException: no",
                "SocketException",
            ),
            (
                "The following _TypeError was thrown building Cart(dirty):\ntype 'Null' is",
                "TypeError",
            ),
            (
                "Traceback (most recent call last):\n  File \"x.py\", line 1, in f\n    g()\nValueError: x",
                "ValueError",
            ),
        ] {
            assert_eq!(type_of(error), name, "{error}");
        }
    }

    #[test]
    fn the_call_site_names_what_the_text_does_not() {
        let failure = Some("NetworkFailure");
        assert_eq!(
            of(Some("Connection closed"), failure, None),
            "NetworkFailure"
        );
        assert_eq!(of(Some("aB: closed"), failure, None), "NetworkFailure");
        assert_eq!(
            of(Some("SocketException: closed"), failure, None),
            "SocketException"
        );
        assert_eq!(
            of(Some("Bad state: No element"), Some("StateError"), None),
            "Bad state"
        );
        assert_eq!(of(None, Some("_TypeError"), None), "TypeError");
    }

    #[test]
    fn a_trace_names_what_the_text_does_not() {
        let stack = Some("TypeError: x is null\n    at f (app.js:1:2)");
        assert_eq!(of(Some("x is null"), None, stack), "TypeError");
        assert_eq!(of(Some("y is null"), None, stack), "y is null");
        assert_eq!(of(None, None, stack), "TypeError");
        assert_eq!(
            of(None, None, Some("#0      f (package:app/x.dart:1:2)")),
            ""
        );
        assert_eq!(of(None, None, Some("    at Foo.bar (app.js:1:2)")), "");
    }

    #[test]
    fn a_trace_that_begins_with_no_exception_does_not_hide_the_call_sites_name() {
        for (stack, without) in [
            ("Warning: This VM has been configured to produce x\n", ""),
            ("*** *** *** ***\npid: 1, tid: 2, name 1.ui\n", ""),
            (
                "Unhandled exception:\n#0      f (package:app/x.dart:1:2)",
                "",
            ),
            ("app.Handler(0x1)\n\t/srv/app.go:1 +0x1", ""),
            (
                "Note: seen twice\n#0      f (package:app/x.dart:1:2)",
                "Note",
            ),
            ("Error\n    at f (main.dart.js:1:2)", "Error"),
            (
                "══╡ EXCEPTION CAUGHT BY X ╞══\nThe following message was thrown:\nno room",
                "no room",
            ),
            (
                "Process:             Shop [12]\nPath: /x\nException Type:  EXC_CRASH (SIGABRT)",
                "EXC_CRASH",
            ),
            (
                "*** *** ***\nBuild fingerprint: 'x'\nRevision: '0'\nsignal 11 (SIGSEGV), code 1",
                "SIGSEGV",
            ),
        ] {
            let failure = Some("NetworkFailure");
            assert_eq!(of(None, failure, Some(stack)), "NetworkFailure", "{stack}");
            assert_eq!(of(None, None, Some(stack)), without, "{stack}");
        }
        for stack in [
            "it failed: KeyError: 7\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nTypeError: x\n",
            "/srv/app.js:3\n  throw x\n  ^\n\nTypeError: x\n    at f (/srv/app.js:3:1)\n",
        ] {
            let failure = Some("NetworkFailure");
            assert_eq!(of(None, failure, Some(stack)), "NetworkFailure", "{stack}");
            assert_eq!(of(None, None, Some(stack)), "TypeError", "{stack}");
        }
        let stack = Some("at f (a.js:3:1)\nTypeError: x\nat f (a.js:3:1)");
        assert_eq!(of(None, None, stack), "");
        let stack = Some("FormatException: no\n#0      f (package:app/x.dart:1:2)");
        assert_eq!(of(None, Some("NetworkFailure"), stack), "FormatException");
    }
}
