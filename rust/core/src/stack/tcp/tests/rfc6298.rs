//! RFC 6298 and RFC 5482: sending again, and giving up.
use super::script::{play, play_with};
use crate::stack::options::SocketOptions;
use crate::time::SECOND;

/// Over a path of 100 ms, whose first timeout is 300 ms; one segment of 400 bytes, so small
/// that its loss says nothing of the path's MTU.
const SENT: &str = "0     listen
         0     < S 0:0(0) win 65535 <mss 1000>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460>
         0.1   < . 1:1(0) ack 1 win 65535
         0     events WRITABLE|CONNECTED
         0     write 400
         0     > P. 1:401(400) ack 1 win 65535
";

/// §5: the first time after the timeout, then each twice as late (the tail loss probe is not sent
/// without selective acknowledgements).
#[test]
fn what_is_lost_is_sent_again_ever_later() {
    let again = "> P. 1:401(400) ack 1 win 65535";
    play(&format!(
        "{SENT}
         0.3   {again}
         0.6   {again}
         1.2   {again}
         2.4   {again}
         0.05  < . 1:1(0) ack 401 win 65535
         0     write 400
         0     > P. 401:801(400) ack 1 win 65535"
    ));
}

/// RFC 9293 §3.8.3: a peer that is gone is given up after a quarter of an hour.
#[test]
fn patience_has_an_end() {
    let connection = play(&format!(
        "{SENT}
         924.599 whatever
         0       state established
         0.001   > R. 401:401(0) ack 1 win 0
         0       error TimedOut
         0       over"
    ));
    assert_eq!(connection.info(0).timeouts, 15);
}

/// RFC 5482: the program says how long; the peer is told.
#[test]
fn the_program_says_how_long() {
    let again = "> P. 1:401(400) ack 1 win 65535";
    play_with(
        &two_seconds(),
        &format!(
            "{SENT}
         0.3   {again}
         0.6   {again}
         1.1   > R. 401:401(0) ack 1 win 0
         0     events FAILED
         0     error TimedOut
         0     over"
        ),
    );
}

fn two_seconds() -> SocketOptions {
    SocketOptions {
        user_timeout: Some(2 * SECOND),
        ..SocketOptions::default()
    }
}

/// A peer that acknowledges something now and then is not gone.
#[test]
fn progress_renews_patience() {
    play_with(
        &two_seconds(),
        &format!(
            "{SENT}
         0.2   < . 1:1(0) ack 101 win 65535
         1.999 whatever
         0     state established
         0.001 > R. 401:401(0) ack 1 win 0
         0     error TimedOut"
        ),
    );
}
