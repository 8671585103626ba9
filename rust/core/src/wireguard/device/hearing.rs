//! What a device does with what comes: sealed packets are opened where they stand, handshakes answered.
use super::{Device, Inner};
use crate::packet::{Packet, Pool};
use crate::time::Nanos;
use crate::wire::ecn;
use crate::wireguard::crew::Ahead;
use crate::wireguard::keys::PublicKey;
use crate::wireguard::message::{COOKIE, INITIATION, Message, RESPONSE, TRANSPORT_HEADER, number};
use crate::wireguard::noise;
use crate::wireguard::surroundings::{Arrival, Outgoing, Way, random};
use std::ops::Range;
use zeroize::Zeroizing;

impl Device {
    /// A datagram has come: what is behind the UDP header, and how it came. The packet that was in it, and
    /// whose that is, if there was one.
    pub fn receive(
        &mut self,
        mut packet: Packet,
        arrival: impl Into<Arrival>,
        pool: &mut Pool,
        now: Nanos,
    ) -> Option<(Packet, PublicKey)> {
        let arrival = arrival.into();
        match self.hear(packet.bytes_mut(), arrival, Ahead::Sealed, pool, now) {
            Some((inner, public)) => {
                packet.trim_front(inner.start);
                packet.resize(inner.len());
                Some((packet, public))
            }
            None => {
                pool.free(packet);
                None
            }
        }
    }

    /// A datagram has come, whose bytes these are: one with a packet in it is opened in place, unless it was
    /// [ahead](Self::open_ahead). Where in it the packet stands, and whose it is, if there was one.
    #[inline]
    pub fn hear(
        &mut self,
        message: &mut [u8],
        arrival: Arrival,
        ahead: Ahead,
        pool: &mut Pool,
        now: Nanos,
    ) -> Option<(Range<usize>, PublicKey)> {
        match Message::read(message) {
            Some(Message::Transport { receiver, counter }) => {
                let way = (arrival, ahead);
                return self.open(message, (receiver, counter), way, pool, now);
            }
            Some(Message::Initiation(message)) => {
                self.take_initiation(message, arrival, pool, now);
            }
            Some(Message::Response(message)) => self.take_response(message, arrival, pool, now),
            Some(Message::Cookie(message)) => self.take_cookie(message, now),
            None => self.drops.malformed += 1,
        }
        None
    }

    #[inline]
    fn open(
        &mut self,
        message: &mut [u8],
        session: (u32, u64),
        (arrival, ahead): (Arrival, Ahead),
        pool: &mut Pool,
        now: Nanos,
    ) -> Option<(Range<usize>, PublicKey)> {
        let owner = self.indices.owner(session.0);
        let owner = owner.filter(|owner| ahead.is_of(*owner));
        let opened = owner.and_then(|place| {
            let opened = self.with(place, pool, now, |peer, around| {
                let text = peer.open(session, message, (arrival, ahead), around)?;
                Some((text, peer.public()))
            });
            Some((place, opened??))
        });
        let Some((place, (text, public))) = opened else {
            self.drops.session += 1;
            return None;
        };
        let text = &mut message[TRANSPORT_HEADER..][..text];
        let len = self.inner(text, place, arrival.ecn)?;
        Some((TRANSPORT_HEADER..TRANSPORT_HEADER + len, public))
    }

    /// The length of an opened packet without its padding; nothing where it is empty, or not from an
    /// address of its peer's.
    #[inline]
    fn inner(&mut self, text: &mut [u8], place: u32, marks: u8) -> Option<usize> {
        if text.is_empty() {
            return None;
        }
        let inner = Inner::read(text);
        let owner = inner.and_then(|inner| self.allowed.lookup(inner.source));
        let own = owner == Some(&place);
        self.drops.source += u64::from(!own);
        let inner = inner.filter(|_| own)?;
        if !ecn::decapsulate(text, marks) {
            self.drops.congestion += 1;
            return None;
        }
        Some(inner.len)
    }

    fn take_initiation(
        &mut self,
        message: &[u8; INITIATION],
        arrival: Arrival,
        pool: &mut Pool,
        now: Nanos,
    ) {
        if !self.load.may_look(now) {
            self.drops.overload += 1;
        } else if self.admits(message, arrival, pool, now) {
            self.answer(message, arrival, pool, now);
        }
    }

    /// Whether a handshake message is worth the work. One that comes when there are too many is answered
    /// with a cookie, unless it has brought that back.
    fn admits(&mut self, message: &[u8], arrival: Arrival, pool: &mut Pool, now: Nanos) -> bool {
        if !self.porter.is_for_us(message) {
            self.drops.not_ours += 1;
            return false;
        }
        if !self.load.add(now) {
            return true;
        }
        let proven = self.porter.is_proven(message, arrival.source, now);
        if !proven && self.load.may_hand_cookie(now) {
            self.hand_cookie(message, arrival, pool, now);
        }
        let admitted = proven && self.limiter.allows(arrival.source.ip(), now);
        self.drops.overload += u64::from(!admitted);
        admitted
    }

    fn hand_cookie(&mut self, message: &[u8], arrival: Arrival, pool: &mut Pool, now: Nanos) {
        if self.porter.is_stale(now) {
            let secret = Zeroizing::new(random(self.entropy.as_mut()));
            self.porter.renew(secret, now);
        }
        let nonce = random(self.entropy.as_mut());
        let reply = self.porter.reply(message, arrival.source, nonce);
        let packet = reply.and_then(|reply| pool.packet_from(&reply));
        let leave = |packet| Outgoing::alone(packet, Way::from(arrival), 0);
        self.out.extend(packet.map(leave));
    }

    /// Answers whoever has called, if that is a peer.
    pub(super) fn answer(
        &mut self,
        message: &[u8; INITIATION],
        arrival: Arrival,
        pool: &mut Pool,
        now: Nanos,
    ) {
        let Some(introduced) = noise::introduce(&self.own, message) else {
            self.drops.handshake += 1;
            return;
        };
        let public = introduced.public;
        let Some(&place) = self.by_key.get(&public) else {
            self.drops.handshake += 1;
            return self.strangers.keep(public, message, arrival, now);
        };
        let answered = self.with(place, pool, now, |peer, around| {
            peer.answer(introduced, arrival, around)
        });
        self.drops.handshake += u64::from(answered != Some(true));
    }

    fn take_response(
        &mut self,
        message: &[u8; RESPONSE],
        arrival: Arrival,
        pool: &mut Pool,
        now: Nanos,
    ) {
        // Whose number nobody has given is not worth a hash.
        let (_, local) = noise::indices(message);
        let Some(place) = self.indices.owner(local) else {
            self.drops.handshake += 1;
            return;
        };
        if !self.admits(message, arrival, pool, now) {
            return;
        }
        let concluded = self.with(place, pool, now, |peer, around| {
            peer.conclude(message, arrival, around)
        });
        self.drops.handshake += u64::from(concluded != Some(true));
    }

    fn take_cookie(&mut self, message: &[u8; COOKIE], now: Nanos) {
        let owner = self.indices.owner(number(message, 4));
        let peer = owner.and_then(|place| self.peers.get_mut(place as usize)?.as_mut());
        let taken = peer.is_some_and(|peer| peer.take_cookie(message, now));
        self.drops.handshake += u64::from(!taken);
    }
}
