//! RFC 5927: how far ICMP is believed; RFC 1191 and RFC 8201: path MTU discovery.
use super::script::{play, play_with};
use crate::stack::options::SocketOptions;
use crate::time::SECOND;

const OPEN: &str = "0     listen
         0     < S 0:0(0) win 65535 <mss 1460>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460>
         0     < . 1:1(0) ack 1 win 65535
         0     events WRITABLE|CONNECTED
";

#[test]
fn an_attempt_fails_at_once() {
    for error in ["ConnectionRefused", "HostUnreachable"] {
        play(&format!(
            "0     connect
         0     > S 0:0(0) win 65535 <mss 1460,sackOK,TS val 0 ecr 0,wscale 7>
         0     icmp {error} seq 7
         0     state syn-sent
         0     icmp {error} seq 0
         0     events FAILED
         0     error {error}
         0     over"
        ));
    }
}

/// §5.2: a connection that stands does not fall; the message is the reason should the peer stay
/// silent.
#[test]
fn a_connection_that_stands_is_kept() {
    play(&format!(
        "{OPEN}
         0     write 10
         0     > P. 1:11(10) ack 1 win 65535
         0     icmp ConnectionRefused seq 1
         0     state established
         0     events none
         0     no error"
    ));
}

/// §4.1: a packet that is not under way was not sent by us. §7: a larger MTU is no news.
#[test]
fn packets_get_smaller_only_for_what_is_under_way() {
    let connection = play(&format!(
        "{OPEN}
         0     write 2920
         0     > P. 1:2921(2920) ack 1 win 65535 x2
         0     icmp MessageTooLong seq 0 mtu 1280
         0     icmp MessageTooLong seq 2921 mtu 1280
         0     icmp MessageTooLong seq 1 mtu 9000
         0     silence"
    ));
    assert_eq!(connection.info(0).path_mtu, 1500);
}

/// RFC 1191 §6.2, RFC 8201 §4: what was too large leaves again in smaller pieces, at once, and is no
/// sign of congestion.
#[test]
fn what_is_too_large_is_sent_again_in_smaller_pieces() {
    let connection = play(&format!(
        "{OPEN}
         0     write 2920
         0     > P. 1:2921(2920) ack 1 win 65535 x2
         0.01  icmp MessageTooLong seq 1 mtu 1280
         0     > P. 1:2921(2920) ack 1 win 65535 x3
         0.01  < . 1:1(0) ack 2921 win 65535
         0     write 2480
         0     > P. 2921:5401(2480) ack 1 win 65535 x2"
    ));
    let info = connection.info(0);
    assert_eq!((info.path_mtu, info.mss), (1280, 1240));
    assert_eq!((info.ssthresh, info.recoveries), (u64::MAX, 0));
}

/// A message that has no MTU, from an old router.
#[test]
fn a_router_may_not_say_what_fits() {
    let connection = play(&format!(
        "{OPEN}
         0     write 1460
         0     > P. 1:1461(1460) ack 1 win 65535
         0     icmp MessageTooLong seq 1
         0     > P. 1:1461(1460) ack 1 win 65535 x2"
    ));
    assert_eq!(connection.info(0).path_mtu, 1492);
}

/// The reason for giving up is what the network said last.
#[test]
fn a_soft_error_is_the_reason_in_the_end() {
    let options = SocketOptions {
        user_timeout: Some(SECOND / 2),
        ..SocketOptions::default()
    };
    play_with(
        &options,
        &format!(
            "{OPEN}
         0     write 10
         0     > P. 1:11(10) ack 1 win 65535
         0     icmp HostUnreachable seq 1
         0.499 whatever
         0.001 > R. 11:11(0) ack 1 win 0
         0     events FAILED
         0     error HostUnreachable"
        ),
    );
}

/// A message that comes too late sets no timer: there is nothing to search a path for.
#[test]
fn what_has_ended_does_not_search() {
    let connection = play(&format!(
        "{OPEN}
         0     write 1460
         0     > P. 1:1461(1460) ack 1 win 65535
         0     abort
         0     > R. 1461:1461(0) ack 1 win 0
         0     icmp MessageTooLong seq 1 mtu 1280"
    ));
    assert_eq!(connection.deadline(), None);
}
