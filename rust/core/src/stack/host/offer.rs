//! Offers: connections to a host that hears for everybody, before somebody has decided on them.
//!
//! A SYN that no listener hears is kept, and not answered. Whoever decides admits the caller, and the
//! handshake goes on from the SYN; or declines, and the caller is told as if its destination had.
use super::Host;
use super::deliver::answer;
use super::sockets::Kind;
use super::stream::Stream;
use crate::app::Context;
use crate::stack::error::SocketError;
use crate::stack::event::SocketId;
use crate::stack::hash::{Key, Table as Index};
use crate::stack::ip::counters::Dropped;
use crate::stack::ip::error::Complaint;
use crate::stack::ip::header::Header;
use crate::stack::options::SocketOptions;
use crate::stack::socket::demux::{Flow, Protocol};
use crate::stack::socket::table::Table;
use crate::stack::tcp::{Connection, Endpoints, Flags, Reply, Segment};
use crate::time::Nanos;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// How many callers may wait at once; beyond these a SYN is dropped, and comes again.
const MOST: usize = 16_384;
/// The most of a SYN that is kept: IP header, some extensions, and the largest TCP header.
const KEPT: usize = 256;

/// An offer, by number.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct OfferId(SocketId);

/// A connection that somebody asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Offer {
    /// Its number.
    pub id: OfferId,
    /// Where the caller calls from.
    pub caller: SocketAddr,
    /// Where it wants to get to.
    pub called: SocketAddr,
}

/// What a caller hears who is not admitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// A reset, as where nobody listens.
    Reset,
    /// An ICMP error, as of a router.
    Icmp(Complaint),
    /// Nothing: it will ask again, until it gives up.
    Silence,
}

/// A caller that waits.
struct Waiting {
    endpoints: Endpoints,
    flow: Flow,
    /// Its latest SYN: the packet, up to where its TCP header ends.
    syn: Box<[u8]>,
}

/// The callers that wait.
pub(super) struct Offers {
    table: Table<Waiting>,
    places: Index<Flow, u32>,
    /// Those that nobody has taken yet.
    fresh: VecDeque<SocketId>,
}

impl Offers {
    pub(super) fn new(key: Key) -> Self {
        Self {
            table: Table::new(MOST),
            places: Index::with_hasher(key),
            fresh: VecDeque::new(),
        }
    }

    /// Keeps a SYN; false where there is no room. One that comes again takes the place of the first,
    /// for its timestamp is younger, and its sequence number counts where the caller began anew.
    fn keep(&mut self, endpoints: Endpoints, syn: &[u8]) -> bool {
        let flow = Flow::new(Protocol::Tcp, endpoints.local, endpoints.remote);
        let syn = syn.into();
        let known = self.places.get(&flow).copied();
        if let Some(waiting) = known.and_then(|place| self.table.get_mut(place)) {
            waiting.syn = syn;
            return true;
        }
        let waiting = Waiting {
            endpoints,
            flow,
            syn,
        };
        let Some(id) = self.table.insert(waiting) else {
            return false;
        };
        self.places.insert(flow, id.place);
        self.fresh.push_back(id);
        true
    }

    fn withdraw(&mut self, flow: &Flow) {
        if let Some(place) = self.places.remove(flow) {
            self.table.remove(place);
        }
    }

    fn settle(&mut self, id: OfferId) -> Option<Waiting> {
        let waiting = self.table.remove(self.table.place(id.0)?)?;
        self.places.remove(&waiting.flow);
        Some(waiting)
    }

    fn next(&mut self) -> Option<Offer> {
        loop {
            let id = self.fresh.pop_front()?;
            // The caller may have taken it back.
            if let Some(waiting) = self.table.place(id).and_then(|place| self.table.get(place)) {
                return Some(Offer {
                    id: OfferId(id),
                    caller: waiting.endpoints.remote,
                    called: waiting.endpoints.local,
                });
            }
        }
    }
}

