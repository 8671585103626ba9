//! Startup and Drain (§5.3.1, §5.3.2): finding out that the pipe is full, and emptying its queue.
use super::loss::THRESHOLD;
use super::model::share;
use super::{Bbr, Sample, State};

/// Rounds without growth after which the pipe is full, and what counts as growth in percent.
const FULL_ROUNDS: u32 = 3;
const GROWTH: u64 = 125;
/// Losses in a round that Startup ends at: fewer may be noise (BBRStartupFullLossCnt).
const FULL_LOSSES: u32 = 6;
/// Losses in a round trip that Startup tolerates while it gets more delivered, in percent.
const GROWING_LOSS: u64 = 10;
/// Rounds after which Drain ends, even if the queue is still there.
const DRAIN_ROUNDS: u64 = 3;

/// Whether sending faster still gets more delivered (§5.3.1.2).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct FullPipe {
    /// Ever in this connection.
    pub(super) reached: bool,
    /// Since the search began.
    pub(super) now: bool,
    bw: u64,
    rounds: u32,
}

impl FullPipe {
    /// Begins a search, from a bandwidth already reached.
    pub(super) fn search(&mut self, from: u64) {
        (self.now, self.bw, self.rounds) = (false, from, 0);
    }

    /// Whether the last round trip delivered more than those before.
    fn is_growing(&self) -> bool {
        self.rounds == 0
    }

    fn update(&mut self, rate: u64) {
        if rate >= share(self.bw, GROWTH) {
            self.search(rate);
            return;
        }
        self.rounds += 1;
        self.now = self.rounds >= FULL_ROUNDS;
        self.reached |= self.now;
    }
}

impl Bbr {
    pub(super) fn check_full_pipe(&mut self, sample: &Sample) {
        let tells = self.round.start && !sample.app_limited && sample.rate > 0;
        if tells && !self.full_pipe.now {
            self.full_pipe.update(sample.rate);
        }
    }

    pub(super) fn check_startup_done(&mut self, sample: &Sample) {
        if self.state != State::Startup {
            return;
        }
        if self.has_high_loss(sample) {
            self.leave_startup_for_loss();
        }
        if self.full_pipe.reached {
            self.enter_drain();
        }
    }

    /// §5.3.1.3: a round trip of recovery with losses above the threshold, in several places. While
    /// sending faster still gets more delivered, the path is not full, and few losses are no sign that it
    /// is: of a path that loses one packet in a hundred by chance, a round trip of a few hundred packets
    /// loses more than the threshold often enough.
    fn has_high_loss(&self, sample: &Sample) -> bool {
        let signals = &self.signals;
        let round_over = self.recovering && signals.round_start;
        let tolerated = if self.full_pipe.is_growing() {
            GROWING_LOSS
        } else {
            THRESHOLD
        };
        let high = sample.lost > share(sample.tx_in_flight, tolerated);
        round_over && signals.losses >= FULL_LOSSES && high
    }

    /// What was delivered in the last round is what the path takes.
    pub(super) fn leave_startup_for_loss(&mut self) {
        self.undo.state = Some(State::Startup);
        self.full_pipe.reached = true;
        let bdp = self.bdp(self.model.bw, 100);
        self.model.inflight_longterm = bdp.max(self.signals.inflight_latest);
    }

    pub(super) fn enter_startup(&mut self) {
        self.state = State::Startup;
    }

    fn enter_drain(&mut self) {
        self.state = State::Drain;
        self.cycle.drain_since = self.round.count;
    }

    pub(super) fn check_drain_done(&mut self) {
        if self.state != State::Drain {
            return;
        }
        let drained = self.flight.in_flight <= self.inflight(self.model.bw, 100);
        if drained || self.round.count > self.cycle.drain_since + DRAIN_ROUNDS {
            self.start_down();
        }
    }
}
