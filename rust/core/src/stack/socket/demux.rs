//! Who hears what: from a packet's addresses and ports to a socket, at the cost of two or three
//! looks into tables.
use crate::stack::hash::{Key, Table};
use crate::stack::ip::address::number;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A protocol that has sockets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Tcp = 0,
    Udp = 1,
    Echo = 2,
}

/// Two ends, as one key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Flow([u64; 5]);

impl Flow {
    #[inline]
    pub(crate) fn new(protocol: Protocol, local: SocketAddr, remote: SocketAddr) -> Self {
        let (one, other) = (number(local.ip()), number(remote.ip()));
        let ports = u64::from(local.port()) << 16 | u64::from(remote.port());
        let last = (protocol as u64) << 32 | ports;
        Self([
            (one >> 64) as u64,
            one as u64,
            (other >> 64) as u64,
            other as u64,
            last,
        ])
    }

    /// One end alone.
    fn bound(protocol: Protocol, local: SocketAddr) -> Self {
        Self::new(protocol, local, ANY)
    }
}

const ANY: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0);

impl Hash for Flow {
    /// The words that differ between two flows of IPv4 alone are the lower ones.
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e] = self.0;
        if a | c != 0 {
            state.write_u64(a);
            state.write_u64(c);
        }
        state.write_u64(b);
        state.write_u64(d);
        state.write_u64(e);
    }
}

/// What a socket is bound to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Binding {
    pub(crate) protocol: Protocol,
    pub(crate) local: SocketAddr,
    /// The only one that it hears; everybody where absent.
    pub(crate) remote: Option<SocketAddr>,
    /// Whether others that say so too may be bound to the same.
    pub(crate) sharing: bool,
}

impl Binding {
    fn flow(&self) -> Option<Flow> {
        let remote = self.remote?;
        Some(Flow::new(self.protocol, self.local, remote))
    }

    /// The address and port, and the port whatever the address.
    fn both(&self) -> [Flow; 2] {
        [self.local, unspecified(self.local)].map(|at| Flow::bound(self.protocol, at))
    }
}

/// How many sockets are bound to an address and port, or to a port, and how many of them share it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Users {
    all: u32,
    sharing: u32,
}

impl Users {
    const fn allow(self, sharing: bool) -> bool {
        self.all == 0 || sharing && self.sharing == self.all
    }
}

/// Who hears what.
pub(crate) struct Demux {
    flows: Table<Flow, u32>,
    /// Sockets without a peer, by their own address and port.
    heard: Table<Flow, Vec<u32>>,
    /// Who is bound to an address and port, and who to a port whatever the address.
    bound: Table<Flow, Users>,
    ports: Table<Flow, Users>,
    spread: Key,
}

impl Demux {
    pub(crate) fn new(key: Key, spread: Key) -> Self {
        Self {
            flows: Table::with_hasher(key),
            heard: Table::with_hasher(key),
            bound: Table::with_hasher(key),
            ports: Table::with_hasher(key),
            spread,
        }
    }

    /// The socket of a flow.
    #[inline]
    pub(crate) fn flow(&self, flow: &Flow) -> Option<u32> {
        self.flows.get(flow).copied()
    }

    /// Adds the socket of a flow; false if the flow has one.
    pub(crate) fn add_flow(&mut self, flow: Flow, place: u32) -> bool {
        let free = !self.flows.contains_key(&flow);
        if free {
            self.flows.insert(flow, place);
        }
        free
    }

    /// Takes a flow from the socket that has it.
    pub(crate) fn remove_flow(&mut self, flow: &Flow, place: u32) {
        if self.flow(flow) == Some(place) {
            self.flows.remove(flow);
        }
    }

    /// Whether a socket may be bound there, beside those that are.
    pub(crate) fn is_free(&self, protocol: Protocol, local: SocketAddr, sharing: bool) -> bool {
        let users = |table: &Table<Flow, Users>, at: SocketAddr| {
            let flow = Flow::bound(protocol, at);
            table.get(&flow).copied().unwrap_or_default()
        };
        let any = unspecified(local);
        if local.ip().is_unspecified() {
            users(&self.ports, any).allow(sharing)
        } else {
            let (here, everywhere) = (users(&self.bound, local), users(&self.bound, any));
            here.allow(sharing) && everywhere.allow(sharing)
        }
    }

    /// Binds a socket, which hears from now on.
    pub(crate) fn bind(&mut self, binding: &Binding, place: u32) {
        let [here, everywhere] = binding.both();
        for (table, flow) in [(&mut self.bound, here), (&mut self.ports, everywhere)] {
            let users = table.entry(flow).or_default();
            users.all += 1;
            users.sharing += u32::from(binding.sharing);
        }
        match binding.flow() {
            Some(flow) => {
                self.add_flow(flow, place);
            }
            None => self.heard.entry(here).or_default().push(place),
        }
    }

