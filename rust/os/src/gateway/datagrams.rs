//! Datagrams of programs: UDP and ICMP echo, by flows, over sockets of the machine. What becomes of them
//! there, the program hears as it would on the machine: answers, and ICMP errors.
mod back;
mod echo;
mod errors;
mod out;
mod publish;
mod tally;

use super::DATAGRAMS;
use super::datagram_socket::{DatagramSocket, Kind, Marks};
use super::flows::{Flow, Flows, Key};
use super::names::{self, Names};
use super::record::Record;
use super::sending::{Outgoing, Run};
use super::spec::{Redirects, Spec};
use crate::datagram::receiving::Inlet;
use crate::epoll::Epoll;
use echo::Echo;
use serde_json::{Map, Value};
use std::io;
use std::net::{IpAddr, SocketAddr};
use tally::Tally;
use usernet_core::app::{AppError, Context};
use usernet_core::packet::Pool;
use usernet_core::stack::Host;
use usernet_core::stack::host::{Complaint, Stray};
use usernet_core::time::Nanos;

/// UDP's protocol number.
const UDP: u8 = 17;
/// Bytes of a header of UDP, and of echo.
const HEADER: usize = 8;
/// How many datagrams wait for one another before they are sent.
const MOST_OUTGOING: usize = 256;

/// The datagrams of a gateway.
pub(super) struct Datagrams {
    epoll: Epoll,
    redirects: Redirects,
    own: Vec<IpAddr>,
    /// Whether callers of published ports are seen by the gateway's own addresses.
    masquerade: bool,
    mtu: usize,
    names: Names,
    flows: Flows,
    echo: [Echo; 2],
    outgoing: Vec<Outgoing>,
    runs: Vec<Run>,
    inlet: Inlet,
    /// The keys of sockets that may have more.
    busy: Vec<u32>,
    tally: Tally,
}

impl Datagrams {
    /// Those of a gateway of this name with these addresses of its own, in so many flows at most.
    ///
    /// # Errors
    /// A redirect makes no sense, a port to be published is taken, or no descriptor is left.
    pub(super) fn open(
        name: &str,
        spec: &Spec,
        own: Vec<IpAddr>,
        most: usize,
        epoll: &Epoll,
    ) -> Result<Self, AppError> {
        let failed = |error| AppError::engine(format!("gateway {name}: {error}"));
        let mut datagrams = Self {
            epoll: epoll.share().map_err(failed)?,
            redirects: Redirects::new(spec)?,
            own,
            masquerade: spec.masquerade,
            mtu: spec.mtu as usize,
            names: Names::new(&spec.names),
            flows: Flows::new(most),
            echo: [Echo::open(false, epoll), Echo::open(true, epoll)],
            outgoing: Vec::new(),
            runs: Vec::new(),
            inlet: Inlet::new(),
            busy: Vec::new(),
            tally: Tally::default(),
        };
        datagrams.publish(&spec.publish)?;
        Ok(datagrams)
    }

    /// Takes what a program has sent: answers it, refuses it, or keeps it until [`Self::flush`].
    pub(super) fn take(&mut self, stray: Stray, host: &mut Host, context: &mut Context<'_>) {
        if self.answer(&stray, host, context) {
            return context.pool.free(stray.packet);
        }
        match self.way(&stray) {
            Ok(to) => self.queue(stray, to, host, context),
            Err(complaint) => self.refuse(stray, complaint, host, context),
        }
    }

    /// Answers what the gateway itself knows: its names, and that the machine is there.
    fn answer(&mut self, stray: &Stray, host: &mut Host, context: &mut Context<'_>) -> bool {
        if stray.protocol != UDP {
            return self.answer_echo(stray, host, context);
        }
        let to = stray.destination;
        let asks = to.port() == names::PORT && stray.segment_size.is_none();
        if !asks || self.redirects.way(to) == Some(to) {
            return false;
        }
        let query = stray.packet.bytes().get(stray.payload.clone());
        let Some(answer) = query.and_then(|query| self.names.answer(query)) else {
            return false;
        };
        self.tally.answered += 1;
        self.reply((to, stray.source), &answer, host, context);
        true
    }

    /// Where a datagram goes; what its sender hears where that is nowhere.
    fn way(&self, stray: &Stray) -> Result<SocketAddr, Complaint> {
        let to = stray.destination;
        if let Some(outer) = self.published_way(stray) {
            return Ok(outer);
        }
        match self.redirects.way(to) {
            Some(way) if way == to && stray.hop_limit <= 1 => Err(Complaint::TooFar),
            Some(way) => Ok(way),
            None if self.own.contains(&to.ip()) => Err(Complaint::NoPort),
            None => Err(Complaint::Prohibited),
        }
    }

    fn refuse(
        &mut self,
        stray: Stray,
        complaint: Complaint,
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        self.tally.refused += 1;
        host.complain(stray.packet.bytes(), complaint, None, context);
        context.pool.free(stray.packet);
    }

    /// A datagram waits to be sent by its flow, which begins with it where there is none.
    fn queue(&mut self, stray: Stray, to: SocketAddr, host: &mut Host, context: &mut Context<'_>) {
        let Some(key) = self.key(&stray, to.is_ipv4()) else {
            return self.refuse(stray, Complaint::Prohibited, host, context);
        };
        let place = match self.flows.find(&key) {
            Some(place) => place,
            None => match self.begin(key, stray.destination, host, context) {
                Ok(place) => place,
                Err(error) => return self.refuse_for(stray, &error, host, context),
            },
        };
        let id = match self.flows.get_mut(place) {
            Some(flow) => note(flow, &stray, to, context.now),
            None => 0,
        };
        self.outgoing.push(self.outgoing_of(stray, place, to, id));
        if self.outgoing.len() >= MOST_OUTGOING {
            self.flush(host, context);
        }
    }

