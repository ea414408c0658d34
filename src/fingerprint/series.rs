//! Counting events over a time that is not known beforehand.

/// How many equal stretches of time are counted.
const BUCKETS: usize = 64;

/// How often something happened over time, in a fixed amount of memory.
///
/// Time is cut into at most 64 stretches of equal length, at first a second
/// each. An event outside them doubles the length until it fits, so a count is
/// never lost, and the resolution is always a 32nd of the whole or better.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// The length of a stretch is 2 to the power of this, in seconds.
    scale: u32,
    /// Which stretch since 1970 the first count is for.
    first: i64,
    counts: Vec<u64>,
}

impl Series {
    /// Counts an event at a time, in seconds since 1970.
    pub fn add(&mut self, second: i64) {
        self.add_many(second, 1);
    }

    /// Counts what another series counted.
    pub fn merge(&mut self, other: &Series) {
        while self.scale < other.scale && !self.counts.is_empty() {
            self.double();
        }
        if self.counts.is_empty() {
            self.scale = other.scale;
        }
        for (bucket, count) in (other.first..).zip(&other.counts) {
            if *count > 0 {
                self.add_many(bucket << other.scale, *count);
            }
        }
    }

    /// The counts over a span of time in equal steps, from a first second to a
    /// last one (both included): what a sparkline shows. What happened outside
    /// is left out.
    pub fn resample(&self, from: i64, to: i64, steps: usize) -> Vec<u64> {
        let mut resampled = vec![0; steps];
        if steps == 0 || to < from {
            return resampled;
        }
        let span = i128::from(to) - i128::from(from) + 1;
        for (bucket, count) in (self.first..).zip(&self.counts) {
            // A stretch counts where its middle lies.
            let middle = (i128::from(bucket) << self.scale) + ((1_i128 << self.scale) - 1) / 2;
            let middle = middle.clamp(self.start().into(), self.end().into());
            let at = middle - i128::from(from);
            if (0..span).contains(&at) {
                let step = (at * steps as i128 / span) as usize;
                resampled[step.min(steps - 1)] += count;
            }
        }
        resampled
    }

    fn start(&self) -> i64 {
        self.first << self.scale
    }

    fn end(&self) -> i64 {
        self.start() + ((self.counts.len() as i64) << self.scale) - 1
    }

    fn add_many(&mut self, second: i64, count: u64) {
        // Far beyond any calendar, and safe to shift and subtract.
        let second = second.clamp(-(1 << 48), 1 << 48);
        if self.counts.is_empty() {
            self.first = second >> self.scale;
        }
        loop {
            let bucket = second >> self.scale;
            let (low, high) = (
                bucket.min(self.first),
                bucket.max(self.first + self.counts.len() as i64 - 1),
            );
            if high - low < BUCKETS as i64 {
                let before = (self.first - low) as usize;
                self.counts.splice(0..0, std::iter::repeat_n(0, before));
                self.counts.resize((high - low + 1) as usize, 0);
                self.first = low;
                self.counts[(bucket - low) as usize] += count;
                return;
            }
            self.double();
        }
    }

    /// Doubles the length of the stretches.
    fn double(&mut self) {
        let mut halved = Vec::with_capacity(BUCKETS);
        for (bucket, count) in (self.first..).zip(&self.counts) {
            let at = ((bucket >> 1) - (self.first >> 1)) as usize;
            halved.resize(at + 1, 0);
            halved[at] += count;
        }
        self.first >>= 1;
        self.scale += 1;
        self.counts = halved;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BUCKETS, Series};

    fn of(seconds: &[i64]) -> Series {
        let mut series = Series::default();
        seconds.iter().for_each(|second| series.add(*second));
        series
    }

    #[test]
    fn a_minute_keeps_its_seconds() {
        let series = of(&[100, 100, 159]);
        let steps = series.resample(100, 159, 60);
        assert_eq!((steps[0], steps[59], steps.iter().sum::<u64>()), (2, 1, 3));
    }

    #[test]
    fn a_wrong_clock_costs_resolution_and_no_count() {
        let series = of(&[1_700_000_000, 0, 1_700_000_000, i64::MAX, i64::MIN]);
        assert_eq!(series.counts.iter().sum::<u64>(), 5);
    }

    proptest! {
        #[test]
        fn no_count_is_lost_and_memory_stays_flat(seconds in prop::collection::vec(any::<i64>(), 0..100)) {
            let series = of(&seconds);
            prop_assert_eq!(series.counts.iter().sum::<u64>(), seconds.len() as u64);
            prop_assert!(series.counts.len() <= BUCKETS);
            prop_assert_eq!(series.resample(-(1 << 50), 1 << 50, 10).iter().sum::<u64>(), seconds.len() as u64);
        }

        #[test]
        fn merging_counts_what_one_series_would_have(
            one in prop::collection::vec(0..100_000_i64, 0..50),
            other in prop::collection::vec(0..1_000_i64, 0..50),
        ) {
            let mut merged = of(&one);
            merged.merge(&of(&other));
            let both = of(&[one, other].concat());
            prop_assert_eq!(merged.counts.iter().sum::<u64>(), both.counts.iter().sum::<u64>());
            prop_assert!(merged.counts.len() <= BUCKETS);
        }
    }
}
