//! Who sends or gets most: Metwally, Agrawal and El Abbadi, "Efficient Computation of Frequent and
//! Top-k Elements in Data Streams" (ICDT 2005), by bytes. As long as there are no more than
//! [`MOST`], every count is exact. After that a newcomer takes the place of the one with the least,
//! and of its count so much is in doubt as that one had; what is in doubt is told as others'.
use super::tuple::Connection;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::IpAddr;

/// How many talkers are counted by themselves, as synthetic-network has it.
pub(super) const MOST: usize = 2048;
/// How many of them are named when somebody asks.
const NAMED: usize = 64;

/// Which end of a packet is the remote one.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Remote {
    /// Where it comes from.
    Source,
    /// Where it goes.
    Destination,
}

/// A remote address, its port (0 where there is none) and the protocol.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Talker {
    pub(super) address: IpAddr,
    pub(super) port: u16,
    pub(super) protocol: u8,
}

impl Talker {
    /// The remote end of a connection.
    pub(super) fn of(connection: &Connection, remote: Remote) -> Self {
        let (address, port) = match remote {
            Remote::Source => connection.source,
            Remote::Destination => connection.destination,
        };
        Self {
            address,
            port,
            protocol: connection.protocol,
        }
    }
}

/// Where a talker is counted: good for as long as that is still its place.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Place {
    slot: u16,
    /// Which of those that had the slot, one after another; the first is 1.
    tenant: u32,
}

#[derive(Debug)]
struct Count {
    talker: Talker,
    tenant: u32,
    packets: u64,
    bytes: u64,
    /// What the one before had, of which nobody knows how much is this one's.
    doubted: (u64, u64),
}

/// The talkers of a direction.
#[derive(Default)]
pub(super) struct Talkers {
    counts: Vec<Count>,
    places: BTreeMap<Talker, u16>,
    /// What each slot had when it was last looked at, the least first. One that has more by now is
    /// put back when it comes up, so that counting needs no look at it.
    least: BinaryHeap<Reverse<(u64, u16)>>,
    foreign: (u64, u64),
    replaced: u64,
}

impl Talkers {
    /// Counts at a place; whether it is still the talker's.
    #[inline]
    pub(super) fn add_at(&mut self, place: Place, packets: u64, bytes: u64) -> bool {
        let count = self.counts.get_mut(usize::from(place.slot));
        let Some(count) = count.filter(|count| count.tenant == place.tenant) else {
            return false;
        };
        count.packets += packets;
        count.bytes += bytes;
        true
    }

    /// Counts what a talker sent or got, and says where.
    pub(super) fn add(&mut self, talker: Talker, packets: u64, bytes: u64) -> Place {
        let slot = match self.places.get(&talker) {
            Some(slot) => *slot,
            None => self.settle(talker),
        };
        let tenant = self.counts[usize::from(slot)].tenant;
        let place = Place { slot, tenant };
        self.add_at(place, packets, bytes);
        place
    }

    /// Counts what is nobody's, as it is not IP.
    pub(super) fn add_foreign(&mut self, packets: u64, bytes: u64) {
        self.foreign.0 += packets;
        self.foreign.1 += bytes;
    }

    fn settle(&mut self, talker: Talker) -> u16 {
        let slot = if self.counts.len() < MOST {
            self.counts.push(Count {
                talker,
                tenant: 1,
                packets: 0,
                bytes: 0,
                doubted: (0, 0),
            });
            (self.counts.len() - 1) as u16
        } else {
            self.replace_least(talker)
        };
        let bytes = self.counts[usize::from(slot)].bytes;
        self.least.push(Reverse((bytes, slot)));
        self.places.insert(talker, slot);
        slot
    }

    fn replace_least(&mut self, talker: Talker) -> u16 {
        let slot = self.take_least();
        let count = &mut self.counts[usize::from(slot)];
        self.places.remove(&count.talker);
        count.talker = talker;
        count.tenant = count.tenant.wrapping_add(1).max(1);
        count.doubted = (count.packets, count.bytes);
        self.replaced += 1;
        slot
    }

    /// The slot with the fewest bytes, of equal ones the first, taken off the heap.
    fn take_least(&mut self) -> u16 {
        while let Some(Reverse((seen, slot))) = self.least.pop() {
            let bytes = self.counts[usize::from(slot)].bytes;
            if bytes == seen {
                return slot;
            }
            self.least.push(Reverse((bytes, slot)));
        }
        0
    }

    /// The first of them, those with the most bytes first, and all others together.
    pub(super) fn to_json(&self) -> Value {
        let sure = |count: &Count| {
            (
                count.packets - count.doubted.0,
                count.bytes - count.doubted.1,
            )
        };
        let mut order: Vec<&Count> = self.counts.iter().collect();
        order.sort_by_key(|count| (Reverse(sure(count).1), count.talker));
        let named: Vec<Value> = order
            .iter()
            .take(NAMED)
            .map(|count| {
                let (packets, bytes) = sure(count);
                let Talker {
                    address,
                    port,
                    protocol,
                } = count.talker;
                json!({
                    "address": address, "port": port, "protocol": protocol,
                    "packets": packets, "bytes": bytes,
                    "doubted_packets": count.doubted.0, "doubted_bytes": count.doubted.1,
                })
            })
            .collect();
        let unnamed = order.iter().skip(NAMED).map(|count| sure(count));
        let doubted = order.iter().map(|count| count.doubted);
        let sum = |all: (u64, u64), one: (u64, u64)| (all.0 + one.0, all.1 + one.1);
        let others = unnamed
            .chain(doubted)
            .chain([self.foreign])
            .fold((0, 0), sum);
        json!({
            "talkers": named,
            "others": {"packets": others.0, "bytes": others.1},
            "known": self.counts.len(), "replaced": self.replaced,
        })
    }
}

#[cfg(test)]
mod tests;
