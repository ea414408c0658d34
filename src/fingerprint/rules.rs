//! One test per rule, numbered as in the module's documentation. The corpus
//! in `fixtures/stacktraces` holds whole traces; here is the least that shows
//! each rule.

use super::corpus::of_parts;
use super::{Basis, Fingerprint};

fn of(error: &str, stack: &str) -> Fingerprint {
    of_parts(Some(error), Some(stack), None, "app", "it failed")
}

#[track_caller]
fn same(one: &Fingerprint, other: &Fingerprint) {
    assert_eq!(one.hash, other.hash, "{one:?}\n{other:?}");
}

#[track_caller]
fn differ(one: &Fingerprint, other: &Fingerprint) {
    assert_ne!(one.hash, other.hash, "{one:?}\n{other:?}");
}

/// Asserts that each two stacks of a list are one.
#[track_caller]
fn all_same(stacks: &[&str]) {
    for stack in stacks {
        let fingerprint = of("E1: x", stack);
        assert_eq!(fingerprint.basis, Basis::Stack, "{stack}");
        same(&of("E1: x", stacks[0]), &fingerprint);
    }
}

/// Asserts that no two stacks of a list are one.
#[track_caller]
fn all_differ(stacks: &[&str]) {
    for (at, stack) in stacks.iter().enumerate() {
        for other in &stacks[..at] {
            differ(&of("E1: x", stack), &of("E1: x", other));
        }
    }
}

const FRAME: &str = "#0      Cart.total (package:shop/cart.dart:40:12)";

#[test]
fn rule_01_the_type_counts_and_the_message_does_not() {
    same(
        &of("StateError: id 7", FRAME),
        &of("StateError: port 4711", FRAME),
    );
    differ(
        &of("StateError: id 7", FRAME),
        &of("RangeError: id 7", FRAME),
    );
}

#[test]
fn rule_02_the_type_ends_at_its_separator() {
    let type_of = |error: &str| of(error, FRAME).exception_type;
    assert_eq!(
        type_of("TimeoutException after 0:00:30.000000: x"),
        "TimeoutException"
    );
    assert_eq!(type_of("SqliteException(14): x"), "SqliteException");
    assert_eq!(
        type_of("DioException [connection timeout]: x"),
        "DioException"
    );
    assert_eq!(
        type_of("java.lang.NullPointerException"),
        "java.lang.NullPointerException"
    );
    assert_eq!(type_of("Bad state"), "Bad state");
}

#[test]
fn rule_03_exactly_three_frames_count() {
    let frames = |names: &[&str]| -> String {
        let line = |(at, name)| format!("#{at}      {name} (package:shop/a.dart:1:2)\n");
        names.iter().enumerate().map(line).collect()
    };
    let three = frames(&["a", "b", "c"]);
    all_same(&[
        &three,
        &frames(&["a", "b", "c", "d"]),
        &frames(&["a", "b", "c", "e", "d"]),
    ]);
    all_differ(&[
        &three,
        &frames(&["a", "b"]),
        &frames(&["a"]),
        &frames(&["x", "b", "c"]),
        &frames(&["a", "x", "c"]),
        &frames(&["a", "b", "x"]),
        &frames(&["c", "b", "a"]),
    ]);
}

#[test]
fn rule_04_the_innermost_frames_count() {
    let python = |names: &[&str]| -> String {
        let line = |name: &&str| format!("  File \"a.py\", line 1, in {name}\n    x()\n");
        format!(
            "Traceback (most recent call last):\n{}E1: x\n",
            names.iter().map(line).collect::<String>()
        )
    };
    all_same(&[
        &python(&["a", "b", "c"]),
        &python(&["main", "a", "b", "c"]),
        &python(&["x", "y", "a", "b", "c"]),
    ]);
    all_differ(&[&python(&["a", "b", "c"]), &python(&["a", "b", "c", "main"])]);
    assert_eq!(
        of("E1: x", &python(&["a", "b", "c"])).frames[0].function,
        "c"
    );
}

