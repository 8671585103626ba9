//! What a queue is held to: how much it holds, and whether it marks where it would drop.
use super::parcel::Parcel;
use crate::cause::Cause;
use crate::rng::Stream;
use crate::time::{Nanos, SECOND};
use serde::{Deserialize, Serialize};

/// Packets that were dropped, and why.
pub type Drops<P> = Vec<(P, Cause)>;

/// Packets that a queue holds which nobody gave a limit.
const PACKETS: u64 = 1000;

/// How much may wait; what is absent does not limit. None at all means 1000 packets.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Packets.
    pub packets: Option<u64>,
    /// Bytes on the wire.
    pub bytes: Option<u64>,
    /// The time that the waiting bytes take at the line's rate (of a trace: its mean), in
    /// nanoseconds. One packet may always wait.
    pub ns: Option<Nanos>,
}

/// The limits at the present rate, the use of ECN, and the chance that AQMs draw from.
#[derive(Debug)]
pub struct Rules {
    limits: Limits,
    packets: u64,
    bytes: u64,
    standing: u64,
    rate: u64,
    ecn: bool,
    marked: u64,
    random: Stream,
}

impl Rules {
    /// Rules at a rate that nobody has told yet: time limits nothing until then.
    #[must_use]
    pub fn new(limits: Limits, ecn: bool, random: Stream) -> Self {
        let mut rules = Self {
            limits,
            packets: 0,
            bytes: 0,
            standing: 0,
            rate: 0,
            ecn,
            marked: 0,
            random,
        };
        rules.resolve();
        rules
    }

    /// Changes limits and marking.
    pub fn set(&mut self, limits: Limits, ecn: bool) {
        self.limits = limits;
        self.ecn = ecn;
        self.resolve();
    }

    /// Tells the rate in bits per second.
    pub fn set_rate(&mut self, bits_per_second: u64) {
        self.rate = bits_per_second;
        self.resolve();
    }

    /// Bits per second; 0 while unknown.
    #[must_use]
    pub const fn rate(&self) -> u64 {
        self.rate
    }

    /// How many packets were marked.
    #[must_use]
    pub const fn marked(&self) -> u64 {
        self.marked
    }

    /// Whether a packet of `len` bytes may join so many packets and bytes.
    #[inline]
    #[must_use]
    pub fn fits(&self, packets: u64, bytes: u64, len: u32) -> bool {
        !self.exceeded(packets + 1, bytes + u64::from(len))
    }

    /// Whether so many packets and bytes are more than may wait.
    #[inline]
    #[must_use]
    pub fn exceeded(&self, packets: u64, bytes: u64) -> bool {
        packets > self.packets || bytes > self.bytes || (packets > 1 && bytes > self.standing)
    }

    /// Marks the packet instead of a drop; false where it must be dropped.
    #[inline]
    pub fn mark<P: Parcel>(&mut self, packet: &mut P) -> bool {
        let marks = self.ecn && packet.ecn_capable();
        if marks {
            packet.mark_congestion();
            self.marked += 1;
        }
        marks
    }

    /// The next draw, uniform in [0, 1).
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        self.random.uniform()
    }

    fn resolve(&mut self) {
        let none = self.limits == Limits::default();
        self.packets = self
            .limits
            .packets
            .unwrap_or(if none { PACKETS } else { u64::MAX });
        self.bytes = self.limits.bytes.unwrap_or(u64::MAX);
        self.standing = match self.limits.ns {
            Some(ns) if self.rate > 0 => bytes_in(ns, self.rate),
            _ => u64::MAX,
        };
    }
}

/// Bytes that leave in `ns` nanoseconds.
fn bytes_in(ns: Nanos, bits_per_second: u64) -> u64 {
    let bytes = u128::from(ns) * u128::from(bits_per_second) / (8 * u128::from(SECOND));
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(limits: Limits) -> Rules {
        let mut rules = Rules::new(limits, false, Stream::new(0, "rules"));
        rules.set_rate(8_000_000);
        rules
    }

    #[test]
    fn each_limit_holds_and_none_means_a_thousand_packets() {
        let none = rules(Limits::default());
        assert!(none.fits(999, 0, 1500) && !none.fits(1000, 0, 1500));
        let bytes = rules(Limits {
            bytes: Some(3000),
            ..Limits::default()
        });
        assert!(bytes.fits(5000, 1500, 1500) && !bytes.fits(1, 1501, 1500));
        let time = rules(Limits {
            ns: Some(3_000_000),
            ..Limits::default()
        });
        assert!(time.fits(1, 1500, 1500) && !time.fits(1, 1501, 1500));
        assert!(time.fits(0, 0, 9000), "one packet may always wait");
    }
}
