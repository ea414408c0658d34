//! What a session ran on, as its start marker says.

use serde::Serialize;
use serde_json::Value;

use crate::record::LogRecord;

/// The app and the device. Every field is `None` where nothing says so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// The version of the app.
    pub app_version: Option<String>,
    /// The build of the app.
    pub build_number: Option<String>,
    /// The operating system.
    pub os_name: Option<String>,
    /// The version of the operating system.
    pub os_version: Option<String>,
    /// The model of the device.
    pub model: Option<String>,
    /// The name that a user reads out on the phone.
    pub alias: Option<String>,
}

impl Device {
    /// Whether a record is the marker that a session starts with.
    pub(super) fn is_start(record: &LogRecord) -> bool {
        let has = |name| record.attribute(name).is_some();
        // A program whose version nobody named starts its session all the same.
        let is_told = has("app_version") || record.message() == "session started";
        is_told && (has("os_name") || has("device_model"))
    }

    /// What a start marker says.
    pub(super) fn of_marker(record: &LogRecord) -> Device {
        let text = |name: &str| match record.attribute(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        Device {
            app_version: text("app_version"),
            build_number: text("build_number"),
            os_name: text("os_name"),
            os_version: text("os_version"),
            model: text("device_model"),
            alias: text("device_alias"),
        }
    }

    /// The device in short: the name a user reads out, or else its model.
    pub fn name(&self) -> Option<&str> {
        self.alias.as_deref().or(self.model.as_deref())
    }

    /// The device and the app on one line; `None` if nothing is known.
    pub fn in_words(&self) -> Option<String> {
        let joined = |parts: &[&Option<String>]| {
            let known: Vec<_> = parts.iter().filter_map(|part| part.as_deref()).collect();
            (!known.is_empty()).then(|| known.join(" "))
        };
        let build = self.build_number.as_ref();
        let app = self.app_version.as_ref().map(|version| match build {
            Some(build) => format!("app {version} (build {build})"),
            None => format!("app {version}"),
        });
        let parts = [
            self.model.clone(),
            joined(&[&self.os_name, &self.os_version]),
            app,
            self.alias.as_ref().map(|alias| format!("“{alias}”")),
        ];
        let known: Vec<_> = parts.into_iter().flatten().collect();
        (!known.is_empty()).then(|| known.join(", "))
    }
}
