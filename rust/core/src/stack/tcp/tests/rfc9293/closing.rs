//! §3.6: ends of all kinds.
use super::{OPEN, established};
use crate::stack::options::SocketOptions;
use crate::stack::tcp::tests::script::{play, play_with};
use crate::time::SECOND;

/// §3.6, figure 13.
#[test]
fn simultaneous_close() {
    play(
        "0     listen
         0     < S 0:0(0) win 65535 <mss 1460>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460>
         0     < . 1:1(0) ack 1 win 65535
         0     close
         0     > F. 1:1(0) ack 1 win 65535
         0     < F. 1:1(0) ack 1 win 65535
         0     > . 2:2(0) ack 2 win 65534
         0     state closing
         0     < . 2:2(0) ack 2 win 65535
         0     state time-wait
         60    state closed",
    );
}

/// §3.10.7.4: half-close, in which the other direction stays open.
#[test]
fn the_peer_reads_on_after_it_has_finished() {
    established(
        "0     < F. 1:1(0) ack 1 win 65535
         0     > . 1:1(0) ack 2 win 65534
         0     events READABLE|FINISHED
         0     write 1500
         0     > P. 1:1501(1500) ack 2 win 65534 x2
         0     < . 2:2(0) ack 1501 win 65535
         0     state close-wait
         0     shutdown
         0     > F. 1501:1501(0) ack 2 win 65534
         0     < . 2:2(0) ack 1502 win 65535
         0     events FLUSHED
         0     over",
    );
}

/// RFC 2525 §2.17, RFC 9293 §3.6.1: closed before everything was read.
#[test]
fn close_with_bytes_unread_resets() {
    established(
        "0     < P. 1:11(10) ack 1 win 65535
         0     > . 1:1(0) ack 11 win 65525
         0     close
         0     > R. 1:1(0) ack 11 win 0
         0     over",
    );
}

#[test]
fn bytes_that_come_after_close_reset() {
    established(
        "0     close
         0     > F. 1:1(0) ack 1 win 65535
         0     < . 1:1(0) ack 2 win 65535
         0     state fin-wait-2
         0     < P. 1:11(10) ack 2 win 65535
         0     > R. 2:2(0) ack 1 win 0
         0     over",
    );
}

#[test]
fn fin_wait_2_does_not_last_once_the_program_is_gone() {
    established(
        "0     close
         0     > F. 1:1(0) ack 1 win 65535
         0     < . 1:1(0) ack 2 win 65535
         59.9  state fin-wait-2
         0.1   over",
    );
}

#[test]
fn abort_resets() {
    established(
        "0     write 10
         0     > P. 1:11(10) ack 1 win 65535
         0     abort
         0     > R. 11:11(0) ack 1 win 0
         0     over",
    );
}

/// A connection that has ended waits for nothing, however impatient its program was.
#[test]
fn no_patience_outlives_the_connection() {
    let options = SocketOptions {
        user_timeout: Some(5 * SECOND),
        ..SocketOptions::default()
    };
    let connection = play_with(
        &options,
        &format!(
            "{OPEN}
         0     < F. 1:1(0) ack 1 win 65535
         0     > . 1:1(0) ack 2 win 65534
         0     close
         0     > F. 1:1(0) ack 2 win 65534
         0     < . 2:2(0) ack 2 win 65535
         0     over"
        ),
    );
    assert_eq!(connection.deadline(), None);
}
