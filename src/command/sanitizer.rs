//! The sanitizer that the configuration asks for.

use anyhow::Context as _;

use crate::config::{Config, MinimumRules, Policy, PolicyError, SanitizeSettings};
use crate::error::Error;
use crate::sanitize::{BUILTIN_RULES, Paths, Rules, Sanitizer};
use crate::small_file;

/// The rules of the settings, on top of the built-in ones.
pub(super) fn rules(settings: &SanitizeSettings) -> anyhow::Result<Rules> {
    let mut rules = match &settings.rules {
        Some(path) => {
            let text = small_file::read_to_string(path)
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

/// Compiles rules, unless they fall short of what the policy requires.
pub(super) fn compile(rules: Rules, policy: &Policy) -> anyhow::Result<Sanitizer> {
    check(&rules, policy).map_err(|error| Error::usage(error.to_string()))?;
    Sanitizer::new(rules)
        .map_err(|error| Error::usage("the sanitizer's rules").because(error).into())
}

/// Checks that rules keep to the policy's minimum: its rules, keys and patterns
/// are all in force, and there is no way around them.
fn check(rules: &Rules, policy: &Policy) -> Result<(), PolicyError> {
    let MinimumRules {
        required,
        keys,
        patterns,
    } = &policy.sanitize;
    let is_rule = |name: &String| {
        patterns.contains_key(name) || BUILTIN_RULES.iter().any(|rule| rule.name == name)
    };
    if let Some(name) = required.iter().find(|name| !is_rule(name)) {
        return Err(policy.is_wrong(format!(
            "`required` names the rule `{name}`, which does not exist; `soliplex sanitize --list` shows all names"
        )));
    }
    let requires = |name: &str| required.iter().any(|required| required == name);
    let forbids = |what: String, rule: &str| Err(policy.forbids(what, rule.to_owned()));
    let is_needed = |name: &&String| requires(name) || patterns.contains_key(*name);
    if let Some(name) = rules.disabled.iter().find(is_needed) {
        return forbids(format!("the rule {name} stays on"), "requires it");
    }
    if rules.paths == Paths::Keep && requires("path") {
        let what = "paths in stack traces are not kept".to_owned();
        return forbids(what, "requires the rule path");
    }
    if let Some(key) = rules.safe_keys.first()
        && (requires("secret") || !keys.is_empty())
    {
        let what = format!("the key {key} is not taken for safe");
        return forbids(what, "says which keys are secret");
    }
    let has_minimum = !(required.is_empty() && keys.is_empty() && patterns.is_empty());
    if has_minimum && !rules.allowed.is_empty() {
        let what = "no value is allowed to stay".to_owned();
        return forbids(what, "says what the sanitizer redacts at the least");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(required: &[&str]) -> Policy {
        let required = required.iter().map(|name| (*name).to_owned()).collect();
        let mut policy = Policy::default();
        policy.sanitize.required = required;
        policy
    }

    fn refusal(rules: &str, policy: &Policy) -> Option<String> {
        let rules = Rules::from_toml(rules).unwrap();
        check(&rules, policy).err().map(|error| error.to_string())
    }

    #[test]
    fn a_required_rule_that_does_not_exist_is_no_policy_to_go_on_with() {
        let error = refusal("", &policy(&["email", "emial"])).unwrap();
        assert!(error.contains("`emial`, which does not exist"), "{error}");
    }

    #[test]
    fn nothing_in_the_users_rules_gets_around_the_minimum() {
        let mut laid_down = policy(&["path", "email", "secret"]);
        laid_down
            .sanitize
            .patterns
            .insert("ticket".to_owned(), "TCK-[0-9]+".to_owned());
        for rules in [
            "disable = [\"email\"]",
            "disable = [\"ticket\"]",
            "paths = \"keep\"",
            "safe_keys = [\"password\"]",
            "allow = [\"bob@example.com\"]",
        ] {
            let error = refusal(rules, &laid_down).unwrap_or_else(|| panic!("{rules}"));
            assert!(error.contains("nothing overrides it"), "{rules}: {error}");
        }
        assert_eq!(
            refusal("disable = [\"phone\"]\nkeys = [\"x\"]", &laid_down),
            None
        );
        let mut keys = Policy::default();
        keys.sanitize.keys.push("badge_number".to_owned());
        assert!(refusal("safe_keys = [\"badgeNumber\"]", &keys).is_some());
        let nothing = "paths = \"keep\"\nallow = [\"a\"]\nsafe_keys = [\"b\"]";
        assert_eq!(refusal(nothing, &Policy::default()), None);
    }
}
