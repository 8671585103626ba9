//! Datagrams larger than their links.
use super::net::{MS, Net};
use serde_json::json;
use usernet_core::stack::{Readiness, SocketError};

const ENDS: [(&str, &str); 2] = [
    ("10.0.0.1:0", "10.0.0.2:53"),
    ("[fd00::1]:0", "[fd00::2]:53"),
];

#[test]
fn the_largest_datagram_arrives() {
    for ((own, remote), most) in ENDS.into_iter().zip([65_507, 65_527]) {
        let mut net = Net::pair(&json!({"delay": {"ns": 5 * MS, "jitter_ns": MS}}));
        let server = net.udp("b", remote);
        let client = net.udp("a", own);
        let bytes: Vec<u8> = (0..most).map(|number: u32| (number / 3) as u8).collect();
        net.send_to("a", client, &bytes, remote).unwrap();
        net.advance(20 * MS);
        assert!(net.receive_from("b", server).unwrap().0 == bytes);
        assert!(
            net.counters("b")["interfaces"]["eth0"]["packets_in"]
                .as_u64()
                .unwrap()
                >= 45
        );
        assert_eq!(net.dropped("b"), json!({}));
        net.stop();
    }
}

#[test]
fn a_large_echo_comes_back() {
    for remote in ["10.0.0.2:1", "[fd00::2]:1"] {
        let mut net = Net::pair(&json!({}));
        let echo = net.echo("a");
        net.send_to("a", echo, &[5; 30_000], remote).unwrap();
        net.advance(MS);
        assert_eq!(net.receive_from("a", echo).unwrap().0, [5; 30_000]);
        net.stop();
    }
}

#[test]
fn a_datagram_whose_rest_does_not_come_is_given_up() {
    for ((own, remote), patience) in ENDS.into_iter().zip([30_000 * MS, 60_000 * MS]) {
        let mut net = Net::pair(&json!({"loss": {"model": "random", "p": 0.3}}));
        let server = net.udp("b", remote);
        let client = net.bind("a", own, Some(remote)).unwrap();
        net.send_to("a", client, &[5; 30_000], remote).unwrap();
        net.advance(patience - 1);
        assert_eq!(net.dropped("b"), json!({}));
        net.advance(patience);
        assert_eq!(net.dropped("b"), json!({"reassembly_timeout": 1}));
        assert_eq!(net.receive_from("b", server), Err(SocketError::WouldBlock));
        net.stop();
    }
}

#[test]
fn the_source_of_a_datagram_that_was_given_up_is_told() {
    // The first fragment arrives, and the line is down for the others.
    let line = json!({"rate": {"bits_per_second": 12_000_000}});
    let mut net = Net::pair(&line);
    net.udp("b", "10.0.0.2:53");
    let client = net.bind("a", "10.0.0.1:0", Some("10.0.0.2:53")).unwrap();
    net.send_to("a", client, &[5; 3000], "10.0.0.2:53").unwrap();
    net.advance(3 * MS / 2);
    net.apply(json!([{"do": "unlink", "link": "a_eth0-b_eth0.tx -> b.eth0"}]));
    net.advance(30_001 * MS);
    assert_eq!(net.events("a"), []);
    net.advance(30_003 * MS);
    assert_eq!(net.events("a"), [(client, Readiness::FAILED)]);
    let error = net.with("a", |host, _| host.take_error(client));
    assert_eq!(error, Some(SocketError::HostUnreachable));
}
