//! What a session's records say about the network.

use serde::Serialize;
use serde_json::Value;

use crate::record::LogRecord;

/// The network as it was at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "state", content = "type", rename_all = "lowercase")]
pub enum Network {
    /// No record has said so yet.
    #[default]
    Unknown,
    /// There was none.
    Offline,
    /// There was one, of this type if it is known.
    Online(Option<String>),
}

impl Network {
    /// What a `network_changed` record says; `None` for any other record.
    pub(super) fn of(record: &LogRecord) -> Option<Network> {
        if record.message() != "network_changed" {
            return None;
        }
        let kind = record.attribute("type").and_then(Value::as_str);
        let online = record.attribute("online").and_then(Value::as_bool);
        match (online, kind) {
            (Some(false), _) | (None, Some("none")) => Some(Network::Offline),
            (Some(true), kind) => Some(Network::Online(kind.map(str::to_owned))),
            (None, Some(kind)) => Some(Network::Online(Some(kind.to_owned()))),
            (None, None) => Some(Network::Unknown),
        }
    }

    /// Such as `offline` or `online (wifi)`.
    pub fn in_words(&self) -> String {
        match self {
            Network::Unknown => "network unknown".to_owned(),
            Network::Offline => "offline".to_owned(),
            Network::Online(None) => "online".to_owned(),
            Network::Online(Some(kind)) => format!("online ({kind})"),
        }
    }
}
