//! A host's config, and what it says of interfaces and routes once it is found possible.
use super::ip::address::{Mac, Prefix, is_link_local, is_unicast};
use super::ip::interface::{Interface, Traffic};
use super::ip::route::{Route, Routes};
use super::options::SocketOptions;
use crate::app::AppError;
use crate::apps::read;
use crate::rng::Stream;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

/// The smallest MTU of IPv4 here: what every host takes (RFC 791 §3.1).
const LEAST_MTU_V4: u32 = 576;
/// The smallest MTU of IPv6 (RFC 8200 §5).
const LEAST_MTU_V6: u32 = 1280;
/// The largest packet of IPv4.
const LARGEST_MTU: u32 = 65_535;
/// How many interfaces, addresses of one, and routes a host may have.
const MOST_INTERFACES: usize = 1024;
const MOST_ADDRESSES: usize = 256;
const MOST_ROUTES: usize = 65_536;
/// How many sockets a host may have at most: some 4 KiB each without what they buffer.
const MOST_SOCKETS: u32 = 1 << 20;

/// What sockets need at least, in bytes: a window of one connection.
const LEAST_MEMORY: u64 = 65_536;

/// A host's config.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Its interfaces, by name.
    #[serde(default)]
    pub interfaces: BTreeMap<String, InterfaceSpec>,
    /// Routes beside those to the networks of its own addresses.
    #[serde(default)]
    pub routes: Vec<RouteSpec>,
    /// Whether it hands on packets that are not for itself.
    #[serde(default)]
    pub forward: bool,
    /// Whether it hears packets to any single host as if they were for itself: then somebody decides
    /// about connections that no listener hears ([`super::Host::take_offer`]), and takes datagrams
    /// that no socket hears ([`super::Host::take_stray`]).
    #[serde(default)]
    pub everybody: bool,
    /// The options that its sockets start with.
    #[serde(default)]
    pub options: SocketOptions,
    /// How many sockets it may have.
    #[serde(default = "sockets")]
    pub sockets: u32,
    /// What all of its sockets together may buffer, in bytes.
    #[serde(default = "memory")]
    pub memory: u64,
}

const fn sockets() -> u32 {
    65_536
}

const fn memory() -> u64 {
    256 << 20
}

/// What an interface's link carries.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Medium {
    /// IP packets without a link header.
    #[default]
    Ip,
    /// Ethernet frames.
    Ethernet,
}

/// An interface's config.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct InterfaceSpec {
    /// Its addresses, each with the length of its network's prefix: `10.0.0.1/24`.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// The largest IP packet that the link takes, in bytes.
    #[serde(default = "mtu")]
    pub mtu: u32,
    /// What the link carries.
    #[serde(default)]
    pub medium: Medium,
    /// Its Ethernet address; the host makes one where absent.
    #[serde(default)]
    pub mac: Option<String>,
}

const fn mtu() -> u32 {
    1500
}

/// A route's config.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RouteSpec {
    /// The network: `0.0.0.0/0` for all.
    pub to: String,
    /// The router, on a link of the host's; none where the network itself is on the link.
    #[serde(default)]
    pub via: Option<IpAddr>,
    /// The interface; needed where `via` does not say which.
    #[serde(default)]
    pub interface: Option<String>,
}

/// Interfaces and routes that can be.
pub(crate) struct Layout {
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) routes: Routes,
    pub(crate) forward: bool,
    pub(crate) everybody: bool,
}

