//! A packet's flow, as one number.
use super::headers::layers;
use crate::packet::Packet;

/// A hash of the packet's flow: addresses, protocol and ports, without the ports where it is a
/// fragment; of the link header where it is not IP. The same in every run and on every machine;
/// the two directions of a flow have hashes of their own.
#[inline]
#[must_use]
pub fn flow_hash(packet: &Packet) -> u32 {
    let bytes = packet.bytes();
    let hash = match layers(packet) {
        Some(layers) => {
            let ports = u64::from(layers.ports(bytes).unwrap_or(0));
            let seed = ports << 8 | u64::from(layers.l4_protocol);
            absorb(seed, layers.addresses(bytes))
        }
        None => {
            let link = packet.network_offset().min(bytes.len()).min(16);
            absorb(1 << 63, &bytes[..link])
        }
    };
    (hash >> 32) as u32
}

#[inline]
fn absorb(seed: u64, bytes: &[u8]) -> u64 {
    let words = bytes.chunks_exact(8);
    let mut last = [0; 8];
    last[..words.remainder().len()].copy_from_slice(words.remainder());
    let whole = words.map(|word| u64::from_le_bytes(word.try_into().unwrap_or_default()));
    whole
        .chain([u64::from_le_bytes(last)])
        .fold(mix(seed), |hash, word| mix(hash ^ word))
}

/// One round of a multiply and xor-shift mix: each bit going in changes about half coming out.
#[inline]
const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (word ^ (word >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

#[cfg(test)]
mod tests {
    use super::super::field::put_u16;
    use super::super::samples::ipv4;
    use super::*;

    #[test]
    fn a_hash_is_of_addresses_protocol_and_ports() {
        let hash = |at: usize| flow_hash(&ipv4(|bytes| bytes[at] ^= 1));
        let plain = flow_hash(&ipv4(|_| ()));
        for same in [1, 4, 8, 10, 25, 27] {
            assert_eq!(hash(same), plain, "byte {same}");
        }
        for other in [9, 12, 15, 16, 19, 20, 21, 22, 23] {
            assert_ne!(hash(other), plain, "byte {other}");
        }
        assert_eq!(plain, 0x8696_4fdb);
    }

    #[test]
    fn the_fragments_of_a_packet_have_one_hash() {
        let piece = |word, port| {
            flow_hash(&ipv4(|bytes| {
                put_u16(bytes, 6, word);
                bytes[21] = port;
            }))
        };
        assert_eq!(piece(0x2000, 1), piece(0x0100, 2));
        assert_ne!(piece(0x4000, 1), piece(0x4000, 2));
    }

    #[test]
    fn flows_spread_over_all_buckets() {
        let mut buckets = [0_u32; 64];
        for port in 0..6400_u16 {
            let packet = ipv4(|bytes| put_u16(bytes, 20, port));
            buckets[flow_hash(&packet) as usize % 64] += 1;
        }
        let (least, most) = (buckets.iter().min().unwrap(), buckets.iter().max().unwrap());
        assert!(
            *least > 60 && *most < 145,
            "{least} to {most}, 100 expected"
        );
    }
}
