use super::super::checksum::finish;
use super::super::samples::{Sample, samples};
use super::super::segment::segments;
use super::*;
use proptest::prelude::*;

/// The packets of a sample, cut and with their checksums.
fn cut(sample: &Sample, pool: &mut Pool) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let packet = sample.packet(pool);
    let mut keep = |mut packet: Packet| {
        finish(&mut packet);
        all.push(packet.bytes().to_vec());
    };
    assert!(segments(packet, pool, &mut keep).is_ok());
    all
}

/// What comes out where these stand in a packet with something between them.
fn put_together(packets: &[Vec<u8>], pool: &mut Pool) -> Vec<Packet> {
    let (mut bytes, mut places) = (vec![9; 3], Vec::new());
    for packet in packets {
        places.push(bytes.len()..bytes.len() + packet.len());
        bytes.extend(packet);
        bytes.extend([9; 5]);
    }
    let (packet, mut out) = (pool.packet_from(&bytes).unwrap(), Vec::new());
    merged(packet, &places, pool, &mut |packet, _| out.push(packet));
    out
}

/// What these are on the wire.
fn on_the_wire(packets: Vec<Packet>, pool: &mut Pool) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for packet in packets {
        let mut keep = |mut packet: Packet| {
            finish(&mut packet);
            all.push(packet.bytes().to_vec());
        };
        assert!(segments(packet, pool, &mut keep).is_ok());
    }
    all
}

fn bare(payload: usize) -> Sample {
    Sample {
        link: false,
        flags: 0x10,
        ..Sample::plain(payload)
    }
}

#[test]
fn what_was_one_is_one_again() {
    let mut pool = Pool::default();
    for v6 in [false, true] {
        let packets = cut(
            &Sample {
                v6,
                flags: 0x18,
                ..bare(5000)
            },
            &mut pool,
        );
        let out = put_together(&packets, &mut pool);
        assert_eq!((packets.len(), out.len()), (4, 1));
        assert_eq!(out[0].offload().segment_size, 1448);
        assert_eq!(on_the_wire(out, &mut pool), packets);
    }
}

fn broken(change: impl Fn(&mut Vec<Vec<u8>>)) -> usize {
    let mut pool = Pool::default();
    let mut packets = cut(&bare(3000), &mut pool);
    assert_eq!(packets.len(), 3);
    change(&mut packets);
    let out = put_together(&packets, &mut pool);
    let count = out.len();
    assert_eq!(on_the_wire(out, &mut pool), packets);
    count
}

fn resum(packet: &mut [u8]) {
    put_u16(packet, 10, 0);
    let ip = checksum(&packet[..20]);
    put_u16(packet, 10, ip);
    put_u16(packet, 36, 0);
    let pseudo = pseudo_header(&packet[12..20], TCP, packet.len() as u32 - 20);
    let tcp = !add(sum(&packet[20..]), pseudo);
    put_u16(packet, 36, tcp);
}

#[test]
fn whatever_differs_stays_apart() {
    assert_eq!(broken(|_| ()), 1);
    // A wrong checksum, which is nobody's to mend.
    assert_eq!(broken(|packets| packets[1][60] ^= 1), 3);
    // Out of order.
    assert_eq!(broken(|packets| packets.swap(0, 1)), 3);
    // Another type of service, acknowledgement, option, port; a push in the middle.
    let changed = |at: usize, bits: u8| {
        broken(|packets| {
            packets[1][at] ^= bits;
            resum(&mut packets[1]);
        })
    };
    assert_eq!([1, 31, 43, 21].map(|at| changed(at, 1)), [3; 4]);
    assert_eq!(changed(33, PSH), 2);
    assert_eq!(changed(33, 0x20), 3);
    // A shorter one is the last.
    assert_eq!(broken(|packets| packets.swap(1, 2)), 3);
    // Nothing at all behind the header.
    assert_eq!(broken(|packets| packets.push(vec![0x45; 20])), 2);
}

#[test]
fn nothing_is_longer_than_ip_can_say() {
    let mut pool = Pool::default();
    let mut one = bare(64_000);
    one.segment_size = 1000;
    let mut packets = cut(&one, &mut pool);
    one.sequence = one.sequence.wrapping_add(64_000);
    packets.extend(cut(&one, &mut pool));
    packets.truncate(60);
    let out = put_together(&packets[..60], &mut pool);
    assert!(out.iter().all(|packet| packet.len() <= LARGEST));
    assert_eq!(on_the_wire(out, &mut pool), packets);
}

proptest! {
    #[test]
    fn what_is_merged_is_cut_into_what_it_was(
        sample in samples(), other in samples(), place: prop::sample::Index,
    ) {
        let mut pool = Pool::default();
        let plain = |sample| Sample { link: false, tags: 0, ..sample };
        let mut packets = cut(&plain(sample), &mut pool);
        let others = cut(&plain(other), &mut pool);
        let at = place.index(packets.len() + 1);
        packets.splice(at..at, others);
        packets.retain(|packet| packet.len() < 5000);
        packets.truncate(12);
        prop_assume!(!packets.is_empty());
        let out = put_together(&packets, &mut pool);
        prop_assert_eq!(on_the_wire(out, &mut pool), packets);
    }
}
