//! What the bodies of requests and answers look like, as JSON Schema.

use serde_json::{Map, Value, json};

/// Every schema by its name.
pub(super) fn schemas() -> Value {
    json!({
        "Problem": object(&[("error", text())]),
        "Verdict": verdict(),
        "Unusable": unusable(),
        "Record": record(),
        "Page": object(&[
            ("records", list(&reference("Record"))),
            ("before", or_null(&count())),
            ("after", count()),
            ("more", flag()),
        ]),
        "Session": session(),
        "Sessions": object(&[
            ("sessions", list(&reference("Session"))),
            ("before", or_null(&json!({ "type": "integer" }))),
            ("more", flag()),
        ]),
        "Story": story(),
        "Group": group(),
        "Fingerprints": object(&[
            ("window", object(&[("since", instant()), ("until", instant())])),
            ("total", count()),
            ("fingerprints", list(&reference("Group"))),
        ]),
        "Status": status(),
        "Levels": object(&[
            ("min_level", level()),
            ("modules", json!({ "type": "object", "additionalProperties": level() })),
        ]),
        "Id": object(&[("id", json!({ "type": "string", "format": "uuid" }))]),
        "State": object(&[("status", text())]),
    })
}

/// A schema by its name.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// An object that always has these members, and may have more.
fn object(members: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "required": required, "properties": properties(members) })
}

fn properties(members: &[(&str, Value)]) -> Map<String, Value> {
    let owned = |(name, schema): &(&str, Value)| ((*name).to_owned(), schema.clone());
    members.iter().map(owned).collect()
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn instant() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

pub(super) fn level() -> Value {
    json!({ "type": "string", "enum": ["trace", "debug", "info", "warning", "error", "fatal"] })
}

fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn or_null(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn rejected() -> Value {
    list(&object(&[("index", count()), ("reason", text())]))
}

fn verdict() -> Value {
    object(&[
        ("accepted", count()),
        ("duplicates", count()),
        ("rejected", rejected()),
    ])
}

fn unusable() -> Value {
    let mut schema = object(&[("error", text())]);
    schema["properties"]["accepted"] = count();
    schema["properties"]["duplicates"] = count();
    schema["properties"]["rejected"] = rejected();
    schema
}

fn record() -> Value {
    let mut schema = object(&[
        ("timestamp", instant()),
        (
            "level",
            json!({
                "description": "A name, or the number 0, 100, … 500",
                "type": ["string", "integer"],
            }),
        ),
        ("logger", text()),
        ("message", text()),
    ]);
    let or_null = |schema: Value| or_null(&schema);
    let optional = [
        ("attributes", or_null(json!({ "type": "object" }))),
        ("error", or_null(text())),
        ("stackTrace", or_null(text())),
        ("spanId", or_null(text())),
        ("traceId", or_null(text())),
        ("installId", or_null(text())),
        ("sessionId", or_null(text())),
        ("userId", or_null(text())),
        ("activeRun", or_null(json!({ "type": "object" }))),
        ("breadcrumbs", or_null(json!({ "type": "array" }))),
        ("screenshotId", or_null(text())),
        ("recordId", or_null(text())),
        (
            "server_received_at",
            json!({
                "description": "The server's clock when the record came in; what a client says is passed over",
                "type": "string",
            }),
        ),
    ];
    if let Value::Object(known) = &mut schema["properties"] {
        known.extend(properties(&optional));
    }
    schema["description"] = "A record. Every key may also be written in snake_case, \
        others are kept as they are"
        .into();
    schema
}

fn session() -> Value {
    object(&[
        ("sessionId", or_null(&text())),
        ("installId", or_null(&text())),
        ("userId", or_null(&text())),
        ("alias", or_null(&text())),
        ("firstReceivedAt", instant()),
        ("lastReceivedAt", instant()),
        ("firstTimestamp", text()),
        ("lastTimestamp", text()),
        ("records", count()),
        ("errors", count()),
        ("fatals", count()),
        ("resource", or_null(&json!({ "type": "object" }))),
    ])
}

fn story() -> Value {
    let moment = object(&[
        ("time", or_null(&text())),
        ("offsetMs", json!({ "type": "integer" })),
        ("pauseMs", or_null(&json!({ "type": "integer" }))),
        ("category", text()),
        ("network", object(&[("state", text())])),
        ("kind", text()),
        ("record", reference("Record")),
    ]);
    let story = object(&[
        ("sessionId", or_null(&text())),
        ("installId", or_null(&text())),
        ("userId", or_null(&text())),
        ("device", json!({ "type": "object" })),
        ("start", or_null(&text())),
        ("end", or_null(&text())),
        ("duplicates", count()),
        ("skew", or_null(&json!({ "type": "object" }))),
        ("missing", json!({ "type": "object" })),
        ("timeline", list(&moment)),
        ("verdict", list(&text())),
    ]);
    object(&[("story", story), ("cut", flag())])
}

fn group() -> Value {
    let mut schema = object(&[
        ("fingerprint", or_null(&text())),
        ("count", count()),
        (
            "share",
            json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        ),
        ("firstSeen", instant()),
        ("lastSeen", instant()),
        ("knownSince", instant()),
        ("sessions", count()),
        ("installs", count()),
        ("exemplar", text()),
        ("counts", list(&count())),
    ]);
    // Not for what is counted without being told apart: `fingerprint` is null.
    for (name, kind) in [
        ("version", text()),
        ("exceptionType", text()),
        ("frames", list(&json!({ "type": "object" }))),
        ("basis", text()),
        ("symbolicated", or_null(&flag())),
    ] {
        schema["properties"][name] = kind;
    }
    schema
}

fn status() -> Value {
    let counters = object(&[
        ("at", count()),
        ("accepted", count()),
        ("duplicates", count()),
        ("rejected", count()),
        ("rateLimited", count()),
        ("backlog", or_null(&count())),
    ]);
    let forward = object(&[
        ("cursor", count()),
        ("failures", count()),
        ("backlog", or_null(&count())),
        ("maxBacklog", count()),
    ]);
    let request = object(&[
        ("route", text()),
        ("status", count()),
        ("count", count()),
        ("meanMs", json!({ "type": "number" })),
        ("p95Ms", or_null(&json!({ "type": "number" }))),
    ]);
    object(&[
        ("version", text()),
        ("startedAt", instant()),
        ("now", instant()),
        ("ready", flag()),
        ("head", count()),
        ("streams", count()),
        ("counters", counters.clone()),
        ("forward", or_null(&forward)),
        ("requests", list(&request)),
        (
            "history",
            object(&[("stepMs", count()), ("samples", list(&counters))]),
        ),
    ])
}
