//! RFC 3168: Explicit Congestion Notification.
use super::script::{play, play_with};
use crate::stack::options::SocketOptions;

fn ecn() -> SocketOptions {
    SocketOptions {
        ecn: true,
        ..SocketOptions::default()
    }
}

const OPEN: &str = "0     listen
         0     < SEW 0:0(0) win 65535 <mss 1000>
         0     > S.E 0:0(0) ack 1 win 65535 <mss 1460>
         0     < . 1:1(0) ack 1 win 65535
";

/// §6.1.1: ECE and CWR ask, ECE agrees; data is ECN-capable, SYN and bare acknowledgements are not.
#[test]
fn both_sides_agree() {
    play_with(
        &ecn(),
        "0     connect
         0     > SEW 0:0(0) win 65535 <mss 1460,sackOK,TS val 0 ecr 0,wscale 7>
         0     < S.E 0:0(0) ack 1 win 65535 <mss 1000>
         0     > . 1:1(0) ack 1 win 65535
         0     write 10
         0     > P. 1:11(10) ack 1 win 65535 ect0",
    );
    play_with(
        &ecn(),
        &format!(
            "{OPEN}
         0     write 10
         0     > P. 1:11(10) ack 1 win 65535 ect0"
        ),
    );
}

/// §6.1.1: no ECN where the peer does not agree, or mirrors our flags.
#[test]
fn one_side_alone_does_not() {
    for flags in ["S.", "S.EW"] {
        play_with(
            &ecn(),
            &format!(
                "0     connect
         0     > SEW 0:0(0) win 65535 <mss 1460,sackOK,TS val 0 ecr 0,wscale 7>
         0     < {flags} 0:0(0) ack 1 win 65535 <mss 1000>
         0     > . 1:1(0) ack 1 win 65535
         0     write 10
         0     > P. 1:11(10) ack 1 win 65535"
            ),
        );
    }
    play(
        "0     listen
         0     < SEW 0:0(0) win 65535 <mss 1000>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460>",
    );
}

/// §6.1.1.1: the SYN is sent again without.
#[test]
fn a_lost_syn_is_sent_again_without() {
    play_with(
        &ecn(),
        "0     connect
         0     > SEW 0:0(0) win 65535 <mss 1460,sackOK,TS val 0 ecr 0,wscale 7>
         1     > S 0:0(0) win 65535 <mss 1460,sackOK,TS val 1000 ecr 0,wscale 7>
         0     < S.E 0:0(0) ack 1 win 65535 <mss 1000>
         0     > . 1:1(0) ack 1 win 65535
         0     write 10
         0     > P. 1:11(10) ack 1 win 65535",
    );
}

/// §6.1.3: a mark is echoed on everything until CWR comes.
#[test]
fn the_receiver_echoes_marks() {
    play_with(
        &ecn(),
        &format!(
            "{OPEN}
         0     < . 1:101(100) ack 1 win 65535 ce
         0     > .E 1:1(0) ack 101 win 65435
         0     < . 101:201(100) ack 1 win 65535 ect0
         0     > .E 1:1(0) ack 201 win 65335
         0     < .W 201:301(100) ack 1 win 65535 ect0
         0     > . 1:1(0) ack 301 win 65235"
        ),
    );
}

/// §6.1.2: the sender answers once a window, with CWR on the first new data.
#[test]
fn the_sender_says_that_it_slowed_down() {
    play_with(
        &ecn(),
        &format!(
            "{OPEN}
         0     write 1000
         0     > P. 1:1001(1000) ack 1 win 65535 ect0
         0     write 1000
         0     > P. 1001:2001(1000) ack 1 win 65535 ect0
         0.01  < .E 1:1(0) ack 1001 win 65535
         0     write 1000
         0     > P.W 2001:3001(1000) ack 1 win 65535 ect0
         0     < .E 1:1(0) ack 2001 win 65535
         0     write 1000
         0     > P. 3001:4001(1000) ack 1 win 65535 ect0"
        ),
    );
}
