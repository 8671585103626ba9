//! From the first packet to the last: handshakes, rekeying, keepalives, silence.
use super::super::PresharedKey;
use super::rig::{DELAY, Kind, Rig, at, bytes};
use crate::time::{Nanos, SECOND};

#[test]
fn the_first_packet_waits_for_a_session_and_arrives() {
    let mut rig = Rig::new();
    rig.send(0, 100);
    rig.run(SECOND);
    let kinds: Vec<_> = rig.seen.iter().map(|seen| (seen.from, seen.kind)).collect();
    let told = [(0, Kind::Initiation), (1, Kind::Response), (0, Kind::Data)];
    assert_eq!(kinds, told);
    assert_eq!(rig.ends[1].came, [bytes([10, 0, 0, 1], [10, 0, 0, 2], 100)]);
    rig.send(1, 1400);
    rig.run(2 * SECOND);
    assert_eq!(rig.ends[0].came[0].len(), 1420);
}

#[test]
fn packets_are_padded_to_sixteen_bytes_and_not_beyond_the_mtu() {
    let mut rig = Rig::new();
    for (payload, on_the_wire) in [(1, 32), (12, 32), (13, 48), (1399, 1420), (1400, 1420)] {
        rig.send(0, payload);
        rig.run(rig.now + SECOND);
        assert_eq!(
            rig.seen.last().unwrap().bytes.len(),
            32 + on_the_wire,
            "{payload}"
        );
        assert_eq!(rig.ends[1].came.last().unwrap().len(), 20 + payload);
    }
}

#[test]
fn an_idle_tunnel_says_nothing_but_that_it_heard() {
    let mut rig = Rig::new();
    rig.send(0, 10);
    rig.run(3600 * SECOND);
    assert_eq!(rig.seen.len(), 4);
    assert_eq!(rig.times(Kind::Keepalive), [(1, 10 * SECOND + 3 * DELAY)]);
    assert_eq!(
        (rig.ends[0].device.indices(), rig.ends[1].device.indices()),
        (0, 0)
    );
    assert_eq!(rig.pool.lent(), 0);
}

/// Both send each second, for so long.
fn talk(rig: &mut Rig, seconds: u64) {
    for second in 0..seconds {
        rig.run(second * SECOND);
        rig.send(0, 50);
        rig.send(1, 50);
    }
    rig.run(seconds * SECOND);
}

#[test]
fn a_busy_tunnel_gets_new_keys_each_two_minutes_and_loses_nothing() {
    let mut rig = Rig::new();
    talk(&mut rig, 400);
    let begun: Vec<_> = rig.times(Kind::Initiation);
    // The one that began first begins again; the other never has to.
    let told = [0, 121, 242, 363].map(|second| (0, second * SECOND));
    assert_eq!(begun, told);
    // Each new session is confirmed by an empty packet, where nothing waits for it.
    let confirmed = rig.times(Kind::Keepalive);
    let told = [121, 242, 363].map(|second| (0, second * SECOND + 2 * DELAY));
    assert_eq!(confirmed, told);
    let came = [rig.ends[0].came.len(), rig.ends[1].came.len()];
    // The second's first packet went nowhere: it did not know where the first is.
    assert!(came[1] == 400 && came[0] >= 399, "{came:?}");
}

#[test]
fn who_only_hears_asks_for_new_keys_when_it_says_so() {
    let mut rig = Rig::new();
    rig.send(0, 1);
    for second in [1, 150, 170] {
        rig.run(second * SECOND);
        rig.send(1, 50);
    }
    rig.run(171 * SECOND);
    // At 160 s it said that it heard, with keys that were old enough to ask for others.
    let told = [0, 160 * SECOND + DELAY].map(|at| (0, at));
    assert_eq!(rig.times(Kind::Initiation), told);
    assert_eq!(rig.ends[0].came.len(), 3);
}

#[test]
fn who_hears_late_asks_at_once() {
    let mut rig = Rig::new();
    rig.send(0, 1);
    rig.run(SECOND);
    rig.run(170 * SECOND);
    rig.send(1, 50);
    rig.run(171 * SECOND);
    let told = [0, 170 * SECOND + DELAY].map(|at| (0, at));
    assert_eq!(rig.times(Kind::Initiation), told);
}

#[test]
fn a_lost_answer_is_asked_for_again_after_five_seconds() {
    let mut rig = Rig::new();
    rig.lose = |seen| seen.kind == Kind::Response && seen.at < SECOND;
    rig.send(0, 10);
    rig.run(20 * SECOND);
    let begun = rig.times(Kind::Initiation);
    assert_eq!(begun.len(), 2);
    assert!((5000..=5334).contains(&(begun[1].1 / 1_000_000)));
    assert_eq!(rig.ends[1].came.len(), 1);
}

