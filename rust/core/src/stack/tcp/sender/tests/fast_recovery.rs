//! RACK (RFC 8985 §6), and what fast recovery makes of it.
use super::script::{MSS, Script, bytes};
use crate::stack::options::Algorithm;
use crate::stack::tcp::sender::{Acknowledgement, Due};
use crate::time::MILLISECOND;

/// Without reordering so far, the third selective acknowledgement is as good as the duplicate one
/// of old (§6.2, step 4): no window.
#[test]
fn the_third_later_segment_means_a_loss() {
    let mut script = Script::new();
    script.send(10).at(100).ack(0, &[1..2]).ack(0, &[1..3]);
    assert_eq!((script.phase(), script.in_flight()), ("open", 8));
    script.ack(0, &[1..4]);
    assert_eq!((script.phase(), script.in_flight()), ("recovery", 6));
    assert_eq!(script.resend(), [0]);
    assert_eq!(script.sender.statistics().ssthresh, 5 * MSS);
}

/// With fewer, a quarter of the smallest round trip has to pass (§6.2, step 5).
#[test]
fn fewer_later_segments_mean_a_loss_after_a_quarter_of_a_round_trip() {
    let mut script = Script::new();
    script.send(2).at(100).ack(0, &[1..2]);
    assert_eq!((script.deadline(), script.phase()), (Some(125), "open"));
    assert_eq!(script.expire(), Due::Retransmit);
    assert_eq!((script.resend(), script.phase()), (vec![0], "recovery"));
}

/// A segment sent only just before one that arrived gets the same time from its own departure on.
#[test]
fn each_segment_has_its_own_time() {
    let mut script = Script::new();
    script.send(1).at(20).send(1).at(40).send(1);
    script.at(140).ack(0, &[2..3]);
    // 0 left 40 ms before 2, and 1 left 20 ms before it.
    assert_eq!((script.resend(), script.deadline()), (vec![0], Some(145)));
    assert_eq!((script.expire(), script.in_flight()), (Due::Retransmit, 1));
}

/// A segment that is below another and arrives later, though sent once, is reordered (step 3): then
/// three later ones are not enough any more.
#[test]
fn reordering_makes_it_wait() {
    let mut script = Script::new();
    script.send(10).at(100).ack(0, &[1..2]).ack(2, &[]);
    assert!(script.sender.statistics().reordering);
    script.ack(2, &[3..8]);
    assert_eq!((script.phase(), script.deadline()), ("open", Some(125)));
    script.at(110).ack(8, &[]);
    assert_eq!(
        (script.phase(), script.sender.statistics().retransmitted),
        ("open", 0)
    );
}

/// A D-SACK enlarges the window by a quarter of the round trip, once a round (step 4); sixteen
/// recoveries without one make it small again.
#[test]
fn duplicates_enlarge_the_window() {
    let mut script = Script::new();
    script.send(4).at(100).ack(0, &[1..2]).ack(2, &[]);
    script.twice(2, 0..1);
    let window = |script: &Script| script.sender.statistics().reordering_window / MILLISECOND;
    assert_eq!(window(&script), 50);
    script.twice(2, 1..2);
    assert_eq!(window(&script), 50, "the same round");
    script.ack(4, &[]).twice(4, 1..2);
    assert_eq!(window(&script), 75, "the next one");
    for round in 0..40 {
        script.twice(4, 1..2).send(1);
        script.at(200 + round * 100).ack(5 + round, &[]);
    }
    assert_eq!(window(&script), 100, "not more than a round trip");
}

#[test]
fn sixteen_recoveries_without_a_duplicate_make_the_window_small() {
    let mut script = Script::new();
    script
        .send(2)
        .at(100)
        .ack(0, &[1..2])
        .ack(2, &[])
        .twice(2, 0..1);
    for round in 1..=16 {
        assert_eq!(
            script.sender.statistics().reordering_window,
            50 * MILLISECOND
        );
        let first = 2 * round;
        script
            .at(1000 * round)
            .send(2)
            .at(1000 * round + 100)
            .ack(first, &[first + 1..first + 2]);
        assert_eq!(script.expire(), Due::Retransmit);
        assert_eq!(script.resend(), [first]);
        script.at(1000 * round + 300).ack(first + 2, &[]);
    }
    assert_eq!(
        script.sender.statistics().reordering_window,
        25 * MILLISECOND
    );
}

