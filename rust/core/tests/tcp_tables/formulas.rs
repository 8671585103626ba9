//! Long connections against the formula for Reno, and short ones against Linux.
use crate::path::{Bottleneck, Path};
use std::ops::Range;
use usernet_core::stack::options::{Algorithm, SocketOptions};
use usernet_core::time::{MILLISECOND, Nanos, SECOND};

const MSS: f64 = 1448.0;

/// The mean goodput in Mbit/s from one moment to another and over so many runs, at 100 Mbit/s with 256
/// packets of queue.
fn goodput(algorithm: Algorithm, loss: f64, rtt: u64, time: Range<Nanos>, runs: u64) -> f64 {
    let bottleneck = Bottleneck {
        rate: 100_000_000,
        rtt: rtt * MILLISECOND,
        queue: 256,
        loss,
    };
    let options = SocketOptions {
        congestion: algorithm,
        ..SocketOptions::default()
    };
    let run = |seed| {
        let mut path = Path::new(bottleneck, &options, seed);
        path.run(time.start);
        let before = path.received;
        path.run(time.end);
        path.received - before
    };
    let bytes: u64 = (0..runs).map(run).sum();
    bytes as f64 * 8000.0 / (runs * (time.end - time.start)) as f64
}

/// 1.22·MSS/(RTT·√p), as Mathis and others have it (1997).
#[test]
fn reno_is_within_15_percent_of_the_formula() {
    for (loss, rtt, until, runs) in [
        (0.001, 20, 30, 3),
        (0.001, 100, 100, 4),
        (0.01, 20, 40, 3),
        (0.01, 100, 100, 3),
    ] {
        let time = 10 * SECOND..until * SECOND;
        let measured = goodput(Algorithm::Reno, loss, rtt, time, runs);
        let formula = 1.22 * MSS * 8.0 / (rtt as f64 * 1000.0 * f64::sqrt(loss));
        let ratio = measured / formula;
        assert!(
            (0.85..1.15).contains(&ratio),
            "{measured:.2} Mbit/s, {formula:.2} by the formula, at {loss} and {rtt} ms"
        );
    }
}

/// What Linux reaches through the same bottleneck with the same algorithm, measured over about ten
/// seconds each (with TUN, and a queue of 256 packets): no less than 0.95 of it.
#[test]
fn goodput_is_no_less_than_that_of_linux() {
    for (algorithm, loss, rtt, linux) in [
        (Algorithm::Cubic, 0.0, 20, 94.0),
        (Algorithm::Cubic, 0.001, 20, 26.0),
        (Algorithm::Cubic, 0.01, 20, 6.2),
        (Algorithm::Cubic, 0.0, 100, 86.0),
        (Algorithm::Cubic, 0.001, 100, 13.0),
        (Algorithm::Bbr, 0.0, 20, 93.0),
        (Algorithm::Bbr, 0.01, 20, 92.0),
        (Algorithm::Bbr, 0.001, 100, 84.0),
    ] {
        let runs = match (algorithm, loss > 0.0) {
            (Algorithm::Cubic, true) => 8,
            _ => 1,
        };
        let measured = goodput(algorithm, loss, rtt, 0..10 * SECOND, runs);
        assert!(
            measured >= 0.95 * linux,
            "{algorithm:?} at {loss} and {rtt} ms: {measured:.1} Mbit/s, Linux {linux}"
        );
    }
}
