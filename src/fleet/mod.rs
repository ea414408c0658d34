//! What a fleet of servers shares on NATS JetStream, for those who write it
//! ([`crate::ingest`]) and those who read it straight ([`crate::source`]).
//!
//! | on JetStream | holds | written |
//! | --- | --- | --- |
//! | stream `soliplex_logs`, subjects `soliplex.logs.<install>.<session>` | batches ([`Message`]) | by any server, each batch once |
//! | its durable consumer `soliplex_forward` | what was handed out for forwarding, and what was confirmed | by JetStream |
//! | bucket `soliplex_errors` | errors counted by hour and fingerprint | by one server at a time |
//! | bucket `soliplex_alerts` | errors counted by the alert's window | by that server |
//! | bucket `soliplex_aliases` | the installation behind a three-word name | by any server |
//! | bucket `soliplex_state` | facts, log levels, and which server counts | by any server |
//! | object store `soliplex_screenshots` | pictures and thumbnails | by any server |
//!
//! A batch goes to its session's subject on the condition that the message
//! before it there is still the one its writer knew. So every message can hold
//! the sums of its session up to and with itself, no record of a session is
//! stored twice whichever servers it was sent to, and the last message of each
//! subject tells all there is to say of a session without a second write.

mod address;
mod connect;
mod message;
mod subject;

pub use address::{BadFleetUrl, FleetUrl};
pub use connect::{Access, ConnectError, connect};
pub use message::{BadMessage, Keys, Message, Meta, SessionSums, WIDTH, end_of, position};
pub use subject::{subject, subjects, token, untoken};

/// The stream of batches.
pub const STREAM: &str = "soliplex_logs";

/// What every subject of the stream of batches begins with.
pub const SUBJECTS: &str = "soliplex.logs";

/// The durable consumer that hands out batches to be forwarded.
pub const FORWARD: &str = "soliplex_forward";

/// The bucket of errors by hour.
pub const ERRORS: &str = "soliplex_errors";

/// The bucket of errors by the alert's window.
pub const ALERTS: &str = "soliplex_alerts";

/// The bucket of three-word names.
pub const ALIASES: &str = "soliplex_aliases";

/// The bucket of facts.
pub const STATE: &str = "soliplex_state";

/// The object store of screenshots.
pub const SCREENSHOTS: &str = "soliplex_screenshots";

/// The name of a screenshot's thumbnail in it; the picture's own is its id.
pub fn thumbnail(id: &str) -> String {
    format!("{id}.thumbnail")
}
