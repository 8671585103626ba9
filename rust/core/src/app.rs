//! Apps: the nodes of the graph. An app's `pull` brings packets in, its `push` handles what stands
//! on its input links. An app reaches nothing but its links, and what its context lends it.
use crate::apps::wireguard::WireGuard;
use crate::cause::Cause;
use crate::drops::Drops;
use crate::link::Link;
use crate::log::{Event, Log};
use crate::packet::{Packet, Pool};
use crate::stack::Host;
use crate::time::Nanos;
use serde_json::{Map, Value};
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// About how many packets a pull brings in: few enough for the batch to stay in the cache.
pub const BATCH: usize = 128;

/// Which end of a link a port is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Direction {
    /// Packets come in through it.
    Input,
    /// Packets go out through it.
    Output,
}

/// A file descriptor that an app waits for, as a plain number: only the driver touches it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Descriptor {
    /// The descriptor.
    pub fd: i32,
    /// Wake when it can be read.
    pub readable: bool,
    /// Wake when it can be written.
    pub writable: bool,
}

/// What kind of thing went wrong with an app; each is an exception of its own in Python.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorKind {
    /// The graph or a value in it is impossible.
    Config,
    /// An interface is missing, or not of the needed type.
    Interface,
    /// The system forbids it.
    Privilege,
    /// A file to read is not what it should be.
    Trace,
    /// A capture could not be written.
    Capture,
    /// The engine has stopped, or is not the kind that does this.
    Engine,
    /// What the system says with this number (errno(3)): an address that is somebody else's.
    System(i32),
}

/// What went wrong, to which app, and what to do about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AppError {
    /// What kind of thing went wrong.
    pub kind: ErrorKind,
    /// What happened, to what, and what to do.
    pub message: String,
}

impl AppError {
    /// An impossible graph or value.
    pub fn config(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Config,
            message: message.into(),
        }
    }

    /// An engine that has stopped, or is not the kind that does this.
    pub fn engine(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Engine,
            message: message.into(),
        }
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for AppError {}

/// The names of an app's linked ports; a port's place in its list is its index.
#[derive(Clone, Debug, Default)]
pub struct Ports {
    /// Input ports, by name.
    pub inputs: Vec<String>,
    /// Output ports, by name.
    pub outputs: Vec<String>,
}

impl Ports {
    /// The index of the output port of that name, if it is linked.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<usize> {
        self.outputs.iter().position(|port| port == name)
    }

    /// The index of the input port of that name, if it is linked.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<usize> {
        self.inputs.iter().position(|port| port == name)
    }
}

/// How the engine may shorten the way of packets through an app.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// It may not: packets come and go by links.
    Plain,
    /// It parts packets by [`Context::part`], so that lanes get them one by one.
    Parts,
    /// It is never pulled, and takes packets also one by one, by [`App::admit`].
    Lane,
    /// It does nothing but hand on what comes to its one output.
    Joins,
}

/// A node of the graph.
pub trait App: Any + Send {
    /// What kind of app it is: the word in the config.
    fn kind(&self) -> &'static str;

    /// Whether it has such a port.
    fn has_port(&self, direction: Direction, port: &str) -> bool;

    /// Its links are now these. Called before the first pull or push, and after each change.
    fn linked(&mut self, _ports: &Ports) {}

    /// Brings in about [`BATCH`] packets; whether there may be more at once. Called when the last
    /// call said so, when a descriptor of the app is ready, and at its deadline.
    fn pull(&mut self, _context: &mut Context<'_>) -> bool {
        false
    }

    /// How the engine may shorten the way of packets through it; the same for all its life.
    fn role(&self) -> Role {
        Role::Plain
    }

    /// Takes a packet that comes by no link, and waits with everything else until it is pushed; when it
    /// wants that. Only a [`Role::Lane`] is asked.
    fn admit(&mut self, packet: Packet, context: &mut Context<'_>) -> Option<Nanos> {
        context.pool.free(packet);
        None
    }

