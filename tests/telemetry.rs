//! `soliplex telemetry`, the policy, and `run --upload`, which obeys both;
//! `session start` and `session end`.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::fault_server::FaultServer;
use crate::support::{Home, Ran, Server, record_line, wait_until};

fn status(home: &Home) -> Value {
    let ran = home.run(&["telemetry", "status", "--offline", "--format", "json"]);
    ran.succeeds().json_lines().remove(0)
}

#[test]
fn the_status_is_told_although_nothing_can_be_kept() {
    let home = Home::new();
    home.file("file", "");
    let folders = ["--state-dir", "file/state", "--queue", "queue"];
    let status = ["telemetry", "status", "--offline"];
    let ran = home.run(&[&folders[..], &status].concat()).succeeds();
    assert!(ran.stdout_text().contains("install id"));
    assert!(ran.stderr_text().contains("file/state/install_id"));
}

fn stored(home: &Home, server: &Server) -> Vec<Value> {
    home.run(&[
        "tail",
        &server.url,
        "--no-follow",
        "-n",
        "1000",
        "--output",
        "json",
    ])
    .succeeds()
    .json_lines()
}

#[test]
fn telemetry_is_off_until_it_is_switched_on() {
    let home = Home::new();
    let before = status(&home);
    assert_eq!(before["enabled"], false);
    assert_eq!(before["endpoint"], Value::Null);
    home.run(&["telemetry", "enable"]).succeeds();
    home.run(&["telemetry", "endpoint", "https://logs.example.org"])
        .succeeds();
    home.run(&["telemetry", "endpoint", "ftp://logs.example.org"])
        .exits(2);
    let after = status(&home);
    assert_eq!(after["enabled"], true);
    assert_eq!(after["endpoint"], "https://logs.example.org");
    assert_eq!(after["installId"], before["installId"]);
    home.run(&["telemetry", "disable"]).succeeds();
    assert_eq!(status(&home)["enabled"], false);
}

#[test]
fn the_configuration_outranks_the_chosen_endpoint_and_says_so() {
    let home = Home::new();
    let file = home.file(
        "config.toml",
        "endpoint = \"https://configured.example.org\"",
    );
    let file = file.to_str().unwrap();
    home.run(&[
        "--config",
        file,
        "telemetry",
        "endpoint",
        "https://other.example.org",
    ])
    .exits(2)
    .says_in_one_line(&["config.toml sets the endpoint"]);
}

#[test]
fn the_live_check_says_whether_the_endpoint_is_there() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    home.run(&["telemetry", "endpoint", &server.url]).succeeds();
    home.upload_to_nobody().exits(0);
    home.run(&["emit", "m"]).succeeds();
    home.upload_to_nobody().exits(7);
    assert!(
        status(&home)["lastError"]
            .as_str()
            .unwrap()
            .contains("gave up")
    );
    home.run(&["upload"]).succeeds();
    assert!(status(&home)["lastUpload"].is_string());
    let table = home.run(&["telemetry", "status"]).succeeds().stdout_text();
    assert!(table.contains("off (default)"), "{table}");
    let connection = table
        .lines()
        .find(|line| line.starts_with("connection"))
        .unwrap();
    assert!(!connection.contains("cannot"), "{connection}");
}

#[test]
fn run_uploads_nothing_while_telemetry_is_off_and_says_so() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    let args = [
        "run",
        "--upload",
        "--endpoint",
        &server.url,
        "--",
        "echo",
        "one",
    ];
    let ran = home.run(&args).succeeds();
    assert!(
        ran.stderr_text().contains("telemetry is off"),
        "{}",
        ran.stderr_text()
    );
    assert!(stored(&home, &server).is_empty());
    assert_eq!(home.queued().len(), 4);
}

#[test]
fn run_uploads_while_the_program_runs_and_at_its_end() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    home.run(&["telemetry", "enable"]).succeeds();
    let script = "echo 'ERROR: down'; sleep 20";
    let run = home.start(&[
        "run",
        "--upload",
        "--endpoint",
        &server.url,
        "--",
        "sh",
        "-c",
        script,
    ]);
    run.prints("ERROR: down");
    wait_until("the error is shipped", || {
        stored(&home, &server)
            .iter()
            .any(|record| record["level"] == "error")
            .then_some(())
    });
    run.signal("TERM");
    wait_until("the end is shipped", || {
        stored(&home, &server)
            .iter()
            .any(|record| record["message"] == "session ended")
            .then_some(())
    });
}

