//! Packets to test with, put together from what they shall have.
use super::checksum::{checksum, pseudo_header};
use super::field::{put_u16, u16_at};
use super::headers::{TCP, UDP};
use crate::packet::{Offload, Packet, Pool, Segmentation};
use proptest::prelude::*;

/// What a super-packet is made of.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) link: bool,
    pub(crate) tags: usize,
    pub(crate) v6: bool,
    /// Words of IPv4 options, or IPv6 extension headers of 8 bytes.
    pub(crate) options: usize,
    pub(crate) tcp: bool,
    pub(crate) tcp_options: usize,
    pub(crate) flags: u8,
    pub(crate) id: u16,
    pub(crate) sequence: u32,
    pub(crate) payload: Vec<u8>,
    pub(crate) segment_size: u16,
    pub(crate) partial: bool,
    pub(crate) ecn: bool,
}

impl Sample {
    /// A TCP super-packet over Ethernet and IPv4 with timestamps, as Linux sends them.
    pub(crate) fn plain(payload: usize) -> Self {
        Self {
            link: true,
            tags: 0,
            v6: false,
            options: 0,
            tcp: true,
            tcp_options: 3,
            flags: 0x18,
            id: 0xfffe,
            sequence: 0xffff_ff00,
            payload: (0..payload).map(|place| (place % 251) as u8).collect(),
            segment_size: 1448,
            partial: true,
            ecn: false,
        }
    }

    pub(crate) fn network(&self) -> usize {
        if self.link { 14 + 4 * self.tags } else { 0 }
    }

    pub(crate) fn l4(&self) -> usize {
        let (fixed, option) = if self.v6 { (40, 8) } else { (20, 4) };
        self.network() + fixed + option * self.options
    }

    pub(crate) fn header(&self) -> usize {
        let transport = if self.tcp {
            20 + 4 * self.tcp_options
        } else {
            8
        };
        self.l4() + transport
    }

    fn addresses(&self) -> Vec<u8> {
        (1..=if self.v6 { 32 } else { 8 }).collect()
    }

    fn protocol(&self) -> u8 {
        if self.tcp { TCP } else { UDP }
    }

    /// Where the checksum stands in the transport's header.
    pub(crate) fn checksum_offset(&self) -> usize {
        if self.tcp { 16 } else { 6 }
    }

    fn link_header(&self) -> Vec<u8> {
        let mut bytes = vec![2; 12];
        for tag in 0..self.tags {
            bytes.extend_from_slice(&[0x81, 0x00, 0x00, tag as u8 + 7]);
        }
        let kind = if self.v6 { [0x86, 0xdd] } else { [0x08, 0x00] };
        bytes.extend_from_slice(&kind);
        if self.link { bytes } else { Vec::new() }
    }

    fn ipv4(&self, payload: usize) -> Vec<u8> {
        let mut header = vec![0x45 + self.options as u8, 0x02];
        let len = (20 + 4 * self.options + payload) as u16;
        header.extend_from_slice(&len.to_be_bytes());
        header.extend_from_slice(&self.id.to_be_bytes());
        header.extend_from_slice(&[0x40, 0, 64, self.protocol(), 0, 0]);
        header.extend(self.addresses());
        header.extend(std::iter::repeat_n(1, 4 * self.options));
        let sum = checksum(&header);
        put_u16(&mut header, 10, sum);
        header
    }

    fn ipv6(&self, payload: usize) -> Vec<u8> {
        let next = |left: usize| if left == 0 { self.protocol() } else { 60 };
        let mut header = vec![0x60, 0x20, 0, 0];
        let len = (8 * self.options + payload) as u16;
        header.extend_from_slice(&len.to_be_bytes());
        header.extend_from_slice(&[next(self.options), 64]);
        header.extend(self.addresses());
        for left in (0..self.options).rev() {
            header.extend_from_slice(&[next(left), 0, 1, 4, 0, 0, 0, 0]);
        }
        header
    }

    fn transport(&self) -> Vec<u8> {
        let mut header = vec![0x30, 0x39, 0x01, 0xbb];
        if self.tcp {
            header.extend_from_slice(&self.sequence.to_be_bytes());
            let offset = (5 + self.tcp_options as u8) << 4;
            header.extend_from_slice(&[1, 2, 3, 4, offset, self.flags, 9, 9, 0, 0, 0, 0]);
            header.extend(std::iter::repeat_n(1, 4 * self.tcp_options));
        } else {
            let len = (8 + self.payload.len()) as u16;
            header.extend_from_slice(&len.to_be_bytes());
            header.extend_from_slice(&[0, 0]);
        }
        header.extend_from_slice(&self.payload);
        self.sum(&mut header);
        header
    }

