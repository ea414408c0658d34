//! What the packages in `dist/` start is understood by the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser;
use soliplex::cli::Cli;

use crate::support::browser::skip;
use crate::support::{Home, Ran, Server};

const CONTAINER: &str = include_str!("../dist/Containerfile");
const SETTINGS: &str = include_str!("../dist/config.toml");

fn units() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/systemd");
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The words of an instruction of the container file in its form as JSON.
fn words(instruction: &str) -> Vec<String> {
    let line = CONTAINER
        .lines()
        .find(|line| line.starts_with(instruction))
        .unwrap_or_else(|| panic!("there is no {instruction}"));
    serde_json::from_str(&line[line.find('[').unwrap()..]).unwrap()
}

fn assert_understood(words: &[String]) {
    let parsed = Cli::try_parse_from(words);
    assert!(parsed.is_ok(), "{words:?}: {}", parsed.unwrap_err());
}

#[test]
fn the_units_start_what_can_be_typed() {
    let units = units();
    assert_eq!(units.len(), 2, "{units:?}");
    for unit in units {
        let text = fs::read_to_string(&unit).unwrap();
        let start = text
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart="))
            .unwrap();
        let words: Vec<String> = start.split(' ').map(str::to_owned).collect();
        assert_eq!(words[0], "/usr/bin/soliplex");
        assert_understood(&words);
    }
}

#[test]
fn systemd_takes_the_units() {
    if Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_err()
    {
        skip("there is no systemd-analyze to verify units with");
        return;
    }
    let home = Home::new();
    let installed = units().into_iter().map(|unit| {
        let text = fs::read_to_string(&unit).unwrap();
        let text = text.replace("/usr/bin/soliplex", env!("CARGO_BIN_EXE_soliplex"));
        home.file(unit.file_name().unwrap().to_str().unwrap(), text)
    });
    let output = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(installed)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn the_container_starts_what_can_be_typed() {
    assert_understood(&[words("ENTRYPOINT"), words("CMD")].concat());
}

#[test]
fn the_container_is_healthy_while_its_server_takes_records() {
    let check = words("HEALTHCHECK");
    let home = Home::new();
    // As the container has it: nobody gets in without a token.
    let mut server = Server::with_tokens(&home, "the-token-of-an-operator\n");
    let url = server.url.clone();
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap();
    let is_healthy = |port: &str| {
        let args = check[1..].iter().map(|arg| arg.replace("8080", port));
        let output = Command::new(&check[0]).args(args).output();
        output.expect("the shell runs").status.success()
    };
    assert!(is_healthy(port));
    server.running.signal("KILL");
    server.running.ends();
    assert!(!is_healthy(port));
}

#[test]
fn every_line_of_the_sample_of_the_settings_can_be_switched_on() {
    let is_setting = |line: &&str| {
        let text = line.strip_prefix('#');
        text.is_some_and(|text| text.starts_with(|c: char| !c.is_whitespace()))
    };
    let on: Vec<&str> = SETTINGS
        .lines()
        .filter(is_setting)
        .map(|line| &line[1..])
        .collect();
    assert!(on.len() > 8, "{on:?}");
    let home = Home::new();
    home.file("config.toml", on.join("\n"));
    home.run(&["--config", "config.toml", "sanitize", "--list"])
        .succeeds();
}
