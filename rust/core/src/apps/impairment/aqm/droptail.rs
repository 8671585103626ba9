//! No management: a full queue refuses what arrives.
use super::{Discipline, held_in_fifo};
use crate::apps::impairment::fifo::Fifo;
use crate::apps::impairment::parcel::Parcel;
use crate::apps::impairment::rules::{Drops, Rules};
use crate::time::Nanos;

/// First in, first out, up to the limits.
#[derive(Debug)]
pub struct Droptail<P> {
    fifo: Fifo<P>,
}

impl<P> Default for Droptail<P> {
    fn default() -> Self {
        Self {
            fifo: Fifo::default(),
        }
    }
}

impl<P: Parcel> Discipline<P> for Droptail<P> {
    #[inline]
    fn enqueue(&mut self, packet: P, now: Nanos, rules: &mut Rules, drops: &mut Drops<P>) {
        self.fifo.push_within(packet, now, rules, drops);
    }

    #[inline]
    fn dequeue(&mut self, _: Nanos, _: &mut Rules, _: &mut Drops<P>) -> Option<P> {
        Some(self.fifo.pop()?.packet)
    }

    held_in_fifo!();
}
