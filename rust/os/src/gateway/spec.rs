//! A gateway's config, and where it leads what goes to an address.
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use usernet_core::app::AppError;
use usernet_core::stack::options::Algorithm;

/// A gateway's config.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Its own addresses, each with the length of its network's prefix: what is in these networks is
    /// nowhere else, so that only redirects lead from there.
    pub addresses: Vec<String>,
    /// The largest IP packet of its link, in bytes.
    #[serde(default = "mtu")]
    pub mtu: u32,
    /// What goes elsewhere than it says.
    #[serde(default)]
    pub redirects: Vec<RedirectSpec>,
    /// The congestion control of what goes to programs; the machine's where absent, which programs
    /// have too.
    #[serde(default)]
    pub congestion: Option<Algorithm>,
    /// Names that it answers for itself.
    #[serde(default)]
    pub names: BTreeMap<String, Vec<IpAddr>>,
    /// Where it listens on the machine, for whom.
    #[serde(default)]
    pub publish: Vec<Publish>,
    /// Whether programs see callers by the gateway's own addresses: where theirs lead elsewhere.
    #[serde(default)]
    pub masquerade: bool,
}

const fn mtu() -> u32 {
    1500
}

/// What goes elsewhere than it says.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RedirectSpec {
    /// An address, or an address and port: the latter goes before the former.
    pub from: String,
    /// An address, where the port stays, or an address and port; none where it is refused.
    pub to: Option<String>,
    /// Where a connection goes that is refused there.
    #[serde(default)]
    pub otherwise: Option<String>,
}

/// A port of the machine that leads to a program.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// The protocol.
    pub protocol: Protocol,
    /// Where the machine listens.
    pub listen: SocketAddr,
    /// Where what comes there goes.
    pub to: SocketAddr,
}

/// What can be published.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}

impl Spec {
    /// The config of the host that hears for everybody, with one interface of this name. Every address
    /// is on its link: who asks from wherever gets answers there.
    pub(super) fn host(&self, interface: &str, sockets: usize) -> Value {
        let mut interfaces = Map::new();
        let addresses = &self.addresses;
        interfaces.insert(
            interface.into(),
            json!({"addresses": addresses, "mtu": self.mtu}),
        );
        let to_all = |to| json!({"to": to, "interface": interface});
        json!({
            "interfaces": interfaces,
            "routes": [to_all("0.0.0.0/0"), to_all("::/0")],
            "everybody": true,
            "sockets": sockets,
            "options": {"congestion": self.congestion.unwrap_or_else(of_machine)},
        })
    }
}

/// What the machine's own connections have (tcp(7), `tcp_congestion_control`), as far as it is known
/// here.
fn of_machine() -> Algorithm {
    let name = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_congestion_control");
    match name.as_deref().map(str::trim_end) {
        Ok("bbr") => Algorithm::Bbr,
        Ok("reno") => Algorithm::Reno,
        _ => Algorithm::Cubic,
    }
}

/// Where a redirect leads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Target {
    address: IpAddr,
    /// The port, if not the one that was asked for.
    port: Option<u16>,
}

/// Where the gateway leads what goes to an address.
#[derive(Clone, Debug)]
pub(super) struct Redirects {
    table: BTreeMap<(IpAddr, Option<u16>), Option<Target>>,
    second: BTreeMap<(IpAddr, Option<u16>), Target>,
    /// Networks that are only here: their numbers, and the bits that count.
    networks: Vec<(u128, u128)>,
}