#[test]
fn a_session_of_a_script_has_a_start_an_end_and_all_between() {
    let home = Home::new();
    let soliplex = env!("CARGO_BIN_EXE_soliplex");
    let script = format!(
        "eval \"$({soliplex} session start --app backup --version 3.1 --user \"o'neil\")\"; \
         {soliplex} emit 'copying' --logger Backup; \
         {soliplex} emit 'with another state' --state-dir {other} --queue {queue}; \
         {soliplex} emit 'disk full' --level error; \
         {soliplex} session end --status 4; echo $SOLIPLEX_SESSION_ID $SOLIPLEX_USER",
        other = home.path("other").display(),
        queue = home.queue().display(),
    );
    let mut command = home.soliplex();
    let output = {
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).stderr(Stdio::inherit());
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                shell.env(name, value);
            }
        }
        shell.output().unwrap()
    };
    command.arg("--version");
    let said = String::from_utf8(output.stdout).unwrap();
    let (session, user) = said.trim().split_once(' ').unwrap();
    assert_eq!(user, "o'neil");
    let records = home.queued();
    assert!(
        records.iter().all(|record| record["sessionId"] == session),
        "{records:#?}"
    );
    let install = &records[0]["installId"];
    assert!(
        records.iter().all(|record| record["installId"] == *install),
        "{records:#?}"
    );
    assert_eq!(records[0]["message"], "session started");
    assert_eq!(records[0]["attributes"]["app_version"], "3.1");
    assert!(records[0]["attributes"]["runtime"].is_string());
    let error = records
        .iter()
        .find(|record| record["level"] == "error")
        .unwrap();
    let crumbs = error["breadcrumbs"].as_array().unwrap();
    assert_eq!(crumbs.len(), 3);
    assert_eq!(crumbs[1]["message"], "copying");
    let end = records
        .iter()
        .find(|record| record["message"] == "session ended")
        .unwrap();
    assert_eq!(end["attributes"]["exit_code"], 4);
    assert!(records.iter().any(|record| record["level"] == "fatal"));
}

/// Runs a script in which `/etc/soliplex/policy.toml` is this one, if the
/// kernel lets us have a mount of our own.
fn under_policy(home: &Home, policy: &str, script: &str) -> Option<(i32, String)> {
    let file = home.file("policy.toml", policy);
    let soliplex = env!("CARGO_BIN_EXE_soliplex");
    let script = format!(
        "mount -t tmpfs none /etc || exit 99; mkdir /etc/soliplex; cp {} /etc/soliplex/policy.toml; \
         chmod 644 /etc/soliplex/policy.toml; s={soliplex}; {script}",
        file.display()
    );
    let mut command = Command::new("unshare");
    command.args(["-rm", "--", "sh", "-c", &script]);
    command
        .env("SOLIPLEX_STATE_DIR", home.path("state"))
        .env("HOME", home.path(""));
    let output = command.output().ok()?;
    let code = output.status.code()?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_possible = code != 99 && !stderr.contains("unshare");
    is_possible.then_some((code, stderr))
}

