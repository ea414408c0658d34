//! Counting different texts in little memory.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many different values are counted one by one.
const EXACT: usize = 64;

/// The registers of an estimate are 2 to the power of this.
const PRECISION: u32 = 10;

/// How many different texts were seen.
///
/// Exact up to 64. Above it, an estimate by HyperLogLog (Flajolet and others,
/// 2007) with 1,024 registers: its standard error is 3.25 %, and the counter
/// takes 1 KiB however many values there are.
#[derive(Clone, Debug, Default)]
pub struct Distinct {
    /// The hashes of the values, while they are few.
    exact: HashSet<u64>,
    /// What takes their place once they are many.
    registers: Option<Box<Registers>>,
}

type Registers = [u8; 1 << PRECISION];

impl Distinct {
    /// Counts a text, if it was not counted before.
    pub fn add(&mut self, text: &str) {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        self.add_hash(hasher.finish());
    }

    /// Counts what another counter counted.
    pub fn merge(&mut self, other: &Distinct) {
        other.exact.iter().for_each(|hash| self.add_hash(*hash));
        if let Some(others) = &other.registers {
            for (register, other) in self.registers().iter_mut().zip(others.iter()) {
                *register = (*register).max(*other);
            }
        }
    }

    /// How many different texts were counted.
    pub fn count(&self) -> u64 {
        match &self.registers {
            None => self.exact.len() as u64,
            Some(registers) => estimate(registers.as_ref()),
        }
    }

    fn add_hash(&mut self, hash: u64) {
        if let Some(registers) = &mut self.registers {
            raise(registers, hash);
            return;
        }
        self.exact.insert(hash);
        if self.exact.len() > EXACT {
            self.registers();
        }
    }

    /// The registers, made of the exact values where there were none yet.
    fn registers(&mut self) -> &mut Registers {
        let exact = std::mem::take(&mut self.exact);
        let registers = self
            .registers
            .get_or_insert_with(|| Box::new([0; 1 << PRECISION]));
        exact.iter().for_each(|hash| raise(registers, *hash));
        registers
    }
}

/// The first bits of a hash choose the register; the zeros behind them, plus
/// one, are what it remembers the most of.
fn raise(registers: &mut Registers, hash: u64) {
    let index = (hash >> (64 - PRECISION)) as usize;
    // The bit set below the shifted ones bounds the count of zeros.
    let zeros = ((hash << PRECISION) | (1 << (PRECISION - 1))).leading_zeros();
    let rank = zeros as u8 + 1;
    registers[index] = registers[index].max(rank);
}

fn estimate(registers: &[u8]) -> u64 {
    let count = registers.len() as f64;
    let sum: f64 = registers
        .iter()
        .map(|register| (-f64::from(*register)).exp2())
        .sum();
    let bias = 0.7213 / (1.0 + 1.079 / count);
    let raw = bias * count * count / sum;
    let empty = registers.iter().filter(|register| **register == 0).count();
    // Few values leave many registers empty, and how many tells more.
    let corrected = if raw <= 2.5 * count && empty > 0 {
        count * (count / empty as f64).ln()
    } else {
        raw
    };
    corrected.round() as u64
}

#[cfg(test)]
mod tests {
    use super::Distinct;

    fn of(range: std::ops::Range<u32>) -> Distinct {
        let mut distinct = Distinct::default();
        for value in range {
            distinct.add(&format!("session-{value}"));
            distinct.add(&format!("session-{value}"));
        }
        distinct
    }

    #[test]
    fn few_values_are_counted_exactly() {
        assert_eq!(of(0..0).count(), 0);
        assert_eq!(of(0..64).count(), 64);
    }

    #[test]
    fn many_values_are_estimated_within_three_standard_errors() {
        for count in [65_u32, 1_000, 20_000, 200_000] {
            let estimate = of(0..count).count() as f64;
            let error = (estimate / f64::from(count) - 1.0).abs();
            assert!(error < 0.1, "{estimate} for {count}");
        }
    }

    #[test]
    fn merged_counters_count_what_one_would_have() {
        for (split, end) in [(10, 20), (10, 5_000), (4_990, 5_000), (2_500, 5_000)] {
            let mut merged = of(0..split);
            merged.merge(&of(split / 2..end));
            assert_eq!(merged.count(), of(0..end).count());
        }
    }
}
