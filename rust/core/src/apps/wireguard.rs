//! WireGuard: a tunnel. Ports, each an input and an output: `inside`, the packets of the private network, and
//! `outside`, the packets of IP and UDP that carry them.
//!
//! A super-packet from inside is cut, and each segment sealed, into one super-packet of UDP. What comes as
//! one from outside is opened message by message, and what of it follows each other is one packet again.
mod changes;
mod outer;
mod pieces;
mod spec;
mod status;

use crate::app::{App, AppError, Context, Direction, Ports};
use crate::packet::{Offload, Packet, Pool};
use crate::rng::Stream;
use crate::stack::compose::{self, IcmpError};
use crate::time::{Nanos, SECOND};
use crate::wire::headers::{TCP, UDP, layers};
use crate::wire::merge;
use crate::wireguard::{Ahead, Crew, Device, Entropy, Outgoing, PublicKey};
use changes::Changes;
use outer::{Datagrams, Outer};
pub(crate) use pieces::pieces;
use serde_json::{Map, Value};
use spec::{Peers, Spec};
use std::ops::Range;

const INSIDE: &str = "inside";
const OUTSIDE: &str = "outside";

/// The time of day as virtual time begins: 14 November 2023, 22:13:20 UTC.
const EPOCH: Nanos = 1_700_000_000 * SECOND;

/// A tunnel in virtual time, whose chance follows from the seed.
pub(super) fn simulated(name: &str, seed: u64, config: &Value) -> Result<WireGuard, AppError> {
    let chance = Stream::new(seed, &format!("{name}/wireguard"));
    WireGuard::new(config, EPOCH, Box::new(chance))
}

/// Where the links of each port stand, if it has one.
#[derive(Clone, Copy, Debug, Default)]
struct Places {
    from_inside: Option<usize>,
    to_inside: Option<usize>,
    from_outside: Option<usize>,
    to_outside: Option<usize>,
}

/// A tunnel.
pub struct WireGuard {
    device: Device,
    outer: Outer,
    /// What the config says of peers.
    peers: Peers,
    /// What of that is to come.
    changes: Changes,
    /// Whether somebody looks up who strangers are.
    lookup: bool,
    /// How many threads are to seal and open beside the engine's.
    workers: u8,
    /// Configs that are to hold from the next breath on, one after the other.
    pending: Vec<Spec>,
    due: Option<Nanos>,
    places: Places,
    out: Vec<Outgoing>,
    opened: Vec<Range<usize>>,
    /// What became of the messages that were opened before their turn, the next one last.
    ahead: Vec<Ahead>,
    /// Packets from outside that are no datagrams.
    no_datagram: u64,
}

impl WireGuard {
    /// A tunnel with this config. The time of day is that of time zero of the engine, in nanoseconds since
    /// 1970.
    ///
    /// # Errors
    /// The config is impossible. No error says a secret.
    pub fn new(config: &Value, epoch: Nanos, entropy: Box<dyn Entropy>) -> Result<Self, AppError> {
        let spec = Spec::read(config)?;
        let device = Device::new(spec.identity(), spec.mtu.into(), epoch, entropy);
        spec.peers(&device.public())?;
        Ok(Self {
            device,
            outer: Outer::default(),
            peers: Peers::new(),
            changes: Changes::default(),
            lookup: false,
            workers: spec.workers,
            pending: vec![spec],
            due: None,
            places: Places::default(),
            out: Vec::new(),
            opened: Vec::new(),
            ahead: Vec::new(),
            no_datagram: 0,
        })
    }