#[test]
fn an_answer_a_quarter_of_a_second_late_still_counts() {
    let mut rig = Rig::new();
    rig.lose = |seen| seen.kind == Kind::Response;
    rig.send(0, 10);
    rig.run(4 * SECOND);
    let answer = rig.seen.iter().find(|seen| seen.kind == Kind::Response);
    let answer = answer.unwrap().bytes.clone();
    rig.inject(0, &answer, at("192.0.2.2:51820"));
    rig.run(5 * SECOND);
    assert_eq!(rig.ends[1].came.len(), 1);
}

#[test]
fn an_attempt_ends_after_ninety_seconds_and_the_next_packet_begins_another() {
    let mut rig = Rig::new();
    rig.lose = |seen| seen.at < 200 * SECOND;
    (0..200).for_each(|_| rig.send(0, 10));
    rig.run(200 * SECOND);
    assert_eq!(rig.count(Kind::Initiation), 19);
    assert_eq!(rig.pool.lent(), 0);
    let traffic = rig.ends[0].device.peers().next().unwrap().traffic;
    assert_eq!(traffic.dropped, 200);
    rig.send(0, 10);
    rig.run(201 * SECOND);
    assert_eq!(rig.ends[1].came.len(), 1);
}

#[test]
fn a_peer_that_forgot_its_keys_is_asked_for_new_ones() {
    let mut rig = Rig::new();
    rig.send(0, 10);
    rig.run(SECOND);
    let other = PresharedKey::new([1; 32]);
    rig.introduce(1, other, None);
    rig.introduce(1, PresharedKey::default(), None);
    for second in 1..40 {
        rig.run(second * SECOND);
        rig.send(0, 10);
    }
    rig.run(40 * SECOND);
    let begun: Vec<Nanos> = rig
        .times(Kind::Initiation)
        .iter()
        .map(|one| one.1)
        .collect();
    assert_eq!(begun.len(), 2);
    assert!(
        (15_000..=15_400).contains(&(begun[1] / 1_000_000)),
        "{begun:?}"
    );
    assert!(rig.ends[1].came.len() >= 24);
}

#[test]
fn persistent_keepalives_make_a_session_at_once_and_keep_it() {
    let mut rig = Rig::strangers();
    rig.introduce(1, PresharedKey::default(), None);
    rig.introduce(0, PresharedKey::default(), Some(25 * SECOND));
    rig.run(SECOND);
    assert_eq!(
        (rig.count(Kind::Response), rig.count(Kind::Keepalive)),
        (1, 1)
    );
    rig.run(600 * SECOND);
    let begun = rig.times(Kind::Initiation);
    // With the first keepalive after two minutes, each time.
    let told = [0, 125, 250, 375, 500].map(|second| (0, second));
    let seconds: Vec<_> = begun.iter().map(|one| (one.0, one.1 / SECOND)).collect();
    assert_eq!(seconds, told);
    let said = rig.times(Kind::Keepalive);
    let apart = said.windows(2).map(|pair| pair[1].1 - pair[0].1);
    assert!(said.iter().all(|one| one.0 == 0) && apart.max() <= Some(25 * SECOND));
}

#[test]
fn both_may_begin_at_once() {
    let mut rig = Rig::new();
    rig.send(0, 10);
    rig.run(SECOND);
    rig.run(300 * SECOND);
    rig.send(0, 11);
    rig.send(1, 12);
    rig.run(302 * SECOND);
    (0..5).for_each(|_| {
        rig.send(0, 13);
        rig.send(1, 14);
    });
    rig.run(303 * SECOND);
    assert_eq!(rig.ends.each_ref().map(|end| end.came.len()), [6, 7]);
}

#[test]
fn both_hear_each_other_at_once_after_each_handshake() {
    let mut rig = Rig::new();
    // Each begins in turn, as the one before has just ended.
    for round in 0..6 {
        let (one, other) = (round % 2, 1 - round % 2);
        let before = rig.ends.each_ref().map(|end| end.came.len());
        rig.send(one, 10);
        rig.run(rig.now + 3 * super::rig::DELAY);
        rig.send(other, 10);
        rig.send(one, 10);
        rig.run(rig.now + super::rig::DELAY);
        let after = rig.ends.each_ref().map(|end| end.came.len());
        assert_eq!(
            (after[one] - before[one], after[other] - before[other]),
            (1, 2)
        );
        rig.run(rig.now + 200 * SECOND);
    }
    assert_eq!(rig.count(Kind::Initiation), 6);
}
