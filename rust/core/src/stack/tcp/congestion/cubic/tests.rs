use super::super::{Ack, Congestion, Flight, Reason};
use super::{ALPHA, Cubic, Curve};
use crate::time::{MILLISECOND, Nanos, SECOND};

const MSS: u64 = 1000;
const RTT: Nanos = 100 * MILLISECOND;

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

/// In congestion avoidance, as a window of `before` segments met a loss.
fn after_loss(before: f64) -> Cubic {
    let mut cubic = Cubic::new(MSS);
    cubic.state.window = before * MSS as f64;
    cubic.on_congestion(Reason::Loss, &Flight::default());
    cubic.on_recovered(&Flight::default());
    cubic
}

fn ack(now: Nanos, bytes: u64) -> Ack {
    Ack {
        flight: Flight {
            now,
            mss: MSS,
            srtt: RTT,
            ..Flight::default()
        },
        newly_acked: bytes,
        window_limited: true,
        ..Ack::default()
    }
}

/// Acknowledges a window segment by segment over each round trip, from `from` to `until`.
fn run(cubic: &mut Cubic, from: Nanos, until: Nanos) {
    let mut now = from;
    while now < until {
        let segments = cubic.window() / MSS;
        for index in 1..=segments {
            cubic.on_ack(&ack(now + RTT * index / segments, MSS));
        }
        now += RTT;
    }
}

/// RFC 9438 §4.2 for a window of 1000 segments: K is the cube root of 300/0.4.
#[test]
fn the_curve_is_the_rfc_s() {
    let curve = Curve::new(700_000.0, Some(1_000_000.0), MSS);
    let k = (300.0_f64 / 0.4).powf(1.0 / 3.0);
    assert!(near(curve.k, k) && near(k, 9.085_602_964_160_698));
    for tenth in 0..200 {
        let t = f64::from(tenth) / 10.0;
        let segments = 0.4 * (t - k).powi(3) + 1000.0;
        assert!(near(curve.at(t), segments * 1000.0), "t = {t}");
    }
    assert!(near(curve.at(0.0), 700_000.0) && near(curve.at(k), 1_000_000.0));
}

#[test]
fn without_a_plateau_the_curve_rises_at_once() {
    for plateau in [None, Some(500_000.0)] {
        let curve = Curve::new(700_000.0, plateau, MSS);
        assert_eq!((curve.k, curve.plateau), (0.0, 700_000.0));
        assert!(near(curve.at(10.0), 700_000.0 + 400.0 * 1000.0));
    }
}

#[test]
fn alpha_is_nine_seventeenths() {
    assert!(near(ALPHA, 9.0 / 17.0));
}

/// The window runs one round trip ahead on the curve, and so lies between W(t) and W(t + RTT).
#[test]
fn the_window_follows_the_curve() {
    let mut cubic = after_loss(1000.0);
    assert_eq!((cubic.window(), cubic.ssthresh()), (700_000, 700_000));
    let curve = Curve::new(700_000.0, Some(1_000_000.0), MSS);
    let mut now = 0;
    while now < 15 * SECOND {
        run(&mut cubic, now, now + SECOND);
        now += SECOND;
        // The stage began at the first acknowledgement, a seven-hundredth of a round trip in.
        let t = (now - RTT / 700) as f64 / 1e9;
        let window = cubic.state.window;
        assert!(window >= curve.at(t) * 0.999, "{window} at {t}");
        assert!(window <= curve.at(t + 0.1) * 1.001, "{window} at {t}");
    }
}

/// §4.2: target is at most half as much again as the window.
#[test]
fn a_round_trip_adds_half_at_most() {
    let mut cubic = after_loss(10.0);
    cubic.on_ack(&ack(0, MSS));
    let before = cubic.state.window;
    cubic.on_ack(&ack(100 * SECOND, MSS));
    let grown = cubic.state.window - before;
    assert!(near(grown, 0.5 * MSS as f64), "{grown}");
}

/// §4.3: with 20 segments and 100 ms, 0.53 segments a round trip until the old window, then one.
#[test]
fn small_windows_are_friendly_to_reno() {
    let mut cubic = after_loss(20.0);
    let mut estimate = 14.0 * MSS as f64;
    for round in 0..40_u64 {
        let segments = cubic.window() / MSS;
        let alpha = if estimate < 20_000.0 { 9.0 / 17.0 } else { 1.0 };
        for _ in 0..segments {
            let window = cubic.state.window;
            cubic.on_ack(&ack(round * 20 * MILLISECOND, MSS));
            estimate += alpha * MSS as f64 * MSS as f64 / window;
        }
        let window = cubic.state.window;
        assert!(
            (window - estimate).abs() < 1000.0,
            "{window}, {estimate} in {round}"
        );
    }
    assert!(cubic.state.window > 35_000.0);
}

