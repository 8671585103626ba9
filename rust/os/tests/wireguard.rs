//! A WireGuard device beside wireguard-go, which is the real thing: in two namespaces, by real sockets.
#![allow(clippy::unwrap_used)]

#[path = "wireguard/ends.rs"]
mod ends;
mod namespaces;
#[path = "wireguard/tunnel.rs"]
mod tunnel;

use ends::{Ours, Theirs, between, echo_request};
use std::net::{SocketAddr, ToSocketAddrs};
use tunnel::Tunnel;
use usernet_core::app::ErrorKind;

#[test]
fn we_begin_and_they_answer() {
    let Some((here, there)) = between() else {
        return;
    };
    let theirs = Theirs::begin(&there, "");
    let mut ours = Ours::begin(&here, Some(theirs.outside(4)), [0; 32]);
    for payload in [0, 1, 56, 1392] {
        assert_eq!(ours.ask(payload).len(), 28 + payload, "{payload} bytes");
    }
    assert!(
        ours.device
            .peers()
            .next()
            .unwrap()
            .traffic
            .handshake
            .is_some()
    );
}

#[test]
fn they_begin_and_we_answer() {
    let Some((here, there)) = between() else {
        return;
    };
    let mut ours = Ours::begin(&here, None, [0; 32]);
    let theirs = Theirs::begin(&there, &ours.endpoint());
    let mut ping = theirs.ping(&["-c", "3", "-i", "0.2", "-s", "1392", "-M", "do", "10.0.0.1"]);
    ours.answer_until(|| ping.try_wait().unwrap().is_some());
    assert!(ping.wait().unwrap().success());
}

#[test]
fn by_ipv6_and_with_a_shared_key() {
    let Some((here, there)) = between() else {
        return;
    };
    let shared = format!("preshared_key={}\n", "07".repeat(32));
    let theirs = Theirs::begin(&there, &shared);
    let mut ours = Ours::begin(&here, Some(theirs.outside(6)), [7; 32]);
    assert_eq!(ours.ask(100).len(), 128);
}

#[test]
fn another_shared_key_is_no_session() {
    let Some((here, there)) = between() else {
        return;
    };
    let shared = format!("preshared_key={}\n", "07".repeat(32));
    let theirs = Theirs::begin(&there, &shared);
    let mut ours = Ours::begin(&here, Some(theirs.outside(4)), [8; 32]);
    ours.send(&echo_request(1, 10));
    ours.run_until(|ours| ours.device.drops().handshake > 0);
    assert!(ours.came.is_empty());
    assert_eq!(ours.device.drops().handshake, 1);
}

#[test]
fn they_follow_us_to_another_port_and_we_follow_them() {
    let Some((here, there)) = between() else {
        return;
    };
    let theirs = Theirs::begin(&there, "");
    let mut ours = Ours::begin(&here, Some(theirs.outside(4)), [0; 32]);
    ours.ask(10);
    ours.move_to_another_port(&here);
    ours.ask(11);
    theirs.listen_at(51999);
    let mut ping = theirs.ping(&["-c", "1", "-W", "5", "10.0.0.1"]);
    ours.answer_until(|| ping.try_wait().unwrap().is_some());
    assert!(ping.wait().unwrap().success());
    let endpoint = ours.device.peers().next().unwrap().endpoint;
    assert_eq!(endpoint.unwrap().port(), 51999);
}

#[test]
#[ignore = "lasts four minutes: new keys come after two, each time"]
fn keys_change_while_both_talk() {
    let Some((here, there)) = between() else {
        return;
    };
    let theirs = Theirs::begin(&there, "");
    let mut ours = Ours::begin(&here, Some(theirs.outside(4)), [0; 32]);
    ours.ask(10);
    let mut ping = theirs.ping(&["-c", "500", "-i", "0.5", "-W", "2", "-q", "10.0.0.1"]);
    ours.answer_until(|| ping.try_wait().unwrap().is_some());
    let said = ping.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("500 received"), "{said}");
    assert!(ours.handshakes >= 2, "{}", ours.handshakes);
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn a_host_in_a_tunnel_speaks_tcp_with_theirs() {
    let Some((here, there)) = between() else {
        return;
    };
    let theirs = Theirs::begin(&there, "");
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    for family in [4, 6] {
        let ours = Tunnel::begin(&here, 1, Some(theirs.outside(family)));
        let server = theirs.serve(8000 + u16::from(family), bytes.len());
        let came = ours.echo(&format!("10.0.0.2:{}", 8000 + u16::from(family)), &bytes);
        assert!(came == bytes);
        server.join().unwrap();
        let (told, status) = (ours.counters("s"), ours.counters("w"));
        assert_eq!(
            (&told["overflowed"], &told["send_failed"]),
            (&0.into(), &serde_json::json!({}))
        );
        assert_eq!(status["dropped"]["session"], 0, "{status:#}");
        assert!(status["peers"][0]["latest_handshake"].is_u64());
        assert!(told["sent"].as_u64().unwrap() > 2000, "{told:#}");
    }
}

