//! BBR, version 3 (draft-ietf-ccwg-bbr-06): a model of the path instead of a reaction to losses.
//!
//! BBR measures how fast the path delivers (`max_bw`) and how long it takes when it is empty
//! (`min_rtt`); it paces at the first, and keeps under way about the product of both. From time to time
//! it sends faster to see whether there is more, or less to see the path empty:
//!
//! ```text
//! Startup -> Drain -> Down -> Cruise -> Refill -> Up -> Down ...    ProbeRTT from any, now and then
//! ```
//!
//! Rates are bytes a second, gains are percent. Sections and CamelCase names in comments are the draft's.
//! Three things differ: losses that a probe would tolerate lower no bound (`loss.rs`), Startup tolerates
//! more while it gets more delivered (`startup.rs`), and connections are taken to have SACK, so that the
//! rules for those without are missing.
mod aggregation;
mod control;
mod cycle;
mod filter;
mod loss;
mod model;
mod probe_rtt;
mod round;
mod startup;
#[cfg(test)]
mod tests;

use super::{Ack, Congestion, Flight, Lost, Reason, initial_window, resized};
use crate::rng::Stream;
use crate::time::Nanos;
use aggregation::Aggregation;
use cycle::Cycle;
use loss::{Signals, Undo};
use model::Model;
use probe_rtt::ProbeRtt;
use round::Round;
use startup::FullPipe;

/// No bound.
const INFINITE: u64 = u64::MAX;

/// Where BBR is in its cycle (§5.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Doubles the rate each round trip, until the pipe is full.
    Startup,
    /// Lets the queue drain that Startup built.
    Drain,
    /// Slower than the path, to leave room to others.
    Down,
    /// As fast as the path.
    Cruise,
    /// As fast as the path, with no memory of recent losses, before probing.
    Refill,
    /// Faster than the path, to see whether there is more.
    Up,
    /// Half of the pipe, to see the path without a queue.
    ProbeRtt,
}

impl State {
    /// What the bandwidth is multiplied by to pace (§5.6.1), in percent.
    const fn pacing_gain(self) -> u64 {
        match self {
            Self::Startup => 277,
            Self::Drain => 50,
            Self::Down => 90,
            Self::Cruise | Self::Refill | Self::ProbeRtt => 100,
            Self::Up => 125,
        }
    }

    /// What the bandwidth-delay product is multiplied by for the window (§5.6.1), in percent.
    const fn window_gain(self) -> u64 {
        match self {
            Self::Up => 225,
            Self::ProbeRtt => 50,
            _ => 200,
        }
    }

    /// Whether this is one of the four states of ProbeBW.
    const fn is_probe_bw(self) -> bool {
        matches!(self, Self::Down | Self::Cruise | Self::Refill | Self::Up)
    }

    /// Whether more is sent than the path is known to take.
    const fn is_probing(self) -> bool {
        matches!(self, Self::Startup | Self::Refill | Self::Up)
    }
}

/// What one acknowledgement says (the draft's RS, §2.3).
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    /// Bytes a second; 0 where the sample is too short to be believed.
    rate: u64,
    /// Bytes delivered since the newest delivered packet was sent.
    delivered: u64,
    /// Bytes that had been delivered as that packet was sent; none where nothing was delivered.
    prior_delivered: Option<u64>,
    tx_in_flight: u64,
    lost: u64,
    app_limited: bool,
    newly_acked: u64,
    newly_lost: u64,
    rtt: Option<Nanos>,
}

impl Sample {
    /// §4.1.2.3: a sample over less than the smallest round-trip time tells no rate.
    fn of(ack: &Ack) -> Self {
        let base = Self {
            newly_acked: ack.newly_acked,
            newly_lost: ack.newly_lost,
            rtt: ack.rtt,
            ..Self::default()
        };
        let Some(rate) = ack.rate else { return base };
        let told = rate.interval > 0 && rate.interval >= ack.flight.min_rtt;
        Self {
            rate: if told {
                model::per_second(rate.delivered, rate.interval)
            } else {
                0
            },
            delivered: rate.delivered,
            prior_delivered: Some(rate.prior_delivered),
            tx_in_flight: rate.tx_in_flight,
            lost: rate.lost,
            app_limited: rate.app_limited,
            ..base
        }
    }
}

