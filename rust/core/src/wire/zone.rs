//! Zones of link-local addresses (RFC 4007) in packets. Between a tunnel and the sockets that carry it an
//! address has its zone in bytes that are zero on every wire (RFC 4291 §2.5.6), as the BSDs' kernels keep it.
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// Where in an address its zone stands.
const ZONE: core::ops::Range<usize> = 4..8;

/// The address as it stands in a packet.
#[inline]
#[must_use]
pub fn into_packet(address: SocketAddr) -> IpAddr {
    match address {
        SocketAddr::V6(address) if address.scope_id() > 0 && is_local(address.ip()) => {
            let mut octets = address.ip().octets();
            octets[ZONE].copy_from_slice(&address.scope_id().to_be_bytes());
            octets.into()
        }
        address => address.ip(),
    }
}

/// The address that stands in a packet, with its zone.
#[inline]
#[must_use]
pub fn from_packet(address: IpAddr, port: u16) -> SocketAddr {
    match address {
        IpAddr::V6(address) if is_local(&address) => {
            let mut octets = address.octets();
            let [_, _, _, _, a, b, c, d, ..] = octets;
            octets[ZONE].fill(0);
            let zone = u32::from_be_bytes([a, b, c, d]);
            SocketAddrV6::new(octets.into(), port, 0, zone).into()
        }
        address => SocketAddr::new(address, port),
    }
}

#[inline]
fn is_local(address: &Ipv6Addr) -> bool {
    address.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_goes_in_and_comes_out() {
        for (text, packet) in [
            ("[fe80::1%7]:9", "fe80:0:0:7::1"),
            ("[fe80::1:2%65537]:9", "fe80:0:1:1::1:2"),
            ("[fe80::1]:9", "fe80::1"),
            ("[2001:db8:1:2::1]:9", "2001:db8:1:2::1"),
            ("192.0.2.1:9", "192.0.2.1"),
        ] {
            let address: SocketAddr = text.parse().unwrap();
            let inside = into_packet(address);
            assert_eq!(inside, packet.parse::<IpAddr>().unwrap());
            assert_eq!(from_packet(inside, 9), address);
        }
    }

    #[test]
    fn only_link_local_addresses_have_one() {
        let address: SocketAddr = "[2001:db8::1%7]:9".parse().unwrap();
        assert_eq!(into_packet(address), address.ip());
    }
}
