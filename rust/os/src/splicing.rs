//! A host in real time: one whose connections can be spliced to stream sockets of the machine, so that
//! bytes go both ways without anybody's help. It is the core's host, and no more than that as long as
//! nothing is spliced.
mod outcome;
mod splices;

use crate::machine::Machine;
pub use outcome::Outcome;
use serde_json::{Map, Value};
use splices::Splices;
use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use usernet_core::app::{App, AppError, Context, Descriptor, Direction, Ports};
use usernet_core::engine::{Engine, HostKey};
use usernet_core::packet::Pool;
use usernet_core::stack::{Host, SocketError, SocketId};
use usernet_core::time::Nanos;

/// Why a connection was not spliced.
#[derive(Debug)]
pub enum Refused {
    /// The descriptor is no connected stream socket, or none is left.
    Machine(io::Error),
    /// The connection is none, is gone, or is spliced already.
    Host(SocketError),
    /// In virtual time the machine's sockets cannot take part.
    Virtual,
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine(error) => match error.raw_os_error() {
                Some(libc::EBADF | libc::ENOTSOCK | libc::EPROTOTYPE | libc::ENOTCONN) => {
                    write!(out, "a connected stream socket is needed to splice: {error}")
                }
                _ => write!(out, "cannot splice: {error}"),
            },
            Self::Host(error) => error.fmt(out),
            Self::Virtual => out.write_str(
                "a socket of the operating system cannot be spliced in virtual time, of which it knows \
                 nothing: run the network in real time",
            ),
        }
    }
}

/// Splices a connection of a host, which stands or is on its way, to a duplicate of a stream socket. Both
/// are the engine's from now on: it closes them.
///
/// # Errors
/// See [`Refused`]; then nothing has happened.
pub fn splice(
    engine: &mut Engine,
    host: HostKey,
    id: SocketId,
    fd: RawFd,
) -> Result<Arc<Outcome>, Refused> {
    engine
        .with_host(host, |_, _| ())
        .ok_or(Refused::Host(SocketError::NotASocket))?;
    let spliced = engine.with_app(host, |host: &mut SplicingHost, _| host.splice(id, fd));
    spliced.unwrap_or(Err(Refused::Virtual))
}

/// Ends what was spliced, with a reset on both sides.
pub fn reset(engine: &mut Engine, host: HostKey, id: SocketId) {
    engine.with_app(host, |host: &mut SplicingHost, now| host.reset(id, now));
}

/// A host, and what is spliced to its connections.
pub(crate) struct SplicingHost {
    host: Host,
    splices: Option<Box<Splices>>,
}

impl SplicingHost {
    pub(crate) fn new(host: Host) -> Self {
        Self {
            host,
            splices: None,
        }
    }

    fn splice(&mut self, id: SocketId, fd: RawFd) -> Result<Arc<Outcome>, Refused> {
        let machine = Machine::duplicate(fd).map_err(Refused::Machine)?;
        if self.splices.is_none() {
            let splices = Splices::new().map_err(Refused::Machine)?;
            self.splices = Some(Box::new(splices));
        }
        let splices = self.splices.as_mut().ok_or(Refused::Virtual)?;
        splices.add(machine, id, &mut self.host)
    }

    fn reset(&mut self, id: SocketId, now: Nanos) {
        if let Some(splices) = &mut self.splices {
            splices.reset(id, &mut self.host, now);
        }
    }

    /// The host, and its splices if there are any.
    #[inline]
    fn parts(&mut self) -> (&mut Host, Option<&mut Splices>) {
        let splices = self.splices.as_deref_mut();
        (
            &mut self.host,
            splices.filter(|splices| !splices.is_empty()),
        )
    }
}

impl App for SplicingHost {
    fn kind(&self) -> &'static str {
        self.host.kind()
    }

    fn has_port(&self, direction: Direction, port: &str) -> bool {
        self.host.has_port(direction, port)
    }

    fn linked(&mut self, ports: &Ports) {
        self.host.linked(ports);
    }

    fn pull(&mut self, context: &mut Context<'_>) -> bool {
        let (host, splices) = self.parts();
        let Some(splices) = splices else {
            return host.pull(context);
        };
        host.fire(context);
        let more = splices.poll(host, context.now);
        splices.work(host, context.now);
        host.finish(context);
        more || splices.is_busy()
    }

    fn push(&mut self, context: &mut Context<'_>) {
        let (host, splices) = self.parts();
        let Some(splices) = splices else {
            return host.push(context);
        };
        host.receive_all(context);
        splices.work(host, context.now);
        host.finish(context);
    }

    fn deadline(&self) -> Option<Nanos> {
        let busy = |splices: &Splices| splices.is_busy() || self.host.has_news_aside();
        if self.splices.as_deref().is_some_and(busy) {
            return Some(0);
        }
        self.host.deadline()
    }

    fn descriptors(&self, into: &mut Vec<Descriptor>) {
        into.extend(self.splices.iter().map(|splices| Descriptor {
            fd: splices.fd(),
            readable: true,
            writable: false,
        }));
    }

    fn check(&self, config: &Value) -> Result<(), AppError> {
        self.host.check(config)
    }

    fn will_have_port(&self, config: &Value, direction: Direction, port: &str) -> bool {
        self.host.will_have_port(config, direction, port)
    }

    fn reconfigure(&mut self, config: &Value, now: Nanos) {
        self.host.reconfigure(config, now);
    }

    fn count(&self, now: Nanos, into: &mut Map<String, Value>) {
        self.host.count(now, into);
    }

    fn host(&mut self) -> Option<&mut Host> {
        Some(&mut self.host)
    }

    fn stop(&mut self, pool: &mut Pool) {
        if let Some(splices) = &mut self.splices {
            splices.stop();
        }
        self.host.stop(pool);
    }
}
