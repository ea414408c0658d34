//! What to do about an outcome: pure decisions, no clock, no I/O.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::reply::{Outcome, Rejection};
use super::wire::Spelling;

/// The longest pause between two attempts.
pub const MAX_DELAY: Duration = Duration::from_secs(60);

/// How often a batch fails before it is suspected, and how often a single
/// record fails, with others going through in between, before it is given up.
pub const POISON_FAILURES: u32 = 3;

/// What a decision depends on besides the outcome.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// How many requests in a row have failed, this one included.
    pub failures: u32,
    /// The clock.
    pub now: DateTime<Utc>,
    /// A random number from 0 to 1,000, to spread clients out.
    pub jitter: u32,
    /// The spelling that was sent, if the endpoint may choose another.
    pub may_respell_from: Option<Spelling>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// The records were taken in, but for those named: confirm them.
    Confirm(Vec<Rejection>),
    /// Send the same again after a pause.
    Retry {
        /// How long to wait.
        after: Duration,
        /// Whether the batch itself may be the cause.
        is_suspect: bool,
    },
    /// A record in the batch is bad: halve it, or give up the one record.
    Halve,
    /// These records are bad: send the rest.
    SetAside(Vec<Rejection>),
    /// Send the same again in this spelling.
    Respell(Spelling),
    /// Send nothing more until something changes.
    Stop(StopCause),
}

/// Why sending cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// The token is not accepted (401) or not allowed (403).
    Unauthorized,
    /// There is no such endpoint (404), or not for this kind of request.
    NoEndpoint,
    /// It has refused all that it was sent (400, 413, 422) and taken nothing:
    /// everything that waited, or the first few hundred records.
    RefusesAll {
        /// How many it refused.
        records: usize,
    },
}

/// Decides what to do about the outcome of a request.
pub fn decide(outcome: &Outcome, facts: &Facts) -> Decision {
    match outcome {
        Outcome::Accepted { rejected, .. } => Decision::Confirm(rejected.clone()),
        Outcome::Unclear { .. } => Decision::Retry {
            after: backoff(facts.failures, facts.jitter),
            is_suspect: true,
        },
        Outcome::Refused {
            status,
            retry_after,
            named,
            misses,
            ..
        } => match status {
            400 | 413 | 422 => match misses {
                Some(spelling) if facts.may_respell_from == Some(spelling.other()) => {
                    Decision::Respell(*spelling)
                }
                _ if named.is_empty() => Decision::Halve,
                _ => Decision::SetAside(named.clone()),
            },
            401 | 403 => Decision::Stop(StopCause::Unauthorized),
            408 | 425 | 429 | 500.. => Decision::Retry {
                after: retry_after
                    .map(|value| value.delay(facts.now).min(MAX_DELAY))
                    // No pause at all would make a busy loop.
                    .filter(|delay| !delay.is_zero())
                    .unwrap_or_else(|| backoff(facts.failures, facts.jitter)),
                // Throttling is about the client, never about the batch.
                is_suspect: *status >= 500,
            },
            _ => Decision::Stop(StopCause::NoEndpoint),
        },
    }
}

/// The pause after the `failures`th failure in a row: 1, 2, 4 … 60 s, and up
/// to a quarter more by `jitter`, from 0 to 1,000.
pub fn backoff(failures: u32, jitter: u32) -> Duration {
    let nominal = 1 << failures.saturating_sub(1).min(6);
    let extra = Duration::from_millis(nominal * u64::from(jitter.min(1_000)) / 4);
    (Duration::from_secs(nominal) + extra).min(MAX_DELAY)
}

/// A random number from 0 to 1,000 for [`backoff`].
pub fn jitter() -> u32 {
    (uuid::Uuid::new_v4().as_u128() % 1_001) as u32
}

/// What speaks against a batch that the server fails on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Suspicion {
    /// How many records it has.
    pub records: usize,
    /// How often in a row it failed.
    pub failures: u32,
    /// How many of these failures were followed by another batch going
    /// through, so that they were no outage.
    pub proven: u32,
    /// Whether it is part of a batch that is known to hold a bad record.
    pub is_hunted: bool,
}

impl Suspicion {
    /// Whether only other batches can tell if the batch is at fault.
    pub fn wants_witness(&self) -> bool {
        self.failures >= POISON_FAILURES
            || (self.failures > 0 && (self.is_hunted || self.records == 1))
    }

