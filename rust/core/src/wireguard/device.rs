//! A device: peers, whose packets are whose, and what to do with what comes (WireGuard paper §2, §5).
//!
//! It knows no socket: datagrams come with where they are from, and leave with where they go to. The
//! addresses inside say which peer a packet goes to, and a peer is believed no other addresses than these
//! (cryptokey routing).
use super::cookie::Porter;
use super::inner::Inner;
use super::keys::{PresharedKey, PublicKey};
use super::limiter::Limiter;
use super::load::Load;
use super::message::{COOKIE, INITIATION, Message, RESPONSE, number};
use super::noise::{self, Identity};
use super::peer::{Peer, Traffic};
use super::surroundings::{Entropy, Indices, Outgoing, Surroundings, random};
use crate::packet::{Packet, Pool};
use crate::stack::hash::Key;
use crate::stack::ip::address::Prefix;
use crate::stack::ip::prefixes::Prefixes;
use crate::stack::timer::Wheel;
use crate::time::Nanos;
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use zeroize::Zeroizing;

/// How many initiations of strangers wait for somebody to say who they are.
const MOST_STRANGERS: usize = 64;

/// What is said of a peer.
#[derive(Clone, Debug, Default)]
pub struct PeerSpec {
    /// A key that is shared beside the own ones; zeros where there is none.
    pub preshared: PresharedKey,
    /// Where it is; not known before it has called, where absent.
    pub endpoint: Option<SocketAddr>,
    /// The networks behind it: an address, and the length of its prefix.
    pub allowed: Vec<(IpAddr, u8)>,
    /// Say something each so often, so that whatever is between keeps the way open.
    pub keepalive: Option<Nanos>,
}

/// Why something was dropped.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Drops {
    /// No message of WireGuard.
    pub malformed: u64,
    /// A message that is not for this device, or whose sender does not know its key.
    pub not_ours: u64,
    /// A handshake with too many others beside it: answered with a cookie, or not at all.
    pub overload: u64,
    /// A handshake that failed: a wrong key, an old message, a stranger.
    pub handshake: u64,
    /// A packet that is of no session, came before, or is forged.
    pub session: u64,
    /// A packet from an address that is not its peer's.
    pub source: u64,
    /// A packet to an address that is no peer's.
    pub no_peer: u64,
}

/// An initiation whose sender nobody knows yet.
struct Stranger {
    public: PublicKey,
    message: [u8; INITIATION],
    source: SocketAddr,
}

/// A WireGuard device.
pub struct Device {
    own: Identity,
    porter: Porter,
    limiter: Limiter,
    load: Load,
    indices: Indices,
    entropy: Box<dyn Entropy>,
    peers: Vec<Option<Box<Peer>>>,
    by_key: BTreeMap<PublicKey, u32>,
    allowed: Prefixes<u32>,
    timers: Wheel,
    due: Vec<u32>,
    strangers: VecDeque<Stranger>,
    /// The largest packet inside, in bytes.
    mtu: usize,
    /// The time of day as the engine's time began.
    epoch: Nanos,
    out: Vec<Outgoing>,
    drops: Drops,
}

impl Device {
    /// A device without peers: who it is, the largest packet inside in bytes, and the time of day (in
    /// nanoseconds since 1970) at time zero of the engine.
    #[must_use]
    pub fn new(own: Identity, mtu: usize, epoch: Nanos, mut entropy: Box<dyn Entropy>) -> Self {
        let key = [0; 2].map(|_: u64| u64::from_le_bytes(random(entropy.as_mut())));
        Self {
            porter: Porter::new(&own.public()),
            own,
            limiter: Limiter::default(),
            load: Load::default(),
            indices: Indices::new(Key(key)),
            entropy,
            peers: Vec::new(),
            by_key: BTreeMap::new(),
            allowed: Prefixes::default(),
            timers: Wheel::default(),
            due: Vec::new(),
            strangers: VecDeque::new(),
            mtu,
            epoch,
            out: Vec::new(),
            drops: Drops::default(),
        }
    }

