//! Segments of TCP that follow each other are one packet again, as a network card puts them together (GRO):
//! what they would be cut into is what they were.
use super::checksum::{add, checksum, pseudo_header, sum};
use super::field::{put_u16, u16_at, u32_at};
use super::headers::{self, TCP};
use crate::packet::{Offload, Packet, Pool, Segmentation};
use std::ops::Range;

const FIN: u8 = 0x01;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;
/// Where flags and checksum stand in a header of TCP (RFC 9293 §3.1).
const FLAGS: usize = 13;
const SUM: usize = 16;
/// What the length of IP can say.
const LARGEST: usize = 65_535;

/// A segment with data, that may stand with others of its kind.
#[derive(Clone, Copy)]
struct Segment {
    v6: bool,
    /// Bytes of the IP header, and of both headers.
    l4: usize,
    header: usize,
    payload: usize,
    sequence: u32,
    flags: u8,
}

/// Packets that follow each other.
struct Run {
    first: Segment,
    /// The places of its packets in the list.
    members: Range<usize>,
    payload: usize,
    /// What nothing can follow: something shorter than the others, or the end of something.
    closed: bool,
    last_flags: u8,
}

/// Takes the packets of IP that stand at these places of a packet, in order, and gives out each, or a
/// super-packet where several follow each other.
pub(crate) fn merged(
    packet: Packet,
    places: &[Range<usize>],
    pool: &mut Pool,
    out: &mut impl FnMut(Packet, &mut Pool),
) {
    let mut start = 0;
    while start < places.len() {
        let run = run(packet.bytes(), places, start);
        let end = run.as_ref().map_or(start + 1, |run| run.members.end);
        if start == 0 && end == places.len() {
            return out(in_place(packet, places, run.as_ref()), pool);
        }
        if let Some(copy) = copy(&packet, &places[start..end], run.as_ref(), pool) {
            out(copy, pool);
        }
        start = end;
    }
    pool.free(packet);
}

/// The packets that follow the one at this place, with it; nothing where it stands alone.
fn run(bytes: &[u8], places: &[Range<usize>], start: usize) -> Option<Run> {
    let first = Segment::read(&bytes[places[start].clone()])?;
    let mut run = Run {
        first,
        members: start..start + 1,
        payload: first.payload,
        closed: first.flags & (FIN | PSH) != 0,
        last_flags: first.flags,
    };
    let head = &bytes[places[start].clone()];
    for place in &places[start + 1..] {
        let next = &bytes[place.clone()];
        let Some(segment) = Segment::read(next).filter(|segment| run.takes(head, next, segment))
        else {
            break;
        };
        run.members.end += 1;
        run.payload += segment.payload;
        run.closed = segment.payload < first.payload || segment.flags & (FIN | PSH) != 0;
        run.last_flags = segment.flags;
    }
    (run.members.len() > 1).then_some(run)
}

impl Segment {
    /// Reads a packet; nothing where it is not TCP with data, or has anything that is about it alone.
    fn read(bytes: &[u8]) -> Option<Self> {
        let layers = headers::parse(bytes, 0)?;
        let (v6, l4) = (layers.ip_version == 6, layers.l4_offset);
        let plain = l4 == if v6 { 40 } else { 20 } && layers.fragment.is_none();
        if !plain || layers.l4_protocol != TCP || layers.ip_len != bytes.len() {
            return None;
        }
        let header = l4 + usize::from(bytes.get(l4 + 12)? >> 4) * 4;
        let payload = bytes.len().checked_sub(header)?;
        let flags = bytes[l4 + FLAGS];
        let ordinary = header >= l4 + 20 && payload > 0 && flags & !(FIN | PSH) == ACK;
        let segment = Self {
            v6,
            l4,
            header,
            payload,
            sequence: u32_at(bytes, l4 + 4)?,
            flags,
        };
        (ordinary && segment.verifies(bytes, layers.addresses(bytes))).then_some(segment)
    }

    fn verifies(&self, bytes: &[u8], addresses: &[u8]) -> bool {
        let pseudo = pseudo_header(addresses, TCP, (bytes.len() - self.l4) as u32);
        let ip = self.v6 || checksum(&bytes[..self.l4]) == 0;
        ip && add(sum(&bytes[self.l4..]), pseudo) == 0xffff
    }
}

