//! RFC 4987: a listener under a flood of SYNs, and one whose program does not accept.
use super::pair::{endpoints, turned};
use crate::stack::options::SocketOptions;
use crate::stack::tcp::segment::{Flags, Segment};
use crate::stack::tcp::{Connection, Endpoints, Listener, Verdict};
use crate::time::SECOND;

fn from(port: u16) -> Endpoints {
    let mut ends = turned(endpoints());
    ends.remote.set_port(port);
    ends
}

fn syn() -> Segment<'static> {
    Segment {
        seq: 1000,
        flags: Flags::SYN,
        window: 65_535,
        mss: Some(1460),
        window_scale: Some(3),
        sack_permitted: true,
        timestamp: Some((77, 0)),
        packets: 1,
        ..Segment::default()
    }
}

fn flooded(options: &SocketOptions, backlog: usize) -> Listener {
    let mut listener = Listener::new(options, backlog, [1, 2]);
    for port in 0..backlog as u16 {
        let verdict = listener.on_segment(&syn(), from(port), 5, 1500, 0);
        assert!(matches!(verdict, Verdict::Begin(_)));
    }
    listener
}

/// What the listener answers, as bytes.
fn answer(listener: &mut Listener, segment: &Segment<'_>, now: u64) -> Option<Vec<u8>> {
    let Verdict::Answer(reply) = listener.on_segment(segment, from(999), 5, 1500, now) else {
        return None;
    };
    let mut bytes = vec![0; reply.len()];
    reply.emit(&mut bytes, 0);
    Some(bytes)
}

/// What a peer sends who got that.
fn back(answer: &Segment<'_>) -> Segment<'static> {
    Segment {
        seq: 1001,
        ack: Some(answer.seq.wrapping_add(1)),
        flags: Flags::ACK,
        window: 500,
        timestamp: answer.timestamp.map(|(value, echo)| (echo + 1, value)),
        payload: b"hello",
        packets: 1,
        ..Segment::default()
    }
}

fn stands(listener: &mut Listener, segment: &Segment<'_>, now: u64) -> Option<Connection> {
    match listener.on_segment(segment, from(999), 5, 1500, now) {
        Verdict::Established(mut connection) => {
            connection.on_segment(segment, now);
            Some(*connection)
        }
        _ => None,
    }
}

/// §3.6: beyond the backlog nothing is kept, and all that was offered is there nevertheless.
#[test]
fn a_connection_comes_out_of_a_cookie() {
    let mut listener = flooded(&SocketOptions::default(), 4);
    let bytes = answer(&mut listener, &syn(), 0).unwrap();
    let syn_ack = Segment::parse(&bytes, 0, 1).unwrap();
    assert!(syn_ack.flags.has(Flags::SYN | Flags::ACK));
    assert_eq!(
        (syn_ack.ack, syn_ack.mss, syn_ack.window),
        (Some(1001), Some(1460), 65_535)
    );
    assert_eq!(
        (syn_ack.window_scale, syn_ack.sack_permitted),
        (Some(7), true)
    );
    let mut connection = stands(&mut listener, &back(&syn_ack), SECOND).unwrap();
    let info = connection.info(SECOND);
    assert_eq!(
        (info.state, info.mss, info.sack),
        ("established", 1448, true)
    );
    assert_eq!((info.window_scale, info.send_window), (Some(3), 4000));
    let mut bytes = [0; 9];
    assert_eq!(connection.receive(&mut bytes, SECOND), Ok(5));
    assert_eq!(&bytes[..5], b"hello");
}

/// Without timestamps there is no room for more than the MSS.
#[test]
fn a_plain_cookie_has_the_mss_alone() {
    let mut listener = flooded(&SocketOptions::default(), 1);
    let plain = Segment {
        timestamp: None,
        ..syn()
    };
    let bytes = answer(&mut listener, &plain, 0).unwrap();
    let syn_ack = Segment::parse(&bytes, 0, 1).unwrap();
    assert_eq!(
        (syn_ack.window_scale, syn_ack.sack_permitted),
        (None, false)
    );
    let connection = stands(&mut listener, &back(&syn_ack), 0).unwrap();
    let info = connection.info(0);
    assert_eq!(
        (info.mss, info.sack, info.window_scale, info.send_window),
        (1460, false, None, 500)
    );
}

/// What brings no cookie, an old one, or another peer's is reset.
#[test]
fn a_forged_cookie_is_reset() {
    let mut listener = flooded(&SocketOptions::default(), 1);
    let forged = back(&Segment { seq: 5, ..syn() });
    assert!(answer(&mut listener, &forged, 0).is_some());
    let bytes = answer(&mut listener, &syn(), 0).unwrap();
    let syn_ack = Segment::parse(&bytes, 0, 1).unwrap();
    assert!(answer(&mut listener, &forged, 0).is_some());
    let other = listener.on_segment(&back(&syn_ack), from(998), 5, 1500, 0);
    assert!(matches!(other, Verdict::Answer(_)));
    let bytes = answer(&mut listener, &back(&syn_ack), 128 * SECOND).unwrap();
    assert!(Segment::parse(&bytes, 0, 1).unwrap().flags.has(Flags::RST));
}

/// A program that does not accept: new connections wait with their peers.
#[test]
fn a_full_listener_takes_nothing() {
    let mut listener = flooded(&SocketOptions::default(), 1);
    let bytes = answer(&mut listener, &syn(), 0).unwrap();
    let syn_ack = Segment::parse(&bytes, 0, 1).unwrap();
    listener.on_established();
    assert!(listener.is_full());
    for segment in [back(&syn_ack), syn()] {
        let verdict = listener.on_segment(&segment, from(999), 5, 1500, 0);
        assert!(matches!(verdict, Verdict::Drop));
    }
    listener.on_accepted();
    assert!(stands(&mut listener, &back(&syn_ack), 0).is_some());
}

/// RFC 9293 §3.10.7.2.
#[test]
fn what_is_no_syn_is_reset_or_dropped() {
    let mut listener = Listener::new(&SocketOptions::default(), 1, [1, 2]);
    let mut verdict = |flags, ack| {
        let segment = Segment {
            flags,
            ack,
            ..syn()
        };
        listener.on_segment(&segment, from(9), 5, 1500, 0)
    };
    assert!(matches!(verdict(Flags::RST, None), Verdict::Drop));
    assert!(matches!(verdict(Flags::ACK, Some(1)), Verdict::Answer(_)));
    assert!(matches!(
        verdict(Flags::SYN | Flags::ACK, Some(1)),
        Verdict::Answer(_)
    ));
    assert!(matches!(verdict(Flags::FIN, None), Verdict::Drop));
    assert!(matches!(verdict(Flags::SYN, None), Verdict::Begin(_)));
}
