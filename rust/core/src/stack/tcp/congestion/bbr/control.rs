//! What follows from the model (§5.6): how fast, in which bursts, and how much.
use super::model::share;
use super::{Bbr, INFINITE, Sample, State, model};
use crate::time::{MILLISECOND, SECOND};

/// Below the bandwidth by so many percent, so that a queue shrinks (PacingMarginPercent).
const MARGIN: u64 = 1;
/// The largest burst (§5.6.3).
const LARGEST_QUANTUM: u64 = 64 << 10;

impl Bbr {
    /// InitPacingRate: the initial window in a round trip, of a millisecond before one is known.
    pub(super) fn begin_pacing(&mut self) {
        let srtt = if self.timed {
            self.flight.srtt
        } else {
            MILLISECOND
        };
        let bandwidth = model::per_second(self.initial_window, srtt);
        self.pacing_rate = share(bandwidth, State::Startup.pacing_gain());
    }

    /// SetPacingRateWithGain. Until the pipe is full, only faster.
    pub(super) fn set_pacing_rate(&mut self, gain: u64) {
        let rate = share(share(self.model.bw, gain), 100 - MARGIN);
        if rate > self.pacing_rate || (self.full_pipe.reached && rate > 0) {
            self.pacing_rate = rate;
        }
    }

    /// The largest burst: what leaves in a millisecond, in bounds (SetSendQuantum).
    pub(super) fn quantum(&self) -> u64 {
        let burst = self.pacing_rate / (SECOND / MILLISECOND);
        burst.min(LARGEST_QUANTUM).max(2 * self.mss)
    }

    /// SetCwnd.
    pub(super) fn set_window(&mut self, sample: &Sample) {
        let most = self.max_inflight();
        let grown = self.window.saturating_add(sample.newly_acked);
        if self.full_pipe.reached {
            self.window = grown.min(most);
        } else if self.window < most || self.flight.delivered < self.initial_window {
            self.window = grown;
        }
        self.bound_window();
    }

    /// What the path takes, and what aggregation needs on top (UpdateMaxInflight).
    fn max_inflight(&self) -> u64 {
        let volume = self.bdp(self.model.bw, self.state.window_gain());
        self.with_quantization(volume.saturating_add(self.aggregation.extra()))
    }

    /// BoundCwndForProbeRTT and BoundCwndForModel.
    pub(super) fn bound_window(&mut self) {
        let least = self.least_window();
        let cap = match self.state {
            State::Startup | State::Drain => INFINITE,
            State::Down | State::Refill | State::Up => self.model.inflight_longterm,
            State::Cruise => self.inflight_with_headroom(),
            State::ProbeRtt => self.inflight_with_headroom().min(self.probe_rtt_window()),
        };
        let cap = cap.min(self.model.inflight_shortterm).max(least);
        self.window = self.window.max(least).min(cap);
    }

    /// SaveCwnd: the window, unless it is cut already.
    pub(super) fn save_window(&mut self) {
        let cut = self.recovering || self.state == State::ProbeRtt;
        self.prior_window = if cut {
            self.prior_window.max(self.window)
        } else {
            self.window
        };
    }

    /// RestoreCwnd.
    pub(super) fn restore_window(&mut self) {
        self.window = self.window.max(self.prior_window);
    }
}