impl Waiting {
    /// Its SYN, read again.
    fn read(&self) -> Option<(Header, Segment<'_>)> {
        let mut header = Header::parse_head(&self.syn).ok()?;
        header.payload.end = self.syn.len();
        header.read_extensions(&self.syn).ok()?;
        let bytes = self.syn.get(header.payload.start..)?;
        let segment = Segment::parse(bytes, header.ecn, 1)?;
        Some((header, segment))
    }
}

impl Host {
    /// A segment has come that no socket hears: keeps it, if it asks for a connection.
    pub(super) fn consider(
        &mut self,
        segment: &Segment<'_>,
        endpoints: Endpoints,
        (packet, transport): (&[u8], usize),
    ) -> Option<Reply> {
        let Flags(flags) = segment.flags;
        let kind = Flags(flags & (Flags::SYN | Flags::ACK | Flags::RST | Flags::FIN).0);
        if kind.has(Flags::RST) {
            let flow = Flow::new(Protocol::Tcp, endpoints.local, endpoints.remote);
            self.offers.withdraw(&flow);
            return None;
        }
        if kind != Flags::SYN {
            self.ip.drops.count(Dropped::NoSocket);
            return Reply::reset_for(segment);
        }
        let header = packet.get(transport + 12);
        let end = transport + header.map_or(0, |byte| usize::from(byte >> 4) * 4);
        let syn = packet.get(..end.min(KEPT));
        if !syn.is_some_and(|syn| self.offers.keep(endpoints, syn)) {
            self.ip.drops.count(Dropped::QueueFull);
        }
        None
    }

    /// The next connection that somebody asks for and nobody has decided on: told once. It waits until
    /// it is admitted or declined.
    pub fn take_offer(&mut self) -> Option<Offer> {
        self.offers.next()
    }

    /// Answers a caller: SYN-ACK goes out, and `CONNECTED` follows as an event, or `FAILED`.
    ///
    /// # Errors
    /// The caller has taken its offer back, or has a connection between the same ends by now; there is
    /// no way to it; too many sockets, or no memory for another.
    pub fn admit(
        &mut self,
        offer: OfferId,
        options: SocketOptions,
        now: Nanos,
    ) -> Result<SocketId, SocketError> {
        self.now = now;
        let waiting = self.offers.settle(offer).ok_or(SocketError::NotASocket)?;
        let Endpoints { local, remote } = waiting.endpoints;
        if self.sockets.demux.flow(&waiting.flow).is_some() {
            return Err(SocketError::AddressInUse);
        }
        let (_, syn) = waiting.read().ok_or(SocketError::Invalid)?;
        let hop = self.ip.hop(remote.ip());
        let hop = hop.ok_or(SocketError::NetworkUnreachable)?;
        let isn = self.sockets.ports.initial_sequence(local, remote, now);
        let mtu = self.ip.mtu(hop, remote.ip(), now);
        let connection = Connection::accept(waiting.endpoints, &options, &syn, isn, mtu, now);
        let stream = Stream::new(connection, options, hop, &self.ip);
        let kind = Kind::Stream(Box::new(stream));
        let id = self.sockets.insert(kind, true);
        let id = id.ok_or(SocketError::TooMany)?;
        self.sockets.demux.add_flow(waiting.flow, id.place);
        self.sockets.mark(id.place);
        Ok(id)
    }

    /// Tells a caller that it is not admitted. Nothing happens where it has taken its offer back.
    pub fn decline(&mut self, offer: OfferId, how: Refusal, context: &mut Context<'_>) {
        let Some(waiting) = self.offers.settle(offer) else {
            return;
        };
        let Some((header, syn)) = waiting.read() else {
            return;
        };
        match how {
            Refusal::Silence => {}
            Refusal::Icmp(complaint) => self.complain(&waiting.syn, complaint, None, context),
            Refusal::Reset => {
                if let Some(reply) = Reply::reset_for(&syn) {
                    self.reply(&reply, answer(&header), context);
                }
            }
        }
    }
}