#[test]
fn rule_05_lines_and_columns_do_not_count() {
    all_same(&[
        FRAME,
        "#0      Cart.total (package:shop/cart.dart:9:1)",
        "#0      Cart.total (package:shop/cart.dart:9)",
    ]);
    all_same(&["at a.B.c(B.java:1)", "at a.B.c(B.java:99)"]);
    all_same(&["at f (a.js:1:2)", "at f (a.js:33:4)"]);
    all_same(&["main.f()\n\t/a.go:1 +0x1", "main.f()\n\t/a.go:12 +0x1"]);
    all_same(&["0: a::f\n  at ./a.rs:1:2", "0: a::f\n  at ./a.rs:12:1"]);
    all_same(&["at A.F() in /a.cs:line 1", "at A.F() in /a.cs:line 12"]);
    all_same(&[
        "0  A  0x00001000 f() + 1 (a.swift:1)",
        "0  A  0x00001000 f() + 1 (a.swift:9)",
    ]);
    all_differ(&[
        FRAME,
        "#0      Cart.total (package:shop/basket.dart:40:12)",
        "#0      Cart.count (package:shop/cart.dart:40:12)",
    ]);
}

#[test]
fn rule_06_folders_do_not_count() {
    all_same(&[
        "at f (/home/ann/a.js:1:2)",
        "at f (C:\\Users\\ann\\a.js:1:2)",
        "at f (https://cdn.example.org/x/a.js?v=3:1:2)",
        "at f (https://cdn.example.org/x/a.js?v=3#top:1:2)",
        "at f (webpack:///./src/a.js:1:2)",
        "at f (app:///a.js:1:2)",
    ]);
    all_same(&[
        "  File \"/usr/lib/python3/site-packages/shop/a.py\", line 1, in f",
        "  File \"C:\\Program Files\\shop\\a.py\", line 1, in f",
        "  File \"a.py\", line 1, in f",
    ]);
    all_same(&[
        "at /home/my dir/a.js:1:2",
        "at C:\\Program Files\\a.js:1:2",
        "at async file:///srv/a.js:1:2",
    ]);
}

#[test]
fn rule_07_addresses_and_ids_do_not_count() {
    all_same(&[
        "goroutine 1 [running]:\nmain.(*T).f(0xc000010000, 0x5)\n\t/a.go:1 +0x1d",
        "goroutine 99 [chan receive, 2 minutes]:\nmain.(*T).f(...)\n\t/a.go:1",
        "goroutine 7 [running]:\nmain.(*T).f({0xc000010000?, 0x5}, 0x0)\n\t/a.go:1 +0xffff",
    ]);
    all_same(&[
        "0: a::f::h0123456789abcdef",
        "7: a::f",
        "3:     0x55d0c0ffee00 - a::f::hfedcba9876543210",
    ]);
    all_same(&[
        "0  A  0x00001000 f() + 1",
        "0  A  0x000000010abcdef0 f() + 999",
    ]);
    all_same(&[
        "0: std::a\n  at /rustc/0123456789abcdef0123456789abcdef01234567/library/std/src/a.rs:1:2",
        "0: std::a\n  at /rustc/9999999999999999999999999999999999999999/library/std/src/a.rs:1:2",
    ]);
    all_same(&[
        "at wasm://wasm/0012abcd:wasm-function[12]:0x345",
        "at <anonymous> (wasm://wasm/00ff00aa:wasm-function[99]:0x999)",
    ]);
}

#[test]
fn rule_08_offsets_that_are_a_frames_only_identity_count() {
    let aot = |pid: u32, abs: &str, offset: &str| {
        format!(
            "pid: {pid}, tid: {pid}, name 1.ui\nbuild_id: '{abs}'\n    \
             #00 abs {abs} virt 00000000005a1b23 _kDartIsolateSnapshotInstructions+{offset}\n"
        )
    };
    all_same(&[
        &aot(1, "0000007a1c5a1b23", "0x4edb23"),
        &aot(9, "0000006b005a1b23", "0x4edb23"),
    ]);
    all_differ(&[
        &aot(1, "0000007a1c5a1b23", "0x4edb23"),
        &aot(1, "0000007a1c5a1b23", "0x4edb24"),
    ]);
    assert!(!of("E1: x", &aot(1, "0000007a1c5a1b23", "0x4edb23")).symbolicated);
}

