//! Segments: what a TCP header and its options mean.

/// The flags of a segment (RFC 9293 §3.1, RFC 3168 §6.1).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Flags(pub u8);

/// A segment that came, as far as it makes sense.
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    /// Port of the sender.
    pub source_port: u16,
    /// Port of the receiver.
    pub destination_port: u16,
    /// Sequence number of the first byte (or of SYN).
    pub seq: u32,
    /// Acknowledgement number, where the ACK flag is set.
    pub ack: Option<u32>,
    /// The flags.
    pub flags: Flags,
    /// The window field as it stands.
    pub window: u16,
    /// Maximum segment size (SYN only).
    pub mss: Option<u16>,
    /// Window scale (SYN only, RFC 7323 §2).
    pub window_scale: Option<u8>,
    /// SACK-permitted (SYN only, RFC 2018 §2).
    pub sack_permitted: bool,
    /// Timestamp value and echo (RFC 7323 §3).
    pub timestamp: Option<(u32, u32)>,
    /// SACK blocks: left and right edges, as they stand; `sack_count` of them.
    pub sack: [(u32, u32); 4],
    /// How many SACK blocks there are.
    pub sack_count: u8,
    /// The bytes.
    pub payload: &'a [u8],
    /// The IP header's ECN bits.
    pub ecn: u8,
    /// Of how many packets on the wire this one consists (a super-packet of several).
    pub packets: u32,
}

impl<'a> Segment<'a> {
    /// Reads a segment from its TCP header; the checksum is the caller's business. Nothing where it
    /// is cut short or its length is impossible. Unknown options are skipped.
    #[must_use]
    pub fn parse(bytes: &'a [u8], ecn: u8, packets: u32) -> Option<Self> {
        let _ = (bytes, ecn, packets);
        None
    }
}

/// A segment that no connection stands behind: a reset, or a SYN cookie's SYN-ACK.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    header: Vec<u8>,
}

impl Reply {
    /// The answer to a segment that nobody expects (RFC 9293 §3.10.7.1); none to a reset.
    #[must_use]
    pub fn reset_for(segment: &Segment<'_>) -> Option<Self> {
        let _ = segment;
        None
    }

    /// How many bytes it has.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.header.len()
    }

    /// Writes the TCP header with the pseudo-header's sum (`wire::checksum::pseudo_header`) as its
    /// checksum, to be completed by whoever sends it (as a network card would).
    pub fn emit(&self, into: &mut [u8], pseudo_sum: u16) {
        let _ = (into, pseudo_sum);
    }
}
