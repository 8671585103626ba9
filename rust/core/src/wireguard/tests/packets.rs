//! What packets a device takes, and gives: of all lengths, super-packets, marked ones.
use super::super::Arrival;
use super::rig::{Kind, Rig, at, bytes};
use crate::packet::{Offload, Packet, Segmentation};
use crate::stack::compose::{Marks, datagram};
use crate::time::SECOND;
use crate::wire::checksum::{add, checksum, pseudo_header, sum};

fn acquainted() -> Rig {
    let mut rig = Rig::new();
    rig.send(0, 10);
    rig.run(SECOND);
    rig.ends[1].came.clear();
    rig.seen.clear();
    rig
}

#[test]
fn packets_of_every_length_arrive() {
    // From 177 to 192 bytes there is no room for the tag in a small packet's own buffer; so at the ends of the
    // other sizes.
    let mut rig = acquainted();
    let lengths = (0..300)
        .chain(1600..1680)
        .chain(9150..9230)
        .chain(65_400..65_500);
    for payload in lengths.clone() {
        rig.send(0, payload);
    }
    rig.run(rig.now + SECOND);
    let came: Vec<usize> = rig.ends[1]
        .came
        .iter()
        .map(|packet| packet.len() - 20)
        .collect();
    assert_eq!(came, lengths.collect::<Vec<_>>());
    assert_eq!(
        rig.ends[0].device.peers().next().unwrap().traffic.dropped,
        0
    );
    assert_eq!(rig.pool.lent(), 0);
}

/// A datagram, or several of one size, whose checksum is not finished.
fn unfinished(rig: &mut Rig, len: usize, size: Option<u16>, class: u8) -> Packet {
    let marks = Marks {
        hop_limit: 64,
        traffic_class: class,
        id: None,
    };
    let ends = (at("10.0.0.1:1000"), at("10.0.0.2:2000"));
    datagram(&mut rig.pool, ends, marks, (len, size), |room| room.fill(7)).unwrap()
}

/// Whether both checksums of a datagram are right.
fn verifies(packet: &[u8]) -> bool {
    let pseudo = pseudo_header(&packet[12..20], 17, packet.len() as u32 - 20);
    checksum(&packet[..20]) == 0 && add(sum(&packet[20..]), pseudo) == 0xffff
}

#[test]
fn checksums_are_finished_before_a_packet_is_sealed() {
    let mut rig = acquainted();
    let packet = unfinished(&mut rig, 100, None, 0);
    rig.give(0, packet);
    rig.run(rig.now + SECOND);
    let came = &rig.ends[1].came[0];
    assert!(came.len() == 128 && verifies(came));
}

#[test]
fn a_super_packet_arrives_as_what_it_stands_for() {
    let mut rig = acquainted();
    let packet = unfinished(&mut rig, 60_000, Some(1372), 0);
    rig.give(0, packet);
    assert_eq!(rig.count(Kind::Data), 44);
    rig.run(rig.now + SECOND);
    let came = std::mem::take(&mut rig.ends[1].came);
    let lengths: Vec<usize> = came.iter().map(Vec::len).collect();
    assert_eq!(
        (&lengths[..43], lengths[43]),
        (&[1400; 43][..], 60_000 - 43 * 1372 + 28)
    );
    assert!(came.iter().all(|packet| verifies(packet)));
    let sent = rig.ends[0].device.peers().next().unwrap().traffic.sent;
    let heard = rig.ends[1].device.peers().next().unwrap().traffic.received;
    assert_eq!(sent, heard);
    assert_eq!(rig.pool.lent(), 0);
}

#[test]
fn what_nobody_can_cut_is_dropped_and_counted() {
    let mut rig = acquainted();
    let mut packet = unfinished(&mut rig, 3000, Some(1000), 0);
    packet.set_offload(Offload {
        segmentation: Segmentation::Other(9),
        ..packet.offload()
    });
    rig.give(0, packet);
    assert_eq!(rig.count(Kind::Data), 0);
    assert_eq!(
        rig.ends[0].device.peers().next().unwrap().traffic.dropped,
        1
    );
    assert_eq!(rig.pool.lent(), 0);
}

