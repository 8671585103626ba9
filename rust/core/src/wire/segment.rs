//! Super-packets, cut into the packets that would be on the wire: TCP and UDP over IPv4 and IPv6.
//! Each packet is left a partial checksum, which a network card or `finish` completes.
use super::checksum::{add, complete};
use super::field::{put_u16, put_u32, u16_at, u32_at};
use super::headers;
use super::plan::{Plan, checksum_offset};
use crate::packet::{Offload, Packet, Pool, Segmentation};

const FIN: u8 = 0x01;
const PSH: u8 = 0x08;
const CWR: u8 = 0x80;

/// Cuts a super-packet into packets of the pool, oldest payload first; any other packet comes out
/// as it is. Packets that the pool has no memory for are missing, and counted by the pool.
///
/// Sequence numbers and the identification of IPv4 go on from packet to packet; FIN and PSH stand
/// on the last alone, and CWR on the first alone where the packet says so (RFC 3168 §6.1.2). The
/// time of arrival and the network offset are those of the super-packet. UDP without a checksum
/// (RFC 768) stays without.
///
/// # Errors
/// The packet, where its kind is unknown or its fields disagree: nobody can cut it.
pub fn segments(
    packet: Packet,
    pool: &mut Pool,
    out: &mut impl FnMut(Packet),
) -> Result<(), Packet> {
    if !packet.is_super() {
        out(packet);
        return Ok(());
    }
    let Some(plan) = Plan::of(&packet) else {
        return Err(packet);
    };
    if plan.count() == 1 {
        out(single(packet));
        return Ok(());
    }
    for offset in (0..plan.payload).step_by(plan.size) {
        if let Some(segment) = plan.segment(&packet, offset, pool) {
            out(segment);
        }
    }
    pool.free(packet);
    Ok(())
}

/// How many packets and bytes on the wire a packet stands for, the headers of each packet among
/// them; one packet where nobody can cut it.
#[inline]
#[must_use]
pub fn weight(packet: &Packet) -> (u64, u64) {
    if packet.is_super() {
        super_weight(packet)
    } else {
        (1, packet.len() as u64)
    }
}

#[cold]
fn super_weight(packet: &Packet) -> (u64, u64) {
    let whole = (1, packet.len() as u64);
    Plan::of(packet).map_or(whole, |plan| {
        let count = plan.count();
        (count as u64, (plan.header * count + plan.payload) as u64)
    })
}

/// How many packets on the wire a packet stands for; one where nobody can cut it.
#[inline]
#[must_use]
pub fn count(packet: &Packet) -> u32 {
    weight(packet).0 as u32
}

/// How many bytes on the wire a packet stands for, the headers of each packet among them.
#[inline]
#[must_use]
pub fn wire_bytes(packet: &Packet) -> u64 {
    weight(packet).1
}

/// The IP length of the largest packet on the wire that a packet stands for, to hold against an
/// MTU: [`headers::ip_len`] of a packet that is no super-packet.
#[inline]
#[must_use]
pub fn largest_ip_len(packet: &Packet) -> usize {
    plan(packet).map_or_else(
        || headers::ip_len(packet),
        |plan| plan.header - plan.network + plan.size.min(plan.payload),
    )
}

#[inline]
fn plan(packet: &Packet) -> Option<Plan> {
    packet.is_super().then(|| Plan::of(packet)).flatten()
}

/// A super-packet of one segment is a packet already.
fn single(mut packet: Packet) -> Packet {
    let offload = packet.offload();
    packet.set_offload(Offload {
        segmentation: Segmentation::None,
        ecn: false,
        header_len: 0,
        segment_size: 0,
        ..offload
    });
    packet
}

impl Plan {
    #[inline]
    fn segment(&self, of: &Packet, offset: usize, pool: &mut Pool) -> Option<Packet> {
        let len = self.size.min(self.payload - offset);
        let mut segment = pool.packet(self.header + len)?;
        self.write(of, offset, segment.bytes_mut());
        segment.set_arrived(of.arrived());
        segment.set_class(of.class());
        segment.set_network_offset(of.network_offset());
        segment.set_offload(self.offload());
        Some(segment)
    }

    /// Writes the segment whose payload starts at `offset`, with a partial checksum, into a place of exactly its
    /// length.
    #[inline]
    fn write(&self, of: &Packet, offset: usize, into: &mut [u8]) {
        let (header, payload) = into.split_at_mut(self.header);
        let (len, from) = (payload.len(), self.header + offset);
        header.copy_from_slice(&of.bytes()[..self.header]);
        payload.copy_from_slice(&of.bytes()[from..from + len]);
        self.number_network(header, offset, len);
        self.number_transport(header, offset, len);
    }

