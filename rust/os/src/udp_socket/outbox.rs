//! What is on its way into the sockets: a bounded queue, sent in batches (`sendmmsg`), and what became of it.
use super::family::Family;
use super::message::{Datagram, Run, run};
use super::sending::{self, BATCH, Content, Message};
use crate::datagram::trouble;
use crate::failures::Failures;
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use usernet_core::packet::{Packet, Pool};

/// How many bytes wait while a socket is full; more are dropped.
const WAITING: usize = 4 << 20;
/// How many errors are taken off a socket at once.
const MOST_TROUBLE: usize = 64;

/// Datagrams on their way out.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Datagram>,
    waiting_bytes: usize,
    blocked: bool,
    sent: u64,
    sent_bytes: u64,
    overflowed: u64,
    no_datagram: u64,
    /// What the kernel refused to send, by its reason.
    failed: Failures,
    /// What it was told of datagrams that had left (ICMP), by its reason.
    heard: Failures,
}

impl Outbox {
    /// Whether datagrams wait for a socket to have room again.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Takes packets in, as many as there is room for.
    pub(super) fn add(&mut self, packets: &mut Vec<Packet>, pool: &mut Pool) {
        for packet in packets.drain(..) {
            match Datagram::read(packet) {
                Ok(datagram) if self.waiting_bytes + datagram.payload.len() > WAITING => {
                    self.overflowed += datagram.count();
                    pool.free(datagram.packet);
                }
                Ok(datagram) => {
                    self.waiting_bytes += datagram.payload.len();
                    self.waiting.push_back(datagram);
                }
                Err(packet) => {
                    self.no_datagram += 1;
                    pool.free(packet);
                }
            }
        }
    }

    /// Sends what waits, until a socket is full.
    pub(super) fn flush(&mut self, families: &mut [Family], pool: &mut Pool) {
        self.blocked = false;
        while !self.blocked {
            let Some(first) = self.waiting.front() else {
                return;
            };
            let v4 = first.route.to.is_ipv4();
            match families.iter_mut().find(|family| family.v4() == v4) {
                Some(family) => self.send(family, pool),
                None => self.fail(libc::EAFNOSUPPORT, 1, pool),
            }
        }
    }

    /// Sends a batch of what waits for a family.
    fn send(&mut self, family: &mut Family, pool: &mut Pool) {
        let datagrams = self.waiting.make_contiguous();
        let whole = datagrams[0].route.whole;
        family.set_whole(whole);
        let fits =
            |one: &&Datagram| one.route.to.is_ipv4() == family.v4() && one.route.whole == whole;
        let count = datagrams.iter().take(BATCH).take_while(fits).count();
        let (mut runs, mut start) = (Vec::with_capacity(4), 0);
        while start < count {
            let next = run(&datagrams[..count], start, family.uncut);
            start = next.datagrams.end;
            runs.push(next);
        }
        let datagrams = &*datagrams;
        let messages = runs.iter().map(|run| Message {
            route: &datagrams[run.datagrams.start].route,
            content: Content::Run(&datagrams[run.datagrams.clone()]),
            segment_size: run.segment_size,
        });
        match sending::send(family.fd(), messages) {
            Ok(sent) => {
                let count = runs[..sent].last().map_or(0, |run| run.datagrams.end);
                self.finish(count, pool);
            }
            Err(error) => self.mend(&error, &runs[0], family, pool),
        }
    }

    fn finish(&mut self, count: usize, pool: &mut Pool) {
        for datagram in self.waiting.drain(..count) {
            self.sent += datagram.count();
            self.sent_bytes += datagram.payload.len() as u64;
            self.waiting_bytes -= datagram.payload.len();
            pool.free(datagram.packet);
        }
    }

