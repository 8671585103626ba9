//! Tail loss probes (RFC 8985 §7).
use super::script::{MSS, Script};
use crate::stack::options::Algorithm;
use crate::stack::tcp::sender::Due;
use crate::time::MILLISECOND;

/// Two round trips after the last segment left.
#[test]
fn a_probe_is_due_after_two_round_trips() {
    let mut script = Script::new();
    script.send(3).at(50).send(1);
    assert_eq!(script.deadline(), Some(250));
    script.at(100).ack(2, &[]);
    assert_eq!(script.deadline(), Some(300));
    // A single segment may be acknowledged late: 200 ms more, and not after the timeout.
    script.ack(3, &[]);
    let timeout = (script.ms * MILLISECOND + script.sender.rto()) / MILLISECOND;
    assert_eq!(script.deadline(), Some(timeout.min(500)));
}

/// The retransmission timer takes its place where it would go off first, and starts over with it.
#[test]
fn a_probe_comes_before_the_timeout_and_puts_it_off() {
    let mut script = Script::new();
    script.send(1);
    assert_eq!(script.deadline(), Some(300), "srtt + 200 ms");
    assert_eq!(script.expire(), Due::Probe);
    assert_eq!(script.deadline(), Some(600));
    assert_eq!(script.expire(), Due::Timeout);
}

/// New data is the better probe: nothing leaves twice.
#[test]
fn new_data_probes() {
    let mut script = Script::new();
    script.send(10);
    assert_eq!((script.allowance(), script.expire()), (0, Due::Probe));
    assert_eq!(script.allowance(), 1, "one above the window");
    script.send(1);
    assert_eq!(script.allowance(), 0);
    // The probe arrives, all else is lost: fast recovery, not a timeout.
    script.at(300).ack(0, &[10..11]);

    assert_eq!((script.phase(), script.resend()), ("recovery", vec![0]));
}

/// Else the last segment leaves again, and what answers it tells of the others.
#[test]
fn the_last_segment_probes() {
    let mut script = Script::new();
    script.send(5).at(100).ack(2, &[]);
    assert_eq!(script.expire(), Due::Probe);
    let probe = script.sender.loss_probe().expect("a segment");
    assert_eq!(probe, 1 + 4 * MSS..1 + 5 * MSS);
    script.emit(probe);
    assert_eq!(script.sender.statistics().probes, 1);
    script.at(400).echo(2, &[4..5], 300);
    assert_eq!(script.resend(), [2]);
    script.at(500).ack(3, &[4..5]);
    assert_eq!(script.resend(), [3]);
}

/// The probe repaired a loss, and only later data tells: that is congestion (§7.4.2).
#[test]
fn a_loss_that_the_probe_repaired_slows_down() {
    let mut script = Script::with(Algorithm::Reno, true, false);
    script.send(5).at(100).ack(4, &[]);
    script.expire();
    let probe = script.sender.loss_probe().expect("a segment");
    script.emit(probe);
    let at = script.ms + 100;
    script.at(at).ack(5, &[]);
    assert_eq!(script.cwnd(), 10);
    script.send(1).at(at + 100).ack(6, &[]);
    assert_eq!((script.cwnd(), script.phase()), (5, "open"));
}

/// A D-SACK says that nothing was lost, and nothing of reordering.
#[test]
fn a_needless_probe_does_no_harm() {
    let mut script = Script::new();
    script.send(5).at(100).ack(4, &[]);
    script.expire();
    let probe = script.sender.loss_probe().expect("a segment");
    script.emit(probe);
    let at = script.ms;
    script.at(at + 1).ack(5, &[]).at(at + 100).twice(5, 4..5);
    script.send(1).at(at + 200).ack(6, &[]);
    let statistics = script.sender.statistics();
    assert_eq!((script.cwnd(), statistics.spurious), (10, MSS));
    assert_eq!(statistics.reordering_window, 25 * MILLISECOND);
}

/// One at a time, none in recovery, none where something is selectively acknowledged, and none for a
/// peer without selective acknowledgements (§7.2).
#[test]
fn no_probe_where_acknowledgements_tell_already() {
    let mut script = Script::new();
    script.send(2).at(100).ack(0, &[1..2]).at(125);
    assert_eq!(script.expire(), Due::Retransmit);
    assert_eq!(script.resend(), [0]);
    assert_eq!(script.expire(), Due::Timeout);
    let mut script = Script::with(Algorithm::Reno, false, true);
    script.send(2);
    assert_eq!(script.expire(), Due::Timeout);
}

/// The last segment of a super-packet may be a short one.
#[test]
fn a_probe_begins_at_a_segment() {
    let mut script = Script::new();
    script.emit(1..3502);
    assert_eq!(script.sender.loss_probe(), Some(3001..3502));
    script.emit(3502..5502);
    assert_eq!(script.sender.loss_probe(), Some(4502..5502));
}
