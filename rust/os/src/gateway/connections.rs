//! The connections of a gateway: each between a program inside and a socket of the machine.
use super::CONNECTION;
use super::record::{Record, Records};
use crate::epoll::Epoll;
use crate::machine::Machine;
use crate::relay::{Course, End, Relay};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use usernet_core::app::Context;
use usernet_core::stack::host::{Complaint, Offer, OfferId, Refusal};
use usernet_core::stack::{Host, Readiness, SocketError, SocketId};
use usernet_core::time::{Nanos, SECOND};

/// What a connection waits to be told by its socket.
const EVENTS: i32 = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP;
/// A program that is silent for so long is asked whether it is there still, as by Linux
/// (`tcp_keepalive_time`).
const KEEPALIVE: Nanos = 7200 * SECOND;

/// How far a connection is.
enum Stage {
    /// The machine dials for somebody who waits, and elsewhere where it is refused.
    Dialling(OfferId, Option<SocketAddr>),
    /// The program's side stands, or is on its way.
    Standing(SocketId),
}

struct Connection {
    relay: Relay,
    record: Record,
    stage: Stage,
    /// Whether it stands in the list of those that have more.
    listed: bool,
}

/// What was counted, beside those that are open.
#[derive(Default)]
struct Counts {
    opened: u64,
    refused: u64,
    unreachable: u64,
    timed_out: u64,
    reset: u64,
    /// Refused here, because there are too many.
    too_many: u64,
    up: u64,
    down: u64,
}

/// All of them.
pub(super) struct Connections {
    slots: Vec<Option<Connection>>,
    free: Vec<u32>,
    /// Keys of those that ended since events were taken, which may tell of them still.
    released: Vec<u32>,
    /// By the place of the program's side at the host.
    keys: Vec<u32>,
    busy: VecDeque<u32>,
    most: usize,
    records: Records,
    counts: Counts,
}