    /// How many threads its config wants beside the engine's for what it seals and opens.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers.into()
    }

    /// Gives it somebody who seals and opens side by side.
    pub fn set_crew(&mut self, crew: Box<dyn Crew>) {
        self.device.set_crew(crew);
    }

    /// Adds a peer, or says something else of one, whatever the config says.
    ///
    /// # Errors
    /// It is no peer.
    pub fn set_peer(&mut self, peer: &Value, pool: &mut Pool, now: Nanos) -> Result<(), AppError> {
        let (public, spec) = spec::read_peer(peer, &self.device.public())?;
        self.changes.forget(&public);
        let set = self.device.set_peer(public, &spec, pool, now);
        self.due = Some(now);
        if set {
            Ok(())
        } else {
            Err(spec::wrong(&public, "has no key that anybody can have"))
        }
    }

    /// Forgets a peer; whether there was one.
    pub fn remove_peer(&mut self, public: &PublicKey, pool: &mut Pool, now: Nanos) -> bool {
        let there = self.device.has_peer(public);
        self.changes.forget(public);
        self.device.remove_peer(public, pool, now);
        self.peers.remove(public);
        self.due = Some(now);
        there
    }

    /// Whether strangers have called of whom nobody has been told.
    #[must_use]
    pub fn has_strangers(&self) -> bool {
        self.lookup && self.device.has_strangers()
    }

    /// The keys of strangers who have called, each once: their calls wait for [`Self::set_peer`].
    pub fn take_strangers(&mut self) -> Vec<PublicKey> {
        std::iter::from_fn(|| self.device.take_stranger()).collect()
    }

    /// Nobody knows whoever has this key.
    pub fn refuse_stranger(&mut self, public: &PublicKey) {
        self.device.refuse_stranger(public);
    }

    /// Takes a config: peers that stay keep their sessions, and are where they are unless the config says
    /// something else of that than it did.
    fn apply(&mut self, spec: &Spec) {
        self.device.set_mtu(spec.mtu.into());
        (self.outer.port, self.outer.address) = (spec.port, spec.address);
        self.lookup = spec.lookup;
        let peers = spec.peers(&self.device.public()).unwrap_or_default();
        let all = || peers.keys().copied().collect();
        let only = spec.only().or_else(|| (!spec.beside).then(all));
        self.changes.say(&mut self.peers, peers);
        if let Some(only) = only {
            self.changes.keep(&mut self.peers, &only);
        }
    }

    /// Does some of what is to become of peers.
    fn change(&mut self, pool: &mut Pool, now: Nanos) {
        let device = &mut self.device;
        for (public, spec) in self.changes.take(|key| device.has_peer(key)) {
            match spec {
                Some(spec) => {
                    device.set_peer(public, &spec, pool, now);
                }
                None => device.remove_peer(&public, pool, now),
            }
        }
    }

    fn hear_all(&mut self, input: usize, context: &mut Context<'_>) {
        let mut packets = context.take(input);
        self.open_ahead(&mut packets, context.now);
        for packet in packets.drain(..) {
            self.hear(packet, context);
        }
        context.restore(input, packets);
    }

    /// Has opened what has come, where there is a crew; what became of that is told when each has its turn.
    fn open_ahead(&mut self, packets: &mut [Packet], now: Nanos) {
        if self.device.has_crew() {
            let messages = packets.iter_mut().filter_map(|packet| {
                let Datagrams { payload, each, .. } = outer::read(packet)?;
                Some(packet.bytes_mut()[payload].chunks_mut(each))
            });
            let (device, ahead) = (&mut self.device, &mut self.ahead);
            device.open_ahead(messages.flatten(), ahead, now);
            ahead.reverse();
        }
    }

    #[inline]
    fn hear(&mut self, packet: Packet, context: &mut Context<'_>) {
        match outer::read(&packet) {
            Some(datagrams) if datagrams.payload.len() <= datagrams.each => {
                self.hear_one(packet, datagrams, context);
            }
            Some(datagrams) => self.hear_several(packet, &datagrams, context),
            None => {
                self.no_datagram += 1;
                context.pool.free(packet);
            }
        }
    }

    #[inline]
    fn hear_one(&mut self, mut packet: Packet, datagram: Datagrams, context: &mut Context<'_>) {
        let Datagrams {
            arrival, payload, ..
        } = datagram;
        let start = payload.start;
        let message = &mut packet.bytes_mut()[payload];
        // Of none there is nothing to be opened.
        let ahead = (!message.is_empty()).then(|| self.ahead.pop()).flatten();
        let (ahead, pool) = (ahead.unwrap_or_default(), &mut *context.pool);
        let found = self.device.hear(message, arrival, ahead, pool, context.now);
        let (Some((inner, _)), Some(output)) = (found, self.places.to_inside) else {
            return context.pool.free(packet);
        };
        packet.trim_front(start + inner.start);
        packet.resize(inner.len());
        packet.set_network_offset(0);
        packet.set_offload(Offload::default());
        context.transmit(output, packet);
    }

    fn hear_several(
        &mut self,
        mut packet: Packet,
        datagrams: &Datagrams,
        context: &mut Context<'_>,
    ) {
        let (arrival, each) = (datagrams.arrival, datagrams.each);
        let mut start = datagrams.payload.start;
        self.opened.clear();
        for message in packet.bytes_mut()[datagrams.payload.clone()].chunks_mut(each) {
            let ahead = self.ahead.pop().unwrap_or_default();
            let (pool, now) = (&mut *context.pool, context.now);
            let found = self.device.hear(message, arrival, ahead, pool, now);
            let inner = found.map(|(inner, _)| start + inner.start..start + inner.end);
            self.opened.extend(inner);
            start += each;
        }
        let Some(output) = self.places.to_inside.filter(|_| !self.opened.is_empty()) else {
            return context.pool.free(packet);
        };
        let (link, pool) = context.output(output);
        merge::merged(packet, &self.opened, pool, &mut |packet, pool| {
            link.transmit(packet, pool);
        });
    }

    fn send_all(&mut self, input: usize, context: &mut Context<'_>) {
        let mut packets = context.take(input);
        for packet in packets.drain(..) {
            let (pool, now) = (&mut *context.pool, context.now);
            let sent = self.device.send_with_others(packet, pool, now);
            if let Err(packet) = sent {
                self.refuse(&packet, context);
                context.pool.free(packet);
            }
        }
        context.restore(input, packets);
    }

    /// Tells who sent a packet to nobody's address that there is nobody, as Linux does.
    #[cold]
    fn refuse(&self, packet: &Packet, context: &mut Context<'_>) {
        let Some(output) = self.places.to_inside else {
            return;
        };
        if let Some(error) = unreachable(packet, context.pool) {
            context.transmit(output, error);
        }
    }

    /// Lets leave what the device has to send.
    fn launch(&mut self, context: &mut Context<'_>) {
        self.device.take_outgoing(&mut self.out);
        for outgoing in self.out.drain(..) {
            match (self.outer.wrap(outgoing), self.places.to_outside) {
                (Ok(mut packet), Some(output)) => {
                    if packet.arrived() == 0 {
                        packet.set_arrived(context.now);
                    }
                    context.transmit(output, packet);
                }
                (Ok(packet) | Err(packet), _) => context.pool.free(packet),
            }
        }
    }
}

