//! Invariant: whatever segments, ICMP messages and calls two ends get, and whenever, they neither
//! panic nor keep virtual time standing still nor send without end; as long as nobody forges a
//! segment, what one end reads is what the other wrote; and after an abort nothing is left.
//!
//! The input is a sequence of steps: an opcode and its arguments, a byte each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::VecDeque;
use usernet_core::stack::options::Algorithm;
use usernet_core::stack::tcp::{Connection, Endpoints, IcmpError, Listener, Segment, Verdict};
use usernet_core::stack::{SocketError, SocketOptions};

/// Segments between two looks at the clock: more than any window has.
const ENDLESS: usize = 20_000;
/// Segments that a line holds; what is more is lost.
const LINE: usize = 64;

struct Steps<'a>(&'a [u8]);

impl Steps<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.byte()).collect()
    }
}

/// One end, with what it wrote and read.
#[derive(Default)]
struct End {
    connection: Option<Box<Connection>>,
    written: u64,
    read: u64,
    /// Segments on their way to the other end.
    line: VecDeque<Vec<u8>>,
}

struct Run {
    now: u64,
    ends: [End; 2],
    listener: Listener,
    forged: bool,
}

fn endpoints(end: usize) -> Endpoints {
    let (client, server) = (([10, 0, 0, 1], 1000).into(), ([10, 0, 0, 2], 80).into());
    if end == 0 {
        Endpoints {
            local: client,
            remote: server,
        }
    } else {
        Endpoints {
            local: server,
            remote: client,
        }
    }
}

fn options(byte: u8) -> SocketOptions {
    let algorithms = [Algorithm::Cubic, Algorithm::Reno, Algorithm::Bbr];
    SocketOptions {
        congestion: algorithms[usize::from(byte) % 3],
        nodelay: byte & 4 != 0,
        ecn: byte & 8 != 0,
        pacing: byte & 16 != 0,
        receive_buffer: if byte & 32 != 0 { 3000 } else { 1 << 20 },
        keepalive_idle: (byte & 64 != 0).then_some(1_000_000_000),
        user_timeout: (byte & 128 != 0).then_some(30_000_000_000),
        ..SocketOptions::default()
    }
}

