//! TCP sockets: connections and listeners, joined to the table, the timers and IP.
use super::Host;
use super::sockets::{Fullness, Kind, Sockets};
use crate::stack::error::SocketError;
use crate::stack::event::{Readiness, SocketId};
use crate::stack::ip::counters::Dropped;
use crate::stack::ip::{Hop, Ip};
use crate::stack::options::SocketOptions;
use crate::stack::socket::demux::{Binding, Flow, Protocol};
use crate::stack::tcp::{Connection, Endpoints, Flags, Listener, Reply, Segment, Verdict};
use crate::time::Nanos;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// A connection at its place.
pub(super) struct Stream {
    pub(super) connection: Connection,
    pub(super) endpoints: Endpoints,
    pub(super) flow: Flow,
    pub(super) options: SocketOptions,
    /// The listener that it waits at to be accepted, and whether it stands.
    listener: Option<SocketId>,
    stands: bool,
    /// Whether it stands in the list of those that linger.
    pub(super) lingers: bool,
    /// Its way, and how often ways had changed when that was looked up.
    hop: Option<Hop>,
    changes: u32,
}

impl Stream {
    pub(super) fn new(connection: Connection, options: SocketOptions, hop: Hop, ip: &Ip) -> Self {
        let endpoints = connection.endpoints();
        Self {
            endpoints,
            flow: Flow::new(Protocol::Tcp, endpoints.local, endpoints.remote),
            connection,
            options,
            listener: None,
            stands: false,
            lingers: false,
            hop: Some(hop),
            changes: ip.paths.changes(),
        }
    }

    /// What it buffers, in bytes.
    pub(super) fn charge(&self) -> u64 {
        self.connection.memory() as u64
    }

    /// The name of its state.
    pub(super) fn state(&self) -> &'static str {
        self.connection.state()
    }

    /// Its way to the peer, if there is one; where ways have changed, the new one, of which the
    /// connection is told the MTU.
    #[inline]
    pub(super) fn hop(&mut self, ip: &Ip, now: Nanos) -> Option<Hop> {
        if self.changes != ip.paths.changes() {
            let remote = self.endpoints.remote.ip();
            self.hop = ip.hop(remote);
            self.changes = ip.paths.changes();
            if let Some(hop) = self.hop {
                self.connection.set_path_mtu(ip.mtu(hop, remote, now), now);
            }
        }
        self.hop
    }
}

/// A listener at its place.
pub(super) struct Listening {
    listener: Listener,
    pub(super) binding: Binding,
    pub(super) options: SocketOptions,
    /// The numbers of connections that stand and wait, oldest first.
    waiting: VecDeque<SocketId>,
    /// Whether the next one is worth an event.
    wants: bool,
}

impl Listening {
    /// Changes what later connections start with.
    pub(super) fn set_options(&mut self, options: SocketOptions) {
        self.listener.set_options(&options);
        self.options = options;
    }
}

impl Host {
    pub(super) fn begin_connection(
        &mut self,
        endpoints: Endpoints,
        hop: Hop,
        options: SocketOptions,
        now: Nanos,
    ) -> Result<SocketId, SocketError> {
        let Endpoints { local, remote } = endpoints;
        let isn = self.sockets.ports.initial_sequence(local, remote, now);
        let mtu = self.ip.mtu(hop, remote.ip(), now);
        let connection = Connection::connect(endpoints, &options, isn, mtu, now);
        let stream = Stream::new(connection, options, hop, &self.ip);
        let flow = stream.flow;
        let kind = Kind::Stream(Box::new(stream));
        let id = self
            .sockets
            .insert(kind, true)
            .ok_or(SocketError::TooMany)?;
        self.sockets.demux.add_flow(flow, id.place);
        self.sockets.mark(id.place);
        Ok(id)
    }

    pub(super) fn begin_listening(
        &mut self,
        local: SocketAddr,
        backlog: usize,
        options: SocketOptions,
    ) -> Result<SocketId, SocketError> {
        let binding = Binding {
            protocol: Protocol::Tcp,
            local,
            remote: None,
            sharing: options.reuse,
        };
        let listening = Listening {
            listener: Listener::new(&options, backlog, self.sockets.cookies.0),
            binding,
            options,
            waiting: VecDeque::new(),
            wants: true,
        };
        let kind = Kind::Listener(Box::new(listening));
        let id = self
            .sockets
            .insert(kind, true)
            .ok_or(SocketError::TooMany)?;
        self.sockets.demux.bind(&binding, id.place);
        Ok(id)
    }

    pub(super) fn accept_waiting(&mut self, place: u32) -> Result<SocketId, SocketError> {
        loop {
            let listening = self.sockets.listening(place).ok_or(SocketError::Invalid)?;
            let Some(id) = listening.waiting.pop_front() else {
                listening.wants = true;
                return Err(SocketError::WouldBlock);
            };
            listening.listener.on_accepted();
            if self.sockets.hand_over(id) {
                return Ok(id);
            }
        }
    }

