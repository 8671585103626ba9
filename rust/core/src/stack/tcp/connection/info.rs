//! What a connection is doing, in numbers.
use super::Connection;
use crate::stack::tcp::sender::SenderStatistics;
use crate::time::Nanos;
use serde::Serialize;

/// What a connection is doing, in numbers; times in nanoseconds, the rest in bytes or as named.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Info {
    /// The state's name in RFC 9293, in lower case.
    pub state: &'static str,
    /// Smoothed round-trip time (RFC 6298); 0 before the first sample.
    pub srtt: Nanos,
    /// Its mean deviation.
    pub rttvar: Nanos,
    /// The smallest round-trip time of the last minutes.
    pub min_rtt: Nanos,
    /// The retransmission timeout, with its backoff.
    pub rto: Nanos,
    /// The congestion control's name.
    pub congestion: &'static str,
    /// `"open"`, `"recovery"` or `"loss"`.
    pub phase: &'static str,
    /// The congestion window.
    pub cwnd: u64,
    /// The slow-start threshold; `u64::MAX` before the first congestion.
    pub ssthresh: u64,
    /// Bytes under way, as far as is known.
    pub in_flight: u64,
    /// Bytes per second at which it paces.
    pub pacing_rate: Option<u64>,
    /// Bytes per second that arrive, by the last sample of it.
    pub delivery_rate: u64,
    /// Payload of a full segment.
    pub mss: u32,
    /// The largest IP packet that the path is thought to take.
    pub path_mtu: u32,
    /// Bytes of payload sent, again included.
    pub bytes_sent: u64,
    /// Bytes of payload that came, duplicates included.
    pub bytes_received: u64,
    /// Segments sent, as packets on the wire.
    pub segments_sent: u64,
    /// Segments that came, as packets on the wire.
    pub segments_received: u64,
    /// Bytes sent again.
    pub bytes_retransmitted: u64,
    /// Segments sent again.
    pub segments_retransmitted: u64,
    /// Bytes sent again that had arrived already, as the peer says.
    pub spurious: u64,
    /// How often the retransmission timer went off.
    pub timeouts: u64,
    /// How often fast recovery began.
    pub recoveries: u64,
    /// How often slowing down was taken back.
    pub undone: u64,
    /// Bytes that the peer lets us send (SND.WND).
    pub send_window: u64,
    /// Bytes that the peer may send (RCV.WND).
    pub receive_window: u64,
    /// Bytes that wait to be sent or acknowledged.
    pub send_queue: u64,
    /// Bytes that wait to be read.
    pub receive_queue: u64,
    /// Bytes that may wait to be read, as it is now.
    pub receive_limit: u64,
    /// Selective acknowledgements are used (RFC 2018).
    pub sack: bool,
    /// Timestamps are used (RFC 7323).
    pub timestamps: bool,
    /// ECN is used (RFC 3168).
    pub ecn: bool,
    /// The peer's window scale; none where windows are not scaled (RFC 7323).
    pub window_scale: Option<u8>,
}

/// What is only counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    bytes_sent: u64,
    bytes_received: u64,
    segments_sent: u64,
    segments_received: u64,
}

impl Counters {
    pub(super) fn on_sent(&mut self, len: usize, segment_size: u16) {
        self.bytes_sent += len as u64;
        self.segments_sent += match segment_size {
            0 => 1,
            size => len.div_ceil(size.into()) as u64,
        };
    }

    pub(super) fn on_received(&mut self, len: usize, packets: u32) {
        self.bytes_received += len as u64;
        self.segments_received += u64::from(packets.max(1));
    }
}

impl Connection {
    /// The state's name in RFC 9293, in lower case.
    #[must_use]
    pub fn state(&self) -> &'static str {
        self.state.name()
    }

    /// What it is doing.
    #[must_use]
    pub fn info(&self, now: Nanos) -> Info {
        let _ = now;
        Info {
            state: self.state.name(),
            mss: self.mss(),
            path_mtu: self.path.mtu(),
            bytes_sent: self.counters.bytes_sent,
            bytes_received: self.counters.bytes_received,
            segments_sent: self.counters.segments_sent,
            segments_received: self.counters.segments_received,
            send_window: self.peer.size,
            receive_window: self.window.size(self.inbox.next()),
            send_queue: self.outbox.len(),
            receive_queue: self.inbox.readable(),
            receive_limit: self.window.limit(),
            sack: self.sack,
            timestamps: self.timestamps.on,
            ecn: self.ecn.on,
            window_scale: self.peer.scale,
            ..Info::from(self.sender.statistics())
        }
    }
}

impl From<SenderStatistics> for Info {
    fn from(sender: SenderStatistics) -> Self {
        Self {
            srtt: sender.srtt,
            rttvar: sender.rttvar,
            min_rtt: sender.min_rtt,
            rto: sender.rto,
            congestion: sender.algorithm,
            phase: sender.phase,
            cwnd: sender.cwnd,
            ssthresh: sender.ssthresh,
            in_flight: sender.in_flight,
            pacing_rate: sender.pacing_rate,
            delivery_rate: sender.delivery_rate,
            bytes_retransmitted: sender.retransmitted,
            segments_retransmitted: sender.retransmitted_segments,
            spurious: sender.spurious,
            timeouts: sender.timeouts,
            recoveries: sender.recoveries,
            undone: sender.undone,
            ..Self::default()
        }
    }
}
