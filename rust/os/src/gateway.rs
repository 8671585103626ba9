//! A gateway: an app that ends what programs say to anybody on the machine's own sockets. Ports: `rx`,
//! `tx`, which carry IP packets.
//!
//! A host in it hears for everybody. Who calls is answered once the machine has reached whom it calls,
//! and hears what the machine heard where it has not. Bytes go from a socket into a connection's ring and
//! back, by one thread, and one descriptor tells of all sockets.
mod connections;
mod datagram_socket;
mod datagrams;
mod flows;
mod listen;
mod names;
mod record;
mod sending;
mod spec;

use crate::epoll::{Epoll, Ready};
use connections::Connections;
use datagrams::Datagrams;
use listen::Ports as Published;
use record::Record;
use serde_json::{Map, Value, json};
use spec::Redirects;
pub use spec::{Protocol, Publish, RedirectSpec, Spec};
use std::net::IpAddr;
use usernet_core::app::{App, AppError, Context, Descriptor, Direction, Ports};
use usernet_core::packet::Pool;
use usernet_core::stack::host::Offer;
use usernet_core::stack::{Host, Readiness, SocketId};
use usernet_core::time::Nanos;

/// The name of the host's one interface.
const INTERFACE: &str = "gateway";
/// Whose socket of the machine it is.
const CONNECTION: u32 = 0;
const DATAGRAMS: u32 = 1;
const LISTENER: u32 = 2;
/// Descriptors that are left to the rest of the process.
const SPARED: usize = 64;
/// How many connections there may be where the system has no limit.
const MOST: usize = 65_536;

/// A gateway.
pub struct Gateway {
    host: Host,
    epoll: Epoll,
    redirects: Redirects,
    connections: Connections,
    published: Published,
    datagrams: Datagrams,
    ready: Vec<Ready>,
    events: Vec<(SocketId, Readiness)>,
}

impl Gateway {
    /// A gateway of this name, whose randomness follows from `seed`.
    ///
    /// # Errors
    /// The config is impossible, a port to be published is taken, or no descriptor is left.
    pub fn open(name: &str, seed: u64, spec: &Spec, now: Nanos) -> Result<Self, AppError> {
        let failed = |error| AppError::engine(format!("gateway {name}: {error}"));
        let epoll = Epoll::new().map_err(failed)?;
        let most = most_connections();
        // Connections that are over linger for a while.
        let host = Host::new(name, seed, &spec.host(INTERFACE, 4 * most), now)?;
        let own = spec
            .addresses
            .iter()
            .filter_map(|own| own.split('/').next());
        let own: Vec<IpAddr> = own.filter_map(|own| own.parse().ok()).collect();
        Ok(Self {
            host,
            redirects: Redirects::new(spec)?,
            connections: Connections::new(most),
            datagrams: Datagrams::open(name, spec, own.clone(), most / 3, &epoll)?,
            published: Published::open(spec, own, &epoll)?,
            epoll,
            ready: Vec::new(),
            events: Vec::new(),
        })
    }

    /// Somebody asks for a connection.
    fn answer(&mut self, offer: Offer, context: &mut Context<'_>) {
        let mut record = Record::new("tcp", (offer.caller, offer.called), context.now);
        let name = self.datagrams.name_of(offer.called.ip());
        record.name = name.map(String::from);
        let called = offer.called;
        let ways = (self.redirects.way(called), self.redirects.otherwise(called));
        let (epoll, host) = (&self.epoll, &mut self.host);
        self.connections
            .dial(offer, record, ways, epoll, host, context);
    }

    /// Datagrams of programs go out.
    fn take_strays(&mut self, context: &mut Context<'_>) {
        while let Some(stray) = self.host.take_stray() {
            self.datagrams.take(stray, &mut self.host, context);
        }
        self.datagrams.flush(&mut self.host, context);
    }

