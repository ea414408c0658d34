//! Which levels are wanted, of which logger.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::record::Level;

/// The least level of one logger, shared with everyone who holds the logger,
/// so that asking costs one load.
#[derive(Clone, Debug)]
pub(super) struct Threshold(Arc<AtomicU8>);

impl Threshold {
    fn new(level: Level) -> Threshold {
        Threshold(Arc::new(AtomicU8::new(level as u8)))
    }

    pub(super) fn admits(&self, level: Level) -> bool {
        level as u8 >= self.0.load(Ordering::Relaxed)
    }

    fn set(&self, level: Level) {
        self.0.store(level as u8, Ordering::Relaxed);
    }
}

/// The levels of all loggers; can change at any time.
#[derive(Debug)]
pub(super) struct Levels(Mutex<Table>);

#[derive(Debug)]
struct Table {
    /// What the program itself wants.
    local: Rules,
    /// What its server wants, which outranks that.
    remote: Option<Rules>,
    /// The loggers that were asked for.
    known: HashMap<String, Threshold>,
}

/// A least level, and others for loggers by their name: for `http` also
/// `http.client`, in any case and with or without a leading `soliplex.`. The
/// longest name that fits decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The least level of a logger that no other holds for.
    pub min: Level,
    /// The least levels of others, by their names in lower case and without a
    /// leading `soliplex.`.
    pub overrides: HashMap<String, Level>,
}

impl Levels {
    pub(super) fn new(rules: Rules) -> Levels {
        Levels(Mutex::new(Table {
            local: rules,
            remote: None,
            known: HashMap::new(),
        }))
    }

    pub(super) fn of(&self, logger: &str) -> Threshold {
        let mut table = self.lock();
        if let Some(threshold) = table.known.get(logger) {
            return threshold.clone();
        }
        let threshold = Threshold::new(table.rules().of(logger));
        table.known.insert(logger.to_owned(), threshold.clone());
        threshold
    }

    /// Changes what the program itself wants.
    pub(super) fn set(&self, rules: Rules) {
        let mut table = self.lock();
        table.local = rules;
        table.apply();
    }

    /// Changes what the server wants; `None` if it has no say.
    pub(super) fn set_remote(&self, rules: Option<Rules>) {
        let mut table = self.lock();
        table.remote = rules;
        table.apply();
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn rules(&self) -> &Rules {
        self.remote.as_ref().unwrap_or(&self.local)
    }

    fn apply(&self) {
        for (logger, threshold) in &self.known {
            threshold.set(self.rules().of(logger));
        }
    }
}

impl Rules {
    /// A least level, and others by the names of loggers in any spelling.
    pub fn new<'a>(min: Level, overrides: impl IntoIterator<Item = (&'a str, Level)>) -> Rules {
        let overrides = overrides.into_iter();
        Rules {
            min,
            overrides: overrides
                .map(|(name, level)| (normal(name), level))
                .collect(),
        }
    }

    /// The least level of a logger.
    pub fn of(&self, logger: &str) -> Level {
        let name = normal(logger);
        let prefixes = std::iter::successors(Some(name.as_str()), |name| {
            let (parent, _) = name.rsplit_once(['.', ':'])?;
            Some(parent.trim_end_matches(':'))
        });
        let mut found = prefixes.filter_map(|prefix| self.overrides.get(prefix));
        found.next().copied().unwrap_or(self.min)
    }
}

/// A logger's name as overrides know it.
pub(super) fn normal(logger: &str) -> String {
    let name = logger.to_lowercase();
    name.strip_prefix("soliplex.")
        .map(str::to_owned)
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let overrides = [("http", Level::Trace), ("http.cache", Level::Error)];
        Rules {
            min: Level::Info,
            overrides: overrides
                .map(|(name, level)| (name.to_owned(), level))
                .into(),
        }
    }

    #[test]
    fn the_longest_name_that_fits_decides() {
        let rules = rules();
        assert_eq!(rules.of("Auth"), Level::Info);
        assert_eq!(rules.of("HTTP"), Level::Trace);
        assert_eq!(rules.of("soliplex.Http.Client"), Level::Trace);
        assert_eq!(rules.of("http.cache.disk"), Level::Error);
        assert_eq!(rules.of("http::client"), Level::Trace);
        assert_eq!(rules.of("https"), Level::Info);
        assert_eq!(rules.of(""), Level::Info);
    }

    #[test]
    fn loggers_that_exist_see_a_change() {
        let levels = Levels::new(rules());
        let auth = levels.of("Auth");
        assert!(!auth.admits(Level::Debug) && auth.admits(Level::Info));
        levels.set(Rules {
            min: Level::Debug,
            overrides: HashMap::new(),
        });
        assert!(auth.admits(Level::Debug));
        assert!(!levels.of("http").admits(Level::Trace));
        levels.set_remote(Some(Rules::new(Level::Fatal, [])));
        assert!(!auth.admits(Level::Error) && !levels.of("new").admits(Level::Error));
        levels.set(rules());
        assert!(!auth.admits(Level::Error));
        levels.set_remote(None);
        assert!(auth.admits(Level::Info) && !auth.admits(Level::Debug));
    }
}
