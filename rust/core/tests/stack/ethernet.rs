//! Hosts on Ethernet: neighbours found by ARP and NDP, and a switch between many.
use super::net::{MS, Net};
use serde_json::{Value, json};
use usernet_core::stack::{Readiness, SocketError};

fn station(number: u8) -> Value {
    json!({"app": "host", "interfaces": {"eth0": {
        "addresses": [format!("10.0.0.{number}/24"), format!("fd00::{number}/64")],
        "medium": "ethernet",
    }}})
}

fn pair() -> Net {
    Net::pair_of(station(1), station(2), &json!({"delay": {"ns": 5 * MS}}))
}

/// Stations 1 to `count`, named `h1` and so on, on a switch.
fn lan(count: u8) -> Net {
    let mut net = Net::new();
    net.start("lan", json!({"app": "switch"}));
    for number in 1..=count {
        let name = format!("h{number}");
        net.start(&name, station(number));
        net.line((&name, "eth0"), ("lan", &name), &json!({}));
    }
    net
}

const REMOTES: [&str; 2] = ["10.0.0.2:7", "[fd00::2]:7"];

#[test]
fn a_neighbour_is_asked_for_first() {
    for remote in REMOTES {
        let mut net = pair();
        let echo = net.echo("a");
        for _ in 0..3 {
            net.send_to("a", echo, b"there", remote).unwrap();
        }
        // Question and answer, then request and reply, which needs no question: b has been asked.
        net.advance(20 * MS - 1);
        assert_eq!(net.events("a"), []);
        net.advance(20 * MS);
        assert_eq!(net.events("a"), [(echo, Readiness::READABLE)]);
        net.send_to("a", echo, b"again", remote).unwrap();
        net.advance(30 * MS);
        assert_eq!(net.counters("b")["interfaces"]["eth0"]["packets_in"], 5);
        assert_eq!(net.dropped("a"), json!({}));
        net.stop();
    }
}

#[test]
fn one_that_does_not_answer_is_unreachable_after_three_seconds() {
    for (own, remote) in [("10.0.0.1:0", "10.0.0.9:7"), ("[fd00::1]:0", "[fd00::9]:7")] {
        let mut net = pair();
        let socket = net.bind("a", own, Some(remote)).unwrap();
        let connection = net.connect("a", remote);
        net.send_to("a", socket, b"", remote).unwrap();
        net.advance(2_999 * MS);
        assert_eq!(net.events("a"), []);
        net.advance(3_000 * MS);
        for id in [socket, connection] {
            let error = net.with("a", |host, _| host.take_error(id));
            assert_eq!(error, Some(SocketError::HostUnreachable));
        }
        // A datagram, and SYN at once and after a second.
        assert_eq!(net.dropped("a"), json!({"neighbour_failed": 3}));
        net.stop();
    }
}

#[test]
fn connections_carry_bytes_in_frames() {
    let mut net = pair();
    for remote in ["10.0.0.2:80", "[fd00::2]:80"] {
        let listener = net.listen("b", remote);
        let client = net.connect("a", remote);
        net.pass(30 * MS);
        let server = net.accept("b", listener).unwrap();
        let bytes = vec![1; 300_000];
        assert!(net.carry(("a", client), ("b", server), &bytes) == bytes);
    }
    assert_eq!((net.dropped("a"), net.dropped("b")), (json!({}), json!({})));
    net.stop();
}

#[test]
fn many_stations_share_a_switch() {
    let mut net = lan(20);
    let echo = net.echo("h1");
    for round in 0..2 {
        for number in 2..=20 {
            net.send_to(
                "h1",
                echo,
                &[number; 9],
                &format!("10.0.0.{number}:{round}"),
            )
            .unwrap();
        }
        net.pass(MS);
        let replies: Vec<_> = std::iter::from_fn(|| net.receive_from("h1", echo).ok()).collect();
        assert_eq!(replies.len(), 19);
    }
    // Questions went to all, the rest only where it belonged.
    let counters = net.counters("lan");
    assert_eq!(
        (&counters["flooded"], &counters["stations"]),
        (&json!(19), &json!(20))
    );
    assert_eq!(
        net.counters("h20")["interfaces"]["eth0"]["packets_in"],
        19 + 2
    );
    net.stop();
}

#[test]
fn broadcasts_and_groups_reach_all_stations() {
    let mut net = lan(4);
    let sockets: Vec<_> = (2..=4)
        .map(|number| {
            let name = format!("h{number}");
            (
                net.udp(&name, "0.0.0.0:67"),
                net.udp(&name, "[::]:67"),
                name,
            )
        })
        .collect();
    let client = net.udp("h1", "0.0.0.0:68");
    let client6 = net.udp("h1", "[::]:68");
    net.send_to("h1", client, b"all", "255.255.255.255:67")
        .unwrap();
    net.send_to("h1", client6, b"nodes", "[ff02::1]:67")
        .unwrap();
    net.pass(MS);
    for (socket, socket6, name) in sockets {
        let (bytes, from) = net.receive_from(&name, socket).unwrap();
        assert_eq!(
            (&bytes[..], from.to_string()),
            (&b"all"[..], "10.0.0.1:68".to_string())
        );
        let (bytes, from) = net.receive_from(&name, socket6).unwrap();
        assert_eq!(&bytes, b"nodes");
        assert!(from.to_string().starts_with("[fe80::"), "{from}");
    }
}

#[test]
fn no_router_is_asked_for_broadcasts_and_groups() {
    let mut net = lan(2);
    let mut config = station(1);
    config["routes"] = json!([
        {"to": "0.0.0.0/0", "via": "10.0.0.200"}, {"to": "::/0", "via": "fd00::200"},
    ]);
    net.reconfigure("h1", config);
    let sockets = ["0.0.0.0:67", "[::]:67"].map(|local| net.udp("h2", local));
    let clients = ["0.0.0.0:68", "[::]:68"].map(|local| net.udp("h1", local));
    for (client, to) in clients
        .into_iter()
        .zip(["255.255.255.255:67", "[ff02::1]:67"])
    {
        net.send_to("h1", client, b"all", to).unwrap();
    }
    net.pass(MS);
    for socket in sockets {
        assert_eq!(net.receive_from("h2", socket).unwrap().0, b"all");
    }
}

#[test]
fn an_old_neighbour_is_asked_itself() {
    let mut net = lan(3);
    let server = net.udp("h2", "10.0.0.2:53");
    let client = net.udp("h1", "10.0.0.1:0");
    let send = |net: &mut Net| net.send_to("h1", client, b"x", "10.0.0.2:53").unwrap();
    send(&mut net);
    net.advance(30_000 * MS);
    send(&mut net);
    net.advance(40_000 * MS);
    net.receive_from("h2", server).unwrap();
    // A question to all, a datagram, then after five seconds a question to h2 alone.
    assert_eq!(net.counters("h3")["interfaces"]["eth0"]["packets_in"], 1);
    assert_eq!(net.counters("h2")["interfaces"]["eth0"]["packets_in"], 4);
}
