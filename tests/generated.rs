//! The committed completions and manual pages are those of the flags, and
//! README's picture shows what the commands print.
//!
//! `UPDATE_GENERATED=1 cargo test generated` writes them anew. What the
//! completions offer is tried in bash, zsh and fish; PowerShell's script is only
//! compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;
#[cfg(unix)]
use std::process::Command;

use clap::{CommandFactory, Parser};
use soliplex::cli::Cli;

#[cfg(unix)]
use crate::support::browser::skip;
#[cfg(unix)]
use crate::support::in_shell;
use crate::support::{Home, Ran, Server};

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

#[cfg(unix)]
#[test]
fn the_picture_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(root.join("docs/make-picture"))
        .arg(env!("CARGO_BIN_EXE_soliplex"))
        .output()
        .expect("bash runs");
    assert!(output.status.success(), "{output:?}");
    let committed = root.join("docs/session.svg");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&committed, &output.stdout).unwrap();
    }
    assert!(
        fs::read(committed).unwrap() == output.stdout,
        "docs/session.svg is not what the commands print: see the head of this file"
    );
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
fn the_help_tells_every_variable_that_is_read() {
    let help = Home::new().run(&["--help"]).succeeds().stdout_text();
    // What the shells' completions and the build set for themselves.
    let internal = ["SOLIPLEX_COMPLETE", "SOLIPLEX_POLICY_FILE"];
    let mut found = 0;
    for source in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(source).unwrap();
        for literal in text.split('"').filter(|part| is_variable(part)) {
            let is_told = help.contains(&format!("\n  {literal} "));
            assert!(is_told || internal.contains(&literal), "{literal}");
            found += 1;
        }
    }
    assert!(found > 10, "only {found} variables");
}

fn is_variable(text: &str) -> bool {
    let name = text.strip_prefix("SOLIPLEX_");
    name.is_some_and(|name| name.bytes().all(|c| c.is_ascii_uppercase() || c == b'_'))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .flat_map(|entry| match entry.path() {
            folder if folder.is_dir() => sources(&folder),
            file => vec![file],
        })
        .collect()
}

#[test]
fn the_help_tells_every_file_that_is_kept() {
    let home = Home::new();
    let help = home.run(&["--help"]).succeeds().stdout_text();
    home.run(&["emit", "hello"]).succeeds();
    let server = Server::start(&home, &["--no-auth"]);
    home.run(&["telemetry", "endpoint", &server.url]).succeeds();
    home.run(&["telemetry", "enable"]).succeeds();
    home.run(&["run", "--upload", "--", "true"]).succeeds();
    let kept: Vec<String> = fs::read_dir(home.path("state"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(kept.len() > 3, "{kept:?}");
    for name in kept {
        // A lock, or SQLite's own: what begins like the file it is for.
        let stem = name.split(['.', '-']).next().unwrap();
        assert!(help.contains(&format!("\n    {stem}")), "{name}");
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

#[cfg(unix)]
#[test]
fn fish_completes_sessions_and_loggers() {
    let home = with_two_sessions();
    let Some(offered) = fish(&home, "soliplex tail --session 0197") else {
        return;
    };
    assert_eq!(
        offered,
        ["0197f0a1-two", "0197f0a1-one"],
        "the latest first"
    );
    assert_eq!(
        fish(&home, "soliplex tail --logger App.S").unwrap(),
        ["App.Sync"]
    );
    assert_eq!(
        fish(&home, "soliplex tail --session=0197f0a1-o").unwrap(),
        ["--session=0197f0a1-one"]
    );
    assert_eq!(fish(&home, "soliplex sanit").unwrap(), ["sanitize"]);
}

/// What fish offers for the end of a line, with the committed script.
#[cfg(unix)]
fn fish(home: &Home, typed: &str) -> Option<Vec<String>> {
    let mut fish = found("fish")?;
    fish.args(["--no-config", "-c"])
        .arg("source $argv[1]; complete --do-complete $argv[2]")
        .arg(committed("soliplex.fish"))
        .arg(typed);
    let offered = lines_of(home, fish);
    // Behind a tab stands what it is.
    let word = |line: &String| line.split('\t').next().unwrap_or_default().to_owned();
    Some(offered.iter().map(word).collect())
}

#[cfg(unix)]
#[test]
fn zsh_completes_sessions_and_loggers_from_the_first_time_on() {
    let home = with_two_sessions();
    let Some(mut zsh) = found("zsh") else { return };
    let script = fs::read(committed("_soliplex")).unwrap();
    home.file(".zfunc/_soliplex", script);
    // Each completion prints what the line has become, and empties it.
    home.file(
        ".zshrc",
        "fpath=($HOME/.zfunc $fpath)
         autoload -Uz compinit
         compinit -u -D
         PS1=
         finish() { zle complete-word; print -rn -- \"<$BUFFER>\"; BUFFER= }
         zle -N finish
         bindkey '^I' finish",
    );
    const TYPE: &str = r#"
        zmodload zsh/zpty
        zpty shell zsh -i
        for typed in "$@"; do
          zpty -w -n shell "$typed"$'\t'
          zpty -r shell told '*<*>*'
          print -r -- "${${told##*<}%%>*}"
        done
        zpty -d shell
    "#;
    zsh.args(["-f", "-c", TYPE, "zsh"]).args([
        "soliplex tail --logger App.S",
        "soliplex tail --session 0197f0a1-o",
        "soliplex session show 0197f0a1-t",
        "soliplex sanit",
    ]);
    zsh.env("TERM", "dumb");
    assert_eq!(
        lines_of(&home, zsh),
        [
            "soliplex tail --logger App.Sync",
            "soliplex tail --session 0197f0a1-one",
            "soliplex session show 0197f0a1-two",
            "soliplex sanitize",
        ]
    );
}

#[cfg(unix)]
fn with_two_sessions() -> Home {
    let home = Home::new();
    for (session, logger) in [("0197f0a1-one", "App.Sync"), ("0197f0a1-two", "App.Cart")] {
        let args = ["emit", "hello", "--session", session, "--logger", logger];
        home.run(&args).succeeds();
    }
    home
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
    let mut bash = Command::new("bash");
    bash.args(["-c", SCRIPT, "bash"])
        .arg(committed("soliplex.bash"))
        .args(words);
    lines_of(home, bash)
}

#[cfg(unix)]
fn committed(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("completions")
        .join(script)
}

/// A shell that not every machine has. Says so where it is missing.
#[cfg(unix)]
fn found(shell: &str) -> Option<Command> {
    let is_there = Command::new(shell)
        .arg("--version")
        .output()
        .is_ok_and(|ran| ran.status.success());
    if !is_there {
        skip(&format!("there is no {shell} to complete in"));
    }
    is_there.then(|| Command::new(shell))
}

/// What a shell prints in a home, with the binary on its path.
#[cfg(unix)]
fn lines_of(home: &Home, mut shell: Command) -> Vec<String> {
    for (name, value) in in_shell(home, "").get_envs() {
        value.map(|value| shell.env(name, value));
    }
    let output = shell
        .current_dir(home.path(""))
        .output()
        .expect("the shell runs");
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
