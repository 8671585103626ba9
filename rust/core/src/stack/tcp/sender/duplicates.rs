//! Duplicate acknowledgements, for peers without selective ones (RFC 5681 §3.2, RFC 6582).
//!
//! Each stands for a segment that arrived out of order, which one is unknown. So they make room in
//! the window as selective acknowledgements would: the first two are limited transmit (RFC 3042),
//! later ones the inflation of RFC 5681, and an advance takes back what it explains.

/// The duplicates since the last advance, and what they stand for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Duplicates {
    count: u64,
    bytes: u64,
    /// How much the last advance acknowledged.
    advance: u64,
}

impl Duplicates {
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// How many bytes were acknowledged at once last.
    pub(super) fn advance(&self) -> u64 {
        self.advance
    }

    /// Bytes that arrived out of order.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// One more; `limit` is what can have arrived at all. Gives the bytes that it stands for.
    pub(super) fn on_duplicate(&mut self, mss: u64, limit: u64) -> u64 {
        self.count += 1;
        let bytes = mss.min(limit.saturating_sub(self.bytes));
        self.bytes += bytes;
        bytes
    }

    /// `acked` bytes are acknowledged: the segment that was missing, and some that had arrived. Gives
    /// the bytes that were not known to have.
    pub(super) fn on_advance(&mut self, acked: u64, mss: u64) -> u64 {
        (self.count, self.advance) = (0, acked);
        let missing = acked.min(mss);
        let new = acked.saturating_sub(self.bytes).max(missing);
        self.bytes = self.bytes.saturating_sub(acked - missing);
        new
    }

    /// Nothing is missing, or it is not known what.
    pub(super) fn clear(&mut self) {
        (self.count, self.bytes) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::Duplicates;

    #[test]
    fn an_advance_takes_back_what_duplicates_stood_for() {
        let mut duplicates = Duplicates::default();
        for _ in 0..3 {
            assert_eq!(duplicates.on_duplicate(1000, 9000), 1000);
        }
        // The missing segment, and the three behind it.
        assert_eq!(duplicates.on_advance(4000, 1000), 1000);
        assert_eq!((duplicates.count(), duplicates.bytes()), (0, 0));
        assert_eq!(duplicates.advance(), 4000);
    }

    #[test]
    fn a_partial_advance_leaves_the_rest() {
        let mut duplicates = Duplicates::default();
        (0..5).for_each(|_| {
            duplicates.on_duplicate(1000, 9000);
        });
        assert_eq!(duplicates.on_advance(3000, 1000), 1000);
        assert_eq!(duplicates.bytes(), 3000);
        assert_eq!(duplicates.count(), 0);
    }

    #[test]
    fn more_cannot_arrive_than_was_sent() {
        let mut duplicates = Duplicates::default();
        assert_eq!(duplicates.on_duplicate(1000, 1500), 1000);
        assert_eq!(duplicates.on_duplicate(1000, 1500), 500);
        assert_eq!(duplicates.on_duplicate(1000, 1500), 0);
        assert_eq!(duplicates.count(), 3);
    }
}
