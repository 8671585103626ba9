//! The replay window (RFC 6479): which of the latest packets have come already.

/// How far behind the newest packet one may be that is still taken.
pub(crate) const WINDOW: u64 = 8192;
const BITS: u64 = u64::BITS as u64;
/// A word more than the window has, so that a word is only wiped when it lies wholly behind.
const WORDS: u64 = WINDOW / BITS + 1;

/// The numbers of the packets that have come, as far as they matter.
#[derive(Debug)]
pub(crate) struct Replay {
    /// One more than the newest.
    next: u64,
    seen: [u64; WORDS as usize],
}

impl Default for Replay {
    fn default() -> Self {
        Self {
            next: 0,
            seen: [0; WORDS as usize],
        }
    }
}

impl Replay {
    /// Whether a packet of this number would be new: to be asked before it is opened.
    #[inline]
    pub(crate) fn is_new(&self, number: u64) -> bool {
        if number >= self.next {
            return true;
        }
        self.next - number <= WINDOW && self.seen[word(number)] & bit(number) == 0
    }

    /// A packet of this number has come, and is what it says. Whether it is new.
    #[inline]
    pub(crate) fn take(&mut self, number: u64) -> bool {
        if !self.is_new(number) {
            return false;
        }
        if number >= self.next {
            self.advance(number);
        }
        self.seen[word(number)] |= bit(number);
        true
    }

    fn advance(&mut self, number: u64) {
        let newest = self.next.saturating_sub(1) / BITS;
        let steps = (number / BITS - newest).min(WORDS);
        for step in 1..=steps {
            self.seen[((newest + step) % WORDS) as usize] = 0;
        }
        if steps == WORDS {
            self.seen = [0; WORDS as usize];
        }
        self.next = number + 1;
    }
}

#[inline]
const fn word(number: u64) -> usize {
    (number / BITS % WORDS) as usize
}

#[inline]
const fn bit(number: u64) -> u64 {
    1 << (number % BITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// What the window should say: a set of all that came.
    #[derive(Default)]
    struct Model(BTreeSet<u64>);

    impl Model {
        fn take(&mut self, number: u64) -> bool {
            let newest = self.0.last().copied();
            let old = newest.is_some_and(|newest| newest + 1 > number + WINDOW);
            !old && self.0.insert(number)
        }
    }

    #[test]
    fn the_edges() {
        let mut replay = Replay::default();
        assert!(replay.take(0) && !replay.take(0));
        assert!(replay.take(WINDOW));
        assert!(!replay.is_new(0) && replay.take(1) && !replay.take(1));
        assert!(replay.take(u64::MAX - 1) && !replay.is_new(WINDOW));
        assert!(replay.take(u64::MAX - WINDOW));
        assert!(!replay.take(u64::MAX - 1 - WINDOW));
    }

    proptest! {
        #[test]
        fn it_is_a_set_of_the_latest(
            steps in prop::collection::vec((0..3_u8, 0..3 * WINDOW), 1..300),
        ) {
            let (mut replay, mut model, mut at) = (Replay::default(), Model::default(), 0_u64);
            for (kind, by) in steps {
                let number = match kind {
                    0 => at.saturating_sub(by),
                    1 => at + by % 70,
                    _ => at + by,
                };
                at = at.max(number);
                prop_assert_eq!(replay.is_new(number), replay.is_new(number));
                prop_assert_eq!(replay.take(number), model.take(number), "number {}", number);
            }
        }
    }
}
