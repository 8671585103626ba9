//! Interfaces: where a host meets its links.
use super::address::{Mac, Prefix, common, is_link_local, is_unicast, solicited_node};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What went through an interface.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) packets_in: u64,
    pub(crate) bytes_in: u64,
    pub(crate) packets_out: u64,
    pub(crate) bytes_out: u64,
}

impl Traffic {
    pub(crate) fn to_json(self) -> Value {
        json!({
            "packets_in": self.packets_in,
            "bytes_in": self.bytes_in,
            "packets_out": self.packets_out,
            "bytes_out": self.bytes_out,
        })
    }
}

/// An interface of a host.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    /// Its name, which is that of its ports.
    pub(crate) name: String,
    /// The largest IP packet that its link takes.
    pub(crate) mtu: u32,
    /// Its Ethernet address; none where the link carries bare IP.
    pub(crate) mac: Option<Mac>,
    /// Its addresses, the link-local one of IPv6 last.
    pub(crate) addresses: Vec<Prefix>,
    /// The number of the link that its packets leave by.
    pub(crate) output: Option<usize>,
    /// What went through it.
    pub(crate) traffic: Traffic,
}

impl Interface {
    /// Whether it has this very address.
    pub(crate) fn has(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|own| own.address == address)
    }

    /// Whether the address is the broadcast of one of its networks.
    pub(crate) fn is_broadcast(&self, address: Ipv4Addr) -> bool {
        let mut own = self.addresses.iter();
        own.any(|own| own.broadcast() == Some(address))
    }

    /// Whether the group is that of the askers for one of its addresses.
    pub(crate) fn is_solicited_node(&self, group: Ipv6Addr) -> bool {
        let mut own = self.addresses.iter();
        own.any(|own| match own.address {
            IpAddr::V6(own) => solicited_node(own) == group,
            IpAddr::V4(_) => false,
        })
    }

    /// The address that packets to `destination` leave from (RFC 6724 §5, as far as it concerns
    /// addresses that are neither deprecated, temporary nor mobile).
    pub(crate) fn source_for(&self, destination: IpAddr, next: IpAddr) -> Option<IpAddr> {
        let family = |own: &&Prefix| own.address.is_ipv4() == destination.is_ipv4();
        let own = self.addresses.iter().filter(family);
        if destination.is_ipv4() {
            // The network of the next hop, else the first address, as everywhere with IPv4.
            let near = own.clone().find(|own| own.contains(next));
            return near.or_else(|| own.clone().next()).map(|own| own.address);
        }
        // The first of the best: `max_by_key` would take the last.
        let ranked = own.rev();
        let best = ranked.max_by_key(|own| rank(own.address, destination));
        best.map(|own| own.address)
    }
}

/// How well an IPv6 source address suits a destination: RFC 6724 §5, rules 1, 2, 6 and 8.
fn rank(source: IpAddr, destination: IpAddr) -> (bool, i32, bool, u8) {
    let (own, wanted) = (scope(source), scope(destination));
    // Rule 2: the smallest scope that reaches, else the largest that does not.
    let reach = if own >= wanted { 100 - own } else { own - 100 };
    (
        source == destination,
        reach,
        label(source) == label(destination),
        common(source, destination),
    )
}

/// RFC 6724 §3.1: the scope of an address, as multicast has it.
fn scope(address: IpAddr) -> i32 {
    match address {
        IpAddr::V6(group) if group.is_multicast() => i32::from(group.octets()[1] & 0xf),
        _ if is_link_local(address) || address.is_loopback() => 2,
        _ => 14,
    }
}

/// The label of the default policy table (RFC 6724 §2.1).
fn label(address: IpAddr) -> u8 {
    let IpAddr::V6(address) = address else {
        return 4;
    };
    let segments = address.segments();
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 1] => 0,
        [0x2002, ..] => 2,
        [0x2001, 0, ..] => 5,
        [first, ..] if first & 0xfe00 == 0xfc00 => 13,
        [first, ..] if first & 0xffc0 == 0xfec0 => 11,
        [0x3ffe, ..] => 12,
        _ => 1,
    }
}

/// Whether packets may come from this address (RFC 1122 §3.2.1.3, RFC 4291 §2.5): that of one host,
/// and not one that never leaves its own.
#[inline]
pub(crate) fn is_source(address: IpAddr) -> bool {
    let mapped = matches!(address, IpAddr::V6(address) if address.to_ipv4_mapped().is_some());
    let nobody = matches!(address, IpAddr::V4(address) if address.octets()[0] == 0);
    is_unicast(address) && !address.is_loopback() && !mapped && !nobody
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(addresses: &[&str]) -> Interface {
        let prefixes = addresses.iter().map(|text| Prefix::parse(text).unwrap());
        Interface {
            name: "eth0".into(),
            mtu: 1500,
            mac: None,
            addresses: prefixes.collect(),
            output: None,
            traffic: Traffic::default(),
        }
    }

    fn chosen(addresses: &[&str], destination: &str, next: &str) -> String {
        let found =
            interface(addresses).source_for(destination.parse().unwrap(), next.parse().unwrap());
        found.map_or_else(|| "none".into(), |address| address.to_string())
    }

    #[test]
    fn ipv4_leaves_from_the_network_of_the_next_hop() {
        let own = ["10.0.0.1/24", "192.0.2.1/24"];
        assert_eq!(chosen(&own, "8.8.8.8", "192.0.2.254"), "192.0.2.1");
        assert_eq!(chosen(&own, "8.8.8.8", "203.0.113.1"), "10.0.0.1");
        assert_eq!(chosen(&own, "fd00::1", "fd00::1"), "none");
    }

    #[test]
    fn ipv6_sources_follow_rfc_6724() {
        let own = [
            "fe80::1/64",
            "fd00::1/64",
            "2001:db8::1/64",
            "2001:db8:ff::1/64",
        ];
        for (destination, source) in [
            ("fe80::99", "fe80::1"),
            ("fd11::5", "fd00::1"),
            ("2001:db8::7", "2001:db8::1"),
            ("2001:db8:ff::7", "2001:db8:ff::1"),
            ("2606::1", "2001:db8::1"),
            ("ff02::1", "fe80::1"),
            ("2001:db8:ff::1", "2001:db8:ff::1"),
        ] {
            assert_eq!(
                chosen(&own, destination, destination),
                source,
                "{destination}"
            );
        }
        assert_eq!(chosen(&["fe80::1/64"], "2001:db8::1", "fe80::2"), "fe80::1");
    }

    #[test]
    fn nobody_sends_from_these() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "ff02::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_source(text.parse().unwrap()), "{text}");
        }
        assert!(is_source("10.0.0.1".parse().unwrap()) && is_source("fe80::1".parse().unwrap()));
    }
}
