//! Peers without selective acknowledgements (RFC 5681 §3.2, RFC 6582, RFC 3042).
use super::script::{MSS, Script};
use crate::stack::options::Algorithm;
use crate::stack::tcp::sender::Due;

fn newreno() -> Script {
    Script::with(Algorithm::Reno, false, false)
}

fn duplicates(script: &mut Script, una: u64, count: u64) {
    (0..count).for_each(|_| {
        script.ack(una, &[]);
    });
}

/// Limited transmit (RFC 3042): the first two let a new segment go each.
#[test]
fn two_duplicates_let_new_data_go() {
    let mut script = newreno();
    script.send(10).at(100);
    for expected in [1, 2] {
        duplicates(&mut script, 0, 1);
        assert_eq!((script.allowance(), script.phase()), (expected, "open"));
    }
}

#[test]
fn the_third_means_a_loss() {
    let mut script = newreno();
    script.send(10).at(100);
    duplicates(&mut script, 0, 3);
    assert_eq!((script.phase(), script.cwnd()), ("recovery", 5));
    assert_eq!(script.resend(), [0]);
}

/// RFC 6582 §3.2: a partial acknowledgement sends the next hole again; a full one ends recovery.
#[test]
fn partial_acknowledgements_find_the_next_hole() {
    let mut script = newreno();
    script.send(10).at(100);
    duplicates(&mut script, 0, 7);
    assert_eq!(script.resend(), [0]);
    script.at(200).ack(4, &[]);
    assert_eq!((script.phase(), script.resend()), ("recovery", vec![4]));
    script.at(300).ack(8, &[]);
    assert_eq!((script.phase(), script.resend()), ("recovery", vec![8]));
    script.at(400).ack(10, &[]);
    assert_eq!(
        (script.phase(), script.cwnd(), script.in_flight()),
        ("open", 5, 0)
    );
    assert_eq!(script.sender.statistics().retransmitted, 3 * MSS);
}

/// Step 3: only the first partial acknowledgement starts the timer over, so that many losses do not
/// take a round trip each.
#[test]
fn the_timer_is_impatient() {
    let mut script = newreno();
    script.send(10).at(100);
    duplicates(&mut script, 0, 5);
    script.resend();
    script.at(200).ack(2, &[]);
    script.resend();
    let timeout = script.deadline();
    script.at(300).ack(4, &[]);
    script.resend();
    assert_eq!(script.deadline(), timeout);
    assert_eq!(script.expire(), Due::Timeout);
    assert_eq!(script.resend(), [4]);
}

/// Step 2: duplicates that the retransmissions of a timeout cause are no new loss.
#[test]
fn duplicates_of_old_data_are_ignored() {
    let mut script = newreno();
    script.more = false;
    script.send(6);
    assert_eq!(script.expire(), Due::Timeout);
    let at = script.ms;
    script.resend();
    script.at(at + 100).ack(6, &[]).send(4);
    duplicates(&mut script, 6, 4);
    assert_eq!(
        (script.phase(), script.sender.statistics().recoveries),
        ("open", 0)
    );
    script.at(at + 200).ack(7, &[]);
    duplicates(&mut script, 7, 3);
    assert_eq!(script.phase(), "recovery");
}

/// What the peer says with data, a window change, or for nothing under way, is no duplicate.
#[test]
fn not_every_repeated_number_is_a_duplicate() {
    let mut script = newreno();
    script.send(10).at(100);
    for _ in 0..5 {
        let ack = crate::stack::tcp::sender::Acknowledgement {
            una: 1,
            ..Default::default()
        };
        script.sender.on_ack(&ack, 100_000_000);
    }
    assert_eq!((script.phase(), script.in_flight()), ("open", 10));
    script.ack(10, &[]);
    duplicates(&mut script, 10, 5);
    assert_eq!((script.phase(), script.in_flight()), ("open", 0));
}

/// What left in recovery and is lost comes right behind it: a small advance says that the duplicates
/// are of it (§4.1).
#[test]
fn a_loss_right_behind_the_recovery_is_found() {
    let mut script = newreno();
    script.send(10).at(100);
    duplicates(&mut script, 0, 9);
    assert_eq!(script.resend(), [0]);
    script.send(4).at(199).ack(9, &[]).at(200).ack(10, &[]);
    assert_eq!(script.phase(), "open");
    duplicates(&mut script, 10, 3);
    assert_eq!((script.phase(), script.resend()), ("recovery", vec![10]));
}

/// A segment that waited behind a hole says nothing of the round trip.
#[test]
fn what_waited_for_a_retransmission_is_no_sample() {
    let mut script = newreno();
    script.send(10).at(100);
    duplicates(&mut script, 0, 3);
    script.resend();
    script.at(400).ack(10, &[]);
    assert_eq!(script.sender.srtt(), 100_000_000);
}
