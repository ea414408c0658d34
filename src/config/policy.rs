//! What an administrator has laid down for this device; nothing overrides it.
//!
//! ```toml
//! endpoint = "https://logs.example.org"    # the only one that is shipped to
//! allowed_hosts = ["logs.example.org"]     # or: only to these hosts
//! telemetry = true                         # shipping is on, or off, for good
//!
//! [sanitize]
//! required = ["email", "phone"]            # rules that nobody may switch off
//! keys = ["badge_number"]                  # more keys whose values go
//! patterns = { ticket = "TCK-[0-9]{6}" }   # more patterns
//! ```
//!
//! Where there is a `[sanitize]` table, rules of users may add to it, but allow
//! no values, declare no keys safe and keep no paths that it says must go.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::upload::Endpoint;
use crate::{small_file, toml_fault};

/// Where the policy is. Fixed when the program is built, by the environment
/// variable `SOLIPLEX_POLICY_FILE`: at run time a user could point it anywhere.
pub const POLICY_FILE: &str = match option_env!("SOLIPLEX_POLICY_FILE") {
    Some(path) => path,
    None => "/etc/soliplex/policy.toml",
};

/// What an administrator has laid down; empty without a policy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The file that it was read from.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// The only endpoint that is shipped to.
    pub endpoint: Option<String>,
    /// The only hosts that are shipped to.
    pub allowed_hosts: Option<Vec<String>>,
    /// Whether anything is shipped.
    pub telemetry: Option<bool>,
    /// What the sanitizer redacts at the least.
    pub sanitize: MinimumRules,
}

/// The `[sanitize]` table of a policy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MinimumRules {
    /// Built-in rules that may not be switched off.
    pub required: Vec<String>,
    /// More keys whose values are redacted.
    pub keys: Vec<String>,
    /// More patterns, by name.
    pub patterns: BTreeMap<String, String>,
}

/// Why something is not done, or why a policy cannot be followed. A policy
/// that cannot be read is no reason to go on without one.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It is there and cannot be read.
    #[error("cannot read the policy {path}: {source}", path = .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What reading it met.
        source: io::Error,
    },
    /// It is not what it should be.
    #[error("the policy {path}: {reason}", path = .path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// Somebody else than root could have written it.
    #[error("the policy {path} {reason}: it must be a plain file that only root can change", path = .path.display())]
    Owner {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It forbids what was asked for.
    #[error("{what}: the policy {path} {rule}, and nothing overrides it", path = .path.display())]
    Forbidden {
        /// What was asked for.
        what: String,
        /// The file.
        path: PathBuf,
        /// What it says.
        rule: String,
    },
}

impl Policy {
    /// Reads a policy. No file is no policy.
    ///
    /// # Errors
    ///
    /// A file that is there but cannot be read, is not valid, or that others
    /// than root can change.
    pub fn load(path: &Path) -> Result<Policy, PolicyError> {
        let fault = |source| PolicyError::Read {
            path: path.to_owned(),
            source,
        };
        match fs::symlink_metadata(path) {
            Ok(metadata) => check_owner(path, &metadata)?,
            Err(error) if is_missing(&error) => return Ok(Policy::default()),
            Err(error) => return Err(fault(error)),
        }
        Policy::parse(path, &small_file::read_to_string(path).map_err(fault)?)
    }

    fn parse(path: &Path, text: &str) -> Result<Policy, PolicyError> {
        let mut policy: Policy = toml::from_str(text).map_err(|error| PolicyError::Parse {
            path: path.to_owned(),
            reason: toml_fault::one_line(&error, text),
        })?;
        policy.file = Some(path.to_owned());
        // A lock that cannot be read must not open.
        policy.locked_endpoint()?;
        Ok(policy)
    }

    /// The only endpoint that is shipped to, if there is one.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Parse`] if it is no endpoint.
    pub fn locked_endpoint(&self) -> Result<Option<Endpoint>, PolicyError> {
        let locked = self.endpoint.as_deref().map(Endpoint::parse);
        locked
            .transpose()
            .map_err(|error| self.is_wrong(error.to_string()))
    }

