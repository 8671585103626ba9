//! Whose packets are whose: networks in networks, and networks that change hands.
use super::super::{Device, PeerSpec};
use super::rig::{Rig, public};
use std::net::IpAddr;

fn spec(networks: &[(&str, u8)]) -> PeerSpec {
    let read = |(text, len): &(&str, u8)| (text.parse().unwrap(), *len);
    PeerSpec {
        allowed: networks.iter().map(read).collect(),
        ..PeerSpec::default()
    }
}

fn set(rig: &mut Rig, byte: u8, networks: &[(&str, u8)]) {
    let (pool, now) = (&mut rig.pool, rig.now);
    let device = &mut rig.ends[0].device;
    assert!(device.set_peer(public(byte), &spec(networks), pool, now));
}

fn networks(device: &Device, byte: u8) -> Vec<(IpAddr, u8)> {
    let mut peers = device.peers();
    peers
        .find(|peer| peer.public == public(byte))
        .unwrap()
        .allowed
}

/// Which peer's queue a packet to this address waits in, by what that peer has lost when all are gone.
fn owner(rig: &mut Rig, address: [u8; 4]) -> Option<u8> {
    let before: Vec<u64> = dropped(rig);
    // Without an endpoint a packet waits; so many push out the one before.
    for _ in 0..129 {
        rig.send_packet(0, &super::rig::bytes([10, 9, 9, 9], address, 1));
    }
    let after = dropped(rig);
    let more = before
        .iter()
        .zip(&after)
        .map(|(before, after)| after > before);
    let keys: Vec<_> = rig.ends[0].device.peers().map(|peer| peer.public).collect();
    let found = more.zip(keys).find(|(more, _)| *more)?.1;
    (1..9).find(|&byte| public(byte) == found)
}

fn dropped(rig: &Rig) -> Vec<u64> {
    rig.ends[0]
        .device
        .peers()
        .map(|peer| peer.traffic.dropped)
        .collect()
}

#[test]
fn the_smallest_network_decides() {
    let mut rig = Rig::strangers();
    set(&mut rig, 3, &[("0.0.0.0", 0)]);
    set(&mut rig, 4, &[("10.1.0.0", 16)]);
    set(&mut rig, 5, &[("10.1.2.0", 24), ("10.1.2.3", 32)]);
    let owners = [[9, 9, 9, 9], [10, 1, 9, 9], [10, 1, 2, 9], [10, 1, 2, 3]];
    let owners = owners.map(|address| owner(&mut rig, address));
    assert_eq!(owners, [Some(3), Some(4), Some(5), Some(5)]);
}

#[test]
fn bits_behind_a_prefix_mean_nothing() {
    let mut rig = Rig::strangers();
    set(&mut rig, 3, &[("10.1.2.3", 16)]);
    assert_eq!(owner(&mut rig, [10, 1, 200, 200]), Some(3));
    set(&mut rig, 4, &[("10.1.9.9", 16)]);
    assert_eq!(owner(&mut rig, [10, 1, 2, 3]), Some(4));
}

#[test]
fn a_network_that_another_takes_is_its_own_until_it_goes() {
    let mut rig = Rig::strangers();
    let net = [("10.1.0.0", 16)];
    set(&mut rig, 3, &net);
    set(&mut rig, 4, &net);
    let device = &rig.ends[0].device;
    assert_eq!(
        (networks(device, 3).len(), networks(device, 4).len()),
        (0, 1)
    );
    // Who has lost it takes nothing away with it.
    set(&mut rig, 3, &[]);
    assert_eq!(owner(&mut rig, [10, 1, 0, 1]), Some(4));
    let now = rig.now;
    rig.ends[0]
        .device
        .remove_peer(&public(4), &mut rig.pool, now);
    assert_eq!(owner(&mut rig, [10, 1, 0, 1]), None);
    assert_eq!(rig.ends[0].device.drops().no_peer, 129);
}

#[test]
fn places_are_used_again_and_mixed_up_with_nobody() {
    let mut rig = Rig::strangers();
    let now = rig.now;
    for byte in 3..7 {
        set(&mut rig, byte, &[(&format!("10.{byte}.0.0"), 16)]);
    }
    for byte in [4, 5] {
        rig.ends[0]
            .device
            .remove_peer(&public(byte), &mut rig.pool, now);
    }
    set(&mut rig, 7, &[("10.7.0.0", 16)]);
    set(&mut rig, 8, &[("10.8.0.0", 16)]);
    let owners = [3, 4, 5, 6, 7, 8].map(|byte| owner(&mut rig, [10, byte, 0, 1]));
    assert_eq!(owners, [Some(3), None, None, Some(6), Some(7), Some(8)]);
}
