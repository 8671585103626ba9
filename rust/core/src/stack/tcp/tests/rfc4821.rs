//! RFC 4821 and RFC 2923: paths that swallow large packets without a word.
use super::line::Quality;
use super::pair::{CLIENT, Pair, SERVER};
use super::transfers::bytes;
use crate::stack::options::SocketOptions;
use crate::time::{Nanos, SECOND};

const SIZE: usize = 4 << 20;

fn pair(mtu: u64) -> Pair {
    let quality = Quality {
        rate: 20_000_000,
        mtu,
        ..Quality::default()
    };
    let mut pair = Pair::new(quality, &SocketOptions::default(), 1);
    pair.ends[CLIENT].outbox = bytes(SIZE);
    pair
}

fn run(pair: &mut Pair, until: Nanos) {
    pair.run_while(until, |pair| pair.ends[SERVER].inbox.len() < SIZE);
}

/// The largest IP packet among the last segments that the client sent.
fn newest(pair: &Pair) -> usize {
    let sent = pair.log.iter().rev().filter(|it| it.1 == CLIENT).take(200);
    sent.map(|it| it.2.bytes.len() + 20).max().unwrap_or(0)
}

/// Twice nothing comes through; then small segments do, and the search finds what the path takes.
#[test]
fn a_black_hole_is_found_and_measured() {
    let mut pair = pair(1400);
    run(&mut pair, 60 * SECOND);
    assert!(pair.ends[SERVER].inbox == bytes(SIZE));
    let info = pair.connection(CLIENT).info(0);
    assert!((1392..=1400).contains(&info.path_mtu), "{}", info.path_mtu);
    assert_eq!(newest(&pair), info.path_mtu as usize);
    assert_eq!(info.timeouts, 2);
    let lost_probes = pair.lines[CLIENT].lost;
    assert!(lost_probes < 40, "{lost_probes}");
}

/// A path that takes no more than 576 bytes.
#[test]
fn even_the_base_may_be_too_large() {
    let mut pair = pair(600);
    run(&mut pair, 60 * SECOND);
    assert!(pair.ends[SERVER].inbox == bytes(SIZE));
    let path_mtu = pair.connection(CLIENT).info(0).path_mtu;
    assert!((592..=600).contains(&path_mtu), "{path_mtu}");
}

/// A path that was only down for a while: one probe shows that nothing has changed.
#[test]
fn an_outage_is_no_black_hole() {
    let mut pair = pair(65_535);
    run(&mut pair, SECOND / 2);
    pair.lines[CLIENT].quality.loss = 1.0;
    run(&mut pair, 4 * SECOND);
    assert_eq!(pair.connection(CLIENT).info(0).path_mtu, 1200);
    pair.lines[CLIENT].quality.loss = 0.0;
    run(&mut pair, 60 * SECOND);
    assert!(pair.ends[SERVER].inbox == bytes(SIZE));
    assert_eq!(pair.connection(CLIENT).info(0).path_mtu, 1500);
}

/// RFC 4821 §7.7: ten minutes later the path may take more.
#[test]
fn a_larger_path_is_found_later() {
    let mut pair = pair(1400);
    run(&mut pair, 60 * SECOND);
    pair.lines[CLIENT].quality.mtu = 1500;
    pair.ends[SERVER].inbox.clear();
    pair.ends[CLIENT].outbox = bytes(SIZE);
    run(&mut pair, 120 * SECOND);
    let path_mtu = pair.connection(CLIENT).info(0).path_mtu;
    assert!(path_mtu <= 1400, "{path_mtu}");
    pair.run(700 * SECOND);
    pair.ends[SERVER].inbox.clear();
    pair.ends[CLIENT].outbox = bytes(SIZE);
    run(&mut pair, 800 * SECOND);
    assert_eq!(pair.connection(CLIENT).info(0).path_mtu, 1500);
}
