//! The interface described for programs: OpenAPI 3.1.

mod schemas;

use serde_json::{Value, json};

use schemas::{level, reference, schemas};

/// The document that `/openapi.json` serves.
pub(super) fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "soliplex ingest",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "paths": {
            "/api/v1/logs": { "post": post_logs(), "get": get_logs() },
            "/api/v1/logs/stream": { "get": stream() },
            "/api/v1/sessions": { "get": list(
                "Runs of the app, the one last heard of first",
                "Sessions",
                &["session", "install", "user", "since", "until", "n", "before"],
            ) },
            "/api/v1/sessions/{id}": { "get": story() },
            "/api/v1/fingerprints": { "get": list(
                "The most frequent errors of a window",
                "Fingerprints",
                &["top", "window"],
            ) },
            "/api/v1/status": { "get": list(
                "How the server is doing: counters, the last hour, forwarding, requests",
                "Status",
                &[],
            ) },
            "/api/v1/config/logging": { "get": logging() },
            "/api/v1/screenshots": { "post": post_screenshot() },
            "/api/v1/screenshots/{id}": { "get": screenshot() },
            "/healthz": { "get": open("The process is alive", "application/json", &reference("State")) },
            "/readyz": { "get": ready() },
            "/metrics": { "get": open("Counters for Prometheus", "text/plain", &json!({ "type": "string" })) },
            "/": { "get": file(open("The page for operators", "text/html", &json!({}))) },
            "/assets/{name}": { "get": asset() },
            "/openapi.json": { "get": open("This document", "application/json", &json!({ "type": "object" })) },
        },
        "components": {
            "securitySchemes": {
                "device": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "operator": { "type": "http", "scheme": "bearer" },
            },
            "schemas": schemas(),
            "parameters": parameters(),
        },
    })
}

fn post_logs() -> Value {
    let mut responses = problems(&[400, 401, 403, 408, 413, 415, 429, 502, 503]);
    responses["200"] = answer("Stored, but for what is rejected", &reference("Verdict"));
    responses["422"] = answer("No record is usable", &reference("Unusable"));
    json!({
        "summary": "Take records in",
        "description": "Each record is judged by itself: what is wrong with one costs no other.",
        "security": [{ "device": [] }],
        "requestBody": { "required": true, "content": { "application/json": { "schema": {
            "type": "object",
            "required": ["logs"],
            "properties": {
                "logs": { "type": "array", "items": reference("Record") },
                "resource": { "description": "An object, such as {\"service.name\": \"app\"}; anything else is passed over" },
            },
        }}}},
        "responses": responses,
    })
}

fn get_logs() -> Value {
    list(
        "The first records behind `after`, or else the last ones before `before`; oldest first",
        "Page",
        &[
            "session", "install", "user", "level", "logger", "grep", "attr", "since", "until", "n",
            "after", "before",
        ],
    )
}

fn stream() -> Value {
    let mut operation = list(
        "Records as they come in",
        "Record",
        &[
            "session",
            "install",
            "user",
            "level",
            "logger",
            "grep",
            "attr",
            "since",
            "until",
            "n",
            "after",
            "Last-Event-ID",
        ],
    );
    operation["responses"]["200"] = json!({
        "description": "Events `record` and `gap`",
        "content": { "text/event-stream": { "schema": { "type": "string" } } },
    });
    operation
}

fn logging() -> Value {
    let mut responses = problems(&[400, 403, 404, 503]);
    responses["200"] = answer("The level to log at", &reference("Levels"));
    responses["304"] = json!({ "description": "The level that is known already" });
    json!({
        "summary": "The level that an app is told to log at",
        "parameters": references(&["session", "install", "user"]),
        "responses": responses,
    })
}

fn post_screenshot() -> Value {
    let mut responses = problems(&[400, 401, 403, 408, 413, 415, 422, 429, 503]);
    responses["201"] = answer("Stored", &reference("Id"));
    json!({
        "summary": "Take a screenshot in",
        "security": [{ "device": [] }],
        "parameters": [{
            "name": "id", "in": "query",
            "description": "The name that the device's record has for it; without, the server makes one",
            "schema": { "type": "string", "format": "uuid" },
        }],
        "requestBody": { "required": true, "content": { "image/png": { "schema": {} } } },
        "responses": responses,
    })
}

fn screenshot() -> Value {
    let mut responses = problems(&[400, 401, 403, 404, 503]);
    responses["200"] = json!({
        "description": "The picture",
        "content": { "image/png": { "schema": {} } },
    });
    json!({
        "summary": "A screenshot",
        "security": [{ "operator": [] }],
        "parameters": [
            { "name": "id", "in": "path", "required": true, "schema": { "type": "string" } },
            {
                "name": "thumbnail", "in": "query", "allowEmptyValue": true,
                "description": "At 480p, if it is higher",
                "schema": { "type": "string" },
            },
        ],
        "responses": responses,
    })
}

