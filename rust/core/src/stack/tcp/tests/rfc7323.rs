//! RFC 7323: window scale, timestamps, and protection against wrapped sequence numbers.
use super::script::play;

const OPEN: &str = "0     listen
         0     < S 0:0(0) win 65535 <mss 1000,sackOK,TS val 100 ecr 0,wscale 3>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS val 0 ecr 100,wscale 7>
         0.01  < . 1:1(0) ack 1 win 8000 <TS val 110 ecr 0>
";

fn established(rest: &str) {
    play(&format!("{OPEN}{rest}"));
}

/// §2: the peer's scale counts from the first segment behind SYN; payload gives way to the option.
#[test]
fn windows_are_scaled() {
    let connection = play(&format!(
        "{OPEN}
         0     write 3000
         0     > P. 1:3001(3000) ack 1 win 511 <TS val 10 ecr 110> x4"
    ));
    assert_eq!(connection.info(0).send_window, 64_000);
    assert_eq!(connection.info(0).mss, 988);
}

/// §2.2: no scale in either direction, where one side does not offer it; §3.2: the same for
/// timestamps.
#[test]
fn a_plain_peer_gets_plain_segments() {
    play(
        "0     connect
         0     > S 0:0(0) win 65535 <mss 1460,sackOK,TS val 0 ecr 0,wscale 7>
         0     < S. 0:0(0) ack 1 win 1000
         0     > . 1:1(0) ack 1 win 65535
         0     write 1000
         0     > P. 1:1001(1000) ack 1 win 65535 x2",
    );
}

/// §4.3: the echo is that of the first segment that was not acknowledged; not of later ones, nor of
/// those behind a hole.
#[test]
fn the_echo_is_of_the_segment_that_moved_the_window() {
    established(
        "0     < . 1:101(100) ack 1 win 8000 <TS val 120 ecr 10>
         0     > . 1:1(0) ack 101 win 511 <TS val 10 ecr 120>
         0     < . 201:301(100) ack 1 win 8000 <TS val 130 ecr 10>
         0     > . 1:1(0) ack 101 win 511 <TS val 10 ecr 120,sack 201:301>
         0     < . 101:201(100) ack 1 win 8000 <TS val 140 ecr 10>
         0     > . 1:1(0) ack 301 win 509 <TS val 10 ecr 140>",
    );
}

/// §5.3 R1: old by its timestamp: answered and dropped.
#[test]
fn an_old_timestamp_is_not_believed() {
    established(
        "0     < . 1:101(100) ack 1 win 8000 <TS val 109 ecr 10>
         0     > . 1:1(0) ack 1 win 511 <TS val 10 ecr 110>
         0     readable 0
         0     < . 1:101(100) ack 1 win 8000 <TS val 110 ecr 10>
         0     > . 1:1(0) ack 101 win 511 <TS val 10 ecr 110>
         0     readable 100",
    );
}

/// §5.5: after 24 days of silence the newest timestamp says nothing.
#[test]
fn an_outdated_timestamp_does_not_deafen() {
    established(
        "2073600 < . 1:101(100) ack 1 win 8000 <TS val 50 ecr 10>
         0       > . 1:1(0) ack 101 win 511 <TS val 2073600010 ecr 50>",
    );
}

/// §3.2: without the option, where it was agreed on, a segment is dropped; §5.2: a reset is not.
#[test]
fn a_segment_without_a_timestamp_is_dropped() {
    established(
        "0     < . 1:101(100) ack 1 win 8000
         0     readable 0
         0     > . 1:1(0) ack 1 win 511 <TS val 10 ecr 110>
         0     < R 1:1(0) win 0
         0     error ConnectionReset
         0     over",
    );
}
