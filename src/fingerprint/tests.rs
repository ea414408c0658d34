//! What holds for fingerprints as a whole, over the corpus of stack traces.

use std::collections::HashMap;

use proptest::prelude::*;

use super::corpus::{self, Bug, Sighting, of_parts};
use super::{Basis, VERSION};

#[test]
fn sightings_of_one_bug_share_a_fingerprint() {
    let mut failures = Vec::new();
    for bug in corpus::read() {
        let first = bug.sightings[0].fingerprint();
        for sighting in &bug.sightings {
            let fingerprint = sighting.fingerprint();
            if fingerprint.hash != first.hash {
                failures.push(format!(
                    "{}\n  {fingerprint:?}\n  {first:?}",
                    sighting.title
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn different_bugs_have_different_fingerprints() {
    let mut seen: HashMap<String, String> = HashMap::new();
    for Bug { file, sightings } in corpus::read() {
        let fingerprint = sightings[0].fingerprint();
        assert_eq!(fingerprint.basis, Basis::Stack, "{file}");
        if let Some(other) = seen.insert(fingerprint.hash.clone(), file.clone()) {
            panic!("{file} and {other} share {fingerprint:?}");
        }
    }
}

/// Puts around a line what a transport does.
type Carry = fn(&str) -> String;

/// What a line of a trace may look like behind each transport.
const TRANSPORTS: [(&str, Carry); 15] = [
    ("carriage returns", |line| format!("{line}\r")),
    ("indentation", |line| format!("      {line}   ")),
    ("tabs", |line| format!("\t\t{line}")),
    ("colours", |line| format!("\u{1b}[31m{line}\u{1b}[0m")),
    ("coloured words", |line| {
        line.replace(' ', "\u{1b}[1;31m \u{1b}[39m")
    }),
    ("flutter", |line| format!("flutter: {line}")),
    ("logcat brief", |line| format!("I/flutter ( 4711): {line}")),
    ("logcat's tag alone", |line| format!("I flutter : {line}")),
    ("logcat threadtime", |line| {
        format!("02-06 12:00:00.123  4711  4750 E AndroidRuntime: {line}")
    }),
    ("docker", |line| {
        format!("2026-02-06T12:00:00.123456789Z {line}")
    }),
    ("docker compose", |line| format!("shop-1  | {line}")),
    ("journald", |line| {
        format!("Feb  6 12:00:00 host shop[4711]: {line}")
    }),
    ("container runtime", |line| {
        format!("2026-02-06T12:00:00.123456789Z stderr F {line}")
    }),
    ("python logging", |line| {
        format!("2026-02-06 12:00:00,123 ERROR shop.cart: {line}")
    }),
    ("python cookbook", |line| {
        format!("2026-02-06 12:00:00,123 - shop - ERROR - {line}")
    }),
];

#[test]
fn what_carried_a_trace_does_not_count() {
    let mut failures = Vec::new();
    for bug in corpus::read() {
        for sighting in &bug.sightings {
            let Some(stack) = &sighting.stack else {
                continue;
            };
            let plain = sighting.fingerprint();
            for (transport, carry) in TRANSPORTS {
                let carried = Sighting {
                    title: String::new(),
                    error: sighting.error.clone(),
                    failure: sighting.failure.clone(),
                    stack: Some(stack.lines().map(carry).collect::<Vec<_>>().join("\n")),
                };
                let carried = carried.fingerprint();
                if carried.hash != plain.hash {
                    failures.push(format!(
                        "{}, {transport}\n  {carried:?}\n  {plain:?}",
                        sighting.title
                    ));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_message_of_a_typed_error_does_not_count() {
    for bug in corpus::read() {
        for sighting in &bug.sightings {
            let Some(error) = &sighting.error else {
                continue;
            };
            let fingerprint = sighting.fingerprint();
            if !error.starts_with(&format!("{}: ", fingerprint.exception_type)) {
                continue;
            }
            let other = format!(
                "{}: 0x1f (at port 4711) [x] ünlike",
                fingerprint.exception_type
            );
            let other = of_parts(
                Some(&other),
                sighting.stack.as_deref(),
                None,
                "other",
                "other",
            );
            assert_eq!(other.hash, fingerprint.hash, "{}", sighting.title);
        }
    }
}

#[test]
fn obfuscated_names_are_told() {
    for bug in corpus::read() {
        let is_obfuscated = ["aot", "minified", "shrunk", "unsymbolicated", "tombstone"]
            .iter()
            .any(|word| bug.file.contains(word));
        for sighting in &bug.sightings {
            assert_eq!(
                sighting.fingerprint().symbolicated,
                !is_obfuscated,
                "{}",
                sighting.title
            );
        }
    }
}

#[test]
fn the_hash_is_of_the_documented_text() {
    // sha256sum of "soliplex-fingerprint v1\nstack\nStateError\nCart.total\tcart.dart\n".
    let fingerprint = of_parts(
        Some("StateError: no"),
        Some("#0      Cart.total (package:shop/cart.dart:1:2)"),
        None,
        "",
        "",
    );
    assert_eq!(fingerprint.version, VERSION);
    assert_eq!(
        fingerprint.hash,
        "39518138982e783b279530fdaa126144b311bdbbeb2ca461d12c13bcce358426"
    );
}

#[test]
fn huge_and_hostile_texts_are_taken_in_linear_time() {
    // Quadratic work on these would take minutes.
    for piece in [
        "(",
        ")",
        "<",
        "a ---> ",
        "{",
        "::",
        "\u{1b}[",
        "closure #1 in ",
        "at (",
        "#0 a (",
        "[",
        "@",
        "/",
        "  ",
        ": ",
        "::<",
        "__",
        "$",
        "\u{1b}]",
        " in ",
        "a {",
    ] {
        let line = piece.repeat(12_000 / piece.len());
        let lines = format!("{piece}\n").repeat(1_500);
        for text in [
            &line,
            &lines,
            &format!("at a.{line}(b.js:1:2)"),
            &format!("0: a::{line}"),
            &format!("#0 {line} (a.dart:1)"),
        ] {
            of_parts(Some(text), Some(text), Some(text), "", text);
        }
    }
}

/// What the parsers look for.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "\n", "\t", " ", "  ", "\u{e9}", "\u{1b}[", "\u{1b}]", "a", "h0123456789abcdef", "0x0000", "1", "12", ":", "::", ":1",
    ".", "..", "...", ",", "-", "~", "_", "__", "$", "$$", "/", "\\", "(", ")", "<", ">", "[", "]", "{", "}", "#", "@", "|",
    "+", "*", "\"", "'", "`", " (", " [", " {", " in ", " at ", " as ", " after ", " + 1", " +0x1", " line 1 > eval",
    "at ", "#0 ", "0: ", "0  A  ", "File \"", "\", line 1", "abs ", "virt ", "pc ", "frame #0: ", "Thread 1 Crashed:",
    "goroutine 1 [x]:", "---> ", "--- End of inner exception", "Caused by: ", "stack backtrace:", "eval at ",
    "), <anonymous>", "<anonymous>", "<anonymous closure>", "native", "wasm://wasm/", ":wasm-function[", "address at ",
    "closure #", "(1) await resume partial function for ", "lambda_method", "<>c", ">d__1", ".MoveNext", "func1", "init",
    "glob", "-range1", "-fm", "/vendor/", "$$Lambda", "-$$Lambda$", "CGLIB$$", "proxy1", "$ByteBuddy$", ".java", ".go",
    ".js", ".min.js", ".dart", ".swift:", "type '", "' is not a subtype of ", "Instance of '", "minified:", "panic: ",
    "panicked at ", "Error", "Error Domain=", "Uncaught ", "(node:", "Thread ", "The following ", " was thrown",
    "Exception in thread \"", "\" ", "Traceback (most recent call last):", "(most recent call first)", "+-+", "flutter: ",
    "I/", "2026-02-06T12:00:00", "02-06 12:00:00", "Feb  6 12:00:00 ", "stdout F ", "ERROR ", "ERROR:", " - ", "- ",
];

proptest! {
    #[test]
    fn no_text_panics(error in ".{0,80}", stack in "(?s).{0,400}") {
        of_parts(Some(&error), Some(&stack), Some(&error), &error, &stack);
    }

    #[test]
    fn no_mix_of_what_traces_are_made_of_panics(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..30)) {
        let text = pieces.concat();
        of_parts(Some(&text), Some(&text), Some(&text), "", &text);
        of_parts(None, Some(&text), None, "", "");
        for frame in ["at a", "at a (", "#0 a", "0: a::", "0  A  0x00001000 ", "main.", "f@/"] {
            of_parts(None, Some(&format!("{frame}{text}.js:1:2)\n\t/a.go:1")), None, "", "");
        }
    }

    #[test]
    fn no_cut_or_splice_of_a_trace_panics(pick in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), insert in ".{0,3}") {
        let bugs = corpus::read();
        let bug = &bugs[pick.index(bugs.len())];
        for sighting in &bug.sightings {
            let Some(stack) = &sighting.stack else { continue };
            let cut = stack.floor_char_boundary(at.index(stack.len()));
            of_parts(Some(&stack[cut..]), Some(&stack[..cut]), None, "", "");
            of_parts(None, Some(&format!("{}{insert}{}", &stack[..cut], &stack[cut..])), None, "", "");
        }
    }
}
