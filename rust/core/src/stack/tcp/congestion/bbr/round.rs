//! Round trips, counted by packets (§5.5.1).
use super::Sample;

/// A round ends as the first packet is delivered that was sent after it began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round {
    /// Rounds so far.
    pub(super) count: u64,
    /// Whether the acknowledgement at hand begins one.
    pub(super) start: bool,
    /// Bytes that had been delivered as the round began.
    next_delivered: u64,
    /// Whether the window was full in this round, and in the one before.
    limited: [bool; 2],
}

impl Round {
    /// An acknowledgement has come; `delivered` are all bytes delivered so far.
    pub(super) fn update(&mut self, sample: &Sample, delivered: u64) {
        let prior = sample.prior_delivered;
        self.start = prior.is_some_and(|prior| prior >= self.next_delivered);
        if self.start {
            self.restart(delivered);
            self.count += 1;
            self.limited = [false, self.limited[0]];
        }
    }

    /// Lets a round begin now.
    pub(super) fn restart(&mut self, delivered: u64) {
        self.next_delivered = delivered;
    }

    /// The window is full.
    pub(super) fn note_window_limited(&mut self) {
        self.limited[0] = true;
    }

    /// Whether the window was full at any time in the last round trip (C.is_cwnd_limited).
    pub(super) fn was_window_limited(&self) -> bool {
        self.limited[0] || self.limited[1]
    }
}
