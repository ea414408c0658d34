//! Which rules run and what stands in place of what they find.

use regex::bytes::Regex;
use serde::Deserialize;

use super::builtin::BUILTIN_RULES;
use super::replace::Key;
use crate::toml_fault;

/// The text that the plan puts in place of a secret.
pub const DEFAULT_REPLACEMENT: &str = "[REDACTED]";

/// What stands in place of what was found.
#[derive(Debug, Clone, Default)]
pub enum Replacement {
    /// `[REDACTED]`.
    #[default]
    Redacted,
    /// A text of the user's choice.
    Text(String),
    /// `[REDACTED:email]`: says which rule hit.
    Typed,
    /// `[email:7f3a9c]`: the first 24 bits of an HMAC-SHA-256 under a key, so that the same value
    /// stays the same and no one without the key can tell which it was.
    Pseudonym(Key),
}

/// What happens to absolute paths in stack traces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Paths {
    /// They stay as they are.
    Keep,
    /// They lose every folder up to the project's own (`lib/`, `src/`).
    #[default]
    Relative,
}

/// The rules of a [`Sanitizer`](super::Sanitizer): the built-in table with additions.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub(crate) keys: Vec<String>,
    pub(crate) safe_keys: Vec<String>,
    pub(crate) patterns: Vec<(String, String)>,
    pub(crate) disabled: Vec<String>,
    pub(crate) allowed: Vec<String>,
    pub(crate) replacement: Replacement,
    pub(crate) paths: Paths,
}

/// Why rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The rules file is not valid TOML, or has a key that is not known.
    #[error("rules are not valid: {0}")]
    Syntax(String),
    /// A pattern does not compile.
    #[error("pattern `{name}` is not a valid regular expression: {reason}")]
    Pattern {
        /// The pattern's name.
        name: String,
        /// What the regex engine says, on one line.
        reason: String,
    },
    /// A pattern that matches where nothing stands, and so finds nothing.
    #[error("pattern `{0}` matches the empty string; make it match what is to be redacted")]
    EmptyMatch(String),
    /// A name that stands for a rule twice, or that cannot stand in a placeholder.
    #[error(
        "rule name `{0}` is taken or not made of lower-case letters, digits and hyphens; choose another"
    )]
    Name(String),
    /// A rule to disable that does not exist.
    #[error("there is no rule `{0}` to disable; `soliplex sanitize --list` shows all names")]
    UnknownRule(String),
    /// A replacement that the rules would redact again.
    #[error(
        "replacement `{0}` would itself be redacted or is empty or not on one line; choose another"
    )]
    Replacement(String),
    /// A key to add that has no letters.
    #[error("key `{0}` has no letters to compare")]
    Key(String),
}

/// A rules file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RulesFile {
    keys: Vec<String>,
    safe_keys: Vec<String>,
    pattern: Vec<PatternEntry>,
    disable: Vec<String>,
    allow: Vec<String>,
    replacement: Option<String>,
    typed: bool,
    paths: Option<Paths>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PatternEntry {
    name: String,
    regex: String,
}

/// Compiles a pattern, which must not match where nothing stands.
pub(super) fn pattern(name: &str, regex: &str) -> Result<Regex, RuleError> {
    let compiled = Regex::new(regex).map_err(|error| RuleError::Pattern {
        name: name.to_owned(),
        reason: reason(&error),
    })?;
    let empty = [&b""[..], b"a", b"0 "]
        .iter()
        .any(|text| compiled.find_iter(text).any(|found| found.is_empty()));
    match empty {
        true => Err(RuleError::EmptyMatch(name.to_owned())),
        false => Ok(compiled),
    }
}

/// What is wrong with a pattern, without the drawing of where.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    let plain = last.strip_prefix("error: ").unwrap_or(last);
    let mut chars = plain.trim_end_matches('.').chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

