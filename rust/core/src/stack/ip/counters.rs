//! What was dropped, and why; what was sent about it.
use serde_json::{Map, Value};

/// Why a packet went no further, by the name that statistics give it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Dropped {
    /// Cut short, or its fields belie each other.
    Malformed,
    /// A checksum is wrong.
    BadChecksum,
    /// Its source is nobody's address, or its destination nothing that can be.
    BadAddress,
    /// Not for this host, which does not forward.
    NotHere,
    /// A frame for another station, or of a protocol that is not IP.
    NotIp,
    /// No route leads to its destination.
    NoRoute,
    /// No link is at the interface.
    NoLink,
    /// Nobody listens there.
    NoSocket,
    /// A protocol, or a header, that is unknown here.
    Unknown,
    /// Its hop limit was used up.
    Ttl,
    /// Larger than the next link takes, and not to be cut.
    TooBig,
    /// The rest of its fragments did not come in time.
    ReassemblyTimeout,
    /// Fragments that overlap.
    ReassemblyOverlap,
    /// No room for more fragments.
    ReassemblyFull,
    /// The next hop did not answer.
    NeighbourFailed,
    /// Too many packets wait for the next hop to answer.
    NeighbourFull,
    /// A socket's queue, or that of packets to the host itself, is full.
    QueueFull,
    /// The host has no room for another connection.
    NoMemory,
    /// An ICMP error was not sent: too many.
    IcmpLimited,
}

const NAMES: [&str; 19] = [
    "malformed",
    "bad_checksum",
    "bad_address",
    "not_here",
    "not_ip",
    "no_route",
    "no_link",
    "no_socket",
    "unknown_protocol",
    "ttl",
    "too_big",
    "reassembly_timeout",
    "reassembly_overlap",
    "reassembly_full",
    "neighbour_failed",
    "neighbour_full",
    "queue_full",
    "no_memory",
    "icmp_limited",
];

/// How often each happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drops([u64; NAMES.len()]);

impl Drops {
    #[inline]
    pub(crate) fn count(&mut self, cause: Dropped) {
        if let Some(count) = self.0.get_mut(cause as usize) {
            *count += 1;
        }
    }

    /// Those that happened, by name.
    pub(crate) fn to_json(&self) -> Map<String, Value> {
        let named = NAMES.iter().zip(self.0).filter(|(_, count)| *count > 0);
        named
            .map(|(name, count)| ((*name).into(), count.into()))
            .collect()
    }
}
