//! `soliplex doctor`: what may keep an upload from working, and what to do.

use std::fmt;
use std::io::Write as _;
use std::path::Path;

use bytesize::ByteSize;
use chrono::{TimeDelta, Utc};
use serde_json::json;

use super::sanitizer::sanitizer;
use super::upload::settings;
use super::{Context, telemetry};
use crate::cli::doctor::DoctorArgs;
use crate::cli::upload::ResultFormat;
use crate::config::Config;
use crate::error::{Exit, in_one_line};
use crate::output::{Printer, counted, table};
use crate::queue::{Entry, QueueError, inspect, read_pending, rejection};
use crate::sanitize::Sanitizer;
use crate::upload::{
    Credential, EMPTY_BODY, Endpoint, Expected, Finding, Transport, Verdict, check_clock,
    check_endpoint, check_route, check_token, clock_skew,
};

/// How many bad records are told one by one.
const MAX_COMPLAINTS: usize = 5;

/// What a server may offer besides, beside the endpoint.
const ROUTES: [&str; 3] = ["../../healthz", "config/logging", "screenshots"];

pub(super) fn run(args: DoctorArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let mut findings = configuration(&args, &context.config);
    findings.extend(writable(&context.config));
    findings.extend(queue(&context.config));
    let sanitizer = sanitizer(&context.config).unwrap_or_else(|error| {
        findings.push(unusable_rules(&error));
        Sanitizer::default()
    });
    findings.extend(network(&args, &context.config, &sanitizer)?);
    print(&args, &findings, &mut context.printer)?;
    let worst = findings.iter().map(|finding| finding.verdict).max();
    Ok(match worst {
        Some(Verdict::Problem) => Exit::Failed,
        _ => Exit::Done,
    })
}

/// The settings, and where each comes from.
fn configuration(args: &DoctorArgs, config: &Config) -> Vec<Finding> {
    let file = match &config.file {
        Some(path) => format!("read from {}", path.display()),
        None => "no file; defaults, environment and flags".to_owned(),
    };
    let mut findings = vec![Finding::ok("config", file)];
    let mut set = |name: &str, value: &dyn fmt::Display, by: &dyn fmt::Display| {
        findings.push(Finding::ok("config", format!("{name} {value} ({by})")));
    };
    let (state, queue) = (&config.state_dir, &config.queue);
    set("state folder", &state.value.display(), &state.origin);
    set("queue", &queue.value, &queue.origin);
    if let Some(endpoint) = settings::chosen_endpoint(args.endpoint.as_deref(), config) {
        let url = Endpoint::without_user_info(&endpoint.value);
        set("endpoint", &url, &endpoint.origin);
    }
    if let Some(server) = &config.server {
        let url = Endpoint::without_user_info(&server.value);
        set("server", &url, &server.origin);
    }
    let token_file = settings::chosen_token_file(args.token_file.as_deref(), config);
    match (&args.token_env, token_file) {
        (Some(name), _) => set("token from the variable", name, &"--token-env"),
        (None, Some(file)) => set("token file", &file.value.display(), &file.origin),
        (None, None) => {}
    }
    if let Some(file) = &config.operator_token_file {
        set("operator token file", &file.value.display(), &file.origin);
    }
    let (is_on, by) = telemetry::switched(config);
    set("telemetry", &if is_on { "on" } else { "off" }, &by);
    for (name, value, flag) in [
        ("issuer", (&args.issuer, &config.issuer), "--issuer"),
        ("audience", (&args.audience, &config.audience), "--audience"),
        ("user", (&None, &config.user), ""),
    ] {
        match (value, &config.file) {
            ((Some(value), _), _) => set(name, value, &flag),
            ((None, Some(value)), Some(file)) => set(name, value, &file.display()),
            _ => {}
        }
    }
    for (name, count) in [
        ("production hosts:", config.production_hosts.len()),
        ("resource attributes:", config.resource.len()),
    ] {
        if let (1.., Some(file)) = (count, &config.file) {
            set(name, &count, &file.display());
        }
    }
    if let Some(policy) = &config.policy.file {
        findings.push(Finding::ok("policy", format!("{} holds", policy.display())));
    }
    findings
}

