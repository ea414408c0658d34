//! The sanitizer that the configuration asks for.

use std::fs;

use anyhow::Context as _;

use crate::config::{Config, Policy, SanitizeSettings};
use crate::error::Error;
use crate::sanitize::{Rules, Sanitizer};

/// The rules of the settings, on top of the built-in ones.
pub(super) fn rules(settings: &SanitizeSettings) -> anyhow::Result<Rules> {
    let mut rules = match &settings.rules {
        Some(path) => {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read the rules {}", path.display()))?;
            Rules::from_toml(&text)
                .map_err(|error| Error::usage(path.display().to_string()).because(error))?
        }
        None => Rules::default(),
    };
    for key in &settings.keys {
        rules.add_key(key);
    }
    for (name, regex) in &settings.patterns {
        rules.add_pattern(name, regex);
    }
    Ok(rules)
}

/// The sanitizer of the configuration.
pub(super) fn sanitizer(config: &Config) -> anyhow::Result<Sanitizer> {
    compile(rules(&config.sanitize)?, &config.policy)
}

/// Compiles rules, unless they switch off what the policy requires.
pub(super) fn compile(rules: Rules, policy: &Policy) -> anyhow::Result<Sanitizer> {
    let required = &policy.sanitize.required;
    if let Some(rule) = required.iter().find(|rule| rules.disabled.contains(rule)) {
        let what = format!("the rule {rule} stays on");
        let error = policy.forbids(what, "requires it".to_owned());
        return Err(Error::usage(error.to_string()).into());
    }
    Sanitizer::new(rules)
        .map_err(|error| Error::usage("the sanitizer's rules").because(error).into())
}
