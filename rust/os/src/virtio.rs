//! `struct virtio_net_hdr` (VIRTIO 1.2 §5.1.6), which stands before each packet of a packet socket
//! and of a TUN or TAP device, in the machine's byte order.
use usernet_core::packet::{Offload, Packet, Segmentation};

/// Bytes of the header.
pub(crate) const LEN: usize = 10;

/// The header of one packet.
pub(crate) type Header = [u8; LEN];

/// Where the header says how long the packet's headers are, and where its checksum begins.
const HEADER_LEN: usize = 2;
const CHECKSUM_START: usize = 6;

const NEEDS_CHECKSUM: u8 = 1;
const NONE: u8 = 0;
const TCP4: u8 = 1;
const TCP6: u8 = 4;
const UDP: u8 = 5;
const ECN: u8 = 0x80;

/// Bytes of a UDP header (RFC 768).
const UDP_HEADER: usize = 8;
/// Where a TCP header says its own length (RFC 9293 §3.1), in its upper four bits.
const DATA_OFFSET: usize = 12;

/// What a header says.
pub(crate) fn read(header: &Header) -> Offload {
    let word = |at: usize| u16::from_ne_bytes([header[at], header[at + 1]]);
    Offload {
        partial_checksum: header[0] & NEEDS_CHECKSUM != 0,
        segmentation: segmentation(header[1] & !ECN),
        ecn: header[1] & ECN != 0,
        header_len: word(2),
        segment_size: word(4),
        checksum_start: word(6),
        checksum_offset: word(8),
    }
}

fn segmentation(kind: u8) -> Segmentation {
    match kind {
        NONE => Segmentation::None,
        TCP4 => Segmentation::Tcp4,
        TCP6 => Segmentation::Tcp6,
        UDP => Segmentation::Udp,
        other => Segmentation::Other(other),
    }
}

/// The header that says this.
pub(crate) fn write(offload: &Offload) -> Header {
    let kind = match offload.segmentation {
        Segmentation::None => NONE,
        Segmentation::Tcp4 => TCP4,
        Segmentation::Tcp6 => TCP6,
        Segmentation::Udp => UDP,
        Segmentation::Other(other) => other,
    };
    let ecn = if offload.ecn { ECN } else { 0 };
    let mut header = [0; LEN];
    header[0] = u8::from(offload.partial_checksum);
    header[1] = kind | ecn;
    header[2..4].copy_from_slice(&offload.header_len.to_ne_bytes());
    header[4..6].copy_from_slice(&offload.segment_size.to_ne_bytes());
    header[6..8].copy_from_slice(&offload.checksum_start.to_ne_bytes());
    header[8..10].copy_from_slice(&offload.checksum_offset.to_ne_bytes());
    header
}

/// Moves what a header says of places in the packet, where so many bytes come to stand before it.
pub(crate) fn shift(header: &mut Header, bytes: i16) {
    for at in [HEADER_LEN, CHECKSUM_START] {
        let word = u16::from_ne_bytes([header[at], header[at + 1]]);
        let moved = word.saturating_add_signed(bytes);
        header[at..at + 2].copy_from_slice(&moved.to_ne_bytes());
    }
}

/// Says what a packet's header said, if that is anything.
#[inline]
pub(crate) fn describe(packet: &mut Packet, header: &Header) {
    if header[..2] == [0, NONE] {
        return;
    }
    let mut offload = read(header);
    if let Some(len) = header_len(&offload, packet.bytes()) {
        offload.header_len = len;
    }
    packet.set_offload(offload);
}

/// Bytes of headers in front of a super-packet's payload. The kernel hints at what it happened to
/// hold in one piece, which may be all of it, and would hold all of it in one piece again.
fn header_len(offload: &Offload, bytes: &[u8]) -> Option<u16> {
    let start = usize::from(offload.checksum_start);
    let len = match offload.segmentation {
        Segmentation::Tcp4 | Segmentation::Tcp6 => {
            start + usize::from(bytes.get(start + DATA_OFFSET)? >> 4) * 4
        }
        Segmentation::Udp => start + UDP_HEADER,
        Segmentation::None | Segmentation::Other(_) => return None,
    };
    (offload.partial_checksum && len <= bytes.len()).then_some(len as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use usernet_core::packet::Pool;

    proptest! {
        #[test]
        fn what_is_read_is_written_again(mut header: Header) {
            header[0] &= NEEDS_CHECKSUM;
            prop_assert_eq!(write(&read(&header)), header);
        }

        #[test]
        fn no_header_and_no_bytes_are_too_strange(header: Header, len in 0_usize..200) {
            let mut packet = Pool::default().packet(len).unwrap();
            describe(&mut packet, &header);
            prop_assert_eq!(packet.len(), len);
        }
    }

    #[test]
    fn the_headers_of_a_super_packet_are_counted() {
        let mut packet = Pool::default().packet(3000).unwrap();
        packet.bytes_mut()[34 + DATA_OFFSET] = 0x80;
        let offload = Offload {
            partial_checksum: true,
            segmentation: Segmentation::Tcp4,
            header_len: 3000,
            segment_size: 1448,
            checksum_start: 34,
            checksum_offset: 16,
            ecn: true,
        };
        describe(&mut packet, &write(&offload));
        let header_len = 34 + 32;
        assert_eq!(
            packet.offload(),
            Offload {
                header_len,
                ..offload
            }
        );
    }
}
