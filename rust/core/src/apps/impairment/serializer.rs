//! A line of a constant rate: one packet at a time, each for as long as its bits take.
use super::parcel::Parcel;
use crate::time::{Nanos, SECOND};
use serde::{Deserialize, Serialize};

/// Work is counted in billionths of a bit, of which a line of `r` bit/s does `r` in a nanosecond:
/// so no rate leaves a fraction of a nanosecond behind.
const WORK_PER_BYTE: u64 = 8 * SECOND;
/// The most bytes that a packet may become on the line.
const LONGEST: i64 = 1 << 31;

/// What the line adds to a packet, as tc's `rate` option has it: bytes on the line are
/// L' = L + overhead, and with cells ceil(L' / cell) · (cell + cell overhead).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Framing {
    /// Bytes added to each packet, or taken off.
    pub overhead: i32,
    /// Bytes of a cell's payload; 0 = no cells.
    pub cell: u32,
    /// Bytes added to each cell, or taken off.
    pub cell_overhead: i32,
}

impl Framing {
    /// Bytes on the line for a packet of `len` bytes.
    #[inline]
    #[must_use]
    pub fn line_bytes(&self, len: u32) -> u64 {
        let framed = (i64::from(len) + i64::from(self.overhead)).max(0);
        let bytes = if self.cell == 0 {
            framed
        } else {
            let cell = i64::from(self.cell);
            let cells = (framed + cell - 1) / cell;
            cells.saturating_mul((cell + i64::from(self.cell_overhead)).max(0))
        };
        bytes.min(LONGEST) as u64
    }
}

/// A packet on the line.
#[derive(Debug)]
struct Transmission<P> {
    packet: P,
    /// Work left at `since`.
    work: u64,
    since: Nanos,
    ends: Nanos,
}

/// A serializer. A packet leaves at the first nanosecond at which all its bits are sent; what is
/// left of that nanosecond goes to the next packet if that follows at once.
#[derive(Debug)]
pub struct Serializer<P> {
    rate: u64,
    framing: Framing,
    sending: Option<Transmission<P>>,
    /// When the last packet left, and the work that the line could have done since its last bit.
    ended: Nanos,
    credit: u64,
}

impl<P: Parcel> Serializer<P> {
    /// An idle line; a rate of 0 is taken as 1 bit/s.
    #[must_use]
    pub fn new(bits_per_second: u64, framing: Framing) -> Self {
        Self {
            rate: bits_per_second.max(1),
            framing,
            sending: None,
            ended: 0,
            credit: 0,
        }
    }

    /// Bits per second.
    #[must_use]
    pub const fn rate(&self) -> u64 {
        self.rate
    }

