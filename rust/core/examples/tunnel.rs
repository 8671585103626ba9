//! How fast tunnels are on one core, in ratios that hold on any machine: sealing and opening beside the cipher
//! alone, handshakes as the one who answers, many peers, and a running transfer in a flood of handshakes.
//! `cargo run --release -p usernet-core --example tunnel [seal|handshakes|peers|flood]`.
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;
use usernet_core::packet::{Packet, Pool};
use usernet_core::rng::Stream;
use usernet_core::time::{MILLISECOND, Nanos, SECOND};
use usernet_core::wireguard::{Ahead, Arrival, Device, Identity, Outgoing, PeerSpec, PrivateKey};

const MTU: usize = 1420;
const EPOCH: Nanos = 1_700_000_000 * SECOND;

type Done = Result<(), Box<dyn Error>>;
type Bench = (&'static str, fn() -> Done);

fn secret(number: u32) -> PrivateKey {
    let mut bytes = [7; 32];
    bytes[4..8].copy_from_slice(&number.to_le_bytes());
    PrivateKey::new(bytes)
}

fn address(number: u32) -> SocketAddr {
    (number.to_be_bytes(), 51820).into()
}

/// A device with this secret.
fn device(number: u32) -> Device {
    let chance = Box::new(Stream::new(number.into(), "bench"));
    Device::new(Identity::new(secret(number)), MTU, EPOCH, chance)
}

fn know(device: &mut Device, other: u32, pool: &mut Pool, now: Nanos) {
    let spec = PeerSpec {
        endpoint: Some(address(other)),
        allowed: vec![(IpAddr::from(inside(other)), 32)],
        ..PeerSpec::default()
    };
    assert!(device.set_peer(secret(other).public(), &spec, pool, now));
}

/// The address of a host in the tunnel.
fn inside(number: u32) -> [u8; 4] {
    (10 << 24 | number).to_be_bytes()
}

/// A packet of IPv4, of so many bytes.
fn packet(from: u32, to: u32, len: usize, pool: &mut Pool) -> Option<Packet> {
    let mut packet = pool.packet(len)?;
    let bytes = packet.bytes_mut();
    bytes.fill(0);
    bytes[0] = 0x45;
    bytes[2..4].copy_from_slice(&(len as u16).to_be_bytes());
    bytes[12..16].copy_from_slice(&inside(from));
    bytes[16..20].copy_from_slice(&inside(to));
    Some(packet)
}

fn outgoing(device: &mut Device) -> Vec<Outgoing> {
    let mut out = Vec::new();
    device.take_outgoing(&mut out);
    out
}

/// Carries what one has to send to the other, and back, until both are silent.
fn settle(one: (&mut Device, u32), other: (&mut Device, u32), pool: &mut Pool, now: Nanos) {
    loop {
        let there = outgoing(one.0);
        let back = outgoing(other.0);
        if there.is_empty() && back.is_empty() {
            return;
        }
        for (sent, from, to) in [(there, one.1, &mut *other.0), (back, other.1, &mut *one.0)] {
            for datagram in sent {
                let inner = to.receive(datagram.packet, address(from), pool, now);
                inner.into_iter().for_each(|(packet, _)| pool.free(packet));
            }
        }
    }
}

/// Two devices with a session.
fn pair(pool: &mut Pool) -> Option<[Device; 2]> {
    let (mut one, mut other) = (device(1), device(2));
    know(&mut one, 2, pool, 0);
    know(&mut other, 1, pool, 0);
    let first = packet(1, 2, 60, pool)?;
    one.send(first, pool, 0).ok()?;
    settle((&mut one, 1), (&mut other, 2), pool, 0);
    Some([one, other])
}

/// The shortest of some turns, in nanoseconds for each of `count`.
fn best(count: usize, mut turn: impl FnMut()) -> f64 {
    let times = (0..TURNS).map(|_| {
        let began = Instant::now();
        turn();
        began.elapsed().as_nanos() as f64 / count as f64
    });
    times.fold(f64::INFINITY, f64::min)
}

const BATCH: usize = 64;
const TURNS: usize = 2000;

fn seal() -> Done {
    let mut pool = Pool::default();
    let [mut one, mut other] = pair(&mut pool).ok_or("no session")?;
    let key = || UnboundKey::new(&CHACHA20_POLY1305, &[1; 32]).map(LessSafeKey::new);
    let key = key().map_err(|_| "no key")?;
    let nonce = || Nonce::assume_unique_for_key([0; 12]);
    let mut text = vec![0; MTU];
    let alone = best(BATCH, || {
        for _ in 0..BATCH {
            let tag = key.seal_in_place_separate_tag(nonce(), Aad::empty(), &mut text);
            std::hint::black_box(tag.is_ok());
        }
    });
    let (mut seals, mut opens) = (f64::INFINITY, f64::INFINITY);
    let (mut texts, mut sealed) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        while texts.len() < BATCH {
            texts.push(packet(1, 2, MTU, &mut pool).ok_or("no packet")?);
        }
        let began = Instant::now();
        for packet in texts.drain(..) {
            one.send(packet, &mut pool, 0).map_err(|_| "nobody")?;
        }
        seals = seals.min(began.elapsed().as_nanos() as f64 / BATCH as f64);
        one.take_outgoing(&mut sealed);
        let began = Instant::now();
        for datagram in &mut sealed {
            let bytes = datagram.packet.bytes_mut();
            let arrival = Arrival::from(address(1));
            assert!(
                other
                    .hear(bytes, arrival, Ahead::Sealed, &mut pool, 0)
                    .is_some()
            );
        }
        opens = opens.min(began.elapsed().as_nanos() as f64 / BATCH as f64);
        sealed.drain(..).for_each(|one| pool.free(one.packet));
    }
    println!("cipher alone {alone:.0} ns, seal {seals:.0} ns, open {opens:.0} ns of {MTU} bytes");
    println!(
        "seal {:.2}, open {:.2} of the cipher's speed",
        alone / seals,
        alone / opens
    );
    Ok(())
}

