//! Hosts behind routers.
use super::net::{MS, Net, at};
use serde_json::{Value, json};
use usernet_core::stack::{Readiness, SocketError};

/// A host behind a router: one interface, and everything else by that router.
fn leaf(number: u8, router: u8) -> Value {
    json!({
        "app": "host",
        "interfaces": {"eth0": {"addresses": [format!("10.0.{number}.1/24"), format!("fd00:{number}::1/64")]}},
        "routes": [
            {"to": "0.0.0.0/0", "via": format!("10.0.{number}.{router}")},
            {"to": "::/0", "via": format!("fd00:{number}::{router}")},
        ],
    })
}

/// A router between the networks 1 and 2, the second of which has this MTU.
fn router(mtu: u32) -> Value {
    json!({
        "app": "host",
        "forward": true,
        "interfaces": {
            "left": {"addresses": ["10.0.1.254/24", "fd00:1::254/64"]},
            "right": {"addresses": ["10.0.2.254/24", "fd00:2::254/64"], "mtu": mtu},
        },
    })
}

/// `a` in network 1, `r`, and `b` in network 2; each line takes 5 ms.
pub(crate) fn routed(mtu: u32) -> Net {
    let mut net = Net::new();
    net.start("a", leaf(1, 254));
    net.start("r", router(mtu));
    net.start("b", leaf(2, 254));
    let line = json!({"delay": {"ns": 5 * MS}});
    net.line(("a", "eth0"), ("r", "left"), &line);
    net.line(("r", "right"), ("b", "eth0"), &line);
    net
}

pub(crate) const B: [&str; 2] = ["10.0.2.1", "[fd00:2::1]"];

#[test]
fn packets_go_through_a_router() {
    for address in B {
        let mut net = routed(1500);
        let echo = net.echo("a");
        net.send_to("a", echo, b"there", &format!("{address}:1"))
            .unwrap();
        net.advance(20 * MS);
        assert_eq!(net.receive_from("a", echo).unwrap().0, b"there");
        assert_eq!(net.counters("r")["forwarded"], 2);
        net.stop();
    }
}

#[test]
fn super_packets_go_through_whole() {
    let mut net = routed(1500);
    let bytes = vec![3; 1_000_000];
    let listener = net.listen("b", "10.0.2.1:80");
    let client = net.connect("a", "10.0.2.1:80");
    net.pass(30 * MS);
    let server = net.accept("b", listener).unwrap();
    assert!(net.carry(("a", client), ("b", server), &bytes) == bytes);
    let right = &net.counters("r")["interfaces"]["right"];
    assert!(right["packets_out"].as_u64().unwrap() < 400, "{right}");
    assert!(right["bytes_out"].as_u64().unwrap() > 1_000_000);
    assert_eq!(net.dropped("r"), json!({}));
}

#[test]
fn a_host_that_does_not_forward_drops() {
    let mut net = routed(1500);
    let mut config = router(1500);
    config["forward"] = false.into();
    net.reconfigure("r", config);
    let echo = net.echo("a");
    net.send_to("a", echo, b"", "10.0.2.1:1").unwrap();
    net.advance(100 * MS);
    assert_eq!(net.dropped("r"), json!({"not_here": 1}));
}

#[test]
fn a_hop_limit_that_is_used_up_is_told() {
    for address in B {
        let mut net = routed(1500);
        let echo = net.with("a", |host, now| {
            let options = usernet_core::stack::SocketOptions {
                hop_limit: 1,
                ..host.options()
            };
            host.echo(options, now).unwrap()
        });
        net.send_to("a", echo, b"", &format!("{address}:1"))
            .unwrap();
        net.advance(10 * MS);
        assert_eq!(net.events("a"), [(echo, Readiness::FAILED)]);
        assert_eq!(
            net.receive_from("a", echo),
            Err(SocketError::HostUnreachable)
        );
        assert_eq!(net.receive_from("a", echo), Err(SocketError::WouldBlock));
        assert_eq!(net.dropped("r"), json!({"ttl": 1}));
        let report = net.with("a", |host, _| host.take_report(echo)).unwrap();
        let (router, kind) = match address {
            "10.0.2.1" => ("10.0.1.254", (11, 0)),
            _ => ("fd00:1::254", (3, 0)),
        };
        let told = (report.from.to_string(), report.kind, report.about);
        assert_eq!(told, (router.into(), kind, at(&format!("{address}:1"))));
        assert_eq!(net.with("a", |host, _| host.take_report(echo)), None);
    }
}

