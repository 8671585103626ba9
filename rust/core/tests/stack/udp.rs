//! Datagrams and echo between two hosts.
use super::net::{MS, Net, at};
use serde_json::json;
use usernet_core::stack::{Readiness, SocketError};

fn delayed() -> Net {
    Net::pair(&json!({"delay": {"ns": 5 * MS}}))
}

#[test]
fn a_datagram_arrives_when_the_line_says() {
    for (one, other) in [
        ("10.0.0.1:0", "10.0.0.2:53"),
        ("[fd00::1]:0", "[fd00::2]:53"),
    ] {
        let mut net = delayed();
        let server = net.udp("b", other);
        let client = net.udp("a", one);
        net.send_to("a", client, b"hello", other).unwrap();
        net.advance(5 * MS - 1);
        assert_eq!(net.receive_from("b", server), Err(SocketError::WouldBlock));
        net.advance(5 * MS);
        assert_eq!(net.events("b"), [(server, Readiness::READABLE)]);
        let (bytes, from) = net.receive_from("b", server).unwrap();
        assert_eq!(
            (&bytes[..], from.to_string()),
            (&b"hello"[..], net.local("a", client))
        );
        net.send_to("b", server, b"world!", &from.to_string())
            .unwrap();
        net.advance(10 * MS);
        assert_eq!(
            net.receive_from("a", client),
            Ok((b"world!".to_vec(), at(other)))
        );
        assert_eq!((net.dropped("a"), net.dropped("b")), (json!({}), json!({})));
        net.stop();
    }
}

#[test]
fn an_echo_comes_back_after_a_round_trip() {
    for other in ["10.0.0.2:7", "[fd00::2]:7"] {
        let mut net = delayed();
        let echo = net.echo("a");
        net.send_to("a", echo, &[9; 1000], other).unwrap();
        net.advance(10 * MS - 1);
        assert_eq!(net.events("a"), []);
        net.advance(10 * MS);
        assert_eq!(net.events("a"), [(echo, Readiness::READABLE)]);
        assert_eq!(net.receive_from("a", echo), Ok((vec![9; 1000], at(other))));
        net.stop();
    }
}

#[test]
fn a_host_talks_to_itself() {
    for address in ["127.0.0.1", "10.0.0.1", "[::1]", "[fd00::1]"] {
        let mut net = Net::new();
        net.start("a", super::net::host(&["10.0.0.1/24", "fd00::1/64"]));
        let to = format!("{address}:99");
        let server = net.udp("a", &to);
        let any = if address.starts_with('[') {
            "[::]:0"
        } else {
            "0.0.0.0:0"
        };
        let client = net.udp("a", any);
        net.send_to("a", client, b"me", &to).unwrap();
        let echo = net.echo("a");
        net.send_to("a", echo, b"ping", &format!("{address}:5"))
            .unwrap();
        net.advance(0);
        let (bytes, from) = net.receive_from("a", server).unwrap();
        assert_eq!((&bytes[..], from.ip()), (&b"me"[..], at(&to).ip()));
        assert_eq!(net.receive_from("a", echo).unwrap().0, b"ping");
        net.stop();
    }
}

#[test]
fn addresses_that_a_host_has_not_are_refused() {
    let mut net = delayed();
    let refused = |net: &mut Net, local: &str, remote| net.bind("a", local, remote).unwrap_err();
    assert_eq!(
        refused(&mut net, "10.0.0.9:5", None),
        SocketError::AddressNotAvailable
    );
    assert_eq!(
        refused(&mut net, "0.0.0.0:0", Some("192.0.2.1:5")),
        SocketError::NetworkUnreachable
    );
    net.udp("a", "0.0.0.0:5");
    assert_eq!(
        refused(&mut net, "10.0.0.1:5", None),
        SocketError::AddressInUse
    );
    let socket = net.udp("a", "0.0.0.0:0");
    assert_eq!(
        net.send_to("a", socket, b"", "192.0.2.1:5"),
        Err(SocketError::NetworkUnreachable)
    );
    assert_eq!(
        net.send_to("a", socket, b"", "[fd00::2]:5"),
        Err(SocketError::Invalid)
    );
    assert_eq!(
        net.send_to("a", socket, &[0; 65_508], "10.0.0.2:5"),
        Err(SocketError::MessageTooLong)
    );
}

