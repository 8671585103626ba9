//! UdpSocket: packets of IP and UDP on the machine's own UDP sockets. Ports: what reaches `rx` is sent, what
//! the sockets receive leaves by `tx`. One socket for each family, both at one port.
//!
//! A packet goes to where it says, and from where it says if that is an address of the machine's; what comes
//! says both, so that answers leave from the address that was asked. Several datagrams go and come as one
//! super-packet. Nothing that the network says ends the app: it is counted.
mod family;
mod message;
mod outbox;
mod sending;

use crate::datagram::receiving::{Came, Inlet};
use family::Family;
use outbox::Outbox;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use usernet_core::app::{App, AppError, Context, Descriptor, Direction, ErrorKind};
use usernet_core::packet::Pool;
use usernet_core::stack::compose::{self, Marks};
use usernet_core::time::Nanos;
use usernet_core::wire::zone;

/// Hop limit of what comes, where the kernel does not say it.
const HOP_LIMIT: u8 = 64;
/// So many batches of one family, and the other is asked as well.
const TURNS: u32 = 16;
/// How often another port is tried, where the one that IPv4 was given is somebody's in IPv6.
const TRIES: usize = 64;

/// An app's config.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    /// The port of both families; any that is free, where zero.
    #[serde(default)]
    port: u16,
    /// The only address; all of the machine's where absent.
    #[serde(default)]
    address: Option<IpAddr>,
}

/// Datagrams of the machine.
pub(crate) struct UdpSocket {
    families: Vec<Family>,
    port: u16,
    inlet: Inlet,
    outbox: Outbox,
    /// The family that is asked first, and how often one had something.
    turn: usize,
    turns: u32,
    received: u64,
    received_bytes: u64,
    /// What the pool had no room for.
    no_room: u64,
}

impl UdpSocket {
    /// Opens the sockets.
    ///
    /// # Errors
    /// The port or the address is somebody else's, or not allowed, or this machine has neither family.
    pub(crate) fn open(spec: &Spec) -> Result<Self, AppError> {
        let (families, port) = open(spec).map_err(|error| refused(spec, &error))?;
        Ok(Self {
            families,
            port,
            inlet: Inlet::new(),
            outbox: Outbox::default(),
            turn: 0,
            turns: 0,
            received: 0,
            received_bytes: 0,
            no_room: 0,
        })
    }

    /// Receives a batch, of the family that had something last, and of the other where that has nothing now or
    /// has had many turns; whether there may be more. A socket that is not asked is still ready.
    fn receive_some(&mut self, context: &mut Context<'_>) -> bool {
        for _ in 0..self.families.len() {
            if let Some(more) = self.receive(self.turn, context) {
                self.turns = self.turns.wrapping_add(1);
                if self.turns.is_multiple_of(TURNS) {
                    self.pass_on();
                    return true;
                }
                return more;
            }
            self.pass_on();
        }
        false
    }

    fn pass_on(&mut self) {
        self.turn = (self.turn + 1) % self.families.len().max(1);
    }

    /// Receives a batch of a family, and says whether there may be more; nothing where nothing came.
    fn receive(&mut self, place: usize, context: &mut Context<'_>) -> Option<bool> {
        let family = self.families.get(place)?;
        let Ok(more) = self.inlet.receive(family.fd()) else {
            self.outbox.learn(family.fd());
            return None;
        };
        let came = std::mem::take(&mut self.inlet.came);
        for one in &came {
            self.bring_in(one, context);
        }
        self.inlet.came = came;
        Some(more)
    }

    fn bring_in(&mut self, came: &Came, context: &mut Context<'_>) {
        let local = came
            .local
            .unwrap_or_else(|| unspecified(came.from.is_ipv4()));
        let from = SocketAddr::new(zone::into_packet(came.from), came.from.port());
        let ends = (from, SocketAddr::new(local, self.port));
        let marks = Marks {
            hop_limit: came.hop_limit.unwrap_or(HOP_LIMIT),
            traffic_class: came.traffic_class,
            id: None,
        };
        let bytes = &self.inlet.bytes[came.range()];
        let fill = |room: &mut [u8]| room.copy_from_slice(bytes);
        let size = (came.len, came.segment_size);
        let Some(mut packet) = compose::datagram(context.pool, ends, marks, size, fill) else {
            self.no_room += 1;
            return;
        };
        self.received += came.count() as u64;
        self.received_bytes += came.len as u64;
        if context.outputs() == 0 {
            return context.pool.free(packet);
        }
        packet.set_arrived(context.now);
        context.transmit(0, packet);
    }
}

