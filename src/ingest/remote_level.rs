//! The log level that apps in the field are told to use.
//!
//! It is kept in a TOML or JSON file, which is read again when it changes:
//!
//! ```toml
//! min_level = "info"
//! modules = { http = "debug", auth = "trace" }
//!
//! [[overrides]]            # the first that fits wins
//! session = "0193e0a0"     # each of install, session, user: a prefix
//! until = "2026-02-07T12:00:00Z"
//! min_level = "trace"
//! ```
//!
//! A file that cannot be understood changes nothing: the last good one stays.
//!
//! Servers that share a store tell each other what changes in their files: the
//! file that changed last counts for all, also for servers without one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::record::{Level, parse_timestamp};

/// Levels from a file that is watched, or from the servers one shares a store
/// with.
#[derive(Debug, Default)]
pub struct RemoteLevel {
    path: Option<PathBuf>,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    /// `None` until there are any.
    levels: Option<Levels>,
    /// What they were read from.
    text: Option<String>,
    stamp: Option<Stamp>,
}

/// What tells a changed file from an unchanged one.
type Stamp = (SystemTime, u64);

/// Why a file of levels cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct RemoteLevelError {
    path: String,
    reason: String,
}

/// Who asks for its level.
#[derive(Clone, Debug, Default)]
pub(super) struct Asker {
    pub(super) install: Option<String>,
    pub(super) session: Option<String>,
    pub(super) user: Option<String>,
}

/// What an asker is told, as JSON, and its entity tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) json: String,
    pub(super) etag: String,
}

impl RemoteLevel {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// It is not there, or not what it should be.
    pub fn open(path: &Path) -> Result<RemoteLevel, RemoteLevelError> {
        let state = read(path)?;
        Ok(RemoteLevel {
            path: Some(path.to_owned()),
            state: RwLock::new(state),
        })
    }

    /// Levels that only other servers tell.
    pub fn shared() -> RemoteLevel {
        RemoteLevel::default()
    }

    /// What an asker is told now, if anything is. Blocks for as long as looking
    /// at the file takes.
    pub(super) fn answer(&self, asker: &Asker, now: DateTime<Utc>) -> Option<Answer> {
        self.refresh();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let levels = state.levels.as_ref()?;
        Some(levels.answer(asker, now))
    }

    /// What the levels were read from, now.
    pub(super) fn text(&self) -> Option<String> {
        self.refresh();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.text.clone()
    }

    /// Takes over what another server's levels were read from.
    pub(super) fn take(&self, text: String) {
        match parse(&text) {
            Ok(levels) => {
                let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
                state.levels = Some(levels);
                state.text = Some(text);
                tracing::info!("log levels changed by another server");
            }
            Err(error) => tracing::error!(%error, "another server's log levels make no sense"),
        }
    }

    /// Reads the file again if it is another one than last time.
    fn refresh(&self) {
        let Some(path) = &self.path else {
            return;
        };
        let stamp = stamp(path).ok();
        let known = self
            .state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .stamp;
        if stamp == known {
            return;
        }
        let result = read(path);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.stamp = stamp;
        match result {
            Ok(read) => {
                *state = read;
                tracing::info!(path = %path.display(), "log levels changed");
            }
            Err(error) => {
                tracing::error!(%error, "log levels not changed; the last good ones stay")
            }
        }
    }
}

fn stamp(path: &Path) -> std::io::Result<Stamp> {
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.modified()?, metadata.len()))
}

fn read(path: &Path) -> Result<State, RemoteLevelError> {
    let error = |reason: String| RemoteLevelError {
        path: path.display().to_string(),
        reason,
    };
    let stamp = stamp(path).map_err(|e| error(e.to_string()))?;
    let text = crate::small_file::read_to_string(path).map_err(|e| error(e.to_string()))?;
    let levels = parse(&text).map_err(error)?;
    Ok(State {
        levels: Some(levels),
        text: Some(text),
        stamp: Some(stamp),
    })
}

/// Reads TOML, or JSON if the text starts as an object.
fn parse(text: &str) -> Result<Levels, String> {
    match text.trim_start().starts_with('{') {
        true => serde_json::from_str(text).map_err(|error| error.to_string()),
        false => toml::from_str(text).map_err(|error| error.message().to_owned()),
    }
}

/// The file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Levels {
    #[serde(default, deserialize_with = "level")]
    min_level: Option<Level>,
    #[serde(default, deserialize_with = "levels")]
    modules: BTreeMap<String, Level>,
    #[serde(default)]
    overrides: Vec<Override>,
}

/// Levels for some until an instant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    install: Option<String>,
    session: Option<String>,
    user: Option<String>,
    #[serde(deserialize_with = "instant")]
    until: DateTime<Utc>,
    #[serde(default, deserialize_with = "level")]
    min_level: Option<Level>,
    #[serde(default, deserialize_with = "levels")]
    modules: BTreeMap<String, Level>,
}

/// The answer as it is sent.
#[derive(Serialize)]
struct Body<'a> {
    min_level: &'static str,
    modules: BTreeMap<&'a str, &'static str>,
}