    /// Does what sockets of the machine are ready for; whether there may be more.
    fn poll(&mut self, context: &mut Context<'_>) -> bool {
        let more = self.epoll.take(&mut self.ready);
        for Ready { kind, key, events } in self.ready.drain(..) {
            match kind {
                CONNECTION => {
                    let (epoll, host) = (&self.epoll, &mut self.host);
                    self.connections.ready((key, events), epoll, host, context);
                }
                LISTENER => self.published.ready(key),
                DATAGRAMS => self.datagrams.ready(key, events, &mut self.host, context),
                _ => {}
            }
        }
        self.connections.settle();
        if self.published.is_busy() {
            let (epoll, host) = (&self.epoll, &mut self.host);
            let connections = &mut self.connections;
            self.published
                .accept(&self.redirects, connections, (epoll, host), context.now);
        }
        more
    }

    /// Whether sockets of the machine may have more.
    fn is_busy(&self) -> bool {
        self.connections.is_busy() || self.published.is_busy() || self.datagrams.is_busy()
    }

    /// Moves what connections have, and lets the host send.
    fn work(&mut self, context: &mut Context<'_>) {
        let Self {
            host,
            connections,
            datagrams,
            ..
        } = self;
        let ended = datagrams.take_ended().into_iter();
        ended.for_each(|record| connections.keep(record));
        connections.run_busy(host, context.now);
        host.look();
        host.take_events(&mut self.events);
        for (id, news) in self.events.drain(..) {
            connections.told(id, news, host, context.now);
        }
        host.finish(context);
    }
}

impl App for Gateway {
    fn kind(&self) -> &'static str {
        "gateway"
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        port == match direction {
            Direction::Input => "rx",
            Direction::Output => "tx",
        }
    }

    /// The host's interface has one name both ways.
    fn linked(&mut self, ports: &Ports) {
        let named = |ports: &[String]| ports.iter().map(|_| INTERFACE.into()).collect();
        self.host.linked(&Ports {
            inputs: named(&ports.inputs),
            outputs: named(&ports.outputs),
        });
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        self.host.fire(context);
        self.datagrams.expire(context.now);
        self.datagrams.run_busy(&mut self.host, context);
        let more = self.poll(context);
        self.work(context);
        more || self.is_busy()
    }

    fn push(&mut self, context: &mut Context<'_>) {
        self.host.receive_all(context);
        let mut dialled = false;
        while let Some(offer) = self.host.take_offer() {
            self.answer(offer, context);
            dialled = true;
        }
        self.take_strays(context);
        // Who is near is reached at once.
        if dialled {
            self.poll(context);
        }
        self.work(context);
    }

    fn deadline(&self) -> Option<Nanos> {
        if self.host.has_events() || self.is_busy() {
            return Some(0);
        }
        let datagrams = self.datagrams.deadline();
        self.host.deadline().into_iter().chain(datagrams).min()
    }

    fn descriptors(&self, into: &mut Vec<Descriptor>) {
        into.push(Descriptor {
            fd: self.epoll.fd(),
            readable: true,
            writable: false,
        });
    }

    fn count(&self, now: Nanos, into: &mut Map<String, Value>) {
        self.connections.count(into);
        into.insert("publish_failed".into(), self.published.failed().into());
        self.datagrams.count(into);
        let mut host = Map::new();
        self.host.count(now, &mut host);
        into.insert("host".into(), json!(host));
    }

    fn series(&self) -> Option<Value> {
        Some(self.connections.series(self.datagrams.records()))
    }

    fn stop(&mut self, pool: &mut Pool) {
        self.connections.stop();
        self.datagrams.stop(pool);
        self.host.stop(pool);
    }
}

/// How many connections descriptors are left for: three in four of those that the process may still
/// open, but for some; the fourth is for datagrams.
fn most_connections() -> usize {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` has room for what is written.
    let asked = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    if asked != 0 {
        return MOST;
    }
    let used = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let limit = usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX);
    let left = limit.saturating_sub(used + SPARED);
    (left - left / 4).clamp(1, MOST)
}