    /// Handles what stands on the input links: all of it, for what is left there makes the engine
    /// breathe again at once. Called when something stands there, and at its deadline.
    fn push(&mut self, _context: &mut Context<'_>) {}

    /// When it wants to be called again, at the latest.
    fn deadline(&self) -> Option<Nanos> {
        None
    }

    /// Adds the descriptors that it waits for.
    fn descriptors(&self, _into: &mut Vec<Descriptor>) {}

    /// Whether `reconfigure` can take this config while the app keeps its state.
    ///
    /// # Errors
    /// The config is impossible, or the app has to be stopped and started for it.
    fn check(&self, _config: &Value) -> Result<(), AppError> {
        Err(AppError::config(format!(
            "a {} takes no new config while it runs",
            self.kind()
        )))
    }

    /// Whether it will have such a port when it has taken a config that `check` has passed.
    fn will_have_port(&self, _config: &Value, direction: Direction, port: &str) -> bool {
        self.has_port(direction, port)
    }

    /// Takes a config that `check` has passed; it is told its links after that.
    fn reconfigure(&mut self, _config: &Value, _now: Nanos) {}

    /// Adds what it has counted.
    fn count(&self, _now: Nanos, _into: &mut Map<String, Value>) {}

    /// Takes a message from outside, and answers it.
    ///
    /// # Errors
    /// It is not one that this app understands.
    fn tell(&mut self, _message: &Value) -> Result<Value, AppError> {
        let message = format!("a {} takes no messages", self.kind());
        Err(AppError::config(message))
    }

    /// What it has written down over time, which is too much to be counted with the rest.
    fn series(&self) -> Option<Value> {
        None
    }

    /// What has gone wrong since it started and cannot mend by itself. Only an app that waits for
    /// a descriptor is asked: what can fail is outside.
    fn failure(&self) -> Option<AppError> {
        None
    }

    /// The host that it is, if it is one: whoever uses sockets reaches them by this.
    fn host(&mut self) -> Option<&mut Host> {
        None
    }

    /// The tunnel that it is, if it is one: whoever knows its peers reaches it by this.
    fn tunnel(&mut self) -> Option<&mut WireGuard> {
        None
    }

    /// Gives its packets back and finishes what it has open.
    fn stop(&mut self, _pool: &mut Pool) {}
}

/// What an app may touch during a breath.
pub struct Context<'a> {
    /// The time of this breath.
    pub now: Nanos,
    /// Where packets come from and go back to.
    pub pool: &'a mut Pool,
    pub(crate) log: &'a mut Log,
    pub(crate) drops: &'a mut Drops,
    pub(crate) app: u16,
    pub(crate) links: &'a mut [Link],
    pub(crate) inputs: &'a [usize],
    pub(crate) outputs: &'a [usize],
    /// Of each link, the place of the lane behind it.
    pub(crate) lanes: &'a [Option<u32>],
    /// Packets for lanes, with their places.
    pub(crate) parted: &'a mut Vec<(u32, Packet)>,
    /// Room for packets that an app lets go in this call: shared by all, so that it stays in the cache.
    pub(crate) spare: &'a mut Vec<Packet>,
}

impl Context<'_> {
    /// How many input links there are.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs.len()
    }

    /// How many output links there are.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs.len()
    }

    /// An input link.
    #[inline]
    pub fn input(&mut self, index: usize) -> &mut Link {
        &mut self.links[self.inputs[index]]
    }

    /// An output link, and the pool that its overflow goes back to.
    #[inline]
    pub fn output(&mut self, index: usize) -> (&mut Link, &mut Pool) {
        (&mut self.links[self.outputs[index]], self.pool)
    }

    /// Takes the oldest packet of an input link.
    #[inline]
    pub fn receive(&mut self, input: usize) -> Option<Packet> {
        self.links[self.inputs[input]].receive()
    }

    /// Puts a packet on an output link.
    #[inline]
    pub fn transmit(&mut self, output: usize, packet: Packet) {
        self.links[self.outputs[output]].transmit(packet, self.pool);
    }

    /// Puts a packet on an output link; where a lane is behind that, the packet goes past it, unless
    /// others stand there.
    #[inline]
    pub(crate) fn part(&mut self, output: usize, packet: Packet) {
        let number = self.outputs[output];
        let link = &mut self.links[number];
        match self.lanes[number] {
            Some(lane) if link.is_empty() => {
                link.pass(&packet);
                self.parted.push((lane, packet));
            }
            _ => link.transmit(packet, self.pool),
        }
    }

    /// Takes all that stands on an input link; `restore` gives the emptied ring back.
    #[inline]
    #[must_use]
    pub fn take(&mut self, input: usize) -> Vec<Packet> {
        self.links[self.inputs[input]].take()
    }

    /// Gives the ring of an input link back; what is left in it goes first.
    #[inline]
    pub fn restore(&mut self, input: usize, ring: Vec<Packet>) {
        self.links[self.inputs[input]].restore(ring);
    }

    /// Notes a drop among the latest ones: the app, and whose share of a queue it was, by name.
    #[inline]
    pub fn note_drop(
        &mut self,
        app: &Arc<str>,
        share: Option<&Arc<str>>,
        cause: Cause,
        packet: &Packet,
    ) {
        self.drops.add(self.now, app, share, cause, packet);
    }

    /// Writes what happened to a packet into the event log, if one is kept.
    #[inline]
    pub fn record(&mut self, at: Nanos, event: Event, packet: &Packet) {
        self.log.record(at, self.app, event, packet);
    }
}
