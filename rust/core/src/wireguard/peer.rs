//! A peer: handshakes with it, sessions, and what waits for one.
//!
//! Whatever proves that it is from the peer says where the peer is now (roaming); nothing else does.
use super::cookie::Caller;
use super::crew::Ahead;
use super::keys::{PresharedKey, PrivateKey, PublicKey};
use super::message::{COOKIE, INITIATION, RESPONSE, TRANSPORT_HEADER};
use super::noise::{self, Acquaintance, Asked, Identity, Initiating, Introduced};
use super::sealing;
use super::session::Session;
use super::sessions::{Place, Sessions};
use super::surroundings::{Arrival, Outgoing, Surroundings, Way, random};
use super::tai64n::{self, Stamp};
use super::timers::{Due, JITTER, Timers};
use super::{REJECT_AFTER_TIME, REKEY_AFTER_TIME};
use crate::packet::{Packet, Pool};
use crate::stack::ip::address::Prefix;
use crate::time::{MILLISECOND, Nanos, SECOND};
use crate::wire::headers::layers;
use crate::wire::plan::Plan;
use crate::wire::segment;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// How many packets wait for a session, each that a super-packet stands for counted; the oldest goes where
/// there are more.
const MOST_WAITING: u32 = 128;
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
    way: Option<Way>,
    /// The networks that were said to be behind it.
    pub(crate) allowed: Vec<Prefix>,
    pub(super) sessions: Sessions,
    asking: Option<Asking>,
    pub(crate) timers: Timers,
    /// The newest stamp of an initiation, and when that came.
    newest: Option<Stamp>,
    heard: Option<Nanos>,
    waiting: VecDeque<Packet>,
    /// For how many packets on the wire they stand.
    waiting_count: u32,
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
            way: None,
            allowed: Vec::new(),
            sessions: Sessions::default(),
            asking: None,
            timers: Timers::default(),
            newest: None,
            heard: None,
            waiting: VecDeque::new(),
            waiting_count: 0,
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
        self.way.map(|way| way.to)
    }

    /// Says where it is. Which own address it talks to is as it was where it has not moved.
    pub(crate) fn set_endpoint(&mut self, to: SocketAddr) {
        if self.endpoint() != Some(to) {
            self.way = Some(Way { to, from: None });
        }
    }

    pub(crate) fn has_preshared(&self) -> bool {
        self.known.preshared != PresharedKey::default()
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
        self.waiting_count += segment::count(&packet);
        self.waiting.push_back(packet);
        while self.waiting_count > MOST_WAITING
            && let Some(oldest) = self.waiting.pop_front()
        {
            let count = segment::count(&oldest);
            self.waiting_count -= count;
            self.traffic.dropped += u64::from(count);
            pool.free(oldest);
        }
    }

    /// Seals a packet, or each that it stands for, and lets it leave.
    #[inline]
    fn seal(&mut self, packet: Packet, around: &mut Surroundings<'_>) {
        let class = layers(&packet).map_or(0, |layers| layers.ecn);
        let has_data = packet.len() > 0;
        let sent = self.traffic.sent;
        let plan = packet.is_super().then(|| Plan::of(&packet));
        match plan {
            None => self.seal_one(packet, class, around),
            Some(Some(plan)) if plan.count() > 1 => {
                self.seal_segments(packet, &plan, class, around);
            }
            Some(Some(_)) => self.seal_one(packet, class, around),
            Some(None) => {
                self.traffic.dropped += 1;
                around.pool.free(packet);
            }
        }
        if self.traffic.sent == sent {
            return;
        }
        self.timers.sent(around.now);
        if has_data && !self.timers.awaits_answer() {
            let jitter = around.jitter(JITTER);
            self.timers.sent_data(jitter, around.now);
        }
    }

    #[inline]
    fn seal_one(&mut self, packet: Packet, class: u8, around: &mut Surroundings<'_>) {
        let Some((session, way)) = self.sessions.current().zip(self.way) else {
            self.traffic.dropped += 1;
            return around.pool.free(packet);
        };
        match sealing::seal((session, around.when), packet, around.mtu, around.pool) {
            Some(sealed) => {
                self.traffic.sent += sealed.len() as u64;
                around.leave(Outgoing::alone(sealed, way, class), self.place);
            }
            None => self.traffic.dropped += 1,
        }
    }

    fn seal_segments(
        &mut self,
        packet: Packet,
        plan: &Plan,
        class: u8,
        around: &mut Surroundings<'_>,
    ) {
        let Some((session, way)) = self.sessions.current().zip(self.way) else {
            self.traffic.dropped += plan.count() as u64;
            return around.pool.free(packet);
        };
        let (sent, place, pieces) = (&mut self.traffic.sent, self.place, (&packet, plan));
        let mut leave = |packet: Packet, segment_size, around: &mut Surroundings<'_>| {
            *sent += packet.len() as u64;
            let alone = Outgoing::alone(packet, way, class);
            around.leave(
                Outgoing {
                    segment_size,
                    ..alone
                },
                place,
            );
        };
        let whole = sealing::seal_segments(session, pieces, around, &mut leave);
        self.traffic.dropped += u64::from(!whole);
        around.pool.free(packet);
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
        let Some(way) = self.way else { return };
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
        self.leave(&message, way, around);
    }

    fn leave(&mut self, message: &[u8], way: Way, around: &mut Surroundings<'_>) {
        self.traffic.sent += message.len() as u64;
        around.send(message, way);
        self.timers.sent(around.now);
    }

    /// An initiation says that it is from this peer: answers it, if it is, and is a new one.
    pub(crate) fn answer(
        &mut self,
        introduced: Introduced<'_>,
        arrival: Arrival,
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
        self.arrived(INITIATION, arrival, around.now);
        self.timers.session(around.now);
        self.caller.sign(&mut message, around.now);
        self.leave(&message, arrival.into(), around);
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
        arrival: Arrival,
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
        self.arrived(message.len(), arrival, around.now);
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
        if self.waiting.is_empty() {
            self.keep_alive(around);
        }
        self.flush_waiting(around);
    }

    #[inline]
    fn arrived(&mut self, len: usize, arrival: Arrival, now: Nanos) {
        self.traffic.received += len as u64;
        self.way = Some(arrival.into());
        self.timers.received(now);
    }

    /// A cookie has come.
    pub(crate) fn take_cookie(&mut self, reply: &[u8; COOKIE], now: Nanos) -> bool {
        self.caller.take(reply, now)
    }

    /// A packet has come for the session of this number: opens it in place, behind its header. How long it
    /// is; nothing where it is not from the peer.
    #[inline]
    pub(crate) fn open(
        &mut self,
        (local, counter): (u32, u64),
        message: &mut [u8],
        (arrival, ahead): (Arrival, Ahead),
        around: &mut Surroundings<'_>,
    ) -> Option<usize> {
        let (now, len) = (around.now, message.len());
        let (place, session) = self.sessions.find(local)?;
        let text = session.open(counter, message.get_mut(TRANSPORT_HEADER..)?, ahead, now)?;
        let late = session.initiator && session.age(now) >= LAST_MINUTE;
        self.arrived(len, arrival, now);
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
        Some(text)
    }

    fn flush_waiting(&mut self, around: &mut Surroundings<'_>) {
        self.waiting_count = 0;
        for mut packet in std::mem::take(&mut self.waiting) {
            packet.set_arrived(around.now);
            self.send(packet, around);
        }
    }

    /// Does what is due.
    pub(crate) fn fire(&mut self, around: &mut Surroundings<'_>) {
        while let Some(due) = self.timers.next_due(around.now) {
            match due {
                Due::Retry => self.call_anew(true, around),
                Due::Initiate => self.call_anew(false, around),
                Due::Keepalive => self.keep_alive(around),
                Due::GiveUp => self.drop_waiting(around.pool),
                Due::Wipe => self.forget(around),
            }
        }
    }

    /// Calls somebody who does not answer, from whatever address leads there now: the network may be another.
    fn call_anew(&mut self, again: bool, around: &mut Surroundings<'_>) {
        self.way = self.way.map(|way| Way { from: None, ..way });
        self.initiate(again, around);
    }

    pub(crate) fn drop_waiting(&mut self, pool: &mut Pool) {
        self.traffic.dropped += u64::from(std::mem::take(&mut self.waiting_count));
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
