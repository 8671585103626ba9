//! A device: peers, whose packets are whose, and what to do with what comes (WireGuard paper §2, §5).
//!
//! It knows no socket: datagrams come with where they are from, and leave with where they go to. The
//! addresses inside say which peer a packet goes to, and a peer is believed no other addresses than these
//! (cryptokey routing).
mod hearing;
mod side_by_side;

use super::cookie::Porter;
use super::crew::Crew;
use super::inner::Inner;
use super::keys::{PresharedKey, PublicKey};
use super::limiter::Limiter;
use super::load::Load;
use super::noise::Identity;
use super::peer::{Peer, Traffic};
use super::sealing::When;
use super::strangers::Strangers;
use super::surroundings::{Entropy, Indices, Outgoing, Surroundings, random};
use crate::packet::{Packet, Pool};
use crate::rng::Stream;
use crate::stack::hash::Key;
use crate::stack::ip::address::Prefix;
use crate::stack::ip::prefixes::Prefixes;
use crate::stack::timer::Wheel;
use crate::time::Nanos;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// What is said of a peer.
#[derive(Clone, Debug, Default, PartialEq)]
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
    /// A packet that was marked on its way, and could not have told its host (RFC 6040).
    pub congestion: u64,
}

/// A peer, as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerStatus {
    /// Its key.
    pub public: PublicKey,
    /// Where it is, if that is known.
    pub endpoint: Option<SocketAddr>,
    /// The networks that are its own: an address, and the length of its prefix.
    pub allowed: Vec<(IpAddr, u8)>,
    /// The interval of persistent keepalives.
    pub keepalive: Option<Nanos>,
    /// Whether a key is shared with it.
    pub has_preshared: bool,
    /// What it has done.
    pub traffic: Traffic,
    /// Since when it has not answered, if what left last for it was not answered.
    pub unanswered: Option<Nanos>,
}

/// A WireGuard device.
pub struct Device {
    own: Identity,
    porter: Porter,
    limiter: Limiter,
    load: Load,
    indices: Indices,
    entropy: Box<dyn Entropy>,
    /// What need not be hard to guess.
    chance: Stream,
    peers: Vec<Option<Box<Peer>>>,
    /// Places that are nobody's.
    free: Vec<u32>,
    by_key: BTreeMap<PublicKey, u32>,
    allowed: Prefixes<u32>,
    timers: Wheel,
    due: Vec<u32>,
    strangers: Strangers,
    /// The largest packet inside, in bytes.
    mtu: usize,
    /// The time of day as the engine's time began.
    epoch: Nanos,
    out: Vec<Outgoing>,
    crew: Option<Box<dyn Crew>>,
    when: When,
    /// Which of `out` stands there as text: its place, and whose session it is of.
    unsealed: Vec<(usize, u32)>,
    drops: Drops,
}