/// What stands at a place of the stream.
fn content(at: u64) -> u8 {
    (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}

impl Run {
    fn new(steps: &mut Steps<'_>) -> Self {
        let client = options(steps.byte());
        let server = options(steps.byte());
        let connection = Connection::connect(endpoints(0), &client, u32::MAX - 9, 1500, 0);
        let mut run = Self {
            now: 0,
            ends: Default::default(),
            listener: Listener::new(&server, 1 + usize::from(steps.byte() % 2), [1, 2]),
            forged: false,
        };
        run.ends[0].connection = Some(Box::new(connection));
        run
    }

    fn step(&mut self, steps: &mut Steps<'_>) {
        let code = steps.byte();
        let end = usize::from(code & 1);
        match code >> 1 & 15 {
            0..=2 => self.pass(1.max(u64::from(steps.byte())) << (steps.byte() % 36)),
            3..=6 => self.deliver(end, steps.byte()),
            7..=8 => self.write(end, u64::from(steps.byte()) << (steps.byte() % 10)),
            9..=10 => self.read(end, usize::from(steps.byte()) << (steps.byte() % 10)),
            11 => self.forge(end, steps),
            12 => self.icmp(end, steps),
            13 => self.call(end, |connection, now| connection.shutdown(now)),
            14 => self.change(end, steps),
            _ => self.call(end, |connection, now| connection.close(now)),
        }
    }

    fn call(&mut self, end: usize, call: impl FnOnce(&mut Connection, u64)) {
        if let Some(connection) = &mut self.ends[end].connection {
            call(connection, self.now);
        }
        self.transmit(end);
    }

    fn change(&mut self, end: usize, steps: &mut Steps<'_>) {
        let byte = steps.byte();
        self.call(end, |connection, now| match byte {
            0..128 => connection.set_options(&options(byte), now),
            _ => connection.set_path_mtu(u32::from(byte) << 4, now),
        });
    }

    /// Time passes, from deadline to deadline.
    fn pass(&mut self, by: u64) {
        let until = self.now + by;
        for _ in 0..ENDLESS {
            let deadlines = self
                .ends
                .iter()
                .map(|end| end.connection.as_ref()?.deadline());
            let Some(next) = deadlines.flatten().min().filter(|&next| next <= until) else {
                self.now = until;
                return;
            };
            self.now = self.now.max(next);
            for end in 0..2 {
                self.call(end, |connection, now| {
                    if connection.deadline().is_some_and(|at| at <= now) {
                        connection.on_timer(now);
                    }
                });
                let connection = self.ends[end].connection.as_ref();
                let deadline = connection.and_then(|connection| connection.deadline());
                assert!(deadline.is_none_or(|at| at > self.now), "time stands still");
            }
        }
        self.now = until;
    }

    fn transmit(&mut self, end: usize) {
        let End {
            connection, line, ..
        } = &mut self.ends[end];
        let Some(connection) = connection else {
            return;
        };
        for _ in 0..ENDLESS {
            let Some(outgoing) = connection.transmit(1 << 16, self.now) else {
                return;
            };
            let mut bytes = vec![0; outgoing.len()];
            outgoing.emit(&mut bytes, 0);
            if line.len() < LINE {
                line.push_back(bytes);
            }
        }
        panic!("it sends without end");
    }

    /// One segment arrives, or is lost, or arrives and stays to arrive again, or changes places.
    fn deliver(&mut self, from: usize, fate: u8) {
        let line = &mut self.ends[from].line;
        let len = line.len();
        match fate {
            0..160 => {
                let first = line.pop_front();
                first.iter().for_each(|bytes| self.receive(1 - from, bytes));
            }
            160..200 => drop(line.pop_front()),
            200..225 => {
                let first = line.front().cloned();
                first.iter().for_each(|bytes| self.receive(1 - from, bytes));
            }
            _ if len > 1 => line.swap(0, usize::from(fate) % len),
            _ => {}
        }
    }

    fn receive(&mut self, to: usize, bytes: &[u8]) {
        let Some(segment) = Segment::parse(bytes, 0, 1 + (bytes.len() / 1500) as u32) else {
            return;
        };
        if let Some(connection) = &mut self.ends[to].connection {
            connection.on_segment(&segment, self.now);
        } else if let Verdict::Begin(connection) | Verdict::Established(connection) = self
            .listener
            .on_segment(&segment, endpoints(1), 5, 1500, self.now)
        {
            self.ends[to].connection = Some(connection);
        }
        self.transmit(to);
    }

    /// A segment of any kind, with numbers near to those that count.
    fn forge(&mut self, to: usize, steps: &mut Steps<'_>) {
        self.forged = true;
        let mut bytes = match self.ends[1 - to].line.front() {
            Some(real) if steps.byte() & 1 == 0 => real[..real.len().min(60)].to_vec(),
            _ => {
                let len = 20 + usize::from(steps.byte() % 64);
                steps.bytes(len)
            }
        };
        for _ in 0..steps.byte() % 8 {
            let at = usize::from(steps.byte()) % bytes.len();
            bytes[at] = steps.byte();
        }
        self.receive(to, &bytes);
    }

    fn icmp(&mut self, end: usize, steps: &mut Steps<'_>) {
        let errors = [SocketError::ConnectionRefused, SocketError::MessageTooLong];
        let message = IcmpError {
            error: errors[usize::from(steps.byte() & 1)],
            seq: (u32::MAX - 9)
                .wrapping_mul(1 - end as u32)
                .wrapping_add(u32::from(steps.byte())),
            mtu: Some(u32::from(steps.byte()) << 4),
        };
        self.call(end, |connection, now| connection.on_icmp(message, now));
    }

    fn write(&mut self, end: usize, len: u64) {
        let from = self.ends[end].written;
        let bytes: Vec<u8> = (from..from + len).map(content).collect();
        let mut taken = 0;
        self.call(end, |connection, now| {
            taken = connection.send(&bytes, now).unwrap_or(0)
        });
        self.ends[end].written += taken as u64;
    }

    fn read(&mut self, end: usize, len: usize) {
        let mut bytes = vec![0; len];
        let mut count = 0;
        self.call(end, |connection, now| {
            count = connection.receive(&mut bytes, now).unwrap_or(0);
            connection.events();
        });
        let (from, written) = (self.ends[end].read, self.ends[1 - end].written);
        self.ends[end].read += count as u64;
        if !self.forged {
            assert!(
                from + count as u64 <= written,
                "more was read than was written"
            );
            let right = bytes[..count]
                .iter()
                .zip(from..)
                .all(|(&byte, at)| byte == content(at));
            assert!(right, "other bytes were read than were written");
        }
    }

    fn end(&mut self) {
        for end in 0..2 {
            self.call(end, |connection, now| connection.abort(now));
            if let Some(connection) = &self.ends[end].connection {
                assert!(connection.is_over(), "it is not over");
                assert_eq!(connection.deadline(), None, "a timer is left");
            }
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let mut steps = Steps(input);
    let mut run = Run::new(&mut steps);
    run.transmit(0);
    while !steps.0.is_empty() {
        run.step(&mut steps);
    }
    run.end();
});