impl Connections {
    /// Room for at most so many.
    pub(super) fn new(most: usize) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            released: Vec::new(),
            keys: Vec::new(),
            busy: VecDeque::new(),
            most,
            records: Records::default(),
            counts: Counts::default(),
        }
    }

    /// How many are open, or on their way.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len() - self.released.len()
    }

    /// Whether some have more to move at once.
    pub(super) fn is_busy(&self) -> bool {
        !self.busy.is_empty()
    }

    /// Somebody calls whom the machine reaches there, or elsewhere where it is refused; or not at all.
    pub(super) fn dial(
        &mut self,
        offer: Offer,
        record: Record,
        (to, otherwise): (Option<SocketAddr>, Option<SocketAddr>),
        epoll: &Epoll,
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        let full = self.len() >= self.most;
        self.counts.too_many += u64::from(full);
        let to = to.filter(|_| !full);
        let refused = || Err(io::Error::from_raw_os_error(libc::ECONNREFUSED));
        let first = to.map_or_else(refused, Machine::dial);
        // Where nothing leads there is no second try either.
        let (dialled, otherwise) = match (first, to.and(otherwise)) {
            // Such as IPv6's loopback on a machine that has no IPv6.
            (Err(_), Some(otherwise)) => (Machine::dial(otherwise), None),
            (first, otherwise) => (first, otherwise),
        };
        let stage = Stage::Dialling(offer.id, otherwise);
        let begun = dialled.and_then(|machine| self.add(machine, record.clone(), stage, epoll));
        if let Err(error) = begun {
            let (refusal, end) = meaning(error.raw_os_error().unwrap_or(0));
            host.decline(offer.id, refusal, context);
            self.end(record, end, context.now);
        }
    }

    /// Somebody on the machine calls a program: both sides stand, or are on their way.
    pub(super) fn join(
        &mut self,
        machine: Machine,
        record: Record,
        id: SocketId,
        epoll: &Epoll,
    ) -> io::Result<()> {
        let key = self.add(machine, record, Stage::Standing(id), epoll)?;
        self.know(id, key);
        self.counts.opened += 1;
        Ok(())
    }

    /// Whether there is room for another.
    pub(super) fn has_room(&mut self) -> bool {
        let room = self.len() < self.most;
        self.counts.too_many += u64::from(!room);
        room
    }

    fn add(
        &mut self,
        machine: Machine,
        record: Record,
        stage: Stage,
        epoll: &Epoll,
    ) -> io::Result<u32> {
        let key = self.free.pop().unwrap_or(self.slots.len() as u32);
        if key as usize == self.slots.len() {
            self.slots.push(None);
        }
        if let Err(error) = epoll.add(machine.fd(), EVENTS, CONNECTION, key) {
            self.free.push(key);
            return Err(error);
        }
        self.slots[key as usize] = Some(Connection {
            relay: Relay::new(machine),
            record,
            stage,
            listed: false,
        });
        Ok(key)
    }

    fn know(&mut self, id: SocketId, key: u32) {
        let place = id.place as usize;
        if self.keys.len() <= place {
            self.keys.resize(place + 1, u32::MAX);
        }
        self.keys[place] = key;
    }

    fn get(&mut self, key: u32) -> Option<&mut Connection> {
        self.slots.get_mut(key as usize)?.as_mut()
    }

    /// The sockets' events were taken and done with: keys of those that ended can be used again.
    pub(super) fn settle(&mut self) {
        self.free.append(&mut self.released);
    }

    /// A socket has told something.
    pub(super) fn ready(
        &mut self,
        (key, events): (u32, u32),
        epoll: &Epoll,
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        let Some(connection) = self.get(key) else {
            return;
        };
        connection.relay.note(events);
        match connection.stage {
            Stage::Standing(_) => self.run(key, host, context.now),
            Stage::Dialling(offer, otherwise) => match connection.relay.machine.failure() {
                None => self.admit(key, offer, host, context.now),
                Some(libc::ECONNREFUSED) if self.redial(key, otherwise, epoll) => {}
                Some(error) => self.decline(key, offer, error, host, context),
            },
        }
    }

    /// The machine was refused: dials elsewhere. Whether it does.
    fn redial(&mut self, key: u32, to: Option<SocketAddr>, epoll: &Epoll) -> bool {
        let machine = to.and_then(|to| Machine::dial(to).ok());
        let (Some(machine), Some(connection)) = (machine, self.get(key)) else {
            return false;
        };
        if let Stage::Dialling(offer, _) = connection.stage {
            connection.stage = Stage::Dialling(offer, None);
        }
        connection.relay = Relay::new(machine);
        epoll
            .add(connection.relay.machine.fd(), EVENTS, CONNECTION, key)
            .is_ok()
    }

    /// The machine's side stands: so may the program's.
    fn admit(&mut self, key: u32, offer: OfferId, host: &mut Host, now: Nanos) {
        let mut options = host.options();
        options.nodelay = true;
        // Where the program asks for it, as Linux's servers have it (`tcp_ecn` = 2).
        options.ecn = true;
        options.keepalive_idle = Some(KEEPALIVE);
        let Ok(id) = host.admit(offer, options, now) else {
            return self.close(key, End::Reset, now);
        };
        self.know(id, key);
        self.counts.opened += 1;
        if let Some(connection) = self.get(key) {
            connection.stage = Stage::Standing(id);
            let record = &mut connection.record;
            record.connect = Some(now.saturating_sub(record.opened));
        }
        self.run(key, host, now);
    }

    fn decline(
        &mut self,
        key: u32,
        offer: OfferId,
        error: i32,
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        let (refusal, end) = meaning(error);
        host.decline(offer, refusal, context);
        self.close(key, end, context.now);
    }

    /// The program's side has told something.
    pub(super) fn told(&mut self, id: SocketId, news: Readiness, host: &mut Host, now: Nanos) {
        let key = self.keys.get(id.place as usize).copied();
        let Some(key) = key.filter(|&key| self.is(key, id)) else {
            return;
        };
        if news.has(Readiness::FAILED) {
            let end = match host.take_error(id) {
                Some(SocketError::TimedOut) => End::TimedOut,
                _ => End::Reset,
            };
            host.close(id, now);
            return self.close(key, end, now);
        }
        if let Some(connection) = self.get(key) {
            connection.relay.host_ends |= news.has(Readiness::FINISHED);
        }
        self.run(key, host, now);
    }

    fn is(&mut self, key: u32, id: SocketId) -> bool {
        let stage = self.get(key).map(|connection| &connection.stage);
        matches!(stage, Some(Stage::Standing(own)) if *own == id)
    }

    /// Those whose turn was over go on.
    pub(super) fn run_busy(&mut self, host: &mut Host, now: Nanos) {
        for _ in 0..self.busy.len() {
            let Some(key) = self.busy.pop_front() else {
                return;
            };
            if let Some(connection) = self.get(key)
                && std::mem::take(&mut connection.listed)
            {
                self.run(key, host, now);
            }
        }
    }

    fn run(&mut self, key: u32, host: &mut Host, now: Nanos) {
        let Some(connection) = self.get(key) else {
            return;
        };
        let Stage::Standing(id) = connection.stage else {
            return;
        };
        let course = connection.relay.run(id, host, now);
        let Connection { relay, record, .. } = connection;
        (record.up, record.down) = (relay.up, relay.down);
        match course {
            Course::Waits => {}
            Course::HasMore => {
                if !std::mem::replace(&mut connection.listed, true) {
                    self.busy.push_back(key);
                }
            }
            Course::Done => {
                host.close(id, now);
                self.close(key, End::Closed, now);
            }
            Course::Broken(end) => {
                host.abort(id, now);
                self.close(key, end, now);
            }
        }
    }

    /// Takes a connection out, whose program's side is done with.
    fn close(&mut self, key: u32, end: End, now: Nanos) {
        let slot = self.slots.get_mut(key as usize);
        let Some(connection) = slot.and_then(Option::take) else {
            return;
        };
        self.released.push(key);
        if end != End::Closed {
            connection.relay.machine.reset();
        }
        self.end(connection.record, end, now);
    }

    /// The gateway stops. The other side of a program that has not finished is told that this is no
    /// end; what was passed on of one that has goes on its way.
    pub(super) fn stop(&mut self) {
        for Connection { relay, .. } in self.slots.drain(..).flatten() {
            if !relay.has_passed_all() {
                relay.machine.reset();
            }
        }
    }

    fn end(&mut self, mut record: Record, end: End, now: Nanos) {
        match end {
            End::Refused => self.counts.refused += 1,
            End::Unreachable => self.counts.unreachable += 1,
            End::TimedOut => self.counts.timed_out += 1,
            End::Reset => self.counts.reset += 1,
            End::Open | End::Closed => {}
        }
        self.counts.up += record.up;
        self.counts.down += record.down;
        (record.end, record.closed) = (end, Some(now));
        self.records.keep(record);
    }

    fn relays(&self) -> impl Iterator<Item = &Relay> {
        self.slots.iter().flatten().map(|one| &one.relay)
    }

    fn open(&self) -> impl Iterator<Item = &Record> {
        self.slots.iter().flatten().map(|one| &one.record)
    }

    pub(super) fn count(&self, into: &mut Map<String, Value>) {
        let Counts {
            opened,
            refused,
            unreachable,
            timed_out,
            reset,
            too_many,
            up,
            down,
        } = self.counts;
        let counts = json!({
            "open": self.len(),
            "draining": self.relays().filter(|relay| relay.is_draining()).count(),
            "opened": opened,
            "refused": refused,
            "unreachable": unreachable,
            "timed_out": timed_out,
            "reset": reset,
            "too_many": too_many,
            "most": self.most,
            "up": up + self.open().map(|record| record.up).sum::<u64>(),
            "down": down + self.open().map(|record| record.down).sum::<u64>(),
        });
        into.insert("connections".into(), counts);
    }

    /// Keeps what has become of something else than a connection.
    pub(super) fn keep(&mut self, record: Record) {
        self.records.keep(record);
    }

    /// What became of all, and becomes of those that are open; and of these.
    pub(super) fn series<'a>(&'a self, others: impl Iterator<Item = &'a Record>) -> Value {
        self.records.to_json(self.open().chain(others))
    }
}

