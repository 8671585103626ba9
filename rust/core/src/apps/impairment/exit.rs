//! Where packets leave an impairment: counted one by one, handed to the link together.
use super::lateness::Lateness;
use super::shares::Shares;
use crate::app::Context;
use crate::log::Event;
use crate::packet::{Packet, Pool};
use crate::time::Nanos;
use crate::wire::segment;

/// What has left, and what leaves in this breath.
pub(super) struct Exit {
    /// Whether packets wait, so that they can be late.
    waits: bool,
    packets: u64,
    bytes: u64,
    lateness: Lateness,
    /// What of it was whose, where several share the queue.
    pub(super) shares: Shares,
    /// Packets for the link. Its memory is that of whoever leaves them next, where there are none.
    leaving: Vec<Packet>,
}

impl Exit {
    pub(super) fn new(waits: bool) -> Self {
        Self {
            waits,
            packets: 0,
            bytes: 0,
            lateness: Lateness::new(),
            shares: Shares::default(),
            leaving: Vec::new(),
        }
    }

    pub(super) fn set_waits(&mut self, waits: bool) {
        self.waits = waits;
    }

    /// Packets that have left.
    pub(super) const fn packets(&self) -> u64 {
        self.packets
    }

    /// Bytes that have left.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How late they were.
    pub(super) const fn lateness(&self) -> &Lateness {
        &self.lateness
    }

    /// Takes a packet that leaves, and the moment at which it was due.
    #[inline]
    pub(super) fn leave(&mut self, due: Nanos, mut packet: Packet, context: &mut Context<'_>) {
        if self.waits {
            self.lateness.record(context.now.saturating_sub(due));
        }
        let (packets, bytes) = segment::weight(&packet);
        self.packets += packets;
        self.bytes += bytes;
        if !self.shares.is_empty() {
            self.shares.left(packet.class(), packets, bytes);
        }
        context.record(due, Event::Out, &packet);
        packet.set_arrived(due);
        if self.leaving.capacity() == 0 {
            std::mem::swap(&mut self.leaving, context.spare);
        }
        self.leaving.push(packet);
    }

    /// Whether something waits for room on the link.
    pub(super) fn is_blocked(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// Hands over what has left since the last time: to that port, or to nobody. What the link has
    /// no room for goes in the next breath, when the app behind it has taken the rest.
    pub(super) fn transmit(&mut self, port: Option<usize>, context: &mut Context<'_>) {
        let Some(port) = port else {
            self.free(context.pool);
            return;
        };
        let (link, pool) = context.output(port);
        if self.leaving.len() <= link.room() {
            if self.leaving.len() > 1 {
                link.transmit_all(&mut self.leaving, pool);
            } else if let Some(packet) = self.leaving.pop() {
                link.transmit(packet, pool);
            }
            std::mem::swap(&mut self.leaving, context.spare);
        } else {
            let later = self.leaving.split_off(link.room());
            link.transmit_all(&mut self.leaving, pool);
            self.leaving = later;
        }
    }

    /// Gives back what has not been handed over.
    pub(super) fn free(&mut self, pool: &mut Pool) {
        self.leaving.drain(..).for_each(|packet| pool.free(packet));
    }
}
