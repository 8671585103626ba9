//! CUBIC (RFC 9438), with HyStart++ (RFC 9406) in the first slow start.
//!
//! Windows are bytes, times seconds. Only the four operations and libm's cube root are used, so
//! that a window is the same on every platform.
use super::hystart::SlowStart;
use super::recovery::{Recovery, is_stale};
use super::{Ack, Congestion, Flight, Reason, initial_window, resized};
use crate::time::{Nanos, SECOND};

#[cfg(test)]
mod tests;

/// What is left of the window after a congestion (RFC 9438 §4.6).
const BETA: f64 = 0.7;
/// How steep the curve is, in segments per second cubed (§5).
const C: f64 = 0.4;
/// Segments a round trip that are as friendly as Reno's one with its half (§4.3).
const ALPHA: f64 = 3.0 * (1.0 - BETA) / (1.0 + BETA);
/// The most that a round trip may multiply the window by, in avoidance (§4.2).
const STEEPEST: f64 = 1.5;
/// Segments that one acknowledgement may count for in slow start, without pacing (RFC 9406 §4.3).
const SLOW_START_LIMIT: u64 = 8;

/// The cubic curve of one stage of congestion avoidance (§4.2).
#[derive(Clone, Copy, Debug, PartialEq)]
struct Curve {
    /// The window at the curve's plateau, in bytes (W_max).
    plateau: f64,
    /// Seconds from the stage's beginning to the plateau (K).
    k: f64,
    /// C in bytes per second cubed.
    slope: f64,
}

impl Curve {
    /// From `window` towards `plateau`, or upwards from `window` where there is nothing to regain.
    fn new(window: f64, plateau: Option<f64>, mss: u64) -> Self {
        let slope = C * mss as f64;
        let plateau = plateau.map_or(window, |plateau| plateau.max(window));
        Self {
            plateau,
            k: libm::cbrt((plateau - window) / slope),
            slope,
        }
    }

    /// W_cubic(t), in bytes.
    fn at(&self, t: f64) -> f64 {
        let x = t - self.k;
        self.slope * (x * x * x) + self.plateau
    }
}

/// A stage of congestion avoidance.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stage {
    curve: Curve,
    /// How long it has run, but for the time in which the program limited the sender (§5.8).
    elapsed: Nanos,
    /// When `elapsed` was counted last.
    counted: Nanos,
    /// What Reno's window would be (W_est).
    estimate: f64,
}

impl Stage {
    fn count(&mut self, now: Nanos) {
        self.elapsed += now.saturating_sub(self.counted);
        self.counted = now;
    }

    /// The window after an acknowledgement of `acked` bytes with this much of it (§4.2 to §4.5).
    fn advance(&mut self, window: f64, prior: f64, ack: &Ack) -> f64 {
        self.count(ack.flight.now);
        let (t, rtt) = (seconds(self.elapsed), seconds(ack.flight.srtt));
        let share = ack.newly_acked as f64 / window;
        let alpha = if self.estimate < prior { ALPHA } else { 1.0 };
        self.estimate += alpha * ack.flight.mss as f64 * share;
        if self.curve.at(t) < self.estimate {
            return window.max(self.estimate);
        }
        let target = self.curve.at(t + rtt).clamp(window, STEEPEST * window);
        window + (target - window) * share.min(1.0)
    }
}

/// What a reduction changes, to have it back if it was a mistake (§4.9).
#[derive(Clone, Copy, Debug, PartialEq)]
struct State {
    window: f64,
    ssthresh: u64,
    /// The window as the threshold was set (cwnd_prior).
    prior: f64,
    /// The window to regain (W_max); none after a timeout, and before the first congestion.
    plateau: Option<f64>,
    /// None until the first acknowledgement in congestion avoidance.
    stage: Option<Stage>,
}

/// CUBIC.
#[derive(Clone, Debug)]
pub(super) struct Cubic {
    mss: u64,
    state: State,
    slow_start: SlowStart,
    recovery: Recovery,
    undo: Option<(State, SlowStart)>,
}

impl Cubic {
    /// Of a new connection.
    pub(super) fn new(mss: u64) -> Self {
        Self {
            mss,
            state: State {
                window: initial_window(mss) as f64,
                ssthresh: u64::MAX,
                prior: 0.0,
                plateau: None,
                stage: None,
            },
            slow_start: SlowStart::new(Some(SLOW_START_LIMIT)),
            recovery: Recovery::default(),
            undo: None,
        }
    }

