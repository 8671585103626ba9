//! §3.5, §3.10.7.3: handshakes, and what may go wrong with them.
use crate::stack::tcp::tests::script::play;

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
         0.5 > S. 0:0(0) ack 1 win 65535 <mss 1460>
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

/// SYNs that come again and again neither put the listener's timer off nor end the attempt early.
#[test]
fn repeated_syns_do_not_move_the_timer() {
    let again = "0.09 < S 0:0(0) win 65535 <mss 1460>\n".repeat(100);
    play(&format!(
        "0    listen
         0    < S 0:0(0) win 65535 <mss 1460>
         0    > S. 0:0(0) ack 1 win 65535 <mss 1460>
         {again}
         53.999 whatever
         0    state syn-received
         0.001 state closed"
    ));
}

/// In SYN-RECEIVED, a SYN-ACK that acknowledges what was never sent (§3.10.7.4, fifth).
#[test]
fn a_wrong_answer_to_a_simultaneous_open_is_reset() {
    play(
        "0     connect
         0     > S 0:0(0) win 65535 <mss 1460,sackOK,TS val 0 ecr 0,wscale 7>
         0     < S 0:0(0) win 65535 <mss 1460>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460>
         0     < S. 0:0(0) ack 9 win 65535 <mss 1460>
         0     > R 9:9(0) win 0
         0     state syn-received",
    );
}
