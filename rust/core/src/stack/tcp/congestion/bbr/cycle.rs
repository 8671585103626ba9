//! ProbeBW (§5.3.3): down, cruise, refill, up, and down again.
use super::{Bbr, INFINITE, Sample, State};
use crate::time::{Nanos, SECOND};

/// The time between two probes is a random one of this and a second more; or so many round trips,
/// where Reno would have grown as much by then (§5.3.3.5).
const WAIT: Nanos = 2 * SECOND;
const RENO_ROUNDS: u64 = 63;
/// The growth of the long-term bound doubles each round trip, so often at most.
const MOST_DOUBLINGS: u32 = 30;

/// What acknowledgements at hand are of (§2.14).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Acks {
    /// Nothing to do with probing.
    #[default]
    Init,
    /// What was sent to refill the pipe.
    Refilling,
    /// What was sent before probing began, a round trip ago.
    ProbeStarting,
    /// What was sent probing.
    ProbeFeedback,
    /// What was sent probing, although probing is over.
    ProbeStopping,
}

/// A cycle of probing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cycle {
    pub(super) acks: Acks,
    /// Whether samples are of what was sent to probe.
    pub(super) is_probe_sample: bool,
    since: Nanos,
    wait: Nanos,
    rounds_since_up: u64,
    /// Growth of the long-term bound: bytes acknowledged, bytes for each segment, and doublings.
    up_acked: u64,
    up_acked_per_segment: Option<u64>,
    up_rounds: u32,
    /// The last probe sent too much.
    pub(super) too_high: bool,
    /// The last probe stopped early, where the one before had sent too much (§5.3.3.4.2).
    precautionary: bool,
    /// The round in which Drain began.
    pub(super) drain_since: u64,
}

impl Bbr {
    pub(super) fn start_down(&mut self) {
        self.signals.reset();
        self.cycle.up_acked_per_segment = None;
        self.pick_wait();
        self.cycle.since = self.flight.now;
        self.cycle.acks = Acks::ProbeStopping;
        self.round.restart(self.flight.delivered);
        self.state = State::Down;
    }

    pub(super) fn start_cruise(&mut self) {
        self.state = State::Cruise;
    }

    pub(super) fn start_refill(&mut self) {
        self.model.forget_losses();
        self.cycle.up_rounds = 0;
        self.cycle.up_acked = 0;
        self.cycle.precautionary = false;
        self.cycle.acks = Acks::Refilling;
        self.round.restart(self.flight.delivered);
        self.state = State::Refill;
    }

    fn start_up(&mut self, sample: &Sample) {
        self.cycle.is_probe_sample = true;
        self.cycle.acks = Acks::ProbeStarting;
        self.round.restart(self.flight.delivered);
        self.full_pipe.search(sample.rate);
        self.state = State::Up;
        self.raise_slope();
    }

    /// Both are random, so that flows that share a path do not probe together (PickProbeWait).
    fn pick_wait(&mut self) {
        self.cycle.rounds_since_up = self.random.below(2);
        self.cycle.wait = WAIT + self.random.below(SECOND);
    }

    /// Once for each acknowledgement (§5.3.3.6).
    pub(super) fn update_cycle(&mut self, sample: &Sample) {
        if self.round.start {
            self.cycle.rounds_since_up += 1;
        }
        if !self.full_pipe.reached || self.adapt_longterm(sample) {
            return;
        }
        match self.state {
            State::Down | State::Cruise if self.is_time_to_probe() => self.start_refill(),
            State::Down if self.is_time_to_cruise() => self.start_cruise(),
            State::Refill if self.round.start => self.start_up(sample),
            State::Up => self.check_up_done(sample),
            _ => {}
        }
    }

    fn check_up_done(&mut self, sample: &Sample) {
        if self.is_time_to_go_down(sample) {
            self.cycle.too_high = false;
            self.start_down();
        }
    }

    fn is_time_to_probe(&self) -> bool {
        let reno_rounds = (self.target_inflight() / self.mss).min(RENO_ROUNDS);
        self.flight.now > self.cycle.since + self.cycle.wait
            || self.cycle.rounds_since_up >= reno_rounds
    }

    fn is_time_to_cruise(&self) -> bool {
        let estimate = self.inflight(self.model.max_bw.get(), 100);
        self.flight.in_flight <= self.inflight_with_headroom().min(estimate)
    }

    fn is_time_to_go_down(&mut self, sample: &Sample) -> bool {
        let bound = self.model.inflight_longterm;
        if self.cycle.too_high && self.flight.in_flight >= bound {
            self.cycle.precautionary = true;
            return true;
        }
        if self.round.was_window_limited() && self.window >= bound {
            // The bound is what holds the bandwidth down, not the path.
            self.full_pipe.search(sample.rate);
            return false;
        }
        self.full_pipe.now
    }

    /// Moves the long-term bounds as samples of a probe come in; true where that changes the state
    /// (AdaptLongTermModel).
    fn adapt_longterm(&mut self, sample: &Sample) -> bool {
        if self.cycle.acks == Acks::ProbeStarting && self.round.start {
            self.cycle.acks = Acks::ProbeFeedback;
        }
        if self.cycle.acks == Acks::ProbeStopping && self.round.start && self.end_of_probe(sample) {
            return true;
        }
        if !sample.is_inflight_too_high() && self.model.inflight_longterm != INFINITE {
            let bound = &mut self.model.inflight_longterm;
            *bound = (*bound).max(sample.tx_in_flight);
            if self.state == State::Up {
                self.probe_upward(sample);
            }
        }
        false
    }

    /// The last samples of a probe are in; true where a cautious one went well, and another follows.
    fn end_of_probe(&mut self, sample: &Sample) -> bool {
        self.cycle.is_probe_sample = false;
        self.cycle.acks = Acks::Init;
        if !self.state.is_probe_bw() {
            return false;
        }
        if !sample.app_limited {
            self.model.max_bw.advance();
        }
        let again = self.cycle.precautionary && !self.cycle.too_high;
        if again {
            self.start_refill();
        }
        again
    }

    /// Doubles how fast the long-term bound grows: 1, 2, 4 … segments a round trip.
    fn raise_slope(&mut self) {
        let growth = 1_u64 << self.cycle.up_rounds;
        self.cycle.up_rounds = (self.cycle.up_rounds + 1).min(MOST_DOUBLINGS);
        self.cycle.up_acked_per_segment = Some((self.window / growth).max(self.mss));
    }

    /// The bound is in use, and nothing is lost: it may grow (ProbeInflightLongtermUpward).
    fn probe_upward(&mut self, sample: &Sample) {
        if !self.round.was_window_limited() || self.window < self.model.inflight_longterm {
            return;
        }
        self.cycle.up_acked += sample.newly_acked;
        if let Some(each) = self.cycle.up_acked_per_segment {
            let segments = self.cycle.up_acked / each;
            self.cycle.up_acked %= each;
            self.model.inflight_longterm += segments * self.mss;
        }
        if self.round.start {
            self.raise_slope();
        }
    }
}
