//! What impairments ask of a packet.
use super::{checksum, ecn, flow, headers};
use crate::apps::impairment::parcel::Parcel;
use crate::packet::{Packet, Pool};

/// Bytes of a TCP or UDP header that a flipped bit may hit, where the packet has them.
const TRANSPORT: usize = 20;

impl Parcel for Packet {
    type Pool = Pool;

    #[inline]
    fn wire_len(&self) -> u32 {
        self.len() as u32
    }

    fn network_len(&self) -> u32 {
        headers::ip_len(self) as u32
    }

    fn ecn_capable(&self) -> bool {
        ecn::ecn_capable(self)
    }

    fn mark_congestion(&mut self) {
        ecn::mark_congestion(self);
    }

    fn flow_hash(&self) -> u32 {
        flow::flow_hash(self)
    }

    /// The bit is one of the network or the transport header: the receiver then drops the packet
    /// for its checksum, as after netem's corruption, while the frame still reaches it.
    fn flip_bit(&mut self, choice: u64) {
        checksum::finish(self);
        let start = self.network_offset().min(self.len());
        let end = headers::layers(self).map_or(self.len(), |layers| layers.l4_offset + TRANSPORT);
        let headers = end.clamp(start, self.len()) - start;
        if headers > 0 {
            let bit = choice % (headers as u64 * 8);
            self.bytes_mut()[start + (bit / 8) as usize] ^= 1 << (bit % 8);
        }
    }

    fn duplicate(&self, pool: &mut Pool) -> Option<Self> {
        pool.copy(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_flipped_bit_is_one_bit_of_a_header(
            bytes in proptest::collection::vec(any::<u8>(), 0..120),
            choice in any::<u64>(),
        ) {
            let mut pool = Pool::default();
            let mut packet = pool.packet_from(&bytes).unwrap();
            packet.set_network_offset(14);
            packet.flip_bit(choice);
            let flipped: u32 =
                packet.bytes().iter().zip(&bytes).map(|(a, b)| (a ^ b).count_ones()).sum();
            prop_assert_eq!(flipped, u32::from(bytes.len() > 14));
            prop_assert_eq!(packet.bytes().get(..14), bytes.get(..14).or(packet.bytes().get(..14)));
        }
    }
}
