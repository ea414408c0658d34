//! How serious a record is.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// The six levels of a record, least serious first.
///
/// The names and the numbers 0 to 500 are those of the deployed clients; the
/// severity numbers are those of the OpenTelemetry log data model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Finest detail, off in production.
    Trace,
    /// Detail for a developer.
    Debug,
    /// The normal course of events.
    Info,
    /// Unexpected, but handled.
    Warning,
    /// An operation failed.
    Error,
    /// The program cannot go on.
    Fatal,
}

impl Level {
    /// Every level, least serious first.
    pub const ALL: [Level; 6] = [
        Level::Trace,
        Level::Debug,
        Level::Info,
        Level::Warning,
        Level::Error,
        Level::Fatal,
    ];

    /// The name written into records: `trace debug info warning error fatal`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
            Level::Fatal => "fatal",
        }
    }

    /// The deployed clients' number for this level: 0, 100, … 500.
    pub const fn number(self) -> u16 {
        self as u16 * 100
    }

    /// The OpenTelemetry severity number: 1, 5, 9, 13, 17 or 21.
    pub const fn severity_number(self) -> u8 {
        self as u8 * 4 + 1
    }

    /// The OpenTelemetry severity text: `TRACE DEBUG INFO WARN ERROR FATAL`.
    pub const fn severity_text(self) -> &'static str {
        match self {
            Level::Trace => "TRACE",
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warning => "WARN",
            Level::Error => "ERROR",
            Level::Fatal => "FATAL",
        }
    }

    /// Reads the `level` of a record: a name, or the deployed clients' number.
    pub fn from_json(value: &Value) -> Option<Level> {
        match value {
            Value::String(name) => name.parse().ok(),
            Value::Number(number) => number.as_u64().and_then(Level::from_number),
            _ => None,
        }
    }

    /// Reads the deployed clients' number.
    pub fn from_number(number: u64) -> Option<Level> {
        Level::ALL
            .into_iter()
            .find(|level| u64::from(level.number()) == number)
    }
}

/// The text names no level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a level is one of trace, debug, info, warning, error, fatal")]
pub struct UnknownLevel;

impl FromStr for Level {
    type Err = UnknownLevel;

    /// Reads a level's name in any case, the usual short and foreign names
    /// (`warn`, `err`, `severe`, `critical`) included.
    fn from_str(name: &str) -> Result<Level, UnknownLevel> {
        const NAMES: [(&str, Level); 17] = [
            ("trace", Level::Trace),
            ("verbose", Level::Trace),
            ("finest", Level::Trace),
            ("debug", Level::Debug),
            ("fine", Level::Debug),
            ("info", Level::Info),
            ("information", Level::Info),
            ("notice", Level::Info),
            ("warning", Level::Warning),
            ("warn", Level::Warning),
            ("error", Level::Error),
            ("err", Level::Error),
            ("severe", Level::Error),
            ("fatal", Level::Fatal),
            ("critical", Level::Fatal),
            ("crit", Level::Fatal),
            ("panic", Level::Fatal),
        ];
        NAMES
            .into_iter()
            .find(|(known, _)| name.eq_ignore_ascii_case(known))
            .map(|(_, level)| level)
            .ok_or(UnknownLevel)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_numbers_and_severities_follow_the_contract() {
        let table: Vec<_> = Level::ALL
            .into_iter()
            .map(|level| {
                let otel = (level.severity_number(), level.severity_text());
                (level.as_str(), level.number(), otel)
            })
            .collect();
        assert_eq!(
            table,
            [
                ("trace", 0, (1, "TRACE")),
                ("debug", 100, (5, "DEBUG")),
                ("info", 200, (9, "INFO")),
                ("warning", 300, (13, "WARN")),
                ("error", 400, (17, "ERROR")),
                ("fatal", 500, (21, "FATAL")),
            ]
        );
    }

    #[test]
    fn a_level_reads_by_name_in_any_case_and_by_number() {
        assert_eq!("WARN".parse(), Ok(Level::Warning));
        assert_eq!(Level::from_json(&Value::from("Fatal")), Some(Level::Fatal));
        assert_eq!(Level::from_json(&Value::from(400)), Some(Level::Error));
        assert_eq!(Level::from_json(&Value::from(401)), None);
        assert_eq!(Level::from_json(&Value::Null), None);
        assert_eq!("loud".parse::<Level>(), Err(UnknownLevel));
    }
}
