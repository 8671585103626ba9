//! No management: a full queue drops its oldest packets for the one that arrives.
use super::{Discipline, held_in_fifo};
use crate::apps::impairment::fifo::Fifo;
use crate::apps::impairment::parcel::Parcel;
use crate::apps::impairment::rules::{Drops, Rules};
use crate::cause::Cause;
use crate::time::Nanos;

/// First in, first out; over the limits the first is dropped.
#[derive(Debug)]
pub struct Drophead<P> {
    fifo: Fifo<P>,
}

impl<P> Default for Drophead<P> {
    fn default() -> Self {
        Self {
            fifo: Fifo::default(),
        }
    }
}

impl<P: Parcel> Discipline<P> for Drophead<P> {
    #[inline]
    fn enqueue(&mut self, packet: P, now: Nanos, rules: &mut Rules, drops: &mut Drops<P>) {
        self.fifo.push(packet, now);
        while rules.exceeded(self.fifo.packets(), self.fifo.bytes()) {
            let Some(oldest) = self.fifo.pop() else {
                return;
            };
            drops.push((oldest.packet, Cause::Queue));
        }
    }

    #[inline]
    fn dequeue(&mut self, _: Nanos, _: &mut Rules, _: &mut Drops<P>) -> Option<P> {
        Some(self.fifo.pop()?.packet)
    }

    held_in_fifo!();
}
