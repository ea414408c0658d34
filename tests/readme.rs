//! README's examples do what README says.
//!
//! Every `sh` block runs in a shell, in a folder with the repository's
//! fixtures, with `$STAGING` set to the URL of a server. A `text` block right
//! after it is what it prints on stdout, where `[..]` stands for anything
//! within a line and `...` for any lines. `console` blocks are for people
//! with the repository and are compared with what CI runs.

use snapbox::Assert;

#[cfg(unix)]
use crate::support::in_shell;
use crate::support::{Home, Server, fixture};

const README: &str = include_str!("../README.md");
const CI: &str = include_str!("../.ci/run");

/// A fenced block: its language, its text, and the line it starts on.
struct Block {
    language: String,
    text: String,
    line: usize,
}

fn blocks() -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_inside = false;
    for (index, line) in README.lines().enumerate() {
        match (line.strip_prefix("```"), is_inside) {
            (Some(language), false) => {
                is_inside = true;
                blocks.push(Block {
                    language: language.trim().to_owned(),
                    text: String::new(),
                    line: index + 1,
                });
            }
            (Some(_), true) => is_inside = false,
            (None, true) => {
                let block = blocks.last_mut().expect("a block");
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, false) => {}
        }
    }
    blocks
}

#[test]
fn every_example_runs_and_prints_what_it_says() {
    let blocks = blocks();
    let examples: Vec<usize> = (0..blocks.len())
        .filter(|index| blocks[*index].language == "sh")
        .collect();
    assert!(
        examples.len() >= 3,
        "README has {} examples",
        examples.len()
    );
    for index in examples {
        let example = &blocks[index];
        let home = Home::new();
        let server = Server::start(&home, &["--no-auth"]);
        let stdout = run_in_shell(&home, &server.url, example);
        if let Some(expected) = blocks.get(index + 1).filter(|next| next.language == "text") {
            Assert::new().eq(stdout, expected.text.as_str());
        }
    }
}

#[test]
fn the_set_up_commands_are_the_ones_that_ci_runs() {
    let blocks = blocks();
    let set_up = blocks
        .iter()
        .find(|block| block.language == "console")
        .expect("README starts with the set-up");
    let commands: Vec<&str> = set_up
        .text
        .lines()
        .map(|line| line.trim_start_matches("$ "))
        .collect();
    let [demo, test] = commands[..] else {
        panic!("two commands do the set-up, not {commands:?}");
    };
    assert_eq!(demo, "cargo run -- demo");
    assert!(
        CI.lines().any(|line| line == test),
        "CI does not run {test:?}"
    );
}

#[cfg(unix)]
fn run_in_shell(home: &Home, staging: &str, example: &Block) -> String {
    let fixtures = home.path("fixtures");
    if !fixtures.exists() {
        std::os::unix::fs::symlink(fixture(""), fixtures).expect("fixtures linked");
    }
    let output = in_shell(home, &example.text)
        .env("STAGING", staging)
        .output()
        .expect("a shell");
    assert!(
        output.status.success(),
        "README line {}: {}\n{}{}",
        example.line,
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
