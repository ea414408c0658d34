//! Where `soliplex upload` posts to and with which token: flags, variables and
//! the configuration, good and bad.

use serde_json::json;

use crate::fault_server::{Fault, FaultServer};
use crate::support::Ran;
use crate::upload::{home_with, upload};

#[test]
fn the_token_comes_from_a_file_or_the_environment_and_is_shown_nowhere() {
    let home = home_with(1);
    let server = FaultServer::accepting();
    home.file("token", "file-token-value\n");
    let ran = upload(&home, &server, &["--token-file", "token", "-v"]).succeeds();
    assert_eq!(
        server.requests()[0].header("authorization"),
        Some("Bearer file-token-value")
    );
    assert!(!(ran.stdout_text() + &ran.stderr_text()).contains("file-token-value"));
}

#[test]
fn a_bad_token_is_a_usage_error_in_one_line() {
    let home = home_with(1);
    let server = FaultServer::accepting();
    home.file("token", "one\ntwo\n");
    let flags = ["--token-file", "token"];
    upload(&home, &server, &flags)
        .exits(2)
        .says_in_one_line(&["token", "line end inside"]);
    upload(&home, &server, &["--token-file", "none"])
        .exits(2)
        .says_in_one_line(&["none"]);
    upload(&home, &server, &["--token-env", "NONE"])
        .exits(2)
        .says_in_one_line(&["NONE"]);
    assert!(server.requests().is_empty());
}

#[test]
fn a_token_that_the_server_repeats_is_not_shown() {
    let home = home_with(1);
    home.file("token", "file-token-value\n");
    let server = FaultServer::start(|_| {
        Fault::Answer(
            401,
            json!({"detail": "bad token file-token-value"}).to_string(),
        )
    });
    let ran = upload(&home, &server, &["--token-file", "token", "-v"]).exits(6);
    let said = ran.stdout_text() + &ran.stderr_text();
    assert!(said.contains("bad token (redacted)") && !said.contains("file-token-value"));
}

#[test]
fn a_server_that_wants_a_token_is_told_apart_from_one_that_refuses_it() {
    let home = home_with(1);
    let server = FaultServer::start(|_| Fault::status(401));
    upload(&home, &server, &[])
        .exits(6)
        .says_in_one_line(&["the server wants a token, 401", "--token-file"]);
    home.file("token", "some-value");
    upload(&home, &server, &["--token-file", "token"])
        .exits(6)
        .says_in_one_line(&["the server refused the token with 401"]);
}

#[test]
fn a_bad_endpoint_is_a_usage_error_in_one_line() {
    let home = home_with(1);
    home.run(&["upload"])
        .exits(2)
        .says_in_one_line(&["--endpoint"]);
    home.run(&["upload", "--endpoint", "logs"])
        .exits(2)
        .says_in_one_line(&["`logs`"]);
}

#[test]
fn a_bad_endpoint_of_the_configuration_is_told_with_its_file_and_without_its_password() {
    let home = home_with(1);
    let config = home.file("c.toml", "endpoint = \"logs.example.org\"\n");
    let config = config.to_str().unwrap();
    home.run(&["--config", config, "upload"])
        .exits(2)
        .says_in_one_line(&["`logs.example.org` is no endpoint", config]);
    for args in [
        &["upload"][..],
        &["doctor"],
        &["telemetry", "status"],
        &["telemetry", "status", "--format", "json"],
    ] {
        let mut command = home.soliplex();
        command
            .args(args)
            .env("SOLIPLEX_ENDPOINT", "http://me:hunter2@127.0.0.1:9/");
        let ran = assert_cmd::Command::from_std(command).assert();
        let said = ran.stdout_text() + &ran.stderr_text();
        assert!(said.contains("user name or"), "{args:?}: {said}");
        assert!(!said.contains("hunter2"), "{args:?}: {said}");
    }
}

#[test]
fn variables_that_are_empty_are_none() {
    let home = home_with(1);
    let server = FaultServer::accepting();
    home.file(
        "c.toml",
        format!("endpoint = \"{}\"\nuser = \"u-1\"\n", server.url()),
    );
    let with_empty = |args: &[&str]| {
        let mut command = home.soliplex();
        command.args(["--config", "c.toml"]).args(args);
        for name in [
            "SOLIPLEX_ENDPOINT",
            "SOLIPLEX_TOKEN_FILE",
            "SOLIPLEX_SESSION_ID",
            "SOLIPLEX_USER",
            "SOLIPLEX_CONFIG",
            "SOLIPLEX_QUEUE",
        ] {
            command.env(name, "");
        }
        assert_cmd::Command::from_std(command).assert()
    };
    let printed = with_empty(&["emit", "m", "--print"]).succeeds();
    let record = printed.json_lines().remove(0);
    assert_eq!(record["userId"], "u-1");
    assert_ne!(record["sessionId"], "");
    with_empty(&["upload"]).succeeds();
    assert_eq!(server.messages().len(), 2);
    assert!(server.requests()[0].header("authorization").is_none());
}

#[test]
fn a_proxy_of_the_environment_is_used() {
    let home = home_with(1);
    let proxy = FaultServer::accepting();
    let mut command = home.soliplex();
    command.args(["upload", "--endpoint", "http://logs.invalid/x"]);
    command.env("http_proxy", proxy.url());
    assert_cmd::Command::from_std(command).assert().succeeds();
    assert!(
        proxy.requests()[0]
            .head
            .starts_with("POST http://logs.invalid/x ")
    );
}

#[test]
fn a_host_that_the_environment_exempts_is_reached_without_the_proxy() {
    let home = home_with(1);
    let (proxy, server) = (FaultServer::accepting(), FaultServer::accepting());
    let mut command = home.soliplex();
    command.args(["upload", "--endpoint", &server.url()]);
    command.env("http_proxy", proxy.url());
    command.env("no_proxy", "localhost,127.0.0.1");
    assert_cmd::Command::from_std(command).assert().succeeds();
    assert_eq!(server.messages(), ["record 0"]);
    assert!(proxy.requests().is_empty());
}
