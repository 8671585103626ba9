//! Two connections, and a line between them: one bottleneck with a queue on the way there, a plain delay
//! on the way back.
use std::collections::VecDeque;
use usernet_core::rng::Stream;
use usernet_core::stack::options::SocketOptions;
use usernet_core::stack::tcp::{Connection, Endpoints, Listener, Outgoing, Segment, Verdict};
use usernet_core::time::{Nanos, SECOND};

/// Bytes of IPv4's header.
const IP: usize = 20;
const MTU: u32 = 1500;

/// The way there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bottleneck {
    /// Bits a second, of IP packets.
    pub(crate) rate: u64,
    /// The round trip, but for queue and transmission.
    pub(crate) rtt: Nanos,
    /// Packets that may wait.
    pub(crate) queue: usize,
    /// How likely a packet is lost before the queue.
    pub(crate) loss: f64,
}

/// A packet: its TCP header and payload.
type Packet = Vec<u8>;

/// A sender with no end of bytes, a receiver that reads at once, and the line.
pub(crate) struct Path {
    pub(crate) now: Nanos,
    pub(crate) sender: Connection,
    pub(crate) receiver: Option<Box<Connection>>,
    /// Bytes that the receiving program has read.
    pub(crate) received: u64,
    pub(crate) dropped: u64,
    listener: Listener,
    bottleneck: Bottleneck,
    chance: Stream,
    /// When each packet that waits, or is being sent, will have left.
    departures: VecDeque<Nanos>,
    there: VecDeque<(Nanos, Packet)>,
    back: VecDeque<(Nanos, Packet)>,
    bytes: Vec<u8>,
}

fn endpoints(local: u16, remote: u16) -> Endpoints {
    Endpoints {
        local: ([10, 0, 0, 1], local).into(),
        remote: ([10, 0, 0, 2], remote).into(),
    }
}

impl Path {
    pub(crate) fn new(bottleneck: Bottleneck, options: &SocketOptions, seed: u64) -> Self {
        Self {
            now: 0,
            sender: Connection::connect(endpoints(40_000, 80), options, 7, MTU, 0),
            receiver: None,
            received: 0,
            dropped: 0,
            listener: Listener::new(options, 1, [1, 2]),
            bottleneck,
            chance: Stream::new(seed, "loss"),
            departures: VecDeque::new(),
            there: VecDeque::new(),
            back: VecDeque::new(),
            bytes: vec![0; 1 << 16],
        }
    }

    /// Runs until this moment, or until nothing is left to do.
    pub(crate) fn run(&mut self, until: Nanos) {
        self.act();
        let mut idle = 0;
        while let Some(at) = self.next().filter(|&at| at <= until) {
            idle = if at <= self.now { idle + 1 } else { 0 };
            assert!(idle < 100_000, "time stands still at {} ns", self.now);
            self.now = self.now.max(at);
            if !self.arrive() {
                self.fire();
            }
            self.act();
        }
        self.now = until;
    }

    fn next(&self) -> Option<Nanos> {
        let arrivals = [&self.there, &self.back].map(|way| way.front().map(|&(at, _)| at));
        let receiver = self.receiver.as_ref().and_then(|it| it.deadline());
        let deadlines = [self.sender.deadline(), receiver];
        arrivals.into_iter().chain(deadlines).flatten().min()
    }

    /// Lets one packet arrive, if one is due.
    fn arrive(&mut self) -> bool {
        let now = self.now;
        let due = |way: &VecDeque<(Nanos, Packet)>| way.front().is_some_and(|&(at, _)| at <= now);
        if due(&self.back) {
            let (_, packet) = self.back.pop_front().unwrap();
            self.sender.on_segment(&segment(&packet), now);
        } else if due(&self.there) {
            let (_, packet) = self.there.pop_front().unwrap();
            self.receive(&segment(&packet));
        } else {
            return false;
        }
        true
    }

    fn receive(&mut self, segment: &Segment<'_>) {
        if let Some(receiver) = &mut self.receiver {
            return receiver.on_segment(segment, self.now);
        }
        let (ends, now) = (endpoints(80, 40_000), self.now);
        match self.listener.on_segment(segment, ends, 9, MTU, now) {
            Verdict::Begin(connection) => self.receiver = Some(connection),
            _ => panic!("the listener did not take the SYN"),
        }
    }

    fn fire(&mut self) {
        let now = self.now;
        let receiver = self.receiver.as_deref_mut();
        for connection in [Some(&mut self.sender), receiver].into_iter().flatten() {
            if connection.deadline().is_some_and(|at| at <= now) {
                connection.on_timer(now);
            }
        }
    }

    /// The programs do what they can, and the connections send.
    fn act(&mut self) {
        self.sender.events();
        while self.sender.send(&[0; 16_384], self.now).is_ok() {}
        self.transmit();
        if let Some(receiver) = &mut self.receiver {
            receiver.events();
            while let Ok(count @ 1..) = receiver.receive(&mut self.bytes, self.now) {
                self.received += count as u64;
            }
        }
        self.answer();
    }

    fn transmit(&mut self) {
        while let Some(outgoing) = self.sender.transmit(1 << 16, self.now) {
            let packets = cut(&outgoing);
            for packet in packets {
                match self.carry(packet.len() + IP) {
                    Some(at) => self.there.push_back((at, packet)),
                    None => self.dropped += 1,
                }
            }
        }
    }

    fn answer(&mut self) {
        let Some(receiver) = &mut self.receiver else {
            return;
        };
        while let Some(outgoing) = receiver.transmit(1 << 16, self.now) {
            let at = self.now + self.bottleneck.rtt / 2;
            self.back
                .extend(cut(&outgoing).into_iter().map(|it| (at, it)));
        }
    }

    /// When a packet of so many bytes arrives, if it does.
    fn carry(&mut self, bytes: usize) -> Option<Nanos> {
        let Bottleneck {
            rate,
            rtt,
            queue,
            loss,
        } = self.bottleneck;
        while self.departures.front().is_some_and(|&at| at <= self.now) {
            self.departures.pop_front();
        }
        if self.chance.chance(loss) || self.departures.len() > queue {
            return None;
        }
        let begin = self.departures.back().copied().unwrap_or(self.now);
        let end = begin + bytes as u64 * 8 * SECOND / rate;
        self.departures.push_back(end);
        Some(end + rtt / 2)
    }
}

fn segment(packet: &Packet) -> Segment<'_> {
    Segment::parse(packet, 0, 1).unwrap()
}

/// The packets on the wire of a segment that may be a super-packet. FIN and PSH do not matter here.
fn cut(outgoing: &Outgoing<'_>) -> Vec<Packet> {
    let mut bytes = vec![0; outgoing.len()];
    outgoing.emit(&mut bytes, 0);
    let size = usize::from(outgoing.segment_size);
    if size == 0 {
        return vec![bytes];
    }
    let (header, payload) = bytes.split_at(outgoing.header_len());
    let seq = u32::from_be_bytes(*header[4..].first_chunk().unwrap());
    let piece = |(index, piece): (usize, &[u8])| {
        let mut packet = [header, piece].concat();
        let seq = seq.wrapping_add((index * size) as u32);
        packet[4..8].copy_from_slice(&seq.to_be_bytes());
        packet
    };
    payload.chunks(size).enumerate().map(piece).collect()
}
