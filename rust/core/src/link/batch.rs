//! A batch: the packets of a link with what is known of them together, so that a batch moves on at
//! a cost that does not depend on how many they are.
use crate::app::Context;
use crate::packet::{Packet, Pool};

/// Packets, oldest first, and what they have in common.
#[derive(Default)]
pub(crate) struct Batch {
    pub(super) packets: Vec<Packet>,
    pub(super) bytes: u64,
    /// Whether one of them may have a second buffer.
    pub(super) large: bool,
}

impl Batch {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self {
            packets: Vec::with_capacity(capacity),
            ..Self::default()
        }
    }

    /// A batch of packets of which nothing is known yet.
    pub(super) fn of(packets: Vec<Packet>) -> Self {
        let bytes = packets.iter().map(|packet| packet.len() as u64).sum();
        let large = packets.iter().any(Packet::is_large);
        Self {
            packets,
            bytes,
            large,
        }
    }

    /// The packets; a packet in a batch does not change.
    pub(crate) fn packets(&self) -> &[Packet] {
        &self.packets
    }

    /// How many bytes they have.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives all packets back to the pool.
    pub(crate) fn free(&mut self, pool: &mut Pool) {
        if self.large {
            pool.free_all(&mut self.packets);
        } else {
            pool.free_small(&mut self.packets);
        }
        self.forget();
    }

    #[inline]
    pub(super) fn push(&mut self, packet: Packet) {
        self.bytes += packet.len() as u64;
        self.large |= packet.is_large();
        self.packets.push(packet);
    }

    /// Takes the oldest packet out.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Packet> {
        let packet = (!self.packets.is_empty()).then(|| self.packets.remove(0))?;
        self.bytes -= packet.len() as u64;
        self.large &= !self.packets.is_empty();
        Some(packet)
    }

    /// Takes all packets of another one: in one move where there are none here yet.
    #[inline]
    pub(super) fn append(&mut self, other: &mut Self) {
        if self.packets.is_empty() {
            std::mem::swap(self, other);
        } else {
            self.append_behind(other);
        }
    }

    /// Takes all packets of another one, and keeps its own memory.
    pub(super) fn append_behind(&mut self, other: &mut Self) {
        self.packets.append(&mut other.packets);
        self.bytes += other.bytes;
        self.large |= other.large;
        other.forget();
    }

    /// Takes packets of which nothing is known yet.
    pub(super) fn append_unknown(&mut self, packets: &mut Vec<Packet>) {
        for packet in packets.iter() {
            self.bytes += packet.len() as u64;
            self.large |= packet.is_large();
        }
        self.packets.append(packets);
    }

    /// Knows that it is empty.
    pub(super) fn forget(&mut self) {
        (self.bytes, self.large) = (0, false);
    }
}

impl Context<'_> {
    /// Takes the batch that stands on an input link; `restore_batch` gives the emptied one back.
    #[inline]
    #[must_use]
    pub(crate) fn take_batch(&mut self, input: usize) -> Batch {
        self.links[self.inputs[input]].take_batch()
    }

    /// Gives the batch of an input link back; what is left in it goes first.
    #[inline]
    pub(crate) fn restore_batch(&mut self, input: usize, batch: Batch) {
        self.links[self.inputs[input]].restore_batch(batch);
    }
}