/// Without its sanitizer no command takes or sends a record.
fn unusable_rules(error: &anyhow::Error) -> Finding {
    Finding::problem(
        "sanitizer",
        in_one_line(error),
        "correct the rules, or what `[sanitize]` in the settings says of them",
    )
}

/// Whether there is room for what must be remembered, and for records.
fn writable(config: &Config) -> Vec<Finding> {
    let state = &config.state_dir.value;
    let mut findings = vec![writable_folder("state", state, "--state-dir")];
    let queue = config.queue.value.folder();
    // One that is still to be made in the state folder was looked at with it.
    // That a file is no queue shows when it is read.
    let is_apart = |queue: &&Path| !queue.starts_with(state) || queue.exists();
    if let Some(queue) = queue.filter(is_apart)
        && !queue.is_file()
    {
        findings.push(writable_folder("queue", queue, "--queue"));
    }
    findings
}

/// Whether a folder, or the one in which it would be made, can be written to. A
/// file without a name shows it and leaves nothing behind.
fn writable_folder(check: &'static str, folder: &Path, flag: &str) -> Finding {
    let mut ancestors = folder.ancestors();
    let there = ancestors.find(|folder| !folder.as_os_str().is_empty() && folder.exists());
    let written = tempfile::tempfile_in(there.unwrap_or(Path::new(".")))
        .and_then(|mut file| file.write_all(b"x"));
    let name = folder.display();
    match written {
        Ok(()) => Finding::ok(check, format!("{name} can be written to")),
        Err(error) => Finding::problem(
            check,
            format!("{name} cannot be written to: {error}"),
            &format!("make it writable and make room on its disk, or name another with {flag}"),
        ),
    }
}

fn queue(config: &Config) -> Vec<Finding> {
    let Some(folder) = config.queue.value.folder() else {
        return vec![Finding::ok("queue", "in memory: it ends with each process")];
    };
    let report = match inspect(folder, Default::default()) {
        Ok(report) => report,
        Err(QueueError::Missing(_)) => {
            return vec![Finding::ok("queue", "nothing was queued yet")];
        }
        Err(error) => {
            return vec![Finding::problem(
                "queue",
                error.to_string(),
                "see it with `soliplex queue inspect`",
            )];
        }
    };
    let mut findings = vec![Finding::ok(
        "queue",
        format!(
            "{} in {} waiting",
            counted(report.pending, "record"),
            ByteSize(report.pending_bytes).display().si()
        ),
    )];
    if report.dropped.records > 0 {
        findings.push(Finding::warning(
            "queue",
            format!(
                "{} dropped for want of room",
                counted(report.dropped.records, "record")
            ),
            "upload more often",
        ));
    }
    findings.extend(records(folder));
    findings
}

/// What the deployed backend would say about the records that wait, and what
/// cannot be read.
fn records(folder: &Path) -> Vec<Finding> {
    let Ok(entries) = read_pending(folder) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let mut damaged = 0_u64;
    let mut refused = 0_usize;
    for (index, entry) in entries.map_while(Result::ok).enumerate() {
        match entry {
            Entry::Damage(_) => damaged += 1,
            Entry::Record(line) => {
                if let Some(reason) = rejection(&line) {
                    refused += 1;
                    if refused <= MAX_COMPLAINTS {
                        findings.push(Finding::warning(
                            "records",
                            format!("the deployed backend would refuse record {} and all that go with it: {reason}", index + 1),
                            "nothing: only this one is set aside as a dead letter",
                        ));
                    }
                }
            }
        }
    }
    if refused > MAX_COMPLAINTS {
        let more = refused - MAX_COMPLAINTS;
        findings.push(Finding::warning(
            "records",
            format!("and {more} more like these"),
            "see them all with `soliplex upload --dry-run`",
        ));
    }
    if damaged > 0 {
        findings.push(Finding::warning(
            "queue",
            format!("{damaged} stretches hold no record"),
            "see them with `soliplex queue inspect --verify`",
        ));
    }
    findings
}