    /// Writes a segment as [`Self::write`] does, and its checksum whole.
    #[inline]
    pub(crate) fn write_whole(&self, of: &Packet, offset: usize, into: &mut [u8]) {
        self.write(of, offset, into);
        if self.pseudo.is_some() {
            complete(&mut into[self.l4..], checksum_offset(self.tcp) as u16);
        }
    }

    #[inline]
    fn number_network(&self, header: &mut [u8], offset: usize, len: usize) {
        let ip_len = (self.header - self.network + len) as u16;
        let header = &mut header[self.network..];
        if self.v6 {
            put_u16(header, 4, ip_len - 40);
            return;
        }
        let number = (offset / self.size) as u16;
        let id = u16_at(header, 4).unwrap_or(0).wrapping_add(number);
        put_u16(header, 2, ip_len);
        put_u16(header, 4, id);
        put_u16(header, 10, !add(add(self.ipv4, ip_len), id));
    }

    #[inline]
    fn number_transport(&self, header: &mut [u8], offset: usize, len: usize) {
        let covered = (self.header - self.l4 + len) as u16;
        let header = &mut header[self.l4..];
        if self.tcp {
            let sequence = u32_at(header, 4).unwrap_or(0);
            put_u32(header, 4, sequence.wrapping_add(offset as u32));
            header[13] &= self.flags(offset == 0, offset + len == self.payload);
        } else {
            put_u16(header, 4, covered);
        }
        if let Some(pseudo) = self.pseudo {
            put_u16(header, checksum_offset(self.tcp), add(pseudo, covered));
        }
    }

    /// The TCP flags that a segment may have.
    #[inline]
    fn flags(&self, first: bool, last: bool) -> u8 {
        let ending = if last { 0 } else { FIN | PSH };
        let reduced = if first || !self.ecn { 0 } else { CWR };
        !(ending | reduced)
    }