impl Levels {
    fn answer(&self, asker: &Asker, now: DateTime<Utc>) -> Answer {
        let fitting = self.overrides.iter().find(|entry| entry.fits(asker, now));
        let min_level = fitting.and_then(|entry| entry.min_level).or(self.min_level);
        let of_override = fitting.into_iter().flat_map(|entry| &entry.modules);
        let modules = self.modules.iter().chain(of_override);
        let body = Body {
            min_level: min_level.unwrap_or(Level::Info).as_str(),
            modules: modules
                .map(|(name, level)| (name.as_str(), level.as_str()))
                .collect(),
        };
        let json = serde_json::to_string(&body).unwrap_or_default();
        let hash = Sha256::digest(json.as_bytes());
        let etag: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Answer {
            json,
            etag: format!("\"{etag}\""),
        }
    }
}

impl Override {
    /// Whether this is for the asker: every id that is named must fit.
    fn fits(&self, asker: &Asker, now: DateTime<Utc>) -> bool {
        let pairs = [
            (&self.install, &asker.install),
            (&self.session, &asker.session),
            (&self.user, &asker.user),
        ];
        let names_somebody = pairs.iter().any(|(wanted, _)| wanted.is_some());
        let fits_all = pairs.iter().all(|(wanted, known)| match (wanted, known) {
            (Some(wanted), Some(known)) => known.starts_with(wanted.as_str()),
            (Some(_), None) => false,
            (None, _) => true,
        });
        now <= self.until && names_somebody && fits_all
    }
}

fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Level>, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map(Some).map_err(serde::de::Error::custom)
}

fn levels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Level>, D::Error> {
    let names = BTreeMap::<String, String>::deserialize(deserializer)?;
    let parsed = names.into_iter().map(|(module, name)| {
        let level = name.parse().map_err(serde::de::Error::custom)?;
        Ok((module, level))
    });
    parsed.collect()
}

fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_timestamp(&text)
        .ok_or_else(|| serde::de::Error::custom("`until` should be an RFC 3339 instant in quotes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        min_level = "info"
        modules = { http = "debug", auth = "error" }

        [[overrides]]
        session = "0193"
        until = "2026-02-07T12:00:00Z"
        min_level = "trace"
        modules = { auth = "trace" }
    "#;

    fn at(text: &str) -> DateTime<Utc> {
        parse_timestamp(text).unwrap()
    }

    fn asker(session: &str) -> Asker {
        Asker {
            session: Some(session.to_owned()),
            ..Asker::default()
        }
    }

    #[test]
    fn an_override_is_for_some_and_until_an_instant() {
        let levels = parse(FILE).unwrap();
        let everyone = r#"{"min_level":"info","modules":{"auth":"error","http":"debug"}}"#;
        let chosen = r#"{"min_level":"trace","modules":{"auth":"trace","http":"debug"}}"#;
        let before = at("2026-02-07T11:00:00Z");
        let after = at("2026-02-07T12:00:01Z");
        assert_eq!(levels.answer(&Asker::default(), before).json, everyone);
        assert_eq!(levels.answer(&asker("0194"), before).json, everyone);
        assert_eq!(levels.answer(&asker("0193-a"), before).json, chosen);
        assert_eq!(levels.answer(&asker("0193-a"), after).json, everyone);
        let tags = [before, after].map(|now| levels.answer(&asker("0193-a"), now).etag);
        assert_ne!(tags[0], tags[1]);
    }

    #[test]
    fn json_reads_like_toml() {
        let levels = parse(r#" {"min_level":"WARN","modules":{"http":"trace"}}"#).unwrap();
        let answer = levels.answer(&Asker::default(), Utc::now());
        assert_eq!(
            answer.json,
            r#"{"min_level":"warning","modules":{"http":"trace"}}"#
        );
    }

    #[test]
    fn what_cannot_be_understood_is_an_error() {
        for text in [
            "min_level = \"loud\"",
            "minimum = \"info\"",
            "{\"min_level\":",
            "[[overrides]]\nsession = \"x\"\nmin_level = \"info\"",
            "[[overrides]]\nsession = \"x\"\nuntil = \"noon\"",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_broken_edit_keeps_the_last_good_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("levels.toml");
        assert!(RemoteLevel::open(&path).is_err());
        let json =
            |remote: &RemoteLevel| remote.answer(&Asker::default(), Utc::now()).unwrap().json;
        std::fs::write(&path, "min_level = \"debug\"").unwrap();
        let remote = RemoteLevel::open(&path).unwrap();
        let good = r#"{"min_level":"debug","modules":{}}"#;
        assert_eq!(json(&remote), good);
        std::fs::write(&path, "min_level = \"nonsense\"").unwrap();
        assert_eq!(json(&remote), good);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(json(&remote), good);
        std::fs::write(&path, "min_level = \"error\"  # mended").unwrap();
        assert_eq!(json(&remote), r#"{"min_level":"error","modules":{}}"#);
    }
}