#[test]
fn a_policy_overrides_everything_and_says_so() {
    let home = Home::new();
    let locked =
        "endpoint = \"http://127.0.0.1:9\"\ntelemetry = false\n[sanitize]\nkeys = [\"badge\"]";
    let refusals = [
        "$s telemetry enable",
        "$s telemetry endpoint https://other.example.org",
        "$s upload --endpoint https://other.example.org",
        "SOLIPLEX_ENDPOINT=https://other.example.org $s upload",
        "echo 'endpoint = \"https://other.example.org\"' > $HOME/c.toml; $s --config $HOME/c.toml upload",
    ];
    for script in refusals {
        let Some((code, stderr)) = under_policy(&home, locked, script) else {
            return;
        };
        assert_eq!(code, 2, "{script}: {stderr}");
        assert!(
            stderr.contains("the policy /etc/soliplex/policy.toml"),
            "{script}: {stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{script}: {stderr}");
    }
    let pinned = "telemetry = true\nendpoint = \"http://127.0.0.1:9\"";
    for script in [
        "$s telemetry disable",
        "$s run --upload --endpoint https://other.example.org -- echo started",
        "SOLIPLEX_ENDPOINT=https://other.example.org $s run --upload -- echo started",
        "$s upload --replay $HOME/x.jsonl --endpoint https://other.example.org",
    ] {
        home.file("x.jsonl", record_line(1));
        let (code, stderr) = under_policy(&home, pinned, script).unwrap();
        assert_eq!((code, stderr.lines().count()), (2, 1), "{script}: {stderr}");
        assert!(
            stderr.contains("nothing overrides it"),
            "{script}: {stderr}"
        );
    }
    let shipping = "$s run --upload -- true";
    let (code, stderr) = under_policy(&home, "telemetry = false", shipping).unwrap();
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("nothing is sent: the policy"), "{stderr}");
    assert!(!stderr.contains("telemetry enable"), "{stderr}");
    fs::remove_dir_all(home.queue()).unwrap();
    let emitted = under_policy(&home, locked, "$s emit m --attr badge=7-1-1").unwrap();
    assert_eq!(emitted.0, 0, "{}", emitted.1);
    assert_eq!(home.queued()[0]["attributes"]["badge"], "[REDACTED]");
    let minimum = "[sanitize]\nrequired = [\"path\", \"email\"]";
    for flags in ["--paths keep", "--disable email", "--allow a@example.org"] {
        let script = format!("echo m | $s sanitize {flags}");
        let (code, stderr) = under_policy(&home, minimum, &script).unwrap();
        assert_eq!((code, stderr.lines().count()), (2, 1), "{flags}: {stderr}");
    }
    let unknown = "[sanitize]\nrequired = [\"emial\"]";
    let (code, stderr) = under_policy(&home, unknown, "$s emit m").unwrap();
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("`emial`, which does not exist"), "{stderr}");
    let locked = "endpoint = \"http://127.0.0.1:09\"";
    let respelled = "$s upload --attempts 1 --endpoint http://127.0.0.1:9/";
    let (_, stderr) = under_policy(&home, locked, respelled).unwrap();
    assert!(!stderr.contains("the policy"), "{stderr}");
    let hosts = "allowed_hosts = [\"logs.example.org\"]";
    let (code, stderr) = under_policy(
        &home,
        hosts,
        "$s upload --endpoint https://evil.example.org",
    )
    .unwrap();
    assert_eq!(code, 2, "{stderr}");
    assert!(
        stderr.contains("allows the hosts logs.example.org"),
        "{stderr}"
    );
    let (code, stderr) = under_policy(
        &home,
        hosts,
        "chmod 666 /etc/soliplex/policy.toml; $s emit m",
    )
    .unwrap();
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("can be written by others"), "{stderr}");
}

#[test]
fn run_and_emit_obey_the_level_that_the_server_asks_for() {
    let home = Home::new();
    let levels = home.file(
        "levels.toml",
        "min_level = \"warning\"\nmodules = { chatty = \"trace\" }",
    );
    let server = Server::start(
        &home,
        &["--no-auth", "--logging-config", levels.to_str().unwrap()],
    );
    home.run(&["telemetry", "enable"]).succeeds();
    let cache = home.path("state/log_level.json");
    // The level is fetched while the program runs, and kept for the next.
    let run = home.start(&[
        "run",
        "--upload",
        "--endpoint",
        &server.url,
        "--",
        "sleep",
        "30",
    ]);
    wait_until("the level is fetched", || cache.exists().then_some(()));
    drop(run);
    let before = home.queued().len();
    home.run(&["emit", "unwanted", "--level", "info"])
        .succeeds();
    home.run(&["emit", "wanted", "--level", "warning"])
        .succeeds();
    home.run(&[
        "emit",
        "wanted too",
        "--level",
        "trace",
        "--logger",
        "Chatty.room",
    ])
    .succeeds();
    home.run(&[
        "run",
        "--",
        "sh",
        "-c",
        "echo unwanted; echo WARN: low; echo 'INFO no'",
    ])
    .succeeds();
    let records = home.queued();
    let messages: Vec<_> = records[before..]
        .iter()
        .map(|record| record["message"].as_str().unwrap())
        .collect();
    for wanted in [
        "wanted",
        "wanted too",
        "session started",
        "WARN: low",
        "session ended",
    ] {
        assert!(
            messages.contains(&wanted),
            "{wanted} is not in {messages:?}"
        );
    }
    assert!(
        !messages
            .iter()
            .any(|message| ["unwanted", "INFO no"].contains(message)),
        "{messages:?}"
    );
}

