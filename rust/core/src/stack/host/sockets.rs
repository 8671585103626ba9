//! The sockets of a host: their table, who of them has something to send or to tell, and what they
//! may hold.
use super::stream::{Listening, Stream};
use crate::rng::Stream as Randomness;
use crate::stack::event::{Readiness, SocketId};
use crate::stack::hash::Key;
use crate::stack::options::SocketOptions;
use crate::stack::socket::demux::Demux;
use crate::stack::socket::ports::Ports;
use crate::stack::socket::table::Table;
use crate::stack::socket::udp::Udp;
use crate::stack::spec::Spec;
use crate::stack::timer::Wheel;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

/// Who waits for memory is told when this part of it is free.
const ENOUGH: u64 = 8;

/// Buffers do not grow while less than this part of the memory is free.
const SHORT: u64 = 4;

/// How much of the memory is used: not all, all that there may be, or twice that.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fullness {
    Room,
    Full,
    Overfull,
}

/// What a socket is.
pub(super) enum Kind {
    Stream(Box<Stream>),
    Listener(Box<Listening>),
    Udp(Box<Udp>),
    Echo(Box<Udp>),
}

/// A socket at its place.
pub(super) struct Socket {
    pub(super) kind: Kind,
    /// What became possible and was not told yet.
    pub(super) news: Readiness,
    /// Whether it stands in the list of those with news, and of those with something to send.
    pub(super) told: bool,
    marked: bool,
    /// Whether it waits for memory.
    starved: bool,
    /// Whether it is not a program that is told, but the app around the host.
    pub(super) aside: bool,
    /// Whether a program has it: not before it is accepted, and not after it is closed.
    pub(super) held: bool,
    /// What it was last found to buffer.
    pub(super) charged: u64,
}

/// All sockets.
pub(super) struct Sockets {
    pub(super) table: Table<Socket>,
    pub(super) demux: Demux,
    pub(super) ports: Ports,
    /// One timer for each place.
    pub(super) timers: Wheel,
    /// Room for the places whose timers are due.
    pub(super) due: Vec<u32>,
    marked: VecDeque<u32>,
    events: VecDeque<u32>,
    /// Those that were set aside and have news, and those that it is over with.
    aside: VecDeque<u32>,
    over: Vec<SocketId>,
    pub(super) cookies: Key,
    /// What all of them buffer, and may.
    pub(super) used: u64,
    memory: u64,
    pub(super) refused: u64,
    /// Those that would have sent more, had there been memory.
    starved: Vec<SocketId>,
    pub(super) lingering: VecDeque<SocketId>,
}

impl Sockets {
    pub(super) fn new(spec: &Spec, stream: &mut Randomness) -> Self {
        Self {
            table: Table::new(spec.sockets as usize),
            demux: Demux::new(Key::draw(stream), Key::draw(stream)),
            ports: Ports::new(stream),
            timers: Wheel::default(),
            due: Vec::new(),
            marked: VecDeque::new(),
            events: VecDeque::new(),
            aside: VecDeque::new(),
            over: Vec::new(),
            cookies: Key::draw(stream),
            used: 0,
            memory: spec.memory,
            refused: 0,
            starved: Vec::new(),
            lingering: VecDeque::new(),
        }
    }

    pub(super) fn reconfigure(&mut self, spec: &Spec) {
        self.table.set_limit(spec.sockets as usize);
        self.memory = spec.memory;
    }

    /// Puts a socket in, if there is room; `held` says whether a program has it.
    pub(super) fn insert(&mut self, kind: Kind, held: bool) -> Option<SocketId> {
        let socket = Socket {
            kind,
            news: Readiness::default(),
            told: false,
            marked: false,
            starved: false,
            aside: false,
            held,
            charged: 0,
        };
        let id = (self.room() > 0)
            .then(|| self.table.insert(socket))
            .flatten();
        self.refused += u64::from(id.is_none());
        id
    }

    /// Takes a socket out, and all that is known of it.
    pub(super) fn remove(&mut self, place: u32) {
        self.timers.cancel(place);
        if let Some(socket) = self.table.remove(place) {
            self.used -= socket.charged;
            self.unbind(place, &socket.kind);
        }
    }

