//! The delay line: what is under way, in the order in which it arrives.

mod overtaking;

use std::collections::VecDeque;

use crate::time::Nanos;
use overtaking::Overtaking;

/// Capacity below which nothing is given back.
const SMALL: usize = 64;

/// Items with a deadline each, unbounded, leaving by deadline and then by arrival.
///
/// Items whose deadlines ascend stand in a plain queue, O(1); those that overtake stand in a heap,
/// or where they are many in slices of time. Memory follows the number of items: it shrinks as
/// they leave.
#[derive(Clone, Debug)]
#[repr(C)] // what each packet needs first, on neighbouring lines
pub struct DelayLine<T> {
    /// The key of the first entry; `u128::MAX` where there is none.
    next: u128,
    ascending: VecDeque<Entry<T>>,
    pushed: u64,
    last_due: Nanos,
    allow_reordering: bool,
    overtaking: Overtaking<T>,
}

impl<T> DelayLine<T> {
    /// An empty line. Without `allow_reordering`, no item leaves before one pushed earlier.
    #[must_use]
    pub const fn new(allow_reordering: bool) -> Self {
        Self {
            allow_reordering,
            ascending: VecDeque::new(),
            overtaking: Overtaking::new(),
            pushed: 0,
            last_due: 0,
            next: u128::MAX,
        }
    }

    /// Whether items pushed from now on may overtake.
    pub const fn set_allow_reordering(&mut self, allow_reordering: bool) {
        self.allow_reordering = allow_reordering;
    }

    /// Puts `item` on the line until `due`, or, where it may not overtake, until the latest
    /// deadline so far if that is later.
    #[inline]
    pub fn push(&mut self, due: Nanos, item: T) {
        let overtakes = due < self.last_due && self.allow_reordering;
        self.last_due = self.last_due.max(due);
        let due = if overtakes { due } else { self.last_due };
        let entry = Entry::new(due, self.pushed, item);
        self.pushed += 1;
        if overtakes {
            self.push_earlier(entry);
            return;
        }
        if self.next == u128::MAX {
            self.next = entry.key;
        }
        self.ascending.push_back(entry);
    }

    /// Puts an entry on the line that is not the last one to leave.
    #[inline]
    fn push_earlier(&mut self, entry: Entry<T>) {
        let due = entry.due();
        self.next = self.next.min(entry.key);
        if self.ascending.back().is_none_or(|last| last.due() <= due) {
            self.ascending.push_back(entry);
        } else {
            self.overtaking.push(entry);
        }
    }

    /// The first item that is due at `now`, and its deadline.
    #[inline]
    pub fn pop_due(&mut self, now: Nanos) -> Option<(Nanos, T)> {
        if deadline(self.next) > now {
            return None;
        }
        let entry = if self.overtaking.next() == self.next {
            self.overtaking.pop()
        } else {
            self.pop_ascending()
        };
        self.next = self.first_ascending().min(self.overtaking.next());
        entry.map(|entry| (entry.due(), entry.item))
    }

    /// Gives `each` all items that are due at `now`, in order, with their deadlines.
    #[inline]
    pub fn release(&mut self, now: Nanos, each: &mut impl FnMut(Nanos, T)) {
        if self.overtaking.next() == u128::MAX {
            self.release_ascending(now, each);
            return;
        }
        while let Some((due, item)) = self.pop_due(now) {
            each(due, item);
        }
    }

    /// The same while nothing overtakes: a run of the queue.
    #[inline]
    fn release_ascending(&mut self, now: Nanos, each: &mut impl FnMut(Nanos, T)) {
        match self.count_due(now) {
            0 => return,
            1 => self
                .ascending
                .pop_front()
                .into_iter()
                .for_each(|entry| each(entry.due(), entry.item)),
            count => self
                .ascending
                .drain(..count)
                .for_each(|entry| each(entry.due(), entry.item)),
        }
        self.shrink();
        self.next = self.first_ascending();
    }

    /// How many of the queue are due. Few are, of many: looked for from the front, in steps that double.
    #[inline]
    fn count_due(&self, now: Nanos) -> usize {
        let is_due = |place: usize| {
            let entry = self.ascending.get(place);
            entry.is_some_and(|entry| entry.due() <= now)
        };
        let (mut due, mut step) = (0, 1);
        while is_due(due + step - 1) {
            due += step;
            step *= 2;
        }
        while step > 1 {
            step /= 2;
            due += if is_due(due + step - 1) { step } else { 0 };
        }
        due
    }

    /// The earliest deadline on the line.
    #[inline]
    #[must_use]
    pub fn next_due(&self) -> Option<Nanos> {
        (self.next < u128::MAX).then(|| deadline(self.next))
    }

    /// The latest deadline that was ever set; 0 before the first.
    #[must_use]
    pub const fn last_due(&self) -> Nanos {
        self.last_due
    }

    /// How many items are on the line.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ascending.len() + self.overtaking.len()
    }

    /// Whether nothing is on the line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    fn first_ascending(&self) -> u128 {
        self.ascending.front().map_or(u128::MAX, |entry| entry.key)
    }

    #[inline]
    fn pop_ascending(&mut self) -> Option<Entry<T>> {
        let entry = self.ascending.pop_front();
        self.shrink();
        entry
    }

    /// Halves the queue's room where three quarters are empty, amortised O(1).
    #[inline]
    fn shrink(&mut self) {
        if self.ascending.capacity() > SMALL.max(4 * self.ascending.len()) {
            self.ascending
                .shrink_to(SMALL.max(self.ascending.capacity() / 2));
        }
    }
}

