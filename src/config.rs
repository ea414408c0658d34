//! Settings: file < environment < flags, merged once into one [`Config`].
//!
//! The file is TOML, by default `soliplex/config.toml` in the platform's
//! folder for configuration:
//!
//! ```toml
//! state_dir = "/var/lib/soliplex"
//! queue = "/var/lib/soliplex/queue"  # or "memory:"
//! endpoint = "https://logs.example.org/api/v1/logs"
//! server = "https://logs.example.org"
//! token_file = "/etc/soliplex/token"
//! operator_token_file = "/etc/soliplex/operator-token"
//! issuer = "https://id.example.org"
//! audience = "soliplex-logs"
//! user = "u-1842"
//! production_hosts = ["logs.example.org"]
//!
//! [resource]
//! "service.name" = "backup"
//!
//! [sanitize]
//! keys = ["badge_number"]
//! rules = "/etc/soliplex/rules.toml"
//! patterns = { ticket = "TCK-[0-9]{6}" }
//! ```

mod place;
mod policy;
mod telemetry;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::upload::{Endpoint, EndpointError};
use crate::{small_file, toml_fault};

pub use place::QueuePlace;
pub use policy::{MinimumRules, POLICY_FILE, Policy, PolicyError};
pub use telemetry::{Shipped, Telemetry};

/// The environment variable with the session that `run` and `session start`
/// opened.
pub const SESSION_VARIABLE: &str = "SOLIPLEX_SESSION_ID";

/// The environment variable with the id of the installation that the session
/// above belongs to. It stands over what the state folder says, so that a part
/// of a script that runs with another one still writes as the same device.
pub const INSTALL_VARIABLE: &str = "SOLIPLEX_INSTALL_ID";

/// The name of the file in the state folder that keeps the install id.
const INSTALL_ID_FILE: &str = "install_id";

/// The settings, complete and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file that was read, if there is one.
    pub file: Option<PathBuf>,
    /// Where this installation keeps what it must remember.
    pub state_dir: Setting<PathBuf>,
    /// Where records wait.
    pub queue: Setting<QueuePlace>,
    /// The URL to upload to.
    pub endpoint: Option<Setting<String>>,
    /// The URL of the server to read from.
    pub server: Option<Setting<String>>,
    /// The file with the device's token.
    pub token_file: Option<Setting<PathBuf>>,
    /// The file with the operator's token.
    pub operator_token_file: Option<Setting<PathBuf>>,
    /// The issuer that the server expects in the device's token.
    pub issuer: Option<String>,
    /// The audience that the server expects in the device's token.
    pub audience: Option<String>,
    /// The signed-in user, for records that name none.
    pub user: Option<String>,
    /// Hosts that no fixture may be replayed to.
    pub production_hosts: Vec<String>,
    /// What describes this program and device in every upload.
    pub resource: BTreeMap<String, String>,
    /// What the sanitizer should redact besides its own rules.
    pub sanitize: SanitizeSettings,
    /// The switch for shipping without being asked.
    pub telemetry: Telemetry,
    /// What an administrator has laid down.
    pub policy: Policy,
}

/// A value and who set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Who set it.
    pub origin: Origin,
}

/// Who set a value; the later one wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody: it is the default.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// An environment variable.
    Environment(&'static str),
    /// A flag on the command line.
    Flag(&'static str),
}

impl Origin {
    /// Who set a value that a flag or a variable may set: the variable, if
    /// that is what it says.
    pub fn of_typed(value: &str, flag: &'static str, variable: &'static str) -> Origin {
        match std::env::var(variable) {
            Ok(set) if set == value => Origin::Environment(variable),
            _ => Origin::Flag(flag),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Environment(name) => f.write_str(name),
            Origin::Flag(name) => f.write_str(name),
        }
    }
}

/// The `[sanitize]` table of the file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SanitizeSettings {
    /// More keys whose values are redacted.
    pub keys: Vec<String>,
    /// More patterns, by name.
    pub patterns: BTreeMap<String, String>,
    /// A file with rules.
    pub rules: Option<PathBuf>,
}

/// What flags and environment variables say; all of it outranks the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The configuration file; it must exist if it is named.
    pub file: Option<PathBuf>,
    /// See [`Config::state_dir`].
    pub state_dir: Option<Setting<PathBuf>>,
    /// See [`Config::queue`].
    pub queue: Option<Setting<PathBuf>>,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or not readable.
    #[error("cannot read the configuration {path}: {source}", path = .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What reading it met.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("{path}: {reason}; see `soliplex --help` and the manual for the settings", path = .path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// The policy cannot be followed, or the file goes against it.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// There is no home folder to derive the state folder from.
    #[error("no home folder is known; name a state folder with --state-dir or SOLIPLEX_STATE_DIR")]
    NoHome,
    /// The install id can be neither read nor made.
    #[error("cannot keep the install id in {path}: {source}", path = .path.display())]
    InstallId {
        /// The file.
        path: PathBuf,
        /// What reading or writing it met.
        source: io::Error,
    },
}