/// §4.7: a window that did not get back to the plateau makes for a lower one.
#[test]
fn fast_convergence_lowers_the_plateau() {
    let mut cubic = after_loss(1000.0);
    assert_eq!(cubic.state.plateau, Some(1_000_000.0));
    cubic.on_congestion(Reason::Loss, &Flight::default());
    assert_eq!(cubic.state.plateau, Some(700_000.0 * 0.85));
    assert_eq!((cubic.window(), cubic.ssthresh()), (490_000, 490_000));
    cubic.state.window = 800_000.0;
    cubic.on_congestion(Reason::Loss, &Flight::default());
    assert_eq!(cubic.state.plateau, Some(800_000.0));
}

/// §4.6: two segments after a loss, one after a mark.
#[test]
fn the_window_has_floors() {
    let mut cubic = after_loss(3.0);
    for (reason, window) in [
        (Reason::Loss, 2000),
        (Reason::Ecn, 1400),
        (Reason::Ecn, 1000),
        (Reason::Ecn, 1000),
    ] {
        cubic.on_congestion(reason, &Flight::default());
        assert_eq!((cubic.window(), cubic.ssthresh()), (window, 2000));
    }
}

/// §4.8: slow start to 0.7 of the window, and from there the convex half of the curve.
#[test]
fn a_timeout_begins_anew_from_the_threshold() {
    let mut cubic = after_loss(100.0);
    cubic.on_congestion(Reason::Timeout, &Flight::default());
    assert_eq!((cubic.window(), cubic.ssthresh()), (MSS, 49_000));
    (0..48).for_each(|_| cubic.on_ack(&ack(0, MSS)));
    assert_eq!(cubic.window(), 49_000);
    cubic.on_ack(&ack(SECOND, MSS));
    let curve = cubic.state.stage.expect("congestion avoidance").curve;
    assert_eq!((curve.plateau, curve.k), (49_000.0, 0.0));
}

/// §4.9: all is as it was, the curve too.
#[test]
fn a_mistaken_loss_is_undone() {
    let mut cubic = after_loss(1000.0);
    run(&mut cubic, 0, 3 * SECOND);
    let before = cubic.state;
    cubic.on_congestion(Reason::Loss, &Flight::default());
    assert_ne!(cubic.state, before);
    cubic.on_spurious(&Flight::default());
    assert_eq!(cubic.state, before);
    cubic.on_spurious(&Flight::default());
    assert_eq!(cubic.state, before);
}

#[test]
fn a_late_undo_keeps_a_larger_window() {
    let mut cubic = after_loss(20.0);
    cubic.state.window = 21_000.0;
    cubic.on_spurious(&Flight::default());
    assert_eq!(cubic.window(), 21_000);
}

/// §5.8: a second in which the program limits the sender does not count on the curve.
#[test]
fn time_limited_by_the_program_does_not_count() {
    let (mut steady, mut limited) = (after_loss(1000.0), after_loss(1000.0));
    run(&mut steady, 0, 2 * SECOND);
    run(&mut limited, 0, 2 * SECOND);
    let window = limited.window();
    for moment in 20..50 {
        limited.on_ack(&Ack {
            window_limited: false,
            ..ack(moment * RTT, MSS)
        });
    }
    assert_eq!(limited.window(), window);
    limited.on_restart(SECOND / 10, &ack(6 * SECOND, 0).flight);
    run(&mut steady, 2 * SECOND, 4 * SECOND);
    run(&mut limited, 6 * SECOND, 8 * SECOND);
    let (a, b) = (steady.state.window, limited.state.window);
    assert!((a / b - 1.0).abs() < 1e-3, "{a}, {b}");
}

/// §4.10: the delay ends slow start; the curve rises from there, without a plateau to regain.
#[test]
fn slow_start_may_end_without_a_loss() {
    let mut cubic = Cubic::new(MSS);
    let mut una = 0;
    for round in 0..12_u64 {
        let rtt = if round < 4 { RTT } else { RTT + RTT / 4 };
        for _ in 0..10 {
            una += MSS;
            let mut sample = ack(round * RTT, MSS);
            (sample.rtt, sample.flight.una) = (Some(rtt), una);
            sample.flight.next = una + 10 * MSS;
            cubic.on_ack(&sample);
        }
    }
    assert!(cubic.ssthresh() < u64::MAX);
    assert_eq!(cubic.state.prior, cubic.ssthresh() as f64);
    let curve = cubic.state.stage.expect("congestion avoidance").curve;
    assert_eq!((curve.plateau, curve.k), (cubic.ssthresh() as f64, 0.0));
}

#[test]
fn a_long_pause_restarts_below_the_plateau() {
    let mut cubic = after_loss(1000.0);
    run(&mut cubic, 0, 9 * SECOND);
    let window = cubic.state.window;
    cubic.on_restart(SECOND, &ack(10 * SECOND, 0).flight);
    assert_eq!(cubic.window(), 10 * MSS);
    assert_eq!(cubic.ssthresh(), (window * 0.75) as u64);
    assert_eq!(cubic.state.plateau, Some(1_000_000.0));
}

#[test]
fn pacing_lifts_the_limit_of_slow_start() {
    for (paced, window) in [(false, 18_000), (true, 50_000)] {
        let mut cubic = Cubic::new(MSS);
        cubic.on_pacing(paced);
        cubic.on_ack(&ack(0, 40 * MSS));
        assert_eq!(cubic.window(), window);
    }
}