    fn sum(&self, transport: &mut [u8]) {
        let len = transport.len() as u32;
        let pseudo = pseudo_header(&self.addresses(), self.protocol(), len);
        put_u16(transport, self.checksum_offset(), pseudo);
        if !self.partial {
            let sum = checksum(transport);
            put_u16(transport, self.checksum_offset(), sum);
        }
    }

    fn offload(&self) -> Offload {
        Offload {
            partial_checksum: self.partial,
            segmentation: match (self.tcp, self.v6) {
                (false, _) => Segmentation::Udp,
                (true, false) => Segmentation::Tcp4,
                (true, true) => Segmentation::Tcp6,
            },
            ecn: self.ecn,
            header_len: self.header() as u16,
            segment_size: self.segment_size,
            checksum_start: if self.partial { self.l4() as u16 } else { 0 },
            checksum_offset: if self.partial {
                self.checksum_offset() as u16
            } else {
                0
            },
        }
    }

    pub(crate) fn packet(&self, pool: &mut Pool) -> Packet {
        let transport = self.transport();
        let mut bytes = self.link_header();
        bytes.extend(if self.v6 {
            self.ipv6(transport.len())
        } else {
            self.ipv4(transport.len())
        });
        bytes.extend(transport);
        let mut packet = pool.packet_from(&bytes).unwrap();
        packet.set_network_offset(if self.link { 14 } else { 0 });
        packet.set_arrived(77);
        packet.set_offload(self.offload());
        packet
    }
}

/// Whether the transport's checksum of a finished packet is right, and where that is IPv4, the
/// header's too.
pub(crate) fn verifies(packet: &Packet, sample: &Sample) -> bool {
    let bytes = packet.bytes();
    let covered = &bytes[sample.l4()..];
    let len = covered.len() as u32;
    let pseudo = pseudo_header(&sample.addresses(), sample.protocol(), len);
    let header = &bytes[sample.network()..sample.l4()];
    let transport = super::checksum::add(super::checksum::sum(covered), pseudo);
    let present = sample.tcp || u16_at(covered, 6) != Some(0);
    transport == 0xffff && present && (sample.v6 || checksum(header) == 0)
}

prop_compose! {
    /// Super-packets of every kind that can be cut.
    pub(crate) fn samples()(
        (link, v6, tcp, partial, ecn) in any::<(bool, bool, bool, bool, bool)>(),
        tags in 0_usize..3, options in 0_usize..5, tcp_options in 0_usize..11,
        flags: u8, id: u16, sequence: u32,
        payload in prop::collection::vec(any::<u8>(), 0..4000),
        segment_size in prop_oneof![1_u16..3000, 500_u16..1500],
    ) -> Sample {
        Sample {
            link, tags: if link { tags } else { 0 }, v6, options, tcp, tcp_options, flags, id,
            sequence, payload, segment_size, partial, ecn,
        }
    }
}

/// A packet of these bytes.
pub(crate) fn bare(bytes: &[u8], network_offset: usize) -> Packet {
    let mut packet = Pool::default().packet_from(bytes).unwrap();
    packet.set_network_offset(network_offset);
    packet
}

/// UDP from 192.168.0.1:4660 to 192.168.0.199:53, ECT(0).
pub(crate) const IPV4: [u8; 28] = [
    0x45, 0x02, 0x00, 0x1c, 0x12, 0x34, 0x00, 0x00, 0x40, 0x11, 0xe6, 0x82, 0xc0, 0xa8, 0x00, 0x01,
    0xc0, 0xa8, 0x00, 0xc7, 0x12, 0x34, 0x00, 0x35, 0x00, 0x08, 0x00, 0x00,
];

/// That packet, changed.
pub(crate) fn ipv4(change: impl Fn(&mut [u8])) -> Packet {
    let mut bytes = IPV4;
    change(&mut bytes);
    bare(&bytes, 0)
}

/// An IPv6 packet with these bytes behind its fixed header, the first of kind `next`.
pub(crate) fn ipv6(next: u8, behind: &[u8]) -> Packet {
    let mut bytes = vec![0x60, 0x10, 0, 0, 0, behind.len() as u8, next, 64];
    bytes.extend(1..=32);
    bytes.extend_from_slice(behind);
    bare(&bytes, 0)
}
