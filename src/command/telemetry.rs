//! `soliplex telemetry`: the switch, and what it stands for.

use std::time::Duration;

use anyhow::Context as _;
use bytesize::ByteSize;
use serde::Serialize;

use super::Context;
use super::sanitizer::sanitizer;
use super::upload::settings;
use crate::cli::Format;
use crate::cli::telemetry::{StatusArgs, TelemetryCommand};
use crate::config::{Config, Origin, PolicyError, Shipped, Telemetry};
use crate::error::{Error, Exit, in_one_line};
use crate::output::{Printer, counted, safe, table};
use crate::queue::{QueueError, inspect};
use crate::sanitize::Sanitizer;
use crate::upload::{Credential, EMPTY_BODY, Endpoint, Transport, check_endpoint};

/// How long the live check may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn run(command: TelemetryCommand, context: &mut Context) -> anyhow::Result<Exit> {
    match command {
        TelemetryCommand::Status(args) => status(&args, context),
        TelemetryCommand::Enable => switch(true, context),
        TelemetryCommand::Disable => switch(false, context),
        TelemetryCommand::Endpoint(args) => set_endpoint(&args.url, context),
    }
}

/// How things stand.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    enabled: bool,
    enabled_by: String,
    endpoint: Option<String>,
    endpoint_by: Option<String>,
    policy: Option<String>,
    /// None where none can be kept.
    install_id: Option<String>,
    queue: String,
    pending: u64,
    pending_bytes: u64,
    last_upload: Option<String>,
    last_error: Option<String>,
    connection: Option<String>,
}

fn status(args: &StatusArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let config = &context.config;
    let found = config
        .queue
        .value
        .folder()
        .map(|folder| inspect(folder, Default::default()));
    let (pending, pending_bytes) = match found {
        Some(Ok(report)) => (report.pending, report.pending_bytes),
        Some(Err(QueueError::Missing(_))) | None => (0, 0),
        Some(Err(error)) => return Err(error.into()),
    };
    let shipped = Shipped::load(&config.state_dir.value);
    let (enabled, enabled_by) = switched(config);
    let endpoint = settings::chosen_endpoint(args.endpoint.as_deref(), config);
    let install_id = match config.install_id() {
        Ok(id) => Some(id),
        Err(error) => {
            context.printer.warn(error);
            None
        }
    };
    let status = Status {
        enabled,
        enabled_by,
        endpoint: endpoint
            .as_ref()
            .map(|endpoint| Endpoint::without_user_info(&endpoint.value).to_owned()),
        endpoint_by: endpoint
            .as_ref()
            .map(|endpoint| endpoint.origin.to_string()),
        policy: config
            .policy
            .file
            .as_ref()
            .map(|file| file.display().to_string()),
        install_id,
        queue: config.queue.value.to_string(),
        pending,
        pending_bytes,
        last_upload: shipped.last_upload,
        last_error: shipped.last_error,
        connection: match (args.offline, &endpoint) {
            (true, _) | (_, None) => None,
            (false, Some(_)) => Some(connection(args, config, &mut context.printer)?),
        },
    };
    match args.format {
        Format::Json | Format::Jsonl => context.printer.json(&status)?,
        Format::Table => print(&status, context)?,
    }
    Ok(Exit::Done)
}

fn print(status: &Status, context: &mut Context) -> anyhow::Result<()> {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let on = if status.enabled { "on" } else { "off" };
    let endpoint = match (&status.endpoint, &status.endpoint_by) {
        (Some(endpoint), Some(by)) => format!("{endpoint} ({by})"),
        _ => "none: set one with `soliplex telemetry endpoint URL`".to_owned(),
    };
    let rows: Vec<Vec<String>> = [
        ("telemetry", format!("{on} ({})", status.enabled_by)),
        ("endpoint", endpoint),
        ("policy", or_none(&status.policy)),
        ("install id", or_none(&status.install_id)),
        (
            "queue",
            format!(
                "{} ({} in {} waiting)",
                status.queue,
                counted(status.pending, "record"),
                ByteSize(status.pending_bytes).display().si()
            ),
        ),
        ("last upload", or_none(&status.last_upload)),
        ("last error", or_none(&status.last_error)),
        ("connection", or_none(&status.connection)),
    ]
    .into_iter()
    .map(|(name, value)| vec![name.to_owned(), safe::escape(&value).to_string()])
    .collect();
    let width = context.printer.width();
    context
        .printer
        .line(table::render(&["what", "how it stands"], rows, &[], width))?;
    Ok(())
}

