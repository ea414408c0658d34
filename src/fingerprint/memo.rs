//! Remembering the fingerprints of stacks that come again.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use super::{Basis, Fingerprint, Occurrence, named, of_named};

/// How many stacks are remembered. When there are more, all are forgotten:
/// what is frequent is soon remembered again.
const CAPACITY: usize = 4096;

/// Fingerprints by the type and the text of the stack that they were made of,
/// since most errors are repetitions, and reading a stack costs ten times as
/// much as recognizing it.
#[derive(Clone, Debug, Default)]
pub(super) struct Memo {
    /// By a keyed hash of both texts. Among 4,096 stacks one in 10^15 errors
    /// would be taken for another, which is less than memory errs.
    known: HashMap<u64, Arc<Fingerprint>>,
    hasher: RandomState,
}

impl Memo {
    /// What [`super::of`] says, remembered where it was made of a stack.
    pub(super) fn fingerprint(&mut self, occurrence: &Occurrence<'_>) -> Arc<Fingerprint> {
        let named = named(occurrence);
        let Some(stack) = occurrence.stack_trace.as_deref() else {
            return Arc::new(of_named(occurrence, &named).0);
        };
        let key = self.hasher.hash_one((&named, stack));
        if let Some(known) = self.known.get(&key) {
            return Arc::clone(known);
        }
        let (fingerprint, is_of_stack) = of_named(occurrence, &named);
        let fingerprint = Arc::new(fingerprint);
        debug_assert!(!is_of_stack || fingerprint.basis == Basis::Stack);
        if is_of_stack {
            if self.known.len() == CAPACITY {
                self.known.clear();
            }
            self.known.insert(key, Arc::clone(&fingerprint));
        }
        fingerprint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remembered_fingerprint_is_the_one_that_would_be_made() {
        let stack = |n: usize| format!("#0      f{n} (package:app/a.dart:{n}:3)\n");
        let mut memo = Memo::default();
        for n in (0..CAPACITY / 2 + 10).chain(0..10) {
            for error in ["StateError: no", "FormatException: no"] {
                let occurrence = Occurrence {
                    error: Some(error.into()),
                    stack_trace: Some(stack(n).into()),
                    ..Occurrence::default()
                };
                let expected = super::super::of(&occurrence);
                assert_eq!(*memo.fingerprint(&occurrence), expected);
            }
        }
        assert!(memo.known.len() <= CAPACITY);
    }

    #[test]
    fn what_was_not_made_of_the_stack_is_not_remembered_by_it() {
        let mut memo = Memo::default();
        for message in ["cannot open the door", "cannot find the key"] {
            let occurrence = Occurrence {
                stack_trace: Some("no frames here".into()),
                message: message.into(),
                ..Occurrence::default()
            };
            let expected = super::super::of(&occurrence);
            assert_eq!(*memo.fingerprint(&occurrence), expected);
        }
    }
}
