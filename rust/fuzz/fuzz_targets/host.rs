//! Invariant: whatever comes in by an IP or an Ethernet link, and whatever sockets are asked meanwhile,
//! a host does not panic, buffers no more than it may, and gives every packet back.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use usernet_core::action::parse;
use usernet_core::app::{App, AppError, Context, Direction};
use usernet_core::engine::{Engine, HostKey};
use usernet_core::packet::{Offload, Segmentation};
use usernet_core::stack::{Host, SocketId};
use usernet_core::wire::checksum::checksum;
use usernet_core::{Registry, apps};

const MEMORY: u64 = 1 << 20;
/// The hard limit is twice that, and what one packet brings.
const SLACK: u64 = MEMORY + (1 << 18);

#[derive(Arbitrary, Debug)]
enum Step {
    /// A packet comes in, by the Ethernet link or by the bare one; its IP header is made right as far
    /// as that is wanted.
    Packet {
        ethernet: bool,
        repair: Option<Repair>,
        offload: Option<(bool, u8, u16, u16, u16)>,
        bytes: Vec<u8>,
    },
    Pass(u32),
    Send(u8, u16, u8),
    Receive(u8, u16),
    Accept,
    /// Somebody is let in who calls another host.
    Admit,
    Shutdown(u8),
    Close(u8),
    Connect(bool, u16),
}

#[derive(Arbitrary, Debug)]
struct Repair {
    v6: bool,
    protocol: u8,
    port: u8,
    group: bool,
}

type Shared = Arc<Mutex<VecDeque<(Vec<u8>, Offload)>>>;

/// Sends what it is given, and lets go of what comes.
struct End(Shared);

impl App for End {
    fn kind(&self) -> &'static str {
        "end"
    }

    fn has_port(&self, _direction: Direction, _port: &str) -> bool {
        true
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        let mut packets = self.0.lock().expect("one thread");
        for (bytes, offload) in packets.drain(..) {
            if let Some(mut packet) = context.pool.packet_from(&bytes) {
                packet.set_offload(offload);
                context.transmit(0, packet);
            }
        }
        false
    }

    fn push(&mut self, context: &mut Context<'_>) {
        while let Some(packet) = context.receive(0) {
            context.pool.free(packet);
        }
    }
}

struct Apps([Shared; 2]);

impl Registry for Apps {
    fn create(&mut self, name: &str, config: &Value, now: u64) -> Result<Box<dyn App>, AppError> {
        match name {
            "bare" => Ok(Box::new(End(Arc::clone(&self.0[0])))),
            "ether" => Ok(Box::new(End(Arc::clone(&self.0[1])))),
            _ => apps::create(name, 7, config, now)
                .unwrap_or_else(|| Err(AppError::config("unknown"))),
        }
    }
}

struct Rig {
    engine: Engine,
    apps: Apps,
    host: HostKey,
    sockets: Vec<SocketId>,
    listener: SocketId,
}

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn open(host: &mut Host, now: u64) -> (Vec<SocketId>, SocketId) {
    let options = host.options();
    let mut udp = |local, remote: Option<&str>| {
        host.bind(at(local), remote.map(at), options.clone(), now)
            .expect("a socket")
    };
    let mut sockets = vec![
        udp("0.0.0.0:53", None),
        udp("[::]:53", None),
        udp("10.0.0.1:54", Some("10.0.0.2:9")),
    ];
    let listener = host
        .listen(at("0.0.0.0:80"), 4, options.clone(), now)
        .expect("a listener");
    sockets.push(host.echo(options.clone(), now).expect("a socket"));
    sockets.push(
        host.connect(at("10.1.0.2:80"), Some(at("10.1.0.1:99")), options, now)
            .expect("a socket"),
    );
    (sockets, listener)
}

impl Rig {
    fn new(everybody: bool) -> Self {
        let mut apps = Apps(Default::default());
        let mut engine = Engine::new();
        let host = json!({
            "app": "host", "forward": true, "everybody": everybody, "memory": MEMORY, "sockets": 64,
            "interfaces": {
                "bare": {"addresses": ["10.0.0.1/24", "fd00::1/64"]},
                "ether": {"addresses": ["10.1.0.1/24", "fd01::1/64"], "medium": "ethernet"},
            },
            "routes": [{"to": "0.0.0.0/0", "via": "10.1.0.254"}, {"to": "::/0", "via": "fd01::fe"}],
        });
        let steps = json!([
            {"do": "start", "name": "host", "app": host},
            {"do": "start", "name": "bare", "app": {}},
            {"do": "start", "name": "ether", "app": {}},
            {"do": "link", "link": "bare.tx -> host.bare"},
            {"do": "link", "link": "host.bare -> bare.rx"},
            {"do": "link", "link": "ether.tx -> host.ether"},
            {"do": "link", "link": "host.ether -> ether.rx"},
        ]);
        engine
            .apply(&parse(&steps.to_string()).expect("actions"), &mut apps)
            .expect("a graph");
        let host = engine.host_key("host").expect("a host");
        let (sockets, listener) = engine.with_host(host, open).expect("a host");
        Self {
            engine,
            apps,
            host,
            sockets,
            listener,
        }
    }

    fn socket(&self, number: u8) -> SocketId {
        self.sockets[usize::from(number) % self.sockets.len()]
    }

