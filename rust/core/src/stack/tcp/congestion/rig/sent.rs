//! What was sent: delivery-rate samples (draft-ietf-ccwg-bbr §4.1) and the loss of packets.
use super::super::{Lost, RateSample};
use crate::time::Nanos;
use std::collections::VecDeque;

/// Packets delivered after one that is missing, before that counts as lost.
const THRESHOLD: u64 = 3;

/// A packet under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    pub(crate) id: u64,
    /// Which segment of the stream it carries.
    pub(crate) segment: u64,
    pub(crate) again: bool,
    pub(crate) sent_at: Nanos,
    first_sent_at: Nanos,
    delivered_at: Nanos,
    delivered: u64,
    tx_in_flight: u64,
    lost: u64,
    pub(crate) app_limited: bool,
}

/// Packets under way, in the order in which they were sent.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) size: u64,
    pub(crate) packets: VecDeque<Packet>,
    next_id: u64,
    pub(crate) delivered: u64,
    pub(crate) lost: u64,
    delivered_at: Nanos,
    first_sent_at: Nanos,
    /// `delivered` at which the packets sent while the program limited the sender are gone.
    app_limited: u64,
}

impl Sent {
    pub(crate) fn new(size: u64) -> Self {
        Self {
            size,
            ..Self::default()
        }
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.packets.len() as u64 * self.size
    }

    /// The program has nothing more to send, although the window has room.
    pub(crate) fn limited_by_program(&mut self) {
        self.app_limited = (self.delivered + self.in_flight()).max(1);
    }

    pub(crate) fn is_app_limited(&self) -> bool {
        self.app_limited != 0
    }

    pub(crate) fn send(&mut self, segment: u64, again: bool, now: Nanos) -> u64 {
        if self.packets.is_empty() {
            (self.first_sent_at, self.delivered_at) = (now, now);
        }
        let id = self.next_id;
        self.next_id += 1;
        self.packets.push_back(Packet {
            id,
            segment,
            again,
            sent_at: now,
            first_sent_at: self.first_sent_at,
            delivered_at: self.delivered_at,
            delivered: self.delivered,
            tx_in_flight: self.in_flight() + self.size,
            lost: self.lost,
            app_limited: self.is_app_limited(),
        });
        id
    }

    /// Packet `id` was delivered. The line keeps the order: what was sent before it and is still
    /// here is missing.
    pub(crate) fn deliver(&mut self, id: u64, now: Nanos) -> Option<Packet> {
        let index = self.packets.iter().position(|packet| packet.id == id)?;
        let packet = self.packets.remove(index)?;
        self.delivered += self.size;
        self.delivered_at = now;
        self.first_sent_at = packet.sent_at;
        if self.delivered > self.app_limited {
            self.app_limited = 0;
        }
        Some(packet)
    }

    pub(crate) fn sample(&self, packet: &Packet, now: Nanos) -> RateSample {
        RateSample {
            delivered: self.delivered - packet.delivered,
            interval: (packet.sent_at - packet.first_sent_at).max(now - packet.delivered_at),
            prior_delivered: packet.delivered,
            tx_in_flight: packet.tx_in_flight,
            lost: self.lost - packet.lost,
            app_limited: packet.app_limited,
        }
    }

    /// The oldest packet, if it is lost now that `id` is delivered.
    pub(crate) fn lose(&mut self, id: u64) -> Option<Packet> {
        let oldest = self.packets.front()?;
        if oldest.id.saturating_add(THRESHOLD) > id {
            return None;
        }
        self.lost += self.size;
        self.packets.pop_front()
    }

    pub(crate) fn report(&self, packet: &Packet) -> Lost {
        Lost {
            bytes: self.size,
            tx_in_flight: packet.tx_in_flight,
            prior_lost: packet.lost,
            app_limited: packet.app_limited,
        }
    }
}