impl Config {
    /// Reads the file, if there is one, and merges what outranks it.
    ///
    /// # Errors
    ///
    /// A file that was named and is missing; one that is no valid TOML or has
    /// an unknown key; no folder for state.
    pub fn load(overrides: Overrides) -> Result<Config, ConfigError> {
        let (path, file) = match overrides.file {
            Some(path) => (Some(path.clone()), read_file(&path)?),
            None => find_file()?,
        };
        let from_file = |value| {
            let origin = Origin::File(path.clone().unwrap_or_default());
            Setting { value, origin }
        };
        let state_dir = match (overrides.state_dir, file.state_dir) {
            (Some(set), _) => set,
            (None, Some(value)) => from_file(value),
            (None, None) => default_setting(default_state_dir()?),
        };
        let queue = match (overrides.queue, file.queue) {
            (Some(set), _) => set,
            (None, Some(value)) => from_file(value),
            (None, None) => default_setting(state_dir.value.join("queue")),
        };
        let queue = Setting {
            value: QueuePlace::from(queue.value),
            origin: queue.origin,
        };
        let text = |value| {
            let origin = Origin::File(path.clone().unwrap_or_default());
            Setting { value, origin }
        };
        let policy = Policy::load(Path::new(POLICY_FILE))?;
        let telemetry = Telemetry::load(&state_dir.value);
        let switched = |value| {
            let origin = Origin::File(Telemetry::path(&state_dir.value));
            Setting { value, origin }
        };
        let chosen = telemetry.endpoint.clone().map(switched);
        // What was chosen before the lock came gives way to it without a word.
        let endpoint = locked_endpoint(&policy, file.endpoint.map(text))?.or(chosen);
        let mut sanitize = file.sanitize;
        sanitize.keys.extend(policy.sanitize.keys.iter().cloned());
        sanitize.patterns.extend(policy.sanitize.patterns.clone());
        Ok(Config {
            endpoint,
            telemetry,
            policy,
            server: file.server.map(text),
            token_file: file.token_file.map(from_file),
            operator_token_file: file.operator_token_file.map(from_file),
            issuer: file.issuer,
            audience: file.audience,
            user: file.user,
            production_hosts: file.production_hosts,
            resource: file.resource,
            sanitize,
            file: path,
            state_dir,
            queue,
        })
    }

    /// Whether records may be shipped without being asked: what the policy
    /// lays down, or else what the user chose with `soliplex telemetry`.
    pub fn is_telemetry_on(&self) -> bool {
        self.policy.telemetry.unwrap_or(self.telemetry.enabled)
    }

    /// The signed-in user: the one that was typed, or else the configured one.
    pub fn user_or(&self, typed: Option<String>) -> Option<String> {
        let is_somebody = |user: &String| !user.is_empty();
        typed
            .filter(is_somebody)
            .or_else(|| self.user.clone().filter(is_somebody))
    }

    /// The id of this installation: what [`INSTALL_VARIABLE`] says, or else
    /// made at the first call, kept in the state folder, the same ever after.
    ///
    /// # Errors
    ///
    /// A state folder that can be neither read nor written.
    pub fn install_id(&self) -> Result<String, ConfigError> {
        if let Some(id) = std::env::var(INSTALL_VARIABLE)
            .ok()
            .filter(|id| !id.trim().is_empty())
        {
            return Ok(id);
        }
        let path = self.state_dir.value.join(INSTALL_ID_FILE);
        keep_install_id(&path).map_err(|source| ConfigError::InstallId { path, source })
    }

    /// An id that no installation has yet, for records of one that can keep
    /// none.
    pub fn new_install_id() -> String {
        uuid::Uuid::new_v4().to_string()
    }
}

/// The endpoint that the policy sets, which no other may contradict.
fn locked_endpoint(
    policy: &Policy,
    endpoint: Option<Setting<String>>,
) -> Result<Option<Setting<String>>, PolicyError> {
    let (Some(locked), Some(file)) = (&policy.endpoint, &policy.file) else {
        return Ok(endpoint);
    };
    if let Some(other) = endpoint {
        let parsed = Endpoint::parse(&other.value).ok();
        if parsed.is_none_or(|parsed| policy.check_endpoint(&parsed).is_err()) {
            let what = format!(
                "{} is refused as the endpoint ({})",
                other.value, other.origin
            );
            return Err(policy.forbids(what, format!("sets it to {locked}")));
        }
    }
    let origin = Origin::File(file.clone());
    Ok(Some(Setting {
        value: locked.clone(),
        origin,
    }))
}

fn default_setting(value: PathBuf) -> Setting<PathBuf> {
    let origin = Origin::Default;
    Setting { value, origin }
}

/// The keys of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ConfigFile {
    state_dir: Option<PathBuf>,
    queue: Option<PathBuf>,
    endpoint: Option<String>,
    server: Option<String>,
    token_file: Option<PathBuf>,
    operator_token_file: Option<PathBuf>,
    issuer: Option<String>,
    audience: Option<String>,
    user: Option<String>,
    production_hosts: Vec<String>,
    resource: BTreeMap<String, String>,
    sanitize: SanitizeSettings,
}

