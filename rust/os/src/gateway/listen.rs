//! Ports of the machine that lead to programs inside.
use super::LISTENER;
use super::connections::Connections;
use super::record::Record;
use super::spec::{Protocol, Redirects, Spec};
use crate::epoll::Epoll;
use crate::interface::forbidden;
use crate::machine::Machine;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use usernet_core::app::{AppError, ErrorKind as Kind};
use usernet_core::stack::{Host, SocketError, SocketId};
use usernet_core::time::Nanos;

/// How many callers are taken at once before others get their turn.
const BATCH: usize = 64;

struct Port {
    listener: TcpListener,
    to: SocketAddr,
    /// Whether there may be callers that were not taken.
    waits: bool,
}

/// All of them.
pub(super) struct Ports {
    ports: Vec<Port>,
    /// The gateway's own addresses, from which the machine itself calls.
    own: Vec<IpAddr>,
    /// Whether all others call from there too.
    masquerade: bool,
    failed: u64,
}

impl Ports {
    /// Listens where it is asked to.
    ///
    /// # Errors
    /// A port is taken, or the system forbids it.
    pub(super) fn open(spec: &Spec, own: Vec<IpAddr>, epoll: &Epoll) -> Result<Self, AppError> {
        let mut ports = Vec::new();
        let tcp = spec
            .publish
            .iter()
            .filter(|one| one.protocol == Protocol::Tcp);
        for (key, publish) in tcp.enumerate() {
            let listener = listen(publish.listen, epoll, key as u32);
            let listener = listener.map_err(|error| refused(publish.listen, &error))?;
            ports.push(Port {
                listener,
                to: publish.to,
                waits: false,
            });
        }
        Ok(Self {
            ports,
            own,
            masquerade: spec.masquerade,
            failed: 0,
        })
    }

    /// Callers have come to this port.
    pub(super) fn ready(&mut self, key: u32) {
        if let Some(port) = self.ports.get_mut(key as usize) {
            port.waits = true;
        }
    }

    /// Whether callers wait.
    pub(super) fn is_busy(&self) -> bool {
        self.ports.iter().any(|port| port.waits)
    }

    /// Takes callers, and calls the programs for them.
    pub(super) fn accept(
        &mut self,
        redirects: &Redirects,
        connections: &mut Connections,
        (epoll, host): (&Epoll, &mut Host),
        now: Nanos,
    ) {
        for port in self.ports.iter_mut().filter(|port| port.waits) {
            for _ in 0..BATCH {
                match port.listener.accept() {
                    Ok((stream, peer)) => {
                        let face = face(peer, port.to, redirects, (&self.own, self.masquerade));
                        let call = (stream, face, port.to);
                        let taken = take(call, connections, (epoll, host), now);
                        self.failed += u64::from(taken.is_none());
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    // Of what is wrong with one caller the next knows nothing; where descriptors are
                    // used up, the next caller tries again.
                    Err(error) => {
                        port.waits = error.kind() == ErrorKind::ConnectionAborted;
                        break;
                    }
                }
            }
        }
    }

    /// Callers whom nobody could be called for.
    pub(super) fn failed(&self) -> u64 {
        self.failed
    }
}

fn listen(at: SocketAddr, epoll: &Epoll, key: u32) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(at)?;
    listener.set_nonblocking(true)?;
    epoll.add(listener.as_raw_fd(), libc::EPOLLIN, LISTENER, key)?;
    Ok(listener)
}

pub(super) fn refused(at: SocketAddr, error: &io::Error) -> AppError {
    match error.kind() {
        ErrorKind::PermissionDenied => forbidden(format!(
            "listening at {at} is not allowed: ports below 1024 need CAP_NET_BIND_SERVICE; take a higher one"
        )),
        ErrorKind::AddrInUse => AppError {
            kind: Kind::System(libc::EADDRINUSE),
            message: format!("cannot listen at {at}"),
        },
        _ => AppError::config(format!("cannot listen at {at}: {error}")),
    }
}

