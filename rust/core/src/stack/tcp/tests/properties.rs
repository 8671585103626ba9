//! Whatever a line does, bytes come out as they went in, in order and once, or the connection ends
//! with an error; and in the end nothing is left of either side, no timer, no memory.
use super::line::Quality;
use super::pair::{CLIENT, Pair, SERVER};
use super::transfers::bytes;
use crate::stack::error::SocketError;
use crate::stack::options::{Algorithm, SocketOptions};
use crate::time::{MILLISECOND, Nanos, SECOND};
use proptest::prelude::*;

/// Longer than any connection lives whose peer is gone.
const LONG: Nanos = 10_000 * SECOND;

prop_compose! {
    fn qualities()(
        delay in 0_u64..200, rate in prop_oneof![Just(0_u64), 100_000_u64..100_000_000],
        queue in 3000_u64..200_000, loss in prop_oneof![Just(0.0), 0.0..0.3],
        duplicate in prop_oneof![Just(0.0), 0.0..0.2], reorder in prop_oneof![Just(0.0), 0.0..0.5],
        late in 1_u64..100, whole: bool, mark in prop_oneof![Just(0.0), 0.0..0.2],
        mtu in prop_oneof![4 => Just(65_535_u64), 1 => 600_u64..1500],
    ) -> Quality {
        let whole = whole && mtu == 65_535;
        Quality {
            delay: delay * MILLISECOND, rate, queue, loss, duplicate, reorder,
            late: late * MILLISECOND, mtu, whole, mark,
        }
    }
}

prop_compose! {
    fn options()(
        congestion in prop_oneof![
            Just(Algorithm::Cubic), Just(Algorithm::Reno), Just(Algorithm::Bbr),
        ],
        nodelay: bool, ecn: bool, pacing: bool,
        send_buffer in 2000_u32..200_000, receive_buffer in 2000_u32..200_000,
        delayed_ack in 0_u64..500,
    ) -> SocketOptions {
        SocketOptions {
            congestion, nodelay, ecn, pacing, send_buffer, receive_buffer,
            delayed_ack: delayed_ack * MILLISECOND,
            // Or one that only waits would wait for ever for a peer that is gone.
            keepalive_idle: Some(100 * SECOND), ..SocketOptions::default()
        }
    }
}

/// Each end sends so much, and finishes.
fn transfer(quality: Quality, options: &SocketOptions, seed: u64, sizes: [usize; 2]) -> Pair {
    let mut pair = Pair::new(quality, options, seed);
    for (end, size) in pair.ends.iter_mut().zip(sizes) {
        end.outbox = bytes(size);
        end.shutdown = true;
        end.close = true;
    }
    pair.run(LONG);
    pair
}

/// What came is what was sent, and what failed says so; without much loss nothing fails.
fn is_right(pair: &mut Pair, sizes: [usize; 2]) -> Result<(), TestCaseError> {
    let errors: Vec<_> = pair
        .ends
        .iter_mut()
        .map(|end| end.connection.as_mut().and_then(|it| it.take_error()))
        .collect();
    let failed = errors.iter().any(Option::is_some);
    prop_assert!(!failed || pair.lines[0].quality.loss > 0.1, "{errors:?}");
    for (end, size) in [(SERVER, sizes[CLIENT]), (CLIENT, sizes[SERVER])] {
        let sent = bytes(size);
        let got = &pair.ends[end].inbox;
        prop_assert!(sent.starts_with(got), "other bytes came out than went in");
        prop_assert!(
            failed || got.len() == size,
            "{} of {size} bytes came",
            got.len()
        );
    }
    let known = [
        None,
        Some(SocketError::TimedOut),
        Some(SocketError::ConnectionReset),
    ];
    prop_assert!(
        errors.iter().all(|error| known.contains(error)),
        "{errors:?}"
    );
    Ok(())
}

fn nothing_is_left(pair: &mut Pair) -> Result<(), TestCaseError> {
    for end in &mut pair.ends {
        let Some(connection) = &mut end.connection else {
            continue;
        };
        let info = connection.info(LONG);
        prop_assert_eq!(
            connection.deadline(),
            None,
            "a timer is left in {}",
            info.state
        );
        prop_assert!(connection.is_over(), "it is still in {}", info.state);
        prop_assert!(connection.memory() < 2048, "{} bytes", connection.memory());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn bytes_come_in_order_and_once_or_an_error(
        quality in qualities(), options in options(), seed: u64,
        sizes in prop::array::uniform2(0_usize..100_000),
    ) {
        let mut pair = transfer(quality, &options, seed, sizes);
        is_right(&mut pair, sizes)?;
        nothing_is_left(&mut pair)?;
    }

    /// A line that is cut for ever in the middle of it all.
    #[test]
    fn a_cut_line_ends_both(
        quality in qualities(), options in options(), seed: u64, cut in 0_u64..3000,
        sizes in prop::array::uniform2(1_usize..100_000),
    ) {
        let mut pair = Pair::new(quality, &options, seed);
        for (end, size) in pair.ends.iter_mut().zip(sizes) {
            end.outbox = bytes(size);
            end.close = true;
            end.shutdown = true;
        }
        pair.run(cut * MILLISECOND);
        for line in &mut pair.lines {
            line.quality.loss = 1.0;
        }
        pair.run(LONG);
        nothing_is_left(&mut pair)?;
    }
}

/// Two runs with one seed send the same segments at the same moments.
#[test]
fn one_seed_one_run() {
    let quality = Quality {
        rate: 10_000_000,
        loss: 0.05,
        reorder: 0.1,
        duplicate: 0.05,
        ..Quality::default()
    };
    let log = || {
        let pair = transfer(
            quality.clone(),
            &SocketOptions::default(),
            5,
            [300_000, 1000],
        );
        let entry = |it: &(Nanos, usize, super::line::Parcel)| (it.0, it.1, it.2.bytes.clone());
        pair.log.iter().map(entry).collect::<Vec<_>>()
    };
    assert!(log() == log());
}
