//! How many records who may send.
//!
//! One number is kept per sender: when it would have been due to send what it
//! has sent so far (the "virtual scheduling" form of the generic cell rate
//! algorithm, ITU-T I.371). A request is let in if that instant is less than
//! a burst ahead; then all of its records are charged, so that a batch larger
//! than the burst is not refused for good, and on average no sender is above
//! its rate.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many senders are told apart. The rest share one allowance, so that
/// making senders up gains nothing and costs no memory.
const MAX_KEYS: usize = 100_000;

/// How often senders that have been quiet are forgotten, when it gets tight.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// A number of records in a time; zero is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    per_second: f64,
    burst: f64,
}

/// The text is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rate is a number of records a second, or such as 600/m or 10000/h; 0 is no limit")]
pub struct BadRate;

impl FromStr for Rate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Rate, BadRate> {
        let (count, unit) = text.split_once('/').unwrap_or((text, "s"));
        let seconds = match unit {
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(BadRate),
        };
        let count: u32 = count.parse().map_err(|_| BadRate)?;
        Ok(Rate::new(f64::from(count) / seconds))
    }
}

impl Rate {
    /// A number of records a second.
    pub fn new(per_second: f64) -> Rate {
        Rate {
            per_second,
            // A second's worth, but always one record.
            burst: per_second.max(1.0),
        }
    }
}

/// Holds senders to a rate.
#[derive(Debug)]
pub(super) struct Limiter {
    rate: Rate,
    start: Instant,
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When each sender is due, in seconds since the start.
    due: HashMap<u64, f64>,
    swept: f64,
}

impl Limiter {
    pub(super) fn new(rate: Rate) -> Limiter {
        Limiter {
            rate,
            start: Instant::now(),
            hasher: RandomState::new(),
            state: Mutex::default(),
        }
    }

    /// Lets a sender's records in, or says after how many seconds to try
    /// again. With no records it only says whether some would be let in.
    pub(super) fn charge(&self, sender: impl Hash, records: usize) -> Result<(), u64> {
        self.charge_at(self.start.elapsed(), sender, records)
    }

    fn charge_at(&self, now: Duration, sender: impl Hash, records: usize) -> Result<(), u64> {
        if self.rate.per_second <= 0.0 {
            return Ok(());
        }
        let now = now.as_secs_f64();
        let mut key = self.hasher.hash_one(sender);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.due.contains_key(&key) && !state.has_room(now) {
            key = 0;
        }
        let due = state.due.get(&key).copied().unwrap_or(now).max(now);
        // One more record must fit into the burst.
        let excess = (due - now) * self.rate.per_second + 1.0 - self.rate.burst;
        if excess > 1e-6 {
            return Err((excess / self.rate.per_second).ceil() as u64);
        }
        if records > 0 {
            let cost = records as f64 / self.rate.per_second;
            state.due.insert(key, due + cost);
        }
        Ok(())
    }
}

impl State {
    fn has_room(&mut self, now: f64) -> bool {
        if self.due.len() < MAX_KEYS {
            return true;
        }
        if now - self.swept < SWEEP_INTERVAL.as_secs_f64() {
            return false;
        }
        self.swept = now;
        // A sender that is due again has its whole allowance: forgetting it
        // changes nothing.
        self.due.retain(|_, due| *due > now);
        self.due.len() < MAX_KEYS
    }
}

/// What an address counts as: one customer of a provider has a whole /64 of
/// IPv6, and an IPv4 address may come in either form.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(rate: &str) -> Limiter {
        Limiter::new(rate.parse().unwrap())
    }

    /// How many of one record each are let in, trying every millisecond.
    fn let_in(limiter: &Limiter, seconds: u64, records: usize) -> usize {
        (0..seconds * 1000)
            .filter(|ms| {
                let now = Duration::from_millis(*ms);
                limiter.charge_at(now, "sender", records).is_ok()
            })
            .count()
            * records
    }

    #[test]
    fn on_average_no_sender_is_above_its_rate() {
        for (rate, seconds, limit) in [("10", 60, 600), ("600/m", 60, 600), ("3600/h", 100, 100)] {
            let count = let_in(&limiter(rate), seconds, 1);
            assert!(
                (limit..=limit * 105 / 100).contains(&count),
                "{rate}: {count}"
            );
        }
    }

    #[test]
    fn a_batch_larger_than_the_burst_gets_through_and_is_paid_for() {
        let count = let_in(&limiter("10"), 300, 100);
        assert!((2900..=3150).contains(&count), "{count}");
    }

    #[test]
    fn whoever_waits_as_told_is_let_in() {
        let limiter = limiter("1");
        assert_eq!(limiter.charge_at(Duration::ZERO, 1, 5), Ok(()));
        assert_eq!(limiter.charge_at(Duration::ZERO, 1, 0), Err(5));
        assert_eq!(limiter.charge_at(Duration::from_secs(5), 1, 1), Ok(()));
        assert_eq!(limiter.charge_at(Duration::ZERO, 2, 1), Ok(()));
    }

    #[test]
    fn zero_is_no_limit() {
        assert_eq!(limiter("0").charge("x", 1_000_000), Ok(()));
        for text in ["", "-1", "x", "1/d", "1.5"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn made_up_senders_share_what_is_left() {
        let limiter = limiter("1");
        let now = Duration::from_secs(1);
        let admitted = (0..MAX_KEYS + 1000)
            .filter(|sender| limiter.charge_at(now, sender, 1).is_ok())
            .count();
        assert_eq!(admitted, MAX_KEYS + 1);
        assert!(limiter.state.lock().unwrap().due.len() <= MAX_KEYS + 1);
        let later = Duration::from_secs(10);
        assert_eq!(limiter.charge_at(later, "new", 1), Ok(()));
        assert!(limiter.state.lock().unwrap().due.len() < 10);
    }

    #[test]
    fn an_address_counts_as_its_network() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(network("192.0.2.1"), "192.0.2.1");
    }
}
