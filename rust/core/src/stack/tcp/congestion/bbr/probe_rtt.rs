//! ProbeRTT (§5.3.4): less under way for a moment, so that the queue is empty and the round trip is the
//! path's own.
use super::cycle::Acks;
use super::{Bbr, Flight, Sample, State};
use crate::time::{MILLISECOND, Nanos, SECOND};

/// How long the smallest round-trip time is believed (MinRTTFilterLen).
const BELIEVED: Nanos = 10 * SECOND;
/// After how long without a smaller one it is looked for (ProbeRTTInterval).
const INTERVAL: Nanos = 5 * SECOND;
/// How long little is kept under way (ProbeRTTDuration).
const DURATION: Nanos = 200 * MILLISECOND;

/// The smallest round-trip time, and when to look for it again.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProbeRtt {
    min_rtt: Option<Nanos>,
    min_rtt_at: Nanos,
    /// The smallest since the last probe.
    recent: Option<Nanos>,
    recent_at: Nanos,
    expired: bool,
    /// When little has been under way for long enough; none where it is not yet little.
    done_at: Option<Nanos>,
    round_done: bool,
    idle_restart: bool,
    /// Bytes delivered as the probe began, and at which what it sent is all delivered: samples in
    /// between say nothing of the path's bandwidth.
    quiet: (u64, u64),
}

impl ProbeRtt {
    pub(super) fn new(now: Nanos) -> Self {
        Self {
            min_rtt: None,
            min_rtt_at: now,
            recent: None,
            recent_at: now,
            expired: false,
            done_at: None,
            round_done: false,
            idle_restart: false,
            quiet: (0, 0),
        }
    }

    /// The path's round-trip time without a queue.
    pub(super) fn min_rtt(&self) -> Option<Nanos> {
        self.min_rtt
    }

    /// Sending begins again after a pause, which has emptied the queue as a probe would.
    pub(super) fn note_restart(&mut self) {
        self.idle_restart = true;
    }

    /// Whether a sample is of what was sent in a probe.
    pub(super) fn limited(&self, sample: &Sample) -> bool {
        let (from, to) = self.quiet;
        sample
            .prior_delivered
            .is_some_and(|prior| from < to && (from..=to).contains(&prior))
    }

    /// UpdateMinRTT.
    pub(super) fn update(&mut self, rtt: Option<Nanos>, now: Nanos) {
        self.expired = now > self.recent_at + INTERVAL;
        if let Some(rtt) = rtt
            && (self.expired || self.recent.is_none_or(|recent| rtt < recent))
        {
            (self.recent, self.recent_at) = (Some(rtt), now);
        }
        let is_smaller = |recent| self.min_rtt.is_none_or(|min| recent < min);
        if self.recent.is_some_and(is_smaller) || now > self.min_rtt_at + BELIEVED {
            (self.min_rtt, self.min_rtt_at) = (self.recent, self.recent_at);
        }
    }
}

impl Bbr {
    pub(super) fn check_probe_rtt(&mut self, sample: &Sample) {
        let probe = &self.probe_rtt;
        if self.state != State::ProbeRtt && probe.expired && !probe.idle_restart {
            self.enter_probe_rtt();
        }
        if self.state == State::ProbeRtt {
            self.handle_probe_rtt();
        }
        if sample.delivered > 0 {
            self.probe_rtt.idle_restart = false;
        }
    }

    fn enter_probe_rtt(&mut self) {
        self.save_window();
        self.state = State::ProbeRtt;
        self.probe_rtt.done_at = None;
        self.probe_rtt.quiet.0 = self.flight.delivered;
        self.cycle.acks = Acks::ProbeStopping;
        self.round.restart(self.flight.delivered);
    }

    fn handle_probe_rtt(&mut self) {
        let Flight {
            now,
            delivered,
            in_flight,
            ..
        } = self.flight;
        self.probe_rtt.quiet.1 = delivered + in_flight;
        if self.probe_rtt.done_at.is_some() {
            self.probe_rtt.round_done |= self.round.start;
            if self.probe_rtt.round_done {
                self.check_probe_rtt_done();
            }
        } else if in_flight <= self.probe_rtt_window() {
            self.probe_rtt.done_at = Some(now + DURATION);
            self.probe_rtt.round_done = false;
            self.round.restart(delivered);
        }
    }

    pub(super) fn check_probe_rtt_done(&mut self) {
        let now = self.flight.now;
        if self.probe_rtt.done_at.is_some_and(|at| now > at) {
            self.probe_rtt.recent_at = now;
            self.restore_window();
            self.exit_probe_rtt();
        }
    }

    /// §5.3.4.4: the pipe is not full, so there is nothing to wait for in Down.
    fn exit_probe_rtt(&mut self) {
        self.model.forget_losses();
        if self.full_pipe.reached {
            self.start_down();
            self.start_cruise();
        } else {
            self.enter_startup();
        }
    }

    /// Half of what fills the path.
    pub(super) fn probe_rtt_window(&self) -> u64 {
        let half = self.bdp(self.model.bw, State::ProbeRtt.window_gain());
        half.max(self.least_window())
    }
}
