//! `soliplex run`, with real programs and signals.

mod terminal;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Home, Ran, Running, json_lines, wait_until};

fn messages(records: &[Value]) -> Vec<&str> {
    records
        .iter()
        .map(|record| record["message"].as_str().unwrap())
        .collect()
}

/// The records of what the program printed.
fn printed(home: &Home) -> Vec<Value> {
    let mut records = home.queued();
    records.retain(|record| !record["attributes"]["stream"].is_null());
    records
}

fn fatal(home: &Home) -> Option<Value> {
    home.queued()
        .into_iter()
        .find(|record| record["level"] == "fatal")
}

fn shell(script: &str) -> [&str; 5] {
    ["run", "--", "sh", "-c", script]
}

/// The state of a process: `R`, `S`, `T` …
fn state(pid: u32) -> Option<char> {
    stat(pid, 0)?.chars().next()
}

/// The process group in the foreground of a process's terminal.
fn foreground_of(pid: u32) -> Option<u32> {
    stat(pid, 5)?.parse().ok()
}

/// What the kernel says of a process behind its name.
fn stat(pid: u32, field: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split_whitespace().nth(field).map(str::to_owned)
}

fn child_of(pid: u32) -> u32 {
    let path = format!("/proc/{pid}/task/{pid}/children");
    wait_until("the program is started", || {
        let children = fs::read_to_string(&path).ok()?;
        children.split_whitespace().next()?.parse().ok()
    })
}

