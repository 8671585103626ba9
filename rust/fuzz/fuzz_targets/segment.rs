//! Invariant: any bytes with any offload are cut without a panic or come back as they were; the
//! payloads of the segments make up the payload; every checksum, once finished, is right.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use usernet_core::packet::{Offload, Packet, Pool, Segmentation};
use usernet_core::wire::checksum::{add, finish, sum};
use usernet_core::wire::headers::layers;
use usernet_core::wire::segment::{count, segments, wire_bytes};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    kind: u8,
    partial: bool,
    ecn: bool,
    segment_size: u16,
    checksum_start: u16,
    checksum_offset: u16,
    network_offset: u8,
    /// Make lengths, offload and the partial checksum agree with the headers, if there are any.
    repair: bool,
    bytes: &'a [u8],
}

impl Input<'_> {
    fn packet(&self, pool: &mut Pool) -> Option<Packet> {
        let mut packet = pool.packet_from(self.bytes)?;
        packet.set_network_offset(self.network_offset.into());
        packet.set_offload(Offload {
            partial_checksum: self.partial,
            segmentation: match self.kind {
                0 => Segmentation::None,
                1 => Segmentation::Tcp4,
                4 => Segmentation::Tcp6,
                5 => Segmentation::Udp,
                other => Segmentation::Other(other),
            },
            ecn: self.ecn,
            header_len: 0,
            segment_size: self.segment_size,
            checksum_start: self.checksum_start,
            checksum_offset: self.checksum_offset,
        });
        if self.repair {
            repair(&mut packet);
        }
        Some(packet)
    }
}

fn put(bytes: &mut [u8], at: usize, value: usize) {
    if let Some(field) = bytes.get_mut(at..at + 2) {
        field.copy_from_slice(&(value as u16).to_be_bytes());
    }
}

/// Where the checksum stands in the transport's header.
fn checksum_offset(protocol: u8) -> usize {
    if protocol == 6 { 16 } else { 6 }
}

fn repair(packet: &mut Packet) {
    let Some(layers) = layers(packet) else { return };
    let (at, l4, len) = (layers.network_offset, layers.l4_offset, packet.len());
    let offset = checksum_offset(layers.l4_protocol);
    let mut offload = packet.offload();
    (offload.checksum_start, offload.checksum_offset) = (l4 as u16, offset as u16);
    packet.set_offload(offload);
    let bytes = packet.bytes_mut();
    if layers.ip_version == 4 {
        put(bytes, at + 2, len - at);
    } else {
        put(bytes, at + 4, len - at - 40);
    }
    if layers.l4_protocol == 17 {
        put(bytes, l4 + 4, len - l4);
    }
    if offload.partial_checksum {
        let pseudo = layers.pseudo_header(bytes, (len - l4) as u32);
        put(bytes, l4 + offset, pseudo.into());
    }
}

fn header_len(packet: &Packet) -> usize {
    let layers = layers(packet).expect("what was cut has headers");
    let words = packet.bytes().get(layers.l4_offset + 12).unwrap_or(&0) >> 4;
    let transport = if layers.l4_protocol == 6 {
        usize::from(words) * 4
    } else {
        8
    };
    layers.l4_offset + transport
}

/// Whether IP's and the transport's checksums are right; UDP may have none.
fn verify(packet: &Packet) {
    let (bytes, layers) = (
        packet.bytes(),
        layers(packet).expect("a segment has headers"),
    );
    let covered = &bytes[layers.l4_offset..];
    let pseudo = layers.pseudo_header(bytes, covered.len() as u32);
    let none = layers.l4_protocol == 17 && covered[6..8] == [0, 0];
    assert!(none || add(sum(covered), pseudo) == 0xffff);
    let header = &bytes[layers.network_offset..layers.l4_offset];
    assert!(layers.ip_version == 6 || sum(header) == 0xffff);
}

fuzz_target!(|input: Input| {
    let mut pool = Pool::default();
    let Some(packet) = input.packet(&mut pool) else {
        return;
    };
    let (was_super, whole) = (packet.is_super(), packet.bytes().to_vec());
    let (packets, wire) = (count(&packet) as usize, wire_bytes(&packet));
    // A checksum that was partial and is not known to be right stays as wrong as it was.
    let right = input.repair || !input.partial;
    let routed = layers(&packet).is_some_and(|layers| layers.routed);
    let mut cut = Vec::new();
    if let Err(back) = segments(packet, &mut pool, &mut |segment| cut.push(segment)) {
        assert!(was_super && cut.is_empty() && back.bytes() == whole);
        assert_eq!((packets, wire), (1, whole.len() as u64));
        return;
    }
    assert_eq!(cut.len(), packets);
    assert_eq!(
        cut.iter().map(|segment| segment.len() as u64).sum::<u64>(),
        wire
    );
    cut.iter_mut().for_each(finish);
    if !was_super {
        return;
    }
    let header = header_len(&cut[0]);
    let payloads = cut.iter().flat_map(|segment| &segment.bytes()[header..]);
    assert!(payloads.eq(&whole[header..]));
    if cut.len() > 1 && right && !routed {
        cut.iter().for_each(verify);
    }
});
