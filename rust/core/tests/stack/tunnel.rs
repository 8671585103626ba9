//! Tunnels between two hosts, in virtual time: what arrives inside, and what is on the wire outside.
use super::net::{MS, Net, Shared, host};
use serde_json::{Value, json};
use usernet_core::stack::{SocketError, SocketId};
use usernet_core::wire::headers::parse;
use usernet_core::wireguard::PrivateKey;

const SECRETS: [u8; 2] = [1, 2];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn public(byte: u8) -> String {
    hex(&PrivateKey::new([byte; 32]).public().0)
}

/// What one end says of the other.
fn peer(of: usize, endpoint: Option<&str>) -> Value {
    let inside = ["10.0.0.1/32", "10.0.0.2/32"][of];
    json!({
        "public_key": public(SECRETS[of]), "preshared_key": "5e".repeat(32),
        "endpoint": endpoint, "allowed_ips": [inside, format!("fd00::{}/128", of + 1)],
    })
}

fn tunnel(one: usize, outside: &[&str; 2], peers: &[Value]) -> Value {
    json!({
        "app": "wireguard", "private_key": hex(&[SECRETS[one]; 32]), "port": 51820,
        "address": outside[one], "mtu": 1420, "peers": peers,
    })
}

const V4: [&str; 2] = ["192.0.2.1", "192.0.2.2"];
const V6: [&str; 2] = ["2001:db8::1", "2001:db8::2"];

fn endpoint(outside: &str) -> String {
    std::net::SocketAddr::new(outside.parse().unwrap(), 51820).to_string()
}

fn inside(address: &str) -> Value {
    let mut host = host(&[
        &format!("{address}/24"),
        &address.replace("10.0.0.", "fd00::"),
    ]);
    host["interfaces"]["eth0"]["addresses"][1] =
        format!("{}/64", address.replace("10.0.0.", "fd00::")).into();
    host["interfaces"]["eth0"]["mtu"] = 1420.into();
    host
}

/// Hosts `a` and `b`, tunnels `u` and `v` between them, of which the first knows where the other is.
fn net(outside: &[&str; 2], line: &Value, seed: u64) -> Net {
    crewed(outside, line, seed, 0)
}

/// The same, with so many workers for each tunnel.
fn crewed(outside: &[&str; 2], line: &Value, seed: u64, workers: u8) -> Net {
    let mut net = Net::seeded(seed);
    net.start("a", inside("10.0.0.1"));
    net.start("b", inside("10.0.0.2"));
    let first = peer(1, Some(&endpoint(outside[1])));
    for (one, name, peer) in [(0, "u", first), (1, "v", peer(0, None))] {
        let mut app = tunnel(one, outside, &[peer]);
        app["workers"] = workers.into();
        net.start(name, app);
    }
    net.start("t", json!({"app": "tee"}));
    net.start("w", json!({"app": "wire"}));
    net.start("i", impaired(line));
    net.start("j", impaired(line));
    for link in [
        "a.eth0 -> u.inside",
        "u.inside -> a.eth0",
        "b.eth0 -> v.inside",
        "v.inside -> b.eth0",
        "u.outside -> t.rx",
        "t.wire -> w.rx",
        "t.line -> i.rx",
        "i.tx -> v.outside",
        "v.outside -> j.rx",
        "j.tx -> u.outside",
    ] {
        net.apply(json!([{"do": "link", "link": link}]));
    }
    net
}

fn impaired(line: &Value) -> Value {
    let mut line = line.clone();
    line["app"] = "impairment".into();
    line
}

fn delayed() -> Value {
    json!({"delay": {"ns": 5 * MS}})
}

fn connected(net: &mut Net, remote: &str) -> (SocketId, SocketId) {
    let listener = net.listen("b", remote);
    let client = net.connect("a", remote);
    for _ in 0..100 {
        net.pass(1000 * MS);
        if let Ok(server) = net.accept("b", listener) {
            return (client, server);
        }
    }
    panic!("no connection");
}

fn wire(shared: &Shared) -> Vec<Vec<u8>> {
    shared.lock().unwrap().came.clone()
}