    /// Takes back what [`Self::bind`] did.
    pub(crate) fn unbind(&mut self, binding: &Binding, place: u32) {
        let [here, everywhere] = binding.both();
        for (table, flow) in [(&mut self.bound, here), (&mut self.ports, everywhere)] {
            if let Some(users) = table.get_mut(&flow) {
                users.all -= 1;
                users.sharing -= u32::from(binding.sharing);
                if users.all == 0 {
                    table.remove(&flow);
                }
            }
        }
        match binding.flow() {
            Some(flow) => self.remove_flow(&flow, place),
            None => self.unhear(&here, place),
        }
    }

    fn unhear(&mut self, here: &Flow, place: u32) {
        let Some(places) = self.heard.get_mut(here) else {
            return;
        };
        places.retain(|&other| other != place);
        if places.is_empty() {
            self.heard.remove(here);
        }
    }

    /// The socket that hears what comes from `remote` to `local`: bound to that very address, else
    /// to all. Of several that share it always the same for one peer.
    pub(crate) fn listener(
        &self,
        protocol: Protocol,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Option<u32> {
        let places = self.hearing(protocol, local);
        let places = match places {
            [] => self.hearing(protocol, unspecified(local)),
            places => places,
        };
        match places {
            [] => None,
            [only] => Some(*only),
            several => {
                let hash = self.spread.strong(&Flow::new(protocol, local, remote));
                several.get((hash % several.len() as u64) as usize).copied()
            }
        }
    }

    /// All sockets that are bound to this address and port and hear everybody.
    pub(crate) fn hearing(&self, protocol: Protocol, local: SocketAddr) -> &[u32] {
        let places = self.heard.get(&Flow::bound(protocol, local));
        places.map_or(&[], Vec::as_slice)
    }
}

/// The same port of all addresses of the family.
pub(crate) const fn unspecified(of: SocketAddr) -> SocketAddr {
    let ip = match of {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    SocketAddr::new(ip, of.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn bind(demux: &mut Demux, protocol: Protocol, local: &str, sharing: bool, place: u32) {
        demux.bind(&binding(protocol, local, sharing), place);
    }

    fn binding(protocol: Protocol, local: &str, sharing: bool) -> Binding {
        Binding {
            protocol,
            local: at(local),
            remote: None,
            sharing,
        }
    }

    fn demux() -> Demux {
        Demux::new(Key([1, 2]), Key([3, 4]))
    }

    #[test]
    fn the_most_specific_hears() {
        let mut demux = demux();
        bind(&mut demux, Protocol::Udp, "0.0.0.0:53", false, 1);
        bind(&mut demux, Protocol::Udp, "10.0.0.1:53", false, 2);
        let heard =
            |demux: &Demux, local: &str| demux.listener(Protocol::Udp, at(local), at("10.9.9.9:7"));
        assert_eq!(heard(&demux, "10.0.0.1:53"), Some(2));
        assert_eq!(heard(&demux, "10.0.0.2:53"), Some(1));
        assert_eq!(heard(&demux, "10.0.0.2:54"), None);
        assert_eq!(heard(&demux, "[::1]:53"), None);
        demux.unbind(&binding(Protocol::Udp, "10.0.0.1:53", false), 2);
        assert_eq!(heard(&demux, "10.0.0.1:53"), Some(1));
        demux.unbind(&binding(Protocol::Udp, "0.0.0.0:53", false), 1);
        assert!(demux.heard.is_empty() && demux.bound.is_empty() && demux.ports.is_empty());
    }

    #[test]
    fn an_address_is_taken_once_unless_all_share_it() {
        let mut demux = demux();
        bind(&mut demux, Protocol::Tcp, "10.0.0.1:80", true, 1);
        let free = |local: &str, sharing| demux.is_free(Protocol::Tcp, at(local), sharing);
        assert!(!free("10.0.0.1:80", false) && free("10.0.0.1:80", true));
        assert!(!free("0.0.0.0:80", false) && free("0.0.0.0:80", true));
        assert!(free("10.0.0.2:80", false) && free("[::]:80", false));
        assert!(demux.is_free(Protocol::Udp, at("10.0.0.1:80"), false));
        bind(&mut demux, Protocol::Tcp, "0.0.0.0:90", false, 2);
        assert!(!demux.is_free(Protocol::Tcp, at("10.0.0.9:90"), true));
    }

    #[test]
    fn those_who_share_each_get_peers_of_their_own() {
        let mut demux = demux();
        for place in 0..4 {
            bind(&mut demux, Protocol::Tcp, "0.0.0.0:80", true, place);
        }
        let chosen = |port| {
            let remote = SocketAddr::from(([10, 9, 9, 9], port));
            demux
                .listener(Protocol::Tcp, at("10.0.0.1:80"), remote)
                .unwrap()
        };
        let mut counts = [0; 4];
        (0..4000).for_each(|port| counts[chosen(port) as usize] += 1);
        assert!(
            counts.iter().all(|count| (900..1100).contains(count)),
            "{counts:?}"
        );
        assert_eq!(chosen(7), chosen(7));
    }
}