    /// Whether no packet is on the line.
    #[inline]
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.sending.is_none()
    }

    /// Puts a packet on the line, which must be idle, at `now`.
    #[inline]
    pub fn start(&mut self, packet: P, now: Nanos) {
        let work = self.framing.line_bytes(packet.wire_len()) * WORK_PER_BYTE;
        self.begin(packet, work, now);
    }

    /// When the packet on the line leaves it.
    #[inline]
    #[must_use]
    pub fn next_event(&self) -> Option<Nanos> {
        Some(self.sending.as_ref()?.ends)
    }

    /// Takes the packet off the line, at the time that [`next_event`](Self::next_event) said.
    #[inline]
    pub fn finish(&mut self) -> Option<(Nanos, P)> {
        let sent = self.sending.take()?;
        self.ended = sent.ends;
        self.credit = (sent.ends - sent.since)
            .saturating_mul(self.rate)
            .saturating_sub(sent.work);
        Some((sent.ends, sent.packet))
    }

    /// Changes the rate; the bits of the packet on the line that are left at `now` take their
    /// time at the new one.
    pub fn set_rate(&mut self, now: Nanos, bits_per_second: u64) {
        let sending = self.take(now);
        self.rate = bits_per_second.max(1);
        self.credit = 0;
        if let Some((packet, work)) = sending {
            self.begin(packet, work, now);
        }
    }

    /// Changes what the line adds to the packets that start from now on.
    pub fn set_framing(&mut self, framing: Framing) {
        self.framing = framing;
    }

    /// Takes the packet off the line unfinished: how many bytes of it are left at `now`.
    pub(super) fn interrupt(&mut self, now: Nanos) -> Option<(P, u64)> {
        let (packet, work) = self.take(now)?;
        Some((packet, work.div_ceil(WORK_PER_BYTE)))
    }

    /// Puts a packet on the line of which `bytes` are left to send.
    pub(super) fn resume(&mut self, packet: P, bytes: u64, now: Nanos) {
        self.begin(packet, bytes.min(LONGEST as u64) * WORK_PER_BYTE, now);
    }

    fn take(&mut self, now: Nanos) -> Option<(P, u64)> {
        let sent = self.sending.take()?;
        let done = now.saturating_sub(sent.since).saturating_mul(self.rate);
        Some((sent.packet, sent.work.saturating_sub(done)))
    }

    #[inline]
    fn begin(&mut self, packet: P, work: u64, now: Nanos) {
        let credit = if now == self.ended { self.credit } else { 0 };
        let work = work.saturating_sub(credit);
        self.sending = Some(Transmission {
            packet,
            work,
            since: now,
            ends: now.saturating_add(work.div_ceil(self.rate)),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::impairment::probe::Probe;
    use proptest::prelude::*;

    fn line(rate: u64) -> Serializer<Probe> {
        Serializer::new(rate, Framing::default())
    }

    #[test]
    fn a_million_packets_drift_by_nothing() {
        for rate in [999_999_937, 56_000, 7_000_003] {
            let mut line = line(rate);
            let (mut now, mut bits) = (0, 0_u128);
            for id in 0..1_000_000 {
                let len = 64 + id % 1437;
                line.start(Probe::new(id, len), now);
                (now, _) = line.finish().unwrap();
                bits += 8 * u128::from(len);
                let exact = (bits * 1_000_000_000).div_ceil(u128::from(rate));
                assert_eq!(u128::from(now), exact);
            }
        }
    }

    #[test]
    fn framing_is_that_of_tc() {
        let framed = |overhead, cell, cell_overhead, len| {
            let framing = Framing {
                overhead,
                cell,
                cell_overhead,
            };
            framing.line_bytes(len)
        };
        assert_eq!(framed(0, 0, 0, 1500), 1500);
        assert_eq!(framed(-14, 0, 0, 1500), 1486);
        assert_eq!(framed(-14, 0, 0, 10), 0);
        assert_eq!(framed(8, 48, 5, 1500), 32 * 53);
        assert_eq!(framed(0, 48, 5, 48), 53);
        assert_eq!(framed(0, 48, 5, 49), 106);
        assert_eq!(framed(i32::MAX, 1, i32::MAX, u32::MAX), LONGEST as u64);
    }

    #[test]
    fn a_new_rate_counts_the_bits_left() {
        let mut line = line(8_000_000);
        line.start(Probe::new(0, 1000), 0);
        assert_eq!(line.next_event(), Some(1_000_000));
        line.set_rate(250_000, 4_000_000);
        assert_eq!(line.next_event(), Some(250_000 + 1_500_000));
        line.set_rate(1_000_000, 1_000_000_000);
        assert_eq!(line.next_event(), Some(1_000_000 + 3_000));
    }

    proptest! {
        #[test]
        fn setting_the_same_rate_changes_nothing(
            rate in 1_u64..10_000_000_000, len in 1_u32..9000, cuts in prop::collection::vec(0.0..1.0, 0..5),
        ) {
            let mut line = line(rate);
            line.start(Probe::new(0, len), 0);
            let ends = line.next_event().unwrap();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| (ends as f64 * cut) as u64).collect();
            cuts.sort_unstable();
            cuts.iter().for_each(|at| line.set_rate(*at, rate));
            prop_assert_eq!(line.next_event(), Some(ends));
        }
    }
}