    /// A segment has come for a connection that stands in the table. Whether it was for that one: a
    /// SYN may be for a connection that is to take the place of one that lingers.
    #[inline]
    pub(super) fn continue_connection(&mut self, place: u32, segment: &Segment<'_>) -> bool {
        let Some(stream) = self.sockets.stream(place) else {
            return false;
        };
        if stream.connection.gives_way_to(segment) {
            self.sockets.end(place);
            return false;
        }
        if stream.connection.is_half_open() && self.is_waiting_in_vain(place) {
            self.ip.drops.count(Dropped::QueueFull);
        } else {
            self.hand_segment(place, segment);
        }
        true
    }

    /// Where memory is used up, what a segment acknowledges counts still, or none would ever be free;
    /// its bytes will come again.
    #[inline]
    fn hand_segment(&mut self, place: u32, segment: &Segment<'_>) {
        let fullness = self.sockets.fullness();
        let Some(stream) = self.sockets.stream(place) else {
            return;
        };
        // One that has nothing to read may take a segment, so that none waits for others for ever.
        let full = match fullness {
            Fullness::Room => false,
            Fullness::Full => stream.connection.readable() > 0,
            Fullness::Overfull => true,
        };
        if full && !segment.payload.is_empty() {
            self.ip.drops.count(Dropped::NoMemory);
            let bare = Segment {
                payload: &[],
                flags: Flags(segment.flags.0 & !Flags::FIN.0),
                ..segment.clone()
            };
            stream.connection.on_segment(&bare, self.now);
        } else {
            stream.connection.on_segment(segment, self.now);
        }
        if !segment.payload.is_empty() {
            self.sockets.charge(place);
        }
        self.sockets.mark(place);
    }

    /// Whether a half-open connection's listener has no room for it to stand.
    fn is_waiting_in_vain(&mut self, place: u32) -> bool {
        let listener = self
            .sockets
            .stream(place)
            .and_then(|stream| stream.listener);
        let owner = listener.and_then(|listener| self.sockets.table.place(listener));
        let listening = owner.and_then(|owner| self.sockets.listening(owner));
        listening.is_some_and(|listening| listening.listener.is_full())
    }

    /// A segment has come for a listener. An answer that needs no memory is given back.
    pub(super) fn ask_listener(
        &mut self,
        place: u32,
        segment: &Segment<'_>,
        endpoints: Endpoints,
    ) -> Option<Reply> {
        let Endpoints { local, remote } = endpoints;
        let now = self.now;
        let hop = self.ip.hop(remote.ip())?;
        let mtu = self.ip.mtu(hop, remote.ip(), now);
        let isn = self.sockets.ports.initial_sequence(local, remote, now);
        let room = self.sockets.table.has_room() && self.sockets.room() > 0;
        let listening = self.sockets.listening(place)?;
        if !room {
            self.sockets.refused += 1;
            self.ip.drops.count(Dropped::NoMemory);
            return None;
        }
        let verdict = listening
            .listener
            .on_segment(segment, endpoints, isn, mtu, now);
        let (connection, stands) = match verdict {
            Verdict::Begin(connection) => (connection, false),
            Verdict::Established(connection) => (connection, true),
            Verdict::Answer(reply) => return Some(reply),
            Verdict::Drop => {
                self.ip.drops.count(Dropped::QueueFull);
                return None;
            }
        };
        let options = listening.options.clone();
        let mut stream = Stream::new(*connection, options, hop, &self.ip);
        stream.listener = Some(self.sockets.table.id(place));
        let flow = stream.flow;
        let id = self.sockets.insert(Kind::Stream(Box::new(stream)), false)?;
        self.sockets.demux.add_flow(flow, id.place);
        self.sockets.mark(id.place);
        if stands {
            self.continue_connection(id.place, segment);
        }
        None
    }

    /// Finds out what has become possible with sockets that have something to do, before they send:
    /// who hands bytes on need not wait for another breath.
    pub fn look(&mut self) {
        for at in 0..self.sockets.marked_len() {
            if let Some(place) = self.sockets.marked_at(at) {
                self.update(place);
            }
        }
    }

    /// Takes over what has changed with a connection since its last turn: events, its timer, its end.
    pub(super) fn update(&mut self, place: u32) {
        let Some(change) = self.sockets.update(place) else {
            return;
        };
        if change.news != Readiness::default() {
            self.sockets.tell(place, change.news);
        }
        if let Some(listener) = change.listener {
            self.settle_child(place, listener, change.connected, change.over);
        }
        if change.over {
            self.sockets.end(place);
        }
        if change.lingers {
            self.sockets.linger(place);
        }
    }

