//! Many connections, floods, and the memory that a host may use.
use super::net::{MS, Net, host};
use super::wire::{Wire, ipv4, seal};
use serde_json::json;
use usernet_core::stack::{SocketError, SocketId};

/// Ten thousand connections from `a` to `b`, and both their ends.
fn crowd(net: &mut Net) -> (Vec<SocketId>, Vec<SocketId>) {
    let listener = net.with("b", |host, now| {
        host.listen("10.0.0.2:80".parse().unwrap(), 10_000, host.options(), now)
            .unwrap()
    });
    let clients: Vec<SocketId> = (0..10_000)
        .map(|_| net.connect("a", "10.0.0.2:80"))
        .collect();
    net.pass(50 * MS);
    assert_eq!(net.counters("a")["sockets"], json!({"established": 10_000}));
    let mut servers = Vec::new();
    while let Ok(server) = net.accept("b", listener) {
        servers.push(server);
    }
    assert_eq!(servers.len(), 10_000);
    (clients, servers)
}

#[test]
fn so_many_linger_and_no_more() {
    let mut net = Net::pair(&json!({"delay": {"ns": 5 * MS}}));
    let (clients, servers) = crowd(&mut net);
    for &client in &clients {
        net.with("a", |host, now| host.close(client, now));
    }
    net.pass(50 * MS);
    for &server in &servers {
        net.with("b", |host, now| host.close(server, now));
    }
    net.pass(50 * MS);
    assert_eq!(net.counters("a")["sockets"], json!({"time-wait": 8192}));
    assert_eq!(net.counters("b")["sockets"], json!({"listen": 1}));
    net.pass(60_000 * MS);
    assert_eq!(net.counters("a")["sockets"], json!({}));
    net.stop();
}

#[test]
fn ten_thousand_connections_stand_at_once() {
    let mut net = Net::pair(&json!({"delay": {"ns": 5 * MS}}));
    let (clients, servers) = crowd(&mut net);
    for (number, &client) in clients.iter().enumerate() {
        let bytes = (number as u32).to_be_bytes();
        net.with("a", |host, now| host.send(client, &bytes, now))
            .unwrap();
    }
    net.pass(50 * MS);
    let mut seen: Vec<u32> = servers
        .iter()
        .map(|&server| {
            let mut bytes = [0; 5];
            let got = net.with("b", |host, now| host.receive(server, &mut bytes, now));
            assert_eq!(got, Ok(4));
            u32::from_be_bytes(*bytes.first_chunk().unwrap())
        })
        .collect();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..10_000));
    for name in ["a", "b"] {
        assert_eq!(net.dropped(name), json!({}));
        let used = net.counters(name)["memory_used"].as_u64().unwrap();
        assert!(used < 100 << 20, "{used}");
    }
    for &client in &clients {
        net.with("a", |host, now| host.close(client, now));
    }
    for &server in &servers {
        net.with("b", |host, now| host.close(server, now));
    }
    net.pass(70_000 * MS);
    assert_eq!(net.counters("a")["sockets"], json!({}));
    assert_eq!(net.counters("a")["memory_used"], 0);
    net.stop();
}

/// A SYN from 10.0.0.2 to port 80.
fn syn(port: u16, seq: u32) -> Vec<u8> {
    let mut segment = port.to_be_bytes().to_vec();
    segment.extend(80_u16.to_be_bytes());
    segment.extend(seq.to_be_bytes());
    segment.extend([0, 0, 0, 0, 0x50, 2, 0x40, 0, 0, 0, 0, 0]);
    seal(&mut segment, 16, 6, false);
    ipv4(6, &segment, |_| ())
}

#[test]
fn a_flood_of_syns_leaves_others_unharmed() {
    let mut wire = Wire::new("ip");
    wire.net.start("b", host(&["10.1.0.2/24"]));
    let a = json!({"app": "host", "interfaces": {
        "eth0": {"addresses": ["10.0.0.1/24"]},
        "eth1": {"addresses": ["10.1.0.1/24"]},
    }});
    wire.net.reconfigure("a", a);
    wire.net
        .line(("a", "eth1"), ("b", "eth0"), &json!({"delay": {"ns": MS}}));
    let listener = wire.net.listen("a", "0.0.0.0:80");
    let old = wire.net.connect("b", "10.1.0.1:80");
    wire.net.pass(5 * MS);
    let server = wire.net.accept("a", listener).unwrap();
    for round in 0..20 {
        let flood: Vec<_> = (1..1000).map(|port| syn(port, round)).collect();
        wire.send(&flood);
    }
    // Half-open connections up to the backlog, and cookies for the rest.
    let sockets = wire.net.counters("a")["sockets"].clone();
    assert_eq!(sockets["syn-received"], 100);
    let bytes = vec![1; 100_000];
    assert!(wire.net.carry(("b", old), ("a", server), &bytes) == bytes);
    let new = wire.net.connect("b", "10.1.0.1:80");
    wire.net.pass(10 * MS);
    let server = wire.net.accept("a", listener).unwrap();
    assert!(wire.net.carry(("b", new), ("a", server), &bytes) == bytes);
    // The half-open ones are given up by and by.
    wire.net.pass(130_000 * MS);
    assert_eq!(
        wire.net.counters("a")["sockets"],
        json!({"established": 2, "listen": 1})
    );
}

