//! Ethernet headers as far as a device has to know them: tags, and where the network header starts.
use usernet_core::packet::Packet;

/// Bytes of both addresses and the type.
pub(crate) const HEADER: usize = 14;
/// Bytes of one tag (IEEE 802.1Q §9.4).
pub(crate) const TAG: usize = 4;
/// Bytes of both addresses, behind which tags stand.
const ADDRESSES: usize = 12;
/// The types of tags: customer and service.
pub(crate) const CUSTOMER: u16 = 0x8100;
const SERVICE: u16 = 0x88a8;
/// How many tags are looked behind.
const MOST_TAGS: usize = 4;

/// Says where a frame's network header starts: behind its tags.
#[inline]
pub(crate) fn set_network_offset(packet: &mut Packet) {
    let mut offset = HEADER;
    for _ in 0..MOST_TAGS {
        match packet.bytes().get(offset - 2..offset) {
            Some(&[high, low]) if is_tag(u16::from_be_bytes([high, low])) => offset += TAG,
            _ => break,
        }
    }
    packet.set_network_offset(offset.min(packet.len()));
}

fn is_tag(kind: u16) -> bool {
    kind == CUSTOMER || kind == SERVICE
}

/// Puts a tag back that the kernel had taken out; what the network card was left to do moves with
/// the bytes. False where there is no room.
#[must_use]
pub(crate) fn insert_tag(packet: &mut Packet, kind: u16, control: u16) -> bool {
    if packet.len() < ADDRESSES || !packet.prepend(TAG) {
        return false;
    }
    let bytes = packet.bytes_mut();
    bytes.copy_within(TAG..TAG + ADDRESSES, 0);
    bytes[ADDRESSES..ADDRESSES + 2].copy_from_slice(&kind.to_be_bytes());
    bytes[ADDRESSES + 2..ADDRESSES + 4].copy_from_slice(&control.to_be_bytes());
    let mut offload = packet.offload();
    if offload.partial_checksum {
        offload.checksum_start += TAG as u16;
    }
    if packet.is_super() {
        offload.header_len += TAG as u16;
    }
    packet.set_offload(offload);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use usernet_core::packet::{Offload, Pool};

    fn frame(kinds: &[u16]) -> Packet {
        let mut bytes: Vec<u8> = (0..12).collect();
        for kind in kinds {
            bytes.extend(kind.to_be_bytes());
            bytes.extend([0, 7]);
        }
        bytes.extend([0x08, 0x00, 0x45, 0x00]);
        Pool::default().packet_from(&bytes).unwrap()
    }

    #[test]
    fn the_network_header_stands_behind_the_tags() {
        for (kinds, offset) in [
            (&[][..], 14),
            (&[CUSTOMER][..], 18),
            (&[SERVICE, CUSTOMER][..], 22),
        ] {
            let mut packet = frame(kinds);
            set_network_offset(&mut packet);
            assert_eq!(packet.network_offset(), offset);
        }
    }

    #[test]
    fn a_torn_frame_has_its_network_header_at_its_end() {
        for len in 0..18 {
            let mut packet = frame(&[SERVICE]);
            packet.resize(len);
            set_network_offset(&mut packet);
            assert!(packet.network_offset() <= len);
        }
    }

    #[test]
    fn a_tag_put_back_stands_behind_the_addresses() {
        let mut packet = frame(&[]);
        let partial = Offload {
            partial_checksum: true,
            checksum_start: 34,
            ..Offload::default()
        };
        packet.set_offload(partial);
        assert!(insert_tag(&mut packet, CUSTOMER, 7));
        assert_eq!(packet.bytes(), frame(&[CUSTOMER]).bytes());
        assert_eq!(packet.offload().checksum_start, 38);
    }
}
