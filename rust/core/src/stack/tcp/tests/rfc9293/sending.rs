//! §3.7.4, §3.8.4: small segments, and signs of life.
use super::{OPEN, established};
use crate::stack::options::SocketOptions;
use crate::stack::tcp::tests::script::play_with;
use crate::time::SECOND;

/// §3.7.4, in Minshall's variant: one small segment at a time.
#[test]
fn nagle_holds_the_second_small_segment() {
    established(
        "0     write 100
         0     > P. 1:101(100) ack 1 win 65535
         0     write 100
         0     write 1000
         0     > . 101:1101(1000) ack 1 win 65535
         0.01  < . 1:1(0) ack 101 win 65535
         0     > P. 1101:1201(100) ack 1 win 65535",
    );
}

#[test]
fn nodelay_holds_nothing() {
    let options = SocketOptions {
        nodelay: true,
        ..SocketOptions::default()
    };
    play_with(
        &options,
        &format!(
            "{OPEN}
         0     write 100
         0     > P. 1:101(100) ack 1 win 65535
         0     write 100
         0     > P. 101:201(100) ack 1 win 65535"
        ),
    );
}

/// FIN goes with the last bytes, and does not wait for the small segment before it.
#[test]
fn fin_rides_on_the_last_segment() {
    established(
        "0     write 100
         0     > P. 1:101(100) ack 1 win 65535
         0     write 100
         0     close
         0     > FP. 101:201(100) ack 1 win 65535
         0     < . 1:1(0) ack 202 win 65535
         0     state fin-wait-2",
    );
}

/// §3.8.4: probes after the idle time, then at the interval, then the end.
#[test]
fn keepalive_finds_a_dead_peer() {
    let options = SocketOptions {
        keepalive_idle: Some(10 * SECOND),
        keepalive_interval: 3 * SECOND,
        keepalive_count: 2,
        ..SocketOptions::default()
    };
    play_with(
        &options,
        &format!(
            "{OPEN}
         4     < P. 1:11(10) ack 1 win 65535
         0     > . 1:1(0) ack 11 win 65525
         10    > . 0:0(0) ack 11 win 65525
         1     < . 11:11(0) ack 1 win 65535
         10    > . 0:0(0) ack 11 win 65525
         3     > . 0:0(0) ack 11 win 65525
         3     > R. 1:1(0) ack 11 win 0
         0     error TimedOut
         0     over"
        ),
    );
}

/// §3.10.7.4: the peer's probe, an old sequence number without text, is answered.
#[test]
fn a_keepalive_probe_is_answered() {
    established(
        "0     < . 0:0(0) ack 1 win 65535
         0     > . 1:1(0) ack 1 win 65535
         0     < . 0:1(1) ack 1 win 65535   // with a byte of rubbish, as old systems send it
         0     > . 1:1(0) ack 1 win 65535",
    );
}
