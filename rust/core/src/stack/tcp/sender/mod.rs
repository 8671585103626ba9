//! Loss detection and recovery: what was sent when, what of it was lost, and when to send more.
//!
//! A [`Sender`] keeps no bytes. The connection tells it what leaves and what is acknowledged, as
//! 64-bit offsets that never wrap (SYN is 0, the first byte 1, FIN the one behind the last), and
//! asks what may leave now: lost ranges first, then new data.
//!
//! A file holds one mechanism; `transmit`, `acknowledge`, `recovery` and `timers` hold them together,
//! in the order in which a packet meets them.
mod acknowledge;
mod delivery;
mod duplicates;
mod frto;
mod pacing;
mod prr;
mod rack;
mod ranges;
mod rate;
mod recovery;
mod rtt;
mod scoreboard;
mod statistics;
#[cfg(test)]
mod tests;
mod timers;
mod tlp;
mod transmit;
mod undo;

pub use acknowledge::Acknowledgement;
pub use statistics::SenderStatistics;
pub use timers::Due;

use super::congestion::{self, Congestion, Flight};
use crate::stack::options::Algorithm;
use crate::time::Nanos;
use recovery::Phase;
use std::ops::Range;

/// The sending side's knowledge of what is under way.
pub struct Sender {
    algorithm: Box<dyn Congestion>,
    mss: u64,
    sack: bool,
    timestamps: bool,
    paced: bool,
    /// The last time that anybody told.
    clock: Nanos,
    /// When something left last.
    sent_at: Nanos,
    board: scoreboard::Scoreboard,
    rtt: rtt::RoundTrip,
    rate: rate::Rate,
    rack: rack::Rack,
    tail: tlp::TailLoss,
    duplicates: duplicates::Duplicates,
    prr: prr::Reduction,
    undo: undo::Undo,
    forward: frto::Forward,
    pacer: pacing::Pacer,
    timers: timers::Timers,
    recovery: recovery::Recovery,
    /// Bounds the window while slow start makes up for a lost SYN (RFC 5681 §3.1).
    cap: Option<u64>,
    /// What left before this offset did so with a full window.
    limited_until: u64,
    mtu_probe: Option<Range<u64>>,
    lost_probe: Option<Range<u64>>,
    counters: statistics::Counters,
}

impl Sender {
    /// A sender before its SYN is acknowledged; `mss` is a full segment's payload, `pacing` spreads
    /// windows of algorithms that do not pace by themselves.
    #[must_use]
    pub fn new(algorithm: Algorithm, mss: u32, pacing: bool, seed: u64, now: Nanos) -> Self {
        let mss = u64::from(mss.max(1));
        let mut algorithm = congestion::create(algorithm, mss, now, seed);
        algorithm.on_pacing(pacing);
        Self {
            algorithm,
            mss,
            sack: false,
            timestamps: false,
            paced: pacing,
            clock: now,
            sent_at: now,
            board: scoreboard::Scoreboard::new(1),
            rtt: rtt::RoundTrip::new(),
            rate: rate::Rate::default(),
            rack: rack::Rack::new(),
            tail: tlp::TailLoss::default(),
            duplicates: duplicates::Duplicates::default(),
            prr: prr::Reduction::default(),
            undo: undo::Undo::default(),
            forward: frto::Forward::default(),
            pacer: pacing::Pacer::default(),
            timers: timers::Timers::default(),
            recovery: recovery::Recovery::default(),
            cap: None,
            limited_until: 0,
            mtu_probe: None,
            lost_probe: None,
            counters: statistics::Counters::default(),
        }
    }

    /// The handshake is over: offset 1 is the first to send. `handshake_rtt` is absent where SYN or
    /// SYN-ACK had to be sent again: then one segment is the initial window (RFC 5681 §3.1) and the
    /// timer starts with 3 s (RFC 6298 §5.7).
    pub fn established(
        &mut self,
        sack: bool,
        timestamps: bool,
        handshake_rtt: Option<Nanos>,
        now: Nanos,
    ) {
        (self.sack, self.timestamps) = (sack, timestamps);
        (self.clock, self.sent_at) = (now, now);
        match handshake_rtt {
            Some(rtt) => self.rtt.sample(rtt, 1, now),
            None => {
                self.rtt.on_lost_syn();
                self.cap = Some(self.mss);
            }
        }
    }

