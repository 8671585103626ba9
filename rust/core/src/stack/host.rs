//! Host: an app with a TCP/IP stack. Ports: each interface of the host is an input and an output.
//!
//! A packet that comes in goes through [`Ip`](super::ip::Ip), which hands on, answers or drops what
//! is for no socket; what is for one changes the socket and marks it. At the end of the breath the
//! marked sockets send, in turns. A program's call marks a socket too, and makes the host due.
mod aside;
mod call;
mod datagram;
mod deliver;
mod ends;
mod icmp;
mod lingering;
mod offer;
mod quoted;
mod sockets;
mod straight;
mod stray;
mod stream;
mod transmit;

use super::error::SocketError;
use super::event::{Readiness, SocketId};
use super::hash::Key;
use super::ip::Ip;
pub use super::ip::error::Complaint;
use super::options::SocketOptions;
use super::spec::Spec;
use crate::app::{App, AppError, BATCH, Context, Direction, Ports};
use crate::packet::Pool;
use crate::rng::Stream as Randomness;
use crate::time::Nanos;
use offer::Offers;
pub use offer::{Offer, OfferId, Refusal};
use serde_json::{Map, Value};
use sockets::Sockets;
use std::net::IpAddr;
pub use stray::Stray;
use stray::Strays;

/// A host: interfaces, routes, and sockets.
pub struct Host {
    name: String,
    seed: u64,
    options: SocketOptions,
    ip: Ip,
    sockets: Sockets,
    offers: Offers,
    strays: Strays,
    /// The time of the last breath or call.
    now: Nanos,
}

impl Host {
    /// A host of this name with this config, whose randomness follows from `seed`.
    ///
    /// # Errors
    /// The config is impossible.
    pub fn new(name: &str, seed: u64, config: &Value, now: Nanos) -> Result<Self, AppError> {
        let (spec, layout) = Spec::read(name, seed, config)?;
        let mut stream = Randomness::new(seed, &format!("{name}/host"));
        Ok(Self {
            name: name.into(),
            seed,
            ip: Ip::new(layout, &mut stream),
            sockets: Sockets::new(&spec, &mut stream),
            offers: Offers::new(Key::draw(&mut stream)),
            strays: Strays::default(),
            options: spec.options,
            now,
        })
    }

    /// The options that its sockets start with.
    #[must_use]
    pub fn options(&self) -> SocketOptions {
        self.options.clone()
    }

    /// The local address that packets to `remote` would leave from.
    ///
    /// # Errors
    /// There is no route.
    pub fn source_for(&self, remote: IpAddr) -> Result<IpAddr, SocketError> {
        self.ip.source_for(remote)
    }

    /// Whether events wait to be taken.
    #[must_use]
    pub fn has_events(&self) -> bool {
        self.sockets.has_events()
    }

    /// Takes the events since the last call, in the order in which they came about; one entry for
    /// each socket.
    pub fn take_events(&mut self, into: &mut Vec<(SocketId, Readiness)>) {
        self.sockets.take_events(into);
    }

    /// Hands what has come from the host to itself to its sockets, as much as a breath may do.
    fn receive_looped(&mut self, context: &mut Context<'_>) {
        for _ in 0..self.ip.looped().min(BATCH) {
            if let Some(Some(arrival)) = self.ip.next_looped(context) {
                self.deliver(arrival, context);
            }
        }
    }

    /// Does what is due. For whoever has a host in an app of its own, as [`Self::receive_all`] is; what
    /// it causes leaves with [`Self::finish`].
    pub fn fire(&mut self, context: &mut Context<'_>) {
        self.now = context.now;
        self.ip.fire_timers(context);
        self.fire_timers(context.now);
    }

    /// Takes in what stands on the input links.
    pub fn receive_all(&mut self, context: &mut Context<'_>) {
        self.now = context.now;
        for input in 0..context.inputs() {
            let mut packets = context.take(input);
            for packet in packets.drain(..) {
                self.take_in(packet, input, context);
            }
            context.restore(input, packets);
        }
    }

    /// Lets sockets send, as much as a breath may: the end of each breath. What is left makes the host
    /// due at once.
    pub fn finish(&mut self, context: &mut Context<'_>) {
        self.receive_looped(context);
        self.transmit(context);
        self.sockets.feed();
        self.sockets.timers.settle();
    }
}

impl App for Host {
    fn kind(&self) -> &'static str {
        "host"
    }

    fn has_port(&self, _direction: Direction, port: &str) -> bool {
        self.ip.has_interface(port)
    }

    fn linked(&mut self, ports: &Ports) {
        self.ip.linked(ports);
    }

    /// Does what is due.
    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        self.fire(context);
        self.finish(context);
        false
    }

    fn push(&mut self, context: &mut Context<'_>) {
        self.receive_all(context);
        self.finish(context);
    }

    fn deadline(&self) -> Option<Nanos> {
        if self.ip.has_looped() || self.sockets.has_marked() {
            return Some(self.now);
        }
        let sockets = self.sockets.timers.next_deadline();
        sockets.into_iter().chain(self.ip.deadline()).min()
    }

    fn check(&self, config: &Value) -> Result<(), AppError> {
        Spec::read(&self.name, self.seed, config).map(drop)
    }

    fn will_have_port(&self, config: &Value, _direction: Direction, port: &str) -> bool {
        let interfaces = config.get("interfaces");
        interfaces.is_some_and(|interfaces| interfaces.get(port).is_some())
    }

    fn reconfigure(&mut self, config: &Value, now: Nanos) {
        if let Ok((spec, layout)) = Spec::read(&self.name, self.seed, config) {
            self.now = now;
            self.ip.reconfigure(layout);
            self.sockets.reconfigure(&spec);
            self.options = spec.options;
        }
    }

    fn count(&self, _now: Nanos, into: &mut Map<String, Value>) {
        self.ip.count(into);
        self.sockets.count(into);
    }

    fn host(&mut self) -> Option<&mut Host> {
        Some(self)
    }

    fn stop(&mut self, pool: &mut Pool) {
        self.ip.stop(pool);
        self.strays.stop(pool);
    }
}
