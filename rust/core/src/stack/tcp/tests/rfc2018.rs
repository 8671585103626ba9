//! RFC 2018 and RFC 2883: selective acknowledgements of what came; RFC 5681 §4.2: when to send an
//! acknowledgement at all.
use super::script::play;

const OPEN: &str = "0     listen
         0     < S 0:0(0) win 65535 <mss 1000,sackOK>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK>
         0     < . 1:1(0) ack 1 win 1000
";

fn established(rest: &str) {
    play(&format!("{OPEN}{rest}"));
}

/// RFC 2018 §4: the block of the newest segment first, then the others, newest first.
#[test]
fn blocks_stand_in_the_order_of_their_news() {
    established(
        "0     < . 1001:2001(1000) ack 1 win 1000
         0     > . 1:1(0) ack 1 win 65535 <sack 1001:2001>
         0     < . 3001:4001(1000) ack 1 win 1000
         0     > . 1:1(0) ack 1 win 65535 <sack 3001:4001 1001:2001>
         0     < . 5001:6001(1000) ack 1 win 1000
         0     > . 1:1(0) ack 1 win 65535 <sack 5001:6001 3001:4001 1001:2001>
         0     < . 7001:8001(1000) ack 1 win 1000
         0     > . 1:1(0) ack 1 win 65535 <sack 7001:8001 5001:6001 3001:4001 1001:2001>
         0     < . 9001:10001(1000) ack 1 win 1000
         0     > . 1:1(0) ack 1 win 65535 <sack 9001:10001 7001:8001 5001:6001 3001:4001>
         0     < . 2001:3001(1000) ack 1 win 1000
         0     > . 1:1(0) ack 1 win 65535 <sack 1001:4001 9001:10001 7001:8001 5001:6001>
         0     < . 1:1001(1000) ack 1 win 1000
         0     > . 1:1(0) ack 4001 win 61535 <sack 9001:10001 7001:8001 5001:6001>",
    );
}

/// RFC 2018 §2: only where the SYN offered it.
#[test]
fn no_blocks_for_a_peer_that_does_not_know_them() {
    play(
        "0     listen
         0     < S 0:0(0) win 65535 <mss 1000>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460>
         0     < . 1:1(0) ack 1 win 1000
         0     < . 1001:2001(1000) ack 1 win 1000
         0     > . 1:1(0) ack 1 win 65535",
    );
}

/// RFC 2883 §4.1: a segment that came already; §4.2: one that waits behind a hole; §4.3: a part of
/// one.
#[test]
fn duplicates_are_told_once() {
    established(
        "0     < . 1:1001(1000) ack 1 win 1000
         0     > . 1:1(0) ack 1001 win 64535
         0     < . 1:1001(1000) ack 1 win 1000
         0     > . 1:1(0) ack 1001 win 64535 <sack 1:1001>
         0     < . 2001:3001(1000) ack 1 win 1000
         0     > . 1:1(0) ack 1001 win 64535 <sack 2001:3001>
         0     < . 2001:3001(1000) ack 1 win 1000
         0     > . 1:1(0) ack 1001 win 64535 <sack 2001:3001 2001:3001>
         0     < . 501:1501(1000) ack 1 win 1000
         0     > . 1:1(0) ack 1501 win 64035 <sack 501:1001 2001:3001>",
    );
}

/// Blocks ride on data too, which gives way.
#[test]
fn data_carries_blocks() {
    established(
        "0     < . 1001:2001(1000) ack 1 win 9000
         0     > . 1:1(0) ack 1 win 65535 <sack 1001:2001>
         0     write 1500
         0     > P. 1:1501(1500) ack 1 win 65535 <sack 1001:2001> x2",
    );
}

/// RFC 5681 §4.2: every second full segment, else after the delay; at once in the beginning.
#[test]
fn acknowledgements_are_delayed() {
    let quick: String = (0..16)
        .map(|index| {
            let (from, to) = (1 + index * 100, 101 + index * 100);
            format!(
                "0     < . {from}:{to}(100) ack 1 win 1000
                 0     > . 1:1(0) ack {to} win {}\n",
                65_536 - to
            )
        })
        .collect();
    established(&format!(
        "{quick}
         0     < . 1601:1701(100) ack 1 win 1000
         0.039 silence
         0.001 > . 1:1(0) ack 1701 win 63835
         0     < . 1701:2701(1000) ack 1 win 1000
         0.01  silence
         0     < . 2701:3701(1000) ack 1 win 1000
         0     > . 1:1(0) ack 3701 win 61835
         0     < . 3701:4701(1000) ack 1 win 1000
         0.04  > . 1:1(0) ack 4701 win 60835
         0     < . 5701:6701(1000) ack 1 win 1000
         0     > . 1:1(0) ack 4701 win 60835 <sack 5701:6701>
         0     < . 4701:4801(100) ack 1 win 1000
         0     > . 1:1(0) ack 4801 win 60735 <sack 5701:6701>"
    ));
}

/// A super-packet is several segments, and is acknowledged once.
#[test]
fn a_super_packet_is_acknowledged_once() {
    established(
        "0     < . 1:10001(10000) ack 1 win 1000 x10
         0     > . 1:1(0) ack 10001 win 55535",
    );
}

/// An acknowledgement rides on the answer of a program that answers.
#[test]
fn acknowledgements_ride_on_answers() {
    established(
        "0     < P. 1:101(100) ack 1 win 1000
         0     > . 1:1(0) ack 101 win 65435
         0     read 100
         0     write 50
         0     > P. 1:51(50) ack 101 win 65435
         0.01  < P. 101:201(100) ack 51 win 1000
         0     silence
         0     read 100
         0     write 50
         0     > P. 51:101(50) ack 201 win 65335
         0.01  < P. 201:301(100) ack 101 win 1000
         0.04  > . 101:101(0) ack 301 win 65235",
    );
}
