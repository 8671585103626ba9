//! A paced sender sleeps until something can be sent, and not longer.
use super::line::Quality;
use super::pair::{CLIENT, Pair, SERVER};
use super::transfers::bytes;
use crate::stack::options::{Algorithm, SocketOptions};
use crate::time::SECOND;

/// A BBR sender with a megabyte to send over 10 Mbit/s, finishing behind it.
fn pair() -> Pair {
    let quality = Quality {
        rate: 10_000_000,
        ..Quality::default()
    };
    let options = SocketOptions {
        congestion: Algorithm::Bbr,
        ..SocketOptions::default()
    };
    let mut pair = Pair::new(quality, &options, 1);
    pair.ends[CLIENT].outbox = bytes(1 << 20);
    pair.ends[CLIENT].shutdown = true;
    pair
}

/// Pacing lets a segment go that the peer's window has no room for: there is nothing to wake up for.
#[test]
fn a_peer_that_does_not_read_leaves_nothing_to_do() {
    let mut pair = pair();
    pair.ends[SERVER].deaf = true;
    let mut steps = 0;
    pair.run_while(2 * SECOND, |_| {
        steps += 1;
        steps < 2000
    });
    assert!(steps < 500, "{steps} steps for 65 kB");
    pair.ends[SERVER].deaf = false;
    pair.run(10 * SECOND);
    assert!(pair.ends[SERVER].inbox == bytes(1 << 20));
}
