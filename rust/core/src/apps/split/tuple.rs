//! What packets of one connection and direction have in common, and where it stands in them.
use crate::packet::Packet;
use crate::wire::bpf::Sight;
use crate::wire::headers::Layers;
use std::net::IpAddr;

/// The most bytes of a link header that are compared: Ethernet with two tags.
const MOST_LINK: usize = 22;
/// Where the parts stand: addresses, ports, first byte of the header, flags and fragment offset,
/// protocol, link header, its length, and what of all this is there.
const PORTS: usize = 32;
const FIRST: usize = 36;
const PIECES: usize = 37;
const PROTOCOL: usize = 39;
const LINK: usize = 40;
const LINK_LEN: usize = LINK + MOST_LINK;
const KIND: usize = LINK_LEN + 1;
/// A transport with ports, or IPv6.
const HAS_PORTS: u8 = 1;
const IS_V6: u8 = 2;

/// The parts of a packet that a [`Tuple`] holds: where they begin and end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Covered([(u16, u16); 6]);

impl Sight for Covered {
    #[inline]
    fn covers(&self, at: usize, size: usize) -> bool {
        let within =
            |&(from, to): &(u16, u16)| usize::from(from) <= at && at + size <= usize::from(to);
        self.0.iter().any(within)
    }

    #[inline]
    fn covers_length(&self) -> bool {
        false
    }
}

/// Everything that the packets of one connection and direction have in common: link header,
/// addresses, protocol and ports, byte by byte as they stand in the packet. A filter that looks at
/// nothing else takes all of them or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tuple([u64; 8]);

impl Tuple {
    /// What a packet has of it, and where; none for a fragment, and where IPv6 has extension
    /// headers, whose lengths say where the rest is.
    #[inline]
    pub(super) fn of(packet: &Packet, layers: &Layers) -> Option<(Self, Covered)> {
        let bytes = packet.bytes();
        let at = layers.network_offset;
        let extended = layers.ip_version == 6 && layers.l4_offset != at + 40;
        if layers.fragment.is_some() || at > MOST_LINK || extended || layers.l4_offset > 200 {
            return None;
        }
        let mut key = [0_u8; 64];
        let mut covered = [
            (0, at as u16),
            (at as u16, at as u16 + 1),
            (0, 0),
            (0, 0),
            (0, 0),
            (0, 0),
        ];
        let addresses = layers.addresses(bytes);
        key[..addresses.len()].copy_from_slice(addresses);
        key[FIRST] = bytes[at];
        key[PROTOCOL] = layers.l4_protocol;
        key[LINK..LINK + at].copy_from_slice(&bytes[..at]);
        key[LINK_LEN] = at as u8;
        let network = at as u16;
        if layers.ip_version == 4 {
            key[PIECES..PIECES + 2].copy_from_slice(&bytes[at + 6..at + 8]);
            covered[2] = (network + 6, network + 8);
            covered[3] = (network + 9, network + 10);
            covered[4] = (network + 12, network + 20);
        } else {
            key[KIND] = IS_V6;
            covered[2] = (network + 6, network + 7);
            covered[3] = (network + 8, network + 40);
        }
        if let Some(ports) = layers.ports(bytes) {
            key[PORTS..PORTS + 4].copy_from_slice(&ports.to_be_bytes());
            key[KIND] |= HAS_PORTS;
            let l4 = layers.l4_offset as u16;
            covered[5] = (l4, l4 + 4);
        }
        let mut words = [0; 8];
        for (word, chunk) in words.iter_mut().zip(key.chunks_exact(8)) {
            *word = u64::from_le_bytes(chunk.try_into().unwrap_or_default());
        }
        Some((Self(words), Covered(covered)))
    }

    /// Whether both are the same, by a few wide instructions in place of a call.
    #[inline]
    pub(super) fn is(&self, other: &Self) -> bool {
        let pairs = self.0.iter().zip(other.0);
        pairs.fold(0, |differing, (one, two)| differing | (one ^ two)) == 0
    }

    /// A hash of addresses, ports and protocol, the same on every machine.
    #[inline]
    pub(super) fn hash(&self) -> u32 {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let [first, second, third, fourth, fifth, ..] = self.0;
        let mix = |word: u64| (word ^ (word >> 32)).wrapping_mul(ODD);
        let one = mix(first ^ mix(second));
        let other = mix(third ^ mix(fourth));
        (mix(one ^ other.rotate_left(17) ^ mix(fifth)) >> 32) as u32
    }

    fn bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// The connection, without the link header.
    pub(super) fn connection(&self) -> Connection {
        let bytes = self.bytes();
        let (source, destination) = if bytes[KIND] & IS_V6 == 0 {
            (address4(&bytes, 0), address4(&bytes, 4))
        } else {
            (address6(&bytes, 0), address6(&bytes, 16))
        };
        let port = |at: usize| u16::from_be_bytes([bytes[PORTS + at], bytes[PORTS + at + 1]]);
        Connection {
            protocol: bytes[PROTOCOL],
            source: (source, port(0)),
            destination: (destination, port(2)),
        }
    }
}

/// A protocol and two ends; the ports are 0 where the protocol has none.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Connection {
    pub(super) protocol: u8,
    pub(super) source: (IpAddr, u16),
    pub(super) destination: (IpAddr, u16),
}

impl Connection {
    /// What any IP packet has of it: a fragment has no ports.
    pub(super) fn of(packet: &Packet, layers: &Layers) -> Option<Self> {
        let bytes = packet.bytes();
        let (source, destination) = layers.ends(bytes)?;
        let ports = layers.ports(bytes).unwrap_or(0);
        Some(Self {
            protocol: layers.l4_protocol,
            source: (source, (ports >> 16) as u16),
            destination: (destination, ports as u16),
        })
    }
}

fn address4(bytes: &[u8], at: usize) -> IpAddr {
    let four: [u8; 4] = bytes[at..at + 4].try_into().unwrap_or_default();
    four.into()
}

fn address6(bytes: &[u8], at: usize) -> IpAddr {
    let sixteen: [u8; 16] = bytes[at..at + 16].try_into().unwrap_or_default();
    sixteen.into()
}
