//! Sets of offsets.
use std::collections::BTreeMap;
use std::ops::Range;

/// A set of offsets, kept as ranges that neither overlap nor touch. Each operation costs the
/// logarithm of their number, plus the ranges that it does away with.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Ranges {
    /// Start to end.
    map: BTreeMap<u64, u64>,
    total: u64,
}

impl Ranges {
    /// How many offsets are in it.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// The lowest range.
    pub(super) fn first(&self) -> Option<Range<u64>> {
        self.map.iter().next().map(|(&start, &end)| start..end)
    }

    /// All ranges, upwards.
    pub(super) fn iter(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.map.iter().map(|(&start, &end)| start..end)
    }

    pub(super) fn contains(&self, offset: u64) -> bool {
        self.at_or_below(offset).is_some_and(|at| offset < at.end)
    }

    /// Whether any offset of `range` is in it.
    pub(super) fn meets(&self, range: &Range<u64>) -> bool {
        self.gap(range.clone()).as_ref() != Some(range) && !range.is_empty()
    }

    /// The first part of `within` that is not in it.
    pub(super) fn gap(&self, within: Range<u64>) -> Option<Range<u64>> {
        let start = match self.at_or_below(within.start) {
            Some(at) if at.end > within.start => at.end,
            _ => within.start,
        };
        if start >= within.end {
            return None;
        }
        let next = self.map.range(start..within.end).next();
        Some(start..next.map_or(within.end, |(&start, _)| start))
    }

    pub(super) fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let mut merged = range;
        while let Some(at) = self.at_or_below(merged.end) {
            if at.end < merged.start {
                break;
            }
            self.take(&at);
            merged = merged.start.min(at.start)..merged.end.max(at.end);
        }
        self.put(merged);
    }

    pub(super) fn remove(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        while let Some(at) = self.at_or_below(range.end - 1) {
            if at.end <= range.start {
                break;
            }
            self.take(&at);
            self.put(range.end..at.end);
            if at.start < range.start {
                self.put(at.start..range.start);
                break;
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn at_or_below(&self, offset: u64) -> Option<Range<u64>> {
        let (&start, &end) = self.map.range(..=offset).next_back()?;
        Some(start..end)
    }

    fn take(&mut self, range: &Range<u64>) {
        self.map.remove(&range.start);
        self.total -= range.end - range.start;
    }

    fn put(&mut self, range: Range<u64>) {
        if !range.is_empty() {
            self.total += range.end - range.start;
            self.map.insert(range.start, range.end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ranges;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn ranges(of: &[(u64, u64)]) -> Ranges {
        let mut ranges = Ranges::default();
        of.iter()
            .for_each(|&(start, end)| ranges.insert(start..end));
        ranges
    }

    #[test]
    fn ranges_that_touch_are_one() {
        let set = ranges(&[(0, 10), (20, 30), (10, 20), (40, 50)]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0..30, 40..50]);
        assert_eq!(set.total(), 40);
    }

    #[test]
    fn a_hole_splits_a_range() {
        let mut set = ranges(&[(0, 30)]);
        set.remove(10..20);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0..10, 20..30]);
    }

    #[test]
    fn a_gap_is_what_is_missing_first() {
        let set = ranges(&[(10, 20), (30, 40)]);
        assert_eq!(set.gap(0..50), Some(0..10));
        assert_eq!(set.gap(12..50), Some(20..30));
        assert_eq!(set.gap(12..25), Some(20..25));
        assert_eq!(set.gap(30..40), None);
        assert_eq!(set.gap(40..41), Some(40..41));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u64, u64),
        Remove(u64, u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = (any::<bool>(), 0..60_u64, 0..12_u64).prop_map(|(insert, start, len)| {
            if insert {
                Step::Insert(start, start + len)
            } else {
                Step::Remove(start, start + len)
            }
        });
        prop::collection::vec(step, 0..60)
    }

    proptest! {
        #[test]
        fn it_is_a_set(steps in steps()) {
            let (mut set, mut model) = (Ranges::default(), BTreeSet::new());
            for step in steps {
                match step {
                    Step::Insert(start, end) => {
                        set.insert(start..end);
                        model.extend(start..end);
                    }
                    Step::Remove(start, end) => {
                        set.remove(start..end);
                        model.retain(|offset| !(start..end).contains(offset));
                    }
                }
                let offsets: BTreeSet<u64> = set.iter().flatten().collect();
                prop_assert_eq!(&offsets, &model);
                prop_assert_eq!(set.total(), model.len() as u64);
                for at in 0..70 {
                    prop_assert_eq!(set.contains(at), model.contains(&at));
                    let missing = (at..70).find(|offset| !model.contains(offset));
                    prop_assert_eq!(set.gap(at..70).map(|gap| gap.start), missing);
                    prop_assert_eq!(set.meets(&(at..at + 3)), (at..at + 3).any(|at| model.contains(&at)));
                }
            }
        }
    }
}
