//! What the files and environment variables mean that stand behind the flags:
//! the end of `--help`, and sections of the manual. Tests compare it with what
//! is understood.

/// The keys of the configuration file, and where it is.
pub(super) const SETTINGS: &str = "\
Settings:
  Flags outrank the environment, and both outrank the file that --config names, or else
  soliplex/config.toml in the folder for configuration (~/.config on Linux). It is TOML:
    state_dir            where the install id and the switch of telemetry are kept
    queue                the folder of the queue, or memory: [default: queue in state_dir]
    endpoint             the URL to upload to; /api/v1/logs is added where there is no path
    token_file           the file with the device's token
    server               the URL that tail, session, fingerprint and metrics read from when
                         they are given nothing [default: they read the queue]
    operator_token_file  the file with the token to read from servers with
    issuer, audience     what the server expects in the device's token, for doctor
    user                 the signed-in user, for records that name none
    production_hosts     a list of hosts that no fixture is replayed to
    [resource]           what describes this program and device in each upload, as texts:
                         \"service.name\", \"service.version\", \"device.model\", …
    [sanitize]
      keys               a list of more keys whose values are redacted
      patterns           a table of more patterns: NAME = \"REGEX\"
      rules              a file with more rules; sanitize --help tells its keys";

/// The keys of the policy.
pub(super) const POLICY: &str = "\
Policy:
  What an administrator lays down in /etc/soliplex/policy.toml, and nothing overrides. The
  file must be root's, and nobody else may write it:
    endpoint             the only URL that is uploaded to
    allowed_hosts        or a list of the only hosts
    telemetry            true or false: shipping without being asked is on, or nothing is sent
    [sanitize]
      required           a list of built-in rules that nobody may switch off
      keys, patterns     as in the settings; nothing takes them away";

/// The environment variables that are read.
pub(super) const ENVIRONMENT: &str = "\
Environment:
  SOLIPLEX_CONFIG            --config
  SOLIPLEX_STATE_DIR         --state-dir
  SOLIPLEX_QUEUE             --queue
  SOLIPLEX_ENDPOINT          --endpoint of upload, run and doctor
  SOLIPLEX_TOKEN_FILE        --token-file of the same
  SOLIPLEX_USER              --user of what writes records
  SOLIPLEX_SESSION_ID        the session that records belong to: session start and run set it
  SOLIPLEX_INSTALL_ID        the installation of that session
  SOLIPLEX_OPERATOR_TOKEN    the token to read from servers with
  SOLIPLEX_NATS_CREDENTIALS  --nats-credentials, also for those who read from nats://…
  SOLIPLEX_NATS_CA           --nats-ca, likewise
  SOLIPLEX_LOG               say on stderr how the program works: debug, info, …
  NO_COLOR                   no colour if it is set to anything";

/// The files that are kept between runs.
pub(super) const FILES: &str = "\
Files:
  ~/.config/soliplex/config.toml   the settings; other platforms have another folder for it
  /etc/soliplex/policy.toml        the policy
  ~/.local/state/soliplex/         the state folder, if nothing names another one:
    install_id                     who this installation is
    queue/                         records that wait, and dead_letter.jsonl
    telemetry.json                 whether to ship without being asked
    shipped.json                   when that last went well, and what went wrong
    log_level.json                 the level that the server last asked for
    ingest.db                      the store of ingest serve";

/// The keys of a file with rules.
pub(super) const RULES: &str = "\
Rules file:
  TOML; flags add to it and take nothing away.
    keys                 a list of more keys whose values are redacted; badge_number is
                         badgeNumber and BADGE-NUMBER too
    safe_keys            a list of keys whose values stay, unless a pattern finds something
    disable              a list of rules to turn off
    allow                a list of values that stay wherever they stand alone
    paths                \"keep\" or \"relative\"
    replacement          the text in place of what is redacted
    typed                true says what was redacted, in place of that text
    [[pattern]]          a pattern, as often as wanted
      name               what --explain, --typed and --disable call it
      regex              what it finds";

/// The keys of a file with log levels.
pub(super) const LEVELS: &str = "\
Logging configuration:
  TOML, or JSON with the same keys; read again when it changes.
    min_level            the level that apps are to log at
    modules              a table of levels by logger: http = \"debug\"
    [[overrides]]        levels for some; the first that fits wins
      install, session, user   whom it is for, each by the beginning of the id
      until              when it ends, in RFC 3339
      min_level, modules as above";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;
    use crate::config::{Config, Overrides, Policy};
    use crate::ingest::RemoteLevel;
    use crate::sanitize::Rules;

    /// The names that a reference gives at the top, and below one of its tables.
    fn told(reference: &str, table: Option<&str>) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut current = None;
        for line in reference.lines() {
            let depth = line.len() - line.trim_start().len();
            let name = line.trim_start().split("  ").next().unwrap_or_default();
            let head = name.trim_matches(['[', ']']);
            match depth {
                4 if head.len() < name.len() => {
                    current = Some(head);
                    if table.is_none() {
                        names.insert(head.to_owned());
                    }
                }
                4 if table.is_none() => names.extend(words(name)),
                6 if current == table => names.extend(words(name)),
                _ => {}
            }
        }
        names
    }

    fn words(name: &str) -> impl Iterator<Item = String> {
        // `min_level, modules as above`
        let names = name.trim_end_matches(" as above");
        names.split(", ").map(str::to_owned)
    }

    /// The names that are understood, of what is said about one that is not.
    fn understood(error: &str) -> BTreeSet<String> {
        assert!(error.contains("unknown field `nonsense`"), "{error}");
        let (_, expected) = error.split_once("expected").expect("what is expected");
        let expected = expected.split("; see").next().unwrap_or_default();
        let names = expected.split('`').skip(1).step_by(2);
        names.map(str::to_owned).collect()
    }

    fn config(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, text).unwrap();
        let overrides = Overrides {
            file: Some(file),
            ..Overrides::default()
        };
        Config::load(overrides).unwrap_err().to_string()
    }

    fn policy(text: &str) -> String {
        toml::from_str::<Policy>(text).unwrap_err().to_string()
    }

    fn rules(text: &str) -> String {
        Rules::from_toml(text).unwrap_err().to_string()
    }

    fn levels(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("levels.toml");
        fs::write(&file, text).unwrap();
        RemoteLevel::open(&file).unwrap_err().to_string()
    }

    #[test]
    fn every_key_of_a_file_is_told_and_no_other() {
        type Read = fn(&str) -> String;
        let files: [(&str, Read, Option<&str>, &str); 8] = [
            (SETTINGS, config, None, ""),
            (SETTINGS, config, Some("sanitize"), "[sanitize]\n"),
            (POLICY, policy, None, ""),
            (POLICY, policy, Some("sanitize"), "[sanitize]\n"),
            (RULES, rules, None, ""),
            (RULES, rules, Some("pattern"), "[[pattern]]\n"),
            (LEVELS, levels, None, ""),
            (LEVELS, levels, Some("overrides"), "[[overrides]]\n"),
        ];
        for (reference, read, table, head) in files {
            let error = read(&format!("{head}nonsense = 1"));
            assert_eq!(told(reference, table), understood(&error), "{reference}");
        }
    }
}
