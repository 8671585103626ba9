//! Addresses: with a prefix, as numbers, and what RFC 6724 and RFC 6890 say of their kinds.
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An Ethernet address.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Mac(pub(crate) [u8; 6]);

impl Mac {
    /// Everyone on the segment.
    pub(crate) const BROADCAST: Self = Self([0xff; 6]);

    /// Reads `02:00:00:00:00:01`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().filter(|part| part.len() == 2)?;
            *byte = u8::from_str_radix(part, 16).ok()?;
        }
        parts.next().is_none().then_some(Self(bytes))
    }

    /// Whether it names one station (IEEE 802: the first bit on the wire is 0), and is not zero.
    pub(crate) fn is_unicast(self) -> bool {
        self.0[0] & 1 == 0 && self.0 != [0; 6]
    }

    /// Where a multicast packet goes (RFC 1112 §6.4, RFC 2464 §7).
    pub(crate) fn of_group(group: IpAddr) -> Self {
        match group {
            IpAddr::V4(group) => {
                let [_, b, c, d] = group.octets();
                Self([0x01, 0x00, 0x5e, b & 0x7f, c, d])
            }
            IpAddr::V6(group) => {
                let [.., a, b, c, d] = group.octets();
                Self([0x33, 0x33, a, b, c, d])
            }
        }
    }

    /// The interface identifier that follows from it (RFC 4291, appendix A).
    pub(crate) fn interface_id(self) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        u64::from_be_bytes([a ^ 2, b, c, 0xff, 0xfe, d, e, f])
    }
}

/// An address with the length of its network's prefix.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Prefix {
    /// The address: of an interface, or of the network itself in a route.
    pub(crate) address: IpAddr,
    /// How many leading bits name the network.
    pub(crate) len: u8,
}

impl Prefix {
    /// Reads `10.0.0.1/24`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, len) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let len: u8 = len.parse().ok()?;
        (len <= bits(address)).then_some(Self { address, len })
    }

    /// Whether the address is of this network.
    #[inline]
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let same = self.address.is_ipv4() == address.is_ipv4();
        same && common(self.address, address) >= self.len
    }

    /// The same network, with its own address.
    pub(crate) fn network(self) -> Self {
        let Self { address, len } = self;
        let masked = left(address) & mask(len);
        Self {
            address: from_left(masked, address.is_ipv4()),
            len,
        }
    }

    /// The address of all hosts of an IPv4 network (RFC 919); none where it has room for two only
    /// (RFC 3021).
    pub(crate) fn broadcast(&self) -> Option<Ipv4Addr> {
        let IpAddr::V4(address) = self.address else {
            return None;
        };
        let host = u32::MAX.checked_shr(self.len.into()).unwrap_or(0);
        (self.len < 31).then(|| Ipv4Addr::from_bits(address.to_bits() | host))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.len)
    }
}

/// How many bits addresses of this family have.
pub(crate) const fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address as a number whose first bit is the address's first bit.
#[inline]
pub(crate) const fn left(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => (address.to_bits() as u128) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The address of this number.
pub(crate) const fn from_left(number: u128, v4: bool) -> IpAddr {
    if v4 {
        IpAddr::V4(Ipv4Addr::from_bits((number >> 96) as u32))
    } else {
        IpAddr::V6(Ipv6Addr::from_bits(number))
    }
}

/// The address as a number that differs between families: IPv4 in its mapped form (RFC 4291
/// §2.5.5.2), which no packet may bear.
#[inline]
pub(crate) const fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => 0xffff_0000_0000 | address.to_bits() as u128,
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The first `len` bits set.
#[inline]
pub(crate) const fn mask(len: u8) -> u128 {
    match 128 - len as u32 {
        128 => 0,
        rest => u128::MAX << rest,
    }
}

/// How many leading bits two addresses of one family have in common.
#[inline]
pub(crate) fn common(one: IpAddr, other: IpAddr) -> u8 {
    let different = left(one) ^ left(other);
    (different.leading_zeros() as u8).min(bits(one))
}

/// Whether the address is IPv4's limited broadcast (RFC 919 §7).
#[inline]
pub(crate) fn is_limited_broadcast(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.is_broadcast())
}

/// Whether one host can have the address.
#[inline]
pub(crate) fn is_unicast(address: IpAddr) -> bool {
    !address.is_multicast() && !address.is_unspecified() && !is_limited_broadcast(address)
}

/// Whether the address is IPv6 and of one link (RFC 4291 §2.5.6).
#[inline]
pub(crate) fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

/// The group in which a host is asked for this address (RFC 4291 §2.7.1).
pub(crate) fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let low = address.to_bits() & 0xff_ffff;
    Ipv6Addr::from_bits(0xff02_0000_0000_0000_0000_0001_ff00_0000 | low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix {
        Prefix::parse(text).unwrap()
    }

    #[test]
    fn a_prefix_holds_what_begins_like_it() {
        let net = prefix("10.1.2.3/23");
        assert!(net.contains("10.1.3.255".parse().unwrap()));
        assert!(!net.contains("10.1.4.0".parse().unwrap()));
        assert!(!net.contains("::a01:203".parse().unwrap()));
        assert_eq!(net.network().to_string(), "10.1.2.0/23");
        assert_eq!(net.broadcast(), Some("10.1.3.255".parse().unwrap()));
        assert_eq!(prefix("10.0.0.0/31").broadcast(), None);
        assert!(prefix("::/0").contains("ff02::1".parse().unwrap()));
        assert!(prefix("fe80::1/128").contains("fe80::1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_prefix_is_refused() {
        for text in [
            "10.0.0.1",
            "10.0.0.1/33",
            "::/129",
            "10.0.0/8",
            "a/1",
            "10.0.0.1/-1",
        ] {
            assert_eq!(Prefix::parse(text), None, "{text}");
        }
    }

    #[test]
    fn macs_are_read_and_made() {
        let mac = Mac::parse("02:00:5e:10:00:ff").unwrap();
        assert_eq!(mac.interface_id(), 0x0000_5eff_fe10_00ff);
        assert!(mac.is_unicast() && !Mac::BROADCAST.is_unicast());
        assert_eq!(Mac::parse("02:00:5e:10:00"), None);
        assert_eq!(Mac::parse("02:00:5e:10:00:ff:00"), None);
        assert_eq!(Mac::parse("2:0:5e:10:0:f"), None);
        let group = Mac::of_group("239.129.2.3".parse().unwrap());
        assert_eq!(group.0, [0x01, 0x00, 0x5e, 0x01, 2, 3]);
        let group = solicited_node("fd00::12:3456".parse().unwrap());
        assert_eq!(group, "ff02::1:ff12:3456".parse::<Ipv6Addr>().unwrap());
        assert_eq!(
            Mac::of_group(group.into()).0,
            [0x33, 0x33, 0xff, 0x12, 0x34, 0x56]
        );
    }
}
