//! A peer: handshakes with it, sessions, and what waits for one.
//!
//! Whatever proves that it is from the peer says where the peer is now (roaming); nothing else does.
use super::cookie::Caller;
use super::keys::{PresharedKey, PrivateKey, PublicKey};
use super::message::{COOKIE, RESPONSE, TAG, TRANSPORT_HEADER};
use super::noise::{self, Acquaintance, Asked, Identity, Initiating, Introduced};
use super::session::Session;
use super::sessions::{Place, Sessions};
use super::surroundings::{Outgoing, Surroundings, random};
use super::tai64n::{self, Stamp};
use super::timers::{Due, JITTER, Timers};
use super::{REJECT_AFTER_TIME, REKEY_AFTER_TIME};
use crate::packet::{Packet, Pool};
use crate::time::{MILLISECOND, Nanos, SECOND};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// How many packets wait for a session; the oldest goes where there are more.
const MOST_WAITING: usize = 128;
/// Two initiations of a peer are so far apart at least.
const INITIATIONS_APART: Nanos = 20 * MILLISECOND;
/// Who only receives asks for another session so long before the end of the present one, in time for a
/// keepalive and an answer that are late.
const LAST_MINUTE: Nanos = REJECT_AFTER_TIME - 15 * SECOND;

/// What a peer has done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Traffic {
    /// Bytes that came, and that left, as they are on the wire behind the UDP header.
    pub received: u64,
    /// See there.
    pub sent: u64,
    /// When the last handshake was complete, in nanoseconds of the engine's time.
    pub handshake: Option<Nanos>,
    /// Packets that waited for a session in vain.
    pub dropped: u64,
}

/// An initiation that waits for its answer.
struct Asking {
    initiating: Initiating,
    local: u32,
}

/// A peer.
pub(crate) struct Peer {
    place: u32,
    known: Acquaintance,
    caller: Caller,
    endpoint: Option<SocketAddr>,
    sessions: Sessions,
    asking: Option<Asking>,
    pub(crate) timers: Timers,
    /// The newest stamp of an initiation, and when that came.
    newest: Option<Stamp>,
    heard: Option<Nanos>,
    waiting: VecDeque<Packet>,
    /// Whether this side has asked for another session, since the present one is near its end.
    asked_late: bool,
    pub(crate) traffic: Traffic,
    gone: Vec<u32>,
}

impl Peer {
    /// Nothing where its key is none.
    pub(crate) fn new(
        place: u32,
        own: &Identity,
        public: PublicKey,
        preshared: PresharedKey,
    ) -> Option<Self> {
        Some(Self {
            place,
            known: Acquaintance::new(own, public, preshared)?,
            caller: Caller::new(&public),
            endpoint: None,
            sessions: Sessions::default(),
            asking: None,
            timers: Timers::default(),
            newest: None,
            heard: None,
            waiting: VecDeque::new(),
            asked_late: false,
            traffic: Traffic::default(),
            gone: Vec::new(),
        })
    }

    pub(crate) fn public(&self) -> PublicKey {
        self.known.public
    }

    /// Where it was last.
    pub(crate) fn endpoint(&self) -> Option<SocketAddr> {
        self.endpoint
    }

    pub(crate) fn set_endpoint(&mut self, endpoint: Option<SocketAddr>) {
        self.endpoint = endpoint;
    }

    /// Takes another preshared key: the sessions of the old one end.
    pub(crate) fn set_preshared(&mut self, preshared: PresharedKey, around: &mut Surroundings<'_>) {
        if self.known.preshared != preshared {
            self.known.preshared = preshared;
            self.forget(around);
        }
    }

    /// Sends a packet, or keeps it until there is a session.
    #[inline]
    pub(crate) fn send(&mut self, packet: Packet, around: &mut Surroundings<'_>) {
        let now = around.now;
        match self.sessions.current() {
            Some(session) if session.may_send(now) => self.seal(packet, around),
            _ => {
                self.wait(packet, around.pool);
                self.initiate(false, around);
            }
        }
        self.refresh(around);
    }

    fn wait(&mut self, packet: Packet, pool: &mut Pool) {
        if self.waiting.len() == MOST_WAITING
            && let Some(oldest) = self.waiting.pop_front()
        {
            self.traffic.dropped += 1;
            pool.free(oldest);
        }
        self.waiting.push_back(packet);
    }