#[test]
fn by_an_address_that_only_the_link_knows() {
    let Some((here, there)) = between() else {
        return;
    };
    here.ip("addr add fe80::1:1/64 dev w0 nodad");
    there.ip("addr add fe80::1:2/64 dev w1 nodad");
    let theirs = Theirs::begin(&there, "");
    let port = theirs.outside(6).port();
    let place = here.within(move || {
        let mut found = ("fe80::1:2%w0", port).to_socket_addrs().unwrap();
        found.next().unwrap()
    });
    let ours = Tunnel::begin(&here, 1, Some(place));
    let server = theirs.serve(8010, 100_000);
    assert!(ours.echo("10.0.0.2:8010", &[7; 100_000]) == [7; 100_000]);
    server.join().unwrap();
    let (status, told) = (ours.counters("w"), ours.counters("s"));
    assert_eq!(status["peers"][0]["endpoint"], place.to_string());
    assert_eq!(told["send_failed"], serde_json::json!({}));
}

#[test]
fn they_reach_a_host_in_a_tunnel_and_follow_it() {
    let Some((here, there)) = between() else {
        return;
    };
    let ours = Tunnel::begin(&here, 1, None);
    let endpoint = format!("endpoint=[2001:db8::1]:{}\n", ours.port());
    let theirs = Theirs::begin(&there, &endpoint);
    let ping = |from: &str| {
        let words = ["-c", "3", "-i", "0.2", "-s", "1392", "-M", "do", from];
        assert!(theirs.ping(&words).wait().unwrap().success());
    };
    ping("10.0.0.1");
    theirs.listen_at(51999);
    ping("10.0.0.1");
    let peer = ours.counters("w")["peers"][0].clone();
    assert_eq!(peer["endpoint"], "[2001:db8::2]:51999");
}

#[test]
fn answers_leave_from_the_address_that_was_asked() {
    let Some((here, there)) = between() else {
        return;
    };
    here.ip("addr add 203.0.113.101/24 dev w0");
    let tunnel = Tunnel::begin(&here, 2, None);
    for last in [101, 1] {
        let asked = address(&format!("203.0.113.{last}:{}", tunnel.port()));
        let mut caller = Ours::begin(&there, Some(asked), [0; 32]);
        caller.hear_only(asked);
        assert_eq!(caller.ask(100).len(), 128);
    }
}

#[test]
fn an_address_that_goes_away_ends_nothing() {
    let Some((here, there)) = between() else {
        return;
    };
    here.ip("addr add 203.0.113.101/24 dev w0");
    let tunnel = Tunnel::begin(&here, 2, None);
    let asked = address(&format!("203.0.113.101:{}", tunnel.port()));
    let mut caller = Ours::begin(&there, Some(asked), [0; 32]);
    caller.ask(100);
    here.ip("addr del 203.0.113.101/24 dev w0");
    // The tunnel speaks first, from whatever address there is, and the caller learns that.
    tunnel.with(|host, now| {
        let id = host
            .bind(address("10.0.0.2:7"), None, host.options(), now)
            .unwrap();
        host.send_to(id, b"hey", address("10.0.0.1:7"), now)
            .unwrap();
    });
    caller.run_until(|caller| caller.came.iter().any(|packet| packet.ends_with(b"hey")));
    caller.came.clear();
    assert_eq!(caller.ask(101).len(), 129);
}

#[test]
fn what_the_network_says_is_counted_and_ends_nothing() {
    let Some((here, there)) = between() else {
        return;
    };
    let ask = |tunnel: &Tunnel<'_>| {
        tunnel.with(|host, now| {
            let id = host
                .bind(address("10.0.0.1:0"), None, host.options(), now)
                .unwrap();
            host.send_to(id, b"hey", address("10.0.0.2:7"), now)
                .unwrap();
        });
    };
    let nowhere = Tunnel::begin(&here, 1, Some(address("198.51.100.1:9")));
    ask(&nowhere);
    assert_eq!(nowhere.expect("s", "/send_failed/ENETUNREACH"), 1);
    let refused = Tunnel::begin(&here, 1, Some(address("203.0.113.2:51820")));
    ask(&refused);
    assert_eq!(refused.expect("s", "/errors_heard/ECONNREFUSED"), 1);
    let endpoint = format!("endpoint=203.0.113.1:{}\n", refused.port());
    let theirs = Theirs::begin(&there, &endpoint);
    let mut ping = theirs.ping(&["-c", "1", "-W", "20", "10.0.0.1"]);
    assert!(ping.wait().unwrap().success());
}

#[test]
fn strange_datagrams_end_nothing() {
    let Some((here, there)) = between() else {
        return;
    };
    let tunnel = Tunnel::begin(&here, 2, None);
    let to = address(&format!("203.0.113.1:{}", tunnel.port()));
    there.within(move || {
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
        for len in [0, 1, 31, 32, 148, 1500, 9000, 65_507] {
            socket.send_to(&vec![4; len], to).unwrap();
        }
    });
    let mut caller = Ours::begin(&there, Some(to), [0; 32]);
    assert_eq!(caller.ask(100).len(), 128);
    assert_eq!(tunnel.expect("w", "/dropped/malformed"), 8);
}

#[test]
fn a_port_that_is_somebody_elses_is_told() {
    let Some((here, _there)) = between() else {
        return;
    };
    let first = Tunnel::begin(&here, 1, None);
    let second = Tunnel::try_begin(&here, 1, None, first.port());
    let told = second.err().unwrap();
    assert_eq!(told.kind, ErrorKind::System(libc::EADDRINUSE));
    assert_eq!(told.message, format!("UDP port {}", first.port()));
}
