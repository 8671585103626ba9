//! What a sender knows, in numbers.
use crate::time::Nanos;
use serde::Serialize;

/// A sender's state and counters; times in nanoseconds, amounts in bytes unless named otherwise.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct SenderStatistics {
    /// The congestion control's name.
    pub algorithm: &'static str,
    /// `"open"`, `"recovery"` (fast recovery) or `"loss"` (after a timeout).
    pub phase: &'static str,
    /// The congestion window as it governs now.
    pub cwnd: u64,
    /// The slow-start threshold; `u64::MAX` before the first congestion.
    pub ssthresh: u64,
    /// Bytes under way.
    pub in_flight: u64,
    /// Bytes per second at which it paces; none where it does not.
    pub pacing_rate: Option<u64>,
    /// Bytes per second that arrive, by the last sample of it; 0 before.
    pub delivery_rate: u64,
    /// Smoothed round-trip time.
    pub srtt: Nanos,
    /// Its mean deviation.
    pub rttvar: Nanos,
    /// The last sample of it.
    pub latest_rtt: Nanos,
    /// Smallest round-trip time of the last minutes.
    pub min_rtt: Nanos,
    /// The retransmission timeout, with its backoff.
    pub rto: Nanos,
    /// Bytes delivered.
    pub delivered: u64,
    /// Bytes marked lost.
    pub lost: u64,
    /// Bytes sent again.
    pub retransmitted: u64,
    /// The same in segments.
    pub retransmitted_segments: u64,
    /// Bytes sent again that had arrived already, as the peer says (D-SACK).
    pub spurious: u64,
    /// How often the retransmission timer went off.
    pub timeouts: u64,
    /// How often fast recovery began.
    pub recoveries: u64,
    /// How many tail loss probes were sent.
    pub probes: u64,
    /// How often slowing down turned out to be a mistake and was taken back.
    pub undone: u64,
    /// Whether the path was seen to reorder.
    pub reordering: bool,
    /// How long a packet may be late before it counts as lost (RACK's reordering window).
    pub reordering_window: Nanos,
}

/// What is counted, as it happens.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) retransmitted: u64,
    pub(super) retransmitted_segments: u64,
    pub(super) spurious: u64,
    pub(super) timeouts: u64,
    pub(super) recoveries: u64,
    pub(super) probes: u64,
    pub(super) undone: u64,
}

impl Counters {
    /// The statistics, with the rest still to fill in.
    pub(super) fn statistics(&self) -> SenderStatistics {
        SenderStatistics {
            retransmitted: self.retransmitted,
            retransmitted_segments: self.retransmitted_segments,
            spurious: self.spurious,
            timeouts: self.timeouts,
            recoveries: self.recoveries,
            probes: self.probes,
            undone: self.undone,
            ..SenderStatistics::default()
        }
    }
}