impl Redirects {
    /// # Errors
    /// A redirect makes no sense.
    pub(super) fn new(spec: &Spec) -> Result<Self, AppError> {
        let (mut table, mut second) = (BTreeMap::new(), BTreeMap::new());
        for (number, redirect) in spec.redirects.iter().enumerate() {
            let read = |key: &str, text: &String| {
                let message = || {
                    format!(
                        "redirects[{number}].{key}: \"{text}\" is no address, as 192.0.0.3 or 192.0.0.3:80 is"
                    )
                };
                let read = end(text);
                read.ok_or_else(|| AppError::config(message()))
            };
            let RedirectSpec {
                from,
                to,
                otherwise,
            } = redirect;
            let target = |key, text| {
                let (address, port) = read(key, text)?;
                Ok::<_, AppError>(Target { address, port })
            };
            let from = read("from", from)?;
            let to = to.as_ref().map(|to| target("to", to)).transpose()?;
            table.insert(from, to);
            if let Some(otherwise) = otherwise {
                second.insert(from, target("otherwise", otherwise)?);
            }
        }
        let networks = spec.addresses.iter().filter_map(|own| network(own));
        Ok(Self {
            table,
            second,
            networks: networks.collect(),
        })
    }

    /// Where a packet to an address and port goes on the machine; nothing where it is refused. What is
    /// the machine's own loopback, no single host's, or of a network that is only here, goes nowhere
    /// without a redirect.
    pub(super) fn way(&self, to: SocketAddr) -> Option<SocketAddr> {
        let keys = [(to.ip(), Some(to.port())), (to.ip(), None)];
        match keys.iter().find_map(|key| self.table.get(key)) {
            Some(target) => target.map(|target| target.at(to.port())),
            None => self.is_outside(to.ip()).then_some(to),
        }
    }

    /// Where a connection to an address and port goes that is refused where it is led to.
    pub(super) fn otherwise(&self, to: SocketAddr) -> Option<SocketAddr> {
        let keys = [(to.ip(), Some(to.port())), (to.ip(), None)];
        let key = keys.iter().find(|key| self.table.contains_key(key))?;
        self.second.get(key).map(|target| target.at(to.port()))
    }

    /// The address that is redirected to this one as a whole, with all its ports.
    pub(super) fn face_of(&self, address: IpAddr) -> Option<IpAddr> {
        let leads = |target: &Option<Target>| {
            target.is_some_and(|target| target.address == address && target.port.is_none())
        };
        let mut all = self.table.iter();
        let found = all.find(|((_, port), target)| port.is_none() && leads(target));
        found.map(|((from, _), _)| *from)
    }

    fn is_outside(&self, address: IpAddr) -> bool {
        let bits = bits(address);
        let here = |&(network, mask): &(u128, u128)| bits & mask == network;
        is_elsewhere(address) && !self.networks.iter().any(here)
    }
}

impl Target {
    fn at(self, port: u16) -> SocketAddr {
        SocketAddr::new(self.address, self.port.unwrap_or(port))
    }
}

/// Whether an address can be that of one host that is not this machine by definition. An IPv4 address
/// in IPv6's clothes is none: the system would undress it.
fn is_elsewhere(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let special = address.is_loopback() || address.is_multicast() || address.is_broadcast();
            !special && address.octets()[0] != 0
        }
        IpAddr::V6(address) => {
            let clothed = address.segments()[..5] == [0; 5];
            !clothed && !address.is_multicast()
        }
    }
}

/// An address, with or without a port.
fn end(text: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Ok(whole) = text.parse::<SocketAddr>() {
        return Some((whole.ip(), Some(whole.port())));
    }
    let address = text.parse().ok()?;
    Some((address, None))
}

/// The network of an address with its prefix: its number, and the bits that count.
fn network(text: &str) -> Option<(u128, u128)> {
    let (address, len) = text.split_once('/')?;
    let (address, len): (IpAddr, u32) = (address.parse().ok()?, len.parse().ok()?);
    let whole = if address.is_ipv4() { 32 } else { 128 };
    let free = whole - len.min(whole);
    let mask = u128::MAX.checked_shl(free).unwrap_or(0);
    Some((bits(address) & mask, mask))
}

