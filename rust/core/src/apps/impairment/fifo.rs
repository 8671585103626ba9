//! Packets in the order of their arrival, each with its time.
use super::parcel::Parcel;
use super::rules::{Drops, Rules};
use crate::cause::Cause;
use crate::time::Nanos;
use std::collections::VecDeque;

/// A packet that waits.
#[derive(Debug)]
pub struct Entry<P> {
    /// The packet.
    pub packet: P,
    /// When it was queued.
    pub enqueued: Nanos,
    /// Its bytes on the wire when it was queued.
    pub len: u32,
}

/// A first-in first-out list that knows its bytes.
#[derive(Debug)]
pub struct Fifo<P> {
    entries: VecDeque<Entry<P>>,
    bytes: u64,
}

impl<P> Default for Fifo<P> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
        }
    }
}

impl<P: Parcel> Fifo<P> {
    /// Appends a packet that came at `now`.
    #[inline]
    pub fn push(&mut self, packet: P, now: Nanos) {
        let len = packet.wire_len();
        self.append_sized(packet, now, len);
    }

    #[inline]
    fn append_sized(&mut self, packet: P, now: Nanos, len: u32) {
        self.append(Entry {
            packet,
            enqueued: now,
            len,
        });
    }

    /// Appends a packet if the limits allow it; drops it otherwise.
    #[inline]
    pub fn push_within(&mut self, packet: P, now: Nanos, rules: &Rules, drops: &mut Drops<P>) {
        let len = packet.wire_len();
        if rules.fits(self.packets(), self.bytes, len) {
            self.append_sized(packet, now, len);
        } else {
            drops.push((packet, Cause::Queue));
        }
    }
}

impl<P> Fifo<P> {
    /// Appends a packet that came earlier.
    #[inline]
    pub fn append(&mut self, entry: Entry<P>) {
        self.bytes += u64::from(entry.len);
        self.entries.push_back(entry);
    }

    /// Takes the oldest packet.
    #[inline]
    pub fn pop(&mut self) -> Option<Entry<P>> {
        let entry = self.entries.pop_front()?;
        self.bytes -= u64::from(entry.len);
        Some(entry)
    }

    /// How many packets wait.
    #[inline]
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.entries.len() as u64
    }

    /// How many bytes wait.
    #[inline]
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How long the oldest packet has waited; none where nothing waits.
    #[must_use]
    pub fn head_sojourn(&self, now: Nanos) -> Option<Nanos> {
        let head = self.entries.front()?;
        Some(now.saturating_sub(head.enqueued))
    }

    /// Takes all, oldest first.
    pub fn drain(&mut self) -> impl Iterator<Item = Entry<P>> + '_ {
        self.bytes = 0;
        self.entries.drain(..)
    }
}
