//! Explicit Congestion Notification: reading it from IP headers, and setting it (RFC 3168).
use super::checksum::update;
use super::field::{put_u16, u16_at};
use super::headers::layers;
use crate::packet::Packet;

/// Both ECN bits, which are also Congestion Experienced (RFC 3168 §5).
const CE: u8 = 0b11;

/// Whether the packet's transport understands marks: ECT(0), ECT(1), or marked already (RFC 3168
/// §5).
#[inline]
#[must_use]
pub fn ecn_capable(packet: &Packet) -> bool {
    layers(packet).is_some_and(|layers| layers.ecn != 0)
}

/// Sets Congestion Experienced where the packet is [`ecn_capable`], and leaves others as they are.
pub fn mark_congestion(packet: &mut Packet) {
    let Some(layers) = layers(packet).filter(|layers| layers.ecn != 0) else {
        return;
    };
    let at = layers.network_offset;
    if layers.ip_version == 4 {
        mark_ipv4(&mut packet.bytes_mut()[at..]);
    } else {
        packet.bytes_mut()[at + 1] |= CE << 4;
    }
}

fn mark_ipv4(header: &mut [u8]) {
    let words = (u16_at(header, 0), u16_at(header, 10));
    if let (Some(old), Some(checksum)) = words {
        let new = old | u16::from(CE);
        put_u16(header, 0, new);
        put_u16(header, 10, update(checksum, old, new));
    }
}

#[cfg(test)]
mod tests {
    use super::super::checksum::checksum;
    use super::super::samples::{Sample, bare, ipv4, ipv6, samples};
    use super::*;
    use crate::packet::Pool;
    use proptest::prelude::*;

    #[test]
    fn only_ect_is_marked() {
        let marked = |ecn: u8| {
            let mut packet = ipv4(|bytes| bytes[1] = ecn);
            let capable = ecn_capable(&packet);
            mark_congestion(&mut packet);
            (capable, packet.bytes()[1])
        };
        let found = [0, 1, 2, 3, 0xb8].map(marked);
        assert_eq!(
            found,
            [(false, 0), (true, 3), (true, 3), (true, 3), (false, 0xb8)]
        );
    }

    #[test]
    fn a_mark_on_ipv6_leaves_class_and_label() {
        let mut packet = ipv6(17, &[0; 8]);
        packet.bytes_mut()[..4].copy_from_slice(&[0x6a, 0xbc ^ 0xa0, 0xcd, 0xef]);
        assert!(ecn_capable(&packet));
        mark_congestion(&mut packet);
        assert_eq!(packet.bytes()[..4], [0x6a, 0x3c, 0xcd, 0xef]);
    }

    proptest! {
        #[test]
        fn a_marked_ipv4_header_verifies(sample in samples()) {
            let sample = Sample { v6: false, ..sample };
            let mut packet = sample.packet(&mut Pool::default());
            mark_congestion(&mut packet);
            let header = &packet.bytes()[sample.network()..sample.l4()];
            prop_assert_eq!((header[1], checksum(header)), (3, 0));
        }

        #[test]
        fn any_bytes_are_marked_within_bounds(
            bytes in prop::collection::vec(any::<u8>(), 0..64), at in 0_usize..40,
        ) {
            let mut packet = bare(&bytes, at);
            mark_congestion(&mut packet);
            prop_assert!(packet.bytes() == bytes || ecn_capable(&packet));
        }
    }
}
