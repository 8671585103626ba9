//! RawSocket: an interface's packets, both ways (AF_PACKET). Ports: `tx` gets what comes in through
//! the interface, what reaches `rx` goes out through it. Super-packets and unfinished checksums go
//! through as they are, in both directions. An interface that goes down or vanishes stops the
//! packets, not the app: they flow again when it returns.
use crate::clock::Clock;
use crate::inbox::Inbox;
use crate::interface;
use crate::outbox::Outbox;
use crate::packet_socket::PacketSocket;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::cell::Cell;
use usernet_core::app::{App, AppError, Context, Descriptor, Direction};
use usernet_core::packet::Pool;
use usernet_core::time::{MILLISECOND, Nanos};

/// How often a vanished interface is looked for.
const RETRY: Nanos = 100 * MILLISECOND;
/// A raw socket's config.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The interface's name.
    pub interface: String,
    /// Whether packets addressed to others come in too.
    #[serde(default = "yes")]
    pub promiscuous: bool,
}

fn yes() -> bool {
    true
}

/// An interface's packets.
pub struct RawSocket {
    spec: Spec,
    socket: Option<PacketSocket>,
    retry: Nanos,
    inbox: Inbox,
    outbox: Outbox,
    reopened: u64,
    kernel_dropped: Cell<u64>,
}

impl RawSocket {
    /// Opens the interface.
    ///
    /// # Errors
    /// There is no such interface, it has no Ethernet headers, or the privilege is missing.
    pub fn open(spec: Spec, clock: Clock) -> Result<Self, AppError> {
        let socket = PacketSocket::open(&spec.interface, spec.promiscuous)?;
        Ok(Self {
            spec,
            socket: Some(socket),
            retry: Nanos::MAX,
            inbox: Inbox::new(clock),
            outbox: Outbox::default(),
            reopened: 0,
            kernel_dropped: Cell::new(0),
        })
    }

    fn send(&mut self, context: &mut Context<'_>) {
        let gone = match &self.socket {
            Some(socket) => self.outbox.flush(socket.fd(), context.pool),
            None => {
                self.outbox.discard(context.pool);
                false
            }
        };
        if gone {
            self.check_interface(context);
        }
    }

    /// Takes an error off the socket: an interface that is only down comes back by itself.
    fn mend(&mut self, context: &mut Context<'_>) {
        if self.socket.is_none() && self.retry <= context.now {
            self.reopen(context.now);
        }
        let error = self.socket.as_ref().and_then(PacketSocket::take_error);
        if error.is_some() {
            self.check_interface(context);
        }
    }

    /// Closes the socket if its interface is gone, and looks for one of that name from now on.
    fn check_interface(&mut self, context: &mut Context<'_>) {
        let gone = |socket: &PacketSocket| !socket.has_interface();
        if self.socket.as_ref().is_some_and(gone) {
            self.count_drops();
            self.socket = None;
            self.retry = context.now;
            self.outbox.discard(context.pool);
        }
    }

    fn reopen(&mut self, now: Nanos) {
        match PacketSocket::open(&self.spec.interface, self.spec.promiscuous) {
            Ok(socket) => {
                self.socket = Some(socket);
                self.reopened += 1;
                self.retry = Nanos::MAX;
            }
            Err(_) => self.retry = now + RETRY,
        }
    }

    fn count_drops(&self) {
        let drops = self.socket.as_ref().map_or(0, PacketSocket::take_drops);
        self.kernel_dropped.set(self.kernel_dropped.get() + drops);
    }

    fn is_down(&self) -> bool {
        let running =
            |socket: &PacketSocket| interface::is_running(socket.fd(), &self.spec.interface);
        !self.socket.as_ref().is_some_and(running)
    }
}

impl App for RawSocket {
    fn kind(&self) -> &'static str {
        "raw_socket"
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        port == match direction {
            Direction::Input => "rx",
            Direction::Output => "tx",
        }
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        let (count, more) = match &mut self.socket {
            Some(socket) => self.inbox.receive(socket, context),
            None => (0, false),
        };
        // An error stays until it is taken: it can wait until no packet comes.
        if count == 0 {
            self.mend(context);
        }
        if self.outbox.is_blocked() {
            self.send(context);
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
        self.send(context);
    }

    fn deadline(&self) -> Option<Nanos> {
        self.socket.is_none().then_some(self.retry)
    }

    fn descriptors(&self, into: &mut Vec<Descriptor>) {
        into.extend(self.socket.as_ref().map(|socket| Descriptor {
            fd: socket.fd(),
            readable: true,
            writable: self.outbox.is_blocked(),
        }));
    }

    fn count(&self, _now: Nanos, into: &mut Map<String, Value>) {
        self.count_drops();
        self.inbox.count(into);
        self.outbox.count(into);
        into.insert("kernel_dropped".into(), self.kernel_dropped.get().into());
        into.insert("down".into(), self.is_down().into());
        into.insert("reopened".into(), self.reopened.into());
    }

    fn stop(&mut self, pool: &mut Pool) {
        self.outbox.free(pool);
    }
}