#[test]
fn streams_pass_through_unchanged_and_each_line_is_a_record() {
    let home = Home::new();
    let script =
        "read line; printf 'got %s\\n\\ttab\\r\\nno end' \"$line\"; printf 'WARN: low\\n' >&2";
    let ran = home.run_with_stdin(&shell(script), "input\n").succeeds();
    assert_eq!(ran.stdout_text(), "got input\n\ttab\r\nno end");
    let stderr = ran.stderr_text();
    let (first, rest) = stderr.split_once('\n').unwrap();
    assert_eq!(rest, "WARN: low\n");
    let session = first.strip_prefix("session ").unwrap();
    let records = home.queued();
    assert!(records.iter().all(|record| record["sessionId"] == session));
    let start = &records[0];
    assert_eq!(start["message"], "session started");
    assert!(start["attributes"]["os_name"].is_string());
    let end = records.last().unwrap();
    assert_eq!(end["message"], "session ended");
    assert_eq!(end["attributes"]["exit_code"], 0);
    assert_eq!(end["attributes"]["lines"], 4);
    let printed = printed(&home);
    let of = |stream: &str| {
        let records = printed
            .iter()
            .filter(|record| record["attributes"]["stream"] == stream);
        records
            .map(|record| record["message"].as_str().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("stdout"), ["got input", "\ttab", "no end"]);
    assert_eq!(of("stderr"), ["WARN: low"]);
    let warning = printed
        .iter()
        .find(|record| record["message"] == "WARN: low")
        .unwrap();
    assert_eq!(warning["level"], "warning");
    assert_eq!(warning["logger"], "sh");
}

#[test]
fn the_session_is_exported_so_that_emit_joins_it() {
    let home = Home::new();
    let soliplex = env!("CARGO_BIN_EXE_soliplex");
    let script = format!("echo $SOLIPLEX_SESSION_ID; {soliplex} emit 'from within'");
    let ran = home.run(&shell(&script)).succeeds();
    let records = home.queued();
    assert_eq!(records[0]["sessionId"], ran.stdout_text().trim());
    let emitted = records
        .iter()
        .find(|record| record["message"] == "from within")
        .unwrap();
    assert_eq!(emitted["sessionId"], records[0]["sessionId"]);
}

#[test]
fn a_failing_program_leaves_a_fatal_record_with_its_last_words() {
    let home = Home::new();
    let script = "echo starting; echo 'cannot open /dev/nothing' >&2; exit 3";
    home.run(&shell(script)).exits(3);
    let fatal = fatal(&home).expect("a fatal record");
    assert_eq!(fatal["message"], "sh exited with 3");
    assert_eq!(fatal["attributes"]["exit_code"], 3);
    assert_eq!(fatal["error"], "cannot open /dev/nothing");
    assert_eq!(fatal.get("stackTrace"), None, "it would say no more");
    let crumbs = fatal["breadcrumbs"].as_array().unwrap();
    assert!(crumbs.iter().any(|crumb| crumb["message"] == "starting"));
    let records = home.queued();
    let end = records
        .iter()
        .find(|record| record["message"] == "session ended")
        .unwrap();
    assert_eq!(end["attributes"]["exit_code"], 3);
}

#[test]
fn lines_of_json_and_of_text_keep_their_order() {
    let home = Home::new();
    let script = r#"for n in 1 2 3 4 5; do echo "text $n"; echo "{\"msg\":\"json $n\"}"; done"#;
    home.run(&shell(script)).succeeds();
    let records = printed(&home);
    assert_eq!(records.len(), 10);
    let times: Vec<_> = records
        .iter()
        .map(|record| record["timestamp"].as_str())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn a_crash_says_what_the_stack_trace_said() {
    let home = Home::new();
    let script =
        "import sys\nprint('up', flush=True)\ndef pay():\n    raise ValueError('no')\npay()";
    home.run(&["run", "--", "python3", "-c", script]).exits(1);
    let records = printed(&home);
    assert_eq!(records.len(), 2, "{:?}", messages(&records));
    let trace = records
        .iter()
        .find(|record| record["level"] == "error")
        .unwrap();
    assert_eq!(trace["error"], "ValueError: no");
    let fatal = fatal(&home).expect("a fatal record");
    assert_eq!(fatal["error"], "ValueError: no");
    assert!(fatal["stackTrace"].as_str().unwrap().contains("in pay"));
}

#[test]
fn a_program_killed_by_a_signal_exits_as_in_a_shell() {
    let home = Home::new();
    home.run(&shell("kill -SEGV $$")).exits(128 + 11);
    let fatal = fatal(&home).expect("a fatal record");
    assert_eq!(fatal["message"], "sh was killed by SIGSEGV");
    assert_eq!(fatal["attributes"]["signal"], "SIGSEGV");
}

#[test]
fn a_program_that_does_not_start_is_told_and_recorded() {
    let home = Home::new();
    home.run(&["run", "-q", "--", "./not-there"])
        .exits(127)
        .says_in_one_line(&[
            "cannot start ./not-there",
            "No such file",
            "is it installed",
        ]);
    let file = home.file("not-executable", "text");
    home.run(&["run", "-q", "--", file.to_str().unwrap()])
        .exits(126)
        .says_in_one_line(&["Permission denied", "may it be run"]);
    assert!(fatal(&home).is_some());
    home.run(&["run"]).exits(2);
}

#[test]
fn nothing_unsanitized_reaches_the_disk_and_the_terminal_is_left_alone() {
    let home = Home::new();
    let key = ["-----BEGIN ", "PRIVATE KEY-----"].concat();
    let script = format!(
        "echo mail bob@example.com; echo '{{\"msg\":\"m\",\"password\":\"hunter2-hunter2\"}}'; \
         printf -- '{key}\\nMIIBOgIBAAJBAKj34Gkx\\n-----END PRIVATE KEY-----\\n'; \
         echo 'login failed for bob@example.com' >&2; exit 1"
    );
    let ran = home.run(&shell(&script)).exits(1);
    let disk = serde_json::to_string(&home.queued()).unwrap();
    for secret in ["bob@example.com", "hunter2-hunter2", "MIIBOgIBAAJBAKj34Gkx"] {
        assert!(!disk.contains(secret), "{secret} in {disk}");
        assert!(
            ran.stdout_text().contains(secret),
            "{secret} is not in stdout"
        );
    }
}

#[test]
fn the_cold_start_ends_with_the_first_line_or_the_one_asked_for() {
    let home = Home::new();
    let cold_start = |home: &Home| {
        let records = home.queued();
        let at = records
            .iter()
            .position(|record| record["attributes"]["metric"] == "cold_start");
        at.map(|at| (at, records[at]["attributes"]["ms"].as_u64().unwrap()))
    };
    home.run(&shell("echo one; echo two")).succeeds();
    assert_eq!(cold_start(&home).unwrap().0, 1);
    let home = Home::new();
    let script = "echo booting; sleep 0.2; echo ready on 80; echo ready again";
    home.run(&[
        "run",
        "--ready",
        "ready on [0-9]+",
        "--",
        "sh",
        "-c",
        script,
    ])
    .succeeds();
    assert!(cold_start(&home).unwrap().1 >= 200);
    let home = Home::new();
    home.run(&["run", "--ready", "never", "--", "echo", "one"])
        .succeeds();
    assert_eq!(cold_start(&home), None);
}

#[test]
fn what_was_printed_before_a_kill_is_in_the_queue() {
    let home = Home::new();
    let script = "n=0; while :; do n=$((n+1)); echo line $n; done";
    let mut run = home
        .soliplex()
        .args(shell(script))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(run.stdout.take().unwrap());
    let mut line = String::new();
    for _ in 0..2_000 {
        line.clear();
        stdout.read_line(&mut line).unwrap();
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let last = rest.lines().last().unwrap_or(&line).trim();
    let last: usize = last
        .strip_prefix("line ")
        .unwrap_or("0")
        .parse()
        .unwrap_or(0);
    let records = printed(&home);
    assert!(
        last <= records.len(),
        "{last} lines seen, {} recorded",
        records.len()
    );
    for (n, message) in messages(&records).into_iter().enumerate() {
        assert_eq!(message, format!("line {}", n + 1));
    }
}

#[test]
fn signals_reach_the_program_and_its_answer_counts() {
    let home = Home::new();
    let script = "trap 'echo tidying; exit 7' TERM; trap 'echo reloading' HUP USR1; echo up; while :; do sleep 0.05; done";
    let mut run = home.start(&shell(script));
    run.prints("up");
    run.signal("USR1");
    run.prints("reloading");
    run.signal("TERM");
    run.prints("tidying");
    assert_eq!(run.ends().code(), Some(7));
}

#[test]
fn to_be_told_to_end_is_no_crash() {
    let home = Home::new();
    let mut run = home.start(&shell("echo up; exec sleep 60"));
    run.prints("up");
    run.signal("TERM");
    assert_eq!(run.ends().code(), Some(128 + 15));
    assert_eq!(fatal(&home), None);
    let records = home.queued();
    assert_eq!(records.last().unwrap()["attributes"]["signal"], "SIGTERM");
}

#[test]
fn what_it_was_started_to_ignore_the_program_ignores_too() {
    let home = Home::new();
    let soliplex = env!("CARGO_BIN_EXE_soliplex");
    let script =
        format!("trap '' HUP; exec {soliplex} run -- sh -c 'echo up; kill -HUP $$; echo alive'");
    let ran = assert_cmd::Command::from_std({
        let mut command = Command::new("sh");
        command
            .args(["-c", &script])
            .env("SOLIPLEX_STATE_DIR", home.path("state"));
        command.env("HOME", home.path(""));
        command
    })
    .assert()
    .succeeds();
    assert_eq!(ran.stdout_text(), "up\nalive\n");
}

#[test]
fn stopped_and_continued_it_and_the_program_go_on() {
    let home = Home::new();
    // It is there before the program, which would not wait for it.
    let fifo = home.path("fifo");
    Command::new("mkfifo").arg(&fifo).status().unwrap();
    let mut run = home.start(&shell("echo up; read line < fifo; echo done"));
    run.prints("up");
    let program = child_of(run.id());
    run.signal("TSTP");
    wait_until("both are stopped", || {
        (state(run.id()) == Some('T') && state(program) == Some('T')).then_some(())
    });
    run.signal("CONT");
    wait_until("both go on", || {
        (state(run.id()) != Some('T') && state(program) != Some('T')).then_some(())
    });
    fs::write(fifo, "line\n").unwrap();
    run.prints("done");
    assert_eq!(run.ends().code(), Some(0));
}

#[test]
fn a_stop_that_was_not_asked_of_it_does_not_stop_it() {
    let home = Home::new();
    let mut run = home.start(&shell("echo up; sleep 0.2; echo done"));
    run.prints("up");
    let program = child_of(run.id());
    let kill = |signal: &str| {
        Command::new("kill")
            .args([signal, &program.to_string()])
            .status()
    };
    kill("-STOP").unwrap();
    wait_until("it is stopped", || {
        (state(program) == Some('T')).then_some(())
    });
    assert_ne!(state(run.id()), Some('T'));
    kill("-CONT").unwrap();
    run.prints("done");
    assert_eq!(run.ends().code(), Some(0));
}

#[test]
fn a_silent_program_has_a_start_and_an_end() {
    let home = Home::new();
    home.run(&["run", "--", "true"]).succeeds();
    assert_eq!(
        messages(&home.queued()),
        ["session started", "session ended"]
    );
}

#[test]
fn a_daemon_left_behind_is_not_waited_for() {
    let home = Home::new();
    let ran = home.run(&shell("sleep 20 & echo started")).succeeds();
    assert_eq!(ran.stdout_text(), "started\n");
    assert_eq!(messages(&printed(&home)), ["started"]);
}

#[test]
fn binary_output_passes_through_and_is_not_recorded_as_text() {
    let home = Home::new();
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let ran = home
        .run_with_stdin(&["run", "--", "cat"], &bytes)
        .succeeds();
    assert_eq!(ran.get_output().stdout, bytes);
    let disk: u64 = fs::metadata(home.queue().join("log_queue.jsonl"))
        .unwrap()
        .len();
    assert!(disk < 20_000, "{disk} bytes of records");
}

#[test]
fn a_huge_line_passes_through_and_is_cut_in_its_record() {
    let home = Home::new();
    let mut input = vec![b'x'; 20 << 20];
    input.extend(b"\nnext\n");
    let ran = home
        .run_with_stdin(&["run", "--", "cat"], &input)
        .succeeds();
    assert!(ran.get_output().stdout == input);
    let records = printed(&home);
    assert_eq!(records.len(), 2);
    assert!(records[0]["message"].as_str().unwrap().len() <= 65_536);
    assert_eq!(records[1]["message"], "next");
}

#[test]
fn a_chatty_program_is_recorded_line_for_line() {
    let home = Home::new();
    let ran = home.run(&["run", "--", "seq", "5000"]).succeeds();
    assert_eq!(ran.stdout_text().lines().count(), 5_000);
    let records = printed(&home);
    assert_eq!(records.len(), 5_000);
    for (n, message) in messages(&records).into_iter().enumerate() {
        assert_eq!(message, (n + 1).to_string());
    }
}

/// Runs a script whose output has no room.
#[cfg(target_os = "linux")]
fn run_into_full(home: &Home, script: &str) -> std::process::Output {
    home.soliplex()
        .args(shell(script))
        .stdout(fs::File::create("/dev/full").unwrap())
        .output()
        .unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_said_once_and_recorded_all_the_same() {
    let home = Home::new();
    let script = "i=0; while [ $i -lt 50 ]; do echo line $i; i=$((i+1)); sleep 0.01; done; exit 3";
    let output = run_into_full(&home, script);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        said.matches("could not be written (stdout: ").count(),
        1,
        "{said}"
    );
    assert_eq!(printed(&home).len(), 50);
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_is_lost_is_no_success() {
    let home = Home::new();
    for script in ["for i in 1 2 3; do echo line$i || exit 3; done", "printf x"] {
        let output = run_into_full(&home, script);
        assert_eq!(output.status.code(), Some(1), "{script}");
        let said = String::from_utf8(output.stderr).unwrap();
        let told = said.matches("could not be written (stdout: ").count();
        assert_eq!(told, 1, "{said}");
        assert!(said.contains("recorded all the same"), "{said}");
    }
    assert_eq!(printed(&home).len(), 4);
}

#[test]
fn when_nobody_reads_any_more_the_program_learns_of_it() {
    let home = Home::new();
    let mut run = home
        .soliplex()
        .args(["run", "--", "yes", &"long ".repeat(1000)])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut some = [0; 10];
    run.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let status = wait_until("it ends", || run.try_wait().unwrap());
    assert_eq!(status.code(), Some(128 + 13));
    assert!(fatal(&home).is_none(), "to be unread is no crash");
}

#[test]
fn a_queue_that_takes_nothing_does_not_stop_the_program() {
    let home = Home::new();
    let soliplex = env!("CARGO_BIN_EXE_soliplex");
    // A file may grow to 4 KiB, then writing to it fails.
    let script =
        format!("trap '' XFSZ; ulimit -f 8; exec {soliplex} run -- sh -c 'seq 1000; exit 5'");
    let mut command = Command::new("sh");
    command
        .args(["-c", &script])
        .env("HOME", home.path(""))
        .env("SOLIPLEX_STATE_DIR", home.path("state"));
    let ran = assert_cmd::Command::from_std(command).assert().exits(5);
    assert_eq!(ran.stdout_text().lines().count(), 1000);
    assert!(
        ran.stderr_text().contains("not stored:"),
        "{}",
        ran.stderr_text()
    );
}

#[test]
fn records_are_in_the_queue_as_they_are_printed() {
    let home = Home::new();
    let run: Running = home.start(&shell("echo one; sleep 20"));
    run.prints("one");
    assert_eq!(messages(&printed(&home)), ["one"]);
}

#[test]
fn changes_of_the_network_are_recorded() {
    // A network of its own takes root, or a kernel that lets users have one.
    let isolate = ["-rn", "--", "ip", "link", "add", "probe0", "type", "dummy"];
    let is_possible = Command::new("unshare")
        .args(isolate)
        .stderr(Stdio::null())
        .status();
    if !is_possible.is_ok_and(|status| status.success()) {
        return;
    }
    let home = Home::new();
    let script = "until=$(($(date +%s) + 20)); seen() { until grep -q \"$1\" state/queue/log_queue.jsonl; do sleep 0.02; test $(date +%s) -lt $until || exit 1; done; }; \
        ip link set lo up; ip link add wlan7 type dummy; ip addr add 10.9.8.2/24 dev wlan7; ip link set wlan7 up; seen '\"type\":\"wifi\",\"online\":true'; \
        ip link set wlan7 down; seen '\"type\":\"none\",\"online\":false'";
    let mut command = Command::new("unshare");
    command
        .args([
            "-rn",
            "--",
            env!("CARGO_BIN_EXE_soliplex"),
            "run",
            "--",
            "sh",
            "-c",
            script,
        ])
        .env("HOME", home.path(""))
        .env("SOLIPLEX_STATE_DIR", home.path("state"))
        .current_dir(home.path(""));
    assert_cmd::Command::from_std(command).assert().succeeds();
    let records = home.queued();
    let changes: Vec<_> = records
        .iter()
        .filter(|record| record["message"] == "network_changed")
        .collect();
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert_eq!(changes[0]["logger"], "Connectivity");
}

#[test]
fn the_first_record_says_what_runs_a_script() {
    let home = Home::new();
    let script = home.file("script", "#!/bin/sh\necho up\n");
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let flags = ["--app-version", "3.1", "--build-number", "412"];
    let mut args = vec!["run"];
    args.extend(flags);
    args.extend(["--", script.to_str().unwrap()]);
    home.run(&args).succeeds();
    let first = &home.queued()[0];
    assert_eq!(first["message"], "session started");
    let said = &first["attributes"];
    for (name, value) in [
        ("app", "script"),
        ("app_version", "3.1"),
        ("build_number", "412"),
        ("runtime", "sh"),
    ] {
        assert_eq!(said[name], value, "{name}");
    }
    assert!(said["os_name"].is_string() && said["os_version"].is_string());
}

#[test]
fn a_program_runs_although_nothing_can_be_kept() {
    let home = Home::new();
    home.file("state", "no folder");
    let ran = home.run(&shell("echo ran; exit 3")).exits(3);
    assert_eq!(ran.stdout_text(), "ran\n");
    let said = ran.stderr_text();
    for (once, what) in [
        ("cannot keep the install id in ", "the id"),
        ("--state-dir or SOLIPLEX_STATE_DIR", "what to do about it"),
        (
            "kept in memory only; --queue or SOLIPLEX_QUEUE",
            "the queue",
        ),
        (" records not sent: a memory queue", "what is lost"),
    ] {
        assert_eq!(said.matches(once).count(), 1, "{what}: {said}");
    }
    let ran = home
        .run(&["--queue", "q", "run", "--", "echo", "ran"])
        .succeeds();
    assert!(!ran.stderr_text().contains("in memory"));
    let records = json_lines(&fs::read_to_string(home.path("q/log_queue.jsonl")).unwrap());
    assert_eq!(records[0]["installId"], records[1]["installId"]);
}

#[test]
fn records_that_drive_older_ones_out_of_the_queue_are_told_at_the_end() {
    let home = Home::new();
    let mut input = vec![b'x'; 1_000];
    input.push(b'\n');
    let ran = home.run_with_stdin(&["run", "--", "cat"], input.repeat(12_000));
    let said = ran.succeeds().stderr_text();
    assert!(
        said.contains(" older records were dropped: the queue holds 10 MB; "),
        "{said}"
    );
    assert!(said.contains("`soliplex run --upload`"), "{said}");
}

#[test]
fn attributes_that_a_program_prints_are_those_of_its_records() {
    let home = Home::new();
    let line = r#"{"level":"info","logger":"UI","message":"slow_frame","attributes":{"metric":"slow_frame","ms":21}}"#;
    let own = r#"{"message":"m","attributes":{"stream":"mine"}}"#;
    home.run(&["run", "--", "printf", "%s\n%s\n", line, own])
        .succeeds();
    let records = printed(&home);
    assert_eq!(
        records[0]["attributes"],
        serde_json::json!({"metric": "slow_frame", "ms": 21, "stream": "stdout"})
    );
    assert_eq!(records[1]["attributes"]["stream"], "mine");
    let shown = home.run(&["metrics"]).succeeds().stdout_text();
    assert!(shown.contains("slow_frame"), "{shown}");
}
