use super::super::probe::Probe;
use super::super::rules::Limits;
use super::*;
use crate::rng::Stream;
use proptest::prelude::*;

fn rules(packets: u64) -> Rules {
    let limits = Limits {
        packets: Some(packets),
        ..Limits::default()
    };
    Rules::new(limits, false, Stream::new(1, "shared"))
}

fn probe(id: u32, len: u32, class: u16) -> Probe {
    Probe {
        class,
        ..Probe::new(id, len)
    }
}

fn queue(weights: &[u32]) -> Shared<Probe> {
    Shared::new(weights, &AqmParams::Droptail {})
}

/// Bytes of each share among the first so many packets that leave.
fn left(queue: &mut Shared<Probe>, packets: usize, shares: usize) -> Vec<u64> {
    let mut bytes = vec![0; shares];
    let (mut rules, mut drops) = (rules(10_000), vec![]);
    for _ in 0..packets {
        let packet = queue.dequeue(0, &mut rules, &mut drops).unwrap();
        bytes[usize::from(packet.class)] += u64::from(packet.len);
    }
    bytes
}

#[test]
fn shares_go_by_their_weights_whatever_their_packets() {
    let (mut queue, mut rules, mut drops) = (queue(&[1, 3, 2]), rules(10_000), vec![]);
    for id in 0..3000 {
        queue.enqueue(probe(id, 1514, 0), 0, &mut rules, &mut drops);
        queue.enqueue(probe(id, 757, 1), 0, &mut rules, &mut drops);
        queue.enqueue(probe(id, 100, 2), 0, &mut rules, &mut drops);
    }
    // A round: 1 packet of the first, 6 of the second, 31 of the third, who borrows 72 bytes.
    let bytes = left(&mut queue, 38 * 40, 3);
    let share = |number: usize| bytes[number] as f64 / bytes[0] as f64;
    assert!(
        (share(1) - 3.0).abs() < 0.1 && (share(2) - 2.0).abs() < 0.1,
        "{bytes:?}"
    );
    assert_eq!(drops, []);
}

#[test]
fn who_is_alone_has_it_all() {
    let (mut queue, mut rules, mut drops) = (queue(&[1, 1000]), rules(100), vec![]);
    (0..9).for_each(|id| queue.enqueue(probe(id, 1500, 0), 0, &mut rules, &mut drops));
    assert_eq!(left(&mut queue, 9, 2), [9 * 1500, 0]);
    assert_eq!(queue.dequeue(0, &mut rules, &mut drops), None);
}

#[test]
fn a_full_queue_takes_from_whoever_holds_most() {
    let (mut queue, mut rules, mut drops) = (queue(&[1, 1]), rules(4), vec![]);
    (0..4).for_each(|id| queue.enqueue(probe(id, 100, 0), 0, &mut rules, &mut drops));
    queue.enqueue(probe(4, 100, 0), 0, &mut rules, &mut drops);
    assert_eq!(
        drops.pop(),
        Some((probe(4, 100, 0), Cause::Queue)),
        "not for oneself"
    );
    queue.enqueue(probe(5, 100, 1), 0, &mut rules, &mut drops);
    assert_eq!(drops.pop(), Some((probe(0, 100, 0), Cause::Queue)));
    assert_eq!((queue.held(0), queue.held(1)), ((3, 300), (1, 100)));
    assert_eq!((queue.packets(), queue.bytes()), (4, 400));
}

#[test]
fn a_class_that_nobody_has_is_the_first_ones() {
    let (mut queue, mut rules, mut drops) = (queue(&[1, 1]), rules(4), vec![]);
    queue.enqueue(probe(0, 100, 7), 0, &mut rules, &mut drops);
    assert_eq!(queue.held(0), (1, 100));
    queue.set(&[1, 1, 1], &AqmParams::Droptail {});
    queue.enqueue(probe(1, 100, 2), 0, &mut rules, &mut drops);
    queue.set(&[1], &AqmParams::Codel(Default::default()));
    assert_eq!(
        (queue.held(0), queue.packets(), queue.bytes()),
        ((2, 200), 2, 200)
    );
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nobody_waits_for_ever(
        weights in prop::collection::vec(1_u32..9, 1..5),
        steps in prop::collection::vec((0_u16..6, 40_u32..1514, any::<bool>()), 0..300),
        limit in 1_u64..40,
    ) {
        let (mut queue, mut rules, mut drops) = (queue(&weights), rules(limit), vec![]);
        let (mut came, mut gone) = (0, 0);
        for (class, len, leaves) in steps {
            queue.enqueue(probe(came, len, class), 0, &mut rules, &mut drops);
            came += 1;
            if leaves {
                gone += u32::from(queue.dequeue(0, &mut rules, &mut drops).is_some());
            }
            prop_assert!(queue.packets() <= limit);
            let held = (0..weights.len()).map(|number| queue.held(number));
            let sum = held.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            prop_assert_eq!(sum, (queue.packets(), queue.bytes()));
        }
        prop_assert_eq!(came, gone + queue.packets() as u32 + drops.len() as u32);
        while queue.dequeue(0, &mut rules, &mut drops).is_some() {}
        prop_assert_eq!((queue.packets(), queue.bytes(), queue.turns.len()), (0, 0, 0));
    }
}
