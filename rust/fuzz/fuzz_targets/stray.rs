//! Invariant: whatever comes to a host that hears for everybody, what it hands out as a datagram lies within
//! its packet; whoever answers it, refuses it, or hears an ICMP error about it does not panic, and every packet
//! goes back.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use usernet_core::Registry;
use usernet_core::action::parse;
use usernet_core::app::{App, AppError, Context, Direction, Ports};
use usernet_core::engine::Engine;
use usernet_core::packet::{Offload, Segmentation};
use usernet_core::stack::Host;
use usernet_core::stack::compose::{self, IcmpError, Marks};
use usernet_core::stack::host::{Complaint, Stray};
use usernet_core::wire::checksum::checksum;

/// A packet that comes: headers that make some sense, and any payload.
#[derive(Arbitrary, Debug)]
struct Came {
    v6: bool,
    udp: bool,
    /// Where in IPv4 it stands in its datagram, and whether it may be cut.
    pieces: u16,
    super_size: Option<u16>,
    partial: bool,
    /// The transport's header, and what follows.
    payload: Vec<u8>,
    /// As it is, without any header of ours.
    bare: bool,
}

type Shared = Arc<Mutex<VecDeque<Came>>>;

/// Sends what it is given, and lets go of what comes.
struct Program(Shared);

/// Answers and refuses in turns.
struct Gate {
    host: Host,
    turn: u8,
}

impl App for Program {
    fn kind(&self) -> &'static str {
        "program"
    }

    fn has_port(&self, _direction: Direction, _port: &str) -> bool {
        true
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        for came in self.0.lock().expect("one thread").drain(..) {
            let (bytes, offload) = packet(&came);
            if let Some(mut packet) = context.pool.packet_from(&bytes) {
                packet.set_offload(offload);
                context.transmit(0, packet);
            }
        }
        false
    }

    fn push(&mut self, context: &mut Context<'_>) {
        while let Some(packet) = context.receive(0) {
            assert!(packet.is_super() || packet.len() <= 1500);
            context.pool.free(packet);
        }
    }
}

fn packet(came: &Came) -> (Vec<u8>, Offload) {
    let payload = &came.payload[..came.payload.len().min(20_000)];
    let header = if came.v6 { 40 } else { 20 };
    let offload = Offload {
        partial_checksum: came.partial || came.super_size.is_some(),
        segmentation: came
            .super_size
            .map_or(Segmentation::None, |_| Segmentation::Udp),
        header_len: header as u16 + 8,
        segment_size: came.super_size.unwrap_or(0),
        checksum_start: header as u16,
        checksum_offset: if came.udp { 6 } else { 2 },
        ..Offload::default()
    };
    if came.bare {
        return (payload.to_vec(), offload);
    }
    let mut bytes = vec![0; header];
    let len = header + payload.len();
    if came.v6 {
        bytes[0] = 0x60;
        bytes[4..6].copy_from_slice(&(payload.len() as u16).to_be_bytes());
        (bytes[6], bytes[7]) = (if came.udp { 17 } else { 58 }, came.pieces as u8);
        (bytes[8], bytes[23], bytes[24], bytes[39]) = (0xfd, 2, 0x20, 9);
    } else {
        bytes[0] = 0x45;
        bytes[2..4].copy_from_slice(&(len as u16).to_be_bytes());
        bytes[6..8].copy_from_slice(&came.pieces.to_be_bytes());
        (bytes[8], bytes[9]) = (came.pieces as u8, if came.udp { 17 } else { 1 });
        bytes[12..20].copy_from_slice(&[192, 0, 0, 2, 203, 0, 113, 9]);
        let sum = checksum(&bytes);
        bytes[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    bytes.extend(payload);
    (bytes, offload)
}

impl Gate {
    fn take(&mut self, stray: Stray, context: &mut Context<'_>) {
        let bytes = stray.packet.bytes();
        let payload = bytes.get(stray.payload.clone()).expect("within the packet");
        assert!(stray.payload.start >= 28 && stray.segment_size != Some(0));
        assert!([17, 1, 58].contains(&stray.protocol));
        assert_eq!(stray.source.is_ipv4(), stray.destination.is_ipv4());
        let (from, to) = (stray.destination, stray.source);
        let marks = Marks {
            hop_limit: stray.hop_limit,
            traffic_class: 0xff,
            id: (!stray.whole).then_some(0),
        };
        self.turn = (self.turn + 1) % 4;
        let answer = match self.turn {
            0 => {
                self.host
                    .complain(bytes, Complaint::TooBig(1280), None, context);
                None
            }
            1 => {
                let fill = |room: &mut [u8]| room.copy_from_slice(payload);
                let size = stray.segment_size.filter(|&size| size <= 1400);
                compose::datagram(context.pool, (from, to), marks, (payload.len(), size), fill)
            }
            2 => compose::echo(context.pool, (from.ip(), to.ip()), marks, true, payload),
            _ => {
                let (kind, code, word) = (3, 4, 1400);
                let error = IcmpError { kind, code, word };
                compose::error(context.pool, (from.ip(), to.ip()), error, bytes)
            }
        };
        if let Some(answer) = answer {
            self.host.send_packet(answer, context);
        }
        context.pool.free(stray.packet);
    }
}

impl App for Gate {
    fn kind(&self) -> &'static str {
        "gate"
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        self.host.has_port(direction, port)
    }

    fn linked(&mut self, ports: &Ports) {
        self.host.linked(ports);
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        self.host.fire(context);
        self.host.finish(context);
        false
    }

    fn push(&mut self, context: &mut Context<'_>) {
        self.host.receive_all(context);
        while let Some(stray) = self.host.take_stray() {
            self.take(stray, context);
        }
        self.host.finish(context);
    }

    fn deadline(&self) -> Option<u64> {
        self.host.deadline()
    }

    fn stop(&mut self, pool: &mut usernet_core::packet::Pool) {
        self.host.stop(pool);
    }
}

struct Apps(Shared);

impl Registry for Apps {
    fn create(&mut self, name: &str, config: &Value, now: u64) -> Result<Box<dyn App>, AppError> {
        if name == "program" {
            return Ok(Box::new(Program(Arc::clone(&self.0))));
        }
        let host = Host::new(name, 7, config, now)?;
        Ok(Box::new(Gate { host, turn: 0 }))
    }
}

fn engine(apps: &mut Apps) -> Engine {
    let mut engine = Engine::new();
    let gate = json!({
        "everybody": true,
        "interfaces": {"in": {"addresses": ["192.0.0.1/29", "fd00::1/64"]}},
        "routes": [{"to": "0.0.0.0/0", "interface": "in"}, {"to": "::/0", "interface": "in"}],
    });
    let steps = json!([
        {"do": "start", "name": "gate", "app": gate},
        {"do": "start", "name": "program", "app": {}},
        {"do": "link", "link": "program.tx -> gate.in"},
        {"do": "link", "link": "gate.in -> program.rx"},
    ]);
    let steps = parse(&steps.to_string()).expect("actions");
    engine.apply(&steps, apps).expect("a graph");
    engine
}

fuzz_target!(|packets: Vec<Came>| {
    let shared = Shared::default();
    let mut apps = Apps(Arc::clone(&shared));
    let mut engine = engine(&mut apps);
    for came in packets.into_iter().take(50) {
        shared.lock().expect("one thread").push_back(came);
        // The apps' places are in the order of their names: gate, program.
        engine.wake(1);
        let until = engine.now() + 1_000_000;
        engine.advance(until, &mut apps);
    }
    engine.stop();
    assert_eq!(engine.pool().lent(), 0);
});