    /// Bytes under way: sent, neither acknowledged in any way nor lost (RFC 6675's pipe).
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        let in_flight = self.board.in_flight();
        in_flight.saturating_sub(self.duplicates.bytes())
    }

    /// The first unacknowledged offset.
    #[must_use]
    pub fn una(&self) -> u64 {
        self.board.una()
    }

    /// The next new offset to send.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.board.next()
    }

    /// The retransmission timeout, with its backoff.
    #[must_use]
    pub fn rto(&self) -> Nanos {
        self.rtt.rto()
    }

    /// The smoothed round-trip time; 0 before the first sample.
    #[must_use]
    pub fn srtt(&self) -> Nanos {
        self.rtt.srtt()
    }

    /// The smallest round-trip time of the last minutes; 0 before the first sample.
    #[must_use]
    pub fn min_rtt(&self) -> Nanos {
        self.rtt.min()
    }

    /// How many times in a row the retransmission timer went off.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.timers.retries
    }

    /// A full segment's payload has changed (path MTU).
    pub fn set_mss(&mut self, mss: u32) {
        self.mss = u64::from(mss.max(1));
        self.algorithm.on_mss(self.mss);
    }

    /// Sending begins again with nothing under way.
    pub fn on_idle_restart(&mut self, now: Nanos) {
        self.clock = now;
        let idle = now.saturating_sub(self.sent_at);
        self.rate.on_app_limited(self.in_flight());
        let flight = self.flight();
        self.algorithm.on_restart(idle, &flight);
    }

    /// The range that has just left probes for a larger MTU (RFC 8899, RFC 4821): if it is lost
    /// alone, that is no sign of congestion, and [`Self::take_lost_probe`] tells.
    pub fn mtu_probe_sent(&mut self, range: Range<u64>) {
        self.mtu_probe = Some(range);
    }

    /// The MTU probe that was found lost, once. Its bytes are sent again by themselves.
    pub fn take_lost_probe(&mut self) -> Option<Range<u64>> {
        self.lost_probe.take()
    }

    /// What it knows, in numbers.
    #[must_use]
    pub fn statistics(&self) -> SenderStatistics {
        SenderStatistics {
            algorithm: self.algorithm.name(),
            phase: self.recovery.phase.name(),
            cwnd: self.window(),
            ssthresh: self.algorithm.ssthresh(),
            in_flight: self.in_flight(),
            pacing_rate: self.pacing_rate(),
            delivery_rate: self.rate.newest(),
            srtt: self.rtt.srtt(),
            rttvar: self.rtt.rttvar(),
            latest_rtt: self.rtt.latest(),
            min_rtt: self.rtt.min(),
            rto: self.rtt.rto(),
            delivered: self.rate.delivered(),
            lost: self.rate.lost(),
            reordering: self.rack.reordering_seen(),
            reordering_window: self.reordering_window(),
            ..self.counters.statistics()
        }
    }

    /// Bytes that may be under way (cwnd), as it governs now.
    fn window(&self) -> u64 {
        let window = if self.is_reducing() {
            self.prr.window()
        } else {
            self.algorithm.window()
        };
        self.cap.map_or(window, |cap| window.min(cap))
    }

    /// Whether proportional rate reduction governs.
    fn is_reducing(&self) -> bool {
        self.recovery.phase == Phase::Fast && self.algorithm.uses_prr()
    }

    /// Bytes per second; none where nothing is paced.
    fn pacing_rate(&self) -> Option<u64> {
        self.algorithm.pacing_rate().or_else(|| {
            let window = self.algorithm.window();
            let slow_start = window < self.algorithm.ssthresh();
            let rate = || pacing::window_rate(window, slow_start, self.rtt.srtt());
            self.paced.then(rate).flatten()
        })
    }

    fn flight(&self) -> Flight {
        Flight {
            now: self.clock,
            mss: self.mss,
            in_flight: self.in_flight(),
            delivered: self.rate.delivered(),
            lost: self.rate.lost(),
            srtt: self.rtt.srtt(),
            min_rtt: self.rtt.min(),
            una: self.una(),
            next: self.next(),
            app_limited: self.rate.is_app_limited(),
        }
    }
}