    /// Tells a listener what became of a connection that has not been accepted.
    fn settle_child(&mut self, place: u32, listener: SocketId, connected: bool, over: bool) {
        let id = self.sockets.table.id(place);
        let Some(stream) = self.sockets.stream(place) else {
            return;
        };
        let lost = over && !stream.stands;
        if lost {
            stream.listener = None;
        }
        let Some(owner) = self.sockets.table.place(listener) else {
            return self.orphan(place);
        };
        let Some(listening) = self.sockets.listening(owner) else {
            return;
        };
        if connected {
            listening.listener.on_established();
            listening.waiting.push_back(id);
            if std::mem::take(&mut listening.wants) {
                self.sockets.tell(owner, Readiness::READABLE);
            }
        } else if lost {
            listening.listener.on_lost();
        }
    }

    /// The listener was closed before the connection stood: nobody will ever accept it.
    fn orphan(&mut self, place: u32) {
        if let Some(stream) = self.sockets.stream(place) {
            stream.listener = None;
            stream.connection.abort(self.now);
            self.sockets.mark(place);
        }
    }

    /// A program has closed a connection: it goes on by itself, until it is over.
    pub(super) fn close_connection(&mut self, place: u32, reset: bool, now: Nanos) {
        let Some(stream) = self.sockets.stream(place) else {
            return;
        };
        if reset {
            stream.connection.abort(now);
        } else {
            stream.connection.close(now);
        }
        self.sockets.let_go(place);
        self.sockets.mark(place);
    }

    /// A program has closed a listener: who waits is reset.
    pub(super) fn close_listener(&mut self, place: u32, now: Nanos) {
        let Some(listening) = self.sockets.listening(place) else {
            return;
        };
        let waiting = std::mem::take(&mut listening.waiting);
        self.sockets.remove(place);
        for id in waiting {
            if let Some(place) = self.sockets.table.place(id) {
                self.close_connection(place, true, now);
            }
        }
    }

    /// Does what is due for connections.
    pub(super) fn fire_timers(&mut self, now: Nanos) {
        let mut due = std::mem::take(&mut self.sockets.due);
        self.sockets.timers.expire(now, &mut due);
        for place in due.drain(..) {
            if let Some(stream) = self.sockets.stream(place) {
                stream.connection.on_timer(now);
                self.sockets.mark(place);
            }
        }
        self.sockets.due = due;
    }
}

/// What has changed with a connection.
struct Change {
    news: Readiness,
    /// Whether it stands since then.
    connected: bool,
    over: bool,
    /// Whether it has begun to linger in TIME-WAIT, and no program has it any more.
    lingers: bool,
    /// The listener that it waits at.
    listener: Option<SocketId>,
}

impl Sockets {
    /// Sets a connection's timer and counts what it buffers; what else has changed.
    #[inline]
    fn update(&mut self, place: u32) -> Option<Change> {
        let short = self.is_short();
        let socket = self.table.get_mut(place)?;
        let Kind::Stream(stream) = &mut socket.kind else {
            return None;
        };
        stream.connection.hold(short);
        let news = stream.connection.events();
        let connected = news.has(Readiness::CONNECTED) && !stream.stands;
        stream.stands |= connected;
        match stream.connection.deadline() {
            Some(at) => self.timers.set(place, at),
            None => self.timers.cancel(place),
        }
        let charge = stream.charge();
        self.used = self.used - socket.charged + charge;
        socket.charged = charge;
        Some(Change {
            news,
            connected,
            over: stream.connection.is_over(),
            lingers: stream.connection.is_time_wait() && !stream.lingers && !socket.held,
            listener: stream.listener,
        })
    }

    /// Gives a connection that was waiting to the program; false where it is gone.
    fn hand_over(&mut self, id: SocketId) -> bool {
        let Some(place) = self.table.place(id) else {
            return false;
        };
        if let Some(socket) = self.table.get_mut(place) {
            socket.held = true;
        }
        if let Some(stream) = self.stream(place) {
            stream.listener = None;
        }
        self.tell(place, Readiness::default());
        true
    }

    /// A program has let go of a socket: its number is not valid any more.
    pub(super) fn let_go(&mut self, place: u32) {
        if let Some(socket) = self.table.get_mut(place) {
            socket.held = false;
        }
        self.table.renumber(place);
    }

    /// A connection is over: its addresses are free.
    fn end(&mut self, place: u32) {
        if let Some(stream) = self.stream(place) {
            let flow = stream.flow;
            self.demux.remove_flow(&flow, place);
        }
    }

    /// Frees the place of a connection that is over, has sent what it had to, and that nobody has or
    /// waits for.
    pub(super) fn bury(&mut self, place: u32) {
        let held = self.table.get(place).is_none_or(|socket| socket.held);
        let Some(stream) = self.stream(place) else {
            return;
        };
        if !held && stream.listener.is_none() && stream.connection.is_over() {
            self.remove(place);
        }
    }
}
