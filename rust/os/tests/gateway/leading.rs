//! Where connections lead, and what programs are told where they lead nowhere.
use super::connecting::{Connecting, hear, receive_stream, send_stream};
use crate::gated::{Gated, PATIENCE};
use crate::namespaces::Namespace;
use serde_json::json;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};
use usernet_core::action::parse;
use usernet_core::app::ErrorKind as Kind;
use usernet_core::wire::checksum::{add, checksum, pseudo_header, sum};
use usernet_os::{Run, Waking};

#[test]
fn what_the_machine_is_told_programs_are_told() {
    let Some(gated) = Gated::new() else {
        return;
    };
    gated.machine.ip("route add unreachable 198.51.100.0/24");
    gated.machine.ip("route add prohibit 192.0.2.0/24");
    for (to, kind) in [
        ("203.0.113.9:9", ErrorKind::ConnectionRefused),
        ("[2001:db8::9]:9", ErrorKind::ConnectionRefused),
        ("198.51.100.9:9", ErrorKind::HostUnreachable),
        ("192.0.2.9:9", ErrorKind::HostUnreachable),
        ("198.18.0.9:9", ErrorKind::NetworkUnreachable),
        ("[2001:db8:1::9]:9", ErrorKind::NetworkUnreachable),
        // What is nowhere but in the program's own network.
        ("192.0.0.3:9", ErrorKind::ConnectionRefused),
        ("192.0.0.1:9", ErrorKind::ConnectionRefused),
    ] {
        let began = Instant::now();
        let told = gated.dial(to.parse().unwrap()).unwrap_err();
        assert_eq!(told.kind(), kind, "{to}: {told}");
        // Not by a second SYN, a second later.
        assert!(began.elapsed() < Duration::from_secs(1), "{to}");
    }
    let counts = gated.counters()["connections"].clone();
    assert_eq!(
        (&counts["refused"], &counts["unreachable"]),
        (&4.into(), &4.into())
    );
    assert_eq!(counts["open"], 0);
}

#[test]
fn redirects_lead_to_the_machines_loopback_and_nothing_else_does() {
    let listening = json!({"redirects": [
        {"from": "192.0.0.3", "to": "127.0.0.1"},
        {"from": "[fd75:7365:726e:6574::3]:80", "to": "127.0.0.1:8000"},
        // Refused there, and no way there: to the second one. Nowhere: to none.
        {"from": "192.0.0.4", "to": "127.0.0.2", "otherwise": "127.0.0.1"},
        {"from": "192.0.0.5", "to": "2001:db8:1::9", "otherwise": "127.0.0.1"},
        {"from": "192.0.0.6", "to": null, "otherwise": "127.0.0.1"},
    ]});
    let Some(gated) = Gated::set(&listening) else {
        return;
    };
    let listener = gated
        .machine
        .within(|| TcpListener::bind("127.0.0.1:8000").unwrap());
    for to in [
        "192.0.0.3:8000",
        "[fd75:7365:726e:6574::3]:80",
        "192.0.0.4:8000",
        "192.0.0.5:8000",
    ] {
        let mut inside = gated.dial(to.parse().unwrap()).unwrap();
        let (mut outside, _) = listener.accept().unwrap();
        outside.write_all(b"x").unwrap();
        inside.read_exact(&mut [0]).unwrap();
    }
    for to in ["[fd75:7365:726e:6574::3]:8000", "192.0.0.6:8000"] {
        let told = gated.dial(to.parse().unwrap());
        assert_eq!(told.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }
    // Packets that no program's system would send.
    gated.inject(&syn("192.0.0.2", "127.0.0.1", 8000));
    gated.inject(&syn("fd75:7365:726e:6574::2", "::1", 8000));
    gated.inject(&syn("fd75:7365:726e:6574::2", "::ffff:127.0.0.1", 8000));
    gated.await_count("refused", 3);
    let counts = gated.counters();
    assert!(counts["host"]["dropped"]["bad_address"].as_u64() >= Some(2));
    assert_eq!(counts["connections"]["opened"], 4);
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn published_ports_lead_to_programs() {
    let Some(gated) = Gated::set(&json!({
        "redirects": [{"from": "192.0.0.3", "to": "127.0.0.1"}],
        "publish": [
            {"protocol": "tcp", "listen": "127.0.0.1:8080", "to": "192.0.0.2:80"},
            {"protocol": "tcp", "listen": "203.0.113.9:8081", "to": "192.0.0.2:80"},
        ],
    })) else {
        return;
    };
    let call = |to: &'static str| {
        let stream = gated
            .machine
            .within(move || TcpStream::connect(to).unwrap());
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    // Nobody listens inside yet.
    let told = hear(&mut call("127.0.0.1:8080"), &mut [0]).unwrap_err();
    assert_eq!(told.kind(), ErrorKind::ConnectionReset);
    let listener = gated
        .program
        .within(|| TcpListener::bind("0.0.0.0:80").unwrap());
    for (at, face) in [
        ("127.0.0.1:8080", "192.0.0.3"),
        ("203.0.113.9:8081", "203.0.113.9"),
    ] {
        let mut outside = call(at);
        let (mut inside, peer) = listener.accept().unwrap();
        let own = outside.local_addr().unwrap();
        assert_eq!(peer.to_string(), format!("{face}:{}", own.port()));
        inside.set_read_timeout(Some(PATIENCE)).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| send_stream(&mut outside, 3_000_000));
            assert_eq!(receive_stream(&mut inside), 3_000_000);
        });
        drop(inside);
        assert_eq!(hear(&mut outside, &mut [0; 9]).unwrap(), 0);
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let Some(machine) = Namespace::new() else {
        return;
    };
    let told = machine.within(|| {
        let _taken = TcpListener::bind("127.0.0.1:8080").unwrap();
        let run = Run::real(1, Waking::default()).unwrap();
        let start = json!([{"do": "start", "name": "g", "app": {
            "app": "gateway", "addresses": ["192.0.0.1/29"],
            "publish": [{"protocol": "tcp", "listen": "127.0.0.1:8080", "to": "192.0.0.2:80"}],
        }}]);
        run.apply(&parse(&start.to_string()).unwrap()).unwrap_err()
    });
    assert_eq!(told.kind, Kind::System(libc::EADDRINUSE));
    assert!(told.message.contains("127.0.0.1:8080"), "{}", told.message);
}

/// A SYN with its checksum.
fn syn(from: &str, to: &str, port: u16) -> Vec<u8> {
    let mut tcp = vec![0x12, 0x34];
    tcp.extend(port.to_be_bytes());
    tcp.extend([0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0]);
    let (from, to): (IpAddr, IpAddr) = (from.parse().unwrap(), to.parse().unwrap());
    let octets = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let addresses = [octets(from), octets(to)].concat();
    let pseudo = pseudo_header(&addresses, 6, 20);
    let sum = !add(pseudo, sum(&tcp));
    tcp[16..18].copy_from_slice(&sum.to_be_bytes());
    let mut packet = if from.is_ipv4() {
        vec![0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0]
    } else {
        vec![0x60, 0, 0, 0, 0, 20, 6, 64]
    };
    packet.extend(addresses);
    if from.is_ipv4() {
        let sum = checksum(&packet);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    [packet, tcp].concat()
}
