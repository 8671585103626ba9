//! Invariant: whatever comes to a device, and whatever becomes of the messages between two of them, nobody
//! panics, nothing comes out that no peer put in, every packet goes back, and both can talk afterwards.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use std::net::SocketAddr;
use usernet_core::packet::Pool;
use usernet_core::rng::Stream;
use usernet_core::time::{MILLISECOND, Nanos, SECOND};
use usernet_core::wireguard::{
    Ahead, Arrival, Crew, Device, Identity, Outgoing, PeerSpec, PrivateKey, Task,
};

#[derive(Arbitrary, Debug)]
enum Step {
    /// Bytes come from somewhere.
    Bytes { to: bool, bytes: Vec<u8>, port: u16 },
    /// A message that was sent comes, again or late, from somewhere, with some of its bytes changed.
    Message {
        which: u16,
        port: u16,
        changed: Vec<(u16, u8)>,
        len: Option<u16>,
    },
    /// A packet is sent, with any content.
    Send { from: bool, payload: Vec<u8> },
    /// Any bytes are sent as a packet.
    SendBytes { from: bool, bytes: Vec<u8> },
    /// Many packets are sent at once, and come at once, sealed and opened by a crew.
    Burst { from: bool, count: u8, len: u16 },
    /// Time passes, and all messages under way arrive or are lost.
    Wait { milliseconds: u32, lost: bool },
}

/// What is asked at the end, and nobody asks before.
const LAST: &[u8] = b"still there, after all that was done to you?";
const INSIDE: [[u8; 4]; 2] = [[10, 0, 0, 1], [10, 0, 0, 2]];

fn address(number: usize, port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, number as u8 + 1], port))
}

/// Does every second task, from behind, and leaves the others.
struct Lazy;

impl Crew for Lazy {
    fn share(&mut self, tasks: &mut [Task<'_>]) {
        tasks.iter_mut().rev().step_by(2).for_each(Task::run);
    }
}

struct Pair {
    devices: [Device; 2],
    pool: Pool,
    now: Nanos,
    /// What was sent: to which, and the bytes.
    sent: Vec<(usize, Vec<u8>)>,
    fresh: usize,
    /// What was given to a device to send to the other.
    given: Vec<Vec<u8>>,
    /// Whether the last packet of all came out.
    done: bool,
}

impl Pair {
    fn new() -> Self {
        let device = |byte: u8| {
            let own = Identity::new(PrivateKey::new([byte; 32]));
            let chance = Box::new(Stream::new(byte.into(), "fuzz"));
            let mut device = Device::new(own, 1420, 0, chance);
            device.set_crew(Box::new(Lazy));
            device
        };
        let mut pair = Self {
            devices: [device(1), device(2)],
            pool: Pool::default(),
            now: 0,
            sent: Vec::new(),
            fresh: 0,
            given: Vec::new(),
            done: false,
        };
        for one in 0..2 {
            let key = PrivateKey::new([2 - one as u8; 32]).public();
            let spec = PeerSpec {
                endpoint: Some(address(1 - one, 1)),
                allowed: vec![(INSIDE[1 - one].into(), 32)],
                ..PeerSpec::default()
            };
            assert!(pair.devices[one].set_peer(key, &spec, &mut pair.pool, 0));
        }
        pair
    }

    fn launch(&mut self, one: usize) {
        let mut out = Vec::new();
        self.devices[one].take_outgoing(&mut out);
        for Outgoing { packet, .. } in out {
            self.sent.push((1 - one, packet.bytes().to_vec()));
            self.pool.free(packet);
        }
    }

    fn hand(&mut self, one: usize, bytes: &[u8], port: u16) {
        let Some(packet) = self.pool.packet_from(bytes) else {
            return;
        };
        let from = address(1 - one, port);
        let inner = self.devices[one].receive(packet, from, &mut self.pool, self.now);
        if let Some((packet, _)) = inner {
            self.check(packet.bytes());
            self.pool.free(packet);
        }
        self.launch(one);
    }

    /// Something has come out.
    fn check(&mut self, packet: &[u8]) {
        // What follows the end that a packet tells of itself is padding.
        let mut given = self.given.iter();
        assert!(given.any(|given| given.starts_with(packet)));
        self.done |= packet.ends_with(LAST);
    }

    fn burst(&mut self, one: usize, count: u8, len: usize) {
        let bytes = Self::packet(one, &vec![count; len]);
        self.given.push(bytes.clone());
        for _ in 0..count {
            if let Some(packet) = self.pool.packet_from(&bytes) {
                let sent = self.devices[one].send_with_others(packet, &mut self.pool, self.now);
                sent.unwrap_or_else(|packet| self.pool.free(packet));
            }
        }
        let first = self.sent.len();
        self.launch(one);
        self.hand_all(1 - one, self.sent[first..].to_vec());
    }