impl Spec {
    /// Reads a config, and finds out whether it is possible.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub(crate) fn read(name: &str, seed: u64, config: &Value) -> Result<(Self, Layout), AppError> {
        let spec: Self = read(config)?;
        let layout = spec.layout(name, seed)?;
        Ok((spec, layout))
    }

    fn layout(&self, name: &str, seed: u64) -> Result<Layout, AppError> {
        self.check_sizes()?;
        let mut interfaces = Vec::new();
        for (port, spec) in &self.interfaces {
            let mut stream = Stream::new(seed, &format!("{name}/{port}/address"));
            interfaces.push(spec.interface(port, &mut stream)?);
        }
        check_owners(&interfaces)?;
        let mut routes = connected(&interfaces);
        for (number, spec) in self.routes.iter().enumerate() {
            let wrong = |what: String| AppError::config(format!("routes[{number}]: {what}"));
            let route = spec.route(&interfaces).map_err(wrong)?;
            if routes.has(route.to) {
                return Err(wrong(format!("there is a route to {} already", route.to)));
            }
            routes.add(route);
        }
        Ok(Layout {
            interfaces,
            routes,
            forward: self.forward,
            everybody: self.everybody,
        })
    }

    fn check_sizes(&self) -> Result<(), AppError> {
        let counts = [
            ("interfaces", self.interfaces.len(), MOST_INTERFACES),
            ("routes", self.routes.len(), MOST_ROUTES),
            ("sockets", self.sockets as usize, MOST_SOCKETS as usize),
        ];
        if self.memory < LEAST_MEMORY {
            let memory = self.memory;
            let text = format!("memory: {memory} bytes, and {LEAST_MEMORY} are the least");
            return Err(AppError::config(text));
        }
        match counts.into_iter().find(|(_, count, most)| count > most) {
            Some((key, count, most)) => {
                let text = format!("{key}: {count}, and {most} are allowed");
                Err(AppError::config(text))
            }
            None => Ok(()),
        }
    }
}

impl InterfaceSpec {
    fn interface(&self, name: &str, stream: &mut Stream) -> Result<Interface, AppError> {
        let wrong = |what: String| AppError::config(format!("interfaces.{name}.{what}"));
        if self.addresses.len() > MOST_ADDRESSES {
            let count = self.addresses.len();
            return Err(wrong(format!(
                "addresses: {count}, and {MOST_ADDRESSES} are allowed"
            )));
        }
        let addresses: Result<Vec<_>, _> = self.addresses.iter().map(|text| own(text)).collect();
        let mut addresses = addresses.map_err(|what| wrong(format!("addresses: {what}")))?;
        self.check_mtu(&addresses).map_err(wrong)?;
        let made = stream.next_u64();
        let mac = self.mac(made).map_err(wrong)?;
        let id = mac.map_or_else(|| stream.next_u64(), Mac::interface_id);
        add_link_local(&mut addresses, id);
        Ok(Interface {
            name: name.into(),
            mtu: self.mtu,
            mac,
            addresses,
            output: None,
            traffic: Traffic::default(),
        })
    }

    fn check_mtu(&self, addresses: &[Prefix]) -> Result<(), String> {
        let v6 = addresses.iter().any(|own| own.address.is_ipv6());
        let least = if v6 { LEAST_MTU_V6 } else { LEAST_MTU_V4 };
        if (least..=LARGEST_MTU).contains(&self.mtu) {
            return Ok(());
        }
        let family = if v6 { "IPv6" } else { "IPv4" };
        let mtu = self.mtu;
        Err(format!(
            "mtu: {mtu}; {family} needs {least} to {LARGEST_MTU} bytes"
        ))
    }

    /// The address of an Ethernet interface; one that is made is locally administered (IEEE 802).
    fn mac(&self, made: u64) -> Result<Option<Mac>, String> {
        match (&self.mac, self.medium) {
            (Some(_), Medium::Ip) => {
                Err("mac: only an interface with medium \"ethernet\" has one".into())
            }
            (None, Medium::Ip) => Ok(None),
            (None, Medium::Ethernet) => {
                let [a, b, c, d, e, ..] = made.to_be_bytes();
                Ok(Some(Mac([2, a, b, c, d, e])))
            }
            (Some(text), Medium::Ethernet) => {
                let mac = Mac::parse(text).filter(|mac| mac.is_unicast());
                let mac = mac.ok_or_else(|| {
                    format!("mac: \"{text}\" is no station's address, as 02:00:00:00:00:01 is")
                })?;
                Ok(Some(mac))
            }
        }
    }
}

