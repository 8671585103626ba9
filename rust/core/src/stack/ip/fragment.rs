//! Packets cut into fragments (RFC 791 §2.3, RFC 8200 §4.5).
use super::header::{FRAGMENT, IPV6_HEADER};
use crate::packet::{Packet, Pool};
use crate::wire::checksum::checksum;
use crate::wire::field::{put_u16, put_u32, u16_at};

/// Bytes of IPv6's fragment header.
const FRAGMENT_HEADER: usize = 8;
const MORE: u16 = 0x2000;
const OFFSET: u16 = 0x1fff;
/// IPv4's option without meaning, and the bit of those that every fragment repeats (RFC 791 §3.1).
const NOP: u8 = 1;
const COPIED: u8 = 0x80;

/// Cuts an IPv4 packet so that each piece fits; one that is a piece itself goes on where it stood.
/// Pieces that the pool has no memory for are missing.
pub(super) fn cut_v4(packet: &Packet, mtu: usize, pool: &mut Pool) -> Vec<Packet> {
    let whole = packet.bytes();
    let len = usize::from(whole.first().map_or(0, |first| first & 0xf)) * 4;
    let Some((header, payload)) = whole.split_at_checked(len) else {
        return Vec::new();
    };
    let place = u16_at(header, 6).unwrap_or(0);
    let size = mtu.saturating_sub(len) & !7;
    let pieces = payload.chunks(size.max(8)).enumerate();
    let count = payload.len().div_ceil(size.max(8));
    let cut = pieces.filter_map(|(number, piece)| {
        let mut fragment = pool.packet(len + piece.len())?;
        let bytes = fragment.bytes_mut();
        bytes[..len].copy_from_slice(header);
        bytes[len..].copy_from_slice(piece);
        if number > 0 {
            blank_options(&mut bytes[20..len]);
        }
        let units = (number * size / 8) as u16;
        let more = if number + 1 < count {
            MORE
        } else {
            place & MORE
        };
        put_u16(bytes, 2, (len + piece.len()) as u16);
        put_u16(bytes, 6, more | (place & OFFSET).wrapping_add(units));
        put_u16(bytes, 10, 0);
        let sum = checksum(&bytes[..len]);
        put_u16(bytes, 10, sum);
        Some(fragment)
    });
    cut.collect()
}

/// Takes the meaning of options that belong to the first fragment alone.
fn blank_options(mut options: &mut [u8]) {
    while let [kind, ..] = options {
        let (kind, len) = match (*kind, options.get(1)) {
            (0, _) => return,
            (NOP, _) => (NOP, 1),
            (kind, Some(&len)) => (kind, usize::from(len)),
            _ => return,
        };
        if len == 0 || len > options.len() {
            return;
        }
        let (option, rest) = options.split_at_mut(len);
        if kind & COPIED == 0 {
            option.fill(NOP);
        }
        options = rest;
    }
}

/// Cuts an IPv6 packet without extension headers so that each piece fits.
pub(super) fn cut_v6(packet: &Packet, mtu: usize, id: u32, pool: &mut Pool) -> Vec<Packet> {
    let Some((header, payload)) = packet.bytes().split_at_checked(IPV6_HEADER) else {
        return Vec::new();
    };
    let start = IPV6_HEADER + FRAGMENT_HEADER;
    let size = (mtu.saturating_sub(start) & !7).max(8);
    let pieces = payload.chunks(size).enumerate();
    let count = payload.len().div_ceil(size);
    let cut = pieces.filter_map(|(number, piece)| {
        let mut fragment = pool.packet(start + piece.len())?;
        let bytes = fragment.bytes_mut();
        bytes[..IPV6_HEADER].copy_from_slice(header);
        bytes[start..].copy_from_slice(piece);
        put_u16(bytes, 4, (FRAGMENT_HEADER + piece.len()) as u16);
        bytes[IPV6_HEADER..start].fill(0);
        bytes[IPV6_HEADER] = std::mem::replace(&mut bytes[6], FRAGMENT);
        let more = u16::from(number + 1 < count);
        put_u16(bytes, IPV6_HEADER + 2, (number * size) as u16 | more);
        put_u32(bytes, IPV6_HEADER + 4, id);
        Some(fragment)
    });
    cut.collect()
}
