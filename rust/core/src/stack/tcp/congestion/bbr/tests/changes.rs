//! On a line, or with a program, that changes.
use super::super::{Congestion, Flight, Reason, State};
use super::{Loss, MBIT, Nanos, assert_within, rig};
use crate::time::{MILLISECOND, SECOND};

/// How long it takes until the line is used to 90 of 100 for a second, after its rate has changed.
fn time_to_use(from: u64, to: u64) -> Nanos {
    let mut rig = rig(from, 40, 500, Loss::Never);
    rig.run(4 * SECOND);
    rig.line.rate = to * MBIT;
    let changed = rig.now;
    while rig.rate_over(SECOND) < 90 * to * MBIT / 100 {
        assert!(rig.now < changed + 60 * SECOND, "{from} to {to} Mbit/s");
    }
    rig.now - SECOND - changed
}

/// A.15 for ten times the rate: growth doubles each round trip of a probe.
#[test]
fn more_bandwidth_is_found() {
    assert!(time_to_use(50, 100) <= 4 * SECOND);
    assert!(time_to_use(10, 100) <= 12 * SECOND);
}

/// A.16: the larger bandwidth is forgotten after two cycles of probing; with half of it the queue is
/// as short as ever then.
#[test]
fn less_bandwidth_is_learnt() {
    for (to, time) in [(50, 12), (10, 16)] {
        let mut rig = rig(100, 40, 500, Loss::Never);
        rig.run(4 * SECOND);
        rig.line.rate = to * MBIT;
        rig.run(rig.now + time * SECOND);
        assert_within(5, rig.max_bw(), to * MBIT);
        assert_within(6, rig.rate_over(10 * SECOND), to * MBIT);
        rig.run_to(State::Refill);
        rig.line.longest = 0;
        rig.run_to(State::Up);
        assert!(to == 10 || rig.line.longest < 20, "{}", rig.line.longest);
    }
}

/// A longer way is believed once the shorter one is ten seconds old.
#[test]
fn a_longer_round_trip_is_learnt() {
    let mut rig = rig(50, 20, 500, Loss::Never);
    rig.run(4 * SECOND);
    rig.line.rtt = 80 * MILLISECOND;
    rig.run(20 * SECOND);
    let min_rtt = rig.algorithm.probe_rtt.min_rtt().expect("measured");
    assert_within(2, min_rtt, 80 * MILLISECOND);
    assert_within(5, rig.rate_over(10 * SECOND), 50 * MBIT);
}

/// A.7: what the program limits says nothing of the path.
#[test]
fn a_program_that_sends_little_does_not_end_startup() {
    let mut rig = rig(100, 20, 500, Loss::Never);
    rig.supply = Some(10 * MBIT);
    rig.run(3 * SECOND);
    assert_eq!(rig.state(), State::Startup);
    assert!(!rig.algorithm.full_pipe.reached);
    rig.supply = None;
    rig.run_to(State::Drain);
    assert_within(2, rig.max_bw(), 100 * MBIT);
}

/// §5.5.4: samples that the program limits do not lower the bandwidth.
#[test]
fn a_program_that_sends_little_does_not_lower_the_bandwidth() {
    let mut rig = rig(100, 20, 500, Loss::Never);
    rig.run(3 * SECOND);
    rig.supply = Some(rig.delivered() * SECOND / rig.now / 20);
    rig.run(30 * SECOND);
    assert_within(2, rig.max_bw(), 100 * MBIT);
}

/// A.11: a pause is as good as ProbeRTT; it begins again at the bandwidth, with the window it had.
#[test]
fn a_pause_spares_the_search_for_the_round_trip() {
    let mut rig = rig(100, 20, 500, Loss::Never);
    rig.run(4 * SECOND);
    let window = rig.algorithm.window();
    rig.supply = Some(0);
    rig.run(10 * SECOND);
    assert_eq!(rig.in_flight(), 0);
    rig.supply = None;
    rig.run(rig.now + 10 * MILLISECOND);
    assert_eq!(rig.algorithm.window(), window);
    assert_within(3, rig.algorithm.pacing_rate, 100 * MBIT);
    while rig.now < 14 * SECOND {
        assert_ne!(rig.state(), State::ProbeRtt, "at {} ns", rig.now);
        rig.run(rig.now + MILLISECOND);
    }
}

/// A.20: back to Startup, if the pipe was not yet full.
#[test]
fn a_search_in_startup_returns_to_startup() {
    let mut rig = rig(100, 20, 500, Loss::Never);
    rig.supply = Some(10 * MBIT);
    rig.run_to(State::ProbeRtt);
    rig.run_to(State::Startup);
    assert!(!rig.algorithm.full_pipe.reached);
}

/// The first round-trip time decides how fast it begins: 2.77 initial windows in it.
#[test]
fn pacing_begins_with_the_first_round_trip_time() {
    let mut rig = rig(100, 20, 500, Loss::Never);
    assert_eq!(rig.algorithm.pacing_rate(), Some(14_600_000 * 277 / 100));
    let flight = Flight {
        srtt: 100 * MILLISECOND,
        ..Flight::default()
    };
    rig.algorithm.on_sent(1500, &flight);
    assert_eq!(rig.algorithm.pacing_rate(), Some(146_000 * 277 / 100));
}

/// §5.6.4.4: one segment more than what is under way; all of the window once it is over.
#[test]
fn a_timeout_keeps_the_window_for_later() {
    let mut rig = rig(100, 20, 500, Loss::Never);
    rig.run(4 * SECOND);
    let window = rig.algorithm.window();
    let flight = Flight {
        now: rig.now,
        ..Flight::default()
    };
    rig.algorithm.on_congestion(Reason::Timeout, &flight);
    assert_eq!(rig.algorithm.window(), 1500);
    rig.algorithm.on_recovered(&flight);
    assert_eq!(rig.algorithm.window(), window);
}
