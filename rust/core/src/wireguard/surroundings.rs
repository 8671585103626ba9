//! What peers have in common: who we are, the numbers of sessions, chance, and the way out.
use super::noise::Identity;
use super::sealing::When;
use crate::packet::{Packet, Pool};
use crate::rng::Stream;
use crate::stack::hash::{Key, Table};
use crate::time::Nanos;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, SocketAddr};

/// Where chance comes from: the system, or in virtual time the seed.
pub trait Entropy: Send {
    /// Fills with random bytes.
    fn fill(&mut self, bytes: &mut [u8]);
}

impl Entropy for Stream {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Random bytes.
pub(crate) fn random<const N: usize>(entropy: &mut dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// The type of service of handshakes, as Linux has it: assured forwarding, class 4, low drop (RFC 2597).
const HANDSHAKE_CLASS: u8 = 0x88;

/// A datagram that is to leave, or several of one size.
pub struct Outgoing {
    /// Where to.
    pub to: SocketAddr,
    /// Where from: the own address that the peer was last heard at, if it was.
    pub from: Option<IpAddr>,
    /// What is behind the UDP header.
    pub packet: Packet,
    /// Where it stands for several datagrams: bytes of each but the last.
    pub segment_size: Option<u16>,
    /// The type of service (RFC 2474), whose last two bits are ECN's.
    pub class: u8,
}

impl Outgoing {
    pub(crate) fn alone(packet: Packet, way: Way, class: u8) -> Self {
        Self {
            to: way.to,
            from: way.from,
            packet,
            segment_size: None,
            class,
        }
    }
}

/// How a datagram has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Arrival {
    /// Where from.
    pub source: SocketAddr,
    /// Which own address it was for, if that is known: answers leave from there.
    pub local: Option<IpAddr>,
    /// The ECN bits of its IP header.
    pub ecn: u8,
}

impl From<SocketAddr> for Arrival {
    fn from(source: SocketAddr) -> Self {
        Self {
            source,
            local: None,
            ecn: 0,
        }
    }
}

/// Where a peer is, and which own address it talks to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Way {
    pub(crate) to: SocketAddr,
    pub(crate) from: Option<IpAddr>,
}

impl From<Arrival> for Way {
    fn from(arrival: Arrival) -> Self {
        Self {
            to: arrival.source,
            from: arrival.local,
        }
    }
}

/// Whose the numbers of sessions are. They are drawn by chance, so that nobody guesses them.
pub(crate) struct Indices {
    owners: Table<u32, u32>,
}

impl Indices {
    pub(crate) fn new(key: Key) -> Self {
        let owners = Table::with_hasher(key);
        Self { owners }
    }

    /// A new number of a peer's.
    pub(crate) fn draw(&mut self, peer: u32, entropy: &mut dyn Entropy) -> u32 {
        loop {
            let number = u32::from_le_bytes(random(entropy));
            if let Entry::Vacant(free) = self.owners.entry(number) {
                free.insert(peer);
                return number;
            }
        }
    }

    /// Whose a number is.
    #[inline]
    pub(crate) fn owner(&self, number: u32) -> Option<u32> {
        self.owners.get(&number).copied()
    }

    /// These numbers are nobody's any more.
    pub(crate) fn release(&mut self, numbers: &mut Vec<u32>) {
        numbers.drain(..).for_each(|number| {
            self.owners.remove(&number);
        });
    }

    pub(crate) fn len(&self) -> usize {
        self.owners.len()
    }
}

/// What a peer reaches while it does something.
pub(crate) struct Surroundings<'a> {
    pub(crate) own: &'a Identity,
    pub(crate) indices: &'a mut Indices,
    pub(crate) entropy: &'a mut dyn Entropy,
    pub(crate) chance: &'a mut Stream,
    pub(crate) pool: &'a mut Pool,
    pub(crate) out: &'a mut Vec<Outgoing>,
    pub(crate) when: When,
    /// What of that stands there as text: its place, and whose session it is of.
    pub(crate) unsealed: &'a mut Vec<(usize, u32)>,
    /// The largest packet inside the tunnel, in bytes.
    pub(crate) mtu: usize,
    pub(crate) now: Nanos,
    /// The time of day, in nanoseconds since 1970.
    pub(crate) wall: Nanos,
}

impl Surroundings<'_> {
    /// Up to so many nanoseconds, by chance that need not be hard to guess.
    pub(crate) fn jitter(&mut self, most: Nanos) -> Nanos {
        self.chance.below(most.max(1))
    }

    /// Sealed messages leave to a peer, or such as will be.
    #[inline]
    pub(crate) fn leave(&mut self, outgoing: Outgoing, peer: u32) {
        if self.when == When::Later {
            self.unsealed.push((self.out.len(), peer));
        }
        self.out.push(outgoing);
    }

    /// A message of a handshake leaves.
    pub(crate) fn send(&mut self, message: &[u8], way: Way) {
        if let Some(packet) = self.pool.packet_from(message) {
            self.out.push(Outgoing::alone(packet, way, HANDSHAKE_CLASS));
        }
    }
}
