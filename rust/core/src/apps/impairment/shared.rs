//! A queue that several share: deficit round robin (Shreedhar and Varghese, "Efficient Fair Queuing
//! using Deficit Round Robin", SIGCOMM 1995) with weights. Each has a discipline of its own; the
//! limits are those of all together, and where they are reached whoever holds most gives way
//! (section 3 there, after McKenney's buffer stealing).
use super::aqm::{Aqm, AqmParams, Discipline};
use super::fifo::Entry;
use super::parcel::Parcel;
use super::rules::{Drops, Rules};
use crate::cause::Cause;
use crate::time::Nanos;
use std::cmp::Reverse;
use std::collections::VecDeque;

/// Bytes that the one with the least weight may send in a turn: no less than a packet, or turns
/// would pass by in vain. As FQ-CoDel has it (RFC 8290 §5.2.4).
const QUANTUM: i64 = 1514;

/// One of those that share.
#[derive(Debug)]
struct Share<P> {
    aqm: Aqm<P>,
    weight: u32,
    /// Bytes that it may still send in this turn; below zero where its last packet was longer.
    credits: i64,
    listed: bool,
}

/// A queue that several share.
#[derive(Debug)]
pub struct Shared<P> {
    params: AqmParams,
    shares: Vec<Share<P>>,
    /// Those with packets, in the order of their turns.
    turns: VecDeque<u16>,
    least_weight: u32,
    packets: u64,
    bytes: u64,
}

impl<P: Parcel> Shared<P> {
    /// Empty, with a share for each weight: a packet belongs to the one of its class, to the first
    /// where there is none.
    #[must_use]
    pub fn new(weights: &[u32], params: &AqmParams) -> Self {
        let mut shared = Self {
            params: *params,
            shares: Vec::new(),
            turns: VecDeque::new(),
            least_weight: 1,
            packets: 0,
            bytes: 0,
        };
        shared.set(weights, params);
        shared
    }

    /// Takes other weights and another discipline; what waits stays. A share that is gone gives
    /// its packets to the first.
    pub fn set(&mut self, weights: &[u32], params: &AqmParams) {
        self.params = *params;
        self.least_weight = weights.iter().copied().min().unwrap_or(1).max(1);
        let kept = weights.len().max(1);
        let gone: Vec<Entry<P>> = match self.shares.len() > kept {
            true => self.shares[kept..]
                .iter_mut()
                .flat_map(|share| share.aqm.drain())
                .collect(),
            false => Vec::new(),
        };
        self.shares.truncate(kept);
        self.turns.retain(|number| usize::from(*number) < kept);
        for share in &mut self.shares {
            share.aqm.reconfigure(params);
        }
        self.shares.resize_with(kept, || Share {
            aqm: Aqm::new(params),
            weight: 1,
            credits: 0,
            listed: false,
        });
        for (share, weight) in self.shares.iter_mut().zip(weights) {
            share.weight = (*weight).max(1);
        }
        for entry in gone {
            (self.packets, self.bytes) = (self.packets - 1, self.bytes - u64::from(entry.len));
            self.adopt_into(0, entry);
        }
    }

    /// Packets and bytes that wait of one share.
    #[must_use]
    pub fn held(&self, number: usize) -> (u64, u64) {
        let share = self.shares.get(number);
        share.map_or((0, 0), |share| (share.aqm.packets(), share.aqm.bytes()))
    }

    fn number(&self, packet: &P) -> u16 {
        let class = packet.class();
        if usize::from(class) < self.shares.len() {
            class
        } else {
            0
        }
    }

    fn quantum(&self, number: u16) -> i64 {
        let weight = i64::from(self.shares[usize::from(number)].weight);
        QUANTUM * weight / i64::from(self.least_weight)
    }

    /// Has a share do something with its packets, and counts what became of them.
    fn with<R>(&mut self, number: u16, work: impl FnOnce(&mut Aqm<P>) -> R) -> R {
        let aqm = &mut self.shares[usize::from(number)].aqm;
        let (packets, bytes) = (aqm.packets(), aqm.bytes());
        let result = work(aqm);
        self.packets = self.packets + aqm.packets() - packets;
        self.bytes = self.bytes + aqm.bytes() - bytes;
        result
    }

