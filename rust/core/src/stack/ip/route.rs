//! Routes: the longest prefix that holds a destination says where its packets go.
use super::address::Prefix;
use super::prefixes::Prefixes;
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

/// All routes of a host.
#[derive(Default)]
pub(crate) struct Routes(Prefixes<Route>);

impl Routes {
    /// Adds a route; where there is one to the same network already, that one stays.
    pub(crate) fn add(&mut self, route: Route) {
        let to = route.to.network();
        self.0.entry(to, || Route { to, ..route });
    }

    /// The route of packets to this destination.
    #[inline]
    pub(crate) fn lookup(&self, destination: IpAddr) -> Option<&Route> {
        self.0.lookup(destination)
    }

    /// Whether there is a route to exactly this network.
    pub(crate) fn has(&self, to: Prefix) -> bool {
        self.0.get(to).is_some()
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