/// From where a program sees a caller call: its own address, or, where the machine itself calls, the
/// one by which programs reach it.
fn face(
    peer: SocketAddr,
    to: SocketAddr,
    redirects: &Redirects,
    (own, masquerade): (&[IpAddr], bool),
) -> SocketAddr {
    // A listener of IPv6 may hear IPv4 too.
    let caller = peer.ip().to_canonical();
    let known = redirects.face_of(caller);
    let abroad = (!caller.is_loopback() && !masquerade).then_some(caller);
    let fits = |address: &IpAddr| address.is_ipv4() == to.is_ipv4();
    let face = known.or(abroad).filter(fits);
    let face = face.or_else(|| own.iter().copied().find(fits));
    SocketAddr::new(face.unwrap_or(caller), peer.port())
}

fn take(
    (stream, face, to): (TcpStream, SocketAddr, SocketAddr),
    connections: &mut Connections,
    (epoll, host): (&Epoll, &mut Host),
    now: Nanos,
) -> Option<()> {
    let machine = Machine::accepted(stream).ok()?;
    let called = connections
        .has_room()
        .then(|| call(face, to, host, now).ok());
    let Some(id) = called.flatten() else {
        machine.reset();
        return None;
    };
    let record = Record::new("tcp", (to, face), now);
    let joined = connections.join(machine, record, id, epoll);
    joined.inspect_err(|_| host.abort(id, now)).ok()
}

/// Calls a program from the caller's own port, else from another.
fn call(
    face: SocketAddr,
    to: SocketAddr,
    host: &mut Host,
    now: Nanos,
) -> Result<SocketId, SocketError> {
    let mut options = host.options();
    options.nodelay = true;
    let any = SocketAddr::new(face.ip(), 0);
    let called = host.connect(to, Some(face), options.clone(), now);
    called.or_else(|_| host.connect(to, Some(any), options, now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_caller_has_its_own_address_and_the_machine_the_one_that_leads_to_it() {
        let redirects = |to: &str| {
            let spec = json!({
                "addresses": ["192.0.0.1/29"], "redirects": [{"from": "192.0.0.3", "to": to}],
            });
            Redirects::new(&serde_json::from_value(spec).unwrap()).unwrap()
        };
        let own = ["192.0.0.1", "fd00::1"].map(|own| own.parse().unwrap());
        let seen = |peer: &str, to: &str, redirects: &Redirects| {
            let (peer, to) = (peer.parse().unwrap(), to.parse().unwrap());
            face(peer, to, redirects, (&own, false)).to_string()
        };
        let (shut, open) = (redirects("10.0.0.1"), redirects("127.0.0.1"));
        for (peer, to, expected) in [
            ("127.0.0.1:9", "192.0.0.2:80", "192.0.0.3:9"),
            ("[::ffff:127.0.0.1]:9", "192.0.0.2:80", "192.0.0.3:9"),
            ("203.0.113.9:9", "192.0.0.2:80", "203.0.113.9:9"),
            ("[2001:db8::9]:9", "[fd00::2]:80", "[2001:db8::9]:9"),
            // There is nobody of the other family that it could be.
            ("[2001:db8::9]:9", "192.0.0.2:80", "192.0.0.1:9"),
            ("127.0.0.1:9", "[fd00::2]:80", "[fd00::1]:9"),
        ] {
            assert_eq!(seen(peer, to, &open), expected, "{peer} {to}");
        }
        assert_eq!(seen("127.0.0.1:9", "192.0.0.2:80", &shut), "192.0.0.1:9");
        let (peer, to) = ("203.0.113.9:9", "192.0.0.2:80");
        let (peer, to) = (peer.parse().unwrap(), to.parse().unwrap());
        let masked = face(peer, to, &open, (&own, true));
        assert_eq!(masked.to_string(), "192.0.0.1:9");
    }
}
