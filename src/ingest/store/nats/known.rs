//! What a server remembers of the sessions that it heard of lately.

use std::collections::HashMap;

use crate::fleet::SessionSums;

/// How many sessions each of two generations holds, some 5 MB of them.
const GENERATION: usize = 10_000;

/// The last message of a session.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Its number; 0 if the session has none.
    pub(super) message: u64,
    /// The session up to and with it.
    pub(super) sums: SessionSums,
}

/// The last messages of some sessions, by subject. It may be out of date: a
/// batch that relies on it is then turned away by the stream.
///
/// When the younger generation is full, the older one is forgotten; who is
/// asked for again joins the younger one. So those heard of most are kept.
#[derive(Default)]
pub(super) struct KnownSessions {
    young: HashMap<String, Known>,
    old: HashMap<String, Known>,
}

impl KnownSessions {
    /// Takes out what is known of a session, so that whoever fails with it
    /// leaves nothing behind.
    pub(super) fn take(&mut self, subject: &str) -> Option<Known> {
        self.young
            .remove(subject)
            .or_else(|| self.old.remove(subject))
    }

    pub(super) fn put(&mut self, subject: String, known: Known) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(subject, known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_heard_of_is_kept_and_memory_is_bounded() {
        let mut known = KnownSessions::default();
        for n in 0..5 * GENERATION {
            known.put(n.to_string(), Known::default());
            let often = known.take("often").unwrap_or_default();
            known.put("often".to_owned(), often);
        }
        assert!(known.take("often").is_some());
        assert!(known.take("0").is_none());
        assert!(known.young.len() + known.old.len() <= 2 * GENERATION + 1);
    }
}