/// Whether shipping is on, and who says so.
pub(super) fn switched(config: &Config) -> (bool, String) {
    match (config.policy.telemetry, &config.policy.file) {
        (Some(is_on), Some(file)) => (is_on, file.display().to_string()),
        _ if config.telemetry.enabled => (true, "soliplex telemetry enable".to_owned()),
        _ => (false, Origin::Default.to_string()),
    }
}

/// What the endpoint says to a request that brings nothing.
fn connection(args: &StatusArgs, config: &Config, printer: &mut Printer) -> anyhow::Result<String> {
    let endpoint = match settings::endpoint(args.endpoint.as_deref(), config) {
        Ok(endpoint) => endpoint,
        Err(error) => return Ok(error.to_string()),
    };
    let credential = match settings::credential(&None, args.token_file.as_ref(), config) {
        Ok(credential) => credential,
        Err(error) => return Ok(error.to_string()),
    };
    let token = match &credential {
        Credential::Bearer(token) => Some(token),
        Credential::Anonymous | Credential::Pending => None,
    };
    let sanitizer = sanitizer(config).unwrap_or_else(|error| {
        printer.warn(in_one_line(&error));
        Sanitizer::default()
    });
    let transport = settings::transport(endpoint, CHECK_TIMEOUT, &sanitizer)?;
    let result = settings::runtime()?.block_on(transport.post(EMPTY_BODY.into(), token));
    Ok(check_endpoint(&result).says)
}

fn switch(enabled: bool, context: &mut Context) -> anyhow::Result<Exit> {
    let config = &context.config;
    if let Some(locked) = config.policy.telemetry
        && locked != enabled
    {
        let rule = format!("switches telemetry {}", if locked { "on" } else { "off" });
        return refused(config.policy.forbids("the switch stays".to_owned(), rule));
    }
    save(
        config,
        Telemetry {
            enabled,
            ..config.telemetry.clone()
        },
    )?;
    let on = if enabled { "on" } else { "off" };
    context.printer.note(format_args!("telemetry is {on}"));
    Ok(Exit::Done)
}

fn set_endpoint(url: &str, context: &mut Context) -> anyhow::Result<Exit> {
    let config = &context.config;
    let endpoint = Endpoint::parse(url).map_err(|error| Error::usage(error.to_string()))?;
    if let Some(locked) = &config.policy.endpoint {
        let rule = format!("sets the endpoint to {locked}");
        return refused(config.policy.forbids(format!("{url} is refused"), rule));
    }
    if let Err(error) = config.policy.check_endpoint(&endpoint) {
        return refused(error);
    }
    if let Some(Origin::File(file)) = config.endpoint.as_ref().map(|endpoint| &endpoint.origin)
        && *file != Telemetry::path(&config.state_dir.value)
    {
        anyhow::bail!(Error::usage(format!(
            "{} sets the endpoint: change it there",
            file.display()
        )));
    }
    save(
        config,
        Telemetry {
            endpoint: Some(url.to_owned()),
            ..config.telemetry.clone()
        },
    )?;
    context
        .printer
        .note(format_args!("records go to {endpoint}"));
    Ok(Exit::Done)
}

fn save(config: &Config, telemetry: Telemetry) -> anyhow::Result<()> {
    let folder = &config.state_dir.value;
    telemetry
        .save(folder)
        .with_context(|| format!("cannot write {}", Telemetry::path(folder).display()))
}

fn refused(error: PolicyError) -> anyhow::Result<Exit> {
    Err(Error::usage(error.to_string()).into())
}