    /// Adds a peer, or says something else of one; its addresses are no other peer's from now on. False,
    /// and nothing done, where its key is none, or the device's own.
    pub fn set_peer(
        &mut self,
        public: PublicKey,
        spec: &PeerSpec,
        pool: &mut Pool,
        now: Nanos,
    ) -> bool {
        let Some(place) = self.place_for(public, spec) else {
            return false;
        };
        self.allowed.retain(|&owner| owner != place);
        for &(address, len) in &spec.allowed {
            *self.allowed.entry(Prefix { address, len }, || place) = place;
        }
        self.with(place, pool, now, |peer, around| {
            peer.set_preshared(spec.preshared.clone(), around);
            if spec.endpoint.is_some() {
                peer.set_endpoint(spec.endpoint);
            }
            if peer.timers.set_interval(spec.keepalive, now) {
                peer.keep_alive(around);
            }
        });
        self.hear_strangers(public, pool, now);
        true
    }

    /// The place of a peer, a new one where there was none.
    fn place_for(&mut self, public: PublicKey, spec: &PeerSpec) -> Option<u32> {
        if let Some(place) = self.by_key.get(&public) {
            return Some(*place);
        }
        let free = self.peers.iter().position(Option::is_none);
        let place = free.unwrap_or(self.peers.len()) as u32;
        let own = &self.own;
        let known = (public != own.public()).then(|| spec.preshared.clone());
        let peer = Peer::new(place, own, public, known?)?;
        if place as usize == self.peers.len() {
            self.peers.push(None);
        }
        self.peers[place as usize] = Some(Box::new(peer));
        self.by_key.insert(public, place);
        Some(place)
    }

    /// Forgets a peer, and all its keys.
    pub fn remove_peer(&mut self, public: &PublicKey, pool: &mut Pool, now: Nanos) {
        if let Some(place) = self.by_key.remove(public) {
            self.with(place, pool, now, |peer, around| peer.forget(around));
            self.allowed.retain(|&owner| owner != place);
            self.timers.cancel(place);
            self.peers[place as usize] = None;
        }
    }

    /// The key of somebody who has called and is no peer, so that whoever knows may say who that is: with
    /// [`Self::set_peer`] the call is answered.
    pub fn take_stranger(&self) -> Option<PublicKey> {
        self.strangers.front().map(|stranger| stranger.public)
    }

    /// Nobody knows whoever has this key.
    pub fn refuse_stranger(&mut self, public: &PublicKey) {
        self.strangers.retain(|stranger| stranger.public != *public);
    }

    fn hear_strangers(&mut self, public: PublicKey, pool: &mut Pool, now: Nanos) {
        let mut known = std::mem::take(&mut self.strangers);
        known.retain(|stranger| {
            let same = stranger.public == public;
            if same {
                self.answer(&stranger.message, stranger.source, pool, now);
            }
            !same
        });
        self.strangers = known;
    }

    /// Sends a packet to the peer that has its destination. It comes back where none has, or where it is
    /// no packet of IP.
    ///
    /// # Errors
    /// The packet, which nobody has taken.
    #[inline]
    pub fn send(&mut self, packet: Packet, pool: &mut Pool, now: Nanos) -> Result<(), Packet> {
        let inner = Inner::read(packet.bytes());
        let owner = inner.and_then(|inner| self.allowed.lookup(inner.destination).copied());
        let Some(place) = owner else {
            self.drops.no_peer += 1;
            return Err(packet);
        };
        self.with(place, pool, now, |peer, around| peer.send(packet, around));
        Ok(())
    }

