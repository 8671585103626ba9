//! What of a TCP stream has passed a point: where its new data is, and where holes are left.

/// How many holes are remembered; data of one forgotten counts as seen before.
const MOST_HOLES: usize = 256;
/// Half of the sequence numbers: what lies further ahead than this lies behind (RFC 9293 §3.4).
const HALF: u32 = 1 << 31;

/// One direction of a connection, by its sequence numbers.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    /// The sequence number at which what has never passed begins.
    top: u32,
    /// Stretches below it that have not passed, as distances below the top: far end, near end.
    /// In the order in which they came about, so that the farthest is the first.
    holes: Vec<(u32, u32)>,
}

impl Stream {
    /// A stream whose next byte has this sequence number.
    pub(super) fn new(next: u32) -> Self {
        let holes = Vec::new();
        Self { top: next, holes }
    }

    /// The sequence number at which what has never passed begins.
    pub(super) fn top(&self) -> u32 {
        self.top
    }

    /// Takes data into account; how many bytes of it pass for the first time.
    pub(super) fn pass(&mut self, sequence: u32, len: u32) -> u32 {
        let ahead = sequence.wrapping_sub(self.top);
        if ahead < HALF {
            self.advance(ahead, len);
            return len;
        }
        let far = self.top.wrapping_sub(sequence);
        let fresh = len.saturating_sub(far);
        let filled = self.fill(far, far.saturating_sub(len));
        self.advance(0, fresh);
        fresh + filled
    }

    /// Moves the top behind `len` bytes that begin `gap` bytes ahead of it.
    fn advance(&mut self, gap: u32, len: u32) {
        if len == 0 {
            return;
        }
        let by = gap.saturating_add(len);
        for hole in &mut self.holes {
            *hole = (hole.0.saturating_add(by), hole.1.saturating_add(by));
        }
        if gap > 0 {
            if self.holes.len() == MOST_HOLES {
                self.holes.remove(0);
            }
            self.holes.push((by, len));
        }
        self.top = self.top.wrapping_add(by);
    }

    /// Takes the bytes from `far` to `near` below the top out of the holes; how many there were.
    fn fill(&mut self, far: u32, near: u32) -> u32 {
        if self.holes.is_empty() {
            return 0;
        }
        let mut filled = 0;
        let mut left = Vec::with_capacity(self.holes.len() + 1);
        for &(start, end) in &self.holes {
            let (first, last) = (start.min(far), end.max(near));
            if first <= last {
                left.push((start, end));
                continue;
            }
            filled += first - last;
            let parts = [(start, first), (last, end)];
            left.extend(parts.into_iter().filter(|(start, end)| start > end));
        }
        left.truncate(MOST_HOLES);
        self.holes = left;
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_passes_in_order_is_new() {
        let mut stream = Stream::new(u32::MAX - 10);
        assert_eq!(stream.pass(u32::MAX - 10, 100), 100);
        assert_eq!(stream.pass(89, 100), 100);
        assert_eq!(stream.top(), 189);
    }

    #[test]
    fn what_passes_again_is_not() {
        let mut stream = Stream::new(0);
        assert_eq!(stream.pass(0, 100), 100);
        assert_eq!(stream.pass(0, 100), 0);
        assert_eq!(stream.pass(50, 100), 50);
        assert_eq!(stream.pass(149, 1), 0);
    }

    #[test]
    fn what_fills_a_hole_is_new_once() {
        let mut stream = Stream::new(0);
        assert_eq!(stream.pass(100, 100), 100);
        assert_eq!(stream.pass(50, 100), 50);
        assert_eq!(stream.pass(0, 200), 50);
        assert_eq!(stream.pass(0, 200), 0);
    }

    #[test]
    fn nothing_moves_nothing() {
        let mut stream = Stream::new(5);
        assert_eq!(stream.pass(9, 0), 0);
        assert_eq!(stream.pass(1, 0), 0);
        assert_eq!(stream.top(), 5);
        assert_eq!(stream.pass(5, 4), 4);
    }

    #[test]
    fn holes_are_bounded() {
        let mut stream = Stream::new(0);
        for number in 0..2 * MOST_HOLES as u32 {
            stream.pass(10 * number + 5, 5);
        }
        assert_eq!(stream.holes.len(), MOST_HOLES);
        assert_eq!(stream.pass(0, 5), 0, "the first hole is forgotten");
        let last = 10 * (2 * MOST_HOLES as u32 - 1);
        assert_eq!(stream.pass(last, 5), 5);
    }

    proptest! {
        #[test]
        fn every_byte_is_new_once(
            base: u32,
            pieces in prop::collection::vec((0_u32..2000, 0_u32..300), 0..100),
        ) {
            let mut stream = Stream::new(base);
            let mut seen = BTreeSet::new();
            for (from, len) in pieces {
                let expected = (from..from + len).filter(|&byte| seen.insert(byte)).count();
                prop_assert_eq!(stream.pass(base.wrapping_add(from), len) as usize, expected);
            }
        }

        #[test]
        fn no_input_breaks_it(pieces in prop::collection::vec((any::<u32>(), any::<u32>()), 0..50)) {
            let mut stream = Stream::new(0);
            for (sequence, len) in pieces {
                prop_assert!(stream.pass(sequence, len) <= len);
            }
        }
    }
}
