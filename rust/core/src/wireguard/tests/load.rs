//! More handshakes than are welcome.
use super::super::PresharedKey;
use super::super::cookie::Caller;
use super::super::message::INITIATION;
use super::super::noise::{Acquaintance, Identity, initiate};
use super::rig::{Kind, Rig, at, key, public};
use crate::time::SECOND;

/// A first message to the second end, from somebody who knows its key.
fn call(byte: u8) -> [u8; INITIATION] {
    let own = Identity::new(key(byte));
    let peer = Acquaintance::new(&own, public(2), PresharedKey::default()).unwrap();
    let (_, mut message) = initiate(&own, &peer, 9, key(9), &[byte; 12]).unwrap();
    Caller::new(&public(2)).sign(&mut message, 0);
    message
}

#[test]
fn under_load_a_caller_has_to_bring_a_cookie_and_does() {
    let mut rig = Rig::new();
    let message = call(5);
    (0..101).for_each(|_| rig.inject(1, &message, at("203.0.113.9:9")));
    assert_eq!(rig.count(Kind::Cookie), 1);
    rig.send(0, 10);
    rig.run(SECOND / 2);
    // It keeps the cookie for its next try, five seconds later.
    assert_eq!((rig.count(Kind::Cookie), rig.count(Kind::Response)), (2, 0));
    rig.run(4 * SECOND);
    (0..101).for_each(|_| rig.inject(1, &message, at("203.0.113.9:9")));
    rig.run(9 * SECOND);
    assert_eq!((rig.count(Kind::Response), rig.ends[1].came.len()), (1, 1));
}

#[test]
fn a_flood_does_not_disturb_who_talks_already() {
    let mut rig = Rig::new();
    rig.send(0, 10);
    rig.run(SECOND);
    let message = call(5);
    for turn in 0..10 {
        (0..200).for_each(|_| rig.inject(1, &message, at("203.0.113.9:9")));
        rig.send(0, 10);
        rig.run(rig.now + SECOND / 10);
        assert_eq!(rig.ends[1].came.len(), turn + 2);
    }
    assert!(rig.ends[1].device.drops().overload > 1700);
}

#[test]
fn however_many_call_the_work_is_bounded() {
    let mut rig = Rig::new();
    rig.send(0, 10);
    rig.run(SECOND);
    let message = call(5);
    (0..100_000).for_each(|_| rig.inject(1, &message, at("203.0.113.9:9")));
    let drops = rig.ends[1].device.drops();
    // A hundred are answered, or would be: this one is nobody's. A thousand are looked at, 200 get a cookie.
    assert_eq!((drops.handshake, drops.overload), (100, 99_900));
    assert_eq!(rig.count(Kind::Cookie), 200);
    // Who has a session, and who answers us, are not part of it.
    rig.send(1, 10);
    rig.send(0, 10);
    rig.run(2 * SECOND);
    assert_eq!(rig.ends.each_ref().map(|end| end.came.len()), [1, 2]);
}

#[test]
fn each_place_has_a_limit_of_its_own() {
    let mut rig = Rig::new();
    let flood = call(5);
    let from = |host: u32| at(&format!("203.0.113.{host}:9"));
    (0..200).for_each(|_| rig.inject(1, &flood, from(9)));
    // Another caller gets its cookie, brings it, and is heard while the flood goes on.
    rig.send(0, 10);
    rig.run(SECOND / 2);
    for turn in 0..9 {
        (0..200).for_each(|_| rig.inject(1, &flood, from(9)));
        rig.run(SECOND / 2 + (turn + 1) * SECOND);
    }
    assert_eq!((rig.count(Kind::Response), rig.ends[1].came.len()), (1, 1));
}
