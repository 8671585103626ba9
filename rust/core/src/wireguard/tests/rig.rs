//! Two devices, and the line between them.
use super::super::message::Message;
use super::super::{Device, Identity, Outgoing, PeerSpec, PresharedKey, PrivateKey, PublicKey};
use crate::packet::{Packet, Pool};
use crate::rng::Stream;
use crate::time::{MILLISECOND, Nanos, SECOND};
use std::net::{IpAddr, SocketAddr};

/// How long a datagram takes.
pub(super) const DELAY: Nanos = 10 * MILLISECOND;
/// The time of day as time begins.
const EPOCH: Nanos = 1_700_000_000 * SECOND;

pub(super) fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(super) fn key(byte: u8) -> PrivateKey {
    PrivateKey::new([byte; 32])
}

/// A packet of IPv4 from one host to another, with so many bytes behind its header.
pub(super) fn bytes(from: [u8; 4], to: [u8; 4], payload: usize) -> Vec<u8> {
    let mut packet = vec![7; 20 + payload];
    packet[..20].fill(0);
    packet[0] = 0x45;
    packet[2..4].copy_from_slice(&((20 + payload) as u16).to_be_bytes());
    packet[12..16].copy_from_slice(&from);
    packet[16..20].copy_from_slice(&to);
    packet
}

/// A device with its address, and what came out of it.
pub(super) struct End {
    pub(super) device: Device,
    pub(super) address: SocketAddr,
    pub(super) inside: [u8; 4],
    pub(super) came: Vec<Vec<u8>>,
}

/// What a datagram on its way is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Initiation,
    Response,
    Cookie,
    Data,
    Keepalive,
}

/// One datagram that left.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) at: Nanos,
    pub(super) from: usize,
    pub(super) kind: Kind,
    pub(super) bytes: Vec<u8>,
    pub(super) class: u8,
}

struct Flying {
    arrives: Nanos,
    from: SocketAddr,
    to: SocketAddr,
    packet: Packet,
}

/// Two ends, all that was on the line, and which of it is to be lost.
pub(super) struct Rig {
    pub(super) now: Nanos,
    pub(super) pool: Pool,
    pub(super) ends: [End; 2],
    pub(super) seen: Vec<Seen>,
    pub(super) lose: fn(&Seen) -> bool,
    flying: Vec<Flying>,
}

fn end(byte: u8, place: usize) -> End {
    let own = Identity::new(key(byte));
    let entropy = Box::new(Stream::new(byte.into(), "wireguard"));
    End {
        device: Device::new(own, 1420, EPOCH, entropy),
        address: at(["192.0.2.1:51820", "192.0.2.2:51820"][place]),
        inside: [[10, 0, 0, 1], [10, 0, 0, 2]][place],
        came: Vec::new(),
    }
}

pub(super) fn public(byte: u8) -> PublicKey {
    key(byte).public()
}

impl Rig {
    /// The first knows where the second is, and not the other way round.
    pub(super) fn new() -> Self {
        let mut rig = Self::strangers();
        rig.introduce(0, PresharedKey::default(), None);
        rig.introduce(1, PresharedKey::default(), None);
        rig
    }

    /// Two that do not know each other.
    pub(super) fn strangers() -> Self {
        Self {
            now: 0,
            pool: Pool::default(),
            ends: [end(1, 0), end(2, 1)],
            seen: Vec::new(),
            lose: |_| false,
            flying: Vec::new(),
        }
    }

    /// Tells one of the other.
    pub(super) fn introduce(
        &mut self,
        one: usize,
        preshared: PresharedKey,
        keepalive: Option<Nanos>,
    ) {
        let other = 1 - one;
        let spec = PeerSpec {
            preshared,
            endpoint: (one == 0).then_some(self.ends[1].address),
            allowed: vec![(IpAddr::from(self.ends[other].inside), 32)],
            keepalive,
        };
        let key = public(other as u8 + 1);
        let device = &mut self.ends[one].device;
        assert!(device.set_peer(key, &spec, &mut self.pool, self.now));
        self.launch(one);
    }

