//! Carries bytes from one host to another over a line that cuts packets to its MTU, in virtual time,
//! and says what a packet cost: `cargo run --release -p usernet-core --example hosts [MEGABYTES [tunnel]]`, with
//! `tunnel` through a WireGuard device at each end.
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Instant;
use usernet_core::action::parse;
use usernet_core::app::{App, AppError};
use usernet_core::engine::{Engine, HostKey};
use usernet_core::stack::{SocketError, SocketId};
use usernet_core::wireguard::PrivateKey;
use usernet_core::{Registry, apps};

const MILLISECOND: u64 = 1_000_000;

struct Core;

impl Registry for Core {
    fn create(&mut self, name: &str, config: &Value, now: u64) -> Result<Box<dyn App>, AppError> {
        apps::create(name, 7, config, now).unwrap_or_else(|| Err(AppError::config("unknown")))
    }
}

fn host(address: &str, mtu: u16) -> Value {
    json!({"app": "host", "interfaces": {"eth0": {"addresses": [address], "mtu": mtu}}})
}

/// A tunnel whose key is made of one byte, and whose only peer's of another.
fn tunnel(own: u8, peer: u8) -> Value {
    let hex =
        |bytes: &[u8; 32]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let public = PrivateKey::new([peer; 32]).public();
    let peer = json!({
        "public_key": hex(&public.0), "endpoint": format!("192.0.2.{peer}:51820"),
        "allowed_ips": ["10.0.0.0/24"],
    });
    json!({"app": "wireguard", "private_key": hex(&[own; 32]), "port": 51820, "peers": [peer]})
}

fn network(tunnels: bool) -> Result<Engine, Box<dyn std::error::Error>> {
    let line = json!({
        "app": "impairment",
        "delay": {"ns": MILLISECOND},
        "rate": {"bits_per_second": 10_000_000_000_u64},
    });
    let mtu = if tunnels { 1420 } else { 1500 };
    let mut steps = vec![
        json!({"do": "start", "name": "a", "app": host("10.0.0.1/24", mtu)}),
        json!({"do": "start", "name": "b", "app": host("10.0.0.2/24", mtu)}),
        json!({"do": "start", "name": "there", "app": line}),
        json!({"do": "start", "name": "back", "app": line}),
    ];
    let (mut one, mut other) = ("a.eth0", "b.eth0");
    if tunnels {
        steps.push(json!({"do": "start", "name": "u", "app": tunnel(8, 16)}));
        steps.push(json!({"do": "start", "name": "v", "app": tunnel(16, 8)}));
        for (from, to) in [("a.eth0", "u.inside"), ("b.eth0", "v.inside")] {
            steps.push(json!({"do": "link", "link": format!("{from} -> {to}")}));
            steps.push(json!({"do": "link", "link": format!("{to} -> {from}")}));
        }
        (one, other) = ("u.outside", "v.outside");
    }
    for link in [
        format!("{one} -> there.rx"),
        format!("there.tx -> {other}"),
        format!("{other} -> back.rx"),
        format!("back.tx -> {one}"),
    ] {
        steps.push(json!({"do": "link", "link": link}));
    }
    let steps = Value::from(steps);
    let mut engine = Engine::new();
    engine.apply(&parse(&steps.to_string())?, &mut Core)?;
    Ok(engine)
}

struct Ends {
    engine: Engine,
    client: (HostKey, SocketId),
    server: (HostKey, SocketId),
}

fn connect(mut engine: Engine) -> Option<Ends> {
    let remote: SocketAddr = ([10, 0, 0, 2], 80).into();
    let (a, b) = (engine.host_key("a")?, engine.host_key("b")?);
    let listen = engine.with_host(b, |host, now| host.listen(remote, 1, host.options(), now));
    let connect = engine.with_host(a, |host, now| {
        host.connect(remote, None, host.options(), now)
    });
    let (listener, client) = (listen?.ok()?, connect?.ok()?);
    engine.advance(20 * MILLISECOND, &mut Core);
    let accept = engine.with_host(b, |host, now| host.accept(listener, now));
    let server = accept?.ok()?;
    Some(Ends {
        engine,
        client: (a, client),
        server: (b, server),
    })
}

impl Ends {
    /// Sends and reads, as events say that it is possible, until so many bytes have arrived.
    fn carry(&mut self, bytes: usize) -> Result<(), SocketError> {
        let chunk = vec![7; 1 << 18];
        let mut buffer = vec![0; 1 << 18];
        let mut arrived = 0;
        while arrived < bytes {
            let (key, id) = self.client;
            self.engine.with_host(key, |host, now| {
                while let Ok(sent) = host.send(id, &chunk, now) {
                    if sent < chunk.len() {
                        break;
                    }
                }
            });
            let until = self.engine.now() + 1000 * MILLISECOND;
            self.engine.advance_to_event(until, u64::MAX, &mut Core);
            let (key, id) = self.server;
            self.engine.with_host(key, |host, now| {
                while let Ok(count @ 1..) = host.receive(id, &mut buffer, now) {
                    arrived += count;
                }
            });
            self.engine.take_events(|_, _, _| ());
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let megabytes: usize = std::env::args()
        .nth(1)
        .map_or(Ok(1000), |text| text.parse())?;
    let tunnels = std::env::args().nth(2).as_deref() == Some("tunnel");
    let mut ends = connect(network(tunnels)?).ok_or("no connection")?;
    let begun = Instant::now();
    ends.carry(megabytes * 1_000_000)?;
    let took = begun.elapsed();
    let counters = ends.engine.statistics();
    let packets = |app: &str| counters["apps"][app]["packets_out"].as_u64().unwrap_or(0);
    let all = packets("there") + packets("back");
    println!(
        "{megabytes} MB, {all} packets, {:.2} s of virtual time: {:.0} ns a packet, {:.2} Gbit/s",
        ends.engine.now() as f64 / 1e9,
        took.as_nanos() as f64 / all.max(1) as f64,
        megabytes as f64 * 8e-3 / took.as_secs_f64(),
    );
    Ok(())
}
