//! The server against what others say an interface must keep, by the script
//! `tests/conformance`, whose head says how to install what it takes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn every_answer_is_one_that_the_interface_tells_and_a_collector_takes_all() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(python) = python(root) else {
        // Not captured, as what is printed with a macro would be.
        let why = "there is no Python with schemathesis (pip install schemathesis opentelemetry-proto rotel)";
        let _ = writeln!(std::io::stderr(), "skipped conformance: {why}");
        return;
    };
    let output = Command::new(python)
        .arg(root.join("tests/conformance"))
        .args([env!("CARGO_BIN_EXE_soliplex"), "20"])
        .output()
        .expect("Python runs");
    let told =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{}", told.concat());
}

/// A Python that has Schemathesis: the one that the script's head tells how to
/// set up, or the system's.
fn python(root: &Path) -> Option<PathBuf> {
    let own = root.join("target/conformance/bin/python");
    [own, PathBuf::from("python3")].into_iter().find(|python| {
        Command::new(python)
            .args(["-c", "import schemathesis"])
            .output()
            .is_ok_and(|ran| ran.status.success())
    })
}
