//! Invariant: whatever comes to a tunnel from outside and from inside, offloads that lie included, it does not
//! panic, lets out inside only what its peer sealed, and gives every packet back.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use usernet_core::action::parse;
use usernet_core::app::{App, AppError, Context, Direction};
use usernet_core::engine::Engine;
use usernet_core::packet::{Offload, Segmentation};
use usernet_core::wireguard::PrivateKey;
use usernet_core::{Registry, apps};

#[derive(Arbitrary, Debug)]
enum Step {
    /// A packet comes in from outside, or goes into the tunnel on the other side.
    Packet {
        outside: bool,
        offload: Option<(bool, u8, u16, u16, u16)>,
        bytes: Vec<u8>,
    },
    /// Datagrams around these bytes, in the name of the peer.
    Datagrams {
        each: u16,
        bytes: Vec<u8>,
    },
    /// Something the other side has sealed comes again, with a byte changed where that is wanted.
    Again {
        which: u8,
        change: Option<(u16, u8)>,
    },
    Pass(u32),
}

type Shared = Arc<Mutex<(VecDeque<(Vec<u8>, Offload)>, Vec<Vec<u8>>)>>;

/// Sends what it is given, and keeps what comes.
struct End(Shared);

impl App for End {
    fn kind(&self) -> &'static str {
        "end"
    }

    fn has_port(&self, _direction: Direction, _port: &str) -> bool {
        true
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        let mut shared = self.0.lock().unwrap();
        while let Some((bytes, offload)) = shared.0.pop_front() {
            if let Some(mut packet) = context.pool.packet_from(&bytes) {
                packet.set_offload(offload);
                context.transmit(0, packet);
            }
        }
        false
    }

    fn push(&mut self, context: &mut Context<'_>) {
        while let Some(packet) = context.receive(0) {
            let mut shared = self.0.lock().unwrap();
            if shared.1.len() < 64 {
                shared.1.push(packet.bytes().to_vec());
            }
            context.pool.free(packet);
        }
    }
}

struct Apps([Shared; 3]);

impl Registry for Apps {
    fn create(&mut self, name: &str, config: &Value, now: u64) -> Result<Box<dyn App>, AppError> {
        let place = ["given", "outside", "taken"]
            .iter()
            .position(|end| *end == name);
        if let Some(place) = place {
            return Ok(Box::new(End(Arc::clone(&self.0[place]))));
        }
        apps::create(name, 7, config, now).unwrap_or_else(|| Err(AppError::config("unknown")))
    }
}

fn tunnel(own: u8, peer: u8) -> Value {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let peer = json!({
        "public_key": hex(&PrivateKey::new([peer; 32]).public().0),
        "endpoint": format!("192.0.2.{peer}:51820"), "allowed_ips": ["0.0.0.0/0", "::/0"],
        "persistent_keepalive": 25,
    });
    json!({
        "app": "wireguard", "private_key": hex(&[own; 32]), "port": 51820,
        "address": format!("192.0.2.{own}"), "peers": [peer],
    })
}

/// `given` sends into the tunnel `u`, whose wire goes to `v` and is seen by `outside`, which sends to `v` as
/// well; what comes out of `v` is `taken`.
fn engine(apps: &mut Apps) -> Engine {
    let mut steps = vec![
        json!({"do": "start", "name": "u", "app": tunnel(8, 16)}),
        json!({"do": "start", "name": "v", "app": tunnel(16, 8)}),
        json!({"do": "start", "name": "tee", "app": {"app": "tee"}}),
        json!({"do": "start", "name": "join", "app": {"app": "join"}}),
    ];
    for end in ["given", "outside", "taken"] {
        steps.push(json!({"do": "start", "name": end, "app": {"app": "end"}}));
    }
    for link in [
        "given.tx -> u.inside",
        "u.outside -> tee.rx",
        "tee.one -> join.one",
        "tee.other -> outside.rx",
        "outside.tx -> join.other",
        "join.tx -> v.outside",
        "v.inside -> taken.rx",
        "v.outside -> u.outside",
    ] {
        steps.push(json!({"do": "link", "link": link}));
    }
    let mut engine = Engine::new();
    let steps = parse(&Value::from(steps).to_string()).unwrap();
    engine.apply(&steps, apps).unwrap();
    engine
}

fn offload(told: Option<(bool, u8, u16, u16, u16)>) -> Offload {
    let Some((partial_checksum, kind, segment_size, checksum_start, checksum_offset)) = told else {
        return Offload::default();
    };
    Offload {
        partial_checksum,
        segmentation: match kind % 5 {
            0 => Segmentation::None,
            1 => Segmentation::Tcp4,
            2 => Segmentation::Tcp6,
            3 => Segmentation::Udp,
            _ => Segmentation::Other(kind),
        },
        segment_size,
        checksum_start,
        checksum_offset,
        ..Offload::default()
    }
}

/// A packet of IPv4 and UDP around these bytes.
fn datagram(bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[..bytes.len().min(60_000)];
    let mut packet = vec![
        0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 8, 192, 0, 2, 16,
    ];
    packet[2..4].copy_from_slice(&(bytes.len() as u16 + 28).to_be_bytes());
    packet.extend([0xca, 0x6c, 0xca, 0x6c]);
    packet.extend((bytes.len() as u16 + 8).to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(bytes);
    packet
}

fuzz_target!(|steps: Vec<Step>| {
    let mut apps = Apps(std::array::from_fn(|_| Shared::default()));
    let [given, outside, taken] = apps.0.each_ref().map(Arc::clone);
    let mut engine = engine(&mut apps);
    // Names in order: given, join, outside, taken, tee, u, v.
    let (first, second) = (0, 2);
    let mut sent: Vec<Vec<u8>> = Vec::new();
    for step in steps.into_iter().take(40) {
        match step {
            Step::Packet {
                outside: true,
                offload: told,
                bytes,
            } => {
                outside.lock().unwrap().0.push_back((bytes, offload(told)));
            }
            Step::Packet {
                outside: false,
                offload: told,
                bytes,
            } => {
                sent.push(bytes.clone());
                given.lock().unwrap().0.push_back((bytes, offload(told)));
            }
            Step::Datagrams { each, bytes } => {
                let offload = Offload {
                    segmentation: Segmentation::Udp,
                    segment_size: each,
                    ..Offload::default()
                };
                outside
                    .lock()
                    .unwrap()
                    .0
                    .push_back((datagram(&bytes), offload));
            }
            Step::Again { which, change } => {
                let mut outside = outside.lock().unwrap();
                let len = outside.1.len().max(1);
                if let Some(mut bytes) = outside.1.get(usize::from(which) % len).cloned() {
                    let place =
                        change.map_or(0, |(place, _)| usize::from(place) % bytes.len().max(1));
                    if let (Some(byte), Some((_, bits))) = (bytes.get_mut(place), change) {
                        *byte ^= bits;
                    }
                    outside.0.push_back((bytes, Offload::default()));
                }
            }
            Step::Pass(span) => {
                let until = engine.now() + u64::from(span) * 100;
                engine.advance(until, &mut apps);
            }
        }
        engine.wake(first);
        engine.wake(second);
        let until = engine.now() + 1;
        engine.advance(until, &mut apps);
    }
    assert!(taken.lock().unwrap().1.is_empty() || !sent.is_empty());
    assert!(engine.failure().is_none());
    engine.stop();
    assert_eq!(engine.pool().lent(), 0);
});
