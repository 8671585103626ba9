//! RFC 9293: opening, closing, windows, and what to do with segments that are not expected.
use super::script::{play, play_with};
use crate::stack::options::SocketOptions;
use crate::time::SECOND;

/// §3.5, figure 6, from the passive side; then each side closes.
#[test]
fn passive_open_and_close() {
    play(
        "0     listen
         0     < S 0:0(0) win 65535 <mss 1460>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460>
         0     state syn-received
         0.01  < . 1:1(0) ack 1 win 65535
         0     state established
         0     events WRITABLE|CONNECTED
         0     < P. 1:11(10) ack 1 win 65535
         0     > . 1:1(0) ack 11 win 65525
         0     events READABLE
         0     < F. 11:11(0) ack 1 win 65535
         0     > . 1:1(0) ack 12 win 65524
         0     state close-wait
         0     events FINISHED
         0     read 10
         0     read end
         0     write 5
         0     > P. 1:6(5) ack 12 win 65524
         0     close
         0     > F. 6:6(0) ack 12 win 65524
         0     state last-ack
         0.01  < . 12:12(0) ack 7 win 65535
         0     state closed
         0     over
         0     no error",
    );
}

/// §3.5, figure 6, from the active side; §3.6, figure 12.
#[test]
fn active_open_and_close() {
    play(
        "0     connect
         0     > S 0:0(0) win 65535 <mss 1460,sackOK,TS val 0 ecr 0,wscale 7>
         0.02  < S. 0:0(0) ack 1 win 65535 <mss 1400,sackOK,TS val 9 ecr 0,wscale 2>
         0     > . 1:1(0) ack 1 win 511 <TS val 20 ecr 9>
         0     shutdown
         0     > F. 1:1(0) ack 1 win 511 <TS val 20 ecr 9>
         0     state fin-wait-1
         0.02  < . 1:1(0) ack 2 win 16000 <TS val 29 ecr 20>
         0     state fin-wait-2
         0     events WRITABLE|CONNECTED|FLUSHED
         0     < P. 1:4(3) ack 2 win 16000 <TS val 29 ecr 20>
         0     > . 2:2(0) ack 4 win 511 <TS val 40 ecr 29>
         0     < F. 4:4(0) ack 2 win 16000 <TS val 29 ecr 20>
         0     > . 2:2(0) ack 5 win 511 <TS val 40 ecr 29>
         0     state time-wait
         0     read 3
         30    silence
         0     < F. 4:4(0) ack 2 win 16000 <TS val 99 ecr 40>   // our ACK was lost
         0     > . 2:2(0) ack 5 win 511 <TS val 30040 ecr 29,sack 4:5>
         59.9  state time-wait
         0.1   state closed",
    );
}

/// §3.5, figure 8.
#[test]
fn simultaneous_open() {
    play(
        "0     connect
         0     > S 0:0(0) win 65535 <mss 1460,sackOK,TS val 0 ecr 0,wscale 7>
         0.01  < S 0:0(0) win 65535 <mss 1460>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460>
         0     state syn-received
         0.01  < S. 0:0(0) ack 1 win 65535 <mss 1460>
         0     state established
         0     > . 1:1(0) ack 1 win 65535",
    );
}

/// §3.6, figure 13.
#[test]
fn simultaneous_close() {
    play(
        "0     listen
         0     < S 0:0(0) win 65535 <mss 1460>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460>
         0     < . 1:1(0) ack 1 win 65535
         0     close
         0     > F. 1:1(0) ack 1 win 65535
         0     < F. 1:1(0) ack 1 win 65535
         0     > . 2:2(0) ack 2 win 65534
         0     state closing
         0     < . 2:2(0) ack 2 win 65535
         0     state time-wait
         60    state closed",
    );
}