fn find_file() -> Result<(Option<PathBuf>, ConfigFile), ConfigError> {
    let Some(folder) = dirs::config_dir() else {
        return Ok((None, ConfigFile::default()));
    };
    let path = folder.join("soliplex").join("config.toml");
    match read_file(&path) {
        Ok(file) => Ok((Some(path), file)),
        Err(ConfigError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok((None, ConfigFile::default()))
        }
        Err(error) => Err(error),
    }
}

fn read_file(path: &Path) -> Result<ConfigFile, ConfigError> {
    let text = small_file::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    let wrong = |reason| ConfigError::Parse {
        path: path.to_owned(),
        reason,
    };
    let file: ConfigFile =
        toml::from_str(&text).map_err(|error| wrong(toml_fault::one_line(&error, &text)))?;
    for (key, url) in [("endpoint", &file.endpoint), ("server", &file.server)] {
        if url.as_deref().is_some_and(has_user_info) {
            return Err(wrong(format!(
                "`{key}` holds a user name or a password, which would be shown; put a token into a file"
            )));
        }
    }
    Ok(file)
}

/// Whether a URL names a user before its host.
fn has_user_info(url: &str) -> bool {
    // What a URL parser makes of it counts: it forgives a missing slash.
    if matches!(Endpoint::parse(url), Err(EndpointError::UserInfo)) {
        return true;
    }
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest[..end].contains('@')
}

fn default_state_dir() -> Result<PathBuf, ConfigError> {
    dirs::state_dir()
        .or_else(dirs::data_local_dir)
        .map(|folder| folder.join("soliplex"))
        .ok_or(ConfigError::NoHome)
}

/// Reads the id, or makes one. Processes that make one at the same time take
/// turns, so that all use the id of the first.
fn keep_install_id(path: &Path) -> io::Result<String> {
    if let Some(id) = read_install_id(path)? {
        return Ok(id);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    make_private(folder)?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let turn = options.open(path.with_extension("lock"))?;
    turn.lock()?;
    if let Some(id) = read_install_id(path)? {
        return Ok(id);
    }
    let id = Config::new_install_id();
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{id}")?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(id)
}

/// Makes the folder of what is kept, for its owner only, if it is missing.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The id that is kept. An empty or torn file, which is what a power cut may
/// leave behind, keeps none.
fn read_install_id(path: &Path) -> io::Result<Option<String>> {
    match small_file::read(path) {
        Ok(bytes) => Ok(std::str::from_utf8(&bytes)
            .ok()
            .map(str::trim)
            .filter(|id| is_id(id))
            .map(str::to_owned)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_id(text: &str) -> bool {
    (8..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, overrides: Overrides) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, text).unwrap();
        Config::load(Overrides {
            file: Some(file),
            ..overrides
        })
    }

    #[test]
    fn flags_outrank_the_file_and_the_file_the_default() {
        let flag = Setting {
            value: PathBuf::from("/flag"),
            origin: Origin::Flag("--queue"),
        };
        let config = load(
            "state_dir = \"/file\"\nqueue = \"/file/q\"",
            Overrides {
                queue: Some(flag.clone()),
                ..Overrides::default()
            },
        )
        .unwrap();
        assert_eq!(config.queue.value, QueuePlace::Folder(flag.value));
        assert_eq!(config.queue.origin, flag.origin);
        assert_eq!(config.state_dir.value, Path::new("/file"));
        assert!(matches!(config.state_dir.origin, Origin::File(_)));
    }

    #[test]
    fn the_queue_is_in_the_state_folder_by_default() {
        let config = load("state_dir = \"/state\"", Overrides::default()).unwrap();
        assert_eq!(config.queue.value.folder(), Some(Path::new("/state/queue")));
        let config = load("queue = \"memory:\"", Overrides::default()).unwrap();
        assert_eq!(config.queue.value, QueuePlace::Memory);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let error = load("\nqueu = 1", Overrides::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains("line 2: unknown field `queu`"), "{error}");
        assert!(!error.contains('\n'));
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_repeated() {
        let error = load("endpoint = \"https://bob:fakepw@h/\"", Overrides::default());
        let error = error.unwrap_err().to_string();
        assert!(error.contains("`endpoint` holds a user name"), "{error}");
        assert!(!error.contains("fakepw"));
        assert!(load("server = \"https://h/a@b\"", Overrides::default()).is_ok());
        assert!(load("server = \"https:/bob:fakepw@h/\"", Overrides::default()).is_err());
    }

    #[test]
    fn the_install_id_is_made_once_and_mended_when_torn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/install_id");
        let id = keep_install_id(&path).unwrap();
        assert_eq!(keep_install_id(&path).unwrap(), id);
        fs::write(&path, b"\0\xff").unwrap();
        let mended = keep_install_id(&path).unwrap();
        assert_ne!(mended, id);
        assert!(is_id(&mended));
        // Whoever mends a torn file, all get the same id.
        for _ in 0..20 {
            fs::write(&path, b"torn").unwrap();
            let ids: Vec<String> = std::thread::scope(|scope| {
                let mend = || keep_install_id(&path).unwrap();
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(mend)).collect();
                threads.into_iter().map(|one| one.join().unwrap()).collect()
            });
            assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        }
    }
}