    /// The flow of a datagram; none where the system lets nobody send such.
    fn key(&self, stray: &Stray, v4: bool) -> Option<Key> {
        if stray.protocol == UDP {
            return Some(Key {
                kind: Kind::Udp,
                program: stray.source,
                v4,
            });
        }
        let kind = self.echo[usize::from(v4)].kind()?;
        let program = SocketAddr::new(stray.source.ip(), echo::identifier(stray)?);
        Some(Key { kind, program, v4 })
    }

    /// Begins a flow. Where descriptors are short, the flow that would end first goes.
    fn begin(
        &mut self,
        key: Key,
        remote: SocketAddr,
        host: &mut Host,
        context: &mut Context<'_>,
    ) -> io::Result<u32> {
        let begin = (remote, context.now);
        if self.flows.is_full() {
            self.flush(host, context);
            self.flows.crowd_out();
        }
        match self.open_flow(key, begin) {
            Err(error) if is_short(&error) => {
                self.flush(host, context);
                self.flows.crowd_out();
                self.open_flow(key, begin)
            }
            done => done,
        }
    }

    fn open_flow(&mut self, key: Key, begin: (SocketAddr, Nanos)) -> io::Result<u32> {
        if key.kind == Kind::RawEcho {
            let id = self.flows.free_id(key.v4, key.program.port());
            return Ok(self.add_flow(Flow::new(key, None, id, begin)));
        }
        let socket = DatagramSocket::open(key.kind, key.v4)?;
        // The program's own number where it is free, as it would be on the machine; else any.
        let _ = socket.bind_any(key.program.port());
        let place = self.flows.next_place();
        self.epoll
            .add(socket.fd(), libc::EPOLLIN, DATAGRAMS, place)?;
        Ok(self.add_flow(Flow::new(key, Some(socket), 0, begin)))
    }

    fn add_flow(&mut self, mut flow: Flow) -> u32 {
        let name = self.names.of(flow.record.remote.ip());
        flow.record.name = name.map(String::from);
        self.flows.add(flow)
    }

    /// The system has no socket for a datagram.
    fn refuse_for(
        &mut self,
        stray: Stray,
        error: &io::Error,
        host: &mut Host,
        context: &mut Context<'_>,
    ) {
        match errors::complaint(error.raw_os_error().unwrap_or(0)) {
            Some(complaint) => self.refuse(stray, complaint, host, context),
            None => {
                self.tally.no_socket += 1;
                context.pool.free(stray.packet);
            }
        }
    }

    /// When there may be a flow to end.
    pub(super) fn deadline(&self) -> Option<Nanos> {
        self.flows.deadline()
    }

    /// Ends flows that nothing has happened to for long.
    pub(super) fn expire(&mut self, now: Nanos) {
        self.flows.expire(now);
    }

    /// Adds what was counted.
    pub(super) fn count(&self, into: &mut Map<String, Value>) {
        let mut counted = self.tally.to_json();
        counted.insert("flows".into(), self.flows.len().into());
        counted.insert("opened".into(), self.flows.opened.into());
        counted.insert("crowded_out".into(), self.flows.crowded_out.into());
        let [v6, v4] = &self.echo;
        counted.insert("echo_ipv4".into(), v4.name().into());
        counted.insert("echo_ipv6".into(), v6.name().into());
        into.insert("datagrams".into(), counted.into());
    }

    /// What has become of flows that have ended since the last call.
    pub(super) fn take_ended(&mut self) -> Vec<Record> {
        self.flows.take_ended()
    }

    /// What becomes of those that have not.
    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.flows.records()
    }

    /// By which name an address was looked up last.
    pub(super) fn name_of(&self, address: IpAddr) -> Option<&str> {
        self.names.of(address)
    }

    /// Gives its packets back.
    pub(super) fn stop(&mut self, pool: &mut Pool) {
        let waiting = self.outgoing.drain(..);
        waiting.for_each(|outgoing| pool.free(outgoing.packet));
    }
}

/// Writes down that a datagram leaves by a flow; the flow's identifier of raw echo.
fn note(flow: &mut Flow, stray: &Stray, to: SocketAddr, now: Nanos) -> u16 {
    flow.send(stray.payload.len(), now);
    flow.names_only &= to.port() == names::PORT || stray.destination.port() == names::PORT;
    if to != stray.destination {
        flow.remember(to, stray.destination);
    }
    flow.id
}

/// Whether descriptors or memory were short.
fn is_short(error: &io::Error) -> bool {
    let short = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    error
        .raw_os_error()
        .is_some_and(|errno| short.contains(&errno))
}

/// What the packets that go on say: as what the program has sent, one hop later.
fn marks(stray: &Stray) -> Marks {
    let bytes = stray.packet.bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let traffic_class = if stray.source.is_ipv4() {
        byte(1)
    } else {
        byte(0) << 4 | byte(1) >> 4
    };
    Marks {
        hop_limit: stray.hop_limit.saturating_sub(1),
        traffic_class,
        whole: stray.whole,
    }
}
