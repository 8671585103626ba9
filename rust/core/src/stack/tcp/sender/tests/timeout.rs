//! The retransmission timer (RFC 6298 §5), F-RTO (RFC 5682), and peers that renege (RFC 2018 §8).
use super::script::{MSS, Script};
use crate::stack::options::Algorithm;
use crate::stack::tcp::sender::{Due, Sender};
use crate::time::{MILLISECOND, SECOND};

fn timed_out(script: &mut Script) {
    while script.expire() != Due::Timeout {}
}

/// §5.1 to §5.3: it runs while anything is missing, and starts over as something new arrives.
#[test]
fn it_runs_while_anything_is_missing() {
    let mut script = Script::with(Algorithm::Reno, false, true);
    assert_eq!(script.deadline(), None);
    script.send(1).at(50).send(1);
    assert_eq!(script.deadline(), Some(300));
    script.at(100).ack(1, &[]);
    let rto = script.sender.rto() / MILLISECOND;
    assert_eq!(script.deadline(), Some(100 + rto));
    script.at(101).ack(1, &[]);
    assert_eq!(script.deadline(), Some(100 + rto), "not for a duplicate");
    script.ack(2, &[]);
    assert_eq!(script.deadline(), None);
}

/// §5.4 to §5.6, and slow start from a single segment (RFC 5681 §3.1).
#[test]
fn the_first_segment_leaves_again_and_the_timer_backs_off() {
    let mut script = Script::with(Algorithm::Reno, false, true);
    script.send(10);
    for (retry, at) in [(1, 300), (2, 900), (3, 2100), (4, 4500)] {
        assert_eq!(
            (script.deadline(), script.expire()),
            (Some(at), Due::Timeout)
        );
        assert_eq!((script.resend(), script.cwnd()), (vec![0], 1));
        assert_eq!(script.sender.retries(), retry);
    }
    assert_eq!(script.sender.rto(), 16 * 300 * MILLISECOND);
    // Karn: the acknowledgement of what left twice is no sample, so the backoff stays.
    script.more = false;
    script.at(4600).ack(1, &[]);
    assert_eq!(
        (script.sender.retries(), script.sender.rto() / MILLISECOND),
        (0, 4800)
    );
    assert_eq!(script.resend(), [1, 2]);
    assert_eq!(script.sender.statistics().ssthresh, 5 * MSS);
}

/// With timestamps the echo tells which transmission arrived, and the backoff ends.
#[test]
fn an_echo_gives_a_sample_of_a_retransmission() {
    let mut script = Script::new();
    script.send(1);
    timed_out(&mut script);
    let left = script.ms;
    assert_eq!(script.resend(), [0]);
    script.at(left + 100).echo(1, &[], left);
    assert_eq!(script.sender.rto() / MILLISECOND, 300);
    assert_eq!(script.sender.statistics().latest_rtt, 100 * MILLISECOND);
    assert_eq!(script.sender.statistics().undone, 0);
}

/// §5.7: after a lost SYN, three seconds and one segment.
#[test]
fn a_lost_syn_makes_it_careful() {
    let mut sender = Sender::new(Algorithm::Cubic, MSS as u32, false, 1, 0);
    sender.established(true, true, None, 0);
    assert_eq!((sender.rto(), sender.allowance(0)), (3 * SECOND, MSS));
    sender.on_sent(1..1 + MSS, 1, false, 0);
    assert_eq!(sender.allowance(0), 0);
    let mut una = 1 + MSS;
    for window in [2, 4, 8] {
        let ack = crate::stack::tcp::sender::Acknowledgement {
            una,
            ..Default::default()
        };
        sender.on_ack(&ack, SECOND);
        assert_eq!(sender.allowance(SECOND), window * MSS);
        sender.on_sent(una..una + window * MSS, 1, false, SECOND);
        una += window * MSS;
    }
}

/// RFC 8985 §6.3: what left only just now is not lost because the first segment is.
#[test]
fn what_left_just_now_is_not_lost() {
    let mut script = Script::new();
    script.send(2).at(100).echo(1, &[], 0);
    script.expire();
    let at = script.ms;
    let probe = script.sender.loss_probe().expect("a segment");
    script.emit(probe);
    let timeout = script.deadline().expect("a timer");
    assert!(timeout > at + 100);
    script.at(timeout - 50).send(3);
    assert_eq!(script.expire(), Due::Timeout);
    assert_eq!((script.resend(), script.in_flight()), (vec![1], 4));
}

