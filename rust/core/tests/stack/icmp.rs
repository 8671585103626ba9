//! What the errors of ICMP do to sockets.
use super::net::{MS, Net};
use serde_json::json;
use usernet_core::stack::{Readiness, SocketError};

fn delayed() -> Net {
    Net::pair(&json!({"delay": {"ns": 5 * MS}}))
}

#[test]
fn a_port_where_nobody_listens_refuses_once() {
    for (own, remote) in [("10.0.0.1:0", "10.0.0.2:9"), ("[fd00::1]:0", "[fd00::2]:9")] {
        let mut net = delayed();
        let client = net.bind("a", own, Some(remote)).unwrap();
        net.send_to("a", client, b"x", remote).unwrap();
        net.advance(10 * MS);
        assert_eq!(net.events("a"), [(client, Readiness::FAILED)]);
        assert_eq!(
            net.receive_from("a", client),
            Err(SocketError::ConnectionRefused)
        );
        assert_eq!(net.receive_from("a", client), Err(SocketError::WouldBlock));
        net.send_to("a", client, b"x", remote).unwrap();
        net.advance(20 * MS);
        assert_eq!(
            net.send_to("a", client, b"x", remote),
            Err(SocketError::ConnectionRefused)
        );
        net.send_to("a", client, b"x", remote).unwrap();
        assert_eq!(net.dropped("b"), json!({"no_socket": 2}));
        net.stop();
    }
}

#[test]
fn a_socket_that_talks_to_many_is_not_told() {
    let mut net = delayed();
    let client = net.udp("a", "10.0.0.1:0");
    net.send_to("a", client, b"x", "10.0.0.2:9").unwrap();
    net.advance(10 * MS);
    assert_eq!(net.events("a"), []);
    assert_eq!(net.receive_from("a", client), Err(SocketError::WouldBlock));
    assert_eq!(net.dropped("a"), json!({}));
}

#[test]
fn errors_are_limited() {
    let mut net = delayed();
    let client = net.udp("a", "10.0.0.1:0");
    for _ in 0..100 {
        net.send_to("a", client, b"x", "10.0.0.2:9").unwrap();
    }
    net.advance(10 * MS);
    assert_eq!(
        net.dropped("b"),
        json!({"no_socket": 100, "icmp_limited": 50})
    );
    assert_eq!(net.counters("a")["interfaces"]["eth0"]["packets_in"], 50);
}