/// BBR.
#[derive(Clone, Debug)]
pub(super) struct Bbr {
    mss: u64,
    initial_window: u64,
    random: Stream,
    state: State,
    /// The connection as of the last call.
    flight: Flight,
    window: u64,
    /// The window before recovery or ProbeRTT cut it (prior_cwnd).
    prior_window: u64,
    pacing_rate: u64,
    /// Whether the pacing rate has begun with a measured round-trip time.
    timed: bool,
    /// In fast recovery, or in recovery from a timeout.
    recovering: bool,
    model: Model,
    round: Round,
    full_pipe: FullPipe,
    signals: Signals,
    cycle: Cycle,
    probe_rtt: ProbeRtt,
    aggregation: Aggregation,
    undo: Undo,
}

impl Bbr {
    /// Of a new connection (§5.2.1).
    pub(super) fn new(mss: u64, now: Nanos, seed: u64) -> Self {
        let mut bbr = Self {
            mss,
            initial_window: initial_window(mss),
            random: Stream::new(seed, "bbr"),
            state: State::Startup,
            flight: Flight {
                now,
                mss,
                ..Flight::default()
            },
            window: initial_window(mss),
            prior_window: 0,
            pacing_rate: 0,
            timed: false,
            recovering: false,
            model: Model::default(),
            round: Round::default(),
            full_pipe: FullPipe::default(),
            signals: Signals::default(),
            cycle: Cycle::default(),
            probe_rtt: ProbeRtt::new(now),
            aggregation: Aggregation::new(now),
            undo: Undo::default(),
        };
        bbr.begin_pacing();
        bbr
    }

    fn observe(&mut self, flight: &Flight) {
        self.flight = *flight;
        if !self.timed && flight.srtt > 0 {
            self.timed = true;
            self.begin_pacing();
        }
    }

    /// §5.2.3, in the draft's order.
    fn update_model_and_state(&mut self, sample: &Sample) {
        self.update_latest_delivery(sample);
        self.update_congestion_signals(sample);
        self.update_aggregation(sample);
        self.check_full_pipe(sample);
        self.check_startup_done(sample);
        self.check_drain_done();
        self.update_cycle(sample);
        self.probe_rtt.update(sample.rtt, self.flight.now);
        self.check_probe_rtt(sample);
        self.signals.advance(sample);
        self.model.bound();
    }
}

impl Congestion for Bbr {
    fn name(&self) -> &'static str {
        "bbr"
    }

    fn window(&self) -> u64 {
        self.window
    }

    fn ssthresh(&self) -> u64 {
        INFINITE
    }

    fn pacing_rate(&self) -> Option<u64> {
        Some(self.pacing_rate)
    }

    fn uses_prr(&self) -> bool {
        false
    }

    fn on_sent(&mut self, _bytes: u64, flight: &Flight) {
        self.observe(flight);
        if flight.in_flight + self.mss > self.window {
            self.round.note_window_limited();
        }
    }

    fn on_ack(&mut self, ack: &Ack) {
        self.observe(&ack.flight);
        if ack.window_limited {
            self.round.note_window_limited();
        }
        if self.recovering && !ack.in_recovery {
            self.end_episode();
        }
        let mut sample = Sample::of(ack);
        sample.app_limited |= self.probe_rtt.limited(&sample);
        self.update_model_and_state(&sample);
        self.set_pacing_rate(self.state.pacing_gain());
        self.set_window(&sample);
    }

    fn on_lost(&mut self, lost: &Lost, flight: &Flight) {
        self.observe(flight);
        self.begin_episode();
        self.note_loss();
        self.handle_lost_packet(lost);
    }

    fn on_congestion(&mut self, reason: Reason, flight: &Flight) {
        self.observe(flight);
        match reason {
            Reason::Ecn => self.handle_mark(),
            Reason::Loss => self.begin_episode(),
            Reason::Timeout => {
                self.begin_episode();
                self.window = flight.in_flight + self.mss;
            }
        }
    }

    fn on_recovered(&mut self, flight: &Flight) {
        self.observe(flight);
        self.end_episode();
        self.bound_window();
    }

    fn on_spurious(&mut self, flight: &Flight) {
        self.observe(flight);
        self.undo_loss();
        self.end_episode();
        self.bound_window();
    }

    /// §5.4.1.
    fn on_restart(&mut self, _idle: Nanos, flight: &Flight) {
        self.observe(flight);
        self.probe_rtt.note_restart();
        self.aggregation.restart(flight.now);
        if self.state.is_probe_bw() {
            self.set_pacing_rate(100);
        } else if self.state == State::ProbeRtt {
            self.check_probe_rtt_done();
        }
    }

    fn on_mss(&mut self, mss: u64) {
        self.window = resized(self.window, self.mss, mss);
        self.initial_window = initial_window(mss);
        self.mss = mss;
        if self.model.bw == 0 {
            self.begin_pacing();
        }
    }
}