    /// Takes back the addresses of a socket.
    fn unbind(&mut self, place: u32, kind: &Kind) {
        match kind {
            Kind::Stream(stream) => self.demux.remove_flow(&stream.flow, place),
            Kind::Listener(listening) => self.demux.unbind(&listening.binding, place),
            Kind::Udp(udp) | Kind::Echo(udp) => {
                if let Some(binding) = &udp.binding {
                    self.demux.unbind(binding, place);
                }
            }
        }
    }

    /// Takes the address of a datagram socket back before the socket itself is gone.
    pub(super) fn silence(&mut self, place: u32) {
        let binding = self.udp(place).and_then(|udp| udp.binding.take());
        if let Some(binding) = binding {
            self.demux.unbind(&binding, place);
        }
    }

    /// What may be buffered beside what is, in bytes.
    pub(super) fn room(&self) -> u64 {
        self.memory.saturating_sub(self.used)
    }

    /// How much of the memory is used.
    #[inline]
    pub(super) fn fullness(&self) -> Fullness {
        if self.used < self.memory {
            Fullness::Room
        } else if self.used < self.memory.saturating_mul(2) {
            Fullness::Full
        } else {
            Fullness::Overfull
        }
    }

    /// Whether so much of the memory is used that buffers should not grow.
    pub(super) fn is_short(&self) -> bool {
        self.room() < self.memory / SHORT
    }

    /// Finds out anew what a socket buffers.
    pub(super) fn charge(&mut self, place: u32) {
        let Some(socket) = self.table.get_mut(place) else {
            return;
        };
        let charge = match &socket.kind {
            Kind::Stream(stream) => stream.charge(),
            Kind::Listener(_) => 0,
            Kind::Udp(udp) | Kind::Echo(udp) => udp.charge() as u64,
        };
        self.used = self.used - socket.charged + charge;
        socket.charged = charge;
    }

    /// A socket could not take what it was given, for want of memory: it is told when there is some.
    pub(super) fn starve(&mut self, place: u32) {
        if let Some(socket) = self.table.get_mut(place)
            && !std::mem::replace(&mut socket.starved, true)
        {
            self.starved.push(self.table.id(place));
        }
    }

    /// Tells those who waited for memory, once a good part of it is free again.
    pub(super) fn feed(&mut self) {
        if self.starved.is_empty() || self.room() < self.memory / ENOUGH {
            return;
        }
        for id in std::mem::take(&mut self.starved) {
            let place = self.table.place(id);
            let socket = place.and_then(|place| self.table.get_mut(place));
            if let (Some(place), Some(socket)) = (place, socket) {
                socket.starved = false;
                self.tell(place, Readiness::WRITABLE);
            }
        }
    }

    /// Says that a socket has something to send.
    #[inline]
    pub(super) fn mark(&mut self, place: u32) {
        if let Some(socket) = self.table.get_mut(place)
            && !socket.marked
        {
            socket.marked = true;
            self.marked.push_back(place);
        }
    }

    /// How many places are marked, some perhaps in vain.
    pub(super) fn marked_len(&self) -> usize {
        self.marked.len()
    }

    /// The place that was marked in that turn.
    pub(super) fn marked_at(&self, turn: usize) -> Option<u32> {
        self.marked.get(turn).copied()
    }

    pub(super) fn has_marked(&self) -> bool {
        !self.marked.is_empty()
    }

    /// The next socket that has something to send.
    pub(super) fn next_marked(&mut self) -> Option<u32> {
        loop {
            let place = self.marked.pop_front()?;
            // Its place may have another socket by now.
            if let Some(socket) = self.table.get_mut(place)
                && std::mem::take(&mut socket.marked)
            {
                return Some(place);
            }
        }
    }

    /// Something became possible with a socket.
    pub(super) fn tell(&mut self, place: u32, news: Readiness) {
        let Some(socket) = self.table.get_mut(place) else {
            return;
        };
        socket.news = socket.news.with(news);
        if socket.news != Readiness::default() && socket.held && !socket.told {
            socket.told = true;
            if socket.aside {
                self.aside.push_back(place);
            } else {
                self.events.push_back(place);
                self.prune_events();
            }
        }
    }

