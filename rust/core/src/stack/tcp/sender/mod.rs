//! Loss detection and recovery: what was sent when, what of it was lost, and when to send more.
//!
//! A [`Sender`] keeps no bytes. The connection tells it what leaves and what is acknowledged, as
//! 64-bit offsets that never wrap (SYN is 0, the first byte 1, FIN the one behind the last), and
//! asks what may leave now: lost ranges first, then new data.
mod statistics;

use super::congestion::{self, Congestion};
use crate::stack::options::Algorithm;
use crate::time::{Nanos, SECOND};
pub use statistics::SenderStatistics;
use std::ops::Range;

/// What an acknowledgement says, in the sender's offsets; the connection has validated it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Acknowledgement<'a> {
    /// The cumulative acknowledgement: everything below has arrived.
    pub una: u64,
    /// SACK blocks (RFC 2018) above `una`, in any order.
    pub blocks: &'a [Range<u64>],
    /// What arrived twice (RFC 2883): a first block at or below `una`, or inside the second one.
    pub duplicate: Option<Range<u64>>,
    /// The timestamp echo (RFC 7323), where timestamps are on.
    pub echo: Option<u32>,
    /// The peer echoes a congestion mark (RFC 3168) that the connection has not told of in this
    /// window yet.
    pub ece: bool,
    /// No data, no window change: may count as a duplicate acknowledgement (RFC 5681 §2).
    pub bare: bool,
    /// Whether the connection had more to send than the congestion window allowed.
    pub window_limited: bool,
    /// Whether unsent data waits that the peer's window has room for.
    pub more: bool,
}

/// What a timer that went off asks of the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// Ranges were found lost (RACK's reordering timer): transmit.
    Retransmit,
    /// A tail loss probe (RFC 8985 §7): one segment of new data if there is some and the peer's
    /// window has room for it, else [`Sender::loss_probe`].
    Probe,
    /// The retransmission timer (RFC 6298 §5): what is not selectively acknowledged counts as lost;
    /// transmit.
    Timeout,
}

/// The sending side's knowledge of what is under way.
pub struct Sender {
    algorithm: Box<dyn Congestion>,
    mss: u64,
    una: u64,
    next: u64,
}

impl Sender {
    /// A sender before its SYN is acknowledged; `mss` is a full segment's payload, `pacing` spreads
    /// windows of algorithms that do not pace by themselves.
    #[must_use]
    pub fn new(algorithm: Algorithm, mss: u32, pacing: bool, seed: u64, now: Nanos) -> Self {
        let _ = pacing;
        let mss = u64::from(mss.max(1));
        Self {
            algorithm: congestion::create(algorithm, mss, now, seed),
            mss,
            una: 1,
            next: 1,
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
        let _ = (sack, timestamps, handshake_rtt, now);
    }

    /// A range leaves, new or again; of one segment, or a super-packet of several. `timestamp` is
    /// its TSval; `app_limited` says that nothing more waits behind it.
    pub fn on_sent(&mut self, range: Range<u64>, timestamp: u32, app_limited: bool, now: Nanos) {
        let _ = (timestamp, app_limited, now);
        self.next = self.next.max(range.end);
    }

    /// An acknowledgement has come.
    pub fn on_ack(&mut self, ack: &Acknowledgement<'_>, now: Nanos) {
        let _ = now;
        self.una = self.una.max(ack.una.min(self.next));
    }

    /// Does what is due; call again while [`Self::deadline`] is not in the future.
    pub fn on_timer(&mut self, now: Nanos) -> Due {
        let _ = now;
        Due::Nothing
    }

    /// When [`Self::on_timer`] has to be called.
    #[must_use]
    pub fn deadline(&self) -> Option<Nanos> {
        None
    }

    /// The next lost range to send again now, of at most [`Self::quantum`] bytes; none where
    /// nothing is lost, or window or pacing hold it back.
    #[must_use]
    pub fn retransmission(&self, now: Nanos) -> Option<Range<u64>> {
        let _ = now;
        None
    }

    /// What to send again as a tail loss probe where there is no new data: the last segment.
    #[must_use]
    pub fn loss_probe(&self) -> Option<Range<u64>> {
        None
    }

    /// How many bytes of new data may leave now, in whole segments.
    #[must_use]
    pub fn allowance(&self, now: Nanos) -> u64 {
        let _ = now;
        self.algorithm.window().saturating_sub(self.in_flight())
    }

    /// When pacing lets the next packet go, where pacing and nothing else holds it back.
    #[must_use]
    pub fn paced_until(&self) -> Option<Nanos> {
        None
    }

    /// The most bytes to hand out at once: about a millisecond of the pacing rate, at least two
    /// segments, at most 64 KiB.
    #[must_use]
    pub fn quantum(&self) -> u64 {
        65_536
    }

    /// Bytes under way: sent, neither acknowledged in any way nor lost (RFC 6675's pipe).
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.next - self.una
    }

    /// The first unacknowledged offset.
    #[must_use]
    pub fn una(&self) -> u64 {
        self.una
    }

    /// The next new offset to send.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The retransmission timeout, with its backoff.
    #[must_use]
    pub fn rto(&self) -> Nanos {
        SECOND
    }

    /// The smoothed round-trip time; 0 before the first sample.
    #[must_use]
    pub fn srtt(&self) -> Nanos {
        0
    }

    /// The smallest round-trip time of the last minutes; 0 before the first sample.
    #[must_use]
    pub fn min_rtt(&self) -> Nanos {
        0
    }

    /// A full segment's payload has changed (path MTU).
    pub fn set_mss(&mut self, mss: u32) {
        self.mss = u64::from(mss.max(1));
        self.algorithm.on_mss(self.mss);
    }

    /// Sending begins again with nothing under way.
    pub fn on_idle_restart(&mut self, now: Nanos) {
        let _ = now;
    }

    /// The range that has just left probes for a larger MTU (RFC 8899, RFC 4821): if it is lost
    /// alone, that is no sign of congestion, and [`Self::take_lost_probe`] tells.
    pub fn mtu_probe_sent(&mut self, range: Range<u64>) {
        let _ = range;
    }

    /// The MTU probe that was found lost, once. Its bytes are sent again by themselves.
    pub fn take_lost_probe(&mut self) -> Option<Range<u64>> {
        None
    }

    /// A range was too large for the path (an MTU probe, or an ICMP message says so): it is sent
    /// again, and is no sign of congestion.
    pub fn probe_lost(&mut self, range: Range<u64>) {
        let _ = range;
    }

    /// How many times in a row the retransmission timer went off.
    #[must_use]
    pub fn retries(&self) -> u32 {
        0
    }

    /// What it knows, in numbers.
    #[must_use]
    pub fn statistics(&self) -> SenderStatistics {
        SenderStatistics {
            algorithm: self.algorithm.name(),
            cwnd: self.algorithm.window(),
            ssthresh: self.algorithm.ssthresh(),
            in_flight: self.in_flight(),
            ..SenderStatistics::default()
        }
    }
}
