//! The Internet checksum: RFC 1071, its incremental update (RFC 1624), and what a network card was
//! left to finish.
use super::field::{put_u16, u16_at};
use crate::packet::{Offload, Packet};

/// Where UDP keeps its checksum, from the start of its header (RFC 768).
const UDP_CHECKSUM: u16 = 6;

/// The ones' complement sum of the bytes as 16-bit words, an odd last byte padded with zero.
#[inline]
#[must_use]
pub fn sum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks_exact(8);
    let rest = words.remainder();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let whole: u64 = words.map(halves).sum();
    // The sum does not depend on the byte order it is taken in (RFC 1071 §2 B).
    u16::from_be(fold(whole + halves(&last)))
}

#[inline]
fn halves(word: &[u8]) -> u64 {
    let word = u64::from_ne_bytes(word.try_into().unwrap_or_default());
    (word >> 32) + (word & 0xffff_ffff)
}

#[inline]
fn fold(sum: u64) -> u16 {
    let sum = (sum >> 32) + (sum & 0xffff_ffff);
    let sum = (sum >> 32) + (sum & 0xffff_ffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    sum as u16
}

/// The ones' complement sum of two words.
#[inline]
#[must_use]
pub const fn add(one: u16, other: u16) -> u16 {
    let (sum, carry) = one.overflowing_add(other);
    sum + carry as u16
}

/// The ones' complement difference of two words.
#[inline]
#[must_use]
pub const fn subtract(from: u16, word: u16) -> u16 {
    add(from, !word)
}

/// The checksum of the bytes: the complement of their [`sum`]. Zero over bytes that hold their own
/// checksum, where that is right.
#[inline]
#[must_use]
pub fn checksum(bytes: &[u8]) -> u16 {
    !sum(bytes)
}

/// A checksum after one of the words under it has changed: RFC 1624, equation 3.
#[inline]
#[must_use]
pub const fn update(checksum: u16, old: u16, new: u16) -> u16 {
    !add(add(!checksum, !old), new)
}

/// The sum of a pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1): of `addresses`, the source's and
/// then the destination's bytes of IPv4 or IPv6, the protocol and the length of what it covers.
#[inline]
#[must_use]
pub fn pseudo_header(addresses: &[u8], protocol: u8, length: u32) -> u16 {
    let length = add((length >> 16) as u16, length as u16);
    add(add(sum(addresses), u16::from(protocol)), length)
}

/// Finishes a checksum left to the network card, and takes the order off the packet. Where the
/// order points outside the packet its bytes stay as they are.
pub fn finish(packet: &mut Packet) {
    let offload = packet.offload();
    if !offload.partial_checksum {
        return;
    }
    packet.set_offload(Offload {
        partial_checksum: false,
        checksum_start: 0,
        checksum_offset: 0,
        ..offload
    });
    let bytes = packet.bytes_mut();
    if let Some(covered) = bytes.get_mut(usize::from(offload.checksum_start)..) {
        complete(covered, offload.checksum_offset);
    }
}

/// Completes the checksum at `offset` over these bytes, in whose place a partial one stands.
#[inline]
pub(crate) fn complete(covered: &mut [u8], offset: u16) {
    let at = usize::from(offset);
    if u16_at(covered, at).is_none() {
        return;
    }
    // Zero says that UDP has no checksum (RFC 768); its other form is sent instead.
    let checksum = match checksum(covered) {
        0 if offset == UDP_CHECKSUM => 0xffff,
        checksum => checksum,
    };
    put_u16(covered, at, checksum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Pool;
    use proptest::prelude::*;

    /// RFC 1071 §1, word by word.
    fn naive(bytes: &[u8]) -> u16 {
        let words = bytes.chunks(2).map(|pair| {
            u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or_default())
        });
        let mut sum = 0;
        for word in words {
            sum += word;
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum as u16
    }

    #[test]
    fn the_example_of_rfc_1071() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(sum(&bytes), 0xddf2);
        assert_eq!(checksum(&bytes), 0x220d);
    }

    #[test]
    fn a_known_ipv4_header_verifies() {
        let header = [
            0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8,
            0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7,
        ];
        assert_eq!(checksum(&header), 0);
    }

    #[test]
    fn the_example_of_rfc_1624() {
        assert_eq!(update(0xdd2f, 0x5555, 0x3285), 0x0000);
    }

    fn partial(bytes: &[u8], start: u16, offset: u16) -> Packet {
        let mut packet = Pool::default().packet_from(bytes).unwrap();
        packet.set_offload(Offload {
            partial_checksum: true,
            checksum_start: start,
            checksum_offset: offset,
            ..Offload::default()
        });
        packet
    }

    #[test]
    fn finish_covers_what_stands_from_the_start_on() {
        let mut packet = partial(&[9, 9, 0x12, 0x34, 0, 0, 0x01], 2, 2);
        finish(&mut packet);
        assert_eq!(packet.bytes(), [9, 9, 0x12, 0x34, 0xec, 0xcb, 0x01]);
        assert_eq!(packet.offload(), Offload::default());
    }

    #[test]
    fn a_udp_checksum_of_zero_is_sent_as_all_ones() {
        let covered = [0xff, 0xff, 0, 0, 0, 0, 0, 0];
        let mut udp = partial(&covered, 0, UDP_CHECKSUM);
        finish(&mut udp);
        assert_eq!(udp.bytes()[6..], [0xff, 0xff]);
        let mut other = partial(&covered, 0, 2);
        finish(&mut other);
        assert_eq!(other.bytes()[2..4], [0, 0]);
    }

    proptest! {
        #[test]
        fn the_sum_is_the_naive_sum(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(sum(&bytes), naive(&bytes));
        }

        #[test]
        fn the_sum_of_a_pseudo_header_is_that_of_its_bytes(
            addresses in prop_oneof![Just(8), Just(32)]
                .prop_flat_map(|len| prop::collection::vec(any::<u8>(), len)),
            protocol: u8,
            length: u32,
        ) {
            let mut bytes = addresses.clone();
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(&[0, 0, 0, protocol]);
            prop_assert_eq!(pseudo_header(&addresses, protocol, length), naive(&bytes));
        }

        #[test]
        fn an_update_is_the_checksum_computed_anew(
            mut bytes in prop::collection::vec(any::<u8>(), 20), place in 0_usize..10, new: u16,
        ) {
            bytes[0] |= 1; // as in any header: all zero has two sums, and only one is computed
            let (old, before) = (u16_at(&bytes, place * 2).unwrap(), checksum(&bytes));
            put_u16(&mut bytes, place * 2, new);
            prop_assume!(bytes.iter().any(|&byte| byte != 0));
            prop_assert_eq!(update(before, old, new), checksum(&bytes));
        }

        #[test]
        fn finish_stays_within_a_packet_of_any_size(
            bytes in prop::collection::vec(any::<u8>(), 0..40), start: u16, offset: u16,
        ) {
            let mut packet = partial(&bytes, start % 64, offset % 64);
            finish(&mut packet);
            prop_assert!(!packet.offload().partial_checksum);
            let (start, offset) = (usize::from(start % 64), usize::from(offset % 64));
            if start + offset + 2 > bytes.len() {
                prop_assert_eq!(packet.bytes(), &bytes[..]);
            } else {
                prop_assert_eq!(&packet.bytes()[..start], &bytes[..start]);
            }
        }

        #[test]
        fn what_is_finished_verifies(
            bytes in prop::collection::vec(any::<u8>(), 8..99), word in 0_u16..4,
        ) {
            let offset = word * 2;
            let pseudo = u16_at(&bytes, usize::from(offset)).unwrap();
            prop_assume!(bytes.iter().any(|&byte| byte != 0));
            let mut packet = partial(&bytes, 0, offset);
            finish(&mut packet);
            prop_assert_eq!(add(sum(packet.bytes()), pseudo), 0xffff);
        }
    }
}
