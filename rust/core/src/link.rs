//! Links: bounded one-way rings between two ports. Full means drop and count, never wait.
use crate::packet::{Packet, Pool};
use serde::Serialize;
use std::collections::VecDeque;

/// How many packets a link holds.
pub const CAPACITY: usize = 1024;

/// What went through a link.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct LinkCounters {
    /// Packets taken in.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Packets refused because the link was full.
    pub dropped: u64,
}

/// A bounded one-way ring between two ports.
pub struct Link {
    ring: VecDeque<Packet>,
    counters: LinkCounters,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            ring: VecDeque::with_capacity(CAPACITY),
            counters: LinkCounters::default(),
        }
    }
}

impl Link {
    /// Puts a packet in; where the link is full it goes back to the pool and is counted.
    #[inline]
    pub fn transmit(&mut self, packet: Packet, pool: &mut Pool) {
        if self.ring.len() == CAPACITY {
            self.counters.dropped += 1;
            pool.free(packet);
            return;
        }
        self.counters.packets += 1;
        self.counters.bytes += packet.len() as u64;
        self.ring.push_back(packet);
    }

    /// Takes the oldest packet out.
    #[inline]
    pub fn receive(&mut self) -> Option<Packet> {
        self.ring.pop_front()
    }

    pub(crate) fn take(&mut self) -> VecDeque<Packet> {
        std::mem::take(&mut self.ring)
    }

    pub(crate) fn restore(&mut self, mut ring: VecDeque<Packet>) {
        ring.append(&mut self.ring);
        self.ring = ring;
    }

    /// The oldest packet, left where it is.
    #[must_use]
    pub fn peek(&self) -> Option<&Packet> {
        self.ring.front()
    }

    /// The packets inside, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Packet> {
        self.ring.iter()
    }

    /// How many packets are inside.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Whether no packet is inside.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// How many more packets fit.
    #[inline]
    #[must_use]
    pub fn room(&self) -> usize {
        CAPACITY - self.ring.len()
    }

    /// What went through so far.
    #[must_use]
    pub fn counters(&self) -> LinkCounters {
        self.counters
    }
}