    /// Seals a packet in place, and lets it leave.
    #[inline]
    fn seal(&mut self, mut packet: Packet, around: &mut Surroundings<'_>) {
        let text = packet.len();
        let padded = text.next_multiple_of(16).min(around.mtu.max(text));
        packet.resize(padded);
        packet.bytes_mut()[text..].fill(0);
        let fits = packet.prepend(TRANSPORT_HEADER);
        packet.resize(TRANSPORT_HEADER + padded + TAG);
        let whole = fits && packet.len() == TRANSPORT_HEADER + padded + TAG;
        let session = self.sessions.current().filter(|_| whole);
        let sealed = session.is_some_and(|session| session.seal(packet.bytes_mut()));
        let Some(to) = self.endpoint.filter(|_| sealed) else {
            self.traffic.dropped += 1;
            return around.pool.free(packet);
        };
        self.traffic.sent += packet.len() as u64;
        around.out.push(Outgoing { to, packet });
        self.timers.sent(around.now);
        if text > 0 {
            let jitter = around.jitter(JITTER);
            self.timers.sent_data(jitter, around.now);
        }
    }

    /// An empty packet; where there is no session, the wish for one.
    pub(crate) fn keep_alive(&mut self, around: &mut Surroundings<'_>) {
        if self.waiting.is_empty()
            && let Some(packet) = around.pool.packet(0)
        {
            self.send(packet, around);
        }
    }

    /// Another session, where this one is old or worn (WireGuard paper §6.2).
    fn refresh(&mut self, around: &mut Surroundings<'_>) {
        let now = around.now;
        let Some(session) = self.sessions.current() else {
            return;
        };
        let old = session.initiator && session.age(now) >= REKEY_AFTER_TIME;
        if old || session.is_worn() {
            self.initiate(false, around);
        }
    }

    /// Begins a handshake, or tries again.
    pub(crate) fn initiate(&mut self, again: bool, around: &mut Surroundings<'_>) {
        let now = around.now;
        let Some(to) = self.endpoint else { return };
        if !again && !self.timers.may_initiate(now) {
            return;
        }
        let local = around.indices.draw(self.place, around.entropy);
        let ephemeral = PrivateKey::new(random(around.entropy));
        let stamp = tai64n::stamp(around.wall);
        let begun = noise::initiate(around.own, &self.known, local, ephemeral, &stamp);
        let Some((initiating, mut message)) = begun else {
            return;
        };
        self.caller.sign(&mut message, now);
        let before = self.asking.replace(Asking { initiating, local });
        self.gone.extend(before.map(|it| it.local));
        around.indices.release(&mut self.gone);
        let jitter = around.jitter(JITTER);
        self.timers.initiated(again, jitter, now);
        self.leave(&message, to, around);
    }

    fn leave(&mut self, message: &[u8], to: SocketAddr, around: &mut Surroundings<'_>) {
        self.traffic.sent += message.len() as u64;
        around.send(message, to);
        self.timers.sent(around.now);
    }

    /// An initiation says that it is from this peer: answers it, if it is, and is a new one.
    pub(crate) fn answer(
        &mut self,
        introduced: Introduced<'_>,
        source: SocketAddr,
        around: &mut Surroundings<'_>,
    ) -> bool {
        let asked = introduced.prove(&self.known);
        let Some(asked) = asked.filter(|asked| self.is_news(asked, around.now)) else {
            return false;
        };
        (self.newest, self.heard) = (Some(asked.stamp), Some(around.now));
        let remote = asked.index;
        let local = around.indices.draw(self.place, around.entropy);
        let ephemeral = PrivateKey::new(random(around.entropy));
        let Some((keys, mut message)) = noise::respond(asked, &self.known, local, &ephemeral)
        else {
            return false;
        };
        let session = Session::new(keys, (local, remote), false, around.now);
        self.sessions.add_answered(session, &mut self.gone);
        around.indices.release(&mut self.gone);
        self.arrived(message.len(), source, around.now);
        self.timers.session(around.now);
        self.caller.sign(&mut message, around.now);
        self.leave(&message, source, around);
        true
    }

    fn is_news(&self, asked: &Asked, now: Nanos) -> bool {
        let newer = self.newest.is_none_or(|newest| asked.stamp > newest);
        let apart = |at| now.saturating_sub(at) >= INITIATIONS_APART;
        newer && self.heard.is_none_or(apart)
    }

