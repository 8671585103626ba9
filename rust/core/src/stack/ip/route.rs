//! Routes: the longest prefix that holds a destination says where its packets go.
use super::address::{Prefix, bits, left, mask};
use std::net::IpAddr;

/// Where packets to a network go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Route {
    /// The network.
    pub(crate) to: Prefix,
    /// The router; none where the network is on the link.
    pub(crate) via: Option<IpAddr>,
    /// The number of the interface.
    pub(crate) interface: usize,
}

/// The networks of one prefix length, in order.
struct Networks {
    len: u8,
    routes: Vec<(u128, Route)>,
}

/// All routes of a host. A lookup costs a binary search for each prefix length in use.
#[derive(Default)]
pub(crate) struct Routes {
    /// IPv4's and IPv6's, longest prefixes first.
    families: [Vec<Networks>; 2],
}

impl Routes {
    /// Adds a route; where there is one to the same network already, that one stays.
    pub(crate) fn add(&mut self, route: Route) {
        let to = route.to.network();
        let family = &mut self.families[usize::from(to.address.is_ipv6())];
        let place = family.partition_point(|networks| networks.len > to.len);
        if family
            .get(place)
            .is_none_or(|networks| networks.len != to.len)
        {
            let (len, routes) = (to.len, Vec::new());
            family.insert(place, Networks { len, routes });
        }
        let routes = &mut family[place].routes;
        let key = left(to.address);
        if let Err(at) = routes.binary_search_by_key(&key, |entry| entry.0) {
            routes.insert(at, (key, Route { to, ..route }));
        }
    }

    /// The route of packets to this destination.
    #[inline]
    pub(crate) fn lookup(&self, destination: IpAddr) -> Option<&Route> {
        let number = left(destination);
        let family = &self.families[usize::from(destination.is_ipv6())];
        family.iter().find_map(|networks| networks.find(number))
    }

    /// Whether there is a route to exactly this network.
    pub(crate) fn has(&self, to: Prefix) -> bool {
        let to = to.network();
        let family = &self.families[usize::from(bits(to.address) == 128)];
        let networks = family.iter().find(|networks| networks.len == to.len);
        networks.is_some_and(|networks| networks.find(left(to.address)).is_some())
    }
}

impl Networks {
    #[inline]
    fn find(&self, number: u128) -> Option<&Route> {
        let key = number & mask(self.len);
        let at = self.routes.binary_search_by_key(&key, |entry| entry.0);
        at.ok().and_then(|at| Some(&self.routes.get(at)?.1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::address::from_left;
    use super::*;
    use proptest::prelude::*;

    fn route(to: &str, interface: usize) -> Route {
        let to = Prefix::parse(to).unwrap();
        Route {
            to,
            via: None,
            interface,
        }
    }

    fn found(routes: &Routes, to: &str) -> Option<usize> {
        routes
            .lookup(to.parse().unwrap())
            .map(|route| route.interface)
    }

    #[test]
    fn the_longest_prefix_wins() {
        let mut routes = Routes::default();
        for (number, to) in ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32"]
            .iter()
            .enumerate()
        {
            routes.add(route(to, number));
        }
        assert_eq!(found(&routes, "192.0.2.1"), Some(0));
        assert_eq!(found(&routes, "10.2.0.1"), Some(1));
        assert_eq!(found(&routes, "10.1.9.9"), Some(2));
        assert_eq!(found(&routes, "10.1.2.3"), Some(3));
        assert_eq!(found(&routes, "::1"), None);
        assert!(routes.has(Prefix::parse("10.1.0.0/16").unwrap()));
        assert!(!routes.has(Prefix::parse("10.1.0.0/17").unwrap()));
    }

    fn prefixes() -> impl Strategy<Value = Prefix> {
        // Few bits, so that prefixes nest and meet.
        (any::<bool>(), 0_u128..16, 0_u8..6).prop_map(|(v4, bits, len)| Prefix {
            address: from_left(bits << 123, v4),
            len,
        })
    }

    proptest! {
        #[test]
        fn a_lookup_finds_what_a_walk_finds(
            networks in prop::collection::vec(prefixes(), 0..40), asked in prefixes(),
        ) {
            let mut routes = Routes::default();
            for (interface, &to) in networks.iter().enumerate() {
                routes.add(Route { to, via: None, interface });
            }
            // The first of those with the longest prefix.
            let holding = networks.iter().enumerate().filter(|(_, to)| to.contains(asked.address));
            let longest = holding.max_by_key(|(_, to)| to.len);
            let naive = longest.map(|(_, to)| to.network());
            let found = routes.lookup(asked.address).map(|route| route.to);
            prop_assert_eq!(found, naive);
        }
    }
}
