//! What is on its way into a packet socket: a bounded queue in front of it, and what became of the
//! packets.
use crate::batch;
use crate::failures::Failures;
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use usernet_core::packet::{Packet, Pool, Segmentation};
use usernet_core::wire::segment;

/// How many packets wait while the socket is full; more are dropped.
const WAITING: usize = 2048;

/// Packets on their way out.
#[derive(Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<Packet>,
    blocked: bool,
    sent: u64,
    sent_bytes: u64,
    too_large: u64,
    overflowed: u64,
    failed: Failures,
}

impl Outbox {
    /// Whether packets wait for the socket to have room again.
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Takes packets in, as many as there is room for.
    pub(crate) fn add(&mut self, packets: &mut Vec<Packet>, pool: &mut Pool) {
        let room = WAITING.saturating_sub(self.waiting.len());
        let taken = packets.len().min(room);
        self.waiting.extend(packets.drain(..taken));
        self.overflowed += packets.len() as u64;
        pool.free_all(packets);
    }

    /// Sends what waits, until the socket is full. True where the interface seems to be gone.
    #[must_use]
    pub(crate) fn flush(&mut self, socket: RawFd, pool: &mut Pool) -> bool {
        self.blocked = false;
        while !self.waiting.is_empty() && !self.blocked {
            let packets = self.waiting.iter().take(batch::BATCH);
            match batch::send(socket, packets) {
                Ok(count) => self.finish(count, pool),
                Err(error) => {
                    if self.fail(&error, pool) {
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Drops all that waits: there is no interface.
    pub(crate) fn discard(&mut self, pool: &mut Pool) {
        let count = self.waiting.len() as u64;
        if count > 0 {
            self.failed.add(libc::ENODEV, count);
        }
        self.free(pool);
    }

    /// Gives all that waits back.
    pub(crate) fn free(&mut self, pool: &mut Pool) {
        self.blocked = false;
        self.waiting.drain(..).for_each(|packet| pool.free(packet));
    }

    /// Adds what it has counted.
    pub(crate) fn count(&self, into: &mut Map<String, Value>) {
        into.insert("sent".into(), self.sent.into());
        into.insert("sent_bytes".into(), self.sent_bytes.into());
        into.insert("too_large".into(), self.too_large.into());
        into.insert("overflowed".into(), self.overflowed.into());
        into.insert("send_failed".into(), self.failed.counts().into());
    }

    fn finish(&mut self, count: usize, pool: &mut Pool) {
        for packet in self.waiting.drain(..count) {
            self.sent += 1;
            self.sent_bytes += packet.len() as u64;
            pool.free(packet);
        }
    }

    /// The oldest packet was refused: it waits or goes. True where the interface seems to be gone.
    fn fail(&mut self, error: &io::Error, pool: &mut Pool) -> bool {
        match error.raw_os_error().unwrap_or(0) {
            libc::EAGAIN => self.blocked = true,
            libc::EINTR => {}
            libc::EMSGSIZE => {
                self.too_large += 1;
                self.drop_oldest(pool);
            }
            // Linux knows UDP super-packets since 6.2.
            libc::EINVAL if self.cut_oldest(pool) => {}
            errno @ (libc::ENXIO | libc::ENODEV) => {
                self.failed.add(errno, 1);
                self.drop_oldest(pool);
                return true;
            }
            errno => {
                self.failed.add(errno, 1);
                self.drop_oldest(pool);
            }
        }
        false
    }

    /// Puts the packets that the oldest stands for in its place, if it is a UDP super-packet.
    fn cut_oldest(&mut self, pool: &mut Pool) -> bool {
        let is_udp = |packet: &Packet| packet.offload().segmentation == Segmentation::Udp;
        let found = self.waiting.front().is_some_and(is_udp);
        let Some(packet) = found.then(|| self.waiting.pop_front()).flatten() else {
            return false;
        };
        let mut apart = Vec::new();
        if let Err(packet) = segment::segments(packet, pool, &mut |one| apart.push(one)) {
            self.waiting.push_front(packet);
            return false;
        }
        for one in apart.into_iter().rev() {
            self.waiting.push_front(one);
        }
        true
    }

    fn drop_oldest(&mut self, pool: &mut Pool) {
        if let Some(packet) = self.waiting.pop_front() {
            pool.free(packet);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;
    use usernet_core::stack::compose::{Marks, datagram};

    #[test]
    fn a_udp_super_packet_that_is_refused_goes_in_pieces_before_what_follows() {
        let mut pool = Pool::default();
        let mut packet = |len, size| {
            let at = |port| SocketAddr::from(([192, 0, 0, 2], port));
            let marks = Marks {
                hop_limit: 64,
                traffic_class: 0,
                id: None,
            };
            let fill = |bytes: &mut [u8]| bytes.fill(7);
            datagram(&mut pool, (at(1), at(2)), marks, (len, size), fill).unwrap()
        };
        let mut packets = vec![packet(250, Some(100)), packet(20, None)];
        let mut outbox = Outbox::default();
        outbox.add(&mut packets, &mut pool);
        let refused = io::Error::from_raw_os_error(libc::EINVAL);
        assert!(!outbox.fail(&refused, &mut pool));
        let lengths =
            |outbox: &Outbox| -> Vec<usize> { outbox.waiting.iter().map(Packet::len).collect() };
        assert_eq!(lengths(&outbox), [128, 128, 78, 48]);
        assert!(!outbox.fail(&refused, &mut pool));
        assert_eq!(lengths(&outbox), [128, 78, 48]);
        outbox.free(&mut pool);
        assert_eq!(pool.lent(), 0);
    }
}