/// A retransmission that is lost as well shows by what left after it (§3.3), and is a second sign of
/// congestion (RFC 5681 §4.3).
#[test]
fn a_lost_retransmission_is_found() {
    let mut script = Script::new();
    script.send(10).at(100).ack(0, &[1..6]);
    assert_eq!(script.resend(), [0]);
    script.at(101).send(1).at(200).ack(0, &[1..10]);
    assert_eq!(script.cwnd(), 5);
    script.at(201).ack(0, &[1..11]);
    assert_eq!((script.resend(), script.cwnd()), (vec![0], 2));
    script.at(300).ack(11, &[]);
    assert_eq!((script.phase(), script.in_flight()), ("open", 0));
    assert_eq!(script.sender.statistics().timeouts, 0);
}

/// The acknowledgement of what left first says nothing of what left again a moment ago.
#[test]
fn the_first_transmission_is_no_later_one() {
    let mut script = Script::with(Algorithm::Reno, true, false);
    script.send(10).at(100).ack(0, &[1..4]);
    assert_eq!(script.resend(), [0]);
    // 4..10 are still on their way, and left before the retransmission of 0.
    script.at(101).ack(1, &[]).at(102).ack(4, &[]);
    assert_eq!(script.in_flight(), 6);
    assert_eq!(script.resend(), [0_u64; 0]);
}

/// A burst of losses: all holes go out in one recovery, within what PRR lets go, lowest first.
#[test]
fn many_holes_are_filled_in_one_recovery() {
    let mut script = Script::new();
    script.send(20).at(100).ack(0, &[4..8]);
    assert_eq!(script.in_flight(), 12);
    let mut sent = script.resend();
    for arrived in 9..=20 {
        script.at(100 + arrived).ack(0, &[4..arrived]);
        sent.extend(script.resend());
    }
    assert_eq!(sent, [0, 1, 2, 3]);
    script.at(220).ack(20, &[]);
    assert_eq!(
        (script.phase(), script.sender.statistics().recoveries),
        ("open", 1)
    );
}

/// New data goes on while the pipe has room (RFC 6675), and never twice what has arrived.
#[test]
fn the_pipe_lets_new_data_go() {
    let mut script = Script::new();
    script.send(10).at(100).ack(0, &[1..4]);
    assert_eq!(script.resend(), [0]);
    script.at(101).ack(0, &[1..10]);
    assert_eq!((script.in_flight(), script.allowance()), (1, 4));
}

/// A part of a super-packet is lost: only that leaves again.
#[test]
fn super_packets_are_split() {
    let mut script = Script::new();
    script.emit(bytes(0..10));
    script.at(100).ack(1, &[2..3, 5..10]);
    assert_eq!(script.in_flight(), 0);
    assert_eq!(
        script.sender.retransmission(100 * MILLISECOND),
        Some(bytes(1..2))
    );
    assert_eq!(script.resend(), [1, 3, 4]);
    script.at(200).ack(3, &[5..10]);
    assert_eq!(script.in_flight(), 2);

    script.at(300).ack(10, &[]);
    assert_eq!(script.phase(), "open");
}

/// The window is reduced once for all that is lost of a window, whenever it is found.
#[test]
fn one_window_is_one_loss_event() {
    let mut script = Script::new();
    script.send(20).at(100).ack(0, &[1..4]);
    script.resend();
    script
        .at(101)
        .ack(0, &[1..6, 8..12])
        .at(102)
        .ack(0, &[1..6, 8..15, 17..20]);
    assert_eq!(
        (script.cwnd(), script.sender.statistics().recoveries),
        (5, 1)
    );
}

/// An echoed mark slows down once a window, and not where a loss did already (RFC 3168 §6.1.2).
#[test]
fn a_mark_slows_down_without_recovery() {
    let mut script = Script::new();
    script.send(10).at(100);
    let marked = Acknowledgement {
        una: 1 + MSS,
        ece: true,
        ..Default::default()
    };
    script.sender.on_ack(&marked, 100 * MILLISECOND);
    assert_eq!((script.cwnd(), script.phase()), (5, "open"));
    let again = Acknowledgement {
        una: 1 + 2 * MSS,
        ..marked
    };
    script.sender.on_ack(&again, 101 * MILLISECOND);
    assert_eq!(script.cwnd(), 5);
    // A loss of the same window is the same event.
    script.at(102).ack(2, &[3..10]);
    assert_eq!((script.cwnd(), script.phase()), (5, "recovery"));
}