impl Rules {
    /// Reads rules from TOML. All keys are optional:
    ///
    /// ```toml
    /// keys = ["badge_number"]            # more keys whose values go
    /// safe_keys = ["page_token"]         # keys whose values stay unless a pattern hits
    /// disable = ["phone"]                # built-in rules to switch off
    /// allow = ["support@example.com"]    # values that are known to be safe
    /// paths = "keep"                     # or "relative"
    /// typed = true                       # or replacement = "[GONE]"
    ///
    /// [[pattern]]
    /// name = "ticket"
    /// regex = 'TCK-\d+'
    /// ```
    ///
    /// Keys are compared word by word: `badge_number` is `badgeNumber` and `BADGE-NUMBER` too. What
    /// is said about a key is said about that whole key: with `safe_keys = ["token"]` a
    /// `page_token` still goes. The value of a safe key is searched like any text, so that an
    /// address in it goes; one key in both lists is safe.
    ///
    /// A value in `allow` stays wherever it is exactly what a rule or a pattern would redact,
    /// without regard to the case of ASCII letters: with `allow = ["bob@example.com"]` neither
    /// `notbob@example.com` nor a password that holds the address stays. It is a value and never a
    /// pattern. Settings that an administrator sets come in through the same file; flags add to it
    /// and take nothing away.
    ///
    /// # Errors
    ///
    /// [`RuleError::Syntax`]; what the entries say is checked by
    /// [`Sanitizer::new`](super::Sanitizer::new).
    pub fn from_toml(text: &str) -> Result<Rules, RuleError> {
        let file: RulesFile = toml::from_str(text)
            .map_err(|error| RuleError::Syntax(toml_fault::one_line(&error, text)))?;
        let replacement = match file.replacement {
            Some(_) if file.typed => {
                return Err(RuleError::Syntax(
                    "`replacement` and `typed` exclude each other".to_owned(),
                ));
            }
            Some(text) => Replacement::Text(text),
            None if file.typed => Replacement::Typed,
            None => Replacement::Redacted,
        };
        Ok(Rules {
            keys: file.keys,
            safe_keys: file.safe_keys,
            patterns: file
                .pattern
                .into_iter()
                .map(|entry| (entry.name, entry.regex))
                .collect(),
            disabled: file.disable,
            allowed: file.allow,
            replacement,
            paths: file.paths.unwrap_or_default(),
        })
    }

    /// Adds a key whose values go, in whatever spelling it appears.
    pub fn add_key(&mut self, key: impl Into<String>) -> &mut Rules {
        self.keys.push(key.into());
        self
    }

    /// Adds a pattern, in the syntax of the `regex` crate, whose matches take linear time.
    pub fn add_pattern(&mut self, name: impl Into<String>, regex: impl Into<String>) -> &mut Rules {
        self.patterns.push((name.into(), regex.into()));
        self
    }

    /// Switches a rule off.
    pub fn disable(&mut self, rule: impl Into<String>) -> &mut Rules {
        self.disabled.push(rule.into());
        self
    }

    /// Keeps a value that is known to be safe, compared without regard to case.
    pub fn allow(&mut self, value: impl Into<String>) -> &mut Rules {
        self.allowed.push(value.into());
        self
    }

    /// Sets what stands in place of what was found.
    pub fn replace_with(&mut self, replacement: Replacement) -> &mut Rules {
        self.replacement = replacement;
        self
    }

    /// Sets what happens to absolute paths in stack traces.
    pub fn paths(&mut self, paths: Paths) -> &mut Rules {
        self.paths = paths;
        self
    }

    /// The names of all rules: the built-in ones, then the patterns.
    pub(crate) fn names(&self) -> Result<Vec<Box<str>>, RuleError> {
        let mut names: Vec<Box<str>> = BUILTIN_RULES.iter().map(|rule| rule.name.into()).collect();
        for (name, _) in &self.patterns {
            let plain = !name.is_empty()
                && name.len() <= 40
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !plain || names.iter().any(|taken| **taken == **name) {
                return Err(RuleError::Name(name.clone()));
            }
            names.push(name.as_str().into());
        }
        Ok(names)
    }
}
