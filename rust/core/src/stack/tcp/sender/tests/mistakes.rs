//! Slowing down for nothing, and taking it back: Eifel (RFC 3522, RFC 4015) and D-SACK (RFC 3708).
use super::script::{MSS, Script};
use crate::stack::options::Algorithm;
use crate::stack::tcp::sender::Due;

/// A fast recovery, as segment 0 of ten is late.
fn reordered(timestamps: bool) -> Script {
    let mut script = Script::with(Algorithm::Reno, true, timestamps);
    script.send(10).at(100).ack(0, &[1..4]);
    assert_eq!((script.phase(), script.cwnd()), ("recovery", 5));
    assert_eq!(script.resend(), [0]);
    script
}

/// The acknowledgement of what left again echoes the time of the first transmission.
#[test]
fn an_old_echo_takes_fast_recovery_back() {
    let mut script = reordered(true);
    script.at(110).echo(4, &[], 0);
    let statistics = script.sender.statistics();
    assert_eq!(
        (script.phase(), script.cwnd(), statistics.undone),
        ("open", 11, 1)
    );
    assert!(statistics.reordering, "it was reordering");
}

#[test]
fn a_new_echo_does_not() {
    let mut script = reordered(true);
    script.at(200).echo(10, &[], 100);
    assert_eq!((script.cwnd(), script.sender.statistics().undone), (6, 0));
}

/// Without timestamps the duplicate tells, though recovery is over by then.
#[test]
fn a_duplicate_takes_fast_recovery_back() {
    let mut script = reordered(false);
    // The seven that were still missing enlarge the window by one already.
    script.at(110).ack(10, &[]);
    assert_eq!((script.phase(), script.cwnd()), ("open", 6));

    script.at(200).twice(10, 0..1);
    assert_eq!((script.cwnd(), script.sender.statistics().undone), (10, 1));
    assert_eq!(script.sender.statistics().spurious, MSS);
}

/// A duplicate of something that was not sent again proves nothing.
#[test]
fn other_duplicates_do_not() {
    let mut script = reordered(false);
    script.at(110).twice(0, 7..8).twice(0, 0..0);
    assert_eq!((script.phase(), script.cwnd()), ("recovery", 5));
}

/// All of what left again has to be reported, and late reports are about other things.
#[test]
fn half_of_the_duplicates_do_not() {
    let mut script = Script::with(Algorithm::Reno, true, false);
    script.send(10).at(100).ack(0, &[1..2, 3..8]);
    let mut sent = script.resend();
    script.at(101).ack(0, &[1..2, 3..10]);
    sent.extend(script.resend());
    assert_eq!(sent, [0, 2]);
    script.at(110).ack(10, &[]).at(200).twice(10, 0..1);
    assert_eq!((script.cwnd(), script.sender.statistics().undone), (5, 0));
    script.send(2).at(300).ack(12, &[]).twice(12, 2..3);
    assert_eq!((script.cwnd(), script.sender.statistics().undone), (5, 0));
}

/// A timeout for nothing: the echo is older than what left again.
#[test]
fn an_old_echo_takes_a_timeout_back() {
    let mut script = Script::new();
    script.send(10);
    while script.expire() != Due::Timeout {}
    let at = script.ms;
    assert_eq!((script.resend(), script.cwnd()), (vec![0], 1));
    script.at(at + 5).echo(1, &[], 0);
    let statistics = script.sender.statistics();
    assert_eq!(
        (script.phase(), script.cwnd(), statistics.undone),
        ("open", 11, 1)
    );
    assert_eq!((script.in_flight(), script.resend()), (9, vec![]));
    assert!(
        script.sender.rto() >= 1_000_000 * (at + 5 + 200),
        "it knows the delay now"
    );
}

/// The peer reports what left again as a duplicate: the timeout was for nothing as well.
#[test]
fn a_duplicate_takes_a_timeout_back() {
    let mut script = Script::with(Algorithm::Reno, true, false);
    script.more = false;
    script.send(3);
    while script.expire() != Due::Timeout {}
    let at = script.ms;
    assert_eq!(script.resend(), [0]);
    script.at(at + 5).ack(3, &[]).at(at + 90).twice(3, 0..1);
    assert_eq!((script.cwnd(), script.sender.statistics().undone), (10, 1));
}

/// What counted as lost and arrives before it could leave again: nothing was sent in vain at all.
#[test]
fn a_recovery_without_retransmissions_is_taken_back() {
    let mut script = Script::new();
    script.send(10).at(100).ack(0, &[1..4]);
    assert_eq!((script.phase(), script.cwnd()), ("recovery", 5));
    script.ack(10, &[]);
    assert_eq!((script.phase(), script.cwnd()), ("open", 12));
}

/// A probe for a larger MTU that is lost alone is no congestion (RFC 4821 §7.6.2), and the sender
/// knows.
#[test]
fn a_lost_mtu_probe_is_no_congestion() {
    let mut script = Script::new();
    script.send(1);
    let next = script.sender.next();
    script.emit(next..next + 2 * MSS);
    script.sender.mtu_probe_sent(next..next + 2 * MSS);
    script.send(6).at(100).ack(1, &[3..9]);
    assert_eq!((script.phase(), script.cwnd()), ("open", 10));
    assert_eq!(script.sender.take_lost_probe(), Some(next..next + 2 * MSS));
    assert_eq!(script.sender.take_lost_probe(), None);
    assert_eq!(script.resend(), [1, 2]);
    script.at(200).ack(9, &[]);
    assert_eq!(script.sender.statistics().lost, 0);
}

/// Nor is what an ICMP message says is too large; it leaves again in smaller pieces.
#[test]
fn too_large_packets_leave_again() {
    let mut script = Script::new();
    script.send(10);
    script.sender.set_mss(500);
    script.sender.probe_lost(1..1 + 10 * MSS);
    assert_eq!((script.in_flight(), script.phase()), (0, "open"));
    assert_eq!(script.sender.statistics().ssthresh, u64::MAX);
    assert_eq!(
        script.sender.retransmission(0),
        Some(1..1 + script.sender.window())
    );
}

/// Slow start goes on as if nothing had happened. (Reno counts two segments of an acknowledgement.)
#[test]
fn slow_start_goes_on_after_a_mistake() {
    for (algorithm, window) in [(Algorithm::Cubic, 17), (Algorithm::Reno, 13)] {
        let mut script = Script::with(algorithm, true, true);
        script.send(10).at(100).ack(0, &[1..4]);
        assert_eq!(script.resend(), [0]);
        script.at(110).echo(4, &[], 0);
        assert_eq!((script.cwnd(), script.sender.statistics().undone), (11, 1));
        script.send(6).at(120).ack(10, &[]);
        assert_eq!(
            (script.cwnd(), script.sender.statistics().ssthresh),
            (window, u64::MAX)
        );
    }
}
