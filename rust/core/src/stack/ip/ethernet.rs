//! Ethernet frames around IP packets (RFC 894, RFC 2464).
use super::address::Mac;
use super::counters::Dropped;
use crate::packet::{Offload, Packet};
use crate::wire::field::{put_u16, u16_at};

/// Bytes of an Ethernet header.
pub(super) const HEADER: usize = 14;
/// EtherTypes.
pub(super) const IPV4: u16 = 0x0800;
pub(super) const ARP: u16 = 0x0806;
pub(super) const IPV6: u16 = 0x86dd;

/// Puts a frame around a packet; false where there is no room before it.
#[must_use]
pub(super) fn wrap(packet: &mut Packet, from: Mac, to: Mac, kind: u16) -> bool {
    if !packet.prepend(HEADER) {
        return false;
    }
    let header = &mut packet.bytes_mut()[..HEADER];
    header[..6].copy_from_slice(&to.0);
    header[6..12].copy_from_slice(&from.0);
    put_u16(header, 12, kind);
    packet.set_network_offset(HEADER);
    let offload = packet.offload();
    let moved = |at: u16| at.saturating_add(HEADER as u16);
    if offload != Offload::default() {
        packet.set_offload(Offload {
            checksum_start: moved(offload.checksum_start),
            header_len: moved(offload.header_len),
            ..offload
        });
    }
    true
}

/// Takes the frame off a packet that is for `station`, or for several: its EtherType.
pub(super) fn unwrap(packet: &mut Packet, station: Mac) -> Result<u16, Dropped> {
    let header: &[u8; HEADER] = packet.bytes().first_chunk().ok_or(Dropped::Malformed)?;
    let [a, b, c, d, e, f, ..] = *header;
    let to = Mac([a, b, c, d, e, f]);
    let kind = u16_at(header, 12).ok_or(Dropped::Malformed)?;
    if to.is_unicast() && to != station || !matches!(kind, IPV4 | ARP | IPV6) {
        return Err(Dropped::NotIp);
    }
    packet.trim_front(HEADER);
    packet.set_network_offset(0);
    let offload = packet.offload();
    let moved = |at: u16| at.checked_sub(HEADER as u16);
    if offload.partial_checksum {
        packet.set_offload(Offload {
            checksum_start: moved(offload.checksum_start).ok_or(Dropped::Malformed)?,
            header_len: moved(offload.header_len).unwrap_or(0),
            ..offload
        });
    }
    Ok(kind)
}
