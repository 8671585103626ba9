//! What losses say of the path (§5.5.10), and taking it back (§5.5.11).
use super::model::share;
use super::{Bbr, INFINITE, Lost, Sample, State};

/// Losses that are tolerated in a round trip of probing, in percent (LossThresh).
pub(super) const THRESHOLD: u64 = 2;
/// What a round trip with losses leaves of a bound at least, in percent (Beta).
const BETA: u64 = 70;

/// What the last round trip delivered, and whether something was lost in it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Signals {
    pub(super) bw_latest: u64,
    pub(super) inflight_latest: u64,
    /// Whether the acknowledgement at hand ends a round trip that began with a loss.
    pub(super) round_start: bool,
    round_delivered: u64,
    lost: bool,
    marked: bool,
    /// Acknowledgements in this round trip that told of a loss.
    pub(super) losses: u32,
}

impl Signals {
    /// ResetCongestionSignals.
    pub(super) fn reset(&mut self) {
        (self.lost, self.marked) = (false, false);
        (self.bw_latest, self.inflight_latest) = (0, 0);
    }

    /// AdvanceLatestDeliverySignals: at the end of a round trip, the next begins with this sample.
    pub(super) fn advance(&mut self, sample: &Sample) {
        if self.round_start {
            (self.bw_latest, self.inflight_latest) = (sample.rate, sample.delivered);
            self.losses = 0;
        }
    }
}

/// What was there before losses changed it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Undo {
    /// The state that was left because of them.
    pub(super) state: Option<State>,
    bw_shortterm: u64,
    inflight_shortterm: u64,
    inflight_longterm: u64,
}

impl Sample {
    /// Whether too much of what was under way was lost (IsInflightTooHigh).
    pub(super) fn is_inflight_too_high(&self) -> bool {
        self.lost > share(self.tx_in_flight, THRESHOLD)
    }
}

impl Bbr {
    /// UpdateLatestDeliverySignals.
    pub(super) fn update_latest_delivery(&mut self, sample: &Sample) {
        let signals = &mut self.signals;
        signals.losses += u32::from(sample.newly_lost > 0);
        signals.bw_latest = signals.bw_latest.max(sample.rate);
        signals.inflight_latest = signals.inflight_latest.max(sample.delivered);
        let prior = sample.prior_delivered;
        signals.round_start = prior.is_some_and(|prior| prior >= signals.round_delivered);
        if signals.round_start {
            signals.round_delivered = self.flight.delivered;
        }
    }

    /// UpdateCongestionSignals: the bandwidth, and once a round trip what its losses mean: nothing, if
    /// they are as few as a probe tolerates, and otherwise what is beyond these. By the draft any loss
    /// lowers the bounds by what it took, round trip by round trip, and of a path that loses one packet
    /// in a hundred by chance no more than 84 of 100 parts would be used.
    pub(super) fn update_congestion_signals(&mut self, sample: &Sample) {
        self.round.update(sample, self.flight.delivered);
        if sample.rate >= self.model.max_bw.get() || !sample.app_limited {
            self.model.max_bw.add(sample.rate);
        }
        if !self.signals.round_start {
            return;
        }
        let lost = self.signals.lost && sample.is_inflight_too_high();
        if (lost || self.signals.marked) && !self.state.is_probing() {
            self.lower_bounds();
        }
        (self.signals.lost, self.signals.marked) = (false, false);
    }

    /// Towards what the last round trip delivered, and the losses that are tolerated on top of it
    /// (§5.5.10.3 has it without these; see above).
    fn lower_bounds(&mut self) {
        let (model, signals) = (&mut self.model, &self.signals);
        if model.bw_shortterm == INFINITE {
            model.bw_shortterm = model.max_bw.get();
        }
        if model.inflight_shortterm == INFINITE {
            model.inflight_shortterm = self.window;
        }
        let arrived = if signals.marked { 100 } else { 100 - THRESHOLD };
        let lowered = |bound: u64, delivered: u64| {
            let sent = delivered.saturating_mul(100) / arrived;
            sent.max(share(bound, BETA)).min(bound)
        };
        model.bw_shortterm = lowered(model.bw_shortterm, signals.bw_latest);
        model.inflight_shortterm = lowered(model.inflight_shortterm, signals.inflight_latest);
    }