#[test]
fn a_connected_socket_hears_its_peer_alone() {
    let mut net = delayed();
    let all = net.udp("b", "0.0.0.0:53");
    let one = net.udp("a", "10.0.0.1:1000");
    let peer = net.bind("b", "0.0.0.0:54", Some("10.0.0.1:1000")).unwrap();
    let other = net.udp("a", "10.0.0.1:1001");
    for (socket, port) in [(one, 54), (other, 54), (other, 53)] {
        net.send_to("a", socket, b"x", &format!("10.0.0.2:{port}"))
            .unwrap();
    }
    net.advance(5 * MS);
    assert_eq!(net.receive_from("b", peer).unwrap().1, at("10.0.0.1:1000"));
    assert_eq!(net.receive_from("b", peer), Err(SocketError::WouldBlock));
    assert_eq!(net.receive_from("b", all).unwrap().1, at("10.0.0.1:1001"));
    assert_eq!(net.local("b", peer), "10.0.0.2:54");
    assert_eq!(net.dropped("b"), json!({"no_socket": 1}));
}

#[test]
fn a_full_queue_drops_and_counts() {
    let mut net = Net::pair(&json!({}));
    let server = net.with("b", |host, now| {
        let options = usernet_core::stack::SocketOptions {
            receive_buffer: 3 * (100 + 64),
            ..host.options()
        };
        host.bind(at("10.0.0.2:53"), None, options, now).unwrap()
    });
    let client = net.udp("a", "10.0.0.1:0");
    for _ in 0..5 {
        net.send_to("a", client, &[1; 100], "10.0.0.2:53").unwrap();
    }
    net.advance(0);
    assert_eq!(net.dropped("b"), json!({"queue_full": 2}));
    for _ in 0..3 {
        net.receive_from("b", server).unwrap();
    }
    assert_eq!(net.receive_from("b", server), Err(SocketError::WouldBlock));
}

#[test]
fn room_is_told_once_it_is_there_again() {
    let mut net = Net::pair(&json!({}));
    let client = net.with("a", |host, now| {
        let options = usernet_core::stack::SocketOptions {
            send_buffer: 4 * (100 + 64),
            ..host.options()
        };
        host.bind(at("10.0.0.1:0"), None, options, now).unwrap()
    });
    for _ in 0..4 {
        net.send_to("a", client, &[1; 100], "10.0.0.2:53").unwrap();
    }
    assert_eq!(
        net.send_to("a", client, &[1; 100], "10.0.0.2:53"),
        Err(SocketError::WouldBlock)
    );
    net.advance(0);
    assert_eq!(net.events("a"), [(client, Readiness::WRITABLE)]);
}

#[test]
fn what_was_sent_before_a_close_still_goes_out() {
    let mut net = delayed();
    let server = net.udp("b", "10.0.0.2:53");
    let client = net.udp("a", "10.0.0.1:5");
    net.send_to("a", client, b"last", "10.0.0.2:53").unwrap();
    net.with("a", |host, now| host.close(client, now));
    net.udp("a", "10.0.0.1:5");
    assert_eq!(
        net.send_to("a", client, b"x", "10.0.0.2:53"),
        Err(SocketError::NotASocket)
    );
    net.advance(5 * MS);
    assert_eq!(net.receive_from("b", server).unwrap().0, b"last");
    assert_eq!(net.counters("a")["sockets"], json!({"udp": 1}));
}

#[test]
fn what_never_leaves_a_host_does_not() {
    let mut net = delayed();
    let socket = net.udp("a", "127.0.0.1:0");
    assert_eq!(
        net.send_to("a", socket, b"x", "10.0.0.2:5"),
        Err(SocketError::Invalid)
    );
    let refused = net.bind("a", "127.0.0.1:0", Some("10.0.0.2:5"));
    assert_eq!(refused, Err(SocketError::Invalid));
    net.send_to("a", socket, b"x", "10.0.0.1:5").unwrap();
}

#[test]
fn events_of_sockets_that_are_gone_do_not_pile_up() {
    let mut net = Net::pair(&json!({}));
    let server = net.udp("b", "10.0.0.2:1");
    for round in 0..2000 {
        let client = net.udp("a", "10.0.0.1:9");
        net.send_to("b", server, b"x", "10.0.0.1:9").unwrap();
        net.pass(MS);
        if round < 1999 {
            net.with("a", |host, now| host.close(client, now));
        }
    }
    assert_eq!(net.events("a").len(), 1);
}