/// Token, endpoint and clock. The endpoint comes first, since the token's
/// times are judged by the server's clock.
fn network(
    args: &DoctorArgs,
    config: &Config,
    sanitizer: &Sanitizer,
) -> anyhow::Result<Vec<Finding>> {
    let credential = settings::credential(&args.token_env, args.token_file.as_ref(), config);
    // Without a token that can be used there is still a server to look at.
    let shown = credential.as_ref().unwrap_or(&Credential::Anonymous);
    let mut findings = Vec::new();
    let mut skew = None;
    match settings::endpoint(args.endpoint.as_deref(), config) {
        Ok(endpoint) => findings.extend(ask(args, sanitizer, endpoint, shown, &mut skew)?),
        Err(error) => findings.push(Finding::problem(
            "endpoint",
            error.to_string(),
            "then run `soliplex doctor` again",
        )),
    }
    findings.extend(match &credential {
        Ok(Credential::Bearer(token)) => {
            let expected = Expected {
                issuer: args.issuer.clone().or_else(|| config.issuer.clone()),
                audience: args.audience.clone().or_else(|| config.audience.clone()),
            };
            let now = Utc::now() + skew.unwrap_or(TimeDelta::zero());
            check_token(token, &expected, now)
        }
        Ok(Credential::Anonymous | Credential::Pending) => {
            vec![Finding::ok(
                "token",
                "none; requests carry no Authorization",
            )]
        }
        Err(error) => {
            let next = "give a file with one token in one line";
            vec![Finding::problem("token", error.to_string(), next)]
        }
    });
    Ok(findings)
}

fn ask(
    args: &DoctorArgs,
    sanitizer: &Sanitizer,
    endpoint: Endpoint,
    credential: &Credential,
    skew: &mut Option<TimeDelta>,
) -> anyhow::Result<Vec<Finding>> {
    let mut findings = vec![transport_security(&endpoint)];
    let transport = settings::transport(endpoint, args.timeout, sanitizer)?;
    let token = match credential {
        Credential::Bearer(token) => Some(token),
        Credential::Anonymous | Credential::Pending => None,
    };
    let runtime = settings::runtime()?;
    let result = runtime.block_on(transport.post(EMPTY_BODY.into(), token));
    findings.push(check_endpoint(&result));
    if let Ok(reply) = &result {
        *skew = clock_skew(reply, Utc::now());
        findings.push(check_clock(*skew));
        for route in ROUTES {
            let answer = runtime.block_on(transport.get(route, token));
            let path = transport.endpoint().beside(route).path().to_owned();
            findings.push(check_route(&path, &answer));
        }
    }
    Ok(findings)
}

/// Whether logs and token would travel in the open.
fn transport_security(endpoint: &Endpoint) -> Finding {
    let is_local = matches!(endpoint.host(), "localhost" | "127.0.0.1" | "[::1]");
    if endpoint.url().scheme() == "https" || is_local {
        Finding::ok("endpoint", endpoint.to_string())
    } else {
        Finding::warning(
            "endpoint",
            format!("{endpoint} is not encrypted: logs and token travel in the open"),
            "use https",
        )
    }
}

fn print(args: &DoctorArgs, findings: &[Finding], printer: &mut Printer) -> anyhow::Result<()> {
    if args.format == ResultFormat::Json {
        return Ok(printer.json(&json!({ "findings": findings }))?);
    }
    let rows = findings.iter().map(|finding| {
        let says = match finding.next.as_str() {
            "" => finding.says.clone(),
            next => format!("{}; {next}", finding.says),
        };
        vec![finding.verdict.to_string(), finding.check.to_owned(), says]
    });
    let width = printer.width();
    printer.line(table::render(&[], rows, &[], width))?;
    Ok(())
}