    fn list(&mut self, number: u16) {
        let quantum = self.quantum(number);
        let share = &mut self.shares[usize::from(number)];
        if !share.listed && share.aqm.packets() > 0 {
            (share.listed, share.credits) = (true, quantum);
            self.turns.push_back(number);
        }
    }

    /// Whoever holds the most bytes; of equal ones the first.
    fn greatest(&self) -> Option<u16> {
        let held = |number: &u16| self.shares[usize::from(*number)].aqm.bytes();
        let most = |number: &&u16| (held(number), Reverse(**number));
        self.turns.iter().max_by_key(most).copied()
    }

    /// Makes room for a packet of `len` bytes of one share at the expense of whoever holds most;
    /// whether there is room now. Nobody makes room for oneself, but by a discipline that does.
    fn make_room(
        &mut self,
        number: u16,
        len: u32,
        now: Nanos,
        rules: &mut Rules,
        drops: &mut Drops<P>,
    ) -> bool {
        while !rules.fits(self.packets, self.bytes, len) {
            let greatest = self.greatest();
            let own = greatest.is_none_or(|greatest| greatest == number);
            let Some(greatest) = greatest.filter(|_| !own || self.gives_way()) else {
                return false;
            };
            let head = self.with(greatest, |aqm| aqm.dequeue(now, rules, drops));
            drops.extend(head.map(|packet| (packet, Cause::Queue)));
        }
        true
    }

    fn gives_way(&self) -> bool {
        matches!(self.params, AqmParams::Drophead {})
    }

    fn adopt_into(&mut self, number: u16, entry: Entry<P>) {
        self.with(number, |aqm| aqm.adopt(entry));
        self.list(number);
    }
}

impl<P: Parcel> Discipline<P> for Shared<P> {
    fn enqueue(&mut self, packet: P, now: Nanos, rules: &mut Rules, drops: &mut Drops<P>) {
        let number = self.number(&packet);
        if self.make_room(number, packet.wire_len(), now, rules, drops) {
            self.with(number, |aqm| aqm.enqueue(packet, now, rules, drops));
            self.list(number);
        } else {
            drops.push((packet, Cause::Queue));
        }
    }

    fn dequeue(&mut self, now: Nanos, rules: &mut Rules, drops: &mut Drops<P>) -> Option<P> {
        loop {
            let number = *self.turns.front()?;
            if self.shares[usize::from(number)].credits <= 0 {
                self.shares[usize::from(number)].credits += self.quantum(number);
                self.turns.rotate_left(1);
                continue;
            }
            let packet = self.with(number, |aqm| aqm.dequeue(now, rules, drops));
            let share = &mut self.shares[usize::from(number)];
            if share.aqm.packets() == 0 {
                (share.listed, share.credits) = (false, 0);
                self.turns.pop_front();
            } else if let Some(packet) = &packet {
                share.credits -= i64::from(packet.wire_len());
            }
            if packet.is_some() {
                return packet;
            }
        }
    }

    fn packets(&self) -> u64 {
        self.packets
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn head_sojourn(&self, now: Nanos) -> Option<Nanos> {
        let shares = self.shares.iter();
        shares.filter_map(|share| share.aqm.head_sojourn(now)).max()
    }

    fn adopt(&mut self, entry: Entry<P>) {
        let number = self.number(&entry.packet);
        self.adopt_into(number, entry);
    }

    fn drain(&mut self) -> Vec<Entry<P>> {
        let shares = self.shares.iter_mut();
        let mut entries: Vec<_> = shares.flat_map(|share| share.aqm.drain()).collect();
        entries.sort_by_key(|entry| entry.enqueued);
        for share in &mut self.shares {
            (share.listed, share.credits) = (false, 0);
        }
        self.turns.clear();
        (self.packets, self.bytes) = (0, 0);
        entries
    }
}

#[cfg(test)]
mod tests;