#[test]
fn what_waits_is_bounded_by_what_it_stands_for() {
    let mut rig = Rig::new();
    for _ in 0..10 {
        let packet = unfinished(&mut rig, 50_000, Some(1000), 0);
        rig.give(0, packet);
    }
    // Two of fifty each fit into 128.
    assert_eq!(
        rig.ends[0].device.peers().next().unwrap().traffic.dropped,
        400
    );
    rig.run(SECOND);
    assert_eq!(rig.ends[1].came.len(), 100);
    assert_eq!(rig.pool.lent(), 0);
}

#[test]
fn marks_of_congestion_go_out_and_come_in() {
    let mut rig = acquainted();
    for class in [0xb8, 0xb9, 0xba, 0xbb] {
        let packet = unfinished(&mut rig, 10, None, class);
        rig.give(0, packet);
    }
    let sent: Vec<u8> = rig.seen.iter().map(|seen| seen.class).collect();
    assert_eq!(sent, [0, 1, 2, 3]);
    // A router marks all that it may, and the one that it may not.
    let came: Vec<Option<u8>> = (0..4).map(|place| marked(&mut rig, place)).collect();
    assert_eq!(came, [None, Some(0xbb), Some(0xbb), Some(0xbb)]);
    assert_eq!(rig.ends[1].device.drops().congestion, 1);
}

/// The type of service inside of a message that came with a mark.
fn marked(rig: &mut Rig, place: usize) -> Option<u8> {
    let message = rig.seen[place].bytes.clone();
    let arrival = Arrival {
        ecn: 3,
        ..Arrival::from(rig.ends[0].address)
    };
    let (packet, now) = (rig.pool.packet_from(&message).unwrap(), rig.now);
    let inner = rig.ends[1]
        .device
        .receive(packet, arrival, &mut rig.pool, now)?;
    let (class, sum) = (inner.0.bytes()[1], checksum(&inner.0.bytes()[..20]));
    assert_eq!(sum, 0);
    rig.pool.free(inner.0);
    Some(class)
}

#[test]
fn handshakes_have_a_type_of_service_of_their_own() {
    let mut rig = Rig::new();
    rig.send_packet(0, &bytes([10, 0, 0, 1], [10, 0, 0, 2], 10));
    rig.run(SECOND);
    let classes: Vec<_> = rig
        .seen
        .iter()
        .map(|seen| (seen.kind, seen.class))
        .collect();
    let told = [
        (Kind::Initiation, 0x88),
        (Kind::Response, 0x88),
        (Kind::Data, 0),
    ];
    assert_eq!(classes, told);
}

#[test]
fn answers_leave_from_the_address_that_was_called() {
    let mut rig = acquainted();
    rig.send(0, 10);
    let message = rig.seen[0].bytes.clone();
    let called = "192.0.2.77".parse().ok();
    let arrival = Arrival {
        local: called,
        ..Arrival::from(rig.ends[0].address)
    };
    let (packet, now) = (rig.pool.packet_from(&message).unwrap(), rig.now);
    let device = &mut rig.ends[1].device;
    let inner = device.receive(packet, arrival, &mut rig.pool, now);
    rig.pool.free(inner.unwrap().0);
    let packet = rig
        .pool
        .packet_from(&bytes([10, 0, 0, 2], [10, 0, 0, 1], 9))
        .unwrap();
    assert!(device.send(packet, &mut rig.pool, now).is_ok());
    let mut out = Vec::new();
    device.take_outgoing(&mut out);
    assert_eq!((out[0].from, out[0].to), (called, rig.ends[0].address));
    // Nothing comes back: it calls from whatever address leads there.
    device.fire(&mut rig.pool, now + 16 * SECOND);
    device.take_outgoing(&mut out);
    let last = out.last().unwrap();
    assert_eq!((last.packet.len(), last.from), (148, None));
}
