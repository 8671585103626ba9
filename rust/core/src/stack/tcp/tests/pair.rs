//! Two ends, joined by lines.
use super::line::{Line, Parcel, Quality};
use crate::stack::event::Readiness;
use crate::stack::options::SocketOptions;
use crate::stack::tcp::{Connection, Endpoints, Listener, Reply, Verdict};
use crate::time::Nanos;
use std::net::SocketAddr;

pub(crate) const CLIENT: usize = 0;
pub(crate) const SERVER: usize = 1;

/// One end: a connection, and a program that sends what it is told to and reads everything.
#[derive(Default)]
pub(crate) struct End {
    pub(crate) connection: Option<Box<Connection>>,
    /// What is still to be handed to the connection.
    pub(crate) outbox: Vec<u8>,
    pub(crate) inbox: Vec<u8>,
    /// Finish when everything was handed over.
    pub(crate) shutdown: bool,
    /// Close when the peer has finished and everything was handed over.
    pub(crate) close: bool,
    /// Read nothing.
    pub(crate) deaf: bool,
    pub(crate) events: Readiness,
    finished: bool,
}

pub(crate) struct Pair {
    pub(crate) now: Nanos,
    pub(crate) ends: [End; 2],
    pub(crate) lines: [Line; 2],
    pub(crate) listener: Listener,
    pub(crate) mtu: u32,
    /// Every segment that left: when, from whom, and what.
    pub(crate) log: Vec<(Nanos, usize, Parcel)>,
}

pub(crate) fn endpoints() -> Endpoints {
    let client: SocketAddr = ([10, 0, 0, 1], 40_000).into();
    let server: SocketAddr = ([10, 0, 0, 2], 80).into();
    Endpoints {
        local: client,
        remote: server,
    }
}

pub(crate) fn turned(endpoints: Endpoints) -> Endpoints {
    Endpoints {
        local: endpoints.remote,
        remote: endpoints.local,
    }
}

impl Pair {
    pub(crate) fn new(quality: Quality, options: &SocketOptions, seed: u64) -> Self {
        let client = Connection::connect(endpoints(), options, 0xffff_ff00, 1500, 0);
        let mut this = Self {
            now: 0,
            ends: Default::default(),
            lines: [
                Line::new(quality.clone(), seed, "up"),
                Line::new(quality, seed, "down"),
            ],
            listener: Listener::new(options, 8, [seed, 2]),
            mtu: 1500,
            log: Vec::new(),
        };
        this.ends[CLIENT].connection = Some(Box::new(client));
        this
    }

    pub(crate) fn connection(&mut self, end: usize) -> &mut Connection {
        self.ends[end].connection.as_mut().expect("a connection")
    }

    /// Runs until nothing is left to do, or that moment.
    pub(crate) fn run(&mut self, until: Nanos) {
        self.run_while(until, |_| true);
    }

    /// Runs while the condition holds.
    pub(crate) fn run_while(&mut self, until: Nanos, mut go_on: impl FnMut(&Self) -> bool) {
        let mut still = 0;
        loop {
            self.act();
            if !go_on(self) {
                return;
            }
            match self.next() {
                Some(next) if next <= until => {
                    still = if next > self.now { 0 } else { still + 1 };
                    assert!(still < 1000, "time stands still: {:?}", self.states());
                    self.now = self.now.max(next);
                }
                _ => return,
            }
            self.arrive();
            self.fire();
        }
    }

    fn states(&self) -> Vec<(Nanos, Option<Nanos>, crate::stack::tcp::Info)> {
        let state = |end: &End| {
            let connection = end.connection.as_ref()?;
            Some((self.now, connection.deadline(), connection.info(self.now)))
        };
        self.ends.iter().filter_map(state).collect()
    }

    fn next(&self) -> Option<Nanos> {
        let deadlines = self
            .ends
            .iter()
            .filter_map(|end| end.connection.as_ref()?.deadline());
        deadlines
            .chain(self.lines.iter().filter_map(Line::next))
            .min()
    }

    fn arrive(&mut self) {
        for from in [CLIENT, SERVER] {
            while let Some(parcel) = self.lines[from].take(self.now) {
                self.receive(1 - from, &parcel);
                self.transmit(1 - from);
            }
        }
    }

    fn receive(&mut self, to: usize, parcel: &Parcel) {
        let (segment, now) = (parcel.segment(), self.now);
        match &mut self.ends[to].connection {
            // As a host does that has forgotten it.
            Some(connection) if connection.is_over() => {
                return self.reply(to, Reply::reset_for(&segment));
            }
            Some(connection) => return connection.on_segment(&segment, now),
            None => {}
        }
        let endpoints = turned(endpoints());
        match self
            .listener
            .on_segment(&segment, endpoints, 0x1234_5678, self.mtu, now)
        {
            Verdict::Begin(connection) => self.ends[to].connection = Some(connection),
            Verdict::Established(mut connection) => {
                connection.on_segment(&segment, now);
                self.ends[to].connection = Some(connection);
            }
            Verdict::Answer(reply) => self.reply(to, Some(reply)),
            Verdict::Drop => {}
        }
    }

    fn reply(&mut self, from: usize, reply: Option<Reply>) {
        let Some(reply) = reply else {
            return;
        };
        let mut bytes = vec![0; reply.len()];
        reply.emit(&mut bytes, 0);
        let parcel = Parcel {
            bytes,
            ecn: 0,
            packets: 1,
        };
        self.lines[from].send(parcel, self.now);
    }

    fn fire(&mut self) {
        let now = self.now;
        for connection in self
            .ends
            .iter_mut()
            .filter_map(|end| end.connection.as_mut())
        {
            if connection.deadline().is_some_and(|at| at <= now) {
                connection.on_timer(now);
            }
        }
    }

    /// Both programs do what they can, and both connections send.
    fn act(&mut self) {
        for end in [CLIENT, SERVER] {
            self.ends[end].act(self.now);
            self.transmit(end);
        }
    }

    fn transmit(&mut self, end: usize) {
        let (line, now) = (&mut self.lines[end], self.now);
        let Some(connection) = &mut self.ends[end].connection else {
            return;
        };
        let mut count = 0;
        while let Some(outgoing) = connection.transmit(1 << 16, now) {
            for parcel in Parcel::of(&outgoing, line.quality.whole) {
                self.log.push((now, end, parcel.clone()));
                line.send(parcel, now);
            }
            count += 1;
            assert!(count < 10_000, "transmit never ends");
        }
    }
}

impl End {
    fn act(&mut self, now: Nanos) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        self.events = self.events.with(connection.events());
        let mut buffer = [0; 4096];
        while !self.deaf {
            match connection.receive(&mut buffer, now) {
                Ok(0) => {
                    self.finished = true;
                    break;
                }
                Ok(count) => self.inbox.extend_from_slice(&buffer[..count]),
                Err(_) => break,
            }
        }
        while !self.outbox.is_empty() {
            match connection.send(&self.outbox, now) {
                Ok(count) => drop(self.outbox.drain(..count)),
                Err(_) => break,
            }
        }
        if self.outbox.is_empty() {
            if self.shutdown {
                connection.shutdown(now);
            }
            if self.close && self.finished {
                connection.close(now);
            }
        }
    }
}