#[test]
fn sockets_are_bounded() {
    let mut net = Net::new();
    let mut config = host(&["10.0.0.1/24"]);
    config["sockets"] = 3.into();
    net.start("a", config);
    let listener = net.listen("a", "10.0.0.1:80");
    let udp = net.udp("a", "10.0.0.1:53");
    net.connect("a", "10.0.0.1:80");
    let refused = net.with("a", |host, now| host.echo(host.options(), now));
    assert_eq!(refused, Err(SocketError::TooMany));
    // No room for the other end: SYN is let go, and tried again.
    net.pass(500 * MS);
    assert_eq!(net.accept("a", listener), Err(SocketError::WouldBlock));
    assert_eq!(net.dropped("a"), json!({"no_memory": 1}));
    net.with("a", |host, now| host.close(udp, now));
    net.pass(1000 * MS);
    assert!(net.accept("a", listener).is_ok());
    assert_eq!(net.counters("a")["sockets_refused"], 2);
}

#[test]
fn memory_is_bounded_and_given_back() {
    let limit = 4 << 20;
    let mut net = Net::new();
    let mut config = host(&["10.0.0.1/24"]);
    config["memory"] = limit.into();
    net.start("a", config);
    net.start("b", host(&["10.0.0.2/24"]));
    net.line(("a", "eth0"), ("b", "eth0"), &json!({"delay": {"ns": MS}}));
    let listener = net.listen("b", "10.0.0.2:80");
    let clients: Vec<SocketId> = (0..100).map(|_| net.connect("a", "10.0.0.2:80")).collect();
    net.pass(10 * MS);
    let servers: Vec<SocketId> = clients
        .iter()
        .map(|_| net.accept("b", listener).unwrap())
        .collect();
    // More than fits is to be sent, and nobody reads.
    let mut blocked = 0;
    for &client in &clients {
        loop {
            match net.with("a", |host, now| host.send(client, &[5; 10_000], now)) {
                Ok(10_000) => {}
                Ok(_) | Err(SocketError::WouldBlock) => break,
                Err(error) => panic!("{error}"),
            }
        }
        blocked += 1;
    }
    assert_eq!(blocked, 100);
    let used = net.counters("a")["memory_used"].as_u64().unwrap();
    assert!(used <= limit + (1 << 20), "{used}");
    let udp = net.bind("a", "10.0.0.1:53", None);
    assert_eq!(udp, Err(SocketError::TooMany));
    // Once others read, all that was sent arrives, and those that waited hear that there is room.
    net.events("a");
    let mut buffer = vec![0; 1 << 20];
    let mut read = 0;
    for _ in 0..2000 {
        net.pass(MS);
        for &server in &servers {
            while let Ok(count @ 1..) =
                net.with("b", |host, now| host.receive(server, &mut buffer, now))
            {
                read += count;
            }
        }
    }
    assert!(read > 3 << 20, "{read}");
    let told = net.events("a");
    assert_eq!(told.len(), 100);
    let used = net.counters("a")["memory_used"].as_u64().unwrap();
    assert!(used < limit / 2, "{used}");
    assert!(net.bind("a", "10.0.0.1:53", None).is_ok());
}

#[test]
fn a_receiver_without_memory_takes_the_rest_when_it_has_some() {
    let limit = 4 << 20;
    let mut net = Net::new();
    let mut config = host(&["10.0.0.2/24"]);
    config["memory"] = limit.into();
    net.start("a", host(&["10.0.0.1/24"]));
    net.start("b", config);
    net.line(("a", "eth0"), ("b", "eth0"), &json!({"delay": {"ns": MS}}));
    let listener = net.listen("b", "10.0.0.2:80");
    let clients: Vec<SocketId> = (0..80).map(|_| net.connect("a", "10.0.0.2:80")).collect();
    net.pass(10 * MS);
    let servers: Vec<SocketId> = clients
        .iter()
        .map(|_| net.accept("b", listener).unwrap())
        .collect();
    for &client in &clients {
        net.with("a", |host, now| host.send(client, &[5; 100_000], now))
            .unwrap();
    }
    net.pass(1000 * MS);
    let used = net.counters("b")["memory_used"].as_u64().unwrap();
    assert!((limit..2 * limit).contains(&used), "{used}");
    assert!(net.dropped("b")["no_memory"].as_u64().unwrap() > 0);
    // One after the other is read to its end, while the others wait.
    for &server in &servers {
        let mut read = 0;
        let mut buffer = vec![0; 100_000];
        for _ in 0..120_000 {
            while let Ok(count @ 1..) =
                net.with("b", |host, now| host.receive(server, &mut buffer, now))
            {
                read += count;
            }
            if read == 100_000 {
                break;
            }
            net.pass(MS);
        }
        assert_eq!(read, 100_000);
    }
}
