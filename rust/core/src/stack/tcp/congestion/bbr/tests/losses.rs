//! On a line that loses packets.
use super::super::{Bbr, Congestion, Flight, INFINITE, Lost, Reason, Sample, State};
use super::{Loss, MBIT, MSS, rig};
use crate::rng::Stream;
use crate::time::{MILLISECOND, SECOND};

fn chance(p: f64) -> Loss {
    Loss::Chance(p, Stream::new(3, "loss"))
}

/// Losses of less than 2 % are not congestion.
#[test]
fn one_loss_in_a_hundred_leaves_90_of_100() {
    for (mbit, rtt) in [
        (10, 20),
        (10, 100),
        (50, 20),
        (100, 20),
        (100, 100),
        (1000, 20),
    ] {
        let mut rig = rig(mbit, rtt, 256, chance(0.01));
        rig.run(5 * SECOND);
        let rate = rig.rate_over(20 * SECOND);
        assert!(
            rate > 90 * mbit * MBIT / 100,
            "{rate} at {mbit} Mbit/s, {rtt} ms"
        );
    }
}

/// A queue of a fifth of the product: the long-term bound learns what fits, and few are lost.
#[test]
fn a_short_queue_is_learnt() {
    let mut rig = rig(100, 20, 32, Loss::Never);
    rig.run_to(State::Drain);
    let longterm = rig.algorithm.model.inflight_longterm;
    assert!(longterm <= rig.bdp() + 40 * MSS, "{}", longterm / MSS);
    rig.run(5 * SECOND);
    let lost = rig.lost();
    assert!(rig.rate_over(20 * SECOND) > 95 * MBIT);
    let (lost, sent) = ((rig.lost() - lost) / MSS, 20 * 8333);
    assert!(lost * 500 < sent, "{lost} of {sent} lost");
}

/// A.2: losses end Startup although the program limits the rate.
#[test]
fn many_losses_end_startup() {
    let mut rig = rig(100, 20, 500, chance(0.1));
    rig.supply = Some(50 * MBIT);
    rig.run_to(State::Drain);
    assert!(rig.algorithm.full_pipe.reached);
    assert!(rig.algorithm.model.inflight_longterm < INFINITE);
}

/// In cruise, with a flight of 100 segments, and 10 Mbit/s over 100 ms known.
fn cruising() -> Bbr {
    let mut rig = rig(10, 100, 500, Loss::Never);
    rig.run_to(State::Cruise);
    rig.run(rig.now + 200 * MILLISECOND);
    assert_eq!(rig.state(), State::Cruise);
    rig.algorithm
}

fn lose(bbr: &mut Bbr, segments: u64) {
    let tx_in_flight = 100 * MSS;
    let mut flight = bbr.flight;
    let prior_lost = flight.lost;
    for _ in 0..segments {
        flight.lost += MSS;
        let lost = Lost {
            bytes: MSS,
            tx_in_flight,
            prior_lost,
            app_limited: false,
        };
        bbr.on_lost(&lost, &flight);
    }
    bbr.on_congestion(Reason::Loss, &flight);
}

/// The acknowledgement that ends a round trip in which so much was lost, and this was delivered.
fn end_round(bbr: &mut Bbr, lost: u64, rate: u64, delivered: u64) {
    let sample = Sample {
        rate,
        delivered,
        prior_delivered: Some(bbr.flight.delivered),
        tx_in_flight: 100 * MSS,
        lost: lost * MSS,
        ..Sample::default()
    };
    bbr.update_latest_delivery(&sample);
    bbr.update_congestion_signals(&sample);
    bbr.signals.advance(&sample);
    bbr.model.bound();
}

/// §5.5.10.3: to what was delivered, which may have been 98 of 100 parts of what was sent; but to no
/// less than 0.7 of what it was.
#[test]
fn a_round_trip_with_losses_lowers_the_short_term_bounds() {
    let mut bbr = cruising();
    bbr.signals.reset();
    let (bw, window) = (bbr.model.bw, bbr.window);
    lose(&mut bbr, 3);
    end_round(&mut bbr, 3, bw * 90 / 100, window / 10);
    let lowered = bw * 90 / 98;
    assert_eq!(bbr.model.bw, lowered);
    assert_eq!(bbr.model.inflight_shortterm, window * 70 / 100);
    lose(&mut bbr, 3);
    end_round(&mut bbr, 3, bw / 10, window / 10);
    assert_eq!(bbr.model.bw, lowered, "the round's best counts");
    lose(&mut bbr, 3);
    end_round(&mut bbr, 3, bw / 10, window / 10);
    assert_eq!(bbr.model.bw, lowered * 70 / 100);
}

#[test]
fn losses_within_the_threshold_lower_nothing() {
    let mut bbr = cruising();
    lose(&mut bbr, 2);
    end_round(&mut bbr, 2, 1000, 1000);
    assert_eq!(bbr.model.bw_shortterm, INFINITE);
    assert_eq!(bbr.model.inflight_shortterm, INFINITE);
}

#[test]
fn a_mark_lowers_the_bounds_too() {
    let mut bbr = cruising();
    bbr.signals.reset();
    let bw = bbr.model.bw;
    let flight = bbr.flight;
    bbr.on_congestion(Reason::Ecn, &flight);
    end_round(&mut bbr, 0, bw * 8 / 10, 1000);
    assert_eq!(bbr.model.bw, bw * 8 / 10);
}

/// A.21: at 3 of 100 a probe sent too much. 2 % of 99 segments are 1.98, of which 2 are lost already,
/// so that 99 fitted.
#[test]
fn losses_end_a_probe_and_bound_the_next() {
    let mut bbr = cruising();
    (bbr.state, bbr.cycle.is_probe_sample) = (State::Up, true);
    lose(&mut bbr, 2);
    assert_eq!(bbr.state, State::Up);
    lose(&mut bbr, 3);
    assert_eq!(bbr.state, State::Down);
    assert_eq!(bbr.model.inflight_longterm, 99 * MSS);
    assert!(bbr.cycle.too_high);
    lose(&mut bbr, 50);
    assert_eq!(bbr.model.inflight_longterm, 99 * MSS, "once a probe");
}

/// A.18: the bounds are as they were, and the probe goes on.
#[test]
fn a_mistaken_loss_is_undone() {
    let mut bbr = cruising();
    (bbr.state, bbr.cycle.is_probe_sample) = (State::Up, true);
    let (model, window) = (bbr.model.clone(), bbr.window);
    lose(&mut bbr, 3);
    let bw = bbr.model.bw;
    end_round(&mut bbr, 3, bw / 2, 1000);
    assert_eq!(bbr.state, State::Down);
    let flight = bbr.flight;
    bbr.on_spurious(&flight);
    assert_eq!(bbr.state, State::Refill);
    assert_eq!(bbr.model.inflight_longterm, model.inflight_longterm);
    assert_eq!(bbr.model.bw_shortterm, model.bw_shortterm);
    assert_eq!(bbr.window, window);
}

/// A.19, in Startup: what losses ended goes on.
#[test]
fn a_mistaken_loss_in_startup_returns_to_startup() {
    let mut rig = rig(100, 20, 500, Loss::Never);
    rig.run(40 * MILLISECOND);
    let bbr = &mut rig.algorithm;
    lose(bbr, 10);
    bbr.leave_startup_for_loss();
    bbr.check_startup_done(&Sample::default());
    assert_eq!(bbr.state, State::Drain);
    bbr.on_spurious(&Flight::default());
    assert_eq!((bbr.state, bbr.full_pipe.reached), (State::Startup, false));
    assert_eq!(bbr.model.inflight_longterm, INFINITE);
}
