//! Links: bounded one-way rings between two ports. Full means drop and count, never wait.
use crate::packet::{Packet, Pool};
use serde::Serialize;

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
    ring: Vec<Packet>,
    taken: u64,
    bytes: u64,
    dropped: u64,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            ring: Vec::with_capacity(CAPACITY),
            taken: 0,
            bytes: 0,
            dropped: 0,
        }
    }
}

impl Link {
    /// Puts a packet in; where the link is full it goes back to the pool and is counted.
    #[inline]
    pub fn transmit(&mut self, packet: Packet, pool: &mut Pool) {
        if self.ring.len() == CAPACITY {
            self.dropped += 1;
            pool.free(packet);
            return;
        }
        self.bytes += packet.len() as u64;
        self.ring.push(packet);
    }

    /// Puts all these packets in; those for which there is no room are dropped.
    #[inline]
    pub fn transmit_all(&mut self, packets: &mut Vec<Packet>, pool: &mut Pool) {
        if packets.len() > self.room() {
            packets
                .drain(..)
                .for_each(|packet| self.transmit(packet, pool));
            return;
        }
        self.bytes += packets
            .iter()
            .map(|packet| packet.len() as u64)
            .sum::<u64>();
        self.ring.append(packets);
    }

    /// Puts copies of all these packets in, up to the room that there is.
    #[inline]
    pub fn transmit_copies<'a, I>(&mut self, of: I, pool: &mut Pool)
    where
        I: ExactSizeIterator<Item = &'a Packet> + Clone,
    {
        self.dropped += of.len().saturating_sub(self.room()) as u64;
        self.bytes += pool.copies(of.take(self.room()), &mut self.ring);
    }

    /// Takes the oldest packet out.
    #[inline]
    pub fn receive(&mut self) -> Option<Packet> {
        let packet = (!self.ring.is_empty()).then(|| self.ring.remove(0))?;
        self.taken += 1;
        Some(packet)
    }

    pub(crate) fn take(&mut self) -> Vec<Packet> {
        self.taken += self.ring.len() as u64;
        std::mem::take(&mut self.ring)
    }

    pub(crate) fn restore(&mut self, mut ring: Vec<Packet>) {
        self.taken -= ring.len() as u64;
        ring.append(&mut self.ring);
        self.ring = ring;
    }

    /// The oldest packet, left where it is.
    #[must_use]
    pub fn peek(&self) -> Option<&Packet> {
        self.ring.first()
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
        let packets = self.taken + self.ring.len() as u64;
        LinkCounters {
            packets,
            bytes: self.bytes,
            dropped: self.dropped,
        }
    }
}
