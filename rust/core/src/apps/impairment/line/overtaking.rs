//! What overtakes on the delay line: a heap of few, or slices of time, each sorted when reached.
//!
//! A slice is found by the highest digit, to base 64, in which a deadline differs from a base that
//! only goes up: the monotone radix heap of Ahuja, Mehlhorn, Orlin and Tarjan ("Faster algorithms
//! for the shortest path problem", JACM 1990), with sorting where few items are left to order.

use core::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Entry, SMALL};
use crate::time::Nanos;

/// Bits of a digit, slices of a level, and levels for all 64 bits.
const BITS: usize = 6;
const SLICES: usize = 1 << BITS;
const LEVELS: usize = u64::BITS.div_ceil(BITS as u32) as usize;
/// A slice is sorted where it has at most this part of all items, and cut finer otherwise.
const PART: usize = 8;
/// So many entries are ordered faster by a heap alone.
const FEW: usize = 1024;

/// Entries that leave by deadline and then by arrival: O(1) where deadlines spread evenly, and
/// O(log n) however they fall.
#[derive(Clone, Debug)]
#[repr(C)] // the first is looked at for each packet
pub(super) struct Overtaking<T> {
    /// The key of the first entry; `u128::MAX` where there is none.
    next: u128,
    /// The entries of the slice that was reached, the first one last. Empty only where the slices
    /// are.
    near: Vec<Entry<T>>,
    /// Entries that came later, with deadlines up to the base; all, where they are few.
    late: BinaryHeap<Reverse<Entry<T>>>,
    /// The latest deadline of the slice that was reached; all deadlines in slices are later. The
    /// end of time where there are no slices.
    base: Nanos,
    slices: Vec<Vec<Entry<T>>>,
    /// Which slices of each level have entries, and which levels have such slices.
    filled: [u64; LEVELS],
    levels: u32,
    /// How many entries stand in slices.
    sliced: usize,
}

impl<T> Overtaking<T> {
    pub(super) const fn new() -> Self {
        Self {
            next: u128::MAX,
            near: Vec::new(),
            late: BinaryHeap::new(),
            base: Nanos::MAX,
            slices: Vec::new(),
            filled: [0; LEVELS],
            levels: 0,
            sliced: 0,
        }
    }

    /// The key of the first entry; `u128::MAX` where there is none.
    #[inline]
    pub(super) const fn next(&self) -> u128 {
        self.next
    }

    pub(super) fn len(&self) -> usize {
        self.near.len() + self.late.len() + self.sliced
    }

    #[inline]
    pub(super) fn push(&mut self, entry: Entry<T>) {
        self.next = self.next.min(entry.key);
        if entry.due() > self.base {
            self.slice(entry);
        } else {
            self.late.push(Reverse(entry));
            if self.late.len() > FEW + self.len() / PART {
                self.lower_base();
            }
        }
    }

    /// The first entry, which is there.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Entry<T>> {
        let near = self.near.last().is_some_and(|last| last.key == self.next);
        let entry = if near {
            self.pop_near()
        } else {
            self.pop_late()
        };
        let near = self.near.last().map_or(u128::MAX, |entry| entry.key);
        let late = self.late.peek().map_or(u128::MAX, |late| late.0.key);
        self.next = near.min(late);
        entry
    }

    #[inline]
    fn pop_near(&mut self) -> Option<Entry<T>> {
        let entry = self.near.pop();
        if self.near.is_empty() {
            self.reach();
        }
        entry
    }

    #[inline]
    fn pop_late(&mut self) -> Option<Entry<T>> {
        let entry = self.late.pop();
        if self.late.capacity() > SMALL.max(4 * self.late.len()) {
            self.late.shrink_to(SMALL.max(self.late.capacity() / 2));
        }
        entry.map(|Reverse(entry)| entry)
    }

    /// How much room is kept for entries.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        let sliced: usize = self.slices.iter().map(Vec::capacity).sum();
        self.near.capacity() + self.late.capacity() + sliced
    }

    /// Puts an entry whose deadline is after the base into its slice.
    #[inline]
    fn slice(&mut self, entry: Entry<T>) {
        let level = (entry.due() ^ self.base).ilog2() as usize / BITS;
        let digit = (entry.due() >> (level * BITS)) as usize % SLICES;
        if self.slices.is_empty() {
            self.slices.resize_with(LEVELS * SLICES, Vec::new);
        }
        self.slices[level * SLICES + digit].push(entry);
        self.filled[level] |= 1 << digit;
        self.levels |= 1 << level;
        self.sliced += 1;
    }

    /// Takes the first slice, if there is one.
    fn first_slice(&mut self) -> Option<Vec<Entry<T>>> {
        let level = (self.levels != 0).then(|| self.levels.trailing_zeros() as usize)?;
        let digit = self.filled[level].trailing_zeros() as usize;
        self.filled[level] &= !(1 << digit);
        self.levels &= !(u32::from(self.filled[level] == 0) << level);
        let slice = core::mem::take(&mut self.slices[level * SLICES + digit]);
        self.sliced -= slice.len();
        Some(slice)
    }

    /// Goes on to the next slice: sorts it, or cuts it finer and sorts its first entries.
    #[inline(never)]
    fn reach(&mut self) {
        self.near = Vec::new();
        let Some(slice) = self.first_slice() else {
            self.base = Nanos::MAX;
            return;
        };
        if slice.len() <= SMALL.max((self.sliced + slice.len()) / PART) {
            self.near = slice;
            self.near.sort_unstable_by_key(|entry| Reverse(entry.key));
            self.base = self.near[0].due();
        } else {
            self.cut(slice);
        }
    }

    /// Spreads entries over finer slices; no deadline on the line but those in `late` is earlier.
    fn cut(&mut self, entries: Vec<Entry<T>>) {
        self.base = entries.iter().map(Entry::due).min().unwrap_or(self.base);
        for entry in entries {
            if entry.due() > self.base {
                self.slice(entry);
            } else {
                self.near.push(entry);
            }
        }
        self.near.sort_unstable_by_key(|entry| Reverse(entry.key));
    }

    /// Begins again from the earliest deadline, where too many came before the base: amortised
    /// O(1), for that many come again only after a part of all has come.
    #[cold]
    fn lower_base(&mut self) {
        let mut entries = core::mem::take(&mut self.near);
        let late = core::mem::take(&mut self.late);
        entries.extend(late.into_iter().map(|Reverse(entry)| entry));
        while let Some(slice) = self.first_slice() {
            entries.extend(slice);
        }
        self.cut(entries);
    }
}
