//! Opening a session for a script, and closing it.

use std::time::Duration;

use chrono::Utc;
use uuid::Uuid;

use crate::capture::{self, App};
use crate::cli::session::{EndArgs, StartArgs};
use crate::command::sanitizer::sanitizer;
use crate::command::{Context, queue_folder};
use crate::config::{INSTALL_VARIABLE, SESSION_VARIABLE};
use crate::error::{Error, Exit};
use crate::output::shell;
use crate::queue::{LogQueue, Options, Queue, read_recent};
use crate::record::{
    Defaults, EncodedRecord, Identity, Level, LogRecord, MAX_BREADCRUMBS, Trail, keys,
};

/// Writes the first record of a new session and prints what a shell evaluates
/// to be in it.
pub(super) fn start(args: StartArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let session = Uuid::now_v7().to_string();
    let app = App {
        name: args.app,
        version: args
            .app_version
            .or_else(|| context.config.resource.get("service.version").cloned()),
        build: args.build_number,
        runtime: capture::parent(),
    };
    let identity = identity(session.clone(), args.user.clone(), context)?;
    let install = identity.install_id.clone();
    append(capture::session_start(&app), identity, context)?;
    let exports = [
        (SESSION_VARIABLE, Some(session)),
        (INSTALL_VARIABLE, Some(install)),
        ("SOLIPLEX_USER", args.user),
    ];
    for (name, value) in exports {
        if let Some(value) = value {
            context
                .printer
                .line(format_args!("export {name}={}", shell::quoted(&value)))?;
        }
    }
    Ok(Exit::Done)
}

/// Writes the last record of a session, and a fatal one before it if it did
/// not end well.
pub(super) fn end(args: EndArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let session = args.session.filter(|session| !session.is_empty());
    let session = session.ok_or_else(|| {
        Error::usage(
            "no session is open: open one with `eval \"$(soliplex session start)\"`, or name one with --session",
        )
    })?;
    let identity = identity(session.clone(), args.user, context)?;
    if args.status != 0 {
        let message = format!("the script exited with {}", args.status);
        let crash = LogRecord::new(Level::Fatal, "App", &message)
            .with(keys::ERROR, message)
            .with_attribute("exit_code", args.status);
        append(crash, identity.clone(), context)?;
    }
    let record = match age(&session) {
        Some(age) => capture::session_end(age),
        None => LogRecord::new(Level::Info, "App", capture::SESSION_ENDED),
    };
    append(
        record.with_attribute("exit_code", args.status),
        identity,
        context,
    )?;
    Ok(Exit::Done)
}

fn identity(session: String, user: Option<String>, context: &Context) -> anyhow::Result<Identity> {
    Ok(Identity {
        install_id: context.config.install_id()?,
        session_id: session,
        user_id: context.config.user_or(user),
    })
}

fn append(mut record: LogRecord, identity: Identity, context: &Context) -> anyhow::Result<()> {
    let folder = queue_folder(&context.config)?;
    let queue = Queue::open(folder, Options::default())?;
    let logger = record.logger().to_owned();
    let level = record.level().unwrap_or(Level::Info);
    Defaults {
        identity,
        level,
        logger,
    }
    .fill(&mut record);
    sanitizer(&context.config)?.sanitize_record(&mut record);
    if level >= Level::Error {
        let mut trail = Trail::default();
        let session = record.session_id().unwrap_or_default();
        // The record is worth more than what led up to it.
        let recent = read_recent(folder, session, MAX_BREADCRUMBS).unwrap_or_default();
        recent.iter().for_each(|line| trail.push(line));
        trail.lead_to(&mut record);
    }
    queue.append(&EncodedRecord::new(record)?)?;
    Ok(())
}

/// How long ago a session was opened, which its id tells if we made it.
fn age(session: &str) -> Option<Duration> {
    let (seconds, nanoseconds) = Uuid::parse_str(session).ok()?.get_timestamp()?.to_unix();
    let opened = chrono::DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)?;
    (Utc::now() - opened).to_std().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_session_is_in_its_id() {
        assert!(age(&Uuid::now_v7().to_string()).unwrap() < Duration::from_secs(60));
        assert_eq!(age("backup-7"), None);
    }
}
