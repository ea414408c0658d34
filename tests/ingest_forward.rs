//! `ingest serve` forwarding to a collector.

use serde_json::Value;

use crate::fault_server::{Fault, FaultServer, Request};
use crate::ingest::{batch, get, post, serve};
use crate::support::{Home, Ran, Server, record_line, wait_until};

/// A collector that takes everything.
fn collector() -> FaultServer {
    FaultServer::start(|_| Fault::Answer(200, "{}".to_owned()))
}

/// The first request that came.
fn first_request(collector: &FaultServer) -> Request {
    wait_until("a request comes", || {
        collector.requests().into_iter().next()
    })
}

/// The log records of a request in OTLP JSON, with their resource and scope.
fn records(request: &Request) -> Vec<(Value, Value, Value)> {
    let body: Value = serde_json::from_slice(&request.body).expect("OTLP JSON");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut records = Vec::new();
    for of_resource in list(&body["resourceLogs"]) {
        for of_scope in list(&of_resource["scopeLogs"]) {
            for record in list(&of_scope["logRecords"]) {
                let resource = of_resource["resource"].clone();
                records.push((record, resource, of_scope["scope"].clone()));
            }
        }
    }
    records
}

/// The value of an attribute in OTLP JSON.
fn attribute<'v>(of: &'v Value, key: &str) -> Option<&'v Value> {
    let attributes = of["attributes"].as_array()?;
    let found = attributes
        .iter()
        .find(|attribute| attribute["key"] == key)?;
    found["value"].as_object()?.values().next()
}

fn error_with_resource() -> String {
    let record = r#"{"timestamp":"2026-02-06T12:00:00.000Z","level":"error","logger":"HTTP","message":"down","attributes":{"tries":3,"session_id":"mine","ok":false},"error":"SocketException: refused","stackTrace":"at main (lib/main.dart:1)","installId":"install-1","sessionId":"session-1"}"#;
    format!(r#"{{"logs":[{record}],"resource":{{"service.name":"app"}}}}"#)
}

#[test]
fn the_variables_of_opentelemetry_name_collector_protocol_and_headers() {
    let collector = collector();
    let home = Home::new();
    let url = collector.url();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=blue"),
    ];
    let server = serve(&home, &["--no-auth"], &variables);
    assert_eq!(post(&server, None, error_with_resource()).0, 200);

    let request = first_request(&collector);
    assert!(
        request.head.starts_with("POST /v1/logs "),
        "{}",
        request.head
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("x-team"), Some("blue"));
    let (record, resource, scope) = records(&request).remove(0);
    assert_eq!(scope["name"], "HTTP");
    assert_eq!(attribute(&resource, "service.name"), Some(&"app".into()));
    assert_eq!(record["body"]["stringValue"], "down");
    assert_eq!(record["severityText"], "ERROR");
    assert_eq!(record["severityNumber"], 17);
    assert_eq!(attribute(&record, "session.id"), Some(&"session-1".into()));
    assert_eq!(attribute(&record, "session_id"), Some(&"mine".into()));
    assert_eq!(attribute(&record, "ok"), Some(&false.into()));
    assert_eq!(
        attribute(&record, "exception.type"),
        Some(&"SocketException".into())
    );
    for key in [
        "error.fingerprint",
        "server_received_at",
        "exception.stacktrace",
    ] {
        assert!(attribute(&record, key).is_some(), "{key} is missing");
    }
}

