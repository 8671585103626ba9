//! Bandwidth under loss, against the formulas for it: Reno's is 1.22·MSS/(RTT·√p) (Mathis et al., "The
//! macroscopic behavior of the TCP congestion avoidance algorithm", 1997), CUBIC's is RFC 9438 §5.1.
use super::super::cubic::Cubic;
use super::super::reno::Reno;
use super::{Congestion, Line, Loss, MSS, Rig};
use crate::rng::Stream;
use crate::time::{MILLISECOND, Nanos, SECOND};

/// Bytes a second: so fast that there is never a queue.
const FAST: u64 = 100_000_000_000;
/// Losses before the measurement begins, so that slow start does not count.
const BEFORE: u64 = 5;

/// The mean window in segments, over `losses` losses: bandwidth times the round-trip time.
fn window<C: Congestion>(algorithm: C, rtt: Nanos, loss: Loss, losses: u64) -> f64 {
    let line = Line::new(FAST, rtt, usize::MAX, loss);
    let mut rig = Rig::new(algorithm, line);
    let mut run = |until: u64| {
        while rig.lost() < until * MSS {
            rig.run(rig.now + SECOND);
        }
        (rig.delivered(), rig.now)
    };
    let (from, to) = (run(BEFORE), run(BEFORE + losses));
    let rate = (to.0 - from.0) as f64 / (to.1 - from.1) as f64;
    rate * rtt as f64 / MSS as f64
}

fn reno(p: f64) -> f64 {
    1.22 / p.sqrt()
}

fn cubic(p: f64, rtt: Nanos) -> f64 {
    1.054 * (rtt as f64 / SECOND as f64 / p).powf(0.75)
}

fn assert_near(measured: f64, formula: f64, p: f64, rtt: Nanos) {
    let ratio = measured / formula;
    assert!(
        (0.85..1.15).contains(&ratio),
        "{measured:.1} segments, {formula:.1} by the formula, p = {p}, {} ms",
        rtt / MILLISECOND
    );
}

/// Each packet is lost with the same probability.
#[test]
fn reno_is_bound_by_random_loss_as_mathis_says() {
    for (p, losses) in [(0.0001, 200), (0.001, 800), (0.01, 2000)] {
        for rtt in [20 * MILLISECOND, 200 * MILLISECOND] {
            let loss = Loss::Chance(p, Stream::new(7, "loss"));
            let measured = window(Reno::new(MSS), rtt, loss, losses);
            assert_near(measured, reno(p), p, rtt);
        }
    }
}

/// Each n-th packet is lost, as in the formula's derivation. Where Reno's is larger, CUBIC is as Reno.
#[test]
fn cubic_is_bound_by_loss_as_its_rfc_says() {
    for (p, n) in [(0.0001, 10_000), (0.001, 1000), (0.01, 100)] {
        for rtt in [20, 100, 200].map(|rtt| rtt * MILLISECOND) {
            let measured = window(Cubic::new(MSS), rtt, Loss::Every(n), 100);
            assert_near(measured, reno(p).max(cubic(p, rtt)), p, rtt);
        }
    }
}