    /// A datagram has come: what is behind the UDP header, and from where. The packet that was in it, and
    /// whose that is, if there was one.
    #[inline]
    pub fn receive(
        &mut self,
        mut packet: Packet,
        source: SocketAddr,
        pool: &mut Pool,
        now: Nanos,
    ) -> Option<(Packet, PublicKey)> {
        match Message::read(packet.bytes()) {
            Some(Message::Transport { receiver, counter }) => {
                return self.open(packet, (receiver, counter), source, pool, now);
            }
            Some(Message::Initiation(&message)) => {
                self.take_initiation(&message, source, pool, now)
            }
            Some(Message::Response(&message)) => self.take_response(&message, source, pool, now),
            Some(Message::Cookie(message)) => self.take_cookie(message, now),
            None => self.drops.malformed += 1,
        }
        packet.resize(0);
        pool.free(packet);
        None
    }

    fn open(
        &mut self,
        mut packet: Packet,
        (receiver, counter): (u32, u64),
        source: SocketAddr,
        pool: &mut Pool,
        now: Nanos,
    ) -> Option<(Packet, PublicKey)> {
        let owner = self.indices.owner(receiver);
        let opened = owner.and_then(|place| {
            let session = (receiver, counter);
            let opened = self.with(place, pool, now, |peer, around| {
                let opened = peer.open(session, &mut packet, source, around);
                opened.then(|| peer.public())
            });
            Some((place, opened??))
        });
        let Some((place, public)) = opened else {
            self.drops.session += 1;
            pool.free(packet);
            return None;
        };
        match self.inner(&packet, place) {
            Some(len) => {
                packet.resize(len);
                Some((packet, public))
            }
            None => {
                pool.free(packet);
                None
            }
        }
    }

    /// The length of an opened packet without its padding; nothing where it is empty, or not from an
    /// address of its peer's.
    #[inline]
    fn inner(&mut self, packet: &Packet, place: u32) -> Option<usize> {
        if packet.len() == 0 {
            return None;
        }
        let inner = Inner::read(packet.bytes());
        let owner = inner.and_then(|inner| self.allowed.lookup(inner.source));
        let own = owner == Some(&place);
        self.drops.source += u64::from(!own);
        inner.filter(|_| own).map(|inner| inner.len)
    }

    fn take_initiation(
        &mut self,
        message: &[u8; INITIATION],
        source: SocketAddr,
        pool: &mut Pool,
        now: Nanos,
    ) {
        if self.admits(message, source, pool, now) {
            self.answer(message, source, pool, now);
        }
    }

    /// Whether a handshake message is worth the work. One that comes when there are too many is answered
    /// with a cookie, unless it has brought that back.
    fn admits(&mut self, message: &[u8], source: SocketAddr, pool: &mut Pool, now: Nanos) -> bool {
        if !self.porter.is_for_us(message) {
            self.drops.not_ours += 1;
            return false;
        }
        if !self.load.add(now) {
            return true;
        }
        let proven = self.porter.is_proven(message, source, now);
        if !proven {
            self.hand_cookie(message, source, pool, now);
        }
        let admitted = proven && self.limiter.allows(source.ip(), now);
        self.drops.overload += u64::from(!admitted);
        admitted
    }

    fn hand_cookie(&mut self, message: &[u8], source: SocketAddr, pool: &mut Pool, now: Nanos) {
        let fresh = Zeroizing::new(random(self.entropy.as_mut()));
        let nonce = random(self.entropy.as_mut());
        let reply = self.porter.reply(message, source, nonce, &fresh, now);
        let packet = reply.and_then(|reply| pool.packet_from(&reply));
        self.out
            .extend(packet.map(|packet| Outgoing { to: source, packet }));
    }

    fn answer(
        &mut self,
        message: &[u8; INITIATION],
        source: SocketAddr,
        pool: &mut Pool,
        now: Nanos,
    ) {
        let Some(introduced) = noise::introduce(&self.own, message) else {
            self.drops.handshake += 1;
            return;
        };
        let public = introduced.public;
        let Some(&place) = self.by_key.get(&public) else {
            return self.meet(public, message, source);
        };
        let answered = self.with(place, pool, now, |peer, around| {
            peer.answer(introduced, source, around)
        });
        self.drops.handshake += u64::from(answered != Some(true));
    }