fn handshakes() -> Done {
    let mut pool = Pool::default();
    let mut server = device(0);
    let count = 1000;
    let mut calls = Vec::new();
    for number in 1..=count {
        let mut client = device(number);
        know(&mut server, number, &mut pool, 0);
        know(&mut client, 0, &mut pool, 0);
        let first = packet(number, 0, 60, &mut pool).ok_or("no packet")?;
        client.send(first, &mut pool, 0).map_err(|_| "nobody")?;
        calls.push((number, outgoing(&mut client).remove(0).packet));
    }
    let best = answer_all(&mut server, calls, &mut pool);
    println!(
        "{:.0} handshakes a second as the one who answers",
        1.0 / best
    );
    Ok(())
}

/// Has a server answer calls, as many as are welcome without a cookie and no more: a millisecond apart. How many
/// seconds one took, of the best ten that followed each other.
fn answer_all(server: &mut Device, calls: Vec<(u32, Packet)>, pool: &mut Pool) -> f64 {
    let (mut best, count) = (f64::INFINITY, calls.len());
    let mut calls = (1..).zip(calls).peekable();
    while calls.peek().is_some() {
        let began = Instant::now();
        for (at, (number, call)) in calls.by_ref().take(10) {
            let inner = server.receive(call, address(number), pool, at * MILLISECOND);
            assert!(inner.is_none());
        }
        best = best.min(began.elapsed().as_secs_f64() / 10.0);
    }
    assert_eq!(outgoing(server).len(), count);
    best
}

/// Bytes of memory that are in use.
fn memory() -> Result<f64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().nth(1))
        .ok_or("no VmRSS")?;
    Ok(kib.parse::<f64>()? * 1024.0)
}