    #[inline]
    fn offload(&self) -> Offload {
        if self.pseudo.is_none() {
            return Offload::default();
        }
        Offload {
            partial_checksum: true,
            checksum_start: self.l4 as u16,
            checksum_offset: checksum_offset(self.tcp) as u16,
            ..Offload::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::checksum::{checksum, finish};
    use super::super::samples::{Sample, samples, verifies};
    use super::*;
    use proptest::prelude::*;

    fn cut(packet: Packet, pool: &mut Pool) -> Option<Vec<Packet>> {
        let mut cut = Vec::new();
        segments(packet, pool, &mut |segment| cut.push(segment)).ok()?;
        Some(cut)
    }

    fn sample_cut(sample: &Sample) -> Vec<Packet> {
        let mut pool = Pool::default();
        let packet = sample.packet(&mut pool);
        cut(packet, &mut pool).unwrap()
    }

    /// A super-packet of two bytes and one, over IPv4 and Ethernet, written out by hand.
    #[test]
    fn two_known_segments() {
        let whole = [
            2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 8, 0, // Ethernet
            0x45, 0, 0, 43, 0xff, 0xff, 0x40, 0, 64, 6, 0x26, 0xcb, 10, 0, 0, 1, 10, 0, 0,
            2, // IP
            0, 80, 0x30, 0x39, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 1, 0x50, 0x19, 1, 0, 0x14, 0x20, 0,
            0, 0xaa, 0xbb, 0xcc,
        ];
        assert_eq!(checksum(&whole[14..34]), 0);
        let mut pool = Pool::default();
        let mut packet = pool.packet_from(&whole).unwrap();
        packet.set_network_offset(14);
        packet.set_offload(Offload {
            partial_checksum: true,
            segmentation: Segmentation::Tcp4,
            segment_size: 2,
            checksum_start: 34,
            checksum_offset: 16,
            ..Offload::default()
        });
        assert_eq!((count(&packet), wire_bytes(&packet)), (2, 111));
        assert_eq!(largest_ip_len(&packet), 42);
        let mut cut = cut(packet, &mut pool).unwrap();
        cut.iter_mut().for_each(finish);
        let first = [
            0x45, 0, 0, 42, 0xff, 0xff, 0x40, 0, 64, 6, 0x26, 0xcc, 10, 0, 0, 1, 10, 0, 0, 2, 0,
            80, 0x30, 0x39, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 1, 0x50, 0x10, 1, 0, 0xbf, 0x8b, 0, 0,
            0xaa, 0xbb,
        ];
        let last = [
            0x45, 0, 0, 41, 0, 0, 0x40, 0, 64, 6, 0x26, 0xcd, 10, 0, 0, 1, 10, 0, 0, 2, 0, 80,
            0x30, 0x39, 0, 0, 0, 0, 0, 0, 0, 1, 0x50, 0x19, 1, 0, 0x9e, 0x3d, 0, 0, 0xcc,
        ];
        assert_eq!(cut[0].bytes()[14..], first);
        assert_eq!(cut[1].bytes()[14..], last);
        assert_eq!(cut[1].bytes()[..14], whole[..14]);
        assert_eq!(cut.len(), 2);
    }

    fn flags(cut: &[Packet], sample: &Sample) -> Vec<u8> {
        let at = sample.l4() + 13;
        cut.iter().map(|segment| segment.bytes()[at]).collect()
    }

    #[test]
    fn fin_and_push_stand_on_the_last_alone() {
        let sample = Sample {
            flags: 0x39,
            ..Sample::plain(4000)
        };
        assert_eq!(flags(&sample_cut(&sample), &sample), [0x30, 0x30, 0x39]);
    }

    #[test]
    fn cwr_stands_on_the_first_alone_where_the_packet_says_so() {
        let sample = Sample {
            flags: 0xd0,
            ecn: true,
            ..Sample::plain(4000)
        };
        assert_eq!(flags(&sample_cut(&sample), &sample), [0xd0, 0x50, 0x50]);
        let sample = Sample {
            ecn: false,
            ..sample
        };
        assert_eq!(flags(&sample_cut(&sample), &sample), [0xd0, 0xd0, 0xd0]);
    }

    #[test]
    fn numbers_go_on_across_their_ends() {
        let sample = Sample::plain(4000);
        let cut = sample_cut(&sample);
        let numbers = cut.iter().map(|segment| {
            let bytes = segment.bytes();
            (u16_at(bytes, 18).unwrap(), u32_at(bytes, 38).unwrap())
        });
        let expected = [(0xfffe, 0xffff_ff00), (0xffff, 1192), (0, 2640)];
        assert_eq!(numbers.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn one_segment_is_the_packet_itself() {
        for payload in [0, 1, 1448] {
            let sample = Sample::plain(payload);
            let mut pool = Pool::default();
            let packet = sample.packet(&mut pool);
            let (id, bytes) = (packet.id(), packet.bytes().to_vec());
            let cut = cut(packet, &mut pool).unwrap();
            assert_eq!((cut.len(), cut[0].id(), cut[0].is_super()), (1, id, false));
            assert_eq!(cut[0].bytes(), bytes);
            assert!(cut[0].offload().partial_checksum);
        }
    }

    #[test]
    fn a_packet_that_is_no_super_packet_comes_out_as_it_is() {
        let mut pool = Pool::default();
        let packet = pool.packet_from(&[1, 2, 3]).unwrap();
        let id = packet.id();
        assert_eq!((count(&packet), wire_bytes(&packet)), (1, 3));
        assert_eq!(cut(packet, &mut pool).unwrap()[0].id(), id);
    }

    fn refused(offload: impl Fn(&mut Offload), bytes: impl Fn(&mut [u8])) -> bool {
        let mut pool = Pool::default();
        let mut packet = Sample::plain(4000).packet(&mut pool);
        let mut changed = packet.offload();
        offload(&mut changed);
        packet.set_offload(changed);
        bytes(packet.bytes_mut());
        let (id, whole) = (packet.id(), packet.len() as u64);
        let counted = (count(&packet), wire_bytes(&packet)) == (1, whole);
        let back = segments(packet, &mut pool, &mut |_| ()).err();
        back.is_some_and(|packet| packet.id() == id) && counted && pool.lent() == 1
    }

    #[test]
    fn what_nobody_can_cut_comes_back() {
        let same = |_: &mut [u8]| ();
        assert!(refused(
            |offload| offload.segmentation = Segmentation::Other(3),
            same
        ));
        assert!(refused(
            |offload| offload.segmentation = Segmentation::Tcp6,
            same
        ));
        assert!(refused(
            |offload| offload.segmentation = Segmentation::Udp,
            same
        ));
        assert!(refused(|offload| offload.segment_size = 0, same));
        assert!(refused(|offload| offload.checksum_start += 1, same));
        assert!(refused(|offload| offload.checksum_offset = 6, same));
        assert!(!refused(|offload| offload.header_len = 9999, same));
    }

    #[test]
    fn headers_that_disagree_come_back() {
        let same = |_: &mut Offload| ();
        assert!(refused(same, |bytes| bytes[12] = 0x86));
        assert!(refused(same, |bytes| bytes[17] ^= 1));
        assert!(refused(same, |bytes| bytes[20] = 0x20));
        assert!(refused(same, |bytes| bytes[23] = 17));
        assert!(refused(same, |bytes| bytes[46] = 0x40));
        assert!(!refused(same, |bytes| bytes[15] = 0xff));
    }

    #[test]
    fn a_header_beyond_the_end_comes_back() {
        let mut pool = Pool::default();
        let sample = Sample {
            tcp_options: 10,
            ..Sample::plain(0)
        };
        for len in 0..sample.header() {
            let mut packet = sample.packet(&mut pool);
            packet.resize(len);
            put_u16(packet.bytes_mut(), 16, (len.saturating_sub(14)) as u16);
            assert!(cut(packet, &mut pool).is_none(), "{len} bytes");
        }
    }

    #[test]
    fn udp_without_a_checksum_stays_without() {
        let mut pool = Pool::default();
        let sample = Sample {
            tcp: false,
            partial: false,
            ..Sample::plain(3000)
        };
        let mut packet = sample.packet(&mut pool);
        put_u16(packet.bytes_mut(), sample.l4() + 6, 0);
        let mut cut = cut(packet, &mut pool).unwrap();
        cut.iter_mut().for_each(finish);
        let sums = cut
            .iter()
            .map(|segment| u16_at(segment.bytes(), sample.l4() + 6));
        assert_eq!(sums.collect::<Vec<_>>(), [Some(0); 3]);
    }

    #[test]
    fn a_partial_sum_keeps_the_destination_that_a_routing_header_names() {
        let mut pool = Pool::default();
        let sample = Sample {
            v6: true,
            options: 1,
            ..Sample::plain(3000)
        };
        let routed = |pool: &mut Pool, partial| {
            let mut packet = Sample {
                partial,
                ..sample.clone()
            }
            .packet(pool);
            packet.bytes_mut()[20] = 43;
            packet
        };
        let mut packet = routed(&mut pool, true);
        let at = sample.l4() + 16;
        let stands = u16_at(packet.bytes(), at).unwrap();
        put_u16(packet.bytes_mut(), at, add(stands, 0x0100));
        let cut_plain = sample_cut(&sample);
        for (segment, plain) in cut(packet, &mut pool).unwrap().iter().zip(&cut_plain) {
            let plain = u16_at(plain.bytes(), at).unwrap();
            assert_eq!(u16_at(segment.bytes(), at), Some(add(plain, 0x0100)));
        }
        let packet = routed(&mut pool, false);
        assert!(cut(packet, &mut pool).is_none());
    }

    #[test]
    fn what_the_pool_has_no_memory_for_is_counted() {
        let sample = Sample::plain(10_000);
        let mut pool = Pool::default();
        let _three = [10_000, 1500, 1500].map(|len| pool.packet(len).unwrap());
        let mut pool = Pool::new(pool.bytes());
        let packet = sample.packet(&mut pool);
        let cut = cut(packet, &mut pool).unwrap();
        assert_eq!((cut.len(), pool.refused(), pool.lent()), (2, 5, 2));
    }

    #[test]
    fn a_segment_longer_than_ip_allows_comes_back() {
        let mut pool = Pool::default();
        let sample = Sample {
            link: false,
            segment_size: 65_530,
            ..Sample::plain(65_590)
        };
        let mut packet = sample.packet(&mut pool);
        put_u16(packet.bytes_mut(), 2, 0);
        assert!(cut(packet, &mut pool).is_none());
        let sample = Sample {
            segment_size: 60_000,
            ..sample
        };
        let mut packet = sample.packet(&mut pool);
        put_u16(packet.bytes_mut(), 2, 0);
        assert_eq!(cut(packet, &mut pool).map(|cut| cut.len()), Some(2));
    }

    proptest! {
        #[test]
        fn segments_make_up_the_payload_and_verify(sample in samples()) {
            let mut pool = Pool::default();
            let packet = sample.packet(&mut pool);
            let wire = (count(&packet) as usize, wire_bytes(&packet));
            let mut cut = cut(packet, &mut pool).unwrap();
            let bytes = cut.iter().map(|segment| segment.len() as u64).sum::<u64>();
            prop_assert_eq!((cut.len(), bytes), wire);
            cut.iter_mut().for_each(finish);
            let header = sample.header();
            let payload: Vec<u8> =
                cut.iter().flat_map(|segment| segment.bytes()[header..].to_vec()).collect();
            prop_assert_eq!(payload, sample.payload.clone());
            for segment in &cut {
                prop_assert!(verifies(segment, &sample));
                prop_assert_eq!(segment.arrived(), 77);
                prop_assert_eq!(segment.offload(), Offload::default());
                let ip_len = segment.len() - sample.network();
                prop_assert_eq!(headers::ip_len(segment), ip_len);
            }
            prop_assert_eq!(pool.lent(), cut.len());
        }

        #[test]
        fn every_segment_but_the_last_is_full(sample in samples()) {
            let cut = sample_cut(&sample);
            let size = sample.header() + usize::from(sample.segment_size);
            prop_assert!(cut[..cut.len() - 1].iter().all(|segment| segment.len() == size));
            prop_assert!(cut[cut.len() - 1].len() <= size);
        }
    }
}
