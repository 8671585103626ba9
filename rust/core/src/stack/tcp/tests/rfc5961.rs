//! RFC 5961: blind attackers, who know the ports but not the sequence numbers.
use super::script::play;

const OPEN: &str = "0     listen
         0     < S 0:0(0) win 65535 <mss 1000>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460>
         0     < . 1:1(0) ack 1 win 1000
         0     events WRITABLE|CONNECTED
";

fn established(rest: &str) {
    play(&format!("{OPEN}{rest}"));
}

/// §3.2: outside the window: nothing; inside: a challenge; at the very byte: the end.
#[test]
fn a_reset_must_stand_at_the_next_byte() {
    established(
        "0     < R 70000:70000(0) win 0
         0     < R 0:0(0) win 0
         0     silence
         0     < R 2:2(0) win 0
         0     > . 1:1(0) ack 1 win 65535
         0     state established
         0     < R 1:1(0) win 0
         0     state closed
         0     events FAILED
         0     error ConnectionReset",
    );
}

/// §4.2: a SYN, wherever it stands, gets a challenge.
#[test]
fn a_syn_is_challenged() {
    established(
        "0     < S 1:1(0) win 0
         0     > . 1:1(0) ack 1 win 65535
         0     < S 90000:90000(0) win 0
         0     > . 1:1(0) ack 1 win 65535
         0     < S. 0:0(0) ack 1 win 0
         0     > . 1:1(0) ack 1 win 65535
         0     state established",
    );
}

/// §5.2: an acknowledgement of what was not sent, or of what is older than the largest window.
#[test]
fn an_impossible_acknowledgement_is_challenged() {
    established(
        "0     < . 1:11(10) ack 2 win 1000
         0     > . 1:1(0) ack 1 win 65535
         0     < . 1:11(10) ack -65600 win 1000
         0     > . 1:1(0) ack 1 win 65535
         0     readable 0
         0     < . 1:11(10) ack -100 win 1000
         0     > . 1:1(0) ack 1 win 65535
         0     readable 0",
    );
}

/// §7: ten challenges in five seconds.
#[test]
fn challenges_are_limited() {
    let challenge = "0 < S 1:1(0) win 0
         0     > . 1:1(0) ack 1 win 65535
";
    established(&format!(
        "{}
         0     < S 1:1(0) win 0
         4.9   < S 1:1(0) win 0
         0     silence
         0.1   < S 1:1(0) win 0
         0     > . 1:1(0) ack 1 win 65535",
        challenge.repeat(10)
    ));
}

/// What is too old to be text is acknowledged however often it comes: the peer has not heard.
#[test]
fn old_text_is_always_acknowledged() {
    let old = "0 < . 1:11(10) ack 1 win 1000
         0     > . 1:1(0) ack 11 win 65525
";
    established(&old.repeat(20));
}

/// §3.2 in SYN-RECEIVED: the listener's connection goes.
#[test]
fn a_half_open_connection_can_be_reset() {
    play(
        "0     listen
         0     < S 0:0(0) win 65535 <mss 1000>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460>
         0     < . 1:1(0) ack 7 win 1000
         0     > R 7:7(0) win 0
         0     state syn-received
         0     < R 1:1(0) win 0
         0     over",
    );
}