#[test]
fn bytes_arrive_whole_over_a_bad_line() {
    let line = json!({"delay": {"ns": 10 * MS}, "loss": {"model": "random", "p": 0.02}});
    let bytes: Vec<u8> = (0..400_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    for (outside, remote) in [(V4, "[fd00::2]:80"), (V6, "10.0.0.2:80")] {
        let mut net = net(&outside, &line, 7);
        let (client, server) = connected(&mut net, remote);
        assert!(net.carry(("a", client), ("b", server), &bytes) == bytes);
        assert!(net.carry(("b", server), ("a", client), &bytes) == bytes);
        assert_eq!((net.dropped("a"), net.dropped("b")), (json!({}), json!({})));
        for tunnel in ["u", "v"] {
            let dropped = net.dropped(tunnel);
            let causes = dropped.as_object().unwrap();
            assert!(causes.values().all(|count| count == 0), "{dropped}");
        }
        net.stop();
    }
}

#[test]
fn outside_are_only_datagrams_of_the_protocol() {
    let mut net = net(&V4, &delayed(), 7);
    let (client, server) = connected(&mut net, "10.0.0.2:80");
    let text = [b'x'; 5000];
    assert!(net.carry(("a", client), ("b", server), &text) == text);
    let packets = wire(&net.shared());
    let mut kinds = Vec::new();
    for packet in &packets {
        let layers = parse(packet, 0).unwrap();
        assert_eq!(
            (layers.l4_protocol, layers.l4_offset, packet[6] & 0x40),
            (17, 20, 0)
        );
        assert_eq!(packet[12..20], [192, 0, 2, 1, 192, 0, 2, 2]);
        assert_eq!(packet[20..24], [0xca, 0x6c, 0xca, 0x6c]);
        assert!(!packet.windows(20).any(|bytes| bytes == [b'x'; 20]));
        kinds.push(packet[28]);
    }
    assert_eq!((kinds[0], &kinds[1..]), (1, &vec![4; kinds.len() - 1][..]));
    // One super-packet: four segments, of which the last is shorter, each with its own tag.
    let sizes: Vec<usize> = packets.iter().map(Vec::len).collect();
    assert!(
        sizes.contains(&(28 + 3 * (16 + 1420 + 16) + 16 + 960 + 16)),
        "{sizes:?}"
    );
    net.stop();
}

#[test]
fn what_follows_each_other_comes_out_as_one() {
    let mut net = net(&V4, &delayed(), 7);
    let (client, server) = connected(&mut net, "10.0.0.2:80");
    let bytes: Vec<u8> = (0..500_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    assert!(net.carry(("a", client), ("b", server), &bytes) == bytes);
    let links = net.engine.statistics()["links"].clone();
    let packets = |link: &str| links[link]["packets"].as_u64().unwrap();
    // Some 370 segments: in and out as super-packets, whose segments are each in a message of its own.
    let (given, sent) = (packets("a.eth0 -> u.inside"), packets("u.outside -> t.rx"));
    let (came, taken) = (packets("j.tx -> u.outside"), packets("v.inside -> b.eth0"));
    assert!(
        given < 150 && sent < 150 && came < 200 && taken < 150,
        "{given} {sent} {came} {taken}"
    );
    let messages = status(&net, "u")["sent"].as_u64().unwrap();
    let least = 366 * (52 + 32) + 500_000;
    assert!((least..least + 20_000).contains(&messages), "{messages}");
    net.stop();
}

#[test]
fn timers_run_without_any_traffic() {
    let mut net = net(&V4, &delayed(), 7);
    let mut kept = peer(1, Some(&endpoint(V4[1])));
    kept["persistent_keepalive"] = 25.into();
    net.reconfigure("u", tunnel(0, &V4, &[kept]));
    net.advance(1000 * MS);
    assert_eq!(status(&net, "u")["latest_handshake"], 10 * MS);
    net.advance(130_000 * MS);
    let kinds: Vec<u8> = wire(&net.shared())
        .iter()
        .map(|packet| packet[28])
        .collect();
    // A handshake and the keepalive that confirms it; one each 25 s; after 120 s that one asks for new keys.
    assert_eq!(kinds, [1, 4, 4, 4, 4, 4, 4, 1, 4]);
    net.stop();
}

#[test]
fn the_seed_is_all_there_is_to_chance() {
    let capture = |seed| {
        let mut net = net(&V4, &delayed(), seed);
        connected(&mut net, "10.0.0.2:80");
        wire(&net.shared())
    };
    assert_eq!(capture(7), capture(7));
    assert_ne!(capture(7), capture(8));
}

fn status(net: &Net, tunnel: &str) -> Value {
    net.counters(tunnel)["peers"][0].clone()
}

#[test]
fn it_says_what_it_does_and_no_secret() {
    let mut net = net(&V4, &delayed(), 7);
    connected(&mut net, "10.0.0.2:80");
    let told = net.counters("v");
    assert_eq!(
        (&told["public_key"], &told["port"]),
        (&json!(public(2)), &json!(51820))
    );
    let peer = status(&net, "v");
    let expected = json!({
        "public_key": public(1), "has_preshared_key": true, "endpoint": "192.0.2.1:51820",
        "allowed_ips": ["10.0.0.1/32", "fd00::1/128"], "persistent_keepalive": null,
        "latest_handshake": 15 * MS, "handshake_age": 985 * MS, "unanswered_since": null, "dropped": 0,
        // Both messages of the handshake; a SYN and an ACK, each with its header, padding and tag.
        "received": 148 + 96 + 96, "sent": 92 + 96,
    });
    assert_eq!(peer, expected);
    let all = net.engine.statistics().to_string();
    assert!(!all.contains(&hex(&[1; 32])) && !all.contains("5e5e5e5e"));
}

#[test]
fn another_config_keeps_what_it_does_not_name() {
    let mut net = net(&V4, &delayed(), 7);
    let (client, server) = connected(&mut net, "10.0.0.2:80");
    let before = status(&net, "v");
    let mut other = peer(1, None);
    other["public_key"] = public(3).into();
    other["allowed_ips"] = json!(["10.0.0.3/32"]);
    let mut kept = peer(0, None);
    kept["persistent_keepalive"] = 25.into();
    net.reconfigure("v", tunnel(1, &V4, &[kept, other]));
    assert_eq!(net.carry(("a", client), ("b", server), b"on"), b"on");
    let peers = net.counters("v")["peers"].clone();
    let find = |byte| {
        let mut peers = peers.as_array().unwrap().iter();
        peers
            .find(|peer| peer["public_key"] == public(byte))
            .cloned()
    };
    let same = find(1).unwrap();
    assert_eq!(same["latest_handshake"], before["latest_handshake"]);
    assert_eq!(
        (&same["endpoint"], &same["persistent_keepalive"]),
        (&before["endpoint"], &json!(25))
    );
    assert!(find(3).is_some());
    net.reconfigure("v", tunnel(1, &V4, &[]));
    net.pass(MS);
    assert_eq!(net.counters("v")["peers"], json!([]));
    assert_eq!(net.carry(("b", server), ("a", client), b"off"), b"");
}

#[test]
fn another_private_key_or_number_of_workers_is_another_tunnel() {
    let mut net = net(&V4, &delayed(), 7);
    let mut told = |key: &str, value: Value| {
        let mut other = tunnel(1, &V4, &[]);
        other[key] = value;
        let steps = json!([{"do": "reconfigure", "name": "v", "app": other}]);
        net.try_apply(steps).unwrap_err().message
    };
    let key = told("private_key", "77".repeat(32).into());
    assert!(
        key.contains("another private key") && !key.contains("7777"),
        "{key}"
    );
    assert!(told("workers", 1.into()).contains("another number of workers"));
}

#[test]
fn a_thousand_peers_come_beside_a_transfer_and_go_again() {
    let mut net = net(&V4, &delayed(), 7);
    let (client, server) = connected(&mut net, "10.0.0.2:80");
    let stranger = |number: usize| {
        let key = format!("{number:04x}").repeat(16);
        json!({"public_key": key, "allowed_ips": [format!("10.9.{}.{}/32", number / 256, number % 256)]})
    };
    let mut peers: Vec<Value> = (1..=1000).map(stranger).collect();
    peers.push(peer(0, None));
    let many = tunnel(1, &V4, &peers);
    let pieces = usernet_core::apps::pieces(&many).unwrap();
    assert_eq!(pieces.len(), 5);
    for piece in pieces {
        net.reconfigure("v", piece);
    }
    assert_eq!(
        net.carry(("a", client), ("b", server), b"beside"),
        b"beside"
    );
    net.pass(MS);
    let told = |net: &mut Net| net.counters("v")["peers"].as_array().unwrap().len();
    assert_eq!(told(&mut net), 1001);
    net.reconfigure("v", tunnel(1, &V4, &[peer(0, None)]));
    assert_eq!(net.carry(("a", client), ("b", server), b"on"), b"on");
    net.pass(MS);
    assert_eq!(told(&mut net), 1);
    net.stop();
}

#[test]
fn workers_change_nothing_on_the_wire() {
    let bytes: Vec<u8> = (0..1_000_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    let said = |workers: u8| {
        let mut net = crewed(&V4, &delayed(), 7, workers);
        let (client, server) = connected(&mut net, "10.0.0.2:80");
        assert!(net.carry(("a", client), ("b", server), &bytes) == bytes);
        assert!(net.carry(("b", server), ("a", client), &bytes) == bytes);
        let said = (wire(&net.shared()), net.counters("u"), net.counters("v"));
        net.stop();
        said
    };
    let (alone, crewed) = (said(0), said(2));
    assert!(alone.0.len() > 100 && alone.0 == crewed.0);
    assert_eq!((alone.1, alone.2), (crewed.1, crewed.2));
}

#[test]
fn who_sends_to_nobody_is_told_so() {
    let mut net = net(&V4, &delayed(), 7);
    for remote in ["10.0.0.77:80", "[fd00::77]:80"] {
        let client = net.connect("a", remote);
        net.pass(1000 * MS);
        let error = net.with("a", |host, _| host.take_error(client));
        let unreachable = [
            SocketError::HostUnreachable,
            SocketError::NetworkUnreachable,
        ];
        assert!(
            error.is_some_and(|error| unreachable.contains(&error)),
            "{error:?}"
        );
    }
    assert_eq!(net.dropped("u")["no_peer"], 2);
    net.stop();
}

#[test]
fn what_is_no_datagram_is_counted() {
    let mut net = net(&V4, &delayed(), 7);
    net.apply(json!([
        {"do": "unlink", "link": "v.outside -> j.rx"}, {"do": "unlink", "link": "j.tx -> u.outside"},
        {"do": "link", "link": "w.tx -> u.outside"},
    ]));
    for bytes in [&[][..], &[0x45; 19], &[0x45; 60], &[0x60; 48]] {
        let traffic = net.shared();
        traffic
            .lock()
            .unwrap()
            .to_send
            .push_back((bytes.to_vec(), Default::default()));
    }
    net.wake("w");
    net.pass(MS);
    assert_eq!(net.dropped("u")["no_datagram"], 4);
    net.stop();
}
