//! What connections cost that do nothing.
use super::line::Quality;
use super::pair::{CLIENT, Pair, SERVER};
use super::transfers::bytes;
use crate::stack::options::SocketOptions;
use crate::stack::tcp::Connection;
use crate::time::SECOND;

/// Ten thousand of them should be nothing to speak of.
const IDLE: usize = 2048;

#[test]
fn a_connection_that_was_never_used_is_small() {
    let mut pair = Pair::new(Quality::default(), &SocketOptions::default(), 1);
    pair.run(SECOND);
    for end in [CLIENT, SERVER] {
        assert_eq!(pair.connection(end).memory(), size_of::<Connection>());
        assert!(pair.connection(end).memory() < IDLE);
    }
}

/// Its buffers go back a second after the last byte, and there is no timer then.
#[test]
fn a_connection_that_rests_is_small_again() {
    let mut pair = Pair::new(Quality::default(), &SocketOptions::default(), 1);
    for end in &mut pair.ends {
        end.outbox = bytes(1 << 20);
    }
    pair.run(SECOND / 10);
    assert!(pair.connection(CLIENT).memory() > 64 << 10);
    pair.run(100 * SECOND);
    for end in [CLIENT, SERVER] {
        assert_eq!(pair.ends[end].inbox.len(), 1 << 20);
        assert_eq!(pair.connection(end).memory(), size_of::<Connection>());
        assert_eq!(pair.connection(end).deadline(), None);
    }
}

/// A reader that does not read costs no more than it allowed.
#[test]
fn a_reader_that_is_deaf_is_bounded() {
    let options = SocketOptions {
        receive_buffer: 1 << 20,
        send_buffer: 1 << 20,
        ..SocketOptions::default()
    };
    let mut pair = Pair::new(Quality::default(), &options, 1);
    pair.ends[CLIENT].outbox = bytes(8 << 20);
    pair.ends[SERVER].deaf = true;
    pair.run(100 * SECOND);
    for end in [CLIENT, SERVER] {
        assert!(pair.connection(end).memory() <= IDLE + (1 << 20));
    }
}
