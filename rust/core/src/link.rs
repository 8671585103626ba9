//! Links: bounded one-way rings between two ports. Full means drop and count, never wait.
mod batch;

use crate::packet::{Packet, Pool};
pub(crate) use batch::Batch;
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
    batch: Batch,
    taken: u64,
    bytes: u64,
    dropped: u64,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            batch: Batch::with_capacity(CAPACITY),
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
        if self.len() == CAPACITY {
            self.dropped += 1;
            pool.free(packet);
            return;
        }
        self.bytes += packet.len() as u64;
        self.batch.push(packet);
    }

    /// Counts a packet that goes past.
    #[inline]
    pub(crate) fn pass(&mut self, packet: &Packet) {
        self.taken += 1;
        self.bytes += packet.len() as u64;
    }

    /// Counts as its own what comes into another link, from now until [`Self::counted`].
    #[inline]
    pub(crate) fn count_from(&mut self, other: &LinkCounters) {
        self.taken = self.taken.wrapping_sub(other.packets);
        self.bytes = self.bytes.wrapping_sub(other.bytes);
        self.dropped = self.dropped.wrapping_sub(other.dropped);
    }

    /// The end of what it counts as its own.
    #[inline]
    pub(crate) fn counted(&mut self, other: &LinkCounters) {
        self.taken = self.taken.wrapping_add(other.packets);
        self.bytes = self.bytes.wrapping_add(other.bytes);
        self.dropped = self.dropped.wrapping_add(other.dropped);
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
        let before = self.batch.bytes;
        self.batch.append_unknown(packets);
        self.bytes += self.batch.bytes - before;
    }

    /// Puts a whole batch in; the packets for which there is no room are dropped.
    #[inline]
    pub(crate) fn transmit_batch(&mut self, batch: &mut Batch, pool: &mut Pool) {
        if batch.packets.len() > self.room() {
            self.transmit_all(&mut batch.packets, pool);
            batch.forget();
            return;
        }
        self.bytes += batch.bytes;
        self.batch.append(batch);
    }

    /// Puts copies of all these packets in, up to the room that there is.
    #[inline]
    pub fn transmit_copies<'a, I>(&mut self, of: I, pool: &mut Pool)
    where
        I: ExactSizeIterator<Item = &'a Packet>,
    {
        self.dropped += of.len().saturating_sub(self.room()) as u64;
        let bytes = pool.copies(of.take(self.room()), &mut self.batch.packets);
        self.add_copied(bytes, true);
    }

    fn add_copied(&mut self, bytes: u64, large: bool) {
        self.bytes += bytes;
        self.batch.bytes += bytes;
        self.batch.large |= large;
    }

    /// Puts copies of a whole batch in, up to the room that there is.
    #[inline]
    pub(crate) fn transmit_copies_of(&mut self, of: &Batch, pool: &mut Pool) {
        let fitting = of.packets.len().min(self.room());
        self.dropped += (of.packets.len() - fitting) as u64;
        let bytes = pool.copies(of.packets[..fitting].iter(), &mut self.batch.packets);
        self.add_copied(bytes, of.large);
    }

    /// Puts copies of one packet in, up to the room that there is.
    #[inline]
    pub(crate) fn transmit_repeated(&mut self, of: &Packet, count: usize, pool: &mut Pool) {
        let fitting = count.min(self.room());
        self.dropped += (count - fitting) as u64;
        let bytes = pool.repeat(of, fitting, &mut self.batch.packets);
        self.add_copied(bytes, of.is_large());
    }

    /// Takes the oldest packet out.
    #[inline]
    pub fn receive(&mut self) -> Option<Packet> {
        let packet = self.batch.pop()?;
        self.taken += 1;
        Some(packet)
    }

    pub(crate) fn take(&mut self) -> Vec<Packet> {
        self.take_batch().packets
    }

    pub(crate) fn restore(&mut self, ring: Vec<Packet>) {
        self.restore_batch(Batch::of(ring));
    }

    #[inline]
    pub(crate) fn take_batch(&mut self) -> Batch {
        self.taken += self.len() as u64;
        std::mem::take(&mut self.batch)
    }

    #[inline]
    pub(crate) fn restore_batch(&mut self, mut batch: Batch) {
        self.taken -= batch.packets.len() as u64;
        if !self.is_empty() {
            batch.append_behind(&mut self.batch);
        }
        self.batch = batch;
    }

    /// The oldest packet, left where it is.
    #[must_use]
    pub fn peek(&self) -> Option<&Packet> {
        self.batch.packets.first()
    }

    /// The packets inside, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Packet> {
        self.batch.packets.iter()
    }

    /// How many packets are inside.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.packets.len()
    }

    /// Whether no packet is inside.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.packets.is_empty()
    }

    /// How many more packets fit.
    #[inline]
    #[must_use]
    pub fn room(&self) -> usize {
        CAPACITY - self.batch.packets.len()
    }

    /// What went through so far.
    #[inline]
    #[must_use]
    pub fn counters(&self) -> LinkCounters {
        let packets = self.taken + self.batch.packets.len() as u64;
        LinkCounters {
            packets,
            bytes: self.bytes,
            dropped: self.dropped,
        }
    }
}
