//! Segments: what a TCP header and its options mean, read from bytes and written to them.
mod options;

use crate::wire::field::{put_u16, put_u32};
use smoltcp::wire::TcpPacket;
use std::ops::BitOr;

/// Bytes of a header without options.
pub(crate) const HEADER: usize = 20;
/// The longest header (RFC 9293 §3.1: the data offset has four bits).
#[cfg(test)]
pub(crate) const LONGEST_HEADER: usize = 60;

/// The flags of a segment (RFC 9293 §3.1, RFC 3168 §6.1), and the bit beyond them that was NS
/// (RFC 3540).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Flags(pub u16);

impl Flags {
    /// The sender has finished.
    pub const FIN: Self = Self(0x001);
    /// Sequence numbers begin.
    pub const SYN: Self = Self(0x002);
    /// The connection is reset.
    pub const RST: Self = Self(0x004);
    /// The bytes should be handed to the program.
    pub const PSH: Self = Self(0x008);
    /// The acknowledgement number counts.
    pub const ACK: Self = Self(0x010);
    /// The urgent pointer counts; it is ignored here, and the bytes stay in line (RFC 6093).
    pub const URG: Self = Self(0x020);
    /// A congestion mark is echoed; on a SYN, ECN is spoken.
    pub const ECE: Self = Self(0x040);
    /// The congestion window was reduced.
    pub const CWR: Self = Self(0x080);
    /// Nonce sum, as it once was; ignored.
    pub const NS: Self = Self(0x100);

    /// Whether all of these are set.
    #[must_use]
    pub const fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

impl BitOr for Flags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A segment as far as it makes sense: one that came, or one to be sent.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
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
    /// is cut short or its length is impossible. Unknown options are skipped, and what stands behind
    /// one whose length is impossible is not read.
    #[must_use]
    pub fn parse(bytes: &'a [u8], ecn: u8, packets: u32) -> Option<Self> {
        let packet = TcpPacket::new_checked(bytes).ok()?;
        let flags = Flags(u16::from_be_bytes([bytes[12] & 1, bytes[13]]));
        let ack = packet.ack_number().0 as u32;
        let mut segment = Self {
            source_port: packet.src_port(),
            destination_port: packet.dst_port(),
            seq: packet.seq_number().0 as u32,
            ack: flags.has(Flags::ACK).then_some(ack),
            flags,
            window: packet.window_len(),
            payload: packet.payload(),
            ecn,
            packets,
            ..Self::default()
        };
        segment.read_options(packet.options());
        Some(segment)
    }

    /// The SACK blocks.
    pub(crate) fn sack_blocks(&self) -> &[(u32, u32)] {
        self.sack.get(..usize::from(self.sack_count)).unwrap_or(&[])
    }

    /// How much sequence space it takes: SYN and FIN count as one byte each (RFC 9293 §3.4).
    pub(crate) fn sequence_len(&self) -> u32 {
        self.payload.len() as u32
            + u32::from(self.flags.has(Flags::SYN))
            + u32::from(self.flags.has(Flags::FIN))
    }

    /// Bytes of the header with its options, as [`Self::emit`] writes it.
    pub(crate) fn header_len(&self) -> usize {
        HEADER + self.options_len()
    }

    /// Writes the header. `checksum` is what its field holds.
    pub(crate) fn emit(&self, into: &mut [u8], checksum: u16) {
        let len = self.header_len();
        put_u16(into, 0, self.source_port);
        put_u16(into, 2, self.destination_port);
        put_u32(into, 4, self.seq);
        put_u32(into, 8, self.ack.unwrap_or_default());
        put_u16(into, 12, (len as u16 / 4) << 12 | self.flags.0 & 0x1ff);
        put_u16(into, 14, self.window);
        put_u16(into, 16, checksum);
        put_u16(into, 18, 0);
        if let Some(options) = into.get_mut(HEADER..len) {
            self.write_options(options);
        }
    }
}

#[cfg(test)]
mod tests;