    /// Checks that an endpoint may be shipped to.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Forbidden`].
    pub fn check_endpoint(&self, endpoint: &Endpoint) -> Result<(), PolicyError> {
        if let Some(locked) = self.locked_endpoint()?
            && !locked.is_same(endpoint)
        {
            let rule = format!("sets the endpoint to {locked}");
            return Err(self.forbids(format!("{endpoint} is refused"), rule));
        }
        if let Some(hosts) = &self.allowed_hosts
            && !hosts
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(endpoint.host()))
        {
            let rule = format!("allows the hosts {}", hosts.join(", "));
            return Err(self.forbids(format!("{endpoint} is refused"), rule));
        }
        Ok(())
    }

    /// Checks that anything may be shipped at all.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Forbidden`].
    pub fn check_shipping(&self) -> Result<(), PolicyError> {
        match self.telemetry {
            Some(false) => Err(self.forbids(
                "nothing is sent".to_owned(),
                "switches telemetry off".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    /// The error that says that the policy is against it.
    pub fn forbids(&self, what: String, rule: String) -> PolicyError {
        let path = self.path();
        PolicyError::Forbidden { what, path, rule }
    }

    /// The error that says that the policy itself is wrong.
    pub fn is_wrong(&self, reason: String) -> PolicyError {
        let path = self.path();
        PolicyError::Parse { path, reason }
    }

    fn path(&self) -> PathBuf {
        let file = self.file.clone();
        file.unwrap_or_else(|| PathBuf::from(POLICY_FILE))
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(unix)]
fn check_owner(path: &Path, metadata: &fs::Metadata) -> Result<(), PolicyError> {
    use std::os::unix::fs::MetadataExt;
    let reason = if !metadata.is_file() {
        "is no plain file"
    } else if metadata.uid() != 0 {
        "does not belong to root"
    } else if metadata.mode() & 0o022 != 0 {
        "can be written by others"
    } else {
        return Ok(());
    };
    Err(PolicyError::Owner {
        path: path.to_owned(),
        reason,
    })
}

#[cfg(not(unix))]
fn check_owner(_: &Path, _: &fs::Metadata) -> Result<(), PolicyError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> Policy {
        Policy::parse(Path::new("/policy.toml"), text).unwrap()
    }

    fn endpoint(text: &str) -> Endpoint {
        Endpoint::parse(text).unwrap()
    }

    #[test]
    fn a_locked_endpoint_is_compared_as_an_address_and_not_as_a_text() {
        let policy = policy("endpoint = \"https://logs.example.org\"");
        for same in [
            "https://logs.example.org",
            "https://LOGS.example.ORG:443/",
            "https://logs.example.org/api/v1/logs/",
        ] {
            assert!(policy.check_endpoint(&endpoint(same)).is_ok(), "{same}");
        }
        for other in [
            "http://logs.example.org",
            "https://logs.example.org:444",
            "https://logs.example.org.evil.example",
            "https://logs.example.org/elsewhere",
            "https://logs.example.org/api/v1/logs?to=x",
        ] {
            assert!(policy.check_endpoint(&endpoint(other)).is_err(), "{other}");
        }
        let broken = Policy::parse(Path::new("/p"), "endpoint = \"logs\"");
        let error = broken.unwrap_err().to_string();
        assert!(error.contains("/p: `logs` is no endpoint"), "{error}");
    }

    #[test]
    fn without_a_policy_everything_is_allowed() {
        let policy = Policy::load(Path::new("/nowhere/policy.toml")).unwrap();
        assert!(policy.check_endpoint(&endpoint("https://a/")).is_ok());
        assert!(policy.check_shipping().is_ok());
    }

    #[test]
    fn what_a_policy_forbids_is_said_in_one_line_with_its_path() {
        let policy = policy("allowed_hosts = [\"logs.example.org\"]\ntelemetry = false");
        let allowed = endpoint("https://LOGS.example.org/");
        assert!(policy.check_endpoint(&allowed).is_ok());
        let error = policy
            .check_endpoint(&endpoint("https://evil/x"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("https://evil/x is refused: the policy /policy.toml allows"),
            "{error}"
        );
        assert!(policy.check_shipping().is_err());
    }

    #[test]
    fn a_policy_with_an_unknown_key_is_no_policy_to_go_on_with() {
        let error = Policy::parse(Path::new("/p"), "\nendpoit = 1")
            .unwrap_err()
            .to_string();
        assert!(error.contains("line 2"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_policy_that_others_can_change_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        fs::write(&path, "telemetry = true").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(matches!(
            Policy::load(&path),
            Err(PolicyError::Owner { .. })
        ));
        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(
            Policy::load(&link),
            Err(PolicyError::Owner { .. })
        ));
    }
}
