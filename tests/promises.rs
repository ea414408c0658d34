//! Documents that name the test of each promise.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_test_that_is_named_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/reading.md")).unwrap();
    let names = text.split('`').skip(1).step_by(2);
    let names: Vec<_> = names
        .filter(|name| name.contains("::") && !name.contains('…'))
        .collect();
    assert!(names.len() > 50, "{names:?}");
    let missing: Vec<_> = names
        .into_iter()
        .filter(|name| !is_test(root, name))
        .collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

/// Whether there is a test of this path in the crate or among those that look
/// at it from outside.
fn is_test(root: &Path, name: &str) -> bool {
    let Some((module, function)) = name.rsplit_once("::") else {
        return false;
    };
    let module = module.replace("::", "/");
    // Tests within a file of the code are in a module `tests` of it.
    let around = module.trim_end_matches("/tests");
    let files: [PathBuf; 4] = [
        root.join(format!("tests/{module}.rs")),
        root.join(format!("src/{module}.rs")),
        root.join(format!("src/{around}.rs")),
        root.join(format!("src/{around}/mod.rs")),
    ];
    let declared = format!("fn {function}(");
    let is_declared = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let Some((before, _)) = text.split_once(&declared) else {
            return false;
        };
        let above = before.trim_end().lines().rev();
        let mut attributes = above.take_while(|line| !line.trim().is_empty());
        attributes.any(|line| line.trim() == "#[test]")
    };
    files.iter().any(is_declared)
}
