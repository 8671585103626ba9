//! §3.8.6: windows that shut, open, and are silly.
use super::{OPEN, OPEN_FAR};
use crate::stack::options::SocketOptions;
use crate::stack::tcp::tests::script::{play, play_with};
use crate::time::SECOND;

/// §3.8.6.1: a window of zero is probed, with growing pauses, for as long as the peer answers.
#[test]
fn a_zero_window_is_probed() {
    play(&format!(
        "{OPEN_FAR}
         0     < . 1:1(0) ack 1 win 0
         0     write 10
         0.3   > . 0:0(0) ack 1 win 65535
         0     < . 1:1(0) ack 1 win 0
         0.6   > . 0:0(0) ack 1 win 65535
         0     < . 1:1(0) ack 1 win 0
         1.2   > . 0:0(0) ack 1 win 65535
         0     < . 1:1(0) ack 1 win 0
         1     < . 1:1(0) ack 1 win 5000
         0     > P. 1:11(10) ack 1 win 65535"
    ));
}

/// The pause between two probes grows to a minute, and no further.
#[test]
fn a_window_may_stay_shut_for_ever() {
    let probe = "60  > . 0:0(0) ack 1 win 65535
         0     < . 1:1(0) ack 1 win 0
";
    let pauses = ["0.3", "0.6", "1.2", "2.4", "4.8", "9.6", "19.2", "38.4"];
    let grown: String = pauses
        .iter()
        .map(|pause| probe.replacen("60", pause, 1))
        .collect();
    play(&format!(
        "{OPEN_FAR}
         0     < . 1:1(0) ack 1 win 0
         0     write 10
         {grown}
         {}
         0     state established",
        probe.repeat(100)
    ));
}

/// A peer whose window stays shut and that does not answer probes is given up in the end.
#[test]
fn unanswered_probes_end_the_connection() {
    let options = SocketOptions {
        user_timeout: Some(5 * SECOND),
        ..SocketOptions::default()
    };
    play_with(
        &options,
        &format!(
            "{OPEN_FAR}
         0     < . 1:1(0) ack 1 win 0
         0     write 10
         0.3   > . 0:0(0) ack 1 win 65535
         0.6   > . 0:0(0) ack 1 win 65535
         1.2   > . 0:0(0) ack 1 win 65535
         2.4   > . 0:0(0) ack 1 win 65535
         0.8   > R. 1:1(0) ack 1 win 0
         0     events FAILED
         0     error TimedOut
         0     over",
        ),
    );
}

/// §3.8.6.2.1: no silly segments, unless the peer's window never was larger, or the override's time
/// has come.
#[test]
fn a_silly_window_is_not_used_at_once() {
    play(&format!(
        "{OPEN_FAR}
         0     < . 1:1(0) ack 1 win 100
         0     write 500
         0.3   > . 1:101(100) ack 1 win 65535
         0     < . 1:1(0) ack 101 win 2000
         0     > P. 101:501(400) ack 1 win 65535"
    ));
}

/// §3.8.6.2.2: the window opens by a full segment at least, and is told when it has doubled.
#[test]
fn a_window_opens_in_steps_that_matter() {
    let options = SocketOptions {
        receive_buffer: 4000,
        ..SocketOptions::default()
    };
    play_with(
        &options,
        "0     listen
         0     < S 0:0(0) win 65535 <mss 1000>
         0     > S. 0:0(0) ack 1 win 4000 <mss 1460>
         0     < . 1:1(0) ack 1 win 65535
         0     < . 1:4001(4000) ack 1 win 65535 x4
         0     > . 1:1(0) ack 4001 win 0
         0     read 900
         0     silence
         0     read 100
         0     > . 1:1(0) ack 4001 win 1000
         0     read 500
         0     silence
         0     read 1500
         0     > . 1:1(0) ack 4001 win 3000",
    );
}

/// §3.8.6: what does not fit the window is cut off, and has to come again.
#[test]
fn what_lies_beyond_the_window_is_not_taken() {
    let options = SocketOptions {
        receive_buffer: 100,
        ..SocketOptions::default()
    };
    play_with(
        &options,
        "0     listen
         0     < S 0:0(0) win 65535 <mss 1000>
         0     > S. 0:0(0) ack 1 win 100 <mss 1460>
         0     < . 1:1(0) ack 1 win 65535
         0     < . 1:151(150) ack 1 win 65535
         0     > . 1:1(0) ack 101 win 0
         0     readable 100
         0     < P. 101:151(50) ack 1 win 65535   // a zero window: its ACK counts, its text does not
         0     > . 1:1(0) ack 101 win 0
         0     read 100
         0     > . 1:1(0) ack 101 win 100",
    );
}

/// RFC 6429: a window that stays shut on a program that is gone ends the connection; the same peer
/// may do so for ever where somebody still waits.
#[test]
fn a_window_does_not_stay_shut_on_nobody() {
    let probe =
        |wait: f64| format!("{wait} > . 0:0(0) ack 1 win 65535\n0 < . 1:1(0) ack 1 win 0\n");
    let grown = [0.3, 0.6, 1.2, 2.4, 4.8, 9.6, 19.2, 38.4]
        .map(probe)
        .concat();
    play(&format!(
        "{OPEN_FAR}
         0     < . 1:1(0) ack 1 win 0
         0     write 10
         0     close
         {grown}{}
         60    > R. 1:1(0) ack 1 win 0
         0     over",
        probe(60.0).repeat(7)
    ));
}

/// A peer that shuts its window on what is under way, and goes on answering, is not gone.
#[test]
fn a_window_that_is_shut_on_bytes_under_way_is_no_silence() {
    let options = SocketOptions {
        user_timeout: Some(2 * SECOND),
        ..SocketOptions::default()
    };
    let answer = "1.5 < . 1:1(0) ack 1 win 0\n".repeat(10);
    play_with(
        &options,
        &format!(
            "{OPEN_FAR}
         0     write 10
         0     > P. 1:11(10) ack 1 win 65535
         {answer}
         0     whatever
         0     state established
         2     whatever
         0     state closed"
        ),
    );
}

/// §3.10.7.4: of two segments that tell a window, the younger counts; one that acknowledges something
/// new is younger, though its text was sent again.
#[test]
fn a_window_is_believed_from_the_youngest() {
    let connection = play(&format!(
        "{OPEN}
         0     write 100
         0     > P. 1:101(100) ack 1 win 65535
         0     < . 501:601(100) ack 1 win 3000
         0     > . 101:101(0) ack 1 win 65535
         0     < . 1:501(500) ack 1 win 2000      // older than the one before
         0     > . 101:101(0) ack 601 win 64935"
    ));
    assert_eq!(connection.info(0).send_window, 3000);
    let connection = play(&format!(
        "{OPEN}
         0     write 100
         0     > P. 1:101(100) ack 1 win 65535
         0     < . 501:601(100) ack 1 win 3000
         0     > . 101:101(0) ack 1 win 65535
         0     < . 1:501(500) ack 101 win 4000
         0     > . 101:101(0) ack 601 win 64935"
    ));
    assert_eq!(connection.info(0).send_window, 4000);
}