    /// NoteLoss: a round trip of congestion begins with its first loss.
    pub(super) fn note_loss(&mut self) {
        if !self.signals.lost {
            self.signals.round_delivered = self.flight.delivered;
        }
        self.signals.lost = true;
    }

    /// HandleLostPacket: did a probe send too much?
    pub(super) fn handle_lost_packet(&mut self, lost: &Lost) {
        if !self.cycle.is_probe_sample {
            return;
        }
        let sample = Sample {
            tx_in_flight: lost.tx_in_flight,
            lost: self.flight.lost.saturating_sub(lost.prior_lost),
            ..Sample::default()
        };
        if sample.is_inflight_too_high() {
            let volume = inflight_at_loss(lost.bytes, &sample);
            self.handle_inflight_too_high(volume, lost.app_limited);
        }
    }

    /// HandleInflightTooHigh: once for each probe.
    fn handle_inflight_too_high(&mut self, volume: u64, app_limited: bool) {
        self.cycle.too_high = true;
        self.cycle.is_probe_sample = false;
        if !app_limited {
            let least = share(self.target_inflight(), BETA);
            self.model.inflight_longterm = volume.max(least);
        }
        if self.state == State::Up {
            self.undo.state = Some(State::Up);
            self.start_down();
        }
    }

    /// A mark is congestion (§3.7): it ends a probe, and lowers the bounds at the end of the round trip.
    pub(super) fn handle_mark(&mut self) {
        self.note_loss();
        self.signals.marked = true;
        if self.state == State::Startup {
            self.leave_startup_for_loss();
        } else if self.cycle.is_probe_sample {
            self.handle_inflight_too_high(self.flight.in_flight, self.flight.app_limited);
        }
    }

    /// Recovery begins, if it has not: what it may change is kept (SaveStateUponLoss).
    pub(super) fn begin_episode(&mut self) {
        self.save_window();
        if !self.recovering {
            self.recovering = true;
            self.undo = Undo {
                state: None,
                bw_shortterm: self.model.bw_shortterm,
                inflight_shortterm: self.model.inflight_shortterm,
                inflight_longterm: self.model.inflight_longterm,
            };
        }
    }

    /// Recovery is over.
    pub(super) fn end_episode(&mut self) {
        self.recovering = false;
        self.restore_window();
    }

    /// HandleSpuriousLossDetection: nothing was lost after all.
    pub(super) fn undo_loss(&mut self) {
        let (model, undo) = (&mut self.model, self.undo);
        (self.signals.lost, self.signals.marked) = (false, false);
        self.full_pipe.search(0);
        model.bw_shortterm = model.bw_shortterm.max(undo.bw_shortterm);
        model.inflight_shortterm = model.inflight_shortterm.max(undo.inflight_shortterm);
        model.inflight_longterm = model.inflight_longterm.max(undo.inflight_longterm);
        self.return_to(undo.state);
        self.undo.state = None;
    }

    /// Back to the probe that the losses ended.
    fn return_to(&mut self, state: Option<State>) {
        if state == Some(State::Startup) && self.state != State::Startup {
            self.full_pipe.reached = false;
            if self.state != State::ProbeRtt {
                self.enter_startup();
            }
        } else if state == Some(State::Up) && !matches!(self.state, State::Up | State::ProbeRtt) {
            self.start_refill();
        }
    }
}

/// What was under way as losses crossed the threshold, somewhere in a packet that may be a burst of many
/// (InflightAtLoss).
fn inflight_at_loss(size: u64, sample: &Sample) -> u64 {
    let before = sample.tx_in_flight.saturating_sub(size);
    let lost_before = sample.lost.saturating_sub(size);
    let tolerated = share(before, THRESHOLD).saturating_sub(lost_before);
    before + tolerated * 100 / (100 - THRESHOLD)
}