#[test]
fn the_token_for_logfire_goes_raw_into_the_header_and_nowhere_else() {
    let collector = FaultServer::start(|request| match request.number {
        // A refusal that repeats the token, as careless servers do.
        0 => Fault::Answer(
            500,
            request.header("authorization").unwrap_or("").to_owned(),
        ),
        _ => Fault::Answer(200, String::new()),
    });
    let home = Home::new();
    let token = ["pylf", "v1", "us", "0000madeup0000madeup"].join("_");
    let url = collector.url();
    let variables = [
        ("LOGFIRE_TOKEN", token.as_str()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("SOLIPLEX_LOG", "trace"),
    ];
    let log = home.path("access.jsonl");
    let flags = ["--no-auth", "--access-log", log.to_str().unwrap()];
    let mut server = serve(&home, &flags, &variables);
    let (_, reply) = post(&server, None, error_with_resource());
    let requests = wait_until("it is sent again", || {
        let requests = collector.requests();
        (requests.len() > 1).then_some(requests)
    });
    for request in &requests {
        assert_eq!(request.header("authorization"), Some(token.as_str()));
        assert_eq!(
            request.header("content-type"),
            Some("application/x-protobuf")
        );
    }
    let (_, page) = get(&server, "/api/v1/logs", None);
    server.running.signal("TERM");
    server.running.ends();
    let mut told = format!("{reply}{page}");
    told += &std::fs::read_to_string(log).expect("a log");
    told.extend(server.running.said());
    assert!(told.contains("records not forwarded"), "{told}");
    assert!(!told.contains(&token), "the token shows");
}

#[test]
fn in_step_with_the_collector_its_failure_is_502_and_nothing_is_lost() {
    let collector = FaultServer::start(|request| match request.number {
        0 => Fault::status(503),
        _ => Fault::Answer(200, "{}".to_owned()),
    });
    let home = Home::new();
    let url = collector.url();
    let flags = ["--no-auth", "--otlp-endpoint", &url, "--forward", "sync"];
    let variables = [("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")];
    let server = serve(&home, &flags, &variables);
    let body = batch(&[&record_line(1)]);
    let (status, reply) = post(&server, None, &*body);
    assert_eq!(status, 502, "{reply}");
    // The client sends it again: a duplicate, but forwarded by then.
    let reply = wait_until("it is forwarded", || {
        let (status, reply) = post(&server, None, &*body);
        (status == 200).then_some(reply)
    });
    assert_eq!(reply["duplicates"], 1, "{reply}");
    let taken = collector.requests().last().cloned().expect("a request");
    assert_eq!(records(&taken).len(), 1);
}

#[test]
fn a_collector_that_never_answers_holds_up_nobody_for_good() {
    // Connections are taken, and nothing is ever said.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let home = Home::new();
    let flags = ["--no-auth", "--otlp-endpoint", &url, "--forward", "sync"];
    let variables = [("OTEL_EXPORTER_OTLP_TIMEOUT", "100")];
    let server = serve(&home, &flags, &variables);
    let (status, reply) = post(&server, None, batch(&[&record_line(1)]));
    assert_eq!(status, 502, "{reply}");
    let (_, status) = get(&server, "/api/v1/status", None);
    assert_eq!(status["forward"]["failures"], 1, "{status}");
}

#[test]
fn what_waits_for_a_collector_that_is_away_is_bounded_by_a_flag() {
    let home = Home::new();
    let nobody = "http://127.0.0.1:9";
    let flags = ["--no-auth", "--otlp-endpoint", nobody, "--max-backlog", "2"];
    let server = serve(&home, &flags, &[]);
    let lines: Vec<String> = (0..4).map(record_line).collect();
    let three = batch(&[&lines[0], &lines[1], &lines[2]]);
    assert_eq!(post(&server, None, three).0, 200);
    assert_eq!(post(&server, None, batch(&[&lines[3]])).0, 502);
}

#[test]
fn forwarding_goes_on_where_a_killed_server_stopped() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    assert_eq!(post(&server, None, batch(&[&record_line(1)])).0, 200);
    drop(server);
    let collector = collector();
    let url = collector.url();
    let flags = ["--no-auth", "--otlp-endpoint", &url];
    let variables = [("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")];
    let server = serve(&home, &flags, &variables);
    assert_eq!(post(&server, None, batch(&[&record_line(2)])).0, 200);
    let bodies = wait_until("both are forwarded", || {
        let requests = collector.requests();
        let records = requests.iter().flat_map(records);
        let bodies: Vec<Value> = records
            .map(|(record, ..)| record["body"]["stringValue"].clone())
            .collect();
        (bodies.len() >= 2).then_some(bodies)
    });
    assert_eq!(bodies, ["record 1", "record 2"]);
}

#[test]
fn a_protocol_that_is_not_spoken_is_told_at_the_start() {
    let home = Home::new();
    let mut command = home.soliplex();
    command
        .args(["ingest", "serve", "--no-auth", "--listen", "127.0.0.1:0"])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    assert_cmd::Command::from_std(command)
        .assert()
        .exits(2)
        .says_in_one_line(&["OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"]);
}