#[test]
fn a_router_without_a_route_says_so() {
    for (own, remote) in [
        ("10.0.1.1:0", "192.0.2.1:9"),
        ("[fd00:1::1]:0", "[2001:db8::1]:9"),
    ] {
        let mut net = routed(1500);
        let socket = net.bind("a", own, Some(remote)).unwrap();
        net.send_to("a", socket, b"", remote).unwrap();
        net.advance(10 * MS);
        let error = net.with("a", |host, _| host.take_error(socket));
        assert_eq!(error, Some(SocketError::NetworkUnreachable));
        assert_eq!(net.dropped("r"), json!({"no_route": 1}));
        let connection = net.connect("a", remote);
        net.pass(10 * MS);
        let error = net.with("a", |host, _| host.take_error(connection));
        assert_eq!(error, Some(SocketError::NetworkUnreachable));
    }
}

#[test]
fn the_narrow_link_behind_a_router_is_found_out() {
    for address in B {
        let mut net = routed(1280);
        let to = format!("{address}:80");
        let listener = net.listen("b", &to);
        let client = net.connect("a", &to);
        net.pass(30 * MS);
        let server = net.accept("b", listener).unwrap();
        let bytes: Vec<u8> = (0..300_000_u32).map(|number| number as u8).collect();
        let got = net.carry(("a", client), ("b", server), &bytes);
        assert!(got == bytes);
        let info = net.with("a", |host, now| host.info(client, now)).unwrap();
        assert_eq!(info.path_mtu, 1280);
        // Another connection to the same place knows it from the start.
        let second = net.connect("a", &to);
        let info = net.with("a", |host, now| host.info(second, now)).unwrap();
        assert_eq!(info.path_mtu, 1280);
        net.stop();
    }
}

#[test]
fn datagrams_are_cut_to_the_path() {
    for (own, address) in [("10.0.1.1:0", B[0]), ("[fd00:1::1]:0", B[1])] {
        let mut net = routed(1280);
        let to = format!("{address}:53");
        let server = net.udp("b", &to);
        let client = net.udp("a", own);
        net.send_to("a", client, &[1; 1400], &to).unwrap();
        net.advance(50 * MS);
        assert_eq!(net.receive_from("b", server), Err(SocketError::WouldBlock));
        assert_eq!(net.dropped("r"), json!({"too_big": 1}));
        net.send_to("a", client, &[2; 1400], &to).unwrap();
        net.advance(100 * MS);
        assert_eq!(net.receive_from("b", server).unwrap().0, [2; 1400]);
        // Larger than the own link in any case: IPv4's routers cut it, IPv6's source does.
        net.send_to("a", client, &[3; 20_000], &to).unwrap();
        net.advance(150 * MS);
        assert_eq!(net.receive_from("b", server).unwrap().0, [3; 20_000]);
        net.stop();
    }
}

#[test]
fn a_path_s_mtu_is_believed_for_ten_minutes() {
    let mut net = routed(1280);
    let server = net.udp("b", "10.0.2.1:53");
    let client = net.udp("a", "10.0.1.1:0");
    net.send_to("a", client, &[1; 1400], "10.0.2.1:53").unwrap();
    net.advance(10 * MS);
    net.send_to("a", client, &[1; 1400], "10.0.2.1:53").unwrap();
    net.advance(600_000 * MS);
    net.receive_from("b", server).unwrap();
    net.advance(600_010 * MS);
    net.send_to("a", client, &[1; 1400], "10.0.2.1:53").unwrap();
    net.advance(600_100 * MS);
    assert_eq!(net.receive_from("b", server), Err(SocketError::WouldBlock));
    assert_eq!(net.dropped("r"), json!({"too_big": 2}));
}

#[test]
fn broadcasts_stay_on_their_link() {
    let mut net = routed(1500);
    let left = net.udp("r", "0.0.0.0:67");
    let far = net.udp("b", "0.0.0.0:67");
    let client = net.udp("a", "10.0.1.1:68");
    for to in ["255.255.255.255:67", "10.0.1.255:67", "224.0.0.1:67"] {
        net.send_to("a", client, to.as_bytes(), to).unwrap();
    }
    net.send_to("a", client, b"directed", "10.0.2.255:67")
        .unwrap();
    net.advance(20 * MS);
    for to in ["255.255.255.255:67", "10.0.1.255:67", "224.0.0.1:67"] {
        assert_eq!(
            net.receive_from("r", left),
            Ok((to.as_bytes().to_vec(), at("10.0.1.1:68")))
        );
    }
    assert_eq!(net.receive_from("b", far), Err(SocketError::WouldBlock));
}