/// What a program is told of a connection that did not come about, by what the machine was told.
fn meaning(error: i32) -> (Refusal, End) {
    match error {
        libc::ENETUNREACH | libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL => {
            (Refusal::Icmp(Complaint::NoRoute), End::Unreachable)
        }
        libc::EHOSTUNREACH | libc::EHOSTDOWN | libc::EINVAL => {
            (Refusal::Icmp(Complaint::NoHost), End::Unreachable)
        }
        libc::EACCES | libc::EPERM => (Refusal::Icmp(Complaint::Prohibited), End::Unreachable),
        libc::ETIMEDOUT => (Refusal::Silence, End::TimedOut),
        _ => (Refusal::Reset, End::Refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_what_the_machine_was() {
        let told = |error| meaning(error).0;
        assert_eq!(told(libc::ECONNREFUSED), Refusal::Reset);
        assert_eq!(told(libc::ENETUNREACH), Refusal::Icmp(Complaint::NoRoute));
        assert_eq!(told(libc::EHOSTUNREACH), Refusal::Icmp(Complaint::NoHost));
        assert_eq!(told(libc::EACCES), Refusal::Icmp(Complaint::Prohibited));
        assert_eq!(meaning(libc::ETIMEDOUT), (Refusal::Silence, End::TimedOut));
        // Whatever the machine has too little of, nobody else has to wait for it.
        assert_eq!(meaning(libc::EMFILE), (Refusal::Reset, End::Refused));
    }
}