#[test]
fn rule_09_lines_that_are_no_frames_do_not_count() {
    all_same(&[
        "#0      a (package:shop/a.dart:1:2)\n#1      b (package:shop/a.dart:1:2)",
        "E1: x\n#0      a (package:shop/a.dart:1:2)\n<asynchronous suspension>\n\n#1      b (package:shop/a.dart:1:2)\n(elided 3 frames)",
        "Unhandled exception:\n#0      a (package:shop/a.dart:1:2)\n===== asynchronous gap ===========================\n#1      b (package:shop/a.dart:1:2)",
    ]);
    all_same(&[
        "at a.B.c(B.java:1)",
        "E1: x\n\tat a.B.c(B.java:1)\n\t... 38 more",
    ]);
    all_same(&[
        "at A.F()",
        "at A.F()\n--- End of stack trace from previous location ---\n",
    ]);
    all_same(&[
        "main.f()\n\t/a.go:1",
        "main.f()\n\t/a.go:1\ncreated by main.g in goroutine 1\n\t/b.go:2 +0x1",
    ]);
}

#[test]
fn rule_10_transports_do_not_count() {
    all_same(&[
        FRAME,
        &format!("   {FRAME}\r\n"),
        &format!("\u{1b}[31m{FRAME}\u{1b}[0m"),
        &format!("flutter: {FRAME}"),
        &format!("I/flutter ( 4711): {FRAME}"),
        &format!("02-06 12:00:00.123  4711  4750 I flutter : {FRAME}"),
        &format!("2026-02-06T12:00:00.123456789Z stdout F {FRAME}"),
        &format!("Feb  6 12:00:00 host shop[4711]: {FRAME}"),
    ]);
}

#[test]
fn rule_11_both_names_of_a_closure_are_one() {
    all_same(&[
        "#0      a.<anonymous closure>.<anonymous closure> (package:shop/a.dart:1:2)",
        "#0      a.<fn>.<fn> (package:shop/a.dart:1:2)",
        "package:shop/a.dart 1:2  a.<fn>.<fn>",
    ]);
}

#[test]
fn rule_12_generated_names_count_without_their_ids() {
    for (one, other) in [
        (
            "a.B$$EnhancerBySpringCGLIB$$1a2b3c4d.f(<generated>)",
            "a.B$$EnhancerBySpringCGLIB$$ffeeddcc.f(<generated>)",
        ),
        (
            "a.B$$FastClassBySpringCGLIB$$1a2b.invoke(<generated>)",
            "a.B$$FastClassBySpringCGLIB$$abc.invoke(<generated>)",
        ),
        (
            "a.B$$SpringCGLIB$$0.f(<generated>)",
            "a.B$$SpringCGLIB$$1.f(<generated>)",
        ),
        (
            "sun.reflect.GeneratedMethodAccessor1.invoke(Unknown Source)",
            "sun.reflect.GeneratedMethodAccessor22.invoke(Unknown Source)",
        ),
        (
            "a.B$$Lambda$14/0x0000000800c03000.run(Unknown Source)",
            "a.B$$Lambda$302/1523457748.run(Unknown Source)",
        ),
        (
            "a.B$$Lambda/0x00007f00dc001000.run(Unknown Source)",
            "a.B$$Lambda$14/0x0000000800c03000.run(Unknown Source)",
        ),
        (
            "com.sun.proxy.$Proxy12.f(Unknown Source)",
            "com.sun.proxy.$Proxy7.f(Unknown Source)",
        ),
    ] {
        all_same(&[&format!("\tat {one}"), &format!("\tat {other}")]);
    }
    all_differ(&[
        "at a.B$$EnhancerBySpringCGLIB$$1a2b3c4d.f(<generated>)",
        "at a.C$$EnhancerBySpringCGLIB$$1a2b3c4d.f(<generated>)",
    ]);
}