    /// The first message was refused: it waits, goes another way, or is dropped.
    fn mend(&mut self, error: &io::Error, run: &Run, family: &mut Family, pool: &mut Pool) {
        let errno = error.raw_os_error().unwrap_or(libc::EIO);
        let uncuttable = [libc::EIO, libc::EINVAL, libc::EMSGSIZE, libc::ENOPROTOOPT];
        match errno {
            // ENOBUFS is a queue behind the socket that drops, which is for senders inside to notice.
            libc::EAGAIN => self.blocked = true,
            libc::EINTR => {}
            // What it says may be of a datagram that left long ago.
            _ if self.learn(family.fd()) > 0 => {}
            errno if run.segment_size.is_some() && uncuttable.contains(&errno) => {
                family.uncut |= errno == libc::EIO;
                self.send_apart(run, family, pool);
            }
            _ if self.waiting[0].route.from.is_some() => self.forget_source(run),
            errno => self.fail(errno, run.datagrams.len(), pool),
        }
    }

    /// Takes what the kernel knows of datagrams that had left off a socket; how much.
    pub(super) fn learn(&mut self, socket: RawFd) -> usize {
        let heard = std::iter::from_fn(|| trouble::take(socket)).take(MOST_TROUBLE);
        let mut count = 0;
        for trouble in heard.filter(|trouble| !trouble.is_local) {
            self.heard.add(trouble.errno, 1);
            count += 1;
        }
        count
    }

    /// The address that these were to leave from may not be the machine's any more: they leave from any.
    fn forget_source(&mut self, run: &Run) {
        for datagram in self.waiting.range_mut(run.datagrams.clone()) {
            datagram.route.from = None;
        }
    }

    /// Sends each datagram of a message by itself.
    fn send_apart(&mut self, run: &Run, family: &Family, pool: &mut Pool) {
        let count = run.datagrams.len();
        let datagrams = &self.waiting.make_contiguous()[..count];
        let size = usize::from(run.segment_size.unwrap_or(u16::MAX)).max(1);
        let route = datagrams[0].route;
        let pieces: Vec<&[u8]> = datagrams
            .iter()
            .flat_map(|one| one.bytes().chunks(size))
            .collect();
        let (mut sent, mut sent_bytes, mut rest) = (0, 0, pieces.as_slice());
        while !rest.is_empty() {
            let messages = rest.iter().map(|piece| Message {
                route: &route,
                content: Content::One(piece),
                segment_size: None,
            });
            match sending::send(family.fd(), messages) {
                Ok(taken) => {
                    sent += taken as u64;
                    sent_bytes += rest[..taken]
                        .iter()
                        .map(|piece| piece.len() as u64)
                        .sum::<u64>();
                    rest = &rest[taken..];
                }
                Err(error) => {
                    let errno = error.raw_os_error().unwrap_or(libc::EIO);
                    let lost = if errno == libc::EAGAIN { rest.len() } else { 1 };
                    self.failed.add(errno, lost as u64);
                    rest = &rest[lost..];
                }
            }
        }
        (self.sent, self.sent_bytes) = (self.sent + sent, self.sent_bytes + sent_bytes);
        self.drop_oldest(count, pool);
    }

    fn fail(&mut self, errno: i32, count: usize, pool: &mut Pool) {
        let lost = self.waiting.range(..count).map(Datagram::count).sum();
        self.failed.add(errno, lost);
        self.drop_oldest(count, pool);
    }

    fn drop_oldest(&mut self, count: usize, pool: &mut Pool) {
        for datagram in self.waiting.drain(..count) {
            self.waiting_bytes -= datagram.payload.len();
            pool.free(datagram.packet);
        }
    }

    /// Adds what it has counted.
    pub(super) fn count(&self, into: &mut Map<String, Value>) {
        into.insert("sent".into(), self.sent.into());
        into.insert("sent_bytes".into(), self.sent_bytes.into());
        into.insert("overflowed".into(), self.overflowed.into());
        into.insert("no_datagram".into(), self.no_datagram.into());
        into.insert("send_failed".into(), self.failed.counts().into());
        into.insert("errors_heard".into(), self.heard.counts().into());
    }

    /// Gives all that waits back.
    pub(super) fn free(&mut self, pool: &mut Pool) {
        self.drop_oldest(self.waiting.len(), pool);
        self.blocked = false;
    }
}