    fn hand_all(&mut self, one: usize, mut messages: Vec<(usize, Vec<u8>)>) {
        let (mut ahead, device) = (Vec::new(), &mut self.devices[one]);
        let slices = messages.iter_mut().map(|(_, bytes)| bytes.as_mut_slice());
        device.open_ahead(slices, &mut ahead, self.now);
        let arrival = Arrival::from(address(1 - one, 1));
        let ahead = ahead.into_iter().chain(std::iter::repeat(Ahead::Sealed));
        for ((_, message), ahead) in messages.iter_mut().zip(ahead) {
            let device = &mut self.devices[one];
            let inner = device.hear(message, arrival, ahead, &mut self.pool, self.now);
            if let Some((inner, _)) = inner {
                self.check(&message[inner]);
            }
        }
        self.launch(one);
    }

    fn send(&mut self, one: usize, bytes: &[u8]) {
        if let Some(packet) = self.pool.packet_from(bytes) {
            if self.given.len() < 512 {
                self.given.push(bytes.to_vec());
            }
            let sent = self.devices[one].send(packet, &mut self.pool, self.now);
            if let Err(packet) = sent {
                self.pool.free(packet);
            }
        }
        self.launch(one);
    }

    fn packet(one: usize, payload: &[u8]) -> Vec<u8> {
        let payload = &payload[..payload.len().min(1400)];
        let mut packet = vec![0; 20];
        packet[0] = 0x45;
        packet[2..4].copy_from_slice(&((20 + payload.len()) as u16).to_be_bytes());
        packet[12..16].copy_from_slice(&INSIDE[one]);
        packet[16..20].copy_from_slice(&INSIDE[1 - one]);
        packet.extend_from_slice(payload);
        packet
    }

    fn pass(&mut self, time: Nanos, lost: bool) {
        self.now += time;
        for one in 0..2 {
            self.devices[one].fire(&mut self.pool, self.now);
            self.launch(one);
        }
        for _ in 0..8 {
            let fresh = self.sent[self.fresh..].to_vec();
            self.fresh = self.sent.len();
            if lost || fresh.is_empty() {
                return;
            }
            fresh
                .iter()
                .for_each(|(to, bytes)| self.hand(*to, bytes, 1));
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Bytes { to, bytes, port } => self.hand(usize::from(to), &bytes, port),
            Step::Message {
                which,
                port,
                changed,
                len,
            } => self.replay(which, port, &changed, len),
            Step::Send { from, payload } => {
                let one = usize::from(from);
                self.send(one, &Self::packet(one, &payload));
            }
            Step::SendBytes { from, bytes } => {
                self.send(usize::from(from), &bytes[..bytes.len().min(2000)]);
            }
            Step::Burst { from, count, len } => {
                self.burst(usize::from(from), count % 64, usize::from(len));
            }
            Step::Wait { milliseconds, lost } => {
                self.pass(Nanos::from(milliseconds % 400_000) * MILLISECOND, lost);
            }
        }
    }

    fn replay(&mut self, which: u16, port: u16, changed: &[(u16, u8)], len: Option<u16>) {
        if self.sent.is_empty() {
            return;
        }
        let (to, mut bytes) = self.sent[usize::from(which) % self.sent.len()].clone();
        for (at, by) in changed.iter().take(8) {
            let at = usize::from(*at) % bytes.len();
            bytes[at] ^= by;
        }
        bytes.truncate(len.map_or(usize::MAX, usize::from));
        self.hand(to, &bytes, port);
    }
}

fuzz_target!(|steps: Vec<Step>| {
    let mut pair = Pair::new();
    steps.into_iter().take(200).for_each(|step| pair.step(step));
    // After ten minutes of silence all keys are forgotten, and whoever was led astray comes back.
    pair.fresh = pair.sent.len();
    pair.pass(600 * SECOND, true);
    for one in 0..2 {
        let key = PrivateKey::new([2 - one as u8; 32]).public();
        let spec = PeerSpec {
            endpoint: Some(address(1 - one, 1)),
            allowed: vec![(INSIDE[1 - one].into(), 32)],
            ..PeerSpec::default()
        };
        assert!(pair.devices[one].set_peer(key, &spec, &mut pair.pool, pair.now));
    }
    pair.fresh = pair.sent.len();
    pair.send(0, &Pair::packet(0, LAST));
    for _ in 0..40 {
        pair.pass(SECOND, false);
    }
    assert!(pair.done);
    assert_eq!(pair.pool.lent(), 0);
});