fn story() -> Value {
    let mut operation = list(
        "What happened in a session, told in order; its last 10,000 records",
        "Story",
        &[],
    );
    operation["parameters"] = json!([{
        "name": "id", "in": "path", "required": true,
        "description": "The session's id, or what no other one starts with",
        "schema": { "type": "string" },
    }]);
    for (status, description) in [("404", "There is none"), ("409", "There are several")] {
        operation["responses"][status] = problem(description);
    }
    operation
}

fn asset() -> Value {
    let mut operation = file(open("A file of the page", "text/javascript", &json!({})));
    operation["parameters"] = json!([{
        "name": "name", "in": "path", "required": true, "schema": { "type": "string" },
    }]);
    for kind in ["text/css", "image/svg+xml"] {
        operation["responses"]["200"]["content"][kind] = json!({ "schema": {} });
    }
    for (status, description) in [("400", "No such name can be"), ("404", "There is none")] {
        operation["responses"][status] = problem(description);
    }
    operation
}

fn ready() -> Value {
    let mut operation = open(
        "Records can be stored now",
        "application/json",
        &reference("State"),
    );
    operation["responses"]["503"] = problem("They cannot");
    operation
}

/// An operation that answers nothing new with 304.
fn file(mut operation: Value) -> Value {
    operation["responses"]["304"] = json!({ "description": "The file that is known already" });
    operation
}

/// An operation that anyone may ask for, without parameters.
fn open(summary: &str, kind: &str, schema: &Value) -> Value {
    let mut content = json!({});
    content[kind] = json!({ "schema": schema });
    json!({
        "summary": summary,
        "responses": { "200": { "description": summary, "content": content }, "403": problem("Not from this origin") },
    })
}

/// An operation by which an operator reads JSON of a schema.
fn list(summary: &str, schema: &str, parameters: &[&str]) -> Value {
    let mut responses = problems(&[400, 401, 403, 503]);
    responses["200"] = answer(summary, &reference(schema));
    json!({
        "summary": summary,
        "security": [{ "operator": [] }],
        "parameters": references(parameters),
        "responses": responses,
    })
}

/// The durations that everybody writes; more are understood.
const SPAN: &str = "^(0|[0-9]{1,6}(ms|s|m|h|d))$";

fn references(names: &[&str]) -> Vec<Value> {
    let reference = |name: &&str| json!({ "$ref": format!("#/components/parameters/{name}") });
    names.iter().map(reference).collect()
}

fn parameters() -> Value {
    let mut all = json!({
        "Last-Event-ID": {
            "name": "Last-Event-ID", "in": "header",
            "description": "The number of the last record seen",
            "schema": { "type": "integer", "minimum": 0 },
        },
    });
    let count = json!({ "type": "integer", "minimum": 1, "maximum": 10000 });
    let number = json!({ "type": "integer", "minimum": 0 });
    let text = json!({ "type": "string" });
    let texts = json!({ "type": "array", "items": text });
    let levels = level();
    let span = json!({ "type": "string", "pattern": SPAN, "examples": ["24h"] });
    let instant = json!({
        "anyOf": [{ "type": "string", "format": "date-time" }, span],
        "examples": ["2026-02-06T12:00:00Z", "10m"],
    });
    for (name, schema, description) in [
        ("session", &text, "What the session's id starts with"),
        (
            "install",
            &text,
            "What the installation's id starts with, or the device's alias",
        ),
        ("user", &text, "What the user's id starts with"),
        ("level", &levels, "The least serious level"),
        ("logger", &text, "A pattern for the logger, with * and ?"),
        (
            "grep",
            &text,
            "A regular expression for message, error and stack trace",
        ),
        ("attr", &texts, "KEY or KEY=VALUE; may be repeated"),
        ("since", &instant, "An instant, or a duration ago"),
        ("until", &instant, "An instant, or a duration ago"),
        ("n", &count, "How many"),
        ("top", &count, "How many"),
        ("after", &number, "Only what comes behind this"),
        ("before", &number, "Only what comes before this"),
        ("window", &span, "How far back"),
    ] {
        all[name] =
            json!({ "name": name, "in": "query", "description": description, "schema": schema });
    }
    all
}

fn problems(statuses: &[u16]) -> Value {
    let mut responses = json!({});
    for status in statuses {
        let reason = axum::http::StatusCode::from_u16(*status);
        let reason = reason.ok().and_then(|status| status.canonical_reason());
        let mut problem = problem(reason.unwrap_or("An error"));
        if matches!(status, 429 | 502 | 503) {
            problem["headers"]["Retry-After"] = json!({
                "description": "After how many seconds to try again",
                "schema": { "type": "integer", "minimum": 1 },
            });
        }
        responses[status.to_string()] = problem;
    }
    responses
}

fn problem(description: &str) -> Value {
    answer(description, &reference("Problem"))
}

fn answer(description: &str, schema: &Value) -> Value {
    json!({
        "description": description,
        "content": { "application/json": { "schema": schema } },
    })
}
