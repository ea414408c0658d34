//! `ingest serve` on NATS JetStream: one server and many.

mod beside;
mod intake;
mod kills;
mod outages;
mod partition;
mod straight;
mod trust;

use std::process::Command;

use serde_json::Value;

use crate::fault_server::FaultServer;
use crate::ingest::get;
use crate::support::{Home, Server, wait_until};

/// Starts a server of a fleet, and waits until it can store records.
fn serve(home: &Home, store: &str, flags: &[&str]) -> Server {
    let server = serve_at_once(home, store, flags);
    wait_until("the server is ready", || {
        (get(&server, "/readyz", None).0 == 200).then_some(())
    });
    server
}

/// As [`serve`]; the server forwards to a collector that reads JSON.
fn serve_forwarding(home: &Home, store: &str, collector: &str) -> Server {
    serve(home, store, &["--otlp-endpoint", collector])
}

/// The command that starts a server of a fleet.
fn serve_command(home: &Home, store: &str, flags: &[&str]) -> Command {
    let mut command = home.soliplex();
    command
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
        .args(["ingest", "serve", "--listen", "127.0.0.1:0", "--no-auth"])
        .args(["--store", store])
        .args(flags);
    command
}

/// Starts a server of a fleet.
fn serve_at_once(home: &Home, store: &str, flags: &[&str]) -> Server {
    let mut command = serve_command(home, store, flags);
    Server::of(&mut command)
}

/// A record of a session as JSON, with an id that only this one has.
fn record(session: &str, n: usize) -> String {
    // A UUIDv7 by its form; its time grows with the number.
    let (high, low) = (n >> 16, n & 0xffff);
    let of_session = session.bytes().fold(7, |sum: u64, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    let id = format!(
        "{high:08x}-{low:04x}-7000-8000-{:012x}",
        of_session & 0xffff_ffff_ffff
    );
    format!(
        r#"{{"timestamp":"2026-02-06T12:00:00.{:03}Z","level":"info","logger":"Test","message":"{session} {n}","installId":"install-1","sessionId":"{session}","recordId":"{id}"}}"#,
        n % 1000,
    )
}

/// The messages of all records that a collector was sent.
fn forwarded(collector: &FaultServer) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut bodies = Vec::new();
    for request in collector.requests() {
        let body: Value = serde_json::from_slice(&request.body).expect("OTLP JSON");
        for of_resource in list(&body["resourceLogs"]) {
            for of_scope in list(&of_resource["scopeLogs"]) {
                for record in list(&of_scope["logRecords"]) {
                    let text = record["body"]["stringValue"].as_str().expect("a text");
                    bodies.push(text.to_owned());
                }
            }
        }
    }
    bodies
}

/// The messages of a page.
fn messages_of(page: &Value) -> Vec<String> {
    let records = page["records"].as_array().expect("records");
    let message = |record: &Value| record["message"].as_str().unwrap_or_default().to_owned();
    records.iter().map(message).collect()
}