#[test]
fn rule_13_closures_count_without_their_numbers() {
    all_same(&["at a.B.lambda$f$3(B.java:1)", "at a.B.lambda$f$0(B.java:1)"]);
    all_same(&["main.f.func2()\n\t/a.go:1", "main.f.func1.3()\n\t/a.go:1"]);
    all_same(&[
        "at A.<F>d__12.MoveNext()",
        "at A.<F>d__3.MoveNext()",
        "at A.F()",
    ]);
    all_same(&[
        "at A.<>c__DisplayClass1_0.<F>b__2()",
        "at A.<>c.<F>b__0_1()",
    ]);
    all_same(&["0: a::f::{closure#2}", "0: a::f::{{closure}}"]);
    all_same(&[
        "0  A  0x00001000 closure #1 in f() + 1",
        "0  A  0x00001000 closure #2 in f() + 1",
    ]);
    all_same(&[
        "#0      _A@418042017.f (package:shop/a.dart:1:2)",
        "#0      _A.f (package:shop/a.dart:1:2)",
    ]);
}

#[test]
fn rule_14_bundles_count_without_the_hash_of_their_content() {
    all_same(&[
        "at f (https://a.example.org/main.js:1:2)",
        "at f (https://a.example.org/main.4f3a9c1b.js:1:2)",
        "at f (https://a.example.org/main-0a1b2c3d4e5f6a7b8c9d.js:1:2)",
        "at f (https://a.example.org/main-DkX3fa9b.js:1:2)",
    ]);
    all_same(&[
        "at f (a/12.4f3a9c1b.chunk.js:1:2)",
        "at f (b/12.00ffee11.chunk.js:1:2)",
    ]);
    all_differ(&[
        "at f (a/cart-settings.js:1:2)",
        "at f (a/cart-checkout.js:1:2)",
        "at f (a/cart.js:1:2)",
    ]);
}

#[test]
fn rule_15_notations_of_one_runtime_are_read_alike() {
    all_same(&[
        "at f (https://a.example.org/a.js:1:2)\nat https://a.example.org/a.js:3:4\nat new Cart (https://a.example.org/a.js:5:6)",
        "f@https://a.example.org/a.js:1:2\n@https://a.example.org/a.js:3:4\nCart@https://a.example.org/a.js:5:6",
        "f@https://a.example.org/a.js:1:2\nglobal code@https://a.example.org/a.js:3:4\nCart@https://a.example.org/a.js:5:6",
        "f@https://a.example.org/a.js:1:2\ng/<@https://a.example.org/a.js:3:4\nasync*Cart@https://a.example.org/a.js:5:6",
    ]);
}

#[test]
fn rule_16_machinery_alone_does_not_merge_bugs() {
    let rust = |name: &str| {
        format!(
            "0: rust_begin_unwind\n1: core::panicking::panic_fmt\n2: core::panicking::panic\n3: shop::{name}\n4: shop::main\n"
        )
    };
    all_differ(&[&rust("load"), &rust("save")]);
    // With one frame of the app among the three nothing below counts.
    let panic = "0: rust_begin_unwind\n1: core::panicking::panic_fmt\n2: shop::load\n";
    all_same(&[
        &format!("{panic}3: shop::a\n"),
        &format!("{panic}3: shop::b\n4: std::panicking::try\n"),
    ]);
}

#[test]
fn rule_17_the_exception_that_the_error_names_counts() {
    let chained = "A1: x\n\tat a.B.outer(B.java:1)\nCaused by: B2: y\n\tat a.B.inner(B.java:1)\n";
    assert_eq!(of("A1: x", chained).frames[0].function, "a.B.outer");
    assert_eq!(of("B2: y", chained).frames[0].function, "a.B.inner");
    assert_eq!(of("C3: z", chained).frames[0].function, "a.B.outer");
}

#[test]
fn rule_18_without_a_stack_the_type_counts() {
    let typed = of_parts(Some("StateError: no 1"), None, None, "a", "x");
    assert_eq!(
        (typed.basis, typed.exception_type.as_str()),
        (Basis::Type, "StateError")
    );
    same(
        &typed,
        &of_parts(Some("StateError: no 2"), Some("  \n"), None, "b", "y"),
    );

    let told = of_parts(None, None, None, "http", "GET /a/1 took 12 ms");
    assert_eq!(told.basis, Basis::Message);
    same(
        &told,
        &of_parts(Some("null"), None, None, "http", "GET /a/2 took 7 ms"),
    );
    differ(
        &told,
        &of_parts(None, None, None, "auth", "GET /a/1 took 12 ms"),
    );
    differ(
        &told,
        &of_parts(None, None, None, "http", "PUT /a/1 took 12 ms"),
    );
}