/// An address that a host can have.
fn own(text: &str) -> Result<Prefix, String> {
    let own = Prefix::parse(text)
        .ok_or_else(|| format!("\"{text}\" is no address with a prefix, as 10.0.0.1/24 is"))?;
    let address = own.address;
    let mapped = matches!(address, IpAddr::V6(address) if address.to_ipv4_mapped().is_some());
    if !is_unicast(address) || address.is_loopback() || mapped {
        return Err(format!(
            "{address} is no address that an interface can have"
        ));
    }
    let whole = own.broadcast().is_some() && own.network().address == address;
    if whole || own.broadcast().map(IpAddr::V4) == Some(address) {
        return Err(format!("{address} means all of {}", own.network()));
    }
    Ok(own)
}

/// Every interface that speaks IPv6 has an address of its link (RFC 4291 §2.8).
fn add_link_local(addresses: &mut Vec<Prefix>, id: u64) {
    let v6 = addresses.iter().any(|own| own.address.is_ipv6());
    let has = addresses.iter().any(|own| is_link_local(own.address));
    if v6 && !has {
        let bits = 0xfe80_u128 << 112 | u128::from(id);
        addresses.push(Prefix {
            address: Ipv6Addr::from_bits(bits).into(),
            len: 64,
        });
    }
}

/// No address stands twice.
fn check_owners(interfaces: &[Interface]) -> Result<(), AppError> {
    let mut owners: BTreeMap<IpAddr, &str> = BTreeMap::new();
    for interface in interfaces {
        for own in &interface.addresses {
            if let Some(other) = owners.insert(own.address, &interface.name) {
                let (address, name) = (own.address, &interface.name);
                let text = format!(
                    "interfaces.{name}.addresses: {address} is an address of {other} already"
                );
                return Err(AppError::config(text));
            }
        }
    }
    Ok(())
}

/// The routes to the networks of the interfaces' own addresses.
fn connected(interfaces: &[Interface]) -> Routes {
    let mut routes = Routes::default();
    for (number, interface) in interfaces.iter().enumerate() {
        for own in &interface.addresses {
            routes.add(Route {
                to: own.network(),
                via: None,
                interface: number,
            });
        }
    }
    routes
}

impl RouteSpec {
    fn route(&self, interfaces: &[Interface]) -> Result<Route, String> {
        let to = Prefix::parse(&self.to);
        let to =
            to.ok_or_else(|| format!("to: \"{}\" is no network, as 10.0.0.0/8 is", self.to))?;
        if to.network() != to {
            let network = to.network();
            return Err(format!(
                "to: {to} has bits behind its prefix; {network} has not"
            ));
        }
        let interface = self.interface(interfaces, to)?;
        Ok(Route {
            to,
            via: self.via,
            interface,
        })
    }

    fn interface(&self, interfaces: &[Interface], to: Prefix) -> Result<usize, String> {
        let named = self.named(interfaces)?;
        let Some(via) = self.via else {
            let text = || format!("to {to}: needs a router (via) or an interface");
            return named.ok_or_else(text);
        };
        if via.is_ipv4() != to.address.is_ipv4() || !is_unicast(via) {
            return Err(format!("via: {via} is no router to {to}"));
        }
        if interfaces.iter().any(|interface| interface.has(via)) {
            return Err(format!("via: {via} is the host's own address"));
        }
        let reaches = |number: usize| {
            let mut own = interfaces[number].addresses.iter();
            own.any(|own| own.contains(via))
        };
        let mut candidates = (0..interfaces.len()).filter(|&number| reaches(number));
        match named {
            Some(number) if reaches(number) => Ok(number),
            Some(number) => {
                let name = &interfaces[number].name;
                Err(format!("via: no address of {name} reaches {via}"))
            }
            None => candidates
                .next()
                .ok_or_else(|| format!("via: no interface reaches {via}")),
        }
    }

    fn named(&self, interfaces: &[Interface]) -> Result<Option<usize>, String> {
        let Some(name) = &self.interface else {
            return Ok(None);
        };
        let place = interfaces
            .iter()
            .position(|interface| interface.name == *name);
        let text = || format!("interface: there is no interface {name}");
        place.map(Some).ok_or_else(text)
    }
}
