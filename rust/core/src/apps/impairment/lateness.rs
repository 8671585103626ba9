//! How late the machine was: the histogram behind a run's fidelity.

use serde::Serialize;

use crate::time::{MILLISECOND, Nanos};

/// Each doubling of the lateness has this many buckets, so one is at most 1/8 wide.
const PER_OCTAVE: usize = 8;
/// 0 to 7 ns one by one, then the octaves from 2³ to 2⁶³.
const BUCKETS: usize = 62 * PER_OCTAVE;
/// A packet later than this is an overrun.
const OVERRUN: Nanos = MILLISECOND;

/// Counts of times from deadline to departure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lateness {
    buckets: Box<[u64; BUCKETS]>,
    count: u64,
    overruns: u64,
    max: Nanos,
}

/// A histogram's content at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LatenessSnapshot {
    /// Packets.
    pub count: u64,
    /// Packets more than a millisecond late.
    pub overruns: u64,
    /// Median.
    pub p50_ns: Nanos,
    /// 99th percentile.
    pub p99_ns: Nanos,
    /// 99.9th percentile.
    pub p999_ns: Nanos,
    /// The latest of all, exactly.
    pub max_ns: Nanos,
    /// `[least lateness, packets]` of each bucket that holds any, ascending.
    pub buckets: Vec<(Nanos, u64)>,
}

impl Default for Lateness {
    fn default() -> Self {
        Self::new()
    }
}

impl Lateness {
    /// A histogram of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buckets: Box::new([0; BUCKETS]),
            count: 0,
            overruns: 0,
            max: 0,
        }
    }

    /// Counts a packet that left `ns` after its deadline.
    #[inline]
    pub fn record(&mut self, ns: Nanos) {
        self.buckets[bucket(ns)] += 1;
        self.count += 1;
        self.overruns += u64::from(ns > OVERRUN);
        self.max = self.max.max(ns);
    }

    /// Adds what another histogram counted.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(other.buckets.iter()) {
            *mine += theirs;
        }
        self.count += other.count;
        self.overruns += other.overruns;
        self.max = self.max.max(other.max);
    }

    /// Packets counted.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Packets more than a millisecond late.
    #[must_use]
    pub const fn overruns(&self) -> u64 {
        self.overruns
    }

    /// The latest of all; 0 where none was counted.
    #[must_use]
    pub const fn max(&self) -> Nanos {
        self.max
    }

    /// The lateness that a share `p` of the packets did not exceed; 0 where none was counted.
    ///
    /// The packet of rank ⌈p·count⌉ is found by its bucket, whose packets are taken to be spread
    /// evenly over its width: the answer is in that packet's bucket, and never above the maximum.
    #[must_use]
    pub fn quantile(&self, p: f64) -> Nanos {
        let rank = libm::ceil(p.clamp(0.0, 1.0) * self.count as f64).max(1.0) as u64;
        let mut before = 0;
        for (index, &count) in self.filled().iter().enumerate() {
            if before + count >= rank {
                return within(index, rank - before, count).min(self.max);
            }
            before += count;
        }
        self.max
    }

    /// The content now.
    #[must_use]
    pub fn snapshot(&self) -> LatenessSnapshot {
        let counts = self.filled().iter().copied().enumerate();
        LatenessSnapshot {
            count: self.count,
            overruns: self.overruns,
            p50_ns: self.quantile(0.5),
            p99_ns: self.quantile(0.99),
            p999_ns: self.quantile(0.999),
            max_ns: self.max,
            buckets: counts
                .filter(|&(_, count)| count > 0)
                .map(|(index, count)| (floor(index), count))
                .collect(),
        }
    }

    /// The buckets up to that of the latest: whoever asks holds the traffic up, and most are empty.
    fn filled(&self) -> &[u64] {
        &self.buckets[..=bucket(self.max)]
    }
}

/// The bucket of `ns`: its highest bit and the three after it.
#[inline]
fn bucket(ns: Nanos) -> usize {
    let Some(octave) = ns.checked_ilog2().and_then(|bits| bits.checked_sub(3)) else {
        return ns as usize;
    };
    octave as usize * PER_OCTAVE + (ns >> octave) as usize
}

/// The least lateness in a bucket.
const fn floor(index: usize) -> Nanos {
    if index < 2 * PER_OCTAVE {
        return index as Nanos;
    }
    let octave = index / PER_OCTAVE - 1;
    ((index % PER_OCTAVE + PER_OCTAVE) as Nanos) << octave
}

/// The lateness of the packet of rank `rank`, from 1, among the `count` of a bucket.
fn within(index: usize, rank: u64, count: u64) -> Nanos {
    let octave = (index / PER_OCTAVE).saturating_sub(1);
    let width = 1_u64 << octave;
    let share = (rank as f64 - 0.5) / count as f64;
    floor(index) + (share * width as f64) as Nanos
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BUCKETS, Lateness, bucket, floor};
    use crate::time::{MILLISECOND, Nanos};

    fn histogram(values: &[Nanos]) -> Lateness {
        let mut lateness = Lateness::new();
        values.iter().for_each(|&ns| lateness.record(ns));
        lateness
    }

    #[test]
    fn buckets_cover_all_times_without_a_gap() {
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        for index in 0..BUCKETS {
            assert_eq!(bucket(floor(index)), index);
            assert!(index == 0 || bucket(floor(index) - 1) == index - 1);
        }
    }

    #[test]
    fn overruns_are_later_than_a_millisecond() {
        let lateness = histogram(&[MILLISECOND, MILLISECOND + 1, 0]);
        assert_eq!((lateness.count(), lateness.overruns()), (3, 1));
        assert_eq!(lateness.max(), MILLISECOND + 1);
    }

    #[test]
    fn a_snapshot_is_plain_data() {
        let snapshot = histogram(&[3, 3, 1000]).snapshot();
        assert_eq!(
            serde_json::to_string(&snapshot).unwrap(),
            r#"{"count":3,"overruns":0,"p50_ns":3,"p99_ns":992,"p999_ns":992,"max_ns":1000,"buckets":[[3,2],[960,1]]}"#,
        );
        let empty = Lateness::new().snapshot();
        assert_eq!((empty.p50_ns, empty.max_ns, empty.buckets.len()), (0, 0, 0));
    }

    proptest! {
        #[test]
        fn a_quantile_is_in_the_bucket_of_the_exact_one(
            mut values in prop::collection::vec(0_u64..10_000_000, 1..200),
            p in 0.0..=1.0_f64,
        ) {
            let found = histogram(&values).quantile(p);
            values.sort_unstable();
            let rank = ((p * values.len() as f64).ceil() as usize).max(1);
            let exact = values[rank - 1];
            prop_assert_eq!(bucket(found), bucket(exact), "{} for {}", found, exact);
        }

        #[test]
        fn merging_is_recording_both(
            a in prop::collection::vec(any::<u64>(), 0..50),
            b in prop::collection::vec(any::<u64>(), 0..50),
        ) {
            let mut merged = histogram(&a);
            merged.merge(&histogram(&b));
            prop_assert_eq!(merged, histogram(&[a, b].concat()));
        }
    }
}