    /// An answer has come to the initiation of this number. Whether it is one.
    pub(crate) fn conclude(
        &mut self,
        message: &[u8; RESPONSE],
        source: SocketAddr,
        around: &mut Surroundings<'_>,
    ) -> bool {
        let (remote, local) = noise::indices(message);
        let asking = self.asking.take_if(|asking| asking.local == local);
        let Some(asking) = asking else { return false };
        let keys = asking.initiating.finish(around.own, &self.known, message);
        let Some(keys) = keys else {
            // Somebody else's: the peer's own may still come.
            self.asking = Some(asking);
            return false;
        };
        let session = Session::new(keys, (local, remote), true, around.now);
        self.sessions.add_asked(session, &mut self.gone);
        around.indices.release(&mut self.gone);
        self.arrived(message.len(), source, around.now);
        self.timers.session(around.now);
        self.completed(around.now);
        self.flush(around);
        true
    }

    fn completed(&mut self, now: Nanos) {
        self.timers.complete();
        self.asked_late = false;
        self.traffic.handshake = Some(now);
    }

    /// What waited leaves; where nothing did, an empty packet, by which the peer knows that we have got
    /// its answer.
    fn flush(&mut self, around: &mut Surroundings<'_>) {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            self.keep_alive(around);
        }
        for packet in waiting {
            self.send(packet, around);
        }
    }

    fn arrived(&mut self, len: usize, source: SocketAddr, now: Nanos) {
        self.traffic.received += len as u64;
        self.endpoint = Some(source);
        self.timers.received(now);
    }

    /// A cookie has come.
    pub(crate) fn take_cookie(&mut self, reply: &[u8; COOKIE], now: Nanos) -> bool {
        self.caller.take(reply, now)
    }

    /// A packet has come for the session of this number: opens it in place. Whether it is from the peer.
    #[inline]
    pub(crate) fn open(
        &mut self,
        (local, counter): (u32, u64),
        packet: &mut Packet,
        source: SocketAddr,
        around: &mut Surroundings<'_>,
    ) -> bool {
        let (now, len) = (around.now, packet.len());
        let Some((place, session)) = self.sessions.find(local) else {
            return false;
        };
        let sealed = packet.bytes_mut().get_mut(TRANSPORT_HEADER..);
        let opened = sealed.and_then(|sealed| session.open(counter, sealed, now));
        let Some(text) = opened else { return false };
        let late = session.initiator && session.age(now) >= LAST_MINUTE;
        packet.trim_front(TRANSPORT_HEADER);
        packet.resize(text);
        self.arrived(len, source, now);
        if place == Place::Next {
            self.sessions.confirm(&mut self.gone);
            around.indices.release(&mut self.gone);
            self.completed(now);
            self.flush_waiting(around);
        }
        if text > 0 {
            self.timers.received_data(now);
        }
        if late && !std::mem::replace(&mut self.asked_late, true) {
            self.initiate(false, around);
        }
        true
    }

    fn flush_waiting(&mut self, around: &mut Surroundings<'_>) {
        for packet in std::mem::take(&mut self.waiting) {
            self.send(packet, around);
        }
    }

    /// Does what is due.
    pub(crate) fn fire(&mut self, around: &mut Surroundings<'_>) {
        while let Some(due) = self.timers.next_due(around.now) {
            match due {
                Due::Retry => self.initiate(true, around),
                Due::Initiate => self.initiate(false, around),
                Due::Keepalive => self.keep_alive(around),
                Due::GiveUp => self.drop_waiting(around.pool),
                Due::Wipe => self.forget(around),
            }
        }
    }

    pub(crate) fn drop_waiting(&mut self, pool: &mut Pool) {
        self.traffic.dropped += self.waiting.len() as u64;
        self.waiting.drain(..).for_each(|packet| pool.free(packet));
    }

    /// Forgets all keys, and what waits for them.
    pub(crate) fn forget(&mut self, around: &mut Surroundings<'_>) {
        self.drop_waiting(around.pool);
        self.sessions.clear(&mut self.gone);
        self.gone.extend(self.asking.take().map(|it| it.local));
        around.indices.release(&mut self.gone);
        self.timers.forget();
    }
}