    /// Whether the batch, and no outage, is to blame.
    ///
    /// Halving a batch costs requests only, so one proven failure is enough
    /// for it. A single record is given up for good, so that takes three.
    pub fn is_poison(&self) -> bool {
        let enough = if self.is_hunted { 1 } else { POISON_FAILURES };
        match self.records {
            1 => self.proven >= POISON_FAILURES,
            _ => self.proven >= 1 && self.failures >= enough,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::reply::RetryAfter;

    fn facts(failures: u32) -> Facts {
        Facts {
            failures,
            now: "2026-02-06T12:00:00Z".parse().unwrap(),
            jitter: 0,
            may_respell_from: Some(Spelling::Camel),
        }
    }

    fn refused(status: u16) -> Outcome {
        Outcome::Refused {
            status,
            reason: String::new(),
            retry_after: None,
            named: Vec::new(),
            misses: None,
        }
    }

    fn asking(status: u16, retry_after: &str) -> Outcome {
        let mut outcome = refused(status);
        if let Outcome::Refused {
            retry_after: slot, ..
        } = &mut outcome
        {
            *slot = RetryAfter::parse(retry_after);
        }
        outcome
    }

    fn unclear() -> Outcome {
        Outcome::Unclear {
            status: None,
            reason: String::new(),
        }
    }

    fn bad(index: usize) -> Vec<Rejection> {
        vec![Rejection {
            index,
            reason: "bad".to_owned(),
        }]
    }

    fn naming(status: u16, misses: Option<Spelling>) -> Outcome {
        Outcome::Refused {
            status,
            reason: String::new(),
            retry_after: None,
            named: bad(3),
            misses,
        }
    }

    fn retry(seconds: u64, is_suspect: bool) -> Decision {
        Decision::Retry {
            after: Duration::from_secs(seconds),
            is_suspect,
        }
    }

    #[test]
    fn every_outcome_has_its_decision() {
        use Decision::{Confirm, Halve, Respell, SetAside, Stop};
        let accepted = |rejected| Outcome::Accepted {
            status: 200,
            rejected,
            duplicates: 0,
        };
        let table = [
            ("taken in", accepted(vec![]), 0, Confirm(vec![])),
            ("taken in but for one", accepted(bad(7)), 0, Confirm(bad(7))),
            ("unclear, first", unclear(), 1, retry(1, true)),
            ("unclear, second", unclear(), 2, retry(2, true)),
            ("unclear, third", unclear(), 3, retry(4, true)),
            ("unclear, much later", unclear(), 90, retry(60, true)),
            ("500", refused(500), 1, retry(1, true)),
            ("502", refused(502), 4, retry(8, true)),
            ("503 in seconds", asking(503, "7"), 5, retry(7, true)),
            (
                "503 at a date",
                asking(503, "Fri, 06 Feb 2026 12:00:20 GMT"),
                1,
                retry(20, true),
            ),
            (
                "503 at a past date",
                asking(503, "Fri, 06 Feb 2026 11:00:20 GMT"),
                2,
                retry(2, true),
            ),
            ("503 too long", asking(503, "86400"), 1, retry(60, true)),
            ("503 with junk", asking(503, "soon"), 3, retry(4, true)),
            ("429 in seconds", asking(429, "30"), 1, retry(30, false)),
            ("429 without", refused(429), 2, retry(2, false)),
            ("429 at once", asking(429, "0"), 1, retry(1, false)),
            ("408", refused(408), 1, retry(1, false)),
            ("400", refused(400), 1, Halve),
            ("413", refused(413), 1, Halve),
            ("422", refused(422), 1, Halve),
            (
                "422 that names the record",
                naming(422, None),
                1,
                SetAside(bad(3)),
            ),
            (
                "400 that names the record",
                naming(400, None),
                1,
                SetAside(bad(3)),
            ),
            (
                "422 that wants snake_case",
                naming(422, Some(Spelling::Snake)),
                1,
                Respell(Spelling::Snake),
            ),
            (
                "422 that wants what was sent",
                naming(422, Some(Spelling::Camel)),
                1,
                SetAside(bad(3)),
            ),
            ("401", refused(401), 1, Stop(StopCause::Unauthorized)),
            ("403", refused(403), 1, Stop(StopCause::Unauthorized)),
            ("404", refused(404), 1, Stop(StopCause::NoEndpoint)),
            ("405", refused(405), 1, Stop(StopCause::NoEndpoint)),
            ("410", refused(410), 1, Stop(StopCause::NoEndpoint)),
            ("451", refused(451), 1, Stop(StopCause::NoEndpoint)),
        ];
        for (name, outcome, failures, expected) in table {
            assert_eq!(decide(&outcome, &facts(failures)), expected, "{name}");
        }
    }

    #[test]
    fn a_fixed_spelling_is_never_changed() {
        let fixed = Facts {
            may_respell_from: None,
            ..facts(1)
        };
        let outcome = naming(422, Some(Spelling::Snake));
        assert_eq!(decide(&outcome, &fixed), Decision::SetAside(bad(3)));
    }

    #[test]
    fn jitter_lengthens_a_pause_by_a_quarter_at_the_most_and_never_past_the_cap() {
        assert_eq!(backoff(1, 1_000), Duration::from_millis(1_250));
        assert_eq!(backoff(3, 500), Duration::from_millis(4_500));
        assert_eq!(backoff(u32::MAX, u32::MAX), MAX_DELAY);
        assert_eq!(backoff(0, 0).as_secs(), 1);
    }

    #[test]
    fn only_what_fails_while_others_go_through_is_poison() {
        let case = |records, failures, proven, is_hunted| {
            let suspicion = Suspicion {
                records,
                failures,
                proven,
                is_hunted,
            };
            (suspicion.wants_witness(), suspicion.is_poison())
        };
        let table = [
            ("a batch, once", case(100, 1, 0, false), (false, false)),
            (
                "a batch, three times",
                case(100, 3, 0, false),
                (true, false),
            ),
            (
                "a batch, in a long outage",
                case(100, 500, 0, false),
                (true, false),
            ),
            (
                "a batch, three times, another through",
                case(100, 3, 1, false),
                (true, true),
            ),
            (
                "a batch, twice, another through",
                case(100, 2, 1, false),
                (false, false),
            ),
            ("a hunted part, once", case(50, 1, 0, true), (true, false)),
            (
                "a hunted part, another through",
                case(50, 1, 1, true),
                (true, true),
            ),
            (
                "a record, in a long outage",
                case(1, 500, 0, true),
                (true, false),
            ),
            ("a record, twice proven", case(1, 3, 2, true), (true, false)),
            ("a record, thrice proven", case(1, 3, 3, true), (true, true)),
            ("nothing failed", case(50, 0, 0, true), (false, false)),
        ];
        for (name, found, expected) in table {
            assert_eq!(found, expected, "{name}");
        }
    }
}