/// The ICMP error that a host gets who sends to nobody: host unreachable (RFC 792), no route (RFC 4443).
fn unreachable(packet: &Packet, pool: &mut Pool) -> Option<Packet> {
    let layers = layers(packet).filter(|layers| layers.fragment.is_none())?;
    let (source, destination) = outer::addresses(layers.addresses(packet.bytes()))?;
    if !matches!(layers.l4_protocol, TCP | UDP) || destination.is_multicast() {
        return None;
    }
    let (kind, code) = if source.is_ipv4() { (3, 1) } else { (1, 0) };
    let error = IcmpError {
        kind,
        code,
        word: 0,
    };
    compose::error(pool, (destination, source), error, packet.bytes())
}

impl App for WireGuard {
    fn kind(&self) -> &'static str {
        "wireguard"
    }

    fn has_port(&self, _direction: Direction, port: &str) -> bool {
        matches!(port, INSIDE | OUTSIDE)
    }

    fn linked(&mut self, ports: &Ports) {
        self.places = Places {
            from_inside: ports.input(INSIDE),
            to_inside: ports.output(INSIDE),
            from_outside: ports.input(OUTSIDE),
            to_outside: ports.output(OUTSIDE),
        };
    }

    fn push(&mut self, context: &mut Context<'_>) {
        for spec in std::mem::take(&mut self.pending) {
            self.apply(&spec);
        }
        if !self.changes.is_empty() {
            self.change(context.pool, context.now);
        }
        self.device.fire(context.pool, context.now);
        if let Some(input) = self.places.from_outside {
            self.hear_all(input, context);
        }
        if let Some(input) = self.places.from_inside {
            self.send_all(input, context);
        }
        self.launch(context);
        self.due = self.device.deadline();
    }

    fn deadline(&self) -> Option<Nanos> {
        if !self.pending.is_empty() || !self.changes.is_empty() {
            return Some(0);
        }
        self.due
    }

    fn check(&self, config: &Value) -> Result<(), AppError> {
        let spec = Spec::read(config)?;
        let own = self.device.public();
        spec.peers(&own)?;
        let other = if spec.identity().public() != own {
            "private key"
        } else if spec.workers != self.workers {
            "number of workers"
        } else {
            return Ok(());
        };
        Err(AppError::config(format!(
            "a tunnel with another {other} is another tunnel: stop it, and start that"
        )))
    }

    fn reconfigure(&mut self, config: &Value, _now: Nanos) {
        self.pending.extend(Spec::read(config));
    }

    fn count(&self, now: Nanos, into: &mut Map<String, Value>) {
        status::count(self, now, into);
    }

    fn tunnel(&mut self) -> Option<&mut WireGuard> {
        Some(self)
    }

    fn stop(&mut self, pool: &mut Pool) {
        self.device.stop(pool);
    }
}