    fn meet(&mut self, public: PublicKey, message: &[u8; INITIATION], source: SocketAddr) {
        self.drops.handshake += 1;
        self.strangers.retain(|stranger| stranger.public != public);
        if self.strangers.len() < MOST_STRANGERS {
            let message = *message;
            self.strangers.push_back(Stranger {
                public,
                message,
                source,
            });
        }
    }

    fn take_response(
        &mut self,
        message: &[u8; RESPONSE],
        source: SocketAddr,
        pool: &mut Pool,
        now: Nanos,
    ) {
        if !self.admits(message, source, pool, now) {
            return;
        }
        let (_, local) = noise::indices(message);
        let owner = self.indices.owner(local);
        let concluded = owner.and_then(|place| {
            self.with(place, pool, now, |peer, around| {
                peer.conclude(message, source, around)
            })
        });
        self.drops.handshake += u64::from(concluded != Some(true));
    }

    fn take_cookie(&mut self, message: &[u8; COOKIE], now: Nanos) {
        let owner = self.indices.owner(number(message, 4));
        let peer = owner.and_then(|place| self.peers.get_mut(place as usize)?.as_mut());
        let taken = peer.is_some_and(|peer| peer.take_cookie(message, now));
        self.drops.handshake += u64::from(!taken);
    }

    /// Does something with a peer, and sets its timer.
    #[inline]
    fn with<R>(
        &mut self,
        place: u32,
        pool: &mut Pool,
        now: Nanos,
        work: impl FnOnce(&mut Peer, &mut Surroundings<'_>) -> R,
    ) -> Option<R> {
        let peer = self.peers.get_mut(place as usize)?.as_mut()?;
        let mut around = Surroundings {
            own: &self.own,
            indices: &mut self.indices,
            entropy: self.entropy.as_mut(),
            pool,
            out: &mut self.out,
            mtu: self.mtu,
            now,
            wall: self.epoch.saturating_add(now),
        };
        let done = work(peer, &mut around);
        match peer.timers.deadline() {
            Some(at) => self.timers.set(place, at),
            None => self.timers.cancel(place),
        }
        Some(done)
    }

    /// When there is something to do without anything coming.
    pub fn deadline(&mut self) -> Option<Nanos> {
        self.timers.settle()
    }

    /// Does what is due.
    pub fn fire(&mut self, pool: &mut Pool, now: Nanos) {
        let mut due = std::mem::take(&mut self.due);
        self.timers.expire(now, &mut due);
        for place in due.drain(..) {
            self.with(place, pool, now, Peer::fire);
        }
        self.due = due;
    }

    /// Takes the datagrams that are to leave, in their order.
    pub fn take_outgoing(&mut self, into: &mut Vec<Outgoing>) {
        into.append(&mut self.out);
    }

    /// Each peer: its key, where it is, and what it has done.
    pub fn peers(&self) -> impl Iterator<Item = (PublicKey, Option<SocketAddr>, Traffic)> {
        let places = self.by_key.values();
        let peers = places.filter_map(|&place| self.peers.get(place as usize)?.as_ref());
        peers.map(|peer| (peer.public(), peer.endpoint(), peer.traffic))
    }

    /// What was dropped, by cause.
    #[must_use]
    pub fn drops(&self) -> Drops {
        self.drops
    }

    /// How many numbers of sessions and handshakes are in use.
    #[must_use]
    pub fn indices(&self) -> usize {
        self.indices.len()
    }

    /// Gives all packets back.
    pub fn stop(&mut self, pool: &mut Pool) {
        self.out.drain(..).for_each(|one| pool.free(one.packet));
        let peers = self.peers.iter_mut().flatten();
        peers.for_each(|peer| peer.drop_waiting(pool));
    }
}
