//! The keys of a record and their two spellings.
//!
//! The plan writes camelCase; the deployed backend reads snake_case. Both are
//! read here, camelCase is written, and every other key is left as it is.

/// The instant the client made the record, RFC 3339 in UTC.
pub const TIMESTAMP: &str = "timestamp";
/// The record's [`Level`](super::Level).
pub const LEVEL: &str = "level";
/// The name of the logger that made the record.
pub const LOGGER: &str = "logger";
/// What happened, in words.
pub const MESSAGE: &str = "message";
/// What happened, as typed values.
pub const ATTRIBUTES: &str = "attributes";
/// The error as text, its type first.
pub const ERROR: &str = "error";
/// The stack trace as text.
pub const STACK_TRACE: &str = "stackTrace";
/// The span the record belongs to, 16 hex digits.
pub const SPAN_ID: &str = "spanId";
/// The trace the record belongs to, 32 hex digits.
pub const TRACE_ID: &str = "traceId";
/// The installation that made the record.
pub const INSTALL_ID: &str = "installId";
/// The run of the app that made the record.
pub const SESSION_ID: &str = "sessionId";
/// The signed-in user, or null.
pub const USER_ID: &str = "userId";
/// The conversation the app was in.
pub const ACTIVE_RUN: &str = "activeRun";
/// The records that led up to an error.
pub const BREADCRUMBS: &str = "breadcrumbs";
/// The screenshot taken when the error happened.
pub const SCREENSHOT_ID: &str = "screenshotId";
/// The record's own id, a UUIDv7; what makes sending it twice harmless.
pub const RECORD_ID: &str = "recordId";
/// The instant the server took the record in; only the server sets it.
pub const SERVER_RECEIVED_AT: &str = "server_received_at";

/// Every key that a client may set, in the schema's order.
pub const ALL: [&str; 16] = [
    TIMESTAMP,
    LEVEL,
    LOGGER,
    MESSAGE,
    ATTRIBUTES,
    ERROR,
    STACK_TRACE,
    SPAN_ID,
    TRACE_ID,
    INSTALL_ID,
    SESSION_ID,
    USER_ID,
    ACTIVE_RUN,
    BREADCRUMBS,
    SCREENSHOT_ID,
    RECORD_ID,
];

/// Keys with two spellings, camelCase first.
pub const SPELLINGS: [(&str, &str); 9] = [
    (STACK_TRACE, "stack_trace"),
    (SPAN_ID, "span_id"),
    (TRACE_ID, "trace_id"),
    (INSTALL_ID, "install_id"),
    (SESSION_ID, "session_id"),
    (USER_ID, "user_id"),
    (ACTIVE_RUN, "active_run"),
    (SCREENSHOT_ID, "screenshot_id"),
    (RECORD_ID, "record_id"),
];

/// The keys whose values identify a record and are never altered or cut.
pub const IDS: [&str; 6] = [
    INSTALL_ID, SESSION_ID, USER_ID, RECORD_ID, TRACE_ID, SPAN_ID,
];

/// The camelCase spelling of a record key; any other key comes back as it is.
pub fn camel_case(key: &str) -> &str {
    SPELLINGS
        .into_iter()
        .find(|(_, snake)| *snake == key)
        .map_or(key, |(camel, _)| camel)
}

/// The snake_case spelling of a record key; any other key comes back as it is.
pub fn snake_case(key: &str) -> &str {
    SPELLINGS
        .into_iter()
        .find(|(camel, _)| *camel == key)
        .map_or(key, |(_, snake)| snake)
}