/// RFC 5682 §3.1: the acknowledgements of all that left first come late. New data probes, and what
/// was sent once and arrives takes the timeout back.
#[test]
fn a_delay_is_no_loss() {
    for sack in [false, true] {
        let mut script = Script::with(Algorithm::Reno, sack, false);
        script.send(10);
        timed_out(&mut script);
        let at = script.ms;
        assert_eq!((script.resend(), script.cwnd()), (vec![0], 1));
        script.at(at + 1).ack(1, &[]);
        assert_eq!((script.resend(), script.allowance()), (vec![], 2));
        script.send(2).at(at + 2).ack(2, &[]);
        assert_eq!((script.phase(), script.cwnd()), ("open", 11), "{sack}");
        assert_eq!(script.sender.statistics().undone, 1);
        assert_eq!(script.resend(), [0_u64; 0]);
        script.at(at + 10).ack(12, &[]);
        assert_eq!(script.sender.statistics().retransmitted, MSS);
    }
}

/// Step 3a: only the new data arrives, so the rest is lost indeed.
#[test]
fn a_loss_is_no_delay() {
    let mut script = Script::with(Algorithm::Reno, true, false);
    script.send(10);
    timed_out(&mut script);
    let at = script.ms;
    assert_eq!(script.resend(), [0]);
    script.at(at + 100).ack(1, &[]);
    script.send(2).at(at + 200).ack(1, &[10..11]);
    assert_eq!(
        (script.phase(), script.sender.statistics().undone),
        ("loss", 0)
    );
    assert_eq!(script.resend()[0], 1);
}

/// Step 2b: nothing to probe with.
#[test]
fn without_new_data_recovery_is_conventional() {
    let mut script = Script::with(Algorithm::Reno, true, false);
    script.more = false;
    script.send(10);
    timed_out(&mut script);
    let at = script.ms;
    assert_eq!(script.resend(), [0]);
    script.at(at + 100).ack(1, &[]);
    assert_eq!(script.resend(), [1, 2]);
}

/// What is selectively acknowledged does not leave again after a timeout.
#[test]
fn a_timeout_keeps_what_was_acknowledged() {
    let mut script = Script::with(Algorithm::Reno, true, false);
    script.more = false;
    script.send(10).at(100).ack(0, &[5..6]);
    assert_eq!(script.expire(), Due::Retransmit);
    script.resend();
    timed_out(&mut script);
    let mut at = script.ms;
    let mut sent = script.resend();
    for una in [1, 3, 6, 8, 10] {
        at += 100;
        script.at(at).ack(una, &[5..6]);
        sent.extend(script.resend());
    }
    assert_eq!(sent, [0, 1, 2, 3, 4, 6, 7, 8, 9]);
}

/// The first missing byte is one that was acknowledged: the peer has taken it back. It gets half a
/// round trip, and then all leaves again.
#[test]
fn a_peer_may_renege() {
    let mut script = Script::with(Algorithm::Reno, true, false);
    script.more = false;
    script
        .send(4)
        .at(100)
        .ack(0, &[1..2])
        .at(110)
        .ack(1, &[1..2]);
    assert_eq!(script.deadline(), Some(160));
    assert_eq!((script.in_flight(), script.expire()), (2, Due::Timeout));
    assert_eq!((script.in_flight(), script.resend()), (0, vec![1]));
    let at = script.ms;
    script.at(at + 100).ack(2, &[]);
    assert_eq!(script.resend(), [2, 3]);
    script.at(at + 200).ack(4, &[]);
    assert_eq!(script.deadline(), None);
}

/// What left after a timeout and is lost slows down too, as the recovery ends (RFC 5681 §4.3).
#[test]
fn a_loss_after_a_timeout_counts() {
    let mut script = Script::with(Algorithm::Reno, true, false);
    script.more = false;
    script.send(10);
    timed_out(&mut script);
    let at = script.ms;
    assert_eq!(script.resend(), [0]);
    script.at(at + 100).ack(1, &[]);
    assert_eq!(script.resend(), [1, 2]);
    script
        .at(at + 200)
        .ack(1, &[2..3])
        .at(at + 201)
        .ack(1, &[2..10]);
    assert_eq!((script.phase(), script.resend()), ("loss", vec![1]));
    let threshold = script.sender.statistics().ssthresh;
    script.at(at + 300).ack(10, &[]);
    assert_eq!(script.phase(), "open");
    assert!(script.sender.statistics().ssthresh < threshold);
}
