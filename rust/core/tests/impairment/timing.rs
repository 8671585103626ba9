//! Exact times in virtual time.
use super::rig::{MS, RATE, Rig, plain, train};
use serde_json::{Value, json};
use usernet_core::cause::Cause;

#[test]
fn a_delay_is_exact_to_the_nanosecond() {
    for delay in [5 * MS, 50 * MS, 300 * MS] {
        let mut rig = Rig::new(json!({"delay": {"ns": delay}}), train(1000, 777_777));
        rig.advance(5000 * MS);
        let expected: Vec<_> = train(1000, 777_777)
            .iter()
            .map(|send| send.at + delay)
            .collect();
        let times: Vec<_> = rig.times().iter().map(|(_, at)| *at).collect();
        assert_eq!(times, expected);
        assert_eq!(rig.counters()["lateness"]["max_ns"], 0);
    }
}

#[test]
fn a_burst_leaves_at_the_rate() {
    let mut rig = Rig::new(json!({"rate": {"bits_per_second": RATE}}), train(10, 0));
    rig.advance(100 * MS);
    let expected: Vec<_> = (0..10).map(|n| (n, MS + (u64::from(n) + 1) * MS)).collect();
    assert_eq!(rig.times(), expected);
}

/// The longest stay in an overloaded line of this queue, in nanoseconds.
fn longest_stay(queue: Value) -> u64 {
    let config = json!({"rate": {"bits_per_second": RATE}, "queue": queue});
    let sends = train(500, MS / 2);
    let mut rig = Rig::new(config, sends.clone());
    rig.advance(1000 * MS);
    let causes = rig.causes();
    assert!(causes.len() > 200 && causes.iter().all(|(_, cause)| *cause == Cause::Queue));
    let stays = rig.times().into_iter();
    stays
        .map(|(number, at)| at - sends[number as usize].at)
        .max()
        .unwrap()
}

#[test]
fn a_full_queue_holds_packets_for_its_limit_over_the_rate() {
    for queue in [
        json!({"packets": 20}),
        json!({"bytes": 30_000}),
        json!({"ns": 20 * MS}),
    ] {
        let stay = longest_stay(queue.clone());
        assert!((20 * MS..=21 * MS).contains(&stay), "{queue}: {stay}");
    }
}

#[test]
fn the_queue_says_how_long_a_packet_that_comes_now_would_stand() {
    let mut rig = Rig::new(json!({"rate": {"bits_per_second": RATE}}), train(10, 0));
    rig.advance(MS);
    let counters = rig.counters();
    assert_eq!(counters["queue_packets"], 9);
    assert_eq!(counters["queue_bytes"], 13_500);
    assert_eq!(counters["queue_ns"], 9 * MS);
    let trace = json!({"trace": {"opportunities_ms": [1, 2, 3, 4]}});
    let mut rig = Rig::new(trace, train(4, 0));
    rig.advance(MS);
    // The opportunity of 1 ms has passed when they come; its trace has 1504 bytes a millisecond.
    assert_eq!(rig.counters()["queue_ns"], 6000 * MS / 1504);
}

#[test]
fn a_packet_is_taken_at_its_own_time_which_never_goes_back() {
    let stamped = |number, stamp| {
        let mut send = plain(100 * MS, number, 100);
        send.stamp = Some(stamp);
        send
    };
    let sends = vec![
        stamped(0, 30 * MS),
        stamped(1, 20 * MS),
        stamped(2, 40 * MS),
        stamped(3, 0),
        stamped(4, 500 * MS),
    ];
    let mut rig = Rig::new(json!({"delay": {"ns": 90 * MS}}), sends);
    rig.advance(1000 * MS);
    let expected = [(0, 120), (1, 120), (2, 130), (3, 190), (4, 190)];
    assert_eq!(rig.times(), expected.map(|(number, at)| (number, at * MS)));
}

#[test]
fn a_burst_longer_than_a_link_loses_nothing() {
    let mut rig = Rig::new(json!({"delay": {"ns": 20 * MS}}), train(5000, 1));
    rig.advance(10 * MS);
    rig.breathe(60 * MS).advance(60 * MS);
    assert_eq!(rig.left().len(), 5000);
}
