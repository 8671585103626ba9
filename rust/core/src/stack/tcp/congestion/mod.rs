//! Congestion control: one trait, and an algorithm a file.
//!
//! The connection finds out what was delivered and what was lost (RACK, SACK); an algorithm here
//! answers how much may be under way, and how fast. All amounts are bytes, all times nanoseconds.
mod bbr;
mod cubic;
mod hystart;
mod recovery;
mod reno;
#[cfg(test)]
mod rig;

use crate::stack::options::Algorithm;
use crate::time::Nanos;

/// What the sender knows as it asks or tells something.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Flight {
    /// Now.
    pub now: Nanos,
    /// Payload of a full-sized segment.
    pub mss: u64,
    /// Bytes under way: sent, and neither delivered nor lost (RFC 6675's pipe).
    pub in_flight: u64,
    /// Bytes delivered so far, cumulatively or selectively acknowledged.
    pub delivered: u64,
    /// Bytes marked lost so far.
    pub lost: u64,
    /// Smoothed round-trip time (RFC 6298); 0 before the first sample.
    pub srtt: Nanos,
    /// Smallest round-trip time seen; 0 before the first sample.
    pub min_rtt: Nanos,
    /// Sequence space: the first unacknowledged byte and the next one to send, counted from the
    /// first byte of the connection as 64-bit numbers that never wrap.
    pub una: u64,
    /// The next byte to send.
    pub next: u64,
    /// Whether the program, not the window, limits what is under way.
    pub app_limited: bool,
}

/// A delivery-rate sample (draft-ietf-ccwg-bbr, section "Delivery Rate Samples").
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateSample {
    /// Bytes delivered over the sampling interval.
    pub delivered: u64,
    /// The sampling interval: the longer of the send and the acknowledge phase.
    pub interval: Nanos,
    /// `Flight::delivered` when the newest delivered packet was sent.
    pub prior_delivered: u64,
    /// Bytes under way just after that packet was sent.
    pub tx_in_flight: u64,
    /// Bytes marked lost between sending that packet and its delivery.
    pub lost: u64,
    /// Whether that packet was sent while the program limited the sender.
    pub app_limited: bool,
}

/// An acknowledgement that delivered something, or marked something lost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ack {
    /// The state after it.
    pub flight: Flight,
    /// Bytes under way before it.
    pub prior_in_flight: u64,
    /// Bytes it newly delivered, cumulatively or selectively.
    pub newly_acked: u64,
    /// Bytes newly marked lost by it.
    pub newly_lost: u64,
    /// A round-trip sample from a packet that was never retransmitted.
    pub rtt: Option<Nanos>,
    /// What it says of the delivery rate.
    pub rate: Option<RateSample>,
    /// Whether the sender is in fast recovery or in recovery from a timeout.
    pub in_recovery: bool,
    /// Whether what is under way was limited by the window when it was sent (RFC 9438 §5.8).
    pub window_limited: bool,
    /// Bytes that this acknowledgement reports as CE-marked (0 or all of `newly_acked` with RFC 3168).
    pub marked: u64,
}

/// A packet that was marked lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lost {
    /// Its bytes.
    pub bytes: u64,
    /// Bytes under way just after it was sent.
    pub tx_in_flight: u64,
    /// `Flight::lost` when it was sent.
    pub prior_lost: u64,
    /// Whether it was sent while the program limited the sender.
    pub app_limited: bool,
}

/// Why the sender has to slow down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// A packet was lost: fast recovery begins.
    Loss,
    /// The peer echoes a congestion mark (RFC 3168 §6.1.2).
    Ecn,
    /// The retransmission timer went off (RFC 6298 §5).
    Timeout,
}

/// Decides how much may be under way, and how fast.
pub trait Congestion: Send {
    /// The algorithm's name, as in the options.
    fn name(&self) -> &'static str;

    /// Bytes that may be under way (cwnd). Never less than one segment. While [`Self::uses_prr`]
    /// and in fast recovery, RFC 6937 decides in its place.
    fn window(&self) -> u64;