fn peers() -> Done {
    let (mut pool, mut server, count) = (Pool::default(), device(0), 10_000);
    let (before, began) = (memory()?, Instant::now());
    (1..=count).for_each(|number| know(&mut server, number, &mut pool, 0));
    let each = began.elapsed().as_micros() as f64 / f64::from(count);
    let idle = memory()? - before;
    println!(
        "{count} peers: {each:.0} µs to add one, {:.1} KiB each",
        idle / 1024.0 / f64::from(count)
    );
    let mut calls = Vec::new();
    for number in 1..=1000 {
        let mut client = device(number);
        know(&mut client, 0, &mut pool, 0);
        let first = packet(number, 0, 60, &mut pool).ok_or("no packet")?;
        client.send(first, &mut pool, 0).map_err(|_| "nobody")?;
        calls.push((number, outgoing(&mut client).remove(0).packet));
    }
    let before = memory()?;
    let each = answer_all(&mut server, calls, &mut pool);
    let session = (memory()? - before) / 1024.0 / 1000.0;
    println!("{:.0} handshakes a second beside {count} peers", 1.0 / each);
    println!("{session:.1} KiB more for one with a session");
    let key = secret(5000).public();
    let turns = 100;
    let spec = PeerSpec {
        allowed: vec![(IpAddr::from(inside(5000)), 32)],
        ..PeerSpec::default()
    };
    let removed = best(turns, || {
        for _ in 0..turns {
            assert!(server.set_peer(key, &spec, &mut pool, 0));
        }
    });
    println!("{:.1} µs to say something else of one", removed / 1000.0);
    Ok(())
}

/// What a bad handshake costs, beside a packet: a flood as fast as the transfer's own packets is answered by
/// cookies after the first hundred.
fn flood() -> Done {
    let mut pool = Pool::default();
    let [mut one, mut other] = pair(&mut pool).ok_or("no session")?;
    let mut stranger = device(9);
    know(&mut stranger, 2, &mut pool, 0);
    let first = packet(9, 2, 60, &mut pool).ok_or("no packet")?;
    stranger.send(first, &mut pool, 0).map_err(|_| "nobody")?;
    let call = outgoing(&mut stranger).remove(0).packet;
    let mut sealed = Vec::new();
    let mut carry = |other: &mut Device, flood: usize| -> Result<f64, Box<dyn Error>> {
        let mut best = f64::INFINITY;
        for turn in 0..200_u64 {
            for _ in 0..BATCH {
                let packet = packet(1, 2, MTU, &mut pool).ok_or("no packet")?;
                one.send(packet, &mut pool, SECOND).map_err(|_| "nobody")?;
            }
            one.take_outgoing(&mut sealed);
            let now = SECOND + turn;
            let began = Instant::now();
            for (place, datagram) in sealed.iter_mut().enumerate() {
                let arrival = Arrival::from(address(1));
                let bytes = datagram.packet.bytes_mut();
                assert!(
                    other
                        .hear(bytes, arrival, Ahead::Sealed, &mut pool, now)
                        .is_some()
                );
                if flood > 0 && place % flood == 0 {
                    let mut bad = call.bytes().to_vec();
                    let from = Arrival::from(address(place as u32));
                    other.hear(&mut bad, from, Ahead::Sealed, &mut pool, now);
                    outgoing(other)
                        .into_iter()
                        .for_each(|one| pool.free(one.packet));
                }
            }
            best = best.min(began.elapsed().as_secs_f64());
            sealed.drain(..).for_each(|one| pool.free(one.packet));
        }
        Ok(best)
    };
    let calm = carry(&mut other, 0)?;
    for every in [10, 4, 1] {
        let flooded = carry(&mut other, every)?;
        println!(
            "a bad handshake for every {every} packets: {:.2} of the speed",
            calm / flooded
        );
    }
    Ok(())
}

fn main() -> Done {
    let which = std::env::args().nth(1);
    let all: [Bench; 4] = [
        ("seal", seal),
        ("handshakes", handshakes),
        ("peers", peers),
        ("flood", flood),
    ];
    for (name, bench) in all {
        if which.as_deref().is_none_or(|which| which == name) {
            bench()?;
        }
    }
    Ok(())
}
