//! The committed completions and manual pages are those of the flags.
//!
//! `UPDATE_GENERATED=1 cargo test generated` writes them anew. What the
//! completions offer is tried in a shell.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
#[cfg(unix)]
use std::process::Command;

use clap::{CommandFactory, Parser};
use soliplex::cli::Cli;

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

#[test]
fn every_page_has_the_sections_that_people_look_for() {
    let home = Home::new();
    let dir = home.path("man");
    home.run(&["man", dir.to_str().unwrap()]).succeeds();
    let pages = read_folder(&dir);
    for (name, text) in &pages {
        let stem = name.trim_end_matches(".1");
        let is_parent = pages
            .keys()
            .any(|other| other.starts_with(&format!("{stem}-")));
        for section in ["EXAMPLES", "EXIT STATUS", "SEE ALSO"] {
            let plain = format!(".SH {section}\n");
            let quoted = format!(".SH \"{section}\"\n");
            assert!(
                text.contains(&plain)
                    || text.contains(&quoted)
                    || (is_parent && section == "EXAMPLES"),
                "{name} has no {section}"
            );
        }
        assert!(
            !text.contains(".SH EXTRA"),
            "{name} has a section of no name"
        );
    }
}

#[test]
fn every_example_of_the_help_can_be_typed() {
    let mut program = Cli::command();
    program.build();
    let mut tried = 0;
    for help in helps(&program) {
        for line in help.replace("\\\n", " ").lines() {
            let Some((_, typed)) = line.split_once("soliplex ") else {
                continue;
            };
            if !line.starts_with("  ") {
                continue;
            }
            // The session is in the environment there.
            let typed = typed.replace("session end", "session end --session s");
            // Behind three spaces stands what it does, and a shell takes the rest.
            let ends = ["   ", " | ", " > ", " < ", ")\""];
            let end = ends.iter().filter_map(|end| typed.find(end)).min();
            let words = words(&typed[..end.unwrap_or(typed.len())]);
            let parsed = Cli::try_parse_from([vec!["soliplex".to_owned()], words].concat());
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            tried += 1;
        }
    }
    assert!(tried > 30, "only {tried} examples");
}

/// What stands behind the options, of a command and all below it.
fn helps(command: &clap::Command) -> Vec<String> {
    let own = command.get_after_long_help().map(ToString::to_string);
    let below = command.get_subcommands().flat_map(helps);
    own.into_iter().chain(below).collect()
}

/// The words of a line as a shell would cut it; `$?` is 0.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.replace("$?", "0").chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, ' ') => words.push(String::new()),
            (_, c) => words.last_mut().expect("a word").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(unix)]
#[test]
fn a_shell_completes_flags_sessions_and_loggers() {
    let home = Home::new();
    let emit = |session, logger| {
        let args = ["emit", "hello", "--session", session, "--logger", logger];
        home.run(&args).succeeds();
    };
    emit("0197f0a1-one", "App.Sync");
    emit("0197f0a1-two", "App.Cart");
    emit("018c-three", "$(touch owned)");

    assert_eq!(completed(&home, &["sanit"]), ["sanitize"]);
    let sessions = completed(&home, &["tail", "--session", "0197"]);
    assert_eq!(
        sessions,
        ["0197f0a1-two", "0197f0a1-one"],
        "the latest first"
    );
    assert_eq!(
        completed(&home, &["session", "show", "018"]),
        ["018c-three"]
    );
    assert_eq!(
        completed(&home, &["tail", "--logger", "App.S"]),
        ["App.Sync"]
    );
    assert_eq!(
        completed(&home, &["tail", "--logger", "$"]),
        [""; 0],
        "no code"
    );
    let other = ["tail", "--queue", "nowhere", "--session", ""];
    assert_eq!(completed(&home, &other), [""; 0], "another queue");
    home.file("records.jsonl", "");
    assert_eq!(completed(&home, &["tail", "rec"]), ["records.jsonl"]);
}

/// What bash offers for the last of these words, with the committed script.
#[cfg(unix)]
fn completed(home: &Home, words: &[&str]) -> Vec<String> {
    const SCRIPT: &str = r#"
        source "$1"; shift
        function_name=$(complete -p soliplex | sed 's/.*-F \([^ ]*\).*/\1/')
        COMP_WORDS=(soliplex "$@"); COMP_CWORD=$#; COMP_TYPE=9
        "$function_name" soliplex "${COMP_WORDS[COMP_CWORD]}" "" 2>/dev/null
        for word in "${COMPREPLY[@]}"; do printf '%s\n' "$word"; done
    "#;
    let binary = Path::new(env!("CARGO_BIN_EXE_soliplex"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions/soliplex.bash");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut bash = Command::new("bash");
    let plain = home.soliplex();
    bash.env_clear()
        .envs(plain.get_envs().filter_map(|(k, v)| Some((k, v?))))
        .env(
            "PATH",
            format!("{}:{path}", binary.parent().unwrap().display()),
        )
        .current_dir(home.path(""))
        .args(["-c", SCRIPT, "bash"])
        .arg(script)
        .args(words);
    let output = bash.output().expect("bash runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
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