/// An address as one number; IPv4's are among IPv6's as RFC 4291 §2.5.5.2 maps them.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => Ipv4Addr::to_ipv6_mapped(&address).to_bits(),
        IpAddr::V6(address) => Ipv6Addr::to_bits(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirects(pairs: &Value) -> Result<Redirects, AppError> {
        let spec = json!({
            "addresses": ["192.0.0.1/29", "fd75:7365:726e:6574::1/64"], "redirects": pairs,
        });
        Redirects::new(&serde_json::from_value(spec).unwrap())
    }

    fn way(redirects: &Redirects, to: &str) -> Option<String> {
        let way = redirects.way(to.parse().unwrap());
        way.map(|way| way.to_string())
    }

    #[test]
    fn who_is_refused_may_go_elsewhere() {
        let redirects = redirects(&json!([
            {"from": "192.0.0.3", "to": "127.0.0.1", "otherwise": "::1"},
            {"from": "192.0.0.3:22", "to": "127.0.0.1:2222"},
        ]));
        let redirects = redirects.unwrap();
        let otherwise = |to: &str| redirects.otherwise(to.parse().unwrap());
        assert_eq!(otherwise("192.0.0.3:80"), Some("[::1]:80".parse().unwrap()));
        assert_eq!(otherwise("192.0.0.3:22"), None);
        assert_eq!(otherwise("192.0.2.1:80"), None);
    }

    #[test]
    fn the_most_specific_redirect_wins() {
        let redirects = redirects(&json!([
            {"from": "192.0.0.3", "to": "127.0.0.1"},
            {"from": "192.0.0.3:22", "to": null},
            {"from": "192.0.0.1:53", "to": "127.0.0.53:54"},
            {"from": "[fd75:7365:726e:6574::3]:80", "to": "[::1]:8080"},
        ]))
        .unwrap();
        let way = |to| way(&redirects, to);
        assert_eq!(way("192.0.0.3:80").as_deref(), Some("127.0.0.1:80"));
        assert_eq!(way("192.0.0.3:22"), None);
        assert_eq!(way("192.0.0.1:53").as_deref(), Some("127.0.0.53:54"));
        assert_eq!(way("192.0.0.1:54"), None);
        let six = way("[fd75:7365:726e:6574::3]:80");
        assert_eq!(six.as_deref(), Some("[::1]:8080"));
        assert_eq!(way("[fd75:7365:726e:6574::3]:81"), None);
        assert_eq!(way("203.0.113.9:80").as_deref(), Some("203.0.113.9:80"));
        assert_eq!(
            redirects.face_of([127, 0, 0, 1].into()),
            Some([192, 0, 0, 3].into())
        );
        assert_eq!(redirects.face_of([127, 0, 0, 53].into()), None);
    }

    #[test]
    fn what_is_the_machine_itself_or_only_here_leads_nowhere() {
        let redirects = redirects(&json!([])).unwrap();
        for to in [
            "127.0.0.1:80",
            "127.9.9.9:80",
            "0.0.0.0:80",
            "0.1.2.3:80",
            "255.255.255.255:80",
            "224.0.0.1:80",
            "[::1]:80",
            "[::]:80",
            "[::ffff:127.0.0.1]:80",
            "[::ffff:203.0.113.9]:80",
            "[::127.0.0.1]:80",
            "[ff02::1]:80",
            "192.0.0.3:80",
            "192.0.0.7:80",
            "[fd75:7365:726e:6574::9]:80",
        ] {
            assert_eq!(way(&redirects, to), None, "{to}");
        }
        for to in [
            "192.0.0.8:80",
            "10.0.0.1:80",
            "[2001:db8::1]:80",
            "[64:ff9b::1]:80",
        ] {
            assert!(way(&redirects, to).is_some(), "{to}");
        }
    }

    #[test]
    fn what_is_no_address_is_named() {
        let told = redirects(&json!([{"from": "here", "to": null}])).unwrap_err();
        assert!(told.message.contains("redirects[0].from") && told.message.contains("here"));
        let told = redirects(&json!([{"from": "10.0.0.1", "to": "10.0.0.1:x"}])).unwrap_err();
        assert!(told.message.contains("redirects[0].to"));
    }
}