#[test]
fn the_systemd_units_are_sound() {
    let home = Home::new();
    let units = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/systemd");
    let mut copies = Vec::new();
    for unit in fs::read_dir(units).unwrap() {
        let unit = unit.unwrap();
        let text = fs::read_to_string(unit.path()).unwrap();
        // It is not installed here.
        let text = text.replace("/usr/bin/soliplex", env!("CARGO_BIN_EXE_soliplex"));
        copies.push(home.file(unit.file_name().to_str().unwrap(), text));
    }
    assert_eq!(copies.len(), 2);
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(&copies)
        .output();
    let Ok(output) = verify else {
        return;
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
}

#[test]
fn where_no_session_is_open_none_is_closed() {
    let home = Home::new();
    for session in [None, Some("")] {
        let mut command = home.soliplex();
        command.args(["session", "end"]);
        command.envs(session.map(|id| ("SOLIPLEX_SESSION_ID", id)));
        assert_cmd::Command::from_std(command)
            .assert()
            .exits(2)
            .says_in_one_line(&["no session is open", "session start"]);
    }
    assert!(home.queued().is_empty());
}

#[test]
fn the_endpoint_of_the_environment_is_shown_and_tried() {
    let home = Home::new();
    let server = FaultServer::accepting();
    let mut command = home.soliplex();
    command
        .args(["telemetry", "status", "--format", "json"])
        .env("SOLIPLEX_ENDPOINT", server.url());
    let ran = assert_cmd::Command::from_std(command).assert().succeeds();
    let status = ran.json_lines().remove(0);
    assert_eq!(status["endpoint"], server.url());
    assert_eq!(status["endpointBy"], "SOLIPLEX_ENDPOINT");
    assert!(
        status["connection"]
            .as_str()
            .unwrap()
            .contains("answers 200")
    );
}

#[cfg(unix)]
#[test]
fn a_program_that_is_stopped_or_hung_up_has_its_records_shipped() {
    let home = Home::new();
    let server = FaultServer::accepting();
    home.run(&["telemetry", "enable"]).succeeds();
    let url = server.url();
    let ships = |message: &str| {
        wait_until("the record is shipped", || {
            server
                .messages()
                .iter()
                .any(|sent| sent == message)
                .then_some(())
        });
    };
    let queues = |message: &str| {
        wait_until("the record is queued", || {
            let queued = home.queued();
            queued
                .iter()
                .any(|record| record["message"] == message)
                .then_some(())
        });
    };
    let script = "trap 'echo working' USR1; trap 'echo continued' CONT; trap 'echo told; trap - HUP; kill -HUP $$' HUP; \
                  echo started; while :; do sleep 0.05; done";
    let mut running = home.start(&[
        "run",
        "--upload",
        "--endpoint",
        &url,
        "--",
        "sh",
        "-c",
        script,
    ]);
    // What was there at the start is shipped at once, the rest when asked for.
    queues("started");
    ships("session started");
    running.signal("USR1");
    queues("working");
    running.signal("TSTP");
    ships("working");
    wait_until("it goes on", || {
        running.signal("CONT");
        let queued = home.queued();
        queued
            .iter()
            .any(|record| record["message"] == "continued")
            .then_some(())
    });
    running.signal("HUP");
    ships("continued");
    ships("told");
    running.ends();
}