impl Device {
    /// A device without peers: who it is, the largest packet inside in bytes, and the time of day (in
    /// nanoseconds since 1970) at time zero of the engine.
    #[must_use]
    pub fn new(own: Identity, mtu: usize, epoch: Nanos, mut entropy: Box<dyn Entropy>) -> Self {
        let mut number = || u64::from_le_bytes(random(entropy.as_mut()));
        let (key, seed) = ([number(), number()], number());
        Self {
            porter: Porter::new(&own.public()),
            own,
            limiter: Limiter::default(),
            load: Load::default(),
            indices: Indices::new(Key(key)),
            entropy,
            chance: Stream::new(seed, "wireguard"),
            peers: Vec::new(),
            free: Vec::new(),
            by_key: BTreeMap::new(),
            allowed: Prefixes::default(),
            timers: Wheel::default(),
            due: Vec::new(),
            strangers: Strangers::default(),
            mtu,
            epoch,
            out: Vec::new(),
            crew: None,
            when: When::Now,
            unsealed: Vec::new(),
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
        self.set_allowed(place, &spec.allowed);
        self.with(place, pool, now, |peer, around| {
            peer.set_preshared(spec.preshared.clone(), around);
            if let Some(endpoint) = spec.endpoint {
                peer.set_endpoint(endpoint);
            }
            if peer.timers.set_interval(spec.keepalive, now) {
                peer.keep_alive(around);
            }
        });
        if let Some(call) = self.strangers.take(&public) {
            self.answer(&call.message, call.arrival, pool, now);
        }
        true
    }

    /// Makes these networks a peer's, and no others.
    fn set_allowed(&mut self, place: u32, networks: &[(IpAddr, u8)]) {
        let Some(Some(peer)) = self.peers.get_mut(place as usize) else {
            return;
        };
        let prefixes = networks
            .iter()
            .map(|&(address, len)| Prefix { address, len });
        let before = std::mem::replace(&mut peer.allowed, prefixes.collect());
        for prefix in before {
            self.allowed.remove_if(prefix, |&owner| owner == place);
        }
        for &prefix in &peer.allowed {
            *self.allowed.entry(prefix, || place) = place;
        }
    }

    /// The place of a peer, a new one where there was none.
    fn place_for(&mut self, public: PublicKey, spec: &PeerSpec) -> Option<u32> {
        if let Some(place) = self.by_key.get(&public) {
            return Some(*place);
        }
        let place = self.free.last().copied();
        let place = place.unwrap_or(self.peers.len() as u32);
        let own = &self.own;
        let known = (public != own.public()).then(|| spec.preshared.clone());
        let peer = Peer::new(place, own, public, known?)?;
        if self.free.pop().is_none() {
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
            self.set_allowed(place, &[]);
            self.timers.cancel(place);
            self.peers[place as usize] = None;
            self.free.push(place);
        }
    }

    /// The key of somebody who has called and is no peer, each once, so that whoever knows may say who that
    /// is: with [`Self::set_peer`] the call is answered. A call waits for five seconds.
    pub fn take_stranger(&mut self) -> Option<PublicKey> {
        self.strangers.tell()
    }

    /// Whether there is a stranger to be taken.
    #[must_use]
    pub fn has_strangers(&self) -> bool {
        self.strangers.has_news()
    }

    /// Nobody knows whoever has this key.
    pub fn refuse_stranger(&mut self, public: &PublicKey) {
        self.strangers.take(public);
    }

    /// Whether this is the key of a peer.
    #[must_use]
    pub fn has_peer(&self, public: &PublicKey) -> bool {
        self.by_key.contains_key(public)
    }

    /// Says how large a packet inside may be, in bytes.
    pub fn set_mtu(&mut self, mtu: usize) {
        self.mtu = mtu;
    }

    /// The key that others know it by.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.own.public()
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

    /// Does something with a peer, and sets its timer.
    #[inline]
    fn with<R>(
        &mut self,
        place: u32,
        pool: &mut Pool,
        now: Nanos,
        work: impl FnOnce(&mut Peer, &mut Surroundings<'_>) -> R,
    ) -> Option<R> {
        // What has its number is sealed with the session that it has that of.
        if self.when == When::Now {
            self.seal_all();
        }
        let peer = self.peers.get_mut(place as usize)?.as_mut()?;
        let mut around = Surroundings {
            own: &self.own,
            indices: &mut self.indices,
            entropy: self.entropy.as_mut(),
            chance: &mut self.chance,
            pool,
            out: &mut self.out,
            when: self.when,
            unsealed: &mut self.unsealed,
            mtu: self.mtu,
            now,
            wall: self.epoch.saturating_add(now),
        };
        let done = work(peer, &mut around);
        // One that goes off too early finds nothing due, and is set again: most are put off all the time.
        let set = self.timers.deadline(place);
        match peer.timers.deadline() {
            Some(at) if set.is_none_or(|set| at < set) => self.timers.set(place, at),
            Some(_) => {}
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

    /// Each peer, in the order of their keys.
    pub fn peers(&self) -> impl Iterator<Item = PeerStatus> {
        let places = self.by_key.iter();
        places.filter_map(|(_, &place)| Some(self.status(place, self.peer(place)?)))
    }

    fn peer(&self, place: u32) -> Option<&Peer> {
        self.peers.get(place as usize)?.as_deref()
    }

    fn status(&self, place: u32, peer: &Peer) -> PeerStatus {
        let own = |prefix: &&Prefix| self.allowed.get(**prefix) == Some(&place);
        let allowed = peer.allowed.iter().filter(own);
        PeerStatus {
            public: peer.public(),
            endpoint: peer.endpoint(),
            allowed: allowed.map(|prefix| (prefix.address, prefix.len)).collect(),
            keepalive: peer.timers.interval(),
            has_preshared: peer.has_preshared(),
            traffic: peer.traffic,
            unanswered: peer.timers.unanswered(),
        }
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
        self.unsealed.clear();
        self.out.drain(..).for_each(|one| pool.free(one.packet));
        let peers = self.peers.iter_mut().flatten();
        peers.for_each(|peer| peer.drop_waiting(pool));
    }
}
