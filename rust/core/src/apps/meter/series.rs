//! Bytes over time, in memory that does not grow with the time.
use crate::time::Nanos;

/// The shortest stretch of time that is told apart: 2²⁰ ns, about a millisecond.
const SHORTEST: u32 = 20;
/// How many stretches with something in them are kept; when there are more, each two become one.
const MOST: usize = 4096;

/// How many bytes there were in each stretch of time; stretches without any take no room.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// A stretch lasts two to the power of this, in nanoseconds.
    exponent: u32,
    stretches: Vec<(u64, u64)>,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            exponent: SHORTEST,
            stretches: Vec::new(),
        }
    }
}

impl Series {
    /// Adds bytes at a time; one before the last counts as the last.
    pub(super) fn add(&mut self, at: Nanos, bytes: u64) {
        let number = at >> self.exponent;
        match self.stretches.last_mut() {
            Some((last, sum)) if number <= *last => *sum += bytes,
            _ => self.stretches.push((number, bytes)),
        }
        while self.stretches.len() > MOST {
            self.halve(); // which makes no fewer of those that are far apart
        }
    }

    fn halve(&mut self) {
        self.exponent += 1;
        for (number, _) in &mut self.stretches {
            *number >>= 1;
        }
        self.stretches.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                earlier.1 += later.1;
            }
            same
        });
    }

    /// How long a stretch lasts.
    pub(super) fn period(&self) -> Nanos {
        1 << self.exponent
    }

    /// Number and bytes of each stretch that has any, in order.
    pub(super) fn stretches(&self) -> &[(u64, u64)] {
        &self.stretches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_of_one_stretch_are_added_up() {
        let mut series = Series::default();
        for (at, bytes) in [
            (0, 1),
            (1_048_575, 2),
            (1_048_576, 4),
            (500, 8),
            (1 << 40, 16),
        ] {
            series.add(at, bytes);
        }
        assert_eq!(series.stretches(), [(0, 3), (1, 12), (1 << 20, 16)]);
        assert_eq!(series.period(), 1 << 20);
    }

    #[test]
    fn stretches_far_apart_become_few_enough_all_the_same() {
        let mut series = Series::default();
        for number in 0..=MOST as u64 {
            series.add(number << 24, 1);
        }
        assert_eq!(series.stretches().len(), MOST / 2 + 1);
        assert_eq!(series.period(), 1 << 25);
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_and_room_is_bounded(steps in prop::collection::vec(0_u64..1 << 34, 0..9000)) {
            let mut series = Series::default();
            let mut at = 0;
            for step in &steps {
                at += step;
                series.add(at, 3);
            }
            let sum: u64 = series.stretches().iter().map(|(_, bytes)| bytes).sum();
            prop_assert_eq!(sum, 3 * steps.len() as u64);
            prop_assert!(series.stretches().len() <= MOST);
            prop_assert!(series.stretches().windows(2).all(|two| two[0].0 < two[1].0));
            if let Some((last, _)) = series.stretches().last() {
                prop_assert_eq!(*last, at / series.period());
            }
        }
    }
}
