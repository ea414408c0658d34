//! Rules made ready to run.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use regex::bytes::Regex;

use super::builtin::{BUILTIN_RULES, PATH};
use super::cleaner::{Cleaner, Scratch};
use super::finding::RuleId;
use super::keys::{self, KeyKind};
use super::replace::Placeholders;
use super::rules::{self, Paths, Replacement, RuleError, Rules};
use super::words::Words;

/// The most scratch, in number and in bytes of each, that is kept while no one uses it.
const MAX_IDLE: usize = 16;
const MAX_SCRATCH: usize = 256 * 1024;

/// Compiled rules; immutable, shared by all threads.
#[derive(Debug)]
pub(crate) struct Engine {
    names: Vec<Box<str>>,
    pub(crate) enabled: Vec<bool>,
    added_keys: HashMap<String, KeyKind>,
    pub(crate) patterns: Vec<(RuleId, Regex)>,
    allowed: HashSet<Vec<u8>>,
    pub(crate) replacement: Replacement,
    pub(crate) placeholders: Placeholders,
    /// The scratch of cleaners that are done. Whoever cleans single lines takes the last one: to
    /// allocate it and to learn every key anew costs twice as much as to clean a line.
    idle: Mutex<Vec<Scratch>>,
}

impl Engine {
    /// The built-in rules as they are.
    pub(crate) fn builtin() -> Engine {
        Engine {
            names: BUILTIN_RULES.iter().map(|rule| rule.name.into()).collect(),
            enabled: vec![true; BUILTIN_RULES.len()],
            added_keys: HashMap::new(),
            patterns: Vec::new(),
            allowed: HashSet::new(),
            replacement: Replacement::Redacted,
            placeholders: Placeholders::of(&Replacement::Redacted),
            idle: Mutex::default(),
        }
    }

    pub(crate) fn new(rules: Rules) -> Result<Engine, RuleError> {
        let names = rules.names()?;
        let mut enabled = vec![true; names.len()];
        for name in &rules.disabled {
            let index = names.iter().position(|known| **known == **name);
            enabled[index.ok_or_else(|| RuleError::UnknownRule(name.clone()))?] = false;
        }
        if rules.paths == Paths::Keep {
            enabled[PATH.index()] = false;
        }
        let mut added_keys = HashMap::new();
        for (list, kind) in [
            (&rules.keys, KeyKind::Secret),
            (&rules.safe_keys, KeyKind::Plain),
        ] {
            for key in list {
                let joined = Words::of(key.as_bytes()).joined();
                if joined.is_empty() {
                    return Err(RuleError::Key(key.clone()));
                }
                added_keys.insert(joined, kind);
            }
        }
        let mut patterns = Vec::new();
        for (offset, (name, regex)) in rules.patterns.iter().enumerate() {
            let compiled = rules::pattern(name, regex)?;
            patterns.push((RuleId((BUILTIN_RULES.len() + offset) as u16), compiled));
        }
        let engine = Engine {
            names,
            enabled,
            added_keys,
            patterns,
            allowed: rules
                .allowed
                .iter()
                .map(|value| value.to_lowercase().into_bytes())
                .collect(),
            placeholders: Placeholders::of(&rules.replacement),
            replacement: rules.replacement,
            idle: Mutex::default(),
        };
        engine.check_replacement()?;
        Ok(engine)
    }

    /// A replacement must be one line, and must not itself be found.
    fn check_replacement(&self) -> Result<(), RuleError> {
        let Replacement::Text(text) = &self.replacement else {
            return Ok(());
        };
        let plain = Engine {
            placeholders: Placeholders::of(&Replacement::Redacted),
            ..Engine::builtin()
        };
        let found = Cleaner::new(&plain).clean(text.as_bytes(), &mut Vec::new(), None);
        if text.is_empty() || text.len() > 64 || text.chars().any(char::is_control) || found {
            return Err(RuleError::Replacement(text.clone()));
        }
        Ok(())
    }

    pub(crate) fn rule_name(&self, rule: RuleId) -> &str {
        self.names.get(rule.index()).map_or("unknown", |name| name)
    }

    pub(crate) fn rule_count(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn has_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// What a key says about its value, with the keys that the user added.
    pub(crate) fn key_kind(&self, key: &[u8]) -> KeyKind {
        // `[REDACTED:vendor-token]` is what was there, not what it says.
        if self.placeholders.ends(key) {
            return KeyKind::Plain;
        }
        if !self.added_keys.is_empty() {
            let words = Words::of(key);
            if let Some(kind) = self.added_keys.get(&words.joined()) {
                return *kind;
            }
        }
        keys::classify(key)
    }

    pub(crate) fn allows_values(&self) -> bool {
        !self.allowed.is_empty()
    }

    /// True for a value that the user wants to keep.
    pub(crate) fn is_allowed(&self, value: &[u8]) -> bool {
        self.allows_values() && self.allowed.contains(&value.to_ascii_lowercase())
    }

    /// The scratch of a cleaner that is done, or a new one.
    pub(crate) fn take_scratch(&self) -> Scratch {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        idle.unwrap_or_default()
    }

    /// Keeps a scratch for the next cleaner.
    pub(crate) fn keep_scratch(&self, scratch: Scratch) {
        if scratch.bytes() <= MAX_SCRATCH
            && let Ok(mut idle) = self.idle.lock()
            && idle.len() < MAX_IDLE
        {
            idle.push(scratch);
        }
    }
}