    /// Places that have no news any more do not pile up where nobody takes events.
    fn prune_events(&mut self) {
        if self.events.len() > 2 * self.table.len() + 64 {
            let table = &self.table;
            let mut seen = BTreeSet::new();
            self.events.retain(|&place| {
                let told = |socket: &Socket| socket.told && !socket.aside;
                let told = table.get(place).is_some_and(told);
                told && seen.insert(place)
            });
        }
    }

    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty() || !self.over.is_empty()
    }

    pub(super) fn take_events(&mut self, into: &mut Vec<(SocketId, Readiness)>) {
        let over = self.over.drain(..).map(|id| (id, Readiness::OVER));
        into.extend(over);
        for place in std::mem::take(&mut self.events) {
            into.extend(self.take_news(place, false));
        }
    }

    #[inline]
    pub(super) fn has_news_aside(&self) -> bool {
        !self.aside.is_empty()
    }

    pub(super) fn take_news_aside(&mut self, into: &mut Vec<(SocketId, Readiness)>) {
        for place in std::mem::take(&mut self.aside) {
            into.extend(self.take_news(place, true));
        }
    }

    pub(super) fn tell_over(&mut self, id: SocketId) {
        self.over.push(id);
    }

    /// What is to be told of a socket, if it is one that is set aside, or is not.
    fn take_news(&mut self, place: u32, aside: bool) -> Option<(SocketId, Readiness)> {
        let id = self.table.id(place);
        let socket = self.table.get_mut(place)?;
        let tells = socket.aside == aside && std::mem::take(&mut socket.told) && socket.held;
        tells.then(|| (id, std::mem::take(&mut socket.news)))
    }

    pub(super) fn udp(&mut self, place: u32) -> Option<&mut Udp> {
        match &mut self.table.get_mut(place)?.kind {
            Kind::Udp(udp) | Kind::Echo(udp) => Some(udp),
            Kind::Stream(_) | Kind::Listener(_) => None,
        }
    }

    /// Forgets the oldest datagram that was to be sent.
    pub(super) fn skip_datagram(&mut self, place: u32) {
        if let Some(udp) = self.udp(place) {
            udp.outgoing.skip();
        }
    }

    #[inline]
    pub(super) fn stream(&mut self, place: u32) -> Option<&mut Stream> {
        match &mut self.table.get_mut(place)?.kind {
            Kind::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    pub(super) fn listening(&mut self, place: u32) -> Option<&mut Listening> {
        match &mut self.table.get_mut(place)?.kind {
            Kind::Listener(listening) => Some(listening),
            _ => None,
        }
    }

    pub(super) fn count(&self, into: &mut Map<String, Value>) {
        let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, socket) in self.table.iter() {
            *kinds.entry(socket.kind.name()).or_default() += 1;
        }
        into.insert("sockets".into(), json!(kinds));
        into.insert("sockets_refused".into(), self.refused.into());
        into.insert("memory_used".into(), self.used.into());
        into.insert("memory".into(), self.memory.into());
    }
}

impl Kind {
    fn name(&self) -> &'static str {
        match self {
            Self::Stream(stream) => stream.state(),
            Self::Listener(_) => "listen",
            Self::Udp(_) => "udp",
            Self::Echo(_) => "echo",
        }
    }

    pub(super) fn is_echo(&self) -> bool {
        matches!(self, Self::Echo(_))
    }

    pub(super) fn options(&self) -> &SocketOptions {
        match self {
            Self::Stream(stream) => &stream.options,
            Self::Listener(listening) => &listening.options,
            Self::Udp(udp) | Self::Echo(udp) => &udp.options,
        }
    }

    pub(super) fn local(&self) -> SocketAddr {
        match self {
            Self::Stream(stream) => stream.endpoints.local,
            Self::Listener(listening) => listening.binding.local,
            Self::Udp(udp) | Self::Echo(udp) => udp.local,
        }
    }

    pub(super) fn remote(&self) -> Option<SocketAddr> {
        match self {
            Self::Stream(stream) => Some(stream.endpoints.remote),
            Self::Listener(_) => None,
            Self::Udp(udp) | Self::Echo(udp) => udp.remote,
        }
    }
}