fn unspecified(v4: bool) -> IpAddr {
    if v4 {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    }
}

/// The sockets, and their port.
fn open(spec: &Spec) -> io::Result<(Vec<Family>, u16)> {
    if let Some(address) = spec.address {
        let family = Family::open(SocketAddr::new(address, spec.port))?;
        let port = family.port()?;
        return Ok((vec![family], port));
    }
    let mut tried = Vec::new();
    loop {
        match open_both(spec.port) {
            // Somebody has that port in IPv6: kept until another one is found.
            Ok((one, Err(error))) if is_taken(&error) && spec.port == 0 && tried.len() < TRIES => {
                tried.push(one);
            }
            Ok((_, Err(error))) if is_taken(&error) => return Err(error),
            Ok((one, other)) => {
                let port = one.port()?;
                return Ok((
                    [Some(one), other.ok()].into_iter().flatten().collect(),
                    port,
                ));
            }
            Err(error) => return Err(error),
        }
    }
}

/// A socket of IPv4, if the machine has that, and one of IPv6 at the same port.
fn open_both(port: u16) -> io::Result<(Family, io::Result<Family>)> {
    let at = |v4, port| SocketAddr::new(unspecified(v4), port);
    match Family::open(at(true, port)) {
        Ok(one) => {
            let other = Family::open(at(false, one.port()?));
            Ok((one, other))
        }
        Err(error) if is_taken(&error) => Err(error),
        Err(error) => Ok((Family::open(at(false, port))?, Err(error))),
    }
}

fn is_taken(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}

fn refused(spec: &Spec, error: &io::Error) -> AppError {
    let (port, errno) = (spec.port, error.raw_os_error().unwrap_or(libc::EIO));
    let place = spec.address.map_or_else(
        || format!("UDP port {port}"),
        |address| format!("UDP port {port} of {address}"),
    );
    let message = match errno {
        // What the number means is said by whoever tells people of it.
        libc::EADDRINUSE => place,
        libc::EACCES => format!(
            "{place} is not allowed: ports below 1024 need CAP_NET_BIND_SERVICE; take a higher one"
        ),
        libc::EADDRNOTAVAIL => format!("{place} cannot be had: this machine has no such address"),
        libc::EAFNOSUPPORT => format!("{place} cannot be had: this machine has no such addresses"),
        _ => format!("{place} cannot be had: {error}"),
    };
    AppError {
        kind: match errno {
            libc::EACCES => ErrorKind::Privilege,
            errno => ErrorKind::System(errno),
        },
        message,
    }
}

impl App for UdpSocket {
    fn kind(&self) -> &'static str {
        "udp_socket"
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        port == match direction {
            Direction::Input => "rx",
            Direction::Output => "tx",
        }
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        let more = self.receive_some(context);
        if self.outbox.is_blocked() {
            self.outbox.flush(&mut self.families, context.pool);
        }
        more
    }

    fn push(&mut self, context: &mut Context<'_>) {
        if context.inputs() == 0 {
            return;
        }
        let mut packets = context.take(0);
        self.outbox.add(&mut packets, context.pool);
        context.restore(0, packets);
        self.outbox.flush(&mut self.families, context.pool);
    }

    fn descriptors(&self, into: &mut Vec<Descriptor>) {
        let blocked = self.outbox.is_blocked();
        into.extend(self.families.iter().map(|family| Descriptor {
            fd: family.fd(),
            readable: true,
            writable: blocked,
        }));
    }

    fn count(&self, _now: Nanos, into: &mut Map<String, Value>) {
        let has = |v4| self.families.iter().any(|family| family.v4() == v4);
        into.insert("port".into(), self.port.into());
        into.insert(
            "families".into(),
            json!({"ipv4": has(true), "ipv6": has(false)}),
        );
        into.insert("received".into(), self.received.into());
        into.insert("received_bytes".into(), self.received_bytes.into());
        into.insert("no_room".into(), self.no_room.into());
        self.outbox.count(into);
    }

    fn stop(&mut self, pool: &mut Pool) {
        self.outbox.free(pool);
    }
}
