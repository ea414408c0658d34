//! Sessions whose stories are known.

mod page;
mod stories;
mod sums;

use super::*;
use crate::fingerprint::Groups;
use crate::record::{Level, LogRecord, keys};

/// A record so many milliseconds after noon.
fn record(at: i64, level: Level, logger: &str, message: &str) -> LogRecord {
    let noon = crate::record::parse_timestamp("2026-02-06T12:00:00Z").unwrap();
    let time = noon + TimeDelta::milliseconds(at);
    LogRecord::new(level, logger, message)
        .with(keys::TIMESTAMP, format_timestamp(time))
        .with(keys::SESSION_ID, "s-1")
        .with(keys::INSTALL_ID, "i-1")
}

fn start(at: i64) -> LogRecord {
    record(at, Level::Info, "App", "session_start")
        .with_attribute("app_version", "2.4.1")
        .with_attribute("build_number", "311")
        .with_attribute("os_name", "Android")
        .with_attribute("os_version", "14")
        .with_attribute("device_model", "Pixel 8")
}

fn network(at: i64, kind: &str) -> LogRecord {
    record(at, Level::Info, "Connectivity", "network_changed")
        .with_attribute("type", kind)
        .with_attribute("online", kind != "none")
}

fn measured(at: i64, name: &str, ms: f64) -> LogRecord {
    record(at, Level::Info, "Rum", "measured")
        .with_attribute("metric", name)
        .with_attribute("ms", ms)
}

fn failure(at: i64, level: Level, kind: &str) -> LogRecord {
    record(at, level, "Http", "request failed")
        .with(keys::ERROR, format!("{kind}: refused"))
        .with(
            keys::STACK_TRACE,
            "#0      fetch (package:app/net.dart:10:3)\n#1      load (package:app/room.dart:4:1)\n",
        )
}

fn tell(records: impl IntoIterator<Item = LogRecord>, others: Option<&Groups>) -> Story {
    let mut builder = StoryBuilder::default();
    for record in records {
        builder.add(record);
    }
    builder.tell(|hash| {
        let group = others?.get(hash)?;
        Some(Reach {
            sessions: group.sessions.count(),
            installs: group.installs.count(),
        })
    })
}

/// A session in which the network goes away and the app falls over.
fn fatal_while_offline() -> Vec<LogRecord> {
    vec![
        start(0),
        network(500, "wifi"),
        record(1_000, Level::Info, "Router", "/rooms"),
        network(60_000, "none"),
        failure(62_000, Level::Error, "SocketException"),
        failure(64_000, Level::Error, "SocketException"),
        record(65_000, Level::Info, "Router", "/settings"),
        failure(66_500, Level::Fatal, "StateError"),
    ]
}