    /// Sends so many bytes from one to the other.
    pub(super) fn send(&mut self, one: usize, payload: usize) {
        let packet = bytes(self.ends[one].inside, self.ends[1 - one].inside, payload);
        self.send_packet(one, &packet);
    }

    pub(super) fn send_packet(&mut self, one: usize, bytes: &[u8]) {
        let packet = self.pool.packet_from(bytes).unwrap();
        self.give(one, packet);
    }

    pub(super) fn give(&mut self, one: usize, packet: Packet) {
        let device = &mut self.ends[one].device;
        let sent = device.send(packet, &mut self.pool, self.now);
        if let Err(packet) = sent {
            self.pool.free(packet);
        }
        self.launch(one);
    }

    /// Puts on the line what a device has to send.
    pub(super) fn launch(&mut self, one: usize) {
        let mut out = Vec::new();
        self.ends[one].device.take_outgoing(&mut out);
        for outgoing in out {
            let each = outgoing.segment_size.map_or(usize::MAX, usize::from);
            for message in outgoing.packet.bytes().to_vec().chunks(each) {
                self.put_on_the_line(one, &outgoing, message);
            }
            self.pool.free(outgoing.packet);
        }
    }

    fn put_on_the_line(&mut self, one: usize, outgoing: &Outgoing, message: &[u8]) {
        let seen = Seen {
            at: self.now,
            from: one,
            kind: kind(message),
            bytes: message.to_vec(),
            class: outgoing.class,
        };
        if !(self.lose)(&seen) {
            self.flying.push(Flying {
                arrives: self.now + DELAY,
                from: self.ends[one].address,
                to: outgoing.to,
                packet: self.pool.packet_from(message).unwrap(),
            });
        }
        self.seen.push(seen);
    }

    /// Hands bytes to a device as if they had come from somewhere.
    pub(super) fn inject(&mut self, one: usize, bytes: &[u8], from: SocketAddr) {
        let packet = self.pool.packet_from(bytes).unwrap();
        self.hand(one, packet, from);
    }

    fn hand(&mut self, one: usize, packet: Packet, from: SocketAddr) {
        let end = &mut self.ends[one];
        let inner = end.device.receive(packet, from, &mut self.pool, self.now);
        if let Some((packet, _)) = inner {
            end.came.push(packet.bytes().to_vec());
            self.pool.free(packet);
        }
        self.launch(one);
    }

    /// Lets time pass.
    pub(super) fn run(&mut self, until: Nanos) {
        while let Some(next) = self.next().filter(|next| *next <= until) {
            self.now = next;
            self.arrive();
            for one in 0..2 {
                self.ends[one].device.fire(&mut self.pool, self.now);
                self.launch(one);
            }
        }
        self.now = until;
    }

    fn next(&mut self) -> Option<Nanos> {
        let flying = self.flying.iter().map(|one| one.arrives).min();
        let [a, b] = &mut self.ends;
        let all = [flying, a.device.deadline(), b.device.deadline()];
        all.into_iter().flatten().min()
    }

    fn arrive(&mut self) {
        let now = self.now;
        let (landing, flying) = std::mem::take(&mut self.flying)
            .into_iter()
            .partition(|one| one.arrives <= now);
        self.flying = flying;
        let landing: Vec<Flying> = landing;
        for Flying {
            from, to, packet, ..
        } in landing
        {
            match self.ends.iter().position(|end| end.address == to) {
                Some(one) => self.hand(one, packet, from),
                None => self.pool.free(packet),
            }
        }
    }

    /// When which end sent something of this kind.
    pub(super) fn times(&self, kind: Kind) -> Vec<(usize, Nanos)> {
        let of = self.seen.iter().filter(|seen| seen.kind == kind);
        of.map(|seen| (seen.from, seen.at)).collect()
    }

    pub(super) fn count(&self, kind: Kind) -> usize {
        self.times(kind).len()
    }
}

fn kind(bytes: &[u8]) -> Kind {
    match Message::read(bytes).unwrap() {
        Message::Initiation(_) => Kind::Initiation,
        Message::Response(_) => Kind::Response,
        Message::Cookie(_) => Kind::Cookie,
        Message::Transport { .. } if bytes.len() == 32 => Kind::Keepalive,
        Message::Transport { .. } => Kind::Data,
    }
}
