//! What belongs to networks, found by an address in them: the longest prefix wins.
use super::address::{Prefix, left, mask};
use std::net::IpAddr;

/// The networks of one prefix length, in order.
struct Networks<T> {
    len: u8,
    values: Vec<(u128, T)>,
}

/// A value for each network. A lookup costs a binary search for each prefix length in use.
pub(crate) struct Prefixes<T> {
    /// IPv4's and IPv6's, longest prefixes first.
    families: [Vec<Networks<T>>; 2],
}

impl<T> Default for Prefixes<T> {
    fn default() -> Self {
        Self {
            families: [Vec::new(), Vec::new()],
        }
    }
}

impl<T> Prefixes<T> {
    /// The value of exactly this network, made where there is none.
    pub(crate) fn entry(&mut self, network: Prefix, make: impl FnOnce() -> T) -> &mut T {
        let network = network.network();
        let values = self.values(network);
        let key = left(network.address);
        let at = match values.binary_search_by_key(&key, |entry| entry.0) {
            Ok(at) => at,
            Err(at) => {
                values.insert(at, (key, make()));
                at
            }
        };
        &mut values[at].1
    }

    /// The networks of this one's length.
    fn values(&mut self, network: Prefix) -> &mut Vec<(u128, T)> {
        let family = &mut self.families[usize::from(network.address.is_ipv6())];
        let place = family.partition_point(|networks| networks.len > network.len);
        if family
            .get(place)
            .is_none_or(|networks| networks.len != network.len)
        {
            let (len, values) = (network.len, Vec::new());
            family.insert(place, Networks { len, values });
        }
        &mut family[place].values
    }

    /// The value of the smallest network that has this address.
    #[inline]
    pub(crate) fn lookup(&self, address: IpAddr) -> Option<&T> {
        let number = left(address);
        let family = &self.families[usize::from(address.is_ipv6())];
        family.iter().find_map(|networks| networks.find(number))
    }

    /// The value of exactly this network.
    pub(crate) fn get(&self, network: Prefix) -> Option<&T> {
        let network = network.network();
        let family = &self.families[usize::from(network.address.is_ipv6())];
        let networks = family.iter().find(|networks| networks.len == network.len);
        networks.and_then(|networks| networks.find(left(network.address)))
    }

    /// Takes the value of exactly this network, where that is to go.
    pub(crate) fn remove_if(&mut self, network: Prefix, goes: impl Fn(&T) -> bool) {
        let network = network.network();
        let key = left(network.address);
        let family = &mut self.families[usize::from(network.address.is_ipv6())];
        let Some(place) = family.iter().position(|other| other.len == network.len) else {
            return;
        };
        let values = &mut family[place].values;
        if let Ok(at) = values.binary_search_by_key(&key, |entry| entry.0)
            && goes(&values[at].1)
        {
            values.remove(at);
        }
        if values.is_empty() {
            family.remove(place);
        }
    }
}

impl<T> Networks<T> {
    #[inline]
    fn find(&self, number: u128) -> Option<&T> {
        let key = number & mask(self.len);
        let at = self.values.binary_search_by_key(&key, |entry| entry.0);
        at.ok().and_then(|at| Some(&self.values.get(at)?.1))
    }
}