    fn slow_start(&mut self, ack: &Ack) {
        let grown = self.slow_start.on_ack(ack, self.mss);
        let state = &mut self.state;
        if state.ssthresh == u64::MAX && self.slow_start.is_over() {
            // §4.10: out of the first slow start without a loss.
            state.ssthresh = state.window as u64;
            state.prior = state.window;
        } else {
            state.window = (state.window + grown as f64).min(state.ssthresh as f64);
        }
    }

    fn avoid_congestion(&mut self, ack: &Ack) {
        let state = &mut self.state;
        let (window, plateau) = (state.window, state.plateau);
        let stage = state.stage.get_or_insert_with(|| Stage {
            curve: Curve::new(window, plateau, self.mss),
            elapsed: 0,
            counted: ack.flight.now,
            estimate: window,
        });
        state.plateau = Some(stage.curve.plateau);
        state.window = stage.advance(window, state.prior, ack);
    }

    /// §4.6 and §4.7. The window stands for the flight: it only grows while it is used.
    fn reduce(&mut self) {
        let mss = self.mss as f64;
        let state = &mut self.state;
        let shrinks = state.plateau.is_some_and(|plateau| state.window < plateau);
        let kept = if shrinks { (1.0 + BETA) / 2.0 } else { 1.0 };
        state.plateau = Some(state.window * kept);
        state.prior = state.window;
        state.ssthresh = (state.window * BETA).max(2.0 * mss).round() as u64;
        state.stage = None;
    }
}

impl Congestion for Cubic {
    fn name(&self) -> &'static str {
        "cubic"
    }

    fn window(&self) -> u64 {
        self.state.window as u64
    }

    fn ssthresh(&self) -> u64 {
        self.state.ssthresh
    }

    fn on_ack(&mut self, ack: &Ack) {
        if !self.recovery.may_grow(ack) {
            if let Some(stage) = &mut self.state.stage {
                stage.counted = ack.flight.now;
            }
        } else if self.window() < self.state.ssthresh {
            self.slow_start(ack);
        } else {
            self.avoid_congestion(ack);
        }
    }

    fn on_congestion(&mut self, reason: Reason, flight: &Flight) {
        if self.recovery.begin(reason, flight.una) {
            self.undo = Some((self.state, self.slow_start));
            self.reduce();
        }
        let (mss, state) = (self.mss as f64, &mut self.state);
        match reason {
            Reason::Loss => state.window = state.ssthresh as f64,
            Reason::Ecn => state.window = (state.window * BETA).max(mss),
            Reason::Timeout => (state.window, state.plateau) = (mss, None),
        }
        self.slow_start.finish();
    }

    fn on_recovered(&mut self, _flight: &Flight) {
        self.recovery.end();
    }

    /// §4.9, unless the window is back already.
    fn on_spurious(&mut self, _flight: &Flight) {
        if let Some(before) = self.undo.take()
            && self.state.window < self.state.prior
        {
            (self.state, self.slow_start) = before;
        }
        self.recovery.end();
    }

    /// Slow start back to three quarters of the window (RFC 5681 §4.1; the threshold is RFC 2861's),
    /// and the curve does not count the pause (§5.8).
    fn on_restart(&mut self, idle: Nanos, flight: &Flight) {
        let state = &mut self.state;
        if is_stale(idle, flight) {
            state.ssthresh = state.ssthresh.max((state.window * 0.75) as u64);
            state.window = state.window.min(initial_window(self.mss) as f64);
            state.stage = None;
        } else if let Some(stage) = &mut state.stage {
            stage.counted = flight.now;
        }
    }

    fn on_pacing(&mut self, paced: bool) {
        self.slow_start
            .set_limit((!paced).then_some(SLOW_START_LIMIT));
    }

    fn on_mss(&mut self, mss: u64) {
        let window = self.window();
        let resized = resized(window, self.mss, mss);
        if resized != window {
            self.state.window = resized as f64;
        }
        self.mss = mss;
    }
}

fn seconds(nanos: Nanos) -> f64 {
    nanos as f64 / SECOND as f64
}
