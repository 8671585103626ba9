//! Where the first fragments of packets went, for the later ones to follow: a bounded table.
use crate::packet::Packet;
use crate::time::{Nanos, SECOND};
use crate::wire::headers::Layers;
use std::collections::{BTreeMap, VecDeque};

/// How many packets in fragments are remembered; the oldest makes room for the next.
const REMEMBERED: usize = 4096;
/// How long a packet's fragments follow the first: within what reassembly waits (RFC 791 §3.2
/// suggests 15 s, RFC 8200 §4.5 says 60 s, Linux takes 30 s).
pub(super) const TIME_OUT: Nanos = 30 * SECOND;

/// A choice: the number of a filter, or none for the rest.
pub(super) type Choice = Option<usize>;

/// What the fragments of one packet share.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Key {
    addresses: [u8; 32],
    ip_version: u8,
    protocol: u8,
    id: u32,
}

impl Key {
    /// The key of a fragment, and whether it is its packet's first.
    pub(super) fn of(packet: &Packet, layers: &Layers) -> Option<(Self, bool)> {
        let fragment = layers.fragment?;
        let mut addresses = [0; 32];
        let both = layers.addresses(packet.bytes());
        addresses[..both.len()].copy_from_slice(both);
        let key = Self {
            addresses,
            ip_version: layers.ip_version,
            protocol: layers.l4_protocol,
            id: fragment.id,
        };
        Some((key, fragment.offset == 0))
    }
}

/// Where the first fragment of a packet went, and when.
#[derive(Clone, Copy, Debug)]
struct First {
    choice: Choice,
    at: Nanos,
    number: u64,
}

/// Where first fragments went.
#[derive(Default)]
pub(super) struct Fragments {
    known: BTreeMap<Key, First>,
    /// Every entry ever made, oldest first, until it is forgotten; one whose number is no longer
    /// the key's was replaced by a later one.
    order: VecDeque<(Key, u64)>,
    made: u64,
}

impl Fragments {
    /// Says where a first fragment went.
    pub(super) fn remember(&mut self, key: Key, choice: Choice, at: Nanos) {
        if self.order.len() == REMEMBERED {
            self.forget_oldest();
        }
        let number = self.made;
        self.made += 1;
        self.known.insert(key, First { choice, at, number });
        self.order.push_back((key, number));
    }

    fn forget_oldest(&mut self) {
        let Some((key, number)) = self.order.pop_front() else {
            return;
        };
        let first = self.known.get(&key);
        if first.is_some_and(|first| first.number == number) {
            self.known.remove(&key);
        }
    }

    /// Where the first fragment went, if it is known and not too long ago.
    pub(super) fn recall(&self, key: &Key, now: Nanos) -> Option<Choice> {
        let first = self.known.get(key)?;
        let fresh = now.saturating_sub(first.at) < TIME_OUT;
        fresh.then_some(first.choice)
    }

    /// Follows filters to their new numbers: what went to one that is gone is forgotten.
    pub(super) fn follow(&mut self, moved: &[Choice]) {
        self.known.retain(|_, first| {
            let Some(number) = first.choice else {
                return true;
            };
            first.choice = moved.get(number).copied().flatten();
            first.choice.is_some()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_packets_make_room() {
        let mut fragments = Fragments::default();
        let key = |id| Key {
            addresses: [0; 32],
            ip_version: 4,
            protocol: 17,
            id,
        };
        fragments.remember(key(0), Some(7), 0);
        fragments.remember(key(0), Some(8), 0);
        for id in 1..REMEMBERED as u32 {
            fragments.remember(key(id), None, 0);
        }
        assert_eq!(fragments.recall(&key(0), 1), Some(Some(8)));
        fragments.remember(key(9999), None, 0);
        assert_eq!(fragments.recall(&key(0), 1), None);
        assert_eq!(fragments.recall(&key(1), 1), Some(None));
        assert_eq!(
            (fragments.known.len(), fragments.order.len()),
            (REMEMBERED, REMEMBERED)
        );
    }
}
