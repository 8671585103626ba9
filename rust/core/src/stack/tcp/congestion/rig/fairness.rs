//! Two flows on one line.
use super::super::bbr::Bbr;
use super::super::cubic::Cubic;
use super::super::reno::Reno;
use super::{Congestion, Line, Loss, MSS, Rig};
use crate::rng::Stream;
use crate::time::{MICROSECOND, MILLISECOND, SECOND};

/// 50 Mbit/s and 40 ms, with a queue of one bandwidth-delay product.
fn line() -> Line {
    Line::new(6_250_000, 40 * MILLISECOND, 167, Loss::Never)
}

/// Runs both on the line of the one whose turn it is, for twenty seconds and then for a minute; the
/// percent of what was delivered in that minute that was the first one's.
fn share<A: Congestion, B: Congestion>(first: A, second: B) -> u64 {
    let (mut first, mut second) = (Rig::new(first, line()), Rig::new(second, line()));
    let mut order = Stream::new(1, "order");
    let mut run = |seconds| {
        let before = (first.delivered(), second.delivered());
        let until = first.now + seconds * SECOND;
        while first.now < until {
            let now = first.now + 50 * MICROSECOND;
            let early = order.chance(0.5);
            if early {
                first.run(now);
            }
            std::mem::swap(&mut first.line, &mut second.line);
            second.run(now);
            std::mem::swap(&mut first.line, &mut second.line);
            first.run(now);
        }
        (first.delivered() - before.0, second.delivered() - before.1)
    };
    run(20);
    let (first, second) = run(60);
    first * 100 / (first + second)
}

fn assert_even(share: u64) {
    assert!((38..=62).contains(&share), "the share is {share} of 100");
}

#[test]
fn two_flows_of_a_kind_share_evenly() {
    assert_even(share(Reno::new(MSS), Reno::new(MSS)));
    assert_even(share(Bbr::new(MSS, 0, 1), Bbr::new(MSS, 0, 2)));
}

/// The draft's §5.3.3.5.1: probing leaves time for the others to grow.
#[test]
fn bbr_leaves_room_to_flows_that_wait_for_losses() {
    let cubic = share(Cubic::new(MSS), Bbr::new(MSS, 0, 1));
    assert!(
        (25..=60).contains(&cubic),
        "CUBIC's share is {cubic} of 100"
    );
    let reno = share(Reno::new(MSS), Bbr::new(MSS, 0, 1));
    assert!((15..=60).contains(&reno), "Reno's share is {reno} of 100");
}