/// SYN and SYN-ACK are sent again after 1, 2, 4, … s (RFC 6298 §2.1, §5.5).
#[test]
fn a_peer_that_does_not_answer() {
    let syn = "> S 0:0(0) win 65535 <mss 1460,sackOK,TS val";
    let rest = "ecr 0,wscale 7>";
    play(&format!(
        "0   connect
         0   {syn} 0 {rest}
         1   {syn} 1000 {rest}
         2   {syn} 3000 {rest}
         4   {syn} 7000 {rest}
         8   {syn} 15000 {rest}
         16  {syn} 31000 {rest}
         32  {syn} 63000 {rest}
         64  events FAILED
         0   error TimedOut
         0   over",
    ));
}

#[test]
fn a_syn_ack_whose_answer_is_lost() {
    play(
        "0   listen
         0   < S 0:0(0) win 65535 <mss 1460>
         0   > S. 0:0(0) ack 1 win 65535 <mss 1460>
         0.5 < S 0:0(0) win 65535 <mss 1460>
         0   > S. 0:0(0) ack 1 win 65535 <mss 1460>
         2   > S. 0:0(0) ack 1 win 65535 <mss 1460>
         4   > S. 0:0(0) ack 1 win 65535 <mss 1460>
         8   > S. 0:0(0) ack 1 win 65535 <mss 1460>
         16  > S. 0:0(0) ack 1 win 65535 <mss 1460>
         32  state closed
         0   over",
    );
}

/// §3.10.7.3: an acknowledgement of what was never sent is reset, a reset counts only with one.
#[test]
fn syn_sent_believes_only_its_own_acknowledgement() {
    let syn = "> S 0:0(0) win 65535 <mss 1460,sackOK,TS val 0 ecr 0,wscale 7>";
    play(&format!(
        "0   connect
         0   {syn}
         0   < S. 0:0(0) ack 5 win 65535
         0   > R 5:5(0) win 0
         0   < R. 0:0(0) ack 5 win 0
         0   < R 0:0(0) win 0
         0   < . 0:0(0) ack 1 win 65535
         0   state syn-sent
         0   < R. 0:0(0) ack 1 win 0
         0   events FAILED
         0   error ConnectionRefused
         0   over",
    ));
}

const OPEN: &str = "0     listen
         0     < S 0:0(0) win 65535 <mss 1000>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460>
         0     < . 1:1(0) ack 1 win 65535
         0     events WRITABLE|CONNECTED
";

/// The same over a path of 100 ms: the first retransmission timeout is 300 ms.
const OPEN_FAR: &str = "0     listen
         0     < S 0:0(0) win 65535 <mss 1000>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460>
         0.1   < . 1:1(0) ack 1 win 65535
         0     events WRITABLE|CONNECTED
";

fn established(rest: &str) {
    play(&format!("{OPEN}{rest}"));
}

/// §3.10.7.4: half-close, in which the other direction stays open.
#[test]
fn the_peer_reads_on_after_it_has_finished() {
    established(
        "0     < F. 1:1(0) ack 1 win 65535
         0     > . 1:1(0) ack 2 win 65534
         0     events READABLE|FINISHED
         0     write 1500
         0     > P. 1:1501(1500) ack 2 win 65534 x2
         0     < . 2:2(0) ack 1501 win 65535
         0     state close-wait
         0     shutdown
         0     > F. 1501:1501(0) ack 2 win 65534
         0     < . 2:2(0) ack 1502 win 65535
         0     events FLUSHED
         0     over",
    );
}

/// RFC 2525 §2.17, RFC 9293 §3.6.1: closed before everything was read.
#[test]
fn close_with_bytes_unread_resets() {
    established(
        "0     < P. 1:11(10) ack 1 win 65535
         0     > . 1:1(0) ack 11 win 65525
         0     close
         0     > R. 1:1(0) ack 11 win 0
         0     over",
    );
}

