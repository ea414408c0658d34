//! Who may use whom. A module that reaches further than this has a reason
//! that belongs into the design first.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each domain module, and the modules of this crate that it may use.
const ALLOWED: [(&str, &[&str]); 21] = [
    ("http_client", &[]),
    ("picture", &[]),
    ("small_file", &[]),
    ("toml_fault", &[]),
    ("record", &[]),
    ("filter", &["record"]),
    ("fingerprint", &["record"]),
    ("sanitize", &["record", "toml_fault"]),
    ("queue", &["record"]),
    ("upload", &["http_client", "queue", "record"]),
    ("logger", &["record", "sanitize", "queue", "upload"]),
    ("fleet", &["small_file"]),
    (
        "source",
        &["http_client", "queue", "record", "filter", "fleet"],
    ),
    ("session", &["fingerprint", "filter", "record"]),
    ("capture", &["logger", "record", "sanitize", "queue"]),
    (
        "remote_level",
        &["http_client", "logger", "record", "small_file", "upload"],
    ),
    ("screenshot", &["picture", "upload"]),
    ("rum", &["logger", "record"]),
    (
        "ingest",
        &[
            "http_client",
            "picture",
            "small_file",
            "record",
            "sanitize",
            "fingerprint",
            "filter",
            "session",
            "fleet",
        ],
    ),
    ("config", &["small_file", "toml_fault", "upload"]),
    ("error", &[]),
];

/// What only the outermost modules may know of.
const TERMINAL: [&str; 5] = [
    "clap::",
    "indicatif::",
    "comfy_table::",
    "anstyle::",
    "crate::error",
];

#[test]
fn modules_use_only_what_stands_below_them() {
    let mut faults = Vec::new();
    for (module, allowed) in ALLOWED {
        for file in files_of(module) {
            let text = fs::read_to_string(&file).expect("a source file");
            for used in used_modules(&text) {
                if used != module && !allowed.contains(&used.as_str()) {
                    faults.push(format!("{} uses {used}", file.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn nothing_below_the_commands_knows_a_terminal_or_an_exit_code() {
    let mut faults = Vec::new();
    for (module, _) in ALLOWED {
        for file in files_of(module) {
            let text = fs::read_to_string(&file).expect("a source file");
            let known = TERMINAL.iter().filter(|name| text.contains(**name));
            faults.extend(known.map(|name| format!("{} knows {name}", file.display())));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The modules that a file names after `crate::`, also in a group.
fn used_modules(text: &str) -> BTreeSet<String> {
    let name = |rest: &str| -> String {
        rest.trim_start()
            .chars()
            .take_while(|c| c.is_ascii_lowercase() || *c == '_')
            .collect()
    };
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| {
        line.match_indices("crate::")
            .map(|(at, _)| line[at + 7..].to_owned())
            .collect::<Vec<_>>()
    })
    .flat_map(|rest| match rest.strip_prefix('{') {
        Some(group) => group.split(',').map(name).collect::<Vec<_>>(),
        None => vec![name(&rest)],
    })
    .filter(|name| !name.is_empty())
    .collect()
}

/// The source files of a module, be it one file or a folder.
fn files_of(module: &str) -> Vec<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source.join(format!("{module}.rs"))];
    let folder = walkdir::WalkDir::new(source.join(module))
        .into_iter()
        .flatten();
    files.extend(folder.map(walkdir::DirEntry::into_path));
    files.retain(|file| file.is_file() && file.extension().is_some_and(|ending| ending == "rs"));
    files
}