    /// The slow-start threshold: what recovery aims at. `u64::MAX` before the first congestion.
    fn ssthresh(&self) -> u64;

    /// Bytes per second at which to send; none where the algorithm does not pace by itself.
    fn pacing_rate(&self) -> Option<u64> {
        None
    }

    /// Whether fast recovery follows Proportional Rate Reduction (RFC 6937); BBR has its own way.
    fn uses_prr(&self) -> bool {
        true
    }

    /// A packet of `bytes` leaves; `flight` counts it already.
    fn on_sent(&mut self, bytes: u64, flight: &Flight) {
        let _ = (bytes, flight);
    }

    /// Something was delivered. Called after `on_lost` for what the same acknowledgement marked lost,
    /// and after `on_congestion` where it begins a recovery.
    fn on_ack(&mut self, ack: &Ack);

    /// A packet was marked lost.
    fn on_lost(&mut self, lost: &Lost, flight: &Flight) {
        let _ = (lost, flight);
    }

    /// Slow down: once for each loss event, not for each lost packet.
    fn on_congestion(&mut self, reason: Reason, flight: &Flight);

    /// Fast recovery is over: everything sent before it began is acknowledged.
    fn on_recovered(&mut self, flight: &Flight) {
        let _ = flight;
    }

    /// The last `on_congestion` was a mistake (Eifel, D-SACK, F-RTO): back to what was before it.
    fn on_spurious(&mut self, flight: &Flight);

    /// Sending begins again after `idle` without anything under way (RFC 5681 §4.1, RFC 9438 §5.8).
    fn on_restart(&mut self, idle: Nanos, flight: &Flight) {
        let _ = (idle, flight);
    }

    /// Whether the sender paces what a window-based algorithm allows (RFC 9406 §4.3 asks).
    fn on_pacing(&mut self, paced: bool) {
        let _ = paced;
    }

    /// The size of a full segment has changed (path MTU).
    fn on_mss(&mut self, mss: u64) {
        let _ = mss;
    }
}

/// The initial window (RFC 6928): ten segments, 14,600 bytes at most unless two are larger.
#[must_use]
pub fn initial_window(mss: u64) -> u64 {
    (10 * mss).min(14_600.max(2 * mss))
}

/// A window after the size of a segment has changed: one that is the initial window stays it, others
/// hold a segment at least.
fn resized(window: u64, old: u64, new: u64) -> u64 {
    if window == initial_window(old) {
        initial_window(new)
    } else {
        window.max(new)
    }
}

/// Makes a sender's algorithm. `seed` is for what it decides at random.
#[must_use]
pub fn create(algorithm: Algorithm, mss: u64, now: Nanos, seed: u64) -> Box<dyn Congestion> {
    match algorithm {
        Algorithm::Cubic => Box::new(cubic::Cubic::new(mss)),
        Algorithm::Reno => Box::new(reno::Reno::new(mss)),
        Algorithm::Bbr => Box::new(bbr::Bbr::new(mss, now, seed)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, Flight, Reason, create, initial_window};

    /// RFC 6928 §2.
    #[test]
    fn the_initial_window_is_the_rfc_s() {
        for (mss, window) in [(536, 5360), (1448, 14_480), (1460, 14_600), (9000, 18_000)] {
            assert_eq!(initial_window(mss), window);
        }
    }

    #[test]
    fn a_new_segment_size_makes_for_a_new_initial_window_but_not_for_a_larger_one_later() {
        for algorithm in [Algorithm::Cubic, Algorithm::Reno, Algorithm::Bbr] {
            let mut congestion = create(algorithm, 536, 0, 7);
            congestion.on_mss(1448);
            assert_eq!(congestion.window(), 14_480, "{algorithm:?}");
            congestion.on_congestion(Reason::Timeout, &Flight::default());
            let window = congestion.window();
            congestion.on_mss(1400);
            assert_eq!(congestion.window(), window.max(1400), "{algorithm:?}");
        }
    }
}