#[derive(Clone, Debug)]
struct Entry<T> {
    /// The deadline above, the number of the push below: one comparison orders by both.
    key: u128,
    item: T,
}

impl<T> Entry<T> {
    const fn new(due: Nanos, order: u64, item: T) -> Self {
        let key = (due as u128) << 64 | order as u128;
        Self { key, item }
    }

    const fn due(&self) -> Nanos {
        deadline(self.key)
    }
}

const fn deadline(key: u128) -> Nanos {
    (key >> 64) as Nanos
}

impl<T> Ord for Entry<T> {
    #[inline]
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl<T> PartialOrd for Entry<T> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }

    // The heap compares by this; the default goes through an `Ordering` and its branches.
    #[inline]
    fn le(&self, other: &Self) -> bool {
        self.key <= other.key
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<T> Eq for Entry<T> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{DelayLine, SMALL};
    use crate::rng::Stream;

    fn drain<T>(line: &mut DelayLine<T>, now: u64) -> Vec<(u64, T)> {
        core::iter::from_fn(|| line.pop_due(now)).collect()
    }

    #[test]
    fn nothing_leaves_before_its_deadline() {
        let mut line = DelayLine::new(true);
        line.push(10, 'a');
        line.push(5, 'b');
        assert_eq!(
            (line.len(), line.next_due(), line.last_due()),
            (2, Some(5), 10)
        );
        assert_eq!(line.pop_due(4), None);
        assert_eq!(drain(&mut line, 9), [(5, 'b')]);
        assert_eq!(drain(&mut line, 10), [(10, 'a')]);
        assert!(line.is_empty() && line.next_due().is_none());
    }

    #[test]
    fn without_reordering_the_latest_deadline_holds() {
        let mut line = DelayLine::new(false);
        for (due, item) in [(10, 'a'), (5, 'b'), (12, 'c')] {
            line.push(due, item);
        }
        assert_eq!(drain(&mut line, 20), [(10, 'a'), (10, 'b'), (12, 'c')]);
        line.set_allow_reordering(true);
        line.push(30, 'd');
        line.push(25, 'e');
        line.set_allow_reordering(false);
        line.push(26, 'f');
        assert_eq!(drain(&mut line, 40), [(25, 'e'), (30, 'd'), (30, 'f')]);
    }

    #[test]
    fn memory_is_given_back() {
        let mut line = DelayLine::new(true);
        for due in 0..100_000_u64 {
            line.push(due, [0_u8; 64]);
            line.push(due / 2, [0_u8; 64]);
        }
        assert_eq!(drain(&mut line, u64::MAX).len(), 200_000);
        let capacity = line.ascending.capacity() + line.overtaking.capacity();
        assert!(capacity <= 8 * SMALL, "{capacity} entries kept");
    }

    #[test]
    fn memory_follows_what_is_under_way() {
        let mut line = DelayLine::new(true);
        let mut stream = Stream::new(1, "jitter");
        for now in 0..200_000 {
            line.push(now + stream.below(5_000), now);
            while line.pop_due(now).is_some() {}
            let capacity = line.ascending.capacity() + line.overtaking.capacity();
            assert!(capacity <= 16 * SMALL + 6 * line.len(), "{capacity} kept");
        }
    }

    proptest! {
        #[test]
        fn the_line_is_a_stable_sort(dues in prop::collection::vec(0_u64..50, 0..300)) {
            let mut line = DelayLine::new(true);
            for (item, &due) in dues.iter().enumerate() {
                line.push(due, item);
            }
            let mut expected: Vec<(u64, usize)> = dues.iter().copied().zip(0..).collect();
            expected.sort_by_key(|&(due, _)| due);
            prop_assert_eq!(drain(&mut line, u64::MAX), expected);
        }

        #[test]
        fn thousands_far_apart_leave_in_order(
            steps in prop::collection::vec((0_u64..1 << 40, 0_u32..41, 0_u64..300), 2000..4000),
        ) {
            let (mut line, mut now, mut left) = (DelayLine::new(true), 0, Vec::new());
            let mut expected = Vec::new();
            for (item, &(far, narrow, pause)) in steps.iter().enumerate() {
                line.push(now + (far >> narrow), item);
                expected.push((now + (far >> narrow), item));
                now += pause;
                left.extend(drain(&mut line, now));
            }
            left.extend(drain(&mut line, u64::MAX));
            expected.sort_by_key(|&(due, _)| due);
            prop_assert_eq!(left, expected);
        }

        #[test]
        fn items_due_leave_first_however_pushes_and_pops_mix(
            steps in prop::collection::vec((0_u64..20, 0_u64..5), 0..300),
        ) {
            let (mut line, mut model, mut now) = (DelayLine::new(true), Vec::new(), 0);
            for (item, (delay, pause)) in steps.into_iter().enumerate() {
                line.push(now + delay, item);
                model.push((now + delay, item));
                now += pause;
                let mut expected: Vec<(u64, usize)> = model.clone();
                expected.retain(|entry| entry.0 <= now);
                model.retain(|entry| entry.0 > now);
                expected.sort_by_key(|&(due, _)| due);
                prop_assert_eq!(drain(&mut line, now), expected);
                prop_assert_eq!(line.len(), model.len());
            }
        }
    }
}