    fn with(&mut self, work: impl FnOnce(&mut Host, u64)) {
        self.engine.with_host(self.host, work);
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Packet {
                ethernet,
                repair,
                offload,
                mut bytes,
            } => {
                bytes.truncate(60_000);
                if let Some(repair) = repair {
                    mend(&mut bytes, ethernet, &repair);
                }
                let offload = offload.map(read_offload).unwrap_or_default();
                self.apps.0[usize::from(ethernet)]
                    .lock()
                    .expect("one thread")
                    .push_back((bytes, offload));
                // The apps' places are in the order of their names: bare, ether, host.
                self.engine.wake(usize::from(ethernet));
            }
            Step::Pass(span) => {
                let until = self.engine.now() + u64::from(span) * 64;
                self.engine.advance(until, &mut self.apps);
            }
            Step::Send(number, len, to) => {
                let id = self.socket(number);
                let bytes = vec![to; len.into()];
                let remote = [
                    at("10.0.0.2:9"),
                    at("[fd00::2]:9"),
                    at("10.1.0.9:7"),
                    at("127.0.0.1:53"),
                ];
                let remote = remote[usize::from(to) % remote.len()];
                self.with(|host, now| {
                    let _ = host
                        .send(id, &bytes, now)
                        .or_else(|_| host.send_to(id, &bytes, remote, now).map(|()| 0));
                });
            }
            Step::Receive(number, len) => {
                let id = self.socket(number);
                let mut buffer = vec![0; len.into()];
                self.with(|host, now| {
                    let _ = host.receive(id, &mut buffer, now);
                    let _ = (
                        host.readable(id),
                        host.unacknowledged(id),
                        host.info(id, now),
                        host.take_error(id),
                    );
                });
            }
            Step::Accept => {
                let listener = self.listener;
                let accepted = self
                    .engine
                    .with_host(self.host, |host, now| host.accept(listener, now));
                self.sockets.extend(accepted.and_then(Result::ok));
            }
            Step::Admit => {
                let admitted = self.engine.with_host(self.host, |host, now| {
                    let offer = host.take_offer()?;
                    host.admit(offer.id, host.options(), now).ok()
                });
                self.sockets.extend(admitted.flatten());
            }
            Step::Shutdown(number) => {
                let id = self.socket(number);
                self.with(|host, now| {
                    let _ = host.shutdown(id, now);
                });
            }
            Step::Close(number) => {
                let id = self.socket(number);
                self.with(|host, now| host.close(id, now));
            }
            Step::Connect(own, port) => {
                let remote =
                    SocketAddr::from((if own { [10, 0, 0, 1] } else { [10, 0, 0, 2] }, port));
                let begun = self.engine.with_host(self.host, |host, now| {
                    host.connect(remote, None, host.options(), now)
                });
                self.sockets.extend(begun.and_then(Result::ok));
            }
        }
    }
}

/// Makes the IP header of a packet one that is for the host.
fn mend(bytes: &mut Vec<u8>, ethernet: bool, repair: &Repair) {
    let (link, header) = (
        if ethernet { 14 } else { 0 },
        if repair.v6 { 40 } else { 20 },
    );
    bytes.resize(bytes.len().max(link + header + 8), 0);
    if ethernet {
        bytes[..6].fill(0xff);
        bytes[6] &= 0xfe;
        bytes[12..14].copy_from_slice(if repair.v6 { &[0x86, 0xdd] } else { &[8, 0] });
    }
    let ip = &mut bytes[link..];
    let len = ip.len() as u16;
    if repair.v6 {
        ip[0] = 0x60;
        ip[4..6].copy_from_slice(&(len - 40).to_be_bytes());
        ip[6] = [0, 6, 17, 44, 58, 60][usize::from(repair.protocol) % 6];
        ip[8..40].fill(0);
        let net = u8::from(ethernet);
        (ip[8], ip[9], ip[23]) = (0xfd, net, 2);
        (ip[24], ip[25], ip[39]) = (0xfd, net, 1);
        if repair.group {
            (ip[24], ip[25]) = (0xff, 2);
        }
    } else {
        ip[0] = 0x45;
        ip[2..4].copy_from_slice(&len.to_be_bytes());
        ip[9] = [1, 6, 17, 99][usize::from(repair.protocol) % 4];
        let net = u8::from(ethernet);
        ip[12..20].copy_from_slice(&[
            10,
            net,
            0,
            2,
            10,
            net,
            0,
            if repair.group { 255 } else { 1 },
        ]);
        ip[10..12].fill(0);
        let sum = checksum(&ip[..20]);
        ip[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    ip[header + 2..header + 4]
        .copy_from_slice(&[0, [53, 54, 80, 99][usize::from(repair.port) % 4]]);
}

fn read_offload((partial, kind, size, start, offset): (bool, u8, u16, u16, u16)) -> Offload {
    let segmentation = match kind % 5 {
        0 => Segmentation::None,
        1 => Segmentation::Tcp4,
        2 => Segmentation::Tcp6,
        3 => Segmentation::Udp,
        _ => Segmentation::Other(kind),
    };
    Offload {
        partial_checksum: partial,
        segmentation,
        segment_size: size,
        checksum_start: start,
        checksum_offset: offset,
        ..Offload::default()
    }
}

fuzz_target!(|input: (bool, Vec<Step>)| {
    let (everybody, steps) = input;
    let mut rig = Rig::new(everybody);
    for step in steps.into_iter().take(200) {
        rig.step(step);
        let used = &rig.engine.statistics()["apps"]["host"]["memory_used"];
        assert!(
            used.as_u64().is_some_and(|used| used <= MEMORY + SLACK),
            "{used}"
        );
    }
    rig.engine.stop();
    assert_eq!(rig.engine.pool().lent(), 0);
});