#[test]
fn bytes_that_come_after_close_reset() {
    established(
        "0     close
         0     > F. 1:1(0) ack 1 win 65535
         0     < . 1:1(0) ack 2 win 65535
         0     state fin-wait-2
         0     < P. 1:11(10) ack 2 win 65535
         0     > R. 2:2(0) ack 1 win 0
         0     over",
    );
}

#[test]
fn fin_wait_2_does_not_last_once_the_program_is_gone() {
    established(
        "0     close
         0     > F. 1:1(0) ack 1 win 65535
         0     < . 1:1(0) ack 2 win 65535
         59.9  state fin-wait-2
         0.1   over",
    );
}

#[test]
fn abort_resets() {
    established(
        "0     write 10
         0     > P. 1:11(10) ack 1 win 65535
         0     abort
         0     > R. 11:11(0) ack 1 win 0
         0     over",
    );
}

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

/// §3.7.4, in Minshall's variant: one small segment at a time.
#[test]
fn nagle_holds_the_second_small_segment() {
    established(
        "0     write 100
         0     > P. 1:101(100) ack 1 win 65535
         0     write 100
         0     write 1000
         0     > . 101:1101(1000) ack 1 win 65535
         0.01  < . 1:1(0) ack 101 win 65535
         0     > P. 1101:1201(100) ack 1 win 65535",
    );
}

#[test]
fn nodelay_holds_nothing() {
    let options = SocketOptions {
        nodelay: true,
        ..SocketOptions::default()
    };
    play_with(
        &options,
        &format!(
            "{OPEN}
         0     write 100
         0     > P. 1:101(100) ack 1 win 65535
         0     write 100
         0     > P. 101:201(100) ack 1 win 65535"
        ),
    );
}

/// FIN goes with the last bytes, and does not wait for the small segment before it.
#[test]
fn fin_rides_on_the_last_segment() {
    established(
        "0     write 100
         0     > P. 1:101(100) ack 1 win 65535
         0     write 100
         0     close
         0     > FP. 101:201(100) ack 1 win 65535
         0     < . 1:1(0) ack 202 win 65535
         0     state fin-wait-2",
    );
}

/// §3.8.4: probes after the idle time, then at the interval, then the end.
#[test]
fn keepalive_finds_a_dead_peer() {
    let options = SocketOptions {
        keepalive_idle: Some(10 * SECOND),
        keepalive_interval: 3 * SECOND,
        keepalive_count: 2,
        ..SocketOptions::default()
    };
    play_with(
        &options,
        &format!(
            "{OPEN}
         4     < P. 1:11(10) ack 1 win 65535
         0     > . 1:1(0) ack 11 win 65525
         10    > . 0:0(0) ack 11 win 65525
         1     < . 11:11(0) ack 1 win 65535
         10    > . 0:0(0) ack 11 win 65525
         3     > . 0:0(0) ack 11 win 65525
         3     > R. 1:1(0) ack 11 win 0
         0     error TimedOut
         0     over"
        ),
    );
}

/// §3.10.7.4: the peer's probe, an old sequence number without text, is answered.
#[test]
fn a_keepalive_probe_is_answered() {
    established(
        "0     < . 0:0(0) ack 1 win 65535
         0     > . 1:1(0) ack 1 win 65535
         0     < . 0:1(1) ack 1 win 65535   // with a byte of rubbish, as old systems send it
         0     > . 1:1(0) ack 1 win 65535",
    );
}

/// A connection that has ended waits for nothing, however impatient its program was.
#[test]
fn no_patience_outlives_the_connection() {
    let options = SocketOptions {
        user_timeout: Some(5 * SECOND),
        ..SocketOptions::default()
    };
    let connection = play_with(
        &options,
        &format!(
            "{OPEN}
         0     < F. 1:1(0) ack 1 win 65535
         0     > . 1:1(0) ack 2 win 65534
         0     close
         0     > F. 1:1(0) ack 2 win 65534
         0     < . 2:2(0) ack 2 win 65535
         0     over"
        ),
    );
    assert_eq!(connection.deadline(), None);
}
