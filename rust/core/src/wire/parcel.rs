//! A packet, as far as an impairment looks into it.
use super::checksum::finish;
use super::headers::{self, Layers, TCP};
use super::{ecn, flow, segment};
use crate::apps::impairment::parcel::Parcel;
use crate::packet::{Packet, Pool};
use std::ops::Range;

/// Bytes of a transport's header that is not TCP: UDP's, and what ICMP always has.
const LEAST_HEADER: usize = 8;

impl Parcel for Packet {
    type Pool = Pool;

    /// A super-packet has the bytes of all the packets it stands for.
    #[inline]
    fn wire_len(&self) -> u32 {
        u32::try_from(segment::wire_bytes(self)).unwrap_or(u32::MAX)
    }

    #[inline]
    fn network_len(&self) -> u32 {
        headers::ip_len(self) as u32
    }

    #[inline]
    fn ecn_capable(&self) -> bool {
        ecn::ecn_capable(self)
    }

    #[inline]
    fn mark_congestion(&mut self) {
        ecn::mark_congestion(self);
    }

    #[inline]
    fn class(&self) -> u16 {
        Self::class(self)
    }

    #[inline]
    fn flow_hash(&self) -> u32 {
        flow::flow_hash(self)
    }

    /// The bits are those from the network header to the end of the transport's, so that the frame
    /// still reaches its receiver; of a packet that is not IP, all behind the link header. What no
    /// checksum covers, as IPv6's hop limit and flow label, changes unnoticed, as on any line.
    fn flip_bit(&mut self, choice: u64) {
        finish(self);
        let range = headers_of(self);
        let bits = range.len() as u64 * 8;
        let Some(chosen) = choice.checked_rem(bits) else {
            return;
        };
        let at = range.start + (chosen / 8) as usize;
        self.bytes_mut()[at] ^= 0x80 >> (chosen % 8);
    }

    #[inline]
    fn duplicate(&self, pool: &mut Pool) -> Option<Self> {
        pool.copy(self)
    }
}

/// Where the headers are, without the link's.
fn headers_of(packet: &Packet) -> Range<usize> {
    match headers::layers(packet) {
        Some(layers) => layers.network_offset..end(packet.bytes(), &layers),
        None => packet.network_offset().min(packet.len())..packet.len(),
    }
}

/// Where the transport's header ends: a later fragment has none.
fn end(bytes: &[u8], layers: &Layers) -> usize {
    let at = layers.l4_offset;
    let len = match layers.fragment {
        Some(piece) if piece.offset != 0 => 0,
        _ if layers.l4_protocol == TCP => {
            let words = bytes.get(at + 12).map_or(0, |byte| byte >> 4);
            (usize::from(words) * 4).max(20)
        }
        _ => LEAST_HEADER,
    };
    (at + len).min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::super::field::put_u16;
    use super::super::samples::{Sample, bare, ipv4, samples, verifies};
    use super::*;
    use crate::packet::{Offload, Segmentation};
    use proptest::prelude::*;

    /// The bytes that change over all choices.
    fn touched(packet: &Packet) -> Vec<usize> {
        let mut pool = Pool::default();
        let mut touched = Vec::new();
        for choice in 0..packet.len() as u64 * 8 {
            let mut flipped = packet.duplicate(&mut pool).unwrap();
            flipped.flip_bit(choice);
            let both = flipped.bytes().iter().zip(packet.bytes());
            let changed: Vec<_> = both
                .map(|(one, other)| (one ^ other).count_ones())
                .collect();
            assert_eq!(changed.iter().sum::<u32>(), 1);
            touched.extend(changed.iter().position(|&bits| bits == 1));
            pool.free(flipped);
        }
        touched.sort_unstable();
        touched.dedup();
        touched
    }

    #[test]
    fn the_bits_of_the_headers_are_flipped_and_no_others() {
        assert_eq!(touched(&ipv4(|_| ())), (0..28).collect::<Vec<_>>());
        let later = ipv4(|bytes| put_u16(bytes, 6, 5));
        assert_eq!(touched(&later), (0..20).collect::<Vec<_>>());
        assert_eq!(touched(&bare(&[0; 40], 14)), (14..40).collect::<Vec<_>>());
    }

    #[test]
    fn bits_are_counted_from_the_first_of_the_network_header() {
        let mut packet = ipv4(|_| ());
        packet.flip_bit(0);
        packet.flip_bit(28 * 8 + 15);
        assert_eq!(packet.bytes()[..3], [0xc5, 0x03, 0x00]);
        let mut empty = bare(&[], 14);
        empty.flip_bit(9);
        assert_eq!(empty.len(), 0);
    }

    #[test]
    fn a_super_packet_is_as_long_as_what_it_stands_for() {
        let packet = Sample::plain(4000).packet(&mut Pool::default());
        assert_eq!(packet.wire_len(), 4000 + 3 * 66);
        assert_eq!(ipv4(|_| ()).wire_len(), 28);
    }

    proptest! {
        #[test]
        fn a_flipped_bit_is_noticed_over_ipv4(sample in samples(), choice: u64) {
            let sample = Sample { v6: false, ..sample };
            let mut packet = sample.packet(&mut Pool::default());
            let offload = packet.offload();
            packet.set_offload(Offload { segmentation: Segmentation::None, ..offload });
            packet.flip_bit(choice);
            prop_assert!(!packet.offload().partial_checksum);
            prop_assert!(!verifies(&packet, &sample));
        }

        #[test]
        fn any_bytes_are_flipped_within_bounds(
            bytes in prop::collection::vec(any::<u8>(), 1..64), at in 0_usize..80, choice: u64,
        ) {
            let mut packet = bare(&bytes, at);
            packet.flip_bit(choice);
            let both = packet.bytes().iter().zip(&bytes);
            let bits: u32 = both.map(|(one, other)| (one ^ other).count_ones()).sum();
            prop_assert_eq!(bits, u32::from(at < bytes.len()));
        }
    }
}
