//! The committed completions and manual pages are those of the flags.
//!
//! `UPDATE_GENERATED=1 cargo test generated` writes them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::{Home, Ran};

const SHELLS: [(&str, &str); 4] = [
    ("bash", "soliplex.bash"),
    ("zsh", "_soliplex"),
    ("fish", "soliplex.fish"),
    ("powershell", "soliplex.ps1"),
];

#[test]
fn completions_are_up_to_date() {
    let home = Home::new();
    let made = SHELLS.into_iter().map(|(shell, file)| {
        let script = home.run(&["completions", shell]).succeeds().stdout_text();
        (file.to_owned(), script)
    });
    compare("completions", made.collect());
}

#[test]
fn manual_pages_are_up_to_date() {
    let home = Home::new();
    let dir = home.path("man");
    home.run(&["man", dir.to_str().unwrap()]).succeeds();
    compare("man", read_folder(&dir));
}

fn compare(folder: &str, made: BTreeMap<String, String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &made {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let committed = read_folder(&folder);
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&committed), names(&made), "see the head of this file");
    for (name, text) in made {
        assert!(
            committed[&name] == text,
            "{name} is not what the flags say: see the head of this file"
        );
    }
}

fn read_folder(folder: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}
