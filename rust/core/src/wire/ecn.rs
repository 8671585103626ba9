//! Explicit Congestion Notification: reading it from IP headers, and setting it (RFC 3168).
use super::checksum::update;
use super::field::{put_u16, u16_at};
use super::headers::{layers, parse};
use crate::packet::Packet;

/// Both ECN bits, which are also Congestion Experienced (RFC 3168 §5).
const CE: u8 = 0b11;
const ECT_0: u8 = 0b10;
const ECT_1: u8 = 0b01;

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

/// Takes the mark of the outer header of a tunnel into an IP packet that was inside (RFC 6040 §4.2). False
/// where the packet has to go: its transport would not understand the mark.
#[must_use]
pub fn decapsulate(inner: &mut [u8], outer: u8) -> bool {
    let (Some(layers), true) = (parse(inner, 0), outer & CE != 0) else {
        return true;
    };
    match (layers.ecn, outer & CE) {
        (0, CE) => return false,
        (ECT_0, ECT_1) => set(inner, layers.ip_version, ECT_1),
        (ECT_0 | ECT_1, CE) => set(inner, layers.ip_version, CE),
        _ => {}
    }
    true
}

/// Gives a packet these bits, in place of others.
fn set(packet: &mut [u8], version: u8, ecn: u8) {
    if version == 4 {
        set_ipv4(packet, ecn);
    } else {
        packet[1] = packet[1] & !(CE << 4) | ecn << 4;
    }
}

fn mark_ipv4(header: &mut [u8]) {
    set_ipv4(header, CE);
}

fn set_ipv4(header: &mut [u8], ecn: u8) {
    let words = (u16_at(header, 0), u16_at(header, 10));
    if let (Some(old), Some(checksum)) = words {
        let new = old & !u16::from(CE) | u16::from(ecn);
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

    #[test]
    fn what_comes_out_of_a_tunnel_is_the_rfcs_table() {
        // RFC 6040 §4.2, figure 4: rows are the inner bits, columns the outer ones; both from 0 to 3.
        let table = [
            [Some(0), Some(0), Some(0), None],
            [Some(1), Some(1), Some(1), Some(3)],
            [Some(2), Some(1), Some(2), Some(3)],
            [Some(3), Some(3), Some(3), Some(3)],
        ];
        for (inner, row) in (0..).zip(table) {
            for (outer, expected) in (0..).zip(row) {
                let mut v4 = ipv4(|bytes| bytes[1] = 0xb8 | inner).bytes().to_vec();
                let sum = checksum(&v4[..20]);
                let kept = decapsulate(&mut v4, outer);
                assert_eq!(kept.then_some(v4[1] & 3), expected, "{inner} in {outer}");
                assert_eq!((v4[1] >> 2, checksum(&v4[..20])), (0xb8 >> 2, sum));
                let mut v6 = ipv6(17, &[0; 8]).bytes().to_vec();
                v6[1] = inner << 4 | 0xf;
                let kept = decapsulate(&mut v6, outer);
                assert_eq!(kept.then_some(v6[1] >> 4 & 3), expected);
                assert_eq!(v6[1] & 0xf, 0xf);
            }
        }
        assert!(decapsulate(&mut [], 3));
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
