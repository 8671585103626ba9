//! How many more bytes are acknowledged at once than the bandwidth says (§5.5.9): wireless links, offload
//! and thinned acknowledgements hold them back and let them come together.
use super::filter::WindowedMax;
use super::{Bbr, Sample};
use crate::time::{Nanos, SECOND};

/// Rounds to look back at (ExtraAckedFilterLen), and until the pipe is full.
const ROUNDS: u64 = 10;
const ROUNDS_IN_STARTUP: u64 = 1;

/// The excess, and its largest of late.
#[derive(Clone, Debug)]
pub(super) struct Aggregation {
    since: Nanos,
    delivered: u64,
    extra: WindowedMax,
}

impl Aggregation {
    pub(super) fn new(now: Nanos) -> Self {
        Self {
            since: now,
            delivered: 0,
            extra: WindowedMax::default(),
        }
    }

    /// The sender was idle: what comes now counts from now on.
    pub(super) fn restart(&mut self, now: Nanos) {
        self.since = now;
    }

    /// Bytes to allow on top of the bandwidth-delay product.
    pub(super) fn extra(&self) -> u64 {
        self.extra.get()
    }

    /// The excess so far, as `newly_acked` bytes come at a bandwidth of `bw`.
    fn excess(&mut self, newly_acked: u64, bw: u64, now: Nanos) -> u64 {
        let time = u128::from(now.saturating_sub(self.since));
        let mut expected = u128::from(bw) * time / u128::from(SECOND);
        if u128::from(self.delivered) <= expected {
            (self.since, self.delivered, expected) = (now, 0, 0);
        }
        self.delivered += newly_acked;
        self.delivered.saturating_sub(expected as u64)
    }
}

impl Bbr {
    pub(super) fn update_aggregation(&mut self, sample: &Sample) {
        let (bw, now) = (self.model.bw, self.flight.now);
        let excess = self.aggregation.excess(sample.newly_acked, bw, now);
        let rounds = if self.full_pipe.reached {
            ROUNDS
        } else {
            ROUNDS_IN_STARTUP
        };
        let excess = excess.min(self.window);
        self.aggregation.extra.add(excess, self.round.count, rounds);
    }
}
