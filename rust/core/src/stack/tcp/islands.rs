//! What has arrived beyond the next expected byte: ranges with holes between them.
use std::ops::Range;

/// So many ranges are kept; what would make one more is not taken. At a loss of one packet in ten
/// a window of 6 MiB has about 400.
const LIMIT: usize = 1024;

/// A contiguous range of bytes that arrived, and when it last grew.
#[derive(Clone, Debug)]
struct Island {
    range: Range<u64>,
    touched: u64,
}

/// Ranges in the order of the stream; no two touch.
#[derive(Debug, Default)]
pub(crate) struct Islands {
    islands: Vec<Island>,
    clock: u64,
}

impl Islands {
    pub(crate) fn is_empty(&self) -> bool {
        self.islands.is_empty()
    }

    /// Whether all of a range is there.
    pub(crate) fn covers(&self, range: &Range<u64>) -> bool {
        let at = self.first_ending_after(range.start);
        let island = self.islands.get(at);
        island.is_some_and(|it| it.range.start <= range.start && range.end <= it.range.end)
    }

    /// The first piece of a range that is there already (RFC 2883 §4.2).
    pub(crate) fn overlap(&self, range: &Range<u64>) -> Option<Range<u64>> {
        let island = self.islands.get(self.first_ending_after(range.start))?;
        let both = island.range.start.max(range.start)..island.range.end.min(range.end);
        (both.start < both.end).then_some(both)
    }

    /// Adds a range, and joins it with those that it touches. Whether it was taken: there may be
    /// too many already.
    pub(crate) fn add(&mut self, range: Range<u64>) -> bool {
        // Those that touch it: from the first that ends at its start or later.
        let from = self
            .islands
            .partition_point(|it| it.range.end < range.start);
        let to = self
            .islands
            .partition_point(|it| it.range.start <= range.end);
        self.clock += 1;
        let joined = self.islands.get(from..to).unwrap_or(&[]);
        let (start, end) = match (joined.first(), joined.last()) {
            (Some(first), Some(last)) => (
                first.range.start.min(range.start),
                last.range.end.max(range.end),
            ),
            _ if self.islands.len() >= LIMIT => return false,
            _ => (range.start, range.end),
        };
        let island = Island {
            range: start..end,
            touched: self.clock,
        };
        self.islands.splice(from..to.max(from), [island]);
        true
    }

    /// Everything before `next` is there now: forgets it, and says up to where it goes on.
    pub(crate) fn join(&mut self, next: u64) -> u64 {
        let joined = self.islands.partition_point(|it| it.range.start <= next);
        let end = self.islands[..joined]
            .last()
            .map_or(next, |it| it.range.end.max(next));
        self.islands.drain(..joined);
        if self.islands.is_empty() {
            self.islands.shrink_to(16);
        }
        end
    }

    /// The ranges for a SACK option, as RFC 2018 §4 wants them: first the one that grew last,
    /// then those reported before, newest first.
    pub(crate) fn newest(&self, into: &mut [Range<u64>]) -> usize {
        let mut count = 0;
        let mut below = u64::MAX;
        for slot in into {
            let older = self.islands.iter().filter(|it| it.touched < below);
            let Some(island) = older.max_by_key(|it| it.touched) else {
                break;
            };
            below = island.touched;
            *slot = island.range.clone();
            count += 1;
        }
        count
    }

    /// The range that an offset lies in.
    pub(crate) fn around(&self, offset: u64) -> Option<Range<u64>> {
        let island = self.islands.get(self.first_ending_after(offset))?;
        (island.range.start <= offset).then(|| island.range.clone())
    }

    /// Gives memory back.
    pub(crate) fn release(&mut self) {
        if self.islands.is_empty() {
            self.islands = Vec::new();
        }
    }

    fn first_ending_after(&self, offset: u64) -> usize {
        self.islands.partition_point(|it| it.range.end <= offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn newest(islands: &Islands) -> Vec<Range<u64>> {
        let mut blocks = [const { 0..0 }; 4];
        let count = islands.newest(&mut blocks);
        blocks[..count].to_vec()
    }

    /// RFC 2018 §7, case 3: segments 5000–5499 and on, of which the second, fourth, sixth and
    /// eighth are lost; then the fourth comes.
    #[test]
    fn the_example_of_rfc_2018() {
        let mut islands = Islands::default();
        for segment in [6000, 7000, 8000] {
            assert!(islands.add(segment..segment + 500));
        }
        assert_eq!(newest(&islands), [8000..8500, 7000..7500, 6000..6500]);
        islands.add(6500..7000);
        assert_eq!(newest(&islands), [6000..7500, 8000..8500]);
        assert_eq!(islands.join(6000), 7500);
        assert_eq!(
            newest(&islands),
            [std::ops::Range {
                start: 8000,
                end: 8500
            }]
        );
    }

    #[test]
    fn there_are_never_too_many() {
        let mut islands = Islands::default();
        for at in 0..LIMIT as u64 {
            assert!(islands.add(at * 10..at * 10 + 1));
        }
        assert!(!islands.add(50_000..50_001));
        assert!(
            islands.add(11..12),
            "one that touches another makes no more"
        );
        assert!(islands.covers(&(10..12)));
    }

    proptest! {
        #[test]
        fn they_are_a_set_of_bytes(
            ranges in prop::collection::vec((0_u64..200, 1_u64..20), 1..40), next in 0_u64..100,
        ) {
            let (mut islands, mut model) = (Islands::default(), [false; 256]);
            for (start, len) in ranges {
                let range = start..start + len;
                let bytes = &mut model[start as usize..(start + len) as usize];
                prop_assert_eq!(islands.covers(&range), bytes.iter().all(|&there| there));
                prop_assert_eq!(islands.overlap(&range).is_some(), bytes.contains(&true));
                bytes.fill(true);
                islands.add(range.clone());
                prop_assert!(newest(&islands)[0].contains(&start));
            }
            let mut end = next;
            while model[end as usize] {
                end += 1;
            }
            prop_assert_eq!(islands.join(next), end);
            for offset in end..256 {
                prop_assert_eq!(islands.around(offset).is_some(), model[offset as usize]);
            }
        }
    }
}
