//! Windowed maxima.
use std::collections::VecDeque;

/// The largest bandwidth of this cycle of probing and of the one before (§5.5.3).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct MaxBandwidth {
    previous: u64,
    current: u64,
}

impl MaxBandwidth {
    /// The largest, in bytes a second.
    pub(super) fn get(&self) -> u64 {
        self.previous.max(self.current)
    }

    pub(super) fn add(&mut self, rate: u64) {
        self.current = self.current.max(rate);
    }

    /// A cycle is over (§5.5.6). One without a sample is not counted.
    pub(super) fn advance(&mut self) {
        if self.current > 0 {
            (self.previous, self.current) = (self.current, 0);
        }
    }
}

/// The largest value of the last rounds, exactly: those that a later one exceeds are forgotten, so
/// that there is at most one a round.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct WindowedMax {
    /// Rounds ascending, values descending.
    entries: VecDeque<(u64, u64)>,
}

impl WindowedMax {
    /// Adds the value of a round, and forgets those of rounds that are `length` or more before it.
    pub(super) fn add(&mut self, value: u64, round: u64, length: u64) {
        while self.entries.back().is_some_and(|&(_, last)| last <= value) {
            self.entries.pop_back();
        }
        if self.entries.back().is_none_or(|&(last, _)| last < round) {
            self.entries.push_back((round, value));
        }
        while self
            .entries
            .front()
            .is_some_and(|&(first, _)| first + length <= round)
        {
            self.entries.pop_front();
        }
    }

    /// The largest value; 0 before the first.
    pub(super) fn get(&self) -> u64 {
        self.entries.front().map_or(0, |&(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::{MaxBandwidth, WindowedMax};
    use proptest::prelude::*;

    #[test]
    fn bandwidth_is_remembered_for_two_cycles() {
        let mut max = MaxBandwidth::default();
        max.add(100);
        max.advance();
        max.add(50);
        assert_eq!(max.get(), 100);
        max.advance();
        assert_eq!(max.get(), 50);
        max.advance();
        assert_eq!(max.get(), 50, "a cycle without a sample does not count");
    }

    proptest! {
        #[test]
        fn the_window_s_maximum_is_exact(steps in prop::collection::vec((0..3_u64, 0..9_u64), 1..200), length in 1..12_u64) {
            let (mut filter, mut round, mut all) = (WindowedMax::default(), 0, Vec::new());
            for (later, value) in steps {
                round += later;
                all.push((round, value));
                filter.add(value, round, length);
                let exact = all.iter().filter(|(at, _)| at + length > round).map(|&(_, v)| v).max();
                prop_assert_eq!(Some(filter.get()), exact);
                prop_assert!(filter.entries.len() as u64 <= length);
            }
        }
    }
}
