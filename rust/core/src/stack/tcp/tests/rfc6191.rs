//! RFC 6191: a new connection between the same two ports while the last one lingers.
use super::script::play;
use crate::stack::tcp::Connection;
use crate::stack::tcp::segment::{Flags, Segment};

fn lingering(options: &str, timestamp: &str) -> Connection {
    play(&format!(
        "0     listen
         0     < S 0:0(0) win 65535 <mss 1000{options}>
         0     > S. 0:0(0) ack 1 win 65535 <mss 1460{}>
         0     < . 1:1(0) ack 1 win 65535 {timestamp}
         0     close
         0     > F. 1:1(0) ack 1 win 65535 {timestamp_back}
         0     < F. 1:1(0) ack 2 win 65535 {timestamp}
         0     > . 2:2(0) ack 2 win 65534 {timestamp_back}
         0     state time-wait",
        options.replace("val 50 ecr 0", "val 0 ecr 50"),
        timestamp_back = timestamp.replace("val 50 ecr 0", "val 0 ecr 50"),
    ))
}

fn syn(seq: u32, timestamp: Option<u32>) -> Segment<'static> {
    Segment {
        seq,
        flags: Flags::SYN,
        timestamp: timestamp.map(|value| (value, 0)),
        ..Segment::default()
    }
}

/// §2: a younger timestamp, or with the same one a higher sequence number.
#[test]
fn timestamps_tell_the_younger() {
    let connection = lingering(",TS val 50 ecr 0", "<TS val 50 ecr 0>");
    for (seq, timestamp, younger) in [
        (1, Some(51), true),
        (1, Some(50), false),
        (3, Some(50), true),
        (3, Some(49), false),
        (3, None, true),
        (2, None, false),
    ] {
        assert_eq!(
            connection.gives_way_to(&syn(seq, timestamp)),
            younger,
            "{seq} {timestamp:?}"
        );
    }
    let reset = Segment {
        flags: Flags::SYN | Flags::RST,
        ..syn(3, None)
    };
    assert!(!connection.gives_way_to(&reset));
    let answer = Segment {
        flags: Flags::SYN | Flags::ACK,
        ack: Some(2),
        ..syn(3, None)
    };
    assert!(!connection.gives_way_to(&answer));
}

#[test]
fn without_timestamps_sequence_numbers_tell() {
    let connection = lingering("", "");
    assert!(connection.gives_way_to(&syn(1, Some(1))));
    assert!(connection.gives_way_to(&syn(3, None)));
    assert!(!connection.gives_way_to(&syn(2, None)));
}

/// RFC 1337: a reset does not end the wait.
#[test]
fn a_reset_does_not_end_time_wait() {
    let mut connection = lingering("", "");
    let reset = Segment {
        flags: Flags::RST,
        seq: 2,
        ..Segment::default()
    };
    connection.on_segment(&reset, 0);
    assert!(connection.is_time_wait());
}
