//! The switch for shipping without being asked, and how shipping went.
//!
//! Both are small JSON files in the state folder, replaced whole; one that is
//! torn or missing counts as never written, so that telemetry is off.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What the user has switched on, off by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Telemetry {
    /// Whether records are shipped without being asked.
    pub enabled: bool,
    /// Where to, unless the configuration says so.
    pub endpoint: Option<String>,
}

/// How shipping went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shipped {
    /// When records last went through, as RFC 3339.
    pub last_upload: Option<String>,
    /// What last went wrong, with the time before it.
    pub last_error: Option<String>,
}

impl Telemetry {
    /// Where it is kept.
    pub fn path(state_dir: &Path) -> PathBuf {
        state_dir.join("telemetry.json")
    }

    /// Reads the switch.
    pub fn load(state_dir: &Path) -> Telemetry {
        load(&Telemetry::path(state_dir))
    }

    /// Keeps the switch.
    ///
    /// # Errors
    ///
    /// A state folder that cannot be written.
    pub fn save(&self, state_dir: &Path) -> io::Result<()> {
        save(&Telemetry::path(state_dir), self)
    }
}

impl Shipped {
    /// Reads how it went.
    pub fn load(state_dir: &Path) -> Shipped {
        load(&state_dir.join("shipped.json"))
    }

    /// Keeps how it went.
    ///
    /// # Errors
    ///
    /// A state folder that cannot be written.
    pub fn save(&self, state_dir: &Path) -> io::Result<()> {
        save(&state_dir.join("shipped.json"), self)
    }
}

fn load<T: DeserializeOwned + Default>(path: &Path) -> T {
    let bytes = crate::small_file::read(path).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn save(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    super::make_private(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut file, value)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_switch_is_off_until_it_is_thrown_and_when_it_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        assert!(!Telemetry::load(&state).enabled);
        let on = Telemetry {
            enabled: true,
            endpoint: Some("https://a".to_owned()),
        };
        on.save(&state).unwrap();
        assert_eq!(Telemetry::load(&state), on);
        fs::write(Telemetry::path(&state), "{\"enabled\":tr").unwrap();
        assert!(!Telemetry::load(&state).enabled);
    }
}
