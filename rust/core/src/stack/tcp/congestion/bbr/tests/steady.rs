//! On a line that stays as it is.
use super::super::{Congestion, State};
use super::{Loss, MBIT, MSS, assert_within, rig};
use crate::time::{MILLISECOND, SECOND};

/// A.1: the bandwidth is known within 2 % as Startup ends, in a few round trips.
#[test]
fn startup_finds_the_bandwidth() {
    for (mbit, rtt) in [(1, 50), (10, 40), (100, 20), (100, 100), (1000, 10)] {
        let mut rig = rig(mbit, rtt, 10_000, Loss::Never);
        let time = rig.run_to(State::Drain);
        assert_within(2, rig.max_bw(), mbit * MBIT);
        assert!(rig.algorithm.full_pipe.reached);
        assert!(time < 20 * rig.line.rtt, "{time} ns at {mbit} Mbit/s");
    }
}

/// A.3: half the bandwidth until the queue is gone, within about two round trips.
#[test]
fn drain_empties_the_queue() {
    let mut rig = rig(100, 20, 10_000, Loss::Never);
    rig.run_to(State::Drain);
    assert!(rig.in_flight() > rig.bdp() * 3 / 2);
    let time = rig.run_to(State::Cruise);
    assert!(time <= 3 * rig.line.rtt, "{time} ns");
    assert!(rig.in_flight() <= rig.bdp() + 2 * MSS);
    assert_within(3, rig.algorithm.pacing_rate, rig.line.rate);
}

#[test]
fn the_line_is_used_to_95_of_100() {
    for (mbit, rtt) in [(10, 20), (10, 100), (100, 20), (100, 100), (1000, 20)] {
        let mut rig = rig(mbit, rtt, 10_000, Loss::Never);
        rig.run(5 * SECOND);
        assert_within(5, rig.rate_over(20 * SECOND), mbit * MBIT);
    }
}

/// Two packets in cruise; a quarter of the bandwidth for as long as a probe takes otherwise.
#[test]
fn the_queue_is_short() {
    let mut rig = rig(100, 20, 10_000, Loss::Never);
    let (mut longest, mut longest_in_cruise) = (0, 0);
    rig.run_to(State::Cruise);
    rig.run(rig.now + 20 * MILLISECOND);
    rig.line.longest = 0;
    while rig.now < 10 * SECOND {
        let before = rig.state();
        rig.run(rig.now + MILLISECOND);
        let queue = std::mem::take(&mut rig.line.longest);
        longest = longest.max(queue);
        if before == State::Cruise && rig.state() == State::Cruise {
            longest_in_cruise = longest_in_cruise.max(queue);
        }
    }
    assert!(longest_in_cruise <= 2, "{longest_in_cruise} packets");
    assert!(longest <= 160, "{longest} packets, of a product of 167");
}

/// §5.3.3: the phases in their order. Reno would be as large as this product after 63 round trips.
#[test]
fn probes_come_in_turn() {
    let mut rig = rig(100, 20, 10_000, Loss::Never);
    rig.run_to(State::Cruise);
    for _ in 0..3 {
        let wait = rig.run_to(State::Refill) / MILLISECOND;
        assert!(
            (900..1300).contains(&wait),
            "62 or 63 round trips, {wait} ms"
        );
        let refill = rig.run_to(State::Up) / MILLISECOND;
        assert!((20..25).contains(&refill), "one round trip, {refill} ms");
        let up = rig.run_to(State::Down) / MILLISECOND;
        assert!((60..130).contains(&up), "three without growth, {up} ms");
        rig.run_to(State::Cruise);
    }
}

/// A.10: each five seconds, for 200 ms and a round trip, with half of the product under way.
#[test]
fn the_round_trip_is_looked_for_each_five_seconds() {
    let mut rig = rig(100, 20, 10_000, Loss::Never);
    let mut since = 0;
    for _ in 0..3 {
        rig.run_to(State::ProbeRtt);
        let interval = rig.now - since;
        assert!(
            (5000..5300).contains(&(interval / MILLISECOND)),
            "{interval}"
        );
        rig.run(rig.now + 100 * MILLISECOND);
        assert_within(5, rig.in_flight(), rig.bdp() / 2);
        let time = 100 * MILLISECOND + rig.run_to(State::Cruise);
        assert!((200..260).contains(&(time / MILLISECOND)), "{time}");
        since = rig.now;
        assert!(rig.algorithm.window() > rig.bdp());
    }
}

/// A.14: four segments where the product is less than one, and the pace of the line.
#[test]
fn a_product_below_a_packet_keeps_four_under_way() {
    let mut rig = rig(1, 5, 100, Loss::Never);
    rig.run(4 * SECOND);
    let (window, rate) = (rig.algorithm.window(), rig.rate_over(10 * SECOND));
    assert!((4 * MSS..=8 * MSS).contains(&window), "{window}");
    assert_within(5, rate, MBIT);
    assert_within(2, rig.max_bw(), MBIT);
}

/// A.12 and A.13: acknowledgements that come together each 20 ms, twice the line's round trip.
#[test]
fn held_back_acknowledgements_do_not_slow_it_down() {
    let mut rig = rig(50, 10, 10_000, Loss::Never);
    rig.line.hold = 20 * MILLISECOND;
    rig.run(5 * SECOND);
    assert!(rig.algorithm.aggregation.extra() > rig.bdp() / 2);
    let rate = rig.rate_over(10 * SECOND);
    assert!(rate > 90 * 50 * MBIT / 100, "{rate}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || {
        let mut rig = rig(100, 20, 100, Loss::Never);
        rig.run(10 * SECOND);
        (rig.delivered(), rig.lost(), rig.algorithm.window())
    };
    assert_eq!(run(), run());
}
