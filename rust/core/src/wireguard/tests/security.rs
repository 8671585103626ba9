//! What nobody may do who is not the peer, and what the peer may not.
use super::super::PresharedKey;
use super::super::message::INITIATION;
use super::rig::{Kind, Rig, at, bytes, public};
use crate::time::SECOND;

/// After a packet each way.
fn acquainted() -> Rig {
    let mut rig = Rig::new();
    rig.send(0, 10);
    rig.run(SECOND);
    rig.send(1, 10);
    rig.run(2 * SECOND);
    rig
}

fn endpoint(rig: &Rig, one: usize) -> String {
    let peer = rig.ends[one].device.peers().next().unwrap();
    peer.endpoint.unwrap().to_string()
}

#[test]
fn a_peer_is_followed_to_where_it_proves_to_be() {
    let mut rig = acquainted();
    rig.ends[0].address = at("[2001:db8::7]:4000");
    rig.send(0, 20);
    rig.run(3 * SECOND);
    assert_eq!(endpoint(&rig, 1), "[2001:db8::7]:4000");
    rig.send(1, 20);
    rig.run(4 * SECOND);
    assert_eq!(rig.ends[0].came.len(), 2);
}

#[test]
fn nobody_else_moves_a_peer() {
    let mut rig = acquainted();
    let elsewhere = at("203.0.113.9:9");
    for seen in rig.seen.clone() {
        // Old messages, and forged ones.
        rig.inject(1, &seen.bytes, elsewhere);
        rig.inject(0, &seen.bytes, elsewhere);
        let mut forged = seen.bytes.clone();
        *forged.last_mut().unwrap() ^= 1;
        rig.inject(1, &forged, elsewhere);
        rig.inject(0, &forged, elsewhere);
    }
    assert_eq!(endpoint(&rig, 1), "192.0.2.1:51820");
    assert_eq!(endpoint(&rig, 0), "192.0.2.2:51820");
    assert_eq!(rig.ends.each_ref().map(|end| end.came.len()), [1, 1]);
}

#[test]
fn an_initiation_counts_once() {
    let mut rig = acquainted();
    let first = rig.seen[0].bytes.clone();
    let before = rig.count(Kind::Response);
    rig.run(30 * SECOND);
    rig.inject(1, &first, at("192.0.2.1:51820"));
    assert_eq!(rig.count(Kind::Response), before);
    assert_eq!(rig.ends[1].device.drops().handshake, 1);
}

#[test]
fn a_peer_may_not_claim_an_address_that_is_not_its_own() {
    let mut rig = acquainted();
    rig.send_packet(0, &bytes([10, 0, 0, 9], [10, 0, 0, 2], 10));
    rig.run(3 * SECOND);
    assert_eq!(
        (rig.ends[1].came.len(), rig.ends[1].device.drops().source),
        (1, 1)
    );
    rig.send_packet(0, &bytes([10, 0, 0, 1], [10, 0, 0, 9], 10));
    assert_eq!(rig.ends[0].device.drops().no_peer, 1);
}

#[test]
fn preshared_keys_that_differ_make_no_session() {
    let mut rig = Rig::strangers();
    rig.introduce(0, PresharedKey::new([1; 32]), None);
    rig.introduce(1, PresharedKey::new([2; 32]), None);
    rig.send(0, 10);
    rig.run(4 * SECOND);
    assert_eq!((rig.count(Kind::Response), rig.count(Kind::Data)), (1, 0));
    assert_eq!(rig.ends[0].device.drops().handshake, 1);
    // Set right while it runs.
    rig.introduce(1, PresharedKey::new([1; 32]), None);
    rig.run(10 * SECOND);
    assert_eq!(rig.ends[1].came.len(), 1);
}

#[test]
fn another_preshared_key_ends_the_sessions_of_the_old_one() {
    let mut rig = acquainted();
    let other = PresharedKey::new([9; 32]);
    rig.introduce(1, other.clone(), None);
    rig.send(1, 10);
    rig.run(4 * SECOND);
    // Neither by the old session, nor by one that only one side would have.
    assert_eq!(rig.ends[0].came.len(), 1);
    rig.introduce(0, other, None);
    rig.send(0, 10);
    rig.run(20 * SECOND);
    assert_eq!(rig.ends.each_ref().map(|end| end.came.len()), [2, 2]);
}

#[test]
fn a_stranger_is_not_answered_until_somebody_knows_it() {
    let mut rig = Rig::strangers();
    rig.introduce(0, PresharedKey::default(), None);
    rig.send(0, 10);
    rig.run(SECOND);
    assert_eq!(rig.count(Kind::Response), 0);
    assert_eq!(rig.ends[1].device.take_stranger(), Some(public(1)));
    rig.introduce(1, PresharedKey::default(), None);
    rig.run(2 * SECOND);
    assert_eq!((rig.count(Kind::Response), rig.ends[1].came.len()), (1, 1));
    assert_eq!(rig.ends[1].device.take_stranger(), None);
}

#[test]
fn a_refused_stranger_and_a_removed_peer_are_gone() {
    let mut rig = Rig::strangers();
    rig.introduce(0, PresharedKey::default(), None);
    rig.send(0, 10);
    rig.run(SECOND);
    rig.ends[1].device.refuse_stranger(&public(1));
    assert_eq!(rig.ends[1].device.take_stranger(), None);
    let now = rig.now;
    rig.ends[0]
        .device
        .remove_peer(&public(2), &mut rig.pool, now);
    assert_eq!(
        (
            rig.ends[0].device.peers().count(),
            rig.ends[0].device.indices()
        ),
        (0, 0)
    );
    assert_eq!(rig.pool.lent(), 0);
    rig.send(0, 10);
    assert_eq!(rig.ends[0].device.drops().no_peer, 1);
}

#[test]
fn what_is_no_message_is_counted_and_forgotten() {
    let mut rig = acquainted();
    for bytes in [&[][..], &[1; INITIATION], &[4, 0, 0, 0], &[0; 65_000]] {
        rig.inject(0, bytes, at("203.0.113.9:9"));
    }
    let mut unsigned = [0; INITIATION];
    unsigned[0] = 1;
    rig.inject(0, &unsigned, at("203.0.113.9:9"));
    let drops = rig.ends[0].device.drops();
    assert_eq!((drops.malformed, drops.not_ours), (4, 1));
    assert_eq!(rig.pool.lent(), 0);
}

#[test]
fn a_device_is_no_peer_of_its_own_and_zero_is_no_key() {
    let mut rig = Rig::strangers();
    let mut set = |key| {
        let (pool, now) = (&mut rig.pool, rig.now);
        rig.ends[0]
            .device
            .set_peer(key, &Default::default(), pool, now)
    };
    assert!(!set(public(1)) && !set(super::super::PublicKey([0; 32])) && set(public(2)));
}
