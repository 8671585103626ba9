//! Connections between two hosts: begun, used, ended, refused.
use super::net::{MS, Net, at};
use serde_json::json;
use usernet_core::stack::{Readiness, SocketError, SocketId, SocketOptions};

fn delayed() -> Net {
    Net::pair(&json!({"delay": {"ns": 5 * MS}}))
}

/// A connection from `a` to a listener of `b`, and both its ends.
fn connected(net: &mut Net) -> (SocketId, SocketId) {
    let listener = net.listen("b", "10.0.0.2:80");
    let client = net.connect("a", "10.0.0.2:80");
    net.pass(15 * MS);
    (client, net.accept("b", listener).unwrap())
}

#[test]
fn a_connection_stands_after_a_round_trip() {
    for address in ["10.0.0.2:80", "[fd00::2]:80"] {
        let mut net = delayed();
        let listener = net.listen("b", address);
        let client = net.connect("a", address);
        net.advance(10 * MS - 1);
        assert_eq!((net.events("a"), net.events("b")), (vec![], vec![]));
        net.advance(10 * MS);
        let connected = Readiness::CONNECTED.with(Readiness::WRITABLE);
        let events = net.events("a");
        assert_eq!(events.len(), 1);
        assert!(
            events[0].0 == client && connected.has(events[0].1),
            "{events:?}"
        );
        assert_eq!(net.accept("b", listener), Err(SocketError::WouldBlock));
        net.advance(15 * MS);
        assert_eq!(net.events("b"), [(listener, Readiness::READABLE)]);
        let server = net.accept("b", listener).unwrap();
        assert_eq!(net.remote("b", server), net.local("a", client));
        assert_eq!(net.remote("a", client), address);
    }
}

#[test]
fn bytes_arrive_in_order_both_ways() {
    let mut net = delayed();
    let (client, server) = connected(&mut net);
    let bytes: Vec<u8> = (0..200_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    assert!(net.carry(("a", client), ("b", server), &bytes) == bytes);
    assert!(net.carry(("b", server), ("a", client), &bytes) == bytes);
    assert_eq!((net.dropped("a"), net.dropped("b")), (json!({}), json!({})));
    net.stop();
}

#[test]
fn a_port_without_a_listener_refuses() {
    let mut net = delayed();
    let client = net.connect("a", "10.0.0.2:81");
    net.advance(10 * MS);
    let events = net.events("a");
    assert!(events[0].0 == client && events[0].1.has(Readiness::FAILED));
    let error = net.with("a", |host, _| host.take_error(client));
    assert_eq!(error, Some(SocketError::ConnectionRefused));
    assert_eq!(net.dropped("b"), json!({"no_socket": 1}));
    net.with("a", |host, now| host.close(client, now));
    net.pass(MS);
    assert_eq!(net.counters("a")["sockets"], json!({}));
    net.stop();
}

#[test]
fn closed_connections_leave_the_table() {
    let mut net = delayed();
    let (client, server) = connected(&mut net);
    net.with("a", |host, now| host.close(client, now));
    net.pass(20 * MS);
    assert_eq!(net.counters("a")["sockets"], json!({"fin-wait-2": 1}));
    net.with("b", |host, now| host.close(server, now));
    net.pass(20 * MS);
    assert_eq!(net.counters("b")["sockets"], json!({"listen": 1}));
    assert_eq!(net.counters("a")["sockets"], json!({"time-wait": 1}));
    net.pass(61_000 * MS);
    assert_eq!(net.counters("a")["sockets"], json!({}));
    assert_eq!(net.counters("a")["memory_used"], 0);
    net.stop();
}

#[test]
fn an_abort_resets_the_peer() {
    let mut net = delayed();
    let (client, server) = connected(&mut net);
    net.with("a", |host, now| host.abort(client, now));
    net.pass(5 * MS);
    assert_eq!(
        net.with("b", |host, _| host.take_error(server)),
        Some(SocketError::ConnectionReset)
    );
    assert_eq!(net.counters("a")["sockets"], json!({}));
}

#[test]
fn a_closed_listener_resets_those_that_wait() {
    let mut net = delayed();
    let listener = net.listen("b", "10.0.0.2:80");
    let waiting = net.connect("a", "10.0.0.2:80");
    net.pass(15 * MS);
    let half_open = net.connect("a", "10.0.0.2:80");
    net.pass(5 * MS);
    net.with("b", |host, now| host.close(listener, now));
    net.pass(15 * MS);
    for id in [waiting, half_open] {
        let error = net.with("a", |host, _| host.take_error(id));
        assert_eq!(error, Some(SocketError::ConnectionReset));
    }
    assert_eq!(net.counters("b")["sockets"], json!({}));
    assert_eq!(
        net.with("b", |host, now| host.accept(listener, now)),
        Err(SocketError::NotASocket)
    );
    net.stop();
}

#[test]
fn a_host_connects_to_itself() {
    for address in ["127.0.0.1:80", "10.0.0.1:80", "[::1]:80", "[fd00::1]:80"] {
        let mut net = Net::new();
        net.start("a", super::net::host(&["10.0.0.1/24", "fd00::1/64"]));
        let listener = net.listen("a", address);
        let client = net.connect("a", address);
        net.advance(0);
        let server = net.accept("a", listener).unwrap();
        let bytes = vec![7; 300_000];
        assert!(net.carry(("a", client), ("a", server), &bytes) == bytes);
        net.stop();
    }
}

#[test]
fn addresses_are_taken_and_free_again() {
    let mut net = delayed();
    let listen = |net: &mut Net, local: &str, reuse| {
        net.with("b", |host, now| {
            host.listen(
                at(local),
                5,
                SocketOptions {
                    reuse,
                    ..host.options()
                },
                now,
            )
        })
    };
    let first = listen(&mut net, "0.0.0.0:80", false).unwrap();
    assert_eq!(
        listen(&mut net, "10.0.0.2:80", false),
        Err(SocketError::AddressInUse)
    );
    assert_eq!(
        listen(&mut net, "10.0.0.3:80", false),
        Err(SocketError::AddressNotAvailable)
    );
    listen(&mut net, "[::]:80", false).unwrap();
    net.with("b", |host, now| host.close(first, now));
    listen(&mut net, "10.0.0.2:80", true).unwrap();
    listen(&mut net, "10.0.0.2:80", true).unwrap();
    let any = listen(&mut net, "10.0.0.2:0", false).unwrap();
    assert_ne!(net.local("b", any), "10.0.0.2:0");
}

#[test]
fn the_same_seed_gives_the_same_ports() {
    let ports = |seed| {
        let mut net = Net::seeded(seed);
        net.start("a", super::net::host(&["10.0.0.1/24"]));
        let ids = [0; 5].map(|_| net.connect("a", "10.0.0.2:80"));
        ids.map(|id| net.local("a", id))
    };
    assert_eq!(ports(1), ports(1));
    assert_ne!(ports(1), ports(2));
}