impl Run {
    /// Whether a segment follows what is there, and says the same of itself.
    fn takes(&self, head: &[u8], next: &[u8], segment: &Segment) -> bool {
        let first = &self.first;
        let follows = segment.sequence == first.sequence.wrapping_add(self.payload as u32);
        let fits = segment.payload <= first.payload
            && first.header + self.payload + segment.payload <= LARGEST;
        let alike = (segment.v6, segment.header) == (first.v6, first.header);
        !self.closed && follows && fits && alike && self.agrees(head, next)
    }

    /// Whether the headers are the same, but for what is each packet's own.
    fn agrees(&self, head: &[u8], next: &[u8]) -> bool {
        let Segment { v6, l4, header, .. } = self.first;
        let network = if v6 {
            head[..4] == next[..4] && head[6..l4] == next[6..l4]
        } else {
            head[..2] == next[..2] && head[6..10] == next[6..10] && head[12..l4] == next[12..l4]
        };
        network
            && (v6 || self.numbered(head, next))
            && head[l4..l4 + 4] == next[l4..l4 + 4]
            && head[l4 + 8..l4 + FLAGS] == next[l4 + 8..l4 + FLAGS]
            && head[l4 + 14..l4 + SUM] == next[l4 + 14..l4 + SUM]
            && head[l4 + 18..header] == next[l4 + 18..header]
    }

    /// Whether the identification of IPv4 goes on, or means nothing (RFC 6864 §4.1).
    fn numbered(&self, head: &[u8], next: &[u8]) -> bool {
        let uncut = head[6] & 0x40 != 0;
        let expected = u16_at(head, 4).map(|id| id.wrapping_add(self.members.len() as u16));
        uncut || u16_at(next, 4) == expected
    }

    /// Makes the first header one of the whole, and says what is left to whoever cuts it.
    fn finish(&self, packet: &mut Packet) {
        let Segment { v6, l4, header, .. } = self.first;
        let bytes = packet.bytes_mut();
        let whole = header + self.payload;
        if v6 {
            put_u16(bytes, 4, (whole - 40) as u16);
        } else {
            put_u16(bytes, 2, whole as u16);
            put_u16(bytes, 10, 0);
            let sum = checksum(&bytes[..l4]);
            put_u16(bytes, 10, sum);
        }
        bytes[l4 + FLAGS] |= self.last_flags;
        let addresses = if v6 { 8..40 } else { 12..20 };
        let pseudo = pseudo_header(&bytes[addresses], TCP, (whole - l4) as u32);
        put_u16(bytes, l4 + SUM, pseudo);
        packet.set_offload(self.offload());
    }

    fn offload(&self) -> Offload {
        Offload {
            partial_checksum: true,
            segmentation: if self.first.v6 {
                Segmentation::Tcp6
            } else {
                Segmentation::Tcp4
            },
            ecn: false,
            header_len: self.first.header as u16,
            segment_size: self.first.payload as u16,
            checksum_start: self.first.l4 as u16,
            checksum_offset: SUM as u16,
        }
    }
}

/// The packet itself becomes the only one that comes out.
fn in_place(mut packet: Packet, places: &[Range<usize>], run: Option<&Run>) -> Packet {
    let start = places[0].start;
    let mut end = places[0].end;
    let header = run.map_or(0, |run| run.first.header);
    for place in &places[1..] {
        let payload = place.start + header..place.end;
        let len = payload.len();
        packet.bytes_mut().copy_within(payload, end);
        end += len;
    }
    packet.trim_front(start);
    packet.resize(end - start);
    packet.set_network_offset(0);
    packet.set_offload(Offload::default());
    if let Some(run) = run {
        run.finish(&mut packet);
    }
    packet
}

fn copy(
    packet: &Packet,
    places: &[Range<usize>],
    run: Option<&Run>,
    pool: &mut Pool,
) -> Option<Packet> {
    let (bytes, header) = (packet.bytes(), run.map_or(0, |run| run.first.header));
    let first = places[0].clone();
    let len = run.map_or(first.len(), |run| header + run.payload);
    let mut copy = pool.packet(len)?;
    let mut end = first.len();
    copy.bytes_mut()[..end].copy_from_slice(&bytes[first]);
    for place in &places[1..] {
        let payload = &bytes[place.start + header..place.end];
        copy.bytes_mut()[end..end + payload.len()].copy_from_slice(payload);
        end += payload.len();
    }
    copy.set_arrived(packet.arrived());
    if let Some(run) = run {
        run.finish(&mut copy);
    }
    Some(copy)
}

#[cfg(test)]
mod tests;
