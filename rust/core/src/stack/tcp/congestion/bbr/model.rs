//! What BBR knows of the path (§2.9).
use super::filter::MaxBandwidth;
use super::{Bbr, INFINITE, State};
use crate::time::{Nanos, SECOND};

/// What is left free for others of what the path is known to take, in percent (Headroom).
const HEADROOM: u64 = 15;

/// Bandwidth and volume: over the long term, and the bounds of recent losses.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) max_bw: MaxBandwidth,
    pub(super) bw_shortterm: u64,
    /// What to go by: the lesser of both.
    pub(super) bw: u64,
    pub(super) inflight_longterm: u64,
    pub(super) inflight_shortterm: u64,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            max_bw: MaxBandwidth::default(),
            bw_shortterm: INFINITE,
            bw: 0,
            inflight_longterm: INFINITE,
            inflight_shortterm: INFINITE,
        }
    }
}

impl Model {
    /// BoundBWForModel.
    pub(super) fn bound(&mut self) {
        self.bw = self.max_bw.get().min(self.bw_shortterm);
    }

    /// ResetShortTermModel: recent losses are forgotten.
    pub(super) fn forget_losses(&mut self) {
        self.bw_shortterm = INFINITE;
        self.inflight_shortterm = INFINITE;
    }
}

impl Bbr {
    /// The bytes that fill the path, at `bw` and times a gain in percent (BDPMultiple, §5.6.4.2).
    pub(super) fn bdp(&self, bw: u64, gain: u64) -> u64 {
        match self.probe_rtt.min_rtt() {
            Some(min_rtt) => {
                let bytes = u128::from(bw) * u128::from(min_rtt) / u128::from(SECOND);
                narrow(bytes * u128::from(gain) / 100)
            }
            None => self.initial_window,
        }
    }

    /// The same, but enough for whole bursts and delayed acknowledgements (Inflight).
    pub(super) fn inflight(&self, bw: u64, gain: u64) -> u64 {
        self.with_quantization(self.bdp(bw, gain))
    }

    /// QuantizationBudget, with the offload budget of §5.5.8.1.
    pub(super) fn with_quantization(&self, volume: u64) -> u64 {
        let volume = volume.max(3 * self.quantum()).max(self.least_window());
        let margin = if self.state == State::Up {
            2 * self.mss
        } else {
            0
        };
        volume.saturating_add(margin)
    }

    /// The long-term bound, less the room left to others (InflightWithHeadroom).
    pub(super) fn inflight_with_headroom(&self) -> u64 {
        let bound = self.model.inflight_longterm;
        if bound == INFINITE {
            return INFINITE;
        }
        let headroom = share(bound, HEADROOM).max(self.mss);
        bound.saturating_sub(headroom).max(self.least_window())
    }

    /// What we want under way: the estimate, unless congestion cut the window (TargetInflight).
    pub(super) fn target_inflight(&self) -> u64 {
        self.bdp(self.model.bw, 100).min(self.window)
    }

    /// Four segments, so that there is always one to acknowledge (MinPipeCwnd, §5.6.4.3).
    pub(super) fn least_window(&self) -> u64 {
        4 * self.mss
    }
}

/// Bytes in a time, as bytes a second.
pub(super) fn per_second(bytes: u64, time: Nanos) -> u64 {
    narrow(u128::from(bytes) * u128::from(SECOND) / u128::from(time.max(1)))
}

/// So many percent of a volume or rate.
pub(super) fn share(value: u64, percent: u64) -> u64 {
    narrow(u128::from(value) * u128::from(percent) / 100)
}

fn narrow(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
