//! The splices of a host: each between one of its connections and a stream socket of the machine.
use super::Refused;
use super::outcome::{Outcome, Teller};
use crate::epoll::{Epoll, Ready};
use crate::machine::Machine;
use crate::relay::{Course, End, Relay};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use usernet_core::stack::{Host, Readiness, SocketError, SocketId};
use usernet_core::time::Nanos;

/// What a splice waits to be told by its socket of the machine.
const EVENTS: i32 = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP;

struct Splice {
    id: SocketId,
    relay: Relay,
    teller: Teller,
    /// Whether it stands in the list of those that have more.
    listed: bool,
}

/// All of them, by the place of the host's side.
pub(super) struct Splices {
    epoll: Epoll,
    all: BTreeMap<u32, Splice>,
    busy: VecDeque<u32>,
    ready: Vec<Ready>,
    news: Vec<(SocketId, Readiness)>,
}

impl Splices {
    /// None yet.
    ///
    /// # Errors
    /// No descriptor is left.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: Epoll::new()?,
            all: BTreeMap::new(),
            busy: VecDeque::new(),
            ready: Vec::new(),
            news: Vec::new(),
        })
    }

    pub(super) fn fd(&self) -> RawFd {
        self.epoll.fd()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether some have more to move at once.
    #[inline]
    pub(super) fn is_busy(&self) -> bool {
        !self.busy.is_empty()
    }

    /// Takes a connection and a socket over. What waits on either is moved in the next pull.
    pub(super) fn add(
        &mut self,
        machine: Machine,
        id: SocketId,
        host: &mut Host,
    ) -> Result<Arc<Outcome>, Refused> {
        let added = self.epoll.add(machine.fd(), EVENTS, 0, id.place);
        added.map_err(Refused::Machine)?;
        let stands = host.set_aside(id).map_err(|error| {
            self.epoll.remove(machine.fd());
            Refused::Host(error)
        })?;
        let teller = Teller::new();
        if stands {
            teller.connected(0);
        }
        let outcome = teller.share();
        let splice = Splice {
            id,
            relay: Relay::new(machine),
            teller,
            listed: true,
        };
        self.all.insert(id.place, splice);
        self.busy.push_back(id.place);
        Ok(outcome)
    }

    /// Does what sockets of the machine are ready for; whether there may be more.
    pub(super) fn poll(&mut self, host: &mut Host, now: Nanos) -> bool {
        let more = self.epoll.take(&mut self.ready);
        let mut ready = std::mem::take(&mut self.ready);
        for Ready { key, events, .. } in ready.drain(..) {
            if let Some(splice) = self.all.get_mut(&key) {
                splice.relay.note(events);
                self.run(key, host, now);
            }
        }
        self.ready = ready;
        more
    }

    /// Moves what there is for those whose turn was over, or whose host's side has told something.
    pub(super) fn work(&mut self, host: &mut Host, now: Nanos) {
        self.run_busy(host, now);
        host.look();
        let mut news = std::mem::take(&mut self.news);
        host.take_news_aside(&mut news);
        for (id, told) in news.drain(..) {
            self.told(id, told, host, now);
        }
        self.news = news;
    }

    fn run_busy(&mut self, host: &mut Host, now: Nanos) {
        for _ in 0..self.busy.len() {
            let Some(place) = self.busy.pop_front() else {
                return;
            };
            if let Some(splice) = self.all.get_mut(&place)
                && std::mem::take(&mut splice.listed)
            {
                self.run(place, host, now);
            }
        }
    }

    /// The host's side has told something.
    fn told(&mut self, id: SocketId, news: Readiness, host: &mut Host, now: Nanos) {
        let Some(splice) = self.all.get_mut(&id.place).filter(|one| one.id == id) else {
            return;
        };
        splice.relay.host_ends |= news.has(Readiness::FINISHED);
        if news.has(Readiness::CONNECTED) {
            splice.teller.connected(0);
        }
        if news.has(Readiness::FAILED) {
            return self.fail(id, host, now);
        }
        self.run(id.place, host, now);
    }

    /// The host's side has failed: what it got before is passed on all the same.
    fn fail(&mut self, id: SocketId, host: &mut Host, now: Nanos) {
        let Some(splice) = self.all.get_mut(&id.place) else {
            return;
        };
        let error = host.take_error(id).unwrap_or(SocketError::ConnectionReset);
        splice.relay.run(id, host, now);
        splice.teller.connected(error.errno());
        host.close(id, now);
        self.end(id.place, meaning(error), host);
    }

    fn run(&mut self, place: u32, host: &mut Host, now: Nanos) {
        let Some(splice) = self.all.get_mut(&place) else {
            return;
        };
        let id = splice.id;
        let course = splice.relay.run(id, host, now);
        splice.teller.moved(splice.relay.down, splice.relay.up);
        match course {
            Course::Waits => {}
            Course::HasMore => {
                if !std::mem::replace(&mut splice.listed, true) {
                    self.busy.push_back(place);
                }
            }
            Course::Done => {
                host.close(id, now);
                self.end(place, End::Closed, host);
            }
            Course::Broken(end) => {
                host.abort(id, now);
                self.end(place, end, host);
            }
        }
    }

    /// Ends one that somebody has given up.
    pub(super) fn reset(&mut self, id: SocketId, host: &mut Host, now: Nanos) {
        if self.all.get(&id.place).is_some_and(|one| one.id == id) {
            host.abort(id, now);
            self.end(id.place, End::Reset, host);
        }
    }

    /// Takes one out whose host's side is done with.
    fn end(&mut self, place: u32, end: End, host: &mut Host) {
        let Some(splice) = self.all.remove(&place) else {
            return;
        };
        if self.all.is_empty() {
            // Who stands in the list has nothing more, and nobody would look there.
            self.busy.clear();
        }
        let Splice {
            id, relay, teller, ..
        } = splice;
        teller.moved(relay.down, relay.up);
        teller.end(end);
        self.epoll.remove(relay.machine.fd());
        if end != End::Closed {
            relay.machine.break_off();
        }
        if teller.is_heard() {
            host.tell_over(id);
        }
    }

    /// The host stops. The machine's side of a peer that has not finished is told that this is no end.
    pub(super) fn stop(&mut self) {
        for Splice { relay, .. } in std::mem::take(&mut self.all).into_values() {
            if !relay.has_passed_all() {
                relay.machine.break_off();
            }
        }
    }
}

/// How a connection ended that has failed with this.
fn meaning(error: SocketError) -> End {
    match error {
        SocketError::ConnectionRefused => End::Refused,
        SocketError::HostUnreachable | SocketError::NetworkUnreachable => End::Unreachable,
        SocketError::TimedOut => End::TimedOut,
        _ => End::Reset,
    }
}
